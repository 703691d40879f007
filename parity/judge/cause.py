"""Naming the likely cause of an error: each explanation is tried on the numbers, and the first that holds is reported.

``docs/tolerances.md`` lists the causes. The simple ones come first, so that one that can fit nearly anything is named
only where no simpler one holds; where none does, nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import patterns, precision
from .wrong import Wrong

Explanation = Callable[[Wrong], str]

EXPLANATIONS: tuple[Explanation, ...] = (
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
    return _explained(wrong)[1]


def is_of_a_narrower_format(wrong: Wrong) -> bool:
    """Whether a narrower format explains the error, and nothing simpler does."""
    return _explained(wrong)[0] in NARROWER_FORMAT


def _explained(wrong: Wrong) -> tuple[Explanation | None, str]:
    """The first explanation that holds, and what it says."""
    if np.isrealobj(wrong.error) and np.isfinite(wrong.error).all() and wrong.error.any():
        for explanation in EXPLANATIONS:
            if said := explanation(wrong):
                return explanation, said
    return None, ""
