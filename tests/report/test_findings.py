"""The scripts of the findings show what they say, in the framework that they are about."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from parity.report.docs import load_all
from parity.report.findings import read_findings
from parity.workers.local import LocalEngine

ROOT = Path(__file__).parents[2]
CASES = {case.name: case for file in load_all(ROOT / "cases") for case in file.cases}
DECLARED = {finding.name: finding.declared for finding in read_findings(ROOT / "docs")}
SCRIPTS = sorted((ROOT / "docs" / "findings").glob("*.py"))


@pytest.fixture(scope="module")
def runs(pythons, tmp_path_factory):
    """All scripts, two at a time: most of the time of each goes into importing its framework."""

    def run(script: Path) -> subprocess.CompletedProcess[str]:
        python = pythons[script.stem.partition("_")[0]]
        folder = tmp_path_factory.mktemp(script.stem)
        return subprocess.run([python, str(script)], cwd=folder, capture_output=True, text=True, timeout=300)

    with ThreadPoolExecutor(2) as pool:
        started: dict[Path, Future[subprocess.CompletedProcess[str]]] = {s: pool.submit(run, s) for s in SCRIPTS}
        yield started


@pytest.fixture(scope="module")
def kernels(pythons):
    """The names of this machine's CPU kernels, by framework."""
    engine = LocalEngine(pythons)
    greetings = engine.start(pythons)
    engine.stop()
    return {
        name: {k for of_mode in greeting.kernels.values() for k in of_mode.values()}
        for name, greeting in greetings.items()
    }


def wrong_with(script: Path) -> list[Sequence[str] | None]:
    """The kernels that each error of a script is declared for; ``None`` for all."""
    found: list[Sequence[str] | None] = []
    for name, api in DECLARED[script.stem]:
        case = CASES[name]
        found += [item.kernels for item in case.known if item.api == api]
        found += [p.divergence.kernels for p in case.divergences if p.api == api and p.divergence is not None]
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_shows_the_error_where_it_is_declared(script, runs, kernels):
    done = runs[script].result()
    own = kernels[script.stem.partition("_")[0]]
    if "TF_ENABLE_ONEDNN_OPTS" in script.read_text():
        own = own | {"onednn"}
    wrong = any(names is None or own & set(names) for names in wrong_with(script))
    assert done.returncode == (0 if wrong else 1), done.stdout + done.stderr
    assert ("no longer wrong" in done.stderr) is not wrong
    assert done.stdout.startswith(script.stem.partition("_")[0])
