"""The text views: a failing item on one screen, and the summary of a run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..catalog.case import Case
from ..catalog.frameworks import FRAMEWORKS
from ..catalog.load import display
from ..catalog.modes import EAGER
from ..catalog.visible import visible
from ..judge.row import RED, VERDICTS, Row
from ..plan.work import Item
from ..record.schema import HTML, PARITY, TIMINGS, TIMINGS_HTML, TimingRow
from .causes import RootCause

SCREEN = 40
"""Lines that the root causes take at most."""

SHOWN = 8
"""Failing rows that the one screen lists."""


def failure_text(case: Case, item: Item, rows: Sequence[Row], reproduce: str) -> str:
    """What differs, where, by how much against what was allowed, why, who is further off, and how to see it again."""
    red = sorted((row for row in rows if row.verdict in RED), key=_severity)
    lines = [f"{item.name}: {len(red)} of {len(rows)} rows are not in order", ""]
    lines += _table(
        ("verdict", "quantity", "left", "right", "error", "allowed", "ratio", "blame"),
        [
            (row.verdict, row.quantity, row.left, row.right, _number(row.max_abs_error), _number(row.allowed),
             _number(row.error_ratio), row.blame)
            for row in red[:SHOWN]
        ],
    )  # fmt: skip
    if len(red) > SHOWN:
        lines.append(f"... and {len(red) - SHOWN} more")
    lines.append("")
    for reason in list(dict.fromkeys(row.reason for row in red))[:3]:
        lines.append(f"  {reason}")
    causes = dict.fromkeys(f"{row.left}, {row.quantity}: {row.cause}" for row in red if row.cause)
    lines += [f"  likely cause of {said}" for said in list(causes)[:3]]
    named = {row.left for row in red[:SHOWN]} | {row.right for row in red[:SHOWN]}
    for implementation in case.implementations:
        code = getattr(implementation.function, "__code__", None)
        if implementation.api in named and code is not None:
            lines.append(f"  {implementation.api}: {display(code.co_filename)}:{code.co_firstlineno}")
    lines += ["", f"  seed {red[0].seed}, inputs {red[0].input_digest or 'not made'}", f"  reproduce: {reproduce}"]
    return visible("\n".join(lines))


def cause_lines(causes: Sequence[RootCause], width: int, more: str) -> Iterator[str]:
    """The root causes on one screen, each with its operations and its worst row; ``more`` says how to see the rest."""
    left = SCREEN - 2
    for number, cause in enumerate(causes):
        row = cause.worst
        share = f": {row.error_ratio:.3g} times allowed" if row.error_ratio is not None else ""
        worst = f"    worst: {cause.item}{f', {row.quantity}' if row.quantity else ''}{share}"
        lines = textwrap.wrap(cause.text, width, subsequent_indent="    ", max_lines=2, placeholder=" ...")
        if len(cause.cases) > 1:
            lines += textwrap.wrap(", ".join(cause.cases), width - 4, max_lines=1, placeholder=" ...")
            lines[-1] = f"    {lines[-1]}"
        lines.append(worst if len(worst) <= width else f"{worst[: width - 4]} ...")
        if len(lines) > left:
            rest = len(causes) - number
            yield f"... and {rest} more root cause{'s' if rest > 1 else ''}"
            break
        left -= len(lines)
        yield from map(visible, lines)
    yield more


def summary_lines(
    environment: Mapping[str, Any], devices: str, worst: Row | None, reports: Path | None
) -> Iterator[str]:
    """The end of a run in a few lines."""
    verdicts: Mapping[str, int] = environment["verdicts"]
    counts = ", ".join(f"{verdicts[name]} {name}" for name in reversed(VERDICTS) if verdicts[name])
    yield f"{headline(verdicts)}: {environment['items']} items, {sum(verdicts.values())} rows ({counts})"
    versions = [f"{framework.title} {_version(environment, name)}" for name, framework in FRAMEWORKS.items()]
    yield f"versions: {', '.join(versions)}; formulas in NumPy {_version(environment, 'reference')}"
    yield f"devices: {devices}; seed {environment['seed']}; {environment['seconds']:.1f} s"
    kernels = list(filter(None, (_kernels(environment, name) for name in FRAMEWORKS)))
    if kernels:
        yield f"kernels on the CPU: {', '.join(kernels)}"
    if environment["tolerance"]:
        yield "allowance set on the command line: rtol {rtol:g}, atol {atol:g}".format(**environment["tolerance"])
    if worst is not None:
        variant = f"[{worst.variant}]" if worst.variant else ""
        name = f"{worst.case}{variant}-{worst.dtype}-{worst.device}"
        used = f"{worst.error_ratio:.0%} used by {worst.quantity} of {name}"
        yield f"closest to its allowance: {used} ({worst.left}, {worst.right})"
    if reports is not None:
        quick = environment["quick_timings"]
        cases = quick["cases"] + len(quick["untimed"])
        others = f"; {HTML} lists the others, with reasons" if quick["untimed"] else ""
        yield f"quick timings: {quick['cases']} of {cases} cases{others}"
        yield f"reports: {reports / HTML}, {reports / PARITY} and beside them"


def timing_lines(environment: Mapping[str, Any], devices: str, reports: Path | None) -> Iterator[str]:
    """The end of a timing run in a few lines."""
    problems = environment["problems"]
    failed = f", {problems} without a figure" if problems else ""
    yield (
        f"timed: {environment['items']} items, {environment['rows']} rows{failed}; {environment['repeated']} small "
        "differences timed again in fresh processes"
    )
    yield "versions: " + ", ".join(f"{f.title} {_version(environment, name)}" for name, f in FRAMEWORKS.items())
    yield (
        f"devices: {devices}; {environment['processes']} processes of each framework, {environment['threads']} thread "
        f"each, {environment['machine']['cores']} processors; {environment['seconds']:.1f} s"
    )
    for peak in environment["peaks"]:
        yield (
            f"peak of {peak['device']} in {peak['dtype']}: {peak['gflops']:.3g} GFLOP/s in a matrix product, "
            f"{peak['gbytes']:.3g} GB/s in a copy"
        )
    if reports is not None:
        yield f"reports: {reports / TIMINGS_HTML}, {reports / TIMINGS} and beside them"


def problem_text(row: TimingRow) -> str:
    """Why an implementation has no figure."""
    measure = f", {row.measure}" if row.measure else ""
    return f"{row.case}, {row.size}, {row.implementation}{measure}: {row.problem}"


def headline(verdicts: Mapping[str, int]) -> str:
    """The verdict of a run in words."""
    red = sum(verdicts[name] for name in RED)
    if red:
        return "NOT at parity"
    return "at parity" if verdicts["pass"] else "no verdict"


def _version(environment: Mapping[str, Any], name: str) -> str:
    described = environment["environments"].get(name)
    if described is None:
        return "(not started)"
    keras = described.get("keras")
    return f"{described['version']}" + (f" with Keras {keras}" if keras else "")


def _kernels(environment: Mapping[str, Any], name: str) -> str:
    """A framework's kernels for eager execution on the CPU; empty where they are not known."""
    named: Mapping[str, str] = environment["environments"].get(name, {}).get("kernels", {}).get(EAGER, {})
    titles = FRAMEWORKS[name].titles(named.values())
    return f"{FRAMEWORKS[name].title} {' and '.join(titles)}" if titles else ""


def _severity(row: Row) -> tuple[int, float]:
    return VERDICTS.index(row.verdict), -(row.error_ratio if row.error_ratio is not None else float("inf"))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    table = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    ]
