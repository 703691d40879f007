"""Torch.aminmax had no derivative before, and has the right one in 2.13.

measured with 2.9.1 and 2.13.0
"""

from parity import Case, distinct

aminmax_gradient = Case(
    "aminmax_gradient",
    "The smallest and the largest number of each row.",
    sizes=dict(N=4, D=7),
    inputs=dict(x=distinct("N D")),
    outputs=dict(low="N", high="N"),
    dtypes=["float32", "float64"],
)


@aminmax_gradient.reference
def _(np, x):
    return np.min(x, axis=1), np.max(x, axis=1)


@aminmax_gradient.torch("torch.aminmax")
def _(torch, x):
    low, high = torch.aminmax(x, dim=1)
    return low, high


@aminmax_gradient.tensorflow("tf.reduce_min")
def _(tf, x):
    return tf.reduce_min(x, axis=1), tf.reduce_max(x, axis=1)
