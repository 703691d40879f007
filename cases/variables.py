"""Variables of a user's own: how they train, and what they start from."""

from _training_step import RATE, formula, tensorflow_step
from _user_code import WIDTHS, Owner, cnn_axes, cnn_formula, tf_cnn, tf_get_variables, torch_cnn

from parity import Case, Tolerance, buffer, grid, normal

WIDE = ("float64", "float32")
TORCH_VARIABLE = "torch/autograd/variable.py of PyTorch 2.13.0, and https://docs.pytorch.org/docs/stable/autograd.html"
TORCH_INIT = "torch/nn/init.py of PyTorch 2.13.0: _calculate_fan_in_and_fan_out"
GET_VARIABLE = "https://www.tensorflow.org/api_docs/python/tf/compat/v1/get_variable"
SIZES = dict(N=2, L=9, E=6, O=7, K3=3, K4=4, K5=5, F=lambda O: 3 * O)
NAMES = {name: f"{name}: {axes}" for name, axes in cnn_axes("W E O").items()}


def cnn_weights(**options):
    return {
        name: normal(axes, std=0.5 if name[0] == "w" else 1.0, **options) for name, axes in cnn_axes("W E O").items()
    }


cnn_of_variables = Case(
    "cnn_of_variables",
    "Convolutions of widths 3, 4 and 5 over a sequence, ReLU, the maximum over time, with weights that a user makes.",
    sizes=SIZES,
    inputs=dict(x=normal("N L E")),
    weights=cnn_weights(),
    outputs=dict(y="N F"),
    dtypes=WIDE,  # in 16 bits rounding decides which step is the maximum and gets the gradient
)


@cnn_of_variables.reference
def _(np, x, **weights):
    return cnn_formula(np, x, weights)


def torch_parameters(torch, E, O):
    """The weights as parameters of a module, drawn as the document draws them."""
    module = torch.nn.Module()
    for width in WIDTHS:
        module.register_parameter(f"w{width}", torch.nn.Parameter(torch.randn(width, E, O)))
        module.register_parameter(f"b{width}", torch.nn.Parameter(torch.randn(O)))
    return module


@cnn_of_variables.torch.layer("torch.nn.Parameter", weights=NAMES)
def _(torch, *, E, O):
    module = torch_parameters(torch, E, O)
    return module, lambda x: torch_cnn(torch, x, dict(module.named_parameters()))


@cnn_of_variables.tensorflow.layer("tf.compat.v1.get_variable", weights=NAMES)
def _(tf, *, E, O, dtype):
    weights = tf_get_variables(tf, E, O, dtype)
    return Owner(weights), lambda x: tf_cnn(tf, x, weights)


def wrapped(torch, weights, **options):
    """Values wrapped as the document wraps them: ``Variable`` returns a tensor."""
    variables = {}
    for name, value in weights.items():
        variable = torch.autograd.Variable(torch.randn(value.shape), **options)
        variable.data = value.detach().clone()
        variables[name] = variable
    return variables


@cnn_of_variables.torch.naive(
    "torch.autograd.Variable",
    "requires_grad left at its default",
    wrong=["grad:b*", "grad:w*"],
    kind="missing",
    because="Variable returns a tensor, whose requires_grad is False: a TensorFlow variable is trainable by default",
    source=TORCH_VARIABLE,
    fix="wrap the tensor in torch.nn.Parameter",
)
def _(torch, x, **weights):
    return torch_cnn(torch, x, wrapped(torch, weights))


AXES = cnn_axes("W E O") | dict(output="F M")

cnn_of_variables_training = Case(
    "cnn_of_variables_training",
    "A step of gradient descent on convolutions and a linear layer, with weights that a user makes: loss and weights.",
    sizes=dict(SIZES, M=4),
    inputs=dict(x=normal("N L E", gradient=False), target=normal("N M", gradient=False)),
    weights=cnn_weights(gradient=False) | dict(output=normal("F M", std=0.3, gradient=False)),
    outputs=dict(before=buffer(""), after=buffer(""), **{name: buffer(axes) for name, axes in AXES.items()}),
    dtypes=WIDE,
    trains=True,
)


@cnn_of_variables_training.reference
def _(np, x, target, **weights):
    def loss(weights):
        return np.mean((np.einsum("nf,fm->nm", cnn_formula(np, x, weights), weights["output"]) - target) ** 2)

    return formula(np, loss, weights)


def torch_step(torch, x, target, variables, trained, capture):
    """The losses and the weights; ``trained`` are those that the optimizer gets."""

    def loss():
        features = torch_cnn(torch, x, variables)
        return torch.nn.functional.mse_loss(features @ variables["output"], target)

    loss = capture(loss)
    with torch.enable_grad():
        optimizer = torch.optim.SGD(trained, RATE)
        before = loss()
        before.backward()
        optimizer.step()
        return before.detach(), loss().detach(), *(variable.detach().clone() for variable in variables.values())


@cnn_of_variables_training.torch.layer("torch.nn.Parameter", weights=NAMES | dict(output="output: F M"))
def _(torch, *, E, O, F, M, capture):
    module = torch_parameters(torch, E, O)
    module.output = torch.nn.Parameter(torch.randn(F, M))

    def call(x, target):
        return torch_step(torch, x, target, dict(module.named_parameters()), module.parameters(), capture)

    return module, call


@cnn_of_variables_training.torch("torch.autograd.Variable(requires_grad=True)")
def _(torch, x, target, *, capture, **weights):
    variables = {}
    for name, value in weights.items():
        variables[name] = torch.autograd.Variable(torch.randn(value.shape, device=x.device), requires_grad=True)
        variables[name].data.copy_(value)
    return torch_step(torch, x, target, variables, list(variables.values()), capture)


@cnn_of_variables_training.tensorflow.layer("tf.compat.v1.get_variable", weights=NAMES | dict(output="output: F M"))
def _(tf, *, E, O, F, M, dtype, capture):
    weights = tf_get_variables(tf, E, O, dtype)
    weights["output"] = tf.compat.v1.get_variable("output", [F, M], dtype)
    owner = Owner(weights)

    def call(x, target):
        def loss():
            logits = tf.matmul(tf_cnn(tf, x, weights), weights["output"])
            return tf.reduce_mean(tf.math.squared_difference(logits, target))

        return *tensorflow_step(tf, owner, loss, capture), *(weight.read_value() for weight in weights.values())

    return owner, call


def plain_module(torch, variables):
    """A module with ``Variable`` as attributes, as the document's port has them, and an output layer of its own."""
    module = torch.nn.Module()
    for name, variable in variables.items():
        setattr(module, name, variable)
    return module


@cnn_of_variables_training.torch.naive(
    "torch.autograd.Variable",
    "kernels that never train",
    wrong=["output:after", "output:b3", "output:b4", "output:b5", "output:w*"],
    because="requires_grad is False, so only the output layer moves: no error comes",
    source=TORCH_VARIABLE,
    fix="make them torch.nn.Parameter of the module",
)
def _(torch, x, target, output, *, capture, **weights):
    variables = wrapped(torch, weights)
    module = plain_module(torch, variables)
    module.output = torch.nn.Parameter(output.detach().clone())
    return torch_step(torch, x, target, variables | dict(output=module.output), module.parameters(), capture)


@cnn_of_variables_training.torch.naive(
    "torch.autograd.Variable(requires_grad=True)",
    "attributes that are no parameters",
    wrong=["output:after", "output:b3", "output:b4", "output:b5", "output:w*"],
    because="a module lists only torch.nn.Parameter among its parameters: with a gradient, but in no optimizer",
    source="torch/nn/modules/module.py of PyTorch 2.13.0: Module.__setattr__",
    fix="wrap the tensor in torch.nn.Parameter, or give the optimizer the tensors themselves",
)
def _(torch, x, target, output, *, capture, **weights):
    variables = wrapped(torch, weights, requires_grad=True)
    module = plain_module(torch, variables)
    module.output = torch.nn.Parameter(output.detach().clone())
    return torch_step(torch, x, target, variables | dict(output=module.output), module.parameters(), capture)


@cnn_of_variables_training.torch.naive(
    "torch.optim.SGD",
    "module with nothing but Variable",
    raises="ValueError: optimizer got an empty parameter list",
    because="a module lists only torch.nn.Parameter among its parameters",
    source="torch/optim/optimizer.py of PyTorch 2.13.0: Optimizer.__init__",
    fix="make them torch.nn.Parameter of the module",
)
def _(torch, x, target, *, capture, **weights):
    variables = wrapped(torch, weights)
    return torch_step(torch, x, target, variables, plain_module(torch, variables).parameters(), capture)


@cnn_of_variables_training.torch.naive(
    "torch.Tensor.backward",
    "loss of nothing but Variable",
    raises="RuntimeError: element 0 of tensors does not require grad",
    because="requires_grad is False for each of them, and so for the loss",
    source=TORCH_VARIABLE,
    fix="pass requires_grad=True, or make them torch.nn.Parameter",
)
def _(torch, x, target, *, capture, **weights):
    variables = wrapped(torch, weights)
    return torch_step(torch, x, target, variables, list(variables.values()), capture)


first_variable = Case(
    "first_variable",
    "What tf.compat.v1.get_variable draws without an initializer, in units of Glorot's bound: mean, variance, largest.",
    sizes=dict(K=5, E=50, O=100, B=25_000),
    inputs=dict(one=normal("", mean=1, std=0, gradient=False)),
    outputs=dict(mean=buffer(""), variance=buffer(""), largest=buffer("")),
    variants=grid(variable=["w", "b"]),
    tolerance=Tolerance(0, 0.03, because="8 standard deviations of the mean of 25,000 draws in these units"),
    dtypes=WIDE,
    eager_only="a captured graph cannot make the variables that it draws",
    draws=True,
)


@first_variable.reference
def _(np, one):
    return 0 * one, one / 3, one


def bound(variable, K, E, O, B):
    """Glorot's: of a kernel by its inputs and outputs at all K places, of a vector by its length, twice."""
    return (6 / (K * E + K * O)) ** 0.5 if variable == "w" else (3 / B) ** 0.5


def torch_statistics(one, drawn, largest):
    units = drawn.detach().double() / largest
    found = units.mean(), units.var(correction=0), units.abs().max()
    return [statistic.to(one) for statistic in found]


@first_variable.tensorflow("tf.compat.v1.get_variable")
def _(tf, one, *, variable, K, E, O, B, dtype):
    with tf.compat.v1.variable_scope("conv"):
        shape = [K, E, O] if variable == "w" else [B]
        drawn = tf.compat.v1.get_variable(variable, shape, dtype)
    units = tf.cast(drawn, tf.float64) / bound(variable, K, E, O, B)
    found = tf.reduce_mean(units), tf.math.reduce_variance(units), tf.reduce_max(abs(units))
    return [tf.cast(statistic, one.dtype) for statistic in found]


@first_variable.torch("torch.nn.init")
def _(torch, one, *, variable, K, E, O, B):
    torch.manual_seed(0)
    if variable == "w":
        drawn = torch.empty(K, E, O, dtype=one.dtype, device=one.device)
        torch.nn.init.xavier_uniform_(drawn.permute(2, 1, 0))
    else:
        largest = (3 / B) ** 0.5
        drawn = torch.nn.init.uniform_(torch.empty(B, dtype=one.dtype, device=one.device), a=-largest, b=largest)
    return torch_statistics(one, drawn, bound(variable, K, E, O, B))


@first_variable.torch.naive(
    "torch.randn",
    "instead of Glorot's distribution",
    because="it draws from a normal distribution of standard deviation 1, whatever the shape",
    source=GET_VARIABLE,
    fix="call torch.nn.init.xavier_uniform_ on the kernel, and uniform_(-sqrt(3 / n), sqrt(3 / n)) on a vector",
)
def _(torch, one, *, variable, K, E, O, B):
    torch.manual_seed(0)
    shape = (K, E, O) if variable == "w" else (B,)
    drawn = torch.autograd.Variable(torch.randn(shape, dtype=one.dtype, device=one.device))
    return torch_statistics(one, drawn, bound(variable, K, E, O, B))


@first_variable.torch.naive(
    "torch.nn.init.xavier_uniform_",
    "kernel in TensorFlow's layout",
    when=dict(variable="w"),
    wrong=["output:largest", "output:variance"],
    size=(0.43, 1.8),
    because="PyTorch takes axis 0 for the outputs, axis 1 for the inputs and the others for places",
    source=TORCH_INIT,
    fix="permute to [out, in, width] before the call: xavier_uniform_(w.permute(2, 1, 0))",
)
def _(torch, one, *, variable, K, E, O, B):
    torch.manual_seed(0)
    drawn = torch.nn.init.xavier_uniform_(torch.empty(K, E, O, dtype=one.dtype, device=one.device))
    return torch_statistics(one, drawn, bound(variable, K, E, O, B))


@first_variable.torch.naive(
    "torch.nn.init.xavier_uniform_",
    "of a vector",
    when=dict(variable="b"),
    raises="ValueError: Fan in and fan out can not be computed for tensor with fewer than 2 dimensions",
    because="TensorFlow takes the length of a vector for both its inputs and its outputs; PyTorch refuses it",
    source=TORCH_INIT,
    fix="draw with torch.nn.init.uniform_(b, -sqrt(3 / n), sqrt(3 / n))",
)
def _(torch, one, *, variable, K, E, O, B):
    drawn = torch.nn.init.xavier_uniform_(torch.empty(B, dtype=one.dtype, device=one.device))
    return torch_statistics(one, drawn, bound(variable, K, E, O, B))


@first_variable.tensorflow.naive(
    "keras.layers.Conv1D",
    "its bias of zeros",
    when=dict(variable="b"),
    wrong=["output:largest", "output:variance"],
    size=(0.5, 2),
    because="a layer of Keras fills its bias with zeros; get_variable draws a vector as it draws a kernel",
    source=GET_VARIABLE,
    fix="pass bias_initializer='glorot_uniform', or initializer=tf.zeros_initializer() to get_variable",
)
def _(tf, one, *, variable, K, E, O, B, dtype):
    layer = tf.keras.layers.Conv1D(B, 1, dtype=dtype)
    layer.build([None, K, 1])
    units = tf.cast(layer.bias.value, tf.float64) / bound(variable, K, E, O, B)
    found = tf.reduce_mean(units), tf.math.reduce_variance(units), tf.reduce_max(abs(units))
    return [tf.cast(statistic, one.dtype) for statistic in found]
