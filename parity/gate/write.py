"""The gate's files: ``gate.csv``, ``gate.md``, ``gate.junit.xml`` and ``gate.html``."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from ..record.write import open_table, write_rows
from ..report.markdown import prose
from .classes import REGRESSION
from .compare import Change
from .page import page
from .text import described, heading, markdown
from .verdict import Verdict

CSV, MARKDOWN, JUNIT, HTML = "gate.csv", "gate.md", "gate.junit.xml", "gate.html"
GATE_COLUMNS = tuple(field.name for field in fields(Change))


def write(verdict: Verdict, folder: Path) -> list[Path]:
    """Write all files into ``folder``; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with open_table(folder / CSV, GATE_COLUMNS) as stream:
        write_rows(stream, verdict.changes)
    _text(folder / MARKDOWN, markdown(verdict))
    _junit(folder / JUNIT, verdict)
    _text(folder / HTML, page(verdict))
    return [folder / name for name in (HTML, MARKDOWN, CSV, JUNIT)]


def write_nothing(lines: Sequence[str], folder: Path) -> None:
    """Say in every file that there is nothing to judge, and why."""
    outcome = ET.Element("system-out")
    outcome.text = _printable("\n".join(lines))
    _write_only(
        folder, "nothing to judge", "\n".join(f"- {prose(line)}" for line in lines), "nothing to judge", outcome
    )


def write_no_verdict(reason: str, folder: Path) -> None:
    """Say in every file that there is no verdict, so that none of an earlier gate is taken for this one's."""
    outcome = ET.Element("error", {"message": _printable(reason)})
    _write_only(folder, "no verdict", f"```text\n{reason.replace('```', '` ` `')}\n```", "verdict", outcome)


def _write_only(folder: Path, headline: str, text: str, name: str, outcome: ET.Element) -> None:
    """Write the Markdown and JUnit files of a gate that compared nothing, and remove the other files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (CSV, HTML):
        (folder / name).unlink(missing_ok=True)
    _text(folder / MARKDOWN, f"## Upgrade gate: {headline}\n\n{text}\n")
    suite = ET.Element("testsuite", _attributes("gate", tests=1, errors=int(outcome.tag == "error")))
    case = ET.SubElement(suite, "testcase", {"classname": "gate", "name": name})
    case.append(outcome)
    _xml(folder / JUNIT, suite)


def _junit(path: Path, verdict: Verdict) -> None:
    """A test case for each group of changes; those that need a person fail."""
    groups = verdict.groups
    failures = [group for group in groups if group.needs]
    suite = ET.Element("testsuite", _attributes("gate", tests=len(groups) + len(verdict.stale) + 1,
                                                failures=len(failures) + len(verdict.stale)))  # fmt: skip
    ET.SubElement(suite, "testcase", {"classname": "gate", "name": _printable(verdict.headline)})
    for group in groups:
        name = {"classname": f"gate.{group.example.change}", "name": _printable(heading(group))}
        case = ET.SubElement(suite, "testcase", name)
        text = f"{described(verdict, group.example)}\n{verdict.reproduce(group.example)}"
        if group.needs:
            kind = "regression" if group.needs == REGRESSION else "to be accepted"
            ET.SubElement(case, "failure", {"message": kind}).text = _printable(text)
        else:
            ET.SubElement(case, "system-out").text = _printable(text)
    for stale in verdict.stale:
        case = ET.SubElement(
            suite, "testcase", {"classname": "gate.expectations", "name": _printable(stale.expectation.name)}
        )
        ET.SubElement(case, "failure", {"message": stale.why})
    _xml(path, suite)


def _attributes(name: str, **counts: int) -> dict[str, str]:
    counted = {key: str(value) for key, value in counts.items()}
    return {"name": name, "errors": "0", "failures": "0", "skipped": "0"} | counted


def _xml(path: Path, suite: ET.Element) -> None:
    ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _printable(text: str) -> str:
    """XML cannot hold control characters, nor halves of surrogate pairs."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def _text(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8", errors="backslashreplace")
