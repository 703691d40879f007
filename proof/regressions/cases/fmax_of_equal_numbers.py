"""Torch.fmax of equal numbers gave the whole gradient to the first; PyTorch 2.14 shares it, as torch.maximum does.

release notes of PyTorch, gradient of torch.fmax; measured with 2.13.0 and 2.14.1
"""

from parity import Case, normal

fmax_of_equal_numbers = Case(
    "fmax_of_equal_numbers",
    "The larger of two equal numbers, which share the gradient.",
    sizes=dict(N=5),
    inputs=dict(a=normal("N", mean=1, std=0), b=normal("N", mean=1, std=0)),
    outputs=dict(y="N"),
    dtypes=["float32", "float64"],
)


@fmax_of_equal_numbers.reference
def _(np, a, b):
    return np.maximum(a, b)


@fmax_of_equal_numbers.torch("torch.fmax")
def _(torch, a, b):
    return torch.fmax(a, b)


@fmax_of_equal_numbers.tensorflow("keras.ops.add")
def _(tf, a, b):
    return (a + b) / 2
