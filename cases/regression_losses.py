"""Losses of numbers, distributions and directions: squared and absolute error, Huber, Kullback-Leibler, cosine."""

from _losses import KERAS_REDUCTION, log_softmax, reduced, shape_of_loss

from parity import Case, grid, normal, uniform

KERAS_REDUCES = "https://github.com/keras-team/keras/blob/master/keras/src/losses/losses.py"
TORCH_MSE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html"
TORCH_KL = "https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html"
TORCH_SMOOTH_L1 = "https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html"
V1_REDUCTION = dict(none="none", mean="weighted_mean", sum="weighted_sum")


def elementwise_loss(name, summary, **arguments):
    return Case(
        name,
        summary,
        sizes=dict(N=5, C=3),
        inputs=dict(x=normal("N C"), target=normal("N C")),
        outputs=shape_of_loss("N C"),
        **{"variants": grid(reduction=["none", "mean", "sum"]), **arguments},
    )


def passes_float32(case, api):
    case.deviation(
        api,
        quantities=["*"],
        within=5e-7,
        because="predictions and labels are cast to float32, whatever their dtype, and so is the result",
        source="tensorflow/python/ops/losses/losses_impl.py of TensorFlow",
        dtypes=["float64"],
    )


mean_squared_error = elementwise_loss("mean_squared_error", "The squared difference of prediction and target.")


@mean_squared_error.reference
def _(np, x, target, *, reduction):
    return reduced(np.mean, np.sum, (x - target) ** 2, reduction)


@mean_squared_error.torch("torch.nn.functional.mse_loss")
def _(torch, x, target, *, reduction):
    return torch.nn.functional.mse_loss(x, target, reduction=reduction)


@mean_squared_error.torch.layer("torch.nn.MSELoss", weights={})
def _(torch, *, reduction):
    return torch.nn.MSELoss(reduction=reduction)


@mean_squared_error.tensorflow("tf.math.squared_difference")
def _(tf, x, target, *, reduction):
    return reduced(tf.reduce_mean, tf.reduce_sum, tf.math.squared_difference(x, target), reduction)


@mean_squared_error.tensorflow("tf.compat.v1.losses.mean_squared_error")
def _(tf, x, target, *, reduction):
    loss = tf.compat.v1.losses.mean_squared_error(target, x, reduction=V1_REDUCTION[reduction])
    return tf.cast(loss, x.dtype)


passes_float32(mean_squared_error, "tf.compat.v1.losses.mean_squared_error")


@mean_squared_error.tensorflow("keras.losses.MeanSquaredError")
def _(tf, x, target, *, reduction, dtype):
    loss = tf.keras.losses.MeanSquaredError(reduction=KERAS_REDUCTION[reduction], dtype=dtype)
    return loss(target[..., None], x[..., None])


@mean_squared_error.tensorflow.naive(
    "keras.losses.MeanSquaredError",
    "sum of means",
    when=dict(reduction="sum"),
    because="Keras averages over the last axis before it sums, PyTorch sums over all elements",
    source=KERAS_REDUCES,
    fix="add an axis of length one, or multiply by the length of the last axis",
)
def _(tf, x, target):
    return tf.keras.losses.MeanSquaredError(reduction="sum")(target, x)


@mean_squared_error.torch.naive(
    "torch.nn.functional.mse_loss",
    "sum for tf.nn.l2_loss",
    when=dict(reduction="sum"),
    because="tf.nn.l2_loss, which this port takes it for, is half the sum of squares, and the other way round",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/l2_loss",
    fix="halve the sum only where the TensorFlow code calls tf.nn.l2_loss",
)
def _(torch, x, target):
    return 0.5 * torch.nn.functional.mse_loss(x, target, reduction="sum")


@mean_squared_error.tensorflow.naive(
    "tf.compat.v1.losses.mean_squared_error",
    "its float32 result",
    when=dict(reduction="mean"),
    because="tf.compat.v1.losses of numbers cast to float32 and return float32, for float64 and float16 alike",
    source="tensorflow/python/ops/losses/losses_impl.py of TensorFlow",
    fix="compute it from tf.math.squared_difference",
)
def _(tf, x, target):
    return tf.compat.v1.losses.mean_squared_error(target, x)


mean_squared_error_of_column = Case(
    "mean_squared_error_of_column",
    "The mean squared error of a network with one output, a column, and a vector of targets.",
    sizes=dict(N=5),
    inputs=dict(x=normal("N"), target=normal("N")),
    outputs=dict(loss=""),
)


@mean_squared_error_of_column.reference
def _(np, x, target):
    return np.mean((x - target) ** 2)


@mean_squared_error_of_column.torch("torch.nn.functional.mse_loss", x="N 1")
def _(torch, x, target):
    return torch.nn.functional.mse_loss(x.squeeze(1), target)


@mean_squared_error_of_column.tensorflow("keras.losses.MeanSquaredError", x="N 1")
def _(tf, x, target, *, dtype):
    return tf.keras.losses.MeanSquaredError(dtype=dtype)(target, x)


@mean_squared_error_of_column.torch.naive(
    "torch.nn.functional.mse_loss",
    "column against vector",
    because="(N, 1) and (N,) broadcast to N x N differences; Keras squeezes the prediction",
    source="https://github.com/pytorch/pytorch/issues/10148",
    fix="squeeze the prediction; PyTorch only warns",
    x="N 1",
)
def _(torch, x, target):
    return torch.nn.functional.mse_loss(x, target)


@mean_squared_error_of_column.tensorflow.naive(
    "tf.math.squared_difference",
    "column against vector",
    because="(N, 1) and (N,) broadcast to N x N differences, without a warning",
    source="https://www.tensorflow.org/api_docs/python/tf/math/squared_difference",
    fix="squeeze the prediction, or use keras.losses.MeanSquaredError",
    x="N 1",
)
def _(tf, x, target):
    return tf.reduce_mean(tf.math.squared_difference(x, target))


mean_absolute_error = elementwise_loss("mean_absolute_error", "The absolute difference of prediction and target.")


@mean_absolute_error.reference
def _(np, x, target, *, reduction):
    return reduced(np.mean, np.sum, np.abs(x - target), reduction)


@mean_absolute_error.torch("torch.nn.functional.l1_loss")
def _(torch, x, target, *, reduction):
    return torch.nn.functional.l1_loss(x, target, reduction=reduction)


@mean_absolute_error.torch.layer("torch.nn.L1Loss", weights={})
def _(torch, *, reduction):
    return torch.nn.L1Loss(reduction=reduction)


@mean_absolute_error.tensorflow("tf.abs")
def _(tf, x, target, *, reduction):
    return reduced(tf.reduce_mean, tf.reduce_sum, tf.abs(x - target), reduction)


@mean_absolute_error.tensorflow("tf.compat.v1.losses.absolute_difference")
def _(tf, x, target, *, reduction):
    loss = tf.compat.v1.losses.absolute_difference(target, x, reduction=V1_REDUCTION[reduction])
    return tf.cast(loss, x.dtype)


passes_float32(mean_absolute_error, "tf.compat.v1.losses.absolute_difference")


@mean_absolute_error.tensorflow("keras.losses.MeanAbsoluteError")
def _(tf, x, target, *, reduction, dtype):
    loss = tf.keras.losses.MeanAbsoluteError(reduction=KERAS_REDUCTION[reduction], dtype=dtype)
    return loss(target[..., None], x[..., None])


huber = elementwise_loss(
    "huber",
    "Half the squared difference up to delta, and from there on the tangent of slope delta.",
    variants=grid(delta=[1.0, 0.25], reduction=["none", "mean", "sum"]),
)


@huber.reference
def _(np, x, target, *, delta, reduction):
    error = np.abs(x - target)
    return reduced(np.mean, np.sum, np.where(error < delta, error**2 / 2, delta * (error - delta / 2)), reduction)


@huber.torch("torch.nn.functional.huber_loss")
def _(torch, x, target, *, delta, reduction):
    return torch.nn.functional.huber_loss(x, target, reduction=reduction, delta=delta)


@huber.torch.layer("torch.nn.HuberLoss", weights={})
def _(torch, *, delta, reduction):
    return torch.nn.HuberLoss(reduction=reduction, delta=delta)


@huber.torch("torch.nn.functional.smooth_l1_loss")
def _(torch, x, target, *, delta, reduction):
    return delta * torch.nn.functional.smooth_l1_loss(x, target, reduction=reduction, beta=delta)


@huber.tensorflow("keras.losses.Huber")
def _(tf, x, target, *, delta, reduction, dtype):
    loss = tf.keras.losses.Huber(delta, reduction=KERAS_REDUCTION[reduction], dtype=dtype)
    return loss(target[..., None], x[..., None])


@huber.tensorflow("tf.compat.v1.losses.huber_loss")
def _(tf, x, target, *, delta, reduction):
    loss = tf.compat.v1.losses.huber_loss(target, x, delta=delta, reduction=V1_REDUCTION[reduction])
    return tf.cast(loss, x.dtype)


passes_float32(huber, "tf.compat.v1.losses.huber_loss")


@huber.torch.naive(
    "torch.nn.SmoothL1Loss",
    "beta for delta",
    when=dict(delta=0.25),
    because="the smooth L1 loss is the Huber loss divided by beta: its tangents have slope 1",
    source=TORCH_SMOOTH_L1,
    fix="use torch.nn.HuberLoss(delta=...), or multiply by beta",
    weights={},
)
def _(torch, *, delta, reduction):
    return torch.nn.SmoothL1Loss(reduction=reduction, beta=delta)


@huber.tensorflow.naive(
    "keras.losses.Huber",
    "the default delta",
    when=dict(delta=0.25, reduction="mean"),
    because="delta is 1 unless it is given",
    source="https://keras.io/api/losses/regression_losses/#huber-class",
    fix="pass delta",
)
def _(tf, x, target):
    return tf.keras.losses.Huber()(target, x)


kl_divergence = Case(
    "kl_divergence",
    "The Kullback-Leibler divergence of a distribution Q from the target P: the sum of p log(p / q).",
    sizes=dict(N=5, C=4),
    inputs=dict(logits=normal("N C"), target_logits=normal("N C")),
    outputs=lambda reduction: dict(loss="N" if reduction == "none" else ""),
    variants=grid(reduction=["none", "batchmean", "sum"]),
)


@kl_divergence.reference
def _(np, logits, target_logits, *, reduction):
    log_q, log_p = log_softmax(np, logits), log_softmax(np, target_logits)
    loss = np.sum(np.exp(log_p) * (log_p - log_q), 1)
    return loss if reduction == "none" else np.mean(loss) if reduction == "batchmean" else np.sum(loss)


@kl_divergence.torch("torch.nn.functional.kl_div")
def _(torch, logits, target_logits, *, reduction):
    log_q, p = torch.log_softmax(logits, 1), torch.softmax(target_logits, 1)
    loss = torch.nn.functional.kl_div(log_q, p, reduction=reduction)
    return loss.sum(dim=1) if reduction == "none" else loss


@kl_divergence.torch("torch.nn.KLDivLoss(log_target)")
def _(torch, logits, target_logits, *, reduction):
    log_q, log_p = torch.log_softmax(logits, 1), torch.log_softmax(target_logits, 1)
    loss = torch.nn.KLDivLoss(reduction=reduction, log_target=True)(log_q, log_p)
    return loss.sum(dim=1) if reduction == "none" else loss


@kl_divergence.tensorflow("keras.losses.KLDivergence")
def _(tf, logits, target_logits, *, reduction, dtype):
    reduction = dict(none=None, batchmean="sum_over_batch_size", sum="sum")[reduction]
    return tf.keras.losses.KLDivergence(reduction=reduction, dtype=dtype)(
        tf.nn.softmax(target_logits), tf.nn.softmax(logits)
    )


@kl_divergence.tensorflow("tf.nn.log_softmax")
def _(tf, logits, target_logits, *, reduction):
    log_q, log_p = tf.nn.log_softmax(logits), tf.nn.log_softmax(target_logits)
    loss = tf.reduce_sum(tf.exp(log_p) * (log_p - log_q), 1)
    return dict(none=tf.identity, batchmean=tf.reduce_mean, sum=tf.reduce_sum)[reduction](loss)


@kl_divergence.torch.naive(
    "torch.nn.functional.kl_div",
    "target first",
    when=dict(reduction="batchmean"),
    because="keras.losses.KLDivergence takes the target first, PyTorch the logarithm of the prediction first",
    source=TORCH_KL,
    fix="pass log Q as the first argument and P as the second",
)
def _(torch, logits, target_logits, *, reduction):
    log_p, q = torch.log_softmax(target_logits, 1), torch.softmax(logits, 1)
    return torch.nn.functional.kl_div(log_p, q, reduction=reduction)


@kl_divergence.torch.naive(
    "torch.nn.functional.kl_div",
    "probabilities for log probabilities",
    when=dict(reduction="batchmean"),
    because="the first argument is the logarithm of Q, whereas Keras takes probabilities",
    source=TORCH_KL,
    fix="pass torch.log_softmax of the logits",
)
def _(torch, logits, target_logits, *, reduction):
    q, p = torch.softmax(logits, 1), torch.softmax(target_logits, 1)
    return torch.nn.functional.kl_div(q, p, reduction=reduction)


@kl_divergence.torch.naive(
    "torch.nn.KLDivLoss",
    "its default mean",
    when=dict(reduction="batchmean"),
    because="reduction='mean' divides by the number of elements, classes included: no divergence of distributions",
    source=TORCH_KL,
    fix="pass reduction='batchmean'",
)
def _(torch, logits, target_logits):
    return torch.nn.KLDivLoss()(torch.log_softmax(logits, 1), torch.softmax(target_logits, 1))


cosine_similarity = Case(
    "cosine_similarity",
    "The cosine of the angle between the rows of x and y.",
    sizes=dict(N=5, C=4),
    inputs=dict(x=uniform("N C", 0.5, 2), y=normal("N C")),
    outputs=dict(cosine="N"),
)


@cosine_similarity.reference
def _(np, x, y):
    return np.sum(x * y, 1) / np.sqrt(np.sum(x * x, 1) * np.sum(y * y, 1))


@cosine_similarity.torch("torch.nn.functional.cosine_similarity")
def _(torch, x, y):
    return torch.nn.functional.cosine_similarity(x, y)


@cosine_similarity.torch.layer("torch.nn.CosineSimilarity", weights={})
def _(torch):
    return torch.nn.CosineSimilarity(dim=1)


@cosine_similarity.tensorflow("tf.nn.l2_normalize")
def _(tf, x, y):
    return tf.reduce_sum(tf.nn.l2_normalize(x, 1) * tf.nn.l2_normalize(y, 1), 1)


@cosine_similarity.tensorflow("keras.losses.CosineSimilarity")
def _(tf, x, y, *, dtype):
    return -tf.keras.losses.CosineSimilarity(reduction=None, dtype=dtype)(x, y)


@cosine_similarity.tensorflow.naive(
    "keras.losses.CosineSimilarity",
    "its sign",
    because="the Keras loss is minus the cosine, so that minimising it aligns the vectors",
    source="https://keras.io/api/losses/regression_losses/#cosinesimilarity-class",
    fix="negate it",
)
def _(tf, x, y, *, dtype):
    return tf.keras.losses.CosineSimilarity(reduction=None, dtype=dtype)(x, y)


@cosine_similarity.tensorflow.naive(
    "tf.compat.v1.losses.cosine_distance",
    "vectors of any length",
    because="it takes vectors of length one for granted, and gives 1 minus their inner product",
    source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/losses/cosine_distance",
    fix="normalise both vectors with tf.nn.l2_normalize first",
)
def _(tf, x, y):
    distance = tf.compat.v1.losses.cosine_distance(x, y, axis=1, reduction="none")
    return 1 - tf.squeeze(distance, 1)
