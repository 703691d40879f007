"""The loss of a language model: cross entropy at every step of every sequence, and its perplexity."""

from _losses import log_softmax, one_hot

from parity import Case, grid, integers, normal

PTB = "https://github.com/tensorflow/models/blob/086660faed/tutorials/rnn/ptb/ptb_word_lm.py"
TORCH_CE = "https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html"

sequence_loss_by_example = Case(
    "sequence_loss_by_example",
    "The weighted cross entropies of each sequence, summed over its steps or averaged by their weights.",
    sizes=dict(N=3, T=4, V=7),
    inputs=dict(logits=normal("N T V"), targets=integers("N T", 0, "V"), lengths=integers("N", 1, "T")),
    outputs=dict(loss="N"),
    variants=grid(padded=[False, True], average_across_timesteps=[True, False]),
)


@sequence_loss_by_example.reference
def _(np, logits, targets, lengths, *, T, V, padded, average_across_timesteps):
    crossent = -np.sum(one_hot(np, targets, V) * log_softmax(np, logits), -1)
    weights = (np.arange(T) < lengths[:, None] if padded else np.ones((len(lengths), T))) * 1
    total = np.sum(weights * crossent, 1)
    return total / np.sum(weights, 1) if average_across_timesteps else total


@sequence_loss_by_example.torch("torch.nn.functional.cross_entropy")
def _(torch, logits, targets, lengths, *, T, padded, average_across_timesteps):
    crossent = torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    weights = torch.arange(T, device=logits.device) < lengths[:, None] if padded else torch.ones_like(targets)
    total = (crossent * weights).sum(dim=1)
    return total / weights.sum(dim=1) if average_across_timesteps else total


@sequence_loss_by_example.torch("torch.nn.functional.cross_entropy(ignore_index)")
def _(torch, logits, targets, lengths, *, N, T, V, padded, average_across_timesteps):
    if padded:
        targets = targets.masked_fill(torch.arange(T, device=logits.device) >= lengths[:, None], -100)
    crossent = torch.nn.functional.cross_entropy(logits.reshape(-1, V), targets.reshape(-1), reduction="none")
    total = crossent.view(N, T).sum(dim=1)
    return total / (targets != -100).sum(dim=1) if average_across_timesteps else total


@sequence_loss_by_example.tensorflow("tf.nn.sparse_softmax_cross_entropy_with_logits")
def _(tf, logits, targets, lengths, *, T, padded, average_across_timesteps):
    weights = tf.sequence_mask(lengths, T, logits.dtype) if padded else tf.ones_like(targets, logits.dtype)
    steps = zip(*(tf.unstack(tensor, axis=1) for tensor in (logits, targets, weights)), strict=True)
    total = tf.add_n(
        [w * tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logit) for logit, target, w in steps]
    )
    return total / tf.reduce_sum(weights, 1) if average_across_timesteps else total


@sequence_loss_by_example.tensorflow("keras.losses.SparseCategoricalCrossentropy")
def _(tf, logits, targets, lengths, *, T, padded, average_across_timesteps, dtype):
    weights = tf.sequence_mask(lengths, T, dtype) if padded else tf.ones_like(targets, dtype)
    loss = tf.keras.losses.SparseCategoricalCrossentropy(True, reduction=None, dtype=dtype)
    total = tf.reduce_sum(loss(targets, logits, sample_weight=weights), 1)
    return total / tf.reduce_sum(weights, 1) if average_across_timesteps else total


@sequence_loss_by_example.torch.naive(
    "torch.nn.functional.cross_entropy",
    "classes in the last axis",
    when=dict(padded=False, average_across_timesteps=False),
    raises="RuntimeError: Expected target size [3, 7], got [3, 4]",
    because="the classes are on axis 1, also of logits with more than two axes; TensorFlow has them on the last axis",
    source=TORCH_CE,
    fix="transpose axes 1 and 2 of the logits, or merge the batch and time axes of logits and targets",
)
def _(torch, logits, targets, lengths):
    return torch.nn.functional.cross_entropy(logits, targets, reduction="none").sum(dim=1)


@sequence_loss_by_example.torch.naive(
    "torch.nn.functional.cross_entropy",
    "time-major logits, batch-major targets",
    when=dict(padded=False, average_across_timesteps=False),
    because="the logits of a time-major LSTM and batch-major targets, both flattened, pair different words",
    source=PTB,
    fix="transpose the logits to batch-major before flattening them, or flatten time-major targets",
    logits="T N V",
)
def _(torch, logits, targets, lengths, *, N, T, V):
    crossent = torch.nn.functional.cross_entropy(logits.reshape(-1, V), targets.reshape(-1), reduction="none")
    return crossent.view(N, T).sum(dim=1)


@sequence_loss_by_example.torch.naive(
    "torch.nn.functional.cross_entropy(ignore_index)",
    "mean over all steps",
    when=dict(padded=True, average_across_timesteps=True),
    because="with reduction='none' the ignored steps are zeros, and a mean over the time axis counts them",
    source=TORCH_CE,
    fix="divide the sum by the number of steps that count",
)
def _(torch, logits, targets, lengths, *, T):
    targets = targets.masked_fill(torch.arange(T, device=logits.device) >= lengths[:, None], -100)
    return torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none").mean(dim=1)


ptb_cost = Case(
    "ptb_cost",
    "The cost of the PTB language model, cross entropy summed over time and averaged over the batch; its perplexity.",
    sizes=dict(N=3, T=4, V=7),
    inputs=dict(logits=normal("N T V"), targets=integers("N T", 0, "V")),
    outputs=dict(cost="", perplexity=""),
)


@ptb_cost.reference
def _(np, logits, targets, *, N, T, V):
    cost = -np.sum(one_hot(np, targets, V) * log_softmax(np, logits)) / N
    return cost, np.exp(cost / T)


@ptb_cost.torch("torch.nn.functional.cross_entropy")
def _(torch, logits, targets, *, N, T, V):
    cost = torch.nn.functional.cross_entropy(logits.reshape(-1, V), targets.reshape(-1), reduction="sum") / N
    return cost, torch.exp(cost / T)


@ptb_cost.torch("torch.nn.CrossEntropyLoss", logits="T N V", targets="T N")
def _(torch, logits, targets, *, T):
    mean = torch.nn.CrossEntropyLoss()(logits.flatten(0, 1), targets.flatten())
    return T * mean, torch.exp(mean)


@ptb_cost.torch("torch.nn.NLLLoss")
def _(torch, logits, targets, *, T):
    cost = T * torch.nn.NLLLoss()(torch.nn.functional.log_softmax(logits, dim=2).transpose(1, 2), targets)
    return cost, torch.exp(cost / T)


@ptb_cost.tensorflow("tf.nn.sparse_softmax_cross_entropy_with_logits")
def _(tf, logits, targets, *, N, T, V):
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.reshape(targets, [-1]), logits=tf.reshape(logits, [-1, V])
    )
    cost = tf.reduce_sum(loss) / N
    return cost, tf.exp(cost / T)


@ptb_cost.tensorflow("keras.losses.SparseCategoricalCrossentropy")
def _(tf, logits, targets, *, T, dtype):
    mean = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=dtype)(targets, logits)
    return T * mean, tf.exp(mean)


@ptb_cost.torch.naive(
    "torch.nn.CrossEntropyLoss",
    "mean over batch and time",
    wrong="output:cost",
    size=(0.37, 1.5),
    because="the TensorFlow model divides the sum by the batch size only, so that its gradients are T times as large",
    source=PTB,
    fix="take reduction='sum' and divide by the batch size",
)
def _(torch, logits, targets, *, V):
    cost = torch.nn.CrossEntropyLoss()(logits.reshape(-1, V), targets.reshape(-1))
    return cost, torch.exp(cost)


@ptb_cost.torch.naive(
    "torch.exp",
    "perplexity of the cost per sequence",
    wrong="output:perplexity",
    because="the cost is a sum over time: perplexity is the exponential of the cost per word",
    source=PTB,
    fix="divide the cost by the number of steps before the exponential",
)
def _(torch, logits, targets, *, N, V):
    cost = torch.nn.functional.cross_entropy(logits.reshape(-1, V), targets.reshape(-1), reduction="sum") / N
    return cost, torch.exp(cost)


@ptb_cost.tensorflow.naive(
    "tf.reduce_mean",
    "mean of per-sequence perplexities",
    wrong="output:perplexity",
    because="the exponential of a mean is not the mean of the exponentials",
    source=PTB,
    fix="average the losses, then take the exponential once",
)
def _(tf, logits, targets, *, T):
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    return tf.reduce_mean(tf.reduce_sum(loss, 1)), tf.reduce_mean(tf.exp(tf.reduce_mean(loss, 1)))
