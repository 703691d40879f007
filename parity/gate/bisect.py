"""In which release a change appeared: the versions between current and candidate, halved until one is left."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ..catalog.load import load
from ..script.writer import script
from .compare import Change, compare
from .runs import run
from .sides import Side, interpreters
from .text import described
from .verdict import NoVerdictError, Verdict

ISSUE = "gate-issue.md"


@dataclass(frozen=True)
class Appeared:
    """The last release that is as before, the first that is not, and those between that could not be tried."""

    package: str
    before: str
    since: str
    untried: tuple[str, ...]

    def __str__(self) -> str:
        untried = f"; not tried, as they could not be run: {', '.join(self.untried)}" if self.untried else ""
        return f"{self.package} {self.since} is the first that shows it, {self.before} is as before{untried}"


def first(versions: Sequence[str], shows: Callable[[str], bool | None]) -> tuple[str, str, tuple[str, ...]]:
    """The last version without a change, the first with it, and those between them of which ``shows`` cannot tell.

    ``versions`` are in order; the first is known not to show it, the last to show it.
    """
    known = list(versions)
    while len(known) > 2:
        middle = known[len(known) // 2]
        found = shows(middle)
        if found is None:
            known.remove(middle)
        else:
            place = known.index(middle)
            known = known[: place + 1] if found else known[place:]
    before, since = known
    between = versions[versions.index(before) + 1 : versions.index(since)]
    return before, since, tuple(between)


def releases(package: str, after: str, until: str, *, nightly: bool = False) -> list[str]:
    """The releases of a package from one version to another, both included. Raises ``NoVerdictError``."""
    command = [sys.executable, "-m", "pip", "index", "versions", package, *["--pre"] * nightly]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    listed = done.stdout.partition("Available versions: ")[2].partition("\n")[0]
    if done.returncode or not listed:
        raise NoVerdictError(
            f"the releases of {package} cannot be listed: {done.stderr.strip() or done.stdout.strip()}"
        )
    low, high = Version(after), Version(until)
    between = {each for text in listed.split(",") if (each := _version(text.strip())) and low < each < high}
    return [after, *map(str, sorted(between)), until]


def upgraded_package(current: Side, candidate: Side) -> tuple[str, str, str]:
    """The one package whose exact versions differ, and both. Raises ``NoVerdictError`` where it is not one."""
    sides = [{each.name: each for each in map(Requirement, side.requirements)} for side in (current, candidate)]
    pins = [{canonicalize_name(n): _pin(each) for n, each in side.items()} for side in sides]
    differing = [name for name in pins[1] if name in pins[0] and pins[0][name] != pins[1][name]]
    if len(differing) != 1 or not all(side[differing[0]] for side in pins):
        raise NoVerdictError(
            "--bisect needs exact versions of one package on both sides, "
            "such as --current torch==2.9.0 --candidate torch==2.13.0"
        )
    name = differing[0]
    return name, pins[0][name], pins[1][name]


def bisect(
    verdict: Verdict, current: Side, candidate: Side, options: argparse.Namespace, say: Callable[[str], None] = print
) -> str:
    """Find in which release the most important change appeared, and write a text for the upstream project.

    Raises ``NoVerdictError``.
    """
    package, after, until = upgraded_package(current, candidate)
    worst = next((group.example for group in verdict.groups if group.needs), None)
    if worst is None:
        raise NoVerdictError("--bisect: there is no change that needs a person")
    versions = releases(package, after, until, nightly=options.nightly)
    say(f"bisecting {worst.item}, {worst.implementation}: {len(versions)} releases of {package}")

    def shows(version: str) -> bool | None:
        moved = [given for given in candidate.requirements if canonicalize_name(Requirement(given).name) != package]
        side = Side((*moved, f"{package}=={version}"))
        try:
            pythons = interpreters(side, options).pythons
            folder = options.reports / "gate" / f"bisect-{version}"
            file = verdict.file(worst)
            now = run(folder, pythons, [f"{file}::{worst.item}", f"--seed={verdict.new.seed}"], verdict.command)
        except NoVerdictError as error:
            say(f"{package} {version}: cannot be tried: {error}")
            return None
        found = any(_same(change, worst) for change in compare(verdict.old, now).changes)
        say(f"{package} {version}: {'shows it' if found else 'as before'}")
        return found

    appeared = Appeared(package, *first(versions, shows))
    (options.reports / ISSUE).write_text(issue(verdict, worst, appeared), encoding="utf-8")
    return f"{appeared}. {options.reports / ISSUE} has a text for an issue"


def issue(verdict: Verdict, change: Change, appeared: Appeared) -> str:
    """What to tell the upstream project: what changed since when, by how much, and a script that shows it."""
    case = load(Path(verdict.file(change)), check=False).case(change.case)
    implementation = case.implementation(change.implementation)
    assert implementation is not None
    text = script(
        case, case.variant(change.variant), implementation, dtype=change.dtype, seed=verdict.new.seed,
        device=change.device, mode=change.mode,
    )  # fmt: skip
    known = described(replace(verdict, used=None), change)
    return (
        f"# {change.implementation}: {change.change} since {appeared.package} {appeared.since}\n\n"
        f"{case.summary}\n\n{change.quantity} in {change.dtype}: {known}.\n\n{appeared}.\n\n"
        f"This script compares the result with a formula in NumPy:\n\n```python\n{text}```\n"
    )


def _same(change: Change, worst: Change) -> bool:
    """Whether a change is the one that is looked for: of the same result, and grave as well."""
    places = [(c.item, c.implementation, c.quantity) for c in (change, worst)]
    return places[0] == places[1] and bool(change.needs)


def _pin(requirement: Requirement) -> str:
    exact = [
        each.version for each in requirement.specifier if each.operator in ("==", "===") and "*" not in each.version
    ]
    return exact[0] if len(exact) == 1 else ""


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
