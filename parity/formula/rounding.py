"""Arrays whose every operation is off by rounding, drawn at random: what rounding does to a formula, measured.

The model of one operation: its result is off by ``± unit · √(r² + (n - 2) (r²/3 + Σt²/6))`` in each element, with an
independent sign, where ``n`` terms ``t`` other than zero are summed up to the result ``r``: in random order the square
of a partial sum is ``r²/3 + Σt²/6`` in the mean, and each of them is rounded (with products, which are rounded, too,
``n - 1`` stands for ``n - 2``). √n is the growth of random rounding (Higham and Mary, "A New Approach to Probabilistic
Rounding Error Analysis", SIAM J. Sci. Comput. 41, 2019). An operation that sums nothing is off by ``± unit · |r|``, or
twice that if it is an elementary function. Selecting, moving and negating values is exact, and so is arithmetic whose
result has few digits: whole numbers and simple fractions. A zero that two other numbers add up to has a random sign:
in another order of operations it would be a small number of either sign. Each part of a complex number is off by that
of its magnitude.
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
from .names import outside, refusal, words

UNIT = 2.0**-24
"""The unit roundoff that is modelled: so small that the answer is linear in it, so large that float64 shows it."""

DIGITS, FEW_DIGITS = 22, 1
"""A result with so many binary digits is exact: in float32 and float64, and in 16-bit formats.

The numbers of a 16-bit format have few digits whatever they are, and another order of operations has results of more:
in these formats only powers of two are exact.
"""

_SIGNS = words("negative positive absolute fabs sign copysign conjugate heaviside")
_SELECTIONS = words("maximum minimum fmax fmin clip floor ceil rint trunc fmod remainder floor_divide divmod")
_EXACT = {*_SIGNS, *_SELECTIONS}
_ARITHMETIC = {*words("add subtract multiply divide reciprocal square sqrt")}

_ROOTS = (2, 1, 0.5, -1)
"""Exponents that NumPy and the frameworks take for arithmetic."""

ELEMENTARY = 2.0
"""Units by which functions that are no arithmetic are off: good libraries round exp, log or tanh to one ulp, not half.

TensorFlow's tanh is off by up to 5.4 units in float64 and 4.5 in float32 (4 million values between -4 and 4).
"""
_CONTRACTIONS = (np.einsum, np.dot, np.tensordot, np.inner, np.vdot)
_ACCUMULATIONS: dict[Any, Any] = {np.cumsum: np.add.accumulate, np.cumprod: np.multiply.accumulate}
_MOVES = {
    getattr(np, name, None)  # NumPy 1 has no np.astype.
    for name in words(
        "astype all allclose amax amin any argmax argmin argsort argwhere array_equal array2string array_repr "
        "array_str atleast_1d atleast_2d atleast_3d broadcast_arrays broadcast_to clip concatenate copy count_nonzero "
        "copyto diag diagonal digitize empty_like expand_dims fix flatnonzero flip full_like imag isclose iscomplexobj "
        "isin isneginf isposinf isreal ix_ lexsort max may_share_memory mean min moveaxis nonzero ndim ones_like pad "
        "prod ravel ravel_multi_index real repeat reshape result_type roll rollaxis rot90 round around searchsorted "
        "shape shares_memory size sort split squeeze stack sum swapaxes take take_along_axis tile transpose tril triu "
        "unique unravel_index vstack where zeros_like"
    )
}
"""Functions that move and select, or whose arithmetic NumPy does by ufuncs, which are traced."""

_NUMBERS = "biufc"

ONLY_MADE = (
    "np.exact is for numbers that a formula makes itself: nothing that it uses is a tensor, or computed from one"
)

_signs: ContextVar[Callable[[tuple[int, ...]], Array] | None] = ContextVar("signs", default=None)
_lower: ContextVar[int] = ContextVar("lower digits", default=2 ** (53 - DIGITS) - 1)

_LOWER_OF_ALL = 2 ** (53 - 8) - 1
"""The digits that numbers of the narrowest format, bfloat16, do not have."""

_SIGN, _ONE = np.uint64(2**63), np.float64(1.0).view(np.uint64)


@contextmanager
def rounding(bits: np.random.BitGenerator, *, digits: int = DIGITS, unit: float = UNIT) -> Iterator[None]:
    """Round the operations on ``Rounded`` arrays; an element's sign is the highest bit of its raw 64-bit integer.

    Results of at most so many binary ``digits`` are exact. ``unit`` is the unit roundoff. Nothing warns of infinity
    and NaN.
    """
    size = unit / UNIT

    def signs(shape: tuple[int, ...]) -> Array:
        raw: Any = bits.random_raw(prod(shape))
        signed: Array = ((raw & _SIGN) | _ONE).view(np.float64).reshape(shape)
        return signed if size == 1.0 else signed * size

    tokens = _signs.set(signs), _lower.set(2 ** (53 - digits) - 1)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _signs.reset(tokens[0])
        _lower.reset(tokens[1])


@contextmanager
def exactly() -> Iterator[None]:
    """Within it numbers that a formula makes itself are exact."""
    token = _signs.set(None)
    try:
        yield
    finally:
        _signs.reset(token)


def is_rounding() -> bool:
    """Whether operations are off by rounding at the moment."""
    return _signs.get() is not None


def _drawn(shape: tuple[int, ...]) -> Any:
    signs = _signs.get()
    if signs is None:
        raise TypeError(ONLY_MADE)
    return signs(shape)


class Rounded(np.ndarray[Any, Any]):
    """An array of float64, complex128, whole numbers or truth values; what is computed from it is ``Rounded``, too."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if any(isbox(x) for x in inputs):
            return NotImplemented  # Autograd calls again, with what is in its boxes.
        if method == "at":
            return _add_at(ufunc, *inputs)
        if out is None:
            return _computed(ufunc, method, [plain(x) for x in inputs], kwargs)
        found = _computed(ufunc, method, [plain(x) for x in inputs], kwargs)
        for place, value in zip(out, found if isinstance(found, tuple) else (found,), strict=True):
            place[...] = value
        return lifted(out) if len(out) > 1 else lifted(out[0])

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in _CONTRACTIONS:
            given = [plain(x) for x in args]
            return _summed(function, given, kwargs, function(*given, **kwargs))
        if function in _ACCUMULATIONS:
            axis = kwargs.get("axis", args[1] if len(args) > 1 else None)
            return _ACCUMULATIONS[function](*((args[0].ravel(), 0) if axis is None else (args[0], axis)))
        if function not in _MOVES:
            module = function.__module__.removeprefix("numpy").strip(".")
            raise DeclarationError(outside(f"{module}.{function.__name__}" if module else function.__name__))
        return lifted(super().__array_function__(function, types, args, kwargs))

    def __getitem__(self, index: Any) -> Any:
        return lifted(super().__getitem__(index))

    def __hash__(self) -> int:  # type: ignore[override]
        """That of a number, as NumPy's scalars have it: those of ``Rounded`` arrays are arrays without axes."""
        if self.ndim:
            raise TypeError("an array has no hash")
        return hash(self.item())

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))


def _computed(ufunc: Any, method: str, given: list[Any], kwargs: dict[str, Any]) -> Any:
    """What an elementwise function, or a sum or product made of it, gives for plain arrays, off by rounding."""
    result = getattr(ufunc, method)(*given, **kwargs)
    if ufunc.__name__ in _EXACT or ufunc.nout > 1 or result.dtype.kind not in "fc":
        return lifted(result)
    if ufunc is np.matmul:
        return _summed(ufunc, given, kwargs, result)
    if method == "__call__":
        inexact = _inexact(ufunc, result, *given)
        if ufunc not in (np.add, np.subtract):
            return _off(result, inexact)
        if result.dtype.kind == "c":
            return _joined(_off(result.real, inexact), _off(result.imag, inexact))
        return _of_any_sign(_off(result, inexact), inexact)
    if method in ("reduce", "accumulate") and ufunc is np.multiply:
        factors = getattr(np.add, method)(*map(np.ones_like, given), **kwargs)
        return _off(result, np.sqrt(np.maximum(factors - 1, 0)))
    if method in ("reduce", "accumulate") and ufunc is np.add:
        return _summed(getattr(ufunc, method), given, kwargs, result)
    raise DeclarationError(refusal(f"{ufunc.__name__}.{method}"))


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
        few = _has_few_digits(made, _LOWER_OF_ALL)
        return lift if few.all() else _off(made, ~few)
    return lift


def _inexact(ufunc: Any, result: Any, *operands: Any) -> Any:
    """The units by which an operation is off: 0 for adding 0, multiplying by 0 or 1, and results of few digits."""
    if ufunc is np.add:
        return _added(result, operands[0], operands[1])
    if ufunc is np.subtract:
        return _added(result, operands[0], 0 - operands[1])  # Truth values have no minus.
    if ufunc is np.multiply:
        if result.dtype.kind == "c":
            inexact = ~(_is_sign(operands[0]) | _is_sign(operands[1]))
        else:  # A factor of 1 or -1 gives the other one.
            size = np.abs(result)
            inexact = (size != 0) & (size != np.abs(operands[0])) & (size != np.abs(operands[1]))
    elif ufunc is np.divide:
        inexact = np.abs(result) != np.abs(operands[0])
    elif ufunc.__name__ in _ARITHMETIC or (ufunc is np.power and np.ndim(operands[1]) == 0 and operands[1] in _ROOTS):
        inexact = np.True_
    else:
        return ELEMENTARY
    return inexact & ~_has_few_digits(result)


def _added(result: Any, x: Any, y: Any) -> Any:
    """Whether a sum of two is off: neither is 0, and one of the three has more than few digits."""
    inexact = (result != x) & (result != y)
    few = _has_few_digits(result)
    if few.any():  # What is left of longer numbers that cancel has few digits, too.
        few = few & _has_few_digits(x) & _has_few_digits(y)
    return inexact & ~few


def _has_few_digits(value: Any, lower: int = -1) -> Any:
    """Whether a number, or both parts of a complex one, has none of the ``lower`` digits among those not exact."""
    if np.iscomplexobj(value):
        return _has_few_digits(np.real(value), lower) & _has_few_digits(np.imag(value), lower)
    return (np.asarray(value, np.float64).view(np.int64) & (_lower.get() & lower)) == 0


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
    return isinstance(value, np.ndarray) and value.dtype.kind in _NUMBERS


def _nonzero(value: Any) -> Any:
    return (value != 0).astype(np.float64) if _is_array(value) else value


def _squared(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        value = value if value.dtype.kind in "fc" else value.astype(np.float64)
        return value * value if value.dtype.kind == "f" else np.abs(value) ** 2
    return abs(value) ** 2 if isinstance(value, (float, complex)) else value


def _add_at(ufunc: Any, target: Array, index: Any, *values: Any) -> None:
    base, index, values = plain(target), plain(index), plain(values)
    before = base.copy()
    ufunc.at(base, index, *values)
    if ufunc is np.add and base.dtype.kind in "fc":
        given = np.asarray(values[0])
        added, terms, squares = np.zeros(base.shape, bool), _nonzero(before), _squared(before)
        added[index] = True
        np.add.at(terms, index, given != 0)
        np.add.at(squares, index, _squared(given))
        base[...] = _off_in_random_order(base, squares, np.maximum(terms - 1, 0) * added)


def _off_in_random_order(result: Any, squares: Any, roundings: Any) -> Any:
    """A sum of terms with the sum ``squares`` of their squares, off by so many roundings of partial sums."""
    size = _squared(result)
    scale = np.sqrt(size + np.maximum(roundings - 1, 0) * (size / 3 + squares / 6)) * (roundings > 0)
    if result.dtype.kind == "c":
        return _joined(_off_by(result.real, scale), _off_by(result.imag, scale))
    return _off_by(result, scale)


def _off(result: Any, units: Any) -> Any:
    """The result, off by so many units of its magnitude. Zeros keep their sign, and infinities are what they are."""
    if result.dtype.kind != "c":
        return lifted(result * (1.0 + _drawn(result.shape) * (UNIT * units)))
    scale = np.abs(result) * units
    return _joined(_off_by(result.real, scale), _off_by(result.imag, scale))


def _off_by(result: Any, scale: Any) -> Any:
    """The result, off by a unit of a scale."""
    noise = _drawn(result.shape) * (UNIT * scale)
    return lifted(np.where(np.isfinite(noise) & (noise != 0), result + noise, result))  # -0.0 + 0.0 would be 0.0.


def _joined(real: Any, imaginary: Any) -> Any:
    joined = np.empty(real.shape, np.result_type(real, np.complex64))
    joined.real, joined.imag = plain(real), plain(imaginary)
    return lifted(joined)


def _of_any_sign(result: Any, cancelled: Any) -> Any:
    """The result, with a random sign where it is zero and ``cancelled``."""
    values = plain(result)
    if values.all():
        return result
    zeros = (values == 0) & cancelled
    return lifted(np.where(zeros, np.copysign(values, _drawn(values.shape)), values)) if zeros.any() else result
