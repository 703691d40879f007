"""Names that a framework no longer has, and the nearest that it has."""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
import warnings
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

_DEEP = 2
"""How many modules below its top one a framework's public names are looked for."""


def missing(error: BaseException, packages: Iterable[str]) -> tuple[str, str]:
    """The name in ``packages`` that an exception says is not there, and the nearest that is: empty for another error.

    Nearest is a name of almost the same spelling beside it, then the same name in another public module, then one of
    similar spelling beside it.
    """
    packages = tuple(packages)
    holder: Any
    if isinstance(error, AttributeError) and error.name:
        holder = error.obj if inspect.ismodule(error.obj) or inspect.isclass(error.obj) else type(error.obj)
        prefix = holder.__name__ if inspect.ismodule(holder) else f"{holder.__module__}.{holder.__qualname__}"
        name = error.name
    elif isinstance(error, ImportError) and error.name:
        prefix, _, name = error.name.rpartition(".")
        named = str(error).partition("cannot import name '")[2].partition("'")[0]
        prefix, name = (error.name, named) if named else (prefix, name)
        holder = sys.modules.get(prefix)
    else:
        return "", ""
    if prefix.partition(".")[0] not in packages:
        return "", ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            nearest = _nearest(name, holder, packages)
        except Exception:  # Modules that are loaded when they are looked at may raise anything.
            nearest = ""
    return f"{prefix}.{name}", nearest


def _nearest(name: str, holder: Any, packages: Iterable[str]) -> str:
    beside = getattr(holder, "__name__", "")
    almost = difflib.get_close_matches(name, _public(holder), n=1, cutoff=0.9)
    if almost:
        return f"{beside}.{almost[0]}"
    for package in packages:
        for path, module in _modules(package):
            if module is not holder and name in _public(module):
                return f"{path}.{name}"
    close = difflib.get_close_matches(name, _public(holder), n=1)
    return f"{beside}.{close[0]}" if close else ""


def _modules(package: str) -> Iterator[tuple[str, ModuleType]]:
    """A package and its public modules by the names they are reached by, the upper ones first."""
    try:
        level = [(package, importlib.import_module(package))]
    except ImportError:
        return
    seen = {id(level[0][1])}
    for _ in range(_DEEP + 1):
        yield from level
        below: list[tuple[str, ModuleType]] = []
        for path, module in level:
            for name in _public(module):
                child = vars(module).get(name)
                if isinstance(child, ModuleType) and id(child) not in seen and _is_part(child, package, name):
                    seen.add(id(child))
                    below.append((f"{path}.{name}", child))
        level = below


def _is_part(module: ModuleType, package: str, name: str) -> bool:
    """Whether a module belongs to the package and is not another's under an alias."""
    parts = str(getattr(module, "__name__", "")).split(".")
    return parts[0] == package and parts[-1] == name


def _public(holder: Any) -> list[str]:
    return [name for name in dir(holder) if holder is not None and not name.startswith("_")]
