"""The spectral norm of an empty matrix was an IndexError before, and is 0 in 2.13.

measured with 2.9.1 and 2.13.0
"""

from parity import Case, buffer, normal

empty_matrix_norm = Case(
    "empty_matrix_norm",
    "x plus the spectral norm of an empty matrix, which is 0.",
    sizes=dict(N=5),
    inputs=dict(x=normal("N")),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@empty_matrix_norm.reference
def _(np, x):
    return 1 * x


@empty_matrix_norm.torch("torch.linalg.matrix_norm")
def _(torch, x):
    return x + torch.linalg.matrix_norm(torch.zeros(0, 0, dtype=x.dtype), 2)


@empty_matrix_norm.tensorflow("tf.identity")
def _(tf, x):
    return tf.identity(x)
