"""Faults of precision: fewer digits than asked for, other dtypes, hidden NaN, and results that change."""

import itertools
from typing import Any

from proof.fault import Shows, fault
from proof.tools import tf32, through

SINGLE, DOUBLE = ("float32",), ("float64",)
LINEAR = ("torch.nn.functional.linear", "torch.nn.Linear")
ALL = ("output:y", "grad:x")


@fault(
    "torch-linear-tf32",
    "inputs rounded to TF32",
    Shows("linear", LINEAR, ("output:y", "grad:x", "grad:kernel"), may=(), dtypes=SINGLE),
    torch="torch.nn.functional.linear",
)
def _(torch: Any, linear: Any, x: Any, weight: Any, *more: Any) -> Any:
    """Both factors are rounded to TF32."""
    return linear(tf32(torch, x), tf32(torch, weight), *more)


@fault(
    "tensorflow-matmul-tf32",
    "inputs rounded to TF32",
    Shows("matmul", ("tf.matmul", "keras.ops.matmul"), ("output:y", "grad:a", "grad:b"), may=(), dtypes=SINGLE),
    tensorflow="tf.matmul",
    reaches=("linear", "gru_cell"),
)
def _(tf: Any, matmul: Any, a: Any, b: Any, *more: Any, **named: Any) -> Any:
    """Both factors are rounded to TF32."""
    return matmul(tf32(tf, a), tf32(tf, b), *more, **named)


@fault(
    "torch-conv2d-bfloat16",
    "inputs rounded to bfloat16",
    Shows(
        "conv2d",
        ("torch.nn.functional.conv2d", "torch.nn.Conv2d"),
        ("output:y", "grad:kernel"),
        when=dict(padding="valid"),
        dtypes=SINGLE,
    ),
    torch="torch.nn.functional.conv2d",
)
def _(torch: Any, conv2d: Any, x: Any, *more: Any) -> Any:
    """The image is rounded to bfloat16."""
    return conv2d(through(torch, "bfloat16", x), *more)


@fault(
    "keras-conv-float16",
    "inputs rounded to float16",
    Shows(
        "conv2d",
        ("keras.layers.Conv2D",),
        ("output:y", "grad:kernel"),
        when=dict(padding="valid"),
        dtypes=SINGLE,
    ),
    tensorflow="keras.src.backend.nn.conv",
)
def _(tf: Any, conv: Any, inputs: Any, kernel: Any, *more: Any, **named: Any) -> Any:
    """The image is rounded to float16, as a mixed policy left on would do."""
    return conv(through(tf, "float16", inputs), kernel, *more, **named)


@fault(
    "torch-embedding-float16",
    "inputs rounded to float16",
    Shows(
        "embedding",
        (
            "torch.nn.functional.embedding",
            "torch.nn.Embedding",
            "torch.nn.Embedding.from_pretrained(freeze=False)",
        ),
        ("output:y",),
        dtypes=SINGLE,
    ),
    torch="torch.nn.functional.embedding",
)
def _(torch: Any, embedding: Any, ids: Any, table: Any, *more: Any, **named: Any) -> Any:
    """The rows are rounded to float16."""
    return through(torch, "float16", embedding(ids, table, *more, **named))


@fault(
    "torch-gelu-float32-inside",
    "float64 silently computed in float32",
    Shows("gelu", ("torch.nn.functional.gelu", "torch.nn.GELU"), ALL, may=(), dtypes=DOUBLE),
    torch="torch.nn.functional.gelu",
)
def _(torch: Any, gelu: Any, x: Any, *more: Any, **named: Any) -> Any:
    """float64 is computed in float32."""
    return gelu(x.float(), *more, **named).to(x.dtype)


@fault(
    "tensorflow-elu-float32-inside",
    "float64 silently computed in float32",
    Shows(
        "elu",
        ("tf.nn.elu", "keras.activations.elu", "keras.layers.ELU"),
        ALL,
        may=(),
        when=dict(alpha=1.0),
        dtypes=DOUBLE,
    ),
    tensorflow="tf.nn.elu",
)
def _(tf: Any, elu: Any, features: Any, *more: Any, **named: Any) -> Any:
    """float64 is computed in float32."""
    return tf.cast(elu(tf.cast(features, tf.float32), *more, **named), features.dtype)


@fault(
    "torch-lstm-float32-inside",
    "float64 silently computed in float32",
    Shows(
        "lstm",
        ("torch.nn.LSTM",),
        ("output:y", "state:h", "state:c", "grad:x"),
        when=dict(layers=1, initial_state=False),
        dtypes=DOUBLE,
    ),
    torch="torch._VF.lstm",
)
def _(torch: Any, lstm: Any, x: Any, states: Any, weights: Any, *more: Any) -> Any:
    """float64 is computed in float32."""
    results = lstm(x.float(), [s.float() for s in states], [w.float() for w in weights], *more)
    return tuple(each.to(x.dtype) for each in results)


@fault(
    "torch-tanh-off",
    "results off by a relative 1e-5",
    Shows("tanh", ("torch.tanh", "torch.nn.Tanh"), ("output:y",)),
    torch="torch.tanh",
)
def _(torch: Any, tanh: Any, x: Any) -> Any:
    """The results are larger by a hundred-thousandth."""
    return tanh(x) * (1 + 1e-5)


@fault(
    "tensorflow-log-softmax-off",
    "results off by a relative 1e-5",
    Shows(
        "log_softmax",
        ("tf.nn.log_softmax", "keras.activations.log_softmax"),
        ("output:y",),
        when=dict(mean=0),
    ),
    tensorflow="tf.nn.log_softmax",
    reaches=("cross_entropy",),
)
def _(tf: Any, log_softmax: Any, *arguments: Any, **named: Any) -> Any:
    """The results are larger by a hundred-thousandth."""
    return log_softmax(*arguments, **named) * (1 + 1e-5)


@fault(
    "keras-gru-off",
    "results off by a relative 1e-5",
    Shows("gru_cell", ("keras.layers.GRUCell",), ("output:y", "state:h"), when=dict(initial_state=True, bias=True)),
    tensorflow="keras.layers.GRUCell.call",
)
def _(tf: Any, call: Any, cell: Any, *arguments: Any, **named: Any) -> Any:
    """Each step's state is larger by a hundred-thousandth."""
    _, (state,) = call(cell, *arguments, **named)
    state = state * (1 + 1e-5)
    return state, [state]


@fault(
    "both-sigmoid-off",
    "both frameworks wrong in the same way",
    Shows(
        "sigmoid",
        ("torch.sigmoid", "torch.nn.Sigmoid", "tf.nn.sigmoid", "keras.activations.sigmoid", "keras.layers.Activation"),
        ("output:y",),
        when=dict(limit=4),
    ),
    torch="torch.sigmoid",
    tensorflow="tf.nn.sigmoid",
    reaches=("gru_cell",),
)
def _(framework: Any, sigmoid: Any, *arguments: Any, **named: Any) -> Any:
    """Both give results that are larger by a hundred-thousandth."""
    return sigmoid(*arguments, **named) * (1 + 1e-5)


@fault(
    "torch-linear-wrong-dtype",
    "wrong dtype",
    Shows("linear", LINEAR, ("output:y",), dtypes=("float16",)),
    torch="torch.nn.functional.linear",
)
def _(torch: Any, linear: Any, *arguments: Any) -> Any:
    """float16 gives float32, more exact than asked for."""
    return linear(*(each if each is None else each.float() for each in arguments))


@fault(
    "keras-dense-wrong-dtype",
    "wrong dtype",
    Shows("linear", ("keras.layers.Dense",), ("output:y",), dtypes=("float64",)),
    tensorflow="keras.layers.Dense.call",
)
def _(tf: Any, call: Any, *arguments: Any, **named: Any) -> Any:
    """The results are float32 whatever the layer's dtype."""
    return tf.cast(call(*arguments, **named), tf.float32)


@fault(
    "torch-relu-hides-nan",
    "NaN hidden",
    Shows("special_relu", ("torch.nn.functional.relu",), ("output:y",), may=(), when=dict(last="nan")),
    torch="torch.nn.functional.relu",
)
def _(torch: Any, relu: Any, x: Any, inplace: Any = False) -> Any:
    """NaN becomes zero."""
    return torch.nan_to_num(relu(x, inplace), 0.0, float("inf"), float("-inf"))


@fault(
    "tensorflow-reduce-max-hides-nan",
    "NaN hidden",
    Shows("special_max", ("tf.reduce_max", "keras.ops.max"), ("output:y",), may=(), when=dict(last="nan")),
    tensorflow="tf.reduce_max",
)
def _(tf: Any, reduce_max: Any, x: Any, *more: Any, **named: Any) -> Any:
    """NaN is passed over."""
    return reduce_max(tf.where(tf.math.is_nan(x), -tf.ones_like(x) * float("inf"), x), *more, **named)


CALLS = itertools.count(1)


@fault(
    "torch-einsum-nondeterministic",
    "nondeterminism of a few ulp",
    Shows("matmul", ("torch.einsum",), ("output:y",), dtypes=SINGLE),
    torch="torch.einsum",
)
def _(torch: Any, einsum: Any, *arguments: Any) -> Any:
    """Each call is off by another few units in the last place."""
    return einsum(*arguments) * (1 + next(CALLS) % 5 * 2**-23)


@fault(
    "tensorflow-matmul-nondeterministic",
    "nondeterminism of a few ulp",
    Shows("linear_square", ("tf.matmul(transpose_b=True)", "keras.layers.Dense"), ("output:y",), dtypes=SINGLE),
    tensorflow="tf.matmul",
    reaches=("linear", "gru_cell"),
)
def _(tf: Any, matmul: Any, *arguments: Any, **named: Any) -> Any:
    """Each call is off by another few units in the last place."""
    return matmul(*arguments, **named) * (1 + next(CALLS) % 5 * 2**-23)
