"""Binary cross entropy, on logits and on probabilities."""

from _losses import KERAS_REDUCTION, reduced, shape_of_loss

from parity import Case, grid, normal, uniform

TORCH_BCE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html"
TORCH_BCE_LOGITS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html"
KERAS_BCE = "https://keras.io/api/losses/probabilistic_losses/#binarycrossentropy-class"
KERAS_CLIPS = "keras/src/backend/tensorflow/nn.py of Keras 3.15.1: binary_crossentropy"

binary_cross_entropy_with_logits = Case(
    "binary_cross_entropy_with_logits",
    "Cross entropy of each logit's sigmoid and a target between 0 and 1.",
    sizes=dict(N=5, C=3),
    inputs=lambda std: dict(logits=normal("N C", std=std), targets=uniform("N C", 0, 1, gradient=False)),
    outputs=shape_of_loss("N C"),
    parameters=dict(std=1),
    variants=grid(reduction=["none", "mean", "sum"]) + grid(reduction=["none"], std=[100]),
)


@binary_cross_entropy_with_logits.reference
def _(np, logits, targets, *, reduction):
    loss = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
    return reduced(np.mean, np.sum, loss, reduction)


@binary_cross_entropy_with_logits.torch("torch.nn.functional.binary_cross_entropy_with_logits")
def _(torch, logits, targets, *, reduction):
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction=reduction)


@binary_cross_entropy_with_logits.torch.layer("torch.nn.BCEWithLogitsLoss", weights={})
def _(torch, *, reduction):
    return torch.nn.BCEWithLogitsLoss(reduction=reduction)


@binary_cross_entropy_with_logits.tensorflow("tf.nn.sigmoid_cross_entropy_with_logits")
def _(tf, logits, targets, *, reduction):
    loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
    return reduced(tf.reduce_mean, tf.reduce_sum, loss, reduction)


@binary_cross_entropy_with_logits.tensorflow("keras.losses.BinaryCrossentropy")
def _(tf, logits, targets, *, reduction, dtype):
    loss = tf.keras.losses.BinaryCrossentropy(from_logits=True, reduction=KERAS_REDUCTION[reduction], dtype=dtype)
    return loss(targets[..., None], logits[..., None])


@binary_cross_entropy_with_logits.tensorflow("tf.compat.v1.losses.sigmoid_cross_entropy")
def _(tf, logits, targets, *, reduction):
    names = dict(none="none", mean="weighted_mean", sum="weighted_sum")
    return tf.compat.v1.losses.sigmoid_cross_entropy(targets, logits, reduction=names[reduction])


binary_cross_entropy_with_logits.deviation(
    "tf.compat.v1.losses.sigmoid_cross_entropy",
    quantities=["*"],
    within=5e-7,
    because="the losses are cast to float32 to be weighted and reduced, whatever their dtype",
    source="tensorflow/python/ops/losses/losses_impl.py of TensorFlow: compute_weighted_loss casts to float32",
    dtypes=["float64"],
)


@binary_cross_entropy_with_logits.torch.naive(
    "torch.nn.BCEWithLogitsLoss",
    "sigmoid as the last layer",
    because="the loss applies the sigmoid itself, so that it is taken twice",
    source=TORCH_BCE_LOGITS,
    fix="end the network in the linear layer, or use torch.nn.BCELoss",
    weights={},
)
def _(torch, *, reduction):
    network, loss = torch.nn.Sigmoid(), torch.nn.BCEWithLogitsLoss(reduction=reduction)
    return loss, lambda logits, targets: loss(network(logits), targets)


@binary_cross_entropy_with_logits.tensorflow.naive(
    "keras.losses.BinaryCrossentropy",
    "fed logits without from_logits",
    because="from_logits is False by default: the logits are taken for probabilities, clipped to [0, 1]",
    source=KERAS_BCE,
    fix="pass from_logits=True",
)
def _(tf, logits, targets, *, reduction):
    loss = tf.keras.losses.BinaryCrossentropy(reduction=KERAS_REDUCTION[reduction])
    return loss(targets[..., None], logits[..., None])


@binary_cross_entropy_with_logits.tensorflow.naive(
    "keras.losses.BinaryCrossentropy",
    "sum of means",
    when=dict(reduction="sum"),
    size=(0.33, 1.4),
    because="Keras averages over the last axis before it sums, PyTorch sums over all elements",
    source=KERAS_BCE,
    fix="add an axis of length one to targets and logits, so that the mean is over one element",
)
def _(tf, logits, targets):
    return tf.keras.losses.BinaryCrossentropy(from_logits=True, reduction="sum")(targets, logits)


@binary_cross_entropy_with_logits.tensorflow.naive(
    "keras.losses.BinaryCrossentropy",
    "reduction=None keeps every element",
    when=dict(reduction="none", std=1),
    kind="shape",
    because="reduction=None still averages over the last axis: it gives one loss for each example",
    source=KERAS_BCE,
    fix="add an axis of length one to targets and logits, so that the mean is over one element",
)
def _(tf, logits, targets):
    return tf.keras.losses.BinaryCrossentropy(from_logits=True, reduction=None)(targets, logits)


@binary_cross_entropy_with_logits.torch.naive(
    "torch.nn.functional.binary_cross_entropy",
    "sigmoid of large logits",
    when=dict(std=100),
    because="where the sigmoid rounds to 1, the loss is clamped at 100, and its gradient is lost",
    source=TORCH_BCE,
    fix="pass the logits to torch.nn.functional.binary_cross_entropy_with_logits",
)
def _(torch, logits, targets, *, reduction):
    return torch.nn.functional.binary_cross_entropy(torch.sigmoid(logits), targets, reduction=reduction)


@binary_cross_entropy_with_logits.tensorflow.naive(
    "keras.losses.BinaryCrossentropy",
    "sigmoid of large logits",
    when=dict(std=100),
    size=(0.42, 1.9),
    because="probabilities are clipped to [1e-7, 1 - 1e-7]: no loss exceeds 16.2, and confident errors get no gradient",
    source=KERAS_CLIPS,
    fix="pass the logits, with from_logits=True",
)
def _(tf, logits, targets):
    loss = tf.keras.losses.BinaryCrossentropy(reduction=None)
    return loss(targets[..., None], tf.sigmoid(logits)[..., None])


positive_weight = Case(
    "positive_weight",
    "Binary cross entropy of logits in which positive targets weigh more.",
    sizes=dict(N=5, C=3),
    inputs=dict(
        logits=normal("N C"),
        targets=uniform("N C", 0, 1, gradient=False),
        weight=uniform("C", 2, 4, gradient=False),
    ),
    outputs=shape_of_loss("N C"),
    variants=grid(reduction=["none", "mean"]),
)


@positive_weight.reference
def _(np, logits, targets, weight, *, reduction):
    softplus = np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits)))
    loss = (weight * targets + 1 - targets) * softplus - weight * targets * logits
    return reduced(np.mean, np.sum, loss, reduction)


@positive_weight.torch("torch.nn.functional.binary_cross_entropy_with_logits(pos_weight)")
def _(torch, logits, targets, weight, *, reduction):
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight, reduction=reduction)


@positive_weight.tensorflow("tf.nn.weighted_cross_entropy_with_logits")
def _(tf, logits, targets, weight, *, reduction):
    loss = tf.nn.weighted_cross_entropy_with_logits(labels=targets, logits=logits, pos_weight=weight)
    return reduced(tf.reduce_mean, tf.reduce_sum, loss, reduction)


@positive_weight.torch.naive(
    "torch.nn.functional.binary_cross_entropy_with_logits(weight)",
    "weight for pos_weight",
    because="weight multiplies the whole loss of an element, pos_weight only the part of the positive target",
    source=TORCH_BCE_LOGITS,
    fix="pass pos_weight",
)
def _(torch, logits, targets, weight, *, reduction):
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, weight, reduction=reduction)


smoothed_binary_cross_entropy = Case(
    "smoothed_binary_cross_entropy",
    "Binary cross entropy with targets drawn towards one half: t (1 - s) + s / 2.",
    sizes=dict(N=5, C=3),
    inputs=dict(logits=normal("N C"), targets=uniform("N C", 0, 1, gradient=False)),
    outputs=dict(loss=""),
    parameters=dict(smoothing=0.25),
)


@smoothed_binary_cross_entropy.reference
def _(np, logits, targets, *, smoothing):
    smoothed = targets * (1 - smoothing) + smoothing / 2
    return np.mean(np.maximum(logits, 0) - logits * smoothed + np.log1p(np.exp(-np.abs(logits))))


@smoothed_binary_cross_entropy.torch("torch.nn.functional.binary_cross_entropy_with_logits")
def _(torch, logits, targets, *, smoothing):
    smoothed = targets * (1 - smoothing) + smoothing / 2
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, smoothed)


@smoothed_binary_cross_entropy.tensorflow("keras.losses.BinaryCrossentropy(label_smoothing)")
def _(tf, logits, targets, *, smoothing, dtype):
    loss = tf.keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing, dtype=dtype)
    return loss(targets, logits)


@smoothed_binary_cross_entropy.torch.naive(
    "torch.nn.functional.binary_cross_entropy_with_logits",
    "one-sided smoothing",
    because="Keras moves both labels towards one half, 0 as much as 1",
    source=KERAS_BCE,
    fix="smooth the targets as t (1 - s) + s / 2",
)
def _(torch, logits, targets, *, smoothing):
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, targets * (1 - smoothing))


binary_cross_entropy = Case(
    "binary_cross_entropy",
    "Cross entropy of probabilities and targets, both between 0 and 1.",
    sizes=dict(N=5, C=3),
    inputs=dict(p=uniform("N C", 0.125, 0.875), targets=uniform("N C", 0, 1, gradient=False)),
    outputs=shape_of_loss("N C"),
    variants=grid(reduction=["none", "mean", "sum"]),
)


@binary_cross_entropy.reference
def _(np, p, targets, *, reduction):
    return reduced(np.mean, np.sum, -targets * np.log(p) - (1 - targets) * np.log1p(-p), reduction)


@binary_cross_entropy.torch("torch.nn.functional.binary_cross_entropy")
def _(torch, p, targets, *, reduction):
    return torch.nn.functional.binary_cross_entropy(p, targets, reduction=reduction)


@binary_cross_entropy.torch.layer("torch.nn.BCELoss", weights={})
def _(torch, *, reduction):
    return torch.nn.BCELoss(reduction=reduction)


@binary_cross_entropy.tensorflow("keras.losses.BinaryCrossentropy")
def _(tf, p, targets, *, reduction, dtype):
    loss = tf.keras.losses.BinaryCrossentropy(reduction=KERAS_REDUCTION[reduction], dtype=dtype)
    return loss(targets[..., None], p[..., None])


@binary_cross_entropy.tensorflow("tf.math.log")
def _(tf, p, targets, *, reduction):
    loss = -targets * tf.math.log(p) - (1 - targets) * tf.math.log1p(-p)
    return reduced(tf.reduce_mean, tf.reduce_sum, loss, reduction)


binary_cross_entropy.deviation(
    "tf.math.log",
    quantities=["output:loss"],
    within=1e-13,
    because="compiled by XLA for a CPU, log1p in float64 is off by up to 240 units of rounding around -0.4",
    source="measured with tensorflow 2.21.0",
    when=dict(reduction="none"),
    dtypes=["float64"],
    devices=["cpu"],
    modes=["compiled"],
)


@binary_cross_entropy.torch.naive(
    "torch.nn.BCELoss",
    "targets before probabilities",
    because="PyTorch's losses take the prediction first, Keras's losses the targets first",
    source=TORCH_BCE,
    fix="swap the arguments",
    weights={},
)
def _(torch, *, reduction):
    loss = torch.nn.BCELoss(reduction=reduction)
    return loss, lambda p, targets: loss(targets, p)


binary_cross_entropy_of_tiny_probabilities = Case(
    "binary_cross_entropy_of_tiny_probabilities",
    "Cross entropy of probabilities near zero and positive targets, not clipped.",
    sizes=dict(N=5),
    inputs=lambda below: dict(p=uniform("N", below / 8, below)),
    outputs=dict(loss="N"),
    variants=grid(below=[1e-10, 1e-50]),
    dtypes=["float64"],
)


@binary_cross_entropy_of_tiny_probabilities.reference
def _(np, p):
    return -np.log(p)


@binary_cross_entropy_of_tiny_probabilities.torch("torch.log")
def _(torch, p):
    return -torch.log(p)


@binary_cross_entropy_of_tiny_probabilities.tensorflow("tf.math.log")
def _(tf, p):
    return -tf.math.log(p)


@binary_cross_entropy_of_tiny_probabilities.torch.naive(
    "torch.nn.functional.binary_cross_entropy",
    "logarithms clamped at -100",
    when=dict(below=1e-50),
    size=(0.068, 0.3),
    because="logarithms below -100 are clamped, and the gradient's denominator p (1 - p) at 1e-12",
    source=TORCH_BCE,
    fix="compute the loss from logits",
)
def _(torch, p):
    return torch.nn.functional.binary_cross_entropy(p, torch.ones_like(p), reduction="none")


@binary_cross_entropy_of_tiny_probabilities.tensorflow.naive(
    "keras.losses.BinaryCrossentropy",
    "probabilities clipped at 1e-7",
    because="probabilities are clipped to [1e-7, 1 - 1e-7]: the loss stops at 16.1, and there is no gradient",
    source=KERAS_CLIPS,
    fix="compute the loss from logits, with from_logits=True",
)
def _(tf, p):
    loss = tf.keras.losses.BinaryCrossentropy(reduction=None, dtype=p.dtype)
    return loss(tf.ones_like(p)[:, None], p[:, None])
