"""Keras.ops.flip refused a list of axes up to Keras 3.12.

https://github.com/keras-team/keras/pull/22548
"""

from parity import Case, normal

flip_of_listed_axes = Case(
    "flip_of_listed_axes",
    "Both axes reversed.",
    sizes=dict(N=4, D=3),
    inputs=dict(x=normal("N D")),
    outputs=dict(y="N D"),
    dtypes=["float32"],
)


@flip_of_listed_axes.reference
def _(np, x):
    return x[::-1, ::-1]


@flip_of_listed_axes.tensorflow("keras.ops.flip")
def _(tf, x):
    return tf.keras.ops.flip(x, axis=[0, 1])


@flip_of_listed_axes.torch("torch.flip")
def _(torch, x):
    return torch.flip(x, [0, 1])
