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


def without_gradient(rank):
    return narrow_kernel(
        rank,
        f"grouped_conv{rank}d_inference",
        f"A kernel from which tf.nn.conv{rank}d infers the groups, forward only.",
        gradient=False,
    )


def in_double_precision(rank):
    case = narrow_kernel(
        rank,
        f"grouped_conv{rank}d_double",
        f"A kernel from which tf.nn.conv{rank}d infers the groups, in the format that oneDNN does not have.",
        dtypes=["float64"],
    )
    case.limitation(
        f"tf.nn.conv{rank}d",
        raises="must match last dimension of input"
        if rank == 3
        else "Gradients for grouped convolutions are not supported on CPU",
        because="tf.nn.conv3d has no groups on a CPU; split and concatenate instead"
        if rank == 3
        else "only oneDNN, which has no float64, implements it on a CPU; split and concatenate instead",
        source=MEASURED,
        stage="forward" if rank == 3 else "gradient",
        devices=["cpu"],
    )
    return case


grouped_conv1d, grouped_conv2d, grouped_conv3d = (grouped(rank) for rank in (1, 2, 3))
grouped_conv1d_inference, grouped_conv2d_inference = (without_gradient(rank) for rank in (1, 2))
grouped_conv1d_double, grouped_conv2d_double, grouped_conv3d_double = (in_double_precision(rank) for rank in (1, 2, 3))
