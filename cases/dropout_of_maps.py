"""Dropout of whole feature maps of sequences and volumes, and dropout that overwrites its input.

The generators of the frameworks cannot be made to agree: training is compared by statistics, or with a given mask.
"""

from dataclasses import dataclass

from _draws import unseeded

from parity import Case, Tolerance, buffer, grid, normal, uniform

TORCH_DOCS = "https://docs.pytorch.org/docs/stable/generated"
KERAS_DOCS = "https://keras.io/api/layers/regularization_layers"
TF_DROPOUT = "https://www.tensorflow.org/api_docs/python/tf/nn/dropout"


@dataclass(frozen=True)
class Maps:
    """Dropout of maps with some axes of space: PyTorch's module and function, and Keras's layer, called by name."""

    dimension: str
    sizes: dict
    module: object
    function: object
    keras: object

    @property
    def first(self):
        return " ".join(["N C", *self.sizes])

    @property
    def last(self):
        return " ".join(["N", *self.sizes, "C"])

    def spread(self, noise):
        """A number per map, for each of its elements: ``noise[..., None]`` as often as there are axes of space."""
        return noise[(..., *[None] * len(self.sizes))]

    def noise_shape(self, N, C):
        """In TensorFlow's order."""
        return [N, *[1] * len(self.sizes), C]


SEQUENCES = Maps(
    "1d",
    dict(L=3),
    lambda torch, rate: torch.nn.Dropout1d(p=rate),
    lambda torch, x, rate, training: torch.nn.functional.dropout1d(x, p=rate, training=training),
    lambda tf, rate: tf.keras.layers.SpatialDropout1D(rate=rate, seed=0),
)
VOLUMES = Maps(
    "3d",
    dict(D=2, H=3, W=4),
    lambda torch, rate: torch.nn.Dropout3d(p=rate),
    lambda torch, x, rate, training: torch.nn.functional.dropout3d(x, p=rate, training=training),
    lambda tf, rate: tf.keras.layers.SpatialDropout3D(rate=rate, seed=0),
)


def evaluation(maps):
    case = Case(
        f"dropout{maps.dimension}_evaluation",
        "Dropout of whole feature maps in evaluation mode: y = x, bit for bit, at any rate.",
        sizes=dict(N=5, C=7, **maps.sizes),
        inputs=dict(x=normal(maps.first)),
        outputs=dict(y=maps.first),
        variants=grid(rate=[0.1, 0.5, 0.9]),
        exact=True,
        draws=True,
    )
    channels_last = dict(x=maps.last, y=maps.last)
    case.reference(lambda np, x: x)

    @case.torch.layer(f"torch.nn.Dropout{maps.dimension}", weights={})
    def _(torch, *, rate):
        return maps.module(torch, rate).eval()

    @case.torch(f"torch.nn.functional.dropout{maps.dimension}")
    def _(torch, x, *, rate):
        return maps.function(torch, x, rate, False)

    @case.tensorflow.layer(f"keras.layers.SpatialDropout{maps.dimension.upper()}", weights={}, **channels_last)
    def _(tf, *, rate):
        layer = maps.keras(tf, rate)
        return layer, lambda x: layer(x, training=False)

    @case.tensorflow("tf.nn.dropout(noise_shape=)", **channels_last)
    def _(tf, x, *, rate, N, C):
        training = False  # tf.nn.dropout has no switch of its own: the caller sets the rate to zero
        return tf.nn.dropout(x, rate=rate if training else 0.0, noise_shape=maps.noise_shape(N, C))

    @case.torch.naive(
        f"torch.nn.Dropout{maps.dimension}",
        "left in training mode",
        because="a PyTorch module starts in training mode, where it drops; a Keras layer called directly does not",
        source=f"{TORCH_DOCS}/torch.nn.Module.html",
        fix="call eval() on the model before evaluating it",
        weights={},
    )
    def _(torch, *, rate):
        torch.manual_seed(0)
        return maps.module(torch, rate)


def injected(maps):
    case = Case(
        f"injected_dropout{maps.dimension}",
        "Dropout by given noise, a number per map: a map with noise at or above the rate is scaled by 1 / (1 - rate).",
        sizes=dict(N=12, C=7, **maps.sizes),
        inputs=dict(x=uniform(maps.first, 0.5, 2.0), noise=uniform("N C", 0, 1, gradient=False)),  # x > 0: no -0.0
        outputs=dict(y=maps.first),
        variants=grid(rate=[0.25, 0.5]),
    )
    channels_last = dict(x=maps.last, y=maps.last)

    @case.reference
    def _(np, x, noise, *, rate):
        return x * maps.spread(noise >= rate) / (1 - rate)

    @case.torch("torch.Tensor.mul")
    def _(torch, x, noise, *, rate):
        return x * maps.spread(noise >= rate).to(x.dtype) / (1 - rate)

    @case.tensorflow("tf.nn.experimental.general_dropout(noise_shape=)", **channels_last)
    def _(tf, x, noise, *, rate, N, C):
        shape = maps.noise_shape(N, C)
        return tf.nn.experimental.general_dropout(
            x, rate, noise_shape=shape, uniform_sampler=lambda shape, dtype: tf.reshape(noise, shape)
        )

    @case.tensorflow("keras.layers.Multiply", **channels_last)
    def _(tf, x, noise, *, rate, N, C):
        mask = tf.reshape(tf.cast(noise >= rate, x.dtype), maps.noise_shape(N, C))
        return tf.keras.layers.Multiply()([x, mask]) / (1 - rate)

    @case.torch.naive(
        "torch.Tensor.mul",
        "noise of the first channel for all",
        size=(0.48, 2.1),
        because="each map has noise of its own: with one number for all of them, whole examples are dropped",
        source=f"{TORCH_DOCS}/torch.nn.Dropout{maps.dimension}.html",
        fix="spread noise[n, c] over the space of its map only",
    )
    def _(torch, x, noise, *, rate):
        return x * maps.spread(noise[:, :1] >= rate).to(x.dtype) / (1 - rate)


def training(maps):
    case = Case(
        f"dropout{maps.dimension}_training",
        "Dropout of whole maps in training, of ones: the fraction of maps that is kept, of those that are treated as "
        "one, of elements that are 0 or 1 / (1 - rate), and of those whose gradient follows the mask.",
        sizes=dict(N=40, C=50, **maps.sizes),
        inputs=dict(x=normal(maps.first, mean=1, std=0, gradient=False)),
        outputs=dict(kept=buffer(""), whole=buffer(""), scaled=buffer(""), followed=buffer("")),
        variants=grid(rate=[0.2, 0.5]),
        tolerance=Tolerance(0, 0.09, because="eight standard deviations of the fraction of 2,000 draws"),
        draws=True,
    )
    axes_last, axes_first = [list(range(start, start + len(maps.sizes))) for start in (1, 2)]
    keras_name = f"SpatialDropout{maps.dimension.upper()}"

    @case.reference
    def _(np, x, *, rate):
        one = np.mean(x)
        return one * (1 - rate), one, one, one

    def torch_measures(torch, dropout, x, rate, axes=axes_first):
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            y = dropout(x)
            (gradient,) = torch.autograd.grad(y.sum(), x)
        kept = (y != 0).double().mean(axes)
        fits = (y == 0) | ((y - 1 / (1 - rate)).abs() < 0.01)
        found = kept, (kept == 0) | (kept == 1), fits, gradient == y
        return [measure.double().mean().to(x.dtype) for measure in found]

    def tensorflow_measures(tf, dropout, x, rate, axes=axes_last):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = dropout(x)
        gradient = tape.gradient(y, x)
        kept = tf.reduce_mean(tf.cast(y != 0, tf.float64), axes)
        fits = (y == 0) | (abs(y - 1 / (1 - rate)) < 0.01)
        found = kept, (kept == 0) | (kept == 1), fits, gradient == y
        return [tf.cast(tf.reduce_mean(tf.cast(measure, tf.float64)), x.dtype) for measure in found]

    @case.torch.layer(f"torch.nn.Dropout{maps.dimension}", weights={})
    def _(torch, *, rate, capture):
        torch.manual_seed(0)
        layer = maps.module(torch, rate)
        return layer, lambda x: torch_measures(torch, capture(layer), x, rate)

    @case.torch.layer(f"torch.nn.functional.dropout{maps.dimension}", weights={})
    def _(torch, *, rate, capture):
        torch.manual_seed(0)
        dropout = capture(lambda x: maps.function(torch, x, rate, True))
        return torch.nn.Module(), lambda x: torch_measures(torch, dropout, x, rate)

    @case.tensorflow.layer(f"keras.layers.{keras_name}", weights={}, x=maps.last)
    def _(tf, *, rate):
        layer = maps.keras(tf, rate)
        return layer, lambda x: tensorflow_measures(tf, lambda x: layer(x, training=True), x, rate)

    @case.tensorflow.layer("keras.layers.Dropout(noise_shape=)", weights={}, x=maps.last)
    def _(tf, *, rate, C):
        layer = tf.keras.layers.Dropout(rate, noise_shape=(None, *[1] * len(maps.sizes), C), seed=0)
        return layer, lambda x: tensorflow_measures(tf, lambda x: layer(x, training=True), x, rate)

    @case.tensorflow("tf.nn.dropout(noise_shape=)", x=maps.last)
    def _(tf, x, *, rate, N, C):
        def dropout(x):
            return tf.nn.dropout(x, rate=rate, noise_shape=maps.noise_shape(N, C), seed=0)

        return tensorflow_measures(tf, dropout, x, rate)

    unseeded(case, "tf.nn.dropout(noise_shape=)")

    @case.torch.naive(
        "torch.nn.Dropout",
        "elements instead of maps",
        wrong="output:whole",
        because=f"Dropout draws for each element, {keras_name} for each feature map",
        source=f"{TORCH_DOCS}/torch.nn.Dropout{maps.dimension}.html",
        fix=f"use torch.nn.Dropout{maps.dimension}",
        weights={},
    )
    def _(torch, *, rate):
        torch.manual_seed(0)
        layer = torch.nn.Dropout(rate)
        return layer, lambda x: torch_measures(torch, layer, x, rate)

    @case.torch.naive(
        f"torch.nn.Dropout{maps.dimension}",
        "channels last, as in Keras",
        wrong="output:whole",
        because=f"the module takes axis 1 for the channels, {keras_name} the last one: a place of all channels is "
        "dropped",
        source=f"{TORCH_DOCS}/torch.nn.Dropout{maps.dimension}.html",
        fix="move the channels to axis 1, and back afterwards",
        weights={},
        x=maps.last,
    )
    def _(torch, *, rate):
        torch.manual_seed(0)
        layer = maps.module(torch, rate)
        return layer, lambda x: torch_measures(torch, layer, x, rate, axes_last)

    @case.tensorflow.naive(
        f"keras.layers.{keras_name}",
        "channels first, as in PyTorch",
        wrong="output:whole",
        because="the layer takes the last axis for the channels",
        source=f"{KERAS_DOCS}/spatial_dropout{maps.dimension}/",
        fix="move the channels to the last axis; SpatialDropout3D also takes data_format='channels_first'",
        weights={},
    )
    def _(tf, *, rate):
        layer = maps.keras(tf, rate)
        return layer, lambda x: tensorflow_measures(tf, lambda x: layer(x, training=True), x, rate, axes_first)


for maps in (SEQUENCES, VOLUMES):
    evaluation(maps)
    injected(maps)
    training(maps)
