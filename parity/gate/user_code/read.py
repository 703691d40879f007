"""Reads the files of modules. What cannot be read is said, and the rest is read."""

from __future__ import annotations

import ast
import gc
import warnings
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from ...catalog.visible import visible_line
from .module import Module
from .walker import Walker

_LARGEST = 5 << 20
"""Bytes of a file that is read: what is larger was generated."""


def read(modules: Iterable[Module], tops: Collection[str], said: list[str]) -> None:
    """Fill modules in from their files; ``tops`` are the beginnings of names that are worth keeping."""
    with _no_collection():
        for module in modules:
            _read(module, tops, said)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Do not look for garbage in cycles: a syntax tree has none, and looking takes half of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _read(module: Module, tops: Collection[str], said: list[str]) -> None:
    """Read a module's file; what cannot be read is said."""
    try:
        if module.file.stat().st_size > _LARGEST:
            raise ValueError(f"has more than {_LARGEST:,} bytes")
        source = module.file.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = ast.parse(source)
        Walker(module, tops).walk(code)
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = visible_line(" ".join(str(getattr(error, "msg", error)).split())) or type(error).__name__
        said.append(f"{module.shown}{line}: skipped: {reason}")
    said += module.said
