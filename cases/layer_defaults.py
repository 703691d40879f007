"""The defaults of constructors, read from the objects: where Keras and PyTorch differ, they must be passed on."""

from parity import Case, buffer, grid, normal

KERAS_DEFAULTS = {
    "BatchNormalization.epsilon": 1e-3,
    "BatchNormalization.momentum": 0.99,
    "LayerNormalization.epsilon": 1e-3,
    "GroupNormalization.epsilon": 1e-3,
    "LeakyReLU.negative_slope": 0.3,
    "PReLU.alpha": 0.0,
}

layer_defaults = Case(
    "layer_defaults",
    "The arguments that Keras layers have by default; PyTorch's layers need to be given them.",
    sizes=dict(C=4),
    inputs=dict(one=normal("", mean=1, std=0, gradient=False)),
    outputs=dict(value=buffer("")),
    variants=grid(argument=list(KERAS_DEFAULTS)),
    eager_only="it reads the arguments of new layers, and computes nothing with them that could be captured",
    untimed="it reads default arguments and computes nothing",
)


@layer_defaults.reference
def _(np, one, *, argument):
    return one * KERAS_DEFAULTS[argument]


@layer_defaults.tensorflow("keras.layers")
def _(tf, one, *, argument, C):
    layers = tf.keras.layers
    if argument == "GroupNormalization.epsilon":
        return one * layers.GroupNormalization(2).epsilon
    if argument == "PReLU.alpha":
        layer = layers.PReLU()
        layer.build((None, C))
        return one * layer.alpha[0]
    name, attribute = argument.split(".")
    return one * getattr(getattr(layers, name)(), attribute)


def value(layers, argument):
    """The argument as Keras would name and count it."""
    kind = argument.split(".")[0]
    layer = layers[kind]
    if argument == "BatchNormalization.momentum":
        return 1 - layer.momentum
    if kind == "PReLU":
        return layer.weight.detach()[0]
    return layer.negative_slope if kind == "LeakyReLU" else layer.eps


@layer_defaults.torch("torch.nn")
def _(torch, one, *, argument, C):
    nn = torch.nn
    layers = dict(
        BatchNormalization=nn.BatchNorm1d(C, eps=1e-3, momentum=1 - 0.99),
        LayerNormalization=nn.LayerNorm(C, eps=1e-3),
        GroupNormalization=nn.GroupNorm(2, C, eps=1e-3),
        LeakyReLU=nn.LeakyReLU(0.3),
        PReLU=nn.PReLU(C, init=0.0, device=one.device),
    )
    return one * value(layers, argument)


@layer_defaults.torch.naive(
    "torch.nn",
    "arguments left at their defaults",
    because="PyTorch's are 1e-5 for every epsilon, 0.9 for what Keras calls momentum, and slopes of 0.01 and 0.25",
    source="torch/nn/modules of PyTorch 2.13.0: batchnorm.py, normalization.py and activation.py",
    fix="pass Keras's default to the PyTorch layer",
)
def _(torch, one, *, argument, C):
    nn = torch.nn
    layers = dict(
        BatchNormalization=nn.BatchNorm1d(C),
        LayerNormalization=nn.LayerNorm(C),
        GroupNormalization=nn.GroupNorm(2, C),
        LeakyReLU=nn.LeakyReLU(),
        PReLU=nn.PReLU(C, device=one.device),
    )
    return one * value(layers, argument)
