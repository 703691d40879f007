"""Keras.ops.nancumsum came in Keras 3.14, and takes an infinity for the largest number.

https://github.com/keras-team/keras/pull/23135
"""

from parity import Case, buffer, normal

sum_around_infinity = Case(
    "sum_around_infinity",
    "Running sums; NaN counts as 0, and after an infinity the sum is infinite.",
    sizes=dict(N=8),
    inputs=dict(x=normal("N", mean=3, std=0.5)),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@sum_around_infinity.reference
def _(np, x):
    return np.where(np.arange(8) < 4, np.cumsum(np.where(np.arange(8) < 4, x, 0)), np.inf)


@sum_around_infinity.tensorflow("keras.ops.nancumsum")
def _(tf, x):
    x = tf.where(tf.range(8) == 4, float("inf"), x)
    return tf.keras.ops.nancumsum(tf.where(tf.range(8) == 6, float("nan"), x))


@sum_around_infinity.torch("torch.cumsum")
def _(torch, x):
    return torch.cumsum(torch.where(torch.arange(8) == 4, float("inf"), x), 0)
