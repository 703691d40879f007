"""The declared faults: enough of them, of every kind, each of a function that exists and a case that runs it."""

import subprocess
from pathlib import Path

import pytest

from parity.catalog.load import load
from proof.fault import load_all, locate
from proof.kill import CONTROLS, Bench

ROOT = Path(__file__).parents[2]
FAULTS = load_all()
CASES = {
    case.name: (path, case)
    for path in sorted((ROOT / "cases").glob("[!_]*.py"))
    for case in load(path, check=False).cases
}
KINDS = {
    "gate order",
    "forget bias",
    "padding side",
    "count_include_pad",
    "eps",
    "momentum",
    "biased variance",
    "dropout left on",
    "wrong axis",
    "wrong reduction",
    "one wrong element",
    "last time step dropped",
    "reverse direction misaligned",
    "mask ignored",
    "gradient scaled by 1 + 1e-4",
    "gradient of one weight zero",
    "state not returned",
    "inputs rounded to TF32",
    "inputs rounded to bfloat16",
    "inputs rounded to float16",
    "float64 silently computed in float32",
    "a term dropped from an accumulation",
    "results off by a relative 1e-5",
    "NaN hidden",
    "wrong dtype",
    "wrong shape that broadcasts",
    "both frameworks wrong in the same way",
    "result depending on memory layout",
    "nondeterminism of a few ulp",
    "wrong parameter",
}


def test_there_are_faults_of_every_kind_in_both_frameworks():
    assert len(FAULTS) >= 60
    assert {fault.kind for fault in FAULTS} == KINDS
    for framework in ("torch", "tensorflow"):
        assert sum(framework in fault.targets for fault in FAULTS) >= 30


def test_both_frameworks_are_at_fault_together_only_where_it_is_said():
    for fault in FAULTS:
        assert (len(fault.targets) == 2) == (fault.kind == "both frameworks wrong in the same way"), fault.name
        assert fault.summary.endswith("."), fault.name


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_every_patched_function_exists(pythons, framework):
    targets = sorted({fault.targets[framework] for fault in FAULTS if framework in fault.targets})
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from proof.fault import locate\n"
        "for target in sys.argv[2:]: assert callable(locate(target)[2]), target"
    )
    done = subprocess.run([pythons[framework], "-c", code, str(ROOT), *targets], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_function_that_does_not_exist_is_an_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        locate("math.no_such_name")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_place_exists(fault):
    bench = Bench.__new__(Bench)
    bench.cases = CASES
    for shows in fault.shows:
        assert list(bench.items(shows))
        case = CASES[shows.case][1]
        frameworks = {each.api: each.framework for each in (*case.implementations, *case.divergences)}
        assert {frameworks[api] for api in shows.through} == set(fault.targets)
    assert {*fault.reaches, *CONTROLS} <= set(CASES)
