"""Text in CSV cells that no spreadsheet takes for a formula."""

from __future__ import annotations

import re

_FORMULA = re.compile("'*[=+\\-@\\t\\r\\uff1d\\uff0b\\uff0d\\uff20]")
"""How a cell begins that a spreadsheet may run, whatever number of apostrophes stands before it."""

_NUMBER = re.compile(r"-\d+(?:\.\d+)?(?:e[+-]\d+)?")
"""What begins like a formula, and is a number to every spreadsheet."""


def guarded(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would run it: it then shows it as text."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(text: str) -> str:
    """The text that ``guarded`` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
