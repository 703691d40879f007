"""Lock files: of uv, Poetry, PDM, Pipenv and pixi, and ``pylock.toml``."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...catalog.visible import visible_line
from .content import as_list, as_table, from_json, from_toml, from_yaml
from .statement import ELSEWHERE, Stated, conda_part_of, file_of, from_elsewhere, holds, part_of, pinned, specified

_CONDA_PLATFORMS = {"Linux": "linux", "Darwin": "osx", "Windows": "win"}
_CONDA_MACHINES = {"x86_64": "64", "AMD64": "64", "aarch64": "aarch64", "arm64": "arm64", "ARM64": "arm64"}


def lock(text: str, place: str) -> Iterator[Stated]:
    """``uv.lock``, ``poetry.lock``, ``pdm.lock`` and ``pylock.toml``: a table for each package."""
    content = from_toml(text, place)
    for entry in (*as_list(content.get("package"), place), *as_list(content.get("packages"), place)):
        name = part_of(entry.get("name")) if isinstance(entry, dict) else ""
        if not name:
            continue
        where = f"{place}, package {name}"
        markers = entry.get("resolution-markers") or entry.get("markers") or entry.get("marker") or []
        markers = list(markers.values()) if isinstance(markers, dict) else markers
        markers = [markers] if isinstance(markers, str) else as_list(markers, where)
        if not markers or any(holds(marker, where) for marker in markers):
            yield _locked(name, entry, where)


def _locked(name: str, entry: Mapping[str, Any], place: str) -> Stated:
    """A package of a lock file: its version, unless it comes from a repository, a folder or a source archive."""
    source = entry.get("source")
    source = source if isinstance(source, dict) else {}
    if source.get("type") == "legacy":  # Another index, in Poetry's words.
        source = {}
    archive = entry.get("archive")
    for holder in (source, entry, archive if isinstance(archive, dict) else {}):
        for location in (holder.get("url"), holder.get("path")):
            if isinstance(location, str) and file_of(location).endswith(".whl"):
                return replace(pinned(name, entry.get("version"), place), build=location)
    if "type" in source or any(holder.get(key) for key in ELSEWHERE for holder in (source, entry)):
        return from_elsewhere(name, {**entry, **source}, place)
    return pinned(name, entry.get("version"), place)


def pipfile(text: str, place: str) -> Iterator[Stated]:
    """``Pipfile.lock``."""
    for section, packages in from_json(text, place).items():
        if section == "_meta":
            continue
        where = f"{place}, {visible_line(section)}"
        for given, entry in as_table(packages, where).items():
            name = part_of(given)
            if not name or not isinstance(entry, dict) or ("markers" in entry and not holds(entry["markers"], where)):
                continue
            if isinstance(entry.get("version"), str):
                yield specified(name, entry["version"], where)
            else:
                yield from_elsewhere(name, entry, where)


def pixi(text: str, place: str) -> Iterator[Stated]:
    """``pixi.lock``: the packages that its environments have on this platform."""
    content = as_table(from_yaml(text, place), place)
    urls = _pixi_urls(content, place)
    for entry in as_list(content.get("packages"), place):
        if not isinstance(entry, dict):
            continue
        url = next((entry[key] for key in ("conda", "pypi", "url", "path") if isinstance(entry.get(key), str)), "")
        if url not in urls:
            continue
        is_conda = "conda" in (*entry, entry.get("kind"))
        named = file_of(url).removesuffix(".conda").removesuffix(".tar.bz2").rsplit("-", 2)
        given, version = entry.get("name"), entry.get("version")
        if is_conda and len(named) == 3:
            given, version = given or named[0], version or named[1]
        name = conda_part_of(given) if is_conda else part_of(given)
        if name:
            yield pinned(name, version, f"{place}, package {name}")


def _pixi_urls(content: Mapping[str, Any], place: str) -> set[str]:
    """Where the packages come from that some environment has on this platform."""
    subdir = f"{_CONDA_PLATFORMS.get(platform.system(), '')}-{_CONDA_MACHINES.get(platform.machine(), '')}"
    urls = set()
    for name, environment in as_table(content.get("environments"), place).items():
        where = f"{place}, environment {visible_line(str(name))}"
        for entry in as_list(as_table(as_table(environment, where).get("packages"), where).get(subdir), where):
            urls |= {url for kind in ("conda", "pypi") if isinstance(url := as_table(entry, where).get(kind), str)}
    return urls
