"""Timing a unit: seconds per call, after the run that produced its results."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .adapter import Adapter
from .setup import Setup


@dataclass(frozen=True)
class Timing:
    """How the quick timing stops: after ``rounds`` calls, or when ``seconds`` have passed."""

    rounds: int = 3
    seconds: float = 0.01


def time_unit(
    adapter: Adapter, setup: Setup, given: list[Any] | None, device: str, timing: Timing = Timing()
) -> dict[str, list[float]]:
    """Seconds per call, after the run that produced the results has warmed everything up."""

    steps = adapter.steps(setup.call, setup.tensors, setup.positions, list(setup.variables.values()))

    def forward() -> None:
        with adapter.inference():
            steps.forward()

    timed: dict[str, Callable[[], Any]] = {"forward": forward}
    if given is not None:
        timed["forward+backward"] = lambda: steps.both(given)
    collecting = gc.isenabled()
    gc.disable()
    try:
        return {
            name: _rounds(function, lambda: adapter.synchronize(device), timing) for name, function in timed.items()
        }
    finally:
        if collecting:
            gc.enable()


def _rounds(function: Callable[[], Any], synchronize: Callable[[], None], timing: Timing) -> list[float]:
    seconds: list[float] = []
    while len(seconds) < timing.rounds and sum(seconds) < timing.seconds:
        start = time.perf_counter()
        function()
        synchronize()
        seconds.append(time.perf_counter() - start)
    return seconds
