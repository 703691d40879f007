"""What a formula asks of NumPy, read from its code: names that are not modelled are refused as a declaration loads.

The code is that of the formula, of the functions inside it, and of those that it calls by a global name, a closure or a
method of a class or an object, if one of their arguments is called as the formula's first: ``np``.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..formula.names import FUNCTIONS, MODULES, UFUNC_METHODS, allowed, refusal
from .calls import Function

_VARIABLES = (
    *("LOAD_FAST", "STORE_FAST_LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE"),
    *("LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"),
)
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_BETWEEN = ("CACHE", "EXTENDED_ARG", "PUSH_NULL", "PRECALL", "NOP", "COPY_FREE_VARS")


def refused(formula: Function) -> Iterator[str]:
    """A sentence for each use of a name that is not modelled, in the formula and in the helpers that get its ``np``."""
    for name, place in asked(formula):
        if not name.startswith(".") and not allowed(name):
            yield f"{place}: {refusal(name)}"


def asked(formula: Function) -> dict[tuple[str, str], None]:
    """The names that a formula and its helpers ask of ``np``, and attributes of others (``.clip``), with places.

    Among them is the keyword of sums over a mask (``.where=``).
    """
    np = next(iter(inspect.signature(formula).parameters), "np")
    return dict.fromkeys(_asked_in_all(formula, np))


def _asked_in_all(formula: Function, np: str) -> Iterator[tuple[str, str]]:
    seen: set[CodeType] = set()
    pending: list[Any] = [formula]
    while pending:
        function = inspect.unwrap(pending.pop())
        function = getattr(function, "__func__", function)
        if not isinstance(function, FunctionType) or function.__code__ in seen:
            continue
        for code in _codes(function.__code__):
            seen.add(code)
            for name, line in _asked(code, np):
                yield name, f"{Path(code.co_filename).name}:{line}"
            if any(isinstance(names, tuple) and "where" in names for names in code.co_consts):
                yield ".where=", f"{Path(code.co_filename).name}:{code.co_firstlineno}"
        pending += [helper for helper in _helpers(function) if _takes(helper, np)]


def _helpers(function: FunctionType) -> Iterator[Any]:
    """What a function may call: functions by name, those of modules that it names, methods of classes and objects."""
    names = {name for code in _codes(function.__code__) for name in code.co_names}
    values = [function.__globals__[name] for name in names if name in function.__globals__]
    for cell in function.__closure__ or ():
        try:
            values.append(cell.cell_contents)
        except ValueError:  # A name that is bound later on.
            continue
    values += function.__defaults__ or ()
    values += (function.__kwdefaults__ or {}).values()
    for value in values:
        if isinstance(value, ModuleType):
            yield from (vars(value)[name] for name in names if name in vars(value))
        elif isinstance(value, dict):
            yield from value.values()
        elif isinstance(value, (list, tuple)):
            yield from value
        elif isinstance(value, type) or not callable(value):
            kind = value if isinstance(value, type) else type(value)
            yield from (vars(base).get(name) for base in kind.__mro__ for name in names if name in vars(base))
        yield getattr(value, "func", value)  # That of a functools.partial.


def _takes(value: Any, np: str) -> bool:
    """Whether a function gets the ``np`` of a formula."""
    value = getattr(value, "__func__", value)
    code = getattr(inspect.unwrap(value) if callable(value) else value, "__code__", None)
    return isinstance(code, CodeType) and np in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _asked(code: CodeType, np: str) -> Iterator[tuple[str, int]]:
    """What is asked of ``np``, with modules in front and methods of elementwise functions behind; also of others."""
    line, chain = code.co_firstlineno, ""
    found: list[tuple[str, int]] = []
    for instruction in dis.get_instructions(code):
        line = _line(instruction) or line
        operation = instruction.opname
        if operation.startswith(_VARIABLES):
            # Two variables may be loaded by one instruction: the second is on top.
            loaded = instruction.argval[-1] if isinstance(instruction.argval, tuple) else instruction.argval
            chain = "np" if loaded == np else ""
        elif operation in _ATTRIBUTES:
            name = str(instruction.argval)
            if not chain:
                found.append((f".{name}", line))
            elif chain == "np":
                chain = name
            elif chain in MODULES:
                chain = f"{chain}.{name}"
            else:
                chain = f"{chain}.{name}" if name in UFUNC_METHODS and chain in FUNCTIONS else ""
            if chain and chain not in MODULES:
                found.append((chain, line))
        elif operation not in _BETWEEN:
            chain = ""
    yield from dict.fromkeys(found)


def _line(instruction: dis.Instruction) -> int | None:
    """The line that an instruction is on, where it says so: Python 3.13 has another attribute for it."""
    line = getattr(instruction, "line_number", None)
    if line is None and not isinstance(instruction.starts_line, bool):
        line = instruction.starts_line
    return line if isinstance(line, int) else None
