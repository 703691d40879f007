"""A difference is told when processes that had no part in finding it show it, too."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from .estimate import CLEAR, SAME, Estimate, ratio
from .series import Series

K = TypeVar("K", bound=Hashable)

Pair = tuple[Series, Series]
"""What is compared, and what it is compared with."""


@dataclass(frozen=True)
class Found:
    """A ratio over all processes, what it says, and the series that it comes from."""

    ratio: Estimate
    difference: str
    pair: Pair
    repeated: bool = False


def compared(
    first: Mapping[K, Pair],
    again: Callable[[list[K]], Mapping[K, Pair]],
    *,
    margin: float = 0.0,
    clear: float = CLEAR,
) -> dict[K, Found]:
    """The ratio of each pair that has one; ``again`` times some of them in fresh processes.

    A difference beyond the margin and below ``clear`` is repeated: it is told when all processes together show it, and
    the fresh ones lie on the same side of 1. The others are no difference.
    """
    found = {
        key: Found(each, each.difference(margin), pair)
        for key, pair in first.items()
        if (each := ratio(*pair)) is not None
    }
    suspected = [key for key, each in found.items() if _suspicious(each.ratio, margin) and not each.ratio.clear(clear)]
    fresh = again(suspected) if suspected else {}
    return found | {key: _joined(found[key], fresh.get(key), margin) for key in suspected}


def _suspicious(found: Estimate, margin: float) -> bool:
    """Whether a ratio lies beyond the margin, and its interval beyond 1."""
    return found.difference() != SAME and not 1 / (1 + margin) <= found.value <= 1 + margin


def _joined(found: Found, fresh: Pair | None, margin: float) -> Found:
    repeat = ratio(*fresh) if fresh is not None else None
    if fresh is None or repeat is None:
        return Found(found.ratio, SAME, found.pair)
    one, other = (series.joined(more) for series, more in zip(found.pair, fresh, strict=True))
    whole = ratio(one, other)
    assert whole is not None
    same_side = (repeat.value > 1) == (whole.value > 1)
    return Found(whole, whole.difference(margin) if same_side else SAME, (one, other), repeated=True)
