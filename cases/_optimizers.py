"""What the optimizer cases share: a hundred updates by given gradients, in each framework."""

from numpy import float64

MARKS = (1, 10, 100)
"""The numbers of updates after which the weights are compared."""

SIZES = dict(S=100, C=2, D=5, K=3)
"""S updates of weights of shape C D, which are looked at K times."""


CAPTURED = ("graph", "compiled")
FUSED = dict(
    modes=CAPTURED,
    raises="Unsupported: Call to `torch._dynamo.graph_break()`",
    because="torch.compile leaves the updates of fused optimizers to eager execution",
    source="torch/_dynamo/eval_frame.py of PyTorch 2.13.0: TorchPatcher.patch",
)
"""What keeps a fused optimizer of PyTorch from being captured."""

MOVING = dict(
    modes=CAPTURED,
    raises="FailOnRecompileLimitHit: fail_on_recompile_limit_hit",
    because="a graph holds the optimizer's settings as constants: an epsilon that changes with every update asks for a "
    "graph each time, and after 8 of them torch.compile leaves the rest to eager execution",
    source="torch/_dynamo/config.py of PyTorch 2.13.0: recompile_limit, fail_on_recompile_limit_hit",
)
"""What keeps an update of PyTorch from being captured whose epsilon is another each time."""


def learning_rate(schedule, t, initial=0.125):
    """The learning rate of update ``t``: ``halved`` after every 25 updates, or ``constant``."""
    return initial / 2 ** ((t - 1) // 25) if schedule == "halved" else initial


def formula(np, update, w, g):
    """The weights at the marks, where ``update(w, gradient, t)`` gives the next ones."""
    history = []
    for t, gradient in enumerate(g, start=1):
        w = update(w, gradient, t)
        history.append(w)
    return np.stack([history[mark - 1] for mark in MARKS])


def precise(tf, w, value):
    """A hyperparameter for TensorFlow: a Python number would go through float32, whatever the weights are."""
    return float64(value) if w.dtype == tf.float64 else value


def nothing(optimizer, weight, t):
    pass


def eagerly(call, whole=True):
    """In place of ``capture`` in a naive port, which runs eagerly only."""
    return call


def torch_weights(torch, make, w, g, before=nothing, after=nothing, capture=eagerly):
    """The weights at the marks; ``before`` and ``after`` are called around every update."""
    weight = torch.nn.Parameter(w.clone())
    optimizer = make([weight])
    fused = bool(optimizer.defaults.get("fused"))
    update = capture(optimizer.step, whole=fused)  # The others interrupt the graph, but leave parts to capture.
    seen = []
    for t, gradient in enumerate(g, start=1):
        before(optimizer, weight, t)
        weight.grad = gradient.clone()
        update()
        after(optimizer, weight, t)
        if t in MARKS:
            seen.append(weight.detach().clone())
    return torch.stack(seen)


def keras_weights(tf, optimizer, w, g, before=nothing, l2=0.0, capture=eagerly):
    """The weights at the marks."""
    weight = tf.Variable(w)
    optimizer.build([weight])

    def update(gradient):
        optimizer.apply([gradient + l2 * weight if l2 else gradient], [weight])

    return _tensorflow_weights(tf, optimizer, capture(update), weight, g, before)


def v1_weights(tf, optimizer, w, g, before=nothing, l2=0.0, capture=eagerly):
    """The weights at the marks."""
    weight = tf.Variable(w)

    def update(gradient):
        optimizer.apply_gradients([(gradient + l2 * weight if l2 else gradient, weight)])

    return _tensorflow_weights(tf, optimizer, capture(update), weight, g, before)


def _tensorflow_weights(tf, optimizer, update, weight, g, before):
    seen = []
    for t, gradient in enumerate(tf.unstack(g), start=1):
        before(optimizer, weight, t)
        update(gradient)
        if t in MARKS:
            seen.append(weight.read_value())
    return tf.stack(seen)
