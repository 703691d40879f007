"""Which operations have run on a GPU anywhere: ``docs/gpu.csv``, from records that were added to it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..catalog.frameworks import FRAMEWORKS
from ..judge.row import EXPECTED, NOT_RUN, PASS, RED
from .read import RecordError, read_environment, read_rows

GPU = "gpu.csv"
NEVER = "never"


@dataclass(frozen=True)
class GpuRun:
    """A case's last run on a GPU: the GPU's name, the run, the frameworks' versions, and its rows by verdict."""

    case: str
    gpu: str
    run: str
    versions: str
    passed: int
    expected: int
    failed: int

    def __str__(self) -> str:
        verdict = f"{self.failed} rows failed" if self.failed else f"at parity in {self.passed + self.expected} rows"
        return f"{verdict} on {self.gpu} ({self.versions}, run {self.run})"


def read_gpu(folder: Path) -> dict[str, GpuRun]:
    """``gpu.csv`` by case; empty when there is none. Raises ``RecordError`` when it is damaged."""
    path = folder / GPU
    names = [field.name for field in fields(GpuRun)]
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            rows = list(reader)
        if reader.fieldnames != names or any(list(row) != names or None in row.values() for row in rows):
            raise ValueError(f"its columns are not {', '.join(names)}")
        return {row["case"]: _gpu_run(row) for row in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: cannot be read: {error}") from error


def _gpu_run(row: Mapping[str, str]) -> GpuRun:
    counts = (int(row[name]) for name in ("passed", "expected", "failed"))
    return GpuRun(row["case"], row["gpu"], row["run"], row["versions"], *counts)


def write_gpu(folder: Path, runs: Iterable[GpuRun]) -> None:
    """Write ``gpu.csv`` into ``folder``, by name of the case."""
    with (folder / GPU).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(GpuRun)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(run) for run in sorted(runs, key=lambda run: run.case))


def gpu_runs(record: Path) -> list[GpuRun]:
    """The cases that a record has rows of a GPU for. Raises ``RecordError`` where it has none, or cannot be read."""
    rows = read_rows(record)
    rows = rows[rows["device"].str.startswith("gpu")]
    if rows.empty:
        raise RecordError(f"{record}: has no row of a GPU; run with --device gpu on a machine that has one")
    environment = read_environment(record)
    described: Mapping[str, Any] = environment.get("environments", {})
    named = [str(gpu) for name in FRAMEWORKS for gpu in described.get(name, {}).get("gpus") or ()]
    versions = ", ".join(
        f"{framework.title} {described[name]['version']}"
        for name, framework in FRAMEWORKS.items()
        if "version" in described.get(name, {})
    )
    gpu = ", ".join(dict.fromkeys(named)) or "a GPU without a name"
    return [
        GpuRun(
            str(case),
            gpu,
            str(environment.get("run", "")),
            versions,
            passed=int(own["verdict"].eq(PASS).sum()),
            expected=int(own["verdict"].eq(EXPECTED).sum()),
            failed=int(own["verdict"].isin([*RED, NOT_RUN]).sum()),
        )
        for case, own in rows.groupby("case", sort=False)
    ]
