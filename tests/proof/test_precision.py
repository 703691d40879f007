"""Lost digits in long sums: noticed, told apart from right sums, and told on the page."""

from proof.precision.measure import APART, SMALLEST, WRONG, failures
from proof.precision.page import section


def entries(case="linear", red=5, alarms=0):
    return [
        {"case": case, "terms": 36, "version": "right", "beyond": 0.1, "red": alarms, "seeds": 5},
        {"case": case, "terms": 36, "version": f"{WRONG}inputs in tf32", "beyond": 12.0, "red": red, "seeds": 5},
        {"case": case, "terms": 36, "version": SMALLEST, "beyond": 1e-6},
    ]


def test_a_version_that_is_missed_with_one_seed_fails():
    assert failures(entries()) == []
    assert failures(entries(red=4)) == ["linear, 36 terms: WRONG: inputs in tf32: red with 4 of 5 seeds"]


def test_a_right_version_that_is_rejected_fails():
    assert failures(entries(alarms=1)) == ["linear, 36 terms: right: red with 1 of 5 seeds"]


def test_what_loses_digits_to_a_single_number_may_be_missed():
    assert failures(entries(case=APART[0], red=0)) == []
    assert failures(entries(case=APART[0], alarms=1)) != []


def test_the_page_tells_what_is_missed():
    record = {"seeds": 5, "entries": [e for case in ("linear", *APART) for e in entries(case=case, red=3)]}
    page = "\n".join(section(record))
    assert "12, not with every seed" in page
    assert "1.0e-06" in page
