"""Elementary functions of every number there is in a 16-bit format."""

from math import erf

from _sweeps import DENORMAL, FINITE, TENSORFLOW, deviation, elementwise, sweep

from parity import LeastScale

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
    between=(0.5, 256),
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

for case, api, quantity, count in (
    (log, "tf.math.log", "output:y", 254),
    (sqrt, "tf.sqrt", "output:y", 254),
    (rsqrt, "tf.math.rsqrt", "output:y", 254),
    (reciprocal, "tf.math.reciprocal", "output:y", 190),
    (square, "tf.square", "grad:x", 254),
    (cos, "tf.cos", "grad:x", 254),
    (error_function, "tf.math.erf", "output:y", 30),
    (absolute, "tf.abs", "grad:x", 254),
    (sign, "tf.sign", "output:y", 254),
    (floor, "tf.floor", "output:y", 127),
    (ceil, "tf.math.ceil", "output:y", 127),
):
    deviation(case, api, {"bfloat16": count}, DENORMAL, TENSORFLOW, quantity)

for api in ("torch.sign", "torch.sgn"):
    because = "the sign of NaN is 0"
    source = "https://github.com/pytorch/pytorch/issues/41245"
    deviation(sign, api, dict(float16=2046, bfloat16=254), because, source)

deviation(
    error_function,
    "torch.erf",
    dict(float16=60, bfloat16=28000),
    "the vector kernel of 16-bit formats has an absolute error of 1.5e-7: no digit is right below that",
    "https://github.com/pytorch/pytorch/issues/198183",
    kernels=["avx512", "avx2"],
)
