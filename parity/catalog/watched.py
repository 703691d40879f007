"""Case files that report what their functions ask of a framework: calls with arguments, attributes, operators.

The file is rewritten before it is compiled. Each expression still does what it did, in the same order, and calls come
from the same frame; a watcher sees the operands first. Lines keep their numbers. Annotations and patterns stay.

``f(a, k=b)`` becomes ``W.function(7, f)(*W.positional(7, a), **W.keywords(7, k=b))``, where 7 is the number of the
call in the file, and ``x.f(a)`` becomes ``W.method(7, x, "f")(...)``. ``x.a`` becomes ``W.read(x, "a").a``, ``x.a = b``
becomes ``W.written(x, "a").a = b``. ``x + y``, ``x[i]`` and ``for i in x`` become ``W.operand(x, "__add__") + y`` and
the like.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Protocol

NAME = "__parity_watcher__"
"""The name under which a rewritten file finds its watcher."""

_OF_THE_FRAME = frozenset({"super", "locals", "globals", "vars", "dir", "eval", "exec", "breakpoint"})
"""Functions that look at the frame they are called from, and are left alone."""

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "__add__",
    ast.Sub: "__sub__",
    ast.Mult: "__mul__",
    ast.MatMult: "__matmul__",
    ast.Div: "__truediv__",
    ast.FloorDiv: "__floordiv__",
    ast.Mod: "__mod__",
    ast.Pow: "__pow__",
}


class Watcher(Protocol):
    """What a rewritten file calls. Every method gives back what the expression goes on with."""

    def function(self, call: int, function: Any) -> Any:
        """``function`` is about to be called, by the call of this number."""

    def method(self, call: int, holder: Any, name: str) -> Any:
        """``holder.name``, which is returned, is about to be called."""

    def positional(self, call: int, /, *given: Any) -> tuple[Any, ...]:
        """The positional arguments of a call."""

    def keywords(self, call: int, /, **given: Any) -> dict[str, Any]:
        """Its keyword arguments; the call follows."""

    def read(self, holder: Any, name: str) -> Any:
        """``holder.name`` is about to be read."""

    def written(self, holder: Any, name: str) -> Any:
        """``holder.name`` is about to be assigned."""

    def operand(self, value: Any, operator: str) -> Any:
        """``value`` is about to be the left operand of an operator."""


def compiled(source: bytes, path: str) -> CodeType:
    """A file's code with everything passing by the watcher that its module has under ``NAME``."""
    tree = _Rewriter().visit(ast.parse(source, path))
    code: CodeType = compile(ast.fix_missing_locations(tree), path, "exec")
    return code


@contextmanager
def watched_imports(folder: Path, watcher: Watcher) -> Iterator[None]:
    """Modules of ``folder`` that are imported inside are rewritten, too."""
    finder = _Finder(folder, watcher)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, folder: Path, watcher: Watcher) -> None:
        self._folder, self._watcher = folder, watcher

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        file = self._folder / f"{name}.py"
        if path is not None or not file.is_file():
            return None
        return importlib.machinery.ModuleSpec(name, _Loader(file, self._watcher), origin=str(file))


class _Loader(importlib.abc.Loader):
    """Compiles a helper's source itself: a cached file of byte code holds what was not rewritten."""

    def __init__(self, file: Path, watcher: Watcher) -> None:
        self._file, self._watcher = file, watcher

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self._file)
        module.__dict__[NAME] = self._watcher
        exec(compiled(self._file.read_bytes(), str(self._file)), module.__dict__)


class _Rewriter(ast.NodeTransformer):
    def __init__(self) -> None:
        self._calls = 0

    def visit_Call(self, node: ast.Call) -> ast.AST:
        arguments = [self.visit(argument) for argument in node.args]
        keywords = [self.visit(keyword) for keyword in node.keywords]
        function = node.func
        if isinstance(function, ast.Name) and function.id in _OF_THE_FRAME:
            return ast.copy_location(ast.Call(function, arguments, keywords), node)
        self._calls += 1
        call = ast.Constant(self._calls)
        if isinstance(function, ast.Attribute) and not _is_private(function.attr):
            announced = _ask("method", function, call, self.visit(function.value), ast.Constant(function.attr))
        else:
            announced = _ask("function", function, call, self.visit(function))
        positional = ast.Starred(_ask("positional", node, call, *arguments), ast.Load())
        named = _ask("keywords", node, call, keywords=keywords)
        return ast.copy_location(ast.Call(announced, [positional], [ast.keyword(None, named)]), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        holder = self.visit(node.value)
        if not _is_private(node.attr) and not isinstance(node.ctx, ast.Del):
            what = "read" if isinstance(node.ctx, ast.Load) else "written"
            holder = _ask(what, node, holder, ast.Constant(node.attr))
        return ast.copy_location(ast.Attribute(holder, node.attr, node.ctx), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        left, right = self.visit(node.left), self.visit(node.right)
        if type(node.op) in _OPERATORS:
            left = _ask("operand", node, left, ast.Constant(_OPERATORS[type(node.op)]))
        return ast.copy_location(ast.BinOp(left, node.op, right), node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.ctx, ast.Del):
            self.generic_visit(node)
            return node
        name = "__getitem__" if isinstance(node.ctx, ast.Load) else "__setitem__"
        value = _ask("operand", node, self.visit(node.value), ast.Constant(name))
        return ast.copy_location(ast.Subscript(value, self.visit(node.slice), node.ctx), node)

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = _ask("operand", node.iter, node.iter, ast.Constant("__iter__"))
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = _ask("operand", node.iter, node.iter, ast.Constant("__iter__"))
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        node.guard = node.guard and self.visit(node.guard)  # A pattern admits no call.
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        returns, node.returns = node.returns, None
        self.generic_visit(node)
        node.returns = returns
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return node  # Something may read its annotation as it was written.

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.target = self.visit(node.target)
        node.value = node.value and self.visit(node.value)
        return node


def _ask(method: str, place: ast.expr, *arguments: ast.expr, keywords: Sequence[ast.keyword] = ()) -> ast.expr:
    """A call of one of the watcher's methods, at the place of an expression."""
    watcher = ast.Attribute(ast.Name(NAME, ast.Load()), method, ast.Load())
    call = ast.Call(watcher, list(arguments), list(keywords))
    for node in (watcher.value, watcher, call):
        ast.copy_location(node, place)
    return call


def _is_private(name: str) -> bool:
    """Whether a class changes this name where it is written inside it."""
    return name.startswith("__") and not name.endswith("__")
