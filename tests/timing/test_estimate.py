"""What is said of blocks: intervals that hold, differences that are there, and silence where nothing can be said."""

import math

import numpy as np
import pytest

from parity.timing.estimate import FASTER, SAME, SLOWER, ratio, seconds
from parity.timing.series import Series


def machine(random, factor=1.0, *, sets=4, turns=40, base=1e-4, bias=0.01, contended=0.6):
    """Two series taken in turns on a machine that others slow down from time to time; the second by ``factor``, too."""
    blocks = ([], [])
    for _ in range(sets):
        own = np.exp(bias * random.standard_normal(2))
        busy = random.random(turns) < contended
        for side in (0, 1):
            delay = np.where(busy, 1.75, 1.0) * np.exp(0.05 * np.abs(random.standard_normal(turns)))
            # Now and then a side meets a moment that the other did not.
            delay = np.where(random.random(turns) < 0.1, delay * 1.5, delay)
            blocks[side].append(list(base * (factor if side else 1.0) * own[side] * delay))
    return tuple(Series(blocks=own) for own in blocks)


def said(factor, count=300, **more):
    """What is said in so many comparisons on such a machine."""
    random = np.random.default_rng(7)
    return [ratio(new, old).difference() for old, new in (machine(random, factor, **more) for _ in range(count))]


def test_the_same_code_is_hardly_ever_called_different():
    assert sum(word != SAME for word in said(1.0)) <= 3


def test_ten_per_cent_are_seen_in_both_directions():
    assert said(1.1).count(SLOWER) >= 285
    assert said(1 / 1.1).count(FASTER) >= 285


def test_twenty_per_cent_are_seen_where_most_turns_are_contended():
    assert said(1.2, contended=0.9).count(SLOWER) >= 297


def test_a_ratio_lies_in_its_interval_and_the_interval_around_the_truth():
    random = np.random.default_rng(3)
    found = [ratio(new, old) for old, new in (machine(random, 1.3) for _ in range(100))]
    assert all(each.low < each.value < each.high for each in found)
    assert sum(each.low < 1.3 < each.high for each in found) >= 98


def test_a_margin_asks_for_more():
    random = np.random.default_rng(5)
    old, new = machine(random, 1.2)
    found = ratio(new, old)
    assert (found.difference(), found.difference(0.05), found.difference(0.5)) == (SLOWER, SLOWER, SAME)


def test_one_process_that_is_slower_than_the_others_is_no_difference():
    steady = [[1e-4] * 20] * 3
    assert ratio(Series(blocks=[*steady, [1.3e-4] * 20]), Series(blocks=[*steady, [1e-4] * 20])).difference() == SAME


def test_blocks_that_never_vary_still_have_the_usual_bias_of_processes():
    same = Series(blocks=[[1e-4] * 20] * 4)
    found = ratio(same, same)
    assert found.value == 1
    assert 1.01 < found.high < 1.1


def test_a_wild_turn_does_not_count():
    random = np.random.default_rng(1)
    old, new = machine(random, 1.0)
    before = ratio(new, old).value
    new.blocks[0][3] *= 1000
    assert ratio(new, old).value == pytest.approx(before, rel=0.01)


def test_turns_are_compared_only_where_neither_side_was_disturbed():
    old = Series(blocks=[[1.0, None, 2.0], [1.0, 1.0, None]])
    new = Series(blocks=[[2.0, 9.0, None], [None, 2.0, 9.0]])
    assert ratio(new, old).value == pytest.approx(2)
    assert (old.disturbed, new.disturbed) == (2, 2)


@pytest.mark.parametrize("blocks", [[], [[None, None], [1.0, 1.0]], [[1.0], []]])
def test_nothing_is_said_where_a_process_was_never_undisturbed(blocks):
    whole = Series(blocks=[[1.0, 1.0], [1.0, 1.0]])
    assert ratio(Series(blocks=blocks), whole) is None
    assert seconds(Series(blocks=blocks)) is None


def test_seconds_are_what_remains_when_nothing_delays():
    found = seconds(Series(blocks=[[3e-5, 2e-5, 9e-5], [2e-5, 4e-5, None]]))
    assert found.value == pytest.approx(2e-5)
    assert found.low < 2e-5 < found.high


def test_joined_series_have_the_processes_of_both():
    one, other = Series(blocks=[[1.0]], first=[3.0]), Series(blocks=[[2.0], [2.0]], first=[4.0, 5.0])
    assert one.joined(other).blocks == [[1.0], [2.0], [2.0]]
    assert one.joined(other).first == [3.0, 4.0, 5.0]
    assert math.isclose(seconds(one.joined(other)).value, 4 ** (1 / 3))
