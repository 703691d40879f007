"""Making, moving and selecting: functions of a formula that compute nothing, or only with what they make themselves.

What moves elements is done once for all: the function of NumPy is applied to the places of the elements, and the
elements are taken from there. Its gradient adds up what was taken more than once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any

import numpy as np
from autograd.tracer import isbox

from .derivatives import anp, straight, stopped

PAD_MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def asarray(values: Any, dtype: Any = None) -> Any:
    """An array of numbers, arrays, and nested lists of both."""
    if isinstance(values, (list, tuple)) and _has_boxes(values):
        made = stack([asarray(value) for value in values])
        return made if dtype is None else made.astype(dtype)
    if isbox(values):
        return values if dtype is None else values.astype(dtype)
    if isinstance(values, (list, tuple)) and any(isinstance(value, np.ndarray) for value in values):
        made = anp.array([asarray(value) for value in values])
        return made if dtype is None else made.astype(dtype)
    return np.asanyarray(values, dtype)


def _has_boxes(values: Any) -> bool:
    return isbox(values) or (isinstance(values, (list, tuple)) and any(map(_has_boxes, values)))


def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Any:
    parts = [asarray(array) for array in arrays]
    return anp.concatenate([anp.ravel(x) for x in parts], 0) if axis is None else anp.concatenate(parts, axis)


def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    parts = [asarray(array) for array in arrays]
    at = axis % (parts[0].ndim + 1)
    return anp.concatenate([anp.expand_dims(x, at) for x in parts], at)


def vstack(arrays: Sequence[Any]) -> Any:
    return concatenate([asarray(x) if asarray(x).ndim > 1 else anp.reshape(asarray(x), (1, -1)) for x in arrays])


def hstack(arrays: Sequence[Any]) -> Any:
    parts = [anp.ravel(x) if asarray(x).ndim == 0 else asarray(x) for x in arrays]
    return concatenate(parts, 0 if parts[0].ndim == 1 else 1)


def column_stack(arrays: Sequence[Any]) -> Any:
    return concatenate([x if x.ndim > 1 else anp.reshape(x, (-1, 1)) for x in map(asarray, arrays)], 1)


def append(x: Any, values: Any, axis: int | None = None) -> Any:
    return concatenate([asarray(x), asarray(values)], axis)


def moved(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy that moves the elements of its first argument."""

    @wraps(function)
    def move(x: Any, *args: Any, **kwargs: Any) -> Any:
        x = asarray(x)
        places = np.arange(x.size).reshape(x.shape)
        return anp.reshape(x, (-1,))[function(places, *args, **kwargs)]

    return move


def take(x: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    return moved(np.take)(x, np.asarray(indices), axis=axis, mode=mode)


def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    return moved(np.take_along_axis)(x, np.asarray(indices), axis)


def sort(x: Any, axis: int | None = -1) -> Any:
    """The elements in order; equal ones keep theirs, and so does the gradient."""
    x = asarray(x)
    return take_along_axis(x, np.argsort(np.asarray(_value(x)), axis=axis, kind="stable"), axis)


def argsort(x: Any, axis: int | None = -1, kind: str = "stable") -> Any:
    """The places of the elements in order; equal ones keep theirs, whatever ``kind``."""
    return np.argsort(np.asarray(_value(asarray(x))), axis=axis, kind="stable")


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0.0) -> Any:
    """Padding with a constant, or by moving elements: ``edge``, ``reflect``, ``symmetric`` or ``wrap``."""
    if mode not in PAD_MODES:
        raise ValueError(f"np.pad with mode={mode!r} is not modelled: choose from {', '.join(PAD_MODES)}")
    x = asarray(x)
    if mode != "constant":
        return moved(np.pad)(x, pad_width, mode=mode)
    places = np.pad(np.arange(x.size).reshape(x.shape), pad_width, constant_values=-1)
    inside = places >= 0
    if x.size == 0:
        return np.pad(_value(x), pad_width, constant_values=constant_values)
    filled = np.pad(np.zeros(x.shape), pad_width, constant_values=constant_values)
    return anp.where(inside, anp.reshape(x, (-1,))[np.maximum(places, 0)], filled)


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return np.nonzero(np.asarray(_value(condition)))
    return anp.where(_value(condition), asarray(x), asarray(y))


def select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0.0) -> Any:
    chosen = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        chosen = where(condition, choice, chosen)
    return chosen


def triu(x: Any, k: int = 0) -> Any:
    x = asarray(x)
    return anp.where(~np.tri(*x.shape[-2:], k=k - 1, dtype=bool), x, anp.zeros(x.shape))


def tril(x: Any, k: int = 0) -> Any:
    x = asarray(x)
    return anp.where(np.tri(*x.shape[-2:], k=k, dtype=bool), x, anp.zeros(x.shape))


def diag(x: Any, k: int = 0) -> Any:
    x = asarray(x)
    if x.ndim == 2:
        return moved(np.diagonal)(x, k)
    length = x.shape[0] + abs(k)
    places = np.diag(np.arange(x.shape[0]), k)
    return anp.where(np.eye(length, k=k, dtype=bool), x[places], anp.zeros((length, length)))


def split(x: Any, parts: int | Sequence[int], axis: int = 0) -> list[Any]:
    x = asarray(x)
    flat = anp.reshape(x, (-1,))
    return [flat[places] for places in np.array_split(np.arange(x.size).reshape(x.shape), parts, axis)]


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Any]:
    places = np.meshgrid(*[np.arange(asarray(x).size) for x in arrays], indexing=indexing)
    return [anp.ravel(asarray(x))[at] for x, at in zip(arrays, places, strict=True)]


def broadcast_arrays(*arrays: Any) -> list[Any]:
    shape = np.broadcast_shapes(*[asarray(x).shape for x in arrays])
    return [MOVED["broadcast_to"](x, shape) for x in arrays]


def stop_gradient(x: Any) -> Any:
    """The value, as a constant: nothing is differentiated through it."""
    return stopped(x)


def straight_through(value: Any, of: Any) -> Any:
    """``value`` going forward; the gradient goes to ``of`` as if it had been returned."""
    return straight(value, of)


def _value(x: Any) -> Any:
    while isbox(x):
        x = x._value
    return x


def _searched(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that finds places or compares, and has no gradient."""

    @wraps(function)
    def search(*args: Any, **kwargs: Any) -> Any:
        return function(*map(_value, args), **{name: _value(value) for name, value in kwargs.items()})

    return search


MOVED: dict[str, Callable[..., Any]] = {
    name: moved(getattr(np, name))
    for name in (
        "broadcast_to flip fliplr flipud roll rot90 repeat tile diagonal delete rollaxis atleast_1d atleast_2d atleast_3d"
    ).split()
}

SEARCHED: dict[str, Callable[..., Any]] = {
    name: _searched(getattr(np, name))
    for name in (
        "all any argmax argmin argwhere nonzero flatnonzero count_nonzero searchsorted digitize unique isin lexsort "
        "array_equal allclose isclose isfinite isinf isnan isneginf isposinf isreal iscomplexobj signbit logical_and "
        "logical_or logical_not logical_xor equal not_equal less less_equal greater greater_equal floor_divide bincount "
        "bitwise_and bitwise_or bitwise_xor left_shift right_shift invert gcd lcm ndim shape size isscalar "
        "broadcast_shapes unravel_index ravel_multi_index tril_indices triu_indices diag_indices ix_ indices tri "
        "zeros_like ones_like"
    ).split()
}

MADE: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in "arange linspace logspace geomspace zeros ones full full_like eye identity "
    "hanning hamming blackman bartlett kaiser vander".split()
}
"""What a formula makes itself: rounded once where it has many digits."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "concatenate": concatenate,
    "stack": stack,
    "vstack": vstack,
    "hstack": hstack,
    "column_stack": column_stack,
    "append": append,
    "take": take,
    "take_along_axis": take_along_axis,
    "sort": sort,
    "argsort": argsort,
    "pad": pad,
    "where": where,
    "select": select,
    "triu": triu,
    "tril": tril,
    "diag": diag,
    "split": split,
    "array_split": split,
    "meshgrid": meshgrid,
    "broadcast_arrays": broadcast_arrays,
    "stop_gradient": stop_gradient,
    "straight_through": straight_through,
    "reshape": lambda x, shape: anp.reshape(asarray(x), shape),
    "ravel": lambda x: anp.ravel(asarray(x)),
    "transpose": lambda x, axes=None: anp.transpose(asarray(x), axes),
    "permute_dims": lambda x, axes=None: anp.transpose(asarray(x), axes),
    "swapaxes": lambda x, axis1, axis2: anp.swapaxes(asarray(x), axis1, axis2),
    "moveaxis": lambda x, source, destination: anp.moveaxis(asarray(x), source, destination),
    "expand_dims": lambda x, axis: anp.expand_dims(asarray(x), axis),
    "squeeze": lambda x, axis=None: anp.squeeze(asarray(x), axis),
    "copy": lambda x: asarray(x) * 1.0 if isbox(x) else np.array(x),
    "round": partial(_searched(np.round)),
    "around": partial(_searched(np.round)),
    **MOVED,
    **SEARCHED,
}
