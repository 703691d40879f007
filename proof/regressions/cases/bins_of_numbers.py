"""Keras.layers.Discretization gave int64 up to Keras 3.10, and gives int32 in 3.12.

release notes of Keras 3.12: Discretization; measured with 3.10.0 and 3.12.0
"""

from parity import Case, buffer, normal

bins_of_numbers = Case(
    "bins_of_numbers",
    "The number of the bin of each number.",
    sizes=dict(N=40),
    inputs=dict(x=normal("N", gradient=False)),
    outputs=dict(y=buffer("N", dtype="int64")),
    dtypes=["float32"],
)


@bins_of_numbers.reference
def _(np, x):
    return np.digitize(x, np.array([-1.0, 0.0, 1.0]))


@bins_of_numbers.tensorflow("keras.layers.Discretization")
def _(tf, x):
    return tf.keras.layers.Discretization([-1.0, 0.0, 1.0])(x)


@bins_of_numbers.torch("torch.bucketize")
def _(torch, x):
    return torch.bucketize(x, torch.tensor([-1.0, 0.0, 1.0]), right=True)
