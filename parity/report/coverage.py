"""Which names of the five source documents the catalogue covers, and how the run judged them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path

from ..catalog.case import Case
from ..catalog.load import CaseFile
from .guide import GENERATED, operation, port
from .markdown import prose, table
from .measured import Verdict

INVENTORY = "inventory.csv"

INTRODUCTION = """\
The project was asked for from five documents on moving between TensorFlow and PyTorch. Each row is a name or a concept
that one of them uses, and the operations of the [porting guide](porting-guide.md) that cover it. The inventory itself
is `docs/inventory.csv`.

**At parity** means that every result, state and gradient of every variant agreed with the formula and with the other
framework in the last full run. What a framework cannot do, or does wrongly, is declared, occurs as declared and is
counted beside it. A trap is a naive port that was run and found to go wrong as declared."""


class InventoryError(Exception):
    """A row of the inventory names what the catalogue has not. The message names the row."""


@dataclass(frozen=True)
class Entry:
    """A row of the inventory: the ``documents`` that have it, both APIs, and what covers it.

    ``cases`` holds patterns for names of cases, separated by semicolons; ``case: pattern`` names traps by title.
    """

    documents: str
    name: str
    tensorflow: str
    pytorch: str
    cases: str


@dataclass(frozen=True)
class Covered:
    """What covers an entry: cases, and traps of cases by title."""

    cases: Mapping[str, tuple[CaseFile, Case]]
    traps: Mapping[str, tuple[str, ...]]


def read_inventory(folder: Path) -> list[Entry]:
    """``inventory.csv``. Raises ``InventoryError`` when it is damaged."""
    names = [field.name for field in fields(Entry)]
    with (folder / INVENTORY).open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        rows = list(reader)
    for number, row in enumerate(rows, start=2):
        if list(row) != names or None in row.values():
            raise InventoryError(f"{INVENTORY}, row {number}: its columns are not {', '.join(names)}")
    return [Entry(**row) for row in rows]


def coverage(entries: Sequence[Entry], files: Sequence[CaseFile], verdicts: Mapping[str, Verdict]) -> str:
    """The text of ``coverage.md``. Raises ``InventoryError`` for a row that names no case or trap there is."""
    found = [(entry, resolve(number, entry, files)) for number, entry in enumerate(entries, start=2)]
    missing = sum(not covered.cases for _, covered in found)
    lines = [
        "# Coverage of the source documents",
        "",
        f"{len(found)} rows, {missing or 'none'} of them missing. {GENERATED}",
        "",
        INTRODUCTION,
        "",
    ]
    documents = sorted({document for entry in entries for document in entry.documents.split()})
    for document in documents:
        own = [(entry, covered) for entry, covered in found if document in entry.documents.split()]
        gone = sum(not covered.cases for _, covered in own)
        lines += [f"## Document {document}", "", f"{len(own)} rows, {gone or 'none'} missing.", ""]
        rows = ([*_apis(entry), *_judged(covered, verdicts)] for entry, covered in own)
        lines += [*table(("name or concept", "TensorFlow", "PyTorch", "operations", "verdict"), rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def resolve(number: int, entry: Entry, files: Sequence[CaseFile]) -> Covered:
    """The cases and traps that a row names."""
    cases: dict[str, tuple[CaseFile, Case]] = {}
    traps: dict[str, tuple[str, ...]] = {}
    everything = [(file, case) for file in files for case in file.cases]
    for item in filter(None, (part.strip() for part in entry.cases.split(";"))):
        pattern, colon, wanted = (part.strip() for part in item.partition(":"))
        named = [(file, case) for file, case in everything if fnmatchcase(case.name, pattern)]
        if not named:
            raise InventoryError(f"{INVENTORY}, row {number} ({entry.name}): there is no case {pattern}")
        titles = {
            case.name: tuple(title for i in case.divergences if fnmatchcase(title := port(i)[1], wanted))
            for _, case in named
        }
        if colon and not any(titles.values()):
            raise InventoryError(f"{INVENTORY}, row {number} ({entry.name}): {pattern} has no trap {wanted!r}")
        for file, case in named:
            if not colon or titles[case.name]:
                cases[case.name] = (file, case)
            if colon:
                traps[case.name] = tuple(dict.fromkeys((*traps.get(case.name, ()), *titles[case.name])))
    return Covered(cases, {name: found for name, found in traps.items() if found})


def _apis(entry: Entry) -> Iterator[str]:
    yield from (prose(text) for text in (entry.name, entry.tensorflow, entry.pytorch))


def _judged(covered: Covered, verdicts: Mapping[str, Verdict]) -> tuple[str, str]:
    names = []
    for name, (file, _) in covered.cases.items():
        traps = covered.traps.get(name, ())
        names.append(operation(file, name) + (f" ({', '.join(map(prose, traps))})" if traps else ""))
    return ", ".join(names), _verdict(covered, verdicts)


def _verdict(covered: Covered, verdicts: Mapping[str, Verdict]) -> str:
    if not covered.cases:
        return "**missing**"
    found = [verdicts.get(name, Verdict(name, 0, 0, 0)) for name in covered.cases]
    if any(verdict.failed for verdict in found):
        return "**not at parity**"
    if not all(verdict.passed for verdict in found):
        return "**not run**"
    declared = sum(bool(verdict.expected) for verdict in found)
    parts = ["at parity"]
    if declared:
        parts.append("with declared exceptions" if len(found) == 1 else f"{declared} with declared exceptions")
    if covered.traps:
        number = sum(map(len, covered.traps.values()))
        parts.append("the trap occurs" if number == 1 else f"{number} traps occur")
    return ", ".join(parts)
