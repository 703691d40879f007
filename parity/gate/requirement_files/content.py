"""The content of a file in TOML, JSON or YAML, and the shape that it has to have.

What does not have it is an error that names the place.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from ...catalog.visible import visible_line

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LONGEST = 120
"""Characters of a file that a message shows."""


class RequirementsError(Exception):
    """A file cannot be read. The message names the file and the place, and what to do."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads plain data, without ``<<``: merging can make a small file a large one."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        pass


def from_toml(text: str, place: str) -> Mapping[str, Any]:
    """The tables of a TOML file."""
    try:
        return as_table(tomllib.loads(text), place)
    except tomllib.TOMLDecodeError as error:
        raise RequirementsError(f"{place}: is not valid TOML: {_short(error)}") from error


def from_json(text: str, place: str) -> Mapping[str, Any]:
    """The object of a JSON file."""
    try:
        return as_table(json.loads(text), place)
    except ValueError as error:
        raise RequirementsError(f"{place}: is not valid JSON: {_short(error)}") from error


def from_yaml(text: str, place: str) -> Any:
    """The value of a YAML file, of any shape."""
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError) as error:
        raise RequirementsError(f"{place}: is not valid YAML: {_short(error)}") from error


def as_table(value: Any, place: str) -> Mapping[str, Any]:
    """A value that has to be a table; empty where there is none."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RequirementsError(f"{place}: {shown(value)} is not a table")
    return value


def as_list(value: Any, place: str) -> Sequence[Any]:
    """A value that has to be a list; empty where there is none."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise RequirementsError(f"{place}: {shown(value)} is not a list")
    return value


def shown(value: Any) -> str:
    """A value of a file as a message shows it: in one visible line, cut off where it is long."""
    text = repr(visible_line(value) if isinstance(value, str) else value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _short(error: Exception) -> str:
    """An error's text in one line."""
    return shown(" ".join(str(error).split()))[1:-1]
