"""``np.fft``: Fourier transforms by splitting the length into its prime factors, as libraries do, in any precision.

The error of such a transform grows with the number of its steps, the logarithm of its length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from autograd.extend import defvjp, primitive
from autograd.numpy.numpy_vjps import match_complex

from .arrays import FUNCTIONS as ARRAYS
from .arrays import asarray, concatenate, pad
from .derivatives import anp
from .making import PI, steps


@lru_cache(maxsize=256)
def _roots(length: int, rows: int, columns: int, sign: int, kind: Any) -> Any:
    """The roots of unity ``exp(sign · 2πi · row · column / length)``, as exact as the format allows."""
    turns = np.outer(np.arange(rows), np.arange(columns)) % length
    angle = 2 * PI * np.arange(length) / np.longdouble(length)
    roots = (np.cos(angle) + np.clongdouble(1j) * (sign * np.sin(angle)))[turns]
    return roots.astype(kind)


def _transform(x: Any, sign: int) -> Any:
    """The sums over the last axis, recursively: ``length = p · rest`` with the smallest prime p."""
    length, kind = x.shape[-1], np.result_type(x.dtype, np.complex64)
    if length == 1:
        return x + 0j
    p = next((p for p in range(2, int(length**0.5) + 1) if length % p == 0), length)
    rest = length // p
    if rest == 1:
        return np.einsum("...n,nk->...k", x, _roots(p, p, p, sign, kind))
    parts = _transform(np.swapaxes(np.reshape(x, (*x.shape[:-1], rest, p)), -1, -2), sign)
    turned = parts * _roots(length, p, rest, sign, kind)
    return np.reshape(np.einsum("...pr,pk->...kr", turned, _roots(p, p, p, sign, kind)), x.shape)


@primitive  # type: ignore[untyped-decorator]
def transform(x: Any, sign: int) -> Any:
    """``Σ x[n] exp(sign · 2πi · n k / length)`` along the last axis."""
    return _transform(x, sign)


defvjp(transform, lambda result, x, sign: lambda given: match_complex(x, transform(given + 0j, sign)))


def _sized(x: Any, n: int | None, axis: int) -> Any:
    """The array with ``axis`` last, cut or filled with zeros to ``n``."""
    x = anp.moveaxis(asarray(x), axis, -1)
    length = x.shape[-1]
    if n is None or n == length:
        return x
    return x[..., :n] if n < length else pad(x, [(0, 0)] * (x.ndim - 1) + [(0, n - length)])


def _factor(n: int, norm: str | None, inverse: bool) -> float:
    forward = {None: 1.0, "backward": 1.0, "ortho": n**-0.5, "forward": 1.0 / n}[norm]
    backward = {None: 1.0 / n, "backward": 1.0 / n, "ortho": n**-0.5, "forward": 1.0}[norm]
    return float(backward if inverse else forward)


def _scaled(x: Any, factor: float) -> Any:
    return x if factor == 1.0 else x * factor


def fft(x: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    x = _sized(x, n, axis)
    return anp.moveaxis(_scaled(transform(x, -1), _factor(x.shape[-1], norm, False)), -1, axis)


def ifft(x: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    x = _sized(x, n, axis)
    return anp.moveaxis(_scaled(transform(x, 1), _factor(x.shape[-1], norm, True)), -1, axis)


def rfft(x: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    x = _sized(x, n, axis)
    length = x.shape[-1]
    found = transform(x, -1)[..., : length // 2 + 1]
    return anp.moveaxis(_scaled(found, _factor(length, norm, False)), -1, axis)


def irfft(x: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    length = n or 2 * (asarray(x).shape[axis] - 1)
    half = _sized(x, length // 2 + 1, axis)
    # The imaginary parts of the first frequency, and of the last one of an even length, say nothing.
    first, rest = anp.real(half[..., :1]) + 0j, half[..., 1:]
    if length % 2 == 0:
        rest, last = rest[..., :-1], anp.real(rest[..., -1:]) + 0j
        whole = concatenate([first, rest, last, anp.conj(rest)[..., ::-1]], -1)
    else:
        whole = concatenate([first, rest, anp.conj(rest)[..., ::-1]], -1)
    return anp.moveaxis(_scaled(anp.real(transform(whole, 1)), _factor(length, norm, True)), -1, axis)


def _over_axes(function: Callable[..., Any], last: Callable[..., Any] | None = None) -> Callable[..., Any]:
    def over(x: Any, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Any:
        x = asarray(x)
        chosen = list(axes) if axes is not None else list(range(-(len(s) if s is not None else x.ndim), 0))
        sizes = list(s) if s is not None else [None] * len(chosen)
        steps = list(zip(chosen, sizes, strict=True))
        if last is rfft:
            x = rfft(x, steps[-1][1], steps[-1][0], norm)
            steps = steps[:-1]
        ending = steps.pop() if last is irfft else None
        for axis, size in reversed(steps):
            x = function(x, size, axis, norm)
        return irfft(x, ending[1], ending[0], norm) if ending is not None else x

    return over


def _two(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, s=None, axes=(-2, -1), norm=None: function(x, s, axes, norm)


def _shifted(sign: int) -> Callable[..., Any]:
    def shift(x: Any, axes: int | Sequence[int] | None = None) -> Any:
        x = asarray(x)
        chosen = range(x.ndim) if axes is None else [axes] if isinstance(axes, int) else axes
        for axis in chosen:
            by = x.shape[axis] // 2 if sign > 0 else -(x.shape[axis] // 2)
            x = ARRAYS["roll"](x, by, axis)
        return x

    return shift


def fftfreq(n: int, d: Any = 1.0) -> Any:
    return ARRAYS["roll"](steps(n) - n // 2, -(n // 2)) / (n * d)


def rfftfreq(n: int, d: Any = 1.0) -> Any:
    return steps(n // 2 + 1) / (n * d)


fftn, ifftn = _over_axes(fft), _over_axes(ifft)
rfftn, irfftn = _over_axes(fft, rfft), _over_axes(ifft, irfft)

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "fft": fft,
    "ifft": ifft,
    "rfft": rfft,
    "irfft": irfft,
    "fftn": fftn,
    "ifftn": ifftn,
    "rfftn": rfftn,
    "irfftn": irfftn,
    "fft2": _two(fftn),
    "ifft2": _two(ifftn),
    "rfft2": _two(rfftn),
    "irfft2": _two(irfftn),
    "fftshift": _shifted(1),
    "ifftshift": _shifted(-1),
    "fftfreq": fftfreq,
    "rfftfreq": rfftfreq,
}
