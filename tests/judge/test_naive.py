"""Naive ports: verdicts that are strict both ways, and where they run."""

from dataclasses import replace

import numpy as np
import pytest

from parity import Case, grid, normal
from parity.catalog.check import problems
from parity.catalog.dtypes import FLOATS
from parity.judge import Context, judge
from parity.plan.work import Item, units
from parity.workers.protocol import Failure, Observation, Result

CONTEXT = Context("run-1", 0, {"torch": "2", "tensorflow": "2", "reference": "2"})
TRUTH = {"output:y": [1.0, 2.0], "grad:x": [3.0, -4.0]}
PORT = dict(because="the axis is another one", source="a document", fix="name the axis")
NAME = "torch.g (the wrong axis)"


def make(**naive):
    case = Case(
        "op", "A case.", sizes={"N": 2}, inputs={"x": normal("N")}, outputs={"y": "N"}, variants=grid(stride=[1, 2])
    )
    case.reference(lambda np, x: x)
    case.torch("torch.f")(lambda torch, x: x)
    case.tensorflow("tf.f")(lambda tf, x: x)
    case.torch.naive("torch.g", "the wrong axis", **{**PORT, **naive})(lambda torch, x: x)
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


def test_a_wrong_gradient_is_a_difference_when_the_results_are_right():
    row = naive_row(seen(grad_x=[3.0, -5.0]))
    assert (row.verdict, row.quantity, row.max_abs_error) == ("expected", "grad:x", 1.0)


def test_a_wrong_shape_or_a_nan_is_a_difference():
    assert naive_row(seen(output_y=[1.0, 2.0, 3.0])).verdict == "expected"
    assert naive_row(seen(output_y=[np.nan, 2.0])).verdict == "expected"


def test_agreement_is_news():
    row = naive_row(seen())
    assert (row.verdict, row.blame) == ("unexpected", "torch")
    assert "agrees with the truth" in row.reason


def test_a_declared_error_is_expected_another_or_none_is_not():
    raised = Failure("forward", "TypeError", "no argument called axes")
    assert naive_row(seen(raised), raises="called axes").verdict == "expected"
    assert naive_row(seen(raised), raises="called dim").verdict == "error"
    assert naive_row(seen(raised)).verdict == "error"
    assert naive_row(seen(output_y=[9.0, 9.0]), raises="called axes").verdict == "unexpected"


RAISED = Failure("forward", "TypeError", "no argument called axes")


@pytest.mark.parametrize(
    ("port", "here", "elsewhere"),
    [
        (seen(output_y=[1.0, 2.5]), "expected", "fail"),
        (seen(), "unexpected", "pass"),
        (seen(RAISED), "error", "error"),
        (seen(grad_x=[np.nan, -4.0]), "expected", "fail"),
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
