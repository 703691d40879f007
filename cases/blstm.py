"""The BLSTM classifier of document 002: evaluation, training with given dropout masks, and a step of training."""

from _blstm import (
    AXES,
    KERAS,
    KERAS_HEAD,
    KERAS_LAYOUTS,
    REAL,
    SIZES,
    TORCH,
    TORCH_HEAD,
    TORCH_LAYOUTS,
    all_steps,
    classify,
    draws,
    head_weights,
    joined,
    keras_call,
    keras_model,
    multiplied,
    torch_model,
)
from _training_step import formula, tensorflow_step, torch_step

from parity import Case, LeastScale, buffer, grid, integers, normal, uniform, zeros

TORCH_LSTM = "torch/nn/modules/rnn.py of PyTorch 2.13.0: LSTM"
TORCH_DOCS = "https://docs.pytorch.org/docs/stable/generated"
KERAS_DROPOUT = "https://keras.io/api/layers/regularization_layers/dropout/"
EVALUATED = dict(training=False, classified="last")
NOT_TRACED = dict(
    modes=["graph", "compiled"],
    raises="Unsupported: Attempted to call function marked as skipped",
    because="torch.compile traces no TorchDispatchMode, which puts given numbers in the place of the generator's; the "
    "same model with the masks as products is captured",
    source="measured with torch 2.13.0",
)

blstm = Case(
    "blstm",
    "The classifier of document 002: word vectors, LSTM, and three linear layers with ReLU and dropout between them; "
    "it classifies the last step, or all steps, as the document's code does.",
    sizes=SIZES,
    parameters=dict(EVALUATED),
    inputs=lambda training, classified: dict(ids=integers("N T", 0, "V"), **(draws(classified) if training else {})),
    weights=dict(embedding=normal("V E"), **head_weights()),
    outputs=lambda classified: dict(logits="N O" if classified == "last" else "N T O"),
    states=dict(h="N H", c="N H"),
    variants=grid(training=[False, True], classified=["last", "all"]),
)


@blstm.reference
def _(np, ids, draws=None, draws2=None, *, training, classified, **weights):
    given = [draws, draws2] if training else []
    return classify(np, ids, given, classified=classified, **joined(np, **weights))


def torch_blstm(mode=None, **of_model):
    def build(torch, *, V, E, H, M, R, O, training, classified):
        model = torch_model(torch, V, E, H, M, R, O, classified, **of_model)
        return model.train(training if mode is None else mode)

    return build


blstm.torch.layer("torch.nn.Dropout", weights=TORCH)(torch_blstm())
blstm.limitation("torch.nn.Dropout", when=dict(training=True), **NOT_TRACED)
blstm.torch.layer("torch.Tensor.mul", weights=TORCH)(torch_blstm(masks=multiplied))


def keras_blstm(mode=None):
    def build(tf, *, N, T, V, E, H, M, R, O, training, classified):
        model = keras_model(tf, N, T, V, E, H, M, R, O, classified)
        chosen = training if mode is None else mode
        return model, lambda ids, *draws: keras_call(tf, model, chosen, ids, *draws)

    return build


blstm.tensorflow.layer("keras.layers.Dropout", weights=KERAS)(keras_blstm())


def float_state(torch, text_emb, H):
    return torch.full((1, text_emb.shape[0], H), 0).float().to(text_emb.device)


def whole_state(torch, text_emb, H):
    return torch.full((1, text_emb.shape[0], H), 0).to(text_emb.device)


def flat_state(torch, text_emb, H):
    return torch.full((text_emb.shape[0], H), 0).to(text_emb)


for api, title, way, because, source, fix, of_model in (
    (
        "torch.nn.Sequential",
        "last representation taken and not used",
        dict(kind="shape"),
        "the layers get the outputs of all steps: [texts, words, 1] instead of [texts, 1]",
        TORCH_LSTM,
        "pass the last representation, out[:, -1, :], to the layers",
        dict(choose=all_steps),
    ),
    (
        "torch.Tensor.float",
        "zero states of a float64 model",
        dict(raises="RuntimeError: mat1 and mat2 must have the same dtype, but got Float and Double"),
        ".float() makes float32, whatever the dtype of the model",
        f"{TORCH_DOCS}/torch.Tensor.float.html",
        "make the states with torch.zeros(..., dtype=text_emb.dtype), or pass none",
        dict(make_state=float_state),
    ),
    (
        "torch.full",
        "zero states of whole numbers",
        dict(raises="RuntimeError: mat1 and mat2 must have the same dtype, but got Long and Double"),
        "torch.full takes the dtype of its value: 0 gives 64-bit integers, 0.0 the default dtype",
        f"{TORCH_DOCS}/torch.full.html",
        "give the dtype, or fill with 0.0",
        dict(make_state=whole_state),
    ),
    (
        "torch.nn.LSTM",
        "zero states without the axis of layers",
        dict(raises="RuntimeError: hx and cx should also be 3-D but got (2-D, 2-D) tensors"),
        "the states of a layer are [layers, batch, hidden_size], those of a cell [batch, hidden_size]",
        TORCH_LSTM,
        "make the states of shape (1, batch, hidden_size)",
        dict(make_state=flat_state),
    ),
):
    blstm.torch.naive(api, title, when=EVALUATED, **way, because=because, source=source, fix=fix, weights=TORCH)(
        torch_blstm(**of_model)
    )

blstm.torch.naive(
    "torch.nn.Module.eval",
    "left out",
    when=EVALUATED,
    wrong="output:logits",
    because="a module of PyTorch starts in training mode, and drops units; a Keras model that is called does not",
    source=f"{TORCH_DOCS}/torch.nn.Module.html",
    fix="call model.eval() before evaluation",
    weights=TORCH,
)(torch_blstm(mode=True))
blstm.tensorflow.naive(
    "keras.Model",
    "called without training=True",
    when=dict(training=True, classified="last"),
    wrong="output:logits",
    because="a Keras model that is called is in inference mode, and drops nothing",
    source=KERAS_DROPOUT,
    fix="pass training=True in a training loop of your own",
    weights=KERAS,
)(keras_blstm(mode=False))


blstm_training = Case(
    "blstm_training",
    "A step of gradient descent on document 002's classifier, from pretrained vectors and with given dropout masks.",
    sizes=SIZES,
    parameters=dict(loss="bce", classified="last"),
    inputs=lambda classified: dict(
        ids=integers("N T", 0, "V"),
        pretrained=normal("V E", gradient=False),
        label=uniform("N O", 0, 1, gradient=False),
        **draws(classified),
    ),
    weights=head_weights(gradient=False),
    outputs=dict(before=buffer(""), after=buffer(""), **{name: buffer(axes) for name, axes in AXES.items()}),
    variants=grid(loss=["bce", "mse"], classified=["last", "all"])
    + grid(loss=["mse"], classified=["all"], T=[4])
    + grid(**REAL),
    dtypes=("float64", "float32"),  # the vectors come through NumPy, which has no bfloat16
    least_scale=LeastScale(
        4.0, ["output:embedding"], "Keras subtracts a row for every look-up, and rounds the vector each time"
    ),
    trains=True,
)


def targets(label, classified):
    """The label of each text, for each of its steps where all steps are classified."""
    return label if classified == "last" else label[:, None]


@blstm_training.reference
def _(np, ids, pretrained, label, draws, draws2, *, loss, classified, **weights):
    def loss_of(weights):
        logits, *_ = classify(np, ids, [draws, draws2], classified=classified, **weights)
        target = targets(label, classified)
        return np.mean(np.logaddexp(0, logits) - logits * target if loss == "bce" else (logits - target) ** 2)

    weights = joined(np, embedding=pretrained, **weights)
    return formula(np, loss_of, {name: weights[name] for name in AXES})


def torch_target(logits, label, classified):
    return targets(label, classified).expand_as(logits)


def torch_training(make_target=torch_target, mode=True, **of_model):
    def build(torch, *, V, E, H, M, R, O, loss, classified, capture):
        model = torch_model(torch, V, E, H, M, R, O, classified, **of_model).train(mode)
        loss_of = torch.nn.BCEWithLogitsLoss() if loss == "bce" else torch.nn.MSELoss()

        def call(ids, pretrained, label, *draws):
            model.embedding.weight.data.copy_(torch.from_numpy(pretrained.cpu().numpy()))

            def compute():
                logits, *_ = model(ids, *draws)
                return loss_of(logits, make_target(logits, label, classified))

            losses = torch_step(torch, model, compute, capture)
            return *losses, *(w.detach().clone() for w in model.parameters() if w.requires_grad)

        return model, call

    return build


TORCH_TRAINED = dict(weights={"embedding.weight": zeros("V E")} | TORCH_HEAD, **TORCH_LAYOUTS)

blstm_training.torch.layer("torch.nn.Dropout", **TORCH_TRAINED)(torch_training())
blstm_training.limitation("torch.nn.Dropout", **NOT_TRACED)
blstm_training.torch.layer("torch.Tensor.mul", **TORCH_TRAINED)(torch_training(masks=multiplied))


def keras_training(make_target=lambda label, classified: targets(label, classified)):
    def build(tf, *, N, T, V, E, H, M, R, O, loss, classified, capture):
        model = keras_model(tf, N, T, V, E, H, M, R, O, classified)
        losses = tf.keras.losses
        loss_of = losses.BinaryCrossentropy(from_logits=True) if loss == "bce" else losses.MeanSquaredError()

        def call(ids, pretrained, label, *draws):
            model.get_layer("embedding").set_weights([pretrained])

            def compute():
                logits, *_ = keras_call(tf, model, True, ids, *draws)
                return loss_of(tf.broadcast_to(make_target(label, classified), logits.shape), logits)

            return *tensorflow_step(tf, model, compute, capture), *(weight.value for weight in model.weights)

        return model, call

    return build


KERAS_TRAINED = dict(weights={"embedding/embeddings": zeros("V E")} | KERAS_HEAD, **KERAS_LAYOUTS)

blstm_training.tensorflow.layer("keras.layers.Dropout", **KERAS_TRAINED)(keras_training())


def copied(logits, label, classified):
    """The label as it is."""
    return label


def flat(logits, label, classified):
    return label[:, 0]


BCE = f"{TORCH_DOCS}/torch.nn.BCEWithLogitsLoss.html"
MSE = "torch/nn/functional.py of PyTorch 2.13.0: mse_loss"

ALL_BUT_THE_LAST_BIAS = [
    "output:after",
    "output:b*",
    "output:embedding",
    "output:hidden*",
    "output:kernel",
    "output:output",
    "output:recurrent",
]
"""The output's bias gets the mean of all errors, which is the same for any pairing of texts and labels."""

for api, title, when, way, because, source, fix, of_training in (
    (
        "torch.nn.MSELoss",
        "labels without the last axis",
        dict(loss="mse", classified="last"),
        dict(wrong=ALL_BUT_THE_LAST_BIAS),
        "[texts] broadcasts against [texts, 1]: each text is compared with the labels of all texts",
        MSE,
        "give the labels the shape of the output, or drop the last axis of the output",
        dict(make_target=flat),
    ),
    (
        "torch.nn.BCEWithLogitsLoss",
        "labels without the last axis",
        dict(loss="bce", classified="last"),
        dict(raises="ValueError: must be the same as input size (torch.Size([4, 1]))"),
        "this loss does not broadcast",
        BCE,
        "give the labels the shape of the output, or drop the last axis of the output",
        dict(make_target=flat),
    ),
    (
        "torch.nn.MSELoss",
        "one label for all steps, with as many steps as texts",
        dict(loss="mse", classified="all", T=4),
        dict(wrong=ALL_BUT_THE_LAST_BIAS),
        "[texts, 1] broadcasts against [texts, words, 1] as labels of the words: with 4 of each no shape tells",
        MSE,
        "classify the last representation, or repeat the label for each step",
        dict(make_target=copied),
    ),
    (
        "torch.nn.BCEWithLogitsLoss",
        "one label for all steps",
        dict(loss="bce", classified="all"),
        dict(
            raises="ValueError: Target size (torch.Size([4, 1])) must be the same as input size (torch.Size([4, 3, 1]))"
        ),
        "the model of the document gives an output for each step, and this loss does not broadcast",
        BCE,
        "classify the last representation, or repeat the label for each step",
        dict(make_target=copied),
    ),
    (
        "torch.nn.Module.train",
        "model left in evaluation mode",
        dict(loss="bce", classified="last"),
        {},
        "after eval(), dropout passes everything on until train() is called; fit() of Keras sets the mode itself",
        f"{TORCH_DOCS}/torch.nn.Module.html",
        "call model.train() before each epoch",
        dict(mode=False),
    ),
):
    blstm_training.torch.naive(api, title, when=when, **way, because=because, source=source, fix=fix, **TORCH_TRAINED)(
        torch_training(**of_training)
    )


@blstm_training.tensorflow.naive(
    "keras.losses.BinaryCrossentropy",
    "one label for all steps",
    when=dict(loss="bce", classified="all"),
    raises="ValueError: Arguments `target` and `output` must have the same shape. Received: target.shape=(4, 1)",
    because="this loss does not broadcast; keras.losses.MeanSquaredError does, and takes the label for each step",
    source="keras/src/backend/tensorflow/nn.py of Keras 3.15.1: binary_crossentropy",
    fix="leave return_sequences at False, or repeat the label for each step",
    **KERAS_TRAINED,
)
def _(tf, *, N, T, V, E, H, M, R, O, classified, dtype):
    model = keras_model(tf, N, T, V, E, H, M, R, O, classified)
    loss_of = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    return model, lambda ids, pretrained, label, *draws: loss_of(label, model(ids)[0])
