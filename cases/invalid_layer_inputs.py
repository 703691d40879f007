"""Inputs that a layer was not made for: other features, other channels, ids that are no whole numbers."""

from _invalid import CAPTURED, FAKE, MEASURED, WIDE, drawn, refused

from parity import Case, buffer, grid, integers, uniform

CONV2D = dict(x="N H W C", kernel="KH KW I O", y="N P Q O")

affine = Case(
    "linear_of_wrong_features",
    "A linear layer on vectors as long as its weights expect, or longer; then there is no result: NaN.",
    sizes=dict(N=3, I=4, K=4, O=5),
    inputs=dict(x=drawn("N I")),
    weights=dict(kernel=drawn("O K"), bias=drawn("O")),
    outputs=dict(y=buffer("N O")),
    variants=grid(I=[4, 6]),
    dtypes=WIDE,
)


@affine.reference
def _(np, x, kernel, bias, *, N, I, K, O):
    return np.dot(x, kernel.T) + bias if I == K else np.full((N, O), np.nan)


@affine.torch("torch.nn.functional.linear")
def _(torch, x, kernel, bias):
    return torch.nn.functional.linear(x, kernel, bias)


@affine.torch.layer("torch.nn.Linear", weights=dict(weight="kernel: O K", bias="bias: O"))
def _(torch, *, K, O):
    return torch.nn.Linear(K, O)


@affine.tensorflow("tf.matmul", kernel="K O")
def _(tf, x, kernel, bias):
    return tf.matmul(x, kernel) + bias


@affine.tensorflow.layer("keras.layers.Dense", weights=dict(kernel="kernel: K O", bias="bias: O"))
def _(tf, *, N, K, O):
    layer = tf.keras.layers.Dense(O)
    layer.build([N, K])
    return layer


refused(
    affine,
    dict(I=6),
    captured={
        "torch.nn.functional.linear": "TorchRuntimeError: must have same reduction dim, but got [3, 6] X [4, 5]",
        "torch.nn.Linear": "TorchRuntimeError: a and b must have same reduction dim, but got [3, 6] X [4, 5]",
        "tf.matmul": "ValueError: Dimensions must be equal, but are 6 and 4",
    },
    **{
        "torch.nn.functional.linear": "RuntimeError: shapes cannot be multiplied (3x6 and 4x5)",
        "torch.nn.Linear": "RuntimeError: shapes cannot be multiplied (3x6 and 4x5)",
        "tf.matmul": "InvalidArgumentError: Matrix size-incompatible: In[0]: [3,6], In[1]: [4,5]",
        "keras.layers.Dense": "ValueError: expected axis -1 of input shape to have value 4",
    },
)


biased = Case(
    "bias_of_wrong_length",
    "Vectors plus a bias: as long as they are, of length 1, which broadcasts, or of another length.",
    sizes=dict(N=4, C=6, D=6),
    inputs=dict(x=drawn("N C"), bias=drawn("D")),
    outputs=dict(y=buffer("N C")),
    variants=grid(D=[6, 1, 5]),
    dtypes=WIDE,
    exact=True,
)


@biased.reference
def _(np, x, bias, *, D):
    return x + bias if D in (6, 1) else x * np.nan


@biased.torch("torch.Tensor +")
def _(torch, x, bias):
    return x + bias


@biased.tensorflow("tf.Tensor +")
def _(tf, x, bias):
    return x + bias


@biased.tensorflow("tf.nn.bias_add")
def _(tf, x, bias):
    return tf.nn.bias_add(x, bias)


refused(
    biased,
    dict(D=5),
    captured={
        "torch.Tensor +": FAKE,
        "tf.Tensor +": "ValueError: Dimensions must be equal, but are 6 and 5",
        "tf.nn.bias_add": "ValueError: Dimensions must be equal, but are 6 and 5",
    },
    **{
        "torch.Tensor +": "RuntimeError: must match the size of tensor b (5) at non-singleton dimension 1",
        "tf.Tensor +": "InvalidArgumentError: Incompatible shapes: [4,6] vs. [5]",
        "tf.nn.bias_add": "InvalidArgumentError: Must provide as many biases as the last dimension of",
    },
)
refused(
    biased,
    dict(D=1),
    because="tf.nn.bias_add does not broadcast a bias of length 1; sums do, in both frameworks",
    captured={"tf.nn.bias_add": "ValueError: Dimensions must be equal, but are 6 and 1"},
    **{"tf.nn.bias_add": "InvalidArgumentError: Must provide as many biases as the last dimension of"},
)


convolved = Case(
    "convolution_of_wrong_channels",
    "A convolution of images with as many channels as its kernel, or with a number that its kernel does not divide.",
    sizes=dict(N=2, C=2, I=2, H=5, W=6, O=7, KH=3, KW=4, P=lambda H, KH: H - KH + 1, Q=lambda W, KW: W - KW + 1),
    inputs=dict(x=drawn("N C H W")),
    weights=dict(kernel=drawn("O I KH KW")),
    outputs=dict(y=buffer("N O P Q")),
    variants=grid(C=[2, 3]),
    dtypes=WIDE,
)


@convolved.reference
def _(np, x, kernel, *, N, C, I, O, KH, KW, P, Q):
    if C != I:
        return np.full((N, O, P, Q), np.nan)
    parts = [
        np.einsum("nchw,oc->nohw", x[:, :, i : i + P, j : j + Q], kernel[:, :, i, j])
        for i in range(KH)
        for j in range(KW)
    ]
    return sum(parts)


@convolved.torch("torch.nn.functional.conv2d")
def _(torch, x, kernel):
    return torch.nn.functional.conv2d(x, kernel)


@convolved.torch.layer("torch.nn.Conv2d", weights=dict(weight="kernel: O I KH KW"))
def _(torch, *, I, O, KH, KW):
    return torch.nn.Conv2d(I, O, (KH, KW), bias=False)


@convolved.tensorflow("tf.nn.conv2d", **CONV2D)
def _(tf, x, kernel):
    return tf.nn.conv2d(x, kernel, 1, "VALID")


@convolved.tensorflow.layer("keras.layers.Conv2D", weights=dict(kernel="kernel: KH KW I O"), x="N H W C", y="N P Q O")
def _(tf, *, N, H, W, I, O, KH, KW):
    layer = tf.keras.layers.Conv2D(O, (KH, KW), use_bias=False)
    layer.build([N, H, W, I])
    return layer


refused(
    convolved,
    dict(C=3),
    captured={"tf.nn.conv2d": "ValueError: Depth of input (3) is not a multiple of input depth of filter (2)"},
    **{
        "torch.nn.functional.conv2d": "RuntimeError or TorchRuntimeError: to have 2 channels, but got 3 channels",
        "torch.nn.Conv2d": "RuntimeError or TorchRuntimeError: to have 2 channels, but got 3 channels",
        "tf.nn.conv2d": "InvalidArgumentError: input depth must be evenly divisible by filter depth: 3 vs 2",
        "keras.layers.Conv2D": "ValueError: expected axis -1 of input shape to have value 2",
    },
)


normalized = Case(
    "batch_norm_of_wrong_channels",
    "Batch normalization by the statistics of as many channels, of one, which broadcast, or of another number.",
    sizes=dict(N=4, C=6, D=6),
    inputs=dict(x=drawn("N C"), mean=drawn("D"), variance=uniform("D", 0.5, 2, gradient=False)),
    outputs=dict(y=buffer("N C")),
    variants=grid(D=[6, 1, 5]),
    dtypes=WIDE,
)


@normalized.reference
def _(np, x, mean, variance, *, D):
    return (x - mean) / np.sqrt(variance + 0.125) if D in (6, 1) else x * np.nan


@normalized.torch("torch.nn.functional.batch_norm")
def _(torch, x, mean, variance):
    return torch.nn.functional.batch_norm(x, mean, variance, eps=0.125)


@normalized.torch("torch.nn.BatchNorm1d")
def _(torch, x, mean, variance, *, D):
    layer = torch.nn.BatchNorm1d(D, eps=0.125, affine=False).eval()
    return torch.func.functional_call(layer, dict(running_mean=mean, running_var=variance), x)


@normalized.torch("torch.rsqrt")
def _(torch, x, mean, variance):
    return (x - mean) * torch.rsqrt(variance + 0.125)


@normalized.tensorflow("tf.nn.batch_normalization")
def _(tf, x, mean, variance):
    return tf.nn.batch_normalization(x, mean, variance, None, None, 0.125)


@normalized.tensorflow("keras.layers.BatchNormalization")
def _(tf, x, mean, variance, *, N, D, dtype):
    layer = tf.keras.layers.BatchNormalization(epsilon=0.125, center=False, scale=False, dtype=dtype)
    layer.build([N, D])
    layer.moving_mean.assign(mean)
    layer.moving_variance.assign(variance)
    return layer(x)


for channels in (1, 5):
    refused(
        normalized,
        dict(D=channels),
        because="layers check the channels; tf.nn.batch_normalization is a sum of products, which broadcasts",
        **{
            "torch.nn.functional.batch_norm": f"RuntimeError or TorchRuntimeError: contain 6 elements not {channels}",
            "torch.nn.BatchNorm1d": f"RuntimeError or TorchRuntimeError: contain 6 elements not {channels}",
            "keras.layers.BatchNormalization": f"ValueError: expected axis -1 of input shape to have value {channels}",
        },
    )
refused(
    normalized,
    dict(D=5),
    captured={
        "torch.rsqrt": FAKE,
        "tf.nn.batch_normalization": "ValueError: Dimensions must be equal, but are 6 and 5",
    },
    **{
        "torch.rsqrt": "RuntimeError: must match the size of tensor b (5) at non-singleton dimension 1",
        "tf.nn.batch_normalization": "InvalidArgumentError: Incompatible shapes: [4,6] vs. [5]",
    },
)


normalized.limitation(
    "keras.layers.BatchNormalization",
    raises="ValueError: tf.function only supports singleton tf.Variables created on the first call",
    because="the layer is made, with its variables, within the function that is captured",
    source=MEASURED,
    when=dict(D=6),
    modes=CAPTURED,
)


looked_up = Case(
    "lookup_by_fractions",
    "Rows of a table by ids: whole numbers, or floating-point numbers, of which the whole part counts.",
    sizes=dict(N=7, V=4, D=5),
    parameters=dict(fraction=None),
    inputs=dict(ids=integers("N", 0, "V")),
    weights=dict(table=drawn("V D")),
    outputs=dict(y=buffer("N D")),
    variants=grid(fraction=[None, 0.0, 0.75]),
    dtypes=WIDE,
    exact=True,
)


@looked_up.reference
def _(np, ids, table):
    return table[ids]


def torch_ids(torch, ids, fraction):
    return ids if fraction is None else ids.to(torch.float32) + fraction


def tensorflow_ids(tf, ids, fraction):
    return ids if fraction is None else tf.cast(ids, tf.float32) + fraction


@looked_up.torch("torch.nn.functional.embedding")
def _(torch, ids, table, *, fraction):
    return torch.nn.functional.embedding(torch_ids(torch, ids, fraction), table)


@looked_up.torch("torch.Tensor[...]")
def _(torch, ids, table, *, fraction):
    return table[torch_ids(torch, ids, fraction)]


@looked_up.torch("torch.Tensor.long")
def _(torch, ids, table, *, fraction):
    return torch.nn.functional.embedding(torch_ids(torch, ids, fraction).long(), table)


@looked_up.tensorflow("tf.nn.embedding_lookup")
def _(tf, ids, table, *, fraction):
    return tf.nn.embedding_lookup(table, tensorflow_ids(tf, ids, fraction))


@looked_up.tensorflow.layer("keras.layers.Embedding", weights=dict(embeddings="table: V D"))
def _(tf, *, V, D, fraction):
    layer = tf.keras.layers.Embedding(V, D)
    layer.build()
    return layer, lambda ids: layer(tensorflow_ids(tf, ids, fraction))


for fraction in (0.0, 0.75):
    refused(
        looked_up,
        dict(fraction=fraction),
        because="ids must be integers, even if they are whole; only keras.layers.Embedding casts them, silently",
        source="keras/src/layers/core/embedding.py in Keras 3.15.1: Embedding.call",
        captured={"tf.nn.embedding_lookup": "TypeError: not in list of allowed values: int16, int32, int64"},
        **{
            "torch.nn.functional.embedding": "RuntimeError or TorchRuntimeError: one of the following scalar types",
            "torch.Tensor[...]": "IndexError or TorchRuntimeError: tensors used as indices must be long, int",
            "tf.nn.embedding_lookup": "InvalidArgumentError: is not in the list of allowed values: int16, int32, int64",
        },
    )


@looked_up.torch.naive(
    "torch.round",
    "ids of Keras rounded",
    when=dict(fraction=0.75),
    because="keras.layers.Embedding casts its ids, which drops the fraction: 1.75 is the id 1",
    source="keras/src/layers/core/embedding.py in Keras 3.15.1: Embedding.call",
    fix="cast with long(), which drops it too",
)
def _(torch, ids, table, *, V, fraction):
    rounded = torch_ids(torch, ids, fraction).round().long()
    return torch.nn.functional.embedding(rounded.clamp(max=V - 1), table)
