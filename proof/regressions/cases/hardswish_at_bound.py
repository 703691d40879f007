"""The gradient of hardswish at its upper bound was 1.5 in some places of a tensor and 1 in others.

https://github.com/pytorch/pytorch/issues/136345 (the gradient at the bounds depended on the place in the tensor)
"""

from parity import Case, normal

hardswish_at_bound = Case(
    "hardswish_at_bound",
    "x relu6(x + 3) / 6 at 3, where the function has become the identity: gradient 1.",
    sizes=dict(N=81),
    inputs=dict(x=normal("N", mean=3, std=0)),
    outputs=dict(y="N"),
    dtypes=["float32", "bfloat16"],
)


@hardswish_at_bound.reference
def _(np, x):
    return np.where(x >= 3, x, np.where(x <= -3, 0, x * (x + 3) / 6))


@hardswish_at_bound.torch("torch.nn.functional.hardswish")
def _(torch, x):
    return torch.nn.functional.hardswish(x)


@hardswish_at_bound.tensorflow("tf.nn.relu6")
def _(tf, x):
    return tf.where(x >= 3, x, x * tf.nn.relu6(x + 3) / 6)
