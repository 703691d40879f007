"""The language model of the PTB tutorial, small: text, weights, its formula, and the model in each framework."""

from _recurrent import sigmoid

from parity import normal, zeros

TEXT = (
    "a hare and a snail ran a race. the hare ran, rested in the shade and slid in a dead rest. the snail slid and "
    "slid. at last the hare ran and ran and ran, and there at the end the snail sat and ate, and the hare hid her "
    "head. slid and sad is the hare that is at rest in a race."
)
ALPHABET = sorted(set(TEXT))

SIZES = dict(N=4, T=5, V=len(ALPHABET), H=8, E=lambda H: H, J=lambda H: H, G=("i", "f", "g", "o"), L=2, R=3)
"""E goes into a layer and H comes out, with J from the step before; R are the places where values are dropped."""

GATES = "(G H)"
KEPT = 0.5
"""The share of values that dropout keeps."""

CLIP = 1.375
"""The largest norm of all gradients together."""


def weights(gradient=True):
    tensors = dict(embedding=normal("V H", gradient=gradient))
    for layer in range(2):
        tensors[f"kernel_{layer}"] = normal("G H E", std=0.4, gradient=gradient)
        tensors[f"recurrent_{layer}"] = normal("G H J", std=0.4, gradient=gradient)
        tensors[f"bias_{layer}"] = normal("G H", std=0.4, gradient=gradient)
    return dict(
        tensors, softmax=normal("V H", std=0.5, gradient=gradient), softmax_bias=normal("V", std=0.5, gradient=gradient)
    )


def rows_of(ids, N):
    """The text cut into N rows of equal length."""
    length = len(ids) // N
    return [ids[row * length : (row + 1) * length] for row in range(N)]


def minibatches(N, T, steps, epoch, arranged=rows_of):
    """The ids of ``steps`` minibatches, as lists: inputs, targets, and whether a pass over the text begins."""
    rows = arranged([ALPHABET.index(letter) for letter in TEXT[: N * (T * epoch + 1)]], N)
    for step in range(steps):
        start = step % epoch * T
        inputs, targets = ([row[start + shift : start + shift + T] for row in rows] for shift in (0, 1))
        yield inputs, targets, step % epoch == 0


def learning_rate(step, epoch):
    """The rate that is assigned as an epoch begins: half of the one before, after the first."""
    return 0.5 ** max(step // epoch - 1, 0)


# The formula ---------------------------------------------------------------------------------------------------------


def layer(np, x, h, c, kernel, recurrent, bias):
    driven = np.einsum("nte,ghe->tgnh", x, kernel) + bias[:, None]
    outputs = []
    for gates in driven:
        i, f, g, o = gates + np.einsum("nj,ghj->gnh", h, recurrent)
        c = sigmoid(np, f) * c + sigmoid(np, i) * np.tanh(g)
        h = sigmoid(np, o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs, axis=1), h, c


def sequence_loss(np, looked_up, targets, h, c, masks, weights):
    """The cross entropies summed over time and averaged over the batch, and the final states."""
    states = []
    x = looked_up if masks is None else looked_up * masks[0] / KEPT
    for number in range(2):
        own = [weights[f"{name}_{number}"] for name in ("kernel", "recurrent", "bias")]
        x, *final = layer(np, x, h[number], c[number], *own)
        states.append(final)
        x = x if masks is None else x * masks[number + 1] / KEPT
    logits = np.einsum("nth,vh->ntv", x, weights["softmax"]) + weights["softmax_bias"]
    right = np.eye(logits.shape[2])[targets]
    losses = np.log(np.sum(np.exp(logits), axis=2)) - np.sum(right * logits, axis=2)
    h, c = (np.stack(parts) for parts in zip(*states, strict=True))
    return np.sum(losses) / len(targets), h, c


# PyTorch -------------------------------------------------------------------------------------------------------------


def torch_variables():
    variables = {"embedding.weight": "embedding: V H"}
    for layer in range(2):
        variables[f"lstm_{layer}.weight_ih_l0"] = f"kernel_{layer}: {GATES} E"
        variables[f"lstm_{layer}.weight_hh_l0"] = f"recurrent_{layer}: {GATES} J"
        variables[f"lstm_{layer}.bias_ih_l0"] = f"bias_{layer}: {GATES}"
        variables[f"lstm_{layer}.bias_hh_l0"] = zeros(GATES)
    return {**variables, "softmax.weight": "softmax: V H", "softmax.bias": "softmax_bias: V"}


def torch_layouts():
    return {
        f"{name}_{layer}": f"{GATES} {axis}".strip()
        for layer in range(2)
        for name, axis in (("kernel", "E"), ("recurrent", "J"), ("bias", ""))
    }


def torch_model(torch, V, H, *, second_bias=False, kept=KEPT):
    """The model; it takes the rows of its embedding that were looked up, and returns the logits and the states."""

    class LanguageModel(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(V, H)
            self.lstm_0 = torch.nn.LSTM(H, H, batch_first=True)
            self.lstm_1 = torch.nn.LSTM(H, H, batch_first=True)
            self.softmax = torch.nn.Linear(H, V)
            for lstm in (self.lstm_0, self.lstm_1):
                lstm.bias_hh_l0.requires_grad_(second_bias)

        def forward(self, looked_up, states, masks=None):
            x = looked_up if masks is None else looked_up * masks[0] / kept
            finals = []
            for number, lstm in enumerate((self.lstm_0, self.lstm_1)):
                x, final = lstm(x, tuple(state[number : number + 1] for state in states))
                finals.append(final)
                x = x if masks is None else x * masks[number + 1] / kept
            h, c = (torch.cat(parts) for parts in zip(*finals, strict=True))
            return self.softmax(x), (h, c)

    return LanguageModel()


def torch_loss(torch, logits, targets):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum") / len(targets)


def torch_trained(model):
    parts = [model.embedding.weight]
    for lstm in (model.lstm_0, model.lstm_1):
        parts += [lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0]
    return [part.detach().clone() for part in (*parts, model.softmax.weight, model.softmax.bias)]


def detached(h, c):
    return h.detach(), c.detach()


def clip_exactly(torch, model, counted):
    """Clip in place what the optimizer will use by the norm of ``counted``, and return that."""
    norm = torch.nn.utils.get_total_norm(counted)
    for weight in model.parameters():
        if weight.grad is not None:
            weight.grad.mul_(CLIP / norm.clamp(min=CLIP))
    return norm


def torch_training(
    torch,
    model,
    masks,
    *,
    N,
    T,
    H,
    steps,
    epoch,
    capture,
    repeated="summed",
    arranged=rows_of,
    carry=detached,
    loss=torch_loss,
    forget_gradients=True,
):
    """The training, with what follows the embedding captured.

    The options from ``arranged`` on are what naive ports do in another way.
    """
    predict = capture(model)
    optimizer = torch.optim.SGD(model.parameters())
    device = model.softmax.weight.device
    losses, norms = [], []
    for step, (ids, targets, begins) in enumerate(minibatches(N, T, steps, epoch, arranged)):
        if begins:
            states = (torch.zeros(2, N, H, device=device), torch.zeros(2, N, H, device=device))
            optimizer.param_groups[0]["lr"] = learning_rate(step, epoch)
        dropped = None if masks is None else masks[step].to(states[0].dtype)
        if forget_gradients:
            optimizer.zero_grad()
        looked_up = model.embedding(torch.tensor(ids, device=device))
        looked_up.retain_grad()
        logits, states = predict(looked_up, states, dropped)
        cost = loss(torch, logits, torch.tensor(targets, device=device))
        cost.backward()
        counted = {name: weight.grad for name, weight in model.named_parameters() if weight.requires_grad}
        if repeated == "apart":
            counted["embedding.weight"] = looked_up.grad
        norms.append(clip_exactly(torch, model, counted.values()))
        optimizer.step()
        states = carry(*states)
        losses.append(cost.detach())
    return torch.stack(losses), torch.stack(norms), *torch_trained(model)


# TensorFlow ----------------------------------------------------------------------------------------------------------


def keras_variables():
    variables = {"embedding/embeddings": "embedding: V H"}
    for layer in range(2):
        cell = f"lstm_{layer}/lstm_cell"
        variables[f"{cell}/kernel"] = f"kernel_{layer}: E {GATES}"
        variables[f"{cell}/recurrent_kernel"] = f"recurrent_{layer}: J {GATES}"
        variables[f"{cell}/bias"] = f"bias_{layer}: {GATES}"
    return {**variables, "softmax/kernel": "softmax: H V", "softmax/bias": "softmax_bias: V"}


def keras_layouts():
    layouts = dict(softmax="H V")
    for layer in range(2):
        layouts |= {f"kernel_{layer}": f"E {GATES}", f"recurrent_{layer}": f"J {GATES}", f"bias_{layer}": GATES}
    return layouts


def keras_model(tf, V, H):
    """The model; it returns the logits and the states."""
    layers = tf.keras.layers

    class LanguageModel(layers.Layer):
        def __init__(self):
            super().__init__()
            self.embedding = layers.Embedding(V, H, name="embedding")
            options = dict(return_sequences=True, return_state=True, recurrent_initializer="glorot_uniform")
            self.lstms = [layers.LSTM(H, name=f"lstm_{number}", unroll=True, **options) for number in range(2)]
            self.softmax = layers.Dense(V, name="softmax")
            self.build(None)

        def build(self, shape):
            self.embedding.build(shape)
            for lstm in self.lstms:
                lstm.build((None, None, H))
            self.softmax.build((None, None, H))
            self.built = True

        def call(self, ids, h, c, masks=None):
            x = self.embedding(ids)
            x = x if masks is None else x * masks[0] / KEPT
            finals = []
            for number, lstm in enumerate(self.lstms):
                x, *final = lstm(x, initial_state=[h[number], c[number]])
                finals.append(final)
                x = x if masks is None else x * masks[number + 1] / KEPT
            h, c = (tf.stack(parts) for parts in zip(*finals, strict=True))
            return self.softmax(x), h, c

    return LanguageModel()


def tensorflow_loss(tf, logits, targets):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    return tf.reduce_sum(losses) / targets.shape[0]


def keras_trained(model):
    parts = [model.embedding.embeddings]
    for lstm in model.lstms:
        parts += [lstm.cell.kernel, lstm.cell.recurrent_kernel, lstm.cell.bias]
    return [part.value for part in (*parts, model.softmax.kernel, model.softmax.bias)]


def tensorflow_training(tf, model, optimizer, clip, capture):
    """The training: a function of what sets its length. ``clip(gradients)`` returns what is applied, and the norm.

    A step is a ``tf.function`` in every mode, as it is in ``Model.fit``: a hundred without take long.
    """
    optimizer.build(model.trainable_variables)

    def minibatch(ids, targets, h, c, masks):
        with tf.GradientTape() as tape:
            logits, h, c = model(ids, h, c, masks)
            loss = tensorflow_loss(tf, logits, targets)
        gradients, norm = clip(tape.gradient(loss, model.trainable_variables))
        optimizer.apply(gradients, model.trainable_variables)
        return loss, norm, h, c

    minibatch = capture(tf.function(minibatch, autograph=False))

    def train(masks, *, N, T, H, steps, epoch):
        losses, norms = [], []
        dtype = model.trainable_variables[0].dtype
        for step, (ids, targets, begins) in enumerate(minibatches(N, T, steps, epoch)):
            if begins:
                h = c = tf.zeros([2, N, H], dtype)
                optimizer.learning_rate = learning_rate(step, epoch)
            dropped = None if masks is None else tf.cast(masks[step], dtype)
            loss, norm, h, c = minibatch(tf.constant(ids), tf.constant(targets), h, c, dropped)
            losses.append(loss)
            norms.append(norm)
        return tf.stack(losses), tf.stack(norms), *keras_trained(model)

    return train
