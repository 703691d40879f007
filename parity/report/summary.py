"""The run in Markdown, ``parity.md``: for a pull request's comment or a job's summary, in the words of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..judge.row import VERDICTS
from ..plan.work import item_name
from .display import number, share
from .markdown import code, prose, table
from .overview import TITLES, Overview

MOST = 10
"""Operations that are listed."""

HEADS = ("operation", "verdict", "rows", "quantity", "left", "right", "error", "share of the allowance", "off")


def summary(overview: Overview) -> str:
    """The verdict, the counts, what is not in order with the worst of it, and the environment."""
    text = [f"## Framework parity: {prose(overview.headline)}", ""]
    text += [f"**Incomplete record.** {prose(note)}\n" for note in overview.notes]
    told = [f"{overview.counts[verdict]:,} {verdict}" for verdict in reversed(VERDICTS) if overview.counts[verdict]]
    text += [f"{len(overview.rows):,} rows: {', '.join(told) or 'none'}.", ""]
    worst = overview.red.drop_duplicates(["case", "blame"])
    if len(worst):
        text += [*table(HEADS, (_operation(row, overview) for row in worst[:MOST].itertuples())), ""]
        for row in worst[:MOST].itertuples():
            text += _told(row, overview)
        if len(worst) > MOST:
            text += [f"{len(worst) - MOST} more are in `parity.html`.", ""]
    text += table(("environment", ""), [(prose(name), prose(value)) for name, value in overview.facts.items()])
    return "\n".join(text) + "\n"


def _operation(row: Any, overview: Overview) -> Sequence[str]:
    red = overview.red
    rows = int((red["case"].eq(row.case) & red["blame"].eq(row.blame)).sum())
    return (
        code(row.case), row.verdict, str(rows), code(row.quantity) if row.quantity else "everything", code(row.left),
        code(row.right), number(row.max_abs_error), share(row.error_ratio), TITLES.get(row.blame, prose(row.blame)),
    )  # fmt: skip


def _told(row: Any, overview: Overview) -> Iterator[str]:
    """Why, and how to see it again."""
    item = item_name(row.case, row.variant, row.dtype, row.device, row.mode)
    yield f"- **{prose(item)}**: {code(row.reason)}  "
    if row.cause:
        yield f"  Likely cause: {prose(row.cause)}  "
    yield f"  {code(overview.command(row))}"
    yield ""
