"""NaN and infinity in the input."""

import math

from parity import Case, buffer, grid, normal


def on_special_values(name, summary, formula, *, torch, tensorflow, **arguments):
    """A case that applies each implementation to rows whose last element is NaN or infinite."""
    case = Case(
        name,
        summary,
        sizes=dict(N=3, C=4, D=5),
        inputs=dict(x=normal("N C", gradient=False)),
        variants=grid(last=["nan", "inf", "-inf"]),
        **{"outputs": dict(y=buffer("N D")), **arguments},
    )

    @case.reference
    def _(np, x, *, N, last):
        return formula(np, np.concatenate([x, np.full((N, 1), float(last))], 1))

    def declare_torch(api, function):
        @case.torch(api)
        def _(torch, x, *, last):
            return function(torch, torch.nn.functional.pad(x, (0, 1), value=float(last)))

    def declare_tensorflow(api, function):
        @case.tensorflow(api)
        def _(tf, x, *, last):
            return function(tf, with_last(tf, x, last))

    for api, function in torch.items():
        declare_torch(api, function)
    for api, function in tensorflow.items():
        declare_tensorflow(api, function)
    return case


def with_last(tf, x, last):
    return tf.pad(x, [[0, 0], [0, 1]], constant_values=tf.constant(float(last), x.dtype))


def exponentials_over_their_sum(tf, x):
    powers = tf.exp(x - tf.reduce_max(x, 1, keepdims=True))
    return powers / tf.reduce_sum(powers, 1, keepdims=True)


PER_ROW = dict(y=buffer("N"))

special_relu = on_special_values(
    "special_relu",
    "ReLU passes NaN and infinity on, and takes minus infinity to zero.",
    lambda np, x: np.where(x < 0, 0, x),
    torch={
        "torch.nn.functional.relu": lambda torch, x: torch.nn.functional.relu(x),
        "torch.clamp": lambda torch, x: torch.clamp(x, min=0),
    },
    tensorflow={
        "tf.nn.relu": lambda tf, x: tf.nn.relu(x),
        "tf.maximum": lambda tf, x: tf.maximum(x, tf.zeros([], x.dtype)),
        "keras.activations.relu": lambda tf, x: tf.keras.activations.relu(x),
    },
    exact=True,
)

special_clip = on_special_values(
    "special_clip",
    "Clipping keeps NaN and takes infinities to the bounds.",
    lambda np, x: np.clip(x, -1, 1),
    torch={
        "torch.clamp": lambda torch, x: torch.clamp(x, -1, 1),
        "torch.nn.functional.hardtanh": lambda torch, x: torch.nn.functional.hardtanh(x),
    },
    tensorflow={
        "tf.clip_by_value": lambda tf, x: tf.clip_by_value(x, -1, 1),
        "keras.ops.clip": lambda tf, x: tf.keras.ops.clip(x, -1, 1),
    },
    exact=True,
)

special_sigmoid = on_special_values(
    "special_sigmoid",
    "The sigmoid of infinity is 1, of minus infinity 0.",
    lambda np, x: 1 / (1 + np.exp(-x)),
    torch={"torch.sigmoid": lambda torch, x: torch.sigmoid(x)},
    tensorflow={"tf.sigmoid": lambda tf, x: tf.sigmoid(x)},
)

special_sigmoid.deviation(
    "tf.sigmoid",
    quantities=["output:y"],
    within=math.inf,
    because="compiled by XLA for a CPU, the sigmoid of a constant NaN in bfloat16 is some number",
    source="measured with TensorFlow 2.21.0, Keras 3.15.1",
    when=dict(last="nan"),
    dtypes=["bfloat16"],
    devices=["cpu"],
    modes=["compiled"],
)

special_tanh = on_special_values(
    "special_tanh",
    "The hyperbolic tangent of the infinities is 1 and -1.",
    lambda np, x: np.tanh(x),
    torch={"torch.tanh": lambda torch, x: torch.tanh(x)},
    tensorflow={"tf.tanh": lambda tf, x: tf.tanh(x)},
)

special_logsigmoid = on_special_values(
    "special_logsigmoid",
    "The logarithm of the sigmoid of infinity is 0, of minus infinity minus infinity.",
    lambda np, x: -np.logaddexp(-x, 0),
    torch={"torch.nn.functional.logsigmoid": lambda torch, x: torch.nn.functional.logsigmoid(x)},
    tensorflow={"tf.math.log_sigmoid": lambda tf, x: tf.math.log_sigmoid(x)},
    unsigned_zeros="the limit is zero: PyTorch gives 0.0 and TensorFlow -0.0",
)

special_sign = on_special_values(
    "special_sign",
    "The sign of infinity is 1, of minus infinity -1, and of NaN NaN.",
    lambda np, x: np.sign(x),
    torch={"torch.sign": lambda torch, x: torch.sign(x), "torch.sgn": lambda torch, x: torch.sgn(x)},
    tensorflow={"tf.sign": lambda tf, x: tf.sign(x)},
    exact=True,
)

for api in ("torch.sign", "torch.sgn"):
    special_sign.deviation(
        api,
        quantities=["output:y"],
        within=math.inf,
        because="the sign of NaN is 0",
        source="https://github.com/pytorch/pytorch/issues/41245",
        when=dict(last="nan"),
    )

special_softmax = on_special_values(
    "special_softmax",
    "Softmax of a row with NaN or infinity is NaN; minus infinity takes part with weight 0.",
    lambda np, x: (
        np.exp(x - np.max(x, 1, keepdims=True)) / np.sum(np.exp(x - np.max(x, 1, keepdims=True)), 1, keepdims=True)
    ),
    torch={"torch.softmax": lambda torch, x: torch.softmax(x, 1)},
    tensorflow={"tf.exp": exponentials_over_their_sum},
    dtypes=["float32", "float64", "float16", "bfloat16"],
)

special_sum = on_special_values(
    "special_sum",
    "A sum with NaN is NaN, and one with an infinity is infinite.",
    lambda np, x: np.sum(x, 1),
    torch={"torch.sum": lambda torch, x: torch.sum(x, 1)},
    tensorflow={"tf.reduce_sum": lambda tf, x: tf.reduce_sum(x, 1)},
    outputs=PER_ROW,
)

special_mean = on_special_values(
    "special_mean",
    "A mean with NaN is NaN, and one with an infinity is infinite.",
    lambda np, x: np.mean(x, 1),
    torch={"torch.mean": lambda torch, x: torch.mean(x, 1)},
    tensorflow={"tf.reduce_mean": lambda tf, x: tf.reduce_mean(x, 1)},
    outputs=PER_ROW,
)

special_max = on_special_values(
    "special_max",
    "The maximum of a row with NaN is NaN.",
    lambda np, x: np.max(x, 1),
    torch={
        "torch.amax": lambda torch, x: torch.amax(x, 1),
        "torch.max": lambda torch, x: torch.max(x, 1)[0],
    },
    tensorflow={
        "tf.reduce_max": lambda tf, x: tf.reduce_max(x, 1),
        "keras.ops.max": lambda tf, x: tf.keras.ops.max(x, 1),
    },
    outputs=PER_ROW,
    exact=True,
)

special_max_pool = on_special_values(
    "special_max_pool",
    "Max-pooling passes NaN on from every window that it is in.",
    lambda np, x: np.maximum(x[:, :-1], x[:, 1:]),
    torch={
        "torch.nn.functional.max_pool1d": lambda torch, x: torch.nn.functional.max_pool1d(x[:, None], 2, 1)[:, 0],
    },
    tensorflow={"tf.reduce_max": lambda tf, x: tf.reduce_max(tf.stack([x[:, :-1], x[:, 1:]]), 0)},
    outputs=dict(y=buffer("N C")),
    exact=True,
)

for case, api in (
    (special_max, "tf.reduce_max"),
    (special_max, "keras.ops.max"),
    (special_max_pool, "tf.reduce_max"),
):
    case.deviation(
        api,
        quantities=["output:y"],
        within=math.inf,
        because="compiled by XLA for a CPU, a maximum passes NaN over",
        source="measured with TensorFlow 2.21.0, Keras 3.15.1",
        when=dict(last="nan"),
        devices=["cpu"],
        modes=["compiled"],
    )

special_logsumexp = on_special_values(
    "special_logsumexp",
    "The logarithm of the sum of exponentials is infinite if an element is, and leaves minus infinity out.",
    lambda np, x: np.log(np.sum(np.exp(x), 1)),
    torch={"torch.logsumexp": lambda torch, x: torch.logsumexp(x, 1)},
    tensorflow={"tf.reduce_logsumexp": lambda tf, x: tf.reduce_logsumexp(x, 1)},
    outputs=PER_ROW,
)

special_clip_by_norm = on_special_values(
    "special_clip_by_norm",
    "Gradients with an infinite norm, clipped as PyTorch does: finite elements become zero, infinite ones NaN.",
    lambda np, x: x * (1 / np.maximum(np.sqrt(np.sum(x * x)), 1)),
    torch={
        "torch.linalg.vector_norm": lambda torch, x: x * (1 / torch.linalg.vector_norm(x).clamp(min=1)),
    },
    tensorflow={"tf.norm": lambda tf, x: x * (1 / tf.maximum(tf.norm(x), 1))},
)


for last in ("nan", "inf"):

    @special_softmax.tensorflow.naive(
        "tf.nn.softmax",
        f"{last} in the row",
        when=dict(last=last),
        kind="nonfinite",
        because="oneDNN's softmax, for float32 and bfloat16, gives zeros where the sum of the exponentials is NaN",
        source="measured with tensorflow 2.21.0; with TF_ENABLE_ONEDNN_OPTS=0, and in other formats, the row is NaN",
        kernels=["onednn"],
        fix="divide exponentials by their sum, or check that the logits are finite",
    )
    def _(tf, x, *, last):
        return tf.nn.softmax(with_last(tf, x, last))


@special_max_pool.tensorflow.naive(
    "tf.nn.max_pool1d",
    "NaN in the window",
    when=dict(last="nan"),
    kind="nonfinite",
    because="max-pooling passes NaN over on a CPU, as a comparison with it is false; PyTorch and tf.reduce_max keep it",
    source="measured with tensorflow 2.21.0",
    fix="take tf.reduce_max over the windows, or check the input with tf.debugging.check_numerics",
)
def _(tf, x, *, last):
    return tf.nn.max_pool1d(with_last(tf, x, last)[..., None], 2, 1, "VALID")[..., 0]


for last in ("inf", "-inf"):

    @special_clip_by_norm.tensorflow.naive(
        "tf.clip_by_global_norm",
        f"an element of {last}",
        when=dict(last=last),
        kind="nonfinite",
        because="with an infinite norm every clipped gradient is NaN; in PyTorch the finite ones become zero",
        source="https://www.tensorflow.org/api_docs/python/tf/clip_by_global_norm",
        fix="check that the norm is finite before applying the gradients",
    )
    def _(tf, x, *, last):
        (clipped,), _ = tf.clip_by_global_norm([with_last(tf, x, last)], 1.0)
        return clipped


KERNELS = "the cases are about the frameworks' own kernels, and a compiler generates others"

max_pool_of_minus_infinity = Case(
    "max_pool_of_minus_infinity",
    "The maxima of windows in which every number is minus infinity.",
    sizes=dict(N=3, C=4, D=lambda C: C - 1),
    inputs=dict(x=normal("N C", gradient=False)),
    outputs=dict(y=buffer("N D")),
    exact=True,
    eager_only=KERNELS,
)


@max_pool_of_minus_infinity.reference
def _(np, x):
    return x[:, 1:] - np.inf


@max_pool_of_minus_infinity.torch("torch.nn.functional.max_pool1d")
def _(torch, x):
    return torch.nn.functional.max_pool1d((x - torch.inf)[:, None], 2, 1)[:, 0]


@max_pool_of_minus_infinity.tensorflow("tf.reduce_max")
def _(tf, x):
    x = x - float("inf")
    return tf.reduce_max(tf.stack([x[:, :-1], x[:, 1:]]), 0)


@max_pool_of_minus_infinity.tensorflow("tf.nn.max_pool1d")
def _(tf, x):
    return tf.nn.max_pool1d((x - float("inf"))[..., None], 2, 1, "VALID")[..., 0]


max_pool_of_minus_infinity.deviation(
    "tf.nn.max_pool1d",
    quantities=["output:y"],
    within=math.inf,
    because="the maximum is sought from the lowest finite number on, which is then the result: -3.4e38 in float32",
    source="measured with TensorFlow 2.21.0",
    dtypes=["float64", "float32", "float16"],
    devices=["cpu"],
)
max_pool_of_minus_infinity.deviation(
    "tf.nn.max_pool1d",
    quantities=["output:y"],
    within=math.inf,
    because="so is it in Eigen's bfloat16 kernel; oneDNN's, which takes a processor with AVX-512, is right",
    source="measured with TensorFlow 2.21.0",
    dtypes=["bfloat16"],
    devices=["cpu"],
    kernels=["eigen"],
)


gelu_of_infinity = Case(
    "gelu_of_infinity",
    "GELU of infinity, which is infinity.",
    sizes=dict(N=3, C=8),
    inputs=dict(x=normal("N C", gradient=False)),
    outputs=dict(y=buffer("N C")),
    dtypes=["float32", "bfloat16"],
    eager_only=KERNELS,
)


@gelu_of_infinity.reference
def _(np, x):
    return x + np.inf


@gelu_of_infinity.torch("torch.special.ndtr")
def _(torch, x):
    x = x + torch.inf
    return x * torch.special.ndtr(x)


@gelu_of_infinity.tensorflow("tf.nn.gelu")
def _(tf, x):
    return tf.nn.gelu(x + float("inf"))


@gelu_of_infinity.torch("torch.nn.functional.gelu")
def _(torch, x):
    return torch.nn.functional.gelu(x + torch.inf)


gelu_of_infinity.deviation(
    "torch.nn.functional.gelu",
    quantities=["output:y"],
    within=math.inf,
    because="oneDNN's exact GELU, for float32 and bfloat16, gives NaN for infinity",
    source="https://github.com/pytorch/pytorch/issues/185770",
    devices=["cpu"],
    kernels=["avx512"],
)
