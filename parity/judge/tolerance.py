"""How much error a quantity is allowed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..catalog.case import Case
from ..catalog.dtypes import FLOATS, Array
from ..catalog.known import Tolerance

ROUNDINGS = {"float64": 64.0, "float32": 64.0, "float16": 16.0, "bfloat16": 16.0}
"""The default allowance: so many units of rounding of the dtype, times the largest magnitude of the truth.

Measured on the catalogue (``docs/tolerances.md``): correct kernels stay within a third of it.
"""


@dataclass(frozen=True)
class Allowance:
    """The allowance of one quantity.

    ``exact`` asks for equal bits; otherwise ``limits`` holds each element's allowance.
    ``because`` says where an allowance that is not the default comes from.
    """

    exact: bool
    limits: Array
    because: str = ""


def allowance(case: Case, dtype: str, quantity: str, truth: Array, override: Tolerance | None) -> Allowance:
    """The allowance for the error against ``truth``; comparing two frameworks with each other allows twice as much.

    Exact quantities stay exact. Otherwise the run's ``override`` comes first, then the case's tolerance, then
    the default for the dtype.
    """
    magnitude = np.abs(np.where(np.isfinite(truth), truth, 0.0))
    if case.is_exact(quantity):
        return Allowance(True, np.zeros_like(magnitude))
    own = case.tolerance if case.tolerance is not None and case.tolerance.applies(dtype) else None
    chosen = override or own
    if chosen is not None:
        return Allowance(False, chosen.atol + chosen.rtol * magnitude, chosen.because)
    limit = ROUNDINGS[dtype] * FLOATS[dtype].unit_roundoff * magnitude.max(initial=0.0)
    return Allowance(False, np.full_like(magnitude, limit))
