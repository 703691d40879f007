"""Whether the formula is the suspect: every implementation agrees with every other, and none of them with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..catalog.dtypes import BOOL, Array, unit_roundoff
from ..workers.protocol import Result
from .compare import DTYPE, Difference, Truth
from .tolerance import own_scale, pooled, roundings

NEARER = 0.25
"""Implementations that agree are at most this share as far from each other as from the formula."""

DISAGREES = "the formula disagrees with every implementation"


@dataclass(frozen=True)
class Voice:
    """One implementation's result of a quantity, which is wrong if the formula is right, and how they differ."""

    framework: str
    result: Result
    difference: Difference


def suspected(voices: Sequence[Voice], truth: Truth) -> bool:
    """Whether the formula is the likeliest to be wrong in a quantity.

    It is when at least two frameworks fail against the truth (``voices`` has every result), and all agree with each
    other within what two implementations may differ by. NaN and infinity at the same places count as agreement.
    """
    if len({voice.framework for voice in voices}) < 2:
        return False
    results = [voice.result for voice in voices]
    if len({(result.dtype, result.shape) for result in results}) > 1:
        return False
    if any(voice.difference.problem.startswith(DTYPE) for voice in voices):
        return False  # A formula has no dtype.
    values = np.stack([result.values.astype(np.int8) if result.dtype == BOOL else result.values for result in results])
    first = values[0]
    with np.errstate(all="ignore"):
        same = np.all((values == first) | (np.isnan(values) & np.isnan(first)), axis=0)
        pairs = [np.abs(one - other) for one, other in combinations(values, 2)]
        apart = np.where(same, 0.0, np.max(pairs, axis=0))
    if not (apart <= _limits(values, truth)).all():  # Not where only some are NaN or infinite.
        return False
    if any(voice.difference.problem for voice in voices):
        # Nothing to measure: the shape, or what is NaN, infinite or a negative zero, is not the formula's.
        zero = np.all(values == 0, axis=0) & np.isrealobj(values)
        return bool((np.signbit(values.real) == np.signbit(first.real))[:, zero].all())
    with np.errstate(all="ignore"):
        away = [_size(np.where(each == truth.values, 0.0, each - truth.values * 1.0)) for each in values]
    return _size(apart) <= NEARER * min(away)


def doubtful(where: str, reason: str) -> str:
    """The reason of a row whose formula, at ``where``, is the suspect: both readings, the formula first."""
    return (
        f"{DISAGREES}, and they agree with each other: check the formula first ({where}); "
        f"if it is right, all of them are wrong in the same way. {reason}"
    )


def _limits(values: Array, truth: Truth) -> Array:
    """What two implementations may differ by. A wrong formula's scale may be too small: theirs counts, too."""
    allowance = truth.allowance
    if allowance.exact:
        return np.zeros(values.shape[1:])
    own = np.max(own_scale(values), axis=0)
    scale = pooled(own, values[0]) if allowance.pooled else own
    limits = 2 * roundings(scale.size, truth.dtype, pooled=allowance.pooled) * unit_roundoff(truth.dtype) * scale
    same_shape = truth.values.shape == limits.shape
    return np.maximum(limits, 2 * allowance.limits) if same_shape else limits


def _size(error: Array) -> float:
    return float(np.linalg.norm(np.abs(error[np.isfinite(error)]).astype(np.float64)))
