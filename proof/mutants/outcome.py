"""What can come of a mutant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .kinds import Mutant

KILLED = "killed and blamed"
UNBLAMED = "killed, not blamed"
SURVIVED = "survived"
REFUSED = "refused"
"""The framework raises, as no faulty one would."""

UNREACHED = "not reached"
"""The mutant changed nothing in any call: an argument was at its default, no gradient came."""

EXCUSED = "cannot be noticed"
"""It survived, for one of the reasons in ``allowed.toml``: nothing that a comparison could show."""

ONLY_TRAPS = "only in traps"
RED_BEFORE = "red without it"

COUNTED = (KILLED, UNBLAMED, SURVIVED)
"""The outcomes that the score is made of."""


@dataclass(frozen=True)
class Outcome:
    """What came of a mutant: in which item, with a row's reason; after how many attempts, in which cases."""

    mutant: Mutant
    word: str
    item: str = ""
    reason: str = ""
    attempts: int = 0
    cases: tuple[str, ...] = ()


def score(words: Mapping[str, int]) -> float | None:
    """The share of the mutants that were killed and blamed, of those that count."""
    total = sum(words.get(word, 0) for word in COUNTED)
    return words.get(KILLED, 0) / total if total else None
