"""Dropout in training mode: with a mask that is given, and by the statistics of what it keeps.

The generators of the frameworks cannot be made to agree, so no test compares one draw with another.
"""

from _draws import unseeded

from parity import Case, Tolerance, buffer, grid, normal, uniform

injected_dropout = Case(
    "injected_dropout",
    "Dropout by given noise: what is kept (noise at or above the rate) is scaled by 1 / (1 - rate).",
    sizes=dict(N=5, C=7),
    inputs=dict(x=uniform("N C", 0.5, 2.0), noise=uniform("N C", 0, 1, gradient=False)),  # x > 0: no -0.0
    outputs=dict(y="N C"),
    variants=grid(rate=[0.25, 0.5]),
)


@injected_dropout.reference
def _(np, x, noise, *, rate):
    return x * (noise >= rate) / (1 - rate)


@injected_dropout.torch("torch.Tensor.mul")
def _(torch, x, noise, *, rate):
    mask = (noise >= rate).to(x.dtype)
    return x * mask / (1 - rate)


@injected_dropout.torch("torch.Tensor.masked_fill")
def _(torch, x, noise, *, rate):
    return (x / (1 - rate)).masked_fill(noise < rate, 0)


@injected_dropout.tensorflow("tf.nn.experimental.general_dropout")
def _(tf, x, noise, *, rate):
    return tf.nn.experimental.general_dropout(x, rate, uniform_sampler=lambda shape, dtype: noise)


@injected_dropout.tensorflow("keras.layers.Multiply")
def _(tf, x, noise, *, rate):
    mask = tf.cast(noise >= rate, x.dtype)
    return tf.keras.layers.Multiply()([x, mask]) / (1 - rate)


@injected_dropout.torch.naive(
    "torch.Tensor.mul",
    "mask without the scale",
    because="both frameworks divide what they keep by 1 - rate, so that evaluation needs no scaling",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html",
    fix="divide by 1 - rate",
)
def _(torch, x, noise, *, rate):
    return x * (noise >= rate)


@injected_dropout.torch.naive(
    "torch.Tensor.mul",
    "mask of what to drop",
    size=(0.5, 2.1),
    because="the mask of one side marks what is kept, the other's what is dropped",
    source="https://www.tensorflow.org/api_docs/python/tf/nn/dropout",
    fix="keep where the noise is at or above the rate",
)
def _(torch, x, noise, *, rate):
    return x * (noise < rate) / (1 - rate)


dropout_kept = Case(
    "dropout_kept",
    "The fraction of ones that dropout keeps in training.",
    sizes=dict(N=250, C=200),
    inputs=dict(x=normal("N C", mean=1, std=0, gradient=False)),
    outputs=dict(fraction=buffer("")),
    variants=grid(rate=[0.2, 0.5]),
    tolerance=Tolerance(0, 0.02, because="8 standard deviations of 50,000 draws, of 7 bits in bfloat16"),
    draws=True,
)

dropout_scale = Case(
    "dropout_scale",
    "What dropout makes of the ones that it keeps in training.",
    sizes=dict(N=50, C=20),
    inputs=dict(x=normal("N C", mean=1, std=0, gradient=False)),
    outputs=dict(largest=buffer(""), mean_of_kept=buffer("")),
    variants=grid(rate=[0.2, 0.5]),
    draws=True,
)


@dropout_kept.reference
def _(np, x, *, rate):
    return np.mean(x) * (1 - rate)


@dropout_scale.reference
def _(np, x, *, rate):
    return np.mean(x) / (1 - rate), np.mean(x) / (1 - rate)


def torch_fraction(torch, y):
    return (y != 0).double().mean().to(y.dtype)


def torch_scale(torch, y):
    """The largest and the mean of what is kept."""
    mean = y.sum(dtype=torch.float64) / (y != 0).sum()
    return y.max(), mean.to(y.dtype)


def tensorflow_fraction(tf, y):
    return tf.cast(tf.reduce_mean(tf.cast(y != 0, tf.float64)), y.dtype)


def tensorflow_scale(tf, y):
    mean = tf.reduce_sum(tf.cast(y, tf.float64)) / tf.reduce_sum(tf.cast(y != 0, tf.float64))
    return tf.reduce_max(y), tf.cast(mean, y.dtype)


def statistics(case, torch_measure, tensorflow_measure):
    """Every public dropout, seeded, and the naive ones, each followed by a measurement of what it returns.

    PyTorch's generator is seeded where a layer is built, because a captured call cannot do it.
    """

    @case.torch.layer("torch.nn.functional.dropout", weights={})
    def _(torch, *, rate):
        torch.manual_seed(0)
        return torch.nn.Module(), lambda x: torch_measure(torch, torch.nn.functional.dropout(x, rate))

    @case.torch.layer("torch.nn.Dropout", weights={})
    def _(torch, *, rate):
        torch.manual_seed(0)
        layer = torch.nn.Dropout(rate)
        return layer, lambda x: torch_measure(torch, layer(x))

    @case.tensorflow("tf.nn.dropout")
    def _(tf, x, *, rate):
        return tensorflow_measure(tf, tf.nn.dropout(x, rate, seed=0))

    unseeded(case, "tf.nn.dropout")

    @case.tensorflow("tf.nn.experimental.stateless_dropout")
    def _(tf, x, *, rate):
        return tensorflow_measure(tf, tf.nn.experimental.stateless_dropout(x, rate, seed=[1, 2]))

    @case.tensorflow.layer("keras.layers.Dropout", weights={})
    def _(tf, *, rate):
        layer = tf.keras.layers.Dropout(rate, seed=0)
        return layer, lambda x: tensorflow_measure(tf, layer(x, training=True))

    @case.torch.naive(
        "torch.nn.functional.dropout",
        "keep_prob passed as p",
        when=dict(rate=0.2),
        size=(0.37, 6.1),
        because="p is the probability to drop, TensorFlow 1's keep_prob that to keep",
        source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html",
        fix="pass p=1 - keep_prob",
    )
    def _(torch, x, *, rate):
        torch.manual_seed(0)
        keep_prob = 1 - rate
        return torch_measure(torch, torch.nn.functional.dropout(x, keep_prob))

    @case.tensorflow.naive(
        "tf.nn.dropout",
        "keep_prob as second argument",
        when=dict(rate=0.2),
        size=(0.37, 6.1),
        because="the second argument was keep_prob in TensorFlow 1 and is the rate in TensorFlow 2",
        source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/nn/dropout",
        fix="pass rate= by name",
    )
    def _(tf, x, *, rate):
        keep_prob = 1 - rate
        return tensorflow_measure(tf, tf.nn.dropout(x, keep_prob, seed=0))

    @case.tensorflow.naive(
        "keras.layers.Dropout",
        "called without training=True",
        when=dict(rate=0.2),
        size=(0.1, 0.5),
        because="a Keras layer called directly is in inference mode and drops nothing",
        source="https://keras.io/api/layers/regularization_layers/dropout/",
        fix="pass training=True in a training loop of your own",
        weights={},
    )
    def _(tf, *, rate):
        layer = tf.keras.layers.Dropout(rate, seed=0)
        return layer, lambda x: tensorflow_measure(tf, layer(x))


statistics(dropout_kept, torch_fraction, tensorflow_fraction)
statistics(dropout_scale, torch_scale, tensorflow_scale)


def dropout_of_maps(name, space, first, last, **sizes):
    """``first`` and ``last`` are the layouts with channels first and last."""
    case = Case(
        name,
        "The fraction of feature maps that dropout of channels keeps in training, and that of maps it treats as one.",
        sizes=dict(N=40, C=50, **sizes),
        inputs=dict(x=normal(first, mean=1, std=0, gradient=False)),
        outputs=dict(kept=buffer(""), whole=buffer("")),
        variants=grid(rate=[0.2]),
        tolerance=Tolerance(0, 0.07, because="eight standard deviations of the fraction of 2,000 draws"),
        draws=True,
    )
    dimension = f"{len(space)}d"
    keras_dimension = dimension.upper()

    def torch_maps(torch, y):
        kept = (y != 0).double().mean(list(range(2, y.ndim)))
        return kept.mean().to(y.dtype), ((kept == 0) | (kept == 1)).double().mean().to(y.dtype)

    def tensorflow_maps(tf, y, axes):
        kept = tf.reduce_mean(tf.cast(y != 0, tf.float64), axes)
        whole = tf.cast((kept == 0) | (kept == 1), tf.float64)
        return tf.cast(tf.reduce_mean(kept), y.dtype), tf.cast(tf.reduce_mean(whole), y.dtype)

    axes_last = list(range(1, len(space) + 1))
    axes_first = list(range(2, len(space) + 2))

    @case.reference
    def _(np, x, *, rate):
        return np.mean(x) * (1 - rate), np.mean(x)

    @case.torch.layer(f"torch.nn.functional.dropout{dimension}", weights={})
    def _(torch, *, rate):
        torch.manual_seed(0)
        dropout = getattr(torch.nn.functional, f"dropout{dimension}")
        return torch.nn.Module(), lambda x: torch_maps(torch, dropout(x, rate))

    @case.torch.layer(f"torch.nn.Dropout{dimension}", weights={})
    def _(torch, *, rate):
        torch.manual_seed(0)
        layer = getattr(torch.nn, f"Dropout{dimension}")(rate)
        return layer, lambda x: torch_maps(torch, layer(x))

    @case.tensorflow.layer(f"keras.layers.SpatialDropout{keras_dimension}", weights={}, x=last)
    def _(tf, *, rate):
        layer = getattr(tf.keras.layers, f"SpatialDropout{keras_dimension}")(rate, seed=0)
        return layer, lambda x: tensorflow_maps(tf, layer(x, training=True), axes_last)

    @case.tensorflow("tf.nn.dropout(noise_shape=)", x=last)
    def _(tf, x, *, rate, N, C):
        y = tf.nn.dropout(x, rate, noise_shape=[N, *[1] * len(space), C], seed=0)
        return tensorflow_maps(tf, y, axes_last)

    unseeded(case, "tf.nn.dropout(noise_shape=)")

    @case.torch.naive(
        "torch.nn.Dropout",
        "elements instead of maps",
        wrong="output:whole",
        size=(0.46, 2),
        because="Dropout draws for each element, SpatialDropout for each feature map",
        source=f"https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout{dimension}.html",
        fix=f"use torch.nn.Dropout{dimension}",
        weights={},
    )
    def _(torch, *, rate):
        torch.manual_seed(0)
        layer = torch.nn.Dropout(rate)
        return layer, lambda x: torch_maps(torch, layer(x))

    @case.tensorflow.naive(
        f"keras.layers.SpatialDropout{keras_dimension}",
        "channels first without data_format",
        wrong="output:whole",
        size=(0.3, 1.2),
        because="the layer takes the last axis for the channels",
        source=f"https://keras.io/api/layers/regularization_layers/spatial_dropout{dimension}/",
        fix="pass data_format='channels_first'",
        weights={},
    )
    def _(tf, *, rate):
        layer = getattr(tf.keras.layers, f"SpatialDropout{keras_dimension}")(rate, seed=0)
        return layer, lambda x: tensorflow_maps(tf, layer(x, training=True), axes_first)


dropout_of_maps("dropout_of_maps2d", "HW", "N C H W", "N H W C", H=3, W=4)
dropout_of_maps("dropout_of_maps3d", "DHW", "N C D H W", "N D H W C", D=2, H=3, W=4)
