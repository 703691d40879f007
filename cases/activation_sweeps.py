"""Activations of every number there is in a 16-bit format."""

from math import erfc

from _sweeps import DENORMAL, FINITE, TENSORFLOW, TORCH, deviation, elementwise, sweep

from parity import LeastScale

tanh = sweep(
    "tanh",
    "The hyperbolic tangent.",
    lambda np, x: np.tanh(x),
    {"torch.tanh": lambda torch, x: torch.tanh(x)},
    {"tf.tanh": lambda tf, x: tf.tanh(x)},
    between=(-16, 16),
)

sigmoid = sweep(
    "sigmoid",
    "The logistic function.",
    lambda np, x: 1 / (1 + np.exp(-x)),
    {"torch.sigmoid": lambda torch, x: torch.sigmoid(x)},
    {"tf.sigmoid": lambda tf, x: tf.sigmoid(x)},
    between=(-16, 16),
    least_scale=LeastScale(1, ["grad:x"], "the derivative is y (1 - y), with the rounded y"),
)

logsigmoid = sweep(
    "logsigmoid",
    "The logarithm of the logistic function.",
    lambda np, x: -np.logaddexp(-x, 0),
    {"torch.nn.functional.logsigmoid": lambda torch, x: torch.nn.functional.logsigmoid(x)},
    {"tf.math.log_sigmoid": lambda tf, x: tf.math.log_sigmoid(x)},
    between=(-16, 16),
)

softplus = sweep(
    "softplus",
    "Smooth ReLU: log(1 + exp(x)).",
    lambda np, x: np.logaddexp(x, 0),
    {"torch.nn.functional.softplus": lambda torch, x: torch.nn.functional.softplus(x)},
    {"tf.nn.softplus": lambda tf, x: tf.nn.softplus(x)},
    between=(-16, 16),
)

relu = sweep(
    "relu",
    "ReLU keeps the sign of zero; its derivative there is zero.",
    lambda np, x: np.where(x == 0, 0 * x, np.where(x < 0, 0, x)),
    {"torch.relu": lambda torch, x: torch.relu(x)},
    {"tf.nn.relu": lambda tf, x: tf.nn.relu(x)},
    between=FINITE,
    exact=True,
)

relu6 = sweep(
    "relu6",
    "ReLU that does not go beyond 6.",
    lambda np, x: np.clip(x, 0, 6),
    {"torch.nn.functional.relu6": lambda torch, x: torch.nn.functional.relu6(x)},
    {"tf.nn.relu6": lambda tf, x: tf.nn.relu6(x)},
    between=FINITE,
    exact=True,
)

leaky_relu = sweep(
    "leaky_relu",
    "ReLU with a slope of 0.2 for negative numbers.",
    lambda np, x: np.where(x > 0, x, 0.2 * x),
    {"torch.nn.functional.leaky_relu": lambda torch, x: torch.nn.functional.leaky_relu(x, 0.2)},
    {"tf.nn.leaky_relu": lambda tf, x: tf.nn.leaky_relu(x, 0.2)},
    between=FINITE,
)

elu = sweep(
    "elu",
    "ReLU with exp(x) - 1 for negative numbers.",
    lambda np, x: np.where(x < 0, np.expm1(x), x),
    {"torch.nn.functional.elu": lambda torch, x: torch.nn.functional.elu(x)},
    {"tf.math.expm1": lambda tf, x: tf.where(x < 0, tf.math.expm1(tf.where(x < 0, x, tf.zeros_like(x))), x)},
    between=(-8, 8),
    least_scale=LeastScale(1, ["grad:x"], "the derivative is y + 1, with the rounded y"),
)

SELU = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717

selu = sweep(
    "selu",
    "ELU with the two constants that keep mean 0 and variance 1.",
    lambda np, x: SELU[0] * np.where(x < 0, SELU[1] * np.expm1(x), x),
    {"torch.nn.functional.selu": lambda torch, x: torch.nn.functional.selu(x)},
    {
        "tf.math.expm1": lambda tf, x: (
            SELU[0] * tf.where(x < 0, SELU[1] * tf.math.expm1(tf.where(x < 0, x, tf.zeros_like(x))), x)
        ),
    },
)

silu = sweep(
    "silu",
    "x times its logistic function.",
    lambda np, x: x / (1 + np.exp(-x)),
    {"torch.nn.functional.silu": lambda torch, x: torch.nn.functional.silu(x)},
    {"tf.nn.silu": lambda tf, x: tf.nn.silu(x)},
    between=(-8, 8),
    least_scale=LeastScale(4, ["grad:x"], "TensorFlow's derivative multiplies x by a rounded 1 - sigmoid(x)"),
)

mish = sweep(
    "mish",
    "x times the hyperbolic tangent of its softplus.",
    lambda np, x: x * np.tanh(np.logaddexp(x, 0)),
    {"torch.nn.functional.mish": lambda torch, x: torch.nn.functional.mish(x)},
    {"keras.activations.mish": lambda tf, x: tf.keras.activations.mish(x)},
    between=(-8, 8),
)

gelu = sweep(
    "gelu",
    "x times the normal distribution function.",
    lambda np, x: x * elementwise(erfc)(-x / np.sqrt(2)) / 2,
    {"torch.nn.functional.gelu": lambda torch, x: torch.nn.functional.gelu(x)},
    {"tf.nn.gelu": lambda tf, x: tf.nn.gelu(x)},
    least_scale=LeastScale(
        1e-5, ["output:y"], "PyTorch rounds 1 + erf(...) in float32: below -5.4 the result is 0 too early", ["bfloat16"]
    ),
)

gelu_tanh = sweep(
    "gelu_tanh",
    "The approximation of GELU by a hyperbolic tangent.",
    lambda np, x: x / (1 + np.exp(-2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    {"torch.nn.functional.gelu": lambda torch, x: torch.nn.functional.gelu(x, approximate="tanh")},
    {"tf.nn.gelu": lambda tf, x: tf.nn.gelu(x, approximate=True)},
    least_scale=LeastScale(
        1e-5, ["output:y"], "PyTorch rounds 1 + tanh(...) in float32: below -5 the result is 0 too early", ["bfloat16"]
    ),
)

hard_sigmoid = sweep(
    "hard_sigmoid",
    "x / 6 + 1 / 2 between 0 and 1.",
    lambda np, x: np.clip(x / 6 + 0.5, 0, 1),
    {"torch.nn.functional.hardsigmoid": lambda torch, x: torch.nn.functional.hardsigmoid(x)},
    {"keras.activations.hard_sigmoid": lambda tf, x: tf.keras.activations.hard_sigmoid(x)},
    between=(-2.9, 2.9),
)

hard_swish = sweep(
    "hard_swish",
    "x times its hard sigmoid.",
    lambda np, x: x * np.clip(x / 6 + 0.5, 0, 1),
    {"torch.nn.functional.hardswish": lambda torch, x: torch.nn.functional.hardswish(x)},
    {"keras.activations.hard_silu": lambda tf, x: tf.keras.activations.hard_silu(x)},
    between=(-2.9, 2.9),
)

softsign = sweep(
    "softsign",
    "x / (1 + |x|).",
    lambda np, x: x / (1 + np.abs(x)),
    {"torch.nn.functional.softsign": lambda torch, x: torch.nn.functional.softsign(x)},
    {"tf.nn.softsign": lambda tf, x: tf.nn.softsign(x)},
    between=(-8, 8),
)


@elu.tensorflow.naive(
    "tf.nn.elu",
    "exp(x) - 1 near zero",
    because="in float16 exp(x) is rounded before 1 is subtracted: above -0.0002 the result is 0 instead of x",
    source=TENSORFLOW,
    fix="use tf.math.expm1 for negative numbers",
)
def _(tf, x):
    return tf.nn.elu(x)


@selu.tensorflow.naive(
    "tf.nn.selu",
    "exp(x) - 1 near zero",
    because="in float16 exp(x) is rounded before 1 is subtracted: above -0.0002 the result is 0 instead of 1.758 x",
    source=TENSORFLOW,
    fix="use tf.math.expm1 for negative numbers",
)
def _(tf, x):
    return tf.nn.selu(x)


for case, api, quantity, count in (
    (relu, "tf.nn.relu", "*", 254),
    (relu6, "tf.nn.relu6", "*", 254),
    (leaky_relu, "tf.nn.leaky_relu", "grad:x", 127),
    (selu, "tf.math.expm1", "output:y", 70),
):
    deviation(case, api, {"bfloat16": count}, DENORMAL, TENSORFLOW, quantity)

mish.deviation(
    "keras.activations.mish",
    quantities=["output:y"],
    elements=2,
    because=DENORMAL,
    source=TENSORFLOW,
    when=dict(differentiated=True),
    dtypes=["bfloat16"],
    devices=["cpu"],
)

for case, api, elements, because in (
    (silu, "torch.nn.functional.silu", dict(bfloat16=10), "1 + exp(-x) overflows float32 below -88: the result is 0"),
    (
        hard_swish,
        "torch.nn.functional.hardswish",
        dict(bfloat16=350),
        "x is multiplied by 6 before it is divided by 6, which overflows float32 above 5.6e37",
    ),
    (
        logsigmoid,
        "torch.nn.functional.logsigmoid",
        dict(float16=9700, bfloat16=15600),
        "above 103 the result is 0.0, where the negative number that it is rounds to -0.0",
    ),
):
    deviation(case, api, elements, because, TORCH)

deviation(
    gelu,
    "torch.nn.functional.gelu",
    dict(bfloat16=140),
    "x is multiplied before it is halved: above 1.7e38 the result is infinite, that of infinity NaN",
    TORCH,
    kernels=["avx512"],
)

for case, api, elements, because in (
    (silu, "tf.nn.silu", dict(float16=320, bfloat16=15), "sigmoid(x) is rounded to a denormal number, or to zero"),
    (
        mish,
        "keras.activations.mish",
        dict(float16=320, bfloat16=15),
        "softplus(x) is rounded to a denormal number, or to zero",
    ),
    (
        gelu_tanh,
        "tf.nn.gelu",
        dict(float16=850, bfloat16=130),
        "1 + tanh(...) cancels, rounded to 16 bits: below -3.6 in float16, -3.1 in bfloat16, the result is 0",
    ),
):
    deviation(case, api, elements, because, TENSORFLOW)
