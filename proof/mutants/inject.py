"""The door through which mutants come: every call of a case file passes by a watcher, which hands on what is called.

A case file that is watched (``parity.catalog.watched``) calls what its watcher gives back. So a mutant is nothing but a
request away: no process is started for it, nothing of the framework is replaced, and nothing is left of it afterwards.
What is called by the harness, a layer that a case builds, is changed in the layer itself, which the case gives away.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

from parity.workers.asked import Watch
from parity.workers.protocol import Asked

from . import holders
from .calls import Call
from .kinds import Mutant
from .tensors import Values

REACHABLE, REACHED, REFUSED = "reachable", "reached", "refused"
"""Kinds of ``Asked``: a mutant that a call reaches; the mutant changed something; the framework refused an argument."""

_WRAPPED = "_parity_mutable"


class Injector(Watch):
    """A watcher that records which mutants calls reach (without a mutant), or makes a call a mutant's."""

    def __init__(self, packages: Sequence[str], aliases: Mapping[str, str], values: Values) -> None:
        super().__init__(packages, aliases)
        self._values = values
        self._mutant: Mutant | None = None
        self._recording = False
        self._first = True

    @contextmanager
    def doing(self, mutant: Mutant | None, *, recording: bool) -> Iterator[None]:
        """Inside, calls are the mutant's, or the mutants that they reach are recorded, or neither."""
        self._mutant, self._recording, self._first = mutant, recording, True
        try:
            yield
        finally:
            self._mutant, self._recording = None, False

    def function(self, call: int, function: Any) -> Any:
        return self._given(super().function(call, function))

    def method(self, call: int, holder: Any, name: str) -> Any:
        return self._given(super().method(call, holder, name))

    def _keep(self, kind: str, name: str, *rest: Any) -> None:
        if self._mutant is None:
            super()._keep(kind, name, *rest)

    def _given(self, function: Any) -> Any:
        """What is called in the place of a function that is announced."""
        api = self._announced.calls[-1][2]
        if not api or not self._concerns(api):
            return function
        signature = self._signature(function, api)
        called = hasattr(function, _WRAPPED)

        def given(*args: Any, **kwargs: Any) -> Any:
            holder = getattr(function, "__self__", None)
            result = self._call(
                api, function, args, kwargs, signature, None if inspect.ismodule(holder) else holder, called
            )
            if isinstance(function, type) and (method := holders.method(result)):
                self._make_mutable(api, result, method)
            return result

        return given

    def _concerns(self, api: str) -> bool:
        return self._recording if self._mutant is None else self._mutant.api == api

    def _call(
        self,
        api: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        signature: inspect.Signature | None,
        holder: Any = None,
        arguments_only: bool = False,
    ) -> Any:
        call = Call(
            function, args, kwargs, self._values, signature, holder,
            reached=lambda: self._note(REACHED, api), refused=lambda: self._note(REFUSED, api),
            first=self._first, arguments_only=arguments_only,
        )  # fmt: skip
        if self._mutant is not None and self._mutant.api == api:
            self._first = False
            return call.mutated(self._mutant.kind, self._mutant.argument)
        if self._mutant is None and self._recording:
            return call.record(lambda kind, argument: self._note(REACHABLE, api, (kind, argument)))
        return call.run()

    def _make_mutable(self, api: str, layer: Any, method: str) -> None:
        """Have what a layer does when it is called pass by here, too."""
        original = getattr(layer, method)
        try:
            signature = inspect.signature(original)
        except (TypeError, ValueError):
            signature = None

        @wraps(original)
        def passing(*args: Any, **kwargs: Any) -> Any:
            return self._call(api, original, args, kwargs, signature, layer)

        with suppress(AttributeError):  # An object with slots stays as it is.
            object.__setattr__(layer, _WRAPPED, True)
            object.__setattr__(layer, method, passing)

    def _note(self, kind: str, api: str, *given: tuple[str, str]) -> None:
        if self._asked is not None:
            self._asked[Asked(kind, api, given)] = None
