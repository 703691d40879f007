"""Reductions, scans and normalizations of rows with NaN, infinities, zeros of both signs and ties."""

import math

from _extremes import SWEPT, TENSORFLOW, along, of_tables, wrong

from parity import Case, buffer, integers

NAN, INF = math.nan, math.inf
FINITE = ((1, 1, 1, 1, 1), (0, 0, 0, 0, 0), (3, 1, 3, 2, 1), (0, 3, -2, 0, 1), (-7, -7, 2, 2, 0))
INFINITE = (
    (INF, 1, 2, 3, 4),
    (1, 2, -INF, 3, 4),
    (INF, -INF, 1, 2, 3),
    (-INF, -INF, -INF, -INF, -INF),
    (INF, INF, INF, INF, INF),
)
WITH_NAN = (
    (2, NAN, 1, 3, -1),
    (NAN, NAN, NAN, NAN, NAN),
    (1, 2, 4, 3, NAN),
    (NAN, 1, 5, 3, 2),
    (INF, NAN, 1, 0, -INF),
)
ALL = FINITE + INFINITE + WITH_NAN


def rows(name, formula, torch, tensorflow, of=ALL, **arguments):
    summary = f"{name} of rows with NaN, infinities, zeros and ties, and of rows of nothing else."
    return of_tables(f"rows_of_{name}", summary, formula, torch, tensorflow, of, **arguments)


def running(np, step, x):
    """The results of applying a function of two numbers from left to right."""
    results = [x[:, 0]]
    for column in range(1, x.shape[1]):
        results.append(step(results[-1], x[:, column]))
    return np.stack(results, 1)


def weights_of(np, x):
    powers = np.exp(x - np.stop_gradient(np.max(x, 1, keepdims=True)))
    return powers / np.sum(powers, 1, keepdims=True)


sums = rows(
    "sum",
    lambda np, x: np.sum(x, 1),
    {"torch.sum": along("torch.sum", 1)},
    {"tf.reduce_sum": along("tf.reduce_sum", 1), "keras.ops.sum": along("keras.ops.sum", 1)},
)
mean = rows(
    "mean",
    lambda np, x: np.mean(x, 1),
    {"torch.mean": along("torch.mean", 1)},
    {"tf.reduce_mean": along("tf.reduce_mean", 1)},
)
prod = rows(
    "prod",
    lambda np, x: np.prod(x, 1),
    {"torch.prod": along("torch.prod", 1)},
    {"tf.reduce_prod": along("tf.reduce_prod", 1)},
)
largest = rows(
    "max",
    lambda np, x: np.max(x, 1),
    {"torch.amax": along("torch.amax", 1)},
    {"tf.reduce_max": along("tf.reduce_max", 1)},
)
smallest = rows(
    "min",
    lambda np, x: np.min(x, 1),
    {"torch.amin": along("torch.amin", 1)},
    {"tf.reduce_min": along("tf.reduce_min", 1)},
)
logsumexp = rows(
    "logsumexp",
    lambda np, x: np.log(np.sum(np.exp(x), 1)),
    {"torch.logsumexp": along("torch.logsumexp", 1)},
    {"tf.reduce_logsumexp": along("tf.reduce_logsumexp", 1), "keras.ops.logsumexp": along("keras.ops.logsumexp", 1)},
)
variance = rows(
    "var",
    lambda np, x: np.mean((x - np.mean(x, 1, keepdims=True)) ** 2, 1),
    {"torch.var(correction=0)": along("torch.var", dim=1, correction=0)},
    {"tf.math.reduce_variance": along("tf.math.reduce_variance", 1), "keras.ops.var": along("keras.ops.var", 1)},
    of=FINITE + WITH_NAN,
)
deviation = rows(
    "std",
    lambda np, x: np.sqrt(np.mean((x - np.mean(x, 1, keepdims=True)) ** 2, 1)),
    {"torch.std(correction=0)": along("torch.std", dim=1, correction=0)},
    {"tf.math.reduce_std": along("tf.math.reduce_std", 1), "keras.ops.std": along("keras.ops.std", 1)},
    slopes=False,
)
norm = rows(
    "norm",
    lambda np, x: np.sqrt(np.sum(x * x, 1)),
    {"torch.linalg.vector_norm": along("torch.linalg.vector_norm", dim=1)},
    {"tf.norm": along("tf.norm", axis=1), "keras.ops.norm": along("keras.ops.norm", axis=1)},
    slopes=False,
)
argmax = rows(
    "argmax",
    lambda np, x: np.argmax(x, 1),
    {"torch.argmax": along("torch.argmax", 1), "torch.max": lambda torch, x: torch.max(x, 1)[1]},
    {"tf.argmax": along("tf.argmax", 1)},
    slopes=False,
)
argmin = rows(
    "argmin",
    lambda np, x: np.argmin(x, 1),
    {"torch.argmin": along("torch.argmin", 1)},
    {"tf.argmin": along("tf.argmin", 1)},
    slopes=False,
)
every = rows(
    "all",
    lambda np, x: np.all(x != 0, 1),
    {"torch.all": along("torch.all", 1)},
    {"keras.ops.all": along("keras.ops.all", 1)},
    slopes=False,
)
some = rows(
    "any",
    lambda np, x: np.any(x != 0, 1),
    {"torch.any": along("torch.any", 1)},
    {"keras.ops.any": along("keras.ops.any", 1)},
    slopes=False,
)
count_nonzero = rows(
    "count_nonzero",
    lambda np, x: np.count_nonzero(x, 1),
    {"torch.count_nonzero": along("torch.count_nonzero", 1)},
    {"tf.math.count_nonzero": along("tf.math.count_nonzero", 1)},
    slopes=False,
)
cumsum = rows(
    "cumsum",
    lambda np, x: np.cumsum(x, 1),
    {"torch.cumsum": along("torch.cumsum", 1)},
    {"tf.cumsum": along("tf.cumsum", 1), "keras.ops.cumsum": along("keras.ops.cumsum", 1)},
    outputs="R C",
)
cumprod = rows(
    "cumprod",
    lambda np, x: np.cumprod(x, 1),
    {"torch.cumprod": along("torch.cumprod", 1)},
    {"tf.math.cumprod": along("tf.math.cumprod", 1)},
    outputs="R C",
    slopes=False,
)
cummax = rows(
    "cummax",
    lambda np, x: running(np, np.maximum, x),
    {"torch.cummax": lambda torch, x: torch.cummax(x, 1)[0]},
    {"tf.scan": lambda tf, x: tf.transpose(tf.scan(tf.maximum, tf.transpose(x)))},
    outputs="R C",
    slopes=False,
)
cummin = rows(
    "cummin",
    lambda np, x: running(np, np.minimum, x),
    {"torch.cummin": lambda torch, x: torch.cummin(x, 1)[0]},
    {"tf.scan": lambda tf, x: tf.transpose(tf.scan(tf.minimum, tf.transpose(x)))},
    outputs="R C",
    slopes=False,
)
logcumsumexp = rows(
    "logcumsumexp",
    lambda np, x: running(np, np.logaddexp, x),
    {"torch.logcumsumexp": along("torch.logcumsumexp", 1)},
    {"tf.math.cumulative_logsumexp": along("tf.math.cumulative_logsumexp", 1)},
    outputs="R C",
    slopes=False,
)
softmax = rows(
    "softmax",
    weights_of,
    {"torch.softmax": along("torch.softmax", 1)},
    {"tf.nn.softmax": along("tf.nn.softmax")},
    outputs="R C",
)
log_softmax = rows(
    "log_softmax",
    lambda np, x: np.log(weights_of(np, x)),
    {"torch.log_softmax": along("torch.log_softmax", 1)},
    {"tf.nn.log_softmax": along("tf.nn.log_softmax")},
    outputs="R C",
    slopes=False,
)
in_order = rows(
    "sort",
    lambda np, x: np.sort(x, 1),
    {"torch.sort": lambda torch, x: torch.sort(x, 1)[0]},
    {"keras.ops.sort": along("keras.ops.sort", 1)},
    outputs="R C",
    slopes=False,
)
layer_norm = rows(
    "layer_norm",
    lambda np, x: (
        (x - np.mean(x, 1, keepdims=True))
        / np.sqrt(np.mean((x - np.mean(x, 1, keepdims=True)) ** 2, 1, keepdims=True) + 1e-5)
    ),
    {"torch.nn.functional.layer_norm": lambda torch, x: torch.nn.functional.layer_norm(x, (5,))},
    {"keras.ops.layer_normalization": lambda tf, x: tf.keras.ops.layer_normalization(x, epsilon=1e-5)},
    outputs="R C",
)
normalized = rows(
    "normalize",
    lambda np, x: x / np.maximum(np.sqrt(np.sum(x * x, 1, keepdims=True)), 1e-6),
    {"torch.nn.functional.normalize": lambda torch, x: torch.nn.functional.normalize(x, dim=1, eps=1e-6)},
    {"tf.nn.l2_normalize": lambda tf, x: tf.nn.l2_normalize(x, 1, epsilon=1e-12)},
    outputs="R C",
    slopes=False,
)
max_pool = rows(
    "max_pool",
    lambda np, x: np.maximum(x[:, 1:], x[:, :-1]),
    {"torch.nn.functional.max_pool1d": lambda torch, x: torch.nn.functional.max_pool1d(x[:, None], 2, 1)[:, 0]},
    {"tf.nn.max_pool1d": lambda tf, x: tf.nn.max_pool1d(x[..., None], 2, 1, "VALID")[..., 0]},
    outputs="R P",
    slopes=False,
)
avg_pool = rows(
    "avg_pool",
    lambda np, x: (x[:, 1:] + x[:, :-1]) / 2,
    {"torch.nn.functional.avg_pool1d": lambda torch, x: torch.nn.functional.avg_pool1d(x[:, None], 2, 1)[:, 0]},
    {"tf.nn.avg_pool1d": lambda tf, x: tf.nn.avg_pool1d(x[..., None], 2, 1, "VALID")[..., 0]},
    outputs="R P",
)

two_largest = Case(
    "two_largest_of_ties",
    "The two largest numbers of each row of whole numbers with ties, and their places: the first ones of the ties.",
    sizes=dict(N=40, C=6, K=2),
    inputs=dict(x=integers("N C", -1, 3, dtype="int32")),
    outputs=dict(values=buffer("N K"), places=buffer("N K", dtype="int32")),
    eager_only=SWEPT,
)


@two_largest.reference
def _(np, x):
    places = np.argsort(-x, 1, kind="stable")[:, :2]
    return np.take_along_axis(x, places, 1), places.astype(np.int32)


@two_largest.torch("torch.sort(stable, descending)")
def _(torch, x):
    values, places = torch.sort(x, dim=1, descending=True, stable=True)
    return values[:, :2], places[:, :2].to(torch.int32)


@two_largest.tensorflow("tf.math.top_k")
def _(tf, x):
    return tuple(tf.math.top_k(x, 2))


@two_largest.tensorflow("tf.argsort(stable)")
def _(tf, x):
    places = tf.argsort(x, axis=1, direction="DESCENDING", stable=True)[:, :2]
    return tf.gather(x, places, axis=1, batch_dims=1), places


for case, api in ((argmax, "tf.argmax"), (argmin, "tf.argmin")):
    wrong(case, api, "output:y", "it passes NaN over; PyTorch and NumPy give the place of the first NaN", TENSORFLOW, 4)

wrong(
    logcumsumexp,
    "tf.math.cumulative_logsumexp",
    "output:y",
    "NaN is taken for the largest number so far, or dropped; two infinities are subtracted",
    "https://github.com/tensorflow/tensorflow/issues/111383",
    19,
)
wrong(
    softmax,
    "tf.nn.softmax",
    "output:y",
    "oneDNN's softmax gives zeros where the sum of the exponentials is NaN",
    TENSORFLOW,
    kernels=["onednn"],
    float32=23,
    bfloat16=23,
)
wrong(
    in_order,
    "keras.ops.sort",
    "output:y",
    "comparisons with NaN are false: NaN and what is beside it are not in order",
    TENSORFLOW,
    7,
)
wrong(
    normalized,
    "tf.nn.l2_normalize",
    "output:y",
    "epsilon, 1e-12, is zero in float16, and zeros times an infinite factor are NaN",
    TENSORFLOW,
    float16=5,
)
PASSED_OVER = "NaN is passed over, and the maximum is sought from the lowest finite number on"
wrong(max_pool, "tf.nn.max_pool1d", "output:y", PASSED_OVER, TENSORFLOW, float64=14, float32=14, float16=14)
wrong(max_pool, "tf.nn.max_pool1d", "output:y", PASSED_OVER, TENSORFLOW, kernels=["eigen"], bfloat16=14)
wrong(
    max_pool,
    "tf.nn.max_pool1d",
    "output:y",
    "NaN is passed over, by oneDNN as well, which takes minus infinity for a maximum",
    TENSORFLOW,
    kernels=["onednn"],
    bfloat16=10,
)
