"""Adam and AdamW: the weights after 1, 10 and 100 updates."""

from functools import partial

from _optimizers import FUSED, MOVING, SIZES, formula, keras_weights, learning_rate, precise, torch_weights, v1_weights

from parity import Case, LeastScale, buffer, grid, normal

WIDE = ("float64", "float32")
BETAS = dict(beta_1=0.9, beta_2=0.999)
KERAS_ADAM = "keras/src/optimizers/adam.py in Keras 3.15.1"
KERAS_PAGE = "https://keras.io/api/optimizers/adam/"
TORCH_PAGE = "https://pytorch.org/docs/stable/generated/torch.optim.Adam.html"


def inputs(scale=1.0):
    return dict(w=normal("C D", gradient=False), g=normal("S C D", std=scale, gradient=False))


def moments(np, beta_1, beta_2):
    """A function of a gradient that returns Adam's two running means, free of the bias of their start at 0."""
    m = v = t = 0

    def mean(gradient):
        nonlocal m, v, t
        t += 1
        m = beta_1 * m + (1 - beta_1) * gradient
        v = beta_2 * v + (1 - beta_2) * gradient**2
        return m / (1 - beta_1**t), v / (1 - beta_2**t)

    return mean


def outside(position, epsilon, beta_2, t):
    """The epsilon to add to the root of the unbiased second moment: "hat" is added to that of the biased one."""
    return epsilon / (1 - beta_2**t) ** 0.5 if position == "hat" else epsilon


def hat(position, epsilon, beta_2, t):
    """The epsilon to add to the root of the biased second moment."""
    return epsilon if position == "hat" else epsilon * (1 - beta_2**t) ** 0.5


def torch_adam(torch, w, g, make, *, position, epsilon, beta_2, capture, rate=0.01, schedule="constant"):
    """``make(weights, lr=, eps=)``: what it is made with holds, but for what another framework's epsilon asks for."""

    def before(optimizer, weight, t):
        if schedule != "constant":
            optimizer.param_groups[0]["lr"] = learning_rate(schedule, t, rate)
        if position == "hat":
            optimizer.param_groups[0]["eps"] = outside(position, epsilon, beta_2, t)

    return torch_weights(torch, partial(make, lr=rate, eps=epsilon), w, g, before, capture=capture)


def keras_adam(tf, w, g, make, *, position, epsilon, beta_2, capture, rate=0.01, schedule="constant", l2=0.0):
    """``make(learning_rate=, epsilon=)``: as above."""
    optimizer = make(learning_rate=precise(tf, w, rate), epsilon=precise(tf, w, epsilon))
    if position == "outside":
        optimizer.epsilon = tf.Variable(epsilon, dtype=w.dtype)

    def before(optimizer, weight, t):
        if schedule != "constant":
            optimizer.learning_rate = learning_rate(schedule, t, rate)
        if position == "outside":
            optimizer.epsilon.assign(hat(position, epsilon, beta_2, t))

    return keras_weights(tf, optimizer, w, g, before, l2, capture)


POWER = LeastScale(
    16.0,
    ["output:weights"],
    "Keras and TensorFlow raise the decay to the power t in the weights' dtype: 1 - 0.999**t keeps few digits at first",
)

adam = Case(
    "adam",
    "Adam, with epsilon added to the root of the second moment after its bias is removed (outside), or before (hat).",
    sizes=SIZES,
    parameters=dict(BETAS, epsilon=1e-8, position="outside", scale=1.0),
    inputs=inputs,
    least_scale=POWER,
    outputs=dict(weights=buffer("K C D")),
    variants=grid(position=["outside", "hat"])
    + grid(position=["outside"], scale=[1e-6])
    + grid(position=["hat"], scale=[1e-6], epsilon=[1e-7])
    + grid(position=["outside", "hat"], epsilon=[0.01])
    + grid(beta_1=[0.5], beta_2=[0.75]),
    dtypes=WIDE,
)


@adam.reference
def _(np, w, g, *, beta_1, beta_2, epsilon, position):
    mean = moments(np, beta_1, beta_2)

    def update(w, gradient, t):
        m, v = mean(gradient)
        return w - 0.01 * m / (np.sqrt(v) + outside(position, epsilon, beta_2, t))

    return formula(np, update, w, g)


def add(api, **options):
    @adam.torch(api)
    def _(torch, w, g, *, beta_1, beta_2, epsilon, position, capture):
        make = partial(torch.optim.Adam, betas=(beta_1, beta_2), **options)
        return torch_adam(torch, w, g, make, position=position, epsilon=epsilon, beta_2=beta_2, capture=capture)


add("torch.optim.Adam")
add("torch.optim.Adam(foreach=True)", foreach=True)
add("torch.optim.Adam(fused=True)", fused=True)
adam.limitation("torch.optim.Adam(fused=True)", **FUSED)
for api in ("torch.optim.Adam", "torch.optim.Adam(foreach=True)"):
    adam.limitation(api, when=dict(position="hat"), **MOVING)


@adam.tensorflow("keras.optimizers.Adam")
def _(tf, w, g, *, beta_1, beta_2, epsilon, position, capture):
    make = partial(tf.keras.optimizers.Adam, beta_1=precise(tf, w, beta_1), beta_2=precise(tf, w, beta_2))
    return keras_adam(tf, w, g, make, position=position, epsilon=epsilon, beta_2=beta_2, capture=capture)


@adam.tensorflow("tf.compat.v1.train.AdamOptimizer")
def _(tf, w, g, *, beta_1, beta_2, epsilon, position, capture):
    rate, *betas, added = (precise(tf, w, value) for value in (0.01, beta_1, beta_2, epsilon))
    if position == "outside":
        added = tf.Variable(epsilon, dtype=w.dtype)

    def before(optimizer, weight, t):
        if position == "outside":
            added.assign(hat(position, epsilon, beta_2, t))

    return v1_weights(tf, tf.compat.v1.train.AdamOptimizer(rate, *betas, added), w, g, before, capture=capture)


@adam.tensorflow.naive(
    "keras.optimizers.Adam",
    "epsilon of PyTorch copied",
    when=dict(position="outside", scale=1e-6),
    size=(0.0016, 0.029),
    because="Keras adds epsilon before the bias is taken away, which makes it 1 / sqrt(1 - beta_2**t) times larger",
    source=KERAS_ADAM,
    fix="assign epsilon * sqrt(1 - beta_2**t) to the optimizer's epsilon before update t",
)
def _(tf, w, g, *, epsilon):
    return keras_weights(tf, tf.keras.optimizers.Adam(0.01, epsilon=epsilon), w, g)


@adam.tensorflow.naive(
    "keras.optimizers.Adam",
    "epsilon left at its default",
    when=dict(position="outside", scale=1e-6),
    size=(0.0099, 0.13),
    because="epsilon is 1e-7 by default in Keras and 1e-8 in PyTorch",
    source=KERAS_PAGE,
    fix="pass epsilon, and move it from update to update as the case does",
)
def _(tf, w, g):
    return keras_weights(tf, tf.keras.optimizers.Adam(0.01), w, g)


@adam.tensorflow.naive(
    "tf.compat.v1.train.AdamOptimizer",
    "epsilon of PyTorch copied",
    when=dict(position="outside", scale=1e-6),
    size=(0.0016, 0.029),
    because="epsilon is added before the bias is taken away, which makes it 1 / sqrt(1 - beta_2**t) times larger",
    source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/AdamOptimizer",
    fix="pass a variable as epsilon, and assign epsilon * sqrt(1 - beta_2**t) to it before update t",
)
def _(tf, w, g, *, epsilon):
    return v1_weights(tf, tf.compat.v1.train.AdamOptimizer(0.01, epsilon=epsilon), w, g)


@adam.torch.naive(
    "torch.optim.Adam",
    "epsilon of Keras copied",
    when=dict(position="hat", scale=1e-6),
    size=(0.0078, 0.17),
    because="PyTorch adds eps after the bias is removed, Keras before: in the first update its epsilon weighs 32 times",
    source=TORCH_PAGE,
    fix='set param_groups[0]["eps"] to epsilon / sqrt(1 - beta_2**t) before update t',
)
def _(torch, w, g, *, epsilon):
    return torch_weights(torch, lambda weights: torch.optim.Adam(weights, 0.01, eps=epsilon), w, g)


@adam.torch.naive(
    "torch.optim.Adam",
    "epsilon left at its default",
    when=dict(position="hat", scale=1e-6, epsilon=1e-7),
    size=(0.0089, 0.24),
    because="eps is 1e-8 by default in PyTorch and 1e-7 in Keras",
    source=TORCH_PAGE,
    fix="pass eps, and move it from update to update as the case does",
)
def _(torch, w, g):
    return torch_weights(torch, lambda weights: torch.optim.Adam(weights, 0.01), w, g)


@adam.tensorflow.naive(
    "keras.optimizers.Adam",
    "float64 weights, betas Python numbers",
    when=dict(position="hat", scale=1.0, beta_1=0.9),
    size=(2.1e-07, 2.7e-06),
    because="the betas' powers are taken of float32 numbers, their running means of the float64 ones",
    source=KERAS_ADAM,
    fix="pass numpy.float64(0.9) and numpy.float64(0.999)",
)
def _(tf, w, g, *, epsilon):
    return keras_weights(tf, tf.keras.optimizers.Adam(0.01, epsilon=epsilon), w, g)


@adam.tensorflow.naive(
    "tf.compat.v1.train.AdamOptimizer",
    "float64 weights, betas Python numbers",
    when=dict(position="hat", scale=1.0, beta_1=0.9),
    size=(2.6e-08, 3.9e-07),
    because="the optimizer makes float32 tensors of Python numbers, and float32 variables of the betas' powers",
    source="tensorflow/python/training/adam.py, _create_slots and _prepare",
    fix="pass numpy.float64(0.9) and numpy.float64(0.999)",
)
def _(tf, w, g, *, epsilon):
    return v1_weights(tf, tf.compat.v1.train.AdamOptimizer(0.01, epsilon=epsilon), w, g)


RATE = 2.0**-7
"""The learning rate under weight decay, a power of two: else 1 - rate * weight_decay is rounded the same way always."""

adamw = Case(
    "adamw",
    "Adam with decoupled weight decay, which the learning rate multiplies.",
    sizes=SIZES,
    parameters=dict(BETAS, epsilon=1e-8, position="outside", schedule="constant", weight_decay=0.03125),
    inputs=inputs(),
    least_scale=POWER,
    outputs=dict(weights=buffer("K C D")),
    variants=grid(position=["outside", "hat"]) + grid(schedule=["halved"], weight_decay=[0.25]),
    dtypes=WIDE,
)


@adamw.reference
def _(np, w, g, *, beta_1, beta_2, epsilon, position, schedule, weight_decay):
    mean = moments(np, beta_1, beta_2)

    def update(w, gradient, t):
        m, v = mean(gradient)
        step = m / (np.sqrt(v) + outside(position, epsilon, beta_2, t))
        return w - learning_rate(schedule, t, RATE) * (step + weight_decay * w)

    return formula(np, update, w, g)


def add(api, optimizer, **options):
    @adamw.torch(api)
    def _(torch, w, g, *, beta_1, beta_2, epsilon, position, schedule, weight_decay, capture):
        made = getattr(torch.optim, optimizer)
        make = partial(made, betas=(beta_1, beta_2), weight_decay=weight_decay, **options)
        common = dict(position=position, epsilon=epsilon, beta_2=beta_2, rate=RATE, schedule=schedule, capture=capture)
        return torch_adam(torch, w, g, make, **common)

    adamw.limitation(api, when=dict(position="hat"), **MOVING)


add("torch.optim.AdamW", "AdamW")
add("torch.optim.Adam(decoupled_weight_decay=True)", "Adam", decoupled_weight_decay=True)


def add(api, optimizer):
    @adamw.tensorflow(api)
    def _(tf, w, g, *, beta_1, beta_2, epsilon, position, schedule, weight_decay, capture):
        precisely = dict(beta_1=beta_1, beta_2=beta_2, weight_decay=weight_decay)
        precisely = {name: precise(tf, w, value) for name, value in precisely.items()}
        make = partial(getattr(tf.keras.optimizers, optimizer), **precisely)
        common = dict(position=position, epsilon=epsilon, beta_2=beta_2, rate=RATE, schedule=schedule, capture=capture)
        return keras_adam(tf, w, g, make, **common)


add("keras.optimizers.AdamW", "AdamW")
add("keras.optimizers.Adam(weight_decay=)", "Adam")


@adamw.torch.naive(
    "torch.optim.Adam",
    "weight_decay of AdamW",
    when=dict(position="outside"),
    because="Adam's weight_decay goes into the gradient and through the moments; in Keras it never does",
    source=TORCH_PAGE,
    fix="use torch.optim.AdamW",
)
def _(torch, w, g, *, weight_decay):
    return torch_weights(torch, lambda weights: torch.optim.Adam(weights, RATE, weight_decay=weight_decay), w, g)


@adamw.torch.naive(
    "torch.optim.AdamW",
    "weight decay left at its default",
    when=dict(position="outside", schedule="constant"),
    size=(0.0076, 0.034),
    because="weight_decay is 0.01 by default in PyTorch and 0.004 in Keras",
    source="https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html",
    fix="pass weight_decay",
)
def _(torch, w, g):
    return torch_weights(torch, lambda weights: torch.optim.AdamW(weights, RATE), w, g)


@adamw.tensorflow.naive(
    "keras.optimizers.AdamW",
    "weight decay left at its default",
    when=dict(position="hat", schedule="constant"),
    size=(0.0096, 0.043),
    because="weight_decay is 0.004 by default in Keras and 0.01 in PyTorch",
    source="https://keras.io/api/optimizers/adamw/",
    fix="pass weight_decay",
)
def _(tf, w, g, *, epsilon):
    return keras_weights(tf, tf.keras.optimizers.AdamW(RATE, epsilon=epsilon), w, g)


@adamw.tensorflow.naive(
    "keras.optimizers.AdamW",
    "arguments of Adam by position",
    when=dict(position="hat", schedule="constant"),
    size=(0.22, 1),
    because="weight_decay comes second, before the betas: Adam(rate, 0.9, 0.999) becomes a decay of 0.9",
    source="https://keras.io/api/optimizers/adamw/",
    fix="pass them by name",
)
def _(tf, w, g, *, beta_1, beta_2, epsilon):
    return keras_weights(tf, tf.keras.optimizers.AdamW(RATE, beta_1, beta_2, epsilon=epsilon), w, g)


adam_l2 = Case(
    "adam_l2",
    "Adam with weight decay in the gradient.",
    sizes=SIZES,
    parameters=dict(BETAS, epsilon=1e-8, position="outside", weight_decay=0.25),
    inputs=inputs(),
    least_scale=POWER,
    outputs=dict(weights=buffer("K C D")),
    dtypes=WIDE,
)


@adam_l2.reference
def _(np, w, g, *, beta_1, beta_2, epsilon, position, weight_decay):
    mean = moments(np, beta_1, beta_2)

    def update(w, gradient, t):
        m, v = mean(gradient + weight_decay * w)
        return w - RATE * m / (np.sqrt(v) + outside(position, epsilon, beta_2, t))

    return formula(np, update, w, g)


@adam_l2.torch("torch.optim.Adam")
def _(torch, w, g, *, beta_1, beta_2, epsilon, position, weight_decay, capture):
    make = partial(torch.optim.Adam, betas=(beta_1, beta_2), weight_decay=weight_decay)
    common = dict(position=position, epsilon=epsilon, beta_2=beta_2, rate=RATE, capture=capture)
    return torch_adam(torch, w, g, make, **common)


@adam_l2.tensorflow("keras.optimizers.Adam")
def _(tf, w, g, *, beta_1, beta_2, epsilon, position, weight_decay, capture):
    make = partial(tf.keras.optimizers.Adam, beta_1=precise(tf, w, beta_1), beta_2=precise(tf, w, beta_2))
    common = dict(position=position, epsilon=epsilon, beta_2=beta_2, rate=RATE, capture=capture)
    return keras_adam(tf, w, g, make, **common, l2=weight_decay)


@adam_l2.tensorflow.naive(
    "keras.optimizers.Adam",
    "weight_decay of PyTorch's Adam",
    size=(0.0026, 0.22),
    because="Keras takes the decay off the weights; PyTorch's Adam adds it to the gradient",
    source="keras/src/optimizers/base_optimizer.py of Keras 3.15.1: _apply_weight_decay",
    fix="add weight_decay * w to the gradients and leave weight_decay at None",
)
def _(tf, w, g, *, epsilon, weight_decay):
    return keras_weights(tf, tf.keras.optimizers.Adam(RATE, epsilon=epsilon, weight_decay=weight_decay), w, g)
