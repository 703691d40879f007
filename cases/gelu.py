"""Activations that weigh a number by a sigmoid of it: SiLU and GELU."""

from parity import Case, LeastScale, grid, uniform

silu = Case(
    "silu",
    "Sigmoid-weighted linear unit, also called swish: x / (1 + exp(-x)).",
    sizes=dict(N=16, C=20),
    inputs=lambda limit: dict(x=uniform("N C", -limit, limit)),
    outputs=dict(y="N C"),
    variants=grid(limit=[4, 40]),
    least_scale=LeastScale(lambda limit: limit, ["grad:x"], "the derivative multiplies x by a rounded 1 - sigmoid(x)"),
)


@silu.reference
def _(np, x):
    return x / (1 + np.exp(-x))


@silu.torch("torch.nn.functional.silu")
def _(torch, x):
    return torch.nn.functional.silu(x)


@silu.torch.layer("torch.nn.SiLU", weights={})
def _(torch):
    return torch.nn.SiLU()


@silu.tensorflow("tf.nn.silu")
def _(tf, x):
    return tf.nn.silu(x)


@silu.tensorflow("keras.activations.silu")
def _(tf, x):
    return tf.keras.activations.silu(x)


@silu.tensorflow.layer("keras.layers.Activation", weights={})
def _(tf):
    return tf.keras.layers.Activation("swish")


gelu = Case(
    "gelu",
    "Gaussian error linear unit: x times the normal distribution function, exact or by a tanh formula.",
    sizes=dict(N=16, C=20),
    inputs=lambda limit: dict(x=uniform("N C", -limit, limit)),
    outputs=dict(y="N C"),
    variants=grid(approximate=[False, True], limit=[1, 4]),
    least_scale=LeastScale(
        lambda limit: 3.0 * limit,
        ["grad:x"],
        "the derivative multiplies 0.5 x and up to 2.6 by a rounded 1 - tanh(x)**2",
    ),
)
gelu.timed({"BERT-base": dict(N=128, C=3072)})


@gelu.reference
def _(np, x, *, approximate):
    pi = 4 * np.arctan(np.ones_like(x))
    if approximate:
        return x / 2 * (1 + np.tanh(np.sqrt(2 / pi) * (x + 0.044715 * x**3)))
    term = series = x
    for factor in range(3, 120, 2):
        term = term * x**2 / factor
        series = series + term
    return x * (0.5 + series * np.exp(-(x**2) / 2) / np.sqrt(2 * pi))


@gelu.torch("torch.nn.functional.gelu")
def _(torch, x, *, approximate):
    return torch.nn.functional.gelu(x, approximate="tanh" if approximate else "none")


@gelu.torch.layer("torch.nn.GELU", weights={})
def _(torch, *, approximate):
    return torch.nn.GELU(approximate="tanh" if approximate else "none")


@gelu.tensorflow("tf.nn.gelu")
def _(tf, x, *, approximate):
    return tf.nn.gelu(x, approximate=approximate)


@gelu.tensorflow("keras.activations.gelu")
def _(tf, x, *, approximate):
    return tf.keras.activations.gelu(x, approximate=approximate)


for api in ("tf.nn.gelu", "keras.activations.gelu"):
    gelu.deviation(
        api,
        quantities=["output:*", "grad:*"],
        within=5e-8,
        because="its constants are rounded to float32 before they are cast to the type of the tensor",
        source="tensorflow/python/ops/nn_ops.py of TensorFlow 2.21.0: gelu",
        dtypes=["float64"],
    )


@gelu.tensorflow.naive(
    "keras.ops.gelu",
    "approximate left at its default",
    when=dict(approximate=False),
    size=(5.9e-05, 0.00037),
    because="keras.ops.gelu approximates by default; keras.activations.gelu, tf.nn.gelu and torch.nn.GELU do not",
    source="https://keras.io/api/ops/nn/#gelu-function",
    fix="pass approximate=False",
)
def _(tf, x):
    return tf.keras.ops.gelu(x)


@gelu.torch.naive(
    "torch.nn.GELU",
    "approximate left at its default",
    when=dict(approximate=True),
    size=(5.9e-05, 0.00037),
    because="PyTorch computes the exact function by default; models such as GPT-2 were trained with the tanh formula",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.GELU.html",
    fix="pass approximate='tanh'",
    weights={},
)
def _(torch):
    return torch.nn.GELU()


@gelu.tensorflow.naive(
    "tf.nn.gelu",
    "approximate left at its default",
    when=dict(approximate=True, limit=4),
    size=(5.9e-05, 0.00024),
    because="the default is the exact function",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/gelu",
    fix="pass approximate=True",
)
def _(tf, x):
    return tf.nn.gelu(x)


@gelu.torch.naive(
    "torch.sigmoid",
    "x times sigmoid(1.702 x)",
    size=(0.0025, 0.016),
    because="it is a third, coarser approximation, often called quick GELU",
    source="https://arxiv.org/abs/1606.08415",
    fix="use torch.nn.functional.gelu",
)
def _(torch, x):
    return x * torch.sigmoid(1.702 * x)


@silu.torch.naive(
    "torch.nn.functional.hardswish",
    "piecewise-linear swish",
    size=(0.00027, 0.43),
    because="hardswish is x relu6(x + 3) / 6, swish is x sigmoid(x)",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardswish.html",
    fix="use torch.nn.functional.silu for swish",
)
def _(torch, x):
    return torch.nn.functional.hardswish(x)
