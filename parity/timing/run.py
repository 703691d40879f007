"""A timing run: the implementations of each item take turns, and their rows go to ``timings.csv`` as they come."""

from __future__ import annotations

import csv
import json
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from statistics import median
from typing import IO, Any

from ..catalog.case import Case
from ..catalog.frameworks import FRAMEWORKS
from ..plan.work import Item, Unit
from ..record.schema import SCHEMA_VERSION, TIMING_COLUMNS, TIMINGS, TIMINGS_ENVIRONMENT, TimingRow
from ..record.write import write_rows
from ..workers.bench import FORWARD
from ..workers.local import Greeting
from . import estimate
from .plan import size_of, timed_implementations
from .series import Series
from .turns import PROCESSES, Key, Participant, Turns, processors

DISTURBED = "too much else was running: in {} blocks the process had less than its share of a processor"


@dataclass(frozen=True)
class Timed:
    """What came of one item: its rows, and every block of each implementation and measure in seconds a call."""

    rows: Sequence[TimingRow]
    blocks: Mapping[tuple[str, str], Sequence[float]]

    @property
    def problems(self) -> list[TimingRow]:
        return [row for row in self.rows if row.problem]


class TimingRun:
    """Times items on workers of its own. ``start`` begins, ``result`` times one item, ``close`` ends the workers."""

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
        self._reports, self._stream = reports, None
        self._peaks: dict[tuple[str, str], dict[str, float]] = {}
        self.name = datetime.fromtimestamp(self._began, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        self.seed, self.threads, self.processes = seed, threads, processes
        self.greetings: dict[str, Greeting] = {}
        self.items = self.rows = self.problems = 0

    _stream: IO[str] | None

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
            self._stream = (self._reports / TIMINGS).open("w", newline="", encoding="utf-8", errors="backslashreplace")
            csv.writer(self._stream, lineterminator="\n").writerow(TIMING_COLUMNS)
            self._write_environment()

    def result(self, item: Item, case: Case) -> Timed:
        """Time the implementations of an item."""
        participants = [
            Participant(i.framework, Unit(item, i.framework, i.api, self.seed, mode=item.mode))
            for i in timed_implementations(case, size_of(case, item))
        ]
        peak = self._peak(item.device, item.dtype)
        found = self._turns.time(participants)
        rows = list(self._rows(item, case, found, peak))
        blocks = {
            (p.unit.api, m): [b for own in s.counted for b in own] for (p, m), s in found.items() if not s.problem
        }
        self.items, self.rows = self.items + 1, self.rows + len(rows)
        self.problems += sum(bool(row.problem) for row in rows)
        if self._stream is not None:
            write_rows(self._stream, rows)
            self._stream.flush()
        return Timed(rows, blocks)

    def close(self) -> None:
        self._turns.stop()
        if self._stream is not None:
            self._write_environment()
            self._stream.close()

    # ---------------------------------------------------------------------------------------------------------

    def _peak(self, device: str, dtype: str) -> dict[str, float]:
        """The most that any framework reaches on a device, measured once."""
        if (device, dtype) not in self._peaks:
            seen = [self._turns.peak(name, device, dtype) for name in FRAMEWORKS]
            best = {what: max((each.get(what, 0.0) for each in seen), default=0.0) for what in ("flops", "bytes")}
            self._peaks[device, dtype] = best
        return self._peaks[device, dtype]

    def _rows(
        self, item: Item, case: Case, found: Mapping[Key, Series], peak: Mapping[str, float]
    ) -> Iterator[TimingRow]:
        against: dict[str, tuple[str, Series]] = {}
        for (participant, measure), series in found.items():
            own = estimate.seconds(series)
            row = partial(
                TimingRow, run=self.name, case=item.case, size=size_of(case, item), variant=item.variant,
                dtype=item.dtype, device=item.device, mode=item.mode, implementation=participant.unit.api,
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
            name, other = against.setdefault(measure, (participant.unit.api, series))
            ratio = estimate.ratio(series, other) if other is not series else None
            if ratio is not None:
                row = partial(
                    row, against=name, ratio=ratio.value, ratio_low=ratio.low, ratio_high=ratio.high,
                    difference=ratio.difference(),
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
        return {
            "schema": SCHEMA_VERSION,
            "run": self.name,
            "began": datetime.fromtimestamp(self._began, timezone.utc).isoformat(timespec="seconds"),
            "seconds": round(time.time() - self._began, 3),
            "seed": self.seed,
            "threads": self.threads,
            "processes": self.processes,
            "machine": {
                "system": f"{platform.system()} {platform.machine()}",
                "processor": processor(),
                "cores": len(processors()),
            },
            "environments": {
                name: {**greeting.environment, "devices": list(greeting.devices)}
                for name, greeting in self.greetings.items()
            },
            "peaks": [
                {"device": device, "dtype": dtype, "gflops": best["flops"] / 1e9, "gbytes": best["bytes"] / 1e9}
                for (device, dtype), best in self._peaks.items()
            ],
            "items": self.items,
            "rows": self.rows,
            "problems": self.problems,
        }

    def _write_environment(self) -> None:
        assert self._reports is not None
        text = json.dumps(self.environment(), indent=2, ensure_ascii=False) + "\n"
        (self._reports / TIMINGS_ENVIRONMENT).write_text(text, encoding="utf-8")


def processor() -> str:
    """What the system calls the processor."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
