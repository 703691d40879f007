"""Real changes between released versions: the table is whole, and the gate's recorded verdicts are right."""

import json
from collections import Counter

import pytest

from parity.catalog.load import load
from parity.gate.classes import BY_NAME, IMPROVEMENT, REGRESSION
from proof.observe import ROOT
from proof.regressions.entries import entries

RECORD = json.loads((ROOT / "docs/proof/regressions.json").read_text())
ENTRIES = {entry.name: entry for entry in entries()}


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_has_a_declaration_and_a_status_that_its_class_has(name):
    entry = ENTRIES[name]
    file = load(entry.case)
    assert not file.broken
    assert name in {case.name for case in file.cases}
    needs = BY_NAME[entry.expected].needs
    assert entry.status == {REGRESSION: 1, IMPROVEMENT: 2}.get(needs, 0)


def test_every_entry_was_judged_and_at_least_nine_in_ten_are_right():
    assert set(RECORD) == set(ENTRIES)
    assert all(
        (RECORD[name]["expected"], RECORD[name]["status"]) == (e.expected, e.status) for name, e in ENTRIES.items()
    )
    assert sum(found["right"] for found in RECORD.values()) >= 0.9 * len(RECORD) >= 0.9 * 20


def test_nothing_that_became_wrong_is_called_safe():
    worse = [found for found in RECORD.values() if found["status"] == 1]
    assert len(worse) >= 10
    assert {found["gate"] for found in worse} == {1}
    assert len(Counter(found["expected"] for found in RECORD.values())) >= 8
