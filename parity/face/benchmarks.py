"""Handing the workers' timings to pytest-benchmark, so that its table, JSON, comparison and histograms work on them.

The calls ran in other processes. A ``BenchmarkFixture`` of pytest-benchmark therefore measures them a second time, with
a timer that replays the seconds. Items here are not Python functions and cannot request the fixture, so this file makes
one as pytest-benchmark's own ``benchmark`` does: from the options, the logger and the list of its session plugin. That
session and the arguments of the fixture's class are not documented. Only this file uses them, and
``nox -s benchmarks-compat`` tests it with the oldest and the newest pytest-benchmark and pytest.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ..workers.protocol import Observation

IMPLEMENTATION, MEASURE = "implementation", "measure"

_SHOWN: Mapping[str, object] = {
    "benchmark_verbose": False,
    "benchmark_only": False,
    "benchmark_compare": [],
    "benchmark_histogram": [],
    "benchmark_columns": None,
    "benchmark_group_by": "group",
    "benchmark_sort": "min",
    "benchmark_name": "normal",
    "benchmark_time_unit": None,
}
"""Options of pytest-benchmark that ask for its table or need it, with the values they have when they are not given."""


def save_to(config: pytest.Config, path: Path) -> None:
    """Have pytest-benchmark write its JSON to ``path``, unless the user named another file. An older one goes."""
    path.unlink(missing_ok=True)
    if config.pluginmanager.hasplugin("benchmark") and not config.option.benchmark_json:
        config.option.benchmark_json = path


def check(config: pytest.Config) -> None:
    """Raise ``pytest.UsageError`` for a histogram without pygal: pytest-benchmark would fail at the end of the run."""
    if config.getoption("benchmark_histogram", None) and importlib.util.find_spec("pygal") is None:
        raise pytest.UsageError(
            "--benchmark-histogram needs pygal: python -m pip install 'pytest-benchmark[histogram]'"
        )


def fixtures(config: pytest.Config, *, timed_only: bool) -> list[str]:
    """The ``fixturenames`` of an item, by which pytest-benchmark knows a benchmark.

    ``--benchmark-only`` runs those with the fixture. ``--benchmark-skip`` skips items that do nothing but time; others
    are compared and leave no benchmarks.
    """
    skipped = config.getoption("benchmark_skip", False) and not config.getoption("benchmark_only", False)
    return [] if skipped and not timed_only else ["benchmark"]


def record(item: pytest.Item, name: str, timings: Mapping[tuple[str, str], Sequence[float]]) -> None:
    """Add a benchmark for each implementation and measure of ``timings``, in seconds a call.

    A group holds all implementations of an item.
    """
    session: Any = item.config.pluginmanager.get_plugin("pytest-benchmark")
    if session is None or session.disabled or session.skip:
        return
    make: Any = importlib.import_module("pytest_benchmark.fixture").BenchmarkFixture
    for (api, measure), seconds in timings.items():
        replay = Replay(seconds)
        options = {
            **session.options,
            "timer": SimpleNamespace(target=replay.replayed),
            "min_rounds": len(seconds),
            "cprofile": False,
        }
        fixture = make(
            item,
            add_stats=session.benchmarks.append,
            logger=session.logger,
            warner=item.warn,
            disabled=False,
            group=f"{name} {measure}",
            **options,
        )
        fixture.name = f"{name} {api} {measure}"
        fixture.fullname = f"{item.nodeid}::{api}::{measure}"
        fixture.param, fixture.params = api, {IMPLEMENTATION: api, MEASURE: measure}
        fixture.pedantic(replay.call, setup=replay.begin, rounds=len(seconds))


class Replay:
    """A clock that stands still, but for ``call``, which takes the next of some ``seconds``."""

    def __init__(self, seconds: Sequence[float]) -> None:
        self._left = iter(seconds)
        self._now = 0.0

    def replayed(self) -> float:
        return self._now

    def begin(self) -> None:
        """Put the clock back to zero, so that the difference of two readings is a duration to the last bit."""
        self._now = 0.0

    def call(self) -> None:
        self._now = next(self._left)


def shown(config: pytest.Config, groups: Sequence[tuple[Any, list[Any]]]) -> list[tuple[Any, list[Any]]]:
    """The groups of pytest-benchmark's table: those of the user's own benchmarks, and all if an option asks for it.

    The table of a whole catalogue has thousands of lines.
    """
    if any(config.getoption(name) != value for name, value in _SHOWN.items()):
        return list(groups)
    others = ((group, [b for b in benchmarks if MEASURE not in (b["params"] or ())]) for group, benchmarks in groups)
    return [(group, benchmarks) for group, benchmarks in others if benchmarks]


def quick(observations: Mapping[str, Observation]) -> dict[tuple[str, str], Sequence[float]]:
    """The quick timings of an item's implementations."""
    return {(api, m): seconds for api, seen in observations.items() for m, seconds in seen.timings.items()}
