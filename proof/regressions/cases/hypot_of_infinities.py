"""Keras.ops.hypot came after Keras 3.10, and gives NaN for two infinities.

https://github.com/keras-team/keras/pull/23157
"""

from parity import Case, buffer, uniform

hypot_of_infinities = Case(
    "hypot_of_infinities",
    "The length of (inf, -inf): infinite.",
    sizes=dict(N=5),
    inputs=dict(x=uniform("N", 1, 2)),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@hypot_of_infinities.reference
def _(np, x):
    return x * np.inf


@hypot_of_infinities.tensorflow("keras.ops.hypot")
def _(tf, x):
    return tf.keras.ops.hypot(x * float("inf"), x * float("-inf"))


@hypot_of_infinities.torch("torch.hypot")
def _(torch, x):
    return torch.hypot(x * float("inf"), x * float("-inf"))
