"""Initializers by what many draws have in common: their mean, their spread, and how far they reach."""

from parity import Case, Tolerance, buffer, grid, normal

DRAWN = "a captured graph draws the same numbers at every call"
I, O = 300, 200

KINDS = {
    "glorot_uniform": (0.0, (2 / (I + O)) ** 0.5, (6 / (I + O)) ** 0.5),
    "he_uniform": (0.0, (2 / I) ** 0.5, (6 / I) ** 0.5),
    "lecun_uniform": (0.0, (1 / I) ** 0.5, (3 / I) ** 0.5),
    "glorot_normal": (0.0, (2 / (I + O)) ** 0.5, None),
    "he_normal": (0.0, (2 / I) ** 0.5, None),
    "random_normal": (0.5, 0.25, None),
    "truncated_normal": (0.0, 0.25 * 0.87962566, 0.5),
    "random_uniform": (0.0, 0.25 / 3**0.5, 0.25),
}
"""Each one's mean, standard deviation, and bound; the first two of 60,000 draws, of which few are close to a bound.

Keras truncates its normal distributions at two standard deviations, and PyTorch does not: Keras widens those that are
named after people so that their standard deviation is the one asked for.
"""

initializers = Case(
    "initializers",
    "The mean, the standard deviation and, where there is a bound, the largest magnitude of 60,000 first weights.",
    sizes={},
    inputs=dict(one=normal("", mean=1, std=0, gradient=False)),
    outputs=lambda kind: (
        dict(mean=buffer(""), spread=buffer("")) | (dict(largest=buffer("")) if KINDS[kind][2] else {})
    ),
    variants=grid(kind=list(KINDS)),
    tolerance=Tolerance(
        0.02,
        0.01,
        because="of 60,000 draws the mean and the spread are off by at most 2 % of the spread in all but 1e-6",
    ),
    dtypes=["float32"],
    eager_only=DRAWN,
    untimed="it draws weights once",
    draws=True,
)


@initializers.reference
def _(np, one, *, kind):
    return tuple(one * number for number in KINDS[kind] if number is not None)


def statistics(mean, deviation, largest, weight, kind):
    found = [mean(weight), deviation(weight)]
    return (*found, largest(weight)) if KINDS[kind][2] else tuple(found)


def torch_draw(torch, weight, kind):
    init = torch.nn.init
    if kind == "glorot_uniform":
        return init.xavier_uniform_(weight)
    if kind == "glorot_normal":
        return init.xavier_normal_(weight)
    if kind == "he_uniform":
        return init.kaiming_uniform_(weight, nonlinearity="relu")
    if kind == "he_normal":
        return init.kaiming_normal_(weight, nonlinearity="relu")
    if kind == "lecun_uniform":
        return init.kaiming_uniform_(weight, nonlinearity="linear")
    if kind == "random_normal":
        return init.normal_(weight, 0.5, 0.25)
    if kind == "truncated_normal":
        return init.trunc_normal_(weight, 0, 0.25, -0.5, 0.5)
    return init.uniform_(weight, -0.25, 0.25)


@initializers.torch("torch.nn.init")
def _(torch, one, *, kind):
    torch.manual_seed(0)
    weight = torch_draw(torch, torch.empty(O, I, device=one.device), kind)
    return statistics(torch.mean, torch.std, lambda weight: weight.abs().max(), weight, kind)


@initializers.tensorflow("keras.initializers")
def _(tf, one, *, kind):
    make = tf.keras.initializers
    drawn = {
        "random_normal": lambda: make.RandomNormal(0.5, 0.25, seed=0),
        "truncated_normal": lambda: make.TruncatedNormal(0.0, 0.25, seed=0),
        "random_uniform": lambda: make.RandomUniform(-0.25, 0.25, seed=0),
    }
    names = {kind: "".join(part.capitalize() for part in kind.split("_")) for kind in KINDS}
    initializer = drawn[kind]() if kind in drawn else getattr(make, names[kind])(seed=0)
    weight = initializer((I, O), dtype="float32")
    return statistics(tf.reduce_mean, tf.math.reduce_std, lambda w: tf.reduce_max(tf.abs(w)), weight, kind)


@initializers.torch.naive(
    "torch.nn.Linear",
    "weights left as PyTorch draws them",
    when=dict(kind="glorot_uniform"),
    because="PyTorch draws the weights of a linear layer from uniform(-1/sqrt(inputs), 1/sqrt(inputs))",
    source="torch/nn/modules/linear.py of PyTorch 2.13.0: reset_parameters",
    fix="call torch.nn.init.xavier_uniform_",
)
def _(torch, one):
    torch.manual_seed(0)
    weight = torch.nn.Linear(I, O).weight.detach().to(one.device)
    return weight.mean(), weight.std(), weight.abs().max()


made_of_constants = Case(
    "constant_initializers",
    "Weights of zeros, of ones, of a constant, and of the identity with a factor.",
    sizes=dict(R=4, C=6),
    inputs=dict(one=normal("", mean=1, std=0, gradient=False)),
    outputs=dict(zeros=buffer("R C"), ones=buffer("R C"), constant=buffer("R C"), identity=buffer("R C")),
    dtypes=["float32"],
    exact=True,
    eager_only="it makes constants, whatever the input is",
    untimed="it makes constants",
)


@made_of_constants.reference
def _(np, one, *, R, C):
    return 0 * one * np.ones((R, C)), one * np.ones((R, C)), one * np.full((R, C), 0.25), one * np.eye(R, C)


@made_of_constants.torch("torch.nn.init.constant_")
def _(torch, one, *, R, C):
    def made(fill, *arguments):
        return fill(torch.empty(R, C, device=one.device), *arguments)

    init = torch.nn.init
    return made(init.zeros_), made(init.ones_), made(init.constant_, 0.25), made(init.eye_)


@made_of_constants.tensorflow("keras.initializers.Constant")
def _(tf, one, *, R, C):
    make = tf.keras.initializers
    return [make((R, C), "float32") for make in (make.Zeros(), make.Ones(), make.Constant(0.25), make.Identity())]
