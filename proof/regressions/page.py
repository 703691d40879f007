"""The part of ``docs/upgrade-gate.md`` that lists real changes, and what the gate says of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from parity.report.markdown import prose, table
from proof.marked import Marked
from proof.observe import ROOT

PART = Marked(ROOT / "docs" / "upgrade-gate.md", title="real changes", session="regressions")


def section(record: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """How many verdicts are right, and a row for each change."""
    right = sum(found["right"] for found in record.values())
    unsafe = sum(found["gate"] == 0 and found["status"] != 0 for found in record.values())
    yield (
        f"{len(record)} changes: class and exit status are right for {right}; {unsafe} that are more than a drift are "
        "called safe."
    )
    yield ""
    rows = [
        (
            f"`{name}`", _versions(found), prose(_classes(found)), str(found["gate"]),
            "yes" if found["right"] else f"no: {found['expected']}, {found['status']}", prose(_measured(found)),
            prose(found["source"]),
        )
        for name, found in record.items()
    ]  # fmt: skip
    yield from table(("declared as", "versions", "the gate says", "status", "right", "measured", "source"), rows)
    yield ""


def _versions(found: Mapping[str, Any]) -> str:
    package, _, old = str(found["old"]).partition("==")
    mode = "" if found["mode"] == "eager" else f", {found['mode']}"
    return f"{package} {old} to {str(found['new']).partition('==')[2]}{mode}"


def _classes(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} {name}" for name, count in found["classes"].items()) or "unchanged"


def _measured(found: Mapping[str, Any]) -> str:
    return str(found["sizes"] or next(iter(found["details"]), ""))
