"""Options of pooling that one framework has and the other has not: indices, windows over the end, another divisor."""

import math

from _pooling import POOLED, SPACE

from parity import Case, buffer, distinct, grid, normal

TORCH_MAX_POOL = "https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html"
TORCH_AVG_POOL = "https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html"
WITH_ARGMAX = "https://www.tensorflow.org/api_docs/python/tf/nn/max_pool_with_argmax"
LAST = dict(x="N H W C", y="N P Q C")


def windows(np, x, size, stride):
    """The whole windows of the last two axes, their elements on an axis of their own, row by row."""
    P, Q = ((length - size) // stride + 1 for length in x.shape[2:])
    parts = [
        x[:, :, i : i + P * stride : stride, j : j + Q * stride : stride] for i in range(size) for j in range(size)
    ]
    return np.stack(parts, -1)


indices = Case(
    "max_pool2d_indices",
    "The largest element of each window, and its place in a channels-last image: (row * width + column) * C + channel.",
    sizes=dict(N=2, C=3, H=7, W=8),
    inputs=dict(x=distinct("N C H W")),
    outputs=dict(y="N C P Q", where=buffer("N C P Q")),
    variants=grid(size=[2, 3], stride=[1, 2]),
    exact=["output:*"],
)


@indices.reference
def _(np, x, *, C, H, W, size, stride):
    parts = windows(np, x, size, stride)
    places = windows(np, np.arange(H * W).reshape(1, 1, H, W), size, stride)
    largest = np.argmax(parts, -1)[..., None]
    places = np.take_along_axis(np.broadcast_to(places, parts.shape), largest, -1)[..., 0]
    return np.max(parts, -1), places * C + np.arange(C)[:, None, None]


def of_channels(torch, y, places, C):
    """The places within one channel, as places in a channels-last image."""
    return y, places * C + torch.arange(C, device=places.device)[:, None, None]


@indices.torch("torch.nn.functional.max_pool2d(return_indices)")
def _(torch, x, *, C, size, stride):
    return of_channels(torch, *torch.nn.functional.max_pool2d(x, size, stride, return_indices=True), C)


@indices.torch.layer("torch.nn.MaxPool2d(return_indices)", weights={})
def _(torch, *, C, size, stride):
    layer = torch.nn.MaxPool2d(size, stride, return_indices=True)
    return layer, lambda x: of_channels(torch, *layer(x), C)


@indices.tensorflow("tf.nn.max_pool_with_argmax", **LAST, where="N P Q C")
def _(tf, x, *, size, stride):
    return tf.nn.max_pool_with_argmax(x, size, stride, "VALID")


@indices.torch.naive(
    "torch.nn.functional.max_pool2d",
    "places within one channel",
    when=dict(size=2, stride=2),
    wrong="output:where",
    because="PyTorch's indices count rows and columns, TensorFlow's channels, too, as its images are channels-last",
    source=WITH_ARGMAX,
    fix="multiply by the number of channels, and add the channel",
)
def _(torch, x, *, size, stride):
    return torch.nn.functional.max_pool2d(x, size, stride, return_indices=True)


indices.limitation(
    "tf.nn.max_pool_with_argmax",
    raises="InvalidArgumentError: No registered 'MaxPoolWithArgmax'",
    because="XLA pools without indices",
    source="measured with TensorFlow 2.21.0",
    modes=["compiled"],
)


def over_the_end(length, size, stride):
    """What the last window reaches over the end by, if as many windows are taken as begin within the elements."""
    count = -(-(length - size) // stride) + 1
    return (count - 1) * stride + size - length


ceil_max_pool = Case(
    "max_pool2d_ceil",
    "Max pooling in which the last window of an axis may reach over the end.",
    sizes=dict(N=2, C=3, H=7, W=10),
    inputs=dict(x=distinct("N C H W")),
    outputs=dict(y="N C P Q"),
    variants=grid(size=[3], stride=[2, 3]) + grid(size=[2], stride=[2]),
    exact=["output:*"],
)


def extended(np, x, size, stride, value):
    """x, continued to the end of its last windows."""
    after = [(0, over_the_end(length, size, stride)) for length in x.shape[2:]]
    return np.pad(x, [(0, 0), (0, 0), *after], constant_values=value)


def tf_extended(tf, x, size, stride, value=0):
    after = [[0, over_the_end(length, size, stride)] for length in x.shape[1:3]]
    return tf.pad(x, [[0, 0], *after, [0, 0]], constant_values=value)


@ceil_max_pool.reference
def _(np, x, *, size, stride):
    return np.max(windows(np, extended(np, x, size, stride, -np.inf), size, stride), -1)


@ceil_max_pool.torch("torch.nn.functional.max_pool2d(ceil_mode)")
def _(torch, x, *, size, stride):
    return torch.nn.functional.max_pool2d(x, size, stride, ceil_mode=True)


@ceil_max_pool.torch.layer("torch.nn.MaxPool2d(ceil_mode)", weights={})
def _(torch, *, size, stride):
    return torch.nn.MaxPool2d(size, stride, ceil_mode=True)


@ceil_max_pool.tensorflow("tf.nn.max_pool2d", **LAST)
def _(tf, x, *, size, stride):
    return tf.nn.max_pool2d(tf_extended(tf, x, size, stride, float("-inf")), size, stride, "VALID")


@ceil_max_pool.tensorflow.layer("keras.layers.MaxPooling2D", weights={}, **LAST)
def _(tf, *, size, stride):
    layer = tf.keras.layers.MaxPooling2D(size, stride)
    return layer, lambda x: layer(tf_extended(tf, x, size, stride, float("-inf")))


@ceil_max_pool.tensorflow.naive(
    "keras.layers.MaxPooling2D",
    "same for ceil_mode",
    when=dict(size=3, stride=3),
    because="SAME divides what it adds between both ends, ceil_mode adds to the end only",
    source=TORCH_MAX_POOL,
    fix="pad the end with minus infinity by tf.pad, and pool without padding",
    weights={},
    **LAST,
)
def _(tf, *, size, stride):
    return tf.keras.layers.MaxPooling2D(size, stride, padding="same")


divided_avg_pool = Case(
    "avg_pool2d_divisor",
    "The sum of each window over a divisor; the last window of an axis may reach over the end.",
    sizes=dict(N=2, C=3, H=8, W=9),
    parameters=dict(divisor=None),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C P Q"),
    variants=grid(size=[3], stride=[2, 3], divisor=[None, 5]) + grid(size=[2], stride=[2], divisor=[3]),
)


@divided_avg_pool.reference
def _(np, x, *, size, stride, divisor):
    sums = np.sum(windows(np, extended(np, x, size, stride, 0), size, stride), -1)
    if divisor is not None:
        return sums / divisor
    return sums / np.sum(windows(np, extended(np, np.ones(x.shape), size, stride, 0), size, stride), -1)


@divided_avg_pool.torch("torch.nn.functional.avg_pool2d(divisor_override)")
def _(torch, x, *, size, stride, divisor):
    return torch.nn.functional.avg_pool2d(x, size, stride, ceil_mode=True, divisor_override=divisor)


@divided_avg_pool.torch.layer("torch.nn.AvgPool2d(divisor_override)", weights={})
def _(torch, *, size, stride, divisor):
    return torch.nn.AvgPool2d(size, stride, ceil_mode=True, divisor_override=divisor)


for api in ("torch.nn.functional.avg_pool2d(divisor_override)", "torch.nn.AvgPool2d(divisor_override)"):
    divided_avg_pool.deviation(
        api,
        quantities=["grad:x"],
        within=1,
        because="compiled by Inductor, the gradient divides what reaches over the end by the size of a whole window",
        source="https://github.com/pytorch/pytorch/issues/198119",
        when=dict(divisor=None),
        modes=["compiled"],
    )


def tf_divided(tf, average, x, size, stride, divisor):
    y = average(tf_extended(tf, x, size, stride))
    if divisor is not None:
        return y * (size * size / divisor)
    return y / average(tf_extended(tf, tf.ones_like(x[:1, ..., :1]), size, stride))


@divided_avg_pool.tensorflow("tf.nn.avg_pool2d", **LAST)
def _(tf, x, *, size, stride, divisor):
    return tf_divided(tf, lambda x: tf.nn.avg_pool2d(x, size, stride, "VALID"), x, size, stride, divisor)


@divided_avg_pool.tensorflow.layer("keras.layers.AveragePooling2D", weights={}, **LAST)
def _(tf, *, size, stride, divisor):
    layer = tf.keras.layers.AveragePooling2D(size, stride)
    return layer, lambda x: tf_divided(tf, layer, x, size, stride, divisor)


@divided_avg_pool.torch.naive(
    "torch.nn.functional.avg_pool2d",
    "a divisor forgotten",
    when=dict(size=2, divisor=3),
    because="without divisor_override a window is divided by its own size",
    source=TORCH_AVG_POOL,
    fix="pass divisor_override",
)
def _(torch, x, *, size, stride):
    return torch.nn.functional.avg_pool2d(x, size, stride, ceil_mode=True)


def pool_of_nan(rank):
    space = SPACE[rank]
    case = Case(
        f"max_pool{rank}d_of_nan",
        "Max pooling of numbers of which some are NaN: every window that such a number is in gives NaN.",
        sizes=dict(N=2, C=3, **{axis: 4 + number for number, axis in enumerate(space.split())}),
        inputs=dict(x=normal(f"N C {space}", gradient=False)),
        outputs=dict(y=buffer(f"N C {POOLED[rank]}")),
        exact=True,
        dtypes=["float32", "float64"],
        eager_only="the cases are about the frameworks' own kernels, and a compiler generates others",
    )
    channels_last = dict(x=f"N {space} C", y=f"N {POOLED[rank]} C")

    def with_nan(where, x):
        return where(x > 1, math.nan, x)

    @case.reference
    def _(np, x):
        x = with_nan(np.where, x)
        for axis in range(2, 2 + rank):
            steps = np.arange(x.shape[axis] - 1)
            x = np.maximum(np.take(x, steps, axis), np.take(x, steps + 1, axis))
        return x

    @case.torch(f"torch.nn.functional.max_pool{rank}d")
    def _(torch, x):
        return getattr(torch.nn.functional, f"max_pool{rank}d")(with_nan(torch.where, x), 2, 1)

    @case.tensorflow("tf.maximum", **channels_last)
    def _(tf, x):
        x = tf.where(x > 1, tf.constant(math.nan, x.dtype), x)
        for axis in range(1, 1 + rank):
            steps = range(x.shape[axis] - 1)
            x = tf.maximum(tf.gather(x, steps, axis=axis), tf.gather(x, [step + 1 for step in steps], axis=axis))
        return x

    @case.tensorflow.naive(
        f"tf.nn.max_pool{rank}d",
        "NaN in the window",
        kind="nonfinite",
        because="max-pooling passes NaN over on a CPU, as a comparison with it is false; PyTorch keeps it",
        source="measured with TensorFlow 2.21.0",
        fix="take tf.maximum of the shifted tensors, or check the input with tf.debugging.check_numerics",
        **channels_last,
    )
    def _(tf, x):
        x = tf.where(x > 1, tf.constant(math.nan, x.dtype), x)
        return getattr(tf.nn, f"max_pool{rank}d")(x, 2, 1, "VALID")

    return case


max_pool2d_of_nan, max_pool3d_of_nan = pool_of_nan(2), pool_of_nan(3)
