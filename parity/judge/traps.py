"""Judging a trap: it must go wrong, and in the way that its declaration says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..catalog.frameworks import REFERENCE
from ..catalog.known import KINDS, Divergence, is_raised, matches, stopped
from ..workers.protocol import Failure, Result
from .compare import Difference, Truth
from .row import ERROR, EXPECTED, FAIL, PASS, UNEXPECTED, verdict_of

GRADIENT = "grad:"


@dataclass(frozen=True)
class Trap:
    """A trap of an item, and what became of it. ``differences`` are its results' from the truth, or tell that the
    framework has no gradient of a quantity.
    """

    api: str
    declared: Divergence
    results: Mapping[str, Result]
    failure: Failure | None
    differences: Mapping[str, Difference]
    truths: Mapping[str, Truth]
    file: str


@dataclass(frozen=True)
class Judgement:
    """The verdict on a trap, its reason, and the quantity that shows it (empty where no results are to be shown)."""

    verdict: str
    reason: str
    quantity: str = ""


def judge_trap(trap: Trap, kernels: str) -> Judgement:
    """Judge a trap that ran with some CPU kernels. The quantity of an expected one is that furthest from the truth."""
    if trap.declared.kernels is not None and kernels not in trap.declared.kernels:
        return _right_here(trap)
    if trap.failure is not None:
        return _failed(trap, trap.failure)
    missing = [quantity for quantity in trap.truths if quantity not in trap.differences]
    if missing:
        return Judgement(ERROR, f"no result for {', '.join(missing)}")
    wrong = {quantity: difference for quantity, difference in trap.differences.items() if not difference.ok}
    if not wrong:
        gone = "agrees with the truth" if trap.declared.raises is None else "raises no error, and agrees with the truth"
        return Judgement(UNEXPECTED, stopped(f"the trap {gone}", trap.file), _furthest(trap.differences))
    departure = next(_departures(trap, wrong), None)
    if departure is None:
        return Judgement(EXPECTED, _known(trap.declared), _furthest(wrong))
    quantity, problem = departure
    mend = f"Find out what changed, then mend the trap or its declaration in {trap.file}"
    return Judgement(UNEXPECTED, f"the trap does not go wrong as declared: {problem}. {mend}", quantity)


def _known(declared: Divergence) -> str:
    return f"{declared.because} ({declared.source}). Instead: {declared.fix}"


def _furthest(differences: Mapping[str, Difference]) -> str:
    """The quantity furthest from the truth, an output or a state where there is one."""
    return max(differences, key=lambda name: (not name.startswith(GRADIENT), differences[name].ratio or 0.0))


def _failed(trap: Trap, failure: Failure) -> Judgement:
    declared = trap.declared
    if declared.raises is not None:
        known, wanted = is_raised(declared.raises, failure.kind, failure.message), f"to raise {declared.raises!r}"
    else:
        known, wanted = failure.results == declared.kind, f"to give {KINDS[declared.kind]}"
    if known:
        return Judgement(EXPECTED, f"{_known(declared)}: {failure}")
    return Judgement(verdict_of(failure), f"{failure} (the trap is declared {wanted})")


def _departures(trap: Trap, wrong: Mapping[str, Difference]) -> Iterator[tuple[str, str]]:
    """In which quantity the results are wrong in another way than declared, and in which way."""
    declared, furthest = trap.declared, _furthest(wrong)
    if declared.raises is not None:
        yield furthest, f"it should raise {declared.raises!r}, and gives a wrong result: {_shown(trap, furthest)}"
        return
    free = not any(declared.names(quantity) for quantity in trap.truths if quantity.startswith(GRADIENT))
    for quantity in wrong:
        if not declared.names(quantity) and not (free and quantity.startswith(GRADIENT)):
            yield quantity, f"{quantity} is wrong, which is not declared: {_shown(trap, quantity)}"
    for group in declared.groups:
        named = [quantity for quantity in trap.truths if matches(quantity, group)]
        if named and not any(quantity in wrong for quantity in named):
            yield furthest, f"declared to be wrong, and right: {', '.join(named)}. Wrong: {', '.join(wrong)}"
    if not any(declared.names(quantity) for quantity in wrong):
        yield furthest, f"this variant has none of {', '.join(declared.wrong)}. Wrong: {', '.join(wrong)}"
    kinds = {quantity: _kind(trap, quantity) for quantity in wrong}
    for quantity, kind in kinds.items():
        consequence = kind == "missing" and free
        if kind not in ("values", declared.kind) and not consequence:
            yield quantity, f"{quantity} has {KINDS[kind]}, and {declared.kind!r} is declared: {_shown(trap, quantity)}"
    if declared.kind not in kinds.values():
        yield furthest, f"{KINDS[declared.kind]} is declared, and only values are wrong: {_shown(trap, furthest)}"
    for pattern, (low, high) in declared.sizes.items():
        named = [quantity for quantity in wrong if declared.names(quantity) and matches(quantity, (pattern,))]
        size, quantity = max(((_size(trap, quantity), quantity) for quantity in named), default=(low, furthest))
        if not low <= size <= high:
            yield (
                quantity,
                f"the largest error is {size:.3g} of the largest magnitude of {quantity}, and {low:g} to {high:g} is "
                f"declared: {_shown(trap, quantity)}",
            )


def _shown(trap: Trap, quantity: str) -> str:
    return f"{quantity} {trap.differences[quantity].located(trap.api, REFERENCE)}"


def _kind(trap: Trap, quantity: str) -> str:
    """Which of ``KINDS`` a wrong quantity is. The wrong sign of a zero is one of ``values``."""
    if quantity not in trap.results:
        return "missing"
    result, truth = trap.results[quantity], trap.truths[quantity]
    if result.shape != truth.shape:
        return "shape"
    if result.dtype != truth.dtype:
        return "dtype"
    finite = np.isfinite(result.values) & np.isfinite(truth.rounded)
    same = np.array_equal(result.values[~finite], truth.rounded[~finite], equal_nan=True)
    return "values" if same else "nonfinite"


def _size(trap: Trap, quantity: str) -> float:
    """The largest error relative to the largest magnitude of the truth, of what is finite; infinite beside zeros."""
    if quantity not in trap.results:
        return np.inf
    found, truth = (
        np.asarray(values, np.longdouble) for values in (trap.results[quantity].values, trap.truths[quantity].values)
    )
    finite = np.isfinite(found) & np.isfinite(truth)
    error = float(np.max(np.abs(found[finite] - truth[finite]), initial=0.0))
    scale = float(np.max(np.abs(truth[finite]), initial=0.0))
    return error / scale if scale > 0 else np.inf


def _right_here(trap: Trap) -> Judgement:
    """The judgement on a trap that goes wrong with other kernels only: by the quantity furthest from the truth."""
    if trap.failure is not None:
        return Judgement(verdict_of(trap.failure), str(trap.failure))
    quantity, difference = max(trap.differences.items(), key=lambda of: (not of[1].ok, of[1].ratio or 0.0))
    reason = f"goes wrong with other kernels only ({' or '.join(trap.declared.kernels or ())})"
    if difference.ok:
        return Judgement(PASS, reason, quantity)
    return Judgement(FAIL, f"{reason}: {difference.located(trap.api, REFERENCE)}", quantity)
