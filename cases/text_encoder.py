"""An encoder of texts, applied to two of them with the same weights: its results, gradients, and a step of training."""

from _recurrent import PACKED
from _text_encoder import (
    AXES,
    INPUTS,
    KERAS,
    KERAS_LAYOUTS,
    KERNELS,
    SIZES,
    TORCH,
    TORCH_LAYOUTS,
    WIDE,
    encode,
    keras_model,
    keras_weights,
    loss_of,
    packed,
    packed_states,
    stepped_states,
    tensorflow_loss,
    torch_model,
    torch_weights,
    weights,
)
from _tf1 import Built, Variable, rnn_cell, tf_variables
from _training_step import formula, tensorflow_step, torch_step

from parity import Case, LeastScale, buffer

encoder = Case(
    "text_encoder",
    "Two texts encoded by shared weights: letters by convolution, words by an LSTM in both directions; their loss.",
    sizes=SIZES,
    inputs=INPUTS,
    weights=weights(),
    outputs=dict(encoded="N S", loss=""),
    dtypes=WIDE,
)


@encoder.reference
def _(np, text, length, other, other_length, label, **weights):
    loss = loss_of(np, text, length, other, other_length, label, weights)
    return encode(np, text, length, weights), loss


def torch_encoder(final_states=packed_states):
    def build(torch, *, V, E, F, M, H):
        model = torch_model(torch, V, E, F, M, H, final_states)
        return model, lambda text, length, *rest: (model(text, length), model.loss(text, length, *rest))

    return build


def keras_encoder(masked=True):
    def build(tf, *, V, E, F, M, H):
        model = keras_model(tf, V, E, F, M, H, masked)
        return model, lambda text, length, *rest: (
            model(text, length),
            tensorflow_loss(tf, model, text, length, *rest),
        )

    return build


encoder.torch.layer("torch.nn.Module", weights=TORCH)(torch_encoder())
encoder.limitation("torch.nn.Module", **PACKED)
encoder.torch.layer("torch.where", weights=TORCH)(torch_encoder(stepped_states))
encoder.tensorflow.layer("keras.layers.Layer", weights=KERAS)(keras_encoder())


TENSORFLOW_1 = {"letters": "letters: V E"}
for size in KERNELS:
    TENSORFLOW_1[f"filters_{size}"] = f"filters_{size}: K{size} E F"
    TENSORFLOW_1[f"bias_{size}"] = f"filters_bias_{size}: F"


@encoder.tensorflow.layer(
    "tf.compat.v1.nn.bidirectional_dynamic_rnn",
    weights={**TENSORFLOW_1, **tf_variables("", "fw/", "M"), **tf_variables("_reverse", "bw/", "M")},
)
def _(tf, *, V, E, F, M, H, dtype):
    cells = {name: rnn_cell().BasicLSTMCell(H, forget_bias=0.0, dtype=dtype) for name in ("fw", "bw")}
    shapes = dict(letters=[V, E])
    for size in KERNELS:
        shapes |= {f"filters_{size}": [size, E, F], f"bias_{size}": [F]}
    own = {name: tf.Variable(tf.zeros(shape, dtype)) for name, shape in shapes.items()}
    model = Built(M)
    model.weights += [Variable(*named) for named in own.items()]
    for name, cell in cells.items():
        model.weights += [Variable(f"{name}/{weight.path}", weight.value) for weight in Built(M, cell).weights]

    def encoded(text, length):
        x = tf.nn.embedding_lookup(own["letters"], tf.reshape(text, [-1, text.shape[2]]))
        features = []
        for size in KERNELS:
            y = tf.nn.conv1d(x, own[f"filters_{size}"], stride=1, padding="VALID")
            y = tf.nn.relu(tf.nn.bias_add(y, own[f"bias_{size}"]))
            features.append(tf.reduce_max(y, axis=1))
        x = tf.reshape(tf.concat(features, axis=1), [*text.shape[:2], M])
        _, states = tf.compat.v1.nn.bidirectional_dynamic_rnn(*cells.values(), x, sequence_length=length, dtype=dtype)
        return tf.concat([state.h for state in states], axis=1)

    def call(text, length, *rest):
        return encoded(text, length), tensorflow_loss(tf, encoded, text, length, *rest)

    return model, call


def naive_torch(title, *, because, source, fix, final_states):
    add = encoder.torch.naive("torch.nn.LSTM", title, because=because, source=source, fix=fix, weights=TORCH)
    add(torch_encoder(final_states))


naive_torch(
    "padding not skipped",
    because="without packing, the LSTM goes on over the padding, and backwards begins in it",
    source="measured with torch 2.13.0",
    fix="pack the sequences with their lengths",
    final_states=lambda torch, lstm, x, length: torch.cat(tuple(lstm(x)[1][0]), dim=1),
)
naive_torch(
    "last output for the final states",
    because="the last output of the backward direction has seen one word only; its final state is at the first word",
    source="https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html",
    fix="concatenate the two parts of h_n",
    final_states=lambda torch, lstm, x, length: lstm(x)[0][:, -1],
)
naive_torch(
    "final states reshaped",
    because="h_n is (directions, batch, hidden): a reshape to (batch, -1) puts states of different texts together",
    source="https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html",
    fix="concatenate h_n[0] and h_n[1] along the features",
    final_states=lambda torch, lstm, x, length: packed(torch, lstm, x, length).reshape(len(length), -1),
)
encoder.tensorflow.naive(
    "keras.layers.Bidirectional",
    "mask left out",
    because="without a mask, both directions go over the padding",
    source="https://keras.io/api/layers/recurrent_layers/bidirectional/",
    fix="pass mask=tf.sequence_mask(lengths, T)",
    weights=KERAS,
)(keras_encoder(masked=False))


encoder_training = Case(
    "text_encoder_training",
    "A step of gradient descent on the encoder of texts: its weights get the gradients of both uses.",
    sizes=SIZES,
    inputs=INPUTS,
    weights=weights(gradient=False),
    outputs=dict(before=buffer(""), after=buffer(""), **{name: buffer(axes) for name, axes in AXES.items()}),
    dtypes=WIDE,
    least_scale=LeastScale(
        2.0, ["output:letters"], "Keras subtracts a row for every look-up, and rounds the vector each time"
    ),
    trains=True,
)


@encoder_training.reference
def _(np, text, length, other, other_length, label, **weights):
    return formula(np, lambda weights: loss_of(np, text, length, other, other_length, label, weights), weights)


def torch_training(final_states=packed_states, both=True):
    def build(torch, *, V, E, F, M, H, capture):
        model = torch_model(torch, V, E, F, M, H, final_states, both=both)

        def call(*inputs):
            losses = torch_step(torch, model, lambda: model.loss(*inputs), capture)
            return *losses, *torch_weights(model)

        return model, call

    return build


encoder_training.torch.layer("torch.nn.Module", weights=TORCH, **TORCH_LAYOUTS)(torch_training())
encoder_training.limitation("torch.nn.Module", **PACKED)
encoder_training.torch.layer("torch.where", weights=TORCH, **TORCH_LAYOUTS)(torch_training(stepped_states))
encoder_training.torch.naive(
    "torch.Tensor.detach",
    "second text encoded without gradients",
    wrong=["output:after", "output:bias*", "output:filters_*", "output:kernel*", "output:letters", "output:recurrent*"],
    because="with tf.variable_scope(reuse=True), the shared weights get the gradients of both uses",
    source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/variable_scope",
    fix="call the same module twice, and let gradients flow through both calls",
    weights=TORCH,
    **TORCH_LAYOUTS,
)(torch_training(both=False))


@encoder_training.tensorflow.layer("keras.layers.Layer", weights=KERAS, **KERAS_LAYOUTS)
def _(tf, *, V, E, F, M, H, capture):
    model = keras_model(tf, V, E, F, M, H)

    def call(*inputs):
        losses = tensorflow_step(tf, model, lambda: tensorflow_loss(tf, model, *inputs), capture)
        return *losses, *keras_weights(model)

    return model, call
