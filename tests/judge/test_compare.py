"""Comparing results: kind first (dtype, shape, NaN, infinity, sign of zero), then values element by element."""

import numpy as np
import pytest

from parity.catalog.dtypes import COMPLEX, FLOATS, WHOLE
from parity.judge.compare import Truth, against_truth, between
from parity.judge.tolerance import EXACT, Allowance
from parity.workers.protocol import Result

NAN, INF = np.nan, np.inf


def result(values, dtype="float32"):
    return Result(FLOATS[dtype].encode(np.asarray(values, np.float64)), dtype)


def truth_of(values, dtype="float32", limits=0.1, exact=False, sensitivity=0.0):
    values = np.asarray(values)
    limits = np.zeros(values.shape) if exact else np.broadcast_to(limits, values.shape)
    scale = np.ones(values.shape)
    own = np.maximum(np.abs(values), sensitivity)
    return Truth.of(values, dtype, Allowance(exact, EXACT if exact else "8 u S", limits, scale, own))


def compare(values, truth, dtype="float32", limits=0.1, exact=False, signed_zeros=True):
    return against_truth(result(values, dtype), truth_of(truth, dtype, limits, exact), signed_zeros=signed_zeros)


# Kind ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "truth", "problem"),
    [
        ([1, NAN, 3], [1, 2, 3], "NaN in 1 of 3 elements on one side only, first at [1]: nan, truth 2.0"),
        ([1, 2, 3], [1, NAN, NAN], "NaN in 2 of 3 elements on one side only, first at [1]: 2.0, truth nan"),
        ([NAN, 2], [INF, 2], "NaN in 1 of 2 elements on one side only, first at [0]: nan, truth inf"),
        ([1, INF], [1, 2], "+infinity in 1 of 2 elements on one side only, first at [1]: inf, truth 2.0"),
        ([1, 2], [1, INF], "+infinity in 1 of 2 elements on one side only, first at [1]: 2.0, truth inf"),
        ([-INF, 2], [1, 2], "-infinity in 1 of 2 elements on one side only, first at [0]: -inf, truth 1.0"),
        ([INF, 2], [-INF, 2], "+infinity in 1 of 2 elements on one side only, first at [0]: inf, truth -inf"),
        ([-0.0, 2], [0.0, 2], "-0.0 in 1 of 2 elements on one side only, first at [0]: -0.0, truth 0.0"),
        ([0.0, 2], [-0.0, 2], "-0.0 in 1 of 2 elements on one side only, first at [0]: 0.0, truth -0.0"),
        (
            [[1, 2], [3, NAN]],
            [[1, 2], [3, 4]],
            "NaN in 1 of 4 elements on one side only, first at [1, 1]: nan, truth 4.0",
        ),
        (NAN, 1.0, "NaN in 1 of 1 elements on one side only, first at []: nan, truth 1.0"),
    ],
)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("exact", [False, True], ids=["allowed", "exact"])
def test_what_only_one_side_has(values, truth, problem, dtype, exact):
    difference = compare(values, truth, dtype, limits=INF, exact=exact)
    assert difference.problem == problem
    assert not difference.ok
    assert difference.located("a", "b") == problem
    assert difference.max_abs is None
    assert difference.ratio is None


@pytest.mark.parametrize("exact", [False, True], ids=["allowed", "exact"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_what_both_sides_have(dtype, exact):
    special = [NAN, INF, -INF, 0.0, -0.0, 1.5]
    difference = compare(special, special, dtype, exact=exact)
    assert difference.ok
    assert (difference.max_abs, difference.max_rel, difference.max_ulp, difference.ratio) == (0, 0, 0, 0)


def test_values_beside_specials_are_still_compared():
    difference = compare([NAN, INF, 1.0], [NAN, INF, 1.5])
    assert not difference.ok
    assert difference.index == (2,)
    assert difference.max_abs == 0.5
    assert difference.ratio == 5.0


def test_the_sign_of_a_zero_can_be_left_out():
    assert compare([-0.0], [0.0], signed_zeros=False).ok
    assert compare([-0.0], [0.0], exact=True, signed_zeros=False).ok


def test_the_sign_of_zero_counts_only_between_zeros():
    assert compare([-0.0, 0.0], [0.05, -0.05]).ok


def test_a_truth_too_small_for_the_dtype_is_a_zero_of_either_sign_unless_it_is_exact():
    assert compare([0.0, -0.0], [1e-60, -1e-60]).ok
    assert compare([-0.0], [1e-60]).ok
    assert compare([0.0, -0.0], [1e-60, -1e-60], exact=True).ok
    assert compare([-0.0], [1e-60], exact=True).problem.startswith("-0.0 in 1 of 1 elements")


def test_a_zero_that_rounding_moves_has_either_sign_unless_it_is_exact():
    def compared(exact):
        truth = truth_of([0.0], exact=exact, sensitivity=2.0**-400)
        return against_truth(result([-0.0]), truth, signed_zeros=True)

    assert compared(exact=False).ok
    assert compared(exact=True).problem.startswith("-0.0 in 1 of 1 elements")


def test_an_overflow_that_the_formula_rounds_to_passes():
    difference = compare([INF, -INF, 1.0], [1e5, -1e6, 1.0], "float16")
    assert difference.problem == ""
    assert difference.ok
    assert difference.ratio == 0


def test_an_overflow_that_the_formula_does_not_have_fails():
    assert compare([INF], [60_000.0], "float16", limits=INF).problem.startswith("+infinity in 1 of 1 elements")
    assert compare([65_504.0], [1e5], "float16", limits=INF).problem.startswith("+infinity in 1 of 1 elements")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (np.zeros((3, 2)), "shape (3, 2) instead of (2, 3)"),
        (np.zeros((1, 3)), "shape (1, 3) instead of (2, 3)"),
        (np.zeros(6), "shape (6,) instead of (2, 3)"),
        (np.array(0.0), "shape () instead of (2, 3)"),
        (np.zeros((2, 0)), "shape (2, 0) instead of (2, 3)"),
    ],
)
def test_shapes_must_be_equal(values, problem):
    truth = truth_of(np.zeros((2, 3)), limits=INF)
    assert against_truth(result(values), truth, signed_zeros=True).problem == problem
    good = result(np.zeros((2, 3)))
    assert between(good, result(values), truth).problem == problem
    assert between(result(values), good, truth).problem == problem


@pytest.mark.parametrize("found", ["float64", "float16", "int64", "float32/float64"])
def test_dtypes_must_be_equal(found):
    truth = truth_of([1.0], limits=INF)
    wrong = Result(np.array([1.0]), found)
    assert against_truth(wrong, truth, signed_zeros=True).problem == f"dtype {found} instead of float32"
    assert between(wrong, result([1.0]), truth).problem == f"dtype {found} instead of float32"
    assert between(result([1.0]), wrong, truth).problem == f"dtype {found} instead of float32"


# Values ----------------------------------------------------------------------------------------------------------


def test_the_worst_element_is_the_one_with_the_largest_share_of_its_allowance():
    difference = compare(
        [[1.0, 20.0], [0.5, 4.0]], [[1.0, 16.0], [0.0, 4.0]], limits=np.array([[1.0, 8.0], [0.25, 1.0]])
    )
    assert difference.index == (1, 0)
    assert difference.ratio == 2.0
    assert difference.allowed == 0.25
    assert (difference.left, difference.right, difference.truth) == (0.5, 0.0, 0.0)
    assert difference.max_abs == 4.0
    assert difference.max_rel == INF
    assert not difference.ok
    assert difference.located("torch.f", "reference") == (
        "at [1, 0]: torch.f 0.5, reference 0, truth 0; error 0.5, allowed 0.25"
    )


@pytest.mark.parametrize(("error", "ok"), [(0.25, True), (0.2500001, False)])
def test_all_of_the_allowance_may_be_used(error, ok):
    difference = compare([1 + error], [1.0], "float64", limits=0.25)
    assert difference.ok is ok
    assert difference.ratio == pytest.approx(error / 0.25)
    assert difference.max_rel == pytest.approx(error)


def test_a_result_without_error_shows_what_was_allowed():
    difference = compare([1.0, 2.0], [1.0, 2.0], limits=np.array([0.1, 0.3]))
    assert difference.ok
    assert (difference.ratio, difference.allowed, difference.index) == (0.0, 0.3, (1,))


def test_a_truth_of_zeros():
    assert compare([0.0, 0.0], [0.0, 0.0], limits=0.0).ok
    difference = compare([0.0, 1e-30], [0.0, 0.0], limits=0.0)
    assert not difference.ok
    assert difference.ratio == INF
    assert difference.index == (1,)


@pytest.mark.parametrize("shape", [(0,), (2, 0, 3)])
@pytest.mark.parametrize("exact", [False, True])
def test_no_elements(shape, exact):
    difference = compare(np.zeros(shape), np.zeros(shape), exact=exact)
    assert difference.ok
    assert (difference.max_abs, difference.max_ulp, difference.ratio) == (0, 0, 0)
    truth = truth_of(np.zeros(shape))
    assert between(result(np.zeros(shape)), result(np.zeros(shape)), truth).ok


def test_a_single_number():
    difference = compare(1.5, 1.0)
    assert (difference.index, difference.max_abs, difference.ok) == ((), 0.5, False)


@pytest.mark.parametrize("dtype", FLOATS)
def test_exact_means_the_truth_rounded_to_the_dtype(dtype):
    u = FLOATS[dtype].unit_roundoff
    third = np.longdouble(1) / 3
    assert compare(third, third, dtype, exact=True).ok
    difference = compare([1 + 2 * u, 3.0], [1.0, 3.0], dtype, exact=True)
    assert not difference.ok
    assert (difference.index, difference.max_abs, difference.max_ulp) == ((0,), 2 * u, 1)
    assert (difference.allowed, difference.ratio) == (0.0, INF)


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="long double is no wider than float64 here")
def test_float64_is_measured_against_the_long_double_truth():
    difference = compare([1.0], np.array([1 + np.longdouble(2) ** -60]), "float64", limits=2.0**-61)
    assert difference.max_abs == 2.0**-60
    assert difference.ratio == 2.0
    assert difference.max_ulp == 0


def test_narrow_formats_are_measured_against_the_truth_before_rounding():
    difference = compare([1.0], [1 + 2.0**-12], "float16", limits=2.0**-11)
    assert (difference.max_abs, difference.ratio) == (2.0**-12, 0.5)


# Two sides -------------------------------------------------------------------------------------------------------


def pair(left, right, truth, dtype="float32", limits=0.1, exact=False):
    return between(result(left, dtype), result(right, dtype), truth_of(truth, dtype, limits, exact))


def test_two_sides_may_use_the_allowance_of_both():
    assert pair([1.1], [0.9], [1.0], "float64", limits=0.125).ok
    difference = pair([1.5], [0.75], [1.0], limits=0.25)
    assert not difference.ok
    assert (difference.max_abs, difference.allowed, difference.ratio) == (0.75, 0.5, 1.5)
    assert difference.max_rel == 1.0
    assert (difference.left, difference.right, difference.truth) == (1.5, 0.75, 1.0)
    assert difference.located("a", "b") == "at [0]: a 1.5, b 0.75, truth 1; error 0.75, allowed 0.5"


@pytest.mark.parametrize(("left", "right"), [(NAN, 1.0), (1.0, NAN), (INF, 1.0), (1.0, -INF), (INF, -INF), (NAN, INF)])
@pytest.mark.parametrize("exact", [False, True])
def test_two_sides_that_differ_in_kind(left, right, exact):
    difference = pair([2.0, left], [2.0, right], [2.0, 1.0], limits=1e30, exact=exact)
    assert not difference.ok
    assert difference.index == (1,)


def test_two_sides_that_are_the_same():
    special = [NAN, INF, -INF, -0.0, 2.0]
    assert pair(special, special, special).ok
    assert pair(special, special, special, exact=True).ok


def test_two_exact_sides_must_have_equal_bits():
    difference = pair([1 + 2.0**-23], [1.0], [1.0], exact=True)
    assert not difference.ok
    assert (difference.max_ulp, difference.ratio) == (1, INF)


# Distances in representable values -------------------------------------------------------------------------------


def step(value, count, dtype):
    """``count`` representable values up from ``value``, one by one."""
    if dtype == "bfloat16":
        for _ in range(count):
            bits = int(FLOATS[dtype].encode(np.array(value)))
            negative, magnitude = bits >> 15, bits & 0x7FFF
            if negative and magnitude:
                bits -= 1
            else:
                bits = magnitude + 1
            value = float(FLOATS[dtype].decode(np.array(bits, np.uint16)))
        return value
    kind = np.dtype(dtype).type
    number = kind(value)
    for _ in range(count):
        number = np.nextafter(number, kind(INF))
    return float(number)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("count", [1, 2, 9])
@pytest.mark.parametrize("start", [1.0, 1.75, -1.0, -2.0, 0.0, 96.0, 2.0**-14, -(2.0**-14)])
def test_max_ulp_counts_representable_values(dtype, count, start):
    end = step(start, count, dtype)
    assert compare([end], [start], dtype).max_ulp == count
    assert compare([start], [end], dtype).max_ulp == count


SMALLEST = {"float64": 2.0**-1074, "float32": 2.0**-149, "float16": 2.0**-24, "bfloat16": 2.0**-133}
LARGEST = {
    "float64": (float(np.finfo(np.float64).max), 0x7FEFFFFFFFFFFFFF),
    "float32": (float(np.finfo(np.float32).max), 0x7F7FFFFF),
    "float16": (65504.0, 0x7BFF),
    "bfloat16": (2.0**128 - 2.0**120, 0x7F7F),
}


@pytest.mark.parametrize("dtype", FLOATS)
def test_max_ulp_across_zero(dtype):
    tiny = SMALLEST[dtype]
    assert compare([tiny], [-tiny], dtype).max_ulp == 2
    assert compare([-3 * tiny], [2 * tiny], dtype).max_ulp == 5
    assert compare([tiny], [-0.0], dtype).max_ulp == 1
    assert compare([-tiny], [0.0], dtype).max_ulp == 1
    assert compare([-0.0], [0.0], dtype, signed_zeros=False).max_ulp == 0


@pytest.mark.parametrize("dtype", FLOATS)
def test_max_ulp_across_the_whole_range(dtype):
    largest, patterns = LARGEST[dtype]
    assert compare([largest], [-largest], dtype).max_ulp == float(2 * patterns)
    assert compare([-largest], [largest], dtype).max_ulp == float(2 * patterns)
    assert compare([largest], [0.0], dtype).max_ulp == float(patterns)


def test_max_ulp_is_the_largest_of_all_elements():
    up = [step(1.0, 3, "float32"), step(-8.0, 7, "float32"), 5.0]
    assert compare(up, [1.0, -8.0, 5.0]).max_ulp == 7


def test_max_ulp_leaves_out_what_is_not_finite():
    assert compare([NAN, INF, 1.0], [NAN, INF, 1.5]).max_ulp == 2**22
    assert pair([NAN], [1.0], [1.0]).max_ulp == 0


# What a reader sees of it ----------------------------------------------------------------------------------------


def test_elements_are_counted_by_the_share_of_their_allowance():
    truth = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    shares = [0.0, 2.0**-9, 2.0**-7, 2.0**-5, 2.0**-3, 0.5, 1.0, 1.5]
    found = compare([1.0 + 2.0**-10 * share for share in shares], truth, "float64", limits=2.0**-10)
    assert found.counts == (1, 1, 1, 1, 1, 2, 1)
    assert sum(found.counts) == len(truth)


def test_equal_elements_are_all_in_the_first_class():
    assert compare([1.0, 2.0], [1.0, 2.0]).counts == (2, 0, 0, 0, 0, 0, 0)


def test_the_worst_element_is_told_in_full():
    found = compare([1.0, 2.0 + 2.0**-20], [1.0, 2.0], "float64", limits=2.0**-22)
    assert found.worst == ("[1]", repr(2.0 + 2.0**-20), "2.0", "2.0")


def test_there_is_no_worst_element_where_values_cannot_be_compare():
    assert compare([float("nan"), 2.0], [1.0, 2.0]).worst == ("", "", "", "")
    assert compare([], []).worst == ("", "", "", "")


# Where the allowance comes from -----------------------------------------------------------------------------------


def test_the_rule_and_the_scales_at_the_worst_element_are_kept():
    values, truth = np.array([1.0, 2.5]), np.array([1.0, 2.0])
    allowance = Allowance(False, "8 u S", np.array([0.1, 0.2]), np.array([3.0, 4.0]), np.array([5.0, 6.0]))
    judged = Truth.of(truth, "float32", allowance)
    against = against_truth(result(values), judged, signed_zeros=True)
    assert (against.rule, against.scale, against.own_scale, against.allowed) == ("8 u S", 4.0, 6.0, 0.2)
    both = between(result(values), result(truth), judged)
    assert (both.rule, both.scale, both.own_scale, both.allowed) == ("2 (8 u S)", 4.0, 6.0, 0.4)


def test_the_rule_of_equal_bits_is_the_same_between_frameworks():
    judged = truth_of([1.0], exact=True)
    assert against_truth(result([1.0]), judged, signed_zeros=True).rule == EXACT
    assert between(result([1.0]), result([1.0]), judged).rule == EXACT


# Whole numbers, truth values and complex numbers ------------------------------------------------------------------


def exactly(values, truth, dtype):
    allowance = Allowance(True, EXACT, np.zeros(0), np.zeros(0), np.zeros(0))
    judged = Truth.of(np.array(truth, dtype), dtype, allowance)
    given = Result(np.array(values, dtype), dtype)
    found = against_truth(given, judged, signed_zeros=True)
    assert between(given, Result(np.array(truth, dtype), dtype), judged) == found
    return found


@pytest.mark.parametrize("dtype", WHOLE)
def test_equal_whole_numbers_are_equal(dtype):
    found = exactly([0, 1, 1], [0, 1, 1], dtype)
    assert (found.ok, found.wrong, found.ratio, found.counts) == (True, 0, 0.0, (3, 0, 0, 0, 0, 0, 0))
    assert not exactly([0, 1, 1], [0, 0, 1], dtype).ok
    assert exactly(np.zeros((0, 3)), np.zeros((0, 3)), dtype).ok


@pytest.mark.parametrize(
    ("dtype", "low", "high", "apart"),
    [
        ("int8", -128, 127, 255.0),
        ("uint8", 0, 255, 255.0),
        ("int64", -(2**63), 2**63 - 1, 2.0**64),
        ("uint64", 0, 2**64 - 1, 2.0**64),
        ("int64", 2**53, 2**53 + 1, 1.0),
        ("bool", False, True, 1.0),
    ],
)
def test_whole_numbers_do_not_overflow_and_lose_no_digit(dtype, low, high, apart):
    for left, right in ((low, high), (high, low)):
        found = exactly([left, low], [right, low], dtype)
        assert (found.ok, found.wrong, found.max_abs, found.max_ulp, found.ratio) == (False, 1, apart, apart, INF)
        assert found.index == (0,)
        assert (found.left, found.right, found.truth) == (left, right, right)
        assert f"a {left}, b {right}" in found.located("a", "b")
        assert found.rho is None


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers_are_compared_by_their_parts(dtype):
    part = COMPLEX[dtype]
    truth = np.array([1 + 2j, -3 + 0.5j])
    limits = np.full((2, 2), 0.1)
    judged = Truth.of(truth, dtype, Allowance(False, "8 u S", limits, np.ones((2, 2)), np.ones((2, 2))))

    def found(values):
        return against_truth(Result(np.array(values, dtype), dtype), judged, signed_zeros=True)

    assert found(truth).ok
    off = found([1 + 2j, -3 + 0.625j])
    assert (off.ok, off.index, off.max_abs, off.left, off.truth) == (False, (1, 1), 0.125, 0.625, 0.5)
    assert off.max_ulp == 0.25 / (2 * FLOATS[part].unit_roundoff)
    assert found([1.0625 + 2j, -3 + 0.5j]).index == (0, 0)
    assert found([1.0625 + 2j, -3 + 0.5j]).ok
    assert found([complex(1, NAN), -3 + 0.5j]).problem.startswith("NaN in 1 of 4 elements on one side only")
    assert found([complex(1, -INF), -3 + 0.5j]).problem.startswith("-infinity in 1 of 4 elements")
    assert found([[1 + 2j, -3 + 0.5j]]).problem == "shape (1, 2) instead of (2,)"


def test_elements_that_were_filled_up_are_not_compared():
    allowance = Allowance(False, "8 u S", np.full(2, 0.1), np.ones(2), np.ones(2))
    judged = Truth.of(np.array([1.0, 2.0]), "float32", allowance)

    def found(values, length):
        return against_truth(Result(np.array(values, np.float32), "float32", (0, length)), judged, signed_zeros=True)

    assert found([1, 2, 9, 9], 2).ok
    assert found([1, 2, 0], 3).problem == "shape (3,) instead of (2,)"
    assert found([1, 0], 1).problem == "shape (1,) instead of (2,)"
