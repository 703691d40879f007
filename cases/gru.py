"""Gated recurrent units: whole layers, and a cell in a loop over time."""

from _recurrent import (
    CELL_SIZES,
    KERAS_CELL,
    KERAS_LAYER,
    SIZES,
    cell_inputs,
    gru_step,
    keras_path,
    keras_stack,
    layer_inputs,
    places,
    scan,
    stacked,
)

from parity import Case, grid, normal, stack

GATES = ("r", "z", "n")


def place_weights(features, biases):
    tensors = dict(kernel=normal(f"G H {features}", std=0.3), recurrent=normal("G H J", std=0.3))
    return dict(tensors, **{name: normal("G H", std=0.5) for name in biases})


def two_biases(bias):
    return ("bias_input", "bias_hidden") if bias else ()


def weights(layers, bidirectional, bias):
    return {
        f"{name}_{place}": tensor
        for place, features in places(layers, bidirectional)
        for name, tensor in place_weights(features, two_biases(bias)).items()
    }


gru = Case(
    "gru",
    "Layers of gated recurrent units, in one or both directions: the outputs, and the final state of each layer.",
    sizes=dict(SIZES, G=GATES),
    parameters=dict(layers=1, bidirectional=False, initial_state=False, time_major=False, bias=True),
    inputs=layer_inputs("h0"),
    weights=weights,
    outputs=lambda time_major: dict(y="T N K" if time_major else "N T K"),
    steps="T",
    states=dict(h="L D N H"),
    variants=grid(layers=[1, 2], bidirectional=[False, True], initial_state=[False, True])
    + grid(time_major=[True])
    + grid(time_major=[True], layers=[2], bidirectional=[True], initial_state=[True])
    + grid(bias=[False], layers=[2], bidirectional=[True])
    + grid(T=[1], bidirectional=[True], initial_state=[False, True])
    + grid(N=[1], I=[64], H=[64], initial_state=[True]),
)
gru.timed({"PTB-small": dict(N=20, T=20, I=200, H=200)}, moves=False)


@gru.reference
def _(np, x, h0=None, *, L, D, N, H, time_major, **weights):
    initial = [np.zeros((L, D, N, H)) if h0 is None else h0]
    return stacked(np, gru_step, x, initial, weights, L=L, D=D, time_major=time_major)


def torch_variables(layers, bidirectional, bias):
    variables = {}
    for place, features in places(layers, bidirectional):
        variables[f"weight_ih_l{place}"] = f"kernel_{place}: (G H) {features}"
        variables[f"weight_hh_l{place}"] = f"recurrent_{place}: (G H) J"
        if bias:
            variables[f"bias_ih_l{place}"] = f"bias_input_{place}: (G H)"
            variables[f"bias_hh_l{place}"] = f"bias_hidden_{place}: (G H)"
    return variables


@gru.torch.layer("torch.nn.GRU", weights=torch_variables, h0="(L D) N H", h="(L D) N H")
def _(torch, *, I, H, layers, bidirectional, time_major, bias):
    return torch.nn.GRU(I, H, layers, bias=bias, batch_first=not time_major, bidirectional=bidirectional)


def keras_variables(layers, bidirectional, bias):
    variables = {}
    for place, features in places(layers, bidirectional):
        cell = keras_path(place, "gru_cell", bidirectional)
        variables[f"{cell}/kernel"] = f"kernel_{place}: {features} (G[z r n] H)"
        variables[f"{cell}/recurrent_kernel"] = f"recurrent_{place}: J (G[z r n] H)"
        if bias:
            variables[f"{cell}/bias"] = stack(f"bias_input_{place}: (G[z r n] H)", f"bias_hidden_{place}: (G[z r n] H)")
    return variables


@gru.tensorflow.layer("keras.layers.GRU", weights=keras_variables)
def _(tf, *, L, D, H, time_major, bias):
    def make(name):
        return tf.keras.layers.GRU(H, use_bias=bias, name=name, **KERAS_LAYER)

    return keras_stack(tf, make, L=L, D=D, H=H, time_major=time_major)


ONE_LAYER = dict(layers=1, bidirectional=False, initial_state=False, time_major=False)
KERAS_SOURCE = "keras/src/layers/rnn/gru.py, GRUCell.{}, in Keras 3.15.1"


@gru.torch.naive(
    "torch.nn.GRU",
    "gates z, r, h loaded as r, z, n",
    when=ONE_LAYER,
    because="Keras keeps the update gate first, PyTorch the reset gate",
    source=KERAS_SOURCE.format("call"),
    fix="swap the first and second block of kernels and biases",
    weights=dict(
        weight_ih_l0="kernel_0: (G[z r n] H) I",
        weight_hh_l0="recurrent_0: (G[z r n] H) J",
        bias_ih_l0="bias_input_0: (G[z r n] H)",
        bias_hh_l0="bias_hidden_0: (G[z r n] H)",
    ),
    h="(L D) N H",
)
def _(torch, *, I, H):
    return torch.nn.GRU(I, H, batch_first=True)


@gru.torch.naive(
    "torch.nn.GRU",
    "both biases summed into bias_ih",
    when=ONE_LAYER,
    because="the reset gate multiplies the hidden bias of the new state, so that it cannot join the input's",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html",
    fix="load row 0 of Keras's bias as bias_ih and row 1 as bias_hh",
    kernel_0="(G H) I",
    recurrent_0="(G H) J",
    bias_input_0="(G H)",
    bias_hidden_0="(G H)",
    h="(L D) N H",
)
def _(torch, x, kernel_0, recurrent_0, bias_input_0, bias_hidden_0, *, I, H):
    weights = dict(
        weight_ih_l0=kernel_0,
        weight_hh_l0=recurrent_0,
        bias_ih_l0=bias_input_0 + bias_hidden_0,
        bias_hh_l0=torch.zeros_like(bias_hidden_0),
    )
    return torch.func.functional_call(torch.nn.GRU(I, H, batch_first=True), weights, x)


@gru.torch.naive(
    "torch.nn.GRU",
    "rows of the Keras bias exchanged",
    when=ONE_LAYER,
    because="row 0 of Keras's bias belongs to the input and row 1 to the state",
    source=KERAS_SOURCE.format("build"),
    fix="load row 0 as bias_ih and row 1 as bias_hh",
    weights=dict(
        weight_ih_l0="kernel_0: (G H) I",
        weight_hh_l0="recurrent_0: (G H) J",
        bias_ih_l0="bias_hidden_0: (G H)",
        bias_hh_l0="bias_input_0: (G H)",
    ),
    h="(L D) N H",
)
def _(torch, *, I, H):
    return torch.nn.GRU(I, H, batch_first=True)


@gru.tensorflow.naive(
    "keras.layers.GRU",
    "recurrent_activation hard_sigmoid",
    when=ONE_LAYER,
    size=(0.031, 0.34),
    because="the gates of torch.nn.GRU are logistic; a piecewise linear gate was the default of Keras before 2.3",
    source="https://github.com/keras-team/keras/releases/tag/2.3.0",
    fix="keep Keras's default, sigmoid; a model with hard gates needs a hand-written cell in PyTorch",
    weights={
        "gru_cell/kernel": "kernel_0: I (G[z r n] H)",
        "gru_cell/recurrent_kernel": "recurrent_0: J (G[z r n] H)",
        "gru_cell/bias": stack("bias_input_0: (G[z r n] H)", "bias_hidden_0: (G[z r n] H)"),
    },
)
def _(tf, *, H):
    layer = tf.keras.layers.GRU(H, recurrent_activation="hard_sigmoid", **KERAS_LAYER)

    def call(x):
        y, h = layer(x)
        return y, h[None, None]

    return layer, call


gru_cell = Case(
    "gru_cell",
    "A gated recurrent unit, called in a loop over time.",
    sizes=dict(CELL_SIZES, G=GATES),
    parameters=dict(initial_state=False, bias=True, empty=False),
    inputs=cell_inputs("h0"),
    weights=lambda bias: place_weights("I", two_biases(bias)),
    outputs=dict(y="N T H"),
    states=dict(h="N H"),
    variants=grid(initial_state=[False, True], bias=[True, False])
    + grid(T=[1])
    + grid(N=[1], I=[64], H=[64], initial_state=[True])
    + grid(empty=[True]),
)


@gru_cell.reference
def _(np, x, h0=None, *, N, H, **weights):
    y, states = scan(np, gru_step, np.moveaxis(x, 1, 0), [np.zeros((N, H)) if h0 is None else h0], weights)
    return np.stack(y, axis=1), *states


def torch_cell_variables(bias):
    variables = dict(weight_ih="kernel: (G H) I", weight_hh="recurrent: (G H) J")
    return dict(variables, bias_ih="bias_input: (G H)", bias_hh="bias_hidden: (G H)") if bias else variables


@gru_cell.torch.layer("torch.nn.GRUCell", weights=torch_cell_variables)
def _(torch, *, I, H, bias):
    cell = torch.nn.GRUCell(I, H, bias=bias)

    def call(x, h=None):
        outputs = []
        for part in x.unbind(1):
            h = cell(part, h)
            outputs.append(h)
        return torch.stack(outputs, dim=1), h

    return cell, call


def keras_cell_variables(bias):
    variables = dict(kernel="kernel: I (G[z r n] H)", recurrent_kernel="recurrent: J (G[z r n] H)")
    biases = stack("bias_input: (G[z r n] H)", "bias_hidden: (G[z r n] H)")
    return dict(variables, bias=biases) if bias else variables


@gru_cell.tensorflow.layer("keras.layers.GRUCell", weights=keras_cell_variables)
def _(tf, *, N, H, bias):
    cell = tf.keras.layers.GRUCell(H, use_bias=bias, **KERAS_CELL)

    def call(x, *initial):
        states, outputs = initial or cell.get_initial_state(N), []
        for part in tf.unstack(x, axis=1):
            y, states = cell(part, states)
            outputs.append(y)
        return tf.stack(outputs, axis=1), *states

    return cell, call


@gru_cell.tensorflow("tf.matmul", kernel="I (G H)", recurrent="J (G H)", bias_input="(G H)", bias_hidden="(G H)")
def _(tf, x, kernel, recurrent, h0=None, bias_input=None, bias_hidden=None, *, N, H):
    h = tf.zeros([N, H], x.dtype) if h0 is None else h0
    outputs = []
    for part in tf.unstack(x, axis=1):
        of_input, of_state = tf.matmul(part, kernel), tf.matmul(h, recurrent)
        if bias_input is not None:
            of_input, of_state = tf.nn.bias_add(of_input, bias_input), tf.nn.bias_add(of_state, bias_hidden)
        (ri, zi, ni), (rh, zh, nh) = tf.split(of_input, 3, axis=1), tf.split(of_state, 3, axis=1)
        r, z = tf.sigmoid(ri + rh), tf.sigmoid(zi + zh)
        h = (1 - z) * tf.tanh(ni + r * nh) + z * h
        outputs.append(h)
    return tf.stack(outputs, axis=1), h
