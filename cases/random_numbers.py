"""Random numbers: the distributions that the functions draw from, by the statistics of 40,000 draws.

The generators of the frameworks cannot be made to agree, so no test compares one draw with another.
"""

from _draws import unseeded

from parity import Case, Tolerance, buffer, grid, normal

KERAS_INITIALIZERS = "https://tensorflow.org/api_docs/python/tf/compat/v1/random_normal_initializer"
TF_NORMAL = "https://www.tensorflow.org/api_docs/python/tf/random/normal.md.txt"
TORCH_NORMAL = "https://docs.pytorch.org/docs/stable/generated/torch.normal.html"
MEASURED = "measured with torch 2.13.0, TensorFlow 2.21.0"
TORCH_TRUNCATED = "torch/nn/init.py of PyTorch 2.13.0: trunc_normal_"


def sampled(name, summary, **declared):
    """A case that draws ``count`` numbers, in the dtype and on the device of ``x``."""
    return Case(
        name,
        summary,
        sizes=dict(K=1),
        inputs=dict(x=normal("K", gradient=False)),
        tolerance=Tolerance(0, 0.04, because="8 standard deviations of the mean of 40,000 draws in these units"),
        draws=True,
        **declared,
    )


def without_welford(case, api):
    case.limitation(
        api,
        raises="InductorError: Welford reduction does not support VectorizedN",
        because="Inductor cannot compile the standard deviation, in float64, of what it draws in a format of 16 bits",
        source=MEASURED,
        dtypes=["float16", "bfloat16"],
        devices=["cpu"],
        modes=["compiled"],
    )


normal_draws = sampled(
    "normal_draws",
    "Normally distributed numbers, less mu and divided by sigma: their mean, their standard deviation, and the "
    "fractions below 0 and between -1 and 1.",
    parameters=dict(count=40_000),
    outputs=dict(mean=buffer(""), deviation=buffer(""), below=buffer(""), within=buffer("")),
    variants=grid(mu=[0.0], sigma=[1.0]) + grid(mu=[2.0], sigma=[0.5]),
)


@normal_draws.reference
def _(np, x):
    return np.array(0.0), np.array(1.0), np.array(0.5), np.array(0.6826894921370859)


def torch_statistics(drawn, mu, sigma):
    z = (drawn.double() - mu) / sigma
    found = z.mean(), z.std(), (z < 0).double().mean(), (abs(z) < 1).double().mean()
    return [statistic.to(drawn.dtype) for statistic in found]


def tensorflow_statistics(tf, drawn, mu, sigma):
    z = (tf.cast(drawn, tf.float64) - mu) / sigma
    below, within = (tf.reduce_mean(tf.cast(fits, tf.float64)) for fits in (z < 0, abs(z) < 1))
    return [tf.cast(statistic, drawn.dtype) for statistic in (tf.reduce_mean(z), tf.math.reduce_std(z), below, within)]


def seeded(torch, call):
    """A layer that draws; the generator is seeded before, because a captured call cannot do it."""
    torch.manual_seed(0)
    return torch.nn.Module(), call


@normal_draws.torch.layer("torch.randn", weights={})
def _(torch, *, count, mu, sigma):
    def call(x):
        return torch_statistics(mu + sigma * torch.randn(count, dtype=x.dtype, device=x.device), mu, sigma)

    return seeded(torch, call)


@normal_draws.torch.layer("torch.normal", weights={})
def _(torch, *, count, mu, sigma):
    def call(x):
        drawn = torch.normal(mean=mu, std=sigma, size=(count,), dtype=x.dtype, device=x.device)
        return torch_statistics(drawn, mu, sigma)

    return seeded(torch, call)


@normal_draws.torch.layer("torch.nn.init.normal_", weights={})
def _(torch, *, count, mu, sigma):
    def call(x):
        return torch_statistics(torch.nn.init.normal_(x.new_empty(count), mean=mu, std=sigma), mu, sigma)

    return seeded(torch, call)


@normal_draws.tensorflow("tf.random.normal")
def _(tf, x, *, count, mu, sigma, dtype):
    return tensorflow_statistics(tf, tf.random.normal([count], mu, sigma, dtype, seed=1), mu, sigma)


@normal_draws.tensorflow("tf.compat.v1.random_normal")
def _(tf, x, *, count, mu, sigma, dtype):
    return tensorflow_statistics(tf, tf.compat.v1.random_normal([count], mu, sigma, dtype, seed=1), mu, sigma)


@normal_draws.tensorflow("tf.random.stateless_normal")
def _(tf, x, *, count, mu, sigma, dtype):
    return tensorflow_statistics(tf, tf.random.stateless_normal([count], [1, 2], mu, sigma, dtype), mu, sigma)


@normal_draws.tensorflow.layer("tf.random.Generator.normal", weights={})
def _(tf, *, count, mu, sigma, dtype):
    generator = tf.random.Generator.from_seed(1)

    def call(x):
        return tensorflow_statistics(tf, generator.normal([count], mu, sigma, dtype), mu, sigma)

    return tf.keras.layers.Identity(), call


@normal_draws.tensorflow("keras.random.normal")
def _(tf, x, *, count, mu, sigma, dtype):
    return tensorflow_statistics(tf, tf.keras.random.normal([count], mu, sigma, dtype, seed=1), mu, sigma)


@normal_draws.tensorflow("keras.initializers.RandomNormal")
def _(tf, x, *, count, mu, sigma, dtype):
    drawn = tf.keras.initializers.RandomNormal(mean=mu, stddev=sigma, seed=1)([count], dtype)
    return tensorflow_statistics(tf, drawn, mu, sigma)


unseeded(normal_draws, "tf.random.normal", "tf.compat.v1.random_normal")
for function in ("torch.normal", "torch.nn.init.normal_"):
    without_welford(normal_draws, function)


@normal_draws.torch.naive(
    "torch.normal",
    "means for mean",
    raises="TypeError: normal() received an invalid combination of arguments",
    because="the argument is called mean, also where it is a tensor with a mean for each number",
    source=TORCH_NORMAL,
    fix="write mean=",
)
def _(torch, x, *, count, mu, sigma):
    return torch_statistics(torch.normal(means=mu, std=sigma, size=(count,)), mu, sigma)


@normal_draws.torch.naive(
    "torch.normal",
    "stddev for std",
    raises="TypeError: normal() received an invalid combination of arguments",
    because="TensorFlow and Keras call the argument stddev, PyTorch std",
    source=TORCH_NORMAL,
    fix="write std=",
)
def _(torch, x, *, count, mu, sigma):
    return torch_statistics(torch.normal(mean=mu, stddev=sigma, size=(count,)), mu, sigma)


@normal_draws.torch.naive(
    "torch.normal",
    "variance for the standard deviation",
    when=dict(sigma=0.5),
    wrong=["output:deviation", "output:within"],
    size=(0.24, 1),
    because="it takes the standard deviation, as the functions of TensorFlow do",
    source=TORCH_NORMAL,
    fix="pass the square root of the variance",
)
def _(torch, x, *, count, mu, sigma):
    torch.manual_seed(0)
    drawn = torch.normal(mu, sigma**2, (count,), dtype=x.dtype, device=x.device)
    return torch_statistics(drawn, mu, sigma)


@normal_draws.torch.naive(
    "torch.rand",
    "taken for torch.randn",
    because="torch.rand draws uniformly from [0, 1)",
    source="https://docs.pytorch.org/docs/stable/generated/torch.rand.html",
    fix="use torch.randn",
)
def _(torch, x, *, count, mu, sigma):
    torch.manual_seed(0)
    drawn = mu + sigma * torch.rand(count, dtype=x.dtype, device=x.device)
    return torch_statistics(drawn, mu, sigma)


@normal_draws.tensorflow.naive(
    "tf.random_normal",
    "TensorFlow 1 name",
    raises="AttributeError: has no attribute 'random_normal'",
    because="TensorFlow 2 keeps it as tf.compat.v1.random_normal only",
    source=TF_NORMAL,
    fix="write tf.random.normal",
)
def _(tf, x, *, count, mu, sigma, dtype):
    return tensorflow_statistics(tf, tf.random_normal([count], mu, sigma, dtype), mu, sigma)


@normal_draws.tensorflow.naive(
    "tf.random.normal",
    "std for stddev",
    raises="TypeError: unexpected keyword argument 'std'",
    because="PyTorch calls the argument std, TensorFlow stddev",
    source=TF_NORMAL,
    fix="write stddev=",
)
def _(tf, x, *, count, mu, sigma, dtype):
    return tensorflow_statistics(tf, tf.random.normal([count], mean=mu, std=sigma, dtype=dtype), mu, sigma)


@normal_draws.tensorflow.naive(
    "keras.initializers.RandomNormal",
    "standard deviation left at its default",
    when=dict(sigma=1.0),
    wrong=["output:deviation", "output:within"],
    size=(0.47, 1.9),
    because="its default is 0.05; that of torch.nn.init.normal_ and of TensorFlow 1's initializer is 1",
    source=KERAS_INITIALIZERS,
    fix="pass stddev=1.0",
)
def _(tf, x, *, count, mu, sigma, dtype):
    drawn = tf.keras.initializers.RandomNormal(mu, seed=1)([count], dtype)
    return tensorflow_statistics(tf, drawn, mu, sigma)


truncated_draws = sampled(
    "truncated_draws",
    "Normally distributed numbers that are drawn again if further from 0 than two standard deviations, divided by "
    "sigma: their mean, their standard deviation, and the fraction beyond the bounds.",
    parameters=dict(count=40_000),
    outputs=dict(mean=buffer(""), deviation=buffer(""), beyond=buffer("")),
    variants=grid(sigma=[1.0, 0.5]),
)

MASS = 0.9544997361036416
"""The probability of less than two standard deviations."""


@truncated_draws.reference
def _(np, x):
    density = np.exp(-2.0) / np.sqrt(2 * np.pi)
    return np.array(0.0), np.sqrt(1 - 4 * density / MASS), np.array(0.0)


def torch_truncation(drawn, sigma):
    z = drawn.double() / sigma
    return [statistic.to(drawn.dtype) for statistic in (z.mean(), z.std(), (abs(z) > 2).double().mean())]


def tensorflow_truncation(tf, drawn, sigma):
    z = tf.cast(drawn, tf.float64) / sigma
    beyond = tf.reduce_mean(tf.cast(abs(z) > 2, tf.float64))
    return [tf.cast(statistic, drawn.dtype) for statistic in (tf.reduce_mean(z), tf.math.reduce_std(z), beyond)]


@truncated_draws.torch.layer("torch.nn.init.trunc_normal_", weights={})
def _(torch, *, count, sigma):
    def call(x):
        drawn = torch.nn.init.trunc_normal_(x.new_empty(count), std=sigma, a=-2 * sigma, b=2 * sigma)
        return torch_truncation(drawn, sigma)

    return seeded(torch, call)


truncated_draws.limitation(
    "torch.nn.init.trunc_normal_",
    raises="Unsupported: Data-dependent branching",
    because="it draws again until every number fits, a loop that torch.compile does not capture",
    source=TORCH_TRUNCATED,
    modes=["graph", "compiled"],
)


@truncated_draws.tensorflow("tf.random.truncated_normal")
def _(tf, x, *, count, sigma, dtype):
    return tensorflow_truncation(tf, tf.random.truncated_normal([count], 0, sigma, dtype, seed=1), sigma)


unseeded(truncated_draws, "tf.random.truncated_normal")
truncated_draws.limitation(
    "tf.random.truncated_normal",
    raises="InvalidArgumentError: TruncatedNormal (No registered",
    because="XLA has no such operation in the formats of 16 bits on a CPU",
    source=MEASURED,
    dtypes=["float16", "bfloat16"],
    devices=["cpu"],
    modes=["compiled"],
)


@truncated_draws.tensorflow("keras.random.truncated_normal")
def _(tf, x, *, count, sigma, dtype):
    return tensorflow_truncation(tf, tf.keras.random.truncated_normal([count], 0, sigma, dtype, seed=1), sigma)


@truncated_draws.tensorflow("keras.initializers.TruncatedNormal")
def _(tf, x, *, count, sigma, dtype):
    drawn = tf.keras.initializers.TruncatedNormal(stddev=sigma, seed=1)([count], dtype)
    return tensorflow_truncation(tf, drawn, sigma)


@truncated_draws.torch.naive(
    "torch.nn.init.trunc_normal_",
    "bounds left at their default",
    when=dict(sigma=0.5),
    wrong=["output:beyond", "output:deviation"],
    because="a and b are numbers, -2 and 2, not standard deviations: with std=0.5 they are four of them away",
    source=TORCH_TRUNCATED,
    fix="pass a=-2 * std and b=2 * std, around the mean",
)
def _(torch, x, *, count, sigma):
    torch.manual_seed(0)
    return torch_truncation(torch.nn.init.trunc_normal_(x.new_empty(count), std=sigma), sigma)


@truncated_draws.torch.naive(
    "torch.Tensor.clamp",
    "clamped instead of drawn again",
    wrong="output:deviation",
    size=(0.047, 0.2),
    because="numbers beyond the bounds are drawn again, not moved onto the bounds",
    source="https://tensorflow.org/api_docs/python/tf/random/truncated_normal",
    fix="use torch.nn.init.trunc_normal_",
)
def _(torch, x, *, count, sigma):
    torch.manual_seed(0)
    drawn = sigma * torch.randn(count, dtype=x.dtype, device=x.device).clamp(-2, 2)
    return torch_truncation(drawn, sigma)


uniform_draws = sampled(
    "uniform_draws",
    "Uniformly distributed numbers as fractions of the way from low to high: their mean, their standard deviation, and "
    "how many of them are in the first quarter and on the way at all.",
    parameters=dict(count=40_000),
    outputs=dict(mean=buffer(""), deviation=buffer(""), quarter=buffer(""), inside=buffer("")),
    variants=grid(low=[0.0], high=[1.0]) + grid(low=[-0.5], high=[0.5]),
)


@uniform_draws.reference
def _(np, x):
    return np.array(0.5), np.sqrt(np.array(1) / 12), np.array(0.25), np.array(1.0)


def torch_evenness(drawn, low, high):
    u = (drawn.double() - low) / (high - low)
    found = u.mean(), u.std(), (u < 0.25).double().mean(), ((u >= 0) & (u < 1)).double().mean()
    return [statistic.to(drawn.dtype) for statistic in found]


def tensorflow_evenness(tf, drawn, low, high):
    u = (tf.cast(drawn, tf.float64) - low) / (high - low)
    quarter, inside = (tf.reduce_mean(tf.cast(fits, tf.float64)) for fits in (u < 0.25, (u >= 0) & (u < 1)))
    return [tf.cast(s, drawn.dtype) for s in (tf.reduce_mean(u), tf.math.reduce_std(u), quarter, inside)]


@uniform_draws.torch.layer("torch.rand", weights={})
def _(torch, *, count, low, high):
    def call(x):
        drawn = low + (high - low) * torch.rand(count, dtype=x.dtype, device=x.device)
        return torch_evenness(drawn, low, high)

    return seeded(torch, call)


@uniform_draws.torch.layer("torch.nn.init.uniform_", weights={})
def _(torch, *, count, low, high):
    def call(x):
        return torch_evenness(torch.nn.init.uniform_(x.new_empty(count), low, high), low, high)

    return seeded(torch, call)


@uniform_draws.tensorflow("tf.random.uniform")
def _(tf, x, *, count, low, high, dtype):
    return tensorflow_evenness(tf, tf.random.uniform([count], low, high, dtype, seed=1), low, high)


@uniform_draws.tensorflow("keras.random.uniform")
def _(tf, x, *, count, low, high, dtype):
    return tensorflow_evenness(tf, tf.keras.random.uniform([count], low, high, dtype, seed=1), low, high)


unseeded(uniform_draws, "tf.random.uniform")
without_welford(uniform_draws, "torch.nn.init.uniform_")


@uniform_draws.tensorflow.naive(
    "keras.initializers.RandomUniform",
    "bounds left at their default",
    because="its bounds are -0.05 and 0.05; those of torch.nn.init.uniform_ and tf.random.uniform 0 and 1",
    source="keras/src/initializers/random_initializers.py in Keras 3.15.1: RandomUniform",
    fix="pass minval and maxval",
)
def _(tf, x, *, count, low, high, dtype):
    drawn = tf.keras.initializers.RandomUniform(seed=1)([count], dtype)
    return tensorflow_evenness(tf, drawn, low, high)
