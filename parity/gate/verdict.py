"""What the gate says at the end: changes, what needs a person, and the exit status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..catalog.frameworks import FRAMEWORKS, REFERENCE
from ..judge.row import EXPECTED, RED
from .classes import (
    BROKE,
    CLASSES,
    DRIFTED,
    IMPROVEMENT,
    NEW,
    NOTHING,
    RANK,
    REGRESSION,
    SILENT,
    UNCHANGED,
    WARNS,
    WORSE,
)
from .compare import Change, title
from .expectations import Stale
from .snapshot import Snapshot
from .used import Use

NOTHING_TO_DO, REGRESSED, TO_ACCEPT = 0, 1, 2
"""The exit statuses of a verdict: nothing that needs a person; a regression; only improvements or stale expectations.

Without a verdict it is ``NO_VERDICT``."""

MOST = 10
"""Changes that the summary shows."""

SETTINGS = (
    "system",
    "version",
    "keras",
    "python",
    "numpy",
    "threads",
    "onednn",
    "xla",
    "mkldnn",
    "tf32",
    "cpu_capability",
    "cuda",
    "cudnn",
    "gpus",
)


AWAY = {BROKE.name, WORSE.name, SILENT.name}
"""The classes of results that moved away from the truth."""

PARTS = {"tensorflow": {"TensorFlow": "version", "Keras": "keras"}}
"""The parts of a framework that have versions of their own, and where its environment reports them."""


class NoVerdictError(Exception):
    """The gate cannot judge. The message says why and what to do."""


@dataclass(frozen=True)
class Group:
    """Changes of one class in one implementation of an operation, shown as one line with an example."""

    changes: Sequence[Change]

    @property
    def example(self) -> Change:
        return max(self.changes, key=_size)

    @property
    def needs(self) -> str:
        return next((change.needs for change in self.changes if change.needs), NOTHING)


@dataclass(frozen=True)
class Share:
    """How many of the catalogue's items were compared."""

    compared: int
    whole: int

    @property
    def is_complete(self) -> bool:
        return self.compared >= self.whole

    def __str__(self) -> str:
        return f"{self.compared:,} of {self.whole:,} items"


@dataclass(frozen=True)
class Verdict:
    """The outcome of a gate. ``command`` reproduces a node id of the catalogue when it is put behind it.

    ``used`` are the implementations (case, API path) that the code of interest uses, and by which functions; ``None``
    where no code was named.
    """

    old: Snapshot
    new: Snapshot
    changes: Sequence[Change]
    share: Share
    stale: Sequence[Stale] = ()
    command: str = ""
    notes: Sequence[str] = ()
    used: Mapping[tuple[str, str], Sequence[Use]] | None = None

    @property
    def status(self) -> int:
        needs = {change.needs for change in self.changes}
        if REGRESSION in needs:
            return REGRESSED
        return TO_ACCEPT if IMPROVEMENT in needs or self.stale else NOTHING_TO_DO

    @property
    def headline(self) -> str:
        """The verdict in words: what was upgraded, whether that is safe, and how much was run."""
        return f"{self.upgrade}: {self.judgement}"

    @property
    def upgrade(self) -> str:
        """The versions that differ, such as ``PyTorch 2.13.0 to 2.14.1``."""
        moved = [f"{part} {old} to {new}" for part, old, new in self.upgraded]
        if moved:
            return ", ".join(moved)
        return ", ".join(f"{part} {new}" for part, _, new in self.parts) + ", as before"

    @cached_property
    def parts(self) -> list[tuple[str, str, str]]:
        """The frameworks, and parts of one, with both versions."""
        return list(_parts(self.old, self.new))

    @cached_property
    def upgraded(self) -> list[tuple[str, str, str]]:
        """The frameworks, and parts of one, whose versions differ, with both versions."""
        return [(part, old, new) for part, old, new in self.parts if old != new]

    @property
    def judgement(self) -> str:
        """Whether it is safe, and how much was run."""
        regressions = sum(change.needs == REGRESSION for change in self.changes)
        improvements = sum(change.needs == IMPROVEMENT for change in self.changes)
        if regressions:
            return f"not safe as it is: {_many(regressions, 'change')} for the worse, in {self.share}"
        ran = "safe" if self.share.is_complete else f"safe for what was run, {self.share}"
        whole = f" ({self.share})" if self.share.is_complete else ""
        if improvements or self.stale:
            parts = [_many(improvements, "improvement")] if improvements else []
            parts += [_many(len(self.stale), "expectation") + " out of date"] if self.stale else []
            return f"{ran}, and to be accepted: {', '.join(parts)}{whole}"
        return f"{ran}: nothing that needs a person{whole}"

    @cached_property
    def sentence(self) -> str:
        """Drift against regression: how many results have other bits, and how many operations are further off."""
        drifted = [c for c in self.changes if c.change == DRIFTED.name]
        right = [c for c in drifted if c.new not in RED and c.new != EXPECTED]
        worse = {change.case for change in self.changes if change.change in AWAY}
        dtypes = sorted({change.dtype for change in right})
        formats = " and ".join(dtypes) if len(dtypes) <= 2 else "their formats"
        within = f", all within what {formats} {'permits' if len(dtypes) == 1 else 'permit'}" if right else ""
        wrong, accepted = len(drifted) - len(right), sum(bool(change.expectation) for change in self.changes)
        parts = [
            f"{_many(len(right), 'right result', 'has', 'have')} other bits{within}",
            f"{_many(len(worse), 'operation')} moved away from the truth",
        ]
        if wrong:
            parts.append(f"{_many(wrong, 'result')} that {'was' if wrong == 1 else 'were'} wrong before changed")
        if accepted:
            parts.append(f"{_many(accepted, 'change', 'is', 'are')} accepted by expectations")
        return "; ".join(parts)

    @property
    def here(self) -> str:
        """How many of the operations that changed the named code uses; empty where no code was named."""
        if self.used is None:
            return ""
        changed = {(c.case, c.implementation) for c in self.changes if c.change not in (UNCHANGED.name, NEW.name)}
        operations = {case for case, _ in changed}
        touched = {case for case, api in changed if (case, api) in self.used}
        verb = "is" if len(touched) == 1 else "are"
        return f"{len(touched):,} of the {_many(len(operations), 'operation')} that changed {verb} used here"

    def places(self, change: Change) -> str:
        """Where the named code uses what a change concerns."""
        uses = (self.used or {}).get((change.case, change.implementation), ())
        return ", ".join(f"{use.name} in {use.places[0]}{'' if use.certain else ' (may be)'}" for use in uses[:3])

    def mover(self, change: Change) -> str:
        """Who changed a result, in words; empty where it did not move, or where the harness failed."""
        if not change.moved:
            return ""
        if change.moved == REFERENCE:
            return "the formula moved"
        own = [part for part, *_ in self.upgraded if part in _titles(change.moved)]
        if not own:
            return f"{title(change.moved)} has the same version as before"
        return f"{' or '.join(own)} moved"

    @cached_property
    def counts(self) -> dict[str, int]:
        """Results by class of change, the gravest first; the classes that are there, and ``unchanged``."""
        found = Counter(change.change for change in self.changes)
        return {each.name: found[each.name] for each in CLASSES if found[each.name] or each is UNCHANGED}

    @cached_property
    def operations(self) -> dict[str, int]:
        """Each operation's variant, dtype and quantity once, in the gravest class of its implementations."""
        gravest: dict[tuple[str, str], str] = {}
        for change in self.changes:
            place = (change.item, change.quantity)
            if change.change != WARNS.name and RANK[change.change] < RANK[gravest.get(place, UNCHANGED.name)]:
                gravest[place] = change.change
            gravest.setdefault(place, change.change)
        found = Counter(gravest.values())
        return {each.name: found[each.name] for each in CLASSES if found[each.name]}

    @cached_property
    def groups(self) -> list[Group]:
        """Everything that changed, the most important first: what needs a person, by class, then by size."""
        found: dict[tuple[str, ...], list[Change]] = {}
        for change in self.changes:
            if change.change != UNCHANGED.name:
                text = change.detail if change.change == WARNS.name else ""
                key = (change.change, change.case, change.implementation, change.expectation, text)
                found.setdefault(key, []).append(change)
        groups = [Group(changes) for changes in found.values()]
        return sorted(groups, key=self._importance)

    def _importance(self, group: Group) -> tuple[Any, ...]:
        """What the named code uses comes first, then what needs a person, by class and by size."""
        change, needs = group.example, (REGRESSION, IMPROVEMENT, NOTHING)
        used = (change.case, change.implementation) in (self.used or {})
        return not used, needs.index(group.needs), RANK[change.change], _negated(_size(change))

    def reproduce(self, change: Change) -> str:
        """The command that compares one item again."""
        return f"{self.command} '{self.file(change)}::{change.item}'"

    def file(self, change: Change) -> str:
        """The case file of a change."""
        return self.new.files.get(change.case) or self.old.files.get(change.case, "cases")

    def environments(self) -> Iterator[tuple[str, str, str, str]]:
        """What differs between the environments: framework, setting, old, new."""
        before, after = _environments(self.old), _environments(self.new)
        for name in dict.fromkeys([*before, *after]):
            one, other = before.get(name, {}), after.get(name, {})
            for setting in dict.fromkeys([*one, *other]):
                values = str(one.get(setting, "")), str(other.get(setting, ""))
                if values[0] != values[1] and setting in SETTINGS:
                    yield name, setting, *values


def _titles(framework: str) -> dict[str, str]:
    """The titles of a framework's parts, with the key of each version in its environment."""
    return PARTS.get(framework, {FRAMEWORKS[framework].title: "version"})


def _parts(old: Snapshot, new: Snapshot) -> Iterator[tuple[str, str, str]]:
    """Every framework and part of one with its old and its new version."""
    before, after = old.environment["environments"], new.environment["environments"]
    for framework in FRAMEWORKS:
        for part, key in _titles(framework).items():
            versions = [str(side.get(framework, {}).get(key, "")) for side in (before, after)]
            if any(versions):
                yield part, versions[0], versions[1]


def _size(change: Change) -> tuple[float, float]:
    """How much more of the allowance is used, and how far the bits moved."""
    return (change.new_share or 0.0) - (change.old_share or 0.0), change.ulps or 0.0


def _negated(size: tuple[float, float]) -> tuple[float, float]:
    return -size[0], -size[1]


def _many(count: int, what: str, is_one: str = "", are_more: str = "") -> str:
    """A number of things, with the verb that fits the number."""
    return f"{count:,} {what} {is_one}".rstrip() if count == 1 else f"{count:,} {what}s {are_more}".rstrip()


def _environments(snapshot: Snapshot) -> dict[str, Mapping[str, Any]]:
    """The settings of each framework's environment, and of the machine."""
    return {**snapshot.environment["environments"], "machine": snapshot.environment.get("machine", {})}
