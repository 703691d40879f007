"""Dilated convolutions, alone and together with a stride, and what TensorFlow's operations lack for them on a CPU."""

from _convolution import channels_last, convolution, keras_variables, tf_margins

from parity import grid

MEASURED = "measured with tensorflow 2.21.0"

DILATED = {
    1: grid(kernel_size=[(3,)], padding=["valid", "same", "causal", (2,)], dilation=[(2,)])
    + grid(kernel_size=[(3,)], padding=["valid"], dilation=[(2,)], L=[7])
    + grid(kernel_size=[(4,)], padding=["same"], dilation=[(3,)], bias=[False]),
    2: grid(kernel_size=[(3, 2)], padding=["valid", "same"], dilation=[(2, 2), (1, 3)])
    + grid(kernel_size=[(2, 4)], padding=["same"], dilation=[(3, 2)], bias=[False])
    + grid(kernel_size=[(3, 3)], padding=[(2, 2)], dilation=[(2, 2)]),
    3: grid(kernel_size=[(2, 3, 2)], padding=["valid", "same"], dilation=[(2, 1, 3)])
    + grid(kernel_size=[(2, 2, 2)], padding=[(1, 0, 2)], dilation=[(2, 2, 2)], bias=[False]),
}
STRIDED = {
    1: grid(kernel_size=[(3,), (2,)], stride=[(2,)], padding=["valid", "same"], dilation=[(2,)]),
    2: grid(kernel_size=[(3, 2)], stride=[(2, 3)], padding=["valid", "same"], dilation=[(2, 2)])
    + grid(kernel_size=[(3, 3)], stride=[(2, 2)], padding=[(2, 2)], dilation=[(2, 1)]),
    3: grid(kernel_size=[(2, 3, 2)], stride=[(2, 3, 1)], padding=["valid", "same"], dilation=[(2, 1, 3)]),
}


def dilated(rank):
    case = convolution(f"dilated_conv{rank}d", "A kernel whose elements are spread apart.", rank, DILATED[rank])

    @case.tensorflow("tf.nn.convolution", **channels_last(rank))
    def _(tf, x, kernel, bias=None, *, kernel_size, stride, padding, dilation):
        if padding not in ("valid", "same"):
            x, padding = tf.pad(x, tf_margins(x.shape[1:-1], kernel_size, stride, dilation, padding)), "valid"
        y = tf.nn.convolution(x, kernel, padding=padding.upper(), dilations=dilation)
        return y if bias is None else tf.nn.bias_add(y, bias)

    @case.tensorflow.layer(f"keras.layers.Conv{rank}D", weights=keras_variables(rank), **channels_last(rank))
    def _(tf, *, O, kernel_size, padding, dilation, bias):
        Conv = getattr(tf.keras.layers, f"Conv{rank}D")
        if isinstance(padding, str):
            return Conv(O, kernel_size, padding=padding, dilation_rate=dilation, use_bias=bias)
        layer = Conv(O, kernel_size, dilation_rate=dilation, use_bias=bias)
        pad = getattr(tf.keras.layers, f"ZeroPadding{rank}D")(padding if rank > 1 else padding[0])
        return layer, lambda x: layer(pad(x))

    return case


def strided(rank):
    case = convolution(
        f"strided_dilated_conv{rank}d",
        "A stride and a dilation together, which TensorFlow reaches by dropping positions of the dilated convolution.",
        rank,
        STRIDED[rank],
    )

    @case.tensorflow("tf.nn.convolution + slicing", **channels_last(rank))
    def _(tf, x, kernel, bias=None, *, kernel_size, stride, padding, dilation):
        x = tf.pad(x, tf_margins(x.shape[1:-1], kernel_size, stride, dilation, padding))
        y = tf.nn.convolution(x, kernel, padding="VALID", dilations=dilation)
        y = y[(slice(None), *(slice(None, None, step) for step in stride))]
        return y if bias is None else tf.nn.bias_add(y, bias)

    @case.tensorflow("tf.nn.convolution", **channels_last(rank))
    def _(tf, x, kernel, bias=None, *, kernel_size, stride, padding, dilation):
        x = tf.pad(x, tf_margins(x.shape[1:-1], kernel_size, stride, dilation, padding))
        return tf.nn.convolution(x, kernel, stride, "VALID", dilations=dilation)

    @case.tensorflow("keras.ops.conv", **channels_last(rank))
    def _(tf, x, kernel, bias=None, *, kernel_size, stride, padding, dilation):
        x = tf.pad(x, tf_margins(x.shape[1:-1], kernel_size, stride, dilation, padding))
        return tf.keras.ops.conv(x, kernel, stride, "valid", dilation_rate=dilation)

    for api in ("tf.nn.convolution", "keras.ops.conv"):
        case.limitation(
            api,
            raises="ValueError: `strides > 1` not supported in conjunction with `dilation_rate > 1`",
            because="tf.nn.convolution, which Keras calls, refuses a stride together with a dilation",
            source="https://www.tensorflow.org/api_docs/python/tf/nn/convolution",
        )
    return case


def dilations_argument(rank, name, summary, **options):
    """The dilations argument of TensorFlow's operation, which is a kernel of its own."""
    variants = [variants[rank].where(lambda padding, **_: padding == "same") for variants in (DILATED, STRIDED)]
    case = convolution(name, summary, rank, variants[0] + variants[1], **options)

    @case.tensorflow(f"tf.nn.conv{rank}d", **channels_last(rank))
    def _(tf, x, kernel, bias=None, *, stride, dilation):
        conv = getattr(tf.nn, f"conv{rank}d")
        y = conv(x, kernel, (1, *stride, 1), "SAME", dilations=(1, *dilation, 1))
        return y if bias is None else tf.nn.bias_add(y, bias)

    return case


def without_gradient(rank):
    return dilations_argument(
        rank,
        f"dilated_conv{rank}d_inference",
        f"The dilations argument of tf.nn.conv{rank}d, forward only.",
        gradient=False,
    )


def in_double_precision(rank):
    case = dilations_argument(
        rank,
        f"dilated_conv{rank}d_double",
        f"The dilations argument of tf.nn.conv{rank}d in the format that oneDNN does not have.",
        dtypes=["float64"],
    )
    case.limitation(
        f"tf.nn.conv{rank}d",
        raises="InvalidArgumentError: CPU implementation of Conv3D currently only supports dilated rates of 1"
        if rank == 3
        else "InvalidArgumentError: Current CPU implementations do not yet support dilation rates larger than 1",
        because="only oneDNN, which has no float64, implements it on a CPU; tf.nn.convolution works",
        source=MEASURED,
        stage="forward" if rank == 3 else "gradient",
        devices=["cpu"],
        modes=["eager", "graph"],
    )
    return case


dilated_conv1d, dilated_conv2d, dilated_conv3d = (dilated(rank) for rank in (1, 2, 3))
strided_dilated_conv1d, strided_dilated_conv2d, strided_dilated_conv3d = (strided(rank) for rank in (1, 2, 3))
dilated_conv1d_inference, dilated_conv2d_inference = (without_gradient(rank) for rank in (1, 2))
dilated_conv1d_double, dilated_conv2d_double, dilated_conv3d_double = (in_double_precision(rank) for rank in (1, 2, 3))


@dilated_conv1d.torch.naive(
    "torch.nn.functional.conv1d",
    "rate of an atrous convolution as stride",
    when=dict(kernel_size=(3,), padding="valid", L=7),
    because="the argument after the kernel is the rate in tf.nn.atrous_conv2d, in PyTorch the stride follows the bias",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/atrous_conv2d",
    fix="give dilation by name",
)
def _(torch, x, kernel, bias, *, dilation):
    return torch.nn.functional.conv1d(x, kernel, bias, dilation)


@dilated_conv1d.torch.naive(
    "torch.nn.functional.conv1d",
    "causal padding without the dilation",
    when=dict(padding="causal"),
    kind="shape",
    because="a dilated kernel reaches dilation * (kernel_size - 1) steps back; with less padding outputs are missing",
    source="keras/src/layers/convolutional/conv1d.py of Keras 3.15.1: Conv1D._compute_causal_padding",
    fix="pad dilation * (kernel_size - 1) zeros in front",
)
def _(torch, x, kernel, bias, *, kernel_size, dilation):
    padded = torch.nn.functional.pad(x, (kernel_size[0] - 1, 0))
    return torch.nn.functional.conv1d(padded, kernel, bias, dilation=dilation)


@dilated_conv2d.tensorflow.naive(
    "keras.layers.Conv2D",
    "dilation as the fifth argument",
    when=dict(kernel_size=(3, 2), padding="valid", dilation=(2, 2)),
    raises="ValueError: The `data_format` argument must be one of",
    because="torch.nn.Conv2d takes channels, kernel, stride, padding, dilation; in Keras the data format is fifth",
    source="https://keras.io/api/layers/convolution_layers/convolution2d/",
    fix="give dilation_rate by name",
    weights=keras_variables(2),
    x="N H W C",
    y="N P Q O",
)
def _(tf, *, O, kernel_size, dilation):
    return tf.keras.layers.Conv2D(O, kernel_size, (1, 1), "valid", dilation)


@strided_dilated_conv2d.tensorflow.naive(
    "keras.layers.Conv2D",
    "stride and dilation together",
    when=dict(kernel_size=(3, 2), padding="valid"),
    raises="ValueError: `strides > 1` not supported in conjunction with `dilation_rate > 1`",
    because="PyTorch's layer takes a stride together with a dilation, Keras's refuses",
    source="https://keras.io/api/layers/convolution_layers/convolution2d/",
    fix="convolve with stride 1 and keep every stride-th position",
    weights=keras_variables(2),
    x="N H W C",
    y="N P Q O",
)
def _(tf, *, O, kernel_size, stride, dilation):
    return tf.keras.layers.Conv2D(O, kernel_size, stride, dilation_rate=dilation)


@strided_dilated_conv2d.torch.naive(
    "torch.nn.functional.pad",
    "SAME margins of the dilated convolution alone",
    when=dict(kernel_size=(3, 2), padding="same"),
    because="the margins of SAME depend on the stride: those of stride 1 start the windows elsewhere",
    source="https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2",
    fix="compute the margins with the stride, and pad with them before a convolution without padding",
)
def _(torch, x, kernel, bias, *, kernel_size, stride, dilation, padding):
    y = torch.nn.functional.conv2d(x, kernel, bias, padding="same", dilation=dilation)
    return y[:, :, :: stride[0], :: stride[1]]
