"""Grids and the ids of their variants."""

import pytest

from parity import grid
from parity.catalog.variants import show


def ids(variants):
    return [variant.id for variant in variants]


def test_every_combination_the_last_choice_varying_fastest():
    assert ids(grid(stride=[1, 2], padding=["same", "valid"])) == [
        "stride=1-padding=same",
        "stride=1-padding=valid",
        "stride=2-padding=same",
        "stride=2-padding=valid",
    ]


def test_the_parameters_keep_their_values():
    (variant,) = grid(kernel=[(3, 2)], bias=[None])
    assert dict(variant.parameters) == {"kernel": (3, 2), "bias": None}


def test_grids_join():
    joined = grid(a=[1, 2]) + grid(b=[3])
    assert ids(joined) == ["a=1", "a=2", "b=3"]


def test_a_condition_keeps_the_sets_it_holds_for():
    kept = grid(a=[1, 2, 3], b=[1, 2, 3]).where(lambda a, b: a * b == 3)
    assert ids(kept) == ["a=1-b=3", "a=3-b=1"]


def test_a_grid_can_be_walked_again():
    variants = grid(a=[1, 2])
    assert ids(variants) == ids(variants) == ["a=1", "a=2"]


def test_an_empty_choice_gives_no_variant():
    assert ids(grid(a=[1, 2], b=[])) == []


def test_no_choice_gives_one_variant_without_id():
    assert ids(grid()) == [""]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (None, "none"),
        ((3, 2), "3x2"),
        ([1, (2, None)], "1x2xnone"),
        (0.5, "0.5"),
        ("same", "same"),
        (-1, "-1"),
    ],
)
def test_values_in_ids(value, text):
    assert show(value) == text
    assert ids(grid(k=[value])) == [f"k={text}"]
