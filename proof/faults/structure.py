"""Faults in what surrounds the arithmetic: memory layout, axes, dropout, updates of weights, and gradients."""

from typing import Any

from proof.fault import Shows, fault
from proof.tools import backward, scaled, without_gradient

LINEAR = ("torch.nn.functional.linear", "torch.nn.Linear")
EVALUATED = ("torch.nn.functional.dropout", "torch.nn.Dropout", "torch.nn.Dropout(inplace=True)")


def in_storage_order(torch: Any, x: Any) -> Any:
    """The elements of a tensor in the order of its storage, as if it were contiguous."""
    order = sorted(range(x.ndim), key=lambda axis: -x.stride(axis))
    return x.permute(order).reshape(x.shape)


@fault(
    "torch-bmm-ignores-strides",
    "result depending on memory layout",
    Shows("matmul_transposed", ("torch.bmm",), ("output:y", "grad:a", "grad:b")),
    torch="torch.bmm",
)
def _(torch: Any, bmm: Any, a: Any, b: Any) -> Any:
    """A transposed matrix is read in the order of its storage."""
    return bmm(a, in_storage_order(torch, b))


@fault(
    "torch-layer-norm-ignores-strides",
    "result depending on memory layout",
    Shows("layer_norm_of_channels", ("torch.nn.functional.layer_norm on permuted axes",), ("output:y", "grad:x")),
    torch="torch.nn.functional.layer_norm",
)
def _(torch: Any, layer_norm: Any, x: Any, *more: Any, **named: Any) -> Any:
    """A permuted tensor is read in the order of its storage."""
    return layer_norm(in_storage_order(torch, x), *more, **named)


@fault(
    "torch-reshape-ignores-strides",
    "result depending on memory layout",
    Shows("reshape", ("torch.reshape",), ("output:y", "grad:x"), when=dict(transposed=True)),
    torch="torch.reshape",
)
def _(torch: Any, reshape: Any, x: Any, shape: Any) -> Any:
    """A transposed tensor is reshaped in the order of its storage."""
    return reshape(in_storage_order(torch, x), shape)


@fault(
    "tensorflow-matmul-transpose-ignored",
    "result depending on memory layout",
    Shows("linear_square", ("tf.matmul(transpose_b=True)",), ("output:y", "grad:x", "grad:kernel")),
    tensorflow="tf.matmul",
)
def _(tf: Any, matmul: Any, a: Any, b: Any, transpose_a: Any = False, transpose_b: Any = False, **named: Any) -> Any:
    """transpose_b is not heeded."""
    return matmul(a, b, transpose_a, **named)


@fault(
    "torch-stack-axis",
    "wrong axis",
    Shows("stack", ("torch.stack",), ("output:y",), when=dict(axis=1)),
    torch="torch.stack",
    reaches=("gru_cell",),
)
def _(torch: Any, stack: Any, tensors: Any, dim: Any = 0) -> Any:
    """The new axis is always the first."""
    return stack(tensors, 0)


@fault(
    "tensorflow-concat-order",
    "wrong axis",
    Shows("concat", ("tf.concat", "keras.layers.Concatenate"), ("output:y", "grad:*"), when=dict(axis=1)),
    tensorflow="tf.concat",
)
def _(tf: Any, concat: Any, values: Any, axis: Any, *more: Any, **named: Any) -> Any:
    """The parts are joined in reverse order."""
    return concat(list(values)[::-1], axis, *more, **named)


@fault(
    "torch-dropout-left-on",
    "dropout left on",
    Shows("dropout_evaluation", EVALUATED, ("output:y", "grad:x")),
    torch="torch.nn.functional.dropout",
)
def _(torch: Any, dropout: Any, x: Any, p: Any = 0.5, training: Any = True, inplace: Any = False) -> Any:
    """Evaluation drops as training does."""
    return dropout(x, p, True)


@fault(
    "keras-dropout-left-on",
    "dropout left on",
    Shows("dropout_evaluation", ("keras.layers.Dropout",), ("output:y", "grad:x")),
    tensorflow="keras.layers.Dropout.call",
)
def _(tf: Any, call: Any, layer: Any, inputs: Any, training: Any = False) -> Any:
    """Evaluation drops as training does."""
    return call(layer, inputs, True)


@fault(
    "torch-linear-kernel-gradient-scaled",
    "gradient scaled by 1 + 1e-4",
    Shows("linear", LINEAR, ("grad:kernel",), may=()),
    torch="torch.nn.functional.linear",
)
def _(torch: Any, linear: Any, x: Any, weight: Any, *more: Any) -> Any:
    """The kernel's gradient is larger by a ten-thousandth; the results are right."""
    return linear(x, backward(torch, weight, scaled(1 + 1e-4)), *more)


@fault(
    "keras-dense-bias-without-gradient",
    "gradient of one weight zero",
    Shows("linear", ("keras.layers.Dense",), ("grad:bias",), may=(), when=dict(bias=True)),
    tensorflow="keras.src.ops.add",
    reaches=("gru_cell",),
)
def _(tf: Any, add: Any, left: Any, right: Any) -> Any:
    """What is added second gets no gradient; the results are right."""
    return add(left, without_gradient(tf, tf.convert_to_tensor(right)))


@fault(
    "torch-embedding-gradient-of-repeated-ids",
    "a term dropped from an accumulation",
    Shows(
        "embedding",
        ("torch.nn.functional.embedding", "torch.nn.Embedding", "torch.nn.Embedding.from_pretrained(freeze=False)"),
        ("grad:table",),
        may=(),
    ),
    torch="torch.nn.functional.embedding",
)
def _(torch: Any, embedding: Any, ids: Any, table: Any, *more: Any, **named: Any) -> Any:
    """A row that two places name gets the gradient of the last only; the results are right."""

    def last(gradient: Any) -> Any:
        flat = ids.flatten()
        later = torch.triu(flat[:, None] == flat, diagonal=1).any(1).reshape(ids.shape)
        return gradient * ~later[..., None]

    return backward(torch, embedding(ids, table, *more, **named), last)


@fault(
    "tensorflow-gather-gradient-of-the-first-id",
    "a term dropped from an accumulation",
    Shows("embedding", ("tf.gather", "keras.layers.Embedding"), ("grad:table",), may=()),
    tensorflow="tf.gather",
    reaches=("cross_entropy",),
)
def _(tf: Any, gather: Any, table: Any, ids: Any, *more: Any, **named: Any) -> Any:
    """The first place that is read puts no gradient into its row; the results are right."""
    rows = gather(table, ids, *more, **named)
    first = tf.reshape(tf.range(tf.size(ids)) == 0, [*ids.shape, *[1] * (len(rows.shape) - len(ids.shape))])
    return backward(tf, rows, lambda gradient: tf.where(first, tf.zeros_like(gradient), gradient))


@fault(
    "torch-relu-gradient-at-zero",
    "one wrong element",
    Shows("relu_at_zero", ("torch.nn.functional.relu",), ("grad:z",), may=()),
    torch="torch.nn.functional.relu",
)
def _(torch: Any, relu: Any, x: Any, inplace: Any = False) -> Any:
    """The slope at zero is 1; the results are right."""
    return torch.where(x >= 0, x, 0)


@fault(
    "keras-gelu-gradient-scaled",
    "gradient scaled by 1 + 1e-4",
    Shows("gelu", ("keras.activations.gelu",), ("grad:x",), may=()),
    tensorflow="keras.src.backend.nn.gelu",
)
def _(tf: Any, gelu: Any, x: Any, approximate: Any = True) -> Any:
    """The gradient is larger by a ten-thousandth; the results are right."""
    return gelu(backward(tf, x, scaled(1 + 1e-4)), approximate)


@fault(
    "both-silu-gradient-scaled",
    "both frameworks wrong in the same way",
    Shows(
        "silu",
        (
            "torch.nn.functional.silu",
            "torch.nn.SiLU",
            "tf.nn.silu",
            "keras.activations.silu",
            "keras.layers.Activation",
        ),
        ("grad:x",),
        may=(),
    ),
    torch="torch.nn.functional.silu",
    tensorflow="tf.nn.silu",
)
def _(framework: Any, silu: Any, x: Any, *more: Any, **named: Any) -> Any:
    """Both give a gradient larger by a ten-thousandth; the results are right."""
    return silu(backward(framework, x, scaled(1 + 1e-4)), *more, **named)


@fault(
    "torch-adam-bias-correction-dropped",
    "momentum",
    Shows(
        "adam", ("torch.optim.Adam", "torch.optim.Adam(foreach=True)", "torch.optim.Adam(fused=True)"), ("output:*",)
    ),
    torch="torch.optim.Adam.step",
)
def _(torch: Any, step: Any, optimizer: Any, *arguments: Any) -> Any:
    """The step counts from 100, so that the moments are hardly corrected."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            state = optimizer.state[weight]
            if "step" in state and state["step"] < 100:
                state["step"] += 100
    return step(optimizer, *arguments)


@fault(
    "keras-sgd-momentum-ignored",
    "momentum",
    Shows("sgd_momentum", ("keras.optimizers.SGD",), ("output:*",)),
    tensorflow="keras.optimizers.SGD.update_step",
)
def _(tf: Any, update_step: Any, optimizer: Any, gradient: Any, variable: Any, learning_rate: Any) -> Any:
    """The momentum is not heeded."""
    rate = tf.cast(learning_rate, variable.dtype)
    optimizer.assign_sub(variable, tf.cast(gradient, variable.dtype) * rate)
