"""TensorFlow 1's functions that run cells in both directions, and over parts of a sequence with a saved state."""

from _recurrent import PACKED, scan
from _tf1 import (
    LENGTHS,
    RNN,
    Built,
    keep_forget_bias,
    lstm_step,
    packed,
    padded_scan,
    rnn_cell,
    tf_variables,
    torch_variables,
    weights,
    with_states,
)

from parity import Case, grid, normal

SIZES = dict(N=3, T=4, I=6, H=5, J=lambda H: H, D=2, G=("i", "f", "g", "o"))
TORCH_LSTM = "https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html"


tf1_bidirectional_dynamic_rnn = Case(
    "tf1_bidirectional_dynamic_rnn",
    "A cell forwards and another backwards over padded sequences, each backwards from its own end.",
    sizes=SIZES,
    parameters=dict(lengths=None, time_major=False),
    inputs=lambda time_major: dict(x=normal("T N I" if time_major else "N T I")),
    weights=weights("", "_reverse"),
    outputs=lambda time_major: dict(y="T N D H" if time_major else "N T D H"),
    states=dict(h="D N H", c="D N H"),
    variants=grid(lengths=[None, LENGTHS], time_major=[False, True]),
)


@tf1_bidirectional_dynamic_rnn.reference
def _(np, x, *, N, H, T, lengths, time_major, **weights):
    time = 0 if time_major else 1
    sequence = list(np.moveaxis(x, time, 0))
    forward = {name: weight for name, weight in weights.items() if not name.endswith("_reverse")}
    backward = {name: weights[f"{name}_reverse"] for name in forward}
    zero = [np.zeros((N, H))] * 2

    def reversed_within(sequence):
        ends = lengths or [T] * N
        return [np.stack([sequence[end - 1 - t if t < end else t][n] for n, end in enumerate(ends)]) for t in range(T)]

    ahead, (h, c) = padded_scan(np, sequence, zero, lengths, forward)
    back, (back_h, back_c) = padded_scan(np, reversed_within(sequence), zero, lengths, backward)
    y = np.stack([np.stack(ahead), np.stack(reversed_within(back))], axis=2)
    return y if time_major else np.moveaxis(y, 0, 1), np.stack([h, back_h]), np.stack([c, back_c])


BOTH = dict(torch_variables(layer="_l0"), **torch_variables("_reverse", "_l0_reverse"))


def bidirectional(torch, I, H, time_major=False):
    layer = torch.nn.LSTM(I, H, batch_first=not time_major, bidirectional=True)
    return keep_forget_bias(torch, layer, 1.0)


def separated(y, D, H):
    """The outputs of the two directions on an axis of their own."""
    return y.unflatten(-1, (D, H))


@tf1_bidirectional_dynamic_rnn.torch.layer("torch.nn.LSTM", weights=BOTH)
def _(torch, *, N, I, H, D, T, lengths, time_major):
    layer = bidirectional(torch, I, H, time_major)

    def call(x):
        y, h, c = packed(torch, layer, x, None, lengths or [T] * N)
        return separated(y, D, H), h, c

    return layer, call


tf1_bidirectional_dynamic_rnn.limitation("torch.nn.LSTM", **PACKED)


def two_cells(I, H, dtype):
    cells = [rnn_cell().BasicLSTMCell(H, dtype=dtype) for _ in range(2)]
    return cells, Both(I, *cells)


class Both(Built):
    """Two cells side by side, each with the same inputs."""

    def __init__(self, features, forward, backward):
        parts = [Built(features, forward), Built(features, backward)]
        for name, part in zip(("fw", "bw"), parts, strict=True):
            for variable in part.weights:
                variable.path = f"{name}/{variable.path}"
        self.weights = [variable for part in parts for variable in part.weights]


SIDE_BY_SIDE = dict(tf_variables(number="fw/"), **tf_variables("_reverse", "bw/"))


@tf1_bidirectional_dynamic_rnn.tensorflow.layer("tf.compat.v1.nn.bidirectional_dynamic_rnn", weights=SIDE_BY_SIDE)
def _(tf, *, I, H, lengths, time_major, dtype):
    cells, layer = two_cells(I, H, dtype)

    def call(x):
        y, states = tf.compat.v1.nn.bidirectional_dynamic_rnn(
            *cells, x, sequence_length=lengths and tf.constant(lengths), dtype=x.dtype, time_major=time_major
        )
        return tf.stack(y, axis=2), tf.stack([s.h for s in states]), tf.stack([s.c for s in states])

    return layer, call


@tf1_bidirectional_dynamic_rnn.tensorflow.layer("tf.compat.v1.nn.static_bidirectional_rnn", weights=SIDE_BY_SIDE)
def _(tf, *, I, H, D, lengths, time_major, dtype):
    cells, layer = two_cells(I, H, dtype)
    time = 0 if time_major else 1

    def call(x):
        y, *states = tf.compat.v1.nn.static_bidirectional_rnn(
            *cells, tf.unstack(x, axis=time), sequence_length=lengths and tf.constant(lengths), dtype=x.dtype
        )
        y = tf.stack(y, axis=time)
        y = tf.reshape(y, [*y.shape[:2], D, H])
        return y, tf.stack([s.h for s in states]), tf.stack([s.c for s in states])

    return layer, call


@tf1_bidirectional_dynamic_rnn.torch.naive(
    "torch.nn.LSTM",
    "padded batch unpacked",
    when=dict(lengths=LENGTHS, time_major=False),
    because="the backward direction starts in the padding instead of at the end of each sequence",
    source=TORCH_LSTM,
    fix="pack the sequences by their lengths with torch.nn.utils.rnn.pack_padded_sequence",
    weights=BOTH,
)
def _(torch, *, I, H, D):
    layer = bidirectional(torch, I, H)

    def call(x):
        y, (h, c) = layer(x)
        return separated(y, D, H), h, c

    return layer, call


@tf1_bidirectional_dynamic_rnn.torch.naive(
    "torch.nn.LSTM",
    "last output taken for the state",
    when=dict(lengths=None, time_major=False),
    wrong="state:h",
    because="the backward direction ends at the first step, so its last output is its first state",
    source=TORCH_LSTM,
    fix="take h_n, or the backward half of the first output",
    weights=BOTH,
)
def _(torch, *, I, H, D):
    layer = bidirectional(torch, I, H)

    def call(x):
        y, (_, c) = layer(x)
        y = separated(y, D, H)
        return y, y[:, -1].transpose(0, 1), c

    return layer, call


@tf1_bidirectional_dynamic_rnn.torch.naive(
    "torch.nn.LSTM",
    "batch_first passed by position",
    when=dict(time_major=False),
    because="the third argument of torch.nn.LSTM is num_layers",
    source=TORCH_LSTM,
    fix="pass batch_first by its name",
    raises="TypeError: lstm() received an invalid combination of arguments",
)
def _(torch, x, *, I, H, **weights):
    return torch.nn.LSTM(I, H, True, bidirectional=True, device=x.device)(x)


@tf1_bidirectional_dynamic_rnn.tensorflow.naive(
    "tf.reverse",
    "padded batch reversed as a whole",
    when=dict(lengths=LENGTHS, time_major=False),
    because="the padding comes first, so the backward cell reads steps that are shifted by it",
    source=RNN,
    fix="reverse each sequence within its length with tf.reverse_sequence",
    weights=SIDE_BY_SIDE,
)
def _(tf, *, I, H, lengths, dtype):
    (forward, backward), layer = two_cells(I, H, dtype)

    def call(x):
        run = tf.compat.v1.nn.dynamic_rnn
        ahead, state = run(forward, x, sequence_length=lengths, dtype=x.dtype)
        back, back_state = run(backward, tf.reverse(x, [1]), sequence_length=lengths, dtype=x.dtype)
        y = tf.stack([ahead, tf.reverse(back, [1])], axis=2)
        return y, tf.stack([state.h, back_state.h]), tf.stack([state.c, back_state.c])

    return layer, call


@tf1_bidirectional_dynamic_rnn.tensorflow.naive(
    "tf.compat.v1.nn.bidirectional_dynamic_rnn",
    "scope passed by position",
    when=dict(lengths=LENGTHS, time_major=False),
    raises="AttributeError: 'str' object has no attribute 'dtype'",
    because="the fifth argument is initial_state_fw: the name of the scope is taken for the forward state",
    source=RNN,
    fix="name the argument: scope=scope",
    weights=SIDE_BY_SIDE,
)
def _(tf, *, I, H, lengths, dtype):
    (forward, backward), layer = two_cells(I, H, dtype)

    def call(x):
        scope = "encoder"
        y, states = tf.compat.v1.nn.bidirectional_dynamic_rnn(forward, backward, x, lengths, scope)
        return tf.stack(y, axis=2), tf.stack([s.h for s in states]), tf.stack([s.c for s in states])

    return layer, call


@tf1_bidirectional_dynamic_rnn.tensorflow.naive(
    "tf.compat.v1.nn.bidirectional_dynamic_rnn",
    "neither a state nor a dtype given",
    when=dict(lengths=LENGTHS, time_major=False),
    raises="ValueError: If no initial_state is provided, argument `dtype` must be specified",
    because="the zero states are made in this dtype; scope=None by position leaves the states out as well",
    source=RNN,
    fix="pass dtype=",
    weights=SIDE_BY_SIDE,
)
def _(tf, *, I, H, lengths, dtype):
    (forward, backward), layer = two_cells(I, H, dtype)
    return layer, lambda x: tf.compat.v1.nn.bidirectional_dynamic_rnn(forward, backward, x, lengths, None)


@tf1_bidirectional_dynamic_rnn.tensorflow.naive(
    "tf.compat.v1.nn.bidirectional_dynamic_rnn",
    "pair of outputs taken for one tensor",
    when=dict(lengths=LENGTHS, time_major=False),
    raises="AttributeError: 'tuple' object has no attribute 'shape'",
    because="the outputs are a pair, [batch, time, hidden] for each direction, not one tensor of 2 * hidden features",
    source=RNN,
    fix="join them with tf.concat(outputs, 2)",
    weights=SIDE_BY_SIDE,
)
def _(tf, *, I, H, lengths, dtype):
    (forward, backward), layer = two_cells(I, H, dtype)

    def call(x):
        outputs, states = tf.compat.v1.nn.bidirectional_dynamic_rnn(
            forward, backward, x, sequence_length=lengths, dtype=x.dtype
        )
        return tf.reshape(outputs, [-1, outputs.shape[-1]]), states

    return layer, call


tf1_static_state_saving_rnn = Case(
    "tf1_static_state_saving_rnn",
    "A cell over a sequence in parts: the state at the end of one part is the start of the next.",
    sizes=dict(SIZES, T=6, I=7),
    parameters=dict(parts=2),
    inputs=dict(x=normal("N T I")),
    weights=weights(""),
    outputs=dict(y="N T H"),
    states=dict(h="N H", c="N H"),
    variants=grid(parts=[1, 2, 3]),
)


@tf1_static_state_saving_rnn.reference
def _(np, x, *, N, H, **weights):
    y, states = scan(np, lstm_step(), np.moveaxis(x, 1, 0), [np.zeros((N, H))] * 2, weights)
    return np.stack(y, axis=1), *states


@tf1_static_state_saving_rnn.torch.layer("torch.nn.LSTM", weights=torch_variables(layer="_l0"), h="1 N H", c="1 N H")
def _(torch, *, I, H, parts):
    layer = keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True), 1.0)

    def call(x):
        outputs, state = [], None
        for part in x.chunk(parts, dim=1):
            y, state = layer(part, state)
            outputs.append(y)
        return torch.cat(outputs, dim=1), *state

    return layer, call


@tf1_static_state_saving_rnn.tensorflow.layer("tf.compat.v1.nn.static_state_saving_rnn", weights=tf_variables())
def _(tf, *, N, I, H, parts, dtype):
    cell = rnn_cell().BasicLSTMCell(H, dtype=dtype)

    class Saver:
        def __init__(self):
            self.saved = cell.zero_state(N, dtype)._asdict()

        def state(self, name):
            return self.saved[name]

        def save_state(self, name, value):
            self.saved[name] = value
            return value

    def call(x):
        saver, outputs = Saver(), []
        for part in tf.split(x, parts, axis=1):
            y, _ = tf.compat.v1.nn.static_state_saving_rnn(cell, tf.unstack(part, axis=1), saver, ("c", "h"))
            outputs += y
        return tf.stack(outputs, axis=1), saver.saved["h"], saver.saved["c"]

    return Built(I, cell), call


@tf1_static_state_saving_rnn.torch.naive(
    "torch.nn.LSTM",
    "state not passed on",
    when=dict(parts=2),
    because="a layer starts each call from zeros unless it is given a state",
    source=TORCH_LSTM,
    fix="pass the state that the previous call returned, detached where the gradient is to end there",
    weights=torch_variables(layer="_l0"),
    h="1 N H",
    c="1 N H",
)
def _(torch, *, I, H, parts):
    layer, call = with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True), 1.0))

    def in_parts(x):
        results = [call(part) for part in x.chunk(parts, dim=1)]
        return torch.cat([y for y, _, _ in results], dim=1), *results[-1][1:]

    return layer, in_parts
