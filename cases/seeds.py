"""Seeds of random numbers: what they repeat, and how both frameworks can have the same numbers."""

import numpy

from parity import Case, buffer, normal

KERAS_SEEDS = "https://keras.io/api/random/seed_generator/"
TF_SEEDS = "https://tensorflow.org/api_docs/python/tf/random/set_seed"
TORCH_RANDOMNESS = "https://docs.pytorch.org/docs/stable/notes/randomness.html"

seeded_draws = Case(
    "seeded_draws",
    "Ten numbers drawn after a seed, ten more, and ten after the same seed again: whether the later ones are equal to "
    "the first ones.",
    sizes=dict(K=1),
    inputs=dict(x=normal("K", gradient=False)),
    outputs=dict(next=buffer(""), seeded_again=buffer("")),
    dtypes=("float64", "float32"),
    exact=True,
    eager_only="a captured graph neither seeds a generator nor makes one: both are done outside of it",
    untimed="it looks for equal numbers after a seed",
)


@seeded_draws.reference
def _(np, x):
    return np.array(False), np.array(True)


def torch_repeats(torch, first, *others):
    return [torch.all(first == other) for other in others]


def tensorflow_repeats(tf, first, *others):
    return [tf.reduce_all(first == other) for other in others]


@seeded_draws.torch("torch.manual_seed")
def _(torch, x):
    torch.manual_seed(0)
    first, following = (torch.randn(10, dtype=x.dtype, device=x.device) for _ in range(2))
    torch.manual_seed(0)
    return torch_repeats(torch, first, following, torch.randn(10, dtype=x.dtype, device=x.device))


@seeded_draws.torch("torch.Generator")
def _(torch, x):
    generator = torch.Generator(x.device).manual_seed(0)
    first, following = (torch.rand(10, generator=generator, dtype=x.dtype, device=x.device) for _ in range(2))
    generator.manual_seed(0)
    again = torch.rand(10, generator=generator, dtype=x.dtype, device=x.device)
    return torch_repeats(torch, first, following, again)


@seeded_draws.tensorflow("tf.random.set_seed")
def _(tf, x, *, dtype):
    tf.random.set_seed(0)
    first, following = (tf.random.normal([10], dtype=dtype) for _ in range(2))
    tf.random.set_seed(0)
    return tensorflow_repeats(tf, first, following, tf.random.normal([10], dtype=dtype))


@seeded_draws.tensorflow("tf.random.Generator")
def _(tf, x, *, dtype):
    generator = tf.random.Generator.from_seed(0)
    first, following = (generator.normal([10], dtype=dtype) for _ in range(2))
    generator.reset_from_seed(0)
    return tensorflow_repeats(tf, first, following, generator.normal([10], dtype=dtype))


@seeded_draws.tensorflow("keras.random.SeedGenerator")
def _(tf, x, *, dtype):
    random = tf.keras.random
    seeds = random.SeedGenerator(0)
    first, following = (random.normal([10], dtype=dtype, seed=seeds) for _ in range(2))
    return tensorflow_repeats(tf, first, following, random.normal([10], dtype=dtype, seed=random.SeedGenerator(0)))


@seeded_draws.torch.naive(
    "torch.manual_seed",
    "ten numbers and ten taken for twenty",
    wrong="output:seeded_again",
    size=(0.5, 2),
    because="what a seed gives depends on how many numbers a call asks for, not only on how many came before",
    source="measured with torch 2.13.0",
    fix="draw the same shapes in the same order",
)
def _(torch, x):
    torch.manual_seed(0)
    first = torch.cat([torch.randn(10, dtype=x.dtype, device=x.device) for _ in range(2)])
    following = torch.randn(20, dtype=x.dtype, device=x.device)
    torch.manual_seed(0)
    return torch_repeats(torch, first, following, torch.randn(20, dtype=x.dtype, device=x.device))


@seeded_draws.torch.naive(
    "torch.manual_seed",
    "NumPy seeded instead",
    wrong="output:seeded_again",
    size=(0.5, 2),
    because="PyTorch has a generator of its own, which numpy.random.seed leaves alone",
    source=TORCH_RANDOMNESS,
    fix="call torch.manual_seed",
)
def _(torch, x):
    numpy.random.seed(0)
    first, following = (torch.randn(10, dtype=x.dtype, device=x.device) for _ in range(2))
    numpy.random.seed(0)
    return torch_repeats(torch, first, following, torch.randn(10, dtype=x.dtype, device=x.device))


@seeded_draws.tensorflow.naive(
    "tf.random.normal",
    "seed taken for a new start",
    wrong="output:seeded_again",
    size=(0.5, 2),
    because="the seed of an operation names a sequence: the next call with the same seed goes on in it",
    source=TF_SEEDS,
    fix="call tf.random.set_seed as well, or use tf.random.stateless_normal",
)
def _(tf, x, *, dtype):
    first, following, again = (tf.random.normal([10], dtype=dtype, seed=1) for _ in range(3))
    return tensorflow_repeats(tf, first, following, again)


@seeded_draws.tensorflow.naive(
    "keras.random.normal",
    "a number for the seed",
    wrong="output:next",
    because="the functions of keras.random keep no state: the same number gives the same values at every call",
    source=KERAS_SEEDS,
    fix="pass a keras.random.SeedGenerator",
)
def _(tf, x, *, dtype):
    first, following, again = (tf.keras.random.normal([10], dtype=dtype, seed=1) for _ in range(3))
    return tensorflow_repeats(tf, first, following, again)


@seeded_draws.tensorflow.naive(
    "keras.random.normal",
    "seeded by tf.random.set_seed",
    wrong="output:seeded_again",
    size=(0.5, 2),
    because="keras.random has a generator of its own, which tf.random.set_seed leaves alone",
    source="measured with TensorFlow 2.21.0, Keras 3.15.1",
    fix="call keras.utils.set_random_seed, or pass a keras.random.SeedGenerator",
)
def _(tf, x, *, dtype):
    tf.random.set_seed(0)
    first, following = (tf.keras.random.normal([10], dtype=dtype) for _ in range(2))
    tf.random.set_seed(0)
    return tensorflow_repeats(tf, first, following, tf.keras.random.normal([10], dtype=dtype))


shared_draws = Case(
    "shared_draws",
    "Weights that start from the same random numbers in both frameworks: NumPy draws them.",
    sizes=dict(I=6, O=5),
    inputs=dict(x=normal("I O")),
    outputs=dict(y="I O"),
    parameters=dict(seed=0),
)


def drawn_by_numpy(shape, seed):
    """Standard normal numbers, from a generator whose stream no version of NumPy changes."""
    return numpy.random.RandomState(seed).standard_normal(shape)


@shared_draws.reference
def _(np, x, *, seed):
    return x + drawn_by_numpy(x.shape, seed)


@shared_draws.torch("torch.from_numpy")
def _(torch, x, *, seed):
    return x + torch.from_numpy(drawn_by_numpy(x.shape, seed)).to(x)


shared_draws.limitation(
    "torch.from_numpy",
    raises="Unsupported: numpy.random.mtrand.RandomState",
    because="torch.compile turns NumPy calls into its own, but has none for a RandomState: draw before the call",
    source="measured with torch 2.13.0",
    modes=["graph", "compiled"],
)


@shared_draws.tensorflow("tf.constant")
def _(tf, x, *, seed):
    return x + tf.constant(drawn_by_numpy(x.shape, seed), x.dtype)


@shared_draws.tensorflow("keras.ops.convert_to_tensor")
def _(tf, x, *, seed):
    return x + tf.keras.ops.convert_to_tensor(drawn_by_numpy(x.shape, seed), x.dtype)


@shared_draws.torch.naive(
    "torch.manual_seed",
    "the same seed as elsewhere",
    because="a seed means other numbers to each generator, and even to PyTorch's own on CPU and GPU",
    source=TORCH_RANDOMNESS,
    fix="draw with NumPy and pass the numbers to both frameworks, or copy the weights",
)
def _(torch, x, *, seed):
    torch.manual_seed(seed)
    return x + torch.randn(x.shape, dtype=x.dtype, device=x.device)


@shared_draws.tensorflow.naive(
    "tf.random.set_seed",
    "the same seed as elsewhere",
    because="a seed means other numbers to each generator, and even to the versions of TensorFlow",
    source=TF_SEEDS,
    fix="draw with NumPy and pass the numbers to both frameworks, or copy the weights",
)
def _(tf, x, *, seed):
    tf.random.set_seed(seed)
    return x + tf.random.normal(x.shape, dtype=x.dtype)
