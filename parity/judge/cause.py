"""Naming the likely cause of an error: what would explain it is tried, and the first that does is told.

``docs/tolerances.md`` lists the causes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..catalog.dtypes import FLOATS, NARROWER, Array, narrowed
from ..workers.protocol import Result

Alternatives = Callable[[str], Mapping[str, Result]]
"""The formula's results with inputs and weights rounded to a format, by the format's name."""

FORMATS = {"tf32": "TF32", "float16": "float16", "bfloat16": "bfloat16", "float32": "float32"}

EXPLAINED = 0.25
"""An explanation leaves at most this share of the error."""

ALIKE = 1.5
"""Formats that explain an error so nearly equally well are both told: TF32 and float16 have as many digits."""

CORRELATED = 0.5, 4.0
"""Rounding explains a part of an error when both correlate like that at least, and by so many times 1/√N for chance."""

MANY = 10
"""So many different values tell a pattern from chance."""

FEW = 0.1
"""An error in at most this share of the elements is one of single elements."""

GROUP = 4
"""Elements that must have a factor or an offset in common."""

FLOAT32_INSIDE = (2.0**-32, 2.0**-19)
"""The error in units of the scale (ρ times the unit roundoff) that float32 constants leave in float64."""

TERMS = 2.0**-7, 2.0**-5
"""In units of the scale, and relative to the truth: from which on an error is too large for rounding in any format."""


def cause(quantity: str, result: Result, truth: Array, limits: Array, rho: float, dtype: str, of: Alternatives) -> str:
    """A few words; empty when nothing can be said. ``limits`` are each element's allowance: zero for exact ones."""
    wrong = _Wrong(quantity, result, truth.astype(np.result_type(truth, np.float64)), limits, rho, dtype, of)
    if not np.isfinite(wrong.error).all() or not wrong.error.any():
        return ""
    explanations = (
        _zero, _inputs, _stored, _fitted, _elsewhere, _single, _fitted_by_index, _some_inputs, _float32_inside, _size
    )  # fmt: skip
    return next(filter(None, (explanation(wrong) for explanation in explanations)), "")


@dataclass(frozen=True)
class _Wrong:
    """A result that is wrong, and what it is compared with."""

    quantity: str
    result: Result
    truth: Array
    limits: Array
    rho: float
    dtype: str
    of: Alternatives

    @property
    def values(self) -> Array:
        return self.result.values

    @cached_property
    def error(self) -> Array:
        with np.errstate(invalid="ignore"):
            difference: Array = self.values - self.truth
        return difference

    @cached_property
    def beyond(self) -> Array:
        """Where the error is larger than allowed."""
        found: Array = np.abs(self.error) > self.limits
        return found

    @cached_property
    def rounded_inputs(self) -> dict[str, Array]:
        """By format, what rounding the inputs and weights to it does to the truth."""
        found = {name: self.of(name).get(self.quantity) for name in NARROWER.get(self.dtype, ())}
        return {
            name: each.array - self.truth
            for name, each in found.items()
            if each is not None and each.array.shape == self.truth.shape
        }

    @property
    def relative(self) -> float:
        """The error relative to the truth."""
        truth = _rms(self.truth)
        return _rms(self.error) / truth if truth else np.inf

    def left(self, error: Array) -> float:
        """The share of the error that is left when ``error`` is what an explanation does not explain."""
        share = _rms(error) / _rms(self.error)
        return share if np.isfinite(share) else np.inf

    def is_like(self, alternative: Array, limits: Array) -> bool:
        """Whether the values are those of an explanation, but for rounding."""
        error = np.abs(self.values - alternative)
        allowed = 2 * limits + 4 * FLOATS[self.dtype].unit_roundoff * np.abs(self.values)
        return bool((error <= allowed).all()) and self.left(error) <= EXPLAINED


def _zero(wrong: _Wrong) -> str:
    return "" if wrong.values.any() else "zero throughout: cut off, or never computed"


def _inputs(wrong: _Wrong) -> str:
    """The formula of rounded inputs comes much nearer to the result than the formula of the inputs."""
    left = {name: wrong.left(wrong.error - moved) for name, moved in wrong.rounded_inputs.items()}
    best = min(left.values(), default=np.inf)
    named = [FORMATS[name] for name, share in left.items() if share <= ALIKE * best]
    return f"{'- or '.join(named)}-like inputs" if best <= EXPLAINED else ""


def _stored(wrong: _Wrong) -> str:
    """Every value of the result is a number of a narrower format, and many of the truth are not."""
    stored, dtype = wrong.result.array, wrong.dtype
    should = FLOATS[dtype].encode(wrong.truth)
    for name in reversed([name for name in NARROWER.get(dtype, ()) if name in FLOATS]):
        telling = _telling(stored[narrowed(should, dtype, name) != should])
        if telling and np.array_equal(narrowed(stored, dtype, name), stored):
            return f"accumulated or stored in {FORMATS[name]}"
    return ""


def _fitted(wrong: _Wrong, axes: Sequence[int | None] = (None,)) -> str:
    """The truth times a factor, plus an offset, or both: of the whole quantity, or of each index of an axis."""
    if wrong.dtype == "float64" and wrong.relative < FLOAT32_INSIDE[1]:
        return ""  # Not an odd factor, but one that is a number of float32.
    for axis in axes:
        groups = 1 if axis is None else wrong.truth.shape[axis]
        if wrong.truth.size < GROUP * groups or (axis is not None and groups < 2):
            continue
        where = "" if axis is None else f", for each index of axis {axis}"
        for factor, offset in _fits(wrong, axis):
            if wrong.is_like(factor * wrong.truth + offset, wrong.limits * np.maximum(1, np.abs(factor))):
                times = "" if (factor == 1).all() else " times " + (_told(factor) if axis is None else "a factor")
                plus = "" if not offset.any() else " plus " + (_told(offset) if axis is None else "an offset")
                return f"the truth{times}{plus}{where}"
    return ""


def _fitted_by_index(wrong: _Wrong) -> str:
    return _fitted(wrong, range(wrong.truth.ndim))


def _fits(wrong: _Wrong, axis: int | None) -> Iterator[tuple[Array, Array]]:
    """The factors and offsets, by least squares, that come nearest to the values: one of each, then both together."""
    others = tuple(each for each in range(wrong.truth.ndim) if each != axis)

    def mean(of: Array) -> Array:
        found: Array = np.mean(of, axis=others, keepdims=True)
        return found

    truth, values, offset = wrong.truth, wrong.values, mean(wrong.error)
    around = truth - mean(truth)
    with np.errstate(all="ignore"):
        factor, slope = mean(values * truth) / mean(truth**2), mean(values * around) / mean(around**2)
    if np.isfinite(factor).all():
        yield factor, np.zeros_like(factor)
    yield np.ones_like(offset), offset
    if np.isfinite(slope).all():
        yield slope, mean(values) - slope * mean(truth)


def _elsewhere(wrong: _Wrong) -> str:
    """The elements that are wrong are those of the truth at other places."""
    for said, moved in _moved(wrong.truth):
        known = wrong.beyond & np.isfinite(moved)
        enough = 2 * known.sum() >= wrong.beyond.sum() and _telling(wrong.values[known])
        if enough and _small(wrong, (wrong.values - moved)[known], wrong.error[known]):
            return f"the truth {said}"
    left = np.sort(wrong.values, axis=None) - np.sort(wrong.truth, axis=None)
    rearranged = _small(wrong, left, wrong.error) and _telling(wrong.values[wrong.beyond])
    return "the right values at other places" if rearranged else ""


def _small(wrong: _Wrong, left: Array, error: Array) -> bool:
    """Whether what is left of an error is rounding, at whichever place it comes from."""
    return bool((np.abs(left) <= 2 * wrong.limits.max()).all()) and _rms(left) <= EXPLAINED * _rms(error)


def _moved(truth: Array) -> Iterator[tuple[str, Array]]:
    """The truth shifted and reversed along each axis; NaN where nothing moves to."""
    for axis, length in enumerate(truth.shape):
        if length < 2:
            continue
        yield f"reversed along axis {axis}", np.flip(truth, axis)
        for step in (1, -1):
            moved = np.roll(truth, step, axis)
            np.moveaxis(moved, axis, 0)[0 if step > 0 else -1] = np.nan
            yield f"shifted by {step} along axis {axis}", moved


def _single(wrong: _Wrong) -> str:
    """Few elements are wrong, or only those at one index of an axis."""
    wrong_ones, size = np.argwhere(wrong.beyond), wrong.truth.size
    if len(wrong_ones) == 0:
        return ""
    told = f"{len(wrong_ones)} of {size} elements only"
    axes = [axis for axis, length in enumerate(wrong.truth.shape) if length > 1 and np.ptp(wrong_ones[:, axis]) == 0]
    if len(wrong_ones) > 1 and axes:
        return f"{told}, at {' and '.join(f'index {wrong_ones[0, axis]} of axis {axis}' for axis in axes)}"
    return told if size >= 1 / FEW and len(wrong_ones) <= FEW * size else ""


def _some_inputs(wrong: _Wrong) -> str:
    """The error goes along with that of rounded inputs, though others, or rounding further on, have a part in it."""
    best, most = "", CORRELATED[0]
    for name, moved in wrong.rounded_inputs.items():
        if not moved.any() or not np.isfinite(moved).all():
            continue
        correlation = float(np.mean(wrong.error / _rms(wrong.error) * (moved / _rms(moved))))
        if correlation >= max(most, CORRELATED[1] / np.sqrt(np.count_nonzero(moved))):
            best, most = name, correlation
    return f"{FORMATS[best]}-like inputs, some of them" if best else ""


def _float32_inside(wrong: _Wrong) -> str:
    low, high = FLOAT32_INSIDE
    inside = wrong.dtype == "float64" and low <= _in_scale(wrong) < high
    return "float32 constants or arithmetic inside float64" if inside else ""


def _size(wrong: _Wrong) -> str:
    if not wrong.limits.any():
        return ""
    large = _in_scale(wrong) >= TERMS[0] or wrong.relative >= TERMS[1]
    return "of the size of whole terms: one dropped, added or wrong" if large else ""


def _in_scale(wrong: _Wrong) -> float:
    """The error in units of the scale of the computation."""
    return wrong.rho * FLOATS[wrong.dtype].unit_roundoff


def _told(number: Array) -> str:
    """A factor or an offset, with the digits in which it differs from 1."""
    value = float(number.flat[0])
    off = value - 1
    return f"1 {'-' if off < 0 else '+'} {abs(off):.2g}" if 0 < abs(off) < 0.01 else f"{value:.3g}"


def _telling(values: Array) -> bool:
    return np.unique(values).size >= MANY


def _rms(error: Array) -> float:
    """The root mean square, also where squares would underflow or overflow; NaN where not all are finite."""
    largest = np.max(np.abs(error), initial=0.0)
    with np.errstate(invalid="ignore"):
        return float(largest * np.sqrt(np.mean(np.square(error / largest)))) if largest else 0.0
