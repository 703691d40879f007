"""Doing one unit: make the data, lay it out, call the implementation, differentiate, time, bring back."""

from __future__ import annotations

import contextlib
import re
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from ..catalog.case import Case
from ..catalog.dtypes import Array, narrowed
from ..catalog.errors import DeclarationError, ResultError
from ..catalog.frameworks import FRAMEWORKS, REFERENCE
from ..catalog.load import CaseFile, display, load
from ..catalog.modes import EAGER
from ..catalog.visible import visible
from ..plan.data import digest, values
from ..plan.work import Unit
from .adapter import Adapter, as_tuple
from .asked import Watch
from .canonical import collect, cotangents, gradients_of
from .heard import hearing, in_one_line
from .held import written
from .inference import DifferentiatesInsideError, Inference, Recording, infer
from .memory import peak_bytes
from .missing import missing
from .protocol import RESULT, Asked, Failure, Observation, Result, Written
from .setup import Setup, Stopwatch, set_up
from .timing import FORWARD, clocked, time_unit

_FRAMES = re.compile(r'(?: File "[^"]*", line \d+, in \S+)+')
"""Frames of a stack within a message. They go through the harness, and differ from version to version."""


def execute(adapter: Adapter, unit: Unit) -> Observation:
    """Run ``unit`` and return what came of it. Whatever an implementation raises becomes a ``Failure``.

    What the unit asks of its framework is recorded on the way. Where that may have changed something (it failed, it
    gave something else the second time, or it had its code read by the framework), the unit is run again without being
    watched, and that counts.
    """
    watch = _watch_of(unit)
    seen = observe(adapter, unit, watch)
    unlike = seen.failure or seen.again or seen.inference or seen.inference_failure
    if watch and (unlike or any(asked.name.startswith(_tracers(unit)) for asked in seen.asked)):
        return replace(observe(adapter, unit, None), asked=seen.asked)
    return seen


def observe(adapter: Adapter, unit: Unit, watch: Watch | None) -> Observation:
    """Run ``unit`` once, with a watch on the case's functions or without one."""
    start = time.thread_time()
    inside = Stopwatch()
    progress, inference = Progress(), Inference()
    timings: dict[str, list[float]] = {}
    notes: dict[str, str] = {}
    failure: Failure | None = None
    input_digest = ""
    asked: dict[Asked, None] = {}
    with hearing() as heard, contextlib.ExitStack() as watching:
        try:
            if watch:
                watching.enter_context(watch.recording(asked))
            case = declared_case(unit, watch)
            canonical, input_digest = canonical_values(unit)
            device = "cpu" if unit.framework == REFERENCE else unit.item.device
            if unit.mode != EAGER:
                adapter.forget()
            try:
                with _settings(adapter, unit, device, inside):
                    setup, given = _compute(adapter, unit, case, canonical, device, inside, progress)
            finally:  # Also where it cannot be differentiated.
                if unit.inferred and progress.results and not progress.trains:
                    inference = _infer(adapter, unit, case, canonical, device, inside, progress)
            if unit.timed:
                progress.stage = "timing"
                with _settings(adapter, unit, device, inside):
                    if watch:
                        setup = set_up(adapter, unit, declared_case(unit), canonical, device, inside)
                    with inside():
                        taken = None if watch else inference.seconds
                        timings, notes = time_unit(adapter, setup, given, device, taken=taken)
        except Exception as error:
            failure = failure_of(error, progress.stage, unit)
    outside = time.thread_time() - start - inside.processor
    return Observation(
        progress.results,
        failure,
        timings,
        input_digest,
        framework_seconds=inside.seconds,
        harness_seconds=outside,
        peak_bytes=peak_bytes(),
        no_gradient=progress.no_gradient,
        inferred=inference.called,
        inference={f"inference:{name.partition(':')[2]}": result for name, result in inference.results.items()},
        inference_failure=failure_of(inference.error, "inference", unit) if inference.error else None,
        again=inference.again,
        written=tuple(progress.written.values()),
        warnings=tuple(heard.said),
        asked=tuple(asked),
        timing_notes=notes,
    )


def failure_of(error: Exception, stage: str, unit: Unit) -> Failure:
    """What an exception says about a unit."""
    if isinstance(error, DeclarationError):
        where = _line(error.__cause__ or error, unit.item.file) or _case_line(unit)
        if isinstance(error, ResultError) and unit.framework != REFERENCE:
            return Failure(RESULT, "", visible(str(error)), where, results=error.kind)
        return Failure("declaration", "", visible(str(error)), where)
    gone, nearest = missing(error, FRAMEWORKS[unit.framework].packages if unit.framework != REFERENCE else ())
    return Failure(
        stage, visible(type(error).__name__), _shorten(str(error)), _line(error, unit.item.file), gone, nearest
    )


def canonical_values(unit: Unit) -> tuple[dict[str, Array], str]:
    """The inputs and weights of a unit in canonical axis order, and their digest."""
    item = unit.item
    return _values(item.file, item.case, item.variant, item.dtype, unit.seed, unit.instead.inputs_as)


def timed_values(unit: Unit) -> dict[str, Array]:
    """The inputs and weights of a unit that is timed: the numbers of large ones repeat themselves."""
    case = declared_case(unit)
    return values(case, case.variant(unit.item.variant), unit.item.dtype, unit.seed, timed=True)


@dataclass
class Progress:
    """How far a computation has come, and what it has given and done so far."""

    stage: str = "declaration"
    setup: Setup | None = None
    results: dict[str, Result] = field(default_factory=dict)
    no_gradient: dict[str, tuple[str, ...]] = field(default_factory=dict)
    written: dict[str, Written] = field(default_factory=dict)

    @property
    def trains(self) -> bool:
        """Whether it has changed what a layer is trained by."""
        return any(each.variable for each in self.written.values())

    def look_for_changes(self, adapter: Adapter, setup: Setup, stage: str) -> None:
        """Note each input or weight that is no longer what was given, once."""
        for change in written(adapter, setup.held, stage):
            self.written.setdefault(change.name, change)


@contextlib.contextmanager
def _settings(adapter: Adapter, unit: Unit, device: str, inside: Stopwatch) -> Iterator[None]:
    with contextlib.ExitStack() as settings:
        with inside():
            settings.enter_context(adapter.on(device, unit.item.dtype))
            if declared_case(unit).draws:
                adapter.seed()
        yield


def _compute(
    adapter: Adapter,
    unit: Unit,
    case: Case,
    canonical: Mapping[str, Array],
    device: str,
    inside: Stopwatch,
    progress: Progress,
) -> tuple[Setup, list[Any] | None]:
    """Build, call and differentiate; return the setup and the cotangents, as the framework's tensors."""
    progress.stage = "build"
    setup = progress.setup = set_up(adapter, unit, case, canonical, device, inside)
    progress.stage = "forward"
    with inside():
        produced, pullback = adapter.vjp(setup.computation)
        adapter.synchronize(device)
        arrays = [adapter.array(result) for result in produced]
    progress.results.update(collect(adapter, setup, produced, arrays, device))
    progress.look_for_changes(adapter, setup, progress.stage)
    if not setup.names:
        return setup, None
    progress.stage = "gradient"
    given = cotangents(adapter, setup, arrays, device, inside)
    with inside():
        found = [None if gradient is None else adapter.array(gradient) for gradient in pullback(given)]
    gradients, progress.no_gradient = gradients_of(setup, found)
    progress.results.update(gradients)
    progress.look_for_changes(adapter, setup, progress.stage)
    return setup, given


def _infer(
    adapter: Adapter,
    unit: Unit,
    case: Case,
    canonical: Mapping[str, Array],
    device: str,
    inside: Stopwatch,
    progress: Progress,
) -> Inference:
    """Call the implementation again as production does, and compare with what ``progress`` holds."""
    first = progress.setup
    assert first is not None
    taken: list[float] = []

    def attempt(recording: Recording, *, evaluation: bool, anew: bool) -> dict[str, Result]:
        with _settings(adapter, unit, device, inside):
            setup = set_up(adapter, unit, case, canonical, device, inside) if anew else first
            call = (adapter.evaluation(setup.layer, setup.call) if evaluation else None) or setup.call
            computation = replace(setup.computation, call=call)
            produced: tuple[Any, ...] = ()

            def called() -> None:
                nonlocal produced
                produced = adapter.infer(computation)

            with inside():
                try:
                    if recording == "recorded":
                        produced, _ = adapter.vjp(computation)
                    elif recording == "inference":
                        taken.append(clocked(adapter, FORWARD, called, device).seconds)
                    else:
                        with adapter.inference():
                            produced = as_tuple(call(*computation.tensors))
                except Exception as error:
                    if adapter.differentiates(error):
                        raise DifferentiatesInsideError from error
                    raise
                adapter.synchronize(device)
                arrays = [adapter.array(result) for result in produced]
            results = collect(adapter, setup, produced, arrays, device)
            progress.look_for_changes(adapter, setup, "inference")
            return results

    recorded = {name: result for name, result in progress.results.items() if not name.startswith("grad:")}
    reusable = not progress.written and not case.draws
    switches = adapter.evaluation(first.layer, first.call) is not None
    inference = infer(attempt, recorded, reusable=reusable, switches=switches)
    return replace(inference, seconds=taken[0]) if inference.called and taken else inference


@cache
def _file(path: str, watch: Watch | None = None) -> CaseFile:
    return load(Path(path), check=False, watcher=watch)


def declared_case(unit: Unit, watch: Watch | None = None) -> Case:
    return _file(unit.item.file, watch).case(unit.item.case)


@cache
def _watch(framework: str) -> Watch:
    return Watch(FRAMEWORKS[framework].packages, FRAMEWORKS[framework].aliases)


def _watch_of(unit: Unit) -> Watch | None:
    """The watch on what a unit asks of its framework: in one dtype, eagerly, as a case asks the same in the others."""
    item = unit.item
    if unit.framework == REFERENCE or unit.mode != EAGER or item.mode != EAGER:
        return None
    firsts = (case.dtypes[0] for case in _file(item.file).cases if case.name == item.case)
    return _watch(unit.framework) if item.dtype in firsts else None


def _tracers(unit: Unit) -> tuple[str, ...]:
    return FRAMEWORKS[unit.framework].tracers


@lru_cache(maxsize=2)
def _values(file: str, case: str, variant: str, dtype: str, seed: int, inputs_as: str) -> tuple[dict[str, Array], str]:
    declared = _file(file).case(case)
    made = values(declared, declared.variant(variant), dtype, seed)
    if inputs_as:
        tensors = {**declared.inputs(declared.variant(variant)), **declared.weights(declared.variant(variant))}
        made |= {n: narrowed(made[n], dtype, inputs_as) for n, t in tensors.items() if t.format(dtype) == dtype}
    return made, digest(made)


def _case_line(unit: Unit) -> str:
    case = declared_case(unit)
    implementation = case.implementation(unit.api)
    function = implementation.function if implementation else case.formula
    code = getattr(function, "__code__", None)
    return f"{display(unit.item.file)}:{code.co_firstlineno if code else case.line}"


def _line(error: BaseException, file: str) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{display(file)}:{lines[-1]}" if lines else ""


def _shorten(message: str, first: int = 600, last: int = 200) -> str:
    """The beginning and the end, without the frames in which a graph's operations were made."""
    message = _FRAMES.sub(" ...", in_one_line(message))
    return message if len(message) <= first + last else f"{message[:first]} … {message[-last:]}"
