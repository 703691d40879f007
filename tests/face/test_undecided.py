"""What rounding decides is no fault: the index of the nearest code, and where the gradient of a maximum goes."""

from pathlib import Path

import pytest

CASES = Path(__file__).with_name("undecided_cases.py").read_text()


@pytest.fixture(scope="module", params=[1, 2, 3])
def run(request, folder_of, run_in, interpreters):
    folder = folder_of({"cases/undecided.py": CASES})
    return run_in(folder, "cases", "--reports=reports", f"--seed={request.param}", *interpreters)


def test_right_versions_pass_and_wrong_ones_fail(run):
    red = {}
    for row in run.rows(right="reference"):
        if row["verdict"] not in ("pass", "expected"):
            red.setdefault(row["left"], set()).add(row["dtype"])
    wrong = ("WRONG: by the sum of the differences", "WRONG: one further", "WRONG: without the last feature")
    assert red == {each: {"float64", "float32", "float16", "bfloat16"} for each in wrong}
    assert {row["blame"] for row in run.rows() if row["verdict"] == "fail"} == {"torch"}


def test_what_is_left_out_is_told(run):
    told = [row["reason"] for row in run.rows(case="nearest", left="torch.argmin", dtype="bfloat16", right="reference")]
    assert len(told) == 2
    assert any("rounding decides" in reason and "which are not compared" in reason for reason in told), told
