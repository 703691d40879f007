"""Keras.ops.nanmean is new since Keras 3.10.

release notes of Keras 3.14: keras.ops.nanmean
"""

from parity import Case, buffer, normal

nanmean_added = Case(
    "nanmean_added",
    "The mean of what is not NaN in each row.",
    sizes=dict(N=4, D=7),
    inputs=dict(x=normal("N D")),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@nanmean_added.reference
def _(np, x):
    return np.mean(x[:, 1:], axis=1)


@nanmean_added.tensorflow("keras.ops.nanmean")
def _(tf, x):
    return tf.keras.ops.nanmean(tf.where(tf.range(7) == 0, float("nan"), x), axis=1)


@nanmean_added.torch("torch.nanmean")
def _(torch, x):
    return torch.nanmean(torch.where(torch.arange(7) == 0, float("nan"), x), 1)
