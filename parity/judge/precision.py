"""Causes that lie in a narrower format: of inputs, of what is stored, of constants."""

from __future__ import annotations

import numpy as np

from ..catalog.dtypes import FLOATS, NARROWER, WHOLE, Array, narrowed, parts
from ..plan.work import Instead
from .wrong import EXPLAINED, Wrong, rms, telling

FORMATS = {"tf32": "TF32", "float16": "float16", "bfloat16": "bfloat16", "float32": "float32"}

ALIKE = 1.5
"""Formats that explain an error so nearly equally well are both named: TF32 and float16 have as many digits."""

CORRELATED = 0.5, 4.0
"""Rounding explains a part of an error when both correlate like that at least, and by so many times 1/√N for chance."""

ROUNDED = 0.25, 5.0
"""The same for rounding in float32, which hits each operation by chance: other operations share a part of it only."""

AT_MOST = 2.0, 8.0
"""And the error is at most so many times as large: of some rounded inputs, and of arithmetic, which is random."""

MOVED = 4
"""Elements that rounded inputs must move by different amounts: fewer may fit an error by chance."""

SLACK = 4.0
"""By so many times the root mean square of what is left one element of an explanation may be off."""

SINGLE = 2.0**-24
"""How far a constant can be off, relative to itself, when it is rounded to float32."""


def inputs(wrong: Wrong) -> str:
    """The formula of rounded inputs comes much nearer to the result than the formula of the inputs."""
    left = {name: wrong.left(wrong.error - moved) for name, moved in wrong.rounded_inputs.items()}
    best = min(left.values(), default=np.inf)
    if best > EXPLAINED:
        return ""
    near = [name for name, share in left.items() if share <= ALIKE * best]
    fit = [name for name in near if _element_by_element(wrong, wrong.rounded_inputs[name])]
    return f"{'- or '.join(FORMATS[name] for name in fit)}-like inputs" if fit else ""


def _element_by_element(wrong: Wrong, moved: Array) -> bool:
    """Whether an error is there where rounded inputs move the truth, and nowhere else."""
    beyond = np.abs(moved) > wrong.limits
    if np.unique(np.round(moved[beyond] / rms(moved), 2)).size < MOVED:
        return False
    left = np.abs(wrong.error - moved)
    return bool((left <= 2 * wrong.limits + SLACK * rms(left) * (moved != 0)).all())


def stored(wrong: Wrong) -> str:
    """Every value of the result is a number of a narrower format, and many of the truth are not."""
    given, dtype = parts(wrong.result.own), wrong.dtype
    if dtype in WHOLE:
        return ""
    should = FLOATS[dtype].encode(wrong.truth)
    for name in reversed([name for name in NARROWER.get(dtype, ()) if name in FLOATS]):
        enough = telling(given[narrowed(should, dtype, name) != should])
        if enough and np.array_equal(narrowed(given, dtype, name), given):
            return f"accumulated or stored in {FORMATS[name]}"
    return ""


def some_inputs(wrong: Wrong) -> str:
    """The error goes along with that of rounded inputs, though others, or rounding further on, have a part in it."""
    best, most = "", CORRELATED[0]
    for name, moved in wrong.rounded_inputs.items():
        found = _correlation(wrong.error, moved) if rms(wrong.error) <= AT_MOST[0] * rms(moved) else 0.0
        if found >= max(most, CORRELATED[1] / np.sqrt(np.count_nonzero(moved) or 1)) and _nowhere_else(wrong, moved):
            best, most = name, found
    return f"{FORMATS[best]}-like inputs, some of them" if best else ""


def _nowhere_else(wrong: Wrong, moved: Array) -> bool:
    """Whether there is no error where rounded inputs do not move the truth: a quantised value, a masked one."""
    return bool((np.abs(wrong.error) <= wrong.limits)[moved == 0].all())


def _correlation(error: Array, moved: Array) -> float:
    if not moved.any() or not np.isfinite(moved).all():
        return 0.0
    return float(np.mean(error / rms(error) * (moved / rms(moved))))


def constant(wrong: Wrong) -> str:
    """A float64 result that is the truth with one number in it rounded to float32: a factor, or a parameter."""
    if wrong.dtype != "float64":
        return ""
    for name, value in wrong.parameters.items():
        single = float(np.float32(value))
        alternative = wrong.alternative(Instead(parameter=name, value=single)) if single != value else None
        if alternative is not None and wrong.is_like(alternative, wrong.limits):
            return f"a float32 constant inside float64: {name}={value!r} rounded to float32"
    with np.errstate(all="ignore"):
        off = float(np.sum(wrong.error * wrong.truth) / np.sum(wrong.truth**2))
    if 0 < abs(off) <= SINGLE and wrong.truth.size >= MOVED and wrong.is_like(wrong.truth * (1 + off), wrong.limits):
        return f"a float32 constant inside float64: the truth times 1 {'-' if off < 0 else '+'} {abs(off):.2g}"
    return ""


def arithmetic(wrong: Wrong) -> str:
    """A float64 result whose error goes along with that of the formula computed in float32."""
    if wrong.dtype != "float64":
        return ""
    single = wrong.alternative(Instead(single=True))
    if single is None:
        return ""
    moved = single - wrong.truth
    least = max(ROUNDED[0], ROUNDED[1] / np.sqrt(np.count_nonzero(moved) or 1))
    alike = _correlation(wrong.error, moved) >= least and rms(wrong.error) <= AT_MOST[1] * rms(moved)
    return "float32 arithmetic inside float64" if alike and _nowhere_else(wrong, moved) else ""
