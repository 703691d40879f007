"""Calling an implementation as production does: nothing is recorded for gradients, and layers are in evaluation mode.

The results must be the recorded ones, bit for bit. Where they are not, experiments that change one thing each say why:
an implementation gives other bits each time, or a layer means something else in training mode, or the implementation
differentiates inside, or the framework takes another path in production. Only the last is a matter of inference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from ..catalog.dtypes import WHOLE, unit_roundoff
from .protocol import Result

Results = Mapping[str, Result]

Recording = Literal["recorded", "unrecorded", "inference"]
"""Gradients are recorded; they are not; the framework is in its mode for inference, where it has one."""


class DifferentiatesInsideError(Exception):
    """An implementation cannot be called without a record, because it computes a gradient itself."""


class Attempt(Protocol):
    """Calls the implementation once more.

    ``evaluation`` says whether its layer is switched to evaluation mode, ``anew`` whether the layer is built and
    filled again first. Raises ``DifferentiatesInsideError``, and what the implementation raises.
    """

    def __call__(self, recording: Recording, *, evaluation: bool, anew: bool) -> Results: ...


@dataclass(frozen=True)
class Inference:
    """What came of it. ``called`` says whether the implementation can be called so, and means the same then.

    ``results`` are those that are not the recorded ones, ``error`` is what it raised instead. ``again`` holds the
    results of a second recorded call where even those differ. ``seconds`` is what the first call took.
    """

    called: bool = False
    results: Results = field(default_factory=dict)
    error: Exception | None = None
    again: Results = field(default_factory=dict)
    seconds: float | None = None


def infer(attempt: Attempt, recorded: Results, *, reusable: bool, switches: bool) -> Inference:
    """Call as in inference and compare with the ``recorded`` outputs and states.

    ``reusable`` says whether the layer that gave them may be called again, ``switches`` whether it has an evaluation
    mode that it is not in. Nothing is told of an implementation that can be called only once.
    """

    def outcome(recording: Recording, *, evaluation: bool = True, anew: bool = True) -> Results | Exception:
        try:
            return attempt(recording, evaluation=evaluation, anew=anew)
        except Exception as error:
            return error

    found = outcome("inference", anew=not reusable)
    if _same(found, recorded):
        return Inference(called=True)
    if isinstance(found, DifferentiatesInsideError):
        return Inference()
    control = outcome("recorded", evaluation=False)
    if isinstance(control, Exception):
        return Inference()
    if not _same(control, recorded):
        return Inference(again=control)
    if switches and not _alike(outcome("recorded"), recorded):
        return Inference()  # Evaluation means something else, so the declaration is about training, which records.
    if reusable:
        found = outcome("inference")
    if not _alike(found, recorded) and _alike(outcome("unrecorded"), recorded):
        return Inference()  # Only PyTorch's inference mode disturbs it, which makes a Jacobian inside a call zero.
    if isinstance(found, Exception):
        return Inference(called=True, error=found)
    return Inference(called=True, results={name: r for name, r in found.items() if not r.has_bits_of(recorded[name])})


def _same(found: Results | Exception, recorded: Results) -> bool:
    return not isinstance(found, Exception) and all(
        found[name].has_bits_of(result) for name, result in recorded.items()
    )


def _alike(found: Results | Exception, recorded: Results) -> bool:
    """Whether results differ by rounding only: by half of the format's digits, relative to the largest element."""
    return not isinstance(found, Exception) and all(_near(found[name], result) for name, result in recorded.items())


def _near(one: Result, other: Result) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape or other.dtype in WHOLE:
        return one.has_bits_of(other)
    largest = np.max(np.abs(other.values), initial=0.0, where=np.isfinite(other.values))
    share = unit_roundoff(other.dtype) ** 0.5
    return np.allclose(one.values, other.values, rtol=0.0, atol=float(share * largest), equal_nan=True)
