"""Failing rows are put together by what they have in common, and by nothing that rows which pass have, too."""

from dataclasses import replace

import pytest

from parity.judge.row import Row
from parity.record.schema import AskedRow
from parity.report.causes import Failures, called, side_of
from parity.report.text import SCREEN, cause_lines

PASSED = Row(
    case="conv", variant="stride=1", dtype="float32", device="cpu", mode="eager", quantity="output:y",
    left="torch.conv", right="reference", left_framework="torch", right_framework="reference", verdict="pass",
    error_ratio=0.1,
)  # fmt: skip
FAILED = replace(PASSED, verdict="fail", blame="torch", error_ratio=20.0, reason="at [0]", cause="TF32-like inputs")
CONV = "torch.nn.functional.conv1d"


def rows(case, like=FAILED, **changes):
    """The rows of one implementation of a case."""
    return [replace(like, case=case, quantity=q, **changes) for q in ("output:y", "grad:x")]


def causes(made, asked=None):
    return Failures(made).causes({(case, "torch.conv"): set(names) for case, names in (asked or {}).items()})


OTHERS = [row for n in range(3) for row in rows(f"fine{n}", PASSED)]
"""Cases that pass, and call what else there is."""
CALLED = {
    "a": [CONV, "torch.Tensor.__add__"], "b": ["torch.Tensor.__add__", CONV], "c": [CONV],
    **{f"fine{n}": ["torch.Tensor.__add__", "torch.relu"] for n in range(3)},
}  # fmt: skip


def test_what_all_that_fails_calls_and_nothing_that_passes_is_the_root_cause():
    made = [*rows("a"), *rows("b"), *rows("c"), *OTHERS]
    (cause,) = causes(made, CALLED)
    assert cause.text == f"6 rows, 3 operations: everything that calls {CONV} in float32; TF32-like inputs"
    assert (cause.cases, cause.function, cause.rows, cause.passing) == (["a", "b", "c"], CONV, 6, 0)


def test_a_few_that_pass_are_counted_and_many_acquit_the_function():
    made = [*rows("a"), *rows("b"), *rows("c"), *rows("d"), *OTHERS]
    asked = {**CALLED, "d": [CONV], "fine0": [CONV]}
    (cause,) = causes(made, asked)
    assert cause.text.startswith(f"8 rows, 4 operations: 4 of the 5 implementations that call {CONV} in float32")
    (cause,) = causes(made, {**asked, "fine1": [CONV]})
    assert cause.function == ""
    assert cause.text == "8 rows, 4 operations: torch.conv in float32; TF32-like inputs"


def test_two_root_causes_are_told_apart_and_the_larger_comes_first():
    made = [*rows("a"), *rows("b"), *rows("c"), *rows("d"), *rows("e"), *rows("f"), *OTHERS]
    asked = {
        "b": ["torch.lstm"],
        "c": ["torch.lstm"],
        "f": [CONV, "torch.relu"],
        "a": [CONV],
        "d": [CONV],
        "e": [CONV],
        "fine0": ["torch.relu"],
    }
    first, second = causes(made, asked)
    assert first.text == f"8 rows, 4 operations: everything that calls {CONV} in float32; TF32-like inputs"
    assert second.text == "4 rows, 2 operations: everything that calls torch.lstm in float32; TF32-like inputs"


def test_two_that_fail_unlike_may_call_the_same_by_chance():
    made = [*rows("a", cause="zero throughout"), *rows("b"), *OTHERS]
    assert [cause.function for cause in causes(made, {"a": [CONV], "b": [CONV]})] == ["", ""]
    assert [cause.function for cause in causes([*made, *rows("c")], {n: [CONV] for n in "abc"})] == [CONV]


def test_operators_are_accused_of_nothing():
    asked = {name: ["torch.Tensor.__add__"] for name in "abc"}
    (cause,) = causes([*rows("a"), *rows("b"), *rows("c"), *OTHERS], asked)
    assert cause.function == ""


def test_several_explanations_of_one_function_are_one_root_cause():
    made = [*rows("a"), *rows("b"), *rows("c", cause="zero throughout"), *rows("d", cause="zero throughout"), *OTHERS]
    (cause,) = causes(made, {name: [CONV] for name in "abcd"})
    assert cause.reasons == ("TF32-like inputs", "zero throughout")
    assert cause.rows == 8


def test_where_everything_fails_no_function_is_accused():
    (cause,) = causes([*rows("a"), *rows("b")], CALLED)
    assert cause.text == "4 rows, 2 operations: torch.conv in float32; TF32-like inputs"


def test_an_error_is_put_together_by_its_message_but_for_numbers():
    error = dict(verdict="error", error_ratio=None, cause="")
    made = [
        *rows("a", reason="ValueError: no kernel of 3 (at cases/a.py:9)", **error),
        *rows("b", reason="ValueError: no kernel of 5 (at cases/a.py:12)", **error),
        *rows("c", reason="TypeError: other", **error),
    ]
    first, second = causes(made)
    assert (first.cases, second.cases) == (["a", "b"], ["c"])
    assert "; ValueError: no kernel of 3 (at cases/a.py:9)" in first.text


def test_what_many_unlike_failures_share_is_no_root_cause():
    whole = "of the size of whole terms: one dropped, added or wrong"
    assert (
        len(causes([*rows("a", cause=whole), *rows("b", cause=whole), *rows("c", cause="2 of 60 elements only")])) == 3
    )
    assert len(causes([*rows("a", cause=""), *rows("b", cause="")])) == 2
    assert len(causes([*rows("a", cause="the truth times 2"), *rows("b", cause="the truth times 3")])) == 2
    assert len(causes([*rows("a", cause="the truth times 2"), *rows("b", cause="the truth times 2")])) == 1


def test_declarations_with_the_same_mistake_are_one_root_cause():
    blank = dict.fromkeys(("variant", "dtype", "quantity", "left", "right", "left_framework", "right_framework"), "")
    broken = replace(PASSED, verdict="error", error_ratio=None, reason="cases/x.py:3: no axis O", **blank)
    (cause,) = causes([replace(broken, case="a"), replace(broken, case="b", reason="cases/x.py:9: no axis O")])
    assert cause.text == "2 rows, 2 operations: the declaration; cases/x.py:3: no axis O"
    assert cause.item == "a[declaration]"


def test_frameworks_are_not_put_together():
    keras = dict(left="keras.conv", left_framework="tensorflow", blame="tensorflow")
    assert len(causes([*rows("a"), *rows("b", **keras)])) == 2


def test_a_pair_counts_for_the_side_that_is_off():
    pair = replace(FAILED, right="tf.conv", right_framework="tensorflow", cause="")
    assert side_of(pair) == ("conv", "torch.conv", "torch")
    assert side_of(replace(pair, blame="tensorflow")) == ("conv", "tf.conv", "tensorflow")
    assert side_of(replace(pair, blame="both")) == ("conv", "torch.conv", "torch")
    assert side_of(replace(FAILED, right="torch.conv, eager", right_framework="torch"))[1] == "torch.conv"
    (cause,) = causes([FAILED, pair])
    assert (cause.rows, cause.reasons) == (2, ("TF32-like inputs",))


def test_a_formula_that_is_the_suspect_is_a_root_cause_of_its_own():
    tf = dict(left="tf.conv", left_framework="tensorflow")
    made = [*rows("a", blame="formula"), *rows("a", blame="formula", **tf), *rows("b", blame="formula")]
    first, second = causes(made)
    assert (
        first.text
        == "4 rows, a: the formula in float32; the formula disagrees with every implementation: check it first"
    )
    assert second.cases == ["b"]


def test_dtypes_that_pass_are_not_named():
    made = [*rows("a"), *rows("a", PASSED, dtype="float64"), *rows("a", dtype="float16")]
    (cause,) = causes(made)
    assert cause.dtypes == ("float32", "float16")


def test_what_was_called_is_read_from_the_record():
    asked = [
        AskedRow("a", "torch.conv", "torch", "", kind, name, {}, {}) for kind, name in (("call", CONV), ("read", "x"))
    ]
    assert called(asked) == {("a", "torch.conv"): {CONV}}


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_causes_fit_on_one_screen(width):
    made = [row for n in range(120) for row in rows(f"operation_{n}", cause="", variant=f"n={n}")]
    lines = list(cause_lines(causes(made), width, "--failures=all shows all"))
    assert len(lines) <= SCREEN
    assert all(len(line) <= width for line in lines)
    shown = sum(" rows, " in line for line in lines)
    assert shown >= 12
    assert lines[-2:] == [f"... and {120 - shown} more root causes", "--failures=all shows all"]


def test_each_cause_has_its_operations_and_its_worst_row():
    worse = rows("b", error_ratio=1e4)
    lines = list(cause_lines(causes([*rows("a"), *worse]), 120, ""))
    assert lines[:3] == [
        "4 rows, 2 operations: torch.conv in float32; TF32-like inputs",
        "    a, b",
        "    worst: b[stride=1]-float32-cpu, output:y: 1e+04 times allowed",
    ]
