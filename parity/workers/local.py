"""Workers as subprocesses of this machine: one per framework, restarted when it dies or hangs.

Each framework has a second worker for what is computed again. It starts when it is first needed.
The rest of the harness knows only this: start an engine, submit units, receive observations, stop.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

from ..catalog.dtypes import Array
from ..catalog.frameworks import REFERENCE
from ..catalog.visible import visible
from ..plan.work import Unit
from .protocol import NOT_RUN, Failure, Observation, read_frame, write_frame

Frame = tuple[dict[str, Any], dict[str, Array]]

SCRIPT = Path(__file__).with_name("main.py")
"""What a worker runs."""

START_SECONDS = 180.0
"""How long importing a framework may take."""

UNIT_TIMEOUT = 300.0
"""Seconds after which a unit counts as hanging: ten times what the longest takes, as a machine may be busy."""

PATIENCE = 3
"""Timeouts of an implementation in one case file and mode, after which its other units are not run.

A crash costs only a new worker, so what crashes is always tried again.
"""

AHEAD = 2
"""Units sent to a worker before the first is answered, so that it never waits for the pipe."""

GROWTH = 400_000_000
"""Bytes by which a worker may grow beyond its first unit: frameworks cache every kernel they compile."""


class StartError(Exception):
    """A worker could not be started. The message says which, and shows the end of what it printed."""


STOPPED = "the run was stopped"
NOT_RESTARTED = "not run, because the worker could not be restarted"


@dataclass(frozen=True)
class Greeting:
    """What a worker says when it is ready: its environment (versions, threads, switches) and its devices."""

    environment: Mapping[str, Any]
    devices: tuple[str, ...]

    @property
    def kernels(self) -> Mapping[str, Mapping[str, str]]:
        """The names of the framework's CPU kernels by mode and dtype."""
        named: Mapping[str, Mapping[str, str]] = self.environment.get("kernels", {})
        return named

    @property
    def described(self) -> dict[str, Any]:
        """As records tell it."""
        return {**self.environment, "devices": list(self.devices)}


class Engine(Protocol):
    """Where work runs."""

    def start(self, frameworks: Iterable[str]) -> dict[str, Greeting]:
        """Start an environment for each framework. Raises :class:`StartError`."""

    def submit(self, unit: Unit) -> Future[Observation]:
        """Queue a unit. The future never raises: a crash or timeout is an observation with a failure."""

    def stop(self) -> None:
        """End the workers. What is queued is answered with a crash: the run was stopped."""


class LocalEngine:
    """Subprocess workers.

    ``pythons`` names the interpreter of each framework, ``timeout`` the seconds that a unit may take. ``script`` is
    what a worker runs, with the framework, the number of threads and ``arguments``.
    """

    def __init__(
        self,
        pythons: Mapping[str, str],
        *,
        threads: int = 1,
        timeout: float = UNIT_TIMEOUT,
        script: Path = SCRIPT,
        arguments: Sequence[str] = (),
    ) -> None:
        self._pythons = {**pythons, REFERENCE: sys.executable}
        self._threads = threads
        self._script = (str(script), *arguments)
        self._timeout = timeout
        self._lanes: dict[tuple[str, bool], Lane] = {}

    def start(self, frameworks: Iterable[str]) -> dict[str, Greeting]:
        makers = {name: partial(Worker, name, self._pythons[name], self._threads, self._script) for name in frameworks}
        workers: dict[str, Worker] = {}
        try:
            for name, make in makers.items():
                workers[name] = make()
            greetings = {name: worker.greet() for name, worker in workers.items()}
        except StartError:
            for worker in workers.values():
                worker.kill()
            raise
        hung: Counter[Hanging] = Counter()
        for name, make in makers.items():
            self._lanes[name, False] = Lane(name, make, self._timeout, hung, workers[name])
            fresh = partial(make, environment=_another_hash_seed())
            self._lanes[name, True] = Lane(f"fresh {name}", fresh, self._timeout, hung)
        for lane in self._lanes.values():
            lane.start()
        return greetings

    def submit(self, unit: Unit) -> Future[Observation]:
        return self._lanes[unit.framework, unit.again].submit(unit)

    def stop(self) -> None:
        for lane in self._lanes.values():
            lane.stop()
        for lane in self._lanes.values():
            lane.join()
        self._lanes.clear()


def _another_hash_seed() -> dict[str, str]:
    """What makes Python order sets of texts otherwise than in this process's other workers."""
    given = os.environ.get("PYTHONHASHSEED", "")
    return {"PYTHONHASHSEED": str((int(given) + 1) % 2**32) if given.isdecimal() else "random"}


class Worker:
    """One worker process. Its standard error goes to a file that is shown only when it fails.

    ``environment`` holds variables that it gets beside those of this process.
    """

    def __init__(
        self,
        framework: str,
        python: str,
        threads: int,
        script: Sequence[str] = (str(SCRIPT),),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.framework, self._python, self._threads, self._script = framework, python, threads, script
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
        try:
            self._process = subprocess.Popen(
                [python, script[0], framework, str(threads), *script[1:]],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**os.environ, **dict.fromkeys(names, str(threads)), **(environment or {})},
                start_new_session=True,
            )
        except OSError as error:
            raise StartError(f"the {framework} worker cannot be started with {python}: {error.strerror}") from error
        self._frames: queue.Queue[Frame | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                self._frames.put(read_frame(self._process.stdout))
        except (EOFError, OSError, ValueError):
            self._frames.put(None)

    def greet(self) -> Greeting:
        """Wait until the framework is imported."""
        try:
            frame = self._frames.get(timeout=START_SECONDS)
        except queue.Empty:
            self.kill()
            raise StartError(
                f"the {self.framework} worker did not start within {START_SECONDS:.0f} s ({self._python})"
            ) from None
        if frame is None or "error" in frame[0]:
            problem = frame[0]["error"] if frame else self.death()
            self.kill()
            raise StartError(
                f"the {self.framework} worker failed to start with {self._python}: {problem}{self.last_words()}"
            )
        header = frame[0]
        return Greeting(header["environment"], tuple(header["devices"]))

    def send(self, request: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # A dead worker is noticed by the reader.
            write_frame(self._process.stdin, request)

    def receive(self, timeout: float) -> Frame | None:
        """The next answer, or ``None`` when the worker has died. Raises ``queue.Empty`` after ``timeout`` seconds."""
        return self._frames.get(timeout=timeout)

    def death(self) -> str:
        """How the process ended: ``killed by SIGSEGV``, ``exited with status 3``."""
        code = self._process.wait()
        if code < 0:
            try:
                return f"killed by {signal.Signals(-code).name}"
            except ValueError:
                return f"killed by signal {-code}"
        return f"exited with status {code}"

    def last_words(self, lines: int = 8) -> str:
        """The end of what the worker printed, indented, on lines of its own."""
        self._errors.seek(0)
        text = self._errors.read()[-20_000:].decode(errors="replace").strip()
        return "".join(f"\n    {visible(line)}" for line in text.splitlines()[-lines:])

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


Hanging = tuple[str, str, str, str]
"""What is given up after ``PATIENCE`` timeouts: case file, framework, API path, mode."""


class Lane(threading.Thread):
    """Feeds one worker, in order, and replaces it when a unit kills it, takes too long, or it has grown too large.

    ``make`` makes its workers; the first is ``worker``, or is made for the first unit. ``hung`` counts timeouts.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], Worker],
        timeout: float,
        hung: Counter[Hanging],
        worker: Worker | None = None,
    ) -> None:
        super().__init__(daemon=True, name=f"lane {name}")
        self._make, self._worker = make, worker
        self._timeout = timeout
        self._hung = hung
        self._waiting: queue.SimpleQueue[tuple[Unit, Future[Observation]] | None] = queue.SimpleQueue()
        self._sent: deque[tuple[Unit, Future[Observation]]] = deque()
        self._stopping = threading.Event()
        self._dead = ""
        self._memory_limit = 0

    def submit(self, unit: Unit) -> Future[Observation]:
        future: Future[Observation] = Future()
        self._waiting.put((unit, future))
        return future

    def stop(self) -> None:
        self._stopping.set()
        self._waiting.put(None)
        self._kill()

    def run(self) -> None:
        try:
            while self._fill():
                if self._dead:
                    self._answer(Observation(failure=Failure("crash", "", self._dead)))
                else:
                    self._receive()
        finally:
            self._stopping.set()
            self._kill()
            while self._sent or not self._waiting.empty():
                entry = self._sent.popleft() if self._sent else self._waiting.get()
                if entry is not None:
                    entry[1].set_result(Observation(failure=Failure("crash", "", STOPPED)))

    def _fill(self) -> bool:
        """Send waiting units up to the limit; wait for one when there is nothing to do. False ends the lane."""
        while len(self._sent) < AHEAD:
            try:
                entry = self._waiting.get(block=not self._sent)
            except queue.Empty:
                break
            if entry is None:
                return False
            if self._worker is None and not self._dead:
                self._begin()
            if not self._given_up(*entry):
                self._sent.append(entry)
                self._send(entry[0])
        return not self._stopping.is_set()

    def _receive(self) -> None:
        assert self._worker is not None
        try:
            frame = self._worker.receive(self._timeout)
        except queue.Empty:
            self._hung[_hanging(self._sent[0][0])] += 1
            self._replace(Failure("timeout", "", f"no answer within {self._timeout:g} s"))
            return
        if frame is None:
            if not self._stopping.is_set():
                self._replace(Failure("crash", "", f"{self._worker.death()}{self._worker.last_words()}"))
            return
        observation = Observation.from_frame(*frame)
        self._answer(observation)
        self._memory_limit = self._memory_limit or observation.peak_bytes + GROWTH
        if observation.peak_bytes > self._memory_limit:
            self._renew()

    def _answer(self, observation: Observation) -> None:
        self._sent.popleft()[1].set_result(observation)

    def _replace(self, failure: Failure) -> None:
        """Give the unit that was running its failure, and the others a new worker."""
        self._answer(Observation(failure=failure))
        self._renew()

    def _renew(self) -> None:
        """Go on with a new worker; it gets the units that the old one has not answered."""
        self._memory_limit = 0
        self._kill()
        if self._stopping.is_set():
            return
        self._begin()
        self._sent = deque(entry for entry in self._sent if not self._given_up(*entry))
        for unit, _ in self._sent:
            self._send(unit)

    def _begin(self) -> None:
        try:
            self._worker = self._make()
            self._worker.greet()
        except StartError as error:
            self._dead = f"{NOT_RESTARTED}: {error}"

    def _send(self, unit: Unit) -> None:
        if self._worker is not None and not self._dead and not self._stopping.is_set():
            self._worker.send(unit.to_header())

    def _given_up(self, unit: Unit, future: Future[Observation]) -> bool:
        """Answer a unit at once where its implementation has hung too often."""
        if self._hung[_hanging(unit)] < PATIENCE:
            return False
        reason = (
            f"not run: {unit.api} gave no answer within {self._timeout:g} s for {PATIENCE} other units of this file. "
            "Mend it, or allow more time with --unit-timeout"
        )
        future.set_result(Observation(failure=Failure(NOT_RUN, "", reason)))
        return True

    def _kill(self) -> None:
        if self._worker is not None:
            self._worker.kill()


def _hanging(unit: Unit) -> Hanging:
    return unit.item.file, unit.framework, unit.api, unit.mode
