"""Text from outside, made safe to print: what it holds is seen, and moves, colours or hides nothing."""

from __future__ import annotations

import re
import unicodedata

_SEQUENCES = re.compile(
    r"""
    \x1b\[[0-?]*[ -/]*[@-~]                            # a terminal's control sequence: colours, the cursor
    | \x1b[\]PX^_](?:(?!\x1b\\|\x07)[\s\S])*(?:\x1b\\|\x07)  # a command with text: the window's title, a link
    | \x1b[ -/]*[0-~]                                  # a short one
    """,
    re.VERBOSE,
)
_HIDDEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters and marks without a shape."""


def visible(text: str) -> str:
    """The text without a terminal's control sequences; other characters that are not seen are written as escapes.

    Those are control characters, the marks that turn the direction of text, characters of no width and lone
    surrogates. Line feeds and tabs are kept.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_written, _SEQUENCES.sub("", text)))


def visible_line(text: str) -> str:
    """The same in one line: a name of a file cannot begin a line of its own in a log, where CI looks for commands."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def _written(character: str) -> str:
    if character in "\n\t" or (character.isprintable() and character not in _HIDDEN):
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")
