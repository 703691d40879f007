"""The code of a declaration as the guide shows it: an implementation, and what it uses of its case file."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

from ..catalog.calls import Function

_PLAIN = (str, int, float, bool, tuple, list, dict)
LONGEST = 300
"""Characters of a constant that is still shown."""


def code(function: Function, name: str) -> str:
    """What ``function`` does: the expression it returns when that is all, otherwise the function, called ``name``."""
    node = _node(function)
    if node is None:
        return dedent(inspect.getsource(function)).strip()
    lines = _lines(function.__code__.co_filename)
    given = [f"# {key} = {value!r}" for key, value in _used(function).items() if _closed(function, key, value)]
    statement = node.body[0]
    if len(node.body) == 1 and isinstance(statement, ast.Return):
        shown = _dedented(lines[statement.lineno - 1 : statement.end_lineno]).removeprefix("return ")
    else:
        shown = _dedented(lines[node.lineno - 1 : node.end_lineno]).replace("def _(", f"def {name}(", 1)
    return "\n".join([*given, shown])


def helpers(functions: list[Function]) -> str:
    """The functions and constants of the case files that ``functions`` use, each after what it uses itself."""
    found: dict[str, str] = {}

    def add(function: Function) -> None:
        for name, value in _used(function).items():
            if name in found or _closed(function, name, value):
                continue
            found[name] = ""
            if inspect.isfunction(value):
                add(value)
                del found[name]
                found[name] = code_of_helper(value)
            else:
                found[name] = f"{name} = {value!r}"

    for function in functions:
        add(function)
    return "\n\n".join(text for text in found.values() if text)


def code_of_helper(function: Function) -> str:
    """A helper function as it stands in its file."""
    node = _node(function)
    if node is None:
        return dedent(inspect.getsource(function)).strip()
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return _dedented(_lines(function.__code__.co_filename)[first - 1 : node.end_lineno])


def docstring(path: Path) -> str:
    """A file's docstring, without running the file."""
    return ast.get_docstring(_tree(str(path))) or ""


def _used(function: Function) -> dict[str, Any]:
    """The functions of the same folder, and the short constants, that ``function`` names."""
    node = _node(function)
    names = sorted({n.id for n in ast.walk(node) if isinstance(n, ast.Name)}) if node is not None else []
    within = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    found: dict[str, Any] = {}
    for name in names:
        try:
            value = within[name].cell_contents if name in within else function.__globals__[name]
        except (KeyError, ValueError):
            continue
        if name in function.__code__.co_varnames and name not in within:
            continue
        if inspect.isfunction(value):
            folder = Path(function.__code__.co_filename).parent
            if Path(value.__code__.co_filename).parent == folder:
                found[name] = value
        elif isinstance(value, _PLAIN) and len(repr(value)) <= LONGEST and "<" not in repr(value):
            found[name] = value
    return found


def _closed(function: Function, name: str, value: Any) -> bool:
    """Whether a constant belongs to this one function, as a name of the loop or the function that declared it."""
    return name in function.__code__.co_freevars and not inspect.isfunction(value)


def _node(function: Function) -> ast.FunctionDef | None:
    return next(_nodes(function.__code__.co_filename, function.__code__.co_firstlineno), None)


def _nodes(file: str, line: int) -> Iterator[ast.FunctionDef]:
    node = _index(file).get(line)
    if node is not None:
        yield node


@cache
def _index(file: str) -> dict[int, ast.FunctionDef]:
    """Every function of a file by the line that it begins on, decorators included."""
    return {
        min([node.lineno, *(d.lineno for d in node.decorator_list)]): node
        for node in ast.walk(_tree(file))
        if isinstance(node, ast.FunctionDef)
    }


@cache
def _tree(file: str) -> ast.Module:
    return ast.parse(Path(file).read_text(encoding="utf-8"))


@cache
def _lines(file: str) -> list[str]:
    return Path(file).read_text(encoding="utf-8").splitlines()


def _dedented(lines: list[str]) -> str:
    return dedent("\n".join(lines)).strip()
