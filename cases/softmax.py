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


log_softmax = Case(
    "log_softmax",
    "The logarithm of softmax, computed without leaving the range of the format.",
    sizes=dict(N=3, C=4, T=5),
    inputs=lambda mean: dict(x=normal("N C T", mean=mean)),
    outputs=dict(y="N C T"),
    variants=grid(axis=[-1, 1], mean=[0, 1000]),
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
