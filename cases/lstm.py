"""Layers of long short-term memory."""

from _recurrent import KERAS_LAYER, SIZES, keras_path, keras_stack, layer_inputs, lstm_step, places, stacked

from parity import Case, grid, normal, zeros


def weights(layers, bidirectional, bias, std):
    tensors = {}
    for place, features in places(layers, bidirectional):
        tensors[f"kernel_{place}"] = normal(f"G H {features}", std=std)
        tensors[f"recurrent_{place}"] = normal("G H J", std=std)
        if bias:
            tensors[f"bias_{place}"] = normal("G H", std=0.5)
    return tensors


lstm = Case(
    "lstm",
    "Layers of long short-term memory, in one or both directions: the outputs, and the final states of each layer.",
    sizes=dict(SIZES, G=("i", "f", "g", "o")),
    parameters=dict(layers=1, bidirectional=False, initial_state=False, time_major=False, bias=True, std=0.3),
    inputs=layer_inputs("h0", "c0"),
    weights=weights,
    outputs=lambda time_major: dict(y="T N K" if time_major else "N T K"),
    states=dict(h="L D N H", c="L D N H"),
    steps="T",
    variants=grid(layers=[1, 2], bidirectional=[False, True], initial_state=[False, True])
    + grid(time_major=[True])
    + grid(time_major=[True], layers=[2], bidirectional=[True], initial_state=[True])
    + grid(bias=[False], layers=[2], bidirectional=[True])
    + grid(T=[1], bidirectional=[True], initial_state=[False, True])
    + grid(T=[4])
    + grid(N=[1], I=[64], H=[64], initial_state=[True])
    + grid(N=[3], T=[5], I=[10], H=[20], layers=[2], time_major=[True], initial_state=[True])
    + grid(N=[3], T=[10], I=[100], H=[20], layers=[4]),
)
lstm.timed({"PTB-medium": dict(N=20, T=35, I=650, H=650, std=0.05)}, moves=False)


@lstm.reference
def _(np, x, h0=None, c0=None, *, L, D, N, H, time_major, **weights):
    nothing = np.zeros((L, D, N, H))
    initial = [nothing, nothing] if h0 is None else [h0, c0]
    return stacked(np, lstm_step, x, initial, weights, L=L, D=D, time_major=time_major)


def torch_variables(layers, bidirectional, bias):
    variables = {}
    for place, features in places(layers, bidirectional):
        variables[f"weight_ih_l{place}"] = f"kernel_{place}: (G H) {features}"
        variables[f"weight_hh_l{place}"] = f"recurrent_{place}: (G H) J"
        if bias:
            variables[f"bias_ih_l{place}"] = f"bias_{place}: (G H)"
            variables[f"bias_hh_l{place}"] = zeros("(G H)")
    return variables


INITIALS = dict(h0="(L D) N H", c0="(L D) N H")
FINALS = dict(h="(L D) N H", c="(L D) N H")


@lstm.torch.layer("torch.nn.LSTM", weights=torch_variables, **INITIALS, **FINALS)
def _(torch, *, I, H, layers, bidirectional, time_major, bias):
    layer = torch.nn.LSTM(I, H, layers, bias=bias, batch_first=not time_major, bidirectional=bidirectional)

    def call(x, *initial):
        y, (h, c) = layer(x, initial or None)
        return y, h, c

    return layer, call


def keras_variables(layers, bidirectional, bias):
    variables = {}
    for place, features in places(layers, bidirectional):
        cell = keras_path(place, "lstm_cell", bidirectional)
        variables[f"{cell}/kernel"] = f"kernel_{place}: {features} (G H)"
        variables[f"{cell}/recurrent_kernel"] = f"recurrent_{place}: J (G H)"
        if bias:
            variables[f"{cell}/bias"] = f"bias_{place}: (G H)"
    return variables


@lstm.tensorflow.layer("keras.layers.LSTM", weights=keras_variables)
def _(tf, *, L, D, H, time_major, bias):
    def make(name):
        return tf.keras.layers.LSTM(H, use_bias=bias, name=name, **KERAS_LAYER)

    return keras_stack(tf, make, L=L, D=D, H=H, time_major=time_major)


CANONICAL = dict(kernel_0="(G H) I", recurrent_0="(G H) J", bias_0="(G H)")
ONE_LAYER = dict(layers=1, bidirectional=False, initial_state=False, time_major=False)
DOCUMENTED = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html"


def with_weights(torch, layer, weights, x):
    y, (h, c) = torch.func.functional_call(layer, weights, x)
    return y, h, c


@lstm.torch.naive(
    "torch.nn.LSTM",
    "gates i, j, f, o loaded as i, f, g, o",
    when=ONE_LAYER,
    because="the cells of TensorFlow 1 keep their gates in the order i, j, f, o, where j is PyTorch's g",
    source="tf_keras/src/layers/rnn/legacy_cells.py, BasicLSTMCell.call",
    fix="swap the second and third block of kernel and bias",
    weights=dict(
        weight_ih_l0="kernel_0: (G[i g f o] H) I",
        weight_hh_l0="recurrent_0: (G[i g f o] H) J",
        bias_ih_l0="bias_0: (G[i g f o] H)",
        bias_hh_l0=zeros("(G H)"),
    ),
    **FINALS,
)
def _(torch, *, I, H):
    layer = torch.nn.LSTM(I, H, batch_first=True)

    def call(x):
        y, (h, c) = layer(x)
        return y, h, c

    return layer, call


@lstm.torch.naive(
    "torch.nn.LSTM",
    "kernel reshaped instead of transposed",
    when=ONE_LAYER,
    because="Keras stores kernels as [from, 4 H]; reshaping to [4 H, from] keeps the size and scrambles the numbers",
    source="keras/src/layers/rnn/lstm.py, LSTMCell.build, in Keras 3.15.1",
    fix="transpose both kernels",
    kernel_0="I (G H)",
    recurrent_0="J (G H)",
    bias_0="(G H)",
    **FINALS,
)
def _(torch, x, kernel_0, recurrent_0, bias_0, *, I, H):
    weights = dict(
        weight_ih_l0=kernel_0.reshape(4 * H, I),
        weight_hh_l0=recurrent_0.reshape(4 * H, H),
        bias_ih_l0=bias_0,
        bias_hh_l0=torch.zeros_like(bias_0),
    )
    return with_weights(torch, torch.nn.LSTM(I, H, batch_first=True), weights, x)


@lstm.torch.naive(
    "torch.nn.LSTM",
    "bias copied to both bias_ih and bias_hh",
    when=ONE_LAYER,
    because="torch.nn.LSTM adds two biases where Keras has one, so that the bias counts twice",
    source=DOCUMENTED,
    fix="copy the bias to one of them and fill the other with zeros",
    **CANONICAL,
    **FINALS,
)
def _(torch, x, kernel_0, recurrent_0, bias_0, *, I, H):
    weights = dict(weight_ih_l0=kernel_0, weight_hh_l0=recurrent_0, bias_ih_l0=bias_0, bias_hh_l0=bias_0)
    return with_weights(torch, torch.nn.LSTM(I, H, batch_first=True), weights, x)


@lstm.torch.naive(
    "torch.nn.LSTM",
    "bias_hh left at its random start",
    when=ONE_LAYER,
    because="torch.nn.LSTM draws both biases from a uniform distribution, and the one that is not loaded keeps adding",
    source=DOCUMENTED,
    fix="fill bias_hh with zeros",
    **CANONICAL,
    **FINALS,
)
def _(torch, x, kernel_0, recurrent_0, bias_0, *, I, H):
    torch.manual_seed(0)
    layer = torch.nn.LSTM(I, H, batch_first=True, device=x.device)
    weights = dict(weight_ih_l0=kernel_0, weight_hh_l0=recurrent_0, bias_ih_l0=bias_0)
    return with_weights(torch, layer, weights, x)


@lstm.torch.naive(
    "torch.nn.LSTM",
    "state (c, h) passed as it is",
    when=dict(layers=1, bidirectional=False, initial_state=True),
    because="LSTMStateTuple of TensorFlow 1 is (c, h), the state of torch.nn.LSTM is (h, c), and both have one shape",
    source="tf_keras/src/layers/rnn/legacy_cells.py, LSTMStateTuple",
    fix="pass (state.h, state.c)",
    weights=torch_variables,
    **INITIALS,
    **FINALS,
)
def _(torch, *, I, H):
    layer = torch.nn.LSTM(I, H, batch_first=True)

    def call(x, h0, c0):
        y, (h, c) = layer(x, (c0, h0))
        return y, h, c

    return layer, call


@lstm.torch.naive(
    "torch.nn.LSTM",
    "final state[0] taken for c",
    when=ONE_LAYER,
    wrong="state:*",
    because="torch.nn.LSTM returns (h, c), the cells of TensorFlow 1 (c, h)",
    source=DOCUMENTED,
    fix="unpack as y, (h, c)",
    weights=torch_variables,
    **FINALS,
)
def _(torch, *, I, H):
    layer = torch.nn.LSTM(I, H, batch_first=True)

    def call(x):
        y, (c, h) = layer(x)
        return y, h, c

    return layer, call


@lstm.torch.naive(
    "torch.nn.LSTM",
    "batch_first forgotten",
    when=dict(T=4),
    because="torch.nn.LSTM takes the first axis for time, and where T = N no shape tells",
    source=DOCUMENTED,
    fix="pass batch_first=True",
    weights=torch_variables,
    **FINALS,
)
def _(torch, *, I, H):
    layer = torch.nn.LSTM(I, H)

    def call(x):
        y, (h, c) = layer(x)
        return y, h, c

    return layer, call


@lstm.torch.naive(
    "torch.nn.LSTM",
    "batch_first in the place of num_layers",
    when=ONE_LAYER,
    raises="TypeError: lstm() received an invalid combination of arguments",
    because="the third argument is num_layers: the layer is made with num_layers=True, and fails when it is called",
    source=DOCUMENTED,
    fix="name the argument: batch_first=True",
    weights=torch_variables,
)
def _(torch, *, I, H):
    return torch.nn.LSTM(I, H, True)


@lstm.torch.naive(
    "torch.nn.LSTM",
    "num_layer for num_layers",
    when=dict(layers=2, bidirectional=False, initial_state=False),
    raises="TypeError: unexpected keyword argument 'num_layer'",
    because="the argument is called num_layers",
    source=DOCUMENTED,
    fix="write num_layers=2",
    weights=torch_variables,
    **FINALS,
)
def _(torch, *, I, H):
    return torch.nn.LSTM(I, H, num_layer=2, batch_first=True)


@lstm.torch.naive(
    "torch.nn.LSTM",
    "one direction taken for two",
    when=dict(layers=1, bidirectional=True, initial_state=False),
    kind="shape",
    because="an LSTM reads forward only, whatever the model is called: its outputs are half as wide",
    source="torch/nn/modules/rnn.py of PyTorch 2.13.0: LSTM",
    fix="pass bidirectional=True",
    **CANONICAL,
    **FINALS,
)
def _(torch, x, kernel_0, recurrent_0, bias_0, *, I, H, **backward):
    weights = dict(
        weight_ih_l0=kernel_0, weight_hh_l0=recurrent_0, bias_ih_l0=bias_0, bias_hh_l0=torch.zeros_like(bias_0)
    )
    return with_weights(torch, torch.nn.LSTM(I, H, batch_first=True), weights, x)


BOTH_WAYS = dict(layers=1, bidirectional=True, initial_state=True, time_major=False)


def called(change):
    """A bidirectional layer, called as ``change(torch, layer, x, h0, c0)`` says."""

    def build(torch, *, I, H):
        layer = torch.nn.LSTM(I, H, batch_first=True, bidirectional=True)
        return layer, lambda x, h0, c0: change(torch, layer, x, h0, c0)

    return build


for api, title, raises, because, fix, change in (
    (
        "torch.nn.LSTM",
        "initial states with the batch first",
        "RuntimeError: Expected hidden[0] size (2, 4, 5), got [4, 2, 5]",
        "batch_first applies to the sequences only: states are [num_layers * num_directions, batch, hidden_size]",
        "put the axis of layers and directions first",
        lambda torch, layer, x, h0, c0: layer(x, (h0.transpose(0, 1), c0.transpose(0, 1))),
    ),
    (
        "torch.nn.LSTM",
        "initial states of one direction for two",
        "RuntimeError: Expected hidden[0] size (2, 4, 5), got [1, 4, 5]",
        "each layer has a state for each direction",
        "make states of num_layers * 2",
        lambda torch, layer, x, h0, c0: layer(x, (h0[:1], c0[:1])),
    ),
    (
        "torch.Tensor.copy_",
        "outputs of both directions as wide as one",
        "RuntimeError: The size of tensor a (5) must match the size of tensor b (10)",
        "the outputs of both directions are beside each other: [batch, seq, 2 * hidden_size]",
        "allocate 2 * hidden_size",
        lambda torch, layer, x, h0, c0: torch.empty_like(x[..., :5]).copy_(layer(x, (h0, c0))[0]),
    ),
    (
        "torch.nn.Linear",
        "hidden_size inputs after both directions",
        "RuntimeError: x10 and 5x3)",
        "the outputs of both directions are beside each other: [batch, seq, 2 * hidden_size]",
        "make the layer with 2 * hidden_size inputs",
        lambda torch, layer, x, h0, c0: torch.nn.Linear(5, 3)(layer(x, (h0, c0))[0]),
    ),
):
    lstm.torch.naive(
        api,
        title,
        when=BOTH_WAYS,
        raises=raises,
        because=because,
        source=DOCUMENTED,
        fix=fix,
        weights=torch_variables,
        **INITIALS,
    )(called(change))


@lstm.torch.naive(
    "torch.nn.LSTM",
    "nonlinearity passed",
    when=ONE_LAYER,
    raises="TypeError: unexpected keyword argument 'nonlinearity'",
    because="only torch.nn.RNN and torch.nn.RNNCell take a nonlinearity; keras.layers.LSTM takes an activation",
    source="torch/nn/modules/rnn.py of PyTorch 2.13.0: RNNBase",
    fix="leave it out where it is tanh; write the cell by hand where it is not",
    weights=torch_variables,
)
def _(torch, *, I, H):
    return torch.nn.LSTM(I, H, nonlinearity="relu", batch_first=True)


@lstm.tensorflow.naive(
    "keras.layers.Bidirectional",
    "initial states ordered by kind",
    when=dict(layers=1, bidirectional=True, initial_state=True),
    because="Bidirectional takes both states of the forward layer, then both of the backward layer",
    source="keras/src/layers/rnn/bidirectional.py, Bidirectional.call, in Keras 3.15.1",
    fix="pass initial_state=[forward_h, forward_c, backward_h, backward_c]",
    weights=lambda: {
        name.removeprefix("layer_0/"): text for name, text in keras_variables(1, bidirectional=True, bias=True).items()
    },
)
def _(tf, *, H):
    layer = tf.keras.layers.Bidirectional(tf.keras.layers.LSTM(H, name="rnn", **KERAS_LAYER))

    def call(x, h0, c0):
        y, *finals = layer(x, initial_state=[h0[0, 0], h0[0, 1], c0[0, 0], c0[0, 1]])
        return y, tf.stack(finals[0::2])[None], tf.stack(finals[1::2])[None]

    return layer, call


@lstm.tensorflow.naive(
    "keras.layers.LSTM",
    "recurrent_activation hard_sigmoid",
    when=ONE_LAYER,
    because="the gates of torch.nn.LSTM are logistic; a piecewise linear gate was the default of Keras before 2.3",
    source="https://github.com/keras-team/keras/releases/tag/2.3.0",
    fix="keep Keras's default, sigmoid; a model with hard gates needs a hand-written cell in PyTorch",
    weights={
        "lstm_cell/kernel": "kernel_0: I (G H)",
        "lstm_cell/recurrent_kernel": "recurrent_0: J (G H)",
        "lstm_cell/bias": "bias_0: (G H)",
    },
)
def _(tf, *, H):
    layer = tf.keras.layers.LSTM(H, recurrent_activation="hard_sigmoid", **KERAS_LAYER)

    def call(x):
        y, h, c = layer(x)
        return y, h[None, None], c[None, None]

    return layer, call
