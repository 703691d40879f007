"""Batches of no examples, axes of length zero, and batches of one."""

from _convolution import patches
from _losses import log_softmax, one_hot

from parity import Case, buffer, grid, integers, normal, zeros

CONV2D = dict(x="N H W C", kernel="KH KW C O", y="N P Q O")
ONEDNN_CONV = "measured with tensorflow 2.21.0; with TF_ENABLE_ONEDNN_OPTS=0 the shape is right"


def convolved(np, x, kernel):
    """A convolution of images with stride 1 and without padding."""
    under = patches(np, x, kernel.shape[2:], stride=(1, 1), dilation=(1, 1), added=[(0, 0), (0, 0)])
    return np.einsum("ncpkql,ockl->nopq", under, kernel)


empty_linear = Case(
    "empty_linear",
    "A linear layer on a batch of none: an empty result, and gradients of zero for the weights.",
    sizes=dict(N=3, I=4, O=5),
    inputs=dict(x=normal("N I")),
    weights=dict(kernel=normal("O I"), bias=normal("O")),
    outputs=dict(y="N O"),
    variants=grid(N=[3, 0]),
)


@empty_linear.reference
def _(np, x, kernel, bias):
    return np.sum(x[:, None, :] * kernel, -1) + bias


@empty_linear.torch("torch.nn.functional.linear")
def _(torch, x, kernel, bias):
    return torch.nn.functional.linear(x, kernel, bias)


@empty_linear.torch.layer("torch.nn.Linear", weights=dict(weight="kernel: O I", bias="bias: O"))
def _(torch, *, I, O):
    return torch.nn.Linear(I, O)


@empty_linear.tensorflow("tf.matmul", kernel="I O")
def _(tf, x, kernel, bias):
    return tf.matmul(x, kernel) + bias


@empty_linear.tensorflow.layer("keras.layers.Dense", weights=dict(kernel="kernel: I O", bias="bias: O"))
def _(tf, *, O):
    return tf.keras.layers.Dense(O)


empty_conv2d = Case(
    "empty_conv2d",
    "A convolution of a batch of none.",
    sizes=dict(N=3, C=2, H=7, W=6, O=5, KH=3, KW=4),
    inputs=dict(x=normal("N C H W")),
    weights=dict(kernel=normal("O C KH KW")),
    outputs=dict(y="N O P Q"),
    variants=grid(N=[3, 0]),
    dtypes=["float32", "float64", "float16", "bfloat16"],
)


@empty_conv2d.reference
def _(np, x, kernel):
    return convolved(np, x, kernel)


@empty_conv2d.torch("torch.nn.functional.conv2d")
def _(torch, x, kernel):
    return torch.nn.functional.conv2d(x, kernel)


@empty_conv2d.torch.layer("torch.nn.Conv2d", weights=dict(weight="kernel: O C KH KW"))
def _(torch, *, C, O, KH, KW):
    return torch.nn.Conv2d(C, O, (KH, KW), bias=False)


for api in ("torch.nn.functional.conv2d", "torch.nn.Conv2d"):
    empty_conv2d.limitation(
        api,
        stage="gradient",
        raises="AssertionError: Error in op: torch.ops.aten.convolution_backward.default",
        because="Inductor expects other strides of the gradient of an empty batch than the kernel gives it",
        source="measured with torch 2.13.0",
        when=dict(N=0),
        modes=["compiled"],
    )


@empty_conv2d.tensorflow("tf.pad + tf.nn.conv2d", **CONV2D)
def _(tf, x, kernel):
    one_more = tf.pad(x, [[0, 1], [0, 0], [0, 0], [0, 0]])
    return tf.nn.conv2d(one_more, kernel, 1, "VALID")[:-1]


@empty_conv2d.tensorflow.naive(
    "tf.nn.conv2d",
    "an empty batch",
    when=dict(N=0),
    kind="shape",
    because="an empty result keeps the shape of the input in oneDNN's float32 convolution: (0, 7, 6, 2)",
    source=ONEDNN_CONV,
    kernels=["onednn"],
    fix="skip empty batches, or add an example and drop its result",
    **CONV2D,
)
def _(tf, x, kernel):
    return tf.nn.conv2d(x, kernel, 1, "VALID")


@empty_conv2d.tensorflow.naive(
    "keras.layers.Conv2D",
    "an empty batch",
    when=dict(N=0),
    raises="InvalidArgumentError: Incompatible shapes",
    because="the bias does not fit the convolution's result, which keeps the shape of the empty input",
    source=ONEDNN_CONV,
    kernels=["onednn"],
    fix="skip empty batches, or add an example and drop its result",
    weights=dict(kernel="kernel: KH KW C O", bias=zeros("O")),
    x="N H W C",
    y="N P Q O",
)
def _(tf, *, O, KH, KW):
    return tf.keras.layers.Conv2D(O, (KH, KW))


too_small = Case(
    "convolution_of_too_few_rows",
    "A convolution whose kernel has one row more than the image has no result to give.",
    sizes=dict(N=2, C=3, H=4, W=6, O=5, KH=5, KW=2),
    inputs=dict(x=normal("N C H W", gradient=False)),
    weights=dict(kernel=normal("O C KH KW", gradient=False)),
    outputs=dict(y=buffer("N O P Q")),
    variants=grid(KH=[3, 5]),
    dtypes=["float32", "float64", "float16", "bfloat16"],
)


@too_small.reference
def _(np, x, kernel):
    return convolved(np, x, kernel)


@too_small.torch("torch.nn.functional.conv2d")
def _(torch, x, kernel):
    return torch.nn.functional.conv2d(x, kernel)


too_small.limitation(
    "torch.nn.functional.conv2d",
    raises="RuntimeError or TorchRuntimeError: Kernel size can't be greater than actual input size",
    because="PyTorch refuses a kernel larger than its input, TensorFlow gives an empty result",
    source="measured with torch 2.13.0",
    when=dict(KH=5),
)


@too_small.tensorflow("tf.matmul", **CONV2D)
def _(tf, x, kernel, *, KH, KW):
    rows, columns = x.shape[1] - KH + 1, x.shape[2] - KW + 1
    parts = [x[:, i : i + rows, j : j + columns] @ kernel[i, j] for i in range(KH) for j in range(KW)]
    return tf.add_n(parts)


@too_small.tensorflow.naive(
    "tf.nn.conv2d",
    "a kernel of one row too many",
    when=dict(KH=5),
    kind="shape",
    because="an empty result keeps the shape of the input in oneDNN's float32 convolution: memory that nothing wrote",
    source=ONEDNN_CONV,
    kernels=["onednn"],
    fix="check the input's size, as PyTorch does",
    **CONV2D,
)
def _(tf, x, kernel):
    return tf.nn.conv2d(x, kernel, 1, "VALID")


empty_rnn = Case(
    "empty_rnn",
    "A simple recurrent layer on a batch of none, or on sequences without a step.",
    sizes=dict(N=3, T=4, I=2, H=5, J=lambda H: H),
    inputs=dict(x=normal("N T I")),
    weights=dict(kernel=normal("H I"), recurrent=normal("H J")),
    outputs=dict(h="N H"),
    variants=grid(N=[3, 0]) + grid(T=[0]),
)


@empty_rnn.reference
def _(np, x, kernel, recurrent, *, N, T, H):
    h = np.zeros((N, H))
    for t in range(T):
        h = np.tanh(np.sum(x[:, t, None] * kernel, -1) + np.sum(h[:, None] * recurrent, -1))
    return h


@empty_rnn.torch.layer("torch.nn.RNN", weights=dict(weight_ih_l0="kernel: H I", weight_hh_l0="recurrent: H J"))
def _(torch, *, I, H):
    layer = torch.nn.RNN(I, H, bias=False, batch_first=True)
    return layer, lambda x: layer(x)[1][0]


@empty_rnn.torch.layer("torch.nn.RNNCell", weights=dict(weight_ih="kernel: H I", weight_hh="recurrent: H J"))
def _(torch, *, I, H):
    cell = torch.nn.RNNCell(I, H, bias=False)

    def unrolled(x):
        h = x.new_zeros(x.shape[0], H)
        for step in x.unbind(1):
            h = cell(step, h)
        return h

    return cell, unrolled


@empty_rnn.tensorflow.layer(
    "keras.layers.SimpleRNN",
    weights={
        "simple_rnn_cell/kernel": "kernel: I H",
        "simple_rnn_cell/recurrent_kernel": "recurrent: J H",
    },
)
def _(tf, *, H):
    return tf.keras.layers.SimpleRNN(H, use_bias=False, recurrent_initializer="zeros")


for modes, message in (
    (["eager"], "RuntimeError: Expected sequence length to be larger than 0 in RNN"),
    (["graph", "compiled"], "TorchRuntimeError: cat expects at least one tensor, but received zero"),
):
    empty_rnn.limitation(
        "torch.nn.RNN",
        raises=message,
        because="a sequence without steps is refused",
        source="https://github.com/pytorch/pytorch/issues/50192",
        when=dict(T=0),
        modes=modes,
    )
empty_rnn.deviation(
    "torch.nn.RNNCell",
    quantities=["grad:*"],
    missing=True,
    because="a loop over no steps does not call the cell, so nothing has a gradient (None), where it is zero",
    source="https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html",
    when=dict(T=0),
)
empty_rnn.limitation(
    "keras.layers.SimpleRNN",
    raises="InvalidArgumentError or ValueError: slice index 0 of dimension 1 out of bounds",
    because="a sequence without steps has no first step to read the shape from",
    source="measured with keras 3.15.1",
    when=dict(T=0),
)


empty_cross_entropy = Case(
    "empty_cross_entropy",
    "The mean cross entropy of a batch, 0 / 0 for a batch of none.",
    sizes=dict(N=3, C=5),
    inputs=dict(logits=normal("N C", gradient=False), labels=integers("N", 0, "C")),
    outputs=dict(loss=buffer("")),
    variants=grid(N=[3, 0]),
)


@empty_cross_entropy.reference
def _(np, logits, labels, *, N, C):
    return -np.sum(one_hot(np, labels, C) * log_softmax(np, logits)) / N if N else np.array(np.nan)


@empty_cross_entropy.torch("torch.nn.functional.cross_entropy")
def _(torch, logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels)


@empty_cross_entropy.tensorflow("tf.nn.sparse_softmax_cross_entropy_with_logits")
def _(tf, logits, labels):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))


@empty_cross_entropy.tensorflow.naive(
    "keras.losses.SparseCategoricalCrossentropy",
    "an empty batch",
    when=dict(N=0),
    kind="shape",
    because="a Keras loss of nothing is not reduced: it is an empty tensor, not a number",
    source="keras/src/losses/loss.py of Keras 3.15.1: reduce_values",
    fix="skip empty batches",
)
def _(tf, logits, labels, *, dtype):
    return tf.keras.losses.SparseCategoricalCrossentropy(True, dtype=dtype)(labels, logits)


empty_maximum = Case(
    "empty_maximum",
    "The largest of no elements: minus infinity.",
    sizes=dict(N=3, T=4),
    inputs=dict(x=normal("N T", gradient=False)),
    outputs=dict(y=buffer("N")),
    variants=grid(T=[4, 0]),
    exact=True,
)


@empty_maximum.reference
def _(np, x, *, N):
    return np.max(np.concatenate([x, np.full((N, 1), -np.inf)], 1), 1)


@empty_maximum.torch("torch.amax")
def _(torch, x):
    return torch.amax(x, dim=1)


@empty_maximum.torch("torch.max")
def _(torch, x):
    return torch.max(x, dim=1)[0]


@empty_maximum.tensorflow("tf.reduce_max")
def _(tf, x):
    return tf.reduce_max(x, axis=1)


for api, modes, message in (
    ("torch.amax", ["eager"], "IndexError: Expected reduction dim 1 to have non-zero size"),
    ("torch.amax", ["graph", "compiled"], "TorchRuntimeError: reducing over zero-size dimension"),
    ("torch.max", ["eager", "graph"], "IndexError: Expected reduction dim 1 to have non-zero size"),
    ("torch.max", ["compiled"], "InductorError: max not supported for zero-dimension tensors"),
):
    empty_maximum.limitation(
        api,
        raises=message,
        because="PyTorch gives no maximum of nothing, TensorFlow minus infinity",
        source="https://github.com/pytorch/pytorch/issues/130187",
        when=dict(T=0),
        modes=modes,
    )


batch_of_one = Case(
    "batch_of_one",
    "Batch normalization in training of a single example: it is its own mean, and the result is zero.",
    sizes=dict(N=3, C=4),
    inputs=dict(x=normal("N C", gradient=False)),
    outputs=dict(y=buffer("N C")),
    variants=grid(N=[3, 1]),
)


@batch_of_one.reference
def _(np, x):
    centred = x - np.mean(x, 0)
    return centred / np.sqrt(np.mean(centred**2, 0) + 0.125)


@batch_of_one.torch("torch.nn.functional.batch_norm")
def _(torch, x):
    return torch.nn.functional.batch_norm(x, None, None, training=True, eps=0.125)


batch_of_one.limitation(
    "torch.nn.functional.batch_norm",
    raises="ValueError or TorchRuntimeError: Expected more than 1 value per channel when training",
    because="PyTorch refuses to normalise one value per channel, TensorFlow gives zeros",
    source="torch/nn/functional.py of PyTorch 2.13.0: _verify_batch_size",
    when=dict(N=1),
)


@batch_of_one.torch("torch.var")
def _(torch, x):
    return (x - x.mean(dim=0)) * torch.rsqrt(torch.var(x, dim=0, correction=0) + 0.125)


@batch_of_one.tensorflow("tf.nn.batch_normalization")
def _(tf, x):
    mean, variance = tf.nn.moments(x, [0])
    return tf.nn.batch_normalization(x, mean, variance, None, None, 0.125)
