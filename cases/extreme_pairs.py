"""Functions of two numbers at every pair of the ends of a format."""

from _extremes import NORMAL, SWEPT, TENSORFLOW, TORCH, binary, wrong

from parity import Case, buffer, special

ZEROS = "of 0.0 and -0.0 either is the larger one"
OF_REMAINDER = "a remainder of zero has the sign of either number"

add = binary("add", lambda np, a, b: a + b, "torch.add", "tf.add")
subtract = binary("subtract", lambda np, a, b: a - b, "torch.sub", "tf.subtract")
multiply = binary("multiply", lambda np, a, b: a * b, "torch.mul", "tf.multiply")
divide = binary("divide", lambda np, a, b: a / b, "torch.div", "tf.divide")
maximum = binary(
    "maximum", lambda np, a, b: np.maximum(a, b), "torch.maximum", "tf.maximum", slopes="", unsigned_zeros=ZEROS
)
minimum = binary(
    "minimum", lambda np, a, b: np.minimum(a, b), "torch.minimum", "tf.minimum", slopes="", unsigned_zeros=ZEROS
)
power = binary("power", lambda np, a, b: np.power(a, b), "torch.pow", "tf.pow", slopes="")
remainder = binary(
    "remainder",
    lambda np, a, b: np.mod(a, b),
    "torch.remainder",
    "tf.math.floormod",
    slopes="",
    unsigned_zeros=OF_REMAINDER,
    dtypes=["float32", "float16", "bfloat16"],
)
fmod = binary(
    "fmod",
    lambda np, a, b: np.fmod(a, b),
    "torch.fmod",
    "tf.truncatemod",
    slopes="",
    unsigned_zeros=OF_REMAINDER,
    dtypes=["float32"],
)
floor_divide = binary(
    "floor_divide",
    lambda np, a, b: np.floor_divide(a, b),
    "torch.floor_divide",
    "tf.math.floordiv",
    kinds="nan zero",
    slopes="",
)
atan2 = binary("atan2", lambda np, a, b: np.arctan2(a, b), "torch.atan2", "tf.atan2", slopes="infinity nan")
hypot = binary("hypot", lambda np, a, b: np.hypot(a, b), "torch.hypot", "keras.ops.hypot", slopes="")
logaddexp = binary(
    "logaddexp", lambda np, a, b: np.logaddexp(a, b), "torch.logaddexp", "keras.ops.logaddexp", slopes=""
)
squared_difference = binary(
    "squared_difference",
    lambda np, a, b: (a - b) ** 2,
    {"torch.square": lambda torch, a, b: torch.square(a - b)},
    "tf.math.squared_difference",
    slopes="",
)
equal = binary("equal", lambda np, a, b: a == b, "torch.eq", "tf.equal", slopes="")
not_equal = binary("not_equal", lambda np, a, b: a != b, "torch.ne", "tf.not_equal", slopes="")
less = binary("less", lambda np, a, b: a < b, "torch.lt", "tf.less", slopes="")
less_equal = binary("less_equal", lambda np, a, b: a <= b, "torch.le", "tf.less_equal", slopes="")
heaviside = binary(
    "heaviside", lambda np, a, b: np.heaviside(a, b), "torch.heaviside", "keras.ops.heaviside", slopes=""
)
isclose = binary("isclose", lambda np, a, b: np.isclose(a, b), "torch.isclose", "keras.ops.isclose", slopes="")

clip = Case(
    "extremes_of_clip_bounds",
    "Every pair of a number and a lower bound, with an upper bound of 2, which an infinite lower one does not exceed.",
    sizes=dict(A=11, B=12),
    inputs=dict(x=special("A", NORMAL, gradient=False), low=special("B", "nan infinity zero", gradient=False)),
    outputs=dict(y=buffer("A B")),
    exact=True,
    unsigned_zeros=ZEROS,
    eager_only=SWEPT,
)


@clip.reference
def _(np, x, low):
    return np.minimum(np.maximum(x[:, None], low[None]), 2)


@clip.torch("torch.clamp")
def _(torch, x, low):
    return torch.clamp(x[:, None], low[None], torch.full_like(low, 2))


@clip.tensorflow("tf.minimum + tf.maximum")
def _(tf, x, low):
    return tf.minimum(tf.maximum(x[:, None], low[None]), tf.constant(2.0, x.dtype))


wrong(
    hypot,
    "keras.ops.hypot",
    "output:pairs",
    "the smaller number is divided by the larger one: of two infinities, or infinity and NaN, the result is NaN",
    TENSORFLOW,
    8,
)
wrong(heaviside, "torch.heaviside", "output:pairs", "the step at NaN is 0", TORCH, 12)
wrong(heaviside, "keras.ops.heaviside", "output:pairs", "the step at NaN is that at zero", TENSORFLOW, 11)
wrong(
    isclose,
    "keras.ops.isclose",
    "output:pairs",
    "a share of infinity is infinite, so infinity is close to every other number; not to itself: the difference is NaN",
    TENSORFLOW,
    20,
)
