"""Making a unit ready: laying out its tensors, building its layer, filling the layer with the weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..catalog.calls import bind, captures, signature
from ..catalog.case import Case, Implementation
from ..catalog.dtypes import Array
from ..catalog.errors import DeclarationError
from ..catalog.layout import parse
from ..catalog.mapping import Source, Trace, trace, weights_of
from ..catalog.modes import EAGER
from ..catalog.tensors import Output, Tensor
from ..catalog.variants import Variant
from ..plan.work import Unit
from .adapter import Adapter, Computation, fill
from .held import Held, held_variables

Call = Callable[..., Any]


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
    layer: Any = None
    held: Sequence[Held] = ()

    @property
    def mode(self) -> str:
        """The mode to call in: eager for an implementation that captures what it wants captured itself."""
        return EAGER if self.implementation and captures(self.implementation.function) else self.unit.mode

    @property
    def computation(self) -> Computation:
        return Computation(self.call, self.tensors, self.positions, list(self.variables.values()), self.mode)

    def layout(self, name: str, axes: Sequence[str]) -> str:
        return self.implementation.layout(name, axes) if self.implementation else " ".join(axes)


def set_up(
    adapter: Adapter, unit: Unit, case: Case, canonical: Mapping[str, Array], device: str, inside: Stopwatch
) -> Setup:
    variant = case.variant(unit.item.variant)
    implementation = case.implementation(unit.api)
    sizes = case.axis_sizes(variant)
    inputs, weights = case.inputs(variant), case.weights(variant)
    capture = partial(adapter.capture, mode=unit.mode)
    known = {**sizes, **case.settings(variant), "dtype": unit.item.dtype, "capture": capture}
    if unit.instead.parameter:
        known[unit.instead.parameter] = unit.instead.value
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
        tensors = [adapter.tensor(array, spec.format(dtype), device, gradient=spec.gradient) for array, spec in arrays]
    positions = [i for i, spec in enumerate(arguments.values()) if spec.gradient]
    any_differentiated = any(spec.gradient for spec in results.values())
    differentiated = [name for name, spec in {**inputs, **weights}.items() if spec.gradient and any_differentiated]
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
        held=list(map(Held, arguments, tensors, (array for array, _ in arrays))) if adapter.writes else [],
    )
    if implementation is None or not owns_weights:
        function = implementation.function if implementation else case.formula
        assert function is not None
        setup.call = bind(function, adapter.module, list(arguments), known)
    else:
        sources = case.variables(implementation, variant)
        setup.weight_trace = trace(sources, {n: w.axes for n, w in weights.items()}, sizes, labels)
        loaded = setup.weight_trace.load({name: canonical[name] for name in weights})
        with inside():
            build = implementation.function
            asked = {name: known[name] for name in signature(build).keywords}
            built = adapter.construct(lambda: build(adapter.module, **asked), device)
            layer, setup.call = built if isinstance(built, tuple) else (built, built)
            variables = adapter.variables(layer, setup.call, tensors)
            dtypes = {name: _format_of(part, weights, dtype, name) for name, part in sources.items()}
            given = {
                name: adapter.tensor(array, dtypes[name], device, gradient=False) for name, array in loaded.items()
            }
            fill(adapter, variables, given, implementation.api)
            filled = {name: variables[name] for name in given}
            setup.held = [*setup.held, *held_variables(adapter, filled)]
        setup.layer = layer
        wanted = {name for name, spec in weights.items() if spec.gradient}
        setup.variables = {
            name: variables[name]
            for name, part in sources.items()
            if weights_of(part) & wanted and adapter.trainable(variables[name])
        }
    return setup


def _format_of(part: Source, weights: Mapping[str, Tensor], dtype: str, variable: str) -> str:
    """The dtype of a variable: that of the weights it is copied from. Raises ``DeclarationError`` where they differ."""
    found = sorted({weights[name].format(dtype) for name in weights_of(part)}) or [dtype]
    if len(found) > 1:
        raise DeclarationError(f"variable {variable} is copied from weights of different dtypes: {', '.join(found)}")
    return found[0]
