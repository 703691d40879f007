"""Determinants, inverses and solutions of linear equations."""

from parity import Case, normal

determinant = Case(
    "determinant",
    "The determinants of matrices, to each of which twice the identity is added.",
    sizes=dict(N=3, R=4, K=lambda R: R),
    inputs=dict(x=normal("N R K", std=0.5)),
    outputs=dict(y="N"),
    dtypes=["float64", "float32"],
)


@determinant.reference
def _(np, x, *, R):
    return np.linalg.det(x + 2 * np.eye(R))


@determinant.torch("torch.linalg.det")
def _(torch, x, *, R):
    return torch.linalg.det(x + 2 * torch.eye(R, dtype=x.dtype, device=x.device))


@determinant.tensorflow("tf.linalg.det")
def _(tf, x, *, R):
    return tf.linalg.det(x + 2 * tf.eye(R, dtype=x.dtype))


determinant.limitation(
    "tf.linalg.det",
    raises="InvalidArgumentError: No registered 'MatrixDeterminant'",
    because="XLA has no determinants",
    source="measured with TensorFlow 2.21.0",
    modes=["compiled"],
)

inverse = Case(
    "inverse",
    "The inverses of matrices, to each of which three times the identity is added.",
    sizes=dict(N=3, R=4, K=lambda R: R),
    inputs=dict(x=normal("N R K", std=0.5)),
    outputs=dict(y="N R K"),
    dtypes=["float64", "float32"],
)


@inverse.reference
def _(np, x, *, R):
    return np.linalg.inv(x + 3 * np.eye(R))


@inverse.torch("torch.linalg.inv")
def _(torch, x, *, R):
    return torch.linalg.inv(x + 3 * torch.eye(R, dtype=x.dtype, device=x.device))


@inverse.tensorflow("tf.linalg.inv")
def _(tf, x, *, R):
    return tf.linalg.inv(x + 3 * tf.eye(R, dtype=x.dtype))
