"""Taking named changes into the baseline, or into ``expectations.toml``. What is written is shown first."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..catalog.frameworks import REFERENCE
from ..record.results import Key
from .classes import BY_NAME, UNCHANGED, WARNS
from .compare import Change, Comparison
from .expectations import Expectation, like, text
from .snapshot import Entry, Snapshot

ACCEPTED = "accepted.csv"
ACCEPTED_COLUMNS = (
    "date", "change", "item", "implementation", "quantity", "old_version", "new_version", "old", "new", "old_share",
    "new_share", "ulps", "owner", "reason",
)  # fmt: skip


class AcceptError(Exception):
    """What was named cannot be accepted. The message says why."""


@dataclass(frozen=True)
class Named:
    """What the command line names: a class of change, empty for any, and a pattern of items."""

    change: str
    pattern: str

    def matches(self, change: Change) -> bool:
        return self.change in ("", change.change) and like(self.pattern, change.item, change.case)


def named(given: str) -> Named:
    """``drifted: conv2d*`` names a class and items, ``conv2d*`` items, ``drifted`` a class. Raises ``AcceptError``."""
    change, _, pattern = given.rpartition(": ")
    if change and change not in BY_NAME:
        raise AcceptError(f"{given!r}: no class of change is called {change!r}: {', '.join(BY_NAME)}")
    return Named(given, "*") if given in BY_NAME else Named(change, pattern)


def choose(names: Sequence[Named], changes: Sequence[Change]) -> list[Change]:
    """The changes that are named. Raises ``AcceptError`` for a name that fits none."""
    found = [change for change in changes if change.change != UNCHANGED.name]
    for name in names:
        if not any(name.matches(change) for change in found):
            said = f"{name.change}: {name.pattern}".removeprefix(": ")
            raise AcceptError(f"{said!r} names no change of the last gate: gate.csv lists them")
    return [change for change in found if any(name.matches(change) for name in names)]


def into_baseline(old: Snapshot, new: Snapshot, found: Comparison, chosen: Sequence[Change]) -> Snapshot:
    """The old snapshot with the chosen changes' new results. Raises ``AcceptError`` where they cannot stand alone.

    Where the formula's own results are others, an item's results can be taken over together only.
    """
    places = {_place(change) for change in chosen}
    items = {place[:5] for place in places}
    taken: dict[Key, Entry] = {}
    whole = set()
    before, after = _formulas(old), _formulas(new)
    for item in items:
        if before.get(item) != after.get(item):
            rest = [c for c in found.changes if _place(c)[:5] == item and c.change != UNCHANGED.name]
            if any(change not in chosen for change in rest):
                raise AcceptError(f"{rest[0].item}: the formula's results are others, too: accept the whole item")
            whole.add(item)
    for key, entry in old.results.items():
        if key[:5] not in whole and key[:6] not in places:
            taken[key] = entry
    for key, entry in new.results.items():
        if key[:5] in whole or key[:6] in places:
            taken[key] = entry
    said = {text: warning for text, warning in new.warnings.items() if text not in old.warnings}
    kept = {c.detail for c in chosen if c.change == WARNS.name}
    accepted = {text: w for text, w in said.items() if any(w.message in detail for detail in kept)}
    everything = len(chosen) == sum(change.change != UNCHANGED.name for change in found.changes)
    warnings = {**old.warnings, **accepted}
    if everything and not found.missing:
        return replace(new, folder=old.folder, warnings=warnings)
    return replace(old, results=_sorted(taken), warnings=warnings)


def as_expectations(chosen: Sequence[Change], like_all: Expectation) -> list[Expectation]:
    """An entry for each class and operation among the changes, with the owner, reason and end of ``like_all``."""
    made = {
        (change.change, change.case, change.implementation): replace(
            like_all, change=change.change, case=change.case, framework=change.framework,
            implementation=change.implementation,
        )
        for change in chosen
    }  # fmt: skip
    return list(made.values())


def difference(chosen: Sequence[Change]) -> Iterator[str]:
    """What will be different, as the lines of a diff."""
    for change in chosen:
        place = f"{change.item} {change.implementation} {change.quantity}".rstrip()
        if change.old:
            yield f"- {place}: {_state(change.old, change.old_share)}"
        ulps = f", {change.ulps:g} ulp apart" if change.ulps else ""
        yield f"+ {place}: {_state(change.new, change.new_share)}{ulps} ({change.change})"


def log(path: Path, chosen: Sequence[Change], old: Snapshot, new: Snapshot, day: str, owner: str, reason: str) -> str:
    """The text of ``accepted.csv`` with the chosen changes behind those that are there: what a reviewer reads."""
    stream = io.StringIO(newline="")
    stream.write(path.read_text(encoding="utf-8") if path.exists() else ",".join(ACCEPTED_COLUMNS) + "\n")
    writer = csv.writer(stream, lineterminator="\n")
    for change in chosen:
        writer.writerow([
            day, change.change, change.item, change.implementation, change.quantity, old.version(change.framework),
            new.version(change.framework), change.old, change.new, _short(change.old_share), _short(change.new_share),
            _short(change.ulps), owner, reason,
        ])  # fmt: skip
    return stream.getvalue()


def added(expectations: Sequence[Expectation], before: str) -> str:
    """The text of ``expectations.toml`` with more entries."""
    return f"{before.rstrip()}\n\n{text(expectations)}".lstrip()


def _place(change: Change) -> tuple[str, ...]:
    return change.case, change.variant, change.dtype, change.device, change.mode, change.implementation


def _formulas(snapshot: Snapshot) -> dict[tuple[str, ...], dict[str, str]]:
    """The digests of the formula's results, by item."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for key, entry in snapshot.results.items():
        if key[5] == REFERENCE:
            found.setdefault(key[:5], {})[key[6]] = entry.row.digest
    return found


def _sorted(results: dict[Key, Entry]) -> dict[Key, Entry]:
    """An item's rows together, the formula's first, as readers expect them."""
    order = {item: number for number, item in enumerate(dict.fromkeys(key[:5] for key in results))}
    return dict(sorted(results.items(), key=lambda pair: (order[pair[0][:5]], pair[0][5] != REFERENCE)))


def _state(verdict: str, share: float | None) -> str:
    return verdict if share is None else f"{verdict}, share {share:.3g}"


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
