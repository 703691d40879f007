"""TensorFlow 1's LSTM cell written by hand: its primitive functions, and variables that each step uses again."""

from _recurrent import scan
from _tf1 import Built, keep_forget_bias, lstm_step, rnn_cell, tf_variables, torch_unrolled, torch_variables, weights
from _tf1_scopes import Wrapped, wrapped

from parity import Case, buffer, grid, normal

SIZES = dict(N=3, T=4, I=6, H=5, J=lambda H: H, G=("i", "f", "g", "o"))
V1 = "https://www.tensorflow.org/api_docs/python/tf/compat/v1"
CELLS = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cells.py"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch"
TORCH_CELL = f"{TORCH}.nn.LSTMCell.html"
KERNELS = dict(kernel="I (G[i g f o] H)", recurrent="J (G[i g f o] H)", bias="(G[i g f o] H)")
LAID_OUT = dict(kernel="(G H) I", recurrent="(G H) J", bias="(G H)")

tf1_lstm_primitives = Case(
    "tf1_lstm_primitives",
    "One step of TensorFlow 1's basic LSTM cell by its primitive functions: concat, matmul, bias_add, split, add, "
    "multiply, sigmoid and tanh.",
    sizes=SIZES,
    parameters=dict(forget_bias=1.0),
    inputs=dict(x=normal("N I"), h0=normal("N H"), c0=normal("N H")),
    weights=weights(""),
    outputs=dict(y="N H"),
    states=dict(c="N H", h="N H"),
    variants=grid(forget_bias=[1.0, 0.0]),
)


@tf1_lstm_primitives.reference
def _(np, x, h0, c0, *, forget_bias, **weights):
    h, c = lstm_step(forget_bias)(np, x, h0, c0, **weights)
    return h, c, h


def tf_gates(tf, inputs, h, kernel, bias):
    return tf.nn.bias_add(tf.matmul(tf.concat([inputs, h], 1), kernel), bias)


def tf_step(tf, gates, state, forget_bias):
    """The new output and the new state, by the functions that the cell calls."""
    i, j, f, o = tf.split(value=gates, num_or_size_splits=4, axis=1)
    forget_bias_tensor = tf.constant(forget_bias, dtype=f.dtype)
    new_c = tf.add(
        tf.multiply(state.c, tf.sigmoid(tf.add(f, forget_bias_tensor))), tf.multiply(tf.sigmoid(i), tf.tanh(j))
    )
    new_h = tf.multiply(tf.tanh(new_c), tf.sigmoid(o))
    return new_h, rnn_cell().LSTMStateTuple(new_c, new_h)


@tf1_lstm_primitives.tensorflow("tf.split(num_or_size_splits=4)", **KERNELS)
def _(tf, x, h0, c0, kernel, recurrent, bias, *, forget_bias):
    state = rnn_cell().LSTMStateTuple(c=c0, h=h0)
    gates = tf_gates(tf, x, state.h, tf.concat([kernel, recurrent], 0), bias)
    y, (c, h) = tf_step(tf, gates, state, forget_bias)
    return y, c, h


@tf1_lstm_primitives.tensorflow.layer("tf.compat.v1.nn.rnn_cell.BasicLSTMCell", weights=tf_variables())
def _(tf, *, I, H, forget_bias, dtype):
    cell = rnn_cell().BasicLSTMCell(num_units=H, forget_bias=forget_bias, state_is_tuple=True, dtype=dtype)

    def call(x, h0, c0):
        y, new_state = cell(inputs=x, state=rnn_cell().LSTMStateTuple(c0, h0))
        return y, new_state.c, new_state.h

    return Built(I, cell), call


@tf1_lstm_primitives.torch.layer("torch.nn.LSTMCell", weights=torch_variables())
def _(torch, *, I, H, forget_bias):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), forget_bias)

    def call(x, h0, c0):
        h, c = cell(x, (h0, c0))
        return h, c, h

    return cell, call


def torch_step(torch, x, h0, c0, kernel, recurrent, bias, forget_bias, split):
    gates = torch.add(torch.matmul(torch.cat([x, h0], dim=1), torch.cat([kernel, recurrent], dim=0)), bias)
    i, j, f, o = split(gates)
    c = torch.add(torch.mul(c0, torch.sigmoid(torch.add(f, forget_bias))), torch.mul(torch.sigmoid(i), torch.tanh(j)))
    h = torch.mul(torch.tanh(c), torch.sigmoid(o))
    return h, c, h


@tf1_lstm_primitives.torch("torch.chunk", **KERNELS)
def _(torch, x, h0, c0, kernel, recurrent, bias, *, forget_bias):
    return torch_step(
        torch, x, h0, c0, kernel, recurrent, bias, forget_bias, lambda gates: torch.chunk(gates, chunks=4, dim=1)
    )


@tf1_lstm_primitives.torch("torch.split", **KERNELS)
def _(torch, x, h0, c0, kernel, recurrent, bias, *, forget_bias, H):
    return torch_step(
        torch, x, h0, c0, kernel, recurrent, bias, forget_bias, lambda gates: torch.split(gates, H, dim=1)
    )


@tf1_lstm_primitives.torch.naive(
    "torch.split",
    "number of parts passed as the size",
    because="tf.split takes the number of parts, torch.split the size of each part",
    source=f"{TORCH}.split.html",
    fix="call torch.chunk(gates, 4, dim=1), or torch.split(gates, num_units, dim=1)",
    raises="ValueError: too many values to unpack (expected 4",
    **KERNELS,
)
def _(torch, x, h0, c0, kernel, recurrent, bias, *, forget_bias):
    return torch_step(
        torch, x, h0, c0, kernel, recurrent, bias, forget_bias, lambda gates: torch.split(gates, 4, dim=1)
    )


@tf1_lstm_primitives.tensorflow.naive(
    "tf.split",
    "axis left out",
    because="the default axis is 0, the batch, and the gates lie beside each other on axis 1",
    source="https://www.tensorflow.org/api_docs/python/tf/split",
    fix="pass axis=1",
    raises="InvalidArgumentError: should evenly divide",
    **KERNELS,
)
def _(tf, x, h0, c0, kernel, recurrent, bias):
    gates = tf_gates(tf, x, h0, tf.concat([kernel, recurrent], 0), bias)
    return tf.split(value=gates, num_or_size_splits=4)


@tf1_lstm_primitives.tensorflow.naive(
    "tf.concat",
    "state before the inputs",
    because="the first rows of the kernel belong to the inputs, and the last rows to the state",
    source=CELLS,
    fix="concatenate [inputs, h] along axis 1",
    **KERNELS,
)
def _(tf, x, h0, c0, kernel, recurrent, bias, *, forget_bias):
    gates = tf_gates(tf, h0, x, tf.concat([kernel, recurrent], 0), bias)
    y, (c, h) = tf_step(tf, gates, rnn_cell().LSTMStateTuple(c=c0, h=h0), forget_bias)
    return y, c, h


@tf1_lstm_primitives.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.LSTMStateTuple",
    "h before c",
    because="the fields of the tuple are c and h, in this order",
    source=CELLS,
    fix="pass c and h by their names",
    weights=tf_variables(),
)
def _(tf, *, I, H, forget_bias, dtype):
    cell = rnn_cell().BasicLSTMCell(H, forget_bias=forget_bias, dtype=dtype)

    def call(x, h0, c0):
        y, new_state = cell(x, rnn_cell().LSTMStateTuple(h0, c0))
        return y, new_state.c, new_state.h

    return Built(I, cell), call


tf1_reuse_variables = Case(
    "tf1_reuse_variables",
    "A cell called in a loop inside a scope, whose variables each later step uses again; how many numbers it trains.",
    sizes=dict(SIZES, K=1),
    inputs=dict(x=normal("N T I")),
    weights=weights(""),
    outputs=dict(y="N T H", trained=buffer("K")),
    states=dict(h="N H", c="N H"),
)


@tf1_reuse_variables.reference
def _(np, x, *, N, I, H, **weights):
    y, (h, c) = scan(np, lstm_step(), np.moveaxis(x, 1, 0), [np.zeros((N, H))] * 2, weights)
    return np.stack(y, axis=1), np.array([4.0 * H * (I + H + 1)]), h, c


def by_variables(tf, H, dtype):
    """The step of a cell, which asks the scope for its variables each time."""

    def step(inputs, state):
        kernel = tf.compat.v1.get_variable("kernel", [inputs.shape[1] + H, 4 * H], dtype)
        bias = tf.compat.v1.get_variable(
            "bias", shape=[4 * H], dtype=dtype, initializer=tf.compat.v1.zeros_initializer()
        )
        return tf_step(tf, tf_gates(tf, inputs, state.h, kernel, bias), state, 1.0)

    return step


def numbers(tf, variables, dtype):
    return tf.constant([sum(variable.shape.num_elements() for variable in variables)], dtype)


def loop(tf, inputs, cell, H, reuse=True):
    """TensorFlow 1's loop over time. ``cell(inputs, state)`` is a cell, or a function that asks for variables."""
    state = rnn_cell().BasicLSTMCell(H, dtype=inputs.dtype).zero_state(inputs.shape[0], inputs.dtype)
    outputs = []
    with tf.compat.v1.variable_scope("RNN"):
        for time_step in range(inputs.shape[1]):
            if time_step > 0 and reuse:
                tf.compat.v1.get_variable_scope().reuse_variables()
            cell_output, state = cell(inputs[:, time_step, :], state)
            outputs.append(cell_output)
    trained = numbers(tf, tf.compat.v1.trainable_variables(), inputs.dtype)
    return tf.stack(outputs, axis=1), trained, state.h, state.c


@tf1_reuse_variables.tensorflow.layer("tf.compat.v1.get_variable", weights=tf_variables(number="RNN/"))
def _(tf, *, N, T, I, H, dtype):
    function = wrapped(tf, lambda x: loop(tf, x, by_variables(tf, H, dtype), H), dtype, [N, T, I])
    return Wrapped(function), function


@tf1_reuse_variables.tensorflow.layer(
    "tf.compat.v1.nn.rnn_cell.BasicLSTMCell", weights=tf_variables(number="RNN/basic_lstm_cell/")
)
def _(tf, *, N, T, I, H, dtype):
    def call(x):
        return loop(tf, x, rnn_cell().BasicLSTMCell(H, forget_bias=1.0, name="basic_lstm_cell", dtype=dtype), H)

    function = wrapped(tf, call, dtype, [N, T, I])
    return Wrapped(function), function


def trained_by(torch, module, x):
    return x.new_tensor([sum(weight.numel() for weight in module.parameters() if weight.requires_grad)])


@tf1_reuse_variables.torch.layer("torch.nn.LSTMCell", weights=torch_variables())
def _(torch, *, I, H):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), 1.0)

    def call(x):
        y, h, c = torch_unrolled(torch, cell, x, None)
        return y, trained_by(torch, cell, x), h, c

    return cell, call


@tf1_reuse_variables.torch.layer("torch.nn.LSTM", weights=torch_variables(layer="_l0"), h="1 N H", c="1 N H")
def _(torch, *, I, H):
    layer = keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True), 1.0)

    def call(x):
        y, (h, c) = layer(x)
        return y, trained_by(torch, layer, x), h, c

    return layer, call


@tf1_reuse_variables.tensorflow.naive(
    "tf.compat.v1.get_variable_scope",
    "reuse_variables left out",
    because="the second step asks for new variables under names that the scope already has",
    source=f"{V1}/VariableScope",
    fix="call tf.compat.v1.get_variable_scope().reuse_variables() from the second step on",
    raises="ValueError: Variable RNN/kernel already exists, disallowed",
)
def _(tf, x, *, H, dtype, **weights):
    return wrapped(tf, lambda x: loop(tf, x, by_variables(tf, H, dtype), H, reuse=False), dtype, x.shape)(x)


@tf1_reuse_variables.tensorflow.naive(
    "tf.compat.v1.trainable_variables",
    "under eager execution",
    wrong="output:trained",
    size=(0.5, 2),
    because="the list of variables belongs to a graph, and eager execution has none: the list is empty",
    source=f"{V1}/trainable_variables",
    fix="take cell.trainable_variables, or ask inside the graph",
    weights=tf_variables(),
)
def _(tf, *, I, H, dtype):
    cell = rnn_cell().BasicLSTMCell(H, dtype=dtype)
    return Built(I, cell), lambda x: loop(tf, x, cell, H, reuse=False)


@tf1_reuse_variables.torch.naive(
    "torch.nn.LSTMCell",
    "cell built in the loop",
    wrong=["output:y", "state:*"],
    because="each new cell starts with weights of its own: PyTorch shares a module, and no names",
    source=TORCH_CELL,
    fix="build the cell once, before the loop",
    **LAID_OUT,
)
def _(torch, x, *, I, H, **weights):
    def cell(part, states):
        made = keep_forget_bias(torch, torch.nn.LSTMCell(I, H, device=x.device, dtype=x.dtype), 1.0)
        return made(part, states)

    y, h, c = torch_unrolled(torch, cell, x, None)
    return y, trained_by(torch, torch.nn.LSTMCell(I, H), x) - 4 * H, h, c
