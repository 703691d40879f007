"""Timing in a worker: units are made ready once, and then timed in blocks, whenever the harness asks for one."""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..catalog.case import Case
from ..catalog.dtypes import FLOATS
from ..plan.work import Unit
from .adapter import Adapter, as_tuple
from .canonical import cotangents
from .execute import declared_case, failure_of, timed_values
from .memory import Peak
from .protocol import Failure
from .setup import Stopwatch, set_up
from .timing import BOTH, FORWARD, clocked, first_call

BLOCK = 0.0015
"""Seconds that a block should take: so many calls are made in one that reading the clock does not count."""

AGAIN = 0.0005, 0.02
"""Before a block, calls are made for so many seconds, unless one takes so long: others have used the caches."""

TICKS = 0.01
"""Seconds by which the processor time that a system tells may be ahead: it may count whole ticks of its scheduler."""

MOST = 1_000_000
"""Calls of a block."""

WARM = 2, 0.03
"""Calls, or seconds, between the first call, which is reported by itself, and the timing: they settle allocators."""

GRACE, WATCHED, BUSY = 0.0003, 0.002, 0.5
"""So long after a call the process is watched for so long; that share of a processor is unfinished work."""


PEAK_ELEMENTS = 1 << 24
"""Of the copy that shows the memory's speed: more than caches hold."""


@dataclass
class Ready:
    """A unit that can be timed, and what is called for each measure."""

    unit: Unit
    calls: dict[str, Callable[[], Any]]


class Bench:
    """Answers the harness: ``prepare`` a unit, time a ``block`` of it, ``forget`` all units; the machine's ``peak``."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._ready: dict[str, Ready] = {}
        self._pinned: tuple[int, ...] = ()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if "prepare" in request:
            return self._prepare(Unit.from_header(request["prepare"]))
        if "block" in request:
            return self._block(**request["block"])
        if "peak" in request:
            return self._peak(**request["peak"])
        self._ready.clear()
        self._adapter.forget()
        gc.collect()
        return {}

    def _prepare(self, unit: Unit) -> dict[str, Any]:
        """Build, call for the first time, and warm up.

        The answer holds for each measure the seconds of the ``first`` call and of a later one (``seconds``), the
        ``peak`` of memory in bytes, and the ``failure`` if there is one; what could be measured before it is there.
        ``elements`` are those of the first output, ``moved`` the bytes of all inputs, weights and results together.
        """
        adapter, device = self._adapter, unit.item.device
        first: dict[str, float] = {}
        seconds: dict[str, float] = {}
        peak: dict[str, int | None] = {}
        unfinished: dict[str, str] = {}
        failure: Failure | None = None
        stage = "build"
        case = declared_case(unit)
        ready = Ready(unit, {})
        size: dict[str, int] = {}
        try:
            with adapter.on(device, unit.item.dtype):
                if case.draws:
                    adapter.seed()
                for measure, call in self._calls(unit, case, ready.calls, size):
                    stage = "forward" if measure == FORWARD else "gradient"
                    with Peak(device, adapter.peak_bytes) as used:
                        took, call, _ = first_call(adapter, measure, call, device)
                    first[measure] = took.seconds
                    peak[measure] = used.bytes
                    unfinished[measure] = self._unfinished(device)
                    for _ in range(WARM[0]) if first[measure] < WARM[1] else ():
                        clocked(adapter, measure, call, device)
                    ready.calls[measure] = call
                    seconds[measure] = self._seconds(measure, call, device)
                    unfinished[measure] = unfinished[measure] or self._unfinished(device)
        except Exception as error:
            failure = failure_of(error, stage, unit)
        self._ready[unit.name] = ready
        return {
            "first": first, "seconds": seconds, "peak": peak, "unfinished": unfinished,
            "failure": asdict(failure) if failure else None, **size,
        }  # fmt: skip

    def _calls(
        self, unit: Unit, case: Case, ready: Mapping[str, Callable[[], Any]], size: dict[str, int]
    ) -> Iterator[tuple[str, Callable[[], Any]]]:
        """What is timed, by measure: nothing is made for the second before the first was called, and is ``ready``."""
        adapter, device = self._adapter, unit.item.device
        setup = set_up(adapter, unit, case, timed_values(unit), device, Stopwatch())
        steps = adapter.steps(setup.computation)
        yield FORWARD, steps.forward
        with adapter.inference():
            arrays = [adapter.array(result) for result in as_tuple(ready[FORWARD]())]
        given_bytes = sum(array.nbytes for array in setup.canonical.values())
        size |= {"elements": arrays[0][0].size, "moved": given_bytes + sum(array.nbytes for array, _ in arrays)}
        if setup.names:
            given = cotangents(adapter, setup, arrays, device, Stopwatch(), timed=True)
            yield BOTH, lambda: steps.both(given)

    def _seconds(self, measure: str, call: Callable[[], Any], device: str) -> float:
        """Roughly the seconds of a call, from as many as make a block."""
        count = 1
        while True:
            seconds = clocked(self._adapter, measure, call, device, count).seconds
            if seconds >= BLOCK / 2 or count >= MOST:
                return seconds / count
            count = min(MOST, max(2 * count, math.ceil(count * BLOCK / max(seconds, 1e-6))))

    def _block(
        self, name: str, measure: str, count: int, before: int, processors: Sequence[int] = ()
    ) -> dict[str, Any]:
        """Time ``count`` calls after some ``before``: ``seconds`` a call, the ``share`` of a processor, a ``problem``.

        They run on certain ``processors``, where the system lets them be chosen. A block with a problem is void. A
        worker that has been replaced says that the unit is ``unprepared``.
        """
        if name not in self._ready:
            return {"unprepared": True}
        ready = self._ready[name]
        unit = ready.unit
        call, device = ready.calls[measure], unit.item.device
        try:
            with self._adapter.on(device, unit.item.dtype):
                if device == "cpu" and tuple(processors) != self._pinned:
                    pin(processors)
                    self._pinned = tuple(processors)
                clocked(self._adapter, measure, call, device, before)
                took = clocked(self._adapter, measure, call, device, count)
        except Exception as error:
            return {"failure": asdict(failure_of(error, "timing", unit))}
        problem = ""
        if not 0 < took.seconds < math.inf or took.thread > 1.1 * took.seconds + TICKS:
            problem = f"the clock stepped: {took.seconds:.3g} s for work that took the processor {took.thread:.3g} s"
        share = 1.0 if device != "cpu" else took.process / took.seconds if took.seconds > 0 else 0.0
        return {"seconds": took.seconds / count, "share": share, "problem": problem}

    def _peak(self, device: str, dtype: str) -> dict[str, float]:
        """FLOP/s of a matrix product and bytes/s of a copy (each element read, negated, written), at best."""
        adapter, module = self._adapter, self._adapter.module
        side = 1024 if device == "cpu" else 8192
        with adapter.on(device, dtype):
            square, large = (
                adapter.tensor(FLOATS[dtype].encode(np.ones(shape)), dtype, device, gradient=False)
                for shape in ((side, side), (PEAK_ELEMENTS,))
            )
            calls = (lambda: module.matmul(square, square), lambda: module.negative(large))
            product, copy = (min(clocked(adapter, FORWARD, call, device).seconds for _ in range(8)) for call in calls)
        return {"flops": 2 * side**3 / product, "bytes": 2 * PEAK_ELEMENTS * FLOATS[dtype].storage.itemsize / copy}

    def _unfinished(self, device: str) -> str:
        """Why no block can be believed: the process goes on computing after a call. A GPU was waited for."""
        if device != "cpu":
            return ""
        time.sleep(GRACE)
        start, before = time.perf_counter(), time.process_time()
        time.sleep(WATCHED)
        share = (time.process_time() - before) / (time.perf_counter() - start)
        return f"the work goes on after the call has returned ({share:.0%} of a processor)" if share > BUSY else ""


def pin(processors: Sequence[int]) -> None:
    """Have all threads of this process run on some processors only, where the system can do that."""
    if processors and hasattr(os, "sched_setaffinity"):
        for thread in os.listdir("/proc/self/task"):
            with suppress(OSError):  # It has just ended.
                os.sched_setaffinity(int(thread), processors)


def calls_of_block(seconds: float) -> tuple[int, int]:
    """How many calls make a block, and how many are made before it, where one takes about so many seconds."""
    least, long = AGAIN
    count = min(MOST, max(1, round(BLOCK / seconds)))
    return count, 0 if seconds > long else max(1, math.ceil(min(MOST, least / seconds)))
