"""The classifier that document 002 calls BLSTM: word vectors, an LSTM, three linear layers with ReLU and dropout."""

from contextlib import nullcontext
from unittest import mock

from _recurrent import KERAS_CELL, lstm_step, scan

from parity import concat, integers, normal, uniform, zeros

SMALL = dict(E=14, H=11, ON=13, OFF=8, ON2=7, OFF2=5)
REAL = dict(E=[300], H=[150], ON=[75], OFF=[50], ON2=[20], OFF2=[12])
SIZES = dict(
    SMALL,
    N=4,
    T=3,
    V=9,
    O=1,
    J=lambda H: H,
    M=lambda ON, OFF: ON + OFF,
    R=lambda ON2, OFF2: ON2 + OFF2,
    G=("i", "f", "g", "o"),
)
"""M and R are the units of the hidden layers: the first ON and ON2 are on for every text, the others are off."""

RATES = (0.2, 0.4)
CHANCES = 5
"""Draws are whole numbers below 5, and both rates are fifths: rounding cannot move a draw across a rate."""

AXES = dict(
    embedding="V E",
    kernel="G H E",
    recurrent="G H J",
    bias="G H",
    hidden="M H",
    hidden_bias="M",
    hidden2="R M",
    hidden2_bias="R",
    output="O R",
    output_bias="O",
)


def draws(classified):
    """What both dropouts draw, in training mode."""
    units = "N" if classified == "last" else "N T"
    return dict(draws=integers(f"{units} M", 0, CHANCES), draws2=integers(f"{units} R", 0, CHANCES))


def noises(draws):
    """The draws as numbers evenly spread over [0, 1)."""
    return [(draw + 0.5) / CHANCES for draw in draws]


def head_weights(gradient=True):
    """The biases keep each unit at least 8 standard deviations of its input away from ReLU's kink."""
    return dict(
        kernel=normal("G H E", std=0.06, gradient=gradient),
        recurrent=normal("G H J", std=0.08, gradient=gradient),
        bias=normal("G H", std=0.5, gradient=gradient),
        hidden=uniform("M H", -0.04, 0.04, gradient=gradient),
        on=uniform("ON", 0.75, 1.25, gradient=gradient),
        off=uniform("OFF", -1.25, -0.75, gradient=gradient),
        hidden2=uniform("R M", -0.015, 0.015, gradient=gradient),
        on2=uniform("ON2", 0.75, 1.25, gradient=gradient),
        off2=uniform("OFF2", -1.25, -0.75, gradient=gradient),
        output=normal("O R", std=0.5, gradient=gradient),
        output_bias=normal("O", gradient=gradient),
    )


# The formula


def joined(np, on, off, on2, off2, **weights):
    return dict(weights, hidden_bias=np.concatenate([on, off]), hidden2_bias=np.concatenate([on2, off2]))


def classify(np, ids, draws, *, classified, embedding, kernel, recurrent, bias, hidden, hidden_bias, **layers):
    """The logits, and the final states; without ``draws`` as in evaluation."""
    nothing = np.zeros((len(ids), recurrent.shape[2]))
    lstm = dict(kernel=kernel, recurrent=recurrent, bias=bias)
    y, states = scan(np, lstm_step, list(np.moveaxis(embedding[ids], 1, 0)), [nothing, nothing], lstm)
    x = y[-1] if classified == "last" else np.stack(y, axis=1)
    hidden_layers = ((hidden, hidden_bias), (layers["hidden2"], layers["hidden2_bias"]))
    for index, (weight, weight_bias) in enumerate(hidden_layers):
        x = np.maximum(np.dot(x, weight.T) + weight_bias, 0)
        if draws:
            x = x * (noises(draws)[index] >= RATES[index]) / (1 - RATES[index])
    return np.dot(x, layers["output"].T) + layers["output_bias"], *states


# PyTorch

TORCH_HEAD = {
    "text_lstm.weight_ih_l0": "kernel: (G H) E",
    "text_lstm.weight_hh_l0": "recurrent: (G H) J",
    "text_lstm.bias_ih_l0": "bias: (G H)",
    "text_lstm.bias_hh_l0": zeros("(G H)"),
    "linear.0.weight": "hidden: M H",
    "linear.0.bias": concat("on: ON", "off: OFF"),
    "linear.3.weight": "hidden2: R M",
    "linear.3.bias": concat("on2: ON2", "off2: OFF2"),
    "linear.6.weight": "output: O R",
    "linear.6.bias": "output_bias: O",
}
TORCH_LAYOUTS = dict(kernel="(G H) E", recurrent="(G H) J", bias="(G H)")
TORCH = {"embedding.weight": "embedding: V E"} | TORCH_HEAD


def noise_given(torch):
    """A mode in which nn.Dropout gets given numbers, not those of the generator; the rest of PyTorch's dropout runs."""
    from torch.utils._python_dispatch import TorchDispatchMode

    aten = torch.ops.aten

    class NoiseGiven(TorchDispatchMode):
        def __init__(self, noises):
            super().__init__()
            self.noises = iter(noises)

        def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
            if operation is aten.bernoulli_.float:  # on a CPU: which elements are kept
                mask, keep = args
                return mask.copy_(next(self.noises) >= 1 - keep)
            if operation is aten.native_dropout.default:  # on a GPU: one kernel, which draws and scales
                x, rate, _ = args
                kept = next(self.noises) >= rate
                return x * kept * (1 / (1 - rate)), kept
            return operation(*args, **(kwargs or {}))

    return NoiseGiven


def zero_state(torch, text_emb, H):
    """Of dtype float32 as the document makes it, and then of the model's."""
    return torch.full((1, text_emb.shape[0], H), 0).float().to(text_emb.device).to(text_emb.dtype)


def last_representation(out):
    return out[:, -1, :]


def all_steps(out):
    return out


def multiplied(x, noise, rate):
    """Dropout as the product with a mask, for captured graphs, which cannot be given what nn.Dropout draws."""
    return x * (noise >= rate) / (1 - rate)


def torch_model(torch, V, E, H, M, R, O, classified, *, choose=None, make_state=zero_state, masks=None):
    """``choose`` takes what is classified; ``masks(x, noise, rate)`` stands in for nn.Dropout."""
    if choose is None:
        choose = last_representation if classified == "last" else all_steps

    noise_mode = noise_given(torch)

    class Masks(torch.nn.Module):
        def __init__(self, rate):
            super().__init__()
            self.rate, self.noise = rate, None

        def forward(self, x):
            return masks(x, self.noise, self.rate) if self.training else x

    class BLSTM(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(num_embeddings=V, embedding_dim=E)
            self.text_lstm = torch.nn.LSTM(E, H, num_layers=1, batch_first=True)
            self.text_lstm.bias_hh_l0.requires_grad_(False)
            self.linear = torch.nn.Sequential(
                torch.nn.Linear(H, M),
                torch.nn.ReLU(),
                torch.nn.Dropout(0.2) if masks is None else Masks(0.2),
                torch.nn.Linear(M, R),
                torch.nn.ReLU(),
                torch.nn.Dropout(0.4) if masks is None else Masks(0.4),
                torch.nn.Linear(R, O),
            )

        def forward(self, text_feat, *draws):
            text_emb = self.embedding(text_feat)
            init_h, init_c = make_state(torch, text_emb, H), make_state(torch, text_emb, H)
            out, (h, c) = self.text_lstm(text_emb, [init_h, init_c])
            given = [noise.to(text_emb.dtype) for noise in noises(draws)]
            if masks is not None and draws:
                self.linear[2].noise, self.linear[5].noise = given
            with noise_mode(given) if draws and masks is None else nullcontext():
                return self.linear(choose(out)), h[0], c[0]

    return BLSTM()


# Keras

KERAS_HEAD = {
    "text_lstm/lstm_cell/kernel": "kernel: E (G H)",
    "text_lstm/lstm_cell/recurrent_kernel": "recurrent: J (G H)",
    "text_lstm/lstm_cell/bias": "bias: (G H)",
    "hidden/kernel": "hidden: H M",
    "hidden/bias": concat("on: ON", "off: OFF"),
    "hidden2/kernel": "hidden2: M R",
    "hidden2/bias": concat("on2: ON2", "off2: OFF2"),
    "output/kernel": "output: R O",
    "output/bias": "output_bias: O",
}
KERAS_LAYOUTS = dict(kernel="E (G H)", recurrent="J (G H)", bias="(G H)", hidden="H M", hidden2="M R", output="R O")
KERAS = {"embedding/embeddings": "embedding: V E"} | KERAS_HEAD


def tensorflow_draws(noises):
    """Put given numbers in the place of those that Keras's Dropout draws; the rest of TensorFlow's dropout runs."""
    from tensorflow.python.ops import stateless_random_ops

    given = iter(noises)

    def drawn(shape, dtype, seed, alg):
        return next(given)

    return mock.patch.object(stateless_random_ops, "stateless_random_uniform", drawn)


def keras_model(tf, N, T, V, E, H, M, R, O, classified):
    """The model of its inputs, of the outputs of its layers and of its final states."""
    layers, every_step = tf.keras.layers, classified == "all"
    ids = tf.keras.Input((T,), N, dtype="int32")
    text_emb = layers.Embedding(V, E, name="embedding")(ids)
    lstm = layers.LSTM(H, return_sequences=True, return_state=True, name="text_lstm", **KERAS_CELL)
    init = tf.keras.ops.zeros((N, H), text_emb.dtype)
    out, h, c = lstm(text_emb, initial_state=[init, init])
    x = out if every_step else out[:, -1, :]
    x = layers.ReLU()(layers.Dense(M, name="hidden")(x))
    x = layers.Dropout(0.2)(x)
    x = layers.ReLU()(layers.Dense(R, name="hidden2")(x))
    x = layers.Dropout(0.4)(x)
    return tf.keras.Model(ids, [layers.Dense(O, name="output")(x), h, c])


def keras_call(tf, model, training, ids, *draws):
    dtype = model.outputs[0].dtype
    given = noises([tf.cast(draw, dtype) for draw in draws])
    with tensorflow_draws(given) if draws else nullcontext():
        return model(ids, training=training)
