"""Deciding: from observations to rows with verdicts."""

from .judge import Context, judge
from .row import COLUMNS, RED, VERDICTS, Row, worst

__all__ = ["COLUMNS", "RED", "VERDICTS", "Context", "Row", "judge", "worst"]
