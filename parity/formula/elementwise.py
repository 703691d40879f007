"""Functions of single elements: NumPy's own, and those composed of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import asarray, where
from .derivatives import anp
from .names import words

UFUNCS = words(
    "add subtract multiply divide true_divide power negative positive abs absolute fabs reciprocal square sqrt cbrt "
    "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh "
    "arctanh maximum minimum fmax fmin logaddexp logaddexp2 hypot mod remainder fmod copysign sign floor ceil rint "
    "trunc rad2deg deg2rad degrees radians real imag conj conjugate"
)
ALIASES = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "pow": "power",
}


def clip(x: Any, min: Any = None, max: Any = None, a_min: Any = None, a_max: Any = None) -> Any:  # noqa: A002
    low, high = (first if first is not None else second for first, second in ((min, a_min), (max, a_max)))
    return anp.clip(asarray(x), low, high)


def angle(x: Any, deg: bool = False) -> Any:
    x = asarray(x)
    radians = anp.arctan2(anp.imag(x), anp.real(x))
    return radians * (180.0 / np.pi) if deg else radians


def sinc(x: Any) -> Any:
    x = asarray(x) * np.pi
    near = x == 0
    return where(near, 1.0, anp.sin(x) / where(near, 1.0, x))


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    x = asarray(x)
    largest = np.finfo(np.float64).max  # Of long double, too: float64 is what the numbers stand for.
    x = where(anp.isnan(x), nan, x)
    x = where(anp.isposinf(x), largest if posinf is None else posinf, x)
    return where(anp.isneginf(x), -largest if neginf is None else neginf, x)


def heaviside(x: Any, at_zero: Any) -> Any:
    x = asarray(x)
    return where(x == 0, at_zero, where(x > 0, 1.0, where(anp.isnan(x), x, 0.0)))


def float_power(x: Any, y: Any) -> Any:
    return anp.power(asarray(x) * 1.0, y)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(anp, name) for name in UFUNCS},
    **{name: getattr(anp, of) for name, of in ALIASES.items()},
    "angle": angle,
    "clip": clip,
    "sinc": sinc,
    "nan_to_num": nan_to_num,
    "heaviside": heaviside,
    "float_power": float_power,
}
