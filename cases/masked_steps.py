"""Steps left out of the middle of a sequence."""

from _recurrent import CELL_SIZES, KERAS_LAYER, lstm_step

from parity import Case, grid, normal, zeros

MASK = ((1, 0, 1, 1), (1, 1, 1, 0), (0, 1, 0, 1))

masked_steps = Case(
    "masked_steps",
    "An LSTM with a mask that has holes: a step that is left out puts out zeros, and the state passes it by.",
    sizes=dict(CELL_SIZES, N=3, T=4, G=("i", "f", "g", "o")),
    parameters=dict(unroll=False),
    inputs=dict(x=normal("N T I")),
    weights=dict(kernel=normal("G H I", std=0.3), recurrent=normal("G H J", std=0.3), bias=normal("G H", std=0.5)),
    outputs=dict(y="N T H"),
    states=dict(h="N H", c="N H"),
    variants=grid(unroll=[False, True]),
)


@masked_steps.reference
def _(np, x, *, N, T, H, **weights):
    taken, outputs = np.array(MASK, dtype=bool)[..., None], []
    states = np.zeros((N, H)), np.zeros((N, H))
    for t in range(T):
        moved = lstm_step(np, x[:, t], *states, **weights)
        states = [np.where(taken[:, t], new, old) for new, old in zip(moved, states, strict=True)]
        outputs.append(np.where(taken[:, t], moved[0], 0))
    return np.stack(outputs, axis=1), *states


@masked_steps.torch.layer(
    "torch.nn.LSTMCell",
    weights=dict(
        weight_ih="kernel: (G H) I", weight_hh="recurrent: (G H) J", bias_ih="bias: (G H)", bias_hh=zeros("(G H)")
    ),
)
def _(torch, *, I, H):
    cell = torch.nn.LSTMCell(I, H)

    def call(x):
        taken, outputs = torch.tensor(MASK, dtype=torch.bool, device=x.device)[..., None], []
        h = c = x.new_zeros(len(x), H)
        for t, part in enumerate(x.unbind(1)):
            new_h, new_c = cell(part, (h, c))
            h, c = torch.where(taken[:, t], new_h, h), torch.where(taken[:, t], new_c, c)
            outputs.append(torch.where(taken[:, t], new_h, 0))
        return torch.stack(outputs, dim=1), h, c

    return cell, call


KERAS_WEIGHTS = {
    "lstm_cell/kernel": "kernel: I (G H)",
    "lstm_cell/recurrent_kernel": "recurrent: J (G H)",
    "lstm_cell/bias": "bias: (G H)",
}


@masked_steps.tensorflow.layer("keras.layers.LSTM", weights=KERAS_WEIGHTS)
def _(tf, *, H, unroll):
    layer = tf.keras.layers.LSTM(H, zero_output_for_mask=True, unroll=unroll, **KERAS_LAYER)
    return layer, lambda x: layer(x, mask=tf.cast(MASK, tf.bool))


@masked_steps.torch.naive(
    "torch.nn.utils.rnn.pack_padded_sequence",
    "number of steps for a mask with holes",
    when=dict(unroll=False),
    because="a packed sequence takes the first steps of each row, and cannot leave one out in the middle",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html",
    fix="step through the sequence with torch.nn.LSTMCell and torch.where",
    weights=dict(
        weight_ih_l0="kernel: (G H) I",
        weight_hh_l0="recurrent: (G H) J",
        bias_ih_l0="bias: (G H)",
        bias_hh_l0=zeros("(G H)"),
    ),
)
def _(torch, *, I, H, T):
    layer = torch.nn.LSTM(I, H, batch_first=True)

    def call(x):
        lengths = [sum(row) for row in MASK]
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, (h, c) = layer(packed)
        return torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=T)[0], h[0], c[0]

    return layer, call


@masked_steps.torch.naive(
    "torch.nn.LSTM",
    "masked inputs set to zero",
    when=dict(unroll=False),
    because="a step with an input of zero still moves the state, and puts out its own output",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html",
    fix="step through the sequence with torch.nn.LSTMCell and torch.where",
    weights=dict(
        weight_ih_l0="kernel: (G H) I",
        weight_hh_l0="recurrent: (G H) J",
        bias_ih_l0="bias: (G H)",
        bias_hh_l0=zeros("(G H)"),
    ),
)
def _(torch, *, I, H):
    layer = torch.nn.LSTM(I, H, batch_first=True)

    def call(x):
        y, (h, c) = layer(x * torch.tensor(MASK, device=x.device)[..., None])
        return y, h[0], c[0]

    return layer, call
