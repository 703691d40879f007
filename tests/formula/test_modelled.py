"""What a formula computes is off by rounding, and stays so: nothing but moving and selecting is exact."""

import numpy as np
import pytest
from autograd import make_vjp
from autograd.builtins import tuple as traced_tuple
from forms import FORMS

from parity.formula.names import words
from parity.formula.namespace import EXACT as FORMULA
from parity.formula.namespace import ROUNDED
from parity.formula.rounding import UNIT, Rounded, lifted, rounding

NAMES = sorted({form.name for form in FORMS})

EXACT_NAMES = {
    *words("append array_split ascontiguousarray atleast_1d atleast_2d atleast_3d broadcast_to column_stack concat"),
    *words(
        "concatenate copy delete diag diagonal dsplit dstack expand_dims flip fliplr flipud hsplit hstack moveaxis pad"
    ),
    *words(
        "permute_dims ravel repeat reshape roll rollaxis rot90 sort split squeeze swapaxes take take_along_axis tile"
    ),
    *words("transpose tri tril tril_indices triu triu_indices vsplit vstack where ix_ fft.fftshift fft.ifftshift"),
    *words(
        "linalg.matrix_transpose absolute amax amin around ceil conjugate copysign fabs floor floor_divide fmax fmin"
    ),
    *words(
        "fmod heaviside max maximum min minimum mod nan_to_num nanmax nanmin positive remainder rint sign trunc unique"
    ),
    *words("eye identity indices ones ones_like zeros zeros_like"),
}
"""What moves and selects: exact in every form."""

EXACT_AT_FIRST = {*words("abs array asanyarray asarray broadcast_arrays clip conj imag meshgrid negative real round")}
EXACT_AT_FIRST |= {"stack", "full_like"}
"""What is exact, too, but has forms that compute something else beside it: not the first."""


def parts(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


def is_number(value):
    return isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "fc"


def rounded(form, key=0):
    with rounding(np.random.Philox(key=key)):
        return parts(form.call(ROUNDED, *(lifted(np.asarray(array)) for array in form.arrays)))


def noise(form):
    """How far the results of a form are off, in units."""
    found = []
    for off, exact in zip(rounded(form), parts(form.call(FORMULA, *form.arrays)), strict=True):
        if is_number(np.asarray(exact)):
            difference = np.abs(np.asarray(off) - exact) / UNIT
            found.append(np.max(difference, initial=0.0, where=np.isfinite(exact)))
    return max(found, default=0.0)


@pytest.mark.parametrize("name", NAMES)
def test_what_computes_is_off_by_rounding_and_what_moves_is_not(name):
    forms = [form for form in FORMS if form.name == name]
    off = [noise(form) for form in forms]
    if name in EXACT_NAMES:
        assert max(off) == 0.0
    elif name in EXACT_AT_FIRST:
        assert off[0] == 0.0
    elif any(is_number(part) for form in forms for part in rounded(form)):
        assert max(off) > 0.0


@pytest.mark.parametrize("name", NAMES)
def test_results_and_gradients_stay_rounded(name):
    for form in (form for form in FORMS if form.name == name):
        for off, exact in zip(rounded(form), parts(form.call(FORMULA, *form.arrays)), strict=True):
            if is_number(off) or (isinstance(off, np.ndarray) and is_number(np.asarray(exact))):
                assert isinstance(off, Rounded), form.id
        if not form.arrays or not any(is_number(np.asarray(part)) for part in parts(form.call(FORMULA, *form.arrays))):
            continue
        with rounding(np.random.Philox(key=0)):
            point = tuple(lifted(np.asarray(array)) for array in form.arrays)
            for gradient, exact in zip(
                gradients(form, ROUNDED, point), gradients(form, FORMULA, form.arrays), strict=True
            ):
                assert isinstance(gradient, Rounded), form.id
                size = np.max(np.abs(exact), initial=1.0)
                np.testing.assert_allclose(np.asarray(gradient), exact, rtol=1e-3, atol=1e-4 * size, err_msg=form.id)


def gradients(form, namespace, point):
    def call(arrays):
        result = form.call(namespace, *arrays)
        return traced_tuple(tuple(result)) if isinstance(result, (tuple, list)) else result

    back, results = make_vjp(call)(tuple(np.asanyarray(array) for array in point))
    if isinstance(results, tuple):
        return back(tuple(np.ones_like(result) for result in results))
    return back(np.ones_like(results))


MADE = {
    "a third": lambda np: np.arange(5) / 3,
    "cosines": lambda np: np.cos(np.arange(9)),
    "steps": lambda np: np.linspace(0, 1, 7),
    "a list": lambda np: np.array([0.1, 0.7]),
    "one number": lambda np: np.full(3, 0.1),
    "a window": lambda np: np.hanning(9),
    "a sum": lambda np: np.sum(np.arange(9) / 7),
    "the root of a number": lambda np: np.sqrt(3),
    "a product": lambda np: np.outer(np.arange(1, 4) / 3, np.arange(1, 4) / 7),
    "filled element by element": lambda np: filled(np),
    "a list comprehension": lambda np: np.stack([np.exp(k / 3) for k in range(3)]),
    "rows": lambda np: [row * 0.1 for row in np.eye(3) + 0.3][-1],
    "a transform": lambda np: np.fft.rfft(np.arange(6.0) / 3),
    "frequencies": lambda np: np.fft.fftfreq(7),
    "ten to the power": lambda np: 10000.0 ** (-np.arange(1, 4) / 4),
}


def filled(np):
    y = np.zeros((2, 3))
    for i in range(2):
        y[i] = np.arange(1, 4) / (i + 3)
    y[0, 0] += 0.3
    return y


@pytest.mark.parametrize("name", MADE)
def test_what_a_formula_makes_itself_is_off_by_rounding(name):
    call = MADE[name]
    with rounding(np.random.Philox(key=0)):
        off = call(ROUNDED)
    assert isinstance(off, Rounded)
    error = np.abs(np.asarray(off) - call(FORMULA)) / UNIT
    assert 0.0 < error.max() < 30 * np.abs(call(FORMULA)).max()


FEW = {
    "whole numbers": lambda np: np.arange(7) * 2.0 + 1.0,
    "simple fractions": lambda np: np.arange(7) / 4,
    "a mask": lambda np: (np.arange(5) > 2) * 1.0,
    "halves": lambda np: np.linspace(-1, 1, 5),
    "a sum of whole numbers": lambda np: np.arange(5) + np.ones(5),
    "infinity": lambda np: np.where(np.arange(3) > 1, -np.inf, 0.0),
}


@pytest.mark.parametrize("name", FEW)
def test_whole_numbers_and_simple_fractions_are_exact(name):
    with rounding(np.random.Philox(key=0)):
        off = FEW[name](ROUNDED)
    np.testing.assert_array_equal(np.asarray(off), FEW[name](FORMULA))


def test_exact_numbers_come_from_float64():
    def window(np, n):
        return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / (n - 1))

    with rounding(np.random.Philox(key=0)):
        exact = ROUNDED.exact(window, 9)
        assert np.abs(np.asarray(window(ROUNDED, 9)) - exact).max() > UNIT / 4
        # A tensor times exact numbers is rounded once.
        x = lifted(np.full(9, 1.1))
        error = np.abs(np.asarray(x * exact) - 1.1 * exact)[1:4]
        np.testing.assert_allclose(error, UNIT * 1.1 * exact[1:4], rtol=1e-6)
    np.testing.assert_array_equal(exact, window(np, 9))
    np.testing.assert_array_equal(FORMULA.exact(window, 9), exact)


@pytest.mark.parametrize(
    "call", [lambda np, x: np.exact(lambda np, x: np.sum(x), x), lambda np, x: np.exact(lambda np: x * 2)]
)
def test_tensors_are_not_exact(call):
    with (
        rounding(np.random.Philox(key=0)),
        pytest.raises(TypeError, match=r"np\.exact is for numbers that a formula makes"),
    ):
        call(ROUNDED, lifted(np.ones(3) / 3))
    with pytest.raises(TypeError, match=r"np\.exact is for numbers that a formula makes itself"):
        make_vjp(lambda x: call(FORMULA, x))(np.ones(3) / 3)


def test_in_place_operators_round():
    with rounding(np.random.Philox(key=0)):
        y = view = ROUNDED.zeros(3)
        y += lifted(np.ones(3) / 3)
        y *= 0.7
        z = np.zeros(3)
        z += y
        assert isinstance(z * 3, Rounded)
    assert view is y or np.shares_memory(view, y)
    assert np.abs(np.asarray(y) - 0.7 / 3).min() > 0


def test_what_numpy_itself_computes_is_refused_where_it_is_not_modelled():
    from parity.catalog.errors import DeclarationError

    x = lifted(np.eye(3))
    with rounding(np.random.Philox(key=0)):
        with pytest.raises(
            DeclarationError, match=r"numpy\.linalg\.inv is called as it is imported: call it as np\.linalg"
        ):
            np.linalg.inv(x)
        with pytest.raises(DeclarationError, match=r"np\.logaddexp\.reduce is not modelled"):
            np.logaddexp.reduce(x)
