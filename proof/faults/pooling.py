"""Faults in pooling: what padding counts as, which elements a window holds, who gets the gradient."""

from typing import Any

from proof.fault import Shows, fault

POOL = ("output:y", "grad:x")


def zeros_outside(tf: Any, function: Any, x: Any, window: Any, strides: Any, padding: Any) -> Any:
    """A pooling function that pads with zeros, as if they were elements."""
    if padding.upper() != "SAME":
        return function(x, window, strides, padding)
    added = [(0, 0)]
    for length, size, step in zip(x.shape[1:-1], window, strides, strict=True):
        total = max((-(-length // step) - 1) * step + size - length, 0)
        added.append((total // 2, total - total // 2))
    return function(tf.pad(x, [*added, (0, 0)]), window, strides, "VALID")


@fault(
    "torch-avg-pool2d-padding-counted",
    "count_include_pad",
    Shows(
        "avg_pool2d",
        ("torch.nn.functional.avg_pool2d", "torch.nn.AvgPool2d"),
        POOL,
        when=dict(padding=(1, 1), counted=False),
    ),
    torch="torch.nn.functional.avg_pool2d",
)
def _(
    torch: Any,
    avg_pool2d: Any,
    x: Any,
    window: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: Any = False,
    count_include_pad: Any = True,
    divisor: Any = None,
) -> Any:
    """count_include_pad=False is not heeded."""
    return avg_pool2d(x, window, stride, padding, ceil_mode, True, divisor)


@fault(
    "torch-avg-pool1d-padding-not-counted",
    "count_include_pad",
    Shows(
        "avg_pool1d",
        ("torch.nn.functional.avg_pool1d", "torch.nn.AvgPool1d"),
        POOL,
        when=dict(padding=(1,), counted=True),
    ),
    torch="torch.nn.functional.avg_pool1d",
)
def _(
    torch: Any,
    avg_pool1d: Any,
    x: Any,
    window: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: Any = False,
    count_include_pad: Any = True,
) -> Any:
    """count_include_pad=True is not heeded."""
    return avg_pool1d(x, window, stride, padding, ceil_mode, False)


@fault(
    "tensorflow-avg-pool2d-padding-counted",
    "count_include_pad",
    Shows("avg_pool2d", ("tf.nn.avg_pool2d",), POOL, when=dict(window=(3, 2), padding="same")),
    tensorflow="tf.nn.avg_pool2d",
)
def _(tf: Any, avg_pool2d: Any, x: Any, window: Any, strides: Any, padding: Any) -> Any:
    """SAME divides by the size of the window, also at the edge."""
    return zeros_outside(tf, avg_pool2d, x, window, strides, padding)


@fault(
    "keras-average-pooling-padding-counted",
    "count_include_pad",
    Shows("avg_pool2d", ("keras.layers.AveragePooling2D",), POOL, when=dict(window=(3, 2), padding="same")),
    tensorflow="keras.src.backend.nn.average_pool",
    reaches=("avg_pool1d",),
)
def _(
    tf: Any,
    average_pool: Any,
    x: Any,
    window: Any,
    strides: Any = None,
    padding: Any = "valid",
    data_format: Any = None,
) -> Any:
    """padding="same" divides by the size of the window, also at the edge."""
    return zeros_outside(tf, average_pool, x, window, strides, padding)


@fault(
    "torch-max-pool2d-pads-with-zero",
    "padding side",
    Shows(
        "negative_max_pool2d",
        ("torch.nn.functional.max_pool2d", "torch.nn.MaxPool2d"),
        POOL,
        when=dict(padding=(1, 1)),
        dtypes=("float64",),
    ),
    torch="torch.nn.functional.max_pool2d",
)
def _(
    torch: Any, max_pool2d: Any, x: Any, window: Any, stride: Any = None, padding: Any = 0, *more: Any, **named: Any
) -> Any:
    """Zeros outside take part in the maximum."""
    if isinstance(padding, tuple):
        x, padding = torch.nn.functional.pad(x, [p for p in reversed(padding) for _ in range(2)]), 0
    return max_pool2d(x, window, stride, padding, *more, **named)


@fault(
    "tensorflow-max-pool2d-pads-with-zero",
    "padding side",
    Shows("negative_max_pool2d", ("tf.nn.max_pool2d",), POOL, when=dict(padding="same"), dtypes=("float64",)),
    tensorflow="tf.nn.max_pool2d",
)
def _(tf: Any, max_pool2d: Any, x: Any, window: Any, strides: Any, padding: Any) -> Any:
    """SAME's zeros take part in the maximum."""
    return zeros_outside(tf, max_pool2d, x, window, strides, padding)


@fault(
    "keras-max-pool-starts-late",
    "padding side",
    Shows("max_pool1d", ("keras.layers.MaxPooling1D",), POOL, when=dict(padding="same", window=(2,), stride=(1,))),
    tensorflow="keras.src.backend.nn.max_pool",
)
def _(tf: Any, max_pool: Any, x: Any, *more: Any, **named: Any) -> Any:
    """Windows start one position too late."""
    return max_pool(tf.concat([x[:, 1:], x[:, -1:]], 1), *more, **named)


@fault(
    "torch-max-pool1d-other-tie",
    "one wrong element",
    Shows("max_pool_of_ties", ("torch.nn.functional.max_pool1d",), ("grad:z",), may=()),
    torch="torch.nn.functional.max_pool1d",
)
def _(torch: Any, max_pool1d: Any, x: Any, window: Any, *more: Any, **named: Any) -> Any:
    """The last of equal elements gets the gradient instead of the first; the results are right."""
    return max_pool1d(x.flip(-1), window, *more, **named).flip(-1)


@fault(
    "torch-global-average-is-a-sum",
    "wrong reduction",
    Shows("global_avg_pool2d", ("torch.nn.functional.adaptive_avg_pool2d", "torch.nn.AdaptiveAvgPool2d"), POOL),
    torch="torch.nn.functional.adaptive_avg_pool2d",
)
def _(torch: Any, adaptive_avg_pool2d: Any, x: Any, size: Any) -> Any:
    """The mean over the width is a sum."""
    return adaptive_avg_pool2d(x, size) * x.shape[-1]


@fault(
    "keras-global-average-last-step-dropped",
    "last time step dropped",
    Shows("global_avg_pool1d", ("keras.layers.GlobalAveragePooling1D",), POOL),
    tensorflow="keras.layers.GlobalAveragePooling1D.call",
)
def _(tf: Any, call: Any, layer: Any, inputs: Any, mask: Any = None) -> Any:
    """The last step is left out of the mean."""
    return call(layer, inputs[:, :-1], mask)
