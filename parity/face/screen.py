"""What the terminal shows of a run in which much fails: the root causes, and a few of the failing items in full."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import pytest

from ..report.causes import RootCause
from ..report.text import cause_lines

ITEM = "parity_item"
"""The attribute of a test's report that holds the name of its item."""


class Screen:
    """A plugin. ``causes`` gives the root causes; ``most`` is how many items are shown, ``None`` for all."""

    def __init__(self, causes: Callable[[], Sequence[RootCause]], most: int | None) -> None:
        self._causes, self._most = causes, most

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> Generator[None, None, None]:
        """Print the root causes before pytest prints the failing items, which are then a few only."""
        failed = terminalreporter.stats.get("failed", [])
        names = [getattr(report, ITEM) for report in failed if hasattr(report, ITEM)]
        causes = self._causes() if len(names) > 1 else []
        if not causes:
            return (yield)
        shown = self._chosen(names, causes)
        rest = f"{len(shown)} of {len(names)} failing items are shown below"
        if len(shown) < len(names):
            rest += ": --failures=all shows all, --failures=N so many"
        terminalreporter.write_sep("=", "root causes")
        for line in cause_lines(causes, terminalreporter._tw.fullwidth, rest):
            terminalreporter.write_line(line)
        terminalreporter.stats["failed"] = [r for r in failed if getattr(r, ITEM, None) in {None, *shown}]
        try:
            return (yield)
        finally:
            terminalreporter.stats["failed"] = failed

    def _chosen(self, names: Sequence[str], causes: Sequence[RootCause]) -> list[str]:
        """The items to show: one for each root cause, that in which it is worst, then the others."""
        first = [name for cause in causes if (name := cause.item) in names]
        return list(dict.fromkeys([*first, *names]))[: self._most]
