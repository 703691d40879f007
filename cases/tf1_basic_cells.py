"""TensorFlow 1's basic LSTM cell, called in a loop over time: its forget bias, its gates and its state."""

from _recurrent import KERAS_CELL, scan
from _tf1 import (
    Built,
    keep_forget_bias,
    lstm_step,
    miscompiled,
    rnn_cell,
    tf_variables,
    torch_unrolled,
    torch_variables,
    unrolled,
    with_states,
)

from parity import Case, grid, normal, zeros

SIZES = dict(N=4, T=3, I=6, H=5, J=lambda H: H, G=("i", "f", "g", "o"))
LEGACY_CELLS = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cells.py"
TORCH_LSTM = "https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html"
LAYERED = dict(h0="1 N H", c0="1 N H", h="1 N H", c="1 N H")
LAID_OUT = dict(kernel="(G H) I", recurrent="(G H) J", bias="(G H)")
BY_HAND = dict(kernel="I (G[i g f o] H)", recurrent="J (G[i g f o] H)", bias="(G[i g f o] H)")


def lstm_weights():
    return dict(kernel=normal("G H I", std=0.3), recurrent=normal("G H J", std=0.3), bias=normal("G H", std=0.5))


tf1_basic_lstm_cell = Case(
    "tf1_basic_lstm_cell",
    "TensorFlow 1's basic LSTM cell: one kernel for input and state, and a constant added to the forget gate.",
    sizes=SIZES,
    parameters=dict(forget_bias=1.0, initial_state=False),
    inputs=lambda initial_state: dict(
        x=normal("N T I"), **(dict(h0=normal("N H"), c0=normal("N H")) if initial_state else {})
    ),
    weights=lstm_weights(),
    outputs=dict(y="N T H"),
    states=dict(h="N H", c="N H"),
    variants=grid(forget_bias=[1.0, 0.0], initial_state=[False, True]),
)


@tf1_basic_lstm_cell.reference
def _(np, x, h0=None, c0=None, *, N, H, forget_bias, **weights):
    initial = [np.zeros((N, H))] * 2 if h0 is None else [h0, c0]
    y, states = scan(np, lstm_step(forget_bias), np.moveaxis(x, 1, 0), initial, weights)
    return np.stack(y, axis=1), *states


@tf1_basic_lstm_cell.torch.layer("torch.nn.LSTM", weights=torch_variables(layer="_l0"), **LAYERED)
def _(torch, *, I, H, forget_bias):
    return with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True), forget_bias))


@tf1_basic_lstm_cell.torch.layer("torch.nn.LSTMCell", weights=torch_variables())
def _(torch, *, I, H, forget_bias):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), forget_bias)
    return cell, lambda x, *initial: torch_unrolled(torch, cell, x, initial or None)


def tf_cell(name):
    def build(tf, *, N, I, H, forget_bias, dtype):
        cells = rnn_cell()
        cell = getattr(cells, name)(H, forget_bias=forget_bias, dtype=dtype)

        def call(x, h0=None, c0=None):
            state = cell.zero_state(N, x.dtype) if h0 is None else cells.LSTMStateTuple(c=c0, h=h0)
            y, (c, h) = unrolled(tf, cell, x, state)
            return y, h, c

        return Built(I, cell), call

    return build


for name in ("BasicLSTMCell", "LSTMCell"):
    tf1_basic_lstm_cell.tensorflow.layer(f"tf.compat.v1.nn.rnn_cell.{name}", weights=tf_variables())(tf_cell(name))


def by_hand(tf, x, kernel, recurrent, bias, h0, c0, forget_bias, candidate):
    """The cell by its equations; ``candidate(j, o)`` is what the input gate lets in."""
    h, c = (tf.zeros([x.shape[0], recurrent.shape[0]], x.dtype),) * 2 if h0 is None else (h0, c0)
    outputs = []
    for part in tf.unstack(x, axis=1):
        gates = tf.matmul(tf.concat([part, h], 1), tf.concat([kernel, recurrent], 0))
        i, j, f, o = tf.split(tf.nn.bias_add(gates, bias), 4, axis=1)
        c = c * tf.sigmoid(f + forget_bias) + tf.sigmoid(i) * candidate(j, o)
        h = tf.tanh(c) * tf.sigmoid(o)
        outputs.append(h)
    return tf.stack(outputs, axis=1), h, c


@tf1_basic_lstm_cell.tensorflow("tf.split", **BY_HAND)
def _(tf, x, kernel, recurrent, bias, h0=None, c0=None, *, forget_bias):
    return by_hand(tf, x, kernel, recurrent, bias, h0, c0, forget_bias, lambda j, o: tf.tanh(j))


miscompiled(
    tf1_basic_lstm_cell,
    "tf.split",
    "tf.compat.v1.nn.rnn_cell.BasicLSTMCell",
    "tf.compat.v1.nn.rnn_cell.LSTMCell",
)


@tf1_basic_lstm_cell.tensorflow.naive(
    "tf.split",
    "tanh of the output gate instead of the new input",
    because="what enters the cell state is tanh(j), the new input; o is the gate of the output",
    source=LEGACY_CELLS,
    fix="write sigmoid(i) * tanh(j)",
    **BY_HAND,
)
def _(tf, x, kernel, recurrent, bias, h0=None, c0=None, *, forget_bias):
    return by_hand(tf, x, kernel, recurrent, bias, h0, c0, forget_bias, lambda j, o: tf.tanh(o))


@tf1_basic_lstm_cell.torch.naive(
    "torch.nn.LSTM",
    "forget bias left out",
    when=dict(forget_bias=1.0),
    because="TensorFlow adds forget_bias in each step, and does not keep it in the bias variable",
    source=LEGACY_CELLS,
    fix="put forget_bias into the forget gate's part of bias_hh_l0",
    weights=dict(torch_variables(layer="_l0"), bias_hh_l0=zeros("(G H)")),
    **LAYERED,
)
def _(torch, *, I, H):
    return with_states(torch.nn.LSTM(I, H, batch_first=True))


@tf1_basic_lstm_cell.torch.naive(
    "torch.nn.LSTMCell",
    "forget bias in both biases",
    when=dict(forget_bias=1.0),
    because="PyTorch adds bias_ih and bias_hh, so the constant counts twice",
    source=TORCH_LSTM,
    fix="put forget_bias into one of the two biases",
    **LAID_OUT,
)
def _(torch, x, kernel, recurrent, bias, h0=None, c0=None, *, I, H, forget_bias):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H, device=x.device), forget_bias)
    loaded = dict(weight_ih=kernel, weight_hh=recurrent, bias_ih=bias + cell.bias_hh)

    def called(part, states):
        return torch.func.functional_call(cell, loaded, (part, states))

    return torch_unrolled(torch, called, x, None if h0 is None else (h0, c0))


@tf1_basic_lstm_cell.torch.naive(
    "torch.nn.LSTM",
    "gates left in TensorFlow's order",
    because="TensorFlow 1 packs the gates as i, j, f, o, PyTorch as i, f, g, o, with g for j",
    source=LEGACY_CELLS,
    fix="split the kernel into i, j, f, o and join i, f, j, o",
    weights=dict(
        weight_ih_l0="kernel: (G[i g f o] H) I",
        weight_hh_l0="recurrent: (G[i g f o] H) J",
        bias_ih_l0="bias: (G[i g f o] H)",
    ),
    **LAYERED,
)
def _(torch, *, I, H, forget_bias):
    return with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True), forget_bias))


@tf1_basic_lstm_cell.torch.naive(
    "torch.nn.LSTMCell",
    "kernel reshaped instead of transposed",
    because="TensorFlow's kernel has the inputs first, and reshaping it does not move them",
    source=LEGACY_CELLS,
    fix="transpose the kernel",
    kernel="I (G H)",
    recurrent="J (G H)",
    bias="(G H)",
)
def _(torch, x, kernel, recurrent, bias, h0=None, c0=None, *, I, H, forget_bias):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H, device=x.device), forget_bias)
    loaded = dict(weight_ih=kernel.reshape(4 * H, I), weight_hh=recurrent.reshape(4 * H, H), bias_ih=bias)

    def called(part, states):
        return torch.func.functional_call(cell, loaded, (part, states))

    return torch_unrolled(torch, called, x, None if h0 is None else (h0, c0))


@tf1_basic_lstm_cell.torch.naive(
    "torch.nn.LSTM",
    "state (c, h) passed as it is",
    when=dict(initial_state=True),
    because="TensorFlow 1 orders the state (c, h), PyTorch (h, c)",
    source=TORCH_LSTM,
    fix="pass (state.h, state.c)",
    weights=torch_variables(layer="_l0"),
    **LAYERED,
)
def _(torch, *, I, H, forget_bias):
    layer, call = with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True), forget_bias))
    return layer, lambda x, h0, c0: call(x, c0, h0)


@tf1_basic_lstm_cell.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.BasicLSTMCell",
    "first part of the state taken for h",
    wrong="state:*",
    because="LSTMStateTuple is (c, h), so what corresponds to PyTorch's h_n is its second part",
    source=LEGACY_CELLS,
    fix="take state.h by its name",
    weights=tf_variables(),
)
def _(tf, *, N, I, H, forget_bias, dtype):
    cells = rnn_cell()
    cell = cells.BasicLSTMCell(H, forget_bias=forget_bias, dtype=dtype)

    def call(x, h0=None, c0=None):
        state = cell.zero_state(N, x.dtype) if h0 is None else cells.LSTMStateTuple(c=c0, h=h0)
        y, (h, c) = unrolled(tf, cell, x, state)
        return y, h, c

    return Built(I, cell), call


@tf1_basic_lstm_cell.tensorflow.naive(
    "keras.layers.LSTMCell",
    "unit_forget_bias taken for forget_bias",
    when=dict(forget_bias=1.0),
    because="unit_forget_bias only initializes the bias variable, and loading the TensorFlow 1 bias overwrites it",
    source="https://keras.io/api/layers/recurrent_layers/lstm/",
    fix="add forget_bias to the forget gate's part of the bias that is loaded",
    weights=dict(kernel="kernel: I (G H)", recurrent_kernel="recurrent: J (G H)", bias="bias: (G H)"),
)
def _(tf, *, N, H):
    cell = tf.keras.layers.LSTMCell(H, unit_forget_bias=True, **KERAS_CELL)

    def call(x, *initial):
        y, states = unrolled(tf, cell, x, list(initial) or cell.get_initial_state(N))
        return y, *states

    return cell, call


@tf1_basic_lstm_cell.tensorflow.naive(
    "tf.nn.rnn_cell.BasicLSTMCell",
    "TensorFlow 1 name",
    because="TensorFlow 2 has removed tf.nn.rnn_cell",
    source="tensorflow/tools/compatibility/renames_v2.py of TensorFlow 2.21.0",
    fix="take the cell from tf.compat.v1.nn.rnn_cell, with tf_keras installed",
    raises="AttributeError: has no attribute 'rnn_cell'",
)
def _(tf, x, *, H, **tensors):
    return unrolled(tf, tf.nn.rnn_cell.BasicLSTMCell(H), x, None)


@tf1_basic_lstm_cell.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.BasicLSTMCell",
    "with Keras 3",
    because="the cells were part of Keras 2, which Keras 3 has replaced",
    source="tensorflow/python/util/lazy_loader.py of TensorFlow 2.21.0: KerasLazyLoader",
    fix="install tf_keras, and set TF_USE_LEGACY_KERAS=1 or take the cells from tf_keras.api._v1",
    raises="AttributeError: is not available with Keras 3",
)
def _(tf, x, *, H, **tensors):
    return unrolled(tf, tf.compat.v1.nn.rnn_cell.BasicLSTMCell(H), x, None)


tf1_lstm_concatenated_state = Case(
    "tf1_lstm_concatenated_state",
    "TensorFlow 1's basic LSTM cell with state_is_tuple=False: the state is c and h in one tensor.",
    sizes=dict(SIZES, S=("c", "h")),
    inputs=dict(x=normal("N T I"), state=normal("N S H")),
    weights=lstm_weights(),
    outputs=dict(y="N T H"),
    states=dict(final="N S H"),
)


@tf1_lstm_concatenated_state.reference
def _(np, x, state, **weights):
    y, (h, c) = scan(np, lstm_step(), np.moveaxis(x, 1, 0), [state[:, 1], state[:, 0]], weights)
    return np.stack(y, axis=1), np.stack([c, h], axis=1)


@tf1_lstm_concatenated_state.tensorflow.layer(
    "tf.compat.v1.nn.rnn_cell.BasicLSTMCell", weights=tf_variables(), state="N (S H)", final="N (S H)"
)
def _(tf, *, I, H, dtype):
    cell = rnn_cell().BasicLSTMCell(H, state_is_tuple=False, dtype=dtype)
    return Built(I, cell), lambda x, state: unrolled(tf, cell, x, state)


miscompiled(tf1_lstm_concatenated_state, "tf.compat.v1.nn.rnn_cell.BasicLSTMCell")


@tf1_lstm_concatenated_state.torch.layer(
    "torch.nn.LSTMCell", weights=torch_variables(), state="N (S H)", final="N (S H)"
)
def _(torch, *, I, H):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), 1.0)

    def call(x, state):
        c, h = state.chunk(2, dim=1)
        y, h, c = torch_unrolled(torch, cell, x, (h, c))
        return y, torch.cat([c, h], dim=1)

    return cell, call


@tf1_lstm_concatenated_state.torch.naive(
    "torch.nn.LSTMCell",
    "state split into h and c",
    because="the concatenated state has c first",
    source=LEGACY_CELLS,
    fix="split the state into c and h, and join them in this order",
    weights=torch_variables(),
    state="N (S H)",
    final="N (S H)",
)
def _(torch, *, I, H):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), 1.0)

    def call(x, state):
        y, *states = torch_unrolled(torch, cell, x, state.chunk(2, dim=1))
        return y, torch.cat(states, dim=1)

    return cell, call
