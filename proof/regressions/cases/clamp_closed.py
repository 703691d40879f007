"""The gradient of torch.clamp at its bounds, 1 by the closed interval up to PyTorch 2.13, is 0 in 2.14.

https://github.com/pytorch/pytorch/issues/195931 (labelled module: regression)
"""

from parity import Case, normal

clamp_closed = Case(
    "clamp_closed",
    "A number that equals a bound counts as inside, and gets the gradient, as in tf.clip_by_value.",
    sizes=dict(N=5),
    inputs=dict(x=normal("N", mean=1, std=0)),
    outputs=dict(y="N"),
    dtypes=["float32", "float64"],
)


@clamp_closed.reference
def _(np, x):
    return 1 * x


@clamp_closed.torch("torch.clamp")
def _(torch, x):
    return torch.clamp(x, -1, 1)


@clamp_closed.tensorflow("tf.clip_by_value")
def _(tf, x):
    return tf.clip_by_value(x, -1, 1)
