"""Which slower calls need a person."""

import pytest

from parity.gate.speed import weighs


@pytest.mark.parametrize(
    ("added", "total", "needed"),
    [
        (6.6e-6, 51e-6, False),  # 13 % of a call of 51 µs.
        (25e-6, 51e-6, True),
        (25e-6, 1.0, False),  # In a thousandth of what everything takes, no one sees it.
        (2e-3, 1.0, True),
    ],
)
def test_a_slower_call_needs_a_person_when_it_costs_something(added, total, needed):
    assert weighs(added, total) == needed
