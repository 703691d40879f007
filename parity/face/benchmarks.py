"""Handing the workers' timings to pytest-benchmark, so that its JSON, comparison and histograms work on them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ..workers.protocol import Observation


def save_to(config: pytest.Config, path: Path) -> None:
    """Have pytest-benchmark write its JSON to ``path``, unless the user named another file."""
    if config.pluginmanager.hasplugin("benchmark") and not config.option.benchmark_json:
        config.option.benchmark_json = path


def quiet(config: pytest.Config) -> None:
    """Keep pytest-benchmark from printing a table of thousands of lines; ``--benchmark-verbose`` brings it back."""
    session: Any = getattr(config, "_benchmarksession", None)
    if session is not None and not session.verbose:
        session.quiet = True


def record(config: pytest.Config, nodeid: str, name: str, timings: Mapping[tuple[str, str], Sequence[float]]) -> None:
    """Add one benchmark for each implementation and measure of ``timings``, in seconds a call.

    A group holds all implementations of an item.
    """
    session: Any = getattr(config, "_benchmarksession", None)
    if session is None or session.disabled:
        return
    metadata: Any = importlib.import_module("pytest_benchmark.stats").Metadata

    options = {key: value for key, value in session.options.items() if key != "cprofile"}
    for (api, measure), seconds in timings.items():
        fixture = SimpleNamespace(
            name=f"{name} {api} {measure}",
            fullname=f"{nodeid}::{api}::{measure}",
            group=f"{name} {measure}",
            param=api,
            params={"implementation": api, "measure": measure},
            extra_info={},
            cprofile_stats=None,
            has_error=False,
        )
        benchmark = metadata(fixture, iterations=1, options=options)
        for duration in seconds:
            benchmark.stats.update(duration)
        session.benchmarks.append(benchmark)


def quick(observations: Mapping[str, Observation]) -> dict[tuple[str, str], Sequence[float]]:
    """The quick timings of an item's implementations."""
    return {(api, m): seconds for api, seen in observations.items() for m, seconds in seen.timings.items()}
