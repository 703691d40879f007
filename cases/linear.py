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
linear.timed({"BERT-base": dict(N=128, I=768, O=3072)}, multiply_adds=lambda I: I)


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


@linear.torch.naive(
    "torch.nn.functional.linear",
    "kernel reshaped instead of transposed",
    because="a reshape keeps the row-major order, so the weights end up at other inputs and outputs",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html",
    fix="transpose the TensorFlow kernel: [inputs, outputs] becomes [outputs, inputs]",
    kernel="I O",
)
def _(torch, x, kernel, bias=None, *, I, O):
    return torch.nn.functional.linear(x, kernel.reshape(O, I), bias)


@linear.tensorflow.naive(
    "tf.matmul",
    "kernel reshaped instead of transposed",
    because="a reshape keeps the row-major order, so the weights end up at other inputs and outputs",
    source="https://keras.io/api/layers/core_layers/dense/",
    fix="transpose the PyTorch weight: [outputs, inputs] becomes [inputs, outputs]",
)
def _(tf, x, kernel, bias=None, *, I, O):
    y = tf.matmul(x, tf.reshape(kernel, [I, O]))
    return y if bias is None else y + bias


@linear.torch.naive(
    "torch.nn.functional.linear",
    "TensorFlow kernel passed as it is",
    when=dict(batched=False),
    because="PyTorch multiplies by the transpose of its weight, which lies as [outputs, inputs]",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html",
    fix="transpose the kernel",
    raises="RuntimeError: mat1 and mat2 shapes cannot be multiplied",
    kernel="I O",
)
def _(torch, x, kernel, bias=None):
    return torch.nn.functional.linear(x, kernel, bias)


linear_square = Case(
    "linear_square",
    "An affine map with as many outputs as inputs, where a transposed kernel fits too.",
    sizes=dict(N=4, I=6, O=lambda I: I),
    inputs=dict(x=normal("N I")),
    weights=dict(kernel=normal("O I"), bias=normal("O")),
    outputs=dict(y="N O"),
)


@linear_square.reference
def _(np, x, kernel, bias):
    return np.einsum("ni,oi->no", x, kernel) + bias


@linear_square.torch("torch.addmm")
def _(torch, x, kernel, bias):
    return torch.addmm(bias, x, kernel.t())


@linear_square.torch.layer("torch.nn.Linear", weights=dict(weight="kernel: O I", bias="bias: O"))
def _(torch, *, I, O):
    return torch.nn.Linear(I, O)


@linear_square.tensorflow("tf.matmul(transpose_b=True)")
def _(tf, x, kernel, bias):
    return tf.matmul(x, kernel, transpose_b=True) + bias


@linear_square.tensorflow.layer("keras.layers.Dense", weights=dict(kernel="kernel: I O", bias="bias: O"))
def _(tf, *, O):
    return tf.keras.layers.Dense(O)


@linear_square.torch.naive(
    "torch.nn.Linear",
    "square kernel not transposed",
    because="PyTorch's weight lies as [outputs, inputs], Keras's kernel as [inputs, outputs], and both fit",
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html",
    fix="transpose the kernel, whatever its shape",
    weights=dict(weight="kernel: I O", bias="bias: O"),
)
def _(torch, *, I, O):
    return torch.nn.Linear(I, O)


@linear_square.tensorflow.naive(
    "keras.layers.Dense",
    "square weight not transposed",
    because="Keras's kernel lies as [inputs, outputs], PyTorch's weight as [outputs, inputs], and both fit",
    source="https://keras.io/api/layers/core_layers/dense/",
    fix="transpose the weight, whatever its shape",
    weights=dict(kernel="kernel: O I", bias="bias: O"),
)
def _(tf, *, O):
    return tf.keras.layers.Dense(O)
