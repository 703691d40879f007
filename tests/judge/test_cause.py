"""Each cause is produced by really computing that way, and named from the result alone."""

import numpy as np
import pytest

from parity.catalog.dtypes import FLOATS, NARROWER, narrowed
from parity.judge.cause import cause
from parity.judge.tolerance import ROUNDINGS, own_scale, pooled
from parity.judge.wrong import Wrong, unknown
from parity.workers.protocol import Result

N = 48


def product(x, w):
    with np.errstate(invalid="ignore"):
        return x @ w


def values(seed, dtype, size=1.0):
    generator = np.random.default_rng(seed)
    return [FLOATS[dtype].encode(size * generator.standard_normal(shape)) for shape in ((20, N), (N, 15))]


def told(computed, dtype, seed, size=1.0):
    """The cause named for ``computed(x, w)``, whose arguments are storage arrays of values about ``size``."""
    stored = values(seed, dtype, size)
    exact = [FLOATS[dtype].decode(a).astype(np.longdouble) for a in stored]
    truth = product(*exact)
    scale = pooled(own_scale(truth, np.sqrt(N) * product(*map(np.abs, exact))), truth)
    result = Result(FLOATS[dtype].encode(np.asarray(computed(*stored), np.float64)), dtype)
    unit = FLOATS[dtype].unit_roundoff
    rho = np.sqrt(np.mean((result.values - truth) ** 2) / np.mean(scale**2)) / unit

    def alternatives(instead):
        if instead.single:
            return {"output:y": Result(product(*(each.astype(np.float32) for each in exact)), "float32")}
        rounded = [FLOATS[dtype].decode(narrowed(a, dtype, instead.inputs_as)) for a in stored]
        return {"output:y": Result(product(*rounded), "float64")}

    assert NARROWER.get(dtype) or dtype == "bfloat16"
    limits = ROUNDINGS * unit * scale
    return cause(Wrong("output:y", result, truth, limits, float(rho), dtype, "NO", alternatives=alternatives))


def named(made, truth, dtype="float64", allowed=8.0, alternatives=unknown, **parameters):
    """The cause named for a result of a quantity whose every element has the truth's root mean square as its scale."""
    truth = np.asarray(truth, np.longdouble)
    unit, scale = FLOATS[dtype].unit_roundoff, np.full(truth.shape, np.sqrt(np.mean(truth**2)))
    result = Result(FLOATS[dtype].encode(np.asarray(made, np.float64)), dtype)
    rho = float(np.sqrt(np.mean((result.values - truth) ** 2) / np.mean(scale**2)) / unit)
    limits, axes = allowed * unit * scale, "ABC"[: truth.ndim]
    return cause(Wrong("output:y", result, truth, limits, rho, dtype, axes, parameters, alternatives))


@pytest.fixture
def truth():
    return np.random.default_rng(0).standard_normal((3, 7, 5))


SEEDS = pytest.mark.parametrize("seed", range(5))
WHOLE = "of the size of whole terms: one dropped, added or wrong"


@SEEDS
@pytest.mark.parametrize(
    ("inputs_as", "size", "said"),
    [("tf32", 1.0, "TF32- or float16"), ("tf32", 1e5, "TF32"), ("bfloat16", 1.0, "bfloat16")],
)
def test_rounded_inputs(seed, inputs_as, size, said):
    def computed(x, w):
        return product(narrowed(x, "float32", inputs_as), narrowed(w, "float32", inputs_as))

    assert told(computed, "float32", seed, size) == f"{said}-like inputs"


@SEEDS
def test_inputs_rounded_to_float16_are_like_those_of_tf32_which_has_as_many_bits(seed):
    def computed(x, w):
        return product(x.astype(np.float16).astype(np.float32), w.astype(np.float16).astype(np.float32))

    assert told(computed, "float32", seed) == "TF32- or float16-like inputs"


@SEEDS
@pytest.mark.parametrize("inputs_as", ["float16", "bfloat16"])
def test_one_of_two_rounded_inputs(seed, inputs_as):
    said = told(lambda x, w: product(narrowed(x, "float32", inputs_as), w), "float32", seed)
    assert said.removesuffix("-like inputs, some of them") in (
        {"TF32", "float16"} if inputs_as == "float16" else {inputs_as}
    )


@SEEDS
def test_float64_computed_from_float32_inputs(seed):
    def computed(x, w):
        return product(x.astype(np.float32).astype(np.float64), w.astype(np.float32).astype(np.float64))

    assert told(computed, "float64", seed) == "float32-like inputs"


@SEEDS
def test_a_float32_constant_inside_float64(seed):
    assert told(lambda x, w: product(x, w) * (1 + 2.0**-26), "float64", seed) == (
        "a float32 constant inside float64: the truth times 1 + 1.5e-08"
    )


@SEEDS
def test_one_input_of_float64_computed_in_float32(seed):
    said = told(lambda x, w: product(x.astype(np.float32).astype(np.float64), w), "float64", seed)
    assert said == "float32-like inputs, some of them"


@SEEDS
def test_a_small_error_of_float64_is_not_called_float32(seed):
    noise = np.random.default_rng(seed).standard_normal((20, 15))
    assert told(lambda x, w: product(x, w) + 1e-8 * noise, "float64", seed) == ""
    assert told(lambda x, w: np.where(product(x, w) > 0, product(x, w), 1e-7 * product(x, w)), "float64", seed) == WHOLE


@SEEDS
def test_accumulation_in_float16(seed):
    def computed(x, w):
        total = np.zeros((20, 15), np.float16)
        for k in range(N):
            total = (total + np.outer(x[:, k], w[k]).astype(np.float32)).astype(np.float16)
        return total

    assert told(computed, "float32", seed) == "accumulated or stored in float16"


@SEEDS
def test_a_dropped_term(seed):
    assert told(lambda x, w: product(x[:, 1:], w[1:]), "float32", seed) == WHOLE


@SEEDS
def test_a_wrong_element(seed):
    def computed(x, w):
        y = product(x, w)
        y[3, 4] *= 1.01
        return y

    assert told(computed, "float32", seed) == "1 of 300 elements only"


@SEEDS
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize(("factor", "said"), [(-1.0, "-1"), (4.0, "4"), (0.3, "0.3")])
def test_a_factor(seed, dtype, factor, said):
    def computed(x, w):
        return factor * product(FLOATS[dtype].decode(x), FLOATS[dtype].decode(w))

    assert told(computed, dtype, seed) == f"the truth times {said}"


@pytest.mark.parametrize(
    ("factor", "said"), [(1 + 1e-4, "1 + 0.0001"), (1 - 1e-4, "1 - 0.0001"), (1 + 1e-5, "1 + 1e-05"), (2 / 3, "0.667")]
)
def test_a_factor_near_one_is_told_by_what_it_is_off(truth, factor, said):
    assert named(factor * truth, truth) == f"the truth times {said}"


def test_an_offset_and_both(truth):
    assert named(truth + 0.25, truth) == "the truth plus 0.25"
    assert named(2 * truth - 3, truth) == "the truth times 2 plus -3"


@pytest.mark.parametrize("axis", range(3))
def test_factors_and_offsets_of_each_index_of_an_axis(truth, axis):
    shape = [1, 1, 1]
    shape[axis] = truth.shape[axis]
    each = np.random.default_rng(1).uniform(1, 2, shape)
    where = f", for each index of axis {'ABC'[axis]}"
    assert named(each * truth, truth) == f"the truth times a factor{where}"
    assert named(truth + each, truth) == f"the truth plus an offset{where}"
    assert named(each * truth - each**2, truth) == f"the truth times a factor plus an offset{where}"


def test_what_is_off_in_too_few_elements_for_a_pattern_is_not_called_one():
    assert named([1.0, 2.0, 3.5], [1.0, 1.5, 3.0]) == WHOLE
    assert named([[3.0], [4.0]], [[1.0], [2.0]]) == WHOLE
    assert named(3.0, 1.0) == WHOLE


def test_nothing_but_zeros(truth):
    assert named(0 * truth, truth) == named(0.0, 1.0) == "zero throughout: cut off, or never computed"
    assert named(0 * truth, truth, "float32").startswith("zero throughout")


@pytest.mark.parametrize("allowed", [8.0, 0.0])
def test_the_truth_at_other_places(truth, allowed):
    shifted = np.pad(truth, [(0, 0), (1, 0), (0, 0)])[:, :-1]
    assert named(shifted, truth, allowed=allowed) == "the truth shifted by 1 along axis B"
    assert named(np.roll(truth, -1, 2), truth, allowed=allowed) == "the truth shifted by -1 along axis C"
    assert named(truth[:, ::-1], truth, allowed=allowed) == "the truth reversed along axis B"
    some = np.concatenate([truth[..., :2], truth[:, ::-1, 2:]], axis=-1)
    assert named(some, truth, allowed=allowed) == "the truth reversed along axis B"
    other = truth.reshape(3, 5, 7).swapaxes(1, 2)
    assert named(other, truth, allowed=allowed) == "the right values at other places"


def test_a_formula_may_give_whole_numbers():
    truth = np.arange(60).reshape(3, 20)
    moved = Result(np.roll(truth, 1, axis=1).astype(np.float64), "float64")
    said = cause(Wrong("output:y", moved, truth.astype(np.float64), np.zeros(truth.shape), 1e16, "float64", "NT"))
    assert said == "the truth shifted by 1 along axis T"


def test_few_different_values_are_found_at_other_places_by_chance():
    ones = np.tile([0.0, 1.0, 1.0, 0.0, 2.0], 12)
    assert named(np.roll(ones, 1), ones) == WHOLE


def test_a_step_that_is_missing(truth):
    missing = truth.copy()
    missing[1] = 0
    assert named(missing, truth) == "35 of 105 elements only, at index 1 of axis A"
    missing = truth.copy()
    missing[1, :, 4] = 0
    assert named(missing, truth) == "7 of 105 elements only, at index 1 of axis A and index 4 of axis C"


def test_an_error_of_all_elements_together_is_not_one_of_no_element(truth):
    assert named(truth * (1 + 2.0**-52 * np.sign(truth - 0.1)), truth, allowed=8.0) == ""


def test_a_result_that_any_format_can_hold_says_nothing_of_a_format(truth):
    whole = np.round(8 * truth)
    assert named(np.round(8 * truth[::-1]) + whole, whole, "float32") == WHOLE


def test_sizes_at_the_ends_of_a_format_are_told_apart_too():
    tiny = np.random.default_rng(0).standard_normal(40) * 1e-200
    assert named(3 * tiny, tiny) == "the truth times 3"
    huge = tiny * 1e300 * 1e205
    assert named(3 * huge, huge) == "the truth times 3"


def test_inputs_that_a_format_cannot_hold_explain_nothing(truth):
    def alternatives(instead):
        return {"output:y": Result(np.full(truth.shape, np.inf), "float64")}

    wrong = truth + np.random.default_rng(1).standard_normal(truth.shape)
    assert named(wrong, truth, "float32", alternatives=alternatives) == WHOLE


def test_inputs_that_a_format_holds_explain_nothing(truth):
    wrong = truth + np.random.default_rng(1).standard_normal(truth.shape)
    same = {"output:y": Result(truth, "float64")}
    assert named(wrong, truth, "float32", alternatives=lambda instead: same) == WHOLE


def test_nothing_is_said_of_nan():
    assert told(lambda x, w: product(x, w) * np.nan, "float32", 0) == ""


def test_quantisation_at_the_edge_of_its_range_is_not_called_an_input_of_bfloat16():
    """Where rounded inputs move nothing there is an error, and the other way around."""
    truth = np.round(np.random.default_rng(0).uniform(-4, 4, (6, 10)) * 8) / 8
    wrong, moved = truth.copy(), truth.copy()
    wrong.flat[[3, 8, 12, 17, 20, 33, 41]] += 1 / 8
    moved.flat[[3, 8, 12, 17, 20, 33, 42]] += 1 / 8
    for of_rounded in (moved, wrong):
        result = {"output:y": Result(of_rounded, "float64")}
        assert named(wrong, truth, "float32", alternatives=lambda instead, result=result: result) == WHOLE


def test_single_elements_come_before_rounded_inputs(truth):
    wrong = truth.copy()
    wrong[[0, 1, 2, 2], [1, 2, 3, 4], [0, 1, 2, 3]] += [0.1, 0.2, -0.3, 0.4]
    result = {"output:y": Result(wrong, "float64")}
    assert named(wrong, truth, "float32", alternatives=lambda instead: result) == "4 of 105 elements only"


def test_few_elements_beyond_a_wide_allowance_are_not_all_that_is_wrong(truth):
    """Inputs of few digits, where all elements are off and only some by more than is allowed."""
    moved = truth + 1e-3 * np.random.default_rng(1).standard_normal(truth.shape)
    alternatives = {"output:y": Result(moved, "float64")}
    allowed = 0.9 * np.sort(np.abs(moved - truth), axis=None)[-3] / (2.0**-24 * np.sqrt(np.mean(truth**2)))
    said = named(moved, truth, "float32", allowed, lambda instead: alternatives)
    assert said == "TF32- or float16- or bfloat16-like inputs"


def scaled(x, *, eps, momentum=0.9):
    """A normalisation over the last axis, and a share of its mean."""
    return x / np.sqrt(np.mean(x**2, -1, keepdims=True) + eps) + momentum * np.mean(x, -1, keepdims=True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"eps": 1e-5}, "the formula with eps=1e-05 instead of 0.001"),
        ({"eps": 0.0}, "the formula with eps=0 instead of 0.001"),
        ({"momentum": 0.1}, "the formula with momentum=0.1 instead of 0.9"),
        ({"momentum": 0.0}, "the formula with momentum=0 instead of 0.9"),
        ({"momentum": np.float32(0.9)}, "a float32 constant inside float64: momentum=0.9 rounded to float32"),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_parameter_that_is_another(truth, wrong, said, dtype):
    said = "" if "rounded" in said and dtype == "float32" else said  # Which float32 is there anyway.
    right = {"eps": 1e-3, "momentum": 0.9}

    def alternatives(instead):
        changed = {instead.parameter: instead.value} if instead.parameter else {}
        return {"output:y": Result(scaled(truth, **{**right, **changed}), "float64")}

    made = scaled(truth, **{name: float(value) for name, value in {**right, **wrong}.items()})
    assert named(made, scaled(truth, **right), dtype, 8.0, alternatives, **right) == said
    assert "instead of" not in named(made, scaled(truth, **right), dtype), "only where the formula has it"


def test_arithmetic_in_float32_inside_float64():
    x = np.random.default_rng(0).standard_normal((20, 15))
    single = {"output:y": Result(np.exp(np.sin(x.astype(np.float32))), "float32")}
    made = np.exp(np.sin(x.astype(np.float32)).astype(np.float64))

    def alternatives(instead):
        return single if instead.single else {}

    assert named(made, np.exp(np.sin(x)), alternatives=alternatives) == "float32 arithmetic inside float64"
    noise = 3e-8 * np.random.default_rng(1).standard_normal(x.shape)
    assert named(np.exp(np.sin(x)) + noise, np.exp(np.sin(x)), alternatives=alternatives) == ""


def test_an_error_much_larger_than_that_of_float32_is_no_arithmetic_in_float32():
    """Sine of 22/7 in the place of pi goes along with rounding, and is thousands of times as large."""
    v = np.random.default_rng(0).uniform(size=500)
    rounded = {"output:y": Result(np.sin(np.float32(2 * np.pi) * v.astype(np.float32)), "float32")}

    def alternatives(instead):
        return rounded if instead.single else {}

    assert named(np.sin(2 * 22 / 7 * v), np.sin(2 * np.pi * v), alternatives=alternatives) == ""


def test_an_error_much_larger_than_that_of_rounded_inputs_is_none_of_some_of_them():
    rng = np.random.default_rng(0)
    truth, moved = rng.standard_normal((2, 60))
    rounded = {"output:y": Result(truth + 1e-4 * moved, "float64")}
    for times, said in ((1.2, True), (30.0, False)):
        made = truth + times * 1e-4 * (moved + 0.7 * rng.standard_normal(60))
        found = named(made, truth, "float32", alternatives=lambda instead: rounded if instead.inputs_as else {})
        assert ("-like inputs, some of them" in found) == said


@pytest.mark.parametrize(("dtype", "said"), [("float32", "the right values at other places"), ("bfloat16", "")])
def test_values_that_fit_at_other_places_by_chance_are_no_cause(dtype, said):
    """So coarse is bfloat16 that 100 sorted values of any other sample fit as well."""
    rng = np.random.default_rng(0)
    truth = rng.standard_normal(100)
    made = rng.permutation(truth) if said else rng.standard_normal(100)
    found = named(made, truth, dtype, allowed=16.0)
    assert found == said or (not said and "other places" not in found)
