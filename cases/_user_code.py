"""What the cases of user code share: variables that belong to no layer, and the convolution layer of the documents."""

from _tf1 import Variable

WIDTHS = (3, 4, 5)


class Owner:
    """Plain TensorFlow variables as one layer, under the names that the mapping of weights gives them."""

    name, built = "", True

    def __init__(self, variables):
        self.trainable_variables = list(variables.values())
        self.weights = [Variable(name, variable) for name, variable in variables.items()]


def cnn_axes(axes):
    """The tensors of the convolutions: ``axes`` are those of a kernel, of which W is its width."""
    named = {}
    for width in WIDTHS:
        named[f"w{width}"] = axes.replace("W", f"K{width}")
        named[f"b{width}"] = "O"
    return named


def cnn_formula(np, x, weights):
    """Convolutions of several widths without padding, ReLU and the maximum over time, side by side."""
    features = []
    for width in WIDTHS:
        kernel = weights[f"w{width}"]
        windows = np.stack([x[:, i : i + width] for i in range(x.shape[1] - width + 1)], 1)
        h = np.einsum("npke,keo->npo", windows, kernel) + weights[f"b{width}"]
        features.append(np.max(np.maximum(h, 0), 1))
    return np.concatenate(features, 1)


def torch_cnn(torch, x, weights):
    """The same with kernels in TensorFlow's layout: width, inputs, outputs."""
    features = []
    for width in WIDTHS:
        kernel = weights[f"w{width}"].permute(2, 1, 0)
        h = torch.nn.functional.conv1d(x.transpose(1, 2), kernel, weights[f"b{width}"])
        features.append(torch.amax(torch.relu(h), dim=2))
    return torch.cat(features, dim=1)


def tf_cnn(tf, x, weights):
    features = []
    for width in WIDTHS:
        h = tf.nn.bias_add(tf.nn.conv1d(x, weights[f"w{width}"], stride=1, padding="VALID"), weights[f"b{width}"])
        features.append(tf.reduce_max(tf.nn.relu(h), 1))
    return tf.concat(features, 1)


def tf_get_variables(tf, E, O, dtype):
    """The variables of the convolutions as TensorFlow 1 makes them, in a scope for each width."""
    v1, weights = tf.compat.v1, {}
    for width in WIDTHS:
        with v1.variable_scope(f"conv_{width}"):
            weights[f"w{width}"] = v1.get_variable("w", [width, E, O], dtype)
            weights[f"b{width}"] = v1.get_variable("b", [O], dtype)
    return weights
