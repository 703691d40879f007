"""Entries, through the gate's command line."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from parity.gate.options import NO_VERDICT
from parity.gate.verdict import NOTHING_TO_DO, REGRESSED, TO_ACCEPT

from .entries import Entry

QUIET = ("unchanged", "new", "gone")
"""Classes that say nothing of a change between versions."""


def judged(together: Sequence[Entry], old: str, new: str, others: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What one run of the gate says of each of some entries that have the same versions and mode.

    ``others`` are the interpreters of the framework that stays. With a single entry, ``gate`` is the exit status
    of the gate's process; of several, it is what the entry's own results come to.
    """
    first, start = together[0], time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        other = [f"--{name}-python={path}" for name, path in others.items() if name != first.framework]
        sides = ["--current-python", old, "--candidate-python", new]
        command = [sys.executable, "-m", "parity", "gate", *sides, *other, "--reports", folder, "--no-speed"]
        command += [f"--mode={first.mode}", "-p", "no:cacheprovider", *(str(entry.case) for entry in together)]
        done = subprocess.run(command, capture_output=True, text=True)
        rows = changed(Path(folder) / "gate.csv")
    seconds = round((time.monotonic() - start) / len(together), 1)
    found = {}
    for entry in together:
        own = [row for row in rows if row["case"] == entry.name]
        alone = len(together) == 1 or done.returncode == NO_VERDICT
        status = done.returncode if alone else status_of(own)
        classes = Counter(row["change"] for row in own)
        found[entry.name] = {
            **asdict(entry),
            "classes": dict(classes.most_common()),
            "gate": status,
            "right": status == entry.status and entry.expected in classes,
            "line": said(done.stdout + done.stderr) if alone else "",
            "details": sorted({row["detail"][:300] for row in own if row["detail"]})[:3],
            "truth": dict(Counter(row["truth"] for row in own if row["truth"])),
            "sizes": sizes(own),
            "seconds": seconds,
        }
    return found


def sizes(rows: Sequence[Mapping[str, str]]) -> str:
    """The largest share of an allowance before and after, where both sides gave a result."""
    measured = [(row["old_share"], row["new_share"]) for row in rows if row["old_share"] and row["new_share"]]
    if not measured:
        return ""
    old, new = max(measured, key=lambda pair: max(map(float, pair)))
    return f"share of the allowance {float(old):.3g} to {float(new):.3g}"


def status_of(rows: Sequence[Mapping[str, str]]) -> int:
    """The exit status that some results come to."""
    needs = {row["needs"] for row in rows}
    return REGRESSED if "regression" in needs else TO_ACCEPT if "improvement" in needs else NOTHING_TO_DO


def changed(path: Path) -> list[dict[str, str]]:
    """The rows of ``gate.csv`` that tell of a change."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["change"] not in QUIET]


def said(output: str) -> str:
    """The gate's verdict in its own words: the line that has one."""
    found = [text for text in output.splitlines() if "(exit status " in text]
    return found[-1] if found else output[-300:]
