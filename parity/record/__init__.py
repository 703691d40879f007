"""Keeping: the long table of a run, its timings and its environment."""

from .schema import QuickRow
from .write import RecordWriter

__all__ = ["QuickRow", "RecordWriter"]
