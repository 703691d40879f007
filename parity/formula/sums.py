"""Sums, products, order statistics and contractions, most of them composed of others and rounded on their way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from string import ascii_letters
from typing import Any

import numpy as np

from .arrays import asarray, at_places, concatenate, places_of, sort, take, value_of, where
from .arrays import where as select
from .derivatives import anp, product, products, root, sums
from .maxima import maximum_of

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


def _listed(axis: Axis) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


def add_up(x: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False, where: Any = None) -> Any:
    """As ``np.sum``; ``where`` says which elements count."""
    x = asarray(x, dtype)
    x = x if where is None else select(where, x, 0.0)
    return anp.sum(x, axis=_listed(axis), keepdims=keepdims)


def mean(x: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False, where: Any = None) -> Any:
    x = asarray(x, dtype)
    if where is not None:
        count = np.sum(np.broadcast_to(value_of(where), x.shape), axis=_listed(axis), keepdims=keepdims)
        return add_up(x, axis, None, keepdims, where) / count
    return anp.mean(x, axis=_listed(axis), keepdims=keepdims)


def prod(x: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Any:
    x = asarray(x, dtype)
    if x.ndim == 0:
        return x
    rows, kept = _together(x, axis)
    found = product(rows, rows.ndim - 1)
    return anp.reshape(found, kept) if keepdims else found


def var(x: Any, axis: Axis = None, dtype: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    x = asarray(x, dtype)
    count = np.prod([x.shape[each] for each in _axes(x, axis)])
    around = x - mean(x, axis, keepdims=True)
    squares = around * around if not anp.iscomplexobj(around) else anp.real(around * anp.conj(around))
    return add_up(squares, axis, keepdims=keepdims) / (count - ddof)


def std(x: Any, axis: Axis = None, dtype: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The root of the variance; where that is zero, its gradient is taken for zero, like that of a length."""
    return root(var(x, axis, dtype, ddof, keepdims))


def average(x: Any, axis: Axis = None, weights: Any = None, keepdims: bool = False) -> Any:
    x = asarray(x)
    if weights is None:
        return mean(x, axis, keepdims=keepdims)
    weights = asarray(weights)
    if weights.shape != x.shape:
        shape = [1] * x.ndim
        for each, length in zip(_axes(x, axis), weights.shape, strict=True):
            shape[each] = length
        weights = anp.reshape(weights, shape)
    ones = np.ones(x.shape)
    return add_up(x * weights, axis, keepdims=keepdims) / add_up(weights * ones, axis, keepdims=keepdims)


def nansum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    x = asarray(x)
    return add_up(where(anp.isnan(x), 0.0, x), axis, keepdims=keepdims)


def nanprod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    x = asarray(x)
    return prod(where(anp.isnan(x), 1.0, x), axis, keepdims=keepdims)


def nanmean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    x = asarray(x)
    count = np.sum(~np.asarray(anp.isnan(x)), axis=_listed(axis), keepdims=keepdims)
    return nansum(x, axis, keepdims) / count


def nanmax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest of those that are numbers, NaN where none is."""
    return _of_numbers(largest, -np.inf, asarray(x), axis, keepdims)


def nanmin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _of_numbers(smallest, np.inf, asarray(x), axis, keepdims)


def _of_numbers(function: Callable[..., Any], neutral: float, x: Any, axis: Axis, keepdims: bool) -> Any:
    no_numbers = np.asarray(anp.isnan(x))
    found = function(where(no_numbers, neutral, x), axis, keepdims=keepdims)
    return where(np.all(no_numbers, axis=_listed(axis), keepdims=keepdims), np.nan, found)


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
    return largest(x, axis, keepdims=keepdims) - smallest(x, axis, keepdims=keepdims)


def largest(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    """As ``np.max``; elements that are equally large share the gradient."""
    found = maximum_of(anp.max(asarray(x), axis=_listed(axis), keepdims=keepdims))
    return found if initial is None else anp.maximum(found, initial)


def smallest(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Any:
    found = anp.min(asarray(x), axis=_listed(axis), keepdims=keepdims)
    return found if initial is None else anp.minimum(found, initial)


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
    """Cross-correlation of two rows: ``Σ a[n + k] conj(v[k])``."""
    a, v = asarray(a), asarray(v)
    if len(v) > len(a):
        return anp.conj(correlate(v, a, mode))[::-1]
    return convolve(a, anp.conj(v)[::-1], mode)


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    x, xp, fp = asarray(x), asarray(xp), asarray(fp)
    place = np.clip(
        np.searchsorted(np.asarray(value_of(xp)), np.asarray(value_of(x)), side="right") - 1, 0, len(xp) - 2
    )
    share = (x - xp[place]) / (xp[place + 1] - xp[place])
    between = fp[place] + share * (fp[place + 1] - fp[place])
    found = where(x >= xp[-1], fp[-1] if right is None else where(x > xp[-1], right, fp[-1]), between)
    return where(x < xp[0], fp[0] if left is None else left, found)


def einsum(subscripts: str, *operands: Any, optimize: Any = False) -> Any:
    """Sums of products by letters, as ``np.einsum``. What is repeated or broadcast is taken out before."""
    if not isinstance(subscripts, str):
        raise TypeError("np.einsum of a formula takes its subscripts as text: np.einsum('ij,jk->ik', a, b)")
    arrays = [asarray(operand) for operand in operands]
    inputs, output, diagonals, kept = _subscripts(subscripts, tuple(x.shape for x in arrays))
    for position, names in diagonals:
        arrays[position] = at_places(arrays[position], np.einsum(names, places_of(arrays[position])))
    for position, index in kept:
        arrays[position] = arrays[position][index]
    return anp.einsum(f"{','.join(inputs)}->{output}", *arrays)


@lru_cache(maxsize=1000)
def _subscripts(
    subscripts: str, shapes: tuple[tuple[int, ...], ...]
) -> tuple[list[str], str, list[tuple[int, str]], list[tuple[int, Any]]]:
    """Letters for each operand, and for the result, without ellipses, repeated letters and axes that are broadcast.

    Also the operands of which a diagonal is taken, and those of which axes of length 1 are dropped, before that.
    """
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(shapes):
        raise ValueError(f"np.einsum({subscripts!r}) is of {len(inputs)} arrays, but was given {len(shapes)}")
    more = [len(shape) - len(names.replace("...", "")) for names, shape in zip(inputs, shapes, strict=True)]
    if any(count < 0 or (count > 0 and "..." not in names) for names, count in zip(inputs, more, strict=True)):
        raise ValueError(f"np.einsum({subscripts!r}) does not fit arrays of the shapes {', '.join(map(str, shapes))}")
    unused = [letter for letter in ascii_letters if letter not in subscripts]
    rest = "".join(unused[: max((c for n, c in zip(inputs, more, strict=True) if "..." in n), default=0)])
    if not arrow:
        once = sorted(letter for letter in set(left) - set(",.") if left.count(letter) == 1)
        output = ("..." if "..." in left else "") + "".join(once)
    output = output.replace("...", rest)
    inputs = [n.replace("...", rest[len(rest) - c :] if c else "") for n, c in zip(inputs, more, strict=True)]
    lengths: dict[str, int] = {}
    for names, shape in zip(inputs, shapes, strict=True):
        for letter, length in zip(names, shape, strict=True):
            lengths[letter] = length if lengths.get(letter, 1) == 1 else lengths[letter]
    diagonals, kept = [], []
    for position, (names, shape) in enumerate(zip(inputs, shapes, strict=True)):
        single = "".join(dict.fromkeys(names))
        if single != names:
            diagonals.append((position, f"{names}->{single}"))
        sizes = dict(zip(names, shape, strict=True))
        broadcast = [letter for letter in single if sizes[letter] == 1 and lengths[letter] > 1]
        if broadcast:
            kept.append((position, tuple(0 if letter in broadcast else slice(None) for letter in single)))
        inputs[position] = "".join(letter for letter in single if letter not in broadcast)
    return inputs, output, diagonals, kept


def outer(a: Any, b: Any) -> Any:
    return anp.ravel(asarray(a))[:, None] * anp.ravel(asarray(b))[None, :]


def inner(a: Any, b: Any) -> Any:
    a, b = asarray(a), asarray(b)
    return a * b if 0 in (a.ndim, b.ndim) else anp.tensordot(a, b, (-1, -1))


def vdot(a: Any, b: Any) -> Any:
    return anp.dot(anp.conj(anp.ravel(asarray(a))), anp.ravel(asarray(b)))


def vecdot(a: Any, b: Any, axis: int = -1) -> Any:
    a, b = anp.moveaxis(asarray(a), axis, -1), anp.moveaxis(asarray(b), axis, -1)
    return einsum("...i,...i->...", anp.conj(a), b)


def kron(a: Any, b: Any) -> Any:
    a, b = asarray(a), asarray(b)
    rank = max(a.ndim, b.ndim)
    a = anp.reshape(a, (1,) * (rank - a.ndim) + a.shape)
    b = anp.reshape(b, (1,) * (rank - b.ndim) + b.shape)
    spread = anp.reshape(a, [n for length in a.shape for n in (length, 1)])
    both = spread * anp.reshape(b, [n for length in b.shape for n in (1, length)])
    return anp.reshape(both, [m * n for m, n in zip(a.shape, b.shape, strict=True)])


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    x = asarray(x)
    return add_up(at_places(x, np.diagonal(places_of(x), offset, axis1, axis2)), -1)


def cross(a: Any, b: Any, axis: int = -1) -> Any:
    a, b = anp.moveaxis(asarray(a), axis, -1), anp.moveaxis(asarray(b), axis, -1)
    i, j = np.array([1, 2, 0]), np.array([2, 0, 1])
    return anp.moveaxis(a[..., i] * b[..., j] - a[..., j] * b[..., i], -1, axis)


def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    x = np.asarray(value_of(x))
    if weights is None:
        return np.bincount(x, minlength=minlength)
    member = np.arange(max(minlength, int(x.max(initial=-1)) + 1))[:, None] == x
    return anp.einsum("kn,n->k", member * 1.0, asarray(weights))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": add_up,
    "mean": mean,
    "prod": prod,
    "var": var,
    "std": std,
    "average": average,
    "nanmax": nanmax,
    "nanmin": nanmin,
    "nanprod": nanprod,
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
    "vecdot": vecdot,
    "kron": kron,
    "trace": trace,
    "cross": cross,
    "bincount": bincount,
}
