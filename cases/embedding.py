"""Embedding: rows of a table by integer ids, in one piece or sharded, limited in length; and one-hot vectors."""

from _losses import one_hot as one_hot_rows

from parity import Case, buffer, concat, grid, integers, normal

TORCH_EMBEDDING = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html"
KERAS_EMBEDDING = "https://keras.io/api/layers/core_layers/embedding/"
TF_ONE_HOT = "https://www.tensorflow.org/api_docs/python/tf/one_hot"
TABLE = dict(weight="table: V D")

embedding = Case(
    "embedding",
    "The rows of a table that ids name; a row's gradient is the sum over all places that name it.",
    sizes=dict(N=3, T=4, V=6, D=5),
    inputs=dict(ids=integers("N T", 0, "V")),
    weights=dict(table=normal("V D")),
    outputs=dict(y="N T D"),
    exact=["output:*"],
)
embedding.timed({"PTB-small": dict(N=20, T=20, V=10_000, D=200)}, moves=False)


@embedding.reference
def _(np, ids, table):
    return table[ids]


@embedding.torch("torch.nn.functional.embedding")
def _(torch, ids, table):
    return torch.nn.functional.embedding(ids, table)


@embedding.torch("torch.Tensor[...]")
def _(torch, ids, table):
    return table[ids]


@embedding.torch("torch.index_select")
def _(torch, ids, table):
    return torch.index_select(table, 0, ids.flatten()).unflatten(0, ids.shape)


@embedding.torch.layer("torch.nn.Embedding", weights=TABLE)
def _(torch, *, V, D):
    return torch.nn.Embedding(V, D)


@embedding.torch.layer("torch.nn.Embedding.from_pretrained(freeze=False)", weights=TABLE)
def _(torch, *, V, D):
    return torch.nn.Embedding.from_pretrained(torch.zeros(V, D), freeze=False)


@embedding.tensorflow("tf.nn.embedding_lookup")
def _(tf, ids, table):
    return tf.nn.embedding_lookup(table, ids)


@embedding.tensorflow("tf.compat.v1.nn.embedding_lookup")
def _(tf, ids, table):
    return tf.compat.v1.nn.embedding_lookup(table, ids)


@embedding.tensorflow("tf.gather")
def _(tf, ids, table):
    return tf.gather(table, ids)


@embedding.tensorflow("tf.gather_nd")
def _(tf, ids, table):
    return tf.gather_nd(table, ids[..., None])


@embedding.tensorflow.layer("keras.layers.Embedding", weights=dict(embeddings="table: V D"))
def _(tf, *, V, D):
    return tf.keras.layers.Embedding(V, D)


@embedding.torch.naive(
    "torch.nn.Embedding.from_pretrained",
    "frozen by default",
    wrong="grad:table",
    size=(0.5, 2),
    because="freeze is True by default: the table gets no gradient, that of a TensorFlow variable does",
    source=TORCH_EMBEDDING,
    fix="pass freeze=False",
    weights=TABLE,
)
def _(torch, *, V, D):
    return torch.nn.Embedding.from_pretrained(torch.zeros(V, D))


@embedding.torch.naive(
    "torch.tensor",
    "table rebuilt in every call",
    wrong="grad:table",
    kind="missing",
    because="a tensor made from the values of a parameter is a new leaf: the parameter gets no gradient",
    source="https://docs.pytorch.org/docs/stable/generated/torch.tensor.html",
    fix="look up the parameter itself",
)
def _(torch, ids, table):
    return torch.nn.functional.embedding(ids, torch.tensor(table.tolist(), dtype=table.dtype, device=table.device))


@embedding.torch.naive(
    "torch.nn.functional.embedding",
    "table before ids",
    raises="RuntimeError: Expected tensor for argument #1 'indices'",
    because="tf.nn.embedding_lookup takes the table first, torch.nn.functional.embedding the ids",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html",
    fix="swap the arguments",
)
def _(torch, ids, table):
    return torch.nn.functional.embedding(table, ids)


@embedding.tensorflow.naive(
    "tf.gather",
    "table loaded transposed",
    because="an embedding table is (ids, features) in both frameworks; only kernels of linear layers are transposed",
    source=KERAS_EMBEDDING,
    fix="copy the table as it is",
    table="D V",
)
def _(tf, ids, table):
    return tf.gather(tf.reshape(table, [table.shape[1], table.shape[0]]), ids)


embedding_max_norm = Case(
    "embedding_max_norm",
    "Rows of a table, those longer than 1 scaled to length 1.",
    sizes=dict(N=4, V=6, D=5),
    inputs=dict(ids=integers("N", 0, "V")),
    weights=dict(table=normal("V D", std=2)),
    outputs=dict(y="N D"),
)


@embedding_max_norm.reference
def _(np, ids, table):
    rows = table[ids]
    return rows / np.maximum(np.sqrt(np.sum(rows * rows, 1, keepdims=True)), 1)


@embedding_max_norm.torch("torch.nn.functional.embedding")
def _(torch, ids, table):
    rows = torch.nn.functional.embedding(ids, table)
    return rows / rows.norm(dim=1, keepdim=True).clamp(min=1)


@embedding_max_norm.tensorflow("tf.nn.embedding_lookup(max_norm)")
def _(tf, ids, table):
    return tf.nn.embedding_lookup(table, ids, max_norm=1.0)


@embedding_max_norm.torch.naive(
    "torch.nn.functional.embedding(max_norm)",
    "rows scaled in place",
    size=(7.1e-09, 1.1e-07),
    because="max_norm shortens the rows of the table itself, and not as part of the differentiated computation",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html",
    fix="divide the rows that were looked up by their norms, where those exceed the maximum",
)
def _(torch, ids, table):
    return torch.nn.functional.embedding(ids, table, max_norm=1.0)


sharded_embedding = Case(
    "sharded_embedding",
    "Rows of a table that is kept in two halves.",
    sizes=dict(N=9, V=4, D=5, W=lambda V: V),
    inputs=dict(ids=integers("N", 0, 8)),
    weights=dict(first=normal("V D"), second=normal("W D")),
    outputs=dict(y="N D"),
    exact=["output:*"],
)


@sharded_embedding.reference
def _(np, ids, first, second):
    return np.concatenate([first, second])[ids]


@sharded_embedding.torch.layer("torch.nn.Embedding", weights=dict(weight=concat("first: V D", "second: W D")))
def _(torch, *, V, W, D):
    return torch.nn.Embedding(V + W, D)


@sharded_embedding.tensorflow("tf.nn.embedding_lookup")
def _(tf, ids, first, second):
    return tf.nn.embedding_lookup([first, second], ids)


@sharded_embedding.tensorflow.naive(
    "tf.compat.v1.nn.embedding_lookup",
    "its default partition strategy",
    because="version 1 deals ids out in turn ('mod'), version 2 and torch.cat put one half after the other ('div')",
    source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/nn/embedding_lookup",
    fix="pass partition_strategy='div', or interleave the rows before joining them",
)
def _(tf, ids, first, second):
    return tf.compat.v1.nn.embedding_lookup([first, second], ids)


one_hot = Case(
    "one_hot",
    "A vector for each id, with a one at its place and zeros elsewhere.",
    sizes=dict(N=4, T=3, V=9),
    inputs=dict(ids=integers("N T", 0, 7)),
    outputs=dict(y=buffer("N T V")),
    variants=grid(V=[9, 12]),
    exact=True,
)


@one_hot.reference
def _(np, ids, *, V):
    return one_hot_rows(np, ids, V) * 1.0


@one_hot.torch("torch.nn.functional.one_hot")
def _(torch, ids, *, V, dtype):
    return torch.nn.functional.one_hot(ids, V).to(getattr(torch, dtype))


@one_hot.torch("torch.Tensor.scatter_")
def _(torch, ids, *, N, T, V, dtype):
    y = torch.zeros(N, T, V, dtype=getattr(torch, dtype), device=ids.device)
    return y.scatter_(2, ids[..., None], 1)


@one_hot.tensorflow("tf.one_hot")
def _(tf, ids, *, V, dtype):
    return tf.one_hot(ids, V, dtype=dtype)


@one_hot.tensorflow("keras.ops.one_hot")
def _(tf, ids, *, V, dtype):
    return tf.keras.ops.one_hot(ids, V, dtype=dtype)


@one_hot.torch.naive(
    "torch.nn.functional.one_hot",
    "integers out",
    kind="dtype",
    because="PyTorch gives 64-bit integers, tf.one_hot float32",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html",
    fix="convert the result to the dtype of what it meets",
)
def _(torch, ids, *, V):
    return torch.nn.functional.one_hot(ids, V)


@one_hot.torch.naive(
    "torch.nn.functional.one_hot",
    "number of classes left out",
    kind="shape",
    because="the number of classes is then one more than the largest id of this batch; tf.one_hot demands a depth",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html",
    fix="pass num_classes",
)
def _(torch, ids, *, dtype):
    return torch.nn.functional.one_hot(ids).to(getattr(torch, dtype))


@one_hot.tensorflow.naive(
    "tf.one_hot",
    "float32 out",
    kind="dtype",
    because="tf.one_hot gives float32 unless on_value, off_value or dtype say otherwise",
    source=TF_ONE_HOT,
    fix="pass dtype",
)
def _(tf, ids, *, V):
    return tf.one_hot(ids, V)
