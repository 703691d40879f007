"""Keras.ops.blackman(1) was NaN up to Keras 3.12.

https://github.com/keras-team/keras/pull/22545
"""

from parity import Case, buffer, normal

blackman_of_one = Case(
    "blackman_of_one",
    "x times a Blackman window of length 1, which is 1.",
    sizes=dict(N=5),
    inputs=dict(x=normal("N")),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@blackman_of_one.reference
def _(np, x):
    return 1 * x


@blackman_of_one.tensorflow("keras.ops.blackman")
def _(tf, x):
    return x * tf.keras.ops.blackman(1)


@blackman_of_one.torch("torch.blackman_window")
def _(torch, x):
    return x * torch.blackman_window(1)
