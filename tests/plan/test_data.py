"""The values of a work item: the same bits everywhere, from the ranges they are declared with."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import parity
from parity import Case, booleans, distinct, every, grid, integers, normal, special, uniform
from parity.catalog.dtypes import FLOATS
from parity.plan.data import cotangent, digest, draw, values

KEY = (11, "case", "k=1", "x")
SIZES = {"N": 7, "C": 5}
TENSORS = {
    "normal": normal("N C", 1.0, 2.0),
    "uniform": uniform("N C", -1.0, 3.0),
    "distinct": distinct("N C"),
    "integers": integers("N C", -3, "N"),
}

DIGESTS = """
normal float64 022017e7a413cbde
normal float32 a548b57620e863da
normal float16 83423da46c594214
normal bfloat16 b09d0c41ed0b41a1
uniform float64 39e78647dde20a59
uniform float32 63f1f1dd26556b7d
uniform float16 852951cbb2806778
uniform bfloat16 4c9263a61227c312
distinct float64 46a02b60f0196a15
distinct float32 8617312f397da9a1
distinct float16 a8c35c6e7c081c7c
distinct bfloat16 42faacad0edd3eb2
integers float64 c5bb4a85d81c5862
integers float32 c5bb4a85d81c5862
integers float16 c5bb4a85d81c5862
integers bfloat16 c5bb4a85d81c5862
"""
"""The bits that records of every version refer to: a change here makes old records incomparable."""

PRINT = """
from parity import *
from parity.plan.data import digest, values
case = Case(
    "op", "s", sizes=dict(N=7, C=5), outputs=dict(y="N C"), variants=grid(k=[1, 2]), weights=dict(w=distinct("C")),
    inputs=dict(x=normal("N C"), i=integers("N", 0, "C"), u=uniform("C", 0.0, 1.0)),
)
for variant in case.variants:
    for dtype in case.dtypes:
        print(digest(values(case, variant, dtype, 7)))
"""


def floats(tensor, sizes, dtype="float64", key=KEY):
    return FLOATS[dtype].decode(draw(tensor, sizes, dtype, key))


# The same everywhere ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", DIGESTS.split("\n")[1:-1])
def test_known_digests(line):
    name, dtype, expected = line.split()
    assert digest({"x": draw(TENSORS[name], SIZES, dtype, KEY)}) == expected


def test_known_digest_of_a_cotangent():
    made = cotangent((2, 3), "float32", (11, "case", "", "cotangent of y"))
    assert made.shape == (2, 3)
    assert digest({"c": made}) == "73192281224a7760"


def test_every_process_makes_the_same_bits():
    root = str(Path(parity.__file__).parents[1])
    printed = [
        subprocess.run(
            [sys.executable, "-c", PRINT],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": root},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    ]
    assert len(set(printed[0].split())) == 2 * len(FLOATS)
    assert printed[1] == printed[0]
    assert printed[2] == printed[0]


# Keyed by seed, case, variant and tensor -------------------------------------------------------------------------


def test_each_part_of_the_key_changes_the_values():
    keys = [
        KEY,
        (12, "case", "k=1", "x"),
        (11, "other", "k=1", "x"),
        (11, "case", "k=2", "x"),
        (11, "case", "k=1", "y"),
        (1, "1case", "k=1", "x"),
        (11, "casek=", "1", "x"),
    ]
    for tensor in TENSORS.values():
        assert len({digest({"x": draw(tensor, SIZES, "float64", key)}) for key in keys}) == len(keys)


def test_values_are_keyed_by_the_names_of_case_variant_and_tensor():
    case = Case(
        "op",
        "A case.",
        sizes={"N": 40},
        inputs={"x": normal("N"), "i": integers("N", 0, 9)},
        weights={"w": normal("N")},
        outputs={"y": "N"},
        variants=grid(k=[1, 2]),
    )
    one, two = case.variants
    made = values(case, one, "float32", 3)
    assert list(made) == ["x", "i", "w"]
    assert np.array_equal(made["w"], draw(normal("N"), {"N": 40}, "float32", (3, "op", "k=1", "w")))
    assert not np.array_equal(made["x"], made["w"])
    assert not np.array_equal(made["x"], values(case, two, "float32", 3)["x"])
    assert not np.array_equal(made["x"], values(case, one, "float32", 4)["x"])
    assert np.array_equal(made["x"], values(case, one, "float32", 3)["x"])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["normal", "uniform", "distinct"])
def test_a_narrow_dtype_holds_the_rounded_values_of_the_wide_one(name, dtype):
    wide = draw(TENSORS[name], SIZES, "float64", KEY)
    narrow = draw(TENSORS[name], SIZES, dtype, KEY)
    assert narrow.dtype == FLOATS[dtype].storage
    assert np.array_equal(narrow, FLOATS[dtype].encode(wide))


# Distributions ---------------------------------------------------------------------------------------------------


def test_normal_values():
    x = floats(normal("N", 3.0, 0.5), {"N": 40_000})
    assert abs(x.mean() - 3.0) < 0.02
    assert abs(x.std() - 0.5) < 0.01
    assert np.abs(x - 3.0).max() < 6 * 0.5
    assert np.abs(x - 3.0).max() > 3 * 0.5
    assert abs(np.mean(np.abs(x - 3.0) < 0.5) - 0.683) < 0.02


def test_uniform_values():
    x = floats(uniform("N", -1.0, 3.0), {"N": 40_000})
    assert x.min() >= -1.0
    assert x.max() < 3.0
    counts, _ = np.histogram(x, 8, (-1.0, 3.0))
    assert np.abs(counts / 5_000 - 1).max() < 0.1


@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform_values_stay_between_the_bounds_in_every_dtype(dtype):
    x = floats(uniform("N", 0.5, 0.75), {"N": 5_000}, dtype)
    assert x.min() >= 0.5
    assert x.max() <= 0.75


def test_neighbouring_values_are_unrelated():
    for tensor in (normal("N"), uniform("N", 0.0, 1.0)):
        x = floats(tensor, {"N": 20_000})
        assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 0.03


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("count", [1, 2, 35, 300, 1000, 1365, 2048, 2049, 4096])
def test_distinct_values_are_distinct(dtype, count):
    x = floats(distinct("N"), {"N": count}, dtype)
    assert len(np.unique(x)) == count
    assert np.abs(x).min() >= 2.0**-8
    assert np.abs(x).max() <= 2.0**8
    assert count == 1 or (x.min() < 0 < x.max())


def test_distinct_values_use_the_full_width():
    x = draw(distinct("N"), {"N": 1000}, "float32", KEY)
    assert np.mean(x.view(np.uint32) & 0xFFF == 0) < 0.01


def test_distinct_values_come_in_random_order():
    x = floats(distinct("N"), {"N": 1000})
    ranks = np.argsort(np.argsort(x))
    assert abs(np.corrcoef(ranks, np.arange(1000))[0, 1]) < 0.1
    assert not np.array_equal(x, floats(distinct("N"), {"N": 1000}, key=(12, *KEY[1:])))


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (integers("N", 0, 3), {0, 1, 2}),
        (integers("N", -2, 1), {-2, -1, 0}),
        (integers("N", 4, 5), {4}),
        (integers("N", 0, "C"), {0, 1, 2, 3, 4}),
    ],
)
@pytest.mark.parametrize("dtype", FLOATS)
def test_integers_reach_every_number_between_their_bounds(tensor, expected, dtype):
    x = draw(tensor, {"N": 300, "C": 5}, dtype, KEY)
    assert x.dtype == np.int64
    assert set(x.tolist()) == expected


@pytest.mark.parametrize("name", TENSORS)
def test_tensors_without_elements_and_without_axes(name):
    tensor = TENSORS[name]
    assert draw(tensor, {"N": 0, "C": 5} if name != "integers" else {"N": 2, "C": 0}, "float32", KEY).size == 0
    scalar = {
        "normal": normal(""),
        "uniform": uniform("", 0, 1),
        "distinct": distinct(""),
        "integers": integers("", 0, 9),
    }
    assert draw(scalar[name], {}, "float32", KEY).shape == ()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_every_number_there_is(dtype):
    stored = draw(every("N"), {"N": 2**16}, dtype, KEY)
    assert stored.dtype == FLOATS[dtype].storage
    assert list(stored.view(np.uint16)) == list(range(2**16))
    x = FLOATS[dtype].decode(stored)
    assert len(np.unique(x[np.isfinite(x)])) == np.isfinite(x).sum() - 1
    assert list(x[np.isinf(x)]) == [np.inf, -np.inf]
    assert list(np.signbit(x[x == 0])) == [False, True]
    assert np.isnan(x).sum() == {"float16": 2046, "bfloat16": 254}[dtype]
    assert np.abs(x[x != 0][~np.isnan(x[x != 0])]).min() < FLOATS[dtype].smallest_normal


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_every_number_between_two(dtype):
    whole = floats(every("N"), {"N": 2**16}, dtype)
    x = floats(every("N", -2, 0.5), {"N": 2**16}, dtype)
    inside = (whole >= -2) & (whole <= 0.5)
    assert np.array_equal(x[inside], whole[inside])
    assert set(x[~inside]) == {-2.0, 0.5}
    assert set(x[np.isnan(whole)]) == {-2.0}


# Digests ---------------------------------------------------------------------------------------------------------


def test_a_digest_shows_names_types_shapes_and_bits():
    x = np.array([[0.0, 1.0], [2.0, 3.0]])
    changed = [
        {"x": x},
        {"y": x},
        {"x": x.T},
        {"x": x.reshape(4)},
        {"x": x.astype(np.float32)},
        {"x": x.view(np.int64)},
        {"x": x * np.array([-1.0, 1.0])},
        {"x": x, "y": x},
        {},
    ]
    assert len({digest(arrays) for arrays in changed}) == len(changed)


def test_a_digest_does_not_depend_on_the_memory_order():
    x = np.arange(6.0).reshape(2, 3)
    assert digest({"x": np.asfortranarray(x)}) == digest({"x": x})


# Dtypes and special values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8"])
def test_whole_numbers_of_a_dtype_fill_its_range(dtype):
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max) + 1
    drawn = draw(integers("N", low, high, dtype=dtype), {"N": 4000}, "float32", KEY)
    assert drawn.dtype == dtype
    assert drawn.min() < low + (high - low) // 50
    assert drawn.max() > high - (high - low) // 50
    narrow = draw(integers("N", 0, 9, dtype=dtype), {"N": 500}, "float16", KEY)
    assert set(narrow.tolist()) == set(range(9))
    assert narrow.tolist() == draw(integers("N", 0, 9), {"N": 500}, "float64", KEY).tolist()


def test_truth_values_are_of_both_kinds():
    drawn = draw(booleans("N"), {"N": 1000}, "float32", KEY)
    assert drawn.dtype == bool
    assert 400 < drawn.sum() < 600


@pytest.mark.parametrize("item", FLOATS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_tensor_of_a_format_of_its_own_has_it_in_every_item(item, dtype):
    own = draw(normal("N C", dtype=dtype), SIZES, item, KEY)
    assert np.array_equal(own, draw(normal("N C"), SIZES, dtype, KEY))


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_values_stand_among_normal_ones(dtype):
    found = FLOATS[dtype]
    values = found.decode(draw(special("N"), {"N": 80}, dtype, KEY))
    limits = {
        "float64": (5e-324, 2.0**-1022, float(np.finfo(np.float64).max)),
        "float32": (2.0**-149, 2.0**-126, float(np.finfo(np.float32).max)),
        "float16": (2.0**-24, 2.0**-14, 65504.0),
        "bfloat16": (2.0**-133, 2.0**-126, 2.0**128 - 2.0**120),
    }[dtype]
    smallest, normal_one, largest = limits
    assert (found.smallest, found.smallest_normal, found.largest) == limits
    for wanted in (np.inf, smallest, normal_one - smallest, normal_one, largest):
        assert {wanted, -wanted} <= set(values.tolist())
    zeros = np.signbit(values[values == 0])
    assert set(zeros.tolist()) == {True, False}
    assert np.isnan(values).sum() >= 1
    with np.errstate(invalid="ignore"):
        ordinary = (np.abs(values) > 1e-3) & (np.abs(values) < 6)
    assert ordinary.sum() == 60


def test_special_values_are_chosen_by_kind_and_go_on_where_there_is_room():
    values = draw(special("N", "zero infinity"), {"N": 400}, "float32", KEY)
    kept = values[(values == 0) | np.isinf(values)]
    assert len(kept) == 100
    assert [(kept == np.inf).sum(), (kept == -np.inf).sum(), np.signbit(kept[kept == 0]).sum()] == [25, 25, 25]
    assert not np.isnan(values).any()
    few = draw(special("N", "nan"), {"N": 1}, "float32", KEY)
    assert np.isnan(few).all()
