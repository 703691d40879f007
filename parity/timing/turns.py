"""Who takes turns: participants on the workers of several process sets, a block of each after the other.

What disturbs a machine then falls on all of them. The bias that a process keeps as long as it lives is averaged over
the sets. Workers wait without computing while another one works.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from ..plan.work import Unit
from ..workers.bench import calls_of_block
from ..workers.local import SCRIPT, Greeting, StartError, Worker
from ..workers.main import TIME
from ..workers.protocol import Failure
from .estimate import Estimate, ratio
from .series import Series

PROCESSES = 4
"""Sets of fresh processes."""

TURNS = 2, 40
"""Turns of everyone in every set: at least, and at most unless an interval is still wide."""

VOID = 0.1
"""The share of blocks that may be void, before none of them is believed."""

UNDISTURBED = 0.8
"""A block in which the process had less than this share of a processor does not count, unless it always waits."""


@dataclass(frozen=True)
class Precision:
    """How long a measure of an item takes turns: for so many seconds, and on while half an interval is not ``narrow``,
    or for a ratio far from 1 not ``fair``.
    """

    seconds: float = 0.3
    at_most: float = 1.2
    narrow: float = 0.04
    fair: float = 0.1

    def reached(self, found: Estimate | None) -> bool:
        """Whether a ratio's interval is narrow enough."""
        if found is None:
            return False
        return found.high <= (1 + (self.fair if found.clear() else self.narrow)) * found.value


@dataclass(frozen=True)
class Participant:
    """An implementation of an item on one side: a framework, or a version of one."""

    side: str
    unit: Unit


Key = tuple[Participant, str]
"""A participant and a measure."""


class Turns:
    """The workers of all sets. ``sides`` gives each side's framework and interpreter."""

    def __init__(
        self,
        sides: Mapping[str, tuple[str, str]],
        *,
        threads: int = 1,
        processes: int = PROCESSES,
        precision: Precision = Precision(),
        timeout: float = 120.0,
        scripts: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._sides, self._threads, self._processes, self._timeout = sides, threads, processes, timeout
        self._precision, self._scripts = precision, scripts or {}
        self._sets: list[dict[str, Worker]] = []

    def start(self) -> dict[str, Greeting]:
        """Start all workers. Raises ``StartError``, and then none is left."""
        places = [(number, side) for number in range(self._processes) for side in self._sides]
        self._sets = [{} for _ in range(self._processes)]
        try:
            for number, side in places:
                self._sets[number][side] = self._worker(side)
            with ThreadPoolExecutor() as pool:
                greetings = list(pool.map(lambda place: self._sets[place[0]][place[1]].greet(), places))
        except StartError:
            self.stop()
            raise
        return {side: greeting for (_, side), greeting in zip(places, greetings, strict=True)}

    def stop(self) -> None:
        for workers in self._sets:
            for worker in workers.values():
                worker.kill()
        self._sets = []

    def peak(self, side: str, device: str, dtype: str) -> dict[str, float]:
        """What the machine reaches at most in a framework: ``flops`` and ``bytes`` per second; empty if that fails."""
        answer = self._ask(self._sets[0], side, {"peak": {"device": device, "dtype": dtype}})
        return {} if "failure" in answer else answer

    def time(self, participants: Sequence[Participant]) -> dict[Key, Series]:
        """Time the participants of one item. Whoever fails in one set takes part in no other."""
        found: dict[Key, Series] = {}
        out: set[Participant] = set()
        for workers in self._sets:
            for participant in participants:
                if participant not in out:
                    self._prepare(workers, participant, found, out)
        for (participant, measure), series in found.items():  # The same number of calls on all sides.
            alike = [s for (p, m), s in found.items() if (p.unit.api, m) == (participant.unit.api, measure)]
            series.rough = min(each.rough for each in alike)
        for measure in dict.fromkeys(measure for _, measure in found if measure):
            self._take_turns([key for key in found if key[1] == measure], found, out)
        for series in found.values():
            if len(series.void) > VOID * sum(map(len, series.blocks)):
                series.problem = series.problem or series.void[0]
        for workers in self._sets:
            for side in {participant.side for participant in participants}:
                self._ask(workers, side, {"forget": True})
        return found

    def _prepare(
        self, workers: dict[str, Worker], participant: Participant, found: dict[Key, Series], out: set[Participant]
    ) -> None:
        answer = self._ask(workers, participant.side, {"prepare": participant.unit.to_header()})
        failure = answer.get("failure")
        if failure:
            out.add(participant)
            found.setdefault((participant, ""), Series()).problem = str(Failure(**failure))
        for measure, first in answer.get("first", {}).items():
            series = found.setdefault((participant, measure), Series())
            series.first.append(first)
            series.rough = min(series.rough, answer["seconds"].get(measure, series.rough))
            series.elements, series.moved = answer.get("elements", 0), answer.get("moved", 0)
            series.problem = series.problem or answer["unfinished"].get(measure, "")
            if answer["peak"].get(measure) is not None:
                series.peak.append(answer["peak"][measure])
            series.taken.append([])

    def _take_turns(self, keys: Sequence[Key], found: dict[Key, Series], out: set[Participant]) -> None:
        """Blocks of everyone in every set, one after the other, until all are settled; each turn begins elsewhere."""
        precision, began = self._precision, time.monotonic()
        for turn in itertools.count():
            present = [key for key in keys if key[0] not in out]
            passed = time.monotonic() - began
            enough = turn >= TURNS[0] and (turn >= TURNS[1] or passed >= precision.seconds)
            late = passed >= precision.at_most
            if not present or (enough and (late or _settled([found[key] for key in present], precision))):
                return
            first = turn % len(present)
            for number, workers in enumerate(self._sets):
                for key in (*present[first:], *present[:first]):
                    if key[0] not in out:
                        self._block(workers, number, key, found[key], out, self._processors(turn))
            _count([found[key] for key in keys])

    def _processors(self, turn: int) -> list[int]:
        """The processors of a turn: the same for everyone, and others after two turns, as they may differ in speed."""
        there = processors()
        return [there[(turn // 2 + number) % len(there)] for number in range(min(self._threads, len(there)))]

    def _block(
        self,
        workers: dict[str, Worker],
        number: int,
        key: Key,
        series: Series,
        out: set[Participant],
        on: Sequence[int],
    ) -> None:
        participant, measure = key
        count, before = calls_of_block(series.rough)
        asked = {
            "block": {
                "name": participant.unit.name, "measure": measure, "count": count, "before": before, "processors": on,
            }
        }  # fmt: skip
        answer = self._ask(workers, participant.side, asked)
        if answer.get("unprepared"):
            self._ask(workers, participant.side, {"prepare": participant.unit.to_header()})
            answer = self._ask(workers, participant.side, asked)
        if answer.get("failure"):
            out.add(participant)
            series.problem = str(Failure(**answer["failure"]))
        elif answer["problem"]:
            series.taken[number].append(None)
            series.void.append(answer["problem"])
        else:
            series.taken[number].append((answer["seconds"], answer["share"]))

    def _ask(self, workers: dict[str, Worker], side: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """A worker's answer. One that dies or hangs is replaced, and the answer is its failure."""
        worker = workers[side]
        worker.send(request)
        try:
            frame = worker.receive(self._timeout)
        except queue.Empty:
            failure = Failure("timeout", "", f"no answer within {self._timeout:g} s")
        else:
            if frame is not None:
                return frame[0]
            failure = Failure("crash", "", f"{worker.death()}{worker.last_words()}")
        worker.kill()
        workers[side] = self._worker(side)
        with contextlib.suppress(StartError):  # It is asked again, and says so again.
            workers[side].greet()
        return {"failure": asdict(failure)}

    def _worker(self, side: str) -> Worker:
        framework, python = self._sides[side]
        return Worker(framework, python, self._threads, self._scripts.get(side, (str(SCRIPT), TIME)))


def _count(all_series: Sequence[Series]) -> None:
    """Leave out disturbed blocks: where some participant has a processor for itself, who never has one waits, and
    all its blocks count.
    """
    somebody = any(series.best_share >= UNDISTURBED for series in all_series)
    for series in all_series:
        series.count(0.0 if somebody and series.best_share < UNDISTURBED else UNDISTURBED)


def _settled(present: Sequence[Series], precision: Precision) -> bool:
    """Whether all ratios to the first participant are precise."""
    return all(precision.reached(ratio(series, present[0])) for series in present[1:])


def processors() -> list[int]:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
