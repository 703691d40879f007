"""What became of one result, decided by the truth: a table of what it was before and what it is now.

A result is better when it is right now and was not, and never when it ends wrong. ``docs/upgrade-gate.md`` prints the
table.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from math import isinf, sqrt

from ..judge.row import EXPECTED, NONDETERMINISTIC, PASS, RED, UNEXPECTED
from ..record.results import ResultRow
from .classes import (
    BROKE,
    DRIFTED,
    NO_LONGER,
    OTHERWISE,
    RAISES,
    REMOVED,
    RESTORED,
    SILENT,
    UNSTEADY,
    WORSE,
    Class,
)


class State(Enum):
    """What a result is, measured by the formula's."""

    RIGHT = "right"
    DECLARED = "wrong, as declared"
    WRONG = "wrong"
    UNSTEADY = "other bits each time"
    RAISES = "raises"
    MISSING = "has no such name"


RIGHT, DECLARED, WRONG = State.RIGHT, State.DECLARED, State.WRONG
CHANGING, RAISING, MISSING = State.UNSTEADY, State.RAISES, State.MISSING
ENDS_WRONG = (DECLARED, WRONG)

FURTHER = "further"
"""A cell that the size of the error decides: ``further from the truth`` where it grew, ``drifted`` otherwise."""

_ROWS: dict[State, tuple[Class | str, ...]] = {
    # now:           right,     declared, wrong,   unsteady, raises,    missing
    RIGHT:          (DRIFTED,   BROKE,    BROKE,   UNSTEADY, RAISES,    REMOVED),
    DECLARED:       (RESTORED,  FURTHER,  BROKE,   UNSTEADY, RAISES,    REMOVED),
    WRONG:          (RESTORED,  FURTHER,  FURTHER, UNSTEADY, RAISES,    REMOVED),
    CHANGING:       (RESTORED,  FURTHER,  FURTHER, FURTHER,  RAISES,    REMOVED),
    RAISING:        (NO_LONGER, SILENT,   SILENT,  UNSTEADY, OTHERWISE, REMOVED),
    MISSING:        (NO_LONGER, SILENT,   SILENT,  UNSTEADY, OTHERWISE, REMOVED),
}  # fmt: skip

TABLE = {(was, now): found for was, row in _ROWS.items() for now, found in zip(State, row, strict=True)}
"""Every pair of states, when the bits or the error are others; where they are the same, the result is unchanged."""

GROWN, ALLOWANCES = 1.1, 1.0
"""An error has grown when it is a tenth larger, and by more than one allowance: less may be rounding alone."""


def state(row: ResultRow, own: Iterable[ResultRow]) -> State:
    """What a result is. ``own`` are all rows of its implementation: a trap has one verdict for all its results."""
    if row.missing:
        return MISSING
    if row.stage:
        return RAISING
    if row.verdict == NONDETERMINISTIC or row.steady == "no":
        return CHANGING
    if row.verdict == PASS:
        return RIGHT
    if row.verdict == UNEXPECTED:
        # What is declared to be wrong is right, or wrong in another way.
        measured = [row] if row.right else [each for each in own if each.verdict == UNEXPECTED]
        return RIGHT if any(each.right == "yes" for each in measured) else WRONG
    return DECLARED if row.verdict == EXPECTED else WRONG


def decided(was: State, now: State, old: ResultRow, new: ResultRow) -> tuple[Class, str]:
    """The class of a result with other bits, or another error, and what made it so where the states do not say it."""
    found = TABLE[was, now]
    if isinstance(found, Class):
        return found, ""
    why = further(old, new)
    return (WORSE, why) if why else (DRIFTED, "not in order, as before" if now is not DECLARED else "")


def further(old: ResultRow, new: ResultRow) -> str:
    """Why a wrong result is further from the truth than it was, if it is.

    The largest error alone would not tell: behind one element that is NaN, or far off, all others could go wrong.
    """
    lost_before, lost_now = old.not_finite or 0, new.not_finite or 0
    if lost_before and not lost_now:
        return (
            "was NaN or infinite where the formula is finite, and is now a wrong finite number, which no longer shows"
        )
    if lost_now > lost_before:
        return f"{lost_now} numbers are NaN or infinite where the formula is finite; before, {lost_before} were"
    if new.places != old.places and new.not_finite == old.not_finite:
        return "as many numbers as before are NaN or infinite where the formula is finite, but not the same ones"
    if old.wrong is not None and new.wrong is not None and new.wrong > _most(old):
        return f"{new.wrong} elements are wrong; before, {old.wrong} were"
    sizes = [(old.error_ratio, new.error_ratio), (old.rho, new.rho)]
    if any(before is not None and isinf(before) for before, _ in sizes):
        # Nothing is allowed, or what is wrong is no number: what is left to compare are representable values.
        sizes.append((old.max_ulp, new.max_ulp))
    for before, after in sizes:
        if before is not None and after is not None and after > GROWN * before + ALLOWANCES:
            times = f"{after / before:.3g} times" if before and not isinf(after) else "many times"
            return f"was wrong before, and the error is now {times} as large"
    unmeasured = not old.right and not new.right and old.digest != new.digest
    if unmeasured and old.verdict in RED and new.verdict in RED:
        return "was wrong before, and the bits changed; the error cannot be measured"
    return ""


def _most(old: ResultRow) -> float:
    """How many elements may be wrong where as many as before are: rounding moves some over their allowance and back."""
    before = old.wrong or 0
    if old.error_ratio is not None and isinf(old.error_ratio):
        return before
    return GROWN * before + 3 * sqrt(before) + 1
