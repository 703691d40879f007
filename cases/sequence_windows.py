"""Windows of a text that follow each other: how far back the gradient of a loss goes, and what it keeps in memory."""

from _sequence_sampling import (
    AXES,
    KERAS,
    KERAS_LAYOUTS,
    TORCH,
    TORCH_LAYOUTS,
    WINDOW_SIZES,
    WINDOWS,
    detached,
    keras_model,
    keras_parts,
    tensorflow_losses,
    torch_losses,
    torch_model,
    torch_parts,
    weights,
    window_losses,
)

from parity import Case, buffer, grid, integers

BACKWARD = "https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html"
TAPE = "https://www.tensorflow.org/api_docs/python/tf/GradientTape"


window_gradients = Case(
    "window_gradients",
    "The losses of three windows that follow each other, and the sum of their gradients: each gradient stops where its "
    "window begins, or goes on through the windows before.",
    sizes=WINDOW_SIZES,
    inputs=dict(text=integers("N M", 0, "V")),
    weights=weights(),
    outputs=dict(loss=buffer("W"), **{name: buffer(axes) for name, axes in AXES.items()}),
    variants=grid(truncated=[True, False]),
    dtypes=("float64", "float32"),
)


@window_gradients.reference
def _(np, text, *, N, H, truncated, **weights):
    from autograd import make_vjp
    from autograd.builtins import tuple as differentiable

    zero = np.zeros((N, H))
    back, losses = make_vjp(lambda weights: differentiable(window_losses(np, text, zero, truncated, weights)))(weights)
    gradients = back(tuple(np.ones_like(loss) for loss in losses))
    return np.stack(losses), *(gradients[name] for name in weights)


def plain(h, c):
    return h, c


def backward_each(carry, retain_graph):
    """Go back from each window's loss as soon as it is there; the gradients add up."""

    def compute(torch, model, text, predict):
        losses = []
        for loss in torch_losses(torch, model, text, carry, predict):
            loss.backward(retain_graph=retain_graph)
            losses.append(loss.detach())
        return torch.stack(losses), *(part.grad for part in torch_parts(model))

    return compute


def gradients_of_sum(carry):
    """Go back once, from the sum of all losses."""

    def compute(torch, model, text, predict):
        losses = torch.stack([*torch_losses(torch, model, text, carry, predict)])
        return losses.detach(), *torch.autograd.grad(losses.sum(), torch_parts(model))

    return compute


def torch_window_gradients(compute):
    def build(torch, *, V, E, H, truncated, capture):
        model = torch_model(torch, V, E, H)
        chosen = compute[truncated]

        def call(text):
            with torch.enable_grad():
                return chosen(torch, model, text, capture(model))

        return model, call

    return build


def dense(tf, gradients):
    return [tf.convert_to_tensor(gradient) for gradient in gradients]


def one_tape(cut):
    def compute(tf, model, text):
        with tf.GradientTape() as tape:
            carry = (lambda h, c: (tf.stop_gradient(h), tf.stop_gradient(c))) if cut else plain
            losses = tf.stack([*tensorflow_losses(tf, model, text, carry)])
        return losses, *dense(tf, tape.gradient(losses, keras_parts(model)))

    return compute


def tape_for_each(tf, model, text):
    """A tape for each window: the state comes out of it as plain numbers."""
    losses, sums = [], None
    windows = tensorflow_losses(tf, model, text, plain)
    for _ in range(WINDOWS):
        with tf.GradientTape() as tape:
            losses.append(next(windows))
        gradients = dense(tf, tape.gradient(losses[-1], keras_parts(model)))
        sums = gradients if sums is None else [a + b for a, b in zip(sums, gradients, strict=True)]
    return tf.stack(losses), *sums


def keras_window_gradients(compute):
    def build(tf, *, V, E, H, truncated, capture):
        model = keras_model(tf, V, E, H)
        chosen = capture(lambda text: compute[truncated](tf, model, text))
        return model, chosen

    return build


EACH = {True: backward_each(detached, False), False: backward_each(plain, True)}
SUM = {True: gradients_of_sum(detached), False: gradients_of_sum(plain)}
for api, ways in (("torch.Tensor.backward", EACH), ("torch.autograd.grad", SUM)):
    window_gradients.torch.layer(api, weights=TORCH, **TORCH_LAYOUTS)(torch_window_gradients(ways))
window_gradients.limitation(
    "torch.Tensor.backward",
    when=dict(truncated=False),
    modes=["compiled"],
    raises="RuntimeError: compiled with non-empty donated buffers",
    because="a compiled backward() overwrites what the forward has saved, so it cannot run with retain_graph=True",
    source="torch/_functorch/config.py of PyTorch 2.13.0: donated_buffer",
)
for api, ways in (
    ("tf.stop_gradient", {True: one_tape(True), False: one_tape(False)}),
    ("tf.GradientTape", {True: tape_for_each, False: one_tape(False)}),
):
    window_gradients.tensorflow.layer(api, weights=KERAS, **KERAS_LAYOUTS)(keras_window_gradients(ways))

PAST = "the gradients of a window's loss then go on through all windows before"
for api, title, truncated, way, because, fix in (
    ("torch.autograd.grad", "state not detached", True, gradients_of_sum(plain), PAST, "detach h and c"),
    (
        "torch.autograd.grad",
        "only h detached",
        True,
        gradients_of_sum(lambda h, c: (h.detach(), c)),
        f"c is the longer path into the past: {PAST}",
        "detach both h and c",
    ),
    (
        "torch.Tensor.backward",
        "retain_graph=True in place of detach",
        True,
        backward_each(plain, True),
        f"retain_graph=True keeps the graph and silences the error; {PAST}",
        "detach h and c, and leave retain_graph at False",
    ),
    (
        "torch.autograd.grad",
        "state detached",
        False,
        gradients_of_sum(detached),
        "detach ends the gradient where a window begins",
        "pass h and c as they are",
    ),
):
    window_gradients.torch.naive(
        api,
        title,
        when=dict(truncated=truncated),
        wrong=["output:bias", "output:embedding", "output:kernel", "output:recurrent"],
        because=because,
        source=BACKWARD,
        fix=fix,
        weights=TORCH,
        **TORCH_LAYOUTS,
    )(torch_window_gradients({truncated: way}))
for api, title, truncated, way, because, fix in (
    (
        "tf.GradientTape",
        "one tape over all windows, state not stopped",
        True,
        one_tape(False),
        PAST,
        "call tf.stop_gradient on h and c",
    ),
    (
        "tf.GradientTape",
        "a tape for each window",
        False,
        tape_for_each,
        "a tape records only what happens inside it: the state of the window before is a constant to it",
        "record all windows in one tape",
    ),
):
    window_gradients.tensorflow.naive(
        api,
        title,
        when=dict(truncated=truncated),
        wrong=["output:bias", "output:embedding", "output:kernel", "output:recurrent"],
        because=because,
        source=TAPE,
        fix=fix,
        weights=KERAS,
        **KERAS_LAYOUTS,
    )(keras_window_gradients({truncated: way}))


windows_kept = Case(
    "windows_kept",
    "What a state that is carried keeps in memory: how many windows the gradient of each window's loss reaches, and "
    "whether the number of operations on the way back grows from window to window.",
    sizes=WINDOW_SIZES,
    inputs=dict(text=integers("N M", 0, "V")),
    weights=weights(),
    outputs=dict(reached=buffer("W"), grows=buffer("R")),
    variants=grid(truncated=[True, False]),
    dtypes=("float64", "float32"),
    exact=True,
    eager_only="it counts the operations that a gradient goes through; captured code has them inside one operation",
)


@windows_kept.reference
def _(np, text, *, N, H, truncated, **weights):
    from autograd import grad

    def reached(w):
        """A window is reached if the loss of window ``w`` changes with the vectors of its words."""

        def loss(shifts):
            return window_losses(np, text, np.zeros((N, H)), truncated, weights, shifts)[w]

        gradient = grad(loss)(np.zeros((WINDOWS, weights["embedding"].shape[1])))
        return np.sum(np.any(gradient != 0, axis=1))

    counts = np.stack([reached(w) for w in range(WINDOWS)]) * 1.0
    return counts, np.sign(counts[1:] - counts[:-1])


def stopped(tf):
    return lambda h, c: (tf.stop_gradient(h), tf.stop_gradient(c))


def nodes_behind(tensor):
    """The number of operations that backward() would go through, each counted once."""
    seen, left = set(), [tensor.grad_fn]
    while left:
        node = left.pop()
        if node is not None and node not in seen:
            seen.add(node)
            left += [following for following, _ in node.next_functions]
    return len(seen)


def torch_kept(make_carry):
    def build(torch, *, V, E, H, truncated):
        model = torch_model(torch, V, E, H)
        looked_up = []
        model.embedding.register_forward_hook(lambda module, given, vectors: looked_up.append(vectors))

        def call(text):
            looked_up.clear()
            with torch.enable_grad():
                losses = [*torch_losses(torch, model, text, make_carry(truncated), model)]
            reached = [
                sum(
                    gradient is not None
                    for gradient in torch.autograd.grad(loss, looked_up, retain_graph=True, allow_unused=True)
                )
                for loss in losses
            ]
            nodes = losses[0].new_tensor([nodes_behind(loss) for loss in losses])
            return losses[0].new_tensor(reached), torch.sign(nodes[1:] - nodes[:-1])

        return model, call

    return build


def tensorflow_kept(make_carry):
    def build(tf, *, V, E, H, truncated):
        model = keras_model(tf, V, E, H)

        def call(text):
            dtype = keras_parts(model)[0].dtype
            reached, operations = [], []

            def count(text):
                """Count as the function is traced: every gradient adds its operations to the graph."""
                shifts = [tf.zeros([E], dtype) for _ in range(WINDOWS)]
                with tf.GradientTape(persistent=True) as tape:
                    tape.watch(shifts)
                    losses = [*tensorflow_losses(tf, model, text, make_carry(tf, truncated), shifts)]
                graph = tf.compat.v1.get_default_graph()
                for loss in losses:
                    reached.append(sum(gradient is not None for gradient in tape.gradient(loss, shifts)))
                    before = len(graph.get_operations())
                    tape.gradient(loss, keras_parts(model))
                    operations.append(len(graph.get_operations()) - before)

            tf.function(count).get_concrete_function(text)
            operations = tf.constant(operations, dtype)
            return tf.constant(reached, dtype), tf.sign(operations[1:] - operations[:-1])

        return model, call

    return build


windows_kept.torch.layer("torch.autograd.graph.Node.next_functions", weights=TORCH)(
    torch_kept(lambda truncated: detached if truncated else plain)
)
windows_kept.tensorflow.layer("tf.stop_gradient", weights=KERAS)(
    tensorflow_kept(lambda tf, truncated: stopped(tf) if truncated else plain)
)
GROWS = "each loss then holds the operations and saved tensors of all windows before: memory and time grow with each"
windows_kept.torch.naive(
    "torch.autograd.graph.Node.next_functions",
    "state not detached",
    when=dict(truncated=True),
    because=GROWS,
    source=BACKWARD,
    fix="detach h and c after each window",
    weights=TORCH,
)(torch_kept(lambda truncated: plain))
windows_kept.torch.naive(
    "torch.autograd.graph.Node.next_functions",
    "only h detached",
    when=dict(truncated=True),
    because=GROWS,
    source=BACKWARD,
    fix="detach both h and c",
    weights=TORCH,
)(torch_kept(lambda truncated: lambda h, c: (h.detach(), c)))
windows_kept.tensorflow.naive(
    "tf.GradientTape",
    "one tape over all windows, state not stopped",
    when=dict(truncated=True),
    because=GROWS,
    source=TAPE,
    fix="call tf.stop_gradient on h and c, or use a tape for each window",
    weights=KERAS,
)(tensorflow_kept(lambda tf, truncated: plain))
