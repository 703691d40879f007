"""The dtype that a result must have, and the formula's values in it."""

import numpy as np
import pytest

from parity import Case, buffer, normal, output
from parity.catalog.errors import DeclarationError
from parity.judge.expected import expected_dtype, in_dtype

CASE = Case(
    "op",
    "A case.",
    sizes=dict(N=2),
    inputs=dict(x=normal("N"), w=normal("N", dtype="bfloat16")),
    outputs=dict(y=buffer("N"), index=buffer("N", dtype="int32"), half=output("N", dtype="float16")),
)


def expected(truth, quantity="output:y", dtype="float32"):
    return expected_dtype(CASE, CASE.variants[0], dtype, quantity, np.asarray(truth))


@pytest.mark.parametrize(
    ("truth", "dtype", "found"),
    [
        (np.longdouble(1.5), "float64", "float64"),
        (1.5, "bfloat16", "bfloat16"),
        (np.clongdouble(1j), "float64", "complex128"),
        (1j, "float32", "complex64"),
        (1j, "float16", "complex64"),
        (True, "float16", "bool"),
        (np.int64(1), "float32", "int64"),
        (np.uint8(1), "float32", "uint8"),
    ],
)
def test_the_dtype_follows_from_what_the_formula_returns(truth, dtype, found):
    assert expected(truth, dtype=dtype) == found


def test_a_declared_dtype_goes_first_and_a_gradient_has_its_tensors():
    assert expected(np.int64(1), "output:index") == "int32"
    assert expected(1.5, "output:half") == "float16"
    assert expected(1.5, "grad:x", "float64") == "float64"
    assert expected(1.5, "grad:w") == "bfloat16"


@pytest.mark.parametrize(
    ("truth", "dtype"),
    [([0.0, 255.0], "uint8"), ([False, True], "int8"), ([0, 1], "bool"), ([-(2**63), 2**63 - 1], "int64")],
)
def test_values_that_fit_are_kept(truth, dtype):
    kept = in_dtype(np.array(truth), dtype, "y")
    assert kept.dtype == dtype
    assert kept.tolist() == truth


@pytest.mark.parametrize(
    ("truth", "dtype", "said"),
    [
        (2.5, "int32", "returns 2.5 for y, which int32 cannot hold"),
        (np.nan, "int32", "returns nan for y, which int32 cannot hold"),
        (256, "uint8", "returns 256 for y, which uint8 cannot hold"),
        (-1, "uint8", "returns -1 for y, which uint8 cannot hold"),
        (2, "bool", "returns 2 for y, which bool cannot hold"),
        (2.0**54, "int64", "as floats beyond 2**53, whose last digits are lost: have it return whole numbers"),
        (1j, "float32", "returns complex numbers for y, where float32 is declared"),
        (1j, "int32", "returns complex numbers for y, where int32 is declared"),
    ],
)
def test_values_that_do_not_fit_are_an_error(truth, dtype, said):
    with pytest.raises(DeclarationError) as caught:
        in_dtype(np.array([truth]), dtype, "y")
    assert said in str(caught.value)
