"""TensorFlow 1's cells around cells: layers on top of each other, and dropout with masks that are given."""

from _recurrent import scan
from _tf1 import (
    Built,
    keep_forget_bias,
    lstm_step,
    miscompiled,
    rnn_cell,
    tf_variables,
    torch_unrolled,
    torch_variables,
    unrolled,
    with_states,
)

from parity import Case, grid, integers, normal

SIZES = dict(N=4, T=3, H=5, J=lambda H: H, G=("i", "f", "g", "o"))
WRAPPERS = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cell_wrappers.py"
CELLS = "https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/src/layers/rnn/legacy_cells.py"
TORCH_LSTM = "https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html"


def lstm_weights(place="", inputs="I"):
    return {
        f"kernel{place}": normal(f"G H {inputs}", std=0.3),
        f"recurrent{place}": normal("G H J", std=0.3),
        f"bias{place}": normal("G H", std=0.5),
    }


tf1_multi_rnn_cell = Case(
    "tf1_multi_rnn_cell",
    "Two cells on top of each other, the second reading the first one's outputs.",
    sizes=dict(SIZES, I=lambda square, H: H if square else 6, L=2),
    parameters=dict(initial_state=False, square=False),
    inputs=lambda initial_state: dict(
        x=normal("N T I"), **(dict(h0=normal("L N H"), c0=normal("L N H")) if initial_state else {})
    ),
    weights=dict(lstm_weights("_0"), **lstm_weights("_1", "J")),
    outputs=dict(y="N T H"),
    states=dict(h="L N H", c="L N H"),
    variants=grid(initial_state=[False, True]) + grid(square=[True]),
)


@tf1_multi_rnn_cell.reference
def _(np, x, h0=None, c0=None, *, N, H, L, **weights):
    sequence, finals = np.moveaxis(x, 1, 0), []
    for layer in range(L):
        own = {name: weights[f"{name}_{layer}"] for name in ("kernel", "recurrent", "bias")}
        initial = [np.zeros((N, H))] * 2 if h0 is None else [h0[layer], c0[layer]]
        sequence, states = scan(np, lstm_step(), sequence, initial, own)
        finals.append(states)
    h, c = zip(*finals, strict=True)
    return np.stack(sequence, axis=1), np.stack(h), np.stack(c)


@tf1_multi_rnn_cell.torch.layer(
    "torch.nn.LSTM(num_layers)", weights={**torch_variables("_0", "_l0"), **torch_variables("_1", "_l1", "J")}
)
def _(torch, *, I, H, L):
    return with_states(keep_forget_bias(torch, torch.nn.LSTM(I, H, L, batch_first=True), 1.0))


NUMBERED = {**tf_variables("_0", "0/"), **tf_variables("_1", "1/", "J")}


KERNELS = dict(kernel="I (G[i g f o] H)", recurrent="J (G[i g f o] H)", bias="(G[i g f o] H)")


def stacked_states(tf, states):
    return tf.stack([state.h for state in states]), tf.stack([state.c for state in states])


@tf1_multi_rnn_cell.tensorflow.layer("tf.compat.v1.nn.rnn_cell.MultiRNNCell", weights=NUMBERED)
def _(tf, *, N, I, H, L, dtype):
    cells = rnn_cell()
    layers = [cells.BasicLSTMCell(H, dtype=dtype) for _ in range(L)]
    cell = cells.MultiRNNCell(layers)

    def call(x, h0=None, c0=None):
        if h0 is None:
            initial = cell.zero_state(N, x.dtype)
        else:
            initial = tuple(cells.LSTMStateTuple(c=c0[layer], h=h0[layer]) for layer in range(L))
        y, states = tf.compat.v1.nn.dynamic_rnn(cell, x, initial_state=initial)
        return y, *stacked_states(tf, states)

    return Built(I, *layers), call


@tf1_multi_rnn_cell.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.MultiRNNCell",
    "one cell repeated",
    when=dict(square=True),
    because="[cell] * 2 is one cell twice, so both layers use the weights that were loaded last",
    source=CELLS,
    fix="make a cell for each layer",
    **{f"{name}_0": layout for name, layout in KERNELS.items()},
    **{f"{name}_1": layout.replace("I", "J") for name, layout in KERNELS.items()},
)
def _(tf, x, kernel_0, recurrent_0, bias_0, kernel_1, recurrent_1, bias_1, *, I, H, L, dtype):
    cells = rnn_cell()
    layers = [cells.BasicLSTMCell(H, dtype=dtype)] * L
    loaded = [(kernel_0, recurrent_0, bias_0), (kernel_1, recurrent_1, bias_1)]
    layers[0].build([None, I])
    for cell, (kernel, recurrent, bias) in zip(layers, loaded, strict=True):
        variables = cell.variables
        variables[0].assign(tf.concat([kernel, recurrent], axis=0))
        variables[1].assign(bias)
    y, states = tf.compat.v1.nn.dynamic_rnn(cells.MultiRNNCell(layers), x, dtype=x.dtype)
    return y, *stacked_states(tf, states)


@tf1_multi_rnn_cell.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.MultiRNNCell",
    "one cell repeated over wider inputs",
    when=dict(square=False),
    because="[cell] * 2 is one cell, built for the width of the inputs, which the second layer's inputs do not have",
    source=CELLS,
    fix="make a cell for each layer",
    raises="InvalidArgumentError: Matrix size-incompatible",
)
def _(tf, x, *, H, L, dtype, **rest):
    cells = rnn_cell()
    cell = cells.MultiRNNCell([cells.BasicLSTMCell(H, dtype=dtype)] * L)
    return tf.compat.v1.nn.dynamic_rnn(cell, x, dtype=x.dtype)


tf1_dropout_wrapper = Case(
    "tf1_dropout_wrapper",
    "Dropout of a cell's inputs, outputs and state h, by the same masks at each step; it scales by 1/keep_prob.",
    sizes=dict(SIZES, I=6),
    parameters=dict(input_keep=1.0, output_keep=1.0, state_keep=1.0),
    inputs=dict(
        x=normal("N T I"),
        input_mask=integers("N I", 0, 2),
        output_mask=integers("N H", 0, 2),
        state_mask=integers("N J", 0, 2),
    ),
    weights=lstm_weights(),
    outputs=dict(y="N T H"),
    states=dict(h="N H", c="N H"),
    variants=grid(input_keep=[1.0, 0.5])
    + grid(output_keep=[0.5])
    + grid(state_keep=[0.5])
    + grid(input_keep=[0.5], output_keep=[0.75], state_keep=[0.5]),
)


def keeping(x, mask, keep):
    return x if keep == 1 else x / keep * mask


@tf1_dropout_wrapper.reference
def _(np, x, input_mask, output_mask, state_mask, *, N, H, input_keep, output_keep, state_keep, **weights):
    h = c = np.zeros((N, H))
    outputs = []
    for part in np.moveaxis(x, 1, 0):
        h, c = lstm_step()(np, keeping(part, input_mask, input_keep), h, c, **weights)
        outputs.append(keeping(h, output_mask, output_keep))
        h = keeping(h, state_mask, state_keep)
    return np.stack(outputs, axis=1), h, c


@tf1_dropout_wrapper.torch.layer("torch.nn.LSTMCell", weights=torch_variables())
def _(torch, *, I, H, input_keep, output_keep, state_keep):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), 1.0)

    def call(x, input_mask, output_mask, state_mask):
        outputs, states = [], None
        for part in x.unbind(1):
            h, c = cell(keeping(part, input_mask, input_keep), states)
            outputs.append(keeping(h, output_mask, output_keep))
            states = keeping(h, state_mask, state_keep), c
        return torch.stack(outputs, dim=1), *states

    return cell, call


def variational(tf, I, H, input_keep, output_keep, state_keep, dtype):
    """The wrapped cell, and a function that gives it its masks."""
    cells = rnn_cell()
    cell = cells.BasicLSTMCell(H, dtype=dtype)
    wrapped = cells.DropoutWrapper(
        cell,
        input_keep_prob=input_keep,
        output_keep_prob=output_keep,
        state_keep_prob=state_keep,
        variational_recurrent=True,
        input_size=I,
        dtype=dtype,
    )

    def masked(*masks):
        noise = [tf.cast(mask, dtype) * 0.75 for mask in masks]  # the wrapper keeps where keep_prob + noise >= 1
        wrapped._recurrent_input_noise, wrapped._recurrent_output_noise = noise[:2]
        wrapped._recurrent_state_noise = cells.LSTMStateTuple(c=noise[2], h=noise[2])
        return wrapped

    return Built(I, cell), masked


@tf1_dropout_wrapper.tensorflow.layer("tf.compat.v1.nn.rnn_cell.DropoutWrapper", weights=tf_variables())
def _(tf, *, I, H, input_keep, output_keep, state_keep, dtype):
    layer, masked = variational(tf, I, H, input_keep, output_keep, state_keep, dtype)

    def call(x, *masks):
        y, (c, h) = tf.compat.v1.nn.dynamic_rnn(masked(*masks), x, dtype=x.dtype)
        return y, h, c

    return layer, call


@tf1_dropout_wrapper.tensorflow.layer("tf.compat.v1.nn.rnn_cell.DropoutWrapper(in a loop)", weights=tf_variables())
def _(tf, *, N, I, H, input_keep, output_keep, state_keep, dtype):
    layer, masked = variational(tf, I, H, input_keep, output_keep, state_keep, dtype)

    def call(x, *masks):
        cell = masked(*masks)
        y, (c, h) = unrolled(tf, cell, x, cell.zero_state(N, x.dtype))
        return y, h, c

    return layer, call


miscompiled(
    tf1_dropout_wrapper,
    "tf.compat.v1.nn.rnn_cell.DropoutWrapper(in a loop)",
    when=dict(input_keep=1.0, state_keep=1.0, output_keep=1.0),
)
miscompiled(
    tf1_dropout_wrapper,
    "tf.compat.v1.nn.rnn_cell.DropoutWrapper(in a loop)",
    when=dict(input_keep=1.0, state_keep=1.0, output_keep=0.5),
    elements=200,
)


@tf1_dropout_wrapper.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.DropoutWrapper",
    "variational_recurrent=True without dtype",
    when=dict(input_keep=0.5, output_keep=1.0),
    because="the masks are drawn when the wrapper is made, which has not seen the format of the inputs yet",
    source=WRAPPERS,
    fix="pass dtype=",
    raises="ValueError: When variational_recurrent=True, dtype must be provided",
)
def _(tf, x, *, I, H, input_keep, **rest):
    cells = rnn_cell()
    cell = cells.BasicLSTMCell(H)
    wrapped = cells.DropoutWrapper(cell, input_keep_prob=input_keep, variational_recurrent=True, input_size=I)
    return tf.compat.v1.nn.dynamic_rnn(wrapped, x, dtype=x.dtype)


@tf1_dropout_wrapper.tensorflow.naive(
    "tf.compat.v1.nn.rnn_cell.DropoutWrapper",
    "variational_recurrent=True without input_size",
    when=dict(input_keep=0.5, output_keep=1.0),
    because="the mask of the inputs is drawn when the wrapper is made, which has not seen their width yet",
    source=WRAPPERS,
    fix="pass input_size=, the width of the inputs",
    raises="ValueError: input_size must be provided",
)
def _(tf, x, *, H, input_keep, dtype, **rest):
    cells = rnn_cell()
    cell = cells.BasicLSTMCell(H)
    wrapped = cells.DropoutWrapper(cell, input_keep_prob=input_keep, variational_recurrent=True, dtype=dtype)
    return tf.compat.v1.nn.dynamic_rnn(wrapped, x, dtype=x.dtype)


@tf1_dropout_wrapper.torch.naive(
    "torch.nn.LSTM(dropout)",
    "one layer",
    when=dict(output_keep=0.5),
    wrong="output:y",
    because="torch.nn.LSTM drops between its layers, and so nothing after the last one",
    source=TORCH_LSTM,
    fix="apply torch.nn.functional.dropout to the outputs",
    weights=torch_variables(layer="_l0"),
    h="1 N H",
    c="1 N H",
)
def _(torch, *, I, H, output_keep):
    layer, call = with_states(
        keep_forget_bias(torch, torch.nn.LSTM(I, H, batch_first=True, dropout=1 - output_keep), 1.0)
    )
    return layer, lambda x, *masks: call(x)


@tf1_dropout_wrapper.torch.naive(
    "torch.nn.LSTMCell",
    "dropped outputs fed back",
    when=dict(output_keep=0.5),
    because="output_keep_prob drops what leaves the cell, and neither the next step's state nor the final one",
    source=WRAPPERS,
    fix="keep the cell's own h as the state",
    weights=torch_variables(),
)
def _(torch, *, I, H, output_keep):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), 1.0)

    def call(x, input_mask, output_mask, state_mask):
        def dropped(part, states):
            h, c = cell(part, states)
            return keeping(h, output_mask, output_keep), c

        return torch_unrolled(torch, dropped, x, None)

    return cell, call


@tf1_dropout_wrapper.torch.naive(
    "torch.nn.LSTMCell",
    "state_keep_prob applied to c",
    when=dict(state_keep=0.5, input_keep=1.0),
    because="the wrapper leaves the cell state c of an LSTM alone, and drops h",
    source=WRAPPERS,
    fix="drop h only",
    weights=torch_variables(),
)
def _(torch, *, I, H, state_keep):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), 1.0)

    def call(x, input_mask, output_mask, state_mask):
        outputs, states = [], None
        for part in x.unbind(1):
            states = cell(part, states)
            outputs.append(states[0])
            states = [keeping(state, state_mask, state_keep) for state in states]
        return torch.stack(outputs, dim=1), *states

    return cell, call


@tf1_dropout_wrapper.torch.naive(
    "torch.nn.LSTMCell",
    "keep_prob taken for the rate",
    when=dict(output_keep=0.75),
    wrong="output:y",
    size=(0.99, 4.1),
    because="what is kept is divided by keep_prob, which is one minus PyTorch's p",
    source="https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html",
    fix="pass p = 1 - keep_prob",
    weights=torch_variables(),
)
def _(torch, *, I, H, input_keep, output_keep, state_keep):
    cell = keep_forget_bias(torch, torch.nn.LSTMCell(I, H), 1.0)

    def call(x, input_mask, output_mask, state_mask):
        outputs, states = [], None
        for part in x.unbind(1):
            h, c = cell(keeping(part, input_mask, 1 - input_keep), states)
            outputs.append(keeping(h, output_mask, 1 - output_keep))
            states = keeping(h, state_mask, 1 - state_keep), c
        return torch.stack(outputs, dim=1), *states

    return cell, call
