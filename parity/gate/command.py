"""``python -m parity baseline``, ``gate`` and ``accept``: from the command line to an exit status."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from ..catalog.frameworks import FRAMEWORKS
from ..catalog.load import load
from ..plan.work import item_name
from ..record.read import RecordError, read_asked
from ..report.causes import called
from ..timing.plan import expand_timed
from ..workers.local import NOT_RESTARTED, StartError
from .accept import ACCEPTED, AcceptError, added, as_expectations, choose, difference, into_baseline, log, named
from .bisect import bisect, upgraded_package
from .compare import Change, compare
from .expectations import Expectation, ExpectationError, apply, parse, read_expectations, text
from .options import NO_VERDICT
from .runs import catalogue, read, run
from .sides import Found, Side, comparable, interpreters
from .snapshot import Snapshot, write_baseline
from .speed import speed
from .text import lines
from .upgraded import UpgradeError, upgraded
from .used import Usage, UsedError, touched, used
from .verdict import NOTHING_TO_DO, NoVerdictError, Share, Verdict
from .write import write, write_no_verdict, write_nothing

SAME_VERSIONS = (
    "both sides have the same versions: this shows how stable the comparison is, and says nothing about an upgrade"
)


def baseline(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Record the current environment into ``baselines/<name>``."""
    try:
        pythons = interpreters(Side(), options).pythons
        record = run(options.reports / "baseline", pythons, rest, "python3 -m nox -s parity --")
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
        if options.diff and not _take_over(options):
            return NOTHING_TO_DO
        verdict = judge(options, rest)
        files = write(verdict, options.reports)
    except (NoVerdictError, UpgradeError, UsedError, OSError) as error:
        print(f"no verdict: {error} (exit status {NO_VERDICT})", file=sys.stderr)
        with contextlib.suppress(OSError):
            write_no_verdict(str(error), options.reports)
        return NO_VERDICT
    except Exception:
        traceback.print_exc()
        return NO_VERDICT
    print("\n".join(["", *lines(verdict), "", f"reports: {', '.join(map(str, files))}"]))
    if options.bisect and any(change.needs for change in verdict.changes):
        try:
            print(bisect(verdict, *_sides(options), options))
        except NoVerdictError as error:
            print(f"no bisection: {error}", file=sys.stderr)
    return verdict.status


def _sides(options: argparse.Namespace) -> tuple[Side, Side]:
    """The current and the candidate side, as named."""
    candidate = Side(options.candidate or (), options.candidate_python or ())
    return Side(options.current or (), options.current_python or ()), candidate


def _take_over(options: argparse.Namespace) -> bool:
    """Name what a change upgrades as current and candidate; whether there is something to judge.

    Raises ``NoVerdictError`` and ``UpgradeError``.
    """
    if any((options.current, options.candidate, options.current_python, options.candidate_python)):
        raise NoVerdictError(
            "--diff reads the current version and the candidate from the change: leave out one or the other"
        )
    found = upgraded(options.diff, options.repository)
    print("\n".join(found.lines), flush=True)
    if not found.candidate or not found.current:
        write_nothing(found.lines, options.reports)
        return False
    options.current, options.candidate = found.current, found.candidate
    return True


def judge(options: argparse.Namespace, rest: Sequence[str]) -> Verdict:
    """Run what is to be compared, and compare. Raises ``NoVerdictError``, and ``UsedError`` where there is no code."""
    today = date.today()
    current, candidate = _sides(options)
    if not candidate.is_named:
        raise NoVerdictError("name what is to be judged: --candidate torch==2.14.0, or --candidate-python PATH")
    current.check()
    candidate.check()
    if options.bisect:
        upgraded_package(current, candidate)
    usage = used(options.used_by) if options.used_by else None
    try:
        expectations = read_expectations(options.expectations)
    except ExpectationError as error:
        raise NoVerdictError(str(error)) from error
    again = _command(options)
    before: Found | None = None
    if current.is_named:
        before = interpreters(current, options)
        after = _participating(interpreters(candidate, options), options.participants)
        comparable(before, after)
        old = run(options.reports / "gate" / "current", before.pythons, rest, again)
    else:
        old = read(options.baselines / options.name, "record it with nox -s baseline")
        rest = [*rest, *_seed(old, rest)]
        after = _participating(interpreters(candidate, options), options.participants)
    new = run(options.reports / "gate" / "candidate", after.pythons, rest, again)
    if old.seed != new.seed:
        raise NoVerdictError(f"the baseline's seed is {old.seed}, this run's is {new.seed}: leave --seed out")
    unjudged = [entry.row for entry in new.results.values() if entry.row.message.startswith(NOT_RESTARTED)]
    if unjudged:
        raise NoVerdictError(f"{len(unjudged):,} results were {unjudged[0].message}")
    found = compare(old, new)
    if not found.compared:
        raise NoVerdictError(
            "nothing that was run is in the baseline with the same inputs: it is from another catalogue, or from "
            "another seed than it says; record it anew"
        )
    share = Share(len(found.items), len(found.items | catalogue(_files(old, new))))
    if options.require_complete and not share.is_complete:
        raise NoVerdictError(f"--require-complete: only {share} were compared")
    names = [(item_name(*key[:5]), key[0]) for snapshot in (old, new) for key in snapshot.results]
    timed = _speed(before.pythons, after.pythons, new) if before and options.speed else []
    versions = {name: new.version(name) for name in FRAMEWORKS}
    judged = [change for change in (*found.changes, *timed) if change.framework in options.participants]
    changes, stale = apply(expectations, judged, versions, dict.fromkeys(names), today)
    verdict = Verdict(old, new, changes, share, stale, command=again, notes=_notes(old, new, found.missing))
    if not verdict.upgraded:
        verdict = replace(verdict, notes=[*verdict.notes, SAME_VERSIONS])
    return _used(verdict, usage, options.used_by) if usage else verdict


def _participating(candidate: Found, participants: Sequence[str]) -> Found:
    """The candidate's side. Raises ``NoVerdictError`` where nothing of it is judged."""
    if not candidate.named & set(participants):
        upgraded_there = ",".join(sorted(candidate.named))
        raise NoVerdictError(f"--participants {','.join(participants)} leaves out what is upgraded: {upgraded_there}")
    return candidate


def _used(verdict: Verdict, usage: Usage, code: Path) -> Verdict:
    """The verdict with what some code uses of the frameworks. Raises ``NoVerdictError``."""
    try:
        asked = called(read_asked(verdict.new.folder))
    except RecordError as error:
        raise NoVerdictError(str(error)) from error
    implementations = dict.fromkeys((change.case, change.implementation) for change in verdict.changes)
    found = touched(usage, implementations, asked)
    names = sorted(use.name for use in found.uncovered)
    notes = [f"{code}: {said}" for said in usage.warnings]
    if names:
        shown = f"{', '.join(names[:10])}{' ...' if len(names) > 10 else ''}"
        notes.append(f"{len(names)} functions that {code} uses are in no case that was run: {shown}")
    return replace(verdict, used=found.implementations, notes=[*verdict.notes, *notes])


def _speed(old: Mapping[str, str], new: Mapping[str, str], ran: Snapshot) -> list[Change]:
    """Changes of speed in the frameworks that differ, of the timed cases that ran."""
    differ = [name for name in FRAMEWORKS if old[name] != new[name]]
    ran_there = {key[0] for key in ran.results}
    items = []
    for path in dict.fromkeys(ran.files.values()):
        file = load(Path(path), check=False)
        items += [(i, file.case(i.case)) for i in expand_timed(file, None, ["cpu"]) if i.case in ran_there]
    before, after = ({name: side[name] for name in differ} for side in (old, new))
    try:
        return speed(before, after, items, ran.seed, say=lambda text: print(text, flush=True))
    except StartError as error:
        raise NoVerdictError(str(error)) from error


def _files(old: Snapshot, new: Snapshot) -> list[str]:
    """The case files of runs that are still there."""
    return sorted(path for path in {*old.files.values(), *new.files.values()} if Path(path).exists())


def _seed(old: Snapshot, rest: Sequence[str]) -> list[str]:
    return [] if any(argument.startswith("--seed") for argument in rest) else [f"--seed={old.seed}"]


def _notes(old: Snapshot, new: Snapshot, missing: Sequence[tuple[str, ...]]) -> list[str]:
    notes = []
    if missing:
        gone = sorted({item[0] for item in missing} - {key[0] for key in new.results})
        left = f"{len(missing):,} of the baseline's items were not run"
        notes.append(f"{left}: not selected, or gone from the catalogue ({', '.join(gone[:5])} ...)" if gone else left)
    before, after = (snapshot.environment.get("catalogue", {}).get("digest") for snapshot in (old, new))
    if before != after:
        notes.append("the catalogue is not the baseline's: only what both hold, from the same inputs, is compared")
    return notes


def _command(options: argparse.Namespace) -> str:
    """The gate's own command, for one item of it."""
    named = ("candidate", "candidate_python", "current", "current_python")
    given = [
        f"--{name.replace('_', '-')} {shlex.quote(value)}" for name in named for value in getattr(options, name) or ()
    ]
    return " ".join(["python3 -m nox -s gate --", *given])


def accept(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Take named changes of the last gate into its baseline or, with ``--expires``, into the expectations."""
    try:
        if rest:
            raise AcceptError(f"unrecognized arguments: {' '.join(rest)}")
        return _accept(options)
    except (AcceptError, ExpectationError, NoVerdictError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return NO_VERDICT


def _accept(options: argparse.Namespace) -> int:
    folder = options.baselines / options.name
    old = read(folder, "record it with nox -s baseline")
    new = read(options.reports / "gate" / "candidate", "run the gate first")
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
            after = added(entries, before)
            parse(after, options.expectations)
            options.expectations.write_text(after, encoding="utf-8")
        return 0
    kept = into_baseline(old, new, found, chosen)
    print("\n".join(difference(chosen)))
    if not options.dry_run:
        write_baseline(kept, folder)
        told = log(folder / ACCEPTED, chosen, old, new, str(date.today()), options.owner, options.reason)
        (folder / ACCEPTED).write_text(told, encoding="utf-8")
    return 0
