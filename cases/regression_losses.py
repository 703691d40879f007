"""Losses of numbers: squared error, absolute error and the Huber loss."""

from _losses import KERAS_REDUCTION, reduced, shape_of_loss

from parity import Case, grid, normal

KERAS_REDUCES = "keras/src/losses/losses.py of Keras 3.15.1: mean_squared_error"
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
    size=(0.33, 1.4),
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
    size=(0.24, 1.1),
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
    kind="dtype",
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
    source="https://github.com/pytorch/pytorch/issues/19699",
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
    size=(1.4, 6.1),
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
