"""What the convolution cases share: their tensors, their formula and their PyTorch implementations."""

from parity import Case, normal

DTYPES = ("float64", "float32", "float16", "bfloat16")
SPACE = {1: "L", 2: "H W", 3: "D H W"}
POSITIONS = {1: "P", 2: "P Q", 3: "P Q R"}
KERNEL = {1: "K", 2: "KH KW", 3: "KD KH KW"}
LENGTHS = {1: dict(L=11), 2: dict(H=7, W=9), 3: dict(D=5, H=6, W=7)}
PRODUCT = {1: "ngipk,goik->ngop", 2: "ngipkql,goikl->ngopq", 3: "ngipkqlrm,goiklm->ngopqr"}


def same_margins(length, kernel_size, stride, dilation):
    """The zeros that TensorFlow's SAME padding adds before and after an axis: the odd one goes after it."""
    total = max((-(-length // stride) - 1) * stride + (kernel_size - 1) * dilation + 1 - length, 0)
    return total // 2, total - total // 2


def margins(lengths, kernel_size, stride, dilation, padding):
    """The zeros added before and after each space axis."""
    if padding == "valid":
        return [(0, 0) for _ in lengths]
    if padding == "same":
        return [same_margins(*axis) for axis in zip(lengths, kernel_size, stride, dilation, strict=True)]
    if padding == "causal":
        return [((size - 1) * step, 0) for size, step in zip(kernel_size, dilation, strict=True)]
    return [(margin, margin) for margin in padding]


def patches(np, x, kernel_size, stride, dilation, added):
    """The elements of x under the kernel: each space axis becomes two, the kernel's position and the offset in it.

    All axes at once, so that the gradient of x is one sum over the whole kernel, as in the frameworks.
    """
    x = np.pad(x, [(0, 0), (0, 0), *added])
    rank, places = len(kernel_size), []
    for axis, (length, size, step, spread) in enumerate(zip(x.shape[2:], kernel_size, stride, dilation, strict=True)):
        count = (length - (size - 1) * spread - 1) // step + 1
        place = np.arange(count)[:, None] * step + np.arange(size) * spread
        places.append(place.reshape(*[1] * 2 * axis, count, size, *[1] * 2 * (rank - axis - 1)))
    return x[(slice(None), slice(None), *places)]


def torch_padding(padding, stride):
    """The padding that PyTorch's convolution does itself; the other paddings are zeros added before it."""
    return "valid" if padding == "causal" or (padding == "same" and max(stride) > 1) else padding


def torch_margins(lengths, kernel_size, stride, dilation, padding):
    """The margins as torch.nn.functional.pad takes them: the last axis first."""
    added = margins(lengths, kernel_size, stride, dilation, padding)
    return [zeros for pair in reversed(added) for zeros in pair]


def tf_margins(lengths, kernel_size, stride, dilation, padding):
    """The margins of a channels-last tensor as TensorFlow takes them."""
    return [(0, 0), *margins(lengths, kernel_size, stride, dilation, padding), (0, 0)]


def channels_last(rank):
    """The layouts of a convolution in TensorFlow."""
    return dict(x=f"N {SPACE[rank]} C", kernel=f"{KERNEL[rank]} I O", y=f"N {POSITIONS[rank]} O")


def keras_variables(rank):
    """The variables of a Keras convolution layer."""
    return lambda bias: dict(kernel=f"kernel: {KERNEL[rank]} I O", **(dict(bias="bias: O") if bias else {}))


def kernel_axis(index):
    return lambda kernel_size: kernel_size[index]


def convolution(name, summary, rank, variants, *, C=4, O=5, gradient=True, dtypes=DTYPES, **parameters):
    """A convolution case with its formula and its PyTorch implementations."""
    space = KERNEL[rank].split()
    defaults = dict(stride=(1,) * rank, padding="valid", dilation=(1,) * rank, groups=1, bias=True)
    case = Case(
        name,
        summary,
        sizes=dict(N=2, C=C, O=O, I=lambda C, groups: C // groups)
        | LENGTHS[rank]
        | {axis: kernel_axis(index) for index, axis in enumerate(space)},
        parameters=defaults | parameters,
        inputs=dict(x=normal(f"N C {SPACE[rank]}", gradient=gradient)),
        weights=lambda bias: dict(
            kernel=normal(f"O I {KERNEL[rank]}", gradient=gradient),
            **(dict(bias=normal("O", gradient=gradient)) if bias else {}),
        ),
        outputs=dict(y=f"N O {POSITIONS[rank]}"),
        variants=variants,
        dtypes=dtypes,
    )

    @case.reference
    def _(np, x, kernel, bias=None, *, kernel_size, stride, padding, dilation, groups):
        added = margins(x.shape[2:], kernel_size, stride, dilation, padding)
        under = patches(np, x, kernel_size, stride, dilation, added)
        under = under.reshape(len(x), groups, -1, *under.shape[2:])
        y = np.einsum(PRODUCT[rank], under, kernel.reshape(groups, -1, *kernel.shape[1:]))
        y = y.reshape(len(x), len(kernel), *y.shape[3:])
        return y if bias is None else y + bias.reshape(-1, *(1,) * rank)

    @case.torch(f"torch.nn.functional.conv{rank}d")
    def _(torch, x, kernel, bias=None, *, kernel_size, stride, padding, dilation, groups):
        own = torch_padding(padding, stride)
        if own != padding:
            x = torch.nn.functional.pad(x, torch_margins(x.shape[2:], kernel_size, stride, dilation, padding))
        return getattr(torch.nn.functional, f"conv{rank}d")(x, kernel, bias, stride, own, dilation, groups)

    @case.torch.layer(
        f"torch.nn.Conv{rank}d",
        weights=lambda bias: dict(weight=f"kernel: O I {KERNEL[rank]}", **(dict(bias="bias: O") if bias else {})),
    )
    def _(torch, *, C, O, kernel_size, stride, padding, dilation, groups, bias):
        own, pad = torch_padding(padding, stride), torch.nn.functional.pad
        layer = getattr(torch.nn, f"Conv{rank}d")(C, O, kernel_size, stride, own, dilation, groups, bias)
        if own == padding:
            return layer
        return layer, lambda x: layer(pad(x, torch_margins(x.shape[2:], kernel_size, stride, dilation, padding)))

    return case
