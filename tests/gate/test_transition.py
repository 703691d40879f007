"""The table of what became of a result: whole, and true to what it is for, whatever the numbers."""

from itertools import product
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.gate.classes import DRIFTED, IMPROVEMENT, NO_LONGER, REGRESSION, RESTORED, SILENT, WORSE, Class
from parity.gate.transition import ENDS_WRONG, TABLE, State, decided, further, state
from parity.judge.row import VERDICTS
from parity.record.results import ResultRow

SHARES = st.one_of(st.none(), st.just(inf), st.floats(0, 1e12))
ROWS = st.builds(
    ResultRow,
    verdict=st.sampled_from(VERDICTS),
    error_ratio=SHARES,
    max_ulp=st.one_of(st.none(), st.floats(0, 1e9)),
    right=st.sampled_from(["", "yes", "no"]),
    wrong=st.one_of(st.none(), st.integers(0, 9)),
    steady=st.sampled_from(["", "", "no"]),
    not_finite=st.one_of(st.none(), st.integers(0, 5)),
    stage=st.sampled_from(["", "", "", "forward", "crash"]),
    missing=st.sampled_from(["", "", "torch.gone"]),
    **{
        name: st.just("")
        for name in ("case", "variant", "dtype", "device", "mode", "implementation", "framework", "quantity")
    },
)


def test_every_pair_of_states_has_a_class():
    assert set(TABLE) == set(product(State, State))


def test_what_ends_wrong_is_never_an_improvement_and_what_was_right_is_no_drift():
    for (was, now), found in TABLE.items():
        improves = isinstance(found, Class) and found.needs == IMPROVEMENT
        assert improves == (now is State.RIGHT and was is not State.RIGHT), (was, now)
        if was is State.RIGHT and now is not State.RIGHT:
            assert isinstance(found, Class)
            assert found.needs == REGRESSION


@given(ROWS, ROWS)
def test_no_row_that_ends_wrong_is_better_than_drifted(old, new):
    was, now = state(old, [old]), state(new, [new])
    found, why = decided(was, now, old, new)
    if found in (RESTORED, NO_LONGER):
        assert now is State.RIGHT
    if now in ENDS_WRONG:
        assert found.needs == REGRESSION or (found is DRIFTED and was in (*ENDS_WRONG, State.UNSTEADY))
    if found is WORSE:
        assert why


@given(ROWS)
def test_nothing_is_further_from_the_truth_than_itself(row):
    assert further(row, row) == ""


@pytest.mark.parametrize(
    ("before", "after", "is_further"),
    [
        (dict(error_ratio=3.0), dict(error_ratio=3.2), False),
        (dict(error_ratio=3.0), dict(error_ratio=6.0), True),
        (dict(error_ratio=1e9), dict(error_ratio=1.05e9), False),
        (dict(error_ratio=1e9), dict(error_ratio=1e3), False),
        (dict(error_ratio=5.0), dict(error_ratio=inf, not_finite=1), True),
        (dict(error_ratio=inf, not_finite=2), dict(error_ratio=5.0, not_finite=0), True),
        (dict(error_ratio=inf, not_finite=2), dict(error_ratio=inf, not_finite=3), True),
        (dict(error_ratio=inf, not_finite=3), dict(error_ratio=inf, not_finite=2), False),
        (dict(error_ratio=inf, max_ulp=2.0), dict(error_ratio=inf, max_ulp=40.0), True),
        (dict(error_ratio=inf, max_ulp=40.0), dict(error_ratio=inf, max_ulp=2.0), False),
        (dict(), dict(error_ratio=9.0), False),
        (dict(error_ratio=5.0, wrong=1), dict(error_ratio=5.0, wrong=14), True),
        (dict(error_ratio=5.0, wrong=100), dict(error_ratio=5.0, wrong=120), False),
        (dict(error_ratio=inf, wrong=1), dict(error_ratio=inf, wrong=2), True),
        (dict(error_ratio=inf, not_finite=1, rho=0.5), dict(error_ratio=inf, not_finite=1, rho=1e6), True),
        (dict(not_finite=1, places="a"), dict(not_finite=1, places="b"), True),
        (dict(not_finite=2, places="a"), dict(not_finite=1, places="b"), False),
        (dict(digest="a"), dict(digest="b"), True),
        (dict(digest="a", right="no"), dict(digest="b", right="no"), False),
    ],
)
def test_errors_grow_by_a_tenth_and_an_allowance_or_by_what_is_no_number(before, after, is_further):
    rows = [ResultRow(*[""] * 8, verdict="fail", **values) for values in (before, after)]
    assert bool(further(*rows)) == is_further


def test_a_trap_that_is_right_is_right_in_all_its_results():
    measured = ResultRow(*[""] * 8, verdict="unexpected", right="yes")
    other = ResultRow(*[""] * 8, verdict="unexpected")
    assert state(other, [measured, other]) is State.RIGHT
    assert state(other, [other]) is State.WRONG
    assert SILENT.needs == REGRESSION
