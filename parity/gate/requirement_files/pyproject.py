"""``pyproject.toml``: the project's dependencies, its extras and groups, and Poetry's tables."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from ...catalog.visible import visible_line
from .content import as_list, as_table, from_toml
from .pip import requirement
from .statement import Stated, from_elsewhere, from_location, holds, part_of, specified, version_of, versions_of


def pyproject(text: str, place: str) -> Iterator[Stated]:
    """``pyproject.toml``."""
    content = from_toml(text, place)
    yield from _standard(content, place)
    poetry = as_table(as_table(content.get("tool"), f"{place}, tool").get("poetry"), f"{place}, tool.poetry")
    yield from _poetry(poetry, place)


def _standard(content: Mapping[str, Any], place: str) -> Iterator[Stated]:
    """The lists that every tool reads."""
    project = as_table(content.get("project"), f"{place}, project")
    lists = {"project.dependencies": project.get("dependencies")}
    for table, groups in (
        ("project.optional-dependencies", project.get("optional-dependencies")),
        ("dependency-groups", content.get("dependency-groups")),
    ):
        for group, given in as_table(groups, f"{place}, {table}").items():
            lists[f"{table}.{group}"] = given
    for table, given in lists.items():
        where = f"{place}, {visible_line(table)}"
        for entry in as_list(given, where):
            if not isinstance(entry, dict):  # {include-group = "..."} names what is read anyway.
                yield from requirement(entry, where)


def _poetry(poetry: Mapping[str, Any], place: str) -> Iterator[Stated]:
    """The tables ``[tool.poetry.dependencies]`` and those of Poetry's groups."""
    tables = {f"tool.poetry.{key}": poetry.get(key) for key in ("dependencies", "dev-dependencies")}
    for group, given in as_table(poetry.get("group"), f"{place}, tool.poetry.group").items():
        where = f"tool.poetry.group.{group}"
        tables[f"{where}.dependencies"] = as_table(given, f"{place}, {visible_line(where)}").get("dependencies")
    for table, given in tables.items():
        where = f"{place}, {visible_line(table)}"
        for named, entry in as_table(given, where).items():
            if name := part_of(named):
                for one in entry if isinstance(entry, list) else [entry]:
                    yield from _poetry_entry(name, one, where)


def _poetry_entry(name: str, entry: Any, place: str) -> Iterator[Stated]:
    """One entry of such a table: a constraint, or a table that may be for some platforms only."""
    if isinstance(entry, str):
        entry = {"version": entry}
    entry = as_table(entry, place)
    if isinstance(entry.get("python"), str):
        pythons = _poetry_versions(entry["python"], place)
        if pythons is not None and not versions_of(pythons, place).contains(
            platform.python_version(), prereleases=True
        ):
            return
    if entry.get("platform", sys.platform) != sys.platform:
        return
    if "markers" in entry and not holds(entry["markers"], place):
        return
    if isinstance(entry.get("version"), str):
        versions = _poetry_versions(entry["version"], place)
        yield Stated(name, None, place, entry["version"]) if versions is None else specified(name, versions, place)
    elif isinstance(entry.get("url"), str):
        yield from from_location(name, entry["url"], place)
    else:
        yield from_elsewhere(name, entry, place)


def _poetry_versions(text: str, place: str) -> str | None:
    """Poetry's constraint as pip writes it; ``None`` for alternatives, which pip does not have."""
    if "|" in text:
        return None
    parts = [part for part in re.split(r"\s*,\s*|(?<=[\w*])\s+(?=[<>=!~^])", text.strip()) if part not in ("", "*")]
    written = []
    for part in parts:
        operator, version = re.fullmatch(r"([\^~<>=!]*)\s*(.*)", part, re.DOTALL).groups()  # type: ignore[union-attr]
        if operator in ("^", "~"):
            base = version_of(version, place)
            release = list(base.release)
            if operator == "^":
                at = next((index for index, number in enumerate(release) if number), len(release) - 1)
            else:
                at = min(1, len(release) - 1)
            above = ".".join(map(str, [*release[:at], release[at] + 1]))
            written += [f">={base.public}", f"<{above}"]
        else:
            written.append(f"{'==' if operator in ('', '=') else operator}{version}")
    return ",".join(written)
