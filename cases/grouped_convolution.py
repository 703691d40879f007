"""Grouped convolutions, from two groups to one per channel, and what TensorFlow's operations lack for them on a CPU."""

from _convolution import channels_last, convolution, keras_variables

from parity import grid

CHANNELS = dict(C=4, O=8)
MEASURED = "measured with tensorflow 2.21.0"

VARIANTS = {
    1: grid(groups=[2], kernel_size=[(3,)], stride=[(1,)], padding=["same"])
    + grid(groups=[4], kernel_size=[(3,)], stride=[(2,)], padding=["same"])
    + grid(groups=[4], kernel_size=[(2,)], stride=[(3,)], padding=["valid"], bias=[False]),
    2: grid(groups=[2, 4], kernel_size=[(3, 5)], stride=[(2, 2)], padding=["same"])
    + grid(groups=[2], kernel_size=[(1, 1)], stride=[(1, 1)], padding=["valid"], bias=[False])
    + grid(groups=[4], kernel_size=[(3, 2)], stride=[(2, 3)], padding=["valid"]),
    3: grid(groups=[2, 4], kernel_size=[(2, 3, 1)], stride=[(1, 2, 3)], padding=["same"]),
}


def grouped(rank):
    case = convolution(
        f"grouped_conv{rank}d",
        "Each group of output channels sees its own group of input channels.",
        rank,
        VARIANTS[rank],
        **CHANNELS,
    )

    @case.tensorflow(f"tf.split + tf.nn.conv{rank}d + tf.concat", **channels_last(rank))
    def _(tf, x, kernel, bias=None, *, stride, padding, groups):
        conv = getattr(tf.nn, f"conv{rank}d")
        pairs = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
        y = tf.concat([conv(part, weights, (1, *stride, 1), padding.upper()) for part, weights in pairs], -1)
        return y if bias is None else tf.nn.bias_add(y, bias)

    @case.tensorflow.layer(f"keras.layers.Conv{rank}D", weights=keras_variables(rank), **channels_last(rank))
    def _(tf, *, O, kernel_size, stride, padding, groups, bias):
        return getattr(tf.keras.layers, f"Conv{rank}D")(O, kernel_size, stride, padding, groups=groups, use_bias=bias)

    return case


def narrow_kernel(rank, name, summary, **options):
    """A kernel with fewer input channels than the input, from which TensorFlow's operation infers the groups."""
    case = convolution(name, summary, rank, VARIANTS[rank], **CHANNELS, **options)

    @case.tensorflow(f"tf.nn.conv{rank}d", **channels_last(rank))
    def _(tf, x, kernel, bias=None, *, stride, padding):
        y = getattr(tf.nn, f"conv{rank}d")(x, kernel, (1, *stride, 1), padding.upper())
        return y if bias is None else tf.nn.bias_add(y, bias)

    return case


def not_fused(case, rank):
    """Declare that a graph without oneDNN cannot have the operation together with a bias."""
    case.limitation(
        f"tf.nn.conv{rank}d",
        raises="UnimplementedError: Fused conv implementation does not support grouped convolutions for now",
        because="a graph fuses the convolution and the bias where oneDNN is not enabled",
        source=MEASURED,
        when=dict(bias=True),
        dtypes=["float32", "float64"],
        devices=["cpu"],
        modes=["graph"],
        kernels=["fused"],
    )


def without_gradient(rank):
    case = narrow_kernel(
        rank,
        f"grouped_conv{rank}d_inference",
        f"A kernel from which tf.nn.conv{rank}d infers the groups, forward only.",
        gradient=False,
    )
    not_fused(case, rank)
    return case


def in_double_precision(rank):
    case = narrow_kernel(
        rank,
        f"grouped_conv{rank}d_double",
        f"A kernel from which tf.nn.conv{rank}d infers the groups, in the format that oneDNN does not have.",
        dtypes=["float64"],
    )
    if rank < 3:
        not_fused(case, rank)
    case.limitation(
        f"tf.nn.conv{rank}d",
        raises="InvalidArgumentError: must match last dimension of input"
        if rank == 3
        else "InvalidArgumentError: Gradients for grouped convolutions are not supported on CPU",
        because="tf.nn.conv3d has no groups on a CPU; split and concatenate instead"
        if rank == 3
        else "only oneDNN, which has no float64, implements it on a CPU; split and concatenate instead",
        source=MEASURED,
        stage="forward" if rank == 3 else "gradient",
        devices=["cpu"],
        modes=["eager", "graph"],
    )
    return case


grouped_conv1d, grouped_conv2d, grouped_conv3d = (grouped(rank) for rank in (1, 2, 3))
grouped_conv1d_inference, grouped_conv2d_inference = (without_gradient(rank) for rank in (1, 2))
grouped_conv1d_double, grouped_conv2d_double, grouped_conv3d_double = (in_double_precision(rank) for rank in (1, 2, 3))

GROUPED_2D = dict(groups=2, kernel_size=(3, 5))


@grouped_conv2d.torch.naive(
    "torch.nn.functional.conv2d",
    "groups left to the kernel's shape",
    when=dict(groups=2, kernel_size=(1, 1)),
    raises="RuntimeError: expected input[2, 4, 7, 9] to have 2 channels, but got 4 channels instead",
    because="TensorFlow infers the groups from a kernel with fewer input channels, PyTorch must be told",
    source="measured with TensorFlow 2.21.0, Keras 3.15.1",
    fix="give groups by name",
)
def _(torch, x, kernel):
    return torch.nn.functional.conv2d(x, kernel)


@grouped_conv2d.tensorflow.naive(
    "tf.stack + tf.reshape",
    "groups interleaved",
    when=GROUPED_2D,
    because="stacked on a new last axis, the groups take turns; their channels must follow each other",
    source="https://www.tensorflow.org/api_docs/python/tf/stack",
    fix="join the groups with tf.concat",
    **channels_last(2),
)
def _(tf, x, kernel, bias, *, stride, groups):
    pairs = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
    stacked = tf.stack([tf.nn.conv2d(part, weights, stride, "SAME") for part, weights in pairs], -1)
    return tf.nn.bias_add(tf.reshape(stacked, [*stacked.shape[:3], -1]), bias)


@grouped_conv2d.tensorflow.naive(
    "tf.nn.conv2d",
    "every groups-th channel for a group",
    when=GROUPED_2D,
    because="a group is a run of neighbouring channels, in both frameworks",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html",
    fix="take the groups with tf.split",
    **channels_last(2),
)
def _(tf, x, kernel, bias, *, stride, groups):
    kernels = tf.split(kernel, groups, -1)
    parts = [tf.nn.conv2d(x[..., group::groups], kernels[group], stride, "SAME") for group in range(groups)]
    return tf.nn.bias_add(tf.concat(parts, -1), bias)
