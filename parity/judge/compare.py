"""Comparing two results of one quantity, element by element, with the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..catalog.dtypes import WHOLE, Array, encode, parts, unit_roundoff
from ..workers.protocol import Result
from .tolerance import Allowance

DTYPE = "dtype"
"""How a problem begins that lies in the dtype."""

CLASSES = (0.0, 2.0**-8, 2.0**-6, 2.0**-4, 2.0**-2, 1.0)
"""Upper ends of the classes in which elements are counted by the share of their allowance that the error uses."""


@dataclass(frozen=True)
class Truth:
    """The formula's result of one quantity: its values, and those values rounded to the dtype it must have.

    Of complex numbers, ``values``, ``rounded``, ``ordinals`` and the allowance's arrays have the real and imaginary
    parts along a last axis, which ``shape`` has not. Whole numbers are not rounded.
    """

    dtype: str
    shape: tuple[int, ...]
    values: Array
    rounded: Array
    ordinals: Array
    allowance: Allowance

    @classmethod
    def of(cls, values: Array, dtype: str, allowance: Allowance) -> Truth:
        """``values`` are numbers of the kind that ``dtype`` has (``expected.in_dtype``)."""
        rounded = Result(encode(values, dtype), dtype)
        return cls(dtype, values.shape, parts(values), rounded.values, rounded.ordinals, allowance)


@dataclass(frozen=True)
class Difference:
    """What comparing two results gave.

    ``problem`` is set when they cannot be compared by value, or must not be equal in kind (dtype, shape, NaN,
    infinity, sign of zero); ``special`` tells all of these but the shape. ``wrong`` is the number of elements beyond
    what they are allowed, ``ratio`` the error divided by what was allowed, at its worst element ``index``, ``rho`` the
    root mean square of the error in units of rounding of the dtype times the scale, ``counts`` the elements in each
    of ``CLASSES`` and beyond. ``allowed`` follows from the ``rule``, and from the scales at that element. Of
    complex numbers, the last index is 0 for the real part and 1 for the imaginary part. Whole numbers have no scales
    and no ρ.
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
    left: float | int = 0.0
    right: float | int = 0.0
    truth: float | int = 0.0

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
            f"at {list(self.index)}: {left} {_said(self.left)}, {right} {_said(self.right)}, "
            f"truth {_said(self.truth)}; "
            f"error {abs(self.left - self.right):.3g}, allowed {self.allowed:.3g}"
        )


def _said(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.17g}"


def against_truth(result: Result, truth: Truth, *, signed_zeros: bool) -> Difference:
    """Compare a framework's result with the truth."""
    mismatch = _mismatch(result, truth)
    if mismatch is not None:
        return mismatch
    if truth.dtype in WHOLE:
        return _measure_whole(result.values, truth.values, truth)
    keep = np.isfinite(truth.rounded) & (not truth.allowance.exact)
    target = np.where(keep, truth.values, truth.rounded)
    problem, special = _special(result.values, truth, signed_zeros)
    if problem:
        with np.errstate(invalid="ignore"):
            beyond = np.abs(result.values - target) > truth.allowance.limits
        return Difference(problem, special=True, wrong=int((special | beyond).sum()))
    return _measure(result.values, target, (result.ordinals, truth.ordinals), truth, 1)


def between(left: Result, right: Result, truth: Truth) -> Difference:
    """Compare two frameworks' results with each other; both may be off, so twice the allowance holds."""
    for result in (left, right):
        mismatch = _mismatch(result, truth)
        if mismatch is not None:
            return mismatch
    if truth.dtype in WHOLE:
        return _measure_whole(left.values, right.values, truth)
    return _measure(left.values, right.values, (left.ordinals, right.ordinals), truth, 2)


def _mismatch(result: Result, truth: Truth) -> Difference | None:
    if result.dtype != truth.dtype:
        return Difference(f"{DTYPE} {result.dtype} instead of {truth.dtype}", special=True)
    if result.shape != truth.shape:
        return Difference(f"shape {result.shape} instead of {truth.shape}")
    return None


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


def _measure(left: Array, right: Array, ordinals: tuple[Array, Array], truth: Truth, sides: int) -> Difference:
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
        rho = _rho(error, truth)
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


def _measure_whole(left: Array, right: Array, truth: Truth) -> Difference:
    """Compare two arrays of the same whole dtype and shape. Nothing passes through a float that could round it."""
    rule = truth.allowance.rule
    if left.size == 0:
        return Difference(wrong=0, max_abs=0.0, max_rel=0.0, max_ulp=0.0, rule=rule, allowed=0.0, ratio=0.0)
    off = _apart(left, right)
    if truth.allowance.free is not None:
        off[truth.allowance.free] = 0
    wrong, worst = int(np.count_nonzero(off)), int(np.argmax(off))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(off == 0, 0.0, off.astype(np.float64) / np.abs(right.astype(np.float64)))
    index = np.unravel_index(worst, left.shape)
    largest = float(off.flat[worst])
    return Difference(
        wrong=wrong,
        max_abs=largest,
        max_rel=float(relative.max()),
        max_ulp=largest,
        rule=rule,
        allowed=0.0,
        ratio=np.inf if wrong else 0.0,
        counts=(left.size - wrong, *(0 for _ in CLASSES[1:]), wrong),
        index=tuple(int(i) for i in index),
        left=left[index].item(),
        right=right[index].item(),
        truth=truth.values[index].item(),
    )


def _apart(one: Array, other: Array) -> Array:
    """How far whole numbers lie from each other, as unsigned ones of the same width: no difference overflows those."""
    unsigned = f"uint{8 * one.itemsize}"
    larger, smaller = np.where(one > other, one, other), np.where(one > other, other, one)
    # Modulo 2**width, in which the bits of a signed number mean the same.
    distance: Array = larger.view(unsigned) - smaller.view(unsigned)
    return distance


def _rho(error: Array, truth: Truth) -> float:
    allowance = truth.allowance
    finite = np.isfinite(error)
    with np.errstate(all="ignore"):
        shares = np.where(error == 0, 0.0, error / allowance.scale)[finite]
        ratio = np.sqrt(np.mean(shares**2)) if finite.any() else np.inf
    return float(ratio / unit_roundoff(truth.dtype))


def _max_ulp(one: Array, other: Array, finite: Array) -> float:
    """The largest number of representable values between two elements; NaN and infinity are left out."""
    if not finite.all():
        one, other = one[finite], other[finite]
    return float(np.where(one > other, one - other, other - one).view(np.uint64).max(initial=0))
