"""Measure the upgrade gate's own work on generated records: reading, comparing and writing the reports of N results.

python benchmarks/gate.py [N]
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from parity.gate.compare import compare
from parity.gate.snapshot import Entry, Snapshot, read_snapshot, write_baseline
from parity.gate.verdict import Share, Verdict
from parity.gate.write import write

RECORDED = Path(__file__).parent.parent / "tests" / "gate" / "recorded"
ELEMENTS = 250
"""Elements of a result, about as many as in the catalogue (25 million in 100,000)."""


def generated(side: str, results: int) -> Snapshot:
    """A record of so many results: the recorded ones over and over, with distances that compress like real ones."""
    recorded = read_snapshot(RECORDED / side)
    rng = np.random.default_rng(0)
    entries = {}
    rows = list(recorded.results.values())
    for number, entry in enumerate(islice(cycle(rows), results)):
        row = replace(entry.row, variant=f"number={number // len(rows)}")
        if entry.distances is not None:
            row = replace(row, digest=f"{number:012x}", shape=str(ELEMENTS))
            entry = Entry(row, rng.integers(-2, 3, ELEMENTS).astype(np.int8))
        elif row.shape:
            row = replace(row, shape=str(ELEMENTS))
        entries[row.key] = Entry(row, entry.distances)
    return replace(recorded, results=entries)


def main(results: int) -> None:
    """Print the seconds and the peak memory as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        places = {side: Path(folder) / side for side in ("old", "new")}
        for side, place in places.items():
            write_baseline(generated(side, results), place)
        began = time.perf_counter()
        old, new = (read_snapshot(place) for place in places.values())
        read = time.perf_counter()
        found = compare(old, new)
        compared = time.perf_counter()
        share = Share(len(found.items), len(found.items))
        write(Verdict(old, new, found.changes, share, command="gate"), Path(folder) / "reports")
        written = time.perf_counter()
        print(
            json.dumps(
                {
                    "results": len(new.results),
                    "read_seconds": round(read - began, 2),
                    "compare_seconds": round(compared - read, 2),
                    "write_seconds": round(written - compared, 2),
                    "page_bytes": (Path(folder) / "reports" / "gate.html").stat().st_size,
                    "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                }
            )
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
