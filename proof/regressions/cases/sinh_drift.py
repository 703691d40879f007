"""Torch.sinh has other last bits in PyTorch 2.14.

measured with 2.13.0 and 2.14.1
"""

from parity import Case, normal

sinh_drift = Case(
    "sinh_drift",
    "Hyperbolic sine.",
    sizes=dict(N=200),
    inputs=dict(x=normal("N")),
    outputs=dict(y="N"),
    dtypes=["float32", "float64"],
)


@sinh_drift.reference
def _(np, x):
    return np.sinh(x)


@sinh_drift.torch("torch.sinh")
def _(torch, x):
    return torch.sinh(x)


@sinh_drift.tensorflow("tf.sinh")
def _(tf, x):
    return tf.sinh(x)
