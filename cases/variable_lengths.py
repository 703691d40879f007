"""Sequences of different lengths in one batch: packed, masked, or stepped through with their lengths in view."""

from _cells import (
    KERAS,
    STEPS,
    TORCH,
    keras_variables,
    laid_out,
    states_of,
    tensorflow_step,
    torch_step,
    torch_variables,
    weights,
)
from _recurrent import KERAS_LAYER, PACKED, SIZES, keras_stack, suffixes

from parity import Case, grid, normal

LENGTHS = (3, 5, 1, 4)
"""No length is that of the padded batch, 7, and they are in no order."""

variable_lengths = Case(
    "variable_lengths",
    "Recurrent layers on sequences of lengths 3, 5, 1, 4 padded to 7: past its end a sequence puts out zeros, and its "
    "final state is that of its last step.",
    sizes=dict(SIZES, T=7, G=("i", "f", "g", "o"), R=("r", "z", "n")),
    parameters=dict(cell="lstm", layers=1, bidirectional=False, initial_state=False, lengths=LENGTHS),
    inputs=lambda cell, initial_state: dict(
        x=normal("N T I"), **{f"{state}0": normal("L D N H") for state in states_of(cell) if initial_state}
    ),
    weights=weights,
    outputs=dict(y="N T K"),
    states=lambda cell: dict.fromkeys(states_of(cell), "L D N H"),
    variants=grid(cell=["rnn", "lstm", "gru"], bidirectional=[False, True])
    + grid(cell=["lstm", "gru"], layers=[2], bidirectional=[True], initial_state=[True])
    + grid(cell=["lstm"], lengths=[(3, 0, 6, 2)]),
)


@variable_lengths.reference
def _(np, x, h0=None, c0=None, *, cell, L, D, N, T, H, lengths, **weights):
    """A row takes the steps within its length, forwards or backwards, and keeps its state at the others."""
    within = np.arange(T)[:, None, None] < np.array(lengths)[:, None]
    initial = [np.zeros((L, D, N, H)) if state is None else state for state in (h0, c0)][: len(states_of(cell))]
    sequence, finals = [x[:, t] for t in range(T)], []
    for layer in range(L):
        ways = []
        for direction, suffix in enumerate(suffixes(D == 2)):
            place = f"_{layer}{suffix}"
            own = {name.removesuffix(place): weight for name, weight in weights.items() if name.endswith(place)}
            states, outputs = [state[layer, direction] for state in initial], {}
            for t in reversed(range(T)) if direction else range(T):
                moved = STEPS[cell](np, sequence[t], *states, **own)
                states = [np.where(within[t], new, old) for new, old in zip(moved, states, strict=True)]
                outputs[t] = np.where(within[t], moved[0], 0)
            ways.append(outputs)
            finals.append(states)
        sequence = [np.concatenate([outputs[t] for outputs in ways], axis=-1) for t in range(T)]
    return np.stack(sequence, axis=1), *(
        np.reshape(np.stack(parts), (L, D, N, H)) for parts in zip(*finals, strict=True)
    )


FLAT_STATES = dict(h0="(L D) N H", c0="(L D) N H", h="(L D) N H", c="(L D) N H")


def flat(y, states):
    """The results of a PyTorch layer in one tuple."""
    return (y, *states) if isinstance(states, tuple) else (y, states)


@variable_lengths.torch.layer("torch.nn.utils.rnn.pack_padded_sequence", weights=torch_variables, **FLAT_STATES)
def _(torch, *, cell, I, H, T, layers, bidirectional, lengths):
    layer = getattr(torch.nn, TORCH[cell])(I, H, layers, batch_first=True, bidirectional=bidirectional)

    def call(x, *initial):
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, states = layer(packed, (initial if cell == "lstm" else initial[0]) if initial else None)
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=T)
        return flat(y, states)

    return layer, call


variable_lengths.limitation(
    "torch.nn.utils.rnn.pack_padded_sequence",
    when=dict(lengths=(3, 0, 6, 2)),
    modes=["eager"],
    raises="RuntimeError: Length of all samples has to be greater than 0",
    because="a packed sequence has at least one step; leave empty sequences out of the batch",
    source="https://github.com/pytorch/pytorch/issues/4582",
)
variable_lengths.limitation("torch.nn.utils.rnn.pack_padded_sequence", **PACKED)


@variable_lengths.torch("torch.where")
def _(torch, x, h0=None, c0=None, *, cell, L, D, N, T, H, lengths, **weights):
    within = torch.arange(T, device=x.device)[:, None, None] < torch.tensor(lengths, device=x.device)[:, None]
    zeros = x.new_zeros(L, D, N, H)
    initial = [zeros if state is None else state for state in (h0, c0)][: len(states_of(cell))]
    finals = []
    for layer in range(L):
        ways = []
        for direction, suffix in enumerate(suffixes(D == 2)):
            place = f"_{layer}{suffix}"
            own = {name.removesuffix(place): weight for name, weight in weights.items() if name.endswith(place)}
            states, outputs = [state[layer, direction] for state in initial], {}
            for t in reversed(range(T)) if direction else range(T):
                moved = torch_step(torch, cell, x[:, t], states, **own)
                states = [torch.where(within[t], new, old) for new, old in zip(moved, states, strict=True)]
                outputs[t] = torch.where(within[t], moved[0], 0)
            ways.append(torch.stack([outputs[t] for t in range(T)], dim=1))
            finals.append(states)
        x = torch.cat(ways, dim=2)
    return x, *(torch.stack(parts).unflatten(0, (L, D)) for parts in zip(*finals, strict=True))


@variable_lengths.tensorflow.layer("tf.sequence_mask", weights=keras_variables)
def _(tf, *, cell, L, D, H, T, lengths):
    def make(name):
        return getattr(tf.keras.layers, KERAS[cell])(H, zero_output_for_mask=True, name=name, **KERAS_LAYER)

    layers, call = keras_stack(tf, make, L=L, D=D, H=H)
    return layers, lambda x, *initial: call(x, *initial, mask=tf.sequence_mask(lengths, T))


@variable_lengths.tensorflow("tf.reverse_sequence")
def _(tf, x, h0=None, c0=None, *, cell, L, D, N, T, H, lengths, **weights):
    mask = tf.sequence_mask(lengths, T)[..., None]
    zeros = tf.zeros([L, D, N, H], x.dtype)
    initial = [zeros if state is None else state for state in (h0, c0)][: len(states_of(cell))]
    finals = []
    for layer in range(L):
        ways = []
        for direction, suffix in enumerate(suffixes(D == 2)):
            place = f"_{layer}{suffix}"
            own = {n.removesuffix(place): laid_out(tf, n, w) for n, w in weights.items() if n.endswith(place)}
            given = tf.reverse_sequence(x, lengths, seq_axis=1, batch_axis=0) if direction else x
            states, outputs = [state[layer, direction] for state in initial], []
            for t in range(T):
                moved = tensorflow_step(tf, cell, given[:, t], states, **own)
                states = [tf.where(mask[:, t], new, old) for new, old in zip(moved, states, strict=True)]
                outputs.append(tf.where(mask[:, t], moved[0], tf.zeros_like(moved[0])))
            y = tf.stack(outputs, axis=1)
            ways.append(tf.reverse_sequence(y, lengths, seq_axis=1, batch_axis=0) if direction else y)
            finals.append(states)
        x = tf.concat(ways, axis=2)
    return x, *(tf.reshape(tf.stack(parts), [L, D, N, H]) for parts in zip(*finals, strict=True))


ONE_WAY = dict(cell="lstm", layers=1, bidirectional=False, lengths=LENGTHS)
BOTH_WAYS = dict(ONE_WAY, bidirectional=True)
PACKING = "https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html"
UNPACKING = "https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_packed_sequence.html"
MASKING = "keras/src/backend/tensorflow/rnn.py, rnn, in Keras 3.15.1"


def lstm_called(torch, I, H, compute, bidirectional=False):
    """An LSTM, and the results of ``compute(layer, x)``."""
    layer = torch.nn.LSTM(I, H, batch_first=True, bidirectional=bidirectional)

    def call(x):
        y, (h, c) = compute(layer, x)
        return y, h, c

    return layer, call


@variable_lengths.torch.naive(
    "torch.nn.LSTM",
    "no packing",
    when=ONE_WAY,
    because="without packing the layer runs on over the padding: the outputs past the end and the final state show it",
    source="measured with torch 2.13.0",
    fix="pack the batch, with enforce_sorted=False",
    weights=torch_variables,
    **FLAT_STATES,
)
def _(torch, *, I, H):
    return lstm_called(torch, I, H, lambda layer, x: layer(x))


@variable_lengths.torch.naive(
    "torch.nn.LSTM",
    "no packing, outputs set to zero",
    when=BOTH_WAYS,
    because="the backward direction starts in the padding, and carries it into the steps within the length",
    source="measured with torch 2.13.0",
    fix="pack the batch, with enforce_sorted=False",
    weights=torch_variables,
    **FLAT_STATES,
)
def _(torch, *, I, H, T, lengths):
    def compute(layer, x):
        y, states = layer(x)
        within = torch.arange(T, device=x.device) < torch.tensor(lengths, device=x.device)[:, None]
        return torch.where(within[..., None], y, 0), states

    return lstm_called(torch, I, H, compute, bidirectional=True)


@variable_lengths.torch.naive(
    "torch.nn.LSTM",
    "padded batch flipped for the backward direction",
    when=BOTH_WAYS,
    because="flip(1) puts the padding first, tf.reverse_sequence turns each sequence round within its length",
    source="https://www.tensorflow.org/api_docs/python/tf/reverse_sequence",
    fix="pack the batch and let bidirectional=True do both directions",
    weights=torch_variables,
    **FLAT_STATES,
)
def _(torch, *, I, H, T, lengths):
    layer = torch.nn.LSTM(I, H, batch_first=True, bidirectional=True)

    def call(x):
        weights = dict(layer.named_parameters())
        one_way, finals, outputs = torch.nn.LSTM(I, H, batch_first=True, device=x.device), [], []
        within = torch.arange(T, device=x.device) < torch.tensor(lengths, device=x.device)[:, None]
        for suffix in ("", "_reverse"):
            own = {name: weights[f"{name}{suffix}"] for name, _ in one_way.named_parameters()}
            y, final = torch.func.functional_call(one_way, own, x.flip(1) if suffix else x)
            outputs.append(y.flip(1) if suffix else y)
            finals.append(final)
        h, c = (torch.cat(parts) for parts in zip(*finals, strict=True))
        return torch.where(within[..., None], torch.cat(outputs, dim=2), 0), h, c

    return layer, call


@variable_lengths.torch.naive(
    "torch.nn.LSTM",
    "last output taken for the final state",
    when=ONE_WAY,
    wrong="state:h",
    size=(0.5, 2),
    because="y[:, -1] is the output at the last step of the padded batch, zero for every shorter sequence",
    source=UNPACKING,
    fix="take the final state h, or gather y at length - 1",
    weights=torch_variables,
    **FLAT_STATES,
)
def _(torch, *, I, H, T, lengths):
    def compute(layer, x):
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, (_, c) = layer(packed)
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=T)
        return y, (y[:, -1][None], c)

    return lstm_called(torch, I, H, compute)


@variable_lengths.torch.naive(
    "torch.nn.utils.rnn.pad_packed_sequence",
    "total_length forgotten",
    when=ONE_WAY,
    wrong="output:y",
    kind="shape",
    because="the outputs are padded to the longest sequence of the batch, not to the length that went in",
    source=UNPACKING,
    fix="pass total_length=x.size(1)",
    weights=torch_variables,
    **FLAT_STATES,
)
def _(torch, *, I, H, lengths):
    def compute(layer, x):
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, states = layer(packed)
        return torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True)[0], states

    return lstm_called(torch, I, H, compute)


@variable_lengths.torch.naive(
    "torch.nn.utils.rnn.pack_padded_sequence",
    "enforce_sorted left at its default",
    when=ONE_WAY,
    raises="RuntimeError: must be sorted in decreasing order",
    because="enforce_sorted=True wants the longest sequence first",
    source=PACKING,
    fix="pass enforce_sorted=False",
    weights=torch_variables,
    **FLAT_STATES,
)
def _(torch, *, I, H, lengths):
    return lstm_called(
        torch, I, H, lambda layer, x: layer(torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True))
    )


@variable_lengths.torch.naive(
    "torch.nn.utils.rnn.pack_padded_sequence",
    "batch sorted and not put back",
    when=ONE_WAY,
    because="outputs and states then come in the order of the lengths",
    source=PACKING,
    fix="pass enforce_sorted=False, which puts them back, or index them with the inverse order",
    weights=torch_variables,
    **FLAT_STATES,
)
def _(torch, *, I, H, T, lengths):
    def compute(layer, x):
        ordered, order = torch.sort(torch.tensor(lengths), descending=True)
        packed = torch.nn.utils.rnn.pack_padded_sequence(x[order.to(x.device)], ordered, batch_first=True)
        y, states = layer(packed)
        return torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=T)[0], states

    return lstm_called(torch, I, H, compute)


@variable_lengths.tensorflow.naive(
    "keras.layers.LSTM",
    "masked steps repeat the last output",
    when=ONE_WAY,
    wrong="output:y",
    because="zero_output_for_mask is False unless given: Keras then puts out the last output again past the end",
    source=MASKING,
    fix="pass zero_output_for_mask=True, or multiply the outputs by the mask",
    weights=keras_variables,
)
def _(tf, *, L, D, H, T, lengths):
    layers, call = keras_stack(tf, lambda name: tf.keras.layers.LSTM(H, name=name, **KERAS_LAYER), L=L, D=D, H=H)
    return layers, lambda x: call(x, mask=tf.sequence_mask(lengths, T))


@variable_lengths.tensorflow.naive(
    "keras.layers.Masking",
    "padding that is not zero",
    when=ONE_WAY,
    because="Masking leaves out the steps whose features all equal mask_value, and this padding is not constant",
    source="https://keras.io/api/layers/core_layers/masking/",
    fix="make the mask from the lengths with tf.sequence_mask",
    weights=keras_variables,
)
def _(tf, *, L, D, H):
    def make(name):
        return tf.keras.layers.LSTM(H, zero_output_for_mask=True, name=name, **KERAS_LAYER)

    layers, call = keras_stack(tf, make, L=L, D=D, H=H)
    masking = tf.keras.layers.Masking()
    return layers, lambda x: call(x, mask=masking.compute_mask(x))


@variable_lengths.tensorflow.naive(
    "keras.layers.LSTM",
    "mask with the padding marked",
    when=ONE_WAY,
    because="True in a mask of Keras means that the step is taken, in torch's key_padding_mask that it is left out",
    source="https://keras.io/guides/understanding_masking_and_padding/",
    fix="mark the steps within the length, as tf.sequence_mask does",
    weights=keras_variables,
)
def _(tf, *, L, D, H, T, lengths):
    def make(name):
        return tf.keras.layers.LSTM(H, zero_output_for_mask=True, name=name, **KERAS_LAYER)

    layers, call = keras_stack(tf, make, L=L, D=D, H=H)
    return layers, lambda x: call(x, mask=~tf.sequence_mask(lengths, T))
