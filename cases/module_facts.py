"""Facts about modules: the parameters that they list, and the activations that they print."""

from parity import Case, buffer, grid, normal

WIDE = ("float64", "float32")

LAYERS = dict(
    conv2d=(1, 5, ["weight"], ["kernel"]),
    avg_pool2d=(0, 0, [], []),
    conv1d=(2, 3 * 6 * 7 + 7, ["weight", "bias"], ["kernel", "bias"]),
    linear=(2, 16, ["weight", "bias"], ["kernel", "bias"]),
    batch_norm1d=(2, 8, ["weight", "bias"], ["gamma", "beta"]),
    rnn=(2, 20 * 100 + 20 * 20, ["weight_ih_l0", "weight_hh_l0"], ["kernel", "recurrent_kernel"]),
)
"""How many parameters a layer trains, how many numbers they hold, and their names in PyTorch and in Keras."""

named_parameters = Case(
    "named_parameters",
    "The parameters that a layer trains: how many there are, how many numbers they hold, and how many have their name.",
    sizes=dict(K=1),
    inputs=dict(x=normal("K", gradient=False)),
    outputs=dict(parameters=buffer(""), numbers=buffer(""), named=buffer("")),
    variants=grid(layer=list(LAYERS)),
    dtypes=WIDE,
    exact=True,
    eager_only="it looks at the parameters of new layers, and computes nothing with them that could be captured",
    untimed="it counts parameters and computes nothing",
)


@named_parameters.reference
def _(np, x, *, layer):
    parameters, numbers, *_ = LAYERS[layer]
    return np.array(parameters), np.array(numbers), np.array(parameters)


def as_named(names, expected):
    return sum(name == other for name, other in zip(names, expected, strict=False))


def torch_layer(torch, layer):
    nn = torch.nn
    return dict(
        conv2d=lambda: nn.Conv2d(5, 1, (1, 1), 1, bias=False),
        avg_pool2d=lambda: nn.AvgPool2d(2, 2),
        conv1d=lambda: nn.Conv1d(6, 7, 3),
        linear=lambda: nn.Linear(3, 4),
        batch_norm1d=lambda: nn.BatchNorm1d(4),
        rnn=lambda: nn.RNN(100, 20, bias=False),
    )[layer]()


@named_parameters.torch("torch.nn.Module.named_parameters")
def _(torch, x, *, layer):
    made = torch_layer(torch, layer)
    names = [n for n, p in made.named_parameters()]
    parameters = list(made.parameters())
    counts = len(parameters), sum(p.numel() for p in parameters), as_named(names, LAYERS[layer][2])
    return [x.new_tensor(count).long() for count in counts]


def built(tf, layer):
    layers = tf.keras.layers
    made, shape = dict(
        conv2d=lambda: (layers.Conv2D(1, (1, 1), use_bias=False), [None, 3, 4, 5]),
        avg_pool2d=lambda: (layers.AveragePooling2D(2, 2), [None, 3, 4, 5]),
        conv1d=lambda: (layers.Conv1D(7, 3), [None, 9, 6]),
        linear=lambda: (layers.Dense(4), [None, 3]),
        batch_norm1d=lambda: (layers.BatchNormalization(), [None, 4]),
        rnn=lambda: (layers.SimpleRNN(20, use_bias=False), [None, 10, 100]),
    )[layer]()
    made.build(shape)
    return made


def keras_counts(tf, x, layer, variables, names):
    counts = (
        len(variables),
        sum(v.shape.num_elements() for v in variables),
        as_named([v.name for v in variables], names),
    )
    return [tf.constant(count, tf.int64) for count in counts]


@named_parameters.tensorflow("keras.layers.Layer.trainable_weights")
def _(tf, x, *, layer):
    return keras_counts(tf, x, layer, built(tf, layer).trainable_weights, LAYERS[layer][3])


@named_parameters.tensorflow.naive(
    "keras.layers.Layer.weights",
    "moving statistics counted",
    when=dict(layer="batch_norm1d"),
    wrong=["output:numbers", "output:parameters"],
    size=(0.5, 2),
    because="weights lists the moving mean and variance too, which PyTorch keeps as buffers",
    source="https://keras.io/api/layers/base_layer/",
    fix="take trainable_weights",
)
def _(tf, x, *, layer):
    return keras_counts(tf, x, layer, built(tf, layer).weights, LAYERS[layer][3])


for layer in ("conv2d", "conv1d", "linear", "batch_norm1d", "rnn"):

    @named_parameters.tensorflow.naive(
        f"keras.layers.Layer.trainable_weights of {layer}",
        "names of PyTorch",
        when=dict(layer=layer),
        wrong="output:named",
        size=(0.25, 2),
        because="Keras calls a weight kernel or recurrent_kernel, and those of a normalization gamma and beta",
        source="https://keras.io/api/layers/base_layer/",
        fix="map each name: weight to kernel or gamma, weight_hh_l0 to recurrent_kernel, bias to beta",
    )
    def _(tf, x, *, layer):
        return keras_counts(tf, x, layer, built(tf, layer).trainable_weights, LAYERS[layer][2])


printed_activations = Case(
    "printed_activations",
    "A network with two ReLUs, as modules or as functions: how many of them its list of modules has, and how many it "
    "applies.",
    sizes=dict(K=1),
    inputs=dict(x=normal("K", gradient=False)),
    outputs=dict(listed=buffer(""), applied=buffer("")),
    variants=grid(written=["module", "function"]),
    dtypes=WIDE,
    exact=True,
    eager_only="it reads how a network is printed, and computes nothing that could be captured",
    untimed="it reads how a network is printed, and computes nothing",
)


@printed_activations.reference
def _(np, x, *, written):
    return np.array(2 if written == "module" else 0), np.array(2)


def torch_net(torch, written):
    nn, F = torch.nn, torch.nn.functional

    class Modules(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(6, 5), nn.Linear(5, 4)
            self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()

        def forward(self, x):
            return self.relu2(self.second(self.relu1(self.first(x))))

    class Functions(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(6, 5), nn.Linear(5, 4)

        def forward(self, x):
            return F.relu(self.second(F.relu(self.first(x))))

    return Modules() if written == "module" else Functions()


def torch_printed(net):
    """How many lines with a ReLU ``print(net)`` has."""
    return sum("relu" in line.lower() for line in str(net).splitlines())


def torch_counts(x, *counts):
    return [x.new_tensor(count).long() for count in counts]


@printed_activations.torch("torch.fx.symbolic_trace")
def _(torch, x, *, written):
    net = torch_net(torch, written)
    nodes = torch.fx.symbolic_trace(net).graph.nodes
    return torch_counts(x, torch_printed(net), sum("relu" in str(node.target) for node in nodes))


@printed_activations.torch("torch.nn.Module.children")
def _(torch, x, *, written):
    net = torch_net(torch, written)
    listed = sum(isinstance(child, torch.nn.ReLU) for child in net.children())
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        net(torch.ones(3, 6))
    return torch_counts(x, listed, sum(event.name == "aten::relu" for event in profile.events()))


def keras_net(tf, activate):
    layers = tf.keras.layers
    x = tf.keras.Input((6,))
    return tf.keras.Model(x, activate(layers.Dense(4)(activate(layers.Dense(5)(x)))))


def activation(tf, written):
    return (lambda h: tf.keras.layers.ReLU()(h)) if written == "module" else tf.keras.ops.relu


def relus(parts):
    return sum(type(part).__name__.lower() == "relu" for part in parts)


def tensorflow_counts(tf, x, *counts):
    return [tf.constant(count, tf.int64) for count in counts]


@printed_activations.tensorflow("keras.Model.layers")
def _(tf, x, *, written):
    net = keras_net(tf, activation(tf, written))
    return tensorflow_counts(tf, x, relus(net.layers), relus(net.operations))


def keras_printed(net):
    """How many lines with a ReLU ``summary`` has."""
    lines = []
    net.summary(print_fn=lines.append)
    return sum("(relu)" in line.lower() for line in "\n".join(lines).splitlines())


@printed_activations.torch.naive(
    "torch.nn.Module.__repr__",
    "taken for all that a network applies",
    when=dict(written="function"),
    wrong="output:applied",
    size=(0.5, 2),
    because="print(net) lists modules; what forward calls as a function is not among them",
    source="torch/nn/modules/module.py of PyTorch 2.13.0: Module.__repr__",
    fix="read forward, trace the network with torch.fx.symbolic_trace, or write torch.nn.ReLU()",
)
def _(torch, x, *, written):
    return torch_counts(x, *[torch_printed(torch_net(torch, written))] * 2)


@printed_activations.tensorflow.naive(
    "keras.Model.layers",
    "taken for all that a model applies",
    when=dict(written="function"),
    wrong="output:applied",
    size=(0.5, 2),
    because="layers lists layers; an operation is in model.operations only",
    source="keras/src/models/functional.py of Keras 3.15.1: Functional.layers",
    fix="look through model.operations, or use keras.layers.ReLU",
)
def _(tf, x, *, written):
    return tensorflow_counts(tf, x, *[relus(keras_net(tf, activation(tf, written)).layers)] * 2)


@printed_activations.tensorflow.naive(
    "keras.Model.summary",
    "taken for a list of layers",
    when=dict(written="function"),
    wrong="output:listed",
    because="the summary of a functional model lists operations too; print(net) of PyTorch lists modules only",
    source="measured with Keras 3.15.1",
    fix="look through model.layers",
)
def _(tf, x, *, written):
    return tensorflow_counts(tf, x, *[keras_printed(keras_net(tf, activation(tf, written)))] * 2)


@printed_activations.tensorflow.naive(
    "keras.layers.Dense",
    "activation passed by name",
    when=dict(written="module"),
    size=(0.5, 2),
    because="an activation inside Dense is neither a layer nor an operation of the model",
    source="keras/src/layers/core/dense.py of Keras 3.15.1: Dense.call",
    fix="add keras.layers.ReLU after the layer where the activation must be listed",
)
def _(tf, x):
    layers = tf.keras.layers
    h = tf.keras.Input((6,))
    net = tf.keras.Model(h, layers.Dense(4, activation="relu")(layers.Dense(5, activation="relu")(h)))
    return tensorflow_counts(tf, x, relus(net.layers), relus(net.operations))


@printed_activations.tensorflow.naive(
    "tf.nn.relu",
    "within a functional model",
    when=dict(written="function"),
    raises="ValueError: A KerasTensor cannot be used as input to a TensorFlow function",
    because="a functional model of Keras 3 is made of layers and of operations of keras.ops",
    source="measured with Keras 3.15.1",
    fix="use keras.ops.relu",
)
def _(tf, x):
    net = keras_net(tf, tf.nn.relu)
    return tensorflow_counts(tf, x, relus(net.layers), relus(net.operations))
