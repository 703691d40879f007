"""Walks the syntax of one file, and keeps what it binds and uses."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Collection, Iterable

from .module import Module, Targets
from .names import PACKAGES, canonical

_ACTIVATIONS = ("activation", "recurrent_activation")


class _Scope:
    """The names of a function, a class or a module. A name that is bound hides the one outside."""

    def __init__(self, binds: dict[str, Targets], outside: _Scope | None) -> None:
        self._binds, self._outside = binds, outside

    def bind(self, name: str, targets: Iterable[str] = ()) -> None:
        self._binds.setdefault(name, set()).update(targets)

    def find(self, name: str) -> Targets | None:
        """What a name means here; ``None`` where nothing binds it."""
        scope: _Scope | None = self
        while scope is not None:
            if name in scope._binds:
                return scope._binds[name]
            scope = scope._outside
        return None


class Walker:
    """Walks a file's syntax with a stack of its own, so that long expressions cannot exhaust Python's."""

    def __init__(self, module: Module, tops: Collection[str]) -> None:
        self._module = module
        self._tops = tops
        self._deferred: list[tuple[list[ast.AST], _Scope]] = []
        self._special: dict[type, Callable[[ast.AST, _Scope], list[ast.AST]]] = {
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.Lambda: self._function,
            ast.ClassDef: self._class,
            ast.Assign: self._assign,
            ast.AnnAssign: self._assign,
            ast.NamedExpr: self._assign,
            ast.Attribute: self._attribute,
            ast.Name: self._name,
            ast.Call: self._call,
            ast.BinOp: self._operator,
            ast.AugAssign: self._operator,
        }

    def walk(self, code: ast.Module) -> None:
        """Fill the module in from its syntax."""
        self._walk(list(code.body), _Scope(self._module.binds, None))
        # A function's body runs when everything at the top of its file is bound.
        while self._deferred:
            self._walk(*self._deferred.pop())

    def _walk(self, nodes: list[ast.AST], scope: _Scope) -> None:
        left = nodes[::-1]
        while left:
            node = left.pop()
            special = self._special.get(type(node))
            left += (_children(node) if special is None else special(node, scope))[::-1]

    # Bindings -------------------------------------------------------------------------------------------------------

    def _import(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, ast.Import)
        for alias in node.names:
            if alias.asname:
                scope.bind(alias.asname, [alias.name])
            else:
                top = alias.name.partition(".")[0]
                scope.bind(top, [top])
        return []

    def _import_from(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, ast.ImportFrom)
        source = node.module or ""
        if node.level:
            package = self._module.package
            base = package[: len(package) - node.level + 1]
            source = ".".join([*base, *([source] if source else [])])
        for alias in node.names:
            if alias.name == "*":
                self._module.stars.append(source)
            else:
                scope.bind(alias.asname or alias.name, [f"{source}.{alias.name}" if source else alias.name])
        return []

    def _function(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        own = _Scope({}, scope)
        arguments = node.args
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
        for argument in every:
            if argument is not None:
                own.bind(argument.arg)
        before: list[ast.AST] = [*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]
        if isinstance(node, ast.Lambda):
            self._deferred.append(([node.body], own))
            return before
        scope.bind(node.name)
        self._deferred.append((list(node.body), own))
        return [*node.decorator_list, *before]

    def _class(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, ast.ClassDef)
        scope.bind(node.name)
        own = _Scope({}, scope)
        functions = [each for each in node.body if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))]
        self._walk([*node.decorator_list, *node.bases, *(k.value for k in node.keywords)], scope)
        self._walk([each for each in node.body if each not in functions], own)
        for function in functions:  # A method does not see the names of its class.
            self._walk(self._function(function, _Scope({}, scope)), own)
        return []

    def _assign(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr))
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        value = node.value
        if value is None:
            return []
        meant: Targets = set()
        for each in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
            meant |= self._meant(each, scope) or set()
        for target in targets:
            if isinstance(target, ast.Name):
                scope.bind(target.id, meant)
        return [value, *(target for target in targets if not isinstance(target, ast.Name))]

    # Uses -----------------------------------------------------------------------------------------------------------

    def _meant(self, node: ast.AST, scope: _Scope) -> Targets | None:
        """The dotted names that a chain of attributes means; ``None`` where it begins with no name that is bound."""
        root, names = _chain(node)
        found = scope.find(root.id) if isinstance(root, ast.Name) else None
        return None if found is None else {".".join([target, *names]) for target in found}

    def _keep(self, targets: Iterable[str], line: int) -> None:
        for target in targets:
            if target.partition(".")[0] in self._tops:
                self._module.uses.setdefault(target, set()).add(line)

    def _attribute(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, ast.Attribute)
        meant = self._meant(node, scope)
        if meant:
            self._keep(meant, node.lineno)
            return []
        root, names = _chain(node)
        if not isinstance(root, ast.Name):
            return [root]
        if meant is None and root.id not in vars(builtins):
            self._module.unbound.setdefault(".".join([root.id, *names]), set()).add(node.lineno)
        return []

    def _name(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, ast.Name)
        if not isinstance(node.ctx, ast.Load):
            scope.bind(node.id)
            return []
        found = scope.find(node.id)
        if found:
            self._keep(found, node.lineno)
        elif found is None and node.id not in vars(builtins):
            self._module.unbound.setdefault(node.id, set()).add(node.lineno)
        return []

    def _call(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, ast.Call)
        function = node.func
        meant = self._meant(function, scope)
        if isinstance(function, ast.Name) and function.id == "getattr" and len(node.args) >= 2:
            self._getattr(node, scope)
        elif isinstance(function, ast.Attribute) and not meant and _may_be_tensor(function):
            self._module.methods.setdefault(function.attr, set()).add(function.end_lineno or node.lineno)
        self._module.called |= meant or set()
        if meant and any(_is_keras(target) for target in meant):
            self._activations(node, meant)
        return _children(node)

    def _activations(self, node: ast.Call, meant: Targets) -> None:
        """Keep the activations that a call of Keras names by their text."""
        given = [k.value for k in node.keywords if k.arg in _ACTIVATIONS]
        given += node.args[:1] if any(target.endswith(".Activation") for target in meant) else []
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value.isidentifier():
                self._module.maybe.setdefault(f"keras.activations.{value.value}", set()).add(value.lineno)

    def _getattr(self, node: ast.Call, scope: _Scope) -> None:
        holder, name = node.args[:2]
        targets = self._meant(holder, scope) or set()
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            self._keep((f"{target}.{name.value}" for target in targets), node.lineno)
            return
        for target in sorted(targets):
            if target.partition(".")[0] in PACKAGES:
                place = f"{self._module.shown}:{node.lineno}"
                self._module.said.append(f"{place}: getattr of {canonical(target)} with a computed name: not followed")

    def _operator(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, (ast.BinOp, ast.AugAssign))
        if isinstance(node.op, ast.MatMult):
            self._module.methods.setdefault("matmul", set()).add(node.lineno)
        return _children(node)


def _children(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that can hold names; ``ast.iter_child_nodes`` gives contexts and operators, too."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST) and name not in ("ctx", "op"):
            found.append(value)
    return found


def _chain(node: ast.AST) -> tuple[ast.AST, list[str]]:
    """What a chain of attributes begins with, and their names."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return node, names[::-1]


def _may_be_tensor(function: ast.Attribute) -> bool:
    """Whether a method may be a tensor's: not of a text, of ``super()`` or of the object itself."""
    holder = function.value
    if not function.attr[0].islower() or isinstance(holder, (ast.Constant, ast.JoinedStr, ast.Dict, ast.List)):
        return False
    if isinstance(holder, ast.Call) and isinstance(holder.func, ast.Name) and holder.func.id == "super":
        return False
    return not (isinstance(holder, ast.Name) and holder.id in ("self", "cls", *vars(builtins)))


def _is_keras(target: str) -> bool:
    return canonical(target).startswith(("keras.", "tf.compat.v1.keras."))
