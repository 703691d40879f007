"""What one place of a file says about a framework's distribution, written again from what ``packaging`` read."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import (
    InvalidName,
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    canonicalize_version,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from ...catalog.frameworks import FRAMEWORKS
from .content import RequirementsError, shown

PARTS = {part: framework.name for framework in FRAMEWORKS.values() for part in framework.distributions}
"""The framework that each distribution belongs to."""

_CONDA = {
    "pytorch": "torch", "pytorch-cpu": "torch", "pytorch-gpu": "torch", "tensorflow-base": "tensorflow",
    "tensorflow-gpu": "tensorflow",
}  # fmt: skip
"""What conda calls the packages that pip knows by another name."""

ELSEWHERE = ("git", "path", "directory", "editable", "virtual", "vcs", "archive", "url", "file")
"""The keys by which lock files and Poetry say that a package does not come from an index."""


@dataclass(frozen=True)
class Stated:
    """What one place in a file says about a framework's distribution.

    ``versions`` is a specifier such as ``==2.14.1`` or ``>=2.13,<3``, empty for any version, and ``None`` where the
    package does not come from an index. ``build`` is what is left out of it: a local label such as ``+cpu``, or the
    URL or path of a wheel or a repository.
    """

    name: str
    versions: str | None
    place: str
    build: str = ""

    @property
    def pin(self) -> Version | None:
        """The only version that is allowed."""
        exact = self.versions and re.fullmatch(r"==([^,*]+)", self.versions)
        return Version(exact[1]) if exact else None

    @property
    def key(self) -> str:
        """Equal for two places that ask for the same."""
        if self.versions is None:
            return f"from {self.build}"
        return canonicalize_version(self.pin) if self.pin else self.versions


# Names --------------------------------------------------------------------------------------------------------------


def part_of(name: Any) -> str:
    """The canonical name of a framework's distribution; empty for every other package."""
    try:
        canonical = canonicalize_name(name, validate=True) if isinstance(name, str) else ""
    except InvalidName:
        return ""
    return canonical if canonical in PARTS else ""


def conda_part_of(name: Any) -> str:
    """The canonical name of the distribution that a conda package is; empty for every other package."""
    return part_of(_CONDA.get(str(name), name))


# Statements ---------------------------------------------------------------------------------------------------------


def specified(name: str, text: str, place: str) -> Stated:
    """A specifier, written again; the local label of an exact version is kept apart."""
    specifiers = versions_of(text, place)
    pins = [s for s in specifiers if s.operator in ("==", "===") and not s.version.endswith(".*")]
    for pin in pins:
        version_of(pin.version, place)  # === would allow any text.
    if len(specifiers) == 1 and pins:
        return pinned(name, pins[0].version, place)
    return Stated(name, ",".join(sorted(map(str, specifiers))), place)


def versions_of(text: str, place: str) -> SpecifierSet:
    """The versions that a specifier such as ``>=2.13,<3`` allows."""
    try:
        return SpecifierSet(text)
    except InvalidSpecifier as error:
        raise RequirementsError(f"{place}: {shown(text)} does not name versions such as >=2.13,<3") from error


def pinned(name: str, version: Any, place: str) -> Stated:
    """An exact version."""
    if version is None:
        return Stated(name, None, place, "an entry without a version")
    exact = version_of(version, place)
    return Stated(name, f"=={exact.public}", place, f"+{exact.local}" if exact.local else "")


def version_of(text: Any, place: str) -> Version:
    """A version such as ``2.14.1``."""
    try:
        return Version(text)
    except (InvalidVersion, TypeError) as error:
        raise RequirementsError(f"{place}: {shown(text)} is not a version such as 2.14.1") from error


def from_location(name: str, location: str, place: str) -> Iterator[Stated]:
    """A package from a URL or path: the version is in the name of a wheel or source archive, or unknown."""
    filename, version = file_of(location), None
    try:
        if filename.endswith(".whl"):
            named, version = parse_wheel_filename(filename)[:2]
        else:
            named, version = parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename):
        egg = re.search(r"[#&]egg=([\w.-]+)", location)
        named = canonicalize_name(egg[1]) if egg else canonicalize_name(name)
    if name and named != name:
        raise RequirementsError(f"{place}: {name} comes from {shown(location)}, which is a file of {named}: mend it")
    if part := part_of(named):
        yield Stated(part, None if version is None else f"=={version.public}", place, location)


def file_of(location: str) -> str:
    """The name of the file at a URL or path."""
    try:
        return unquote(posixpath.basename(urlsplit(location.replace("\\", "/")).path)).strip()
    except ValueError:
        return ""


def from_elsewhere(name: str, entry: Mapping[str, Any], place: str) -> Stated:
    """A package that comes from a repository, a folder or an archive: from where, and which commit of it."""
    kept = {key: entry[key] for key in (*ELSEWHERE, "ref", "rev", "revision", "resolved_reference") if key in entry}
    return Stated(name, None, place, json.dumps(kept, default=str, sort_keys=True))


def holds(marker: Any, place: str) -> bool:
    """Whether a marker can hold on this platform, with one of the extras that it names or none."""
    try:
        parsed = Marker(marker)
        extras = re.findall(r"extra\s*==\s*[\"']([^\"']*)[\"']", str(parsed))
        return any(parsed.evaluate({"extra": extra}) for extra in ("", *extras))
    except (InvalidMarker, TypeError) as error:
        raise RequirementsError(f"{place}: {shown(marker)} is not a marker such as sys_platform == 'linux'") from error
    except (UndefinedComparison, UndefinedEnvironmentName):
        return True  # Of an installer's own kind: the platform does not exclude it.
