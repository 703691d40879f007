"""The checks on a declaration that need no framework: names, axes and layouts that fit together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import combinations, product
from math import prod

import numpy as np

from .calls import FROM_HARNESS, captures, signature
from .case import Case, Implementation
from .dtypes import DTYPES, FLOATS, INTEGERS, WHOLE
from .errors import DeclarationError
from .formulas import refused
from .frameworks import FRAMEWORKS
from .known import CRASH, KINDS, STAGES, Circumstances, Deviation, Divergence, Known, Limitation, error_classes
from .layout import parse
from .mapping import weights_of
from .modes import EAGER, MODES
from .tensors import MOST_DISTINCT, PATTERNS, SPECIAL, Output, Tensor
from .variants import Variant
from .visible import visible

SIZE_NAME = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")


def problems(case: Case) -> list[str]:
    """What is wrong with ``case``, each with its mend; empty when nothing is."""
    found = list(case.problems)
    found += _names(case)
    reasons = {"eager_only": case.eager_only, "untimed": case.untimed}
    found += [f"{name}={value!r}: give the reason as text" for name, value in reasons.items() if type(value) is not str]
    if found:
        return found
    for variant in (*case.variants, *(case.timing.sizes.values() if case.timing else ())):
        try:
            found += [f"{_where(variant)}{problem}" for problem in _variant(case, variant)]
        except DeclarationError as error:
            found.append(f"{_where(variant)}{error}")
        except Exception as error:
            raised = visible(f"{type(error).__name__}: {error}")
            found.append(f"{_where(variant)}a function of the declaration raised {raised}")
        if found:
            return found
    return list(_knowledge(case))


def _where(variant: Variant) -> str:
    return f"variant {variant.id}: " if variant.id else ""


def _names(case: Case) -> Iterator[str]:
    if not case.name.isidentifier():
        yield f"the name {case.name!r} is no identifier: use letters, digits and underscores"
    yield from _unknown_dtypes("dtypes", case.dtypes)
    yield from _unknown_dtypes("accumulate", [case.accumulate] if case.accumulate else ())
    yield from _unsigned_zeros(case)
    if case.steps and case.steps not in case.sizes:
        yield f"steps={case.steps!r} is no axis: choose from {', '.join(case.sizes)}"
    if case.formula is None:
        yield f"has no formula: add a function under @{case.name}.reference"
    else:
        yield from refused(case.formula)
    for framework in FRAMEWORKS:
        if not any(i.framework == framework for i in case.implementations):
            yield f'has no {framework} implementation: add a function under @{case.name}.{framework}("api path")'
    if not case.variants:
        yield "has no variants: the grid is empty"
    for name, count in Counter(variant.id for variant in case.variants).items():
        if count > 1:
            yield f"declares the variant {name!r} {count} times"
    for name in case.timing.sizes if case.timing else ():
        if not SIZE_NAME.fullmatch(name) or any(variant.id == name for variant in case.variants):
            yield f"times the size {name!r}: use letters, digits and hyphens, in a name that no variant has"
    if case.timing is not None and not case.timing.sizes:
        yield "is timed in no realistic size: give one to timed()"
    if case.tolerance is not None:
        yield from _unknown_dtypes("the tolerance", case.tolerance.dtypes)


def _unsigned_zeros(case: Case) -> Iterator[str]:
    declared: object = case.unsigned_zeros
    reasons = dict(declared) if isinstance(declared, Mapping) else {"*": declared} if declared != "" else {}
    for pattern, reason in reasons.items():
        if not isinstance(reason, str) or not reason.strip():
            yield f"unsigned_zeros of {pattern}: {reason!r} is not a reason: say why the sign of a zero means nothing"
        if str(pattern).startswith("grad:"):
            yield f"unsigned_zeros names {pattern}, but the sign of a gradient's zero is not compared in any case"


def _knowledge(case: Case) -> Iterator[str]:
    """Limitations, deviations and patterns that would silently do nothing."""
    apis = sorted(implementation.api for implementation in case.implementations)
    every = [case.settings(variant) for variant in case.variants] if case.known else []
    for known in case.known:
        title = _title(known)
        if known.api not in apis:
            yield f"{title}, which is none of {', '.join(apis)}"
        if isinstance(known, Deviation):
            yield from _bounds(title, known)
        if isinstance(known, Limitation) and known.stage not in STAGES:
            yield f"{title}: unknown stage {known.stage!r}; choose from {', '.join(STAGES)}"
        elif isinstance(known, Limitation) and known.stage != CRASH:
            yield from _raises(title, known.raises)
        yield from _unknown_dtypes(title, known.dtypes)
        yield from _unknown_kernels(case, title, known.api, known.kernels)
        strange = [name for name in known.when if not any(name in settings for settings in every)]
        if strange:
            yield f"{title}: no parameter is called {strange[0]!r}"
            continue
        unknown = [mode for mode in known.modes or () if mode not in MODES]
        if unknown:
            yield f"{title} names the unknown mode {', '.join(map(str, unknown))}: choose from {', '.join(MODES)}"
            continue
        places = product(case.dtypes, known.devices or ("cpu",), known.modes or (EAGER,), known.kernels or ("",))
        circumstances = [Circumstances(*place) for place in places]
        if not any(known.applies(known.api, settings, where) for settings in every for where in circumstances):
            yield f"{title} applies to no variant and dtype of the case: mend its when= or dtypes="
    for naive in case.divergences:
        divergence = naive.divergence
        if divergence is not None and not any(divergence.applies(case.settings(variant)) for variant in case.variants):
            yield f"{naive.api} applies to no variant of the case: mend its when="
        if divergence is not None:
            yield from _unknown_kernels(case, naive.api, naive.api, divergence.kernels)
            yield from _way(naive.api, divergence)
    deviations = [d for d in case.known if isinstance(d, Deviation)]
    patterns = [("exact", pattern, "") for pattern in case.exact if pattern != "*"]
    if isinstance(case.unsigned_zeros, Mapping):
        patterns += [("unsigned_zeros", pattern, "") for pattern in case.unsigned_zeros]
    patterns += [(_title(d), pattern, d.api) for d in deviations for pattern in d.quantities]
    traps = [(i.api, i.divergence) for i in case.divergences if i.divergence]
    patterns += [(api, pattern, "") for api, trap in traps for pattern in (*trap.wrong, *trap.sizes)]
    quantities = (
        {quantity: None for variant in case.variants for quantity in case.quantities(variant)} if patterns else {}
    )
    for who, pattern, api in patterns:
        named = {**quantities, **(dict.fromkeys(_beside(case, api)) if api in apis else {})}
        if not any(fnmatchcase(quantity, pattern) for quantity in named):
            yield f"{who}: no quantity is called {pattern!r}; there are {', '.join(named)}"


def _bounds(title: str, deviation: Deviation) -> Iterator[str]:
    """How far a deviation may go is said once, and not at all of what an implementation writes to."""
    bounded = [deviation.within is not None, deviation.elements is not None]
    said = any(bounded) or bool(deviation.dtype) or deviation.missing
    of_inputs = [quantity.startswith("input:") for quantity in deviation.quantities]
    if deviation.dtype and deviation.dtype not in DTYPES:
        yield f"{title} declares the unknown dtype {deviation.dtype}: choose from {', '.join(DTYPES)}"
    elif any(of_inputs):
        if said or not all(of_inputs):
            yield f"{title}: input:... is declared by itself, without within=, elements=, dtype= or missing="
    elif all(bounded) or not said or (deviation.missing and (any(bounded) or deviation.dtype)):
        yield f"{title}: give within= or elements=, or dtype=, or dtype= with one of them, or missing=True"
    elif deviation.missing and not all(quantity.startswith("grad:") for quantity in deviation.quantities):
        yield f"{title}: only gradients can be missing=True: name quantities such as 'grad:x'"


def _beside(case: Case, api: str) -> Iterator[str]:
    """What may be said of an implementation beside its values: of calls as in inference, of what it writes to."""
    implementation = case.implementation(api)
    for variant in case.variants:
        yield from (f"inference:{name}" for name in (*case.outputs(variant), *case.states(variant)))
        yield from (f"input:{name}" for name in (*case.inputs(variant), *case.weights(variant)))
        if implementation is not None and implementation.is_layer:
            yield from (f"input:{name}" for name in case.variables(implementation, variant))


def _way(who: str, trap: Divergence) -> Iterator[str]:
    """Whether the way in which a trap goes wrong is one that can be checked."""
    if trap.kind not in KINDS:
        yield f"{who}: unknown kind {trap.kind!r}; choose from {', '.join(KINDS)}"
    if trap.raises is not None:
        yield from _raises(who, trap.raises)
        if trap.wrong or trap.sizes or trap.kind != "values":
            yield f"{who} raises an error and has no results: remove wrong=, kind= and size=, or raises="
    if trap.sizes and trap.kind != "values":
        yield f"{who}: only an error in values has a size: remove size= or kind="
    for size in trap.sizes.values():
        if not (isinstance(size, tuple) and len(size) == 2 and 0 <= size[0] < size[1]):
            yield f"{who}: size={size!r} is no range: give the least and the greatest error, as in size=(0.1, 0.4)"


def _raises(who: str, raises: str) -> Iterator[str]:
    if not error_classes(raises):
        yield (
            f"{who}: raises={raises!r} names no class: give it and a part of the message, "
            f'as in raises="RuntimeError: {raises}"'
        )


def _unknown_dtypes(who: str, dtypes: Sequence[str] | None) -> Iterator[str]:
    unknown = [dtype for dtype in dtypes or () if dtype not in FLOATS]
    if unknown:
        yield f"{who} names the unknown dtype {', '.join(map(str, unknown))}: choose from {', '.join(FLOATS)}"


def _unknown_kernels(case: Case, who: str, api: str, kernels: Sequence[str] | None) -> Iterator[str]:
    implementation = case.implementation(api)
    named = FRAMEWORKS[implementation.framework].kernels if implementation is not None else {}
    unknown = [name for name in kernels or () if implementation is not None and name not in named]
    if unknown:
        yield f"{who} names the unknown kernels {', '.join(map(str, unknown))}: choose from {', '.join(named)}"


def _title(known: Known) -> str:
    return f"{type(known).__name__.lower()} of {known.api}"


def _variant(case: Case, variant: Variant) -> Iterator[str]:
    sizes, settings = case.axis_sizes(variant), case.settings(variant)
    inputs, weights = case.inputs(variant), case.weights(variant)
    results = {**case.outputs(variant), **case.states(variant)}
    if not results:
        yield "has no outputs: name at least one"
    for name, tensor in {**inputs, **weights}.items():
        if not isinstance(tensor, Tensor):
            yield f"tensor {name} is {tensor!r}: say how its values are drawn, such as normal('N C')"
            return
        yield from _tensor(case, variant, name, tensor, sizes)
    for name, result in results.items():
        yield from _result(case, name, result, sizes)
    axes = {name: tensor.axes for name, tensor in {**inputs, **weights}.items()}
    axes |= {name: result.axes for name, result in results.items()}
    if case.timing is not None and case.timing.multiply_adds is not None:
        asked = signature(case.timing.multiply_adds).names
        for name in (name for name in asked if name not in sizes and name not in settings):
            yield f"multiply_adds asks for {name!r}, which is neither a parameter nor an axis"
            return
        case.work_of(variant)
    formula = case.formula
    assert formula is not None
    yield from _asks("the formula", formula, {**inputs, **weights}, {**sizes, **settings}, functional=True)
    if captures(formula):
        yield "the formula asks for 'capture', which only implementations may: a formula runs as it is"
    naive = [i for i in case.divergences if i.divergence is not None and i.divergence.applies(settings)]
    for implementation in (*case.implementations, *naive):
        yield from _implementation(case, variant, implementation, axes, {**sizes, **settings}, {**inputs, **weights})


def _tensor(case: Case, variant: Variant, name: str, tensor: Tensor, sizes: Mapping[str, int]) -> Iterator[str]:
    missing = [axis for axis in tensor.axes if axis not in sizes]
    for axis in missing:
        yield f"tensor {name} has the axis {axis}, which no size names: add {axis}=... to sizes"
    for bound in tensor.bounds:
        if isinstance(bound, str) and tensor.distribution != "special" and bound not in sizes:
            yield f"tensor {name} is bounded by the axis {bound}, which no size names: add {bound}=... to sizes"
            return
    yield from _repeated_axes(f"tensor {name}", tensor.axes)
    if missing:
        return
    yield from _tensor_dtype(case, name, tensor)
    if tensor.distribution == "special":
        for kind in (kind for kind in tensor.bounds if kind not in SPECIAL):
            yield f"tensor {name} holds the unknown special numbers {kind}: choose from {', '.join(SPECIAL)}"
        return
    low, high = (sizes[b] if isinstance(b, str) else b for b in (tensor.bounds or (0, 1)))
    if (tensor.distribution in ("integers", "every") and low >= high) or (
        tensor.distribution == "uniform" and low > high
    ):
        yield f"tensor {name} is drawn from [{low:g}, {high:g}), which is empty"
    if tensor.distribution == "integers" and tensor.dtype in INTEGERS:
        limits = np.iinfo(tensor.dtype)
        if low < limits.min or high - 1 > limits.max:
            yield f"tensor {name} is drawn from [{low}, {high}), which {tensor.dtype} cannot hold"
    count = prod(tensor.shape(sizes))
    if tensor.distribution == "distinct" and count > MOST_DISTINCT:
        yield f"tensor {name} has {count} elements, but distinct() holds at most {MOST_DISTINCT}: make it smaller"
    if tensor.distribution == "every":
        if count != PATTERNS:
            yield f"tensor {name} has {count} elements, but every() gives 65536: give it one axis of that size"
        wide = [dtype for dtype in case.dtypes if FLOATS[dtype].storage.itemsize != 2]
        if wide:
            yield f"tensor {name} cannot hold every number of {', '.join(wide)}: dtypes=['float16', 'bfloat16']"
    yield from _equal_lengths(case, variant, name, tensor.axes, sizes)


def _tensor_dtype(case: Case, name: str, tensor: Tensor) -> Iterator[str]:
    allowed = INTEGERS if tensor.whole else tuple(FLOATS)
    if tensor.dtype and tensor.distribution != "booleans" and tensor.dtype not in allowed:
        yield f"tensor {name} cannot be {tensor.dtype}: choose from {', '.join(allowed)}"
        return
    yield from _too_wide(case, f"tensor {name}", tensor.dtype)


def _result(case: Case, name: str, result: Output, sizes: Mapping[str, int]) -> Iterator[str]:
    yield from _repeated_axes(f"result {name}", result.axes)
    if result.dtype and result.dtype not in DTYPES:
        yield f"result {name} has the unknown dtype {result.dtype}: choose from {', '.join(DTYPES)}"
        return
    if result.dtype in WHOLE and result.gradient:
        yield f"result {name} is {result.dtype}, which has no derivative: declare it with buffer(...)"
    yield from _too_wide(case, f"result {name}", result.dtype)
    if result.at_most and (result.at_most not in result.axes or result.at_most not in sizes):
        yield f"result {name}: at_most={result.at_most!r} must be one of its axes, with the most it can be in sizes"


def _too_wide(case: Case, who: str, dtype: str) -> Iterator[str]:
    """The formula runs in float64, and in long double for float64 only: it is no truth for a wider dtype."""
    narrow = [each for each in case.dtypes if each != "float64"]
    if dtype in ("float64", "complex128") and narrow:
        yield (
            f"{who} is {dtype}, but for {', '.join(narrow)} the formula is computed in float64, which is no more "
            f"precise: declare dtypes=['float64'], and give the narrower tensors a dtype of their own"
        )


def _repeated_axes(who: str, axes: Sequence[str]) -> Iterator[str]:
    for axis, count in Counter(axes).items():
        if count > 1:
            yield f"{who} names the axis {axis} {count} times: give equal axes names of their own"


def _implementation(
    case: Case,
    variant: Variant,
    implementation: Implementation,
    axes: Mapping[str, Sequence[str]],
    known: Mapping[str, object],
    tensors: Mapping[str, object],
) -> Iterator[str]:
    api = implementation.api
    yield from _asks(api, implementation.function, tensors, known, functional=not implementation.is_layer)
    for name, text in implementation.layouts.items():
        if name not in axes:
            if name not in _ever(case):
                yield f"{api}: a layout is given for {name!r}, but the tensors are {', '.join(axes)}"
            continue
        try:
            parse(text).check(axes[name])
        except DeclarationError as error:
            yield f"{api}: {name}: {error}"
    if implementation.is_layer:
        weights = case.weights(variant)
        known_weights = ", ".join(weights) or "(none)"
        for variable, part in case.variables(implementation, variant).items():
            for name in sorted(weights_of(part) - set(weights)):
                yield f"{api}: variable {variable} copies {name!r}, but the weights are {known_weights}"


def _ever(case: Case) -> set[str]:
    """The tensors of all variants."""
    parts: list[Callable[[Variant], Mapping[str, object]]] = [case.inputs, case.weights, case.outputs, case.states]
    return {name for variant in case.variants for part in parts for name in part(variant)}


def _asks(
    who: str,
    function: Callable[..., object],
    tensors: Mapping[str, object],
    known: Mapping[str, object],
    functional: bool,
) -> Iterator[str]:
    asks = signature(function)
    for name in asks.keywords:
        if name not in known and name not in FROM_HARNESS:
            yield f"{who} asks for {name!r}, which is neither a parameter nor an axis"
    if functional and not asks.takes_all:
        for name in sorted(set(tensors) - set(asks.tensors)):
            yield f"{who} does not take the tensor {name!r}: add it to the function's arguments"


def _equal_lengths(
    case: Case, variant: Variant, name: str, axes: Sequence[str], sizes: Mapping[str, int]
) -> Iterator[str]:
    """Two axes of one tensor must differ in length, or swapping them would not show."""
    fixed = [a for a in axes if isinstance(case.sizes.get(a), int) and a not in case.settings(variant)]
    for one, other in combinations(fixed, 2):
        if sizes[one] == sizes[other] > 1 and one != other:
            yield (
                f"axes {one} and {other} of tensor {name} both have length {sizes[one]}, so swapping them would not "
                f"show: give them different lengths (or {other}=lambda {one}: {one} if they must be equal)"
            )
