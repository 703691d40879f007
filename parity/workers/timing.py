"""The clock of the workers, and the quick timing of a unit after the run that produced its results."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from .adapter import Adapter
from .setup import Setup

FORWARD, BOTH = "forward", "forward+backward"
"""What is timed: as in inference, and with all gradients."""


@dataclass(frozen=True)
class Timing:
    """How the quick timing stops: after ``rounds`` calls, or when ``seconds`` have passed."""

    rounds: int = 3
    seconds: float = 0.01


@dataclass(frozen=True)
class Clocked:
    """Seconds until the device had finished, and processor seconds of the process and of the thread meanwhile."""

    seconds: float
    process: float
    thread: float


def clocked(adapter: Adapter, measure: str, call: Callable[[], Any], device: str, count: int = 1) -> Clocked:
    """What ``count`` calls take, with the garbage collector off; ``FORWARD`` records nothing for gradients."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        with adapter.inference() if measure == FORWARD else nullcontext():
            adapter.synchronize(device)
            process, thread = time.process_time(), time.thread_time()
            start = time.perf_counter()
            for _ in repeat(None, count):
                call()
            adapter.synchronize(device)
            seconds = time.perf_counter() - start
            return Clocked(seconds, time.process_time() - process, time.thread_time() - thread)
    finally:
        if collecting:
            gc.enable()


def time_unit(
    adapter: Adapter, setup: Setup, given: list[Any] | None, device: str, timing: Timing = Timing()
) -> dict[str, list[float]]:
    """Seconds per call, after the run that produced the results has warmed everything up."""
    steps = adapter.steps(setup.computation)
    timed: dict[str, Callable[[], Any]] = {FORWARD: steps.forward}
    if given is not None:
        timed[BOTH] = lambda: steps.both(given)
    found: dict[str, list[float]] = {measure: [] for measure in timed}
    for measure, seconds in found.items():
        while len(seconds) < timing.rounds and sum(seconds) < timing.seconds:
            seconds.append(clocked(adapter, measure, timed[measure], device).seconds)
    return found
