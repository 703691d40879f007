"""Torch.qr, deprecated since PyTorch 1.9, only raises in 2.14.

deprecated since PyTorch 1.9; measured with 2.13.0 and 2.14.1
"""

from parity import Case, buffer, normal

qr_removed = Case(
    "qr_removed",
    "The triangle of a QR decomposition, without its signs.",
    sizes=dict(N=4, E=lambda N: N),
    inputs=dict(x=normal("N E")),
    outputs=dict(y=buffer("N E")),
    dtypes=["float32", "float64"],
)


@qr_removed.reference
def _(np, x):
    return np.abs(np.linalg.qr(x)[1])


@qr_removed.torch("torch.qr")
def _(torch, x):
    return torch.qr(x)[1].abs()


@qr_removed.tensorflow("tf.linalg.qr")
def _(tf, x):
    return tf.abs(tf.linalg.qr(x)[1])
