"""The declaration of an operation: its tensors, its variants, its formula and its implementations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, wraps
from typing import Any, TypeVar

from .calls import Function, call_with, signature
from .dtypes import FLOATS, WHOLE, unit_roundoff
from .errors import DeclarationError
from .frameworks import FRAMEWORKS
from .known import Circumstances, Deviation, Divergence, Known, LeastScale, Limitation, Range, Tolerance, Unrepeatable
from .mapping import Source, source
from .modes import EAGER
from .tensors import Output, Tensor, as_output
from .variants import Grid, Variant

F = TypeVar("F", bound=Function)
T = TypeVar("T")
Size = int | Sequence[str] | Callable[..., int]
Tensors = Mapping[str, Tensor]
Outputs = Mapping[str, str | Output]
PerVariant = Callable[..., Mapping[str, Any]]

DEFAULT_DTYPES = tuple(FLOATS)

declared: ContextVar[list[Case] | None] = ContextVar("declared", default=None)
"""The cases of the file being loaded, in order."""


REMEMBERED = 256
"""Answers that a case keeps, so that the units of one variant do not ask for them again and again."""


def remembered(method: Callable[[Case, Variant], T]) -> Callable[[Case, Variant], T]:
    """Keep a method's answers for the variants last asked for. They are shared: do not change them."""

    @wraps(method)
    def remembering(case: Case, variant: Variant) -> T:
        key = (method.__name__, variant.id)
        if key not in case._remembered:
            if len(case._remembered) >= REMEMBERED:
                case._remembered.clear()
            case._remembered[key] = method(case, variant)
        answer: T = case._remembered[key]
        return answer

    return remembering


@dataclass(frozen=True)
class Timed:
    """What is timed of a case beside its first variant, and the work that it does.

    ``sizes`` are variants of realistic sizes, by name. ``multiply_adds`` counts those behind each element of the first
    output, where the count is exact; ``moves`` says whether all inputs, weights and results go through memory once.
    """

    sizes: Mapping[str, Variant]
    multiply_adds: Callable[..., int] | None = None
    moves: bool = True


@dataclass(frozen=True)
class Implementation:
    """One public API path that computes the case, or that one would wrongly think computes it.

    ``layouts`` gives the layout of each tensor that differs from the canonical one, ``variables`` the source
    of each of a layer's variables (``None`` for a function, which gets its weights as arguments).
    A naive port says in ``divergence`` how it goes wrong.
    """

    api: str
    framework: str
    function: Function
    layouts: Mapping[str, str]
    variables: Mapping[str, Source] | Callable[..., Mapping[str, Source]] | None = None
    divergence: Divergence | None = None

    @property
    def is_layer(self) -> bool:
        return self.variables is not None

    def layout(self, name: str, axes: Sequence[str]) -> str:
        return self.layouts.get(name, " ".join(axes))


class Registrar:
    """``case.torch("api", ...)`` and ``case.torch.layer("api", weights=...)``: decorators that add implementations."""

    def __init__(self, case: Case, framework: str) -> None:
        self._case = case
        self._framework = framework

    def __call__(self, api: str, **layouts: str) -> Callable[[F], F]:
        """Declare a function ``(framework, *tensors, *, parameters)`` that returns the outputs, then the states."""
        return self._add(api, layouts, None)

    def layer(
        self,
        api: str,
        *,
        weights: Mapping[str, str | Source] | Callable[..., Mapping[str, str | Source]],
        **layouts: str,
    ) -> Callable[[F], F]:
        """Declare a function ``(framework, *, parameters and sizes)`` that builds an object owning weights.

        It returns the object, or ``(object, call)`` when calling it with the inputs is not all there is to do.
        ``weights`` gives the source of each of its variables, or a function of the parameters that does.
        """
        return self._add(api, layouts, weights)

    def naive(
        self,
        api: str,
        title: str,
        *,
        because: str,
        source: str,
        fix: str,
        when: Mapping[str, Any] | None = None,
        wrong: str | Sequence[str] = (),
        kind: str = "values",
        size: Range | Mapping[str, Range] | None = None,
        raises: str | None = None,
        kernels: Sequence[str] | None = None,
        weights: Mapping[str, str | Source] | Callable[..., Mapping[str, str | Source]] | None = None,
        **layouts: str,
    ) -> Callable[[F], F]:
        """Declare a port that goes wrong for the variants that ``when`` matches: a function, or a layer (``weights``).

        ``title`` says in a few words what is done wrong, ``because`` why it is wrong, ``fix`` what the faithful
        implementations do instead. It is executed eagerly, in the case's first dtype, and must go wrong in the way
        that is declared: that is ``expected``, and anything else is red, agreement included.

        ``wrong`` names what is wrong (``"output:y"``, ``["state:*", "grad:x"]``): something of each pattern, and
        nothing else. Without it, any outputs and states are. Gradients may be wrong, too, unless a pattern names one.
        ``kind`` says how: ``"values"``, ``"shape"``, ``"dtype"``, ``"nonfinite"`` (NaN or infinity where the truth has
        a number, or the other way around), ``"count"`` (of results), ``"missing"`` (no gradient: ``None``).
        ``size=(least, greatest)`` bounds the largest error of what is wrong, relative to the largest magnitude of the
        truth; ``size={"output:y": (0.1, 0.4)}`` does for each pattern. A trap that raises gives ``raises="RuntimeError:
        part of the message"`` instead. Where only some of the framework's CPU ``kernels`` go wrong, the port must agree
        with the others.
        """
        named = (wrong,) if isinstance(wrong, str) else tuple(wrong)
        sizes = size if isinstance(size, Mapping) else {} if size is None else {"*": size}
        divergence = Divergence(title, because, source, fix, dict(when or {}), raises, kernels, named, kind, sizes)
        return self._add(f"{api} ({title})", layouts, weights, divergence)

    def _add(
        self,
        api: str,
        layouts: Mapping[str, str],
        weights: Mapping[str, str | Source] | Callable[..., Mapping[str, str | Source]] | None,
        divergence: Divergence | None = None,
    ) -> Callable[[F], F]:
        def add(function: F) -> F:
            variables: Any = weights
            with self._case.noting(api):
                if isinstance(weights, Mapping):
                    variables = {name: source(text) for name, text in weights.items()}
                self._case.add(Implementation(api, self._framework, function, layouts, variables, divergence))
            return function

        return add


class Case:
    """An operation, declared once and run in every framework.

    Arguments:
        name: identifier, unique in the catalogue.
        summary: one sentence.
        sizes: for each axis its length, its labels (a gate axis), or a function of parameters and other axes.
            A variant's parameter of the same name takes precedence.
        inputs, weights: the tensors that go in, by name; or a function of the parameters that returns them.
        outputs, states: the axes of the results, by name; or a function of the parameters that returns them.
        variants: the parameter sets to run, from :func:`grid`.
        parameters: defaults for parameters that a variant does not name.
        dtypes: the formats to run in.
        exact: the quantities that must be bit-equal (``"output:*"``, ``"grad:*"``); ``True`` for all.
        tolerance: an allowance that replaces the default one, with its reason.
        least_scale: magnitudes that implementations round on the way, where the formula has none so large.
        pooled: whether the elements of a quantity share a scale. ``False`` for numbers over all orders of magnitude,
            each of which is computed alone: an element is then allowed an error relative to its own scale.
        accumulate: the format in which the frameworks compute, where it is wider than the item's dtype: they round
            each result once, to its dtype.
        unsigned_zeros: why the sign of a zero says nothing, for all outputs and states; or the reason by quantity.
        steps: the axis of time or of training steps, over which errors add up; their growth is reported.
        eager_only: why the case cannot be captured as a graph or compiled; its items in those modes are not run.
        trains: whether layers are trained, which changes their variables (otherwise a call must leave them as they
            are); or a function of the parameters that tells.
        draws: whether implementations draw random numbers; the frameworks' generators then begin anew for each.
        untimed: why the time of a call says nothing about the operation; a parity run then takes no quick timings.

    A mistake in a declaration does not stop the file: it is kept in ``problems``, and the case is reported
    as an error with that text while the other cases run.
    """

    def __init__(
        self,
        name: str,
        summary: str,
        *,
        sizes: Mapping[str, Size],
        inputs: Tensors | PerVariant,
        outputs: Outputs | PerVariant,
        weights: Tensors | PerVariant | None = None,
        states: Outputs | PerVariant | None = None,
        variants: Grid | None = None,
        parameters: Mapping[str, Any] | None = None,
        dtypes: Sequence[str] = DEFAULT_DTYPES,
        exact: bool | Sequence[str] = False,
        tolerance: Tolerance | None = None,
        least_scale: LeastScale | None = None,
        pooled: bool = True,
        accumulate: str = "",
        unsigned_zeros: str | Mapping[str, str] = "",
        steps: str = "",
        eager_only: str = "",
        trains: bool | Callable[..., bool] = False,
        draws: bool = False,
        untimed: str = "",
    ) -> None:
        self.name = name
        self.summary = summary
        self.sizes = dict(sizes)
        self.parameters = dict(parameters or {})
        self.variants: tuple[Variant, ...] = tuple(variants) if variants is not None else (Variant("", {}),)
        self._remembered: dict[tuple[str, str], Any] = {}
        self._variants = {variant.id: variant for variant in self.variants}
        self.dtypes = tuple(dtypes)
        self.exact: tuple[str, ...] = ("*",) if exact is True else tuple(exact or ())
        self.tolerance = tolerance
        self.least_scale = least_scale
        self.pooled = pooled
        self.accumulate = accumulate
        self.unsigned_zeros = unsigned_zeros
        self.steps = steps
        self.eager_only = eager_only
        self._trains = trains
        self.draws = draws
        self.untimed = untimed
        self.implementations: list[Implementation] = []
        self.divergences: list[Implementation] = []
        self.known: list[Known] = []
        self.timing: Timed | None = None
        self.formula: Function | None = None
        self.problems: list[str] = []
        self._inputs, self._weights, self._outputs, self._states = inputs, weights or {}, outputs, states or {}
        caller = sys._getframe(1)
        self.file, self.line = caller.f_code.co_filename, caller.f_lineno
        cases = declared.get()
        if cases is not None:
            cases.append(self)

    def __getattr__(self, name: str) -> Registrar:
        if name in FRAMEWORKS:
            return Registrar(self, name)
        raise AttributeError(
            f"case {self.__dict__.get('name')} has no {name!r}; frameworks are {', '.join(FRAMEWORKS)}"
        )

    def __repr__(self) -> str:
        return f"<Case {self.name}>"

    # Declaring ---------------------------------------------------------------------------------------------------

    def reference(self, function: F) -> F:
        """Declare the formula: ``(np, *tensors, *, parameters)`` in plain NumPy calls, without assignment to elements.

        It runs one precision up, and its gradient, by automatic differentiation, is the truth for gradients.
        """
        self.formula = function
        return function

    def limitation(
        self,
        api: str,
        *,
        raises: str,
        because: str,
        source: str,
        stage: str = "forward",
        when: Mapping[str, Any] | None = None,
        dtypes: Sequence[str] | None = None,
        devices: Sequence[str] | None = None,
        modes: Sequence[str] | None = None,
        kernels: Sequence[str] | None = None,
    ) -> None:
        """Declare that ``api`` raises an error for the variants that ``when`` matches.

        ``raises`` is its class and a part of its message: ``"RuntimeError: not implemented for 'Half'"``. Where the
        class differs from mode to mode, name both: ``"RuntimeError or TorchRuntimeError: not implemented"``.
        ``stage`` is ``"build"`` (a layer's constructor), ``"forward"``, ``"gradient"`` (the forward results are
        then compared all the same), or ``"crash"``: the process ends, and ``raises`` names the signal, such as
        ``killed by SIGABRT``.
        ``kernels`` are the CPU kernels that it holds for, where it depends on the processor (see ``FRAMEWORKS``).
        Strict both ways: the error is ``expected``, its absence ``unexpected``, and that fails.
        """
        places = (dict(when or {}), dtypes, devices, modes, kernels)
        self.known.append(Limitation(api, because, source, *places, raises, stage))

    def deviation(
        self,
        api: str,
        *,
        quantities: Sequence[str],
        within: float | None = None,
        elements: int | None = None,
        dtype: str = "",
        missing: bool = False,
        because: str,
        source: str,
        when: Mapping[str, Any] | None = None,
        dtypes: Sequence[str] | None = None,
        devices: Sequence[str] | None = None,
        modes: Sequence[str] | None = None,
        kernels: Sequence[str] | None = None,
    ) -> None:
        """Declare that ``api`` does otherwise than the formula in ``quantities`` (``"output:*"``, ``"grad:x"``).

        The error must stay below ``within`` times the largest magnitude of the truth; ``within=math.inf`` is for a
        truth of zeros, for NaN or infinity where the truth is a number, or the other way around, and for another dtype.
        Or, at most so many ``elements`` of a quantity may be wrong, and those in any way. Or, the quantities have
        another ``dtype``, and their values are right with that dtype's precision (or within ``within``, or but for
        ``elements``). Or, the gradient is ``missing``: the framework gives ``None``. Strict both ways: a larger error
        fails, and an error that rounding explains in the right dtype is ``unexpected``, which fails too.

        What holds for ``output:y`` holds for a call as in inference, too; ``inference:y`` is that call only.
        ``input:x`` says, without a bound, that ``api`` writes to ``x``, a tensor or a variable of a layer.
        """
        places = (dict(when or {}), dtypes, devices, modes, kernels)
        self.known.append(Deviation(api, because, source, *places, tuple(quantities), within, elements, dtype, missing))

    def unrepeatable(
        self,
        api: str,
        *,
        because: str,
        source: str,
        when: Mapping[str, Any] | None = None,
        devices: Sequence[str] | None = None,
        modes: Sequence[str] | None = None,
        kernels: Sequence[str] | None = None,
    ) -> None:
        """Declare that ``api`` draws random numbers that no seed decides: computed twice, its results may differ.

        Not strict: what is measured of two different draws may come out the same.
        """
        self.known.append(Unrepeatable(api, because, source, dict(when or {}), None, devices, modes, kernels))

    def timed(
        self,
        sizes: Mapping[str, Mapping[str, Any]],
        *,
        multiply_adds: Callable[..., int] | None = None,
        moves: bool = True,
    ) -> None:
        """Have ``nox -s timings`` time the case: its first variant, which is small, and realistic sizes by name.

        Each size is a set of parameters and axis lengths; what it leaves out is as in the first variant.
        ``multiply_adds`` is a function of parameters and axis lengths: how many multiplications, each with an
        addition, stand behind one element of the first output. Leave it out where the count is not exact.
        ``moves=False`` is for what does not read its inputs and write its results once: views, and lookups.
        """
        if self.timing is not None:
            self.problems.append("is timed twice: give all sizes in one timed()")
        first = self.variants[0].parameters if self.variants else {}
        named = {name: Variant(name, {**first, **parameters}) for name, parameters in sizes.items()}
        self.timing = Timed(named, multiply_adds, moves)
        self._variants |= {name: variant for name, variant in named.items() if name not in self._variants}

    def noting(self, where: str) -> _Noting:
        """A context that keeps a ``DeclarationError`` as a problem of this case."""
        return _Noting(self, where)

    def add(self, implementation: Implementation) -> None:
        if any(implementation.api == other.api for other in (*self.implementations, *self.divergences)):
            raise DeclarationError("is declared twice: give each implementation its own API path")
        (self.implementations if implementation.divergence is None else self.divergences).append(implementation)

    # Resolving ---------------------------------------------------------------------------------------------------

    def variant(self, name: str) -> Variant:
        """The variant with this id."""
        return self._variants[name]

    def implementation(self, api: str) -> Implementation | None:
        """The implementation or naive port with this API path; ``None`` for the formula."""
        return next((i for i in (*self.implementations, *self.divergences) if i.api == api), None)

    def divergences_for(self, variant: Variant, dtype: str, mode: str) -> list[Implementation]:
        """The naive ports to run: eagerly in the case's first dtype, for the variants that they are declared for."""
        settings = self.settings(variant)
        found = self.divergences if (dtype, mode) == (self.dtypes[0], EAGER) else []
        return [i for i in found if i.divergence is not None and i.divergence.applies(settings)]

    def work_of(self, variant: Variant) -> int | None:
        """Multiply-adds behind each element of the first output; ``None`` where the count is not exact."""
        if self.timing is None or self.timing.multiply_adds is None:
            return None
        return int(call_with(self.timing.multiply_adds, {**self.axis_sizes(variant), **self.settings(variant)}))

    @remembered
    def settings(self, variant: Variant) -> Mapping[str, Any]:
        """All parameters of a variant, defaults included."""
        return {**self.parameters, **variant.parameters}

    @remembered
    def inputs(self, variant: Variant) -> Mapping[str, Tensor]:
        return self._per_variant(self._inputs, variant)

    @remembered
    def weights(self, variant: Variant) -> Mapping[str, Tensor]:
        return self._per_variant(self._weights, variant)

    @remembered
    def outputs(self, variant: Variant) -> Mapping[str, Output]:
        return {name: as_output(spec) for name, spec in self._per_variant(self._outputs, variant).items()}

    @remembered
    def states(self, variant: Variant) -> Mapping[str, Output]:
        return {name: as_output(spec) for name, spec in self._per_variant(self._states, variant).items()}

    def variables(self, implementation: Implementation, variant: Variant) -> dict[str, Source]:
        """The source of each variable of a layer."""
        if callable(implementation.variables):
            return {
                name: source(text) for name, text in call_with(implementation.variables, self.settings(variant)).items()
            }
        return dict(implementation.variables or {})

    @cached_property
    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of each labelled axis."""
        return {axis: tuple(size) for axis, size in self.sizes.items() if isinstance(size, (tuple, list))}

    @remembered
    def axis_sizes(self, variant: Variant) -> Mapping[str, int]:
        """The length of every axis in a variant."""
        settings = self.settings(variant)
        sizes: dict[str, int] = {}

        def resolve(axis: str, pending: tuple[str, ...] = ()) -> int:
            if axis in sizes:
                return sizes[axis]
            if axis in pending:
                raise DeclarationError(f"the sizes of {' and '.join(pending)} depend on each other")
            size = settings.get(axis, self.sizes[axis])
            if callable(size):
                names = signature(size).names
                strange = [n for n in names if n not in settings and n not in self.sizes]
                if strange:
                    raise DeclarationError(
                        f"the size of {axis} asks for {strange[0]}, which is neither a parameter nor an axis"
                    )
                known = {n: settings[n] if n in settings else resolve(n, (*pending, axis)) for n in names}
                size = size(**known)
            elif isinstance(size, (tuple, list)):
                size = len(size)
            if not isinstance(size, int) or size < 0:
                raise DeclarationError(f"axis {axis} has size {size!r}: a size is a whole number from 0 up")
            sizes[axis] = size
            return size

        for axis in self.sizes:
            resolve(axis)
        return sizes

    def quantities(self, variant: Variant) -> list[str]:
        """What is compared in a variant: ``output:y``, ``state:h``, ``grad:x`` ..."""
        outputs, states = self.outputs(variant), self.states(variant)
        tensors = {**self.inputs(variant), **self.weights(variant)}
        differentiated = any(result.gradient for result in (*outputs.values(), *states.values()))
        return (
            [f"output:{name}" for name in outputs]
            + [f"state:{name}" for name in states]
            + [f"grad:{name}" for name, tensor in tensors.items() if tensor.gradient and differentiated]
        )

    def least_scale_of(self, variant: Variant, dtype: str, quantity: str) -> float:
        """The magnitude that implementations round on the way to a quantity, as declared; 0 where nothing is."""
        least = self.least_scale
        if least is None or not least.applies(dtype, quantity):
            return 0.0
        return float(call_with(least.value, self.settings(variant)) if callable(least.value) else least.value)

    def accumulates_for(self, dtype: str) -> str:
        """The format in which a result of this dtype is computed, where it is declared and wider than the result's."""
        narrower = dtype not in WHOLE and unit_roundoff(dtype) > unit_roundoff(self.accumulate or dtype)
        return self.accumulate if narrower else ""

    def unsigned_zeros_of(self, quantity: str) -> str:
        """Why the sign of a zero says nothing in a quantity; empty where it does."""
        if isinstance(self.unsigned_zeros, str):
            return self.unsigned_zeros
        return next((why for pattern, why in self.unsigned_zeros.items() if fnmatchcase(quantity, pattern)), "")

    def trains(self, variant: Variant) -> bool:
        """Whether a variant trains its layers."""
        trains = self._trains
        return bool(call_with(trains, self.settings(variant)) if callable(trains) else trains)

    def is_exact(self, quantity: str) -> bool:
        return any(fnmatchcase(quantity, pattern) for pattern in self.exact)

    def known_of(self, api: str, variant: Variant, where: Circumstances) -> list[Known]:
        """What is declared about an implementation for these circumstances."""
        settings = self.settings(variant)
        return [item for item in self.known if item.applies(api, settings, where)]

    def _per_variant(self, tensors: Mapping[str, Any] | PerVariant, variant: Variant) -> dict[str, Any]:
        return dict(call_with(tensors, self.settings(variant)) if callable(tensors) else tensors)


class _Noting:
    def __init__(self, case: Case, where: str) -> None:
        self._case, self._where = case, where

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, DeclarationError):
            self._case.problems.append(f"{self._where}: {error}")
            return True
        return False
