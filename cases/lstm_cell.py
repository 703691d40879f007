"""A cell of long short-term memory, in a loop over time."""

from _recurrent import CELL_SIZES, KERAS_CELL, cell_inputs, lstm_step, scan

from parity import Case, grid, normal, zeros


def cell_weights(bias):
    tensors = dict(kernel=normal("G H I", std=0.3), recurrent=normal("G H J", std=0.3))
    return dict(tensors, bias=normal("G H", std=0.5)) if bias else tensors


lstm_cell = Case(
    "lstm_cell",
    "A cell of long short-term memory, called in a loop over time.",
    sizes=dict(CELL_SIZES, G=("i", "f", "g", "o")),
    parameters=dict(initial_state=False, bias=True, empty=False),
    inputs=cell_inputs("h0", "c0"),
    weights=cell_weights,
    outputs=dict(y="N T H"),
    states=dict(h="N H", c="N H"),
    variants=grid(initial_state=[False, True], bias=[True, False])
    + grid(T=[1])
    + grid(N=[1], I=[64], H=[64], initial_state=[True], bias=[False])
    + grid(N=[3], I=[100], H=[20], initial_state=[True], bias=[False])
    + grid(empty=[True]),
)


@lstm_cell.reference
def _(np, x, h0=None, c0=None, *, N, H, **weights):
    nothing = np.zeros((N, H))
    y, states = scan(np, lstm_step, np.moveaxis(x, 1, 0), [nothing, nothing] if h0 is None else [h0, c0], weights)
    return np.stack(y, axis=1), *states


def torch_cell_variables(bias):
    variables = dict(weight_ih="kernel: (G H) I", weight_hh="recurrent: (G H) J")
    return dict(variables, bias_ih="bias: (G H)", bias_hh=zeros("(G H)")) if bias else variables


@lstm_cell.torch.layer("torch.nn.LSTMCell", weights=torch_cell_variables)
def _(torch, *, I, H, bias):
    place = dict(device=torch.get_default_device(), dtype=torch.get_default_dtype())
    cell = torch.nn.LSTMCell(I, H, bias=bias, **place)

    def call(x, *initial):
        states, outputs = initial or None, []
        for part in x.unbind(1):
            states = cell(part, states)
            outputs.append(states[0])
        return torch.stack(outputs, dim=1), *states

    return cell, call


@lstm_cell.torch.naive(
    "torch.nn.LSTMCell",
    "second cell with the input size of the first",
    when=dict(initial_state=False, bias=True),
    raises="RuntimeError: input has inconsistent input_size: got 5 expected 6",
    because="the second of two cells gets the output of the first, of hidden_size, for its input",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html",
    fix="make the second cell with torch.nn.LSTMCell(hidden_size, hidden_size)",
    weights=torch_cell_variables,
)
def _(torch, *, I, H):
    first, second = torch.nn.LSTMCell(I, H), torch.nn.LSTMCell(I, H)
    return first, lambda x: second(first(x[:, 0])[0])


@lstm_cell.torch.naive(
    "torch.nn.LSTMCell",
    "states of another size than the cell's",
    when=dict(initial_state=True, bias=True),
    raises="RuntimeError: hidden0 has inconsistent hidden_size: got 10, expected 5",
    because="h and c are as wide as the cell's hidden_size",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html",
    fix="make the states of shape [batch, hidden_size]",
    weights=torch_cell_variables,
)
def _(torch, *, I, H):
    cell = torch.nn.LSTMCell(I, H)
    return cell, lambda x, h0, c0: cell(x[:, 0], (h0.repeat(1, 2), c0.repeat(1, 2)))


def keras_cell_variables(bias):
    variables = dict(kernel="kernel: I (G H)", recurrent_kernel="recurrent: J (G H)")
    return dict(variables, bias="bias: (G H)") if bias else variables


@lstm_cell.tensorflow.layer("keras.layers.LSTMCell", weights=keras_cell_variables)
def _(tf, *, N, H, bias):
    cell = tf.keras.layers.LSTMCell(H, use_bias=bias, **KERAS_CELL)

    def call(x, *initial):
        states, outputs = initial or cell.get_initial_state(N), []
        for part in tf.unstack(x, axis=1):
            y, states = cell(part, states)
            outputs.append(y)
        return tf.stack(outputs, axis=1), *states

    return cell, call


def keras_naive(title, **said):
    return lstm_cell.tensorflow.naive(
        "keras.layers.LSTMCell",
        title,
        when=dict(initial_state=True, bias=True),
        source="keras/src/layers/rnn/lstm.py of Keras 3.15.1: LSTMCell.call",
        fix="make the states of shape [batch, units]",
        weights=keras_cell_variables,
        **said,
    )


@keras_naive(
    "states of another size than the cell's",
    raises="InvalidArgumentError: Matrix size-incompatible: In[0]: [4,10], In[1]: [5,20]",
    because="the cell checks no sizes, and h meets the recurrent kernel",
)
def _(tf, *, H):
    cell = tf.keras.layers.LSTMCell(H, **KERAS_CELL)
    return cell, lambda x, h0, c0: cell(x[:, 0], [tf.tile(h0, [1, 2]), tf.tile(c0, [1, 2])])


@keras_naive(
    "cell state of one column",
    because="c is only multiplied by the forget gate: one column broadcasts to all units, where PyTorch refuses it",
)
def _(tf, *, H):
    cell = tf.keras.layers.LSTMCell(H, **KERAS_CELL)

    def call(x, h0, c0):
        states, outputs = [h0, c0[:, :1]], []
        for part in tf.unstack(x, axis=1):
            y, states = cell(part, states)
            outputs.append(y)
        return tf.stack(outputs, axis=1), *states

    return cell, call


@lstm_cell.tensorflow.layer(
    "keras.layers.RNN",
    weights=lambda bias: {f"lstm_cell/{name}": text for name, text in keras_cell_variables(bias).items()},
)
def _(tf, *, H, bias):
    cell = tf.keras.layers.LSTMCell(H, use_bias=bias, **KERAS_CELL)
    layer = tf.keras.layers.RNN(cell, return_sequences=True, return_state=True)
    return layer, lambda x, *initial: layer(x, initial_state=initial or None)


@lstm_cell.tensorflow("tf.matmul", kernel="I (G H)", recurrent="J (G H)", bias="(G H)")
def _(tf, x, kernel, recurrent, h0=None, c0=None, bias=None, *, N, H):
    h, c = (tf.zeros([N, H], x.dtype),) * 2 if h0 is None else (h0, c0)
    outputs = []
    for part in tf.unstack(x, axis=1):
        gates = tf.matmul(part, kernel) + tf.matmul(h, recurrent)
        i, f, g, o = tf.split(gates if bias is None else tf.nn.bias_add(gates, bias), 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
        outputs.append(h)
    return tf.stack(outputs, axis=1), h, c


for api in ("keras.layers.LSTMCell", "keras.layers.RNN"):
    for modes, raises in (
        (["eager"], "InvalidArgumentError: Biases must be 1D"),
        (["graph", "compiled"], "ValueError: must be rank 1 but is rank 2"),
    ):
        lstm_cell.limitation(
            api,
            when=dict(empty=True),
            modes=modes,
            raises=raises,
            because="keras.ops.add ignores axes of length 0 in its test for a bias, and takes a product [0, 4 H] for "
            "one",
            source="keras/src/backend/tensorflow/numpy.py, add, in Keras 3.15.1",
        )
