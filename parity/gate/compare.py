"""From two snapshots to their changes: exactly one class for each result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..catalog.frameworks import FRAMEWORKS, REFERENCE
from ..catalog.known import stopped
from ..judge.row import EXPECTED, INFERRED, INPUT, RED, UNEXPECTED
from ..plan.work import item_name
from ..record.results import INPUTS, Key, ResultRow
from ..record.schema import outline
from ..workers.protocol import RESULT
from .classes import (
    BROKE,
    GONE,
    NEW,
    NEW_RED,
    NOTHING,
    OTHERWISE,
    RAISES,
    REMOVED,
    RESHAPED,
    RESTORED,
    SILENT,
    UNCHANGED,
    UNSTEADY,
    WARNS,
    WORSE,
    Class,
)
from .snapshot import Entry, Snapshot
from .transition import State, decided, state

NEARER, FURTHER, SAME = "better", "worse", "same"


OURS = ("declaration", "not-run")
"""Stages of failures that the harness or a case file made, and no framework."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one result, or of what a framework says (then ``quantity`` is empty).

    ``old`` and ``new`` are the verdicts; the shares are those of the allowance used, against the formula. ``ulps`` is
    the largest number of representable values between old and new (``at_most`` when only a bound is known). ``moved``
    is the framework whose result changed, ``reference`` for the formula, empty where nothing moved; ``truth`` tells
    whether the new result is nearer the formula's (``better``) or further from it.
    """

    change: str
    needs: str
    case: str
    variant: str
    dtype: str
    device: str
    mode: str
    implementation: str
    framework: str
    quantity: str
    old: str = ""
    new: str = ""
    old_share: float | None = None
    new_share: float | None = None
    ulps: float | None = None
    at_most: bool = False
    moved: str = ""
    truth: str = ""
    detail: str = ""
    expectation: str = ""

    @property
    def item(self) -> str:
        return item_name(self.case, self.variant, self.dtype, self.device, self.mode)


@dataclass(frozen=True)
class Comparison:
    """All changes, the items of the old snapshot that the new one does not hold, and what was compared.

    ``items`` are those that both hold, computed from the same inputs; ``compared`` counts their results.
    """

    changes: list[Change]
    missing: list[tuple[str, ...]]
    compared: int
    items: frozenset[tuple[str, ...]]


Implementation = tuple[str, ...]
"""A key without its quantity."""


def compare(old: Snapshot, new: Snapshot) -> Comparison:
    """The changes from ``old`` to ``new``, in the order of ``new``; results of the formula are not listed."""
    before, after = _Indexed(old), _Indexed(new)
    moved = _moved(before, after)
    changes: list[Change] = []
    compared = 0
    for implementation, entries in after.implementations.items():
        item = implementation[:5]
        known = before.inputs.get(item) == after.inputs[item] and before.inputs.get(item)
        earlier = before.implementations.get(implementation, {}) if known else {}
        why = "its inputs differ from the baseline's" if item in before.inputs and not known else ""
        for quantity in _quantities(earlier, entries):
            last = _entry(entries, quantity) or next(iter(entries.values()))
            if not earlier or (quantity.startswith(INPUT) and not _entry(earlier, quantity)):
                changes.append(_new(last.row, quantity, why))
                continue
            first = _entry(earlier, quantity) or next(iter(earlier.values()))
            by_declaration = (*item, quantity) not in moved
            changes.append(_Pair(before, after, first, last, quantity, by_declaration).change())
            compared += 1
    changes += _gone(before, after)
    changes += _warnings(old, new)
    missing = [item for item in before.inputs if item not in after.inputs]
    both = frozenset(item for item in after.inputs if before.inputs.get(item) == after.inputs[item])
    return Comparison(changes, missing, compared, both)


class _Indexed:
    def __init__(self, snapshot: Snapshot) -> None:
        self.inputs: dict[tuple[str, ...], str] = {}
        self.truths: dict[Key, str] = {}
        self.implementations: dict[Implementation, dict[str, Entry]] = defaultdict(dict)
        for key, entry in snapshot.results.items():
            if entry.row.implementation != REFERENCE:
                self.implementations[key[:6]][entry.row.quantity] = entry
            elif entry.row.quantity == INPUTS:
                self.inputs[key[:5]] = entry.row.digest
            else:
                self.truths[key] = entry.row.digest

    def own(self, row: ResultRow) -> Iterator[ResultRow]:
        """All rows of an implementation in an item."""
        return (entry.row for entry in self.implementations[row.key[:6]].values())

    def truth(self, row: ResultRow) -> str:
        place = (row.case, row.variant, row.dtype, row.device, row.mode, REFERENCE)
        found = (self.truths.get((*place, quantity)) for quantity in _named(row.quantity))
        return next((digest for digest in found if digest), "")


def _moved(before: _Indexed, after: _Indexed) -> set[tuple[str, ...]]:
    """The items' quantities of which some implementation's bits, or the formula's, are others."""
    found = {
        (*implementation[:5], quantity)
        for implementation, entries in after.implementations.items()
        for quantity, entry in entries.items()
        if (first := before.implementations.get(implementation, {}).get(quantity)) is None
        or first.row.digest != entry.row.digest
    }
    return found | {(*key[:5], key[6]) for key, digest in after.truths.items() if before.truths.get(key) != digest}


def _quantities(earlier: Mapping[str, Entry], entries: Mapping[str, Entry]) -> list[str]:
    """Those of an implementation now, and, where it fails now, those it had before. One that gives results has no
    row without a quantity, which only says what became of a declaration. Results in inference have a row only where
    they are not the recorded ones, then or now.
    """
    named = [quantity for quantity in entries if quantity or len(entries) == 1 or entries[quantity].row.stage]
    lost = [quantity for quantity in earlier if quantity and _failure(entries)]
    inferred = [quantity for quantity in earlier if quantity.startswith(INFERRED)]
    return list(dict.fromkeys([*named, *lost, *inferred]))


def _entry(entries: Mapping[str, Entry], quantity: str) -> Entry | None:
    """What an implementation gave for a quantity, or how it failed. In inference, no row means the recorded result."""
    found = next((entries[each] for each in _named(quantity) if each in entries), None)
    return found or _failure(entries)


def _named(quantity: str) -> tuple[str, ...]:
    """A quantity, and for a result in inference those that the recorded one may be."""
    name = quantity.partition(":")[2]
    return (quantity, f"output:{name}", f"state:{name}") if quantity.startswith(INFERRED) else (quantity,)


def _failure(entries: Mapping[str, Entry]) -> Entry | None:
    return next((e for e in entries.values() if e.row.stage and not e.row.quantity.startswith(INFERRED)), None)


def _gone(before: _Indexed, after: _Indexed) -> Iterator[Change]:
    """The implementations that items had, and no longer have."""
    for implementation, entries in before.implementations.items():
        if implementation[:5] in after.inputs and implementation not in after.implementations:
            for quantity, entry in entries.items():
                yield _change(
                    GONE, GONE.needs, entry.row, quantity, old=entry.row.verdict, old_share=entry.row.error_ratio
                )


def _new(row: ResultRow, quantity: str, why: str) -> Change:
    found = NEW_RED if row.verdict in RED else NEW
    return _change(
        found, found.needs, row, quantity, new=row.verdict, new_share=row.error_ratio, detail=why or _said(row)
    )


class _Pair:
    """One result before and after. Where nothing of its item moved, only a declaration can have changed its verdict."""

    def __init__(
        self, before: _Indexed, after: _Indexed, first: Entry, last: Entry, quantity: str, by_declaration: bool
    ) -> None:
        self.first, self.last, self.quantity, self.by_declaration = first, last, quantity, by_declaration
        self.old, self.new = first.row, last.row
        self.same_truth = before.truth(self.old) == after.truth(self.new)
        self.moved = self.old.digest != self.new.digest
        self.was = state(self.old, before.own(self.old))
        self.now = state(self.new, after.own(self.new))

    def change(self) -> Change:
        old, new = self.old, self.new
        found, detail = self._class()
        ulps, at_most = self._ulps() if not old.stage and not new.stage and found is not RESHAPED else (None, False)
        by_itself = self.moved or old.stage or new.stage or found is UNSTEADY
        moved = new.framework if by_itself else "" if self.same_truth else REFERENCE
        if new.stage in OURS or old.stage in OURS:
            moved = ""
        # What is declared to be raised still is.
        reworded = found is OTHERWISE and new.verdict not in RED
        return _change(
            found, NOTHING if reworded else found.needs, new, self.quantity,
            old=old.verdict, new=new.verdict, old_share=old.error_ratio, new_share=new.error_ratio,
            ulps=ulps, at_most=at_most, moved="" if found is UNCHANGED else moved,
            truth=self._arbiter() if found is not UNCHANGED else "", detail=detail,
        )  # fmt: skip

    def _class(self) -> tuple[Class, str]:
        old, new = self.old, self.new
        if old.stage and new.stage and (_error(old) == _error(new) or _lacks_the_same(old, new)):
            return UNCHANGED, ""
        if old.stage or new.stage:
            return self._raised()
        unlike = (old.found, old.shape) != (new.found, new.shape)
        if not self.moved and not unlike:
            if self.same_truth and State.UNSTEADY not in (self.was, self.now):
                return self._declared()
            if self.was is self.now:
                return UNCHANGED, ""
        if unlike and self.now is not State.RIGHT and not new.found:
            return (BROKE if self.was is State.RIGHT else WORSE), "has no gradient any more (None)"
        if unlike and old.found and new.found and (self.was is State.RIGHT or self.now is not State.RIGHT):
            return RESHAPED, f"{old.found} {old.shape or 'scalar'} to {new.found} {new.shape or 'scalar'}"
        found, detail = decided(self.was, self.now, old, new)
        return found, detail or self._said(found)

    def _declared(self) -> tuple[Class, str]:
        """The class of what nothing moved in: a declaration, or the judge, can say otherwise of it."""
        if not self.by_declaration or (self.old.verdict in RED) == (self.new.verdict in RED):
            return UNCHANGED, ""
        because = "no result moved: it is declared or judged otherwise"
        if self.new.verdict in RED:
            return (RESTORED, self._said(RESTORED)) if self.now is State.RIGHT else (BROKE, because)
        return (RESTORED if self.now is State.RIGHT else UNCHANGED), because

    def _raised(self) -> tuple[Class, str]:
        """The class where one side, or both, gives an error in the place of a result."""
        old, new = self.old, self.new
        if new.stage == RESULT and not old.stage:
            return RESHAPED, _said(new)
        found, detail = decided(self.was, self.now, old, new)
        raised = f"raised {_said(old)}"
        if found is REMOVED:
            nearest = f"; the nearest name is {new.nearest}" if new.nearest else ""
            return found, f"{new.missing} is gone{nearest}"
        if found is RAISES:
            return found, _said(new)
        if found is OTHERWISE:
            return found, f"{_said(old)}; now {_said(new)}"
        if found is SILENT:
            return found, f"{raised}; now gives a wrong result{', as declared' if self.now is State.DECLARED else ''}"
        return found, detail or raised

    def _said(self, found: Class) -> str:
        """What the class alone does not say."""
        if found is BROKE and self.now is State.DECLARED:
            return "as it is declared to be wrong in this version"
        if found is BROKE and (self.was is State.DECLARED or self.new.verdict == UNEXPECTED):
            return "it is wrong in another way than declared"
        if found is RESTORED and self.new.verdict == UNEXPECTED:
            return stopped("what is declared to be wrong is right", "its case file")
        if found is UNSTEADY:
            return "computed twice from the same values, it gave different bits"
        if found is RESTORED and self.old.verdict == EXPECTED:
            return "no longer as the catalogue declared it"
        return ""

    def _ulps(self) -> tuple[float | None, bool]:
        old, new = self.old, self.new
        if not self.moved:
            return 0.0, False
        if old.max_ulp is None or new.max_ulp is None:
            return None, False
        if not self.same_truth:
            return old.max_ulp + new.max_ulp, True
        first, last = (
            np.zeros(1, np.int64) if entry.distances is None else entry.distances.astype(np.int64)
            for entry in (self.first, self.last)
        )
        return float(np.abs(last - first).max(initial=0)), False

    def _arbiter(self) -> str:
        old, new = self.old.error_ratio, self.new.error_ratio
        if old is None or new is None:
            return ""
        return SAME if old == new else NEARER if new < old else FURTHER


def _warnings(old: Snapshot, new: Snapshot) -> Iterator[Change]:
    for text, said in new.warnings.items():
        if text not in old.warnings:
            yield Change(
                WARNS.name, WARNS.needs, said.case, said.variant, said.dtype, said.device, said.mode,
                said.implementation, said.framework, "", moved=said.framework,
                detail=f"{said.category}: {said.message} (raised in {said.where})",
            )  # fmt: skip


def _change(found: Class, needs: str, row: ResultRow, quantity: str, **more: object) -> Change:
    return Change(
        found.name, needs, row.case, row.variant, row.dtype, row.device, row.mode, row.implementation, row.framework,
        quantity, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _said(row: ResultRow) -> str:
    return f"{row.error}: {row.message}".removeprefix(": ") if row.stage else ""


def _error(row: ResultRow) -> tuple[str, ...]:
    """What makes it the same error in another run."""
    return row.stage, row.error, row.missing, outline(row.message)


def _lacks_the_same(old: ResultRow, new: ResultRow) -> bool:
    """Whether both sides miss a name, in a module whose own name may be another: ``keras.api.ops``, ``keras.ops``."""
    return bool(new.missing) and old.missing.rpartition(".")[2] == new.missing.rpartition(".")[2]


def title(framework: str) -> str:
    """How a framework is called in text."""
    return FRAMEWORKS[framework].title if framework in FRAMEWORKS else "the formula" if framework == REFERENCE else ""
