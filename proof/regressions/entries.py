"""The table of changes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).parent
TABLE = FOLDER / "table.toml"


@dataclass(frozen=True)
class Entry:
    """A change between two released versions, and what the gate must say.

    ``expected`` is the class of change, ``status`` the gate's exit status.
    """

    name: str
    framework: str
    old: str
    new: str
    source: str
    expected: str
    status: int
    mode: str = "eager"

    @property
    def case(self) -> Path:
        return FOLDER / "cases" / f"{self.name}.py"


def entries(table: Path = TABLE) -> Sequence[Entry]:
    """All entries, in the table's order."""
    return [Entry(**each) for each in tomllib.loads(table.read_text(encoding="utf-8"))["entry"]]
