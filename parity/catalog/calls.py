"""Calling the functions of a declaration with what they ask for by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Signature:
    """What a function of a declaration asks for.

    ``tensors`` are its positional parameters after the framework, ``keywords`` the settings and sizes;
    ``takes_all`` says that it gathers the remaining tensors in ``**``.
    """

    names: tuple[str, ...]
    tensors: tuple[str, ...]
    keywords: tuple[str, ...]
    takes_all: bool


FROM_HARNESS = ("dtype", "capture")
"""What an implementation may ask for beside parameters and sizes: the dtype's name, and the way to capture."""


@cache
def signature(function: Function) -> Signature:
    """The parameters of a function of a declaration, by what the harness fills them with."""
    parameters = inspect.signature(function).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return Signature(
        names=tuple(p.name for p in parameters),
        tensors=tuple(p.name for p in parameters if p.kind in positional)[1:],
        keywords=tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY),
        takes_all=any(p.kind is p.VAR_KEYWORD for p in parameters),
    )


def captures(function: Function) -> bool:
    """Whether a function captures what it wants captured itself (it asks for ``capture``)."""
    return "capture" in signature(function).keywords


def call_with(function: Function, settings: Mapping[str, Any]) -> Any:
    """Call ``function`` with those of ``settings`` that it has parameters for."""
    return function(**{name: settings[name] for name in signature(function).names if name in settings})


def bind(function: Function, framework: Any, names: Sequence[str], known: Mapping[str, Any]) -> Callable[..., Any]:
    """A formula or a functional implementation as a function of its tensors, given in the order of ``names``.

    A tensor that the function names and that is not there is ``None``.
    """
    asks = signature(function)
    settings = {name: known[name] for name in asks.keywords}
    if tuple(names) == asks.tensors:
        return lambda *tensors: function(framework, *tensors, **settings)

    def by_name(*tensors: Any) -> Any:
        given = dict(zip(names, tensors, strict=True))
        arguments = {name: given.get(name) for name in asks.tensors}
        if asks.takes_all:
            arguments |= {name: value for name, value in given.items() if name not in arguments}
        return function(framework, **arguments, **settings)

    return by_name
