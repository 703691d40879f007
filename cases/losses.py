"""Cross entropy of logits and class labels."""

from _losses import KERAS_REDUCTION, log_softmax, one_hot, reduced, shape_of_loss

from parity import Case, grid, integers, normal, uniform

TORCH_CE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html"
KERAS_SPARSE_CE = "https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class"
V1_LOSSES = "tensorflow/python/ops/losses/losses_impl.py of TensorFlow: compute_weighted_loss casts to float32"

cross_entropy = Case(
    "cross_entropy",
    "Minus the logarithm of the softmax of the logits at each label.",
    sizes=dict(N=7, C=5),
    inputs=lambda std: dict(logits=normal("N C", std=std), labels=integers("N", 0, "C")),
    outputs=shape_of_loss("N"),
    parameters=dict(std=1),
    variants=grid(reduction=["none", "mean", "sum"]) + grid(reduction=["mean"], std=[3000]),
)
cross_entropy.timed({"ImageNet": dict(N=256, C=1000)})


@cross_entropy.reference
def _(np, logits, labels, *, C, reduction):
    loss = -np.sum(one_hot(np, labels, C) * log_softmax(np, logits), -1)
    return reduced(np.mean, np.sum, loss, reduction)


@cross_entropy.torch("torch.nn.functional.cross_entropy")
def _(torch, logits, labels, *, reduction):
    return torch.nn.functional.cross_entropy(logits, labels, reduction=reduction)


@cross_entropy.torch.layer("torch.nn.CrossEntropyLoss", weights={})
def _(torch, *, reduction):
    loss = torch.nn.CrossEntropyLoss(reduction=reduction)
    return loss, lambda logits, labels: loss(logits, labels.long())


@cross_entropy.torch("torch.nn.functional.nll_loss")
def _(torch, logits, labels, *, reduction):
    return torch.nn.functional.nll_loss(torch.nn.functional.log_softmax(logits, dim=1), labels, reduction=reduction)


@cross_entropy.torch.layer("torch.nn.NLLLoss", weights={})
def _(torch, *, reduction):
    log_probabilities, loss = torch.nn.LogSoftmax(dim=1), torch.nn.NLLLoss(reduction=reduction)
    return loss, lambda logits, labels: loss(log_probabilities(logits), labels)


@cross_entropy.tensorflow("tf.nn.sparse_softmax_cross_entropy_with_logits")
def _(tf, logits, labels, *, reduction):
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return reduced(tf.reduce_mean, tf.reduce_sum, loss, reduction)


@cross_entropy.tensorflow("tf.nn.softmax_cross_entropy_with_logits")
def _(tf, logits, labels, *, C, reduction):
    targets = tf.one_hot(labels, C, dtype=logits.dtype)
    loss = tf.nn.softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    return reduced(tf.reduce_mean, tf.reduce_sum, loss, reduction)


@cross_entropy.tensorflow("tf.gather")
def _(tf, logits, labels, *, reduction):
    loss = -tf.gather(tf.nn.log_softmax(logits), labels, batch_dims=1)
    return reduced(tf.reduce_mean, tf.reduce_sum, loss, reduction)


@cross_entropy.tensorflow("tf.compat.v1.losses.sparse_softmax_cross_entropy")
def _(tf, logits, labels, *, reduction):
    names = dict(none="none", mean="weighted_mean", sum="weighted_sum")
    return tf.compat.v1.losses.sparse_softmax_cross_entropy(labels, logits, reduction=names[reduction])


@cross_entropy.tensorflow("keras.losses.SparseCategoricalCrossentropy")
def _(tf, logits, labels, *, reduction, dtype):
    reduction = KERAS_REDUCTION[reduction]
    return tf.keras.losses.SparseCategoricalCrossentropy(True, reduction=reduction, dtype=dtype)(labels, logits)


@cross_entropy.tensorflow("keras.losses.sparse_categorical_crossentropy")
def _(tf, logits, labels, *, reduction):
    loss = tf.keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    return reduced(tf.reduce_mean, tf.reduce_sum, loss, reduction)


@cross_entropy.torch.naive(
    "torch.nn.functional.cross_entropy",
    "fed probabilities",
    because="it takes logits and applies softmax itself, so that softmax is taken twice",
    source=TORCH_CE,
    fix="pass the logits; or the logarithms of the probabilities to torch.nn.functional.nll_loss",
)
def _(torch, logits, labels, *, reduction):
    return torch.nn.functional.cross_entropy(torch.softmax(logits, dim=1), labels, reduction=reduction)


@cross_entropy.torch.naive(
    "torch.nn.functional.nll_loss",
    "fed probabilities",
    because="it takes logarithms of probabilities, and computes none itself",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html",
    fix="put log_softmax before it, or pass the logits to torch.nn.functional.cross_entropy",
)
def _(torch, logits, labels, *, reduction):
    return torch.nn.functional.nll_loss(torch.softmax(logits, dim=1), labels, reduction=reduction)


@cross_entropy.torch.naive(
    "torch.nn.CrossEntropyLoss",
    "softmax as the last layer",
    because="a Keras classifier that ends in softmax, ported layer by layer, feeds probabilities to a loss of logits",
    source=TORCH_CE,
    fix="end the network in the linear layer, and apply softmax only to predict",
    weights={},
)
def _(torch, *, reduction):
    network, loss = torch.nn.Softmax(dim=1), torch.nn.CrossEntropyLoss(reduction=reduction)
    return loss, lambda logits, labels: loss(network(logits), labels)


@cross_entropy.tensorflow.naive(
    "keras.losses.SparseCategoricalCrossentropy",
    "fed logits without from_logits",
    when=dict(reduction="none"),
    because="from_logits is False by default: the logits are taken for probabilities, clipped to [0, 1]",
    source=KERAS_SPARSE_CE,
    fix="pass from_logits=True",
)
def _(tf, logits, labels):
    return tf.keras.losses.SparseCategoricalCrossentropy(reduction=None)(labels, logits)


@cross_entropy.tensorflow.naive(
    "keras.losses.SparseCategoricalCrossentropy",
    "computed in the default float32",
    when=dict(reduction="none"),
    size=(6.4e-09, 2.6e-07),
    because="a Keras loss casts its inputs to floatx, float32 by default, whatever their own dtype",
    source="https://www.tensorflow.org/api_docs/python/tf/keras/Loss",
    fix="pass dtype='float64', or call keras.config.set_floatx('float64')",
)
def _(tf, logits, labels):
    default = "float32"
    loss = tf.keras.losses.SparseCategoricalCrossentropy(True, reduction=None, dtype=default)(labels, logits)
    return tf.cast(loss, logits.dtype)


@cross_entropy.tensorflow.naive(
    "keras.losses.SparseCategoricalCrossentropy",
    "fed softmax of large logits",
    when=dict(std=3000),
    size=(0.31, 1.5),
    because="probabilities are clipped to [1e-7, 1 - 1e-7]: no loss exceeds 16.2, and confident errors get no gradient",
    source="keras/src/backend/tensorflow/nn.py of Keras 3.15.1: sparse_categorical_crossentropy",
    fix="pass the logits, with from_logits=True",
)
def _(tf, logits, labels):
    return tf.keras.losses.SparseCategoricalCrossentropy()(labels, tf.nn.softmax(logits))


@cross_entropy.tensorflow.naive(
    "tf.math.log",
    "of the softmax of large logits",
    when=dict(std=3000),
    kind="nonfinite",
    because="the logarithm's gradient divides by probabilities that are as good as zero, or are zero in short formats",
    source="measured with TensorFlow 2.21.0, Keras 3.15.1",
    fix="use tf.nn.log_softmax, or a loss that takes logits",
)
def _(tf, logits, labels, *, dtype):
    short = tf.nn.softmax(tf.cast(logits, tf.float32))
    return tf.cast(-tf.reduce_mean(tf.math.log(tf.gather(short, labels, batch_dims=1))), dtype)


@cross_entropy.torch.naive(
    "torch.nn.functional.cross_entropy",
    "mean for a sum",
    when=dict(reduction="sum"),
    size=(0.42, 1.8),
    because="reduction='mean' is the default; tf.nn.sparse_softmax_cross_entropy_with_logits does not reduce at all",
    source=TORCH_CE,
    fix="name the reduction",
)
def _(torch, logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels)


@cross_entropy.torch.naive(
    "torch.nn.functional.cross_entropy",
    "labels before logits",
    when=dict(reduction="mean"),
    raises="NotImplementedError: not implemented for 'Long'",
    because="PyTorch's losses take the prediction first, Keras's losses and tf.compat.v1.losses the labels first",
    source=TORCH_CE,
    fix="swap the arguments",
)
def _(torch, logits, labels):
    return torch.nn.functional.cross_entropy(labels, logits)


cross_entropy_of_scores = Case(
    "cross_entropy_of_scores",
    "Cross entropy of positive scores, which are divided by their sum to be probabilities.",
    sizes=dict(N=7, C=5),
    inputs=dict(scores=uniform("N C", 0.125, 1), labels=integers("N", 0, "C")),
    outputs=dict(loss="N"),
)


@cross_entropy_of_scores.reference
def _(np, scores, labels, *, C):
    return -np.log(np.sum(one_hot(np, labels, C) * scores, -1) / np.sum(scores, -1))


@cross_entropy_of_scores.torch("torch.nn.functional.nll_loss")
def _(torch, scores, labels):
    probabilities = scores / scores.sum(1, keepdim=True)
    return torch.nn.functional.nll_loss(torch.log(probabilities), labels, reduction="none")


@cross_entropy_of_scores.tensorflow("keras.losses.SparseCategoricalCrossentropy")
def _(tf, scores, labels, *, dtype):
    return tf.keras.losses.SparseCategoricalCrossentropy(reduction=None, dtype=dtype)(labels, scores)


@cross_entropy_of_scores.tensorflow("keras.losses.CategoricalCrossentropy")
def _(tf, scores, labels, *, C, dtype):
    targets = tf.one_hot(labels, C, dtype=scores.dtype)
    return tf.keras.losses.CategoricalCrossentropy(reduction=None, dtype=dtype)(targets, scores)


@cross_entropy_of_scores.torch.naive(
    "torch.nn.functional.nll_loss",
    "scores taken for probabilities",
    because="Keras divides the scores by their sum before it takes the logarithm, PyTorch takes them as they are",
    source="keras/src/backend/tensorflow/nn.py of Keras 3.15.1: categorical_crossentropy",
    fix="divide by scores.sum(1, keepdim=True)",
)
def _(torch, scores, labels):
    return torch.nn.functional.nll_loss(torch.log(scores), labels, reduction="none")


smoothed_cross_entropy = Case(
    "smoothed_cross_entropy",
    "Cross entropy with one-hot labels mixed with the uniform distribution over all classes.",
    sizes=dict(N=7, C=5),
    inputs=dict(logits=normal("N C"), labels=integers("N", 0, "C")),
    outputs=shape_of_loss("N"),
    parameters=dict(smoothing=0.125),
    variants=grid(reduction=["none", "mean", "sum"]) + grid(reduction=["mean"], smoothing=[1.0]),
)


@smoothed_cross_entropy.reference
def _(np, logits, labels, *, C, smoothing, reduction):
    targets = (1 - smoothing) * one_hot(np, labels, C) + smoothing / C
    return reduced(np.mean, np.sum, -np.sum(targets * log_softmax(np, logits), -1), reduction)


@smoothed_cross_entropy.torch("torch.nn.functional.cross_entropy")
def _(torch, logits, labels, *, smoothing, reduction):
    return torch.nn.functional.cross_entropy(logits, labels, reduction=reduction, label_smoothing=smoothing)


@smoothed_cross_entropy.torch.layer("torch.nn.CrossEntropyLoss", weights={})
def _(torch, *, smoothing, reduction):
    return torch.nn.CrossEntropyLoss(reduction=reduction, label_smoothing=smoothing)


@smoothed_cross_entropy.torch("torch.nn.functional.cross_entropy(target=probabilities)")
def _(torch, logits, labels, *, C, smoothing, reduction):
    targets = torch.nn.functional.one_hot(labels, C).to(logits.dtype) * (1 - smoothing) + smoothing / C
    return torch.nn.functional.cross_entropy(logits, targets, reduction=reduction)


@smoothed_cross_entropy.tensorflow("tf.nn.softmax_cross_entropy_with_logits")
def _(tf, logits, labels, *, C, smoothing, reduction):
    targets = tf.one_hot(labels, C, dtype=logits.dtype) * (1 - smoothing) + smoothing / C
    loss = tf.nn.softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    return reduced(tf.reduce_mean, tf.reduce_sum, loss, reduction)


@smoothed_cross_entropy.tensorflow("keras.losses.CategoricalCrossentropy")
def _(tf, logits, labels, *, C, smoothing, reduction, dtype):
    loss = tf.keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=smoothing, reduction=KERAS_REDUCTION[reduction], dtype=dtype
    )
    return loss(tf.one_hot(labels, C, dtype=dtype), logits)


@smoothed_cross_entropy.tensorflow("tf.compat.v1.losses.softmax_cross_entropy")
def _(tf, logits, labels, *, C, smoothing, reduction):
    names = dict(none="none", mean="weighted_mean", sum="weighted_sum")
    return tf.compat.v1.losses.softmax_cross_entropy(
        tf.one_hot(labels, C), logits, label_smoothing=smoothing, reduction=names[reduction]
    )


@smoothed_cross_entropy.tensorflow.naive(
    "tf.one_hot",
    "smoothing shared by the other classes",
    when=dict(smoothing=0.125),
    because="the share goes to all C classes, the right one included: off is smoothing / C, not smoothing / (C - 1)",
    source=TORCH_CE,
    fix="mix with the uniform distribution: (1 - smoothing) * one_hot + smoothing / C",
)
def _(tf, logits, labels, *, C, smoothing, reduction):
    targets = tf.one_hot(labels, C, 1 - smoothing, smoothing / (C - 1), dtype=logits.dtype)
    loss = tf.nn.softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    return reduced(tf.reduce_mean, tf.reduce_sum, loss, reduction)


@smoothed_cross_entropy.tensorflow.naive(
    "keras.losses.SparseCategoricalCrossentropy",
    "label_smoothing",
    when=dict(smoothing=0.125),
    raises="TypeError: unexpected keyword argument 'label_smoothing'",
    because="only the losses of one-hot labels can smooth them",
    source=KERAS_SPARSE_CE,
    fix="use keras.losses.CategoricalCrossentropy with tf.one_hot",
)
def _(tf, logits, labels, *, smoothing):
    return tf.keras.losses.SparseCategoricalCrossentropy(True, label_smoothing=smoothing)(labels, logits)


for case, api in (
    (cross_entropy, "tf.compat.v1.losses.sparse_softmax_cross_entropy"),
    (smoothed_cross_entropy, "tf.compat.v1.losses.softmax_cross_entropy"),
):
    case.deviation(
        api,
        quantities=["*"],
        within=5e-7,
        because="the losses are cast to float32 to be weighted and reduced, whatever their dtype",
        source=V1_LOSSES,
        dtypes=["float64"],
    )
