"""Float() of a tensor that requires a gradient warns in PyTorch 2.8.

release notes of PyTorch 2.8 or 2.9; measured with 2.6.0 and 2.8.0
"""

from parity import Case, normal

scalar_of_a_gradient = Case(
    "scalar_of_a_gradient",
    "x times the number 2, which a tensor holds that requires a gradient.",
    sizes=dict(N=5),
    inputs=dict(x=normal("N")),
    outputs=dict(y="N"),
    dtypes=["float32"],
)


@scalar_of_a_gradient.reference
def _(np, x):
    return 2 * x


@scalar_of_a_gradient.torch("torch.Tensor.__float__")
def _(torch, x):
    import math

    return x * math.sqrt(torch.tensor(4.0, requires_grad=True))


@scalar_of_a_gradient.tensorflow("tf.multiply")
def _(tf, x):
    return 2 * x
