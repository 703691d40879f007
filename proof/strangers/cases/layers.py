"""Normalisations, gated layers, and routing."""

from parity import Case, grid, normal, uniform

FLOATS = ["float32", "float64"]


def normalised(np, x, axes, epsilon=1e-5):
    mean = np.mean(x, axis=axes, keepdims=True)
    variance = np.mean((x - mean) ** 2, axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon)


# Groups ------------------------------------------------------------------------------------------------------------

group = Case(
    "group_norm",
    "Channels are normalised in G groups, over all pixels.",
    sizes=dict(N=2, C=12, H=6, W=5),
    inputs=dict(x=normal("N C H W", mean=0.5)),
    weights=dict(scale=normal("C"), bias=normal("C")),
    outputs=dict(y="N C H W"),
    variants=grid(G=[3, 4]),
)


@group.reference
def _(np, x, scale, bias, *, N, C, H, W, G):
    y = np.reshape(normalised(np, np.reshape(x, (N, G, C // G, H, W)), (2, 3, 4)), (N, C, H, W))
    return y * scale[:, None, None] + bias[:, None, None]


@group.torch.layer("torch.nn.GroupNorm", weights=dict(weight="scale: C", bias="bias: C"))
def _(torch, *, C, G):
    return torch.nn.GroupNorm(G, C)


@group.tensorflow.layer(
    "keras.layers.GroupNormalization", weights=dict(gamma="scale: C", beta="bias: C"), x="N H W C", y="N H W C"
)
def _(tf, *, G):
    return tf.keras.layers.GroupNormalization(G, epsilon=1e-5)


@group.torch("WRONG: every G-th channel is a group")
def _(torch, x, scale, bias, *, C, G):
    mixed = x.unflatten(1, (C // G, G)).transpose(1, 2).flatten(1, 2)
    y = torch.nn.functional.group_norm(mixed, G).unflatten(1, (G, C // G)).transpose(1, 2).flatten(1, 2)
    return y * scale[:, None, None] + bias[:, None, None]


@group.tensorflow.layer(
    "WRONG: ε of Keras's default (float32, float64 only)",
    weights=dict(gamma="scale: C", beta="bias: C"),
    x="N H W C",
    y="N H W C",
)
def _(tf, *, G):
    return tf.keras.layers.GroupNormalization(G, epsilon=1e-3)


@group.torch("WRONG: nothing flows through mean and variance")
def _(torch, x, scale, bias, *, G):
    grouped = x.unflatten(1, (G, -1))
    variance, mean = torch.var_mean(grouped.detach(), (2, 3, 4), correction=0, keepdim=True)
    y = ((grouped - mean) / torch.sqrt(variance + 1e-5)).flatten(1, 2)
    return y * scale[:, None, None] + bias[:, None, None]


# Instances ---------------------------------------------------------------------------------------------------------

instance = Case(
    "instance_norm",
    "Every channel of every image is normalised by itself.",
    sizes=dict(N=2, C=3, L=500),
    inputs=dict(x=normal("N C L", mean=1.0, std=2.0)),
    outputs=dict(y="N C L"),
)


@instance.reference
def _(np, x):
    return normalised(np, x, -1)


@instance.torch("torch.nn.InstanceNorm1d")
def _(torch, x, *, C):
    return torch.nn.InstanceNorm1d(C)(x)


@instance.tensorflow("tf.nn.moments")
def _(tf, x):
    mean, variance = tf.nn.moments(x, -1, keepdims=True)
    return (x - mean) / tf.sqrt(variance + tf.constant(1e-5, x.dtype))


@instance.torch("WRONG: over all channels (float16, float32, float64 only)")
def _(torch, x):
    return torch.nn.functional.layer_norm(x, x.shape[1:])


@instance.tensorflow("WRONG: unbiased variance (float32, float64 only)")
def _(tf, x, *, L):
    mean, variance = tf.nn.moments(x, -1, keepdims=True)
    return (x - mean) / tf.sqrt(variance * (L / (L - 1)) + 1e-5)


@instance.torch("WRONG: ε added to the deviation (float32, float64 only)")
def _(torch, x):
    deviation, mean = torch.std_mean(x, -1, correction=0, keepdim=True)
    return (x - mean) / (deviation + 1e-5)


# Root mean squares -------------------------------------------------------------------------------------------------

rms = Case(
    "rms_norm",
    "Features over their root mean square, scaled.",
    sizes=dict(N=6, D=256),
    inputs=dict(x=normal("N D")),
    weights=dict(scale=normal("D", mean=1.0, std=0.1)),
    outputs=dict(y="N D"),
)


@rms.reference
def _(np, x, scale):
    return x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + 1e-6) * scale


@rms.torch("torch.nn.functional.rms_norm")
def _(torch, x, scale, *, D):
    return torch.nn.functional.rms_norm(x, (D,), scale, eps=1e-6)


@rms.tensorflow.layer("keras.layers.RMSNormalization", weights=dict(scale="scale: D"))
def _(tf):
    return tf.keras.layers.RMSNormalization(epsilon=1e-6)


@rms.torch("WRONG: the mean is taken away")
def _(torch, x, scale, *, D):
    return torch.nn.functional.layer_norm(x, (D,), scale, eps=1e-6)


@rms.torch("WRONG: 1 is added to the scale")
def _(torch, x, scale, *, D):
    return torch.nn.functional.rms_norm(x, (D,), 1 + scale, eps=1e-6)


@rms.tensorflow("WRONG: the norm in place of the root mean square")
def _(tf, x, scale):
    return tf.math.l2_normalize(x, -1) * scale


# Batches -----------------------------------------------------------------------------------------------------------

batch = Case(
    "batch_norm_training",
    "Normalised over the batch; the running variance takes in a tenth of the unbiased one.",
    sizes=dict(N=32, C=7),
    inputs=dict(
        x=normal("N C", mean=0.5), mean=normal("C", gradient=False), variance=uniform("C", 0.5, 2.0, gradient=False)
    ),
    weights=dict(scale=normal("C"), bias=normal("C")),
    outputs=dict(y="N C"),
    states=dict(new_mean="C", new_variance="C"),
    dtypes=FLOATS,
)


@batch.reference
def _(np, x, mean, variance, scale, bias, *, N):
    batch = np.mean(x, axis=0)
    spread = np.mean((x - batch) ** 2, axis=0)
    y = (x - batch) / np.sqrt(spread + 1e-5) * scale + bias
    x_mean, x_spread = np.stop_gradient(batch), np.stop_gradient(spread)
    return y, 0.9 * mean + 0.1 * x_mean, 0.9 * variance + 0.1 * x_spread * N / (N - 1)


@batch.torch("torch.nn.functional.batch_norm")
def _(torch, x, mean, variance, scale, bias):
    mean, variance = mean.clone(), variance.clone()
    y = torch.nn.functional.batch_norm(x, mean, variance, scale, bias, training=True)
    return y, mean, variance


def tf_batch(tf, x, mean, variance, scale, bias, correction, momentum=0.1, epsilon=1e-5):
    m, v = tf.nn.moments(x, 0)
    y = tf.nn.batch_normalization(x, m, v, bias, scale, epsilon)
    m, v = tf.stop_gradient(m), tf.stop_gradient(v)
    return y, (1 - momentum) * mean + momentum * m, (1 - momentum) * variance + momentum * correction * v


@batch.tensorflow("tf.nn.batch_normalization")
def _(tf, x, mean, variance, scale, bias, *, N):
    return tf_batch(tf, x, mean, variance, scale, bias, N / (N - 1))


@batch.tensorflow("WRONG: biased running variance")
def _(tf, x, mean, variance, scale, bias):
    return tf_batch(tf, x, mean, variance, scale, bias, 1.0)


@batch.tensorflow("WRONG: the momentum is the share that stays")
def _(tf, x, mean, variance, scale, bias, *, N):
    return tf_batch(tf, x, mean, variance, scale, bias, N / (N - 1), momentum=0.9)


@batch.torch("WRONG: running statistics normalise")
def _(torch, x, mean, variance, scale, bias):
    y = torch.nn.functional.batch_norm(x, mean, variance, scale, bias, training=False)
    new_mean, new_variance = mean.clone(), variance.clone()
    torch.nn.functional.batch_norm(x, new_mean, new_variance, training=True)
    return y, new_mean, new_variance


# Local responses ---------------------------------------------------------------------------------------------------

local = Case(
    "local_response_norm",
    "Channels over a power of the squares of five neighbouring ones.",
    sizes=dict(N=2, C=8, H=4, W=3),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C H W"),
    dtypes=FLOATS,
)


@local.reference
def _(np, x, *, C):
    near = np.abs(np.arange(C)[:, None] - np.arange(C)) <= 2
    return x / (1.0 + 0.1 * np.einsum("kc,nchw->nkhw", near * 1.0, x**2)) ** 0.75


@local.torch("torch.nn.functional.local_response_norm")
def _(torch, x):
    return torch.nn.functional.local_response_norm(x, 5, alpha=0.5, beta=0.75, k=1.0)


@local.tensorflow("tf.reduce_sum", x="N H W C", y="N H W C")
def _(tf, x, *, C):
    squares = tf.pad(x * x, [[0, 0], [0, 0], [0, 0], [2, 2]])
    return x / (1 + 0.1 * sum(squares[..., i : i + C] for i in range(5))) ** 0.75


@local.torch("WRONG: alpha is not divided by the five")
def _(torch, x):
    return torch.nn.functional.local_response_norm(x, 5, alpha=0.1, beta=0.75, k=1.0)


@local.torch("WRONG: beta = 0.5")
def _(torch, x):
    return torch.nn.functional.local_response_norm(x, 5, alpha=0.5, beta=0.5, k=1.0)


@local.tensorflow("WRONG: the channel and the four before it", x="N H W C", y="N H W C")
def _(tf, x, *, C):
    squares = tf.pad(x * x, [[0, 0], [0, 0], [0, 0], [4, 0]])
    return x / (1 + 0.1 * sum(squares[..., i : i + C] for i in range(5))) ** 0.75


# Gates -------------------------------------------------------------------------------------------------------------

swiglu = Case(
    "swiglu",
    "The feed-forward layer of recent language models: silu(x A) times x B, times C.",
    sizes=dict(N=5, I=32, F=96, O=24),
    inputs=dict(x=normal("N I")),
    weights=dict(a=normal("F I", std=0.2), b=normal("F I", std=0.2), c=normal("O F", std=0.1)),
    outputs=dict(y="N O"),
)


@swiglu.reference
def _(np, x, a, b, c):
    gate = np.einsum("ni,fi->nf", x, a)
    return np.einsum("nf,of->no", gate * (0.5 + 0.5 * np.tanh(0.5 * gate)) * np.einsum("ni,fi->nf", x, b), c)


@swiglu.torch("torch.nn.functional.silu")
def _(torch, x, a, b, c):
    linear = torch.nn.functional.linear
    return linear(torch.nn.functional.silu(linear(x, a)) * linear(x, b), c)


@swiglu.tensorflow("tf.nn.silu", a="I F", b="I F", c="F O")
def _(tf, x, a, b, c):
    return tf.nn.silu(x @ a) * (x @ b) @ c


@swiglu.torch("WRONG: gate and value exchanged")
def _(torch, x, a, b, c):
    linear = torch.nn.functional.linear
    return linear(torch.nn.functional.silu(linear(x, b)) * linear(x, a), c)


@swiglu.torch("WRONG: a sigmoid for silu")
def _(torch, x, a, b, c):
    linear = torch.nn.functional.linear
    return linear(torch.sigmoid(linear(x, a)) * linear(x, b), c)


@swiglu.torch("WRONG: matrices in bfloat16 (float32, float64 only)")
def _(torch, x, a, b, c):
    a, b, c = (each.bfloat16().to(x.dtype) for each in (a, b, c))
    linear = torch.nn.functional.linear
    return linear(torch.nn.functional.silu(linear(x, a)) * linear(x, b), c)


geglu = Case(
    "geglu",
    "Half of the features are multiplied by the exact GELU of the other half.",
    sizes=dict(N=7, T=11, D=64, H=lambda D: D // 2),
    inputs=dict(x=normal("N T D", std=1.5)),
    outputs=dict(y="N T H"),
    dtypes=FLOATS,
)


def error_function(np, x):
    """Abramowitz and Stegun's series 7.1.6, whose terms are all of one sign."""
    term, total = x, x
    for k in range(1, 120):
        term = term * (2 * x * x) / (2 * k + 1)
        total = total + term
    return 2 / np.sqrt(np.pi) * np.exp(-x * x) * total


geglu.deviation(
    "tf.nn.gelu",
    dtypes=["float64"],
    quantities=["output:y", "grad:x"],
    within=1e-7,
    because="√2 is rounded to float32 on its way to float64",
    source="measured with tensorflow 2.21.0",
)


@geglu.reference
def _(np, x):
    value, gate = np.split(x, 2, axis=-1)
    return value * 0.5 * gate * (1 + error_function(np, gate / np.sqrt(2)))


@geglu.torch("torch.nn.functional.gelu")
def _(torch, x):
    value, gate = x.chunk(2, -1)
    return value * torch.nn.functional.gelu(gate)


@geglu.tensorflow("tf.nn.gelu")
def _(tf, x):
    value, gate = tf.split(x, 2, axis=-1)
    return value * tf.nn.gelu(gate, approximate=False)


@geglu.torch("WRONG: the approximation with tanh")
def _(torch, x):
    value, gate = x.chunk(2, -1)
    return value * torch.nn.functional.gelu(gate, approximate="tanh")


@geglu.torch("WRONG: halves exchanged")
def _(torch, x):
    gate, value = x.chunk(2, -1)
    return value * torch.nn.functional.gelu(gate)


@geglu.tensorflow("WRONG: x times the sigmoid of 1.702 x")
def _(tf, x):
    value, gate = tf.split(x, 2, axis=-1)
    return value * gate * tf.sigmoid(1.702 * gate)


# Experts -----------------------------------------------------------------------------------------------------------

experts = Case(
    "mixture_of_experts",
    "Every token goes through the two experts with the largest scores, whose softmax weighs them.",
    sizes=dict(N=12, I=8, E=6, O=5),
    inputs=dict(x=normal("N I")),
    weights=dict(router=normal("E I"), expert=normal("E O I")),
    outputs=dict(y="N O"),
    dtypes=FLOATS,
)


@experts.reference
def _(np, x, router, expert, *, N):
    scores = np.einsum("ni,ei->ne", x, router)
    chosen = np.argsort(-scores, axis=-1)[:, :2]
    best = np.take_along_axis(scores, chosen, axis=-1)
    weights = np.exp(best - best[:, :1])
    weights = weights / np.sum(weights, axis=-1, keepdims=True)
    return np.einsum("nk,nkoi,ni->no", weights, expert[chosen], x)


@experts.torch("torch.topk")
def _(torch, x, router, expert):
    best, chosen = torch.topk(x @ router.T, 2)
    made = torch.einsum("nkoi,ni->nko", expert[chosen], x)
    return (torch.softmax(best, -1)[..., None] * made).sum(1)


@experts.tensorflow("tf.math.top_k")
def _(tf, x, router, expert):
    best, chosen = tf.math.top_k(tf.matmul(x, router, transpose_b=True), 2)
    made = tf.einsum("nkoi,ni->nko", tf.gather(expert, chosen), x)
    return tf.reduce_sum(tf.nn.softmax(best)[..., None] * made, 1)


@experts.torch("WRONG: softmax over all experts")
def _(torch, x, router, expert):
    share, chosen = torch.topk(torch.softmax(x @ router.T, -1), 2)
    return (share[..., None] * torch.einsum("nkoi,ni->nko", expert[chosen], x)).sum(1)


@experts.torch("WRONG: one expert")
def _(torch, x, router, expert):
    chosen = (x @ router.T).argmax(-1)
    return torch.einsum("noi,ni->no", expert[chosen], x) + 0 * router.sum()


@experts.tensorflow("WRONG: the router is not trained")
def _(tf, x, router, expert):
    best, chosen = tf.math.top_k(tf.matmul(x, tf.stop_gradient(router) + 0 * router, transpose_b=True), 2)
    made = tf.einsum("nkoi,ni->nko", tf.gather(expert, chosen), x)
    return tf.reduce_sum(tf.nn.softmax(best)[..., None] * made, 1)
