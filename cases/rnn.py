"""Plain recurrent networks with tanh or relu: whole layers, and a single cell in a loop over time."""

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
    stacked,
)

from parity import Case, distinct, grid, normal, uniform, zeros


def place_weights(features, activation, bias):
    """The weights of one cell. Those of relu keep what it is applied to away from its kink at 0."""
    if activation == "relu":
        return dict(
            kernel=uniform(f"H {features}", -0.08, 0.08), recurrent=uniform("H J", -0.08, 0.08), bias=distinct("H")
        )
    tensors = dict(kernel=normal(f"H {features}", std=0.3), recurrent=normal("H J", std=0.3))
    return dict(tensors, bias=normal("H", std=0.5)) if bias else tensors


def weights(layers, bidirectional, activation, bias):
    return {
        f"{name}_{place}": tensor
        for place, features in places(layers, bidirectional)
        for name, tensor in place_weights(features, activation, bias).items()
    }


rnn = Case(
    "rnn",
    "Plain recurrent layers, in one or both directions: the outputs, and the final state of each layer.",
    sizes=SIZES,
    parameters=dict(activation="tanh", layers=1, bidirectional=False, initial_state=False, time_major=False, bias=True),
    inputs=layer_inputs("h0"),
    weights=weights,
    outputs=lambda time_major: dict(y="T N K" if time_major else "N T K"),
    steps="T",
    states=dict(h="L D N H"),
    variants=grid(activation=["tanh", "relu"], layers=[1, 2], bidirectional=[False, True])
    + grid(initial_state=[True], activation=["tanh", "relu"])
    + grid(initial_state=[True], layers=[2], bidirectional=[True], time_major=[False, True])
    + grid(time_major=[True])
    + grid(bias=[False], layers=[2], bidirectional=[True])
    + grid(T=[1], bidirectional=[True])
    + grid(T=[4])
    + grid(N=[1], I=[64], H=[64], initial_state=[True])
    + grid(N=[3], T=[10], I=[100], H=[20], initial_state=[True]),
)
rnn.timed({"PTB-small": dict(N=20, T=20, I=200, H=200)}, moves=False)


def step(activate):
    def advance(np, x, h, kernel, recurrent, bias=0):
        return (activate(np.einsum("ni,hi->nh", x, kernel) + np.einsum("nj,hj->nh", h, recurrent) + bias),)

    return advance


def activation_of(np, activation):
    return np.tanh if activation == "tanh" else lambda a: np.maximum(a, 0)


@rnn.reference
def _(np, x, h0=None, *, L, D, N, H, activation, time_major, **weights):
    initial = [np.zeros((L, D, N, H)) if h0 is None else h0]
    return stacked(np, step(activation_of(np, activation)), x, initial, weights, L=L, D=D, time_major=time_major)


def torch_variables(layers, bidirectional, bias):
    variables = {}
    for place, features in places(layers, bidirectional):
        variables[f"weight_ih_l{place}"] = f"kernel_{place}: H {features}"
        variables[f"weight_hh_l{place}"] = f"recurrent_{place}: H J"
        if bias:
            variables[f"bias_ih_l{place}"] = f"bias_{place}: H"
            variables[f"bias_hh_l{place}"] = zeros("H")
    return variables


@rnn.torch.layer("torch.nn.RNN", weights=torch_variables, h0="(L D) N H", h="(L D) N H")
def _(torch, *, I, H, activation, layers, bidirectional, time_major, bias):
    return torch.nn.RNN(I, H, layers, activation, bias=bias, batch_first=not time_major, bidirectional=bidirectional)


def keras_variables(layers, bidirectional, bias):
    variables = {}
    for place, features in places(layers, bidirectional):
        cell = keras_path(place, "simple_rnn_cell", bidirectional)
        variables[f"{cell}/kernel"] = f"kernel_{place}: {features} H"
        variables[f"{cell}/recurrent_kernel"] = f"recurrent_{place}: J H"
        if bias:
            variables[f"{cell}/bias"] = f"bias_{place}: H"
    return variables


@rnn.tensorflow.layer("keras.layers.SimpleRNN", weights=keras_variables)
def _(tf, *, L, D, H, activation, time_major, bias):
    def make(name):
        return tf.keras.layers.SimpleRNN(H, activation, use_bias=bias, name=name, **KERAS_LAYER)

    return keras_stack(tf, make, L=L, D=D, H=H, time_major=time_major)


ONE_LAYER = dict(activation="tanh", layers=1, bidirectional=False, initial_state=False, time_major=False)


@rnn.torch.naive(
    "torch.nn.RNN",
    "activation left at its default",
    when=dict(activation="relu", layers=1, bidirectional=False, initial_state=False),
    because="torch.nn.RNN has tanh unless nonlinearity says relu",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html",
    fix="pass nonlinearity='relu'",
    weights=torch_variables,
    h="(L D) N H",
)
def _(torch, *, I, H):
    return torch.nn.RNN(I, H, batch_first=True)


@rnn.torch.naive(
    "torch.nn.RNN",
    "recurrent kernel not transposed",
    when=dict(ONE_LAYER, bias=True),
    because="the kernel is square, so that Keras's [from, to] loads as PyTorch's [to, from] without an error",
    source="keras/src/layers/rnn/simple_rnn.py, SimpleRNNCell.build, in Keras 3.15.1",
    fix="transpose recurrent_kernel as well as kernel",
    weights=dict(
        weight_ih_l0="kernel_0: H I", weight_hh_l0="recurrent_0: J H", bias_ih_l0="bias_0: H", bias_hh_l0=zeros("H")
    ),
    h="(L D) N H",
)
def _(torch, *, I, H):
    return torch.nn.RNN(I, H, batch_first=True)


@rnn.torch.naive(
    "torch.nn.RNN",
    "batch_first forgotten",
    when=dict(T=4),
    because="torch.nn.RNN takes the first axis for time, and where T = N no shape tells",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html",
    fix="pass batch_first=True",
    weights=torch_variables,
    h="(L D) N H",
)
def _(torch, *, I, H):
    return torch.nn.RNN(I, H)


@rnn.torch.naive(
    "torch.nn.RNN",
    "final states read as directions, then layers",
    when=dict(layers=2, bidirectional=True, initial_state=True),
    wrong="state:h",
    because="h_n runs over layers, and over directions within each",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html",
    fix="view h_n as [num_layers, 2, N, H]",
    weights=torch_variables,
    h0="(L D) N H",
    h="(D L) N H",
)
def _(torch, *, I, H, layers, time_major):
    return torch.nn.RNN(I, H, layers, batch_first=not time_major, bidirectional=True)


@rnn.tensorflow.naive(
    "keras.layers.SimpleRNN",
    "go_backwards without turning the outputs round",
    when=dict(activation="relu", layers=1, bidirectional=True),
    wrong="output:y",
    because="with go_backwards=True Keras returns the outputs in the order of the computation, the last step first",
    source="https://keras.io/api/layers/recurrent_layers/simple_rnn/",
    fix="use keras.layers.Bidirectional, or reverse the outputs along time",
    weights={
        "forward/simple_rnn_cell/kernel": "kernel_0: I H",
        "forward/simple_rnn_cell/recurrent_kernel": "recurrent_0: J H",
        "forward/simple_rnn_cell/bias": "bias_0: H",
        "backward/simple_rnn_cell/kernel": "kernel_0_reverse: I H",
        "backward/simple_rnn_cell/recurrent_kernel": "recurrent_0_reverse: J H",
        "backward/simple_rnn_cell/bias": "bias_0_reverse: H",
    },
)
def _(tf, *, H, activation):
    class TwoWays(tf.keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.forward = tf.keras.layers.SimpleRNN(H, activation, name="forward", **KERAS_LAYER)
            self.backward = tf.keras.layers.SimpleRNN(H, activation, go_backwards=True, name="backward", **KERAS_LAYER)

        def build(self, shape):
            self.forward.build(shape)
            self.backward.build(shape)

        def call(self, x):
            (forward, forward_h), (backward, backward_h) = self.forward(x), self.backward(x)
            return tf.concat([forward, backward], axis=2), tf.stack([forward_h, backward_h])[None]

    return TwoWays()


rnn_cell = Case(
    "rnn_cell",
    "A plain recurrent cell, called in a loop over time.",
    sizes=CELL_SIZES,
    parameters=dict(activation="tanh", initial_state=False, bias=True, empty=False),
    inputs=cell_inputs("h0"),
    weights=lambda activation, bias: place_weights("I", activation, bias),
    outputs=dict(y="N T H"),
    states=dict(h="N H"),
    variants=grid(activation=["tanh", "relu"], initial_state=[False, True])
    + grid(bias=[False], initial_state=[True])
    + grid(T=[1])
    + grid(N=[1], I=[64], H=[64], initial_state=[True])
    + grid(N=[3], I=[100], H=[20], initial_state=[True])
    + grid(empty=[True]),
)


@rnn_cell.reference
def _(np, x, h0=None, *, N, H, activation, **weights):
    initial = [np.zeros((N, H)) if h0 is None else h0]
    y, states = scan(np, step(activation_of(np, activation)), np.moveaxis(x, 1, 0), initial, weights)
    return np.stack(y, axis=1), *states


def torch_cell_variables(bias):
    variables = dict(weight_ih="kernel: H I", weight_hh="recurrent: H J")
    return dict(variables, bias_ih="bias: H", bias_hh=zeros("H")) if bias else variables


@rnn_cell.torch.layer("torch.nn.RNNCell", weights=torch_cell_variables)
def _(torch, *, I, H, activation, bias):
    place = dict(device=torch.get_default_device(), dtype=torch.get_default_dtype())
    cell = torch.nn.RNNCell(I, H, bias, activation, **place)

    def call(x, h=None):
        outputs = []
        for part in x.unbind(1):
            h = cell(part, h)
            outputs.append(h)
        return torch.stack(outputs, dim=1), h

    return cell, call


def keras_cell_variables(bias):
    variables = dict(kernel="kernel: I H", recurrent_kernel="recurrent: J H")
    return dict(variables, bias="bias: H") if bias else variables


@rnn_cell.tensorflow.layer("keras.layers.SimpleRNNCell", weights=keras_cell_variables)
def _(tf, *, N, H, activation, bias):
    cell = tf.keras.layers.SimpleRNNCell(H, activation, use_bias=bias, **KERAS_CELL)

    def call(x, *initial):
        states, outputs = initial or cell.get_initial_state(N), []
        for part in tf.unstack(x, axis=1):
            y, states = cell(part, states)
            outputs.append(y)
        return tf.stack(outputs, axis=1), *states

    return cell, call


@rnn_cell.tensorflow("tf.matmul", kernel="I H", recurrent="J H")
def _(tf, x, kernel, recurrent, h0=None, bias=None, *, N, H, activation):
    activate = tf.tanh if activation == "tanh" else tf.nn.relu
    h = tf.zeros([N, H], x.dtype) if h0 is None else h0
    outputs = []
    for part in tf.unstack(x, axis=1):
        a = tf.matmul(part, kernel) + tf.matmul(h, recurrent)
        h = activate(a if bias is None else tf.nn.bias_add(a, bias))
        outputs.append(h)
    return tf.stack(outputs, axis=1), h
