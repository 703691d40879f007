"""Naming the likely cause of an error: each explanation is tried on the numbers, and the first that holds is reported.

``docs/tolerances.md`` lists the causes. The simple ones come first, so that one that can fit nearly anything is named
only where no simpler one holds; where none does, nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import patterns, precision
from .wrong import Wrong

EXPLANATIONS: tuple[Callable[[Wrong], str], ...] = (
    patterns.zero,
    patterns.single,
    precision.inputs,
    precision.stored,
    precision.constant,
    patterns.fitted,
    patterns.elsewhere,
    patterns.parameter,
    patterns.fitted_by_index,
    precision.some_inputs,
    precision.arithmetic,
    patterns.size,
)

NARROWER_FORMAT = (precision.inputs, precision.stored, precision.some_inputs)
"""The explanations by a narrower format, which all implementations may share while the formula is right."""


def cause(wrong: Wrong) -> str:
    """A few words; empty when nothing can be said."""
    return _first(wrong, EXPLANATIONS)


def is_of_a_narrower_format(wrong: Wrong) -> bool:
    """Whether a narrower format explains the error."""
    return bool(_first(wrong, NARROWER_FORMAT))


def _first(wrong: Wrong, explanations: tuple[Callable[[Wrong], str], ...]) -> str:
    if not np.isfinite(wrong.error).all() or not wrong.error.any():
        return ""
    return next(filter(None, (explanation(wrong) for explanation in explanations)), "")
