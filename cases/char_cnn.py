"""The character CNN: convolutions of several widths over one sequence, ReLU, maximum over time, side by side."""

from _tf1 import Variable

from parity import Case, grid, normal

WIDTHS = (3, 4, 5)
TORCH_CONV1D = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html"
TF_CONV1D = "https://www.tensorflow.org/api_docs/python/tf/nn/conv1d"
TORCH_MAX = "https://docs.pytorch.org/docs/stable/generated/torch.max.html"


def torch_encode(torch, x, time=2, features=1, **weights):
    maxima = []
    for width in WIDTHS:
        h = torch.nn.functional.conv1d(x, weights[f"kernel{width}"], weights[f"bias{width}"])
        maxima.append(torch.amax(torch.nn.functional.relu(h), dim=time))
    return torch.cat(maxima, dim=features)


def torch_variables():
    variables = {f"{i}.weight": f"kernel{width}: O E K{width}" for i, width in enumerate(WIDTHS)}
    return variables | {f"{i}.bias": f"bias{width}: O" for i, width in enumerate(WIDTHS)}


NCW = dict(one="N E L", other="N E L")
WIO = {f"kernel{width}": f"K{width} E O" for width in WIDTHS}


def tf_encode(tf, x, **weights):
    features = []
    for width in WIDTHS:
        h = tf.nn.conv1d(x, weights[f"kernel{width}"], stride=1, padding="VALID")
        features.append(tf.reduce_max(tf.nn.relu(tf.nn.bias_add(h, weights[f"bias{width}"])), axis=1))
    return tf.concat(features, axis=1)


def scoped_encode(tf, x, E, O, dtype, reuse, **initial):
    """The encoder of TensorFlow 1, whose variables belong to a scope."""
    v1, features = tf.compat.v1, []

    def start(name):
        return (lambda *shape, **options: initial[name]) if initial else None

    with v1.variable_scope("cnn", reuse=reuse):
        for width in WIDTHS:
            kernel = v1.get_variable(f"kernel{width}", [width, E, O], dtype, initializer=start(f"kernel{width}"))
            bias = v1.get_variable(f"bias{width}", [O], dtype, initializer=start(f"bias{width}"))
            h = v1.nn.conv1d(x, kernel, stride=1, padding="VALID")
            features.append(v1.reduce_max(tf.nn.relu(v1.nn.bias_add(h, bias)), 1))
    return tf.concat(features, 1)


def scoped_uses(first, second, in_graph):
    """A port that encodes both sequences in one scope, with ``reuse`` as given; the first use sets the weights."""

    def run(tf, one, other, *, E, O, dtype, **weights):
        def both(one, other):
            features = scoped_encode(tf, one, E, O, dtype, first, **weights)
            return features, scoped_encode(tf, other, E, O, dtype, second)

        if not in_graph:
            return both(one, other)
        return tf.compat.v1.wrap_function(both, [tf.TensorSpec(x.shape, dtype) for x in (one, other)])(one, other)

    return run


class Wrapped:
    """TensorFlow 1 code as one layer: its variables under their names."""

    name, built = "", True

    def __init__(self, function):
        self.weights = [Variable(variable.name.removesuffix(":0"), variable) for variable in function.variables]


def character_cnn(name, summary, *, gradient=True, **arguments):
    """A case with its implementations."""
    kernels = {f"kernel{width}": normal(f"O E K{width}", std=0.5, gradient=gradient) for width in WIDTHS}
    char_cnn = Case(
        name,
        summary,
        sizes=dict(N=2, L=9, E=6, O=7, K3=3, K4=4, K5=5, F=lambda O: 3 * O),
        inputs=dict(one=normal("N L E", gradient=gradient), other=normal("N L E", gradient=gradient)),
        weights=kernels | {f"bias{width}": normal("O", gradient=gradient) for width in WIDTHS},
        outputs=dict(first="N F", second="N F"),
        variants=grid(O=[7, 50]),
        **arguments,
    )

    @char_cnn.reference
    def _(np, one, other, kernel3, kernel4, kernel5, bias3, bias4, bias5):
        def encode(x):
            features = []
            for kernel, bias in ((kernel3, bias3), (kernel4, bias4), (kernel5, bias5)):
                width = kernel.shape[2]
                windows = np.stack([x[:, i : i + width] for i in range(x.shape[1] - width + 1)], 1)
                features.append(np.max(np.maximum(np.einsum("npke,oek->npo", windows, kernel) + bias, 0), 1))
            return np.concatenate(features, 1)

        return encode(one), encode(other)

    @char_cnn.torch("torch.nn.functional.conv1d", **NCW)
    def _(torch, one, other, **weights):
        return torch_encode(torch, one, **weights), torch_encode(torch, other, **weights)

    @char_cnn.torch.layer("torch.nn.Conv1d", weights=torch_variables(), **NCW)
    def _(torch, *, E, O):
        layers = torch.nn.ModuleList(torch.nn.Conv1d(E, O, width) for width in WIDTHS)

        def encode(x):
            return torch.cat([torch.relu(layer(x)).max(dim=2)[0] for layer in layers], dim=1)

        return layers, lambda one, other: (encode(one), encode(other))

    @char_cnn.torch("torch.Tensor.unfold")
    def _(torch, one, other, **weights):
        def encode(x):
            features = []
            for width in WIDTHS:
                h = torch.einsum("npek,oek->npo", x.unfold(1, width, 1), weights[f"kernel{width}"])
                features.append(torch.relu(h + weights[f"bias{width}"]).amax(dim=1))
            return torch.cat(features, dim=1)

        return encode(one), encode(other)

    @char_cnn.tensorflow("tf.nn.conv1d", **WIO)
    def _(tf, one, other, **weights):
        return tf_encode(tf, one, **weights), tf_encode(tf, other, **weights)

    @char_cnn.tensorflow.layer(
        "tf.compat.v1.variable_scope(reuse)",
        weights={f"cnn/kernel{width}": f"kernel{width}: K{width} E O" for width in WIDTHS}
        | {f"cnn/bias{width}": f"bias{width}: O" for width in WIDTHS},
    )
    def _(tf, *, N, L, E, O, dtype):
        def scoped(x, reuse=False):
            return scoped_encode(tf, x, E, O, dtype, reuse)

        signature = [tf.TensorSpec([N, L, E], dtype)] * 2
        function = tf.compat.v1.wrap_function(lambda one, other: (scoped(one), scoped(other, reuse=True)), signature)
        return Wrapped(function), function

    @char_cnn.tensorflow.layer(
        "keras.layers.Conv1D",
        weights={f"conv{width}/kernel": f"kernel{width}: K{width} E O" for width in WIDTHS}
        | {f"conv{width}/bias": f"bias{width}: O" for width in WIDTHS},
    )
    def _(tf, *, L, E, O):
        layers = tf.keras.layers
        convolutions = [layers.Conv1D(O, width, activation="relu", name=f"conv{width}") for width in WIDTHS]

        def encode(x):
            return layers.Concatenate()([layers.GlobalMaxPooling1D()(convolution(x)) for convolution in convolutions])

        inputs = [tf.keras.Input((L, E)), tf.keras.Input((L, E))]
        model = tf.keras.Model(inputs, [encode(x) for x in inputs])
        return model, lambda one, other: model([one, other])

    return char_cnn


char_cnn = character_cnn(
    "char_cnn",
    "Two sequences through one character CNN with filters of widths 3, 4 and 5: its gradients are sums over both uses.",
    dtypes=["float64", "float32"],
)
char_cnn_forward = character_cnn(
    "char_cnn_forward",
    "The character CNN in short formats, whose rounding decides which step is the maximum and gets the gradient.",
    gradient=False,
    dtypes=["float16", "bfloat16"],
)


@char_cnn.torch.naive(
    "torch.nn.functional.conv1d",
    "weights copied for the second input",
    wrong=["grad:bias*", "grad:kernel*"],
    because="copies start equal but get a gradient each: sharing must be of the parameters themselves",
    source="measured with torch 2.13.0",
    fix="build the module once and call it for both inputs",
    **NCW,
)
def _(torch, one, other, **weights):
    copies = {name: weight.detach().clone().requires_grad_() for name, weight in weights.items()}
    return torch_encode(torch, one, **weights), torch_encode(torch, other, **copies)


@char_cnn.tensorflow.naive(
    "tf.Variable",
    "weights copied for the second input",
    wrong=["grad:bias*", "grad:kernel*"],
    because="a variable initialised from another is a variable of its own, with a gradient of its own",
    source="measured with TensorFlow 2.21.0, Keras 3.15.1",
    fix="build the layer once and call it for both inputs, or use variable_scope(reuse=True)",
    **WIO,
)
def _(tf, one, other, **weights):
    copies = {name: tf.Variable(weight) for name, weight in weights.items()}
    return tf_encode(tf, one, **weights), tf_encode(tf, other, **copies)


@char_cnn.torch.naive(
    "torch.nn.functional.conv1d",
    "kernels reshaped",
    because="TensorFlow's kernels are (width, in, out): a reshape to (out, in, width) scrambles them",
    source=TORCH_CONV1D,
    fix="permute the axes: kernel.permute(2, 1, 0)",
    **NCW,
    **WIO,
)
def _(torch, one, other, *, E, O, **weights):
    reshaped = {n: w.reshape(O, E, -1) if n.startswith("kernel") else w for n, w in weights.items()}
    return torch_encode(torch, one, **reshaped), torch_encode(torch, other, **reshaped)


@char_cnn.torch.naive(
    "torch.nn.Conv1d",
    "padding kept at half the width",
    because="VALID has no padding: with padding the maximum is also over windows that stick out of the sequence",
    source=TF_CONV1D,
    fix="leave padding at 0",
    weights=torch_variables(),
    **NCW,
)
def _(torch, *, E, O):
    layers = torch.nn.ModuleList(torch.nn.Conv1d(E, O, width, padding=width // 2) for width in WIDTHS)

    def encode(x):
        return torch.cat([torch.relu(layer(x)).amax(dim=2) for layer in layers], dim=1)

    return layers, lambda one, other: (encode(one), encode(other))


@char_cnn.torch.naive(
    "torch.amax",
    "maximum over the channels",
    kind="shape",
    because="the time axis is the last in PyTorch, axis 1 in TensorFlow: axis 1 is copied, and is the channels here",
    source=TORCH_CONV1D,
    fix="reduce over axis 2",
    **NCW,
)
def _(torch, one, other, **weights):
    return torch_encode(torch, one, time=1, **weights), torch_encode(torch, other, time=1, **weights)


@char_cnn.torch.naive(
    "torch.cat",
    "concatenated along the batch",
    kind="shape",
    because="torch.cat joins along axis 0 unless dim is given; tf.concat demands an axis",
    source="https://docs.pytorch.org/docs/stable/generated/torch.cat.html",
    fix="pass dim=1",
    **NCW,
)
def _(torch, one, other, **weights):
    return torch_encode(torch, one, features=0, **weights), torch_encode(torch, other, features=0, **weights)


@char_cnn.torch.naive(
    "torch.max",
    "both results taken for the maximum",
    raises="TypeError: but got torch.return_types.max",
    because="torch.max with an axis returns values and indices, tf.reduce_max the values only",
    source=TORCH_MAX,
    fix="take element 0 of the result, or use torch.amax",
    **NCW,
)
def _(torch, one, other, **weights):
    def encode(x):
        kernels = [(weights[f"kernel{width}"], weights[f"bias{width}"]) for width in WIDTHS]
        return torch.cat([torch.max(torch.relu(torch.conv1d(x, *kernel)), dim=2) for kernel in kernels], dim=1)

    return encode(one), encode(other)


@char_cnn.torch.naive(
    "torch.add",
    "bias on the last axis",
    when=dict(O=50),
    raises="RuntimeError: must match the size of tensor b (50)",
    because="channels are the last axis in TensorFlow and axis 1 in PyTorch, where a + b adds to the last one",
    source="https://docs.pytorch.org/docs/stable/notes/broadcasting.html",
    fix="pass the bias to conv1d, or add bias[:, None]",
    **NCW,
)
def _(torch, one, other, **weights):
    def encode(x):
        features = []
        for width in WIDTHS:
            h = torch.conv1d(x, weights[f"kernel{width}"])
            features.append(torch.relu(torch.add(h, weights[f"bias{width}"])).amax(dim=2))
        return torch.cat(features, dim=1)

    return encode(one), encode(other)


@char_cnn.torch.naive(
    "torch.nn.functional.conv1d",
    "num_chars - filter_size positions kept",
    when=dict(O=50),
    because="a filter without padding has num_chars - filter_size + 1 positions: the maximum misses the last one",
    source=TORCH_CONV1D,
    fix="keep all positions",
    **NCW,
)
def _(torch, one, other, *, L, **weights):
    def encode(x):
        features = []
        for width in WIDTHS:
            h = torch.nn.functional.conv1d(x, weights[f"kernel{width}"], weights[f"bias{width}"])[:, :, : L - width]
            features.append(torch.amax(torch.nn.functional.relu(h), dim=2))
        return torch.cat(features, dim=1)

    return encode(one), encode(other)


for title, reuse, raises, because, fix in (
    (
        "second use without reuse",
        (False, False),
        "ValueError: Variable cnn/kernel3 already exists, disallowed",
        "a scope makes its variables once: the second use must say that it means them",
        "pass reuse=True for the second use, or reuse=tf.compat.v1.AUTO_REUSE for both",
    ),
    (
        "first use with reuse",
        (True, True),
        "ValueError: Variable cnn/kernel3 does not exist, or was not created with tf.get_variable()",
        "reuse=True finds variables, and makes none",
        "pass reuse=False for the first use, or reuse=tf.compat.v1.AUTO_REUSE for both",
    ),
    (
        "reuse outside a graph",
        (False, True),
        None,
        "executed eagerly, a scope keeps no variables: get_variable makes new ones, with new numbers, in each use",
        "wrap the code with tf.compat.v1.wrap_function, or make the variables once and pass them",
    ),
):
    char_cnn.tensorflow.naive(
        "tf.compat.v1.variable_scope",
        title,
        raises=raises,
        because=because,
        wrong="output:second" if raises is None else (),
        source="https://www.tensorflow.org/api_docs/python/tf/compat/v1/variable_scope",
        fix=fix,
        **WIO,
    )(scoped_uses(*reuse, in_graph=raises is not None))
