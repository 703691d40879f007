"""How an error develops over the steps of a recurrent layer or of a training."""

from __future__ import annotations

import numpy as np

from ..catalog.dtypes import Array

JUMP = 16.0
"""An error that grows by more than this factor from one step to the next, to more than ``NOTABLE``, jumps."""

NOTABLE = 0.5
"""The share of the allowance from which on a jump is one."""


def growth(error: Array, limits: Array, axis: int, name: str) -> str:
    """In words: the share of the allowance at the first and at the last step, and whether it jumps in between.

    ``axis`` is the axis of the steps, ``name`` its name.
    """
    with np.errstate(all="ignore"):
        shares = np.nan_to_num(np.where(error > 0, error / limits, 0.0), nan=np.inf)
    steps = np.moveaxis(shares, axis, 0).reshape(shares.shape[axis], -1).max(axis=1, initial=0.0)
    if steps.size < 2:
        return ""
    for step in range(1, steps.size):
        if steps[step] > max(NOTABLE, JUMP * steps[:step].max()):
            return f"jumps at {name}={step}: from {steps[:step].max():.2g} to {steps[step]:.2g} of the allowance"
    return f"{steps[0]:.2g} to {steps[-1]:.2g} of the allowance over {steps.size} steps of {name}, smoothly"
