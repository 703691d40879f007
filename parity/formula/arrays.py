"""Moving, selecting and finding: functions of a formula that compute nothing.

What moves elements is done once for all: the function of NumPy is applied to the places of the elements, and the
elements are taken from there. Its gradient adds up what was taken more than once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np
from autograd.tracer import isbox

from .derivatives import anp, stopped, straight
from .names import words

PAD_MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def asarray(values: Any, dtype: Any = None) -> Any:
    """An array of numbers, arrays, and nested lists of both."""
    if isinstance(values, (list, tuple)):
        if _has_boxes(values):
            made = stack([asarray(value) for value in values])
        elif any(isinstance(value, np.ndarray) for value in _flat(values)):
            made = np.stack([asarray(value) for value in values])
        else:
            return np.asanyarray(values, dtype)
        return made if dtype is None else cast(made, dtype)
    if isbox(values):
        return values if dtype is None else cast(values, dtype)
    if isinstance(values, (np.ndarray, np.generic)):
        given = np.asanyarray(values)
        return given if dtype is None else cast(given, dtype)
    return np.asanyarray(values, dtype)


def cast(x: Any, dtype: Any) -> Any:
    """The array as another dtype; for a formula that runs in long double float64 means that."""
    wide = {np.dtype(np.float64): np.longdouble, np.dtype(np.complex128): np.clongdouble}.get(np.dtype(dtype))
    if x.dtype == np.dtype(wide or dtype):
        return x
    return anp._astype(x, dtype) if isbox(x) else x.astype(dtype)


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        yield from _flat(value) if isinstance(value, (list, tuple)) else (value,)


def _has_boxes(values: Any) -> bool:
    return any(map(isbox, _flat(values)))


def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Any:
    """The arrays one after the other; with ``axis=None`` the elements of all of them."""
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


def dstack(arrays: Sequence[Any]) -> Any:
    return concatenate([MOVED["atleast_3d"](x) for x in arrays], 2)


def column_stack(arrays: Sequence[Any]) -> Any:
    return concatenate([x if x.ndim > 1 else anp.reshape(x, (-1, 1)) for x in map(asarray, arrays)], 1)


def append(x: Any, values: Any, axis: int | None = None) -> Any:
    return concatenate([asarray(x), asarray(values)], axis)


def places_of(x: Any) -> Any:
    """The place of each element in the flat array."""
    return np.arange(x.size).reshape(x.shape)


def at_places(x: Any, places: Any) -> Any:
    """The elements at places of the flat array."""
    return anp.reshape(x, (-1,))[places]


def moved(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy that moves the elements of its first argument."""

    @wraps(function)
    def move(x: Any, *args: Any, **kwargs: Any) -> Any:
        x = asarray(x)
        return at_places(x, function(places_of(x), *args, **kwargs))

    return move


def take(x: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    return moved(np.take)(x, np.asarray(indices), axis=axis, mode=mode)


def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    return moved(np.take_along_axis)(x, np.asarray(indices), axis)


def sort(x: Any, axis: int | None = -1, kind: str = "stable") -> Any:
    """The elements in order; equal ones keep theirs, and so does the gradient, whatever ``kind``."""
    x = asarray(x)
    return take_along_axis(x, np.argsort(np.asarray(value_of(x)), axis=axis, kind="stable"), axis)


def argsort(x: Any, axis: int | None = -1, kind: str = "stable") -> Any:
    """The places of the elements in order; equal ones keep theirs, whatever ``kind``."""
    return np.argsort(np.asarray(value_of(asarray(x))), axis=axis, kind="stable")


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0.0) -> Any:
    """Padding with a constant, or by moving elements: ``edge``, ``reflect``, ``symmetric`` or ``wrap``."""
    if mode not in PAD_MODES:
        raise ValueError(f"np.pad with mode={mode!r} is not modelled: choose from {', '.join(PAD_MODES)}")
    x = asarray(x)
    if mode != "constant":
        return moved(np.pad)(x, pad_width, mode=mode)
    places = np.pad(places_of(x), pad_width, constant_values=-1)
    kind = np.result_type(value_of(x), np.asarray(constant_values))
    filled = np.pad(np.zeros(x.shape, kind), pad_width, constant_values=constant_values)
    return anp.where(places >= 0, at_places(x, np.maximum(places, 0)), filled) if x.size else filled


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return np.nonzero(value_of(asarray(condition)))
    return anp.where(value_of(asarray(condition)), asarray(x), asarray(y))


def select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0.0) -> Any:
    chosen = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        chosen = where(condition, choice, chosen)
    return chosen


def triu(x: Any, k: int = 0) -> Any:
    x = asarray(x)
    return anp.where(~_lower(x, k - 1), x, anp.zeros(x.shape))


def tril(x: Any, k: int = 0) -> Any:
    x = asarray(x)
    return anp.where(_lower(x, k), x, anp.zeros(x.shape))


def _lower(x: Any, k: int) -> Any:
    rows, columns = x.shape[-2:]
    return np.tri(rows, columns, k, bool)


def diag(x: Any, k: int = 0) -> Any:
    x = asarray(x)
    if x.ndim == 2:
        return moved(np.diagonal)(x, k)
    length = x.shape[0] + abs(k)
    places = np.diag(np.arange(x.shape[0]), k)
    return anp.where(np.eye(length, k=k, dtype=bool), x[places], anp.zeros((length, length)))


def split(x: Any, parts: int | Sequence[int], axis: int = 0) -> list[Any]:
    """As ``np.split``: a number of ``parts`` has to divide the length."""
    return _pieces(np.split, x, parts, axis)


def array_split(x: Any, parts: int | Sequence[int], axis: int = 0) -> list[Any]:
    return _pieces(np.array_split, x, parts, axis)


def _pieces(function: Callable[..., Any], x: Any, parts: int | Sequence[int], axis: int) -> list[Any]:
    x = asarray(x)
    return [at_places(x, places) for places in function(places_of(x), parts, axis)]


def meshgrid(*arrays: Any, indexing: Any = "xy", sparse: bool = False) -> list[Any]:
    parts = [anp.ravel(asarray(x)) for x in arrays]
    places = np.meshgrid(*[np.arange(x.size) for x in parts], indexing=indexing, sparse=sparse)
    return [x[at] for x, at in zip(parts, places, strict=True)]


def broadcast_arrays(*arrays: Any) -> list[Any]:
    shape = np.broadcast_shapes(*[asarray(x).shape for x in arrays])
    return [MOVED["broadcast_to"](x, shape) for x in arrays]


def reshape(x: Any, shape: Any, order: str = "C") -> Any:
    x = asarray(x)
    return anp.reshape(x, shape) if order == "C" else moved(np.reshape)(x, shape, order=order)


def ravel(x: Any, order: str = "C") -> Any:
    return reshape(x, -1, order)


def transpose(x: Any, axes: Any = None) -> Any:
    x = asarray(x)
    return anp.transpose(x, axes if axes is None else tuple(axis % x.ndim for axis in axes))


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    return anp.swapaxes(asarray(x), axis1, axis2)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    return anp.moveaxis(asarray(x), source, destination)


def expand_dims(x: Any, axis: Any) -> Any:
    return anp.expand_dims(asarray(x), axis)


def squeeze(x: Any, axis: Any = None) -> Any:
    return anp.squeeze(asarray(x), axis)


def copy(x: Any) -> Any:
    x = asarray(x)
    return x if isbox(x) else x.copy()


def stop_gradient(x: Any) -> Any:
    """The value, as a constant: nothing is differentiated through it."""
    return stopped(x)


def straight_through(value: Any, of: Any) -> Any:
    """``value`` going forward; the gradient goes to ``of`` as if it had been returned."""
    return straight(value, of)


def value_of(x: Any) -> Any:
    """What is in the boxes of autograd, also inside lists."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(value_of, x))
    while isbox(x):
        x = x._value
    return x


def searched(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that finds places, compares or counts, and has no gradient."""

    @wraps(function)
    def search(*args: Any, **kwargs: Any) -> Any:
        return function(*map(value_of, args), **{name: value_of(value) for name, value in kwargs.items()})

    return search


MOVED: dict[str, Callable[..., Any]] = {
    name: moved(getattr(np, name))
    for name in words(
        "broadcast_to flip fliplr flipud roll rot90 repeat tile diagonal delete rollaxis atleast_1d atleast_2d "
        "atleast_3d"
    )
}

SEARCHED: dict[str, Callable[..., Any]] = {
    name: searched(getattr(np, name))
    for name in words(
        "all any argmax argmin argwhere nonzero flatnonzero count_nonzero searchsorted digitize unique isin lexsort "
        "array_equal allclose isclose isfinite isinf isnan isneginf isposinf isreal iscomplexobj signbit logical_and "
        "logical_or logical_not logical_xor equal not_equal less less_equal greater greater_equal floor_divide "
        "bitwise_and bitwise_or bitwise_xor left_shift right_shift invert gcd lcm ndim shape size isscalar "
        "broadcast_shapes unravel_index ravel_multi_index tril_indices triu_indices diag_indices ix_ indices round "
        "around"
    )
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "append": append,
    "argsort": argsort,
    "array_split": array_split,
    "broadcast_arrays": broadcast_arrays,
    "column_stack": column_stack,
    "concat": concatenate,
    "concatenate": concatenate,
    "copy": copy,
    "diag": diag,
    "dsplit": lambda x, parts: split(x, parts, 2),
    "dstack": dstack,
    "expand_dims": expand_dims,
    "hsplit": lambda x, parts: split(x, parts, 1 if asarray(x).ndim > 1 else 0),
    "hstack": hstack,
    "meshgrid": meshgrid,
    "moveaxis": moveaxis,
    "pad": pad,
    "permute_dims": transpose,
    "ravel": ravel,
    "reshape": reshape,
    "select": select,
    "sort": sort,
    "split": split,
    "squeeze": squeeze,
    "stack": stack,
    "stop_gradient": stop_gradient,
    "straight_through": straight_through,
    "swapaxes": swapaxes,
    "take": take,
    "take_along_axis": take_along_axis,
    "transpose": transpose,
    "tril": tril,
    "triu": triu,
    "vsplit": lambda x, parts: split(x, parts, 0),
    "vstack": vstack,
    "where": where,
    **MOVED,
    **SEARCHED,
}
