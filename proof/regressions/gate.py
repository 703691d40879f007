"""One entry, through the gate's command line."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from .entries import Entry

QUIET = ("unchanged", "new", "gone")
"""Classes that say nothing of a change between versions."""


def judged(entry: Entry, old: str, new: str, others: Mapping[str, str]) -> dict[str, Any]:
    """What the gate says of ``entry``; ``others`` are the interpreters of the framework that stays the same."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        other = [f"--{name}-python={path}" for name, path in others.items() if name != entry.framework]
        sides = ["--current-python", old, "--candidate-python", new]
        command = [sys.executable, "-m", "parity", "gate", *sides, *other, "--reports", folder, *untimed()]
        command += [f"--mode={entry.mode}", "-p", "no:cacheprovider", str(entry.case)]
        done = subprocess.run(command, capture_output=True, text=True)
        rows = changed(Path(folder) / "gate.csv")
    classes = Counter(row["change"] for row in rows)
    return {
        **asdict(entry),
        "classes": dict(classes.most_common()),
        "gate": done.returncode,
        "right": done.returncode == entry.status and entry.expected in classes,
        "line": said(done.stdout + done.stderr),
        "details": sorted({row.get("detail", "")[:300] for row in rows if row.get("detail")})[:3],
        "seconds": round(time.monotonic() - start, 1),
    }


def changed(path: Path) -> list[dict[str, str]]:
    """The rows of ``gate.csv`` that tell of a change."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["change"] not in QUIET]


def said(output: str) -> str:
    """The gate's verdict in its own words: the line that begins with a verdict."""
    starts = ("safe", "not safe", "no verdict", "error")
    found = [text.strip() for text in output.splitlines() if text.strip().startswith(starts)]
    return found[-1] if found else output[-300:]


@cache
def untimed() -> tuple[str, ...]:
    """``--no-speed``, where the gate has it."""
    shown = subprocess.run([sys.executable, "-m", "parity", "gate", "--help"], capture_output=True, text=True)
    return ("--no-speed",) if "--no-speed" in shown.stdout else ()
