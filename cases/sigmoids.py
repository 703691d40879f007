"""Activations built from the logistic function, the hyperbolic tangent and the error function."""

from parity import Case, grid, uniform

sigmoid = Case(
    "sigmoid",
    "Logistic function: 1 / (1 + exp(-x)).",
    sizes=dict(N=16, C=20),
    inputs=lambda limit: dict(x=uniform("N C", -limit, limit)),
    outputs=dict(y="N C"),
    variants=grid(limit=[4, 40]),
)


@sigmoid.reference
def _(np, x):
    return 1 / (1 + np.exp(-x))


@sigmoid.torch("torch.sigmoid")
def _(torch, x):
    return torch.sigmoid(x)


@sigmoid.torch("torch.Tensor.sigmoid_")
def _(torch, x):
    return x.clone().sigmoid_()


@sigmoid.torch.layer("torch.nn.Sigmoid", weights={})
def _(torch):
    return torch.nn.Sigmoid()


@sigmoid.tensorflow("tf.nn.sigmoid")
def _(tf, x):
    return tf.nn.sigmoid(x)


@sigmoid.tensorflow("keras.activations.sigmoid")
def _(tf, x):
    return tf.keras.activations.sigmoid(x)


@sigmoid.tensorflow.layer("keras.layers.Activation", weights={})
def _(tf):
    return tf.keras.layers.Activation("sigmoid")


hard_sigmoid = Case(
    "hard_sigmoid",
    "Piecewise-linear sigmoid: x / 6 + 1 / 2 between 0 and 1, on each side of its two kinks.",
    sizes=dict(N=16, C=20),
    inputs=lambda low, high: dict(x=uniform("N C", low, high)),
    outputs=dict(y="N C"),
    variants=grid(low=[-9], high=[-3.5]) + grid(low=[-2.5], high=[2.5]) + grid(low=[3.5], high=[9]),
)


@hard_sigmoid.reference
def _(np, x):
    return np.where(x > 3, 1, np.where(x > -3, (x + 3) / 6, 0))


@hard_sigmoid.torch("torch.nn.functional.hardsigmoid")
def _(torch, x):
    return torch.nn.functional.hardsigmoid(x)


@hard_sigmoid.torch.layer("torch.nn.Hardsigmoid", weights={})
def _(torch):
    return torch.nn.Hardsigmoid()


for api in ("torch.nn.functional.hardsigmoid", "torch.nn.Hardsigmoid"):
    hard_sigmoid.deviation(
        api,
        quantities=["grad:x"],
        within=5e-8,
        because="the backward kernel multiplies by 1 / 6 rounded to float32, also for float64 tensors",
        source="measured with torch 2.13.0",
        when=dict(low=-2.5),
        dtypes=["float64"],
    )
    for low in (-2.5, 3.5):
        hard_sigmoid.deviation(
            api,
            quantities=["output:y"],
            within=5e-8,
            because="on a GPU the forward kernel, too, multiplies by 1 / 6 rounded to float32",
            source="aten/src/ATen/native/cuda/ActivationHardsigmoidKernel.cu of PyTorch",
            when=dict(low=low),
            dtypes=["float64"],
            devices=["gpu"],
        )


@hard_sigmoid.tensorflow("tf.nn.relu6")
def _(tf, x):
    return tf.nn.relu6(x + 3) / 6


@hard_sigmoid.tensorflow("keras.activations.hard_sigmoid")
def _(tf, x):
    return tf.keras.activations.hard_sigmoid(x)


@hard_sigmoid.tensorflow.layer("keras.layers.Activation", weights={})
def _(tf):
    return tf.keras.layers.Activation("hard_sigmoid")


tanh = Case(
    "tanh",
    "Hyperbolic tangent.",
    sizes=dict(N=16, C=20),
    inputs=lambda limit: dict(x=uniform("N C", -limit, limit)),
    outputs=dict(y="N C"),
    variants=grid(limit=[4, 40]),
)


@tanh.reference
def _(np, x):
    return np.tanh(x)


@tanh.torch("torch.tanh")
def _(torch, x):
    return torch.tanh(x)


@tanh.torch.layer("torch.nn.Tanh", weights={})
def _(torch):
    return torch.nn.Tanh()


@tanh.tensorflow("tf.nn.tanh")
def _(tf, x):
    return tf.nn.tanh(x)


@tanh.tensorflow("keras.activations.tanh")
def _(tf, x):
    return tf.keras.activations.tanh(x)


@tanh.tensorflow.layer("keras.layers.Activation", weights={})
def _(tf):
    return tf.keras.layers.Activation("tanh")


softplus = Case(
    "softplus",
    "Smooth ReLU: log(1 + exp(x)).",
    sizes=dict(N=16, C=20),
    inputs=lambda limit: dict(x=uniform("N C", -limit, limit)),
    outputs=dict(y="N C"),
    variants=grid(limit=[4, 40]),
)


@softplus.reference
def _(np, x):
    return np.log1p(np.exp(x))


@softplus.torch("torch.nn.functional.softplus")
def _(torch, x):
    return torch.nn.functional.softplus(x)


@softplus.torch("torch.nn.functional.softplus(threshold=40)")
def _(torch, x):
    return torch.nn.functional.softplus(x, threshold=40)


@softplus.torch.layer("torch.nn.Softplus", weights={})
def _(torch):
    return torch.nn.Softplus()


for api in ("torch.nn.functional.softplus", "torch.nn.Softplus"):
    softplus.deviation(
        api,
        quantities=["output:*", "grad:*"],
        within=1e-8,
        because="above the threshold of 20 the result is x, which leaves out exp(-x), up to 2e-9",
        source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html",
        when=dict(limit=40),
        dtypes=["float64"],
    )


@softplus.tensorflow("tf.nn.softplus")
def _(tf, x):
    return tf.nn.softplus(x)


@softplus.tensorflow("keras.activations.softplus")
def _(tf, x):
    return tf.keras.activations.softplus(x)


@softplus.tensorflow.layer("keras.layers.Activation", weights={})
def _(tf):
    return tf.keras.layers.Activation("softplus")


silu = Case(
    "silu",
    "Sigmoid-weighted linear unit, also called swish: x / (1 + exp(-x)).",
    sizes=dict(N=16, C=20),
    inputs=lambda limit: dict(x=uniform("N C", -limit, limit)),
    outputs=dict(y="N C"),
    variants=grid(limit=[4, 40]),
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
)


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
        source="https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/nn_ops.py",
        dtypes=["float64"],
    )
