"""The arguments of TensorFlow 1's LSTM cell that fill its weights and that cut them into parts."""

from _recurrent import scan
from _tf1 import (
    Built,
    keep_forget_bias,
    lstm_step,
    rnn_cell,
    tf_variables,
    torch_variables,
    unrolled,
    with_states,
)
from _tf1_logging import warnings_as_errors
from _tf1_scopes import Wrapped, wrapped

from parity import Case, buffer, concat, grid, normal

SIZES = dict(N=3, T=4, I=6, H=5, J=lambda P: P, G=("i", "f", "g", "o"))
CELLS = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cells.py"
TORCH_LSTM = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html"


def cell_weights(num_proj=None):
    tensors = dict(kernel=normal("G H I", std=0.3), recurrent=normal("G H J", std=0.3), bias=normal("G H", std=0.5))
    return dict(tensors, projection=normal("P H", std=0.5)) if num_proj else tensors


tf1_lstm_initializer = Case(
    "tf1_lstm_initializer",
    "A new LSTM cell whose initializer fills the kernel and the projection; its bias starts from zeros.",
    sizes=dict(SIZES, P=lambda num_proj, H: num_proj or H, K=lambda I, J: I + J),
    parameters=dict(num_proj=None),
    inputs=dict(x=normal("N T I")),
    outputs=lambda num_proj: dict(
        y="N T P", kernel=buffer("K G H"), bias=buffer("G H"), **(dict(projection=buffer("H P")) if num_proj else {})
    ),
    states=dict(h="N P", c="N H"),
    variants=grid(initializer=["constant", "ones", "identity"], num_proj=[None, 2]),
    exact=["output:kernel", "output:bias", "output:projection"],
)


@tf1_lstm_initializer.reference
def _(np, x, *, N, I, H, P, J, K, initializer, num_proj):
    def filled(rows, columns):
        number = dict(constant=0.25, ones=1.0, identity=0.5)[initializer]
        return number * (np.eye(rows, columns) if initializer == "identity" else np.ones((rows, columns)))

    kernel = np.reshape(filled(K, 4 * H), (K, 4, H))[:, np.array([0, 2, 1, 3])]  # i, j, f, o into i, f, g, o
    weights = dict(kernel=np.moveaxis(kernel[:I], 0, 2), recurrent=np.moveaxis(kernel[I:], 0, 2), bias=np.zeros((4, H)))
    made = (kernel, weights["bias"])
    if num_proj:
        made += (filled(H, P),)
        weights["projection"] = made[-1].T
    y, states = scan(np, lstm_step(), np.moveaxis(x, 1, 0), [np.zeros((N, P)), np.zeros((N, H))], weights)
    return np.stack(y, axis=1), *made, *states


@tf1_lstm_initializer.tensorflow.layer(
    "tf.compat.v1.nn.rnn_cell.LSTMCell(initializer)", weights={}, kernel="K (G[i g f o] H)", bias="(G[i g f o] H)"
)
def _(tf, *, N, I, H, initializer, num_proj, dtype):
    made = dict(
        constant=tf.compat.v1.constant_initializer(0.25),
        ones=tf.compat.v1.ones_initializer(),
        identity=tf.compat.v1.initializers.identity(gain=0.5),
    )
    cell = rnn_cell().LSTMCell(H, initializer=made[initializer], num_proj=num_proj, dtype=dtype)
    cell.build([None, I])

    def call(x):
        y, (c, h) = unrolled(tf, cell, x, cell.zero_state(N, x.dtype))
        return y, *(variable.value() for variable in cell.variables), h, c

    return Built(I), call


def torch_initialized(torch, initialize, *, I, H, num_proj):
    """A layer with biases of zeros and what ``initialize(layer)`` fills."""
    layer = torch.nn.LSTM(I, H, batch_first=True, proj_size=num_proj or 0)
    for bias in (layer.bias_ih_l0, layer.bias_hh_l0):
        torch.nn.init.zeros_(bias)
    initialize(layer)
    keep_forget_bias(torch, layer.requires_grad_(False), 1.0)

    def call(x):
        y, (h, c) = layer(x)
        kernel = torch.cat([layer.weight_ih_l0, layer.weight_hh_l0], dim=1).T
        projection = (layer.weight_hr_l0.T,) if num_proj else ()
        return y, kernel, layer.bias_ih_l0, *projection, h, c

    return torch.nn.Module(), call


SHOWN = dict(kernel="K (G H)", bias="(G H)", h="1 N P", c="1 N H")


@tf1_lstm_initializer.torch.layer("torch.nn.init", weights={}, **SHOWN)
def _(torch, *, I, H, K, J, initializer, num_proj):
    def filled(rows, columns):
        if initializer == "identity":
            return 0.5 * torch.nn.init.eye_(torch.empty(rows, columns))
        if initializer == "ones":
            return torch.nn.init.ones_(torch.empty(rows, columns))
        return torch.nn.init.constant_(torch.empty(rows, columns), 0.25)

    def initialize(layer):
        i, j, f, o = filled(K, 4 * H).chunk(4, dim=1)
        of_input, of_state = torch.cat([i, f, j, o], dim=1).T.split([I, J], dim=1)
        layer.weight_ih_l0.data.copy_(of_input)
        layer.weight_hh_l0.data.copy_(of_state)
        if num_proj:
            layer.weight_hr_l0.data.copy_(filled(H, num_proj).T)

    return torch_initialized(torch, initialize, I=I, H=H, num_proj=num_proj)


def initialized_otherwise(title, initialize, *, wrong, because, fix, size=None, initializer="constant", source=CELLS):
    def build(torch, *, I, H):
        return torch_initialized(torch, lambda layer: initialize(torch, layer), I=I, H=H, num_proj=None)

    when = dict(initializer=initializer, num_proj=None)
    declared = dict(when=when, wrong=wrong, size=size, because=because, source=source, fix=fix)
    tf1_lstm_initializer.torch.naive("torch.nn.LSTM", title, weights={}, **declared, **SHOWN)(build)


def every_parameter(torch, layer):
    for parameter in layer.parameters():
        torch.nn.init.constant_(parameter, 0.25)


def eye_of_each(torch, layer):
    for weight in (layer.weight_ih_l0, layer.weight_hh_l0):
        weight.data.copy_(0.5 * torch.nn.init.eye_(torch.empty(weight.shape)))


initialized_otherwise(
    "weights left as PyTorch draws them",
    lambda torch, layer: None,
    wrong=["output:kernel", "output:y", "state:*"],
    because="torch.nn.LSTM has no argument for an initializer, and draws from uniform(-1/sqrt(H), 1/sqrt(H))",
    source=TORCH_LSTM,
    fix="fill the weights with a function of torch.nn.init",
)
initialized_otherwise(
    "initializer applied to the biases",
    every_parameter,
    wrong=["output:bias", "output:y", "state:*"],
    because="the initializer fills the kernel, the peepholes and the projection; the bias starts from zeros",
    fix="fill weight_ih, weight_hh and weight_hr, and set the biases to 0",
)
initialized_otherwise(
    "initializer applied to each weight",
    eye_of_each,
    initializer="identity",
    wrong=["output:kernel", "output:y", "state:*"],
    size=(0.5, 2),
    because="the initializer fills one kernel of inputs and state, with the gates in the order i, j, f, o",
    fix="fill a matrix of (inputs + state, 4 * units), reorder its gates, and cut it into weight_ih and weight_hh",
)


tf1_lstm_shards = Case(
    "tf1_lstm_shards",
    "An LSTM cell with num_unit_shards and num_proj_shards, which cut its kernels into parts and change no result.",
    sizes=dict(SIZES, H=7, P=6, A=4, B=3),  # the first half of the kernel is for the input, the second for the state
    inputs=dict(x=normal("N T I")),
    weights=dict(cell_weights(), projection_0=normal("P A", std=0.5), projection_1=normal("P B", std=0.5)),
    outputs=dict(y="N T P"),
    states=dict(h="N P", c="N H"),
)


@tf1_lstm_shards.reference
def _(np, x, projection_0, projection_1, *, N, H, P, **weights):
    weights = dict(weights, projection=np.concatenate([projection_0, projection_1], axis=1))
    y, states = scan(np, lstm_step(), np.moveaxis(x, 1, 0), [np.zeros((N, P)), np.zeros((N, H))], weights)
    return np.stack(y, axis=1), *states


def sharded(H, P, dtype):
    return rnn_cell().LSTMCell(H, num_proj=P, num_unit_shards=2, num_proj_shards=2, dtype=dtype)


WHOLE = {"projection/kernel": concat("projection_0: A P", "projection_1: B P")}


@tf1_lstm_shards.tensorflow.layer(
    "tf.compat.v1.nn.rnn_cell.LSTMCell(num_unit_shards)", weights=dict(tf_variables(), **WHOLE)
)
def _(tf, *, I, H, P, dtype):
    cell = sharded(H, P, dtype)

    def call(x):
        y, (c, h) = tf.compat.v1.nn.dynamic_rnn(cell, x, dtype=x.dtype)
        return y, h, c

    return Built(I, cell), call


PATH = "scope/rnn/lstm_cell"
PARTS = {
    f"{PATH}/kernel/part_0": "kernel: I (G[i g f o] H)",
    f"{PATH}/kernel/part_1": "recurrent: J (G[i g f o] H)",
    f"{PATH}/bias": "bias: (G[i g f o] H)",
    f"{PATH}/projection/kernel/part_0": "projection_0: A P",
    f"{PATH}/projection/kernel/part_1": "projection_1: B P",
}


@tf1_lstm_shards.tensorflow.layer("tf.compat.v1.nn.rnn_cell.LSTMCell(num_unit_shards, in a graph)", weights=PARTS)
def _(tf, *, N, T, I, H, P, dtype):
    def call(x):
        with tf.compat.v1.variable_scope("scope", caching_device=""):
            y, (c, h) = tf.compat.v1.nn.dynamic_rnn(sharded(H, P, dtype), x, dtype=x.dtype)
        return y, h, c

    function = wrapped(tf, call, dtype, [N, T, I])
    return Wrapped(function), function


@tf1_lstm_shards.torch.layer(
    "torch.nn.LSTM(proj_size)",
    weights=dict(torch_variables(layer="_l0"), weight_hr_l0=concat("projection_0: P A", "projection_1: P B", axis=1)),
    h="1 N P",
    c="1 N H",
)
def _(torch, *, I, H, P):
    layer = torch.nn.LSTM(input_size=I, hidden_size=H, batch_first=True, proj_size=P)
    return with_states(keep_forget_bias(torch, layer, 1.0))


@tf1_lstm_shards.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.LSTMCell(num_unit_shards)",
    "warnings as errors",
    because="both arguments are deprecated, and the cell logs a warning",
    source=CELLS,
    fix="leave the arguments out, and pass a partitioner to the variable scope where the kernel is to be cut",
    raises="RuntimeWarning: The num_unit_shards and proj_unit_shards parameters are deprecated",
)
def _(tf, x, *, H, P, dtype, **weights):
    with warnings_as_errors(tf):
        return sharded(H, P, dtype)


@tf1_lstm_shards.torch.naive(
    "torch.nn.LSTM",
    "argument num_unit_shards",
    because="PyTorch keeps a weight in one tensor, and has no such argument",
    source=TORCH_LSTM,
    fix="leave the argument out: it changes no result",
    raises="TypeError: unexpected keyword argument 'num_unit_shards'",
)
def _(torch, x, *, I, H, P, **weights):
    return torch.nn.LSTM(I, H, proj_size=P, num_unit_shards=2)
