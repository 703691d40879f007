"""A downgrade: the older version gives -16 for +inf, the newer one 15.875 (measured with 2.9.1 and 2.8.0)."""

from parity import Case, buffer, special

fake_quantize_downgrade = Case(
    "fake_quantize_downgrade",
    "Rounding to eighths from -16 to 15.875.",
    sizes=dict(N=40),
    inputs=dict(x=special("N", "infinity", gradient=False)),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@fake_quantize_downgrade.reference
def _(np, x):
    return np.clip(np.round(x * 8), -128, 127) / 8


@fake_quantize_downgrade.torch("torch.fake_quantize_per_tensor_affine")
def _(torch, x):
    return torch.fake_quantize_per_tensor_affine(x, 0.125, 0, -128, 127)


@fake_quantize_downgrade.tensorflow("tf.clip_by_value")
def _(tf, x):
    return tf.clip_by_value(tf.round(x * 8), -128, 127) / 8
