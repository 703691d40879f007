"""Special functions: Bessel and gamma functions, the normal distribution, sinc, x log(y), softplus."""

from parity import Case, buffer, grid, uniform

TORCH = "measured with torch 2.13.0"
TENSORFLOW = "measured with TensorFlow 2.21.0"

bessel = Case(
    "bessel",
    "The Bessel functions of the first kind, of the orders 0 and 1, beyond 5.",
    sizes=dict(N=5, C=6),
    inputs=dict(x=uniform("N C", 5.5, 12, gradient=False)),
    outputs=dict(y=buffer("N C")),
    variants=grid(order=[0, 1]),
    dtypes=["float64", "float32"],
)


@bessel.reference
def _(np, x, *, order):
    angles = 2 * np.arccos(-1 + 0 * x[0, 0]) * np.arange(64) / 64
    return np.mean(np.cos(order * angles - x[..., None] * np.sin(angles)), -1)


@bessel.torch("torch.special.bessel_j")
def _(torch, x, *, order):
    return [torch.special.bessel_j0, torch.special.bessel_j1][order](x)


@bessel.torch("torch.cos")
def _(torch, x, *, order):
    angles = 2 * torch.pi * torch.arange(64, dtype=x.dtype, device=x.device) / 64
    return torch.cos(order * angles - x[..., None] * torch.sin(angles)).mean(-1)


@bessel.tensorflow("tf.math.special.bessel_j")
def _(tf, x, *, order):
    return [tf.math.special.bessel_j0, tf.math.special.bessel_j1][order](x)


bessel.deviation(
    "torch.special.bessel_j",
    quantities=["output:y"],
    within=1e-5,
    because="just above 5 the float64 results are off by 4e-7, more than float32 rounding, and less further out",
    source=TORCH,
    dtypes=["float64"],
    devices=["cpu"],
)

bessel.limitation(
    "tf.math.special.bessel_j",
    raises="InvalidArgumentError: No registered 'BesselJ",
    because="XLA has no Bessel functions",
    source=TENSORFLOW,
    modes=["compiled"],
)

digamma = Case(
    "digamma",
    "The logarithmic derivative of the gamma function, and its own derivative.",
    sizes=dict(N=5, C=6),
    inputs=dict(x=uniform("N C", 1, 3)),
    outputs=dict(y="N C"),
    dtypes=["float64", "float32"],
)


@digamma.reference
def _(np, x):
    z = x + 20
    tail = sum(b / (n * z**n) for n, b in ((2, 1 / 6), (4, -1 / 30), (6, 1 / 42), (8, -1 / 30), (10, 5 / 66)))
    return np.log(z) - 1 / (2 * z) - tail - sum(1 / (x + k) for k in range(20))


@digamma.torch("torch.digamma")
def _(torch, x):
    return torch.digamma(x)


@digamma.tensorflow("tf.math.digamma")
def _(tf, x):
    return tf.math.digamma(x)


digamma.deviation(
    "torch.digamma",
    quantities=["grad:x"],
    within=1e-8,
    because="the gradient, torch.polygamma(1, x), sums up a series too short for float64",
    source="torch/include/ATen/native/Math.h of PyTorch 2.13.0: trigamma",
    dtypes=["float64"],
    devices=["cpu"],
)


ndtr = Case(
    "ndtr",
    "The distribution function of the normal distribution.",
    sizes=dict(N=5, C=6),
    inputs=dict(x=uniform("N C", -3, 3)),
    outputs=dict(y="N C"),
    dtypes=["float64", "float32"],
)


@ndtr.reference
def _(np, x):
    """The power series of the integral of the density: 60 terms end below 1e-20 for |x| < 3."""
    term = total = x / np.sqrt(2 * np.pi)
    for n in range(1, 60):
        term = -term * x**2 * ((2 * n - 1) / (2 * n * (2 * n + 1)))
        total = total + term
    return 0.5 + total


@ndtr.torch("torch.special.ndtr")
def _(torch, x):
    return torch.special.ndtr(x)


@ndtr.torch("torch.erf")
def _(torch, x):
    return 0.5 + 0.5 * torch.erf(x * 0.5**0.5)


@ndtr.tensorflow("tf.math.erf")
def _(tf, x):
    return 0.5 + 0.5 * tf.math.erf(x * 0.5**0.5)


@ndtr.tensorflow("keras.ops.erf")
def _(tf, x):
    return 0.5 + 0.5 * tf.keras.ops.erf(x * 0.5**0.5)


sinc = Case(
    "sinc",
    "sin(pi x) / (pi x).",
    sizes=dict(N=5, C=6),
    inputs=dict(x=uniform("N C", 0.25, 2.5)),
    outputs=dict(y="N C"),
)


@sinc.reference
def _(np, x):
    return np.sin(np.pi * x) / (np.pi * x)


@sinc.torch("torch.sinc")
def _(torch, x):
    return torch.sinc(x)


@sinc.tensorflow("keras.ops.sinc")
def _(tf, x):
    return tf.keras.ops.sinc(x)


@sinc.tensorflow.naive(
    "tf.sin",
    "not normalised",
    because="the sinc of PyTorch, Keras and NumPy is that of signal processing, whose zeros are whole numbers",
    source="https://docs.pytorch.org/docs/stable/special.html#torch.special.sinc",
    fix="multiply by pi first",
)
def _(tf, x):
    return tf.sin(x) / x


xlogy = Case(
    "xlogy",
    "x log(y), and its gradients.",
    sizes=dict(N=5, C=6),
    inputs=dict(x=uniform("N C", 0.5, 2), y=uniform("N C", 1.125, 2)),
    outputs=dict(r="N C"),
)


@xlogy.reference
def _(np, x, y):
    return x * np.log(y)


@xlogy.torch("torch.xlogy")
def _(torch, x, y):
    return torch.xlogy(x, y)


@xlogy.tensorflow("tf.math.xlogy")
def _(tf, x, y):
    return tf.math.xlogy(x, y)


softplus = Case(
    "softplus_with_threshold",
    "log(1 + exp(beta x)) / beta; where beta x is beyond a threshold, x itself.",
    sizes=dict(N=6, C=8),
    inputs=dict(x=uniform("N C", -3, 3)),
    outputs=dict(y="N C"),
    variants=grid(beta=[1, 2], threshold=[2]) + grid(beta=[2], threshold=[20]),
)


@softplus.reference
def _(np, x, *, beta, threshold):
    return np.where(beta * x > threshold, x, np.log1p(np.exp(beta * x)) / beta)


@softplus.torch("torch.nn.functional.softplus")
def _(torch, x, *, beta, threshold):
    return torch.nn.functional.softplus(x, beta, threshold)


@softplus.torch.layer("torch.nn.Softplus", weights={})
def _(torch, *, beta, threshold):
    return torch.nn.Softplus(beta, threshold)


@softplus.tensorflow("tf.nn.softplus")
def _(tf, x, *, beta, threshold):
    return tf.where(beta * x > threshold, x, tf.nn.softplus(beta * x) / beta)


@softplus.tensorflow.naive(
    "tf.nn.softplus",
    "no threshold",
    when=dict(beta=1, threshold=2),
    because="TensorFlow's softplus is never x itself",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html",
    fix="take x by tf.where beyond the threshold",
)
def _(tf, x):
    return tf.nn.softplus(x)
