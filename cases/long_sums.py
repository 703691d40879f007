"""Sums of thousands of numbers in half precision: kernels that add up in that precision stop growing.

A running sum of ones in bfloat16 stays at 256, and one in float16 at 2048, because the next number is less than half
of the distance to the neighbour. Kernels that add up in float32 and round at the end give the right sum.
"""

from math import inf

from _losses import one_hot

from parity import Case, Tolerance, buffer, integers, normal, uniform

SUMS = Tolerance(
    2.0**-6,
    0.0,
    "kernels that add up in float32 are right to the last digit of the half format, however many terms there are",
    ["float16", "bfloat16"],
)
KERNELS = "the cases are about the frameworks' own kernels, and a compiler generates others"

sum_of_rows = Case(
    "sum_of_many_rows",
    "The sum of five thousand rows.",
    sizes=dict(N=5000, C=3),
    inputs=dict(x=uniform("N C", 0.5, 1.5)),
    outputs=dict(y="C"),
    dtypes=["float16", "bfloat16", "float32"],
    tolerance=SUMS,
    eager_only=KERNELS,
)


@sum_of_rows.reference
def _(np, x):
    return np.sum(x, 0)


@sum_of_rows.torch("torch.sum")
def _(torch, x):
    return torch.sum(x, dim=0)


@sum_of_rows.tensorflow("tf.reduce_sum")
def _(tf, x):
    return tf.reduce_sum(x, axis=0)


@sum_of_rows.tensorflow("tf.linalg.matvec")
def _(tf, x):
    return tf.linalg.matvec(x, tf.ones([x.shape[0]], x.dtype), transpose_a=True)


sum_of_rows.deviation(
    "tf.reduce_sum",
    quantities=["output:y"],
    within=1,
    because="over the first axis float16 numbers are added up in float16, where a sum of ones stays at 2048",
    source="measured with TensorFlow 2.21.0",
    dtypes=["float16"],
    devices=["cpu"],
)

running_sum = Case(
    "running_sum_of_many",
    "The running sums of five thousand numbers.",
    sizes=dict(N=5000),
    inputs=dict(x=uniform("N", 0.5, 1.5, gradient=False)),
    outputs=dict(y=buffer("N")),
    dtypes=["float16", "bfloat16", "float32"],
    tolerance=SUMS,
    eager_only=KERNELS,
)


@running_sum.reference
def _(np, x):
    return np.cumsum(x)


@running_sum.torch("torch.cumsum")
def _(torch, x):
    return torch.cumsum(x, 0)


@running_sum.tensorflow("tf.cumsum")
def _(tf, x):
    return tf.cumsum(x)


@running_sum.tensorflow("tf.cast + tf.cumsum")
def _(tf, x):
    return tf.cast(tf.cumsum(tf.cast(x, tf.float32)), x.dtype)


running_sum.deviation(
    "tf.cumsum",
    quantities=["output:y"],
    within=1,
    because="the running sum is kept in the tensor's own format, where one of ones stays at 2048 or 256",
    source="https://github.com/tensorflow/tensorflow/issues/115731",
    dtypes=["float16", "bfloat16"],
    devices=["cpu"],
)

mean_of_many = Case(
    "mean_of_many",
    "The mean of more numbers than float16 can count.",
    sizes=dict(N=70_000),
    inputs=dict(x=uniform("N", 0.5, 1.5, gradient=False)),
    outputs=dict(y=buffer("")),
    dtypes=["float16", "bfloat16", "float32"],
    tolerance=SUMS,
    eager_only=KERNELS,
)


@mean_of_many.reference
def _(np, x):
    return np.mean(x)


@mean_of_many.torch("torch.mean")
def _(torch, x):
    return torch.mean(x)


@mean_of_many.tensorflow("keras.ops.mean")
def _(tf, x):
    return tf.keras.ops.mean(x)


@mean_of_many.tensorflow("tf.reduce_mean")
def _(tf, x):
    return tf.reduce_mean(x)


mean_of_many.deviation(
    "tf.reduce_mean",
    quantities=["output:y"],
    within=inf,
    because="the number of numbers is a float16 too, and infinite from 65520 on; so is their sum: the mean is NaN",
    source="https://github.com/tensorflow/tensorflow/issues/115732",
    dtypes=["float16"],
    devices=["cpu"],
)

bias_of_rows = Case(
    "bias_of_many_rows",
    "A linear layer on five thousand rows, and their sum: the gradient of the bias adds up as many numbers.",
    sizes=dict(N=5000, I=2, O=3),
    inputs=dict(x=uniform("N I", 0.5, 1.5, gradient=False)),
    weights=dict(kernel=uniform("O I", 0.5, 1.5), bias=uniform("O", 0.5, 1.5)),
    outputs=dict(y="O"),
    dtypes=["bfloat16"],
    tolerance=SUMS,
    eager_only=KERNELS,
)


@bias_of_rows.reference
def _(np, x, kernel, bias):
    return np.sum(np.einsum("ni,oi->no", x, kernel) + bias, 0)


@bias_of_rows.torch("torch.nn.functional.linear")
def _(torch, x, kernel, bias):
    return torch.nn.functional.linear(x, kernel, bias).sum(dim=0)


@bias_of_rows.tensorflow("tf.add", kernel="I O")
def _(tf, x, kernel, bias):
    return tf.reduce_sum(tf.add(tf.matmul(x, kernel), bias), axis=0)


@bias_of_rows.tensorflow("tf.nn.bias_add", kernel="I O")
def _(tf, x, kernel, bias):
    return tf.reduce_sum(tf.nn.bias_add(tf.matmul(x, kernel), bias), axis=0)


@bias_of_rows.tensorflow.layer("keras.layers.Dense", weights=dict(kernel="kernel: I O", bias="bias: O"))
def _(tf, *, O):
    layer = tf.keras.layers.Dense(O)
    return layer, lambda x: tf.reduce_sum(layer(x), axis=0)


for api in ("tf.nn.bias_add", "keras.layers.Dense"):
    bias_of_rows.deviation(
        api,
        quantities=["grad:bias"],
        within=1,
        because="the gradient of bias_add is added up in bfloat16, where a sum of ones stays at 256",
        source="measured with TensorFlow 2.21.0, Keras 3.15.1",
        devices=["cpu"],
    )

embedding_of_many = Case(
    "embedding_of_many",
    "Rows of a table looked up thousands of times, and their sum: the gradient of a row adds up as many numbers.",
    sizes=dict(N=6000, V=3, D=4),
    inputs=dict(ids=integers("N", 0, "V")),
    weights=dict(table=uniform("V D", 0.5, 1.5)),
    outputs=dict(y="D"),
    dtypes=["bfloat16"],
    tolerance=SUMS,
    eager_only=KERNELS,
)


@embedding_of_many.reference
def _(np, ids, table, *, V):
    return np.sum(one_hot(np, ids, V), 0) @ table


@embedding_of_many.torch("torch.nn.functional.embedding")
def _(torch, ids, table):
    return torch.nn.functional.embedding(ids, table).sum(dim=0)


@embedding_of_many.torch("torch.Tensor[...]")
def _(torch, ids, table):
    return table[ids].sum(dim=0)


@embedding_of_many.torch("torch.index_select")
def _(torch, ids, table):
    return torch.index_select(table, 0, ids).sum(dim=0)


@embedding_of_many.tensorflow("tf.nn.embedding_lookup")
def _(tf, ids, table):
    return tf.reduce_sum(tf.nn.embedding_lookup(table, ids), axis=0)


@embedding_of_many.tensorflow.layer("keras.layers.Embedding", weights=dict(embeddings="table: V D"))
def _(tf, *, V, D):
    layer = tf.keras.layers.Embedding(V, D)
    layer.build()
    return layer, lambda ids: tf.reduce_sum(layer(ids), axis=0)


@embedding_of_many.tensorflow("tf.one_hot")
def _(tf, ids, table, *, V):
    return tf.reduce_sum(tf.one_hot(ids, V, dtype=table.dtype) @ table, axis=0)


for api, source in (
    ("torch.nn.functional.embedding", "measured with torch 2.13.0"),
    ("torch.Tensor[...]", "measured with torch 2.13.0"),
    ("tf.nn.embedding_lookup", "measured with TensorFlow 2.21.0, Keras 3.15.1"),
    ("keras.layers.Embedding", "measured with TensorFlow 2.21.0, Keras 3.15.1"),
):
    embedding_of_many.deviation(
        api,
        quantities=["grad:table"],
        within=1,
        because="the gradients of equal ids are added up in bfloat16, where a sum of ones stays at 256",
        source=source,
        devices=["cpu"],
    )

layer_norm_of_rows = Case(
    "layer_norm_of_many_rows",
    "Layer normalization of five thousand rows, and their sum: the gradient of the shift adds up as many numbers.",
    sizes=dict(N=5000, C=4),
    inputs=dict(x=normal("N C", gradient=False)),
    weights=dict(shift=normal("C", mean=1, std=0.1)),
    outputs=dict(y="C"),
    dtypes=["float16", "bfloat16"],
    tolerance=SUMS,
    eager_only=KERNELS,
)


@layer_norm_of_rows.reference
def _(np, x, shift):
    centred = x - np.mean(x, 1, keepdims=True)
    return np.sum(centred / np.sqrt(np.mean(centred**2, 1, keepdims=True) + 1e-5) + shift, 0)


@layer_norm_of_rows.torch("torch.nn.functional.layer_norm")
def _(torch, x, shift):
    return torch.nn.functional.layer_norm(x, shift.shape, bias=shift).sum(dim=0)


@layer_norm_of_rows.torch("torch.nn.functional.layer_norm + shift")
def _(torch, x, shift):
    return (torch.nn.functional.layer_norm(x, shift.shape) + shift).sum(dim=0)


@layer_norm_of_rows.tensorflow.layer("keras.layers.LayerNormalization", weights=dict(beta="shift: C"))
def _(tf):
    layer = tf.keras.layers.LayerNormalization(epsilon=1e-5, scale=False)
    return layer, lambda x: tf.linalg.matvec(layer(x), tf.ones([x.shape[0]], x.dtype), transpose_a=True)


layer_norm_of_rows.deviation(
    "torch.nn.functional.layer_norm",
    quantities=["grad:shift"],
    within=1,
    because="each thread adds up the gradient of the shift in the format of the input, where a sum of ones stays at "
    "2048 or 256; so it does that of the scale",
    source="measured with torch 2.13.0",
    devices=["cpu"],
)

average_of_window = Case(
    "average_of_large_window",
    "The average over a whole image of 64 by 64 points.",
    sizes=dict(N=1, C=2, H=64, W=lambda H: H),
    inputs=dict(x=uniform("N C H W", 0, 1, gradient=False)),
    outputs=dict(y=buffer("N C")),
    dtypes=["float16", "bfloat16", "float32"],
    tolerance=SUMS,
    eager_only=KERNELS,
)


@average_of_window.reference
def _(np, x):
    return np.mean(x, (2, 3))


@average_of_window.torch("torch.nn.functional.avg_pool2d")
def _(torch, x, *, H, W):
    return torch.nn.functional.avg_pool2d(x, (H, W)).flatten(1)


@average_of_window.tensorflow("tf.nn.avg_pool2d", x="N H W C")
def _(tf, x, *, H, W):
    return tf.nn.avg_pool2d(x, (H, W), 1, "VALID")[:, 0, 0]


@average_of_window.tensorflow.layer("keras.layers.AveragePooling2D", weights={}, x="N H W C")
def _(tf, *, H, W):
    layer = tf.keras.layers.AveragePooling2D((H, W))
    return layer, lambda x: layer(x)[:, 0, 0]


@average_of_window.tensorflow.layer("keras.layers.GlobalAveragePooling2D", weights={}, x="N H W C")
def _(tf):
    return tf.keras.layers.GlobalAveragePooling2D()


for api in ("tf.nn.avg_pool2d", "keras.layers.AveragePooling2D"):
    average_of_window.deviation(
        api,
        quantities=["output:y"],
        within=2,
        because="the numbers of a window are added up, and counted, in float16: both stop growing at 2048",
        source="measured with TensorFlow 2.21.0, Keras 3.15.1",
        dtypes=["float16"],
        devices=["cpu"],
    )
    average_of_window.deviation(
        api,
        quantities=["output:y"],
        within=2,
        because="so are they in bfloat16, where both stop at 256, but for oneDNN's kernels on a processor with AVX-512",
        source="measured with TensorFlow 2.21.0, Keras 3.15.1",
        dtypes=["bfloat16"],
        devices=["cpu"],
        kernels=["eigen"],
    )
