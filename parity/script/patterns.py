"""Layouts and mappings of weights as expressions of einops and NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from ..catalog.layout import Labels, Layout, parse
from ..catalog.mapping import Joined, Piece, Source, Zeros
from ..catalog.tensors import Tensor
from .source import bracketed


@dataclass(frozen=True)
class Patterns:
    """Writes expressions for tensors whose axes have these ``sizes`` and ``labels``."""

    sizes: Mapping[str, int]
    labels: Labels
    weights: Mapping[str, Tensor]

    def laid_out(self, value: str, text: str, axes: Sequence[str]) -> str:
        """``value``, which has the canonical ``axes``, in a layout."""
        layout = parse(text)
        for axis, positions in self._reordered(layout):
            value = f"np.take({value}, {positions}, axis={list(axes).index(axis)})"
        return _rearranged(value, " ".join(axes), _pattern(layout))

    def restored(self, value: str, text: str, axes: Sequence[str]) -> str:
        """``value``, which has a layout, with its canonical ``axes``."""
        layout = parse(text)
        merged = [axis for group in layout.groups if len(group) > 1 for axis in group if axis in self.sizes]
        lengths = "".join(f", {axis}={self.sizes[axis]}" for axis in merged)
        value = _rearranged(value, _pattern(layout), " ".join(axes), lengths)
        for axis, positions in self._reordered(layout):
            value = f"np.take({value}, {np.argsort(positions).tolist()}, axis={list(axes).index(axis)})"
        return value

    def filled(self, part: Source) -> str:
        """What a variable is filled with, from the canonical weights in ``data``."""
        if isinstance(part, Piece):
            return self.laid_out(f'data["{part.weight}"]', part.layout, self.weights[part.weight].axes)
        if isinstance(part, Zeros):
            return f"np.zeros({self._shape(part)})"
        joined = bracketed("[]", map(self.filled, part.parts))
        return f"np.{'stack' if part.new_axis else 'concatenate'}({joined}, axis={part.axis})"

    def brought_back(self, value: str, part: Source) -> Iterator[tuple[str, str]]:
        """The weights in a variable, or in its gradient ``value``: their names, and expressions for them."""
        if isinstance(part, Piece):
            yield part.weight, self.restored(value, part.layout, self.weights[part.weight].axes)
        elif isinstance(part, Joined):
            start, axis = 0, part.axis % len(self._shape(part))
            for each in part.parts:
                stop = start + (1 if part.new_axis else self._shape(each)[axis])
                chosen = start if part.new_axis else f"{start}:{stop}"
                yield from self.brought_back(f"{value}[{':, ' * axis}{chosen}]", each)
                start = stop

    def _shape(self, part: Source) -> tuple[int, ...]:
        if isinstance(part, Joined):
            first = self._shape(part.parts[0])
            if part.new_axis:
                axis = part.axis % (len(first) + 1)
                return (*first[:axis], len(part.parts), *first[axis:])
            axis = part.axis % len(first)
            return (*first[:axis], sum(self._shape(each)[axis] for each in part.parts), *first[axis + 1 :])
        layout = parse(part.layout if isinstance(part, Piece) else part.shape)
        return tuple(prod(self.sizes[axis] for axis in group) for group in layout.groups)

    def _reordered(self, layout: Layout) -> Iterator[tuple[str, list[int]]]:
        """The axes whose labels are in another order, and the positions of the labels in it."""
        for axis, order in layout.label_order:
            positions = [list(self.labels[axis]).index(label) for label in order]
            if positions != sorted(positions):
                yield axis, positions


def _pattern(layout: Layout) -> str:
    """A layout as einops has it."""
    return " ".join(f"({' '.join(group)})" if len(group) > 1 else "".join(group) or "1" for group in layout.groups)


def _rearranged(value: str, left: str, right: str, lengths: str = "") -> str:
    return value if left == right else f'rearrange({value}, "{left} -> {right}"{lengths})'
