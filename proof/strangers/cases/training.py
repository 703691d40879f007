"""What training does beside the layers: rates, averages, clipping, quantisation, noise."""

from parity import Case, buffer, grid, integers, normal, uniform

FLOATS = ["float32", "float64"]

# Rates -------------------------------------------------------------------------------------------------------------

rate = Case(
    "cosine_rate_with_warmup",
    "A step of gradient descent for each of 60 rates: rising for ten steps, then falling as a cosine does.",
    sizes=dict(D=16, T=60),
    inputs=dict(w=normal("D"), g=normal("T D")),
    outputs=dict(y="D"),
    parameters=dict(warm=10, peak=0.1),
    dtypes=FLOATS,
)


@rate.reference
def _(np, w, g, *, T, warm, peak):
    step = np.arange(T)
    rates = np.where(step < warm, peak * (step + 1) / warm, peak / 2 * (1 + np.cos(np.pi * (step - warm) / (T - warm))))
    return w - np.einsum("t,td->d", rates, g)


def torch_descent(torch, w, g, warm, peak, final=None, first=1):
    for step, gradient in enumerate(g):
        end = len(g) if final is None else final
        falling = peak / 2 * (1 + torch.cos(torch.tensor(torch.pi * (step - warm) / (end - warm), dtype=w.dtype)))
        w = w - (peak * (step + first) / warm if step < warm else falling) * gradient
    return w


@rate.torch("torch.cos")
def _(torch, w, g, *, warm, peak):
    return torch_descent(torch, w, g, warm, peak)


@rate.tensorflow("keras.optimizers.schedules.CosineDecay")
def _(tf, w, g, *, T, warm, peak):
    decay = tf.keras.optimizers.schedules.CosineDecay(peak, T - warm)
    for step in range(T):
        if w.dtype == tf.float64:  # Keras computes rates in float32.
            cosine = tf.cos(tf.constant(3.14159265358979323846 * (step - warm) / (T - warm), w.dtype))
            falling = tf.constant(peak / 2, w.dtype) * (1 + cosine)
        else:
            falling = decay(step - warm)
        w = w - (tf.constant(peak * (step + 1) / warm, w.dtype) if step < warm else falling) * g[step]
    return w


@rate.torch("WRONG: the first rate is 0")
def _(torch, w, g, *, warm, peak):
    return torch_descent(torch, w, g, warm, peak, first=0)


@rate.torch("WRONG: falls to 0 a step early")
def _(torch, w, g, *, T, warm, peak):
    return torch_descent(torch, w, g, warm, peak, final=T - 1)


@rate.tensorflow("WRONG: rates in float32 (float64 only)")
def _(tf, w, g, *, T, warm, peak):
    decay = tf.keras.optimizers.schedules.CosineDecay(peak, T - warm)
    for step in range(T):
        value = peak * (step + 1) / warm if step < warm else decay(step - warm)
        w = w - tf.cast(value, w.dtype) * g[step]
    return w


@rate.torch("WRONG: no warm-up")
def _(torch, w, g, *, T, peak):
    return torch_descent(torch, w, g, 0, peak)


# Averages ----------------------------------------------------------------------------------------------------------

average = Case(
    "moving_average",
    "An exponential moving average of 200 numbers, corrected for its start at zero.",
    sizes=dict(T=200, C=5),
    inputs=dict(x=normal("T C", mean=1.0)),
    outputs=dict(y="T C"),
    dtypes=FLOATS,
    steps="T",
)


@average.reference
def _(np, x, *, T):
    mean, made = 0.0 * x[0], []
    corrections = 1 - np.power(0.9, np.arange(1.0, T + 1))
    for t in range(T):
        mean = 0.9 * mean + 0.1 * x[t]
        made.append(mean / corrections[t])
    return np.stack(made)


def torch_average(torch, x, decay=0.9, correct=1):
    mean, made = torch.zeros_like(x[0]), []
    for t, row in enumerate(x):
        mean = decay * mean + (1 - decay) * row
        made.append(mean / (1 - decay ** (t + correct)))
    return torch.stack(made)


@average.torch("torch.stack")
def _(torch, x):
    return torch_average(torch, x)


@average.torch("torch.Tensor.lerp")
def _(torch, x):
    mean, made = torch.zeros_like(x[0]), []
    for t, row in enumerate(x):
        mean = mean.lerp(row, 0.1)
        made.append(mean / (1 - 0.9 ** (t + 1)))
    return torch.stack(made)


@average.tensorflow("tf.scan")
def _(tf, x, *, T):
    means = tf.scan(lambda mean, row: 0.9 * mean + 0.1 * row, x, tf.zeros_like(x[0]))
    return means / (1 - tf.constant(0.9, x.dtype) ** tf.range(1, T + 1, dtype=x.dtype))[:, None]


@average.torch("WRONG: corrected for one step more")
def _(torch, x):
    return torch_average(torch, x, correct=2)


@average.torch("WRONG: 0.99")
def _(torch, x):
    return torch_average(torch, x, decay=0.99)


@average.tensorflow("WRONG: begins with the first number")
def _(tf, x):
    return tf.scan(lambda mean, row: 0.9 * mean + 0.1 * row, x)


# Clipping ----------------------------------------------------------------------------------------------------------

clip = Case(
    "clip_by_global_norm",
    "Two gradients, scaled down together so that their common norm is at most 1.",
    sizes=dict(A=20, B=6, C=5),
    inputs=dict(a=normal("A"), b=normal("B C")),
    outputs=dict(x="A", y="B C"),
    dtypes=FLOATS,
)


@clip.reference
def _(np, a, b):
    norm = np.sqrt(np.sum(a**2) + np.sum(b**2))
    scale = np.minimum(1.0, 1.0 / norm)
    return a * scale, b * scale


@clip.torch("torch.linalg.vector_norm")
def _(torch, a, b):
    norm = torch.linalg.vector_norm(torch.cat([a.flatten(), b.flatten()]))
    scale = (1 / norm).clamp(max=1)
    return a * scale, b * scale


@clip.tensorflow("tf.clip_by_global_norm")
def _(tf, a, b):
    return tf.clip_by_global_norm([a, b], 1.0)[0]


@clip.torch("WRONG: each by itself")
def _(torch, a, b):
    return tuple(x * (1 / torch.linalg.vector_norm(x)).clamp(max=1) for x in (a, b))


@clip.torch("WRONG: ε of 1e-4 in the divisor")
def _(torch, a, b):
    norm = torch.linalg.vector_norm(torch.cat([a.flatten(), b.flatten()]))
    scale = (1 / (norm + 1e-4)).clamp(max=1)
    return a * scale, b * scale


@clip.tensorflow("WRONG: values, not the norm")
def _(tf, a, b):
    return tf.clip_by_value(a, -1, 1), tf.clip_by_value(b, -1, 1)


# Reparametrised weights --------------------------------------------------------------------------------------------

weight_norm = Case(
    "weight_normalisation",
    "A layer whose rows have a direction and a length of their own.",
    sizes=dict(N=6, I=20, O=8),
    inputs=dict(x=normal("N I")),
    weights=dict(v=normal("O I"), g=uniform("O", 0.5, 2.0)),
    outputs=dict(y="N O"),
)


@weight_norm.reference
def _(np, x, v, g):
    kernel = g[:, None] * v / np.sqrt(np.sum(v**2, axis=1, keepdims=True))
    return np.einsum("ni,oi->no", x, kernel)


@weight_norm.torch("torch._weight_norm")
def _(torch, x, v, g):
    return x @ torch._weight_norm(v, g[:, None], 0).T


@weight_norm.tensorflow("tf.math.l2_normalize")
def _(tf, x, v, g):
    return tf.matmul(x, g[:, None] * tf.math.l2_normalize(v, 1), transpose_b=True)


@weight_norm.torch("WRONG: one length for the matrix")
def _(torch, x, v, g):
    return x @ (g[:, None] * v / v.norm()).T


@weight_norm.torch("WRONG: columns are normalised")
def _(torch, x, v, g):
    return x @ (g[:, None] * v / v.norm(dim=0, keepdim=True)).T


@weight_norm.tensorflow("WRONG: nothing flows through the norm")
def _(tf, x, v, g):
    return tf.matmul(x, g[:, None] * v / tf.stop_gradient(tf.norm(v, axis=1, keepdims=True)), transpose_b=True)


spectral = Case(
    "spectral_normalisation",
    "One step of the power iteration, and the matrix over the singular value that it gives.",
    sizes=dict(O=10, I=14),
    inputs=dict(u=normal("O", gradient=False)),
    weights=dict(w=normal("O I")),
    outputs=dict(y="O I"),
    states=dict(next="O"),
    dtypes=FLOATS,
)


@spectral.reference
def _(np, u, w):
    fixed = np.stop_gradient(w)
    v = u @ fixed
    v = v / np.sqrt(np.sum(v**2))
    u = fixed @ v
    u = u / np.sqrt(np.sum(u**2))
    return w / (u @ (w @ v)), u


def torch_spectral(torch, u, w, detach=True, steps=1):
    with torch.no_grad():
        for _ in range(steps):
            v = torch.nn.functional.normalize(w.T @ u, dim=0, eps=0.0)
            u = torch.nn.functional.normalize(w @ v, dim=0, eps=0.0)
    size = torch.dot(u, w @ v)
    return w / (size if detach else size.detach()), u


@spectral.torch("torch.nn.functional.normalize")
def _(torch, u, w):
    return torch_spectral(torch, u, w)


@spectral.tensorflow("tf.linalg.matvec")
def _(tf, u, w):
    fixed = tf.stop_gradient(w)
    v = tf.linalg.matvec(fixed, u, transpose_a=True)
    v = v / tf.norm(v)
    u = tf.linalg.matvec(fixed, v)
    u = u / tf.norm(u)
    return w / tf.tensordot(u, tf.linalg.matvec(w, v), 1), u


@spectral.torch("WRONG: two steps")
def _(torch, u, w):
    return torch_spectral(torch, u, w, steps=2)


@spectral.torch("WRONG: nothing flows through the singular value")
def _(torch, u, w):
    return torch_spectral(torch, u, w, detach=False)


@spectral.tensorflow("WRONG: the state is not updated")
def _(tf, u, w):
    fixed = tf.stop_gradient(w)
    v = tf.linalg.matvec(fixed, u, transpose_a=True)
    v = v / tf.norm(v)
    new = tf.linalg.matvec(fixed, v)
    new = new / tf.norm(new)
    return w / tf.tensordot(new, tf.linalg.matvec(w, v), 1), u


# Quantisation ------------------------------------------------------------------------------------------------------

fake = Case(
    "fake_quantisation",
    "Rounded to 256 steps of 1/32 around zero, with the gradient of the numbers that lie within.",
    sizes=dict(N=40, C=10),
    inputs=dict(x=normal("N C", std=2.5)),
    outputs=dict(y="N C"),
    dtypes=["float32"],
    exact=True,
    unsigned_zeros="the whole numbers in between have no -0",
)


@fake.reference
def _(np, x):
    steps = np.clip(np.round(x * 32), -128, 127)
    inside = (np.round(x * 32) >= -128) & (np.round(x * 32) <= 127)
    return np.straight_through(steps / 32, x * inside)


@fake.torch("torch.fake_quantize_per_tensor_affine")
def _(torch, x):
    return torch.fake_quantize_per_tensor_affine(x, 1 / 32, 0, -128, 127)


@fake.tensorflow("tf.custom_gradient")
def _(tf, x):
    @tf.custom_gradient
    def quantised(x):
        steps = tf.round(x * 32)
        inside = tf.cast((steps >= -128) & (steps <= 127), x.dtype)
        return tf.clip_by_value(steps, -128, 127) / 32, lambda given: given * inside

    return quantised(x)


@fake.torch("WRONG: rounded down")
def _(torch, x):
    return torch.fake_quantize_per_tensor_affine(x - 1 / 64, 1 / 32, 0, -128, 127)


@fake.torch("WRONG: a gradient outside, too")
def _(torch, x):
    y = torch.fake_quantize_per_tensor_affine(x, 1 / 32, 0, -128, 127)
    return x + (y - x).detach()


@fake.torch("WRONG: seven bits")
def _(torch, x):
    return torch.fake_quantize_per_tensor_affine(x, 1 / 32, 0, -64, 63)


rounding = Case(
    "rounding_modes",
    "Halves to even, down, up, towards zero, and away from zero.",
    sizes=dict(N=400),
    inputs=dict(k=integers("N", -40, 40)),
    outputs=dict(even=buffer("N"), down=buffer("N"), up=buffer("N"), zero=buffer("N"), away=buffer("N")),
    exact=True,
    dtypes=FLOATS,
)


@rounding.reference
def _(np, k):
    x = k / 4
    away = np.sign(x) * np.floor(np.abs(x) + 0.5)
    return np.round(x) + 0.0, np.floor(x), np.ceil(x) + 0.0, np.trunc(x) + 0.0, away + 0.0


def torch_rounded(torch, x, even, zero):
    return even + 0.0, torch.floor(x), torch.ceil(x) + 0.0, zero + 0.0, torch.sign(x) * torch.floor(x.abs() + 0.5) + 0.0


@rounding.torch("torch.round")
def _(torch, k, *, dtype):
    x = k.to(getattr(torch, dtype)) / 4
    return torch_rounded(torch, x, torch.round(x), torch.trunc(x))


@rounding.tensorflow("tf.round")
def _(tf, k, *, dtype):
    x = tf.cast(k, dtype) / 4
    zero = tf.cast(tf.cast(x, tf.int32), dtype)
    away = tf.sign(x) * tf.floor(tf.abs(x) + 0.5)
    return tf.round(x) + 0.0, tf.floor(x), tf.math.ceil(x) + 0.0, zero, away + 0.0


@rounding.torch("WRONG: halves up")
def _(torch, k, *, dtype):
    x = k.to(getattr(torch, dtype)) / 4
    return torch_rounded(torch, x, torch.floor(x + 0.5), torch.trunc(x))


@rounding.torch("WRONG: down for towards zero")
def _(torch, k, *, dtype):
    x = k.to(getattr(torch, dtype)) / 4
    return torch_rounded(torch, x, torch.round(x), torch.floor(x))


@rounding.tensorflow("WRONG: one number is not rounded up")
def _(tf, k, *, dtype, N):
    x = tf.cast(k, dtype) / 4
    zero, away = tf.cast(tf.cast(x, tf.int32), dtype), tf.sign(x) * tf.floor(tf.abs(x) + 0.5)
    up = tf.math.ceil(x) + 0.0 - tf.one_hot(N - 1, N, dtype=dtype)
    return tf.round(x) + 0.0, tf.floor(x), up, zero, away + 0.0


# Noise -------------------------------------------------------------------------------------------------------------

gumbel = Case(
    "gumbel_softmax",
    "Softmax of logits with given Gumbel noise at temperature 0.5, as one-hot with the gradient of the soft one.",
    sizes=dict(N=20, K=8),
    inputs=dict(x=normal("N K"), noise=uniform("N K", 0.05, 0.95, gradient=False)),
    outputs=dict(soft="N K", hard="N K"),
    dtypes=FLOATS,
)


@gumbel.reference
def _(np, x, noise, *, K):
    z = (x - np.log(-np.log(noise))) / 0.5
    e = np.exp(z - np.stop_gradient(np.max(z, axis=-1, keepdims=True)))
    soft = e / np.sum(e, axis=-1, keepdims=True)
    hard = (np.argmax(z, axis=-1)[:, None] == np.arange(K)) * 1.0
    return soft, np.straight_through(hard, soft)


def torch_gumbel(torch, x, noise, temperature=0.5):
    return torch.softmax((x - torch.log(-torch.log(noise))) / temperature, -1)


@gumbel.torch("torch.softmax")
def _(torch, x, noise, *, K):
    soft = torch_gumbel(torch, x, noise)
    hard = torch.nn.functional.one_hot(soft.argmax(-1), K).to(x.dtype)
    return soft, hard - soft.detach() + soft


@gumbel.tensorflow("tf.nn.softmax")
def _(tf, x, noise, *, K):
    soft = tf.nn.softmax((x - tf.math.log(-tf.math.log(noise))) / 0.5)
    hard = tf.one_hot(tf.argmax(soft, -1), K, dtype=x.dtype)
    return soft, tf.stop_gradient(hard - soft) + soft


@gumbel.torch("WRONG: no gradient through the hard one")
def _(torch, x, noise, *, K):
    soft = torch_gumbel(torch, x, noise)
    return soft, torch.nn.functional.one_hot(soft.argmax(-1), K).to(x.dtype) + 0 * soft


@gumbel.torch("WRONG: the sign of the noise")
def _(torch, x, noise, *, K):
    soft = torch.softmax((x + torch.log(-torch.log(noise))) * 2, -1)
    hard = torch.nn.functional.one_hot(torch_gumbel(torch, x, noise).argmax(-1), K).to(x.dtype)
    return soft, hard - soft.detach() + soft


@gumbel.tensorflow("WRONG: the temperature divides the logits only")
def _(tf, x, noise, *, K):
    soft = tf.nn.softmax(x / 0.5 - tf.math.log(-tf.math.log(noise)))
    hard = tf.one_hot(tf.argmax(soft, -1), K, dtype=x.dtype)
    return soft, tf.stop_gradient(hard - soft) + soft


sampling = Case(
    "reparametrisation",
    "A sample of a normal distribution that is given by its mean and the logarithm of its variance.",
    sizes=dict(N=10, D=12),
    inputs=dict(mean=normal("N D"), log_variance=normal("N D"), noise=normal("N D", gradient=False)),
    outputs=dict(z="N D"),
)


@sampling.reference
def _(np, mean, log_variance, noise):
    return mean + np.exp(0.5 * log_variance) * noise


@sampling.torch("torch.exp")
def _(torch, mean, log_variance, noise):
    return mean + torch.exp(0.5 * log_variance) * noise


@sampling.tensorflow("tf.exp")
def _(tf, mean, log_variance, noise):
    return mean + tf.exp(0.5 * log_variance) * noise


@sampling.torch("WRONG: the variance scales")
def _(torch, mean, log_variance, noise):
    return mean + torch.exp(log_variance) * noise


@sampling.torch("WRONG: the variance is not trained")
def _(torch, mean, log_variance, noise):
    return mean + torch.exp(0.5 * log_variance).detach() * noise + 0 * log_variance


@sampling.tensorflow("WRONG: softplus")
def _(tf, mean, log_variance, noise):
    return mean + tf.nn.softplus(0.5 * log_variance) * noise


# Running statistics ------------------------------------------------------------------------------------------------

running = Case(
    "running_statistics",
    "Welford's mean and variance of 300 numbers far from zero, taken in one by one.",
    sizes=dict(T=300, C=4),
    inputs=dict(x=normal("T C", mean=30.0)),
    outputs=dict(mean="C", variance="C"),
    variants=grid(unbiased=[True, False]),
    dtypes=FLOATS,
)


@running.reference
def _(np, x, *, T, unbiased):
    mean, total = x[0] * 0.0, x[0] * 0.0
    for t in range(T):
        off = x[t] - mean
        mean = mean + off / (t + 1)
        total = total + off * (x[t] - mean)
    return mean, total / (T - unbiased)


@running.torch("one number after the other")
def _(torch, x, *, T, unbiased):
    mean, total = torch.zeros_like(x[0]), torch.zeros_like(x[0])
    for t in range(T):
        off = x[t] - mean
        mean = mean + off / (t + 1)
        total = total + off * (x[t] - mean)
    return mean, total / (T - unbiased)


@running.torch("torch.var_mean")
def _(torch, x, *, unbiased):
    variance, mean = torch.var_mean(x, 0, correction=int(unbiased))
    return mean, variance


@running.tensorflow("tf.nn.moments")
def _(tf, x, *, T, unbiased):
    mean, variance = tf.nn.moments(x, 0)
    return mean, variance * (T / (T - unbiased))


@running.torch("WRONG: the mean of squares less the square of the mean")
def _(torch, x, *, T, unbiased):
    mean = x.mean(0)
    return mean, (x.square().mean(0) - mean.square()) * (T / (T - unbiased))


@running.tensorflow("WRONG: one too many is subtracted")
def _(tf, x, *, T, unbiased):
    mean, variance = tf.nn.moments(x, 0)
    return mean, variance * (T / (T - unbiased - 1))


@running.torch("WRONG: the deviation")
def _(torch, x, *, unbiased):
    deviation, mean = torch.std_mean(x, 0, correction=int(unbiased))
    return mean, deviation
