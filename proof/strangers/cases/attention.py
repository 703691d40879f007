"""Attention with masks and biases, and encodings of positions."""

from parity import Case, integers, normal


def attend(torch, q, k, v, bias=0.0, scale=None):
    """Scaled dot-product attention by hand, for versions that differ from it in one point."""
    scores = q @ k.transpose(-1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale)
    return torch.softmax(scores + bias, -1) @ v


def softmax(np, scores):
    weights = np.exp(scores - np.stop_gradient(np.max(scores, axis=-1, keepdims=True)))
    return weights / np.sum(weights, axis=-1, keepdims=True)


# Causal ------------------------------------------------------------------------------------------------------------

causal = Case(
    "causal_attention",
    "Attention in which a position sees itself and those before it.",
    sizes=dict(N=2, H=4, T=32, D=16),
    inputs=dict(q=normal("N H T D"), k=normal("N H T D"), v=normal("N H T D")),
    outputs=dict(y="N H T D"),
)


@causal.reference
def _(np, q, k, v, *, T, D):
    scores = np.einsum("nhtd,nhsd->nhts", q, k) / np.sqrt(D)
    seen = np.arange(T)[:, None] >= np.arange(T)
    return np.einsum("nhts,nhsd->nhtd", softmax(np, np.where(seen, scores, -np.inf)), v)


@causal.torch("torch.nn.functional.scaled_dot_product_attention")
def _(torch, q, k, v):
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)


@causal.tensorflow("keras.ops.dot_product_attention", q="N T H D", k="N T H D", v="N T H D", y="N T H D")
def _(tf, q, k, v):
    return tf.keras.ops.dot_product_attention(q, k, v, is_causal=True)


@causal.torch("WRONG: sees one position ahead")
def _(torch, q, k, v, *, T):
    hidden = torch.ones(T, T, dtype=torch.bool).triu(2)
    return attend(torch, q, k, v, torch.zeros(T, T, dtype=q.dtype).masked_fill(hidden, float("-inf")))


@causal.tensorflow("WRONG: mask applied after the softmax")
def _(tf, q, k, v, *, D):
    weights = tf.nn.softmax(tf.einsum("nhtd,nhsd->nhts", q, k) * D**-0.5)
    return tf.einsum("nhts,nhsd->nhtd", tf.linalg.band_part(weights, -1, 0), v)


@causal.torch("WRONG: divided by D, not by its root")
def _(torch, q, k, v, *, D):
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=1 / D)


# Keras takes 1 / √D in float32.


def unscaled(case):
    case.deviation(
        "keras.ops.dot_product_attention",
        dtypes=["float64"],
        quantities=["output:y", "grad:q", "grad:k", "grad:v"],
        within=1e-6,
        because="the scale is computed in float32, whatever the inputs are",
        source="measured with keras 3.15.1",
    )


# Padding -----------------------------------------------------------------------------------------------------------

padded = Case(
    "padded_attention",
    "Attention over sequences of several lengths: keys beyond a sequence's end have no weight.",
    sizes=dict(N=3, H=2, T=7, S=20, D=8),
    inputs=dict(q=normal("N H T D"), k=normal("N H S D"), v=normal("N H S D"), length=integers("N", 2, "S")),
    outputs=dict(y="N H T D"),
)


unscaled(padded)


@padded.reference
def _(np, q, k, v, length, *, S, D):
    scores = np.einsum("nhtd,nhsd->nhts", q, k) / np.sqrt(D)
    valid = (np.arange(S) < length[:, None])[:, None, None, :]
    return np.einsum("nhts,nhsd->nhtd", softmax(np, np.where(valid, scores, -np.inf)), v)


@padded.torch("torch.nn.functional.scaled_dot_product_attention")
def _(torch, q, k, v, length, *, S):
    valid = torch.arange(S) < length[:, None]
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=valid[:, None, None, :])


@padded.torch("torch.softmax with -inf")
def _(torch, q, k, v, length, *, S):
    padding = (torch.arange(S) >= length[:, None])[:, None, None, :]
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(padding, float("-inf"))
    return torch.softmax(scores, -1) @ v


@padded.tensorflow("keras.ops.dot_product_attention", q="N T H D", k="N S H D", v="N S H D", y="N T H D")
def _(tf, q, k, v, length, *, S):
    return tf.keras.ops.dot_product_attention(q, k, v, mask=tf.sequence_mask(length, S)[:, None, None, :])


@padded.tensorflow("tf.nn.softmax with -1e9")
def _(tf, q, k, v, length, *, S, D):
    scores = tf.einsum("nhtd,nhsd->nhts", q, k) * tf.constant(D**-0.5, q.dtype)
    penalty = tf.cast(tf.where(tf.sequence_mask(length, S), 0.0, -1e9), q.dtype)[:, None, None, :]
    return tf.einsum("nhts,nhsd->nhtd", tf.nn.softmax(scores + penalty), v)


@padded.tensorflow("WRONG: scores multiplied by the mask")
def _(tf, q, k, v, length, *, S, D):
    scores = tf.einsum("nhtd,nhsd->nhts", q, k) * tf.constant(D**-0.5, q.dtype)
    valid = tf.sequence_mask(length, S, dtype=q.dtype)[:, None, None, :]
    return tf.einsum("nhts,nhsd->nhtd", tf.nn.softmax(scores * valid), v)


@padded.torch("WRONG: the last valid key is masked, too")
def _(torch, q, k, v, length, *, S):
    valid = torch.arange(S) < length[:, None] - 1
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=valid[:, None, None, :])


@padded.torch("WRONG: -1 in place of -1e9")
def _(torch, q, k, v, length, *, S):
    padding = (torch.arange(S) >= length[:, None])[:, None, None, :]
    return attend(torch, q, k, v, -padding.to(q.dtype))


# Grouped queries ---------------------------------------------------------------------------------------------------

grouped = Case(
    "grouped_query_attention",
    "Every key and value head serves G query heads that stand beside each other.",
    sizes=dict(N=2, Q=6, K=3, T=9, S=11, D=8),
    inputs=dict(q=normal("N Q T D"), k=normal("N K S D"), v=normal("N K S D")),
    outputs=dict(y="N Q T D"),
)


unscaled(grouped)


@grouped.reference
def _(np, q, k, v, *, N, K, Q, T, D):
    q = np.reshape(q, (N, K, Q // K, T, D))
    weights = softmax(np, np.einsum("nkgtd,nksd->nkgts", q, k) / np.sqrt(D))
    return np.reshape(np.einsum("nkgts,nksd->nkgtd", weights, v), (N, Q, T, D))


@grouped.torch("torch.nn.functional.scaled_dot_product_attention")
def _(torch, q, k, v):
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)


@grouped.tensorflow("keras.ops.dot_product_attention", q="N T Q D", k="N S K D", v="N S K D", y="N T Q D")
def _(tf, q, k, v, *, K, Q):
    k, v = (tf.repeat(each, Q // K, axis=2) for each in (k, v))
    return tf.keras.ops.dot_product_attention(q, k, v)


@grouped.torch("WRONG: heads tiled, not repeated")
def _(torch, q, k, v, *, K, Q):
    return attend(torch, q, k.tile(1, Q // K, 1, 1), v.tile(1, Q // K, 1, 1))


@grouped.tensorflow("WRONG: keys of the first group for all")
def _(tf, q, k, v, *, K, Q, D):
    k = tf.repeat(k[:, :1], Q, axis=1)
    weights = tf.nn.softmax(tf.einsum("nhtd,nhsd->nhts", q, k) * tf.constant(D**-0.5, q.dtype))
    return tf.einsum("nhts,nhsd->nhtd", weights, tf.repeat(v, Q // K, axis=1))


@grouped.torch("WRONG: only the first query head of a group trains the values")
def _(torch, q, k, v, *, K, Q):
    n = Q // K
    parts = [attend(torch, q[:, g::n], k, v if g == 0 else v.detach()) for g in range(n)]
    return torch.stack(parts, 2).flatten(1, 2)


# ALiBi -------------------------------------------------------------------------------------------------------------

alibi = Case(
    "alibi_attention",
    "Causal attention with linear biases: scores fall with the distance, by 2^(-8h/H) in head h = 1 ... H.",
    sizes=dict(N=2, H=4, T=24, D=16),
    inputs=dict(q=normal("N H T D"), k=normal("N H T D"), v=normal("N H T D")),
    outputs=dict(y="N H T D"),
)


@alibi.reference
def _(np, q, k, v, *, H, T, D):
    distance = np.arange(T)[:, None] - np.arange(T)
    slopes = 2.0 ** (-8.0 * np.arange(1, H + 1) / H)
    scores = np.einsum("nhtd,nhsd->nhts", q, k) / np.sqrt(D) - slopes[:, None, None] * distance
    return np.einsum("nhts,nhsd->nhtd", softmax(np, np.where(distance >= 0, scores, -np.inf)), v)


def alibi_bias(torch, q, first=1, sign=-1.0):
    H, T = q.shape[1:3]
    distance = torch.arange(T)[:, None] - torch.arange(T)
    slopes = 2.0 ** (-8.0 * torch.arange(first, H + first) / H)
    bias = sign * slopes[:, None, None] * distance
    return bias.masked_fill(distance < 0, float("-inf")).to(q.dtype)


@alibi.torch("torch.nn.functional.scaled_dot_product_attention")
def _(torch, q, k, v):
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=alibi_bias(torch, q)[None])


@alibi.tensorflow("tf.nn.softmax")
def _(tf, q, k, v, *, H, T, D):
    distance = tf.range(T)[:, None] - tf.range(T)
    slopes = tf.constant([2.0 ** (-8 * h / H) for h in range(1, H + 1)], q.dtype)
    scores = tf.einsum("nhtd,nhsd->nhts", q, k) / tf.sqrt(tf.cast(D, q.dtype))
    scores -= slopes[:, None, None] * tf.cast(distance, q.dtype)
    scores = tf.where(distance >= 0, scores, scores.dtype.min)
    return tf.einsum("nhts,nhsd->nhtd", tf.nn.softmax(scores), v)


@alibi.torch("WRONG: slopes begin with 1")
def _(torch, q, k, v):
    return attend(torch, q, k, v, alibi_bias(torch, q, first=0))


@alibi.torch("WRONG: scores grow with the distance")
def _(torch, q, k, v):
    return attend(torch, q, k, v, alibi_bias(torch, q, sign=1.0))


@alibi.torch("WRONG: the bias is divided by √D, too")
def _(torch, q, k, v, *, D):
    return attend(torch, q, k, v, alibi_bias(torch, q) * D**-0.5)


# Relative positions ------------------------------------------------------------------------------------------------

relative = Case(
    "relative_bias_attention",
    "Attention with a learned bias for each head and each distance s - t, without scaling, as in T5.",
    sizes=dict(N=2, H=3, T=10, S=13, D=4, R=lambda T, S: T + S - 1),
    inputs=dict(q=normal("N H T D"), k=normal("N H S D"), v=normal("N H S D")),
    weights=dict(table=normal("R H")),
    outputs=dict(y="N H T D"),
)


@relative.reference
def _(np, q, k, v, table, *, T, S):
    place = np.arange(S) - np.arange(T)[:, None] + T - 1
    bias = np.transpose(table[place], (2, 0, 1))
    return np.einsum("nhts,nhsd->nhtd", softmax(np, np.einsum("nhtd,nhsd->nhts", q, k) + bias), v)


def place(torch, T, S):
    return torch.arange(S) - torch.arange(T)[:, None] + T - 1


@relative.torch("torch.nn.functional.embedding")
def _(torch, q, k, v, table, *, T, S):
    bias = torch.nn.functional.embedding(place(torch, T, S), table).permute(2, 0, 1)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias[None], scale=1.0)


@relative.tensorflow("tf.gather")
def _(tf, q, k, v, table, *, T, S):
    bias = tf.transpose(tf.gather(table, tf.range(S) - tf.range(T)[:, None] + T - 1), (2, 0, 1))
    return tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True) + bias), v)


@relative.torch("WRONG: distance t - s")
def _(torch, q, k, v, table, *, T, S):
    return attend(torch, q, k, v, table.flip(0)[place(torch, T, S)].permute(2, 0, 1), 1.0)


@relative.torch("WRONG: off by one position")
def _(torch, q, k, v, table, *, T, S):
    return attend(torch, q, k, v, table.roll(1, 0)[place(torch, T, S)].permute(2, 0, 1), 1.0)


@relative.torch("WRONG: the table is not trained")
def _(torch, q, k, v, table, *, T, S):
    return attend(torch, q, k, v, table.detach()[place(torch, T, S)].permute(2, 0, 1) + 0 * table.sum(), 1.0)


# Additive ----------------------------------------------------------------------------------------------------------

additive = Case(
    "additive_attention",
    "Scores are a weighted sum of tanh(q + k), as Bahdanau has them.",
    sizes=dict(N=2, T=6, S=9, D=16),
    inputs=dict(q=normal("N T D"), k=normal("N S D"), v=normal("N S D")),
    weights=dict(scale=normal("D")),
    outputs=dict(y="N T D"),
)


@additive.reference
def _(np, q, k, v, scale):
    scores = np.sum(scale * np.tanh(q[:, :, None] + k[:, None]), axis=-1)
    return np.einsum("nts,nsd->ntd", softmax(np, scores), v)


@additive.torch("torch.tanh")
def _(torch, q, k, v, scale):
    scores = (scale * torch.tanh(q[:, :, None] + k[:, None])).sum(-1)
    return torch.softmax(scores, -1) @ v


@additive.tensorflow.layer("keras.layers.AdditiveAttention", weights=dict(scale="scale: D"))
def _(tf):
    layer = tf.keras.layers.AdditiveAttention()
    return layer, lambda q, k, v: layer([q, v, k])


@additive.tensorflow.layer("WRONG: key and value exchanged", weights=dict(scale="scale: D"))
def _(tf):
    layer = tf.keras.layers.AdditiveAttention()
    return layer, lambda q, k, v: layer([q, k, v])


@additive.torch("WRONG: softmax over the queries")
def _(torch, q, k, v, scale):
    scores = (scale * torch.tanh(q[:, :, None] + k[:, None])).sum(-1)
    return torch.softmax(scores, 1) @ v


@additive.torch("WRONG: tanh of the weighted sum")
def _(torch, q, k, v, scale):
    scores = torch.tanh((scale * (q[:, :, None] + k[:, None])).sum(-1))
    return torch.softmax(scores, -1) @ v


# Rotary positions --------------------------------------------------------------------------------------------------


def angles(torch, T, D, dtype, first=0, base=10000.0):
    frequency = base ** (-torch.arange(0, D, 2, dtype=dtype) / D)
    return torch.arange(first, T + first, dtype=dtype)[:, None] * frequency


def rotate_pairs(torch, x, angle):
    pair = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pair * torch.polar(torch.ones_like(angle), angle)).flatten(-2)


def rotate_halves(torch, x, angle):
    cos, sin = torch.cos(angle).repeat(1, 2), torch.sin(angle).repeat(1, 2)
    one, two = x.chunk(2, -1)
    return x * cos + torch.cat([-two, one], -1) * sin


interleaved = Case(
    "rotary_interleaved",
    "Rotary position embedding: neighbouring features 2i and 2i + 1 are rotated by t · 10000^(-2i/D).",
    sizes=dict(N=2, H=3, T=64, D=32),
    inputs=dict(x=normal("N H T D")),
    outputs=dict(y="N H T D"),
    dtypes=["float32", "float64"],
)


@interleaved.reference
def _(np, x, *, T, D):
    angle = np.arange(T)[:, None] * 10000.0 ** (-np.arange(0, D, 2) / D)
    even, odd = x[..., 0::2], x[..., 1::2]
    pair = [even * np.cos(angle) - odd * np.sin(angle), even * np.sin(angle) + odd * np.cos(angle)]
    return np.reshape(np.stack(pair, axis=-1), x.shape)


@interleaved.torch("torch.view_as_complex")
def _(torch, x, *, T, D):
    return rotate_pairs(torch, x, angles(torch, T, D, x.dtype))


@interleaved.tensorflow("tf.stack")
def _(tf, x, *, T, D):
    angle = tf.cast(tf.range(T), x.dtype)[:, None] * 10000 ** (-tf.cast(tf.range(0, D, 2), x.dtype) / D)
    even, odd = x[..., ::2], x[..., 1::2]
    cos, sin = tf.cos(angle), tf.sin(angle)
    return tf.reshape(tf.stack([even * cos - odd * sin, even * sin + odd * cos], -1), tf.shape(x))


@interleaved.torch("WRONG: halves")
def _(torch, x, *, T, D):
    return rotate_halves(torch, x, angles(torch, T, D, x.dtype))


@interleaved.torch("WRONG: positions from 1")
def _(torch, x, *, T, D):
    return rotate_pairs(torch, x, angles(torch, T, D, x.dtype, first=1))


@interleaved.torch("WRONG: cosines and sines in bfloat16")
def _(torch, x, *, T, D):
    angle = angles(torch, T, D, x.dtype)
    cos, sin = (f(angle).bfloat16().to(x.dtype) for f in (torch.cos, torch.sin))
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)


halves = Case(
    "rotary_halves",
    "Rotary position embedding: features i and i + D/2 are rotated by t · 10000^(-2i/D).",
    sizes=dict(N=2, H=3, T=64, D=32),
    inputs=dict(x=normal("N H T D")),
    outputs=dict(y="N H T D"),
    dtypes=["float32", "float64"],
)


@halves.reference
def _(np, x, *, T, D):
    angle = np.outer(np.arange(T), 1.0 / 10000 ** (np.arange(0, D, 2) / D))
    one, two = np.split(x, 2, axis=-1)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.concatenate([one * cos - two * sin, two * cos + one * sin], axis=-1)


@halves.torch("torch.outer")
def _(torch, x, *, T, D):
    return rotate_halves(torch, x, angles(torch, T, D, x.dtype))


@halves.tensorflow("tf.concat")
def _(tf, x, *, T, D):
    frequency = 1 / 10000 ** (tf.range(0, D, 2, dtype=x.dtype) / D)
    angle = tf.einsum("t,d->td", tf.range(T, dtype=x.dtype), frequency)
    cos, sin = (tf.concat([f(angle), f(angle)], -1) for f in (tf.cos, tf.sin))
    one, two = tf.split(x, 2, axis=-1)
    return x * cos + tf.concat([-two, one], -1) * sin


@halves.torch("WRONG: rotated the other way")
def _(torch, x, *, T, D):
    return rotate_halves(torch, x, -angles(torch, T, D, x.dtype))


@halves.torch("WRONG: base 1000")
def _(torch, x, *, T, D):
    return rotate_halves(torch, x, angles(torch, T, D, x.dtype, base=1000.0))


@halves.tensorflow("WRONG: angles in float32 (float64 only)")
def _(tf, x, *, T, D):
    angle = tf.range(T, dtype="float32")[:, None] / 10000 ** (tf.range(0, D, 2, dtype="float32") / D)
    cos, sin = (tf.cast(tf.concat([f(angle), f(angle)], -1), x.dtype) for f in (tf.cos, tf.sin))
    one, two = tf.split(x, 2, axis=-1)
    return x * cos + tf.concat([-two, one], -1) * sin


@halves.torch("WRONG: the last position is not rotated")
def _(torch, x, *, T, D):
    angle = angles(torch, T, D, x.dtype)
    return rotate_halves(torch, x, angle * (torch.arange(T) < T - 1)[:, None])


# Sinusoidal positions ----------------------------------------------------------------------------------------------

sinusoidal = Case(
    "sinusoidal_positions",
    "The encoding of the first transformer, added to √D times the embedding: sines at even, cosines at odd features.",
    sizes=dict(N=2, T=100, D=64),
    inputs=dict(x=normal("N T D")),
    outputs=dict(y="N T D"),
    dtypes=["float32", "float64"],
)


@sinusoidal.reference
def _(np, x, *, T, D):
    angle = np.arange(T)[:, None] / np.power(10000.0, np.arange(0, D, 2) / D)
    encoding = np.reshape(np.stack([np.sin(angle), np.cos(angle)], axis=-1), (T, D))
    return x * np.sqrt(D) + encoding


@sinusoidal.torch("torch.sin")
def _(torch, x, *, T, D):
    encoding = torch.zeros(T, D, dtype=x.dtype)
    position = torch.arange(T, dtype=x.dtype)[:, None]
    frequency = torch.exp(
        torch.arange(0, D, 2, dtype=x.dtype) * (-(torch.log(torch.tensor(10000.0, dtype=x.dtype)) / D))
    )
    encoding[:, 0::2] = torch.sin(position * frequency)
    encoding[:, 1::2] = torch.cos(position * frequency)
    return x * D**0.5 + encoding


@sinusoidal.tensorflow("tf.sin")
def _(tf, x, *, T, D):
    angle = tf.range(T, dtype=x.dtype)[:, None] / tf.pow(
        tf.constant(10000.0, x.dtype), tf.range(0, D, 2, dtype=x.dtype) / D
    )
    encoding = tf.reshape(tf.stack([tf.sin(angle), tf.cos(angle)], -1), (T, D))
    return x * tf.sqrt(tf.cast(D, x.dtype)) + encoding


@sinusoidal.torch("WRONG: sines first, then cosines")
def _(torch, x, *, T, D):
    angle = angles(torch, T, D, x.dtype)
    return x * D**0.5 + torch.cat([angle.sin(), angle.cos()], -1)


@sinusoidal.torch("WRONG: no factor √D")
def _(torch, x, *, T, D):
    angle = angles(torch, T, D, x.dtype)
    return x + torch.stack([angle.sin(), angle.cos()], -1).flatten(1)


@sinusoidal.tensorflow("WRONG: exponent i/D in place of 2i/D")
def _(tf, x, *, T, D):
    angle = tf.range(T, dtype=x.dtype)[:, None] / tf.pow(
        tf.constant(10000.0, x.dtype), tf.range(D // 2, dtype=x.dtype) / D
    )
    encoding = tf.reshape(tf.stack([tf.sin(angle), tf.cos(angle)], -1), (T, D))
    return x * tf.sqrt(tf.cast(D, x.dtype)) + encoding
