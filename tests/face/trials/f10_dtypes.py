"""Results of other formats than the item's."""

from math import inf

from parity import Case, buffer, integers, normal

resize = Case(
    "f10_resize",
    "An image made twice as large, linearly; tf.image.resize gives float32 whatever it gets.",
    sizes=dict(N=2, H=3, W=4, C=1),
    inputs=dict(x=normal("N H W C", gradient=False)),
    outputs=dict(y=buffer("N P Q C")),
    dtypes=["float64"],
)


@resize.reference
def _(np, x, *, H, W):
    def weights(n):
        centre = np.clip((np.arange(2 * n) + 0.5) / 2 - 0.5, 0, n - 1)
        return np.maximum(1 - np.abs(np.arange(n) - centre[:, None]), 0)

    return np.einsum("nhwc,ph,qw->npqc", x, weights(H), weights(W))


@resize.torch("torch.nn.functional.interpolate", x="N C H W", y="N C P Q")
def _(torch, x):
    return torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear")


@resize.tensorflow("tf.image.resize")
def _(tf, x, *, H, W):
    return tf.image.resize(x, (2 * H, 2 * W))


resize.deviation("tf.image.resize", quantities=["output:y"], within=inf, because="it gives float32", source="measured")

total = Case(
    "f10_sum_of_integers",
    "The sum of whole numbers of 32 bits: PyTorch gives 64 bits, TensorFlow 32, where it wraps around.",
    sizes=dict(N=4),
    inputs=dict(n=integers("N", 2**30, 2**30 + 5)),
    outputs=dict(y=buffer("")),
    dtypes=["float32", "float64"],
    exact=True,
)


@total.reference
def _(np, n):
    return np.sum(n) * 1.0


@total.torch("torch.sum")
def _(torch, n):
    return torch.sum(n.to(torch.int32)).to(torch.get_default_dtype())


@total.tensorflow("tf.reduce_sum")
def _(tf, n, *, dtype):
    return tf.cast(tf.reduce_sum(tf.cast(n, tf.int32)), dtype)


digits = Case(
    "f10_digits_beyond_float32",
    "Whole numbers around 2**24 times 3 plus 1; the PyTorch implementation is WRONG by 1, which float32 does not show.",
    sizes=dict(N=6),
    inputs=dict(n=integers("N", 2**25, 2**25 + 99)),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
    exact=True,
)


@digits.reference
def _(np, n):
    return n * 4.0 + 1


@digits.torch("WRONG: plus 2")
def _(torch, n):
    return (n * 4 + 2).to(torch.get_default_dtype())


@digits.tensorflow("plus 1")
def _(tf, n, *, dtype):
    return tf.cast(n * 4 + 1, dtype)


whole = Case(
    "f10_whole_digits",
    "The same numbers, which stay whole: the results' own dtype shows the difference of 1.",
    sizes=dict(N=6),
    inputs=dict(n=integers("N", 2**25, 2**25 + 99)),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@whole.reference
def _(np, n):
    return n * 4 + 1


@whole.torch("WRONG: plus 2, whole")
def _(torch, n):
    return n * 4 + 2


@whole.torch("WRONG: in 32 bits")
def _(torch, n):
    return (n * 4 + 1).to(torch.int32)


@whole.tensorflow("plus 1, whole")
def _(tf, n):
    return n * 4 + 1
