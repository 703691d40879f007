"""``python -m parity baseline``, ``gate`` and ``accept``: from the command line to an exit status."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ..catalog.frameworks import FRAMEWORKS
from ..catalog.load import load
from ..environments import build, default_folder
from ..plan.work import expand, item_name
from ..record.read import RecordError
from ..requirements import BuildError, frameworks_of, requirement
from ..run import TIMED_DTYPE
from ..workers.local import NOT_RESTARTED, StartError
from .accept import ACCEPTED, AcceptError, added, as_expectations, choose, difference, into_baseline, log, named
from .compare import Change, compare
from .expectations import FILE, Expectation, ExpectationError, apply, read_expectations, text
from .snapshot import Snapshot, read_snapshot, write_baseline
from .speed import speed
from .text import lines
from .verdict import NO_VERDICT, NoVerdictError, Verdict
from .write import write, write_no_verdict

DONE = (0, 1)
"""pytest's exit statuses of a run that came to its end: all in order, or not."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison: packages to install in the place of the tested ones, and interpreters that exist."""

    requirements: Sequence[str] = ()
    pythons: Sequence[str] = ()


def baseline(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Record the current environment into ``baselines/<name>``."""
    try:
        pythons = interpreters(Side(), options, rest)
        record = run(options.reports / "baseline", pythons, rest)
        write_baseline(record, options.baselines / options.name)
    except (NoVerdictError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return NO_VERDICT
    folder = options.baselines / options.name
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {len(record.results):,} results, {size / 1e6:.1f} MB")
    return 0


def gate(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Compare a candidate with the baseline, or with a current version beside it; write the reports.

    Whatever happens on the way, the reports of an earlier gate are not left behind, and the status is not 0.
    """
    try:
        write_no_verdict("the gate did not come to its end", options.reports)
        verdict = judge(options, rest)
        files = write(verdict, options.reports)
    except (NoVerdictError, OSError) as error:
        print(f"no verdict: {error} (exit status {NO_VERDICT})", file=sys.stderr)
        with contextlib.suppress(OSError):
            write_no_verdict(str(error), options.reports)
        return NO_VERDICT
    except Exception:
        traceback.print_exc()
        return NO_VERDICT
    print("\n".join(["", *lines(verdict), "", f"reports: {', '.join(map(str, files))}"]))
    return verdict.status


def judge(options: argparse.Namespace, rest: Sequence[str]) -> Verdict:
    """Run what is to be compared, and compare. Raises ``NoVerdictError``."""
    today = date.today()
    live = bool(options.current or options.current_python)
    candidate = Side(options.candidate or (), options.candidate_python or ())
    current = Side(options.current or (), options.current_python or ())
    if not candidate.requirements and not candidate.pythons:
        raise NoVerdictError("name what is to be judged: --candidate torch==2.14.0, or --candidate-python PATH")
    try:
        expectations = read_expectations(options.expectations)
    except ExpectationError as error:
        raise NoVerdictError(str(error)) from error
    old_pythons: dict[str, str] = {}
    if live:
        old_pythons, new_pythons = interpreters(current, options, rest), interpreters(candidate, options, rest)
        old = run(options.reports / "gate" / "current", old_pythons, rest)
    else:
        old = _read(options.baselines / options.name, "record it with nox -s baseline")
        rest = [*rest, *_seed(old, rest)]
        new_pythons = interpreters(candidate, options, rest)
    new = run(options.reports / "gate" / "candidate", new_pythons, rest)
    if old.seed != new.seed:
        raise NoVerdictError(f"the baseline's seed is {old.seed}, this run's is {new.seed}: leave --seed out")
    unjudged = [entry.row for entry in new.results.values() if entry.row.message.startswith(NOT_RESTARTED)]
    if unjudged:
        raise NoVerdictError(f"{len(unjudged):,} results were {unjudged[0].message}")
    found = compare(old, new)
    if not found.compared:
        raise NoVerdictError("nothing that was run is in the baseline: it is from another catalogue; record it anew")
    versions = {name: new.version(name) for name in FRAMEWORKS}
    names = [(item_name(*key[:5]), key[0]) for snapshot in (old, new) for key in snapshot.results]
    timed = _speed(old_pythons, new_pythons, new) if live else []
    changes, stale = apply(expectations, [*found.changes, *timed], versions, dict.fromkeys(names), today)
    notes = _notes(old, new, found.missing)
    return Verdict(old, new, changes, stale, found.missing, command=_command(options), notes=notes)


def _speed(old: Mapping[str, str], new: Mapping[str, str], ran: Snapshot) -> list[Change]:
    """Changes of speed in the frameworks that differ, of the first variant of every case that ran in float32."""
    differ = [name for name in FRAMEWORKS if old[name] != new[name]]
    ran_there = {key[:5] for key in ran.results}
    items = []
    for path in dict.fromkeys(ran.environment["catalogue"]["files"].values()):
        file = load(Path(path), check=False)
        for case in file.cases:
            of_case = [item for item in expand(file, [TIMED_DTYPE], ["cpu"]) if item.case == case.name]
            found = [i for i in of_case if (i.case, i.variant, i.dtype, i.device, i.mode) in ran_there]
            items += [(item, case) for item in found[:1]]
    before, after = ({name: side[name] for name in differ} for side in (old, new))
    try:
        return speed(before, after, items, ran.seed, say=lambda text: print(text, flush=True))
    except StartError as error:
        raise NoVerdictError(str(error)) from error


def interpreters(side: Side, options: argparse.Namespace, rest: Sequence[str]) -> dict[str, str]:
    """The interpreter of each framework on one side; environments are built where none is named."""
    found = {name: path for name in FRAMEWORKS if (path := getattr(options, f"{name}_python"))}
    wanted: dict[str, list[str]] = {name: [] for name in FRAMEWORKS}
    try:
        asked = [(given, frameworks_of(requirement(given))) for given in side.requirements]
        own = {names[0] for _, names in asked if len(names) == 1}
        for given, names in asked:
            for name in names:
                # A package that is no framework's part goes where something is changed, or everywhere.
                if len(names) == 1 or not own or name in own:
                    wanted[name].append(given)
        for python in side.pythons:
            found |= dict.fromkeys(_holds(python), python)
        for name in FRAMEWORKS:
            if wanted[name] or name not in found:
                if name in found and any(python == found[name] for python in side.pythons):
                    raise NoVerdictError(f"{FRAMEWORKS[name].title} is given twice: by its interpreter and by packages")
                place = options.environments
                found[name] = str(
                    build(name, place, say=lambda text: print(text, flush=True), requirements=wanted[name])
                )
    except BuildError as error:
        raise NoVerdictError(str(error)) from error
    return found


def _holds(python: str) -> list[str]:
    """The frameworks that an interpreter has."""
    code = "import importlib.util as u, sys; print(*(n for n in sys.argv[1:] if u.find_spec(n)))"
    packages = {framework.package: name for name, framework in FRAMEWORKS.items()}
    try:
        done = subprocess.run([python, "-c", code, "numpy", *packages], capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoVerdictError(f"{python}: is no working Python interpreter: {error}") from error
    if done.returncode or "numpy" not in done.stdout.split():
        raise NoVerdictError(f"{python}: {'has no NumPy' if not done.returncode else done.stderr.strip()[-300:]}")
    names = [packages[package] for package in done.stdout.split() if package in packages]
    if not names:
        raise NoVerdictError(f"{python}: has neither {' nor '.join(packages)}")
    return names


def run(folder: Path, pythons: Mapping[str, str], rest: Sequence[str]) -> Snapshot:
    """Run the catalogue with these interpreters and read the record. Raises ``NoVerdictError``."""
    chosen = [] if any(_selects(argument) for argument in rest) else ["cases"]
    given = [f"--{name}-python={path}" for name, path in pythons.items()]
    command = [sys.executable, "-m", "pytest", "-q", "--no-summary", f"--reports={folder}", "--arrays"]
    done = subprocess.run([*command, *given, *chosen, *rest], env={"PARITY_COMMAND": "nox -s parity --", **os.environ})
    if done.returncode not in DONE:
        raise NoVerdictError(
            f"the run in {folder} did not come to its end (pytest's exit status {done.returncode}): see what it said"
        )
    return _read(folder, "see what the run said")


def _selects(argument: str) -> bool:
    return not argument.startswith("-") and os.path.exists(argument.split("::")[0])


def _read(folder: Path, mend: str) -> Snapshot:
    try:
        return read_snapshot(folder)
    except RecordError as error:
        raise NoVerdictError(f"{error}; {mend}") from error


def _seed(old: Snapshot, rest: Sequence[str]) -> list[str]:
    return [] if any(argument.startswith("--seed") for argument in rest) else [f"--seed={old.seed}"]


def _notes(old: Snapshot, new: Snapshot, missing: Sequence[tuple[str, ...]]) -> list[str]:
    notes = []
    if missing:
        gone = sorted({item[0] for item in missing} - set(_cases(new)))
        left = f"{len(missing):,} of the baseline's items were not run"
        notes.append(f"{left}: not selected, or gone from the catalogue ({', '.join(gone[:5])} ...)" if gone else left)
    before, after = (snapshot.environment.get("catalogue", {}).get("digest") for snapshot in (old, new))
    if before != after:
        notes.append("the catalogue is not the baseline's: only what both hold, from the same inputs, is compared")
    return notes


def _cases(snapshot: Snapshot) -> list[str]:
    return [key[0] for key in snapshot.results]


def _command(options: argparse.Namespace) -> str:
    """The gate's own command, for one item of it."""
    named = ("candidate", "candidate_python", "current", "current_python")
    given = [
        f"--{name.replace('_', '-')} {shlex.quote(value)}" for name in named for value in getattr(options, name) or ()
    ]
    return " ".join(["python3 -m nox -s gate --", *given])


def accept(options: argparse.Namespace) -> int:
    """Take named changes of the last gate into its baseline or, with ``--expires``, into the expectations."""
    try:
        return _accept(options)
    except (AcceptError, ExpectationError, NoVerdictError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return NO_VERDICT


def _accept(options: argparse.Namespace) -> int:
    folder = options.baselines / options.name
    old = _read(folder, "record it with nox -s baseline")
    new = _read(options.reports / "gate" / "candidate", "run the gate first")
    found = compare(old, new)
    chosen = choose([named(given) for given in options.changes], found.changes)
    if options.expires:
        given = ("owner", "reason", "link", "versions")
        lacking = [f"--{name}" for name in given if not getattr(options, name)]
        if lacking:
            raise AcceptError(f"an expectation needs {', '.join(lacking)}, too")
        texts = {name: getattr(options, name) for name in given}
        entries = as_expectations(chosen, Expectation("", "", "", expires=options.expires, **texts))
        print("".join(f"+ {line}\n" for line in text(entries).splitlines()), end="")
        if not options.dry_run:
            before = options.expectations.read_text(encoding="utf-8") if options.expectations.exists() else ""
            options.expectations.write_text(added(entries, before), encoding="utf-8")
            read_expectations(options.expectations)
        return 0
    kept = into_baseline(old, new, found, chosen)
    print("\n".join(difference(chosen)))
    if not options.dry_run:
        write_baseline(kept, folder)
        told = log(folder / ACCEPTED, chosen, old, new, str(date.today()), options.owner, options.reason)
        (folder / ACCEPTED).write_text(told, encoding="utf-8")
    return 0


def day(given: str) -> date:
    """A date such as 2027-01-31, for argparse."""
    return date.fromisoformat(given)


def add_commands(commands: Any) -> None:
    """Declare the three subcommands."""
    recorded = commands.add_parser(
        "baseline", allow_abbrev=False, help="record what the current environment gives, for the gate"
    )
    judged = commands.add_parser(
        "gate", allow_abbrev=False, help="compare another version of a framework with the baseline"
    )
    taken = commands.add_parser(
        "accept", allow_abbrev=False, help="take named changes into the baseline or the expectations"
    )
    for parser in (recorded, judged, taken):
        parser.add_argument("--name", default="default", help="the baseline's name (default: default)")
        parser.add_argument("--baselines", type=Path, default=Path("baselines"), help="where baselines are kept")
        parser.add_argument("--reports", type=Path, default=Path("reports"), help="where reports are written")
        parser.add_argument("--expectations", type=Path, default=Path(FILE), help=f"accepted changes (default: {FILE})")
    for parser in (recorded, judged):
        parser.add_argument("--environments", type=Path, default=default_folder(), help="where to keep environments")
        for framework in FRAMEWORKS.values():
            parser.add_argument(f"--{framework.name}-python", help=f"an interpreter that has {framework.title}")
    for side in ("candidate", "current"):
        judged.add_argument(
            f"--{side}", action="append", metavar="REQUIREMENT", help="such as torch==2.14.0, or a wheel"
        )
        judged.add_argument(f"--{side}-python", action="append", metavar="PATH", help="an interpreter that exists")
    taken.add_argument("changes", nargs="+", metavar="CHANGE", help="'drifted: conv2d*', 'conv2d*' or 'drifted'")
    taken.add_argument("--dry-run", action="store_true", help="show the difference only")
    taken.add_argument("--expires", type=day, help="make expectations of them until this day: 2027-01-31")
    for name in ("owner", "reason", "link", "versions"):
        taken.add_argument(
            f"--{name}", default="", help="for the reviewer" if name != "versions" else "such as '>=2.14'"
        )
    recorded.set_defaults(run=baseline)
    judged.set_defaults(run=gate)
    taken.set_defaults(run=lambda options, rest: accept(options))
