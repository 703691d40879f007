"""The two LSTM cells of document 002, of 30 and 20 units, on top of each other in a loop over time."""

from _recurrent import KERAS_CELL, lstm_step, scan
from _tf1 import Built, rnn_cell

from parity import Case, concat, grid, normal, zeros

GATES = ("i", "f", "g", "o")
TF1_GATES = "(G[i g f o] {0})"
UNEQUAL = ((0, "I", "A", "J"), (1, "A", "B", "K"))
"""The number of each cell, its inputs, its units and the units of the state that it gets."""

unequal_cells = Case(
    "unequal_cells",
    "An LSTM cell of 30 units and one of 20 on its outputs, in a loop over time: the first axis of the sequence.",
    sizes=dict(N=3, T=10, I=100, A=30, B=20, J=lambda A: A, K=lambda B: B, G=GATES),
    inputs=dict(x=normal("T N I")),
    weights={
        name: tensor
        for number, inputs, units, state in UNEQUAL
        for name, tensor in (
            (f"kernel_{number}", normal(f"G {units} {inputs}", std=0.1)),
            (f"recurrent_{number}", normal(f"G {units} {state}", std=0.1)),
            (f"bias_{number}", normal(f"G {units}", std=0.5)),
        )
    },
    outputs=dict(y="T N B"),
    states=dict(h1="N A", c1="N A", h2="N B", c2="N B"),
    variants=grid(T=[10, 3]),
)


@unequal_cells.reference
def _(np, x, kernel_0, recurrent_0, bias_0, kernel_1, recurrent_1, bias_1, *, N, A, B):
    first = dict(kernel=kernel_0, recurrent=recurrent_0, bias=bias_0)
    second = dict(kernel=kernel_1, recurrent=recurrent_1, bias=bias_1)
    between, finals = scan(np, lstm_step, list(x), [np.zeros((N, A))] * 2, first)
    y, finals2 = scan(np, lstm_step, between, [np.zeros((N, B))] * 2, second)
    return np.stack(y), *finals, *finals2


TORCH_CELLS = {
    f"{number}.{variable}": source
    for number, inputs, units, state in UNEQUAL
    for variable, source in dict(
        weight_ih=f"kernel_{number}: (G {units}) {inputs}",
        weight_hh=f"recurrent_{number}: (G {units}) {state}",
        bias_ih=f"bias_{number}: (G {units})",
        bias_hh=zeros(f"(G {units})"),
    ).items()
}


def keras_cells(prefix):
    return {
        f"{prefix}cell_{number}/{variable}": source
        for number, inputs, units, state in UNEQUAL
        for variable, source in dict(
            kernel=f"kernel_{number}: {inputs} (G {units})",
            recurrent_kernel=f"recurrent_{number}: {state} (G {units})",
            bias=f"bias_{number}: (G {units})",
        ).items()
    }


TF1_CELLS = {
    f"{number}/{variable}": source
    for number, inputs, units, state in UNEQUAL
    for variable, source in dict(
        kernel=concat(
            f"kernel_{number}: {inputs} {TF1_GATES.format(units)}",
            f"recurrent_{number}: {state} {TF1_GATES.format(units)}",
        ),
        bias=f"bias_{number}: {TF1_GATES.format(units)}",
    ).items()
}


def torch_cells(second_state=20):
    def build(torch, *, N):
        cell1, cell2 = torch.nn.LSTMCell(100, 30), torch.nn.LSTMCell(30, 20)

        def call(x):
            h1, c1 = (torch.zeros(N, 30, device=x.device) for _ in range(2))
            h2, c2 = (torch.zeros(N, second_state, device=x.device) for _ in range(2))
            outputs = []
            for xt in x:
                h1, c1 = cell1(xt, [h1, c1])
                h2, c2 = cell2(h1, [h2, c2])
                outputs.append(h2)
            return torch.stack(outputs), h1, c1, h2, c2

        return torch.nn.ModuleList([cell1, cell2]), call

    return build


unequal_cells.torch.layer("torch.nn.LSTMCell", weights=TORCH_CELLS)(torch_cells())


@unequal_cells.tensorflow.layer("keras.layers.LSTMCell", weights=keras_cells(""))
def _(tf, *, N):
    cells = tf.keras.layers.StackedRNNCells(
        [tf.keras.layers.LSTMCell(units, name=f"cell_{number}", **KERAS_CELL) for number, units in enumerate((30, 20))]
    )

    def call(x):
        (h1, c1), (h2, c2) = (cell.get_initial_state(N) for cell in cells.cells)
        outputs = []
        for xt in tf.unstack(x):
            _, (h1, c1) = cells.cells[0](xt, [h1, c1])
            _, (h2, c2) = cells.cells[1](h1, [h2, c2])
            outputs.append(h2)
        return tf.stack(outputs), h1, c1, h2, c2

    return cells, call


@unequal_cells.tensorflow.layer("keras.layers.StackedRNNCells", weights=keras_cells("stacked/"))
def _(tf):
    cells = [tf.keras.layers.LSTMCell(units, name=f"cell_{n}", **KERAS_CELL) for n, units in enumerate((30, 20))]
    stacked_cells = tf.keras.layers.StackedRNNCells(cells, name="stacked")
    layer = tf.keras.layers.RNN(stacked_cells, return_sequences=True, return_state=True)

    def call(x):
        y, *states = layer(tf.transpose(x, [1, 0, 2]))
        return tf.transpose(y, [1, 0, 2]), *tf.nest.flatten(states)

    return layer, call


@unequal_cells.tensorflow.layer("tf.compat.v1.nn.rnn_cell.MultiRNNCell", weights=TF1_CELLS)
def _(tf, *, dtype):
    cells = [rnn_cell().BasicLSTMCell(units, forget_bias=0.0, dtype=dtype) for units in (30, 20)]

    def call(x):
        multiple = rnn_cell().MultiRNNCell(cells)
        y, states = tf.compat.v1.nn.dynamic_rnn(multiple, x, dtype=x.dtype, time_major=True)
        return y, *(part for state in states for part in (state.h, state.c))

    return Built(100, *cells), call


LSTM_CELL = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html"

unequal_cells.torch.naive(
    "torch.nn.LSTMCell",
    "second state as wide as the first",
    when=dict(T=10),
    raises="RuntimeError: hidden0 has inconsistent hidden_size: got 30, expected 20",
    because="the states of a cell are as wide as its own hidden_size",
    source=LSTM_CELL,
    fix="make h2 and c2 of shape [batch, 20]",
    weights=TORCH_CELLS,
)(torch_cells(second_state=30))

for steps, title, raises in (
    (10, "loop over the batch axis", "RuntimeError: Input batch size 10 doesn't match hidden0 batch size 3"),
    (3, "loop over the batch axis, with as many texts as steps", None),
):
    unequal_cells.torch.naive(
        "torch.nn.LSTMCell",
        title,
        when=dict(T=steps),
        raises=raises,
        because="a loop over a tensor goes over its first axis: of [batch, seq, features] it takes the texts for steps",
        source=LSTM_CELL,
        fix="loop over x.unbind(1), or transpose the first two axes",
        weights=TORCH_CELLS,
        x="N T I",
        y="N T B",
    )(torch_cells())


@unequal_cells.torch.naive(
    "torch.nn.LSTM",
    "a size for each layer",
    when=dict(T=10),
    raises="TypeError: hidden_size should be of type int, got: list",
    because="all layers of torch.nn.LSTM have one hidden_size",
    source="torch/nn/modules/rnn.py of PyTorch 2.13.0: RNNBase",
    fix="use a torch.nn.LSTMCell for each layer, or one torch.nn.LSTM for each",
)
def _(torch, x, **weights):
    return torch.nn.LSTM(100, [30, 20], num_layers=2)(x)
