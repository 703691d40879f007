"""Facts found in recurrent layers themselves: their numbers of parameters, and the order of their gates."""

from _tf1 import rnn_cell

from parity import Case, buffer, grid, normal

parameter_count = Case(
    "parameter_count",
    "The number of parameters of a recurrent layer; of PyTorch's two biases only one counts where they just add up.",
    sizes=dict(N=1, I=28, H=128),
    parameters=dict(layers=1, bidirectional=False),
    inputs=dict(x=normal("N I", gradient=False)),
    outputs=dict(count=buffer("")),
    variants=grid(cell=["rnn", "lstm", "gru", "gru_reset_before"], bidirectional=[False, True])
    + grid(cell=["lstm"], layers=[2]),
    dtypes=["float64", "float32"],
    exact=True,
    eager_only="it counts the parameters of new layers, and computes nothing with them that could be captured",
    untimed="it counts parameters and computes nothing",
)

MATRICES = dict(rnn=1, lstm=4, gru=3, gru_reset_before=3)
BIASES = dict(rnn=1, lstm=1, gru=2, gru_reset_before=1)
TORCH = dict(rnn="RNN", lstm="LSTM", gru="GRU", gru_reset_before="GRU")


@parameter_count.reference
def _(np, x, *, cell, I, H, layers, bidirectional):
    ways = 2 if bidirectional else 1
    features = [I] + [ways * H] * (layers - 1)
    return np.array(ways * MATRICES[cell] * H * sum(f + H + BIASES[cell] for f in features))


def torch_parameters(torch, cell, I, H, layers, bidirectional):
    return getattr(torch.nn, TORCH[cell])(I, H, layers, bidirectional=bidirectional).named_parameters()


@parameter_count.torch("torch.nn.Module.parameters")
def _(torch, x, *, cell, I, H, layers, bidirectional):
    counted = torch_parameters(torch, cell, I, H, layers, bidirectional)
    return x.new_tensor(sum(p.numel() for name, p in counted if cell == "gru" or "bias_hh" not in name)).long()


@parameter_count.tensorflow("keras.layers.Layer.count_params")
def _(tf, x, *, cell, I, H, layers, bidirectional):
    def make():
        if cell == "rnn":
            return tf.keras.layers.SimpleRNN(H, return_sequences=True)
        if cell == "lstm":
            return tf.keras.layers.LSTM(H, return_sequences=True)
        return tf.keras.layers.GRU(H, reset_after=cell == "gru", return_sequences=True)

    count, shape = 0, (1, 3, I)
    for _ in range(layers):
        layer = tf.keras.layers.Bidirectional(make()) if bidirectional else make()
        layer.build(shape)
        count, shape = count + layer.count_params(), layer.compute_output_shape(shape)
    return tf.constant(count, tf.int64)


def all_parameters(torch, x, *, cell, I, H, layers, bidirectional):
    return x.new_tensor(sum(p.numel() for _, p in torch_parameters(torch, cell, I, H, layers, bidirectional))).long()


for cell, title in (("rnn", "RNN"), ("lstm", "LSTM"), ("gru_reset_before", "GRU for reset_after=False")):
    parameter_count.torch.naive(
        f"torch.nn.{TORCH[cell]}",
        f"all parameters of {title} counted",
        when=dict(cell=cell),
        size=(0.0024, 0.013),
        because="PyTorch has a second bias, bias_hh, per layer and direction: 80896 parameters against Keras's 80384 "
        "for an LSTM with 28 inputs and 128 units",
        source="https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html",
        fix="leave bias_hh out of the count, and fill it with zeros",
    )(all_parameters)


@parameter_count.tensorflow.naive(
    "keras.layers.GRU",
    "one bias for the default GRU",
    when=dict(cell="gru", bidirectional=False),
    size=(0.0031, 0.013),
    because="with reset_after=True, the default, the bias of keras.layers.GRU has two rows, with reset_after=False one",
    source="keras/src/layers/rnn/gru.py, GRUCell.build, in Keras 3.15.1",
    fix="count a bias for the input and one for the state",
)
def _(tf, x, *, I, H):
    layer = tf.keras.layers.GRU(H, reset_after=False)
    layer.build((1, 3, I))
    return tf.constant(layer.count_params(), tf.int64)


CLOSED = -20
SORTED = "it sorts the numbers that a cell returns in Python, and a captured graph has no numbers before it runs"

lstm_gate_order = Case(
    "lstm_gate_order",
    "Which gate each block of a bias drives (0 to 3 for i, f, g, o), found by closing one after the other.",
    sizes=dict(N=1, I=2, G=("i", "f", "g", "o")),
    inputs=dict(x=normal("N I", gradient=False)),
    outputs=dict(gate=buffer("G")),
    dtypes=["float64", "float32"],
    exact=True,
    eager_only=SORTED,
    untimed="it looks for the order of the gates with many small steps of a cell",
)


@lstm_gate_order.reference
def _(np, x):
    return np.array([0, 1, 2, 3])


def driven(run, gates):
    """The gate that each block drives: ``run(block)`` gives a number with that block closed, least for ``gates[0]``."""
    found = dict(zip(sorted(range(len(gates)), key=run), gates, strict=True))
    return [found[block] for block in range(len(gates))]


LSTM_ORDER = (1, 2, 3, 0)
"""From h = 0 and c = 2, the sum of h and c is 0 without f, 0.73 without g, 1 without o, 1.38 without i."""


@lstm_gate_order.torch("torch.nn.LSTMCell")
def _(torch, x, *, I):
    cell = torch.nn.LSTMCell(I, 1, device=x.device).requires_grad_(False)

    def run(block):
        for parameter in cell.parameters():
            parameter.zero_()
        cell.bias_ih[block] = CLOSED
        h, c = cell(x, (x.new_zeros(1, 1), x.new_full((1, 1), 2)))
        return float(h + c)

    return x.new_tensor(driven(run, LSTM_ORDER)).long()


def closed(tf, cell, x, block, place=lambda bias: bias):
    """Give a built TensorFlow cell of one unit kernels of zero and a bias with one block closed."""
    *kernels, bias = cell.weights
    for kernel in kernels:
        kernel.assign(tf.zeros(kernel.shape, x.dtype))
    bias.assign(place(CLOSED * tf.one_hot(block, bias.shape[-1], dtype=x.dtype)))


@lstm_gate_order.tensorflow("keras.layers.LSTMCell")
def _(tf, x):
    cell = tf.keras.layers.LSTMCell(1)
    cell.build(x.shape)

    def run(block):
        closed(tf, cell, x, block)
        _, (h, c) = cell(x, [tf.zeros([1, 1], x.dtype), tf.fill([1, 1], tf.constant(2, x.dtype))])
        return float(h[0, 0] + c[0, 0])

    return tf.constant(driven(run, LSTM_ORDER), tf.int64)


def basic_cell(tf, x):
    cell = rnn_cell().BasicLSTMCell(1, forget_bias=0.0, dtype=x.dtype)
    cell.build(x.shape)

    def run(block):
        closed(tf, cell, x, block)
        _, (c, h) = cell(x, (tf.fill([1, 1], tf.constant(2, x.dtype)), tf.zeros([1, 1], x.dtype)))
        return float(h[0, 0] + c[0, 0])

    return tf.constant(driven(run, LSTM_ORDER), tf.int64)


lstm_gate_order.tensorflow("tf.compat.v1.nn.rnn_cell.BasicLSTMCell", gate="G[i g f o]")(basic_cell)
lstm_gate_order.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.BasicLSTMCell",
    "gates taken for i, f, g, o",
    size=(0.16, 0.67),
    because="the cells of TensorFlow 1 keep them in the order i, j, f, o, where j is g",
    source="tf_keras/src/layers/rnn/legacy_cells.py, BasicLSTMCell.call",
    fix="swap the second and third block",
)(basic_cell)


gru_gate_order = Case(
    "gru_gate_order",
    "Which gate each block of a bias drives (0 to 2 for r, z, n), found by closing one after the other.",
    sizes=dict(N=1, I=2, G=("r", "z", "n")),
    inputs=dict(x=normal("N I", gradient=False)),
    outputs=dict(gate=buffer("G")),
    dtypes=["float64", "float32"],
    exact=True,
    eager_only=SORTED,
    untimed="it looks for the order of the gates with many small steps of a cell",
)

GRU_ORDER = (2, 1, 0)
"""From h = 1, with hidden biases of 1, h becomes 0.46 without n, 0.62 without z, 0.73 without r."""


@gru_gate_order.reference
def _(np, x):
    return np.array([0, 1, 2])


@gru_gate_order.torch("torch.nn.GRUCell")
def _(torch, x, *, I):
    cell = torch.nn.GRUCell(I, 1, device=x.device).requires_grad_(False)

    def run(block):
        for parameter in cell.parameters():
            parameter.zero_()
        cell.bias_ih[block] = CLOSED
        cell.bias_hh.fill_(1)
        return float(cell(x, x.new_ones(1, 1)))

    return x.new_tensor(driven(run, GRU_ORDER)).long()


def keras_gru(tf, x):
    cell = tf.keras.layers.GRUCell(1)
    cell.build(x.shape)

    def run(block):
        closed(tf, cell, x, block, lambda bias: tf.stack([bias, tf.ones_like(bias)]))
        return float(cell(x, [tf.ones([1, 1], x.dtype)])[0][0, 0])

    return tf.constant(driven(run, GRU_ORDER), tf.int64)


gru_gate_order.tensorflow("keras.layers.GRUCell", gate="G[z r n]")(keras_gru)
gru_gate_order.tensorflow.naive(
    "keras.layers.GRUCell",
    "gates taken for r, z, n",
    size=(0.25, 1),
    because="Keras keeps the update gate first, PyTorch the reset gate",
    source="keras/src/layers/rnn/gru.py, GRUCell.call, in Keras 3.15.1",
    fix="swap the first and second block",
)(keras_gru)
