"""Dropout in training that overwrites its input, by statistics and by what the input holds afterwards."""

from _draws import unseeded

from parity import Case, Tolerance, buffer, grid, normal

TORCH_DROPOUT = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html"

dropout_in_place = Case(
    "dropout_in_place",
    "Dropout of ones in training: the fraction that it keeps, and those of elements whose input afterwards equals the "
    "result, whose input is as it was, and whose gradient follows the mask.",
    sizes=dict(N=250, C=200),
    inputs=dict(x=normal("N C", mean=1, std=0, gradient=False)),
    outputs=dict(kept=buffer(""), overwritten=buffer(""), unchanged=buffer(""), followed=buffer("")),
    variants=grid(inplace=[True, False]),
    tolerance=Tolerance(0, 0.02, because="8 standard deviations of 50,000 draws, of 7 bits in bfloat16"),
    draws=True,
)


@dropout_in_place.reference
def _(np, x, *, inplace):
    half, none = 0.5 * np.mean(x), 0 * np.mean(x)
    return half, 2 * half if inplace else none, none if inplace else 2 * half, 2 * half


def torch_measures(torch, dropout, x):
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        between = leaf * 1
        y = dropout(between)
        (gradient,) = torch.autograd.grad(y.sum(), leaf)
    found = y != 0, between == y, between == 1, gradient == y
    return [fits.double().mean().to(x.dtype) for fits in found]


@dropout_in_place.torch.layer("torch.nn.Dropout", weights={})
def _(torch, *, inplace, capture):
    torch.manual_seed(0)
    layer = torch.nn.Dropout(p=0.5, inplace=inplace)
    return layer, lambda x: torch_measures(torch, capture(layer), x)


@dropout_in_place.torch.layer("torch.nn.functional.dropout", weights={})
def _(torch, *, inplace, capture):
    torch.manual_seed(0)

    def dropout(x):
        return torch.nn.functional.dropout(x, p=0.5, training=True, inplace=inplace)

    return torch.nn.Module(), lambda x: torch_measures(torch, capture(dropout), x)


def tensorflow_measures(tf, dropout, x, inplace, capture):
    """A tensor cannot be overwritten: the nearest is a variable, to which the result is assigned."""
    variable = tf.Variable(x)

    def call():
        with tf.GradientTape() as tape:
            y = dropout(variable)
        gradient = tape.gradient(y, variable)
        if inplace:
            variable.assign(y)
        found = y != 0, variable.read_value() == y, variable.read_value() == 1, gradient == y
        return [tf.cast(tf.reduce_mean(tf.cast(fits, tf.float64)), x.dtype) for fits in found]

    return capture(call)()


@dropout_in_place.tensorflow("tf.nn.dropout")
def _(tf, x, *, inplace, capture):
    return tensorflow_measures(tf, lambda x: tf.nn.dropout(x, rate=0.5, seed=0), x, inplace, capture)


unseeded(dropout_in_place, "tf.nn.dropout")


@dropout_in_place.tensorflow.layer("keras.layers.Dropout", weights={})
def _(tf, *, inplace, capture):
    layer = tf.keras.layers.Dropout(rate=0.5, seed=0)
    return layer, lambda x: tensorflow_measures(tf, lambda x: layer(x, training=True), x, inplace, capture)


@dropout_in_place.torch.naive(
    "torch.nn.Dropout",
    "inplace left at its default",
    when=dict(inplace=True),
    wrong=["output:overwritten", "output:unchanged"],
    because="inplace is False by default: the result is a new tensor, and the input stays",
    source=TORCH_DROPOUT,
    fix="use what the layer returns, or pass inplace=True",
    weights={},
)
def _(torch, *, inplace):
    torch.manual_seed(0)
    layer = torch.nn.Dropout(p=0.5)
    return layer, lambda x: torch_measures(torch, layer, x)


@dropout_in_place.torch.naive(
    "torch.nn.Dropout(inplace=True)",
    "input used again",
    when=dict(inplace=False),
    wrong=["output:overwritten", "output:unchanged"],
    because="the input holds the result afterwards; a tensor of TensorFlow never changes",
    source=TORCH_DROPOUT,
    fix="leave inplace at False where the input is used again",
    weights={},
)
def _(torch, *, inplace):
    torch.manual_seed(0)
    layer = torch.nn.Dropout(p=0.5, inplace=True)
    return layer, lambda x: torch_measures(torch, layer, x)


@dropout_in_place.torch.naive(
    "torch.nn.Dropout(inplace=True)",
    "on a leaf",
    when=dict(inplace=True),
    raises="RuntimeError: a leaf Variable that requires grad is being used in an in-place operation",
    because="autograd needs the values of what it differentiates: a parameter or an input cannot be overwritten",
    source="https://docs.pytorch.org/docs/stable/notes/autograd.html",
    fix="leave inplace at False for parameters and inputs that get a gradient",
    weights={},
)
def _(torch, *, inplace):
    layer = torch.nn.Dropout(p=0.5, inplace=True)

    def call(x):
        with torch.enable_grad():
            return layer(x.detach().requires_grad_())

    return layer, call


@dropout_in_place.tensorflow.naive(
    "tf.nn.dropout",
    "variable taken to be overwritten",
    when=dict(inplace=True),
    wrong=["output:overwritten", "output:unchanged"],
    because="TensorFlow has no inplace: the result is a new tensor, also where the input is a variable",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/dropout",
    fix="assign the result to the variable, or use the result",
)
def _(tf, x, *, inplace, capture):
    return tensorflow_measures(tf, lambda x: tf.nn.dropout(x, rate=0.5, seed=0), x, False, capture)
