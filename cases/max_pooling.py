"""Max pooling over windows in one to three dimensions."""

from _pooling import POOLED, SIZES, SPACE, VALID_AND_SAME, pool, symmetric, tf_margins, torch_margins

from parity import Case, distinct, grid, integers, normal, uniform


def max_pooling(rank, name, summary, x, variants, **options):
    case = Case(
        name,
        summary,
        sizes=SIZES[rank],
        inputs=lambda large=False: dict(x=normal(f"N C {SPACE[rank]}") if large else x),
        outputs=dict(y=f"N C {POOLED[rank]}"),
        variants=variants,
        exact=["output:*"],
        **options,
    )
    channels_last = dict(x=f"N {SPACE[rank]} C", y=f"N {POOLED[rank]} C")

    @case.reference
    def _(np, x, *, window, stride, padding):
        return pool(np, lambda part, axis, size: np.max(part, axis), x, window, stride, padding)

    @case.torch(f"torch.nn.functional.max_pool{rank}d")
    def _(torch, x, *, window, stride, padding):
        function = getattr(torch.nn.functional, f"max_pool{rank}d")
        if padding == "same":
            x = torch.nn.functional.pad(x, torch_margins(x, window, stride, padding), value=-torch.inf)
        return function(x, window, stride, 0 if isinstance(padding, str) else padding)

    @case.torch.layer(f"torch.nn.MaxPool{rank}d", weights={})
    def _(torch, *, window, stride, padding):
        layer = getattr(torch.nn, f"MaxPool{rank}d")(window, stride, 0 if isinstance(padding, str) else padding)
        if padding != "same":
            return layer
        pad = torch.nn.functional.pad
        return layer, lambda x: layer(pad(x, torch_margins(x, window, stride, padding), value=-torch.inf))

    @case.tensorflow(f"tf.nn.max_pool{rank}d", **channels_last)
    def _(tf, x, *, window, stride, padding):
        function = getattr(tf.nn, f"max_pool{rank}d")
        if isinstance(padding, str):
            return function(x, window, stride, padding.upper())
        if rank < 3:
            return function(x, window, stride, tf_margins(padding))
        return function(tf.pad(x, tf_margins(padding), constant_values=float("-inf")), window, stride, "VALID")

    @case.tensorflow.layer(f"keras.layers.MaxPooling{rank}D", weights={}, **channels_last)
    def _(tf, *, window, stride, padding):
        MaxPooling = getattr(tf.keras.layers, f"MaxPooling{rank}D")
        if isinstance(padding, str):
            return MaxPooling(window, stride, padding)
        layer = MaxPooling(window, stride, "valid")
        return layer, lambda x: layer(tf.pad(x, tf_margins(padding), constant_values=float("-inf")))

    return case


max_pool1d, max_pool2d, max_pool3d = (
    max_pooling(
        rank,
        f"max_pool{rank}d",
        "The largest element of each window; padding is never the largest.",
        distinct(f"N C {SPACE[rank]}"),
        VALID_AND_SAME[rank] + symmetric()[rank],
    )
    for rank in (1, 2, 3)
)
max_pool2d.timed({"ResNet-50": dict(window=(3, 3), stride=(2, 2), padding=(1, 1), N=1, C=64, H=112, W=112, large=True)})
negative_max_pool2d = max_pooling(
    2,
    "negative_max_pool2d",
    "Max pooling of an image without a positive element, where padding with zeros would show.",
    uniform("N C H W", -4, -1),
    grid(window=[(3, 3)], stride=[(2, 2)], padding=["same", (1, 1)]),
    dtypes=["float64"],
)

for case, api, padding in (
    (max_pool1d, "tf.nn.max_pool1d", (1,)),
    (max_pool2d, "tf.nn.max_pool2d", (1, 1)),
    (max_pool2d, "tf.nn.max_pool2d", (0, 2)),
    (negative_max_pool2d, "tf.nn.max_pool2d", (1, 1)),
):
    case.limitation(
        api,
        raises="UnimplementedError: XLA does not support pooling ops with explicit padding",
        because="XLA pools without explicit padding only: pad with minus infinity by tf.pad",
        source="measured with TensorFlow 2.21.0",
        when=dict(padding=padding),
        modes=["compiled"],
    )

for api in ("tf.nn.max_pool3d", "keras.layers.MaxPooling3D"):
    max_pool3d.limitation(
        api,
        raises="InvalidArgumentError or TypeError: list of allowed values",
        because="TensorFlow's MaxPool3D is not defined for float64",
        source="https://github.com/tensorflow/tensorflow/issues/48644",
        dtypes=["float64"],
    )
    max_pool3d.limitation(
        api,
        raises="InvalidArgumentError or NotFoundError: device='CPU'; T in [DT_FLOAT]",
        because="TensorFlow has no CPU kernel of MaxPool3D for float16; XLA does without",
        source="https://github.com/tensorflow/tensorflow/issues/11341",
        dtypes=["float16"],
        devices=["cpu"],
        modes=["eager", "graph"],
    )

TF_PADDING = "https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2"
TORCH_MAX_POOL = "https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html"
TF_MAX_POOL = "https://www.tensorflow.org/api_docs/python/tf/nn/max_pool2d"


@max_pool2d.torch.naive(
    "torch.nn.functional.max_pool2d",
    "padding 1 on every side",
    when=dict(window=(3, 3), stride=(2, 2), padding="same"),
    because="on an axis of even length SAME pads the end only, so that every window moves by one",
    source=TF_PADDING,
    fix="pad with minus infinity by torch.nn.functional.pad, the odd element at the end, and pool without padding",
)
def _(torch, x, *, window, stride):
    return torch.nn.functional.max_pool2d(x, window, stride, padding=1)


@max_pool2d.tensorflow.naive(
    "keras.layers.MaxPooling2D",
    "same for a padding of 1",
    when=dict(window=(3, 3), stride=(2, 2), padding=(1, 1)),
    because="on an axis of even length SAME pads the end only, where PyTorch pads both ends",
    source=TF_PADDING,
    fix="pad with minus infinity by tf.pad, or give tf.nn.max_pool2d the padding as a list",
    weights={},
    x="N H W C",
    y="N P Q C",
)
def _(tf, *, window, stride):
    return tf.keras.layers.MaxPooling2D(window, stride, padding="same")


@max_pool1d.torch.naive(
    "torch.nn.MaxPool1d",
    "ceil_mode for SAME, same length",
    when=dict(window=(3,), stride=(3,), padding="same", L=10),
    because="ceil_mode lets the last window reach over the end, where SAME pads two elements, one at either end",
    source=TORCH_MAX_POOL,
    fix="pad with minus infinity by torch.nn.functional.pad and pool without ceil_mode",
    weights={},
)
def _(torch, *, window, stride):
    return torch.nn.MaxPool1d(window, stride, ceil_mode=True)


@max_pool1d.torch.naive(
    "torch.nn.MaxPool1d",
    "ceil_mode for SAME, fewer windows",
    when=dict(window=(3,), stride=(2,), padding="same"),
    kind="shape",
    because="ceil_mode starts no window before the first element, and one less than SAME fits",
    source=TORCH_MAX_POOL,
    fix="pad with minus infinity by torch.nn.functional.pad and pool without ceil_mode",
    weights={},
)
def _(torch, *, window, stride):
    return torch.nn.MaxPool1d(window, stride, ceil_mode=True)


@max_pool1d.tensorflow.naive(
    "tf.nn.max_pool1d",
    "channels-first sequence",
    when=dict(window=(3,), stride=(1,), padding="same"),
    because="the default data format is channels last, so that the windows cross the channels; the shape is right",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/max_pool1d",
    fix="transpose the last two axes before and after",
)
def _(tf, x, *, window, stride):
    return tf.nn.max_pool1d(x, window, stride, "SAME")


@max_pool2d.torch.naive(
    "torch.nn.functional.max_pool2d",
    "window with batch and channel",
    when=dict(window=(2, 2), stride=(2, 2), padding="valid"),
    raises="RuntimeError: max_pool2d: kernel_size must either be a single int, or a tuple of two ints",
    because="tf.nn.max_pool takes a window and a stride for all four axes, PyTorch for height and width",
    source=TF_MAX_POOL,
    fix="leave the ones for batch and channel out",
)
def _(torch, x, *, window, stride):
    return torch.nn.functional.max_pool2d(x, (1, *window, 1), (1, *stride, 1))


@max_pool2d.torch.naive(
    "torch.nn.functional.max_pool2d",
    "padding same",
    when=dict(window=(3, 2), stride=(1, 1), padding="same"),
    raises="TypeError: argument 'padding' (position 4) must be tuple of ints, not str",
    because="PyTorch's pooling has no padding same, not even with stride 1 as its convolutions",
    source=TORCH_MAX_POOL,
    fix="pad with minus infinity by torch.nn.functional.pad and pool without padding",
)
def _(torch, x, *, window, stride):
    return torch.nn.functional.max_pool2d(x, window, stride, padding="same")


@max_pool2d.tensorflow.naive(
    "tf.nn.max_pool",
    "input called value as in TensorFlow 1",
    when=dict(window=(2, 2), stride=(2, 2), padding="valid"),
    raises="TypeError: Got an unexpected keyword argument 'value'",
    because="TensorFlow 2 renamed the first argument of tf.nn.max_pool and tf.nn.avg_pool",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/max_pool",
    fix="call it input",
    x="N H W C",
    y="N P Q C",
)
def _(tf, x, *, window, stride):
    return tf.nn.max_pool(value=x, ksize=(1, *window, 1), strides=(1, *stride, 1), padding="VALID")


@negative_max_pool2d.torch.naive(
    "torch.nn.functional.pad",
    "zeros around a negative image",
    when=dict(padding="same"),
    size=(0.5, 2),
    because="SAME pads with minus infinity; a zero is larger than every element of the window",
    source=TF_PADDING,
    fix="pad with value=-torch.inf",
)
def _(torch, x, *, window, stride, padding):
    padded = torch.nn.functional.pad(x, torch_margins(x, window, stride, padding))
    return torch.nn.functional.max_pool2d(padded, window, stride)


@negative_max_pool2d.tensorflow.naive(
    "keras.layers.ZeroPadding2D",
    "zeros around a negative image",
    when=dict(padding=(1, 1)),
    size=(0.47, 2),
    because="PyTorch's max pooling pads with minus infinity; a zero is larger than every element of the window",
    source=TORCH_MAX_POOL,
    fix="pad with tf.pad(..., constant_values=float('-inf'))",
    weights={},
    x="N H W C",
    y="N P Q C",
)
def _(tf, *, window, stride):
    layers = tf.keras.layers
    return tf.keras.Sequential([layers.ZeroPadding2D(1), layers.MaxPooling2D(window, stride)])


max_pool_of_ties = Case(
    "max_pool_of_ties",
    "Max pooling of numbers with ties: the first of the largest gets the gradient of its window.",
    sizes=dict(N=3, C=2, L=9),
    inputs=dict(n=integers("N C L", 0, 3), z=normal("N C L", std=0)),
    outputs=dict(y="N C P"),
    exact=["output:*"],
)
STEPS_FIRST = dict(n="N L C", z="N L C", y="N P C")


@max_pool_of_ties.reference
def _(np, n, z):
    windows = np.stack([n[:, :, start : start + n.shape[2] - 2] for start in range(3)], -1)
    first = np.argmax(windows, -1)[..., None] == np.arange(3)
    shifted = np.stack([z[:, :, start : start + n.shape[2] - 2] for start in range(3)], -1)
    return np.sum(np.where(first, windows + shifted, 0), -1)


@max_pool_of_ties.torch("torch.nn.functional.max_pool1d")
def _(torch, n, z):
    return torch.nn.functional.max_pool1d(n + z, 3, 1)


@max_pool_of_ties.tensorflow("tf.nn.max_pool1d", **STEPS_FIRST)
def _(tf, n, z):
    return tf.nn.max_pool1d(tf.cast(n, z.dtype) + z, 3, 1, "VALID")


@max_pool_of_ties.torch.naive(
    "torch.amax",
    "gradient split between the ties",
    wrong="grad:z",
    because="torch.amax and tf.reduce_max divide the gradient between equal elements, max pooling does not",
    source="https://docs.pytorch.org/docs/stable/generated/torch.amax.html",
    fix="use torch.nn.functional.max_pool1d",
)
def _(torch, n, z):
    return (n + z).unfold(2, 3, 1).amax(-1)


@max_pool_of_ties.tensorflow.naive(
    "tf.reduce_max",
    "gradient split between the ties",
    wrong="grad:z",
    because="tf.reduce_max and torch.amax divide the gradient between equal elements, max pooling does not",
    source="tensorflow/python/ops/math_grad.py, _MinOrMaxGrad",
    fix="use tf.nn.max_pool1d",
    **STEPS_FIRST,
)
def _(tf, n, z):
    x = tf.cast(n, z.dtype) + z
    return tf.reduce_max(tf.stack([x[:, :-2], x[:, 1:-1], x[:, 2:]]), axis=0)
