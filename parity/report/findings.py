"""What a framework itself gets wrong: deviations, crashes and naive ports, each shown by a script of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..catalog.case import Case, Implementation
from ..catalog.frameworks import FRAMEWORKS
from ..catalog.known import CRASH, Deviation, Known, Limitation
from ..catalog.load import CaseFile
from .guide import GENERATED, condition, operation, some_modes, with_kernels
from .markdown import code, link, prose, source, table
from .measured import Measured, by_port, size

SCRIPTS = "findings"
DECLARED = "Declared as:"

INTRODUCTION = """\
Each finding is an error of one framework that rounding does not explain: its results are further from the truth than
the other framework's, or its gradient is not that of what it computes. A finding is declared in an operation, as a
deviation, as a crash or, where the result is NaN, has another shape or does not come, as a naive port: every parity
run measures it, and fails when it is gone.

Each has a script that imports that framework and NumPy, and nothing of this project: `python docs/findings/<name>.py`.
It prints the error and ends with status 0 while the error is there, with a message and status 1 when it is mended, or
when the processor has a framework choose other kernels than those that are wrong, which the tables name."""


class FindingError(Exception):
    """A deviation or a crash has no script, or a script names nothing that is declared. The message says which."""


@dataclass(frozen=True)
class Finding:
    """A script: its name, the heading and text of its docstring, and what it shows, as (case, API path)."""

    name: str
    heading: str
    text: str
    declared: tuple[tuple[str, str], ...]


def read_findings(folder: Path) -> list[Finding]:
    """The scripts in ``findings``, by name. Raises ``FindingError`` for one whose docstring cannot be read."""
    return [_read(path) for path in sorted((folder / SCRIPTS).glob("*.py"))]


def findings(scripts: Sequence[Finding], files: Sequence[CaseFile], measured: Sequence[Measured]) -> str:
    """The text of ``findings.md``. Raises ``FindingError`` unless every deviation and crash has one script."""
    cases = [(file, case) for file in files for case in file.cases]
    errors = [(case.name, item.api) for _, case in cases for item in case.known if _is_error(item)]
    ports = [(case.name, naive.api) for _, case in cases for naive in case.divergences]
    _check(scripts, list(dict.fromkeys(errors)), ports)
    declared = {case.name: (file, case) for file, case in cases}
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


def _is_error(item: Known) -> bool:
    return (isinstance(item, Deviation) and item.of_values) or (isinstance(item, Limitation) and item.stage == CRASH)


def _check(scripts: Sequence[Finding], errors: Sequence[tuple[str, str]], ports: Sequence[tuple[str, str]]) -> None:
    shown: dict[tuple[str, str], str] = {}
    for script in scripts:
        for pair in script.declared:
            if pair not in errors and pair not in ports:
                raise FindingError(
                    f"{SCRIPTS}/{script.name}.py: {pair[0]} declares no deviation of {pair[1]!r}, crash or naive port"
                )
            if pair in shown:
                raise FindingError(f"{SCRIPTS}/{script.name}.py: {shown[pair]}.py shows {pair[0]}: {pair[1]} already")
            shown[pair] = script.name
    for case, api in errors:
        if (case, api) not in shown:
            raise FindingError(
                f"{case} declares an error of {api}, which no script shows: add docs/{SCRIPTS}/<name>.py, "
                f"whose docstring ends in '{DECLARED} {case}: {api}'"
            )


def _table(
    script: Finding, declared: Mapping[str, tuple[CaseFile, Case]], sizes: Mapping[tuple[str, str, str], Measured]
) -> Iterator[str]:
    rows = []
    for name, api in script.declared:
        file, case = declared[name]
        naive = next((port for port in case.divergences if port.api == api), None)
        found = _errors(case, api, sizes) if naive is None else [_naive(case, naive, sizes)]
        rows += [(operation(file, name), code(api), _framework(case, api), *cells) for cells in found]
    yield from table(("operation", "API", "framework", "where", "measured", "reason"), rows)


Cells = tuple[str, str, str]
"""Where something is wrong, by how much, and why."""


def _errors(case: Case, api: str, sizes: Mapping[tuple[str, str, str], Measured]) -> Iterator[Cells]:
    found = [item for item in case.known if _is_error(item) and item.api == api]
    for because in dict.fromkeys(item.because for item in found):
        own = [item for item in found if item.because == because]
        first, measured = own[0], sizes.get((case.name, api, because))
        conditions = " or ".join(dict.fromkeys(condition(item.when) for item in own if item.when))
        where = [", ".join(first.dtypes) if first.dtypes else "every format", conditions]
        where += [f"on a {' or '.join(device.upper() for device in first.devices)}"] if first.devices else []
        where += with_kernels(case, api, first.kernels)
        where += some_modes(own)
        said = _said(measured) if measured else "not measured yet"
        said = code(first.raises) if isinstance(first, Limitation) else said
        yield ", ".join(filter(None, where)), said, f"{prose(because)} ({source(first.source)})"


def _naive(case: Case, naive: Implementation, sizes: Mapping[tuple[str, str, str], Measured]) -> Cells:
    divergence, measured = naive.divergence, sizes.get((case.name, naive.api, ""))
    assert divergence is not None
    kernels = with_kernels(case, naive.api, divergence.kernels)
    where = ", ".join(filter(None, (case.dtypes[0], condition(divergence.when), *kernels)))
    said = _said(measured) if measured else "not yet"
    return where, said, f"{prose(divergence.because)} ({source(divergence.source)})"


def _said(measured: Measured) -> str:
    if not measured.quantity:
        return code(measured.raised)
    return f"{code(measured.quantity)} {'' if measured.error else 'is '}{prose(size(measured))}"


def _framework(case: Case, api: str) -> str:
    implementation = case.implementation(api)
    return FRAMEWORKS[implementation.framework].title if implementation else ""
