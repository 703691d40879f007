"""Numbers that a formula makes itself: rotary positions, and the places of pixels in bicubic interpolation."""

from parity import Case, grid, normal, uniform


def declare(name, formula, **inputs):
    case = Case(
        name,
        "Rotary position embedding of the first and second half of the features.",
        sizes=dict(T=600, D=4),
        inputs=dict(a=normal("T D"), b=normal("T D"), **inputs),
        outputs=dict(c="T D", d="T D"),
        dtypes=["float32", "float64"],
    )
    case.reference(formula)

    @case.torch("torch.cos, torch.sin")
    def _(torch, a, b, one=None, *, T, D):
        frequency = 10000.0 ** (-torch.arange(D, dtype=a.dtype) / D)
        angle = torch.arange(T, dtype=a.dtype)[:, None] * frequency
        cos, sin = torch.cos(angle), torch.sin(angle)
        return a * cos - b * sin, b * cos + a * sin

    @case.tensorflow("tf.cos, tf.sin")
    def _(tf, a, b, one=None, *, T, D):
        frequency = tf.pow(tf.constant(10000.0, a.dtype), -tf.range(D, dtype=a.dtype) / D)
        angle = tf.range(T, dtype=a.dtype)[:, None] * frequency
        cos, sin = tf.cos(angle), tf.sin(angle)
        return a * cos - b * sin, b * cos + a * sin


def plain(np, a, b, *, T, D):
    angle = np.arange(T)[:, None] * 10000.0 ** (-np.arange(D) / D)
    return a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)


def by_one(np, a, b, one, *, T, D):
    frequency = (10000.0 * one) ** (-np.arange(D) / D)
    angle = np.arange(T)[:, None] * frequency
    return a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)


declare("f09_rotary", plain)
declare("f09_rotary_with_one", by_one, one=uniform("D", 1.0, 1.0, gradient=False))

bicubic = Case(
    "f09_bicubic",
    "Cubic convolution between the centres of pixels, a = -3/4.",
    sizes=dict(N=2, C=3, H=4, W=6, P=lambda size: size[0], Q=lambda size: size[1]),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C P Q"),
    variants=grid(size=[(7, 9), (11, 13)]),
    dtypes=["float64", "float32"],
)


def cubic(np, n, m, a=-0.75):
    centre = (np.arange(m) + 0.5) * (n / m) - 0.5
    first = np.floor(centre).astype(int)
    weights = np.zeros((m, n))
    for i in range(m):
        for k in range(first[i] - 1, first[i] + 3):
            d = abs(centre[i] - k)
            w = (a + 2) * d**3 - (a + 3) * d**2 + 1 if d <= 1 else a * (d**3 - 5 * d**2 + 8 * d - 4)
            weights[i, min(max(k, 0), n - 1)] += w
    return weights


@bicubic.reference
def _(np, x, *, H, W, P, Q):
    return np.einsum("nchw,ph,qw->ncpq", x, cubic(np, H, P), cubic(np, W, Q))


@bicubic.torch("torch.nn.functional.interpolate")
def _(torch, x, *, size):
    return torch.nn.functional.interpolate(x, size, mode="bicubic")


@bicubic.tensorflow("tf.einsum")
def _(tf, x, *, H, W, P, Q):
    import numpy as np

    return tf.einsum("nchw,ph,qw->ncpq", x, tf.cast(cubic(np, H, P), x.dtype), tf.cast(cubic(np, W, Q), x.dtype))
