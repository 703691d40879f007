"""The argument ``activation`` of TensorFlow 1's LSTM cells, which PyTorch's cells lack."""

from _recurrent import KERAS_CELL, KERAS_LAYER, scan, sigmoid
from _tf1 import (
    Built,
    keep_forget_bias,
    miscompiled,
    rnn_cell,
    tf_variables,
    torch_variables,
    unrolled,
    with_states,
)

from parity import Case, grid, normal

CELLS = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cells.py"
TORCH_LSTM = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html"
LAID_OUT = dict(kernel="(G H) I", recurrent="(G H) J", bias="(G H)")
LAYERED = dict(h0="1 N H", c0="1 N H", h="1 N H", c="1 N H")
KERAS = dict(kernel="kernel: I (G H)", recurrent_kernel="recurrent: J (G H)", bias="bias: (G H)")


def activate(np, activation, a):
    if activation == "sigmoid":
        return sigmoid(np, a)
    if activation == "softsign":
        return a / (1 + np.abs(a))
    return np.where(a > 0, a, 0) if activation == "relu" else np.tanh(a)


def torch_function(torch, activation):
    named = dict(sigmoid=torch.sigmoid, relu=torch.relu, softsign=torch.nn.functional.softsign)
    return named.get(activation, torch.tanh)


def torch_loop(torch, x, kernel, recurrent, bias, h, c, of_input, of_cell):
    """The cell by hand, with a function for the new input and one for the cell state."""
    outputs = []
    for part in x.unbind(1):
        gates = torch.nn.functional.linear(torch.cat([part, h], dim=1), torch.cat([kernel, recurrent], dim=1), bias)
        i, f, g, o = gates.chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * of_input(g)
        h = torch.sigmoid(o) * of_cell(c)
        outputs.append(h)
    return torch.stack(outputs, dim=1), h, c


def tensorflow_loop(tf, cell, x, h0=None, c0=None):
    state = cell.zero_state(x.shape[0], x.dtype) if h0 is None else rnn_cell().LSTMStateTuple(c=c0, h=h0)
    y, (c, h) = unrolled(tf, cell, x, state)
    return y, h, c


def keras_loop(tf, cell, x, initial):
    y, states = unrolled(tf, cell, x, list(initial) or cell.get_initial_state(x.shape[0]))
    return y, *states


def activation_case(name, summary, variants, trapped, **arguments):
    """A case with its implementations, and its traps for the variants ``trapped``.

    ``forget_bias`` is 0 throughout, so that Keras and PyTorch take the bias as it is.
    """
    case = Case(
        name,
        summary,
        sizes=dict(N=4, T=3, I=6, H=5, J=lambda H: H, G=("i", "f", "g", "o")),
        parameters=dict(initial_state=False),
        inputs=lambda initial_state: dict(
            x=normal("N T I"), **(dict(h0=normal("N H"), c0=normal("N H")) if initial_state else {})
        ),
        weights=dict(kernel=normal("G H I", std=0.3), recurrent=normal("G H J", std=0.3), bias=normal("G H", std=0.5)),
        outputs=dict(y="N T H"),
        states=dict(h="N H", c="N H"),
        variants=variants,
        **arguments,
    )

    @case.reference
    def _(np, x, h0=None, c0=None, *, N, H, activation, **weights):
        def step(np, x, h, c, kernel, recurrent, bias):
            gates = np.einsum("ni,ghi->gnh", x, kernel) + np.einsum("nj,ghj->gnh", h, recurrent)
            i, f, g, o = gates + bias[:, None]
            c = sigmoid(np, f) * c + sigmoid(np, i) * activate(np, activation, g)
            return sigmoid(np, o) * activate(np, activation, c), c

        initial = [np.zeros((N, H))] * 2 if h0 is None else [h0, c0]
        y, states = scan(np, step, np.moveaxis(x, 1, 0), initial, weights)
        return np.stack(y, axis=1), *states

    @case.torch("torch.nn.functional.linear", **LAID_OUT)
    def _(torch, x, kernel, recurrent, bias, h0=None, c0=None, *, N, H, activation):
        h, c = (x.new_zeros(N, H), x.new_zeros(N, H)) if h0 is None else (h0, c0)
        function = torch_function(torch, activation)
        return torch_loop(torch, x, kernel, recurrent, bias, h, c, function, function)

    # TensorFlow 1's cells take a function, or its name; None stands for tanh.

    @case.tensorflow.layer("tf.compat.v1.nn.rnn_cell.LSTMCell", weights=tf_variables())
    def _(tf, *, I, H, activation, dtype):
        function = getattr(tf.nn, activation) if activation else None
        cell = rnn_cell().LSTMCell(H, forget_bias=0.0, activation=function, dtype=dtype)
        return Built(I, cell), lambda x, *initial: tensorflow_loop(tf, cell, x, *initial)

    @case.tensorflow.layer("tf.compat.v1.nn.rnn_cell.BasicLSTMCell", weights=tf_variables())
    def _(tf, *, I, H, activation, dtype):
        cell = rnn_cell().BasicLSTMCell(H, forget_bias=0.0, activation=activation, dtype=dtype)
        return Built(I, cell), lambda x, *initial: tensorflow_loop(tf, cell, x, *initial)

    @case.tensorflow.layer("keras.layers.LSTMCell", weights=KERAS)
    def _(tf, *, H, activation):
        cell = tf.keras.layers.LSTMCell(H, activation=activation or "tanh", **KERAS_CELL)
        return cell, lambda x, *initial: keras_loop(tf, cell, x, initial)

    @case.tensorflow.layer("keras.layers.LSTM", weights={f"lstm_cell/{name}": place for name, place in KERAS.items()})
    def _(tf, *, H, activation):
        layer = tf.keras.layers.LSTM(H, activation=activation or "tanh", **KERAS_LAYER)
        return layer, lambda x, *initial: layer(x, initial_state=list(initial) or None)

    @case.torch.naive(
        "torch.nn.LSTM",
        "tanh instead of the activation",
        when=trapped,
        because="torch.nn.LSTM has tanh in both places, and no argument to change it",
        source=TORCH_LSTM,
        fix="write the cell by hand, with the activation on the new input and on the cell state",
        weights=torch_variables(layer="_l0"),
        **LAYERED,
    )
    def _(torch, *, I, H):
        return with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True), 0.0))

    @case.torch.naive(
        "torch.nn.LSTM",
        "activation applied to the outputs",
        when=trapped,
        because="the activation is inside the step: it makes the cell state, and the h that is fed back",
        source=CELLS,
        fix="write the cell by hand, with the activation on the new input and on the cell state",
        weights=torch_variables(layer="_l0"),
        **LAYERED,
    )
    def _(torch, *, I, H, activation):
        layer, call = with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True), 0.0))

        def activated(x, *initial):
            y, *states = call(x, *initial)
            return torch_function(torch, activation)(y), *states

        return layer, activated

    @case.torch.naive(
        "torch.nn.functional.linear",
        "tanh kept for the output",
        when=trapped,
        because="activation replaces both tanh of the cell: that of the new input and that of the cell state",
        source=CELLS,
        fix="apply the activation to the cell state as well, before the output gate's product",
        **LAID_OUT,
    )
    def _(torch, x, kernel, recurrent, bias, h0=None, c0=None, *, N, H, activation):
        h, c = (x.new_zeros(N, H), x.new_zeros(N, H)) if h0 is None else (h0, c0)
        function = torch_function(torch, activation)
        return torch_loop(torch, x, kernel, recurrent, bias, h, c, function, torch.tanh)

    @case.tensorflow.naive(
        "keras.layers.LSTMCell",
        "recurrent_activation changed",
        when=trapped,
        because="recurrent_activation is the function of the three gates, activation that of the new input and of "
        "the cell state",
        source="https://keras.io/api/layers/recurrent_layers/lstm_cell/",
        fix="pass activation=, and leave recurrent_activation at sigmoid",
        weights=KERAS,
    )
    def _(tf, *, H, activation):
        cell = tf.keras.layers.LSTMCell(H, recurrent_activation=activation, **KERAS_CELL)
        return cell, lambda x, *initial: keras_loop(tf, cell, x, initial)

    return case


smooth = activation_case(
    "tf1_activation",
    "An LSTM cell with a given activation of the new input and of the cell state, instead of tanh.",
    grid(activation=[None, "tanh"]) + grid(activation=["sigmoid", "softsign"], initial_state=[False, True]),
    trapped=dict(activation="softsign"),
)
miscompiled(smooth, "tf.compat.v1.nn.rnn_cell.LSTMCell", "tf.compat.v1.nn.rnn_cell.BasicLSTMCell")
activation_case(
    "tf1_activation_relu",
    "An LSTM cell with ReLU as the activation of the new input and of the cell state.",
    grid(activation=["relu"], initial_state=[False, True]),
    trapped=dict(activation="relu"),
    dtypes=("float64", "float32"),  # with 16 bits, rounding decides on which side of ReLU's kink a value is
)
