"""Piecewise-linear and exponential activations: ReLU and its relatives."""

from parity import Case, grid, normal, uniform

relu = Case(
    "relu",
    "Rectified linear unit: max(x, 0).",
    sizes=dict(N=7, C=9),
    inputs=dict(x=normal("N C", std=3)),
    outputs=dict(y="N C"),
    exact=True,
)


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
        copy = x.clone()
        y = layer(copy)
        assert y.data_ptr() == copy.data_ptr()
        return y

    return layer, call


@relu.torch.layer("torch.nn.ReLU(inplace=True) on a leaf", weights={})
def _(torch):
    return torch.nn.ReLU(inplace=True)


relu.limitation(
    "torch.nn.ReLU(inplace=True) on a leaf",
    raises="a leaf Variable that requires grad is being used in an in-place operation",
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


elu = Case(
    "elu",
    "Exponential linear unit: x above zero, alpha (exp(x) - 1) below.",
    sizes=dict(N=7, C=9),
    inputs=dict(x=normal("N C", std=3)),
    outputs=dict(y="N C"),
    variants=grid(alpha=[1.0, 0.5]),
)


@elu.reference
def _(np, x, *, alpha):
    return np.where(x > 0, x, alpha * np.expm1(x))


@elu.torch("torch.nn.functional.elu")
def _(torch, x, *, alpha):
    return torch.nn.functional.elu(x, alpha)


@elu.torch.layer("torch.nn.ELU", weights={})
def _(torch, *, alpha):
    return torch.nn.ELU(alpha)


@elu.tensorflow("tf.nn.elu")
def _(tf, x, *, alpha):
    y = tf.nn.elu(x)
    return tf.where(x > 0, y, alpha * y)


@elu.tensorflow("keras.activations.elu")
def _(tf, x, *, alpha):
    return tf.keras.activations.elu(x, alpha=alpha)


@elu.tensorflow.layer("keras.layers.ELU", weights={})
def _(tf, *, alpha):
    return tf.keras.layers.ELU(alpha=alpha)


selu = Case(
    "selu",
    "Scaled exponential linear unit: its two constants keep mean 0 and variance 1 through a deep network.",
    sizes=dict(N=7, C=9),
    inputs=dict(x=normal("N C", std=3)),
    outputs=dict(y="N C"),
)


@selu.reference
def _(np, x):
    scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
    return scale * np.where(x > 0, x, alpha * np.expm1(x))


@selu.torch("torch.nn.functional.selu")
def _(torch, x):
    return torch.nn.functional.selu(x)


@selu.torch.layer("torch.nn.SELU", weights={})
def _(torch):
    return torch.nn.SELU()


@selu.tensorflow("tf.nn.selu")
def _(tf, x):
    return tf.nn.selu(x)


@selu.tensorflow("keras.activations.selu")
def _(tf, x):
    return tf.keras.activations.selu(x)


@selu.tensorflow.layer("keras.layers.Activation", weights={})
def _(tf):
    return tf.keras.layers.Activation("selu")
