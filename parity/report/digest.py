"""A record in short: the tables that the page shows, of a size that does not grow with the number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ..catalog.dtypes import FLOATS
from ..catalog.frameworks import REFERENCE
from ..judge.row import PASS, VERDICTS

Catalogue = Mapping[str, Mapping[str, Any]]
"""What ``read_catalogue`` returns."""

PLACE = ["dtype", "device", "mode"]
"""The columns that say where an item ran."""

WHOLE = "everything"
"""The quantity of a row whose whole implementation failed."""


@dataclass(frozen=True)
class Cell:
    """Some rows in short: the worst, how many share its verdict, and the highest share used by one that passes."""

    worst: Any
    alike: int
    total: int
    passing: float | None


@dataclass(frozen=True)
class CaseDigest:
    """One case: a cell for each place where it ran, and for each implementation in each place."""

    name: str
    places: Mapping[tuple[str, ...], Cell]
    implementations: Mapping[tuple[str, str], Mapping[tuple[str, ...], Cell]]


@dataclass
class Repeated:
    """Rows of one case that have the same reason; ``worst`` is the first of them."""

    worst: Any
    count: int = 0
    apis: dict[str, None] = field(default_factory=dict)
    quantities: dict[str, None] = field(default_factory=dict)
    dtypes: dict[str, None] = field(default_factory=dict)
    devices: dict[str, None] = field(default_factory=dict)
    variants: dict[str, None] = field(default_factory=dict)


def worst_first(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows sorted, the worst first, numbered by ``order``. The index keeps the order of the record."""
    ratio = rows["error_ratio"].astype(float)
    size = ratio.fillna(-1.0).where(rows["verdict"].eq(PASS), ratio.fillna(float("inf")))
    rank = rows["verdict"].map({verdict: number for number, verdict in enumerate(VERDICTS)})
    ordered: pd.DataFrame = rows.assign(rank=rank, size=size).sort_values(
        ["rank", "size"], ascending=[True, False], kind="stable"
    )
    ordered["order"] = range(len(ordered))
    return ordered


def places(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    """Every dtype, device and mode of the record, the widest dtype first."""
    known = [*FLOATS, ""]
    found = set(rows[PLACE].drop_duplicates().itertuples(index=False, name=None))
    return sorted(found, key=lambda place: (known.index(place[0]) if place[0] in known else -1, *place))


def matrix(rows: pd.DataFrame) -> dict[str, list[CaseDigest]]:
    """The cases of each family, in the order of the record. ``rows`` come from ``worst_first``."""
    at_places = _nested(_cells(rows, ["case", *PLACE]))
    details = _nested(_cells(_sides(rows), ["case", "framework", "api", *PLACE]))
    families: dict[str, list[CaseDigest]] = {}
    for family, name in rows.sort_index()[["family", "case"]].drop_duplicates().itertuples(index=False):
        implementations: dict[tuple[str, str], dict[tuple[str, ...], Cell]] = {}
        for (framework, api, *place), cell in sorted(details.get(name, {}).items(), key=lambda entry: entry[0]):
            implementations.setdefault((framework, api), {})[tuple(place)] = cell
        families.setdefault(family, []).append(CaseDigest(name, at_places[name], implementations))
    return families


def _sides(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each implementation that a row is about: one against the truth, two between frameworks."""
    truth = rows[rows["right"] == REFERENCE]
    parts = [truth.assign(api=truth["left"], framework=truth["left_framework"])]
    pairs = rows[~rows["right"].isin([REFERENCE, ""])]
    for side in ("left", "right"):
        parts.append(pairs.assign(api=pairs[side], framework=pairs[f"{side}_framework"]))
    sides: pd.DataFrame = pd.concat(parts).sort_values("order", kind="stable")
    return sides


def _cells(rows: pd.DataFrame, keys: list[str]) -> dict[tuple[str, ...], Cell]:
    worst = rows.drop_duplicates(keys)
    totals = rows.groupby(keys, sort=False).size().to_dict()
    alike = rows.groupby([*keys, "verdict"], sort=False).size().to_dict()
    passing = rows[rows["verdict"] == PASS].groupby(keys, sort=False)["error_ratio"].max().to_dict()
    names = worst[keys].itertuples(index=False, name=None)
    cells = {}
    for name, row in zip(names, worst.itertuples(), strict=True):
        same = (*name, row.verdict)
        cells[name] = Cell(row, alike[same], totals[name], passing.get(name))
    return cells


def _nested(cells: Mapping[tuple[str, ...], Cell]) -> dict[str, dict[tuple[str, ...], Cell]]:
    nested: dict[str, dict[tuple[str, ...], Cell]] = {}
    for (case, *rest), cell in cells.items():
        nested.setdefault(case, {})[tuple(rest)] = cell
    return nested


def repeated(rows: pd.DataFrame) -> list[Repeated]:
    """The rows put together by case and reason."""
    found: dict[tuple[str, str], Repeated] = {}
    for row in rows.itertuples():
        entry: Any = row
        group = found.setdefault((entry.case, entry.reason), Repeated(entry))
        group.count += 1
        if entry.right in (REFERENCE, ""):
            group.apis[entry.left] = None
        group.quantities[entry.quantity or WHOLE] = None
        group.dtypes[entry.dtype] = None
        group.devices[entry.device] = None
        group.variants[entry.variant] = None
    return list(found.values())


def naive(group: Repeated, catalogue: Catalogue) -> Mapping[str, Any]:
    """What is declared of the naive port that a group's rows come from."""
    found: Mapping[str, Any] = catalogue[group.worst.case]["implementations"][group.worst.left]["naive"]
    return found


def timed(timings: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry for each implementation of each item: its ``medians`` in seconds by measure, and the notes on them.

    Those without any median come last.
    """
    keys = ["case", "variant", *PLACE, "framework", "implementation"]
    read = timings[[*keys, "measure", "median_seconds", "note"]].itertuples(index=False, name=None)
    table: dict[tuple[str, ...], tuple[dict[str, float], dict[str, None]]] = {}
    for *name, measure, seconds, note in read:
        medians, notes = table.setdefault(tuple(name), ({}, {}))
        if seconds == seconds:  # not NaN
            medians[measure] = seconds
        if note:
            notes[f"{measure} {note}".strip()] = None
    entries = [
        {**dict(zip(keys, name, strict=True)), "medians": medians, "notes": list(notes)}
        for name, (medians, notes) in table.items()
    ]
    return sorted(entries, key=lambda entry: not entry["medians"])
