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
from . import arrays, elementwise, fourier, linear, making, names, sums
from . import methods as methods  # Gives traced and rounded arrays theirs.
from .making import precision, widened
from .rounding import ONLY_MADE, Rounded, constant, exactly, lifted

Functions = Mapping[str, Callable[..., Any]]
Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]


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

    They are computed in float64. Neither arguments nor result are tensors: raises ``TypeError`` for those.
    """
    with exactly(), precision(np.float64):
        found = function(EXACT, *args) if not any(map(_is_tensor, args)) else args[0]
    if _is_tensor(found) or any(map(_is_tensor, args)):
        raise TypeError(ONLY_MADE)
    return found


def _is_tensor(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_is_tensor, value))
    return isbox(value) or isinstance(value, Rounded)


def _as_given(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _rounding(function: Callable[..., Any], *, numbers: bool = False) -> Callable[..., Any]:
    """The function of ``Rounded`` arrays, also where it is given plain ones, or with ``numbers`` Python's numbers."""

    def lift(value: Any) -> Any:
        if isinstance(value, (np.ndarray, np.generic)):
            return lifted(value)
        if numbers and isinstance(value, (int, float, complex)) and not isinstance(value, bool):
            return np.asarray(value).view(Rounded)
        return value

    @wraps(function)
    def rounded(*args: Any, **kwargs: Any) -> Any:
        return _lifted(function(*map(lift, args), **kwargs))

    return rounded


def _lifted(value: Any) -> Any:
    """``lifted``, of named tuples, too."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(_lifted, value))
    return lifted(value)


def _rounding_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    return _rounding(function, numbers=True)


def _made(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a formula makes, in the precision that it runs in."""

    @wraps(function)
    def make(*args: Any, **kwargs: Any) -> Any:
        return widened(function(*args, **kwargs))

    return make


def _made_rounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a formula makes, rounded to the format where it is made of Python's numbers."""

    @wraps(function)
    def make(*args: Any, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        if isbox(made):
            return made
        return lifted(made) if any(isinstance(value, np.ndarray) for value in args) else constant(made)

    return make


def _build(of: Wrapper, of_numbers: Wrapper, made: Wrapper) -> Namespace:
    def each(functions: Functions, change: Wrapper, module: str = "") -> dict[str, Any]:
        return {name: change(_named(function, f"np.{module}{name}")) for name, function in functions.items()}

    entries: dict[str, Any] = {name: getattr(np, name, bool) for name in (*names.CONSTANTS, *names.TYPES)}
    entries |= each(elementwise.FUNCTIONS, of_numbers) | each({**arrays.FUNCTIONS, **sums.FUNCTIONS}, of)
    entries |= each(making.FUNCTIONS, made) | {"exact": exact}
    entries["fft"] = Namespace(each(fourier.FUNCTIONS, of, "fft."), "fft.")
    entries["linalg"] = Namespace(each(linear.FUNCTIONS, of, "linalg."), "linalg.")
    return Namespace(entries)


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function, called as a formula calls it where Python complains of its arguments."""
    if (getattr(function, "__module__", None) or "").startswith(__package__):
        function.__qualname__ = name
    return function


EXACT = _build(_as_given, _as_given, _made)
ROUNDED = _build(_rounding, _rounding_numbers, _made_rounded)
