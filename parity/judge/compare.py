"""Comparing two results of one quantity, element by element, with the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..catalog.dtypes import FLOATS, Array
from ..workers.protocol import Result
from .tolerance import Allowance

DTYPE = "dtype"
"""How a problem begins that lies in the dtype."""

CLASSES = (0.0, 2.0**-8, 2.0**-6, 2.0**-4, 2.0**-2, 1.0)
"""Upper ends of the classes in which elements are counted by the share of their allowance that the error uses."""


@dataclass(frozen=True)
class Truth:
    """The formula's result of one quantity: its values, and those values rounded to the dtype."""

    values: Array
    rounded: Array
    ordinals: Array
    allowance: Allowance

    @classmethod
    def of(cls, values: Array, dtype: str, allowance: Allowance) -> Truth:
        stored = FLOATS[dtype].encode(values)
        return cls(values, FLOATS[dtype].decode(stored), FLOATS[dtype].ordinals(stored), allowance)


@dataclass(frozen=True)
class Difference:
    """What comparing two results gave.

    ``problem`` is set when they cannot be compared by value, or must not be equal in kind (dtype, shape, NaN,
    infinity, sign of zero); ``special`` tells the last three. ``wrong`` is the number of elements beyond what they are
    allowed, ``ratio`` the error divided by what was allowed, at its worst element ``index``, ``rho`` the root mean
    square of the error in units of rounding of the dtype times the scale, ``counts`` the elements in each of
    ``CLASSES`` and beyond. ``allowed`` follows from the ``rule``, and from the scales at that element.
    """

    problem: str = ""
    special: bool = False
    wrong: int | None = None
    max_abs: float | None = None
    max_rel: float | None = None
    max_ulp: float | None = None
    rho: float | None = None
    rule: str = ""
    scale: float | None = None
    own_scale: float | None = None
    allowed: float | None = None
    ratio: float | None = None
    counts: tuple[int, ...] = ()
    index: tuple[int, ...] = ()
    left: float = 0.0
    right: float = 0.0
    truth: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.problem and self.ratio is not None and self.ratio <= 1.0

    @property
    def worst(self) -> tuple[str, str, str, str]:
        """The worst element's index, and left, right and truth there, in full; empty where nothing was measured."""
        if self.problem or not any(self.counts):
            return "", "", "", ""
        return str(list(self.index)), repr(self.left), repr(self.right), repr(self.truth)

    def located(self, left: str, right: str) -> str:
        """Where the worst element is, and the values there."""
        if self.problem:
            return self.problem
        return (
            f"at {list(self.index)}: {left} {self.left:.17g}, {right} {self.right:.17g}, truth {self.truth:.17g}; "
            f"error {abs(self.left - self.right):.3g}, allowed {self.allowed:.3g}"
        )


def against_truth(result: Result, truth: Truth, dtype: str, *, signed_zeros: bool) -> Difference:
    """Compare a framework's result with the truth."""
    problem = _mismatch(result, truth, dtype)
    if problem:
        return Difference(problem)
    keep = np.isfinite(truth.rounded) & (not truth.allowance.exact)
    target = np.where(keep, truth.values, truth.rounded)
    problem, special = _special(result.values, truth, signed_zeros)
    if problem:
        with np.errstate(invalid="ignore"):
            beyond = np.abs(result.values - target) > truth.allowance.limits
        return Difference(problem, special=True, wrong=int((special | beyond).sum()))
    return _measure(result.values, target, (result.ordinals, truth.ordinals), truth, 1, dtype)


def between(left: Result, right: Result, truth: Truth, dtype: str) -> Difference:
    """Compare two frameworks' results with each other; both may be off, so twice the allowance holds."""
    for result in (left, right):
        problem = _mismatch(result, truth, dtype)
        if problem:
            return Difference(problem)
    ordinals = (left.ordinals, right.ordinals)
    return _measure(left.values, right.values, ordinals, truth, 2, dtype)


def _mismatch(result: Result, truth: Truth, dtype: str) -> str:
    if result.dtype != dtype:
        return f"{DTYPE} {result.dtype} instead of {dtype}"
    if result.array.shape != truth.values.shape:
        return f"shape {result.array.shape} instead of {truth.values.shape}"
    return ""


def _special(values: Array, truth: Truth, signed_zeros: bool) -> tuple[str, Array]:
    """Where NaN, infinities and signs of zero are not those of the formula, rounded to the dtype.

    A zero that rounding can move has no sign to speak of, unless the quantity is exact.
    """
    checks = [("NaN", np.isnan(values), np.isnan(truth.rounded))]
    finite = np.isfinite(values) & np.isfinite(truth.rounded)
    if not finite.all():
        checks.append(("+infinity", values == np.inf, truth.rounded == np.inf))
        checks.append(("-infinity", values == -np.inf, truth.rounded == -np.inf))
    if signed_zeros:
        certain = truth.allowance.exact | (truth.allowance.own_scale == 0)
        zeros = (values == 0) & (truth.rounded == 0) & certain
        checks.append(("-0.0", zeros & np.signbit(values), zeros & np.signbit(truth.rounded)))
    differ = [(name, found != wanted) for name, found, wanted in checks]
    anywhere: Array = np.logical_or.reduce([wrong for _, wrong in differ])
    for name, wrong in differ:
        if wrong.any():
            index = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            place = [int(i) for i in index]
            return (
                f"{name} in {int(wrong.sum())} of {wrong.size} elements on one side only, first at {place}: "
                f"{float(values[index])!r}, truth {float(truth.rounded[index])!r}"
            ), anywhere
    return "", anywhere


def _measure(
    left: Array, right: Array, ordinals: tuple[Array, Array], truth: Truth, sides: int, dtype: str
) -> Difference:
    """``sides`` is how many of both may be off: so many times the allowance holds."""
    allowance = truth.allowance
    rule = allowance.rule if sides == 1 or allowance.exact else f"{sides} ({allowance.rule})"
    limits = sides * allowance.limits
    if left.size == 0:
        return Difference(wrong=0, max_abs=0.0, max_rel=0.0, max_ulp=0.0, rho=0.0, rule=rule, allowed=0.0, ratio=0.0)
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    max_abs = max_rel = max_ulp = ratio = rho = 0.0
    wrong, counts = 0, (left.size, *(0 for _ in CLASSES))
    if same.all():
        worst = int(np.argmax(limits))
    else:
        with np.errstate(all="ignore"):
            error = np.where(same, 0.0, np.abs(left - right))
            ratios = np.where(same, 0.0, error / limits)
            relative = np.where(same, 0.0, error / np.abs(right))
        ratios[np.isnan(ratios)] = np.inf
        worst = int(np.argmax(ratios))
        max_abs, max_rel, ratio = float(error.max()), float(relative.max()), float(ratios.flat[worst])
        wrong = int((ratios > 1).sum())
        counts = tuple(np.bincount(np.searchsorted(CLASSES, ratios.ravel()), minlength=len(CLASSES) + 1).tolist())
        rho = _rho(error, allowance, dtype)
        max_ulp = _max_ulp(*ordinals, np.isfinite(left) & np.isfinite(right))
    index = np.unravel_index(worst, left.shape)
    return Difference(
        wrong=wrong,
        max_abs=max_abs,
        max_rel=max_rel,
        max_ulp=max_ulp,
        rho=rho,
        rule=rule,
        scale=float(allowance.scale[index]),
        own_scale=float(allowance.own_scale[index]),
        allowed=float(limits[index]),
        ratio=ratio,
        counts=counts,
        index=tuple(int(i) for i in index),
        left=float(left[index]),
        right=float(right[index]),
        truth=float(truth.values[index]),
    )


def _rho(error: Array, allowance: Allowance, dtype: str) -> float:
    finite = np.isfinite(error)
    with np.errstate(all="ignore"):
        shares = np.where(error == 0, 0.0, error / allowance.scale)[finite]
        ratio = np.sqrt(np.mean(shares**2)) if finite.any() else np.inf
    return float(ratio / FLOATS[dtype].unit_roundoff)


def _max_ulp(one: Array, other: Array, finite: Array) -> float:
    """The largest number of representable values between two elements; NaN and infinity are left out."""
    if not finite.all():
        one, other = one[finite], other[finite]
    return float(np.where(one > other, one - other, other - one).view(np.uint64).max(initial=0))
