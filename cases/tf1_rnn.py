"""TensorFlow 1's functions that run a cell over sequences of their own lengths."""

from _recurrent import PACKED
from _tf1 import (
    LENGTHS,
    RNN,
    Built,
    keep_forget_bias,
    packed,
    padded_scan,
    rnn_cell,
    tf_variables,
    torch_variables,
    weights,
    with_states,
)

from parity import Case, buffer, grid, normal

SIZES = dict(N=3, T=4, I=6, H=5, J=lambda H: H, G=("i", "f", "g", "o"))
PACK = "https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html"


tf1_dynamic_rnn = Case(
    "tf1_dynamic_rnn",
    "A cell over padded sequences: zeros after the end of each, and the states at its end.",
    sizes=SIZES,
    parameters=dict(lengths=None, initial_state=False, time_major=False),
    inputs=lambda initial_state, time_major: dict(
        x=normal("T N I" if time_major else "N T I"),
        **(dict(h0=normal("N H"), c0=normal("N H")) if initial_state else {}),
    ),
    weights=weights(""),
    outputs=lambda time_major: dict(y="T N H" if time_major else "N T H"),
    states=dict(h="N H", c="N H"),
    variants=grid(lengths=[None, LENGTHS], time_major=[False, True], initial_state=[False])
    + grid(lengths=[None, LENGTHS, (2, 0, 4)], initial_state=[True]),
)


@tf1_dynamic_rnn.reference
def _(np, x, h0=None, c0=None, *, N, H, lengths, time_major, **weights):
    time = 0 if time_major else 1
    initial = [np.zeros((N, H))] * 2 if h0 is None else [h0, c0]
    y, states = padded_scan(np, np.moveaxis(x, time, 0), initial, lengths, weights)
    return np.stack(y, axis=time), *states


LAYERED = dict(h0="1 N H", c0="1 N H", h="1 N H", c="1 N H")


@tf1_dynamic_rnn.torch.layer("torch.nn.utils.rnn.pack_padded_sequence", weights=torch_variables(layer="_l0"), **LAYERED)
def _(torch, *, I, H, T, N, lengths, time_major):
    layer = keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=not time_major), 1.0)
    return layer, lambda x, *initial: packed(torch, layer, x, initial or None, lengths or [T] * N)


tf1_dynamic_rnn.limitation(
    "torch.nn.utils.rnn.pack_padded_sequence",
    when=dict(lengths=(2, 0, 4)),
    modes=["eager"],
    raises="RuntimeError: Length of all samples has to be greater than 0",
    because="a packed sequence has no place for one without steps, while dynamic_rnn passes the initial state through",
    source="https://github.com/pytorch/pytorch/issues/4582",
)
tf1_dynamic_rnn.limitation("torch.nn.utils.rnn.pack_padded_sequence", **PACKED)


@tf1_dynamic_rnn.torch.layer("torch.where", weights=torch_variables())
def _(torch, *, I, H, T, N, lengths, time_major):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), 1.0)

    def call(x, *initial):
        h, c = initial or (x.new_zeros(N, H), x.new_zeros(N, H))
        ends = torch.tensor(lengths or [T] * N, device=x.device)[:, None]
        outputs = []
        for time, part in enumerate(x.unbind(0 if time_major else 1)):
            new_h, new_c = cell(part, (h, c))
            outputs.append(torch.where(time < ends, new_h, 0))
            h, c = torch.where(time < ends, new_h, h), torch.where(time < ends, new_c, c)
        return torch.stack(outputs, dim=0 if time_major else 1), h, c

    return cell, call


def basic_cell(N, I, H, dtype):
    """A cell as a layer, and the function that makes its initial state from h0 and c0 or from nothing."""
    cells = rnn_cell()
    cell = cells.BasicLSTMCell(H, dtype=dtype)

    def start(h0=None, c0=None):
        return cell.zero_state(N, dtype) if h0 is None else cells.LSTMStateTuple(c=c0, h=h0)

    return cell, Built(I, cell), start


@tf1_dynamic_rnn.tensorflow.layer("tf.compat.v1.nn.dynamic_rnn", weights=tf_variables())
def _(tf, *, N, I, H, lengths, time_major, dtype):
    cell, layer, start = basic_cell(N, I, H, dtype)

    def call(x, *initial):
        y, (c, h) = tf.compat.v1.nn.dynamic_rnn(
            cell, x, sequence_length=lengths, initial_state=start(*initial), time_major=time_major
        )
        return y, h, c

    return layer, call


@tf1_dynamic_rnn.tensorflow.layer("tf.compat.v1.nn.static_rnn", weights=tf_variables())
def _(tf, *, N, I, H, lengths, time_major, dtype):
    cell, layer, start = basic_cell(N, I, H, dtype)
    time = 0 if time_major else 1

    def call(x, *initial):
        ends = None if lengths is None else tf.constant(lengths)
        y, (c, h) = tf.compat.v1.nn.static_rnn(cell, tf.unstack(x, axis=time), start(*initial), sequence_length=ends)
        return tf.stack(y, axis=time), h, c

    return layer, call


@tf1_dynamic_rnn.tensorflow.layer("tf.compat.v1.nn.raw_rnn", weights=tf_variables())
def _(tf, *, N, I, H, T, lengths, time_major, dtype):
    cell, layer, start = basic_cell(N, I, H, dtype)

    def call(x, *initial):
        steps = tf.TensorArray(x.dtype, T).unstack(x if time_major else tf.transpose(x, [1, 0, 2]))

        def advance(time, output, state, loop_state):
            finished = time >= (lengths or [T] * N)
            nothing = tf.zeros([N, I], x.dtype)
            following = tf.cond(tf.reduce_all(finished), lambda: nothing, lambda: steps.read(time))
            return finished, following, start(*initial) if output is None else state, output, None

        outputs, (c, h), _ = tf.compat.v1.nn.raw_rnn(cell, advance)
        longest = max(lengths or [T])
        y = tf.reshape(outputs.stack(), [longest, N, H])
        y = tf.pad(y, [[0, T - longest], [0, 0], [0, 0]])
        return y if time_major else tf.transpose(y, [1, 0, 2]), h, c

    return layer, call


tf1_dynamic_rnn.limitation(
    "tf.compat.v1.nn.raw_rnn",
    modes=["compiled"],
    raises="InvalidArgumentError: Input to reshape is a tensor with 0 values",
    because="compiled by XLA, the array that raw_rnn grows as it writes its outputs stays empty",
    source="tensorflow/python/ops/rnn.py of TensorFlow 2.21.0: raw_rnn",
)


@tf1_dynamic_rnn.torch.naive(
    "torch.nn.LSTM",
    "lengths left out",
    when=dict(lengths=LENGTHS, time_major=False),
    because="the layer goes on over the padding, and its final states are those after the padding",
    source="measured with torch 2.13.0",
    fix="pack the sequences by their lengths with torch.nn.utils.rnn.pack_padded_sequence",
    weights=torch_variables(layer="_l0"),
    **LAYERED,
)
def _(torch, *, I, H):
    return with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True), 1.0))


@tf1_dynamic_rnn.torch.naive(
    "torch.nn.utils.rnn.pad_packed_sequence",
    "total_length left out",
    when=dict(lengths=LENGTHS, time_major=False),
    wrong="output:y",
    kind="shape",
    because="the outputs are padded only up to the longest sequence of the batch",
    source="https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_packed_sequence.html",
    fix="pass total_length, the number of steps of the input",
    weights=torch_variables(layer="_l0"),
    **LAYERED,
)
def _(torch, *, I, H, lengths):
    layer = keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True), 1.0)

    def call(x, *initial):
        pack = torch.nn.utils.rnn
        sequences = pack.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        y, (h, c) = layer(sequences, initial or None)
        return pack.pad_packed_sequence(y, batch_first=True)[0], h, c

    return layer, call


@tf1_dynamic_rnn.torch.naive(
    "torch.nn.utils.rnn.pack_padded_sequence",
    "unsorted lengths",
    when=dict(lengths=LENGTHS),
    because="enforce_sorted is True by default, while dynamic_rnn takes the lengths in any order",
    source=PACK,
    fix="pass enforce_sorted=False",
    raises="RuntimeError: `lengths` array must be sorted in decreasing order when `enforce_sorted` is True",
)
def _(torch, x, *, lengths, time_major, **rest):
    return torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=not time_major)


@tf1_dynamic_rnn.torch.naive(
    "torch.nn.LSTM",
    "batch_first left out",
    when=dict(lengths=None, time_major=False, initial_state=False),
    kind="shape",
    because="dynamic_rnn has the batch first by default, torch.nn.LSTM the time",
    source="https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html",
    fix="pass batch_first=True where time_major=False",
    weights=torch_variables(layer="_l0"),
    h="1 N H",
    c="1 N H",
)
def _(torch, *, I, H):
    return with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H), 1.0))


@tf1_dynamic_rnn.torch.naive(
    "torch.nn.LSTM",
    "batch_first set where time_major is",
    when=dict(lengths=None, time_major=True),
    kind="shape",
    because="the two arguments are opposites",
    source="https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html",
    fix="pass batch_first=not time_major",
    weights=torch_variables(layer="_l0"),
    h="1 N H",
    c="1 N H",
)
def _(torch, *, I, H, time_major):
    return with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=time_major), 1.0))


@tf1_dynamic_rnn.tensorflow.naive(
    "tf.compat.v1.nn.dynamic_rnn",
    "last output taken for the state",
    when=dict(lengths=LENGTHS, time_major=False),
    wrong="state:h",
    size=(0.5, 2),
    because="the outputs after the end of a sequence are zeros, and the last one is no longer the state",
    source=RNN,
    fix="take state.h, which is the state at the end of each sequence",
    weights=tf_variables(),
)
def _(tf, *, N, I, H, lengths, dtype):
    cell, layer, start = basic_cell(N, I, H, dtype)

    def call(x, *initial):
        y, state = tf.compat.v1.nn.dynamic_rnn(cell, x, sequence_length=lengths, initial_state=start(*initial))
        return y, y[:, -1], state.c

    return layer, call


@tf1_dynamic_rnn.tensorflow.naive(
    "tf.nn.dynamic_rnn",
    "TensorFlow 1 name",
    because="TensorFlow 2 has moved it to tf.compat.v1.nn",
    source="tensorflow/tools/compatibility/renames_v2.py of TensorFlow 2.21.0",
    fix="call tf.compat.v1.nn.dynamic_rnn",
    raises="AttributeError: has no attribute 'dynamic_rnn'",
)
def _(tf, x, *, lengths, **rest):
    return tf.nn.dynamic_rnn(None, x, sequence_length=lengths)


tf1_dynamic_rnn_arguments = Case(
    "tf1_dynamic_rnn_arguments",
    "dynamic_rnn in a graph with swap_memory and parallel_iterations; apart is the largest difference that they make "
    "to outputs, states and gradients: none, bit for bit.",
    sizes=SIZES,
    parameters=dict(time_major=False),
    inputs=lambda time_major: dict(x=normal("T N I" if time_major else "N T I")),
    weights=weights(""),
    outputs=lambda time_major: dict(y="T N H" if time_major else "N T H", apart=buffer("")),
    states=dict(h="N H", c="N H"),
    variants=grid(swap_memory=[True], parallel_iterations=[1, 32])
    + grid(swap_memory=[False], parallel_iterations=[1], time_major=[True]),
    dtypes=("float64", "float32"),  # the arguments do not depend on the dtype, and building four graphs takes seconds
    exact=["output:apart"],
)


@tf1_dynamic_rnn_arguments.reference
def _(np, x, *, N, H, time_major, **weights):
    time = 0 if time_major else 1
    y, states = padded_scan(np, np.moveaxis(x, time, 0), [np.zeros((N, H))] * 2, None, weights)
    return np.stack(y, axis=time), np.abs(0 * x[0, 0, 0]), *states


@tf1_dynamic_rnn_arguments.tensorflow.layer("tf.compat.v1.nn.dynamic_rnn(swap_memory)", weights=tf_variables())
def _(tf, *, N, I, H, swap_memory, parallel_iterations, time_major, dtype):
    cell, layer, _ = basic_cell(N, I, H, dtype)

    def results(x):
        y, (c, h) = tf.compat.v1.nn.dynamic_rnn(
            cell,
            inputs=x,
            dtype=x.dtype,
            parallel_iterations=parallel_iterations,
            swap_memory=swap_memory,
            time_major=time_major,
            scope="encoder",
        )
        return y, h, c

    def by_default(x):
        y, (c, h) = tf.compat.v1.nn.dynamic_rnn(cell, x, dtype=x.dtype, time_major=time_major)
        return y, h, c

    def with_gradients(function, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = function(x)
        return *found, *tape.gradient(found, [x, *cell.trainable_variables])

    @tf.function(autograph=False)
    def difference(x):
        pairs = zip(with_gradients(results, x), with_gradients(by_default, x), strict=True)
        return tf.reduce_max(tf.stack([tf.reduce_max(tf.abs(one - other)) for one, other in pairs]))

    run = tf.function(results, autograph=False)

    def call(x):
        y, h, c = run(x)
        return y, difference(x), h, c

    return layer, call


@tf1_dynamic_rnn_arguments.torch.layer("torch.nn.LSTM", weights=torch_variables(layer="_l0"), h="1 N H", c="1 N H")
def _(torch, *, I, H, time_major):
    layer = keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=not time_major), 1.0)

    def call(x):
        y, (h, c) = layer(x)
        again, _ = layer(x)
        return y, (y - again).detach().abs().max(), h, c

    return layer, call


@tf1_dynamic_rnn_arguments.tensorflow.naive(
    "tf.compat.v1.nn.dynamic_rnn",
    "dtype left out",
    because="without an initial state, the cell needs the dtype of the zeros that it starts from",
    source=RNN,
    fix="pass dtype=inputs.dtype, or an initial_state",
    raises="ValueError: If no initial_state is provided, argument `dtype` must be specified",
)
def _(tf, x, *, H, dtype, time_major, **weights):
    return tf.compat.v1.nn.dynamic_rnn(rnn_cell().BasicLSTMCell(H, dtype=dtype), x, time_major=time_major)


@tf1_dynamic_rnn_arguments.torch.naive(
    "torch.nn.LSTM",
    "argument swap_memory",
    because="PyTorch has no such argument: it keeps on the device what the way back needs",
    source="https://docs.pytorch.org/docs/stable/autograd.html#saved-tensors-hooks-default-doc",
    fix="leave it out; to keep what the way back needs on the CPU, run inside torch.autograd.graph.save_on_cpu()",
    raises="TypeError: unexpected keyword argument 'swap_memory'",
)
def _(torch, x, *, I, H, swap_memory, **weights):
    return torch.nn.LSTM(I, H, swap_memory=swap_memory)
