"""Compiled by Inductor, a shift by more bits than an integer has was not 0.

https://github.com/pytorch/pytorch/issues/143566
"""

from parity import Case, buffer, integers

compiled_left_shift = Case(
    "compiled_left_shift",
    "Shifts to the left; beyond the width of the dtype all bits are gone.",
    sizes=dict(N=64),
    inputs=dict(x=integers("N", 1, 100, dtype="int64"), bits=integers("N", 64, 80, dtype="int64")),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@compiled_left_shift.reference
def _(np, x, bits):
    return x * (bits < 64)


@compiled_left_shift.torch("torch.bitwise_left_shift")
def _(torch, x, bits):
    return torch.bitwise_left_shift(x, bits)


@compiled_left_shift.tensorflow("tf.zeros_like")
def _(tf, x, bits):
    return tf.where(bits < 64, x, 0)
