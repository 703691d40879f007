"""What documents 000 and 002 write about ids, activations and lengths, and what it does today."""

from _recurrent import KERAS_LAYER, sigmoid

from parity import Case, buffer, grid, integers, normal, stack

TORCH_RNN = "torch/nn/modules/rnn.py of PyTorch 2.13.0"
MEASURED = "measured with torch 2.13.0, TensorFlow 2.21.0, Keras 3.15.1"
CAPTURED = ["graph", "compiled"]

# The ids of nn.Embedding(2, 5)

embedding_ids = Case(
    "embedding_ids",
    "Rows of a table of two words by ids in several formats: 64-bit ids are right everywhere.",
    sizes=dict(N=7, V=2, D=5),
    inputs=dict(ids=integers("N", 0, "V")),
    weights=dict(table=normal("V D")),
    outputs=dict(y="N D"),
    variants=grid(ids_dtype=["int64", "int32", "int16", "float32"]),
    dtypes=("float64", "float32"),
    exact=["output:*"],
)


@embedding_ids.reference
def _(np, ids, table):
    return table[ids]


@embedding_ids.torch.layer("torch.nn.Embedding", weights=dict(weight="table: V D"))
def _(torch, *, ids_dtype):
    embeds = torch.nn.Embedding(2, 5)
    return embeds, lambda ids: embeds(ids.to(dtype=getattr(torch, ids_dtype)))


@embedding_ids.torch("torch.index_select")
def _(torch, ids, table, *, ids_dtype):
    return torch.index_select(table, 0, ids.to(dtype=getattr(torch, ids_dtype)))


@embedding_ids.tensorflow("tf.nn.embedding_lookup")
def _(tf, ids, table, *, ids_dtype):
    return tf.nn.embedding_lookup(table, tf.cast(ids, ids_dtype))


@embedding_ids.tensorflow.layer("keras.layers.Embedding", weights=dict(embeddings="table: V D"))
def _(tf, *, ids_dtype):
    embeds = tf.keras.layers.Embedding(2, 5)
    embeds.build()
    return embeds, lambda ids: embeds(tf.cast(ids, ids_dtype))


REFUSED_IDS = (
    ("torch.nn.Embedding", "int16", ["eager"], "RuntimeError: but got torch.ShortTensor instead"),
    ("torch.nn.Embedding", "int16", CAPTURED, "TorchRuntimeError: Long, Int; but got torch.int16 instead"),
    ("torch.nn.Embedding", "float32", ["eager"], "RuntimeError: but got torch.FloatTensor instead"),
    ("torch.nn.Embedding", "float32", CAPTURED, "TorchRuntimeError: Long, Int; but got torch.float32 instead"),
    *(
        row
        for ids_dtype in ("int16", "float32")
        for row in (
            (
                "torch.index_select",
                ids_dtype,
                ["eager", "graph"],
                "RuntimeError: Expected dtype int32 or int64 for index",
            ),
            (
                "torch.index_select",
                ids_dtype,
                ["compiled"],
                "BackendCompilerFailed: used as indices must be long, int, byte or bool tensors",
            ),
        )
    ),
    (
        "tf.nn.embedding_lookup",
        "float32",
        ["eager"],
        "InvalidArgumentError: is not in the list of allowed values: int16, int32, int64",
    ),
    ("tf.nn.embedding_lookup", "float32", CAPTURED, "TypeError: not in list of allowed values: int16, int32, int64"),
)
for api, ids_dtype, modes, raises in REFUSED_IDS:
    embedding_ids.limitation(
        api,
        raises=raises,
        because="PyTorch takes ids of 32 and 64 bits, TensorFlow of 16 too; keras.layers.Embedding casts the others",
        source=MEASURED,
        when=dict(ids_dtype=ids_dtype),
        modes=modes,
    )


# The activation of a GRU

gru_activation = Case(
    "gru_activation",
    "A gated recurrent unit with softsign in the place of tanh, over a sequence.",
    sizes=dict(N=4, T=3, I=6, H=5, J=lambda H: H, G=("r", "z", "n")),
    inputs=dict(x=normal("N T I")),
    weights=dict(
        kernel=normal("G H I", std=0.3),
        recurrent=normal("G H J", std=0.3),
        bias_input=normal("G H", std=0.5),
        bias_hidden=normal("G H", std=0.5),
    ),
    outputs=dict(y="N T H"),
    states=dict(h="N H"),
)


@gru_activation.reference
def _(np, x, kernel, recurrent, bias_input, bias_hidden, *, N, T, H):
    h, y = np.zeros((N, H)), []
    for t in range(T):
        of_input = np.einsum("ni,ghi->gnh", x[:, t], kernel) + bias_input[:, None]
        of_state = np.einsum("nj,ghj->gnh", h, recurrent) + bias_hidden[:, None]
        r, z = sigmoid(np, of_input[0] + of_state[0]), sigmoid(np, of_input[1] + of_state[1])
        n = of_input[2] + r * of_state[2]
        h = (1 - z) * (n / (1 + np.abs(n))) + z * h
        y.append(h)
    return np.stack(y, axis=1), h


@gru_activation.torch(
    "torch.nn.functional.softsign",
    kernel="(G H) I",
    recurrent="(G H) J",
    bias_input="(G H)",
    bias_hidden="(G H)",
)
def _(torch, x, kernel, recurrent, bias_input, bias_hidden, *, N, H):
    linear, h, y = torch.nn.functional.linear, torch.zeros(N, H, device=x.device), []
    for xt in x.unbind(1):
        of_input, of_state = linear(xt, kernel, bias_input).chunk(3, 1), linear(h, recurrent, bias_hidden).chunk(3, 1)
        r, z = (torch.sigmoid(a + b) for a, b in zip(of_input[:2], of_state[:2], strict=True))
        n = torch.nn.functional.softsign(of_input[2] + r * of_state[2])
        h = (1 - z) * n + z * h
        y.append(h)
    return torch.stack(y, dim=1), h


@gru_activation.tensorflow.layer(
    "keras.layers.GRU",
    weights={
        "gru_cell/kernel": "kernel: I (G[z r n] H)",
        "gru_cell/recurrent_kernel": "recurrent: J (G[z r n] H)",
        "gru_cell/bias": stack("bias_input: (G[z r n] H)", "bias_hidden: (G[z r n] H)"),
    },
)
def _(tf, *, H):
    return tf.keras.layers.GRU(H, activation="softsign", **KERAS_LAYER)


TORCH_GRU = dict(
    weights=dict(
        weight_ih_l0="kernel: (G H) I",
        weight_hh_l0="recurrent: (G H) J",
        bias_ih_l0="bias_input: (G H)",
        bias_hh_l0="bias_hidden: (G H)",
    ),
    h="1 N H",
    source=f"{TORCH_RNN}: GRU",
    fix="write the cell by hand, or keep tanh in Keras",
)


@gru_activation.torch.naive("torch.nn.GRU", "tanh kept", because="torch.nn.GRU has no other activation", **TORCH_GRU)
def _(torch, *, I, H):
    return torch.nn.GRU(I, H, batch_first=True)


@gru_activation.torch.naive(
    "torch.nn.GRU",
    "activation passed",
    raises="TypeError: got an unexpected keyword argument 'activation'",
    because="no recurrent layer of PyTorch takes an activation by this name",
    **TORCH_GRU,
)
def _(torch, *, I, H):
    return torch.nn.GRU(I, H, batch_first=True, activation="softsign")


@gru_activation.torch.naive(
    "torch.nn.GRU",
    "nonlinearity passed",
    raises="TypeError: got an unexpected keyword argument 'nonlinearity'",
    because="only torch.nn.RNN and torch.nn.RNNCell take a nonlinearity, tanh or relu",
    **TORCH_GRU,
)
def _(torch, *, I, H):
    return torch.nn.GRU(I, H, batch_first=True, nonlinearity="relu")


# The length of a convolution without padding

valid_length = Case(
    "valid_length",
    "The number of positions of a convolution without padding: length - width + 1.",
    sizes=dict(N=2, L=9, E=3),
    inputs=dict(x=normal("N L E", gradient=False)),
    outputs=dict(positions=buffer("")),
    variants=grid(width=[3, 4, 5, 9]),
    dtypes=("float64", "float32"),
    exact=True,
)


@valid_length.reference
def _(np, x, *, L, width):
    return np.array(1.0 * (L - width + 1))


@valid_length.torch("torch.nn.functional.conv1d", x="N E L")
def _(torch, x, *, E, width):
    return x.new_tensor(torch.nn.functional.conv1d(x, x.new_ones(1, E, width)).shape[2])


@valid_length.torch("torch.Tensor.unfold", x="N E L")
def _(torch, x, *, width):
    return x.new_tensor(x.unfold(2, width, 1).shape[2])


@valid_length.tensorflow("tf.nn.conv1d")
def _(tf, x, *, E, width):
    conv = tf.nn.conv1d(x, tf.ones([width, E, 1], x.dtype), stride=1, padding="VALID")
    return tf.cast(tf.shape(conv)[1], x.dtype)


@valid_length.tensorflow("keras.layers.Conv1D.compute_output_shape")
def _(tf, x, *, width):
    return tf.cast(tf.keras.layers.Conv1D(1, width).compute_output_shape(x.shape)[1], x.dtype)


@valid_length.torch.naive(
    "torch.nn.functional.conv1d",
    "cut to length - width",
    because="a window fits at length - width + 1 places: the last one is lost",
    source="https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2",
    fix="count length - width + 1 positions",
    x="N E L",
)
def _(torch, x, *, E, L, width):
    return x.new_tensor(torch.nn.functional.conv1d(x, x.new_ones(1, E, width))[:, :, : L - width].shape[2])
