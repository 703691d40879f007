"""Gradients where their usual formula divides by zero, or is that of another function."""

from itertools import product

from parity import Case, LeastScale, grid, integers, normal, uniform

TENSORFLOW = "measured with TensorFlow 2.21.0, Keras 3.15.1"
CTC = "https://github.com/pytorch/pytorch/issues/52241"

cumprod_with_zeros = Case(
    "cumprod_with_zeros",
    "The running products of whole numbers n, of which some are zero; the gradient is that of z in n + z.",
    sizes=dict(N=12, T=5),  # no zero once in 10^7
    inputs=dict(n=integers("N T", -1, 3), z=normal("N T", std=0)),
    outputs=dict(y="N T"),
)


@cumprod_with_zeros.reference
def _(np, n, z, *, T):
    x, running = n + z, [1.0]
    for t in range(T):
        running.append(running[-1] * x[:, t])
    return np.stack(running[1:], 1)


@cumprod_with_zeros.torch("torch.cumprod")
def _(torch, n, z):
    return torch.cumprod(n + z, dim=1)


@cumprod_with_zeros.tensorflow("tf.math.cumprod")
def _(tf, n, z):
    return tf.math.cumprod(tf.cast(n, z.dtype) + z, axis=1)


@cumprod_with_zeros.tensorflow("keras.ops.cumprod")
def _(tf, n, z):
    return tf.keras.ops.cumprod(tf.cast(n, z.dtype) + z, axis=1)


@cumprod_with_zeros.tensorflow("tf.scan")
def _(tf, n, z):
    x = tf.transpose(tf.cast(n, z.dtype) + z)
    return tf.transpose(tf.scan(tf.multiply, x))


for api in ("tf.math.cumprod", "keras.ops.cumprod"):
    cumprod_with_zeros.deviation(
        api,
        quantities=["grad:z"],
        within=2,
        because="the gradient divides the product by each number, and gives zero for a number that is zero",
        source="https://github.com/tensorflow/tensorflow/issues/119430",
    )

xlogy_at_zero = Case(
    "xlogy_at_zero",
    "x log(y) where x is 0 or 1; the gradient is that of z in x + z, which is log(y).",
    sizes=dict(N=7, C=5),
    inputs=dict(x=integers("N C", 0, 2), z=normal("N C", std=0), y=uniform("N C", 1.125, 2)),
    outputs=dict(r="N C"),
)


@xlogy_at_zero.reference
def _(np, x, z, y):
    return (x + z) * np.log(y)


@xlogy_at_zero.torch("torch.xlogy")
def _(torch, x, z, y):
    return torch.xlogy(x + z, y)


@xlogy_at_zero.tensorflow("tf.math.xlogy")
def _(tf, x, z, y):
    return tf.math.xlogy(tf.cast(x, z.dtype) + z, y)


@xlogy_at_zero.tensorflow("tf.math.log")
def _(tf, x, z, y):
    return (tf.cast(x, z.dtype) + z) * tf.math.log(y)


xlogy_at_zero.deviation(
    "tf.math.xlogy",
    quantities=["grad:z"],
    within=1.01,
    because="the gradient is masked where x is zero, as the result is",
    source="https://github.com/tensorflow/tensorflow/issues/119476",
)

deviation_of_one = Case(
    "standard_deviation_of_one",
    "The standard deviation of a single number: zero, whatever the number, and so is its gradient.",
    sizes=dict(N=5, T=1),
    inputs=dict(x=normal("N T")),
    outputs=dict(y="N"),
)


@deviation_of_one.reference
def _(np, x):
    return np.sum(x - np.mean(x, 1, keepdims=True), 1)


@deviation_of_one.torch("torch.std(correction=0)")
def _(torch, x):
    return torch.std(x, dim=1, correction=0)


@deviation_of_one.tensorflow("tf.where")
def _(tf, x):
    variance = tf.math.reduce_variance(x, axis=1)
    constant = variance == 0
    return tf.where(constant, tf.zeros_like(variance), tf.sqrt(tf.where(constant, tf.ones_like(variance), variance)))


ROOT = dict(
    because="the gradient of the root of the variance is infinite at zero, and infinity times zero is NaN",
    source="https://github.com/tensorflow/tensorflow/issues/56830",
    fix="guard the root with tf.where, within and around it",
)


@deviation_of_one.tensorflow.naive(
    "tf.math.reduce_std", "gradient NaN for one number", wrong="grad:x", kind="nonfinite", **ROOT
)
def _(tf, x):
    return tf.math.reduce_std(x, axis=1)


@deviation_of_one.tensorflow.naive(
    "keras.ops.std", "gradient NaN for one number", wrong="grad:x", kind="nonfinite", **ROOT
)
def _(tf, x):
    return tf.keras.ops.std(x, axis=1)


determinant = Case(
    "determinant_of_singular",
    "One plus the determinant of matrices n ((1, 2), (2, 4)), which is zero; z, which is added, gets the cofactors.",
    sizes=dict(N=3, R=2, K=lambda R: R),
    inputs=dict(n=integers("N", 1, 6), z=normal("N R K", std=0)),
    outputs=dict(y="N"),
    dtypes=["float64", "float32"],
)


def singular(n, z):
    """The four elements of the matrices, each for all of them."""
    return n + z[:, 0, 0], 2 * n + z[:, 0, 1], 2 * n + z[:, 1, 0], 4 * n + z[:, 1, 1]


@determinant.reference
def _(np, n, z):
    a, b, c, d = singular(n, z)
    return 1 + a * d - b * c


@determinant.torch("torch.linalg.det")
def _(torch, n, z):
    return 1 + torch.linalg.det(torch.stack(singular(n, z), 1).reshape(-1, 2, 2))


@determinant.torch("a * d - b * c")
def _(torch, n, z):
    a, b, c, d = singular(n, z)
    return 1 + a * d - b * c


@determinant.tensorflow("tf.linalg.det")
def _(tf, n, z):
    return 1 + tf.linalg.det(tf.reshape(tf.stack(singular(tf.cast(n, z.dtype), z), 1), [-1, 2, 2]))


@determinant.tensorflow("a * d - b * c in TensorFlow")
def _(tf, n, z):
    a, b, c, d = singular(tf.cast(n, z.dtype), z)
    return 1 + a * d - b * c


determinant.deviation(
    "torch.linalg.det",
    quantities=["grad:z"],
    within=1.01,
    because="of an exactly singular matrix the gradient is zero, whatever its cofactors are",
    source="https://github.com/pytorch/pytorch/issues/104675",
)
determinant.limitation(
    "tf.linalg.det",
    stage="gradient",
    raises="InvalidArgumentError: Input is not invertible",
    because="the gradient is the determinant times the inverse, which a singular matrix has not",
    source="https://github.com/tensorflow/tensorflow/issues/119477",
    modes=["eager", "graph"],
)
determinant.limitation(
    "tf.linalg.det",
    raises="InvalidArgumentError: No registered 'MatrixDeterminant'",
    because="XLA has no determinants",
    source=TENSORFLOW,
    modes=["compiled"],
)

STEPS = 4
CAPTURE = "torch.compile captures no ctc_loss: the shape of a result within it depends on the labels"


def labels_of(blank):
    """The two labels: the classes that are no blank, in ascending order."""
    return tuple(c for c in range(3) if c != blank)


def collapsed(path, blank):
    """What is left of a path of classes without repetitions, and then without blanks."""
    return tuple(c for c, previous in zip(path, (blank, *path), strict=False) if c not in (blank, previous))


def paths_of(blank):
    """The classes at each step, of every path that comes down to the labels."""
    return [path for path in product(range(3), repeat=STEPS) if collapsed(path, blank) == labels_of(blank)]


ctc_of_log_probabilities = Case(
    "ctc_of_log_probabilities",
    "The CTC loss of logarithms of probabilities: minus the logarithm of the sum over all paths.",
    sizes=dict(N=2, T=STEPS, C=3),
    parameters=dict(blank=0),
    inputs=dict(x=normal("N T C", mean=-1, std=0.5)),
    outputs=dict(loss="N"),
    dtypes=["float64", "float32"],
    eager_only=CAPTURE,
)

ctc = Case(
    "ctc_loss",
    "The CTC loss of logits: of the logarithms of their softmax.",
    sizes=dict(N=2, T=STEPS, C=3),
    variants=grid(blank=[0, 2]),
    inputs=dict(x=normal("N T C")),
    outputs=dict(loss="N"),
    dtypes=["float32", "float64"],
    eager_only=CAPTURE,
    least_scale=LeastScale(3.0, ["grad:x"], "PyTorch takes the exponential of sums of logarithms, rounded as they are"),
)


def over_paths(stack, x, blank):
    """The logarithm of each path's probability."""
    return stack([sum(x[:, t, c] for t, c in enumerate(path)) for path in paths_of(blank)])


@ctc_of_log_probabilities.reference
def _(np, x, *, blank):
    return -np.log(np.sum(np.exp(over_paths(np.stack, x, blank)), 0))


@ctc_of_log_probabilities.torch("torch.logsumexp")
def _(torch, x, *, blank):
    return -torch.logsumexp(over_paths(torch.stack, x, blank), 0)


@ctc_of_log_probabilities.tensorflow("tf.reduce_logsumexp")
def _(tf, x, *, blank):
    return -tf.reduce_logsumexp(over_paths(tf.stack, x, blank), axis=0)


def torch_ctc(torch, x, blank):
    labels = torch.tensor(labels_of(blank), device=x.device).expand(len(x), -1)
    lengths = [STEPS] * len(x), [labels.shape[1]] * len(x)
    return torch.nn.functional.ctc_loss(x.transpose(0, 1), labels, *lengths, blank=blank, reduction="none")


@ctc_of_log_probabilities.torch("torch.nn.functional.ctc_loss")
def _(torch, x, *, blank):
    return torch_ctc(torch, x, blank)


ctc_of_log_probabilities.deviation(
    "torch.nn.functional.ctc_loss",
    quantities=["grad:x"],
    within=20,
    because="the gradient is that of the logits, as if log_softmax were part of the loss, so that only what comes from "
    "log_softmax gets a right one",
    source=CTC,
)


@ctc.reference
def _(np, x, *, blank):
    x = x - np.log(np.sum(np.exp(x), -1, keepdims=True))
    return -np.log(np.sum(np.exp(over_paths(np.stack, x, blank)), 0))


@ctc.torch("torch.nn.functional.ctc_loss of log_softmax")
def _(torch, x, *, blank):
    return torch_ctc(torch, torch.nn.functional.log_softmax(x, dim=-1), blank)


@ctc.tensorflow("tf.nn.ctc_loss")
def _(tf, x, *, blank):
    size = x.shape[0]
    labels = tf.tile([labels_of(blank)], [size, 1])
    lengths = tf.fill([size], labels.shape[1]), tf.fill([size], STEPS)
    return tf.nn.ctc_loss(labels, x, *lengths, logits_time_major=False, blank_index=blank)


ctc.limitation(
    "tf.nn.ctc_loss",
    raises="InvalidArgumentError: was expected to be a double tensor but is a float tensor",
    because="the loss of dense labels mixes in float32 numbers",
    source=TENSORFLOW,
    dtypes=["float64"],
)
