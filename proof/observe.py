"""Running many items with several seeds on one set of workers, without a record."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from parity.catalog.case import Case
from parity.catalog.dtypes import Array
from parity.catalog.frameworks import FRAMEWORKS, REFERENCE
from parity.catalog.load import CaseFile, load
from parity.judge.judge import Context, judge
from parity.judge.row import Row
from parity.plan.work import CLOSER, Item, Unit, expand, units
from parity.workers.local import LocalEngine
from parity.workers.protocol import Observation

ROOT = Path(__file__).resolve().parent.parent
AHEAD = 64
"""Items that are with the workers at a time."""

PATIENCE = 900.0
"""Seconds that a unit may take: what runs for hours shares the machine with other work."""


@dataclass(frozen=True)
class Observed:
    """What every implementation gave for one item with one seed."""

    case: Case
    item: Item
    seed: int
    observations: Mapping[str, Observation]


class Workers:
    """The workers of one set of environments, and the catalogue."""

    def __init__(self, pythons: Mapping[str, str], cases: Path = ROOT / "cases") -> None:
        self.files = [load(path, check=False) for path in sorted(cases.glob("[!_]*.py"))]
        self._engine = LocalEngine(pythons, timeout=PATIENCE)
        greetings = self._engine.start([REFERENCE, *FRAMEWORKS])
        self.versions = {name: str(greeting.environment["version"]) for name, greeting in greetings.items()}
        self.kernels = {name: greeting.kernels for name, greeting in greetings.items()}

    def items(
        self, dtypes: Iterable[str] | None, *, one_variant: bool, files: Iterable[CaseFile] | None = None
    ) -> list[tuple[Case, Item]]:
        """Every item of some files or the catalogue in some dtypes, or those of each case's first variant only."""
        found = []
        for file in self.files if files is None else files:
            for item in expand(file, dtypes, ["cpu"]):
                case = file.case(item.case)
                if not one_variant or item.variant == case.variants[0].id:
                    found.append((case, item))
        return found

    def observe(self, items: Iterable[tuple[Case, Item]], seeds: Iterable[int]) -> Iterator[Observed]:
        """The observations of every item with every seed, in order."""
        pending: deque[tuple[Case, Item, int, list[tuple[Unit, Future[Observation]]]]] = deque()
        chosen = list(items)
        for seed in seeds:
            for case, item in chosen:
                submitted = [(unit, self._engine.submit(unit)) for unit in units(case, item, seed, timed=False)]
                pending.append((case, item, seed, submitted))
                if len(pending) >= AHEAD:
                    yield self._finished(*pending.popleft())
        while pending:
            yield self._finished(*pending.popleft())

    def kernels_of(self, item: Item) -> str:
        """The titles of the CPU kernels that compute an item, framework by framework."""
        context = self.context(0)
        names = {name: context.circumstances(name, item, item.mode).kernels for name in FRAMEWORKS}
        return ", ".join(title for framework, name in names.items() for title in FRAMEWORKS[framework].titles([name]))

    def context(self, seed: int) -> Context:
        return Context("proof", seed, self.versions, kernels=self.kernels)

    def closer(self, observed: Observed) -> Callable[[], Mapping[str, Array]]:
        """What measures the sensitivities of an item in more runs."""
        unit = Unit(observed.item, REFERENCE, REFERENCE, observed.seed, instead=CLOSER)
        return lambda: self._engine.submit(unit).result().sensitivities

    def judged(self, observed: Observed) -> list[Row]:
        """The rows of an item, as in a run."""
        return judge(
            observed.case, observed.item, observed.observations, self.context(observed.seed),
            closer=self.closer(observed),
        )  # fmt: skip

    def stop(self) -> None:
        self._engine.stop()

    @staticmethod
    def _finished(case: Case, item: Item, seed: int, submitted: list[tuple[Unit, Future[Observation]]]) -> Observed:
        return Observed(case, item, seed, {unit.name: future.result() for unit, future in submitted})
