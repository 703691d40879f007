"""Reshape, view and flatten: which element goes where, and which of the results share storage."""

from parity import Case, grid, normal


def axes(shape):
    """One name for each axis of a reshaped tensor."""
    return " ".join("JKLM"[: len(shape)])


reshape = Case(
    "reshape",
    "The elements of x, or of x with its first two axes swapped, in row-major order in another shape.",
    sizes=dict(A=4, B=3, C=10),
    inputs=dict(x=normal("A B C")),
    outputs=lambda shape: dict(y=axes(shape)),
    variants=grid(shape=[(-1,), (6, -1), (2, -1, 5)], transposed=[False, True])
    + grid(shape=[(4, 3, 2, 5)], transposed=[False])
    + grid(shape=[(3, 4, 2, -1)], transposed=[True]),
    exact=True,
)


@reshape.reference
def _(np, x, *, shape, transposed):
    return np.reshape(np.transpose(x, (1, 0, 2)) if transposed else x, shape)


@reshape.torch("torch.Tensor.view")
def _(torch, x, *, shape, transposed):
    return (x.transpose(0, 1) if transposed else x).view(shape)


def no_view(case, because, **when):
    """Declare that ``torch.Tensor.view`` refuses, in the words of the kernel and in those of the capture."""
    for modes, message in (
        (["eager"], "RuntimeError: view size is not compatible with input tensor's size and stride"),
        (["graph", "compiled"], "TorchRuntimeError: Cannot view a tensor with shape"),
    ):
        case.limitation(
            "torch.Tensor.view",
            raises=message,
            because=because,
            source="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html",
            when=dict(when, transposed=True),
            modes=modes,
        )


for merged in ((-1,), (6, -1), (2, -1, 5)):
    no_view(
        reshape, "a view cannot merge axes that are not contiguous in storage; splitting one is possible", shape=merged
    )


@reshape.torch("torch.Tensor.contiguous().view")
def _(torch, x, *, shape, transposed):
    return (x.transpose(0, 1) if transposed else x).contiguous().view(shape)


@reshape.torch("torch.Tensor.reshape")
def _(torch, x, *, shape, transposed):
    return (x.transpose(0, 1) if transposed else x).reshape(shape)


@reshape.torch("torch.reshape")
def _(torch, x, *, shape, transposed):
    return torch.reshape(torch.transpose(x, 0, 1) if transposed else x, shape)


@reshape.tensorflow("tf.reshape")
def _(tf, x, *, shape, transposed):
    return tf.reshape(tf.transpose(x, [1, 0, 2]) if transposed else x, shape, name="reshaped")


@reshape.torch.naive(
    "torch.Tensor.view",
    "axes swapped by view",
    when=dict(transposed=True),
    because="a view renames the axes and leaves the elements in their order",
    source="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html",
    fix="transpose first, then reshape",
)
def _(torch, x, *, shape):
    return x.view(x.shape[1], x.shape[0], x.shape[2]).reshape(shape)


@reshape.tensorflow.naive(
    "tf.reshape",
    "axes swapped by reshape",
    when=dict(transposed=True),
    because="a reshape keeps the row-major order of the elements",
    source="https://www.tensorflow.org/api_docs/python/tf/reshape",
    fix="tf.transpose first, then tf.reshape",
)
def _(tf, x, *, shape):
    return tf.reshape(tf.reshape(x, [x.shape[1], x.shape[0], x.shape[2]]), shape)


reshape_features = Case(
    "reshape_features",
    "A reshape of all axes but the batch axis.",
    sizes=dict(N=2, A=4, B=9),
    inputs=dict(x=normal("N A B")),
    outputs=lambda shape: dict(y=f"N {axes(shape)}"),
    variants=grid(shape=[(-1,), (9, 4), (-1, 6), (2, 3, -1)]),
    exact=True,
)


@reshape_features.reference
def _(np, x, *, shape):
    return np.stack([np.reshape(example, shape) for example in x])


@reshape_features.torch("torch.Tensor.view")
def _(torch, x, *, shape):
    return x.view(x.shape[0], *shape)


@reshape_features.torch("torch.Tensor.reshape")
def _(torch, x, *, shape):
    return x.reshape(x.shape[0], *shape)


@reshape_features.torch("torch.Tensor.unflatten")
def _(torch, x, *, shape):
    return x.flatten(1).unflatten(1, shape)


@reshape_features.torch.layer("torch.nn.Unflatten", weights={})
def _(torch, *, shape):
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Unflatten(1, shape))


@reshape_features.tensorflow("tf.reshape")
def _(tf, x, *, shape):
    return tf.reshape(x, [tf.shape(x)[0], *shape])


@reshape_features.tensorflow.layer("keras.layers.Reshape", weights={})
def _(tf, *, shape):
    return tf.keras.layers.Reshape(shape)


write_through_view = Case(
    "write_through_view",
    "Doubling a reshaped tensor in place changes the original when the reshape is a view, and not when it is a copy.",
    sizes=dict(A=4, B=3),
    inputs=dict(x=normal("A B")),
    outputs=dict(y="A B"),
    variants=grid(transposed=[False, True]),
    exact=True,
)


@write_through_view.reference
def _(np, x, *, transposed):
    return x if transposed else 2 * x


@write_through_view.torch("torch.Tensor.view")
def _(torch, x, *, transposed):
    y = x.clone()
    (y.transpose(0, 1) if transposed else y).view(-1).mul_(2)
    return y


no_view(write_through_view, "the axes of a transposed matrix cannot be merged without copying")


@write_through_view.torch("torch.Tensor.contiguous().view")
def _(torch, x, *, transposed):
    y = x.clone()
    (y.transpose(0, 1) if transposed else y).contiguous().view(-1).mul_(2)
    return y


@write_through_view.torch("torch.Tensor.reshape")
def _(torch, x, *, transposed):
    y = x.clone()
    (y.transpose(0, 1) if transposed else y).reshape(-1).mul_(2)
    return y


@write_through_view.torch("torch.flatten")
def _(torch, x, *, transposed):
    y = x.clone()
    torch.flatten(y.transpose(0, 1) if transposed else y).mul_(2)
    return y


@write_through_view.tensorflow("tf.tensor_scatter_nd_update")
def _(tf, x, *, transposed):
    if transposed:
        return tf.identity(x)
    flat = tf.reshape(x, [-1])
    return tf.reshape(tf.tensor_scatter_nd_update(flat, tf.range(tf.size(flat))[:, None], 2 * flat), tf.shape(x))


@write_through_view.tensorflow("tf.Tensor[...] =")
def _(tf, x, *, transposed):
    y = tf.identity(x)
    tf.reshape(tf.transpose(y) if transposed else y, [-1])[:] = 2
    return y


write_through_view.limitation(
    "tf.Tensor[...] =",
    raises="TypeError: object does not support item assignment",
    because="tensors are immutable: whether a reshape copies cannot be observed",
    source="https://www.tensorflow.org/guide/tensor",
)


flatten = Case(
    "flatten",
    "All axes but the batch axis merged into one: the order of the features follows the layout of the images.",
    sizes=dict(N=2, C=3, H=4, W=5),
    inputs=dict(x=normal("N C H W")),
    outputs=dict(y="N C H W"),
    exact=True,
)


@flatten.reference
def _(np, x):
    return x


@flatten.torch("torch.flatten", y="N (C H W)")
def _(torch, x):
    return torch.flatten(x, start_dim=1)


@flatten.torch("torch.flatten of torch.channels_last", y="N (C H W)")
def _(torch, x):
    return torch.flatten(x.contiguous(memory_format=torch.channels_last), start_dim=1)


@flatten.torch("torch.Tensor.view", y="N (C H W)")
def _(torch, x):
    return x.view(x.shape[0], -1)


@flatten.torch("torch.flatten(start_dim=1, end_dim=2)", y="N (C H) W")
def _(torch, x):
    return torch.flatten(x, start_dim=1, end_dim=2)


@flatten.torch.layer("torch.nn.Flatten", weights={}, y="N (C H W)")
def _(torch):
    return torch.nn.Flatten()


@flatten.tensorflow("tf.reshape", x="N H W C", y="N (H W C)")
def _(tf, x):
    return tf.reshape(x, [tf.shape(x)[0], -1])


@flatten.tensorflow.layer("keras.layers.Flatten", weights={}, x="N H W C", y="N (H W C)")
def _(tf):
    return tf.keras.layers.Flatten()


@flatten.tensorflow.layer("keras.layers.Flatten(data_format='channels_first')", weights={}, y="N (H W C)")
def _(tf):
    return tf.keras.layers.Flatten(data_format="channels_first")


@flatten.tensorflow.layer("keras.layers.Permute", weights={}, x="N H W C", y="N (C H W)")
def _(tf):
    return tf.keras.Sequential([tf.keras.layers.Permute((3, 1, 2)), tf.keras.layers.Flatten()])


@flatten.torch.naive(
    "torch.nn.Flatten",
    "features in another order than Keras's",
    because="PyTorch flattens [C, H, W] and Keras [H, W, C], so a Dense kernel after it meets other features",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html",
    fix="permute the channels to the end before flattening, or the rows of the kernel",
    weights={},
    y="N (H W C)",
)
def _(torch):
    return torch.nn.Flatten()


@flatten.tensorflow.naive(
    "keras.layers.Flatten",
    "features in another order than PyTorch's",
    because="Keras flattens [H, W, C] and PyTorch [C, H, W], so a linear layer after it meets other features",
    source="https://keras.io/api/layers/reshaping_layers/flatten/",
    fix="put keras.layers.Permute((3, 1, 2)) before Flatten",
    weights={},
    x="N H W C",
    y="N (C H W)",
)
def _(tf):
    return tf.keras.layers.Flatten()


@flatten.tensorflow.naive(
    "tf.reshape",
    "images reshaped to channels first",
    because="a reshape to [N, C, H, W] leaves the elements of an [N, H, W, C] image in their order",
    source="https://www.tensorflow.org/api_docs/python/tf/reshape",
    fix="tf.transpose to [N, C, H, W], then reshape",
    x="N H W C",
    y="N (C H W)",
)
def _(tf, x, *, N, C, H, W):
    return tf.reshape(tf.reshape(x, [N, C, H, W]), [N, -1])
