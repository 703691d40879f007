"""The scripts of the findings show what they say, in the framework that they are about."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[2] / "docs" / "findings").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_shows_the_error(script, pythons, tmp_path):
    python = pythons[script.stem.partition("_")[0]]
    done = subprocess.run([python, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(script.stem.partition("_")[0])
