"""Which versions of the frameworks a requirement or lock file states.

The files may come from a stranger. Nothing from them is executed, and no text of theirs is passed on: a name must be
one of the frameworks' own, and a version is written again from what ``packaging`` read.
"""

from __future__ import annotations

import json
import platform
import posixpath
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
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

from ..catalog.frameworks import FRAMEWORKS
from ..catalog.visible import visible_line

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PARTS = {part: framework.name for framework in FRAMEWORKS.values() for part in framework.distributions}
"""The framework that each distribution belongs to."""

_CONDA = {
    "pytorch": "torch", "pytorch-cpu": "torch", "pytorch-gpu": "torch", "tensorflow-base": "tensorflow",
    "tensorflow-gpu": "tensorflow",
}  # fmt: skip
"""What conda calls the packages that pip knows by another name."""

_ABOUT = re.compile("|".join(re.escape(part).replace(r"\-", "[-_.]+") for part in PARTS), re.IGNORECASE)
_REQUIREMENTS = re.compile(r"(.*[-_.])?(requirements|constraints)([-_.].*)?\.(txt|in)", re.IGNORECASE)
_INCLUDE = re.compile(r"(?:-r|--requirement|-c|--constraint)(?:\s*=\s*|\s*)(\S.*)")
_OPTION = re.compile(r"\s--?[A-Za-z].*")
_LOCATION = re.compile(r"[a-z+]+:|[./~\\]|[^;@]*[/\\]|\S+\.(whl|zip|tar\.gz)(\s|$)", re.IGNORECASE)
_CONDA_PLATFORMS = {"Linux": "linux", "Darwin": "osx", "Windows": "win"}
_CONDA_MACHINES = {"x86_64": "64", "AMD64": "64", "aarch64": "aarch64", "arm64": "arm64", "ARM64": "arm64"}
_LONGEST = 120


class RequirementsError(Exception):
    """A file cannot be read. The message names the file and the place, and what to do."""


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


Read = Callable[[str], "str | None"]
"""Gives the text of a file by its path in the repository; ``None`` where there is no such file."""


def is_requirements(path: str) -> bool:
    """Whether pip reads a file of this name as requirements or constraints."""
    folder, name = posixpath.split(path)
    return bool(_REQUIREMENTS.fullmatch(name)) or (
        posixpath.basename(folder).lower() in ("requirements", "constraints") and name.endswith((".txt", ".in"))
    )


def is_read(path: str) -> bool:
    """Whether a file of this name states versions in a way that is read here."""
    return is_requirements(path) or _reader(path) is not None


def is_about_frameworks(text: str) -> bool:
    """Whether a text can state a framework's version: it has a framework's name in it, or includes other files."""
    return bool(_ABOUT.search(text) or re.search(r"^\s*(-r|-c|--requirement|--constraint)", text, re.MULTILINE))


def stated(path: str, read: Read) -> list[Stated]:
    """What a file, with the files that it includes, says of the frameworks. Raises ``RequirementsError``."""
    text = read(path)
    if text is None:
        return []
    reader = _reader(path)
    try:
        if reader is None:
            return list(dict.fromkeys(_requirements(path, text, read, set())))
        return list(dict.fromkeys(reader(text, visible_line(path))))
    except RecursionError as error:
        raise RequirementsError(f"{visible_line(path)}: is nested too deeply to be read: mend it") from error


def included(path: str, text: str) -> list[str]:
    """The files of the repository that a requirements file includes."""
    return [target for _, line in _joined(text) if (target := _included(path, line))]


# Requirements files -------------------------------------------------------------------------------------------------


def _requirements(path: str, text: str, read: Read, seen: set[str]) -> Iterator[Stated]:
    seen.add(path)
    for number, line in _joined(text):
        target = _included(path, line)
        if target and target not in seen:
            # What is not in the repository cannot have been changed in it.
            yield from _requirements(target, read(target) or "", read, seen)
        elif not target:
            yield from _line(line, f"{visible_line(path)}:{number}")


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
        if bare := re.sub(r"(^|\s+)#.*$", "", whole).strip():
            yield start, bare
    if bare := re.sub(r"(^|\s+)#.*$", "", before).strip():
        yield start, bare


def _included(path: str, line: str) -> str:
    """The path of the file that a line includes; empty where it includes none, or one outside of the repository."""
    found = _INCLUDE.match(line)
    if not found or "://" in found[1] or found[1].startswith("/"):
        return ""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[1].strip("\"'")))
    return "" if target.startswith("..") else target


def _line(line: str, place: str) -> Iterator[Stated]:
    """What a line of a requirements file says."""
    is_editable = re.match(r"(?:-e|--editable)[\s=]+(.+)", line)
    if is_editable:
        line = is_editable[1]
    elif line.startswith("-"):
        return
    if _LOCATION.match(line):
        location, _, marker = line.partition(" ;")
        if not marker or _holds(marker, place):
            yield from _from_location("", _OPTION.sub("", location), place)
    elif "${" in line:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        if name and _part(name[0]):
            yield Stated(_part(name[0]), None, place, line)
    else:
        yield from _requirement(_OPTION.sub("", f" {line}").strip(), place)


def _requirement(text: Any, place: str) -> Iterator[Stated]:
    """What a requirement such as ``torch[opt]==2.14.1; sys_platform == "linux"`` says."""
    if not isinstance(text, str):
        raise RequirementsError(f"{place}: {_shown(text)} is not text: write a requirement such as 'torch==2.14.1'")
    try:
        given = Requirement(text)
    except InvalidRequirement as error:
        raise RequirementsError(f"{place}: {_shown(text)} is not a requirement such as torch==2.14.1") from error
    name = _part(given.name)
    if not name or (given.marker and not _holds(str(given.marker), place)):
        return
    if given.url:
        yield from _from_location(name, given.url, place)
    else:
        yield _specified(name, str(given.specifier), place)


# Lock files ---------------------------------------------------------------------------------------------------------


def _lock(text: str, place: str) -> Iterator[Stated]:
    """``uv.lock``, ``poetry.lock``, ``pdm.lock`` and ``pylock.toml``: a table for each package."""
    content = _toml(text, place)
    for entry in (*_list(content.get("package"), place), *_list(content.get("packages"), place)):
        name = _part(entry.get("name")) if isinstance(entry, dict) else ""
        if not name:
            continue
        where = f"{place}, package {name}"
        markers = entry.get("resolution-markers") or entry.get("markers") or entry.get("marker") or []
        markers = list(markers.values()) if isinstance(markers, dict) else markers
        markers = [markers] if isinstance(markers, str) else _list(markers, where)
        if not markers or any(_holds(marker, where) for marker in markers):
            yield _locked(name, entry, where)


_ELSEWHERE = ("git", "path", "directory", "editable", "virtual", "vcs", "archive", "url", "file")


def _locked(name: str, entry: Mapping[str, Any], place: str) -> Stated:
    """A package of a lock file: its version, unless it comes from a repository, a folder or a source archive."""
    source = entry.get("source")
    source = source if isinstance(source, dict) else {}
    if source.get("type") == "legacy":  # Another index, in Poetry's words.
        source = {}
    archive = entry.get("archive")
    for holder in (source, entry, archive if isinstance(archive, dict) else {}):
        for location in (holder.get("url"), holder.get("path")):
            if isinstance(location, str) and _filename(location).endswith(".whl"):
                return replace(_pinned(name, entry.get("version"), place), build=location)
    if "type" in source or any(holder.get(key) for key in _ELSEWHERE for holder in (source, entry)):
        return Stated(name, None, place, _source({**entry, **source}))
    return _pinned(name, entry.get("version"), place)


def _source(entry: Mapping[str, Any]) -> str:
    """Where a package comes from, and which commit of it."""
    kept = {key: entry[key] for key in (*_ELSEWHERE, "ref", "rev", "revision", "resolved_reference") if key in entry}
    return json.dumps(kept, default=str, sort_keys=True)


def _pipfile(text: str, place: str) -> Iterator[Stated]:
    """``Pipfile.lock``."""
    for section, packages in _json(text, place).items():
        if section == "_meta":
            continue
        for given, entry in _dict(packages, f"{place}, {visible_line(section)}").items():
            name, where = _part(given), f"{place}, {visible_line(section)}"
            if not name or not isinstance(entry, dict) or ("markers" in entry and not _holds(entry["markers"], where)):
                continue
            if isinstance(entry.get("version"), str):
                yield _specified(name, entry["version"], where)
            else:
                yield Stated(name, None, where, _source(entry))


def _pixi(text: str, place: str) -> Iterator[Stated]:
    """``pixi.lock``: the packages that its environments have on this platform."""
    content = _dict(_yaml(text, place), place)
    subdir = _CONDA_PLATFORMS.get(platform.system(), "") + "-" + _CONDA_MACHINES.get(platform.machine(), "")
    urls = set()
    for name, environment in _dict(content.get("environments"), place).items():
        where = f"{place}, environment {visible_line(str(name))}"
        for entry in _list(_dict(_dict(environment, where).get("packages"), where).get(subdir), where):
            urls |= {url for kind in ("conda", "pypi") if isinstance(url := _dict(entry, where).get(kind), str)}
    for entry in _list(content.get("packages"), place):
        if not isinstance(entry, dict):
            continue
        url = next((entry[key] for key in ("conda", "pypi", "url", "path") if isinstance(entry.get(key), str)), "")
        if url not in urls:
            continue
        is_conda = "conda" in (*entry, entry.get("kind"))
        named = _filename(url).removesuffix(".conda").removesuffix(".tar.bz2").rsplit("-", 2)
        given, version = entry.get("name"), entry.get("version")
        if is_conda and len(named) == 3:
            given, version = given or named[0], version or named[1]
        name = _part(_CONDA.get(str(given), given) if is_conda else given)
        if name:
            yield _pinned(name, version, f"{place}, package {name}")


# Projects and environments ------------------------------------------------------------------------------------------


def _pyproject(text: str, place: str) -> Iterator[Stated]:
    """``pyproject.toml``: the project's dependencies, its extras and groups, and Poetry's tables."""
    content = _toml(text, place)
    project = _dict(content.get("project"), f"{place}, project")
    lists = {"project.dependencies": project.get("dependencies")}
    for table, groups in (
        ("project.optional-dependencies", project.get("optional-dependencies")),
        ("dependency-groups", content.get("dependency-groups")),
    ):
        for group, given in _dict(groups, f"{place}, {table}").items():
            lists[f"{table}.{group}"] = given
    for table, given in lists.items():
        where = f"{place}, {visible_line(table)}"
        for entry in _list(given, where):
            if not isinstance(entry, dict):  # {include-group = "..."} names what is read anyway.
                yield from _requirement(entry, where)
    poetry = _dict(_dict(content.get("tool"), f"{place}, tool").get("poetry"), f"{place}, tool.poetry")
    tables = {f"tool.poetry.{key}": poetry.get(key) for key in ("dependencies", "dev-dependencies")}
    for group, given in _dict(poetry.get("group"), f"{place}, tool.poetry.group").items():
        where = f"tool.poetry.group.{group}"
        tables[f"{where}.dependencies"] = _dict(given, f"{place}, {visible_line(where)}").get("dependencies")
    for table, given in tables.items():
        where = f"{place}, {visible_line(table)}"
        for named, entry in _dict(given, where).items():
            if name := _part(named):
                for one in entry if isinstance(entry, list) else [entry]:
                    yield from _poetry(name, one, where)


def _poetry(name: str, entry: Any, place: str) -> Iterator[Stated]:
    if isinstance(entry, str):
        entry = {"version": entry}
    entry = _dict(entry, place)
    if isinstance(entry.get("python"), str):
        pythons = _poetry_versions(entry["python"], place)
        if pythons is not None and not _specifiers(pythons, place).contains(
            platform.python_version(), prereleases=True
        ):
            return
    if entry.get("platform", sys.platform) != sys.platform:
        return
    if "markers" in entry and not _holds(entry["markers"], place):
        return
    if isinstance(entry.get("version"), str):
        versions = _poetry_versions(entry["version"], place)
        yield Stated(name, None, place, entry["version"]) if versions is None else _specified(name, versions, place)
    elif isinstance(entry.get("url"), str):
        yield from _from_location(name, entry["url"], place)
    else:
        yield Stated(name, None, place, _source(entry))


def _poetry_versions(text: str, place: str) -> str | None:
    """Poetry's constraint as pip writes it; ``None`` for alternatives, which pip does not have."""
    if "|" in text:
        return None
    parts = [part for part in re.split(r"\s*,\s*|(?<=[\w*])\s+(?=[<>=!~^])", text.strip()) if part not in ("", "*")]
    written = []
    for part in parts:
        operator, version = re.fullmatch(r"([\^~<>=!]*)\s*(.*)", part, re.DOTALL).groups()  # type: ignore[union-attr]
        if operator in ("^", "~"):
            base = _version(version, place)
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


def _environment(text: str, place: str) -> Iterator[Stated]:
    """conda's ``environment.yml``, with the list for pip in it."""
    content = _yaml(text, place)
    if not isinstance(content, dict):
        return  # A file of another tool that has this name.
    for entry in _list(content.get("dependencies"), f"{place}, dependencies"):
        if isinstance(entry, dict):
            for line in _list(entry.get("pip"), f"{place}, pip"):
                yield from _line(line, f"{place}, pip") if isinstance(line, str) else ()
        elif isinstance(entry, str):
            yield from _conda(entry, f"{place}, dependencies")


def _conda(text: str, place: str) -> Iterator[Stated]:
    """A conda package such as ``pytorch=2.13``, ``conda-forge::pytorch >=2.13,<3`` or ``pytorch=2.13.0=cpu_0``."""
    found = re.fullmatch(r"\s*([\w.-]+)\s*(.*?)\s*", text.rpartition("::")[2], re.DOTALL)
    name = _part(_CONDA.get(found[1].lower(), found[1])) if found else ""
    if not found or not name:
        return
    rest = found[2]
    bracket = re.search(r"\[.*?version\s*=\s*['\"]?([^'\"\]]+)['\"]?.*\]", rest)
    rest = (bracket[1] if bracket else re.sub(r"\[.*\]", "", rest)).strip()
    if "|" in rest:
        yield Stated(name, None, place, rest)
        return
    exact = re.fullmatch(r"(?:==?\s*)?([\w.!+]+)(?:=|\s+)([^=\s]+)", rest)
    fuzzy = re.fullmatch(r"=\s*([\w.]+?)(?:\.\*)?", rest)
    if exact:
        yield _specified(name, f"=={exact[1]}", place)
    elif fuzzy:
        # In conda =2.13 is every 2.13.x; a release of PyTorch or TensorFlow has three numbers.
        yield _specified(name, f"=={fuzzy[1]}" if fuzzy[1].count(".") >= 2 else f"=={fuzzy[1]}.*", place)
    elif re.match(r"\d", rest):
        yield _specified(name, f"=={rest}", place)
    else:
        yield _specified(name, "" if rest == "*" else rest, place)


# Names, versions, markers and places --------------------------------------------------------------------------------


def _part(name: Any) -> str:
    """The canonical name of a framework's distribution; empty for every other package."""
    try:
        canonical = canonicalize_name(name, validate=True) if isinstance(name, str) else ""
    except InvalidName:
        return ""
    return canonical if canonical in PARTS else ""


def _specified(name: str, text: str, place: str) -> Stated:
    """A specifier, written again; the local label of an exact version is kept apart."""
    specifiers = _specifiers(text, place)
    pins = [s for s in specifiers if s.operator in ("==", "===") and not s.version.endswith(".*")]
    for pin in pins:
        _version(pin.version, place)  # === would allow any text.
    if len(specifiers) == 1 and pins:
        return _pinned(name, pins[0].version, place)
    return Stated(name, ",".join(sorted(map(str, specifiers))), place)


def _specifiers(text: str, place: str) -> SpecifierSet:
    try:
        return SpecifierSet(text)
    except InvalidSpecifier as error:
        raise RequirementsError(f"{place}: {_shown(text)} does not name versions such as >=2.13,<3") from error


def _pinned(name: str, version: Any, place: str) -> Stated:
    if version is None:
        return Stated(name, None, place, "an entry without a version")
    exact = _version(version, place)
    return Stated(name, f"=={exact.public}", place, f"+{exact.local}" if exact.local else "")


def _version(text: Any, place: str) -> Version:
    try:
        return Version(text)
    except (InvalidVersion, TypeError) as error:
        raise RequirementsError(f"{place}: {_shown(text)} is not a version such as 2.14.1") from error


def _from_location(name: str, location: str, place: str) -> Iterator[Stated]:
    """A package from a URL or path: the version is in the name of a wheel or source archive, or unknown."""
    filename, version = _filename(location), None
    try:
        if filename.endswith(".whl"):
            named, version = parse_wheel_filename(filename)[:2]
        else:
            named, version = parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename):
        egg = re.search(r"[#&]egg=([\w.-]+)", location)
        named = canonicalize_name(egg[1]) if egg else canonicalize_name(name)
    if name and named != name:
        raise RequirementsError(f"{place}: {name} comes from {_shown(location)}, which is a file of {named}: mend it")
    if part := _part(named):
        yield Stated(part, None if version is None else f"=={version.public}", place, location)


def _filename(location: str) -> str:
    try:
        return unquote(posixpath.basename(urlsplit(location.replace("\\", "/")).path)).strip()
    except ValueError:
        return ""


def _holds(marker: Any, place: str) -> bool:
    """Whether a marker can hold on this platform, with one of the extras that it names or none."""
    try:
        parsed = Marker(marker)
        extras = re.findall(r"extra\s*==\s*[\"']([^\"']*)[\"']", str(parsed))
        return any(parsed.evaluate({"extra": extra}) for extra in ("", *extras))
    except (InvalidMarker, TypeError) as error:
        raise RequirementsError(f"{place}: {_shown(marker)} is not a marker such as sys_platform == 'linux'") from error
    except (UndefinedComparison, UndefinedEnvironmentName):
        return True  # Of an installer's own kind: the platform does not exclude it.


def _shown(value: Any) -> str:
    text = repr(visible_line(value) if isinstance(value, str) else value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _list(value: Any, place: str) -> Sequence[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise RequirementsError(f"{place}: {_shown(value)} is not a list")
    return value


def _dict(value: Any, place: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RequirementsError(f"{place}: {_shown(value)} is not a table")
    return value


# Formats ------------------------------------------------------------------------------------------------------------


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads plain data, without ``<<``: merging can make a small file a large one."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        pass


def _toml(text: str, place: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RequirementsError(f"{place}: is not valid TOML: {_short(error)}") from error
    return content


def _json(text: str, place: str) -> Mapping[str, Any]:
    try:
        return _dict(json.loads(text), place)
    except ValueError as error:
        raise RequirementsError(f"{place}: is not valid JSON: {_short(error)}") from error


def _yaml(text: str, place: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError) as error:
        raise RequirementsError(f"{place}: is not valid YAML: {_short(error)}") from error


def _short(error: Exception) -> str:
    """An error's text in one line."""
    return _shown(" ".join(str(error).split()))[1:-1]


Reader = Callable[[str, str], Iterator[Stated]]

_READERS: dict[str, Reader] = {
    "uv.lock": _lock,
    "poetry.lock": _lock,
    "pdm.lock": _lock,
    "pylock.toml": _lock,
    "pylock.*.toml": _lock,
    "pixi.lock": _pixi,
    "Pipfile.lock": _pipfile,
    "pyproject.toml": _pyproject,
    "environment.y*ml": _environment,
    "environment[-_.]*.y*ml": _environment,
}


def _reader(path: str) -> Reader | None:
    name = posixpath.basename(path)
    return next((reader for pattern, reader in _READERS.items() if fnmatchcase(name, pattern)), None)
