"""The clock of the workers, and the quick timing of a unit after the run that produced its results."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from .adapter import Adapter
from .heard import in_one_line
from .setup import Setup

FORWARD, BOTH = "forward", "forward+backward"
"""What is timed: as in inference, and with all gradients."""


@dataclass(frozen=True)
class Timing:
    """When the quick timing of a measure stops: after ``rounds`` calls, or earlier, which keeps a parity run short.

    One call is enough when it takes longer than ``long`` seconds. Two are when they take more than ``seconds`` each and
    agree: a call that only waited for a processor is slow by the length of the scheduler's turns, 10 ms and more.
    """

    rounds: int = 3
    seconds: float = 0.001
    long: float = 0.02

    def enough(self, taken: Sequence[float]) -> bool:
        """Whether the calls that took these seconds are all."""
        if len(taken) == 1:
            return taken[0] > self.long
        return len(taken) >= self.rounds or self.seconds < min(taken) > max(taken) / 2


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


def first_call(
    adapter: Adapter, measure: str, call: Callable[[], Any], device: str
) -> tuple[Clocked, Callable[[], Any], str]:
    """Clock the first call. Also returns what to call from now on, and a note on how that is timed, or nothing.

    A forward pass that raises without a record for gradients is called again with one: it differentiates inside.
    Raises what the call raises all the same.
    """
    try:
        return clocked(adapter, measure, call, device), call, ""
    except Exception as error:
        if measure != FORWARD:
            raise
        without = _said(error)

    def recorded() -> Any:
        with adapter.recording():
            return call()

    took = clocked(adapter, measure, recorded, device)
    return took, recorded, f"timed while gradients are recorded: without, it raises {without}"


def time_unit(
    adapter: Adapter,
    setup: Setup,
    given: list[Any] | None,
    device: str,
    timing: Timing = Timing(),
    taken: float | None = None,
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Seconds per call of each measure, after the run that produced the results has warmed everything up.

    ``taken`` are those of a first call as in inference, if there has been one.
    Also returns a note on each measure that is timed in another way, or not at all because the call raises: the results
    are there already, and their verdicts do not depend on the timing.
    """
    steps = adapter.steps(setup.computation)
    timed: dict[str, Callable[[], Any]] = {FORWARD: steps.forward}
    if given is not None:
        timed[BOTH] = lambda: steps.both(given)
    found: dict[str, list[float]] = {}
    notes: dict[str, str] = {}
    for measure, call in timed.items():
        try:
            if measure == FORWARD and taken is not None:
                seconds, again, note = [taken], call, ""
            else:
                took, again, note = first_call(adapter, measure, call, device)
                seconds = [took.seconds]
            while not timing.enough(seconds):
                seconds.append(clocked(adapter, measure, again, device).seconds)
        except Exception as error:
            notes[measure] = f"not timed: called again, it raises {_said(error)}"
            continue
        found[measure] = seconds
        if note:
            notes[measure] = note
    return found, notes


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {in_one_line(str(error))[:200]}"
