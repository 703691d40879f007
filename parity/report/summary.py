"""The run in Markdown, ``parity.md``: for a pull request's comment or a job's summary, in the words of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from ..judge.row import VERDICTS
from ..plan.work import item_name
from .causes import RootCause
from .display import number, off, share
from .markdown import code, prose, table
from .overview import Overview

MOST = 10
"""Root causes that are listed."""

OPERATIONS = 5
"""Operations that are listed of each."""

HEADS = ("operation", "verdict", "rows", "quantity", "left", "right", "error", "share of the allowance", "off")


def summary(overview: Overview) -> str:
    """The verdict, the counts, what is not in order with the worst of it, and the environment."""
    text = [f"## Framework parity: {prose(overview.headline)}", ""]
    text += [f"**Incomplete record.** {prose(note)}\n" for note in overview.notes]
    told = [f"{overview.counts[verdict]:,} {verdict}" for verdict in reversed(VERDICTS) if overview.counts[verdict]]
    text += [f"{len(overview.rows):,} rows: {', '.join(told) or 'none'}.", ""]
    causes = overview.causes
    if causes:
        text += ["### Root causes", ""]
    for place, (cause, rows) in enumerate(causes[:MOST], start=1):
        text += [f"**{place}.** {''.join(code(part) if as_code else prose(part) for part, as_code in cause.parts)}", ""]
        text += _rows(cause, rows, overview)
    if len(causes) > MOST:
        text += [f"{len(causes) - MOST} more root causes are in `parity.html`.", ""]
    text += table(("environment", ""), [(prose(name), prose(value)) for name, value in overview.facts.items()])
    return "\n".join(text) + "\n"


def _rows(cause: RootCause, rows: pd.DataFrame, overview: Overview) -> Iterator[str]:
    """The worst row of each operation, and how to see the worst of all again."""
    worst = rows.drop_duplicates("case")
    counts = rows["case"].value_counts()
    yield from table(HEADS, (_operation(row, int(counts[row.case])) for row in worst[:OPERATIONS].itertuples()))
    yield ""
    if len(worst) > OPERATIONS:
        yield f"{len(worst) - OPERATIONS} more operations: {', '.join(map(code, worst['case'][OPERATIONS:]))}."
        yield ""
    yield from _told(cause.worst, overview)


def _operation(row: Any, rows: int) -> Sequence[str]:
    names = [code(name) if name else "" for name in (row.left, row.right)]
    quantity = code(row.quantity) if row.quantity else "everything"
    return (
        code(row.case), row.verdict, str(rows), quantity, *names, number(row.max_abs_error), share(row.error_ratio),
        prose(off(row.blame)),
    )  # fmt: skip


def _told(row: Any, overview: Overview) -> Iterator[str]:
    """Why, and how to see it again."""
    item = item_name(row.case, row.variant, row.dtype, row.device, row.mode) if row.dtype else row.case
    yield f"- {code(item)}: {code(row.reason)}  "
    if row.cause:
        yield f"  Likely cause: {prose(row.cause)}  "
    yield f"  {code(overview.command(row))}"
    yield ""
