"""One side's run of the catalogue, in a pytest of its own, and how much of the catalogue it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..catalog.load import load
from ..plan.work import expand
from ..record.read import RecordError
from .snapshot import Snapshot, read_snapshot
from .verdict import NoVerdictError

CASES = "cases"
"""The folder of the catalogue."""

_DONE = (0, 1)
"""pytest's exit statuses of a run that came to its end: all in order, or not."""

_LONGEST = 600
"""Characters of what a run said that are passed on."""

_ENDED = {
    2: "was interrupted",
    3: "ended in an internal error of pytest",
    4: "did not begin",
    5: "found nothing to run",
}


def run(folder: Path, pythons: Mapping[str, str], rest: Sequence[str], again: str) -> Snapshot:
    """Run the catalogue with these interpreters and read the record. Raises ``NoVerdictError``.

    ``rest`` is what pytest takes: it selects items, files or folders. ``again`` is the command that a failing item is
    shown with.
    """
    for argument in rest:
        if _names_a_file(argument) and not os.path.exists(argument.split("::")[0]):
            raise NoVerdictError(f"{argument.split('::')[0]}: there is no such file or folder")
    chosen = [] if any(_names_a_file(argument) for argument in rest) else [CASES]
    given = [f"--{name}-python={path}" for name, path in pythons.items()]
    command = [sys.executable, "-m", "pytest", "-q", "--no-summary", f"--reports={folder}", "--arrays"]
    done = subprocess.run(
        [*command, *given, *chosen, *rest],
        env={**os.environ, "PARITY_COMMAND": again},
        stderr=subprocess.PIPE,
        text=True,
    )
    print(done.stderr, end="", file=sys.stderr, flush=True)
    if done.returncode not in _DONE:
        raise NoVerdictError(f"the run in {folder} {_why(done.returncode, done.stderr, rest)}")
    return read(folder, "see what the run said")


def _why(status: int, said: str, rest: Sequence[str]) -> str:
    """How a run ended that came to no end, in words."""
    how = _ENDED.get(status, f"ended with pytest's exit status {status}")
    if status == 5:
        return f"{how}: no item fits {' '.join(rest) or CASES}"
    error = said.partition("ERROR: ")[2].strip()
    return f"{how}: {error[:_LONGEST] if error else 'see what it said'}"


def read(folder: Path, mend: str) -> Snapshot:
    """A record or baseline. Raises ``NoVerdictError`` with what to do."""
    try:
        return read_snapshot(folder)
    except RecordError as error:
        raise NoVerdictError(f"{error}; {mend}") from error


def catalogue(named: Sequence[str]) -> set[tuple[str, ...]]:
    """The items of the whole catalogue, on a CPU: those of the folder of cases, and of files that are named beside."""
    files = dict.fromkeys(path.resolve() for path in sorted(Path(CASES).rglob("[!_]*.py")))
    files |= dict.fromkeys(Path(name).resolve() for name in named)
    return {
        (item.case, item.variant, item.dtype, item.device, item.mode)
        for path in files
        for item in expand(load(path, check=False), None, ["cpu"])
    }


def _names_a_file(argument: str) -> bool:
    path = argument.split("::")[0]
    return not argument.startswith("-") and (path.endswith(".py") or os.path.isdir(path))
