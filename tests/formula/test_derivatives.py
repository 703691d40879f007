"""Derivatives of what a formula may call: against central differences, and at the points that libraries get wrong."""

import numpy as np
import pytest
from autograd import make_vjp
from autograd.builtins import tuple as traced_tuple
from forms import FORMS

from parity.formula.making import precision
from parity.formula.names import GROUPS
from parity.formula.namespace import EXACT as FORMULA

WIDE = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps
STEP = np.longdouble(2e-4)
STENCIL = {1: np.longdouble(3) / 4, 2: -np.longdouble(3) / 20, 3: np.longdouble(1) / 60}
"""Central differences of sixth order: off by about STEP^6 and by the roundoff over STEP."""

DIFFERENTIABLE = [form for form in FORMS if form.arrays and np.size(form.arrays[0])]


def together(result):
    return traced_tuple(tuple(result)) if isinstance(result, (tuple, list)) else result


def flat(result):
    arrays = result if isinstance(result, (tuple, list)) else [result]
    return np.concatenate([np.ravel(np.asarray(array)) for array in arrays])


def gradients(call, *arrays, given=None):
    """The gradients of ``call(*arrays)``, by default of the sum of its results."""
    back, results = make_vjp(lambda all_: together(call(*all_)))(tuple(np.asarray(a) for a in arrays))
    if isinstance(results, tuple):
        return back(tuple(np.ones_like(result) for result in results))
    return back(np.ones_like(results) if given is None else given)


@pytest.mark.skipif(not WIDE, reason="differences need long double")
@pytest.mark.parametrize("name", sorted({form.name for form in DIFFERENTIABLE}))
def test_the_gradient_is_that_of_central_differences(name):
    checked = 0
    with precision(np.longdouble), np.errstate(all="ignore"):
        for form in (form for form in DIFFERENTIABLE if form.name == name):
            point = tuple(np.asarray(array, np.longdouble) for array in form.arrays)
            back, results = make_vjp(lambda arrays, form=form: together(form.call(FORMULA, *arrays)))(point)
            if flat(results).dtype.kind not in "fc":
                continue
            generator, checked = np.random.default_rng(0), checked + 1
            directions = [generator.standard_normal(array.shape) for array in point]
            given, weights = cotangents(results, generator)

            def along(times, form=form, point=point, directions=directions):
                return flat(form.call(FORMULA, *(x + times * STEP * d for x, d in zip(point, directions, strict=True))))

            change = sum(factor * (along(k) - along(-k)) for k, factor in STENCIL.items()) / STEP
            expected = np.sum(np.real(change * weights))
            found = back(given)
            for gradient, array in zip(found, point, strict=True):
                assert gradient.shape == array.shape, form.id
                assert gradient.dtype == np.longdouble, form.id
            terms = [gradient * direction for gradient, direction in zip(found, directions, strict=True)]
            size = 1 + sum(np.abs(term).sum() for term in terms)
            assert abs(sum(term.sum() for term in terms) - expected) < 1e-11 * size, form.id
    assert checked or name in NOT_NUMBERS


def cotangents(results, generator):
    """Random numbers of the shapes of the results, for autograd and flat."""
    arrays = results if isinstance(results, tuple) else (results,)
    drawn = [generator.standard_normal(np.shape(array)).astype(np.longdouble) for array in arrays]
    drawn = [
        d + 1j * d[::-1] if np.iscomplexobj(r) and d.ndim else d * (1 + 0j) if np.iscomplexobj(r) else d
        for d, r in zip(drawn, arrays, strict=True)
    ]
    return (tuple(drawn) if isinstance(results, tuple) else drawn[0]), flat(drawn)


NOT_NUMBERS = {*GROUPS["Finding and comparing"], "argsort"}

INF, NAN = np.inf, np.nan
POINTS = {
    "a product with a zero": (lambda x: FORMULA.prod(x), [2.0, 0.0, 3.0], [0.0, 6.0, 0.0]),
    "a product with two zeros": (lambda x: FORMULA.prod(x), [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
    "products on the way with a zero": (lambda x: FORMULA.cumprod(x), [2.0, 0.0, 3.0], [1.0, 2.0 + 6.0, 0.0]),
    "a product of one": (lambda x: FORMULA.prod(x, axis=0), [[2.0]], [[1.0]]),
    "x ** 0 at 0": (lambda x: x**0, [0.0, 2.0], [0.0, 0.0]),
    "x ** 1 at 0": (lambda x: x**1, [0.0, -2.0], [1.0, 1.0]),
    "x ** 2 at 0": (lambda x: x**2, [0.0, -2.0], [0.0, -4.0]),
    "x ** 3 of a negative number": (lambda x: FORMULA.power(x, 3.0), [-2.0, 0.0], [12.0, 0.0]),
    "x ** -1 of a negative number": (lambda x: x**-1, [-2.0], [-0.25]),
    "exponents in an array": (lambda x: x ** np.array([0.0, 1.0, 2.0]), [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
    "the exponent of 0": (lambda x: 0.0**x, [2.0], [0.0]),
    "the magnitude of 0": (lambda x: FORMULA.abs(x), [0.0, -0.0, -3.0], [0.0, 0.0, -1.0]),
    "a length of 0": (lambda x: FORMULA.linalg.norm(x), [0.0, 0.0], [0.0, 0.0]),
    "a deviation of 0": (lambda x: FORMULA.std(x), [2.0, 2.0], [0.0, 0.0]),
    "a variance of one element": (lambda x: FORMULA.var(x), [2.0], [0.0]),
    "hypot at 0": (lambda x: FORMULA.hypot(x, 0.0), [0.0, 3.0], [0.0, 1.0]),
    "two maxima": (lambda x: FORMULA.max(x), [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
    "two minima along an axis": (lambda x: FORMULA.min(x, axis=1), [[1.0, 1.0], [2.0, 1.0]], [[0.5, 0.5], [0.0, 1.0]]),
    "maximum of equals": (lambda x: FORMULA.maximum(x, 0.0), [0.0, 1.0, -1.0], [0.5, 1.0, 0.0]),
    "a bound": (lambda x: FORMULA.clip(x, -1.0, 1.0), [-2.0, 0.5, 3.0], [0.0, 1.0, 0.0]),
    "sort of equals": (lambda x: FORMULA.sort(x) * np.array([1.0, 2.0, 3.0]), [1.0, 0.0, 1.0], [2.0, 1.0, 3.0]),
    "the median of an even number": (lambda x: FORMULA.median(x), [4.0, 1.0, 2.0, 9.0], [0.5, 0.0, 0.5, 0.0]),
    "logaddexp of minus infinity": (lambda x: FORMULA.logaddexp(x, -INF), [0.5, -INF], [1.0, 1.0]),
    "logaddexp beside minus infinity": (lambda x: FORMULA.logaddexp(-INF, x), [0.5], [1.0]),
    "logaddexp2 of minus infinity": (lambda x: FORMULA.logaddexp2(x, -INF), [0.5, -INF], [1.0, 1.0]),
    "the branch that is not taken": (lambda x: FORMULA.where(x > 0, x, -INF), [2.0, -1.0], [1.0, 0.0]),
    "a root that is not taken": (
        lambda x: FORMULA.where(x > 0, FORMULA.sqrt(FORMULA.where(x > 0, x, 1.0)), 0.0),
        [4.0, -1.0],
        [0.25, 0.0],
    ),
    "softmax with a mask": (
        lambda x: (
            FORMULA.exp(FORMULA.where(np.array([True, True, False]), x, -INF) - FORMULA.max(x[:2]))
            * np.array([1.0, 0.0, 1.0])
        ),
        [0.0, -1.0, 7.0],
        [0.0, 0.0, 0.0],
    ),
    "elements taken twice": (lambda x: x[np.array([0, 0, 1])] * np.array([1.0, 2.0, 4.0]), [5.0, 6.0], [3.0, 4.0]),
    "overlapping windows": (
        lambda x: x[np.arange(3)[:, None] + np.arange(2)],
        [1.0, 2.0, 3.0, 4.0],
        [1.0, 2.0, 2.0, 1.0],
    ),
    "sinc at 0": (lambda x: FORMULA.sinc(x), [0.0, 1.0], [0.0, -1.0]),
    "a determinant of 0": (lambda x: FORMULA.linalg.det(x), [[1.0, 2.0], [2.0, 4.0]], [[4.0, -2.0], [-2.0, 1.0]]),
    "a determinant of rank n - 2": (lambda x: FORMULA.linalg.det(x), np.diag([1.0, 0.0, 0.0]), np.zeros((3, 3))),
    "a determinant of rank n - 1": (
        lambda x: FORMULA.linalg.det(x),
        np.diag([2.0, 3.0, 0.0]),
        np.diag([0.0, 0.0, 6.0]),
    ),
    "equal singular values": (lambda x: FORMULA.linalg.svdvals(x), np.eye(2), None),
    "the sum of equal eigenvalues": (lambda x: FORMULA.linalg.eigvalsh(x), 2 * np.eye(3), np.eye(3)),
    "the nuclear norm of equal ones": (lambda x: FORMULA.linalg.norm(x, "nuc"), np.diag([2.0, 2.0]), np.eye(2)),
    "copysign of -0": (lambda x: FORMULA.copysign(x, -1.0), [2.0, -3.0, -0.0], [-1.0, 1.0, 1.0]),
    "an empty sum": (lambda x: FORMULA.sum(x[:0]) + 2 * x, [1.0, 2.0], [2.0, 2.0]),
    "heaviside": (lambda x: FORMULA.heaviside(x, 0.5) * x, [2.0, -1.0], [1.0, 0.0]),
    "NaN that is not counted": (lambda x: FORMULA.nansum(x), [1.0, NAN], [1.0, 0.0]),
    "the mean of what is a number": (lambda x: FORMULA.nanmean(x), [1.0, NAN, 3.0], [0.5, 0.0, 0.5]),
    "quantiles on a place": (lambda x: FORMULA.quantile(x, 0.5), [3.0, 1.0, 2.0], [0.0, 0.0, 1.0]),
}


@pytest.mark.parametrize("point", POINTS)
def test_the_gradient_at_a_special_point(point):
    call, x, expected = POINTS[point]
    with np.errstate(all="ignore"):
        (found,) = gradients(call, np.array(x))
    if expected is None:
        assert np.isfinite(found).all()
    else:
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_bounds_that_are_arrays_get_the_gradient_of_what_they_bound():
    x, low = np.array([[0.0, 2.0], [5.0, 0.5]]), np.array([1.0, 1.0])
    of_x, of_low = gradients(lambda x, low: FORMULA.clip(x, low, None), x, low)
    assert of_x.tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert of_low.tolist() == [1.0, 1.0]


def test_the_gradient_of_a_wide_qr_is_refused():
    with pytest.raises(ValueError, match=r"the gradient of np\.linalg\.qr needs at least as many rows as columns"):
        gradients(lambda a: FORMULA.linalg.qr(a).R, np.ones((2, 3)) + np.eye(2, 3))


def test_nothing_is_differentiated_through_stop_gradient():
    (found,) = gradients(lambda x: x * FORMULA.stop_gradient(x), np.array([2.0, 3.0]))
    assert found.tolist() == [2.0, 3.0]
    assert FORMULA.stop_gradient(np.array([1.0])).tolist() == [1.0]


def test_straight_through_has_the_value_of_one_and_the_gradient_of_another():
    def rounded(x):
        return FORMULA.straight_through(FORMULA.round(x), x) * np.array([2.0, 3.0])

    x = np.array([1.4, 2.6])
    assert rounded(x).tolist() == [2.0, 9.0]
    assert gradients(rounded, x)[0].tolist() == [2.0, 3.0]
    (found,) = gradients(lambda x: FORMULA.straight_through(x**2, x), x)
    assert found.tolist() == [1.0, 1.0]


def test_in_place_operators_make_another_array_of_what_is_traced():
    def added(x):
        y = FORMULA.zeros(2)
        y += x
        y *= x
        return y

    assert gradients(added, np.array([2.0, 3.0]))[0].tolist() == [4.0, 6.0]
