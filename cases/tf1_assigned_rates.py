"""A learning rate that TensorFlow 1 assigns through a session: what it leaves in the graph, and Adam that uses it."""

from _optimizers import MARKS, SIZES, formula, keras_weights, learning_rate, precise, torch_weights
from _sessions import EAGER_ONLY, load, own_graph, session_config

from parity import Case, LeastScale, buffer, grid, normal, uniform

API = "https://www.tensorflow.org/api_docs/python/tf"
TORCH = "https://pytorch.org/docs/stable/generated"
WIDE = ("float64", "float32")

assigned = Case(
    "tf1_assigned_learning_rate",
    "A learning rate that is assigned again and again: its values, and what each assignment leaves behind (operations "
    "of the graph, entries of the optimizer): nothing.",
    sizes=dict(S=5),
    inputs=dict(rate=uniform("S", 0.01, 1.0, gradient=False)),
    outputs=dict(read=buffer("S"), left=buffer("S")),
    dtypes=WIDE,
    exact=True,
    eager_only=EAGER_ONLY,
)


@assigned.reference
def _(np, rate):
    return rate, 0 * rate


@assigned.torch("torch.optim.SGD")
def _(torch, rate):
    optimizer = torch.optim.SGD([torch.nn.Parameter(rate.clone())], lr=0.0)
    [group] = optimizer.param_groups
    before, read, left = len(group), [], []
    for value in rate.tolist():
        group["lr"] = value
        read.append(group["lr"])
        left.append(len(group) - before)
    return rate.new_tensor(read), rate.new_tensor(left)


def keras_assigned(tf, rate, read):
    """``read(learning_rate)`` is kept after each assignment."""
    optimizer = tf.keras.optimizers.SGD(learning_rate=0.0)
    before, kept, left = len(optimizer.variables), [], []
    for value in tf.unstack(rate):
        optimizer.learning_rate.assign(value)
        kept.append(read(optimizer.learning_rate))
        left.append(len(optimizer.variables) - before)
    return tf.stack(kept), tf.constant(left, rate.dtype)


@assigned.tensorflow("keras.optimizers.SGD")
def _(tf, rate):
    return keras_assigned(tf, rate, lambda learning_rate: learning_rate.numpy())


@assigned.tensorflow.naive(
    "keras.optimizers.SGD",
    "variable kept in place of its value",
    wrong="output:read",
    because="optimizer.learning_rate is the variable itself: all that was kept shows the rate assigned last",
    source="keras/src/optimizers/base_optimizer.py of Keras 3.15.1: BaseOptimizer.learning_rate",
    fix="keep optimizer.learning_rate.numpy(); PyTorch's param_groups hold a plain number",
)
def _(tf, rate):
    return keras_assigned(tf, rate, lambda learning_rate: learning_rate.value)


BUILT = 3
"""What tf.assign(variable, number) adds to a graph: the number, the assignment, and a read after it."""


def session_assigned(tf, rate, prepare, *, finalized=True, own=0):
    """``prepare(session, lr)`` returns the function that assigns. Each call may leave ``own`` operations."""
    values, read, left = rate.numpy(), [], []
    with own_graph(tf) as graph, tf.compat.v1.Session(config=session_config(tf)) as session:
        lr = tf.Variable(0.0, trainable=False, dtype=rate.dtype)
        session.run(tf.compat.v1.global_variables_initializer())
        assign_lr = prepare(session, lr)
        if finalized:
            graph.finalize()
        before = len(graph.get_operations())
        for calls, value in enumerate(values, start=1):
            assign_lr(value)
            read.append(session.run(lr))
            left.append(len(graph.get_operations()) - before - own * calls)
    return tf.stack(read), tf.constant(left, rate.dtype)


def one_operation(tf):
    def prepare(session, lr):
        new_lr = tf.compat.v1.placeholder(lr.dtype, shape=[])
        lr_update = tf.compat.v1.assign(lr, new_lr)
        return lambda lr_value: session.run(lr_update, feed_dict={new_lr: lr_value})

    return prepare


def built_at_each_call(tf):
    return lambda session, lr: lambda lr_value: session.run(tf.compat.v1.assign(ref=lr, value=lr_value))


@assigned.tensorflow("tf.compat.v1.assign")
def _(tf, rate):
    return session_assigned(tf, rate, one_operation(tf))


@assigned.tensorflow("tf.compat.v1.Variable.load")
def _(tf, rate):
    return session_assigned(tf, rate, lambda session, lr: lambda lr_value: lr.load(lr_value, session))


@assigned.tensorflow(f"tf.compat.v1.assign (built at each call, {BUILT} operations each taken off)")
def _(tf, rate):
    return session_assigned(tf, rate, built_at_each_call(tf), finalized=False, own=BUILT)


GROWS = dict(
    source="measured with tensorflow 2.21.0",
    fix="build one assignment from a placeholder and feed the value; PyTorch's param_groups hold a plain number",
)


@assigned.tensorflow.naive(
    "tf.compat.v1.assign",
    "built at each call",
    wrong="output:left",
    because=f"each call adds {BUILT} operations to the graph, which never shrinks; the 1,000th call takes 80 ms of CPU "
    "time, the one operation that is fed takes 0.2 ms",
    **GROWS,
)
def _(tf, rate):
    return session_assigned(tf, rate, built_at_each_call(tf), finalized=False)


@assigned.tensorflow.naive(
    "tf.compat.v1.assign",
    "built after the graph is finalized",
    because="tf.Graph.finalize turns an operation that is built in a loop into an error",
    raises="RuntimeError: Graph is finalized and cannot be modified",
    **GROWS,
)
def _(tf, rate):
    return session_assigned(tf, rate, built_at_each_call(tf))


adam = Case(
    "tf1_adam_assigned_rate",
    "Adam as TensorFlow 1 and Keras have it, epsilon added before the bias of the second moment is removed, with a "
    "learning rate that is assigned between the updates.",
    sizes=SIZES,
    parameters=dict(epsilon=1e-8, beta_1=0.9, beta_2=0.999, scale=1.0),
    inputs=lambda scale: dict(w=normal("C D", gradient=False), g=normal("S C D", std=scale, gradient=False)),
    outputs=dict(weights=buffer("K C D")),
    variants=grid(scale=[1.0, 1e-6]),
    least_scale=LeastScale(
        16.0,
        ["output:weights"],
        "Keras and TensorFlow raise the decay to the power t in the weights' dtype: 1 - 0.999**t keeps few digits",
    ),
    dtypes=WIDE,
    eager_only=EAGER_ONLY,
)


def halved(t):
    """The rate of update t: a power of two, which the float32 variable of TensorFlow 1 holds exactly."""
    return learning_rate("halved", t, initial=2.0**-7)


@adam.reference
def _(np, w, g, *, epsilon, beta_1, beta_2):
    m = v = 0

    def update(w, gradient, t):
        nonlocal m, v
        m = beta_1 * m + (1 - beta_1) * gradient
        v = beta_2 * v + (1 - beta_2) * gradient**2
        rate = halved(t) * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        return w - rate * m / (np.sqrt(v) + epsilon)

    return formula(np, update, w, g)


def torch_adam(torch, w, g, before, epsilon, beta_1, beta_2):
    def make(weights):
        return torch.optim.Adam(weights, lr=halved(1), betas=(beta_1, beta_2), eps=epsilon)

    return torch_weights(torch, make, w, g, before)


@adam.torch("torch.optim.Adam")
def _(torch, w, g, *, epsilon, beta_1, beta_2):
    def before(optimizer, weight, t):
        for param_group in optimizer.param_groups:
            param_group["lr"] = halved(t)
            param_group["eps"] = epsilon / (1 - beta_2**t) ** 0.5

    return torch_adam(torch, w, g, before, epsilon, beta_1, beta_2)


@adam.torch.naive(
    "torch.optim.Adam",
    "epsilon of TensorFlow 1 copied",
    when=dict(scale=1e-6),
    size=(0.00079, 0.038),
    because="PyTorch adds eps after the bias is removed; TensorFlow adds its epsilon, the epsilon hat of the paper, "
    "before: in the first update it weighs 32 times as much",
    source=f"{API}/compat/v1/train/AdamOptimizer",
    fix='set param_group["eps"] to epsilon / sqrt(1 - beta_2**t) before update t',
)
def _(torch, w, g, *, epsilon, beta_1, beta_2):
    def before(optimizer, weight, t):
        optimizer.param_groups[0]["lr"] = halved(t)

    return torch_adam(torch, w, g, before, epsilon, beta_1, beta_2)


@adam.torch.naive(
    "torch.optim.Adam",
    "rate assigned to optimizer.defaults",
    when=dict(scale=1.0),
    size=(0.0095, 0.34),
    because="the defaults are copied into param_groups when a group is added, and not read again",
    source=f"{TORCH}/torch.optim.Optimizer.add_param_group.html",
    fix='assign param_group["lr"] of each group',
)
def _(torch, w, g, *, epsilon, beta_1, beta_2):
    def before(optimizer, weight, t):
        optimizer.defaults["lr"] = halved(t)
        optimizer.param_groups[0]["eps"] = epsilon / (1 - beta_2**t) ** 0.5

    return torch_adam(torch, w, g, before, epsilon, beta_1, beta_2)


@adam.tensorflow("keras.optimizers.Adam")
def _(tf, w, g, *, epsilon, beta_1, beta_2):
    betas = dict(beta_1=precise(tf, w, beta_1), beta_2=precise(tf, w, beta_2))
    optimizer = tf.keras.optimizers.Adam(learning_rate=halved(1), epsilon=precise(tf, w, epsilon), **betas)

    def before(optimizer, weight, t):
        optimizer.learning_rate.assign(halved(t))

    return keras_weights(tf, optimizer, w, g, before)


@adam.tensorflow.naive(
    "keras.optimizers.Adam",
    "a variable as learning_rate",
    when=dict(scale=1.0),
    because="Keras makes the variable itself, and takes a number, a schedule or a function",
    source="keras/src/optimizers/base_optimizer.py of Keras 3.15.1: BaseOptimizer.__init__",
    fix="pass a number, and call optimizer.learning_rate.assign(...)",
    raises="ValueError: Argument `learning_rate` should be float",
)
def _(tf, w, g):
    return keras_weights(tf, tf.keras.optimizers.Adam(learning_rate=tf.Variable(0.0, trainable=False)), w, g)


def session_adam(tf, w, g, epsilon, beta_1, beta_2, given=lambda lr: lr):
    """``given(lr)`` makes of the variable what the optimizer gets as its learning rate."""
    settings = dict(beta1=beta_1, beta2=beta_2, epsilon=epsilon)
    settings = {name: precise(tf, w, value) for name, value in settings.items()}
    seen = []
    with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
        weight = tf.compat.v1.Variable(tf.zeros(w.shape, w.dtype))
        gradient = tf.compat.v1.placeholder(w.dtype, w.shape)
        lr, new_lr = tf.Variable(0.0, trainable=False), tf.compat.v1.placeholder(tf.float32, [])
        lr_update = tf.compat.v1.assign(lr, new_lr)
        optimizer = tf.compat.v1.train.AdamOptimizer(learning_rate=given(lr), **settings)
        train_op = optimizer.apply_gradients([(gradient, weight)])
        session.run(tf.compat.v1.global_variables_initializer())
        load(tf, session, [weight], [w])
        for t, value in enumerate(g.numpy(), start=1):
            session.run(lr_update, {new_lr: halved(t)})
            session.run(train_op, {gradient: value})
            if t in MARKS:
                seen.append(session.run(weight))
    return tf.stack(seen)


@adam.tensorflow("tf.compat.v1.train.AdamOptimizer")
def _(tf, w, g, *, epsilon, beta_1, beta_2):
    return session_adam(tf, w, g, epsilon, beta_1, beta_2)


@adam.tensorflow.naive(
    "tf.compat.v1.train.AdamOptimizer",
    "the number passed, the variable assigned",
    when=dict(scale=1.0),
    size=(0.0095, 0.34),
    because="the number became a constant of the graph, and the variable that is assigned is another one",
    source="tensorflow/python/training/adam.py of TensorFlow 2.21.0: AdamOptimizer._prepare",
    fix="pass the variable as learning_rate",
)
def _(tf, w, g, *, epsilon, beta_1, beta_2):
    return session_adam(tf, w, g, epsilon, beta_1, beta_2, given=lambda lr: halved(1))
