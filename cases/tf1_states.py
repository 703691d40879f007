"""The states of TensorFlow 1's cells: joined in one tensor, of layers on top of each other, and their sizes."""

from _recurrent import scan
from _tf1 import (
    Built,
    keep_forget_bias,
    lstm_step,
    rnn_cell,
    tf_variables,
    torch_unrolled,
    torch_variables,
    unrolled,
    with_states,
)
from _tf1_logging import warnings_as_errors

from parity import Case, buffer, concat, grid, normal

GATES = ("i", "f", "g", "o")
CELLS = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cells.py"
TORCH_LSTM = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html"


def cell_weights(num_proj=None):
    tensors = dict(kernel=normal("G H I", std=0.3), recurrent=normal("G H J", std=0.3), bias=normal("G H", std=0.5))
    return dict(tensors, projection=normal("P H", std=0.5)) if num_proj else tensors


tf1_joined_state = Case(
    "tf1_joined_state",
    "TensorFlow 1's LSTM cell with state_is_tuple=False: c and h beside each other in one tensor, also where a "
    "projection makes h shorter than c.",
    sizes=dict(N=3, T=4, I=6, H=5, P=lambda num_proj, H: num_proj or H, J=lambda P: P, S=lambda H, P: H + P, G=GATES),
    inputs=dict(x=normal("N T I"), state=normal("N S")),
    weights=cell_weights,
    outputs=dict(y="N T P"),
    states=dict(final="N S"),
    variants=grid(num_proj=[None, 2]),
)


@tf1_joined_state.reference
def _(np, x, state, *, H, **weights):
    y, (h, c) = scan(np, lstm_step(), np.moveaxis(x, 1, 0), [state[:, H:], state[:, :H]], weights)
    return np.stack(y, axis=1), np.concatenate([c, h], axis=1)


def cell_variables(num_proj):
    return dict(tf_variables(), **({"projection/kernel": "projection: H P"} if num_proj else {}))


@tf1_joined_state.tensorflow.layer("tf.compat.v1.nn.rnn_cell.LSTMCell(state_is_tuple=False)", weights=cell_variables)
def _(tf, *, I, H, num_proj, dtype):
    cell = rnn_cell().LSTMCell(H, num_proj=num_proj, state_is_tuple=False, dtype=dtype)
    return Built(I, cell), lambda x, state: unrolled(tf, cell, x, state)


def layer_variables(num_proj):
    return dict(torch_variables(layer="_l0"), **(dict(weight_hr_l0="projection: P H") if num_proj else {}))


@tf1_joined_state.torch.layer("torch.nn.LSTM", weights=layer_variables)
def _(torch, *, I, H, P, num_proj):
    layer = torch.nn.LSTM(I, H, batch_first=True, proj_size=num_proj or 0)
    layer, run = with_states(keep_forget_bias(torch, layer, 1.0))

    def call(x, state):
        c, h = state.split([H, P], dim=1)
        y, h, c = run(x, h[None].contiguous(), c[None].contiguous())
        return y, torch.cat([c[0], h[0]], dim=1)

    return layer, call


@tf1_joined_state.torch.naive(
    "torch.nn.LSTM",
    "state cut in halves",
    when=dict(num_proj=2),
    because="c has the units, h the outputs of the projection: the parts differ in length",
    source=CELLS,
    fix="call state.split([num_units, num_proj], dim=1)",
    raises="RuntimeError: Expected hidden",
    weights=layer_variables,
)
def _(torch, *, I, H, num_proj):
    layer, run = with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True, proj_size=num_proj), 1.0))

    def call(x, state):
        c, h = state.chunk(2, dim=1)
        return run(x, h[None].contiguous(), c[None].contiguous())

    return layer, call


def warned(cell, make):
    """Declare that a cell with a joined state logs a warning: with warnings as errors, it cannot be made."""

    def build(tf, x, state, *, H, dtype, **weights):
        with warnings_as_errors(tf):
            return make(rnn_cell(), H, dtype)

    tf1_joined_state.tensorflow.naive(
        f"tf.compat.v1.nn.rnn_cell.{cell}(state_is_tuple=False)",
        "warnings as errors",
        because="a joined state is deprecated, and the cell logs a warning",
        source=CELLS,
        fix="leave state_is_tuple at True, and pass an LSTMStateTuple",
        raises="RuntimeWarning: Using a concatenated state is slower and will soon be deprecated.",
    )(build)


warned("LSTMCell", lambda cells, H, dtype: cells.LSTMCell(H, state_is_tuple=False, dtype=dtype))
warned("BasicLSTMCell", lambda cells, H, dtype: cells.BasicLSTMCell(H, state_is_tuple=False, dtype=dtype))


@tf1_joined_state.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.LSTMCell",
    "joined state with state_is_tuple=True",
    because="the cell takes its state apart into two, and a tensor comes apart into its rows",
    source=CELLS,
    fix="pass state_is_tuple=False to the cell, or LSTMStateTuple(c, h) as the state",
    raises="ValueError: too many values to unpack",
)
def _(tf, x, state, *, H, num_proj, dtype, **weights):
    return unrolled(tf, rnn_cell().LSTMCell(H, num_proj=num_proj, state_is_tuple=True, dtype=dtype), x, state)


tf1_stacked_state = Case(
    "tf1_stacked_state",
    "Two LSTM cells of different sizes on top of each other: the outputs of the last cell only, and the state of each "
    "cell, in a tuple or joined in one tensor.",
    sizes=dict(N=4, T=3, I=6, H=5, J=lambda H: H, M=7, K=lambda M: M, S=lambda H, M: 2 * H + 2 * M, G=GATES),
    inputs=dict(x=normal("N T I"), state=normal("N S")),
    weights=dict(
        kernel=normal("G H I", std=0.3),
        recurrent=normal("G H J", std=0.3),
        bias=normal("G H", std=0.5),
        kernel_above=normal("G M H", std=0.3),
        recurrent_above=normal("G M K", std=0.3),
        bias_above=normal("G M", std=0.5),
    ),
    outputs=dict(y="N T M"),
    states=dict(final="N S"),
    variants=grid(state_is_tuple=[True, False]),
)


def parts(state, H, M):
    """The states c and h of both cells, from the joined tensor."""
    below, above = state[:, : 2 * H], state[:, 2 * H :]
    return below[:, :H], below[:, H:], above[:, :M], above[:, M:]


@tf1_stacked_state.reference
def _(np, x, state, kernel_above, recurrent_above, bias_above, *, H, M, **weights):
    c, h, c_above, h_above = parts(state, H, M)
    below, (h, c) = scan(np, lstm_step(), np.moveaxis(x, 1, 0), [h, c], weights)
    above = dict(kernel=kernel_above, recurrent=recurrent_above, bias=bias_above)
    y, (h_above, c_above) = scan(np, lstm_step(), below, [h_above, c_above], above)
    return np.stack(y, axis=1), np.concatenate([c, h, c_above, h_above], axis=1)


ABOVE = "(G[i g f o] M)"
STACKED = {
    **tf_variables(number="0/"),
    "1/kernel": concat(f"kernel_above: H {ABOVE}", f"recurrent_above: K {ABOVE}"),
    "1/bias": f"bias_above: {ABOVE}",
}


@tf1_stacked_state.tensorflow.layer("tf.compat.v1.nn.rnn_cell.MultiRNNCell", weights=STACKED)
def _(tf, *, I, H, M, state_is_tuple, dtype):
    cells = rnn_cell()
    layers = [cells.BasicLSTMCell(units, state_is_tuple=state_is_tuple, dtype=dtype) for units in (H, M)]
    cell = cells.MultiRNNCell(layers, state_is_tuple=state_is_tuple)

    def call(x, state):
        if not state_is_tuple:
            return tf.compat.v1.nn.dynamic_rnn(cell, x, initial_state=state)
        c, h, c_above, h_above = parts(state, H, M)
        initial = (cells.LSTMStateTuple(c=c, h=h), cells.LSTMStateTuple(c=c_above, h=h_above))
        y, final = tf.compat.v1.nn.dynamic_rnn(cell, x, initial_state=initial)
        return y, tf.concat([part for of_cell in final for part in of_cell], axis=1)

    return Built(I, *layers), call


IN_A_LIST = {f"0.{name}": text for name, text in torch_variables().items()} | {
    "1.weight_ih": "kernel_above: (G M) H",
    "1.weight_hh": "recurrent_above: (G M) K",
    "1.bias_ih": "bias_above: (G M)",
}


def torch_stack(torch, I, H, M):
    cells = [torch.nn.LSTMCell(I, H), torch.nn.LSTMCell(H, M)]
    return torch.nn.ModuleList(keep_forget_bias(torch, cell, 1.0) for cell in cells)


@tf1_stacked_state.torch.layer("torch.nn.LSTMCell", weights=IN_A_LIST)
def _(torch, *, I, H, M):
    cells = torch_stack(torch, I, H, M)

    def call(x, state):
        c, h, c_above, h_above = parts(state, H, M)
        below, h, c = torch_unrolled(torch, cells[0], x, (h, c))
        y, h_above, c_above = torch_unrolled(torch, cells[1], below, (h_above, c_above))
        return y, torch.cat([c, h, c_above, h_above], dim=1)

    return cells, call


@tf1_stacked_state.torch.naive(
    "torch.nn.LSTMCell",
    "all c before all h",
    when=dict(state_is_tuple=False),
    because="the joined state has c and h of the first cell, then c and h of the second",
    source=CELLS,
    fix="join the states cell by cell",
    weights=IN_A_LIST,
)
def _(torch, *, I, H, M):
    cells = torch_stack(torch, I, H, M)

    def call(x, state):
        c, c_above, h, h_above = state.split([H, M, H, M], dim=1)
        below, h, c = torch_unrolled(torch, cells[0], x, (h, c))
        y, h_above, c_above = torch_unrolled(torch, cells[1], below, (h_above, c_above))
        return y, torch.cat([c, c_above, h, h_above], dim=1)

    return cells, call


@tf1_stacked_state.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.MultiRNNCell",
    "state_is_tuple=False for cells with tuples",
    when=dict(state_is_tuple=False),
    because="a joined state needs cells whose own states are joined",
    source=CELLS,
    fix="pass state_is_tuple=False to each cell, too; or leave it at True everywhere",
    raises="ValueError: Some cells return tuples of states, but the flag state_is_tuple is not set",
)
def _(tf, x, state, *, H, M, dtype, **weights):
    cells = rnn_cell()
    return cells.MultiRNNCell([cells.BasicLSTMCell(units, dtype=dtype) for units in (H, M)], state_is_tuple=False)


@tf1_stacked_state.torch.naive(
    "torch.nn.LSTM(num_layers)",
    "one size for all layers",
    because="all layers of torch.nn.LSTM have the same hidden size",
    source=TORCH_LSTM,
    fix="call one torch.nn.LSTM or torch.nn.LSTMCell for each size",
    raises="TypeError: hidden_size should be of type int, got: list",
)
def _(torch, x, state, *, I, H, M, **weights):
    return torch.nn.LSTM(I, [H, M], num_layers=2)(x)


UNITS = dict(BasicRNNCell=(5,), GRUCell=(5,), BasicLSTMCell=(5, 5), LSTMCell=(5, 2), MultiRNNCell=(5, 2, 7, 7))
"""The lengths of a cell's states; the LSTMCell has a projection of 2, and the MultiRNNCell a second cell of 7."""

tf1_zero_state = Case(
    "tf1_zero_state",
    "The states that zero_state(batch_size, dtype) makes, joined; the numbers in state_size, and output_size.",
    sizes=dict(N=4, S=lambda cell: sum(UNITS[cell]), K=lambda cell: len(UNITS[cell]), O=1),
    inputs=dict(x=normal("N", gradient=False)),
    outputs=dict(zeros=buffer("N S"), state_size=buffer("K"), output_size=buffer("O")),
    variants=grid(cell=list(UNITS)),
    exact=True,
    eager_only="it asks new cells for their sizes, and computes nothing with them that could be captured",
    untimed="it asks new cells for their sizes",
)


@tf1_zero_state.reference
def _(np, x, *, cell):
    sizes = UNITS[cell]
    return np.zeros((len(x), sum(sizes))), np.array(sizes) * 1.0, np.array(sizes[-1:]) * 1.0


@tf1_zero_state.tensorflow("tf.compat.v1.nn.rnn_cell.RNNCell.zero_state")
def _(tf, x, *, N, cell, dtype):
    cells = rnn_cell()
    made = dict(
        BasicRNNCell=lambda: cells.BasicRNNCell(5),
        GRUCell=lambda: cells.GRUCell(5),
        BasicLSTMCell=lambda: cells.BasicLSTMCell(5),
        LSTMCell=lambda: cells.LSTMCell(5, num_proj=2),
        MultiRNNCell=lambda: cells.MultiRNNCell([cells.LSTMCell(5, num_proj=2), cells.BasicLSTMCell(7)]),
    )[cell]()
    states = tf.nest.flatten(made.zero_state(batch_size=N, dtype=x.dtype))
    sizes = tf.constant(tf.nest.flatten(made.state_size), x.dtype)
    return tf.concat(states, axis=1), sizes, tf.constant([made.output_size], x.dtype)


@tf1_zero_state.torch("torch.zeros")
def _(torch, x, *, N, cell):
    inputs = x[:, None]
    nn, place = torch.nn, dict(device=x.device, dtype=x.dtype)

    def finals(layer, inputs):
        """The output and the states of one step, in the order c, h."""
        y, states = layer(inputs[None])
        return y[0], [state[0] for state in reversed(states if isinstance(states, tuple) else (states,))]

    if cell == "MultiRNNCell":
        y, below = finals(nn.LSTM(1, 5, proj_size=2, **place), inputs)
        y, above = finals(nn.LSTM(2, 7, **place), y)
        states = below + above
    else:
        made = dict(
            BasicRNNCell=lambda: nn.RNN(1, 5, **place),
            GRUCell=lambda: nn.GRU(1, 5, **place),
            BasicLSTMCell=lambda: nn.LSTM(1, 5, **place),
            LSTMCell=lambda: nn.LSTM(1, 5, proj_size=2, **place),
        )[cell]()
        y, states = finals(made, inputs)
    sizes = [state.shape[1] for state in states]
    return (
        torch.cat([torch.zeros(N, size, **place) for size in sizes], dim=1),
        x.new_tensor(sizes),
        x.new_tensor([y.shape[1]]),
    )


@tf1_zero_state.torch.naive(
    "torch.zeros",
    "two states of the hidden size",
    when=dict(cell="LSTMCell"),
    wrong=["output:state_size", "output:zeros"],
    kind="shape",
    because="with a projection, h has proj_size numbers and c has hidden_size",
    source=TORCH_LSTM,
    fix="make h with proj_size and c with hidden_size, or pass no state: it is zeros then",
)
def _(torch, x, *, N):
    c, h = (torch.zeros(N, 5, device=x.device, dtype=x.dtype) for _ in range(2))
    return torch.cat([c, h], dim=1), x.new_tensor([5, 5]), x.new_tensor([2])
