"""Activations at the ends of each format, with their gradients."""

from _extremes import FLUSHED, TENSORFLOW, TORCH, unary, wrong

from parity import LeastScale

NO_NAN = "infinity zero"
"""Where the gradient of a piecewise function is compared: at NaN it belongs to any of the pieces."""

ZEROS = "zero is the larger one of 0.0 and -0.0, or the other"


def leaky(np, x):
    return np.where(x > 0, x, 0.25 * x)


relu = unary(
    "relu",
    lambda np, x: np.where(x == 0, 0 * x, np.where(x < 0, 0, x)),
    "torch.relu torch.nn.functional.relu",
    "tf.nn.relu keras.activations.relu",
    slopes=NO_NAN,
    unsigned_zeros=ZEROS,
    exact=True,
)
relu6 = unary(
    "relu6",
    lambda np, x: np.clip(x, 0, 6),
    "torch.nn.functional.relu6",
    "tf.nn.relu6 keras.activations.relu6",
    slopes=NO_NAN,
    unsigned_zeros=ZEROS,
    exact=True,
)
leaky_relu = unary(
    "leaky_relu",
    leaky,
    {"torch.nn.functional.leaky_relu": lambda torch, x: torch.nn.functional.leaky_relu(x, 0.25)},
    {"tf.nn.leaky_relu": lambda tf, x: tf.nn.leaky_relu(x, 0.25)},
)
sigmoid = unary(
    "sigmoid",
    lambda np, x: 0.5 + 0.5 * np.tanh(0.5 * x),
    "torch.sigmoid",
    "tf.sigmoid",
    least_scale=LeastScale(1, ["grad:z"], "the derivative is y (1 - y), with the rounded y"),
)
logsigmoid = unary(
    "logsigmoid", lambda np, x: -np.logaddexp(-x, 0), "torch.nn.functional.logsigmoid", "tf.math.log_sigmoid"
)
softplus = unary("softplus", lambda np, x: np.logaddexp(x, 0), "torch.nn.functional.softplus", "tf.nn.softplus")
elu = unary(
    "elu",
    lambda np, x: np.where(x < 0, np.expm1(np.where(x < 0, x, 0)), x),
    "torch.nn.functional.elu",
    {"tf.math.expm1": lambda tf, x: tf.where(x < 0, tf.math.expm1(tf.where(x < 0, x, tf.zeros_like(x))), x)},
    slopes=NO_NAN,
    least_scale=LeastScale(1, ["grad:z"], "the derivative is y + 1, with the rounded y"),
)
silu = unary("silu", lambda np, x: x / (1 + np.exp(-x)), "torch.nn.functional.silu", "tf.nn.silu")
mish = unary(
    "mish", lambda np, x: x * np.tanh(np.logaddexp(x, 0)), "torch.nn.functional.mish", "keras.activations.mish"
)
hard_sigmoid = unary(
    "hard_sigmoid",
    lambda np, x: np.clip(x / 6 + 0.5, 0, 1),
    "torch.nn.functional.hardsigmoid",
    "keras.activations.hard_sigmoid",
    slopes=NO_NAN,
)
hard_swish = unary(
    "hard_swish",
    lambda np, x: x * np.clip(x / 6 + 0.5, 0, 1),
    "torch.nn.functional.hardswish",
    "keras.activations.hard_silu",
    slopes="zero",
)
hardtanh = unary(
    "hardtanh",
    lambda np, x: np.clip(x, -1, 1),
    "torch.nn.functional.hardtanh",
    "keras.activations.hard_tanh",
    slopes=NO_NAN,
    unsigned_zeros=ZEROS,
    exact=True,
)
softsign = unary(
    "softsign", lambda np, x: x / (1 + np.abs(x)), "torch.nn.functional.softsign", "tf.nn.softsign", slopes="nan zero"
)
tanhshrink = unary(
    "tanhshrink", lambda np, x: x - np.tanh(x), "torch.nn.functional.tanhshrink", "keras.activations.tanh_shrink"
)
softshrink = unary(
    "softshrink",
    lambda np, x: np.where(np.abs(x) <= 0.5, 0, np.where(x < 0, x + 0.5, x - 0.5)),
    "torch.nn.functional.softshrink",
    "keras.activations.soft_shrink",
    slopes=NO_NAN,
    unsigned_zeros="a number between the bounds is replaced by a zero",
)
hardshrink = unary(
    "hardshrink",
    lambda np, x: np.where(np.abs(x) <= 0.5, 0, x),
    "torch.nn.functional.hardshrink",
    "keras.activations.hard_shrink",
    slopes=NO_NAN,
    unsigned_zeros="a number between the bounds is replaced by a zero",
)
clip = unary(
    "clip",
    lambda np, x: np.clip(x, -0.5, 0.75),
    {"torch.clamp": lambda torch, x: torch.clamp(x, -0.5, 0.75)},
    {
        "tf.clip_by_value": lambda tf, x: tf.clip_by_value(x, -0.5, 0.75),
        "keras.ops.clip": lambda tf, x: tf.keras.ops.clip(x, -0.5, 0.75),
    },
    slopes=NO_NAN,
    exact=True,
)
threshold = unary(
    "threshold",
    lambda np, x: np.where(x <= 0.25, 2.0, x),
    {"torch.nn.functional.threshold": lambda torch, x: torch.nn.functional.threshold(x, 0.25, 2.0)},
    {"tf.where": lambda tf, x: tf.where(x <= 0.25, tf.constant(2.0, x.dtype), x)},
    exact=True,
)

for api in ("tf.clip_by_value", "keras.ops.clip"):
    wrong(clip, api, "output:y", FLUSHED, TENSORFLOW, float64=4, float32=4, bfloat16=4)
for case, api in (
    (relu, "tf.nn.relu"),
    (relu, "keras.activations.relu"),
    (relu6, "tf.nn.relu6"),
    (relu6, "keras.activations.relu6"),
):
    wrong(case, api, "output:y", FLUSHED, TENSORFLOW, float64=2, float32=2, bfloat16=2)
wrong(hardtanh, "keras.activations.hard_tanh", "output:y", FLUSHED, TENSORFLOW, float64=4, float32=4, bfloat16=4)

for case, api in ((softshrink, "keras.activations.soft_shrink"), (hardshrink, "keras.activations.hard_shrink")):
    wrong(case, api, "output:y", "NaN is replaced by zero, as no comparison with it is true", TENSORFLOW, 2)

wrong(
    hard_swish,
    "torch.nn.functional.hardswish",
    "output:y",
    "x is multiplied by 6 before it is divided by 6, which overflows",
    TORCH,
    float64=1,
    float32=1,
    bfloat16=1,
)
for quantity, count in (("output:y", 3), ("output:w", 2)):
    because = "far above zero the result is 0.0, where the negative number that it is rounds to -0.0"
    wrong(logsigmoid, "torch.nn.functional.logsigmoid", quantity, because, TORCH, count)

hard_sigmoid.deviation(
    "torch.nn.functional.hardsigmoid",
    quantities=["grad:z"],
    within=1e-7,
    because="the gradient is multiplied by a sixth that is rounded to float32",
    source=TORCH,
    dtypes=["float64"],
    devices=["cpu"],
)
