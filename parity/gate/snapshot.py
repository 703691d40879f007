"""Reading and writing what is compared: a run's record, or a baseline that was made of one.

A baseline is the part of a record that comparing needs, compressed: ``results.csv.gz``, ``arrays.safetensors.gz``,
``warnings.csv`` and ``environment.json``. Nothing in it can run code when it is read.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..catalog.dtypes import Array
from ..record.arrays import ArraysWriter, DamagedError, read_arrays
from ..record.cells import unguarded
from ..record.read import RecordError, read_environment
from ..record.results import RESULT_COLUMNS, Key, ResultRow
from ..record.schema import ARRAYS, ENVIRONMENT, RESULTS, SCHEMA_VERSION, WARNING_COLUMNS, WARNINGS, WarningRow
from ..record.write import write_rows

_LARGEST = 4 << 30
"""Bytes that a compressed file may unpack to: far beyond any catalogue, within a machine's memory."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """A result, and how many representable values each element is from the formula's (``None``: nowhere)."""

    row: ResultRow
    distances: Array | None


@dataclass(frozen=True)
class Snapshot:
    """All results of a run by key, what was said by text, and the environment."""

    folder: Path
    environment: Mapping[str, Any]
    results: Mapping[Key, Entry]
    warnings: Mapping[str, WarningRow]

    @property
    def seed(self) -> int:
        return int(self.environment.get("seed", 0))

    @property
    def files(self) -> Mapping[str, str]:
        """The case file of each operation, by its name."""
        return dict(self.environment.get("catalogue", {}).get("files", {}))

    def version(self, framework: str) -> str:
        return str(self.environment.get("environments", {}).get(framework, {}).get("version", ""))


def read_snapshot(folder: Path) -> Snapshot:
    """Read a record with arrays, or a baseline. Raises ``RecordError`` for what is missing, damaged or incomplete."""
    environment = read_environment(folder)
    if environment.get("schema") != SCHEMA_VERSION:
        raise RecordError(
            f"{folder / ENVIRONMENT}: has schema {environment.get('schema')!r}, this version reads {SCHEMA_VERSION}; "
            "record it anew"
        )
    _whole(folder, environment)
    rows = list(_table(folder, RESULTS, RESULT_COLUMNS, _result))
    said = {
        warning.text: warning for warning in _table(folder, WARNINGS, WARNING_COLUMNS, lambda row: WarningRow(*row))
    }
    results: dict[Key, Entry] = {}
    try:
        for row, distances in read_arrays(_bytes(folder, ARRAYS), rows):
            key = row.key
            if key in results:
                raise RecordError(f"{folder / RESULTS}: holds {' '.join(key)} twice")
            results[key] = Entry(row, distances)
    except (DamagedError, ValueError, OverflowError) as error:
        raise RecordError(f"{folder / ARRAYS}: {error}") from error
    if not results:
        raise RecordError(f"{folder / RESULTS}: holds no results")
    return Snapshot(folder, environment, results, said)


def write_baseline(snapshot: Snapshot, folder: Path) -> None:
    """Write a snapshot as a baseline, in the place of the one that was there."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = list(snapshot.results.values())
    arrays = ArraysWriter()
    for entry in entries:
        arrays.add(entry.row, entry.distances)
    files = {
        f"{RESULTS}.gz": _packed(_csv(RESULT_COLUMNS, [entry.row for entry in entries])),
        f"{ARRAYS}.gz": _packed(arrays.content()),
        WARNINGS: _csv(WARNING_COLUMNS, snapshot.warnings.values()),
        ENVIRONMENT: (json.dumps(snapshot.environment, indent=2, ensure_ascii=False) + "\n").encode(),
    }
    for name, content in files.items():
        draft = folder / f"{name}.part"
        draft.write_bytes(content)
        draft.replace(folder / name)


def _whole(folder: Path, environment: Mapping[str, Any]) -> None:
    if broken := environment.get("broken"):
        raise RecordError(f"{len(broken)} declarations cannot run, and nothing was judged: {broken[0]}")
    planned, done = environment.get("planned"), environment.get("items")
    if not isinstance(planned, int) or planned != done:
        raise RecordError(f"{folder / ENVIRONMENT}: {done} of {planned} items were done: the run did not end")
    if not isinstance(environment.get("environments"), dict) or not isinstance(environment.get("seed"), int):
        raise RecordError(f"{folder / ENVIRONMENT}: tells no environments or no seed")


_NUMBERS = tuple(RESULT_COLUMNS.index(name) for name in ("error_ratio", "max_ulp", "rho"))
_COUNTS = tuple(RESULT_COLUMNS.index(name) for name in ("wrong", "not_finite"))


def _result(cells: list[Any]) -> ResultRow:
    for index in _NUMBERS:
        cells[index] = float(cells[index]) if cells[index] else None
    for index in _COUNTS:
        cells[index] = int(cells[index]) if cells[index] else None
    return ResultRow(*cells)


def _table(folder: Path, name: str, columns: tuple[str, ...], make: Any) -> Iterator[Any]:
    try:
        lines = csv.reader(io.StringIO(_bytes(folder, name).decode(), newline=""))
        header = next(lines, [])
        if tuple(header) != columns:
            raise RecordError(f"{folder / name}: its columns are not those of this version; record it anew")
        for number, cells in enumerate(lines, start=2):
            if len(cells) != len(columns):
                raise RecordError(f"{folder / name}: row {number} has {len(cells)} cells instead of {len(columns)}")
            yield make([unguarded(cell) for cell in cells])
    except (csv.Error, ValueError) as error:
        raise RecordError(f"{folder / name}: cannot be read: {error}") from error


def _bytes(folder: Path, name: str) -> bytes:
    """A file's content; compressed files have ``.gz`` behind their name."""
    packed = folder / f"{name}.gz"
    try:
        if not packed.exists():
            return (folder / name).read_bytes()
        with gzip.open(packed) as stream:
            content = stream.read(_LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise RecordError(f"{packed if packed.exists() else folder / name}: cannot be read: {error}") from error
    if len(content) > _LARGEST:
        raise RecordError(f"{packed}: unpacks to more than {_LARGEST >> 30} GiB")
    return content


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def _csv(columns: Iterable[str], entries: Iterable[Any]) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerow(columns)
    write_rows(stream, entries)
    return stream.getvalue().encode("utf-8", errors="backslashreplace")


__all__ = ["Entry", "RecordError", "Snapshot", "read_snapshot", "write_baseline"]
