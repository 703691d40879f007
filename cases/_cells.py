"""The plain, LSTM and GRU cells by name, for cases that run all three: weights, their places, and one step."""

from _recurrent import gru_step, keras_path, lstm_step, places

from parity import normal, stack, zeros

GATES = dict(rnn="", lstm="G ", gru="R ")
TORCH = dict(rnn="RNN", lstm="LSTM", gru="GRU")
KERAS = dict(rnn="SimpleRNN", lstm="LSTM", gru="GRU")


def weights(cell, layers, bidirectional):
    tensors, gates = {}, GATES[cell]
    for place, features in places(layers, bidirectional):
        tensors[f"kernel_{place}"] = normal(f"{gates}H {features}", std=0.3)
        tensors[f"recurrent_{place}"] = normal(f"{gates}H J", std=0.3)
        for name in ("bias_input", "bias_hidden") if cell == "gru" else ("bias",):
            tensors[f"{name}_{place}"] = normal(f"{gates}H", std=0.5)
    return tensors


def states_of(cell):
    return ("h", "c") if cell == "lstm" else ("h",)


def rnn_step(np, x, h, kernel, recurrent, bias):
    return (np.tanh(np.einsum("ni,hi->nh", x, kernel) + np.einsum("nj,hj->nh", h, recurrent) + bias),)


STEPS = dict(rnn=rnn_step, lstm=lstm_step, gru=gru_step)


def torch_variables(cell, layers, bidirectional):
    variables, gates = {}, GATES[cell].strip()
    for place, features in places(layers, bidirectional):
        rows = f"({gates} H)" if gates else "H"
        biases = ("bias_input", "bias_hidden") if cell == "gru" else ("bias", None)
        variables[f"weight_ih_l{place}"] = f"kernel_{place}: {rows} {features}"
        variables[f"weight_hh_l{place}"] = f"recurrent_{place}: {rows} J"
        for variable, bias in zip((f"bias_ih_l{place}", f"bias_hh_l{place}"), biases, strict=True):
            variables[variable] = f"{bias}_{place}: {rows}" if bias else zeros(rows)
    return variables


def keras_variables(cell, layers, bidirectional):
    variables, gates = {}, dict(rnn="", lstm="G ", gru="R[z r n] ")[cell]
    for place, features in places(layers, bidirectional):
        path = keras_path(place, "simple_rnn_cell" if cell == "rnn" else f"{cell}_cell", bidirectional)
        columns = f"({gates}H)" if gates else "H"
        variables[f"{path}/kernel"] = f"kernel_{place}: {features} {columns}"
        variables[f"{path}/recurrent_kernel"] = f"recurrent_{place}: J {columns}"
        variables[f"{path}/bias"] = (
            stack(f"bias_input_{place}: {columns}", f"bias_hidden_{place}: {columns}")
            if cell == "gru"
            else f"bias_{place}: {columns}"
        )
    return variables


def torch_step(torch, cell, x, states, kernel, recurrent, bias=None, bias_input=None, bias_hidden=None):
    matrices = (kernel.flatten(0, -2), recurrent.flatten(0, -2))
    if cell == "gru":
        return [torch.gru_cell(x, *states, *matrices, bias_input.flatten(), bias_hidden.flatten())]
    biases = (bias.flatten(), torch.zeros_like(bias).flatten())
    if cell == "rnn":
        return [torch.rnn_tanh_cell(x, *states, *matrices, *biases)]
    return torch.lstm_cell(x, states, *matrices, *biases)


def tensorflow_step(tf, cell, x, states, kernel, recurrent, bias=None, bias_input=None, bias_hidden=None):
    h, *c = states
    if cell == "gru":
        of_input, of_state = tf.matmul(x, kernel) + bias_input, tf.matmul(h, recurrent) + bias_hidden
        (ri, zi, ni), (rh, zh, nh) = tf.split(of_input, 3, axis=1), tf.split(of_state, 3, axis=1)
        z = tf.sigmoid(zi + zh)
        return [(1 - z) * tf.tanh(ni + tf.sigmoid(ri + rh) * nh) + z * h]
    a = tf.matmul(x, kernel) + tf.matmul(h, recurrent) + bias
    if cell == "rnn":
        return [tf.tanh(a)]
    i, f, g, o = tf.split(a, 4, axis=1)
    c = tf.sigmoid(f) * c[0] + tf.sigmoid(i) * tf.tanh(g)
    return [tf.sigmoid(o) * tf.tanh(c), c]


def laid_out(tf, name, weight):
    """A weight as TensorFlow's products want it: the inputs first, and the gates beside each other."""
    if "bias" in name:
        return tf.reshape(weight, [-1])
    return tf.transpose(tf.reshape(weight, [-1, weight.shape[-1]]))
