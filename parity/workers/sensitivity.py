"""The scale of a computation: how far rounding moves the results of its formula, in units of rounding.

The formula is run ``RUNS`` times with every operation off by rounding (``rounding.py``), and without. The root mean
square of the difference, divided by the unit roundoff, is the *sensitivity* of each element: what one unit of
rounding in every operation amounts to in the result. For a formula that is one contraction it is √n times the
formula of the absolute values; through later operations it grows or shrinks as they do. It is measured once for
float32 and float64 and once for the 16-bit formats, whose sums are off by less, or for each dtype on the dtype's own
numbers (``every``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from autograd.core import primitive_vjps
from autograd.extend import VSpace, defvjp, primitive
from autograd.numpy import numpy_vjps, numpy_wrapper
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_vspaces import ArrayVSpace
from autograd.tracer import getval

from ..catalog.calls import signature
from ..catalog.case import Case
from ..catalog.dtypes import FLOATS, Array
from ..plan.data import stream
from ..plan.work import Item, Unit
from .execute import declared_case, execute
from .protocol import Failure, Observation
from .reference import ReferenceAdapter
from .rounding import UNIT, Rounded, rounding

RUNS = 8
"""Runs of the formula with rounding. The scale of a quantity is pooled over its elements, so that few are enough."""

UNSURE = 2.0**-400
"""The sensitivity of a zero whose sign depends on rounding: next to nothing, but not zero."""

FEWER_RUNS = 3
MANY_SIGNS = 1_000_000
"""A formula that draws more signs than this in a run, such as a training of many steps, is run three times only."""


class RoundedVSpace(ArrayVSpace):  # type: ignore[misc]
    """The gradients of ``Rounded`` arrays are ``Rounded`` from the start, so that adding them up rounds, too."""

    def zeros(self) -> Any:
        return super().zeros().view(Rounded)

    def ones(self) -> Any:
        return super().ones().view(Rounded)


class KeepingNumPy:
    """NumPy, but making an array of ``Rounded`` arrays gives a ``Rounded`` one."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def array(values: Any, *args: Any, **kwargs: Any) -> Any:
        made = np.array(values, *args, **kwargs)
        parts = values if isinstance(values, (tuple, list)) else (values,)
        return made.view(Rounded) if any(isinstance(part, Rounded) for part in parts) else made

    @staticmethod
    def asarray(values: Any, *args: Any, **kwargs: Any) -> Any:
        return np.asanyarray(values, *args, **kwargs)


def unbroadcast(gradient: Any, target: Any, first: int = 0) -> Any:
    """Autograd's ``unbroadcast`` (the gradient of what was broadcast), but all axes are one sum, as in the frameworks.

    ``target`` is the shape, rank and dtype to get back to, ``first`` the first axis that was added (-1: the last one).
    """
    shape, rank = target[:2]
    added = gradient.ndim - rank
    start = gradient.ndim - added if first < 0 else first
    kept = [axis for axis in range(gradient.ndim) if not start <= axis < start + added]
    repeated = [axis for axis, length in zip(kept, shape, strict=True) if length == 1]
    axes = (*range(start, start + added), *repeated)
    if axes:
        gradient = numpy_vjps.anp.sum(gradient, axis=axes, keepdims=True)
    return _unbroadcast(gradient, target, first)


def tanh_gradient(result: Any, x: Any) -> Any:
    """The gradient of tanh from its rounded result, as frameworks compute it: near ±1 it has few digits left."""
    if isinstance(getval(result), Rounded):
        return lambda given: given * (1 - result * result)
    return lambda given: given / numpy_vjps.anp.cosh(x) ** 2


@primitive  # type: ignore[untyped-decorator]
def concatenate_args(axis: int, *arrays: Any) -> Any:
    """Autograd's ``concatenate``, but what is made from ``Rounded`` arrays stays ``Rounded``."""
    return np.concatenate(arrays, axis)


_unbroadcast = numpy_vjps.unbroadcast
numpy_vjps.unbroadcast = unbroadcast
primitive_vjps[concatenate_args] = primitive_vjps[numpy_wrapper.concatenate_args]
numpy_wrapper.concatenate_args = concatenate_args
defvjp(numpy_vjps.anp.tanh, tanh_gradient)
ArrayBox.register(Rounded)
VSpace.register(Rounded, RoundedVSpace)
numpy_wrapper._np = KeepingNumPy()
numpy_vjps.onp = KeepingNumPy()


class RoundedAdapter(ReferenceAdapter):
    """The formula in float64, off by rounding in every operation."""

    def tensor(self, array: Array, dtype: str, device: str, *, gradient: bool) -> Any:
        exact = super().tensor(array, dtype, device, gradient=gradient)
        return exact.astype(np.float64).view(Rounded) if np.issubdtype(exact.dtype, np.floating) else exact

    def array(self, tensor: Any) -> tuple[Array, str]:
        array, name = super().array(tensor)
        return array.view(np.ndarray), name


class Formula:
    """Runs the formulas of units: the truth and its sensitivity."""

    def __init__(self, adapter: ReferenceAdapter, threads: int) -> None:
        self._exact = adapter
        self._rounded = RoundedAdapter(threads)
        self._measured = lru_cache(maxsize=4)(self._measure)

    def observe(self, unit: Unit) -> Observation:
        """The formula's results in the unit's dtype, and the sensitivity of each of them."""
        observation = execute(self._exact, unit)
        if observation.failure is not None:
            return observation
        case = declared_case(unit)
        if case.exact == ("*",) or unit.inputs_as:
            return observation
        formula = case.formula
        assert formula is not None
        own = "dtype" in signature(formula).keywords or _holds_every_number(case, unit.item.variant)
        dtype = unit.item.dtype if own else "float64"
        narrow = FLOATS[unit.item.dtype].unit_roundoff > UNIT
        measured = self._measured(unit.item.file, unit.item.case, unit.item.variant, dtype, unit.seed, narrow)
        if isinstance(measured, Failure):
            return replace(observation, failure=measured)
        return replace(observation, sensitivities=measured)

    def _measure(
        self, file: str, case: str, variant: str, dtype: str, seed: int, random_order: bool
    ) -> Mapping[str, Array] | Failure:
        unit = Unit(Item(file, case, variant, dtype, "cpu"), "reference", "reference", seed)
        exact = execute(self._exact, unit)
        squares = {name: np.zeros(result.array.shape) for name, result in exact.results.items()}
        for run in range(RUNS):
            bits = sign_bits(seed, case, variant, run)
            with rounding(bits, random_order=random_order), np.errstate(all="ignore"):
                rounded = execute(self._rounded, unit)
            failure = exact.failure or rounded.failure
            if failure is not None:
                return replace(failure, message=f"with rounding, the formula fails: {failure.message}")
            for name, result in rounded.results.items():
                squares[name] += _difference(result.array, exact.results[name].array) ** 2
            if run + 1 == FEWER_RUNS and _drawn(bits) > MANY_SIGNS:
                break
        return {name: np.sqrt(total / (run + 1)) for name, total in squares.items()}


def _difference(rounded: Array, exact: Array) -> Array:
    """How far rounding moves each element, in units: finite, and not zero where it changes the sign of a zero."""
    with np.errstate(all="ignore"):
        units: Array = (rounded - exact).astype(np.float64) / UNIT
    changed = (rounded == 0) & (exact == 0) & (np.signbit(rounded) != np.signbit(exact))
    return np.where(changed, UNSURE, np.where(np.isfinite(units), units, 0.0))


def _drawn(bits: np.random.Philox) -> int:
    """The random integers taken so far: the generator makes four at a time."""
    state: Any = bits.state
    return 4 * int(state["state"]["counter"][0])


def _holds_every_number(case: Case, variant: str) -> bool:
    tensors = {**case.inputs(case.variant(variant)), **case.weights(case.variant(variant))}
    return any(tensor.distribution == "every" for tensor in tensors.values())


def sign_bits(seed: int, case: str, variant: str, run: int) -> np.random.Philox:
    """The random bits that the signs of one run are taken from."""
    return stream("rounding", seed, case, variant, run)
