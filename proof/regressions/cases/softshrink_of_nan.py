"""Softshrink turned NaN into 0 up to PyTorch 2.5, and hands it on in 2.6.

release notes of PyTorch 2.6; measured with 2.5.1 and 2.6.0
"""

from parity import Case, buffer, special

softshrink_of_nan = Case(
    "softshrink_of_nan",
    "Numbers moved by 0.5 towards 0, or 0 where they are nearer; NaN stays.",
    sizes=dict(N=40),
    inputs=dict(x=special("N", "nan", gradient=False)),
    outputs=dict(y=buffer("N")),
    unsigned_zeros="a zero that means nothing",
    dtypes=["float32"],
)


@softshrink_of_nan.reference
def _(np, x):
    return x - np.clip(x, -0.5, 0.5)


@softshrink_of_nan.torch("torch.nn.functional.softshrink")
def _(torch, x):
    return torch.nn.functional.softshrink(x)


@softshrink_of_nan.tensorflow("tf.clip_by_value")
def _(tf, x):
    return x - tf.clip_by_value(x, -0.5, 0.5)
