"""RMSprop and Adagrad, which scale a gradient by what is known of its square: weights after 1, 10 and 100 updates."""

from _optimizers import SIZES, formula, keras_weights, precise, torch_weights, v1_weights

from parity import Case, buffer, grid, normal

WIDE = ("float64", "float32")
RATE = 0.01
KERAS_RMSPROP = "keras/src/optimizers/rmsprop.py in Keras 3.15.1"
TORCH_RMSPROP = "https://pytorch.org/docs/stable/generated/torch.optim.RMSprop.html"
TORCH_ADAGRAD = "https://pytorch.org/docs/stable/generated/torch.optim.Adagrad.html"


def inputs(scale):
    return dict(w=normal("C D", gradient=False), g=normal("S C D", std=scale, gradient=False))


rmsprop, rmsprop_from_one = (
    Case(
        name,
        summary,
        sizes=SIZES,
        parameters=dict(rho=0.9, epsilon=1e-7, momentum=0.0, centered=False, initial=initial, scale=1.0),
        inputs=inputs,
        outputs=dict(weights=buffer("K C D")),
        variants=grid(centered=[False]) + grid(centered=[True], momentum=[0.875]) + grid(scale=[1e-3]),
        dtypes=WIDE,
    )
    for name, summary, initial in (
        ("rmsprop", "RMSprop as in Keras: the mean square starts at 0, epsilon is added to it under the root.", 0.0),
        ("rmsprop_from_one", "RMSprop as in TensorFlow 1: the mean square starts at 1.", 1.0),
    )
)


def rmsprop_formula(np, w, g, *, rho, epsilon, momentum, centered, initial):
    square, mean, v = initial, 0, 0

    def update(w, gradient, t):
        nonlocal square, mean, v
        square = rho * square + (1 - rho) * gradient**2
        mean = rho * mean + (1 - rho) * gradient
        v = momentum * v + gradient / np.sqrt(square - (mean**2 if centered else 0) + epsilon)
        return w - RATE * v

    return formula(np, update, w, g)


def torch_rmsprop(torch, w, g, *, rho, epsilon, momentum, centered, initial, capture):
    def make(weights):
        optimizer = torch.optim.RMSprop(weights, RATE, rho, momentum=momentum, centered=centered)
        weights[0].grad = torch.zeros_like(weights[0])
        optimizer.step()  # moves nothing, but makes the buffers
        optimizer.state[weights[0]]["square_avg"].fill_(initial + epsilon)
        optimizer.param_groups[0]["eps"] = 0.0
        return optimizer

    def before(optimizer, weight, t):
        optimizer.state[weight]["square_avg"].add_(epsilon / rho - epsilon)

    return torch_weights(torch, make, w, g, before, capture=capture)


def keras_rmsprop(tf, w, g, *, rho, epsilon, momentum, centered, initial, capture):
    optimizer = tf.keras.optimizers.RMSprop(RATE, rho, momentum, epsilon, centered)

    def before(optimizer, weight, t):
        if t == 1:
            [square] = [variable for variable in optimizer.variables if variable.path.endswith("velocity")]
            square.assign(tf.fill(square.shape, tf.cast(initial, w.dtype)))

    return keras_weights(tf, optimizer, w, g, before, capture=capture)


for case in (rmsprop, rmsprop_from_one):
    case.reference(rmsprop_formula)
    case.torch("torch.optim.RMSprop")(torch_rmsprop)
    case.tensorflow("keras.optimizers.RMSprop")(keras_rmsprop)


@rmsprop_from_one.tensorflow("tf.compat.v1.train.RMSPropOptimizer")
def _(tf, w, g, *, rho, epsilon, momentum, centered, capture):
    precisely = (precise(tf, w, value) for value in (RATE, rho, momentum, epsilon))
    return v1_weights(tf, tf.compat.v1.train.RMSPropOptimizer(*precisely, centered=centered), w, g, capture=capture)


@rmsprop.torch.naive(
    "torch.optim.RMSprop",
    "epsilon of Keras copied",
    when=dict(scale=1e-3),
    size=(0.0052, 0.081),
    because="PyTorch adds eps to the root, Keras to what is under it",
    source=TORCH_RMSPROP,
    fix="start square_avg at eps, add eps / alpha - eps to it before every step, and pass eps=0",
)
def _(torch, w, g, *, rho, epsilon):
    return torch_weights(torch, lambda weights: torch.optim.RMSprop(weights, RATE, rho, epsilon), w, g)


@rmsprop.torch.naive(
    "torch.optim.RMSprop",
    "rho left at its default",
    when=dict(momentum=0.0, centered=False, scale=1.0),
    because="the mean square keeps 0.99 of itself by default in PyTorch and 0.9 in Keras and TensorFlow",
    source=TORCH_RMSPROP,
    fix="pass alpha=0.9",
)
def _(torch, w, g):
    return torch_weights(torch, lambda weights: torch.optim.RMSprop(weights, RATE), w, g)


@rmsprop.tensorflow.naive(
    "keras.optimizers.RMSprop",
    "learning rate left at its default",
    when=dict(momentum=0.0, centered=False, scale=1.0),
    size=(0.028, 0.23),
    because="the learning rate is 0.001 by default in Keras and 0.01 in PyTorch",
    source=KERAS_RMSPROP,
    fix="pass learning_rate=0.01",
)
def _(tf, w, g, *, rho, epsilon):
    return keras_weights(tf, tf.keras.optimizers.RMSprop(rho=rho, epsilon=epsilon), w, g)


@rmsprop_from_one.torch.naive(
    "torch.optim.RMSprop",
    "mean square started at zero",
    when=dict(momentum=0.0, centered=False),
    because="TensorFlow 1 starts the mean square at 1, which makes the first updates smaller",
    source="tensorflow/python/training/rmsprop.py, _create_slots",
    fix="fill square_avg with ones before the first update",
)
def _(torch, w, g, *, rho):
    return torch_weights(torch, lambda weights: torch.optim.RMSprop(weights, RATE, rho, 1e-10), w, g)


@rmsprop_from_one.tensorflow.naive(
    "keras.optimizers.RMSprop",
    "mean square started at zero",
    when=dict(momentum=0.0, centered=False),
    because="TensorFlow 1 starts the mean square at 1, Keras at 0",
    source="tensorflow/python/training/rmsprop.py, _create_slots",
    fix="build the optimizer and assign ones to its velocity",
)
def _(tf, w, g, *, rho, epsilon):
    return keras_weights(tf, tf.keras.optimizers.RMSprop(RATE, rho, epsilon=epsilon), w, g)


rmsprop_epsilon_outside = Case(
    "rmsprop_epsilon_outside",
    "RMSprop as in PyTorch: epsilon is added to the root of the mean square.",
    sizes=SIZES,
    parameters=dict(rho=0.99, epsilon=1e-3, scale=1.0),
    inputs=inputs,
    outputs=dict(weights=buffer("K C D")),
    variants=grid(scale=[1.0, 1e-3]),
    dtypes=WIDE,
)


@rmsprop_epsilon_outside.reference
def _(np, w, g, *, rho, epsilon):
    square = 0

    def update(w, gradient, t):
        nonlocal square
        square = rho * square + (1 - rho) * gradient**2
        return w - RATE * gradient / (np.sqrt(square) + epsilon)

    return formula(np, update, w, g)


@rmsprop_epsilon_outside.torch("torch.optim.RMSprop")
def _(torch, w, g, *, rho, epsilon, capture):
    return torch_weights(torch, lambda weights: torch.optim.RMSprop(weights, RATE, rho, epsilon), w, g, capture=capture)


@rmsprop_epsilon_outside.tensorflow("keras.optimizers.RMSprop.update_step overridden")
def _(tf, w, g, *, rho, epsilon, capture):
    class RMSprop(tf.keras.optimizers.RMSprop):
        def update_step(self, gradient, variable, learning_rate):
            velocity = self._velocities[self._get_variable_index(variable)]
            velocity.assign(self.rho * velocity + (1 - self.rho) * gradient**2)
            variable.assign_sub(learning_rate * gradient / (tf.sqrt(velocity) + self.epsilon))

    return keras_weights(tf, RMSprop(RATE, rho, epsilon=epsilon), w, g, capture=capture)


@rmsprop_epsilon_outside.tensorflow.naive(
    "keras.optimizers.RMSprop",
    "epsilon of PyTorch copied",
    because="Keras adds epsilon under the root, PyTorch to the root",
    source=KERAS_RMSPROP,
    fix="override update_step",
)
def _(tf, w, g, *, rho, epsilon):
    return keras_weights(tf, tf.keras.optimizers.RMSprop(RATE, rho, epsilon=epsilon), w, g)


adagrad = Case(
    "adagrad",
    "Adagrad as in Keras: epsilon is added to the sum of squares, which has an initial value, under the root.",
    sizes=SIZES,
    parameters=dict(epsilon=1e-7, initial=0.125, scale=1.0),
    inputs=inputs,
    outputs=dict(weights=buffer("K C D")),
    variants=grid(initial=[0.125, 0.0], scale=[1.0, 1e-3]),
    dtypes=WIDE,
)


@adagrad.reference
def _(np, w, g, *, epsilon, initial):
    total = initial + epsilon

    def update(w, gradient, t):
        nonlocal total
        total = total + gradient**2
        return w - RATE * gradient / np.sqrt(total)

    return formula(np, update, w, g)


@adagrad.torch("torch.optim.Adagrad")
def _(torch, w, g, *, epsilon, initial, capture):
    def make(weights):
        return torch.optim.Adagrad(weights, RATE, initial_accumulator_value=initial + epsilon, eps=0.0)

    return torch_weights(torch, make, w, g, capture=capture)


@adagrad.tensorflow("keras.optimizers.Adagrad")
def _(tf, w, g, *, epsilon, initial, capture):
    return keras_weights(tf, tf.keras.optimizers.Adagrad(RATE, precise(tf, w, initial), epsilon), w, g, capture=capture)


@adagrad.tensorflow("tf.compat.v1.train.AdagradOptimizer")
def _(tf, w, g, *, epsilon, initial, capture):
    return v1_weights(
        tf, tf.compat.v1.train.AdagradOptimizer(precise(tf, w, RATE), initial + epsilon), w, g, capture=capture
    )


@adagrad.torch.naive(
    "torch.optim.Adagrad",
    "initial sum left at its default",
    when=dict(initial=0.125),
    because="the sum of squares starts at 0 by default in PyTorch and at 0.1 in Keras and TensorFlow",
    source=TORCH_ADAGRAD,
    fix="pass initial_accumulator_value",
)
def _(torch, w, g, *, epsilon):
    return torch_weights(torch, lambda weights: torch.optim.Adagrad(weights, RATE, eps=epsilon), w, g)


@adagrad.tensorflow.naive(
    "keras.optimizers.Adagrad",
    "initial sum left at its default",
    when=dict(initial=0.0),
    because="the sum of squares starts at 0.1 by default in Keras and at 0 in PyTorch",
    source="https://keras.io/api/optimizers/adagrad/",
    fix="pass initial_accumulator_value=0",
)
def _(tf, w, g, *, epsilon):
    return keras_weights(tf, tf.keras.optimizers.Adagrad(RATE, epsilon=epsilon), w, g)


@adagrad.tensorflow.naive(
    "keras.optimizers.Adagrad",
    "learning rate left at its default",
    when=dict(initial=0.0, scale=1.0),
    size=(0.004, 0.094),
    because="the learning rate is 0.001 by default in Keras and 0.01 in PyTorch",
    source="keras/src/optimizers/adagrad.py in Keras 3.15.1",
    fix="pass learning_rate=0.01",
)
def _(tf, w, g, *, epsilon, initial):
    optimizer = tf.keras.optimizers.Adagrad(initial_accumulator_value=initial, epsilon=epsilon)
    return keras_weights(tf, optimizer, w, g)


@adagrad.torch.naive(
    "torch.optim.Adagrad",
    "epsilon left at its default",
    when=dict(initial=0.0, scale=1e-3),
    size=(5e-05, 0.067),
    because="eps is 1e-10 by default in PyTorch, and 1e-7 in Keras, where it is added under the root",
    source=TORCH_ADAGRAD,
    fix="add Keras's epsilon to initial_accumulator_value, and pass eps=0",
)
def _(torch, w, g):
    return torch_weights(torch, lambda weights: torch.optim.Adagrad(weights, RATE), w, g)


@adagrad.torch.naive(
    "torch.optim.Adagrad",
    "epsilon of Keras copied",
    when=dict(initial=0.0, scale=1e-3),
    size=(5e-05, 0.066),
    because="PyTorch adds eps to the root, Keras to what is under it",
    source=TORCH_ADAGRAD,
    fix="add epsilon to initial_accumulator_value, and pass eps=0",
)
def _(torch, w, g, *, epsilon):
    return torch_weights(torch, lambda weights: torch.optim.Adagrad(weights, RATE, eps=epsilon), w, g)
