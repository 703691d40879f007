"""Normalization of numbers whose mean is far above their spread, of numbers far from 1, and of equal numbers.

One pass that subtracts the square of the mean from the mean of squares loses every digit of such a variance.
"""

import math

from parity import Case, LeastScale, buffer, grid, normal

TENSORFLOW = "measured with TensorFlow 2.21.0, Keras 3.15.1"
WIDE = ["float64", "float32"]
FAR = grid(mean=[100, 1000], std=[1]) + grid(mean=[0], std=[300])


def drawn(axes):
    return lambda mean, std: dict(x=normal(axes, mean, std))


def normalized(np, x, axes, eps):
    centred = x - np.mean(x, axes, keepdims=True)
    return centred / np.sqrt(np.mean(centred**2, axes, keepdims=True) + eps)


def case_of(name, summary, axes, variants=FAR, **sizes):
    return Case(
        name,
        summary,
        sizes=sizes,
        parameters=dict(eps=1e-3),
        inputs=drawn(axes),
        outputs=dict(y=axes),
        variants=variants,
        least_scale=LeastScale(
            lambda mean, std: mean / std / 4, ["grad:x"], "kernels put it together from x and the mean, which cancel"
        ),
    )


layer_norm = case_of(
    "layer_norm_far", "Layer normalization of rows with a mean far above their spread.", "N C", N=4, C=96
)


@layer_norm.reference
def _(np, x, *, eps):
    return normalized(np, x, 1, eps)


@layer_norm.torch("torch.nn.functional.layer_norm")
def _(torch, x, *, C, eps):
    return torch.nn.functional.layer_norm(x, (C,), eps=eps)


@layer_norm.tensorflow.layer("keras.layers.LayerNormalization", weights={})
def _(tf, *, eps):
    return tf.keras.layers.LayerNormalization(epsilon=eps, center=False, scale=False)


@layer_norm.tensorflow("tf.nn.moments")
def _(tf, x, *, eps):
    mean, variance = tf.nn.moments(x, [1], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, None, None, eps)


group_norm = case_of(
    "group_norm_far", "Group normalization of groups with a mean far above their spread.", "N C L", N=2, C=6, L=16
)


@group_norm.reference
def _(np, x, *, N, C, L, eps):
    return normalized(np, x.reshape(N, 2, -1), 2, eps).reshape(N, C, L)


@group_norm.torch("torch.nn.functional.group_norm")
def _(torch, x, *, eps):
    return torch.nn.functional.group_norm(x, 2, eps=eps)


@group_norm.tensorflow.layer("keras.layers.GroupNormalization", weights={}, x="N L C", y="N L C")
def _(tf, *, eps):
    return tf.keras.layers.GroupNormalization(groups=2, epsilon=eps, center=False, scale=False)


instance_norm = case_of(
    "instance_norm_far",
    "Instance normalization of channels with a mean far above their spread.",
    "N C L",
    N=2,
    C=3,
    L=40,
)


@instance_norm.reference
def _(np, x, *, eps):
    return normalized(np, x, 2, eps)


@instance_norm.torch("torch.nn.functional.instance_norm")
def _(torch, x, *, eps):
    return torch.nn.functional.instance_norm(x, eps=eps)


@instance_norm.tensorflow.layer("keras.layers.GroupNormalization", weights={}, x="N L C", y="N L C")
def _(tf, *, eps):
    return tf.keras.layers.GroupNormalization(groups=-1, epsilon=eps, center=False, scale=False)


batch_norm = case_of(
    "batch_norm_far",
    "Batch normalization, in training, of channels with a mean far above their spread.",
    "N C",
    N=48,
    C=3,
)


@batch_norm.reference
def _(np, x, *, eps):
    return normalized(np, x, 0, eps)


@batch_norm.torch("torch.nn.functional.batch_norm")
def _(torch, x, *, eps):
    return torch.nn.functional.batch_norm(x, None, None, training=True, eps=eps)


@batch_norm.tensorflow("tf.nn.moments")
def _(tf, x, *, eps):
    mean, variance = tf.nn.moments(x, [0])
    return tf.nn.batch_normalization(x, mean, variance, None, None, eps)


@batch_norm.tensorflow("keras.ops.moments")
def _(tf, x, *, eps):
    mean, variance = tf.keras.ops.moments(x, 0)
    return tf.keras.ops.batch_normalization(x, mean, variance, -1, epsilon=eps)


many_rows = Case(
    "batch_norm_of_many_rows",
    "Batch normalization, in training, over three thousand rows, whose sum no 16-bit format can count up to.",
    sizes=dict(N=3000, C=3),
    parameters=dict(eps=1e-3),
    inputs=dict(x=normal("N C", mean=2)),
    outputs=dict(y="N C"),
    dtypes=["float32", "float16", "bfloat16"],
)


@many_rows.reference
def _(np, x, *, eps):
    return normalized(np, x, 0, eps)


@many_rows.torch("torch.nn.functional.batch_norm")
def _(torch, x, *, eps):
    return torch.nn.functional.batch_norm(x, None, None, training=True, eps=eps)


@many_rows.tensorflow("tf.nn.moments")
def _(tf, x, *, eps):
    mean, variance = tf.nn.moments(x, [0])
    return tf.nn.batch_normalization(x, mean, variance, None, None, eps)


@many_rows.tensorflow("keras.ops.moments")
def _(tf, x, *, eps):
    mean, variance = tf.keras.ops.moments(x, 0)
    return tf.keras.ops.batch_normalization(x, mean, variance, -1, epsilon=eps)


rms_norm = Case(
    "rms_norm_far",
    "Division by the root mean square of rows with large numbers.",
    sizes=dict(N=4, C=96),
    parameters=dict(eps=1e-3),
    inputs=drawn("N C"),
    outputs=dict(y="N C"),
    variants=grid(mean=[1000], std=[1]) + grid(mean=[0], std=[300]),
)


@rms_norm.reference
def _(np, x, *, eps):
    return x / np.sqrt(np.mean(x * x, 1, keepdims=True) + eps)


@rms_norm.torch("torch.nn.functional.rms_norm")
def _(torch, x, *, C, eps):
    return torch.nn.functional.rms_norm(x, (C,), eps=eps)


@rms_norm.tensorflow("keras.ops.rms_normalization")
def _(tf, x, *, eps):
    return tf.keras.ops.rms_normalization(x, epsilon=eps)


constant_groups = Case(
    "norm_of_equal_numbers",
    "Layer normalization of rows of equal numbers: zero, whatever epsilon is; the gradient is divided by its root.",
    sizes=dict(N=5, C=8),
    inputs=dict(z=normal("N C", std=0)),
    outputs=dict(y="N C"),
    variants=grid(eps=[1e-3, 1e-8]),
    dtypes=WIDE,
    pooled=False,
)


@constant_groups.reference
def _(np, z, *, N, eps):
    return normalized(np, 3 * np.arange(N)[:, None] + z, 1, eps)


@constant_groups.torch("torch.nn.functional.layer_norm")
def _(torch, z, *, N, C, eps):
    rows = 3 * torch.arange(N, dtype=z.dtype, device=z.device)[:, None]
    return torch.nn.functional.layer_norm(rows + z, (C,), eps=eps)


@constant_groups.tensorflow("keras.ops.layer_normalization")
def _(tf, z, *, N, eps):
    return tf.keras.ops.layer_normalization(3 * tf.range(N, dtype=z.dtype)[:, None] + z, epsilon=eps)


moments = Case(
    "variance_far",
    "The variance of numbers whose mean is far above their spread.",
    sizes=dict(N=3, C=96),
    inputs=drawn("N C"),
    outputs=dict(variance=buffer("N")),
    variants=FAR,
    dtypes=WIDE,
    least_scale=LeastScale(
        lambda mean, std: mean * std, ["output:variance"], "what is subtracted is a mean, rounded, or a running one"
    ),
)


@moments.reference
def _(np, x):
    return np.mean((x - np.mean(x, 1, keepdims=True)) ** 2, 1)


@moments.torch("torch.var(correction=0)")
def _(torch, x):
    return torch.var(x, dim=1, correction=0)


@moments.tensorflow("tf.math.reduce_variance")
def _(tf, x):
    return tf.math.reduce_variance(x, 1)


@moments.tensorflow("tf.nn.moments")
def _(tf, x):
    return tf.nn.moments(x, [1])[1]


@moments.tensorflow("keras.ops.var")
def _(tf, x):
    return tf.keras.ops.var(x, 1)


LARGE = dict(
    within=math.inf,
    source=TENSORFLOW,
    when=dict(std=300),
)
for case in (layer_norm, batch_norm):
    case.deviation(
        "tf.nn.moments",
        quantities=["*"],
        because="the variance, 90,000, is returned in float16, where it is infinite",
        dtypes=["float16"],
        **LARGE,
    )
batch_norm.deviation(
    "keras.ops.moments",
    quantities=["*"],
    because="variances are clipped to 65,504, the largest number of float16, in bfloat16 as well",
    dtypes=["float16", "bfloat16"],
    **LARGE,
)
