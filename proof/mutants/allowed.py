"""Survivors that may survive, each with its reason: ``allowed.toml``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from .kinds import KINDS, Mutant

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ALLOWED = Path(__file__).with_name("allowed.toml")


@dataclass(frozen=True)
class Allowance:
    """Patterns of public names, kinds and arguments, and why such mutants may survive.

    With ``cases``, they may only where no other cases reach them.
    """

    because: str
    apis: Sequence[str] = ("*",)
    kinds: Sequence[str] = ("*",)
    arguments: Sequence[str] = ("*",)
    cases: Sequence[str] = ("*",)

    def covers(self, mutant: Mutant, cases: Sequence[str]) -> bool:
        own = ((self.apis, [mutant.api]), (self.kinds, [mutant.kind]), (self.arguments, [mutant.argument]))
        return all(
            any(fnmatchcase(value, pattern) for pattern in patterns)
            for patterns, values in (*own, (self.cases, cases))
            for value in values
        )


def read_allowed(path: Path) -> list[Allowance]:
    """The allowances of a file. Raises ``ValueError`` for one that is not of their form, or covers no kind."""
    with path.open("rb") as stream:
        entries = tomllib.load(stream).get("allowed", [])
    try:
        found = [Allowance(**entry) for entry in entries]
    except TypeError as error:
        raise ValueError(f"{path.name}: {error}: an entry has because, and apis, kinds, arguments or cases") from None
    for each in found:
        for pattern in each.kinds:
            if not any(fnmatchcase(kind, pattern) for kind in KINDS):
                raise ValueError(f"{path.name}: {pattern!r} is not a kind of mutant: see proof/mutants/kinds.py")
    return found
