"""How an implementation behaves beside its values.

Four things are judged: does it give the same when it is called as in inference, does it give the same when it is
computed again, does it leave its inputs and weights as they were, does every input get a gradient. Nothing is said of
what is in order, so most items have no rows for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from ..catalog.frameworks import REFERENCE
from ..catalog.known import INFERENCE, Deviation, Known, Limitation, Unrepeatable, is_raised, stopped
from ..plan.work import again
from ..workers.protocol import Failure, Observation, Result
from .compare import Difference, Truth, between
from .row import ERROR, EXPECTED, FAIL, INFERRED, INPUT, NONDETERMINISTIC, NOT_RUN, PASS, UNEXPECTED, verdict_of

WITHOUT_RECORD = "called as in inference (no gradients recorded, layers in evaluation mode)"
SAME_PROCESS, FRESH_PROCESS = "computed again in the same process", "computed again in a fresh process"


@dataclass(frozen=True)
class Finding:
    """What a row says; ``right`` is what the implementation is compared with."""

    quantity: str
    verdict: str
    reason: str
    difference: Difference | None = None
    truth: Truth | None = None
    right: str = REFERENCE


@dataclass(frozen=True)
class Subject:
    """An implementation of an item: what it gave, in this process and ``again`` in another, and what is known of it.

    ``truths`` are in the dtypes that the results have or must have. ``compared`` gives the difference of a quantity's
    result from the truth, ``judged`` its verdict and the reason. ``inferred`` says that it was to be called as in
    inference, ``trains`` that it is to change its weights; ``file`` is where all this is declared.
    """

    api: str
    seen: Observation
    again: Observation | None
    known: Sequence[Known]
    truths: Mapping[str, Truth]
    compared: Callable[[str, Result], Difference]
    judged: Callable[[str, Result, Difference, Deviation | None], tuple[str, str]]
    inferred: bool
    trains: bool
    file: str

    def deviation(self, quantity: str, *, missing: bool = False) -> Deviation | None:
        """What is declared of a quantity's values, or that they are ``missing``."""
        found = (each for each in self.known if isinstance(each, Deviation) and each.missing == missing)
        return next((each for each in found if each.covers(quantity)), None)

    def named(self, kind: str) -> dict[str, Deviation]:
        """The deviations of quantities of a kind (``input:``), by pattern; ``*`` means values only."""
        found = (each for each in self.known if isinstance(each, Deviation))
        return {pattern: each for each in found for pattern in each.quantities if pattern.startswith(kind)}

    def of(self, kind: str, quantity: str) -> Deviation | None:
        """The deviation of such a quantity."""
        return next((each for pattern, each in self.named(kind).items() if fnmatchcase(quantity, pattern)), None)


def conduct(subject: Subject) -> Iterator[Finding]:
    """What is to be said of an implementation beside its values."""
    yield from _without_gradient(subject)
    yield from _written(subject)
    yield from _inference(subject)
    yield from _again(subject)


def _expected(known: Known, more: str = "") -> tuple[str, str]:
    return EXPECTED, f"{known.because} ({known.source}){': ' if more else ''}{more}"


def _gone(subject: Subject, what: str) -> tuple[str, str]:
    return UNEXPECTED, stopped(what, subject.file)


# Gradients that are not there ------------------------------------------------------------------------------------


def _without_gradient(subject: Subject) -> Iterator[Finding]:
    for quantity, names in subject.seen.no_gradient.items():
        if quantity not in subject.truths:
            continue
        name = quantity.partition(":")[2]
        held = "" if names == (name,) else f", which the layer holds in {' and '.join(names)}"
        said = f"no gradient (None) for {name}{held}"
        largest = float(np.max(np.abs(subject.truths[quantity].values), initial=0.0))
        deviation = subject.deviation(quantity, missing=True)
        if deviation is not None:
            yield Finding(quantity, *_expected(deviation, said), truth=subject.truths[quantity])
            continue
        if largest:
            mend = f"The formula's gradient is not zero (up to {largest:.3g}): {name} is cut off from the results"
        else:
            mend = (
                "The formula's gradient is zero, which is not the same: optimizers skip or refuse None. Return zeros, "
                f"declare a deviation with missing=True, or gradient=False if nothing should depend on {name}"
            )
        yield Finding(quantity, FAIL, f"{said}. {mend}", truth=subject.truths[quantity])


# Inputs and weights that are written to --------------------------------------------------------------------------

_STAGES = {"forward": "the call", "gradient": "computing gradients", INFERENCE: "the call as in inference"}


def _written(subject: Subject) -> Iterator[Finding]:
    for change in subject.seen.written:
        quantity = f"{INPUT}{change.name}"
        what = f"variable {change.name}" if change.variable else change.name
        place = "gave it another shape" if change.index is None else f"first at {list(change.index)}"
        said = f"{_STAGES[change.stage]} changed {change.wrong} of {change.total} elements of {what}, {place}"
        deviation = subject.of(INPUT, quantity)
        if deviation is not None:
            yield Finding(quantity, *_expected(deviation, said))
        elif not (subject.trains and change.variable):
            mend = "Case(trains=True)" if change.variable else f"a deviation of {quantity!r}"
            yield Finding(quantity, FAIL, f"{said}. Copy it first, or declare {mend} where that is the meaning")
    if subject.seen.failure is None:
        changed = [f"{INPUT}{change.name}" for change in subject.seen.written]
        for pattern in subject.named(INPUT):
            if not any(fnmatchcase(quantity, pattern) for quantity in changed):
                yield Finding(pattern, *_gone(subject, f"{subject.api} leaves {pattern.partition(':')[2]} as it was"))


def untrained(trains: bool, seen: Sequence[Observation]) -> bool:
    """Whether a case is declared to train, and all of its implementations ran and changed no variable of a layer."""
    changed = any(change.variable for each in seen for change in each.written)
    return trains and not changed and all(each.failure is None for each in seen)


# Called as in inference ------------------------------------------------------------------------------------------


def _inference(subject: Subject) -> Iterator[Finding]:
    seen = subject.seen
    if not subject.inferred:
        return
    limitation = next((k for k in subject.known if isinstance(k, Limitation) and k.stage == INFERENCE), None)
    failure = seen.inference_failure
    if failure is not None:
        said = f"{WITHOUT_RECORD}, it raises {failure}"
        judged = verdict_of(failure), said
        if limitation is not None and is_raised(limitation.raises, failure.kind, failure.message):
            judged = _expected(limitation, said)
        for quantity in _forward(subject.truths):
            yield Finding(_as_inference(quantity), *judged)
    elif limitation is not None and seen.failure is None:
        yield Finding("", *_gone(subject, f"{WITHOUT_RECORD}, {subject.api} does not raise {limitation.raises!r}"))
    for quantity, truth in _forward(subject.truths).items():
        result = seen.inference.get(_as_inference(quantity))
        if result is not None:
            yield _inferred(subject, quantity, result, truth)
    if failure is None and seen.failure is None:
        for pattern in subject.named(INFERRED):
            if not any(fnmatchcase(quantity, pattern) for quantity in seen.inference):
                said = f"{WITHOUT_RECORD}, {subject.api} gives the recorded results, bit for bit"
                yield Finding(
                    pattern, *_gone(subject, said if seen.inferred else f"{subject.api} cannot be {WITHOUT_RECORD}")
                )


def _inferred(subject: Subject, quantity: str, result: Result, truth: Truth) -> Finding:
    """One result that is not the recorded one: it must be that of the formula, as the recorded one must."""
    named = _as_inference(quantity)
    difference = subject.compared(quantity, result)
    deviation = subject.of(INFERRED, named)
    shared = subject.deviation(quantity)
    if deviation is None and shared is not None and (shared.dtype or not difference.ok):
        deviation = shared
    judged, reason = subject.judged(quantity, result, difference, deviation)
    if judged == FAIL:
        reason = f"{WITHOUT_RECORD}, it gives another result: {reason}"
    elif judged == PASS:
        reason = f"{WITHOUT_RECORD}, it gives other bits, within the allowance"
    return Finding(named, judged, reason, difference, truth)


def _as_inference(quantity: str) -> str:
    return f"{INFERRED}{quantity.partition(':')[2]}"


def _forward(truths: Mapping[str, Truth]) -> dict[str, Truth]:
    return {quantity: truth for quantity, truth in truths.items() if not quantity.startswith("grad:")}


# Computed again --------------------------------------------------------------------------------------------------


def _again(subject: Subject) -> Iterator[Finding]:
    told = set()
    for quantity, result in subject.seen.again.items():
        for finding in _differs(subject, quantity, result, SAME_PROCESS):
            told.add(quantity)
            yield finding
    fresh, first = subject.again, subject.seen
    if fresh is None or NOT_RUN in (_stage(fresh.failure), _stage(first.failure)):
        return
    right = again(subject.api)
    if (_stage(fresh.failure), _kind(fresh.failure)) != (_stage(first.failure), _kind(first.failure)):
        judged = NONDETERMINISTIC, f"{FRESH_PROCESS}, it does not fail: {first.failure}"
        if fresh.failure is not None:
            judged = verdict_of(fresh.failure), f"{FRESH_PROCESS}, it fails: {fresh.failure}"
        for quantity in subject.truths:
            yield Finding(quantity, *judged, right=right)
    elif fresh.failure is None and fresh.input_digest != first.input_digest:
        reason = f"{FRESH_PROCESS}, the inputs are others: does the case file change as it loads?"
        yield Finding("", ERROR, reason, right=right)
    else:
        for quantity, result in fresh.results.items():
            if quantity not in told:
                yield from _differs(subject, quantity, result, FRESH_PROCESS)


def _differs(subject: Subject, quantity: str, second: Result, where: str) -> Iterator[Finding]:
    first, truth = subject.seen.results.get(quantity), subject.truths.get(quantity)
    if first is None or truth is None or first.has_bits_of(second):
        return
    spread = between(first, second, truth)
    known = next((each for each in subject.known if isinstance(each, Unrepeatable)), None)
    reason = f"{where} from the same values, {subject.api} gave different bits: {spread.located(subject.api, 'again')}"
    judged = (NONDETERMINISTIC, reason) if known is None else _expected(known)
    yield Finding(quantity, *judged, spread, truth, right=again(subject.api))


def _stage(failure: Failure | None) -> str:
    return failure.stage if failure is not None else ""


def _kind(failure: Failure | None) -> str:
    return failure.kind if failure is not None else ""
