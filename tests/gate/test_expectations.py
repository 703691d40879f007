"""Known changes are accepted as they are declared, and only so long."""

from datetime import date

import pytest

from parity.gate.compare import compare
from parity.gate.expectations import ExpectationError, apply, read_expectations, text
from parity.gate.verdict import Share, Verdict

TODAY = date(2026, 11, 21)
ENTRY = {
    "change": "broke parity", "case": "breaking", "framework": "torch", "versions": ">=2,<3", "owner": "ops",
    "reason": "tanh is approximated now", "link": "https://example.org/1", "expires": "2027-01-31",
}  # fmt: skip


def written(path, *entries):
    lines = []
    for entry in entries:
        lines.append("[[expect]]")
        lines += [f"{name} = {value if name == 'expires' else repr(value)}" for name, value in entry.items()]
    path.write_text("\n".join(lines))
    return read_expectations(path)


@pytest.fixture
def judged(tmp_path, old, new):
    def judge(*entries):
        found = compare(old, new)
        items = {(change.item, change.case) for change in found.changes}
        versions = {"torch": "2.14.1+cpu", "tensorflow": "2.21.0"}
        return apply(written(tmp_path / "expectations.toml", *entries), found.changes, versions, items, TODAY)

    return judge


def of(changes, case):
    return [change for change in changes if change.case == case and change.implementation.startswith("torch.")]


def test_an_expected_change_needs_nobody(judged):
    changes, stale = judged(ENTRY)
    assert stale == []
    assert {change.needs for change in of(changes, "breaking")} == {""}
    assert of(changes, "breaking")[0].expectation == "tanh is approximated now (ops, https://example.org/1)"
    assert {change.needs for change in of(changes, "raising")} == {"regression"}


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"expires": "2026-11-20"}, "expired on 2026-11-20"),
        ({"case": "no_such_operation"}, "matches nothing in the catalogue"),
        ({"case": "kept"}, "does not happen any more"),
        ({"quantity": "grad:nothing"}, "does not happen any more"),
        ({"change": "removed"}, "does not happen any more"),
    ],
)
def test_an_expectation_that_does_not_hold_is_stale(judged, other, why):
    changes, stale = judged({**ENTRY, **other})
    assert [entry.why for entry in stale] == [why]
    assert {change.needs for change in of(changes, "breaking")} == {"regression"}


def test_an_expectation_for_other_versions_says_nothing(judged):
    changes, stale = judged({**ENTRY, "versions": "<2"})
    assert stale == []
    assert {change.needs for change in of(changes, "breaking")} == {"regression"}


def test_items_with_brackets_are_named_as_they_are(tmp_path, old, new):
    entry = written(tmp_path / "e.toml", {**ENTRY, "case": "conv2d[stride=2]*"})[0]
    change = compare(old, new).changes[0]
    from dataclasses import replace

    named = replace(change, change="broke parity", framework="torch", case="conv2d", variant="stride=2")
    assert entry.matches(named)
    assert not entry.matches(replace(named, variant="stride=1"))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({k: v for k, v in ENTRY.items() if k != "owner"}, "entry 1 lacks owner"),
        ({**ENTRY, "reason": ""}, "lacks reason"),
        ({**ENTRY, "colour": "red"}, "has colour"),
        ({**ENTRY, "expires": "'soon'"}, "expires is no date"),
        ({**ENTRY, "expires": "2027-01-31T10:00:00"}, "expires is no date"),
        ({**ENTRY, "change": "worse"}, "no class of change is called 'worse'"),
        ({**ENTRY, "framework": "jax"}, "no framework is called 'jax'"),
        ({**ENTRY, "versions": "newer"}, "versions are written as"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, entry, message):
    with pytest.raises(ExpectationError, match=message):
        written(tmp_path / "expectations.toml", entry)


@pytest.mark.parametrize("content", ["[[expect]", "expect = 3", "other = 1", "\xff", "expect = [1]"])
def test_a_file_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "expectations.toml").write_bytes(content.encode("latin-1"))
    with pytest.raises(ExpectationError, match=r"expectations\.toml"):
        read_expectations(tmp_path / "expectations.toml")


def test_no_file_is_no_expectation(tmp_path):
    assert read_expectations(tmp_path / "none.toml") == []


def test_entries_are_written_as_they_are_read(tmp_path):
    path = tmp_path / "expectations.toml"
    entries = written(path, {**ENTRY, "reason": 'a "quoted" \\ reason', "quantity": "output:*"})
    path.write_text(text(entries))
    assert read_expectations(path) == entries


def test_the_exit_status_follows_from_what_is_needed(old, new, judged):
    def status(changes, stale=()):
        return Verdict(old, new, changes, Share(26, 26), stale).status

    found = compare(old, new).changes
    assert status(found) == 1
    harmless = [change for change in found if change.needs != "regression"]
    assert status(harmless) == 2
    assert status([change for change in harmless if not change.needs]) == 0
    assert status([], judged({**ENTRY, "case": "kept"})[1]) == 2
