"""The generated documents: ``docs/`` from the catalogue and from two small tables of the last full run.

``write`` takes records and makes the tables and the documents; ``documents`` makes the documents from the tables,
so that a test finds a stale one without a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ..catalog.known import Deviation
from ..catalog.load import CaseFile, load
from ..catalog.modes import EAGER
from ..record.gpu import GPU, GpuRun, gpu_runs, read_gpu, write_gpu
from ..record.read import RecordError, read_asked, read_rows
from .arguments import PAGE as ARGUMENT_COVERAGE
from .arguments import Argument, argument_coverage, arguments, read_arguments, write_arguments
from .coverage import counted, coverage, states_of
from .findings import FindingError, findings, read_findings
from .guide import PAGES, guide
from .inventory import INVENTORY, Executed, InventoryError, executed, read_executed, read_inventory, write_executed
from .measured import Measured, Verdict, measure, read_measured, read_verdicts, write_tables

COVERAGE = "coverage.md"
AGAIN = "run python3 -m nox -s docs"


class DocsError(Exception):
    """The documents cannot be made. The message says why and what to do."""


def write(records: Sequence[Path], cases: Path, folder: Path) -> list[Path]:
    """Write the tables and documents into ``folder`` from the records of full runs; return what was written.

    Deviations of a mode need a record of that mode (``of_modes`` selects their cases).
    """
    files = load_all(cases)
    try:
        rows = pd.concat([read_rows(record) for record in records], ignore_index=True)
        measured, verdicts = measure(files, rows, read_measured(folder))
        asked = [row for record in records for row in read_asked(record)]
    except RecordError as error:
        raise DocsError(str(error)) from error
    folder.mkdir(parents=True, exist_ok=True)
    try:
        calls = executed(read_inventory(folder), files, asked)
    except (InventoryError, FileNotFoundError) as error:
        raise DocsError(str(error)) from error
    passed = arguments(asked)
    texts = _documents(files, folder, measured, {verdict.case: verdict for verdict in verdicts}, calls, passed)
    write_tables(folder, measured, verdicts)
    write_executed(folder, calls)
    write_arguments(folder, passed)
    for page in (folder / PAGES).glob("*.md"):
        page.unlink()
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def documents(cases: Path, folder: Path, gpu: Mapping[str, GpuRun] | None = None) -> dict[str, str]:
    """The text of every generated document by path, from the catalogue and the tables in ``folder``.

    ``gpu`` stands for what ``gpu.csv`` has.
    """
    try:
        tables = read_measured(folder), read_verdicts(folder), read_executed(folder), read_arguments(folder)
        return _documents(load_all(cases), folder, *tables, gpu)
    except (RecordError, InventoryError) as error:
        raise DocsError(str(error)) from error


def stale(cases: Path, folder: Path) -> list[str]:
    """What is not up to date in ``folder``, a line for each."""
    files, texts = load_all(cases), documents(cases, folder)
    found = [f"{name} is not what the catalogue gives" for name in texts if _text(folder / name) != texts[name]]
    pages = {path.relative_to(folder).as_posix() for path in (folder / PAGES).glob("*.md")}
    found += [f"{name} belongs to no case file" for name in sorted(pages - set(texts))]
    ports = {(case.name, port.api) for file in files for case in file.cases for port in case.divergences}
    measured = {(row.case, row.api) for row in read_measured(folder) if not row.declared}
    found += [f"{case}: {api} is not measured" for case, api in sorted(ports - measured)]
    found += [f"{case}: {api} is measured, and no longer declared" for case, api in sorted(measured - ports)]
    names = {case.name for file in files for case in file.cases}
    verdicts = read_verdicts(folder)
    found += [f"{name} has no verdict" for name in sorted(names - set(verdicts))]
    judged = {name for name, verdict in verdicts.items() if verdict.passed or verdict.expected}
    found += [f"{name} has no verdict of a run" for name in sorted((names & set(verdicts)) - judged)]
    return [f"{line}: {AGAIN}" for line in found]


def gaps(cases: Path, folder: Path) -> list[str]:
    """How much of the inventory the last run covered, and a line for each thing that it did not."""
    files = load_all(cases)
    try:
        entries, calls = read_inventory(folder), read_executed(folder)
        verdicts = read_verdicts(folder)
        states = states_of(entries, files, verdicts, calls)
    except (InventoryError, FileNotFoundError, RecordError) as error:
        raise DocsError(str(error)) from error
    lines = [
        f"{INVENTORY}, row {number} ({entry.item}): {gap}"
        for number, (entry, _, state) in enumerate(states, start=2)
        for gap in state.gaps
    ]
    return [counted(states), *lines]


def add_gpu(record: Path, cases: Path, folder: Path) -> list[Path]:
    """Note in ``gpu.csv`` what a record ran on a GPU, and write ``coverage.md`` again; return what was written."""
    names = {case.name for file in load_all(cases) for case in file.cases}
    try:
        runs = {run.case: run for run in gpu_runs(record)}
        strange = sorted(set(runs) - names)
        if strange:
            raise DocsError(f"{record}: {cases} has no case {strange[0]}: add a record of this catalogue")
        known = read_gpu(folder) | runs
        text = documents(cases, folder, gpu=known)[COVERAGE]
    except RecordError as error:
        raise DocsError(str(error)) from error
    write_gpu(folder, known.values())
    (folder / COVERAGE).write_text(text, encoding="utf-8")
    return [folder / GPU, folder / COVERAGE]


def load_all(cases: Path) -> list[CaseFile]:
    """Every case file. Raises ``DocsError`` for a broken one: its operations would be left out without a word."""
    files = [load(path) for path in sorted(cases.glob("*.py")) if not path.name.startswith(("_", "test_"))]
    broken = [str(item) for file in files for item in file.broken]
    if broken:
        raise DocsError("\n".join(broken))
    if not files:
        raise DocsError(f"{cases} has no case files")
    return files


def of_modes(cases: Path) -> str:
    """The ``-k`` expression of the cases that declare a deviation that eager execution does not show."""
    declared = [case for file in load_all(cases) for case in file.cases]
    return " or ".join(
        case.name
        for case in declared
        if any(isinstance(item, Deviation) and EAGER not in (item.modes or (EAGER,)) for item in case.known)
    )


def _documents(
    files: Sequence[CaseFile],
    folder: Path,
    measured: Sequence[Measured],
    verdicts: Mapping[str, Verdict],
    calls: Sequence[Executed],
    passed: Sequence[Argument],
    gpu: Mapping[str, GpuRun] | None = None,
) -> dict[str, str]:
    try:
        return {
            **guide(files, measured),
            COVERAGE: coverage(
                states_of(read_inventory(folder), files, verdicts, calls),
                verdicts,
                read_gpu(folder) if gpu is None else gpu,
            ),
            ARGUMENT_COVERAGE: argument_coverage(passed),
            "findings.md": findings(read_findings(folder), files, measured),
        }
    except (InventoryError, FindingError, FileNotFoundError, RecordError) as error:
        raise DocsError(str(error)) from error


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
