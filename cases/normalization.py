"""Batch normalization in one to three dimensions, with the running statistics that training leaves behind.

The frameworks disagree on conventions, which are written out here. PyTorch's ``momentum`` is the weight of the new
batch, Keras's that of the old statistics. ``eps`` is 1e-5 by default in PyTorch, 1e-3 in Keras. The running variance
is unbiased (n - 1) in PyTorch and ``fused_batch_norm``, biased (n) in Keras and what ``tf.nn.moments`` gives: each
variant names the one it compares (``running_variance``), and the implementations that keep the other correct it.
"""

from math import prod

from parity import Case, buffer, grid, normal, uniform

VARIANTS = (
    grid(training=[False], scale=[True, False], center=[True, False])
    + grid(training=[False], eps=[1e-3])
    + grid(training=[True], running_variance=["unbiased", "biased"])
    + grid(training=[True], running_variance=["unbiased", "biased"], momentum=[0.01], eps=[1e-3])
    + grid(training=[True], running_variance=["unbiased"], scale=[True, False], center=[False])
    + grid(training=[True], running_variance=["biased"], scale=[False], center=[True])
)


def elements(x, channels):
    """The number of elements that each channel's statistics are taken over."""
    return prod(x.shape) // channels


def corrected(updated, initial, momentum, factor):
    """The updated running variance as it would be with ``factor`` times the batch's variance."""
    kept = (1 - momentum) * initial
    return kept + factor * (updated - kept)


def batch_norm(name, torch_layer, sizes, space, data_format=None, variants=VARIANTS):
    case = Case(
        name,
        "Channels normalized by the batch's statistics (training), towards which the running ones move, or by those.",
        sizes=sizes,
        parameters=dict(scale=True, center=True, momentum=0.1, eps=1e-5, running_variance=None),
        inputs=dict(x=normal(f"N C {space}", mean=0.5, std=1.5)),
        weights=lambda scale, center: dict(
            **(dict(gamma=uniform("C", 0.5, 2.0)) if scale else {}),
            **(dict(beta=normal("C")) if center else {}),
            running_mean=normal("C", gradient=False),
            running_var=uniform("C", 0.5, 2.0, gradient=False),
        ),
        outputs=dict(y=f"N C {space}"),
        states=lambda training: dict(running_mean=buffer("C"), running_var=buffer("C")) if training else {},
        variants=variants,
    )
    channels_last = dict(x=f"N {space} C", y=f"N {space} C")

    @case.reference
    def _(np, x, running_mean, running_var, gamma=None, beta=None, *, training, momentum, eps, running_variance):
        def over_channels(vector):
            return np.reshape(vector, (-1, *[1] * len(space.split())))

        if training:
            axes = (0, *range(2, x.ndim))
            n = elements(x, x.shape[1])
            mean = np.mean(x, axes)
            variance = np.mean((x - over_channels(mean)) ** 2, axes)
        else:
            mean, variance = running_mean, running_var
        y = (x - over_channels(mean)) / np.sqrt(over_channels(variance) + eps)
        y = y if gamma is None else y * over_channels(gamma)
        y = y if beta is None else y + over_channels(beta)
        if not training:
            return y
        stored = variance * n / (n - 1) if running_variance == "unbiased" else variance
        return y, (1 - momentum) * running_mean + momentum * mean, (1 - momentum) * running_var + momentum * stored

    @case.torch("torch.nn.functional.batch_norm")
    def _(torch, x, running_mean, running_var, gamma=None, beta=None, *, C, training, momentum, eps, running_variance):
        if not training:
            return torch.nn.functional.batch_norm(x, running_mean, running_var, gamma, beta, eps=eps)
        mean, variance = running_mean.clone(), running_var.clone()
        y = torch.nn.functional.batch_norm(x, mean, variance, gamma, beta, True, momentum, eps)
        if running_variance == "biased":
            n = elements(x, C)
            variance = corrected(variance, running_var, momentum, (n - 1) / n)
        return y, mean, variance

    @case.torch.layer(
        f"torch.nn.{torch_layer}",
        weights=lambda scale, center: dict(
            **(dict(weight="gamma: C") if scale else {}),
            **(dict(bias="beta: C") if center else {}),
            running_mean="running_mean: C",
            running_var="running_var: C",
        ),
    )
    def _(torch, *, C, training, scale, center, momentum, eps, running_variance):
        layer = getattr(torch.nn, torch_layer)(C, eps, momentum, affine=scale or center)
        if layer.affine:
            layer.weight.requires_grad_(scale)
            layer.bias.requires_grad_(center)
        if not training:
            return layer.eval()

        def train(x):
            initial = layer.running_var.clone()
            y = layer(x)
            if running_variance == "unbiased":
                return y, layer.running_mean, layer.running_var
            n = elements(x, C)
            return y, layer.running_mean, corrected(layer.running_var, initial, momentum, (n - 1) / n)

        return layer, train

    @case.tensorflow("tf.nn.batch_normalization", **channels_last)
    def _(tf, x, running_mean, running_var, gamma=None, beta=None, *, C, training, momentum, eps, running_variance):
        if not training:
            return tf.nn.batch_normalization(x, running_mean, running_var, beta, gamma, eps)
        mean, variance = tf.nn.moments(x, list(range(x.ndim - 1)))
        y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, eps)
        n = elements(x, C)
        stored = variance * (n / (n - 1)) if running_variance == "unbiased" else variance
        return y, (1 - momentum) * running_mean + momentum * mean, (1 - momentum) * running_var + momentum * stored

    @case.tensorflow.layer(
        "keras.layers.BatchNormalization",
        weights=lambda scale, center: dict(
            **(dict(gamma="gamma: C") if scale else {}),
            **(dict(beta="beta: C") if center else {}),
            moving_mean="running_mean: C",
            moving_variance="running_var: C",
        ),
        **channels_last,
    )
    def _(tf, *, C, training, scale, center, momentum, eps, running_variance):
        layer = tf.keras.layers.BatchNormalization(momentum=1 - momentum, epsilon=eps, scale=scale, center=center)

        def train(x):
            initial = tf.identity(layer.moving_variance)
            y = layer(x, training=True)
            if running_variance == "biased":
                return y, layer.moving_mean, layer.moving_variance
            n = elements(x, C)
            updated = tf.convert_to_tensor(layer.moving_variance)
            return y, layer.moving_mean, corrected(updated, initial, momentum, n / (n - 1))

        return layer, train if training else lambda x: layer(x, training=False)

    if data_format is not None:
        fused_batch_norm(case, data_format, channels_last)
    return case


def fused_batch_norm(case, data_format, channels_last):
    api = "tf.compat.v1.nn.fused_batch_norm"

    @case.tensorflow(api, **channels_last)
    def _(tf, x, running_mean, running_var, gamma=None, beta=None, *, C, training, momentum, eps, running_variance):
        initial = tf.cast(running_var, tf.float32)
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            x,
            tf.ones([C]) if gamma is None else tf.cast(gamma, tf.float32),
            tf.zeros([C]) if beta is None else tf.cast(beta, tf.float32),
            tf.cast(running_mean, tf.float32),
            initial,
            epsilon=eps,
            data_format=data_format,
            is_training=training,
            exponential_avg_factor=momentum,
        )
        if not training:
            return y
        if running_variance == "biased":
            n = elements(x, C)
            variance = corrected(variance, initial, momentum, (n - 1) / n)
        return y, tf.cast(mean, x.dtype), tf.cast(variance, x.dtype)

    case.limitation(
        api,
        raises="InvalidArgumentError or TypeError: list of allowed values",
        because="FusedBatchNormV3 is not defined for float64",
        source="https://www.tensorflow.org/api_docs/python/tf/raw_ops/FusedBatchNormV3",
        dtypes=["float64"],
    )


batch_norm("batch_norm", "BatchNorm1d", dict(N=12, C=5), "")
batch_norm1d = batch_norm(
    "batch_norm1d",
    "BatchNorm1d",
    dict(N=2, C=5, L=4),
    "L",
    variants=VARIANTS + grid(training=[True], running_variance=["unbiased"], L=[5]),
)
batch_norm2d = batch_norm("batch_norm2d", "BatchNorm2d", dict(N=2, C=5, H=3, W=4), "H W", "NHWC")
batch_norm2d.timed({"ResNet-50": dict(training=True, running_variance="unbiased", N=1, C=64, H=112, W=112)})
batch_norm("batch_norm3d", "BatchNorm3d", dict(N=2, C=5, D=4, H=3, W=1), "D H W", "NDHWC")

TORCH_WEIGHTS = dict(weight="gamma: C", bias="beta: C", running_mean="running_mean: C", running_var="running_var: C")
KERAS_WEIGHTS = dict(gamma="gamma: C", beta="beta: C", moving_mean="running_mean: C", moving_variance="running_var: C")
CHANNELS_LAST = dict(x="N H W C", y="N H W C")
STEPS_FIRST = dict(x="N L C", y="N L C")


def torch_naive(title, **how):
    page = "https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html"
    return batch_norm2d.torch.naive("torch.nn.BatchNorm2d", title, source=page, weights=TORCH_WEIGHTS, **how)


def keras_naive(title, **how):
    page = "https://keras.io/api/layers/normalization_layers/batch_normalization/"
    return batch_norm2d.tensorflow.naive(
        "keras.layers.BatchNormalization", title, source=page, weights=KERAS_WEIGHTS, **CHANNELS_LAST, **how
    )


def trained(layer):
    """The layer, and a call that returns the running statistics too."""
    return layer, lambda x: (layer(x), layer.running_mean, layer.running_var)


def keras_layer(tf, *, keep, eps, trainable=True, call=None):
    """The Keras layer with ``keep`` as its momentum, and a call that returns the moving statistics too."""
    layer = tf.keras.layers.BatchNormalization(momentum=keep, epsilon=eps, trainable=trainable)
    given = dict(training=True) if call is None else call
    return layer, lambda x: (layer(x, **given), layer.moving_mean, layer.moving_variance)


@torch_naive(
    "epsilon left at its default",
    size=(7.2e-05, 0.0037),
    when=dict(training=False, eps=1e-3),
    because="epsilon is 1e-5 by default in PyTorch and 1e-3 in Keras",
    fix="pass eps=1e-3 to a layer whose weights come from Keras",
)
def _(torch, *, C):
    return torch.nn.BatchNorm2d(C).eval()


@keras_naive(
    "epsilon left at its default",
    size=(0.00016, 0.0017),
    when=dict(training=False, eps=1e-5, scale=True, center=True),
    because="epsilon is 1e-3 by default in Keras and 1e-5 in PyTorch",
    fix="pass epsilon=1e-5 to a layer whose weights come from PyTorch",
)
def _(tf):
    return tf.keras.layers.BatchNormalization()


@torch_naive(
    "Keras momentum copied unchanged",
    wrong="state:running_*",
    when=dict(training=True, running_variance="unbiased", momentum=0.1, scale=True, center=True),
    because="momentum is the weight of the new batch in PyTorch and that of the old statistics in Keras",
    fix="pass momentum=1 - m, where m is the momentum of the Keras layer",
)
def _(torch, *, C, momentum):
    return trained(torch.nn.BatchNorm2d(C, momentum=1 - momentum))


@keras_naive(
    "PyTorch momentum copied unchanged",
    wrong="state:running_*",
    when=dict(training=True, running_variance="biased", momentum=0.1, scale=True),
    because="momentum is the weight of the old statistics in Keras and that of the new batch in PyTorch",
    fix="pass momentum=1 - m, where m is the momentum of the PyTorch layer",
)
def _(tf, *, momentum, eps):
    return keras_layer(tf, keep=momentum, eps=eps)


@torch_naive(
    "running variance compared as stored",
    wrong="state:running_var",
    size=(0.0027, 0.016),
    when=dict(training=True, running_variance="biased", eps=1e-5, scale=True),
    because="PyTorch normalizes by the biased variance and stores the unbiased one; Keras stores the biased one",
    fix="multiply the batch's share of the running variance by (n - 1) / n",
)
def _(torch, *, C):
    return trained(torch.nn.BatchNorm2d(C))


@keras_naive(
    "running variance compared as stored",
    wrong="state:running_var",
    size=(0.0028, 0.019),
    when=dict(training=True, running_variance="unbiased", eps=1e-5, scale=True, center=True),
    because="Keras stores the biased variance of the batch, PyTorch the unbiased one",
    fix="multiply the batch's share of the running variance by n / (n - 1)",
)
def _(tf, *, momentum, eps):
    return keras_layer(tf, keep=1 - momentum, eps=eps)


@torch_naive(
    "evaluated in training mode",
    when=dict(training=False, eps=1e-3),
    because="a PyTorch module starts in training mode, where it uses the statistics of the batch",
    fix="call eval() on the model before evaluating it",
)
def _(torch, *, C, eps):
    return torch.nn.BatchNorm2d(C, eps)


@keras_naive(
    "trained without training=True",
    when=dict(training=True, running_variance="biased", momentum=0.1, scale=True),
    because="a Keras layer called directly is in inference mode, where it uses the moving statistics",
    fix="pass training=True in a training loop of your own",
)
def _(tf, *, momentum, eps):
    return keras_layer(tf, keep=1 - momentum, eps=eps, call={})


@keras_naive(
    "weights frozen by trainable=False",
    when=dict(training=True, running_variance="biased", momentum=0.1, scale=True),
    because="trainable=False also puts a Keras layer into inference mode; requires_grad_(False) does not in PyTorch",
    fix="leave gamma and beta out of the optimizer's variables and keep the layer trainable",
)
def _(tf, *, momentum, eps):
    return keras_layer(tf, keep=1 - momentum, eps=eps, trainable=False)


@batch_norm2d.tensorflow.naive(
    "tf.nn.batch_normalization",
    "scale passed before offset",
    when=dict(training=False, eps=1e-3),
    because="the arguments are mean, variance, offset, scale, while torch.nn.functional.batch_norm has weight first",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/batch_normalization",
    fix="pass offset= and scale= by name",
    **CHANNELS_LAST,
)
def _(tf, x, running_mean, running_var, gamma, beta, *, eps):
    return tf.nn.batch_normalization(x, running_mean, running_var, gamma, beta, eps)


@batch_norm1d.torch.naive(
    "torch.nn.BatchNorm1d",
    "time steps before channels, as many",
    when=dict(L=5),
    because="PyTorch takes axis 1 as the channels, which in a Keras sequence [N, T, C] are the time steps",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html",
    fix="transpose to [N, C, T] before the layer and back after it",
    weights=TORCH_WEIGHTS,
    **STEPS_FIRST,
)
def _(torch, *, C):
    return trained(torch.nn.BatchNorm1d(C))


@batch_norm1d.torch.naive(
    "torch.nn.BatchNorm1d",
    "time steps before channels",
    when=dict(training=False, eps=1e-3),
    because="PyTorch takes axis 1 as the channels, which in a Keras sequence [N, T, C] are the time steps",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html",
    fix="transpose to [N, C, T] before the layer and back after it",
    raises="RuntimeError: running_mean should contain 4 elements not 5",
    weights=TORCH_WEIGHTS,
    **STEPS_FIRST,
)
def _(torch, *, C, eps):
    return torch.nn.BatchNorm1d(C, eps).eval()
