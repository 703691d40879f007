"""Average pooling over windows in one to three dimensions."""

from _pooling import POOLED, SIZES, SPACE, VALID_AND_SAME, pool, symmetric, tf_margins, torch_margins

from parity import Case, normal


def tf_symmetric(tf, average, x, padding, counted):
    y = average(tf.pad(x, tf_margins(padding)))
    return y if counted else y / average(tf.pad(tf.ones_like(x[:1, ..., :1]), tf_margins(padding)))


def tf_average(tf, function, x, window, stride, padding, counted):
    if isinstance(padding, str):
        return function(x, window, stride, padding.upper())
    return tf_symmetric(tf, lambda padded: function(padded, window, stride, "VALID"), x, padding, counted)


def average_pooling(rank):
    case = Case(
        f"avg_pool{rank}d",
        "The mean of each window; padding counts as zeros (counted) or takes no part, as it never does in SAME.",
        sizes=SIZES[rank],
        parameters=dict(counted=False),
        inputs=dict(x=normal(f"N C {SPACE[rank]}")),
        outputs=dict(y=f"N C {POOLED[rank]}"),
        variants=VALID_AND_SAME[rank] + symmetric(counted=[True, False])[rank],
    )
    channels_last = dict(x=f"N {SPACE[rank]} C", y=f"N {POOLED[rank]} C")

    @case.reference
    def _(np, x, *, window, stride, padding, counted):
        def mean(part, axis, size):
            return np.sum(part, axis) / (size if counted else part.shape[axis])

        return pool(np, mean, x, window, stride, padding)

    def torch_same(torch, average, x, window, stride):
        added = torch_margins(x, window, stride, "same")
        ones = torch.ones_like(x[:1, :1])
        return average(torch.nn.functional.pad(x, added)) / average(torch.nn.functional.pad(ones, added))

    @case.torch(f"torch.nn.functional.avg_pool{rank}d")
    def _(torch, x, *, window, stride, padding, counted):
        function = getattr(torch.nn.functional, f"avg_pool{rank}d")
        if padding == "same":
            return torch_same(torch, lambda padded: function(padded, window, stride), x, window, stride)
        return function(x, window, stride, 0 if padding == "valid" else padding, count_include_pad=counted)

    @case.torch.layer(f"torch.nn.AvgPool{rank}d", weights={})
    def _(torch, *, window, stride, padding, counted):
        AvgPool = getattr(torch.nn, f"AvgPool{rank}d")
        if padding == "same":
            layer = AvgPool(window, stride)
            return layer, lambda x: torch_same(torch, layer, x, window, stride)
        return AvgPool(window, stride, 0 if padding == "valid" else padding, count_include_pad=counted)

    @case.tensorflow(f"tf.nn.avg_pool{rank}d", **channels_last)
    def _(tf, x, *, window, stride, padding, counted):
        return tf_average(tf, getattr(tf.nn, f"avg_pool{rank}d"), x, window, stride, padding, counted)

    @case.tensorflow.layer(f"keras.layers.AveragePooling{rank}D", weights={}, **channels_last)
    def _(tf, *, window, stride, padding, counted):
        AveragePooling = getattr(tf.keras.layers, f"AveragePooling{rank}D")
        if isinstance(padding, str):
            return AveragePooling(window, stride, padding)
        layer = AveragePooling(window, stride, "valid")
        return layer, lambda x: tf_symmetric(tf, layer, x, padding, counted)

    return case


avg_pool1d, avg_pool2d, avg_pool3d = (average_pooling(rank) for rank in (1, 2, 3))


@avg_pool2d.tensorflow("tf.nn.avg_pool", x=f"N {SPACE[2]} C", y=f"N {POOLED[2]} C")
def _(tf, x, *, window, stride, padding, counted):
    return tf_average(tf, tf.nn.avg_pool, x, window, stride, padding, counted)


avg_pool2d.timed({"Inception-v3": dict(window=(3, 3), stride=(1, 1), padding="same", N=1, C=192, H=35, W=35)})

for api in ("tf.nn.avg_pool3d", "keras.layers.AveragePooling3D"):
    avg_pool3d.limitation(
        api,
        raises="InvalidArgumentError or NotFoundError: device='CPU'; T in [DT_FLOAT]",
        because="TensorFlow has no kernel of AvgPool3D for float64; XLA does without",
        source="https://github.com/tensorflow/tensorflow/issues/54318",
        dtypes=["float64"],
        modes=["eager", "graph"],
    )
    avg_pool3d.limitation(
        api,
        raises="InvalidArgumentError or NotFoundError: device='CPU'; T in [DT_FLOAT]",
        because="TensorFlow has no CPU kernel of AvgPool3D for float16; XLA does without",
        source="https://github.com/tensorflow/tensorflow/issues/11341",
        dtypes=["float16"],
        devices=["cpu"],
        modes=["eager", "graph"],
    )

for api in ("torch.nn.functional.avg_pool3d", "torch.nn.AvgPool3d"):
    avg_pool3d.limitation(
        api,
        raises='NotImplementedError: "avg_pool3d_out_frame" not implemented for',
        because="PyTorch has no CPU kernel of avg_pool3d for the two 16-bit formats; Inductor makes one",
        source="https://github.com/pytorch/pytorch/issues/83321",
        dtypes=["float16", "bfloat16"],
        devices=["cpu"],
        modes=["eager", "graph"],
    )

TF_PADDING = "https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2"
TORCH_AVG_POOL = "https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html"


@avg_pool1d.torch.naive(
    "torch.nn.functional.avg_pool1d",
    "padding 1, zeros counted",
    when=dict(window=(3,), stride=(1,), padding="same"),
    because="PyTorch divides by the size of the window by default, TensorFlow by the elements in it",
    source=TORCH_AVG_POOL,
    fix="give count_include_pad=False",
)
def _(torch, x, *, window, stride):
    return torch.nn.functional.avg_pool1d(x, window, stride, padding=1)


@avg_pool2d.torch.naive(
    "torch.nn.AvgPool2d",
    "padding 1 on every side",
    when=dict(window=(3, 3), stride=(2, 2), padding="same"),
    because="on an axis of even length SAME pads the end only, so that every window moves by one",
    source=TF_PADDING,
    fix="average the padded image and divide by the average of padded ones",
    weights={},
)
def _(torch, *, window, stride):
    return torch.nn.AvgPool2d(window, stride, padding=1, count_include_pad=False)


@avg_pool2d.torch.naive(
    "torch.nn.functional.pad",
    "SAME margins as zeros",
    when=dict(window=(3, 3), stride=(2, 2), padding="same"),
    because="the windows are right, but the zeros count as elements, which they do not in TensorFlow",
    source=TF_PADDING,
    fix="divide by the average of padded ones",
)
def _(torch, x, *, window, stride, padding):
    padded = torch.nn.functional.pad(x, torch_margins(x, window, stride, padding))
    return torch.nn.functional.avg_pool2d(padded, window, stride)


@avg_pool1d.torch.naive(
    "torch.nn.AvgPool1d",
    "ceil_mode for SAME",
    when=dict(window=(3,), stride=(3,), padding="same", L=10),
    because="ceil_mode lets the last window reach over the end, where SAME pads two elements, one at either end",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html",
    fix="average the padded sequence and divide by the average of padded ones",
    weights={},
)
def _(torch, *, window, stride):
    return torch.nn.AvgPool1d(window, stride, ceil_mode=True)


@avg_pool1d.tensorflow.naive(
    "keras.layers.AveragePooling1D",
    "same for a padding of 1",
    when=dict(window=(3,), stride=(2,), padding=(1,), counted=True),
    because="the windows are the same here, but SAME divides by the elements in a window, PyTorch by its size",
    source=TORCH_AVG_POOL,
    fix="put keras.layers.ZeroPadding1D(1) before a layer with padding='valid'",
    weights={},
    x="N L C",
    y="N P C",
)
def _(tf, *, window, stride):
    return tf.keras.layers.AveragePooling1D(window, stride, padding="same")


@avg_pool2d.tensorflow.naive(
    "keras.layers.AveragePooling2D",
    "channels-first image",
    when=dict(window=(3, 2), stride=(1, 1), padding="same"),
    because="the default data format is channels last, so that the windows cross the channels; the shape is right",
    source="https://keras.io/api/layers/pooling_layers/average_pooling2d/",
    fix="transpose the image with (0, 2, 3, 1), or give data_format='channels_first'",
    weights={},
)
def _(tf, *, window, stride):
    return tf.keras.layers.AveragePooling2D(window, stride, padding="same")
