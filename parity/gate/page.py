"""``gate.html``: one self-contained page with old and new side by side."""

from __future__ import annotations

from math import nan

import pandas as pd

from ..report.engine import carried, engine
from ..report.packed import columns, packed
from .classes import BY_NAME, NEW, UNCHANGED
from .compare import Change, title
from .text import described, told
from .verdict import NOTHING_TO_DO, REGRESSED, Verdict

EXPORTED = (
    "change", "needs", "item", "case", "implementation", "framework", "quantity", "old", "new", "old_share",
    "new_share", "ulps", "described", "reproduce",
)  # fmt: skip
"""The columns of the page's table, as it is copied."""

LISTED = 20_000
"""Changes that the page holds, the most important; ``gate.csv`` has them all."""


def page(verdict: Verdict) -> str:
    """The page's HTML. Every string of a case, an error or a baseline is escaped."""
    templates = engine()
    groups = [group for group in verdict.groups if group.example.change not in (UNCHANGED.name, NEW.name)]
    listed = [change for group in groups for change in group.changes][:LISTED]
    total = sum(len(group.changes) for group in groups)
    return templates.get_template("gate.html.j2").render(
        verdict=verdict, told=told(verdict), counts=verdict.counts, operations=verdict.operations, classes=BY_NAME,
        environments=[(title(name) or name, *rest) for name, *rest in verdict.environments()],
        tint={NOTHING_TO_DO: "pass", REGRESSED: "fail"}.get(verdict.status, "expected"),
        titles={c.framework: title(c.framework) for c in listed}, listed=len(listed), total=total,
        record=packed({"size": len(listed), "columns": columns(_table(verdict, listed)), "exported": EXPORTED}),
        **carried(templates, ("parity.css", "gate.css"), ("address.js", "tables.js", "explorer.js", "gate.js")),
    )  # fmt: skip


def _table(verdict: Verdict, changes: list[Change]) -> pd.DataFrame:
    rows = [
        (change.change, change.needs, change.item, change.case, change.implementation, title(change.framework),
         change.quantity, change.old, change.new, _number(change.old_share), _number(change.new_share),
         _number(change.ulps), described(verdict, change), verdict.reproduce(change))
        for change in changes
    ]  # fmt: skip
    table: pd.DataFrame = pd.DataFrame(rows, columns=list(EXPORTED))
    return table


def _number(value: float | None) -> float:
    return nan if value is None else float(f"{value:.3g}")
