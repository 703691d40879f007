"""Variants: the parameter sets that a case runs with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any


@dataclass(frozen=True)
class Variant:
    """One parameter set. ``id`` is its readable name, such as ``stride=2-padding=same``."""

    id: str
    parameters: Mapping[str, Any]


class Grid:
    """A list of parameter sets; ``grid(...) + grid(...)`` joins two."""

    def __init__(self, sets: Sequence[Mapping[str, Any]]) -> None:
        self.sets = tuple(dict(parameters) for parameters in sets)

    def __add__(self, other: Grid) -> Grid:
        return Grid(self.sets + other.sets)

    def where(self, condition: Callable[..., bool]) -> Grid:
        """Keep the sets for which ``condition(**parameters)`` holds."""
        return Grid([parameters for parameters in self.sets if condition(**parameters)])

    def __iter__(self) -> Iterator[Variant]:
        for parameters in self.sets:
            yield Variant("-".join(f"{name}={show(value)}" for name, value in parameters.items()), parameters)


def grid(**choices: Sequence[Any]) -> Grid:
    """Every combination of the given choices, the last one varying fastest."""
    return Grid([dict(zip(choices, values, strict=True)) for values in product(*choices.values())])


def show(value: Any) -> str:
    """A parameter's value as it appears in an id: ``3x2`` for (3, 2), ``true``, ``none``."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return "x".join(show(part) for part in value)
    return str(value)
