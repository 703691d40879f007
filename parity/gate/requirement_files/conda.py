"""conda's environment files, such as ``environment.yml``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .content import as_list, from_yaml
from .pip import requirement_line
from .statement import Stated, conda_part_of, specified


def environment(text: str, place: str) -> Iterator[Stated]:
    """conda's ``environment.yml``, with the list for pip in it."""
    content = from_yaml(text, place)
    if not isinstance(content, dict):
        return  # A file of another tool that has this name.
    for entry in as_list(content.get("dependencies"), f"{place}, dependencies"):
        if isinstance(entry, dict):
            for line in as_list(entry.get("pip"), f"{place}, pip"):
                yield from requirement_line(line, f"{place}, pip") if isinstance(line, str) else ()
        elif isinstance(entry, str):
            yield from _conda(entry, f"{place}, dependencies")


def _conda(text: str, place: str) -> Iterator[Stated]:
    """A conda package such as ``pytorch=2.13``, ``conda-forge::pytorch >=2.13,<3`` or ``pytorch=2.13.0=cpu_0``."""
    found = re.fullmatch(r"\s*([\w.-]+)\s*(.*?)\s*", text.rpartition("::")[2], re.DOTALL)
    name = conda_part_of(found[1].lower()) if found else ""
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
        yield specified(name, f"=={exact[1]}", place)
    elif fuzzy:
        # In conda =2.13 is every 2.13.x; a release of PyTorch or TensorFlow has three numbers.
        yield specified(name, f"=={fuzzy[1]}" if fuzzy[1].count(".") >= 2 else f"=={fuzzy[1]}.*", place)
    elif re.match(r"\d", rest):
        yield specified(name, f"=={rest}", place)
    else:
        yield specified(name, "" if rest == "*" else rest, place)
