"""What the tests of the proof share: the bench, and files of faults."""

import textwrap

import pytest

from proof.fault import load
from proof.kill import Bench


@pytest.fixture(scope="module")
def bench(pythons):
    made = Bench(pythons)
    yield made
    made.close()


@pytest.fixture
def declare(tmp_path):
    """``declare(text)``: the faults of a file with this text."""

    def make(text):
        path = tmp_path / "declared.py"
        path.write_text("from proof.fault import Shows, fault\n" + textwrap.dedent(text))
        return load(path)

    return make
