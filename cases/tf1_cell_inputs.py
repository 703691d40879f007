"""What TensorFlow 1's LSTM cells make of inputs that they were not built for, beside PyTorch's cell."""

from _invalid import FAKE, drawn, refused
from _tf1 import Built, keep_forget_bias, lstm_step, rnn_cell, tf_variables, torch_variables, weights

from parity import Case, buffer, grid, normal

SIZES = dict(N=3, T=4, I=6, H=5, J=lambda H: H, L=7, G=("i", "f", "g", "o"))
CELLS = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cells.py"
TORCH_CELL = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html"
AXES = dict(matrix="N I", sequence="N T I", vector="I", wide="N L")
WIDE = ("float64", "float32")  # errors are the subject: the formats of 16 bits add nothing

tf1_cell_inputs = Case(
    "tf1_cell_inputs",
    "A step of an LSTM cell for a matrix (batch, inputs); and for a whole sequence, one vector, and too many inputs, "
    "where a refusal is NaN.",
    sizes=SIZES,
    inputs=lambda given: dict(
        x=drawn(AXES[given]), **{state: drawn("H" if given == "vector" else "N H") for state in ("h0", "c0")}
    ),
    weights={name: drawn(" ".join(tensor.axes)) for name, tensor in weights("").items()},
    outputs=lambda given: dict(y=buffer("H" if given == "vector" else "N H")),
    variants=grid(given=list(AXES)),
    dtypes=WIDE,
)


@tf1_cell_inputs.reference
def _(np, x, h0, c0, *, given, **weights):
    if given in ("sequence", "wide"):
        return h0 * np.nan
    h, _ = lstm_step()(np, *(np.reshape(tensor, (-1, tensor.shape[-1])) for tensor in (x, h0, c0)), **weights)
    return np.reshape(h, h0.shape)


@tf1_cell_inputs.torch.layer("torch.nn.LSTMCell", weights=torch_variables())
def _(torch, *, I, H):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(input_size=I, hidden_size=H), 1.0)
    return cell, lambda x, h0, c0: cell(x, (h0, c0))[0]


def tf_cell(name):
    def build(tf, *, I, H, dtype):
        cells = rnn_cell()
        cell = getattr(cells, name)(H, dtype=dtype)
        return Built(I, cell), lambda x, h0, c0: cell(x, cells.LSTMStateTuple(c=c0, h=h0))[0]

    return build


TENSORFLOW = [f"tf.compat.v1.nn.rnn_cell.{name}" for name in ("BasicLSTMCell", "LSTMCell")]
for api in TENSORFLOW:
    tf1_cell_inputs.tensorflow.layer(api, weights=tf_variables())(tf_cell(api.rpartition(".")[2]))

refused(
    tf1_cell_inputs,
    dict(given="sequence"),
    because="a cell computes one step; a whole sequence goes through tf.compat.v1.nn.dynamic_rnn or torch.nn.LSTM",
    captured={"torch.nn.LSTMCell": "Unsupported: Observed exception"},
    **{"torch.nn.LSTMCell": "ValueError: LSTMCell: Expected input to be 1D or 2D, got 3D instead"},
    **dict.fromkeys(TENSORFLOW, "ValueError: expected ndim=2, found ndim=3"),
)
refused(
    tf1_cell_inputs,
    dict(given="vector"),
    because="TensorFlow's cells need the axis of the batch, PyTorch's cell takes one vector without it",
    **dict.fromkeys(TENSORFLOW, "ValueError: expected ndim=2, found ndim=1"),
)
refused(
    tf1_cell_inputs,
    dict(given="wide"),
    because="the kernel has a row for each input",
    captured={
        "torch.nn.LSTMCell": FAKE,
        **dict.fromkeys(TENSORFLOW, "ValueError: Dimensions must be equal, but are 12 and 11"),
    },
    **{"torch.nn.LSTMCell": "RuntimeError: input has inconsistent input_size: got 7 expected 6"},
    **dict.fromkeys(TENSORFLOW, "InvalidArgumentError: Matrix size-incompatible: In[0]: [3,12], In[1]: [11,20]"),
)


tf1_open_inputs = Case(
    "tf1_open_inputs",
    "A step of an LSTM cell in a graph that does not know the number of inputs; the cell was built for it before.",
    sizes=SIZES,
    inputs=dict(x=normal("N I"), h0=normal("N H"), c0=normal("N H")),
    weights=weights(""),
    outputs=dict(y="N H"),
    states=dict(h="N H", c="N H"),
    dtypes=WIDE,
)


@tf1_open_inputs.reference
def _(np, x, h0, c0, **weights):
    h, c = lstm_step()(np, x, h0, c0, **weights)
    return h, h, c


@tf1_open_inputs.torch.layer("torch.nn.LSTMCell", weights=torch_variables())
def _(torch, *, I, H):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), 1.0)

    def call(x, h0, c0):
        h, c = cell(x, (h0, c0))
        return h, h, c

    return cell, call


def in_open_graph(tf, cell, x, h0, c0):
    """Call a cell in a graph that is made for inputs of any length."""
    signature = [tf.TensorSpec([x.shape[0], None], x.dtype), *(tf.TensorSpec(h0.shape, x.dtype) for _ in range(2))]

    def step(x, h0, c0):
        y, (c, h) = cell(x, rnn_cell().LSTMStateTuple(c=c0, h=h0))
        return y, h, c

    return tf.function(step, input_signature=signature, autograph=False)(x, h0, c0)


@tf1_open_inputs.tensorflow.layer("tf.compat.v1.nn.rnn_cell.BasicLSTMCell", weights=tf_variables())
def _(tf, *, I, H, dtype):
    cell = rnn_cell().BasicLSTMCell(H, dtype=dtype)
    return Built(I, cell), lambda *inputs: in_open_graph(tf, cell, *inputs)


def unknown(title, *, weights=None, name="BasicLSTMCell", **texts):
    return tf1_open_inputs.tensorflow.naive(
        f"tf.compat.v1.nn.rnn_cell.{name}", title, source=CELLS, weights=weights, **texts
    )


@unknown(
    "called before it is built",
    because="the first call builds the kernel, whose rows are the inputs and the state: their number must be known",
    fix="give the placeholder its last dimension, or call cell.build([None, inputs]) first",
    raises="ValueError: Expected inputs.shape[-1] to be known, received shape: (3, None)",
)
def _(tf, x, h0, c0, *, H, dtype, **weights):
    return in_open_graph(tf, rnn_cell().BasicLSTMCell(H, dtype=dtype), x, h0, c0)


@unknown(
    "built for None",
    because="the kernel has a row for each input, so build needs their number",
    fix="call cell.build([None, inputs]) with the number of inputs",
    raises="ValueError: Expected inputs.shape[-1] to be known, received shape: (None, None)",
)
def _(tf, x, h0, c0, *, H, dtype, **weights):
    cell = rnn_cell().BasicLSTMCell(H, dtype=dtype)
    cell.build([None, None])
    return in_open_graph(tf, cell, x, h0, c0)


@unknown(
    "built, but LSTMCell",
    name="LSTMCell",
    because="LSTMCell looks at the number of inputs at each call, BasicLSTMCell only when it is built",
    fix="set the shape of the inputs with tf.ensure_shape, or call BasicLSTMCell",
    raises="ValueError: Could not infer input size from inputs.get_shape()[-1]",
    weights=tf_variables(),
)
def _(tf, *, I, H, dtype):
    cell = rnn_cell().LSTMCell(H, dtype=dtype)
    return Built(I, cell), lambda *inputs: in_open_graph(tf, cell, *inputs)


@unknown(
    "whole numbers as dtype",
    because="a cell computes in floating-point numbers only",
    fix="pass a floating-point dtype, and cast the inputs to it",
    raises="ValueError: RNN cell only supports floating point inputs",
)
def _(tf, x, h0, c0, *, H, **weights):
    return rnn_cell().BasicLSTMCell(H, dtype="int32")


@unknown(
    "dtype of float32 for wider inputs",
    because="the cell makes its variables in its dtype and casts no inputs; by default it takes their dtype",
    fix="leave dtype out, or pass dtype=inputs.dtype",
    raises="InvalidArgumentError: was expected to be a double tensor but is a float tensor",
)
def _(tf, x, h0, c0, *, H, **weights):
    return rnn_cell().BasicLSTMCell(H, dtype="float32")(x, rnn_cell().LSTMStateTuple(c=c0, h=h0))


@tf1_open_inputs.torch.naive(
    "torch.nn.LSTMCell",
    "input_size None",
    because="PyTorch's cell makes its weights when it is made, and has no lazy form that waits for the first input",
    source=TORCH_CELL,
    fix="pass the number of inputs",
    raises="TypeError: NoneType",
)
def _(torch, x, h0, c0, *, H, **weights):
    return torch.nn.LSTMCell(None, H)(x, (h0, c0))
