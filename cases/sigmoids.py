"""Logistic function, its piecewise-linear stand-in, hyperbolic tangent and softplus."""

from parity import Case, LeastScale, grid, uniform

sigmoid = Case(
    "sigmoid",
    "Logistic function: 1 / (1 + exp(-x)).",
    sizes=dict(N=16, C=20),
    inputs=lambda limit: dict(x=uniform("N C", -limit, limit)),
    outputs=dict(y="N C"),
    variants=grid(limit=[4, 40]),
    least_scale=LeastScale(1.0, ["grad:x"], "the derivative is y (1 - y) with the rounded result y"),
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


@sigmoid.torch.naive(
    "torch.Tensor.sigmoid",
    "result changed in place",
    because="the gradient is computed from the result, which clamp_ has written to",
    source="https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-operations-with-autograd",
    fix="use clamp, which makes a new tensor",
    raises="RuntimeError: has been modified by an inplace operation",
)
def _(torch, x):
    return x.sigmoid().clamp_(0, 1)


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
        modes=["eager", "graph"],
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


@hard_sigmoid.torch.naive(
    "torch.clamp",
    "slope 0.2 of older versions",
    when=dict(low=-2.5),
    size=(0.045, 0.19),
    because="hard_sigmoid was 0.2 x + 0.5 up to Keras 2, and is x / 6 + 0.5 in Keras 3 and PyTorch",
    source="tf_keras/src/backend.py of tf_keras 2.21.0: hard_sigmoid",
    fix="use torch.nn.functional.hardsigmoid for Keras 3, and the clamp for models of Keras 2",
)
def _(torch, x):
    return torch.clamp(0.2 * x + 0.5, 0, 1)


@hard_sigmoid.tensorflow.naive(
    "keras.activations.sigmoid",
    "smooth sigmoid instead",
    because="the piecewise-linear function differs from the smooth one by up to 0.07",
    source="https://keras.io/api/layers/activations/#hard_sigmoid-function",
    fix="use keras.activations.hard_sigmoid",
)
def _(tf, x):
    return tf.keras.activations.sigmoid(x)


tanh = Case(
    "tanh",
    "Hyperbolic tangent.",
    sizes=dict(N=16, C=20),
    inputs=lambda limit: dict(x=uniform("N C", -limit, limit)),
    outputs=dict(y="N C"),
    variants=grid(limit=[4, 40]),
)
tanh.timed({"BERT-base": dict(N=128, C=3072)})


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
    least_scale=LeastScale(1.0, ["output:y"], "1 + exp(x) is rounded before its logarithm", ["float16", "bfloat16"]),
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
