"""Arrays whose every operation is off by rounding, drawn at random: what rounding does to a formula, measured.

The model of one operation: its result is off by ``± unit · √n · s`` in each element, with an independent sign, where
``n`` terms other than zero are summed up and ``s`` is the sum of their magnitudes; an operation that sums nothing has
``n = 1`` and ``s = |result|``, or twice that if it is an elementary function. √n is the growth of random rounding
(Higham and Mary, "A New Approach to Probabilistic Rounding Error Analysis", SIAM J. Sci. Comput. 41, 2019).
That holds in any order of the terms, as no partial sum is larger than s. In a 16-bit format it would allow for
anything; there the terms ``t`` come in random order: the square of a partial sum is ``r²/3 + Σt²/6`` in the mean, for a
result ``r``, and the sum is off by ``± unit · √(r² + (n - 1) (r²/3 + Σt²/6))``.
Selecting, moving and negating values is exact. A zero that two other numbers add up to has a random sign: in another
order of operations it would be a small number of either sign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod
from typing import Any

import numpy as np
from autograd.tracer import isbox

from ..catalog.dtypes import Array

UNIT = 2.0**-24
"""The unit roundoff that is modelled: so small that the answer is linear in it, so large that float64 shows it."""

_SIGNS = {"negative", "positive", "absolute", "fabs", "sign", "copysign", "conjugate"}
_SELECTIONS = {"maximum", "minimum", "fmax", "fmin", "clip", "floor", "ceil", "rint", "trunc"}
_EXACT = _SIGNS | _SELECTIONS
_ARITHMETIC = {"add", "subtract", "multiply", "divide", "reciprocal", "square", "power", "sqrt"}

ELEMENTARY = 2.0
"""Units by which functions that are no arithmetic are off: good libraries round exp, log or tanh to one ulp, not half.

TensorFlow's tanh is off by up to 5.4 units in float64 and 4.5 in float32 (4 million values between -4 and 4).
"""
_CONTRACTIONS = (np.einsum, np.dot, np.tensordot, np.inner, np.vdot)

_signs: ContextVar[Callable[[tuple[int, ...]], Array]] = ContextVar("signs")
_random_order: ContextVar[bool] = ContextVar("random_order", default=False)


@contextmanager
def rounding(bits: np.random.BitGenerator, *, random_order: bool = False) -> Iterator[None]:
    """Round the operations on ``Rounded`` arrays; an element's sign is the highest bit of its raw 64-bit integer.

    With ``random_order`` sums are off as in the 16-bit formats.
    """

    def signs(shape: tuple[int, ...]) -> Array:
        raw: Any = bits.random_raw(prod(shape))
        drawn: Array = 1.0 - 2.0 * (raw >> np.uint64(63)).astype(np.float64)
        return drawn.reshape(shape)

    tokens = _signs.set(signs), _random_order.set(random_order)
    try:
        yield
    finally:
        _signs.reset(tokens[0])
        _random_order.reset(tokens[1])


class Rounded(np.ndarray[Any, Any]):
    """A float64 array; what is computed from it is ``Rounded``, too."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if any(isbox(x) for x in inputs):
            return NotImplemented  # Autograd calls again, with what is in its boxes.
        given = [_plain(x) for x in inputs]
        if method == "at":
            return _add_at(ufunc, *inputs)
        if out is not None:
            kwargs["out"] = tuple(_plain(x) for x in out)
        result = getattr(ufunc, method)(*given, **kwargs)
        if ufunc.__name__ in _EXACT or ufunc.nout > 1 or result.dtype.kind != "f":
            return _rounded(result)
        if method == "__call__" and ufunc is not np.matmul:
            inexact = _inexact(ufunc, *given)
            off = _off(result, np.abs(result) * inexact, 1)
            return _of_any_sign(off, inexact) if ufunc in (np.add, np.subtract) else off
        kwargs.pop("out", None)
        if ufunc is np.multiply:
            factors = getattr(np.add, method)(*map(np.ones_like, given), **kwargs)
            return _off(result, np.abs(result), factors - 1)
        return _summed(getattr(ufunc, method), given, kwargs, result)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in _CONTRACTIONS:
            given = [_plain(x) for x in args]
            return _summed(function, given, kwargs, function(*given, **kwargs))
        return _rounded(super().__array_function__(function, types, args, kwargs))


def _inexact(ufunc: Any, *operands: Any) -> Any:
    """The units by which an operation is off; adding 0 and multiplying by 0 or 1 are exact."""
    if ufunc in (np.add, np.subtract):
        return (operands[0] != 0) & (operands[1] != 0)
    if ufunc is np.multiply:
        return ~(_is_sign(operands[0]) | _is_sign(operands[1]))
    if ufunc is np.divide:
        return (operands[0] != 0) & (np.abs(operands[1]) != 1)
    return 1.0 if ufunc.__name__ in _ARITHMETIC else ELEMENTARY


def _is_sign(value: Any) -> Any:
    """Whether a value is -1, 0 or 1."""
    magnitude = np.abs(value)
    return (magnitude == 0) | (magnitude == 1)


def _summed(function: Any, given: list[Any], kwargs: dict[str, Any], result: Any) -> Any:
    """The result of a sum of products, off by the roundings of the terms that are not zero."""
    arrays = [x for x in given if isinstance(x, np.ndarray) and x.dtype.kind in "fb"]
    terms = function(*(_nonzero(x) for x in given), **kwargs)
    # Nothing is rounded in a product with factors 0, 1 and -1: a sum then has one rounding less than terms.
    whole = len(arrays) < 2 or any(_is_sign(x).all() for x in arrays)
    roundings = np.maximum(terms - whole, 0)
    if _random_order.get():
        return _off_in_random_order(result, function(*map(_squared, given), **kwargs), roundings)
    return _off(result, function(*map(_magnitude, given), **kwargs), roundings)


def _nonzero(value: Any) -> Any:
    return (value != 0).astype(np.float64) if isinstance(value, np.ndarray) and value.dtype.kind in "fb" else value


def _add_at(ufunc: Any, target: Array, index: Any, values: Any) -> None:
    base, index, values = _plain(target), _plain(index), _plain(values)
    before = base.copy()
    ufunc.at(base, index, values)
    if ufunc is np.add:
        added, terms = np.zeros(base.shape, bool), (before != 0).astype(np.float64)
        added[index] = True
        np.add.at(terms, index, np.asarray(values) != 0)
        roundings = np.maximum(terms - 1, 0) * added
        if _random_order.get():
            squares = before**2
            np.add.at(squares, index, np.square(values))
            base[...] = _off_in_random_order(base, squares, roundings)
        else:
            scale = np.abs(before)
            np.add.at(scale, index, np.abs(values))
            base[...] = _off(base, scale, roundings)


def _off_in_random_order(result: Any, squares: Any, roundings: Any) -> Any:
    """A sum of terms with the sum ``squares`` of their squares, off by so many roundings of partial sums."""
    partial = np.maximum(roundings - 1, 0) * (result**2 / 3 + squares / 6)
    return _off(result, np.sqrt(result**2 + partial), np.minimum(roundings, 1))


def _off(result: Any, scale: Any, terms: Any) -> Any:
    noise = _signs.get()(np.shape(result)) * (UNIT * np.sqrt(terms)) * scale
    return _rounded(np.where(noise == 0, result, result + noise))  # -0.0 + 0.0 would be 0.0.


def _of_any_sign(result: Any, cancelled: Any) -> Any:
    """The result, with a random sign where it is zero and ``cancelled``."""
    zeros = (np.asarray(result) == 0) & cancelled
    if not zeros.any():
        return result
    plain = np.asarray(result)
    return _rounded(np.where(zeros, np.copysign(plain, _signs.get()(plain.shape)), plain))


def _rounded(result: Any) -> Any:
    if isinstance(result, (tuple, list)):
        return type(result)(map(_rounded, result))
    if isinstance(result, (np.ndarray, np.floating)) and result.dtype.kind == "f":
        return np.asarray(result).view(Rounded)
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)(map(_plain, value))
    return value.view(np.ndarray) if isinstance(value, Rounded) else value


def _magnitude(value: Any) -> Any:
    return np.abs(value) if isinstance(value, (np.ndarray, float)) else value


def _squared(value: Any) -> Any:
    return value**2 if isinstance(value, (np.ndarray, float)) else value
