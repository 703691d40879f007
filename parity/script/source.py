"""The source of functions of a case file made complete: with all that they use, so that it runs on its own."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from textwrap import dedent, indent
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from ..catalog.calls import Function
from ..catalog.written import definition, first_line, lines_of, referred, tree_of

LONGEST = 100
"""Characters of a list on one line."""


class Source:
    """Functions of a case file as text: ``texts`` has the definitions of each by its name, those it uses before it.

    ``imports`` are the lines that they need. What has a name that is ``taken``, or that something else has, gets
    another one. Decorators that declare what they decorate are left out; those that wrap a helper, such as
    ``contextmanager``, are kept.
    """

    def __init__(self, functions: Mapping[str, Function], taken: Iterable[str]) -> None:
        self.imports: set[str] = set()
        self.texts: dict[str, list[str]] = {}
        self._taken = {*taken, *functions}
        self._names: dict[object, str] = {}
        self._folders = {_folder(function.__code__.co_filename) for function in functions.values()}
        for name, function in functions.items():
            self._new: list[str] = []
            self.texts[name] = self._new
            self._define(name, function)

    def literal(self, value: Any) -> str:
        """An expression for a value."""
        if inspect.isfunction(value) and value.__name__ == "<lambda>":
            return _quoted(ast.unparse(self._lambda(value)))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            # The script needs the fields only: the class itself may stand anywhere, and a decorator makes its methods.
            self.imports.add("from types import SimpleNamespace")
            held = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
            return bracketed(["SimpleNamespace(", ")"], [f"{name}={self.literal(part)}" for name, part in held])
        if callable(value):
            return self._name(value.__name__, value)
        if isinstance(value, dict):
            return bracketed("{}", [f"{self.literal(key)}: {self.literal(part)}" for key, part in value.items()])
        if isinstance(value, tuple):
            return f"({self.literal(value[0])},)" if len(value) == 1 else bracketed("()", map(self.literal, value))
        if isinstance(value, list):
            return bracketed("[]", map(self.literal, value))
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        if isinstance(value, np.ndarray):
            return f'np.array({self.literal(value.tolist())}, "{value.dtype}")'
        return _quoted(repr(value))

    def _name(self, wanted: str, value: Any) -> str:
        """The name of a value that something uses under the name ``wanted``; the value is defined first."""
        key = id(value) if callable(value) or isinstance(value, ModuleType) else (wanted, repr(value))
        if key not in self._names:
            name, number = wanted, 2
            while name in self._taken:
                name, number = f"{wanted}_{number}", number + 1
            self._taken.add(name)
            self._names[key] = name
            self._define(name, value)
        return self._names[key]

    def _define(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType):
            self.imports.add(f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else ""))
        elif inspect.isfunction(value) and self._is_ours(value):
            self._new.append(self._function(name, value))
        elif inspect.isfunction(value) and self._is_ours(inspect.unwrap(value)):
            self._new.append(self._decorated(name, inspect.unwrap(value)))
        elif inspect.isclass(value) and any(map(self._is_ours, _methods(value))):
            self._new.append(self._class(name, value))
        elif callable(value):
            called = value.__name__
            self.imports.add(f"from {value.__module__} import {called}" + (f" as {name}" if name != called else ""))
        else:
            self._new.append(f"{name} = {self.literal(value)}")

    def _is_ours(self, function: Function) -> bool:
        return _folder(function.__code__.co_filename) in self._folders

    def _function(self, name: str, function: Function) -> str:
        node = definition(function)
        if node is None:
            written = self._lambda(function)
            return _quoted(f"def {name}({ast.unparse(written.args)}):\n    return {ast.unparse(written.body)}")
        return self._renamed(node, function.__code__.co_filename, name, referred(function, node.args))

    def _decorated(self, name: str, function: Function) -> str:
        node = definition(function)
        assert node is not None, "a lambda has no decorators"
        used = _named(node.decorator_list, function) | referred(function, node.args)
        return self._renamed(node, function.__code__.co_filename, name, used, first=first_line(node))

    def _class(self, name: str, value: type) -> str:
        methods = _methods(value)
        file = methods[0].__code__.co_filename
        classes = (node for node in ast.walk(tree_of(file)) if isinstance(node, ast.ClassDef))
        node = next(node for node in classes if node.name == value.__name__)
        used = _named(node.bases, methods[0])
        for method in methods:
            defined = definition(method)
            used |= referred(method, defined.args if defined else None)
        return self._renamed(node, file, name, used)

    def _lambda(self, function: Function) -> ast.Lambda:
        """A lambda, with what it uses called as it is here."""
        node = copy.deepcopy(_lambda_node(function))
        names = {old: self._name(old, value) for old, value in referred(function, node.args).items()}
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                part.id = names.get(part.id, part.id)
        return node

    def _renamed(
        self,
        node: ast.FunctionDef | ast.ClassDef,
        file: str,
        name: str,
        used: Mapping[str, Any],
        *,
        first: int | None = None,
    ) -> str:
        """The definition as its file has it from line ``first`` on, which is that of ``def`` or ``class`` if not given.

        It has another name, and what it uses is called as it is here.
        """
        names, first = {old: self._name(old, value) for old, value in used.items()}, first or node.lineno
        lines = [line.encode() for line in lines_of(file)[first - 1 : node.end_lineno]]
        found = [n for n in ast.walk(node) if isinstance(n, ast.Name) and names.get(n.id, n.id) != n.id]
        for part in sorted(found, key=lambda n: n.col_offset, reverse=True):
            row, end = part.lineno - first, part.col_offset + len(part.id.encode())
            lines[row] = lines[row][: part.col_offset] + names[part.id].encode() + lines[row][end:]
        text = dedent(b"\n".join(lines).decode())
        return re.sub(rf"^(def|class) {node.name}\b", rf"\1 {name}", text, count=1, flags=re.MULTILINE).strip()


def imported(lines: Iterable[str]) -> str:
    """Lines of imports in order: those of Python's own modules, then the others."""
    own: dict[bool, list[str]] = {True: [], False: []}
    for line in sorted(lines, key=lambda line: (line.startswith("from"), line)):
        own[line.split()[1].partition(".")[0] in sys.stdlib_module_names].append(line)
    return "\n\n".join("\n".join(each) for each in own.values() if each)


def builds_pair(function: Function) -> bool | None:
    """Whether a layer's function returns the layer and how to call it, or the layer alone; ``None`` if unclear."""
    node = definition(function)
    returned = [part.value for part in _own(node) if isinstance(part, ast.Return)] if node is not None else []
    if returned and all(isinstance(value, ast.Tuple) for value in returned):
        return True
    framework = node.args.args[0].arg if node is not None else ""
    plain = returned and all(isinstance(value, ast.Call) and _root(value) == framework for value in returned)
    return False if plain else None


def _root(node: ast.AST) -> str:
    """The name that a chain of calls and attributes begins with, itself not called."""
    while isinstance(node, (ast.Call, ast.Attribute)):
        called = isinstance(node, ast.Call)
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) and not called else ""


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a function that do not belong to a function within it."""
    for part in ast.iter_child_nodes(node):
        if not isinstance(part, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            yield part
            yield from _own(part)


@cache
def _folder(file: str) -> Path:
    return Path(file).resolve().parent


def _named(expressions: Iterable[ast.expr], function: Function) -> dict[str, Any]:
    """What expressions name of the file that a function is in."""
    names = {part.id for each in expressions for part in ast.walk(each) if isinstance(part, ast.Name)}
    return {name: function.__globals__[name] for name in sorted(names) if name in function.__globals__}


def _methods(value: type) -> list[Function]:
    return [method for method in vars(value).values() if inspect.isfunction(method)]


def _lambda_node(function: Function) -> ast.Lambda:
    """The lambda of a file that a function comes from: of several on its line, the one of the same names."""
    code = function.__code__
    nodes = (node for node in ast.walk(tree_of(code.co_filename)) if isinstance(node, ast.Lambda))
    return next(node for node in nodes if node.lineno == code.co_firstlineno and _same(node, code))


def _same(node: ast.Lambda, code: CodeType) -> bool:
    compiled = compile(ast.Expression(node), code.co_filename, "eval").co_consts[0]
    return _gist(compiled) == _gist(code)


def _gist(code: CodeType) -> tuple[set[str], list[Any]]:
    names = {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars}
    return names, [constant for constant in code.co_consts if not inspect.iscode(constant)]


def bracketed(brackets: Sequence[str], parts: Iterable[str], *, lines: bool = False) -> str:
    """A list: on one line, on one between the brackets, or, if it is long or ``lines`` asks for it, on one for each."""
    parts = list(parts)
    line = ", ".join(parts)
    if not parts or (len(line) < LONGEST - 20 and "\n" not in line and not lines):
        return f"{brackets[0]}{line}{brackets[1]}"
    if len(line) < LONGEST and "\n" not in line and not lines:
        return f"{brackets[0]}\n    {line}\n{brackets[1]}"
    return "\n".join([brackets[0], *(indent(f"{part},", "    ") for part in parts), brackets[1]])


def _quoted(text: str) -> str:
    """Code with double quotes for single ones, where that makes no difference."""
    return text.replace("'", '"') if '"' not in text and "\\" not in text else text
