"""The Python files of a folder, and the names that their modules can be imported by."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...catalog.visible import visible_line
from .module import Module

_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__", "venv", "env", "virtualenv", "__pypackages__"})


def modules(path: Path, said: list[str]) -> Iterator[Module]:
    """The modules of a file or folder, not yet read. A folder that cannot be listed is said."""
    root = path if path.is_dir() else path.parent
    for file in _files(path, said):
        yield Module(file, visible_line(file.relative_to(root).as_posix()), _names(file, root))


def _files(path: Path, said: list[str]) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, files in os.walk(path, onerror=lambda error: said.append(f"{error}: skipped")):
        folders[:] = sorted(name for name in folders if not _is_skipped(folder, name))
        for name in sorted(files):
            file = Path(folder, name)
            if name.endswith(".py") and file.is_file():
                yield file


def _is_skipped(folder: str, name: str) -> bool:
    return name in _SKIPPED or name.startswith(".") or os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))


def _names(file: Path, root: Path) -> list[str]:
    """The names that a file's module can be imported by: from the folder that is read, and from its own package's."""
    parts = [*file.relative_to(root).parts[:-1], file.stem]
    package = file.parent
    while (package / "__init__.py").exists() and package != package.parent:
        package = package.parent
    own = [*file.relative_to(package).parts[:-1], file.stem]
    return [".".join(p[:-1] if p[-1] == "__init__" else p) for p in (parts, own)]
