"""Broadcast addition, the maximum along an axis, clipping to an interval, and joining channels."""

from parity import Case, distinct, grid, normal

TORCH_BROADCAST = "https://docs.pytorch.org/docs/stable/notes/broadcasting.html"
IMAGES = dict(x="N H W C", y="N H W C")

bias_add = Case(
    "bias_add",
    "One number for each channel, added to every pixel of images as wide as they have channels.",
    sizes=dict(N=2, C=5, H=3, W=lambda C: C),
    inputs=dict(x=normal("N C H W"), bias=normal("C")),
    outputs=dict(y="N C H W"),
    exact=["output:*", "grad:x"],
)
bias_add.timed({"ResNet-50": dict(N=1, C=64, H=112, W=112)})


@bias_add.reference
def _(np, x, bias):
    return x + bias[:, None, None]


@bias_add.torch("torch.Tensor +")
def _(torch, x, bias):
    return x + bias[:, None, None]


@bias_add.torch("torch.add(channels last)", **IMAGES)
def _(torch, x, bias):
    return torch.add(x, bias)


@bias_add.torch("torch.Tensor.expand_as")
def _(torch, x, bias):
    return x + bias.view(1, -1, 1, 1).expand_as(x)


@bias_add.tensorflow("tf.nn.bias_add", **IMAGES)
def _(tf, x, bias):
    return tf.nn.bias_add(x, bias)


@bias_add.tensorflow("tf.nn.bias_add(data_format='NC..')")
def _(tf, x, bias):
    return tf.nn.bias_add(x, bias, data_format="NC..")


@bias_add.tensorflow("tf.add", **IMAGES)
def _(tf, x, bias):
    return tf.add(x, bias)


@bias_add.torch.naive(
    "torch.Tensor +",
    "bias on the last axis",
    because="broadcasting aligns the last axes: in NCHW that is the width, and no error says so where W equals C",
    source=TORCH_BROADCAST,
    fix="add bias[:, None, None]",
)
def _(torch, x, bias):
    return x + bias


@bias_add.tensorflow.naive(
    "tf.nn.bias_add",
    "NHWC for NCHW images",
    because="the channels are taken to be the last axis unless data_format says 'NC..'",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/bias_add",
    fix="pass data_format='NC..', or keep the images in NHWC",
)
def _(tf, x, bias):
    return tf.nn.bias_add(x, bias)


@bias_add.tensorflow.naive(
    "tf.add",
    "bias in another format",
    raises="InvalidArgumentError: was expected to be a double tensor but is a float tensor",
    because="PyTorch takes both operands to the wider format, TensorFlow refuses to mix formats",
    source="https://tensorflow.org/guide/tf_numpy_type_promotion",
    fix="cast the bias to the format of the images",
    **IMAGES,
)
def _(tf, x, bias):
    return tf.add(x, tf.cast(bias, tf.float32))


reduce_max = Case(
    "reduce_max",
    "The largest element along an axis.",
    sizes=dict(N=3, T=4, C=5),
    inputs=dict(x=distinct("N T C")),
    outputs=lambda axis: dict(y={1: "N C", -1: "N T"}[axis]),
    variants=grid(axis=[1, -1]),
    exact=True,
)


@reduce_max.reference
def _(np, x, *, axis):
    return np.max(x, axis=axis)


@reduce_max.torch("torch.amax")
def _(torch, x, *, axis):
    return torch.amax(x, dim=axis)


@reduce_max.torch("torch.max")
def _(torch, x, *, axis):
    return torch.max(x, dim=axis)[0]


@reduce_max.torch("torch.Tensor.max")
def _(torch, x, *, axis):
    return x.max(axis).values


@reduce_max.tensorflow("tf.reduce_max")
def _(tf, x, *, axis):
    return tf.reduce_max(x, axis=axis)


@reduce_max.tensorflow("tf.compat.v1.reduce_max")
def _(tf, x, *, axis):
    return tf.compat.v1.reduce_max(x, reduction_indices=axis)


@reduce_max.tensorflow("keras.ops.max")
def _(tf, x, *, axis):
    return tf.keras.ops.max(x, axis=axis)


@reduce_max.torch.naive(
    "torch.max",
    "the axis of channels-last data",
    when=dict(axis=1),
    kind="shape",
    because="the axis of TensorFlow's (batch, time, channels) is kept for PyTorch's (batch, channels, time)",
    source="measured with torch 2.13.0",
    fix="reduce over axis 2",
    x="N C T",
)
def _(torch, x, *, axis):
    return torch.max(x, dim=axis)[0]


clip_by_value = Case(
    "clip_by_value",
    "Each element moved into an interval; those outside get no gradient.",
    sizes=dict(N=4, C=9),
    inputs=dict(x=normal("N C")),
    outputs=dict(y="N C"),
    variants=grid(low=[-0.75, 0.25], high=[1.25]),
    exact=True,
)


@clip_by_value.reference
def _(np, x, *, low, high):
    return np.where((x >= low) & (x <= high), x, np.clip(x, low, high))


@clip_by_value.torch("torch.clamp")
def _(torch, x, *, low, high):
    return torch.clamp(x, low, high)


@clip_by_value.torch("torch.clip")
def _(torch, x, *, low, high):
    return torch.clip(x, low, high)


@clip_by_value.tensorflow("tf.clip_by_value")
def _(tf, x, *, low, high):
    return tf.clip_by_value(x, low, high)


@clip_by_value.tensorflow("keras.ops.clip")
def _(tf, x, *, low, high):
    return tf.keras.ops.clip(x, low, high)


@clip_by_value.torch.naive(
    "torch.Tensor.clamp_",
    "clamped behind autograd's back",
    wrong="grad:x",
    because="a change of x.data is not recorded: elements outside the interval keep their gradient",
    source="measured with torch 2.13.0",
    fix="use torch.clamp, which returns a new tensor",
)
def _(torch, x, *, low, high):
    y = x * 1
    y.data.clamp_(low, high)
    return y


clip_at_the_bound = Case(
    "clip_at_the_bound",
    "A number that equals a bound counts as inside the interval, and gets the gradient.",
    sizes=dict(N=5),
    inputs=dict(x=normal("N", mean=1, std=0)),
    outputs=dict(y="N"),
    exact=True,
)


@clip_at_the_bound.reference
def _(np, x):
    return 1 * x


@clip_at_the_bound.torch("torch.clamp")
def _(torch, x):
    return torch.clamp(x, -1, 1)


@clip_at_the_bound.tensorflow("tf.clip_by_value")
def _(tf, x):
    return tf.clip_by_value(x, -1, 1)


@clip_at_the_bound.torch.naive(
    "torch.nn.Hardtanh",
    "no gradient at the bounds",
    wrong="grad:x",
    size=(0.5, 2),
    because="Hardtanh takes its bounds for outside, where there is no gradient; tf.clip_by_value for inside",
    source="torchgen/packaged/autograd/derivatives.yaml of PyTorch 2.13.0: hardtanh_backward",
    fix="use torch.clamp",
    weights={},
)
def _(torch):
    return torch.nn.Hardtanh()


concat_of_channels = Case(
    "concat_of_channels",
    "The channels of two batches of images, one after the other.",
    sizes=dict(N=2, C=3, D=4, H=5, W=6, K=lambda C, D: C + D),
    inputs=dict(x=normal("N C H W"), y=normal("N D H W")),
    outputs=dict(z="N K H W"),
    exact=True,
)
concat_of_channels.timed({"U-Net": dict(N=1, C=64, D=64, H=56, W=56)})
CHANNELS_LAST = dict(x="N H W C", y="N H W D", z="N H W K")


@concat_of_channels.reference
def _(np, x, y):
    return np.concatenate([x, y], 1)


@concat_of_channels.torch("torch.cat")
def _(torch, x, y):
    return torch.cat([x, y], dim=1)


@concat_of_channels.tensorflow("tf.concat", **CHANNELS_LAST)
def _(tf, x, y):
    return tf.concat([x, y], axis=3)


@concat_of_channels.tensorflow("keras.layers.Concatenate", **CHANNELS_LAST)
def _(tf, x, y):
    return tf.keras.layers.Concatenate()([x, y])


@concat_of_channels.torch.naive(
    "torch.cat",
    "axis left out",
    raises="RuntimeError: Sizes of tensors must match except in dimension 0",
    because="torch.cat joins along axis 0 unless dim is given, keras.layers.Concatenate along the last",
    source="https://docs.pytorch.org/docs/stable/generated/torch.cat.html",
    fix="pass dim=1",
)
def _(torch, x, y):
    return torch.cat([x, y])


@concat_of_channels.tensorflow.naive(
    "tf.concat",
    "axis before the tensors",
    raises="InvalidArgumentError: Shapes of all inputs must match",
    because="TensorFlow 1.0 swapped the arguments of tf.concat: older code has the axis first",
    source="tensorflow/tools/compatibility/tf_upgrade.py of TensorFlow 1",
    fix="pass the tensors first, or name the arguments",
    **CHANNELS_LAST,
)
def _(tf, x, y):
    return tf.concat(3, [x, y])
