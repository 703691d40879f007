"""Reductions: variance, and maxima with ties."""

from parity import Case, buffer, distinct, integers, normal


def deviations(np, x):
    """x less its mean over the last axis, which is held constant: its gradient is the sum of the deviations, zero.

    PyTorch leaves that gradient out, TensorFlow does not: where the mean is many times the deviations, they differ.
    """
    return x - np.stop_gradient(np.mean(x, -1, keepdims=True))


variance = Case(
    "variance",
    "The variance over the last axis, divided by the number of elements.",
    sizes=dict(N=4, C=5),
    inputs=dict(x=normal("N C", mean=1)),
    outputs=dict(y="N"),
)
variance.timed({"BERT-base": dict(N=512, C=768)})


@variance.reference
def _(np, x):
    return np.mean(deviations(np, x) ** 2, -1)


@variance.torch("torch.var(correction=0)")
def _(torch, x):
    return torch.var(x, dim=-1, correction=0)


@variance.tensorflow("tf.math.reduce_variance")
def _(tf, x):
    return tf.math.reduce_variance(x, axis=-1)


@variance.tensorflow("tf.nn.moments")
def _(tf, x):
    return tf.nn.moments(x, [-1])[1]


@variance.tensorflow("keras.ops.var")
def _(tf, x):
    return tf.keras.ops.var(x, axis=-1)


@variance.torch.naive(
    "torch.var",
    "divided by n - 1",
    size=(0.12, 0.51),
    because="torch.var is unbiased by default, TensorFlow and NumPy divide by n",
    source="https://docs.pytorch.org/docs/stable/generated/torch.var.html",
    fix="pass correction=0",
)
def _(torch, x):
    return torch.var(x, dim=-1)


standard_deviation = Case(
    "standard_deviation",
    "The root of the variance over the last axis, divided by the number of elements.",
    sizes=dict(N=4, C=5),
    inputs=dict(x=normal("N C", mean=1)),
    outputs=dict(y="N"),
)


@standard_deviation.reference
def _(np, x):
    return np.sqrt(np.mean(deviations(np, x) ** 2, -1))


@standard_deviation.torch("torch.std(correction=0)")
def _(torch, x):
    return torch.std(x, dim=-1, correction=0)


@standard_deviation.tensorflow("tf.math.reduce_std")
def _(tf, x):
    return tf.math.reduce_std(x, axis=-1)


@standard_deviation.torch.naive(
    "torch.std",
    "divided by n - 1",
    size=(0.059, 0.24),
    because="torch.std is unbiased by default, TensorFlow and NumPy divide by n",
    source="https://docs.pytorch.org/docs/stable/generated/torch.std.html",
    fix="pass correction=0",
)
def _(torch, x):
    return torch.std(x, dim=-1)


batch_variance = Case(
    "batch_variance",
    "The variance of each channel over a batch of images, divided by the number of elements.",
    sizes=dict(N=2, C=3, H=4, W=5),
    inputs=dict(x=normal("N C H W", mean=1, gradient=False)),
    outputs=dict(y=buffer("C")),
    dtypes=("float32", "float64"),
)


@batch_variance.reference
def _(np, x):
    return np.mean((x - np.mean(x, (0, 2, 3), keepdims=True)) ** 2, (0, 2, 3))


@batch_variance.torch("torch.var(correction=0)")
def _(torch, x):
    return torch.var(x, dim=(0, 2, 3), correction=0)


@batch_variance.tensorflow("tf.nn.moments", x="N H W C")
def _(tf, x):
    return tf.nn.moments(x, [0, 1, 2])[1]


@batch_variance.tensorflow.naive(
    "tf.compat.v1.nn.fused_batch_norm",
    "variance divided by n - 1",
    size=(0.012, 0.052),
    because="the fused kernel returns the unbiased variance, although it normalizes by the biased one",
    source="https://github.com/tensorflow/tensorflow/issues/55545",
    fix="multiply by (n - 1) / n, or use tf.nn.moments",
    x="N H W C",
)
def _(tf, x, *, C):
    return tf.compat.v1.nn.fused_batch_norm(x, tf.ones([C]), tf.zeros([C]))[2]


logsumexp = Case(
    "logsumexp",
    "The logarithm of the sum of exponentials over the last axis.",
    sizes=dict(N=4, C=5),
    inputs=dict(x=normal("N C")),
    outputs=dict(y="N"),
)


@logsumexp.reference
def _(np, x):
    return np.log(np.sum(np.exp(x), -1))


@logsumexp.torch("torch.logsumexp")
def _(torch, x):
    return torch.logsumexp(x, dim=-1)


@logsumexp.tensorflow("tf.reduce_logsumexp")
def _(tf, x):
    return tf.reduce_logsumexp(x, axis=-1)


@logsumexp.tensorflow("keras.ops.logsumexp")
def _(tf, x):
    return tf.keras.ops.logsumexp(x, axis=-1)


moments = Case(
    "moments",
    "The mean and the variance of each channel over a batch of images, in one call.",
    sizes=dict(N=2, C=3, H=4, W=5),
    inputs=dict(x=normal("N C H W", mean=1)),
    outputs=dict(mean="C", variance="C"),
)


@moments.reference
def _(np, x):
    mean = np.mean(x, (0, 2, 3))
    held = np.stop_gradient(mean)[:, None, None]
    return mean, np.mean((x - held) ** 2, (0, 2, 3))


@moments.torch("torch.var_mean(correction=0)")
def _(torch, x):
    variance, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0)
    return mean, variance


@moments.torch("torch.std_mean(correction=0)")
def _(torch, x):
    deviation, mean = torch.std_mean(x, dim=(0, 2, 3), correction=0)
    return mean, deviation**2


@moments.tensorflow("tf.nn.moments", x="N H W C")
def _(tf, x):
    return tf.nn.moments(x, [0, 1, 2])


@moments.tensorflow("keras.ops.moments", x="N H W C")
def _(tf, x):
    return tf.keras.ops.moments(x, [0, 1, 2])


@moments.torch.naive(
    "torch.var_mean",
    "variance and mean taken for mean and variance",
    because="PyTorch gives the variance first, TensorFlow the mean",
    source="https://docs.pytorch.org/docs/stable/generated/torch.var_mean.html",
    fix="change the two over",
)
def _(torch, x):
    return torch.var_mean(x, dim=(0, 2, 3), correction=0)


maximum_of_distinct = Case(
    "maximum_of_distinct",
    "The maximum over the last axis of numbers that all differ.",
    sizes=dict(N=4, C=9),
    inputs=dict(x=distinct("N C")),
    outputs=dict(y="N"),
    exact=True,
)

maximum_of_ties = Case(
    "maximum_of_ties",
    "The maximum over the last axis of numbers with ties, between which the gradient is split.",
    sizes=dict(N=8, C=9),  # no row with a tie once in 10^7
    inputs=dict(n=integers("N C", 0, 3), z=normal("N C", std=0)),
    outputs=dict(y="N"),
)


@maximum_of_distinct.reference
def _(np, x):
    return np.max(x, -1)


@maximum_of_distinct.torch("torch.max(dim=)")
def _(torch, x):
    return torch.max(x, dim=-1).values


@maximum_of_distinct.torch("torch.amax")
def _(torch, x):
    return torch.amax(x, dim=-1)


@maximum_of_distinct.tensorflow("tf.reduce_max")
def _(tf, x):
    return tf.reduce_max(x, axis=-1)


@maximum_of_ties.reference
def _(np, n, z):
    return np.max(n + z, -1)


@maximum_of_ties.torch("torch.amax")
def _(torch, n, z):
    return torch.amax(n + z, dim=-1)


@maximum_of_ties.torch("torch.max")
def _(torch, n, z):
    return torch.stack([torch.max(row) for row in n + z])


@maximum_of_ties.tensorflow("tf.reduce_max")
def _(tf, n, z):
    return tf.reduce_max(tf.cast(n, z.dtype) + z, axis=-1)


@maximum_of_ties.tensorflow("keras.ops.max")
def _(tf, n, z):
    return tf.keras.ops.max(tf.cast(n, z.dtype) + z, axis=-1)


@maximum_of_ties.torch.naive(
    "torch.max(dim=)",
    "gradient to one of the ties",
    wrong="grad:z",
    because="torch.max with dim gives the whole gradient to the index it returns, tf.reduce_max splits it evenly",
    source="https://docs.pytorch.org/docs/stable/generated/torch.amax.html",
    fix="use torch.amax",
)
def _(torch, n, z):
    return torch.max(n + z, dim=-1).values


@maximum_of_ties.torch.naive(
    "torch.nn.functional.adaptive_max_pool1d",
    "gradient to one of the ties",
    wrong="grad:z",
    because="max-pooling gives the whole gradient to one element of the window",
    source="measured with torch 2.13.0",
    fix="use torch.amax for tf.reduce_max and keras.layers.GlobalMaxPooling1D",
)
def _(torch, n, z):
    return torch.nn.functional.adaptive_max_pool1d((n + z)[:, None], 1)[:, 0, 0]


larger_of_two = Case(
    "larger_of_two",
    "The larger of two numbers, element by element; equal ones share the gradient.",
    sizes=dict(N=8, C=9),  # without a tie once in 10^12
    inputs=dict(n=integers("N C", -1, 2), a=normal("N C", std=0), b=normal("N C", std=0)),
    outputs=dict(y="N C"),
    exact=True,
)


@larger_of_two.reference
def _(np, n, a, b):
    return np.maximum(n + a, b)


@larger_of_two.torch("torch.maximum")
def _(torch, n, a, b):
    return torch.maximum(n + a, b)


@larger_of_two.torch("torch.minimum")
def _(torch, n, a, b):
    return -torch.minimum(-(n + a), -b)


@larger_of_two.tensorflow("tf.reduce_max")
def _(tf, n, a, b):
    return tf.reduce_max(tf.stack([tf.cast(n, a.dtype) + a, b]), axis=0)


@larger_of_two.tensorflow.naive(
    "tf.maximum",
    "gradient to the first of the ties",
    wrong="grad:*",
    because="tf.maximum gives the whole gradient of equal numbers to the first, torch.maximum half of it to each",
    source="tensorflow/python/ops/math_grad.py, _MaximumGrad",
    fix="use tf.reduce_max of the stacked tensors where ties matter",
)
def _(tf, n, a, b):
    return tf.maximum(tf.cast(n, a.dtype) + a, b)


@larger_of_two.tensorflow.naive(
    "tf.minimum",
    "of the negated numbers",
    wrong="grad:*",
    because="tf.minimum gives the whole gradient of equal numbers to the first, torch.minimum half of it to each",
    source="tensorflow/python/ops/math_grad.py, _MinimumGrad",
    fix="use tf.reduce_max of the stacked tensors where ties matter",
)
def _(tf, n, a, b):
    return -tf.minimum(-(tf.cast(n, a.dtype) + a), -b)
