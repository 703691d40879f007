"""Keras.layers.Softmax spread a row evenly in which everything is masked up to Keras 3.8; it is 0 in 3.10.

release notes of Keras 3.9 or 3.10; measured with 3.8.0 and 3.10.0
"""

from parity import Case, buffer, normal

softmax_of_masked_rows = Case(
    "softmax_of_masked_rows",
    "Softmax of what is not masked; 0 where it is.",
    sizes=dict(N=4, D=3),
    inputs=dict(x=normal("N D")),
    outputs=dict(y=buffer("N D")),
    dtypes=["float32"],
)


@softmax_of_masked_rows.reference
def _(np, x):
    return np.zeros_like(x)


@softmax_of_masked_rows.tensorflow("keras.layers.Softmax")
def _(tf, x):
    return tf.keras.layers.Softmax()(x, mask=tf.zeros(x.shape, tf.bool))


@softmax_of_masked_rows.torch("torch.zeros_like")
def _(torch, x):
    return torch.zeros_like(x)
