"""How much error a quantity is allowed, and who decides."""

import numpy as np
import pytest

from parity import Case, LeastScale, Tolerance, normal
from parity.catalog.dtypes import FLOATS
from parity.judge.tolerance import (
    MULTIPLE,
    ROUNDINGS,
    TOGETHER,
    allowance,
    own_scale,
    pooled,
    roundings,
    together,
    underflow,
)

TRUTH = np.array([1.0, -4.0, 0.0])
CASES = Tolerance(1e-2, 1e-3, "the case says so", ["float32"])
RUNS = Tolerance(1e-1, 0.5, "--rtol and --atol")


def make(**changes):
    return Case("op", "A case.", sizes={"N": 3}, inputs={"x": normal("N")}, outputs={"y": "N"}, **changes)


def allowed(case, dtype="float32", override=None, truth=TRUTH, quantity="output:y", sensitivity=None, result_dtype=""):
    return allowance(case, case.variants[0], dtype, quantity, truth, sensitivity, override, result_dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_default_is_some_roundings_of_the_scale(dtype):
    found = allowed(make(), dtype)
    assert not found.exact
    pooled = [np.sqrt((own + 17 / 3) / 2) for own in (1.0, 16.0, 1.3**2)]  # 1.3 is the tenth percentile of 1 and 4.
    assert found.limits == pytest.approx(ROUNDINGS * FLOATS[dtype].unit_roundoff * np.array(pooled))
    assert found.scale == pytest.approx(pooled)
    assert (found.because, found.own) == ("", False)


def test_a_sensitivity_above_the_magnitude_widens_the_scale_and_one_below_does_not():
    assert list(own_scale(np.array([2.0]), np.array([5.0]))) == [5.0]
    assert list(own_scale(np.array([2.0]), np.array([1.0]))) == [2.0]
    assert list(pooled(np.array([5.0]), np.array([2.0]))) == [5.0]


def test_the_least_scale_of_a_case_holds_for_its_quantities_and_dtypes():
    case = make(least_scale=LeastScale(10.0, ["output:*"], "a rounded 10 is subtracted", ["float32"]))
    found = allowed(case)
    assert found.scale == pytest.approx([10.0] * 3)
    assert found.because == "a rounded 10 is subtracted"
    for other in (allowed(case, quantity="grad:x"), allowed(case, "float64")):
        assert other.because == ""
        assert other.scale == pytest.approx(pooled(own_scale(TRUTH), TRUTH))


def test_elements_that_are_not_pooled_have_scales_of_their_own():
    truth = np.array([1e30, -4.0, 0.0, np.nan])
    sensitivity = np.array([0.0, 5.0, 3.0, np.nan])
    found = allowed(make(pooled=False), truth=truth, sensitivity=sensitivity)
    assert list(found.scale[:3]) == [1e30, 5.0, 3.0]
    assert list(found.limits[:3]) == [ROUNDINGS * 2.0**-24 * own for own in (1e30, 5.0, 3.0)]
    assert not found.pooled
    assert allowed(make()).pooled
    assert not allowed(make(pooled=False), override=RUNS).pooled
    assert list(own_scale(truth[:3], None, least=9.0)) == [1e30, 9.0, 9.0]


@pytest.mark.parametrize("dtype", FLOATS)
def test_what_is_smaller_than_normal_numbers_may_be_taken_for_zero_except_in_float16(dtype):
    smallest = FLOATS[dtype].smallest_normal
    found = allowed(make(pooled=False), dtype, truth=np.array([smallest / 2, 0.0, 1.0]))
    assert found.limits[0] == (ROUNDINGS * 2.0**-11 * smallest if dtype == "float16" else smallest)
    assert list(found.scale[1:]) == [underflow(dtype), 1.0]


def test_the_tolerance_of_the_case_replaces_the_default():
    found = allowed(make(tolerance=CASES))
    assert list(found.limits) == [1e-3 + 1e-2, 1e-3 + 4e-2, 1e-3]
    assert (found.because, found.own) == ("the case says so", True)


def test_the_tolerance_of_the_case_holds_for_its_dtypes_only():
    assert np.array_equal(allowed(make(tolerance=CASES), "float16").limits, allowed(make(), "float16").limits)


@pytest.mark.parametrize("tolerance", [None, CASES])
def test_the_tolerance_of_the_run_replaces_both(tolerance):
    found = allowed(make(tolerance=tolerance), override=RUNS)
    assert list(found.limits) == [0.5 + 0.1, 0.5 + 0.4, 0.5]
    assert (found.because, found.own) == ("--rtol and --atol", True)


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


def test_values_that_are_not_finite_do_not_change_the_allowance_of_the_others():
    finite = allowed(make(), truth=np.array([1.0, -4.0]))
    found = allowed(make(), truth=np.array([1.0, -4.0, np.inf, -np.inf, np.nan]))
    assert list(found.limits[:2]) == list(finite.limits)
    assert list(allowed(make(), truth=np.array([np.nan, np.inf])).limits) == [0, 0]


def test_no_elements():
    assert allowed(make(), truth=np.zeros((0, 3))).limits.shape == (0, 3)


def test_all_elements_together_may_be_off_by_a_multiple_of_what_the_other_framework_shows():
    assert together(10**6, 0.0) == pytest.approx(TOGETHER, rel=0.01)
    assert together(10**6, 2.0) == pytest.approx(TOGETHER + 2.0 * MULTIPLE, rel=0.01)


def test_the_largest_of_many_errors_may_be_larger():
    assert {roundings(count, "float32") for count in (0, 1, 207)} == {ROUNDINGS}
    assert roundings(200_704, "float64") == pytest.approx(1.5 * np.log(200_704))
    assert roundings(200_704, "float16") == roundings(200_704, "float32", pooled=False) == ROUNDINGS
    found = allowed(make(), truth=np.ones(100_000))
    assert found.limits == pytest.approx(roundings(100_000, "float32") * 2.0**-24)
    assert found.rule == "17.3 u S"


@pytest.mark.parametrize(
    ("changed", "free", "said"), [(1, 1, "1 of 8 elements, which"), (2, 2, "2 of 8"), (3, 0, "too many")]
)
def test_whole_numbers_that_rounding_decides_are_free_unless_they_are_many(changed, free, said):
    shares = np.array([0.5] * changed + [0.0] * (8 - changed))
    found = allowed(make(), truth=np.arange(8), sensitivity=shares, result_dtype="int64")
    assert np.count_nonzero(found.free if found.free is not None else 0) == free
    assert said in found.because


def test_sums_of_one_kernel_offset_after_the_other_may_be_one_long_sum():
    """The gradient of a convolution of 64 channels 3x3: the formula adds up 64 products, and then nine such sums."""
    rng = np.random.default_rng(0)
    elements, offsets, channels = 20_000, 9, 64
    total, exact, scale = np.zeros(elements, np.float32), np.zeros(elements), np.zeros(elements)
    for _ in range(offsets):
        terms = rng.standard_normal((2, elements, channels)).astype(np.float32).prod(0)
        for channel in range(channels):
            total += terms[:, channel]
        inner = terms.sum(1, dtype=np.float64)
        exact += inner
        scale += inner**2 + channels * (inner**2 / 3 + (terms.astype(np.float64) ** 2).sum(1) / 6)
    found = allowed(make(), truth=exact, sensitivity=np.sqrt(scale))
    assert 0.25 < (np.abs(total - exact) / found.limits).max() < 1.0


def test_a_single_element_may_be_off_as_much_by_both_rules():
    assert together(1, 0.0) == ROUNDINGS


def test_a_number_of_another_order_of_magnitude_does_not_widen_the_others():
    rows = np.array([1.0, 2.0, 0.5, 1.5])
    beside = pooled(np.append(rows, 1e9), np.append(rows, 1e9))
    assert beside == pytest.approx([*pooled(rows, rows), 1e9])


def test_a_small_number_among_others_is_pooled_with_them():
    rows = np.append(np.linspace(0.5, 2.0, 40), 1e-7)
    assert pooled(rows, rows)[-1] > 0.5


def test_gradients_of_any_magnitude_share_a_scale():
    rows = np.array([1.0, 1.0, 1e9])
    assert pooled(rows, rows, kinds=False)[0] > 1e8


def test_numbers_of_one_order_of_magnitude_share_the_scale_of_all():
    rows = np.array([0.1, 0.2, 4.0])
    assert pooled(rows, rows) == pytest.approx(np.sqrt((rows**2 + np.mean(rows**2)) / 2))


def test_a_zero_gets_a_scale_of_the_small_numbers():
    rows = np.array([0.0, 1.0, 1.0, 1e9, 1e9])
    assert 0.5 < pooled(rows, rows)[0] < 64


def test_a_zero_of_which_rounding_moves_the_sign_alone_is_one_without_a_scale():
    own = np.array([2.0**-400, 1.0, 1.0, 1.0])
    assert pooled(own, np.round(own))[0] == pytest.approx(1.0, abs=0.3)


# Other dtypes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "smallest"), [("bfloat16", 2.0**-126), ("float16", 2.0**-14)])
def test_what_is_accumulated_in_float32_is_allowed_one_rounding_and_the_error_of_float32(dtype, smallest):
    sensitivity = np.array([8.0, 8.0, 8.0])
    found = allowed(make(accumulate="float32"), dtype, sensitivity=sensitivity)
    u, finer = FLOATS[dtype].unit_roundoff, 2.0**-24
    computed = 8 * finer * 8.0
    once = np.array([1.0, 4.0, smallest])
    assert found.rule == "u |truth| + 8 u(float32) S"
    assert found.limits == pytest.approx(u * (once + computed) + computed, rel=1e-12)
    assert found.scale == pytest.approx(once + finer / u * 8.0, rel=1e-12)
    plain = allowed(make(), dtype, sensitivity=sensitivity)
    assert (found.limits < plain.limits / 4).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accumulating_in_a_format_that_is_not_wider_changes_nothing(dtype):
    plain, declared = (allowed(make(accumulate=accumulate), dtype) for accumulate in ("", "float32"))
    assert declared.rule == plain.rule == "8 u S"
    assert list(declared.limits) == list(plain.limits)


def test_a_value_computed_within_float32s_allowance_and_rounded_once_is_within_its_own():
    rng = np.random.default_rng(0)
    truth = np.concatenate([rng.normal(size=20_000), 2.0 ** rng.integers(-140, 100, 2_000)])
    case = make(accumulate="float32", pooled=False)
    for dtype in ("bfloat16", "float16"):
        sensitivity = np.abs(truth) * 3
        found = allowed(case, dtype, truth=truth, sensitivity=sensitivity)
        error = ROUNDINGS * 2.0**-24 * sensitivity * rng.uniform(-1, 1, truth.shape)
        stored = FLOATS[dtype].decode(FLOATS[dtype].encode(truth + error))
        finite = np.isfinite(stored)
        assert (np.abs(stored - truth)[finite] <= found.limits[finite]).all()


def test_whole_numbers_are_exact_whatever_is_declared():
    case = make(tolerance=CASES, accumulate="float32")
    for dtype in ("int64", "uint8", "bool"):
        found = allowance(case, case.variants[0], "float32", "output:y", np.array([0, 1]), None, RUNS, dtype)
        assert found.exact
        assert list(found.limits) == [0, 0]


def test_both_parts_of_a_complex_number_have_the_scale_of_the_larger():
    case = make(pooled=False)
    truth, sensitivity = np.array([3 + 1j, 0.5 - 4j]), np.array([2 + 5j, 1 + 1j])
    found = allowance(case, case.variants[0], "float32", "output:y", truth, sensitivity, None, "complex64")
    assert found.own_scale.tolist() == [[5, 5], [4, 4]]
    assert found.limits == pytest.approx(8 * 2.0**-24 * np.array([[5.0, 5.0], [4.0, 4.0]]))
    plain = allowance(case, case.variants[0], "float32", "output:y", truth, np.array([6.0, 1.0]), None, "complex64")
    assert plain.own_scale.tolist() == [[6, 6], [4, 4]]
