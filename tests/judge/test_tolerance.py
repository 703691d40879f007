"""How much error a quantity is allowed, and who decides."""

import numpy as np
import pytest

from parity import Case, Tolerance, normal
from parity.catalog.dtypes import FLOATS
from parity.judge.tolerance import allowance

TRUTH = np.array([1.0, -4.0, 0.0])
CASES = Tolerance(1e-2, 1e-3, "the case says so", ["float32"])
RUNS = Tolerance(1e-1, 0.5, "--rtol and --atol")


def make(exact=False, tolerance=None):
    return Case(
        "op",
        "A case.",
        sizes={"N": 3},
        inputs={"x": normal("N")},
        outputs={"y": "N"},
        exact=exact,
        tolerance=tolerance,
    )


def allowed(case, dtype="float32", override=None, truth=TRUTH, quantity="output:y"):
    return allowance(case, dtype, quantity, truth, override)


@pytest.mark.parametrize(("dtype", "roundings"), [("float64", 64), ("float32", 64), ("float16", 16), ("bfloat16", 16)])
def test_the_default_is_some_roundings_of_the_largest_magnitude(dtype, roundings):
    found = allowed(make(), dtype)
    assert not found.exact
    assert list(found.limits) == [roundings * FLOATS[dtype].unit_roundoff * 4.0] * 3
    assert found.because == ""


def test_the_tolerance_of_the_case_replaces_the_default():
    found = allowed(make(tolerance=CASES))
    assert list(found.limits) == [1e-3 + 1e-2, 1e-3 + 4e-2, 1e-3]
    assert found.because == "the case says so"


def test_the_tolerance_of_the_case_holds_for_its_dtypes_only():
    assert np.array_equal(allowed(make(tolerance=CASES), "float16").limits, allowed(make(), "float16").limits)


@pytest.mark.parametrize("tolerance", [None, CASES])
def test_the_tolerance_of_the_run_replaces_both(tolerance):
    found = allowed(make(tolerance=tolerance), override=RUNS)
    assert list(found.limits) == [0.5 + 0.1, 0.5 + 0.4, 0.5]
    assert found.because == "--rtol and --atol"


@pytest.mark.parametrize("override", [None, RUNS])
def test_exact_quantities_stay_exact(override):
    case = make(exact=["output:*"], tolerance=CASES)
    found = allowed(case, override=override)
    assert found.exact
    assert list(found.limits) == [0, 0, 0]
    assert not allowed(case, override=override, quantity="grad:x").exact


def test_a_truth_of_zeros_allows_nothing_by_default():
    assert list(allowed(make(), truth=np.zeros(2)).limits) == [0, 0]
    assert list(allowed(make(), truth=np.zeros(2), override=RUNS).limits) == [0.5, 0.5]


def test_values_that_are_not_finite_do_not_widen_the_allowance():
    finite = allowed(make(), truth=np.array([1.0, -4.0]))
    found = allowed(make(), truth=np.array([1.0, -4.0, np.inf, -np.inf, np.nan]))
    assert list(found.limits) == [finite.limits[0]] * 5
    assert list(allowed(make(), truth=np.array([np.nan, np.inf])).limits) == [0, 0]


def test_no_elements():
    assert allowed(make(), truth=np.zeros((0, 3))).limits.shape == (0, 3)
