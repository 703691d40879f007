"""Sums of 2,000 to 13,000 terms, as layers of realistic sizes have them: lost digits must show there, too."""

from _recurrent import lstm_step

from parity import Case, grid, integers, normal, zeros

DTYPES = ["float64", "float32"]

wide_linear = Case(
    "linear_of_many",
    "A fully connected layer with 2,304 and 12,544 inputs.",
    sizes=dict(N=3, O=4, I=2304),
    inputs=dict(x=normal("N I")),
    weights=dict(kernel=normal("O I", std=0.02)),
    outputs=dict(y="N O"),
    variants=grid(I=[2304, 12544]),
    dtypes=DTYPES,
)


@wide_linear.reference
def _(np, x, kernel):
    return np.einsum("ni,oi->no", x, kernel)


@wide_linear.torch("torch.nn.functional.linear")
def _(torch, x, kernel):
    return torch.nn.functional.linear(x, kernel)


@wide_linear.torch("torch.einsum")
def _(torch, x, kernel):
    return torch.einsum("ni,oi->no", x, kernel)


@wide_linear.tensorflow("tf.matmul")
def _(tf, x, kernel):
    return tf.matmul(x, kernel, transpose_b=True)


@wide_linear.tensorflow.layer("keras.layers.Dense", weights=dict(kernel="kernel: I O"))
def _(tf, *, O):
    return tf.keras.layers.Dense(O, use_bias=False)


long_batch = Case(
    "linear_of_many_rows",
    "A fully connected layer on 8,192 rows: the gradient of the kernel adds up as many terms.",
    sizes=dict(N=8192, O=3, I=4),
    inputs=dict(x=normal("N I")),
    weights=dict(kernel=normal("O I"), bias=normal("O")),
    outputs=dict(y="N O"),
    dtypes=DTYPES,
)


@long_batch.reference
def _(np, x, kernel, bias):
    return np.einsum("ni,oi->no", x, kernel) + bias


@long_batch.torch("torch.nn.functional.linear")
def _(torch, x, kernel, bias):
    return torch.nn.functional.linear(x, kernel, bias)


@long_batch.tensorflow("tf.nn.bias_add")
def _(tf, x, kernel, bias):
    return tf.nn.bias_add(tf.matmul(x, kernel, transpose_b=True), bias)


deep_convolution = Case(
    "conv2d_of_many",
    "A convolution of 512 channels with a kernel of 3 by 3: 4,608 terms.",
    sizes=dict(N=2, I=512, O=4, H=5, W=6, KH=3, KW=lambda KH: KH),
    inputs=dict(x=normal("N I H W")),
    weights=dict(kernel=normal("O I KH KW", std=0.02)),
    outputs=dict(y="N O P Q"),
    dtypes=DTYPES,
)


@deep_convolution.reference
def _(np, x, kernel, *, H, W, KH, KW):
    rows = np.arange(H - KH + 1)[:, None] + np.arange(KH)
    columns = np.arange(W - KW + 1)[:, None] + np.arange(KW)
    patches = x[:, :, rows[:, :, None, None], columns]
    return np.einsum("nipkql,oikl->nopq", patches, kernel)


@deep_convolution.torch("torch.nn.functional.conv2d")
def _(torch, x, kernel):
    return torch.nn.functional.conv2d(x, kernel)


@deep_convolution.tensorflow("tf.nn.conv2d", x="N H W I", kernel="KH KW I O", y="N P Q O")
def _(tf, x, kernel):
    return tf.nn.conv2d(x, kernel, 1, "VALID")


@deep_convolution.tensorflow.layer(
    "keras.layers.Conv2D", weights=dict(kernel="kernel: KH KW I O"), x="N H W I", y="N P Q O"
)
def _(tf, *, O, KH, KW):
    return tf.keras.layers.Conv2D(O, (KH, KW), use_bias=False)


long_attention = Case(
    "attention_of_many_keys",
    "Attention of a few queries to 2,048 keys, of 64 features.",
    sizes=dict(N=1, T=3, S=2048, D=64),
    inputs=dict(q=normal("N T D"), k=normal("N S D"), v=normal("N S D")),
    outputs=dict(y="N T D"),
    dtypes=DTYPES,
)


@long_attention.reference
def _(np, q, k, v, *, D):
    scores = np.einsum("ntd,nsd->nts", q, k) / np.sqrt(D)
    shares = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return np.einsum("nts,nsd->ntd", shares / np.sum(shares, axis=-1, keepdims=True), v)


@long_attention.torch("torch.nn.functional.scaled_dot_product_attention")
def _(torch, q, k, v):
    return torch.nn.functional.scaled_dot_product_attention(q, k, v)


@long_attention.torch("torch.softmax")
def _(torch, q, k, v, *, D):
    return torch.softmax(q @ k.transpose(1, 2) / D**0.5, -1) @ v


@long_attention.tensorflow("tf.nn.softmax")
def _(tf, q, k, v, *, D):
    return tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True) / D**0.5), v)


@long_attention.tensorflow("keras.ops.dot_product_attention")
def _(tf, q, k, v):
    one_head = (each[:, :, None] for each in (q, k, v))
    return tf.keras.ops.dot_product_attention(*one_head)[:, :, 0]


wide_lstm = Case(
    "lstm_of_many",
    "Two steps of a long short-term memory of 650 units, as the medium PTB model has it.",
    sizes=dict(N=2, T=lambda N: N, I=9, H=650, J=lambda H: H, G=("i", "f", "g", "o")),
    inputs=dict(x=normal("N T I", gradient=False)),
    weights=dict(
        kernel=normal("G H I", std=0.05, gradient=False),
        recurrent=normal("G H J", std=0.05, gradient=False),
        bias=normal("G H", std=0.5),
    ),
    outputs=dict(y="N T H"),
    dtypes=["float32"],
)


@wide_lstm.reference
def _(np, x, kernel, recurrent, bias, *, N, H):
    h, c, outputs = np.zeros((N, H)), np.zeros((N, H)), []
    for t in range(x.shape[1]):
        h, c = lstm_step(np, x[:, t], h, c, kernel, recurrent, bias)
        outputs.append(h)
    return np.stack(outputs, axis=1)


@wide_lstm.torch.layer(
    "torch.nn.LSTM",
    weights=dict(
        weight_ih_l0="kernel: (G H) I",
        weight_hh_l0="recurrent: (G H) J",
        bias_ih_l0="bias: (G H)",
        bias_hh_l0=zeros("(G H)"),
    ),
)
def _(torch, *, I, H):
    layer = torch.nn.LSTM(I, H, batch_first=True)
    return layer, lambda x: layer(x)[0]


@wide_lstm.tensorflow.layer(
    "keras.layers.LSTM",
    weights={
        "lstm_cell/kernel": "kernel: I (G H)",
        "lstm_cell/recurrent_kernel": "recurrent: J (G H)",
        "lstm_cell/bias": "bias: (G H)",
    },
)
def _(tf, *, H):
    return tf.keras.layers.LSTM(H, return_sequences=True)


many_classes = Case(
    "cross_entropy_of_many_classes",
    "Cross entropy over 10,000 classes, the mean over a few rows.",
    sizes=dict(N=3, C=10_000),
    inputs=dict(x=normal("N C"), labels=integers("N", 0, "C")),
    outputs=dict(loss=""),
    dtypes=DTYPES,
)


@many_classes.reference
def _(np, x, labels, *, N):
    above = np.max(x, axis=1)
    total = np.log(np.sum(np.exp(x - above[:, None]), axis=1)) + above
    return np.mean(total - x[np.arange(N), labels])


@many_classes.torch("torch.nn.functional.cross_entropy")
def _(torch, x, labels):
    return torch.nn.functional.cross_entropy(x, labels)


@many_classes.tensorflow("tf.nn.sparse_softmax_cross_entropy_with_logits")
def _(tf, x, labels):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, x))


@many_classes.tensorflow("keras.losses.SparseCategoricalCrossentropy")
def _(tf, x, labels):
    return tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, x)


many_errors = Case(
    "losses_of_many_elements",
    "The mean squared and the mean absolute error of 13,000 numbers.",
    sizes=dict(N=13_000),
    inputs=dict(x=normal("N"), target=normal("N")),
    outputs=dict(squared="", absolute=""),
    dtypes=DTYPES,
)


@many_errors.reference
def _(np, x, target):
    return np.mean((x - target) ** 2), np.mean(np.abs(x - target))


@many_errors.torch("torch.nn.functional.mse_loss")
def _(torch, x, target):
    return torch.nn.functional.mse_loss(x, target), torch.nn.functional.l1_loss(x, target)


@many_errors.tensorflow("keras.losses.MeanSquaredError")
def _(tf, x, target):
    return tf.keras.losses.MeanSquaredError()(target, x), tf.keras.losses.MeanAbsoluteError()(target, x)


wide_norm = Case(
    "layer_norm_of_many",
    "Layer normalization of 4,096 features, with scale and shift.",
    sizes=dict(N=3, C=4096),
    inputs=dict(x=normal("N C", mean=0.5)),
    weights=dict(scale=normal("C", mean=1.0, std=0.1), shift=normal("C")),
    outputs=dict(y="N C"),
    dtypes=DTYPES,
)


@wide_norm.reference
def _(np, x, scale, shift):
    centred = x - np.mean(x, axis=1, keepdims=True)
    return centred / np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + 1e-5) * scale + shift


@wide_norm.torch("torch.nn.functional.layer_norm")
def _(torch, x, scale, shift):
    return torch.nn.functional.layer_norm(x, scale.shape, scale, shift, 1e-5)


@wide_norm.tensorflow.layer("keras.layers.LayerNormalization", weights=dict(gamma="scale: C", beta="shift: C"))
def _(tf):
    return tf.keras.layers.LayerNormalization(epsilon=1e-5)
