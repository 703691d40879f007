"""Writing a record while the run goes on, so that what is done is kept whatever happens next."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import asdict, fields
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

from ..catalog.dtypes import Array
from ..catalog.visible import visible
from ..judge.row import COLUMNS, Row
from .arrays import ArraysWriter
from .cells import guarded
from .results import RESULT_COLUMNS, ResultRow
from .schema import (
    ARRAYS,
    ASKED,
    CATALOGUE,
    ENVIRONMENT,
    HTML,
    PARITY,
    QUICK,
    QUICK_COLUMNS,
    RESULTS,
    WARNING_COLUMNS,
    WARNINGS,
    AskedRow,
    QuickRow,
    WarningRow,
)


class RecordWriter:
    """Appends to the tables of a record in ``folder``, and writes ``environment.json``.

    Opening it empties the record that was there. With ``arrays``, closing it writes what is needed to compare
    the results of two runs. Raises ``OSError`` where the folder cannot be written.
    """

    def __init__(self, folder: Path, *, arrays: bool = False) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in (HTML, ARRAYS):
            (folder / name).unlink(missing_ok=True)
        self._catalogue = (folder / CATALOGUE).open("w", encoding="utf-8")
        self._asked = (folder / ASKED).open("w", encoding="utf-8")
        self._rows = open_table(folder / PARITY, COLUMNS)
        self._timings = open_table(folder / QUICK, QUICK_COLUMNS)
        self._results = open_table(folder / RESULTS, RESULT_COLUMNS)
        self._warnings = open_table(folder / WARNINGS, WARNING_COLUMNS)
        self._said: set[str] = set()
        self._kept: set[Hashable] = set()
        self._arrays = ArraysWriter() if arrays else None

    def add(self, rows: Iterable[Row], timings: Iterable[QuickRow]) -> None:
        """Append and flush."""
        self._append(self._rows, rows)
        self._append(self._timings, timings)

    def add_results(self, results: Iterable[tuple[ResultRow, Array | None]]) -> None:
        """Append and flush what every implementation gave, as ``result_rows`` tells it."""
        entries = list(results)
        self._append(self._results, (row for row, _ in entries))
        if self._arrays is not None:
            for row, distances in entries:
                self._arrays.add(row, distances)

    def add_warnings(self, warnings: Iterable[WarningRow]) -> None:
        """Append and flush what was not said before in this run."""
        new = {warning.text: warning for warning in warnings if warning.text not in self._said}
        self._said.update(new)
        self._append(self._warnings, new.values())

    def add_asked(self, asked: Iterable[AskedRow]) -> None:
        """Append and flush what no variant of the implementation asked before; defaults stand with a name's first."""
        for row in asked:
            if row.key in self._kept:
                continue
            content = asdict(row)
            if row.name in self._kept:
                content["defaults"] = {}
            self._kept.add(row.key)
            if row.defaults:
                self._kept.add(row.name)
            self._asked.write(json.dumps(content, ensure_ascii=False) + "\n")
        self._asked.flush()

    def add_declaration(self, declaration: Mapping[str, Any]) -> None:
        """Append a case's declaration and flush."""
        self._catalogue.write(json.dumps(declaration) + "\n")
        self._catalogue.flush()

    def environment(self, content: Mapping[str, Any]) -> None:
        """Write (or rewrite) ``environment.json``."""
        write_json(self.folder / ENVIRONMENT, content)

    def close(self) -> None:
        for stream in (self._rows, self._timings, self._results, self._warnings, self._catalogue, self._asked):
            stream.close()
        if self._arrays is not None:
            (self.folder / ARRAYS).write_bytes(self._arrays.content())

    def _append(self, stream: IO[str], entries: Iterable[Any]) -> None:
        write_rows(stream, entries)
        stream.flush()


def open_table(path: Path, columns: Iterable[str]) -> IO[str]:
    """A new table in the place of the one that was there, with its head."""
    stream = path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
    csv.writer(stream, lineterminator="\n").writerow(columns)
    return stream


def append_rows(path: Path, entries: Iterable[Any]) -> None:
    """Append dataclass instances to a table that was opened before."""
    with path.open("a", newline="", encoding="utf-8", errors="backslashreplace") as stream:
        write_rows(stream, entries)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object as indented JSON."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_rows(stream: IO[str], entries: Iterable[Any]) -> None:
    """Write dataclass instances as CSV rows."""
    csv.writer(stream, lineterminator="\n").writerows(map(_cells, entries))


def _cells(entry: Any) -> list[Any]:
    kind: Any = type(entry)
    return [_cell(value) for value in _values(kind)(entry)]


@cache
def _values(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*(field.name for field in fields(kind)))


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        text = format(value, ".6g")
        # A ratio must stay on its side of 1 when it is rounded.
        return text if (float(text) <= 1.0) == (value <= 1.0) else repr(float(value))
    if not isinstance(value, str):
        return value
    if not value.isprintable():
        # A row is one line, so that a record cut off anywhere loses its last row only.
        value = visible(" | ".join(line.strip() for line in value.replace("\0", "").splitlines()))
    return guarded(value)
