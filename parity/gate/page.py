"""``gate.html``: one self-contained page with old and new side by side."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from ..report.engine import carried, engine
from .classes import BY_NAME, CLASSES, NEW, UNCHANGED
from .compare import Change, title
from .text import described
from .verdict import NOTHING_TO_DO, REGRESSED, Verdict

LISTED = 20_000
"""Changes that the page holds, the most important; ``gate.csv`` has them all."""


def page(verdict: Verdict) -> str:
    """The page's HTML. Every string of a case, an error or a baseline is escaped."""
    templates = engine()
    groups = [group for group in verdict.groups if group.example.change not in (UNCHANGED.name, NEW.name)]
    listed = [change for group in groups for change in group.changes][:LISTED]
    total = sum(len(group.changes) for group in groups)
    return templates.get_template("gate.html.j2").render(
        verdict=verdict, counts=verdict.counts, operations=verdict.operations, classes=BY_NAME,
        environments=[(title(name) or name, *rest) for name, *rest in verdict.environments()],
        tint={NOTHING_TO_DO: "pass", REGRESSED: "fail"}.get(verdict.status, "expected"),
        names=[each.name for each in CLASSES if any(change.change == each.name for change in listed)],
        cases=sorted({change.case for change in listed}), titles={c.framework: title(c.framework) for c in listed},
        listed=len(listed), total=total, data=Markup(_data(verdict, listed)), frameworks=("torch", "tensorflow"),
        versions={name: (verdict.old.version(name), verdict.new.version(name)) for name in ("torch", "tensorflow")},
        **carried(templates, ("parity.css", "gate.css"), "gate.js"),
    )  # fmt: skip


def _data(verdict: Verdict, changes: list[Change]) -> str:
    """The rows for the script, as JSON that cannot end the element it stands in."""
    rows = [_row(verdict, change) for change in changes]
    text = json.dumps(rows, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _row(verdict: Verdict, change: Change) -> list[Any]:
    return [
        change.change, change.needs, change.item, change.case, change.implementation, title(change.framework),
        change.quantity, change.old, change.new, _number(change.old_share), _number(change.new_share),
        _number(change.ulps), described(change), verdict.reproduce(change),
    ]  # fmt: skip


def _number(value: float | None) -> float | str | None:
    if value is None:
        return None
    return float(f"{value:.3g}") if abs(value) < float("inf") else "infinite"
