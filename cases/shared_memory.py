"""Tensors that share their memory with an array or with a result, and are changed through it."""

from parity import Case, buffer, normal

TORCH_DOCS = "https://docs.pytorch.org/docs/stable/generated"
NO_ARRAYS = "a captured graph has no arrays to write to"

residual_relu = Case(
    "residual_relu",
    "ReLU of x, and x itself added to it: x must still be there after ReLU.",
    sizes=dict(N=4, C=5),
    inputs=dict(x=normal("N C")),
    outputs=dict(y="N C"),
)


@residual_relu.reference
def _(np, x):
    return np.where(x > 0, x, 0) + x


@residual_relu.torch.layer("torch.nn.ReLU", weights={})
def _(torch):
    relu = torch.nn.ReLU()
    return relu, lambda x: relu(x) + x


@residual_relu.tensorflow.layer("keras.layers.ReLU", weights={})
def _(tf):
    relu = tf.keras.layers.ReLU()
    return relu, lambda x: relu(x) + x


@residual_relu.torch.naive(
    "torch.nn.ReLU(inplace=True)",
    "input used again",
    because="inplace=True overwrites the input, so that what is added to the result is the result itself",
    source="torch/nn/functional.py of PyTorch 2.13.0: relu, which calls torch.relu_ if inplace",
    fix="leave inplace at False where the input is used again",
    weights={},
)
def _(torch):
    relu = torch.nn.ReLU(inplace=True)

    def call(x):
        x = x * 1
        return relu(x) + x

    return relu, call


array_written_later, written_array = (
    Case(
        name,
        summary,
        sizes=dict(N=4, C=5),
        inputs=dict(x=normal("N C", gradient=False)),
        outputs=dict(y=buffer("N C")),
        dtypes=("float64", "float32"),
        exact=True,
        eager_only=NO_ARRAYS,
        untimed="it looks whether an array and a tensor share their memory",
    )
    for name, summary in (
        ("array_written_later", "A tensor made of a NumPy array keeps its values when the array is written to."),
        ("array_of_a_tensor", "A tensor keeps its values when the NumPy array made of it is written to."),
    )
)
array_written_later.reference(lambda np, x: 1 * x)
written_array.reference(lambda np, x: 1 * x)


def torch_from_array(make):
    def run(torch, x):
        array = x.cpu().numpy().copy()
        y = make(torch, array)
        array[:] = 0
        return y.to(x.device)

    return run


def tensorflow_from_array(make):
    def run(tf, x):
        array = x.numpy().copy()
        y = make(tf, array)
        array[:] = 0
        return y

    return run


array_written_later.torch("torch.tensor")(torch_from_array(lambda torch, array: torch.tensor(array)))
array_written_later.torch("torch.from_numpy + clone")(
    torch_from_array(lambda torch, array: torch.from_numpy(array).clone())
)
array_written_later.tensorflow("tf.constant")(tensorflow_from_array(lambda tf, array: tf.constant(array)))
array_written_later.tensorflow("tf.convert_to_tensor")(
    tensorflow_from_array(lambda tf, array: tf.convert_to_tensor(array))
)
array_written_later.torch.naive(
    "torch.from_numpy",
    "array written to",
    size=(0.5, 2),
    because="the tensor shares the memory of the array; tf.constant copies it",
    source=f"{TORCH_DOCS}/torch.from_numpy.html",
    fix="use torch.tensor, which copies",
)(torch_from_array(lambda torch, array: torch.from_numpy(array)))


@written_array.torch("torch.Tensor.numpy + copy")
def _(torch, x):
    y = x.cpu().clone()
    y.numpy().copy()[:] = 0
    return y.to(x.device)


@written_array.tensorflow("tf.Tensor.numpy")
def _(tf, x):
    y = tf.identity(x)
    y.numpy()[:] = 0
    return y


@written_array.torch.naive(
    "torch.Tensor.numpy",
    "array written to",
    size=(0.5, 2),
    because="the array shares the memory of the tensor; the one of a TensorFlow tensor is a copy",
    source=f"{TORCH_DOCS}/torch.Tensor.numpy.html",
    fix="copy the array",
)
def _(torch, x):
    y = x.cpu().clone()
    y.numpy()[:] = 0
    return y.to(x.device)


strides_of_views = Case(
    "strides_of_views",
    "How many elements lie between neighbours along each axis of x [4, 6], seen as [2, 2, 6], and whether the rows of "
    "the result follow one another in memory.",
    sizes=dict(N=4, C=6, R=tuple("nmc")),
    inputs=dict(x=normal("N C", gradient=False)),
    outputs=dict(strides=buffer("R"), contiguous=buffer("")),
    dtypes=("float64", "float32"),
    exact=True,
    eager_only="captured code has no memory that it could be asked about",
    untimed="it reads strides and computes nothing",
)


@strides_of_views.reference
def _(np, x):
    return np.array([12.0, 6.0, 1.0]) + 0 * x[0, 0], 1 + 0 * x[0, 0]


@strides_of_views.torch("torch.Tensor.view")
def _(torch, x):
    y = x.view(2, 2, 6)
    assert y.data_ptr() == x.data_ptr(), "a view has no data of its own"
    return x.new_tensor(y.stride()), x.new_tensor(float(y.is_contiguous()))


@strides_of_views.torch("torch.reshape")
def _(torch, x):
    y = torch.reshape(x.t(), (2, 3, 4)).permute(0, 2, 1).reshape(2, 2, 6)
    return x.new_tensor(y.stride()), x.new_tensor(float(y.is_contiguous()))


def tensorflow_strides(tf, y):
    array = y.numpy()
    steps = [step // array.itemsize for step in array.strides]
    return tf.constant(steps, y.dtype), tf.constant(float(array.flags.c_contiguous), y.dtype)


@strides_of_views.tensorflow("tf.reshape")
def _(tf, x):
    return tensorflow_strides(tf, tf.reshape(x, [2, 2, 6]))


@strides_of_views.torch.naive(
    "torch.transpose",
    "axes moved by a view",
    size=(0.5, 2),
    because="transpose and permute give a view with other strides, which is not contiguous; tf.transpose copies",
    source=f"{TORCH_DOCS}/torch.transpose.html",
    fix="call contiguous() before view(), or reshape()",
)
def _(torch, x):
    y = torch.transpose(x.view(2, 6, 2), 1, 2)
    return x.new_tensor(y.stride()), x.new_tensor(float(y.is_contiguous()))
