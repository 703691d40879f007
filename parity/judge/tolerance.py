"""How much error a quantity is allowed: ``docs/tolerances.md`` derives it and works two examples by hand."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import numpy as np

from ..catalog.case import Case
from ..catalog.dtypes import COMPLEX, FLOATS, WHOLE, Array, part_of, parts, unit_roundoff
from ..catalog.known import Tolerance
from ..catalog.variants import Variant

ROUNDINGS = 8.0
"""The allowance of an element in units of rounding of the dtype times the scale of the computation.

Measured on the catalogue (``nox -s prove``): the errors of correct kernels stay below half of it, nearly always.
"""

TAIL = 1.5
"""With N elements it is at least so many times ln N, which is more from 208 elements on.

A partial sum is as random as the rounding of it, so that errors are like products of two normal numbers. The largest of
N of those is about ln N times their root mean square, which may be ``TOGETHER``. The gradient of TensorFlow's
convolution of 64 channels 3x3, whose formula adds up 64 terms and then 9 of these sums where oneDNN adds up 576 terms
one after the other, reaches 14 among 200,704 elements. Elements that share no scale are no sums of many terms.
"""


TOGETHER = 2.0
"""The allowance for all elements together: ρ, the root mean square of the error over u times that of the scale ..."""

FEW = 6.0
"""... and so much more over √N: with few elements N, the mean is that of few errors ..."""

MULTIPLE = 3.0
"""... and so many times the ρ of the other framework on top, which may share what makes an operation hard."""


EXACT = "equal bits"
"""The rule of exact quantities."""


@dataclass(frozen=True)
class Allowance:
    """The allowance of one quantity.

    ``exact`` asks for equal bits; otherwise ``limits`` holds each element's allowance, by the ``rule``. ``scale`` is S,
    what one unit of rounding in every operation amounts to in each element, ``own_scale`` that before it was pooled.
    ``because`` says where an allowance that is not the default comes from, ``own`` that it is one of the case's or the
    run's own, ``pooled`` whether the elements share a scale. Elements that are ``free`` may be anything: rounding
    decides them.
    """

    exact: bool
    rule: str
    limits: Array
    scale: Array
    own_scale: Array
    because: str = ""
    own: bool = False
    pooled: bool = True
    free: Array | None = None


def roundings(elements: int, dtype: str, *, pooled: bool = True) -> float:
    """The allowance of each of so many elements, in units of rounding times the scale, which they may share.

    Kernels of 16-bit formats add up in float32, and round once: the largest of many errors is no larger then.
    """
    return (
        ROUNDINGS
        if not pooled or unit_roundoff(dtype) > unit_roundoff("float32")
        else max(ROUNDINGS, TAIL * log(max(elements, 1)))
    )


def together(elements: int, other: float) -> float:
    """The ρ that is allowed for so many elements, where another framework shows ``other``."""
    return TOGETHER + FEW / sqrt(max(elements, 1)) + MULTIPLE * other


def allowance(
    case: Case,
    variant: Variant,
    dtype: str,
    quantity: str,
    truth: Array,
    sensitivity: Array | None,
    override: Tolerance | None,
    result_dtype: str = "",
) -> Allowance:
    """The allowance for the error against ``truth``; comparing two frameworks with each other allows twice as much.

    Exact quantities stay exact, as do whole numbers. Otherwise the run's ``override`` comes first, then the case's
    tolerance, then the default for the dtype: the item's ``dtype``, or ``result_dtype`` where the quantity has another.
    """
    number = result_dtype or dtype
    if number in WHOLE:
        none = np.zeros(truth.shape)
        return Allowance(
            True, EXACT, none, none, none, _undecided(sensitivity), pooled=case.pooled, free=_free(sensitivity)
        )
    if number in COMPLEX:
        truth, sensitivity = parts(truth), of_parts(sensitivity)
    magnitude = np.abs(np.where(np.isfinite(truth), truth, 0.0))
    least = case.least_scale_of(variant, dtype, quantity)
    own = own_scale(truth, sensitivity, least)
    if number in COMPLEX:
        own = np.broadcast_to(own.max(axis=-1, keepdims=True), own.shape)
    # What is large in a gradient is no convention, and what is small is often what large numbers leave that cancel in
    # the formula and not in the frameworks.
    kinds = not quantity.startswith("grad:")
    ends = underflow(part_of(number))
    scale = pooled(own, truth, kinds=kinds, ends=ends) if case.pooled else np.maximum(own, ends)
    if case.is_exact(quantity):
        return Allowance(True, EXACT, np.zeros_like(magnitude), scale, own, pooled=case.pooled)
    of_case = case.tolerance if case.tolerance is not None and case.tolerance.applies(dtype) else None
    chosen = override or of_case
    if chosen is not None:
        rule, limits = f"{chosen.atol:g} + {chosen.rtol:g} |truth|", chosen.atol + chosen.rtol * magnitude
        return Allowance(False, rule, limits, scale, own, chosen.because, True, case.pooled)
    because = case.least_scale.because if case.least_scale is not None and least else ""
    inner = case.accumulates_for(number)
    if inner:
        return _rounded_once(magnitude, scale, own, part_of(number), inner, because, pooled=case.pooled)
    most = roundings(truth.size, number, pooled=case.pooled)
    limits = most * unit_roundoff(number) * scale
    return Allowance(False, f"{most:.3g} u S", limits, scale, own, because, pooled=case.pooled)


FREE = 1 / 4
"""At most so large a share of whole numbers, and one of few, may be free."""


def _free(changed: Array | None) -> Array | None:
    """The whole numbers that rounding changes in the formula, too: ``changed`` in so large a share of its runs."""
    if changed is None or np.count_nonzero(changed) > max(FREE * changed.size, 1):
        return None
    free: Array = changed > 0
    return free


def _undecided(changed: Array | None) -> str:
    """What a row says of elements that rounding decides."""
    count = 0 if changed is None else np.count_nonzero(changed)
    if not count or changed is None:
        return ""
    told = f"rounding decides {count} of {changed.size} elements"
    return f"{told}, which are not compared" if _free(changed) is not None else f"{told}: too many to leave them out"


def _rounded_once(
    magnitude: Array, scale: Array, own: Array, dtype: str, inner: str, because: str, *, pooled: bool
) -> Allowance:
    """The allowance of what is computed in the wider format ``inner`` and rounded once, to ``dtype``.

    The scales are what one unit of ``dtype`` amounts to: the rounding at the end, and that of the computation, whose
    unit is that much smaller. ``docs/tolerances.md`` derives it.
    """
    unit, finer = unit_roundoff(dtype), unit_roundoff(inner)
    # Half the distance of two denormal numbers is the unit times the smallest normal number.
    once = np.maximum(magnitude, FLOATS[dtype].smallest_normal)
    most = roundings(magnitude.size, inner, pooled=pooled)
    computed = most * finer * scale
    limits = unit * (once + computed) + computed
    ratio = finer / unit
    rule = f"u |truth| + {most:.3g} u({inner}) S"
    return Allowance(False, rule, limits, once + ratio * scale, once + ratio * own, because, pooled=pooled)


def of_parts(sensitivity: Array | None) -> Array | None:
    """The larger part's sensitivity, for both parts. It is given as a complex number, or as one number for both."""
    if sensitivity is None:
        return None
    larger = np.maximum(np.abs(sensitivity.real), np.abs(sensitivity.imag))
    return np.stack([larger, larger], axis=-1)


def larger(one: Array, other: Array) -> Array:
    """The larger of two sensitivities of each element, or of each part of it."""
    found: Array = np.maximum(one.real, other.real)
    if np.iscomplexobj(one):
        found = found + 1j * np.maximum(one.imag, other.imag)
    return found


def own_scale(truth: Array, sensitivity: Array | None = None, least: float = 0.0) -> Array:
    """Each element's own scale: its sensitivity, or its magnitude where that is larger."""
    own = np.maximum(np.abs(np.where(np.isfinite(truth), truth, 0.0)), least)
    return own if sensitivity is None else np.maximum(own, sensitivity)


APART = 2.0**10
"""Scales of which none lies within so large a factor belong to numbers of two kinds, such as scores and -1e9."""

FEWEST, SHARE = 2, 1 / 16
"""So many elements, and so large a share of all, are a kind; a single small one among large ones is there by chance."""

NOTHING = 2.0**-300
"""No scale: a zero, or one whose sign alone depends on rounding, which is told by a sensitivity of 2**-400."""

LOW = 0.1
"""The quantile of the scales that an element without any gets: zeros lie beside small numbers, not the largest."""


def pooled(own: Array, truth: Array, *, kinds: bool = True, ends: float = 0.0) -> Array:
    """The scale S: each element's own, pooled with the whole quantity.

    Pooling takes the root mean square of the element's own value and that of all finite elements: the sensitivity is
    an estimate from a few runs, and an element that happens to be insensitive is still stored beside the others. With
    ``kinds``, numbers of another order of magnitude, such as -1e9 for what is masked, are pooled by themselves.
    No element's own is below ``ends``, where the digits of the format end.
    """
    scales = own[np.isfinite(truth)].ravel()
    positive = np.sort(scales[scales > NOTHING])
    if not positive.size:
        return own
    own = np.maximum(np.where(own <= NOTHING, np.quantile(positive, LOW), own), ends)
    bounds = _bounds(positive, scales.size) if kinds else []
    kind, kind_of_all = np.searchsorted(bounds, own, side="right"), np.searchsorted(bounds, scales, side="right")
    with np.errstate(all="ignore"):
        means = np.array([np.mean(scales[kind_of_all == each] ** 2) for each in range(len(bounds) + 1)])
        scale: Array = np.sqrt((own**2 + means[kind]) / 2)
    return scale


def _bounds(ordered: Array, elements: int) -> list[float]:
    """Where a new kind of scales begins, of those in order."""
    with np.errstate(over="ignore"):
        apart = np.flatnonzero(ordered[1:] > APART * ordered[:-1]) + 1
    found: list[float] = []
    last = 0
    for first in apart.tolist():
        if first - last >= max(FEWEST, SHARE * elements):
            found.append(float(ordered[first]))
            last = first
    return found


def underflow(dtype: str) -> float:
    """The scale at which the digits of a format end: its smallest normal number.

    Processors can take smaller numbers for zero, and TensorFlow has them do so: that error, up to the number itself,
    is allowed. Not for float16, which is computed in float32, where its smallest numbers are normal ones.
    """
    smallest, unit = FLOATS[dtype].smallest_normal, FLOATS[dtype].unit_roundoff
    return smallest if dtype == "float16" else smallest / (ROUNDINGS * unit)
