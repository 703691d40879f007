"""Every dtype in real workers: right implementations are at parity, and each wrong one is caught."""

from pathlib import Path

import pytest

CASES = Path(__file__).with_name("dtype_cases.py").read_text()


@pytest.fixture(scope="module")
def run(folder_of, run_in, interpreters):
    folder = folder_of({"cases/dtypes.py": CASES})
    return run_in(folder, "cases", "--reports=reports", *interpreters)


def rows(run, case, quantity="output:y", left="torch", right="reference", **wanted):
    return run.rows(case=case, quantity=quantity, left=left, right=right, **wanted)


def only(found):
    (row,) = found
    return row


def test_every_right_implementation_passes_and_every_wrong_one_fails(run):
    verdicts = {}
    for row in run.rows():
        verdicts.setdefault(row["case"], set()).add(row["verdict"])
    assert len(verdicts) > 50
    red = {case for case, found in verdicts.items() if found - {"pass", "expected"}}
    assert red == {case for case in verdicts if case.startswith("wrong_")}
    blamed = {row["blame"] for row in run.rows() if row["verdict"] not in ("pass", "expected")}
    assert blamed == {"torch", "tensorflow"}


@pytest.mark.parametrize(
    ("case", "dtype", "said"),
    [
        ("wrong_width", "float32", "dtype int32 instead of int64"),
        ("wrong_float", "float64", "dtype float64 instead of int64"),
        ("wrong_real", "float32", "dtype float32 instead of complex64"),
        ("wrong_complex64", "float64", "dtype complex64 instead of complex128"),
        ("wrong_mixed_weights", "float32", ""),
    ],
)
def test_a_dtype_is_told_apart(run, case, dtype, said):
    row = only(rows(run, case, dtype=dtype))
    assert (row["verdict"], row["blame"]) == ("fail", "torch")
    assert said in row["reason"]


def test_whole_numbers_are_compared_exactly_beyond_what_float64_holds(run):
    row = only(rows(run, "wrong_beyond_2_53"))
    assert row["rule"] == "equal bits"
    assert (row["max_abs_error"], row["max_ulp"]) == ("1", "1")
    assert int(row["left_value"]) == int(row["truth_value"]) + 1 > 3 * 2**53


def test_truth_values_are_shown_as_such(run):
    row = only(rows(run, "wrong_positive", left="tf", dtype="float32"))
    assert {row["left_value"], row["truth_value"]} == {"True", "False"}


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8"])
def test_whole_inputs_reach_everyone_in_their_dtype(run, dtype):
    assert only(rows(run, f"narrow_{dtype}"))["verdict"] == "pass"


def test_complex_results_have_their_parts_compared(run):
    for dtype, small in (("float32", 2.0**-20), ("float64", 2.0**-49)):
        row = only(rows(run, "fourier", dtype=dtype))
        assert (row["verdict"], row["shape"]) == ("pass", "4x4")
        assert 0 < float(row["allowed"]) < 16 * small
        gradient = only(rows(run, "fourier", "grad:x", dtype=dtype))
        assert gradient["verdict"] == "pass"
    wrong = only(rows(run, "wrong_conjugate", dtype="float32"))
    assert wrong["verdict"] == "fail"
    assert wrong["worst_index"].endswith(", 1]"), "the imaginary part"
    assert only(rows(run, "wrong_complex_gradient", dtype="float32"))["verdict"] == "pass"
    assert only(rows(run, "wrong_complex_gradient", "grad:x", dtype="float32"))["verdict"] == "fail"


@pytest.mark.parametrize(
    ("case", "verdict", "said"),
    [
        ("in_float32", "expected", "it computes in float32 (measured)"),
        ("in_float32_within", "expected", "it computes in float32 (measured)"),
        ("in_float32_far_off", "expected", "it computes in float32 (measured)"),
        ("wrong_in_float32", "fail", "beyond what float32, the declared dtype, explains"),
        ("wrong_in_float32_far_off", "fail", "beyond the declared deviation"),
        ("wrong_right_dtype", "unexpected", "the declared deviation did not occur"),
        ("wrong_right_dtype_within", "unexpected", "the declared deviation did not occur"),
        ("wrong_in_float16", "fail", "dtype float16 instead of float64"),
        ("narrower", "expected", "it was asked for"),
        ("wraps", "expected", "int32 is summed up in int32"),
        ("wrong_wraps", "fail", "int32, the declared dtype, cannot hold the truth"),
    ],
)
def test_a_wrong_dtype_can_be_declared(run, case, verdict, said):
    left = "tf" if case in ("narrower", "wraps", "wrong_wraps") else "torch"
    for row in rows(run, case, left=left):
        assert row["verdict"] == verdict
        assert said in row["reason"]


def test_a_result_in_the_declared_dtype_is_measured_with_its_precision(run):
    row = only(rows(run, "in_float32"))
    assert 0 < float(row["error_ratio"]) < 1
    assert float(row["allowed"]) > 2.0**-24


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_special_values_are_kept_apart(run, dtype):
    assert only(rows(run, "special", dtype=dtype))["verdict"] == "pass"
    assert "NaN in 1 of 40 elements" in only(rows(run, "wrong_special", dtype=dtype))["reason"]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_what_accumulates_in_the_narrow_format_is_caught_where_a_wider_one_is_declared(run, dtype):
    for left in ("torch", "tf"):
        for quantity in ("output:y", "grad:x", "grad:w"):
            assert only(rows(run, "linear", quantity, left, dtype=dtype))["verdict"] == "pass"
    row = only(rows(run, "linear", dtype=dtype))
    assert row["rule"] == "u |truth| + 8 u(float32) S"
    assert float(row["rho"]) < 1
    wrong = only(rows(run, "wrong_linear", dtype=dtype))
    assert wrong["verdict"] == "fail"
    assert float(wrong["error_ratio"]) > 10
    assert only(rows(run, "step_by_step", dtype=dtype))["verdict"] == "pass"
    assert only(rows(run, "linear", dtype="float32"))["rule"] == "8 u S"


def test_a_tensor_of_its_own_dtype_gets_its_gradient_in_it(run):
    assert only(rows(run, "mixed_weights"))["verdict"] == "pass"
    assert only(rows(run, "mixed_weights", "grad:w"))["verdict"] == "pass"
    assert only(rows(run, "wrong_mixed_weights", "grad:x"))["verdict"] == "fail"


def test_the_sign_of_zero_can_be_declared_to_say_nothing(run):
    for case in ("unsigned_zeros", "unsigned_output"):
        assert only(rows(run, case))["reason"] == (
            "the sign of zero is not compared: multiplying by a mask of zeros keeps the sign"
        )
    assert "-0.0 in" in only(rows(run, "wrong_signed_zeros"))["reason"]


def test_rows_that_vary_in_number_are_counted(run):
    assert 0 < int(only(rows(run, "unique"))["shape"]) <= 9
    for case, more in (("wrong_missing_row", -1), ("wrong_zero_row", 1)):
        row = only(rows(run, case))
        count = int(row["shape"])
        assert row["reason"] == f"shape ({count + more},) instead of ({count},)"
    assert "where at most 12 are declared" in only(rows(run, "wrong_too_many_rows"))["reason"]


def test_rows_that_vary_in_number_are_differentiated(run):
    assert only(rows(run, "kept", "grad:x"))["verdict"] == "pass"
    assert only(rows(run, "wrong_kept"))["verdict"] == "pass"
    assert only(rows(run, "wrong_kept", "grad:x"))["verdict"] == "fail"


@pytest.mark.parametrize(
    ("case", "layer"),
    [
        ("attention", "keras.layers.MultiHeadAttention"),
        ("additive_attention", "keras.layers.AdditiveAttention"),
        ("two_inputs", "keras.layers.Layer"),
    ],
)
def test_layers_of_several_inputs_are_built(run, case, layer):
    found = run.rows(case=case, left=layer, right="reference")
    assert len(found) >= 4
    assert {row["verdict"] for row in found} == {"pass"}
    variants = {row["variant"] for row in found}
    assert variants == ({"way=build", "way=sublayers", "way=list"} if case == "two_inputs" else {""})
