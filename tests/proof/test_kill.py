"""The proof itself: faults that are killed, faults that survive, and what counts as the right place."""

import pytest

from parity.judge.row import Row
from proof.fault import DECLARED, load_all
from proof.kill import decide, try_fault

FAULTS = {fault.name: fault for fault in load_all()}
TANH = dict(case="tanh", dtype="float32", left_framework="torch", right="reference", right_framework="reference")


def red(left="torch.tanh", quantity="output:y", blame="torch", verdict="fail", **changes):
    return Row(**{**TANH, "left": left, "quantity": quantity, "blame": blame, "verdict": verdict, **changes})


def both(dtypes=("float64", "float32"), **changes):
    return [red(left, dtype=dtype, **changes) for left in ("torch.tanh", "torch.nn.Tanh") for dtype in dtypes]


def outcome(*rows):
    found = decide(FAULTS["torch-tanh-off"], 1, rows)
    return found.killed, found.attributed


@pytest.mark.parametrize("name", ["torch-linear-kernel-gradient-scaled", "keras-dense-wrong-dtype"])
def test_real_faults_are_killed_and_attributed(bench, name):
    found = try_fault(bench, FAULTS[name])
    assert found.killed, found.problems
    assert found.attributed, found.problems
    framework = next(iter(FAULTS[name].targets))
    assert found.worst["blame"] == framework
    assert found.worst["case"] == "linear"


def test_a_fault_that_changes_nothing_survives(bench, declare):
    (nothing,) = declare(
        '''
        @fault("nothing", "none", Shows("tanh", ("torch.tanh",), ("output:y",)), torch="torch.tanh")
        def _(torch, tanh, x):
            """Nothing is wrong."""
            return tanh(x)
        '''
    )
    try:
        found = try_fault(bench, nothing)
    finally:
        del DECLARED["nothing"]
    assert (found.killed, found.attributed, found.red_rows, found.worst) == (False, False, 0, None)
    assert "tanh: torch.tanh is not red" in found.problems


def test_a_fault_that_cannot_be_injected_survives(bench, declare):
    (absent,) = declare(
        '''
        @fault("absent", "none", Shows("tanh", ("torch.tanh",)), torch="torch.no_such_function")
        def _(torch, function, x):
            """The function is not there."""
            return x
        '''
    )
    try:
        found = try_fault(bench, absent)
    finally:
        del DECLARED["absent"]
    assert not found.killed
    assert "no_such_function" in found.problems[0]


def test_every_implementation_that_goes_through_the_function_must_be_red():
    assert outcome(*both()) == (True, True)
    assert outcome(*(row for row in both() if row.left == "torch.tanh")) == (True, False)


def test_it_must_be_red_in_every_dtype():
    assert outcome(*both(dtypes=["float64"])) == (True, False)


def test_the_other_framework_must_not_be_blamed():
    assert outcome(*both(blame="tensorflow")) == (False, False)
    assert outcome(*both(), red(right="tf.nn.tanh", right_framework="tensorflow", blame="both")) == (True, False)
    assert outcome(*both(), red(right="tf.nn.tanh", right_framework="tensorflow")) == (True, True)


def test_no_other_quantity_implementation_or_case_may_be_red():
    assert outcome(*both(), red(quantity="grad:x")) == (True, True)
    assert outcome(*both(), red(quantity="state:h")) == (True, False)
    assert outcome(*both(), red("tf.nn.tanh", left_framework="tensorflow", blame="tensorflow")) == (True, False)
    assert outcome(*both(), red("torch.tanh", case="linear")) == (True, False)


def test_a_gradient_alone_does_not_kill_a_fault_of_the_results():
    assert outcome(*both(quantity="grad:x")) == (False, False)
