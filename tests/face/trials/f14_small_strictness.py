"""Signs of zero, missing gradients, and a formula that is wrong."""

from parity import Case, integers, normal

zero = Case(
    "f14_sign_of_zero",
    "Numbers kept where a mask is 1 and zero elsewhere, by a product or a choice: the sign of zero differs.",
    sizes=dict(N=20),
    inputs=dict(x=normal("N"), m=integers("N", 0, 2)),
    outputs=dict(y="N"),
    dtypes=["float32"],
)


@zero.reference
def _(np, x, m):
    return np.where(m > 0, x, 0.0)


@zero.torch("torch.Tensor.mul")
def _(torch, x, m):
    return x * m


@zero.tensorflow("tf.where")
def _(tf, x, m):
    return tf.where(m > 0, x, tf.zeros_like(x))


none = Case(
    "f14_no_gradient",
    "Numbers rounded: the derivative is zero. TensorFlow has none (None), which an optimizer refuses.",
    sizes=dict(N=20),
    inputs=dict(x=normal("N")),
    outputs=dict(y="N"),
    dtypes=["float32"],
)


@none.reference
def _(np, x):
    return np.rint(x)


@none.torch("torch.round")
def _(torch, x):
    return torch.round(x)


@none.tensorflow("tf.argsort, which has no gradient at all")
def _(tf, x):
    return tf.constant(tf.round(x).numpy())


formula = Case(
    "f14_wrong_formula",
    "The formula is WRONG (a variance divided by N - 1); both frameworks agree with each other.",
    sizes=dict(N=4, T=5),
    inputs=dict(x=normal("N T")),
    outputs=dict(y="N"),
    dtypes=["float32"],
)


@formula.reference
def _(np, x):
    return np.sum((x - np.mean(x, axis=1, keepdims=True)) ** 2, axis=1) / 4


@formula.torch("torch.var")
def _(torch, x):
    return torch.var(x, 1, correction=0)


@formula.tensorflow("tf.math.reduce_variance")
def _(tf, x):
    return tf.math.reduce_variance(x, axis=1)


masked = Case(
    "f14_sign_of_zero_means_nothing",
    "The same numbers; the declaration says that the sign of a zero means nothing.",
    sizes=dict(N=20),
    inputs=dict(x=normal("N"), m=integers("N", 0, 2)),
    outputs=dict(y="N"),
    dtypes=["float32"],
    unsigned_zeros="a product with a mask keeps the sign of what is masked",
)
masked.reference(lambda np, x, m: np.where(m > 0, x, 0.0))
masked.torch("torch.Tensor.mul by the mask")(lambda torch, x, m: x * m)
masked.tensorflow("tf.where of the mask")(lambda tf, x, m: tf.where(m > 0, x, tf.zeros_like(x)))
