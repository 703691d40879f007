"""False alarms: run correct implementations with many seeds, and count what the judge rejects.

    python -m proof.seeds --one-variant 1000 --full 30 --narrow 100 --out FILE --torch-python P --tensorflow-python P

What the frameworks are declared not to do right is expected, with every seed; a declaration that does not hold with
every seed is an alarm, too. The counts are kept for each case file: FILE is written again and again, and the next run
goes on where it ends. A file of cases that changed is counted anew, and all are when the judge or a version changed.
Files that take long, since they train models, are run with a tenth of the many seeds of one variant.
``--jobs N`` has N sets of workers, of about 1 GB each, take files in turn.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import math
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.catalog.frameworks import FRAMEWORKS, REFERENCE
from parity.catalog.load import CaseFile
from parity.judge import RED
from parity.judge.row import Row
from proof.observe import ROOT, Workers

SHARES = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
"""Upper ends of the classes in which the largest share of an allowance that an item used is counted."""


@dataclass(frozen=True)
class Part:
    """What is run with how many seeds, and how many where a file takes long."""

    seeds: int
    long: int
    dtypes: tuple[str, ...]
    one_variant: bool
    title: str


WIDE, NARROW = ("float32", "float64"), ("float16", "bfloat16")
PARTS = {
    "one_variant": Part(1000, 100, WIDE, True, "one variant of every case"),
    "full": Part(30, 30, WIDE, False, "the full catalogue"),
    "narrow": Part(100, 100, NARROW, True, "one variant of every case in 16-bit formats"),
}
SITTING = 50
"""Seeds of one case file that are run before it is the next one's turn."""

LONG = 2.0
"""Seconds a seed in one variant of its cases, from which on a file takes long."""

NOTHING: Mapping[str, Any] = dict(
    seeds=0, items=0, rows=0, seconds=0, alarms=[], shares={}, rhos={}, kernels={}, nearest={}
)
JUDGED = (
    *(
        f"parity/judge/{name}.py"
        for name in ("compare", "conduct", "deviation", "expected", "judge", "row", "tolerance", "traps")
    ),
    *(f"parity/formula/{path.name}" for path in sorted((ROOT / "parity/formula").glob("*.py"))),
    *(f"parity/workers/{name}.py" for name in ("reference", "sensitivity")),
)
"""What decides. The other modules of the judge describe a row whose verdict is given: its cause, growth and blame."""


def run(workers: Workers, file: CaseFile, seeds: Iterable[int], part: Part) -> dict[str, Any]:
    """The counts of some seeds: items, rows, alarms, how much of the allowances was used, and by which row the most."""
    began = time.time()
    counts: Counter[str] = Counter(dict.fromkeys(("seeds", "items", "rows"), 0))
    shares, rhos, kernels = Counter[str](), Counter[str](), Counter[str]()
    alarms: list[dict[str, Any]] = []
    nearest: dict[str, Any] = {}
    items = workers.items(part.dtypes, one_variant=part.one_variant, files=[file])
    for seed in seeds:
        counts["seeds"] += 1
        for observed in workers.observe(items, [seed]):
            rows = workers.judged(observed)
            counts.update(items=1, rows=len(rows))
            kernels[workers.kernels_of(observed.item)] += 1
            alarms += [_described(row) for row in rows if row.verdict in RED]
            passed = [row for row in rows if row.verdict == "pass" and row.right == REFERENCE]
            closest = max(passed, key=lambda row: row.error_ratio or 0.0, default=None)
            described = _described(closest) if closest is not None else {}
            nearest = max(nearest, described, key=_share)
            shares[_class(_share(described), 1.0)] += 1
            limited = [row for row in passed if row.rho_allowed is not None]
            rhos[_class(max((row.rho or 0.0 for row in limited), default=0.0), 4.0)] += 1
    seconds = round(time.time() - began, 1)
    classes = {"shares": shares, "rhos": rhos, "kernels": kernels}
    return {**counts, **classes, "alarms": alarms, "seconds": seconds, "nearest": nearest}


def add(part: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The counts of a part and of more seeds together."""
    whole = {name: part[name] + more[name] for name in ("seeds", "items", "rows", "seconds", "alarms")}
    whole |= {name: dict(Counter(part[name]) + Counter(more[name])) for name in ("shares", "rhos", "kernels")}
    return whole | {"nearest": max(part["nearest"], more["nearest"], key=_share)}


def total(files: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of all files together; ``seeds`` is what every file has been run with at least."""
    whole = dict(NOTHING)
    for part in files.values():
        whole = add(whole, part)
    return whole | {"seeds": min((part["seeds"] for part in files.values()), default=0)}


def long(record: Mapping[str, Any]) -> set[str]:
    """The files of a record that take long."""
    return {name for name, counts in record["one_variant"].items() if counts["seconds"] > LONG * counts["seeds"]}


def fingerprint(workers: Workers) -> dict[str, Any]:
    """What all counts hold for: the frameworks' versions, and a digest of the judge and of what rounds."""
    return {"versions": workers.versions, "judge": _digest(ROOT / path for path in JUDGED)}


def sources(path: Path) -> list[Path]:
    """A case file and the files beside it that it imports, directly or not."""
    found, new = [], [path]
    while new:
        found.append(new.pop())
        for node in ast.walk(ast.parse(found[-1].read_bytes())):
            if isinstance(node, ast.ImportFrom):
                beside = path.with_name(f"{node.module}.py")
                if beside.exists() and beside not in [*found, *new]:
                    new.append(beside)
    return sorted(found)


def sittings(counted: Mapping[str, int], wanted: Mapping[str, int]) -> Iterator[tuple[str, range]]:
    """In which order files come, and with which seeds: those with the fewest first, so that all grow together."""
    for end in range(SITTING, max(wanted.values(), default=0) + SITTING, SITTING):
        for name, seeds in counted.items():
            if turn := range(max(seeds, end - SITTING), min(end, wanted[name])):
                yield name, turn


def _digest(paths: Iterable[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def _class(value: float, largest: float) -> str:
    return str(next((upper for upper in SHARES if value <= upper * largest), SHARES[-1]) * largest)


def _described(row: Row) -> dict[str, Any]:
    names = ("case", "variant", "dtype", "seed", "quantity", "left", "right", "verdict", "error_ratio", "rho", "reason")
    return {name: getattr(row, name) for name in names}


def _share(described: Mapping[str, Any]) -> float:
    return described.get("error_ratio") or 0.0


@dataclass(frozen=True)
class Sitting:
    """Some seeds of a part that one case file is run with at a stretch."""

    part: str
    file: str
    seeds: range


class Sittings:
    """What is to be done, for several that do it at a time: one file is never with two of them."""

    def __init__(self, waiting: Iterable[Sitting]) -> None:
        self._waiting = list(waiting)
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self.stopped = False

    def next(self) -> Sitting | None:
        """The first sitting whose file nobody has; none when there is no such."""
        with self._lock:
            chosen = next((sitting for sitting in self._waiting if sitting.file not in self._busy), None)
            if chosen is not None:
                self._waiting.remove(chosen)
                self._busy.add(chosen.file)
            return chosen

    def done(self, sitting: Sitting) -> None:
        with self._lock:
            self._busy.remove(sitting.file)

    def stop(self) -> None:
        """Nothing more is to be done, and what is not finished does not count."""
        with self._lock:
            self._waiting.clear()
            self.stopped = True


class Counts:
    """The record of all counts, which is written whenever some are added."""

    def __init__(self, path: Path, record: dict[str, Any]) -> None:
        self.record = record
        self._path = path
        self._lock = threading.Lock()

    def add(self, sitting: Sitting, more: Mapping[str, Any]) -> None:
        with self._lock:
            counts = self.record[sitting.part]
            counts[sitting.file] |= add(counts[sitting.file], more)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self._path.with_suffix(".unfinished")
            unfinished.write_text(json.dumps(self.record, indent=1) + "\n")
            unfinished.replace(self._path)
            told = f"{sitting.part}: {sitting.file}, {sitting.seeds.stop} seeds"
            print(f"{told}, {more['seconds']} s, {len(more['alarms'])} alarms", flush=True)


def work(workers: Workers, sittings: Sittings, counts: Counts) -> None:
    """Do one sitting after the other, until nothing is left that another does not do already."""
    files = {file.path.name: file for file in workers.files}
    while sitting := sittings.next():
        more = run(workers, files[sitting.file], sitting.seeds, PARTS[sitting.part])
        if sittings.stopped:
            return
        counts.add(sitting, more)
        sittings.done(sitting)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.seeds", description=__doc__.partition("\n")[0])
    for name, part in PARTS.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=int, default=part.seeds, help=f"seeds for {part.title}")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="sets of workers (default: processors)")
    parser.add_argument("--out", type=Path, required=True)
    for framework in FRAMEWORKS:
        parser.add_argument(f"--{framework}-python", required=True)
    options = parser.parse_args(arguments)
    pythons = {name: getattr(options, f"{name}_python") for name in FRAMEWORKS}
    sets = [Workers(pythons) for _ in range(options.jobs)]
    digests = {file.path.name: _digest(sources(file.path)) for file in sets[0].files}
    counts = Counts(options.out, begun(options.out, fingerprint(sets[0]), digests))
    planned = Sittings(_planned(counts.record, {part: getattr(options, part) for part in PARTS}))
    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            for done in as_completed([pool.submit(work, workers, planned, counts) for workers in sets]):
                done.result()
        finally:
            planned.stop()
            for workers in sets:
                workers.stop()
    return int(any(total(counts.record[part])["alarms"] for part in PARTS))


def _planned(record: Mapping[str, Any], wanted: Mapping[str, int]) -> Iterator[Sitting]:
    """The sittings that a record lacks of the seeds that are wanted of each part."""
    slow = long(record)
    for name, part in PARTS.items():
        counted = {file: counts["seeds"] for file, counts in record[name].items()}
        fewer = math.ceil(wanted[name] * part.long / part.seeds)
        most = {file: fewer if file in slow else wanted[name] for file in counted}
        yield from (Sitting(name, file, seeds) for file, seeds in sittings(counted, most))


def begun(path: Path, holds_for: Mapping[str, Any], digests: Mapping[str, str]) -> dict[str, Any]:
    """What is in the file already and still holds, and nothing for all else."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    if any(found.get(name) != value for name, value in holds_for.items()):
        found = {}
    record = dict(holds_for)
    for part in PARTS:
        old = found.get(part, {})
        record[part] = {
            name: old[name] if old.get(name, {}).get("digest") == digest else {"digest": digest, **NOTHING}
            for name, digest in digests.items()
        }
    return record


if __name__ == "__main__":
    sys.exit(main())
