"""Workers that can be told to be a mutant, what the catalogue gives without one, and which mutants its calls reach."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from parity.catalog.case import Case
from parity.catalog.frameworks import FRAMEWORKS, REFERENCE
from parity.catalog.load import CaseFile, load
from parity.judge import RED, Context, judge
from parity.judge.row import FAIL, Row
from parity.plan.work import Item, Unit, again, expand, units
from parity.workers.local import STOPPED, LocalEngine
from parity.workers.protocol import Failure, Observation, Result

from .inject import REACHABLE
from .kinds import Mutant

ROOT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("worker.py")

PATIENCE = 120.0
"""Seconds that a unit may take: a mutant may make a case wait for what never comes."""


@dataclass(frozen=True)
class Request(Unit):
    """A unit, the mutant that it is computed with, and whether the mutants that it reaches are recorded."""

    mutant: Mutant | None = None
    recording: bool = False


@dataclass(frozen=True)
class Site:
    """A unit whose calls reach a mutant, and the seconds that it takes.

    A ``trap`` is a port that goes wrong anyway. A unit that ``fails`` raises an exception without the mutant.
    """

    item: Item
    api: str
    seconds: float
    trap: bool
    fails: bool = False


Reached = Mapping[Mutant, Sequence[Site]]
"""The mutants that calls reach, with the units that make those calls."""


class Bench:
    """The catalogue (or other case files) and its workers, one of each framework."""

    def __init__(self, pythons: Mapping[str, str], seed: int = 0, cases: Path = ROOT / "cases") -> None:
        self.seed = seed
        self.files = [load(path, check=False) for path in sorted(cases.glob("[!_]*.py"))]
        self.cases: dict[str, Case] = {case.name: case for file in self.files for case in file.cases}
        self._pythons = pythons
        self._formula = LocalEngine(pythons)
        self._engines = {name: LocalEngine(pythons, timeout=PATIENCE, script=WORKER) for name in FRAMEWORKS}
        self._answers: dict[Unit, Future[Observation]] = {}
        self._red: dict[tuple[Item, str], list[Row]] = {}
        self._lock = threading.Lock()
        self.greetings = self._formula.start([REFERENCE])
        for name, engine in self._engines.items():
            self.greetings |= engine.start([name])

    def close(self) -> None:
        for engine in (self._formula, *self._engines.values()):
            engine.stop()

    def restart(self, framework: str) -> None:
        """Go on with a new process of a framework."""
        self._engines[framework].stop()
        self._engines[framework] = LocalEngine(self._pythons, timeout=PATIENCE, script=WORKER)
        self._engines[framework].start([framework])

    @property
    def versions(self) -> dict[str, str]:
        return {name: str(greeting.environment["version"]) for name, greeting in self.greetings.items()}

    def context(self) -> Context:
        kernels = {name: greeting.kernels for name, greeting in self.greetings.items()}
        return Context("mutants", self.seed, self.versions, kernels=kernels)

    # What there is to reach ----------------------------------------------------------------------------------------

    def reached(self, files: Iterable[CaseFile]) -> Reached:
        """Run every variant of some files in its case's first dtype, and gather what the calls reach."""
        work = [(file.case(item.case), item) for file in files for item in expand(file, None, ["cpu"])]
        asked: list[tuple[Case, Item, Unit, Future[Observation]]] = []
        for case, item in work:
            if item.dtype == case.dtypes[0]:
                for unit in units(case, item, self.seed, timed=False)[1:]:
                    request = Request(item, unit.framework, unit.api, self.seed, recording=True)
                    asked.append((case, item, unit, self._engines[unit.framework].submit(request)))
        sites: dict[Mutant, list[Site]] = defaultdict(list)
        for case, item, unit, future in asked:
            seen = future.result()
            implementation = case.implementation(unit.api)
            trap = implementation is None or implementation.divergence is not None
            site = Site(item, unit.api, seen.framework_seconds, trap, seen.failure is not None)
            for one in seen.asked:
                if one.kind == REACHABLE:
                    for kind, argument in one.given:
                        sites[Mutant(unit.framework, one.name, kind, argument)].append(site)
        return sites

    # What comes of a unit, with a mutant and without one -----------------------------------------------------------

    def submit(self, unit: Unit) -> Future[Observation]:
        """The observation of a unit with its mutant."""
        return self._engines[unit.framework].submit(unit)

    def right(self, item: Item) -> dict[str, Observation]:
        """The observations of an item without a mutant, which are made once."""
        wanted = units(self.cases[item.case], item, self.seed, timed=False)
        for unit in wanted:
            self._submitted(unit)
        return {unit.name: self._right(unit) for unit in wanted}

    def own(self, item: Item, framework: str, api: str, *, inferred: bool = False) -> Observation:
        """The observation of one implementation without a mutant."""
        return self._right(Unit(item, framework, api, self.seed, inferred=inferred))

    def _right(self, unit: Unit) -> Observation:
        seen = self._submitted(unit).result()
        while seen.failure is not None and seen.failure.message == STOPPED:  # Its process was replaced meanwhile.
            with self._lock:
                self._answers.pop(unit, None)
            seen = self._submitted(unit).result()
        return seen

    def _submitted(self, unit: Unit) -> Future[Observation]:
        with self._lock:
            if unit not in self._answers:
                engine = self._formula if unit.framework == REFERENCE else self._engines[unit.framework]
                request = Request(unit.item, unit.framework, unit.api, self.seed, inferred=unit.inferred)
                self._answers[unit] = engine.submit(unit if unit.framework == REFERENCE else request)
            return self._answers[unit]

    def red(self, item: Item, api: str, seen: Observation, fresh: Observation | None = None) -> list[Row]:
        """The red rows of an item in which an implementation gives ``seen``, and ``fresh`` in another process.

        It is judged against the formula alone, which spares running the others. Only where that rests on what the other
        framework achieves, all are judged as in a run.
        """
        alone = copy(self.cases[item.case])
        alone.implementations, alone.divergences = [i for i in alone.implementations if i.api == api], []
        formula = self._right(Unit(item, REFERENCE, REFERENCE, self.seed))
        own = {api: seen} if fresh is None else {api: seen, again(api): fresh}
        red = self._red_of(alone, item, {REFERENCE: formula, **own})
        if red and all(row.verdict == FAIL and (row.error_ratio or 0.0) <= 1.0 for row in red):
            return self._red_of(self.cases[item.case], item, {**self.right(item), **own})
        return red

    def red_before(self, item: Item, framework: str, api: str) -> list[Row]:
        """The rows that are red without a mutant."""
        key = item, api
        if key not in self._red:
            self._red[key] = self.red(item, api, self.own(item, framework, api))
        return self._red[key]

    def _red_of(self, case: Case, item: Item, observations: Mapping[str, Observation]) -> list[Row]:
        return [row for row in judge(case, item, observations, self.context()) if row.verdict in RED]

    def is_as_it_was(self, item: Item, framework: str, api: str) -> bool:
        """Whether a unit still gives the same bits: a mutant may have left something behind in its process."""
        before = self.own(item, framework, api)
        now = self.submit(Request(item, framework, api, self.seed)).result()
        return results_of(now) == results_of(before)


_COST = frozenset(
    {"timings", "timing_notes", "framework_seconds", "harness_seconds", "peak_bytes", "warnings", "asked"}
)
"""What an observation says of how it came about, rather than of what came."""


def results_of(seen: Observation) -> dict[str, Any]:
    """What a unit gave, bit by bit."""
    return {each.name: _bits(getattr(seen, each.name)) for each in fields(seen) if each.name not in _COST}


def _bits(value: Any) -> Any:
    if isinstance(value, Result):
        return value.dtype, value.array.tobytes()
    if isinstance(value, Mapping):
        return {name: _bits(each) for name, each in value.items()}
    return (value.stage, value.kind) if isinstance(value, Failure) else value
