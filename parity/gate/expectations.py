"""``expectations.toml``: known changes that are accepted, each with an owner, a reason and an end."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ..catalog.frameworks import FRAMEWORKS
from .classes import BY_NAME, NOTHING
from .compare import Change

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_REQUIRED = ("change", "case", "framework", "versions", "owner", "reason", "link", "expires")


class ExpectationError(Exception):
    """The file cannot be used. The message names the file, the entry and the mend."""


@dataclass(frozen=True)
class Expectation:
    """One entry: a change that is known and accepted, until ``expires``.

    ``change`` is a class of change, ``case`` a pattern of item names (``conv2d*``, ``*-float16-cpu``), ``versions`` the
    framework's versions it holds for (``>=2.14,<2.15``). ``implementation`` and ``quantity`` are patterns, too, and
    may be left out.
    """

    change: str
    case: str
    framework: str
    versions: str
    owner: str
    reason: str
    link: str
    expires: date
    implementation: str = "*"
    quantity: str = "*"

    @property
    def name(self) -> str:
        return f"{self.change}: {self.case}"

    def holds_for(self, version: str) -> bool:
        try:
            return Version(version) in SpecifierSet(self.versions, prereleases=True)
        except InvalidVersion:
            return False

    def matches(self, change: Change) -> bool:
        return (
            change.change == self.change
            and change.framework == self.framework
            and like(self.case, change.item, change.case)
            and like(self.implementation, change.implementation)
            and like(self.quantity, change.quantity)
        )


@dataclass(frozen=True)
class Stale:
    """An expectation that must be looked at, and why."""

    expectation: Expectation
    why: str


def like(pattern: str, *names: str) -> bool:
    """Whether a shell pattern fits a name. Brackets mean themselves: names have them."""
    literal = pattern.replace("[", "[[]")
    return any(fnmatchcase(name, literal) for name in names)


def read_expectations(path: Path) -> list[Expectation]:
    """The entries of a file; none when there is no file. Raises ``ExpectationError``."""
    try:
        return parse(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        return []
    except (OSError, UnicodeError) as error:
        raise ExpectationError(f"{path}: cannot be read: {error}") from error


def parse(text: str, path: Path) -> list[Expectation]:
    """The entries of a file's text. Raises ``ExpectationError``."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ExpectationError(f"{path}: cannot be read: {error}") from error
    entries = content.pop("expect", [])
    if content or not isinstance(entries, list):
        raise ExpectationError(f"{path}: holds {', '.join(content) or 'expect'} beside [[expect]] entries: remove it")
    return [_read(path, number, entry) for number, entry in enumerate(entries, start=1)]


def _read(path: Path, number: int, entry: Any) -> Expectation:
    where = f"{path}: entry {number}"
    if not isinstance(entry, dict):
        raise ExpectationError(f"{where} is no table: begin it with [[expect]]")
    names = {field.name for field in fields(Expectation)}
    lacking, unknown = [n for n in _REQUIRED if not entry.get(n)], sorted(set(entry) - names)
    if lacking:
        raise ExpectationError(f"{where} lacks {', '.join(lacking)}")
    if unknown:
        raise ExpectationError(f"{where} has {', '.join(unknown)}, which is none of {', '.join(sorted(names))}")
    if type(entry["expires"]) is not date:
        raise ExpectationError(f"{where}: expires is no date: write it as 2027-01-31, without quotes")
    for name in names - {"expires"}:
        if name in entry and not isinstance(entry[name], str):
            raise ExpectationError(f"{where}: {name} is no text: put it in quotes")
    if entry["change"] not in BY_NAME or entry["change"] == "unchanged":
        raise ExpectationError(f"{where}: no class of change is called {entry['change']!r}: {', '.join(BY_NAME)}")
    if entry["framework"] not in FRAMEWORKS:
        raise ExpectationError(f"{where}: no framework is called {entry['framework']!r}: {', '.join(FRAMEWORKS)}")
    try:
        SpecifierSet(entry["versions"])
    except InvalidSpecifier as error:
        raise ExpectationError(f"{where}: versions are written as '>=2.14,<2.15': {error}") from error
    return Expectation(**entry)


def apply(
    expectations: Sequence[Expectation],
    changes: Sequence[Change],
    versions: Mapping[str, str],
    items: Iterable[tuple[str, str]],
    today: date,
) -> tuple[list[Change], list[Stale]]:
    """The changes, those that are expected marked and without need, and the expectations that do not hold any more.

    ``versions`` are those of the candidates: an expectation for other versions says nothing. ``items`` are the names of
    all items that the baseline or the run has, with their cases': one that fits none of them matches nothing, one that
    fits only such as were not run says nothing either.
    """
    holding = [e for e in expectations if e.holds_for(versions.get(e.framework, ""))]
    stale: list[Stale] = []
    valid: list[Expectation] = []
    for expectation in holding:
        if expectation.expires < today:
            stale.append(Stale(expectation, f"expired on {expectation.expires}"))
        else:
            valid.append(expectation)
    used: set[Expectation] = set()
    marked = []
    for change in changes:
        found = next((e for e in valid if e.matches(change)), None)
        if found is None:
            marked.append(change)
        else:
            used.add(found)
            marked.append(replace(change, needs=NOTHING, expectation=f"{found.reason} ({found.owner}, {found.link})"))
    items, run = list(items), {(change.item, change.case) for change in changes}
    for expectation in valid:
        if expectation in used:
            continue
        if any(like(expectation.case, *names) for names in run):
            stale.append(Stale(expectation, "does not happen any more"))
        elif not any(like(expectation.case, *names) for names in items):
            stale.append(Stale(expectation, "matches nothing in the catalogue"))
    return marked, stale


def text(expectations: Iterable[Expectation]) -> str:
    """Entries as TOML."""
    return "\n".join(_entry(expectation) for expectation in expectations)


def _entry(expectation: Expectation) -> str:
    lines = ["[[expect]]"]
    for field in fields(Expectation):
        value = getattr(expectation, field.name)
        if field.name in _REQUIRED or value != "*":
            lines.append(f"{field.name} = {value if isinstance(value, date) else _quoted(value)}")
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
