"""Arguments that are rarely passed: axes and weights of losses, masks of layers, what pooling counts."""

from _losses import KERAS_REDUCTION

from parity import Case, booleans, buffer, grid, integers, normal, uniform

TORCH_POOL = "https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html"
KERAS_WEIGHTS = "keras/src/losses/loss.py of Keras 3.15.1: reduce_weighted_values"

smoothing = Case(
    "label_smoothing_of_sequences",
    "Cross entropy of the classes of every step, which stand on axis 1; the labels are smoothed.",
    sizes=dict(N=3, C=5, T=2),
    inputs=dict(logits=normal("N C T"), labels=integers("N T", 0, "C")),
    outputs=dict(loss="N T"),
    variants=grid(smoothing=[0.0, 0.5]),
    dtypes=["float64", "float32", "float16"],
)


@smoothing.reference
def _(np, logits, labels, *, C, smoothing):
    shifted = logits - np.stop_gradient(np.max(logits, 1, keepdims=True))
    log_p = shifted - np.log(np.sum(np.exp(shifted), 1, keepdims=True))
    targets = np.where(labels[:, None] == np.arange(C)[:, None], 1 - smoothing, 0) + smoothing / C
    return -np.sum(targets * log_p, 1)


@smoothing.torch("torch.nn.functional.cross_entropy(label_smoothing)")
def _(torch, logits, labels, *, smoothing):
    return torch.nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")


@smoothing.torch.layer("torch.nn.CrossEntropyLoss(label_smoothing)", weights={})
def _(torch, *, smoothing):
    return torch.nn.CrossEntropyLoss(label_smoothing=smoothing, reduction="none")


@smoothing.tensorflow("keras.losses.CategoricalCrossentropy(axis=1)")
def _(tf, logits, labels, *, C, smoothing, dtype):
    loss = tf.keras.losses.CategoricalCrossentropy(True, smoothing, 1, reduction=None, dtype=dtype)
    return loss(tf.one_hot(labels, C, axis=1, dtype=logits.dtype), logits)


@smoothing.tensorflow("tf.nn.softmax_cross_entropy_with_logits(axis=1)")
def _(tf, logits, labels, *, C, smoothing):
    targets = tf.one_hot(labels, C, axis=1, dtype=logits.dtype) * (1 - smoothing) + smoothing / C
    return tf.nn.softmax_cross_entropy_with_logits(targets, logits, axis=1)


smoothing.deviation(
    "keras.losses.CategoricalCrossentropy(axis=1)",
    quantities=["output:loss", "grad:logits"],
    within=2,
    because="the smoothed share is divided by the length of the last axis, whichever axis the classes are on",
    source="keras/src/losses/losses.py of Keras 3.15.1: categorical_crossentropy",
    when=dict(smoothing=0.5),
)

weighted_mse = Case(
    "sample_weights",
    "The squared errors of each example, times its weight; their sum, or the mean that Keras takes.",
    sizes=dict(N=6, C=5),
    inputs=dict(x=normal("N C"), target=normal("N C", gradient=False), weight=uniform("N", 0.5, 2, gradient=False)),
    outputs=lambda reduction: dict(loss="N" if reduction == "none" else ""),
    variants=grid(reduction=["none", "sum", "mean", "weighted"]),
)


@weighted_mse.reference
def _(np, x, target, weight, *, reduction):
    loss = np.mean((x - target) ** 2, 1) * weight
    if reduction == "weighted":
        return np.sum(loss) / np.sum(weight)
    return dict(none=lambda x: x, sum=np.sum, mean=np.mean)[reduction](loss)


@weighted_mse.torch("torch.nn.functional.mse_loss")
def _(torch, x, target, weight, *, reduction):
    loss = torch.nn.functional.mse_loss(x, target, reduction="none").mean(1) * weight
    if reduction == "weighted":
        return loss.sum() / weight.sum()
    return dict(none=lambda x: x, sum=torch.sum, mean=torch.mean)[reduction](loss)


@weighted_mse.tensorflow("keras.losses.MeanSquaredError(sample_weight)")
def _(tf, x, target, weight, *, reduction, dtype):
    reduction = dict(KERAS_REDUCTION, weighted="mean_with_sample_weight")[reduction]
    loss = tf.keras.losses.MeanSquaredError(reduction=reduction, dtype=dtype)
    return loss(target, x, sample_weight=weight)


masked_batch_norm = Case(
    "masked_batch_norm",
    "Batch normalization of sequences, in training, with the statistics of the steps that count.",
    sizes=dict(N=4, T=6, C=3),
    parameters=dict(eps=1e-3),
    inputs=dict(x=normal("N T C", mean=0.5), mask=booleans("N T")),
    outputs=dict(y="N T C"),
)


@masked_batch_norm.reference
def _(np, x, mask, *, eps):
    counts = mask[..., None] * 1.0
    total = np.sum(counts)
    mean = np.sum(x * counts, (0, 1)) / total
    variance = np.sum((x - mean) ** 2 * counts, (0, 1)) / total
    return (x - mean) / np.sqrt(variance + eps)


@masked_batch_norm.torch("torch.sqrt")
def _(torch, x, mask, *, eps):
    counts = mask[..., None].to(x.dtype)
    mean = (x * counts).sum((0, 1)) / counts.sum()
    variance = ((x - mean) ** 2 * counts).sum((0, 1)) / counts.sum()
    return (x - mean) / torch.sqrt(variance + eps)


@masked_batch_norm.tensorflow.layer("keras.layers.BatchNormalization(mask)", weights={})
def _(tf, *, eps):
    layer = tf.keras.layers.BatchNormalization(epsilon=eps, center=False, scale=False)
    return layer, lambda x, mask: layer(x, training=True, mask=mask)


masked_batch_norm.deviation(
    "keras.layers.BatchNormalization(mask)",
    quantities=["*"],
    within=1e-6,
    because="1e-7 is added to the number of steps",
    source="keras/src/layers/normalization/batch_normalization.py of Keras 3.15.1: _masked_moments",
    dtypes=["float64"],
)

edges = Case(
    "avg_pool2d_edges",
    "Average pooling with a margin of zeros, which count or not; the last windows reach over the end or not.",
    sizes=dict(N=2, C=3, H=7, W=8),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C P Q"),
    variants=grid(counted=[True, False], ceil=[True, False], size=[3], stride=[2])
    + grid(counted=[True, False], ceil=[True], size=[2], stride=[3]),
)


def windows_of(length, size, stride, ceil):
    """The first and the last element of each window of an axis with a margin of 1, the margin included.

    A window may reach over the end by less than a stride, if it begins within the elements or the margin before them.
    """
    count = (length + 2 - size + (stride - 1) * ceil) // stride + 1
    if ceil and (count - 1) * stride >= length + 1:
        count -= 1
    return [(p * stride - 1, min(p * stride - 1 + size, length + 1)) for p in range(count)]


@edges.reference
def _(np, x, *, H, W, counted, ceil, size, stride):
    rows, columns = windows_of(H, size, stride, ceil), windows_of(W, size, stride, ceil)

    def mean(top, bottom, left, right):
        block = x[:, :, max(top, 0) : min(bottom, H), max(left, 0) : min(right, W)]
        of = (bottom - top) * (right - left) if counted else block.shape[2] * block.shape[3]
        return np.sum(block, (2, 3)) / of

    return np.stack([np.stack([mean(*row, *column) for column in columns], -1) for row in rows], -2)


@edges.torch("torch.nn.functional.avg_pool2d(ceil_mode, count_include_pad)")
def _(torch, x, *, counted, ceil, size, stride):
    return torch.nn.functional.avg_pool2d(x, size, stride, 1, ceil, counted)


@edges.torch.layer("torch.nn.AvgPool2d(ceil_mode, count_include_pad)", weights={})
def _(torch, *, counted, ceil, size, stride):
    return torch.nn.AvgPool2d(size, stride, 1, ceil, counted)


@edges.tensorflow("tf.nn.avg_pool2d", x="N H W C", y="N P Q C")
def _(tf, x, *, H, W, counted, ceil, size, stride):
    def padded(x, margin):
        """x with a margin, and with what the last windows take beyond it."""
        x = tf.pad(x, [[0, 0], [margin, margin], [margin, margin], [0, 0]], constant_values=margin)
        added = []
        for length in (H, W):
            ends = [p * stride + size for p in range(len(windows_of(length, size, stride, ceil)))]
            added.append([1 - margin, max(ends[-1] - length - 1 - margin, 0)])
        return tf.pad(x, [[0, 0], *added, [0, 0]])[:, : H + 2 + size, : W + 2 + size]

    def sums(x):
        return tf.nn.avg_pool2d(x, size, stride, "VALID") * size * size

    ones = tf.ones_like(x[:1, ..., :1])
    return sums(padded(x, 0)) / sums(padded(ones, 1 if counted else 0))


for api in (
    "torch.nn.functional.avg_pool2d(ceil_mode, count_include_pad)",
    "torch.nn.AvgPool2d(ceil_mode, count_include_pad)",
):
    edges.deviation(
        api,
        quantities=["grad:x"],
        within=1,
        because="compiled by Inductor, the gradient divides what reaches over the end by the size of a whole window",
        source="https://github.com/pytorch/pytorch/issues/198119",
        when=dict(counted=True, ceil=True, size=3),
        modes=["compiled"],
    )


@edges.torch.naive(
    "torch.nn.functional.avg_pool2d",
    "the margin counted",
    when=dict(counted=False, ceil=True, size=3),
    because="by default PyTorch divides by the size of the window, zeros included; TensorFlow never counts them",
    source=TORCH_POOL,
    fix="pass count_include_pad=False",
)
def _(torch, x, *, size, stride, ceil):
    return torch.nn.functional.avg_pool2d(x, size, stride, 1, ceil)


scans = Case(
    "running_sums",
    "Running sums along an axis: from either end, with the element itself or without.",
    sizes=dict(N=3, T=5, C=4),
    inputs=dict(x=normal("N T C")),
    outputs=dict(y="N T C"),
    variants=grid(axis=[0, 1, -1], reverse=[False, True], exclusive=[False, True]),
)


@scans.reference
def _(np, x, *, axis, reverse, exclusive):
    x = np.flip(x, axis) if reverse else x
    if exclusive:
        x = np.moveaxis(x, axis, 0)
        x = np.moveaxis(np.concatenate([np.zeros_like(x[:1]), x[:-1]]), 0, axis)
    y = np.cumsum(x, axis)
    return np.flip(y, axis) if reverse else y


@scans.torch("torch.cumsum")
def _(torch, x, *, axis, reverse, exclusive):
    x = torch.flip(x, (axis,)) if reverse else x
    y = torch.cumsum(x, axis)
    if exclusive:
        y = torch.cat([torch.zeros_like(y.narrow(axis, 0, 1)), y.narrow(axis, 0, y.shape[axis] - 1)], axis)
    return torch.flip(y, (axis,)) if reverse else y


@scans.tensorflow("tf.cumsum(exclusive, reverse)")
def _(tf, x, *, axis, reverse, exclusive):
    return tf.cumsum(x, axis, exclusive, reverse)


order = Case(
    "stable_order",
    "The places of numbers in order, of which equal ones keep their order, and how many there are of each.",
    sizes=dict(N=5, C=24),
    inputs=dict(x=integers("N C", -3, 4, dtype="int32")),
    outputs=dict(places=buffer("N C", dtype="int32"), values=buffer("N C")),
    variants=grid(descending=[False, True]),
)


@order.reference
def _(np, x, *, descending):
    places = np.argsort(-x if descending else x, 1, kind="stable")
    return places.astype(np.int32), np.take_along_axis(x, places, 1)


@order.torch("torch.sort(stable)")
def _(torch, x, *, descending):
    values, places = torch.sort(x, dim=1, descending=descending, stable=True)
    return places.to(torch.int32), values


@order.torch("torch.argsort(stable)")
def _(torch, x, *, descending):
    places = torch.argsort(x, dim=1, descending=descending, stable=True)
    return places.to(torch.int32), torch.gather(x, 1, places)


@order.tensorflow("tf.argsort(stable)")
def _(tf, x, *, descending):
    direction = "DESCENDING" if descending else "ASCENDING"
    places = tf.argsort(x, direction=direction, stable=True)
    return places, tf.sort(x, direction=direction)
