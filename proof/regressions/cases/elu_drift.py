"""Torch.nn.functional.elu has other last bits in PyTorch 2.8.

measured with 2.6.0 and 2.8.0
"""

from parity import Case, normal

elu_drift = Case(
    "elu_drift",
    "ELU.",
    sizes=dict(N=200),
    inputs=dict(x=normal("N")),
    outputs=dict(y="N"),
    dtypes=["float32", "float64"],
)


@elu_drift.reference
def _(np, x):
    return np.where(x > 0, x, np.expm1(np.where(x > 0, 0, x)))


@elu_drift.torch("torch.nn.functional.elu")
def _(torch, x):
    return torch.nn.functional.elu(x)


@elu_drift.tensorflow("tf.nn.elu")
def _(tf, x):
    return tf.nn.elu(x)
