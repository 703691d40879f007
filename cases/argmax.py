"""The index of the largest element: along which axis, with ties, and with NaN."""

from parity import Case, buffer, distinct, grid, integers

argmax = Case(
    "argmax",
    "The index of the largest element along an axis.",
    sizes=dict(N=3, T=4, C=5),
    inputs=dict(x=distinct("N T C", gradient=False)),
    outputs=lambda axis: dict(index=buffer({0: "T C", 1: "N C", -1: "N T"}[axis])),
    variants=grid(axis=[0, 1, -1]),
    exact=True,
)


@argmax.reference
def _(np, x, *, axis):
    return np.argmax(x, axis)


@argmax.torch("torch.argmax")
def _(torch, x, *, axis):
    return torch.argmax(x, dim=axis)


@argmax.torch("torch.max")
def _(torch, x, *, axis):
    return torch.max(x, dim=axis)[1]


@argmax.tensorflow("tf.argmax")
def _(tf, x, *, axis):
    return tf.argmax(x, axis=axis)


@argmax.tensorflow("keras.ops.argmax")
def _(tf, x, *, axis):
    return tf.cast(tf.keras.ops.argmax(x, axis=axis), tf.int64)


@argmax.tensorflow.naive(
    "tf.argmax",
    "axis left out",
    when=dict(axis=-1),
    kind="shape",
    because="tf.argmax takes axis 0 unless told otherwise: over a batch of scores, the best example for each class",
    source="https://www.tensorflow.org/api_docs/python/tf/math/argmax",
    fix="pass axis=-1",
)
def _(tf, x):
    return tf.argmax(x)


@argmax.torch.naive(
    "torch.argmax",
    "axis left out",
    when=dict(axis=0),
    kind="shape",
    because="torch.argmax without an axis gives one index into the flattened tensor, tf.argmax takes axis 0",
    source="https://docs.pytorch.org/docs/stable/generated/torch.argmax.html",
    fix="pass dim=0",
)
def _(torch, x):
    return torch.argmax(x)


argmax_of_ties = Case(
    "argmax_of_ties",
    "The index of the first of the largest elements.",
    sizes=dict(N=6, C=9),
    inputs=dict(n=integers("N C", 0, 3)),
    outputs=dict(index=buffer("N")),
    exact=True,
)


@argmax_of_ties.reference
def _(np, n):
    return np.argmax(n, -1)


@argmax_of_ties.torch("torch.argmax")
def _(torch, n):
    return torch.argmax(n, dim=-1)


@argmax_of_ties.torch("torch.max")
def _(torch, n):
    return torch.max(n, dim=-1)[1]


@argmax_of_ties.tensorflow("tf.argmax")
def _(tf, n):
    return tf.argmax(n, axis=-1)


@argmax_of_ties.tensorflow("keras.ops.argmax")
def _(tf, n):
    return tf.cast(tf.keras.ops.argmax(n, axis=-1), tf.int64)


@argmax_of_ties.torch.naive(
    "torch.argsort",
    "end of the ascending order",
    because="a stable sort keeps equal elements in their order: its end is the last of them, argmax the first",
    source="measured with torch 2.13.0",
    fix="use torch.argmax",
)
def _(torch, n):
    return torch.argsort(n, dim=-1, stable=True)[:, -1]


argmax_with_nan = Case(
    "argmax_with_nan",
    "The index of the maximum, where NaN counts as larger than any number.",
    sizes=dict(N=4, C=5),
    inputs=dict(n=integers("N C", -3, 4)),
    outputs=dict(index=buffer("N")),
    variants=grid(column=[2, 4]),
    exact=True,
)


@argmax_with_nan.reference
def _(np, n, *, column):
    return np.zeros(len(n)) + column


@argmax_with_nan.torch("torch.argmax")
def _(torch, n, *, column):
    x = n.to(torch.get_default_dtype())
    x[:, column] = torch.nan
    return torch.argmax(x, dim=-1).to(x.dtype)


def with_nan(tf, n, column):
    x = tf.cast(n, tf.keras.config.floatx())
    return tf.where(tf.range(n.shape[1]) == column, tf.constant(float("nan"), x.dtype), x)


@argmax_with_nan.tensorflow("tf.where")
def _(tf, n, *, column):
    x = with_nan(tf, n, column)
    infinite = tf.where(tf.math.is_nan(x), tf.constant(float("inf"), x.dtype), x)
    return tf.cast(tf.argmax(infinite, axis=-1), x.dtype)


@argmax_with_nan.tensorflow.naive(
    "tf.argmax",
    "NaN passed over",
    because="no comparison with NaN is true, so tf.argmax finds the largest of the other numbers",
    source="measured with tensorflow 2.21.0 on the CPU",
    fix="replace NaN by infinity first",
)
def _(tf, n, *, column):
    x = with_nan(tf, n, column)
    return tf.cast(tf.argmax(x, axis=-1), x.dtype)
