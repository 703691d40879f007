"""A classifier of texts by pretrained word vectors, an LSTM and two linear layers: its loss, and a step of training."""

from functools import partial

from _recurrent import lstm_step
from _training_step import formula, tensorflow_step, torch_step

from parity import Case, LeastScale, buffer, grid, integers, normal, zeros

SIZES = dict(N=6, T=10, V=5, E=4, H=7, J=lambda H: H, M=8, K=3, G=("i", "f", "g", "o"))
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
FROZEN = [
    dict(
        when=dict(vectors="frozen"),
        dtypes=["float32"],
        devices=["cpu"],
        modes=[mode],
        raises=raises,
        because="torch.compile cannot capture for training a float32 LSTM on the CPU whose inputs need no gradient",
        source="https://github.com/pytorch/pytorch/pull/185163",
    )
    for mode, raises in (
        ("graph", "AssertionError: expected all tensors_saved_with_vc_check to be Tensors"),
        ("compiled", "TypeError: expected Tensor() for op: torch.ops.aten.mkldnn_rnn_layer"),
    )
]
KERAS_LSTM = "keras/src/layers/rnn/lstm.py of Keras 3.15.1: LSTM"
TORCH_EMBEDDING = "https://pytorch.org/docs/stable/generated/torch.nn.Embedding.html"


def inputs():
    return dict(ids=integers("N T", 0, "V"), label=integers("N", 0, "K"))


def weights(vectors, gradient=True):
    """All normal; the bias before ReLU is mostly positive, or now and then it would leave nothing of any text."""
    return {
        name: normal(
            axes,
            mean=0.5 if name == "hidden_bias" else 0.0,
            std=0.5,
            gradient=gradient and (name != "embedding" or vectors == "trained"),
        )
        for name, axes in AXES.items()
    }


def classify(np, ids, *, embedding, kernel, recurrent, bias, hidden, hidden_bias, output, output_bias):
    x = embedding[ids]
    h = c = np.zeros((len(ids), recurrent.shape[2]))
    for t in range(x.shape[1]):
        h, c = lstm_step(np, x[:, t], h, c, kernel, recurrent, bias)
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


def plain_embedding(torch, V, E):
    return torch.nn.Embedding(V, E)


def last_step(outputs):
    return outputs[:, -1]


def torch_model(torch, V, E, H, M, K, vectors, *, batch_first=True, make_embedding=plain_embedding, choose=last_step):
    nn = torch.nn

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = make_embedding(torch, V, E)
            if vectors == "frozen":
                self.embedding.requires_grad_(False)
            self.lstm = nn.LSTM(E, H, batch_first=batch_first)
            self.lstm.bias_hh_l0.requires_grad_(False)
            self.hidden = nn.Linear(H, M)
            self.output = nn.Linear(M, K)

        def forward(self, ids):
            outputs, _ = self.lstm(self.embedding(ids))
            return self.output(torch.relu(self.hidden(choose(outputs))))

    return Classifier()


def torch_loss(torch, logits, label):
    return torch.nn.functional.cross_entropy(logits, label)


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


def keras_model(tf, V, E, H, M, K, vectors, *, all_steps=False, **of_embedding):
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            layers.Embedding(V, E, name="embedding", trainable=vectors == "trained", **of_embedding),
            layers.LSTM(H, name="lstm", unroll=True, return_sequences=all_steps),
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
    parameters=dict(vectors="trained"),
    inputs=inputs(),
    weights=weights,
    outputs=dict(logits="N K", loss=""),
    variants=grid(vectors=["trained", "frozen"]),
    dtypes=("float64", "float32"),  # in lower formats a value may round to the other side of ReLU's kink
)
classifier.timed({"IMDB": dict(N=16, T=20, V=10_000, E=128, H=128, M=64, K=2)}, moves=False)


@classifier.reference
def _(np, ids, label, **weights):
    logits = classify(np, ids, **weights)
    return logits, cross_entropy(np, logits, label)


def torch_classifier(loss=torch_loss, **of_model):
    def build(torch, *, V, E, H, M, K, vectors):
        model = torch_model(torch, V, E, H, M, K, vectors, **of_model)

        def call(ids, label):
            logits = model(ids)
            return logits, loss(torch, logits, label)

        return model, call

    return build


def keras_classifier(loss=keras_loss, **of_model):
    def build(tf, *, V, E, H, M, K, vectors):
        model = keras_model(tf, V, E, H, M, K, vectors, **of_model)

        def call(ids, label):
            logits = model(ids)
            return logits, loss(tf, logits, label)

        return model, call

    return build


classifier.torch.layer("torch.nn.Module", weights=TORCH)(torch_classifier())
for said in FROZEN:
    classifier.limitation("torch.nn.Module", **said)
classifier.tensorflow.layer("keras.Sequential", weights=KERAS)(keras_classifier())


def trap(framework, build, weights, api, title, *, because, source, fix, wrong=(), raises=None, **options):
    """Declare the classifier, built with other ``options``, as a trap."""
    said = dict(because=because, source=source, fix=fix, wrong=wrong, raises=raises)
    framework.naive(api, title, when=dict(vectors="trained"), weights=weights, **said)(build(**options))


naive_torch = partial(trap, classifier.torch, torch_classifier, TORCH)
naive_keras = partial(trap, classifier.tensorflow, keras_classifier, KERAS)


naive_torch(
    "torch.nn.Embedding",
    "padding_idx for a row that Keras trains",
    wrong="grad:embedding",
    because="the row of padding_idx gets no gradient in PyTorch; in Keras, every row that is looked up gets one",
    source=TORCH_EMBEDDING,
    fix="leave padding_idx out, or keep the row as it is in both frameworks",
    make_embedding=lambda torch, V, E: torch.nn.Embedding(V, E, padding_idx=0),
)
naive_torch(
    "torch.nn.LSTM",
    "batch_first left out",
    because="without it the first axis is time: texts and words change places, and no error comes",
    source="https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html",
    fix="pass batch_first=True",
    batch_first=False,
)
naive_torch(
    "torch.nn.Linear",
    "outputs of all steps classified",
    raises="RuntimeError: Expected target size [6, 3], got [6]",
    because="a linear layer applies to every step, and gives logits for each: [texts, words, classes]",
    source="torch/nn/modules/rnn.py of PyTorch 2.13.0: LSTM",
    fix="take the last output, outputs[:, -1]",
    choose=lambda outputs: outputs,
)
naive_torch(
    "torch.nn.Linear",
    "outputs of all steps averaged",
    because="an LSTM of Keras without return_sequences gives its last output, not the mean of all",
    source=KERAS_LSTM,
    fix="take the last output, outputs[:, -1]",
    choose=lambda outputs: outputs.mean(1),
)
naive_torch(
    "torch.nn.functional.cross_entropy",
    "given probabilities",
    wrong="output:loss",
    because="it takes logits, and applies the softmax itself",
    source="https://pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html",
    fix="pass the logits",
    loss=lambda torch, logits, label: torch_loss(torch, logits.softmax(1), label),
)
naive_keras(
    "keras.losses.SparseCategoricalCrossentropy",
    "from_logits left at its default",
    wrong="output:loss",
    because="it takes probabilities by default, and clips the logits as if they were that",
    source="https://keras.io/api/losses/probabilistic_losses/",
    fix="pass from_logits=True",
    loss=lambda tf, logits, label: tf.keras.losses.SparseCategoricalCrossentropy()(label, logits),
)
naive_keras(
    "keras.layers.LSTM",
    "outputs of all steps classified",
    raises="ValueError: must have rank (ndim) `target.ndim - 1`",
    because="with return_sequences=True the dense layers give logits for every step: [texts, words, classes]",
    source=KERAS_LSTM,
    fix="leave return_sequences at False",
    all_steps=True,
)
naive_keras(
    "keras.layers.Embedding(mask_zero=True)",
    "taken for padding_idx",
    because="a mask makes the LSTM skip the words with id 0; padding_idx only keeps their row from training",
    source="https://keras.io/api/layers/core_layers/embedding/",
    fix="leave mask_zero out, or pack the sequences in PyTorch",
    mask_zero=True,
)


classifier_training = Case(
    "text_classifier_training",
    "A step of gradient descent on the classifier of texts, with word vectors that are trained or frozen.",
    sizes=SIZES,
    parameters=dict(vectors="trained"),
    inputs=inputs(),
    weights=lambda vectors: weights(vectors, gradient=False),
    outputs=dict(before=buffer(""), after=buffer(""), **{name: buffer(axes) for name, axes in AXES.items()}),
    variants=grid(vectors=["trained", "frozen"]),
    dtypes=("float64", "float32"),
    least_scale=LeastScale(
        lambda vectors: 2.0 if vectors == "trained" else 0.0,
        ["output:embedding"],
        "Keras subtracts a row for every look-up, and rounds the vector each time",
    ),
    trains=True,
)


@classifier_training.reference
def _(np, ids, label, *, vectors, **weights):
    def loss(weights):
        return cross_entropy(np, classify(np, ids, **weights), label)

    return formula(np, loss, weights, frozen=["embedding"] if vectors == "frozen" else [])


def torch_training(make_embedding=plain_embedding):
    def build(torch, *, V, E, H, M, K, vectors, capture):
        model = torch_model(torch, V, E, H, M, K, vectors, make_embedding=make_embedding)

        def call(ids, label):
            losses = torch_step(torch, model, lambda: torch_loss(torch, model(ids), label), capture)
            return *losses, *torch_weights(model)

        return model, call

    return build


classifier_training.torch.layer("torch.nn.Module", weights=TORCH, **TORCH_LAYOUTS)(torch_training())
for said in FROZEN:
    classifier_training.limitation("torch.nn.Module", **said)
classifier_training.torch.naive(
    "torch.nn.Embedding.from_pretrained",
    "freeze left at its default",
    when=dict(vectors="trained"),
    wrong=["output:after", "output:embedding"],
    because="it freezes the vectors by default; an Embedding layer with weights set is trained in Keras",
    source=TORCH_EMBEDDING,
    fix="pass freeze=False",
    weights=TORCH,
    **TORCH_LAYOUTS,
)(torch_training(lambda torch, V, E: torch.nn.Embedding.from_pretrained(torch.zeros(V, E))))


@classifier_training.tensorflow.layer("keras.Sequential", weights=KERAS, **KERAS_LAYOUTS)
def _(tf, *, V, E, H, M, K, vectors, capture):
    model = keras_model(tf, V, E, H, M, K, vectors)

    def call(ids, label):
        losses = tensorflow_step(tf, model, lambda: keras_loss(tf, model(ids), label), capture)
        return *losses, *(weight.value for weight in model.weights)

    return model, call
