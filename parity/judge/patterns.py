"""Causes that lie in what was computed: a factor, another place, single elements, a parameter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite, sqrt

import numpy as np

from ..catalog.dtypes import Array
from ..plan.work import Instead
from .tolerance import TOGETHER, roundings
from .wrong import EXPLAINED, Wrong, rms, telling

FEW = 0.1
"""An error in at most this share of the elements is one of single elements."""

GROUP = 4
"""Elements that must have a factor or an offset in common."""

CHANCE = 0.25
"""From this share of the values' spread on, what is allowed lets values fit by chance."""

TERMS = 2.0**-7, 2.0**-5
"""In units of the scale, and relative to the truth: from which on an error is too large for rounding in any format."""


def zero(wrong: Wrong) -> str:
    return "" if wrong.values.any() else "zero throughout: cut off, or never computed"


def single(wrong: Wrong) -> str:
    """Few elements are wrong, or only those at one index of an axis, and all others are right."""
    wrong_ones, size = np.argwhere(wrong.beyond), wrong.truth.size
    if len(wrong_ones) == 0 or not _others_right(wrong):
        return ""
    told = f"{len(wrong_ones)} of {size} elements only"
    axes = [axis for axis, length in enumerate(wrong.truth.shape) if length > 1 and np.ptp(wrong_ones[:, axis]) == 0]
    if len(wrong_ones) > 1 and axes:
        return f"{told}, at {' and '.join(f'index {wrong_ones[0, axis]} of {wrong.axis(axis)}' for axis in axes)}"
    return told if size >= 1 / FEW and len(wrong_ones) <= FEW * size else ""


def _others_right(wrong: Wrong) -> bool:
    """Whether the error of the elements within their allowance is like that of a right result."""
    within = ~wrong.beyond
    error = rms(wrong.error[within])
    usual = TOGETHER / roundings(wrong.truth.size, wrong.dtype) * rms(wrong.limits[within].astype(np.float64))
    return error <= min(usual, EXPLAINED * rms(wrong.error[wrong.beyond]))


def fitted(wrong: Wrong, axes: Sequence[int | None] = (None,)) -> str:
    """The truth times a factor, plus an offset, or both: of the whole quantity, or of each index of an axis."""
    for axis in axes:
        groups = 1 if axis is None else wrong.truth.shape[axis]
        if wrong.truth.size < GROUP * groups or (axis is not None and groups < 2):
            continue
        where = "" if axis is None else f", for each index of {wrong.axis(axis)}"
        for factor, offset in _fits(wrong, axis):
            if wrong.is_like(factor * wrong.truth + offset, wrong.limits * np.maximum(1, np.abs(factor))):
                times = "" if (factor == 1).all() else " times " + (_number(factor) if axis is None else "a factor")
                plus = "" if not offset.any() else " plus " + (_number(offset) if axis is None else "an offset")
                return f"the truth{times}{plus}{where}"
    return ""


def fitted_by_index(wrong: Wrong) -> str:
    return fitted(wrong, range(wrong.truth.ndim))


def _fits(wrong: Wrong, axis: int | None) -> Iterator[tuple[Array, Array]]:
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


def elsewhere(wrong: Wrong) -> str:
    """The elements that are wrong are those of the truth at other places, and that is no chance.

    Where what is allowed is not small beside the spread of the values, any values fit; sorted ones fit still sooner.
    """
    coarse, spread = 2 * float(wrong.limits.max()), float(np.std(wrong.truth.astype(np.float64)))
    if coarse > CHANCE * spread:
        return ""
    for said, moved in _moved(wrong):
        known = wrong.beyond & np.isfinite(moved)
        enough = 2 * known.sum() >= wrong.beyond.sum() and telling(wrong.values[known])
        if enough and _small(wrong, (wrong.values - moved)[known], wrong.error[known]):
            return f"the truth {said}"
    if coarse * sqrt(wrong.truth.size) > CHANCE * spread:
        return ""
    left = np.sort(wrong.values, axis=None) - np.sort(wrong.truth, axis=None)
    rearranged = _small(wrong, left, wrong.error) and telling(wrong.values[wrong.beyond])
    return "the right values at other places" if rearranged else ""


def _small(wrong: Wrong, left: Array, error: Array) -> bool:
    """Whether what is left of an error is rounding, at whichever place it comes from."""
    return bool((np.abs(left) <= 2 * wrong.limits.max()).all()) and rms(left) <= EXPLAINED * rms(error)


def _moved(wrong: Wrong) -> Iterator[tuple[str, Array]]:
    """The truth shifted and reversed along each axis; NaN where nothing moves to."""
    for axis, length in enumerate(wrong.truth.shape):
        if length < 2:
            continue
        yield f"reversed along {wrong.axis(axis)}", np.flip(wrong.truth, axis)
        for step in (1, -1):
            moved = np.roll(wrong.truth, step, axis)
            np.moveaxis(moved, axis, 0)[0 if step > 0 else -1] = np.nan
            yield f"shifted by {step} along {wrong.axis(axis)}", moved


def parameter(wrong: Wrong) -> str:
    """The formula with one parameter changed gives the result: a wrong ε, a momentum that means its complement."""
    best, least = "", EXPLAINED
    for name, value in wrong.parameters.items():
        for other in _other_values(value):
            alternative = wrong.alternative(Instead(parameter=name, value=other))
            if alternative is None or not np.isfinite(alternative).all():
                continue
            share = wrong.left(wrong.values - alternative)
            if share < least and wrong.is_like(alternative, wrong.limits):
                best, least = f"the formula with {name}={other:.12g} instead of {value:.12g}", share
    return best


def _other_values(value: float) -> list[float]:
    """What may have been computed with in the place of a parameter: left out, its complement, other orders of size."""
    found = [0.0, 1.0, -value, 1 - value, 2 * value, value / 2]
    if value:
        found.append(1 / value)
    if 0 < abs(value) <= 0.01:  # A small one is a guard against division by zero: each framework has its own default.
        found += [value * 10.0**power for power in (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5)]
    tidy = (float(f"{each:.12g}") for each in found)
    return [each for each in dict.fromkeys(tidy) if each != value and isfinite(each)]


def size(wrong: Wrong) -> str:
    if not wrong.limits.any():
        return ""
    large = wrong.in_scale >= TERMS[0] or wrong.relative >= TERMS[1]
    return "of the size of whole terms: one dropped, added or wrong" if large else ""


def _number(number: Array) -> str:
    """A factor or an offset, with the digits in which it differs from 1."""
    value = float(number.flat[0])
    off = value - 1
    return f"1 {'-' if off < 0 else '+'} {abs(off):.2g}" if 0 < abs(off) < 0.01 else f"{value:.3g}"
