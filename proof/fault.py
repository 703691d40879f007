"""A fault: a framework function replaced from outside, and where the harness must find that."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("faults")
"""The files that declare the faults."""

GRADIENTS = ("grad:*",)
ROOTS = {"tf": "tensorflow"}

Replacement = Callable[..., Any]


@dataclass(frozen=True)
class Shows:
    """Where a fault must be found.

    ``through`` are the case's implementations that go through the patched function: each must be red, and no other
    may be. In each quantity of ``must`` (patterns) one of them must be red; besides, only those of ``may`` can be.
    ``when`` selects the variants, the first few of which are run, in ``dtypes``.
    """

    case: str
    through: tuple[str, ...]
    must: tuple[str, ...] = ("output:*",)
    may: tuple[str, ...] = GRADIENTS
    when: Mapping[str, Any] = field(default_factory=dict)
    dtypes: tuple[str, ...] = ("float64", "float32")


@dataclass(frozen=True)
class Fault:
    """What is replaced in which framework (``targets``: dotted names), by what, and where it shows.

    ``replacement`` is called as ``(framework, original, *arguments)`` in the place of the original. ``reaches`` names
    control cases that the fault concerns, too, so that they are not run as controls.
    """

    name: str
    kind: str
    summary: str
    targets: Mapping[str, str]
    shows: tuple[Shows, ...]
    replacement: Replacement
    file: Path
    reaches: tuple[str, ...] = ()

    def inject(self, framework: str) -> None:
        """Replace the target in this process, which has imported the framework."""
        place, name, original = locate(self.targets[framework])
        module = importlib.import_module(framework)
        replacement = self.replacement

        @functools.wraps(original, updated=())
        def replaced(*args: Any, **kwargs: Any) -> Any:
            return replacement(module, original, *args, **kwargs)

        setattr(place, name, replaced)


DECLARED: dict[str, Fault] = {}
"""The faults of the files that have been loaded, by name."""


def fault(
    name: str,
    kind: str,
    *shows: Shows,
    torch: str | None = None,
    tensorflow: str | None = None,
    reaches: tuple[str, ...] = (),
) -> Callable[[Replacement], Replacement]:
    """Declare the decorated function as the replacement of the named ones; its docstring says what is wrong then."""
    targets = {key: value for key, value in (("torch", torch), ("tensorflow", tensorflow)) if value is not None}

    def declare(replacement: Replacement) -> Replacement:
        if name in DECLARED and DECLARED[name].file != Path(replacement.__code__.co_filename):
            raise ValueError(f"the fault {name} is declared twice")
        summary = " ".join((replacement.__doc__ or "").split())
        file = Path(replacement.__code__.co_filename)
        DECLARED[name] = Fault(name, kind, summary, targets, shows, replacement, file, reaches)
        return replacement

    return declare


def load(file: Path) -> list[Fault]:
    """Run a file of declarations; its faults."""
    spec = importlib.util.spec_from_file_location(f"proof.faults.{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return [each for each in DECLARED.values() if each.file == file]


def load_all() -> list[Fault]:
    """All faults, file by file."""
    return [each for file in sorted(FOLDER.glob("[!_]*.py")) for each in load(file)]


def locate(target: str) -> tuple[Any, str, Any]:
    """Where a dotted name lives: the object that has it, its last part, and what it is. Raises ``AttributeError``."""
    root, _, rest = target.partition(".")
    holder, _, name = f"{ROOTS.get(root, root)}.{rest}".rpartition(".")
    place = pkgutil.resolve_name(holder)
    return place, name, getattr(place, name)
