"""Losses that compare distributions and directions: Kullback-Leibler divergence and cosine similarity."""

from _losses import log_softmax

from parity import Case, grid, normal, uniform

TORCH_KL = "https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html"

kl_divergence = Case(
    "kl_divergence",
    "The Kullback-Leibler divergence of a distribution Q from the target P: the sum of p log(p / q).",
    sizes=dict(N=5, C=4),
    inputs=dict(logits=normal("N C"), target_logits=normal("N C")),
    outputs=lambda reduction: dict(loss="N" if reduction == "none" else ""),
    variants=grid(reduction=["none", "batchmean", "sum"]),
)


@kl_divergence.reference
def _(np, logits, target_logits, *, reduction):
    log_q, log_p = log_softmax(np, logits), log_softmax(np, target_logits)
    loss = np.sum(np.exp(log_p) * (log_p - log_q), 1)
    return loss if reduction == "none" else np.mean(loss) if reduction == "batchmean" else np.sum(loss)


@kl_divergence.torch("torch.nn.functional.kl_div")
def _(torch, logits, target_logits, *, reduction):
    log_q, p = torch.log_softmax(logits, 1), torch.softmax(target_logits, 1)
    loss = torch.nn.functional.kl_div(log_q, p, reduction=reduction)
    return loss.sum(dim=1) if reduction == "none" else loss


@kl_divergence.torch("torch.nn.KLDivLoss(log_target)")
def _(torch, logits, target_logits, *, reduction):
    log_q, log_p = torch.log_softmax(logits, 1), torch.log_softmax(target_logits, 1)
    loss = torch.nn.KLDivLoss(reduction=reduction, log_target=True)(log_q, log_p)
    return loss.sum(dim=1) if reduction == "none" else loss


@kl_divergence.tensorflow("keras.losses.KLDivergence")
def _(tf, logits, target_logits, *, reduction, dtype):
    reduction = dict(none=None, batchmean="sum_over_batch_size", sum="sum")[reduction]
    return tf.keras.losses.KLDivergence(reduction=reduction, dtype=dtype)(
        tf.nn.softmax(target_logits), tf.nn.softmax(logits)
    )


@kl_divergence.tensorflow("tf.nn.log_softmax")
def _(tf, logits, target_logits, *, reduction):
    log_q, log_p = tf.nn.log_softmax(logits), tf.nn.log_softmax(target_logits)
    loss = tf.reduce_sum(tf.exp(log_p) * (log_p - log_q), 1)
    return dict(none=tf.identity, batchmean=tf.reduce_mean, sum=tf.reduce_sum)[reduction](loss)


@kl_divergence.torch.naive(
    "torch.nn.functional.kl_div",
    "target first",
    when=dict(reduction="batchmean"),
    because="keras.losses.KLDivergence takes the target first, PyTorch the logarithm of the prediction first",
    source=TORCH_KL,
    fix="pass log Q as the first argument and P as the second",
)
def _(torch, logits, target_logits, *, reduction):
    log_p, q = torch.log_softmax(target_logits, 1), torch.softmax(logits, 1)
    return torch.nn.functional.kl_div(log_p, q, reduction=reduction)


@kl_divergence.torch.naive(
    "torch.nn.functional.kl_div",
    "probabilities for log probabilities",
    when=dict(reduction="batchmean"),
    because="the first argument is the logarithm of Q, whereas Keras takes probabilities",
    source=TORCH_KL,
    fix="pass torch.log_softmax of the logits",
)
def _(torch, logits, target_logits, *, reduction):
    q, p = torch.softmax(logits, 1), torch.softmax(target_logits, 1)
    return torch.nn.functional.kl_div(q, p, reduction=reduction)


@kl_divergence.torch.naive(
    "torch.nn.KLDivLoss",
    "its default mean",
    when=dict(reduction="batchmean"),
    size=(0.37, 1.6),
    because="reduction='mean' divides by the number of elements, classes included: no divergence of distributions",
    source=TORCH_KL,
    fix="pass reduction='batchmean'",
)
def _(torch, logits, target_logits):
    return torch.nn.KLDivLoss()(torch.log_softmax(logits, 1), torch.softmax(target_logits, 1))


cosine_similarity = Case(
    "cosine_similarity",
    "The cosine of the angle between the rows of x and y.",
    sizes=dict(N=5, C=4),
    inputs=dict(x=uniform("N C", 0.5, 2), y=normal("N C")),
    outputs=dict(cosine="N"),
)


@cosine_similarity.reference
def _(np, x, y):
    return np.sum(x * y, 1) / np.sqrt(np.sum(x * x, 1) * np.sum(y * y, 1))


@cosine_similarity.torch("torch.nn.functional.cosine_similarity")
def _(torch, x, y):
    return torch.nn.functional.cosine_similarity(x, y)


@cosine_similarity.torch.layer("torch.nn.CosineSimilarity", weights={})
def _(torch):
    return torch.nn.CosineSimilarity(dim=1)


@cosine_similarity.tensorflow("tf.nn.l2_normalize")
def _(tf, x, y):
    return tf.reduce_sum(tf.nn.l2_normalize(x, 1) * tf.nn.l2_normalize(y, 1), 1)


@cosine_similarity.tensorflow("keras.losses.CosineSimilarity")
def _(tf, x, y, *, dtype):
    return -tf.keras.losses.CosineSimilarity(reduction=None, dtype=dtype)(x, y)


@cosine_similarity.tensorflow.naive(
    "keras.losses.CosineSimilarity",
    "its sign",
    size=(0.99, 4.1),
    because="the Keras loss is minus the cosine, so that minimising it aligns the vectors",
    source="https://keras.io/api/losses/regression_losses/#cosinesimilarity-class",
    fix="negate it",
)
def _(tf, x, y, *, dtype):
    return tf.keras.losses.CosineSimilarity(reduction=None, dtype=dtype)(x, y)


@cosine_similarity.tensorflow.naive(
    "tf.compat.v1.losses.cosine_distance",
    "vectors of any length",
    kind="dtype",
    because="it takes vectors of length one for granted, and gives 1 minus their inner product",
    source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/losses/cosine_distance",
    fix="normalise both vectors with tf.nn.l2_normalize first",
)
def _(tf, x, y):
    distance = tf.compat.v1.losses.cosine_distance(x, y, axis=1, reduction="none")
    return 1 - tf.squeeze(distance, 1)
