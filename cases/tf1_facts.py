"""Facts about TensorFlow 1's cells: how many parameters they have, what they start from, and one step of training."""

from _recurrent import sigmoid
from _tf1 import keep_forget_bias, rnn_cell

from parity import Case, buffer, grid, normal

TORCH = "https://pytorch.org/docs/stable/generated/torch.nn."
GATES = dict(BasicRNNCell=1, GRUCell=3, BasicLSTMCell=4)

tf1_parameter_count = Case(
    "tf1_parameter_count",
    "How many numbers a TensorFlow 1 cell with 28 inputs and 128 units trains.",
    sizes=dict(K=1),
    parameters=dict(wrapped=False),
    inputs=dict(x=normal("K", gradient=False)),
    outputs=dict(count=buffer("K")),
    variants=grid(cell=list(GATES)) + grid(cell=["BasicLSTMCell"], wrapped=[True]),
    dtypes=["float64"],
    exact=True,
    eager_only="it counts the parameters of new cells, and computes nothing with them that could be captured",
)


@tf1_parameter_count.reference
def _(np, x, *, cell):
    return 0 * x + GATES[cell] * 128 * (28 + 128 + 1)


def tf_cell(cell, inputs=28):
    made = getattr(rnn_cell(), cell)(128)
    made.build([None, inputs])
    return made


@tf1_parameter_count.tensorflow("tf.compat.v1.nn.rnn_cell")
def _(tf, x, *, cell):
    return tf.fill([1], tf.cast(tf_cell(cell).count_params(), x.dtype))


def torch_cell(torch, cell):
    return dict(BasicRNNCell=torch.nn.RNNCell, GRUCell=torch.nn.GRUCell, BasicLSTMCell=torch.nn.LSTMCell)[cell](28, 128)


def trained(torch, module, x):
    return x.new_tensor([sum(p.numel() for p in module.parameters() if p.requires_grad)])


@tf1_parameter_count.torch("torch.nn.Module.requires_grad_")
def _(torch, x, *, cell):
    module = torch_cell(torch, cell)
    module.bias_hh.requires_grad_(False)
    return trained(torch, module, x)


@tf1_parameter_count.torch.naive(
    "torch.nn.Module.parameters",
    "two biases counted",
    because="PyTorch's cells have a second bias, which is added to the first",
    source=f"{TORCH}LSTMCell.html",
    fix="freeze bias_hh, or take it off the count",
)
def _(torch, x, *, cell):
    return trained(torch, torch_cell(torch, cell), x)


@tf1_parameter_count.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell",
    "25 inputs counted instead of 28",
    when=dict(cell="BasicLSTMCell"),
    because="4 gates of 128 units have a weight for each of the 28 inputs, for each of the 128 units, and a bias: "
    "4 * 128 * (28 + 128 + 1) = 80384, not 78848",
    source="tf_keras/src/layers/rnn/legacy_cells.py of tf_keras 2.21.0: BasicLSTMCell.build",
    fix="count the inputs that the cell gets",
)
def _(tf, x, *, cell):
    return tf.fill([1], tf.cast(tf_cell(cell, inputs=25).count_params(), x.dtype))


@tf1_parameter_count.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.DropoutWrapper",
    "variables of the wrapper",
    when=dict(wrapped=True),
    because="trainable_variables of the wrapper is empty: it does not list those of the cell that it wraps",
    source="measured with tf_keras 2.21.0",
    fix="take the variables from the wrapped cell, wrapper.wrapped_cell",
)
def _(tf, x, *, cell):
    wrapper = rnn_cell().DropoutWrapper(tf_cell(cell), output_keep_prob=0.5)
    return tf.fill([1], tf.cast(sum(tf.size(v) for v in wrapper.trainable_variables), x.dtype))


tf1_gru_initial_bias = Case(
    "tf1_gru_initial_bias",
    "The bias that TensorFlow 1's GRU starts its gates with: 1, so that at first it keeps its state.",
    sizes=dict(H=5, G=("r", "u")),
    inputs=dict(x=normal("G H", gradient=False)),
    outputs=dict(bias=buffer("G H")),
    exact=True,
    eager_only="it reads what a new cell starts with, and computes nothing with it that could be captured",
    draws=True,
)


@tf1_gru_initial_bias.reference
def _(np, x):
    return 0 * x + 1


@tf1_gru_initial_bias.tensorflow("tf.compat.v1.nn.rnn_cell.GRUCell", bias="(G H)")
def _(tf, x, *, H, dtype):
    cell = rnn_cell().GRUCell(H, dtype=dtype)
    cell.build([None, 6])
    return cell.variables[1].value()


@tf1_gru_initial_bias.torch("torch.nn.init.ones_", bias="(G H)")
def _(torch, x, *, H):
    cell = torch.nn.GRUCell(6, H, device=x.device)
    return torch.nn.init.ones_(cell.bias_ih[: 2 * H].detach())


@tf1_gru_initial_bias.torch.naive(
    "torch.nn.GRUCell",
    "PyTorch's initial values",
    because="PyTorch draws its biases from uniform(-1/sqrt(H), 1/sqrt(H))",
    source=f"{TORCH}GRUCell.html",
    fix="set the gates' biases to 1 with torch.nn.init.ones_, and those of the candidate to 0",
    bias="(G H)",
)
def _(torch, x, *, H):
    cell = torch.nn.GRUCell(6, H, device=x.device)
    return (cell.bias_ih + cell.bias_hh)[: 2 * H].detach()


tf1_lstm_bias_step = Case(
    "tf1_lstm_bias_step",
    "The bias of an LSTM cell after one step of gradient descent on the sum of its outputs, at a learning rate of 1/2.",
    sizes=dict(N=4, I=6, H=5, J=lambda H: H, G=("i", "f", "g", "o")),
    inputs=dict(x=normal("N I", gradient=False), h=normal("N H", gradient=False), c=normal("N H", gradient=False)),
    weights=dict(
        kernel=normal("G H I", std=0.3, gradient=False),
        recurrent=normal("G H J", std=0.3, gradient=False),
        bias=normal("G H", std=0.5, gradient=False),
    ),
    outputs=dict(stepped=buffer("G H")),
)


@tf1_lstm_bias_step.reference
def _(np, x, h, c, kernel, recurrent, bias):
    gates = np.einsum("ni,ghi->gnh", x, kernel) + np.einsum("nj,ghj->gnh", h, recurrent) + bias[:, None]
    i, f, o = (sigmoid(np, gates[gate] + constant) for gate, constant in ((0, 0), (1, 1), (3, 0)))
    g = np.tanh(gates[2])
    new = np.tanh(f * c + i * g)
    of_c = o * (1 - new**2)
    slopes = [of_c * g * i * (1 - i), of_c * c * f * (1 - f), of_c * i * (1 - g**2), new * o * (1 - o)]
    return bias - 0.5 * np.sum(np.stack(slopes), axis=1)


@tf1_lstm_bias_step.tensorflow(
    "tf.compat.v1.train.GradientDescentOptimizer",
    kernel="I (G[i g f o] H)",
    recurrent="J (G[i g f o] H)",
    bias="(G[i g f o] H)",
    stepped="(G[i g f o] H)",
)
def _(tf, x, h, c, kernel, recurrent, bias, *, I, H, dtype, capture):
    cells = rnn_cell()
    cell = cells.BasicLSTMCell(H, dtype=dtype)
    cell.build([None, I])
    variables = cell.variables
    variables[0].assign(tf.concat([kernel, recurrent], axis=0))
    variables[1].assign(bias)
    optimizer = tf.compat.v1.train.GradientDescentOptimizer(0.5)

    def step():
        with tf.GradientTape() as tape:
            y, _ = cell(x, cells.LSTMStateTuple(c=c, h=h))
            loss = tf.reduce_sum(y)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    capture(step)()
    return variables[1].value()


LAID_OUT = dict(kernel="(G H) I", recurrent="(G H) J", bias="(G H)", stepped="(G H)")


def step_of_descent(torch, cell, x, h, c, kernel, recurrent, bias, capture):
    """Load the weights, take the step, and give the bias that then acts, forget bias left out."""
    with torch.no_grad():
        cell.weight_ih.copy_(kernel)
        cell.weight_hh.copy_(recurrent)
        cell.bias_ih.copy_(bias)
    before = cell.bias_hh.detach().clone()
    optimizer = torch.optim.SGD([p for p in cell.parameters() if p.requires_grad], lr=0.5)
    with torch.enable_grad():
        capture(cell)(x, (h, c))[0].sum().backward()
    optimizer.step()
    return (cell.bias_ih + cell.bias_hh - before).detach()


@tf1_lstm_bias_step.torch("torch.optim.SGD", **LAID_OUT)
def _(torch, x, h, c, kernel, recurrent, bias, *, I, H, capture):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H, device=x.device), 1.0)
    return step_of_descent(torch, cell, x, h, c, kernel, recurrent, bias, capture)


@tf1_lstm_bias_step.torch.naive(
    "torch.optim.SGD",
    "second bias trained too",
    because="both biases get the same gradient, so the bias that acts moves twice as far",
    source=f"{TORCH}LSTMCell.html",
    fix="freeze bias_hh with requires_grad_(False)",
    **LAID_OUT,
)
def _(torch, x, h, c, kernel, recurrent, bias, *, I, H, capture):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H, device=x.device), 1.0)
    cell.bias_hh.requires_grad_(True)
    return step_of_descent(torch, cell, x, h, c, kernel, recurrent, bias, capture)
