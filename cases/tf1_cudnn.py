"""Weights of cuDNN's LSTM in TensorFlow 1's cells, and what became of the cells and layers made for them."""

from _recurrent import KERAS_LAYER, lstm_step, scan
from _tf1 import Built, Variable, rnn_cell, unrolled, with_states

from parity import Case, concat, normal

CELLS = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cells.py"
CUDNN = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/cudnn_lstm.py"
CONTRIB = "https://www.tensorflow.org/guide/migrate"
TORCH_LSTM = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html"
LAYERED = dict(h0="1 N H", c0="1 N H", h="1 N H", c="1 N H")

cudnn_checkpoint = Case(
    "cudnn_checkpoint",
    "Weights of cuDNN's LSTM, with two biases for each gate and no constant beside them, in cells that have one bias.",
    sizes=dict(N=3, T=4, I=6, H=5, J=lambda H: H, G=("i", "f", "g", "o")),
    inputs=dict(x=normal("N T I"), h0=normal("N H"), c0=normal("N H")),
    weights=dict(
        kernel=normal("G H I", std=0.3),
        recurrent=normal("G H J", std=0.3),
        bias_input=normal("G H", std=0.5, gradient=False),  # restored as a sum, which no gradient goes through
        bias_hidden=normal("G H", std=0.5, gradient=False),
    ),
    outputs=dict(y="N T H"),
    states=dict(h="N H", c="N H"),
    dtypes=["float64", "float32"],  # cuDNN's LSTM has no bfloat16
)


@cudnn_checkpoint.reference
def _(np, x, h0, c0, kernel, recurrent, bias_input, bias_hidden):
    own = dict(kernel=kernel, recurrent=recurrent, bias=bias_input + bias_hidden)
    y, states = scan(np, lstm_step, np.moveaxis(x, 1, 0), [h0, c0], own)
    return np.stack(y, axis=1), *states


@cudnn_checkpoint.torch.layer(
    "torch.nn.LSTM",
    weights=dict(
        weight_ih_l0="kernel: (G H) I",
        weight_hh_l0="recurrent: (G H) J",
        bias_ih_l0="bias_input: (G H)",
        bias_hh_l0="bias_hidden: (G H)",
    ),
    **LAYERED,
)
def _(torch, *, I, H):
    return with_states(torch.nn.LSTM(I, H, batch_first=True))


def checkpoint(gates="(G[i g f o] H)"):
    """The variables of :func:`restored`, with the gates in the order of the cell."""
    return {
        "kernel": concat(f"kernel: I {gates}", f"recurrent: J {gates}"),
        "bias_input": f"bias_input: {gates}",
        "bias_hidden": f"bias_hidden: {gates}",
    }


def with_biases(tf, layer, H, dtype):
    """Give a layer the two biases of a checkpoint."""
    biases = [tf.Variable(tf.zeros([4 * H], dtype), trainable=False) for _ in range(2)]
    layer.weights += [Variable(name, bias) for name, bias in zip(("bias_input", "bias_hidden"), biases, strict=True)]
    return biases


def restored(tf, cell, I, H, dtype, bias_of=lambda of_input, of_state: of_input + of_state):
    """A TensorFlow 1 cell with cuDNN's weights; its one bias is made from the two."""
    layer = Built(I, cell)
    bias = layer.weights.pop().value
    biases = with_biases(tf, layer, H, dtype)

    def call(x, h0, c0):
        bias.assign(bias_of(*biases))
        y, (c, h) = unrolled(tf, cell, x, rnn_cell().LSTMStateTuple(c=c0, h=h0))
        return y, h, c

    return layer, call


@cudnn_checkpoint.tensorflow.layer("tf.compat.v1.nn.rnn_cell.BasicLSTMCell(forget_bias=0)", weights=checkpoint())
def _(tf, *, I, H, dtype):
    return restored(tf, rnn_cell().BasicLSTMCell(H, forget_bias=0.0, dtype=dtype), I, H, dtype)


@cudnn_checkpoint.tensorflow.layer("tf.compat.v1.nn.rnn_cell.LSTMCell(forget_bias=0)", weights=checkpoint())
def _(tf, *, I, H, dtype):
    return restored(tf, rnn_cell().LSTMCell(H, forget_bias=0.0, dtype=dtype), I, H, dtype)


KERAS = dict(
    kernel="kernel: I (G H)",
    recurrent_kernel="recurrent: J (G H)",
    bias_input="bias_input: (G H)",
    bias_hidden="bias_hidden: (G H)",
)


@cudnn_checkpoint.tensorflow.layer("keras.layers.LSTM", weights=KERAS)
def _(tf, *, I, H, dtype):
    lstm = tf.keras.layers.LSTM(H, use_cudnn="auto", **KERAS_LAYER)
    lstm.build((None, None, I))
    layer = Built(I)
    layer.weights += [
        Variable("kernel", lstm.cell.kernel.value),
        Variable("recurrent_kernel", lstm.cell.recurrent_kernel.value),
    ]
    biases = with_biases(tf, layer, H, dtype)

    def call(x, h0, c0):
        lstm.cell.bias.assign(biases[0] + biases[1])
        return lstm(x, initial_state=[h0, c0])

    return layer, call


@cudnn_checkpoint.tensorflow.layer(
    "tf.compat.v1.keras.layers.CuDNNLSTM",
    weights=dict(
        kernel="kernel: I (G H)",
        recurrent_kernel="recurrent: J (G H)",
        bias=concat("bias_input: (G H)", "bias_hidden: (G H)"),
    ),
)
def _(tf, *, N, T, I, H, dtype):
    from tf_keras.api._v1 import keras

    lstm = keras.layers.CuDNNLSTM(H, return_sequences=True, return_state=True, dtype=dtype)
    lstm.build(tf.TensorShape([N, T, I]))
    layer = Built(I)
    layer.weights += [Variable(w.name.rpartition("/")[2].removesuffix(":0"), w) for w in lstm.weights]
    return layer, lambda x, h0, c0: lstm(x, initial_state=[h0, c0])


for mode, message in dict(
    eager="NotFoundError: Could not find device for node: {{node CudnnRNNV3}}",
    graph="InvalidArgumentError: No OpKernel was registered to support Op 'CudnnRNNV3'",
    compiled="InvalidArgumentError: No registered 'CudnnRNNV3' OpKernel for XLA_CPU_JIT",
).items():
    cudnn_checkpoint.limitation(
        "tf.compat.v1.keras.layers.CuDNNLSTM",
        devices=["cpu"],
        modes=[mode],
        raises=message,
        because="the layer has a GPU kernel only; keras.layers.LSTM takes cuDNN on a GPU and its own loop on a CPU",
        source=CUDNN,
    )


def wrong(title, *, name="BasicLSTMCell", gates="(G[i g f o] H)", because, fix):
    return cudnn_checkpoint.tensorflow.naive(
        f"tf.compat.v1.nn.rnn_cell.{name}", title, because=because, source=CELLS, fix=fix, weights=checkpoint(gates)
    )


ONE = dict(
    because="cuDNN adds no constant to the forget gate, and both cells add forget_bias, 1 by default, in each step",
    fix="pass forget_bias=0.0 when the weights come from a checkpoint of cuDNN's LSTM",
)


@wrong("forget_bias left at its default", **ONE)
def _(tf, *, I, H, dtype):
    return restored(tf, rnn_cell().BasicLSTMCell(H, dtype=dtype), I, H, dtype)


@wrong("forget_bias left at its default", name="LSTMCell", **ONE)
def _(tf, *, I, H, dtype):
    return restored(tf, rnn_cell().LSTMCell(H, dtype=dtype), I, H, dtype)


@wrong(
    "second bias left out",
    because="cuDNN adds a bias to the product with the inputs and another to the product with the state",
    fix="load the sum of both biases",
)
def _(tf, *, I, H, dtype):
    cell = rnn_cell().BasicLSTMCell(H, forget_bias=0.0, dtype=dtype)
    return restored(tf, cell, I, H, dtype, lambda of_input, of_state: of_input)


@wrong(
    "gates left in cuDNN's order",
    gates="(G H)",
    because="cuDNN has the gates as i, f, c, o, like PyTorch; TensorFlow 1's cells have them as i, j, f, o",
    fix="move the columns of c (j in the cells) before those of f",
)
def _(tf, *, I, H, dtype):
    return restored(tf, rnn_cell().BasicLSTMCell(H, forget_bias=0.0, dtype=dtype), I, H, dtype)


def gone(api, call, *, title="TensorFlow 1 name", because, fix, raises):
    cudnn_checkpoint.tensorflow.naive(api, title, because=because, source=CONTRIB, fix=fix, raises=raises)(call)


NO_CONTRIB = dict(
    because="TensorFlow 2 has no tf.contrib", raises="AttributeError: module 'tensorflow' has no attribute 'contrib'"
)
gone(
    "tf.contrib.cudnn_rnn.CudnnCompatibleLSTMCell",
    lambda tf, x, *, H, **rest: tf.contrib.cudnn_rnn.CudnnCompatibleLSTMCell(H),
    fix="pass forget_bias=0.0 to tf.compat.v1.nn.rnn_cell.LSTMCell, and load the sum of the two biases",
    **NO_CONTRIB,
)
gone(
    "tf.contrib.cudnn_rnn.CudnnLSTM",
    lambda tf, x, *, H, **rest: tf.contrib.cudnn_rnn.CudnnLSTM(num_layers=1, num_units=H),
    fix="call keras.layers.LSTM, which takes cuDNN on a GPU, and load the sum of the two biases",
    **NO_CONTRIB,
)
gone(
    "tf.compat.v1.keras.layers.CuDNNLSTM",
    lambda tf, x, *, H, **rest: tf.compat.v1.keras.layers.CuDNNLSTM(H),
    title="with Keras 3",
    because="the layer was part of Keras 2, which Keras 3 has replaced",
    fix="call keras.layers.LSTM, which takes cuDNN on a GPU, or take CuDNNLSTM from tf_keras.api._v1",
    raises="AttributeError: has no attribute 'CuDNNLSTM'",
)
