"""Counts of false alarms add up over sittings, and begin anew when what they hold for has changed."""

import json

from parity.judge import RED, judge
from proof.observe import Workers
from proof.report import document
from proof.seeds import DTYPES, NOTHING, _begun, add

SEED = {
    "seeds": 1, "items": 4, "rows": 90, "seconds": 2, "alarms": [],
    "shares": {"0.125": 3, "0.5": 1}, "rhos": {"0.5": 4},
}  # fmt: skip
ALARM = {"case": "conv2d", "left": "torch.conv2d", "dtype": "float32", "seed": 7, "reason": "too far"}


def test_seeds_add_up():
    twice = add(add(NOTHING, SEED), {**SEED, "alarms": [ALARM]})
    assert (twice["seeds"], twice["items"], twice["rows"], twice["seconds"]) == (2, 8, 180, 4)
    assert twice["shares"] == {"0.125": 6, "0.5": 2}
    assert twice["alarms"] == [ALARM]
    assert NOTHING["seeds"] == 0
    assert NOTHING["alarms"] == []


def test_a_sitting_goes_on_where_the_last_one_ended_for_the_same_judge_only(tmp_path):
    path = tmp_path / "seeds.json"
    holds_for = {"dtypes": ["float32"], "versions": {"torch": "2.13.0"}, "sources": "abc"}
    assert _begun(path, holds_for) == holds_for
    path.write_text(json.dumps({**holds_for, "one_variant": SEED}))
    assert _begun(path, holds_for)["one_variant"] == SEED
    assert _begun(path, {**holds_for, "sources": "def"}) == {**holds_for, "sources": "def"}


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
        "dtypes": ["float32"], "versions": {"torch": "2.13.0", "tensorflow": "2.21.0"},
        "one_variant": {**SEED, "alarms": [ALARM]}, "full": SEED,
    }  # fmt: skip
    (tmp_path / "proof").mkdir()
    for name, content in (
        ("seeds", seeds),
        ("faults", {"faults": [fault]}),
        ("sensitivity", {"cases": [case], "seeds": 3}),
    ):
        (tmp_path / "proof" / f"{name}.json").write_text(json.dumps(content))
    page = document(tmp_path)
    assert "| one variant of every case | 1 of 1,000 | 4 | 90 | 1 |" in page
    assert "`conv2d`, torch.conv2d: 1 rows, such as float32, seed 7: too far" in page
    assert "| 12.5% | 75.000% | 75.000% |" in page
    assert "1 faults, injected into the frameworks from outside: 1 killed, 1 attributed" in page
    assert "| this judge | 2.0e-06 | 2.0e-06 | 0.00% |" in page


def test_other_seeds_give_no_alarm_in_a_sample(pythons):
    """Every twelfth case; ``nox -s prove`` runs them all with many seeds."""
    workers = Workers(pythons)
    try:
        items = workers.items(DTYPES, one_variant=True)[::12]
        rows = [
            row
            for observed in workers.observe(items, (101, 102, 103))
            for row in judge(observed.case, observed.item, observed.observations, workers.context(observed.seed))
        ]
    finally:
        workers.stop()
    assert len(rows) > 1000
    assert [row for row in rows if row.verdict in RED] == []
