"""Results that rounding decides in 16-bit formats: which of two numbers that are nearly equal is the larger one."""

from parity import Case, buffer, normal

nearest = Case(
    "nearest",
    "The nearest of some codes, and whether it is within 1.",
    sizes=dict(N=40, K=12, D=5),
    inputs=dict(x=normal("N D", gradient=False)),
    weights=dict(codes=normal("K D", gradient=False)),
    outputs=dict(index=buffer("N"), near=buffer("N")),
)


@nearest.reference
def _(np, x, codes):
    distances = np.sum((x[:, None] - codes) ** 2, axis=-1)
    return np.argmin(distances, axis=1), np.min(distances, axis=1) < 1


@nearest.torch("torch.argmin")
def _(torch, x, codes):
    distances = ((x[:, None] - codes) ** 2).sum(-1)
    return distances.argmin(1), distances.amin(1) < 1


@nearest.torch("WRONG: by the sum of the differences")
def _(torch, x, codes):
    distances = (x[:, None] - codes).abs().sum(-1)
    return distances.argmin(1), distances.amin(1) < 1


@nearest.torch("WRONG: one further")
def _(torch, x, codes):
    distances = ((x[:, None] - codes) ** 2).sum(-1)
    return distances.argmin(1) + 1, distances.amin(1) < 1


@nearest.tensorflow("tf.argmin")
def _(tf, x, codes):
    distances = tf.reduce_sum((x[:, None] - codes) ** 2, -1)
    return tf.argmin(distances, 1), tf.reduce_min(distances, 1) < 1


chebyshev = Case(
    "chebyshev",
    "The largest difference of each pair: its gradient goes to where that is.",
    sizes=dict(N=20, M=24, D=8),
    inputs=dict(a=normal("N D"), b=normal("M D")),
    outputs=dict(y="N M"),
)


@chebyshev.reference
def _(np, a, b):
    return np.max(np.abs(a[:, None] - b), axis=2)


@chebyshev.torch("torch.amax")
def _(torch, a, b):
    return (a[:, None] - b).abs().amax(2)


@chebyshev.torch("WRONG: without the last feature")
def _(torch, a, b):
    return (a[:, None, :-1] - b[:, :-1]).abs().amax(2)


@chebyshev.tensorflow("tf.reduce_max")
def _(tf, a, b):
    return tf.reduce_max(tf.abs(a[:, None] - b), 2)


root = Case(
    "root_at_zero",
    "The root of minus the logarithm, where that is -0: PyTorch and TensorFlow divide by a root of -0.",
    sizes=dict(N=6),
    inputs=dict(x=normal("N", mean=1, std=0)),
    outputs=dict(y="N"),
    dtypes=["float64", "float32"],
    unsigned_zeros="the logarithm of 1 is 0 of either sign",
)
root.reference(lambda np, x: np.sqrt(-2 * np.log(x)))
root.torch("torch.sqrt")(lambda torch, x: torch.sqrt(-2 * torch.log(x)))
root.tensorflow("tf.sqrt")(lambda tf, x: tf.sqrt(-2 * tf.math.log(x)))
