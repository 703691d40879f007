"""The methods of arrays: those of what is traced, and those of ``Rounded`` arrays that NumPy would not round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from autograd.numpy.numpy_boxes import ArrayBox

from . import arrays, elementwise, sums
from .derivatives import anp
from .names import words
from .rounding import Rounded, lifted

_FUNCTIONS = {**elementwise.FUNCTIONS, **arrays.FUNCTIONS, **sums.FUNCTIONS}


def _of_shape(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A method whose lengths, or axes, are given one by one or as a tuple."""

    def method(self: Any, *given: Any, **kwargs: Any) -> Any:
        if len(given) == 1 and (given[0] is None or isinstance(given[0], (tuple, list))):
            return function(self, given[0], **kwargs)
        return function(self, given or None, **kwargs)

    return method


def _flattened(self: Any, order: str = "C") -> Any:
    return arrays.ravel(self, order)


def _as_type(self: Any, dtype: Any, *_: Any, **__: Any) -> Any:
    """The same values in another floating type; whole numbers and truth values have no gradient."""
    if np.dtype(dtype).kind not in "fc":
        return arrays.value_of(self).astype(dtype)
    return arrays.cast(self, dtype) if self.dtype.kind in "fc" else self


def _listed(self: Any) -> Any:
    return [_listed(row) for row in self] if self.ndim else self


def _floor_divided(x: Any, y: Any) -> Any:
    return _FUNCTIONS["floor_divide"](x, y)


_TRACED: dict[str, Any] = {
    name: _FUNCTIONS[name]
    for name in words(
        "all any argmax argmin argsort clip conj conjugate copy cumprod cumsum diagonal dot max mean min nonzero prod "
        "ptp ravel repeat round searchsorted squeeze std sum swapaxes take trace var"
    )
}
_TRACED |= {
    "reshape": _of_shape(lambda x, shape, **kwargs: arrays.reshape(x, shape, **kwargs)),
    "transpose": _of_shape(arrays.transpose),
    "flatten": _flattened,
    "astype": _as_type,
    "real": property(lambda self: anp.real(self)),
    "imag": property(lambda self: anp.imag(self)),
    "T": property(lambda self: anp.transpose(self)),
    "mT": property(lambda self: anp.swapaxes(self, -1, -2)),
    "tolist": _listed,
    "flat": property(_flattened),
    "__pos__": lambda self: self,
    "__bool__": lambda self: bool(arrays.value_of(self)),
    "__floordiv__": _floor_divided,
    "__rfloordiv__": lambda self, other: _floor_divided(other, self),
    "__divmod__": lambda self, other: (_floor_divided(self, other), self % other),
    "__rdivmod__": lambda self, other: (_floor_divided(other, self), other % self),
}

_UNROUNDED = words("cumprod cumsum dot std take trace var")
"""Methods that NumPy computes past the functions which are off by rounding, or gives scalars for."""


def _lifting(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: lifted(function(*args, **kwargs))


def _without_place(original: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's dispatch: ``y += x`` with a plain ``y`` makes a new array, which is traced, and ``y`` its name."""

    def dispatched(self: Any, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        return original(self, ufunc, method, *inputs, **kwargs)

    return dispatched


if hasattr(ArrayBox, "__array_ufunc__"):  # Since Autograd 1.8; before, NumPy left it to Python.
    _TRACED["__array_ufunc__"] = _without_place(ArrayBox.__array_ufunc__)

for _name, _method in _TRACED.items():
    setattr(ArrayBox, _name, _method)
for _name in _UNROUNDED:
    setattr(Rounded, _name, _lifting(_FUNCTIONS[_name]))
Rounded.tolist = _listed  # type: ignore[method-assign]
Rounded.flat = property(_flattened)  # type: ignore[assignment]
