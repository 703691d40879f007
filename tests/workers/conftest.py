"""What the tests of the workers share: units of small case files, and engines that are always stopped."""

import textwrap

import pytest

from parity.plan.work import Item, Unit
from parity.workers.local import LocalEngine


@pytest.fixture(scope="session")
def unit():
    """``unit(file, case, framework, api, variant)``: one unit of work."""

    def make(file, case, framework, api, variant="", *, dtype="float32", device="cpu", seed=0, timed=False):
        return Unit(Item(str(file), case, variant, dtype, device), framework, api, seed, timed)

    return make


@pytest.fixture(scope="session")
def case_file(tmp_path_factory):
    """``case_file(text)``: the path of a file with this text."""

    def make(text, name="declared.py"):
        path = tmp_path_factory.mktemp("cases") / name
        path.write_text(textwrap.dedent(text))
        return path

    return make


@pytest.fixture(scope="module")
def engine_of():
    """``engine_of(pythons, ...)``: an engine that ends with the module."""
    engines = []

    def make(pythons, **settings):
        engines.append(LocalEngine(pythons, **settings))
        return engines[-1]

    yield make
    for engine in engines:
        engine.stop()
