"""States that leave a layer: into the next part of a sequence, into the layer above, into a classifier."""

from _recurrent import KERAS_CELL, KERAS_LAYER, lstm_step, scan

from parity import Case, grid, normal, zeros

GATES = ("i", "f", "g", "o")
DOCUMENTED = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html"

ONE_LAYER = dict(kernel=normal("G H I", std=0.3), recurrent=normal("G H J", std=0.3), bias=normal("G H", std=0.5))
TORCH_WEIGHTS = dict(
    weight_ih_l0="kernel: (G H) I",
    weight_hh_l0="recurrent: (G H) J",
    bias_ih_l0="bias: (G H)",
    bias_hh_l0=zeros("(G H)"),
)
KERAS_WEIGHTS = {
    "lstm_cell/kernel": "kernel: I (G H)",
    "lstm_cell/recurrent_kernel": "recurrent: J (G H)",
    "lstm_cell/bias": "bias: (G H)",
}

carried_state = Case(
    "carried_state",
    "A sequence in two parts, the second of which starts in the final state of the first; truncated, no gradient "
    "goes back from the second part to the first.",
    sizes=dict(N=4, T=3, I=6, H=5, J=lambda H: H, G=GATES),
    parameters=dict(truncated=True),
    inputs=dict(first=normal("N T I"), second=normal("N T I")),
    weights=ONE_LAYER,
    outputs=dict(y_first="N T H", y_second="N T H"),
    states=dict(h="N H", c="N H"),
    variants=grid(truncated=[True, False]),
)


@carried_state.reference
def _(np, first, second, *, N, H, truncated, **weights):
    zero = np.zeros((N, H))
    y_first, states = scan(np, lstm_step, np.moveaxis(first, 1, 0), [zero, zero], weights)
    carried = [np.stop_gradient(state) for state in states] if truncated else states
    y_second, finals = scan(np, lstm_step, np.moveaxis(second, 1, 0), carried, weights)
    return np.stack(y_first, axis=1), np.stack(y_second, axis=1), *finals


def carried(torch, I, H, carry):
    """An LSTM called on both parts, with ``carry(h, c)`` between them."""
    layer = torch.nn.LSTM(I, H, batch_first=True)

    def call(first, second):
        y_first, (h, c) = layer(first)
        y_second, (h, c) = layer(second, carry(h, c))
        return y_first, y_second, h[0], c[0]

    return layer, call


@carried_state.torch.layer("torch.nn.LSTM", weights=TORCH_WEIGHTS)
def _(torch, *, I, H, truncated):
    return carried(torch, I, H, lambda h, c: (h.detach(), c.detach()) if truncated else (h, c))


@carried_state.tensorflow.layer("keras.layers.LSTM", weights=KERAS_WEIGHTS)
def _(tf, *, H, truncated):
    layer = tf.keras.layers.LSTM(H, **KERAS_LAYER)

    def call(first, second):
        y_first, *states = layer(first)
        states = [tf.stop_gradient(state) for state in states] if truncated else states
        y_second, *states = layer(second, initial_state=states)
        return y_first, y_second, *states

    return layer, call


@carried_state.torch.naive(
    "torch.nn.LSTM",
    "carried state not detached",
    when=dict(truncated=True),
    wrong=["grad:bias", "grad:first", "grad:kernel", "grad:recurrent"],
    because="a session of TensorFlow 1 ends at each part, and feeds the state back in as plain numbers",
    source="tutorials/rnn/ptb/ptb_word_lm.py of tensorflow/models: run_epoch",
    fix="detach h and c between the parts",
    weights=TORCH_WEIGHTS,
)
def _(torch, *, I, H):
    return carried(torch, I, H, lambda h, c: (h, c))


@carried_state.torch.naive(
    "torch.nn.LSTM",
    "carried state detached",
    when=dict(truncated=False),
    wrong=["grad:bias", "grad:first", "grad:kernel", "grad:recurrent"],
    because="detach ends the gradient, which one tape over both parts carries on",
    source="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html",
    fix="pass h and c as they are",
    weights=TORCH_WEIGHTS,
)
def _(torch, *, I, H):
    return carried(torch, I, H, lambda h, c: (h.detach(), c.detach()))


@carried_state.torch.naive(
    "torch.nn.LSTM",
    "state not passed on",
    when=dict(truncated=True),
    wrong=["output:y_second", "state:*"],
    because="torch.nn.LSTM keeps no state between calls, as keras.layers.LSTM(stateful=True) does",
    source=DOCUMENTED,
    fix="pass the final state of one call as the second argument of the next",
    weights=TORCH_WEIGHTS,
)
def _(torch, *, I, H):
    return carried(torch, I, H, lambda h, c: None)


@carried_state.tensorflow.naive(
    "keras.layers.LSTM",
    "stateful for a state to be differentiated",
    when=dict(truncated=False),
    wrong=["grad:bias", "grad:first", "grad:kernel", "grad:recurrent"],
    because="a stateful layer keeps its state in variables, and no gradient goes through an assignment",
    source="keras/src/layers/rnn/rnn.py, RNN.call, in Keras 3.15.1",
    fix="pass initial_state",
    weights=KERAS_WEIGHTS,
)
def _(tf, *, H):
    layer = tf.keras.layers.LSTM(H, stateful=True, **KERAS_LAYER)

    def call(first, second):
        layer.reset_states()
        y_first, *_ = layer(first)
        y_second, *states = layer(second)
        return y_first, y_second, *states

    return layer, call


stacked_cells = Case(
    "stacked_cells",
    "Two LSTM cells of one size, the second on the outputs of the first, in a loop over time.",
    sizes=dict(N=4, T=3, H=5, I=lambda H: H, J=lambda H: H, G=GATES),
    inputs=dict(x=normal("N T I")),
    weights={f"{name}_{number}": weight for number in (0, 1) for name, weight in ONE_LAYER.items()},
    outputs=dict(y="N T H"),
)


@stacked_cells.reference
def _(np, x, kernel_0, recurrent_0, bias_0, kernel_1, recurrent_1, bias_1, *, N, H):
    sequence, zero = np.moveaxis(x, 1, 0), np.zeros((N, H))
    for kernel, recurrent, bias in ((kernel_0, recurrent_0, bias_0), (kernel_1, recurrent_1, bias_1)):
        weights = dict(kernel=kernel, recurrent=recurrent, bias=bias)
        sequence, _ = scan(np, lstm_step, sequence, [zero, zero], weights)
    return np.stack(sequence, axis=1)


def through(torch, cells, x):
    states, outputs = [None] * len(cells), []
    for part in x.unbind(1):
        for number, cell in enumerate(cells):
            states[number] = cell(part, states[number])
            part = states[number][0]
        outputs.append(part)
    return torch.stack(outputs, dim=1)


@stacked_cells.torch.layer(
    "torch.nn.LSTMCell",
    weights={
        f"{number}.{variable}": source
        for number in (0, 1)
        for variable, source in dict(
            weight_ih=f"kernel_{number}: (G H) I",
            weight_hh=f"recurrent_{number}: (G H) J",
            bias_ih=f"bias_{number}: (G H)",
            bias_hh=zeros("(G H)"),
        ).items()
    },
)
def _(torch, *, I, H):
    cells = torch.nn.ModuleList(torch.nn.LSTMCell(I, H) for _ in range(2))
    return cells, lambda x: through(torch, cells, x)


@stacked_cells.tensorflow.layer(
    "keras.layers.StackedRNNCells",
    weights={
        f"stacked/cell_{number}/{variable}": source
        for number in (0, 1)
        for variable, source in dict(
            kernel=f"kernel_{number}: I (G H)",
            recurrent_kernel=f"recurrent_{number}: J (G H)",
            bias=f"bias_{number}: (G H)",
        ).items()
    },
)
def _(tf, *, H):
    cells = [tf.keras.layers.LSTMCell(H, name=f"cell_{number}", **KERAS_CELL) for number in range(2)]
    return tf.keras.layers.RNN(tf.keras.layers.StackedRNNCells(cells, name="stacked"), return_sequences=True)


@stacked_cells.torch.naive(
    "torch.nn.LSTMCell",
    "one cell twice in a list",
    because="[cell] * 2 holds one cell with one set of weights, whichever layer they were loaded for last",
    source="measured with torch 2.13.0",
    fix="make a cell for each layer",
    **{
        f"{name}_{n}": text
        for n in (0, 1)
        for name, text in (("kernel", "(G H) I"), ("recurrent", "(G H) J"), ("bias", "(G H)"))
    },
)
def _(torch, x, kernel_0, recurrent_0, bias_0, kernel_1, recurrent_1, bias_1, *, I, H):
    weights = dict(weight_ih=kernel_1, weight_hh=recurrent_1, bias_ih=bias_1, bias_hh=torch.zeros_like(bias_1))
    cell = torch.nn.LSTMCell(I, H)
    return through(torch, [lambda *given: torch.func.functional_call(cell, weights, given)] * 2, x)


@stacked_cells.tensorflow.naive(
    "keras.layers.StackedRNNCells",
    "one cell twice in a list",
    because="[cell] * 2 holds one cell with one set of weights, whichever layer they were loaded for last",
    source="measured with TensorFlow 2.21.0, Keras 3.15.1",
    fix="make a cell for each layer",
    **{
        f"{name}_{n}": text
        for n in (0, 1)
        for name, text in (("kernel", "I (G H)"), ("recurrent", "J (G H)"), ("bias", "(G H)"))
    },
)
def _(tf, x, kernel_0, recurrent_0, bias_0, kernel_1, recurrent_1, bias_1, *, H):
    cell = tf.keras.layers.LSTMCell(H, **KERAS_CELL)
    layer = tf.keras.layers.RNN(tf.keras.layers.StackedRNNCells([cell] * 2), return_sequences=True)
    layer.build(x.shape)
    for weights in ((kernel_0, recurrent_0, bias_0), (kernel_1, recurrent_1, bias_1)):
        cell.set_weights(weights)
    return layer(x)


final_states = Case(
    "final_states",
    "What a classifier gets from a bidirectional LSTM: the final state of each direction, beside each other.",
    sizes=dict(N=4, T=3, I=6, H=5, J=lambda H: H, K=lambda H: 2 * H, G=GATES),
    inputs=dict(x=normal("N T I")),
    weights={f"{name}_{way}": weight for way in ("0", "0_reverse") for name, weight in ONE_LAYER.items()},
    outputs=dict(features="N K"),
)


@final_states.reference
def _(np, x, *, N, H, **weights):
    features, zero = [], np.zeros((N, H))
    for way in ("_0", "_0_reverse"):
        own = {name.removesuffix(way): weight for name, weight in weights.items() if name.endswith(way)}
        _, (h, _) = scan(np, lstm_step, list(np.moveaxis(x, 1, 0)), [zero, zero], own, reverse=way == "_0_reverse")
        features.append(h)
    return np.concatenate(features, axis=1)


TORCH_BOTH = {
    variable.replace("l0", f"l{way}"): source
    for way in ("0", "0_reverse")
    for variable, source in dict(
        weight_ih_l0=f"kernel_{way}: (G H) I",
        weight_hh_l0=f"recurrent_{way}: (G H) J",
        bias_ih_l0=f"bias_{way}: (G H)",
        bias_hh_l0=zeros("(G H)"),
    ).items()
}
KERAS_BOTH = {
    f"{'backward' if way == '0_reverse' else 'forward'}_rnn/lstm_cell/{variable}": source
    for way in ("0", "0_reverse")
    for variable, source in dict(
        kernel=f"kernel_{way}: I (G H)", recurrent_kernel=f"recurrent_{way}: J (G H)", bias=f"bias_{way}: (G H)"
    ).items()
}


def features(torch, I, H, choose):
    """A bidirectional LSTM, and what ``choose(y, h)`` makes of its outputs and final states."""
    layer = torch.nn.LSTM(I, H, batch_first=True, bidirectional=True)

    def call(x):
        y, (h, _) = layer(x)
        return choose(y, h)

    return layer, call


@final_states.torch.layer("torch.nn.LSTM", weights=TORCH_BOTH)
def _(torch, *, I, H):
    return features(torch, I, H, lambda y, h: torch.cat([h[-2], h[-1]], dim=1))


@final_states.tensorflow.layer("keras.layers.Bidirectional", weights=KERAS_BOTH)
def _(tf, *, H):
    return tf.keras.layers.Bidirectional(tf.keras.layers.LSTM(H, name="rnn", **KERAS_CELL))


@final_states.torch.naive(
    "torch.nn.LSTM",
    "last output of both directions",
    because="the backward half of y[:, -1] has seen one step only: that direction ends at the first step",
    source=DOCUMENTED,
    fix="take h_n[-2] and h_n[-1], or y[:, -1, :H] and y[:, 0, H:]",
    weights=TORCH_BOTH,
)
def _(torch, *, I, H):
    return features(torch, I, H, lambda y, h: y[:, -1])


@final_states.torch.naive(
    "torch.nn.LSTM",
    "last of the final states",
    kind="shape",
    because="h_n[-1] is the backward direction of the last layer alone",
    source=DOCUMENTED,
    fix="concatenate h_n[-2] and h_n[-1]",
    weights=TORCH_BOTH,
)
def _(torch, *, I, H):
    return features(torch, I, H, lambda y, h: h[-1])


@final_states.torch.naive(
    "torch.nn.LSTM",
    "final states viewed by batch",
    because="h_n is [2, N, H]: a view as [N, 2 H] puts the states of two sequences in one row",
    source=DOCUMENTED,
    fix="concatenate h_n[-2] and h_n[-1], or move the batch to the front before the view",
    weights=TORCH_BOTH,
)
def _(torch, *, I, H, N, K):
    return features(torch, I, H, lambda y, h: h.view(N, K))


@final_states.tensorflow.naive(
    "keras.layers.Bidirectional",
    "last output of both directions",
    because="with return_sequences=True the backward half of y[:, -1] has seen one step only",
    source="keras/src/layers/rnn/bidirectional.py, Bidirectional.call, in Keras 3.15.1",
    fix="leave return_sequences at False",
    weights=KERAS_BOTH,
)
def _(tf, *, H):
    layer = tf.keras.layers.Bidirectional(tf.keras.layers.LSTM(H, return_sequences=True, name="rnn", **KERAS_CELL))
    return layer, lambda x: layer(x)[:, -1]
