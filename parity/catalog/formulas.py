"""What a formula asks of NumPy, read from its code: names that are not modelled are refused as a declaration loads."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from ..formula.names import MODULES, allowed, refusal
from .calls import Function

_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")


def refused(formula: Function) -> Iterator[str]:
    """A sentence for each use of a name that is not modelled, in the formula and in the helpers that get its ``np``."""
    np = next(iter(inspect.signature(formula).parameters))
    seen: set[CodeType] = set()
    pending: list[Any] = [formula]
    while pending:
        function = inspect.unwrap(pending.pop())
        if not isinstance(function, FunctionType) or function.__code__ in seen:
            continue
        closure = inspect.getclosurevars(function)
        for code in _codes(function.__code__):
            seen.add(code)
            for name, line in _asked(code, np):
                if not allowed(name):
                    yield f"{Path(code.co_filename).name}:{line}: {refusal(name)}"
        pending += [each for each in (*closure.globals.values(), *closure.nonlocals.values()) if _takes(each, np)]


def _takes(value: Any, np: str) -> bool:
    code = getattr(inspect.unwrap(value) if callable(value) else value, "__code__", None)
    return isinstance(code, CodeType) and code.co_varnames[:1] == (np,) and code.co_argcount > 0


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _asked(code: CodeType, np: str) -> Iterator[tuple[str, int]]:
    """The names asked of ``np``, modules included, with their lines."""
    line, chain = code.co_firstlineno, ""
    found: list[tuple[str, int]] = []
    for instruction in dis.get_instructions(code):
        starts = instruction.starts_line
        if isinstance(starts, int) and not isinstance(starts, bool):
            line = starts
        line = getattr(instruction, "line_number", None) or line
        loaded = instruction.argval[-1:] if isinstance(instruction.argval, tuple) else (instruction.argval,)
        if instruction.opname.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE", "LOAD_CLASSDEREF")):
            chain = "np" if loaded == (np,) else ""
        elif instruction.opname in _ATTRIBUTES and chain:
            name = str(instruction.argval) if chain == "np" else f"{chain}.{instruction.argval}"
            if name in MODULES:
                chain = name
                continue
            found.append((name, line))
            chain = ""
        elif instruction.opname not in ("CACHE", "EXTENDED_ARG", "PUSH_NULL", "PRECALL", "NOP"):
            chain = ""
    yield from dict.fromkeys(found)
