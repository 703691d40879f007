"""Number formats: rounding to a format, checked against rounding done another way."""

import numpy as np
import pytest

from parity.catalog.dtypes import FLOATS

BFLOAT16 = FLOATS["bfloat16"]
PATTERNS = np.arange(0x7F80, dtype=np.uint16)
"""The finite bfloat16 numbers from zero up."""


def value_of(pattern):
    """A finite bfloat16 number by its definition: sign, 8 bits of exponent, 7 of significand."""
    exponent, significand = pattern >> 7 & 0xFF, pattern & 0x7F
    size = np.ldexp(float(significand), -133) if exponent == 0 else np.ldexp(float(0x80 | significand), exponent - 134)
    return -size if pattern >> 15 else size


VALUES = np.array([value_of(int(pattern)) for pattern in PATTERNS])


def nearest(x):
    """The pattern nearest to ``x >= 0``, found by search; the even one of two that are equally near."""
    above = int(np.searchsorted(VALUES, x))
    if above == len(VALUES):
        limit = VALUES[-1] + (VALUES[-1] - VALUES[-2]) / 2
        return 0x7F80 if x >= limit else 0x7F7F
    if above == 0 or VALUES[above] == x:
        return above
    down, up = x - VALUES[above - 1], VALUES[above] - x
    if down == up:
        return above if above % 2 == 0 else above - 1
    return above if up < down else above - 1


def test_every_bfloat16_pattern_means_its_value_and_comes_back():
    assert np.array_equal(BFLOAT16.decode(PATTERNS), VALUES)
    assert np.array_equal(BFLOAT16.encode(VALUES), PATTERNS)
    assert np.array_equal(BFLOAT16.encode(-VALUES), PATTERNS | 0x8000)
    assert np.array_equal(BFLOAT16.decode(PATTERNS | 0x8000), -VALUES)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bfloat16_rounds_to_nearest(dtype):
    random = np.random.Generator(np.random.Philox(5))
    x = np.ldexp(random.uniform(1, 2, 5000), random.integers(-140, 128, 5000)).astype(dtype)
    assert list(BFLOAT16.encode(x)) == [nearest(float(value)) for value in x]


def test_bfloat16_ties_go_to_even():
    middles = (VALUES[:-1] + VALUES[1:]) / 2
    assert np.array_equal(BFLOAT16.encode(middles), (PATTERNS[:-1] + 1) // 2 * 2)


@pytest.mark.parametrize("step", [2.0**-20, 2.0**-40], ids=["a float32 step", "a float64 step"])
def test_bfloat16_next_to_a_tie_goes_to_the_nearer_side(step):
    middle = 1 + 2.0**-8
    x = np.array([middle * (1 - step), middle * (1 + step), (middle + 2.0**-7) * (1 - step)])
    assert list(BFLOAT16.decode(BFLOAT16.encode(x))) == [1.0, 1 + 2.0**-7, 1 + 2.0**-7]


def test_bfloat16_specials():
    with np.errstate(over="ignore"):
        stored = BFLOAT16.encode(np.array([np.inf, -np.inf, -0.0, 0.0, 1e300, -1e300, 3.3965e38, 3.3955e38]))
    assert [hex(pattern) for pattern in stored] == [
        "0x7f80", "0xff80", "0x8000", "0x0", "0x7f80", "0xff80", "0x7f80", "0x7f7f",
    ]  # fmt: skip
    assert list(np.isnan(BFLOAT16.decode(BFLOAT16.encode(np.array([np.nan, -np.nan, 1.0]))))) == [True, True, False]


def test_a_float32_nan_with_all_bits_set_stays_nan():
    nan = np.array([0xFFFFFFFF, 0x7FFFFFFF, 0x7F800001], np.uint32).view(np.float32)
    assert np.isnan(BFLOAT16.decode(BFLOAT16.encode(nan))).all()


@pytest.mark.parametrize("dtype", FLOATS.values(), ids=FLOATS)
def test_unit_roundoff_is_half_the_step_after_one(dtype):
    u = dtype.unit_roundoff
    wide = np.array([1 + u, 1 + 2 * u, 1 + 3 * u], np.longdouble)
    assert list(dtype.decode(dtype.encode(wide)) - 1) == [0, 2 * u, 4 * u]


@pytest.mark.parametrize("dtype", FLOATS.values(), ids=FLOATS)
def test_numbers_below_the_smallest_normal_one_have_a_constant_distance(dtype):
    smallest, u = dtype.smallest_normal, dtype.unit_roundoff
    numbers = np.longdouble(smallest) * np.array([1, 1 + 2 * u, 1 - 2 * u, 1 - np.longdouble(u)])
    assert list(dtype.decode(dtype.encode(numbers)) == numbers) == [True, True, True, False]


@pytest.mark.parametrize("dtype", FLOATS.values(), ids=FLOATS)
def test_stored_values_keep_shape_and_storage_type(dtype):
    stored = dtype.encode(np.ones((2, 0, 3)))
    assert stored.shape == (2, 0, 3)
    assert stored.dtype == dtype.storage
    assert dtype.decode(stored).dtype == np.float64
    assert dtype.encode(np.array(1.5)).shape == ()
