"""Special functions: Bessel functions, and the derivatives of the logarithm of the gamma function."""

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
