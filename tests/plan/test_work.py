"""The plan: items and units as small values."""

import json
from pathlib import Path

import pytest

from parity import Case, grid, normal
from parity.catalog.load import CaseFile
from parity.plan.work import Item, Unit, expand, units


@pytest.fixture
def case():
    made = Case(
        "op",
        "A case.",
        sizes={"N": 2},
        inputs={"x": normal("N")},
        outputs={"y": "N"},
        variants=grid(k=[1, 2]),
        dtypes=("float64", "float32"),
    )
    made.reference(lambda np, x: x)
    made.torch("torch.f")(lambda torch, x: x)
    made.torch("torch.g")(lambda torch, x: x)
    made.tensorflow("tf.f")(lambda tf, x: x)
    return made


def test_items_of_every_variant_dtype_and_device(case):
    file = CaseFile(Path("cases/ops.py"), (case,), ())
    assert [(i.file, i.name) for i in expand(file, None, ["cpu", "gpu:0"])] == [
        ("cases/ops.py", f"op[k={k}]-{dtype}-{device}")
        for k in (1, 2)
        for dtype in ("float64", "float32")
        for device in ("cpu", "gpu:0")
    ]


def test_only_dtypes_that_are_declared_and_asked_for(case):
    file = CaseFile(Path("ops.py"), (case,), ())
    assert [i.dtype for i in expand(file, ["float32", "float16"], ["cpu"])] == ["float32", "float32"]
    assert list(expand(file, ["float16"], ["cpu"])) == []


def test_names_of_items():
    assert Item("f.py", "op", "", "float32", "cpu").name == "op-float32-cpu"
    assert Item("f.py", "op", "k=3x2", "float16", "gpu:1").name == "op[k=3x2]-float16-gpu:1"


def test_items_of_every_mode_and_their_names(case):
    file = CaseFile(Path("ops.py"), (case,), ())
    found = [item.name for item in expand(file, ["float32"], ["cpu"], ["eager", "graph", "compiled"])]
    assert found == [
        f"op[k={k}]-float32-cpu{mode}" for k in (1, 2) for mode in ("", "-graph", "-compiled")
    ]  # fmt: skip


def test_an_item_of_another_mode_has_the_eager_units_too_and_no_naive_ports(case):
    case.torch.naive("torch.h", "wrong", because="b", source="s", fix="f")(lambda torch, x: x)
    item = Item("f.py", "op", "k=1", "float64", "cpu", "graph")
    assert [(u.api, u.mode, u.name) for u in units(case, item, 5, timed=False)] == [
        ("reference", "eager", "reference"),
        ("torch.f", "graph", "torch.f"),
        ("torch.f", "eager", "torch.f, eager"),
        ("torch.g", "graph", "torch.g"),
        ("torch.g", "eager", "torch.g, eager"),
        ("tf.f", "graph", "tf.f"),
        ("tf.f", "eager", "tf.f, eager"),
    ]


def test_a_case_that_runs_eagerly_only_has_units_in_that_mode_only(case):
    case.eager_only = "it is about arrays"
    assert len(units(case, Item("f.py", "op", "k=1", "float32", "cpu"), 5, timed=False)) == 4
    assert units(case, Item("f.py", "op", "k=1", "float32", "cpu", "graph"), 5, timed=False) == []


def test_a_unit_for_the_formula_and_for_each_implementation(case):
    item = Item("f.py", "op", "k=1", "float32", "gpu:0")
    assert [(u.framework, u.api, u.timed, u.seed) for u in units(case, item, 5, timed=True)] == [
        ("reference", "reference", False, 5),
        ("torch", "torch.f", True, 5),
        ("torch", "torch.g", True, 5),
        ("tensorflow", "tf.f", True, 5),
    ]


def test_a_unit_crosses_the_pipe_as_plain_text(case):
    for unit in units(case, Item("f.py", "op", "k=1", "float32", "cpu", "compiled"), 2**40, timed=False):
        assert Unit.from_header(json.loads(json.dumps(unit.to_header()))) == unit


def test_the_main_formats_are_called_as_in_inference(case):
    def asked(dtype, k, mode="eager"):
        item = Item("f.py", "op", f"k={k}", dtype, "cpu", mode)
        return {unit.inferred for unit in units(case, item, 5, timed=False) if unit.framework != "reference"}

    assert [asked("float32", k) for k in (1, 2)] == [{True}, {True}]
    assert [asked("float64", k) for k in (1, 2)] == [{True}, {False}]
    assert asked("float32", 1, "graph") == {False}
    case.dtypes = ("bfloat16", "float16")
    assert [asked("bfloat16", 2), asked("float16", 1)] == [{True}, {False}]
    case.untimed = "it computes nothing"
    assert asked("bfloat16", 2) == {True}


def test_a_naive_port_is_not_called_as_in_inference(case):
    case.torch.naive("torch.h", "wrong", because="b", source="s", fix="f")(lambda torch, x: x)
    made = units(case, Item("f.py", "op", "k=1", "float64", "cpu"), 5, timed=True)
    assert {unit.api for unit in made if not unit.inferred} == {"reference", "torch.h (wrong)"}


def test_an_item_that_is_repeated_has_each_implementation_again(case):
    item = Item("f.py", "op", "k=1", "float32", "cpu", "graph")
    made = [unit for unit in units(case, item, 5, timed=True, repeated=True) if unit.again]
    assert [(unit.name, unit.mode, unit.timed, unit.inferred) for unit in made] == [
        (f"{api}, again", "graph", False, False) for api in ("torch.f", "torch.g", "tf.f")
    ]
    assert Unit.from_header(json.loads(json.dumps(made[0].to_header()))) == made[0]
