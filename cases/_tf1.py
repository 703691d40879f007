"""TensorFlow 1 cells, which live on in tf_keras, and the mapping of their weights to PyTorch's."""

import warnings

from _recurrent import scan, sigmoid

from parity import concat, normal

RNN = "https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/python/ops/rnn.py"
LENGTHS = (2, 3, 1)
"""The lengths of three padded sequences."""


def rnn_cell():
    """What ``tf.compat.v1.nn.rnn_cell`` is with TF_USE_LEGACY_KERAS=1, in a process that uses Keras 3."""
    from tf_keras.api._v1 import keras

    warnings.filterwarnings("ignore", message=r"`tf\.nn\.rnn_cell")
    return keras.__internal__.legacy.rnn_cell


class Variable:
    """A variable under the name that the mapping of weights gives it."""

    def __init__(self, path, value):
        self.path, self.value = path, value
        self.shape, self.trainable, self.assign = value.shape, value.trainable, value.assign


class Built:
    """TensorFlow 1 cells on top of each other as one layer; if several, names start with the number of the cell."""

    name, built = "", True

    def __init__(self, features, *cells):
        self.weights = []
        for number, cell in enumerate(cells):
            cell.build([None, features])
            prefix = f"{number}/" if len(cells) > 1 else ""
            for weight in cell.weights:
                name = weight.name.removeprefix(f"{cell.scope_name}/").removesuffix(":0")
                self.weights.append(Variable(prefix + name, weight))
            features = cell.output_size


def unrolled(tf, cell, x, state):
    """Call a cell in a loop over time: the outputs and the final state."""
    outputs = []
    for part in tf.unstack(x, axis=1):
        y, state = cell(part, state)
        outputs.append(y)
    return tf.stack(outputs, axis=1), state


def miscompiled(case, *apis, when=None, elements=None):
    """Declare that XLA gets ``apis`` wrong, in at most ``elements`` numbers where zeros may have the wrong sign too."""
    for api in apis:
        case.deviation(
            api,
            quantities=["*"],
            within=10 if elements is None else None,
            elements=elements,
            because="compiled by XLA for a CPU, an unrolled LSTM cell in float64 is wrong at these sizes",
            source="measured with tensorflow 2.21.0",
            when=when,
            dtypes=["float64"],
            devices=["cpu"],
            modes=["compiled"],
            kernels=["avx512"],
        )


def weights(*places):
    """The weights of an LSTM cell in each place."""
    tensors = {}
    for place in places:
        tensors[f"kernel{place}"] = normal("G H I", std=0.3)
        tensors[f"recurrent{place}"] = normal("G H J", std=0.3)
        tensors[f"bias{place}"] = normal("G H", std=0.5)
    return tensors


def tf_variables(place="", number="", inputs="I"):
    """The one kernel of an LSTM cell, for the input and the state, with the gates i, j, f, o (j is g elsewhere)."""
    gates = "(G[i g f o] H)"
    return {
        f"{number}kernel": concat(f"kernel{place}: {inputs} {gates}", f"recurrent{place}: J {gates}"),
        f"{number}bias": f"bias{place}: {gates}",
    }


def torch_variables(place="", layer="", inputs="I"):
    """The weights of nn.LSTM that are trained; the second bias is made by :func:`keep_forget_bias`."""
    return {
        f"weight_ih{layer}": f"kernel{place}: (G H) {inputs}",
        f"weight_hh{layer}": f"recurrent{place}: (G H) J",
        f"bias_ih{layer}": f"bias{place}: (G H)",
    }


def keep_forget_bias(torch, layer, forget_bias):
    """Put the constant forget bias into PyTorch's second biases, and train only the first ones."""
    with torch.no_grad():
        for name, bias in layer.named_parameters():
            if name.startswith("bias_hh"):
                bias.zero_().chunk(4)[1].fill_(forget_bias)
                bias.requires_grad_(False)
    return layer


def lstm_step(forget_bias=1.0, cell_clip=None, proj_clip=None):
    """The formula of a TensorFlow 1 LSTM cell; its weights may lack the peepholes and the projection."""

    def step(np, x, h, c, kernel, recurrent, bias, peephole_i=0, peephole_f=0, peephole_o=0, projection=None):
        gates = np.einsum("ni,ghi->gnh", x, kernel) + np.einsum("nj,ghj->gnh", h, recurrent)
        i, f, g, o = gates + bias[:, None]
        forget = sigmoid(np, f + forget_bias + peephole_f * c)
        c = forget * c + sigmoid(np, i + peephole_i * c) * np.tanh(g)
        if cell_clip is not None:
            c = np.clip(c, -cell_clip, cell_clip)
        h = sigmoid(np, o + peephole_o * c) * np.tanh(c)
        if projection is not None:
            h = np.einsum("nh,ph->np", h, projection)
        if proj_clip is not None:
            h = np.clip(h, -proj_clip, proj_clip)
        return h, c

    return step


def with_states(layer):
    """Call nn.LSTM with the initial states as arguments: the outputs and the final states in one tuple."""

    def call(x, *initial):
        y, (h, c) = layer(x, initial or None)
        return y, h, c

    return layer, call


def torch_unrolled(torch, cell, x, states):
    """Call nn.LSTMCell in a loop over time: the outputs and the final states."""
    outputs = []
    for part in x.unbind(1):
        states = cell(part, states)
        outputs.append(states[0])
    return torch.stack(outputs, dim=1), *states


def padded_scan(np, sequence, initial, lengths, weights):
    """Sequences that end early: zeros as outputs after the end, and the states at the end."""
    if lengths is None:
        return scan(np, lstm_step(), sequence, initial, weights)
    outputs, (h, c) = [], initial
    for time, x in enumerate(sequence):
        running = np.array([[time < length] for length in lengths])
        new_h, new_c = lstm_step()(np, x, h, c, **weights)
        outputs.append(np.where(running, new_h, 0))
        h, c = np.where(running, new_h, h), np.where(running, new_c, c)
    return outputs, (h, c)


def packed(torch, layer, x, initial, lengths):
    """Run a layer over sequences packed by their lengths."""
    pack = torch.nn.utils.rnn
    sequences = pack.pack_padded_sequence(x, torch.tensor(lengths), layer.batch_first, enforce_sorted=False)
    y, states = layer(sequences, initial)
    total = x.shape[1 if layer.batch_first else 0]
    return pack.pad_packed_sequence(y, layer.batch_first, total_length=total)[0], *states
