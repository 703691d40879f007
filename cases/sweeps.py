"""Functions of one number, of every number there is in a 16-bit format."""

from math import erf, erfc

import numpy

from parity import Case, LeastScale, buffer, every, grid

TORCH = "measured with torch 2.13.0"
TENSORFLOW = "measured with TensorFlow 2.21.0, Keras 3.15.1"

FINITE = (-65504, 65504)
"""The numbers of float16; in bfloat16 the bounds are 65536."""


def sweep(name, summary, formula, torch, tensorflow, *, between=None, **arguments):
    """A case of a function at all 65,536 bit patterns, and of its derivative ``between`` two numbers.

    ``torch`` and ``tensorflow`` hold functions of the framework and the tensor by their API paths.
    """

    def inputs(differentiated):
        return dict(x=every("N", *between) if differentiated else every("N", gradient=False))

    case = Case(
        f"every_{name}",
        summary,
        sizes=dict(N=2**16),
        inputs=inputs,
        outputs=lambda differentiated: dict(y="N" if differentiated else buffer("N")),
        variants=grid(differentiated=[False, True] if between else [False]),
        dtypes=["float16", "bfloat16"],
        pooled=False,
        **arguments,
    )
    case.reference(lambda np, x: formula(np, x))
    for framework, functions in ((case.torch, torch), (case.tensorflow, tensorflow)):
        for api, function in functions.items():
            declare(framework, api, function)
    return case


def declare(framework, api, function):
    framework(api)(lambda library, x: function(library, x))


def elementwise(function):
    """A function of a Python number, for formulas that are not differentiated."""
    return numpy.vectorize(function, otypes=[float])


exp = sweep(
    "exp",
    "The exponential function.",
    lambda np, x: np.exp(x),
    {"torch.exp": lambda torch, x: torch.exp(x)},
    {"tf.exp": lambda tf, x: tf.exp(x)},
    between=(-12, 8),
)

expm1 = sweep(
    "expm1",
    "exp(x) - 1 without the loss of digits near zero.",
    lambda np, x: np.expm1(x),
    {"torch.expm1": lambda torch, x: torch.expm1(x)},
    {"tf.math.expm1": lambda tf, x: tf.math.expm1(x)},
    between=(-12, 8),
    least_scale=LeastScale(1, ["grad:x"], "PyTorch's derivative is 1 + y, with the rounded y"),
)

log = sweep(
    "log",
    "The natural logarithm.",
    lambda np, x: np.log(x),
    {"torch.log": lambda torch, x: torch.log(x)},
    {"tf.math.log": lambda tf, x: tf.math.log(x)},
    between=(0.001, 65504),
)

log1p = sweep(
    "log1p",
    "log(1 + x) without the loss of digits near zero.",
    lambda np, x: np.log1p(x),
    {"torch.log1p": lambda torch, x: torch.log1p(x)},
    {"tf.math.log1p": lambda tf, x: tf.math.log1p(x)},
    between=(-0.5, 65504),
)

sqrt = sweep(
    "sqrt",
    "The square root.",
    lambda np, x: np.sqrt(x),
    {"torch.sqrt": lambda torch, x: torch.sqrt(x)},
    {"tf.sqrt": lambda tf, x: tf.sqrt(x)},
    between=(0.001, 65504),
)

rsqrt = sweep(
    "rsqrt",
    "One over the square root.",
    lambda np, x: 1 / np.sqrt(x),
    {"torch.rsqrt": lambda torch, x: torch.rsqrt(x)},
    {"tf.math.rsqrt": lambda tf, x: tf.math.rsqrt(x)},
    between=(0.02, 65504),
)

reciprocal = sweep(
    "reciprocal",
    "One over x.",
    lambda np, x: 1 / x,
    {"torch.reciprocal": lambda torch, x: torch.reciprocal(x)},
    {"tf.math.reciprocal": lambda tf, x: tf.math.reciprocal(x)},
    between=(0.02, 65504),
)

square = sweep(
    "square",
    "The square.",
    lambda np, x: x * x,
    {"torch.square": lambda torch, x: torch.square(x)},
    {"tf.square": lambda tf, x: tf.square(x)},
    between=(-6000, 6000),
)

sin = sweep(
    "sin",
    "The sine, of large numbers, too.",
    lambda np, x: np.sin(x),
    {"torch.sin": lambda torch, x: torch.sin(x)},
    {"tf.sin": lambda tf, x: tf.sin(x)},
    between=FINITE,
)

cos = sweep(
    "cos",
    "The cosine, of large numbers, too.",
    lambda np, x: np.cos(x),
    {"torch.cos": lambda torch, x: torch.cos(x)},
    {"tf.cos": lambda tf, x: tf.cos(x)},
    between=FINITE,
)

error_function = sweep(
    "erf",
    "The error function.",
    lambda np, x: elementwise(erf)(x),
    {"torch.erf": lambda torch, x: torch.erf(x)},
    {"tf.math.erf": lambda tf, x: tf.math.erf(x)},
)

absolute = sweep(
    "abs",
    "The magnitude; its derivative at zero is zero.",
    lambda np, x: np.abs(x),
    {"torch.abs": lambda torch, x: torch.abs(x)},
    {"tf.abs": lambda tf, x: tf.abs(x)},
    between=FINITE,
    exact=True,
)

sign = sweep(
    "sign",
    "The sign: -1, 0 or 1.",
    lambda np, x: np.sign(x),
    {"torch.sign": lambda torch, x: torch.sign(x), "torch.sgn": lambda torch, x: torch.sgn(x)},
    {"tf.sign": lambda tf, x: tf.sign(x)},
    exact=True,
)

floor = sweep(
    "floor",
    "The next whole number below.",
    lambda np, x: np.floor(x),
    {"torch.floor": lambda torch, x: torch.floor(x)},
    {"tf.floor": lambda tf, x: tf.floor(x)},
    exact=True,
)

ceil = sweep(
    "ceil",
    "The next whole number above.",
    lambda np, x: np.ceil(x),
    {"torch.ceil": lambda torch, x: torch.ceil(x)},
    {"tf.math.ceil": lambda tf, x: tf.math.ceil(x)},
    exact=True,
)

tanh = sweep(
    "tanh",
    "The hyperbolic tangent.",
    lambda np, x: np.tanh(x),
    {"torch.tanh": lambda torch, x: torch.tanh(x)},
    {"tf.tanh": lambda tf, x: tf.tanh(x)},
    between=(-16, 16),
    least_scale=LeastScale(6, ["grad:x"], "the derivative is 1 - y**2, with the rounded y"),
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
)

gelu_tanh = sweep(
    "gelu_tanh",
    "The approximation of GELU by a hyperbolic tangent.",
    lambda np, x: x / (1 + np.exp(-2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    {"torch.nn.functional.gelu": lambda torch, x: torch.nn.functional.gelu(x, approximate="tanh")},
    {"tf.nn.gelu": lambda tf, x: tf.nn.gelu(x, approximate=True)},
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

# What goes wrong ------------------------------------------------------------------------------------------------------

DENORMAL = "denormal numbers, as inputs or on the way, are taken for zero; float16 ones are not, being normal float32 numbers"

for case, api, quantity, elements in (
    (log, "tf.math.log", "output:y", 254),
    (sqrt, "tf.sqrt", "output:y", 254),
    (rsqrt, "tf.math.rsqrt", "output:y", 254),
    (reciprocal, "tf.math.reciprocal", "output:y", 0),
    (square, "tf.square", "grad:x", 0),
    (cos, "tf.cos", "grad:x", 0),
    (error_function, "tf.math.erf", "output:y", 0),
    (absolute, "tf.abs", "grad:x", 0),
    (sign, "tf.sign", "output:y", 254),
    (floor, "tf.floor", "output:y", 127),
    (ceil, "tf.math.ceil", "output:y", 127),
    (relu, "tf.nn.relu", "*", 0),
    (relu6, "tf.nn.relu6", "*", 0),
    (leaky_relu, "tf.nn.leaky_relu", "grad:x", 0),
):
    case.deviation(
        api,
        quantities=[quantity],
        elements=elements,
        because=DENORMAL,
        source=TENSORFLOW,
        dtypes=["bfloat16"],
        devices=["cpu"],
    )

for case, api, elements in (
    (error_function, "torch.erf", 0),
    (gelu, "torch.nn.functional.gelu", 0),
    (gelu_tanh, "torch.nn.functional.gelu", 0),
    (gelu_tanh, "tf.nn.gelu", 0),
    (silu, "torch.nn.functional.silu", 0),
    (silu, "tf.nn.silu", 0),
    (mish, "keras.activations.mish", 0),
    (logsigmoid, "torch.nn.functional.logsigmoid", 0),
    (hard_swish, "torch.nn.functional.hardswish", 0),
    (selu, "tf.math.expm1", 0),
    (sign,"torch.sign",0),
): 
    case.deviation(api,quantities=["output:y"],elements=elements,because="b",source=TORCH)
