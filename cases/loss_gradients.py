"""The gradients of a loss, as an optimizer needs them: a method, a tape, or what a backward pass leaves behind."""

from parity import Case, buffer, normal

DESCENT = "https://tensorflow.org/versions/r2.14/api_docs/python/tf/compat/v1/train/GradientDescentOptimizer"
MEASURED = "measured with TensorFlow 2.21.0, Keras 3.15.1"

gradients_of_loss = Case(
    "gradients_of_loss",
    "The gradients of half the mean squared error of a linear layer, for its kernel and its bias.",
    sizes=dict(N=6, I=4, O=3),
    inputs=dict(x=normal("N I", gradient=False), target=normal("N O", gradient=False)),
    weights=dict(kernel=normal("I O", gradient=False), bias=normal("O", gradient=False)),
    outputs=dict(of_kernel=buffer("I O"), of_bias=buffer("O")),
)


@gradients_of_loss.reference
def _(np, x, target, kernel, bias, *, N, O):
    error = (np.dot(x, kernel) + bias - target) / (N * O)
    return np.dot(x.T, error), np.sum(error, 0)


def torch_loss(y, target):
    return ((y - target) ** 2).mean() / 2


def tensorflow_loss(tf, x, target, kernel, bias):
    return tf.reduce_mean((x @ kernel + bias - target) ** 2) / 2


LINEAR = dict(weights=dict(weight="kernel: O I", bias="bias: O"), of_kernel="O I")
DENSE = dict(weights=dict(kernel="kernel: I O", bias="bias: O"))


@gradients_of_loss.torch.layer("torch.Tensor.backward", **LINEAR)
def _(torch, *, I, O):
    layer = torch.nn.Linear(I, O)

    def call(x, target):
        layer.zero_grad()
        with torch.enable_grad():
            torch_loss(layer(x), target).backward()
        return layer.weight.grad, layer.bias.grad

    return layer, call


@gradients_of_loss.torch.layer("torch.autograd.grad", **LINEAR)
def _(torch, *, I, O):
    layer = torch.nn.Linear(I, O)

    def call(x, target):
        with torch.enable_grad():
            return torch.autograd.grad(torch_loss(layer(x), target), (layer.weight, layer.bias))

    return layer, call


for api, message in (
    ("torch.Tensor.backward", "Unsupported: Unsupported Tensor.backward() call"),
    (
        "torch.autograd.grad",
        "Unsupported: using `torch.autograd.grad` with `torch._dynamo.config.trace_autograd_ops=False`",
    ),
):
    gradients_of_loss.limitation(
        api,
        raises=message,
        because="torch.compile leaves autograd out of what it captures, unless told otherwise: use torch.func.grad, or "
        "compile the loss and differentiate outside",
        source="measured with torch 2.13.0",
        modes=["graph", "compiled"],
    )


@gradients_of_loss.torch("torch.func.grad")
def _(torch, x, target, kernel, bias):
    return torch.func.grad(lambda weights: torch_loss(x @ weights[0] + weights[1], target))((kernel, bias))


@gradients_of_loss.tensorflow.layer("tf.GradientTape", **DENSE)
def _(tf, *, O):
    layer = tf.keras.layers.Dense(O)

    def call(x, target):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((layer(x) - target) ** 2) / 2
        return tape.gradient(loss, layer.trainable_weights)

    return layer, call


@gradients_of_loss.tensorflow("tf.gradients(in a tf.function)")
def _(tf, x, target, kernel, bias):
    @tf.function
    def gradients(weights):
        return tf.gradients(tensorflow_loss(tf, x, target, *weights), weights)

    return gradients([kernel, bias])


@gradients_of_loss.tensorflow.layer("tf.compat.v1.train.Optimizer.compute_gradients", **DENSE)
def _(tf, *, O):
    layer = tf.keras.layers.Dense(O)
    optimizer = tf.compat.v1.train.GradientDescentOptimizer(0.125)

    def call(x, target):
        weights = [weight.value for weight in layer.trainable_weights]
        pairs = optimizer.compute_gradients(lambda: tf.reduce_mean((layer(x) - target) ** 2) / 2, weights)
        return [gradient for gradient, _ in pairs]

    return layer, call


@gradients_of_loss.tensorflow.naive(
    "tf.compat.v1.train.GradientDescentOptimizer",
    "gradients for compute_gradients",
    raises="AttributeError: has no attribute 'gradients'",
    because="optimizers never had a method gradients",
    source=DESCENT,
    fix="call compute_gradients, which gives pairs of a gradient and its variable, or tf.GradientTape",
)
def _(tf, x, target, kernel, bias):
    weights = [tf.Variable(kernel), tf.Variable(bias)]
    optimizer = tf.compat.v1.train.GradientDescentOptimizer(0.125)
    return optimizer.gradients(tensorflow_loss(tf, x, target, *weights), weights)


@gradients_of_loss.tensorflow.naive(
    "tf.compat.v1.train.Optimizer.compute_gradients",
    "a loss that is computed already",
    raises="RuntimeError: should be a function when eager execution is enabled",
    because="without a graph the optimizer has to compute the loss itself, on a tape",
    source=MEASURED,
    fix="pass a function without arguments that computes the loss",
)
def _(tf, x, target, kernel, bias):
    weights = [tf.Variable(kernel), tf.Variable(bias)]
    optimizer = tf.compat.v1.train.GradientDescentOptimizer(0.125)
    pairs = optimizer.compute_gradients(tensorflow_loss(tf, x, target, *weights), weights)
    return [gradient for gradient, _ in pairs]


@gradients_of_loss.tensorflow.naive(
    "keras.optimizers.SGD",
    "compute_gradients of TensorFlow 1",
    raises="AttributeError: has no attribute 'compute_gradients'",
    because="optimizers of Keras 3 apply gradients and compute none",
    source=MEASURED,
    fix="compute them with tf.GradientTape",
)
def _(tf, x, target, kernel, bias):
    weights = [tf.Variable(kernel), tf.Variable(bias)]
    optimizer = tf.keras.optimizers.SGD(0.125)
    pairs = optimizer.compute_gradients(lambda: tensorflow_loss(tf, x, target, *weights), weights)
    return [gradient for gradient, _ in pairs]


@gradients_of_loss.tensorflow.naive(
    "tf.gradients",
    "outside a graph",
    raises="RuntimeError: tf.gradients is not supported when eager execution is enabled",
    because="it follows the operations of a graph, and eager execution makes none",
    source=MEASURED,
    fix="use tf.GradientTape, or call it in a tf.function",
)
def _(tf, x, target, kernel, bias):
    return tf.gradients(tensorflow_loss(tf, x, target, kernel, bias), [kernel, bias])


@gradients_of_loss.tensorflow.naive(
    "tf.GradientTape",
    "tensors not watched",
    raises="ValueError: Attempt to convert a value (None)",
    because="a tape watches trainable variables; for other tensors the gradient is None",
    source="https://tensorflow.org/api_docs/python/tf/GradientTape",
    fix="call tape.watch",
)
def _(tf, x, target, kernel, bias):
    with tf.GradientTape() as tape:
        loss = tensorflow_loss(tf, x, target, kernel, bias)
    return tape.gradient(loss, [kernel, bias])
