"""Arrays that a formula makes itself: numbers written down or computed once, in the precision that it runs in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from autograd.tracer import isbox

from .arrays import MOVED, asarray, concatenate, stack, value_of
from .derivatives import anp
from .names import words
from .rounding import Rounded, is_rounding, lifted

PI = 4 * np.arctan(np.longdouble(1))

_precision: ContextVar[Any] = ContextVar("precision", default=np.float64)


@contextmanager
def precision(dtype: Any) -> Iterator[None]:
    """Make what has no dtype of its own, or that of Python's numbers, in ``dtype``: float64, long double or float32."""
    token = _precision.set(dtype)
    try:
        yield
    finally:
        _precision.reset(token)


def widened(value: Any) -> Any:
    """An array of float64 or complex128 in the precision that the formula runs in."""
    kind = _precision.get()
    if kind is np.float64 or not isinstance(value, (np.ndarray, np.generic)):
        return value
    if value.dtype == np.float64:
        return value.astype(kind)
    return value.astype(np.result_type(kind, np.complex64)) if value.dtype == np.complex128 else value


def array(values: Any, dtype: Any = None, copy: Any = True, ndmin: int = 0) -> Any:
    """As ``np.array``, of numbers, arrays and nested lists of both; an array of its own."""
    made = asarray(values, dtype)
    made = made if isbox(made) else made.copy()
    return made if made.ndim >= ndmin else anp.reshape(made, (1,) * (ndmin - made.ndim) + made.shape)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    value = asarray(fill_value, dtype)
    if isbox(value):
        return MOVED["broadcast_to"](value, shape)
    filled = np.zeros(shape, value.dtype)
    filled[...] = value
    return lifted(filled) if isinstance(value, Rounded) else filled


def full_like(x: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Any:
    x = value_of(asarray(x))
    filled = full(x.shape if shape is None else shape, fill_value)
    return filled.astype(x.dtype if dtype is None else dtype)


def zeros_like(x: Any, dtype: Any = None, shape: Any = None) -> Any:
    return np.zeros_like(value_of(asarray(x)), dtype=dtype, shape=shape)


def ones_like(x: Any, dtype: Any = None, shape: Any = None) -> Any:
    return np.ones_like(value_of(asarray(x)), dtype=dtype, shape=shape)


def steps(count: int) -> Any:
    """0, 1, 2 ... as floating numbers: what is computed of them is off by rounding while rounding is measured."""
    numbers = np.arange(count).astype(_precision.get())
    return lifted(numbers) if is_rounding() else numbers


def _number(x: Any) -> Any:
    """A number, or an array of numbers, as floating ones of the precision."""
    x = asarray(x)
    return x if isbox(x) or x.dtype.kind == "c" else widened(x * 1.0)


def arange(*args: Any, **kwargs: Any) -> Any:
    """As ``np.arange``; the numbers between two that are not whole are ``start + i * step``."""
    whole = np.arange(*args, **kwargs)
    if whole.dtype.kind != "f" or kwargs:
        return whole
    start, step = (args[0] if len(args) > 1 else 0, args[2] if len(args) > 2 else 1)
    return steps(len(whole)) * step + start


def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """As ``np.linspace``: ``start + i * step``, with the last number as it is given."""
    start, stop = _number(start), _number(stop)
    divisions = max(num - 1 if endpoint else num, 1)
    places = anp.reshape(steps(num), (-1,) + (1,) * max(start.ndim, stop.ndim))
    numbers = start + places * ((stop - start) / divisions)
    if endpoint and num > 1:
        last = MOVED["broadcast_to"](stop * 1.0, numbers.shape[1:])
        numbers = concatenate([numbers[:-1], last[None]])
    numbers = anp.moveaxis(numbers, 0, axis)
    return numbers if dtype is None else numbers.astype(dtype)


def logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, axis: int = 0) -> Any:
    return anp.power(base, linspace(start, stop, num, endpoint, axis=axis))


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, axis: int = 0) -> Any:
    start = _number(start)
    ratio = anp.log(_number(stop) / start)
    return start * anp.exp(linspace(0.0 * ratio, ratio, num, endpoint, axis=axis))


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:  # noqa: N803  NumPy's name.
    x = asarray(x)
    powers = [x * 0 + 1]
    while len(powers) < (len(x) if N is None else N):
        powers.append(powers[-1] * x)
    return stack(powers if increasing else powers[::-1], -1)


def _window(weights: tuple[float, ...]) -> Callable[[int], Any]:
    """A sum of cosines over one turn, with these weights."""

    def window(M: int) -> Any:  # noqa: N803  NumPy's name.
        if M < 2:
            return steps(max(M, 0)) + 1.0
        turn = steps(M) * _precision.get()(2 * PI) / (M - 1)
        found = weights[0]
        for times, weight in enumerate(weights[1:], 1):
            found = found + weight * anp.cos(times * turn)
        return found

    return window


def bartlett(M: int) -> Any:  # noqa: N803  NumPy's name.
    if M < 2:
        return steps(max(M, 0)) + 1.0
    return 1.0 - anp.abs(steps(M) * 2.0 / (M - 1) - 1.0)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in words("zeros ones eye identity tri kaiser")},
    "arange": arange,
    "array": array,
    "asanyarray": asarray,
    "asarray": asarray,
    "ascontiguousarray": asarray,
    "bartlett": bartlett,
    "blackman": _window((0.42, -0.5, 0.08)),
    "full": full,
    "full_like": full_like,
    "geomspace": geomspace,
    "hamming": _window((0.54, -0.46)),
    "hanning": _window((0.5, -0.5)),
    "linspace": linspace,
    "logspace": logspace,
    "ones_like": ones_like,
    "vander": vander,
    "zeros_like": zeros_like,
}
