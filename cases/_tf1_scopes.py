"""TensorFlow 1 code with variable scopes as one layer: its graph is wrapped, and its variables keep their names."""

from _tf1 import Variable


class Wrapped:
    """The variables of a wrapped graph under the names that their scopes give them."""

    name, built = "", True

    def __init__(self, function):
        self.weights = [Variable(variable.name.removesuffix(":0"), variable) for variable in function.variables]


def wrapped(tf, function, dtype, *shapes):
    """Build the graph of a function of tensors of these shapes. Each call of the result runs this one graph."""
    return tf.compat.v1.wrap_function(function, [tf.TensorSpec(shape, dtype) for shape in shapes])


def load(function, weights):
    """Assign weights to the variables of a wrapped graph by their names."""
    variables = {variable.path: variable for variable in Wrapped(function).weights}
    for name, weight in weights.items():
        variables[name].assign(weight)
