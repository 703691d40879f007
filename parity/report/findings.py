"""What a framework itself gets wrong: the declared deviations, each with a script of its own that shows it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..catalog.case import Case
from ..catalog.frameworks import FRAMEWORKS
from ..catalog.known import Deviation
from ..catalog.load import CaseFile
from .guide import GENERATED, condition, operation
from .markdown import code, link, prose, source, table
from .measured import Measured, by_port, size

SCRIPTS = "findings"
DECLARED = "Declared as:"

INTRODUCTION = """\
Each finding is an error of one framework that rounding does not explain: its results are further from the truth than
the other framework's, or its gradient is not that of what it computes. A finding is a declared deviation of an
operation, so every parity run measures it, and fails when it is gone.

Each has a script that imports that framework and NumPy, and nothing of this project: `python docs/findings/<name>.py`.
It prints the error and ends with status 0 while the error is there, with a message and status 1 when it is mended."""


class FindingError(Exception):
    """A deviation has no script, or a script names no deviation. The message says which."""


@dataclass(frozen=True)
class Finding:
    """A script: its name, the heading and text of its docstring, and the deviations it shows, as (case, API path)."""

    name: str
    heading: str
    text: str
    declared: tuple[tuple[str, str], ...]


def read_findings(folder: Path) -> list[Finding]:
    """The scripts in ``findings``, by name. Raises ``FindingError`` for one whose docstring cannot be read."""
    return [_read(path) for path in sorted((folder / SCRIPTS).glob("*.py"))]


def findings(scripts: Sequence[Finding], files: Sequence[CaseFile], measured: Sequence[Measured]) -> str:
    """The text of ``findings.md``. Raises ``FindingError`` unless every deviation has one script."""
    declared = {
        (case.name, item.api): (file, case)
        for file in files
        for case in file.cases
        for item in case.known
        if isinstance(item, Deviation)
    }
    _check(scripts, list(declared))
    sizes = by_port(measured)
    lines = ["# Findings", "", f"{len(scripts)} findings. {GENERATED}", "", INTRODUCTION, ""]
    for script in scripts:
        lines.append(f"- {link(prose(script.heading), f'#finding-{script.name}')}")
    lines.append("")
    for script in scripts:
        lines += [f'<a id="finding-{script.name}"></a>', "", f"## {prose(script.heading)}", ""]
        for paragraph in filter(None, script.text.split("\n\n")):
            lines += [prose(" ".join(paragraph.split())), ""]
        lines += [*_table(script, declared, sizes), ""]
        lines += [f"Shown by {link(code(f'{SCRIPTS}/{script.name}.py'), f'{SCRIPTS}/{script.name}.py')}.", ""]
    return "\n".join(lines).rstrip() + "\n"


def _read(path: Path) -> Finding:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    text, _, names = said.partition(DECLARED)
    heading, _, body = text.strip().partition("\n")
    pairs = [
        (case.strip(), api.strip()) for case, _, api in (line.partition(":") for line in names.split("\n")) if case
    ]
    if not heading or not pairs or not all(api for _, api in pairs):
        raise FindingError(
            f"{path}: its docstring needs a heading, and last '{DECLARED}' with a line 'case: api' for each"
        )
    return Finding(path.stem, heading.rstrip("."), body.strip(), tuple(pairs))


def _check(scripts: Sequence[Finding], declared: Sequence[tuple[str, str]]) -> None:
    shown: dict[tuple[str, str], str] = {}
    for script in scripts:
        for pair in script.declared:
            if pair not in declared:
                raise FindingError(f"{SCRIPTS}/{script.name}.py: {pair[0]} declares no deviation of {pair[1]!r}")
            if pair in shown:
                raise FindingError(f"{SCRIPTS}/{script.name}.py: {shown[pair]}.py shows {pair[0]}: {pair[1]} already")
            shown[pair] = script.name
    for case, api in declared:
        if (case, api) not in shown:
            raise FindingError(
                f"{case} declares a deviation of {api}, which no script shows: add docs/{SCRIPTS}/<name>.py, "
                f"whose docstring ends in '{DECLARED} {case}: {api}'"
            )


def _table(
    script: Finding,
    declared: Mapping[tuple[str, str], tuple[CaseFile, Case]],
    sizes: Mapping[tuple[str, str, str], Measured],
) -> Iterator[str]:
    rows = []
    for name, api in script.declared:
        file, case = declared[name, api]
        found = [item for item in case.known if isinstance(item, Deviation) and item.api == api]
        for because in dict.fromkeys(item.because for item in found):
            own = [item for item in found if item.because == because]
            first, measured = own[0], sizes.get((name, api, because))
            conditions = " or ".join(dict.fromkeys(condition(item.when) for item in own if item.when))
            where = [", ".join(first.dtypes) if first.dtypes else "every format", conditions]
            where += [f"on a {' or '.join(device.upper() for device in first.devices)}"] if first.devices else []
            said = f"{code(measured.quantity)} {prose(size(measured))}" if measured else "not on this machine"
            rows.append(
                (
                    operation(file, name),
                    code(api),
                    _framework(case, api),
                    ", ".join(filter(None, where)),
                    said,
                    f"{prose(because)} ({source(first.source)})",
                )
            )
    yield from table(("operation", "API", "framework", "where", "measured", "reason"), rows)


def _framework(case: Case, api: str) -> str:
    implementation = case.implementation(api)
    return FRAMEWORKS[implementation.framework].title if implementation else ""
