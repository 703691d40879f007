"""The sessions of the project: ``nox -l`` lists them."""

from __future__ import annotations

import os
from glob import glob
from pathlib import Path

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "tests", "parity"]
nox.options.reuse_existing_virtualenvs = True
nox.options.default_venv_backend = "virtualenv"

CONSTRAINTS = "parity/constraints.txt"
FRAMEWORKS = ("torch", "tensorflow")
ENVIRONMENTS = Path(".nox") / "environments"


BROWSER = ("selenium", "axe-core-python")
"""What pip can install of what drives a browser; the browser and its driver come from the system."""


def install(session: nox.Session, *packages: str) -> None:
    """Install the project and ``packages`` at the tested versions."""
    session.install("--quiet", "--constraint", CONSTRAINTS, "--editable", ".", *packages)


def interpreters(session: nox.Session) -> list[str]:
    """The options that name each framework's interpreter; its environment is built on first use."""
    named = [name for name in FRAMEWORKS if any(a.startswith(f"--{name}-python") for a in session.posargs)]
    wanted = [name for name in FRAMEWORKS if name not in named]
    if not wanted:
        return []
    printed = session.run(
        "python", "-m", "parity", "environment", *wanted, "--folder", str(ENVIRONMENTS), silent=True, stderr=None
    )
    return [f"--{name}-python={path}" for name, path in zip(wanted, str(printed).split("\n"), strict=False)]


def selects(argument: str) -> bool:
    """Whether an argument names a file, a folder or an item to run."""
    return not argument.startswith("-") and os.path.exists(argument.split("::")[0])


@nox.session
def parity(session: nox.Session) -> None:
    """Run every operation in both frameworks, compare, and write reports/ (arguments after -- go to pytest)."""
    run_parity(session)


@nox.session(name="parity-full")
def parity_full(session: nox.Session) -> None:
    """Run every operation in every mode: eager, as a captured graph, and compiled (hours on two cores)."""
    run_parity(session, "--mode=eager,graph,compiled")


def run_parity(session: nox.Session, *options: str) -> None:
    install(session)
    chosen = [] if any(map(selects, session.posargs)) else ["cases"]
    folder = [] if any(a.startswith("--reports") for a in session.posargs) else ["--reports=reports"]
    compare(session, *chosen, *folder, *options, *interpreters(session), *session.posargs)


def compare(session: nox.Session, *arguments: str) -> None:
    session.run("python", "-m", "pytest", *arguments, env={"PARITY_COMMAND": "python3 -m nox -s parity --"})


@nox.session
def realistic(session: nox.Session) -> None:
    """Compare the results of the timed operations in realistic sizes (four minutes), into reports/realistic/."""
    run_parity(session, "--realistic", "--reports=reports/realistic")


@nox.session
def timings(session: nox.Session) -> None:
    """Time the operations in turns, in small and realistic sizes (-- --mode=eager,graph,compiled -k lstm)."""
    run_parity(session, "--timings")


@nox.session
def baseline(session: nox.Session) -> None:
    """Record what the tested versions give, for the gate, in baselines/ (-- --name=NAME, and what pytest takes)."""
    gating(session, "baseline")


@nox.session
def gate(session: nox.Session) -> None:
    """Judge an upgrade: -- --candidate torch==2.14.1 [--current torch==2.13.0] (exit status 0: safe)."""
    gating(session, "gate")


@nox.session
def accept(session: nox.Session) -> None:
    """Take named changes of the last gate into the baseline, or with --expires into expectations.toml."""
    install(session)
    session.run("python", "-m", "parity", "accept", *session.posargs)


def gating(session: nox.Session, command: str) -> None:
    install(session)
    place = f"--environments={ENVIRONMENTS}"
    try:
        session.run("python", "-m", "parity", command, place, *session.posargs)
    except CommandFailed as failed:
        # Nox itself would end with 1, whatever the gate says: the message ends in the command's own status.
        raise SystemExit(int(str(failed).split()[-1])) from failed


@nox.session
def tests(session: nox.Session) -> None:
    """Run the project's own tests; needs chromium and its driver (arguments after -- go to pytest).

    They run in two processes, and those that measure time after them. With arguments, all run in one.
    """
    install(session, "einops", "hypothesis", "pytest-xdist", *BROWSER)
    run = ("python", "-m", "pytest", "tests", *interpreters(session))
    if session.posargs:
        session.run(*run, *session.posargs)
        return
    session.run(*run, "--numprocesses=2", "--dist=loadfile", "-m", "not alone")
    session.run(*run, "-m", "alone")


@nox.session(name="benchmarks-compat")
@nox.parametrize(
    "versions",
    [
        nox.param(("pytest==8.2.*", "pytest-benchmark[histogram]==5.3.1"), id="oldest"),
        nox.param(("pytest", "pytest-benchmark[histogram]"), id="newest"),
    ],
)
def benchmarks_compat(session: nox.Session, versions: tuple[str, ...]) -> None:
    """Run the tests of what pytest-benchmark gets, with its oldest and its newest version and pytest's."""
    session.install("--quiet", "--upgrade", "--editable", ".", *versions, "pytest-xdist")
    session.run("python", "-m", "pytest", "tests/face/test_benchmarks.py", *interpreters(session), *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, style, types and workflows."""
    install(session, "mypy", "ruff", "pandas-stubs", "types-PyYAML", "check-jsonschema", "zizmor")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("mypy")
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *glob(".github/workflows/*.yml"))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")
    session.run("zizmor", "--offline", "--quiet", ".github/workflows", "action.yml")


@nox.session
def docs(session: nox.Session) -> None:
    """Run every operation, then write the porting guide, coverage and findings in docs/ from the record."""
    install(session)
    pythons = interpreters(session)
    compare(session, "cases", "--reports=reports", *pythons, *session.posargs)
    of_modes = str(session.run("python", "-m", "parity", "docs", "--of-modes", silent=True, stderr=None)).strip()
    compare(session, "cases", "--reports=reports/modes", "--mode=graph,compiled", "-k", of_modes, *pythons)
    session.run("python", "-m", "parity", "docs", "reports", "reports/modes")


@nox.session
def prove(session: nox.Session) -> None:
    """Measure the judge and write its page: faults, mutants, sensitivity, long sums, strangers, false alarms.

    Mutants take an hour; -- --mutants=N tries N of them and writes nothing. The false alarms take hours;
    --one-variant=N --full=N --narrow=N runs fewer seeds, --jobs=N on N sets of workers.
    """
    install(session)
    pythons = interpreters(session)
    sample = [argument for argument in session.posargs if argument.startswith("--mutants")]
    if sample:
        session.run("python", "-m", "proof.mutants", *sample, *pythons)
        return
    session.run("python", "-m", "proof.kill", "--out=docs/proof/faults.json", *pythons)
    session.run("python", "-m", "proof.mutants", "--out=docs/proof/mutants.json", *pythons)
    session.run("python", "-m", "proof.sensitivity", "--out=docs/proof/sensitivity.json", *pythons)
    session.run("python", "-m", "proof.precision.measure", "--out=docs/proof/precision.json", *pythons)
    session.run("python", "-m", "proof.strangers.measure", "--out=docs/proof/strangers.json", *pythons)
    session.run("python", "-m", "proof.seeds", "--out=docs/proof/seeds.json", *pythons, *session.posargs)
    session.run("python", "-m", "proof.report")


@nox.session(name="prove-timings")
def prove_timings(session: nox.Session) -> None:
    """Measure whether timings can be believed (half an hour on an idle machine), and write docs/timing-quality.md."""
    install(session)
    session.run("python", "-m", "proof.timings", "--out=docs/proof/timings.json", *interpreters(session))
    session.run("python", "-m", "proof.timing_report")


@nox.session
def supported(session: nox.Session) -> None:
    """Try every supported version of the frameworks on a sample, and write the table in docs/upgrade-gate.md."""
    install(session)
    place = f"--environments={ENVIRONMENTS}"
    session.run("python", "-m", "proof.supported", "--out=docs/proof/supported.json", place, *session.posargs)


@nox.session
def regressions(session: nox.Session) -> None:
    """Judge real changes between released versions (-- --environments=FOLDER), and one version several times."""
    install(session)
    pythons = interpreters(session)
    session.run("python", "-m", "proof.regressions", "--out=docs/proof/regressions.json", *pythons, *session.posargs)
    session.run("python", "-m", "proof.identical", "--out=docs/proof/identical.json", *pythons)


@nox.session
def upgrades(session: nox.Session) -> None:
    """Run chains of real versions through the gate (hours), and write its verdicts into docs/upgrade-gate.md."""
    install(session)
    place = f"--environments={ENVIRONMENTS}"
    session.run("python", "-m", "proof.upgrades", "--out=docs/proof/upgrades.json", place, *session.posargs)
    session.run("python", "-m", "proof.upgrade_report")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the harness itself: listing, overhead, memory and the full run (figures in reports/bench.json)."""
    install(session)
    session.run("python", "benchmarks/harness.py", *interpreters(session), *session.posargs)


@nox.session(name="bench-report")
def bench_report(session: nox.Session) -> None:
    """Measure the report of 100,000 rows like those in reports/: writing it, and using it in headless Chromium."""
    install(session, *BROWSER)
    session.run("python", "-m", "benchmarks.report", *session.posargs)


@nox.session
def screenshots(session: nox.Session) -> None:
    """Take the README's pictures of the report in reports/ (needs chromium and chromium-driver)."""
    install(session, *BROWSER)
    session.run("python", "-m", "benchmarks.screenshots")
