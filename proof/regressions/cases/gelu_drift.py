"""Tf.nn.gelu has other last bits in TensorFlow 2.21.

docs/upgrade-gate.md; measured with 2.18.1 and 2.21.0
"""

from parity import Case, normal

gelu_drift = Case(
    "gelu_drift",
    "GELU, with erf.",
    sizes=dict(N=200),
    inputs=dict(x=normal("N")),
    outputs=dict(y="N"),
    dtypes=["float32"],
)


@gelu_drift.reference
def _(np, x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)))


@gelu_drift.tensorflow("tf.nn.gelu")
def _(tf, x):
    return tf.nn.gelu(x, approximate=True)


@gelu_drift.torch("torch.nn.functional.gelu")
def _(torch, x):
    return torch.nn.functional.gelu(x, approximate="tanh")
