"""Faults in losses and softmax: reductions, axes, weights and labels that do not count."""

from typing import Any

from proof.fault import Shows, fault
from proof.tools import backward

SPARSE = (
    "tf.nn.sparse_softmax_cross_entropy_with_logits",
    "keras.losses.SparseCategoricalCrossentropy",
    "keras.losses.sparse_categorical_crossentropy",
)
CROSS_ENTROPY = ("torch.nn.functional.cross_entropy", "torch.nn.CrossEntropyLoss")
LOSS = ("output:loss", "grad:logits")
MEAN = dict(reduction="mean")


@fault(
    "torch-cross-entropy-sums",
    "wrong reduction",
    Shows("cross_entropy", CROSS_ENTROPY, LOSS, when=MEAN),
    torch="torch.nn.functional.cross_entropy",
)
def _(torch: Any, cross_entropy: Any, *arguments: Any, reduction: Any = "mean", **named: Any) -> Any:
    """reduction="mean" sums."""
    return cross_entropy(*arguments, reduction="sum" if reduction == "mean" else reduction, **named)


@fault(
    "torch-cross-entropy-mean-over-examples",
    "wrong reduction",
    Shows("weighted_cross_entropy", CROSS_ENTROPY[:1], LOSS, when=MEAN),
    torch="torch.nn.functional.cross_entropy",
)
def _(
    torch: Any,
    cross_entropy: Any,
    logits: Any,
    target: Any,
    weight: Any = None,
    *more: Any,
    reduction: Any = "mean",
    **named: Any,
) -> Any:
    """The weighted mean divides by the number of examples."""
    if reduction == "mean" and weight is not None:
        return cross_entropy(logits, target, weight, *more, reduction="none", **named).mean()
    return cross_entropy(logits, target, weight, *more, reduction=reduction, **named)


@fault(
    "torch-cross-entropy-smoothing-ignored",
    "wrong parameter",
    Shows(
        "smoothed_cross_entropy",
        CROSS_ENTROPY,
        LOSS,
        when=MEAN,
    ),
    torch="torch.nn.functional.cross_entropy",
)
def _(torch: Any, cross_entropy: Any, *arguments: Any, label_smoothing: Any = 0.0, **named: Any) -> Any:
    """label_smoothing is not heeded."""
    return cross_entropy(*arguments, **named)


@fault(
    "torch-cross-entropy-ignored-label-counts",
    "mask ignored",
    Shows(
        "ignored_labels",
        ("torch.nn.functional.cross_entropy(ignore_index)", "torch.nn.CrossEntropyLoss(ignore_index)"),
        LOSS,
    ),
    torch="torch.nn.functional.cross_entropy",
)
def _(torch: Any, cross_entropy: Any, *arguments: Any, ignore_index: Any = -100, **named: Any) -> Any:
    """ignore_index is not heeded."""
    return cross_entropy(*arguments, **named)


@fault(
    "keras-cross-entropy-ignored-label-counts",
    "mask ignored",
    Shows("ignored_labels", ("keras.losses.SparseCategoricalCrossentropy(ignore_class)",), LOSS, when=MEAN),
    tensorflow="keras.src.losses.losses.sparse_categorical_crossentropy",
)
def _(tf: Any, loss: Any, *arguments: Any, ignore_class: Any = None, **named: Any) -> Any:
    """ignore_class is not heeded."""
    return loss(*arguments, **named)


@fault(
    "torch-kl-div-mean-over-elements",
    "wrong reduction",
    Shows(
        "kl_divergence",
        ("torch.nn.functional.kl_div", "torch.nn.KLDivLoss(log_target)"),
        LOSS,
        when=dict(reduction="batchmean"),
    ),
    torch="torch.nn.functional.kl_div",
)
def _(torch: Any, kl_div: Any, *arguments: Any, reduction: Any = "mean", **named: Any) -> Any:
    """reduction="batchmean" divides by the number of elements."""
    return kl_div(*arguments, reduction="mean" if reduction == "batchmean" else reduction, **named)


@fault(
    "keras-huber-delta-ignored",
    "wrong parameter",
    Shows("huber", ("keras.losses.Huber",), ("output:loss", "grad:x"), when=dict(delta=0.25)),
    tensorflow="keras.src.losses.losses.huber",
)
def _(tf: Any, huber: Any, y_true: Any, y_pred: Any, delta: Any = 1.0) -> Any:
    """The delta is taken for 1."""
    return huber(y_true, y_pred)


@fault(
    "torch-positive-weight-on-the-negatives",
    "wrong axis",
    Shows(
        "positive_weight",
        ("torch.nn.functional.binary_cross_entropy_with_logits(pos_weight)",),
        LOSS,
    ),
    torch="torch.nn.functional.binary_cross_entropy_with_logits",
)
def _(torch: Any, loss: Any, logits: Any, target: Any, *more: Any, pos_weight: Any = None, **named: Any) -> Any:
    """pos_weight weighs the other class."""
    if pos_weight is not None:
        logits, target = -logits, 1 - target
    return loss(logits, target, *more, pos_weight=pos_weight, **named)


@fault(
    "torch-mse-loss-column",
    "wrong shape that broadcasts",
    Shows(
        "mean_squared_error",
        ("torch.nn.functional.mse_loss", "torch.nn.MSELoss"),
        ("output:loss",),
        when=MEAN,
    ),
    torch="torch.nn.functional.mse_loss",
)
def _(torch: Any, mse_loss: Any, *arguments: Any, reduction: Any = "mean", **named: Any) -> Any:
    """The mean keeps an axis of length one."""
    loss = mse_loss(*arguments, reduction=reduction, **named)
    return loss[None] if reduction == "mean" else loss


@fault(
    "keras-mean-squared-error-broadcasts",
    "wrong shape that broadcasts",
    Shows("mean_squared_error_of_column", ("keras.losses.MeanSquaredError",), ("output:*",)),
    tensorflow="keras.src.losses.losses.mean_squared_error",
)
def _(tf: Any, loss: Any, y_true: Any, y_pred: Any) -> Any:
    """A column of targets meets a row of predictions: every target meets every prediction."""
    return tf.reduce_mean(tf.math.squared_difference(tf.transpose(y_true), y_pred), -1)


@fault(
    "tensorflow-sparse-cross-entropy-gradient",
    "gradient scaled by 1 + 1e-4",
    Shows("cross_entropy", SPARSE, ("grad:logits",), may=()),
    tensorflow="tf.nn.sparse_softmax_cross_entropy_with_logits",
    reaches=("empty_cross_entropy",),
)
def _(tf: Any, loss: Any, labels: Any, logits: Any, **named: Any) -> Any:
    """The gradient is larger by a ten-thousandth; the results are right."""
    return loss(labels=labels, logits=backward(tf, logits, lambda gradient: gradient * (1 + 1e-4)), **named)


@fault(
    "torch-log-softmax-axis",
    "wrong axis",
    Shows(
        "log_softmax",
        ("torch.nn.functional.log_softmax", "torch.nn.LogSoftmax"),
        ("output:y", "grad:x"),
        when=dict(axis=1, mean=0),
    ),
    torch="torch.nn.functional.log_softmax",
    reaches=("cross_entropy",),
)
def _(torch: Any, log_softmax: Any, x: Any, dim: Any = None, *more: Any, **named: Any) -> Any:
    """The last axis is normalized whatever is asked for."""
    return log_softmax(x, -1, *more, **named)


@fault(
    "tensorflow-softmax-axis",
    "wrong axis",
    Shows(
        "softmax",
        ("tf.nn.softmax", "keras.activations.softmax", "keras.layers.Softmax"),
        ("output:y", "grad:x"),
        when=dict(axis=1, mean=0),
    ),
    tensorflow="tf.nn.softmax",
    reaches=("kl_divergence",),
)
def _(tf: Any, softmax: Any, logits: Any, axis: Any = None, name: Any = None) -> Any:
    """The last axis is normalized whatever is asked for."""
    return softmax(logits, -1, name)


@fault(
    "torch-softmax-overflows",
    "NaN hidden",
    Shows("softmax", ("torch.softmax",), ("output:y", "grad:x"), when=dict(mean=1000)),
    torch="torch.softmax",
)
def _(torch: Any, softmax: Any, x: Any, dim: Any, **named: Any) -> Any:
    """The largest number is not subtracted first, and the NaN that follow from it are replaced by zeros."""
    powers = torch.exp(x)
    return torch.nan_to_num(powers / powers.sum(dim, keepdim=True))


@fault(
    "torch-argmax-last-tie",
    "one wrong element",
    Shows("argmax_of_ties", ("torch.argmax",), ("output:index",), may=()),
    torch="torch.argmax",
)
def _(torch: Any, argmax: Any, x: Any, dim: Any = None, keepdim: Any = False) -> Any:
    """The last of equal elements is found instead of the first."""
    return x.shape[dim] - 1 - argmax(x.flip(dim), dim, keepdim)


@fault(
    "both-cross-entropy-halved",
    "both frameworks wrong in the same way",
    Shows(
        "cross_entropy",
        (*CROSS_ENTROPY, *SPARSE),
        LOSS,
        when=dict(std=1),
    ),
    torch="torch.nn.functional.cross_entropy",
    tensorflow="tf.nn.sparse_softmax_cross_entropy_with_logits",
    reaches=("empty_cross_entropy",),
)
def _(framework: Any, loss: Any, *arguments: Any, **named: Any) -> Any:
    """Both give the loss in units of two nats."""
    return loss(*arguments, **named) / 2
