"""Elementary mathematics: polynomials, interpolation, angles, complex numbers and what overflows."""

from parity import Case, normal, uniform

FLOATS = ["float32", "float64"]

# Polynomials -------------------------------------------------------------------------------------------------------

polynomial = Case(
    "polynomial",
    "A polynomial of degree seven, with learned coefficients.",
    sizes=dict(N=50, K=8),
    inputs=dict(x=uniform("N", -1.5, 1.5)),
    weights=dict(c=normal("K")),
    outputs=dict(y="N"),
    dtypes=FLOATS,
)


@polynomial.reference
def _(np, x, c, *, K):
    y = 0.0 * x
    for k in range(K):
        y = y * x + c[k]
    return y


def torch_powers(torch, x, K):
    return torch.stack([x**k for k in range(K)], -1)


@polynomial.torch("torch.Tensor.pow")
def _(torch, x, c, *, K):
    return torch_powers(torch, x, K) @ c.flip(0)


@polynomial.tensorflow("tf.math.polyval")
def _(tf, x, c):
    return tf.math.polyval(tf.unstack(c), x)


@polynomial.torch("WRONG: the constant first")
def _(torch, x, c, *, K):
    return torch_powers(torch, x, K) @ c


@polynomial.tensorflow("WRONG: one power more")
def _(tf, x, c):
    return tf.math.polyval(tf.unstack(c), x) * x


@polynomial.torch("WRONG: x is not trained")
def _(torch, x, c, *, K):
    return torch_powers(torch, x.detach(), K) @ c.flip(0) + 0 * x


# Interpolation -----------------------------------------------------------------------------------------------------

interpolation = Case(
    "linear_interpolation",
    "Values between the points of an even grid, constant beyond it.",
    sizes=dict(N=70, K=12),
    inputs=dict(x=uniform("N", -1.3, 1.3)),
    weights=dict(values=normal("K")),
    outputs=dict(y="N"),
    dtypes=FLOATS,
)


@interpolation.reference
def _(np, x, values, *, K):
    place = np.clip((x + 1) * (K - 1) / 2, 0.0, K - 1.0)
    return np.maximum(0.0, 1 - np.abs(place[:, None] - np.arange(K))) @ values


def torch_interpolated(torch, x, values, shift=0):
    K = len(values)
    place = ((x + 1) * ((K - 1) / 2)).clamp(0, K - 1)
    left = place.detach().floor().clamp(max=K - 2)
    share, index = place - left, left.long()
    return values[(index + shift).clamp(max=K - 1)] * (1 - share) + values[(index + 1 + shift).clamp(max=K - 1)] * share


@interpolation.torch("torch.floor")
def _(torch, x, values):
    return torch_interpolated(torch, x, values)


@interpolation.tensorflow("tf.gather")
def _(tf, x, values, *, K):
    place = tf.clip_by_value((x + 1) * ((K - 1) / 2), 0, K - 1)
    left = tf.minimum(tf.floor(place), K - 2)
    share, index = place - left, tf.cast(left, tf.int32)
    return tf.gather(values, index) * (1 - share) + tf.gather(values, index + 1) * share


@interpolation.torch("WRONG: one point late")
def _(torch, x, values):
    return torch_interpolated(torch, x, values, shift=1)


@interpolation.torch("WRONG: the nearest point")
def _(torch, x, values, *, K):
    place = ((x + 1) * ((K - 1) / 2)).clamp(0, K - 1)
    return values[place.round().long()] + 0 * x


@interpolation.tensorflow("WRONG: goes on beyond the grid")
def _(tf, x, values, *, K):
    place = (x + 1) * ((K - 1) / 2)
    left = tf.clip_by_value(tf.floor(place), 0, K - 2)
    share, index = place - left, tf.cast(left, tf.int32)
    return tf.gather(values, index) * (1 - share) + tf.gather(values, index + 1) * share


# Angles and complex numbers ----------------------------------------------------------------------------------------

polar = Case(
    "magnitude_and_phase",
    "Complex numbers, in two parts, multiplied by the conjugate of others: size and angle of the products.",
    sizes=dict(N=60),
    inputs=dict(a=normal("N"), b=normal("N"), c=normal("N"), d=normal("N")),
    outputs=dict(size="N", angle="N"),
    dtypes=FLOATS,
)


@polar.reference
def _(np, a, b, c, d):
    re, im = a * c + b * d, b * c - a * d
    return np.sqrt(a**2 + b**2) * np.sqrt(c**2 + d**2), np.arctan2(im, re)


@polar.torch("torch.complex")
def _(torch, a, b, c, d):
    product = torch.complex(a, b) * torch.complex(c, d).conj()
    return product.abs(), product.angle()


@polar.tensorflow("tf.complex")
def _(tf, a, b, c, d):
    product = tf.complex(a, b) * tf.math.conj(tf.complex(c, d))
    return tf.abs(product), tf.math.angle(product)


@polar.torch("WRONG: not the conjugate")
def _(torch, a, b, c, d):
    product = torch.complex(a, b) * torch.complex(c, d)
    return product.abs(), product.angle()


@polar.torch("WRONG: arctan of the quotient")
def _(torch, a, b, c, d):
    product = torch.complex(a, b) * torch.complex(c, d).conj()
    return product.abs(), torch.atan(product.imag / product.real)


@polar.tensorflow("WRONG: degrees")
def _(tf, a, b, c, d):
    product = tf.complex(a, b) * tf.math.conj(tf.complex(c, d))
    return tf.abs(product), tf.math.angle(product) * 180 / 3.141592653589793


mandel = Case(
    "complex_matrix_product",
    "The real part of a product of complex matrices, that are given by real and imaginary parts.",
    sizes=dict(I=6, K=30, J=5),
    inputs=dict(ar=normal("I K"), ai=normal("I K"), br=normal("K J"), bi=normal("K J")),
    outputs=dict(re="I J", im="I J"),
    dtypes=FLOATS,
)


@mandel.reference
def _(np, ar, ai, br, bi):
    return ar @ br - ai @ bi, ar @ bi + ai @ br


@mandel.torch("torch.matmul")
def _(torch, ar, ai, br, bi):
    product = torch.complex(ar, ai) @ torch.complex(br, bi)
    return product.real, product.imag


@mandel.tensorflow("tf.matmul")
def _(tf, ar, ai, br, bi):
    product = tf.matmul(tf.complex(ar, ai), tf.complex(br, bi))
    return tf.math.real(product), tf.math.imag(product)


@mandel.torch("WRONG: conjugated as adjoint")
def _(torch, ar, ai, br, bi):
    product = torch.complex(ar, ai) @ torch.complex(br, bi).conj()
    return product.real, product.imag


@mandel.torch("WRONG: parts are multiplied by themselves")
def _(torch, ar, ai, br, bi):
    return ar @ br, ai @ bi


@mandel.torch("WRONG: complex64 (float64 only)")
def _(torch, ar, ai, br, bi):
    product = torch.complex(ar.float(), ai.float()) @ torch.complex(br.float(), bi.float())
    return product.real.to(ar.dtype), product.imag.to(ar.dtype)


# Overflow ----------------------------------------------------------------------------------------------------------

softplus = Case(
    "softplus_and_log_sigmoid",
    "Logarithms of 1 + exp(x), of numbers whose exponentials overflow.",
    sizes=dict(N=200),
    inputs=dict(x=normal("N", std=60.0)),
    outputs=dict(plus="N", minus="N"),
    dtypes=FLOATS,
    pooled=False,
)


@softplus.reference
def _(np, x):
    return np.logaddexp(0.0, x), -np.logaddexp(0.0, -x)


@softplus.torch("torch.logaddexp")
def _(torch, x):
    return torch.logaddexp(torch.zeros_like(x), x), torch.nn.functional.logsigmoid(x)


@softplus.tensorflow("tf.math.softplus")
def _(tf, x):
    return tf.math.softplus(x), tf.math.log_sigmoid(x)


@softplus.torch("WRONG: overflows (float32 only)")
def _(torch, x):
    return torch.log(1 + torch.exp(x)), torch.nn.functional.logsigmoid(x)


@softplus.torch("WRONG: linear from 10 on (float64 only)")
def _(torch, x):
    return torch.where(x > 10, x, torch.nn.functional.softplus(x)), torch.nn.functional.logsigmoid(x)


@softplus.tensorflow("WRONG: the logarithm of a rounded sigmoid")
def _(tf, x):
    return tf.math.softplus(x), tf.math.log(tf.sigmoid(x))


@softplus.tensorflow("WRONG: signs")
def _(tf, x):
    return tf.math.softplus(x), tf.math.softplus(-x)


accurate = Case(
    "small_differences",
    "exp(x) - 1, log(1 + x), 1 - cos(x) and the length of a vector of tiny numbers.",
    sizes=dict(N=100),
    inputs=dict(x=uniform("N", 1e-5, 1e-4)),
    outputs=dict(exp="N", log="N", cos="N", length="N"),
    dtypes=FLOATS,
)


@accurate.reference
def _(np, x):
    return np.expm1(x), np.log1p(x), 2 * np.sin(x / 2) ** 2, np.hypot(x, 2 * x)


@accurate.torch("torch.expm1")
def _(torch, x):
    return torch.expm1(x), torch.log1p(x), 2 * torch.sin(x / 2) ** 2, torch.hypot(x, 2 * x)


@accurate.tensorflow("tf.math.expm1")
def _(tf, x):
    return tf.math.expm1(x), tf.math.log1p(x), 2 * tf.sin(x / 2) ** 2, tf.sqrt(x * x + 4 * x * x)


@accurate.torch("WRONG: exp(x) - 1")
def _(torch, x):
    return torch.exp(x) - 1, torch.log1p(x), 2 * torch.sin(x / 2) ** 2, torch.hypot(x, 2 * x)


@accurate.tensorflow("WRONG: log(1 + x)")
def _(tf, x):
    return tf.math.expm1(x), tf.math.log(1 + x), 2 * tf.sin(x / 2) ** 2, tf.sqrt(x * x + 4 * x * x)


@accurate.torch("WRONG: 1 - cos(x)")
def _(torch, x):
    return torch.expm1(x), torch.log1p(x), 1 - torch.cos(x), torch.hypot(x, 2 * x)


# Modulo ------------------------------------------------------------------------------------------------------------

modulo = Case(
    "floor_modulo",
    "Angles wrapped to [-π, π), by the modulo that has the sign of its divisor.",
    sizes=dict(N=300),
    inputs=dict(x=normal("N", std=5.0)),
    outputs=dict(y="N"),
    dtypes=FLOATS,
)


@modulo.reference
def _(np, x):
    return np.mod(x + np.pi, 2 * np.pi) - np.pi


@modulo.torch("torch.remainder")
def _(torch, x):
    return torch.remainder(x + torch.pi, 2 * torch.pi) - torch.pi


@modulo.tensorflow("tf.math.floormod")
def _(tf, x):
    pi = tf.constant(3.14159265358979323846, x.dtype)
    return tf.math.floormod(x + pi, 2 * pi) - pi


@modulo.torch("WRONG: the sign of the dividend")
def _(torch, x):
    return torch.fmod(x + torch.pi, 2 * torch.pi) - torch.pi


@modulo.torch("WRONG: from 0 on")
def _(torch, x):
    return torch.remainder(x, 2 * torch.pi)


@modulo.tensorflow("WRONG: π of six digits")
def _(tf, x):
    pi = tf.constant(3.14159, x.dtype)
    return tf.math.floormod(x + pi, 2 * pi) - pi
