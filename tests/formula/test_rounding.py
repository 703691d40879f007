"""Arrays that are off by rounding: which operations round, by how much, and that the signs can be repeated."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad, make_vjp

from parity.formula import derivatives  # noqa: F401  registers Rounded with autograd
from parity.formula.rounding import DIGITS, FEW_DIGITS, UNIT, Rounded, constant, rounding

X = np.random.default_rng(0).standard_normal((4, 6))
W = np.random.default_rng(1).standard_normal((6, 5))


def bits(key=0):
    return np.random.Philox(key=key)


def off(function, *arrays, key=0, digits=DIGITS):
    """How far ``function`` is off, in units."""
    with rounding(bits(key), digits=digits):
        rounded = function(*(np.asarray(array, np.float64).view(Rounded) for array in arrays))
    return (np.asarray(rounded) - function(*arrays)) / UNIT


EXACT = {
    "negative": lambda x: -x,
    "maximum": lambda x: np.maximum(x, 0.0),
    "clip": lambda x: np.clip(x, -0.5, 0.5),
    "reshape": lambda x: np.reshape(x, (8, 3)),
    "transpose": lambda x: np.transpose(x),
    "take": lambda x: x[[2, 0, 2]],
    "concatenate": lambda x: np.concatenate([x, x]),
    "stack": lambda x: np.stack([x, -x]),
    "where": lambda x: np.where(x > 0, x, 0.0),
    "max": lambda x: np.max(x, axis=1),
    "plus zero": lambda x: x + 0.0,
    "times one": lambda x: x * 1.0,
    "times zero": lambda x: x * 0.0,
    "over one": lambda x: x / 1.0,
    "selection by a matrix": lambda x: np.tensordot(x, np.eye(6), (1, 0)),
    "sum of one": lambda x: np.sum(x[:, :1], axis=1),
}


@pytest.mark.parametrize("name", EXACT)
def test_what_moves_and_selects_is_exact(name):
    assert not off(EXACT[name], X).any()


ONCE = {
    "plus": lambda x: x + 1.0,
    "times": lambda x: x * x,
    "over": lambda x: 1.0 / x,
    "sqrt": lambda x: np.sqrt(np.abs(x)),
}


@pytest.mark.parametrize("name", ONCE)
def test_an_operation_is_off_by_one_unit_of_its_result(name):
    assert np.abs(off(ONCE[name], X)) == pytest.approx(np.abs(ONCE[name](X)), rel=1e-6)


@pytest.mark.parametrize("function", [np.exp, np.tanh, np.expm1])
def test_an_elementary_function_is_off_by_one_ulp(function):
    assert np.abs(off(function, X)) == pytest.approx(2 * np.abs(function(X)), rel=1e-6)


def in_random_order(result, squares, roundings):
    """How far sums are off whose terms have these sums of squares: by so many roundings of partial sums."""
    return np.sqrt(result**2 + (roundings - 1) * (result**2 / 3 + squares / 6))


@pytest.mark.parametrize("digits", [DIGITS, FEW_DIGITS])
@pytest.mark.parametrize(
    "product",
    [np.matmul, np.dot, lambda x, w: np.einsum("ni,io->no", x, w), lambda x, w: np.tensordot(x, w, 1)],
    ids=["matmul", "dot", "einsum", "tensordot"],
)
def test_a_product_is_off_by_its_partial_sums_in_random_order(product, digits):
    expected = in_random_order(X @ W, X**2 @ W**2, 6)
    assert np.abs(off(product, X, W, digits=digits)) == pytest.approx(expected, rel=1e-6)


def test_a_zero_from_cancellation_has_a_random_sign():
    def signs(function, value):
        with rounding(bits()):
            rounded = function(np.full(64, value).view(Rounded))
        assert not np.asarray(rounded).any()
        return set(np.signbit(rounded))

    assert signs(lambda x: x - 0.1, 0.1) == {False, True}
    assert signs(lambda x: (x - 0.1) * -2.0, 0.1) == {False, True}
    assert signs(lambda x: x - 1.0, 1.0) == {False}, "whole numbers are exact in any order"
    assert signs(lambda x: np.tanh(x * -0.0), 0.1) == {True}
    assert signs(lambda x: x * 0.0 + 0.0, 0.1) == {False}


def test_terms_of_zero_do_not_count():
    x = X.copy()
    x[:, 2:] = 0.0
    assert np.abs(off(np.matmul, x, W)) == pytest.approx(in_random_order(x @ W, x**2 @ W**2, 2), rel=1e-6)


def test_a_sum_rounds_once_less_than_it_has_terms():
    expected = in_random_order(X.sum(1), (X**2).sum(1), 5)
    assert np.abs(off(lambda x: np.sum(x, axis=1), X)) == pytest.approx(expected, rel=1e-6)
    two = np.abs(X[:, :2].sum(1))
    assert np.abs(off(lambda x: np.sum(x[:, :2], axis=1), X)) == pytest.approx(two, rel=1e-6)


def test_sums_on_the_way_round_once_less_than_they_have_terms():
    expected = in_random_order(X.cumsum(1), (X**2).cumsum(1), np.arange(6))
    expected[:, 0] = 0.0
    assert np.abs(off(lambda x: np.cumsum(x, axis=1), X)) == pytest.approx(expected, rel=1e-6)


def test_a_product_of_all_rounds_once_less_than_it_has_factors():
    assert np.abs(off(lambda x: np.prod(x, axis=1), X)) == pytest.approx(np.sqrt(5) * np.abs(np.prod(X, 1)), rel=1e-6)


def test_whole_numbers_among_the_factors_count_as_terms():
    expected = in_random_order(X @ np.arange(6.0), X**2 @ np.arange(6.0) ** 2, 5)
    assert np.abs(off(lambda x: np.einsum("ni,i->n", x, np.arange(6)), X)) == pytest.approx(expected, rel=1e-6)


FEW = {
    "whole numbers": (lambda x: x * 3.0 + 1.0, np.arange(8.0)),
    "fractions": (lambda x: x / 8.0 - 0.25, np.arange(8.0)),
    "their roots": (lambda x: np.sqrt(x * x), np.arange(8.0)),
}


@pytest.mark.parametrize("numbers", FEW)
def test_results_of_few_digits_are_exact(numbers):
    function, x = FEW[numbers]
    assert not off(function, x).any()


def test_powers_of_two_are_exact_in_16_bits():
    x = np.array([257.0, 256.0, 512.0])
    assert np.abs(off(lambda x: x + 512.0, x, digits=FEW_DIGITS)).tolist() == [769.0, 768.0, 0.0]


def test_numbers_that_every_format_has_are_exact_as_they_are_made():
    made = np.array([3.0, 0.75, 255.0, 0.1, 257.0])
    with rounding(bits(), digits=FEW_DIGITS):
        error = np.abs(np.asarray(constant(made)) - made) / UNIT
    assert error == pytest.approx([0.0, 0.0, 0.0, 0.1, 257.0], rel=1e-6)


def test_what_is_left_of_long_numbers_is_off():
    assert np.abs(off(lambda x: x - 0.1, np.array([0.6]))) == pytest.approx(0.5, rel=1e-6)


def test_infinity_and_nan_are_what_they_are():
    x = np.array([np.inf, -np.inf, np.nan, 0.3])
    with rounding(bits()):
        results = [np.asarray(f(x.view(Rounded))) for f in (np.exp, lambda x: x * 3.3, lambda x: np.cumsum(x)[:2])]
    assert results[0][:2].tolist() == [np.inf, 0.0]
    assert results[1][:2].tolist() == [np.inf, -np.inf]
    assert np.isnan(results[0][2])
    assert results[2][0] == np.inf


def test_both_parts_of_a_complex_product_are_off_by_its_magnitude():
    z = X[0] + 1j * X[1]
    with rounding(bits()):
        error = np.asarray(z.view(Rounded) * (0.3 - 0.7j)) - z * (0.3 - 0.7j)
    expected = np.abs(z * (0.3 - 0.7j))
    for part in (error.real, error.imag):
        assert np.abs(part) / UNIT == pytest.approx(expected, rel=1e-6)


def test_partial_sums_in_random_order_are_as_large_as_the_model_has_them():
    generator = np.random.default_rng(0)
    terms = generator.standard_normal(400) + 0.1
    shuffled = [np.cumsum(generator.permutation(terms)) for _ in range(2000)]
    assert np.mean(np.square(shuffled)) == pytest.approx(terms.sum() ** 2 / 3 + (terms**2).sum() / 6, rel=0.03)


def test_rows_that_are_added_up_round_once_less_than_they_are():
    rows, target = X.copy().view(Rounded), np.zeros((2, 6)).view(Rounded)
    with rounding(bits()):
        np.add.at(target, [0, 1, 0, 0], rows)
    given, result = X[[0, 2, 3]], X[[0, 2, 3]].sum(0)
    error = np.abs(np.asarray(target) - [result, X[1]]) / UNIT
    assert error[0] == pytest.approx(in_random_order(result, (given**2).sum(0), 2), rel=1e-6)
    assert not error[1].any()


def test_errors_go_through_what_comes_after():
    assert np.abs(off(lambda x: (x + 1.0) * 1e6 - 1e6 * x, X)).max() > 1e5


def test_the_signs_come_from_the_bits():
    assert np.array_equal(off(np.exp, X), off(np.exp, X))
    assert not np.array_equal(off(np.exp, X), off(np.exp, X, key=1))
    assert len(set(np.sign(off(np.exp, X)).ravel())) == 2


def test_gradients_round_too():
    def loss(x):
        return anp.sum(anp.tanh(x) ** 2)

    with rounding(bits()):
        rounded = grad(loss)(X.view(Rounded))
    assert isinstance(rounded, Rounded)
    error = np.abs(np.asarray(rounded) - grad(loss)(X)) / UNIT
    assert 0.1 < error.max() < 100


def test_the_gradient_of_tanh_has_few_digits_where_it_saturates():
    x = np.array([0.5, 3.0])

    def error(x, key):
        with rounding(bits(key)):
            rounded = make_vjp(anp.tanh)(x.view(Rounded))[0](np.ones(2).view(Rounded))
        return np.abs(np.asarray(rounded) * np.cosh(x) ** 2 - 1) / UNIT

    relative = np.max([error(x, key) for key in range(8)], axis=0)
    assert relative[0] < 5
    assert 200 < relative[1] < 1000


def test_what_meets_a_traced_array_rounds_once():
    constant = np.asarray(X[0, 0]).view(Rounded)
    with rounding(bits()):
        _, rounded = make_vjp(lambda x: constant * x)(X.view(Rounded))
    assert np.abs(np.asarray(rounded) - X[0, 0] * X) / UNIT == pytest.approx(np.abs(X[0, 0] * X), rel=1e-6)


def test_a_gradient_that_adds_up_rows_rounds():
    def rows(table):
        return table[np.array([1, 1, 1, 0])]

    back, _ = make_vjp(rows)(W.view(Rounded))
    exact, _ = make_vjp(rows)(W)
    given = np.random.default_rng(2).standard_normal((4, 5))
    with rounding(bits()):
        rounded = np.asarray(back(given.view(Rounded)))
    error = np.abs(rounded - exact(given)) / UNIT
    expected = in_random_order(given[:3].sum(0), (given[:3] ** 2).sum(0), 2)
    assert error[1] == pytest.approx(expected, rel=1e-6)
    assert not error[[0, 2, 3, 4, 5]].any()


BROADCAST = {
    "at the front": ((5,), lambda b: b + np.zeros((4, 6, 5))),
    "in between": ((4, 1, 1, 5), lambda b: b * np.ones((4, 6, 3, 5))),
    "everywhere": ((), lambda b: b + np.zeros((4, 6, 5))),
    "in an einsum": ((6,), lambda b: anp.einsum("...i,i->...i", np.ones((4, 5, 6)), b)),
}


@pytest.mark.parametrize("place", BROADCAST)
def test_the_gradient_of_what_was_broadcast_is_one_sum(place):
    shape, function = BROADCAST[place]
    back, result = make_vjp(function)(np.ones(shape))
    given = np.random.default_rng(2).standard_normal(result.shape)
    with rounding(bits()):
        rounded, _ = make_vjp(function)(np.ones(shape).view(Rounded))
        error = np.abs(np.asarray(rounded(given.view(Rounded))) - back(given)) / UNIT
    terms = given.size / max(np.prod(shape), 1)
    assert error == pytest.approx(in_random_order(back(given), back(given**2), terms - 1), rel=1e-6)


@pytest.mark.parametrize("join", [anp.stack, anp.concatenate, anp.hstack, lambda parts: anp.append(*parts)])
def test_what_was_joined_still_rounds(join):
    def function(x):
        return join([x, -x]) * 3.0

    with rounding(bits()):
        _, result = make_vjp(function)(X.view(Rounded))
    assert isinstance(result, Rounded)
    assert np.abs(np.asarray(result) - function(X)).min() > 0


def test_a_gradient_that_adds_up_overlapping_slices_rounds():
    def pairs(x):
        return anp.stack([x[start : start + 2] for start in range(3)])

    x, given = np.ones(4), np.random.default_rng(2).standard_normal((3, 2))
    back, _ = make_vjp(pairs)(x)
    with rounding(bits()):
        rounded_back, _ = make_vjp(pairs)(x.view(Rounded))
        error = np.abs(np.asarray(rounded_back(given.view(Rounded))) - back(given)) / UNIT
    sums = [0.0, abs(given[0, 1] + given[1, 0]), abs(given[1, 1] + given[2, 0]), 0.0]
    assert error == pytest.approx(np.array(sums), rel=1e-6)


def test_max_keeps_its_gradient_where_the_maximum_is():
    def highest(x):
        return anp.max(anp.stack([x, x - 1.0]), axis=0)

    with rounding(bits()):
        back, _ = make_vjp(highest)(X.view(Rounded))
        rounded = np.asarray(back(np.ones_like(X).view(Rounded)))
    assert rounded == pytest.approx(np.ones_like(X))


def test_truth_values_are_subtracted_from_numbers():
    padded = np.array([True, False])
    with rounding(bits()):
        assert np.asarray(1.0 - padded.view(Rounded)).tolist() == [0.0, 1.0]
