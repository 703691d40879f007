"""What a formula may call gives what NumPy gives, in float64 and in long double."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import make_vjp
from forms import FORMS

from parity.formula import names
from parity.formula.making import precision
from parity.formula.namespace import EXACT

MODELLED = {*names.FUNCTIONS, *(f"{module}.{name}" for module, of in names.MODULES.items() for name in of)}
OF_THIS_PACKAGE = set(names.GROUPS["Of this package"])
NAMES = sorted({form.name for form in FORMS})

WIDE = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps
FEW_DIGITS = {
    *names.words(
        "sign copysign heaviside floor ceil rint trunc round around floor_divide zeros_like ones_like unique full_like"
    ),
    *names.words("linalg.slogdet linalg.matrix_power linalg.norm"),
}
"""Names with a form whose result is whole, whatever the arrays."""


def parts(result):
    """The arrays of a result."""
    return [np.asarray(part) for part in (result if isinstance(result, (tuple, list)) else [result])]


def of_name(name):
    return [form for form in FORMS if form.name == name]


def test_every_name_has_forms():
    assert set(NAMES) - {"method", "operator"} == MODELLED - OF_THIS_PACKAGE


@pytest.mark.parametrize("name", sorted(MODELLED))
def test_every_name_can_be_called(name):
    module, _, function = name.rpartition(".")
    assert callable(getattr(getattr(EXACT, module) if module else EXACT, function))


@pytest.mark.parametrize("name", NAMES)
def test_the_values_are_those_of_numpy(name):
    for form in of_name(name):
        for found, expected in zip(
            parts(form.call(EXACT, *form.arrays)), parts(form.call(np, *form.arrays)), strict=True
        ):
            assert found.shape == expected.shape, form.id
            assert found.dtype.kind == expected.dtype.kind, form.id
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13, err_msg=form.id)


@pytest.mark.skipif(not WIDE, reason="the platform's long double is float64")
@pytest.mark.parametrize("name", NAMES)
def test_long_double_has_digits_beyond_float64(name):
    for form in (form for form in of_name(name) if form.arrays):
        more = [wider(array) for array in form.arrays]
        with precision(np.longdouble):
            results = parts(form.call(EXACT, *more))
        for found, expected in zip(results, parts(form.call(np, *form.arrays)), strict=True):
            if expected.dtype.kind not in "fc":
                continue
            np.testing.assert_allclose(found.astype(expected.dtype), expected, rtol=1e-12, atol=1e-13, err_msg=form.id)
            if name not in FEW_DIGITS and np.any(expected != np.rint(expected.real)):
                assert found.dtype in (np.longdouble, np.clongdouble), form.id
                assert np.any(found != found.astype(expected.dtype)), form.id


def wider(array):
    """Numbers next to those of an array, with more digits than float64 has."""
    order = np.arange(1, np.size(array) + 1).reshape(np.shape(array))
    return np.asarray(array, np.longdouble) * (1 + np.longdouble(2) ** -58 * order)


@pytest.mark.parametrize("name", NAMES)
def test_traced_arrays_give_the_same(name):
    for form in (form for form in of_name(name) if form.arrays):
        expected = parts(form.call(EXACT, *form.arrays))
        found = []

        def call(arrays, form=form, found=found):
            result = form.call(EXACT, *arrays)
            found[:] = result if isinstance(result, (tuple, list)) else [result]
            return anp.sum(arrays[0])

        make_vjp(call)(tuple(np.asarray(array) for array in form.arrays))
        for traced, plain in zip(found, expected, strict=True):
            value = np.asarray(EXACT.stop_gradient(traced))
            np.testing.assert_allclose(value, plain, rtol=1e-14, err_msg=form.id)


@pytest.mark.skipif(not WIDE, reason="the platform's long double is float64")
def test_what_is_made_has_the_digits_of_the_formula():
    with precision(np.longdouble):
        filled = EXACT.zeros((2, 2))
        filled[0] = np.longdouble(1) / 3
        assert filled[0, 0] != np.float64(filled[0, 0])
        assert EXACT.linspace(0, 1, 4)[1] == np.longdouble(1) / 3
        assert EXACT.array([1.0, 2.0], dtype=float).dtype == np.longdouble
        assert EXACT.ones(3, dtype=np.float32).dtype == np.float32
        assert EXACT.asarray(np.longdouble(1) / 3, np.float64) == np.longdouble(1) / 3
    assert EXACT.zeros(2).dtype == np.float64


def test_an_array_is_one_of_its_own():
    x = np.ones(3)
    for make in (EXACT.array, EXACT.copy):
        make(x)[0] = 5.0
    assert x[0] == 1.0


def test_what_is_asked_wrongly_is_named_as_the_formula_has_it():
    with pytest.raises(TypeError, match=r"^np\.sum\(\) got an unexpected keyword argument 'out'"):
        EXACT.sum(np.ones(3), out=np.zeros(()))
    with pytest.raises(TypeError, match=r"^np\.linalg\.solve\(\) "):
        EXACT.linalg.solve(np.eye(2))
    with pytest.raises(
        ValueError, match=r"np\.einsum\('ij,jk->ik'\) does not fit arrays of the shapes \(2,\), \(3, 4\)"
    ):
        EXACT.einsum("ij,jk->ik", np.ones(2), np.ones((3, 4)))
    with pytest.raises(TypeError, match="takes its subscripts as text"):
        EXACT.einsum(np.ones(2), [0], [0])
    with pytest.raises(
        ValueError, match=r"np\.pad with mode='linear_ramp' is not modelled: choose from constant, edge"
    ):
        EXACT.pad(np.ones(2), 1, mode="linear_ramp")
    with pytest.raises(ValueError, match="choose from linear, lower, higher, nearest, midpoint"):
        EXACT.quantile(np.ones(2), 0.5, method="weibull")
