"""Sums, products, order statistics and contractions. What is composed of others is rounded and differentiated as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from autograd.tracer import isbox

from .arrays import asarray, concatenate, sort, take, where
from .derivatives import anp, product, products, sums

Axis = int | Sequence[int] | None


def _axes(x: Any, axis: Axis) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x.ndim))
    given = (axis,) if isinstance(axis, (int, np.integer)) else axis
    return tuple(int(each) % x.ndim for each in given)


def _together(x: Any, axis: Axis) -> tuple[Any, tuple[int, ...]]:
    """The array with some axes as one, the last; also the shape that keeps them with length 1."""
    axes = _axes(x, axis)
    rest = [each for each in range(x.ndim) if each not in axes]
    moved = anp.transpose(x, (*rest, *axes))
    kept = tuple(1 if each in axes else length for each, length in enumerate(x.shape))
    return anp.reshape(moved, (*(x.shape[each] for each in rest), -1) if x.size else moved.shape), kept


def add_up(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    x = asarray(x)
    return anp.sum(x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    x = asarray(x)
    return anp.mean(x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    x = asarray(x)
    if x.ndim == 0:
        return x
    rows, kept = _together(x, axis)
    found = product(rows, rows.ndim - 1)
    return anp.reshape(found, kept) if keepdims else found


def var(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    x = asarray(x)
    count = np.prod([x.shape[each] for each in _axes(x, axis)])
    around = x - mean(x, axis, keepdims=True)
    squares = around * around if not anp.iscomplexobj(around) else anp.real(around * anp.conj(around))
    return add_up(squares, axis, keepdims) / (count - ddof)


def std(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    return anp.sqrt(var(x, axis, ddof, keepdims))


def average(x: Any, axis: Axis = None, weights: Any = None, keepdims: bool = False) -> Any:
    x = asarray(x)
    if weights is None:
        return mean(x, axis, keepdims)
    weights = asarray(weights)
    if weights.shape != x.shape:
        shape = [1] * x.ndim
        for each, length in zip(_axes(x, axis), weights.shape, strict=True):
            shape[each] = length
        weights = anp.reshape(weights, shape)
    ones = np.ones(x.shape)
    return add_up(x * weights, axis, keepdims) / add_up(weights * ones, axis, keepdims)


def nansum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    x = asarray(x)
    return add_up(where(anp.isnan(x), 0.0, x), axis, keepdims)


def nanmean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    x = asarray(x)
    there = ~np.asarray(_plain(anp.isnan(x)))
    return nansum(x, axis, keepdims) / np.sum(there * 1.0, axis=axis, keepdims=keepdims)


def _plain(x: Any) -> Any:
    while isbox(x):
        x = x._value
    return x


def _first_axis(x: Any, axis: int | None) -> tuple[Any, int]:
    x = asarray(x)
    return (anp.ravel(x), 0) if axis is None else (x, axis % x.ndim)


def cumsum(x: Any, axis: int | None = None) -> Any:
    return sums(*_first_axis(x, axis))


def cumprod(x: Any, axis: int | None = None) -> Any:
    return products(*_first_axis(x, axis))


def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    x = asarray(x)
    ends = [None if end is None else _as_end(end, x, axis) for end in (prepend, append)]
    parts = [end for end in (ends[0], x, ends[1]) if end is not None]
    x = concatenate(parts, axis) if len(parts) > 1 else x
    for _ in range(n):
        length = x.shape[axis]
        x = take(x, np.arange(1, length), axis) - take(x, np.arange(length - 1), axis)
    return x


def _as_end(end: Any, x: Any, axis: int) -> Any:
    end = asarray(end)
    shape = [1 if each == axis % x.ndim else length for each, length in enumerate(x.shape)]
    return end + np.zeros(shape) if end.ndim == 0 else end


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    y = anp.moveaxis(asarray(y), axis, -1)
    width = dx if x is None else diff(anp.moveaxis(asarray(x), axis if asarray(x).ndim > 1 else -1, -1))
    return add_up(width * (y[..., 1:] + y[..., :-1]) / 2.0, -1)


def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return largest(x, axis, keepdims) - smallest(x, axis, keepdims)


def largest(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    x = asarray(x)
    return anp.max(x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)


def smallest(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    x = asarray(x)
    return anp.min(x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)


def quantile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Quantiles between the two nearest elements: ``linear``, ``lower``, ``higher``, ``nearest`` or ``midpoint``."""
    rows, kept = _together(asarray(x), axis)
    ordered = sort(rows)
    # The place is known exactly, as in libraries that compute it in float64.
    place = np.asarray(q, np.float64) * (rows.shape[-1] - 1)
    lower, upper = np.floor(place).astype(int), np.ceil(place).astype(int)
    shares: dict[str, Any] = {
        "linear": place - lower,
        "lower": np.zeros_like(place),
        "higher": np.ones_like(place),
        "nearest": np.rint(place) - lower,
        "midpoint": np.where(lower == upper, 0.0, 0.5),
    }
    if method not in shares:
        raise ValueError(f"np.quantile with method={method!r} is not modelled: choose from {', '.join(shares)}")
    share = shares[method]
    low, high = ordered[..., lower], ordered[..., upper]
    found = where(share == 0, low, low + (high - low) * share)
    if np.ndim(q):
        found = anp.moveaxis(found, -1, 0)
        return anp.reshape(found, (np.shape(q)[0], *kept)) if keepdims else found
    return anp.reshape(found, kept) if keepdims else found


def percentile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Any:
    return quantile(x, np.asarray(q, np.float64) / 100.0, axis, method, keepdims)


def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return quantile(x, 0.5, axis, "linear", keepdims)


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    a, v = asarray(a), asarray(v)
    if len(v) > len(a):
        a, v = v, a
    n, m = len(a), len(v)
    padded = concatenate([np.zeros(m - 1), a, np.zeros(m - 1)])
    windows = padded[np.arange(n + m - 1)[:, None] + np.arange(m)]
    full = anp.einsum("ij,j->i", windows, v[::-1])
    cut = {"full": (0, n + m - 1), "same": ((m - 1) // 2, (m - 1) // 2 + n), "valid": (m - 1, n)}
    start, stop = cut[mode]
    return full[start:stop]


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Cross-correlation of two rows, with the first as the longer one: ``Σ a[n + k] v[k]``."""
    return convolve(a, anp.conj(asarray(v))[::-1], mode)


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    x, xp, fp = asarray(x), asarray(xp), asarray(fp)
    place = np.clip(np.searchsorted(np.asarray(_plain(xp)), np.asarray(_plain(x)), side="right") - 1, 0, len(xp) - 2)
    share = (x - xp[place]) / (xp[place + 1] - xp[place])
    between = fp[place] + share * (fp[place + 1] - fp[place])
    found = where(x >= xp[-1], fp[-1] if right is None else where(x > xp[-1], right, fp[-1]), between)
    return where(x < xp[0], fp[0] if left is None else left, found)


def einsum(subscripts: str, *operands: Any, optimize: Any = False) -> Any:
    """Sums of products by letters; a letter twice in one operand takes its diagonal."""
    inputs, _, output = subscripts.replace(" ", "").partition("->")
    arrays, letters = [], inputs.split(",")
    for position, array in enumerate(map(asarray, operands)):
        names = letters[position]
        for name in [each for each in dict.fromkeys(names) if names.count(each) > 1 and each != "."]:
            while names.count(name) > 1:
                first, second = [i for i, each in enumerate(names) if each == name][:2]
                array = _diagonal(array, axis1=first, axis2=second)
                names = "".join(each for i, each in enumerate(names) if i not in (first, second)) + name
        letters[position] = names
        arrays.append(array)
    if "->" not in subscripts:
        output = "".join(sorted(each for each in set(inputs) - {","} if inputs.count(each) == 1))
    return anp.einsum(f"{','.join(letters)}->{output}", *arrays)


def outer(a: Any, b: Any) -> Any:
    return anp.ravel(asarray(a))[:, None] * anp.ravel(asarray(b))[None, :]


def inner(a: Any, b: Any) -> Any:
    a, b = asarray(a), asarray(b)
    return a * b if 0 in (a.ndim, b.ndim) else anp.tensordot(a, b, (-1, -1))


def vdot(a: Any, b: Any) -> Any:
    return anp.dot(anp.conj(anp.ravel(asarray(a))), anp.ravel(asarray(b)))


def kron(a: Any, b: Any) -> Any:
    a, b = asarray(a), asarray(b)
    rank = max(a.ndim, b.ndim)
    a = anp.reshape(a, (1,) * (rank - a.ndim) + a.shape)
    b = anp.reshape(b, (1,) * (rank - b.ndim) + b.shape)
    spread = anp.reshape(a, [n for length in a.shape for n in (length, 1)])
    both = spread * anp.reshape(b, [n for length in b.shape for n in (1, length)])
    return anp.reshape(both, [m * n for m, n in zip(a.shape, b.shape, strict=True)])


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return add_up(_diagonal(asarray(x), offset, axis1, axis2), -1)


def cross(a: Any, b: Any, axis: int = -1) -> Any:
    a, b = anp.moveaxis(asarray(a), axis, -1), anp.moveaxis(asarray(b), axis, -1)
    i, j = np.array([1, 2, 0]), np.array([2, 0, 1])
    return anp.moveaxis(a[..., i] * b[..., j] - a[..., j] * b[..., i], -1, axis)


def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    x = np.asarray(_plain(x))
    if weights is None:
        return np.bincount(x, minlength=minlength)
    member = np.arange(max(minlength, int(x.max(initial=-1)) + 1))[:, None] == x
    return anp.einsum("kn,n->k", member * 1.0, asarray(weights))


def _diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    places = np.diagonal(np.arange(x.size).reshape(x.shape), offset, axis1, axis2)
    return anp.reshape(x, (-1,))[places]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": add_up,
    "mean": mean,
    "prod": prod,
    "var": var,
    "std": std,
    "average": average,
    "nansum": nansum,
    "nanmean": nanmean,
    "cumsum": cumsum,
    "cumprod": cumprod,
    "diff": diff,
    "trapezoid": trapezoid,
    "ptp": ptp,
    "max": largest,
    "amax": largest,
    "min": smallest,
    "amin": smallest,
    "quantile": quantile,
    "percentile": percentile,
    "median": median,
    "convolve": convolve,
    "correlate": correlate,
    "interp": interp,
    "einsum": einsum,
    "matmul": lambda a, b: anp.matmul(asarray(a), asarray(b)),
    "dot": lambda a, b: anp.dot(asarray(a), asarray(b)),
    "tensordot": lambda a, b, axes=2: anp.tensordot(asarray(a), asarray(b), axes),
    "outer": outer,
    "inner": inner,
    "vdot": vdot,
    "kron": kron,
    "trace": trace,
    "cross": cross,
    "bincount": bincount,
}
