"""What the functions of a case ask of a framework: its public names, as they are called, and with which arguments."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, TypeVar, cast

from .protocol import Asked
from .signatures import signature_of

F = TypeVar("F", bound=Callable[..., Any])

CALL, READ, WRITE, ABSENT = "call", "read", "write", "absent"

_NOT_THERE = object()

_FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType)
_LONGEST = 60
"""Characters of one argument that are kept."""

_MOST = 8
"""Elements of a sequence that are kept."""

_ENOUGH = 30
"""Sets of arguments of one name that are kept of a unit: a loop may have other numbers in each step."""


class _Announced(threading.local):
    """The calls of this thread that are announced and whose arguments are being computed, the innermost last."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, Any, str, tuple[Any, ...]]] = []

    def of(self, call: int) -> tuple[int, Any, str, tuple[Any, ...]] | None:
        """The announced call of this number; those within it that never came to be called are dropped."""
        while self.calls and self.calls[-1][0] != call:
            self.calls.pop()
        return self.calls[-1] if self.calls else None


def quietly(otherwise: Any) -> Callable[[F], F]:
    """Have a method give ``otherwise`` where it raises: what a case computes must not depend on being watched."""

    def decorate(method: F) -> F:
        @wraps(method)
        def quiet(*args: Any, **kwargs: Any) -> Any:
            try:
                return method(*args, **kwargs)
            except Exception:
                return otherwise

        return cast("F", quiet)

    return decorate


class Watch:
    """The watcher of a worker's case files (``catalog.watched.Watcher``). It keeps what is asked inside ``recording``.

    ``packages`` are the framework's; ``aliases`` gives the public name of a module for the beginning of
    its own name, and nothing for one that is not public.
    """

    def __init__(self, packages: Sequence[str], aliases: Mapping[str, str]) -> None:
        self._packages = frozenset(packages)
        self._aliases = sorted(aliases.items(), key=lambda entry: -len(entry[0]))
        self._learned: dict[int, tuple[Any, str]] = {}
        self._classes: dict[type, str] = {}
        self._signatures: dict[str, inspect.Signature | None] = {}
        self._announced = _Announced()
        self._asked: dict[Asked, None] | None = None
        self._counts: dict[str, int] = {}

    @contextmanager
    def recording(self, asked: dict[Asked, None]) -> Iterator[None]:
        """Keep what is asked inside in ``asked``, each once, in order."""
        self._asked, self._counts = asked, {}
        self._announced = _Announced()
        try:
            yield
        finally:
            self._asked = None

    # The watcher ---------------------------------------------------------------------------------------------------

    def function(self, call: int, function: Any) -> Any:
        self._announced.calls.append((call, function, self._callee(function) if self._asked is not None else "", ()))
        return function

    def method(self, call: int, holder: Any, name: str) -> Any:
        try:
            function = getattr(holder, name)
        except AttributeError:
            self._keep(ABSENT, self._attribute(holder, name))
            raise
        named = ""
        if self._asked is not None:
            layer = not isinstance(function, (*_FUNCTIONS, type)) and self._class(type(function))
            named = self._callee(function) if layer else self._attribute(holder, name, function)
            named = named or self._callee(function)
        self._announced.calls.append((call, function, named, ()))
        return function

    def positional(self, call: int, /, *given: Any) -> tuple[Any, ...]:
        announced = self._announced.of(call)
        if announced is not None:
            _, function, name, _ = announced
            self._announced.calls[-1] = call, function, name, given
            if function is getattr and len(given) > 1:
                self.read(*given[:2])
        return given

    def keywords(self, call: int, /, **given: Any) -> dict[str, Any]:
        announced = self._announced.of(call)
        if announced is not None:
            _, function, name, positional = self._announced.calls.pop()
            if name and self._asked is not None:
                self._keep(CALL, name, *self._arguments(function, name, positional, given))
        return given

    def read(self, holder: Any, name: str) -> Any:
        if self._asked is not None:
            if isinstance(holder, ModuleType):
                value = getattr(holder, name, _NOT_THERE)
                if not isinstance(value, ModuleType):
                    kind = ABSENT if value is _NOT_THERE else READ
                    self._keep(kind, self._attribute(holder, name, value))
            else:
                self._keep(READ, self._attribute(holder, name))
        return holder

    def written(self, holder: Any, name: str) -> Any:
        if self._asked is not None:
            self._keep(WRITE, self._attribute(holder, name))
        return holder

    def operand(self, value: Any, operator: str) -> Any:
        if self._asked is not None:
            self._keep(CALL, self._attribute(value, operator))
        return value

    # Names ---------------------------------------------------------------------------------------------------------

    def _keep(
        self, kind: str, name: str, given: Mapping[str, str] | None = None, defaults: Mapping[str, str] | None = None
    ) -> None:
        if not name or self._asked is None:
            return
        asked = Asked(kind, name, tuple((given or {}).items()), tuple((defaults or {}).items()))
        if asked not in self._asked and self._counts.get(name, 0) < _ENOUGH:
            self._counts[name] = self._counts.get(name, 0) + 1
            self._asked[asked] = None

    @quietly("")
    def _callee(self, function: Any) -> str:
        """The public name of a function, a class or an object that is called."""
        if isinstance(function, type):
            return self._class(function)
        if not isinstance(function, _FUNCTIONS):
            kind = self._known(function) or self._class(type(function)) or self._owner(type(function), "__call__")
            return kind if self._known(function) or not kind else f"{kind.removesuffix('.__call__')}.__call__"
        holder = getattr(function, "__self__", None)
        if holder is not None and not isinstance(holder, ModuleType) and not self._known(function):
            name, written = function.__name__, getattr(function, "__func__", None)
            bases = (base for base in type(holder).__mro__ if written and vars(base).get(name) is written)
            inherited = self._class(next(bases, object))  # What super() finds may not be the object's own.
            return f"{inherited}.{name}" if inherited else self._attribute(holder, name)
        known = self._known(function)
        if known:
            return known
        module = getattr(function, "__module__", None) or ""
        public = self._module(module) if self._is_part(module) else ""
        return f"{public}.{function.__qualname__}" if public else ""

    @quietly("")
    def _attribute(self, holder: Any, name: str, value: Any = None) -> str:
        """The public name of an attribute of a module, a class or an object; empty where no framework has it."""
        if isinstance(holder, ModuleType):
            public = self._module(holder.__name__) if self._is_part(holder.__name__) else ""
            if not public:
                return ""
            named = f"{public}.{name}"
            if isinstance(value, (*_FUNCTIONS, type)) or callable(value):
                self._learned.setdefault(id(value), (value, named))
            return named
        if isinstance(holder, type):
            kind = self._class(holder)
            return f"{kind}.{name}" if kind else ""
        return self._owner(type(holder), name)

    def _owner(self, kind: type, name: str) -> str:
        """An attribute under the name of the most general public class that has it, or else of the object's own."""
        own = next((base for base in kind.__mro__ if name in vars(base)), object)
        if own is not object and not self._is_part(own.__module__ or ""):
            return ""  # What the case's own class, or Python's, has.
        for base in reversed(kind.__mro__):
            if hasattr(base, name) and (public := self._class(base)):
                return f"{public}.{name}"
        if self._is_part(kind.__module__):
            public = next(filter(None, map(self._class, kind.__mro__)), "")
            return f"{public}.{name}" if public else ""
        return ""

    def _class(self, kind: type) -> str:
        """The public name of a class; empty for one of another package, or that has none."""
        if kind not in self._classes:
            own = self._is_part(kind.__module__ or "")
            self._classes[kind] = (self._exported(kind) or self._shortest(kind)) if own else ""
        return self._classes[kind] or self._known(kind)

    def _exported(self, kind: type) -> str:
        """The name that a class was exported under, as TensorFlow and Keras note it."""
        for note, prefix in (
            ("_api_export_path", ""),
            ("_tf_api_names", "tf."),
            ("_tf_api_names_v1", "tf.compat.v1."),
            ("_keras_api_names_v1", "tf.compat.v1."),
        ):
            names = vars(kind).get(note) or ()
            for name in (names,) if isinstance(names, str) else names:
                if "__internal__" not in name:
                    return f"{prefix}{name}"
        return ""

    def _shortest(self, kind: type) -> str:
        """The name of the outermost module on a class's path that has it."""
        parts = kind.__module__.split(".")
        for length in range(1, len(parts) + 1):
            path = ".".join(parts[:length])
            module = sys.modules.get(path)
            if module is not None and vars(module).get(kind.__name__) is kind:
                public = "" if any(part.startswith("_") for part in parts[:length]) else self._module(path)
                return f"{public}.{kind.__name__}" if public else ""
        return ""

    def _known(self, value: Any) -> str:
        held, name = self._learned.get(id(value), (None, ""))
        return name if held is value else ""

    def _is_part(self, module: str) -> bool:
        return module.partition(".")[0] in self._packages

    def _module(self, path: str) -> str:
        """The public name of a module; empty where it has none."""
        for beginning, public in self._aliases:
            if path == beginning or path.startswith(f"{beginning}."):
                return public and public + path[len(beginning) :]
        return path

    # Arguments -----------------------------------------------------------------------------------------------------

    @quietly(({}, {}))
    def _arguments(
        self, function: Any, name: str, positional: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The arguments given, by name or else by position, and the defaults of all that have one."""
        signature = self._signature(function, name)
        written = {**{str(i): value for i, value in enumerate(positional)}, **keywords}
        if signature is None:
            return self._texts(written), {}
        parameters = signature.parameters
        empty = inspect.Parameter.empty
        defaults = self._texts({key: p.default for key, p in parameters.items() if p.default is not empty})
        given: dict[str, Any] = {}
        try:
            bound = signature.bind(*positional, **keywords).arguments
        except TypeError:  # The call will raise, and is kept as it is written.
            return self._texts(written), defaults
        for key, value in bound.items():
            if parameters[key].kind is inspect.Parameter.VAR_POSITIONAL:
                given |= {str(i): part for i, part in enumerate(value)}
            else:
                given |= value if parameters[key].kind is inspect.Parameter.VAR_KEYWORD else {key: value}
        return self._texts(given), defaults

    def _texts(self, values: Mapping[str, Any]) -> dict[str, str]:
        return {key: self._text(value) for key, value in values.items()}

    def _signature(self, function: Any, name: str) -> inspect.Signature | None:
        if not isinstance(function, (*_FUNCTIONS, type)):
            return None  # Asking a tracer's object for its signature may be recorded by the tracer.
        if name not in self._signatures:
            try:
                self._signatures[name] = signature_of(function)
            except (TypeError, ValueError):
                self._signatures[name] = None
        return self._signatures[name]

    def _text(self, value: Any) -> str:
        """A short text for an argument: numbers and texts as Python writes them, what holds values by its class."""
        if value is None or isinstance(value, (bool, int, float, str)):
            text = repr(value)
        elif isinstance(value, (list, tuple)):
            parts = [self._text(part) for part in value[:_MOST]] + ["..."] * (len(value) > _MOST)
            text = f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        elif type(value).__name__ in ("dtype", "DType"):
            text = str(getattr(value, "name", value)).rpartition(".")[2]
        elif isinstance(value, (*_FUNCTIONS, type)):
            text = self._callee(value) or value.__name__
        else:
            text = next(filter(None, map(self._class, type(value).__mro__)), "") or type(value).__name__
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
