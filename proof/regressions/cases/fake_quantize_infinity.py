"""Fake quantization turned +inf into the smallest number before, and into the largest in 2.9.

measured with 2.8.0 and 2.9.1
"""

from parity import Case, buffer, special

fake_quantize_infinity = Case(
    "fake_quantize_infinity",
    "Rounding to eighths from -16 to 15.875, infinities included.",
    sizes=dict(N=40),
    inputs=dict(x=special("N", "infinity", gradient=False)),
    outputs=dict(y=buffer("N")),
    unsigned_zeros="an integer has no negative zero",
    dtypes=["float32"],
)


@fake_quantize_infinity.reference
def _(np, x):
    return np.clip(np.round(x * 8), -128, 127) / 8


@fake_quantize_infinity.torch("torch.fake_quantize_per_tensor_affine")
def _(torch, x):
    return torch.fake_quantize_per_tensor_affine(x, 0.125, 0, -128, 127)


@fake_quantize_infinity.tensorflow("tf.clip_by_value")
def _(tf, x):
    return tf.clip_by_value(tf.round(x * 8), -128, 127) / 8
