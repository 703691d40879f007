"""What the documents keep of a run: the size of every declared error, and a verdict for each case.

A record is large and belongs to one machine. Two small tables of it are committed beside the documents, so that
the documents can be made again, and checked, without a run.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from ..catalog.case import Case
from ..catalog.frameworks import REFERENCE
from ..catalog.known import Deviation
from ..catalog.load import CaseFile
from ..catalog.modes import EAGER
from ..judge.row import EXPECTED, NOT_RUN, PASS, RED
from ..plan.work import Item, Unit
from ..record.read import RecordError

MEASURED, VERDICTS = "measured.csv", "verdicts.csv"

NO_SCALE = ""
_PLACE = re.compile(r" \(at [^()]*:\d+\)$")
_NODE = re.compile(r"\{\{[^{}]*\}\} ?")
_COUNTED = re.compile(r"(layer '\w+?)_\d+(?=')")
_LONGEST = 160

T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """The largest error of one naive port, or of one declared deviation (``declared`` is then its reason).

    ``error`` and ``scale``, the largest magnitude of the truth, have one significant digit. They are empty
    where values could not be compared; ``raised`` is then what was raised, or what else was wrong.
    """

    case: str
    api: str
    declared: str
    variant: str
    dtype: str
    device: str
    quantity: str
    error: str
    scale: str
    raised: str
    version: str


@dataclass(frozen=True)
class Verdict:
    """A case's eager rows, counted by verdict, those of traps left out; and by what they compare.

    ``outputs``, ``states`` and ``gradients`` count rows in which values were compared; ``errors`` counts those in which
    something was raised as declared. These four count traps, too.
    """

    case: str
    passed: int = 0
    expected: int = 0
    failed: int = 0
    outputs: int = 0
    states: int = 0
    gradients: int = 0
    errors: int = 0


def measure(
    files: Sequence[CaseFile], rows: pd.DataFrame, before: Sequence[Measured] = ()
) -> tuple[list[Measured], list[Verdict]]:
    """The two tables, from the rows of a record. Formulas are evaluated anew for the scale of the truth.

    What is declared for some modes is taken from their rows, everything else from the eager ones. What is declared for
    other modes than those of the record, or for other kernels than this machine's, is as it was measured ``before``.
    """
    earlier = by_port(before)
    measured: list[Measured] = []
    verdicts: list[Verdict] = []
    of_case = dict(iter(rows.groupby("case", sort=False)))
    for file, case in ((f, c) for f in files for c in f.cases):
        found = of_case.get(case.name, rows.iloc[:0])
        naive = {implementation.api for implementation in case.divergences}
        ports, eager = found["left"].isin(naive), found["mode"].eq(EAGER)
        verdicts.append(_verdict(case.name, found[eager], ports[eager]))
        measured += _ports(file, case, found[ports & eager])
        measured += _deviations(
            file, case, found[(found["right"] == REFERENCE) & found["verdict"].eq(EXPECTED) & ~ports]
        )
        met = by_port(measured)
        measured += [earlier[key] for key in dict.fromkeys(_elsewhere(case)) if key in earlier and key not in met]
    return measured, verdicts


def read_measured(folder: Path) -> list[Measured]:
    """``measured.csv``; empty when there is none yet."""
    return [Measured(**row) for row in _read(folder / MEASURED, Measured)]


def read_verdicts(folder: Path) -> dict[str, Verdict]:
    """``verdicts.csv``, by case."""
    rows = _read(folder / VERDICTS, Verdict)
    return {row["case"]: Verdict(row["case"], *map(int, list(row.values())[1:])) for row in rows}


def write_tables(folder: Path, measured: Iterable[Measured], verdicts: Iterable[Verdict]) -> None:
    """Write both tables into ``folder``."""
    _write(folder / MEASURED, Measured, measured)
    _write(folder / VERDICTS, Verdict, verdicts)


def size(measured: Measured) -> str:
    """An error in words: absolute, and beside the truth."""
    if not measured.error:
        return measured.raised
    error, scale = float(measured.error), float(measured.scale or "nan")
    if not np.isfinite(error):
        return "infinitely far off"
    if not scale > 0:
        return f"off by {plain(error)}"
    share = error / scale
    beside = f"{plain(100 * share)} % of" if 1e-3 <= share < 10 else f"{plain(share)} times"
    return f"off by {plain(error)}: {beside} the largest true value"


def plain(value: float) -> str:
    """One significant digit: ``0.03``, ``400``, ``2e-8``."""
    text = f"{value:.0e}"
    short = f"{float(text):.10f}".rstrip("0").rstrip(".") if 1e-3 <= abs(value) < 1e4 else text
    return short.replace("e-0", "e-").replace("e+0", "e")


def _verdict(name: str, rows: pd.DataFrame, ports: pd.Series[bool]) -> Verdict:
    verdicts, kinds = rows["verdict"], rows["quantity"].str.split(":").str[0]
    measured = rows["max_abs_error"].notna()
    return Verdict(
        name,
        passed=int(verdicts[~ports].eq(PASS).sum()),
        expected=int(verdicts[~ports].eq(EXPECTED).sum()),
        failed=int(verdicts[~ports].isin([*RED, NOT_RUN]).sum()),
        outputs=int((kinds.eq("output") & measured).sum()),
        states=int((kinds.eq("state") & measured).sum()),
        gradients=int((kinds.eq("grad") & measured).sum()),
        errors=int((verdicts.eq(EXPECTED) & ~measured).sum()),
    )


def _elsewhere(case: Case) -> Iterator[tuple[str, str, str]]:
    """What not every machine and mode shows, by the keys of ``by_port``."""
    for port in case.divergences:
        if port.divergence is not None and port.divergence.kernels:
            yield case.name, port.api, ""
    for item in case.known:
        if isinstance(item, Deviation) and (item.kernels or EAGER not in (item.modes or (EAGER,))):
            yield case.name, item.api, item.because


def _ports(file: CaseFile, case: Case, rows: pd.DataFrame) -> list[Measured]:
    expected = rows[rows["verdict"] == EXPECTED]
    found = []
    for implementation in case.divergences:
        divergence = implementation.divergence
        own = expected[expected["left"] == implementation.api]
        if divergence is not None and len(own):
            known = f"{divergence.because} ({divergence.source}). Instead: {divergence.fix}"
            found.append(_worst(file, case, own, "", known))
    return found


def _deviations(file: CaseFile, case: Case, rows: pd.DataFrame) -> list[Measured]:
    found = []
    for deviation in (item for item in case.known if isinstance(item, Deviation) and item.of_values):
        known = f"{deviation.because} ({deviation.source})"
        own = rows[(rows["left"] == deviation.api) & rows["reason"].eq(known)]
        if EAGER in (deviation.modes or (EAGER,)):
            own = own[own["mode"].eq(EAGER)]
        if len(own):
            found.append(_worst(file, case, own, deviation.because, known))
    return list(dict.fromkeys(found))


def _worst(file: CaseFile, case: Case, rows: pd.DataFrame, declared: str, known: str) -> Measured:
    """The row with the largest error; without a measured one, the first."""
    sizes = rows["max_abs_error"].astype(float)
    row: Any = rows.iloc[int(np.argmax(sizes.fillna(-1.0)))]
    error, raised, scale = float(row["max_abs_error"]), "", NO_SCALE
    if np.isnan(error):
        raised = _PLACE.sub("", row["reason"].removeprefix(known).removeprefix(": ")).replace("`", "'")
        raised = _COUNTED.sub(r"\1", _NODE.sub("", raised))
        raised = raised if len(raised) <= _LONGEST else raised[:_LONGEST].rsplit(" ", 1)[0] + " ..."
        raised = raised or "of another shape or type, or with NaN or infinity that the truth has not"
    else:
        scale = _digit(_scale(file, case, row))
    return Measured(
        case.name, row["left"], declared, row["variant"], row["dtype"], row["device"], row["quantity"],
        "" if np.isnan(error) else _digit(error), scale, raised, row["left_version"],
    )  # fmt: skip


def _scale(file: CaseFile, case: Case, row: Any) -> float:
    """The largest magnitude of the truth, from the formula."""
    from ..workers.execute import execute
    from ..workers.reference import ReferenceAdapter

    if row["variant"] not in {variant.id for variant in case.variants}:
        raise RecordError(
            f"{case.name} has no variant {row['variant']!r} any more: run again, then write the documents"
        )
    item = Item(str(file.path), case.name, row["variant"], row["dtype"], "cpu")
    observation = execute(ReferenceAdapter(1), Unit(item, REFERENCE, REFERENCE, int(row["seed"])))
    if observation.failure is not None:
        raise RecordError(f"{item.name}: the formula gives no truth: {observation.failure}")
    name = row["quantity"].partition(":")[2]
    named = (row["quantity"], f"output:{name}", f"state:{name}")  # A result in inference is that of an output or state.
    values = np.abs(next(observation.results[each] for each in named if each in observation.results).values)
    return float(np.max(values, initial=0.0, where=np.isfinite(values)))


def _digit(value: float) -> str:
    return f"{value:.0e}"


def _read(path: Path, kind: type[Any]) -> list[dict[str, str]]:
    names = [field.name for field in fields(kind)]
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError:
        return []
    if any(list(row) != names or None in row.values() for row in rows):
        raise RecordError(f"{path}: its columns are not {', '.join(names)}; run nox -s docs")
    return rows


def _write(path: Path, kind: type[Any], entries: Iterable[Any]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(kind)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(asdict, entries))


def by_port(measured: Iterable[Measured]) -> Mapping[tuple[str, str, str], Measured]:
    """The rows by case, API path and declared reason (empty for a naive port)."""
    return {(row.case, row.api, row.declared): row for row in measured}
