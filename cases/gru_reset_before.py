"""Gated recurrent units that reset the state before its product with the kernel."""

from _recurrent import CELL_SIZES, KERAS_LAYER, cell_inputs, scan, sigmoid

from parity import Case, grid, normal, zeros


def weights(bias):
    tensors = dict(kernel=normal("G H I", std=0.3), recurrent=normal("G H J", std=0.3))
    return dict(tensors, bias=normal("G H", std=0.5)) if bias else tensors


gru_reset_before = Case(
    "gru_reset_before",
    "A gated recurrent unit whose reset gate acts on the state before its product with the kernel.",
    sizes=dict(CELL_SIZES, G=("r", "z", "n")),
    parameters=dict(initial_state=False, bias=True, empty=False),
    inputs=cell_inputs("h0"),
    weights=weights,
    outputs=dict(y="N T H"),
    states=dict(h="N H"),
    variants=grid(initial_state=[False, True], bias=[True, False]) + grid(T=[1]) + grid(empty=[True]),
)


def step(np, x, h, kernel, recurrent, bias=None):
    of_input = np.einsum("ni,ghi->gnh", x, kernel)
    if bias is not None:
        of_input = of_input + bias[:, None]
    r, z = (sigmoid(np, of_input[gate] + np.einsum("nj,hj->nh", h, recurrent[gate])) for gate in (0, 1))
    n = np.tanh(of_input[2] + np.einsum("nj,hj->nh", r * h, recurrent[2]))
    return ((1 - z) * n + z * h,)


@gru_reset_before.reference
def _(np, x, h0=None, *, N, H, **weights):
    initial = [np.zeros((N, H)) if h0 is None else h0]
    y, states = scan(np, step, np.moveaxis(x, 1, 0), initial, weights)
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


@gru_reset_before.torch.naive(
    "torch.nn.GRU",
    "weights of a GRU with reset_after=False",
    when=dict(bias=True, initial_state=True),
    because="torch.nn.GRU resets the product of state and kernel, reset_after=False the state before it",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html",
    fix="write the cell by hand",
    weights=dict(
        weight_ih_l0="kernel: (G H) I",
        weight_hh_l0="recurrent: (G H) J",
        bias_ih_l0="bias: (G H)",
        bias_hh_l0=zeros("(G H)"),
    ),
)
def _(torch, *, I, H):
    layer = torch.nn.GRU(I, H, batch_first=True)

    def call(x, h0):
        y, h = layer(x, h0[None])
        return y, h[0]

    return layer, call


@gru_reset_before.tensorflow.naive(
    "keras.layers.GRU",
    "reset_after left at its default",
    when=dict(bias=False, initial_state=False),
    size=(0.015, 0.33),
    because="Keras in TensorFlow 1 resets the state first by default, Keras today has reset_after=True",
    source="https://www.tensorflow.org/versions/r1.15/api_docs/python/tf/keras/layers/GRU",
    fix="pass reset_after=False",
    weights=keras_reset_before_variables,
)
def _(tf, *, H):
    return tf.keras.layers.GRU(H, use_bias=False, **KERAS_LAYER)


@gru_reset_before.tensorflow.naive(
    "tf.matmul",
    "update gate on the new state",
    when=dict(bias=True, initial_state=True),
    because="many texts write h = (1 - z) h + z n, the frameworks (1 - z) n + z h",
    source="keras/src/layers/rnn/gru.py, GRUCell.call, in Keras 3.15.1",
    fix="multiply the old state by z, or negate kernel, recurrent kernel and bias of z",
    kernel="I (G H)",
    recurrent="J (G H)",
    bias="(G H)",
)
def _(tf, x, kernel, recurrent, h0, bias, *, H):
    h, outputs = h0, []
    for part in tf.unstack(x, axis=1):
        of_input = tf.nn.bias_add(tf.matmul(part, kernel), bias)
        gates = tf.sigmoid(of_input[:, : 2 * H] + tf.matmul(h, recurrent[:, : 2 * H]))
        r, z = tf.split(gates, 2, axis=1)
        n = tf.tanh(of_input[:, 2 * H :] + tf.matmul(r * h, recurrent[:, 2 * H :]))
        h = (1 - z) * h + z * n
        outputs.append(h)
    return tf.stack(outputs, axis=1), h
