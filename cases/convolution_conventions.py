"""Convolutions where only a convention tells axes apart: channels first, equal numbers of channels, the first bias."""

from _convolution import channels_last, convolution, keras_variables

from parity import Case, buffer, grid, normal

MEASURED = "measured with tensorflow 2.21.0"
TF_CONV2D = "https://www.tensorflow.org/api_docs/python/tf/nn/conv2d"

channels_first_conv2d = convolution(
    "channels_first_conv2d",
    "TensorFlow's operations told that the channels come first; on a CPU float16 depends on the processor.",
    2,
    grid(kernel_size=[(3, 2)], stride=[(1, 1), (2, 2)], padding=["valid"]),
    dtypes=["float64", "float32"],
)


@channels_first_conv2d.tensorflow("tf.transpose + tf.nn.conv2d", **channels_last(2) | dict(x="N C H W", y="N O P Q"))
def _(tf, x, kernel, bias, *, stride):
    y = tf.nn.bias_add(tf.nn.conv2d(tf.transpose(x, [0, 2, 3, 1]), kernel, stride, "VALID"), bias)
    return tf.transpose(y, [0, 3, 1, 2])


@channels_first_conv2d.tensorflow("tf.nn.conv2d", kernel="KH KW I O")
def _(tf, x, kernel, bias, *, stride):
    return tf.nn.bias_add(tf.nn.conv2d(x, kernel, stride, "VALID", data_format="NCHW"), bias, "NCHW")


@channels_first_conv2d.tensorflow.layer("keras.layers.Conv2D", weights=keras_variables(2))
def _(tf, *, O, kernel_size, stride):
    return tf.keras.layers.Conv2D(O, kernel_size, stride, data_format="channels_first")


for api in ("tf.nn.conv2d", "keras.layers.Conv2D"):
    channels_first_conv2d.limitation(
        api,
        raises="UnimplementedError: The Conv2D op currently only supports the NHWC tensor format on the CPU",
        because="only oneDNN, which has no float64 and is the default on some processors only, and XLA implement it on "
        "a CPU; transpose instead",
        source=MEASURED,
        kernels=["eigen", "fused"],
        devices=["cpu"],
        modes=["eager", "graph"],
    )

equal_channels_conv2d = convolution(
    "equal_channels_conv2d",
    "As many output channels as input channels, so that no shape tells a kernel from its transpose.",
    2,
    grid(kernel_size=[(3, 3)], stride=[(1, 1)], padding=["valid"]),
    O=lambda C: C,
)


@equal_channels_conv2d.tensorflow("tf.nn.conv2d", **channels_last(2))
def _(tf, x, kernel, bias):
    return tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "VALID"), bias)


@equal_channels_conv2d.tensorflow.layer("keras.layers.Conv2D", weights=keras_variables(2), **channels_last(2))
def _(tf, *, O, kernel_size):
    return tf.keras.layers.Conv2D(O, kernel_size)


@equal_channels_conv2d.torch.naive(
    "torch.nn.functional.conv2d",
    "input and output channels swapped",
    because="TensorFlow's kernel ends with in and out, PyTorch's starts with out and in: moving both axes together "
    "keeps their order",
    source=TF_CONV2D,
    fix="permute the kernel with (3, 2, 0, 1)",
    kernel="KH KW I O",
)
def _(torch, x, kernel, bias):
    return torch.nn.functional.conv2d(x, kernel.permute(2, 3, 0, 1), bias)


@equal_channels_conv2d.tensorflow.naive(
    "keras.layers.Conv2D",
    "input and output channels swapped",
    because="PyTorch's kernel starts with out and in, Keras's ends with in and out: moving both axes together keeps "
    "their order",
    source="keras/src/layers/convolutional/base_conv.py of Keras 3.15.1: BaseConv.build",
    fix="permute the kernel with (2, 3, 1, 0)",
    weights=dict(kernel="kernel: KH KW O I", bias="bias: O"),
    x="N H W C",
    y="N P Q O",
)
def _(tf, *, O, kernel_size):
    return tf.keras.layers.Conv2D(O, kernel_size)


def legacy(title, because, fix, raises):
    """A divergence of equal_channels_conv2d: a call of tf.nn.conv2d that TensorFlow 2 refuses."""
    return equal_channels_conv2d.tensorflow.naive(
        "tf.nn.conv2d", title, because=because, fix=fix, raises=raises, source=TF_CONV2D, **channels_last(2)
    )


@legacy(
    "kernel called filter as in TensorFlow 1",
    because="TensorFlow 2 renamed the argument",
    fix="call it filters",
    raises="TypeError: Got an unexpected keyword argument 'filter'",
)
def _(tf, x, kernel, bias):
    return tf.nn.bias_add(tf.nn.conv2d(x, filter=kernel, strides=[1, 1, 1, 1], padding="VALID"), bias)


@legacy(
    "use_cudnn_on_gpu as in TensorFlow 1",
    because="TensorFlow 2 removed the argument",
    fix="leave it out",
    raises="TypeError: Got an unexpected keyword argument 'use_cudnn_on_gpu'",
)
def _(tf, x, kernel, bias):
    return tf.nn.bias_add(tf.nn.conv2d(x, kernel, [1, 1, 1, 1], "VALID", use_cudnn_on_gpu=True), bias)


@legacy(
    "use_cudnn_on_gpu by position",
    because="the fifth argument of TensorFlow 1's conv2d is gone, and its place is the data format's",
    fix="leave it out, and give the arguments after the padding by name",
    raises="AttributeError: 'bool' object has no attribute 'startswith'",
)
def _(tf, x, kernel, bias):
    return tf.nn.bias_add(tf.nn.conv2d(x, kernel, [1, 1, 1, 1], "VALID", True), bias)


@legacy(
    "padding in lower case",
    because="tf.nn takes VALID and SAME in capitals only, Keras and PyTorch valid and same in lower case",
    fix="write VALID",
    raises="InvalidArgumentError: Value for attr 'padding' of \"valid\" is not in the list of allowed values",
)
def _(tf, x, kernel, bias):
    return tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "valid"), bias)


@equal_channels_conv2d.torch.naive(
    "torch.nn.functional.conv2d",
    "padding in capitals",
    because="PyTorch takes valid and same in lower case only, tf.nn VALID and SAME in capitals",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html",
    fix="write valid",
    raises="RuntimeError: Invalid padding string: 'VALID'",
)
def _(torch, x, kernel, bias):
    return torch.nn.functional.conv2d(x, kernel, bias, padding="VALID")


@equal_channels_conv2d.torch.naive(
    "torch.nn.functional.conv2d",
    "stride with batch and channel",
    because="tf.nn.conv2d takes a stride for all four axes, PyTorch for height and width",
    source=TF_CONV2D,
    fix="leave the ones for batch and channel out",
    raises="RuntimeError: expected stride to be a single integer value or a list of 2 values",
)
def _(torch, x, kernel, bias):
    return torch.nn.functional.conv2d(x, kernel, bias, (1, 1, 1, 1))


conv2d_first_bias = Case(
    "conv2d_first_bias",
    "The bias of a convolution layer before training, which is zero in Keras.",
    sizes=dict(N=2, C=4, H=7, W=9, O=5),
    inputs=dict(x=normal("N C H W", gradient=False)),
    outputs=dict(bias=buffer("O")),
    exact=True,
    eager_only="a captured graph cannot draw the weights of a new layer at every call",
    untimed="it looks at the first weights of a new layer",
    draws=True,
)


@conv2d_first_bias.reference
def _(np, x, *, O):
    return np.zeros(O)


@conv2d_first_bias.torch("torch.nn.Conv2d + torch.nn.init.zeros_")
def _(torch, x, *, C, O):
    return torch.nn.init.zeros_(torch.nn.Conv2d(C, O, 3, device=x.device).bias)


@conv2d_first_bias.tensorflow("keras.layers.Conv2D", x="N H W C")
def _(tf, x, *, O):
    layer = tf.keras.layers.Conv2D(O, 3)
    layer.build(x.shape)
    return layer.bias


@conv2d_first_bias.torch.naive(
    "torch.nn.Conv2d",
    "bias left as PyTorch draws it",
    because="PyTorch draws the bias from a uniform distribution as wide as one over the root of the kernel's inputs",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html",
    fix="set it to zero with torch.nn.init.zeros_",
)
def _(torch, x, *, C, O):
    return torch.nn.Conv2d(C, O, 3, device=x.device).bias
