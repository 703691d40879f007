"""The files of a record and their columns; ``docs/report-schema.md`` describes them."""

from __future__ import annotations

import re
import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from typing import Any

PARITY = "parity.csv"
QUICK = "quick_timings.csv"
TIMINGS = "timings.csv"
TIMINGS_ENVIRONMENT = "timings.json"
TIMINGS_BENCHMARKS = "timings-benchmarks.json"
TIMINGS_HTML = "timings.html"
TIMINGS_JUNIT = "timings.junit.xml"
ENVIRONMENT = "environment.json"
RESULTS = "results.csv"
WARNINGS = "warnings.csv"
CATALOGUE = "catalogue.jsonl"
ASKED = "asked.jsonl"
ARRAYS = "arrays.safetensors"
JUNIT = "parity.junit.xml"
BENCHMARKS = "benchmarks.json"
HTML = "parity.html"
SUMMARY = "parity.md"

SCHEMA_VERSION = 6

_VARYING = re.compile(r"0x[0-9a-fA-F]+|(?:/[^\s/:]+)+/|\d+")


def run_name(began: float) -> str:
    """The name of a run that began at a time of ``time.time``."""
    return datetime.fromtimestamp(began, timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def heading(began: float) -> dict[str, Any]:
    """What the JSON of every run begins with."""
    return {
        "schema": SCHEMA_VERSION,
        "run": run_name(began),
        "began": datetime.fromtimestamp(began, timezone.utc).isoformat(timespec="seconds"),
        "seconds": round(time.time() - began, 3),
    }


@dataclass(frozen=True)
class QuickRow:
    """One implementation's time for one measure of a parity run, in seconds per call: taken while others work, too.

    Where there is no time, ``note`` says why; beside a time it says how that was taken instead of as usual.
    """

    run: str
    case: str
    variant: str
    dtype: str
    device: str
    mode: str
    implementation: str
    framework: str
    version: str
    measure: str
    rounds: int
    min_seconds: float | None = None
    median_seconds: float | None = None
    max_seconds: float | None = None
    note: str = ""


QUICK_COLUMNS = tuple(field.name for field in fields(QuickRow))


@dataclass(frozen=True)
class TimingRow:
    """One implementation's time for one measure, taken in turns with the others; ``docs/report-schema.md`` has units.

    ``ratio`` is the time divided by that of ``against``, an implementation of the same item. Where there is a
    ``problem``, there are no figures.
    """

    run: str
    case: str
    size: str
    variant: str
    dtype: str
    device: str
    mode: str
    implementation: str
    framework: str
    version: str
    measure: str
    threads: int
    processes: int
    rounds: int
    disturbed: int
    seconds: float | None = None
    low: float | None = None
    high: float | None = None
    first_seconds: float | None = None
    gflops: float | None = None
    gbytes: float | None = None
    of_peak: float | None = None
    peak_bytes: int | None = None
    against: str = ""
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    difference: str = ""
    problem: str = ""


TIMING_COLUMNS = tuple(field.name for field in fields(TimingRow))


@dataclass(frozen=True, slots=True)
class WarningRow:
    """One thing a framework said, with the item in which it was heard first. ``where`` is where it was raised."""

    framework: str
    category: str
    message: str
    where: str
    case: str
    variant: str
    dtype: str
    device: str
    mode: str
    implementation: str

    @property
    def text(self) -> str:
        """What makes it the same warning in another run."""
        return outline(f"{self.framework} {self.category} {self.message}")


@dataclass(frozen=True)
class AskedRow:
    """One thing that an implementation asked of its framework, with the variant that asked it first (see ``Asked``)."""

    case: str
    implementation: str
    framework: str
    variant: str
    kind: str
    name: str
    given: Mapping[str, str]
    defaults: Mapping[str, str]

    @property
    def key(self) -> Hashable:
        """What makes it the same in another variant."""
        return self.case, self.implementation, self.kind, self.name, tuple(self.given.items())


def outline(text: str) -> str:
    """A message without the numbers, addresses and paths in it, which may be others in another run."""
    return _VARYING.sub("#", text)


WARNING_COLUMNS = tuple(field.name for field in fields(WarningRow))
