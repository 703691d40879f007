"""A classifier of texts by pretrained word vectors, an LSTM and two linear layers: its loss, and a step of training."""

from _training_step import formula, tensorflow_step, torch_step

from parity import Case, buffer, grid, integers, normal, zeros

SIZES = dict(N=6, T=5, V=9, E=4, H=7, J=lambda H: H, M=8, K=3, G=("i", "f", "g", "o"))
AXES = dict(
    embedding="V E",
    kernel="G H E",
    recurrent="G H J",
    bias="G H",
    hidden="M H",
    hidden_bias="M",
    output="K M",
    output_bias="K",
)
TORCH_EMBEDDING = "https://pytorch.org/docs/stable/generated/torch.nn.Embedding.html"


def inputs():
    return dict(ids=integers("N T", 0, "V"), label=integers("N", 0, "K"))


def weights(embedding, gradient=True):
    return {
        name: normal(axes, std=0.5, gradient=gradient and (name != "embedding" or embedding == "trained"))
        for name, axes in AXES.items()
    }


def classify(np, ids, *, embedding, kernel, recurrent, bias, hidden, hidden_bias, output, output_bias):
    x = embedding[ids]
    h = c = np.zeros((len(ids), recurrent.shape[2]))
    for t in range(x.shape[1]):
        gates = np.einsum("ne,ghe->gnh", x[:, t], kernel) + np.einsum("nj,ghj->gnh", h, recurrent) + bias[:, None]
        i, f, g, o = gates
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
    features = np.dot(h, hidden.T) + hidden_bias
    return np.dot(np.where(features > 0, features, 0), output.T) + output_bias


def cross_entropy(np, logits, label):
    losses = np.log(np.sum(np.exp(logits), 1)) - logits[np.arange(len(label)), label]
    return np.mean(losses)


# PyTorch: the variables of the model, and the layouts of its weights as results

TORCH = {
    "embedding.weight": "embedding: V E",
    "lstm.weight_ih_l0": "kernel: (G H) E",
    "lstm.weight_hh_l0": "recurrent: (G H) J",
    "lstm.bias_ih_l0": "bias: (G H)",
    "lstm.bias_hh_l0": zeros("(G H)"),
    "hidden.weight": "hidden: M H",
    "hidden.bias": "hidden_bias: M",
    "output.weight": "output: K M",
    "output.bias": "output_bias: K",
}
TORCH_LAYOUTS = dict(kernel="(G H) E", recurrent="(G H) J", bias="(G H)")


def torch_model(torch, V, E, H, M, K, embedding, *, batch_first=True, make_embedding=None):
    nn = torch.nn

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = make_embedding(V, E) if make_embedding else nn.Embedding(V, E)
            if embedding == "frozen":
                self.embedding.requires_grad_(False)
            self.lstm = nn.LSTM(E, H, batch_first=batch_first)
            self.lstm.bias_hh_l0.requires_grad_(False)
            self.hidden = nn.Linear(H, M)
            self.output = nn.Linear(M, K)

        def forward(self, ids):
            outputs, _ = self.lstm(self.embedding(ids))
            return self.output(torch.relu(self.hidden(outputs[:, -1])))

    return Classifier()


def torch_weights(model):
    lstm = model.lstm
    parts = [model.embedding.weight, lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0]
    parts += [model.hidden.weight, model.hidden.bias, model.output.weight, model.output.bias]
    return [part.detach().clone() for part in parts]


# Keras

KERAS = {
    "embedding/embeddings": "embedding: V E",
    "lstm/lstm_cell/kernel": "kernel: E (G H)",
    "lstm/lstm_cell/recurrent_kernel": "recurrent: J (G H)",
    "lstm/lstm_cell/bias": "bias: (G H)",
    "hidden/kernel": "hidden: H M",
    "hidden/bias": "hidden_bias: M",
    "output/kernel": "output: M K",
    "output/bias": "output_bias: K",
}
KERAS_LAYOUTS = dict(kernel="E (G H)", recurrent="J (G H)", bias="(G H)", hidden="H M", output="M K")


def keras_model(tf, V, E, H, M, K, embedding, **of_embedding):
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            layers.Embedding(V, E, name="embedding", trainable=embedding == "trained", **of_embedding),
            layers.LSTM(H, name="lstm", unroll=True),
            layers.Dense(M, activation="relu", name="hidden"),
            layers.Dense(K, name="output"),
        ]
    )


def keras_loss(tf, logits, label):
    return tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)(label, logits)


classifier = Case(
    "text_classifier",
    "Word vectors, an LSTM whose last output goes through linear, ReLU, linear, and cross-entropy.",
    sizes=SIZES,
    parameters=dict(embedding="trained"),
    inputs=inputs(),
    weights=weights,
    outputs=dict(logits="N K", loss=""),
    variants=grid(embedding=["trained", "frozen"]),
    dtypes=("float64", "float32"),  # in lower formats a value may round to the other side of ReLU's kink
)


@classifier.reference
def _(np, ids, label, **weights):
    logits = classify(np, ids, **weights)
    return logits, cross_entropy(np, logits, label)


def torch_classifier(loss=None, **of_model):
    def build(torch, *, V, E, H, M, K, embedding):
        model = torch_model(torch, V, E, H, M, K, embedding, **of_model)

        def call(ids, label):
            logits = model(ids)
            return logits, (loss or torch.nn.functional.cross_entropy)(logits, label)

        return model, call

    return build


def keras_classifier(loss=keras_loss, **of_embedding):
    def build(tf, *, V, E, H, M, K, embedding):
        model = keras_model(tf, V, E, H, M, K, embedding, **of_embedding)

        def call(ids, label):
            logits = model(ids)
            return logits, loss(tf, logits, label)

        return model, call

    return build


classifier.torch.layer("torch.nn.Module", weights=TORCH)(torch_classifier())
classifier.tensorflow.layer("keras.Sequential", weights=KERAS)(keras_classifier())

