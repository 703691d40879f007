"""TensorFlow 1's functions with the arguments they had, and the operation behind its fused LSTM."""

from _recurrent import scan
from _tf1 import lstm_step

from parity import Case, grid, normal

MIGRATE = "tensorflow/tools/compatibility/tf_upgrade_v2.py of TensorFlow 2.21.0"

tf1_conv2d = Case(
    "tf1_conv2d",
    "A 2-D convolution by its TensorFlow 1 arguments: filter, strides as a list of four, and use_cudnn_on_gpu.",
    sizes=dict(N=2, C=3, H=6, W=7, O=5, KH=4, KW=2),
    parameters=dict(stride=1),
    inputs=dict(x=normal("N C H W")),
    weights=dict(kernel=normal("O C KH KW")),
    outputs=dict(y="N O P Q"),
    variants=grid(stride=[1, 2]),
)


@tf1_conv2d.reference
def _(np, x, kernel, *, KH, KW, H, W, stride):
    rows, columns = range(0, H - KH + 1, stride), range(0, W - KW + 1, stride)
    windows = [[x[:, :, i : i + KH, j : j + KW] for j in columns] for i in rows]
    return np.einsum("pqnchw,ochw->nopq", np.array(windows), kernel)


@tf1_conv2d.torch("torch.nn.functional.conv2d")
def _(torch, x, kernel, *, stride):
    return torch.nn.functional.conv2d(x, kernel, stride=stride)


CHANNELS_LAST = dict(x="N H W C", kernel="KH KW C O", y="N P Q O")


@tf1_conv2d.tensorflow("tf.compat.v1.nn.conv2d", **CHANNELS_LAST)
def _(tf, x, kernel, *, stride):
    return tf.compat.v1.nn.conv2d(
        x, filter=kernel, strides=[1, stride, stride, 1], padding="VALID", use_cudnn_on_gpu=True
    )


@tf1_conv2d.tensorflow.naive(
    "tf.nn.conv2d",
    "argument filter",
    because="TensorFlow 2 renamed filter to filters",
    source=MIGRATE,
    fix="pass filters=, or call tf.compat.v1.nn.conv2d",
    raises="TypeError: unexpected keyword argument 'filter'",
    **CHANNELS_LAST,
)
def _(tf, x, kernel, *, stride):
    return tf.nn.conv2d(x, filter=kernel, strides=stride, padding="VALID")


@tf1_conv2d.tensorflow.naive(
    "tf.nn.conv2d",
    "argument use_cudnn_on_gpu",
    because="TensorFlow 2 has dropped the argument",
    source=MIGRATE,
    fix="leave it out, or call tf.compat.v1.nn.conv2d",
    raises="TypeError: unexpected keyword argument 'use_cudnn_on_gpu'",
    **CHANNELS_LAST,
)
def _(tf, x, kernel, *, stride):
    return tf.nn.conv2d(x, kernel, strides=stride, padding="VALID", use_cudnn_on_gpu=True)


tf1_dropout = Case(
    "tf1_dropout",
    "Dropout by its TensorFlow 1 argument keep_prob, which is 1 in evaluation: y = x, bit for bit.",
    sizes=dict(N=5, C=7),
    inputs=dict(x=normal("N C")),
    outputs=dict(y="N C"),
    exact=True,
)


@tf1_dropout.reference
def _(np, x):
    return x


@tf1_dropout.torch("torch.nn.functional.dropout")
def _(torch, x):
    keep_prob = 1.0
    return torch.nn.functional.dropout(x, 1 - keep_prob)


@tf1_dropout.tensorflow("tf.compat.v1.nn.dropout")
def _(tf, x):
    return tf.compat.v1.nn.dropout(x, keep_prob=1.0)


@tf1_dropout.torch.naive(
    "torch.nn.functional.dropout",
    "keep_prob taken for p",
    size=(0.5, 2),
    because="PyTorch's p is the probability to drop, so what was to be kept is all dropped",
    source="https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html",
    fix="pass p = 1 - keep_prob",
)
def _(torch, x):
    return torch.nn.functional.dropout(x, 1.0)


@tf1_dropout.tensorflow.naive(
    "tf.nn.dropout",
    "argument keep_prob",
    because="TensorFlow 2 has rate = 1 - keep_prob in its place",
    source=MIGRATE,
    fix="pass rate=1 - keep_prob, or call tf.compat.v1.nn.dropout",
    raises="TypeError: unexpected keyword argument 'keep_prob'",
)
def _(tf, x):
    return tf.nn.dropout(x, keep_prob=1.0)


@tf1_dropout.tensorflow.naive(
    "tf.nn.dropout",
    "keep_prob by position",
    because="the second argument is the rate in TensorFlow 2, and a smaller keep_prob is taken for it without an error",
    source=MIGRATE,
    fix="pass rate=1 - keep_prob by its name",
    raises="ValueError: `rate` must be a scalar tensor or a float in the range [0, 1)",
)
def _(tf, x):
    return tf.nn.dropout(x, 1.0)


tf1_block_lstm = Case(
    "tf1_block_lstm",
    "An LSTM over a whole sequence in one operation, with peepholes and a clipped cell state.",
    sizes=dict(T=3, N=4, I=6, H=5, J=lambda H: H, G=("i", "f", "g", "o")),
    parameters=dict(use_peephole=False, cell_clip=None),
    inputs=dict(x=normal("T N I"), h0=normal("N H"), c0=normal("N H")),
    weights=lambda use_peephole: dict(
        kernel=normal("G H I", std=0.3),
        recurrent=normal("G H J", std=0.3),
        bias=normal("G H", std=0.5),
        **({f"peephole_{gate}": normal("H", std=0.5) for gate in "ifo"} if use_peephole else {}),
    ),
    outputs=dict(y="T N H"),
    states=dict(h="N H", c="N H"),
    variants=grid(use_peephole=[False, True], cell_clip=[None, 0.5]),
    dtypes=["float64", "float32"],
)


@tf1_block_lstm.reference
def _(np, x, h0, c0, *, cell_clip, **weights):
    y, (h, c) = scan(np, lstm_step(cell_clip=cell_clip), x, [h0, c0], weights)
    return np.stack(y), h, c


@tf1_block_lstm.torch("torch loop with peepholes and clamp", kernel="(G H) I", recurrent="(G H) J", bias="(G H)")
def _(torch, x, h0, c0, kernel, recurrent, bias, peephole_i=None, peephole_f=None, peephole_o=None, *, cell_clip):
    h, c = h0, c0
    outputs = []
    for part in x:
        gates = torch.nn.functional.linear(torch.cat([part, h], dim=1), torch.cat([kernel, recurrent], dim=1), bias)
        i, f, g, o = gates.chunk(4, dim=1)
        if peephole_i is not None:
            i, f = i + peephole_i * c, f + peephole_f * c
        c = torch.sigmoid(f + 1) * c + torch.sigmoid(i) * torch.tanh(g)
        if cell_clip is not None:
            c = c.clamp(-cell_clip, cell_clip)
        if peephole_o is not None:
            o = o + peephole_o * c
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs), h, c


@tf1_block_lstm.tensorflow(
    "tf.raw_ops.BlockLSTM", kernel="I (G[i g f o] H)", recurrent="J (G[i g f o] H)", bias="(G[i g f o] H)"
)
def _(
    tf,
    x,
    h0,
    c0,
    kernel,
    recurrent,
    bias,
    peephole_i=None,
    peephole_f=None,
    peephole_o=None,
    *,
    T,
    H,
    use_peephole,
    cell_clip,
):
    nothing = tf.zeros([H], x.dtype)
    run = tf.raw_ops.BlockLSTM(
        seq_len_max=tf.constant(T, tf.int64),
        x=x,
        cs_prev=c0,
        h_prev=h0,
        w=tf.concat([kernel, recurrent], axis=0),
        wci=peephole_i if use_peephole else nothing,
        wcf=peephole_f if use_peephole else nothing,
        wco=peephole_o if use_peephole else nothing,
        b=bias,
        forget_bias=1.0,
        cell_clip=cell_clip or -1.0,
        use_peephole=use_peephole,
    )
    return run.h, run.h[-1], run.cs[-1]


tf1_block_lstm.deviation(
    "tf.raw_ops.BlockLSTM",
    quantities=["grad:*"],
    when=dict(cell_clip=0.5),
    dtypes=["float32"],
    within=30,
    because="the gradient of the operation passes through the clipping as if nothing had been clipped",
    source="https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/core/kernels/rnn/lstm_ops.h",
)

for modes, raises in (
    (
        ["eager"],
        "InvalidArgumentError: Value for attr 'T' of double is not in the list of allowed values: half, float",
    ),
    (["graph", "compiled"], "TypeError: DataType float64 not in list of allowed values: float16, float32"),
):
    tf1_block_lstm.limitation(
        "tf.raw_ops.BlockLSTM",
        dtypes=["float64"],
        modes=modes,
        raises=raises,
        because="the operation exists for float16 and float32 only",
        source="https://www.tensorflow.org/api_docs/python/tf/raw_ops/BlockLSTM",
    )
tf1_block_lstm.limitation(
    "tf.raw_ops.BlockLSTM",
    dtypes=["float32"],
    modes=["compiled"],
    raises="InvalidArgumentError: Detected unsupported operations",
    because="XLA has no kernel for the operation",
    source="measured with TensorFlow 2.21.0",
)
