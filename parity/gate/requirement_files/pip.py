"""What pip reads: requirements and constraints files, and the requirements that other files have in pip's words."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from ...catalog.visible import visible_line
from .content import RequirementsError, shown
from .statement import Stated, from_location, holds, part_of, specified

_REQUIREMENTS = re.compile(r"(.*[-_.])?(requirements|constraints)([-_.].*)?\.(txt|in)", re.IGNORECASE)
_INCLUDE = re.compile(r"(?:-r|--requirement|-c|--constraint)(?:\s*=\s*|\s*)(\S.*)")
_OPTION = re.compile(r"\s--?[A-Za-z].*")
_LOCATION = re.compile(r"[a-z+]+:|[./~\\]|[^;@]*[/\\]|\S+\.(whl|zip|tar\.gz)(\s|$)", re.IGNORECASE)
_SPECIFIED = re.compile(r"[A-Za-z0-9._-]+\s*(\[[^\]]*\])?\s*(===?|[<>~!]=|<|>)")
"""A name and a version: no location, whatever signs the version has. A line that hides its version is an error."""

Read = Callable[[str], "str | None"]
"""Gives the text of a file by its path in the repository; ``None`` where there is no such file."""


def is_requirements(path: str) -> bool:
    """Whether pip reads a file of this name as requirements or constraints."""
    folder, name = posixpath.split(path)
    return bool(_REQUIREMENTS.fullmatch(name)) or (
        posixpath.basename(folder).lower() in ("requirements", "constraints") and name.endswith((".txt", ".in"))
    )


def included(path: str, text: str) -> list[str]:
    """The files of the repository that a requirements file includes."""
    return [target for _, line in _joined(text) if (target := _included(path, line))]


def requirements(path: str, text: str, read: Read, seen: set[str]) -> Iterator[Stated]:
    """What a requirements file says, with those that it includes and that are not among the ``seen``."""
    seen.add(path)
    for number, line in _joined(text):
        target = _included(path, line)
        if target and target not in seen:
            # What is not in the repository cannot have been changed in it.
            yield from requirements(target, read(target) or "", read, seen)
        elif not target:
            yield from requirement_line(line, f"{visible_line(path)}:{number}")


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, those that end in a backslash joined, without comments and empty ones."""
    start, before = 1, ""
    for number, line in enumerate(text.splitlines(), start=1):
        start = start if before else number
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment:
            before += line[:-1]
            continue
        whole, before = before + ("" if is_comment and before else line), ""
        if bare := _bare(whole):
            yield start, bare
    if bare := _bare(before):
        yield start, bare


def _bare(line: str) -> str:
    return re.sub(r"(^|\s+)#.*$", "", line).strip()


def _included(path: str, line: str) -> str:
    """The path of the file that a line includes; empty where it includes none, or one outside of the repository."""
    found = _INCLUDE.match(line)
    if not found or "://" in found[1] or found[1].startswith("/"):
        return ""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[1].strip("\"'")))
    return "" if target.startswith("..") else target


def requirement_line(line: str, place: str) -> Iterator[Stated]:
    """What a line of a requirements file says."""
    is_editable = re.match(r"(?:-e|--editable)[\s=]+(.+)", line)
    if is_editable:
        line = is_editable[1]
    elif line.startswith("-"):
        return
    without_options = _OPTION.sub("", f" {line}").strip()
    if _SPECIFIED.match(line) and "${" not in line:
        yield from requirement(without_options, place)
    elif _LOCATION.match(line):
        location, _, marker = line.partition(" ;")
        if not marker or holds(marker, place):
            yield from from_location("", _OPTION.sub("", location), place)
    elif "${" in line:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        if name and (part := part_of(name[0])):
            yield Stated(part, None, place, line)
    else:
        yield from requirement(without_options, place)


def requirement(text: Any, place: str) -> Iterator[Stated]:
    """What a requirement such as ``torch[opt]==2.14.1; sys_platform == "linux"`` says."""
    if not isinstance(text, str):
        raise RequirementsError(f"{place}: {shown(text)} is not text: write a requirement such as 'torch==2.14.1'")
    try:
        given = Requirement(text)
    except InvalidRequirement as error:
        raise RequirementsError(f"{place}: {shown(text)} is not a requirement such as torch==2.14.1") from error
    name = part_of(given.name)
    if not name or (given.marker and not holds(str(given.marker), place)):
        return
    if given.url:
        yield from from_location(name, given.url, place)
    else:
        yield specified(name, str(given.specifier), place)
