"""Tf.tanh has other last bits in TensorFlow 2.20.

docs/upgrade-gate.md; measured with 2.18.1 and 2.21.0
"""

from parity import Case, normal

tanh_drift = Case(
    "tanh_drift",
    "Hyperbolic tangent.",
    sizes=dict(N=200),
    inputs=dict(x=normal("N")),
    outputs=dict(y="N"),
    dtypes=["float32"],
)


@tanh_drift.reference
def _(np, x):
    return np.tanh(x)


@tanh_drift.tensorflow("tf.tanh")
def _(tf, x):
    return tf.tanh(x)


@tanh_drift.torch("torch.tanh")
def _(torch, x):
    return torch.tanh(x)
