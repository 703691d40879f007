"""Naming the likely cause of an error from its size and from what would explain it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..catalog.dtypes import FLOATS, NARROWER, Array, narrowed
from ..workers.protocol import Result

Alternatives = Callable[[str], Mapping[str, Result]]
"""The formula's results with inputs and weights rounded to a format, by the format's name."""

FORMATS = {"tf32": "TF32", "float16": "float16", "bfloat16": "bfloat16", "float32": "float32"}

EXPLAINED = 0.25
"""Rounded inputs explain an error when they leave at most this share of it."""

FEW = 0.1
"""An error in at most this share of the elements is one of single elements."""

FLOAT32_INSIDE = (2.0**-32, 2.0**-19)
"""The error in units of the scale (ρ times the unit roundoff) that float32 constants leave in float64."""

TERMS = 2.0**-14
"""The same, from which on it is too large for rounding in any format in use."""


def cause(quantity: str, result: Result, truth: Array, limits: Array, rho: float, dtype: str, of: Alternatives) -> str:
    """A few words; empty when nothing can be said.

    Inputs rounded to a narrower format are told by trying: the formula of the rounded inputs comes much nearer to
    the result than the formula of the inputs.
    """
    with np.errstate(invalid="ignore"):
        error = np.abs(result.values - truth)
    if not np.isfinite(error).all() or not error.any():
        return ""
    left = {name: _left(result, truth, of(name).get(quantity)) for name in NARROWER.get(dtype, ())}
    explained = min(left, key=lambda name: left[name], default="")
    if explained and left[explained] <= EXPLAINED:
        return f"{FORMATS[explained]}-like inputs"
    stored = [name for name in NARROWER.get(dtype, ()) if name in FLOATS and _holds(name, result, dtype)]
    if stored:
        return f"accumulated or stored in {stored[-1]}"
    above = error > limits
    if error.size >= 1 / FEW and above.mean() <= FEW:
        return f"{int(above.sum())} of {error.size} elements only"
    size = rho * FLOATS[dtype].unit_roundoff
    if dtype == "float64" and FLOAT32_INSIDE[0] <= size < FLOAT32_INSIDE[1]:
        return "float32 constants or arithmetic inside float64"
    return "of the size of whole terms: one dropped, added or wrong" if size >= TERMS else ""


def _holds(name: str, result: Result, dtype: str) -> bool:
    """Whether every value of the result, and more than a few, is a number of the narrower format."""
    return result.array.size >= 1 / FEW and np.array_equal(narrowed(result.array, dtype, name), result.array)


def _left(result: Result, truth: Array, alternative: Result | None) -> float:
    """The share of the error that is left when the alternative is taken for the truth."""
    if alternative is None or alternative.array.shape != truth.shape:
        return np.inf
    with np.errstate(all="ignore"):
        share = np.sqrt(np.mean((result.values - alternative.array) ** 2) / np.mean((result.values - truth) ** 2))
    return float(share) if np.isfinite(share) else np.inf
