"""Plain pytest in a clone: interpreters that nobody named come from the environments there, or the header says how."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from parity.catalog.frameworks import FRAMEWORKS
from parity.environments import has_gpu, importable
from parity.requirements import CONSTRAINTS

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    any(importable(sys.executable, [framework.package]) for framework in FRAMEWORKS.values()),
    reason="this interpreter has a framework itself, which a clone's environments do not replace",
)


@pytest.fixture
def clone(folder_of, tmp_path, monkeypatch, environment):
    """A folder with this project's conftest.py, no environments yet, and an empty cache of the user."""
    monkeypatch.setitem(environment, "XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = folder_of({"test_plain.py": "def test_plain():\n    pass\n"})
    shutil.copy(ROOT / "conftest.py", folder)
    return folder


@pytest.fixture
def built():
    """``built(folder, name, python)``: a finished environment whose interpreter runs ``python``."""
    kind = "gpu" if has_gpu() else "cpu"

    def make(folder, name, python=sys.executable, **changes):
        place = folder / f"{name}-{kind}-0123456789ab"
        interpreter = place / "bin" / "python"
        interpreter.parent.mkdir(parents=True)
        interpreter.write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
        interpreter.chmod(0o755)
        recipe = {"framework": name, "constraints": CONSTRAINTS.read_text(), **changes}
        (place / "parity-environment.json").write_text(json.dumps(recipe))
        return interpreter

    return make


def header(outcome):
    return [line for line in outcome.out.splitlines() if line.startswith("frameworks: ")]


def test_what_nox_has_built_is_used_and_named(clone, built, run_in):
    torch, tensorflow = (built(clone / ".nox" / "environments", name) for name in FRAMEWORKS)
    outcome = run_in(clone)
    assert outcome.code == 0, outcome.all
    assert header(outcome) == [f"frameworks: PyTorch in {torch}, TensorFlow in {tensorflow}"]


def test_cases_run_with_no_option_that_names_an_interpreter(clone, built, run_in, pythons):
    for name, python in pythons.items():
        built(clone / ".nox" / "environments", name, python)
    (clone / "cases").mkdir()
    (clone / "cases" / "double.py").write_text(DOUBLE)
    outcome = run_in(clone, "cases", "--dtype=float32", "--device=cpu")
    assert outcome.code == 0, outcome.all
    assert "1 passed" in outcome.out


def test_the_users_cache_is_looked_into_as_well(clone, built, run_in, environment):
    cached = built(Path(environment["XDG_CACHE_HOME"]) / "framework-parity" / "environments", "torch")
    said = header(run_in(clone))
    assert said[0] == f"frameworks: PyTorch in {cached}"
    assert said[1].startswith("frameworks: TensorFlow not found. Build what is missing once")


@pytest.mark.parametrize(
    "changes", [{"constraints": "torch==1.0"}, {"requirements": "torch==2.14.1"}], ids=["other pins", "a candidate"]
)
def test_environments_with_other_versions_are_not_used(clone, built, run_in, changes):
    for name in FRAMEWORKS:
        built(clone / ".nox" / "environments", name, **changes)
    (said,) = header(run_in(clone))
    assert "PyTorch and TensorFlow not found" in said


def test_a_half_built_environment_is_not_used(clone, built, run_in):
    python = built(clone / ".nox" / "environments", "torch")
    python.with_name("python").unlink()
    (said,) = header(run_in(clone))
    assert "PyTorch and TensorFlow not found" in said


def test_nothing_is_built_and_one_command_is_named(clone, run_in):
    (clone / "cases").mkdir()
    (clone / "cases" / "double.py").write_text(DOUBLE)
    outcome = run_in(clone, "--device=cpu", "-k", "plain")
    assert outcome.code == 0, outcome.all
    (said,) = header(outcome)
    assert said.endswith("-m parity environment torch tensorflow --folder .nox/environments")
    cases = run_in(clone, "cases", "--device=cpu")
    assert cases.code != 0
    assert "PyTorch is not installed" in cases.all
    assert not (clone / ".nox").exists()


def test_interpreters_that_are_named_are_used_and_not_talked_about(clone, built, run_in):
    for name in FRAMEWORKS:
        built(clone / ".nox" / "environments", name)
    outcome = run_in(clone, *(f"--{name}-python={sys.executable}" for name in FRAMEWORKS))
    assert outcome.code == 0, outcome.all
    assert header(outcome) == []


def test_without_the_plugin_nothing_is_looked_for(clone, run_in):
    outcome = run_in(clone, "-p", "no:parity")
    assert outcome.code == 0, outcome.all
    assert header(outcome) == []


DOUBLE = """
from parity import Case, normal

double = Case("double", "y = 2 x.", sizes=dict(N=3), inputs=dict(x=normal("N")), outputs=dict(y="N"))

@double.reference
def _(np, x):
    return 2 * x

@double.torch("torch.mul")
def _(torch, x):
    return torch.mul(x, 2)

@double.tensorflow("tf.multiply")
def _(tf, x):
    return tf.multiply(x, 2)
"""
