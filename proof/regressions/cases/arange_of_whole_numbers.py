"""Torch.arange(0, 5.5, 1.5, dtype=int64) had 5 elements before, and has NumPy's 4 in 2.14.

measured with 2.13.0 and 2.14.1; NumPy's arange has 4 elements
"""

from parity import Case, buffer, integers

arange_of_whole_numbers = Case(
    "arange_of_whole_numbers",
    "Whole numbers from 0 to 5.5, in so many steps as there are of 1.5.",
    sizes=dict(S=1, N=4),
    inputs=dict(x=integers("S", 1, 5, dtype="int64")),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@arange_of_whole_numbers.reference
def _(np, x):
    return np.arange(4) * x


@arange_of_whole_numbers.torch("torch.arange")
def _(torch, x):
    return torch.arange(0, 5.5, 1.5, dtype=torch.int64) * x


@arange_of_whole_numbers.tensorflow("tf.range")
def _(tf, x):
    return tf.range(4, dtype=tf.int64) * x
