"""Precision against the number of terms: every wrong version of a contraction must be noticed, every right one pass.

    python -m proof.precision.measure --out reports/proof/precision.json --torch-python P --tensorflow-python P

The wrong versions are declared beside the right ones (``cases/contractions.py``). How far beyond its allowance a
version is, is the larger of two: the error of the worst element, and that of all together. The smallest relative
disturbance of the right result that is noticed is measured as in ``proof/sensitivity.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parity.catalog.frameworks import FRAMEWORKS, REFERENCE
from parity.judge.row import FAIL
from proof.observe import Workers
from proof.sensitivity import JUDGE, measure

FOLDER = Path(__file__).with_name("cases")
SEEDS = range(5)
WRONG = "WRONG: "
SMALLEST = "smallest δ noticed"

APART = ("dot", "squared_error")
"""Contractions to a single number, listed apart: what their inputs lose averages out, or is small by chance.

With inputs off by v of themselves, n terms t move the sum r by v √(Σt²) in the root mean square; adding them up one by
one in float32, which is right, may move it by 8 u √(r² + n (r²/3 + Σt²/6)). For terms of one sign the first is less
than the second from n = √3 v / 8u on, about 1,000 for TF32 (v is 0.4 · 2⁻¹¹ for each of two factors). For terms of both
signs the first is the larger up to two million, twelve times so with 13,000; but the error of a single number is within
a twelfth of its root mean square once in fifteen times."""


def beyond(rows: Sequence[Any]) -> float:
    """How many times the allowance an implementation uses, elements one by one or all together."""
    shares = [row.error_ratio for row in rows if row.error_ratio is not None]
    shares += [row.rho / row.rho_allowed for row in rows if row.rho is not None and row.rho_allowed]
    return float(max(shares, default=0.0))


def run(workers: Workers) -> list[dict[str, Any]]:
    """An entry for each contraction, number of terms and version: the least it was beyond, over all seeds."""
    found: dict[tuple[str, int, str], list[tuple[float, bool]]] = defaultdict(list)
    noticed: dict[tuple[str, int], list[float]] = defaultdict(list)
    items = workers.items(["float32"], one_variant=False)
    for observed in workers.observe(items, SEEDS):
        terms = int(observed.case.settings(observed.case.variant(observed.item.variant))["K"])
        rows = workers.judged(observed)
        for implementation in observed.case.implementations:
            own = [row for row in rows if row.left == implementation.api and row.right == REFERENCE]
            red = any(row.verdict == FAIL and row.error_ratio is not None for row in own)
            found[observed.case.name, terms, implementation.api].append((beyond(own), red))
        for entry in measure(observed, workers.context(observed.seed)):
            noticed[observed.case.name, terms].append(entry["smallest"][JUDGE])
    entries = []
    for (case, terms, api), seen in found.items():
        least = min(seen) if api.startswith(WRONG) else max(seen)
        judged = sum(red for _, red in seen)
        entries.append(
            {"case": case, "terms": terms, "version": api, "beyond": least[0], "red": judged, "seeds": len(seen)}
        )
    for (case, terms), smallest in noticed.items():
        entries.append({"case": case, "terms": terms, "version": SMALLEST, "beyond": max(smallest)})
    return entries


def failures(entries: Sequence[dict[str, Any]]) -> list[str]:
    """What was not noticed with some seed, and what was right and rejected."""
    versions = [e for e in entries if "red" in e]
    wrong = [e for e in versions if _is_wrong(e) and e["red"] < e["seeds"] and e["case"] not in APART]
    alarms = [e for e in versions if not _is_wrong(e) and e["red"]]
    return [
        f"{e['case']}, {e['terms']} terms: {e['version']}: red with {e['red']} of {e['seeds']} seeds"
        for e in wrong + alarms
    ]


def _is_wrong(entry: Mapping[str, Any]) -> bool:
    return str(entry["version"]).startswith(WRONG)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.precision.measure", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    for framework in FRAMEWORKS:
        parser.add_argument(f"--{framework}-python", required=True)
    options = parser.parse_args(arguments)
    pythons = {name: getattr(options, f"{name}_python") for name in FRAMEWORKS}
    workers = Workers(pythons, FOLDER)
    try:
        entries = run(workers)
    finally:
        workers.stop()
    wrong = failures(entries)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    record = {"versions": workers.versions, "seeds": len(SEEDS), "entries": entries}
    options.out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(*wrong, f"{len(entries)} versions and numbers of terms, {len(wrong)} judged wrongly", sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
