"""Max and average pooling over windows, and global pooling, in one to three dimensions."""

from parity import Case, distinct, grid, normal

SIZES = {1: dict(N=2, C=3, L=11), 2: dict(N=2, C=3, H=7, W=8), 3: dict(N=2, C=3, D=4, H=5, W=6)}
SPACE = {1: "L", 2: "H W", 3: "D H W"}
POOLED = {1: "P", 2: "P Q", 3: "P Q R"}
SINGLE = {1: "1", 2: "1 1", 3: "1 1 1"}

VALID_AND_SAME = {
    1: grid(window=[(2,), (3,)], stride=[(1,), (2,), (3,)], padding=["valid", "same"]),
    2: grid(window=[(2, 2)], stride=[(2, 2)], padding=["valid", "same"])
    + grid(window=[(3, 2)], stride=[(1, 1), (2, 3), (3, 1)], padding=["valid", "same"])
    + grid(window=[(3, 3)], stride=[(2, 2)], padding=["same"]),
    3: grid(window=[(2, 3, 1)], stride=[(1, 1, 1)], padding=["valid", "same"])
    + grid(window=[(2, 3, 4)], stride=[(3, 2, 1)], padding=["valid", "same"])
    + grid(window=[(2, 2, 2)], stride=[(2, 2, 2)], padding=["same"]),
}


def symmetric(**more):
    """Variants with the same explicit padding on both sides of an axis, and more parameters."""
    return {
        1: grid(window=[(2,), (3,)], stride=[(2,)], padding=[(1,)], **more),
        2: grid(window=[(3, 3)], stride=[(2, 2)], padding=[(1, 1)], **more)
        + grid(window=[(3, 4)], stride=[(1, 3)], padding=[(0, 2)], **more),
        3: grid(window=[(3, 2, 2)], stride=[(2, 1, 3)], padding=[(1, 0, 1)], **more),
    }


def same_margins(length, window, stride):
    """The elements that TensorFlow's SAME padding adds before and after an axis: the odd one goes after it."""
    total = max((-(-length // stride) - 1) * stride + window - length, 0)
    return total // 2, total - total // 2


def margins(shape, window, stride, padding):
    """The elements added before and after each space axis."""
    if padding == "valid":
        return [(0, 0) for _ in shape]
    if padding == "same":
        return [same_margins(*axis) for axis in zip(shape, window, stride, strict=True)]
    return [(margin, margin) for margin in padding]


def pool(np, reduce, x, window, stride, padding):
    """Reduce the windows of one space axis after the other, each window cut off at the edges of the tensor."""
    added = margins(x.shape[2:], window, stride, padding)
    for axis, (size, step, (before, after)) in enumerate(zip(window, stride, added, strict=True), start=2):
        starts = range(-before, x.shape[axis] + after - size + 1, step)
        inside = [(*[slice(None)] * axis, slice(max(start, 0), start + size)) for start in starts]
        x = np.stack([reduce(x[part], axis, size) for part in inside], axis)
    return x


def torch_margins(x, window, stride, padding):
    """The margins as torch.nn.functional.pad takes them: the last axis first."""
    added = margins(x.shape[2:], window, stride, padding)
    return [margin for pair in reversed(added) for margin in pair]


def tf_margins(padding):
    """The margins of a channels-last tensor as TensorFlow takes them."""
    return [(0, 0), *((margin, margin) for margin in padding), (0, 0)]


def max_pooling(rank):
    case = Case(
        f"max_pool{rank}d",
        "The largest element of each window; padding is never the largest.",
        sizes=SIZES[rank],
        inputs=dict(x=distinct(f"N C {SPACE[rank]}")),
        outputs=dict(y=f"N C {POOLED[rank]}"),
        variants=VALID_AND_SAME[rank] + symmetric()[rank],
        exact=["output:*"],
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

    def tf_symmetric(tf, average, x, padding, counted):
        y = average(tf.pad(x, tf_margins(padding)))
        return y if counted else y / average(tf.pad(tf.ones_like(x[:1, ..., :1]), tf_margins(padding)))

    @case.tensorflow(f"tf.nn.avg_pool{rank}d", **channels_last)
    def _(tf, x, *, window, stride, padding, counted):
        function = getattr(tf.nn, f"avg_pool{rank}d")
        if isinstance(padding, str):
            return function(x, window, stride, padding.upper())
        return tf_symmetric(tf, lambda padded: function(padded, window, stride, "VALID"), x, padding, counted)

    @case.tensorflow.layer(f"keras.layers.AveragePooling{rank}D", weights={}, **channels_last)
    def _(tf, *, window, stride, padding, counted):
        AveragePooling = getattr(tf.keras.layers, f"AveragePooling{rank}D")
        if isinstance(padding, str):
            return AveragePooling(window, stride, padding)
        layer = AveragePooling(window, stride, "valid")
        return layer, lambda x: tf_symmetric(tf, layer, x, padding, counted)

    return case


def global_max_pooling(rank):
    case = Case(
        f"global_max_pool{rank}d",
        "The largest element of each channel.",
        sizes=SIZES[rank],
        inputs=dict(x=distinct(f"N C {SPACE[rank]}")),
        outputs=dict(y="N C"),
        exact=True,
    )
    space = tuple(range(2, 2 + rank))

    @case.reference
    def _(np, x):
        return np.max(x, space)

    @case.torch(f"torch.nn.functional.adaptive_max_pool{rank}d", y=f"N C {SINGLE[rank]}")
    def _(torch, x):
        return getattr(torch.nn.functional, f"adaptive_max_pool{rank}d")(x, 1)

    @case.torch.layer(f"torch.nn.AdaptiveMaxPool{rank}d", weights={}, y=f"N C {SINGLE[rank]}")
    def _(torch):
        return getattr(torch.nn, f"AdaptiveMaxPool{rank}d")(1)

    @case.torch("torch.amax")
    def _(torch, x):
        return torch.amax(x, space)

    @case.tensorflow("tf.reduce_max", x=f"N {SPACE[rank]} C")
    def _(tf, x):
        return tf.reduce_max(x, range(1, 1 + rank))

    @case.tensorflow.layer(f"keras.layers.GlobalMaxPooling{rank}D", weights={}, x=f"N {SPACE[rank]} C")
    def _(tf):
        return getattr(tf.keras.layers, f"GlobalMaxPooling{rank}D")()

    return case


def global_average_pooling(rank):
    case = Case(
        f"global_avg_pool{rank}d",
        "The mean of each channel.",
        sizes=SIZES[rank],
        inputs=dict(x=normal(f"N C {SPACE[rank]}")),
        outputs=dict(y="N C"),
    )
    space = tuple(range(2, 2 + rank))

    @case.reference
    def _(np, x):
        return np.mean(x, space)

    @case.torch(f"torch.nn.functional.adaptive_avg_pool{rank}d", y=f"N C {SINGLE[rank]}")
    def _(torch, x):
        return getattr(torch.nn.functional, f"adaptive_avg_pool{rank}d")(x, 1)

    @case.torch.layer(f"torch.nn.AdaptiveAvgPool{rank}d", weights={}, y=f"N C {SINGLE[rank]}")
    def _(torch):
        return getattr(torch.nn, f"AdaptiveAvgPool{rank}d")(1)

    @case.torch("torch.mean")
    def _(torch, x):
        return torch.mean(x, space)

    @case.tensorflow("tf.reduce_mean", x=f"N {SPACE[rank]} C")
    def _(tf, x):
        return tf.reduce_mean(x, range(1, 1 + rank))

    @case.tensorflow.layer(f"keras.layers.GlobalAveragePooling{rank}D", weights={}, x=f"N {SPACE[rank]} C")
    def _(tf):
        return getattr(tf.keras.layers, f"GlobalAveragePooling{rank}D")()

    return case


max_pool = {rank: max_pooling(rank) for rank in (1, 2, 3)}
avg_pool = {rank: average_pooling(rank) for rank in (1, 2, 3)}
for rank in (1, 2, 3):
    global_max_pooling(rank)
    global_average_pooling(rank)

for api in ("tf.nn.max_pool3d", "keras.layers.MaxPooling3D"):
    max_pool[3].limitation(
        api,
        raises="is not in the list of allowed values: half, bfloat16, float",
        because="TensorFlow's MaxPool3D is not defined for float64",
        source="https://github.com/tensorflow/tensorflow/issues/48644",
        dtypes=["float64"],
    )
    max_pool[3].limitation(
        api,
        raises="Could not find device for node: {{node MaxPool3D}}",
        because="TensorFlow has no CPU kernel of MaxPool3D for float16",
        source="https://github.com/tensorflow/tensorflow/issues/11341",
        dtypes=["float16"],
        devices=["cpu"],
    )

for api in ("tf.nn.avg_pool3d", "keras.layers.AveragePooling3D"):
    avg_pool[3].limitation(
        api,
        raises="Could not find device for node: {{node AvgPool3D}}",
        because="TensorFlow has no kernel of AvgPool3D for float64",
        source="https://github.com/tensorflow/tensorflow/issues/54318",
        dtypes=["float64"],
    )
    avg_pool[3].limitation(
        api,
        raises="Could not find device for node: {{node AvgPool3D}}",
        because="TensorFlow has no CPU kernel of AvgPool3D for float16",
        source="https://github.com/tensorflow/tensorflow/issues/11341",
        dtypes=["float16"],
        devices=["cpu"],
    )

for api in ("torch.nn.functional.avg_pool3d", "torch.nn.AvgPool3d"):
    avg_pool[3].limitation(
        api,
        raises='"avg_pool3d_out_frame" not implemented for',
        because="PyTorch has no CPU kernel of avg_pool3d for the two 16-bit formats",
        source="https://github.com/pytorch/pytorch/issues/83321",
        dtypes=["float16", "bfloat16"],
        devices=["cpu"],
    )
