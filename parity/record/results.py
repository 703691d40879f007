"""Results as they are kept: what every implementation gave for every quantity, in bits.

``results.csv`` has a row for each, with a digest of its bits. Where the bits are not those of the formula, rounded to
the dtype, the distance of every element from it is kept, too, in representable values of the dtype: small whole
numbers, so that all results of a catalogue fit into a few megabytes. Two runs of one formula are compared bit by bit
through them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from math import prod
from typing import Any

import numpy as np

from ..catalog.case import Case
from ..catalog.dtypes import COMPLEX, Array, encode
from ..catalog.errors import DeclarationError
from ..catalog.frameworks import REFERENCE
from ..judge.expected import expected_dtype, in_dtype
from ..judge.row import INFERRED, NONDETERMINISTIC, PASS, RED, Row, worst
from ..plan.work import Item
from ..workers.protocol import Failure, Observation, Result

INPUTS = "inputs"
"""The quantity of the formula's row whose digest is that of all inputs and weights."""

WIDTHS = (np.int8, np.int16, np.int32, np.int64)


@dataclass(frozen=True, slots=True)
class ResultRow:
    """The columns of ``results.csv``: one implementation's result of one quantity, or why there is none.

    ``shape`` is ``2x5x9x8``, ``digest`` of the result's bits. ``verdict`` is that against the formula, or a worse one
    of a comparison in which this framework is to blame; ``error_ratio``, ``max_ulp`` and ``rho`` are against the
    formula. ``right`` is ``yes`` or ``no`` where the elements were measured: whether they are within the allowance, one
    by one and together. ``wrong`` counts those that are not, ``not_finite`` those that are NaN or infinite where the
    formula's are neither, and ``places`` is a digest of where. ``steady`` is ``no`` where the bits differ each time.
    ``stage``, ``error`` and ``message`` tell a failure, ``missing`` the name that the framework does not have,
    ``nearest`` the nearest that it has.
    """

    case: str
    variant: str
    dtype: str
    device: str
    mode: str
    implementation: str
    framework: str
    quantity: str
    found: str = ""
    shape: str = ""
    digest: str = ""
    verdict: str = ""
    error_ratio: float | None = None
    max_ulp: float | None = None
    rho: float | None = None
    right: str = ""
    wrong: int | None = None
    not_finite: int | None = None
    places: str = ""
    steady: str = ""
    stage: str = ""
    error: str = ""
    message: str = ""
    missing: str = ""
    nearest: str = ""

    @property
    def key(self) -> Key:
        return (
            self.case, self.variant, self.dtype, self.device, self.mode, self.implementation, self.quantity
        )  # fmt: skip

    @property
    def size(self) -> int:
        """The numbers that distances are kept of: two for each complex one."""
        elements = prod(map(int, self.shape.split("x"))) if self.shape else 1
        return 2 * elements if self.found in COMPLEX else elements


Key = tuple[str, str, str, str, str, str, str]
"""Case, variant, dtype, device, mode, implementation, quantity."""

RESULT_COLUMNS = tuple(field.name for field in fields(ResultRow))


def result_rows(
    case: Case, item: Item, observations: Mapping[str, Observation], rows: Iterable[Row], *, arrays: bool
) -> Iterator[tuple[ResultRow, Array | None]]:
    """An item's rows, the formula's first, with ``arrays`` each with its distances from the formula, if any."""
    formula = observations.get(REFERENCE)
    if formula is None:
        return
    truths = _truths(case, item, formula.results)
    place = (item.case, item.variant, item.dtype, item.device, item.mode)
    yield ResultRow(*place, REFERENCE, REFERENCE, INPUTS, digest=formula.input_digest, verdict=PASS), None
    for quantity, truth in truths.items():
        shape = "x".join(map(str, truth.shape))
        yield ResultRow(*place, REFERENCE, REFERENCE, quantity, truth.dtype, shape, _digest(truth.array), PASS), None
    judged = _Judged(rows)
    for api, observation in observations.items():
        implementation = case.implementation(api)
        if implementation is None or api == REFERENCE:
            continue
        naive = implementation.divergence is not None
        results = {**observation.results, **observation.inference}
        for quantity in judged.quantities(api, results):
            row = judged.against_truth.get((api, quantity), Row())
            given = ResultRow(
                *place, api, implementation.framework, quantity,
                verdict=judged.verdict(api, quantity, naive=naive),
                error_ratio=row.error_ratio, max_ulp=row.max_ulp, rho=row.rho, right=_right(row), wrong=_wrong(row),
                steady="" if judged.is_steady(api, quantity) else "no",
            )  # fmt: skip
            result = results.get(quantity)
            if result is None:
                inferred = quantity.startswith(INFERRED)
                yield _failed(given, observation.inference_failure if inferred else observation.failure), None
            else:
                shape = "x".join(map(str, result.shape))
                right = truths.get(quantity)
                kept = replace(
                    given, found=result.dtype, shape=shape, digest=_digest(result.own), **_not_finite(result, right),
                )  # fmt: skip
                yield kept, _distances(result, right) if arrays else None


def _truths(case: Case, item: Item, results: Mapping[str, Result]) -> dict[str, Result]:
    """The formula's results, rounded to the dtypes that they must have; those that these cannot hold are left out."""
    found: dict[str, Result] = {}
    for quantity, result in results.items():
        dtype = expected_dtype(case, case.variant(item.variant), item.dtype, quantity, result.own)
        with suppress(DeclarationError):
            found[quantity] = Result(encode(in_dtype(result.own, dtype, quantity), dtype), dtype)
    return found


def _failed(row: ResultRow, failure: Failure | None) -> ResultRow:
    if failure is None:
        return row
    return replace(
        row,
        stage=failure.stage,
        error=failure.kind,
        message=failure.message,
        missing=failure.missing,
        nearest=failure.nearest,
    )


class _Judged:
    """The judge's rows of one item, by implementation and quantity."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.against_truth: dict[tuple[str, str], Row] = {}
        self._verdicts: dict[tuple[str, str], list[str]] = {}
        self._quantities: dict[str, dict[str, None]] = {}
        for row in rows:
            if row.right == REFERENCE:
                self.against_truth[row.left, row.quantity] = row
                self._quantities.setdefault(row.left, {})[row.quantity] = None
                self._verdicts.setdefault((row.left, row.quantity), []).append(row.verdict)
            elif row.verdict in RED:
                sides = ((row.left, row.left_framework), (row.right, row.right_framework))
                for side in {api for api, framework in sides if row.blame in (framework, "both")}:
                    self._verdicts.setdefault((side, row.quantity), []).append(row.verdict)

    def quantities(self, api: str, results: Iterable[str]) -> list[str]:
        """Those that the judge has a row for, and those that came."""
        return list(dict.fromkeys([*self._quantities.get(api, ()), *results]))

    def is_steady(self, api: str, quantity: str) -> bool:
        return NONDETERMINISTIC not in self._verdicts.get((api, quantity), ())

    def verdict(self, api: str, quantity: str, *, naive: bool) -> str:
        """The worst of its rows. A naive port has one row, for whichever quantity is furthest off."""
        found = self._verdicts.get((api, quantity), [])
        if naive:
            found = [verdict for (side, _), own in self._verdicts.items() if side == api for verdict in own]
        return worst(found)


def _digest(stored: Array) -> str:
    return blake2b(np.ascontiguousarray(stored).tobytes(), digest_size=6).hexdigest()


def _right(row: Row) -> str:
    if row.error_ratio is None:
        return ""
    together = row.rho is None or row.rho_allowed is None or row.rho <= row.rho_allowed
    return "yes" if row.error_ratio <= 1 and together else "no"


def _wrong(row: Row) -> int | None:
    """How many elements are beyond their allowance: the last class of the distribution."""
    return int(row.distribution.rpartition(" ")[2]) if row.distribution else None


def _not_finite(result: Result, truth: Result | None) -> dict[str, Any]:
    """How many elements are NaN or infinite where the formula's are neither, and where; nothing if that is unknown."""
    if truth is None or result.shape != truth.shape:
        return {}
    found = ~np.isfinite(result.values) & np.isfinite(truth.values)
    return {"not_finite": int(np.count_nonzero(found)), "places": _digest(np.packbits(found)) if found.any() else ""}


def _distances(result: Result, truth: Result | None) -> Array | None:
    """How many representable values each element is from the formula's, in the narrowest type that holds them.

    Two NaN are no distance apart, whatever their bits.
    """
    if truth is None or result.dtype != truth.dtype or result.shape != truth.shape:
        return None
    with np.errstate(over="ignore"):
        apart = result.ordinals.astype(np.int64) - truth.ordinals.astype(np.int64)
    apart = np.where(np.isnan(result.values) & np.isnan(truth.values), 0, apart).ravel()
    return narrow(apart) if apart.any() else None


def narrow(whole: Array) -> Array:
    """Whole numbers in the narrowest type that holds them all."""
    low, high = int(whole.min(initial=0)), int(whole.max(initial=0))
    return whole.astype(next(w for w in WIDTHS if np.iinfo(w).min <= low and high <= np.iinfo(w).max))
