"""Mutants: made from calls, put into a running worker and taken out again, killed or told as what they are."""

import json
from types import SimpleNamespace

import pytest

from parity.plan.work import Item
from proof.mutants import kinds
from proof.mutants.allowed import ALLOWED, Allowance, read_allowed
from proof.mutants.bench import Bench, Request, Site
from proof.mutants.kinds import Mutant
from proof.mutants.outcome import EXCUSED, KILLED, ONLY_TRAPS, RED_BEFORE, SURVIVED, UNREACHED, Outcome
from proof.mutants.session import choose, main, never, summary, tried
from proof.mutants.trial import attempts, try_all, try_mutant

CASES = """
import parity

pick = parity.Case(
    "pick",
    "The larger of x and a limit, twice.",
    sizes=dict(N=3, C=4),
    inputs=dict(x=parity.normal("N C")),
    outputs=dict(y="N C"),
    dtypes=["float32", "float64"],
)


@pick.reference
def _(np, x):
    return 2 * np.maximum(x, 0.25)


@pick.torch("torch.clamp")
def _(torch, x):
    return torch.mul(torch.clamp(x, min=0.25, max=100.0), 2)


@pick.tensorflow("tf.maximum")
def _(tf, x):
    return tf.multiply(tf.maximum(x, 0.25), 2)


@pick.torch.naive("torch.abs", "absolute values", because="a trap", source="measured", fix="clamp")
def _(torch, x):
    return torch.abs(x)


affine = parity.Case(
    "affine",
    "A linear map.",
    sizes=dict(N=1, I=3, O=2),
    inputs=dict(x=parity.normal("N I")),
    weights=dict(kernel=parity.normal("O I")),
    outputs=dict(y="N O"),
    dtypes=["float32"],
)


@affine.reference
def _(np, x, kernel):
    return x @ kernel.T


@affine.torch.layer("torch.nn.Linear", weights=dict(weight="kernel: O I"))
def _(torch, *, I, O):
    return torch.nn.Linear(I, O, bias=False, device=None)


@affine.tensorflow.layer("keras.layers.Dense", weights=dict(kernel="kernel: I O"))
def _(tf, *, O):
    return tf.keras.layers.Dense(O, use_bias=False, activation="linear")
"""


@pytest.fixture(scope="module")
def bench(pythons, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutants")
    (folder / "small.py").write_text(CASES)
    made = Bench(pythons, cases=folder)
    yield made
    made.close()


@pytest.fixture(scope="module")
def reached(bench):
    return bench.reached(bench.files)


def outcome(bench, reached, api, kind, argument="", framework="torch"):
    mutant = Mutant(framework, api, kind, argument)
    return try_mutant(bench, mutant, reached[mutant])


def test_mutants_are_made_of_the_calls(reached):
    of_clamp = {(m.kind, m.argument) for m in reached if m.api == "torch.clamp"}
    assert (kinds.AT_DEFAULT, "min") in of_clamp
    assert (kinds.ZERO, "input") in of_clamp
    assert {(kind, "input") for kind in (kinds.NO_GRADIENT, kinds.ZERO_GRADIENT, kinds.DOUBLED_GRADIENT)} < of_clamp
    assert {(kind, "0") for kind in (kinds.SCALED, kinds.SHIFTED, kinds.FIRST_WRONG, kinds.LAST_WRONG)} < of_clamp
    assert {(kinds.IN_FLOAT32, ""), (kinds.OF_PROCESS, ""), (kinds.OVERWRITTEN, "")} < of_clamp
    assert not {(kinds.BATCH_OF_ONE, ""), (kinds.NAN_HIDDEN, ""), (kinds.OTHER_ERROR, "")} & of_clamp
    of_linear = {(m.kind, m.argument) for m in reached if m.api == "torch.nn.Linear"}
    assert {(kinds.AT_DEFAULT, "bias"), (kinds.BATCH_OF_ONE, ""), (kinds.ZERO_GRADIENT, "weight weight")} < of_linear
    assert (kinds.AT_DEFAULT, "device") not in of_linear, "it is at its default"


def test_situations_that_no_call_has_are_told(reached):
    found = never(reached)
    assert "torch.clamp" in found[kinds.BATCH_OF_ONE]
    assert "torch.nn.Linear" not in found[kinds.BATCH_OF_ONE]
    assert {"torch.clamp", "keras.layers.Dense"} < set(found[kinds.NAN_HIDDEN])
    assert "keras.layers.Dense" not in found[kinds.STRIDED], "TensorFlow has no such tensors"


@pytest.mark.parametrize(
    ("framework", "api", "kind", "argument"),
    [
        ("torch", "torch.clamp", kinds.AT_DEFAULT, "min"),
        ("torch", "torch.nn.Linear", kinds.OVERWRITTEN, ""),
        ("torch", "torch.clamp", kinds.OF_CALL, ""),
        ("torch", "torch.clamp", kinds.OF_PROCESS, ""),
        ("tensorflow", "keras.layers.Dense", kinds.OF_PROCESS, ""),
        ("torch", "torch.mul", kinds.IN_FLOAT32, ""),
        ("torch", "torch.nn.Linear", kinds.NO_GRADIENT, "weight weight"),
        ("torch", "torch.nn.Linear", kinds.BATCH_OF_ONE, ""),
        ("torch", "torch.nn.Linear", kinds.OTHER_DTYPE, ""),
        ("tensorflow", "tf.maximum", kinds.ZERO, "x"),
        ("tensorflow", "tf.multiply", kinds.DOUBLED_GRADIENT, "x"),
        ("tensorflow", "tf.multiply", kinds.MIDDLE_WRONG, "0"),
        ("tensorflow", "keras.layers.Dense", kinds.ZERO_GRADIENT, "weight kernel"),
        ("tensorflow", "keras.layers.Dense", kinds.SCALED, "0"),
    ],
)
def test_mutants_are_killed_and_the_framework_is_blamed(bench, reached, framework, api, kind, argument):
    found = outcome(bench, reached, api, kind, argument, framework)
    assert found.word == KILLED, found


def test_a_mutant_that_no_row_shows_survives(bench, reached):
    found = outcome(bench, reached, "keras.layers.Dense", kinds.AT_DEFAULT, "activation", "tensorflow")
    assert (found.word, found.cases) == (SURVIVED, ("affine",))


def test_what_only_traps_call_is_not_counted(bench, reached):
    assert outcome(bench, reached, "torch.abs", kinds.SCALED, "0").word == ONLY_TRAPS


def test_a_mutant_that_changes_nothing_is_not_reached(bench, reached):
    mutant = Mutant("torch", "torch.clamp", kinds.NAN_HIDDEN)
    sites = reached[Mutant("torch", "torch.clamp", kinds.SCALED, "0")]
    assert try_mutant(bench, mutant, sites).word == UNREACHED


def test_nothing_of_a_mutant_is_left(bench, reached):
    mutant = Mutant("torch", "torch.nn.Linear", kinds.SHIFTED, "0")
    (site,) = reached[mutant]
    before = bench.own(site.item, "torch", site.api)
    wrong = bench.submit(Request(site.item, "torch", site.api, 0, mutant=mutant)).result()
    assert wrong.results["output:y"].array.tolist() != before.results["output:y"].array.tolist()
    assert bench.is_as_it_was(site.item, "torch", site.api)


def test_mutants_that_leave_something_behind_are_tried_in_processes_of_their_own(bench, reached, monkeypatch):
    restarted = []
    monkeypatch.setattr(bench, "is_as_it_was", lambda *place: False)
    monkeypatch.setattr(bench, "restart", restarted.append)
    mutants = [(m, reached[m]) for m in (Mutant("torch", "torch.mul", kinds.SCALED, "0"),)]
    assert [found.word for found in try_all(bench, mutants)] == [KILLED]
    assert restarted == ["torch", "torch"]


def test_a_new_process_answers_what_was_asked_of_the_old_one(bench, reached):
    (site,) = reached[Mutant("torch", "torch.nn.Linear", kinds.SCALED, "0")]
    before = bench.own(site.item, "torch", site.api)
    bench.restart("torch")
    assert bench.is_as_it_was(site.item, "torch", site.api)
    assert before.failure is None


def test_a_sample_is_the_same_each_time(bench):
    first, again = (choose(bench, 10)[0] for _ in range(2))
    assert {key: [mutant for mutant, _ in found] for key, found in first.items()} == {
        key: [mutant for mutant, _ in found] for key, found in again.items()
    }


@pytest.fixture
def survivor():
    return Outcome(Mutant("torch", "torch.sum", kinds.AT_DEFAULT, "dim"), SURVIVED, "sum-float32-cpu", "", 3, ("sum",))


def test_a_survivor_has_a_reason_or_none(survivor):
    killed = Outcome(Mutant("torch", "torch.sum", kinds.SCALED, "0"), KILLED)
    record = summary([survivor, killed], [Allowance("no sum", ["torch.s*"], [kinds.AT_DEFAULT])])
    assert record["score"] == 1.0, "what nothing could show does not count"
    assert record["kinds"] == {kinds.AT_DEFAULT: {EXCUSED: 1}, kinds.SCALED: {KILLED: 1}}
    assert record["survivors"][0]["because"] == "no sum"
    for other in (Allowance("no sum", kinds=[kinds.SCALED]), Allowance("no sum", cases=["mean"])):
        record = summary([survivor, killed], [other])
        assert (record["score"], record["survivors"][0]["because"]) == (0.5, "")


def test_what_may_survive_is_read_from_a_table(tmp_path):
    table = tmp_path / "allowed.toml"
    table.write_text('[[allowed]]\napis = ["torch.*"]\nbecause = "so"\nkinds = ["no such kind"]\n')
    with pytest.raises(ValueError, match="'no such kind' is not a kind of mutant"):
        read_allowed(table)
    table.write_text('[[allowed]]\napi = "torch.*"\n')
    with pytest.raises(ValueError, match="an entry has because"):
        read_allowed(table)
    assert all(each.because for each in read_allowed(ALLOWED))


def test_a_session_fails_on_a_survivor_without_a_reason(bench, pythons, tmp_path, capsys):
    arguments = [
        "--only=keras.layers.Dense",
        f"--out={tmp_path / 'mutants.json'}",
        f"--cases={bench.files[0].path.parent}",
    ]
    assert main([*arguments, *(f"--{name}-python={python}" for name, python in pythons.items())]) == 1
    record = json.loads((tmp_path / "mutants.json").read_text())
    assert record["names"].keys() == {"keras.layers.Dense"}
    assert "survived: keras.layers.Dense: argument left at its default (activation), tried in affine" in (
        capsys.readouterr().out
    )


def test_cases_of_different_files_are_tried_first_and_what_fails_anyway_last():
    def site(file, case, seconds, variant="", fails=False):
        return Site(Item(file, case, variant, "float32", "cpu"), "tf.pad", seconds, trap=False, fails=fails)

    sites = [
        site("special", "relu", 1),
        site("special", "clip", 2),
        site("special", "clip", 1.5, "fails", fails=True),
        site("pooling", "average", 3),
        site("pooling", "maximum", 4),
    ]
    bench = SimpleNamespace(
        cases=dict.fromkeys(("relu", "clip", "average", "maximum"), SimpleNamespace(dtypes=["float32"]))
    )
    tried_in = [item for item, _ in attempts(bench, Mutant("tensorflow", "tf.pad", kinds.LAST_WRONG, "0"), sites)]
    assert [item.case for item in tried_in] == ["relu", "average", "clip", "maximum", "clip"]
    assert tried_in[-1].variant == "fails"


SAMPLE = 24


def test_a_sample_of_the_catalogue_has_no_survivor_without_a_reason(pythons):
    """``nox -s prove`` tries them all."""
    bench = Bench(pythons)
    try:
        outcomes = list(tried(bench, choose(bench, SAMPLE)[0]))
    finally:
        bench.close()
    assert len(outcomes) == SAMPLE
    assert not any(found.word == RED_BEFORE for found in outcomes)
    assert [each for each in summary(outcomes, read_allowed(ALLOWED))["survivors"] if not each["because"]] == []
