"""The scripts of the findings show what they say, in the framework that they are about."""

from __future__ import annotations

import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[2] / "docs" / "findings").glob("*.py"))


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


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_shows_the_error(script, runs):
    done = runs[script].result()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(script.stem.partition("_")[0])
