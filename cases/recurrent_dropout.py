"""Dropout of what a recurrent layer puts out, by its statistics: which values are dropped, and which never are."""

from _draws import unseeded

from parity import Case, Tolerance, buffer, grid, normal

output_dropout = Case(
    "output_dropout",
    "The fractions that output dropout keeps of one LSTM step's output and of its states, which it leaves alone.",
    sizes=dict(N=40, I=3, H=50),
    inputs=dict(x=normal("N I", gradient=False)),
    outputs=dict(output=buffer(""), hidden=buffer(""), cell=buffer("")),
    variants=grid(rate=[0.5]),
    tolerance=Tolerance(0, 0.09, because="8 standard deviations of 2,000 draws"),
    dtypes=("float64", "float32"),
    draws=True,
)


@output_dropout.reference
def _(np, x, *, rate):
    one = np.mean(0 * x) + 1
    return one * (1 - rate), one, one


def torch_fractions(torch, *tensors):
    return [(tensor != 0).to(tensor.dtype).mean() for tensor in tensors]


@output_dropout.torch("torch.nn.LSTMCell")
def _(torch, x, *, I, H, rate, capture):
    torch.manual_seed(0)
    layer = torch.nn.LSTMCell(I, H, device=x.device)

    def step(x):
        hidden, cell = layer(x)
        return torch_fractions(torch, torch.nn.functional.dropout(hidden, rate), hidden, cell)

    return capture(step)(x)


def tensorflow_fractions(tf, *tensors):
    return [tf.reduce_mean(tf.cast(tensor != 0, tensor.dtype)) for tensor in tensors]


@output_dropout.tensorflow("tf.nn.RNNCellDropoutWrapper")
def _(tf, x, *, N, H, rate, capture):
    cell = tf.nn.RNNCellDropoutWrapper(tf.keras.layers.LSTMCell(H), output_keep_prob=1 - rate, seed=0, dtype=x.dtype)

    def step(x):
        output, state = cell(x, [tf.zeros([N, H], x.dtype)] * 2)
        return tensorflow_fractions(tf, output, *state)

    return capture(step)(x)


@output_dropout.tensorflow("keras.layers.LSTMCell")
def _(tf, x, *, N, H, rate, capture):
    cell = tf.keras.layers.LSTMCell(H)

    def step(x):
        output, state = cell(x, [tf.zeros([N, H], x.dtype)] * 2)
        return tensorflow_fractions(tf, tf.nn.dropout(output, rate, seed=0), *state)

    return capture(step)(x)


unseeded(output_dropout, "tf.nn.RNNCellDropoutWrapper", "keras.layers.LSTMCell")


@output_dropout.torch.naive(
    "torch.nn.LSTM",
    "dropout of a single layer",
    wrong="output:output",
    size=(0.5, 2),
    because="nn.LSTM drops between its layers only, so never the output of the last one, nor of a single one",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html",
    fix="apply torch.nn.functional.dropout to the outputs",
)
def _(torch, x, *, I, H, rate):
    torch.manual_seed(0)
    layer = torch.nn.LSTM(I, H, dropout=rate, device=x.device)
    output, (hidden, cell) = layer(x[None])
    return torch_fractions(torch, output[0], hidden[0], cell[0])


@output_dropout.torch.naive(
    "torch.nn.LSTM",
    "dropout between two layers",
    wrong="output:output",
    size=(0.5, 2),
    because="nn.LSTM drops what goes from one layer to the next; DropoutWrapper also what leaves the last one",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html",
    fix="apply torch.nn.functional.dropout to the outputs, too",
)
def _(torch, x, *, I, H, rate):
    torch.manual_seed(0)
    layers = torch.nn.LSTM(I, H, num_layers=2, dropout=rate, device=x.device)
    output, (hidden, cell) = layers(x[None])
    return torch_fractions(torch, output[0], hidden[1], cell[1])


@output_dropout.torch.naive(
    "torch.nn.LSTMCell",
    "state dropped with the output",
    wrong="output:hidden",
    size=(0.26, 1.1),
    because="the state that DropoutWrapper hands to the next step is not dropped unless state_keep_prob says so",
    source="tf_keras/src/layers/rnn/legacy_cell_wrappers.py of tf_keras 2.21.0: DropoutWrapper",
    fix="keep the state that the cell returns beside the output that is dropped",
)
def _(torch, x, *, I, H, rate):
    torch.manual_seed(0)
    hidden, cell = torch.nn.LSTMCell(I, H, device=x.device)(x)
    dropped = torch.nn.functional.dropout(hidden, rate)
    return torch_fractions(torch, dropped, dropped, cell)


@output_dropout.tensorflow.naive(
    "keras.layers.LSTMCell(dropout=)",
    "inputs dropped instead of outputs",
    size=(0.4, 1.6),
    because="dropout= of the Keras cell drops its inputs and recurrent_dropout= its state",
    source="https://keras.io/api/layers/recurrent_layers/lstm_cell/",
    fix="apply keras.layers.Dropout to the outputs",
)
def _(tf, x, *, N, H, rate):
    cell = tf.keras.layers.LSTMCell(H, dropout=rate, seed=0)
    output, state = cell(x, [tf.zeros([N, H], x.dtype)] * 2, training=True)
    return tensorflow_fractions(tf, output, *state)
