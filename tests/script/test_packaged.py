"""Scripts of formulas that use what Autograd's NumPy does not have right take the functions of this package."""

import os
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

import parity
from parity.catalog.load import load
from parity.plan.work import Item
from parity.run import Run
from parity.script.writer import script
from parity.workers.local import LocalEngine

DECLARED = """
from parity import Case, buffer, normal

case = Case(
    "transformed",
    "Real parts of a transform in order, where a mask has not put a learned number, and products with a zero.",
    sizes=dict(N=3, T=5, F=3),
    inputs=dict(x=normal("N T")),
    weights=dict(token=normal("F")),
    outputs=dict(y="N F", p="N"),
    dtypes=["float32"],
)


@case.reference
def _(np, x, token):
    y = np.sort(np.real(np.fft.rfft(x)), axis=0)
    return np.where(y > 0, y, token), np.prod(x * (x > -0.5), axis=1)


@case.torch("torch.where")
def _(torch, x, token):
    y = torch.sort(torch.fft.rfft(x).real, 0).values
    return torch.where(y > 0, y, token), torch.prod(x * (x > -0.5), 1)


@case.tensorflow("tf.where")
def _(tf, x, token):
    y = tf.sort(tf.math.real(tf.signal.rfft(x)), axis=0)
    return tf.where(y > 0, y, token), tf.reduce_prod(x * tf.cast(x > -0.5, x.dtype), axis=1)
"""
IMPORT = "from parity.formula.namespace import EXACT as anp"
PRINTED = re.compile(r"(\S+): max_abs_error (\S+) at")


@pytest.fixture
def case(tmp_path):
    file = tmp_path / "transformed.py"
    file.write_text(DECLARED)
    return load(file).case("transformed")


@pytest.fixture
def packages(tmp_path):
    """A folder to import this package, autograd and einops from, and nothing else that is installed for the harness."""
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "parity").symlink_to(Path(parity.__file__).parent)
    for name in ("autograd", "einops"):
        (folder / name).symlink_to(find_spec(name).submodule_search_locations[0])
    return folder


def test_the_script_prints_what_a_run_measures(case, packages, tmp_path, pythons):
    item = Item(str(tmp_path / "transformed.py"), case.name, "", "float32", "cpu")
    run = Run(LocalEngine(pythons), seed=0)
    try:
        run.start([(item, case)])
        rows = run.result(item, case).rows
    finally:
        run.close()
    assert {row.verdict for row in rows} == {"pass"}
    (implementation,) = (each for each in case.implementations if each.framework == "torch")
    path = tmp_path / "script.py"
    path.write_text(script(case, case.variant(""), implementation, dtype="float32"), encoding="utf-8")
    assert IMPORT in path.read_text()
    assert "pip install torch framework-parity numpy autograd einops" in path.read_text()
    environment = {**os.environ, "PYTHONPATH": str(packages), "OMP_NUM_THREADS": "1"}
    output = subprocess.run(
        [pythons["torch"], str(path)], env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    printed = dict(PRINTED.findall(output))
    measured = {
        row.quantity: f"{row.max_abs_error:.6g}"
        for row in rows
        if row.left == "torch.where" and row.right == "reference"
    }
    assert printed == measured
    assert len(measured) == 4


def test_scripts_of_what_autograd_has_right_need_nothing_of_this_package():
    plain = load(Path(__file__).parents[2] / "cases" / "lstm.py").case("lstm")
    text = script(plain, plain.variants[0], plain.implementations[0], dtype="float32")
    assert "import autograd.numpy as anp" in text
    assert "framework-parity" not in text
