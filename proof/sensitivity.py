"""Sensitivity: the smallest relative disturbance of a result that is noticed, here and by the usual comparisons.

    python -m proof.sensitivity --out reports/proof/sensitivity.json --torch-python P --tensorflow-python P

Every result that is not exact is multiplied by 1 + δ, with δ from 2^-30 up in steps of a quarter of an octave. The
judge compares it with the formula; the usual comparisons compare PyTorch's disturbed result with TensorFlow's. What a
comparison rejects with δ = 0 is a false alarm: both results are right.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from parity.catalog.dtypes import FLOATS, Array, unit_roundoff
from parity.catalog.frameworks import FRAMEWORKS, REFERENCE
from parity.catalog.known import Deviation
from parity.judge import Context
from parity.judge.compare import Truth, against_truth
from parity.judge.expected import expected_dtype
from parity.judge.tolerance import ROUNDINGS, allowance, together
from parity.workers.protocol import Result
from proof.observe import Observed, Workers

DISTURBANCES: tuple[float, ...] = tuple(2.0 ** (-quarters / 4) for quarters in range(4 * 30, 0, -1))
SEEDS = range(3)


def close(rtol: float, atol: float) -> Callable[[Array, Array], bool]:
    """Whether all elements are within ``atol + rtol * |expected|``."""
    return lambda actual, expected: bool(np.all(np.abs(actual - expected) <= atol + rtol * np.abs(expected)))


USUAL = {
    "numpy.testing.assert_allclose": close(1e-7, 0.0),
    "torch.testing.assert_close": close(1.3e-6, 1e-5),
    "Keras TestCase": close(1e-6, 1e-6),
    "Polygraphy": close(1e-5, 1e-5),
}
"""The defaults for float32 of the usual comparisons."""

JUDGE = "this judge"

APART = {"mean_of_many": 70_000}
"""Single sums of so many terms of one sign, listed apart, and their terms: see ``bound``."""


def bound(terms: int) -> float:
    """What adding up terms of one sign one by one in float32, which is right, may be off by, of the sum.

    The k-th of n partial sums is k/n of the sum r and is rounded: the root mean square of all roundings is u r √(n/3),
    beside one of the result itself, and the judge allows eight times as much. No smaller δ can be noticed.
    """
    return ROUNDINGS * unit_roundoff("float32") * math.sqrt(1 + terms / 3)


def measure(observed: Observed, context: Context) -> list[dict[str, Any]]:
    """For each quantity that two frameworks gave right: the smallest disturbance each comparison notices.

    That is 0 for a false alarm.
    """
    case, item = observed.case, observed.item
    formula = observed.observations[REFERENCE]
    variant = case.variant(item.variant)
    apis = [next((i.api for i in case.implementations if i.framework == name), None) for name in FRAMEWORKS]
    left, right = (observed.observations[api] if api else None for api in apis)
    if left is None or right is None or formula.failure or left.failure or right.failure:
        return []
    known = (
        case.known_of(api, variant, context.circumstances(framework, item, item.mode))
        for framework, api in zip(FRAMEWORKS, apis, strict=True)
        if api
    )
    wrong = [each for of_one in known for each in of_one if isinstance(each, Deviation)]
    found = []
    for quantity, reference in formula.results.items():
        if case.is_exact(quantity) or quantity not in left.results or quantity not in right.results:
            continue
        if expected_dtype(case, variant, item.dtype, quantity, reference.array) != item.dtype:
            continue
        if any(deviation.covers(quantity) for deviation in wrong):
            continue
        limits = allowance(
            case, variant, item.dtype, quantity, reference.array, formula.sensitivities.get(quantity), None
        )
        truth = Truth.of(reference.array, item.dtype, limits)
        one, other = left.results[quantity], right.results[quantity]
        apart = against_truth(other, truth, signed_zeros=False)
        comparable = np.isfinite(truth.values).all() and np.any(truth.values) and one.array.shape == other.array.shape
        if not comparable or apart.problem or apart.rho is None or limits.own:
            continue
        judge = partial(_judged, truth=truth, other=apart.rho)
        usual = {name: partial(_accepted, accepts=accepts, other=other) for name, accepts in USUAL.items()}
        smallest = {name: _smallest(accepts, one) for name, accepts in {JUDGE: judge, **usual}.items()}
        found.append({"case": item.case, "quantity": quantity, "seed": observed.seed, "smallest": smallest})
    return found


def _judged(disturbed: Result, truth: Truth, other: float) -> bool:
    difference = against_truth(disturbed, truth, signed_zeros=False)
    return difference.ok and difference.rho is not None and difference.rho <= together(truth.values.size, other)


def _accepted(disturbed: Result, accepts: Callable[[Array, Array], bool], other: Result) -> bool:
    return accepts(disturbed.values, other.values)


def _smallest(accepts: Callable[[Result], bool], result: Result) -> float | None:
    """The least of the disturbances that is not accepted, by bisection: more of it is accepted no better."""
    if not accepts(result):
        return 0.0
    if accepts(_disturbed(result, DISTURBANCES[-1])):
        return None
    low, high = -1, len(DISTURBANCES) - 1  # Accepted, and not.
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if accepts(_disturbed(result, DISTURBANCES[middle])) else (low, middle)
    return DISTURBANCES[high]


def _disturbed(result: Result, disturbance: float) -> Result:
    return Result(FLOATS[result.dtype].encode(result.values * (1.0 + disturbance)), result.dtype)


def summarize(measured: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each case and comparison: the median of the smallest disturbances noticed, and the share of false alarms."""
    cases: dict[str, list[dict[str, float | None]]] = {}
    for entry in measured:
        cases.setdefault(entry["case"], []).append(entry["smallest"])
    rows = []
    for case, entries in cases.items():
        noticed, alarms = {}, {}
        for name in (JUDGE, *USUAL):
            given = [entry[name] for entry in entries if entry[name] != 0]
            found = [np.inf if disturbance is None else disturbance for disturbance in given]
            middle = float(np.median(found)) if found else np.inf
            noticed[name] = middle if np.isfinite(middle) else None
            alarms[name] = sum(entry[name] == 0 for entry in entries) / len(entries)
        rows.append({"case": case, "quantities": len(entries), "noticed": noticed, "false_alarms": alarms})
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.sensitivity", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    for framework in FRAMEWORKS:
        parser.add_argument(f"--{framework}-python", required=True)
    options = parser.parse_args(arguments)
    workers = Workers({name: getattr(options, f"{name}_python") for name in FRAMEWORKS})
    try:
        items = workers.items(["float32"], one_variant=True)
        measured = [
            entry
            for observed in workers.observe(items, SEEDS)
            for entry in measure(observed, workers.context(observed.seed))
        ]
    finally:
        workers.stop()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    record = {"versions": workers.versions, "seeds": len(SEEDS), "cases": summarize(measured)}
    options.out.write_text(json.dumps(record, indent=1) + "\n")
    print(f"{len(measured)} quantities of {len({entry['case'] for entry in measured})} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
