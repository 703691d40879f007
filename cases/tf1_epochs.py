"""TensorFlow 1's loop over an epoch: the state that is fed back, and the learning rate that is assigned."""

from _language_model import (
    SIZES,
    detached,
    minibatches,
    sequence_loss,
    torch_layouts,
    torch_loss,
    torch_model,
    torch_trained,
    torch_variables,
    weights,
)
from _sessions import EAGER_ONLY, load, own_graph, session_config
from _tf1 import rnn_cell

from parity import Case, buffer, grid

TUTORIAL = "https://github.com/tensorflow/models/blob/086660faed/tutorials/rnn/ptb/ptb_word_lm.py"
API = "https://www.tensorflow.org/api_docs/python/tf"
SGD = "https://pytorch.org/docs/stable/generated/torch.optim.SGD.html"

EPOCH = 3
"""Minibatches in one epoch."""

RATES = (0.25, 0.125)
"""The learning rate of each epoch: powers of two, which the float32 variable of TensorFlow 1 holds exactly."""

run_epoch = Case(
    "tf1_run_epoch",
    "Two epochs of a language model with two LSTM layers: the loss and the final state of each minibatch, which is the "
    "next one's initial state, the perplexity of each epoch, and the weights at the end.",
    sizes=dict(SIZES, S=EPOCH * len(RATES), P=len(RATES)),
    parameters=dict(state_is_tuple=True, training=True),
    inputs={},
    weights=weights(gradient=False),
    outputs=dict(
        loss=buffer("S"),
        perplexity=buffer("P"),
        **{name: buffer(" ".join(weight.axes)) for name, weight in weights().items()},
    ),
    states=dict(h=buffer("S L N H"), c=buffer("S L N H")),
    steps="S",
    variants=grid(state_is_tuple=[True, False]) + grid(training=[False]),
    dtypes=("float64", "float32"),
    eager_only=EAGER_ONLY,
    trains=lambda training: training,
)


@run_epoch.reference
def _(np, *, N, T, H, L, S, training, **weights):
    from autograd import make_vjp
    from autograd.builtins import tuple as differentiable

    losses, states = [], []
    for step, (ids, targets, begins) in enumerate(minibatches(N, T, S, EPOCH)):
        if begins:
            h = c = np.zeros((L, N, H))

        def objective(weights, ids=ids, targets=targets, h=h, c=c):
            return differentiable(sequence_loss(np, weights["embedding"][np.array(ids)], targets, h, c, None, weights))

        back, (loss, h, c) = make_vjp(objective)(weights)
        if training:
            gradients = back((np.ones_like(loss), np.zeros_like(h), np.zeros_like(c)))
            weights = {name: weight - RATES[step // EPOCH] * gradients[name] for name, weight in weights.items()}
        losses.append(loss)
        states.append((h, c))
    losses = np.stack(losses)
    perplexity = np.exp(np.sum(np.reshape(losses, (len(RATES), EPOCH)), axis=1) / (EPOCH * T))
    return losses, perplexity, *weights.values(), *(np.stack(parts) for parts in zip(*states, strict=True))


def torch_epochs(torch, model, assign_lr, *, N, T, H, S, training):
    """Both epochs; ``assign_lr(optimizer, rate)`` is called as one begins."""
    optimizer = torch.optim.SGD((weight for weight in model.parameters() if weight.requires_grad), lr=0.0)
    place = model.softmax.weight
    losses, states = [], []
    for step, (ids, targets, begins) in enumerate(minibatches(N, T, S, EPOCH)):
        if begins:
            state = (place.new_zeros(2, N, H), place.new_zeros(2, N, H))
            assign_lr(optimizer, RATES[step // EPOCH])
        optimizer.zero_grad()
        logits, state = model(model.embedding(torch.tensor(ids, device=place.device)), state)
        loss = torch_loss(torch, logits, torch.tensor(targets, device=place.device))
        if training:
            loss.backward()
            optimizer.step()
        state = detached(*state)
        losses.append(loss.detach())
        states.append(state)
    losses = torch.stack(losses)
    perplexity = torch.exp(losses.view(-1, EPOCH).sum(dim=1) / (EPOCH * T))
    return losses, perplexity, *torch_trained(model), *(torch.stack(parts) for parts in zip(*states, strict=True))


def add_torch(decorate, assign_lr):
    @decorate(weights=torch_variables(), **torch_layouts())
    def _(torch, *, V, N, T, H, S, training):
        model = torch_model(torch, V, H)

        def call():
            with torch.enable_grad():
                return torch_epochs(torch, model, assign_lr, N=N, T=T, H=H, S=S, training=training)

        return model, call


def assign_group(optimizer, rate):
    optimizer.param_groups[0]["lr"] = rate


def assign_attribute(optimizer, rate):
    optimizer.lr = rate


add_torch(lambda **options: run_epoch.torch.layer("torch.nn.LSTM", **options), assign_group)
add_torch(
    lambda **options: run_epoch.torch.naive(
        "torch.optim.SGD",
        "rate assigned to optimizer.lr",
        when=dict(training=True),
        because="the attribute is new, and nothing reads it: the optimizer keeps the rate of its param_groups, here 0",
        source=SGD,
        fix='assign optimizer.param_groups[0]["lr"]',
        **options,
    ),
    assign_attribute,
)


class LanguageModel:
    """The graph of the model, with the names that TensorFlow 1 programs use."""

    def __init__(self, tf, N, T, V, H, dtype, state_is_tuple):
        cells = rnn_cell()
        self.input_data = tf.compat.v1.placeholder(tf.int32, [N, T])
        self.targets = tf.compat.v1.placeholder(tf.int32, [N, T])
        layers = [cells.BasicLSTMCell(H, forget_bias=0.0, state_is_tuple=state_is_tuple) for _ in range(2)]
        cell = cells.MultiRNNCell(layers, state_is_tuple=state_is_tuple)
        self.initial_state = state = cell.zero_state(batch_size=N, dtype=dtype)
        embedding = tf.compat.v1.get_variable("embedding", [V, H], dtype)
        inputs = tf.nn.embedding_lookup(embedding, self.input_data)
        logits = []
        with tf.compat.v1.variable_scope("RNN"):
            for time_step in range(T):
                if time_step > 0:
                    self.share(tf.compat.v1.get_variable_scope())
                y, state = cell(inputs[:, time_step, :], state)
                softmax_w = tf.compat.v1.get_variable("softmax_w", [H, V], dtype)
                softmax_b = tf.compat.v1.get_variable("softmax_b", [V], dtype)
                logits.append(tf.matmul(y, softmax_w) + softmax_b)
        self.final_state = state
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=self.targets, logits=tf.stack(logits, axis=1))
        self.cost = tf.reduce_sum(losses) / N
        self.lr = tf.Variable(0.0, trainable=False)
        tvars = tf.compat.v1.trainable_variables()
        grads = tf.compat.v1.gradients(self.cost, tvars)
        optimizer = tf.compat.v1.train.GradientDescentOptimizer(self.lr)
        self.train_op = optimizer.apply_gradients(zip(grads, tvars, strict=True))
        self.tvars = tvars

    def share(self, scope):
        scope.reuse_variables()

    def assign_lr(self, tf, session, lr_value):
        session.run(tf.compat.v1.assign(self.lr, lr_value))

    def first_state(self, session):
        """Zeros as an array, or as a tuple of tuples of arrays, which has no ``eval``."""
        concatenated = not isinstance(self.initial_state, tuple)
        return self.initial_state.eval() if concatenated else session.run(self.initial_state)

    def minibatch(self, session, feeds, eval_op):
        cost, state, _ = session.run([self.cost, self.final_state, eval_op], feed_dict=feeds)
        return cost, state

    def feeds(self, x, y, state):
        return {self.input_data: x, self.targets: y, self.initial_state: state}


def by_layer(state, H):
    """The h and c of each layer, of tuples (c, h) or of an array with c and h of each layer side by side."""
    if not isinstance(state, tuple):
        state = [(state[:, start : start + H], state[:, start + H : start + 2 * H]) for start in (0, 2 * H)]
    return [h for _, h in state], [c for c, _ in state]


def run_epochs(tf, weights, *, N, T, V, H, S, state_is_tuple, training, model=LanguageModel, dtype):
    """Both epochs in one session."""
    losses, states = [], []
    with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
        m = model(tf, N, T, V, H, dtype, state_is_tuple)
        eval_op = m.train_op if training else tf.no_op()
        session.run(tf.compat.v1.global_variables_initializer())
        load(tf, session, m.tvars, weights)
        for step, (x, y, begins) in enumerate(minibatches(N, T, S, EPOCH)):
            if begins:
                m.assign_lr(tf, session, RATES[step // EPOCH])
                state = m.first_state(session)
            cost, state = m.minibatch(session, m.feeds(x, y, state), eval_op)
            losses.append(cost)
            states.append(by_layer(state, H))
        trained = session.run(m.tvars)
    losses = tf.stack(losses)
    perplexity = tf.exp(tf.reduce_sum(tf.reshape(losses, [-1, EPOCH]), axis=1) / (EPOCH * T))
    return losses, perplexity, trained, *(tf.stack(parts) for parts in zip(*states, strict=True))


def add_tensorflow(decorate, model=LanguageModel):
    @decorate(**LAID_OUT)
    def _(tf, *, N, T, V, H, S, state_is_tuple, training, dtype, **weights):
        cells = [[weights[f"{name}_{layer}"] for name in ("kernel", "recurrent", "bias")] for layer in range(2)]
        packed = [part for kernel, recurrent, bias in cells for part in (tf.concat([kernel, recurrent], 0), bias)]
        given = [weights["embedding"], *packed, weights["softmax"], weights["softmax_bias"]]
        settings = dict(N=N, T=T, V=V, H=H, S=S, state_is_tuple=state_is_tuple, training=training, dtype=dtype)
        loss, perplexity, (embedding, *packed, softmax, softmax_bias), h, c = run_epochs(
            tf, given, **settings, model=model
        )
        parts = [part for array in packed for part in (tf.split(array, 2) if array.ndim == 2 else [array])]
        return loss, perplexity, embedding, *parts, softmax, softmax_bias, h, c


GATES = "(G[i g f o] H)"
LAID_OUT = dict(softmax="H V")
for number in range(2):
    LAID_OUT |= {f"kernel_{number}": f"E {GATES}", f"recurrent_{number}": f"J {GATES}", f"bias_{number}": GATES}

add_tensorflow(lambda **layouts: run_epoch.tensorflow("tf.compat.v1.Session", **layouts))


class NotFedBack(LanguageModel):
    def feeds(self, x, y, state):
        return {self.input_data: x, self.targets: y}


class Evaluated(LanguageModel):
    def first_state(self, session):
        return self.initial_state.eval()


class AssignedNever(LanguageModel):
    def assign_lr(self, tf, session, lr_value):
        tf.compat.v1.assign(self.lr, lr_value)


class NotTrained(LanguageModel):
    def minibatch(self, session, feeds, eval_op):
        return session.run([self.cost, self.final_state], feed_dict=feeds)


class RunTwice(LanguageModel):
    def minibatch(self, session, feeds, eval_op):
        cost, _ = session.run([self.cost, eval_op], feed_dict=feeds)
        return cost, session.run(self.final_state, feed_dict=feeds)


class InitializedAgain(LanguageModel):
    def assign_lr(self, tf, session, lr_value):
        session.run(tf.compat.v1.global_variables_initializer())
        super().assign_lr(tf, session, lr_value)


class NotReused(LanguageModel):
    def share(self, scope):
        """Leave the scope as it is."""


def add_naive(model, api, title, *, because, source, fix, size=None, raises=None):
    explained = dict(when=dict(state_is_tuple=True, training=True), because=because, source=source, fix=fix)

    def decorate(**layouts):
        return run_epoch.tensorflow.naive(api, title, **explained, size=size, raises=raises, **layouts)

    add_tensorflow(decorate, model)


add_naive(
    NotFedBack,
    "tf.compat.v1.Session",
    "final state not fed back",
    because="initial_state is a constant of zeros in the graph, and a session keeps no state between runs: "
    "a feed replaces the zeros of that run by the last final state",
    source=TUTORIAL,
    fix="feed the final state of each run as initial_state of the next; in PyTorch, pass the detached state",
)
add_naive(
    Evaluated,
    "tf.Tensor.eval",
    "of a tuple of states",
    because="with state_is_tuple=True the initial state is a tuple of LSTMStateTuple, and only tensors have eval",
    source=f"{API}/compat/v1/nn/rnn_cell/MultiRNNCell",
    fix="fetch it with session.run(initial_state), which takes tuples",
    raises="AttributeError: 'tuple' object has no attribute 'eval'",
)
add_naive(
    AssignedNever,
    "tf.compat.v1.assign",
    "built, never run",
    because="assign adds an operation to the graph and changes nothing until a session runs it: the rate stays 0",
    source=f"{API}/compat/v1/assign",
    fix="pass it to session.run",
)
add_naive(
    NotTrained,
    "tf.compat.v1.train.Optimizer.apply_gradients",
    "train_op not fetched",
    because="a session runs only what its fetches need, and the cost does not need the update",
    source=f"{API}/compat/v1/Session#run",
    fix="fetch train_op in every run; PyTorch's optimizer.step() runs at once",
)
add_naive(
    RunTwice,
    "tf.compat.v1.Session",
    "final state fetched in a second run",
    because="each run computes the whole graph again, the second one with the weights after the update",
    source=f"{API}/compat/v1/Session#run",
    fix="fetch cost, final_state and train_op in one run",
)
add_naive(
    InitializedAgain,
    "tf.compat.v1.global_variables_initializer",
    "run in every epoch",
    size=(0.59, 2.8),
    because="it overwrites what was trained with new random values",
    source=f"{API}/compat/v1/global_variables_initializer",
    fix="run it once, right after the session is made",
)
add_naive(
    NotReused,
    "tf.compat.v1.get_variable",
    "asked for in the loop without reuse",
    because="get_variable makes a variable, and its name is taken after the first time step",
    source=f"{API}/compat/v1/get_variable",
    fix="call tf.compat.v1.get_variable_scope().reuse_variables() after the first step, or ask before the loop; "
    "a PyTorch module is made once and called in every step",
    raises="ValueError: Variable RNN/softmax_w already exists, disallowed",
)
