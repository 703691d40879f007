"""The activity regularizer's loss is divided by the batch size since Keras 3.14; before, it was the sum.

https://github.com/keras-team/keras/pull/22021
"""

from parity import Case, normal

activity_penalty = Case(
    "activity_penalty",
    "The penalty 0.2 sum x² / N of an activity regularizer.",
    sizes=dict(N=4, D=3, S=1),
    inputs=dict(x=normal("N D")),
    outputs=dict(y="S"),
    dtypes=["float32"],
)


@activity_penalty.reference
def _(np, x, *, N):
    return np.reshape(0.25 * np.sum(x * x) / N, (1,))


@activity_penalty.tensorflow("keras.layers.ActivityRegularization")
def _(tf, x):
    layer = tf.keras.layers.ActivityRegularization(0.0, 0.25)
    layer(x)
    return tf.reshape(layer.losses[0], (1,))


@activity_penalty.torch("torch.sum")
def _(torch, x, *, N):
    return (0.25 * torch.sum(x * x) / N).reshape(1)
