"""Normalization of each example on its own: instance, layer and group normalization, over different axes.

Epsilon is 1e-5 by default in PyTorch and 1e-3 in Keras; the axes that are normalized are named differently too.
"""

from parity import Case, grid, normal, uniform

EPSILONS = grid(eps=[1e-5, 1e-3])
SCALED = dict(weight="gamma: C", bias="beta: C")
KERAS_SCALED = dict(gamma="gamma: C", beta="beta: C")
LAYER_NORM = "https://keras.io/api/layers/normalization_layers/layer_normalization/"
GROUP_NORM = "https://keras.io/api/layers/normalization_layers/group_normalization/"


def declare(name, summary, space, parameters=None, **sizes):
    """A case of images or sequences with a trained scale and shift per channel."""
    axes = " ".join(["N C", *space])
    return Case(
        name,
        summary,
        sizes=dict(N=2, C=6, **sizes),
        inputs=dict(x=normal(axes, mean=0.5, std=0.5)),
        weights=dict(gamma=uniform("C", 0.5, 2.0), beta=normal("C")),
        outputs=dict(y=axes),
        parameters=parameters,
        variants=EPSILONS,
    )


def normalized(np, x, axes, eps):
    mean = np.mean(x, axes, keepdims=True)
    return (x - mean) / np.sqrt(np.mean((x - mean) ** 2, axes, keepdims=True) + eps)


def per_channel(np, vector, x):
    return np.reshape(vector, (-1, *[1] * (x.ndim - 2)))


def instance_norm(name, torch_layer, space, **sizes):
    case = declare(name, "Each channel of each example normalized over space by its own statistics.", space, **sizes)
    last = " ".join(["N", *space, "C"])
    channels_last = dict(x=last, y=last)

    @case.reference
    def _(np, x, gamma, beta, *, eps):
        y = normalized(np, x, tuple(range(2, x.ndim)), eps)
        return y * per_channel(np, gamma, x) + per_channel(np, beta, x)

    @case.torch("torch.nn.functional.instance_norm")
    def _(torch, x, gamma, beta, *, eps):
        return torch.nn.functional.instance_norm(x, weight=gamma, bias=beta, eps=eps)

    @case.torch.layer(f"torch.nn.{torch_layer}", weights=SCALED)
    def _(torch, *, C, eps):
        return getattr(torch.nn, torch_layer)(C, eps, affine=True)

    @case.torch.layer("torch.nn.GroupNorm", weights=SCALED)
    def _(torch, *, C, eps):
        return torch.nn.GroupNorm(C, C, eps)

    @case.tensorflow("tf.nn.moments", **channels_last)
    def _(tf, x, gamma, beta, *, eps):
        mean, variance = tf.nn.moments(x, list(range(1, x.ndim - 1)), keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, eps)

    @case.tensorflow.layer("keras.layers.GroupNormalization", weights=KERAS_SCALED, **channels_last)
    def _(tf, *, eps):
        return tf.keras.layers.GroupNormalization(groups=-1, epsilon=eps)

    return case


instance_norm("instance_norm1d", "InstanceNorm1d", "L", L=9)
instance_norm2d = instance_norm("instance_norm2d", "InstanceNorm2d", "HW", H=4, W=5)
IMAGES = dict(x="N H W C", y="N H W C")


@instance_norm2d.torch.naive(
    "torch.nn.functional.instance_norm",
    "scale and shift left out",
    because="PyTorch's instance norm has no scale and shift unless asked for (affine=False)",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html",
    fix="pass affine=True to the layer, or weight= and bias= to the function",
)
def _(torch, x, gamma, beta, *, eps):
    return torch.nn.functional.instance_norm(x, eps=eps)


@instance_norm2d.torch.naive(
    "torch.var",
    "variance left unbiased",
    size=(0.0084, 0.054),
    because="torch.var divides by n - 1 by default, tf.nn.moments and every normalization layer by n",
    source="https://docs.pytorch.org/docs/stable/generated/torch.var.html",
    fix="pass correction=0",
)
def _(torch, x, gamma, beta, *, eps):
    variance, mean = torch.var_mean(x, dim=(2, 3), keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps) * gamma[:, None, None] + beta[:, None, None]


@instance_norm2d.tensorflow.naive(
    "tf.nn.moments",
    "moments taken over the batch too",
    because="the axes [0, 1, 2] are those of batch normalization: the examples of a batch are mixed",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/moments",
    fix="take the moments over [1, 2] with keepdims=True",
    **IMAGES,
)
def _(tf, x, gamma, beta, *, eps):
    mean, variance = tf.nn.moments(x, [0, 1, 2])
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, eps)


@instance_norm2d.tensorflow.naive(
    "keras.layers.GroupNormalization",
    "groups left at their default",
    because="the default is 32 groups, whatever the number of channels",
    source=GROUP_NORM,
    fix="pass groups=-1, which is one group per channel",
    raises="ValueError: Number of groups (32) cannot be more than the number of channels (6)",
    weights=KERAS_SCALED,
    **IMAGES,
)
def _(tf, *, eps):
    return tf.keras.layers.GroupNormalization(epsilon=eps)


instance_norm3d = Case(
    "instance_norm3d",
    "Each channel of each example normalized over a volume by its own statistics, with a scale and shift or without.",
    sizes=dict(N=2, C=6, D=3, H=4, W=5),
    parameters=dict(affine=True),
    inputs=dict(x=normal("N C D H W", mean=0.5, std=0.5)),
    weights=lambda affine: dict(gamma=uniform("C", 0.5, 2.0), beta=normal("C")) if affine else {},
    outputs=dict(y="N C D H W"),
    variants=grid(affine=[True, False], eps=[1e-5, 1e-3]),
)
VOLUMES = dict(x="N D H W C", y="N D H W C")


@instance_norm3d.reference
def _(np, x, gamma=None, beta=None, *, eps):
    y = normalized(np, x, (2, 3, 4), eps)
    return y if gamma is None else y * per_channel(np, gamma, x) + per_channel(np, beta, x)


@instance_norm3d.torch.layer("torch.nn.InstanceNorm3d", weights=lambda affine: SCALED if affine else {})
def _(torch, *, C, affine, eps):
    return torch.nn.InstanceNorm3d(num_features=C, eps=eps, affine=affine, track_running_stats=False)


@instance_norm3d.torch("torch.nn.functional.instance_norm")
def _(torch, x, gamma=None, beta=None, *, eps):
    return torch.nn.functional.instance_norm(x, weight=gamma, bias=beta, eps=eps)


@instance_norm3d.torch.layer("torch.nn.GroupNorm", weights=lambda affine: SCALED if affine else {})
def _(torch, *, C, affine, eps):
    return torch.nn.GroupNorm(num_groups=C, num_channels=C, eps=eps, affine=affine)


@instance_norm3d.tensorflow("tf.nn.moments", **VOLUMES)
def _(tf, x, gamma=None, beta=None, *, eps):
    mean, variance = tf.nn.moments(x, [1, 2, 3], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, eps)


@instance_norm3d.tensorflow.layer(
    "keras.layers.GroupNormalization", weights=lambda affine: KERAS_SCALED if affine else {}, **VOLUMES
)
def _(tf, *, affine, eps):
    return tf.keras.layers.GroupNormalization(groups=-1, epsilon=eps, center=affine, scale=affine)


@instance_norm3d.torch.naive(
    "torch.nn.InstanceNorm3d",
    "running statistics in evaluation",
    when=dict(affine=False),
    because="with track_running_stats=True, evaluation divides by the running statistics; Keras's layer keeps none",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm3d.html",
    fix="leave track_running_stats at False",
    weights={},
)
def _(torch, *, C, eps):
    layer = torch.nn.InstanceNorm3d(C, eps, track_running_stats=True).eval()
    return torch.nn.Module(), lambda x: layer(x)


@instance_norm3d.torch.naive(
    "torch.nn.InstanceNorm2d",
    "for volumes",
    when=dict(affine=False),
    raises="ValueError: expected 3D or 4D input (got 5D input)",
    because="each module of PyTorch is for one number of axes; Keras's layer takes any",
    source="torch/nn/modules/instancenorm.py of PyTorch 2.13.0: InstanceNorm2d._check_input_dim",
    fix="use torch.nn.InstanceNorm3d",
    weights={},
)
def _(torch, *, C, eps):
    return torch.nn.InstanceNorm2d(C, eps)


layer_norm = Case(
    "layer_norm",
    "The features of each position normalized by their own statistics.",
    sizes=dict(N=2, T=3, C=6),
    inputs=dict(x=normal("N T C", mean=0.5, std=0.5)),
    weights=dict(gamma=uniform("C", 0.5, 2.0), beta=normal("C")),
    outputs=dict(y="N T C"),
    variants=EPSILONS,
)
layer_norm.timed({"BERT-base": dict(N=1, T=128, C=768)})


@layer_norm.reference
def _(np, x, gamma, beta, *, eps):
    return normalized(np, x, -1, eps) * gamma + beta


@layer_norm.torch("torch.nn.functional.layer_norm")
def _(torch, x, gamma, beta, *, eps):
    return torch.nn.functional.layer_norm(x, gamma.shape, gamma, beta, eps)


@layer_norm.torch.layer("torch.nn.LayerNorm", weights=SCALED)
def _(torch, *, C, eps):
    return torch.nn.LayerNorm(C, eps)


@layer_norm.tensorflow("tf.nn.moments")
def _(tf, x, gamma, beta, *, eps):
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, eps)


@layer_norm.tensorflow.layer("keras.layers.LayerNormalization", weights=KERAS_SCALED)
def _(tf, *, eps):
    return tf.keras.layers.LayerNormalization(epsilon=eps)


@layer_norm.torch.naive(
    "torch.nn.LayerNorm",
    "epsilon left at its default",
    when=dict(eps=1e-3),
    size=(0.0004, 0.054),
    because="epsilon is 1e-5 by default in PyTorch and 1e-3 in Keras",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html",
    fix="pass eps=1e-3 to a layer whose weights come from Keras",
    weights=SCALED,
)
def _(torch, *, C):
    return torch.nn.LayerNorm(C)


@layer_norm.tensorflow.naive(
    "keras.layers.LayerNormalization",
    "epsilon left at its default",
    when=dict(eps=1e-5),
    because="epsilon is 1e-3 by default in Keras and 1e-5 in PyTorch",
    source=LAYER_NORM,
    fix="pass epsilon=1e-5 to a layer whose weights come from PyTorch",
    weights=KERAS_SCALED,
)
def _(tf):
    return tf.keras.layers.LayerNormalization()


layer_norm_of_channels = declare(
    "layer_norm_of_channels", "The channels of each pixel normalized by their own statistics.", "HW", H=4, W=5
)


@layer_norm_of_channels.reference
def _(np, x, gamma, beta, *, eps):
    return normalized(np, x, 1, eps) * per_channel(np, gamma, x) + per_channel(np, beta, x)


@layer_norm_of_channels.torch("torch.nn.functional.layer_norm", **IMAGES)
def _(torch, x, gamma, beta, *, eps):
    return torch.nn.functional.layer_norm(x, gamma.shape, gamma, beta, eps)


@layer_norm_of_channels.torch("torch.nn.functional.layer_norm on permuted axes")
def _(torch, x, gamma, beta, *, eps):
    pixels = x.permute(0, 2, 3, 1)
    return torch.nn.functional.layer_norm(pixels, gamma.shape, gamma, beta, eps).permute(0, 3, 1, 2)


@layer_norm_of_channels.tensorflow.layer("keras.layers.LayerNormalization", weights=KERAS_SCALED, **IMAGES)
def _(tf, *, eps):
    return tf.keras.layers.LayerNormalization(epsilon=eps)


@layer_norm_of_channels.tensorflow.layer("keras.layers.LayerNormalization(axis=1)", weights=KERAS_SCALED)
def _(tf, *, eps):
    return tf.keras.layers.LayerNormalization(axis=1, epsilon=eps)


@layer_norm_of_channels.torch.naive(
    "torch.nn.GroupNorm",
    "one group for all channels",
    because="one group is normalized over the channels and all pixels, not over the channels of each pixel",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html",
    fix="permute the channels to the end and use torch.nn.functional.layer_norm",
    weights=SCALED,
)
def _(torch, *, C, eps):
    return torch.nn.GroupNorm(1, C, eps)


@layer_norm_of_channels.torch.naive(
    "torch.nn.functional.layer_norm",
    "all axes but the batch normalized",
    because="normalized_shape=[C, H, W] takes the statistics over the whole image, Keras over the last axis only",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html",
    fix="permute the channels to the end and pass normalized_shape=[C]",
)
def _(torch, x, gamma, beta, *, eps):
    y = torch.nn.functional.layer_norm(x, x.shape[1:], eps=eps)
    return y * gamma[:, None, None] + beta[:, None, None]


group_norm = declare(
    "group_norm",
    "Groups of neighbouring channels normalized over their channels and pixels.",
    "HW",
    dict(groups=3),
    H=4,
    W=5,
)


@group_norm.reference
def _(np, x, gamma, beta, *, groups, eps):
    grouped = np.reshape(x, (x.shape[0], groups, -1, *x.shape[2:]))
    y = np.reshape(normalized(np, grouped, (2, 3, 4), eps), x.shape)
    return y * per_channel(np, gamma, x) + per_channel(np, beta, x)


@group_norm.torch("torch.nn.functional.group_norm")
def _(torch, x, gamma, beta, *, groups, eps):
    return torch.nn.functional.group_norm(x, groups, gamma, beta, eps)


@group_norm.torch("torch.nn.functional.group_norm of torch.channels_last")
def _(torch, x, gamma, beta, *, groups, eps):
    x = x.contiguous(memory_format=torch.channels_last)
    return torch.nn.functional.group_norm(x, groups, gamma, beta, eps)


@group_norm.torch.layer("torch.nn.GroupNorm", weights=SCALED)
def _(torch, *, C, groups, eps):
    return torch.nn.GroupNorm(groups, C, eps)


@group_norm.tensorflow("tf.nn.moments", **IMAGES)
def _(tf, x, gamma, beta, *, N, H, W, C, groups, eps):
    grouped = tf.reshape(x, [N, H, W, groups, C // groups])
    mean, variance = tf.nn.moments(grouped, [1, 2, 4], keepdims=True)
    y = tf.nn.batch_normalization(grouped, mean, variance, None, None, eps)
    return tf.reshape(y, [N, H, W, C]) * gamma + beta


@group_norm.tensorflow.layer("keras.layers.GroupNormalization", weights=KERAS_SCALED, **IMAGES)
def _(tf, *, groups, eps):
    return tf.keras.layers.GroupNormalization(groups, epsilon=eps)


@group_norm.torch.naive(
    "torch.nn.GroupNorm",
    "epsilon left at its default",
    when=dict(eps=1e-3),
    size=(0.00073, 0.0065),
    because="epsilon is 1e-5 by default in PyTorch and 1e-3 in Keras",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html",
    fix="pass eps=1e-3 to a layer whose weights come from Keras",
    weights=SCALED,
)
def _(torch, *, C, groups):
    return torch.nn.GroupNorm(groups, C)


@group_norm.tensorflow.naive(
    "keras.layers.GroupNormalization",
    "epsilon left at its default",
    when=dict(eps=1e-5),
    size=(0.00042, 0.0095),
    because="epsilon is 1e-3 by default in Keras and 1e-5 in PyTorch",
    source=GROUP_NORM,
    fix="pass epsilon=1e-5 to a layer whose weights come from PyTorch",
    weights=KERAS_SCALED,
    **IMAGES,
)
def _(tf, *, groups):
    return tf.keras.layers.GroupNormalization(groups)


@group_norm.tensorflow.naive(
    "tf.nn.moments",
    "groups of every third channel",
    because="splitting the last axis as [C // groups, groups] puts channels that lie apart into one group",
    source="https://arxiv.org/abs/1803.08494",
    fix="split the last axis as [groups, C // groups]",
    **IMAGES,
)
def _(tf, x, gamma, beta, *, N, H, W, C, groups, eps):
    grouped = tf.reshape(x, [N, H, W, C // groups, groups])
    mean, variance = tf.nn.moments(grouped, [1, 2, 3], keepdims=True)
    y = tf.nn.batch_normalization(grouped, mean, variance, None, None, eps)
    return tf.reshape(y, [N, H, W, C]) * gamma + beta
