"""Keras.layers.LSTMCell takes an empty batch up to Keras 3.10, and raises in 3.12.

measured with Keras 3.10.0 and 3.12.0 (see docs/upgrade-gate.md)
"""

from parity import Case, buffer, normal

cell_of_an_empty_batch = Case(
    "cell_of_an_empty_batch",
    "A step of an LSTM cell of an empty batch, and a number.",
    sizes=dict(N=5),
    inputs=dict(x=normal("N")),
    outputs=dict(y=buffer("N")),
    dtypes=["float32"],
)


@cell_of_an_empty_batch.reference
def _(np, x):
    return 1 * x


@cell_of_an_empty_batch.tensorflow("keras.layers.LSTMCell")
def _(tf, x):
    cell = tf.keras.layers.LSTMCell(4)
    empty = tf.zeros((0, 4))
    return x + tf.reduce_sum(cell(tf.zeros((0, 3)), [empty, empty])[0])


@cell_of_an_empty_batch.torch("torch.nn.LSTMCell")
def _(torch, x):
    return x + torch.nn.LSTMCell(3, 4)(torch.zeros(0, 3))[0].sum().detach()
