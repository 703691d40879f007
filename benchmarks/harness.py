"""Measures the harness: listing a large catalogue, and time, overhead and memory of the full default run.

Run by ``nox -s bench``; prints the figures with their limits and writes them to ``reports/bench.json``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "reports"

CASE = """
op{number} = Case(
    "op{number}",
    "A generated operation.",
    sizes=dict(N=3, I=4, O=5),
    inputs=dict(x=normal("N I")),
    weights=dict(kernel=normal("O I")),
    outputs=dict(y="N O"),
    variants=grid(stride=range(25), padding=["valid", "same"], dilation=[1, 2], groups=[1, 2, 3, 4, 5]),
    dtypes=["float32"],
)


@op{number}.reference
def _(np, x, kernel):
    return x @ kernel.T


@op{number}.torch("torch.nn.functional.linear")
def _(torch, x, kernel):
    return torch.nn.functional.linear(x, kernel)


@op{number}.tensorflow("tf.matmul", kernel="I O")
def _(tf, x, kernel):
    return tf.matmul(x, kernel)
"""


def main(options: list[str]) -> int:
    """Measure, print, save; the exit status is 1 when a figure is over its limit."""
    figures = {**listing(), **full_run(options)}
    late = False
    for name, (value, limit, unit) in figures.items():
        over = value > limit
        late |= over
        print(f"{name:58} {value:8.3f} {unit:4} (limit {limit:g}){'  OVER' if over else ''}")
    REPORTS.mkdir(exist_ok=True)
    saved = {name: {"value": value, "limit": limit, "unit": unit} for name, (value, limit, unit) in figures.items()}
    (REPORTS / "bench.json").write_text(json.dumps(saved, indent=2) + "\n", encoding="utf-8")
    return int(late)


def listing() -> dict[str, tuple[float, float, str]]:
    """The best of three listings of 10,000 variants, which must import no framework."""
    with tempfile.TemporaryDirectory() as folder:
        cases = Path(folder) / "cases"
        cases.mkdir()
        body = "from parity import Case, grid, normal\n" + "".join(CASE.format(number=n) for n in range(20))
        (cases / "generated.py").write_text(body, encoding="utf-8")
        command = [sys.executable, "-X", "importtime", "-m", "pytest", "cases", "--collect-only", "-q"]
        traced = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        assert "10000 tests collected" in traced.stdout, traced.stdout[-500:]
        imported = {line.rpartition("|")[2].strip() for line in traced.stderr.splitlines()}
        assert not imported & {"torch", "tensorflow", "keras"}, "listing imported a framework"
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run([command[0], *command[3:]], cwd=folder, stdout=subprocess.DEVNULL, check=True)
            seconds.append(time.perf_counter() - start)
    return {"listing 10,000 variants": (min(seconds), 2.0, "s")}


def full_run(options: list[str]) -> dict[str, tuple[float, float, str]]:
    """The default run, judged by what its own record says."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        command = [sys.executable, "-m", "pytest", "cases", "--reports", folder, "-q", *options]
        process = subprocess.Popen(command, cwd=ROOT)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident_peak(process.pid))
            time.sleep(0.1)
        status, wall = process.returncode, time.perf_counter() - start
        record = json.loads((Path(folder) / "environment.json").read_text(encoding="utf-8"))
    assert status == 0, "the run is not at parity: its figures mean nothing"
    record["peak_bytes"] = max(peak, record["peak_bytes"])
    return {"full default run": (wall, 150.0, "s"), **dict(_costs(record, wall))}


def _resident_peak(pid: int) -> int:
    """The largest resident memory of a process so far, writing the reports included; 0 where /proc does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def _costs(record: dict[str, Any], wall: float) -> Iterator[tuple[str, tuple[float, float, str]]]:
    costs, environments = record["costs"], record["environments"]
    units = sum(cost["units"] for cost in costs.values())
    overhead = sum(cost["harness_seconds"] for cost in costs.values()) + record["judge_seconds"]
    inside = [costs[name]["framework_seconds"] + environments[name]["import_seconds"] for name in costs]
    yield "harness time per unit of work", (1000 * overhead / units, 1.0, "ms")
    yield "share of wall time outside framework imports and calls", (100 * (1 - max(inside) / wall), 15.0, "%")
    yield "memory of the pytest process", (record["peak_bytes"] / 1e6, 300.0, "MB")
    for name, cost in costs.items():
        yield f"memory of the {name} worker", (cost["peak_bytes"] / 1e6, 1000.0, "MB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
