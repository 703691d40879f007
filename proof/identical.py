"""False alarms of the gate: the same versions run several times, each run compared with each other.

    python -m proof.identical --out FILE --torch-python P --tensorflow-python P [--runs 7] [cases/...]

Nothing may change between two runs of one environment: not a bit, and not a class.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

from parity.catalog.frameworks import FRAMEWORKS
from parity.gate.classes import UNCHANGED
from parity.gate.compare import compare
from parity.gate.runs import catalogue, run
from proof.marked import Marked
from proof.observe import ROOT

PART = Marked(ROOT / "docs" / "upgrade-gate.md", title="identical pairs", session="regressions")


def section(record: Mapping[str, Any]) -> Iterator[str]:
    """What was compared with itself, and what changed."""
    changed = ", ".join(f"{count:,} {name}" for name, count in record["changes"].items()) or "none"
    yield (
        f"The same versions, {record['runs']} runs, each compared with each other ({record['pairs']} pairs of "
        f"{record['items']:,} of {record['whole']:,} items, {record['results']:,} results): changes: {changed}."
    )
    yield ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 when two runs differ."""
    parser = argparse.ArgumentParser(prog="python -m proof.identical", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=7)
    for framework in FRAMEWORKS:
        parser.add_argument(f"--{framework}-python", required=True)
    options, rest = parser.parse_known_args(arguments)
    pythons = {name: getattr(options, f"{name}_python") for name in FRAMEWORKS}
    with tempfile.TemporaryDirectory() as folder:
        snapshots = [run(Path(folder) / str(number), pythons, rest, "") for number in range(options.runs)]
    changes: Counter[str] = Counter()
    results = 0
    items: frozenset[tuple[str, ...]] = frozenset()
    for old, new in permutations(snapshots, 2):
        found = compare(old, new)
        items |= found.items
        results += found.compared
        changes.update(change.change for change in found.changes if change.change != UNCHANGED.name)
    record = {
        "runs": options.runs,
        "pairs": options.runs * (options.runs - 1),
        "items": len(items),
        "whole": len(items | catalogue([])),
        "results": results,
        "changes": dict(changes),
    }
    options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PART.write(section(record))
    return int(bool(changes))


if __name__ == "__main__":
    sys.exit(main())
