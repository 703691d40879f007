"""A part of a page that a session writes, between two marks in what is written by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Marked:
    """What it tells, in which page, and the session that writes it."""

    page: Path
    title: str
    session: str

    def replaced(self, page: str, lines: Iterable[str]) -> str:
        """The page with ``lines`` between the marks. Raises ``ValueError`` where it has no marks."""
        begin, end = f"<!-- {self.title}: written by nox -s {self.session} -->", f"<!-- end of {self.title} -->"
        before, opened, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not opened or not closed:
            raise ValueError(f"{self.page.name} has no place for the {self.title}: `{begin}` and `{end}`")
        return "\n".join([before + begin, "", *lines, end + after])

    def write(self, lines: Iterable[str]) -> None:
        """Replace the part in its page."""
        self.page.write_text(self.replaced(self.page.read_text(encoding="utf-8"), lines), encoding="utf-8")
