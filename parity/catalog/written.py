"""Functions of case files as they are written: where they are defined, and what they refer to."""

from __future__ import annotations

import ast
import dis
import inspect
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from .calls import Function


def referred(function: Function, arguments: ast.arguments | None) -> dict[str, Any]:
    """What a function refers to by names of its file, of the functions around it, and of the defaults it is given.

    ``arguments`` are those of its definition, if that is known.
    """
    around = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    found = {name: cell.cell_contents for name, cell in around if name != "__class__"}
    names = sorted(_globals(function.__code__))
    found |= {name: function.__globals__[name] for name in names if name in function.__globals__}
    if arguments is not None:
        defaults = zip(reversed(arguments.defaults), reversed(function.__defaults__ or ()), strict=False)
        given = function.__kwdefaults__ or {}
        keywords = ((d, given[a.arg]) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d)
        found |= {node.id: value for node, value in (*defaults, *keywords) if isinstance(node, ast.Name)}
    return found


@cache
def _globals(code: CodeType) -> frozenset[str]:
    """The names that code takes from its module, also in the functions within it."""
    names = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    within = (_globals(part) for part in code.co_consts if inspect.iscode(part))
    return frozenset(name for name in names.union(*within) if not name.startswith("__"))


def definition(function: Function) -> ast.FunctionDef | None:
    """Where a function is defined; ``None`` for a lambda."""
    return _index(function.__code__.co_filename).get(function.__code__.co_firstlineno)


def first_line(node: ast.FunctionDef | ast.ClassDef) -> int:
    """The line that a definition begins on, decorators included."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


@cache
def _index(file: str) -> dict[int, ast.FunctionDef]:
    """Every function of a file by the line that it begins on."""
    return {first_line(node): node for node in ast.walk(tree_of(file)) if isinstance(node, ast.FunctionDef)}


@cache
def tree_of(file: str) -> ast.Module:
    """A file, parsed."""
    return ast.parse(Path(file).read_text(encoding="utf-8"))


@cache
def lines_of(file: str) -> list[str]:
    """The lines of a file."""
    return Path(file).read_text(encoding="utf-8").splitlines()
