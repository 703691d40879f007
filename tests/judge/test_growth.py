"""Errors over steps: smooth accumulation or a jump."""

import numpy as np

from parity.judge.growth import growth


def told(shares, axis=0):
    error = np.array(shares)
    return growth(error, np.ones_like(error), axis, "T")


def test_smooth_accumulation():
    assert told([0.01, 0.02, 0.04, 0.08]) == "0.01 to 0.08 of the allowance over 4 steps of T, smoothly"


def test_a_jump_is_placed():
    assert told([0.01, 0.02, 9.0, 9.5]) == "jumps at T=2: from 0.02 to 9 of the allowance"


def test_a_large_factor_between_negligible_errors_is_no_jump():
    assert "smoothly" in told([0.0, 1e-6, 0.3])


def test_the_worst_element_of_a_step_counts():
    assert told([[0.1, 0.2], [0.3, 9.0], [0.1, 0.1]]).startswith("jumps at T=1: from 0.2 to 9")
    assert told([[0.1, 0.2], [3.0, 9.0]], axis=1) == "3 to 9 of the allowance over 2 steps of T, smoothly"


def test_an_error_where_nothing_is_allowed_is_a_jump():
    assert growth(np.array([0.0, 1.0]), np.zeros(2), 0, "T").startswith("jumps at T=1")


def test_one_step_has_no_growth():
    assert told([0.5]) == ""
