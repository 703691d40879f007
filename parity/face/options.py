"""The options of a run, checked before anything starts."""

from __future__ import annotations

import glob
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..catalog.dtypes import FLOATS
from ..catalog.frameworks import FRAMEWORKS
from ..catalog.known import Tolerance
from ..catalog.modes import EAGER, MODES
from ..environments import importable
from ..timing.turns import PROCESSES, processors
from ..workers.local import UNIT_TIMEOUT, Greeting

FAILURES = 5
"""Failing items that are shown in full: the root causes above them say what the others are."""

DEVICES = "auto, cpu, gpu, gpu:0, gpu:1 ..."


@dataclass(frozen=True)
class Options:
    """What the user asked for. ``dtypes`` is ``None`` for all that each case declares.

    ``failures`` is how many failing items are shown in full; ``None`` for all.
    """

    device: str
    dtypes: tuple[str, ...] | None
    modes: tuple[str, ...]
    seed: int
    reports: Path | None
    arrays: bool
    pythons: Mapping[str, str]
    tolerance: Tolerance | None
    timeout: float
    failures: int | None
    timings: bool
    realistic: bool
    threads: int
    processes: int


def add_options(parser: pytest.Parser) -> None:
    """Declare the options; ``parity_cases`` is the one ini setting."""
    group = parser.getgroup("parity", "framework parity")
    group.addoption("--device", default="auto", metavar="NAME", help=f"where to run: {DEVICES} (default: auto)")
    group.addoption(
        "--dtype", action="append", metavar="NAME", help=f"run only these dtypes, comma-separated: {', '.join(FLOATS)}"
    )
    group.addoption(
        "--mode",
        action="append",
        metavar="NAME",
        help=f"run in these modes, comma-separated: {', '.join(MODES)} (default: {EAGER})",
    )
    group.addoption("--seed", type=int, default=0, help="seed of inputs and weights (default: 0)")
    group.addoption("--reports", metavar="DIR", help="write parity.csv, parity.html and the other reports into DIR")
    group.addoption("--arrays", action="store_true", help="keep the results themselves, too: arrays.safetensors")
    group.addoption(
        "--failures",
        default=str(FAILURES),
        metavar="N",
        help=f"show N failing items in full, below the root causes, or all (default: {FAILURES})",
    )
    group.addoption("--timings", action="store_true", help="time the operations in turns, instead of comparing results")
    group.addoption(
        "--realistic", action="store_true", help="compare the timed operations in their realistic sizes, instead of all"
    )
    group.addoption("--threads", type=int, default=1, metavar="N", help="threads of each worker (default: 1)")
    group.addoption(
        "--processes",
        type=int,
        default=PROCESSES,
        metavar="N",
        help=f"with --timings: fresh processes of each framework (default: {PROCESSES})",
    )
    group.addoption("--rtol", type=float, help="with --atol: allow |error| <= atol + rtol * |truth| in this run")
    group.addoption("--atol", type=float, help="see --rtol")
    group.addoption(
        "--unit-timeout", type=float, default=UNIT_TIMEOUT, metavar="SECONDS", help="limit for one unit of work"
    )
    for framework in FRAMEWORKS.values():
        group.addoption(
            f"--{framework.name}-python",
            metavar="PATH",
            help=f"the interpreter that has {framework.title} (default: the one that runs pytest)",
        )
    parser.addini("parity_cases", "names of the folders whose files declare cases", type="args", default=["cases"])


def read_options(config: pytest.Config) -> Options:
    """Check the options. Raises ``pytest.UsageError``, which names what may be given instead."""
    get = config.getoption
    device = get("--device")
    if device not in ("auto", "cpu", "gpu") and not (device.startswith("gpu:") and device[4:].isdigit()):
        raise pytest.UsageError(f"--device {device}: unknown device; choose from {DEVICES}")
    dtypes = _names(config, "--dtype", FLOATS)
    modes = _names(config, "--mode", MODES) or (EAGER,)
    if (get("--rtol") is None) != (get("--atol") is None):
        raise pytest.UsageError("--rtol and --atol must be given together, so that neither is a hidden default")
    tolerance = None
    if get("--rtol") is not None:
        rtol, atol = get("--rtol"), get("--atol")
        if not (0 <= rtol < float("inf") and 0 <= atol < float("inf")):
            raise pytest.UsageError("--rtol and --atol must be finite and not negative")
        tolerance = Tolerance(rtol, atol, f"allowance set on the command line: rtol {rtol:g}, atol {atol:g}")
    if not get("--unit-timeout") > 0:
        raise pytest.UsageError("--unit-timeout must be more than 0 seconds")
    if get("--seed") < 0:
        raise pytest.UsageError("--seed must not be negative")
    there = len(processors())
    if not 1 <= get("--threads") <= there:
        raise pytest.UsageError(f"--threads {get('--threads')}: give 1 to {there}, as many as there are processors")
    if get("--processes") < 2:
        raise pytest.UsageError("--processes must be at least 2: what one process shows may be its own")
    failures = get("--failures")
    if failures != "all" and not failures.isdecimal():
        raise pytest.UsageError(f"--failures {failures}: give a number of items, or all")
    if get("--timings") and get("--realistic"):
        raise pytest.UsageError("--timings and --realistic: the one times, the other compares; run them one by one")
    reports = get("--reports")
    return Options(
        device=device,
        dtypes=dtypes or None,
        modes=modes,
        seed=get("--seed"),
        reports=Path(reports) if reports else None,
        arrays=get("--arrays"),
        pythons={name: _python(name, get(f"--{name}-python")) for name in FRAMEWORKS},
        tolerance=tolerance,
        timeout=get("--unit-timeout"),
        failures=None if failures == "all" else int(failures),
        timings=get("--timings"),
        realistic=get("--realistic"),
        threads=get("--threads"),
        processes=get("--processes"),
    )


def _names(config: pytest.Config, option: str, known: Iterable[str]) -> tuple[str, ...]:
    """The comma-separated names given with an option, each once."""
    names = [name.strip() for entry in config.getoption(option) or () for name in entry.split(",")]
    for name in names:
        if name not in known:
            kind = option.removeprefix("--")
            raise pytest.UsageError(f"{option} {name}: unknown {kind}; choose from {', '.join(known)}")
    return tuple(dict.fromkeys(names))


def _python(framework: str, given: str | None) -> str:
    if given is None:
        return sys.executable
    path = shutil.which(given)
    if path is None:
        raise pytest.UsageError(
            f"--{framework}-python {given}: no such interpreter; give the path of a Python that has "
            f"{FRAMEWORKS[framework].title} installed"
        )
    return path


def require_frameworks(pythons: Mapping[str, str]) -> None:
    """Raise ``pytest.UsageError`` when an interpreter lacks its framework."""
    for name, python in pythons.items():
        framework = FRAMEWORKS[name]
        found = importable(python, [framework.package])
        if found is None:
            raise pytest.UsageError(f"--{name}-python {python}: this is no working Python interpreter")
        if found:
            continue
        raise pytest.UsageError(
            f"{framework.title} is not installed for {python}. Name an interpreter that has it with "
            f"--{name}-python PATH; `{Path(sys.executable).name} -m parity environment {name}` builds one "
            "and prints its path"
        )


def gpu_present() -> bool:
    """Whether this machine shows signs of a GPU, without importing a framework."""
    return bool(shutil.which("nvidia-smi") or glob.glob("/dev/nvidia[0-9]*") or glob.glob("/dev/kfd"))


def choose_devices(device: str, greetings: Mapping[str, Greeting]) -> list[str]:
    """The devices to run on, given what each framework sees. Raises ``pytest.UsageError`` for one that is missing."""
    seen = {name: greetings[name].devices for name in FRAMEWORKS if name in greetings}
    common = [d for d in next(iter(seen.values())) if all(d in devices for devices in seen.values())]
    if device == "auto":
        return common
    wanted = [d for d in common if d != "cpu"] if device == "gpu" else [d for d in common if d == device]
    if not wanted:
        shown = "; ".join(f"{FRAMEWORKS[name].title} sees {', '.join(devices)}" for name, devices in seen.items())
        raise pytest.UsageError(f"--device {device}: not available to both frameworks ({shown})")
    return wanted


def describe_devices(devices: Sequence[str], greetings: Mapping[str, Greeting]) -> str:
    """One line for summary and report: where the run took place, and which GPUs were left out."""
    ran = ", ".join(devices)
    sees: dict[str, Any] = {
        FRAMEWORKS[name].title: [d for d in greetings[name].devices if d != "cpu"]
        for name in FRAMEWORKS
        if name in greetings
    }
    if not any(sees.values()):
        return f"{ran} (no GPU was present)"
    left = {title: [d for d in gpus if d not in devices] for title, gpus in sees.items()}
    extra = "; ".join(f"{title} also sees {', '.join(gpus)}" for title, gpus in left.items() if gpus)
    return f"{ran} ({extra}: not run)" if extra else ran
