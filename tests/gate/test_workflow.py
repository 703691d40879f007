"""The workflow's own commands: what it judges, and that its script passes the gate's status on."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def judged(tmp_path):
    """Run the script with a ``python3`` that prints what it is called with and ends with status 2."""
    fake = tmp_path / "python3"
    fake.write_text('#!/bin/sh\necho "$@"\nexit 2\n')
    fake.chmod(0o755)

    def run(**environment):
        return subprocess.run(
            ["sh", ".github/gate.sh"], cwd=ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", **environment},
        )  # fmt: skip

    return run


def test_the_newest_releases_are_judged(judged):
    done = judged(CANDIDATES="torch tensorflow-cpu")
    assert done.stdout == "-m nox -s gate -- --require-complete --candidate torch --candidate tensorflow-cpu\n"
    assert done.returncode == 2


def test_a_pull_request_judges_its_own_pins(judged):
    words = judged(CANDIDATES="torch", PINS="true").stdout.split()
    named = [word for word in words if "==" in word]
    assert [word.partition("==")[0] for word in named] == ["torch", "tensorflow-cpu", "keras"]
    pins = (ROOT / "parity" / "constraints.txt").read_text()
    assert all(word in pins for word in named)
