"""What mutants do with tensors, whatever library they are of. Runs in a worker."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

Change = Callable[[Any], Any]

SHARE = 2.0**-7
"""By how much of the largest element a wrong element is off, and all elements in a situation."""

DIGITS = 32
"""By how many units in the last place it is off at least: in bfloat16, one is 2^-7."""

LARGE = 64
"""Features from which a size counts as large: vectorised kernels take other paths from there."""

UNIT = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""The distance from 1 to the next number of each format."""

FIRST, MIDDLE, LAST = "first", "middle", "last"


class Tensors(ABC):
    """The tensors of one library. What changes one gives a new one, through which gradients go, unless it says so."""

    @abstractmethod
    def are(self, value: Any) -> bool:
        """Whether ``value`` is one of these tensors."""

    @abstractmethod
    def dtype(self, tensor: Any) -> str:
        """Its dtype by name, such as ``float32``."""

    @abstractmethod
    def shape(self, tensor: Any) -> tuple[int | None, ...]:
        """Its sizes; ``None`` for one that is not known yet."""

    @abstractmethod
    def known(self, tensor: Any) -> bool:
        """Whether it has values yet: a tensor of a graph has none."""

    @abstractmethod
    def array(self, tensor: Any) -> Any:
        """Its values as a NumPy array (16-bit floats in float32)."""

    @abstractmethod
    def scaled(self, tensor: Any, factor: float) -> Any: ...

    @abstractmethod
    def shifted(self, tensor: Any) -> Any:
        """Each element in the place of the next, in row-major order."""

    @abstractmethod
    def added(self, tensor: Any, place: str, amount: float) -> Any:
        """One element more by ``amount`` (a truth value reversed)."""

    @abstractmethod
    def zeros(self, tensor: Any) -> Any: ...

    @abstractmethod
    def cast(self, tensor: Any, dtype: str) -> Any: ...

    @abstractmethod
    def without_nan(self, tensor: Any) -> Any: ...

    def floating(self, tensor: Any) -> bool:
        return self.dtype(tensor) in UNIT

    def contiguous(self, tensor: Any) -> bool:
        return True

    def differentiable(self, tensor: Any) -> bool:
        """Whether a gradient may go through it."""
        return False

    def backward(self, tensor: Any, change: Change) -> Any:
        """``tensor``, whose gradient goes through ``change``; ``None`` from there is no gradient."""
        raise NotImplementedError

    def overwrite(self, tensor: Any, value: Any) -> None:
        """Put other values into the memory of a tensor that is writable."""
        raise NotImplementedError

    def writable(self, tensor: Any) -> bool:
        return False

    def copy(self, tensor: Any) -> Any:
        """A tensor of the same values with memory of its own, apart from gradients."""
        raise NotImplementedError

    def share(self, tensor: Any, share: float) -> float:
        """A share that is no rounding error in the tensor's dtype."""
        return max(share, DIGITS * self._unit(tensor))

    def equal(self, one: Any, other: Any) -> bool:
        """Whether two tensors that have values have the same dtype and bits."""
        return self.dtype(one) == self.dtype(other) and self.array(one).tobytes() == self.array(other).tobytes()

    def wrong_element(self, tensor: Any, place: str) -> Any:
        """One element off by a share of the largest, or by 1 where it is a whole number or all are zero."""
        amount = 1.0
        if self.floating(tensor) and self.known(tensor):
            values = np.abs(self.array(tensor))
            largest = float(np.max(values, initial=0.0, where=np.isfinite(values)))
            amount = largest * self.share(tensor, SHARE) or 1.0
        return self.added(tensor, place, amount)

    def rounded_otherwise(self, tensor: Any, digits: int) -> Any:
        """Each element more by some of its last digits: no more than rounding may do."""
        return self.scaled(tensor, 1 + digits * self._unit(tensor))

    def _unit(self, tensor: Any) -> float:
        return UNIT.get(self.dtype(tensor), 2.0**-52)


def index_of(place: str, size: int) -> int:
    named = {FIRST: 0, MIDDLE: size // 2, LAST: size - 1}
    return named[place] if place in named else int(place)


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """``value`` with ``change`` done to whatever its lists, tuples and dictionaries hold, in order."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(part, change) for part in value))
    if type(value) in (list, tuple):
        return type(value)(mapped(part, change) for part in value)
    if type(value) is dict:
        return {key: mapped(part, change) for key, part in value.items()}
    return change(value)


def held(value: Any) -> Iterator[Any]:
    """What lists, tuples and dictionaries hold, in order."""
    found: list[Any] = []
    mapped(value, found.append)
    return iter(found)


class Values:
    """What calls take and give: a framework's tensors, NumPy's arrays, Python's numbers."""

    def __init__(self, libraries: Sequence[Tensors]) -> None:
        self._libraries = libraries
        self.tensors = libraries[0]
        """The framework's own."""

    def of(self, leaf: Any) -> Tensors | None:
        """What a leaf is a tensor of; ``None`` for what is none."""
        return next((library for library in self._libraries if library.are(leaf)), None)

    def floating(self, leaf: Any) -> bool:
        of = self.of(leaf)
        return of is not None and of.floating(leaf)

    def several(self, leaf: Any) -> bool:
        """Whether it has more than one element, or that is not known."""
        of = self.of(leaf)
        return of is not None and int(np.prod([2 if size is None else size for size in of.shape(leaf)])) > 1

    def has_nan(self, leaf: Any) -> bool:
        of = self.of(leaf)
        return of is not None and of.floating(leaf) and of.known(leaf) and bool(np.isnan(of.array(leaf)).any())

    def alike(self, one: Any, other: Any) -> bool:
        """Whether two tensors of the framework have the same shape and dtype."""
        of = self.tensors
        if not (of.are(one) and of.are(other)):
            return False
        return of.shape(one) == of.shape(other) and of.dtype(one) == of.dtype(other)
