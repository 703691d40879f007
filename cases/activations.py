"""Piecewise-linear activations: ReLU and its relatives."""

from parity import Case, grid, integers, normal, uniform

relu = Case(
    "relu",
    "Rectified linear unit: max(x, 0).",
    sizes=dict(N=7, C=9),
    inputs=dict(x=normal("N C", std=3)),
    outputs=dict(y="N C"),
    exact=True,
)
relu.timed({"ResNet-50": dict(N=64, C=112 * 112)})


@relu.reference
def _(np, x):
    return np.where(x > 0, x, 0)


@relu.torch("torch.nn.functional.relu")
def _(torch, x):
    return torch.nn.functional.relu(x)


@relu.torch("torch.relu_")
def _(torch, x):
    return torch.relu_(x.clone())


@relu.torch.layer("torch.nn.ReLU", weights={})
def _(torch):
    return torch.nn.ReLU()


@relu.torch.layer("torch.nn.ReLU(inplace=True)", weights={})
def _(torch):
    layer = torch.nn.ReLU(inplace=True)

    def call(x):
        overwritten = x.clone()
        layer(overwritten)
        return overwritten

    return layer, call


@relu.torch.layer("torch.nn.ReLU(inplace=True) on a leaf", weights={})
def _(torch):
    return torch.nn.ReLU(inplace=True)


relu.limitation(
    "torch.nn.ReLU(inplace=True) on a leaf",
    raises="RuntimeError or TorchRuntimeError: a leaf Variable that requires grad is being used",
    because="autograd would lose the value that the gradient belongs to",
    source="https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-operations-with-autograd",
)


@relu.torch("torch.clamp")
def _(torch, x):
    return torch.clamp(x, min=0)


@relu.tensorflow("tf.nn.relu")
def _(tf, x):
    return tf.nn.relu(x)


@relu.tensorflow("tf.maximum")
def _(tf, x):
    return tf.maximum(x, 0)


@relu.tensorflow("keras.activations.relu")
def _(tf, x):
    return tf.keras.activations.relu(x)


@relu.tensorflow.layer("keras.layers.ReLU", weights={})
def _(tf):
    return tf.keras.layers.ReLU()


@relu.tensorflow.layer("keras.layers.Activation", weights={})
def _(tf):
    return tf.keras.layers.Activation("relu")


relu_at_zero = Case(
    "relu_at_zero",
    "ReLU of exact zeros among other numbers, where its gradient is defined as 0.",
    sizes=dict(N=8, C=9),  # no zero once in 10^12
    inputs=dict(n=integers("N C", -1, 2), z=normal("N C", std=0)),
    outputs=dict(y="N C"),
    exact=True,
)


@relu_at_zero.reference
def _(np, n, z):
    return np.where(n > 0, n + z, 0)


@relu_at_zero.torch("torch.nn.functional.relu")
def _(torch, n, z):
    return torch.nn.functional.relu(n + z)


@relu_at_zero.tensorflow("tf.nn.relu")
def _(tf, n, z):
    return tf.nn.relu(tf.cast(n, z.dtype) + z)


@relu_at_zero.tensorflow("keras.activations.relu")
def _(tf, n, z):
    return tf.keras.activations.relu(tf.cast(n, z.dtype) + z)


@relu_at_zero.torch.naive(
    "torch.clamp",
    "gradient 1 at zero",
    wrong="grad:z",
    because="a number on the bound counts as inside it, so clamp(min=0) passes the gradient on",
    source="torchgen/packaged/autograd/derivatives.yaml of PyTorch 2.13.0: clamp_min",
    fix="use torch.relu",
)
def _(torch, n, z):
    return torch.clamp(n + z, min=0)


@relu_at_zero.torch.naive(
    "torch.maximum",
    "gradient 1/2 at zero",
    wrong="grad:z",
    because="torch.maximum splits the gradient of equal numbers between them",
    source="torchgen/packaged/autograd/derivatives.yaml of PyTorch 2.13.0: maximum",
    fix="use torch.relu",
)
def _(torch, n, z):
    return torch.maximum(n + z, torch.zeros_like(z))


@relu_at_zero.tensorflow.naive(
    "tf.maximum",
    "gradient 1 at zero",
    wrong="grad:z",
    because="of two equal numbers tf.maximum gives the whole gradient to the first",
    source="tensorflow/python/ops/math_grad.py, _MaximumGrad",
    fix="use tf.nn.relu",
)
def _(tf, n, z):
    return tf.maximum(tf.cast(n, z.dtype) + z, 0)


relu6 = Case(
    "relu6",
    "ReLU capped at 6, on each side of its two kinks.",
    sizes=dict(N=7, C=9),
    inputs=lambda low, high: dict(x=uniform("N C", low, high)),
    outputs=dict(y="N C"),
    variants=grid(low=[-3], high=[-0.5]) + grid(low=[0.5], high=[5.5]) + grid(low=[6.5], high=[9]),
    exact=True,
)


@relu6.reference
def _(np, x):
    return np.where(x > 6, 6, np.where(x > 0, x, 0))


@relu6.torch("torch.nn.functional.relu6")
def _(torch, x):
    return torch.nn.functional.relu6(x)


@relu6.torch.layer("torch.nn.ReLU6", weights={})
def _(torch):
    return torch.nn.ReLU6()


@relu6.torch.layer("torch.nn.Hardtanh", weights={})
def _(torch):
    return torch.nn.Hardtanh(0, 6)


@relu6.tensorflow("tf.nn.relu6")
def _(tf, x):
    return tf.nn.relu6(x)


@relu6.tensorflow("tf.clip_by_value")
def _(tf, x):
    return tf.clip_by_value(x, 0, 6)


@relu6.tensorflow("keras.activations.relu6")
def _(tf, x):
    return tf.keras.activations.relu6(x)


@relu6.tensorflow.layer("keras.layers.ReLU(max_value=6)", weights={})
def _(tf):
    return tf.keras.layers.ReLU(max_value=6)


@relu6.tensorflow.naive(
    "keras.activations.relu",
    "cap given as second argument",
    when=dict(low=-3),
    because="the second argument of the function is the slope for negative numbers; the layer's first one is the cap",
    source="https://keras.io/api/layers/activations/",
    fix="pass max_value=6",
)
def _(tf, x):
    return tf.keras.activations.relu(x, 6)


leaky_relu = Case(
    "leaky_relu",
    "ReLU with a slope for negative values; the frameworks' defaults differ (PyTorch 0.01, TensorFlow 0.2, Keras 0.3).",
    sizes=dict(N=7, C=9),
    inputs=dict(x=normal("N C", std=3)),
    outputs=dict(y="N C"),
    variants=grid(slope=[0.25, 0.2]),
)


@leaky_relu.reference
def _(np, x, *, slope):
    return np.where(x > 0, x, slope * x)


@leaky_relu.torch("torch.nn.functional.leaky_relu")
def _(torch, x, *, slope):
    return torch.nn.functional.leaky_relu(x, slope)


@leaky_relu.torch.layer("torch.nn.LeakyReLU", weights={})
def _(torch, *, slope):
    return torch.nn.LeakyReLU(slope)


@leaky_relu.tensorflow("tf.nn.leaky_relu")
def _(tf, x, *, slope):
    return tf.nn.leaky_relu(x, alpha=slope)


@leaky_relu.tensorflow("keras.activations.leaky_relu")
def _(tf, x, *, slope):
    return tf.keras.activations.leaky_relu(x, negative_slope=slope)


@leaky_relu.tensorflow.layer("keras.layers.LeakyReLU", weights={})
def _(tf, *, slope):
    return tf.keras.layers.LeakyReLU(negative_slope=slope)


@leaky_relu.tensorflow.layer("keras.layers.ReLU(negative_slope=...)", weights={})
def _(tf, *, slope):
    return tf.keras.layers.ReLU(negative_slope=slope)


for api in (
    "tf.nn.leaky_relu",
    "keras.activations.leaky_relu",
    "keras.layers.LeakyReLU",
    "keras.layers.ReLU(negative_slope=...)",
):
    leaky_relu.deviation(
        api,
        quantities=["output:*", "grad:*"],
        within=2e-8,
        because="the slope is a float32 attribute of the LeakyRelu op, also for float64 tensors",
        source="https://www.tensorflow.org/api_docs/python/tf/raw_ops/LeakyRelu",
        when=dict(slope=0.2),
        dtypes=["float64"],
    )


@leaky_relu.torch.naive(
    "torch.nn.LeakyReLU",
    "slope left at its default",
    when=dict(slope=0.2),
    because="the slope is 0.01 by default in PyTorch, 0.2 in tf.nn.leaky_relu and 0.3 in keras.layers.LeakyReLU",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html",
    fix="pass the slope",
    weights={},
)
def _(torch):
    return torch.nn.LeakyReLU()


@leaky_relu.tensorflow.naive(
    "keras.layers.LeakyReLU",
    "slope left at its default",
    when=dict(slope=0.2),
    size=(0.035, 0.41),
    because="the slope is 0.3 by default in the Keras layer, 0.2 in the functions of Keras and TensorFlow",
    source="https://keras.io/api/layers/activation_layers/leaky_relu/",
    fix="pass negative_slope=",
    weights={},
)
def _(tf):
    return tf.keras.layers.LeakyReLU()


@leaky_relu.tensorflow.naive(
    "tf.cast",
    "slope cast to float64",
    when=dict(slope=0.2),
    size=(1e-09, 1.2e-08),
    because="tf.cast makes a float32 tensor of a Python number before it casts it: 0.2 becomes 0.2000000030",
    source="tensorflow/python/ops/math_ops.py of TensorFlow 2.21.0: cast calls convert_to_tensor without a dtype",
    fix="use tf.constant(slope, x.dtype)",
)
def _(tf, x, *, slope):
    return tf.where(x > 0, x, tf.cast(slope, x.dtype) * x)


prelu = Case(
    "prelu",
    "ReLU with a trained slope for the negative values of each channel.",
    sizes=dict(N=2, C=3, H=4, W=5),
    inputs=dict(x=normal("N C H W", std=3)),
    weights=dict(slope=uniform("C", 0.05, 0.5)),
    outputs=dict(y="N C H W"),
)


@prelu.reference
def _(np, x, slope):
    return np.where(x > 0, x, slope[:, None, None] * x)


@prelu.torch("torch.nn.functional.prelu")
def _(torch, x, slope):
    return torch.nn.functional.prelu(x, slope)


@prelu.torch.layer("torch.nn.PReLU", weights=dict(weight="slope: C"))
def _(torch, *, C):
    return torch.nn.PReLU(num_parameters=C)


@prelu.tensorflow("tf.where", x="N H W C", y="N H W C")
def _(tf, x, slope):
    return tf.where(x > 0, x, slope * x)


@prelu.tensorflow.layer("keras.layers.PReLU", weights=dict(alpha="slope: 1 1 C"), x="N H W C", y="N H W C")
def _(tf):
    return tf.keras.layers.PReLU(shared_axes=[1, 2])
