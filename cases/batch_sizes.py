"""Batches of one and of none: the results have as many rows, and the gradients of the weights are sums of as many."""

from parity import Case, distinct, grid, integers, normal

SIZES = grid(N=[3, 1, 0])
"""The first one is an ordinary batch: sizes that are equal, or zero, hide which axis is which."""

dense = Case(
    "batch_sizes_of_layers",
    "A linear layer, layer normalization and softmax.",
    sizes=dict(N=3, I=5, O=4),
    parameters=dict(eps=1e-3),
    inputs=dict(x=normal("N I")),
    weights=dict(kernel=normal("I O"), bias=normal("O")),
    outputs=dict(y="N O", normed="N O", soft="N O"),
    variants=SIZES,
)


@dense.reference
def _(np, x, kernel, bias, *, eps):
    y = np.dot(x, kernel) + bias
    centred = y - np.mean(y, 1, keepdims=True)
    powers = np.exp(y)
    return y, centred / np.sqrt(np.mean(centred**2, 1, keepdims=True) + eps), powers / np.sum(powers, 1, keepdims=True)


@dense.torch("torch.nn.functional.linear", kernel="O I")
def _(torch, x, kernel, bias, *, O, eps):
    y = torch.nn.functional.linear(x, kernel, bias)
    return y, torch.nn.functional.layer_norm(y, (O,), eps=eps), torch.softmax(y, 1)


@dense.tensorflow("tf.matmul")
def _(tf, x, kernel, bias, *, eps):
    y = tf.matmul(x, kernel) + bias
    return y, tf.keras.ops.layer_normalization(y, epsilon=eps), tf.nn.softmax(y)


@dense.tensorflow("keras.ops.matmul")
def _(tf, x, kernel, bias, *, eps):
    ops = tf.keras.ops
    y = ops.matmul(x, kernel) + bias
    return y, ops.layer_normalization(y, epsilon=eps), ops.softmax(y)


rows = Case(
    "batch_sizes_of_reductions",
    "Sums, largest numbers and running sums of each row.",
    sizes=dict(N=3, C=5),
    inputs=dict(x=distinct("N C")),
    outputs=dict(total="N", largest="N", running="N C"),
    variants=SIZES,
)


@rows.reference
def _(np, x):
    return np.sum(x, 1), np.max(x, 1), np.cumsum(x, 1)


@rows.torch("torch.sum")
def _(torch, x):
    return torch.sum(x, 1), torch.amax(x, 1), torch.cumsum(x, 1)


@rows.tensorflow("tf.reduce_sum")
def _(tf, x):
    return tf.reduce_sum(x, 1), tf.reduce_max(x, 1), tf.cumsum(x, 1)


@rows.tensorflow("keras.ops.max")
def _(tf, x):
    ops = tf.keras.ops
    return ops.sum(x, 1), ops.max(x, 1), ops.cumsum(x, 1)


rows.limitation(
    "keras.ops.max",
    raises="InvalidArgumentError: Cannot compute the max of an empty tensor",
    because="it refuses a batch of none, although no row is empty",
    source="keras/src/backend/tensorflow/numpy.py of Keras 3.15.1: max",
    when=dict(N=0),
    modes=["eager"],
)

columns = Case(
    "sums_over_batches",
    "The sums over a batch, which are zero where it holds nothing.",
    sizes=dict(N=3, C=5),
    inputs=dict(x=normal("N C")),
    outputs=dict(total="C", squares="C"),
    variants=SIZES,
)


@columns.reference
def _(np, x):
    return np.sum(x, 0), np.sum(x * x, 0)


@columns.torch("torch.sum")
def _(torch, x):
    return torch.sum(x, 0), torch.einsum("nc,nc->c", x, x)


@columns.tensorflow("tf.reduce_sum")
def _(tf, x):
    return tf.reduce_sum(x, 0), tf.einsum("nc,nc->c", x, x)


lookup = Case(
    "batch_sizes_of_lookups",
    "Rows of a table by their numbers, and the cross entropy of each as logits.",
    sizes=dict(N=3, V=6, C=4),
    inputs=dict(ids=integers("N", 0, "V"), labels=integers("N", 0, "C")),
    weights=dict(table=normal("V C")),
    outputs=dict(y="N C", loss="N"),
    variants=SIZES,
)


@lookup.reference
def _(np, ids, labels, table, *, C):
    y = table[ids]
    chosen = np.sum(np.where(labels[:, None] == np.arange(C), y, 0), 1)
    return y, np.log(np.sum(np.exp(y), 1)) - chosen


@lookup.torch("torch.nn.functional.embedding")
def _(torch, ids, labels, table):
    y = torch.nn.functional.embedding(ids, table)
    return y, torch.nn.functional.cross_entropy(y, labels, reduction="none")


@lookup.tensorflow("tf.gather")
def _(tf, ids, labels, table):
    y = tf.gather(table, ids)
    return y, tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=y)


images = Case(
    "batch_sizes_of_images",
    "Max-pooling and global means of images.",
    sizes=dict(N=2, C=3, H=4, W=6, P=2, Q=3),
    inputs=dict(x=distinct("N C H W")),
    outputs=dict(pooled="N C P Q", mean="N C"),
    variants=grid(N=[5, 1]),
)


@images.reference
def _(np, x, *, N, C, P, Q):
    return np.max(np.max(x.reshape(N, C, P, 2, Q, 2), 5), 3), np.mean(x, (2, 3))


@images.torch("torch.nn.functional.max_pool2d")
def _(torch, x):
    return torch.nn.functional.max_pool2d(x, 2), torch.nn.functional.adaptive_avg_pool2d(x, 1)[..., 0, 0]


@images.tensorflow("tf.nn.max_pool2d", x="N H W C", pooled="N P Q C")
def _(tf, x):
    return tf.nn.max_pool2d(x, 2, 2, "VALID"), tf.reduce_mean(x, (1, 2))
