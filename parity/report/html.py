"""The page that people open: ``parity.html``, made from the record beside it and from nothing else."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import jinja2
import pandas as pd
from markupsafe import Markup

from ..catalog.dtypes import FLOATS
from ..catalog.frameworks import FRAMEWORKS, REFERENCE
from ..judge.row import COLUMNS, EXPECTED, NOT_RUN, PASS, RED, VERDICTS
from ..plan.work import Item
from ..record.read import RecordError, read_environment, read_rows, read_timings
from ..record.schema import ENVIRONMENT, HTML, PARITY, TIMING_COLUMNS, TIMINGS
from .text import headline

LISTED = 500
"""Entries of each list on the page; ``parity.csv`` has them all."""

TIMED = 4000
"""Lines of the table of timings; ``timings.csv`` has them all."""

PLACE = ["dtype", "device", "mode"]
WHOLE, OTHER = "everything", "other framework"
KINDS = (WHOLE, "output", "state", "grad", OTHER)
"""What a case's details tell apart: no quantity was reached, the kinds of quantity, and the other framework's result."""

SYMBOLS = dict(zip(VERDICTS, "†…!✗?–≈✓", strict=True))
TITLES = {REFERENCE: "NumPy formula", **{name: framework.title for name, framework in FRAMEWORKS.items()}}

T = TypeVar("T")


@dataclass(frozen=True)
class Cell:
    """Some rows in short: the worst, how many share its verdict, and the highest share used by one that passes."""

    worst: Any
    alike: int
    total: int
    passing: float


@dataclass
class Repeated:
    """Rows of one case that have the same reason; the first is the worst."""

    worst: Any
    count: int = 0
    apis: dict[str, None] = field(default_factory=dict)
    quantities: dict[str, None] = field(default_factory=dict)
    dtypes: dict[str, None] = field(default_factory=dict)
    variants: dict[str, None] = field(default_factory=dict)

    def add(self, row: Any) -> None:
        self.count += 1
        if row.right in (REFERENCE, ""):
            self.apis[row.left] = None
        self.quantities[row.quantity or WHOLE] = None
        self.dtypes[row.dtype] = None
        self.variants[row.variant] = None


def write_report(folder: Path) -> Path:
    """Write ``parity.html`` from the record in ``folder`` and return its path.

    What is missing or damaged is said on the page. Raises ``OSError`` where ``folder`` cannot be written.
    """
    page = folder / HTML
    draft = page.with_suffix(".part")
    try:
        draft.write_text(_render(folder), encoding="utf-8", errors="xmlcharrefreplace")
        draft.replace(page)
    finally:
        draft.unlink(missing_ok=True)
    return page


def _render(folder: Path) -> str:
    notes: list[str] = []
    rows = _worst_first(_read(_known_rows, folder, notes, pd.DataFrame(columns=list(COLUMNS))))
    environment = _read(read_environment, folder, notes, {})
    counts = {verdict: int(rows["verdict"].eq(verdict).sum()) for verdict in reversed(VERDICTS)}
    notes += _gaps(environment, counts)
    complete = not notes
    timings = _read(read_timings, folder, notes, pd.DataFrame(columns=list(TIMING_COLUMNS)))
    red = rows[rows["verdict"].isin(RED)]
    templates = _templates()
    return templates.get_template("parity.html.j2").render(
        headline=headline(counts), red=tuple(red[:LISTED].itertuples()), reds=len(red), culprits=_culprits(red),
        complete=complete, notes=notes, counts=counts, rows=len(rows), facts=_facts(environment, rows),
        expected=_repeated(rows, EXPECTED), not_run=_repeated(rows, NOT_RUN), devices=_devices(environment, rows),
        allowance=_mapping(environment, "tolerance"), columns=_columns(rows), cases=_matrix(rows), kinds=KINDS,
        modes=rows["mode"].replace("", pd.NA).nunique(), timings=_timed(timings), listed=LISTED, timed=TIMED,
        environment=_environment(environment), again=_again(environment, rows), symbols=SYMBOLS, titles=TITLES,
        files=[name for name in (PARITY, TIMINGS, ENVIRONMENT) if (folder / name).exists()],
        style=_inlined(templates, "parity.css"), script=_inlined(templates, "parity.js"),
    )  # fmt: skip


# The record ----------------------------------------------------------------------------------------------------


def _read(read: Callable[[Path], T], folder: Path, notes: list[str], otherwise: T) -> T:
    try:
        return read(folder)
    except RecordError as error:
        notes.append(str(error).replace(f"{folder}{os.sep}", ""))
        return otherwise


def _known_rows(folder: Path) -> pd.DataFrame:
    rows = read_rows(folder)
    unknown = set(rows["verdict"]) - set(VERDICTS)
    if unknown:
        raise RecordError(f"{folder / PARITY}: no such verdict: {', '.join(sorted(map(repr, unknown)))}")
    return rows


def _worst_first(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows sorted, the worst first, with their place in ``order``; the index still has the record's order."""
    ratio = rows["error_ratio"].astype(float)
    size = ratio.fillna(-1.0).where(rows["verdict"].eq(PASS), ratio.fillna(float("inf")))
    rank = rows["verdict"].map({verdict: number for number, verdict in enumerate(VERDICTS)})
    ordered = rows.assign(rank=rank, size=size).sort_values(["rank", "size"], ascending=[True, False], kind="stable")
    return ordered.assign(order=range(len(ordered)))


def _gaps(environment: Mapping[str, Any], counts: Mapping[str, int]) -> Iterator[str]:
    """What says that the run did not come to its end."""
    if environment and environment.get("verdicts") != counts:
        yield f"The run did not finish, or goes on: {ENVIRONMENT} and {PARITY} count different rows."
    planned, items = environment.get("planned"), environment.get("items")
    if planned is not None and planned != items:
        yield f"The run stopped early: {items} of {planned} items were run."


def _mapping(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = content.get(name)
    return value if isinstance(value, Mapping) else {}


# Top and environment -------------------------------------------------------------------------------------------


def _facts(environment: Mapping[str, Any], rows: pd.DataFrame) -> dict[str, str]:
    machine, seconds = _mapping(environment, "machine"), environment.get("seconds")
    began = str(environment.get("began", "not recorded")).replace("T", " ").replace("+00:00", " UTC")
    return {
        **{title: _version(_mapping(_mapping(environment, "environments"), name)) for name, title in TITLES.items()},
        "Devices": _devices(environment, rows),
        "Compared": f"{len(rows)} rows of {environment.get('items', 'an unknown number of')} items",
        "Seed": str(environment.get("seed", "not recorded")),
        "Began": began,
        "Took": f"{seconds:.1f} s" if isinstance(seconds, int | float) else "not recorded",
        "Machine": f"{machine.get('system', 'not recorded')}, Python {machine.get('python', 'not recorded')}",
    }


def _version(described: Mapping[str, Any]) -> str:
    keras = f" with Keras {described['keras']}" if "keras" in described else ""
    return f"{described['version']}{keras}" if "version" in described else "not started"


def _devices(environment: Mapping[str, Any], rows: pd.DataFrame) -> str:
    """Where it ran, and which GPUs were seen and left out."""
    described = _mapping(environment, "environments")
    ran = [device for device in rows["device"].sort_values().unique() if device]
    if not described:
        return f"{', '.join(ran) or 'none'} (which GPUs were present is not recorded)"
    seen = {title: _mapping(described, name) for name, title in TITLES.items() if name != REFERENCE}
    named = {
        title: dict(zip([d for d in each.get("devices") or () if d != "cpu"], each.get("gpus") or (), strict=False))
        for title, each in seen.items()
    }
    names = {device: name for gpus in named.values() for device, name in gpus.items()}
    where = ", ".join(f"{device} ({names[device]})" if device in names else device for device in ran) or "none"
    if not names:
        return f"{where} (no GPU was present)"
    left = [f"{title} sees {d}, not run" for title, gpus in named.items() for d in gpus if d not in ran]
    return f"{where}; {'; '.join(left)}" if left else where


def _environment(environment: Mapping[str, Any]) -> dict[str, list[str]]:
    """One line for each setting, one entry for each environment, in the order of ``TITLES``."""
    described = [_mapping(_mapping(environment, "environments"), name) for name in TITLES]
    settings = dict.fromkeys(setting for each in described for setting in each)
    return {setting: [_plain(each[setting]) if setting in each else "" for each in described] for setting in settings}


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return (
        {None: "none", True: "yes", False: "no"}[value]
        if value is None or value is True or value is False
        else str(value)
    )


def _again(environment: Mapping[str, Any], rows: pd.DataFrame) -> str:
    """A command that runs part of this run again, with the worst row as the example."""
    words = ["python", "-m", "pytest", "cases/"]
    if len(rows):
        words += ["-k", " and ".join(filter(None, rows.iloc[0][["case", "dtype"]]))]
    words += ["--seed", str(environment.get("seed", 0))]
    for name, value in _mapping(environment, "tolerance").items():
        words += [f"--{name}", str(value)]
    return shlex.join(words)
