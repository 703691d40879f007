"""Contractions of 36 to 13,000 terms, right and with lost digits: inputs or partial sums in narrower formats.

Each implementation marked WRONG must be noticed with every number of terms, in the forward result alone, in float32.
"""

from parity import Case, grid, normal

TERMS = [36, 288, 1152, 4608, 13_000]
BLOCK = 16
"""Terms that are added up in float32 before their sum is added to a partial sum of the narrower format."""


def tf32(torch, x):
    """Rounded to ten bits of fraction, to nearest, ties away from zero."""
    return ((x.view(torch.int32) + 0x1000) & ~0x1FFF).view(torch.float32)


def narrowed(torch, x, name):
    return tf32(torch, x) if name == "tf32" else x.to(getattr(torch, name)).float()


def accumulated(torch, products, name):
    """The sum over the last axis, whose partial sums are rounded to a format after each block."""
    blocks = torch.nn.functional.pad(products, (0, -products.shape[-1] % BLOCK)).unflatten(-1, (-1, BLOCK)).sum(-1)
    total = torch.zeros_like(blocks[..., 0])
    for block in blocks.unbind(-1):
        total = narrowed(torch, total + block, name)
    return total


def wrong(case, call, products, after):
    """Declare the wrong versions of a contraction ``call(torch, a, b)``, whose terms are ``products(torch, a, b)``.

    ``after`` is what comes after their sum.
    """
    for name in ("tf32", "bfloat16", "float16"):
        case.torch(f"WRONG: inputs in {name}")(with_inputs(call, name))
    for name in ("tf32", "float16"):
        case.torch(f"WRONG: added up in {name}")(with_partial_sums(products, after, name))


def with_inputs(call, name):
    return lambda torch, a, b: call(torch, narrowed(torch, a, name), narrowed(torch, b, name))


def with_partial_sums(products, after, name):
    return lambda torch, a, b: after(torch, accumulated(torch, products(torch, a, b), name))


def contraction(name, summary, sizes, a, b, y, formula, call, products, tf_call, after=lambda torch, y: y):
    case = Case(
        name,
        summary,
        sizes=dict(K=36, **sizes),
        inputs=dict(a=normal(a, gradient=False), b=normal(b, gradient=False)),
        outputs=dict(y=y),
        variants=grid(K=TERMS),
        dtypes=["float32"],
    )
    case.reference(formula)
    case.torch("right")(call)
    case.tensorflow("right, in TensorFlow")(tf_call)
    wrong(case, call, products, after)


contraction(
    "linear",
    "A linear layer.",
    dict(N=4, O=5),
    "N K",
    "O K",
    "N O",
    lambda np, a, b: np.einsum("nk,ok->no", a, b),
    lambda torch, a, b: torch.nn.functional.linear(a, b),
    lambda torch, a, b: a[:, None] * b,
    lambda tf, a, b: tf.matmul(a, b, transpose_b=True),
)
contraction(
    "dot",
    "One product of two rows.",
    dict(),
    "K",
    "K",
    "",
    lambda np, a, b: np.dot(a, b),
    lambda torch, a, b: torch.dot(a, b),
    lambda torch, a, b: a * b,
    lambda tf, a, b: tf.tensordot(a, b, 1),
)
contraction(
    "convolution",
    "A convolution over the whole length of its input, with as many channels as it takes.",
    dict(N=2, C=lambda K: K // 4, L=4, M=lambda L: L, O=3, P=1),
    "N C L",
    "O C M",
    "N O P",
    lambda np, a, b: np.einsum("ncl,ocl->no", a, b)[:, :, None],
    lambda torch, a, b: torch.nn.functional.conv1d(a, b),
    lambda torch, a, b: (a[:, None] * b).flatten(2)[:, :, None],
    lambda tf, a, b: tf.transpose(
        tf.nn.conv1d(tf.transpose(a, [0, 2, 1]), tf.transpose(b, [2, 1, 0]), 1, "VALID"), [0, 2, 1]
    ),
)
contraction(
    "attention_values",
    "Values averaged with weights that are those of a softmax.",
    dict(T=2, D=3),
    "T K",
    "K D",
    "T D",
    lambda np, a, b: np.einsum("tk,kd->td", np.exp(a) / np.sum(np.exp(a), axis=1, keepdims=True), b),
    lambda torch, a, b: torch.softmax(a, 1) @ b,
    lambda torch, a, b: torch.softmax(a, 1)[:, None] * b.T,
    lambda tf, a, b: tf.matmul(tf.nn.softmax(a), b),
)
contraction(
    "squared_error",
    "The mean squared error.",
    dict(),
    "K",
    "K",
    "",
    lambda np, a, b: np.mean((a - b) ** 2),
    lambda torch, a, b: torch.nn.functional.mse_loss(a, b),
    lambda torch, a, b: (a - b) ** 2 / len(a),
    lambda tf, a, b: tf.reduce_mean((a - b) ** 2),
)
contraction(
    "recurrent_step",
    "A step of a recurrent layer: the tangent of a product with a kernel as wide as the state.",
    dict(N=2, H=3),
    "N K",
    "H K",
    "N H",
    lambda np, a, b: np.tanh(np.einsum("nk,hk->nh", a, b) / 100.0),
    lambda torch, a, b: torch.tanh(a @ b.T / 100.0),
    lambda torch, a, b: a[:, None] * b,
    lambda tf, a, b: tf.tanh(tf.matmul(a, b, transpose_b=True) / 100.0),
    after=lambda torch, y: torch.tanh(y / 100.0),
)
