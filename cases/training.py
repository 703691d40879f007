"""The language model of the PTB tutorial: its loss with all gradients, and its training."""

from _language_model import (
    CLIP,
    KEPT,
    SIZES,
    keras_layouts,
    keras_model,
    keras_variables,
    learning_rate,
    minibatches,
    sequence_loss,
    tensorflow_loss,
    tensorflow_training,
    torch_layouts,
    torch_loss,
    torch_model,
    torch_training,
    torch_variables,
    weights,
)
from _tf1 import Built, Variable, rnn_cell, tf_variables, unrolled

from parity import Case, buffer, grid, integers, normal

language_model = Case(
    "language_model",
    "Embedding, two LSTM layers, softmax layer and sequence loss, with a state that goes in and comes out.",
    sizes=SIZES,
    parameters=dict(masked=False),
    inputs=lambda masked: dict(
        ids=integers("N T", 0, "V"),
        targets=integers("N T", 0, "V"),
        h0=normal("L N H", std=0.5),
        c0=normal("L N H", std=0.5),
        **(dict(masks=integers("R N T H", 0, 2)) if masked else {}),
    ),
    weights=weights(),
    outputs=dict(loss=""),
    states=dict(h="L N H", c="L N H"),
    variants=grid(masked=[False, True]),
)


@language_model.reference
def _(np, ids, targets, h0, c0, masks=None, **weights):
    return sequence_loss(np, weights["embedding"][ids], targets, h0, c0, masks, weights)


@language_model.torch.layer("torch.nn.LSTM", weights=torch_variables())
def _(torch, *, V, H):
    model = torch_model(torch, V, H)

    def call(ids, targets, h0, c0, masks=None):
        masks = None if masks is None else masks.to(h0.dtype)
        logits, (h, c) = model(model.embedding(ids), (h0, c0), masks)
        return torch_loss(torch, logits, targets), h, c

    return model, call


@language_model.tensorflow.layer("keras.layers.LSTM", weights=keras_variables())
def _(tf, *, V, H):
    model = keras_model(tf, V, H)

    def call(ids, targets, h0, c0, masks=None):
        logits, h, c = model(ids, h0, c0, None if masks is None else tf.cast(masks, h0.dtype))
        return tensorflow_loss(tf, logits, targets), h, c

    return model, call


@language_model.tensorflow.layer(
    "tf.compat.v1.nn.rnn_cell.BasicLSTMCell",
    weights={
        **tf_variables("_0", "0/", "E"),
        **tf_variables("_1", "1/", "E"),
        "embedding": "embedding: V H",
        "softmax_w": "softmax: H V",
        "softmax_b": "softmax_bias: V",
    },
)
def _(tf, *, V, H, dtype):
    cells = [rnn_cell().BasicLSTMCell(H, forget_bias=0.0, dtype=dtype) for _ in range(2)]
    shapes = dict(embedding=[V, H], softmax_w=[H, V], softmax_b=[V])
    embedding, *softmax = (tf.Variable(tf.zeros(shape, dtype)) for shape in shapes.values())
    model = Built(H, *cells)
    model.weights += [Variable(*named) for named in zip(shapes, (embedding, *softmax), strict=True)]

    def call(ids, targets, h0, c0, masks=None):
        masks = [1, 1, 1] if masks is None else tf.unstack(tf.cast(masks, h0.dtype) / KEPT)
        x = tf.nn.embedding_lookup(embedding, ids) * masks[0]
        states = []
        for cell, h, c, mask in zip(cells, tf.unstack(h0), tf.unstack(c0), masks[1:], strict=True):
            x, state = unrolled(tf, cell, x, rnn_cell().LSTMStateTuple(c=c, h=h))
            states.append(state)
            x = x * mask
        logits = tf.compat.v1.nn.xw_plus_b(tf.reshape(x, [-1, H]), *softmax)
        loss = tensorflow_loss(tf, tf.reshape(logits, [*ids.shape, V]), targets)
        return loss, tf.stack([state.h for state in states]), tf.stack([state.c for state in states])

    return model, call


training = Case(
    "language_model_training",
    "Truncated backpropagation through a short text: gradients clipped by their norm, a learning rate that decays, a "
    "state that is carried. The gradient of a word that a minibatch repeats enters the norm as a sum, or apart.",
    sizes=dict(SIZES, S=lambda steps: steps),
    parameters=dict(masked=False, repeated="summed", steps=12, epoch=4),
    inputs=lambda masked: dict(masks=integers("S R N T H", 0, 2)) if masked else {},
    weights=weights(gradient=False),
    outputs=dict(
        loss=buffer("S"),
        norm=buffer("S"),
        **{name: buffer(" ".join(weight.axes)) for name, weight in weights().items()},
    ),
    steps="S",
    variants=grid(repeated=["summed", "apart"]) + grid(masked=[True]) + grid(steps=[120], epoch=[12]),
    dtypes=("float64", "float32"),
    trains=True,
)


@training.reference
def _(np, masks=None, *, N, T, H, L, V, steps, epoch, repeated, **weights):
    from autograd import make_vjp
    from autograd.builtins import tuple as differentiable

    losses, norms = [], []
    for step, (ids, targets, begins) in enumerate(minibatches(N, T, steps, epoch)):
        if begins:
            h = c = np.zeros((L, N, H))
        dropped = None if masks is None else masks[step]

        def objective(parts, targets=targets, dropped=dropped, h=h, c=c):
            return differentiable(sequence_loss(np, parts["looked_up"], targets, h, c, dropped, parts))

        back, (loss, h, c) = make_vjp(objective)({**weights, "looked_up": weights["embedding"][np.array(ids)]})
        gradients = back((np.ones_like(loss), np.zeros_like(h), np.zeros_like(c)))
        rows = gradients.pop("looked_up")
        gradients["embedding"] = np.einsum("ntv,nth->vh", np.eye(V)[np.array(ids)], rows)
        counted = {**gradients, "embedding": rows} if repeated == "apart" else gradients
        norm = np.sqrt(sum(np.sum(gradient**2) for gradient in counted.values()))
        rate = learning_rate(step, epoch) * CLIP / np.maximum(norm, CLIP)
        weights = {name: weight - rate * gradients[name] for name, weight in weights.items()}
        losses.append(loss)
        norms.append(norm)
    return np.stack(losses), np.stack(norms), *weights.values()


@training.torch.layer("torch.nn.LSTM", weights=torch_variables(), **torch_layouts())
def _(torch, *, V, N, T, H, steps, epoch, repeated, capture):
    model = torch_model(torch, V, H)
    settings = dict(N=N, T=T, H=H, steps=steps, epoch=epoch, repeated=repeated, capture=capture)

    def call(masks=None):
        with torch.enable_grad():
            return torch_training(torch, model, masks, **settings)

    return model, call


@training.tensorflow.layer("keras.layers.LSTM in a tf.function", weights=keras_variables(), **keras_layouts())
def _(tf, *, V, N, T, H, steps, epoch, repeated, capture):
    model = keras_model(tf, V, H)

    def clip(gradients):
        if repeated == "summed":
            gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        return tf.clip_by_global_norm(gradients, CLIP)

    train = tensorflow_training(tf, model, tf.keras.optimizers.SGD(), clip, capture)
    return model, lambda masks=None: train(masks, N=N, T=T, H=H, steps=steps, epoch=epoch)


PLAIN = dict(masked=False, repeated="summed", steps=12)
TUTORIAL = "https://github.com/tensorflow/models/blob/086660faed/tutorials/rnn/ptb/ptb_word_lm.py"
TORCH_DOCS = "https://pytorch.org/docs/stable/generated"


def torch_naive(api, title, *, because, source, fix, size=None, when=None, raises=None, of_model=None, **of_training):
    divergence = dict(because=because, source=source, fix=fix, size=size, when=PLAIN | (when or {}), raises=raises)

    @training.torch.naive(api, title, **divergence, weights=torch_variables(), **torch_layouts())
    def _(torch, *, V, N, T, H, steps, epoch, capture):
        model = torch_model(torch, V, H, **(of_model or {}))
        settings = dict(N=N, T=T, H=H, steps=steps, epoch=epoch, capture=capture, **of_training)

        def call(masks=None):
            with torch.enable_grad():
                return torch_training(torch, model, masks, **settings)

        return model, call


def mean_loss(torch, logits, targets):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


torch_naive(
    "torch.nn.LSTM",
    "second bias trained too",
    because="PyTorch adds two biases; with both trained, their sum moves twice as far",
    source=f"{TORCH_DOCS}/torch.nn.LSTM.html",
    fix="fill bias_hh with zeros and set its requires_grad to False",
    of_model=dict(second_bias=True),
)
torch_naive(
    "torch.nn.LSTM",
    "state not carried over",
    because="the tutorial feeds the final state of a minibatch into the next one",
    source=TUTORIAL,
    fix="pass the detached state to the next call",
    carry=lambda h, c: (h.detach() * 0, c.detach() * 0),
)
torch_naive(
    "torch.nn.LSTM",
    "state passed as (c, h)",
    because="TensorFlow 1 orders the state c, h; PyTorch h, c",
    source=f"{TORCH_DOCS}/torch.nn.LSTM.html",
    fix="pass (h, c)",
    carry=lambda h, c: (c.detach(), h.detach()),
)
torch_naive(
    "torch.nn.LSTM",
    "state not detached",
    because="the state still belongs to the graph of the minibatch before, which backward has freed",
    source=f"{TORCH_DOCS}/torch.Tensor.backward.html",
    fix="detach the state between minibatches; a TensorFlow 1 state passes through NumPy, which cuts the graph",
    raises="RuntimeError: Trying to backward through the graph a second time",
    carry=lambda h, c: (h, c),
)
torch_naive(
    "torch.nn.functional.cross_entropy",
    "mean over time and batch",
    size=(0.4, 1.7),
    because="the tutorial sums over time and averages over the batch only: the mean is T times smaller",
    source=TUTORIAL,
    fix="sum, and divide by the batch size",
    loss=mean_loss,
)
torch_naive(
    "torch.optim.SGD",
    "gradients not zeroed",
    because="backward adds to the gradients that are there; tf.gradients and a tape begin anew",
    source=f"{TORCH_DOCS}/torch.Tensor.backward.html",
    fix="call optimizer.zero_grad() in every step",
    forget_gradients=False,
)
torch_naive(
    "torch.Tensor.reshape",
    "text dealt to the rows in turn",
    because="a row must hold consecutive text, or the carried state belongs to other words",
    source="tutorials/rnn/ptb/reader.py of tensorflow/models: ptb_producer",
    fix="reshape to (batch, -1), not to (-1, batch) with a transpose",
    arranged=lambda ids, N: [ids[row::N] for row in range(N)],
)
torch_naive(
    "torch.mul",
    "kept values not scaled up",
    because="tf.nn.dropout divides what it keeps by the share that it keeps",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/dropout",
    fix="divide the mask by the share that is kept",
    when=dict(masked=True),
    of_model=dict(kept=1.0),
)
torch_naive(
    "torch.nn.utils.get_total_norm",
    "repeated words summed before the norm",
    size=(7.7e-05, 0.027),
    because="TensorFlow keeps the gradient of an embedding as one row for each look-up, and squares row by row",
    source="tensorflow/python/ops/clip_ops.py, global_norm",
    fix="take the norm over the gradient of what was looked up (retain_grad), in place of the embedding's own",
    when=dict(repeated="apart"),
)


def tensorflow_naive(api, title, *, because, source, fix, make_clip, size=None, **options):
    divergence = dict(because=because, source=source, fix=fix, size=size, when=PLAIN)

    @training.tensorflow.naive(api, title, **divergence, weights=keras_variables(), **keras_layouts())
    def _(tf, *, V, N, T, H, steps, epoch, capture):
        model = keras_model(tf, V, H)
        train = tensorflow_training(tf, model, tf.keras.optimizers.SGD(**options), make_clip(tf), capture)
        return model, lambda masks=None: train(masks, N=N, T=T, H=H, steps=steps, epoch=epoch)


def dense(tf, gradients):
    return [tf.convert_to_tensor(gradient) for gradient in gradients]


tensorflow_naive(
    "tf.clip_by_global_norm",
    "repeated words apart in the norm",
    size=(0.00019, 0.015),
    because="the gradient of an embedding is tf.IndexedSlices, whose rows for a repeated word are squared one by one",
    source="tensorflow/python/ops/clip_ops.py, global_norm",
    fix="make it dense with tf.convert_to_tensor before clipping",
    make_clip=lambda tf: lambda gradients: tf.clip_by_global_norm(gradients, CLIP),
)
tensorflow_naive(
    "tf.clip_by_global_norm",
    "result not applied",
    because="it returns the clipped gradients and leaves the given ones as they are; clip_grad_norm_ changes them",
    source="https://www.tensorflow.org/api_docs/python/tf/clip_by_global_norm",
    fix="apply what it returns",
    make_clip=lambda tf: lambda gradients: (gradients, tf.linalg.global_norm(dense(tf, gradients))),
)
tensorflow_naive(
    "keras.optimizers.SGD(clipnorm=)",
    "each weight's norm by itself",
    because="clipnorm clips the gradient of each weight by its own norm",
    source="https://keras.io/api/optimizers/",
    fix="clip with tf.clip_by_global_norm before applying, or pass global_clipnorm",
    make_clip=lambda tf: lambda gradients: (dense(tf, gradients), tf.linalg.global_norm(dense(tf, gradients))),
    clipnorm=CLIP,
)
