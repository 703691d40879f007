"""What the gate's tests share: the recorded pair."""

from pathlib import Path

import pytest

from parity.gate.compare import compare
from parity.gate.snapshot import read_snapshot

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
