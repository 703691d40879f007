"""TensorFlow 1's layer of LSTM cells, whose two uses share variables by the names of scope and cells."""

from _recurrent import PACKED
from _tf1 import (
    LENGTHS,
    keep_forget_bias,
    lstm_step,
    packed,
    rnn_cell,
    tf_variables,
    torch_variables,
    weights,
)
from _tf1_scopes import Wrapped, load, wrapped

from parity import Case, grid, normal

SIZES = dict(N=3, T=4, I=6, H=5, J=lambda H: H, D=2, G=("i", "f", "g", "o"))
SCOPE = "https://www.tensorflow.org/api_docs/python/tf/compat/v1/variable_scope"
TORCH_LSTM = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html"
KERNELS = dict(kernel="I (G[i g f o] H)", recurrent="J (G[i g f o] H)", bias="(G[i g f o] H)")
BOTH_KERNELS = KERNELS | {f"{name}_reverse": layout for name, layout in KERNELS.items()}

tf1_shared_lstm_layer = Case(
    "tf1_shared_lstm_layer",
    "One bidirectional LSTM layer for two batches, which share its variables by the names of scope and cells: "
    "the gradients are sums over both uses.",
    sizes=SIZES,
    parameters=dict(reuse=True, cell="LSTMCell"),
    inputs=dict(one=normal("N T I"), other=normal("N T I")),
    weights=weights("", "_reverse"),
    outputs=dict(first="N T D H", second="N T D H"),
    states=dict(h="D N H", c="D N H"),
    variants=grid(reuse=[True, "auto"]) + grid(cell=["BasicLSTMCell"]),
)


@tf1_shared_lstm_layer.reference
def _(np, one, other, *, N, H, T, **weights):
    def direction(x, suffix):
        own = {name: weights[f"{name}{suffix}"] for name in ("kernel", "recurrent", "bias")}
        h = c = np.zeros((N, H))
        outputs = []
        for t in reversed(range(T)) if suffix else range(T):
            inside = np.array([[t < length] for length in LENGTHS])
            new_h, new_c = lstm_step()(np, x[:, t], h, c, **own)
            outputs.append(np.where(inside, new_h, 0))
            h, c = np.where(inside, new_h, h), np.where(inside, new_c, c)
        return np.stack(outputs[::-1] if suffix else outputs, axis=1), h, c

    def layer(x):
        return [np.stack(parts) for parts in zip(direction(x, ""), direction(x, "_reverse"), strict=True)]

    first, (second, h, c) = layer(one)[0], layer(other)
    return np.moveaxis(first, 0, 2), np.moveaxis(second, 0, 2), h, c


def lstm_layer(tf, inputs, rnn_size, scope, scope_reuse=False, cell_reuse=None, *, cell="LSTMCell"):
    """The layer as TensorFlow 1 programs have it: its cells, its outputs and its states."""
    cells = rnn_cell()
    make = cells.BasicLSTMCell if cell == "BasicLSTMCell" else cells.LSTMCell
    # An empty caching_device keeps the loop from setting a function as one, which the wrapped graph does not take.
    place = None if tf.executing_eagerly() else ""
    with tf.compat.v1.variable_scope(scope, reuse=scope_reuse, caching_device=place):
        fw_cell = make(
            rnn_size, forget_bias=1.0, state_is_tuple=True, reuse=cell_reuse, name="fw_cell", dtype=inputs.dtype
        )
        bw_cell = make(
            rnn_size, forget_bias=1.0, state_is_tuple=True, reuse=cell_reuse, name="bw_cell", dtype=inputs.dtype
        )
        outputs, states = tf.compat.v1.nn.bidirectional_dynamic_rnn(
            cell_fw=cells.DropoutWrapper(fw_cell, output_keep_prob=1.0),
            cell_bw=cells.DropoutWrapper(bw_cell, output_keep_prob=1.0),
            inputs=inputs,
            sequence_length=list(LENGTHS),
            dtype=inputs.dtype,
        )
    return (fw_cell, bw_cell), outputs, states


def together(tf, first, second, states):
    h, c = tf.stack([state.h for state in states]), tf.stack([state.c for state in states])
    return tf.stack(first, axis=2), tf.stack(second, axis=2), h, c


def two_uses(tf, one, other, H, reuse, *, cell="LSTMCell"):
    """Run the layer twice; ``reuse`` is what the first and the second use pass as reuse."""
    _, first, _ = lstm_layer(tf, one, H, "lstm", reuse[0], reuse[0], cell=cell)
    _, second, states = lstm_layer(tf, other, H, "lstm", reuse[1], reuse[1], cell=cell)
    return together(tf, first, second, states)


PATH = "lstm/bidirectional_rnn/"
SCOPED = dict(tf_variables(number=f"{PATH}fw/fw_cell/"), **tf_variables(place="_reverse", number=f"{PATH}bw/bw_cell/"))


@tf1_shared_lstm_layer.tensorflow.layer("tf.compat.v1.variable_scope(reuse)", weights=SCOPED)
def _(tf, *, N, T, I, H, reuse, cell, dtype):
    both = (False, True) if reuse is True else (tf.compat.v1.AUTO_REUSE,) * 2
    function = wrapped(tf, lambda one, other: two_uses(tf, one, other, H, both, cell=cell), dtype, [N, T, I], [N, T, I])
    return Wrapped(function), function


BOTH = dict(torch_variables(layer="_l0"), **torch_variables("_reverse", "_l0_reverse"))


def torch_layer(torch, I, H, device=None):
    layer = torch.nn.LSTM(I, H, batch_first=True, bidirectional=True, device=device)
    return keep_forget_bias(torch, layer, 1.0)


def torch_uses(torch, one, other, first, second, *, D, H):
    """Run a layer over each of two batches: the outputs of both, and the states of the second."""
    y, *_ = packed(torch, first, one, None, LENGTHS)
    of_other, h, c = packed(torch, second, other, None, LENGTHS)
    return y.unflatten(-1, (D, H)), of_other.unflatten(-1, (D, H)), h, c


@tf1_shared_lstm_layer.torch.layer("torch.nn.LSTM", weights=BOTH)
def _(torch, *, I, H, D):
    layer = torch_layer(torch, I, H)
    return layer, lambda one, other: torch_uses(torch, one, other, layer, layer, D=D, H=H)


tf1_shared_lstm_layer.limitation("torch.nn.LSTM", **PACKED)


def unshared(title, **texts):
    return tf1_shared_lstm_layer.tensorflow.naive(
        "tf.compat.v1.variable_scope(reuse)",
        title,
        when=dict(reuse=True, cell="LSTMCell"),
        **texts,
        **BOTH_KERNELS,
    )


def with_weights(tf, function, dtype, one, other, weights):
    """Build the graph of two uses, give the variables of the first use their weights, and run the graph."""
    graph = wrapped(tf, function, dtype, one.shape, other.shape)
    for cell, place in (("fw/fw_cell", ""), ("bw/bw_cell", "_reverse")):
        kernel = tf.concat([weights[f"kernel{place}"], weights[f"recurrent{place}"]], 0)
        load(graph, {f"{PATH}{cell}/kernel": kernel, f"{PATH}{cell}/bias": weights[f"bias{place}"]})
    return graph(one, other)


@unshared(
    "reuse left out",
    because="the second use asks for new variables under names that the scope already has",
    source=SCOPE,
    fix="pass reuse=True to the scope of the second use, or reuse=tf.compat.v1.AUTO_REUSE to both",
    raises="ValueError: already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope?",
)
def _(tf, one, other, *, H, dtype, **weights):
    def uses(one, other):
        return two_uses(tf, one, other, H, (False, False))

    return with_weights(tf, uses, dtype, one, other, weights)


@unshared(
    "reuse=True in the first use",
    because="reuse=True takes existing variables only, and the first use has none to take",
    source=SCOPE,
    fix="pass reuse=False in the first use, or reuse=tf.compat.v1.AUTO_REUSE in both",
    raises="ValueError: does not exist, or was not created with tf.get_variable()",
)
def _(tf, one, other, *, H, dtype, **weights):
    def uses(one, other):
        return two_uses(tf, one, other, H, (True, True))

    return with_weights(tf, uses, dtype, one, other, weights)


@unshared(
    "two scopes",
    wrong=["output:second", "state:*"],
    because="variables are shared by their whole name, and the name of the scope is part of it",
    source=SCOPE,
    fix="open the scope of the first use again, with reuse=True",
)
def _(tf, one, other, *, H, dtype, **weights):
    def uses(one, other):
        _, first, _ = lstm_layer(tf, one, H, "lstm")
        _, second, states = lstm_layer(tf, other, H, "other")
        return together(tf, first, second, states)

    return with_weights(tf, uses, dtype, one, other, weights)


@unshared(
    "eager execution",
    wrong=["output:second", "state:*"],
    because="without a graph there is no store of variables: reuse=True and equal names make new variables, "
    "without an error",
    source="measured with tensorflow 2.21.0 and tf_keras 2.21.0",
    fix="call the cells of the first use again, or build the graph with tf.compat.v1.wrap_function",
)
def _(tf, one, other, *, I, H, **weights):
    layers = []
    for x, reuse in ((one, False), (other, True)):
        cells, _, _ = lstm_layer(tf, x, H, "lstm", reuse, reuse)
        layers.append(cells)
    for cell, place in zip(layers[0], ("", "_reverse"), strict=True):
        kernel, bias = cell.variables
        kernel.assign(tf.concat([weights[f"kernel{place}"], weights[f"recurrent{place}"]], 0))
        bias.assign(weights[f"bias{place}"])
    run = tf.compat.v1.nn.bidirectional_dynamic_rnn
    first, _ = run(*layers[0], one, sequence_length=LENGTHS, dtype=one.dtype)
    second, states = run(*layers[1], other, sequence_length=LENGTHS, dtype=one.dtype)
    return together(tf, first, second, states)


@unshared(
    "scope passed by position",
    because="the fifth argument of bidirectional_dynamic_rnn is initial_state_fw",
    source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/nn/bidirectional_dynamic_rnn",
    fix="pass scope by its name",
    raises="AttributeError: 'str' object has no attribute 'dtype'",
)
def _(tf, one, other, *, H, dtype, **weights):
    lstmFwCell, lstmBwCell = (rnn_cell().LSTMCell(num_units=H, dtype=dtype) for _ in range(2))
    return tf.compat.v1.nn.bidirectional_dynamic_rnn(lstmFwCell, lstmBwCell, one, list(LENGTHS), "lstm")


@unshared(
    "dtype left out",
    because="without an initial state, the cells need the dtype of the zeros that they start from",
    source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/nn/bidirectional_dynamic_rnn",
    fix="pass dtype, or initial_state_fw and initial_state_bw",
    raises="ValueError: If no initial_state is provided, argument `dtype` must be specified",
)
def _(tf, one, other, *, H, dtype, **weights):
    lstmFwCell, lstmBwCell = (rnn_cell().LSTMCell(num_units=H, dtype=dtype) for _ in range(2))
    return tf.compat.v1.nn.bidirectional_dynamic_rnn(lstmFwCell, lstmBwCell, one, list(LENGTHS), scope="lstm")


@tf1_shared_lstm_layer.torch.naive(
    "torch.nn.LSTM",
    "layer built again",
    when=dict(reuse=True, cell="LSTMCell"),
    wrong=["output:second", "state:*"],
    because="a module owns its weights, and a second module of the same sizes starts with weights of its own",
    source=TORCH_LSTM,
    fix="call the first module again",
    weights=BOTH,
)
def _(torch, *, I, H, D):
    layer = torch_layer(torch, I, H)

    def call(one, other):
        again = torch_layer(torch, I, H, one.device).to(one.dtype)
        return torch_uses(torch, one, other, layer, again, D=D, H=H)

    return layer, call
