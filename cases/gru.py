"""Gated recurrent units: whole layers, a cell in a loop over time, and the variant that resets the state first."""

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
    states=dict(h="L D N H"),
    variants=grid(layers=[1, 2], bidirectional=[False, True], initial_state=[False, True])
    + grid(time_major=[True])
    + grid(time_major=[True], layers=[2], bidirectional=[True], initial_state=[True])
    + grid(bias=[False], layers=[2], bidirectional=[True])
    + grid(T=[1], bidirectional=[True], initial_state=[False, True]),
)


def step(np, x, h, kernel, recurrent, bias_input=None, bias_hidden=None):
    """The reset gate acts on the state's product with its kernel, and on the bias of that product."""
    of_input = np.einsum("ni,ghi->gnh", x, kernel)
    of_state = np.einsum("nj,ghj->gnh", h, recurrent)
    if bias_input is not None:
        of_input, of_state = of_input + bias_input[:, None], of_state + bias_hidden[:, None]
    r = sigmoid(np, of_input[0] + of_state[0])
    z = sigmoid(np, of_input[1] + of_state[1])
    n = np.tanh(of_input[2] + r * of_state[2])
    return ((1 - z) * n + z * h,)


@gru.reference
def _(np, x, h0=None, *, L, D, N, H, time_major, **weights):
    initial = [np.zeros((L, D, N, H)) if h0 is None else h0]
    return stacked(np, step, x, initial, weights, L=L, D=D, time_major=time_major)


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


gru_cell = Case(
    "gru_cell",
    "A gated recurrent unit, called in a loop over time.",
    sizes=dict(CELL_SIZES, G=GATES),
    parameters=dict(initial_state=False, bias=True, empty=False),
    inputs=cell_inputs("h0"),
    weights=lambda bias: place_weights("I", two_biases(bias)),
    outputs=dict(y="N T H"),
    states=dict(h="N H"),
    variants=grid(initial_state=[False, True], bias=[True, False]) + grid(T=[1]) + grid(empty=[True]),
)


@gru_cell.reference
def _(np, x, h0=None, *, N, H, **weights):
    y, states = scan(np, step, np.moveaxis(x, 1, 0), [np.zeros((N, H)) if h0 is None else h0], weights)
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


gru_reset_before = Case(
    "gru_reset_before",
    "A gated recurrent unit whose reset gate acts on the state before its product with the kernel.",
    sizes=dict(CELL_SIZES, G=GATES),
    parameters=dict(initial_state=False, bias=True, empty=False),
    inputs=cell_inputs("h0"),
    weights=lambda bias: place_weights("I", ("bias",) if bias else ()),
    outputs=dict(y="N T H"),
    states=dict(h="N H"),
    variants=grid(initial_state=[False, True], bias=[True, False]) + grid(T=[1]) + grid(empty=[True]),
)


def step_reset_before(np, x, h, kernel, recurrent, bias=None):
    of_input = np.einsum("ni,ghi->gnh", x, kernel)
    if bias is not None:
        of_input = of_input + bias[:, None]
    r, z = (sigmoid(np, of_input[gate] + np.einsum("nj,hj->nh", h, recurrent[gate])) for gate in (0, 1))
    n = np.tanh(of_input[2] + np.einsum("nj,hj->nh", r * h, recurrent[2]))
    return ((1 - z) * n + z * h,)


@gru_reset_before.reference
def _(np, x, h0=None, *, N, H, **weights):
    initial = [np.zeros((N, H)) if h0 is None else h0]
    y, states = scan(np, step_reset_before, np.moveaxis(x, 1, 0), initial, weights)
    return np.stack(y, axis=1), *states


@gru_reset_before.torch("torch.nn.functional.linear", kernel="(G H) I", recurrent="(G H) J", bias="(G H)")
def _(torch, x, kernel, recurrent, h0=None, bias=None, *, N, H):
    h = x.new_zeros(N, H) if h0 is None else h0
    recurrent_gates, recurrent_state = recurrent.split([2 * H, H])
    outputs = []
    for part in x.unbind(1):
        of_input = torch.nn.functional.linear(part, kernel, bias)
        gates, new = of_input.split([2 * H, H], dim=1)
        r, z = torch.sigmoid(gates + torch.nn.functional.linear(h, recurrent_gates)).chunk(2, dim=1)
        n = torch.tanh(new + torch.nn.functional.linear(r * h, recurrent_state))
        h = (1 - z) * n + z * h
        outputs.append(h)
    return torch.stack(outputs, dim=1), h


def keras_reset_before_variables(bias):
    variables = {
        "gru_cell/kernel": "kernel: I (G[z r n] H)",
        "gru_cell/recurrent_kernel": "recurrent: J (G[z r n] H)",
    }
    return {**variables, "gru_cell/bias": "bias: (G[z r n] H)"} if bias else variables


@gru_reset_before.tensorflow.layer("keras.layers.GRU", weights=keras_reset_before_variables)
def _(tf, *, H, bias):
    layer = tf.keras.layers.GRU(H, reset_after=False, use_bias=bias, **KERAS_LAYER)
    return layer, lambda x, h0=None: layer(x, initial_state=h0)
