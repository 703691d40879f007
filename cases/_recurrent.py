"""What the recurrent cases share: names of weights, the formula of a stack of layers, and Keras layers in a stack."""

from parity import normal

SIZES = dict(
    N=4,
    T=3,
    I=6,
    H=5,
    J=lambda H: H,
    L=lambda layers: layers,
    D=lambda bidirectional: 2 if bidirectional else 1,
    K=lambda D, H: D * H,
)
"""J is the state that enters a step, H the one that leaves it; K are the outputs of a layer, inputs of the next."""

CELL_SIZES = dict(N=lambda empty: 0 if empty else 4, T=3, I=6, H=5, J=lambda H: H)


PACKED = dict(
    modes=["graph", "compiled"],
    raises="Unsupported: function `pack_padded_sequence`",
    because="torch.compile does not trace a packed sequence, whose shape depends on the values of the lengths; a loop "
    "that holds the states with torch.where can be compiled",
    source="https://github.com/pytorch/pytorch/issues/112044",
)
"""What keeps packed sequences from being captured."""


def layer_inputs(*states):
    def inputs(time_major, initial_state):
        x = normal("T N I" if time_major else "N T I")
        return dict(x=x, **{state: normal("L D N H") for state in states if initial_state})

    return inputs


def cell_inputs(*states):
    return lambda initial_state: dict(x=normal("N T I"), **{state: normal("N H") for state in states if initial_state})


def suffixes(bidirectional):
    """The directions, as they end the names of weights."""
    return ("", "_reverse") if bidirectional else ("",)


def places(layers, bidirectional):
    """Each layer and direction: its name in the weights (0, 0_reverse, 1 ...) and the axis of its inputs."""
    for layer in range(layers):
        for suffix in suffixes(bidirectional):
            yield f"{layer}{suffix}", "I" if layer == 0 else "K"


KERAS_CELL = dict(recurrent_initializer="glorot_uniform")
"""Keras's default, orthogonal, takes a QR decomposition that TensorFlow lacks in bfloat16."""

KERAS_LAYER = dict(KERAS_CELL, return_sequences=True, return_state=True)


def sigmoid(np, a):
    """The logistic function by tanh, whose gradient comes from its rounded value, as that of a gate does."""
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def lstm_step(np, x, h, c, kernel, recurrent, bias=None):
    gates = np.einsum("ni,ghi->gnh", x, kernel) + np.einsum("nj,ghj->gnh", h, recurrent)
    i, f, g, o = gates if bias is None else gates + bias[:, None]
    c = sigmoid(np, f) * c + sigmoid(np, i) * np.tanh(g)
    return sigmoid(np, o) * np.tanh(c), c


def gru_step(np, x, h, kernel, recurrent, bias_input=None, bias_hidden=None):
    """The reset gate acts on the state's product with its kernel, and on the bias of that product."""
    of_input = np.einsum("ni,ghi->gnh", x, kernel)
    of_state = np.einsum("nj,ghj->gnh", h, recurrent)
    if bias_input is not None:
        of_input, of_state = of_input + bias_input[:, None], of_state + bias_hidden[:, None]
    r = sigmoid(np, of_input[0] + of_state[0])
    z = sigmoid(np, of_input[1] + of_state[1])
    n = np.tanh(of_input[2] + r * of_state[2])
    return ((1 - z) * n + z * h,)


def scan(np, step, sequence, states, weights, reverse=False):
    """Apply ``step(np, x, *states, **weights)`` along a sequence: the outputs in its order, and the final states."""
    outputs = []
    for x in reversed(sequence) if reverse else sequence:
        states = step(np, x, *states, **weights)
        outputs.append(states[0])
    return outputs[::-1] if reverse else outputs, states


def stacked(np, step, x, initial, weights, *, L, D, time_major):
    """L layers of ``step`` in D directions: the outputs, and each final state with the axes L D N H."""
    time = 0 if time_major else 1
    sequence = list(np.moveaxis(x, time, 0))
    finals = []
    for layer in range(L):
        outputs = []
        for direction, suffix in enumerate(suffixes(D == 2)):
            place = f"_{layer}{suffix}"
            own = {name.removesuffix(place): weight for name, weight in weights.items() if name.endswith(place)}
            states = [state[layer, direction] for state in initial]
            output, final = scan(np, step, sequence, states, own, reverse=direction == 1)
            outputs.append(output)
            finals.append(final)
        sequence = [np.concatenate(parts, axis=-1) for parts in zip(*outputs, strict=True)]
    y = np.stack(sequence, axis=time)
    states = (np.stack(parts) for parts in zip(*finals, strict=True))
    return y, *(np.reshape(state, (L, D, *state.shape[1:])) for state in states)


def keras_path(place, cell, bidirectional):
    """Where the variables of a cell are in :func:`keras_stack`."""
    layer, _, reverse = place.partition("_")
    wrapped = f"{'backward' if reverse else 'forward'}_rnn/" if bidirectional else ""
    return f"layer_{layer}/{wrapped}{cell}"


def keras_stack(tf, make, *, L, D, H, time_major=False):
    """L Keras layers on top of each other, ``make(name)`` making each, and the function that calls them."""

    class Stack(tf.keras.layers.Layer):
        def __init__(self):
            super().__init__()
            names = [f"layer_{layer}" for layer in range(L)]
            if D == 2:
                self.layers = [tf.keras.layers.Bidirectional(make("rnn"), name=name) for name in names]
            else:
                self.layers = [make(name) for name in names]

        def build(self, shape):
            for layer in self.layers:
                layer.build(shape)
                shape = (*shape[:-1], D * H)

    def call(x, *initial, mask=None):
        y = tf.transpose(x, [1, 0, 2]) if time_major else x
        finals = []
        for index, layer in enumerate(stack.layers):
            given = [state[index, direction] for direction in range(D) for state in initial]
            y, *states = layer(y, initial_state=given or None, mask=mask)
            finals.append(tf.reshape(tf.stack(states), [D, -1, *states[0].shape]))
        states = tf.unstack(tf.stack(finals), axis=2)
        return tf.transpose(y, [1, 0, 2]) if time_major else y, *states

    stack = Stack()
    return stack, call
