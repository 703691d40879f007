"""The page that people open: ``parity.html``, made from the record beside it and from nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from ..catalog.frameworks import FRAMEWORKS, REFERENCE
from ..catalog.modes import EAGER
from ..judge.row import COLUMNS, EXPECTED, NOT_RUN, RED, VERDICTS
from ..plan.reproduction import Reproduction
from ..plan.work import item_name
from ..record.read import RecordError, read_catalogue, read_environment, read_quick, read_rows
from ..record.schema import CATALOGUE, ENVIRONMENT, HTML, PARITY, QUICK, QUICK_COLUMNS, SUMMARY, TIMINGS_HTML
from .digest import WHOLE, Catalogue, culprits, matrix, naive, places, repeated, timed, worst_first
from .display import address, breakable, duration, linked, number, plain, share
from .engine import carried, engine
from .packed import columns, packed
from .text import headline

LISTED = 500
"""Entries of each list on the page; ``parity.csv`` has them all."""

TIMED = 4000
"""Lines of the table of timings; ``quick_timings.csv`` has them all."""

SYMBOLS = dict(zip(VERDICTS, "†…!✗~?○≈✓", strict=True))
TITLES = {REFERENCE: "NumPy (the formulas)", **{name: framework.title for name, framework in FRAMEWORKS.items()}}

SCRIPTS = ("address.js", "tables.js", "explorer.js", "detail.js", "parity.js")
ROW_KEY = ("case", "variant", "dtype", "device", "mode", "quantity", "left", "right")
"""The columns that tell a row: what its address is made of."""

T = TypeVar("T")


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
    catalogue: Catalogue = _read(read_catalogue, folder, notes, {})
    rows = worst_first(_read(_known_rows, folder, notes, pd.DataFrame(columns=list(COLUMNS))))
    families = {name: case["family"] for name, case in catalogue.items()}
    ports = {
        (name, api) for name, case in catalogue.items() for api, i in case["implementations"].items() if i["naive"]
    }
    rows["family"] = [families.get(name, "") for name in rows["case"]]
    rows["naive"] = [port in ports for port in zip(rows["case"], rows["left"], strict=True)]
    environment: dict[str, Any] = _read(read_environment, folder, notes, {})
    counts = {verdict: int(rows["verdict"].eq(verdict).sum()) for verdict in reversed(VERDICTS)}
    notes += _gaps(environment, counts)
    complete = not notes
    timings = _read(read_quick, folder, notes, pd.DataFrame(columns=list(QUICK_COLUMNS)))
    in_turns = TIMINGS_HTML if (folder / TIMINGS_HTML).exists() else ""
    red = rows[rows["verdict"].isin(RED)]
    declared = repeated(rows[rows["verdict"] == EXPECTED])
    templates = engine()
    templates.filters.update(
        address=address, row_address=_row_address, breakable=breakable, duration=duration, linked=linked,
        number=number, plain=plain, share=share,
    )  # fmt: skip
    return templates.get_template("parity.html.j2").render(
        headline=headline(counts), complete=complete, notes=notes, counts=counts, total=len(rows),
        facts=_facts(environment, len(rows)), devices=_devices(environment, rows),
        allowance=_mapping(environment, "tolerance"), culprits=culprits(red),
        red=list(red[:LISTED].itertuples()), reds=len(red),
        divergences=[(group, port) for group in declared if (port := naive(group, catalogue))],
        expected=[group for group in declared if not naive(group, catalogue)],
        not_run=repeated(rows[rows["verdict"] == NOT_RUN]), modes=rows["mode"].replace("", pd.NA).nunique(),
        places=places(rows), families=matrix(rows[~(rows["naive"] & rows["verdict"].eq(EXPECTED))]),
        record=_packed(rows, catalogue, environment, timings) if len(rows) else "",
        timings=timed(timings), in_turns=in_turns, listed=LISTED, timed=TIMED, settings=_settings(environment),
        again=_again(environment, rows), symbols=SYMBOLS, titles=TITLES,
        files=[name for name in (PARITY, SUMMARY, QUICK, ENVIRONMENT, CATALOGUE) if (folder / name).exists()],
        **carried(templates, ("parity.css",), SCRIPTS),
    )  # fmt: skip


def _row_address(row: Any) -> str:
    return address({name: getattr(row, name) for name in ROW_KEY}, "row")


def _packed(rows: pd.DataFrame, catalogue: Catalogue, environment: Mapping[str, Any], timings: pd.DataFrame) -> str:
    """What the scripts show rows from: the rows, the worst first, and what is known of their items."""
    kinds = rows["quantity"].str.partition(":")[0].replace("", WHOLE)
    measures = ("forward", "forward+backward")
    names = ("case", "variant", "dtype", "device", "mode", "implementation")
    return packed({
        "size": len(rows),
        "columns": columns(rows[list(COLUMNS)].assign(family=rows["family"], kind=kinds)),
        "exported": COLUMNS,
        "cases": catalogue,
        "timings": [[*(line[name] for name in names), *map(line["medians"].get, measures)] for line in timed(timings)],
        "reproduction": {**asdict(Reproduction()), **_mapping(environment, "reproduction")},
        "files": _mapping(_mapping(environment, "catalogue"), "files"),
        "symbols": SYMBOLS,
        "titles": TITLES,
    })  # fmt: skip


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


def _gaps(environment: Mapping[str, Any], counts: Mapping[str, int]) -> Iterator[str]:
    """What says that the run did not come to its end."""
    if environment and environment.get("verdicts") != counts:
        yield f"The run did not finish: {ENVIRONMENT} does not count the rows that {PARITY} has."
    planned, items = environment.get("planned"), environment.get("items")
    if planned is not None and planned != items:
        yield f"The run stopped early: {items} of {planned} planned items were run."


def _facts(environment: Mapping[str, Any], rows: int) -> dict[str, str]:
    """What the top of the page says of the run."""
    described, seconds = _mapping(environment, "environments"), environment.get("seconds")
    began = str(environment.get("began", "not recorded")).replace("T", " ").replace("+00:00", " UTC")
    return {
        **{title: _version(_mapping(described, name)) for name, title in TITLES.items()},
        "Compared": f"{rows:,} rows from {environment.get('items', 'an unknown number of')} items",
        "Seed": plain(environment.get("seed", "not recorded")),
        "Began": began,
        "Took": f"{seconds:.1f} s" if isinstance(seconds, (int, float)) else "not recorded",
        "Machine": plain(_mapping(environment, "machine").get("system", "not recorded")),
    }


def _version(described: Mapping[str, Any]) -> str:
    keras = f" with Keras {described['keras']}" if "keras" in described else ""
    return f"{described['version']}{keras}" if "version" in described else "not recorded"


def _devices(environment: Mapping[str, Any], rows: pd.DataFrame) -> str:
    """Where it ran, and which GPUs were there and left out."""
    ran = ", ".join(device for device in sorted(rows["device"].unique()) if device) or "none"
    described = _mapping(environment, "environments")
    gpus = {
        f"{title} sees {device}": device
        for name, title in TITLES.items()
        for device in _mapping(described, name).get("devices") or ()
        if device != "cpu"
    }
    if not gpus:
        return f"{ran} ({'no GPU was present' if described else 'which GPUs were present is not recorded'})"
    left = [seen for seen, device in gpus.items() if device not in set(rows["device"])]
    return f"{ran} ({', '.join(left)}: not run)" if left else ran


def _settings(environment: Mapping[str, Any]) -> dict[str, list[str]]:
    """Versions and switches: a line for each, with an entry for each of ``TITLES``."""
    described = [_mapping(_mapping(environment, "environments"), name) for name in TITLES]
    names = dict.fromkeys(name for each in described for name in each)
    return {name: [plain(each[name]) if name in each else "" for each in described] for name in names}


def _again(environment: Mapping[str, Any], rows: pd.DataFrame) -> str:
    """The command that runs part of this again; the worst row is the example."""
    files = _mapping(_mapping(environment, "catalogue"), "files")
    given = {
        name: str(text) for name, text in _mapping(environment, "reproduction").items() if name in ("before", "after")
    }
    reproduction = Reproduction(**given)
    for row in rows.itertuples():
        worst: Any = row
        if worst.case in files:
            item = item_name(worst.case, worst.variant, worst.dtype, worst.device, worst.mode)
            return reproduction.command(f"{files[worst.case]}::{item}", worst.mode)
    return reproduction.command("cases", EAGER)


def _mapping(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = content.get(name)
    return value if isinstance(value, Mapping) else {}
