"""The page that people open: ``parity.html``, made from the record beside it and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ..judge.row import COLUMNS, EXPECTED, NOT_RUN, VERDICTS
from ..record.schema import CATALOGUE, ENVIRONMENT, HTML, PARITY, QUICK, SUMMARY, TIMINGS_HTML
from .causes import RootCause
from .digest import WHOLE, matrix, naive, places, repeated, timed
from .display import OFF, TITLES, address, breakable, duration, linked, number, off, plain, share
from .engine import carried, engine
from .overview import Overview, part
from .packed import columns, packed
from .summary import summary

LISTED = 500
"""Entries of each list on the page; ``parity.csv`` has them all."""

CAUSES = 100
"""Root causes on the page."""

OF_A_CAUSE = 50
"""Rows of one root cause on the page: those of the others must be seen, too."""

TIMED = 4000
"""Lines of the table of timings; ``quick_timings.csv`` has them all."""

SYMBOLS = dict(zip(VERDICTS, "†…!✗~?○≈✓", strict=True))
SCRIPTS = ("address.js", "tables.js", "explorer.js", "detail.js", "parity.js")
ROW_KEY = ("case", "variant", "dtype", "device", "mode", "quantity", "left", "right")
"""The columns that tell a row: what its address is made of."""


def write_report(folder: Path) -> Path:
    """Write ``parity.html`` and ``parity.md`` from the record in ``folder``; return the page's path.

    What is missing or damaged is said in them. Raises ``OSError`` where ``folder`` cannot be written.
    """
    overview = Overview.read(folder)
    _write(folder / SUMMARY, summary(overview), "backslashreplace")
    return _write(folder / HTML, _page(overview, folder), "xmlcharrefreplace")


def _write(path: Path, text: str, errors: str) -> Path:
    """Write a file whole, or not at all."""
    draft = path.with_suffix(f"{path.suffix}.part")
    try:
        draft.write_text(text, encoding="utf-8", errors=errors)
        return draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _page(overview: Overview, folder: Path) -> str:
    rows, red = overview.rows, overview.red
    causes, shown = _shown(overview)
    declared, timings = repeated(rows[rows["verdict"] == EXPECTED]), timed(overview.timings)
    templates = engine()
    templates.filters.update(
        address=address, row_address=_row_address, breakable=breakable, duration=duration, linked=linked,
        number=number, off=off, plain=plain, share=share,
    )  # fmt: skip
    return templates.get_template("parity.html.j2").render(
        overview=overview, total=len(rows), allowance=part(overview.environment, "tolerance"),
        causes=causes[:CAUSES], more_causes=len(causes) - CAUSES, reds=len(red), listed_reds=shown,
        divergences=[(group, naive(group, overview.catalogue)) for group in declared if group.worst.naive],
        expected=[group for group in declared if not group.worst.naive],
        not_run=repeated(rows[rows["verdict"] == NOT_RUN]), modes=rows["mode"].replace("", pd.NA).nunique(),
        places=places(rows), families=matrix(rows[~overview.as_declared]),
        record=_packed(overview, timings) if len(rows) else "",
        timings=timings, untimed=part(part(overview.environment, "quick_timings"), "untimed"),
        in_turns=TIMINGS_HTML if (folder / TIMINGS_HTML).exists() else "",
        listed=LISTED, timed=TIMED, again=overview.command(next(rows.itertuples(), None)), symbols=SYMBOLS,
        titles=TITLES,
        files=[name for name in (PARITY, SUMMARY, QUICK, ENVIRONMENT, CATALOGUE) if (folder / name).exists()],
        **carried(templates, ("parity.css",), SCRIPTS),
    )  # fmt: skip


def _shown(overview: Overview) -> tuple[list[tuple[RootCause, list[Any]]], int]:
    """The root causes, each with the worst of its rows, and how many rows that makes."""
    left, causes = LISTED, []
    for cause, rows in overview.causes:
        chosen = list(rows[: min(OF_A_CAUSE, left)].itertuples())
        left -= len(chosen)
        causes.append((cause, chosen))
    return causes, LISTED - left


def _row_address(row: Any) -> str:
    return address({name: getattr(row, name) for name in ROW_KEY}, "row")


def _packed(overview: Overview, timings: Sequence[Mapping[str, Any]]) -> str:
    """What the scripts show rows from: the rows, the worst first, and what is known of their items."""
    rows = overview.rows
    kinds = rows["quantity"].str.partition(":")[0].replace("", WHOLE)
    measures = ("forward", "forward+backward")
    names = ("case", "variant", "dtype", "device", "mode", "implementation")
    return packed({
        "size": len(rows),
        "columns": columns(rows[list(COLUMNS)].assign(family=rows["family"], kind=kinds)),
        "exported": COLUMNS,
        "cases": overview.catalogue,
        "timings": [[*(line[name] for name in names), *map(line["medians"].get, measures)] for line in timings],
        "reproduction": asdict(overview.reproduction),
        "files": overview.files,
        "symbols": SYMBOLS,
        "titles": OFF,
    })  # fmt: skip
