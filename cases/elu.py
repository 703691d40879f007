"""Activations that are exponential below zero: ELU and SELU."""

from parity import Case, distinct, grid, normal

elu = Case(
    "elu",
    "Exponential linear unit: x above zero, alpha (exp(x) - 1) below.",
    sizes=dict(N=7, C=9),
    inputs=dict(x=normal("N C", std=3)),
    outputs=dict(y="N C"),
    variants=grid(alpha=[1.0, 0.5]),
)


@elu.reference
def _(np, x, *, alpha):
    return np.where(x > 0, x, alpha * np.expm1(x))


@elu.torch("torch.nn.functional.elu")
def _(torch, x, *, alpha):
    return torch.nn.functional.elu(x, alpha)


@elu.torch.layer("torch.nn.ELU", weights={})
def _(torch, *, alpha):
    return torch.nn.ELU(alpha)


@elu.tensorflow("tf.nn.elu")
def _(tf, x, *, alpha):
    y = tf.nn.elu(x)
    return tf.where(x > 0, y, alpha * y)


@elu.tensorflow("keras.activations.elu")
def _(tf, x, *, alpha):
    return tf.keras.activations.elu(x, alpha=alpha)


@elu.tensorflow.layer("keras.layers.ELU", weights={})
def _(tf, *, alpha):
    return tf.keras.layers.ELU(alpha=alpha)


selu = Case(
    "selu",
    "Scaled exponential linear unit: its two constants keep mean 0 and variance 1 through a deep network.",
    sizes=dict(N=7, C=9),
    inputs=dict(x=distinct("N C")),
    outputs=dict(y="N C"),
)


@selu.reference
def _(np, x):
    scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
    return scale * np.where(x > 0, x, alpha * np.expm1(x))


@selu.torch("torch.nn.functional.selu")
def _(torch, x):
    return torch.nn.functional.selu(x)


@selu.torch.layer("torch.nn.SELU", weights={})
def _(torch):
    return torch.nn.SELU()


@selu.tensorflow("tf.nn.selu")
def _(tf, x):
    return tf.nn.selu(x)


@selu.tensorflow("keras.activations.selu")
def _(tf, x):
    return tf.keras.activations.selu(x)


@selu.tensorflow.layer("keras.layers.Activation", weights={})
def _(tf):
    return tf.keras.layers.Activation("selu")


@elu.tensorflow.naive(
    "tf.nn.elu",
    "alpha left out",
    when=dict(alpha=0.5),
    size=(0.026, 0.16),
    because="tf.nn.elu has no alpha: it is 1",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/elu",
    fix="use keras.activations.elu(x, alpha=...)",
)
def _(tf, x):
    return tf.nn.elu(x)


@elu.torch.naive(
    "torch.nn.functional.leaky_relu",
    "taken for a leaky ReLU",
    when=dict(alpha=0.5),
    because="alpha is a slope in tf.nn.leaky_relu and the limit towards minus infinity here",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.ELU.html",
    fix="use torch.nn.functional.elu(x, alpha)",
)
def _(torch, x, *, alpha):
    return torch.nn.functional.leaky_relu(x, alpha)


@selu.torch.naive(
    "torch.nn.functional.elu",
    "scale left out",
    size=(0.024, 0.097),
    because="SELU is ELU with alpha 1.6733 times 1.0507, also above zero",
    source="https://arxiv.org/abs/1706.02515",
    fix="use torch.nn.functional.selu",
)
def _(torch, x):
    return torch.nn.functional.elu(x, 1.6732632423543772)
