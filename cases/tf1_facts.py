"""Facts about TensorFlow 1's cells: how many parameters they have, what they start from, and one step of training."""

from _recurrent import sigmoid
from _tf1 import keep_forget_bias, rnn_cell

from parity import Case, Tolerance, buffer, grid, normal

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
    untimed="it counts parameters and computes nothing",
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
    size=(0.0031, 0.013),
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
    size=(0.0095, 0.039),
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
    size=(0.5, 2),
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
    untimed="it looks at the first bias of a new cell",
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
    size=(0.84, 3.4),
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


LARGEST = dict(default=(6 / (250 + 100 + 4 * 100)) ** 0.5, uniform=0.1)
"""The bounds of the weights: of Glorot's uniform distribution for 350 rows and 400 columns, or as passed."""

tf1_lstm_first_weights = Case(
    "tf1_lstm_first_weights",
    "What a new LSTM cell starts from: a bias of zeros, and a kernel of (inputs + units, 4 * units) whose 140,000 "
    "numbers are drawn evenly up to a bound; the constant 1 that acts on the forget gate.",
    sizes=dict(I=250, H=100, J=lambda H: H, G=("i", "f", "g", "o"), D=2),
    inputs=dict(one=normal("", mean=1, std=0, gradient=False)),
    outputs=dict(
        bias=buffer("G H"),
        acting=buffer("G H"),
        shape=buffer("D"),
        largest=buffer(""),
        mean=buffer(""),
        spread=buffer(""),
    ),
    variants=grid(initializer=["default", "uniform"]),
    tolerance=Tolerance(1e-2, 1e-3, because="6 standard deviations of the mean of 140,000 draws from (-0.1, 0.1)"),
    exact=["output:bias", "output:acting", "output:shape"],
    dtypes=["float64", "float32"],
    eager_only="a captured graph cannot draw the weights of a new cell at every call",
    untimed="it looks at the first weights of a new cell",
    draws=True,
)


@tf1_lstm_first_weights.reference
def _(np, one, *, I, H, initializer):
    largest = LARGEST[initializer]
    bias = np.zeros((4, H)) * one
    acting = bias + np.array([0, 1, 0, 0])[:, None]
    return bias, acting, np.array([I + H, 4 * H]) * one, largest * one, 0 * one, largest / 3**0.5 * one


@tf1_lstm_first_weights.tensorflow("tf.compat.v1.nn.rnn_cell.LSTMCell", bias="(G[i g f o] H)", acting="(G[i g f o] H)")
def _(tf, one, *, I, H, initializer, dtype):
    tf.keras.utils.set_random_seed(0)
    drawn = None if initializer == "default" else tf.compat.v1.random_uniform_initializer(-0.1, 0.1)
    cell = rnn_cell().LSTMCell(H, initializer=drawn, forget_bias=1.0, dtype=dtype)
    cell.build([None, I])
    kernel, bias = (variable.value() for variable in cell.variables)
    constant = tf.repeat(tf.constant([0, 0, 1, 0], dtype), H)
    spread = tf.math.reduce_std(kernel)
    shape = tf.constant(kernel.shape, dtype)
    return bias, bias + constant, shape, tf.reduce_max(abs(kernel)), tf.reduce_mean(kernel), spread


def torch_start(torch, layer, one):
    """What a layer starts from: its trained bias, the bias that acts, and the statistics of its weights."""
    kernel = torch.cat([layer.weight_ih_l0, layer.weight_hh_l0], dim=1).detach()
    statistics = kernel.abs().max(), kernel.mean(), kernel.std()
    acting = (layer.bias_ih_l0 + layer.bias_hh_l0).detach()
    return layer.bias_ih_l0.detach(), acting, one.new_tensor(kernel.T.shape), *(one * value for value in statistics)


def torch_lstm(torch, one, I, H):
    return torch.nn.LSTM(I, H, device=one.device, dtype=one.dtype)


def with_bias(torch, layer):
    torch.nn.init.zeros_(layer.bias_ih_l0)
    return keep_forget_bias(torch, layer, 1.0)


BIASES = dict(bias="(G H)", acting="(G H)")


@tf1_lstm_first_weights.torch("torch.nn.init.xavier_uniform_", **BIASES)
def _(torch, one, *, I, H, initializer):
    layer = with_bias(torch, torch_lstm(torch, one, I, H))
    kernel = torch.empty(4 * H, I + H, device=one.device, dtype=one.dtype)
    if initializer == "default":
        torch.nn.init.xavier_uniform_(kernel)
    else:
        torch.nn.init.uniform_(kernel, -0.1, 0.1)
    layer.weight_ih_l0.data, layer.weight_hh_l0.data = kernel.split([I, H], dim=1)
    return torch_start(torch, layer, one)


@tf1_lstm_first_weights.torch.naive(
    "torch.nn.LSTM",
    "left as PyTorch draws it",
    wrong=["output:bias", "output:[als]*"],
    because="PyTorch draws all weights, and both biases, from uniform(-1/sqrt(units), 1/sqrt(units))",
    source=f"{TORCH}LSTM.html",
    fix="draw the weights with torch.nn.init, and set the biases to 0 and the forget gate's constant to 1",
    **BIASES,
)
def _(torch, one, *, I, H):
    return torch_start(torch, torch_lstm(torch, one, I, H), one)


@tf1_lstm_first_weights.torch.naive(
    "torch.nn.init.xavier_uniform_",
    "each weight by itself",
    when=dict(initializer="default"),
    wrong=["output:largest", "output:spread"],
    size=(0.11, 0.45),
    because="the bound follows from the rows and columns, and TensorFlow's one kernel has more rows than each weight",
    source="https://docs.pytorch.org/docs/stable/nn.init.html",
    fix="draw one matrix of (4 * units, inputs + units), and cut it into weight_ih and weight_hh",
    **BIASES,
)
def _(torch, one, *, I, H):
    layer = with_bias(torch, torch_lstm(torch, one, I, H))
    torch.nn.init.xavier_uniform_(layer.weight_ih_l0)
    torch.nn.init.xavier_uniform_(layer.weight_hh_l0)
    return torch_start(torch, layer, one)


@tf1_lstm_first_weights.tensorflow.naive(
    "keras.layers.LSTMCell",
    "unit_forget_bias for forget_bias",
    wrong=["output:bias", "output:[ls]*"],
    because="Keras starts the forget gate's part of its bias at 1 and trains it; TensorFlow 1's bias starts at 0, and "
    "the constant beside it stays",
    source="https://keras.io/api/layers/recurrent_layers/lstm/",
    fix="expect 1 in a bias of Keras, and add forget_bias to a bias of TensorFlow 1 that is loaded into Keras",
    **BIASES,
)
def _(tf, one, *, I, H, dtype):
    cell = tf.keras.layers.LSTMCell(H, recurrent_initializer="glorot_uniform", unit_forget_bias=True)
    cell.build((None, I))
    kernel = tf.concat([cell.kernel.value, cell.recurrent_kernel.value], axis=0)
    bias, shape = cell.bias.value, tf.constant(kernel.shape, dtype)
    return bias, bias, shape, tf.reduce_max(abs(kernel)), tf.reduce_mean(kernel), tf.math.reduce_std(kernel)
