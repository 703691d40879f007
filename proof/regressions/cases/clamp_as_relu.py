"""Torch.clamp(min=0) as ReLU: its gradient at 0 was 1 up to PyTorch 2.13, and is ReLU's 0 in 2.14.

https://github.com/pytorch/pytorch/issues/184572 and https://github.com/pytorch/pytorch/issues/195931
"""

from parity import Case, normal

clamp_as_relu = Case(
    "clamp_as_relu",
    "ReLU, with gradient 0 at 0.",
    sizes=dict(N=5),
    inputs=dict(x=normal("N", std=0)),
    outputs=dict(y="N"),
    dtypes=["float32", "float64"],
)


@clamp_as_relu.reference
def _(np, x):
    return np.where(x > 0, x, 0)


@clamp_as_relu.torch("torch.clamp")
def _(torch, x):
    return torch.clamp(x, min=0)


@clamp_as_relu.tensorflow("tf.nn.relu")
def _(tf, x):
    return tf.nn.relu(x)
