"""TensorFlow 1's LSTM cell, called in a loop over time, with its peepholes, its clipping and its projection."""

from _recurrent import scan
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

from parity import Case, grid, normal

SIZES = dict(N=4, T=3, I=6, H=5, P=lambda num_proj, H: num_proj or H, J=lambda P: P, G=("i", "f", "g", "o"))
RNN_CELL = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cells.py"
TORCH_LSTM = "https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html"


def inputs(initial_state):
    return dict(x=normal("N T I"), **(dict(h0=normal("N P"), c0=normal("N H")) if initial_state else {}))


def weights(use_peepholes, num_proj):
    tensors = dict(kernel=normal("G H I", std=0.3), recurrent=normal("G H J", std=0.3), bias=normal("G H", std=0.5))
    if use_peepholes:
        tensors |= {f"peephole_{gate}": normal("H", std=0.5) for gate in "ifo"}
    if num_proj:
        tensors["projection"] = normal("P H", std=0.5)
    return tensors


PARAMETERS = dict(
    use_peepholes=False, num_proj=None, cell_clip=None, proj_clip=None, forget_bias=1.0, initial_state=False
)

tf1_lstm_cell = Case(
    "tf1_lstm_cell",
    "TensorFlow 1's LSTM cell with peepholes from the cell state to the gates, and a projected state.",
    sizes=SIZES,
    parameters=PARAMETERS,
    inputs=inputs,
    weights=weights,
    outputs=dict(y="N T P"),
    states=dict(h="N P", c="N H"),
    variants=grid(use_peepholes=[False, True], num_proj=[None, 2], initial_state=[False, True])
    + grid(use_peepholes=[True], forget_bias=[0.0, 2.5]),
)

tf1_lstm_cell_clipped = Case(
    "tf1_lstm_cell_clipped",
    "TensorFlow 1's LSTM cell that clips its cell state, before the output gate sees it, and its projected state.",
    sizes=SIZES,
    parameters=PARAMETERS,
    inputs=inputs,
    weights=weights,
    outputs=dict(y="N T P"),
    states=dict(h="N P", c="N H"),
    variants=grid(cell_clip=[0.25], use_peepholes=[False, True], initial_state=[False, True])
    + grid(num_proj=[2], cell_clip=[None, 0.25], proj_clip=[0.125], use_peepholes=[False, True]),
    dtypes=[
        "float64",
        "float32",
    ],  # with 16 bits, rounding decides at the edge of the clipping whether there is a gradient
)


tf1_lstm_cell_projected = Case(
    "tf1_lstm_cell_projected",
    "TensorFlow 1's LSTM cell with a projected state, which PyTorch has as proj_size.",
    sizes=SIZES,
    parameters=dict(PARAMETERS, num_proj=2),
    inputs=inputs,
    weights=weights,
    outputs=dict(y="N T P"),
    states=dict(h="N P", c="N H"),
    variants=grid(forget_bias=[1.0, 0.0], initial_state=[False, True]),
)


@tf1_lstm_cell_projected.reference
@tf1_lstm_cell_clipped.reference
@tf1_lstm_cell.reference
def _(np, x, h0=None, c0=None, *, N, H, P, forget_bias, cell_clip, proj_clip, **weights):
    initial = [np.zeros((N, P)), np.zeros((N, H))] if h0 is None else [h0, c0]
    y, states = scan(np, lstm_step(forget_bias, cell_clip, proj_clip), np.moveaxis(x, 1, 0), initial, weights)
    return np.stack(y, axis=1), *states


LAID_OUT = dict(kernel="(G H) I", recurrent="(G H) J", bias="(G H)")


@tf1_lstm_cell_clipped.torch("torch loop with peepholes and clamp", **LAID_OUT)
@tf1_lstm_cell.torch("torch loop with peepholes", **LAID_OUT)
def _(
    torch,
    x,
    kernel,
    recurrent,
    bias,
    h0=None,
    c0=None,
    peephole_i=0,
    peephole_f=0,
    peephole_o=0,
    projection=None,
    *,
    N,
    H,
    P,
    use_peepholes,
    forget_bias,
    cell_clip,
    proj_clip,
):
    h, c = (x.new_zeros(N, P), x.new_zeros(N, H)) if h0 is None else (h0, c0)
    outputs = []
    for part in x.unbind(1):
        gates = torch.nn.functional.linear(torch.cat([part, h], dim=1), torch.cat([kernel, recurrent], dim=1), bias)
        i, f, g, o = gates.chunk(4, dim=1)
        f = f + forget_bias
        if use_peepholes:
            i, f = i + peephole_i * c, f + peephole_f * c
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        if cell_clip is not None:
            c = c.clamp(-cell_clip, cell_clip)
        if use_peepholes:
            o = o + peephole_o * c
        h = torch.sigmoid(o) * torch.tanh(c)
        if projection is not None:
            h = torch.nn.functional.linear(h, projection)
        if proj_clip is not None:
            h = h.clamp(-proj_clip, proj_clip)
        outputs.append(h)
    return torch.stack(outputs, dim=1), h, c


def cell_variables(use_peepholes, num_proj):
    variables = tf_variables()
    if use_peepholes:
        variables |= {f"w_{gate}_diag": f"peephole_{gate}: H" for gate in "ifo"}
    if num_proj:
        variables["projection/kernel"] = "projection: H P"
    return variables


@tf1_lstm_cell_projected.tensorflow.layer("tf.compat.v1.nn.rnn_cell.LSTMCell", weights=cell_variables)
@tf1_lstm_cell_clipped.tensorflow.layer("tf.compat.v1.nn.rnn_cell.LSTMCell", weights=cell_variables)
@tf1_lstm_cell.tensorflow.layer("tf.compat.v1.nn.rnn_cell.LSTMCell", weights=cell_variables)
def _(tf, *, N, I, H, use_peepholes, num_proj, cell_clip, proj_clip, forget_bias, dtype):
    cells = rnn_cell()
    cell = cells.LSTMCell(
        H,
        use_peepholes=use_peepholes,
        cell_clip=cell_clip,
        num_proj=num_proj,
        proj_clip=proj_clip,
        forget_bias=forget_bias,
        dtype=dtype,
        trainable=True,
    )

    def call(x, h0=None, c0=None):
        state = cell.zero_state(N, x.dtype) if h0 is None else cells.LSTMStateTuple(c0, h0)
        y, (c, h) = unrolled(tf, cell, x, state)
        return y, h, c

    return Built(I, cell), call


LAYERED = dict(h0="1 N P", c0="1 N H", h="1 N P", c="1 N H")
PROJECTED = dict(torch_variables(layer="_l0"), weight_hr_l0="projection: P H")


@tf1_lstm_cell_projected.torch.layer("torch.nn.LSTM(proj_size)", weights=PROJECTED, **LAYERED)
def _(torch, *, I, H, P, forget_bias):
    layer = torch.nn.LSTM(I, H, batch_first=True, proj_size=P)
    return with_states(keep_forget_bias(torch, layer, forget_bias))


@tf1_lstm_cell_projected.torch.naive(
    "torch.nn.LSTM",
    "projection left out",
    because="what is fed back is the projected state, so the weights do not fit a layer without a projection",
    source=TORCH_LSTM,
    fix="build torch.nn.LSTM with proj_size=num_proj, and load the projection into weight_hr_l0",
    raises="RuntimeError: size mismatch for weight_hh_l0",
    **LAID_OUT,
)
def _(torch, x, kernel, recurrent, bias, *, I, H, **rest):
    layer = torch.nn.LSTM(I, H, batch_first=True, device=x.device)
    layer.load_state_dict(dict(weight_ih_l0=kernel, weight_hh_l0=recurrent, bias_ih_l0=bias, bias_hh_l0=0 * bias))
    return layer(x)


@tf1_lstm_cell.torch.naive(
    "torch.nn.LSTMCell",
    "peepholes left out",
    when=dict(use_peepholes=True, num_proj=None),
    because="PyTorch's cells have no connections from the cell state to the gates",
    source=TORCH_LSTM,
    fix="write the loop over time, with the peepholes added before the gates' sigmoids",
    **LAID_OUT,
)
def _(torch, x, kernel, recurrent, bias, h0=None, c0=None, *, I, H, forget_bias, **peepholes):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H, device=x.device), forget_bias)
    loaded = dict(weight_ih=kernel, weight_hh=recurrent, bias_ih=bias)

    def called(part, states):
        return torch.func.functional_call(cell, loaded, (part, states))

    return torch_unrolled(torch, called, x, None if h0 is None else (h0, c0))


@tf1_lstm_cell.torch.naive(
    "torch loop with peepholes",
    "output gate sees the old cell state",
    when=dict(use_peepholes=True, num_proj=None),
    because="the output gate's peephole is connected to the new cell state, the other two gates' to the old one",
    source=RNN_CELL,
    fix="add peephole_o * c to the output gate after c is updated",
    **LAID_OUT,
)
def _(torch, x, kernel, recurrent, bias, peephole_i, peephole_f, peephole_o, h0=None, c0=None, *, N, H, forget_bias):
    h, c = (x.new_zeros(N, H), x.new_zeros(N, H)) if h0 is None else (h0, c0)
    outputs = []
    for part in x.unbind(1):
        i, f, g, o = torch.nn.functional.linear(
            torch.cat([part, h], dim=1), torch.cat([kernel, recurrent], dim=1), bias
        ).chunk(4, dim=1)
        i, f, o = i + peephole_i * c, f + forget_bias + peephole_f * c, o + peephole_o * c
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs, dim=1), h, c


@tf1_lstm_cell_clipped.torch.naive(
    "torch.nn.LSTM",
    "cell_clip left out",
    when=dict(cell_clip=0.25, use_peepholes=False, num_proj=None),
    because="PyTorch's layers never clip the cell state",
    source=TORCH_LSTM,
    fix="write the loop over time, and clamp the cell state before the output gate's product",
    weights=torch_variables(layer="_l0"),
    **LAYERED,
)
def _(torch, *, I, H, forget_bias):
    return with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True), forget_bias))


@tf1_lstm_cell_clipped.torch.naive(
    "torch.nn.LSTM(proj_size)",
    "proj_clip left out",
    when=dict(cell_clip=None, proj_clip=0.125, use_peepholes=False),
    because="PyTorch's layers never clip the projected state",
    source=TORCH_LSTM,
    fix="write the loop over time, and clamp the projected state at each step",
    weights=PROJECTED,
    **LAYERED,
)
def _(torch, *, I, H, P, forget_bias):
    return with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True, proj_size=P), forget_bias))


@tf1_lstm_cell_clipped.torch.naive(
    "torch.nn.LSTMCell",
    "cell state clamped between steps",
    when=dict(cell_clip=0.25, use_peepholes=False, num_proj=None),
    because="the output of a step is made from the clipped cell state, not only the next step",
    source=RNN_CELL,
    fix="clamp the cell state before tanh and the output gate's product, inside the step",
    weights=torch_variables(),
)
def _(torch, *, I, H, cell_clip, forget_bias):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), forget_bias)

    def clamped(part, states):
        h, c = cell(part, states)
        return h, c.clamp(-cell_clip, cell_clip)

    return cell, lambda x, *initial: torch_unrolled(torch, clamped, x, initial or None)


@tf1_lstm_cell_clipped.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.BasicLSTMCell",
    "cell_clip passed",
    when=dict(cell_clip=0.25, use_peepholes=False, num_proj=None, initial_state=False),
    because="BasicLSTMCell has no clipping, no projection and no peepholes",
    source=RNN_CELL,
    fix="use tf.compat.v1.nn.rnn_cell.LSTMCell",
    raises="TypeError: cell_clip",
)
def _(tf, x, *, H, cell_clip, **rest):
    return rnn_cell().BasicLSTMCell(H, cell_clip=cell_clip)


for unprojected in (tf1_lstm_cell, tf1_lstm_cell_clipped):
    miscompiled(unprojected, "tf.compat.v1.nn.rnn_cell.LSTMCell", when=dict(num_proj=None))
