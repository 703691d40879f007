"""What the pooling cases share: their sizes, variants, margins and windows."""

from parity import grid

SIZES = {1: dict(N=2, C=3, L=11), 2: dict(N=2, C=3, H=7, W=8), 3: dict(N=2, C=3, D=4, H=5, W=6)}
SPACE = {1: "L", 2: "H W", 3: "D H W"}
POOLED = {1: "P", 2: "P Q", 3: "P Q R"}

VALID_AND_SAME = {
    1: grid(window=[(2,), (3,)], stride=[(1,), (2,), (3,)], padding=["valid", "same"])
    + grid(window=[(3,)], stride=[(3,)], padding=["same"], L=[10]),
    2: grid(window=[(2, 2)], stride=[(2, 2)], padding=["valid", "same"])
    + grid(window=[(3, 2)], stride=[(1, 1), (2, 3), (3, 1)], padding=["valid", "same"])
    + grid(window=[(3, 3)], stride=[(2, 2)], padding=["same"]),
    3: grid(window=[(2, 3, 1)], stride=[(1, 1, 1)], padding=["valid", "same"])
    + grid(window=[(2, 3, 4)], stride=[(3, 2, 1)], padding=["valid", "same"])
    + grid(window=[(2, 2, 2)], stride=[(2, 2, 2)], padding=["same"]),
}


def symmetric(**more):
    """Variants with the same explicit padding on both sides of an axis, and more parameters."""
    return {
        1: grid(window=[(2,), (3,)], stride=[(2,)], padding=[(1,)], **more),
        2: grid(window=[(3, 3)], stride=[(2, 2)], padding=[(1, 1)], **more)
        + grid(window=[(3, 4)], stride=[(1, 3)], padding=[(0, 2)], **more),
        3: grid(window=[(3, 2, 2)], stride=[(2, 1, 3)], padding=[(1, 0, 1)], **more),
    }


def same_margins(length, window, stride):
    """The elements that TensorFlow's SAME padding adds before and after an axis: the odd one goes after it."""
    total = max((-(-length // stride) - 1) * stride + window - length, 0)
    return total // 2, total - total // 2


def margins(shape, window, stride, padding):
    """The elements added before and after each space axis."""
    if padding == "valid":
        return [(0, 0) for _ in shape]
    if padding == "same":
        return [same_margins(*axis) for axis in zip(shape, window, stride, strict=True)]
    return [(margin, margin) for margin in padding]


def pool(np, reduce, x, window, stride, padding):
    """Reduce the windows of one space axis after the other, each window cut off at the edges of the tensor."""
    added = margins(x.shape[2:], window, stride, padding)
    for axis, (size, step, (before, after)) in enumerate(zip(window, stride, added, strict=True), start=2):
        starts = range(-before, x.shape[axis] + after - size + 1, step)
        inside = [(*[slice(None)] * axis, slice(max(start, 0), start + size)) for start in starts]
        x = np.stack([reduce(x[part], axis, size) for part in inside], axis)
    return x


def torch_margins(x, window, stride, padding):
    """The margins as torch.nn.functional.pad takes them: the last axis first."""
    added = margins(x.shape[2:], window, stride, padding)
    return [margin for pair in reversed(added) for margin in pair]


def tf_margins(padding):
    """The margins of a channels-last tensor as TensorFlow takes them."""
    return [(0, 0), *((margin, margin) for margin in padding), (0, 0)]
