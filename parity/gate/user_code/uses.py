"""The uses of the frameworks in all modules, by public name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .module import Module
from .names import canonical
from .tree import Tree


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


def uses(modules: Iterable[Module], tree: Tree) -> dict[str, Use]:
    """The uses in modules that were read, in the order of their names."""
    places: dict[str, dict[bool, set[tuple[str, int]]]] = {}
    called: set[str] = set()

    def add(name: str, certain: bool, module: Module, lines: Iterable[int]) -> None:
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
