"""Long short-term memory: whole layers, and a single cell in a loop over time."""

from _recurrent import (
    CELL_SIZES,
    KERAS_CELL,
    KERAS_LAYER,
    SIZES,
    cell_inputs,
    keras_path,
    keras_stack,
    layer_inputs,
    places,
    scan,
    sigmoid,
    stacked,
)

from parity import Case, grid, normal, zeros


def weights(layers, bidirectional, bias):
    tensors = {}
    for place, features in places(layers, bidirectional):
        tensors[f"kernel_{place}"] = normal(f"G H {features}", std=0.3)
        tensors[f"recurrent_{place}"] = normal("G H J", std=0.3)
        if bias:
            tensors[f"bias_{place}"] = normal("G H", std=0.5)
    return tensors


lstm = Case(
    "lstm",
    "Layers of long short-term memory, in one or both directions: the outputs, and the final states of each layer.",
    sizes=dict(SIZES, G=("i", "f", "g", "o")),
    parameters=dict(layers=1, bidirectional=False, initial_state=False, time_major=False, bias=True),
    inputs=layer_inputs("h0", "c0"),
    weights=weights,
    outputs=lambda time_major: dict(y="T N K" if time_major else "N T K"),
    states=dict(h="L D N H", c="L D N H"),
    variants=grid(layers=[1, 2], bidirectional=[False, True], initial_state=[False, True])
    + grid(time_major=[True])
    + grid(time_major=[True], layers=[2], bidirectional=[True], initial_state=[True])
    + grid(bias=[False], layers=[2], bidirectional=[True])
    + grid(T=[1], bidirectional=[True], initial_state=[False, True]),
)


def step(np, x, h, c, kernel, recurrent, bias=None):
    gates = np.einsum("ni,ghi->gnh", x, kernel) + np.einsum("nj,ghj->gnh", h, recurrent)
    i, f, g, o = gates if bias is None else gates + bias[:, None]
    c = sigmoid(np, f) * c + sigmoid(np, i) * np.tanh(g)
    return sigmoid(np, o) * np.tanh(c), c


@lstm.reference
def _(np, x, h0=None, c0=None, *, L, D, N, H, time_major, **weights):
    nothing = np.zeros((L, D, N, H))
    initial = [nothing, nothing] if h0 is None else [h0, c0]
    return stacked(np, step, x, initial, weights, L=L, D=D, time_major=time_major)


def torch_variables(layers, bidirectional, bias):
    variables = {}
    for place, features in places(layers, bidirectional):
        variables[f"weight_ih_l{place}"] = f"kernel_{place}: (G H) {features}"
        variables[f"weight_hh_l{place}"] = f"recurrent_{place}: (G H) J"
        if bias:
            variables[f"bias_ih_l{place}"] = f"bias_{place}: (G H)"
            variables[f"bias_hh_l{place}"] = zeros("(G H)")
    return variables


@lstm.torch.layer(
    "torch.nn.LSTM", weights=torch_variables, h0="(L D) N H", c0="(L D) N H", h="(L D) N H", c="(L D) N H"
)
def _(torch, *, I, H, layers, bidirectional, time_major, bias):
    layer = torch.nn.LSTM(I, H, layers, bias=bias, batch_first=not time_major, bidirectional=bidirectional)

    def call(x, *initial):
        y, (h, c) = layer(x, initial or None)
        return y, h, c

    return layer, call


def keras_variables(layers, bidirectional, bias):
    variables = {}
    for place, features in places(layers, bidirectional):
        cell = keras_path(place, "lstm_cell", bidirectional)
        variables[f"{cell}/kernel"] = f"kernel_{place}: {features} (G H)"
        variables[f"{cell}/recurrent_kernel"] = f"recurrent_{place}: J (G H)"
        if bias:
            variables[f"{cell}/bias"] = f"bias_{place}: (G H)"
    return variables


@lstm.tensorflow.layer("keras.layers.LSTM", weights=keras_variables)
def _(tf, *, L, D, H, time_major, bias):
    def make(name):
        return tf.keras.layers.LSTM(H, use_bias=bias, name=name, **KERAS_LAYER)

    return keras_stack(tf, make, L=L, D=D, H=H, time_major=time_major)


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
    variants=grid(initial_state=[False, True], bias=[True, False]) + grid(T=[1]) + grid(empty=[True]),
)


@lstm_cell.reference
def _(np, x, h0=None, c0=None, *, N, H, **weights):
    nothing = np.zeros((N, H))
    y, states = scan(np, step, np.moveaxis(x, 1, 0), [nothing, nothing] if h0 is None else [h0, c0], weights)
    return np.stack(y, axis=1), *states


def torch_cell_variables(bias):
    variables = dict(weight_ih="kernel: (G H) I", weight_hh="recurrent: (G H) J")
    return dict(variables, bias_ih="bias: (G H)", bias_hh=zeros("(G H)")) if bias else variables


@lstm_cell.torch.layer("torch.nn.LSTMCell", weights=torch_cell_variables)
def _(torch, *, I, H, bias):
    cell = torch.nn.LSTMCell(I, H, bias=bias)

    def call(x, *initial):
        states, outputs = initial or None, []
        for part in x.unbind(1):
            states = cell(part, states)
            outputs.append(states[0])
        return torch.stack(outputs, dim=1), *states

    return cell, call


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
    lstm_cell.limitation(
        api,
        when=dict(empty=True),
        raises="Biases must be 1D",
        because="keras.ops.add ignores axes of length 0 in its test for a bias, and takes a product [0, 4 H] for one",
        source="keras/src/backend/tensorflow/numpy.py, add, in Keras 3.15.1",
    )
