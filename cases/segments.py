"""Reductions of the rows that have the same id, and rows added or written at places that may repeat."""

from parity import Case, buffer, distinct, grid, integers, normal

IDS = (0, 3, 0, 1, 3, 3, 1, 0, 4)
"""Five segments, of which number 2 is empty."""
SORTED = tuple(sorted(IDS))
SIZES = dict(N=len(IDS), C=4, K=5)


def members(k):
    return [n for n, number in enumerate(IDS) if number == k]


segment_sum = Case(
    "segment_sum",
    "The sum of the rows of each segment; that of none is zero.",
    sizes=SIZES,
    inputs=dict(x=normal("N C")),
    outputs=dict(y="K C"),
)


@segment_sum.reference
def _(np, x, *, C, K):
    return np.stack([np.sum(x[members(k)], 0) for k in range(K)])


@segment_sum.torch("torch.index_add")
def _(torch, x, *, K):
    return torch.index_add(x.new_zeros(K, x.shape[1]), 0, torch.tensor(IDS, device=x.device), x)


@segment_sum.torch("torch.scatter_add")
def _(torch, x, *, K):
    ids = torch.tensor(IDS, device=x.device)[:, None].expand(-1, x.shape[1])
    return torch.scatter_add(x.new_zeros(K, x.shape[1]), 0, ids, x)


@segment_sum.tensorflow("tf.math.unsorted_segment_sum")
def _(tf, x, *, K):
    return tf.math.unsorted_segment_sum(x, tf.constant(IDS), K)


@segment_sum.tensorflow("keras.ops.segment_sum")
def _(tf, x, *, K):
    return tf.keras.ops.segment_sum(x, tf.constant(IDS), K)


@segment_sum.tensorflow("tf.scatter_nd")
def _(tf, x, *, K):
    return tf.scatter_nd(tf.constant(IDS)[:, None], x, [K, x.shape[1]])


segment_mean = Case(
    "segment_mean",
    "The mean of the rows of each segment; that of none is zero.",
    sizes=SIZES,
    inputs=dict(x=normal("N C")),
    outputs=dict(y="K C"),
)


@segment_mean.reference
def _(np, x, *, K):
    return np.stack([np.sum(x[members(k)], 0) / max(len(members(k)), 1) for k in range(K)])


@segment_mean.torch("torch.scatter_reduce(mean)")
def _(torch, x, *, K):
    ids = torch.tensor(IDS, device=x.device)[:, None].expand(-1, x.shape[1])
    return torch.scatter_reduce(x.new_zeros(K, x.shape[1]), 0, ids, x, "mean", include_self=False)


@segment_mean.tensorflow("tf.math.unsorted_segment_mean")
def _(tf, x, *, K):
    return tf.math.unsorted_segment_mean(x, tf.constant(IDS), K)


@segment_mean.torch.naive(
    "torch.scatter_reduce",
    "the zeros counted",
    because="by default the tensor that is reduced into counts as one more row of each segment",
    source="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_reduce_.html",
    fix="pass include_self=False",
)
def _(torch, x, *, K):
    ids = torch.tensor(IDS, device=x.device)[:, None].expand(-1, x.shape[1])
    return torch.scatter_reduce(x.new_zeros(K, x.shape[1]), 0, ids, x, "mean")


extreme = Case(
    "segment_max",
    "The largest or the smallest number of each segment and column.",
    sizes=dict(SIZES, S=4),
    inputs=dict(x=distinct("N C")),
    outputs=dict(y="S C"),
    variants=grid(largest=[True, False]),
    exact=True,
)


def filled():
    """The ids without the empty segment."""
    return [number - (number > 2) for number in IDS]


@extreme.reference
def _(np, x, *, largest):
    of = np.max if largest else np.min
    return np.stack([of(x[members(k)], 0) for k in (0, 1, 3, 4)])


@extreme.torch("torch.scatter_reduce(amax)")
def _(torch, x, *, S, largest):
    ids = torch.tensor(filled(), device=x.device)[:, None].expand(-1, x.shape[1])
    kind = "amax" if largest else "amin"
    return torch.scatter_reduce(x.new_zeros(S, x.shape[1]), 0, ids, x, kind, include_self=False)


@extreme.tensorflow("tf.math.unsorted_segment_max")
def _(tf, x, *, S, largest):
    reduce = tf.math.unsorted_segment_max if largest else tf.math.unsorted_segment_min
    return reduce(x, tf.constant(filled()), S)


@extreme.tensorflow("keras.ops.segment_max")
def _(tf, x, *, S, largest):
    sign = 1 if largest else -1
    return sign * tf.keras.ops.segment_max(sign * x, tf.constant(filled()), S)


in_order = Case(
    "sorted_segments",
    "The sums of the rows of each segment, whose ids are in order and given by the lengths of the segments.",
    sizes=dict(N=len(IDS), C=4, S=4),
    inputs=dict(x=normal("N C")),
    outputs=dict(y="S C"),
)
LENGTHS = [SORTED.count(k) for k in sorted(set(SORTED))]


@in_order.reference
def _(np, x):
    ends = [sum(LENGTHS[: k + 1]) for k in range(len(LENGTHS))]
    return np.stack([np.sum(x[end - length : end], 0) for end, length in zip(ends, LENGTHS, strict=True)])


@in_order.torch("torch.segment_reduce")
def _(torch, x):
    return torch.segment_reduce(x, "sum", lengths=torch.tensor(LENGTHS, device=x.device), axis=0)


@in_order.tensorflow("tf.math.segment_sum")
def _(tf, x):
    return tf.math.segment_sum(x, tf.repeat(tf.range(len(LENGTHS)), LENGTHS))


in_order.limitation(
    "tf.math.segment_sum",
    raises="InvalidArgumentError: Detected unsupported operations",
    because="XLA has no segment_sum; it has unsorted_segment_sum",
    source="measured with TensorFlow 2.21.0",
    modes=["compiled"],
)

counts = Case(
    "bincount",
    "How often each number occurs, and the sum of the weights at its places.",
    sizes=dict(N=30, K=7),
    inputs=dict(ids=integers("N", 0, 5, dtype="int32"), weights=normal("N", gradient=False)),
    outputs=dict(counts=buffer("K", dtype="int32"), sums=buffer("K")),
    dtypes=["float64", "float32"],
    eager_only="the number of counts depends on the numbers that are counted, of which a graph knows nothing",
)


@counts.reference
def _(np, ids, weights, *, K):
    same = ids[:, None] == np.arange(K)
    return np.sum(same * 1, 0).astype(np.int32), np.sum(same * weights[:, None], 0)


@counts.torch("torch.bincount")
def _(torch, ids, weights, *, K):
    return torch.bincount(ids, minlength=K).to(torch.int32), torch.bincount(ids, weights, minlength=K)


@counts.tensorflow("tf.math.bincount")
def _(tf, ids, weights, *, K):
    return tf.math.bincount(ids, minlength=K), tf.math.bincount(ids, weights, minlength=K)


@counts.tensorflow("keras.ops.bincount")
def _(tf, ids, weights, *, K):
    ops = tf.keras.ops
    return ops.bincount(ids, minlength=K), ops.bincount(ids, weights, minlength=K)
