"""What is judged beside the values: inference, second computations, inputs that are written to, missing gradients."""

from dataclasses import replace

import numpy as np
import pytest

from parity import Case, normal
from parity.catalog.check import problems
from parity.judge import Context, judge
from parity.plan.work import Item
from parity.workers.protocol import Failure, Observation, Result, Written

CONTEXT = Context("run-1", 7, {"torch": "2.13.0", "tensorflow": "2.21.0", "reference": "2.4.6"})
ITEM = Item("ops.py", "op", "", "float32", "cpu")
TRUTH = {"output:y": [1.0, 2.0], "grad:x": [3.0, -4.0]}
WHY = dict(because="it is so", source="https://example.org")


def make(**changes):
    case = Case("op", "A case.", sizes={"N": 2}, inputs={"x": normal("N")}, outputs={"y": "N"}, **changes)
    case.reference(lambda np, x: x)
    case.torch("torch.f")(lambda torch, x: x)
    case.tensorflow("tf.f")(lambda tf, x: x)
    return case


def results(dtype="float32", **changes):
    named = {**TRUTH, **{name.replace("_", ":"): values for name, values in changes.items()}}
    return {name: Result(np.array(values, dtype), dtype) for name, values in named.items()}


def seen(given=None, **more):
    return Observation(results() if given is None else given, input_digest="d1", inferred=True, **more)


def rows(case=None, torch=None, again=None, formula=None):
    """The rows that are about PyTorch's implementation alone, but for what passes against the formula."""
    observations = {
        "reference": Observation(results("float64") if formula is None else formula, input_digest="d1"),
        "torch.f": torch or seen(),
        "tf.f": seen(),
        **({"torch.f, again": again} if again else {}),
    }
    made = judge(case or make(), ITEM, observations, CONTEXT)
    own = [row for row in made if row.left == "torch.f" and row.right_framework != "tensorflow"]
    return [row for row in own if (row.quantity, row.verdict) not in {(name, "pass") for name in TRUTH}]


def one(found):
    assert len(found) == 1, found
    return found[0]


def test_what_is_in_order_has_no_row():
    assert rows(again=seen()) == []


# Called as in inference ------------------------------------------------------------------------------------------


def inferred(values, dtype="float32"):
    return seen(inference={"inference:y": Result(np.array(values, dtype), dtype)})


def test_another_result_in_inference_fails_and_names_the_element():
    row = one(rows(torch=inferred([1.0, 0.0])))
    assert (row.quantity, row.right, row.verdict, row.blame) == ("inference:y", "reference", "fail", "torch")
    assert row.reason.startswith("called as in inference (no gradients recorded, layers in evaluation mode), it gives")
    assert "at [1]: torch.f 0, reference 2" in row.reason
    assert (row.max_abs_error, row.shape) == (2.0, "2")


def test_other_bits_in_inference_that_rounding_explains_pass():
    row = one(rows(torch=inferred([1.0, 2.0 + 2.0**-22])))
    assert (row.quantity, row.verdict, row.blame) == ("inference:y", "pass", "")
    assert "other bits, within the allowance" in row.reason


def test_another_shape_in_inference_fails():
    assert "shape (1,) instead of (2,)" in one(rows(torch=inferred([1.0]))).reason


def test_an_error_in_inference_is_one():
    failure = Failure("inference", "RuntimeError", "not implemented for nested tensors")
    row = one(rows(torch=seen(inference_failure=failure)))
    assert (row.quantity, row.verdict, row.blame) == ("inference:y", "error", "torch")
    assert "it raises RuntimeError: not implemented for nested tensors" in row.reason


def test_inference_is_judged_where_gradients_fail():
    forward = {"output:y": results()["output:y"]}
    failed = Failure("gradient", "RuntimeError", "no backward")
    found = rows(torch=replace(inferred([1.0, 0.0]), results=forward, failure=failed))
    assert {row.quantity: row.verdict for row in found} == {"grad:x": "error", "inference:y": "fail"}


def test_a_declared_error_in_inference_is_expected_and_its_absence_is_not():
    case = make()
    case.limitation("torch.f", stage="inference", raises="RuntimeError: not implemented for nested tensors", **WHY)
    assert not problems(case)
    failure = Failure("inference", "RuntimeError", "not implemented for nested tensors")
    assert one(rows(case, torch=seen(inference_failure=failure))).verdict == "expected"
    other = Failure("inference", "RuntimeError", "something else")
    assert one(rows(case, torch=seen(inference_failure=other))).verdict == "error"
    row = one(rows(case))
    assert (row.verdict, row.quantity) == ("unexpected", "")
    assert "does not raise 'RuntimeError: not implemented for nested tensors'. Either" in row.reason


def test_a_deviation_of_the_output_holds_in_inference_too():
    case = make()
    case.deviation("torch.f", quantities=["output:y"], within=1.0, **WHY)
    wrong = results(output_y=[1.0, 3.0])
    off = {"inference:y": wrong["output:y"]}
    assert {row.verdict for row in rows(case, torch=replace(seen(wrong), inference=off))} == {"expected"}
    right = {"inference:y": results()["output:y"]}
    found = {row.quantity: row.verdict for row in rows(case, torch=replace(seen(wrong), inference=right))}
    assert found == {"output:y": "expected", "inference:y": "pass"}
    far = {"inference:y": results(output_y=[1.0, 9.0])["output:y"]}
    found = {row.quantity: row.verdict for row in rows(case, torch=replace(seen(wrong), inference=far))}
    assert found == {"output:y": "expected", "inference:y": "fail"}


def test_a_deviation_of_inference_is_strict_both_ways():
    case = make()
    case.deviation("torch.f", quantities=["inference:y"], elements=1, **WHY)
    assert not problems(case)
    assert one(rows(case, torch=inferred([1.0, 0.0]))).verdict == "expected"
    assert one(rows(case, torch=inferred([0.0, 0.0]))).verdict == "fail"
    assert one(rows(case, torch=inferred([1.0, 2.0 + 2.0**-22]))).verdict == "unexpected"
    row = one(rows(case))
    assert (row.verdict, row.quantity) == ("unexpected", "inference:y")
    assert "gives the recorded results, bit for bit. Either the framework was mended" in row.reason
    narrow = replace(ITEM, dtype="float16")
    observations = {
        "reference": Observation(results("float64"), input_digest="d1"),
        "torch.f": Observation(results("float16"), input_digest="d1"),
        "tf.f": Observation(results("float16"), input_digest="d1"),
    }
    found = judge(case, narrow, observations, CONTEXT)
    assert {row.verdict for row in found} == {"pass"}, "float16 is not called as in inference"


def test_a_deviation_of_everything_is_about_values():
    case = make()
    case.deviation("torch.f", quantities=["*"], elements=2, **WHY)
    wrong = seen(results(output_y=[0.0, 0.0], grad_x=[0.0, 0.0]), written=(CHANGED,))
    assert {row.quantity: row.verdict for row in rows(case, torch=wrong)} == {
        "output:y": "expected",
        "grad:x": "expected",
        "input:x": "fail",
    }


# Gradients that are not there ------------------------------------------------------------------------------------


def missing(names=("x",)):
    given = {"output:y": results()["output:y"]}
    return seen(given, no_gradient={"grad:x": names})


def test_a_missing_gradient_fails_and_says_whether_the_formulas_is_zero():
    row = one(rows(torch=missing()))
    assert (row.quantity, row.verdict, row.blame) == ("grad:x", "fail", "torch")
    assert row.reason.startswith("no gradient (None) for x. The formula's gradient is not zero (up to 4)")
    row = one(rows(torch=missing(), formula=results("float64", grad_x=[0.0, 0.0])))
    assert "The formula's gradient is zero" in row.reason
    assert "missing=True" in row.reason
    held = one(rows(torch=missing(("weight", "bias")))).reason
    assert held.startswith("no gradient (None) for x, which the layer holds in weight and bias.")


def test_a_missing_gradient_can_be_declared_strictly():
    case = make()
    case.deviation("torch.f", quantities=["grad:x"], missing=True, **WHY)
    assert not problems(case)
    row = one(rows(case, torch=missing()))
    assert row.verdict == "expected"
    assert row.reason == "it is so (https://example.org): no gradient (None) for x"
    for given in (results(), results(grad_x=[0.0, 0.0])):
        assert one(rows(case, torch=seen(given))).verdict == "unexpected"


def test_another_deviation_does_not_cover_a_missing_gradient():
    case = make()
    case.deviation("torch.f", quantities=["grad:x"], within=1.0, **WHY)
    assert one(rows(case, torch=missing())).verdict == "fail"


# Inputs that are written to --------------------------------------------------------------------------------------

CHANGED = Written("x", "forward", 1, 2, (1,))


def test_an_input_that_is_written_to_fails():
    row = one(rows(torch=seen(written=(CHANGED,))))
    assert (row.quantity, row.right, row.verdict, row.blame) == ("input:x", "reference", "fail", "torch")
    assert row.reason.startswith("the call changed 1 of 2 elements of x, first at [1]. Copy it first")
    reshaped = replace(CHANGED, index=None, wrong=2, stage="gradient")
    assert (
        "computing gradients changed 2 of 2 elements of x, gave it another shape"
        in one(rows(torch=seen(written=(reshaped,)))).reason
    )


def test_writing_can_be_declared_strictly():
    case = make()
    case.deviation("torch.f", quantities=["input:x"], **WHY)
    assert not problems(case)
    assert one(rows(case, torch=seen(written=(CHANGED,)))).verdict == "expected"
    row = one(rows(case))
    assert (row.quantity, row.verdict) == ("input:x", "unexpected")
    assert "torch.f leaves x as it was" in row.reason


def test_what_trains_may_write_to_its_variables_and_to_nothing_else():
    variable = Written("weight", "forward", 2, 2, (0,), variable=True)
    assert "declare Case(trains=True)" in one(rows(torch=seen(written=(variable,)))).reason
    assert rows(make(trains=True), torch=seen(written=(variable,))) == []
    assert one(rows(make(trains=True), torch=seen(written=(variable, CHANGED)))).quantity == "input:x"


def test_a_case_that_is_declared_to_train_does():
    row = one(rows(make(trains=True)))
    assert (row.quantity, row.verdict) == ("", "unexpected")
    assert "no implementation changed a layer's variable: remove trains=True" in row.reason


# Computed again --------------------------------------------------------------------------------------------------


def test_other_bits_in_a_fresh_process_are_nondeterministic():
    second = results(output_y=[1.0, 2.0 + 2.0**-22])
    row = one(rows(again=seen(second)))
    assert (row.quantity, row.right, row.right_framework) == ("output:y", "torch.f, again", "torch")
    assert (row.verdict, row.blame, row.max_ulp) == ("nondeterministic", "torch", 1)
    assert row.reason.startswith("computed again in a fresh process from the same values, torch.f gave different bits")
    assert "computed again in the same process" in one(rows(torch=seen(again={"output:y": second["output:y"]}))).reason


def test_equal_bits_are_no_news_even_nan():
    nan = results(output_y=[np.nan, 2.0])
    assert rows(torch=seen(nan), again=seen(nan), formula=results("float64", output_y=[np.nan, 2.0])) == []


def test_what_no_seed_decides_may_be_others():
    case = make()
    case.unrepeatable("torch.f", **WHY)
    assert one(rows(case, again=seen(results(output_y=[9.0, 9.0])))).verdict == "expected"


@pytest.mark.parametrize(
    ("first", "second", "verdict", "said"),
    [
        (None, Failure("crash", "", "killed by SIGSEGV"), "crash", "it fails: killed by SIGSEGV"),
        (None, Failure("forward", "ValueError", "no"), "error", "it fails: ValueError: no"),
        (Failure("forward", "ValueError", "no"), None, "nondeterministic", "it does not fail: ValueError: no"),
    ],
)
def test_failing_in_one_process_only_is_told(first, second, verdict, said):
    given = (seen({}, failure=failure) if failure else seen() for failure in (first, second))
    found = rows(**dict(zip(("torch", "again"), given, strict=True)))
    own = [row for row in found if row.right == "torch.f, again"]
    assert [row.quantity for row in own] == list(TRUTH)
    assert {(row.verdict, row.reason) for row in own} == {(verdict, f"computed again in a fresh process, {said}")}


def test_failing_alike_in_both_is_told_once():
    failure = Failure("forward", "ValueError", "no")
    found = rows(torch=seen({}, failure=failure), again=seen({}, failure=failure))
    assert {row.right for row in found} == {"reference"}


def test_other_inputs_in_a_fresh_process_are_the_declarations_fault():
    row = one(rows(again=replace(seen(), input_digest="d2")))
    assert (row.verdict, row.right) == ("error", "torch.f, again")
    assert "the inputs are others: does the case file change as it loads?" in row.reason


# Not run ---------------------------------------------------------------------------------------------------------


def test_what_was_given_up_is_not_run_and_nobodys_fault():
    failure = Failure("not-run", "", "not run: torch.f gave no answer within 5 s for 3 other units of this file")
    found = rows(torch=seen({}, failure=failure), again=seen({}, failure=failure))
    assert {(row.verdict, row.blame) for row in found} == {("not-run", "")}
    assert {row.quantity for row in found} == set(TRUTH)


# Declaring -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantities", "bounds", "said"),
    [
        (["grad:x"], {}, "give within= or elements=, or dtype="),
        (["grad:x"], dict(within=1.0, missing=True), "give within= or elements=, or dtype="),
        (["output:y"], dict(missing=True), "only gradients can be missing=True"),
        (["input:x"], dict(within=1.0), "input:... is declared by itself"),
        (["input:x", "output:y"], {}, "input:... is declared by itself"),
        (["input:z"], {}, "no quantity is called 'input:z'"),
        (["inference:z"], dict(within=1.0), "no quantity is called 'inference:z'"),
    ],
)
def test_declarations_that_cannot_be_meant_are_problems(quantities, bounds, said):
    case = make()
    case.deviation("torch.f", quantities=quantities, **bounds, **WHY)
    assert any(said in problem for problem in problems(case)), problems(case)
