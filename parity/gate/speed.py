"""Slower or faster: two versions of one framework timed in turns, on the timed cases.

A change is told only when its interval lies beyond the margin, and a repeat in fresh processes says the same. It needs
a person only when it costs something: microseconds of one call decide no upgrade.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import inf

from ..catalog.case import Case
from ..catalog.frameworks import FRAMEWORKS
from ..plan.work import Item, Unit
from ..timing.estimate import FASTER as LESS
from ..timing.estimate import SAME, seconds
from ..timing.plan import size_of, timed_implementations
from ..timing.repeat import Found, Pair, compared
from ..timing.series import Series
from ..timing.turns import Participant, Precision, Turns
from ..workers.local import StartError
from .classes import FASTER, NOTHING, SLOWER
from .compare import Change

MARGIN = 0.05

FLOOR = 20e-6
"""Seconds that a call must take longer for a person to be needed."""

SHARE = 1e-3
"""Of the time of all timed calls of its size: what a call must take longer, too."""

PRECISION = Precision(seconds=0.5, at_most=2.5, narrow=0.025)
"""An interval must be narrower than the margin to lie beyond it."""

OLD, NEW = "old", "new"

Key = tuple[Unit, str]
"""A unit and what is timed of it: ``forward`` or ``forward+backward``."""


def speed(
    old: Mapping[str, str],
    new: Mapping[str, str],
    items: Iterable[tuple[Item, Case]],
    seed: int,
    margin: float = MARGIN,
    say: Callable[[str], None] = lambda text: None,
) -> list[Change]:
    """The changes of speed, each confirmed. ``old`` and ``new`` name the interpreters of the frameworks that differ.

    Raises ``StartError`` when a worker does not start.
    """
    timed = list(items)
    changes: list[Change] = []
    for framework in old if timed else ():
        sides = {OLD: (framework, old[framework]), NEW: (framework, new[framework])}
        units = [unit for item, case in timed for unit in _units(framework, item, case, seed)]

        def again(keys: list[Key], sides: Mapping[str, tuple[str, str]] = sides) -> dict[Key, Pair]:
            say(f"timing {len(keys)} differences again, in fresh processes")
            return _time(sides, list(dict.fromkeys(unit for unit, _ in keys)))

        say(f"timing {len(timed)} items of {FRAMEWORKS[framework].title} in turns")
        found = compared(_time(sides, units), again, margin=margin, clear=inf)
        totals: dict[str, float] = defaultdict(float)
        sizes = {item: size_of(case, item) for item, case in timed}
        for (unit, _), each in found.items():
            totals[sizes[unit.item]] += _old_seconds(each)
        changes += [
            _change(key, each, totals[sizes[key[0].item]]) for key, each in found.items() if each.difference != SAME
        ]
    return changes


def _units(framework: str, item: Item, case: Case, seed: int) -> list[Unit]:
    chosen = timed_implementations(case, size_of(case, item))
    return [Unit(item, i.framework, i.api, seed) for i in chosen if i.framework == framework]


def _time(sides: Mapping[str, tuple[str, str]], units: Sequence[Unit]) -> dict[Key, Pair]:
    """The new and the old series of each unit and measure that could be timed on both sides."""
    turns = Turns(sides, precision=PRECISION)
    found: dict[Key, Pair] = {}
    turns.start()
    try:
        for unit in units:
            old, new = (Participant(side, unit) for side in (OLD, NEW))
            found |= dict(_pairs(unit, turns.time([old, new]), old, new))
    finally:
        turns.stop()
    return found


def _pairs(
    unit: Unit, seen: Mapping[tuple[Participant, str], Series], old: Participant, new: Participant
) -> Iterator[tuple[Key, Pair]]:
    for (participant, measure), series in seen.items():
        other = seen.get((old, measure))
        if participant == new and measure and other is not None and not series.problem and not other.problem:
            yield (unit, measure), (series, other)


def weighs(added: float, total: float) -> bool:
    """Whether so many seconds more in one call need a person, where all timed calls of its size take ``total``."""
    return added >= FLOOR and added >= SHARE * total


def _old_seconds(found: Found) -> float:
    estimate = seconds(found.pair[1])
    return 0.0 if estimate is None else estimate.value


def _change(key: Key, found: Found, total: float) -> Change:
    (unit, measure), item, whole = key, key[0].item, found.ratio
    kind, old = FASTER if found.difference == LESS else SLOWER, _old_seconds(found)
    added = old * (whole.value - 1)
    little = kind is SLOWER and not weighs(added, total)
    told = f", {added / total:.2%} of all timed calls of its size" if total else ""
    detail = (
        f"{measure}: {whole.value:.3g} times the time ({whole.low:.3g} to {whole.high:.3g}), {_time_text(old)} to "
        f"{_time_text(old + added)}{told}, confirmed in fresh processes{'; too little to matter' if little else ''}"
    )
    return Change(
        kind.name, NOTHING if little else kind.needs, item.case, item.variant, item.dtype, item.device, item.mode,
        unit.api, unit.framework, measure, moved=unit.framework, detail=detail,
    )  # fmt: skip


def _time_text(value: float) -> str:
    return f"{value * 1e6:.3g} µs" if value < 1e-3 else f"{value * 1e3:.3g} ms"


__all__ = ["MARGIN", "StartError", "speed"]
