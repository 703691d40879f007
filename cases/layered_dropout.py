"""The argument ``dropout`` of PyTorch's recurrent layers: dropout between the layers, and never after the last."""

import itertools
import warnings

from _cells import STEPS, keras_variables, states_of, torch_variables, weights
from _masks import tensorflow_masks, torch_masks
from _recurrent import KERAS_LAYER, SIZES, keras_stack, stacked

from parity import Case, Tolerance, buffer, grid, integers, normal

DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"


def torch_layers(torch, cell, I, H, layers, bidirectional, rate):
    if cell == "rnn":
        return torch.nn.RNN(I, H, num_layers=layers, batch_first=True, bidirectional=bidirectional, dropout=rate)
    if cell == "lstm":
        return torch.nn.LSTM(I, H, num_layers=layers, batch_first=True, bidirectional=bidirectional, dropout=rate)
    return torch.nn.GRU(I, H, num_layers=layers, batch_first=True, bidirectional=bidirectional, dropout=rate)


def keras_layer(tf, cell, H, name, dropout=0.0):
    layers = tf.keras.layers
    if cell == "rnn":
        return layers.SimpleRNN(H, dropout=dropout, name=name, **KERAS_LAYER)
    if cell == "lstm":
        return layers.LSTM(H, dropout=dropout, name=name, **KERAS_LAYER)
    return layers.GRU(H, dropout=dropout, name=name, **KERAS_LAYER)


def in_steps(mask):
    """The masks between the layers as PyTorch draws them: a tensor with time first for each."""
    return mask.transpose(1, 2)


def all_states(cell, y, states):
    return (y, *states) if cell == "lstm" else (y, states)


def layered(cell, torch_name, keras_name):
    api, keras_api, source = f"torch.nn.{torch_name}", f"keras.layers.{keras_name}", DOCS.format(torch_name)
    case = Case(
        f"layered_dropout_{cell}",
        f"Layers of {torch_name} with a fresh mask at each step between them, none before the first or after the last.",
        sizes=dict(SIZES, B=lambda layers: layers - 1, G=("i", "f", "g", "o"), R=("r", "z", "n")),
        parameters=dict(cell=cell, layers=2, bidirectional=False, training=True),
        inputs=dict(x=normal("N T I"), mask=integers("B N T K", 0, 2)),
        weights=weights,
        outputs=dict(y="N T K"),
        states=dict.fromkeys(states_of(cell), "L D N H"),
        variants=grid(rate=[0.25], bidirectional=[False, True])
        + grid(rate=[0.5], layers=[3])
        + grid(rate=[0.5], training=[False]),
        eager_only="the mask takes the place of what PyTorch's dispatcher draws, which a captured graph does not pass",
    )
    layouts = dict.fromkeys(states_of(cell), "(L D) N H")

    @case.reference
    def _(np, x, mask, *, N, H, L, D, rate, training, **weights):
        finals, zeros = [], [np.zeros((1, D, N, H)) for _ in states_of(cell)]
        for layer in range(L):
            if layer > 0 and training:
                x = x * mask[layer - 1] / (1 - rate)
            ends = (f"_{layer}", f"_{layer}_reverse")
            own = {name.replace(f"_{layer}", "_0"): part for name, part in weights.items() if name.endswith(ends)}
            x, *states = stacked(np, STEPS[cell], x, zeros, own, L=1, D=D, time_major=False)
            finals.append(states)
        return x, *(np.concatenate(parts) for parts in zip(*finals, strict=True))

    @case.torch.layer(f"{api}(dropout)", weights=torch_variables, **layouts)
    def _(torch, *, I, H, layers, bidirectional, rate, training):
        module = torch_layers(torch, cell, I, H, layers, bidirectional, rate).train(training)

        def call(x, mask):
            with torch_masks(torch, in_steps(mask)):
                return all_states(cell, *module(x))

        return module, call

    def single_variables(layers, bidirectional):
        """The weights of layers of their own: ``1.weight_ih_l0`` for ``weight_ih_l1``."""
        variables = {}
        for name, part in torch_variables(cell, layers, bidirectional).items():
            kind, _, (number, *reverse) = name.partition("_l")
            variables[f"{number}.{kind}_l0{''.join(reverse)}"] = part
        return variables

    def single_layers(torch, I, K, H, layers, bidirectional, rate=0.0):
        widths = [I, *[K] * (layers - 1)]
        return torch.nn.ModuleList(torch_layers(torch, cell, width, H, 1, bidirectional, rate) for width in widths)

    def one_after_another(torch, modules, x, between, after=lambda y: y):
        finals = []
        for number, module in enumerate(modules):
            x, *states = all_states(cell, *module(between(x) if number else x))
            finals.append(states)
        return after(x), *(torch.cat(parts) for parts in zip(*finals, strict=True))

    @case.torch.layer("torch.nn.functional.dropout", weights=single_variables, **layouts)
    def _(torch, *, I, K, H, layers, bidirectional, rate, training):
        modules = single_layers(torch, I, K, H, layers, bidirectional)

        def call(x, mask):
            with torch_masks(torch, mask):
                return one_after_another(
                    torch, modules, x, lambda y: torch.nn.functional.dropout(y, p=rate, training=training)
                )

        return modules, call

    @case.tensorflow.layer(f"keras.layers.Dropout(between {keras_name} layers)", weights=keras_variables)
    def _(tf, *, L, D, H, rate, training):
        stack, _ = keras_stack(tf, lambda name: keras_layer(tf, cell, H, name), L=L, D=D, H=H)
        dropout = tf.keras.layers.Dropout(rate)

        def call(x, mask):
            finals = []
            with tensorflow_masks(tf.cast(mask, x.dtype)):
                for number, layer in enumerate(stack.layers):
                    x, *states = layer(dropout(x, training=training) if number else x)
                    finals += states
            return x, *tf.unstack(tf.reshape(tf.stack(finals), [L, D, -1, *finals[0].shape]), axis=2)

        return stack, call

    two = dict(layers=2, bidirectional=False, training=True)

    @case.torch.naive(
        "torch.nn.Dropout",
        "after the last layer",
        when=two,
        because="dropout= drops what goes from one layer to the next; the outputs of the last layer stay as they are",
        source=source,
        fix="apply dropout between the layers only",
        weights=single_variables,
        **layouts,
    )
    def _(torch, *, I, K, H, layers, bidirectional, rate):
        modules, dropout = single_layers(torch, I, K, H, layers, bidirectional), torch.nn.Dropout(p=rate)

        def call(x, mask):
            with torch_masks(torch, mask):
                return one_after_another(torch, modules, x, between=lambda y: y, after=dropout)

        return modules, call

    @case.torch.naive(
        api,
        "one layer each with dropout=",
        when=two,
        because="a module drops between its own layers: with one layer there is nothing between, and only a warning",
        source=source,
        fix="build one module with num_layers=2, or apply torch.nn.Dropout between the modules",
        weights=single_variables,
        **layouts,
    )
    def _(torch, *, I, K, H, layers, bidirectional, rate):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            modules = single_layers(torch, I, K, H, layers, bidirectional, rate)
        return modules, lambda x, mask: one_after_another(torch, modules, x, between=lambda y: y)

    @case.torch.naive(
        api,
        "one layer with dropout= where warnings are errors",
        when=two,
        because="PyTorch warns of dropout in a module that has only one layer",
        source=source,
        fix="leave dropout at 0, and apply torch.nn.Dropout to the outputs if they are to be dropped",
        raises="UserWarning: dropout option adds dropout after all but last recurrent layer",
    )
    def _(torch, x, mask, *, I, K, H, bidirectional, rate, **weights):
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            return torch_layers(torch, cell, I, H, 1, bidirectional, rate)(x)

    @case.torch.naive(
        api,
        "keep_prob passed as dropout=",
        when=dict(two, rate=0.25),
        because="dropout= is the probability to drop, TensorFlow 1's keep_prob that to keep",
        source=source,
        fix="pass dropout=1 - keep_prob",
        weights=torch_variables,
        **layouts,
    )
    def _(torch, *, I, H, layers, bidirectional, rate):
        keep_prob = 1 - rate
        module = torch_layers(torch, cell, I, H, layers, bidirectional, keep_prob)

        def call(x, mask):
            with torch_masks(torch, in_steps(mask)):
                return all_states(cell, *module(x))

        return module, call

    @case.torch.naive(
        api,
        "left in training mode",
        when=dict(training=False),
        because="a module drops until eval() is called",
        source=source,
        fix="call eval() before evaluation",
        weights=torch_variables,
        **layouts,
    )
    def _(torch, *, I, H, layers, bidirectional, rate):
        module = torch_layers(torch, cell, I, H, layers, bidirectional, rate)

        def call(x, mask):
            with torch_masks(torch, in_steps(mask)):
                return all_states(cell, *module(x))

        return module, call

    @case.tensorflow.naive(
        keras_api,
        "dropout= of the second layer",
        when=two,
        because="dropout= of a Keras layer draws one mask for all steps, dropout= of PyTorch one for each step",
        source=f"https://keras.io/api/layers/recurrent_layers/{keras_name.lower().replace('simplernn', 'simple_rnn')}/",
        fix="put keras.layers.Dropout between the layers",
        weights=keras_variables,
    )
    def _(tf, *, L, D, H, rate):
        rates = dict(layer_1=rate)
        stack, _ = keras_stack(tf, lambda name: keras_layer(tf, cell, H, name, rates.get(name, 0.0)), L=L, D=D, H=H)

        def call(x, mask):
            first, second = stack.layers
            y, *states = first(x)
            with tensorflow_masks(itertools.repeat(tf.cast(mask[0, :, 0], y.dtype))):
                y, *more = second(y, training=True)
            return y, *tf.unstack(tf.reshape(tf.stack([*states, *more]), [L, D, -1, *states[0].shape]), axis=2)

        return stack, call

    return case


for arguments in (("rnn", "RNN", "SimpleRNN"), ("lstm", "LSTM", "LSTM"), ("gru", "GRU", "GRU")):
    layered(*arguments)


kept = Case(
    "layered_dropout_kept",
    "The fractions that dropout= keeps between two layers in training, of the last outputs, and in evaluation.",
    sizes=dict(N=40, T=1, I=3, H=50),
    inputs=dict(x=normal("N T I", gradient=False)),
    outputs=dict(between=buffer(""), last=buffer(""), evaluation=buffer("")),
    variants=grid(cell=["rnn", "lstm", "gru"], rate=[0.2]),
    tolerance=Tolerance(0, 0.075, because="8 standard deviations of 2,000 draws, of 7 bits in bfloat16"),
    draws=True,
)


@kept.reference
def _(np, x, *, rate):
    one = np.mean(0 * x) + 1
    return one * (1 - rate), one, one


def torch_kept(torch, y):
    return (y != 0).double().mean().to(y.dtype)


def seen_through(torch, module):
    """Make the second layer's output 0 exactly where its input is: the identity for each gate, and no other weights."""
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if name.endswith("_l1"):
                weight.zero_()
        gates = module.weight_ih_l1.unflatten(0, (-1, module.hidden_size))
        gates.copy_(torch.eye(module.hidden_size).expand_as(gates))
    return module


@kept.torch("torch.nn.RNNBase(dropout)")
def _(torch, x, *, cell, I, H, rate, capture):
    torch.manual_seed(0)
    between, last, evaluated = (torch_layers(torch, cell, I, H, 2, False, rate).to(x.device) for _ in range(3))
    between, evaluated = seen_through(torch, between), seen_through(torch, evaluated).eval()

    def step(x):
        return tuple(torch_kept(torch, module(x)[0]) for module in (between, last, evaluated))

    return capture(step)(x)


kept.deviation(
    "torch.nn.RNNBase(dropout)",
    quantities=["output:between"],
    within=0.3,
    because="captured by torch.compile, recurrent layers drop nothing: the condition for dropout compares the number "
    "of layers with the layer the wrong way round",
    source="torch/_decomp/decompositions.py of torch 2.13.0: _rnn_helper",
    modes=["graph", "compiled"],
)


@kept.tensorflow("keras.layers.Dropout")
def _(tf, x, *, cell, H, rate, capture):
    first, last = (keras_layer(tf, cell, H, f"layer_{number}") for number in range(2))
    dropout = tf.keras.layers.Dropout(rate, seed=0)

    def share(y):
        return tf.reduce_mean(tf.cast(y != 0, y.dtype))

    def step(x):
        y = first(x)[0]
        dropped = dropout(y, training=True)
        return share(dropped), share(last(dropped)[0]), share(dropout(y, training=False))

    first(x)
    last.build([*x.shape[:2], H])
    return capture(step)(x)


@kept.torch.naive(
    "torch.nn.RNNBase(dropout)",
    "one layer",
    wrong="output:between",
    size=(0.12, 0.5),
    because="with num_layers=1 there is nothing between layers, so dropout= only warns",
    source=DOCS.format("LSTM"),
    fix="apply torch.nn.Dropout to the outputs",
)
def _(torch, x, *, cell, I, H, rate):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        module = torch_layers(torch, cell, I, H, 1, False, rate).to(x.device)
    share = torch_kept(torch, module(x)[0])
    return share, share, torch_kept(torch, module.eval()(x)[0])


@kept.torch.naive(
    "torch.nn.Dropout",
    "at the end of the layers as well",
    wrong=["output:between", "output:last"],
    size=(0.099, 0.42),
    because="some descriptions of dropout= say that it is at the end of the layers; the last outputs are never dropped",
    source=DOCS.format("LSTM"),
    fix="leave the outputs of the last layer as they are",
)
def _(torch, x, *, cell, I, H, rate):
    torch.manual_seed(0)
    modules = [torch_layers(torch, cell, I, H, 2, False, rate).to(x.device) for _ in range(2)]
    dropout = torch.nn.Dropout(p=rate)
    between, last = dropout(seen_through(torch, modules[0])(x)[0]), dropout(modules[1](x)[0])
    return torch_kept(torch, between), torch_kept(torch, last), torch_kept(torch, modules[0].eval()(x)[0])
