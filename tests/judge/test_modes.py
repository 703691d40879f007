"""Items of other modes than eager: their rows, and declarations that hold in some modes only."""

import numpy as np
import pytest

from parity import Case, normal
from parity.catalog.dtypes import FLOATS
from parity.judge import RED, Context, judge
from parity.plan.work import Item, units
from parity.workers.protocol import Failure, Observation, Result

CONTEXT = Context("run-1", 0, {"torch": "2", "tensorflow": "2", "reference": "2"})
TRUTH = {"output:y": [1.0, 2.0], "grad:x": [3.0, -4.0]}
REFUSED = Failure("forward", "Unsupported", "data-dependent control flow")
REFUSES = dict(raises="Unsupported: data-dependent", because="it depends on values", source="docs")


def make(**changes):
    case = Case("op", "A case.", sizes={"N": 2}, inputs={"x": normal("N")}, outputs={"y": "N"}, **changes)
    case.reference(lambda np, x: x)
    case.torch("torch.f")(lambda torch, x: x)
    case.tensorflow("tf.f")(lambda tf, x: x)
    return case


def seen(failure=None, dtype="float32", **changes):
    values = {**TRUTH, **{name.replace("_", ":"): array for name, array in changes.items()}} if failure is None else {}
    results = {name: Result(FLOATS[dtype].encode(np.array(array)), dtype) for name, array in values.items()}
    return Observation(results, failure, input_digest="d")


def rows(case, mode="graph", **observed):
    """The rows of an item whose units were all right, but for those of ``observed`` (``torch`` or ``torch_eager``)."""
    names = {"torch": "torch.f", "torch_eager": "torch.f, eager", "tf": "tf.f", "tf_eager": "tf.f, eager"}
    item = Item("ops.py", "op", "", "float32", "cpu", mode)
    observations = {unit.name: seen() for unit in units(case, item, 0, timed=False)}
    if observations:
        observations["reference"] = seen(dtype="float64")
    observations |= {names[name]: observation for name, observation in observed.items()}
    return judge(case, item, observations, CONTEXT)


def verdicts(rows, left, right="reference"):
    return {row.quantity: row.verdict for row in rows if (row.left, row.right) == (left, right)}


PASSES = dict.fromkeys(TRUTH, "pass")


# Rows ------------------------------------------------------------------------------------------------------------


def test_each_side_meets_the_truth_the_other_side_and_its_own_eager_results():
    made = rows(make())
    assert list(dict.fromkeys((row.left, row.right) for row in made)) == [
        ("torch.f", "reference"),
        ("tf.f", "reference"),
        ("torch.f", "tf.f"),
        ("torch.f", "torch.f, eager"),
        ("tf.f", "tf.f, eager"),
    ]
    assert {(row.mode, row.verdict) for row in made} == {("graph", "pass")}
    own = [row for row in made if row.right == "tf.f, eager"]
    assert {(row.quantity, row.left_framework, row.right_framework) for row in own} == {
        (quantity, "tensorflow", "tensorflow") for quantity in TRUTH
    }


def test_an_eager_item_has_no_such_pair():
    assert not any(row.right.endswith("eager") for row in rows(make(), "eager"))


def test_a_graph_that_computes_something_else_than_eagerly_is_blamed():
    made = rows(make(), torch=seen(output_y=[1.0, 2.5]))
    assert verdicts(made, "torch.f") == {"output:y": "fail", "grad:x": "pass"}
    assert verdicts(made, "torch.f", "torch.f, eager") == {"output:y": "fail", "grad:x": "pass"}
    assert {row.blame for row in made if row.verdict == "fail"} == {"torch"}
    assert verdicts(made, "tf.f", "tf.f, eager") == PASSES


def test_eager_results_that_are_wrong_show_in_their_own_item_and_in_the_pair():
    made = rows(make(), torch_eager=seen(output_y=[1.0, 2.5]))
    assert verdicts(made, "torch.f") == PASSES
    assert verdicts(made, "torch.f", "torch.f, eager") == {"output:y": "fail", "grad:x": "pass"}


def test_without_eager_results_there_is_nothing_to_compare_with():
    made = rows(make(), torch_eager=seen(REFUSED))
    assert verdicts(made, "torch.f") == PASSES
    assert verdicts(made, "torch.f", "torch.f, eager") == {}


def test_a_case_that_runs_eagerly_only_is_not_run_and_says_why():
    made = rows(make(eager_only="it is about arrays"))
    assert [(row.left, row.verdict, row.reason, row.blame) for row in made] == [
        ("torch.f", "not-run", "it is about arrays", ""),
        ("tf.f", "not-run", "it is about arrays", ""),
    ]
    assert {row.verdict for row in rows(make(eager_only="it is about arrays"), "eager")} == {"pass"}


# Declarations ----------------------------------------------------------------------------------------------------


def limited(*modes):
    case = make()
    case.limitation("torch.f", **REFUSES, modes=modes)
    return case


@pytest.mark.parametrize(("mode", "verdict"), [("eager", "error"), ("graph", "expected"), ("compiled", "expected")])
def test_a_limitation_is_expected_in_its_modes_only(mode, verdict):
    made = rows(limited("graph", "compiled"), mode, torch=seen(REFUSED))
    assert verdicts(made, "torch.f") == dict.fromkeys(TRUTH, verdict)


@pytest.mark.parametrize(("mode", "gone"), [("eager", {}), ("graph", {}), ("compiled", {"": "unexpected"})])
def test_a_limitation_that_vanished_is_unexpected_in_its_modes_only(mode, gone):
    made = rows(limited("compiled"), mode)
    assert verdicts(made, "torch.f") == {**gone, **PASSES}
    assert any(row.verdict in RED for row in made) is bool(gone)


def test_a_limitation_for_each_mode_has_a_text_of_its_own():
    case = limited("eager")
    case.limitation("torch.f", raises="RuntimeError: no such kernel", because="b", source="s", modes=["graph"])
    other = Failure("forward", "RuntimeError", "no such kernel")
    assert verdicts(rows(case, "graph", torch=seen(other)), "torch.f") == dict.fromkeys(TRUTH, "expected")
    assert verdicts(rows(case, "eager", torch=seen(other)), "torch.f") == dict.fromkeys(TRUTH, "error")


def deviating(*modes):
    case = make()
    case.deviation("torch.f", quantities=["output:*"], within=0.25, because="b", source="s", modes=modes)
    return case


def test_a_deviation_excuses_its_modes_only():
    wrong = seen(output_y=[1.0, 2.5])
    made = rows(deviating("compiled"), "compiled", torch=wrong)
    for right in ("reference", "tf.f", "torch.f, eager"):
        assert verdicts(made, "torch.f", right) == {"output:y": "expected", "grad:x": "pass"}
    assert verdicts(rows(deviating("compiled"), "graph", torch=wrong), "torch.f")["output:y"] == "fail"


def test_a_deviation_that_vanished_is_unexpected_in_its_modes_only():
    assert verdicts(rows(deviating("compiled"), "compiled"), "torch.f")["output:y"] == "unexpected"
    assert verdicts(rows(deviating("compiled"), "graph"), "torch.f") == PASSES
