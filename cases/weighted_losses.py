"""Cross entropy with a weight for each class, or a label that counts for nothing."""

from _losses import KERAS_REDUCTION, log_softmax, one_hot, reduced, shape_of_loss

from parity import Case, grid, integers, normal, uniform

TORCH_CE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html"

weighted_cross_entropy = Case(
    "weighted_cross_entropy",
    "Cross entropy with a weight for each class; the mean divides by the weights of the labels.",
    sizes=dict(N=7, C=5),
    inputs=dict(logits=normal("N C"), labels=integers("N", 0, "C"), class_weights=uniform("C", 0.5, 3, gradient=False)),
    outputs=shape_of_loss("N"),
    variants=grid(reduction=["none", "mean", "sum"]),
)


@weighted_cross_entropy.reference
def _(np, logits, labels, class_weights, *, C, reduction):
    weights = one_hot(np, labels, C) * class_weights
    loss = -np.sum(weights * log_softmax(np, logits), -1)
    return reduced(lambda total: np.sum(total) / np.sum(weights), np.sum, loss, reduction)


@weighted_cross_entropy.torch("torch.nn.functional.cross_entropy")
def _(torch, logits, labels, class_weights, *, reduction):
    return torch.nn.functional.cross_entropy(logits, labels, class_weights, reduction=reduction)


@weighted_cross_entropy.torch("torch.nn.functional.nll_loss")
def _(torch, logits, labels, class_weights, *, reduction):
    return torch.nn.functional.nll_loss(torch.log_softmax(logits, 1), labels, class_weights, reduction=reduction)


@weighted_cross_entropy.tensorflow("tf.nn.sparse_softmax_cross_entropy_with_logits")
def _(tf, logits, labels, class_weights, *, reduction):
    weights = tf.gather(class_weights, labels)
    loss = weights * tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return reduced(lambda total: tf.reduce_sum(total) / tf.reduce_sum(weights), tf.reduce_sum, loss, reduction)


@weighted_cross_entropy.tensorflow("keras.losses.SparseCategoricalCrossentropy")
def _(tf, logits, labels, class_weights, *, reduction, dtype):
    reduction = {**KERAS_REDUCTION, "mean": "mean_with_sample_weight"}[reduction]
    loss = tf.keras.losses.SparseCategoricalCrossentropy(True, reduction=reduction, dtype=dtype)
    return loss(labels, logits, sample_weight=tf.gather(class_weights, labels))


@weighted_cross_entropy.tensorflow.naive(
    "keras.losses.SparseCategoricalCrossentropy",
    "weighted mean over the batch",
    when=dict(reduction="mean"),
    because="the default reduction divides the weighted sum by the number of examples, PyTorch by their weights",
    source=TORCH_CE,
    fix="pass reduction='mean_with_sample_weight'",
)
def _(tf, logits, labels, class_weights):
    loss = tf.keras.losses.SparseCategoricalCrossentropy(True)
    return loss(labels, logits, sample_weight=tf.gather(class_weights, labels))


@weighted_cross_entropy.tensorflow.naive(
    "tf.compat.v1.losses.sparse_softmax_cross_entropy",
    "its default reduction",
    when=dict(reduction="mean"),
    because="SUM_BY_NONZERO_WEIGHTS divides by the number of weights that are not zero, PyTorch by their sum",
    source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/losses/Reduction",
    fix="pass reduction=tf.compat.v1.losses.Reduction.MEAN, which divides by the sum of the weights",
)
def _(tf, logits, labels, class_weights):
    return tf.compat.v1.losses.sparse_softmax_cross_entropy(labels, logits, tf.gather(class_weights, labels))


@weighted_cross_entropy.torch.naive(
    "torch.nn.functional.cross_entropy",
    "mean of weighted losses",
    when=dict(reduction="mean"),
    because="with class weights reduction='mean' is no mean over examples: it divides by the weights of the labels",
    source="https://github.com/pytorch/pytorch/issues/8062",
    fix="divide the sum by the sum of the weights, class_weights[labels].sum()",
)
def _(torch, logits, labels, class_weights):
    return torch.nn.functional.cross_entropy(logits, labels, class_weights, reduction="none").mean()


ignored_labels = Case(
    "ignored_labels",
    "Cross entropy in which one label counts for nothing; the mean divides by the number of the others.",
    sizes=dict(N=60, C=4),  # no label that counts for nothing once in 10^7
    inputs=dict(logits=normal("N C"), labels=integers("N", 0, "C")),
    outputs=lambda reduction: dict(loss="N" if reduction == "none" else ""),
    variants=grid(reduction=["none", "mean", "sum"]),
)


@ignored_labels.reference
def _(np, logits, labels, *, C, reduction):
    loss = np.where(labels == 0, 0, -np.sum(one_hot(np, labels, C) * log_softmax(np, logits), -1))
    return loss if reduction == "none" else np.sum(loss) / (np.sum(labels != 0) if reduction == "mean" else 1)


@ignored_labels.torch("torch.nn.functional.cross_entropy(ignore_index)")
def _(torch, logits, labels, *, reduction):
    return torch.nn.functional.cross_entropy(logits, labels, ignore_index=0, reduction=reduction)


@ignored_labels.torch.layer("torch.nn.CrossEntropyLoss(ignore_index)", weights={})
def _(torch, *, reduction):
    return torch.nn.CrossEntropyLoss(ignore_index=0, reduction=reduction)


@ignored_labels.tensorflow("tf.nn.sparse_softmax_cross_entropy_with_logits")
def _(tf, logits, labels, *, reduction):
    counts = tf.cast(labels != 0, logits.dtype)
    loss = counts * tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    if reduction == "none":
        return loss
    return tf.reduce_sum(loss) / (tf.reduce_sum(counts) if reduction == "mean" else 1)


@ignored_labels.tensorflow("tf.boolean_mask")
def _(tf, logits, labels, *, N, reduction):
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    counted = tf.boolean_mask(loss, labels != 0)
    if reduction == "none":
        return tf.scatter_nd(tf.where(labels != 0), counted, tf.constant([N], tf.int64))
    return tf.reduce_mean(counted) if reduction == "mean" else tf.reduce_sum(counted)


@ignored_labels.tensorflow("keras.losses.SparseCategoricalCrossentropy(ignore_class)")
def _(tf, logits, labels, *, reduction, dtype):
    reduction = dict(none=None, mean="sum_over_batch_size", sum="sum")[reduction]
    loss = tf.keras.losses.SparseCategoricalCrossentropy(True, ignore_class=0, reduction=reduction, dtype=dtype)
    return loss(labels, logits)


@ignored_labels.torch.naive(
    "torch.nn.functional.cross_entropy",
    "a padding label of 0 counted",
    because="only -100 is ignored by default: a padding label of 0 is a class like any other",
    source=TORCH_CE,
    fix="pass ignore_index=0",
)
def _(torch, logits, labels, *, reduction):
    return torch.nn.functional.cross_entropy(logits, labels, reduction=reduction)


@ignored_labels.tensorflow.naive(
    "tf.reduce_mean",
    "ignored labels counted in the mean",
    when=dict(reduction="mean"),
    because="PyTorch's mean divides by the number of labels that are not ignored, not by the batch size",
    source=TORCH_CE,
    fix="divide the sum by the number of labels that count",
)
def _(tf, logits, labels):
    counts = tf.cast(labels != 0, logits.dtype)
    return tf.reduce_mean(counts * tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
