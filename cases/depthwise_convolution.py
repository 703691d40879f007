"""Depthwise convolutions in two dimensions: M kernels of its own for each of C channels."""

from _convolution import margins, patches, tf_margins, torch_margins, torch_padding

from parity import Case, grid, normal

MEASURED = "measured with tensorflow 2.21.0"
CHANNELS_LAST = dict(x="N H W C", kernel="KH KW C M", bias="(C M)", y="N P Q (C M)")


def depthwise(name, summary, variants, **options):
    """A depthwise case with its formula and its PyTorch implementations."""
    case = Case(
        name,
        summary,
        sizes=dict(
            N=2,
            C=3,
            M=2,
            H=8,
            W=10,
            KH=lambda kernel_size: kernel_size[0],
            KW=lambda kernel_size: kernel_size[1],
        ),
        parameters=dict(stride=(1, 1), padding="same", dilation=(1, 1), bias=True),
        inputs=dict(x=normal("N C H W")),
        weights=lambda bias: dict(kernel=normal("C M KH KW"), **(dict(bias=normal("C M")) if bias else {})),
        outputs=dict(y="N C M P Q"),
        variants=variants,
        **options,
    )

    @case.reference
    def _(np, x, kernel, bias=None, *, kernel_size, stride, padding, dilation):
        added = margins(x.shape[2:], kernel_size, stride, dilation, padding)
        y = np.einsum("ncpkql,cmkl->ncmpq", patches(np, x, kernel_size, stride, dilation, added), kernel)
        return y if bias is None else y + bias[:, :, None, None]

    @case.torch("torch.nn.functional.conv2d", kernel="(C M) 1 KH KW", bias="(C M)", y="N (C M) P Q")
    def _(torch, x, kernel, bias=None, *, C, kernel_size, stride, padding, dilation):
        own = torch_padding(padding, stride)
        if own != padding:
            x = torch.nn.functional.pad(x, torch_margins(x.shape[2:], kernel_size, stride, dilation, padding))
        return torch.nn.functional.conv2d(x, kernel, bias, stride, own, dilation, groups=C)

    @case.torch.layer(
        "torch.nn.Conv2d",
        weights=lambda bias: dict(weight="kernel: (C M) 1 KH KW", **(dict(bias="bias: (C M)") if bias else {})),
        y="N (C M) P Q",
    )
    def _(torch, *, C, M, kernel_size, stride, padding, dilation, bias):
        own, pad = torch_padding(padding, stride), torch.nn.functional.pad
        layer = torch.nn.Conv2d(C, C * M, kernel_size, stride, own, dilation, groups=C, bias=bias)
        if own == padding:
            return layer
        return layer, lambda x: layer(pad(x, torch_margins(x.shape[2:], kernel_size, stride, dilation, padding)))

    return case


def depthwise_conv2d_in_tensorflow(case):
    @case.tensorflow("tf.nn.depthwise_conv2d", **CHANNELS_LAST)
    def _(tf, x, kernel, bias=None, *, kernel_size, stride, padding, dilation):
        if isinstance(padding, str):
            padding = padding.upper()
        else:
            padding = tf_margins(x.shape[1:-1], kernel_size, stride, dilation, padding)
        y = tf.nn.depthwise_conv2d(x, kernel, (1, *stride, 1), padding, dilations=dilation)
        return y if bias is None else tf.nn.bias_add(y, bias)


def depthwise_layer_in_keras(case):
    @case.tensorflow.layer(
        "keras.layers.DepthwiseConv2D",
        weights=lambda bias: dict(kernel="kernel: KH KW C M", **(dict(bias="bias: (C M)") if bias else {})),
        x="N H W C",
        y="N P Q (C M)",
    )
    def _(tf, *, M, kernel_size, stride, padding, dilation, bias):
        DepthwiseConv2D = tf.keras.layers.DepthwiseConv2D
        own = padding if isinstance(padding, str) else "valid"
        layer = DepthwiseConv2D(kernel_size, stride, own, M, dilation_rate=dilation, use_bias=bias)
        return layer if own == padding else (layer, lambda x: layer(tf.keras.layers.ZeroPadding2D(padding)(x)))


depthwise_conv2d = depthwise(
    "depthwise_conv2d",
    "Each channel convolved with kernels of its own, whose results lie side by side.",
    grid(kernel_size=[(3, 2)], stride=[(1, 1), (2, 2), (3, 3)], padding=["valid", "same"])
    + grid(kernel_size=[(3, 3)], stride=[(2, 2)], padding=["same"], M=[1])
    + grid(kernel_size=[(3, 3)], stride=[(2, 2)], padding=[(1, 1)], M=[1], bias=[False])
    + grid(kernel_size=[(4, 2)], stride=[(1, 1)], padding=[(1, 2)], bias=[False])
    + grid(kernel_size=[(1, 1)], padding=["valid"], bias=[False])
    + grid(kernel_size=[(3, 2)], padding=["valid", "same"], dilation=[(2, 2), (1, 3)]),
)
depthwise_conv2d.timed(
    {"MobileNet": dict(kernel_size=(3, 3), padding="same", M=1, N=1, C=128, H=56, W=56)},
    multiply_adds=lambda KH, KW: KH * KW,
)
depthwise_conv2d_in_tensorflow(depthwise_conv2d)
depthwise_layer_in_keras(depthwise_conv2d)

padded_depthwise_conv2d = depthwise(
    "padded_depthwise_conv2d",
    "Explicit padding and a bias together, which tf.nn.depthwise_conv2d cannot have in a graph.",
    grid(kernel_size=[(3, 3)], stride=[(2, 2)], padding=[(1, 1)], M=[1])
    + grid(kernel_size=[(4, 2)], stride=[(1, 1)], padding=[(1, 2)]),
    dtypes=["float64", "float32"],
)
depthwise_conv2d_in_tensorflow(padded_depthwise_conv2d)
depthwise_layer_in_keras(padded_depthwise_conv2d)


@padded_depthwise_conv2d.tensorflow("tf.pad + tf.nn.depthwise_conv2d", **CHANNELS_LAST)
def _(tf, x, kernel, bias=None, *, kernel_size, stride, padding, dilation):
    x = tf.pad(x, tf_margins(x.shape[1:-1], kernel_size, stride, dilation, padding))
    y = tf.nn.depthwise_conv2d(x, kernel, (1, *stride, 1), "VALID", dilations=dilation)
    return tf.nn.bias_add(y, bias)


padded_depthwise_conv2d.limitation(
    "tf.nn.depthwise_conv2d",
    stage="crash",
    raises="killed by SIGABRT",
    because="a graph fuses the convolution and the bias for oneDNN, forgets the explicit padding, and fails a check as "
    "it infers the shape; pad with tf.pad",
    source=MEASURED,
    dtypes=["float32"],
    devices=["cpu"],
    modes=["graph"],
    kernels=["onednn"],
)

strided_dilated_depthwise_conv2d = depthwise(
    "strided_dilated_depthwise_conv2d",
    "A stride and a dilation together, which tf.nn.depthwise_conv2d accepts and computes wrongly.",
    grid(kernel_size=[(3, 2), (3, 3)], stride=[(2, 2)], dilation=[(2, 2)], H=[8], W=[12]),
)
depthwise_conv2d_in_tensorflow(strided_dilated_depthwise_conv2d)
depthwise_layer_in_keras(strided_dilated_depthwise_conv2d)


@strided_dilated_depthwise_conv2d.tensorflow("tf.nn.depthwise_conv2d + slicing", **CHANNELS_LAST)
def _(tf, x, kernel, bias=None, *, kernel_size, stride, padding, dilation):
    x = tf.pad(x, tf_margins(x.shape[1:-1], kernel_size, stride, dilation, padding))
    y = tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), "VALID", dilations=dilation)
    return tf.nn.bias_add(y[:, :: stride[0], :: stride[1]], bias)


strided_dilated_depthwise_conv2d.deviation(
    "tf.nn.depthwise_conv2d",
    quantities=["output:y", "grad:x", "grad:kernel"],
    within=10,
    because="the stride is taken within each of the interleaved parts that the dilation splits the image into, which "
    "gives other positions; the documentation asks for a stride of 1, but nothing checks it",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d",
)

depthwise_conv2d_double = depthwise(
    "depthwise_conv2d_double",
    "Strides that differ between the axes, in the format that oneDNN does not have.",
    grid(kernel_size=[(3, 2)], stride=[(2, 3)], padding=["valid", "same"]),
    dtypes=["float64"],
)
depthwise_conv2d_in_tensorflow(depthwise_conv2d_double)
depthwise_layer_in_keras(depthwise_conv2d_double)
for api in ("tf.nn.depthwise_conv2d", "keras.layers.DepthwiseConv2D"):
    depthwise_conv2d_double.limitation(
        api,
        raises="InvalidArgumentError: Current implementation only supports equal length strides",
        because="TensorFlow's own kernel has one stride for both axes; XLA's has two",
        source=MEASURED,
        modes=["eager", "graph"],
    )


@depthwise_conv2d.torch.naive(
    "torch.nn.functional.conv2d",
    "kernel of TensorFlow reshaped",
    when=dict(kernel_size=(3, 2), stride=(1, 1), padding="valid", dilation=(1, 1)),
    because="reshape keeps the order of the elements in storage, which is [height, width, channel, multiplier]",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d",
    fix="permute the kernel with (2, 3, 0, 1) and reshape that",
    kernel="KH KW C M",
    bias="(C M)",
    y="N (C M) P Q",
)
def _(torch, x, kernel, bias, *, C, M, KH, KW):
    return torch.nn.functional.conv2d(x, kernel.reshape(C * M, 1, KH, KW), bias, groups=C)


@depthwise_conv2d.torch.naive(
    "torch.nn.functional.conv2d",
    "kernel permuted as a full one",
    when=dict(kernel_size=(3, 2), stride=(1, 1), padding="valid", dilation=(1, 1)),
    because="(3, 2, 0, 1) puts the multiplier before the channel, where the groups need it after",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d",
    fix="permute the kernel with (2, 3, 0, 1) and reshape that",
    kernel="KH KW C M",
    bias="(C M)",
    y="N (C M) P Q",
)
def _(torch, x, kernel, bias, *, C, M, KH, KW):
    weight = kernel.permute(3, 2, 0, 1).reshape(C * M, 1, KH, KW)
    return torch.nn.functional.conv2d(x, weight, bias, groups=C)


@depthwise_conv2d.torch.naive(
    "torch.nn.Conv2d",
    "padding 1 on every side",
    when=dict(kernel_size=(3, 3), stride=(2, 2), padding="same"),
    because="on an axis of even length SAME adds one zero, and at the end, so that every window moves by one",
    source="https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2",
    fix="pad with torch.nn.functional.pad, the odd zero at the end, and convolve without padding",
    weights=dict(weight="kernel: (C M) 1 KH KW", bias="bias: (C M)"),
    y="N (C M) P Q",
)
def _(torch, *, C, M, kernel_size, stride):
    return torch.nn.Conv2d(C, C * M, kernel_size, stride, padding=1, groups=C)


@padded_depthwise_conv2d.tensorflow.naive(
    "keras.layers.DepthwiseConv2D",
    "same for a padding of 1",
    when=dict(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1)),
    because="on an axis of even length SAME adds one zero, and at the end, where PyTorch's padding adds two",
    source="https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2",
    fix="put keras.layers.ZeroPadding2D(1) before a layer with padding='valid'",
    weights=dict(kernel="kernel: KH KW C M", bias="bias: (C M)"),
    x="N H W C",
    y="N P Q (C M)",
)
def _(tf, *, M, kernel_size, stride):
    return tf.keras.layers.DepthwiseConv2D(kernel_size, stride, "same", M)


@depthwise_conv2d.tensorflow.naive(
    "tf.nn.depthwise_conv2d",
    "strides of height and width only",
    when=dict(kernel_size=(3, 2), stride=(2, 2), padding="valid"),
    raises="InvalidArgumentError: Sliding window strides field must specify 4 dimensions",
    because="unlike tf.nn.conv2d, tf.nn.depthwise_conv2d takes four strides only",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d",
    fix="give the strides as 1, height, width, 1",
    **CHANNELS_LAST,
)
def _(tf, x, kernel, bias, *, stride):
    return tf.nn.depthwise_conv2d(x, kernel, stride, "VALID") + bias
