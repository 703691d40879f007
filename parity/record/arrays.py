"""The distances of results from the formula's, of a whole record in one safetensors file.

The arrays stand one after the other, in the order of ``results.csv``, in a tensor for each width (``int8`` to
``int64``); ``widths`` has the number of bytes of each array's elements. A row has an array when its digest is not that
of the formula's row before it, and no row before it has both its digests: readers and writers walk the table alike. The
rows of an item begin with the formula's, and those with its inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from ..catalog.dtypes import Array
from ..catalog.frameworks import REFERENCE
from .results import INPUTS, WIDTHS, ResultRow

_NONE: Array = np.zeros(0, np.int8)


class DamagedError(Exception):
    """The file does not hold what the table says. The message tells what is wrong."""


class _Walk:
    """Which rows of a table have an array of their own, and which have an earlier row's."""

    def __init__(self) -> None:
        self._truths: dict[str, tuple[str, str, str]] = {}

    def place(self, row: ResultRow) -> tuple[str, str] | None:
        """The name of a row's array; ``None`` for a row that has none."""
        if row.implementation == REFERENCE:
            if row.quantity == INPUTS:
                self._truths = {}
            else:
                self._truths[row.quantity] = (row.digest, row.found, row.shape)
            return None
        truth, found, shape = self._truths.get(row.quantity, ("", "", ""))
        if not truth or (row.found, row.shape) != (found, shape) or row.digest == truth:
            return None
        return row.digest, truth


class ArraysWriter:
    """Collects the arrays of a table, row by row."""

    def __init__(self) -> None:
        self._walk = _Walk()
        self._kept: dict[tuple[str, str], Array] = {}

    def add(self, row: ResultRow, distances: Array | None) -> None:
        name = self._walk.place(row)
        if name is not None and name not in self._kept:
            # Bits that differ and are no distance apart: zeros of either sign.
            self._kept[name] = _NONE if distances is None else distances

    def content(self) -> bytes:
        """The file."""
        arrays = list(self._kept.values())
        streams = {
            np.dtype(width).name: np.concatenate([_NONE.astype(width), *(a for a in arrays if a.dtype == width)])
            for width in WIDTHS
        }
        widths = np.array([array.itemsize if array.size else 0 for array in arrays], np.uint8)
        return save({"widths": widths, **streams})


def read_arrays(content: bytes, rows: Iterable[ResultRow]) -> Iterator[tuple[ResultRow, Array | None]]:
    """Each row of a table with its distances; ``None`` where it has none or cannot be compared with the formula's.

    Raises ``DamagedError``.
    """
    try:
        streams = load(content)
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise DamagedError(f"is no safetensors file: {error}") from error
    cutter = _Cutter(streams)
    walk, read = _Walk(), dict[tuple[str, str], Array]()
    for row in rows:
        name = walk.place(row)
        if name is not None and name not in read:
            read[name] = cutter.next(row.size)
        array = read[name] if name is not None else _NONE
        yield row, array if array.size else None
    cutter.finish()


class _Cutter:
    def __init__(self, streams: Mapping[str, Array]) -> None:
        names = {np.dtype(width).itemsize: np.dtype(width).name for width in WIDTHS}
        for name, kind in (("widths", "uint8"), *((name, name) for name in names.values())):
            if name not in streams or streams[name].dtype.name != kind or streams[name].ndim != 1:
                raise DamagedError(f"has no tensor {name!r} of {kind}, one-dimensional")
        self._streams = {width: streams[name] for width, name in names.items()}
        self._widths = iter(streams["widths"].tolist())
        self._used = dict.fromkeys(self._streams, 0)

    def next(self, size: int) -> Array:
        width = next(self._widths, None)
        if width == 0:
            return _NONE
        if width not in self._streams:
            raise DamagedError("has fewer arrays than the table has results, or one of an unknown width")
        if size < 0:
            raise DamagedError("a shape of the table is negative")
        start = self._used[width]
        self._used[width] = start + size
        if self._used[width] > self._streams[width].size:
            raise DamagedError("ends before the last array")
        return self._streams[width][start : start + size]

    def finish(self) -> None:
        if next(self._widths, None) is not None or any(self._used[w] != s.size for w, s in self._streams.items()):
            raise DamagedError("holds more than the table has results")
