"""Losses and divergences."""

from parity import Case, grid, integers, normal, uniform

FLOATS = ["float32", "float64"]


def log_softmax(np, x):
    x = x - np.stop_gradient(np.max(x, axis=-1, keepdims=True))
    return x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True))


# Label smoothing ---------------------------------------------------------------------------------------------------

smoothing = Case(
    "label_smoothing",
    "Cross-entropy of class numbers, a tenth of the probability being shared by all classes.",
    sizes=dict(N=16, K=100),
    inputs=dict(x=normal("N K"), target=integers("N", 0, "K")),
    outputs=dict(loss=""),
)


@smoothing.reference
def _(np, x, target, *, K):
    wanted = 0.9 * (np.arange(K) == target[:, None]) + 0.1 / K
    return -np.mean(np.sum(wanted * log_softmax(np, x), axis=-1))


@smoothing.torch("torch.nn.functional.cross_entropy")
def _(torch, x, target):
    return torch.nn.functional.cross_entropy(x, target, label_smoothing=0.1)


@smoothing.tensorflow("keras.losses.CategoricalCrossentropy")
def _(tf, x, target, *, K):
    loss = tf.keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, dtype=x.dtype.name)
    return loss(tf.one_hot(target, K, dtype=x.dtype), x)


@smoothing.torch("WRONG: shared by the other classes only (float32, float64 only)")
def _(torch, x, target, *, K):
    wanted = torch.full_like(x, 0.1 / (K - 1)).scatter(1, target[:, None], 0.9)
    return torch.nn.functional.cross_entropy(x, wanted)


@smoothing.torch("WRONG: a sum")
def _(torch, x, target):
    return torch.nn.functional.cross_entropy(x, target, label_smoothing=0.1, reduction="sum")


@smoothing.tensorflow("WRONG: softmax applied twice")
def _(tf, x, target, *, K):
    loss = tf.keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, dtype=x.dtype.name)
    return loss(tf.one_hot(target, K, dtype=x.dtype), tf.nn.softmax(x))


# Focal loss --------------------------------------------------------------------------------------------------------

focal = Case(
    "focal_loss",
    "Binary cross-entropy of logits, which the squared probability of being wrong weighs.",
    sizes=dict(N=8, K=25),
    inputs=dict(x=normal("N K"), target=integers("N K", 0, 2)),
    outputs=dict(loss="N"),
    dtypes=FLOATS,
)


@focal.reference
def _(np, x, target):
    z = np.where(target == 1, x, -x)
    wrong = 0.5 - 0.5 * np.tanh(0.5 * z)
    return np.mean(wrong**2 * np.logaddexp(0.0, -z), axis=-1)


@focal.torch("torch.nn.functional.binary_cross_entropy_with_logits")
def _(torch, x, target):
    target = target.to(x.dtype)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(x, target, reduction="none")
    p = torch.sigmoid(x)
    return ((1 - (p * target + (1 - p) * (1 - target))) ** 2 * entropy).mean(-1)


@focal.tensorflow("tf.nn.sigmoid_cross_entropy_with_logits")
def _(tf, x, target):
    target = tf.cast(target, x.dtype)
    p = tf.sigmoid(x)
    wrong = target * (1 - p) + (1 - target) * p
    return tf.reduce_mean(wrong**2 * tf.nn.sigmoid_cross_entropy_with_logits(target, x), -1)


@focal.torch("WRONG: weighed by the root of the square")
def _(torch, x, target):
    target = target.to(x.dtype)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(x, target, reduction="none")
    return ((target - torch.sigmoid(x)).abs() * entropy).mean(-1)


@focal.torch("WRONG: nothing flows through the weight")
def _(torch, x, target):
    target = target.to(x.dtype)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(x, target, reduction="none")
    return ((target - torch.sigmoid(x)).square().detach() * entropy).mean(-1)


@focal.tensorflow("WRONG: balanced with 0.25")
def _(tf, x, target):
    target = tf.cast(target, x.dtype)
    loss = tf.keras.losses.BinaryFocalCrossentropy(
        apply_class_balancing=True, from_logits=True, reduction="none", dtype=x.dtype.name
    )
    return loss(target, x)


# InfoNCE -----------------------------------------------------------------------------------------------------------

info = Case(
    "info_nce",
    "Two views of a batch: the cosine similarities over 0.1 classify which belongs to which, in both directions.",
    sizes=dict(N=12, D=32),
    inputs=dict(a=normal("N D"), b=normal("N D")),
    outputs=dict(loss=""),
)


@info.reference
def _(np, a, b, *, N):
    a = a / np.sqrt(np.sum(a * a, axis=1, keepdims=True))
    b = b / np.sqrt(np.sum(b * b, axis=1, keepdims=True))
    scores = np.einsum("nd,md->nm", a, b) / 0.1
    own = np.arange(N)
    return -(np.mean(log_softmax(np, scores)[own, own]) + np.mean(log_softmax(np, np.transpose(scores))[own, own])) / 2


def torch_scores(torch, a, b, temperature=0.1):
    a, b = torch.nn.functional.normalize(a), torch.nn.functional.normalize(b)
    return a @ b.T / temperature


@info.torch("torch.nn.functional.cross_entropy")
def _(torch, a, b, *, N):
    scores, own = torch_scores(torch, a, b), torch.arange(N)
    cross_entropy = torch.nn.functional.cross_entropy
    return (cross_entropy(scores, own) + cross_entropy(scores.T, own)) / 2


@info.tensorflow("tf.nn.sparse_softmax_cross_entropy_with_logits")
def _(tf, a, b, *, N):
    a, b = tf.math.l2_normalize(a, 1), tf.math.l2_normalize(b, 1)
    scores, own = tf.matmul(a, b, transpose_b=True) / 0.1, tf.range(N)
    cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits
    return (tf.reduce_mean(cross_entropy(own, scores)) + tf.reduce_mean(cross_entropy(own, tf.transpose(scores)))) / 2


@info.torch("WRONG: one direction")
def _(torch, a, b, *, N):
    return torch.nn.functional.cross_entropy(torch_scores(torch, a, b), torch.arange(N))


@info.torch("WRONG: multiplied by the temperature")
def _(torch, a, b, *, N):
    scores, own = torch_scores(torch, a, b, 10.0), torch.arange(N)
    return (torch.nn.functional.cross_entropy(scores, own) + torch.nn.functional.cross_entropy(scores.T, own)) / 2


@info.torch("WRONG: the second view is not trained")
def _(torch, a, b, *, N):
    scores, own = torch_scores(torch, a, b.detach() + 0 * b), torch.arange(N)
    return (torch.nn.functional.cross_entropy(scores, own) + torch.nn.functional.cross_entropy(scores.T, own)) / 2


# Triplets ----------------------------------------------------------------------------------------------------------

triplet = Case(
    "triplet_loss",
    "How much nearer than the negative, less a margin of 1, the positive should be and is not.",
    sizes=dict(N=20, D=16),
    inputs=dict(a=normal("N D"), p=normal("N D"), n=normal("N D")),
    outputs=dict(loss="N"),
    dtypes=FLOATS,
)


@triplet.reference
def _(np, a, p, n):
    def distance(x, y):
        return np.sqrt(np.sum((x - y + 1e-6) ** 2, axis=-1))

    return np.maximum(0.0, distance(a, p) - distance(a, n) + 1.0)


@triplet.torch("torch.nn.functional.triplet_margin_loss")
def _(torch, a, p, n):
    return torch.nn.functional.triplet_margin_loss(a, p, n, reduction="none")


@triplet.tensorflow("tf.norm")
def _(tf, a, p, n):
    return tf.nn.relu(tf.norm(a - p + 1e-6, axis=-1) - tf.norm(a - n + 1e-6, axis=-1) + 1)


@triplet.torch("WRONG: squared distances")
def _(torch, a, p, n):
    return torch.relu((a - p).square().sum(-1) - (a - n).square().sum(-1) + 1)


@triplet.torch("WRONG: the negative is exchanged for the positive")
def _(torch, a, p, n):
    return torch.nn.functional.triplet_margin_loss(a, n, p, reduction="none")


@triplet.tensorflow("WRONG: no margin")
def _(tf, a, p, n):
    return tf.nn.relu(tf.norm(a - p + 1e-6, axis=-1) - tf.norm(a - n + 1e-6, axis=-1))


# Alignment ---------------------------------------------------------------------------------------------------------

ctc = Case(
    "ctc_recursion",
    "The probability that frames spell three given letters, blanks between: the forward recursion in logarithms.",
    sizes=dict(N=3, T=9, K=6, S=2),
    inputs=dict(x=normal("N T K")),
    outputs=dict(loss="N"),
    parameters=dict(letters=(2, 4)),
    dtypes=FLOATS,
)


@ctc.reference
def _(np, x, *, N, T, letters):
    logs = log_softmax(np, x)
    states = [0, letters[0], 0, letters[1], 0]
    at = np.stack([logs[:, :, k] for k in states], axis=-1)
    never = np.full((N, 1), -np.inf)
    alpha = np.concatenate([at[:, 0, :2], np.full((N, 3), -np.inf)], axis=1)
    skips = np.array([False, False, False, True, False])
    for t in range(1, T):
        one = np.concatenate([never, alpha[:, :-1]], axis=1)
        two = np.where(skips, np.concatenate([never, never, alpha[:, :-2]], axis=1), -np.inf)
        parts = np.stack([alpha, one, two])
        top = np.max(parts, axis=0)
        top = np.where(np.isinf(top), 0.0, top)
        total = np.sum(np.exp(parts - top), axis=0)
        alpha = np.where(total > 0, np.log(np.where(total > 0, total, 1.0)) + top, -np.inf) + at[:, t]
    return -np.logaddexp(alpha[:, -1], alpha[:, -2])


def torch_ctc(torch, x, letters, first=None, blank=0):
    N, T = x.shape[:2]
    targets = torch.tensor(letters).expand(N, -1)
    logs = torch.log_softmax(x, -1).transpose(0, 1)
    return torch.nn.functional.ctc_loss(
        logs, targets, torch.full((N,), first or T), torch.full((N,), len(letters)), blank=blank, reduction="none"
    )


@ctc.torch("torch.nn.functional.ctc_loss")
def _(torch, x, *, letters):
    return torch_ctc(torch, x, letters)


@ctc.tensorflow("tf.scan of tf.reduce_logsumexp")
def _(tf, x, *, N, T, letters):
    logs = tf.nn.log_softmax(x)
    at = tf.gather(logs, [0, letters[0], 0, letters[1], 0], axis=-1)
    low = tf.constant(-1e5, x.dtype)
    alpha = tf.concat([at[:, 0, :2], tf.fill((N, 3), low)], 1)
    skips = tf.constant([False, False, False, True, False])
    for t in range(1, T):
        one = tf.pad(alpha[:, :-1], [[0, 0], [1, 0]], constant_values=low)
        two = tf.where(skips, tf.pad(alpha[:, :-2], [[0, 0], [2, 0]], constant_values=low), low)
        alpha = tf.reduce_logsumexp(tf.stack([alpha, one, two]), 0) + at[:, t]
    return -tf.reduce_logsumexp(alpha[:, -2:], -1)


@ctc.torch("WRONG: without normalising")
def _(torch, x, *, N, T, letters):
    targets = torch.tensor(letters).expand(N, -1)
    lengths = torch.full((N,), T), torch.full((N,), len(letters))
    return torch.nn.functional.ctc_loss(x.transpose(0, 1), targets, *lengths, reduction="none")


@ctc.torch("WRONG: the last frame is forgotten")
def _(torch, x, *, T, letters):
    return torch_ctc(torch, x, letters, first=T - 1)


@ctc.torch("WRONG: the last class is the blank")
def _(torch, x, *, K, letters):
    return torch_ctc(torch, x, letters, blank=K - 1)


# Robust and one-sided ----------------------------------------------------------------------------------------------

huber = Case(
    "huber_loss",
    "Squares up to δ, straight lines beyond.",
    sizes=dict(N=30, C=10),
    inputs=dict(x=normal("N C"), y=normal("N C")),
    outputs=dict(loss=""),
    variants=grid(delta=[0.5, 2.0]),
)


@huber.reference
def _(np, x, y, *, delta):
    size = np.abs(x - y)
    return np.mean(np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)))


@huber.torch("torch.nn.functional.huber_loss")
def _(torch, x, y, *, delta):
    return torch.nn.functional.huber_loss(x, y, delta=delta)


@huber.tensorflow("keras.losses.Huber")
def _(tf, x, y, *, delta):
    return tf.keras.losses.Huber(delta, dtype=x.dtype.name)(y, x)


@huber.torch("WRONG: smooth L1, which is over δ")
def _(torch, x, y, *, delta):
    return torch.nn.functional.smooth_l1_loss(x, y, beta=delta)


@huber.torch("WRONG: no 0.5 at the squares")
def _(torch, x, y, *, delta):
    size = (x - y).abs()
    return torch.where(size <= delta, size**2, delta * (2 * size - delta)).mean()


@huber.tensorflow("WRONG: a jump at δ (float16, float32, float64 only)")
def _(tf, x, y, *, delta):
    size = tf.abs(x - y)
    return tf.reduce_mean(tf.where(size <= delta, 0.5 * size**2, delta * size))


quantile = Case(
    "quantile_loss",
    "The pinball loss of three quantiles.",
    sizes=dict(N=40, Q=3),
    inputs=dict(x=normal("N Q"), y=normal("N")),
    outputs=dict(loss="Q"),
)


@quantile.reference
def _(np, x, y):
    q = np.array([0.1, 0.5, 0.9])
    error = y[:, None] - x
    return np.mean(np.maximum(q * error, (q - 1) * error), axis=0)


@quantile.torch("torch.maximum")
def _(torch, x, y):
    q = torch.tensor([0.1, 0.5, 0.9], dtype=x.dtype)
    error = y[:, None] - x
    return torch.maximum(q * error, (q - 1) * error).mean(0)


@quantile.tensorflow("tf.maximum")
def _(tf, x, y):
    q = tf.constant([0.1, 0.5, 0.9], x.dtype)
    error = y[:, None] - x
    return tf.reduce_mean(tf.maximum(q * error, (q - 1) * error), 0)


@quantile.torch("WRONG: quantiles the other way")
def _(torch, x, y):
    q = torch.tensor([0.9, 0.5, 0.1], dtype=x.dtype)
    error = y[:, None] - x
    return torch.maximum(q * error, (q - 1) * error).mean(0)


@quantile.torch("WRONG: the sum of absolute errors")
def _(torch, x, y):
    return (y[:, None] - x).abs().mean(0)


@quantile.tensorflow("WRONG: 0.8 in place of 0.9")
def _(tf, x, y):
    q = tf.constant([0.1, 0.5, 0.8], x.dtype)
    error = y[:, None] - x
    return tf.reduce_mean(tf.maximum(q * error, (q - 1) * error), 0)


# Divergences -------------------------------------------------------------------------------------------------------

divergence = Case(
    "kl_divergence",
    "The divergence of a student's softmax from a teacher's at temperature 2, times the square of it.",
    sizes=dict(N=10, K=40),
    inputs=dict(student=normal("N K"), teacher=normal("N K")),
    outputs=dict(loss=""),
    dtypes=FLOATS,
)


@divergence.reference
def _(np, student, teacher, *, N):
    s, t = log_softmax(np, student / 2), log_softmax(np, teacher / 2)
    return 4 * np.sum(np.exp(t) * (t - s)) / N


def torch_divergence(torch, student, teacher, **options):
    s, t = torch.log_softmax(student / 2, -1), torch.log_softmax(teacher / 2, -1)
    return 4 * torch.nn.functional.kl_div(s, t, log_target=True, **options)


@divergence.torch("torch.nn.functional.kl_div")
def _(torch, student, teacher):
    return torch_divergence(torch, student, teacher, reduction="batchmean")


@divergence.tensorflow("tf.nn.log_softmax")
def _(tf, student, teacher):
    s, t = tf.nn.log_softmax(student / 2), tf.nn.log_softmax(teacher / 2)
    return 4 * tf.reduce_mean(tf.reduce_sum(tf.exp(t) * (t - s), -1))


@divergence.torch("WRONG: reduction mean, over classes, too")
def _(torch, student, teacher):
    return torch_divergence(torch, student, teacher, reduction="mean")


@divergence.torch("WRONG: teacher and student exchanged")
def _(torch, student, teacher):
    return torch_divergence(torch, teacher, student, reduction="batchmean")


@divergence.torch("WRONG: the teacher is not trained")
def _(torch, student, teacher):
    return torch_divergence(torch, student, teacher.detach() + 0 * teacher, reduction="batchmean")


gaussian = Case(
    "kl_of_gaussians",
    "The divergence of normal distributions, given by means and logarithms of variances, from the standard one.",
    sizes=dict(N=12, D=20),
    inputs=dict(mean=normal("N D"), log_variance=normal("N D")),
    outputs=dict(loss="N"),
)


@gaussian.reference
def _(np, mean, log_variance):
    return -0.5 * np.sum(1 + log_variance - mean**2 - np.exp(log_variance), axis=-1)


@gaussian.torch("torch.exp")
def _(torch, mean, log_variance):
    return -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp(), -1)


@gaussian.tensorflow("tf.exp")
def _(tf, mean, log_variance):
    return -0.5 * tf.reduce_sum(1 + log_variance - tf.square(mean) - tf.exp(log_variance), axis=-1)


@gaussian.torch("WRONG: exp of half the logarithm")
def _(torch, mean, log_variance):
    return -0.5 * torch.sum(1 + log_variance - mean.pow(2) - (0.5 * log_variance).exp(), -1)


@gaussian.tensorflow("WRONG: a mean over D")
def _(tf, mean, log_variance):
    return -0.5 * tf.reduce_mean(1 + log_variance - tf.square(mean) - tf.exp(log_variance), axis=-1)


@gaussian.torch("WRONG: without the factor 0.5")
def _(torch, mean, log_variance):
    return -torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp(), -1)


# Densities ---------------------------------------------------------------------------------------------------------

density = Case(
    "log_densities",
    "Logarithms of the densities of a normal, a Laplace and a Cauchy distribution with location and scale.",
    sizes=dict(N=40),
    inputs=dict(x=normal("N"), at=normal("N"), scale=uniform("N", 0.5, 2.0)),
    outputs=dict(normal="N", laplace="N", cauchy="N"),
    dtypes=FLOATS,
)


@density.reference
def _(np, x, at, scale):
    z = (x - at) / scale
    normal = -0.5 * z**2 - np.log(scale) - 0.5 * np.log(2 * np.pi)
    laplace = -np.abs(z) - np.log(2 * scale)
    cauchy = -np.log(np.pi) - np.log(scale) - np.log1p(z**2)
    return normal, laplace, cauchy


@density.torch("torch.distributions")
def _(torch, x, at, scale):
    kinds = torch.distributions.Normal, torch.distributions.Laplace, torch.distributions.Cauchy
    return tuple(kind(at, scale).log_prob(x) for kind in kinds)


def tf_density(tf, x, at, scale):
    z = (x - at) / scale
    pi = tf.constant(3.14159265358979323846, x.dtype)
    gauss = -0.5 * z**2 - tf.math.log(scale) - 0.5 * tf.math.log(2 * pi)
    return gauss, -tf.abs(z) - tf.math.log(2 * scale), -tf.math.log(pi) - tf.math.log(scale) - tf.math.log1p(z**2)


@density.tensorflow("tf.math.log1p")
def _(tf, x, at, scale):
    return tf_density(tf, x, at, scale)


@density.tensorflow("WRONG: the scale is a variance")
def _(tf, x, at, scale):
    return tf_density(tf, x, at, tf.sqrt(scale))


@density.torch("WRONG: π of seven digits (float64 only)")
def _(torch, x, at, scale):
    pi = torch.tensor(3.141592, dtype=x.dtype)
    z = (x - at) / scale
    gauss = -0.5 * z**2 - torch.log(scale) - 0.5 * torch.log(2 * pi)
    return gauss, -z.abs() - torch.log(2 * scale), -torch.log(pi) - torch.log(scale) - torch.log1p(z**2)


@density.torch("WRONG: the constants are left out")
def _(torch, x, at, scale):
    z = (x - at) / scale
    return -0.5 * z**2 - torch.log(scale), -z.abs() - torch.log(scale), -torch.log(scale) - torch.log1p(z**2)


# Overlaps ----------------------------------------------------------------------------------------------------------

dice = Case(
    "dice_loss",
    "One less twice the overlap of probabilities and a mask, over the sum of both.",
    sizes=dict(N=4, H=12, W=10),
    inputs=dict(x=normal("N H W"), mask=integers("N H W", 0, 2)),
    outputs=dict(loss="N"),
    dtypes=FLOATS,
)


@dice.reference
def _(np, x, mask):
    p = 0.5 + 0.5 * np.tanh(0.5 * x)
    return 1 - (2 * np.sum(p * mask, axis=(1, 2)) + 1) / (np.sum(p, axis=(1, 2)) + np.sum(mask, axis=(1, 2)) + 1)


@dice.torch("torch.sigmoid")
def _(torch, x, mask):
    p = torch.sigmoid(x)
    return 1 - (2 * (p * mask).sum((1, 2)) + 1) / (p.sum((1, 2)) + mask.sum((1, 2)) + 1)


@dice.tensorflow("tf.sigmoid")
def _(tf, x, mask):
    p, mask = tf.sigmoid(x), tf.cast(mask, x.dtype)
    axes = [1, 2]
    return 1 - (2 * tf.reduce_sum(p * mask, axes) + 1) / (tf.reduce_sum(p, axes) + tf.reduce_sum(mask, axes) + 1)


@dice.torch("WRONG: squares in the divisor")
def _(torch, x, mask):
    p = torch.sigmoid(x)
    return 1 - (2 * (p * mask).sum((1, 2)) + 1) / (p.square().sum((1, 2)) + mask.sum((1, 2)) + 1)


@dice.torch("WRONG: over the whole batch")
def _(torch, x, mask):
    p = torch.sigmoid(x)
    return (1 - (2 * (p * mask).sum() + 1) / (p.sum() + mask.sum() + 1)).expand(x.shape[0])


@dice.tensorflow("WRONG: no 1 is added above")
def _(tf, x, mask):
    p, mask = tf.sigmoid(x), tf.cast(mask, x.dtype)
    axes = [1, 2]
    return 1 - 2 * tf.reduce_sum(p * mask, axes) / (tf.reduce_sum(p, axes) + tf.reduce_sum(mask, axes) + 1)
