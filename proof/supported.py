"""The versions of the frameworks that the harness works with: each is started and computes a sample of the catalogue.

    python -m proof.supported --out docs/proof/supported.json [--python torch==2.6.0=PATH ...] [--only torch]

An environment is built for each version, unless ``--python`` names an interpreter that has it. A version works when
its worker starts and no item of the sample fails in the harness or in a declaration; an old release may be wrong, or
lack what is younger than it. The record is written after every version, and the table in ``docs/upgrade-gate.md``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from parity.catalog.case import Case
from parity.catalog.frameworks import FRAMEWORKS
from parity.catalog.modes import COMPILED, EAGER
from parity.environments import build, default_folder
from parity.gate.compare import OURS
from parity.judge.row import EXPECTED, PASS, RED
from parity.plan.work import Item, expand
from parity.report.markdown import prose, table
from parity.requirements import BuildError
from parity.workers.local import StartError
from proof.marked import Marked
from proof.observe import ROOT, Workers
from proof.pythons import add_option

VERSIONS: Mapping[str, Sequence[Sequence[str]]] = {
    "torch": [
        [f"torch=={version}"]
        for version in (
            "2.4.1", "2.5.1", "2.6.0", "2.7.1", "2.8.0", "2.9.1", "2.10.0", "2.11.0", "2.12.1", "2.13.0", "2.14.1",
        )
    ],
    "tensorflow": [
        ["tensorflow-cpu==2.18.1", "keras==3.5.0"],
        ["tensorflow-cpu==2.18.1", "keras==3.8.0"],
        ["tensorflow-cpu==2.19.1", "keras==3.8.0"],
        ["tensorflow-cpu==2.20.0", "keras==3.12.0"],
        ["tensorflow-cpu==2.21.0", "keras==3.15.1"],
    ],
}  # fmt: skip
"""The oldest version of each framework, every minor one after it, and the newest that was tried."""

PART = Marked(ROOT / "docs" / "upgrade-gate.md", title="supported versions", session="supported")

EVERY, CAPTURED = 12, 72
"""One case in twelve is in the sample, eagerly, and one in 72 compiled, too."""


def sample(workers: Workers) -> list[tuple[Case, Item]]:
    """One item each of cases from all over the catalogue."""
    cases = [(file, case) for file in workers.files for case in file.cases]
    found = []
    for number, (file, case) in enumerate(cases):
        modes = [*[EAGER] * (number % EVERY == 0), *[COMPILED] * (number % CAPTURED == 0 and not case.eager_only)]
        own = (item for item in expand(file, case.dtypes[:1], ["cpu"], modes) if item.case == case.name)
        firsts = {item.mode: item for item in own if item.variant == case.variants[0].id}
        found += [(case, item) for item in firsts.values()]
    return found


def tried(pythons: Mapping[str, str], framework: str) -> dict[str, Any]:
    """What became of the sample with these interpreters: results by verdict, and what failed in the harness."""
    try:
        workers = Workers(pythons)
    except StartError as error:
        return {"failures": [str(error).partition("\n")[0]]}
    verdicts: Counter[str] = Counter()
    failures = []
    try:
        for observed in workers.observe(sample(workers), [0]):
            for api, observation in observed.observations.items():
                implementation = observed.case.implementation(api)
                failure = observation.failure
                if failure and failure.stage in OURS and implementation and implementation.framework == framework:
                    failures.append(f"{observed.item}, {api}: {failure}")
            rows = [row for row in workers.judged(observed) if row.left_framework == framework]
            verdicts.update("red" if row.verdict in RED else row.verdict for row in rows)
        return {"versions": workers.versions, "verdicts": dict(verdicts), "failures": failures}
    finally:
        workers.stop()


def section(record: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The table of versions, and what fails in one that is not supported."""
    rows, failures = [], []
    for framework, versions in record.items():
        for requirements, outcome in versions.items():
            found = outcome.get("verdicts", {})
            cells = (f"{found.get(name, 0):,}" for name in (PASS, EXPECTED, "red"))
            rows.append((FRAMEWORKS[framework].title, requirements, *cells, "no" if outcome["failures"] else "yes"))
            failures += [f"- {requirements}: {prose(failure)}" for failure in outcome["failures"][:1]]
    yield from table(("", "versions", "rows that pass", "as declared", "red", "supported"), rows)
    yield from ["", *failures] if failures else []
    yield ""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.supported", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--environments", type=Path, default=default_folder())
    parser.add_argument("--only", choices=tuple(VERSIONS), help="the versions of one framework only")
    add_option(parser)
    options = parser.parse_args(arguments)
    given = dict(options.python)
    record: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    failed = False
    for framework in [options.only] if options.only else VERSIONS:
        for requirements in VERSIONS[framework]:
            title = " ".join(requirements)
            outcome = _outcome(framework, requirements, given.get(title), options.environments)
            failed |= bool(outcome["failures"])
            record.setdefault(framework, {})[title] = outcome
            options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
            print(f"{title}: {outcome.get('verdicts')}, {len(outcome['failures'])} failures", flush=True)
    PART.write(section(record))
    return int(failed)


def _outcome(framework: str, requirements: Sequence[str], python: str | None, place: Path) -> dict[str, Any]:
    try:
        pythons = {name: str(build(name, place)) for name in FRAMEWORKS if name != framework}
        return tried(
            {**pythons, framework: python or str(build(framework, place, requirements=requirements))}, framework
        )
    except BuildError as error:
        return {"failures": [str(error)]}


if __name__ == "__main__":
    sys.exit(main())
