"""One row of the record: two results of one quantity, compared."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..workers.protocol import RESULT, Failure

PASS = "pass"
FAIL = "fail"
EXPECTED = "expected"
UNEXPECTED = "unexpected"
NONDETERMINISTIC = "nondeterministic"
ERROR = "error"
CRASH = "crash"
TIMEOUT = "timeout"
NOT_RUN = "not-run"

INPUT, INFERRED = "input:", "inference:"
"""What the quantities begin with that are not the formula's: what is written to, and results in inference that are
not the recorded ones, bit for bit. There are none where all is in order."""

VERDICTS = (CRASH, TIMEOUT, ERROR, FAIL, NONDETERMINISTIC, UNEXPECTED, NOT_RUN, EXPECTED, PASS)
"""All verdicts, the worst first."""

FORMULA = "formula"
"""The blame of a row whose formula disagrees with every implementation while they agree with each other."""

BOTH = "both"
"""The blame of a row whose two sides are both wrong."""

RED = (CRASH, TIMEOUT, ERROR, FAIL, NONDETERMINISTIC, UNEXPECTED)
"""The verdicts that make a run fail."""


@dataclass(frozen=True)
class Row:
    """The columns of ``parity.csv``, in order; ``docs/report-schema.md`` describes each."""

    run: str = ""
    case: str = ""
    variant: str = ""
    dtype: str = ""
    device: str = ""
    mode: str = ""
    quantity: str = ""
    left: str = ""
    right: str = ""
    left_framework: str = ""
    left_version: str = ""
    right_framework: str = ""
    right_version: str = ""
    shape: str = ""
    max_abs_error: float | None = None
    max_rel_error: float | None = None
    max_ulp: float | None = None
    rule: str = ""
    scale: float | None = None
    own_scale: float | None = None
    allowed: float | None = None
    error_ratio: float | None = None
    rho: float | None = None
    rho_allowed: float | None = None
    distribution: str = ""
    worst_index: str = ""
    left_value: str = ""
    right_value: str = ""
    truth_value: str = ""
    growth: str = ""
    cause: str = ""
    verdict: str = ""
    blame: str = ""
    reason: str = ""
    seed: int = 0
    input_digest: str = ""


COLUMNS = tuple(field.name for field in fields(Row))


def worst(verdicts: list[str]) -> str:
    """The worst of some verdicts; ``not-run`` when there are none."""
    return min(verdicts, key=VERDICTS.index, default=NOT_RUN)


def verdict_of(failure: Failure) -> str:
    """The verdict on an implementation that gave no results, where nothing declares that."""
    if failure.stage in (CRASH, TIMEOUT, NOT_RUN):
        return failure.stage
    return FAIL if failure.kind == "AssertionError" or failure.stage == RESULT else ERROR
