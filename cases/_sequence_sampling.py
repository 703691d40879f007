"""A small language model on one long text, cut in two ways: its formula, the model and the training in frameworks."""

from _recurrent import lstm_step, scan

from parity import integers, normal, zeros

N, T, BATCHES, PASSES = 2, 4, 10, 5
"""A batch holds N subsequences of T steps; a pass over the text takes BATCHES batches."""

SIZES = dict(
    N=N,
    T=T,
    E=3,
    H=5,
    J=lambda H: H,
    V=6,
    G=("i", "f", "g", "o"),
    Q=PASSES,
    P=N * BATCHES,
    S=PASSES * BATCHES,
    L=N * T * BATCHES + 1,
    K=8,
)
"""The text has L tokens, P subsequences of T steps each; training takes S steps. Texts for evaluation have K tokens."""

RATE = 0.5
AXES = dict(embedding="V E", kernel="G H E", recurrent="G H J", bias="G H", linear="V H", linear_bias="V")


def texts(sampling="sequential"):
    """The text, a held-out batch, and for random sampling the keys that shuffle the subsequences in each pass."""
    keys = dict(keys=integers("Q P", 0, 2**15)) if sampling == "random" else {}
    return dict(text=integers("L", 0, "V"), held_out=integers("N K", 0, "V"), **keys)


def weights():
    return {name: normal(axes, std=0.5, gradient=False) for name, axes in AXES.items()}


# The formula


def model(np, vectors, state, weights):
    """The logits of all steps, and the final state, from the vectors of the tokens."""
    steps = np.moveaxis(vectors, 1, 0)
    own = {name: weights[name] for name in ("kernel", "recurrent", "bias")}
    y, state = scan(np, lstm_step, steps, state, own)
    return np.einsum("tnh,vh->ntv", np.stack(y), weights["linear"]) + weights["linear_bias"], state


def cross_entropy(np, logits, targets):
    right = np.eye(logits.shape[2])[targets]
    return np.mean(np.log(np.sum(np.exp(logits), axis=2)) - np.sum(right * logits, axis=2))


def batches(np, text, keys=None):
    """The inputs and targets of each step, and whether the state starts again from zeros at this step."""
    for number in range(PASSES):
        if keys is None:
            rows = [np.reshape(part, (N, BATCHES, T)) for part in (text[:-1], text[1:])]
            for t in range(BATCHES):
                yield *(part[:, t] for part in rows), t == 0
        else:
            windows = [np.reshape(part, (-1, T)) for part in (text[:-1], text[1:])]
            for chosen in np.reshape(np.argsort(keys[number], kind="stable"), (BATCHES, N)):
                yield *(part[chosen] for part in windows), True


def trained(np, text, held_out, keys, zero, weights):
    """The losses of all steps, the final state, the loss of the held-out batch, and the weights."""
    from autograd import make_vjp
    from autograd.builtins import tuple as differentiable

    losses = []
    for ids, targets, begins in batches(np, text, keys):
        if begins:
            state = zero, zero

        def objective(weights, ids=ids, targets=targets, state=state):
            logits, (h, c) = model(np, weights["embedding"][ids], state, weights)
            return differentiable((cross_entropy(np, logits, targets), h, c))

        back, (loss, *state) = make_vjp(objective)(weights)
        gradients = back((np.ones_like(loss), np.zeros_like(zero), np.zeros_like(zero)))
        weights = {name: weight - RATE * gradients[name] for name, weight in weights.items()}
        losses.append(loss)
    logits, _ = model(np, weights["embedding"][held_out[:, :-1]], (zero, zero), weights)
    return np.stack(losses), *state, cross_entropy(np, logits, held_out[:, 1:]), *weights.values()


# PyTorch

TORCH = {
    "embedding.weight": "embedding: V E",
    "lstm.weight_ih_l0": "kernel: (G H) E",
    "lstm.weight_hh_l0": "recurrent: (G H) J",
    "lstm.bias_ih_l0": "bias: (G H)",
    "lstm.bias_hh_l0": zeros("(G H)"),
    "linear.weight": "linear: V H",
    "linear.bias": "linear_bias: V",
}
TORCH_LAYOUTS = dict(kernel="(G H) E", recurrent="(G H) J", bias="(G H)")


def torch_model(torch, V, E, H):
    class LanguageModel(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(V, E)
            self.lstm = torch.nn.LSTM(E, H, batch_first=True)
            self.lstm.bias_hh_l0.requires_grad_(False)
            self.linear = torch.nn.Linear(H, V)

        def forward(self, ids, h, c):
            y, (h, c) = self.lstm(self.embedding(ids), (h, c))
            return self.linear(y), h, c

    return LanguageModel()


def torch_parts(model):
    """The weights that are trained, in the order of ``AXES``."""
    lstm = model.lstm
    return [model.embedding.weight, lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0, *model.linear.parameters()]


def torch_zeros(torch, model):
    return tuple(torch.zeros(1, N, model.lstm.hidden_size, device=model.linear.weight.device) for _ in range(2))


def torch_loss(torch, logits, targets):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def torch_windows(torch, text):
    """The text cut into subsequences of T steps, each with its targets."""
    return torch.utils.data.TensorDataset(text[:-1].reshape(-1, T), text[1:].reshape(-1, T))


def sampled_at_random(torch, text, order):
    """The batches of one pass: subsequences in the order given."""
    return torch.utils.data.DataLoader(torch_windows(torch, text), batch_size=N, sampler=order.tolist())


def sampled_in_sequence(torch, text, order=None):
    """The batches of one pass: the text is cut into N rows, and a batch continues each row of the batch before."""
    inputs, targets = text[:-1].reshape(N, -1), text[1:].reshape(N, -1)
    return zip(inputs.split(T, dim=1), targets.split(T, dim=1), strict=True)


def detached(h, c):
    return h.detach(), c.detach()


def torch_training(
    torch,
    model,
    text,
    held_out,
    keys,
    capture,
    *,
    again,
    sample=None,
    carry=detached,
    retain_graph=False,
    evaluated_from_zeros=True,
):
    """The training; ``again`` says whether the state starts from zeros at every batch, or once in a pass.

    The options from ``sample`` on are what traps do in another way.
    """
    predict = capture(model)
    sample = sample or (sampled_in_sequence if keys is None else sampled_at_random)
    optimizer = torch.optim.SGD([weight for weight in model.parameters() if weight.requires_grad], lr=RATE)
    losses = []
    for number in range(PASSES):
        state = torch_zeros(torch, model)
        order = None if keys is None else torch.argsort(keys[number], stable=True)
        for inputs, targets in sample(torch, text, order):
            if again:
                state = torch_zeros(torch, model)
            optimizer.zero_grad()
            logits, *state = predict(inputs, *carry(*state))
            loss = torch_loss(torch, logits, targets)
            loss.backward(retain_graph=retain_graph)
            optimizer.step()
            losses.append(loss.detach())
    h, c = detached(*state)
    with torch.no_grad():
        start = torch_zeros(torch, model) if evaluated_from_zeros else (h, c)
        logits, *_ = predict(held_out[:, :-1], *start)
        evaluated = torch_loss(torch, logits, held_out[:, 1:])
    return torch.stack(losses), h[0], c[0], evaluated, *(part.detach().clone() for part in torch_parts(model))


# TensorFlow

KERAS = {
    "embedding/embeddings": "embedding: V E",
    "lstm/lstm_cell/kernel": "kernel: E (G H)",
    "lstm/lstm_cell/recurrent_kernel": "recurrent: J (G H)",
    "lstm/lstm_cell/bias": "bias: (G H)",
    "linear/kernel": "linear: H V",
    "linear/bias": "linear_bias: V",
}
KERAS_LAYOUTS = dict(kernel="E (G H)", recurrent="J (G H)", bias="(G H)", linear="H V")


def keras_model(tf, V, E, H, stateful=False):
    """The model. A stateful layer keeps the state itself; another one gets the state and returns it."""
    layers = tf.keras.layers

    class LanguageModel(layers.Layer):
        def __init__(self):
            super().__init__()
            self.embedding = layers.Embedding(V, E, name="embedding")
            self.lstm = layers.LSTM(
                H, return_sequences=True, return_state=True, stateful=stateful, unroll=True, name="lstm"
            )
            self.linear = layers.Dense(V, name="linear")
            self.build(None)

        def build(self, shape):
            self.embedding.build((N, T))
            self.lstm.build((N, T, E))
            self.linear.build((N, T, H))
            self.built = True

        def call(self, ids, *state, shift=0):
            y, h, c = self.lstm(self.embedding(ids) + shift, initial_state=list(state) or None)
            return self.linear(y), h, c

    return LanguageModel()


def keras_parts(model):
    """The weights that are trained, in the order of ``AXES``."""
    cell = model.lstm.cell
    parts = [model.embedding.embeddings, cell.kernel, cell.recurrent_kernel, cell.bias]
    return [*parts, model.linear.kernel, model.linear.bias]


def tensorflow_loss(tf, logits, targets):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits))


def tensorflow_batches(tf, text, order):
    """The batches of one pass, in the order given, or else each continuing the rows of the batch before."""
    if order is None:
        pairs = [tf.transpose(tf.reshape(part, [N, BATCHES, T]), [1, 0, 2]) for part in (text[:-1], text[1:])]
        return zip(*(tf.unstack(part) for part in pairs), strict=True)
    windows = tuple(tf.gather(tf.reshape(part, [-1, T]), order) for part in (text[:-1], text[1:]))
    return tf.data.Dataset.from_tensor_slices(windows).batch(N)


def tensorflow_training(
    tf, model, text, held_out, keys, capture, *, again, stateful, sample=tensorflow_batches, evaluated_from_zeros=True
):
    """The training; ``again`` says whether the state starts from zeros at every batch, or once in a pass.

    With ``stateful``, the layer keeps its state itself. A step is a ``tf.function`` in every mode, as it is in
    ``Model.fit``. The options from ``sample`` on are what traps do in another way.
    """
    optimizer = tf.keras.optimizers.SGD(learning_rate=RATE)
    parts = keras_parts(model)
    optimizer.build(parts)
    zero = tf.zeros([N, model.lstm.units], parts[0].dtype)

    def start():
        if stateful:
            model.lstm.reset_states()
        return [] if stateful else [zero, zero]

    def step(inputs, targets, *state):
        with tf.GradientTape() as tape:
            logits, *state = model(inputs, *state)
            loss = tensorflow_loss(tf, logits, targets)
        optimizer.apply(tape.gradient(loss, parts), parts)
        return loss, *(tf.stop_gradient(part) for part in state)

    def evaluate(ids, targets, *state):
        return tensorflow_loss(tf, model(ids, *state)[0], targets)

    step, evaluate = capture(tf.function(step, autograph=False)), capture(evaluate)
    losses = []
    for number in range(PASSES):
        carried = start()
        order = None if keys is None else tf.argsort(keys[number], stable=True)
        for inputs, targets in sample(tf, text, order):
            if again:
                carried = start()
            loss, *state = step(inputs, targets, *carried)
            carried = [] if stateful else state
            losses.append(loss)
    evaluated = evaluate(held_out[:, :-1], held_out[:, 1:], *(start() if evaluated_from_zeros else carried))
    return tf.stack(losses), *state, evaluated, *(part.value for part in parts)


# Windows that follow each other, without updates between them

WINDOWS = 3
WINDOW_SIZES = {axis: SIZES[axis] for axis in "NEHJVG"} | dict(W=WINDOWS, M=WINDOWS * T + 1, R=WINDOWS - 1)
"""A row has M tokens: W windows of T steps, and the last target."""


def windows_of(text):
    """The inputs and targets of each window."""
    return [(text[:, w * T : w * T + T], text[:, w * T + 1 : w * T + T + 1]) for w in range(WINDOWS)]


def window_losses(np, text, zero, truncated, weights, shifts=(0,) * WINDOWS):
    """The loss of each window, which starts in the final state of the one before.

    ``shifts`` are added to the vectors of each window's tokens: they show which windows a gradient reaches.
    """
    losses, state = [], (zero, zero)
    for (ids, targets), shift in zip(windows_of(text), shifts, strict=True):
        logits, state = model(np, weights["embedding"][ids] + shift, state, weights)
        state = [np.stop_gradient(part) for part in state] if truncated else state
        losses.append(cross_entropy(np, logits, targets))
    return losses


def torch_losses(torch, model, text, carry, predict):
    """The loss of each window, one at a time, with ``carry(h, c)`` between them; ``predict`` is the captured model."""
    state = torch_zeros(torch, model)
    for ids, targets in windows_of(text):
        logits, *state = predict(ids, *carry(*state))
        yield torch_loss(torch, logits, targets)


def tensorflow_losses(tf, model, text, carry, shifts=(0,) * WINDOWS):
    """The loss of each window, one at a time, with ``carry(h, c)`` between windows; ``shifts`` as in the formula."""
    state = [tf.zeros([N, model.lstm.units], keras_parts(model)[0].dtype)] * 2
    for (ids, targets), shift in zip(windows_of(text), shifts, strict=True):
        logits, *state = model(ids, *state, shift=shift)
        yield tensorflow_loss(tf, logits, targets)
        state = carry(*state)
