"""The gradient of torch.atan2 at the origin was NaN, and is 0 in PyTorch 2.13.

measured with 2.9.1 and 2.13.0
"""

from parity import Case, normal

atan2_at_origin = Case(
    "atan2_at_origin",
    "The angle of points at the origin: 0, with gradient 0.",
    sizes=dict(N=5),
    inputs=dict(a=normal("N", std=0), b=normal("N", std=0)),
    outputs=dict(y="N"),
    dtypes=["float32", "float64"],
)


@atan2_at_origin.reference
def _(np, a, b):
    return 0 * a + 0 * b


@atan2_at_origin.torch("torch.atan2")
def _(torch, a, b):
    return torch.atan2(a, b)


@atan2_at_origin.tensorflow("tf.multiply")
def _(tf, a, b):
    return 0 * a + 0 * b
