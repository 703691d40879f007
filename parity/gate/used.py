"""Which framework functions and layers a user's code uses, read from its source without running it.

``used(Path("src"))`` names them, and ``touched(...)`` finds the implementations of the catalogue that call them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .user_code.files import modules
from .user_code.names import canonical, names_in, one
from .user_code.read import read
from .user_code.tree import Tree
from .user_code.uses import Use, uses

_HELPER = 20
"""Implementations: a function that more of them call, and none is named after, is a helper. In the catalogue of 2,169
implementations 10 call ``torch.nn.utils.rnn.pack_padded_sequence``, 73 ``torch.no_grad``, 114 ``torch.clone``."""


class UsedError(Exception):
    """The code cannot be looked at. The message says why."""


@dataclass(frozen=True)
class Usage:
    """All uses by name, the number of files that were read, and what could not be followed."""

    uses: Mapping[str, Use]
    files: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Touched:
    """The implementations (case, API path) that the code touches, by which uses; and uses that none stands for."""

    implementations: Mapping[tuple[str, str], tuple[Use, ...]]
    uncovered: tuple[Use, ...]


def used(path: Path) -> Usage:
    """The framework functions and layers that a file, or each Python file of a folder, uses. Raises ``UsedError``."""
    if not path.exists():
        raise UsedError(f"{path}: does not exist: name a folder or a file of Python code")
    said: list[str] = []
    found = list(modules(path, said))
    tree = Tree(found)
    read(found, tree.tops, said)
    return Usage(uses(found, tree), len(found), tuple(said))


def touched(
    usage: Usage, implementations: Iterable[tuple[str, str]], called: Mapping[tuple[str, str], Collection[str]]
) -> Touched:
    """The implementations (case, API path) of the catalogue that use a function that the code uses.

    ``called`` are the functions that each implementation called (``report.causes.called`` of ``asked.jsonl``). A
    function stands for the implementations that are named after it, and where there are none for those that call it.
    Otherwise every implementation that pads its input would stand for ``torch.nn.functional.pad``. A helper that many
    call, such as ``torch.no_grad``, says nothing of any of them.
    """
    named: dict[str, set[tuple[str, str]]] = {}
    calling: dict[str, set[tuple[str, str]]] = {}
    for implementation in implementations:
        for name in names_in(implementation[1]):
            named.setdefault(one(name), set()).add(implementation)
        for name in called.get(implementation, ()):
            calling.setdefault(one(name), set()).add(implementation)
    by: dict[tuple[str, str], list[Use]] = {}
    uncovered = []
    for use in usage.uses.values():
        name = one(use.name)
        found = named.get(name) or calling.get(name, set())
        is_helper = name not in named and len(found) > _HELPER
        for implementation in () if is_helper else found:
            by.setdefault(implementation, []).append(use)
        if not found and use.certain and (use.is_called or use.name.rpartition(".")[2][:1].isupper()):
            uncovered.append(use)
    return Touched({key: tuple(theirs) for key, theirs in sorted(by.items())}, tuple(uncovered))


__all__ = ["Touched", "Usage", "Use", "UsedError", "canonical", "touched", "used"]
