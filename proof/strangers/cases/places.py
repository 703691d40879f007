"""Segments, scattering, gathering, order, and what is accumulated along an axis."""

from parity import Case, distinct, integers, normal, uniform

FLOATS = ["float32", "float64"]

# Segments ----------------------------------------------------------------------------------------------------------

segment_sum = Case(
    "segment_sum",
    "Sums of the rows that have the same number; a number that no row has gets zeros.",
    sizes=dict(E=300, C=4, G=12),
    inputs=dict(x=normal("E C"), group=integers("E", 0, 10)),
    outputs=dict(y="G C"),
)


def members(np, group, G):
    return (np.arange(G)[:, None] == group) * 1.0


@segment_sum.reference
def _(np, x, group, *, G):
    return np.einsum("ge,ec->gc", members(np, group, G), x)


@segment_sum.torch("torch.Tensor.index_add")
def _(torch, x, group, *, G):
    return x.new_zeros(G, x.shape[1]).index_add(0, group, x)


@segment_sum.torch("torch.Tensor.scatter_add")
def _(torch, x, group, *, G):
    return x.new_zeros(G, x.shape[1]).scatter_add(0, group[:, None].expand_as(x), x)


@segment_sum.tensorflow("tf.math.unsorted_segment_sum")
def _(tf, x, group, *, G):
    return tf.math.unsorted_segment_sum(x, group, G)


@segment_sum.tensorflow("keras.ops.segment_sum")
def _(tf, x, group, *, G):
    return tf.keras.ops.segment_sum(x, group, num_segments=G)


@segment_sum.torch("WRONG: the last row of a group counts alone")
def _(torch, x, group, *, G):
    last = torch.stack(
        [torch.nonzero(group == g).flatten().amax() if (group == g).any() else torch.tensor(0) for g in range(G)]
    )
    return torch.where((torch.arange(G)[:, None] == group).any(1)[:, None], x[last], 0)


@segment_sum.tensorflow("WRONG: means")
def _(tf, x, group, *, G):
    return tf.math.unsorted_segment_mean(x, group, G)


@segment_sum.torch("WRONG: the last row is forgotten")
def _(torch, x, group, *, G):
    return x.new_zeros(G, x.shape[1]).index_add(0, group[:-1], x[:-1])


segment_mean = Case(
    "segment_mean",
    "Means of the rows that have the same number, over at least one row.",
    sizes=dict(E=200, C=5, G=8),
    inputs=dict(x=normal("E C"), group=integers("E", 0, "G")),
    outputs=dict(y="G C"),
)


@segment_mean.reference
def _(np, x, group, *, G):
    mask = members(np, group, G)
    return np.einsum("ge,ec->gc", mask, x) / np.maximum(np.sum(mask, axis=1), 1)[:, None]


@segment_mean.torch("torch.Tensor.scatter_reduce")
def _(torch, x, group, *, G):
    return x.new_zeros(G, x.shape[1]).scatter_reduce(0, group[:, None].expand_as(x), x, "mean", include_self=False)


@segment_mean.tensorflow("tf.math.unsorted_segment_mean")
def _(tf, x, group, *, G):
    return tf.math.unsorted_segment_mean(x, group, G)


@segment_mean.torch("WRONG: the zero that it begins with is counted (float16, float32, float64 only)")
def _(torch, x, group, *, G):
    return x.new_zeros(G, x.shape[1]).scatter_reduce(0, group[:, None].expand_as(x), x, "mean", include_self=True)


@segment_mean.tensorflow("WRONG: over the root of the count")
def _(tf, x, group, *, G):
    return tf.math.unsorted_segment_sqrt_n(x, group, G)


@segment_mean.torch("WRONG: over the mean count")
def _(torch, x, group, *, E, G):
    return x.new_zeros(G, x.shape[1]).index_add(0, group, x) * G / E


segment_max = Case(
    "segment_max",
    "The largest of the rows that have the same number, feature by feature.",
    sizes=dict(E=120, C=4, G=6),
    inputs=dict(x=distinct("E C"), group=integers("E", 0, "G")),
    outputs=dict(y="G C"),
    exact=["output:*"],
)


@segment_max.reference
def _(np, x, group, *, G):
    return np.max(np.where((np.arange(G)[:, None] == group)[:, :, None], x, -np.inf), axis=1)


@segment_max.torch("torch.Tensor.scatter_reduce")
def _(torch, x, group, *, G):
    start = x.new_zeros(G, x.shape[1])
    return start.scatter_reduce(0, group[:, None].expand_as(x), x, "amax", include_self=False)


@segment_max.tensorflow("tf.math.unsorted_segment_max")
def _(tf, x, group, *, G):
    return tf.math.unsorted_segment_max(x, group, G)


@segment_max.torch("WRONG: begins with the first group's maximum")
def _(torch, x, group, *, G):
    start = x[group == 0].amax(0).expand(G, -1)
    return start.scatter_reduce(0, group[:, None].expand_as(x), x, "amax", include_self=True)


@segment_max.tensorflow("WRONG: minima")
def _(tf, x, group, *, G):
    return tf.math.unsorted_segment_min(x, group, G)


@segment_max.torch("WRONG: the gradient is shared by all rows")
def _(torch, x, group, *, G):
    place = group[:, None].expand_as(x)
    best = x.new_zeros(G, x.shape[1]).scatter_reduce(0, place, x, "amax", include_self=False).detach()
    mean = x.new_zeros(G, x.shape[1]).scatter_reduce(0, place, x, "mean", include_self=False)
    return best + (mean - mean.detach())


# Scatter and gather ------------------------------------------------------------------------------------------------

scatter = Case(
    "scatter_nd",
    "Numbers added up at pairs of places in a matrix of zeros.",
    sizes=dict(K=80, A=7, B=5),
    inputs=dict(values=normal("K"), row=integers("K", 0, "A"), column=integers("K", 0, "B")),
    outputs=dict(y="A B"),
)


@scatter.reference
def _(np, values, row, column, *, A, B):
    return np.einsum(
        "k,ka,kb->ab", values, (row[:, None] == np.arange(A)) * 1.0, (column[:, None] == np.arange(B)) * 1.0
    )


@scatter.torch("torch.Tensor.index_put")
def _(torch, values, row, column, *, A, B):
    return values.new_zeros(A, B).index_put((row, column), values, accumulate=True)


@scatter.tensorflow("tf.scatter_nd")
def _(tf, values, row, column, *, A, B):
    return tf.scatter_nd(tf.stack([row, column], -1), values, tf.constant([A, B], row.dtype))


@scatter.torch("WRONG: the last value stands")
def _(torch, values, row, column, *, A, B):
    return values.new_zeros(A, B).index_put((row, column), values)


@scatter.tensorflow("WRONG: laid out by columns")
def _(tf, values, row, column, *, A, B):
    return tf.reshape(tf.math.unsorted_segment_sum(values, column * A + row, A * B), (A, B))


@scatter.torch("WRONG: the first value counts twice")
def _(torch, values, row, column, *, A, B):
    more = torch.cat([values, values[:1]])
    places = (torch.cat([row, row[:1]]), torch.cat([column, column[:1]]))
    return values.new_zeros(A, B).index_put(places, more, accumulate=True)


gather = Case(
    "gather_nd",
    "Rows of a batch of images at given pixels.",
    sizes=dict(N=3, H=6, W=5, C=4, K=20),
    inputs=dict(x=normal("N H W C"), row=integers("N K", 0, "H"), column=integers("N K", 0, "W")),
    outputs=dict(y="N K C"),
    exact=["output:*"],
)


@gather.reference
def _(np, x, row, column, *, N):
    return x[np.arange(N)[:, None], row, column]


@gather.torch("torch.Tensor.__getitem__")
def _(torch, x, row, column, *, N):
    return x[torch.arange(N)[:, None], row, column]


@gather.torch("torch.gather")
def _(torch, x, row, column, *, W, C):
    return x.flatten(1, 2).gather(1, (row * W + column)[..., None].expand(-1, -1, C))


@gather.tensorflow("tf.gather_nd")
def _(tf, x, row, column):
    return tf.gather_nd(x, tf.stack([row, column], -1), batch_dims=1)


@gather.torch("WRONG: always the first of the batch")
def _(torch, x, row, column):
    return x[0][row, column]


@gather.tensorflow("WRONG: rows and columns in turns")
def _(tf, x, row, column, *, H):
    return tf.gather(tf.reshape(x, (x.shape[0], -1, x.shape[-1])), column * H + row, batch_dims=1)


@gather.torch("WRONG: the gradient of a pixel that is taken twice comes once")
def _(torch, x, row, column, *, N, W, C):
    place = row * W + column
    again = (place[:, :, None] == place[:, None]).tril(-1).any(-1)[..., None]
    y = x[torch.arange(N)[:, None], row, column]
    return torch.where(again, y.detach(), y)


# Order -------------------------------------------------------------------------------------------------------------

order = Case(
    "sort_descending",
    "Every row in falling order.",
    sizes=dict(N=3, L=200),
    inputs=dict(x=distinct("N L")),
    outputs=dict(y="N L"),
    exact=True,
)


@order.reference
def _(np, x):
    return -np.sort(-x, axis=-1)


@order.torch("torch.sort")
def _(torch, x):
    return torch.sort(x, descending=True).values


@order.tensorflow("tf.sort")
def _(tf, x):
    return tf.sort(x, direction="DESCENDING")


@order.torch("WRONG: rising")
def _(torch, x):
    return torch.sort(x).values


@order.torch("WRONG: by magnitude")
def _(torch, x):
    return x.gather(-1, x.abs().argsort(-1, descending=True))


@order.torch("WRONG: the gradient goes to where the values came to lie")
def _(torch, x):
    return torch.sort(x, descending=True).values.detach() + (x - x.detach())


top = Case(
    "top_k",
    "The five largest of every row, the largest first.",
    sizes=dict(N=4, L=150, K=5),
    inputs=dict(x=distinct("N L")),
    outputs=dict(y="N K"),
    exact=True,
)


@top.reference
def _(np, x, *, K):
    return np.take_along_axis(x, np.argsort(-x, axis=-1)[:, :K], axis=-1)


@top.torch("torch.topk")
def _(torch, x, *, K):
    return torch.topk(x, K).values


@top.tensorflow("tf.math.top_k")
def _(tf, x, *, K):
    return tf.math.top_k(x, K).values


@top.torch("WRONG: the smallest")
def _(torch, x, *, K):
    return torch.topk(x, K, largest=False).values


@top.torch("WRONG: the smallest of the five first")
def _(torch, x, *, K):
    return torch.topk(x, K).values.flip(-1)


@top.tensorflow("WRONG: the second to the sixth")
def _(tf, x, *, K):
    return tf.math.top_k(x, K + 1).values[:, 1:]


# Accumulation ------------------------------------------------------------------------------------------------------

sums = Case(
    "cumulative_sum",
    "Sums up to and without each element, from the end.",
    sizes=dict(N=4, L=400),
    inputs=dict(x=normal("N L")),
    outputs=dict(y="N L"),
    dtypes=FLOATS,
)


@sums.reference
def _(np, x):
    return np.cumsum(x[:, ::-1], axis=1)[:, ::-1] - x


@sums.torch("torch.cumsum")
def _(torch, x):
    return torch.cumsum(x.flip(1), 1).flip(1) - x


@sums.tensorflow("tf.cumsum")
def _(tf, x):
    return tf.cumsum(x, 1, exclusive=True, reverse=True)


@sums.tensorflow("WRONG: from the start")
def _(tf, x):
    return tf.cumsum(x, 1, exclusive=True)


@sums.torch("WRONG: with each element")
def _(torch, x):
    return torch.cumsum(x.flip(1), 1).flip(1)


@sums.torch("WRONG: added up in bfloat16")
def _(torch, x):
    return torch.cumsum(x.bfloat16().flip(1), 1).flip(1).to(x.dtype) - x


products = Case(
    "cumulative_product",
    "Products of the first elements.",
    sizes=dict(N=5, L=30),
    inputs=dict(x=uniform("N L", 0.5, 1.5)),
    outputs=dict(y="N L"),
    dtypes=FLOATS,
)


@products.reference
def _(np, x):
    return np.cumprod(x, axis=1)


@products.torch("torch.cumprod")
def _(torch, x):
    return torch.cumprod(x, 1)


@products.tensorflow("tf.math.cumprod")
def _(tf, x):
    return tf.math.cumprod(x, 1)


@products.tensorflow("WRONG: without each element")
def _(tf, x):
    return tf.math.cumprod(x, 1, exclusive=True)


@products.torch("WRONG: along the batch")
def _(torch, x):
    return torch.cumprod(x, 0)


@products.torch("WRONG: the gradient doubled")
def _(torch, x):
    y = torch.cumprod(x, 1)
    return 2 * y - y.detach()


maxima = Case(
    "cumulative_maximum",
    "The largest element so far.",
    sizes=dict(N=5, L=60),
    inputs=dict(x=distinct("N L")),
    outputs=dict(y="N L"),
)


@maxima.reference
def _(np, x, *, L):
    first = np.arange(L)[:, None] >= np.arange(L)
    return np.max(np.where(first, x[:, None], -np.inf), axis=-1)


@maxima.torch("torch.cummax")
def _(torch, x):
    return torch.cummax(x, 1).values


@maxima.tensorflow("tf.maximum, one after the other")
def _(tf, x):
    best = [x[:, 0]]
    for column in tf.unstack(x, axis=1)[1:]:
        best.append(tf.maximum(best[-1], column))
    return tf.stack(best, 1)


@maxima.torch("WRONG: minima")
def _(torch, x):
    return torch.cummin(x, 1).values


@maxima.torch("WRONG: begins with zero")
def _(torch, x):
    return torch.cummax(torch.cat([torch.zeros_like(x[:, :1]), x], 1), 1).values[:, 1:]


@maxima.torch("WRONG: the largest of the last eight")
def _(torch, x):
    padded = torch.nn.functional.pad(x, (7, 0), value=float("-inf"))
    return torch.nn.functional.max_pool1d(padded, 8, 1)


# Sums of exponentials ----------------------------------------------------------------------------------------------

log_sum = Case(
    "log_sum_exp",
    "The logarithm of the sum of exponentials of large numbers.",
    sizes=dict(N=6, L=64),
    inputs=dict(x=normal("N L", mean=100.0, std=4.0)),
    outputs=dict(y="N"),
)


@log_sum.reference
def _(np, x):
    largest = np.max(x, axis=-1)
    y = np.stop_gradient(largest + np.log(np.sum(np.exp(x - largest[:, None]), axis=-1)))
    # The gradient comes from the rounded result, which is large.
    return np.straight_through(y, np.sum(x * np.exp(np.stop_gradient(x) - y[:, None]), axis=-1))


@log_sum.torch("torch.logsumexp")
def _(torch, x):
    return torch.logsumexp(x, -1)


@log_sum.tensorflow("tf.reduce_logsumexp")
def _(tf, x):
    return tf.reduce_logsumexp(x, -1)


@log_sum.tensorflow("keras.ops.logsumexp")
def _(tf, x):
    return tf.keras.ops.logsumexp(x, axis=-1)


@log_sum.torch("WRONG: overflows (float16, float32, bfloat16 only)")
def _(torch, x):
    return torch.log(torch.exp(x).sum(-1))


@log_sum.torch("WRONG: a mean")
def _(torch, x, *, L):
    return torch.logsumexp(x, -1) - torch.log(torch.tensor(float(L), dtype=x.dtype))


@log_sum.torch("WRONG: the maximum's gradient (float16, float32, float64 only)")
def _(torch, x):
    return torch.logsumexp(x, -1).detach() + (x.amax(-1) - x.amax(-1).detach())


# Bags --------------------------------------------------------------------------------------------------------------

bag = Case(
    "embedding_bag",
    "The weighted mean of words' vectors for each text; 0 is padding and does not count.",
    sizes=dict(N=5, T=20, V=9, D=8),
    inputs=dict(ids=integers("N T", 0, "V"), weight=uniform("N T", 0.1, 1.0)),
    weights=dict(table=normal("V D")),
    outputs=dict(y="N D"),
)


@bag.reference
def _(np, ids, weight, table):
    weight = np.where(ids == 0, 0.0, weight)
    return np.einsum("nt,ntd->nd", weight, table[ids]) / np.sum(weight, axis=1, keepdims=True)


@bag.torch("torch.nn.functional.embedding_bag")
def _(torch, ids, weight, table):
    weight = weight * (ids != 0)
    total = torch.nn.functional.embedding_bag(ids, table, per_sample_weights=weight, mode="sum")
    return total / weight.sum(1, keepdim=True)


@bag.tensorflow("tf.gather")
def _(tf, ids, weight, table):
    weight = tf.where(ids != 0, weight, 0)[..., None]
    return tf.reduce_sum(weight * tf.gather(table, ids), 1) / tf.reduce_sum(weight, 1)


@bag.torch("WRONG: the mean over all positions")
def _(torch, ids, weight, table, *, T):
    weight = weight * (ids != 0)
    return torch.nn.functional.embedding_bag(ids, table, per_sample_weights=weight, mode="sum") / T


@bag.torch("WRONG: padding counts in the divisor")
def _(torch, ids, weight, table):
    masked = weight * (ids != 0)
    total = torch.nn.functional.embedding_bag(ids, table, per_sample_weights=masked, mode="sum")
    return total / weight.sum(1, keepdim=True)


@bag.tensorflow("WRONG: the weights are not trained")
def _(tf, ids, weight, table):
    weight = tf.where(ids != 0, tf.stop_gradient(weight) + 0 * weight, 0)[..., None]
    return tf.reduce_sum(weight * tf.gather(table, ids), 1) / tf.reduce_sum(weight, 1)


# Means of ragged rows ----------------------------------------------------------------------------------------------

ragged = Case(
    "masked_mean",
    "The mean and the deviation of the first elements of every row, as many as the row is long.",
    sizes=dict(N=6, L=50, C=3),
    inputs=dict(x=normal("N L C"), length=integers("N", 2, "L")),
    outputs=dict(mean="N C", deviation="N C"),
    dtypes=FLOATS,
)


@ragged.reference
def _(np, x, length, *, L):
    mask = (np.arange(L) < length[:, None])[..., None] * 1.0
    count = length[:, None] * 1.0
    mean = np.sum(x * mask, axis=1) / count
    variance = np.sum(mask * (x - mean[:, None]) ** 2, axis=1) / count
    return mean, np.sqrt(variance + 1e-5)


@ragged.torch("torch.arange")
def _(torch, x, length, *, L):
    mask = (torch.arange(L) < length[:, None])[..., None]
    count = length[:, None]
    mean = (x * mask).sum(1) / count
    variance = ((x - mean[:, None]).square() * mask).sum(1) / count
    return mean, torch.sqrt(variance + 1e-5)


@ragged.tensorflow("tf.nn.weighted_moments")
def _(tf, x, length, *, L):
    mean, variance = tf.nn.weighted_moments(x, 1, tf.sequence_mask(length, L, x.dtype)[..., None])
    return mean, tf.sqrt(variance + 1e-5)


@ragged.torch("WRONG: over all elements")
def _(torch, x, length, *, L):
    mask = (torch.arange(L) < length[:, None])[..., None]
    mean = (x * mask).mean(1)
    return mean, torch.sqrt(((x - mean[:, None]).square() * mask).mean(1) + 1e-5)


@ragged.torch("WRONG: ε outside the root")
def _(torch, x, length, *, L):
    mask = (torch.arange(L) < length[:, None])[..., None]
    count = length[:, None]
    mean = (x * mask).sum(1) / count
    return mean, torch.sqrt(((x - mean[:, None]).square() * mask).sum(1) / count) + 1e-5


@ragged.tensorflow("WRONG: unbiased")
def _(tf, x, length, *, L):
    mean, variance = tf.nn.weighted_moments(x, 1, tf.sequence_mask(length, L, x.dtype)[..., None])
    count = tf.cast(length, x.dtype)[:, None]
    return mean, tf.sqrt(variance * count / (count - 1) + 1e-5)


# Histograms --------------------------------------------------------------------------------------------------------

soft = Case(
    "soft_histogram",
    "Linear shares of numbers in two neighbouring bins, which a port of a distributional critic needs.",
    sizes=dict(N=200, B=11),
    inputs=dict(x=uniform("N", -1.0, 1.0)),
    outputs=dict(y="B"),
    dtypes=FLOATS,
)


@soft.reference
def _(np, x, *, B):
    return np.sum(np.maximum(0.0, 1 - np.abs((x[:, None] + 1) * (B - 1) / 2 - np.arange(B))), axis=0)


@soft.torch("torch.Tensor.index_add")
def _(torch, x, *, B):
    place = (x + 1) * ((B - 1) / 2)
    left = place.detach().floor().clamp(max=B - 2)
    share, index = place - left, left.long()
    return x.new_zeros(B).index_add(0, index, 1 - share).index_add(0, index + 1, share)


@soft.tensorflow("tf.math.unsorted_segment_sum")
def _(tf, x, *, B):
    place = (x + 1) * ((B - 1) / 2)
    left = tf.minimum(tf.floor(place), B - 2)
    share, index = place - left, tf.cast(left, tf.int32)
    return tf.math.unsorted_segment_sum(1 - share, index, B) + tf.math.unsorted_segment_sum(share, index + 1, B)


@soft.torch("WRONG: shares exchanged")
def _(torch, x, *, B):
    place = (x + 1) * ((B - 1) / 2)
    left = place.detach().floor().clamp(max=B - 2)
    share, index = place - left, left.long()
    return x.new_zeros(B).index_add(0, index, share).index_add(0, index + 1, 1 - share)


@soft.torch("WRONG: whole counts")
def _(torch, x, *, B):
    place = (x + 1) * ((B - 1) / 2)
    share = place - place.detach()
    index = place.detach().round().long()
    return x.new_zeros(B).index_add(0, index, 1 + share)


@soft.torch("WRONG: B bins between the edges")
def _(torch, x, *, B):
    place = (x + 1) * (B / 2) - 0.5
    return torch.relu(1 - (place[:, None] - torch.arange(B)).abs()).sum(0)
