"""What a framework says while a unit runs: Python warnings, and what it logs as a warning or an error."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..catalog.visible import visible
from .protocol import Warned

_LONGEST = 400
_LIBRARIES = "site-packages/"
_PATH = re.compile(r"(?<![\w/])(?:/[\w.+@-]+){2,}")


class Heard(logging.Handler):
    """Everything said, each once, in order."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: dict[Warned, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self._add(visible(record.levelname), record.getMessage(), f"{place(record.pathname)}:{record.lineno}")

    def warning(self, message: Warning | str, category: type[Warning], filename: str, line: int, *_: Any) -> None:
        """In the place of ``warnings.showwarning``."""
        self._add(visible(category.__name__), str(message), f"{place(filename)}:{line}")

    def _add(self, category: str, message: str, where: str) -> None:
        text = in_one_line(message)
        self.said.setdefault(Warned(category, text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …", where))


@contextmanager
def hearing() -> Iterator[Heard]:
    """Collect what is said inside, also what Python would say only once or not at all."""
    heard, root = Heard(), logging.getLogger()
    root.addHandler(heard)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = heard.warning  # type: ignore[assignment]
            yield heard
    finally:
        root.removeHandler(heard)


def in_one_line(text: str) -> str:
    """A message as one line of visible characters, with the paths in it as ``place`` gives them."""
    return _PATH.sub(lambda found: place(found[0]), visible(" ".join(text.split())))


def place(path: str) -> str:
    """A file's path, without where its library is installed."""
    path = Path(path).as_posix()
    return path.rpartition(_LIBRARIES)[2] if _LIBRARIES in path else "/".join(Path(path).parts[-2:])
