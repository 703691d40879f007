"""Ids and labels that mean nothing: which frameworks refuse them, and what the others make of them."""

import math

from _losses import log_softmax, one_hot

from parity import Case, buffer, grid, integers, normal

TORCH_CE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html"
TF_GATHER = "https://www.tensorflow.org/api_docs/python/tf/gather"
TABLE = dict(weight="table: V D")


def moved(ids, past, size):
    """Ids from 0 to size - 1, moved past the end of the table, or before its start."""
    return {"no": ids, "end": ids + size, "start": ids - size}[past]


lookup = Case(
    "lookup_out_of_range",
    "Rows of a table by ids; an id past the end names no row (zeros), and -1 the last one, as in NumPy.",
    sizes=dict(N=7, V=4, D=5),
    inputs=dict(ids=integers("N", 0, "V")),
    weights=dict(table=normal("V D")),
    outputs=dict(y="N D"),
    variants=grid(past=["no", "end", "start"]),
    exact=["output:*"],
)


@lookup.reference
def _(np, ids, table, *, V, past):
    ids = moved(ids, past, V)
    return np.where(ids[:, None] < V, table[ids % V], 0)


@lookup.torch("torch.nn.functional.embedding")
def _(torch, ids, table, *, V, past):
    return torch.nn.functional.embedding(moved(ids, past, V), table)


@lookup.torch.layer("torch.nn.Embedding", weights=TABLE)
def _(torch, *, V, D, past):
    layer = torch.nn.Embedding(V, D)
    return layer, lambda ids: layer(moved(ids, past, V))


@lookup.torch("torch.index_select")
def _(torch, ids, table, *, V, past):
    return torch.index_select(table, 0, moved(ids, past, V))


@lookup.torch("torch.Tensor[...]")
def _(torch, ids, table, *, V, past):
    return table[moved(ids, past, V)]


@lookup.tensorflow("tf.nn.embedding_lookup")
def _(tf, ids, table, *, V, past):
    return tf.nn.embedding_lookup(table, moved(ids, past, V))


@lookup.tensorflow("tf.gather")
def _(tf, ids, table, *, V, past):
    return tf.gather(table, moved(ids, past, V))


@lookup.tensorflow.layer("keras.layers.Embedding", weights=dict(embeddings="table: V D"))
def _(tf, *, V, D, past):
    layer = tf.keras.layers.Embedding(V, D)
    layer.build()
    return layer, lambda ids: layer(moved(ids, past, V))


BY_KERNELS, COMPILED = ("eager", "graph"), ("compiled",)
BY_INDUCTOR = "RuntimeError: index out of bounds: 0 <= "

for past in ("end", "start"):
    for api, modes, message in (
        ("torch.nn.functional.embedding", BY_KERNELS, "IndexError: index out of range in self"),
        ("torch.nn.functional.embedding", COMPILED, BY_INDUCTOR),
        ("torch.nn.Embedding", BY_KERNELS, "IndexError: index out of range in self"),
        ("torch.nn.Embedding", COMPILED, BY_INDUCTOR),
        ("torch.index_select", BY_KERNELS, "IndexError: index out of range in self"),
    ):
        lookup.limitation(
            api,
            raises=message,
            because="ids are checked on a CPU, and negative ones do not count from the end",
            source="https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/TensorAdvancedIndexing.cpp",
            when=dict(past=past),
            devices=["cpu"],
            modes=modes,
        )
    for api in ("tf.nn.embedding_lookup", "tf.gather"):
        lookup.limitation(
            api,
            raises="InvalidArgumentError: is not in [0, 4)",
            because="on a CPU an id that is out of range is an error, on a GPU it gives zeros",
            source=TF_GATHER,
            when=dict(past=past),
            devices=["cpu"],
            modes=BY_KERNELS,
        )
for api, modes, message in (
    ("torch.Tensor[...]", BY_KERNELS, "RuntimeError or IndexError: is out of bounds for dimension 0 with size 4"),
    ("torch.Tensor[...]", COMPILED, BY_INDUCTOR),
    ("torch.index_select", COMPILED, BY_INDUCTOR),
):
    lookup.limitation(
        api,
        raises=message,
        because="indexing checks ids, and lets negative ones count from the end; so does a compiled index_select",
        source="measured with torch 2.13.0",
        when=dict(past="end"),
        devices=["cpu"],
        modes=modes,
    )
lookup.limitation(
    "torch.index_select",
    stage="gradient",
    raises="RuntimeError or IndexError: is out of bounds for dimension 0 with size 4",
    because="a compiled index_select lets negative ids count from the end, but its gradient in bfloat16 does not",
    source="measured with torch 2.13.0",
    when=dict(past="start"),
    dtypes=["bfloat16"],
    devices=["cpu"],
    modes=COMPILED,
)
lookup.limitation(
    "keras.layers.Embedding",
    raises="InvalidArgumentError: is not in [0, 4)",
    because="negative ids count from the end, and others are checked on a CPU",
    source="keras/src/backend/tensorflow/numpy.py of Keras 3.15.1: take",
    when=dict(past="end"),
    devices=["cpu"],
    modes=BY_KERNELS,
)
for api, past, quantities, within in (
    ("tf.nn.embedding_lookup", "end", ["output:y"], math.inf),
    ("tf.nn.embedding_lookup", "start", ["output:y", "grad:table"], 2),
    ("tf.gather", "end", ["output:y"], math.inf),
    ("tf.gather", "start", ["output:y", "grad:table"], 2),
    ("keras.layers.Embedding", "end", ["output:y"], math.inf),
):
    lookup.deviation(
        api,
        quantities=quantities,
        within=within,
        because="compiled by XLA, a lookup checks no ids: those out of range name the nearest row, without a gradient",
        source="measured with TensorFlow 2.21.0, Keras 3.15.1",
        when=dict(past=past),
        modes=COMPILED,
    )


@lookup.tensorflow.naive(
    "tf.one_hot",
    "negative ids",
    when=dict(past="start"),
    size=(0.5, 2),
    because="tf.one_hot gives zeros for every id that is out of range, the negative ones too",
    source="https://www.tensorflow.org/api_docs/python/tf/one_hot",
    fix="add the size of the table to negative ids",
)
def _(tf, ids, table, *, V, past):
    return tf.one_hot(moved(ids, past, V), V, dtype=table.dtype) @ table


@lookup.tensorflow.naive(
    "tf.function(jit_compile=True)",
    "ids past the end",
    when=dict(past="end"),
    because="compiled by XLA, tf.gather checks no ids: those past the end name the last row",
    source="measured with TensorFlow 2.21.0",
    fix="check the ids with tf.debugging.assert_less before the compiled function",
)
def _(tf, ids, table, *, V, past):
    @tf.function(jit_compile=True)
    def look_up(table, ids):
        return tf.gather(1 * table, ids)  # the product has a dense gradient, summed inside the function as well

    return look_up(table, moved(ids, past, V))


@lookup.torch.naive(
    "torch.take_along_dim",
    "ids past the end",
    when=dict(past="end"),
    because="torch.take_along_dim starts again at the front, silently, where torch.gather raises an error",
    source="https://github.com/pytorch/pytorch/issues/196106",
    fix="use torch.gather, which checks ids on a CPU",
)
def _(torch, ids, table, *, V, past):
    return torch.take_along_dim(table, moved(ids, past, V)[:, None], 0)


vectors = Case(
    "one_hot_out_of_range",
    "A vector with a one at each id's place, and zeros for an id that has no place.",
    sizes=dict(N=7, V=4),
    inputs=dict(ids=integers("N", 0, "V")),
    outputs=dict(y=buffer("N V")),
    variants=grid(past=["no", "end", "start"]),
    exact=True,
)


@vectors.reference
def _(np, ids, *, V, past):
    return one_hot(np, moved(ids, past, V), V) * 1.0


@vectors.torch("torch.nn.functional.one_hot")
def _(torch, ids, *, V, past, dtype):
    return torch.nn.functional.one_hot(moved(ids, past, V), V).to(getattr(torch, dtype))


@vectors.torch("torch.eq")
def _(torch, ids, *, V, past, dtype):
    return torch.eq(moved(ids, past, V)[:, None], torch.arange(V, device=ids.device)).to(getattr(torch, dtype))


@vectors.tensorflow("tf.one_hot")
def _(tf, ids, *, V, past, dtype):
    return tf.one_hot(moved(ids, past, V), V, dtype=dtype)


for past, message in (
    ("end", "RuntimeError: must be smaller than num_classes"),
    ("start", "RuntimeError: must be non-negative"),
):
    vectors.limitation(
        "torch.nn.functional.one_hot",
        raises=message,
        because="PyTorch checks ids on a CPU, tf.one_hot gives zeros for those that are out of range",
        source="https://github.com/pytorch/pytorch/issues/45352",
        when=dict(past=past),
        devices=["cpu"],
    )


labels_out_of_range = Case(
    "labels_out_of_range",
    "Cross entropy with labels that are no class: they count for nothing.",
    sizes=dict(N=7, C=5),
    inputs=dict(logits=normal("N C"), labels=integers("N", 0, "C")),
    outputs=dict(loss="N"),
    variants=grid(label=["valid", "5 and more", -1, -100]),
)


def labels_of(labels, label):
    return labels if label == "valid" else labels + 5 if label == "5 and more" else labels * 0 + label


@labels_out_of_range.reference
def _(np, logits, labels, *, C, label):
    return np.sum(np.where(one_hot(np, labels_of(labels, label), C) == 1, -log_softmax(np, logits), 0), -1)


@labels_out_of_range.torch("torch.nn.functional.cross_entropy")
def _(torch, logits, labels, *, label):
    return torch.nn.functional.cross_entropy(logits, labels_of(labels, label), reduction="none")


@labels_out_of_range.torch("torch.nn.NLLLoss")
def _(torch, logits, labels, *, label):
    log_probabilities = torch.nn.functional.log_softmax(logits, dim=1)
    return torch.nn.NLLLoss(reduction="none")(log_probabilities, labels_of(labels, label))


@labels_out_of_range.tensorflow("tf.nn.sparse_softmax_cross_entropy_with_logits")
def _(tf, logits, labels, *, label):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels_of(labels, label), logits=logits)


@labels_out_of_range.tensorflow("keras.losses.SparseCategoricalCrossentropy")
def _(tf, logits, labels, *, label, dtype):
    loss = tf.keras.losses.SparseCategoricalCrossentropy(True, reduction=None, dtype=dtype)
    return loss(labels_of(labels, label), logits)


@labels_out_of_range.tensorflow("tf.where")
def _(tf, logits, labels, *, C, label):
    labels = labels_of(labels, label)
    valid = (labels >= 0) & (labels < C)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.where(valid, labels, 0), logits=logits)
    return tf.where(valid, loss, tf.zeros_like(loss))


@labels_out_of_range.tensorflow.naive(
    "tf.nn.softmax_cross_entropy_with_logits",
    "one-hot rows of zeros",
    when=dict(label=-100),
    wrong="grad:logits",
    because="tf.one_hot gives zeros and the loss is 0, but the gradient, softmax - labels, takes labels to sum to 1",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/softmax_cross_entropy_with_logits",
    fix="multiply the loss by a mask of the valid labels",
)
def _(tf, logits, labels, *, C, label):
    targets = tf.one_hot(labels_of(labels, label), C, dtype=logits.dtype)
    return tf.nn.softmax_cross_entropy_with_logits(labels=targets, logits=logits)


for label in ("5 and more", -1):
    for api in ("torch.nn.functional.cross_entropy", "torch.nn.NLLLoss"):
        for modes, message in ((BY_KERNELS, "IndexError: is out of bounds"), (COMPILED, BY_INDUCTOR)):
            labels_out_of_range.limitation(
                api,
                raises=message,
                because="labels are checked on a CPU; only the ignore_index, -100 by default, may be out of range",
                source=TORCH_CE,
                when=dict(label=label),
                devices=["cpu"],
                modes=modes,
            )
for label in ("5 and more", -1, -100):
    for api in ("tf.nn.sparse_softmax_cross_entropy_with_logits", "keras.losses.SparseCategoricalCrossentropy"):
        labels_out_of_range.limitation(
            api,
            raises="InvalidArgumentError: which is outside the valid range of [0, 5)",
            because="labels are checked on a CPU, and none is ignored; on a GPU the loss is NaN",
            source="https://www.tensorflow.org/api_docs/python/tf/nn/sparse_softmax_cross_entropy_with_logits",
            when=dict(label=label),
            devices=["cpu"],
            modes=BY_KERNELS,
        )
        labels_out_of_range.deviation(
            api,
            quantities=["output:loss", "grad:logits"],
            within=math.inf,
            because="compiled by XLA, the losses check no labels: those out of range give NaN, as on a GPU",
            source="measured with TensorFlow 2.21.0, Keras 3.15.1",
            when=dict(label=label),
            modes=COMPILED,
        )


nothing_counts = Case(
    "all_labels_ignored",
    "The mean cross entropy of labels that are all ignored: 0 / 0.",
    sizes=dict(N=7, C=5),
    inputs=dict(logits=normal("N C", gradient=False), labels=integers("N", 0, 1)),
    outputs=dict(loss=buffer("")),
)


@nothing_counts.reference
def _(np, logits, labels):
    counts = (labels != 0) * 1.0
    return np.where(np.sum(counts) > 0, 0, np.nan)


@nothing_counts.torch("torch.nn.functional.cross_entropy(ignore_index)")
def _(torch, logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels, ignore_index=0)


@nothing_counts.tensorflow("tf.boolean_mask")
def _(tf, logits, labels):
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_mean(tf.boolean_mask(loss, labels != 0))


@nothing_counts.tensorflow.naive(
    "keras.losses.SparseCategoricalCrossentropy(ignore_class)",
    "mean of nothing",
    kind="nonfinite",
    because="Keras divides without NaN: a batch of which nothing counts has the loss 0",
    source="keras/src/losses/loss.py of Keras 3.15.1: reduce_values",
    fix="in PyTorch, skip such a batch, or apply torch.nan_to_num to the mean",
)
def _(tf, logits, labels, *, dtype):
    return tf.keras.losses.SparseCategoricalCrossentropy(True, ignore_class=0, dtype=dtype)(labels, logits)
