"""The published sensitivity: what is noticed, and what is listed apart since no comparison may notice less."""

import json

import pytest

from proof.observe import ROOT
from proof.sensitivity import APART, JUDGE, bound

NOTICED = {
    case["case"]: case["noticed"][JUDGE]
    for case in json.loads((ROOT / "docs/proof/sensitivity.json").read_text())["cases"]
}


def test_every_operation_but_those_listed_apart_needs_at_most_5e_5():
    assert max(noticed for case, noticed in NOTICED.items() if case not in APART) <= 5e-5


@pytest.mark.parametrize("case", APART)
def test_what_is_listed_apart_is_noticed_just_above_what_adding_up_may_be_off_by(case):
    assert bound(APART[case]) <= NOTICED[case] <= 1.5 * bound(APART[case])


def test_the_bound_of_a_single_sum_is_eight_roundings_of_all_its_partial_sums():
    assert bound(0) == pytest.approx(8 * 2**-24)
    assert bound(70_000) == pytest.approx(7.28e-5, rel=1e-2)
