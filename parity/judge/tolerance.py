"""How much error a quantity is allowed: ``docs/tolerances.md`` derives it and works two examples by hand."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from ..catalog.case import Case
from ..catalog.dtypes import FLOATS, Array
from ..catalog.known import Tolerance
from ..catalog.variants import Variant

ROUNDINGS = 8.0
"""The allowance in units of rounding of the dtype times the scale of the computation.

Measured on the catalogue (``nox -s prove``): the errors of correct kernels stay below half of it, nearly always.
"""


TOGETHER = 2.0
"""The allowance for all elements together: ρ, the root mean square of the error over u times that of the scale ..."""

FEW = 6.0
"""... and so much more over √N: with few elements N, the mean is that of few errors ..."""

MULTIPLE = 3.0
"""... and so many times the ρ of the other framework on top, which may share what makes an operation hard."""


@dataclass(frozen=True)
class Allowance:
    """The allowance of one quantity.

    ``exact`` asks for equal bits; otherwise ``limits`` holds each element's allowance. ``scale`` is S, what one unit of
    rounding in every operation amounts to in each element. ``because`` says where an allowance that is not the default
    comes from, ``own`` that it is one of the case's or the run's own. Where the scale is not ``pooled``, errors are
    counted relative to each element's own.
    """

    exact: bool
    limits: Array
    scale: Array
    because: str = ""
    own: bool = False
    pooled: bool = True


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
) -> Allowance:
    """The allowance for the error against ``truth``; comparing two frameworks with each other allows twice as much.

    Exact quantities stay exact. Otherwise the run's ``override`` comes first, then the case's tolerance, then
    the default for the dtype.
    """
    magnitude = np.abs(np.where(np.isfinite(truth), truth, 0.0))
    least = case.least_scale_of(variant, dtype, quantity)
    scale = scale_of(truth, sensitivity, least) if case.pooled else own_scale(truth, dtype, sensitivity, least)
    if case.is_exact(quantity):
        return Allowance(True, np.zeros_like(magnitude), scale, pooled=case.pooled)
    own = case.tolerance if case.tolerance is not None and case.tolerance.applies(dtype) else None
    chosen = override or own
    if chosen is not None:
        return Allowance(False, chosen.atol + chosen.rtol * magnitude, scale, chosen.because, True, case.pooled)
    because = case.least_scale.because if case.least_scale is not None and least else ""
    return Allowance(False, ROUNDINGS * FLOATS[dtype].unit_roundoff * scale, scale, because, pooled=case.pooled)


def scale_of(truth: Array, sensitivity: Array | None = None, least: float = 0.0) -> Array:
    """The scale S: each element's sensitivity, or its magnitude where that is larger, pooled with the whole quantity.

    Pooling takes the root mean square of the element's own value and that of all finite elements: the sensitivity is
    an estimate from a few runs, and an element that happens to be insensitive is still stored beside the others.
    """
    finite = np.isfinite(truth)
    own = _each(truth, sensitivity, least)
    if not finite.any():
        return own
    scale: Array = np.sqrt((own**2 + np.mean(own[finite] ** 2)) / 2)
    return scale


def own_scale(truth: Array, dtype: str, sensitivity: Array | None = None, least: float = 0.0) -> Array:
    """The scale of elements that are not pooled: each one's own, and at least that of underflow."""
    return np.maximum(_each(truth, sensitivity, least), underflow(dtype))


def underflow(dtype: str) -> float:
    """The scale at which the digits of a format end: its smallest normal number.

    Processors can take smaller numbers for zero, and TensorFlow has them do so: that error, up to the number itself,
    is allowed. Not for float16, which is computed in float32, where its smallest numbers are normal ones.
    """
    smallest, unit = FLOATS[dtype].smallest_normal, FLOATS[dtype].unit_roundoff
    return smallest if dtype == "float16" else smallest / (ROUNDINGS * unit)


def _each(truth: Array, sensitivity: Array | None, least: float) -> Array:
    own = np.maximum(np.abs(np.where(np.isfinite(truth), truth, 0.0)), least)
    return own if sensitivity is None else np.maximum(own, sensitivity)
