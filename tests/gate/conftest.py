"""What the gate's tests share: the recorded pair, a repository, and what code uses."""

from pathlib import Path
from textwrap import dedent

import pytest
from repository import Repository

from parity.gate.compare import compare
from parity.gate.snapshot import read_snapshot
from parity.gate.used import used

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture(scope="session")
def old():
    return read_snapshot(RECORDED / "old")


@pytest.fixture(scope="session")
def new():
    return read_snapshot(RECORDED / "new")


@pytest.fixture(scope="session")
def changes(old, new):
    """Of what really changed: by case and API path, and in the order of quantities."""
    found = {}
    for change in compare(old, new).changes:
        found.setdefault((change.case, change.implementation), []).append(change)
    return found


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


@pytest.fixture
def code(tmp_path):
    """``code({"a.py": "..."})``: what the files use."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return used(tmp_path)

    return write
