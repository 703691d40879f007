"""A run: the plan's items go to the workers a little ahead of the judge, and rows go to the record as they come."""

from __future__ import annotations

import platform
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from statistics import median
from typing import Any

from .catalog.case import Case
from .catalog.dtypes import Array
from .catalog.frameworks import FRAMEWORKS, REFERENCE
from .catalog.known import Tolerance
from .catalog.load import Broken, catalogue_digest, display
from .judge.judge import Context, judge
from .judge.row import ERROR, RED, VERDICTS, Row
from .judge.wrong import Alternatives
from .plan.reproduction import Reproduction
from .plan.work import CLOSER, Instead, Item, Unit, repeated, units, untimed
from .record.results import result_rows
from .record.schema import AskedRow, QuickRow, WarningRow, heading, run_name
from .record.write import RecordWriter
from .report.causes import Failures, RootCause
from .report.declared import declared
from .workers.asked import CALL
from .workers.local import Engine, Greeting
from .workers.memory import peak_bytes
from .workers.protocol import Observation, Result
from .workers.timing import BOTH, FORWARD

AHEAD = 48
"""Items that are with the workers before the judge has come to them."""


CHANGING = 60.0
"""Seconds of a run in which formulas are run with other parameters, to find the cause of an error."""


@dataclass
class Totals:
    """What the summary counts."""

    items: int = 0
    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    worst_ratio: float = 0.0
    worst_row: Row | None = None

    def add(self, rows: Iterable[Row]) -> None:
        self.items += 1
        for row in rows:
            self.verdicts[row.verdict] += 1
            if row.verdict == "pass" and row.error_ratio is not None and row.error_ratio > self.worst_ratio:
                self.worst_ratio, self.worst_row = row.error_ratio, row

    @property
    def at_parity(self) -> bool:
        return self.items > 0 and not any(self.verdicts[verdict] for verdict in RED)


@dataclass
class Cost:
    """What one environment's units took: see ``Observation``."""

    units: int = 0
    framework_seconds: float = 0.0
    harness_seconds: float = 0.0
    peak_bytes: int = 0

    def add(self, seen: Observation) -> None:
        self.units += 1
        self.framework_seconds += seen.framework_seconds
        self.harness_seconds += seen.harness_seconds
        self.peak_bytes = max(self.peak_bytes, seen.peak_bytes)


@dataclass(frozen=True)
class Judged:
    """What came of one item."""

    rows: Sequence[Row]
    timings: Sequence[QuickRow]
    observations: Mapping[str, Observation]

    @property
    def red(self) -> list[Row]:
        return [row for row in self.rows if row.verdict in RED]


class Run:
    """One run over an engine.

    ``on_gpu`` says of cases where they have run on a GPU before; the record repeats it.
    ``start`` begins with the items in the order in which ``result`` will be asked for them; asking for an item
    out of order, or for one that was not announced, works too. ``close`` ends the workers and completes the record.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        seed: int = 0,
        tolerance: Tolerance | None = None,
        reports: Path | None = None,
        arrays: bool = False,
        reproduction: Reproduction | None = None,
        on_gpu: Mapping[str, str] | None = None,
    ) -> None:
        self._engine = engine
        self._reports, self._arrays = reports, arrays
        self._writer: RecordWriter | None = None
        self._began = time.time()
        self._waiting: deque[tuple[Item, Case]] = deque()
        self._submitted: dict[Item, list[tuple[Unit, Future[Observation]]]] = {}
        self._begun: set[Item] = set()
        self._declared: set[str] = set()
        self._repeated: set[Item] = set()
        self.seed = seed
        self.tolerance = tolerance
        self.reproduction = reproduction or Reproduction()
        self._on_gpu = on_gpu or {}
        self.name = run_name(self._began)
        self.greetings: dict[str, Greeting] = {}
        self.totals = Totals()
        self._failures = Failures()
        self._called: dict[tuple[str, str], set[str]] = {}
        self.costs: dict[str, Cost] = {}
        self.judge_seconds = 0.0
        self._changing_seconds = 0.0
        self._timed: set[str] = set()
        self._untimed: dict[str, str] = {}
        self.planned = 0
        self._broken: list[str] = []
        self._files: dict[str, str] = {}

    def greet(self) -> dict[str, Greeting]:
        """Start the workers if they are not running yet. Raises ``StartError``."""
        if not self.greetings:
            self.greetings = self._engine.start([REFERENCE, *FRAMEWORKS])
        return self.greetings

    def start(self, items: Iterable[tuple[Item, Case]]) -> None:
        """Start the workers, and the record, which replaces the one that was there.

        Raises ``StartError`` and ``OSError``.
        """
        self.greet()
        self._open()
        self._waiting.extend(items)
        self.planned = len(self._waiting)
        self._files = {item.case: item.file for item, _ in self._waiting}
        self._repeated = repeated((item for item, _ in self._waiting), self.seed)
        self.write_environment()

    def result(self, item: Item, case: Case) -> Judged:
        """Wait for an item's observations and judge them."""
        if item not in self._submitted:
            self._submit(item, case)
        while self._waiting and len(self._submitted) < AHEAD:
            following = self._waiting.popleft()
            if following[0] not in self._begun:
                self._submit(*following)
        answers = [(unit, future.result()) for unit, future in self._submitted.pop(item)]
        observations = {unit.name: seen for unit, seen in answers}
        start = time.thread_time()
        rows = judge(case, item, observations, self._context(), self._alternatives(item), partial(self._closer, item))
        timings = [row for unit, seen in answers for row in self._timings(unit, seen)]
        self._count_timed(case, item, timings)
        for unit, seen in answers:
            self.costs.setdefault(unit.framework, Cost()).add(seen)
        for unit, seen in answers:
            names = {asked.name for asked in seen.asked if asked.kind == CALL}
            self._called.setdefault((item.case, unit.api), set()).update(names)
        self._keep(rows, timings)
        self._keep_declaration(item, case)
        self._keep_results(case, item, observations, rows, answers)
        self.judge_seconds += time.thread_time() - start
        return Judged(rows, timings, observations)

    def broken(self, broken: Broken) -> Row:
        """Record a declaration that cannot run."""
        reason = f"{broken.where}: {broken.message}"
        self._broken.append(reason)
        row = Row(run=self.name, case=broken.case, verdict=ERROR, reason=reason, seed=self.seed)
        self._keep([row], [])
        return row

    def causes(self) -> list[RootCause]:
        """The root causes of what has failed so far."""
        return self._failures.causes(self._called)

    def close(self) -> None:
        self._engine.stop()
        if self._writer is not None:
            self.write_environment()
            self._writer.close()

    # ---------------------------------------------------------------------------------------------------------

    def _submit(self, item: Item, case: Case) -> None:
        made = units(
            case,
            item,
            self.seed,
            timed=not untimed(case, item),
            repeated=item in self._repeated,
        )
        self._begun.add(item)
        self._submitted[item] = [(unit, self._engine.submit(unit)) for unit in made]

    def _alternatives(self, item: Item) -> Alternatives:
        """The formula in other ways, computed when it is asked for: parameters are changed for a limited time only."""

        @cache
        def results(instead: Instead) -> Mapping[str, Result]:
            if instead.parameter and self._changing_seconds > CHANGING:
                return {}
            start = time.perf_counter()
            seen = self._engine.submit(Unit(item, REFERENCE, REFERENCE, self.seed, instead=instead)).result()
            if instead.parameter:
                self._changing_seconds += time.perf_counter() - start
            return seen.results

        return results

    def _closer(self, item: Item) -> Mapping[str, Array]:
        """The sensitivities of an item, measured in more runs."""
        return self._engine.submit(Unit(item, REFERENCE, REFERENCE, self.seed, instead=CLOSER)).result().sensitivities

    def _context(self) -> Context:
        versions = {name: str(greeting.environment["version"]) for name, greeting in self.greetings.items()}
        kernels = {name: greeting.kernels for name, greeting in self.greetings.items()}
        return Context(self.name, self.seed, versions, self.tolerance, kernels)

    def _keep(self, rows: Sequence[Row], timings: Sequence[QuickRow]) -> None:
        self.totals.add(rows)
        for row in rows:
            self._failures.add(row)
        writer = self._open()
        if writer is not None:
            writer.add(rows, timings)

    def _keep_declaration(self, item: Item, case: Case) -> None:
        if self._writer is not None and case.name not in self._declared:
            self._declared.add(case.name)
            self._writer.add_declaration(declared(case, Path(item.file)))

    def _keep_results(
        self,
        case: Case,
        item: Item,
        observations: Mapping[str, Observation],
        rows: Sequence[Row],
        answers: Sequence[tuple[Unit, Observation]],
    ) -> None:
        if self._writer is not None:
            self._writer.add_results(result_rows(case, item, observations, rows, arrays=self._arrays))
            self._writer.add_warnings(
                WarningRow(
                    unit.framework, said.category, said.message, said.where,
                    item.case, item.variant, item.dtype, item.device, unit.mode, unit.api,
                )
                for unit, seen in answers if unit.framework != REFERENCE
                for said in seen.warnings
            )  # fmt: skip

            self._writer.add_asked(
                AskedRow(
                    item.case, unit.api, unit.framework, item.variant,
                    asked.kind, asked.name, dict(asked.given), dict(asked.defaults),
                )
                for unit, seen in answers
                for asked in seen.asked
            )  # fmt: skip

    def _open(self) -> RecordWriter | None:
        if self._writer is None and self._reports is not None:
            self._writer = RecordWriter(self._reports, arrays=self._arrays)
        return self._writer

    def _timings(self, unit: Unit, seen: Observation) -> Iterable[QuickRow]:
        """A row for each measure; one for a unit that failed before it could be timed."""
        if not unit.timed:
            return
        item = unit.item
        row = partial(
            QuickRow, run=self.name, case=item.case, variant=item.variant, dtype=item.dtype, device=item.device,
            mode=unit.mode, implementation=unit.api, framework=unit.framework,
            version=str(self.greetings[unit.framework].environment["version"]),
        )  # fmt: skip
        if seen.failure is not None:
            yield row(measure="", rounds=0, note=f"not timed: {seen.failure}")
            return
        for measure in (FORWARD, BOTH):
            note, seconds = seen.timing_notes.get(measure, ""), seen.timings.get(measure)
            if seconds:
                least, middle, most = min(seconds), median(seconds), max(seconds)
                yield row(measure=measure, rounds=len(seconds), min_seconds=least, median_seconds=middle,
                          max_seconds=most, note=note)  # fmt: skip
            elif note:
                yield row(measure=measure, rounds=0, note=note)

    def _count_timed(self, case: Case, item: Item, timings: Sequence[QuickRow]) -> None:
        """Note that a case is timed, or why it is not: because no item of it should be, or no implementation could."""
        if any(row.rounds for row in timings):
            self._timed.add(item.case)
        else:
            why = untimed(case, item) or next((row.note for row in timings), "not timed: no implementation answered")
            self._untimed.setdefault(item.case, why)

    def write_environment(self) -> None:
        if self._writer is not None:
            self._writer.environment(self.environment())

    def environment(self) -> dict[str, Any]:
        """Versions, devices, settings and counts, for ``environment.json``."""
        return {
            **heading(self._began),
            "seed": self.seed,
            "tolerance": (
                None if self.tolerance is None else {"rtol": self.tolerance.rtol, "atol": self.tolerance.atol}
            ),
            "machine": {
                "system": f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}".rstrip(", "),
                "python": platform.python_version(),
            },
            "environments": {name: greeting.described for name, greeting in self.greetings.items()},
            "catalogue": {
                "digest": catalogue_digest(self._files.values()),
                "files": {case: display(Path(file)) for case, file in self._files.items()},
            },
            "on_gpu": {case: text for case, text in self._on_gpu.items() if case in self._files},
            "reproduction": asdict(self.reproduction),
            "broken": self._broken,
            "planned": self.planned,
            "items": self.totals.items,
            "repeated": len(self._repeated),
            "verdicts": self.totals.verdicts,
            "quick_timings": {
                "cases": len(self._timed),
                "untimed": {case: why for case, why in self._untimed.items() if case not in self._timed},
            },
            "costs": {name: asdict(cost) for name, cost in self.costs.items()},
            "judge_seconds": self.judge_seconds,
            "peak_bytes": peak_bytes(),
        }
