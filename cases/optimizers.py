"""Gradient descent, with momentum, weight decay and clipping: the weights after 1, 10 and 100 updates."""

from _optimizers import FUSED, SIZES, eagerly, formula, keras_weights, learning_rate, precise, torch_weights, v1_weights

from parity import Case, buffer, grid, normal

TORCH_SGD = "https://pytorch.org/docs/stable/generated/torch.optim.SGD.html"
KERAS_SGD = "keras/src/optimizers/sgd.py in Keras 3.15.1"
WIDE = ("float64", "float32")


def drawn():
    return dict(w=normal("C D", gradient=False), g=normal("S C D", gradient=False))


sgd = Case(
    "sgd",
    "Gradient descent, with a learning rate that is assigned anew before every update.",
    sizes=SIZES,
    inputs=drawn(),
    outputs=dict(weights=buffer("K C D")),
    variants=grid(schedule=["constant", "halved"]),
    dtypes=WIDE,
)


@sgd.reference
def _(np, w, g, *, schedule):
    return formula(np, lambda w, gradient, t: w - learning_rate(schedule, t) * gradient, w, g)


def add(api, **options):
    @sgd.torch(api)
    def _(torch, w, g, *, schedule, capture):
        def before(optimizer, weight, t):
            optimizer.param_groups[0]["lr"] = learning_rate(schedule, t)

        return torch_weights(torch, lambda weights: torch.optim.SGD(weights, **options), w, g, before, capture=capture)


add("torch.optim.SGD")
add("torch.optim.SGD(foreach=True)", foreach=True)
add("torch.optim.SGD(fused=True)", fused=True)
sgd.limitation("torch.optim.SGD(fused=True)", **FUSED)


@sgd.tensorflow("keras.optimizers.SGD")
def _(tf, w, g, *, schedule, capture):
    def before(optimizer, weight, t):
        optimizer.learning_rate = learning_rate(schedule, t)

    return keras_weights(tf, tf.keras.optimizers.SGD(), w, g, before, capture=capture)


@sgd.tensorflow("tf.compat.v1.train.GradientDescentOptimizer")
def _(tf, w, g, *, schedule, capture):
    rate = tf.Variable(0.0, trainable=False, dtype=w.dtype)

    def before(optimizer, weight, t):
        rate.assign(learning_rate(schedule, t))

    return v1_weights(tf, tf.compat.v1.train.GradientDescentOptimizer(rate), w, g, before, capture=capture)


sgd_momentum = Case(
    "sgd_momentum",
    "Gradient descent with a velocity, of the gradients (the learning rate multiplies it) or of the updates "
    "(the learning rate is inside it): the two part where the learning rate changes.",
    sizes=SIZES,
    parameters=dict(momentum=0.9, nesterov=False, schedule="constant", velocity="gradients"),
    inputs=drawn(),
    outputs=dict(weights=buffer("K C D")),
    variants=grid(nesterov=[False, True])
    + grid(nesterov=[False, True], schedule=["halved"], velocity=["gradients", "updates"]),
    dtypes=WIDE,
)


@sgd_momentum.reference
def _(np, w, g, *, momentum, nesterov, schedule, velocity):
    v = 0

    def update(w, gradient, t):
        nonlocal v
        rate = learning_rate(schedule, t)
        inside, outside = (rate, 1) if velocity == "updates" else (1, rate)
        v = momentum * v + inside * gradient
        return w - outside * (momentum * v + inside * gradient if nesterov else v)

    return formula(np, update, w, g)


@sgd_momentum.torch("torch.optim.SGD")
def _(torch, w, g, *, momentum, nesterov, schedule, velocity, capture):
    def make(weights):
        return torch.optim.SGD(weights, momentum=momentum, nesterov=nesterov)

    def before(optimizer, weight, t):
        [group] = optimizer.param_groups
        rate = learning_rate(schedule, t)
        if velocity == "updates" and t > 1:
            optimizer.state[weight]["momentum_buffer"].mul_(group["lr"] / rate)
        group["lr"] = rate

    return torch_weights(torch, make, w, g, before, capture=capture)


@sgd_momentum.tensorflow("keras.optimizers.SGD")
def _(tf, w, g, *, momentum, nesterov, schedule, velocity, capture):
    optimizer = tf.keras.optimizers.SGD(momentum=precise(tf, w, momentum), nesterov=nesterov)

    def before(optimizer, weight, t):
        rate, previous = learning_rate(schedule, t), learning_rate(schedule, max(t - 1, 1))
        if velocity == "gradients":
            optimizer.momentums[0].assign(optimizer.momentums[0] * (rate / previous))
        optimizer.learning_rate = rate

    return keras_weights(tf, optimizer, w, g, before, capture=capture)


@sgd_momentum.tensorflow("tf.compat.v1.train.MomentumOptimizer")
def _(tf, w, g, *, momentum, nesterov, schedule, velocity, capture):
    rate = tf.Variable(0.0, trainable=False, dtype=w.dtype)
    optimizer = tf.compat.v1.train.MomentumOptimizer(rate, precise(tf, w, momentum), use_nesterov=nesterov)

    def before(optimizer, weight, t):
        previous = rate.read_value()
        rate.assign(learning_rate(schedule, t))
        if velocity == "updates" and t > 1:
            slot = optimizer.get_slot(weight, "momentum")
            slot.assign(slot * (previous / rate))

    return v1_weights(tf, optimizer, w, g, before, capture=capture)


@sgd_momentum.torch.naive(
    "torch.optim.SGD",
    "velocity of the updates kept as of the gradients",
    when=dict(schedule="halved", velocity="updates"),
    because="Keras multiplies a gradient by the learning rate of its own time, PyTorch by that of the update",
    source=TORCH_SGD,
    fix="multiply momentum_buffer by the old learning rate over the new one whenever it changes",
)
def _(torch, w, g, *, momentum, nesterov, schedule):
    def before(optimizer, weight, t):
        optimizer.param_groups[0]["lr"] = learning_rate(schedule, t)

    def make(weights):
        return torch.optim.SGD(weights, momentum=momentum, nesterov=nesterov)

    return torch_weights(torch, make, w, g, before)


@sgd_momentum.tensorflow.naive(
    "keras.optimizers.SGD",
    "velocity of the gradients kept as of the updates",
    when=dict(schedule="halved", velocity="gradients"),
    because="Keras puts the learning rate inside the velocity, PyTorch multiplies the velocity by it",
    source=KERAS_SGD,
    fix="multiply the optimizer's momentums by the new learning rate over the old one whenever it changes",
)
def _(tf, w, g, *, momentum, nesterov, schedule):
    def before(optimizer, weight, t):
        optimizer.learning_rate = learning_rate(schedule, t)

    return keras_weights(tf, tf.keras.optimizers.SGD(momentum=momentum, nesterov=nesterov), w, g, before)


@sgd_momentum.tensorflow.naive(
    "keras.optimizers.SGD",
    "float64 weights, momentum a Python number",
    when=dict(schedule="constant"),
    size=(9.8e-08, 5.5e-07),
    because="keras.ops.cast takes a Python number through float32: 0.9 becomes 0.89999998",
    source=KERAS_SGD,
    fix="pass numpy.float64(0.9)",
)
def _(tf, w, g, *, momentum, nesterov):
    return keras_weights(tf, tf.keras.optimizers.SGD(0.125, momentum=momentum, nesterov=nesterov), w, g)


@sgd_momentum.tensorflow.naive(
    "tf.compat.v1.train.MomentumOptimizer",
    "float64 weights, momentum a Python number",
    when=dict(schedule="constant"),
    size=(9.8e-08, 5.5e-07),
    because="the optimizer makes a float32 tensor of a Python number: 0.9 becomes 0.89999998",
    source="tensorflow/python/training/momentum.py, _prepare",
    fix="pass numpy.float64(0.9)",
)
def _(tf, w, g, *, momentum, nesterov):
    return v1_weights(tf, tf.compat.v1.train.MomentumOptimizer(0.125, momentum, use_nesterov=nesterov), w, g)


@sgd_momentum.torch.naive(
    "torch.optim.SGD",
    "dampening equal to the momentum",
    when=dict(schedule="constant", nesterov=False),
    because="dampening scales the gradient that enters the velocity, which Keras and TensorFlow never do",
    source=TORCH_SGD,
    fix="leave dampening at 0",
)
def _(torch, w, g, *, momentum):
    return torch_weights(torch, lambda weights: torch.optim.SGD(weights, 0.125, momentum, dampening=momentum), w, g)


sgd_weight_decay = Case(
    "sgd_weight_decay",
    "Gradient descent with momentum and weight decay: in the gradient (l2), or of the weights alone (decoupled).",
    sizes=SIZES,
    parameters=dict(weight_decay=0.0625, momentum=0.875),
    inputs=drawn(),
    outputs=dict(weights=buffer("K C D")),
    variants=grid(decay=["l2", "decoupled"]),
    dtypes=WIDE,
)


@sgd_weight_decay.reference
def _(np, w, g, *, decay, weight_decay, momentum):
    v = 0

    def update(w, gradient, t):
        nonlocal v
        v = momentum * v + gradient + (weight_decay * w if decay == "l2" else 0)
        return w - 0.125 * (v + (weight_decay * w if decay == "decoupled" else 0))

    return formula(np, update, w, g)


@sgd_weight_decay.torch("torch.optim.SGD")
def _(torch, w, g, *, decay, weight_decay, momentum, capture):
    def make(weights):
        return torch.optim.SGD(weights, 0.125, momentum, weight_decay=weight_decay if decay == "l2" else 0)

    def before(optimizer, weight, t):
        if decay == "decoupled":
            with torch.no_grad():
                weight.mul_(1 - 0.125 * weight_decay)

    return torch_weights(torch, make, w, g, before, capture=capture)


@sgd_weight_decay.tensorflow("keras.optimizers.SGD")
def _(tf, w, g, *, decay, weight_decay, momentum, capture):
    decoupled, l2 = (weight_decay, 0.0) if decay == "decoupled" else (None, weight_decay)
    return keras_weights(
        tf, tf.keras.optimizers.SGD(0.125, momentum, weight_decay=decoupled), w, g, l2=l2, capture=capture
    )


@sgd_weight_decay.tensorflow("tf.compat.v1.train.MomentumOptimizer")
def _(tf, w, g, *, decay, weight_decay, momentum, capture):
    def before(optimizer, weight, t):
        if decay == "decoupled":
            weight.assign_sub(0.125 * weight_decay * weight)

    optimizer = tf.compat.v1.train.MomentumOptimizer(0.125, momentum)
    return v1_weights(tf, optimizer, w, g, before, l2=weight_decay if decay == "l2" else 0.0, capture=capture)


@sgd_weight_decay.torch.naive(
    "torch.optim.SGD",
    "weight_decay of Keras copied",
    when=dict(decay="decoupled"),
    because="PyTorch adds the decay to the gradient, so it enters the velocity; Keras takes it off the weights",
    source=TORCH_SGD,
    fix="multiply the weights by 1 - lr * weight_decay before each step, and leave weight_decay at 0",
)
def _(torch, w, g, *, weight_decay, momentum):
    def make(weights):
        return torch.optim.SGD(weights, 0.125, momentum, weight_decay=weight_decay)

    return torch_weights(torch, make, w, g)


@sgd_weight_decay.tensorflow.naive(
    "keras.optimizers.SGD",
    "weight_decay of PyTorch copied",
    when=dict(decay="l2"),
    because="Keras decouples weight_decay from the gradient in every optimizer; PyTorch's SGD adds it to the gradient",
    source="keras/src/optimizers/base_optimizer.py of Keras 3.15.1: _apply_weight_decay",
    fix="add weight_decay * w to the gradients and leave weight_decay at None",
)
def _(tf, w, g, *, weight_decay, momentum):
    return keras_weights(tf, tf.keras.optimizers.SGD(0.125, momentum, weight_decay=weight_decay), w, g)


sgd_clipped = Case(
    "sgd_clipped",
    "Ten steps of gradient descent with gradients whose norm, over all weights together, is clipped.",
    sizes=dict(S=10, C=2, D=5),
    parameters=dict(most=2.5),
    inputs=dict(
        kernel=normal("C D", gradient=False),
        bias=normal("C", gradient=False),
        of_kernel=normal("S C D", std=0.75, gradient=False),
        of_bias=normal("S C", std=0.75, gradient=False),
    ),
    outputs=dict(new_kernel=buffer("C D"), new_bias=buffer("C"), norm=buffer("S")),
    dtypes=WIDE,
)


@sgd_clipped.reference
def _(np, kernel, bias, of_kernel, of_bias, *, most):
    norms = np.sqrt(np.sum(of_kernel**2, (1, 2)) + np.sum(of_bias**2, 1))
    scales = 0.125 * np.minimum(1, most / norms)
    return kernel - np.einsum("s,scd->cd", scales, of_kernel), bias - np.einsum("s,sc->c", scales, of_bias), norms


def clipped_torch(torch, kernel, bias, of_kernel, of_bias, clip, capture=eagerly):
    """``clip(weights)`` clips the gradients in place and returns their norm."""
    weights = [torch.nn.Parameter(kernel.clone()), torch.nn.Parameter(bias.clone())]
    optimizer = torch.optim.SGD(weights, 0.125)

    def update():
        norm = clip(weights)
        optimizer.step()
        return norm

    update = capture(update, whole=False)
    norms = []
    for gradients in zip(of_kernel, of_bias, strict=True):
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient.clone()
        norms.append(update())
    return *(weight.detach() for weight in weights), torch.stack(norms)


@sgd_clipped.torch("torch.nn.utils.get_total_norm")
def _(torch, kernel, bias, of_kernel, of_bias, *, most, capture):
    def clip(weights):
        norm = torch.nn.utils.get_total_norm(weight.grad for weight in weights)
        for weight in weights:
            weight.grad.mul_(most / norm.clamp(min=most))
        return norm

    return clipped_torch(torch, kernel, bias, of_kernel, of_bias, clip, capture)


def clipped_tensorflow(tf, kernel, bias, of_kernel, of_bias, apply, capture=eagerly):
    """``apply(gradients, weights)`` clips and updates."""
    weights = [tf.Variable(kernel), tf.Variable(bias)]

    def update(*gradients):
        apply(gradients, weights)
        return tf.linalg.global_norm(gradients)

    update = capture(update)
    norms = []
    for gradients in zip(tf.unstack(of_kernel), tf.unstack(of_bias), strict=True):
        norms.append(update(*gradients))
    return *(weight.read_value() for weight in weights), tf.stack(norms)


@sgd_clipped.tensorflow("tf.clip_by_global_norm")
def _(tf, kernel, bias, of_kernel, of_bias, *, most, capture):
    optimizer = tf.compat.v1.train.GradientDescentOptimizer(0.125)

    def apply(gradients, weights):
        clipped, _ = tf.clip_by_global_norm(gradients, most)
        optimizer.apply_gradients(zip(clipped, weights, strict=True))

    return clipped_tensorflow(tf, kernel, bias, of_kernel, of_bias, apply, capture)


@sgd_clipped.tensorflow("keras.optimizers.SGD(global_clipnorm=)")
def _(tf, kernel, bias, of_kernel, of_bias, *, most, capture):
    optimizer = tf.keras.optimizers.SGD(0.125, global_clipnorm=most)
    return clipped_tensorflow(tf, kernel, bias, of_kernel, of_bias, optimizer.apply, capture)


@sgd_clipped.torch.naive(
    "torch.nn.utils.clip_grad_norm_",
    "taken for tf.clip_by_global_norm",
    wrong="output:new_*",
    size=(6.8e-09, 3.9e-06),
    because="it divides by the norm plus 1e-6",
    source="torch/nn/utils/clip_grad.py of PyTorch 2.13.0: _clip_grads_with_norm_",
    fix="multiply the gradients by most / max(norm, most), with the norm from torch.nn.utils.get_total_norm",
)
def _(torch, kernel, bias, of_kernel, of_bias, *, most):
    def clip(weights):
        return torch.nn.utils.clip_grad_norm_(weights, most)

    return clipped_torch(torch, kernel, bias, of_kernel, of_bias, clip)


def add_naive(option, title, because, size=None):
    @sgd_clipped.tensorflow.naive(
        f"keras.optimizers.SGD({option}=)",
        title,
        wrong="output:new_*",
        size=size,
        because=because,
        source="https://keras.io/api/optimizers/",
        fix="pass global_clipnorm",
    )
    def _(tf, kernel, bias, of_kernel, of_bias, *, most):
        optimizer = tf.keras.optimizers.SGD(0.125, **{option: most})
        return clipped_tensorflow(tf, kernel, bias, of_kernel, of_bias, optimizer.apply)


add_naive("clipnorm", "each weight's norm by itself", "clipnorm clips the gradient of each weight by its own norm")
add_naive(
    "clipvalue",
    "each element by itself",
    "clipvalue clips each element, which changes the direction too",
    (0.011, 0.35),
)
