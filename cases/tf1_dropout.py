"""TensorFlow 1's DropoutWrapper as it is by default, with a fresh mask at each step, over sequences."""

import itertools

from _masks import Masked, kept, tensorflow_masks
from _recurrent import KERAS_CELL, KERAS_LAYER
from _tf1 import (
    Built,
    keep_forget_bias,
    lstm_step,
    miscompiled,
    rnn_cell,
    tf_variables,
    torch_unrolled,
    torch_variables,
)

from parity import Case, grid, integers, normal

WRAPPERS = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cell_wrappers.py"

steps = Case(
    "tf1_dropout_steps",
    "Dropout of a cell's inputs, outputs and state h, by a fresh mask at each step; it scales by 1/keep_prob.",
    sizes=dict(N=4, T=3, I=6, H=5, J=lambda H: H, G=("i", "f", "g", "o")),
    parameters=dict(input_keep=1.0, output_keep=1.0, state_keep=1.0),
    inputs=dict(
        x=normal("N T I"),
        input_mask=integers("N T I", 0, 2),
        output_mask=integers("N T H", 0, 2),
        state_mask=integers("N T J", 0, 2),
    ),
    weights=dict(kernel=normal("G H I", std=0.3), recurrent=normal("G H J", std=0.3), bias=normal("G H", std=0.5)),
    outputs=dict(y="N T H"),
    states=dict(h="N H", c="N H"),
    variants=grid(input_keep=[1.0, 0.5])
    + grid(output_keep=[0.5])
    + grid(state_keep=[0.5])
    + grid(input_keep=[0.5], output_keep=[0.75], state_keep=[0.5]),
)


def masked(np, x, mask, keep):
    return x if keep == 1 else np.where(mask == 1, x / keep, 0)


@steps.reference
def _(np, x, input_mask, output_mask, state_mask, *, N, T, H, input_keep, output_keep, state_keep, **weights):
    h = c = np.zeros((N, H))
    outputs = []
    for t in range(T):
        h, c = lstm_step(forget_bias=0.0)(np, masked(np, x[:, t], input_mask[:, t], input_keep), h, c, **weights)
        outputs.append(masked(np, h, output_mask[:, t], output_keep))
        h = masked(np, h, state_mask[:, t], state_keep)
    return np.stack(outputs, axis=1), h, c


@steps.torch.layer("torch.nn.LSTMCell", weights=torch_variables())
def _(torch, *, I, H, input_keep, output_keep, state_keep):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), 0.0)

    def call(x, *masks):
        outputs, states = [], None
        for part, *step in zip(*(tensor.unbind(1) for tensor in (x, *masks)), strict=True):
            h, c = cell(kept(torch, part, step[0], input_keep), states)
            outputs.append(kept(torch, h, step[1], output_keep))
            states = kept(torch, h, step[2], state_keep), c
        return torch.stack(outputs, dim=1), *states

    return cell, call


def wrapped_cell(tf, I, H, input_keep, output_keep, state_keep, dtype):
    cells = rnn_cell()
    cell = cells.BasicLSTMCell(H, forget_bias=0.0, dtype=dtype)
    wrapped = cells.DropoutWrapper(
        cell, input_keep_prob=input_keep, output_keep_prob=output_keep, state_keep_prob=state_keep
    )
    drawn = (input_keep, state_keep, output_keep)  # in the order in which the wrapper draws; nothing to keep all
    return Built(I, cell), Masked(tf, wrapped, [number for number, keep in enumerate(drawn) if keep < 1])


@steps.tensorflow.layer("tf.compat.v1.nn.rnn_cell.DropoutWrapper", weights=tf_variables())
def _(tf, *, N, I, H, input_keep, output_keep, state_keep, dtype):
    layer, cell = wrapped_cell(tf, I, H, input_keep, output_keep, state_keep, dtype)

    def call(x, input_mask, output_mask, state_mask):
        outputs, state = [], cell.zero_state(N, x.dtype)
        sequences = (x, input_mask, state_mask, output_mask)
        for inputs in zip(*(tf.unstack(sequence, axis=1) for sequence in sequences), strict=True):
            y, state = cell(inputs, state)
            outputs.append(y)
        return tf.stack(outputs, axis=1), state.h, state.c

    return layer, call


miscompiled(steps, "tf.compat.v1.nn.rnn_cell.DropoutWrapper", when=dict(state_keep=1.0))


@steps.tensorflow.layer("tf.compat.v1.nn.dynamic_rnn", weights=tf_variables())
def _(tf, *, I, H, input_keep, output_keep, state_keep, dtype):
    layer, cell = wrapped_cell(tf, I, H, input_keep, output_keep, state_keep, dtype)

    def call(x, input_mask, output_mask, state_mask):
        sequences = (x, input_mask, state_mask, output_mask)
        y, state = tf.compat.v1.nn.dynamic_rnn(cell, sequences, dtype=x.dtype)
        return y, state.h, state.c

    return layer, call


KERAS = dict(kernel="kernel: I (G H)", recurrent_kernel="recurrent: J (G H)", bias="bias: (G H)")


@steps.tensorflow.layer("keras.layers.LSTMCell", weights=KERAS)
def _(tf, *, N, H, input_keep, output_keep, state_keep):
    cell = tf.keras.layers.LSTMCell(H, **KERAS_CELL)

    def dropped(x, mask, keep):
        with tensorflow_masks([tf.cast(mask, x.dtype)]):
            return tf.nn.dropout(x, rate=1 - keep)

    def call(x, *masks):
        outputs, states = [], cell.get_initial_state(N)
        for part, *step in zip(*(tf.unstack(tensor, axis=1) for tensor in (x, *masks)), strict=True):
            h, (_, c) = cell(dropped(part, step[0], input_keep), states)
            outputs.append(dropped(h, step[1], output_keep))
            states = [dropped(h, step[2], state_keep), c]
        return tf.stack(outputs, axis=1), *states

    return cell, call


@steps.tensorflow.naive(
    "keras.layers.LSTM",
    "dropout= for input_keep_prob",
    when=dict(input_keep=0.5, output_keep=1.0),
    because="dropout= of a Keras layer draws one mask for all steps; the wrapper draws a fresh one at each step "
    "unless variational_recurrent=True",
    source="keras/src/layers/rnn/dropout_rnn_cell.py of Keras 3.15.1",
    fix="apply keras.layers.Dropout to the inputs, before the layer",
    weights={f"lstm_cell/{name}": place for name, place in KERAS.items()},
)
def _(tf, *, H, input_keep):
    layer = tf.keras.layers.LSTM(H, dropout=1 - input_keep, **KERAS_LAYER)

    def call(x, input_mask, *masks):
        with tensorflow_masks(itertools.repeat(tf.cast(input_mask[:, 0], x.dtype))):
            return layer(x, training=True)

    return layer, call


@steps.torch.naive(
    "torch.nn.LSTMCell",
    "masks drawn before the loop",
    when=dict(input_keep=1.0, output_keep=0.5),
    wrong="output:y",
    because="a mask that is drawn once is the same at each step, as with variational_recurrent=True only",
    source=WRAPPERS,
    fix="draw a mask at each step",
    weights=torch_variables(),
)
def _(torch, *, I, H, output_keep):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), 0.0)

    def call(x, input_mask, output_mask, state_mask):
        y, *states = torch_unrolled(torch, cell, x, None)
        return kept(torch, y, output_mask[:, :1], output_keep), *states

    return cell, call
