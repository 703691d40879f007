"""Slower or faster: two versions of one framework timed side by side, in short rounds that take turns.

The interval of a ratio is that of its rounds; it tells a difference only when all of it lies beyond the margin, and a
repeat in fresh processes says the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..catalog.case import Case
from ..plan.work import Item, Unit
from ..workers.local import LocalEngine, StartError
from .classes import FASTER, SLOWER
from .compare import Change

ROUNDS = 6
"""Six rounds that all lie on one side of the median have a chance of 3 % each way; the repeat squares it."""

MARGIN = 0.05

Key = tuple[Unit, str]
"""A unit and what is timed of it: ``forward`` or ``forward+backward``."""


@dataclass(frozen=True)
class Ratio:
    """New time divided by old time in each round."""

    rounds: Sequence[float]
    old_seconds: float
    new_seconds: float

    def differs(self, margin: float) -> int:
        """1 for slower, -1 for faster, 0 for no difference."""
        if min(self.rounds) > 1 + margin:
            return 1
        return -1 if max(self.rounds) < 1 / (1 + margin) else 0


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
    units = [
        Unit(item, implementation.framework, implementation.api, seed, timed=True)
        for item, case in items
        for implementation in case.implementations
        if implementation.framework in old
    ]
    say(f"timing {len(units)} implementations side by side")
    first = _ratios(old, new, units)
    suspected = {key: ratio for key, ratio in first.items() if ratio.differs(margin)}
    if not suspected:
        return []
    say(f"timing {len(suspected)} differences again, in fresh processes")
    second = _ratios(old, new, [unit for unit in units if any(unit == key[0] for key in suspected)])
    return [
        _change(key, ratio, second[key])
        for key, ratio in suspected.items()
        if key in second and ratio.differs(margin) == second[key].differs(margin)
    ]


def _ratios(old: Mapping[str, str], new: Mapping[str, str], units: Sequence[Unit]) -> dict[Key, Ratio]:
    """Time every unit in both versions, a round of both after the other, on otherwise idle workers."""
    best: list[dict[Key, list[float]]] = [defaultdict(list), defaultdict(list)]
    for framework, own in groupby(sorted(units, key=lambda unit: unit.framework), lambda unit: unit.framework):
        engines = [LocalEngine(dict(side)) for side in (old, new)]
        try:
            for engine in engines:
                engine.start([framework])
            for unit in own:
                for number in range(ROUNDS):
                    # The first after a pause is at a disadvantage: the sides take turns in it.
                    for side in (0, 1) if number % 2 else (1, 0):
                        seen = engines[side].submit(unit).result()
                        for measure, seconds in seen.timings.items():
                            best[side][unit, measure].append(min(seconds))
        finally:
            for engine in engines:
                engine.stop()
    return {
        key: Ratio([b / a for a, b in zip(times, best[1][key], strict=True)], min(times), min(best[1][key]))
        for key, times in best[0].items()
        if len(times) == len(best[1][key]) == ROUNDS
    }


def _change(key: Key, first: Ratio, second: Ratio) -> Change:
    unit, measure = key
    item = unit.item
    found = SLOWER if first.differs(0) > 0 else FASTER
    rounds = [*first.rounds, *second.rounds]
    detail = (
        f"{measure}: {min(rounds):.3g} to {max(rounds):.3g} times the time in {len(rounds)} rounds, "
        f"{_time(first.old_seconds)} to {_time(first.new_seconds)}, confirmed in fresh processes"
    )
    return Change(
        found.name, found.needs, item.case, item.variant, item.dtype, item.device, item.mode, unit.api, unit.framework,
        measure, moved=unit.framework, detail=detail,
    )  # fmt: skip


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.3g} µs" if seconds < 1e-3 else f"{seconds * 1e3:.3g} ms"


__all__ = ["MARGIN", "StartError", "speed"]
