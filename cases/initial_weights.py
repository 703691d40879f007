"""What layers start with: the frameworks draw initial weights from other distributions, and fill biases differently."""

from parity import Case, LeastScale, Tolerance, buffer, grid, normal

WIDE = ("float64", "float32")
NEW_LAYERS = "a captured graph cannot draw the weights of a new layer at every call"
TORCH_LSTM = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html"
KERAS_LSTM = "https://keras.io/api/layers/recurrent_layers/lstm/"

lstm_first_bias = Case(
    "lstm_first_bias",
    "The bias of an LSTM before training: one for the forget gate in Keras, zero for the others.",
    sizes=dict(I=6, H=5, G=("i", "f", "g", "o")),
    inputs=dict(x=normal("G H", gradient=False)),
    outputs=dict(bias=buffer("G H")),
    dtypes=WIDE,
    exact=True,
    eager_only=NEW_LAYERS,
    untimed="it looks at the first weights of a new layer",
    draws=True,
)


@lstm_first_bias.reference
def _(np, x):
    return 0 * x + np.array([0, 1, 0, 0])[:, None]


@lstm_first_bias.tensorflow("keras.layers.LSTM", bias="(G H)")
def _(tf, x, *, I, H):
    cell = tf.keras.layers.LSTMCell(H)
    cell.build((None, I))
    return cell.bias.value


def torch_bias(layer):
    return (layer.bias_ih_l0 + layer.bias_hh_l0).detach()


@lstm_first_bias.torch("torch.nn.init.ones_", bias="(G H)")
def _(torch, x, *, I, H):
    layer = torch.nn.LSTM(I, H, device=x.device)
    for bias in (layer.bias_ih_l0, layer.bias_hh_l0):
        torch.nn.init.zeros_(bias)
    torch.nn.init.ones_(layer.bias_ih_l0[H : 2 * H])
    return torch_bias(layer)


@lstm_first_bias.torch.naive(
    "torch.nn.LSTM",
    "biases left as PyTorch draws them",
    size=(0.74, 3),
    because="PyTorch draws both biases from uniform(-1/sqrt(H), 1/sqrt(H)), those of the forget gate, too",
    source=TORCH_LSTM,
    fix="fill both with zeros, and the forget gate's part of one of them with ones",
    bias="(G H)",
)
def _(torch, x, *, I, H):
    return torch_bias(torch.nn.LSTM(I, H, device=x.device))


@lstm_first_bias.torch.naive(
    "torch.nn.init.ones_",
    "forget gate set to one in both biases",
    size=(0.5, 2),
    because="PyTorch adds its two biases, so that the forget gate starts from two",
    source=TORCH_LSTM,
    fix="fill the forget gate's part of one of them with ones, and that of the other with zeros",
    bias="(G H)",
)
def _(torch, x, *, I, H):
    layer = torch.nn.LSTM(I, H, device=x.device)
    for bias in (layer.bias_ih_l0, layer.bias_hh_l0):
        torch.nn.init.zeros_(bias)
        torch.nn.init.ones_(bias[H : 2 * H])
    return torch_bias(layer)


first_recurrent_kernel = Case(
    "first_recurrent_kernel",
    "The products of the rows of an LSTM's recurrent kernel before training: it is orthogonal in Keras.",
    sizes=dict(I=6, H=5, J=lambda H: H),
    inputs=dict(x=normal("J H", gradient=False)),
    outputs=dict(products=buffer("J H")),
    dtypes=WIDE,
    least_scale=LeastScale(4.0, ["output:products"], "the factorization and the product of 20 terms round"),
    eager_only=NEW_LAYERS,
    untimed="it looks at the first weights of a new layer",
    draws=True,
)


@first_recurrent_kernel.reference
def _(np, x):
    return 0 * x + np.eye(len(x))


@first_recurrent_kernel.tensorflow("keras.layers.LSTM")
def _(tf, x, *, I, H):
    tf.keras.utils.set_random_seed(0)
    cell = tf.keras.layers.LSTMCell(H)
    cell.build((None, I))
    return tf.matmul(cell.recurrent_kernel, cell.recurrent_kernel, transpose_b=True)


def torch_products(torch, x, I, H, initialize):
    torch.manual_seed(0)
    weight = torch.nn.LSTM(I, H, device=x.device).weight_hh_l0.detach()
    initialize(weight)
    return weight.T @ weight


@first_recurrent_kernel.torch("torch.nn.init.orthogonal_")
def _(torch, x, *, I, H):
    return torch_products(torch, x, I, H, torch.nn.init.orthogonal_)


@first_recurrent_kernel.torch.naive(
    "torch.nn.LSTM",
    "weights left as PyTorch draws them",
    size=(0.36, 1.5),
    because="PyTorch draws all weights from uniform(-1/sqrt(H), 1/sqrt(H))",
    source=TORCH_LSTM,
    fix="call torch.nn.init.orthogonal_ on weight_hh_l0",
)
def _(torch, x, *, I, H):
    return torch_products(torch, x, I, H, lambda weight: weight)


@first_recurrent_kernel.torch.naive(
    "torch.nn.init.orthogonal_",
    "each gate by itself",
    size=(1.5, 6.1),
    because="Keras's kernel is orthogonal as a whole, over all four gates, which makes each gate's part smaller",
    source=KERAS_LSTM,
    fix="call torch.nn.init.orthogonal_ on the whole of weight_hh_l0",
)
def _(torch, x, *, I, H):
    def initialize(weight):
        for gate in weight.split(H):
            torch.nn.init.orthogonal_(gate)

    return torch_products(torch, x, I, H, initialize)


LARGEST = {
    "Embedding": lambda I, O: 0.05,
    "Dense": lambda I, O: (6 / (I + O)) ** 0.5,
    "LSTM": lambda I, O: (6 / (I + 4 * O)) ** 0.5,
}
"""The bounds of the uniform distributions that Keras draws from; an LSTM has four gates."""

largest_first_weight = Case(
    "largest_first_weight",
    "The largest of a layer's 25,000 weights (or more) before training, which Keras draws evenly up to a bound.",
    sizes=dict(I=250, O=100),
    inputs=dict(one=normal("", mean=1, std=0, gradient=False)),
    outputs=dict(largest=buffer("")),
    variants=grid(layer=list(LARGEST)),
    tolerance=Tolerance(
        1e-3, 0, because="of 25,000 draws, one lies within 0.1 % of the bound but for a chance of 1e-11"
    ),
    dtypes=WIDE,
    eager_only=NEW_LAYERS,
    untimed="it looks at the first weights of a new layer",
    draws=True,
)


@largest_first_weight.reference
def _(np, one, *, I, O, layer):
    return one * LARGEST[layer](I, O)


@largest_first_weight.tensorflow("keras.layers")
def _(tf, one, *, I, O, layer):
    tf.keras.utils.set_random_seed(0)
    layers = tf.keras.layers
    made = dict(
        Embedding=lambda: layers.Embedding(I, O), Dense=lambda: layers.Dense(O), LSTM=lambda: layers.LSTMCell(O)
    )
    built = made[layer]()
    built.build((None, I))
    return one * tf.reduce_max(tf.abs(built.weights[0].value))


def torch_weight(torch, I, O, layer):
    """The weight that a new layer has, drawn with a seed."""
    torch.manual_seed(0)
    nn = torch.nn
    made = dict(Embedding=lambda: nn.Embedding(I, O), Dense=lambda: nn.Linear(I, O), LSTM=lambda: nn.LSTM(I, O))
    return next(made[layer]().parameters()).detach()


@largest_first_weight.torch("torch.nn.init")
def _(torch, one, *, I, O, layer):
    weight = torch_weight(torch, I, O, layer)
    if layer == "Embedding":
        torch.nn.init.uniform_(weight, -0.05, 0.05)
    else:
        torch.nn.init.xavier_uniform_(weight)
    return one * weight.abs().max().to(one.device)


@largest_first_weight.torch.naive(
    "torch.nn",
    "weights left as PyTorch draws them",
    because="PyTorch draws those of an embedding from a normal distribution, those of a linear layer from one that is "
    "even up to 1/sqrt(inputs), and those of an LSTM up to 1/sqrt(units)",
    source="torch/nn/modules of PyTorch 2.13.0: reset_parameters of Embedding, Linear and RNNBase",
    fix="call torch.nn.init.uniform_(weight, -0.05, 0.05) for an embedding, torch.nn.init.xavier_uniform_ for others",
)
def _(torch, one, *, I, O, layer):
    return one * torch_weight(torch, I, O, layer).abs().max().to(one.device)
