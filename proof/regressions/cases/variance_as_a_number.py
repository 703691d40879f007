"""Gaussian_nll_loss takes a number for the variance since PyTorch 2.6.

release notes of PyTorch 2.6; measured with 2.5.1 and 2.6.0
"""

from parity import Case, normal

variance_as_a_number = Case(
    "variance_as_a_number",
    "(x - y)² / 2, the loss for variance 1.",
    sizes=dict(N=4, D=3),
    inputs=dict(x=normal("N D"), t=normal("N D")),
    outputs=dict(y="N D"),
    dtypes=["float32"],
)


@variance_as_a_number.reference
def _(np, x, t):
    return 0.5 * (x - t) ** 2


@variance_as_a_number.torch("torch.nn.functional.gaussian_nll_loss")
def _(torch, x, t):
    return torch.nn.functional.gaussian_nll_loss(x, t, 1.0, reduction="none")


@variance_as_a_number.tensorflow("tf.square")
def _(tf, x, t):
    return 0.5 * tf.square(x - t)
