"""Shapes that do not fit: which frameworks refuse them, and what the others make of them.

Where there is no result, the formula gives NaN. A captured graph refuses as it is made, often in other words.
"""

from _invalid import CAPTURED, WIDE, drawn, refused
from _losses import log_softmax, one_hot

from parity import Case, buffer, grid, integers, uniform

product = Case(
    "product_of_unequal_sizes",
    "The product of matrices, the rows of the second as many as the columns of the first or fewer.",
    sizes=dict(N=4, K=6, L=6, M=3),
    inputs=dict(a=drawn("N K"), b=drawn("L M")),
    outputs=dict(y=buffer("N M")),
    variants=grid(L=[6, 5]),
    dtypes=WIDE,
)


@product.reference
def _(np, a, b, *, N, K, L, M):
    return np.dot(a, b) if K == L else np.full((N, M), np.nan)


@product.torch("torch.matmul")
def _(torch, a, b):
    return torch.matmul(a, b)


@product.torch("torch.einsum")
def _(torch, a, b):
    return torch.einsum("nk,km->nm", a, b)


@product.tensorflow("tf.matmul")
def _(tf, a, b):
    return tf.matmul(a, b)


@product.tensorflow("tf.einsum")
def _(tf, a, b):
    return tf.einsum("nk,km->nm", a, b)


@product.tensorflow("keras.ops.matmul")
def _(tf, a, b):
    return tf.keras.ops.matmul(a, b)


refused(
    product,
    dict(L=5),
    **{"torch.einsum": "RuntimeError or TorchRuntimeError: subscript k has size 5 for operand 1"},
)
refused(
    product,
    dict(L=5),
    modes=["eager"],
    **{
        "torch.matmul": "RuntimeError: shapes cannot be multiplied (4x6 and 5x3)",
        "tf.matmul": "InvalidArgumentError: Matrix size-incompatible",
        "tf.einsum": "InvalidArgumentError: Expected dimension 6 at axis 0",
        "keras.ops.matmul": "InvalidArgumentError: Matrix size-incompatible",
    },
)
refused(
    product,
    dict(L=5),
    modes=CAPTURED,
    **{
        "torch.matmul": "TorchRuntimeError: a and b must have same reduction dim, but got [4, 6] X [5, 3]",
        "tf.matmul": "ValueError: Dimensions must be equal, but are 6 and 5",
        "tf.einsum": "ValueError: Dimensions must be equal, but are 6 and 5",
        "keras.ops.matmul": "ValueError: Dimensions must be equal, but are 6 and 5",
    },
)


total = Case(
    "sum_of_unequal_shapes",
    "The sum of two matrices: of equal width, of width 1, which broadcasts, or of another width.",
    sizes=dict(N=4, C=6, D=6),
    inputs=dict(a=drawn("N C"), b=drawn("N D")),
    outputs=dict(y=buffer("N C")),
    variants=grid(D=[6, 1, 5]),
    dtypes=WIDE,
    exact=True,
)


@total.reference
def _(np, a, b, *, D):
    return a + b if D in (6, 1) else a * np.nan


@total.torch("torch.add")
def _(torch, a, b):
    return torch.add(a, b)


@total.tensorflow("tf.add")
def _(tf, a, b):
    return tf.add(a, b)


@total.tensorflow("keras.layers.Add")
def _(tf, a, b, *, dtype):
    return tf.keras.layers.Add(dtype=dtype)([a, b])


refused(total, dict(D=5), **{"keras.layers.Add": "ValueError: Inputs have incompatible shapes"})
refused(
    total,
    dict(D=5),
    modes=["eager"],
    **{
        "torch.add": "RuntimeError: must match the size of tensor b (5) at non-singleton dimension 1",
        "tf.add": "InvalidArgumentError: Incompatible shapes: [4,6] vs. [4,5]",
    },
)
refused(
    total,
    dict(D=5),
    modes=CAPTURED,
    **{
        "torch.add": "TorchRuntimeError: Attempting to broadcast a dimension of length 5 at -1",
        "tf.add": "ValueError: Dimensions must be equal, but are 6 and 5",
    },
)


JOINED = dict(matrix="M C", other_width="M D", vector="C", empty_vector="E")

joined = Case(
    "concatenation_of_unequal_shapes",
    "Two tensors joined along the first axis: matrices of one width or of two, a matrix and a vector, a matrix and an "
    "empty vector.",
    sizes=dict(N=4, M=3, C=6, D=5, E=0, P=lambda N, M, other: N + (M if other == "matrix" else 0)),
    inputs=lambda other: dict(a=drawn("N C"), b=drawn(JOINED[other])),
    outputs=dict(y=buffer("P C")),
    variants=grid(other=list(JOINED)),
    dtypes=WIDE,
    exact=True,
)


@joined.reference
def _(np, a, b, *, other):
    return np.concatenate([a, b]) if other == "matrix" else a if other == "empty_vector" else a * np.nan


@joined.torch("torch.cat")
def _(torch, a, b):
    return torch.cat([a, b])


@joined.tensorflow("tf.concat")
def _(tf, a, b):
    return tf.concat([a, b], axis=0)


@joined.tensorflow("keras.layers.Concatenate")
def _(tf, a, b, *, dtype):
    return tf.keras.layers.Concatenate(axis=0, dtype=dtype)([a, b])


refused(
    joined,
    dict(other="other_width"),
    **{
        "torch.cat": "RuntimeError or TorchRuntimeError: Sizes of tensors must match except in dimension 0",
        "tf.concat": "InvalidArgumentError or ValueError: in both shapes must be equal",
        "keras.layers.Concatenate": "ValueError: requires inputs with matching shapes except for",
    },
)
for modes, of_torch, of_tensorflow in (
    (
        ["eager"],
        "RuntimeError: Tensors must have same number of dimensions: got 2 and 1",
        "InvalidArgumentError: Ranks of all input tensors should match",
    ),
    (
        CAPTURED,
        "TorchRuntimeError: Number of dimensions of tensors must match",
        "ValueError: Shape must be rank 2 but is rank 1",
    ),
):
    of_keras = "ValueError: requires inputs with matching shapes except for the concatenation axis"
    refused(
        joined,
        dict(other="vector"),
        modes=modes,
        **{"torch.cat": of_torch, "tf.concat": of_tensorflow, "keras.layers.Concatenate": of_keras},
    )
    refused(
        joined,
        dict(other="empty_vector"),
        because="torch.cat leaves out empty vectors, TensorFlow wants the rank of the others; skip them",
        source="https://docs.pytorch.org/docs/stable/generated/torch.cat.html",
        modes=modes,
        **{"tf.concat": of_tensorflow, "keras.layers.Concatenate": of_keras},
    )


stacked = Case(
    "stack_of_unequal_shapes",
    "Two matrices of one shape or of two, put on top of each other along a new axis.",
    sizes=dict(S=2, N=4, C=6, D=6),
    inputs=dict(a=drawn("N C"), b=drawn("N D")),
    outputs=dict(y=buffer("S N C")),
    variants=grid(D=[6, 1]),
    dtypes=WIDE,
    exact=True,
)


@stacked.reference
def _(np, a, b, *, C, D):
    return np.stack([a, b]) if C == D else np.stack([a, a]) * np.nan


@stacked.torch("torch.stack")
def _(torch, a, b):
    return torch.stack([a, b])


@stacked.tensorflow("tf.stack")
def _(tf, a, b):
    return tf.stack([a, b])


@stacked.tensorflow("keras.ops.stack")
def _(tf, a, b):
    return tf.keras.ops.stack([a, b])


for modes, of_tensorflow in (
    (["eager"], "InvalidArgumentError: Shapes of all inputs must match"),
    (CAPTURED, "ValueError: Dimension 1 in both shapes must be equal, but are 6 and 1"),
):
    refused(
        stacked,
        dict(D=1),
        because="neither framework broadcasts what it stacks",
        modes=modes,
        **{
            "torch.stack": "RuntimeError or TorchRuntimeError: stack expects each tensor to be equal size",
            "tf.stack": of_tensorflow,
            "keras.ops.stack": of_tensorflow,
        },
    )


labelled = Case(
    "cross_entropy_of_wrong_batch",
    "Cross entropy of logits with labels for as many examples, for one, or for another number.",
    sizes=dict(N=4, M=4, C=6),
    inputs=dict(logits=drawn("N C"), labels=integers("M", 0, "C")),
    outputs=dict(loss=buffer("N")),
    variants=grid(M=[4, 1, 3]),
    dtypes=WIDE,
)


@labelled.reference
def _(np, logits, labels, *, N, M, C):
    return -np.sum(one_hot(np, labels, C) * log_softmax(np, logits), -1) if M == N else np.full(N, np.nan)


@labelled.torch("torch.nn.functional.cross_entropy")
def _(torch, logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")


@labelled.tensorflow("tf.nn.sparse_softmax_cross_entropy_with_logits")
def _(tf, logits, labels):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


@labelled.tensorflow("keras.losses.SparseCategoricalCrossentropy")
def _(tf, logits, labels, *, dtype):
    return tf.keras.losses.SparseCategoricalCrossentropy(True, reduction=None, dtype=dtype)(labels, logits)


for size in (1, 3):
    refused(
        labelled,
        dict(M=size),
        **{
            "torch.nn.functional.cross_entropy": f"ValueError or TorchRuntimeError: target batch_size ({size})",
            "tf.nn.sparse_softmax_cross_entropy_with_logits": "ValueError: must equal `logits.shape` except",
            "keras.losses.SparseCategoricalCrossentropy": "ValueError: must have the same shape up until",
        },
    )


targeted = Case(
    "cross_entropy_of_one_target",
    "Cross entropy of logits with probabilities for as many examples, for one, which counts for all, or for another "
    "number.",
    sizes=dict(N=4, M=4, C=6),
    inputs=dict(logits=drawn("N C"), weight=uniform("M C", 1, 2, gradient=False)),
    outputs=dict(loss=buffer("N")),
    variants=grid(M=[4, 1, 3]),
    dtypes=WIDE,
)


@targeted.reference
def _(np, logits, weight, *, N, M):
    if M not in (N, 1):
        return np.full(N, np.nan)
    return -np.sum(weight / np.sum(weight, -1, keepdims=True) * log_softmax(np, logits), -1)


@targeted.torch("torch.nn.functional.cross_entropy")
def _(torch, logits, weight):
    target = weight / weight.sum(-1, keepdim=True)
    return torch.nn.functional.cross_entropy(logits, target, reduction="none")


@targeted.tensorflow("tf.nn.softmax_cross_entropy_with_logits")
def _(tf, logits, weight):
    target = weight / tf.reduce_sum(weight, -1, keepdims=True)
    return tf.nn.softmax_cross_entropy_with_logits(labels=target, logits=logits)


@targeted.tensorflow("keras.losses.CategoricalCrossentropy")
def _(tf, logits, weight, *, dtype):
    target = weight / tf.reduce_sum(weight, -1, keepdims=True)
    return tf.keras.losses.CategoricalCrossentropy(True, reduction=None, dtype=dtype)(target, logits)


for size in (1, 3):
    refused(
        targeted,
        dict(M=size),
        because="only tf.nn.softmax_cross_entropy_with_logits broadcasts one target to all examples",
        **{
            "torch.nn.functional.cross_entropy": f"ValueError or TorchRuntimeError: target batch_size ({size})",
            "keras.losses.CategoricalCrossentropy": "ValueError: must have the same shape",
        },
    )
for modes, message in (
    (["eager"], "InvalidArgumentError: logits and labels must be broadcastable"),
    (CAPTURED, "ValueError: Dimensions must be equal, but are 4 and 3"),
):
    refused(targeted, dict(M=3), modes=modes, **{"tf.nn.softmax_cross_entropy_with_logits": message})
