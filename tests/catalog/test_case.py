"""Resolving a case: sizes, settings, tensors per variant, what is exact and what is known."""

import pytest

from parity import Case, Tolerance, buffer, grid, integers, normal
from parity.catalog.calls import bind, call_with, signature
from parity.catalog.errors import DeclarationError
from parity.catalog.known import Circumstances, Limitation
from parity.catalog.variants import Variant


def make(**changes):
    given = {"sizes": {"N": 2, "C": 3}, "inputs": {"x": normal("N C")}, "outputs": {"y": "N C"}, **changes}
    return Case("op", "A case.", **given)


def sizes(case, number=0):
    return case.axis_sizes(case.variants[number])


# Sizes -----------------------------------------------------------------------------------------------------------


def test_sizes_as_numbers_labels_and_functions():
    case = make(
        sizes={"h": lambda k, stride: k * stride + 1, "n": 2, "g": ("i", "f", "o"), "k": lambda n: n + 1},
        variants=grid(stride=[2, 5]),
    )
    assert sizes(case, 0) == {"n": 2, "g": 3, "k": 3, "h": 7}
    assert sizes(case, 1) == {"n": 2, "g": 3, "k": 3, "h": 16}
    assert case.labels == {"g": ("i", "f", "o")}


def test_a_parameter_of_the_same_name_takes_precedence():
    case = make(sizes={"n": 2, "c": lambda n: 10 * n}, parameters={"n": 4}, variants=grid(c=[7]) + grid(n=[5]))
    assert sizes(case, 0) == {"n": 4, "c": 7}
    assert sizes(case, 1) == {"n": 5, "c": 50}


def test_a_size_may_be_zero():
    assert sizes(make(sizes={"N": 0, "C": 3})) == {"N": 0, "C": 3}


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": lambda c: c, "c": lambda n: n},
        {"n": lambda n: n},
        {"a": lambda b: b, "b": lambda c: c, "c": lambda a: a},
    ],
    ids=["two", "itself", "three"],
)
def test_sizes_that_depend_on_each_other(wrong):
    with pytest.raises(DeclarationError) as caught:
        sizes(make(sizes=wrong))
    assert str(caught.value) == f"the sizes of {' and '.join(wrong)} depend on each other"


@pytest.mark.parametrize("size", [-1, 2.0, "3", None, lambda: 1.5])
def test_a_size_is_a_whole_number(size):
    with pytest.raises(DeclarationError, match=r"^axis N has size .*: a size is a whole number from 0 up$"):
        sizes(make(sizes={"N": size}))


def test_a_size_that_asks_for_something_unknown_names_it():
    with pytest.raises(DeclarationError, match=r"\bn\b.*\bq\b"):
        sizes(make(sizes={"n": lambda q: q}))


# Settings and tensors --------------------------------------------------------------------------------------------


def test_defaults_hold_where_a_variant_says_nothing():
    case = make(parameters={"bias": True, "stride": 1}, variants=grid(stride=[2]) + grid(bias=[False]))
    assert [case.settings(variant) for variant in case.variants] == [
        {"bias": True, "stride": 2},
        {"bias": False, "stride": 1},
    ]


def test_a_case_without_grid_has_one_variant_without_id():
    case = make(parameters={"bias": True})
    assert [variant.id for variant in case.variants] == [""]
    assert case.settings(case.variants[0]) == {"bias": True}


def test_variants_are_found_by_id():
    case = make(variants=grid(k=[(1, 2), (3, 4)]))
    assert case.variant("k=3x4").parameters == {"k": (3, 4)}


def test_tensors_as_functions_of_the_parameters():
    case = make(
        parameters={"batched": False},
        inputs=lambda batched: {"x": normal("N T C" if batched else "N C")},
        weights=lambda bias: {"b": normal("C")} if bias else {},
        outputs=lambda: {"y": "N C"},
        states={"mean": buffer("C")},
        variants=grid(bias=[True, False], batched=[True, False]),
    )
    first, last = case.variants[0], case.variants[-1]
    assert case.inputs(first)["x"].axes == ("N", "T", "C")
    assert case.inputs(last)["x"].axes == ("N", "C")
    assert list(case.weights(first)) == ["b"]
    assert case.weights(last) == {}
    assert case.outputs(first)["y"].axes == ("N", "C")
    assert case.outputs(first)["y"].gradient
    assert not case.states(first)["mean"].gradient


def test_a_case_has_no_other_framework():
    with pytest.raises(AttributeError, match="case op has no 'jax'; frameworks are torch, tensorflow"):
        _ = make().jax


def test_integers_take_no_gradient():
    assert not integers("N", 0, 4).gradient
    assert integers("N", 0, 4).whole
    assert normal("N").gradient
    assert not normal("N", gradient=False).gradient


# Calling ---------------------------------------------------------------------------------------------------------


def test_a_formula_gets_tensors_by_name_none_for_absent_ones_and_its_settings():
    def formula(np, kernel, x, bias=None, *, stride, n):
        return np, kernel, x, bias, stride, n

    known = {"stride": 3, "n": 4, "other": 5}
    assert bind(formula, "np", ["x", "kernel"], known)(1, 2) == ("np", 2, 1, None, 3, 4)
    assert bind(formula, "np", ["kernel", "x", "bias"], known)(1, 2, 3) == ("np", 1, 2, 3, 3, 4)


def test_a_formula_may_gather_the_remaining_tensors():
    def formula(np, x, *, k, **weights):
        return x, k, weights

    assert bind(formula, None, ["a", "x", "b"], {"k": 4})(2, 1, 3) == (1, 4, {"a": 2, "b": 3})
    assert signature(formula).takes_all


def test_a_function_of_parameters_gets_those_it_asks_for():
    assert call_with(lambda b, c=7: (b, c), {"a": 1, "b": 2}) == (2, 7)


# What is known ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exact", "quantities"),
    [
        (False, []),
        (True, ["output:y", "grad:x", "state:h"]),
        (["output:*"], ["output:y"]),
        (("grad:x", "state:*"), ["grad:x", "state:h"]),
    ],
)
def test_exact_quantities(exact, quantities):
    case = make(exact=exact)
    assert [q for q in ("output:y", "grad:x", "state:h") if case.is_exact(q)] == quantities


def test_a_tolerance_may_hold_for_some_dtypes():
    assert Tolerance(1, 1, "why").applies("float64")
    assert [d for d in ("float32", "float16") if Tolerance(1, 1, "why", ["float16"]).applies(d)] == ["float16"]


def known(case, api="torch.f", dtype="float32", device="cpu", run="eager", kernels="", **parameters):
    return case.known_of(api, Variant(str(parameters), parameters), Circumstances(dtype, device, run, kernels))


def test_a_limitation_holds_for_its_api_variants_dtypes_devices_and_modes():
    case = make(parameters={"mode": "a"})
    case.limitation(
        "torch.f",
        raises="ValueError: no",
        because="b",
        source="s",
        when={"stride": 2, "mode": "a"},
        dtypes=["float32"],
        devices=["gpu"],
        modes=["eager", "compiled"],
    )
    (found,) = known(case, device="gpu:1", stride=2)
    assert isinstance(found, Limitation)
    assert (found.stage, found.raises, found.because, found.source) == ("forward", "ValueError: no", "b", "s")
    assert known(case, device="gpu:1", stride=2, run="compiled") == [found]
    assert known(case, device="gpu:1", stride=2, run="graph") == []
    assert known(case, device="gpu:1", stride=1) == []
    assert known(case, device="gpu:1") == []
    assert known(case, device="gpu:1", stride=2, mode="b") == []
    assert known(case, device="cpu", stride=2) == []
    assert known(case, device="gpu:1", stride=2, dtype="float64") == []
    assert known(case, api="tf.f", device="gpu:1", stride=2) == []


@pytest.mark.parametrize(("kernels", "holds"), [("avx512", True), ("avx2", True), ("default", False), ("", False)])
def test_what_names_kernels_holds_with_those_only(kernels, holds):
    case = make()
    case.limitation("torch.f", raises="ValueError: no", because="b", source="s", kernels=["avx512", "avx2"])
    case.deviation("torch.f", quantities=["*"], within=1, because="b", source="s", kernels=["avx512", "avx2"])
    case.unrepeatable("torch.f", because="b", source="s", kernels=["avx512", "avx2"])
    assert len(known(case, kernels=kernels)) == (3 if holds else 0)


@pytest.mark.parametrize("run", ["eager", "graph", "compiled"])
def test_what_names_no_modes_holds_in_all_in_the_order_of_declaration(run):
    case = make()
    case.limitation("torch.f", raises="ValueError: no", because="b", source="s")
    case.deviation("torch.f", quantities=["output:*"], within=0.1, because="b", source="s")
    limitation, deviation = known(case, run=run)
    assert isinstance(limitation, Limitation)
    assert limitation.raises == "ValueError: no"
    assert deviation.covers("output:y")
    assert not deviation.covers("grad:x")


def test_naive_ports_run_eagerly_in_the_first_dtype():
    case = make(dtypes=["float32", "float64"])
    case.torch.naive("torch.g", "wrong", because="b", source="s", fix="f")(lambda torch, x: x)
    variant = case.variants[0]
    assert [naive.api for naive in case.divergences_for(variant, "float32", "eager")] == ["torch.g (wrong)"]
    assert case.divergences_for(variant, "float64", "eager") == []
    assert case.divergences_for(variant, "float32", "graph") == []
