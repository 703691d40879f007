"""Embedding tables with a row for padding: pre-trained, zero, and kept from training."""

from _losses import one_hot as one_hot_rows

from parity import Case, concat, integers, normal, zeros

TORCH_EMBEDDING = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html"
KERAS_EMBEDDING = "https://keras.io/api/layers/core_layers/embedding/"
TABLE = dict(weight="table: V D")

padded_embedding = Case(
    "padded_embedding",
    "The rows of a pre-trained table that ids name, and zeros for the padding id 0.",
    sizes=dict(N=5, T=12, V=4, D=3),
    inputs=dict(ids=integers("N T", 0, "V")),
    weights=dict(table=normal("V D")),
    outputs=dict(y="N T D"),
    exact=["output:*"],
)


@padded_embedding.reference
def _(np, ids, table):
    return np.where(ids[..., None] == 0, 0, table[ids])


@padded_embedding.torch("torch.Tensor.masked_fill")
def _(torch, ids, table):
    return torch.nn.functional.embedding(ids, table).masked_fill((ids == 0)[..., None], 0)


@padded_embedding.torch.layer("torch.nn.Embedding", weights=TABLE)
def _(torch, *, V, D):
    layer = torch.nn.Embedding(V, D, padding_idx=0)
    return layer, lambda ids: layer(ids).masked_fill((ids == 0)[..., None], 0)


@padded_embedding.tensorflow("tf.where")
def _(tf, ids, table):
    return tf.where(ids[..., None] == 0, tf.zeros([], table.dtype), tf.nn.embedding_lookup(table, ids))


@padded_embedding.tensorflow("tf.concat", table="V D")
def _(tf, ids, table):
    return tf.gather(tf.concat([tf.zeros_like(table[:1]), table[1:]], 0), ids)


@padded_embedding.tensorflow("tf.tensor_scatter_nd_update", table="V D")
def _(tf, ids, table, *, D):
    return tf.gather(tf.tensor_scatter_nd_update(table, [[0]], tf.zeros([1, D], table.dtype)), ids)


@padded_embedding.torch.naive(
    "torch.nn.Embedding",
    "pre-trained rows over the padding row",
    because="padding_idx zeroes the row once, as it is initialised: weight.data.copy_(glove) overwrites the zeros",
    source=TORCH_EMBEDDING,
    fix="zero the row again after copying, or mask the output",
    weights=TABLE,
)
def _(torch, *, V, D):
    return torch.nn.Embedding(V, D, padding_idx=0)


@padded_embedding.tensorflow.naive(
    "keras.layers.Embedding",
    "mask_zero for zeros",
    because="mask_zero only passes a mask on to later layers: the row of id 0 is looked up and trained like others",
    source=KERAS_EMBEDDING,
    fix="multiply by the mask, or zero the output where the id is 0",
    weights=dict(embeddings="table: V D"),
)
def _(tf, *, V, D):
    return tf.keras.layers.Embedding(V, D, mask_zero=True)


zero_padding_row = Case(
    "zero_padding_row",
    "A table whose row 0 is zero, and the rows that ids name.",
    sizes=dict(N=3, T=4, V=5, D=6),
    inputs=dict(ids=integers("N T", 0, "V")),
    weights=dict(table=normal("V D")),
    outputs=dict(y="N T D"),
    exact=["output:*"],
)


@zero_padding_row.reference
def _(np, ids, table):
    return np.concatenate([np.zeros((1, table.shape[1])), table])[ids]


WITH_ZERO_ROW = concat(zeros("1 D"), "table: V D")


@zero_padding_row.torch.layer("torch.nn.Embedding(padding_idx)", weights=dict(weight=WITH_ZERO_ROW))
def _(torch, *, V, D):
    return torch.nn.Embedding(V + 1, D, padding_idx=0)


@zero_padding_row.torch("torch.nn.functional.pad")
def _(torch, ids, table):
    return torch.nn.functional.embedding(ids, torch.nn.functional.pad(table, (0, 0, 1, 0)), padding_idx=0)


@zero_padding_row.tensorflow.layer("keras.layers.Embedding(mask_zero)", weights=dict(embeddings=WITH_ZERO_ROW))
def _(tf, *, V, D):
    return tf.keras.layers.Embedding(V + 1, D, mask_zero=True)


@zero_padding_row.tensorflow("tf.pad")
def _(tf, ids, table):
    return tf.nn.embedding_lookup(tf.pad(table, [[1, 0], [0, 0]]), ids)


padding_gradient = Case(
    "padding_gradient",
    "The gradient of an embedding table whose padding row 0, which is looked up like others, stays as it is.",
    sizes=dict(N=5, T=12, V=4, D=3),
    inputs=dict(
        ids=integers("N T", 0, "V"), table=normal("V D", gradient=False), upstream=normal("N T D", gradient=False)
    ),
    outputs=dict(y="N T D", gradient="V D"),
)


@padding_gradient.reference
def _(np, ids, table, upstream, *, V):
    named = one_hot_rows(np, ids, V) * (ids != 0)[..., None]
    return table[ids], np.einsum("ntv,ntd->vd", named, upstream)


def torch_gradient(torch, lookup, table, upstream):
    y, pullback = torch.func.vjp(lookup, table)
    return y, *pullback(upstream)


def tf_gradient(tf, lookup, table, upstream):
    with tf.GradientTape() as tape:
        tape.watch(table)
        y = lookup(table)
    return y, tf.convert_to_tensor(tape.gradient(y, table, upstream))


@padding_gradient.torch("torch.nn.functional.embedding(padding_idx)")
def _(torch, ids, table, upstream):
    def lookup(table):
        return torch.nn.functional.embedding(ids, table, padding_idx=0)

    return torch_gradient(torch, lookup, table, upstream)


@padding_gradient.torch("torch.nn.Embedding(padding_idx)")
def _(torch, ids, table, upstream, *, V, D):
    layer = torch.nn.Embedding(V, D, padding_idx=0, device=table.device)

    def lookup(table):
        return torch.func.functional_call(layer, dict(weight=table), (ids,))

    return torch_gradient(torch, lookup, table, upstream)


@padding_gradient.tensorflow("tf.stop_gradient")
def _(tf, ids, table, upstream):
    def lookup(table):
        rows = tf.nn.embedding_lookup(table, ids)
        return tf.where(ids[..., None] == 0, tf.stop_gradient(rows), rows)

    return tf_gradient(tf, lookup, table, upstream)


@padding_gradient.torch.naive(
    "torch.nn.functional.embedding",
    "padding row trained",
    wrong="output:gradient",
    because="without padding_idx the padding row is trained like the others",
    source=TORCH_EMBEDDING,
    fix="pass padding_idx=0",
)
def _(torch, ids, table, upstream):
    return torch_gradient(torch, lambda table: torch.nn.functional.embedding(ids, table), table, upstream)


@padding_gradient.tensorflow.naive(
    "tf.nn.embedding_lookup",
    "padding row trained",
    wrong="output:gradient",
    because="tf.nn.embedding_lookup has no padding: the row of id 0 gets a gradient, which padding_idx withholds",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/embedding_lookup",
    fix="apply tf.stop_gradient to the padding rows",
)
def _(tf, ids, table, upstream):
    return tf_gradient(tf, lambda table: tf.nn.embedding_lookup(table, ids), table, upstream)
