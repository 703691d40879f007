"""What ``docs/upgrade-gate.md`` tells of real upgrades, from what was measured in ``docs/proof/upgrades.json``.

What release notes say of a change is looked up by hand, and stands in ``NOTES``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from parity.gate.classes import BY_NAME, DRIFTED, NEW, UNCHANGED, Class
from parity.gate.transition import TABLE, State
from parity.report.markdown import prose, table
from proof.marked import Marked

DOCS = Path(__file__).resolve().parent.parent / "docs"
PART = Marked(DOCS / "upgrade-gate.md", title="measured upgrades", session="upgrades")
TRANSITIONS = Marked(DOCS / "upgrade-gate.md", title="transitions", session="upgrades")

SHOWN = 12
"""Groups of changes that are listed for each upgrade."""

CLAMP = "not read; wanted in [pytorch issue 184572](https://github.com/pytorch/pytorch/issues/184572)"
READ: Mapping[str, str] = {
    "tensorflow-cpu==2.19.1": "TensorFlow 2.19.0",
    "tensorflow-cpu==2.20.0": "TensorFlow 2.20.0",
    "tensorflow-cpu==2.21.0": "TensorFlow 2.21.0",
    "tensorflow-cpu==2.18.1 keras==3.8.0": "Keras 3.7.0",
    "tensorflow-cpu==2.18.1 keras==3.12.0": "Keras 3.10.0 and 3.11.0",
    "keras==3.15.1": "the highlights of Keras 3.15.0",
}
"""Which release notes were read, by the candidate's requirements."""

NOTES: Mapping[tuple[str, str], str] = {
    ("tensorflow-cpu==2.18.1 keras==3.8.0", "elu_near_zero"): "Keras 3.7.0: celu was added",
    ("torch==2.14.1", "clip_*"): CLAMP,
    ("torch==2.14.1", "relu_at_zero"): CLAMP,
}
"""What they say, by the candidate's requirements and a pattern of cases; of the rest, nothing."""


def section(record: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[str]:
    """The lines between the marks."""
    yield from _overview(record)
    yield from _details(record)


def transitions() -> Iterator[str]:
    """The table of what a result was and is, as the gate has it."""
    rows = []
    for was in State:
        cells = (TABLE[was, now] for now in State)
        rows.append((f"**{was.value}**", *(cell.name if isinstance(cell, Class) else "by the error" for cell in cells)))
    yield from table(("before, now", *(state.value for state in State)), rows)
    yield ""


def _overview(record: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[str]:
    rows = []
    for title, steps in record.items():
        for step in steps:
            counts = {name: count for name, count in step["counts"].items() if name not in (UNCHANGED.name, NEW.name)}
            said = ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "nothing"
            compared = f"{step['compared']:,}, {step['share']}"
            rows.append((title, _move(step), compared, said, str(step["status"])))
    yield from table(("chain", "upgrade", "results compared", "what changed", "exit status"), rows)
    yield ""


def _details(record: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[str]:
    for title, steps in record.items():
        for step in steps:
            groups = [group for group in step["groups"] if group["change"] not in (UNCHANGED.name, NEW.name)]
            if not groups:
                continue
            yield f"### {title}: {_move(step)}"
            yield ""
            yield f"Release notes that were read: {READ.get(' '.join(step['candidate']), 'none')}."
            yield ""
            rows = [
                (prose(group["heading"]), prose(group["described"]), prose(_truth(group)), _note(step, group))
                for group in groups[:SHOWN]
            ]
            yield from table(("change", "for example", "against the formula", "the release notes"), rows)
            if len(groups) > SHOWN:
                rest = groups[SHOWN:]
                grave = sum(bool(BY_NAME[group["change"]].needs) for group in rest)
                yield ""
                yield f"{len(rest)} more, {grave} of which need a person; the others are {DRIFTED.name}."
            yield ""


def _move(step: Mapping[str, Any]) -> str:
    moved = [name for name in step["new"] if step["old"][name] != step["new"][name]]
    return ", ".join(f"{name} {step['old'][name]} to {step['new'][name]}" for name in moved)


def _truth(group: Mapping[str, Any]) -> str:
    return ", ".join(f"{count:,} {way}" for way, count in sorted(group["truth"].items())) or "not compared"


def _note(step: Mapping[str, Any], group: Mapping[str, Any]) -> str:
    wanted = " ".join(step["candidate"])
    found = [
        text for (step_of, pattern), text in NOTES.items() if step_of == wanted and fnmatchcase(group["case"], pattern)
    ]
    return found[0] if found else "not mentioned" if wanted in READ else "not read"


def main() -> int:
    TRANSITIONS.write(transitions())
    PART.write(section(json.loads((DOCS / "proof" / "upgrades.json").read_text(encoding="utf-8"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
