"""Softmax and its logarithm."""

from parity import Case, grid, normal

softmax = Case(
    "softmax",
    "Exponentials normalised to sum 1 along an axis.",
    sizes=dict(N=3, C=4, T=5),
    inputs=lambda mean: dict(x=normal("N C T", mean=mean)),
    outputs=dict(y="N C T"),
    variants=grid(axis=[-1, 1], mean=[0, 1000]),
)
softmax.timed({"BERT-base": dict(N=12, C=128, T=128)})


@softmax.reference
def _(np, x, *, axis):
    powers = np.exp(x - np.max(x, axis, keepdims=True))
    return powers / np.sum(powers, axis, keepdims=True)


@softmax.torch("torch.nn.functional.softmax")
def _(torch, x, *, axis):
    return torch.nn.functional.softmax(x, dim=axis)


@softmax.torch("torch.softmax")
def _(torch, x, *, axis):
    return torch.softmax(x, dim=axis)


@softmax.torch.layer("torch.nn.Softmax", weights={})
def _(torch, *, axis):
    return torch.nn.Softmax(dim=axis)


@softmax.tensorflow("tf.nn.softmax")
def _(tf, x, *, axis):
    return tf.nn.softmax(x, axis=axis)


@softmax.tensorflow("keras.activations.softmax")
def _(tf, x, *, axis):
    return tf.keras.activations.softmax(x, axis=axis)


@softmax.tensorflow.layer("keras.layers.Softmax", weights={})
def _(tf, *, axis):
    return tf.keras.layers.Softmax(axis=axis)


@softmax.torch.naive(
    "torch.nn.Softmax",
    "without dim",
    when=dict(axis=-1, mean=0),
    because="without dim PyTorch picks axis 0 for 0, 1 or 3 axes and axis 1 otherwise (and warns); TensorFlow the last",
    source="torch/nn/functional.py of PyTorch, _get_softmax_dim",
    fix="pass dim=-1",
    weights={},
)
def _(torch):
    return torch.nn.Softmax()


@softmax.torch.naive(
    "torch.nn.functional.softmax",
    "over axis 1 of a sequence",
    when=dict(axis=-1, mean=0),
    because="dim=1 is the class axis of a matrix of logits, but the time axis of [N, T, classes]",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html",
    fix="pass dim=-1",
)
def _(torch, x):
    return torch.nn.functional.softmax(x, dim=1)


@softmax.tensorflow.naive(
    "tf.nn.softmax",
    "without axis",
    when=dict(axis=1, mean=0),
    because="the default axis is the last one, but PyTorch's class axis is the second one",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/softmax",
    fix="pass axis=1",
)
def _(tf, x):
    return tf.nn.softmax(x)


@softmax.torch.naive(
    "torch.exp",
    "exponentials not shifted",
    when=dict(mean=1000),
    kind="nonfinite",
    because="exp(1000) is infinite even in float64, and infinity divided by infinity is NaN",
    source="measured with torch 2.13.0",
    fix="use torch.softmax, which subtracts the maximum first",
)
def _(torch, x, *, axis):
    powers = torch.exp(x)
    return powers / powers.sum(axis, keepdim=True)


@softmax.torch.naive(
    "torch.nn.functional.softmax",
    "applied twice",
    when=dict(mean=0),
    because="a loss or a layer that contains a softmax already got its result instead of the logits",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html",
    fix="apply softmax once, and none before a loss on logits",
)
def _(torch, x, *, axis):
    return torch.softmax(torch.softmax(x, axis), axis)


log_softmax = Case(
    "log_softmax",
    "The logarithm of softmax, computed without leaving the range of the format.",
    sizes=dict(N=3, C=4, T=5),
    parameters=dict(std=1),
    inputs=lambda mean, std: dict(x=normal("N C T", mean=mean, std=std)),
    outputs=dict(y="N C T"),
    variants=grid(axis=[-1, 1], mean=[0, 1000]) + grid(axis=[-1], mean=[0], std=[1000]),
)


@log_softmax.reference
def _(np, x, *, axis):
    shifted = x - np.max(x, axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis, keepdims=True))


@log_softmax.torch("torch.nn.functional.log_softmax")
def _(torch, x, *, axis):
    return torch.nn.functional.log_softmax(x, dim=axis)


@log_softmax.torch.layer("torch.nn.LogSoftmax", weights={})
def _(torch, *, axis):
    return torch.nn.LogSoftmax(dim=axis)


@log_softmax.tensorflow("tf.nn.log_softmax")
def _(tf, x, *, axis):
    return tf.nn.log_softmax(x, axis=axis)


@log_softmax.tensorflow("keras.activations.log_softmax")
def _(tf, x, *, axis):
    return tf.keras.activations.log_softmax(x, axis=axis)


@log_softmax.torch.naive(
    "torch.log",
    "logarithm of softmax",
    when=dict(std=1000),
    kind="nonfinite",
    because="the small probabilities are rounded to zero, whose logarithm is infinite",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html",
    fix="use torch.nn.functional.log_softmax",
)
def _(torch, x, *, axis):
    return torch.log(torch.softmax(x, axis))


@log_softmax.tensorflow.naive(
    "tf.math.log",
    "logarithm of softmax",
    when=dict(std=1000),
    kind="nonfinite",
    because="the small probabilities are rounded to zero, whose logarithm is infinite",
    source="measured with TensorFlow 2.21.0, Keras 3.15.1",
    fix="use tf.nn.log_softmax",
)
def _(tf, x, *, axis):
    return tf.math.log(tf.nn.softmax(x, axis))


@log_softmax.torch.naive(
    "torch.nn.LogSoftmax",
    "without dim",
    when=dict(axis=-1, mean=0, std=1),
    because="without dim PyTorch picks axis 0 for 0, 1 or 3 axes and axis 1 otherwise (and warns); TensorFlow the last",
    source="torch/nn/functional.py of PyTorch, _get_softmax_dim",
    fix="pass dim=-1",
    weights={},
)
def _(torch):
    return torch.nn.LogSoftmax()
