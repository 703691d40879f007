"""The ways in which a mutant is wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

AT_DEFAULT = "argument left at its default"
ZERO = "argument taken for zero"
NO_GRADIENT = "gradient missing"
ZERO_GRADIENT = "gradient zero"
DOUBLED_GRADIENT = "gradient doubled"
SCALED = "result times 1 + 1e-4"
SHIFTED = "result shifted by one element"
FIRST_WRONG = "first element wrong"
MIDDLE_WRONG = "middle element wrong"
LAST_WRONG = "last element wrong"
OLD_STATE = "old state returned"
BATCH_OF_ONE = "wrong for a batch of one"
LARGE_SIZES = "wrong for 64 features and more"
STRIDED = "wrong for non-contiguous input"
IN_FLOAT32 = "float64 computed in float32"
OTHER_DTYPE = "dtype changed"
NAN_HIDDEN = "NaN turned to zero"
OF_PROCESS = "depends on the process"
OF_CALL = "first call differs"
OVERWRITTEN = "inputs overwritten"
NOT_DONE = "change not made"
DONE_SCALED = "change times 1 + 1e-4"
OTHER_ERROR = "another class of exception"

KINDS = (
    AT_DEFAULT, ZERO, NO_GRADIENT, ZERO_GRADIENT, DOUBLED_GRADIENT, SCALED, SHIFTED, FIRST_WRONG, MIDDLE_WRONG,
    LAST_WRONG, OLD_STATE, BATCH_OF_ONE, LARGE_SIZES, STRIDED, IN_FLOAT32, OTHER_DTYPE, NAN_HIDDEN, OF_PROCESS,
    OF_CALL, OVERWRITTEN, NOT_DONE, DONE_SCALED, OTHER_ERROR,
)  # fmt: skip

ARGUMENTS = frozenset({AT_DEFAULT, ZERO})
OF_A_RESULT = (SCALED, SHIFTED, FIRST_WRONG, MIDDLE_WRONG, LAST_WRONG, OLD_STATE)
"""Kinds in which one result is wrong; ``argument`` is its number."""

SITUATIONS = (BATCH_OF_ONE, LARGE_SIZES, STRIDED, NAN_HIDDEN)
"""Kinds that are wrong for some inputs only: where no call has such inputs, the catalogue has a hole."""


@dataclass(frozen=True, order=True)
class Mutant:
    """One public name that is wrong in one way.

    ``argument`` says where: the name of an argument, ``weight NAME`` of a layer, or the number of a result. It is empty
    where all of the call is meant.
    """

    framework: str
    api: str
    kind: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.api}: {self.kind}{f' ({self.argument})' if self.argument else ''}"

    def to_header(self) -> dict[str, Any]:
        return asdict(self)
