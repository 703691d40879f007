"""Max and average pooling over the whole of each channel, in one to three dimensions."""

from _pooling import SIZES, SPACE

from parity import Case, distinct, normal

SINGLE = {1: "1", 2: "1 1", 3: "1 1 1"}


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


for rank in (1, 2, 3):
    global_max_pooling(rank)
    global_average_pooling(rank)
