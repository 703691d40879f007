"""From the observations of one item to its rows: every implementation against the truth and against the other side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from ..catalog.case import Case, Implementation
from ..catalog.dtypes import Array
from ..catalog.errors import DeclarationError
from ..catalog.frameworks import REFERENCE
from ..catalog.known import INFERENCE, Circumstances, Deviation, Known, Limitation, Tolerance, is_raised, stopped
from ..catalog.load import display
from ..catalog.modes import EAGER
from ..catalog.variants import Variant
from ..plan.work import Item, again, eager, inferred
from ..workers.protocol import Failure, Observation, Result, cut
from .cause import cause, is_of_a_narrower_format
from .compare import Difference, Truth, against_truth, between
from .conduct import Subject, conduct, untrained
from .deviation import deviates
from .expected import expected_dtype, in_dtype
from .growth import growth
from .row import BOTH, CRASH, ERROR, EXPECTED, FAIL, FORMULA, NOT_RUN, PASS, TIMEOUT, UNEXPECTED, Row, verdict_of
from .suspect import Voice, doubtful, suspected
from .tolerance import EXACT, allowance, larger, together
from .traps import Trap, judge_trap
from .wrong import Alternatives, Wrong, axes_of, unknown, wrong_of

CLOSE = 512.0
"""So many times its allowance may an error be for its scale to be measured again: a term of float16 is 256 times."""

Closer = Callable[[], Mapping[str, Array]]
"""The sensitivities of an item, measured in more runs; none where they cannot be measured again."""


def not_closer() -> Mapping[str, Array]:
    """The sensitivities where they cannot be measured again."""
    return {}


@dataclass(frozen=True)
class Context:
    """What all rows of a run share.

    ``versions`` has an entry for each framework and ``reference``, ``kernels`` for each framework: the names of its CPU
    kernels by mode and dtype.
    """

    run: str
    seed: int
    versions: Mapping[str, str]
    tolerance: Tolerance | None = None
    kernels: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)

    def circumstances(self, framework: str, item: Item, mode: str) -> Circumstances:
        """Under which a framework computes an item in a mode."""
        kernels = self.kernels.get(framework, {}).get(mode, {}) if item.device == "cpu" else {}
        return Circumstances(item.dtype, item.device, mode, kernels.get(item.dtype, ""))


@dataclass(frozen=True)
class _Side:
    """One implementation of the item, judged against the truth.

    ``truths`` are those of the quantities, in the dtype that is declared for this implementation.
    """

    implementation: Implementation
    name: str
    observation: Observation
    truths: Mapping[str, Truth]
    differences: Mapping[str, Difference]
    deviations: Mapping[str, Deviation]


def judge(
    case: Case,
    item: Item,
    observations: Mapping[str, Observation],
    context: Context,
    alternatives: Alternatives = unknown,
    closer: Closer = not_closer,
) -> list[Row]:
    """The rows of one item. ``observations`` holds one for each implementation's API path and for ``reference``.

    ``alternatives`` is asked for what the formula gives in other ways when a result is wrong, ``closer`` for a scale
    that more runs have measured when a result is wrong by little: a few runs can miss what an element is sensitive to.
    """
    rows = list(_Judge(case, item, observations, context, alternatives).rows())
    if any(_is_close(row) for row in rows):
        formula = observations[REFERENCE]
        found = {name: larger(scale, formula.sensitivities.get(name, scale)) for name, scale in closer().items()}
        if found:
            seen = {**observations, REFERENCE: replace(formula, sensitivities=found)}
            rows = list(_Judge(case, item, seen, context, alternatives).rows())
    return rows


def _is_close(row: Row) -> bool:
    """Whether a closer look at the scale, or at what rounding decides, may acquit a result."""
    return row.verdict == FAIL and (row.rule == EXACT or 0.0 < (row.error_ratio or 0.0) <= CLOSE)


class _Judge:
    def __init__(
        self,
        case: Case,
        item: Item,
        observations: Mapping[str, Observation],
        context: Context,
        alternatives: Alternatives,
    ) -> None:
        self.case, self.item, self.observations, self.context = case, item, observations, context
        self.alternatives = alternatives
        self.variant: Variant = case.variant(item.variant)
        self.formula = observations.get(REFERENCE, Observation())
        self.suspects: set[str] = set()

    def rows(self) -> Iterator[Row]:
        if not self.observations:
            yield from self._all(NOT_RUN, self.case.eager_only)
            return
        if self.formula.failure is not None:
            yield from self._without_truth(self.formula.failure)
            return
        wrong = self._formula_shape()
        if wrong:
            yield from self._without_truth(Failure("declaration", "", wrong, self._where()))
            return
        try:
            truths = {quantity: self._truth(quantity, result) for quantity, result in self.formula.results.items()}
        except DeclarationError as error:
            yield from self._without_truth(Failure("declaration", "", str(error), self._where()))
            return
        sides = [self._side(each, each.api, truths) for each in self.case.implementations]
        others = {side.name: self._others(side, sides) for side in sides}
        self.suspects = {quantity for quantity in truths if self._suspected(quantity, truths[quantity], sides, others)}
        for side in sides:
            yield from self._against_truth(side, truths, others[side.name])
            yield from self._conduct(side, truths, others[side.name])
        for naive in self.case.divergences_for(self.variant, self.item.dtype, self.item.mode):
            yield self._naive(self._side(naive, naive.api, truths))
        if untrained(self.case.trains(self.variant), [side.observation for side in sides]):
            reason = f"no implementation changed a layer's variable: remove trains=True from {display(self.case.file)}"
            yield from self._all(UNEXPECTED, reason)
        frameworks = list(dict.fromkeys(side.implementation.framework for side in sides))
        for number, left_framework in enumerate(frameworks):
            for right_framework in frameworks[number + 1 :]:
                for left in (side for side in sides if side.implementation.framework == left_framework):
                    for right in (side for side in sides if side.implementation.framework == right_framework):
                        yield from self._pair(left, right, truths)
        if self.item.mode != EAGER:
            for side in sides:
                each = side.implementation
                yield from self._pair(side, self._side(each, eager(each.api), truths, EAGER), truths)

    # The truth -------------------------------------------------------------------------------------------------

    def _truth(self, quantity: str, result: Result, dtype: str = "") -> Truth:
        """The truth in the dtype that the quantity must have, or in ``dtype``. Raises ``DeclarationError``."""
        case, variant, item = self.case, self.variant, self.item
        dtype = dtype or expected_dtype(case, variant, item.dtype, quantity, result.array)
        values = in_dtype(result.own, dtype, quantity)
        sensitivity = self.formula.sensitivities.get(quantity)
        if sensitivity is not None:
            sensitivity = cut(sensitivity, result.varying)
        override = self.context.tolerance
        limits = allowance(case, variant, item.dtype, quantity, values, sensitivity, override, dtype)
        unsigned = case.unsigned_zeros_of(quantity)
        if unsigned and not quantity.startswith("grad:") and np.any(values == 0):
            because = "; ".join(filter(None, (limits.because, f"the sign of zero is not compared: {unsigned}")))
            limits = replace(limits, because=because)
        return Truth.of(values, dtype, limits)

    def _formula_shape(self) -> str:
        sizes = self.case.axis_sizes(self.variant)
        results = {**self.case.outputs(self.variant), **self.case.states(self.variant)}
        for quantity, result in self.formula.results.items():
            kind, _, name = quantity.partition(":")
            if kind == "grad":
                continue
            for axis, length in zip(results[name].axes, result.array.shape, strict=True):
                if axis in sizes and sizes[axis] != length:
                    return (
                        f"the formula returns {name} of shape {result.array.shape}, but its axis {axis} "
                        f"has size {sizes[axis]}: mend the formula or the axes of {name}"
                    )
        return ""

    def _where(self) -> str:
        code = getattr(self.case.formula, "__code__", None)
        return f"{display(self.case.file)}:{code.co_firstlineno if code else self.case.line}"

    def _without_truth(self, failure: Failure) -> Iterator[Row]:
        verdict = failure.stage if failure.stage in (CRASH, TIMEOUT, NOT_RUN) else ERROR
        yield self._row(
            "", REFERENCE, REFERENCE, REFERENCE, REFERENCE, verdict, f"the formula gave no truth: {failure}"
        )
        yield from self._all(NOT_RUN, "the formula gave no truth")

    def _all(self, verdict: str, reason: str) -> Iterator[Row]:
        """A row for each implementation, as a whole."""
        for each in self.case.implementations:
            yield self._row("", each.api, each.framework, REFERENCE, REFERENCE, verdict, reason)

    def _suspected(
        self, quantity: str, truth: Truth, sides: Sequence[_Side], others: Mapping[str, Mapping[str, float]]
    ) -> bool:
        """Whether the formula, rather than the implementations, is to be checked first.

        What is declared to deviate says nothing about it, nor does an error that a narrower format explains.
        """
        heard = [side for side in sides if quantity in side.differences and quantity not in side.deviations]
        if any(_is_right(s.differences[quantity], truth, others[s.name].get(quantity, 0.0)) for s in heard):
            return False
        voices = [
            Voice(s.implementation.framework, s.observation.results[quantity], s.differences[quantity]) for s in heard
        ]
        if not suspected(voices, truth):
            return False
        wrong = (self._wrong(side, quantity, truth) for side in heard)
        return not any(is_of_a_narrower_format(each) for each in wrong if each is not None)

    # One side --------------------------------------------------------------------------------------------------

    def _side(
        self, implementation: Implementation, name: str, truths: Mapping[str, Truth], mode: str | None = None
    ) -> _Side:
        observation = self.observations[name]
        known = self._known(implementation, mode)
        deviations = {q: d for d in known if isinstance(d, Deviation) for q in truths if d.covers(q)}
        truths = {**truths, **self._in_wrong_dtype(deviations, observation.results)}
        differences = {
            quantity: against_truth(observation.results[quantity], truth, signed_zeros=self._signed_zeros(quantity))
            for quantity, truth in truths.items()
            if quantity in observation.results
        }
        return _Side(implementation, name, observation, truths, differences, deviations)

    def _in_wrong_dtype(self, deviations: Mapping[str, Deviation], results: Mapping[str, Result]) -> dict[str, Truth]:
        """The truths of quantities that have the wrong dtype which a deviation declares: in that dtype."""
        found: dict[str, Truth] = {}
        for quantity, deviation in deviations.items():
            if deviation.dtype and quantity in results and results[quantity].dtype == deviation.dtype:
                with suppress(DeclarationError):  # A dtype that cannot hold the truth is not all that is wrong.
                    found[quantity] = self._truth(quantity, self.formula.results[quantity], deviation.dtype)
        return found

    def _signed_zeros(self, quantity: str) -> bool:
        return not quantity.startswith("grad:") and not self.case.unsigned_zeros_of(quantity)

    def _failure(self, side: _Side) -> Failure | None:
        """Why an implementation has no results, or none that can be compared with the truth."""
        if side.observation.failure is None and side.observation.input_digest != self.formula.input_digest:
            return Failure(
                "declaration", "", "the inputs differ from the formula's: does the case file change as it loads?"
            )
        return side.observation.failure

    def _known(self, implementation: Implementation, mode: str | None = None) -> list[Known]:
        """What is declared about it in a mode, which is the item's unless another is named."""
        where = self.context.circumstances(implementation.framework, self.item, mode or self.item.mode)
        return self.case.known_of(implementation.api, self.variant, where)

    def _others(self, side: _Side, sides: Sequence[_Side]) -> dict[str, float]:
        """How near the other frameworks come to the truth, as the least ρ of each quantity they are to get right."""
        nearest: dict[str, float] = {}
        for other in sides:
            if other.implementation.framework != side.implementation.framework:
                for quantity, difference in other.differences.items():
                    if difference.rho is not None and quantity not in other.deviations:
                        nearest[quantity] = min(difference.rho, nearest.get(quantity, np.inf))
        return nearest

    def _conduct(self, side: _Side, right: Mapping[str, Truth], others: Mapping[str, float]) -> Iterator[Row]:
        """A row for each thing beside its values in which an implementation is not as it should be."""
        api, framework, known = side.implementation.api, side.implementation.framework, self._known(side.implementation)

        def compared(quantity: str, result: Result) -> Difference:
            return against_truth(result, side.truths[quantity], signed_zeros=self._signed_zeros(quantity))

        def judged(
            quantity: str, result: Result, difference: Difference, deviation: Deviation | None
        ) -> tuple[str, str]:
            truth, other = side.truths[quantity], others.get(quantity, 0.0)
            return self._judged(api, result.dtype, difference, truth, deviation, right[quantity], other)

        subject = Subject(
            api, side.observation, self.observations.get(again(api)), known, side.truths, compared, judged,
            inferred(self.case, self.item), self.case.trains(self.variant), display(self.case.file),
        )  # fmt: skip
        for each in conduct(subject):
            yield self._row(
                each.quantity, api, framework, each.right, REFERENCE if each.right == REFERENCE else framework,
                each.verdict, each.reason, each.difference, each.truth, blame=_blamed(each.verdict, framework),
            )  # fmt: skip

    def _against_truth(self, side: _Side, right: Mapping[str, Truth], others: Mapping[str, float]) -> Iterator[Row]:
        truths = side.truths
        api, framework = side.implementation.api, side.implementation.framework
        failure = self._failure(side)
        known = self._known(side.implementation)
        limitation = next((k for k in known if isinstance(k, Limitation) and k.stage != INFERENCE), None)
        given = {*side.differences, *side.observation.no_gradient}
        missing = [quantity for quantity in truths if quantity not in given]
        if failure is not None:
            occurs = (
                limitation is not None
                and failure.stage == limitation.stage
                and is_raised(limitation.raises, failure.kind, failure.message)
            )
            if occurs and limitation is not None:
                verdict, reason = EXPECTED, f"{limitation.because} ({limitation.source}): {failure}"
            elif limitation is not None:
                verdict = verdict_of(failure)
                reason = (
                    f"{failure} (the declared limitation raises {limitation.raises!r} in the {limitation.stage} stage)"
                )
            else:
                verdict, reason = verdict_of(failure), str(failure)
            for quantity in missing or [""]:
                yield self._row(
                    quantity, api, framework, REFERENCE, REFERENCE, verdict, reason, blame=_blamed(verdict, framework)
                )
        elif limitation is not None:
            reason = stopped(f"the declared limitation ({limitation.raises!r}) did not occur", display(self.case.file))
            yield self._row("", api, framework, REFERENCE, REFERENCE, UNEXPECTED, reason, blame=framework)
        elif missing:
            reason = f"no result for {', '.join(missing)}"
            yield self._row("", api, framework, REFERENCE, REFERENCE, ERROR, reason, blame=framework)
        for quantity, difference in side.differences.items():
            other = others.get(quantity, 0.0)
            verdict, reason = self._verdict(side, quantity, right[quantity], other)
            blame = _blamed(verdict, framework)
            if verdict == FAIL and quantity in self.suspects:
                blame, reason = FORMULA, doubtful(self._where(), reason)
            yield self._row(
                quantity, api, framework, REFERENCE, REFERENCE, verdict, reason, difference, truths[quantity],
                blame=blame,
                growth=self._growth(side, quantity, truths[quantity]),
                cause=self._cause(side, quantity, truths[quantity]) if verdict == FAIL else "",
                rho_allowed=_rho_allowed(truths[quantity], other),
            )  # fmt: skip

    def _growth(self, side: _Side, quantity: str, truth: Truth) -> str:
        steps, difference = self.case.steps, side.differences[quantity]
        axes = axes_of(self.case, self.variant, quantity)
        if steps not in axes or difference.problem or truth.allowance.exact:
            return ""
        error = np.abs(side.observation.results[quantity].values - truth.values)
        return growth(error, truth.allowance.limits, axes.index(steps), steps)

    def _cause(self, side: _Side, quantity: str, truth: Truth) -> str:
        wrong = self._wrong(side, quantity, truth)
        return cause(wrong) if wrong is not None else ""

    def _wrong(self, side: _Side, quantity: str, truth: Truth) -> Wrong | None:
        result, difference = side.observation.results[quantity], side.differences[quantity]
        return wrong_of(self.case, self.item, quantity, result, truth, difference, self.alternatives)

    def _verdict(self, side: _Side, quantity: str, right: Truth, other: float) -> tuple[str, str]:
        """The verdict against the truth, and the reason. ``right`` is the truth in the dtype that it must have."""
        return self._judged(
            side.implementation.api, side.observation.results[quantity].dtype, side.differences[quantity],
            side.truths[quantity], side.deviations.get(quantity), right, other,
        )  # fmt: skip

    def _judged(
        self,
        api: str,
        dtype: str,
        difference: Difference,
        truth: Truth,
        deviation: Deviation | None,
        right: Truth,
        other: float,
    ) -> tuple[str, str]:
        """The verdict on a result of this ``dtype`` which is so different from the ``truth``, and the reason."""
        as_declared = deviation is not None and dtype == deviation.dtype != right.dtype
        problem = "" if difference.ok else difference.located(api, REFERENCE)
        if not problem and (deviation is None or as_declared):
            problem = _together(difference, truth, other)
        if deviation is None:
            return (FAIL, problem) if problem else (PASS, truth.allowance.because)
        file = display(self.case.file)
        return deviates(difference, truth, deviation, as_declared=as_declared, located=problem, file=file)

    def _naive(self, side: _Side) -> Row:
        """A trap's one row."""
        api, framework = side.implementation.api, side.implementation.framework
        declared, observation = side.implementation.divergence, side.observation
        assert declared is not None
        without = {quantity: Difference("no gradient (None)") for quantity in observation.no_gradient}
        trap = Trap(
            api,
            declared,
            observation.results,
            self._failure(side),
            {**side.differences, **without},
            side.truths,
            display(self.case.file),
        )
        judged = judge_trap(trap, self.context.circumstances(framework, self.item, self.item.mode).kernels)
        return self._row(
            judged.quantity, api, framework, REFERENCE, REFERENCE, judged.verdict, judged.reason,
            side.differences.get(judged.quantity), side.truths.get(judged.quantity),
            blame=_blamed(judged.verdict, framework),
        )  # fmt: skip

    # Two sides -------------------------------------------------------------------------------------------------

    def _pair(self, left: _Side, right: _Side, truths: Mapping[str, Truth]) -> Iterator[Row]:
        names = (left.name, right.name)
        frameworks = (left.implementation.framework, right.implementation.framework)
        for quantity, truth in truths.items():
            if quantity not in left.differences or quantity not in right.differences:
                continue
            difference = between(left.observation.results[quantity], right.observation.results[quantity], truth)
            deviation = left.deviations.get(quantity) or right.deviations.get(quantity)
            blame = ""
            if difference.ok:
                verdict, reason = PASS, truth.allowance.because
            elif deviation is not None:
                verdict, reason = EXPECTED, f"{deviation.because} ({deviation.source})"
            else:
                verdict, reason = FAIL, difference.located(*names)
                blame = _further(left, right, quantity)
                if quantity in self.suspects:
                    blame, reason = FORMULA, doubtful(self._where(), reason)
            yield self._row(
                quantity, names[0], frameworks[0], names[1], frameworks[1], verdict, reason, difference, truth, blame
            )

    def _row(
        self,
        quantity: str,
        left: str,
        left_framework: str,
        right: str,
        right_framework: str,
        verdict: str,
        reason: str,
        difference: Difference | None = None,
        truth: Truth | None = None,
        blame: str = "",
        growth: str = "",
        cause: str = "",
        rho_allowed: float | None = None,
    ) -> Row:
        item, measured = self.item, difference or Difference()
        shown = measured.worst
        return Row(
            run=self.context.run,
            case=item.case,
            variant=item.variant,
            dtype=item.dtype,
            device=item.device,
            mode=item.mode,
            quantity=quantity,
            left=left,
            right=right,
            left_framework=left_framework,
            left_version=self.context.versions[left_framework],
            right_framework=right_framework,
            right_version=self.context.versions[right_framework],
            shape="x".join(map(str, truth.shape)) if truth is not None else "",
            max_abs_error=measured.max_abs,
            max_rel_error=measured.max_rel,
            max_ulp=measured.max_ulp,
            rule=measured.rule,
            scale=measured.scale,
            own_scale=measured.own_scale,
            allowed=measured.allowed,
            error_ratio=measured.ratio,
            rho=measured.rho,
            rho_allowed=rho_allowed,
            distribution=" ".join(map(str, measured.counts)),
            worst_index=shown[0],
            left_value=shown[1],
            right_value=shown[2],
            truth_value=shown[3],
            growth=growth,
            cause=cause,
            verdict=verdict,
            blame=blame,
            reason=reason,
            seed=self.context.seed,
            input_digest=self.formula.input_digest,
        )


def _rho_allowed(truth: Truth, other: float) -> float | None:
    """What all elements together are allowed, where that is limited."""
    allowance = truth.allowance
    return None if allowance.exact or allowance.own else together(truth.values.size, other)


def _is_right(difference: Difference, truth: Truth, other: float) -> bool:
    """Whether a result is within its allowance, each element and all together; ``other`` is the other side's ρ."""
    return difference.ok and not _together(difference, truth, other)


def _together(difference: Difference, truth: Truth, other: float) -> str:
    """What is wrong with all elements together, if anything."""
    allowed = _rho_allowed(truth, other)
    if allowed is None or difference.rho is None or difference.rho <= allowed:
        return ""
    return (
        f"all elements together: ρ is {difference.rho:.3g}, where {allowed:.3g} is allowed "
        f"(the other framework's is {other:.3g})"
    )


def _blamed(verdict: str, framework: str) -> str:
    return "" if verdict in (PASS, EXPECTED, NOT_RUN) else framework


def _further(left: _Side, right: _Side, quantity: str) -> str:
    """The framework further from the truth, or ``both`` when neither is clearly nearer."""
    one, other = left.differences[quantity], right.differences[quantity]
    distances = [np.inf if d.problem or d.ratio is None else d.ratio for d in (one, other)]
    if min(distances) > 1.0 or distances[0] == distances[1]:
        return BOTH
    return (left if distances[0] > distances[1] else right).implementation.framework
