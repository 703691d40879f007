"""Keras.ops.sort(axis=None) raised up to Keras 3.12.

https://github.com/keras-team/keras/pull/22544
"""

from parity import Case, distinct

sort_of_everything = Case(
    "sort_of_everything",
    "All numbers of a matrix, sorted.",
    sizes=dict(N=4, D=3, M=lambda N, D: N * D),
    inputs=dict(x=distinct("N D")),
    outputs=dict(y="M"),
    dtypes=["float32"],
)


@sort_of_everything.reference
def _(np, x):
    return np.sort(np.ravel(x))


@sort_of_everything.tensorflow("keras.ops.sort")
def _(tf, x):
    return tf.keras.ops.sort(x, axis=None)


@sort_of_everything.torch("torch.sort")
def _(torch, x):
    return torch.sort(x.ravel())[0]
