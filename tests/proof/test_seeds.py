"""Counts of false alarms add up over sittings, and begin anew when what they hold for has changed."""

import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest

from parity.judge import RED
from proof.observe import ROOT, Workers
from proof.precision.measure import APART, SMALLEST, WRONG
from proof.report import document
from proof.seeds import (
    JUDGED,
    NOTHING,
    WIDE,
    Counts,
    Sitting,
    Sittings,
    add,
    begun,
    long,
    sittings,
    sources,
    total,
    work,
)
from proof.strangers.measure import Finding

NEAREST = {
    "case": "linear", "dtype": "float64", "seed": 3, "quantity": "output:y", "left": "tf.matmul", "error_ratio": 0.4567,
}  # fmt: skip
SEED = {
    "seeds": 1, "items": 4, "rows": 90, "seconds": 2, "alarms": [], "nearest": NEAREST,
    "shares": {"0.125": 3, "0.5": 1}, "rhos": {"0.5": 4}, "kernels": {"AVX2, Eigen": 3, "AVX2, oneDNN": 1},
}  # fmt: skip
ALARM = {"case": "conv2d", "left": "torch.conv2d", "dtype": "float32", "seed": 7, "reason": "too far"}


def test_seeds_add_up():
    twice = add(add(NOTHING, SEED), {**SEED, "alarms": [ALARM], "nearest": {**NEAREST, "error_ratio": 0.2}})
    assert (twice["seeds"], twice["items"], twice["rows"], twice["seconds"]) == (2, 8, 180, 4)
    assert twice["shares"] == {"0.125": 6, "0.5": 2}
    assert twice["kernels"] == {"AVX2, Eigen": 6, "AVX2, oneDNN": 2}
    assert twice["alarms"] == [ALARM]
    assert twice["nearest"] == NEAREST
    assert NOTHING["seeds"] == 0
    assert NOTHING["alarms"] == []


def test_files_add_up_to_the_seeds_that_all_of_them_have():
    whole = total({"a.py": {**SEED, "seeds": 50}, "b.py": {**SEED, "seeds": 30}})
    assert (whole["seeds"], whole["items"]) == (30, 8)
    assert total({})["seeds"] == 0


def test_files_take_turns_and_those_behind_catch_up():
    assert list(sittings({"a.py": 0, "b.py": 70}, {"a.py": 120, "b.py": 120})) == [
        ("a.py", range(50)),
        ("a.py", range(50, 100)),
        ("b.py", range(70, 100)),
        ("a.py", range(100, 120)),
        ("b.py", range(100, 120)),
    ]
    assert list(sittings({"a.py": 120}, {"a.py": 120})) == []
    assert list(sittings({"a.py": 0, "b.py": 0}, {"a.py": 60, "b.py": 20})) == [
        ("a.py", range(50)),
        ("b.py", range(20)),
        ("a.py", range(50, 60)),
    ]


def test_files_that_take_long_are_told_from_the_others():
    slow, fast, unknown = {**NOTHING, "seeds": 3, "seconds": 9}, {**NOTHING, "seeds": 3, "seconds": 5}, NOTHING
    assert long({"one_variant": {"slow.py": slow, "fast.py": fast, "new.py": unknown}}) == {"slow.py"}


def test_a_file_is_never_with_two_sets_of_workers():
    a, b, more_of_a = (Sitting("full", name, range(seeds)) for name, seeds in (("a.py", 5), ("b.py", 5), ("a.py", 9)))
    planned = Sittings([a, more_of_a, b])
    assert planned.next() == a
    assert planned.next() == b
    assert planned.next() is None
    planned.done(a)
    assert planned.next() == more_of_a


class OneFile:
    """Workers that have one case file, and whose only item is computed while ``meanwhile`` is called."""

    def __init__(self, meanwhile):
        self.files = [SimpleNamespace(path=Path("a.py"))]
        self._meanwhile = meanwhile

    def items(self, *args, **kwargs):
        return []

    def observe(self, items, seeds):
        self._meanwhile()
        return []


@pytest.mark.parametrize("stopped", [False, True])
def test_counts_are_written_sitting_by_sitting_and_not_when_one_was_stopped(tmp_path, stopped, capsys):
    path = tmp_path / "docs" / "seeds.json"
    planned = Sittings([Sitting("full", "a.py", range(2)), Sitting("full", "a.py", range(2, 4))])
    counts = Counts(path, begun(path, {"judge": "abc"}, {"a.py": "1"}))
    work(OneFile(planned.stop if stopped else lambda: None), planned, counts)
    if stopped:
        assert not path.exists()
    else:
        assert json.loads(path.read_text())["full"]["a.py"]["seeds"] == 4
        assert "full: a.py, 4 seeds" in capsys.readouterr().out


@pytest.mark.parametrize("changed", ["judge", "a.py"])
def test_a_sitting_goes_on_where_the_last_one_ended_unless_something_changed(tmp_path, changed):
    path = tmp_path / "seeds.json"
    holds_for = {"versions": {"torch": "2.13.0"}, "judge": "abc"}
    digests = {"a.py": "1", "b.py": "2"}
    record = begun(path, holds_for, digests)
    assert [record["one_variant"][name]["seeds"] for name in digests] == [0, 0]
    for name in digests:
        record["one_variant"][name] |= SEED
    path.write_text(json.dumps(record))
    assert begun(path, holds_for, digests) == record
    if changed == "judge":
        new = begun(path, {**holds_for, "judge": "def"}, digests)
    else:
        new = begun(path, holds_for, {**digests, "a.py": "other"})
    assert new["one_variant"]["a.py"]["items"] == 0
    assert new["one_variant"]["b.py"]["items"] == (0 if changed == "judge" else 4)


DESCRIBING = {"cause", "growth", "patterns", "precision", "suspect", "wrong"}
"""The modules that describe a row whose verdict is given."""


def test_all_of_the_judge_decides_but_what_describes_a_row():
    names = {path.stem for path in (ROOT / "parity" / "judge").glob("*.py")} - {"__init__"}
    assert names == {Path(path).stem for path in JUDGED if path.startswith("parity/judge/")} | DESCRIBING
    assert all((ROOT / path).exists() for path in JUDGED)


def test_a_case_file_changes_with_the_helpers_that_it_imports(tmp_path):
    (tmp_path / "case.py").write_text("import numpy\nfrom _one import f\n")
    (tmp_path / "_one.py").write_text("from _two import f\n")
    (tmp_path / "_two.py").write_text("from _one import g\n")
    (tmp_path / "_three.py").write_text("")
    assert [path.name for path in sources(tmp_path / "case.py")] == ["_one.py", "_two.py", "case.py"]


def test_the_page_tells_what_was_measured(tmp_path):
    fault = {
        "name": "torch-relu-leaks", "kind": "wrong function", "targets": {"torch": "torch.relu"}, "killed": True,
        "attributed": True, "worst": {"error_ratio": 1234.5, "verdict": "fail", "cause": "single elements"},
    }  # fmt: skip
    comparison = dict.fromkeys(
        ("this judge", "numpy.testing.assert_allclose", "torch.testing.assert_close", "Keras TestCase", "Polygraphy"),
        2e-6,
    )
    case = {"case": "linear", "quantities": 3, "noticed": comparison, "false_alarms": dict.fromkeys(comparison, 0.0)}
    seeds = {
        "versions": {"torch": "2.13.0", "tensorflow": "2.21.0"},
        "one_variant": {"linear.py": {**SEED, "alarms": [ALARM]}, "ptb_model.py": {**SEED, "seconds": 10}},
        "full": {"linear.py": SEED}, "narrow": {},
    }  # fmt: skip
    missed = Finding("miss", "blur", "", "float16", "WRONG: too wide", "passes", 2, 3)
    strangers = {"operations": 3, "right": 7, "wrong": 9, "items": 10, "seeds": 2, "findings": [asdict(missed)]}
    survivor = {
        "api": "torch.sum", "kind": "argument left at its default", "argument": "dim", "word": "survived",
        "because": "the sum is of one row",
    }  # fmt: skip
    killed = {"killed and blamed": 3, "survived": 1}
    mutants = {
        "counts": {**killed, "not reached": 2}, "kinds": {"argument left at its default": killed},
        "names": {"torch.sum": killed, "torch.abs": {"killed and blamed": 9}}, "survivors": [survivor],
        "never": {"NaN turned to zero": ["torch.abs"]},
    }  # fmt: skip
    versions = {"right": 0.25, f"{WRONG}inputs in bfloat16": 4.5, SMALLEST: 2e-6}
    precision = {
        "seeds": 5,
        "entries": [
            {"case": case, "terms": 36, "version": version, "beyond": beyond, "red": 5, "seeds": 5}
            for case in ("linear", *APART)
            for version, beyond in versions.items()
        ],
    }
    (tmp_path / "proof").mkdir()
    for name, content in (
        ("mutants", mutants),
        ("precision", precision),
        ("seeds", seeds),
        ("faults", {"faults": [fault]}),
        ("sensitivity", {"cases": [case], "seeds": 3}),
        ("strangers", strangers),
    ):
        (tmp_path / "proof" / f"{name}.json").write_text(json.dumps(content))
    page = document(tmp_path)
    assert "| one variant of every case | 1 | float32, float64 | 1 of 1,000 | 4 | 90 | 1 |" in page
    assert (
        "| one variant of every case, in files that take long | 1 | float32, float64 | 1 of 100 | 4 | 90 | 0 |" in page
    )
    assert "`conv2d`, torch.conv2d: 1 rows, such as float32, seed 7: too far" in page
    assert "which the processor decides: AVX2, Eigen: 9; AVX2, oneDNN: 3." in page
    assert "| 12.5% | 75.000% | 75.000% |" in page
    assert "| 45.7% | `linear`, float64, seed 3 | `output:y` | tf.matmul |" in page
    assert "1 faults, injected into the frameworks from outside: 1 killed, 1 attributed" in page
    assert "4 mutants of 2 names: 3 killed and blamed (75.0%), 0 killed and not blamed, 1 survived. Not counted" in page
    assert "| argument left at its default | 3 | 0 | 1 | 0 | 75.0% |" in page
    assert "NaN turned to zero: 1 of 2 names" in page
    assert "| `torch.sum` | 3 of 4 | 75.0% |" in page
    assert "Every mutant of 1 names was killed and blamed." in page
    assert "| argument left at its default | the sum is of one row | `torch.sum` (dim) |" in page
    assert "| inputs in bfloat16 | linear | 4.5 |" in page
    assert "| linear | 2.0e-06 |" in page
    assert "| this judge | 2.0e-06 | 2.0e-06 | 0.00% |" in page
    assert "| 3 | 7 | 9 | 10 | 2 | 0 | 1 | 0 |" in page
    assert "- miss: blur-float16, 3 seeds: WRONG: too wide: passes" in page


@pytest.fixture(scope="module")
def workers(pythons):
    workers = Workers(pythons)
    yield workers
    workers.stop()


def judged(workers, items, seeds):
    return [row for observed in workers.observe(items, seeds) for row in workers.judged(observed)]


def test_other_seeds_give_no_alarm_in_a_sample(workers):
    """Every twelfth case; ``nox -s prove`` runs them all with many seeds."""
    rows = judged(workers, workers.items(WIDE, one_variant=True)[::12], (101, 102, 103))
    assert len(rows) > 1000
    assert [row for row in rows if row.verdict in RED] == []


ONCE_REJECTED = [
    ("text_encoder_training", "", 82, "Keras rounds a weight for every row of a sparse gradient"),
    ("padded_embedding", "", 144, "no id was the padding, so that leaving it out was right"),
    ("empty_rnn", "N=3", 35, "used 87 %: the derivative of tanh comes from its rounded result"),
    (
        "tf1_lstm_cell", "use_peepholes=true-forget_bias=2.5", 18,
        "used 78 %: the derivative of a sigmoid comes from its rounded result, and 1 - y is small near 1",
    ),
    (
        "lstm", "layers=2-bidirectional=false-initial_state=false", 7,
        "used 46 %: the derivative of a sigmoid comes from its rounded result",
    ),
    (
        "positive_weight", "reduction=none", 129,
        "used 88 %: PyTorch subtracts w t from (w t + 1 - t) sigmoid(x), unlike the formula's derivative",
    ),
    (
        "standard_deviation", "", 665,
        "PyTorch's gradient takes the mean for a constant; the formula's had the mean's own, which undoes its error",
    ),
    ("text_classifier", "vectors=trained", 647, "ReLU left nothing of any text, so that all ports were right"),
    ("larger_of_two", "", 713, "no two numbers were equal, so that all ports were right"),
    (
        "empty_conv2d", "N=3", 390,
        "used 64 %: the formula added up the gradient of x offset by offset, PyTorch over the whole kernel",
    ),
    ("ctc_loss", "blank=0", 63, "used 87 %: PyTorch takes the exponential of rounded sums of logarithms"),
    (
        "dilated_conv3d", "kernel_size=2x3x2-padding=valid-dilation=2x1x3", 99,
        "used 62 %: TensorFlow adds up a bias gradient in turn",
    ),
    (
        "conv3d", "kernel_size=3x2x3-stride=2x1x1-padding=1x0x2", 5,
        "used 66 %: the formula added up the gradient of x axis by axis, PyTorch over the whole kernel",
    ),
    (
        "strided_dilated_depthwise_conv2d", "kernel_size=3x3-stride=2x2-dilation=2x2-H=8-W=12", 6,
        "what TensorFlow computes instead was further off than declared",
    ),
    (
        "max_pool3d", "window=2x3x4-stride=3x2x1-padding=same", 11,
        "used 90 %: nothing that came after a formula's np.stack was rounded",
    ),
    ("log_softmax", "axis=-1-mean=0-std=1000", 201, "in float16 a negative number rounded to 0.0, not to -0.0"),
    ("batch_norm2d", "training=false-scale=true-center=false", 203, "in float16 a difference of zero was -0.0"),
    (
        "every_gelu", "differentiated=false", 5,
        "in bfloat16 what is 0 too early came as near to what is allowed as the estimate of S is uncertain",
    ),
    ("selu", "", 203, "in bfloat16 x was so near zero that TensorFlow's derivative is that of positive numbers"),
]  # fmt: skip
"""Variants and seeds that gave a false alarm or came near one, and why."""


@pytest.mark.parametrize(("name", "variant", "seed", "why"), ONCE_REJECTED, ids=[each[0] for each in ONCE_REJECTED])
def test_seeds_that_were_once_rejected_are_not(workers, name, variant, seed, why):
    everything = workers.items(None, one_variant=False)
    items = [(case, item) for case, item in everything if (case.name, item.variant) == (name, variant)]
    rows = judged(workers, items, [seed])
    assert rows
    assert [row for row in rows if row.verdict in RED] == [], why
    near = {"float16": 0.75, "float32": 0.7}  # Convolutions: added up in float16, or by Winograd
    passed = [row for row in rows if row.verdict == "pass"]
    assert passed
    assert [row for row in passed if (row.error_ratio or 0.0) >= near.get(row.dtype, 0.6)] == []
