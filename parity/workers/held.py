"""Whether a computation left its inputs and weights as they were: they are compared with what was given, as bits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..catalog.dtypes import Array
from .adapter import Adapter
from .protocol import Written


@dataclass(frozen=True)
class Held:
    """A tensor or a layer's variable, as the framework holds it, and the storage array that it was given."""

    name: str
    tensor: Any
    given: Array
    variable: bool = False


def held_variables(adapter: Adapter, variables: Mapping[str, Any]) -> Iterator[Held]:
    """The variables that a framework would train, with what they hold now.

    Others are left out: a running mean, the state of a stateful layer or of a random generator is there to be
    written to. The case declares the ones that it means as states.
    """
    for name, variable in variables.items():
        if adapter.trainable(variable):
            value = adapter.value(variable)
            yield Held(name, value, adapter.array(value)[0], variable=True)


def written(adapter: Adapter, held: Iterable[Held], stage: str) -> Iterator[Written]:
    """What no longer holds the bits that it was given."""
    for each in held:
        now, _ = adapter.array(each.tensor)
        if now.shape != each.given.shape or now.dtype != each.given.dtype:
            yield Written(each.name, stage, each.given.size, each.given.size, None, each.variable)
            continue
        bits = f"V{now.dtype.itemsize}"  # Compared as bits: NaN equals itself, and zeros differ by their signs.
        changed = now.view(bits) != each.given.view(bits)
        if changed.any():
            index = np.unravel_index(int(np.argmax(changed)), changed.shape)
            place = tuple(int(i) for i in index)
            yield Written(each.name, stage, int(changed.sum()), changed.size, place, each.variable)
