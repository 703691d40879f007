"""Which framework functions and layers a user's code uses, read from its source without running it.

``used(Path("src"))`` names them, and ``touched(...)`` finds the implementations of the catalogue that call them.
"""

from __future__ import annotations

import ast
import builtins
import gc
import os
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from ..catalog.frameworks import FRAMEWORKS
from ..catalog.visible import visible_line

_PACKAGES = frozenset(package for framework in FRAMEWORKS.values() for package in framework.packages)
_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__", "venv", "env", "virtualenv", "__pypackages__"})
_LARGEST = 5 << 20
"""Bytes of a file that is read: what is larger was generated."""

_DEEPEST = 8
"""Modules that a name is followed through."""

_ALIASES = (
    *(
        (rf"{re.escape(own)}(?=\.|$)", public)
        for framework in FRAMEWORKS.values()
        for own, public in sorted(framework.aliases.items(), key=lambda alias: -len(alias[0]))
        if public
    ),
    (r"tf\.compat\.v2(?=\.|$)", "tf"),
    (r"(tf\.python\.keras|keras\.api(\._v2)?(\.keras)?|tf\.keras)(?=\.|$)", "keras"),
    (r"tf_keras(?=\.|$)", "tf.compat.v1.keras"),
    (r"tf\.(?=(losses|metrics|optimizers|initializers)\.)", "keras."),
    (r"torch\.nn\.modules\.[a-z_]+\.(?=[A-Z])", "torch.nn."),
    (r"torch\.optim\.[a-z_]+\.(?=[A-Z])(?!lr_)", "torch.optim."),
)
"""Beginnings of names, and the public name for each, in the order in which they are replaced."""

_ONE = (
    (r"(tf(\.compat\.v1)?)\.(math|nn|linalg)\.(?=\w+$)", r"\1."),
    (r"keras\.ops\.(nn|numpy|math|linalg|core|image)\.(?=\w+$)", "keras.ops."),
    (r"torch\.(nn\.functional|Tensor|special)\.(?=[a-z_]\w*$)", "torch."),
    (r"(?<=^torch\.)__matmul__$", "matmul"),
    (r"(?<=^torch\.)([a-z]\w*[a-z0-9])_$", r"\1"),
    (r"(?<=^keras\.layers\.)(\w*)Convolution(?=\d)", r"\1Conv"),
    (r"(?<=^keras\.layers\.)(\w*)MaxPool(?=\dD)", r"\1MaxPooling"),
    (r"(?<=^keras\.layers\.)(\w*)AvgPool(?=\dD)", r"\1AveragePooling"),
)
"""Names that mean one function: TensorFlow exports it from several modules, PyTorch as a method, too."""

_HELPER = 20
"""Implementations: a function that more of them call, and none is named after, is a helper. In the catalogue of 2,169
implementations 10 call ``torch.nn.utils.rnn.pack_padded_sequence``, 73 ``torch.no_grad``, 114 ``torch.clone``."""

_ACTIVATIONS = ("activation", "recurrent_activation")


class UsedError(Exception):
    """The code cannot be looked at. The message says why."""


@dataclass(frozen=True)
class Use:
    """A public name that the code uses, and where (``file:line``); ``is_called`` where it is called somewhere.

    It is ``certain`` where the code imports it, and else may be used: a method of what may be a tensor, a name out of
    ``import *``, or an activation that is named by its text.
    """

    name: str
    places: tuple[str, ...]
    certain: bool
    is_called: bool


@dataclass(frozen=True)
class Usage:
    """All uses by name, the number of files that were read, and what could not be followed."""

    uses: Mapping[str, Use]
    files: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Touched:
    """The implementations (case, API path) that the code touches, by which uses; and uses that none stands for."""

    implementations: Mapping[tuple[str, str], tuple[Use, ...]]
    uncovered: tuple[Use, ...]


def used(path: Path) -> Usage:
    """The framework functions and layers that a file, or each Python file of a folder, uses. Raises ``UsedError``."""
    if not path.exists():
        raise UsedError(f"{path}: does not exist: name a folder or a file of Python code")
    root = path if path.is_dir() else path.parent
    said: list[str] = []
    modules: list[_Module] = []
    for file in _files(path, said):
        shown = visible_line(file.relative_to(root).as_posix())
        modules.append(_Module(file, shown, _names(file, root)))
    tree = _Tree(modules)
    with _no_collection():
        for module in modules:
            _read(module, tree.tops, said)
    return Usage(_uses(modules, tree), len(modules), tuple(said))


def touched(
    usage: Usage, implementations: Iterable[tuple[str, str]], called: Mapping[tuple[str, str], Collection[str]]
) -> Touched:
    """The implementations (case, API path) of the catalogue that use a function that the code uses.

    ``called`` are the functions that each implementation called (``report.causes.called`` of ``asked.jsonl``). A
    function stands for the implementations that are named after it, and where there are none for those that call it.
    Otherwise every implementation that pads its input would stand for ``torch.nn.functional.pad``. A helper that many
    call, such as ``torch.no_grad``, says nothing of any of them.
    """
    named: dict[str, set[tuple[str, str]]] = {}
    calling: dict[str, set[tuple[str, str]]] = {}
    for implementation in implementations:
        for name in _named(implementation[1]):
            named.setdefault(_one(name), set()).add(implementation)
        for name in called.get(implementation, ()):
            calling.setdefault(_one(name), set()).add(implementation)
    by: dict[tuple[str, str], list[Use]] = {}
    uncovered = []
    for use in usage.uses.values():
        found = named.get(_one(use.name)) or calling.get(_one(use.name), set())
        is_helper = _one(use.name) not in named and len(found) > _HELPER
        for implementation in () if is_helper else found:
            by.setdefault(implementation, []).append(use)
        if not found and use.certain and (use.is_called or use.name.rpartition(".")[2][:1].isupper()):
            uncovered.append(use)
    return Touched({key: tuple(uses) for key, uses in sorted(by.items())}, tuple(uncovered))


@lru_cache(maxsize=1 << 16)
def canonical(name: str) -> str:
    """The public name of a function or layer: ``tf.keras.layers.Dense`` is ``keras.layers.Dense``."""
    for pattern, public in _ALIASES:
        name = re.sub(f"^{pattern}", public, name)
    return name


@lru_cache(maxsize=1 << 16)
def _one(name: str) -> str:
    """Equal for the names of one function."""
    name = canonical(name.removesuffix(".__call__"))
    for pattern, public in _ONE:
        name = re.sub(pattern if pattern.startswith("(?<=") else f"^{pattern}", public, name)
    return name


def _named(api: str) -> list[str]:
    """The names that an API path begins with: ``tf.cast + tf.nn.l2_normalize`` has two."""
    packages = "|".join(sorted({*_PACKAGES, "tf"}))
    return re.findall(rf"(?<![\w.])(?:{packages})(?:\.\w+)+", re.sub(r"\([^()]*\)", "", api))


# Files --------------------------------------------------------------------------------------------------------------


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


def _read(module: _Module, tops: Collection[str], said: list[str]) -> None:
    """Read a module's file; what cannot be read is said."""
    try:
        if module.file.stat().st_size > _LARGEST:
            raise ValueError(f"has more than {_LARGEST:,} bytes")
        source = module.file.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = ast.parse(source)
        _Reader(module, tops).read(code)
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = visible_line(" ".join(str(getattr(error, "msg", error)).split())) or type(error).__name__
        said.append(f"{module.shown}{line}: skipped: {reason}")
    said += module.said


# One file -----------------------------------------------------------------------------------------------------------

Targets = set[str]
"""Dotted names, from the top of a package on, that a name of a file can mean."""


@dataclass
class _Module:
    """What a file binds at its top, and what it uses, under the names that it imports."""

    file: Path
    shown: str
    names: list[str]
    binds: dict[str, Targets] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    uses: dict[str, set[int]] = field(default_factory=dict)
    unbound: dict[str, set[int]] = field(default_factory=dict)
    methods: dict[str, set[int]] = field(default_factory=dict)
    maybe: dict[str, set[int]] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    @property
    def is_package(self) -> bool:
        return self.file.name == "__init__.py"

    @property
    def package(self) -> list[str]:
        parts = self.names[0].split(".") if self.names[0] else []
        return parts if self.is_package else parts[:-1]


class _Scope:
    """The names of a function, a class or a module. A name that is bound hides the one outside."""

    def __init__(self, binds: dict[str, Targets], outside: _Scope | None) -> None:
        self.binds, self.outside = binds, outside

    def find(self, name: str) -> Targets | None:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.binds:
                return scope.binds[name]
            scope = scope.outside
        return None


class _Reader:
    """Walks a file's syntax with a stack of its own, so that long expressions cannot exhaust Python's."""

    def __init__(self, module: _Module, tops: Collection[str]) -> None:
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

    def read(self, code: ast.Module) -> None:
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

    def _bind(self, scope: _Scope, name: str, targets: Iterable[str] = ()) -> None:
        scope.binds.setdefault(name, set()).update(targets)

    def _import(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, ast.Import)
        for alias in node.names:
            if alias.asname:
                self._bind(scope, alias.asname, [alias.name])
            else:
                top = alias.name.partition(".")[0]
                self._bind(scope, top, [top])
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
                self._bind(scope, alias.asname or alias.name, [f"{source}.{alias.name}" if source else alias.name])
        return []

    def _function(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        own = _Scope({}, scope)
        arguments = node.args
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
        for argument in every:
            if argument is not None:
                self._bind(own, argument.arg)
        before: list[ast.AST] = [*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]
        if isinstance(node, ast.Lambda):
            self._deferred.append(([node.body], own))
            return before
        self._bind(scope, node.name)
        self._deferred.append((list(node.body), own))
        return [*node.decorator_list, *before]

    def _class(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, ast.ClassDef)
        self._bind(scope, node.name)
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
                self._bind(scope, target.id, meant)
        return [value, *(target for target in targets if not isinstance(target, ast.Name))]

    # Uses -----------------------------------------------------------------------------------------------------------

    def _meant(self, node: ast.AST, scope: _Scope) -> Targets | None:
        """The dotted names that a chain of attributes means; ``None`` where it begins with no name that is bound."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        found = scope.find(node.id) if isinstance(node, ast.Name) else None
        return None if found is None else {".".join([target, *reversed(names)]) for target in found}

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
        root: ast.AST = node
        names: list[str] = []
        while isinstance(root, ast.Attribute):
            names.append(root.attr)
            root = root.value
        if isinstance(root, ast.Name):
            if meant is None and root.id not in vars(builtins):
                self._module.unbound.setdefault(".".join([root.id, *reversed(names)]), set()).add(node.lineno)
            return []
        return [root]

    def _name(self, node: ast.AST, scope: _Scope) -> list[ast.AST]:
        assert isinstance(node, ast.Name)
        if not isinstance(node.ctx, ast.Load):
            self._bind(scope, node.id)
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
        elif isinstance(function, ast.Attribute) and not meant and self._may_be_tensor(function):
            self._module.methods.setdefault(function.attr, set()).add(function.end_lineno or node.lineno)
        self._module.called |= meant or set()
        if meant and any(_is_keras(target) for target in meant):
            given = [k.value for k in node.keywords if k.arg in _ACTIVATIONS]
            given += node.args[:1] if any(target.endswith(".Activation") for target in meant) else []
            for value in given:
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value.isidentifier():
                    self._module.maybe.setdefault(f"keras.activations.{value.value}", set()).add(value.lineno)
        return _children(node)

    def _getattr(self, node: ast.Call, scope: _Scope) -> None:
        holder, name = node.args[:2]
        targets = self._meant(holder, scope) or set()
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            self._keep((f"{target}.{name.value}" for target in targets), node.lineno)
            return
        for target in sorted(targets):
            if target.partition(".")[0] in _PACKAGES:
                place = f"{self._module.shown}:{node.lineno}"
                self._module.said.append(f"{place}: getattr of {canonical(target)} with a computed name: not followed")

    def _may_be_tensor(self, function: ast.Attribute) -> bool:
        """Whether a method may be a tensor's: not of a text, of ``super()`` or of the object itself."""
        holder = function.value
        if not function.attr[0].islower() or isinstance(holder, (ast.Constant, ast.JoinedStr, ast.Dict, ast.List)):
            return False
        if isinstance(holder, ast.Call) and isinstance(holder.func, ast.Name) and holder.func.id == "super":
            return False
        return not (isinstance(holder, ast.Name) and holder.id in ("self", "cls", *vars(builtins)))

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


def _is_keras(target: str) -> bool:
    return canonical(target).startswith(("keras.", "tf.compat.v1.keras."))


# All files together -------------------------------------------------------------------------------------------------


class _Tree:
    """The modules that were read, by the names that they can be imported by."""

    def __init__(self, modules: Iterable[_Module]) -> None:
        self._modules: dict[str, _Module] = {}
        for module in modules:
            for name in module.names:
                self._modules.setdefault(name, module)
        siblings = {name.rpartition(".")[2] for name in self._modules}
        self.tops = _PACKAGES | {name.partition(".")[0] for name in self._modules} | siblings

    def public(self, target: str, module: _Module, depth: int = 0) -> Iterator[tuple[str, bool]]:
        """The framework's names that a name means in a module, and whether that is certain."""
        if target.partition(".")[0] in _PACKAGES:
            yield target, True
            return
        parts = target.split(".")
        for length in range(len(parts), 0, -1):
            name = ".".join(parts[:length])
            # A script imports what lies beside it by its bare name.
            found = self._modules.get(name) or self._modules.get(".".join([*module.package, name]))
            if found is not None and length < len(parts) and depth < _DEEPEST:
                yield from self._exported(found, parts[length:], depth)
            if found is not None:
                return

    def starred(self, name: str, module: _Module, depth: int = 0) -> Iterator[tuple[str, bool]]:
        """The framework's names that a name can mean that came with ``import *``."""
        for star in module.stars:
            if star.partition(".")[0] in _PACKAGES:
                yield f"{star}.{name}", False
            elif depth < _DEEPEST:
                yield from self.public(f"{star}.{name}", module, depth + 1)

    def _exported(self, module: _Module, names: list[str], depth: int) -> Iterator[tuple[str, bool]]:
        bound = module.binds.get(names[0])
        if bound is None:
            yield from self.starred(".".join(names), module, depth + 1)
        for target in sorted(bound or ()):
            yield from self.public(".".join([target, *names[1:]]), module, depth + 1)


def _uses(modules: Iterable[_Module], tree: _Tree) -> dict[str, Use]:
    places: dict[str, dict[bool, set[tuple[str, int]]]] = {}
    called: set[str] = set()

    def add(name: str, certain: bool, module: _Module, lines: Iterable[int]) -> None:
        for each in _with_classes(canonical(name)):
            there = places.setdefault(each, {}).setdefault(certain, set())
            there.update((module.shown, line) for line in lines)

    for module in modules:
        frameworks = set()
        for target, lines in module.uses.items():
            for name, certain in tree.public(target, module):
                frameworks.add(name.partition(".")[0])
                add(name, certain, module, lines)
                if target in module.called:
                    called.add(canonical(name))
        for target, lines in module.unbound.items() if module.stars else ():
            for name, certain in tree.starred(target, module):
                frameworks.add(name.partition(".")[0])
                add(name, certain, module, lines)
        if "torch" in frameworks:
            for method, lines in module.methods.items():
                add(f"torch.Tensor.{method}", False, module, lines)
        for name, lines in module.maybe.items():
            add(name, False, module, lines)
    found = {}
    for name, by in sorted(places.items()):
        certain = True in by
        found[name] = Use(name, tuple(f"{file}:{line}" for file, line in sorted(by[certain])), certain, name in called)
    return found


def _with_classes(name: str) -> list[str]:
    """A name, and the class that it is a method of: who calls ``Embedding.from_pretrained`` uses the layer."""
    parts = name.split(".")
    plain = next((i for i, part in enumerate(parts) if part.startswith("__") and part.endswith("__")), len(parts))
    parts = parts[:plain]  # torch.__version__.split is Python's.
    if len(parts) < 2:
        return []  # The framework itself.
    lengths = [i for i in range(2, len(parts)) if parts[i - 1][:1].isupper() and parts[i - 1] != "Tensor"]
    return [".".join(parts[:i]) for i in (*lengths, len(parts))]
