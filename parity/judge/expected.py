"""The dtype that a result must have, and the formula's values in it."""

from __future__ import annotations

import numpy as np

from ..catalog.case import Case
from ..catalog.dtypes import BOOL, COMPLEX, FLOATS, WHOLE, Array, complex_of
from ..catalog.errors import DeclarationError
from ..catalog.variants import Variant


def expected_dtype(case: Case, variant: Variant, dtype: str, quantity: str, truth: Array) -> str:
    """The dtype of a quantity in an item of ``dtype``: the declared one, or what follows from the formula's ``truth``.

    A gradient has the dtype of its tensor. Without a declaration, floats give the item's dtype, complex numbers the
    complex dtype that goes with it, truth values bool, and whole numbers their own.
    """
    kind, _, name = quantity.partition(":")
    if kind == "grad":
        return {**case.inputs(variant), **case.weights(variant)}[name].format(dtype)
    declared: str = {**case.outputs(variant), **case.states(variant)}[name].dtype
    if declared:
        return declared
    given = str(truth.dtype)
    if given in WHOLE:
        return given
    return complex_of(dtype) if truth.dtype.kind == "c" else dtype


def in_dtype(truth: Array, dtype: str, name: str) -> Array:
    """The formula's values as numbers of the kind that ``dtype`` has; not yet rounded to it.

    Whole numbers are then of that very dtype. Raises ``DeclarationError`` for values that it cannot hold.
    """
    if dtype in COMPLEX:
        return truth if truth.dtype.kind == "c" else truth.astype(np.result_type(truth, np.complex128))
    if truth.dtype.kind == "c":
        raise DeclarationError(
            f"the formula returns complex numbers for {name}, where {dtype} is declared: "
            f"declare complex64 or complex128, or return np.real(...)"
        )
    if dtype in FLOATS:
        return truth if truth.dtype.kind == "f" else truth.astype(np.longdouble)
    digits = np.finfo(truth.dtype).nmant + 1 if truth.dtype.kind == "f" else 64
    if digits < 64 and (np.abs(truth) > 2.0**digits).any():
        raise DeclarationError(
            f"the formula returns {name}, which is {dtype}, as floats beyond 2**{digits}, whose last digits are lost: "
            f"have it return whole numbers"
        )
    low, high = (0, 1) if dtype == BOOL else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    with np.errstate(invalid="ignore"):
        unfit = ~((truth >= low) & (truth <= high) & (np.trunc(truth) == truth))
    if unfit.any():
        raise DeclarationError(
            f"the formula returns {truth[unfit].flat[0]!s} for {name}, which {dtype} cannot hold: "
            f"declare another dtype, or have the formula round or wrap around as the operation does"
        )
    return truth.astype(dtype)
