"""A record as the reports tell it: the rows, the worst first, and what is known of the run beside them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from ..judge.row import COLUMNS, EXPECTED, RED, VERDICTS
from ..plan.reproduction import Reproduction
from ..plan.work import item_name
from ..record.gpu import NEVER
from ..record.read import RecordError, read_asked, read_catalogue, read_environment, read_quick, read_rows
from ..record.schema import ENVIRONMENT, PARITY, QUICK_COLUMNS
from .causes import Called, Failures, RootCause, called, side_of
from .digest import Catalogue, worst_first
from .display import TITLES, moment, plain, version
from .text import headline

T = TypeVar("T")


@dataclass(frozen=True)
class Overview:
    """What a folder holds. ``rows`` have two columns more: the ``family`` of the case, and whether it is ``naive``, a
    port that is declared to be wrong. ``notes`` say what is missing, damaged or incomplete; ``called`` are the
    functions that each implementation called.
    """

    rows: pd.DataFrame
    catalogue: Catalogue
    environment: Mapping[str, Any]
    timings: pd.DataFrame
    notes: Sequence[str]
    called: Called

    @classmethod
    def read(cls, folder: Path) -> Overview:
        """Read a record; what cannot be read is empty, and noted."""
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
        notes += _gaps(environment, _counts(rows))
        timings = _read(read_quick, folder, notes, pd.DataFrame(columns=list(QUICK_COLUMNS)))
        return cls(rows, catalogue, environment, timings, notes, _called(folder))

    @cached_property
    def counts(self) -> dict[str, int]:
        """Rows by verdict, the best first."""
        return _counts(self.rows)

    @property
    def headline(self) -> str:
        """The verdict in words."""
        so_far = " so far" if self.notes and self.at_parity else ""
        return f"{headline(self.counts)}{so_far}"

    @property
    def at_parity(self) -> bool:
        return not self.counts_of(RED) and bool(self.counts["pass"])

    def counts_of(self, verdicts: Sequence[str]) -> int:
        return sum(self.counts[verdict] for verdict in verdicts)

    @cached_property
    def red(self) -> pd.DataFrame:
        """The rows that make the run fail."""
        red: pd.DataFrame = self.rows[self.rows["verdict"].isin(RED)]
        return red

    @cached_property
    def causes(self) -> list[tuple[RootCause, pd.DataFrame]]:
        """The root causes of what failed, each with its rows, the worst first."""
        if self.red.empty:
            return []
        passing = self.rows[~self.rows["verdict"].isin(RED)].drop_duplicates(["case", "left", "right"])
        causes = Failures([*self.red.itertuples(), *passing.itertuples()]).causes(self.called)
        numbers = {side: number for number, cause in enumerate(causes) for side in cause.sides}
        of = pd.Series([numbers[side_of(row)] for row in self.red.itertuples()], index=self.red.index)
        return [(cause, self.red[of == number]) for number, cause in enumerate(causes)]

    @property
    def as_declared(self) -> pd.Series[bool]:
        """Which rows are of naive ports that are wrong as they should be."""
        return self.rows["naive"] & self.rows["verdict"].eq(EXPECTED)

    @property
    def facts(self) -> dict[str, str]:
        """Versions, when and where it ran, how long, and on which devices."""
        environment, seconds = self.environment, self.environment.get("seconds")
        return {
            **{title: version(part(part(environment, "environments"), name)) for name, title in TITLES.items()},
            "Compared": f"{len(self.rows):,} rows from {environment.get('items', 'an unknown number of')} items",
            "Seed": plain(environment.get("seed", "not recorded")),
            "Began": moment(environment.get("began", "not recorded")),
            "Took": f"{seconds:.1f} s" if isinstance(seconds, (int, float)) else "not recorded",
            "Machine": plain(part(environment, "machine").get("system", "not recorded")),
            "Devices": self.devices,
        }

    @property
    def devices(self) -> str:
        """Where it ran, and which GPUs were there and left out."""
        ran = ", ".join(device for device in sorted(self.rows["device"].unique()) if device) or "none"
        described = part(self.environment, "environments")
        gpus = {
            f"{title} sees {device}": device
            for name, title in TITLES.items()
            for device in part(described, name).get("devices") or ()
            if device != "cpu"
        }
        if not gpus:
            return f"{ran} ({'no GPU was present' if described else 'which GPUs were present is not recorded'})"
        left = [seen for seen, device in gpus.items() if device not in set(self.rows["device"])]
        return f"{ran} ({', '.join(left)}: not run)" if left else ran

    @property
    def settings(self) -> dict[str, list[str]]:
        """Versions and switches: a line for each, with an entry for each of ``TITLES``."""
        described = [_flat(part(part(self.environment, "environments"), name)) for name in TITLES]
        names = dict.fromkeys(name for each in described for name in each)
        return {name: [plain(each[name]) if name in each else "" for each in described] for name in names}

    @property
    def files(self) -> Mapping[str, str]:
        """The file of each case."""
        return part(part(self.environment, "catalogue"), "files")

    def on_gpu(self, case: str) -> str:
        """Where a case has run on a GPU: in this run, in an earlier one that was added to the coverage, or never."""
        before = plain(part(self.environment, "on_gpu").get(case, NEVER))
        return "in this run" if case in self._on_gpu else before

    @cached_property
    def _on_gpu(self) -> set[str]:
        return set(self.rows["case"][self.rows["device"].str.startswith("gpu")])

    @property
    def reproduction(self) -> Reproduction:
        given = part(self.environment, "reproduction")
        return Reproduction(**{name: str(given[name]) for name in ("before", "after") if name in given})

    def command(self, row: Any) -> str:
        """The command that runs a row's item again; that of the whole catalogue where its file is not known."""
        if row is None or row.case not in self.files:
            return self.reproduction.command("cases", "")
        item = item_name(row.case, row.variant, row.dtype, row.device, row.mode)
        return self.reproduction.command(f"{self.files[row.case]}::{item}", row.mode)


def _flat(described: Mapping[str, Any]) -> dict[str, Any]:
    """An environment, with the kernels of each mode as a setting of its own: ``onednn: float32; eigen: float64``."""
    flat = {name: value for name, value in described.items() if name != "kernels"}
    kernels = part(described, "kernels")
    for mode in kernels:
        dtypes: dict[str, list[str]] = {}
        for dtype, name in part(kernels, mode).items():
            dtypes.setdefault(str(name), []).append(dtype)
        told = [f"{name}: {', '.join(having)}" for name, having in dtypes.items()]
        flat[f"kernels_{mode}"] = "; ".join(told if len(dtypes) > 1 else dtypes)
    return flat


def part(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within an object; empty where there is none."""
    value = content.get(name)
    return value if isinstance(value, Mapping) else {}


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    return {verdict: int(rows["verdict"].eq(verdict).sum()) for verdict in reversed(VERDICTS)}


def _read(read: Callable[[Path], T], folder: Path, notes: list[str], otherwise: T) -> T:
    try:
        return read(folder)
    except RecordError as error:
        notes.append(str(error).replace(f"{folder}{os.sep}", ""))
        return otherwise


def _called(folder: Path) -> Called:
    """The functions that implementations called; none where the record does not say, as root causes need them only."""
    try:
        return called(read_asked(folder))
    except RecordError:
        return {}


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
