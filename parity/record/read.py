"""Reading a record back as pandas tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..judge.row import COLUMNS
from .cells import unguarded
from .schema import ASKED, CATALOGUE, ENVIRONMENT, PARITY, QUICK, QUICK_COLUMNS, TIMING_COLUMNS, TIMINGS, AskedRow

_TIMES = (
    "seconds", "low", "high", "first_seconds", "gflops", "gbytes", "of_peak", "peak_bytes", "ratio", "ratio_low",
    "ratio_high",
)  # fmt: skip
_DECLARED: Mapping[str, type] = {"case": str, "family": str, "implementations": dict}
_NUMBERS = (
    "max_abs_error", "max_rel_error", "max_ulp", "scale", "own_scale", "allowed", "error_ratio", "rho", "rho_allowed",
)  # fmt: skip


class RecordError(Exception):
    """A record's file is missing, damaged, or not of this schema. The message names the file."""


def read_rows(folder: Path) -> pd.DataFrame:
    """``parity.csv`` with text columns as text (empty, not NaN) and numbers as float64."""
    return _table(folder / PARITY, COLUMNS, _NUMBERS, ("seed",))


def read_quick(folder: Path) -> pd.DataFrame:
    """``quick_timings.csv``, likewise."""
    return _table(folder / QUICK, QUICK_COLUMNS, ("min_seconds", "median_seconds", "max_seconds"), ("rounds",))


def read_timings(folder: Path) -> pd.DataFrame:
    """``timings.csv``: an empty number is NaN."""
    return _table(folder / TIMINGS, TIMING_COLUMNS, _TIMES, ("threads", "processes", "rounds", "disturbed"))


def read_environment(folder: Path, name: str = ENVIRONMENT) -> dict[str, Any]:
    path = folder / name
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise RecordError(f"{path}: holds no JSON object")
    return content


def read_catalogue(folder: Path) -> dict[str, dict[str, Any]]:
    """``catalogue.jsonl``: what the pages show of each case's declaration, by the case's name."""
    path = folder / CATALOGUE
    found: dict[str, dict[str, Any]] = {}
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        for line in lines[:-1]:  # After the last line feed is nothing, or what a killed run had begun.
            declaration = json.loads(line)
            if any(not isinstance(declaration[name], kind) for name, kind in _DECLARED.items()):
                raise ValueError(f"no declaration: {line[:80]}")
            found[declaration["case"]] = declaration
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RecordError(f"{path}: cannot be read: {error!r}") from error
    return found


def read_asked(folder: Path) -> list[AskedRow]:
    """``asked.jsonl``: what the implementations asked of their frameworks."""
    path = folder / ASKED
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        return [AskedRow(**json.loads(line)) for line in lines[:-1]]  # The last one may be cut off.
    except (OSError, ValueError, TypeError) as error:
        raise RecordError(f"{path}: cannot be read: {error!r}") from error


def _table(path: Path, columns: tuple[str, ...], numbers: tuple[str, ...], whole: tuple[str, ...]) -> pd.DataFrame:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: cannot be read: {error}") from error
    try:
        header, *rows = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    except csv.Error as error:
        raise RecordError(f"{path}: is no table: {error}") from error
    if tuple(header) != columns:
        raise RecordError(f"{path}: its columns are not those of this version; write the record anew")
    if rows and not text.endswith("\n"):
        rows.pop()  # The run was killed while it wrote this row.
    for number, row in enumerate(rows, start=2):
        if len(row) != len(columns):
            raise RecordError(f"{path}: row {number} has {len(row)} cells instead of {len(columns)}")
    read = ([unguarded(cell) for cell in row] for row in rows)
    table: pd.DataFrame = pd.DataFrame(list(read), columns=list(columns), dtype=str)
    try:
        for name in numbers:
            table[name] = table[name].replace("", "nan").astype("float64")
        for name in whole:
            table[name] = table[name].astype("int64")
    except ValueError as error:
        raise RecordError(f"{path}: a number cannot be read: {error}") from error
    return table
