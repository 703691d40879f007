"""Declarations written from public reports of users: each right version is at parity, each wrong one is caught."""

from pathlib import Path

import pytest

TRIALS = sorted(Path(__file__).with_name("trials").glob("*.py"))
WRONG = "WRONG"
CAUGHT = {
    ("f05_encoder", "torch.nn.TransformerEncoder"): (["inference:y"], "called as in inference"),
    ("f08_assignment", "reference"): ([""], "instead of assigning to elements"),
    ("f08_number", "reference"): ([""], "leave out float()"),
    ("f10_sum_of_integers", "tf.reduce_sum"): (["output:y"], "tf.reduce_sum 8, reference 42949"),
    ("f14_no_gradient", "tf.argsort, which has no gradient at all"): (["grad:x"], "no gradient (None) for x"),
    ("f14_sign_of_zero", "torch.Tensor.mul"): (["output:y"], "on one side only"),
    ("f14_wrong_formula", "torch.var"): (["grad:x", "output:y"], "check the formula first"),
    ("f14_wrong_formula", "tf.math.reduce_variance"): (["grad:x", "output:y"], "check the formula first"),
}
"""What is wrong in them by itself: the quantities, and what the reason says."""

NOT_TOLD = {("f10_digits_beyond_float32", "WRONG: plus 2"): "the implementation rounds it away itself"}
"""Wrong versions that no comparison can find."""


@pytest.fixture(scope="module")
def run(folder_of, run_in, interpreters):
    folder = folder_of({f"cases/{path.name}": path.read_text() for path in TRIALS})
    return run_in(folder, "cases", "--reports=reports", *interpreters)


@pytest.fixture(scope="module")
def red(run):
    """The rows that are not in order, of each implementation compared with the formula."""
    found = {}
    for row in run.rows():
        if row["right"] in ("reference", "") and row["verdict"] not in ("pass", "expected", "not-run"):
            found.setdefault((row["case"], row["left"]), []).append(row)
    return found


def test_every_right_version_is_at_parity_and_every_wrong_one_is_caught(run, red):
    declared = {(row["case"], row["left"]) for row in run.rows()}
    wrong = {each for each in declared if each[1].startswith(WRONG)}
    assert len(declared) > 70
    assert len(wrong) == 8
    assert red.keys() == (wrong - NOT_TOLD.keys()) | CAUGHT.keys()


@pytest.mark.parametrize("which", CAUGHT, ids=" ".join)
def test_what_is_wrong_is_told(red, which):
    quantities, said = CAUGHT[which]
    rows = red[which]
    assert sorted({row["quantity"] for row in rows}) == quantities
    assert all(said in row["reason"] for row in rows)


def test_the_side_that_is_wrong_is_blamed(red):
    for (case, left), rows in red.items():
        blamed = {row["blame"] for row in rows}
        if case == "f14_wrong_formula":
            assert blamed == {"formula"}
        elif left != "reference":
            assert blamed == {rows[0]["left_framework"]}


def test_inputs_of_fewer_digits_are_the_cause_of_lost_digits(run):
    """TF32 has the digits of float16, and another range."""
    for format_, named in (("TF32", "float16-like"), ("float16", "float16-like"), ("bfloat16", "bfloat16-like")):
        rows = run.rows(case="f12_linear", left=f"WRONG: inputs in {format_}", right="reference", quantity="output:y")
        assert len(rows) > 1
        assert {row["verdict"] for row in rows} == {"fail"}
        assert all(f"{named} inputs" in row["cause"] for row in rows), [row["cause"] for row in rows]
