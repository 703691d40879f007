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


def batch_norm(name, torch_layer, sizes, space, data_format=None):
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
        variants=VARIANTS,
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
        raises="is not in the list of allowed values: half, bfloat16, float",
        because="FusedBatchNormV3 is not defined for float64",
        source="https://www.tensorflow.org/api_docs/python/tf/raw_ops/FusedBatchNormV3",
        dtypes=["float64"],
    )


batch_norm("batch_norm", "BatchNorm1d", dict(N=12, C=5), "")
batch_norm("batch_norm1d", "BatchNorm1d", dict(N=2, C=5, L=4), "L")
batch_norm("batch_norm2d", "BatchNorm2d", dict(N=2, C=5, H=3, W=4), "H W", "NHWC")
batch_norm("batch_norm3d", "BatchNorm3d", dict(N=2, C=5, D=4, H=3, W=1), "D H W", "NDHWC")
