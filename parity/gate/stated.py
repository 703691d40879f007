"""Which versions of the frameworks a requirement or lock file states.

The files may come from a stranger. Nothing from them is executed, and no text of theirs is passed on: a name must be
one of the frameworks' own, and a version is written again from what ``packaging`` read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from ..catalog.visible import visible_line
from .requirement_files.conda import environment
from .requirement_files.content import RequirementsError
from .requirement_files.lock import lock, pipfile, pixi
from .requirement_files.pip import Read, included, is_requirements, requirements
from .requirement_files.pyproject import pyproject
from .requirement_files.statement import PARTS, Stated

Reader = Callable[[str, str], Iterator[Stated]]
"""Gives what a file states, by its text and its name in messages."""

_READERS: dict[str, Reader] = {
    "uv.lock": lock,
    "poetry.lock": lock,
    "pdm.lock": lock,
    "pylock.toml": lock,
    "pylock.*.toml": lock,
    "pixi.lock": pixi,
    "Pipfile.lock": pipfile,
    "pyproject.toml": pyproject,
    "environment.y*ml": environment,
    "environment[-_.]*.y*ml": environment,
}
"""By patterns of file names. Every other file is pip's, whose files include each other."""

_ABOUT = re.compile("|".join(re.escape(part).replace(r"\-", "[-_.]+") for part in PARTS), re.IGNORECASE)


def is_read(path: str) -> bool:
    """Whether a file of this name states versions in a way that is read here."""
    return is_requirements(path) or _reader(path) is not None


def is_about_frameworks(text: str) -> bool:
    """Whether a text can state a framework's version: it has a framework's name in it, or includes other files."""
    return bool(_ABOUT.search(text) or re.search(r"^\s*(-r|-c|--requirement|--constraint)", text, re.MULTILINE))


def stated(path: str, read: Read) -> list[Stated]:
    """What a file, with the files that it includes, says of the frameworks. Raises ``RequirementsError``."""
    text = read(path)
    if text is None:
        return []
    reader = _reader(path)
    try:
        found = requirements(path, text, read, set()) if reader is None else reader(text, visible_line(path))
        return list(dict.fromkeys(found))
    except RecursionError as error:
        raise RequirementsError(f"{visible_line(path)}: is nested too deeply to be read: mend it") from error


def _reader(path: str) -> Reader | None:
    name = posixpath.basename(path)
    return next((reader for pattern, reader in _READERS.items() if fnmatchcase(name, pattern)), None)


__all__ = [
    "PARTS",
    "RequirementsError",
    "Stated",
    "included",
    "is_about_frameworks",
    "is_read",
    "is_requirements",
    "stated",
]
