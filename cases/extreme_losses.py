"""Losses of NaN, infinities, large numbers and certain probabilities, with their gradients."""

import math

from _extremes import TENSORFLOW, TORCH, of_tables, wrong

from parity import Case, LeastScale, normal

NAN, INF = math.nan, math.inf
X = ((NAN, 0, 1, 2), (INF, 1, 0, -1), (-INF, 1, 0, 2), (1e4, -1e4, 0.5, 30), (0, 1, -1, 0.25), (2, 2, 2, 2))
T = ((0, 1, 1, 3), (0, 1, 2, 2), (0, 1, 2, 2), (1, 0, 1, -2), (0, 0.5, -2, 1), (1, NAN, 3, 2))
"""Predictions and targets; differences of 0, 0.5 and 1, the kinks of the losses, are among them."""

LOGITS = ((NAN, 0, 1, 2), (3e4, 3e4, -3e4, -3e4), (1e3, 1e3, -1e3, -1e3), (0, 0, 0.5, -0.5), (20, -20, 60, -60))
PROBABILITIES = ((1, 0, 1, 0), (1, 0, 1, 0), (0, 1, 0, 1), (0, 1, 0.5, 1), (1, 0, 0, 1))
CERTAIN = ((0.5, 0.25, 0.75, 0.0078125), (0.5, 0.5, 0.125, 0.875))
OF_CERTAIN = ((0, 1, 0.5, 1), (1, 1, 0, 0))


def loss(name, summary, formula, torch, tensorflow, first=X, second=T, **arguments):
    summary = f"{summary}, of numbers at the ends and at the kinks."
    return of_tables(
        f"extremes_of_{name}", summary, formula, torch, tensorflow, first, second, outputs="R C", **arguments
    )


def unreduced(api, **options):
    """A loss of PyTorch for each element."""

    def call(torch, x, target):
        return getattr(torch.nn.functional, api)(x, target, reduction="none", **options)

    return {f"torch.nn.functional.{api}": call}


def each(api, **options):
    """A loss of Keras for each element: of rows with one number."""

    def call(tf, x, target):
        function = getattr(tf.keras.losses, api)
        return function(reduction=None, dtype=x.dtype, **options)(target[..., None], x[..., None])

    return {f"keras.losses.{api}": call}


def huber_of(np, x, t, delta):
    size = np.abs(x - t)
    near = np.where(size <= delta, x - t, 0)
    return np.where(size <= delta, near * near / 2, delta * (size - delta / 2))


squared = loss(
    "mse_loss",
    "The squared error",
    lambda np, x, t: (x - t) * (x - t),
    unreduced("mse_loss"),
    {"tf.math.squared_difference": lambda tf, x, t: tf.math.squared_difference(x, t), **each("MeanSquaredError")},
)
absolute = loss(
    "l1_loss",
    "The absolute error",
    lambda np, x, t: np.abs(x - t),
    unreduced("l1_loss"),
    {"tf.abs": lambda tf, x, t: tf.abs(x - t), **each("MeanAbsoluteError")},
)
huber = loss(
    "huber_loss",
    "The Huber loss",
    lambda np, x, t: huber_of(np, x, t, 1.0),
    unreduced("huber_loss"),
    each("Huber"),
)
log_cosh = loss(
    "log_cosh",
    "The logarithm of the hyperbolic cosine of the error",
    lambda np, x, t: np.logaddexp(x - t, t - x) - np.log(2),
    {"torch.logaddexp": lambda torch, x, t: torch.logaddexp(x - t, t - x) - math.log(2)},
    each("LogCosh"),
    slopes=False,
)
with_logits = loss(
    "binary_cross_entropy_with_logits",
    "Binary cross entropy of logits",
    lambda np, x, t: np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))),
    unreduced("binary_cross_entropy_with_logits"),
    {
        "tf.nn.sigmoid_cross_entropy_with_logits": lambda tf, x, t: tf.nn.sigmoid_cross_entropy_with_logits(
            labels=t, logits=x
        ),
        **each("BinaryCrossentropy", from_logits=True),
    },
    LOGITS,
    PROBABILITIES,
    least_scale=LeastScale(20, ["output:y"], "PyTorch adds x and -x, rounded, where the answer is right and certain"),
)
of_probabilities = loss(
    "binary_cross_entropy",
    "Binary cross entropy of probabilities",
    lambda np, p, t: -(t * np.log(p) + (1 - t) * np.log(1 - p)),
    unreduced("binary_cross_entropy"),
    each("BinaryCrossentropy"),
    CERTAIN,
    OF_CERTAIN,
)
hinge = loss(
    "hinge",
    "The hinge loss",
    lambda np, x, t: np.maximum(1 - t * x, 0),
    {"torch.relu": lambda torch, x, t: torch.relu(1 - t * x)},
    each("Hinge"),
    ((NAN, INF, -INF, 0.25), (1, -1, 3, -2), (0, 0.5, 1e4, -1e4)),
    ((1, 1, 1, -1), (1, -1, -1, -1), (1, 1, -1, 1)),
    slopes=False,
)
kl_div = loss(
    "kl_div",
    "The Kullback-Leibler divergence of logarithms, zero where the target is",
    lambda np, x, t: np.where(t == 0, 0 * t, t * (np.log(np.where(t == 0, 1, t)) - x)),
    unreduced("kl_div"),
    {"tf.math.xlogy": lambda tf, x, t: tf.math.xlogy(t, t) - tf.math.multiply_no_nan(x, t)},
    ((-1, 0, -INF, -2), (-1e4, -0.5, NAN, 0)),
    ((0.5, 0, 0.25, 1), (0.25, 0, 0.5, 1)),
)
poisson = loss(
    "poisson_nll_loss",
    "exp(x) - t x",
    lambda np, x, t: np.exp(x) - t * x,
    {
        "torch.nn.functional.poisson_nll_loss": lambda torch, x, t: torch.nn.functional.poisson_nll_loss(
            x, t, reduction="none"
        )
    },
    {"tf.exp": lambda tf, x, t: tf.exp(x) - t * x},
    ((NAN, INF, -INF, 0), (1, 90, -1e4, 2)),
    ((1, 1, 2, 0), (3, 0, 1, 0.5)),
)


def log_softmax(np, x):
    shifted = x - np.stop_gradient(np.max(x, 1, keepdims=True))
    return shifted - np.log(np.sum(np.exp(shifted), 1, keepdims=True))


cross_entropy = of_tables(
    "extremes_of_cross_entropy",
    "Cross entropy with probabilities as targets, of logits with NaN and large numbers.",
    lambda np, x, t: -np.sum(t * log_softmax(np, x), 1),
    {
        "torch.nn.functional.cross_entropy": lambda torch, x, t: torch.nn.functional.cross_entropy(
            x, t, reduction="none"
        )
    },
    {"tf.nn.softmax_cross_entropy_with_logits": lambda tf, x, t: tf.nn.softmax_cross_entropy_with_logits(t, x)},
    ((1e3, 0, -1e3, 1), (2, 2, 2, 2), (NAN, 0, 1, 2), (0, 0, 20, -20), (1, 3, 2, -5), (5e3, 5e3, 0, -5e3)),
    ((1, 0, 0, 0), (0.25, 0.25, 0.25, 0.25), (0, 1, 0, 0), (0, 0, 1, 0), (0.5, 0.5, 0, 0), (1, 0, 0, 0)),
)
wrong(
    absolute, "torch.nn.functional.l1_loss", "grad:z", "the derivative at NaN is the sign of NaN, which is 0", TORCH, 2
)
wrong(
    log_cosh,
    "keras.losses.LogCosh",
    "output:y",
    "x + softplus(-2 x) - log(2) is the difference of two infinities at minus infinity",
    TENSORFLOW,
    float32=1,
    float16=1,
    bfloat16=1,
)
wrong(
    log_cosh,
    "keras.losses.LogCosh",
    "output:y",
    "log(2) is that of float32, and the difference of two infinities is NaN",
    TENSORFLOW,
    float64=21,
)
wrong(
    huber, "keras.losses.Huber", "grad:z", "the square of an infinite error has a gradient, which is NaN", TENSORFLOW, 2
)

of_zeros = Case(
    "cosine_similarity_of_zeros",
    "The cosine similarity of vectors and zeros: zero, with a gradient of zero.",
    sizes=dict(N=4, C=5),
    inputs=dict(x=normal("N C"), y=normal("N C", std=0, gradient=False)),
    outputs=dict(similarity="N"),
    dtypes=["float64", "float32", "bfloat16"],  # In float16 epsilon is zero in both frameworks, and the result NaN.
    unsigned_zeros="products with zero have the sign of the other number",
)


@of_zeros.reference
def _(np, x, y):
    return np.sum(x * y, 1)


@of_zeros.torch("torch.nn.functional.cosine_similarity")
def _(torch, x, y):
    return torch.nn.functional.cosine_similarity(x, y, dim=1)


@of_zeros.tensorflow("keras.losses.CosineSimilarity")
def _(tf, x, y):
    return -tf.keras.losses.CosineSimilarity(reduction=None, dtype=x.dtype)(y, x)


@of_zeros.tensorflow("tf.nn.l2_normalize")
def _(tf, x, y):
    return tf.reduce_sum(tf.nn.l2_normalize(x, 1) * tf.nn.l2_normalize(y, 1), 1)
