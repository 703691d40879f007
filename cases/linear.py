"""Fully connected layers."""

from parity import Case, grid, normal

linear = Case(
    "linear",
    "An affine map of the last axis: y = x kernelᵀ + bias.",
    sizes=dict(N=4, T=3, I=6, O=5),
    parameters=dict(bias=True, batched=False),
    inputs=lambda batched: dict(x=normal("N T I" if batched else "N I")),
    weights=lambda bias: dict(kernel=normal("O I"), **(dict(bias=normal("O")) if bias else {})),
    outputs=lambda batched: dict(y="N T O" if batched else "N O"),
    variants=grid(batched=[False, True], bias=[True, False]),
)


@linear.reference
def _(np, x, kernel, bias=None):
    y = np.einsum("...i,oi->...o", x, kernel)
    return y if bias is None else y + bias


@linear.torch("torch.nn.functional.linear")
def _(torch, x, kernel, bias=None):
    return torch.nn.functional.linear(x, kernel, bias)


@linear.torch.layer(
    "torch.nn.Linear",
    weights=lambda bias: dict(weight="kernel: O I", **(dict(bias="bias: O") if bias else {})),
)
def _(torch, *, I, O, bias):
    return torch.nn.Linear(I, O, bias=bias)


@linear.tensorflow("tf.matmul", kernel="I O")
def _(tf, x, kernel, bias=None):
    y = tf.matmul(x, kernel)
    return y if bias is None else tf.nn.bias_add(y, bias)


@linear.tensorflow.layer(
    "keras.layers.Dense",
    weights=lambda bias: dict(kernel="kernel: I O", **(dict(bias="bias: O") if bias else {})),
)
def _(tf, *, O, bias):
    return tf.keras.layers.Dense(O, use_bias=bias)
