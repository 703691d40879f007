"""Elementary functions at the ends of each format, with their gradients."""

from _extremes import FLUSHED, TENSORFLOW, TORCH, unary, wrong

from parity import LeastScale

exp = unary("exp", lambda np, x: np.exp(x), "torch.exp", "tf.exp keras.ops.exp")
exp2 = unary("exp2", lambda np, x: np.exp2(x), "torch.exp2", "keras.ops.exp2")
expm1 = unary(
    "expm1",
    lambda np, x: np.expm1(x),
    "torch.expm1",
    "tf.math.expm1",
    least_scale=LeastScale(1, ["grad:z"], "PyTorch's derivative is 1 + y, with the rounded y"),
)
log = unary("log", lambda np, x: np.log(x), "torch.log", "tf.math.log")
log2 = unary("log2", lambda np, x: np.log2(x), "torch.log2", "keras.ops.log2")
log10 = unary("log10", lambda np, x: np.log10(x), "torch.log10", "keras.ops.log10", slopes="nan infinity zero limit")
log1p = unary("log1p", lambda np, x: np.log1p(x), "torch.log1p", "tf.math.log1p")
sqrt = unary("sqrt", lambda np, x: np.sqrt(x), "torch.sqrt", "tf.sqrt")
rsqrt = unary("rsqrt", lambda np, x: 1 / np.sqrt(x), "torch.rsqrt", "tf.math.rsqrt")
reciprocal = unary("reciprocal", lambda np, x: 1 / x, "torch.reciprocal", "tf.math.reciprocal")
square = unary("square", lambda np, x: x * x, "torch.square", "tf.square")
negative = unary("negative", lambda np, x: -x, "torch.neg", "tf.negative", exact=True)
absolute = unary("abs", lambda np, x: np.abs(x), "torch.abs", "tf.abs", exact=True)
sin = unary("sin", lambda np, x: np.sin(x), "torch.sin", "tf.sin")
cos = unary("cos", lambda np, x: np.cos(x), "torch.cos", "tf.cos")
tan = unary("tan", lambda np, x: np.tan(x), "torch.tan", "tf.tan")
asin = unary("asin", lambda np, x: np.arcsin(x), "torch.asin", "tf.asin")
acos = unary("acos", lambda np, x: np.arccos(x), "torch.acos", "tf.acos")
atan = unary("atan", lambda np, x: np.arctan(x), "torch.atan", "tf.atan")
sinh = unary("sinh", lambda np, x: np.sinh(x), "torch.sinh", "tf.sinh")
cosh = unary("cosh", lambda np, x: np.cosh(x), "torch.cosh", "tf.cosh")
tanh = unary("tanh", lambda np, x: np.tanh(x), "torch.tanh", "tf.tanh")
asinh = unary("asinh", lambda np, x: np.arcsinh(x), "torch.asinh", "tf.asinh", slopes="nan infinity zero limit")
acosh = unary("acosh", lambda np, x: np.arccosh(x), "torch.acosh", "tf.acosh", slopes="")
atanh = unary("atanh", lambda np, x: np.arctanh(x), "torch.atanh", "tf.atanh")

sign = unary("sign", lambda np, x: np.sign(x), "torch.sign torch.sgn", "tf.sign", slopes="", exact=True)
floor = unary("floor", lambda np, x: np.floor(x), "torch.floor", "tf.floor", slopes="", exact=True)
ceil = unary("ceil", lambda np, x: np.ceil(x), "torch.ceil", "tf.math.ceil", slopes="", exact=True)
rounded = unary("round", lambda np, x: np.rint(x), "torch.round", "tf.round", slopes="", exact=True)
trunc = unary("trunc", lambda np, x: np.trunc(x), "torch.trunc", "keras.ops.trunc", slopes="", exact=True)
isnan = unary("isnan", lambda np, x: np.isnan(x), "torch.isnan", "tf.math.is_nan", slopes="")
isinf = unary("isinf", lambda np, x: np.isinf(x), "torch.isinf", "tf.math.is_inf", slopes="")
isfinite = unary("isfinite", lambda np, x: np.isfinite(x), "torch.isfinite", "tf.math.is_finite", slopes="")
signbit = unary("signbit", lambda np, x: np.signbit(x), "torch.signbit", "keras.ops.signbit", slopes="")
nan_to_num = unary(
    "nan_to_num",
    lambda np, x: np.nan_to_num(x, nan=0.5, posinf=2.0, neginf=-3.0),
    {"torch.nan_to_num": lambda torch, x: torch.nan_to_num(x, 0.5, 2.0, -3.0)},
    {"keras.ops.nan_to_num": lambda tf, x: tf.keras.ops.nan_to_num(x, 0.5, 2.0, -3.0)},
    slopes="",
    exact=True,
)

for case, api, count in (
    (log, "tf.math.log", 4),
    (log2, "keras.ops.log2", 4),
    (log10, "keras.ops.log10", 4),
    (sqrt, "tf.sqrt", 4),
    (rsqrt, "tf.math.rsqrt", 4),
    (reciprocal, "tf.math.reciprocal", 2),
    (sign, "tf.sign", 4),
    (floor, "tf.floor", 2),
    (ceil, "tf.math.ceil", 2),
):
    wrong(case, api, "output:y", FLUSHED, TENSORFLOW, float64=count, float32=count, bfloat16=count)

for api in ("torch.sign", "torch.sgn"):
    wrong(sign, api, "output:y", "the sign of NaN is 0", "https://github.com/pytorch/pytorch/issues/41245", 2)

wrong(absolute, "torch.abs", "grad:z", "the derivative at NaN is the sign of NaN, which is 0", TORCH, 2)

for case, api in ((log10, "torch.log10"), (asinh, "torch.asinh")):
    because = "the derivative's denominator, computed in float16, overflows at the largest numbers: the gradient is 0"
    wrong(case, api, "grad:z", because, TORCH, float16=2)
