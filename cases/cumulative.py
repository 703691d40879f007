"""Running products along an axis, axes turned around, and sequences reversed up to their lengths."""

from parity import Case, grid, normal, uniform

CUMPROD = "https://www.tensorflow.org/api_docs/python/tf/math/cumprod"
REVERSE = "https://www.tensorflow.org/api_docs/python/tf/reverse_sequence"

cumprod = Case(
    "cumprod",
    "Running products: each element times all before it, or after it (reverse), with itself or without (exclusive).",
    sizes=dict(N=4, T=6),
    parameters=dict(reverse=False, exclusive=False),
    inputs=dict(x=uniform("N T", 0.5, 1.5)),
    outputs=dict(y="N T"),
    variants=grid(reverse=[False, True], exclusive=[False, True]),
)


@cumprod.reference
def _(np, x, *, reverse, exclusive):
    x = np.flip(x, 1) if reverse else x
    y = np.cumprod(x, 1)
    y = np.concatenate([np.ones((len(x), 1)), y[:, :-1]], 1) if exclusive else y
    return np.flip(y, 1) if reverse else y


@cumprod.torch("torch.cumprod")
def _(torch, x, *, reverse, exclusive):
    x = x.flip(1) if reverse else x
    x = torch.cat([torch.ones_like(x[:, :1]), x[:, :-1]], 1) if exclusive else x
    y = torch.cumprod(x, dim=1)
    return y.flip(1) if reverse else y


@cumprod.tensorflow("tf.math.cumprod")
def _(tf, x, *, reverse, exclusive):
    return tf.math.cumprod(x, axis=1, exclusive=exclusive, reverse=reverse)


@cumprod.tensorflow("keras.ops.cumprod")
def _(tf, x, *, reverse, exclusive):
    ops = tf.keras.ops
    x = ops.flip(x, 1) if reverse else x
    x = ops.concatenate([ops.ones_like(x[:, :1]), x[:, :-1]], 1) if exclusive else x
    y = ops.cumprod(x, axis=1)
    return ops.flip(y, 1) if reverse else y


@cumprod.torch.naive(
    "torch.cumprod",
    "exclusive products with themselves",
    when=dict(exclusive=True, reverse=False),
    because="torch.cumprod has no exclusive: each product includes its own element",
    source=CUMPROD,
    fix="put a one before, and leave the last element out",
)
def _(torch, x):
    return torch.cumprod(x, dim=1)


turned = Case(
    "flip",
    "The last axis turned around.",
    sizes=dict(N=3, T=5, C=4),
    inputs=dict(x=normal("N T C")),
    outputs=dict(y="N T C"),
    exact=["output:*", "grad:*"],
)


@turned.reference
def _(np, x):
    return np.flip(x, 2)


@turned.torch("torch.flip")
def _(torch, x):
    return torch.flip(x, [2])


@turned.tensorflow("tf.reverse")
def _(tf, x):
    return tf.reverse(x, [2])


@turned.tensorflow("keras.ops.flip")
def _(tf, x):
    return tf.keras.ops.flip(x, 2)


@turned.tensorflow.naive(
    "keras.ops.flip",
    "no axis",
    because="without an axis, all axes are turned around",
    source="https://keras.io/api/ops/numpy/#flip-function",
    fix="name the axis",
)
def _(tf, x):
    return tf.keras.ops.flip(x)


reversed_sequences = Case(
    "reverse_sequence",
    "Sequences turned around up to their lengths of 2, 5 and 3; what is beyond them stays where it is.",
    sizes=dict(N=3, T=5, C=2),
    parameters=dict(time_major=False),
    inputs=lambda time_major: dict(x=normal("T N C" if time_major else "N T C")),
    outputs=lambda time_major: dict(y="T N C" if time_major else "N T C"),
    variants=grid(time_major=[False, True]),
    exact=["output:*"],
)
LENGTHS = (2, 5, 3)
TURNED = [[length - 1 - t if t < length else t for t in range(5)] for length in LENGTHS]
"""Where the element of each step comes from, for each sequence."""


@reversed_sequences.reference
def _(np, x, *, time_major):
    x = np.moveaxis(x, 1, 0) if time_major else x
    y = np.stack([sequence[order] for sequence, order in zip(x, np.array(TURNED), strict=True)])
    return np.moveaxis(y, 1, 0) if time_major else y


@reversed_sequences.torch("torch.gather")
def _(torch, x, *, time_major):
    order = torch.tensor(TURNED, device=x.device)
    order = order.T if time_major else order
    return torch.gather(x, 0 if time_major else 1, order[..., None].expand(x.shape))


@reversed_sequences.tensorflow("tf.reverse_sequence")
def _(tf, x, *, time_major):
    return tf.reverse_sequence(x, LENGTHS, seq_axis=0 if time_major else 1, batch_axis=1 if time_major else 0)


@reversed_sequences.torch.naive(
    "torch.flip",
    "the padding turned around, too",
    because="torch.flip knows no lengths: the padding comes to stand before the sequence",
    source=REVERSE,
    fix="gather the steps by indices that are made from the lengths",
)
def _(torch, x, *, time_major):
    return torch.flip(x, [0 if time_major else 1])
