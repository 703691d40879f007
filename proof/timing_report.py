"""``docs/timing-quality.md`` from what was measured in ``docs/proof/timings.json``."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from parity.timing.estimate import SAME, SLOWER

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = "timing-quality.md"
SAME_CODE = {"same": "the machine as it was", "busy": "one processor kept busy by another process"}
SLOWER_BY = {"slower 0.1": "10 %", "slower 0.2": "20 %"}


def document(folder: Path) -> str:
    """The page. Raises ``FileNotFoundError`` when nothing has been measured."""
    record = json.loads((folder / "proof" / "timings.json").read_text(encoding="utf-8"))
    return "\n".join([*_top(record), *_same(record), *_slower(record), *_timer(record), *_cost(record)]) + "\n"


def _top(record: Mapping[str, Any]) -> Iterator[str]:
    yield "# The quality of the timings"
    yield ""
    yield (
        "Measured by `python3 -m nox -s prove-timings`, which also writes this page: do not edit it. How timings are "
        f"taken is in [timings.md](timings.md). Machine: {record['processor']}, {record['processors']} processors, a "
        "virtual machine that shares its host with others."
    )
    yield ""


def _same(record: Mapping[str, Any]) -> Iterator[str]:
    yield "## The same code against itself"
    yield ""
    yield (
        "Two workers of the same interpreter run the same function, in small and realistic sizes. Whatever difference "
        "is reported is a false alarm. As in any run, small differences are repeated in fresh processes."
    )
    yield ""
    yield (
        "| condition | operations | comparisons | called different | repeated | undecided | ratio off by (median) | "
        "99 % of them within |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, condition in SAME_CODE.items():
        found = record[name]
        rows = found["rows"]
        off = sorted(abs(math.log(row["ratio"])) for row in rows)
        different = sum(row["said"] != SAME for row in rows)
        again = sum(row["repeated"] for row in rows)
        yield (
            f"| {condition} | {found['operations']} | {len(rows)} | {different} ({different / len(rows):.1%}) | "
            f"{again} | {found['undecided']} | {median(off):.1%} | {off[int(0.99 * len(off))]:.1%} |"
        )
    yield ""


def _slower(record: Mapping[str, Any]) -> Iterator[str]:
    yield "## Injected slowdowns"
    yield ""
    yield (
        "One side lets time pass after every call, in proportion to what the call took. Calls of less than 5 µs are "
        "left out, because reading the clock slows them down by more than that."
    )
    yield ""
    yield "| slowdown | operations | comparisons | called slower | missed | ratio measured (median) |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, share in SLOWER_BY.items():
        found = record[name]
        rows = found["rows"]
        seen = sum(row["said"] == SLOWER for row in rows)
        yield (
            f"| {share} | {found['operations']} | {len(rows)} | {seen} ({seen / len(rows):.1%}) | {len(rows) - seen} | "
            f"{median(row['ratio'] for row in rows):.3f} |"
        )
    yield ""


def _timer(record: Mapping[str, Any]) -> Iterator[str]:
    rows: Sequence[Mapping[str, Any]] = record["timer"]
    off = [abs(row["ratio"] - 1) for row in rows]
    yield "## Agreement with torch.utils.benchmark.Timer"
    yield ""
    yield (
        f"A block and `Timer.timeit` with as many calls, one after the other, for {len(rows)} PyTorch operations whose "
        f"forward call takes 10 µs or more: {median(off):.1%} apart in the median, {max(off):.1%} at most."
    )
    yield ""
    yield "| operation | µs per call | Timer / block |"
    yield "| --- | --- | --- |"
    for row in rows:
        yield f"| `{row['item']}` | {row['seconds'] * 1e6:.4g} | {row['ratio']:.3f} |"
    yield ""


def _cost(record: Mapping[str, Any]) -> Iterator[str]:
    yield "## Cost"
    yield ""
    yield f"A default timing run (`python3 -m nox -s timings`) took {record['cost']:.0f} s."


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.timing_report", description=__doc__)
    parser.add_argument("--folder", type=Path, default=DOCS)
    folder = parser.parse_args(arguments).folder
    (folder / PAGE).write_text(document(folder), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
