"""Arrays whose every operation is off by rounding, drawn at random: what rounding does to a formula, measured.

The model of one operation: its result is off by ``± unit · √(r² + (n - 2) (r²/3 + Σt²/6))`` in each element, with an
independent sign, where ``n`` terms ``t`` other than zero are summed up to the result ``r``: in random order the square
of a partial sum is ``r²/3 + Σt²/6`` in the mean, and each of them is rounded (``n - 1`` roundings for products, of which
each is rounded, too). √n is the growth of random rounding (Higham and Mary, "A New Approach to Probabilistic Rounding
Error Analysis", SIAM J. Sci. Comput. 41, 2019). An operation that sums nothing is off by ``± unit · |r|``, or twice that
if it is an elementary function. Selecting, moving and negating values is exact, and so is arithmetic whose result has
few digits: whole numbers and simple fractions. A zero that two other numbers add up to has a random sign: in another
order of operations it would be a small number of either sign. Each part of a complex number is off by that of its
magnitude.
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
from ..catalog.errors import DeclarationError

UNIT = 2.0**-24
"""The unit roundoff that is modelled: so small that the answer is linear in it, so large that float64 shows it."""

DIGITS, FEW_DIGITS = 22, 1
"""A result with so many binary digits is exact: in float32 and float64, and in 16-bit formats.

The numbers of a 16-bit format have few digits whatever they are, and another order of operations has results of more:
in these formats only powers of two are exact.
"""

_SIGNS = {"negative", "positive", "absolute", "fabs", "sign", "copysign", "conjugate", "heaviside"}
_SELECTIONS = {"maximum", "minimum", "fmax", "fmin", "clip", "floor", "ceil", "rint", "trunc", "fmod", "remainder"}
_EXACT = _SIGNS | _SELECTIONS
_ARITHMETIC = {"add", "subtract", "multiply", "divide", "reciprocal", "square", "sqrt"}

ELEMENTARY = 2.0
"""Units by which functions that are no arithmetic are off: good libraries round exp, log or tanh to one ulp, not half.

TensorFlow's tanh is off by up to 5.4 units in float64 and 4.5 in float32 (4 million values between -4 and 4).
"""
_CONTRACTIONS = (np.einsum, np.dot, np.tensordot, np.inner, np.vdot)
_ACCUMULATIONS: dict[Any, Any] = {np.cumsum: np.add.accumulate, np.cumprod: np.multiply.accumulate}
_MOVES = {
    getattr(np, name)
    for name in (
        "all allclose amax amin any argmax argmin argsort argwhere array_equal array2string array_repr array_str "
        "atleast_1d atleast_2d atleast_3d broadcast_arrays broadcast_to clip concatenate copy count_nonzero copyto diag "
        "diagonal "
        "digitize empty_like expand_dims fix flatnonzero flip full_like imag isclose iscomplexobj isreal lexsort max "
        "may_share_memory mean min moveaxis nonzero ndim ones_like pad prod ravel real repeat reshape result_type roll "
        "rollaxis rot90 round around searchsorted shape shares_memory size sort split squeeze stack sum swapaxes take "
        "take_along_axis tile transpose tril triu unique vstack where zeros_like"
    ).split()
}
"""Functions that move and select, or whose arithmetic NumPy does by ufuncs, which are traced."""

_NUMBERS = "biufc"

_signs: ContextVar[Callable[[tuple[int, ...]], Array]] = ContextVar("signs")
_digits: ContextVar[int] = ContextVar("digits", default=DIGITS)


@contextmanager
def rounding(bits: np.random.BitGenerator, *, digits: int = DIGITS) -> Iterator[None]:
    """Round the operations on ``Rounded`` arrays; an element's sign is the highest bit of its raw 64-bit integer.

    Results of at most so many binary ``digits`` are exact.
    """

    def signs(shape: tuple[int, ...]) -> Array:
        raw: Any = bits.random_raw(prod(shape))
        drawn: Array = 1.0 - 2.0 * (raw >> np.uint64(63)).astype(np.float64)
        return drawn.reshape(shape)

    tokens = _signs.set(signs), _digits.set(digits)
    try:
        yield
    finally:
        _signs.reset(tokens[0])
        _digits.reset(tokens[1])


class Rounded(np.ndarray[Any, Any]):
    """An array of float64, complex128, whole numbers or truth values; what is computed from it is ``Rounded``, too."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if any(isbox(x) for x in inputs):
            return NotImplemented  # Autograd calls again, with what is in its boxes.
        given = [plain(x) for x in inputs]
        if method == "at":
            return _add_at(ufunc, *inputs)
        if out is not None:
            kwargs["out"] = tuple(plain(x) for x in out)
        result = getattr(ufunc, method)(*given, **kwargs)
        if ufunc.__name__ in _EXACT or ufunc.nout > 1 or result.dtype.kind not in "fc":
            return lifted(result)
        if method == "__call__" and ufunc is not np.matmul:
            inexact = _inexact(ufunc, result, *given)
            if ufunc in (np.add, np.subtract):
                return _of_any_sign(_off(result, result, inexact), inexact)
            return _off(result, np.abs(result), inexact)
        kwargs.pop("out", None)
        if ufunc is np.multiply:
            factors = getattr(np.add, method)(*map(np.ones_like, given), **kwargs)
            return _off(result, np.abs(result), np.sqrt(factors - 1))
        return _summed(getattr(ufunc, method), given, kwargs, result)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in _CONTRACTIONS:
            given = [plain(x) for x in args]
            return _summed(function, given, kwargs, function(*given, **kwargs))
        if function in _ACCUMULATIONS:
            axis = kwargs.get("axis", args[1] if len(args) > 1 else None)
            return _ACCUMULATIONS[function](*((args[0].ravel(), 0) if axis is None else (args[0], axis)))
        if function not in _MOVES:
            raise DeclarationError(
                f"np.{function.__name__} is not modelled: what rounding does to it is not known; "
                "docs/writing-formulas.md lists what a formula may use"
            )
        return lifted(super().__array_function__(function, types, args, kwargs))

    def __getitem__(self, index: Any) -> Any:
        return lifted(super().__getitem__(index))

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def cumsum(self, axis: Any = None, *_: Any, **__: Any) -> Any:
        return np.cumsum(self, axis)

    def cumprod(self, axis: Any = None, *_: Any, **__: Any) -> Any:
        return np.cumprod(self, axis)

    def dot(self, other: Any, *_: Any) -> Any:
        return np.dot(self, other)


def lifted(value: Any) -> Any:
    """Arrays and NumPy's scalars as ``Rounded`` ones, also those of a tuple or list."""
    if isinstance(value, (tuple, list)):
        return type(value)(map(lifted, value))
    if isinstance(value, (np.ndarray, np.generic)) and not isinstance(value, Rounded) and value.dtype.kind in _NUMBERS:
        return np.asarray(value).view(Rounded)
    return value


def plain(value: Any) -> Any:
    """``Rounded`` arrays as plain ones, also those of a tuple or list."""
    if isinstance(value, (tuple, list)):
        return type(value)(map(plain, value))
    return value.view(np.ndarray) if isinstance(value, Rounded) else value


def constant(value: Any) -> Any:
    """A number that the formula makes itself, rounded once to the format where it has more digits than that."""
    lift = lifted(value)
    if isinstance(lift, Rounded) and lift.dtype.kind in "fc":
        made = plain(lift)
        return _off(made, made, ~_has_few_digits(made))
    return lift


def _inexact(ufunc: Any, result: Any, *operands: Any) -> Any:
    """The units by which an operation is off: 0 for adding 0, multiplying by 0 or 1, and results of few digits."""
    if ufunc in (np.add, np.subtract):
        inexact = (operands[0] != 0) & (operands[1] != 0)
        exact = _has_few_digits(result)
        if np.any(exact):  # What is left of longer numbers that cancel has few digits, too.
            exact = exact & _has_few_digits(operands[0]) & _has_few_digits(operands[1])
        return inexact & ~exact
    if ufunc is np.multiply:
        inexact = ~(_is_sign(operands[0]) | _is_sign(operands[1]))
    elif ufunc is np.divide:
        inexact = (operands[0] != 0) & (np.abs(operands[1]) != 1)
    elif ufunc.__name__ in _ARITHMETIC:
        inexact = np.True_
    else:
        return ELEMENTARY
    return inexact & ~_has_few_digits(result)


def _has_few_digits(value: Any) -> Any:
    """Whether a number, or both parts of a complex one, has at most so many binary digits as are exact."""
    if np.iscomplexobj(value):
        return _has_few_digits(np.real(value)) & _has_few_digits(np.imag(value))
    with np.errstate(all="ignore"):
        # Dekker's splitting (Numerische Mathematik 18, 1971): the upper digits of a number of 53.
        raised = value * (2.0 ** (53 - _digits.get()) + 1)
        return raised - (raised - value) == value


def _is_sign(value: Any) -> Any:
    """Whether a value is -1, 0 or 1 (or i or -i)."""
    magnitude = np.abs(value)
    signs = (magnitude == 0) | (magnitude == 1)
    return signs & ((np.real(value) == 0) | (np.imag(value) == 0)) if np.iscomplexobj(value) else signs


def _summed(function: Any, given: list[Any], kwargs: dict[str, Any], result: Any) -> Any:
    """The result of a sum of products, off by the roundings of the terms that are not zero."""
    arrays = [x for x in given if _is_array(x)]
    terms = function(*(_nonzero(x) for x in given), **kwargs)
    # Nothing is rounded in a product with factors 0, 1 and -1: a sum then has one rounding less than terms.
    whole = len(arrays) < 2 or any(_is_sign(x).all() for x in arrays)
    roundings = np.maximum(terms - whole, 0)
    return _off_in_random_order(result, function(*map(_squared, given), **kwargs), roundings)


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fcb"


def _nonzero(value: Any) -> Any:
    return (value != 0).astype(np.float64) if _is_array(value) else value


def _squared(value: Any) -> Any:
    return np.square(np.abs(value), dtype=np.float64) if isinstance(value, (np.ndarray, float, complex)) else value


def _add_at(ufunc: Any, target: Array, index: Any, *values: Any) -> None:
    base, index, values = plain(target), plain(index), plain(values)
    before = base.copy()
    ufunc.at(base, index, *values)
    if ufunc is np.add and base.dtype.kind in "fc":
        added, terms, squares = np.zeros(base.shape, bool), _nonzero(before), _squared(before)
        added[index] = True
        np.add.at(terms, index, np.asarray(values[0]) != 0)
        np.add.at(squares, index, np.abs(values[0]) ** 2)
        base[...] = _off_in_random_order(base, squares, np.maximum(terms - 1, 0) * added)


def _off_in_random_order(result: Any, squares: Any, roundings: Any) -> Any:
    """A sum of terms with the sum ``squares`` of their squares, off by so many roundings of partial sums."""
    size = np.abs(result) ** 2
    partial = np.maximum(roundings - 1, 0) * (size / 3 + squares / 6)
    return _off(result, np.sqrt(size + partial), np.minimum(roundings, 1))


def _off(result: Any, scale: Any, units: Any) -> Any:
    """The result, off by so many ``units`` of the ``scale``: the same for both parts of a complex result, or its own."""
    if np.iscomplexobj(result):
        parts = (np.real, np.imag) if np.iscomplexobj(scale) else (np.asarray, np.asarray)
        real, imaginary = (
            _off(part(result), np.abs(of(scale)), units) for part, of in zip((np.real, np.imag), parts, strict=True)
        )
        joined = np.empty(np.shape(result), np.result_type(result))
        joined.real, joined.imag = plain(real), plain(imaginary)
        return lifted(joined)
    with np.errstate(invalid="ignore"):
        noise = _signs.get()(np.shape(result)) * (UNIT * units * np.abs(scale))
    # -0.0 + 0.0 would be 0.0; infinities and NaN are what they are.
    return lifted(np.where((noise == 0) | ~np.isfinite(result) | ~np.isfinite(noise), result, result + noise))


def _of_any_sign(result: Any, cancelled: Any) -> Any:
    """The result, with a random sign where it is zero and ``cancelled``."""
    zeros = (np.asarray(result) == 0) & cancelled
    if np.iscomplexobj(result) or not zeros.any():
        return result
    values = np.asarray(result)
    return lifted(np.where(zeros, np.copysign(values, _signs.get()(values.shape)), values))
