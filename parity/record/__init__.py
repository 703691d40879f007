"""Keeping: the long table of a run, its timings and its environment."""

from .schema import TimingRow
from .write import RecordWriter

__all__ = ["RecordWriter", "TimingRow"]
