"""The classes of change, from the gravest to none."""

from __future__ import annotations

from dataclasses import dataclass

REGRESSION, IMPROVEMENT, NOTHING = "regression", "improvement", ""
"""What a change needs a person for."""


@dataclass(frozen=True)
class Class:
    """A class of change: its name, what it means in a line, and what it needs a person for."""

    name: str
    meaning: str
    needs: str


REMOVED = Class("removed", "the name is gone from the framework", REGRESSION)
RAISES = Class("now raises", "gave a result, now raises, crashes or hangs", REGRESSION)
BROKE = Class("broke parity", "was right, and now is wrong; or is wrong in another way than declared", REGRESSION)
WORSE = Class("further from the truth", "was wrong, and is further off now, or wrong without showing it", REGRESSION)
SILENT = Class("wrong instead of raising", "raised, or was not there, and now gives a wrong result", REGRESSION)
RESHAPED = Class("changed shape or dtype", "the result has another shape or dtype", REGRESSION)
UNSTEADY = Class("new nondeterminism", "computed twice, the same values now give different bits", REGRESSION)
OTHERWISE = Class("raises differently", "raised, now raises something else", REGRESSION)
NEW_RED = Class("new and not in order", "not in the baseline, and not in order", REGRESSION)
SLOWER = Class("slower", "takes longer, confirmed in fresh processes", REGRESSION)
WARNS = Class("new warning", "a warning or deprecation that was not there", REGRESSION)
RESTORED = Class("restored parity", "was wrong, and now is right", IMPROVEMENT)
NO_LONGER = Class("no longer raises", "raised, or was not there, and now gives the right result", IMPROVEMENT)
FASTER = Class("faster", "takes less time, confirmed in fresh processes", NOTHING)
DRIFTED = Class("drifted", "other bits, as right or as wrong as before", NOTHING)
NEW = Class("new", "not in the baseline, or computed from other inputs there; in order", NOTHING)
GONE = Class("gone", "in the baseline, and no longer in the catalogue", NOTHING)
UNCHANGED = Class("unchanged", "the same bits, or the same error", NOTHING)

CLASSES = (
    REMOVED, RAISES, BROKE, WORSE, SILENT, RESHAPED, UNSTEADY, OTHERWISE, NEW_RED, WARNS, SLOWER, RESTORED, NO_LONGER,
    FASTER, DRIFTED, NEW, GONE, UNCHANGED,
)  # fmt: skip
BY_NAME = {each.name: each for each in CLASSES}
RANK = {each.name: rank for rank, each in enumerate(CLASSES)}
