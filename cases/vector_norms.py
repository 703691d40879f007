"""Lengths of vectors and vectors of length one, also where the length is tiny or zero."""

from parity import Case, grid, normal

unit_vectors = Case(
    "unit_vectors",
    "Vectors divided by their length, which counts as 1e-6 where it is smaller.",
    sizes=dict(N=2, T=3, C=5),
    inputs=lambda std: dict(x=normal("N T C", std=std)),
    outputs=dict(y="N T C"),
    variants=grid(std=[1, 1e-8]),
    dtypes=("float64", "float32"),
)


@unit_vectors.reference
def _(np, x):
    length = np.sqrt(np.sum(x**2, -1, keepdims=True))
    return x / np.where(length > 1e-6, length, 1e-6)


@unit_vectors.torch("torch.nn.functional.normalize")
def _(torch, x):
    return torch.nn.functional.normalize(x, dim=-1, eps=1e-6)


@unit_vectors.tensorflow("tf.nn.l2_normalize")
def _(tf, x):
    return tf.nn.l2_normalize(x, axis=-1, epsilon=1e-12)


@unit_vectors.tensorflow("keras.ops.normalize")
def _(tf, x):
    return tf.keras.ops.normalize(x, axis=-1, order=2, epsilon=1e-6)


@unit_vectors.tensorflow.naive(
    "keras.layers.UnitNormalization",
    "epsilon not the one of tf.nn",
    when=dict(std=1e-8),
    because="the layer bounds the length by 1e-12, tf.nn.l2_normalize its square, so the length by 1e-6",
    source="keras/src/layers/normalization/unit_normalization.py",
    fix="use keras.ops.normalize with epsilon=1e-6, or tf.nn.l2_normalize",
    weights={},
)
def _(tf):
    return tf.keras.layers.UnitNormalization(axis=-1)


@unit_vectors.torch.naive(
    "torch.nn.functional.normalize",
    "epsilon copied unchanged",
    when=dict(std=1e-8),
    because="epsilon bounds the length in PyTorch and the square of it in TensorFlow; both defaults are 1e-12",
    source="https://www.tensorflow.org/api_docs/python/tf/math/l2_normalize",
    fix="pass eps=1e-6, the root of TensorFlow's",
)
def _(torch, x):
    return torch.nn.functional.normalize(x, dim=-1, eps=1e-12)


@unit_vectors.torch.naive(
    "torch.nn.functional.normalize",
    "over the default axis",
    when=dict(std=1),
    because="the default axis is 1 in PyTorch, and all axes together in TensorFlow",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html",
    fix="name the axis",
)
def _(torch, x):
    return torch.nn.functional.normalize(x, eps=1e-6)


length_at_zero = Case(
    "length_at_zero",
    "The length of zero vectors, whose gradient is defined as zero.",
    sizes=dict(N=4, C=5),
    inputs=dict(x=normal("N C", std=0)),
    outputs=dict(y="N"),
)


@length_at_zero.reference
def _(np, x):
    square = np.sum(x**2, -1)
    return np.where(square > 0, np.sqrt(np.where(square > 0, square, 1)), 0)


@length_at_zero.torch("torch.linalg.vector_norm")
def _(torch, x):
    return torch.linalg.vector_norm(x, dim=-1)


@length_at_zero.torch("torch.norm")
def _(torch, x):
    return torch.norm(x, dim=-1)


@length_at_zero.tensorflow("tf.where")
def _(tf, x):
    square = tf.reduce_sum(x**2, axis=-1)
    zero = square == 0
    return tf.where(zero, tf.zeros_like(square), tf.sqrt(tf.where(zero, tf.ones_like(square), square)))


@length_at_zero.tensorflow.naive(
    "tf.norm",
    "gradient NaN at zero",
    wrong="grad:x",
    kind="nonfinite",
    because="the gradient of the root is infinite at zero, and infinity times zero is NaN; PyTorch's norm gives 0",
    source="https://github.com/tensorflow/tensorflow/issues/12071",
    fix="replace zero under the root by one with tf.where, and its root by zero",
)
def _(tf, x):
    return tf.norm(x, axis=-1)


@length_at_zero.torch.naive(
    "torch.sqrt",
    "gradient NaN at zero",
    wrong="grad:x",
    kind="nonfinite",
    because="the gradient of the root is infinite at zero, and infinity times zero is NaN",
    source="https://docs.pytorch.org/docs/stable/notes/autograd.html#gradients-for-non-differentiable-functions",
    fix="use torch.linalg.vector_norm",
)
def _(torch, x):
    return torch.sqrt(torch.sum(x**2, dim=-1))


@length_at_zero.torch.naive(
    "torch.where",
    "only the result guarded",
    wrong="grad:x",
    kind="nonfinite",
    because="the branch that is not taken has the gradient zero times infinity, which is NaN",
    source="https://docs.pytorch.org/docs/stable/notes/autograd.html#division-by-zero-in-autograd",
    fix="replace zero under the root too, or use torch.linalg.vector_norm",
)
def _(torch, x):
    square = torch.sum(x**2, dim=-1)
    return torch.where(square == 0, 0, torch.sqrt(square))
