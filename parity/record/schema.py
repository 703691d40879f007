"""The files of a record and their columns; ``docs/report-schema.md`` describes them."""

from __future__ import annotations

from dataclasses import dataclass, fields

PARITY = "parity.csv"
TIMINGS = "timings.csv"
ENVIRONMENT = "environment.json"
JUNIT = "parity.junit.xml"
BENCHMARKS = "benchmarks.json"
HTML = "parity.html"

SCHEMA_VERSION = 2


@dataclass(frozen=True)
class TimingRow:
    """One implementation's time for one measure: ``forward`` or ``forward+backward``, in seconds per call."""

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
    min_seconds: float
    median_seconds: float
    max_seconds: float


TIMING_COLUMNS = tuple(field.name for field in fields(TimingRow))
