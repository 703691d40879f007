"""LSTM layers whose state is projected to a smaller size before it goes on."""

from _recurrent import sigmoid, suffixes

from parity import Case, grid, normal, zeros

SIZES = dict(
    N=4,
    T=3,
    I=6,
    H=5,
    P=2,
    J=lambda P: P,
    D=lambda bidirectional: 2 if bidirectional else 1,
    K=lambda D, P: D * P,
    G=("i", "f", "g", "o"),
)


def weights(bidirectional):
    tensors = {}
    for suffix in suffixes(bidirectional):
        tensors[f"kernel{suffix}"] = normal("G H I", std=0.3)
        tensors[f"recurrent{suffix}"] = normal("G H J", std=0.3)
        tensors[f"bias{suffix}"] = normal("G H", std=0.5)
        tensors[f"projection{suffix}"] = normal("P H")
    return tensors


def states(initial_state):
    return dict(h0=normal("D N P"), c0=normal("D N H")) if initial_state else {}


lstm_projection = Case(
    "lstm_projection",
    "An LSTM whose output and hidden state are a projection to size P; the cell state keeps size H.",
    sizes=SIZES,
    parameters=dict(bidirectional=False, initial_state=False),
    inputs=lambda initial_state: dict(x=normal("N T I"), **states(initial_state)),
    weights=weights,
    outputs=dict(y="N T K"),
    states=dict(h="D N P", c="D N H"),
    variants=grid(bidirectional=[False, True], initial_state=[False, True]),
)


@lstm_projection.reference
def _(np, x, h0=None, c0=None, *, N, T, H, P, D, **weights):
    ways, finals = [], []
    for direction, suffix in enumerate(suffixes(D == 2)):
        kernel, recurrent, bias, projection = (
            weights[f"{name}{suffix}"] for name in ("kernel", "recurrent", "bias", "projection")
        )
        h, c = (np.zeros((N, P)), np.zeros((N, H))) if h0 is None else (h0[direction], c0[direction])
        outputs = {}
        for t in reversed(range(T)) if direction else range(T):
            gates = np.einsum("ni,ghi->gnh", x[:, t], kernel) + np.einsum("np,ghp->gnh", h, recurrent)
            i, f, g, o = gates + bias[:, None]
            c = sigmoid(np, f) * c + sigmoid(np, i) * np.tanh(g)
            h = np.einsum("nh,ph->np", sigmoid(np, o) * np.tanh(c), projection)
            outputs[t] = h
        ways.append(np.stack([outputs[t] for t in range(T)], axis=1))
        finals.append((h, c))
    return np.concatenate(ways, axis=2), *(np.stack(parts) for parts in zip(*finals, strict=True))


def torch_variables(bidirectional):
    variables = {}
    for suffix in suffixes(bidirectional):
        variables[f"weight_ih_l0{suffix}"] = f"kernel{suffix}: (G H) I"
        variables[f"weight_hh_l0{suffix}"] = f"recurrent{suffix}: (G H) J"
        variables[f"bias_ih_l0{suffix}"] = f"bias{suffix}: (G H)"
        variables[f"bias_hh_l0{suffix}"] = zeros("(G H)")
        variables[f"weight_hr_l0{suffix}"] = f"projection{suffix}: P H"
    return variables


@lstm_projection.torch.layer("torch.nn.LSTM", weights=torch_variables)
def _(torch, *, I, H, P, bidirectional):
    layer = torch.nn.LSTM(I, H, batch_first=True, bidirectional=bidirectional, proj_size=P)

    def call(x, *initial):
        y, (h, c) = layer(x, initial or None)
        return y, h, c

    return layer, call


def one_way(tf, x, h, c, kernel, recurrent, bias, projection):
    outputs = []
    for part in tf.unstack(x, axis=1):
        gates = tf.nn.bias_add(tf.matmul(part, kernel) + tf.matmul(h, recurrent), bias)
        i, f, g, o = tf.split(gates, 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.matmul(tf.sigmoid(o) * tf.tanh(c), projection)
        outputs.append(h)
    return tf.stack(outputs, axis=1), h, c


LAYOUTS = {
    f"{name}{suffix}": text
    for suffix in ("", "_reverse")
    for name, text in dict(kernel="I (G H)", recurrent="J (G H)", bias="(G H)", projection="H P").items()
}


@lstm_projection.tensorflow("tf.matmul", **LAYOUTS)
def _(tf, x, h0=None, c0=None, *, N, H, P, D, **weights):
    h0 = tf.zeros([D, N, P], x.dtype) if h0 is None else h0
    c0 = tf.zeros([D, N, H], x.dtype) if c0 is None else c0
    ways, finals = [], []
    for direction, suffix in enumerate(suffixes(D == 2)):
        own = {name: weights[f"{name}{suffix}"] for name in ("kernel", "recurrent", "bias", "projection")}
        given = tf.reverse(x, [1]) if direction else x
        y, *final = one_way(tf, given, h0[direction], c0[direction], **own)
        ways.append(tf.reverse(y, [1]) if direction else y)
        finals.append(final)
    return tf.concat(ways, axis=2), *(tf.stack(parts) for parts in zip(*finals, strict=True))


@lstm_projection.torch.naive(
    "torch.nn.LSTM",
    "hidden state of hidden_size",
    when=dict(bidirectional=False, initial_state=True),
    raises="RuntimeError: Expected hidden[0] size (1, 4, 2), got [1, 4, 5]",
    because="with proj_size the hidden state has that size, only the cell state has hidden_size",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html",
    fix="make h of proj_size and c of hidden_size",
    weights=torch_variables,
)
def _(torch, *, I, H, P):
    layer = torch.nn.LSTM(I, H, batch_first=True, proj_size=P)
    return layer, lambda x, h0, c0: layer(x, (torch.zeros_like(c0), c0))


@lstm_projection.tensorflow.naive(
    "tf.matmul",
    "projection kernel transposed in shape only",
    when=dict(bidirectional=False),
    because="PyTorch stores weight_hr as [P, H]; reshaping it to [H, P] keeps the size and scrambles the numbers",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html",
    fix="transpose it",
    kernel="I (G H)",
    recurrent="J (G H)",
    bias="(G H)",
)
def _(tf, x, h0=None, c0=None, *, N, H, P, **weights):
    h, c = (tf.zeros([N, P], x.dtype), tf.zeros([N, H], x.dtype)) if h0 is None else (h0[0], c0[0])
    y, h, c = one_way(tf, x, h, c, **dict(weights, projection=tf.reshape(weights["projection"], [H, P])))
    return y, h[None], c[None]
