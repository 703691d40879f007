"""Layouts: how a tensor's named axes lie in a framework's own array.

A layout is written with the axis names of the tensor it lays out::

    "N H W C"          the axes in another order
    "(C M) 1 KH KW"    axes merged into one (C outermost), and an axis of length one
    "I (G[i f g o] H)" the labels of a labelled axis in another order
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod

import numpy as np

from .dtypes import Array
from .errors import DeclarationError

Labels = Mapping[str, Sequence[str]]

_TOKEN = re.compile(r"\s*(?:(?P<axis>[A-Za-z_]\w*)(?:\[(?P<labels>[^\]]*)\])?|(?P<one>1)(?!\w)|(?P<bracket>[()]))")


@dataclass(frozen=True)
class Layout:
    """A parsed layout: for each axis of the framework's array, the named axes merged into it."""

    text: str
    groups: tuple[tuple[str, ...], ...]
    label_order: tuple[tuple[str, tuple[str, ...]], ...]

    @cached_property
    def axes(self) -> tuple[str, ...]:
        return tuple(axis for group in self.groups for axis in group)

    def check(self, axes: Sequence[str]) -> None:
        """Raise ``DeclarationError`` unless this layout names each of ``axes`` exactly once."""
        if sorted(self.axes) != sorted(axes):
            missing = [axis for axis in axes if axis not in self.axes]
            extra = [axis for axis in self.axes if axis not in axes]
            twice = sorted({axis for axis in self.axes if self.axes.count(axis) > 1})
            parts = [
                f"{word} {' '.join(names)}"
                for word, names in (("leaves out", missing), ("adds", extra), ("repeats", twice))
                if names
            ]
            raise DeclarationError(
                f"layout {self.text!r} {' and '.join(parts)}: it must name each of the axes "
                f"{' '.join(axes) or '(none)'} once"
            )

    def lay_out(self, array: Array, axes: Sequence[str], labels: Labels) -> Array:
        """``array`` with canonical ``axes`` in this layout."""
        sizes = dict(zip(axes, array.shape, strict=True))
        moved = np.transpose(array, [axes.index(axis) for axis in self.axes])
        for axis, order in self.label_order:
            moved = np.take(moved, _positions(axis, order, labels), axis=self.axes.index(axis))
        return np.ascontiguousarray(moved).reshape([prod([sizes[a] for a in g]) for g in self.groups])

    def restore(self, array: Array, axes: Sequence[str], sizes: Mapping[str, int], labels: Labels) -> Array:
        """The inverse of :meth:`lay_out`. An axis that ``sizes`` lacks takes what the array leaves for it.

        Raises ``DeclarationError`` when the array's shape cannot have this layout.
        """
        if array.ndim != len(self.groups):
            raise DeclarationError(
                f"shape {array.shape} has {array.ndim} axes where layout {self.text!r} has {len(self.groups)}"
            )
        split: list[int] = []
        for length, group in zip(array.shape, self.groups, strict=True):
            split += self._split(length, group, sizes, array.shape)
        opened = array.reshape(split)
        for axis, order in self.label_order:
            back = np.argsort(_positions(axis, order, labels))
            opened = np.take(opened, back, axis=self.axes.index(axis))
        return np.transpose(opened, [self.axes.index(axis) for axis in axes])

    def _split(self, length: int, group: Sequence[str], sizes: Mapping[str, int], shape: Sequence[int]) -> list[int]:
        if len(group) == 1:
            return [length]
        known = prod([sizes[axis] for axis in group if axis in sizes])
        free = [axis for axis in group if axis not in sizes]
        if len(free) > 1 or length % max(known, 1) or (not free and length != known):
            raise DeclarationError(
                f"an axis of length {length} in shape {tuple(shape)} cannot be split into ({' '.join(group)}) "
                f"of layout {self.text!r}"
            )
        return [sizes.get(axis, length // max(known, 1)) for axis in group]


def _positions(axis: str, order: Sequence[str], labels: Labels) -> list[int]:
    declared = list(labels.get(axis, ()))
    if sorted(declared) != sorted(order):
        raise DeclarationError(f"axis {axis} has the labels {' '.join(declared) or '(none)'}, not {' '.join(order)}")
    return [declared.index(label) for label in order]


@lru_cache(maxsize=4096)
def parse(text: str) -> Layout:
    """Parse a layout. Raises ``DeclarationError`` at what it cannot read."""
    groups: list[tuple[str, ...]] = []
    label_order: list[tuple[str, tuple[str, ...]]] = []
    group: list[str] | None = None
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        token = _TOKEN.match(stripped, position)
        if token is None:
            raise DeclarationError(f"layout {text!r} cannot be read from {stripped[position:]!r} on")
        position = token.end()
        axis, bracket = token["axis"], token["bracket"]
        if axis:
            if token["labels"] is not None:
                label_order.append((axis, tuple(token["labels"].split())))
            if group is None:
                groups.append((axis,))
            else:
                group.append(axis)
        elif token["one"] and group is None:
            groups.append(())
        elif bracket == "(" and group is None:
            group = []
        elif bracket == ")" and group is not None:
            groups.append(tuple(group))
            group = None
        else:
            raise DeclarationError(f"layout {text!r} has an unexpected {token[0].strip()!r}")
    if group is not None:
        raise DeclarationError(f"layout {text!r} has no closing bracket")
    return Layout(text, tuple(groups), tuple(label_order))
