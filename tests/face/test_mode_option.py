"""A run in two modes: items, rows, what is not run, and the command that shows a failure again."""

import shlex
import subprocess
import sys

import pytest

CASES = """
from parity import Case, normal

SETTINGS = dict(sizes=dict(N=3, M=4), inputs=dict(x=normal("N M")), outputs=dict(y="N M"), dtypes=["float32"])

right = Case("right", "y = 2 x.", **SETTINGS)
traced = Case("traced", "y = 2 x, but for what only a captured graph adds.", **SETTINGS)
listed = Case("listed", "y = 2 x, by way of a list.", **SETTINGS, eager_only="it makes lists of the values")

for case in (right, traced, listed):

    @case.reference
    def _(np, x):
        return 2 * x

@right.torch("torch.mul")
def _(torch, x):
    return torch.mul(x, 2)

@right.torch("torch.Tensor.item")
def _(torch, x):
    return torch.mul(x, 2 if x[0, 0].item() < 1e9 else 3)

right.limitation(
    "torch.Tensor.item",
    modes=["graph", "compiled"],
    raises="UserError: data-dependent",
    because="the graph depends on a value",
    source="this test",
)

@traced.torch("torch.mul")
def _(torch, x):
    return torch.mul(x, 2) + (1 if torch.compiler.is_compiling() else 0)

@listed.torch("torch.Tensor.tolist")
def _(torch, x):
    return torch.mul(x, len(x.tolist()) - 1)

for case in (right, traced):

    @case.tensorflow("tf.multiply")
    def _(tf, x):
        return tf.multiply(x, 2)

@listed.tensorflow("tf.Tensor.numpy")
def _(tf, x):
    return tf.multiply(x, len(x.numpy()) - 1)
"""


@pytest.fixture(scope="module")
def moded(folder_of, run_in, interpreters):
    folder = folder_of({"cases/some.py": CASES})
    return run_in(folder, "cases", "-rs", "--mode=eager,graph", "--reports=reports", "--seed=5", *interpreters)


def test_every_item_runs_in_both_modes(moded):
    assert moded.code == 1, moded.all
    junit = moded.junit()
    assert junit == {
        "right-float32-cpu": set(),
        "right-float32-cpu-graph": set(),
        "traced-float32-cpu": set(),
        "traced-float32-cpu-graph": {"failure"},
        "listed-float32-cpu": set(),
        "listed-float32-cpu-graph": {"skipped"},
    }


def test_captured_results_are_compared_with_the_eager_ones(moded):
    pairs = {row["right"] for row in moded.rows(case="right", mode="graph", left="torch.mul")}
    assert pairs == {"reference", "tf.multiply", "torch.mul, eager"}
    assert {row["verdict"] for row in moded.rows(case="right", mode="graph", right="torch.mul, eager")} == {"pass"}
    assert not any(row["right"].endswith("eager") for row in moded.rows(mode="eager"))


def test_what_only_a_graph_gets_wrong_fails_in_that_mode_only(moded):
    assert {row["verdict"] for row in moded.rows(case="traced", mode="eager")} == {"pass"}
    bad = [row for row in moded.rows(case="traced", mode="graph") if row["verdict"] != "pass"]
    assert {(row["right"], row["quantity"], row["blame"]) for row in bad} == {
        (right, "output:y", "torch") for right in ("reference", "tf.multiply", "torch.mul, eager")
    }


def test_a_limitation_of_a_mode_is_met_there_only(moded):
    item = {"case": "right", "left": "torch.Tensor.item", "right": "reference"}
    assert {row["verdict"] for row in moded.rows(**item, mode="eager")} == {"pass"}
    assert {row["verdict"] for row in moded.rows(**item, mode="graph")} == {"expected"}


def test_a_case_that_runs_eagerly_only_is_skipped_with_its_reason(moded):
    rows = moded.rows(case="listed", mode="graph")
    assert {(row["left"], row["verdict"], row["reason"]) for row in rows} == {
        (api, "not-run", "it makes lists of the values") for api in ("torch.Tensor.tolist", "tf.Tensor.numpy")
    }
    assert any("SKIPPED" in line and "it makes lists of the values" in line for line in moded.out.splitlines())


def test_the_command_names_the_mode_and_fails_the_same_way(moded, environment):
    (line,) = [line for line in moded.screen("traced-float32-cpu-graph") if "reproduce: " in line]
    command = shlex.split(line.partition("reproduce: ")[2])
    assert {"--mode=graph", "cases/some.py::traced-float32-cpu-graph", "--seed=5"} <= set(command)
    done = subprocess.run(
        [sys.executable, *command[1:]], cwd=moded.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "1 failed" in done.stdout
