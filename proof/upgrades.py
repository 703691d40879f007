"""What the gate says of real upgrades: each version of a chain is run once, and compared with the one before.

    python -m proof.upgrades --out FILE [--torch-python PATH --tensorflow-python PATH] [--python torch==2.14.1=PATH ...]

FILE is written after every version; the next run goes on with the versions that are not in it. An environment is
built for each, unless ``--python`` names an interpreter that has it. What pytest takes selects a part of the catalogue.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from parity.catalog.frameworks import FRAMEWORKS
from parity.environments import default_folder
from parity.gate.compare import compare
from parity.gate.runs import catalogue, run
from parity.gate.sides import Side, interpreters
from parity.gate.snapshot import Snapshot
from parity.gate.text import described, heading
from parity.gate.verdict import Group, Share, Verdict
from proof.pythons import add_option

OLDER = "tensorflow-cpu==2.18.1"
CHAINS: Mapping[str, Sequence[Sequence[str]]] = {
    "TensorFlow, with Keras 3.15.1": [
        [OLDER],
        ["tensorflow-cpu==2.19.1"],
        ["tensorflow-cpu==2.20.0"],
        ["tensorflow-cpu==2.21.0"],
    ],
    "Keras, with TensorFlow 2.18.1": [
        [OLDER, "keras==3.5.0"],
        [OLDER, "keras==3.8.0"],
        [OLDER, "keras==3.12.0"],
    ],
    "Keras, with TensorFlow 2.21.0": [["keras==3.12.0"], ["keras==3.15.1"]],
    "PyTorch": [["torch==2.13.0"], ["torch==2.14.1"]],
}


def chain(steps: Sequence[Sequence[str]], options: argparse.Namespace, rest: Sequence[str]) -> Iterator[dict[str, Any]]:
    """For each version but the first, what changed since the one before."""
    before: Snapshot | None = None
    for step in steps:
        given = dict(options.python).get(" ".join(step))
        pythons = interpreters(Side(pythons=[given]) if given else Side(requirements=step), options).pythons
        with tempfile.TemporaryDirectory() as folder:
            now = run(Path(folder), pythons, rest, "python3 -m nox -s gate --")
        if before is not None:
            yield _compared(before, now, step)
        before = now


def _compared(old: Snapshot, new: Snapshot, step: Sequence[str]) -> dict[str, Any]:
    found = compare(old, new)
    verdict = Verdict(old, new, found.changes, Share(len(found.items), len(found.items | catalogue([]))))
    return {
        "candidate": list(step),
        "old": _versions(old),
        "new": _versions(new),
        "compared": found.compared,
        "share": str(verdict.share),
        "status": verdict.status,
        "counts": verdict.counts,
        "groups": [_group(verdict, group) for group in verdict.groups],
    }


def _group(verdict: Verdict, group: Group) -> dict[str, Any]:
    example = group.example
    return {
        "change": example.change,
        "case": example.case,
        "implementation": example.implementation,
        "heading": heading(group),
        "example": example.item,
        "described": described(verdict, example),
        "truth": dict(Counter(change.truth for change in group.changes if change.truth)),
    }


def _versions(snapshot: Snapshot) -> dict[str, str]:
    environments = snapshot.environment["environments"]
    keras = environments["tensorflow"].get("keras", "")
    return {**{name: environments[name]["version"] for name in FRAMEWORKS}, "keras": keras}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.upgrades", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--environments", type=Path, default=default_folder())
    for framework in FRAMEWORKS:
        parser.add_argument(f"--{framework}-python")
    add_option(parser)
    options, rest = parser.parse_known_args(arguments)
    record: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    for title, versions in CHAINS.items():
        steps = record.setdefault(title, [])
        missing = versions[len(steps) :]  # The first of them has been compared, or is where the chain begins.
        for done in chain(missing, options, rest) if len(missing) > 1 else ():
            steps.append(done)
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
            print(f"{title}, {' '.join(done['candidate'])}: {done['counts']}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
