"""A recurrent network as its formula is written: one bias, and a projection of the state to the output."""

from _recurrent import KERAS_LAYER, scan

from parity import Case, normal, zeros

TORCH_RNN = "https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html"

rnn_with_output = Case(
    "rnn_with_output",
    "A recurrent network with one bias, h = tanh(W_hh h + W_xh x + b), and an output y = W_hy h without a bias.",
    sizes=dict(N=4, T=3, I=6, H=5, J=lambda H: H, K=7),
    inputs=dict(x=normal("N T I")),
    weights=dict(
        kernel=normal("H I", std=0.3),
        recurrent=normal("H J", std=0.3),
        bias=normal("H", std=0.5),
        output=normal("K H", std=0.5),
    ),
    outputs=dict(y="N T K"),
    states=dict(h="N H"),
)
TORCH_WEIGHTS = {
    "rnn.weight_ih_l0": "kernel: H I",
    "rnn.weight_hh_l0": "recurrent: H J",
    "rnn.bias_ih_l0": "bias: H",
    "rnn.bias_hh_l0": zeros("H"),
    "linear.weight": "output: K H",
}


@rnn_with_output.reference
def _(np, x, kernel, recurrent, bias, output):
    def step(np, x, h):
        return (np.tanh(np.einsum("nj,hj->nh", h, recurrent) + np.einsum("ni,hi->nh", x, kernel) + bias),)

    outputs, (h,) = scan(np, step, np.moveaxis(x, 1, 0), [np.zeros((len(x), len(bias)))], {})
    return np.einsum("nth,kh->ntk", np.stack(outputs, 1), output), h


def torch_rnn(torch, I, H, K):
    model = torch.nn.Module()
    model.rnn = torch.nn.RNN(input_size=I, hidden_size=H, batch_first=True)
    model.linear = torch.nn.Linear(H, K, bias=False)

    def call(x):
        out, h = model.rnn(x, torch.zeros(1, len(x), H, dtype=x.dtype, device=x.device))
        return model.linear(out), h[0]

    return model, call


@rnn_with_output.torch.layer("torch.nn.RNN", weights=TORCH_WEIGHTS)
def _(torch, *, I, H, K):
    return torch_rnn(torch, I, H, K)


@rnn_with_output.torch.layer("torch.nn.RNNCell", weights={n.removesuffix("_l0"): w for n, w in TORCH_WEIGHTS.items()})
def _(torch, *, I, H, K):
    model = torch.nn.Module()
    model.rnn = torch.nn.RNNCell(I, H)
    model.linear = torch.nn.Linear(H, K, bias=False)

    def call(x):
        outputs, h = [], torch.zeros(len(x), H, dtype=x.dtype, device=x.device)
        for xt in x.unbind(1):
            h = model.rnn(xt, h)
            outputs.append(model.linear(h))
        return torch.stack(outputs, 1), h

    return model, call


@rnn_with_output.tensorflow("tf.matmul", kernel="I H", recurrent="J H", output="H K")
def _(tf, x, kernel, recurrent, bias, output, *, N, H):
    outputs, h = [], tf.zeros([N, H], x.dtype)
    for xt in tf.unstack(x, axis=1):
        h = tf.tanh(tf.matmul(h, recurrent) + tf.matmul(xt, kernel) + bias)
        outputs.append(tf.matmul(h, output))
    return tf.stack(outputs, 1), h


@rnn_with_output.tensorflow.layer(
    "keras.layers.SimpleRNN",
    weights={
        "rnn/simple_rnn_cell/kernel": "kernel: I H",
        "rnn/simple_rnn_cell/recurrent_kernel": "recurrent: J H",
        "rnn/simple_rnn_cell/bias": "bias: H",
        "output/kernel": "output: H K",
    },
)
def _(tf, *, T, I, H, K):
    layers = tf.keras.layers
    x = tf.keras.Input((T, I))
    out, h = layers.SimpleRNN(H, name="rnn", unroll=True, **KERAS_LAYER)(x)
    return tf.keras.Model(x, [layers.Dense(K, use_bias=False, name="output")(out), h])


@rnn_with_output.torch.naive(
    "torch.nn.RNN",
    "the one bias loaded twice",
    because="PyTorch adds its two biases, bias_ih and bias_hh: the network gets twice the bias",
    source=TORCH_RNN,
    fix="load it into bias_ih, and fill bias_hh with zeros",
    weights=TORCH_WEIGHTS,
)
def _(torch, *, I, H, K):
    model, run = torch_rnn(torch, I, H, K)

    def call(x):
        model.rnn.bias_hh_l0.data.copy_(model.rnn.bias_ih_l0)
        return run(x)

    return model, call
