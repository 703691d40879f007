"""Random numbers with a mean and a standard deviation for each number, by the statistics of 40,000 draws."""

from _draws import unseeded

from parity import Case, Tolerance, buffer, grid, normal, uniform

TORCH_DOCS = "https://docs.pytorch.org/docs/stable/generated"
TF_NORMAL = "https://www.tensorflow.org/api_docs/python/tf/random/normal.md.txt"

draws_of_tensors = Case(
    "draws_of_tensors",
    "Numbers from a normal distribution of their own, less its mean and divided by its deviation: of 40,000 draws of "
    "each element the mean, the standard deviation, and the mean product with the channel next to it.",
    sizes=dict(C=5, H=3, W=4, draws=40_000),
    inputs=dict(
        mean=normal("C H W", std=2, gradient=False),
        std=uniform("C H W", 0.1, 3, gradient=False),
    ),
    outputs=dict(centre=buffer("C H W"), deviation=buffer("C H W"), together=buffer("C H W")),
    variants=grid(given=["elements", "expanded"]),
    tolerance=Tolerance(0, 0.04, because="8 standard deviations of the mean of 40,000 draws in these units"),
    dtypes=(
        "float64",
        "float32",
    ),  # 16 bits round what is drawn to multiples of a unit that is not small beside the deviation
    draws=True,
)


@draws_of_tensors.reference
def _(np, mean, std):
    return 0 * mean, 0 * mean + 1, 0 * mean


def torch_moments(torch, drawn, mean, std):
    z = ((drawn - mean) / std).double()
    found = z.mean(0), z.std(0), (z * z.roll(1, 1)).mean(0)
    return [moment.to(mean.dtype) for moment in found]


def tensorflow_moments(tf, drawn, mean, std):
    z = tf.cast((drawn - mean) / std, tf.float64)
    found = tf.reduce_mean(z, 0), tf.math.reduce_std(z, 0), tf.reduce_mean(z * tf.roll(z, 1, 1), 0)
    return [tf.cast(moment, mean.dtype) for moment in found]


@draws_of_tensors.torch.layer("torch.normal", weights={})
def _(torch, *, given, draws):
    torch.manual_seed(0)

    def call(mean, std):
        if given == "expanded":  # as the document has it: zeros, and one deviation for all
            mean, std = torch.zeros([5, 3, 4]).to(mean), torch.Tensor([0.1]).to(std).expand([5, 3, 4])
        drawn = torch.normal(mean=mean.expand([draws, 5, 3, 4]), std=std.expand([draws, 5, 3, 4]))
        return torch_moments(torch, drawn, mean, std)

    return torch.nn.Module(), call


def tensorflow_tensors(tf, mean, std, given):
    if given == "expanded":
        return tf.zeros([5, 3, 4], mean.dtype), tf.broadcast_to(tf.constant([0.1], std.dtype), [5, 3, 4])
    return mean, std


@draws_of_tensors.tensorflow("tf.random.normal")
def _(tf, mean, std, *, given, draws, dtype):
    mean, std = tensorflow_tensors(tf, mean, std, given)
    drawn = tf.random.normal([draws, 5, 3, 4], mean=mean, stddev=std, dtype=dtype, seed=1)
    return tensorflow_moments(tf, drawn, mean, std)


@draws_of_tensors.tensorflow("tf.random.stateless_normal")
def _(tf, mean, std, *, given, draws, dtype):
    mean, std = tensorflow_tensors(tf, mean, std, given)
    drawn = tf.random.stateless_normal([draws, 5, 3, 4], seed=[1, 2], mean=mean, stddev=std, dtype=dtype)
    return tensorflow_moments(tf, drawn, mean, std)


unseeded(draws_of_tensors, "tf.random.normal")


@draws_of_tensors.torch.naive(
    "torch.normal",
    "shape given beside tensors",
    raises="TypeError: normal() received an invalid combination of arguments",
    because="size goes with numbers only; tensors decide the shape themselves",
    source=f"{TORCH_DOCS}/torch.normal.html",
    fix="expand the tensors to the shape",
)
def _(torch, mean, std, *, draws):
    drawn = torch.normal(mean=mean, std=std, size=(draws, 5, 3, 4))
    return torch_moments(torch, drawn, mean, std)


@draws_of_tensors.torch.naive(
    "torch.normal",
    "expanded after the draw",
    when=dict(given="elements"),
    because="expand repeats what was drawn once: the draws are all equal",
    source=f"{TORCH_DOCS}/torch.Tensor.expand.html",
    fix="expand mean and std before the draw",
)
def _(torch, mean, std, *, draws):
    torch.manual_seed(0)
    return torch_moments(torch, torch.normal(mean=mean, std=std).expand([draws, 5, 3, 4]), mean, std)


@draws_of_tensors.tensorflow.naive(
    "tf.random.normal",
    "mean left to give the shape",
    when=dict(given="elements"),
    wrong="output:together",
    because="TensorFlow draws numbers of the shape given, and broadcasts them: elements get the same noise",
    source=TF_NORMAL,
    fix="give the shape of the result",
)
def _(tf, mean, std, *, draws, dtype):
    drawn = tf.random.normal([draws, 1, 1, 1], mean=mean, stddev=std, dtype=dtype, seed=1)
    return tensorflow_moments(tf, drawn, mean, std)
