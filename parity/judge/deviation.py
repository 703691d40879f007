"""Whether a declared deviation is there, and is no larger than declared."""

from __future__ import annotations

import numpy as np

from ..catalog.known import Deviation, stopped
from .compare import Difference, Truth
from .row import EXPECTED, FAIL, UNEXPECTED


def deviates(
    difference: Difference, truth: Truth, deviation: Deviation, *, as_declared: bool, located: str, file: str
) -> tuple[str, str]:
    """The verdict on a quantity that is declared to deviate, and the reason.

    ``as_declared`` says that the result has the wrong dtype which the deviation declares; ``truth`` is then that of
    this dtype, unless it cannot hold the formula's values. ``located`` says where the result is wrong, and is empty
    where it is right.
    """
    if deviation.missing or (not located and not as_declared):
        return UNEXPECTED, stopped(f"the declared deviation did not occur ({deviation.because})", file)
    expected = EXPECTED, f"{deviation.because} ({deviation.source})"
    if deviation.dtype:
        if not as_declared:
            return FAIL, f"dtype {deviation.dtype} is declared as a deviation, and did not come: {located}"
        if not located:
            return expected
        if deviation.elements is None and deviation.within is None:
            if truth.dtype != deviation.dtype:
                return FAIL, f"{deviation.dtype}, the declared dtype, cannot hold the truth: {located}"
            return FAIL, f"beyond what {deviation.dtype}, the declared dtype, explains: {located}"
    if deviation.elements is not None:
        if difference.wrong is None or difference.wrong > deviation.elements:
            return FAIL, f"wrong in {difference.wrong} elements, {deviation.elements} are declared: {located}"
        return expected
    within = np.inf if deviation.within is None else deviation.within
    unbounded = np.isinf(within)
    bound = np.inf if unbounded else within * float(np.max(np.abs(truth.values), initial=0.0))
    special = difference.special and unbounded
    if not special and (difference.problem or difference.max_abs is None or not difference.max_abs <= bound):
        return FAIL, f"beyond the declared deviation of {bound:.3g}: {located}"
    return expected
