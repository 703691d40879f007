"""Which interpreter holds which version.

A folder has an environment for each requirement: ``torch==2.6.0`` is in ``torch-2.6.0``. Others are named one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class MissingError(Exception):
    """No environment holds a version."""


def interpreter(requirement: str, folder: Path, pythons: Mapping[str, str]) -> str:
    """The interpreter that holds ``requirement``. Raises ``MissingError``."""
    if requirement in pythons:
        return pythons[requirement]
    python = folder / requirement.replace("==", "-") / "bin" / "python"
    if not python.exists():
        raise MissingError(f"{python}: not there. Build the environment, or add --python {requirement}=PATH")
    return str(python.absolute())
