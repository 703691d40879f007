"""The command that runs one item again, as the user would type it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from ..catalog.modes import EAGER


@dataclass(frozen=True)
class Reproduction:
    """What stands before an item's id, and the options behind it: those with which a run was made."""

    before: str = "python -m pytest"
    after: str = ""

    def command(self, item: str, mode: str) -> str:
        """The command for an item, named by its file and itself (``cases/linear.py::linear-float32-cpu``)."""
        chosen = f"--mode={mode}" if mode not in ("", EAGER) else ""
        return " ".join(filter(None, (self.before, shlex.quote(item), chosen, self.after)))
