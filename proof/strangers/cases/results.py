"""Results that are whole numbers, truth values or complex numbers."""

from parity import Case, buffer, distinct, grid, integers, normal, uniform

FLOATS = ["float32", "float64"]

# Places ------------------------------------------------------------------------------------------------------------

places = Case(
    "argsort_stable",
    "The order of numbers with ties; equal ones keep their order.",
    sizes=dict(N=3, L=60),
    inputs=dict(x=integers("N L", 0, 20)),
    outputs=dict(order=buffer("N L")),
    exact=True,
    dtypes=["float32"],
)


@places.reference
def _(np, x):
    return np.argsort(x, axis=-1, kind="stable")


@places.torch("torch.argsort")
def _(torch, x):
    return torch.argsort(x, dim=-1, stable=True)


@places.tensorflow("tf.argsort")
def _(tf, x):
    return tf.cast(tf.argsort(x, axis=-1, stable=True), tf.int64)


@places.torch("WRONG: ties the other way")
def _(torch, x, *, L):
    return L - 1 - torch.argsort(x.flip(-1), dim=-1, stable=True)


@places.torch("WRONG: falling")
def _(torch, x):
    return torch.argsort(x, dim=-1, stable=True, descending=True)


@places.tensorflow("WRONG: ranks")
def _(tf, x):
    return tf.cast(tf.argsort(tf.argsort(x, axis=-1, stable=True), axis=-1), tf.int64)


best = Case(
    "top_k_places",
    "Where the four largest numbers of every row are.",
    sizes=dict(N=5, L=40, K=4),
    inputs=dict(x=distinct("N L")),
    outputs=dict(place=buffer("N K")),
    exact=True,
)


@best.reference
def _(np, x, *, K):
    return np.argsort(-x, axis=-1)[:, :K]


@best.torch("torch.topk")
def _(torch, x, *, K):
    return torch.topk(x, K).indices


@best.tensorflow("tf.math.top_k")
def _(tf, x, *, K):
    return tf.cast(tf.math.top_k(x, K).indices, tf.int64)


@best.torch("WRONG: not in order")
def _(torch, x, *, K):
    return torch.topk(x, K).indices.sort(-1).values


@best.torch("WRONG: counted from 1")
def _(torch, x, *, K):
    return torch.topk(x, K).indices + 1


@best.tensorflow("WRONG: the smallest")
def _(tf, x, *, K):
    return tf.cast(tf.math.top_k(-x, K).indices, tf.int64)


search = Case(
    "searchsorted",
    "Where whole numbers belong in a rising row of others, before or after equal ones.",
    sizes=dict(N=80, K=30),
    inputs=dict(x=integers("N", 0, 40), edges=integers("K", 0, 40)),
    outputs=dict(place=buffer("N")),
    variants=grid(side=["left", "right"]),
    exact=True,
    dtypes=["float32"],
)


@search.reference
def _(np, x, edges, *, side):
    return np.searchsorted(np.sort(edges), x, side=side)


@search.torch("torch.searchsorted")
def _(torch, x, edges, *, side):
    return torch.searchsorted(edges.sort().values, x, side=side)


@search.tensorflow("tf.searchsorted")
def _(tf, x, edges, *, side):
    return tf.searchsorted(tf.sort(edges), x, side=side, out_type=tf.int64)


@search.torch("WRONG: the other side")
def _(torch, x, edges, *, side):
    return torch.searchsorted(edges.sort().values, x, right=side == "left")


@search.torch("WRONG: one less")
def _(torch, x, edges, *, side):
    return torch.searchsorted(edges.sort().values, x, side=side) - 1


@search.tensorflow("WRONG: the row is not in order")
def _(tf, x, edges, *, side):
    return tf.searchsorted(edges, x, side=side, out_type=tf.int64)


# Counts ------------------------------------------------------------------------------------------------------------

unique = Case(
    "unique_with_counts",
    "The different numbers of a row, rising, where each is among them, and how often it comes.",
    sizes=dict(N=120),
    inputs=dict(x=integers("N", -8, 8)),
    outputs=dict(values=buffer("U"), place=buffer("N"), count=buffer("U")),
    exact=True,
    dtypes=["float32"],
)


@unique.reference
def _(np, x):
    return np.unique(x, return_inverse=True, return_counts=True)


@unique.torch("torch.unique")
def _(torch, x):
    return torch.unique(x, return_inverse=True, return_counts=True)


@unique.tensorflow("tf.unique_with_counts")
def _(tf, x):
    ordered, _, count = tf.unique_with_counts(tf.sort(x), out_idx=tf.int64)
    return ordered, tf.searchsorted(ordered, x, out_type=tf.int64), count


@unique.torch("WRONG: in order of appearance")
def _(torch, x):
    values, place, count = torch.unique(x, return_inverse=True, return_counts=True)
    first = torch.stack([torch.nonzero(x == v)[0, 0] for v in values]).argsort()
    return values[first], first.argsort()[place], count[first]


@unique.torch("WRONG: only runs")
def _(torch, x):
    values, place, count = torch.unique(x, return_inverse=True, return_counts=True)
    return values, place, torch.cat([count[1:], count[:1]])


@unique.tensorflow("WRONG: places before the value")
def _(tf, x):
    ordered, _, count = tf.unique_with_counts(tf.sort(x), out_idx=tf.int64)
    return ordered, tf.searchsorted(ordered, x, out_type=tf.int64) - 1, count


one_hot = Case(
    "one_hot",
    "Ones at the classes' places; a class that there is none of gives zeros.",
    sizes=dict(N=40, K=7),
    inputs=dict(x=integers("N", -1, 9)),
    outputs=dict(y=buffer("N K")),
    exact=True,
)


@one_hot.reference
def _(np, x, *, K):
    return (x[:, None] == np.arange(K)) * 1.0


@one_hot.torch("torch.eq")
def _(torch, x, *, K, dtype):
    return (x[:, None] == torch.arange(K)).to(getattr(torch, dtype))


@one_hot.tensorflow("tf.one_hot")
def _(tf, x, *, K, dtype):
    return tf.one_hot(x, K, dtype=dtype)


@one_hot.torch("WRONG: classes outside are moved to the ends")
def _(torch, x, *, K, dtype):
    return torch.nn.functional.one_hot(x.long().clamp(0, K - 1), K).to(getattr(torch, dtype))


@one_hot.torch("WRONG: -1 is the last class")
def _(torch, x, *, K, dtype):
    return ((x % 10)[:, None] == torch.arange(K)).to(getattr(torch, dtype)) + (x == -1)[:, None] * (
        torch.arange(K) == K - 1
    )


@one_hot.tensorflow("WRONG: one class late")
def _(tf, x, *, K, dtype):
    return tf.one_hot(x + 1, K, dtype=dtype)


# Whole numbers -----------------------------------------------------------------------------------------------------

division = Case(
    "integer_division",
    "Quotients rounded down and towards zero, and what is left of both, of numbers of either sign.",
    sizes=dict(N=200),
    inputs=dict(a=integers("N", -50, 50), b=integers("N", 1, 12)),
    outputs=dict(floor=buffer("N"), modulo=buffer("N"), truncated=buffer("N"), rest=buffer("N")),
    variants=grid(sign=[1, -1]),
    exact=True,
    dtypes=["float32"],
)


@division.reference
def _(np, a, b, *, sign):
    b = sign * b
    truncated = np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))
    return a // b, a % b, truncated, a - truncated * b


@division.torch("torch.div")
def _(torch, a, b, *, sign):
    b = sign * b
    return a // b, torch.remainder(a, b), torch.div(a, b, rounding_mode="trunc"), torch.fmod(a, b)


@division.tensorflow("tf.math.floordiv")
def _(tf, a, b, *, sign):
    b = sign * b
    return tf.math.floordiv(a, b), tf.math.floormod(a, b), tf.truncatediv(a, b), tf.truncatemod(a, b)


@division.torch("WRONG: towards zero")
def _(torch, a, b, *, sign):
    b = sign * b
    truncated = torch.div(a, b, rounding_mode="trunc")
    return truncated, torch.remainder(a, b), truncated, torch.fmod(a, b)


@division.torch("WRONG: the rest has the divisor's sign")
def _(torch, a, b, *, sign):
    b = sign * b
    return a // b, torch.remainder(a, b), torch.div(a, b, rounding_mode="trunc"), torch.remainder(a, b)


@division.tensorflow("WRONG: the modulo is never negative or never positive")
def _(tf, a, b, *, sign):
    c = sign * b
    return tf.math.floordiv(a, c), tf.math.floormod(a, -c), tf.truncatediv(a, c), tf.truncatemod(a, c)


bits = Case(
    "bit_operations",
    "And, or, exclusive or, complement and shifts.",
    sizes=dict(N=150),
    inputs=dict(a=integers("N", 0, 1024), b=integers("N", 0, 1024), s=integers("N", 0, 5)),
    outputs=dict(
        both=buffer("N"), either=buffer("N"), one=buffer("N"), inverse=buffer("N"), left=buffer("N"), right=buffer("N")
    ),
    exact=True,
    dtypes=["float32"],
)


@bits.reference
def _(np, a, b, s):
    return a & b, a | b, a ^ b, ~a, a << s, a >> s


@bits.torch("torch.bitwise_and")
def _(torch, a, b, s):
    return a & b, a | b, a ^ b, ~a, a << s, a >> s


@bits.tensorflow("tf.bitwise.bitwise_and")
def _(tf, a, b, s):
    t = tf.bitwise
    both, either, one = t.bitwise_and(a, b), t.bitwise_or(a, b), t.bitwise_xor(a, b)
    return both, either, one, t.invert(a), t.left_shift(a, s), t.right_shift(a, s)


@bits.torch("WRONG: one shift less")
def _(torch, a, b, s):
    return a & b, a | b, a ^ b, ~a, a << s >> 1, a >> s


@bits.torch("WRONG: or for exclusive or")
def _(torch, a, b, s):
    return a & b, a | b, a | b, ~a, a << s, a >> s


@bits.tensorflow("WRONG: the negative for the complement")
def _(tf, a, b, s):
    t = tf.bitwise
    both, either, one = t.bitwise_and(a, b), t.bitwise_or(a, b), t.bitwise_xor(a, b)
    return both, either, one, -a, t.left_shift(a, s), t.right_shift(a, s)


quantised = Case(
    "int8_quantisation",
    "Numbers as whole ones from -128 to 127, by a scale of 1/16 and a zero at 3.",
    sizes=dict(N=300),
    inputs=dict(x=normal("N", std=8.0, gradient=False)),
    outputs=dict(q=buffer("N")),
    exact=True,
    dtypes=["float32"],
)


@quantised.reference
def _(np, x):
    return np.clip(np.round(x / 0.0625) + 3, -128, 127).astype(np.int8)


@quantised.torch("torch.quantize_per_tensor")
def _(torch, x):
    return torch.quantize_per_tensor(x, 0.0625, 3, torch.qint8).int_repr()


@quantised.tensorflow("tf.cast")
def _(tf, x):
    return tf.cast(tf.clip_by_value(tf.round(x / 0.0625) + 3, -128, 127), tf.int8)


@quantised.torch("WRONG: wraps around")
def _(torch, x):
    return (torch.round(x / 0.0625) + 3).to(torch.int32).to(torch.int8)


@quantised.torch("WRONG: cut off")
def _(torch, x):
    return torch.clamp(torch.trunc(x / 0.0625) + 3, -128, 127).to(torch.int8)


@quantised.tensorflow("WRONG: the zero is at 0")
def _(tf, x):
    return tf.cast(tf.clip_by_value(tf.round(x / 0.0625), -128, 127), tf.int8)


# Truth values ------------------------------------------------------------------------------------------------------

masks = Case(
    "boolean_masks",
    "Which numbers lie in an interval, whether any or all of a row do, and which rows do not.",
    sizes=dict(N=30, L=4),
    inputs=dict(x=normal("N L", gradient=False)),
    outputs=dict(inside=buffer("N L"), some=buffer("N"), every=buffer("N"), none=buffer("N")),
    exact=True,
    dtypes=FLOATS,
)


@masks.reference
def _(np, x):
    inside = (x > -1) & (x <= 0.5)
    return inside, np.any(inside, axis=1), np.all(inside, axis=1), ~np.any(inside, axis=1)


@masks.torch("torch.logical_and")
def _(torch, x):
    inside = torch.logical_and(x > -1, x <= 0.5)
    return inside, inside.any(1), inside.all(1), ~inside.any(1)


@masks.tensorflow("tf.logical_and")
def _(tf, x):
    inside = tf.logical_and(x > -1, x <= 0.5)
    some = tf.reduce_any(inside, 1)
    return inside, some, tf.reduce_all(inside, 1), tf.logical_not(some)


@masks.torch("WRONG: or for and")
def _(torch, x):
    inside = (x > -1) & (x <= 0.5)
    return (x > -1) | (x <= 0.5), inside.any(1), inside.all(1), ~inside.any(1)


@masks.torch("WRONG: one truth value is the other")
def _(torch, x):
    inside = (x > -1) & (x <= 0.5)
    first = (torch.arange(30)[:, None] == 0) & (torch.arange(4) == 0)
    return inside ^ first, inside.any(1), inside.all(1), ~inside.any(1)


@masks.tensorflow("WRONG: not all for none")
def _(tf, x):
    inside = tf.logical_and(x > -1, x <= 0.5)
    every = tf.reduce_all(inside, 1)
    return inside, tf.reduce_any(inside, 1), every, tf.logical_not(every)


# Complex numbers ---------------------------------------------------------------------------------------------------

spectrum = Case(
    "complex_spectrum",
    "The Fourier transform of a real signal, as complex numbers.",
    sizes=dict(N=2, L=90),
    inputs=dict(x=normal("N L")),
    outputs=dict(y="N F"),
    dtypes=FLOATS,
)


@spectrum.reference
def _(np, x):
    return np.fft.rfft(x)


@spectrum.torch("torch.fft.rfft")
def _(torch, x):
    return torch.fft.rfft(x)


@spectrum.tensorflow("tf.signal.rfft")
def _(tf, x):
    return tf.signal.rfft(x)


@spectrum.torch("WRONG: conjugate")
def _(torch, x):
    return torch.fft.rfft(x).conj().resolve_conj()


@spectrum.torch("WRONG: orthonormal")
def _(torch, x):
    return torch.fft.rfft(x, norm="ortho")


@spectrum.tensorflow("WRONG: the signal is shifted by one")
def _(tf, x):
    return tf.signal.rfft(tf.roll(x, 1, 1))


@spectrum.torch("WRONG: complex64 (float64 only)")
def _(torch, x):
    return torch.fft.rfft(x.float()).to(torch.complex128)


analytic = Case(
    "analytic_signal",
    "A real signal with its Hilbert transform as imaginary part.",
    sizes=dict(N=2, L=64),
    inputs=dict(x=normal("N L")),
    outputs=dict(y="N L"),
    dtypes=FLOATS,
)


@analytic.reference
def _(np, x, *, L):
    k = np.arange(L)
    factor = np.where((k == 0) | (k == L // 2), 1.0, np.where(k < L // 2, 2.0, 0.0))
    return np.fft.ifft(np.fft.fft(x) * factor)


def torch_analytic(torch, x, above=0.0, ends=1.0):
    L = x.shape[-1]
    k = torch.arange(L)
    factor = torch.where((k == 0) | (k == L // 2), ends, torch.where(k < L // 2, 2.0, above)).to(x.dtype)
    return torch.fft.ifft(torch.fft.fft(x) * factor)


@analytic.torch("torch.fft.ifft")
def _(torch, x):
    return torch_analytic(torch, x)


@analytic.tensorflow("tf.signal.ifft")
def _(tf, x, *, L):
    kind = tf.complex64 if x.dtype == tf.float32 else tf.complex128
    factor = tf.constant([1.0] + [2.0] * (L // 2 - 1) + [1.0] + [0.0] * (L // 2 - 1), x.dtype)
    return tf.signal.ifft(tf.signal.fft(tf.cast(x, kind)) * tf.cast(factor, kind))


@analytic.torch("WRONG: the ends doubled, too")
def _(torch, x):
    return torch_analytic(torch, x, ends=2.0)


@analytic.torch("WRONG: nothing is taken away")
def _(torch, x):
    return torch_analytic(torch, x, above=2.0)


@analytic.torch("WRONG: the transform alone")
def _(torch, x):
    y = torch_analytic(torch, x)
    return torch.complex(torch.zeros_like(x), y.imag)


# Boxes, one after the other ----------------------------------------------------------------------------------------

suppression = Case(
    "non_maximum_suppression",
    "The boxes that stay when each takes out those that overlap it by more than half and have a lower score.",
    sizes=dict(N=24, XY=2),
    inputs=dict(
        corner=uniform("N XY", 0.0, 1.5, gradient=False), size=uniform("N XY", 0.5, 1.0, gradient=False),
        score=distinct("N", gradient=False),
    ),
    outputs=dict(kept=buffer("K")),
    exact=True,
    dtypes=["float32"],
)  # fmt: skip


@suppression.reference
def _(np, corner, size, score, *, N):
    low, high = np.maximum(corner[:, None], corner), np.minimum((corner + size)[:, None], corner + size)
    inner = np.prod(np.maximum(high - low, 0.0), axis=-1)
    area = np.prod(size, axis=-1)
    clash = inner / (area[:, None] + area - inner) > 0.5
    kept = []
    for i in np.argsort(-score):
        if not any(clash[i, j] for j in kept):
            kept.append(i)
    return np.array(kept)


def torch_kept(torch, corner, size, score, bound=0.5, sign=-1):
    end = corner + size
    inner = (torch.minimum(end[:, None], end) - torch.maximum(corner[:, None], corner)).clamp(min=0).prod(-1)
    area = size.prod(-1)
    clash = inner / (area[:, None] + area - inner) > bound
    kept: list[int] = []
    for i in torch.argsort(sign * score).tolist():
        if not clash[i, kept].any():
            kept.append(i)
    return torch.tensor(kept)


@suppression.torch("torch.argsort")
def _(torch, corner, size, score):
    return torch_kept(torch, corner, size, score)


@suppression.tensorflow("tf.image.non_max_suppression")
def _(tf, corner, size, score, *, N):
    boxes = tf.concat([corner, corner + size], -1)
    return tf.cast(tf.image.non_max_suppression(boxes, score, N, iou_threshold=0.5), tf.int64)


@suppression.torch("WRONG: the lowest score first")
def _(torch, corner, size, score):
    return torch_kept(torch, corner, size, score, sign=1)


@suppression.torch("WRONG: overlaps of more than an eighth")
def _(torch, corner, size, score):
    return torch_kept(torch, corner, size, score, bound=0.125)


@suppression.tensorflow("WRONG: in the boxes' order")
def _(tf, corner, size, score, *, N):
    boxes = tf.concat([corner, corner + size], -1)
    return tf.cast(tf.sort(tf.image.non_max_suppression(boxes, score, N, iou_threshold=0.5)), tf.int64)
