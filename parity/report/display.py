"""How the page writes values, names and texts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from ..catalog.frameworks import FRAMEWORKS, REFERENCE
from ..judge.row import BOTH, FORMULA

TITLES = {REFERENCE: "NumPy (the formulas)", **{name: framework.title for name, framework in FRAMEWORKS.items()}}
OFF = {**TITLES, FORMULA: "the formula", BOTH: "both frameworks"}

_URL = re.compile(r"""(https?://[^\s()<>"']*[^\s()<>"'.,:;])""")


def off(blame: str) -> str:
    """Who is to blame, in words."""
    return OFF.get(blame, blame)


def plain(value: Any) -> str:
    """A setting in words."""
    if isinstance(value, list):
        return ", ".join(map(plain, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def version(described: Mapping[str, Any]) -> str:
    """The version of an environment's framework."""
    keras = f" with Keras {described['keras']}" if "keras" in described else ""
    return f"{described['version']}{keras}" if "version" in described else "not recorded"


def moment(began: Any) -> str:
    """A recorded time, for readers."""
    return str(began).replace("T", " ").replace("+00:00", " UTC")


def breakable(name: str) -> Markup:
    """A long name that may be broken after its punctuation."""
    return Markup("<wbr>").join(re.split(r"(?<=[_=:/\[(,-])|(?<=\.)(?!\d)", name))


def address(given: Mapping[str, Any], place: str) -> str:
    """The address of a part of the page that a script shows: what is given filters it, or names a row."""
    query = urlencode({name: value for name, value in given.items() if value != ""})
    return f"#{place}?{query}" if query else f"#{place}"


def linked(text: str) -> Markup:
    """Text whose addresses are links."""
    link = Markup('<a href="{0}" rel="noreferrer">{0}</a>')
    return Markup("").join(link.format(part) if number % 2 else part for number, part in enumerate(_URL.split(text)))


def number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3g}"


def share(ratio: float | None) -> str:
    """How much of the allowance was used."""
    if ratio is None or math.isnan(ratio):
        return ""
    if ratio > 9.995:
        return "∞" if math.isinf(ratio) else f"{ratio:.3g}\u202f\u00d7"
    return "<1\u202f%" if 0 < ratio < 0.01 else f"{ratio * 100:.0f}\u202f%"


def duration(seconds: float) -> str:
    for unit, size in (("µs", 1e-6), ("ms", 1e-3)):
        if seconds < 999.5 * size:
            return f"{seconds / size:.3g}\u202f{unit}"
    return f"{seconds:.3g}\u202fs"


def memory(size: float) -> str:
    """Bytes in the unit that suits them."""
    for unit, of_unit in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= of_unit:
            return f"{size / of_unit:.3g}\u202f{unit}"
    return f"{size:.0f}\u202fB" if size == size else ""
