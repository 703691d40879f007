"""Where an embedding is looked up: on the CPU, as old TensorFlow code demands, or on the device of the rest.

A lookup has kernels for GPUs today, in both frameworks. ``tf.device("/cpu:0")`` around it changes no result: on a GPU,
it only moves the ids there and the rows back.
"""

from _user_code import Owner

from parity import Case, buffer, integers, normal

TABLE = dict(embedding="table: V D")

embedding_on_cpu = Case(
    "embedding_on_cpu",
    "Words looked up in a variable, which may be kept on the CPU, and a scale of each word on the device of the rest.",
    sizes=dict(N=3, T=4, V=6, D=5),
    inputs=dict(ids=integers("N T", 0, "V"), scale=normal("N T D")),
    weights=dict(table=normal("V D")),
    outputs=dict(y="N T D"),
)


@embedding_on_cpu.reference
def _(np, ids, scale, table):
    return table[ids] * scale


@embedding_on_cpu.torch.layer("torch.nn.Embedding", weights=dict(weight="table: V D"))
def _(torch, *, V, D):
    embedding = torch.nn.Embedding(V, D)
    return embedding, lambda ids, scale: embedding(ids) * scale


@embedding_on_cpu.torch("torch.nn.functional.embedding")
def _(torch, ids, scale, table):
    return torch.nn.functional.embedding(ids, table) * scale


@embedding_on_cpu.torch("torch.Tensor.cpu")
def _(torch, ids, scale, table):
    return torch.nn.functional.embedding(ids.cpu(), table.cpu()).to(scale.device) * scale


@embedding_on_cpu.tensorflow.layer("tf.device", weights=TABLE)
def _(tf, *, V, D, dtype):
    with tf.device("/cpu:0"):
        embedding = tf.compat.v1.get_variable("embedding", [V, D], dtype)

    def call(ids, scale):
        with tf.device("/cpu:0"):
            inputs = tf.nn.embedding_lookup(embedding, ids)
        return inputs * scale

    return Owner(dict(embedding=embedding)), call


@embedding_on_cpu.tensorflow.layer("tf.compat.v1.get_variable", weights=TABLE)
def _(tf, *, V, D, dtype):
    embedding = tf.compat.v1.get_variable("embedding", [V, D], dtype)
    return Owner(dict(embedding=embedding)), lambda ids, scale: tf.nn.embedding_lookup(embedding, ids) * scale


gradient_of_lookup = Case(
    "gradient_of_lookup",
    "The gradient of a table for half the sum of squares of the rows that are looked up, as a dense tensor.",
    sizes=dict(N=3, T=4, V=6, D=5),
    inputs=dict(ids=integers("N T", 0, "V"), table=normal("V D", gradient=False)),
    outputs=dict(gradient=buffer("V D")),
)


@gradient_of_lookup.reference
def _(np, ids, table):
    return np.einsum("ntv,vd->vd", np.eye(len(table))[ids], table)


def torch_gradient(torch, ids, table, capture, **options):
    embedding = torch.nn.Embedding(*table.shape, device=table.device, **options)
    embedding.weight.data.copy_(table)
    with torch.enable_grad():
        (capture(embedding)(ids) ** 2 / 2).sum().backward()
    return embedding.weight.grad


@gradient_of_lookup.torch("torch.nn.Embedding")
def _(torch, ids, table, *, capture):
    return torch_gradient(torch, ids, table, capture)


@gradient_of_lookup.torch("torch.Tensor.to_dense")
def _(torch, ids, table, *, capture):
    return torch_gradient(torch, ids, table, capture, sparse=True).to_dense()


def tf_gradient(tf, ids, table, dense, capture):
    embedding = tf.Variable(table)

    def call(ids):
        with tf.GradientTape() as tape, tf.device("/cpu:0"):
            loss = tf.reduce_sum(tf.nn.embedding_lookup(embedding, ids) ** 2 / 2)
        return dense(tape.gradient(loss, embedding))

    return tf.identity(capture(call)(ids))


@gradient_of_lookup.tensorflow("tf.convert_to_tensor")
def _(tf, ids, table, *, capture):
    return tf_gradient(tf, ids, table, lambda gradient: tf.convert_to_tensor(gradient), capture)


@gradient_of_lookup.tensorflow("tf.math.unsorted_segment_sum")
def _(tf, ids, table, *, V, capture):
    return tf_gradient(
        tf, ids, table, lambda g: tf.math.unsorted_segment_sum(g.values, g.indices, num_segments=V), capture
    )


@gradient_of_lookup.tensorflow.naive(
    "tf.IndexedSlices.values",
    "taken for the gradient",
    kind="shape",
    because="the values are one row for each word that was looked up, not for each row of the table",
    source="https://www.tensorflow.org/api_docs/python/tf/IndexedSlices",
    fix="call tf.convert_to_tensor, which adds the rows up",
)
def _(tf, ids, table, *, capture):
    return tf_gradient(tf, ids, table, lambda gradient: gradient.values, capture)


@gradient_of_lookup.tensorflow.naive(
    "tf.tensor_scatter_nd_update",
    "rows written instead of added",
    because="a word that is looked up twice has two rows, of which the last one written stays",
    source="https://www.tensorflow.org/api_docs/python/tf/IndexedSlices",
    fix="add them up, with tf.convert_to_tensor or tf.math.unsorted_segment_sum",
)
def _(tf, ids, table, *, capture):
    def dense(gradient):
        return tf.tensor_scatter_nd_update(tf.zeros_like(table), gradient.indices[:, None], gradient.values)

    return tf_gradient(tf, ids, table, dense, capture)
