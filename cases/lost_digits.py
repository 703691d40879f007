"""Functions where digits cancel, and where a number on the way overflows although the result is small."""

from parity import Case, Tolerance, buffer, normal, uniform

KERNELS = "the cases are about the frameworks' own kernels, and a compiler generates others"
TENSORFLOW = "measured with TensorFlow 2.21.0, Keras 3.15.1"
TORCH = "measured with torch 2.13.0"
ELU = "https://github.com/tensorflow/tensorflow/issues/116943"
SCALE, ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


elu_near_zero = Case(
    "elu_near_zero",
    "ELU of small negative numbers: exp(x) - 1, which is nearly x.",
    sizes=dict(N=7, C=9),
    inputs=dict(x=uniform("N C", -2e-3, -1e-3)),
    outputs=dict(y="N C"),
    eager_only=KERNELS,
)


@elu_near_zero.reference
def _(np, x):
    return np.expm1(x)


@elu_near_zero.torch("torch.nn.functional.elu")
def _(torch, x):
    return torch.nn.functional.elu(x)


@elu_near_zero.tensorflow("tf.nn.elu")
def _(tf, x):
    return tf.nn.elu(x)


@elu_near_zero.tensorflow("keras.activations.elu")
def _(tf, x):
    return tf.keras.activations.elu(x)


@elu_near_zero.tensorflow("keras.activations.celu")
def _(tf, x):
    return tf.keras.activations.celu(x)


selu_near_zero = Case(
    "selu_near_zero",
    "SELU of small negative numbers: nearly 1.76 x.",
    sizes=dict(N=7, C=9),
    inputs=dict(x=uniform("N C", -2e-3, -1e-3)),
    outputs=dict(y="N C"),
    eager_only=KERNELS,
)


@selu_near_zero.reference
def _(np, x):
    return SCALE * ALPHA * np.expm1(x)


@selu_near_zero.torch("torch.nn.functional.selu")
def _(torch, x):
    return torch.nn.functional.selu(x)


@selu_near_zero.tensorflow("tf.nn.selu")
def _(tf, x):
    return tf.nn.selu(x)


@selu_near_zero.tensorflow("keras.activations.selu")
def _(tf, x):
    return tf.keras.activations.selu(x)


@selu_near_zero.tensorflow("tf.math.expm1")
def _(tf, x):
    return tf.constant(SCALE * ALPHA, x.dtype) * tf.math.expm1(x)


for case, name in ((elu_near_zero, "elu"), (selu_near_zero, "selu")):
    for api in (f"tf.nn.{name}", f"keras.activations.{name}"):
        case.deviation(
            api,
            quantities=["output:y"],
            within=2,
            because="one is subtracted from exp(x), which is rounded to a number near one: little or nothing is left",
            source=ELU,
            devices=["cpu"],
        )
for api in ("tf.nn.selu", "keras.activations.selu"):
    selu_near_zero.deviation(
        api,
        quantities=["grad:x"],
        within=1,
        because="the gradient is told by the sign of the result, which is zero where exp(x) is rounded to one: it is "
        "then that of positive numbers, 1.05 instead of 1.76",
        source=ELU,
        dtypes=["bfloat16"],
        devices=["cpu"],
    )

sinc_near_zero = Case(
    "sinc_near_zero",
    "sin(pi x) / (pi x) near zero.",
    sizes=dict(N=5, C=6),
    inputs=dict(x=uniform("N C", 1e-4, 3e-4)),
    outputs=dict(y="N C"),
    dtypes=["float64", "float32"],
    eager_only=KERNELS,
)


def series(z):
    """The first terms of sin(z) / z, more than enough here."""
    return 1 - z**2 / 6 * (1 - z**2 / 20 * (1 - z**2 / 42))


@sinc_near_zero.reference
def _(np, x):
    return series(np.pi * x)


@sinc_near_zero.torch("torch.sinc")
def _(torch, x):
    return torch.sinc(x)


@sinc_near_zero.torch("torch series")
def _(torch, x):
    return series(torch.pi * x)


@sinc_near_zero.tensorflow("keras.ops.sinc")
def _(tf, x):
    return tf.keras.ops.sinc(x)


@sinc_near_zero.tensorflow("tf series")
def _(tf, x):
    return series(3.141592653589793 * x)


for api, source in (("torch.sinc", TORCH), ("keras.ops.sinc", TENSORFLOW)):
    sinc_near_zero.deviation(
        api,
        quantities=["grad:x"],
        within=10,
        because="the gradient is the difference of cos(z) / z and sin(z) / z**2, of which near zero nothing is left",
        source=source,
    )

soft_margin_far_out = Case(
    "soft_margin_far_out",
    "The logistic loss of predictions far on the wrong side of the margin: log(1 + exp(x)), nearly x.",
    sizes=dict(N=5, C=6),
    inputs=dict(x=uniform("N C", 100, 200)),
    outputs=dict(loss="N C"),
    dtypes=["float32", "bfloat16"],
)


@soft_margin_far_out.reference
def _(np, x):
    return x + np.log1p(np.exp(-x))


@soft_margin_far_out.torch("torch.nn.functional.softplus")
def _(torch, x):
    return torch.nn.functional.softplus(x)


@soft_margin_far_out.tensorflow("tf.nn.softplus")
def _(tf, x):
    return tf.nn.softplus(x)


@soft_margin_far_out.torch.naive(
    "torch.nn.functional.soft_margin_loss",
    "exp overflows",
    kind="nonfinite",
    because="the loss is log(1 + exp(x)) taken literally: infinite from x = 89 on in float32, its gradient NaN",
    source="torch/_decomp/decompositions.py of PyTorch 2.13.0: soft_margin_loss",
    fix="use softplus of the negative product of prediction and target",
)
def _(torch, x):
    return torch.nn.functional.soft_margin_loss(x, torch.full_like(x, -1), reduction="none")


group_norm_far_from_zero = Case(
    "group_norm_far_from_zero",
    "Group normalization of numbers around 300 that differ by about 1.",
    sizes=dict(N=2, C=8, H=16, W=15),
    inputs=dict(x=normal("N C H W", mean=300, gradient=False)),
    outputs=dict(y=buffer("N C H W")),
    dtypes=["float32"],
    tolerance=Tolerance(0, 1e-3, because="the mean of numbers around 300 is rounded by 2e-5, the distance from it too"),
    eager_only=KERNELS,
)


@group_norm_far_from_zero.reference
def _(np, x, *, N, C, H, W):
    groups = np.reshape(x, (N, 2, -1))
    centred = groups - np.mean(groups, 2, keepdims=True)
    return np.reshape(centred / np.sqrt(np.mean(centred**2, 2, keepdims=True) + 1e-5), (N, C, H, W))


@group_norm_far_from_zero.torch("torch.nn.functional.group_norm")
def _(torch, x):
    return torch.nn.functional.group_norm(x, 2)


@group_norm_far_from_zero.torch("torch.nn.functional.group_norm of torch.channels_last")
def _(torch, x):
    return torch.nn.functional.group_norm(x.contiguous(memory_format=torch.channels_last), 2)


@group_norm_far_from_zero.tensorflow.layer("keras.layers.GroupNormalization", weights={}, x="N H W C", y="N H W C")
def _(tf):
    return tf.keras.layers.GroupNormalization(2, epsilon=1e-5, center=False, scale=False)


group_norm_far_from_zero.deviation(
    "torch.nn.functional.group_norm of torch.channels_last",
    quantities=["output:y"],
    within=1,
    because="for images with the channels last the error is that of a mean of squares less the square of a mean, two "
    "numbers near 90000 between which the variance of 1 is lost",
    source=TORCH,
    devices=["cpu"],
)

group_norm_of_data = Case(
    "group_norm_of_data",
    "The gradients of scale and shift in a group normalization of images that need no gradient themselves.",
    sizes=dict(N=2, C=4, H=3, W=5),
    inputs=dict(x=normal("N C H W", gradient=False)),
    weights=dict(scale=normal("C"), shift=normal("C")),
    outputs=dict(y="N C H W"),
    dtypes=["float32"],
    eager_only=KERNELS,
)


@group_norm_of_data.reference
def _(np, x, scale, shift, *, N, C, H, W):
    groups = np.reshape(x, (N, 2, -1))
    centred = groups - np.mean(groups, 2, keepdims=True)
    y = np.reshape(centred / np.sqrt(np.mean(centred**2, 2, keepdims=True) + 1e-5), (N, C, H, W))
    return y * scale[:, None, None] + shift[:, None, None]


@group_norm_of_data.torch("torch.nn.functional.group_norm")
def _(torch, x, scale, shift):
    return torch.nn.functional.group_norm(x, 2, scale, shift)


@group_norm_of_data.tensorflow.layer(
    "keras.layers.GroupNormalization", weights=dict(gamma="scale: C", beta="shift: C"), x="N H W C", y="N H W C"
)
def _(tf):
    return tf.keras.layers.GroupNormalization(2, epsilon=1e-5)


@group_norm_of_data.torch("torch.nn.functional.group_norm of torch.channels_last")
def _(torch, x, scale, shift):
    return torch.nn.functional.group_norm(x.contiguous(memory_format=torch.channels_last), 2, scale, shift)


group_norm_of_data.limitation(
    "torch.nn.functional.group_norm of torch.channels_last",
    stage="crash",
    raises="killed by SIGSEGV",
    because="on a CPU the kernel for the channels last ends the process where the images need no gradient",
    source=TORCH,
    devices=["cpu"],
)


unit_vectors_in_half = Case(
    "unit_vectors_in_half",
    "Vectors of numbers in the hundreds divided by their length, in a format that ends at 65504.",
    sizes=dict(N=3, C=4),
    inputs=dict(x=uniform("N C", 300, 600)),
    outputs=dict(y="N C"),
    dtypes=["float16", "bfloat16"],
)


@unit_vectors_in_half.reference
def _(np, x):
    return x / np.sqrt(np.sum(x**2, 1, keepdims=True))


@unit_vectors_in_half.torch("torch.nn.functional.normalize")
def _(torch, x):
    return torch.nn.functional.normalize(x, dim=1)


@unit_vectors_in_half.tensorflow("tf.cast + tf.nn.l2_normalize")
def _(tf, x):
    return tf.cast(tf.nn.l2_normalize(tf.cast(x, tf.float32), axis=1), x.dtype)


OVERFLOW = dict(
    because="the squares are float16 numbers too, and infinite from 256 on; a number divided by infinity is zero",
    source=TENSORFLOW,
    fix="cast to float32 before",
)


@unit_vectors_in_half.tensorflow.naive("tf.nn.l2_normalize", "squares overflow in float16", size=(0.5, 2), **OVERFLOW)
def _(tf, x):
    return tf.nn.l2_normalize(x, axis=1)


@unit_vectors_in_half.tensorflow.naive("keras.ops.normalize", "squares overflow in float16", size=(0.5, 2), **OVERFLOW)
def _(tf, x):
    return tf.keras.ops.normalize(x, axis=1)


@unit_vectors_in_half.tensorflow.naive(
    "keras.layers.UnitNormalization", "squares overflow in float16", weights={}, size=(0.5, 2), **OVERFLOW
)
def _(tf):
    return tf.keras.layers.UnitNormalization(axis=1)


@unit_vectors_in_half.tensorflow.naive("tf.norm", "squares overflow in float16", size=(0.5, 2), **OVERFLOW)
def _(tf, x):
    return x / tf.norm(x, axis=1, keepdims=True)


@unit_vectors_in_half.tensorflow.naive("tf.clip_by_norm", "squares overflow in float16", size=(0.5, 2), **OVERFLOW)
def _(tf, x):
    return tf.clip_by_norm(x, 1, axes=[1])
