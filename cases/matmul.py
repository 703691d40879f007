"""Products of matrices, of batches of matrices, and of matrices with vectors."""

from parity import Case, grid, normal

TF_MATMUL = "https://www.tensorflow.org/api_docs/python/tf/linalg/matmul"

matmul = Case(
    "matmul",
    "The product of two matrices, or of two batches of them; a batch of one is used for all.",
    sizes=dict(B=2, N=3, K=4, M=5),
    inputs=lambda batch: dict(
        a=normal("N K" if batch == "none" else "B N K"), b=normal("B K M" if batch == "both" else "K M")
    ),
    outputs=lambda batch: dict(y="N M" if batch == "none" else "B N M"),
    variants=grid(batch=["none", "first", "both"]),
)
matmul.timed(
    {"square-128": dict(N=128, K=128, M=128), "square-512": dict(N=512, K=512, M=512)}, multiply_adds=lambda K: K
)


@matmul.reference
def _(np, a, b):
    return np.sum(a[..., :, :, None] * b[..., None, :, :], -2)


@matmul.torch("torch.matmul")
def _(torch, a, b):
    return torch.matmul(a, b)


@matmul.torch("torch.Tensor @")
def _(torch, a, b):
    return a @ b


@matmul.torch("torch.einsum")
def _(torch, a, b):
    return torch.einsum("...nk,...km->...nm", a, b)


@matmul.tensorflow("tf.matmul")
def _(tf, a, b):
    return tf.matmul(a, b)


@matmul.tensorflow("tf.einsum")
def _(tf, a, b):
    return tf.einsum("...nk,...km->...nm", a, b)


@matmul.tensorflow("keras.ops.matmul")
def _(tf, a, b):
    return tf.keras.ops.matmul(a, b)


@matmul.torch.naive(
    "torch.mm",
    "batches of matrices",
    when=dict(batch="both"),
    raises="RuntimeError: self must be a matrix",
    because="torch.mm multiplies two matrices only, tf.matmul batches as well",
    source="https://docs.pytorch.org/docs/stable/generated/torch.mm.html",
    fix="use torch.matmul",
)
def _(torch, a, b):
    return torch.mm(a, b)


@matmul.torch.naive(
    "torch.bmm",
    "one matrix for the whole batch",
    when=dict(batch="first"),
    raises="RuntimeError: batch2 must be a 3D tensor",
    because="torch.bmm does not broadcast: both arguments need the batch axis",
    source="https://docs.pytorch.org/docs/stable/generated/torch.bmm.html",
    fix="use torch.matmul",
)
def _(torch, a, b):
    return torch.bmm(a, b)


@matmul.tensorflow.naive(
    "tf.multiply",
    "star for a product of matrices",
    when=dict(batch="none"),
    raises="InvalidArgumentError: Incompatible shapes",
    because="* multiplies element by element",
    source="https://www.tensorflow.org/api_docs/python/tf/math/multiply",
    fix="use tf.matmul or @",
)
def _(tf, a, b):
    return a * b


matmul_transposed = Case(
    "matmul_transposed",
    "Each matrix of a batch times the transpose of its partner.",
    sizes=dict(B=3, N=3, K=3, M=3),
    parameters=dict(B=3, N=3, K=3, M=3),
    inputs=dict(a=normal("B N K"), b=normal("B M K")),
    outputs=dict(y="B N M"),
)


@matmul_transposed.reference
def _(np, a, b):
    return np.sum(a[:, :, None, :] * b[:, None, :, :], -1)


@matmul_transposed.torch("torch.Tensor.transpose")
def _(torch, a, b):
    return a @ b.transpose(1, 2)


@matmul_transposed.torch("torch.Tensor.mT")
def _(torch, a, b):
    return a @ b.mT


@matmul_transposed.torch("torch.bmm")
def _(torch, a, b):
    return torch.bmm(a, b.mT)


@matmul_transposed.tensorflow("tf.matmul(transpose_b)")
def _(tf, a, b):
    return tf.matmul(a, b, transpose_b=True)


@matmul_transposed.tensorflow("tf.linalg.matrix_transpose")
def _(tf, a, b):
    return tf.matmul(a, tf.linalg.matrix_transpose(b))


@matmul_transposed.torch.naive(
    "torch.Tensor.T",
    "all axes reversed",
    because="T reverses all axes, the batch axis too; transpose_b=True swaps the last two",
    source="https://docs.pytorch.org/docs/stable/tensors.html#torch.Tensor.T",
    fix="use mT or transpose(-2, -1)",
)
def _(torch, a, b):
    return a @ b.T


@matmul_transposed.torch.naive(
    "torch.Tensor.t",
    "of a batch",
    raises="RuntimeError: expects a tensor with <= 2 dimensions",
    because="t transposes single matrices only",
    source="https://docs.pytorch.org/docs/stable/generated/torch.t.html",
    fix="use mT or transpose(-2, -1)",
)
def _(torch, a, b):
    return a @ b.t()


@matmul_transposed.tensorflow.naive(
    "tf.transpose",
    "all axes reversed",
    because="tf.transpose without perm reverses all axes, the batch axis too",
    source="https://www.tensorflow.org/api_docs/python/tf/transpose",
    fix="use tf.linalg.matrix_transpose, or transpose_b=True",
)
def _(tf, a, b):
    return tf.matmul(a, tf.transpose(b))


matvec = Case(
    "matvec",
    "The product of a matrix and a vector.",
    sizes=dict(N=3, K=4),
    inputs=dict(a=normal("N K"), x=normal("K")),
    outputs=dict(y="N"),
)


@matvec.reference
def _(np, a, x):
    return np.sum(a * x, 1)


@matvec.torch("torch.mv")
def _(torch, a, x):
    return torch.mv(a, x)


@matvec.torch("torch.matmul")
def _(torch, a, x):
    return torch.matmul(a, x)


@matvec.tensorflow("tf.linalg.matvec")
def _(tf, a, x):
    return tf.linalg.matvec(a, x)


@matvec.tensorflow("tf.tensordot")
def _(tf, a, x):
    return tf.tensordot(a, x, 1)


@matvec.tensorflow.naive(
    "tf.matmul",
    "matrix and vector",
    raises="InvalidArgumentError: different ndims",
    because="tf.matmul takes no vectors; torch.matmul treats one as a column",
    source=TF_MATMUL,
    fix="use tf.linalg.matvec",
)
def _(tf, a, x):
    return tf.matmul(a, x)
