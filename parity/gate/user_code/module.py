"""What one file of the code binds and uses, under the names that it imports."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

Targets = set[str]
"""Dotted names, from the top of a package on, that a name of a file can mean."""


@dataclass
class Module:
    """A file, how messages show it, and the names that it can be imported by; then what reading it gives.

    ``binds`` are the names at its top and ``stars`` the modules of its ``import *``. The others are lines by name:
    ``uses`` of what is bound, ``unbound`` names, ``methods`` of anything, and ``maybe`` what a text names. ``called``
    are those of the ``uses`` that are called, and ``said`` is what could not be followed.
    """

    file: Path
    shown: str
    names: list[str]
    binds: dict[str, Targets] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    uses: dict[str, set[int]] = field(default_factory=dict)
    unbound: dict[str, set[int]] = field(default_factory=dict)
    methods: dict[str, set[int]] = field(default_factory=dict)
    maybe: dict[str, set[int]] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    @property
    def package(self) -> list[str]:
        """The package that its relative imports begin at."""
        parts = self.names[0].split(".") if self.names[0] else []
        return parts if self.file.name == "__init__.py" else parts[:-1]
