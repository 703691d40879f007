"""All modules of the code together: a name of one is followed through the others to the framework."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .module import Module
from .names import PACKAGES

_DEEPEST = 8
"""Modules that a name is followed through."""


class Tree:
    """The modules that were read, by the names that they can be imported by."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._modules: dict[str, Module] = {}
        for module in modules:
            for name in module.names:
                self._modules.setdefault(name, module)
        siblings = {name.rpartition(".")[2] for name in self._modules}
        # The beginnings of names that lead to a framework, or to a module that may lead to one.
        self.tops = PACKAGES | {name.partition(".")[0] for name in self._modules} | siblings

    def public(self, target: str, module: Module, depth: int = 0) -> Iterator[tuple[str, bool]]:
        """The framework's names that a name means in a module, and whether that is certain."""
        if target.partition(".")[0] in PACKAGES:
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

    def starred(self, name: str, module: Module, depth: int = 0) -> Iterator[tuple[str, bool]]:
        """The framework's names that a name can mean that came with ``import *``."""
        for star in module.stars:
            if star.partition(".")[0] in PACKAGES:
                yield f"{star}.{name}", False
            elif depth < _DEEPEST:
                yield from self.public(f"{star}.{name}", module, depth + 1)

    def _exported(self, module: Module, names: list[str], depth: int) -> Iterator[tuple[str, bool]]:
        bound = module.binds.get(names[0])
        if bound is None:
            yield from self.starred(".".join(names), module, depth + 1)
        for target in sorted(bound or ()):
            yield from self.public(".".join([target, *names[1:]]), module, depth + 1)
