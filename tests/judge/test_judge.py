"""Verdicts: from the observations of an item to its rows."""

from dataclasses import replace

import numpy as np
import pytest

from parity import Case, Tolerance, buffer, normal
from parity.catalog.dtypes import FLOATS
from parity.judge import COLUMNS, RED, VERDICTS, Context, judge, worst
from parity.plan.work import Item
from parity.workers.protocol import Failure, Observation, Result

VERSIONS = {"torch": "2.13.0", "tensorflow": "2.21.0", "reference": "2.4.6"}
CONTEXT = Context("run-1", 7, VERSIONS)
ITEM = Item("ops.py", "op", "", "float32", "cpu")
TRUTH = {"output:y": [1.0, 2.0], "grad:x": [3.0, -4.0]}
LIMIT = 8 * 2.0**-24 * ((2.0**2 + 2.5) / 2) ** 0.5
"""What the default allows for an error in the second element of ``output:y``, whose mean square is 2.5."""


def make(**changes):
    case = Case("op", "A case.", **{"sizes": {"N": 2}, "inputs": {"x": normal("N")}, "outputs": {"y": "N"}, **changes})
    case.reference(lambda np, x: x)
    case.torch("torch.f")(lambda torch, x: x)
    case.tensorflow("tf.f")(lambda tf, x: x)
    return case


def seen(values=TRUTH, failure=None, digest="d1", dtype="float32", **changes):
    """The observation of an implementation that computed ``values``, with some of them changed."""
    named = {**values, **{name.replace("_", ":"): array for name, array in changes.items()}}
    results = {name: Result(FLOATS[dtype].encode(np.array(array)), dtype) for name, array in named.items()}
    return Observation(results, failure=failure, input_digest=digest)


def rows(case=None, formula=None, torch=None, tf=None, item=ITEM, context=CONTEXT, more=None):
    observations = {
        "reference": formula or seen(dtype="float64"),
        "torch.f": torch or seen(),
        "tf.f": tf or seen(),
        **(more or {}),
    }
    return judge(case or make(), item, observations, context)


def found(rows, left, right="reference"):
    """The rows of a pair by quantity."""
    chosen = {row.quantity: row for row in rows if (row.left, row.right) == (left, right)}
    assert len(chosen) == len([row for row in rows if (row.left, row.right) == (left, right)])
    return chosen


def verdicts(rows, left, right="reference"):
    return {quantity: row.verdict for quantity, row in found(rows, left, right).items()}


WHOLE_TERMS = "of the size of whole terms: one dropped, added or wrong"
BOTH = {"output:y", "grad:x"}
PASSES = dict.fromkeys(BOTH, "pass")


# Good ------------------------------------------------------------------------------------------------------------


def test_every_quantity_of_each_side_and_of_the_pair():
    made = rows()
    assert [(row.left, row.right, row.quantity) for row in made] == [
        ("torch.f", "reference", "output:y"),
        ("torch.f", "reference", "grad:x"),
        ("tf.f", "reference", "output:y"),
        ("tf.f", "reference", "grad:x"),
        ("torch.f", "tf.f", "output:y"),
        ("torch.f", "tf.f", "grad:x"),
    ]
    assert {row.verdict for row in made} == {"pass"}


def test_what_a_row_says():
    row = found(rows(torch=seen(output_y=[1.0, 2 + 2.0**-21])), "torch.f", "tf.f")["output:y"]
    assert (row.run, row.case, row.variant, row.dtype, row.device, row.mode) == (
        "run-1", "op", "", "float32", "cpu", "eager",
    )  # fmt: skip
    assert (row.left_framework, row.left_version) == ("torch", "2.13.0")
    assert (row.right_framework, row.right_version) == ("tensorflow", "2.21.0")
    assert (row.shape, row.seed, row.input_digest, row.blame, row.reason) == ("2", 7, "d1", "", "")
    assert (row.max_abs_error, row.max_rel_error) == (2.0**-21, 2.0**-22)
    assert (row.allowed, row.error_ratio) == (2 * LIMIT, pytest.approx(2.0**-22 / LIMIT))
    assert row.rho == pytest.approx(8 / 6.5**0.5)
    assert row.max_ulp == 2
    assert (row.rule, row.scale, row.own_scale) == ("2 (8 u S)", pytest.approx(LIMIT / (8 * 2.0**-24)), 2.0)
    assert row.rho_allowed is None
    row = found(rows(), "torch.f")["output:y"]
    assert (row.rule, row.rho_allowed) == ("8 u S", pytest.approx(2 + 6 / 2**0.5))
    assert (row.right_framework, row.right_version) == ("reference", "2.4.6")


def test_every_implementation_meets_every_one_of_the_other_framework():
    case = make()
    case.torch("torch.g")(lambda torch, x: x)
    case.tensorflow("tf.g")(lambda tf, x: x)
    made = rows(case, more={"torch.g": seen(), "tf.g": seen()})
    pairs = list(dict.fromkeys((row.left, row.right) for row in made))
    assert pairs == [
        ("torch.f", "reference"),
        ("tf.f", "reference"),
        ("torch.g", "reference"),
        ("tf.g", "reference"),
        ("torch.f", "tf.f"),
        ("torch.f", "tf.g"),
        ("torch.g", "tf.f"),
        ("torch.g", "tf.g"),
    ]


def test_a_tolerance_gives_its_reason():
    case = make(tolerance=Tolerance(0.0, 0.5, "measured in issue 12"))
    made = rows(case, torch=seen(output_y=[1.25, 2.0]))
    row = found(made, "torch.f")["output:y"]
    assert (row.verdict, row.allowed, row.error_ratio, row.reason) == ("pass", 0.5, 0.5, "measured in issue 12")
    assert found(made, "torch.f", "tf.f")["output:y"].allowed == 1.0


def test_the_tolerance_of_the_run():
    context = Context("run-1", 7, VERSIONS, Tolerance(0.0, 0.5, "given on the command line"))
    assert verdicts(rows(torch=seen(output_y=[1.25, 2.0]), context=context), "torch.f") == PASSES
    assert verdicts(rows(torch=seen(output_y=[1.75, 2.0]), context=context), "torch.f")["output:y"] == "fail"


# Wrong values ----------------------------------------------------------------------------------------------------


def test_a_side_that_is_wrong_is_blamed():
    made = rows(tf=seen(output_y=[1.0, 2.5]))
    assert verdicts(made, "torch.f") == PASSES
    assert verdicts(made, "tf.f") == {"output:y": "fail", "grad:x": "pass"}
    assert verdicts(made, "torch.f", "tf.f") == {"output:y": "fail", "grad:x": "pass"}
    alone, pair = found(made, "tf.f")["output:y"], found(made, "torch.f", "tf.f")["output:y"]
    assert (alone.blame, pair.blame) == ("tensorflow", "tensorflow")
    assert alone.reason == f"at [1]: tf.f 2.5, reference 2, truth 2; error 0.5, allowed {LIMIT:.3g}"
    assert pair.reason == f"at [1]: torch.f 2, tf.f 2.5, truth 2; error 0.5, allowed {2 * LIMIT:.3g}"
    assert alone.error_ratio == 0.5 / LIMIT


def test_both_are_blamed_when_both_are_wrong():
    made = rows(torch=seen(output_y=[1.5, 2.0]), tf=seen(output_y=[0.5, 2.0]))
    assert found(made, "torch.f", "tf.f")["output:y"].blame == "both"


# The formula as the suspect --------------------------------------------------------------------------------------


def alike(*values, truth=None, case=None, more=None, **changes):
    """The rows where every implementation gives ``values`` for ``output:y``: a list, or one for each framework."""
    torch, tf = values if len(values) == 2 else values * 2
    of_truth = {**TRUTH, **({} if truth is None else {"output:y": truth})}
    return rows(
        case,
        formula=seen(of_truth, dtype="float64"),
        torch=seen(of_truth, output_y=torch, **changes),
        tf=seen(of_truth, output_y=tf, **changes),
        more=more,
    )


def blames(made, quantity="output:y"):
    return {(row.left, row.right): (row.verdict, row.blame) for row in made if row.quantity == quantity}


@pytest.mark.parametrize(
    ("values", "truth"),
    [
        (([1.5, 2.0],), None),
        (([1.5, 2.0], [1.5, 2 + 2.0**-21]), None),
        (([np.nan, 2.0],), None),
        (([np.inf, -np.inf],), None),
        (([1.0, 2.0],), [np.nan, 2.0]),
        (([1.0, 2.0], [1.0, 2 + 2.0**-22]), [0.0, 0.0]),
        (([-0.0, 2.0],), [0.0, 2.0]),
        (([1.0, 2.0, 3.0],), None),
    ],
    ids=["values", "rounding", "nan", "infinities", "nan in the formula", "zero formula", "sign of zero", "shape"],
)
def test_a_formula_that_all_implementations_contradict_is_the_suspect(values, truth):
    case = make(outputs={"y": "P"})
    made = alike(*values, truth=truth, case=case)
    assert blames(made)["torch.f", "reference"] == ("fail", "formula")
    assert blames(made)["tf.f", "reference"] == ("fail", "formula")
    assert blames(made)["torch.f", "tf.f"] in (("pass", ""), ("fail", "formula"))
    assert {row.blame for row in made} <= {"", "formula"}
    row = found(made, "torch.f")["output:y"]
    assert row.reason.startswith(
        "the formula disagrees with every implementation, and they agree with each other: check the formula first ("
    )
    assert f"test_judge.py:{case.formula.__code__.co_firstlineno})" in row.reason
    assert "if it is right, all of them are wrong in the same way. " in row.reason
    assert verdicts(made, "torch.f")["grad:x"] == "pass"


@pytest.mark.parametrize(
    ("torch", "tf"),
    [([1.5, 2.0], [1.4, 2.0]), ([np.nan, 2.0], [1.5, 2.0]), ([1.5, 2.0], [1.5, np.inf]), ([1.5, 2.0], [1.0, 2.0])],
)
def test_implementations_that_disagree_are_blamed_themselves(torch, tf):
    made = alike(torch, tf)
    assert blames(made)["torch.f", "reference"] == ("fail", "torch")
    assert "formula" not in {row.blame for row in made}


def test_one_framework_alone_does_not_outvote_the_formula():
    case = make()
    case.torch("torch.g")(lambda torch, x: x)
    wrong = seen(output_y=[1.5, 2.0])
    gone = seen({}, Failure("forward", "ValueError", "no"))
    made = rows(case, torch=wrong, tf=gone, more={"torch.g": wrong})
    assert blames(made)["torch.f", "reference"] == ("fail", "torch")
    made = rows(case, torch=wrong, tf=wrong, more={"torch.g": wrong})
    assert blames(made)["torch.g", "reference"] == ("fail", "formula")
    made = rows(case, torch=wrong, tf=wrong, more={"torch.g": seen()})
    assert blames(made)["torch.f", "reference"] == ("fail", "torch"), "one that agrees with the formula"


def test_a_dtype_that_all_have_wrong_is_not_the_formulas():
    made = alike([1.0, 2.0], dtype="float64")
    assert blames(made)["torch.f", "reference"] == ("fail", "torch")


def test_what_is_declared_to_deviate_has_no_voice():
    made = rows(deviating(within=0.01), torch=seen(output_y=[1.0, 2.5]), tf=seen(output_y=[1.0, 2.5]))
    assert "formula" not in {row.blame for row in made}


def test_an_exact_quantity_must_be_the_same_in_every_bit_to_outvote_the_formula():
    case = make(exact=["output:*"])
    assert blames(alike([1.5, 2.0], case=case))["torch.f", "reference"] == ("fail", "formula")
    assert blames(alike([1.5, 2.0], [1.5, 2 + 2.0**-22], case=case))["torch.f", "reference"] == ("fail", "torch")


def test_a_narrower_format_that_both_use_does_not_make_the_formula_a_suspect():
    truth = np.random.default_rng(0).standard_normal(40)
    narrow = truth.astype(np.float16).astype(np.float32)
    case = make(sizes={"N": 40}, outputs={"y": "N"})
    given = {"output:y": narrow}
    made = rows(case, formula=seen({"output:y": truth}, dtype="float64"), torch=seen(given), tf=seen(given))
    assert blames(made)["torch.f", "reference"] == ("fail", "torch")
    assert found(made, "torch.f")["output:y"].cause == "accumulated or stored in float16"


def test_an_assertion_in_the_formula_is_an_error():
    made = rows(formula=seen({}, Failure("forward", "AssertionError", "")))
    assert [row.verdict for row in made] == ["error", "not-run", "not-run"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"output_y": [1.0, np.nan]}, "NaN in 1 of 2 elements on one side only"),
        ({"output_y": [np.inf, 2.0]}, "+infinity in 1 of 2 elements on one side only"),
        ({"output_y": [1.0, 2.0, 3.0]}, "shape (3,) instead of (2,)"),
        ({"dtype": "float64"}, "dtype float64 instead of float32"),
    ],
)
def test_a_side_that_differs_in_kind_is_blamed(changes, reason):
    made = rows(torch=seen(**changes))
    row = found(made, "torch.f")["output:y"]
    assert (row.verdict, row.blame) == ("fail", "torch")
    assert row.reason.startswith(reason)
    pair = found(made, "torch.f", "tf.f")["output:y"]
    assert (pair.verdict, pair.blame) == ("fail", "torch")


def test_exact_quantities_must_have_equal_bits():
    case = make(exact=["output:*"])
    near = {"output_y": [1 + 2.0**-23, 2.0], "grad_x": [3 + 2.0**-22, -4.0]}
    made = rows(case, torch=seen(**near))
    assert verdicts(made, "torch.f") == {"output:y": "fail", "grad:x": "pass"}
    assert verdicts(made, "torch.f", "tf.f") == {"output:y": "fail", "grad:x": "pass"}


def test_the_sign_of_zero_is_checked_in_results_but_not_in_gradients():
    zeros = {"output:y": [0.0, 2.0], "grad:x": [0.0, -4.0]}
    minus = {"output:y": [-0.0, 2.0], "grad:x": [-0.0, -4.0]}
    made = rows(formula=seen(zeros, dtype="float64"), torch=seen(minus), tf=seen(zeros))
    assert verdicts(made, "torch.f") == {"output:y": "fail", "grad:x": "pass"}
    assert found(made, "torch.f")["output:y"].reason.startswith("-0.0 in 1 of 2 elements")


# Failures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "verdict", "reason"),
    [
        (Failure("forward", "ValueError", "no", "ops.py:3"), "error", "ValueError: no (at ops.py:3)"),
        (Failure("build", "TypeError", "no"), "error", "TypeError: no"),
        (Failure("declaration", "", "lost", "ops.py:3"), "error", "lost (at ops.py:3)"),
        (
            Failure("forward", "AssertionError", "storage is not shared"),
            "fail",
            "AssertionError: storage is not shared",
        ),
        (Failure("crash", "", "killed by SIGSEGV"), "crash", "killed by SIGSEGV"),
        (Failure("timeout", "", "no answer within 120 s"), "timeout", "no answer within 120 s"),
    ],
)
def test_an_implementation_that_gives_nothing(failure, verdict, reason):
    made = rows(torch=seen({}, failure, digest=""))
    assert verdicts(made, "torch.f") == dict.fromkeys(BOTH, verdict)
    assert {(row.reason, row.blame, row.error_ratio) for row in found(made, "torch.f").values()} == {
        (reason, "torch", None)
    }
    assert verdicts(made, "tf.f") == PASSES
    assert found(made, "torch.f", "tf.f") == {}


def test_a_failing_gradient_leaves_the_forward_results():
    forward = {"output:y": TRUTH["output:y"]}
    made = rows(torch=seen(forward, Failure("gradient", "RuntimeError", "no grad")))
    assert verdicts(made, "torch.f") == {"output:y": "pass", "grad:x": "error"}
    assert verdicts(made, "torch.f", "tf.f") == {"output:y": "pass"}


def test_a_failure_after_all_results_has_a_row_of_its_own():
    made = rows(torch=seen(failure=Failure("timing", "RuntimeError", "late")))
    assert verdicts(made, "torch.f") == {"": "error", **PASSES}
    assert found(made, "torch.f")[""].reason == "RuntimeError: late"


def test_a_quantity_that_is_missing_without_reason():
    made = rows(torch=seen({"output:y": TRUTH["output:y"]}))
    assert verdicts(made, "torch.f") == {"output:y": "pass", "": "error"}
    assert found(made, "torch.f")[""].reason == "no result for grad:x"


def test_inputs_that_differ_from_the_formulas():
    made = rows(torch=seen(digest="d2"))
    assert found(made, "torch.f")[""].verdict == "error"
    assert found(made, "torch.f")[""].reason == (
        "the inputs differ from the formula's: does the case file change as it loads?"
    )
    assert found(made, "torch.f")[""].blame == "torch"
    assert verdicts(made, "tf.f") == PASSES


@pytest.mark.parametrize(
    ("failure", "verdict"),
    [
        (Failure("forward", "ValueError", "no", "ops.py:3"), "error"),
        (Failure("crash", "", "killed by SIGKILL"), "crash"),
        (Failure("timeout", "", "no answer within 120 s"), "timeout"),
    ],
)
def test_without_truth_nothing_is_judged(failure, verdict):
    made = rows(formula=seen({}, failure))
    assert [(row.left, row.left_framework, row.verdict, row.quantity) for row in made] == [
        ("reference", "reference", verdict, ""),
        ("torch.f", "torch", "not-run", ""),
        ("tf.f", "tensorflow", "not-run", ""),
    ]
    assert made[0].reason == f"the formula gave no truth: {failure}"
    assert {row.reason for row in made[1:]} == {"the formula gave no truth"}


def test_a_formula_of_the_wrong_shape_names_its_line():
    case = make()
    made = rows(case, formula=seen({"output:y": [1.0, 2.0, 3.0]}, dtype="float64"))
    line = case.formula.__code__.co_firstlineno
    assert [row.verdict for row in made] == ["error", "not-run", "not-run"]
    assert made[0].reason.startswith(
        "the formula gave no truth: the formula returns y of shape (3,), but its axis N has size 2: "
        "mend the formula or the axes of y (at "
    )
    assert made[0].reason.endswith(f"test_judge.py:{line})")


def test_axes_without_a_size_take_what_the_formula_gives():
    case = make(outputs={"y": "P"}, states={"h": buffer("N")})
    truth = {"output:y": [1.0, 2.0, 3.0], "state:h": [5.0, 6.0]}
    made = rows(case, formula=seen(truth, dtype="float64"), torch=seen(truth), tf=seen(truth))
    assert verdicts(made, "torch.f") == {"output:y": "pass", "state:h": "pass"}


def assert_both_readings(reason):
    """What stopped occurring was mended, or is broken in another way: advice that knows only one misleads."""
    assert "the framework was mended: then remove the declaration from " in reason
    assert "broken in another way now: read its documentation and release notes before" in reason


# Limitations -----------------------------------------------------------------------------------------------------

REFUSES = {"raises": "RuntimeError: not implemented", "because": "no kernel", "source": "docs"}
REFUSED = Failure("forward", "RuntimeError", "op is not implemented for Half", "ops.py:9")


def limited(**changes):
    case = make()
    case.limitation("torch.f", **{**REFUSES, **changes})
    return case


def test_a_declared_limitation_is_expected():
    made = rows(limited(), torch=seen({}, REFUSED))
    assert verdicts(made, "torch.f") == dict.fromkeys(BOTH, "expected")
    for row in found(made, "torch.f").values():
        assert row.reason == f"no kernel (docs): {REFUSED}"
        assert row.blame == ""
    assert not any(row.verdict in RED for row in made)


@pytest.mark.parametrize(
    ("device", "kernels", "verdict"),
    [("cpu", "avx2", "expected"), ("cpu", "avx512", "error"), ("cpu", "", "error"), ("gpu:0", "avx2", "error")],
)
def test_a_limitation_of_some_kernels_is_expected_of_those_on_a_cpu_only(device, kernels, verdict):
    context = replace(
        CONTEXT, kernels={name: {"eager": {"float32": k}} for name, k in (("torch", kernels), ("tensorflow", "avx2"))}
    )
    item = replace(ITEM, device=device)
    made = rows(limited(kernels=["avx2"]), torch=seen({}, REFUSED), item=item, context=context)
    assert verdicts(made, "torch.f") == dict.fromkeys(BOTH, verdict)


def test_a_limitation_of_the_gradient_leaves_the_forward_results_compared():
    case = limited(stage="gradient")
    forward = {"output:y": [1.0, 2.5]}
    made = rows(case, torch=seen(forward, Failure("gradient", "RuntimeError", "backward not implemented")))
    assert verdicts(made, "torch.f") == {"output:y": "fail", "grad:x": "expected"}


def test_a_declared_crash_is_expected():
    crash = Failure("crash", "", "killed by SIGABRT\n    Check failed: index >= 0")
    made = rows(limited(stage="crash", raises="killed by SIGABRT"), torch=seen({}, crash, digest=""))
    assert verdicts(made, "torch.f") == dict.fromkeys(BOTH, "expected")
    assert found(made, "torch.f")["output:y"].reason == f"no kernel (docs): {crash}"


@pytest.mark.parametrize(
    ("changes", "failure", "verdict"),
    [
        ({}, Failure("forward", "RuntimeError", "something else"), "error"),
        ({}, Failure("forward", "TypeError", "not implemented"), "error"),
        ({}, Failure("forward", "TypeError", "RuntimeError: not implemented"), "error"),
        ({}, Failure("build", "RuntimeError", "not implemented"), "error"),
        ({"stage": "gradient"}, REFUSED, "error"),
        ({}, Failure("crash", "", "killed by SIGSEGV: not implemented"), "crash"),
        ({"stage": "crash"}, Failure("crash", "", "killed by SIGSEGV"), "crash"),
        ({"stage": "crash"}, REFUSED, "error"),
        ({}, Failure("timeout", "", "no answer within 2 s"), "timeout"),
        ({}, Failure("forward", "AssertionError", "other"), "fail"),
    ],
    ids=[
        "message",
        "class",
        "class in the message",
        "stage",
        "declared stage",
        "crash",
        "other crash",
        "no crash",
        "timeout",
        "assertion",
    ],
)
def test_another_failure_than_the_declared_one_is_not_expected(changes, failure, verdict):
    made = rows(limited(**changes), torch=seen({}, failure))
    assert verdicts(made, "torch.f") == dict.fromkeys(BOTH, verdict)
    row = found(made, "torch.f")["output:y"]
    assert row.blame == "torch"
    stage = changes.get("stage", "forward")
    assert (
        row.reason == f"{failure} (the declared limitation raises 'RuntimeError: not implemented' in the {stage} stage)"
    )


def test_a_limitation_that_vanished_is_unexpected():
    made = rows(limited())
    assert verdicts(made, "torch.f") == {"": "unexpected", **PASSES}
    row = found(made, "torch.f")[""]
    assert row.blame == "torch"
    assert row.reason.startswith("the declared limitation ('RuntimeError: not implemented') did not occur. Either the")
    assert_both_readings(row.reason)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"dtypes": ["float32"]}, "expected"),
        ({"dtypes": ["float16"]}, "error"),
        ({"devices": ["cpu"]}, "expected"),
        ({"devices": ["gpu"]}, "error"),
    ],
    ids=str,
)
def test_a_limitation_holds_where_it_is_declared_only(changes, verdict):
    made = rows(limited(**changes), torch=seen({}, REFUSED))
    assert verdicts(made, "torch.f") == dict.fromkeys(BOTH, verdict)
    if verdict == "error":
        assert verdicts(rows(limited(**changes)), "torch.f") == PASSES


# Deviations ------------------------------------------------------------------------------------------------------


def deviating(**changes):
    case = make()
    given = {"quantities": ["output:*"], "within": 0.25, "because": "fast path", "source": "issue 5", **changes}
    case.deviation("torch.f", **given)
    return case


def test_a_declared_deviation_is_expected():
    made = rows(deviating(), torch=seen(output_y=[1.0, 2.5]))
    assert verdicts(made, "torch.f") == {"output:y": "expected", "grad:x": "pass"}
    assert verdicts(made, "torch.f", "tf.f") == {"output:y": "expected", "grad:x": "pass"}
    row = found(made, "torch.f")["output:y"]
    assert (row.reason, row.blame) == ("fast path (issue 5)", "")
    assert row.error_ratio == 0.5 / LIMIT


def test_a_declared_deviation_allows_the_other_framework_nothing():
    wrong = seen(output_y=[1.0, 2.5])
    on_its_own = pytest.approx(2 + 6 / 2**0.5)
    assert found(rows(deviating(), torch=wrong), "tf.f")["output:y"].rho_allowed == on_its_own
    assert found(rows(make(), torch=wrong), "tf.f")["output:y"].rho_allowed > 1000


def test_a_larger_deviation_than_declared_fails():
    made = rows(deviating(), torch=seen(output_y=[1.0, 2.501]))
    row = found(made, "torch.f")["output:y"]
    assert (row.verdict, row.blame) == ("fail", "torch")
    assert row.reason.startswith("beyond the declared deviation of 0.5: at [1]: torch.f 2.50")


@pytest.mark.parametrize("wrong", [[1.0, np.nan], [np.inf, 2.0], [1.0, 2.0, 3.0]])
def test_a_deviation_covers_values_only(wrong):
    made = rows(deviating(within=1e9), torch=seen(output_y=wrong))
    assert verdicts(made, "torch.f")["output:y"] == "fail"


@pytest.mark.parametrize(
    ("wrong", "verdict"), [([1.0, np.nan], "expected"), ([np.inf, 2.0], "expected"), ([1.0, 2.0, 3.0], "fail")]
)
def test_an_infinite_deviation_covers_nan_and_infinity(wrong, verdict):
    made = rows(deviating(within=np.inf), torch=seen(output_y=wrong))
    assert verdicts(made, "torch.f")["output:y"] == verdict


def test_an_infinite_deviation_covers_any_error_of_a_truth_of_zeros():
    made = rows(
        deviating(within=np.inf), formula=seen(dtype="float64", output_y=[0.0, 0.0]), torch=seen(output_y=[1.0, 0.0])
    )
    assert verdicts(made, "torch.f")["output:y"] == "expected"


def test_an_infinite_deviation_that_vanished_is_unexpected():
    assert verdicts(rows(deviating(within=np.inf)), "torch.f")["output:y"] == "unexpected"


def of_elements(count, **changes):
    return deviating(**{"within": np.inf, "elements": count, **changes})


@pytest.mark.parametrize("wrong", [[1.0, np.nan], [np.inf, 2.0], [1.0, 1e30], [np.nan, np.nan], [-1.0, -np.inf]])
def test_some_elements_may_be_wrong_in_any_way(wrong):
    torch, count = seen(output_y=wrong), 1 if {1.0, 2.0} & set(wrong) else 2
    made = rows(of_elements(count), torch=torch)
    assert verdicts(made, "torch.f") == {"output:y": "expected", "grad:x": "pass"}
    assert verdicts(made, "torch.f", "tf.f")["output:y"] == "expected"
    row = found(rows(of_elements(count - 1), torch=torch), "torch.f")["output:y"]
    assert (row.verdict, row.blame) == ("fail", "torch")
    assert row.reason.startswith(f"wrong in {count} elements, {count - 1} are declared: ")


def test_no_elements_are_right_in_another_shape():
    made = rows(of_elements(9), torch=seen(output_y=[1.0, 2.0, 3.0]))
    assert verdicts(made, "torch.f")["output:y"] == "fail"


def test_wrong_elements_that_vanished_are_unexpected():
    assert verdicts(rows(of_elements(1)), "torch.f") == {"output:y": "unexpected", "grad:x": "pass"}


def test_a_sign_of_zero_is_a_wrong_element():
    case, truth = make(exact=True), {"output:y": [-0.0, 2.0], "grad:x": [3.0, -4.0]}
    case.deviation("torch.f", quantities=["output:*"], elements=1, because="fast", source="issue 5")
    formula, torch = seen(truth, dtype="float64"), seen(truth, output_y=[0.0, 2.0])
    assert verdicts(rows(case, formula, torch, seen(truth)), "torch.f")["output:y"] == "expected"


def test_errors_that_are_not_pooled_are_counted_relative_to_each_element():
    truth = {"output:y": [1e20, 1e-20], "grad:x": [3.0, -4.0]}
    off = seen(truth, output_y=[1e20, 1e-20 * (1 + 2.0**-18)])
    formula = seen(truth, dtype="float64")
    assert verdicts(rows(formula=formula, torch=off, tf=seen(truth)), "torch.f")["output:y"] == "pass"
    row = found(rows(make(pooled=False), formula, off, seen(truth)), "torch.f")["output:y"]
    assert row.verdict == "fail"
    assert row.rho == pytest.approx(2.0**6 / np.sqrt(2), rel=0.05)


def test_a_deviation_that_vanished_is_unexpected():
    made = rows(deviating())
    assert verdicts(made, "torch.f") == {"output:y": "unexpected", "grad:x": "pass"}
    row = found(made, "torch.f")["output:y"]
    assert row.reason.startswith("the declared deviation did not occur (fast path). Either the framework")
    assert_both_readings(row.reason)
    assert row.blame == "torch"
    assert verdicts(made, "torch.f", "tf.f") == PASSES


def test_a_deviation_of_one_side_does_not_excuse_the_other():
    made = rows(deviating(), torch=seen(output_y=[1.0, 2.5]), tf=seen(output_y=[1.5, 2.0]))
    assert verdicts(made, "torch.f")["output:y"] == "expected"
    assert verdicts(made, "tf.f")["output:y"] == "fail"


def test_a_deviation_covers_the_quantities_it_names_only():
    made = rows(deviating(quantities=["grad:*"]), torch=seen(output_y=[1.0, 2.5], grad_x=[3.5, -4.0]))
    assert verdicts(made, "torch.f") == {"output:y": "fail", "grad:x": "expected"}


def test_a_crash_is_not_excused_by_a_deviation():
    made = rows(deviating(), torch=seen({}, Failure("crash", "", "killed by SIGSEGV"), digest=""))
    assert verdicts(made, "torch.f") == dict.fromkeys(BOTH, "crash")


# The order of verdicts -------------------------------------------------------------------------------------------


def test_the_worst_verdict():
    assert worst(["pass", "expected", "fail", "pass"]) == "fail"
    assert worst(["fail", "crash"]) == "crash"
    assert worst([]) == "not-run"
    assert set(RED) == set(VERDICTS) - {"pass", "expected", "not-run"}


def test_the_columns_are_the_documented_ones_in_order():
    assert ", ".join(COLUMNS) == (
        "run, case, variant, dtype, device, mode, quantity, left, right, left_framework, left_version, "
        "right_framework, right_version, shape, max_abs_error, max_rel_error, max_ulp, rule, scale, own_scale, "
        "allowed, error_ratio, rho, rho_allowed, "
        "distribution, worst_index, left_value, right_value, truth_value, "
        "growth, cause, verdict, blame, reason, seed, input_digest"
    )


# All elements together, computed twice, growth --------------------------------------------------------------------


def big(**changes):
    return make(sizes={"N": 100}, inputs={"x": normal("N", gradient=False)}, **changes)


def spread(units, dtype="float32"):
    """Results that are off by some units of rounding in every element."""
    truth = np.ones(100)
    return Observation(
        {"output:y": Result(FLOATS[dtype].encode(truth + units * FLOATS[dtype].unit_roundoff), dtype)},
        input_digest="d1",
    )


def test_many_small_errors_that_the_other_framework_does_not_show_fail_together():
    made = rows(big(), formula=spread(0, "float64"), torch=spread(6), tf=spread(0))
    row = found(made, "torch.f")["output:y"]
    assert row.error_ratio < 1.0
    assert (row.verdict, row.blame) == ("fail", "torch")
    assert row.reason == "all elements together: ρ is 6, where 2.6 is allowed (the other framework's is 0)"
    assert verdicts(made, "tf.f") == {"output:y": "pass"}


def test_what_both_frameworks_show_passes_together():
    made = rows(big(), formula=spread(0, "float64"), torch=spread(6), tf=spread(2))
    assert verdicts(made, "torch.f") == {"output:y": "pass"}


def test_a_tolerance_of_the_case_holds_for_all_elements_together_too():
    case = big(tolerance=Tolerance(1e-5, 0.0, "measured"))
    made = rows(case, formula=spread(0, "float64"), torch=spread(60), tf=spread(0))
    assert verdicts(made, "torch.f") == {"output:y": "pass"}


def test_the_growth_over_steps_is_told():
    case = make(steps="N")
    made = rows(case, torch=seen(output_y=[1.0, 2.5]))
    assert found(made, "torch.f")["output:y"].growth.startswith("jumps at N=1: from 0 to")
    assert found(rows(make()), "torch.f")["output:y"].growth == ""


@pytest.mark.parametrize(
    ("error", "measured", "verdict", "looked"),
    [(4.0, 1.0, "pass", 0), (12.0, 1.0, "fail", 1), (12.0, 4.0, "pass", 1), (1e5, 4.0, "fail", 0)],
)
def test_what_is_wrong_by_little_gets_a_closer_look(error, measured, verdict, looked):
    looks = []

    def closer():
        looks.append(1)
        return {name: np.full(2, measured * 2.0) for name in ("output:y", "grad:x")}

    right = [1.0, 2.0 + error * 2.0**-23]
    formula = replace(seen(dtype="float64"), sensitivities={"output:y": np.full(2, 2.0), "grad:x": np.full(2, 2.0)})
    observations = {"reference": formula, "torch.f": seen(output_y=right), "tf.f": seen()}
    made = judge(make(), ITEM, observations, CONTEXT, closer=closer)
    assert verdicts(made, "torch.f")["output:y"] == verdict
    assert len(looks) == looked


def test_a_closer_look_acquits_and_never_convicts():
    formula = replace(seen(dtype="float64"), sensitivities={"output:y": np.full(2, 2.0), "grad:x": np.full(2, 2.0)})
    observations = {
        "reference": formula,
        "torch.f": seen(output_y=[1.0, 2.0 + 12 * 2.0**-23]),
        "tf.f": seen(output_y=[1.0, 2.0 + 6 * 2.0**-23]),
    }
    less = {name: np.full(2, 0.1) for name in ("output:y", "grad:x")}
    made = judge(make(), ITEM, observations, CONTEXT, closer=lambda: less)
    assert (verdicts(made, "torch.f")["output:y"], verdicts(made, "tf.f")["output:y"]) == ("fail", "pass")


def test_a_cause_is_looked_for_when_a_row_fails_only():
    asked = []

    def alternatives(instead):
        asked.append(instead.inputs_as)
        return {"output:y": Result(np.array([1.0, 2.5]), "float64")} if instead.inputs_as == "bfloat16" else {}

    observations = {"reference": seen(dtype="float64"), "torch.f": seen(output_y=[1.0, 2.5]), "tf.f": seen()}
    made = judge(make(), ITEM, observations, CONTEXT, alternatives)
    assert found(made, "torch.f")["output:y"].cause == WHOLE_TERMS, "two elements fit by chance"
    assert asked == ["tf32", "float16", "bfloat16"]
    asked.clear()
    judge(make(), ITEM, {**observations, "torch.f": seen()}, CONTEXT, alternatives)
    assert asked == []
