"""The checks on a declaration that need no framework: names, axes and layouts that fit together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

from .calls import signature
from .case import Case, Implementation
from .dtypes import FLOATS
from .errors import DeclarationError
from .frameworks import FRAMEWORKS
from .known import Known, Limitation
from .layout import parse
from .mapping import weights_of
from .variants import Variant


def problems(case: Case) -> list[str]:
    """What is wrong with ``case``, each with its mend; empty when nothing is."""
    found = list(case.problems)
    found += _names(case)
    if found:
        return found
    for variant in case.variants:
        try:
            found += [f"{_where(variant)}{problem}" for problem in _variant(case, variant)]
        except DeclarationError as error:
            found.append(f"{_where(variant)}{error}")
        except Exception as error:
            found.append(f"{_where(variant)}a function of the declaration raised {type(error).__name__}: {error}")
        if found:
            break
    return found


def _where(variant: Variant) -> str:
    return f"variant {variant.id}: " if variant.id else ""


def _names(case: Case) -> Iterator[str]:
    if not case.name.isidentifier():
        yield f"the name {case.name!r} is no identifier: use letters, digits and underscores"
    unknown = [dtype for dtype in case.dtypes if dtype not in FLOATS]
    if unknown:
        yield f"unknown dtype {', '.join(unknown)}: choose from {', '.join(FLOATS)}"
    if case.formula is None:
        yield f"has no formula: add a function under @{case.name}.reference"
    for framework in FRAMEWORKS:
        if not any(i.framework == framework for i in case.implementations):
            yield f'has no {framework} implementation: add a function under @{case.name}.{framework}("api path")'
    if not case.variants:
        yield "has no variants: the grid is empty"
    for name, count in Counter(variant.id for variant in case.variants).items():
        if count > 1:
            yield f"declares the variant {name!r} {count} times"
    apis = {implementation.api for implementation in case.implementations}
    for known in case.known:
        if known.api not in apis:
            yield f"{_title(known)}, which is none of {', '.join(sorted(apis))}"
        if isinstance(known, Limitation) and known.stage not in ("forward", "gradient"):
            yield f"{_title(known)}: stage {known.stage!r} is neither 'forward' nor 'gradient'"


def _title(known: Known) -> str:
    return f"{type(known).__name__.lower()} of {known.api}"


def _variant(case: Case, variant: Variant) -> Iterator[str]:
    sizes, settings = case.axis_sizes(variant), case.settings(variant)
    inputs, weights = case.inputs(variant), case.weights(variant)
    results = {**case.outputs(variant), **case.states(variant)}
    if not results:
        yield "has no outputs: name at least one"
    for name, tensor in {**inputs, **weights}.items():
        for axis in tensor.axes:
            if axis not in sizes:
                yield f"tensor {name} has the axis {axis}, which no size names: add {axis}=... to sizes"
        yield from _equal_lengths(case, variant, name, tensor.axes, sizes)
    for known in case.known:
        for name in known.when:
            if name not in settings:
                yield f"{_title(known)}: no parameter is called {name!r}"
    axes = {name: tensor.axes for name, tensor in {**inputs, **weights}.items()}
    axes |= {name: result.axes for name, result in results.items()}
    formula = case.formula
    assert formula is not None
    yield from _asks("the formula", formula, {**inputs, **weights}, {**sizes, **settings}, functional=True)
    for implementation in case.implementations:
        yield from _implementation(case, variant, implementation, axes, {**sizes, **settings}, {**inputs, **weights})


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
        if name not in known and name != "dtype":
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
