"""Images resized: by the nearest pixel, or by a weighted mean of those around."""

from parity import Case, distinct, grid, normal

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html"
LAST = dict(x="N H W C", y="N P Q C")
SIZES = dict(N=2, C=3, H=5, W=6)
SHAPES = grid(P=[10], Q=[18]) + grid(P=[3], Q=[4]) + grid(P=[7], Q=[5])


nearest = Case(
    "resize_nearest",
    "Each new pixel is the one in which its centre lies.",
    sizes=SIZES,
    inputs=dict(x=distinct("N C H W")),
    outputs=dict(y="N C P Q"),
    variants=grid(P=[10], Q=[18]) + grid(P=[4], Q=[3]) + grid(P=[1], Q=[1]),
    exact=["output:y"],
)


@nearest.reference
def _(np, x, *, H, W, P, Q):
    rows = [(2 * p + 1) * H // (2 * P) for p in range(P)]
    columns = [(2 * q + 1) * W // (2 * Q) for q in range(Q)]
    return x[:, :, rows][:, :, :, columns]


@nearest.torch("torch.nn.functional.interpolate(nearest-exact)")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="nearest-exact")


@nearest.tensorflow("tf.image.resize(nearest)", **LAST)
def _(tf, x, *, P, Q):
    return tf.image.resize(x, (P, Q), "nearest")


@nearest.tensorflow("keras.ops.image.resize(nearest)", **LAST)
def _(tf, x, *, P, Q):
    return tf.keras.ops.image.resize(x, (P, Q), interpolation="nearest")


@nearest.torch.naive(
    "torch.nn.functional.interpolate",
    "mode nearest",
    when=dict(P=4),
    because="'nearest' takes the pixel at the upper left corner of the new one, as TensorFlow 1 did; TensorFlow 2 and "
    "'nearest-exact' take that at its centre",
    source=TORCH,
    fix="pass mode='nearest-exact'",
)
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="nearest")


bilinear = Case(
    "resize_bilinear",
    "Each new pixel is the mean of the four around its centre, weighted by their distances.",
    sizes=SIZES,
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C P Q"),
    variants=SHAPES,
    dtypes=["float32"],
)


def tents(np, length, count, width):
    """The weights of the old pixels in each new one: they fall off linearly with the distance up to ``width``."""
    centres = (np.arange(count) + 0.5) * length / count - 0.5
    if width == 1:
        centres = np.clip(centres, 0, length - 1)
    weights = np.maximum(1 - np.abs(centres[:, None] - np.arange(length)) / width, 0)
    return weights / np.sum(weights, 1, keepdims=True)


@bilinear.reference
def _(np, x, *, H, W, P, Q):
    return np.einsum("nchw,ph,qw->ncpq", x, tents(np, H, P, 1), tents(np, W, Q, 1))


@bilinear.torch("torch.nn.functional.interpolate(bilinear)")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="bilinear")


@bilinear.torch.layer("torch.nn.Upsample", weights={})
def _(torch, *, P, Q):
    return torch.nn.Upsample((P, Q), mode="bilinear")


@bilinear.tensorflow("tf.image.resize", **LAST)
def _(tf, x, *, P, Q):
    return tf.image.resize(x, (P, Q))


@bilinear.tensorflow("keras.ops.image.resize", **LAST)
def _(tf, x, *, P, Q):
    return tf.keras.ops.image.resize(x, (P, Q))


@bilinear.torch.naive(
    "torch.nn.functional.interpolate",
    "aligned corners",
    when=dict(P=10),
    because="with align_corners=True the corner pixels stay where they are, and all others move",
    source=TORCH,
    fix="leave align_corners out",
)
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="bilinear", align_corners=True)


smooth = Case(
    "resize_antialias",
    "A smaller image, each pixel of which is the mean of all those that it covers, weighted by their distances.",
    sizes=dict(N=2, C=3, H=9, W=12),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C P Q"),
    variants=grid(P=[4], Q=[5]) + grid(P=[3], Q=[12]),
    dtypes=["float32"],
)


@smooth.reference
def _(np, x, *, H, W, P, Q):
    return np.einsum("nchw,ph,qw->ncpq", x, tents(np, H, P, H / P), tents(np, W, Q, W / Q))


@smooth.torch("torch.nn.functional.interpolate(antialias)")
def _(torch, x, *, P, Q):
    return torch.nn.functional.interpolate(x, (P, Q), mode="bilinear", antialias=True)


@smooth.tensorflow("tf.image.resize(antialias)", **LAST)
def _(tf, x, *, P, Q):
    return tf.image.resize(x, (P, Q), antialias=True)


@smooth.tensorflow("keras.ops.image.resize(antialias)", **LAST)
def _(tf, x, *, P, Q):
    return tf.keras.ops.image.resize(x, (P, Q), antialias=True)


repeated = Case(
    "upsample_by_factors",
    "Each pixel repeated two times downwards and three times to the right.",
    sizes=dict(SIZES, P=10, Q=18),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C P Q"),
    exact=["output:y"],
)


@repeated.reference
def _(np, x):
    return np.repeat(np.repeat(x, 2, 2), 3, 3)


@repeated.torch.layer("torch.nn.Upsample", weights={})
def _(torch):
    return torch.nn.Upsample(scale_factor=(2, 3))


@repeated.torch("torch.repeat_interleave")
def _(torch, x):
    return torch.repeat_interleave(torch.repeat_interleave(x, 2, dim=2), 3, dim=3)


@repeated.tensorflow.layer("keras.layers.UpSampling2D", weights={}, **LAST)
def _(tf):
    return tf.keras.layers.UpSampling2D((2, 3))


@repeated.tensorflow("tf.repeat", **LAST)
def _(tf, x):
    return tf.repeat(tf.repeat(x, 2, axis=1), 3, axis=2)


UNSUPPORTED = dict(
    raises="InvalidArgumentError: Detected unsupported operations",
    source="measured with TensorFlow 2.21.0",
    modes=["compiled"],
)
for api in ("tf.image.resize(nearest)", "keras.ops.image.resize(nearest)"):
    nearest.limitation(api, stage="gradient", because="XLA has no gradient of ResizeNearestNeighbor", **UNSUPPORTED)
for api in ("tf.image.resize(antialias)", "keras.ops.image.resize(antialias)"):
    smooth.limitation(api, because="XLA has no ScaleAndTranslate", **UNSUPPORTED)
for api in ("tf.image.resize", "keras.ops.image.resize"):
    bilinear.deviation(
        api,
        quantities=["output:y"],
        within=3,
        because="compiled by XLA for a CPU, an axis three times as long gets some pixels from the wrong neighbour",
        source="https://github.com/tensorflow/tensorflow/issues/118467",
        when=dict(P=10, Q=18),
        devices=["cpu"],
        modes=["compiled"],
    )
