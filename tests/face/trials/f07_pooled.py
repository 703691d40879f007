"""One number that is large by convention, among others that may not be wrong by one."""

from parity import Case, buffer, integers, normal

LOWEST = -(2.0**128 - 2.0**104)

segments = Case(
    "f07_segment_max",
    "The largest number of each segment; of a segment without one the lowest float32 number, as TensorFlow has it.",
    sizes=dict(N=30, K=8),
    inputs=dict(x=normal("N", gradient=False), ids=integers("N", 0, 7)),
    outputs=dict(y=buffer("K")),
    dtypes=["float32"],
)


@segments.reference
def _(np, x, ids, *, K):
    member = np.arange(K)[:, None] == ids
    return np.max(np.where(member, x, LOWEST), axis=1)


@segments.torch("torch.Tensor.scatter_reduce")
def _(torch, x, ids, *, K):
    return x.new_full([K], LOWEST).scatter_reduce(0, ids, x, "amax")


@segments.torch("WRONG: one too many")
def _(torch, x, ids, *, K):
    return x.new_full([K], LOWEST).scatter_reduce(0, ids, x, "amax") + 1


@segments.tensorflow("tf.math.unsorted_segment_max")
def _(tf, x, ids, *, K):
    return tf.math.unsorted_segment_max(x, ids, K)


scores = Case(
    "f07_masked_scores",
    "Scores of a query and keys; 1e9 is subtracted from those of the future, as Keras and BERT do.",
    sizes=dict(T=5, S=lambda T: T, D=4),
    inputs=dict(q=normal("T D"), k=normal("S D")),
    outputs=dict(y="T S"),
    dtypes=["float32"],
)


def future(T):
    return [[float(s > t) for s in range(T)] for t in range(T)]


@scores.reference
def _(np, q, k, *, T):
    return np.einsum("td,sd->ts", q, k) - 1e9 * np.array(future(T))


@scores.torch("torch.Tensor.masked_fill")
def _(torch, q, k, *, T):
    return q @ k.T - 1e9 * torch.tensor(future(T))


@scores.torch("WRONG: scores of the past are one too large")
def _(torch, q, k, *, T):
    return q @ k.T + 1 - 1e9 * torch.tensor(future(T))


@scores.tensorflow("tf.matmul")
def _(tf, q, k, *, T):
    return tf.matmul(q, k, transpose_b=True) - 1e9 * tf.constant(future(T), q.dtype)
