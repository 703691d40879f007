"""Writing a record while the run goes on, so that what is done is kept whatever happens next."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from ..judge.row import COLUMNS, Row
from .schema import ENVIRONMENT, HTML, PARITY, TIMING_COLUMNS, TIMINGS, TimingRow


class RecordWriter:
    """Appends rows to ``parity.csv`` and ``timings.csv`` in ``folder`` and writes ``environment.json``.

    Opening it empties the record that was there. Raises ``OSError`` where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / HTML).unlink(missing_ok=True)
        self._rows = self._open(PARITY, COLUMNS)
        self._timings = self._open(TIMINGS, TIMING_COLUMNS)

    def _open(self, name: str, columns: Iterable[str]) -> IO[str]:
        stream = (self.folder / name).open("w", newline="", encoding="utf-8", errors="backslashreplace")
        csv.writer(stream, lineterminator="\n").writerow(columns)
        return stream

    def add(self, rows: Iterable[Row], timings: Iterable[TimingRow]) -> None:
        """Append and flush."""
        for stream, entries in ((self._rows, rows), (self._timings, timings)):
            csv.writer(stream, lineterminator="\n").writerows(map(_cells, entries))
            stream.flush()

    def environment(self, content: Mapping[str, Any]) -> None:
        """Write (or rewrite) ``environment.json``."""
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (self.folder / ENVIRONMENT).write_text(text, encoding="utf-8")

    def close(self) -> None:
        self._rows.close()
        self._timings.close()


def _cells(entry: Row | TimingRow) -> list[Any]:
    return [_cell(value) for value in vars(entry).values()]


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        text = format(value, ".6g")
        # A ratio must stay on its side of 1 when it is rounded.
        return text if (float(text) <= 1.0) == (value <= 1.0) else repr(float(value))
    if not isinstance(value, str) or value.isprintable():
        return value
    # A row is one line, so that a record cut off anywhere loses its last row only.
    return " | ".join(line.strip() for line in value.replace("\0", "").splitlines())
