"""An encoder of texts, applied to two of them: convolutions over the letters of each word, an LSTM in both directions
over the words, its final states. The loss asks whether two texts belong together."""

from _tf1 import Built, Variable, rnn_cell, tf_variables
from _training_step import formula, tensorflow_step, torch_step

from parity import Case, buffer, integers, normal, zeros

KERNELS = (3, 4, 5)
SIZES = dict(
    N=3, T=4, C=7, V=11, E=6, F=2, K3=3, K4=4, K5=5, M=lambda F: 3 * F, H=5, J=lambda H: H, G=("i", "f", "g", "o")
)
"""N texts of T words of C letters; kernels of F filters; M features of a word."""

AXES = dict(letters="V E")
for kernel in KERNELS:
    AXES |= {f"filters_{kernel}": f"F E K{kernel}", f"filters_bias_{kernel}": "F"}
for suffix in ("", "_reverse"):
    AXES |= {f"kernel{suffix}": "G H M", f"recurrent{suffix}": "G H J", f"bias{suffix}": "G H"}

INPUTS = dict(
    text=integers("N T C", 0, "V"),
    length=integers("N", 1, 5),
    other=integers("N T C", 0, "V"),
    other_length=integers("N", 1, 5),
    label=integers("N", 0, 2),
)
WIDE = ("float64", "float32")  # in lower formats a value may round to the other side of ReLU's kink
PACKED = "https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html"


def weights(gradient=True):
    return {name: normal(axes, std=0.5, gradient=gradient) for name, axes in AXES.items()}


# The formula


def words(np, text, weights):
    """The features of every word: the largest value of each filter over the word, after ReLU."""
    x = weights["letters"][text]
    features = []
    for size in KERNELS:
        places = range(x.shape[2] - size + 1)
        windows = np.stack([x[:, :, place : place + size] for place in places])
        y = np.einsum("pntke,fek->pntf", windows, weights[f"filters_{size}"]) + weights[f"filters_bias_{size}"]
        features.append(np.max(np.where(y > 0, y, 0), axis=0))
    return np.concatenate(features, axis=2)


def encode(np, text, length, weights):
    """The final states of both directions; beyond the length of a text, a state stays as it is."""
    x = words(np, text, weights)
    finals = []
    for suffix in ("", "_reverse"):
        kernel, recurrent, bias = (weights[f"{name}{suffix}"] for name in ("kernel", "recurrent", "bias"))
        h = c = np.zeros((len(text), recurrent.shape[2]))
        for t in reversed(range(x.shape[1])) if suffix else range(x.shape[1]):
            gates = np.einsum("nm,ghm->gnh", x[:, t], kernel) + np.einsum("nj,ghj->gnh", h, recurrent)
            i, f, g, o = gates + bias[:, None]
            inside = (t < length)[:, None]
            c = np.where(inside, c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i)), c)
            h = np.where(inside, np.tanh(c) / (1 + np.exp(-o)), h)
        finals.append(h)
    return np.concatenate(finals, axis=1)


def loss_of(np, text, length, other, other_length, label, weights):
    one, two = encode(np, text, length, weights), encode(np, other, other_length, weights)
    scores = np.sum(one * two, axis=1)
    return np.mean(np.log(1 + np.exp(scores)) - label * scores)


# PyTorch

TORCH = {"letters.weight": "letters: V E"}
TORCH_LAYOUTS = {}
for number, size in enumerate(KERNELS):
    TORCH[f"convolutions.{number}.weight"] = f"filters_{size}: F E K{size}"
    TORCH[f"convolutions.{number}.bias"] = f"filters_bias_{size}: F"
for suffix in ("", "_reverse"):
    TORCH[f"lstm.weight_ih_l0{suffix}"] = f"kernel{suffix}: (G H) M"
    TORCH[f"lstm.weight_hh_l0{suffix}"] = f"recurrent{suffix}: (G H) J"
    TORCH[f"lstm.bias_ih_l0{suffix}"] = f"bias{suffix}: (G H)"
    TORCH[f"lstm.bias_hh_l0{suffix}"] = zeros("(G H)")
    TORCH_LAYOUTS |= {f"kernel{suffix}": "(G H) M", f"recurrent{suffix}": "(G H) J", f"bias{suffix}": "(G H)"}


def packed(torch, lstm, x, length):
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, length.cpu(), batch_first=True, enforce_sorted=False)
    _, (h, _) = lstm(packed)
    return h


def packed_states(torch, lstm, x, length):
    return torch.cat(tuple(packed(torch, lstm, x, length)), dim=1)


def torch_model(torch, V, E, F, M, H, final_states=packed_states, *, both=True):
    nn = torch.nn

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.letters = nn.Embedding(V, E)
            self.convolutions = nn.ModuleList(nn.Conv1d(E, F, size) for size in KERNELS)
            self.lstm = nn.LSTM(M, H, batch_first=True, bidirectional=True)
            self.lstm.bias_hh_l0.requires_grad_(False)
            self.lstm.bias_hh_l0_reverse.requires_grad_(False)

        def forward(self, text, length):
            x = self.letters(text.flatten(0, 1)).transpose(1, 2)
            features = [torch.relu(convolution(x)).amax(dim=2) for convolution in self.convolutions]
            x = torch.cat(features, dim=1).unflatten(0, text.shape[:2])
            return final_states(torch, self.lstm, x, length)

        def loss(self, text, length, other, other_length, label):
            encoded = self(other, other_length)
            scores = (self(text, length) * (encoded if both else encoded.detach())).sum(dim=1)
            return nn.functional.binary_cross_entropy_with_logits(scores, label.to(scores.dtype))

    return Encoder()


def torch_weights(model):
    parts = [model.letters.weight]
    for convolution in model.convolutions:
        parts += [convolution.weight, convolution.bias]
    for suffix in ("", "_reverse"):
        parts += [getattr(model.lstm, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih")]
    return [part.detach().clone() for part in parts]


# TensorFlow

KERAS = {"letters/embeddings": "letters: V E"}
KERAS_LAYOUTS = {}
for size in KERNELS:
    KERAS[f"convolution_{size}/kernel"] = f"filters_{size}: K{size} E F"
    KERAS[f"convolution_{size}/bias"] = f"filters_bias_{size}: F"
    KERAS_LAYOUTS[f"filters_{size}"] = f"K{size} E F"
for direction, suffix in (("forward", ""), ("backward", "_reverse")):
    cell = f"lstm/{direction}_rnn/lstm_cell"
    KERAS[f"{cell}/kernel"] = f"kernel{suffix}: M (G H)"
    KERAS[f"{cell}/recurrent_kernel"] = f"recurrent{suffix}: J (G H)"
    KERAS[f"{cell}/bias"] = f"bias{suffix}: (G H)"
    KERAS_LAYOUTS |= {f"kernel{suffix}": "M (G H)", f"recurrent{suffix}": "J (G H)", f"bias{suffix}": "(G H)"}


def keras_model(tf, V, E, F, M, H, masked=True):
    layers = tf.keras.layers

    class Encoder(layers.Layer):
        def __init__(self):
            super().__init__()
            self.letters = layers.Embedding(V, E, name="letters")
            self.convolutions = [layers.Conv1D(F, k, activation="relu", name=f"convolution_{k}") for k in KERNELS]
            self.pooling = layers.GlobalMaxPooling1D()
            rnn = layers.LSTM(H, name="rnn", unroll=True, recurrent_initializer="glorot_uniform")
            self.lstm = layers.Bidirectional(rnn, name="lstm")

        def build(self, shape):
            self.letters.build(None)
            for convolution in self.convolutions:
                convolution.build((None, None, E))
            self.lstm.build((None, None, M))

        def call(self, text, length):
            x = self.letters(tf.reshape(text, [-1, text.shape[2]]))
            x = tf.concat([self.pooling(convolution(x)) for convolution in self.convolutions], axis=1)
            x = tf.reshape(x, [*text.shape[:2], M])
            return self.lstm(x, mask=tf.sequence_mask(length, text.shape[1]) if masked else None)

    return Encoder()


def keras_weights(model):
    parts = [model.letters.embeddings]
    for convolution in model.convolutions:
        parts += [convolution.kernel, convolution.bias]
    for layer in (model.lstm.forward_layer, model.lstm.backward_layer):
        parts += [layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias]
    return [part.value for part in parts]


def tensorflow_loss(tf, model, text, length, other, other_length, label):
    scores = tf.reduce_sum(model(text, length) * model(other, other_length), axis=1)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.cast(label, scores.dtype), logits=scores)
    return tf.reduce_mean(losses)


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
    source=PACKED,
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
)


@encoder_training.reference
def _(np, text, length, other, other_length, label, **weights):
    return formula(np, lambda weights: loss_of(np, text, length, other, other_length, label, weights), weights)


def torch_training(both):
    def build(torch, *, V, E, F, M, H):
        model = torch_model(torch, V, E, F, M, H, both=both)

        def call(*inputs):
            losses = torch_step(torch, model, lambda: model.loss(*inputs))
            return *losses, *torch_weights(model)

        return model, call

    return build


encoder_training.torch.layer("torch.nn.Module", weights=TORCH, **TORCH_LAYOUTS)(torch_training(both=True))
encoder_training.torch.naive(
    "torch.Tensor.detach",
    "second text encoded without gradients",
    because="with tf.variable_scope(reuse=True), the shared weights get the gradients of both uses",
    source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/variable_scope",
    fix="call the same module twice, and let gradients flow through both calls",
    weights=TORCH,
    **TORCH_LAYOUTS,
)(torch_training(both=False))


@encoder_training.tensorflow.layer("keras.layers.Layer", weights=KERAS, **KERAS_LAYOUTS)
def _(tf, *, V, E, F, M, H):
    model = keras_model(tf, V, E, F, M, H)

    def call(*inputs):
        losses = tensorflow_step(tf, model, lambda: tensorflow_loss(tf, model, *inputs))
        return *losses, *keras_weights(model)

    return model, call
