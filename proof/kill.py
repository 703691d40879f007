"""Try every fault: start workers with it, run the cases it concerns and some it does not, and judge as a run would.

    python -m proof.kill --out reports/proof/faults.json --torch-python PATH --tensorflow-python PATH

A fault is *killed* when a quantity in which it must show is red, with the faulty framework blamed. It is *attributed*
when, besides, each implementation that goes through the patched function is red, each quantity in which the fault must
show is, in each dtype, and nothing else: no other implementation, no quantity that it cannot touch, no control case.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from parity.catalog.case import Case
from parity.catalog.frameworks import FRAMEWORKS, REFERENCE
from parity.catalog.load import load as load_cases
from parity.judge.row import BOTH, FORMULA, Row
from parity.plan.work import Item, Unit
from parity.run import Run
from parity.workers.local import Engine, Greeting, LocalEngine, StartError
from parity.workers.protocol import Observation
from proof.fault import Fault, Shows, load, load_all

ROOT = Path(__file__).resolve().parent.parent
WORKER = Path(__file__).with_name("worker.py")
CONTROLS = ("linear", "tanh", "cross_entropy", "avg_pool1d", "gru_cell", "layer_norm")
"""Cases that must stay green, unless the fault names them."""

CONTROL = ("float32",)
"""The dtypes of the controls."""

VARIANTS = 2
"""Variants of a case that are run for a fault."""


@dataclass(frozen=True)
class Found:
    """What came of one fault.

    ``worst`` is the red row that is furthest beyond what is allowed; ``red_before`` tells rows that are red without the
    fault, and therefore say nothing about it.
    """

    name: str
    kind: str
    summary: str
    targets: Mapping[str, str]
    killed: bool
    attributed: bool
    items: int
    red_rows: int
    worst: Mapping[str, Any] | None
    problems: Sequence[str]
    red_before: Sequence[str]


class Bench:
    """The catalogue, and the workers without a fault, whose observations serve all faults."""

    def __init__(self, pythons: Mapping[str, str], seed: int = 0, cases: Path = ROOT / "cases") -> None:
        self.pythons, self.seed = pythons, seed
        self.cases: dict[str, tuple[Path, Case]] = {}
        for path in sorted(cases.glob("[!_]*.py")):
            self.cases.update({case.name: (path, case) for case in load_cases(path, check=False).cases})
        self._engine = LocalEngine(pythons)
        self._answers: dict[Unit, Future[Observation]] = {}
        self._lock = threading.Lock()
        self.greetings = self._engine.start([REFERENCE, *FRAMEWORKS])

    def close(self) -> None:
        self._engine.stop()

    def submit(self, unit: Unit) -> Future[Observation]:
        """The unit's observation without a fault."""
        with self._lock:
            if unit not in self._answers:
                self._answers[unit] = self._engine.submit(unit)
            return self._answers[unit]

    def items(self, shows: Shows) -> Iterator[Item]:
        """What to run for a fault in one case. Raises ``LookupError`` when nothing matches."""
        path, case = self.cases[shows.case]
        matching = [each for each in case.variants if shows.when.items() <= dict(case.settings(each)).items()]
        if not matching or not set(shows.dtypes) <= set(case.dtypes):
            raise LookupError(f"no variant of {shows.case} matches {dict(shows.when)} in {', '.join(shows.dtypes)}")
        for variant in matching[:VARIANTS]:
            for dtype in shows.dtypes:
                yield Item(str(path), case.name, variant.id, dtype, "cpu")

    def red(self, items: Sequence[Item], fault: Fault | None = None) -> list[Row]:
        """The red rows of a run over items. Raises ``StartError``."""
        run = Run(Faulty(self, fault), seed=self.seed)
        work = [(item, self.cases[item.case][1]) for item in items]
        try:
            run.start(work)
            return [row for item, case in work for row in run.result(item, case).red]
        finally:
            run.close()


class Faulty(Engine):
    """An engine whose workers have a fault; the bench does what the fault does not concern."""

    def __init__(self, bench: Bench, fault: Fault | None) -> None:
        self._bench = bench
        self._targets = tuple(fault.targets) if fault else ()
        self._engine = LocalEngine(
            bench.pythons, script=WORKER, arguments=(str(fault.file), fault.name) if fault else ()
        )

    def start(self, frameworks: Iterable[str]) -> dict[str, Greeting]:
        return {**self._bench.greetings, **self._engine.start(self._targets)}

    def submit(self, unit: Unit) -> Future[Observation]:
        unit = replace(unit, timed=False)
        return (self._engine if unit.framework in self._targets else self._bench).submit(unit)

    def stop(self) -> None:
        self._engine.stop()


def try_fault(bench: Bench, fault: Fault) -> Found:
    """Run one fault and decide. What is red without the fault is left out, and told."""
    concerned = [item for shows in fault.shows for item in bench.items(shows)]
    spared = {*fault.reaches, *(shows.case for shows in fault.shows)}
    controls = [Shows(name, (), dtypes=CONTROL) for name in CONTROLS if name not in spared]
    items = list(dict.fromkeys([*concerned, *(item for shows in controls for item in bench.items(shows))]))
    before = {place(row): told(row) for row in bench.red(items)}
    try:
        red = [row for row in bench.red(items, fault) if place(row) not in before]
        problems = []
    except StartError as error:
        red, problems = [], [f"not run: {error}"]
    return decide(fault, len(items), red, problems, list(before.values()))


def decide(
    fault: Fault, items: int, red: Sequence[Row], problems: Sequence[str] = (), red_before: Sequence[str] = ()
) -> Found:
    """Whether the red rows kill the fault, and attribute it."""
    hits = [row for row in red if any(expected(fault, shows, row) for shows in fault.shows)]
    found = [*problems, *(f"red without a reason: {told(row)}" for row in red if row not in hits)]
    for shows in fault.shows:
        own = [row for row in hits if row.case == shows.case and row.right_framework in (REFERENCE, row.left_framework)]
        found += [f"{shows.case}: {api} is not red" for api in shows.through if api not in {row.left for row in own}]
        found += [
            f"{shows.case}: {pattern} is not red"
            for pattern in shows.must
            if not fnmatch.filter([row.quantity for row in own], pattern)
        ]
        found += [
            f"{shows.case}: not red in {dtype}"
            for dtype in shows.dtypes
            if not any(row.dtype == dtype and matches(row.quantity, shows.must) for row in own)
        ]
    killing = [row for row in hits if any(matches(row.quantity, shows.must) for shows in fault.shows)]
    killed = bool(killing)
    worst = max(killing, key=severity, default=None)
    return Found(
        fault.name,
        fault.kind,
        fault.summary,
        fault.targets,
        killed,
        killed and not found,
        items,
        len(red),
        None if worst is None else {**asdict(worst), "error_ratio": finite(worst.error_ratio)},
        found,
        red_before,
    )


def expected(fault: Fault, shows: Shows, row: Row) -> bool:
    """Whether a red row says where the fault is: the operation, the quantity and the framework."""
    sides = {row.left: row.left_framework, row.right: row.right_framework}
    faulty = {framework for api, framework in sides.items() if through(shows, api) and framework in fault.targets}
    blamed = faulty if len(fault.targets) == 1 else {*faulty, BOTH, FORMULA}
    can = not row.quantity or matches(row.quantity, (*shows.must, *shows.may))
    return row.case == shows.case and can and row.blame in blamed


def through(shows: Shows, api: str) -> bool:
    """Whether an implementation, or a naive port of it, goes through the patched function."""
    return api in shows.through or api.partition(" (")[0] in shows.through


def matches(quantity: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(quantity, pattern) for pattern in patterns)


def severity(row: Row) -> float:
    return float("inf") if row.error_ratio is None else row.error_ratio


def finite(ratio: float | None) -> float | None:
    return ratio if ratio is not None and ratio < float("inf") else None


def place(row: Row) -> tuple[str, ...]:
    """What tells the rows of a run apart."""
    return row.case, row.variant, row.dtype, row.quantity, row.left, row.right


def told(row: Row) -> str:
    """A row in one line."""
    return (
        f"{row.case}[{row.variant}] {row.dtype} {row.quantity}: {row.left} against {row.right}, "
        f"{row.verdict}, blame {row.blame or 'none'}: {row.reason}"
    )


def prove(bench: Bench, faults: Sequence[Fault], jobs: int) -> Iterator[Found]:
    """Try the faults, a few at a time; what came of each, in their order."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(partial(try_fault, bench), faults)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the faults and write what came of them; 0 when all are killed and attributed."""
    parser = argparse.ArgumentParser(prog="python -m proof.kill", description="Kill every injected fault.")
    parser.add_argument("--out", type=Path, default=Path("reports/proof/faults.json"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="*", help="a pattern of faults' names")
    parser.add_argument("--file", type=Path, help="a file of faults, instead of the project's own")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 4))
    for framework in FRAMEWORKS:
        parser.add_argument(f"--{framework}-python", default=sys.executable)
    options = parser.parse_args(arguments)
    declared = load_all() if options.file is None else load(options.file.resolve())
    faults = [each for each in declared if fnmatch.fnmatchcase(each.name, options.only)]
    start = time.monotonic()
    bench = Bench({name: getattr(options, f"{name}_python") for name in FRAMEWORKS}, options.seed)
    results = []
    try:
        for found in prove(bench, faults, options.jobs):
            results.append(found)
            state = "killed, attributed" if found.attributed else "killed" if found.killed else "SURVIVED"
            print(f"{state:20} {found.name}", *found.problems[:6], sep="\n    " if found.problems else " ", flush=True)
    finally:
        bench.close()
    summary = {
        "seed": options.seed,
        "versions": {name: greeting.environment["version"] for name, greeting in bench.greetings.items()},
        "seconds": round(time.monotonic() - start, 1),
        "declared": len(results),
        "killed": sum(found.killed for found in results),
        "attributed": sum(found.attributed for found in results),
        "red_without_a_fault": sorted({told for found in results for told in found.red_before}),
        "faults": [{k: v for k, v in asdict(found).items() if k != "red_before"} for found in results],
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(f"{summary['killed']} of {len(results)} faults killed, {summary['attributed']} attributed to where they are")
    for row in summary["red_without_a_fault"]:
        print(f"red without a fault: {row}")
    return 0 if results and all(found.attributed for found in results) and not summary["red_without_a_fault"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
