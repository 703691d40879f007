"""Torch.gather refused int32 indices up to PyTorch 2.6, and takes them in 2.8.

release notes of PyTorch 2.8: torch.gather takes int32 indices
"""

from parity import Case, integers, normal

gather_int32 = Case(
    "gather_int32",
    "Elements of each row, by int32 indices.",
    sizes=dict(N=4, D=7, K=3),
    inputs=dict(x=normal("N D"), index=integers("N K", 0, "D", dtype="int32")),
    outputs=dict(y="N K"),
    dtypes=["float32", "float64"],
)


@gather_int32.reference
def _(np, x, index):
    return np.take_along_axis(x, index, axis=1)


@gather_int32.torch("torch.gather")
def _(torch, x, index):
    return torch.gather(x, 1, index)


@gather_int32.tensorflow("tf.gather")
def _(tf, x, index):
    return tf.gather(x, index, batch_dims=1)
