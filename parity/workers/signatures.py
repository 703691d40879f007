"""The signatures of functions, as Python, an overload or the documentation tells them."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import typing
from typing import Any


def signature_of(function: Any) -> inspect.Signature:
    """A signature. Raises ``TypeError`` or ``ValueError`` where there is none.

    Where a class takes anything, as ``torch.nn.LSTM`` does, it is that of its first overload; where the function is not
    written in Python, as ``torch.softmax``, the one that its documentation begins with.
    """
    try:
        signature = inspect.signature(function)
    except ValueError:
        return _documented(function)
    named = [p for p in signature.parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if named or not isinstance(function, type) or sys.version_info < (3, 11):
        return signature
    for overload in typing.get_overloads(function.__init__):
        _, *parameters = inspect.signature(overload).parameters.values()
        return signature.replace(parameters=parameters)
    return signature


def _documented(function: Any) -> inspect.Signature:
    """The signature that the documentation begins with: ``softmax(input, dim, *, dtype=None) -> Tensor``."""
    first = (getattr(function, "__doc__", None) or "").strip().partition("\n")[0]
    found = re.match(rf"(?:[\w.]+\.)?{re.escape(function.__name__)}\((.*)\)\s*(?:->.*)?$", first)
    try:
        given = ast.parse(f"def f({found[1]}): pass").body[0] if found else None
    except SyntaxError:
        given = None
    if not isinstance(given, ast.FunctionDef):
        raise ValueError(f"no signature of {function.__name__} is documented")
    return inspect.Signature(list(_parameters(given.args)))


def _parameters(given: ast.arguments) -> typing.Iterator[inspect.Parameter]:
    kind = inspect.Parameter
    positional = [*given.posonlyargs, *given.args]
    without = len(positional) - len(given.defaults)
    for number, argument in enumerate(positional):
        default = _default(given.defaults[number - without]) if number >= without else kind.empty
        named = number >= len(given.posonlyargs)
        yield kind(argument.arg, kind.POSITIONAL_OR_KEYWORD if named else kind.POSITIONAL_ONLY, default=default)
    if given.vararg is not None:
        yield kind(given.vararg.arg, kind.VAR_POSITIONAL)
    for argument, node in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        yield kind(argument.arg, kind.KEYWORD_ONLY, default=kind.empty if node is None else _default(node))
    if given.kwarg is not None:
        yield kind(given.kwarg.arg, kind.VAR_KEYWORD)


def _default(node: ast.expr) -> Any:
    """What a default is written as: a literal, or the text of another expression."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)
