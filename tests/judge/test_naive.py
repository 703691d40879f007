"""Traps: each must go wrong in the way that is declared, and where they run."""

from dataclasses import replace

import numpy as np
import pytest

from parity import Case, grid, normal
from parity.catalog.check import problems
from parity.catalog.dtypes import FLOATS
from parity.catalog.known import KINDS
from parity.judge import Context, judge
from parity.plan.work import Item, units
from parity.workers.protocol import Failure, Observation, Result

CONTEXT = Context("run-1", 0, {"torch": "2", "tensorflow": "2", "reference": "2"})
TRUTH = {"output:y": [1.0, 2.0], "grad:x": [3.0, -4.0]}
PORT = dict(because="the axis is another one", source="a document", fix="name the axis")
NAME = "torch.g (the wrong axis)"


def make(outputs="y", inputs="x", **naive):
    case = Case(
        "op",
        "A case.",
        sizes={"N": 2},
        inputs={name: normal("N") for name in inputs},
        outputs=dict.fromkeys(outputs, "N"),
        variants=grid(stride=[1, 2]),
    )
    case.reference(lambda np, **tensors: tensors["x"])
    case.torch("torch.f")(lambda torch, **tensors: tensors["x"])
    case.tensorflow("tf.f")(lambda tf, **tensors: tensors["x"])
    case.torch.naive("torch.g", "the wrong axis", **{**PORT, **naive})(lambda torch, **tensors: tensors["x"])
    return case


def item(dtype="float64", variant="stride=1"):
    return Item("ops.py", "op", variant, dtype, "cpu")


def seen(failure=None, **changes):
    values = {**TRUTH, **{name.replace("_", ":"): array for name, array in changes.items()}} if failure is None else {}
    results = {name: Result(FLOATS["float64"].encode(np.array(array)), "float64") for name, array in values.items()}
    return Observation(results, failure, input_digest="d")


def naive_row(port, context=CONTEXT, **naive):
    observations = {"reference": seen(), "torch.f": seen(), "tf.f": seen(), NAME: port}
    rows = [row for row in judge(make(**naive), item(), observations, context) if NAME in (row.left, row.right)]
    assert len(rows) == 1, "a naive port has one row, against the truth"
    return rows[0]


def test_a_difference_is_expected_and_measured():
    row = naive_row(seen(output_y=[1.0, 2.5], grad_x=[300.0, -4.0]))
    assert (row.verdict, row.quantity, row.max_abs_error, row.blame) == ("expected", "output:y", 0.5, "")
    assert row.reason == "the axis is another one (a document). Instead: name the axis"


def test_agreement_is_news_with_two_readings():
    row = naive_row(seen())
    assert (row.verdict, row.blame) == ("unexpected", "torch")
    assert row.reason.startswith("the trap agrees with the truth. Either the framework was mended: then remove the")
    assert "Or it is broken in another way now" in row.reason
    assert row.error_ratio == 0, "the gate tells by it that the trap agrees, and is not wrong in another way"


# The declared way ------------------------------------------------------------------------------------------------


def verdict_and_reason(port, **naive):
    row = naive_row(port, **naive)
    assert row.blame == ("torch" if row.verdict != "expected" else "")
    return row.verdict, row.reason


def test_what_is_not_named_must_be_right():
    port = seen(output_y=[1.0, 2.5], grad_x=[3.0, -5.0])
    assert naive_row(port, wrong="output:y").verdict == "expected", "gradients follow the results"
    assert naive_row(port, wrong=["output:*", "grad:x"]).verdict == "expected"
    verdict, reason = verdict_and_reason(port, wrong="grad:x")
    assert verdict == "unexpected"
    assert "output:y is wrong, which is not declared: output:y at [1]: torch.g (the wrong axis) 2.5" in reason
    assert "mend the trap or its declaration in " in reason


def test_a_gradient_is_held_to_the_truth_where_one_is_named():
    truth, port = {"grad:k": [1.0, 1.0]}, {"grad:k": [1.0, 2.0], "grad:x": [3.0, -5.0]}
    assert of_two(truth, port, wrong="grad:x").verdict == "unexpected"
    assert of_two(truth, port, wrong="grad:*").verdict == "expected"


def test_something_of_each_pattern_must_be_wrong():
    verdict, reason = verdict_and_reason(seen(output_y=[1.0, 2.5]), wrong=["output:y", "grad:x"])
    assert verdict == "unexpected"
    assert "declared to be wrong, and right: grad:x. Wrong: output:y" in reason
    verdict, reason = verdict_and_reason(seen(grad_x=[3.0, -5.0]))
    assert verdict == "unexpected", "results are wrong where a trap names nothing"
    assert "declared to be wrong, and right: output:y. Wrong: grad:x" in reason
    assert naive_row(seen(grad_x=[3.0, -5.0]), wrong="grad:x").verdict == "expected"


def test_a_pattern_that_a_variant_has_no_quantity_of_asks_for_nothing():
    port = seen(output_y=[1.0, 2.5], grad_x=[3.0, -5.0])
    assert naive_row(port, wrong=["output:y", "state:h"]).verdict == "expected"
    assert naive_row(port, wrong=["state:h"], size=(0.1, 0.5)).verdict == "unexpected"
    assert naive_row(seen(grad_x=[3.0, -5.0]), wrong=["state:h"], size=(0.1, 0.5)).verdict == "unexpected"


def test_one_of_two_results_is_enough_where_nothing_is_named():
    truth = {"output:z": [1.0, 1.0]}
    assert of_two(truth, {"output:z": [1.0, 2.0]}).verdict == "expected"
    assert of_two(truth, {"output:z": [1.0, 2.0]}, wrong="output:y").verdict == "unexpected"


def of_two(truth, port, **naive):
    """The row where there is another quantity beside those of ``TRUTH``."""
    right = seen(**{name.replace(":", "_"): values for name, values in truth.items()})
    other = seen(**{name.replace(":", "_"): values for name, values in {**truth, **port}.items()})
    observations = {"reference": right, "torch.f": right, "tf.f": right, NAME: other}
    (row,) = [row for row in judge(make("yz", "xk", **naive), item(), observations, CONTEXT) if row.left == NAME]
    return row


FLOAT32 = Result(np.array([1.0, 2.5], np.float32), "float32")


def of_dtype(result, **changes):
    observed = seen(**changes)
    return replace(observed, results={**observed.results, "output:y": result})


@pytest.mark.parametrize(
    ("kind", "port"),
    [
        ("values", seen(output_y=[1.0, 2.5])),
        ("shape", seen(output_y=[1.0, 2.0, 3.0])),
        ("shape", seen(Failure("declaration", "", "torch.g returns y in the wrong shape", results="shape"))),
        ("dtype", of_dtype(FLOAT32)),
        ("nonfinite", seen(output_y=[np.nan, 2.0])),
        ("nonfinite", seen(output_y=[1.0, -np.inf], grad_x=[np.nan, 0.0])),
        ("count", seen(Failure("declaration", "", "torch.g returns 2 results", results="count"))),
    ],
    ids=["values", "shape", "rank", "dtype", "nan", "infinity", "count"],
)
def test_the_kind_is_that_declared(kind, port):
    for declared in KINDS:
        verdict, reason = verdict_and_reason(port, kind=declared)
        if declared == kind:
            assert verdict == "expected"
        else:
            assert verdict in ("unexpected", "error")
            assert KINDS[declared] in reason or repr(declared) in reason


def without_gradient(**changes):
    observed = seen(**changes)
    results = {name: result for name, result in observed.results.items() if name != "grad:x"}
    return replace(observed, results=results, no_gradient={"grad:x": ("x",)})


def test_no_gradient_is_one_kind_and_a_consequence_of_wrong_values():
    assert verdict_and_reason(without_gradient(), wrong="grad:x", kind="missing")[0] == "expected"
    assert verdict_and_reason(without_gradient(output_y=[1.0, 2.5]))[0] == "expected"
    verdict, reason = verdict_and_reason(without_gradient(), wrong="grad:x")
    assert verdict == "unexpected"
    assert "grad:x has no gradient (None), and 'values' is declared" in reason
    assert verdict_and_reason(seen(grad_x=[0.0, 0.0]), wrong="grad:x", kind="missing")[0] == "unexpected"


def test_nan_in_a_gradient_is_no_consequence_of_other_values():
    assert naive_row(seen(output_y=[1.0, 2.5], grad_x=[np.nan, -4.0])).verdict == "unexpected"


def test_the_wrong_sign_of_a_zero_is_a_wrong_value():
    truth = {"output:z": [0.0, 1.0]}
    assert of_two(truth, {"output:z": [-0.0, 1.0]}, wrong="output:z").verdict == "expected"
    assert of_two(truth, {"output:z": [-0.0, 1.0]}, wrong="output:z", kind="nonfinite").verdict == "unexpected"


@pytest.mark.parametrize(
    ("size", "verdict"), [((0.2, 0.3), "expected"), ((0.3, 0.6), "unexpected"), ((0.1, 0.2), "unexpected")]
)
def test_the_size_is_that_declared(size, verdict):
    found, reason = verdict_and_reason(seen(output_y=[1.5, 2.25], grad_x=[99.0, -4.0]), size=size)
    assert found == verdict
    if verdict == "unexpected":
        assert "the largest error is 0.25 of the largest magnitude of output:y" in reason
        assert f"{size[0]} to {size[1]} is declared" in reason


def test_quantities_may_have_sizes_of_their_own():
    truth, port = {"output:z": [1.0, 1.0]}, {"output:y": [1.0, 2.5], "output:z": [1.0, 4.0]}
    sizes = {"output:y": (0.1, 0.5), "output:z": (2, 4)}
    assert of_two(truth, port, size=sizes).verdict == "expected"
    row = of_two(truth, port, size={**sizes, "output:y": (0.5, 4)})
    assert (row.verdict, row.quantity) == ("unexpected", "output:y")
    assert of_two(truth, port, size=(2, 4)).verdict == "expected", "the largest error counts"


def test_a_truth_of_zeros_has_no_size():
    port = {"output:z": [0.0, 1.0]}
    assert of_two({"output:z": [0.0, 0.0]}, port, size=(0.1, 1e9)).verdict == "unexpected"
    assert of_two({"output:z": [0.0, 0.0]}, port).verdict == "expected"


def test_a_declared_error_is_expected_another_or_none_is_not():
    raised = Failure("forward", "TypeError", "no argument called axes")
    assert naive_row(seen(raised), raises="TypeError: called axes").verdict == "expected"
    verdict, reason = verdict_and_reason(seen(raised), raises="ValueError: called axes")
    assert verdict == "error"
    assert reason == f"{raised} (the trap is declared to raise 'ValueError: called axes')"
    assert naive_row(seen(raised), raises="TypeError: called dim").verdict == "error"
    verdict, reason = verdict_and_reason(seen(raised))
    assert verdict == "error"
    assert reason == f"{raised} (the trap is declared to give other numbers than the truth)"
    verdict, reason = verdict_and_reason(seen(output_y=[9.0, 9.0]), raises="TypeError: called axes")
    assert verdict == "unexpected"
    assert "it should raise 'TypeError: called axes', and gives a wrong result: output:y at" in reason
    verdict, reason = verdict_and_reason(seen(), raises="TypeError: called axes")
    assert verdict == "unexpected"
    assert reason.startswith("the trap raises no error, and agrees with the truth. Either the framework was mended")


def test_other_inputs_than_the_formulas_are_no_trap():
    assert naive_row(replace(seen(output_y=[1.0, 2.5]), input_digest="other")).verdict == "error"


def test_a_result_that_does_not_come_is_no_trap():
    results = {"output:y": seen(output_y=[1.0, 2.5]).results["output:y"]}
    row = naive_row(replace(seen(), results=results))
    assert (row.verdict, row.reason) == ("error", "no result for grad:x")


@pytest.mark.parametrize(
    ("naive", "problem"),
    [
        (dict(raises="called axes"), "raises='called axes' names no class: give it and a part of the message"),
        (dict(raises="TypeError: axes", wrong="output:y"), "raises an error and has no results: remove wrong="),
        (dict(kind="nan"), "unknown kind 'nan'; choose from values, shape, dtype, nonfinite, count, missing"),
        (dict(wrong="state:h"), "no quantity is called 'state:h'; there are output:y, grad:x"),
        (dict(size=(0.1, 0.2), kind="shape"), "only an error in values has a size: remove size= or kind="),
        (dict(size=0.1), "size=0.1 is no range: give the least and the greatest error, as in size=(0.1, 0.4)"),
        (dict(size=(0.1,)), "size=(0.1,) is no range: give the least and the greatest error, as in size=(0.1, 0.4)"),
        (dict(size={"state:h": (0.1, 0.4)}), "no quantity is called 'state:h'; there are output:y, grad:x"),
        (dict(size=(0.4, 0.1)), "size=(0.4, 0.1) is no range"),
    ],
)
def test_a_way_that_cannot_be_checked_is_refused(naive, problem):
    (found,) = problems(make(**naive))
    assert found.startswith(NAME)
    assert problem in found


RAISED = Failure("forward", "TypeError", "no argument called axes")


@pytest.mark.parametrize(
    ("port", "here", "elsewhere"),
    [
        (seen(output_y=[1.0, 2.5]), "expected", "fail"),
        (seen(), "unexpected", "pass"),
        (seen(RAISED), "error", "error"),
        (seen(output_y=[1.0, np.nan]), "unexpected", "fail"),
    ],
    ids=["wrong", "right", "error", "nan"],
)
def test_one_that_goes_wrong_with_some_kernels_is_held_to_the_truth_with_others(port, here, elsewhere):
    for kernels, verdict in (("avx512", here), ("avx2", elsewhere), ("", elsewhere)):
        context = replace(
            CONTEXT, kernels={"torch": {"eager": {"float64": kernels}, "compiled": {"float64": "avx512"}}}
        )
        row = naive_row(port, context, kernels=["avx512"])
        assert row.verdict == verdict
        assert row.blame == ("" if verdict in ("expected", "pass") else "torch")


def test_unknown_kernels_are_refused():
    assert problems(make(kernels=["avx512", "eigen"])) == [
        f"{NAME} names the unknown kernels eigen: choose from avx512, avx2, default"
    ]


def test_a_crash_is_never_expected():
    assert naive_row(seen(Failure("crash", "", "killed by SIGSEGV"))).verdict == "crash"


@pytest.mark.parametrize(
    ("dtype", "variant", "runs"),
    [("float64", "stride=1", False), ("float64", "stride=2", True), ("float32", "stride=2", False)],
)
def test_it_runs_in_the_first_dtype_for_its_variants(dtype, variant, runs):
    case = make(when=dict(stride=2))
    assert (NAME in [unit.api for unit in units(case, item(dtype, variant), 0, timed=True)]) is runs


def test_it_is_never_timed():
    assert [unit.timed for unit in units(make(), item(), 0, timed=True) if unit.api == NAME] == [False]


def test_it_is_no_implementation_of_the_operation():
    case = Case("op", "A case.", sizes={"N": 2}, inputs={"x": normal("N")}, outputs={"y": "N"})
    case.reference(lambda np, x: x)
    case.torch.naive("torch.g", "the wrong axis", **PORT)(lambda torch, x: x)
    case.tensorflow("tf.f")(lambda tf, x: x)
    assert any("has no torch implementation" in problem for problem in problems(case))


def test_one_that_can_never_run_is_refused():
    assert any("applies to no variant" in problem for problem in problems(make(when=dict(stride=3))))
    assert problems(make(when=dict(stride=2))) == []
