"""Whole numbers in every width, and tensors whose memory is not in order, or holds one element for many."""

from parity import Case, buffer, distinct, grid, integers, normal

WIDTHS = grid(dtype_of=["int8", "int16", "int32", "int64", "uint8"])
ONCE = ["float32"]


def of_width(axes, dtype_of, low=-100):
    return dict(n=integers(axes, max(low, 0) if dtype_of == "uint8" else low, 100, dtype=dtype_of))


reductions = Case(
    "reductions_of_integers",
    "The largest and the smallest whole number of each column, and where they are.",
    sizes=dict(N=40, C=5),
    inputs=lambda dtype_of: of_width("N C", dtype_of),
    outputs=dict(largest=buffer("C"), smallest=buffer("C"), place=buffer("C")),
    variants=WIDTHS,
    dtypes=ONCE,
)


@reductions.reference
def _(np, n):
    return np.max(n, 0), np.min(n, 0), np.argmax(n, 0)


@reductions.torch("torch.amax")
def _(torch, n):
    return torch.amax(n, 0), torch.amin(n, 0), torch.argmax(n, 0)


@reductions.tensorflow("tf.reduce_max")
def _(tf, n):
    return tf.reduce_max(n, 0), tf.reduce_min(n, 0), tf.argmax(n, 0)


@reductions.tensorflow("keras.ops.max")
def _(tf, n):
    ops = tf.keras.ops
    return ops.max(n, 0), ops.min(n, 0), tf.cast(ops.argmax(n, 0), tf.int64)


sums = Case(
    "sums_of_integers",
    "Sums and running sums of whole numbers, in 64 bits, and products that wrap around.",
    sizes=dict(N=50, C=3),
    inputs=lambda dtype_of: of_width("N C", dtype_of),
    outputs=dict(total=buffer("C", dtype="int64"), running=buffer("N C", dtype="int64")),
    variants=WIDTHS,
    dtypes=ONCE,
)


@sums.reference
def _(np, n):
    n = n.astype(np.int64)
    return np.sum(n, 0), np.cumsum(n, 0)


@sums.torch("torch.sum(int64)")
def _(torch, n):
    return torch.sum(n, 0), torch.cumsum(n, 0)


@sums.tensorflow("tf.reduce_sum")
def _(tf, n):
    n = tf.cast(n, tf.int64)
    return tf.reduce_sum(n, 0), tf.cumsum(n, 0)


@sums.tensorflow.naive(
    "tf.reduce_sum",
    "the sum of int8",
    when=dict(dtype_of="int8"),
    kind="dtype",
    because="TensorFlow adds up int8 in int8, which wraps around at 127; PyTorch adds up in int64",
    source="https://docs.pytorch.org/docs/stable/generated/torch.sum.html",
    fix="cast to int64 first",
)
def _(tf, n):
    return tf.reduce_sum(n, 0), tf.cumsum(tf.cast(n, tf.int64), 0)


wrapped = Case(
    "integer_arithmetic",
    "Sums, differences and products of whole numbers wrap around; minima and maxima do not.",
    sizes=dict(N=60),
    inputs=lambda dtype_of: (
        of_width("N", dtype_of) | dict(m=integers("N", 0 if dtype_of == "uint8" else -100, 100, dtype=dtype_of))
    ),
    outputs=dict(added=buffer("N"), subtracted=buffer("N"), multiplied=buffer("N"), larger=buffer("N")),
    variants=WIDTHS,
    dtypes=ONCE,
)


@wrapped.reference
def _(np, n, m):
    return n + m, n - m, n * m, np.maximum(n, m)


@wrapped.torch("torch.add")
def _(torch, n, m):
    return torch.add(n, m), torch.sub(n, m), torch.mul(n, m), torch.maximum(n, m)


@wrapped.tensorflow("tf.add")
def _(tf, n, m):
    return tf.add(n, m), tf.subtract(n, m), tf.multiply(n, m), tf.maximum(n, m)


divided = Case(
    "integer_division",
    "Whole numbers divided: rounded down with the remainder of the divisor's sign, and rounded to zero.",
    sizes=dict(N=60),
    inputs=lambda dtype_of: of_width("N", dtype_of) | dict(m=integers("N", 1, 9, dtype=dtype_of)),
    outputs=dict(down=buffer("N"), remainder=buffer("N"), to_zero=buffer("N")),
    variants=grid(dtype_of=["int8", "int16", "int32", "int64"]),
    dtypes=ONCE,
)


@divided.reference
def _(np, n, m):
    return np.floor_divide(n, m), np.mod(n, m), np.sign(n) * np.floor_divide(np.abs(n), m)


@divided.torch("torch.div(rounding_mode)")
def _(torch, n, m):
    down, zero = (torch.div(n, m, rounding_mode=mode) for mode in ("floor", "trunc"))
    return down, torch.remainder(n, m), zero


@divided.tensorflow("tf.math.floordiv")
def _(tf, n, m):
    return tf.math.floordiv(n, m), tf.math.floormod(n, m), tf.truncatediv(n, m)


max_pool = Case(
    "max_pool_of_integers",
    "The largest whole number of each window.",
    sizes=dict(N=2, C=3, H=6, W=8, P=3, Q=4),
    inputs=lambda dtype_of: of_width("N C H W", dtype_of),
    outputs=dict(y=buffer("N C P Q")),
    variants=WIDTHS,
    dtypes=ONCE,
)


@max_pool.reference
def _(np, n, *, N, C, P, Q):
    return np.max(np.max(n.reshape(N, C, P, 2, Q, 2), 5), 3)


@max_pool.torch("torch.nn.functional.max_pool2d")
def _(torch, n):
    return torch.nn.functional.max_pool2d(n, 2)


@max_pool.tensorflow("tf.nn.max_pool2d", n="N H W C", y="N P Q C")
def _(tf, n):
    return tf.nn.max_pool2d(n, 2, 2, "VALID")


LAYOUTS = grid(layout=["transposed", "strided", "expanded", "flipped", "channels_last"])
"""How the tensor lies in memory in PyTorch; TensorFlow's tensors are always in order."""


def laid_out(torch, x, layout):
    """The numbers of x, of shape (N, C, H, W), in another order in memory; expanded, only those of one example."""
    if layout == "transposed":
        return x.permute(3, 2, 1, 0).contiguous().permute(3, 2, 1, 0)
    if layout == "strided":
        return torch.stack([x, -x], -1).reshape(*x.shape[:3], -1)[..., ::2]
    if layout == "expanded":
        return x[:1].expand(*x.shape)
    if layout == "flipped":
        return x.flip(3).contiguous().flip(3)
    return x.contiguous(memory_format=torch.channels_last)


def of_first(x, layout, stack):
    return stack([x[0], x[0]]) if layout == "expanded" else x


ROWS = dict(mean="N C", largest="N C", soft="N C H W", running="N C H W", normed="N C H W")
layouts = Case(
    "reductions_of_layouts",
    "Means, maxima, softmax, running sums and layer normalization of tensors whose memory is not in order.",
    sizes=dict(N=2, C=4, H=5, W=6),
    inputs=dict(x=normal("N C H W")),
    outputs=ROWS,
    variants=LAYOUTS,
    dtypes=["float32", "bfloat16"],
)


@layouts.reference
def _(np, x, *, layout):
    x = of_first(x, layout, np.stack)
    powers = np.exp(x - np.stop_gradient(np.max(x, 1, keepdims=True)))
    centred = x - np.mean(x, 3, keepdims=True)
    return (
        np.mean(x, (2, 3)),
        np.max(x, (2, 3)),
        powers / np.sum(powers, 1, keepdims=True),
        np.cumsum(x, 2),
        centred / np.sqrt(np.mean(centred**2, 3, keepdims=True) + 1e-3),
    )


@layouts.torch("torch.mean")
def _(torch, x, *, W, layout):
    x = laid_out(torch, x, layout)
    return (
        torch.mean(x, (2, 3)),
        torch.amax(x, (2, 3)),
        torch.softmax(x, 1),
        torch.cumsum(x, 2),
        torch.nn.functional.layer_norm(x, (W,), eps=1e-3),
    )


@layouts.tensorflow("tf.reduce_mean")
def _(tf, x, *, layout):
    x = of_first(x, layout, tf.stack)
    return (
        tf.reduce_mean(x, (2, 3)),
        tf.reduce_max(x, (2, 3)),
        tf.nn.softmax(x, 1),
        tf.cumsum(x, 2),
        tf.keras.ops.layer_normalization(x, epsilon=1e-3),
    )


convolved = Case(
    "convolution_of_layouts",
    "A convolution and max-pooling of images whose memory is not in order.",
    sizes=dict(N=2, C=4, H=5, W=6, O=5, KH=3, KW=2, P=3, Q=5, R=2, S=3),
    inputs=dict(x=distinct("N C H W"), kernel=normal("KH KW C O")),
    outputs=dict(y="N O P Q", pooled="N C R S"),
    variants=LAYOUTS,
    dtypes=["float32", "bfloat16"],
)


@convolved.reference
def _(np, x, kernel, *, N, C, KH, KW, P, Q, R, S, layout):
    x = of_first(x, layout, np.stack)
    windows = [[x[:, :, i : i + P, j : j + Q] for j in range(KW)] for i in range(KH)]
    y = np.einsum("ijncpq,ijco->nopq", np.stack([np.stack(row) for row in windows]), kernel)
    blocks = x[:, :, : 2 * R, : 2 * S].reshape(N, C, R, 2, S, 2)
    return y, np.max(np.max(blocks, 5), 3)


@convolved.torch("torch.nn.functional.conv2d", kernel="O C KH KW")
def _(torch, x, kernel, *, layout):
    x = laid_out(torch, x, layout)
    return torch.nn.functional.conv2d(x, kernel), torch.nn.functional.max_pool2d(x, 2)


@convolved.tensorflow("tf.nn.conv2d", x="N H W C", y="N P Q O", pooled="N R S C")
def _(tf, x, kernel, *, layout):
    x = of_first(x, layout, tf.stack)
    return tf.nn.conv2d(x, kernel, 1, "VALID"), tf.nn.max_pool2d(x, 2, 2, "VALID")
