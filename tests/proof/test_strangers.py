"""Strangers' declarations: a sample comes out right, and what the judge gets wrong is found and counted."""

import json
import textwrap

import pytest

from parity import Case, normal
from parity.judge.row import Row
from proof.observe import Workers
from proof.strangers import measure
from proof.strangers.measure import FOLDER, examine, judged_wrongly, wrong_in

SAMPLE = ("rms_norm", "pixel_shuffle", "padded_attention", "cholesky", "huber_loss")


@pytest.fixture(scope="module")
def workers(pythons):
    workers = Workers(pythons, FOLDER)
    yield workers
    workers.stop()


def test_a_sample_comes_out_right(workers):
    record = examine(workers, [11], SAMPLE)
    assert record["findings"] == []
    assert (record["operations"], record["seeds"]) == (len(SAMPLE), 1)
    assert record["right"] >= 2 * len(SAMPLE)
    assert record["wrong"] >= 3 * len(SAMPLE)


def test_there_are_many_operations_with_three_wrong_versions_each_and_no_broken_declaration(workers):
    cases = {case.name: case for file in workers.files for case in file.cases}
    assert len(cases) >= 100
    for case in cases.values():
        apis = [each.api for each in case.implementations]
        assert sum(map(measure.is_wrong, apis)) >= 3, case.name
        assert {each.framework for each in case.implementations if not measure.is_wrong(each.api)} == {
            "torch",
            "tensorflow",
        }, case.name
    assert list(measure._broken(workers)) == []


DECLARED = """
    from parity import Case, normal

    def case(name, formula, right=lambda x: x, wrong=lambda x: 2 * x, **versions):
        made = Case(name, "x.", sizes=dict(N=9), inputs=dict(x=normal("N")), outputs=dict(y="N"), dtypes=["float32"])
        made.reference(lambda np, x: formula(x))
        made.torch("right")(lambda torch, x: right(x))
        made.tensorflow("right, in TensorFlow")(lambda tf, x: 1.0 * x)
        made.torch("WRONG: twice")(lambda torch, x: wrong(x))
        for name, version in versions.items():
            made.torch(f"WRONG: {name}")(lambda torch, x: version(x))

    case("fine", lambda x: 1.0 * x)
    case("alarmed", lambda x: 1.0 * x, right=lambda x: 1.001 * x)
    case("missed", lambda x: 1.0 * x, wrong=lambda x: 1.0 * x)
    case("raises", lambda x: 1.0 * x, raising=lambda x: x.no_such_method())
    case("formula", lambda x: x.no_such_method())
    Case("broken", "No formula.", sizes=dict(N=2), inputs=dict(x=normal("N")), outputs=dict(y="N"))
"""


def test_what_is_judged_wrongly_is_found_and_ends_with_1(tmp_path, monkeypatch, pythons, capsys):
    (tmp_path / "declared.py").write_text(textwrap.dedent(DECLARED))
    monkeypatch.setattr(measure, "FOLDER", tmp_path)
    out = tmp_path / "record" / "strangers.json"
    arguments = [f"--{name}-python={path}" for name, path in pythons.items()]
    assert measure.main([f"--out={out}", "--seeds=2", *arguments]) == 1
    found = json.loads(out.read_text())["findings"]
    told = {(each["kind"], each["case"], each["version"], each["seeds"]) for each in found}
    assert {each for each in told if each[1] != "broken"} == {
        ("alarm", "alarmed", "right", 2),
        ("miss", "missed", "WRONG: twice", 2),
        ("error", "raises", "WRONG: raising", 2),
        ("error", "formula", "reference", 2),
    }
    assert any(each["case"] == "broken" and "formula" in each["reason"] for each in found)
    printed = capsys.readouterr().out
    assert "miss: missed-float32, 2 seeds: WRONG: twice: passes" in printed
    assert "operations: " in printed


@pytest.fixture
def case():
    made = Case("op", "A case.", sizes={"N": 3}, inputs={"x": normal("N")}, outputs={"y": "N"})
    made.torch("right")(lambda torch, x: x)
    made.tensorflow("other")(lambda tf, x: x)
    made.torch("WRONG: one (float32 only)")(lambda torch, x: x)
    return made


def row(left, right="reference", verdict="pass", **values):
    return Row(left=left, right=right, verdict=verdict, quantity="output:y", **values)


WRONG = "WRONG: one (float32 only)"


def test_blaming_the_other_framework_is_a_miss(case):
    rows = [row("right"), row("other"), row(WRONG, verdict="fail"), row(WRONG, "other", "fail", blame="tensorflow")]
    ((kind, api, why),) = judged_wrongly(case, "float32", rows)
    assert (kind, api) == ("miss", WRONG)
    assert "blamed on tensorflow" in why
    rows[-1] = row(WRONG, "other", "fail", blame="torch")
    assert judged_wrongly(case, "float32", rows) == []


def test_two_right_versions_that_disagree_are_an_alarm(case):
    rows = [row("right"), row("other"), row(WRONG, verdict="fail"), row("right", "other", "fail", blame="both")]
    assert [found[:2] for found in judged_wrongly(case, "float32", rows)] == [("alarm", "right")]


def test_nothing_is_asked_of_a_version_in_dtypes_in_which_it_is_not_wrong(case):
    rows = [row("right"), row("other"), row(WRONG)]
    assert [found[0] for found in judged_wrongly(case, "float32", rows)] == ["miss"]
    assert judged_wrongly(case, "float64", rows) == []
    assert wrong_in("WRONG: ε (float32, float64 only)", "float64")
    assert not wrong_in("WRONG: ε (float32, float64 only)", "bfloat16")
