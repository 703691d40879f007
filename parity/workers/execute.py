"""Doing one unit: make the data, lay it out, call the implementation, differentiate, time, bring back."""

from __future__ import annotations

import contextlib
import gc
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from ..catalog.calls import call_formula, captures, signature
from ..catalog.case import Case, Implementation
from ..catalog.dtypes import FLOATS, Array
from ..catalog.errors import DeclarationError
from ..catalog.frameworks import REFERENCE
from ..catalog.layout import parse
from ..catalog.load import CaseFile, display, load
from ..catalog.mapping import Trace, trace, weights_of
from ..catalog.modes import EAGER
from ..catalog.tensors import Output, Tensor
from ..catalog.variants import Variant
from ..plan.data import cotangent, digest, values
from ..plan.work import Unit
from .adapter import Adapter, fill
from .memory import peak_bytes
from .protocol import Failure, Observation, Result

Call = Callable[..., Any]


@dataclass(frozen=True)
class Timing:
    """How the quick timing stops: after ``rounds`` calls, or when ``seconds`` have passed."""

    rounds: int = 5
    seconds: float = 0.02


@dataclass
class Stopwatch:
    """Adds up the time that passes inside the framework, and this thread's share of the processor in it."""

    seconds: float = 0.0
    processor: float = 0.0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        start, processor = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - start
            self.processor += time.thread_time() - processor


@dataclass
class Setup:
    """A unit made ready: everything that does not depend on whether it is run once or timed."""

    unit: Unit
    case: Case
    variant: Variant
    implementation: Implementation | None
    axis_sizes: Mapping[str, int]
    results: Mapping[str, Output]
    canonical: Mapping[str, Array]
    call: Call
    tensors: Sequence[Any]
    positions: Sequence[int]
    variables: Mapping[str, Any] = field(default_factory=dict)
    names: Sequence[str] = ()
    weight_trace: Trace | None = None

    @property
    def mode(self) -> str:
        """The mode to call in: eager for an implementation that captures what it wants captured itself."""
        return EAGER if self.implementation and captures(self.implementation.function) else self.unit.mode

    def layout(self, name: str, axes: Sequence[str]) -> str:
        return self.implementation.layout(name, axes) if self.implementation else " ".join(axes)


def execute(adapter: Adapter, unit: Unit) -> Observation:
    """Run ``unit`` and return what came of it. Whatever an implementation raises becomes a ``Failure``."""
    start = time.thread_time()
    inside = Stopwatch()
    stage = "declaration"
    results: dict[str, Result] = {}
    timings: dict[str, list[float]] = {}
    failure: Failure | None = None
    input_digest = ""
    file = unit.item.file
    try:
        case = _file(file).case(unit.item.case)
        canonical, input_digest = _values(file, unit.item.case, unit.item.variant, unit.item.dtype, unit.seed)
        device = "cpu" if unit.framework == REFERENCE else unit.item.device
        with contextlib.ExitStack() as settings:
            with inside():
                settings.enter_context(adapter.on(device, unit.item.dtype))
            stage = "build"
            setup = _setup(adapter, unit, case, canonical, device, inside)
            stage = "forward"
            with inside():
                produced, pullback = adapter.vjp(
                    setup.call, setup.tensors, setup.positions, list(setup.variables.values()), setup.mode
                )
                adapter.synchronize(device)
                arrays = [adapter.array(result) for result in produced]
            results.update(_collect(adapter, setup, produced, arrays, device))
            if setup.names:
                stage = "gradient"
                stored = _cotangents(setup, arrays)
                with inside():
                    given = [
                        None if c is None else adapter.tensor(c.array, c.dtype, device, gradient=False) for c in stored
                    ]
                    gradients = pullback(given)
                    found = [None if gradient is None else adapter.array(gradient) for gradient in gradients]
                results.update(_gradients(setup, found))
            if unit.timed:
                stage = "timing"
                with inside():
                    timings = _time(adapter, setup, given if setup.names else None, device)
    except DeclarationError as error:
        failure = Failure("declaration", "", str(error), _case_line(file, unit))
    except Exception as error:
        failure = Failure(stage, type(error).__name__, _shorten(str(error)), _line(error, file))
    outside = time.thread_time() - start - inside.processor
    return Observation(results, failure, timings, input_digest, inside.seconds, outside, peak_bytes())


def _setup(
    adapter: Adapter, unit: Unit, case: Case, canonical: Mapping[str, Array], device: str, inside: Stopwatch
) -> Setup:
    variant = case.variant(unit.item.variant)
    implementation = case.implementation(unit.api)
    sizes = case.axis_sizes(variant)
    inputs, weights = case.inputs(variant), case.weights(variant)
    capture = partial(adapter.capture, mode=unit.mode)
    known = {**sizes, **case.settings(variant), "dtype": unit.item.dtype, "capture": capture}
    results = {**case.outputs(variant), **case.states(variant)}
    labels, dtype = case.labels, unit.item.dtype

    def laid_out(name: str, spec: Tensor) -> Array:
        if implementation is None:
            return canonical[name]
        return parse(implementation.layout(name, spec.axes)).lay_out(canonical[name], spec.axes, labels)

    owns_weights = implementation is not None and implementation.is_layer
    arguments = dict(inputs) if owns_weights else {**inputs, **weights}
    arrays = [(laid_out(name, spec), spec) for name, spec in arguments.items()]
    with inside():
        tensors = [
            adapter.tensor(array, "int64" if spec.integer else dtype, device, gradient=spec.gradient)
            for array, spec in arrays
        ]
    positions = [i for i, spec in enumerate(arguments.values()) if spec.gradient]
    differentiated = [name for name, spec in {**inputs, **weights}.items() if spec.gradient]
    setup = Setup(
        unit,
        case,
        variant,
        implementation,
        sizes,
        results,
        canonical,
        lambda: None,
        tensors,
        positions,
        names=differentiated,
    )
    if implementation is None:
        formula = case.formula
        assert formula is not None
        setup.call = lambda *given: call_formula(
            formula, adapter.module, dict(zip(arguments, given, strict=True)), known
        )
    elif not owns_weights:
        function = implementation.function
        setup.call = lambda *given: call_formula(
            function, adapter.module, dict(zip(arguments, given, strict=True)), known
        )
    else:
        sources = case.variables(implementation, variant)
        setup.weight_trace = trace(sources, {n: w.axes for n, w in weights.items()}, sizes, labels)
        loaded = setup.weight_trace.load({name: canonical[name] for name in weights})
        with inside():
            build = implementation.function
            asked = {name: known[name] for name in signature(build).keywords}
            built = adapter.construct(lambda: build(adapter.module, **asked), device)
            layer, setup.call = built if isinstance(built, tuple) else (built, built)
            variables = adapter.variables(layer, tensors)
            given = {name: adapter.tensor(array, dtype, device, gradient=False) for name, array in loaded.items()}
            fill(adapter, variables, given, implementation.api)
        wanted = {name for name, spec in weights.items() if spec.gradient}
        setup.variables = {
            name: variables[name]
            for name, part in sources.items()
            if weights_of(part) & wanted and adapter.trainable(variables[name])
        }
    return setup


def _collect(
    adapter: Adapter, setup: Setup, produced: Sequence[Any], arrays: Sequence[tuple[Array, str]], device: str
) -> dict[str, Result]:
    """The results in canonical order, checked for number, rank and place."""
    unit = setup.unit
    if len(produced) != len(setup.results):
        raise DeclarationError(
            f"{unit.api} returns {len(produced)} results where the case names {len(setup.results)} "
            f"({', '.join(setup.results)}): return them in that order"
        )
    collected: dict[str, Result] = {}
    states = setup.case.states(setup.variant)
    for (name, spec), tensor, (array, dtype) in zip(setup.results.items(), produced, arrays, strict=True):
        placed = adapter.device_of(tensor)
        if placed != device:
            raise DeclarationError(f"{unit.api} computed {name} on {placed} instead of {device}")
        layout = setup.layout(name, spec.axes)
        try:
            restored = parse(layout).restore(array, spec.axes, setup.axis_sizes, setup.case.labels)
        except DeclarationError as error:
            raise DeclarationError(f"{unit.api} returns {name} in the wrong shape: {error}") from None
        kind = "state" if name in states else "output"
        collected[f"{kind}:{name}"] = Result(restored, dtype)
    return collected


def _cotangents(setup: Setup, arrays: Sequence[tuple[Array, str]]) -> list[Result | None]:
    """One cotangent per differentiable result, the same values for every implementation, in its layout and dtype."""
    given: list[Result | None] = []
    item, labels = setup.unit.item, setup.case.labels
    for (name, spec), (array, dtype) in zip(setup.results.items(), arrays, strict=True):
        if not spec.gradient:
            given.append(None)
            continue
        layout = parse(setup.layout(name, spec.axes))
        shape = layout.restore(array, spec.axes, setup.axis_sizes, labels).shape
        stored = _cotangent(shape, item.dtype, (setup.unit.seed, item.case, item.variant, f"cotangent of {name}"))
        chosen = item.dtype
        if setup.implementation is not None and dtype != item.dtype and dtype in FLOATS:
            stored, chosen = FLOATS[dtype].encode(FLOATS[item.dtype].decode(stored)), dtype
        given.append(Result(layout.lay_out(stored, spec.axes, labels), chosen))
    return given


def _gradients(setup: Setup, found: Sequence[tuple[Array, str] | None]) -> dict[str, Result]:
    """The gradients mapped back to the canonical inputs and weights; zero where nothing depends on them."""
    labels = setup.case.labels
    specs = {**setup.case.inputs(setup.variant), **setup.case.weights(setup.variant)}
    owned = set(setup.case.weights(setup.variant)) if setup.weight_trace else set()
    direct = [name for name in setup.names if name not in owned]
    gradients: dict[str, Result] = {}
    for name, gradient in zip(direct, found, strict=False):
        axes = specs[name].axes
        if gradient is None:
            gradients[name] = Result(setup.canonical[name] * 0, setup.unit.item.dtype)
            continue
        layout = parse(setup.layout(name, axes))
        gradients[name] = Result(layout.restore(gradient[0], axes, setup.axis_sizes, labels), gradient[1])
    if setup.weight_trace:
        arrays: dict[str, Array] = {}
        dtypes: set[str] = set()
        for variable, gradient in zip(setup.variables, found[len(direct) :], strict=True):
            if gradient is not None:
                arrays[variable], dtype = gradient
                dtypes.add(dtype)
        dtype = dtypes.pop() if len(dtypes) == 1 else "/".join(sorted(dtypes)) or setup.unit.item.dtype
        back = setup.weight_trace.bring_back(arrays)
        gradients.update({name: Result(array, dtype) for name, array in back.items() if name in setup.names})
    return {f"grad:{name}": gradients[name] for name in setup.names}


def _time(
    adapter: Adapter, setup: Setup, given: list[Any] | None, device: str, timing: Timing = Timing()
) -> dict[str, list[float]]:
    """Seconds per call, after the run that produced the results has warmed everything up."""

    def forward() -> None:
        adapter.forward(setup.call, setup.tensors)

    def both() -> None:
        _, pullback = adapter.vjp(setup.call, setup.tensors, setup.positions, list(setup.variables.values()))
        pullback(given or [])

    timed: dict[str, Callable[[], None]] = {"forward": forward}
    if given is not None:
        timed["forward+backward"] = both
    collecting = gc.isenabled()
    gc.disable()
    try:
        return {
            name: _rounds(function, lambda: adapter.synchronize(device), timing) for name, function in timed.items()
        }
    finally:
        if collecting:
            gc.enable()


def _rounds(function: Callable[[], None], synchronize: Callable[[], None], timing: Timing) -> list[float]:
    seconds: list[float] = []
    while len(seconds) < timing.rounds and sum(seconds) < timing.seconds:
        start = time.perf_counter()
        function()
        synchronize()
        seconds.append(time.perf_counter() - start)
    return seconds


@cache
def _file(path: str) -> CaseFile:
    return load(Path(path), check=False)


@lru_cache(maxsize=2)
def _values(file: str, case: str, variant: str, dtype: str, seed: int) -> tuple[dict[str, Array], str]:
    declared = _file(file).case(case)
    made = values(declared, declared.variant(variant), dtype, seed)
    return made, digest(made)


_cotangent = lru_cache(maxsize=8)(cotangent)


def _case_line(file: str, unit: Unit) -> str:
    case = _file(file).case(unit.item.case)
    implementation = case.implementation(unit.api)
    function = implementation.function if implementation else case.formula
    code = getattr(function, "__code__", None)
    return f"{display(file)}:{code.co_firstlineno if code else case.line}"


def _line(error: Exception, file: str) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{display(file)}:{lines[-1]}" if lines else ""


def _shorten(message: str, first: int = 600, last: int = 200) -> str:
    """The beginning and the end: a graph's error may begin with where its operations were made."""
    message = " ".join(message.split())
    return message if len(message) <= first + last else f"{message[:first]} … {message[-last:]}"
