"""Operations that users declare from the public documentation: right versions must pass, wrong ones must be noticed.

    python -m proof.strangers.measure --out docs/proof/strangers.json --torch-python P --tensorflow-python P

The wrong versions stand beside the right ones (``cases/``); their API paths begin with ``WRONG: ``. A version that is
wrong in some dtypes only ends with those, as in ``(float64 only)``; in other dtypes nothing is asked of it. The exit
status is 1 when a right version is rejected (an alarm), when a wrong one passes or the other framework is blamed for it
(a miss), and when a declaration, a formula or a version gives no result (an error).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from parity.catalog.case import Case, Implementation
from parity.catalog.frameworks import FRAMEWORKS, REFERENCE
from parity.catalog.load import load
from parity.judge.row import FAIL, NONDETERMINISTIC, RED, Row
from proof.observe import Observed, Workers

FOLDER = Path(__file__).with_name("cases")
SEEDS = range(3)
WRONG = "WRONG: "
ONLY = re.compile(r"\((?P<dtypes>\w+(, \w+)*) only\)$")

ALARM = "alarm"
MISS = "miss"
ERRED = "error"

NOTICED = (FAIL, NONDETERMINISTIC)
"""The verdicts with which a wrong result is noticed. An error or a crash says nothing about a result."""


@dataclass(frozen=True)
class Finding:
    """What the judge got wrong about one version of one item: its kind, and the first seed and reason of several."""

    kind: str
    case: str
    variant: str
    dtype: str
    version: str
    reason: str
    seed: int
    seeds: int = 1


def is_wrong(api: str) -> bool:
    return api.startswith(WRONG)


def wrong_in(api: str, dtype: str) -> bool:
    """Whether a wrong version is wrong in a dtype."""
    only = ONLY.search(api)
    return only is None or dtype in only["dtypes"].split(", ")


def judged_wrongly(case: Case, dtype: str, rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    """What the judge got wrong in one item: the kind, the version, and the reason in words.

    Rows of a version that is already found to fail alone are not counted again where others are compared with it.
    """
    formula = next((row for row in rows if row.left == REFERENCE), None)
    if formula is not None:
        return [(ERRED, REFERENCE, formula.reason)]
    found: list[tuple[str, str, str]] = []
    right = {each.api for each in case.implementations if not is_wrong(each.api)}
    for implementation in sorted(case.implementations, key=lambda each: is_wrong(each.api)):
        api = implementation.api
        own = [row for row in rows if row.left == api and row.right in (REFERENCE, f"{api}, again")]
        failed = [row for row in own if row.verdict in RED and row.verdict not in NOTICED]
        if failed:
            found.append((ERRED, api, failed[0].reason))
        elif api in right:
            found += [(ALARM, api, f"{row.quantity}: {row.reason}") for row in own if row.verdict in RED]
        elif wrong_in(api, dtype):
            found += _missed(implementation, own, rows, right)
        if api in right and any(row.verdict in RED for row in own):
            right.discard(api)
    for row in rows:
        if row.verdict in RED and row.left in right and row.right in right:
            found.append((ALARM, row.left, f"{row.quantity}, against {row.right}: {row.reason}"))
    return found


def _missed(
    implementation: Implementation, own: Sequence[Row], rows: Sequence[Row], right: set[str]
) -> Iterator[tuple[str, str, str]]:
    """A wrong version has to be red itself, and no right version of the other framework may be blamed for it."""
    api = implementation.api
    if not any(row.verdict in NOTICED for row in own):
        nearest = max(own, key=lambda row: row.error_ratio or 0.0)
        yield MISS, api, f"passes: {nearest.quantity} uses {nearest.error_ratio or 0.0:.1%} of its allowance"
    for row in rows:
        pair = {row.left, row.right}
        if api in pair and pair & right and row.verdict in RED and row.blame != implementation.framework:
            yield MISS, api, f"{row.quantity}: {row.left} against {row.right} is blamed on {row.blame}"


def examine(workers: Workers, seeds: Sequence[int], cases: Sequence[str] = ()) -> dict[str, Any]:
    """The record of all operations, or of some by name: how many there are, and every finding."""
    items = workers.items(None, one_variant=False)
    items = [(case, item) for case, item in items if not cases or case.name in cases]
    found: dict[tuple[str, ...], Finding] = {}
    for observed in workers.observe(items, seeds):
        case, item = observed.case, observed.item
        told: dict[tuple[str, ...], Finding] = {}
        for kind, version, reason in _of(observed, workers):
            finding = Finding(kind, case.name, item.variant, item.dtype, version, reason, observed.seed)
            told.setdefault((kind, case.name, item.variant, item.dtype, version), finding)
        for key, finding in told.items():
            first = found.get(key)
            found[key] = finding if first is None else Finding(**{**asdict(first), "seeds": first.seeds + 1})
    apis = [each.api for name in {case.name: case for case, _ in items}.values() for each in name.implementations]
    return {
        "versions": workers.versions,
        "operations": len({case.name for case, _ in items}),
        "right": sum(not is_wrong(api) for api in apis),
        "wrong": sum(is_wrong(api) for api in apis),
        "items": len(items),
        "seeds": len(seeds),
        "findings": [*_broken(workers), *map(asdict, found.values())],
    }


def _of(observed: Observed, workers: Workers) -> list[tuple[str, str, str]]:
    try:
        rows = workers.judged(observed)
    except Exception as error:  # A judge that cannot take what a user declares is a finding; the others go on.
        return [(ERRED, "the judge", f"{type(error).__name__}: {error}")]
    return judged_wrongly(observed.case, observed.item.dtype, rows)


def _broken(workers: Workers) -> Iterator[dict[str, Any]]:
    """The declarations that a run would refuse."""
    for file in workers.files:
        for broken in load(file.path).broken:
            yield asdict(Finding(ERRED, broken.case, "", "", "", f"{broken.where}: {broken.message}", 0))


def described(finding: Mapping[str, Any]) -> str:
    item = "-".join(filter(None, (finding["case"], finding["variant"], finding["dtype"])))
    seeds = f"seed {finding['seed']}" if finding["seeds"] == 1 else f"{finding['seeds']} seeds"
    return f"{finding['kind']}: {item}, {seeds}: {finding['version']}: {finding['reason']}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.strangers.measure", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="how many seeds (%(default)s)")
    parser.add_argument("--case", action="append", default=[], help="only this operation; may be repeated")
    for framework in FRAMEWORKS:
        parser.add_argument(f"--{framework}-python", required=True)
    options = parser.parse_args(arguments)
    workers = Workers({name: getattr(options, f"{name}_python") for name in FRAMEWORKS}, FOLDER)
    try:
        record = examine(workers, range(options.seeds), options.case)
    finally:
        workers.stop()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for finding in record["findings"]:
        print(described(finding))
    print(
        f"{record['operations']} operations: {record['right']} right versions, {record['wrong']} wrong ones, ", end=""
    )
    print(f"{record['items']} items with {record['seeds']} seeds, {len(record['findings'])} findings")
    return bool(record["findings"])


if __name__ == "__main__":
    sys.exit(main())
