"""False alarms: run correct implementations with many seeds, and count what the judge rejects.

    python -m proof.seeds --one-variant 1000 --full 30 --out FILE --torch-python PATH --tensorflow-python PATH

What the frameworks are declared not to do right is expected, with every seed; a declaration that does not hold with
every seed is an alarm, too. A part can be run alone and continued with other seeds: ``--first-seed``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from parity.catalog.frameworks import FRAMEWORKS, REFERENCE
from parity.judge import RED, judge
from parity.judge.row import Row
from proof.observe import Workers

DTYPES = ("float32", "float64")
SHARES = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
"""Upper ends of the classes in which the largest share of an allowance that an item used is counted."""


def run(workers: Workers, seeds: Iterable[int], *, one_variant: bool) -> dict[str, Any]:
    """The counts of one part: items, rows, alarms, and how much of the allowance was used."""
    began = time.time()
    items = workers.items(DTYPES, one_variant=one_variant)
    counts: Counter[str] = Counter()
    shares, rhos = Counter[float](), Counter[float]()
    alarms: list[dict[str, Any]] = []
    tried = set()
    for observed in workers.observe(items, seeds):
        tried.add(observed.seed)
        rows = judge(observed.case, observed.item, observed.observations, workers.context(observed.seed))
        counts["items"] += 1
        counts["rows"] += len(rows)
        alarms += [_alarm(row) for row in rows if row.verdict in RED]
        passed = [row for row in rows if row.verdict == "pass" and row.right == REFERENCE]
        shares[_class(max((row.error_ratio or 0.0 for row in passed), default=0.0))] += 1
        rhos[_class(max((row.rho or 0.0 for row in passed), default=0.0) / 4.0)] += 1
    return {
        "seeds": len(tried),
        **counts,
        "alarms": alarms,
        "shares": {str(upper): shares[upper] for upper in SHARES},
        "rhos": {str(4 * upper): rhos[upper] for upper in SHARES},
        "seconds": round(time.time() - began),
    }


def _class(share: float) -> float:
    return next((upper for upper in SHARES if share <= upper), SHARES[-1])


def _alarm(row: Row) -> dict[str, Any]:
    names = ("case", "variant", "dtype", "seed", "quantity", "left", "right", "verdict", "error_ratio", "rho", "reason")
    return {name: getattr(row, name) for name in names}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.seeds", description=__doc__.partition("\n")[0])
    parser.add_argument("--one-variant", type=int, default=1000, help="seeds for one variant of every case")
    parser.add_argument("--full", type=int, default=30, help="seeds for the full catalogue")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    for framework in FRAMEWORKS:
        parser.add_argument(f"--{framework}-python", required=True)
    options = parser.parse_args(arguments)
    workers = Workers({name: getattr(options, f"{name}_python") for name in FRAMEWORKS})
    result: dict[str, Any] = {"dtypes": DTYPES, "versions": workers.versions}
    try:
        for part, count in (("one_variant", options.one_variant), ("full", options.full)):
            if count:
                seeds = range(options.first_seed, options.first_seed + count)
                result[part] = run(workers, seeds, one_variant=part == "one_variant")
                options.out.parent.mkdir(parents=True, exist_ok=True)
                options.out.write_text(json.dumps(result, indent=1) + "\n")
                told = {name: value for name, value in result[part].items() if name != "alarms"}
                print(f"{part}: {told}, {len(result[part]['alarms'])} alarms", flush=True)
    finally:
        workers.stop()
    return int(any(result[part]["alarms"] for part in ("one_variant", "full") if part in result))


if __name__ == "__main__":
    sys.exit(main())
