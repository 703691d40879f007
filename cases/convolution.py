"""Convolutions in one to three dimensions: TensorFlow's and symmetric padding, strides, even and 1x1 kernels."""

from _convolution import channels_last, convolution, keras_variables, tf_margins

from parity import grid

VARIANTS = {
    1: grid(kernel_size=[(2,), (3,)], stride=[(1,), (2,), (3,)], padding=["valid", "same"])
    + grid(kernel_size=[(3,)], stride=[(2,)], padding=["same"], L=[12])
    + grid(kernel_size=[(4,)], stride=[(1,), (2,)], padding=["same"])
    + grid(kernel_size=[(1,)], stride=[(1,), (2,)], padding=["same"], bias=[False])
    + grid(kernel_size=[(3,)], stride=[(1,)], padding=[(1,)])
    + grid(kernel_size=[(4,)], stride=[(3,)], padding=[(2,)])
    + grid(kernel_size=[(3,)], stride=[(1,), (2,)], padding=["causal"]),
    2: grid(kernel_size=[(3, 2)], stride=[(1, 1), (2, 2), (3, 1)], padding=["valid", "same"])
    + grid(kernel_size=[(3, 3)], stride=[(2, 2)], padding=["same", (1, 1)], H=[8])
    + grid(kernel_size=[(4, 5)], stride=[(1, 1), (2, 3)], padding=["same"])
    + grid(kernel_size=[(1, 1)], stride=[(1, 1), (2, 3)], padding=["valid"], bias=[False])
    + grid(kernel_size=[(3, 3)], stride=[(1, 1)], padding=[(1, 1)])
    + grid(kernel_size=[(3, 4)], stride=[(1, 3)], padding=[(0, 2)]),
    3: grid(kernel_size=[(2, 3, 1)], stride=[(1, 1, 1)], padding=["valid", "same"])
    + grid(kernel_size=[(3, 2, 4)], stride=[(1, 2, 3)], padding=["valid", "same"])
    + grid(kernel_size=[(2, 2, 2)], stride=[(2, 2, 2)], padding=["same"], bias=[False])
    + grid(kernel_size=[(1, 1, 1)], stride=[(1, 1, 1)], padding=["valid"])
    + grid(kernel_size=[(3, 2, 3)], stride=[(2, 1, 1)], padding=[(1, 0, 2)]),
}


def plain_convolution(rank):
    case = convolution(f"conv{rank}d", "The kernel moved over the input, with a bias added.", rank, VARIANTS[rank])

    @case.tensorflow(f"tf.nn.conv{rank}d", **channels_last(rank))
    def _(tf, x, kernel, bias=None, *, kernel_size, stride, padding, dilation):
        if padding in ("valid", "same"):
            padding = padding.upper()
        else:
            added = tf_margins(x.shape[1:-1], kernel_size, stride, dilation, padding)
            x, padding = (x, added) if rank == 2 else (tf.pad(x, added), "VALID")
        y = getattr(tf.nn, f"conv{rank}d")(x, kernel, (1, *stride, 1), padding)
        return y if bias is None else tf.nn.bias_add(y, bias)

    @case.tensorflow.layer(f"keras.layers.Conv{rank}D", weights=keras_variables(rank), **channels_last(rank))
    def _(tf, *, O, kernel_size, stride, padding, bias):
        Conv = getattr(tf.keras.layers, f"Conv{rank}D")
        if isinstance(padding, str):
            return Conv(O, kernel_size, stride, padding, use_bias=bias)
        layer = Conv(O, kernel_size, stride, use_bias=bias)
        pad = getattr(tf.keras.layers, f"ZeroPadding{rank}D")(padding if rank > 1 else padding[0])
        return layer, lambda x: layer(pad(x))

    return case


conv1d = plain_convolution(1)
conv2d = plain_convolution(2)
conv3d = plain_convolution(3)

conv1d.timed({"WaveNet": dict(kernel_size=(2,), N=1, C=128, O=128, L=1024)}, multiply_adds=lambda I, K: I * K)
conv2d.timed(
    {
        "ResNet-50-1x1": dict(kernel_size=(1, 1), N=1, C=256, O=64, H=56, W=56),
        "ResNet-50-3x3": dict(kernel_size=(3, 3), padding="same", N=1, C=64, O=64, H=56, W=56),
    },
    multiply_adds=lambda I, KH, KW: I * KH * KW,
)

TF_PADDING = "https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2"
TF_CONV2D = "https://www.tensorflow.org/api_docs/python/tf/nn/conv2d"
TORCH_CONV1D = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html"
SAME_STRIDE_2 = dict(kernel_size=(3, 3), stride=(2, 2), padding="same")


@conv2d.torch.naive(
    "torch.nn.functional.conv2d",
    "padding 1 on every side",
    when=SAME_STRIDE_2,
    because="on an axis of even length SAME adds one zero, and at the end, so that every window moves by one",
    source=TF_PADDING,
    fix="pad with torch.nn.functional.pad, the odd zero at the end, and convolve without padding",
)
def _(torch, x, kernel, bias, *, stride):
    return torch.nn.functional.conv2d(x, kernel, bias, stride, padding=1)


@conv2d.torch.naive(
    "torch.nn.functional.conv2d",
    "padding same with stride 2",
    when=SAME_STRIDE_2,
    raises="RuntimeError or ValueError: padding='same' is not supported for strided convolutions",
    because="PyTorch has no padding that depends on the input's length, as SAME does with a stride",
    source="https://github.com/pytorch/pytorch/issues/3867",
    fix="pad with torch.nn.functional.pad, the odd zero at the end, and convolve without padding",
)
def _(torch, x, kernel, bias, *, stride):
    return torch.nn.functional.conv2d(x, kernel, bias, stride, padding="same")


@conv2d.torch.naive(
    "torch.nn.Conv2d",
    "padding same with stride 2",
    when=SAME_STRIDE_2,
    raises="RuntimeError or ValueError: padding='same' is not supported for strided convolutions",
    because="PyTorch has no padding that depends on the input's length, as SAME does with a stride",
    source="https://github.com/pytorch/pytorch/issues/67551",
    fix="put torch.nn.ZeroPad2d before a layer without padding",
    weights=dict(weight="kernel: O I KH KW", bias="bias: O"),
)
def _(torch, *, C, O, kernel_size, stride):
    return torch.nn.Conv2d(C, O, kernel_size, stride, padding="same")


@conv2d.tensorflow.naive(
    "keras.layers.Conv2D",
    "same for a padding of 1",
    when=dict(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1)),
    because="on an axis of even length SAME adds one zero, and at the end, where PyTorch's padding adds two",
    source=TF_PADDING,
    fix="put keras.layers.ZeroPadding2D(1) before a layer with padding='valid'",
    weights=keras_variables(2),
    x="N H W C",
    y="N P Q O",
)
def _(tf, *, O, kernel_size, stride):
    return tf.keras.layers.Conv2D(O, kernel_size, stride, padding="same")


@conv2d.torch.naive(
    "torch.nn.functional.pad",
    "margins of the first axis first",
    when=dict(kernel_size=(4, 5), stride=(1, 1), padding="same"),
    kind="shape",
    because="torch.nn.functional.pad takes the margins of the last axis first, tf.pad those of the first",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html",
    fix="give the margins as left, right, top, bottom",
)
def _(torch, x, kernel, bias, *, kernel_size, stride, dilation, padding):
    (top, bottom), (left, right) = tf_margins(x.shape[2:], kernel_size, stride, dilation, padding)[1:-1]
    return torch.nn.functional.conv2d(torch.nn.functional.pad(x, (top, bottom, left, right)), kernel, bias)


@conv2d.torch.naive(
    "torch.nn.functional.conv2d",
    "kernel axes in reverse order",
    when=dict(kernel_size=(3, 3), stride=(1, 1), padding=(1, 1)),
    because="TensorFlow's kernel is [height, width, in, out]: reversing it puts the width before the height",
    source=TF_CONV2D,
    fix="permute the kernel with (3, 2, 0, 1)",
    kernel="KH KW I O",
)
def _(torch, x, kernel, bias):
    return torch.nn.functional.conv2d(x, kernel.permute(3, 2, 1, 0), bias, padding=1)


@conv2d.torch.naive(
    "torch.nn.functional.conv2d",
    "kernel left as TensorFlow has it",
    when=dict(kernel_size=(3, 3), stride=(1, 1), padding=(1, 1)),
    raises="RuntimeError: Given groups=1, weight of size [3, 3, 4, 5], expected input[2, 4, 7, 9] to have 3 channels",
    because="PyTorch reads [height, width, in, out] as [out, in, height, width]",
    source=TF_CONV2D,
    fix="permute the kernel with (3, 2, 0, 1)",
    kernel="KH KW I O",
)
def _(torch, x, kernel, bias):
    return torch.nn.functional.conv2d(x, kernel, bias, padding=1)


@conv2d.torch.naive(
    "torch.nn.functional.conv2d",
    "channels-last image reshaped to channels first",
    when=dict(kernel_size=(3, 2), stride=(1, 1), padding="valid"),
    because="reshape keeps the order of the elements in storage, so that each channel mixes all channels",
    source="https://docs.pytorch.org/docs/stable/generated/torch.reshape.html",
    fix="permute the image with (0, 3, 1, 2)",
    x="N H W C",
)
def _(torch, x, kernel, bias, *, N, C, H, W):
    return torch.nn.functional.conv2d(x.reshape(N, C, H, W), kernel, bias)


@conv2d.tensorflow.naive(
    "tf.nn.conv2d",
    "channels-first image",
    when=dict(kernel_size=(3, 3), stride=(1, 1), padding=(1, 1)),
    raises="InvalidArgumentError: input depth must be evenly divisible by filter depth: 9 vs 4",
    because="the default data format is NHWC, which takes the width for the channels",
    source=TF_CONV2D,
    fix="transpose the image with (0, 2, 3, 1)",
    kernel="KH KW I O",
)
def _(tf, x, kernel, bias):
    return tf.nn.conv2d(x, kernel, 1, "SAME")


@conv1d.torch.naive(
    "torch.nn.functional.conv1d",
    "kernel of TensorFlow reshaped",
    when=dict(kernel_size=(3,), stride=(1,), padding="valid"),
    because="reshape keeps the order of the elements in storage, which is [width, in, out] in TensorFlow",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/conv1d",
    fix="permute the kernel with (2, 1, 0)",
    kernel="K I O",
)
def _(torch, x, kernel, bias, *, O, I, K):
    return torch.nn.functional.conv1d(x, kernel.reshape(O, I, K), bias)


@conv1d.torch.naive(
    "torch.nn.functional.conv1d",
    "bias added by broadcasting",
    when=dict(kernel_size=(3,), stride=(2,), padding="valid"),
    because="broadcasting aligns the last axis, which is the width here; with as many positions as channels it runs",
    source="https://docs.pytorch.org/docs/stable/notes/broadcasting.html",
    fix="give the bias to conv1d, or add bias[:, None]",
)
def _(torch, x, kernel, bias, *, stride):
    return torch.nn.functional.conv1d(x, kernel, stride=stride) + bias


@conv1d.torch.naive(
    "torch.nn.functional.conv1d",
    "channels-last sequence",
    when=dict(kernel_size=(3,), stride=(1,), padding="valid"),
    raises="RuntimeError: expected input[2, 11, 4] to have 4 channels, but got 11 channels instead",
    because="PyTorch takes the axis after the batch for the channels, TensorFlow the last one",
    source=TORCH_CONV1D,
    fix="transpose the last two axes before and after",
    x="N L C",
)
def _(torch, x, kernel, bias):
    return torch.nn.functional.conv1d(x, kernel, bias)


@conv1d.torch.naive(
    "torch.nn.functional.conv1d",
    "kernel flipped",
    when=dict(kernel_size=(3,), stride=(1,), padding="valid"),
    because="both frameworks compute the cross-correlation, which does not flip the kernel as convolution does",
    source=TORCH_CONV1D,
    fix="leave the kernel as it is",
)
def _(torch, x, kernel, bias):
    return torch.nn.functional.conv1d(x, kernel.flip(-1), bias)


@conv1d.torch.naive(
    "torch.nn.Conv1d",
    "same for causal",
    when=dict(kernel_size=(3,), stride=(1,), padding="causal"),
    because="same pads both ends, so that each output sees later inputs; Keras's causal pads the start only",
    source="https://keras.io/api/layers/convolution_layers/convolution1d/",
    fix="pad kernel_size - 1 zeros in front with torch.nn.functional.pad and convolve without padding",
    weights=dict(weight="kernel: O I K", bias="bias: O"),
)
def _(torch, *, C, O, kernel_size):
    return torch.nn.Conv1d(C, O, kernel_size, padding="same")


@conv1d.torch.naive(
    "torch.nn.Conv1d",
    "causal by padding both ends",
    when=dict(kernel_size=(3,), stride=(1,), padding="causal"),
    kind="shape",
    because="PyTorch's padding applies to both ends, which adds kernel_size - 1 outputs after the last one",
    source=TORCH_CONV1D,
    fix="cut the last kernel_size - 1 outputs off",
    weights=dict(weight="kernel: O I K", bias="bias: O"),
)
def _(torch, *, C, O, kernel_size):
    return torch.nn.Conv1d(C, O, kernel_size, padding=kernel_size[0] - 1)
