"""Faults in recurrent layers: gates, steps, directions, masks and states."""

from typing import Any

from proof.fault import Shows, fault
from proof.tools import Altered, blocks, without_gradient

ONE_WAY = dict(layers=1, bidirectional=False, initial_state=False)
TWO_WAY = dict(layers=1, bidirectional=True, initial_state=False)
PLAIN = dict(initial_state=False, bias=True, empty=False)
GIVEN = dict(initial_state=True, bias=True, empty=False)
STATES = ("output:y", "state:h", "state:c")
KERAS_CELLS = ("keras.layers.LSTMCell", "keras.layers.RNN")


@fault(
    "torch-lstm-cell-gate-order",
    "gate order",
    Shows("lstm_cell", ("torch.nn.LSTMCell",), STATES, when=PLAIN),
    torch="torch._VF.lstm_cell",
)
def _(torch: Any, lstm_cell: Any, x: Any, states: Any, *weights: Any) -> Any:
    """The weights are read as i, g, f, o."""
    return lstm_cell(x, states, *(blocks(torch, each, (0, 2, 1, 3)) for each in weights))


@fault(
    "torch-lstm-gate-order",
    "gate order",
    Shows("lstm", ("torch.nn.LSTM",), STATES, when=ONE_WAY),
    torch="torch._VF.lstm",
)
def _(torch: Any, lstm: Any, x: Any, states: Any, weights: Any, *more: Any) -> Any:
    """The weights are read as i, f, o, g."""
    return lstm(x, states, [blocks(torch, each, (0, 1, 3, 2)) for each in weights], *more)


@fault(
    "keras-lstm-cell-gate-order",
    "gate order",
    Shows("lstm_cell", KERAS_CELLS, STATES, when=PLAIN),
    tensorflow="keras.layers.LSTMCell._compute_carry_and_output_fused",
)
def _(tf: Any, compute: Any, cell: Any, gates: Any, carry: Any) -> Any:
    """The gates are read as i, g, f, o, as TensorFlow 1 keeps them."""
    return compute(cell, [gates[index] for index in (0, 2, 1, 3)], carry)


@fault(
    "keras-lstm-forget-bias",
    "forget bias",
    Shows("lstm", ("keras.layers.LSTM",), STATES, when=ONE_WAY),
    tensorflow="keras.layers.LSTMCell._compute_carry_and_output_fused",
)
def _(tf: Any, compute: Any, cell: Any, gates: Any, carry: Any) -> Any:
    """The forget gate gets a bias of 1 that no weight shows."""
    i, f, g, o = gates
    return compute(cell, (i, f + 1, g, o), carry)


@fault(
    "tensorflow1-forget-bias-ignored",
    "forget bias",
    Shows(
        "tf1_basic_lstm_cell",
        ("tf.compat.v1.nn.rnn_cell.BasicLSTMCell",),
        ("output:*", "state:*"),
        when=dict(forget_bias=1.0),
    ),
    tensorflow="tf_keras.src.layers.rnn.legacy_cells.BasicLSTMCell.call",
)
def _(tf: Any, call: Any, cell: Any, *arguments: Any) -> Any:
    """forget_bias is not heeded."""
    return call(Altered(cell, _forget_bias=0.0), *arguments)


@fault(
    "keras-gru-cell-gate-order",
    "gate order",
    Shows("gru_cell", ("keras.layers.GRUCell",), ("output:y", "state:h"), when=dict(initial_state=False)),
    tensorflow="keras.layers.GRUCell.call",
)
def _(tf: Any, call: Any, cell: Any, *arguments: Any, **named: Any) -> Any:
    """The weights are read as r, z, h."""
    swapped = {name: blocks(tf, getattr(cell, name), (1, 0, 2), 1) for name in ("kernel", "recurrent_kernel")}
    bias = {} if cell.bias is None else dict(bias=blocks(tf, cell.bias, (1, 0, 2), 1))
    return call(Altered(cell, **swapped, **bias), *arguments, **named)


@fault(
    "torch-gru-bias-outside-the-reset-gate",
    "gate order",
    Shows("gru_cell", ("torch.nn.GRUCell",), ("output:y", "state:h", "grad:bias_hidden"), when=GIVEN),
    torch="torch._VF.gru_cell",
)
def _(
    torch: Any,
    gru_cell: Any,
    x: Any,
    h: Any,
    kernel: Any,
    recurrent: Any,
    bias_input: Any = None,
    bias_hidden: Any = None,
) -> Any:
    """The hidden bias of the new state is not multiplied by the reset gate."""
    if bias_input is not None:
        size = h.shape[-1]
        own = torch.arange(3 * size) >= 2 * size
        bias_input, bias_hidden = bias_input + bias_hidden * own, bias_hidden * ~own
    return gru_cell(x, h, kernel, recurrent, bias_input, bias_hidden)


@fault(
    "torch-lstm-last-step-dropped",
    "last time step dropped",
    Shows("lstm", ("torch.nn.LSTM",), STATES, when=ONE_WAY),
    torch="torch._VF.lstm",
)
def _(torch: Any, lstm: Any, x: Any, *more: Any) -> Any:
    """The last step is not taken: it puts out zeros."""
    time = 1 if more[-1] else 0
    y, *states = lstm(x.narrow(time, 0, x.shape[time] - 1), *more)
    return torch.cat([y, torch.zeros_like(y.narrow(time, 0, 1))], time), *states


@fault(
    "keras-gru-last-step-dropped",
    "last time step dropped",
    Shows("gru", ("keras.layers.GRU",), ("output:y", "state:h"), when=ONE_WAY),
    tensorflow="keras.layers.GRU.call",
)
def _(tf: Any, call: Any, layer: Any, sequences: Any, *more: Any, **named: Any) -> Any:
    """The last step is not taken: it puts out zeros."""
    y, *states = call(layer, sequences[:, :-1], *more, **named)
    return tf.pad(y, [(0, 0), (0, 1), (0, 0)]), *states


@fault(
    "torch-lstm-reverse-misaligned",
    "reverse direction misaligned",
    Shows("lstm", ("torch.nn.LSTM",), ("output:y",), when=TWO_WAY),
    torch="torch._VF.lstm",
)
def _(torch: Any, lstm: Any, x: Any, *more: Any) -> Any:
    """The backward outputs come in the order in which they were computed."""
    y, *states = lstm(x, *more)
    if not more[-2]:
        return y, *states
    forward, back = y.chunk(2, -1)
    return torch.cat([forward, back.flip(1 if more[-1] else 0)], -1), *states


@fault(
    "keras-bidirectional-reverse-misaligned",
    "reverse direction misaligned",
    Shows("gru", ("keras.layers.GRU",), ("output:y",), when=TWO_WAY),
    Shows("rnn", ("keras.layers.SimpleRNN",), ("output:y",), when=TWO_WAY),
    tensorflow="keras.layers.Bidirectional.call",
)
def _(tf: Any, call: Any, layer: Any, *arguments: Any, **named: Any) -> Any:
    """The backward outputs come in the order in which they were computed."""
    y, *states = call(layer, *arguments, **named)
    forward, back = tf.split(y, 2, -1)
    return tf.concat([forward, tf.reverse(back, [1])], -1), *states


@fault(
    "torch-lstm-cell-state-not-returned",
    "state not returned",
    Shows("lstm", ("torch.nn.LSTM",), ("state:c",), when=dict(ONE_WAY, initial_state=True)),
    torch="torch._VF.lstm",
)
def _(torch: Any, lstm: Any, x: Any, states: Any, *more: Any) -> Any:
    """The final c is the initial one."""
    y, h, _ = lstm(x, states, *more)
    return y, h, states[1]


@fault(
    "keras-gru-state-not-returned",
    "state not returned",
    Shows("gru", ("keras.layers.GRU",), ("state:h",), when=dict(ONE_WAY, time_major=False)),
    tensorflow="keras.layers.GRU.call",
)
def _(tf: Any, call: Any, layer: Any, *arguments: Any, **named: Any) -> Any:
    """The final state is that of the first step."""
    y, *_ = call(layer, *arguments, **named)
    return y, y[:, 0]


@fault(
    "keras-lstm-mask-ignored",
    "mask ignored",
    Shows("masked_steps", ("keras.layers.LSTM",), STATES),
    tensorflow="keras.layers.LSTM.call",
)
def _(
    tf: Any, call: Any, layer: Any, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = False
) -> Any:
    """The mask is not heeded."""
    return call(layer, sequences, initial_state, None, training)


@fault(
    "torch-packed-lengths-ignored",
    "mask ignored",
    Shows(
        "variable_lengths",
        (
            "torch.nn.utils.rnn.pack_padded_sequence",
            "torch.nn.LSTM (last output taken for the final state)",
            "torch.nn.utils.rnn.pad_packed_sequence (total_length forgotten)",
        ),
        STATES,
        when=dict(cell="lstm", layers=1, lengths=(3, 5, 1, 4)),
    ),
    torch="torch.nn.utils.rnn.pack_padded_sequence",
)
def _(torch: Any, pack: Any, x: Any, lengths: Any, batch_first: Any = False, enforce_sorted: Any = True) -> Any:
    """Every sequence is as long as the batch."""
    return pack(x, [x.shape[1 if batch_first else 0]] * len(lengths), batch_first, enforce_sorted)


@fault(
    "torch-lstm-cell-gradient-cut-in-time",
    "gradient of one weight zero",
    Shows("lstm_cell", ("torch.nn.LSTMCell",), ("grad:x", "grad:recurrent"), when=PLAIN),
    torch="torch._VF.lstm_cell",
)
def _(torch: Any, lstm_cell: Any, x: Any, states: Any, *weights: Any) -> Any:
    """No gradient goes from one step to the one before; the results are right."""
    return lstm_cell(x, [without_gradient(torch, state) for state in states], *weights)


@fault(
    "keras-lstm-recurrent-kernel-without-gradient",
    "gradient of one weight zero",
    Shows("lstm", ("keras.layers.LSTM",), ("grad:recurrent_0",), may=(), when=ONE_WAY),
    tensorflow="keras.layers.LSTMCell.call",
)
def _(tf: Any, call: Any, cell: Any, *arguments: Any, **named: Any) -> Any:
    """The recurrent kernel gets no gradient; the results are right."""
    return call(
        Altered(cell, recurrent_kernel=without_gradient(tf, tf.convert_to_tensor(cell.recurrent_kernel))),
        *arguments,
        **named,
    )


@fault(
    "keras-simple-rnn-bias-dropped",
    "a term dropped from an accumulation",
    Shows("rnn_cell", ("keras.layers.SimpleRNNCell",), ("output:y", "state:h", "grad:bias"), when=PLAIN),
    tensorflow="keras.layers.SimpleRNNCell.call",
)
def _(tf: Any, call: Any, cell: Any, *arguments: Any, **named: Any) -> Any:
    """The bias is not added."""
    return call(Altered(cell, bias=None), *arguments, **named)


@fault(
    "torch-rnn-cell-input-bfloat16",
    "inputs rounded to bfloat16",
    Shows("rnn_cell", ("torch.nn.RNNCell",), ("output:y", "state:h"), when=PLAIN, dtypes=("float32",)),
    torch="torch._VF.rnn_tanh_cell",
)
def _(torch: Any, rnn_tanh_cell: Any, x: Any, *more: Any) -> Any:
    """The step's input is rounded to bfloat16."""
    return rnn_tanh_cell(x.bfloat16().to(x.dtype), *more)


@fault(
    "both-lstm-forget-bias",
    "both frameworks wrong in the same way",
    Shows("lstm_cell", ("torch.nn.LSTMCell", *KERAS_CELLS), STATES, when=PLAIN),
    torch="torch._VF.lstm_cell",
    tensorflow="keras.layers.LSTMCell.call",
)
def _(framework: Any, step: Any, first: Any, *arguments: Any, **named: Any) -> Any:
    """Both add 1 to the forget gate."""
    if framework.__name__ == "torch":
        states, kernel, recurrent, bias, hidden = arguments
        return step(first, states, kernel, recurrent, bias + forget(framework.zeros_like(bias)), hidden)
    bias = framework.convert_to_tensor(first.bias)
    size = bias.shape[0] // 4
    one = framework.cast(framework.range(4 * size) // size == 1, bias.dtype)
    return step(Altered(first, bias=bias + one), *arguments, **named)


def forget(bias: Any) -> Any:
    """A bias of 1 for the second of four gates."""
    size = len(bias) // 4
    bias[size : 2 * size] = 1
    return bias
