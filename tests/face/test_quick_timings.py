"""Quick timings of a parity run: what has them, what has none and why, and that they decide no verdict."""

import math

import pytest

from parity.record.read import read_quick

pytestmark = pytest.mark.alone

CASES = """
import gc

from parity import Case, normal

SETTINGS = dict(sizes=dict(N=30), inputs=dict(x=normal("N")), outputs=dict(y="N"), dtypes=["float64", "float32"])

penalty = Case("penalty", "The square of the derivative of softplus, as a gradient penalty takes it.", **SETTINGS)
penalty.timed({"large": dict(N=300)})

@penalty.reference
def _(np, x):
    return (0.5 + 0.5 * np.tanh(0.5 * x)) ** 2

@penalty.torch("torch.autograd.grad")
def _(torch, x):
    (g,) = torch.autograd.grad(torch.nn.functional.softplus(x).sum(), x, create_graph=True)
    return g**2

@penalty.tensorflow("tf.GradientTape")
def _(tf, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.softplus(x)
    return tape.gradient(y, x) ** 2

shy = Case("shy", "y = 2 x, but not while the garbage collector is off, as it is while time is taken.", **SETTINGS)

@shy.reference
def _(np, x):
    return 2 * x

@shy.torch("torch.mul")
def _(torch, x):
    if not gc.isenabled():
        raise RuntimeError("not now, <b>please</b>")
    return torch.mul(x, 2)

@shy.tensorflow("tf.multiply")
def _(tf, x):
    return tf.multiply(x, 2)

counted = Case("counted", "y = x, which tells nothing.", **SETTINGS, untimed="it counts <i>and</i> computes nothing")

@counted.reference
def _(np, x):
    return 1 * x

@counted.torch("torch.clone")
def _(torch, x):
    return torch.clone(x)

@counted.tensorflow("tf.identity")
def _(tf, x):
    return tf.identity(x)

refused = Case("refused", "y = x, which PyTorch refuses.", **SETTINGS)
refused.limitation("torch.clone", raises="ValueError: will not", because="it is made to", source="this file")

@refused.reference
def _(np, x):
    return 1 * x

@refused.torch("torch.clone")
def _(torch, x):
    raise ValueError("will not")

@refused.tensorflow("tf.identity")
def _(tf, x):
    return tf.identity(x)
"""


@pytest.fixture(scope="module")
def run(folder_of, run_in, interpreters):
    return run_in(folder_of({"cases/quick.py": CASES}), "cases", "--reports=reports", *interpreters)


@pytest.fixture(scope="module")
def quick(run):
    """``quick(case, implementation)``: its rows by dtype and measure."""
    table = read_quick(run.folder / "reports")

    def of(case, implementation):
        chosen = table[(table["case"] == case) & (table["implementation"] == implementation)]
        return {(row.dtype, row.measure): row for row in chosen.itertuples()}

    return of


def test_no_timing_decides_a_verdict(run):
    assert run.code == 0, run.all
    assert {row["verdict"] for row in run.rows()} == {"pass", "expected"}
    assert {row["verdict"] for row in run.rows(case="penalty")} == {"pass"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_differentiates_in_its_forward_pass_is_timed_while_gradients_are_recorded(quick, dtype):
    rows = quick("penalty", "torch.autograd.grad")
    forward, both = rows[dtype, "forward"], rows[dtype, "forward+backward"]
    assert 0 < forward.min_seconds <= forward.median_seconds <= forward.max_seconds
    assert forward.note.startswith("timed while gradients are recorded: without, it raises RuntimeError: element 0")
    assert both.median_seconds > 0
    assert both.note == ""
    assert {row.note for row in quick("penalty", "tf.GradientTape").values()} == {""}


def test_what_raises_when_it_is_called_again_has_a_note_and_no_time(quick):
    for row in quick("shy", "torch.mul").values():
        assert row.note == "not timed: called again, it raises RuntimeError: not now, <b>please</b>"
        assert row.rounds == 0
        assert math.isnan(row.median_seconds)


def test_what_gives_no_results_has_a_row_that_says_why(quick):
    assert set(quick("refused", "torch.clone")) == {("float32", ""), ("float64", "")}
    for row in quick("refused", "torch.clone").values():
        assert row.note.startswith("not timed: ValueError: will not")
    assert all(row.rounds for row in quick("refused", "tf.identity").values())


def test_a_case_that_asks_for_none_has_none_and_is_counted(run, quick):
    assert not quick("counted", "torch.clone")
    why = "it counts <i>and</i> computes nothing"
    assert run.json("environment.json")["quick_timings"] == {"cases": 3, "untimed": {"counted": why}}
    assert "quick timings: 3 of 4 cases; parity.html lists the others, with reasons" in run.out


def test_the_page_has_notes_and_reasons_as_text(run):
    page = (run.folder / "reports" / "parity.html").read_text()
    assert "1 case has no quick timing" in page
    assert "counted: it counts &lt;i&gt;and&lt;/i&gt; computes nothing" in page
    assert "called again, it raises RuntimeError: not now, &lt;b&gt;please&lt;/b&gt;" in page


def test_timings_in_turns_time_it_as_well(run, run_in, interpreters):
    done = run_in(run.folder, "cases", "--timings", "--processes=2", "-k", "penalty and large", *interpreters)
    assert done.code == 0, done.all
    assert "1 passed" in done.out
