"""A result that is wrong, with what an explanation of its error is measured against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..catalog.calls import signature
from ..catalog.case import Case
from ..catalog.dtypes import COMPLEX, NARROWER, WHOLE, Array, part_of, unit_roundoff
from ..catalog.variants import Variant
from ..plan.work import Instead, Item
from ..workers.protocol import Result
from .compare import Difference, Truth

EXPLAINED = 0.25
"""An explanation leaves at most this share of the error."""

MANY = 10
"""This many different values tell a pattern from chance."""


Alternatives = Callable[[Instead], Mapping[str, Result]]
"""The formula's results when it is run in another way; none where it fails, or cannot be run again."""


def unknown(instead: Instead) -> Mapping[str, Result]:
    """The alternatives where the formula cannot be run again."""
    return {}


@dataclass(frozen=True)
class Wrong:
    """A result of ``quantity`` that is not within its allowance.

    ``truth`` are the formula's values and ``limits`` each element's allowance (zero for exact ones). ``rho`` is the
    root mean square of the error in units of rounding of the dtype times the scale, ``axes`` are the names of the
    truth's axes, ``parameters`` the numbers that the formula is given by name. Complex numbers are their two parts,
    along a last axis, and ``dtype`` is the format of those.
    """

    quantity: str
    result: Result
    truth: Array
    limits: Array
    rho: float
    dtype: str
    axes: Sequence[str] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    alternatives: Alternatives = unknown

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
        found = {name: self.alternative(Instead(inputs_as=name)) for name in NARROWER.get(self.dtype, ())}
        return {name: each - self.truth for name, each in found.items() if each is not None}

    def alternative(self, instead: Instead) -> Array | None:
        """The quantity as the formula gives it in another way; ``None`` where it does not."""
        found = self.alternatives(instead).get(self.quantity)
        return found.values if found is not None and found.values.shape == self.truth.shape else None

    @property
    def relative(self) -> float:
        """The error relative to the truth."""
        truth = rms(self.truth)
        return rms(self.error) / truth if truth else np.inf

    @property
    def in_scale(self) -> float:
        """The error in units of the scale of the computation."""
        return self.rho * unit_roundoff(self.dtype)

    def left(self, error: Array) -> float:
        """The share of the error that is left when ``error`` is what an explanation does not explain."""
        share = rms(error) / rms(self.error)
        return share if np.isfinite(share) else np.inf

    def is_like(self, alternative: Array, limits: Array) -> bool:
        """Whether the values are those of an explanation, but for rounding."""
        error = np.abs(self.values - alternative)
        allowed = 2 * limits + 4 * unit_roundoff(self.dtype) * np.abs(self.values)
        return bool((error <= allowed).all()) and self.left(error) <= EXPLAINED

    def axis(self, number: int) -> str:
        """An axis by its name, or by its number where it has none."""
        return f"axis {self.axes[number] if number < len(self.axes) else number}"


def axes_of(case: Case, variant: Variant, quantity: str) -> list[str]:
    """The names of a quantity's axes."""
    kind, _, name = quantity.partition(":")
    if kind == "grad":
        return list({**case.inputs(variant), **case.weights(variant)}[name].axes)
    return list({**case.outputs(variant), **case.states(variant)}[name].axes)


def wrong_of(
    case: Case,
    item: Item,
    quantity: str,
    result: Result,
    truth: Truth,
    difference: Difference,
    alternatives: Alternatives,
) -> Wrong | None:
    """A result that is wrong, for its explanation; ``None`` where its values cannot be compared."""
    if difference.problem or not difference.counts:
        return None
    assert case.formula is not None
    variant = case.variant(item.variant)
    settings = case.settings(variant)
    parameters = {
        name: settings[name] for name in signature(case.formula).keywords if isinstance(settings.get(name), float)
    }
    exact = truth.values.astype(np.result_type(truth.values, np.float64))
    axes = [*axes_of(case, variant, quantity), *(["of the parts"] if truth.dtype in COMPLEX else [])]
    dtype = truth.dtype if truth.dtype in WHOLE else part_of(truth.dtype)
    limits, rho = truth.allowance.limits, difference.rho or 0.0
    return Wrong(quantity, result, exact, limits, rho, dtype, axes, parameters, alternatives)


def telling(values: Array, many: int = MANY) -> bool:
    """Whether there are so many different values that a pattern in them is no chance."""
    return bool(np.unique(values).size >= many)


def rms(error: Array) -> float:
    """The root mean square, also where squares would underflow or overflow; NaN where not all are finite."""
    largest = np.max(np.abs(error), initial=0.0)
    with np.errstate(invalid="ignore"):
        return float(largest * np.sqrt(np.mean(np.square(error / largest)))) if largest else 0.0
