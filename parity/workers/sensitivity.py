"""The scale of a computation: how far rounding moves the results of its formula, in units of rounding.

The formula is run ``RUNS`` times with every operation off by rounding (``formula/rounding.py``), and without. The root
mean square of the difference, divided by the unit roundoff, is the *sensitivity* of each element: what one unit of
rounding in every operation amounts to in the result. Through later operations it grows or shrinks as they do. It is
measured once for float32 and float64 and once for the 16-bit formats, in which fewer numbers are exact, or for each
dtype on the dtype's own numbers (``every``, ``special``). Where a result fails by little, it is measured again, closer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from ..catalog.calls import signature
from ..catalog.case import Case
from ..catalog.dtypes import FLOATS, Array
from ..formula.maxima import noticed
from ..formula.namespace import ROUNDED
from ..formula.rounding import DIGITS, FEW_DIGITS, UNIT, lifted, rounding
from ..plan.data import stream
from ..plan.work import AS_DECLARED, CLOSER, Item, Unit
from .execute import declared_case, execute
from .protocol import Failure, Observation
from .reference import ReferenceAdapter

RUNS = 8
"""Runs of the formula with rounding. The scale of a quantity is pooled over its elements, so that few are enough."""

RUNS_ALONE = 24
"""Runs where elements do not share a scale: each of thousands is to be measured well enough."""

FAR = 2.0**12
"""Units, relative to all elements together, that rounding alone does not move them by: 2**24 is all of them."""

UNSURE = 2.0**-400
"""The sensitivity of a zero whose sign depends on rounding: next to nothing, but not zero."""

FEWER_RUNS = 3
MANY_SIGNS = 1_000_000
"""A formula that draws more signs than this in a run, such as a training of many steps, is run three times only."""

CLOSER_RUNS = 3
"""A closer look has so many times as many runs ..."""

CLOSER_UNITS = 2.0
"""... with so many times the unit roundoff of the item's own dtype, which shows what rounding decides: the index of
the larger of two numbers that are nearly equal, and where the gradient of the larger one goes."""

NOT_FINITE = (
    "The error that rounding brings about cannot be measured there: write the formula so that no root or logarithm of "
    "a number is taken that rounding can make negative, and no quotient by one that it can make zero"
)


class RoundedAdapter(ReferenceAdapter):
    """The formula in float64, off by rounding in every operation."""

    module = ROUNDED

    def wide(self, dtype: str) -> Any:
        return np.float64

    def tensor(self, array: Array, dtype: str, device: str, *, gradient: bool) -> Any:
        return lifted(super().tensor(array, dtype, device, gradient=gradient))

    def array(self, tensor: Any) -> tuple[Array, str]:
        array, name = super().array(tensor)
        return array.view(np.ndarray), name


class SingleAdapter(ReferenceAdapter):
    """The formula in float32, as a framework computes that takes float64 for float32 on its way."""

    def wide(self, dtype: str) -> Any:
        return np.float32


class Formula:
    """Runs the formulas of units: the truth and its sensitivity."""

    def __init__(self, adapter: ReferenceAdapter, threads: int) -> None:
        self._exact = adapter
        self._rounded = RoundedAdapter(threads)
        self._single = SingleAdapter(threads)
        self._measured = lru_cache(maxsize=4)(self._measure)

    def observe(self, unit: Unit) -> Observation:
        """The formula's results in the unit's dtype, and the sensitivity of each of them."""
        observation = execute(self._single if unit.instead.single else self._exact, unit)
        if observation.failure is not None:
            return observation
        case = declared_case(unit)
        if case.exact == ("*",) or unit.instead not in (AS_DECLARED, CLOSER):
            return observation
        formula = case.formula
        assert formula is not None
        own = "dtype" in signature(formula).keywords or _holds_other_numbers(case, unit.item.variant)
        dtype = unit.item.dtype if own or unit.instead.closer else "float64"
        narrow = FLOATS[unit.item.dtype].unit_roundoff > UNIT
        item, closer = unit.item, unit.instead.closer
        measured = self._measured(item.file, item.case, item.variant, dtype, unit.seed, narrow, closer)
        if isinstance(measured, Failure):
            return replace(observation, failure=measured)
        return replace(observation, sensitivities=measured)

    def _measure(
        self, file: str, case: str, variant: str, dtype: str, seed: int, narrow: bool, closer: bool
    ) -> Mapping[str, Array] | Failure:
        unit = Unit(Item(file, case, variant, dtype, "cpu"), "reference", "reference", seed)
        exact = execute(self._exact, unit)
        if exact.failure is not None:
            return exact.failure
        numbers = {name: result.array for name, result in exact.results.items() if _is_number(result.array)}
        own_unit = closer and dtype != "float64"
        if own_unit:
            numbers = {name: result.array for name, result in exact.results.items()}
        amount = CLOSER_UNITS * FLOATS[dtype].unit_roundoff if own_unit else UNIT
        measured = self._spreads(unit, numbers, narrow=narrow, times=CLOSER_RUNS if closer else 1, amount=amount)
        if isinstance(measured, Failure):
            return measured
        spreads, has_maxima = measured
        lost = {name: int(spread.lost.sum()) for name, spread in spreads.items() if spread.lost.any()}
        if lost:
            told = ", ".join(f"{name} in {count} elements" for name, count in lost.items())
            return Failure("forward", "", f"with rounding, the formula is no longer finite: {told}. {NOT_FINITE}")
        found = {name: spread.sensitivity for name, spread in spreads.items()}
        if has_maxima and not closer:
            gradients = {name: array for name, array in numbers.items() if name.startswith("grad:")}
            constant = self._spreads(unit, gradients, narrow=narrow, constant_maxima=True)
            if not isinstance(constant, Failure):
                for name, spread in constant[0].items():
                    if spread.is_rounding:
                        found[name] = np.maximum(found[name], spread.sensitivity)
        return found

    def _spreads(
        self,
        unit: Unit,
        exact: Mapping[str, Array],
        *,
        narrow: bool,
        times: int = 1,
        amount: float = UNIT,
        constant_maxima: bool = False,
    ) -> tuple[Mapping[str, Spread], bool] | Failure:
        """How far rounding by an ``amount`` moves some quantities, and whether the formula differentiates a maximum.

        Maxima that are constants are given up as soon as they move every quantity by more than rounding does.
        """
        spreads = {name: Spread(array, amount) for name, array in exact.items()}
        pooled = declared_case(unit).pooled
        for run in range(times * (RUNS if pooled else RUNS_ALONE)):
            bits = sign_bits(unit.seed, unit.item.case, unit.item.variant, run)
            digits = FEW_DIGITS if narrow else DIGITS
            with noticed(constant=constant_maxima) as maxima, rounding(bits, digits=digits, unit=amount):
                rounded = execute(self._rounded, unit)
            if rounded.failure is not None:
                return replace(rounded.failure, message=f"with rounding, the formula fails: {rounded.failure.message}")
            for name, spread in spreads.items():
                spread.add(rounded.results[name].array)
            if constant_maxima and not any(spread.is_rounding for spread in spreads.values()):
                break
            if pooled and run + 1 == times * FEWER_RUNS and _drawn(bits) > MANY_SIGNS:
                break
        return spreads, bool(maxima)


class Spread:
    """How far rounding moves the elements of one quantity, run by run.

    ``unit`` is how far each operation is off. ``lost`` says which finite elements were finite in no run. Parts of
    complex numbers are measured one by one. Whole numbers and truth values move by 1 unit, or not at all.
    """

    def __init__(self, exact: Array, unit: float = UNIT) -> None:
        self._exact, self._unit = exact, unit
        self._parts = (np.real(exact), np.imag(exact)) if np.iscomplexobj(exact) else (exact,)
        self._squares = [np.zeros(exact.shape) for _ in self._parts]
        self._counts = [np.zeros(exact.shape) for _ in self._parts]

    def add(self, rounded: Array) -> None:
        given = (np.real(rounded), np.imag(rounded)) if np.iscomplexobj(self._exact) else (rounded,)
        for part, exact, squares, counts in zip(given, self._parts, self._squares, self._counts, strict=True):
            finite = np.isfinite(part)
            with np.errstate(over="ignore"):
                squares += np.where(finite, self._difference(part, exact), 0.0) ** 2
            counts += finite

    def _difference(self, rounded: Array, exact: Array) -> Array:
        """How far rounding moves each element, in units; not zero where it changes the sign of a zero."""
        if exact.dtype.kind not in "fc":
            changes: Array = (rounded != exact).astype(np.float64)
            return changes
        with np.errstate(all="ignore"):
            units: Array = (rounded - exact).astype(np.float64) / self._unit
        changed = (rounded == 0) & (exact == 0) & (np.signbit(rounded) != np.signbit(exact))
        return np.where(changed, UNSURE, units)

    @property
    def lost(self) -> Array:
        with np.errstate(over="ignore"):  # What long double holds and float64 does not is infinite in every format.
            finite = [np.isfinite(part.astype(np.float64)) for part in self._parts]
        found: Array = np.logical_or.reduce(
            [(counts == 0) & each for counts, each in zip(self._counts, finite, strict=True)]
        )
        return found

    @property
    def is_rounding(self) -> bool:
        """Whether the elements have moved by no more than rounding moves them, all together."""
        with np.errstate(all="ignore"):
            moved = np.sqrt(np.nanmean(np.abs(self.sensitivity) ** 2)) if self._exact.size else 0.0
            size = np.sqrt(np.nanmean(np.abs(np.where(np.isfinite(self._exact), self._exact, 0.0)) ** 2))
        return bool(moved <= FAR * size)

    @property
    def sensitivity(self) -> Array:
        """The root mean square over the runs, in units of rounding; complex, with one for each part, where it is so."""
        found = [np.sqrt(s / np.maximum(n, 1)) for s, n in zip(self._squares, self._counts, strict=True)]
        return found[0] + 1j * found[1] if len(found) > 1 else found[0]


def _is_number(array: Array) -> bool:
    return array.dtype.kind in "fc"


def _drawn(bits: np.random.Philox) -> int:
    """The random integers taken so far: the generator makes four at a time."""
    state: Any = bits.state
    return 4 * int(state["state"]["counter"][0])


def _holds_other_numbers(case: Case, variant: str) -> bool:
    """Whether a tensor's numbers are others in each dtype."""
    tensors = {**case.inputs(case.variant(variant)), **case.weights(case.variant(variant))}
    return any(tensor.varies for tensor in tensors.values())


def sign_bits(seed: int, case: str, variant: str, run: int) -> np.random.Philox:
    """The random bits that the signs of one run are taken from."""
    return stream("rounding", seed, case, variant, run)
