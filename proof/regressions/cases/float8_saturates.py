"""Numbers beyond float8_e4m3fn became NaN before; in 2.13 they silently become 448.

measured with 2.9.1 and 2.13.0; ml_dtypes gives NaN
"""

from parity import Case, buffer, integers

float8_saturates = Case(
    "float8_saturates",
    "To float8_e4m3fn and back: beyond its largest number, 448, there is NaN.",
    sizes=dict(N=40),
    inputs=dict(x=integers("N", -2, 3, dtype="int64")),
    outputs=dict(y=buffer("N", dtype="float32")),
    dtypes=["float32"],
)


@float8_saturates.reference
def _(np, x):
    return np.where(abs(x) > 0, np.nan, 0.0)


@float8_saturates.torch("torch.Tensor.to")
def _(torch, x):
    return (x * 512).float().to(torch.float8_e4m3fn).float()


@float8_saturates.tensorflow("tf.where")
def _(tf, x):
    return tf.where(x == 0, 0.0, float("nan"))
