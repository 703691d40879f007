"""False alarms: run correct implementations with many seeds, and count what the judge rejects.

    python -m proof.seeds --one-variant 1000 --full 30 --out FILE --torch-python PATH --tensorflow-python PATH

What the frameworks are declared not to do right is expected, with every seed; a declaration that does not hold with
every seed is an alarm, too. FILE is written after every seed, and the next run goes on where it ends, unless the
judge, the formulas or a framework's version changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from parity.catalog.frameworks import FRAMEWORKS, REFERENCE
from parity.judge import RED, judge
from parity.judge.row import Row
from proof.observe import ROOT, Workers

DTYPES = ("float32", "float64")
SHARES = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
"""Upper ends of the classes in which the largest share of an allowance that an item used is counted."""
WANTED = {"one_variant": 1000, "full": 30}
"""Seeds that are run: for one variant of every case, and for the full catalogue."""

NOTHING: Mapping[str, Any] = dict(seeds=0, items=0, rows=0, seconds=0, alarms=[], shares={}, rhos={})
JUDGED = ("parity/judge/*.py", "parity/workers/rounding.py", "parity/workers/sensitivity.py")


def run(workers: Workers, seeds: Iterable[int], *, one_variant: bool) -> Iterator[dict[str, Any]]:
    """For each seed the counts: items, rows, alarms, and how much of the allowance was used."""
    items = workers.items(DTYPES, one_variant=one_variant)
    for seed in seeds:
        began = time.time()
        counts: Counter[str] = Counter()
        shares, rhos = Counter[str](), Counter[str]()
        alarms: list[dict[str, Any]] = []
        for observed in workers.observe(items, [seed]):
            rows = judge(observed.case, observed.item, observed.observations, workers.context(seed))
            counts.update(items=1, rows=len(rows))
            alarms += [_alarm(row) for row in rows if row.verdict in RED]
            passed = [row for row in rows if row.verdict == "pass" and row.right == REFERENCE]
            shares[_class(max((row.error_ratio or 0.0 for row in passed), default=0.0), 1.0)] += 1
            rhos[_class(max((row.rho or 0.0 for row in passed), default=0.0), 4.0)] += 1
        seconds = round(time.time() - began)
        yield {"seeds": 1, **counts, "alarms": alarms, "shares": shares, "rhos": rhos, "seconds": seconds}


def add(part: Mapping[str, Any], seed: Mapping[str, Any]) -> dict[str, Any]:
    """The counts of a part and of one more seed together."""
    whole = {name: part[name] + seed[name] for name in ("seeds", "items", "rows", "seconds", "alarms")}
    return whole | {name: dict(Counter(part[name]) + Counter(seed[name])) for name in ("shares", "rhos")}


def fingerprint(workers: Workers) -> dict[str, Any]:
    """What the counts hold for: the frameworks' versions, and a digest of the judge, the formulas and the cases."""
    sources = [path for place in JUDGED for path in sorted(ROOT.glob(place))]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    return {"dtypes": list(DTYPES), "versions": workers.versions, "sources": digest}


def _class(value: float, largest: float) -> str:
    return str(next((upper for upper in SHARES if value <= upper * largest), SHARES[-1]) * largest)


def _alarm(row: Row) -> dict[str, Any]:
    names = ("case", "variant", "dtype", "seed", "quantity", "left", "right", "verdict", "error_ratio", "rho", "reason")
    return {name: getattr(row, name) for name in names}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.seeds", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--one-variant", type=int, default=WANTED["one_variant"], help="seeds for one variant of every case"
    )
    parser.add_argument("--full", type=int, default=WANTED["full"], help="seeds for the full catalogue")
    parser.add_argument("--out", type=Path, required=True)
    for framework in FRAMEWORKS:
        parser.add_argument(f"--{framework}-python", required=True)
    options = parser.parse_args(arguments)
    workers = Workers({name: getattr(options, f"{name}_python") for name in FRAMEWORKS})
    try:
        result = _begun(options.out, fingerprint(workers))
        for name, count in (("one_variant", options.one_variant), ("full", options.full)):
            part = result.get(name, NOTHING)
            for seed in run(workers, range(part["seeds"], count), one_variant=name == "one_variant"):
                part = result[name] = add(part, seed)
                options.out.parent.mkdir(parents=True, exist_ok=True)
                options.out.write_text(json.dumps(result, indent=1) + "\n")
                print(f"{name}: {part['seeds']} seeds, {part['items']} items, {len(part['alarms'])} alarms", flush=True)
    finally:
        workers.stop()
    return int(any(result[name]["alarms"] for name in ("one_variant", "full") if name in result))


def _begun(path: Path, holds_for: dict[str, Any]) -> dict[str, Any]:
    """What is in the file already, if it is of the same judge, cases and versions."""
    if path.exists():
        found: dict[str, Any] = json.loads(path.read_text())
        if all(found.get(name) == value for name, value in holds_for.items()):
            return found
    return holds_for


if __name__ == "__main__":
    sys.exit(main())
