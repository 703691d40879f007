"""TensorFlow 1's plain recurrent cell and its gated recurrent unit, called in a loop over time."""

from _recurrent import KERAS_CELL, scan, sigmoid
from _tf1 import Built, rnn_cell, unrolled

from parity import Case, concat, grid, normal, uniform, zeros

SIZES = dict(N=4, T=3, I=6, H=5, J=lambda H: H)


def inputs(initial_state):
    return dict(x=normal("N T I"), **(dict(h0=normal("N H")) if initial_state else {}))


def in_loop(torch, step, x, h):
    outputs = []
    for part in x.unbind(1):
        h = step(part, h)
        outputs.append(h)
    return torch.stack(outputs, dim=1), h


def tf_cell(tf, name, *, N, I, H, dtype, **arguments):
    cell = getattr(rnn_cell(), name)(H, dtype=dtype, **arguments)
    return Built(I, cell), lambda x, h0=None: unrolled(tf, cell, x, cell.zero_state(N, x.dtype) if h0 is None else h0)


tf1_basic_rnn_cell = Case(
    "tf1_basic_rnn_cell",
    "TensorFlow 1's plain recurrent cell: one kernel for input and state, and one bias.",
    sizes=SIZES,
    parameters=dict(activation="tanh", initial_state=False),
    inputs=inputs,
    weights=lambda activation: dict(
        kernel=normal("H I", std=0.3),
        recurrent=uniform("H J", 0.05, 0.2),
        bias=uniform("H", 5, 9) if activation == "relu" else normal("H", std=0.5),  # keeps relu away from its kink
    ),
    outputs=dict(y="N T H"),
    states=dict(h="N H"),
    variants=grid(initial_state=[False, True]) + grid(activation=["relu"]),
)


@tf1_basic_rnn_cell.reference
def _(np, x, h0=None, *, N, H, activation, **weights):
    def step(np, x, h, kernel, recurrent, bias):
        a = np.einsum("ni,hi->nh", x, kernel) + np.einsum("nj,hj->nh", h, recurrent) + bias
        return (np.tanh(a) if activation == "tanh" else np.maximum(a, 0),)

    y, states = scan(np, step, np.moveaxis(x, 1, 0), [np.zeros((N, H)) if h0 is None else h0], weights)
    return np.stack(y, axis=1), *states


@tf1_basic_rnn_cell.torch.layer(
    "torch.nn.RNNCell",
    weights=dict(weight_ih="kernel: H I", weight_hh="recurrent: H J", bias_ih="bias: H", bias_hh=zeros("H")),
)
def _(torch, *, I, H, activation):
    cell = torch.nn.RNNCell(I, H, nonlinearity=activation)
    return cell, lambda x, h0=None: in_loop(torch, cell, x, h0)


LAYER = dict(weight_ih_l0="kernel: H I", weight_hh_l0="recurrent: H J", bias_ih_l0="bias: H", bias_hh_l0=zeros("H"))


@tf1_basic_rnn_cell.torch.layer("torch.nn.RNN", weights=LAYER, h0="1 N H", h="1 N H")
def _(torch, *, I, H, activation):
    return torch.nn.RNN(I, H, nonlinearity=activation, batch_first=True)


@tf1_basic_rnn_cell.tensorflow.layer(
    "tf.compat.v1.nn.rnn_cell.BasicRNNCell",
    weights=dict(kernel=concat("kernel: I H", "recurrent: J H"), bias="bias: H"),
)
def _(tf, *, N, I, H, activation, dtype):
    return tf_cell(tf, "BasicRNNCell", N=N, I=I, H=H, dtype=dtype, activation=activation)


@tf1_basic_rnn_cell.torch.naive(
    "torch.nn.RNN",
    "nonlinearity left out",
    when=dict(activation="relu"),
    size=(0.46, 1.9),
    because="torch.nn.RNN applies tanh unless told otherwise",
    source="https://pytorch.org/docs/stable/generated/torch.nn.RNN.html",
    fix='pass nonlinearity="relu"',
    weights=LAYER,
    h0="1 N H",
    h="1 N H",
)
def _(torch, *, I, H):
    return torch.nn.RNN(I, H, batch_first=True)


@tf1_basic_rnn_cell.torch.naive(
    "torch.nn.RNNCell",
    "bias loaded into both biases",
    because="PyTorch adds bias_ih and bias_hh, so the bias counts twice",
    source="https://pytorch.org/docs/stable/generated/torch.nn.RNNCell.html",
    fix="load the bias into bias_ih, and zeros into bias_hh",
)
def _(torch, x, kernel, recurrent, bias, h0=None, *, I, H, activation):
    cell = torch.nn.RNNCell(I, H, nonlinearity=activation, device=x.device)
    loaded = dict(weight_ih=kernel, weight_hh=recurrent, bias_ih=bias, bias_hh=bias)
    return in_loop(torch, lambda part, h: torch.func.functional_call(cell, loaded, (part, h)), x, h0)


tf1_gru_cell = Case(
    "tf1_gru_cell",
    "TensorFlow 1's gated recurrent unit: the reset gate acts on the state before its product with the kernel.",
    sizes=dict(SIZES, G=("r", "u"), A=3),
    parameters=dict(initial_state=False),
    inputs=inputs,
    weights=dict(
        gate_kernel=normal("G H I", std=0.3),
        gate_recurrent=normal("G H J", std=0.3),
        gate_bias=normal("G H", mean=1.0, std=0.5),
        candidate_kernel=normal("H I", std=0.3),
        candidate_recurrent=normal("H J", std=0.3),
        candidate_bias=normal("H", std=0.5),
    ),
    outputs=dict(y="N T H"),
    states=dict(h="N H"),
    variants=grid(initial_state=[False, True]),
)


@tf1_gru_cell.reference
def _(np, x, h0=None, *, N, H, **weights):
    def step(np, x, h, gate_kernel, gate_recurrent, gate_bias, candidate_kernel, candidate_recurrent, candidate_bias):
        of_input = np.einsum("ni,ghi->gnh", x, gate_kernel) + gate_bias[:, None]
        r, u = sigmoid(np, of_input + np.einsum("nj,ghj->gnh", h, gate_recurrent))
        candidate = np.einsum("ni,hi->nh", x, candidate_kernel) + np.einsum("nj,hj->nh", r * h, candidate_recurrent)
        return (u * h + (1 - u) * np.tanh(candidate + candidate_bias),)

    y, states = scan(np, step, np.moveaxis(x, 1, 0), [np.zeros((N, H)) if h0 is None else h0], weights)
    return np.stack(y, axis=1), *states


TF1_GRU = {
    "gates/kernel": concat("gate_kernel: I (G H)", "gate_recurrent: J (G H)"),
    "gates/bias": "gate_bias: (G H)",
    "candidate/kernel": concat("candidate_kernel: I H", "candidate_recurrent: J H"),
    "candidate/bias": "candidate_bias: H",
}


@tf1_gru_cell.tensorflow.layer("tf.compat.v1.nn.rnn_cell.GRUCell", weights=TF1_GRU)
def _(tf, *, N, I, H, dtype):
    return tf_cell(tf, "GRUCell", N=N, I=I, H=H, dtype=dtype)


@tf1_gru_cell.tensorflow.layer("tf.compat.v1.nn.dynamic_rnn", weights=TF1_GRU)
def _(tf, *, I, H, dtype):
    cell = rnn_cell().GRUCell(H, dtype=dtype)

    def call(x, h0=None):
        return tf.compat.v1.nn.dynamic_rnn(cell, x, initial_state=h0, dtype=x.dtype)

    return Built(I, cell), call


def keras_gru(gates):
    return dict(
        kernel=concat(f"gate_kernel: I ({gates} H)", "candidate_kernel: I H", axis=1),
        recurrent_kernel=concat(f"gate_recurrent: J ({gates} H)", "candidate_recurrent: J H", axis=1),
        bias=concat(f"gate_bias: ({gates} H)", "candidate_bias: H"),
    )


def keras_cell(tf, N, H):
    cell = tf.keras.layers.GRUCell(H, reset_after=False, **KERAS_CELL)

    def call(x, *initial):
        y, states = unrolled(tf, cell, x, list(initial) or cell.get_initial_state(N))
        return y, *states

    return cell, call


@tf1_gru_cell.tensorflow.layer("keras.layers.GRUCell", weights=keras_gru("G[u r]"))
def _(tf, *, N, H):
    return keras_cell(tf, N, H)


@tf1_gru_cell.torch("torch loop with reset before", gate_kernel="(G H) I", gate_recurrent="(G H) J", gate_bias="(G H)")
def _(
    torch,
    x,
    gate_kernel,
    gate_recurrent,
    gate_bias,
    candidate_kernel,
    candidate_recurrent,
    candidate_bias,
    h0=None,
    *,
    N,
    H,
):
    linear = torch.nn.functional.linear
    gates = torch.cat([gate_kernel, gate_recurrent], dim=1)
    candidate = torch.cat([candidate_kernel, candidate_recurrent], dim=1)

    def step(part, h):
        r, u = torch.sigmoid(linear(torch.cat([part, h], dim=1), gates, gate_bias)).chunk(2, dim=1)
        return u * h + (1 - u) * torch.tanh(linear(torch.cat([part, r * h], dim=1), candidate, candidate_bias))

    return in_loop(torch, step, x, x.new_zeros(N, H) if h0 is None else h0)


def loaded_gru(gates):
    return dict(
        weight_ih=concat(f"gate_kernel: ({gates} H) I", "candidate_kernel: H I"),
        weight_hh=concat(f"gate_recurrent: ({gates} H) J", "candidate_recurrent: H J"),
        bias_ih=concat(f"gate_bias: ({gates} H)", "candidate_bias: H"),
        bias_hh=zeros("(A H)"),
    )


@tf1_gru_cell.torch.naive(
    "torch.nn.GRUCell",
    "reset gate after the product",
    because="torch.nn.GRU applies the reset gate to the product of the state, TensorFlow 1 to the state",
    source="https://pytorch.org/docs/stable/generated/torch.nn.GRU.html",
    fix="write the loop over time, with the candidate made from reset * state",
    weights=loaded_gru("G"),
)
def _(torch, *, I, H):
    cell = torch.nn.GRUCell(I, H)
    return cell, lambda x, h0=None: in_loop(torch, cell, x, h0)


@tf1_gru_cell.tensorflow.naive(
    "keras.layers.GRUCell",
    "gates left in TensorFlow 1's order",
    because="Keras packs the gates as z, r, h, with z for u, TensorFlow 1 as r, u",
    source="https://github.com/keras-team/keras/blob/v3.15.1/keras/src/layers/rnn/gru.py",
    fix="split the gates' kernel into r and u, and join u, r and the candidate's kernel",
    weights=keras_gru("G"),
)
def _(tf, *, N, H):
    return keras_cell(tf, N, H)
