"""Faults in normalization: epsilon, momentum, biased and unbiased variance, and the axes of the statistics."""

from typing import Any

from proof.fault import Shows, fault
from proof.tools import Altered, called

BATCH = ("torch.nn.functional.batch_norm", "torch.nn.BatchNorm1d")
KERAS = ("keras.layers.BatchNormalization",)
LAYER = ("torch.nn.functional.layer_norm", "torch.nn.LayerNorm")
TRAINING = dict(training=True, running_variance="unbiased", momentum=0.01)
EVALUATION = dict(training=False, eps=1e-5)
STATES = ("state:running_mean", "state:running_var")


@fault(
    "torch-batch-norm-eps",
    "eps",
    Shows("batch_norm", BATCH, ("output:y", "grad:x"), when=EVALUATION),
    torch="torch.nn.functional.batch_norm",
    reaches=("batch_of_one",),
)
def _(torch: Any, batch_norm: Any, *arguments: Any, **named: Any) -> Any:
    """Epsilon is 1e-3 whatever is asked for."""
    return batch_norm(**called(batch_norm, arguments, named) | {"eps": 1e-3})


@fault(
    "tensorflow-batch-normalization-eps",
    "eps",
    Shows("batch_norm", ("tf.nn.batch_normalization", *KERAS), ("output:y", "grad:x"), when=EVALUATION),
    tensorflow="tf.nn.batch_normalization",
    reaches=("layer_norm",),
)
def _(
    tf: Any, batch_normalization: Any, x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any
) -> Any:
    """Epsilon is 1e-3 whatever is asked for."""
    return batch_normalization(x, mean, variance, offset, scale, 1e-3)


@fault(
    "torch-layer-norm-eps-outside-the-root",
    "eps",
    Shows("layer_norm", LAYER, ("output:y", "grad:x"), when=dict(eps=1e-3)),
    torch="torch.nn.functional.layer_norm",
)
def _(torch: Any, layer_norm: Any, x: Any, shape: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-5) -> Any:
    """Epsilon is added to the deviation instead of the variance."""
    variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    return (x - mean) / (variance.sqrt() + eps) * weight + bias


@fault(
    "torch-batch-norm-momentum-complement",
    "momentum",
    Shows("batch_norm", BATCH, STATES, may=(), when=TRAINING),
    torch="torch.nn.functional.batch_norm",
)
def _(torch: Any, batch_norm: Any, *arguments: Any, **named: Any) -> Any:
    """The momentum is the weight of the old statistics; the outputs are right."""
    given = called(batch_norm, arguments, named)
    return batch_norm(**given | {"momentum": 1 - given["momentum"]})


@fault(
    "keras-batch-normalization-momentum-complement",
    "momentum",
    Shows("batch_norm", KERAS, STATES, may=(), when=TRAINING),
    tensorflow="keras.layers.BatchNormalization.call",
)
def _(tf: Any, call: Any, layer: Any, *arguments: Any, **named: Any) -> Any:
    """The momentum is the weight of the new batch; the outputs are right."""
    return call(Altered(layer, momentum=1 - layer.momentum), *arguments, **named)


@fault(
    "torch-batch-norm-running-variance-biased",
    "biased variance",
    Shows(
        "batch_norm2d", ("torch.nn.functional.batch_norm", "torch.nn.BatchNorm2d"), STATES[1:], may=(), when=TRAINING
    ),
    torch="torch.nn.functional.batch_norm",
)
def _(torch: Any, batch_norm: Any, *arguments: Any, **named: Any) -> Any:
    """The running variance takes up the biased one; the outputs are right."""
    given = called(batch_norm, arguments, named)
    if not given["training"]:
        return batch_norm(**given)
    x, var = given["input"], given["running_var"]
    updated, kept, n = var.clone(), (1 - given["momentum"]) * var, x.numel() / x.shape[1]
    y = batch_norm(**given | {"running_var": updated})
    var.copy_(kept + (updated - kept) * (n - 1) / n)
    return y


@fault(
    "keras-batch-normalization-unbiased",
    "biased variance",
    Shows("batch_norm", KERAS, ("output:y", "state:running_var"), when=dict(training=True)),
    tensorflow="keras.layers.BatchNormalization._moments",
)
def _(tf: Any, moments: Any, layer: Any, inputs: Any, mask: Any) -> Any:
    """The batch is normalized by its unbiased variance."""
    mean, variance = moments(layer, inputs, mask)
    n = inputs.shape.num_elements() / inputs.shape[-1]
    return mean, variance * (n / (n - 1))


@fault(
    "tensorflow-moments-unbiased",
    "biased variance",
    Shows("layer_norm", ("tf.nn.moments", "keras.layers.LayerNormalization"), ("output:y",)),
    Shows("variance", ("tf.nn.moments",), ("output:y", "grad:x")),
    tensorflow="tf.nn.moments",
)
def _(tf: Any, moments: Any, x: Any, axes: Any, *more: Any, **named: Any) -> Any:
    """The variance is divided by n - 1."""
    mean, variance = moments(x, axes, *more, **named)
    n = x.shape.num_elements() / variance.shape.num_elements()
    return mean, variance * (n / (n - 1))


@fault(
    "torch-var-unbiased",
    "biased variance",
    Shows("variance", ("torch.var(correction=0)",), ("output:y", "grad:x")),
    torch="torch.var",
)
def _(torch: Any, var: Any, x: Any, *more: Any, correction: Any = 1, **named: Any) -> Any:
    """correction=0 is not heeded."""
    return var(x, *more, correction=1, **named)


@fault(
    "torch-batch-norm-evaluates-with-the-batch",
    "wrong parameter",
    Shows("batch_norm1d", BATCH, ("output:y", "grad:x"), when=EVALUATION),
    torch="torch.nn.functional.batch_norm",
)
def _(torch: Any, batch_norm: Any, *arguments: Any, **named: Any) -> Any:
    """In evaluation the batch's own statistics are used."""
    given = called(batch_norm, arguments, named)
    statistics = {name: given[name].clone() for name in ("running_mean", "running_var")}
    return batch_norm(**given | statistics | {"training": True})


@fault(
    "torch-batch-norm-statistics-not-returned",
    "state not returned",
    Shows("batch_norm", BATCH, STATES, may=(), when=TRAINING),
    torch="torch.nn.functional.batch_norm",
)
def _(torch: Any, batch_norm: Any, x: Any, mean: Any, var: Any, *more: Any) -> Any:
    """Training leaves the running statistics as they were; the outputs are right."""
    return batch_norm(x, mean.clone(), var.clone(), *more)


@fault(
    "torch-group-norm-interleaved",
    "wrong axis",
    Shows("group_norm", ("torch.nn.functional.group_norm", "torch.nn.GroupNorm"), ("output:y", "grad:x", "grad:gamma")),
    torch="torch.nn.functional.group_norm",
)
def _(torch: Any, group_norm: Any, x: Any, groups: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-5) -> Any:
    """A group takes every so many channels instead of neighbours."""
    order = torch.arange(x.shape[1]).reshape(-1, groups).T.flatten()
    y = group_norm(x[:, order], groups, None, None, eps)[:, order.argsort()]
    rest = (1,) * (x.ndim - 2)
    return y * weight.reshape(-1, *rest) + bias.reshape(-1, *rest)


@fault(
    "torch-instance-norm-over-the-batch",
    "wrong axis",
    Shows("instance_norm2d", ("torch.nn.functional.instance_norm", "torch.nn.InstanceNorm2d"), ("output:y", "grad:x")),
    torch="torch.nn.functional.instance_norm",
)
def _(
    torch: Any,
    instance_norm: Any,
    x: Any,
    mean: Any = None,
    var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use: Any = True,
    momentum: Any = 0.1,
    eps: Any = 1e-5,
) -> Any:
    """The statistics are taken over the batch, too."""
    return torch.nn.functional.batch_norm(x, None, None, weight, bias, True, momentum, eps)


@fault(
    "keras-layer-normalization-over-time",
    "wrong axis",
    Shows("layer_norm", ("keras.layers.LayerNormalization",), ("output:y", "grad:x")),
    tensorflow="keras.layers.LayerNormalization.call",
)
def _(tf: Any, call: Any, layer: Any, inputs: Any) -> Any:
    """The statistics are taken over the steps, too."""
    mean, variance = tf.nn.moments(inputs, [1, 2], keepdims=True)
    return tf.nn.batch_normalization(
        inputs, mean, variance, tf.convert_to_tensor(layer.beta), tf.convert_to_tensor(layer.gamma), layer.epsilon
    )


@fault(
    "both-batch-norm-unbiased",
    "both frameworks wrong in the same way",
    Shows("batch_norm", (*BATCH, *KERAS, "tf.nn.batch_normalization"), ("output:y", "grad:x"), when=EVALUATION),
    torch="torch.nn.functional.batch_norm",
    tensorflow="tf.nn.batch_normalization",
    reaches=("layer_norm",),
)
def _(framework: Any, normalize: Any, x: Any, mean: Any, variance: Any, *more: Any, **named: Any) -> Any:
    """Both multiply the variance by n / (n - 1)."""
    return normalize(x, mean, variance * (x.shape[0] / (x.shape[0] - 1)), *more, **named)
