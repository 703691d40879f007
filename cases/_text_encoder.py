"""What the cases of the text encoder share: its formula, and the model in each framework.

It applies convolutions to the letters of each word, and an LSTM in both directions to the words; its output is the
final states. The loss asks whether two texts belong together.
"""

from _recurrent import sigmoid

from parity import integers, normal, zeros

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
    length=integers("N", 1, "T"),  # below T, so that there is padding with every seed
    other=integers("N T C", 0, "V"),
    other_length=integers("N", 1, 5),
    label=integers("N", 0, 2),
)
WIDE = ("float64", "float32")  # in lower formats a value may round to the other side of ReLU's kink


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
            c = np.where(inside, sigmoid(np, f) * c + sigmoid(np, i) * np.tanh(g), c)
            h = np.where(inside, sigmoid(np, o) * np.tanh(c), h)
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


def stepped_states(torch, lstm, x, length):
    """The same without packing: beyond the length of a text, a state stays as it is."""
    finals = []
    for suffix in ("", "_reverse"):
        weights = [getattr(lstm, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        h = c = x.new_zeros(len(x), lstm.hidden_size)
        for t in reversed(range(x.shape[1])) if suffix else range(x.shape[1]):
            new_h, new_c = torch.lstm_cell(x[:, t], (h, c), *weights)
            inside = (t < length)[:, None]
            h, c = torch.where(inside, new_h, h), torch.where(inside, new_c, c)
        finals.append(h)
    return torch.cat(finals, dim=1)


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
