"""The code of a declaration as the guide shows it: an implementation, and what it uses of its case file."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

from ..catalog.calls import Function
from ..catalog.written import definition, first_line, lines_of, referred, tree_of

_PLAIN = (str, int, float, bool, tuple, list, dict)
LONGEST = 300
"""Characters of a constant that is still shown."""

LONGEST_TITLE = 80


def code(function: Function, name: str) -> str:
    """What ``function`` does: the expression it returns when that is all, otherwise the function, called ``name``."""
    node = definition(function)
    if node is None:
        return dedent(inspect.getsource(function)).strip()
    lines = lines_of(function.__code__.co_filename)
    given = [f"# {key} = {value!r}" for key, value in _used(function).items() if _closed(function, key, value)]
    statement = node.body[0]
    if len(node.body) == 1 and isinstance(statement, ast.Return):
        shown = _dedented(lines[statement.lineno - 1 : statement.end_lineno]).removeprefix("return ")
    else:
        shown = _dedented(lines[node.lineno - 1 : node.end_lineno]).replace("def _(", f"def {name}(", 1)
    return "\n".join([*given, shown])


def helpers(functions: list[Function]) -> str:
    """The functions, classes and constants of the case files that ``functions`` use, each after what it uses itself."""
    found: dict[str, str] = {}

    def add(function: Function) -> None:
        for name, value in _used(function).items():
            if name in found or _closed(function, name, value):
                continue
            found[name] = ""
            text = f"{name} = {value!r}"
            if inspect.isfunction(value) or inspect.isclass(value):
                methods = vars(value).values() if inspect.isclass(value) else [value]
                for method in filter(inspect.isfunction, methods):
                    add(method)
                text = _as_it_stands(value)
            del found[name]
            found[name] = text

    for function in functions:
        add(function)
    return "\n\n".join(text for text in found.values() if text)


def docstring(path: Path) -> str:
    """A file's docstring, without running the file."""
    return ast.get_docstring(tree_of(str(path))) or ""


def title(path: Path) -> str:
    """A file's heading: its docstring up to the first full stop or colon, or its name where that is long."""
    text = re.split(r"[.:](?:\s|$)", docstring(path), maxsplit=1)[0]
    return text if 0 < len(text) <= LONGEST_TITLE else path.stem.replace("_", " ").capitalize()


def _as_it_stands(value: Any) -> str:
    """A helper function or class as its file has it."""
    if inspect.isclass(value):
        file = _file(value)
        nodes = (n for n in ast.walk(tree_of(file)) if isinstance(n, ast.ClassDef) and n.name == value.__name__)
        node: ast.ClassDef | ast.FunctionDef | None = next(nodes, None)
    else:
        file, node = value.__code__.co_filename, definition(value)
    if node is None:
        return dedent(inspect.getsource(value)).strip()
    return _dedented(lines_of(file)[first_line(node) - 1 : node.end_lineno])


def _used(function: Function) -> dict[str, Any]:
    """The functions and classes of the same folder, and the short constants, that ``function`` names."""
    folder = Path(function.__code__.co_filename).resolve().parent
    found: dict[str, Any] = {}
    node = definition(function)
    names = referred(function, node.args) if node is not None else {}
    for name, value in sorted(names.items()):
        if inspect.isfunction(value) or inspect.isclass(value):
            file = _file(value)
            if file and Path(file).resolve().parent == folder:
                found[name] = value
        elif isinstance(value, _PLAIN) and len(repr(value)) <= LONGEST and "<" not in repr(value):
            found[name] = value
    return found


def _file(value: Any) -> str:
    """The file of a function or of a class with a method; empty where there is none."""
    members = vars(value).values() if inspect.isclass(value) else [value]
    return next((member.__code__.co_filename for member in members if inspect.isfunction(member)), "")


def _closed(function: Function, name: str, value: Any) -> bool:
    """Whether a constant belongs to this one function, as a name of the loop or the function that declared it."""
    return name in function.__code__.co_freevars and not (inspect.isfunction(value) or inspect.isclass(value))


def _dedented(lines: list[str]) -> str:
    return dedent("\n".join(lines)).strip()
