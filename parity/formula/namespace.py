"""The ``np`` that a formula gets: NumPy's functions that are modelled, and no others.

There are two: in ``EXACT`` the formula is the truth; in ``ROUNDED`` arrays that it makes itself are ``Rounded``, like
those that it is given, so that everything is off by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np
from autograd.tracer import isbox

from ..catalog.errors import DeclarationError
from . import arrays, elementwise, fourier, linear, names, sums
from .rounding import Rounded, constant, lifted

Functions = Mapping[str, Callable[..., Any]]


class Namespace:
    """Functions, constants and types by name. Raises ``DeclarationError`` for any other, with what to write instead."""

    def __init__(self, entries: Mapping[str, Any], module: str = "") -> None:
        self.__dict__.update(entries)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise DeclarationError(names.refusal(f"{self._module}{name}"))


def exact(function: Callable[..., Any], *args: Any) -> Any:
    """``function(np, *args)``, as numbers that are exact: implementations take them from a table, or from float64.

    The arguments are no tensors. Raises ``TypeError`` for those.
    """
    if any(isbox(value) or isinstance(value, Rounded) for value in args):
        raise TypeError("np.exact is for numbers that a formula makes itself: its arguments are no tensors")
    return function(EXACT, *args)


def _rounding(function: Callable[..., Any], *, numbers: bool = False) -> Callable[..., Any]:
    """The function of ``Rounded`` arrays, also where it is given plain ones (and, with ``numbers``, Python's numbers)."""

    def lift(value: Any) -> Any:
        if isbox(value):
            return value
        if numbers and isinstance(value, (int, float, complex)) and not isinstance(value, bool):
            return np.asarray(value).view(Rounded)
        return lifted(value) if isinstance(value, (np.ndarray, np.generic)) else value

    @wraps(function)
    def rounded(*args: Any, **kwargs: Any) -> Any:
        return lifted_results(function(*map(lift, args), **kwargs))

    return rounded


def lifted_results(value: Any) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(lifted_results, value))
    if isinstance(value, (tuple, list)):
        return type(value)(map(lifted_results, value))
    return value if isbox(value) else lifted(value)


def _made(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def make(*args: Any, **kwargs: Any) -> Any:
        value = function(*args, **kwargs)
        return value if isbox(value) else constant(value)

    return make


def _unchanged(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _build(of: Callable[..., Any], of_numbers: Callable[..., Any], made: Callable[..., Any]) -> Namespace:
    def each(functions: Functions, change: Callable[..., Any]) -> dict[str, Any]:
        return {name: change(function) for name, function in functions.items()}

    entries = {name: getattr(np, name) for name in (*names.CONSTANTS, *names.TYPES)}
    entries |= each(elementwise.FUNCTIONS, of_numbers) | each({**arrays.FUNCTIONS, **sums.FUNCTIONS}, of)
    entries |= each({**arrays.MADE, "array": arrays.asarray, "asarray": arrays.asarray}, made)
    entries |= {"exact": exact}
    entries["fft"] = Namespace(each(fourier.FUNCTIONS, of), "fft.")
    entries["linalg"] = Namespace(each(linear.FUNCTIONS, of), "linalg.")
    return Namespace(entries)


EXACT = _build(_unchanged, _unchanged, _unchanged)
ROUNDED = _build(_rounding, lambda function: _rounding(function, numbers=True), _made)
