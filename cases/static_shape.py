"""Lengths of axes, read from a tensor and used as numbers."""

from parity import Case, normal

CHANNELS_LAST = dict(x="N H W C", y="N H W C")
DIMENSION_VALUE = "https://tensorflow.org/api_docs/python/tf/compat/dimension_value"
TF_SHAPE = "https://www.tensorflow.org/api_docs/python/tf/shape"
TORCH_SIZE = "https://docs.pytorch.org/docs/stable/generated/torch.Tensor.size.html"


def with_open_axes(tf, function, x):
    """Call a function in a graph that is made before the lengths of the axes are known."""
    signature = [tf.TensorSpec([None] * x.shape.rank, x.dtype)]
    return tf.function(function, input_signature=signature)(x)


scaled_by_size = Case(
    "scaled_by_size",
    "Images divided by the square root of the number of their channels, which is read from the tensor.",
    sizes=dict(N=2, C=3, H=4, W=5),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C H W"),
)


@scaled_by_size.reference
def _(np, x, *, C):
    return x / np.sqrt(C)


@scaled_by_size.torch("torch.Tensor.size(dim)")
def _(torch, x):
    return x / x.size(1) ** 0.5


@scaled_by_size.torch("torch.Tensor.size")
def _(torch, x):
    _, channels, _, _ = x.size()
    return x / channels**0.5


@scaled_by_size.torch("torch.Tensor.shape")
def _(torch, x):
    return x / x.shape[1] ** 0.5


@scaled_by_size.tensorflow("tf.Tensor.shape", **CHANNELS_LAST)
def _(tf, x):
    return x / x.shape[-1] ** 0.5


@scaled_by_size.tensorflow("tf.TensorShape.as_list", **CHANNELS_LAST)
def _(tf, x):
    *_, channels = x.get_shape().as_list()
    return x / channels**0.5


@scaled_by_size.tensorflow("tf.compat.dimension_value", **CHANNELS_LAST)
def _(tf, x):
    return x / tf.compat.dimension_value(x.get_shape()[3]) ** 0.5


@scaled_by_size.tensorflow("tf.shape", **CHANNELS_LAST)
def _(tf, x):
    return x / tf.sqrt(tf.cast(tf.shape(x)[3], x.dtype))


@scaled_by_size.tensorflow("tf.shape(in a tf.function with open axes)", **CHANNELS_LAST)
def _(tf, x):
    return with_open_axes(tf, lambda x: x / tf.sqrt(tf.cast(tf.shape(x)[3], x.dtype)), x)


@scaled_by_size.tensorflow("keras.ops.shape", **CHANNELS_LAST)
def _(tf, x):
    return x / tf.keras.ops.shape(x)[3] ** 0.5


@scaled_by_size.tensorflow.naive(
    "tf.Tensor.get_shape",
    "value of a length",
    raises="AttributeError: 'int' object has no attribute 'value'",
    because="in TensorFlow 1 a length was a Dimension with a value, in TensorFlow 2 it is that number itself",
    source=DIMENSION_VALUE,
    fix="leave .value out, or call tf.compat.dimension_value, which takes both",
    **CHANNELS_LAST,
)
def _(tf, x):
    return x / x.get_shape()[3].value ** 0.5


@scaled_by_size.tensorflow.naive(
    "tf.Tensor.shape",
    "axis of channels first",
    size=(0.066, 0.27),
    because="PyTorch's channels are axis 1; with channels last that axis is the height, and no error comes",
    source="measured with TensorFlow 2.21.0",
    fix="read shape[-1]",
    **CHANNELS_LAST,
)
def _(tf, x):
    return x / x.shape[1] ** 0.5


@scaled_by_size.tensorflow.naive(
    "tf.Tensor.shape",
    "in a tf.function with open axes",
    raises="TypeError: unsupported operand type(s) for ** or pow(): 'NoneType' and 'float'",
    because="a length that is not known when the graph is made is None; torch.Tensor.size always has a number",
    source=TF_SHAPE,
    fix="read it with tf.shape, which gives it when the graph runs",
    **CHANNELS_LAST,
)
def _(tf, x):
    return with_open_axes(tf, lambda x: x / x.shape[3] ** 0.5, x)


@scaled_by_size.tensorflow.naive(
    "tf.shape",
    "length taken for a number",
    raises="TypeError: must have the same dtype",
    because="tf.shape gives an integer tensor, and TensorFlow mixes no dtypes; a Python number would adapt",
    source=TF_SHAPE,
    fix="cast it to the dtype of x",
    **CHANNELS_LAST,
)
def _(tf, x):
    return x / tf.shape(x)[3]


@scaled_by_size.tensorflow.naive(
    "tf.Tensor.size",
    "PyTorch's method",
    raises="AttributeError: has no attribute 'size'",
    because="a TensorFlow tensor has shape and get_shape(), and no size",
    source="measured with TensorFlow 2.21.0",
    fix="read shape[-1]",
    **CHANNELS_LAST,
)
def _(tf, x):
    return x / x.size(3) ** 0.5


@scaled_by_size.torch.naive(
    "torch.Tensor.size",
    "indexed without a call",
    raises="TypeError: 'builtin_function_or_method' object is not subscriptable",
    because="size is a method, shape an attribute",
    source=TORCH_SIZE,
    fix="write x.size(1) or x.shape[1]",
)
def _(torch, x):
    return x / x.size[1] ** 0.5


@scaled_by_size.torch.naive(
    "torch.Tensor.get_shape",
    "TensorFlow's method",
    raises="AttributeError: has no attribute 'get_shape'",
    because="a PyTorch tensor has size() and shape, whose lengths are Python numbers",
    source=TORCH_SIZE,
    fix="write x.size(1) or x.shape[1]",
)
def _(torch, x):
    return x / x.get_shape()[1] ** 0.5


flattened_by_sizes = Case(
    "flattened_by_sizes",
    "Sequences of vectors as rows, their lengths multiplied or left to the reshape.",
    sizes=dict(N=2, T=3, C=4, K=lambda T, C: T * C),
    inputs=dict(x=normal("N T C")),
    outputs=dict(y="N K"),
    exact=True,
)


@flattened_by_sizes.reference
def _(np, x, *, N, K):
    return np.reshape(x, (N, K))


@flattened_by_sizes.torch("torch.Tensor.size")
def _(torch, x):
    return x.view(x.size(0), x.size(1) * x.size(2))


@flattened_by_sizes.torch("torch.Size.numel")
def _(torch, x):
    return x.reshape(-1, x.shape[1:].numel())


@flattened_by_sizes.tensorflow("tf.TensorShape.as_list")
def _(tf, x):
    examples, steps, features = x.get_shape().as_list()
    return tf.reshape(x, [examples, steps * features])


@flattened_by_sizes.tensorflow("keras.ops.shape")
def _(tf, x):
    examples, steps, features = tf.keras.ops.shape(x)
    return tf.reshape(x, [examples, steps * features])


@flattened_by_sizes.tensorflow("keras.layers.Flatten.compute_output_shape")
def _(tf, x):
    return tf.reshape(x, tf.keras.layers.Flatten().compute_output_shape(x.shape))


@flattened_by_sizes.tensorflow("tf.TensorShape.num_elements")
def _(tf, x):
    return tf.reshape(x, [-1, x.shape[1:].num_elements()])


@flattened_by_sizes.tensorflow("tf.shape")
def _(tf, x):
    return tf.reshape(x, [tf.shape(x)[0], -1])


@flattened_by_sizes.tensorflow("tf.shape(in a tf.function with open axes)")
def _(tf, x):
    return with_open_axes(tf, lambda x: tf.reshape(x, [tf.shape(x)[0], tf.shape(x)[1] * tf.shape(x)[2]]), x)


@flattened_by_sizes.tensorflow.naive(
    "tf.TensorShape.as_list",
    "in a tf.function with open axes",
    raises="TypeError: unsupported operand type(s) for *: 'NoneType' and 'NoneType'",
    because="lengths that are not known when the graph is made are None",
    source=TF_SHAPE,
    fix="read them with tf.shape, which gives them when the graph runs",
)
def _(tf, x):
    def flatten(x):
        _, steps, features = x.get_shape().as_list()
        return tf.reshape(x, [-1, steps * features])

    return with_open_axes(tf, flatten, x)


@flattened_by_sizes.tensorflow.naive(
    "tf.Tensor.get_shape",
    "values of the lengths",
    raises="AttributeError: 'int' object has no attribute 'value'",
    because="in TensorFlow 1 a length was a Dimension with a value, in TensorFlow 2 it is that number itself",
    source=DIMENSION_VALUE,
    fix="leave .value out, or call tf.compat.dimension_value, which takes both",
)
def _(tf, x):
    return tf.reshape(x, [-1, x.get_shape()[1].value * x.get_shape()[2].value])
