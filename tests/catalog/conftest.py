"""A folder with one case file, loaded as the harness loads it."""

import pytest

from parity.catalog.load import load

TEMPLATE = """
from parity import *

{name} = Case(
    "{name}",
    "A case.",
    sizes={sizes},
    inputs={inputs},
    outputs={outputs},
    {more}
)


@{name}.reference
def _(np, x):
    return x


@{name}.torch("torch.f")
def _(torch, x):
    return x


@{name}.tensorflow("tf.f")
def _(tf, x):
    return x
"""


@pytest.fixture
def text():
    """``text(...)``: the source of a good case, except for what the arguments replace."""

    def make(name="op", sizes="dict(N=2, C=3)", inputs="dict(x=normal('N C'))", outputs="dict(y='N C')", more=""):
        return TEMPLATE.format(name=name, sizes=sizes, inputs=inputs, outputs=outputs, more=more)

    return make


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """``loaded(source)``: what loading ``ops.py`` with this source gives; it lies in the working directory."""
    monkeypatch.chdir(tmp_path)

    def write_and_load(source, **options):
        path = tmp_path / "ops.py"
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        return load(path, **options)

    return write_and_load
