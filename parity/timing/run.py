"""A timing run: the implementations of each item take turns, and their rows go to ``timings.csv`` as they come."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from ..catalog.case import Case
from ..catalog.frameworks import FRAMEWORKS
from ..plan.work import Item, Unit
from ..record.schema import TIMING_COLUMNS, TIMINGS, TIMINGS_ENVIRONMENT, TimingRow, heading, run_name
from ..record.write import append_rows, open_table, write_json, write_rows
from ..workers.local import Greeting
from ..workers.timing import FORWARD
from . import estimate
from .plan import size_of, timed_implementations
from .repeat import Found, Pair, compared
from .series import Series
from .turns import PROCESSES, Key, Participant, Turns, processors

DISTURBED = (
    "in {} blocks the process had less than 80 % of a processor, and in some process in all: either too much else is "
    "running on this machine, or the function waits instead of computing"
)


@dataclass(frozen=True)
class Timed:
    """What came of one item: its rows, and every block of each implementation and measure in seconds a call."""

    rows: Sequence[TimingRow]
    blocks: Mapping[tuple[str, str], Sequence[float]]

    @property
    def problems(self) -> list[TimingRow]:
        return [row for row in self.rows if row.problem]


@dataclass(frozen=True)
class Outcome:
    """What was measured of an item, and what the machine can reach."""

    case: Case
    found: Mapping[Key, Series]
    peak: Mapping[str, float]


Place = tuple[Item, str, str]
"""An item, an implementation and a measure."""


class TimingRun:
    """Times items on workers of its own.

    ``start`` begins, ``result`` times one item, ``finish`` settles the differences, ``close`` ends the workers.
    """

    def __init__(
        self,
        pythons: Mapping[str, str],
        *,
        seed: int = 0,
        threads: int = 1,
        processes: int = PROCESSES,
        timeout: float = 120.0,
        reports: Path | None = None,
    ) -> None:
        sides = {name: (name, pythons[name]) for name in FRAMEWORKS}
        self._turns = Turns(sides, threads=threads, processes=processes, timeout=timeout)
        self._began = time.time()
        self._reports = reports
        self._found: dict[Item, Outcome] = {}
        self._peaks: dict[tuple[str, str], dict[str, float]] = {}
        self._settled: Mapping[Place, Found] = {}
        self.name = run_name(self._began)
        self.seed, self.threads, self.processes = seed, threads, processes
        self.greetings: dict[str, Greeting] = {}

    def greet(self) -> dict[str, Greeting]:
        """Start the workers if they are not running yet. Raises ``StartError``."""
        if not self.greetings:
            self.greetings = self._turns.start()
        return self.greetings

    def start(self) -> None:
        """Start the workers, and the record, which replaces the one that was there."""
        self.greet()
        if self._reports is not None:
            self._reports.mkdir(parents=True, exist_ok=True)
            open_table(self._reports / TIMINGS, TIMING_COLUMNS).close()
            self._write_environment()

    def result(self, item: Item, case: Case) -> Timed:
        """Time the implementations of an item. Small differences are not told before ``finish`` has repeated them."""
        peak = self._peak(item.device, item.dtype)
        found = self._turns.time(self._participants(item, case))
        self._found[item] = Outcome(case, found, peak)
        rows = list(self._rows(item))
        blocks = {
            (p.unit.api, m): [b for own in s.counted for b in own] for (p, m), s in found.items() if not s.problem
        }
        if self._reports is not None:
            append_rows(self._reports / TIMINGS, rows)
        return Timed(rows, blocks)

    def finish(self) -> None:
        """Repeat small differences in fresh processes, and write all rows anew with what that has shown."""
        pairs = {
            (item, key[0].unit.api, key[1]): (outcome.found[key], outcome.found[against])
            for item, outcome in self._found.items()
            for key, against in _compared(outcome.found)
        }
        self._turns.stop()
        self._settled = compared(pairs, self._again)
        rows = self.rows
        if self._reports is not None:
            with open_table(self._reports / TIMINGS, TIMING_COLUMNS) as stream:
                write_rows(stream, rows)

    @property
    def rows(self) -> list[TimingRow]:
        """The rows of all items so far."""
        return [row for item in self._found for row in self._rows(item)]

    def close(self) -> None:
        self._turns.stop()
        self._write_environment()

    # ---------------------------------------------------------------------------------------------------------

    def _participants(self, item: Item, case: Case) -> list[Participant]:
        return [
            Participant(i.framework, Unit(item, i.framework, i.api, self.seed, mode=item.mode))
            for i in timed_implementations(case, size_of(case, item))
        ]

    def _again(self, wanted: list[Place]) -> dict[Place, Pair]:
        """The same pairs in fresh processes."""
        fresh: dict[Place, Pair] = {}
        self._turns.start()
        try:
            for item in dict.fromkeys(item for item, _, _ in wanted):
                outcome = self._found[item]
                pairs = [(k, a) for k, a in _compared(outcome.found) if (item, k[0].unit.api, k[1]) in wanted]
                named = {participant for pair in pairs for participant, _ in pair}
                seen = self._turns.time([p for p in self._participants(item, outcome.case) if p in named])
                for key, against in pairs:
                    if key in seen and against in seen and not seen[key].problem and not seen[against].problem:
                        fresh[item, key[0].unit.api, key[1]] = (seen[key], seen[against])
            return fresh
        finally:
            self._turns.stop()

    def _peak(self, device: str, dtype: str) -> dict[str, float]:
        """The most that any framework reaches on a device, measured once."""
        if (device, dtype) not in self._peaks:
            seen = [self._turns.peak(name, device, dtype) for name in FRAMEWORKS]
            best = {what: max((each.get(what, 0.0) for each in seen), default=0.0) for what in ("flops", "bytes")}
            self._peaks[device, dtype] = best
        return self._peaks[device, dtype]

    def _rows(self, item: Item) -> Iterator[TimingRow]:
        case, found, peak = (outcome := self._found[item]).case, outcome.found, outcome.peak
        compared_with = dict(_compared(found))
        for (participant, measure), first in found.items():
            api = participant.unit.api
            told = self._settled.get((item, api, measure))
            series = told.pair[0] if told is not None else first
            own = estimate.seconds(series)
            row = partial(
                TimingRow, run=self.name, case=item.case, size=size_of(case, item), variant=item.variant,
                dtype=item.dtype, device=item.device, mode=item.mode, implementation=api,
                framework=participant.unit.framework,
                version=str(self.greetings[participant.side].environment["version"]), measure=measure,
                threads=self.threads, processes=len(series.blocks), rounds=sum(map(len, series.counted)),
                disturbed=series.disturbed,
            )  # fmt: skip
            if series.problem or own is None:
                yield row(problem=series.problem or DISTURBED.format(series.disturbed))
                continue
            if measure == FORWARD:
                row = partial(row, **self._work(case, item, series, own.value, peak))
            against = compared_with.get((participant, measure))
            if against is not None:
                ratio = told.ratio if told is not None else estimate.ratio(first, found[against])
                if ratio is not None:
                    row = partial(
                        row, against=against[0].unit.api, ratio=ratio.value, ratio_low=ratio.low, ratio_high=ratio.high,
                        difference=told.difference if told is not None else "",
                    )  # fmt: skip
            yield row(
                seconds=own.value, low=own.low, high=own.high, first_seconds=median(series.first),
                peak_bytes=max(series.peak) if series.peak else None,
            )  # fmt: skip

    @staticmethod
    def _work(
        case: Case, item: Item, series: Series, seconds: float, peak: Mapping[str, float]
    ) -> dict[str, float | None]:
        """Achieved GFLOP/s and GB/s, and the share of the peak of what is nearer its peak."""
        multiply_adds = case.work_of(case.variant(item.variant))
        done = None if multiply_adds is None else 2 * multiply_adds * series.elements / seconds
        moved = series.moved / seconds if case.timing is not None and case.timing.moves else None
        rates = ((done, peak["flops"]), (moved, peak["bytes"]))
        shares = [rate / most for rate, most in rates if rate is not None and most]
        return {
            "gflops": None if done is None else done / 1e9,
            "gbytes": None if moved is None else moved / 1e9,
            "of_peak": max(shares, default=None),
        }

    def environment(self) -> dict[str, Any]:
        """Versions, settings and the machine, for ``timings.json``."""
        rows = self.rows
        return {
            **heading(self._began),
            "seed": self.seed,
            "threads": self.threads,
            "processes": self.processes,
            "machine": {
                "system": f"{platform.system()} {platform.machine()}",
                "processor": processor(),
                "cores": len(processors()),
            },
            "environments": {name: greeting.described for name, greeting in self.greetings.items()},
            "peaks": [
                {"device": device, "dtype": dtype, "gflops": best["flops"] / 1e9, "gbytes": best["bytes"] / 1e9}
                for (device, dtype), best in self._peaks.items()
            ],
            "items": len(self._found),
            "rows": len(rows),
            "problems": sum(bool(row.problem) for row in rows),
            "repeated": sum(found.repeated for found in self._settled.values()),
        }

    def _write_environment(self) -> None:
        if self._reports is not None:
            write_json(self._reports / TIMINGS_ENVIRONMENT, self.environment())


def _compared(found: Mapping[Key, Series]) -> list[tuple[Key, Key]]:
    """What is compared, and with what: the first implementation that could be timed."""
    first: dict[str, Key] = {}
    pairs = []
    for key, series in found.items():
        if not series.problem and estimate.seconds(series) is not None:
            against = first.setdefault(key[1], key)
            pairs += [(key, against)] if against != key else []
    return pairs


def processor() -> str:
    """What the system calls the processor."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
