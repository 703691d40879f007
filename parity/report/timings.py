"""``timings.html``, made from ``timings.csv`` and ``timings.json`` beside it and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..catalog.frameworks import FRAMEWORKS
from ..record.read import read_environment, read_timings
from ..record.schema import TIMINGS, TIMINGS_BENCHMARKS, TIMINGS_ENVIRONMENT, TIMINGS_HTML
from . import plots
from .display import breakable, duration, memory, moment, number, version
from .engine import carried, engine


def write_timings(folder: Path) -> Path:
    """Write the page and return its path. Raises ``RecordError`` for what is missing or damaged."""
    rows = read_timings(folder)
    environment = read_environment(folder, TIMINGS_ENVIRONMENT)
    templates = engine()
    templates.filters.update(breakable=breakable, duration=duration, number=number, memory=memory)
    text = templates.get_template("timings.html.j2").render(
        rows=list(rows.itertuples()), problems=list(rows[rows["problem"] != ""].itertuples()),
        modes=rows["mode"].nunique(), facts=dict(_facts(environment)), ratios=plots.ratios(rows),
        sizes=plots.sizes(rows), headline=headline(rows["case"].nunique(), environment),
        files=[name for name in (TIMINGS, TIMINGS_ENVIRONMENT, TIMINGS_BENCHMARKS) if (folder / name).exists()],
        **carried(templates, ("parity.css",), ("address.js", "tables.js")),
    )  # fmt: skip
    page = folder / TIMINGS_HTML
    page.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")
    return page


def headline(cases: int, environment: Mapping[str, Any]) -> str:
    problems = environment.get("problems", 0)
    failed = f", {problems} not timed" if problems else ""
    return f"{cases} operation{'s' if cases != 1 else ''} timed in turns{failed}"


def _facts(environment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    described = environment.get("environments", {})
    for name, framework in FRAMEWORKS.items():
        yield framework.title, version(described.get(name, {}))
    machine = environment.get("machine", {})
    yield (
        "Machine",
        f"{machine.get('processor', '')}, {machine.get('cores', '?')} processors, {machine.get('system', '')}",
    )
    yield (
        "Workers",
        f"{environment.get('processes')} processes of each framework, {environment.get('threads')} thread each",
    )
    for peak in environment.get("peaks", ()):
        yield (
            f"Peak of {peak['device']}, {peak['dtype']}",
            f"{peak['gflops']:.3g} GFLOP/s in a matrix product, {peak['gbytes']:.3g} GB/s in a copy",
        )
    yield "Began", moment(environment.get("began", "not recorded"))
    yield "Took", f"{environment.get('seconds', 0):.0f} s"
