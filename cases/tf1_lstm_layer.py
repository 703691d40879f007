"""TensorFlow 1's bidirectional LSTM with dropped outputs, in a variable scope that is reused for a second text."""

import warnings

from _masks import Masked, kept, tensorflow_masks
from _recurrent import KERAS_LAYER, PACKED
from _tf1 import Built, Variable, keep_forget_bias, lstm_step, rnn_cell, tf_variables, torch_variables, weights

from parity import Case, grid, integers, normal

TORCH_LSTM = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html"
WRAPPERS = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cell_wrappers.py"
SCOPES = "https://www.tensorflow.org/api_docs/python/tf/compat/v1/variable_scope"

lstm_layer = Case(
    "tf1_lstm_layer",
    "Two padded texts through one bidirectional LSTM with dropped outputs: its gradients are sums over both uses.",
    sizes=dict(N=3, T=4, S=6, I=7, H=5, J=lambda H: H, D=2, G=("i", "f", "g", "o")),
    inputs=dict(
        one=normal("N T I"),
        length=integers("N", 1, "T"),  # below T, so that there is padding with every seed
        mask=integers("N T D H", 0, 2),
        other=normal("N S I"),
        other_length=integers("N", 1, "S"),
        other_mask=integers("N S D H", 0, 2),
    ),
    weights=weights("", "_reverse"),
    outputs=dict(y="N T D H", other_y="N S D H"),
    states=dict(h="D N H", c="D N H", other_h="D N H", other_c="D N H"),
    variants=grid(keep=[1.0, 0.5]),
)


@lstm_layer.reference
def _(np, one, length, mask, other, other_length, other_mask, *, N, H, keep, **weights):
    def run(x, length, mask):
        outputs, states = [], []
        for suffix in ("", "_reverse"):
            own = {name: weights[f"{name}{suffix}"] for name in ("kernel", "recurrent", "bias")}
            h = c = np.zeros((N, H))
            steps = {}
            for t in reversed(range(x.shape[1])) if suffix else range(x.shape[1]):
                inside = (t < length)[:, None]
                new_h, new_c = lstm_step()(np, x[:, t], h, c, **own)
                steps[t] = np.where(inside, new_h, 0)
                h, c = np.where(inside, new_h, h), np.where(inside, new_c, c)
            outputs.append(np.stack([steps[t] for t in range(x.shape[1])], axis=1))
            states.append((h, c))
        y = np.stack(outputs, axis=2)
        return y if keep == 1 else np.where(mask == 1, y / keep, 0), *(
            np.stack(part) for part in zip(*states, strict=True)
        )

    y, h, c = run(one, length, mask)
    other_y, other_h, other_c = run(other, other_length, other_mask)
    return y, other_y, h, c, other_h, other_c


# PyTorch: one module, called twice

BOTH = dict(torch_variables(layer="_l0"), **torch_variables("_reverse", "_l0_reverse"))


def bidirectional(torch, I, H, dropout=0.0):
    layer = torch.nn.LSTM(input_size=I, hidden_size=H, batch_first=True, dropout=dropout, bidirectional=True)
    return keep_forget_bias(torch, layer, 1.0)


def packed(torch, layer, x, length):
    pack = torch.nn.utils.rnn
    sequences = pack.pack_padded_sequence(x, length.cpu(), batch_first=True, enforce_sorted=False)
    y, (h, c) = layer(sequences)
    y, _ = pack.pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
    return y.unflatten(-1, (2, -1)), h, c


def dropped(torch, layer, x, length, mask, keep):
    y, h, c = packed(torch, layer, x, length)
    return kept(torch, y, mask, keep), h, c


def twice(run):
    """Call ``run(x, length, mask)`` for both texts."""

    def call(one, length, mask, other, other_length, other_mask):
        (y, *states), (other_y, *other_states) = run(one, length, mask), run(other, other_length, other_mask)
        return y, other_y, *states, *other_states

    return call


@lstm_layer.torch.layer("torch.nn.LSTM", weights=BOTH)
def _(torch, *, I, H, keep):
    layer = bidirectional(torch, I, H)
    return layer, twice(lambda x, length, mask: dropped(torch, layer, x, length, mask, keep))


lstm_layer.limitation("torch.nn.LSTM", **PACKED)


# TensorFlow 1: the variables of a scope, and their reuse


def scoped_layer(tf, inputs, input_seq_len, mask, rnn_size, dropout_keep_prob, scope, scope_reuse=False):
    v1, cells = tf.compat.v1, rnn_cell()
    with v1.variable_scope(scope, reuse=scope_reuse):
        fw_cell = cells.LSTMCell(rnn_size, forget_bias=1.0, state_is_tuple=True, reuse=scope_reuse, name="fw_cell")
        fw_cell = cells.DropoutWrapper(fw_cell, output_keep_prob=dropout_keep_prob)
        bw_cell = cells.LSTMCell(rnn_size, forget_bias=1.0, state_is_tuple=True, reuse=scope_reuse, name="bw_cell")
        bw_cell = cells.DropoutWrapper(bw_cell, output_keep_prob=dropout_keep_prob)
        dtype = inputs.dtype
        if dropout_keep_prob < 1:
            inputs = (inputs, *tf.unstack(mask, axis=2))
            fw_cell, bw_cell = Masked(tf, fw_cell, [0]), Masked(tf, bw_cell, [1])
        outputs, states = v1.nn.bidirectional_dynamic_rnn(
            cell_fw=fw_cell, cell_bw=bw_cell, inputs=inputs, sequence_length=input_seq_len, dtype=dtype
        )
    return in_one(tf, outputs, states)


def in_one(tf, outputs, states):
    """Both directions in one tensor: the outputs, h and c."""
    return tf.stack(outputs, axis=2), tf.stack([state.h for state in states]), tf.stack([state.c for state in states])


def scoped_twice(tf, H, keep, reuse):
    def call(one, length, mask, other, other_length, other_mask):
        y, *states = scoped_layer(tf, one, length, mask, H, keep, "lstm")
        other_y, *other_states = scoped_layer(tf, other, other_length, other_mask, H, keep, "lstm", reuse)
        return y, other_y, *states, *other_states

    return call


class Wrapped:
    """TensorFlow 1 code as one layer: its variables under their names."""

    name, built = "", True

    def __init__(self, function):
        self.weights = [Variable(variable.name.removesuffix(":0"), variable) for variable in function.variables]


def wrapped(tf, call, *, N, T, S, I, H, dtype):
    """The code in one graph, with a caching device: dynamic_rnn would set a function, which TensorFlow 2 refuses."""
    v1 = tf.compat.v1

    def uncached(*tensors):
        with v1.variable_scope(v1.get_variable_scope(), caching_device=""):
            return call(*tensors)

    return v1.wrap_function(uncached, signature(tf, N, T, S, I, H, dtype))


def signature(tf, N, T, S, I, H, dtype):
    specs = []
    for time in (T, S):
        specs += [tf.TensorSpec([N, time, I], dtype), tf.TensorSpec([N], tf.int64)]
        specs.append(tf.TensorSpec([N, time, 2, H], tf.int64))
    return specs


SCOPED = {
    **tf_variables("", "lstm/bidirectional_rnn/fw/fw_cell/"),
    **tf_variables("_reverse", "lstm/bidirectional_rnn/bw/bw_cell/"),
}


@lstm_layer.tensorflow.layer("tf.compat.v1.variable_scope(reuse)", weights=SCOPED)
def _(tf, *, N, T, S, I, H, keep, dtype):
    function = wrapped(tf, scoped_twice(tf, H, keep, reuse=True), N=N, T=T, S=S, I=I, H=H, dtype=dtype)
    return Wrapped(function), function


# Without a graph, share the cells themselves.


class Both(Built):
    """Two cells side by side, each with the same inputs."""

    def __init__(self, features, **cells):
        self.weights = []
        for name, cell in cells.items():
            self.weights += [Variable(f"{name}/{part.path}", part.value) for part in Built(features, cell).weights]


@lstm_layer.tensorflow.layer(
    "tf.compat.v1.nn.bidirectional_dynamic_rnn",
    weights=dict(tf_variables(number="fw/"), **tf_variables("_reverse", "bw/")),
)
def _(tf, *, I, H, keep, dtype):
    cells = rnn_cell()
    fw, bw = (cells.LSTMCell(H, forget_bias=1.0, state_is_tuple=True, dtype=dtype) for _ in range(2))
    wrapped = [cells.DropoutWrapper(cell, output_keep_prob=keep) for cell in (fw, bw)]
    if keep < 1:
        wrapped = [Masked(tf, cell, [direction]) for direction, cell in enumerate(wrapped)]

    def run(x, length, mask):
        inputs = (x, *tf.unstack(mask, axis=2)) if keep < 1 else x
        outputs, states = tf.compat.v1.nn.bidirectional_dynamic_rnn(
            cell_fw=wrapped[0], cell_bw=wrapped[1], inputs=inputs, sequence_length=length, dtype=x.dtype
        )
        return in_one(tf, outputs, states)

    return Both(I, fw=fw, bw=bw), twice(run)


KERAS = {}
for direction, suffix in (("forward", ""), ("backward", "_reverse")):
    KERAS[f"{direction}_lstm/lstm_cell/kernel"] = f"kernel{suffix}: I (G H)"
    KERAS[f"{direction}_lstm/lstm_cell/recurrent_kernel"] = f"recurrent{suffix}: J (G H)"
    KERAS[f"{direction}_lstm/lstm_cell/bias"] = f"bias{suffix}: (G H)"


@lstm_layer.tensorflow.layer("keras.layers.Bidirectional", weights=KERAS)
def _(tf, *, I, H, D, keep):
    lstm = tf.keras.layers.LSTM(H, zero_output_for_mask=True, name="lstm", **KERAS_LAYER)
    layer = tf.keras.layers.Bidirectional(lstm)
    layer.build((None, None, I))
    dropout = tf.keras.layers.Dropout(1 - keep)
    forget_bias = tf.constant([0.0, 1.0, 0.0, 0.0], lstm.dtype)

    def run(x, length, mask):
        biased = [
            part.value + tf.repeat(forget_bias, H) if part.name == "bias" else part.value
            for part in layer.trainable_variables
        ]
        steps = tf.sequence_mask(length, x.shape[1])
        (y, *states), _ = layer.stateless_call(biased, layer.non_trainable_variables, x, mask=steps)
        with tensorflow_masks([tf.cast(mask, x.dtype)]):
            y = dropout(tf.reshape(y, [*x.shape[:2], D, H]), training=True)
        return y, tf.stack(states[::2]), tf.stack(states[1::2])

    return layer, twice(run)


# Traps


LOADED = dict(kernel="I (G[i g f o] H)", recurrent="J (G[i g f o] H)", bias="(G[i g f o] H)")


@lstm_layer.tensorflow.naive(
    "tf.compat.v1.variable_scope(reuse)",
    "reused in eager execution",
    wrong=["output:other_y", "state:other_*"],
    because="eager execution keeps no variables by their names: reuse=True is ignored, and each cell makes its own",
    source=SCOPES,
    fix="put both calls into one tf.compat.v1.wrap_function, or make the cells once and call them twice",
    **LOADED,
    **{f"{name}_reverse": layout for name, layout in LOADED.items()},
)
def _(tf, one, length, mask, other, other_length, other_mask, *, H, keep, **weights):
    loaded = []
    for suffix in ("", "_reverse"):
        kernel, recurrent, bias = (weights[f"{name}{suffix}"] for name in LOADED)
        loaded += [tf.concat([kernel, recurrent], 0), bias]

    def load(make, **arguments):
        """Load the weights into the four variables of the first call."""
        variable = make(**arguments)
        if loaded:
            variable.assign(loaded.pop(0))
        return variable

    with tf.variable_creator_scope(load):
        return scoped_twice(tf, H, keep, reuse=True)(one, length, mask, other, other_length, other_mask)


@lstm_layer.tensorflow.naive(
    "tf.compat.v1.variable_scope(reuse)",
    "reuse left out",
    because="in a graph, a second variable of the same name needs reuse=True",
    source=SCOPES,
    fix="pass reuse=True from the second call on, or reuse=tf.compat.v1.AUTO_REUSE",
    raises="ValueError: already exists, disallowed",
    weights=SCOPED,
)
def _(tf, *, N, T, S, I, H, keep, dtype):
    function = wrapped(tf, scoped_twice(tf, H, keep, reuse=False), N=N, T=T, S=S, I=I, H=H, dtype=dtype)
    return Wrapped(function), function


@lstm_layer.tensorflow.naive(
    "tf.compat.v1.wrap_function",
    "caching device left to dynamic_rnn",
    because="dynamic_rnn sets a function as the caching device of a scope without one, which TensorFlow 2 refuses",
    source="tensorflow/python/ops/rnn.py of TensorFlow 2.21.0: dynamic_rnn",
    fix='enter tf.compat.v1.variable_scope(..., caching_device="") around the code',
    raises="RuntimeError: tf.device does not support functions when eager execution is enabled",
    weights=SCOPED,
)
def _(tf, *, N, T, S, I, H, keep, dtype):
    function = tf.compat.v1.wrap_function(scoped_twice(tf, H, keep, reuse=True), signature(tf, N, T, S, I, H, dtype))
    return Wrapped(function), function


@lstm_layer.torch.naive(
    "torch.nn.LSTM",
    "a module for each text",
    wrong="grad:*",
    because="two modules may start with equal weights, but each gets the gradient of its own text only",
    source=SCOPES,
    fix="call one module for both texts",
    weights=BOTH,
)
def _(torch, *, I, H, keep):
    layer, copy = bidirectional(torch, I, H), bidirectional(torch, I, H)

    def call(one, length, mask, other, other_length, other_mask):
        copy.load_state_dict(layer.state_dict())
        y, *states = dropped(torch, layer, one, length, mask, keep)
        other_y, *other_states = dropped(torch, copy, other, other_length, other_mask, keep)
        return y, other_y, *states, *other_states

    return layer, call


@lstm_layer.torch.naive(
    "torch.nn.LSTM(dropout)",
    "for output_keep_prob",
    when=dict(keep=0.5),
    wrong="output:*",
    because="dropout= of torch.nn.LSTM is between its layers: with one layer it drops nothing, and warns",
    source=TORCH_LSTM,
    fix="apply torch.nn.functional.dropout with p = 1 - output_keep_prob to the outputs",
    weights=BOTH,
)
def _(torch, *, I, H, keep):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        layer = bidirectional(torch, I, H, dropout=1 - keep)
    return layer, twice(lambda x, length, mask: packed(torch, layer, x, length))


@lstm_layer.torch.naive(
    "torch.nn.LSTM",
    "states dropped like the outputs",
    when=dict(keep=0.5),
    wrong=["state:h", "state:other_h"],
    size=(0.5, 2.1),
    because="output_keep_prob leaves the states alone, so the final h is not the dropped last output",
    source=WRAPPERS,
    fix="drop the outputs only",
    weights=BOTH,
)
def _(torch, *, I, H, keep):
    layer = bidirectional(torch, I, H)

    def run(x, length, mask):
        y, _, c = dropped(torch, layer, x, length, mask, keep)
        last = torch.arange(len(x), device=x.device)
        return y, torch.stack([y[last, length - 1, 0], y[:, 0, 1]]), c

    return layer, twice(run)
