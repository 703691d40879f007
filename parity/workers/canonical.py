"""Between the canonical axis order and a framework's: results and gradients come back, cotangents go in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..catalog.dtypes import FLOATS, WHOLE, Array, part_of
from ..catalog.errors import DeclarationError, ResultError
from ..catalog.layout import parse
from ..catalog.tensors import Output
from ..plan.data import cotangent
from .adapter import Adapter
from .protocol import Result, cut
from .setup import Setup, Stopwatch

_cotangent = lru_cache(maxsize=8)(cotangent)


def collect(
    adapter: Adapter, setup: Setup, produced: Sequence[Any], arrays: Sequence[tuple[Array, str]], device: str
) -> dict[str, Result]:
    """The results in canonical order, checked for number, rank and place."""
    unit = setup.unit
    if len(produced) != len(setup.results):
        raise ResultError(
            f"{unit.api} returns {len(produced)} results where the case names {len(setup.results)} "
            f"({', '.join(setup.results)}): return them in that order",
            "count",
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
            raise ResultError(f"{unit.api} returns {name} in the wrong shape: {error}", "shape") from None
        kind = "state" if name in states else "output"
        collected[f"{kind}:{name}"] = _filled_up(setup, name, spec, restored, dtype)
    return collected


def _filled_up(setup: Setup, name: str, spec: Output, array: Array, dtype: str) -> Result:
    """A result whose axis of varying length is filled up with zeros to the axis's size."""
    if not spec.at_most:
        return Result(array, dtype)
    axis, most = spec.axes.index(spec.at_most), setup.axis_sizes[spec.at_most]
    length = array.shape[axis]
    if length > most:
        raise ResultError(
            f"{setup.unit.api} returns {name} with {length} elements along axis {spec.at_most}, where at most {most} "
            f"are declared: make {spec.at_most} larger in sizes",
            "shape",
        )
    missing = [(0, most - length if each == axis else 0) for each in range(array.ndim)]
    return Result(np.pad(array, missing), dtype, (axis, length))


def cotangents(
    adapter: Adapter,
    setup: Setup,
    arrays: Sequence[tuple[Array, str]],
    device: str,
    inside: Stopwatch,
    *,
    timed: bool = False,
) -> list[Any]:
    """A cotangent for each differentiable result, the same values for every implementation, in its layout and dtype.

    They are numbers of the result's declared dtype, or else of the item's. Those of complex results are complex, by the
    frameworks' convention: the gradient of Re(conj(g) · z).
    """
    given: list[Any] = []
    item, labels = setup.unit.item, setup.case.labels
    for (name, spec), (array, dtype) in zip(setup.results.items(), arrays, strict=True):
        if not spec.gradient or dtype in WHOLE:
            if spec.gradient and setup.implementation is None:
                raise DeclarationError(
                    f"the formula returns {name} as {dtype}, which has no derivative: declare it with buffer(...), "
                    f"or have the formula return floats"
                )
            given.append(None)
            continue
        layout = parse(setup.layout(name, spec.axes))
        restored = layout.restore(array, spec.axes, setup.axis_sizes, labels)
        result = _filled_up(setup, name, spec, restored, dtype)
        key = (setup.unit.seed, item.case, item.variant, f"cotangent of {name}")
        drawn_in = spec.dtype if spec.dtype in FLOATS else item.dtype
        shape = (*result.array.shape, 2) if np.iscomplexobj(array) else result.array.shape
        stored = _cotangent(shape, drawn_in, key, timed=timed)
        chosen = drawn_in
        if np.iscomplexobj(array):
            stored, chosen = _complex_cotangent(setup, stored, drawn_in, dtype)
        elif setup.implementation is not None and dtype != drawn_in and dtype in FLOATS:
            stored, chosen = FLOATS[dtype].encode(FLOATS[drawn_in].decode(stored)), dtype
        array = layout.lay_out(cut(stored, result.varying), spec.axes, labels)
        with inside():
            given.append(adapter.tensor(array, chosen, device, gradient=False))
    return given


def _complex_cotangent(setup: Setup, stored: Array, drawn_in: str, dtype: str) -> tuple[Array, str]:
    """A cotangent from its real and imaginary parts along the last axis, in the dtype that the result has."""
    values = FLOATS[drawn_in].decode(stored)
    if setup.implementation is not None:
        number = FLOATS[part_of(dtype)].storage
        return np.ascontiguousarray(values.astype(number)).view(dtype)[..., 0], dtype
    if setup.unit.item.dtype == "float64":
        values = values.astype(np.longdouble)
    made: Array = values[..., 0] + 1j * values[..., 1]
    return made, made.dtype.name


def gradients_of(
    setup: Setup, found: Sequence[tuple[Array, str] | None]
) -> tuple[dict[str, Result], dict[str, tuple[str, ...]]]:
    """The gradients mapped back to the canonical inputs and weights.

    Also returns what has no gradient (``None``), the variables of a layer by the weights that they hold. For a formula,
    which has no such thing, it is zero where nothing depends on a tensor.
    """
    labels = setup.case.labels
    specs = {**setup.case.inputs(setup.variant), **setup.case.weights(setup.variant)}
    owned = set(setup.case.weights(setup.variant)) if setup.weight_trace else set()
    direct = [name for name in setup.names if name not in owned]
    gradients: dict[str, Result] = {}
    without: dict[str, tuple[str, ...]] = {}
    for name, gradient in zip(direct, found, strict=False):
        axes = specs[name].axes
        if gradient is None and setup.implementation is None:
            gradients[name] = Result(setup.canonical[name] * 0, specs[name].format(setup.unit.item.dtype))
            continue
        if gradient is None:
            without[name] = (name,)
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
                continue
            for name in setup.weight_trace.weights_in(variable):
                without[name] = (*without.get(name, ()), variable)
        if arrays:
            dtype = "/".join(sorted(dtypes))
            back = setup.weight_trace.bring_back(arrays)
            gradients.update({name: Result(array, dtype) for name, array in back.items()})
        else:  # None of the variables is trained.
            zeros = {name: setup.canonical[name] * 0 for name in owned}
            gradients.update({n: Result(z, specs[n].format(setup.unit.item.dtype)) for n, z in zeros.items()})
    return (
        {f"grad:{name}": gradients[name] for name in setup.names if name not in without},
        {f"grad:{name}": without[name] for name in setup.names if name in without},
    )
