"""Weight mappings: where each element of a framework's variables comes from.

A mapping only copies. It is written with layouts (``"kernel: KH KW C O"``) and, where frameworks pack
several weights into one variable or have one more than the case, with :func:`concat`, :func:`stack` and
:func:`zeros`. It is evaluated once, on element indices; loading the weights and bringing gradients back
are both read off that one trace, so neither can disagree with the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from .dtypes import Array
from .errors import DeclarationError
from .layout import Labels, parse


@dataclass(frozen=True)
class Piece:
    """One canonical weight in a layout."""

    weight: str
    layout: str


@dataclass(frozen=True)
class Joined:
    """Several pieces put together along an axis: an existing one (concat) or a new one (stack)."""

    parts: tuple[Source, ...]
    axis: int
    new_axis: bool


@dataclass(frozen=True)
class Zeros:
    """A part that the case has no weight for, filled with zeros. ``shape`` is a layout of sized axes."""

    shape: str


Source = Piece | Joined | Zeros


def source(text: str | Source) -> Source:
    """Read ``"weight: layout"``."""
    if not isinstance(text, str):
        return text
    weight, colon, layout = text.partition(":")
    if not colon or not weight.strip().isidentifier():
        raise DeclarationError(f"{text!r} is no weight source: write 'weight: layout', such as 'kernel: KH KW C O'")
    parse(layout.strip())
    return Piece(weight.strip(), layout.strip())


def concat(*parts: str | Source, axis: int = 0) -> Source:
    """Join parts along an axis they share."""
    return Joined(tuple(source(part) for part in parts), axis, new_axis=False)


def stack(*parts: str | Source, axis: int = 0) -> Source:
    """Join parts of equal shape along a new axis."""
    return Joined(tuple(source(part) for part in parts), axis, new_axis=True)


def zeros(shape: str) -> Source:
    """A part filled with zeros, such as the second bias of a PyTorch LSTM: ``zeros("(G H)")``."""
    parse(shape)
    return Zeros(shape)


def weights_of(part: Source) -> set[str]:
    """The canonical weights that ``part`` copies from."""
    if isinstance(part, Piece):
        return {part.weight}
    if isinstance(part, Joined):
        return set().union(*(weights_of(p) for p in part.parts))
    return set()


@dataclass(frozen=True)
class Trace:
    """A mapping evaluated on indices.

    Canonical elements are numbered through, weight after weight, from 1; 0 stands for a zero.
    ``indices`` holds, for each framework variable, the number that each of its elements copies.
    """

    shapes: Mapping[str, tuple[int, ...]]
    offsets: Mapping[str, int]
    indices: Mapping[str, Array]

    def load(self, canonical: Mapping[str, Array]) -> dict[str, Array]:
        """Framework variables from canonical weights."""
        if not self.shapes:
            return {name: np.zeros(index.shape) for name, index in self.indices.items()}
        flat = [canonical[name].reshape(-1) for name in self.shapes]
        pool = np.concatenate([np.zeros(1, flat[0].dtype), *flat])
        return {name: pool[index] for name, index in self.indices.items()}

    def weights_in(self, variable: str) -> list[str]:
        """The weights that a variable holds elements of."""
        index = self.indices[variable]
        ends = {name: (start, start + prod(self.shapes[name])) for name, start in self.offsets.items()}
        return [name for name, (start, end) in ends.items() if ((index >= start) & (index < end)).any()]

    def bring_back(self, variables: Mapping[str, Array]) -> dict[str, Array]:
        """Canonical gradients from gradients of the framework variables."""
        dtype = np.result_type(*(array.dtype for array in variables.values())) if variables else np.float64
        pool = np.zeros(1 + sum(prod(shape) for shape in self.shapes.values()), dtype)
        for name, array in variables.items():
            index = self.indices[name]
            if array.shape != index.shape:
                raise DeclarationError(
                    f"variable {name} has shape {index.shape}, but its gradient has shape {array.shape}"
                )
            pool[index.reshape(-1)] = array.reshape(-1)
        return {
            name: pool[self.offsets[name] : self.offsets[name] + prod(shape)].reshape(shape)
            for name, shape in self.shapes.items()
        }


def trace(
    variables: Mapping[str, Source],
    axes: Mapping[str, Sequence[str]],
    sizes: Mapping[str, int],
    labels: Labels,
) -> Trace:
    """Evaluate a mapping on indices.

    ``variables`` gives the source of each framework variable, ``axes`` the canonical axes of each weight.
    Raises ``DeclarationError`` when a weight's element is copied nowhere, or more than once.
    """
    shapes = {name: tuple(sizes[axis] for axis in names) for name, names in axes.items()}
    offsets: dict[str, int] = {}
    numbered: dict[str, Array] = {}
    start = 1
    for name, shape in shapes.items():
        count = prod(shape)
        offsets[name] = start
        numbered[name] = np.arange(start, start + count).reshape(shape)
        start += count

    def evaluate(part: Source) -> Array:
        if isinstance(part, Zeros):
            unknown = [axis for axis in parse(part.shape).axes if axis not in sizes]
            if unknown:
                raise DeclarationError(f"zeros({part.shape!r}) has the axis {unknown[0]}, which no size names")
            return np.zeros([prod([sizes[a] for a in group]) for group in parse(part.shape).groups], int)
        if isinstance(part, Piece):
            layout = parse(part.layout)
            layout.check(axes[part.weight])
            return layout.lay_out(numbered[part.weight], axes[part.weight], labels)
        evaluated = [evaluate(p) for p in part.parts]
        try:
            return np.stack(evaluated, part.axis) if part.new_axis else np.concatenate(evaluated, part.axis)
        except ValueError as error:
            shown = ", ".join(str(array.shape) for array in evaluated)
            raise DeclarationError(f"parts of shapes {shown} cannot be joined along axis {part.axis}") from error

    indices = {name: evaluate(part) for name, part in variables.items()}
    counts = np.zeros(start, int)
    for index in indices.values():
        counts += np.bincount(index.reshape(-1), minlength=start)
    for word, wrong, mend in (
        ("loses", counts == 0, "name the missing part, or drop the weight from the case"),
        ("repeats", counts > 1, "copy each element once"),
    ):
        for name, shape in shapes.items():
            number = int(wrong[offsets[name] : offsets[name] + prod(shape)].sum())
            if number:
                raise DeclarationError(
                    f"the mapping {word} {number} of the {prod(shape)} elements of weight {name}: {mend}"
                )
    return Trace(shapes, offsets, indices)
