"""Writing Markdown: prose whose code is set as code, tables, links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_CODE = r"""
    `[^`]*`                                                     # already set as code
    | https?://[^\s()<>]*[^\s()<>.,:;]                          # an address
    | (?<![\w.])[A-Za-z]\w*=(?:\[[^\[\]]*\]|\([^()]*\))             # name=[values]
    | (?<![\w.])[A-Za-z]\w*(?:[./]\w+)*(?:\([^()\s]*\))?=[^\s,;()]*[^\s,;().:]  # name=value
    | (?<![\w.])(?:[A-Za-z_]\w*[./])+\w+(?:\([^()\s]*\)|(?=\W|$))   # dotted names and paths
    | (?<![\w.])\w*[A-Za-z0-9]_\w*(?:\([^()\s]*\))?                 # names with underscores
"""
_TOKEN = re.compile(f"({_CODE})", re.VERBOSE)
_SPECIAL = re.compile(r"([\\*_<>\[\]|])")
_BAR, _ESCAPED = re.compile(r"(?<!\\)\|"), r"\\|"
_ADDRESS = re.compile(r"https?://")


def prose(text: str) -> str:
    """Plain text as Markdown: names are set as code, addresses as links, the rest means itself."""
    return "".join(_part(part, number % 2 == 1) for number, part in enumerate(_TOKEN.split(text)))


def code(text: str) -> str:
    """Text set as code within a line."""
    text = " ".join(text.split())
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def fenced(text: str, language: str = "") -> str:
    """A block of code."""
    return f"```{language}\n{text}\n```"


def link(text: str, target: str) -> str:
    return f"[{text}]({target})"


def anchor(kind: str, name: str) -> str:
    """A place to link to that no other heading can take."""
    return f'<a id="{kind}-{name}"></a>'


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table. Cells are Markdown; a bar within them is escaped."""
    yield _line(header)
    yield _line(["---"] * len(header))
    for row in rows:
        yield _line(row)


def source(text: str) -> str:
    """Where something is documented: an address as a link with a short name, anything else in words."""
    if not _ADDRESS.match(text) or any(space in text for space in " ;,"):
        return prose(text)
    name = re.sub(r"^https?://(www\.)?", "", text).split("#")[0].rstrip("/")
    host, _, path = name.partition("/")
    last = path.rsplit("/", 1)[-1].removesuffix(".html")
    return link(f"{host}, {code(last)}" if last else host, text)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_BAR.sub(_ESCAPED, cell) for cell in cells)} |"


def _part(part: str, is_code: bool) -> str:
    if not is_code:
        return _SPECIAL.sub(r"\\\1", part)
    if part.startswith("`") or _ADDRESS.match(part):
        return source(part) if _ADDRESS.match(part) else part
    if part in ("e.g", "i.e") or re.fullmatch(r"[\d./]+", part):
        return part
    return code(part)
