"""Which arguments of which functions the last full run passed, with which values, and which it never passed.

``docs/arguments.csv`` keeps them, so that ``docs/argument-coverage.md`` can be made again, and checked, without a run.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ..catalog.frameworks import FRAMEWORKS
from ..record.schema import AskedRow
from .guide import GENERATED
from .inventory import InventoryError
from .markdown import code, table

ARGUMENTS, PAGE = "arguments.csv", "argument-coverage.md"

SHOWN = 6
"""Values of an argument that are kept."""

_CALL = "call"
_BETWEEN = " | "
_TENSOR = re.compile(r"[\w.]*Tensor|torch\.nn\.Parameter|[\w.]*Variable")
_ENDS = {1: "st", 2: "nd", 3: "rd"}

INTRODUCTION = """\
Every call that the cases make of a framework, in the last full run: which arguments it passes, and with which values.
A case checks an argument only if it passes it with a value that is not the default.

- **passed** lists each argument with its values. A tensor stands there by its class. `kernel_size` (2, 3, +4) was
  passed with 2, with 3 and with four other values. *Only the default* means that the value passed is the default.
- **never passed** lists the arguments that have a default, and that no case passes: a framework could ignore them
  unnoticed. Arguments of functions whose signature Python cannot tell (many of PyTorch's are written in C++) are not
  listed there; those that are passed by position are numbered.

A function that takes nothing but tensors is not listed."""


@dataclass(frozen=True)
class Argument:
    """One argument of a public name.

    ``default`` is empty for a required one, and for one whose signature is not known. ``values`` holds the first
    ``SHOWN`` values it was passed with, ``number`` how many there are: 0 for an argument that was never passed.
    ``cases`` is the number of cases that passed it.
    """

    framework: str
    name: str
    argument: str
    default: str
    values: tuple[str, ...]
    number: int
    cases: int

    @property
    def only_default(self) -> bool:
        return self.number == 1 and self.values == (self.default,)


def arguments(asked: Iterable[AskedRow]) -> list[Argument]:
    """The arguments of all calls of a run, by framework and public name."""
    values: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
    defaults: dict[tuple[str, str], dict[str, str]] = {}
    cases: dict[tuple[str, str, str], set[str]] = {}
    for row in asked:
        if row.kind != _CALL:
            continue
        passed = values.setdefault((row.framework, row.name), {})
        defaults.setdefault((row.framework, row.name), {}).update(row.defaults)
        for argument, value in row.given.items():
            passed.setdefault(argument, {})[value] = None
            cases.setdefault((row.framework, row.name, argument), set()).add(row.case)
    order = list(FRAMEWORKS)
    return [
        Argument(
            framework, name, argument, defaults[framework, name].get(argument, ""),
            tuple(passed.get(argument, ()))[:SHOWN], len(passed.get(argument, ())),
            len(cases.get((framework, name, argument), ())),
        )
        for (framework, name), passed in sorted(values.items(), key=lambda each: (order.index(each[0][0]), each[0][1]))
        for argument in dict.fromkeys((*passed, *defaults[framework, name]))
    ]  # fmt: skip


def read_arguments(folder: Path) -> list[Argument]:
    """``arguments.csv``; empty when there is none yet. Raises ``InventoryError`` when it is damaged."""
    names = [field.name for field in fields(Argument)]
    try:
        with (folder / ARGUMENTS).open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        return [
            Argument(
                row["framework"], row["name"], row["argument"], row["default"],
                tuple(filter(None, row["values"].split(_BETWEEN))), int(row["number"]), int(row["cases"]),
            )
            for row in rows
        ]  # fmt: skip
    except FileNotFoundError:
        return []
    except (KeyError, ValueError, AttributeError):
        raise InventoryError(f"{ARGUMENTS}: its columns are not {', '.join(names)}; run nox -s docs") from None


def write_arguments(folder: Path, found: Iterable[Argument]) -> None:
    """Write ``arguments.csv`` into ``folder``."""
    with (folder / ARGUMENTS).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Argument)], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**asdict(each), "values": _BETWEEN.join(each.values)} for each in found)


def argument_coverage(found: Sequence[Argument]) -> str:
    """The text of ``argument-coverage.md``."""
    lines = ["# Argument coverage", "", f"{_counted(found)} {GENERATED}", "", INTRODUCTION, ""]
    for framework in FRAMEWORKS.values():
        own = [each for each in found if each.framework == framework.name]
        if own:
            lines += [f"## {framework.title}", "", _counted(own), ""]
            for module, functions in _by_module(own).items():
                rows = [(code(name), _passed(each), _never(each)) for name, each in functions.items() if _says(each)]
                header = ("function", "passed", "never passed")
                lines += [f"### {code(module)}", "", *table(header, rows), ""] if rows else []
    return "\n".join(lines).rstrip() + "\n"


def _counted(found: Sequence[Argument]) -> str:
    names = {(each.framework, each.name) for each in found}
    optional = [each for each in found if each.default]
    passed = [each for each in optional if each.number and not each.only_default]
    only = sum(each.only_default for each in optional)
    never = sum(not each.number for each in optional)
    return (
        f"{len(names):,} functions with {len(optional):,} arguments that have a known default: {len(passed):,} are "
        f"passed with another value, {only:,} only with the default, {never:,} are never passed."
    )


def _by_module(found: Sequence[Argument]) -> Mapping[str, Mapping[str, list[Argument]]]:
    modules: dict[str, dict[str, list[Argument]]] = {}
    for each in found:
        module, name = _split(each.name)
        modules.setdefault(module, {}).setdefault(name, []).append(each)
    return modules


def _split(name: str) -> tuple[str, str]:
    """A public name's module and the rest; a method is listed with its class."""
    parts = name.split(".")
    last = next((i for i, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    return ".".join(parts[:last]) or parts[0], ".".join(parts[last:])


def _says(arguments: Sequence[Argument]) -> bool:
    """Whether there is more to say of a function than that it takes tensors."""
    return any(not each.number or not all(map(_TENSOR.fullmatch, each.values)) for each in arguments)


def _passed(arguments: Sequence[Argument]) -> str:
    return ", ".join(_one(each) for each in arguments if each.number)


def _one(each: Argument) -> str:
    if each.only_default:
        return f"{code(_named(each.argument))} (only the default)"
    values = [code(value) for value in each.values]
    values += [f"+{each.number - len(each.values)}"] if each.number > len(each.values) else []
    return f"{code(_named(each.argument))} ({', '.join(values)})"


def _never(arguments: Sequence[Argument]) -> str:
    return ", ".join(code(each.argument) for each in arguments if not each.number)


def _named(argument: str) -> str:
    """A numbered argument as readers count."""
    if not argument.isdecimal():
        return argument
    number = int(argument) + 1
    return f"{number}{_ENDS.get(number, 'th')}"
