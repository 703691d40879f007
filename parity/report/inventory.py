"""The inventory of the source documents, and which of it a run has executed.

``docs/inventory.csv`` names, for each item, public functions with arguments. ``docs/executed.csv`` keeps, of the last
full run, which implementation of which case really asked its framework for each of them.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from ..catalog.case import Case
from ..catalog.load import CaseFile
from ..record.schema import AskedRow
from .guide import port

INVENTORY, EXECUTED = "inventory.csv", "executed.csv"

KINDS = ("operation", "argument", "claim", "workflow", "error")
"""What an item of a document can be; an ``error`` is one of the document."""

COMPARED = ("forward", "gradient", "state", "statistic", "error")
"""What can be compared for an item; ``error`` is an error that is raised."""

_CALL, _WRITE, _ABSENT = "call", "write", "absent"
_ANY = object()


class InventoryError(Exception):
    """A row of the inventory cannot be read, or names what the catalogue does not have. The message names the row."""


@dataclass(frozen=True)
class Entry:
    """An item of the documents.

    ``documents`` are those that have it. ``item`` says what they say, ``kind`` is one of ``KINDS``. ``tensorflow`` and
    ``pytorch`` hold what has to be executed, separated by semicolons (see :func:`wanted`). ``compared`` holds names of
    ``COMPARED``. ``cases`` holds patterns for names of cases, separated by semicolons; ``case: pattern`` names traps by
    title. ``today`` says what stands for a name that is gone.
    """

    documents: str
    item: str
    kind: str
    tensorflow: str
    pytorch: str
    compared: str
    cases: str
    today: str


@dataclass(frozen=True)
class Wanted:
    """One thing that an entry wants executed: a name, and arguments that one call has (``None``: with any value)."""

    text: str
    name: str
    kind: str = ""
    given: tuple[tuple[str, Any], ...] = ()

    def is_met(self, row: AskedRow, defaults: Mapping[str, str]) -> bool:
        """Whether ``row`` is this; an argument that the call leaves out has its value in ``defaults``."""
        if row.name != self.name or (row.kind != self.kind if self.kind else row.kind == _ABSENT):
            return False
        return all(
            key in row.given if value is _ANY else _value(row.given.get(key, defaults.get(key, ""))) == value
            for key, value in self.given
        )


@dataclass(frozen=True)
class Executed:
    """The implementation that executed what an entry wants, with the variant it did so in."""

    wanted: str
    case: str
    implementation: str
    variant: str


@dataclass(frozen=True)
class Covered:
    """What covers an entry: cases, and traps of cases by title."""

    cases: Mapping[str, tuple[CaseFile, Case]]
    traps: Mapping[str, tuple[str, ...]]


def read_inventory(folder: Path) -> list[Entry]:
    """``inventory.csv``. Raises ``InventoryError`` when it is damaged."""
    names = [field.name for field in fields(Entry)]
    with (folder / INVENTORY).open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for number, row in enumerate(rows, start=2):
        if list(row) != names or None in row.values():
            raise InventoryError(f"{INVENTORY}, row {number}: its columns are not {', '.join(names)}")
    entries = [Entry(**row) for row in rows]
    for number, entry in enumerate(entries, start=2):
        strange = [text for text in entry.compared.split() if text not in COMPARED]
        strange += [entry.kind] if entry.kind not in KINDS else []
        if strange:
            raise InventoryError(f"{INVENTORY}, row {number} ({entry.item}): {strange[0]!r} is not a kind: see Entry")
        wanted_of(number, entry)
    return entries


def wanted_of(number: int, entry: Entry) -> list[Wanted]:
    """All that an entry wants executed. Raises ``InventoryError`` where that cannot be read."""
    try:
        return [*wanted(entry.tensorflow), *wanted(entry.pytorch)]
    except ValueError as error:
        raise InventoryError(f"{INVENTORY}, row {number} ({entry.item}): {error}") from None


@cache
def wanted(texts: str) -> tuple[Wanted, ...]:
    """What a cell of the inventory wants, of parts separated by semicolons.

    ``tf.nn.relu`` is called or read; ``torch.nn.Conv1d(10, stride=1, bias)`` is called with 10 in the first place, a
    stride of 1, given or left at that default, and a ``bias`` that is given; ``torch.Tensor.data =`` is assigned;
    ``not tf.placeholder`` is asked for, and is not there. Raises ``ValueError``.
    """
    return tuple(_wanted(text.strip()) for text in texts.split(";") if text.strip())


def _wanted(text: str) -> Wanted:
    if text.endswith("="):
        return Wanted(text, text[:-1].strip(), _WRITE)
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        raise ValueError(f"{text!r} is not a name, or a call, as Python has them") from None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return Wanted(text, ast.unparse(node.operand), _ABSENT)
    if not isinstance(node, ast.Call):
        return Wanted(text, ast.unparse(node))
    given: list[tuple[str, Any]] = []
    for place, argument in enumerate(node.args):
        given.append((argument.id, _ANY) if isinstance(argument, ast.Name) else (str(place), _literal(argument)))
    given += [(keyword.arg or "", _literal(keyword.value)) for keyword in node.keywords]
    return Wanted(text, ast.unparse(node.func), _CALL, tuple(given))


def resolve(number: int, entry: Entry, files: Sequence[CaseFile]) -> Covered:
    """The cases and traps that a row names."""
    cases: dict[str, tuple[CaseFile, Case]] = {}
    traps: dict[str, tuple[str, ...]] = {}
    everything = [(file, case) for file in files for case in file.cases]
    for item in filter(None, (part.strip() for part in entry.cases.split(";"))):
        pattern, colon, title = (part.strip() for part in item.partition(":"))
        named = [(file, case) for file, case in everything if fnmatchcase(case.name, pattern)]
        if not named:
            raise InventoryError(f"{INVENTORY}, row {number} ({entry.item}): there is no case {pattern}")
        titles = {
            case.name: tuple(found for i in case.divergences if fnmatchcase(found := port(i)[1], title))
            for _, case in named
        }
        if colon and not any(titles.values()):
            raise InventoryError(f"{INVENTORY}, row {number} ({entry.item}): {pattern} has no trap {title!r}")
        for file, case in named:
            if not colon or titles[case.name]:
                cases[case.name] = (file, case)
            if colon:
                traps[case.name] = tuple(dict.fromkeys((*traps.get(case.name, ()), *titles[case.name])))
    return Covered(cases, {name: found for name, found in traps.items() if found})


def executed(entries: Sequence[Entry], files: Sequence[CaseFile], asked: Sequence[AskedRow]) -> list[Executed]:
    """Who executed what the entries want, the first of each, from the record of a run."""
    defaults: dict[str, Mapping[str, str]] = {row.name: row.defaults for row in asked if row.defaults}
    of_name: dict[str, list[AskedRow]] = {}
    for row in asked:
        of_name.setdefault(row.name, []).append(row)
    found: dict[Executed, None] = {}
    for number, entry in enumerate(entries, start=2):
        cases = resolve(number, entry, files).cases
        for want in wanted_of(number, entry):
            rows = (row for row in of_name.get(want.name, ()) if row.case in cases)
            first = next((row for row in rows if want.is_met(row, defaults.get(row.name, {}))), None)
            if first is not None:
                found[Executed(want.text, first.case, first.implementation, first.variant)] = None
    return list(found)


def read_executed(folder: Path) -> list[Executed]:
    """``executed.csv``; empty when there is none yet. Raises ``InventoryError`` when it is damaged."""
    names = [field.name for field in fields(Executed)]
    try:
        with (folder / EXECUTED).open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError:
        return []
    if any(list(row) != names or None in row.values() for row in rows):
        raise InventoryError(f"{EXECUTED}: its columns are not {', '.join(names)}; run nox -s docs")
    return [Executed(**row) for row in rows]


def write_executed(folder: Path, entries: Iterable[Executed]) -> None:
    """Write ``executed.csv`` into ``folder``."""
    with (folder / EXECUTED).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Executed)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(asdict, entries))


def _literal(node: ast.expr) -> Any:
    return _value(ast.unparse(node))


@cache
def _value(text: str) -> Any:
    """What a text says as Python: a literal, with tuples for lists, or the text itself."""
    try:
        return _frozen(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value
