"""Gradients capped between TensorFlow 1's compute_gradients and apply_gradients, in a session."""

from _optimizers import precise
from _sessions import EAGER_ONLY, load, own_graph, session_config

from parity import Case, buffer, normal

API = "https://www.tensorflow.org/api_docs/python/tf"
OPTIMIZER_PY = "tensorflow/python/training/optimizer.py of TensorFlow 2.21.0"
DOCUMENTED = f"{API}/compat/v1/train/Optimizer#processing_gradients_before_applying_them"
TORCH = "https://pytorch.org/docs/stable/generated"
WIDE = ("float64", "float32")

CAP = 0.25
"""The largest magnitude of an element of a gradient."""

RATE = 0.1

capped = Case(
    "tf1_capped_gradients",
    "Gradient descent on a squared error, with each element of the gradients capped: the losses, and the weights.",
    sizes=dict(S=5, N=4, C=3, O=2),
    inputs=dict(x=normal("S N C", gradient=False), target=normal("S N O", gradient=False)),
    weights=dict(kernel=normal("O C", gradient=False), bias=normal("O", gradient=False)),
    outputs=dict(loss=buffer("S"), new_kernel=buffer("O C"), new_bias=buffer("O")),
    steps="S",
    dtypes=WIDE,
    eager_only=EAGER_ONLY,
)


@capped.reference
def _(np, x, target, kernel, bias):
    losses = []
    for inputs, targets in zip(x, target, strict=True):
        error = np.einsum("nc,oc->no", inputs, kernel) + bias - targets
        losses.append(np.sum(error**2))
        kernel = kernel - RATE * np.clip(2 * np.einsum("no,nc->oc", error, inputs), -CAP, CAP)
        bias = bias - RATE * np.clip(2 * np.sum(error, axis=0), -CAP, CAP)
    return np.stack(losses), kernel, bias


def torch_capped(torch, x, target, kernel, bias, update):
    """``update(optimizer, parameters)`` caps the gradients and takes the step."""
    parameters = [torch.nn.Parameter(kernel.clone()), torch.nn.Parameter(bias.clone())]
    optimizer = torch.optim.SGD(parameters, lr=RATE)
    losses = []
    for inputs, targets in zip(x, target, strict=True):
        optimizer.zero_grad()
        with torch.enable_grad():
            loss = torch.sum((torch.nn.functional.linear(inputs, *parameters) - targets) ** 2)
        loss.backward()
        update(optimizer, parameters)
        losses.append(loss.detach())
    return torch.stack(losses), *(parameter.detach() for parameter in parameters)


@capped.torch("torch.nn.utils.clip_grad_value_")
def _(torch, x, target, kernel, bias):
    def update(optimizer, parameters):
        torch.nn.utils.clip_grad_value_(parameters, clip_value=CAP)
        optimizer.step()

    return torch_capped(torch, x, target, kernel, bias, update)


@capped.torch.naive(
    "torch.nn.utils.clip_grad_value_",
    "called after the step",
    because="step has used the gradients as they were",
    source=f"{TORCH}/torch.nn.utils.clip_grad_value_.html",
    fix="call it between backward() and step()",
)
def _(torch, x, target, kernel, bias):
    def update(optimizer, parameters):
        optimizer.step()
        torch.nn.utils.clip_grad_value_(parameters, clip_value=CAP)

    return torch_capped(torch, x, target, kernel, bias, update)


def my_capper(tf, gradient):
    return tf.clip_by_value(gradient, -CAP, CAP)


def applied_capped(tf, opt, loss, variables):
    """Cap what compute_gradients returns: pairs of a gradient and its variable."""
    grads_and_vars = opt.compute_gradients(loss, variables)
    capped_grads_and_vars = [(my_capper(tf, gv[0]), gv[1]) for gv in grads_and_vars]
    return opt.apply_gradients(capped_grads_and_vars)


def applied_as_computed(tf, opt, loss, variables):
    grads_and_vars = opt.compute_gradients(loss, variables)
    [(my_capper(tf, gv[0]), gv[1]) for gv in grads_and_vars]
    return opt.apply_gradients(grads_and_vars)


def by_gradients(tf, opt, loss, variables):
    grads = opt.gradients(loss, variables)
    return opt.apply_gradients(zip(grads, variables, strict=True))


def descent(tf, rate):
    return tf.compat.v1.train.GradientDescentOptimizer(learning_rate=rate)


def session_capped(tf, x, target, kernel, bias, make=descent, train=applied_capped):
    """``make(tf, rate)`` makes the optimizer, ``train`` the operation that takes the step."""
    x, target, rate = x.numpy(), target.numpy(), precise(tf, x, RATE)
    with own_graph(tf), tf.compat.v1.Session(config=session_config(tf)) as session:
        inputs = tf.compat.v1.placeholder(kernel.dtype, [None, kernel.shape[0]])
        targets = tf.compat.v1.placeholder(kernel.dtype, [None, kernel.shape[1]])
        variables = [tf.compat.v1.Variable(tf.zeros(value.shape, value.dtype)) for value in (kernel, bias)]
        loss = tf.reduce_sum((tf.matmul(inputs, variables[0]) + variables[1] - targets) ** 2)
        train_op = train(tf, make(tf, rate), loss, variables)
        session.run(tf.compat.v1.global_variables_initializer())
        load(tf, session, variables, [kernel, bias])
        runs = [session.run([loss, train_op], {inputs: a, targets: b}) for a, b in zip(x, target, strict=True)]
        return [loss for loss, _ in runs], *session.run(variables)


LAID_OUT = dict(kernel="C O", new_kernel="C O")


@capped.tensorflow("tf.compat.v1.train.GradientDescentOptimizer", **LAID_OUT)
def _(tf, x, target, kernel, bias):
    return session_capped(tf, x, target, kernel, bias)


@capped.tensorflow("keras.optimizers.SGD(clipvalue=)", **LAID_OUT)
def _(tf, x, target, kernel, bias):
    variables = [tf.Variable(kernel), tf.Variable(bias)]
    optimizer = tf.keras.optimizers.SGD(learning_rate=precise(tf, x, RATE), clipvalue=CAP)
    losses = []
    for inputs, targets in zip(x, target, strict=True):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((tf.matmul(inputs, variables[0]) + variables[1] - targets) ** 2)
        optimizer.apply(tape.gradient(loss, variables), variables)
        losses.append(loss)
    return tf.stack(losses), *(variable.read_value() for variable in variables)


def add_naive(api, title, *, because, source, fix, size=None, raises=None, **changes):
    explained = dict(because=because, source=source, fix=fix, size=size, raises=raises)

    @capped.tensorflow.naive(api, title, **explained, **LAID_OUT)
    def _(tf, x, target, kernel, bias):
        return session_capped(tf, x, target, kernel, bias, **changes)


add_naive(
    "tf.compat.v1.train.Optimizer.apply_gradients",
    "gradients as computed",
    because="capping returns new tensors, and the pairs of compute_gradients stay as they were",
    source=DOCUMENTED,
    fix="pass the pairs with the capped gradients to apply_gradients",
    train=applied_as_computed,
)
add_naive(
    "tf.compat.v1.train.AdamOptimizer",
    "method gradients",
    because="an optimizer has compute_gradients, which returns pairs; tf.gradients returns the gradients alone",
    source=OPTIMIZER_PY,
    fix="call optimizer.compute_gradients(loss, variables), or tf.gradients(loss, variables)",
    raises="AttributeError: 'AdamOptimizer' object has no attribute 'gradients'",
    make=lambda tf, rate: tf.compat.v1.train.AdamOptimizer(learning_rate=rate),
    train=by_gradients,
)
add_naive(
    "tf.compat.v1.train.GradientDescentOptimizer",
    "float64 weights, learning rate a Python number",
    size=(3.6e-10, 6.9e-09),
    because="the optimizer makes a float32 tensor of a Python number: 0.1 becomes 0.1000000015",
    source="tensorflow/python/training/gradient_descent.py of TensorFlow 2.21.0: _prepare",
    fix="pass numpy.float64(0.1)",
    make=lambda tf, rate: descent(tf, RATE),
)


@capped.tensorflow.naive(
    "tf.compat.v1.train.Optimizer.compute_gradients",
    "of a tensor, under eager execution",
    because="an eager loss has no graph to differentiate, so compute_gradients takes a function that computes it",
    source=OPTIMIZER_PY,
    fix="pass a function without arguments that returns the loss, or build the graph inside tf.Graph().as_default()",
    raises="RuntimeError: `loss` passed to Optimizer.compute_gradients should be a function when eager",
    **LAID_OUT,
)
def _(tf, x, target, kernel, bias):
    weight = tf.Variable(kernel)
    loss = tf.reduce_sum((tf.matmul(x[0], weight) - target[0]) ** 2)
    return descent(tf, RATE).compute_gradients(loss, [weight])
