"""Torch.clamp with a tensor for its bound: equal elements share the gradient since PyTorch 2.14, as in torch.maximum.

https://github.com/pytorch/pytorch/issues/184572
"""

from parity import Case, normal

clamp_of_equal_tensors = Case(
    "clamp_of_equal_tensors",
    "The larger of two equal numbers, which share the gradient.",
    sizes=dict(N=5),
    inputs=dict(x=normal("N", mean=1, std=0), low=normal("N", mean=1, std=0)),
    outputs=dict(y="N"),
    dtypes=["float32", "float64"],
)


@clamp_of_equal_tensors.reference
def _(np, x, low):
    return np.maximum(x, low)


@clamp_of_equal_tensors.torch("torch.clamp")
def _(torch, x, low):
    return torch.clamp(x, min=low)


@clamp_of_equal_tensors.tensorflow("keras.ops.add")
def _(tf, x, low):
    return (x + low) / 2
