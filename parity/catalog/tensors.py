"""The tensors of a case: named axes and the distribution their values are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import DeclarationError

MOST_DISTINCT = 4096
"""Elements that ``distinct`` can hold: twice the number of bfloat16 numbers from 2**-8 up to 2**8."""

PATTERNS = 2**16
"""The bit patterns of a 16-bit format: as many elements does ``every`` have."""


@dataclass(frozen=True)
class Tensor:
    """A tensor declared once, in its canonical axis order.

    ``axes`` are the axis names, ``distribution`` the name of the drawing rule in
    ``parity.plan.data``, ``bounds`` its parameters. An integer tensor (``distribution="integers"``)
    and a tensor with ``gradient=False`` take part in the computation but get no gradient.
    """

    axes: tuple[str, ...]
    distribution: str
    bounds: tuple[float | str, ...] = ()
    gradient: bool = True

    @property
    def integer(self) -> bool:
        return self.distribution == "integers"

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        return tuple(sizes[axis] for axis in self.axes)


@dataclass(frozen=True)
class Output:
    """A result with its canonical axes. Axes that no size names (``P``, ``Q``) take the size they get."""

    axes: tuple[str, ...]
    gradient: bool = True


def normal(axes: str, mean: float = 0.0, std: float = 1.0, *, gradient: bool = True) -> Tensor:
    """Values around ``mean`` with standard deviation ``std`` (a sum of twelve uniform ones, so |x - mean| < 6 std)."""
    return Tensor(tuple(axes.split()), "normal", (mean, std), gradient)


def uniform(axes: str, low: float, high: float, *, gradient: bool = True) -> Tensor:
    """Values evenly spread over [low, high); rounding to float16 or bfloat16 can give ``high`` itself."""
    return Tensor(tuple(axes.split()), "uniform", (low, high), gradient)


def distinct(axes: str, *, gradient: bool = True) -> Tensor:
    """Values of both signs, no two of which are equal, in any dtype.

    For operations that select (max-pooling, max, argmax): with ties the gradient is not unique. Holds
    at most 4096 elements, because that many bfloat16 numbers lie between 2**-8 and 2**8 in magnitude.
    """
    return Tensor(tuple(axes.split()), "distinct", (), gradient)


def every(axes: str, low: float | None = None, high: float | None = None, *, gradient: bool = True) -> Tensor:
    """Every number of a 16-bit format, in the order of the bit patterns: both zeros, denormals, infinities, NaN.

    With bounds, numbers outside are moved to the nearer one, and NaN to ``low``. The tensor has 65,536 elements.
    """
    bounds = () if low is None or high is None else (low, high)
    return Tensor(tuple(axes.split()), "every", bounds, gradient)


def integers(axes: str, low: int, high: int | str) -> Tensor:
    """Whole numbers in [low, high); ``high`` may be the name of an axis, whose size is then meant."""
    return Tensor(tuple(axes.split()), "integers", (low, high), gradient=False)


def buffer(axes: str) -> Output:
    """A result that is not differentiated, such as an updated running variance."""
    return Output(tuple(axes.split()), gradient=False)


def as_output(spec: str | Output) -> Output:
    if isinstance(spec, Output):
        return spec
    if isinstance(spec, str):
        return Output(tuple(spec.split()))
    raise DeclarationError(f"{spec!r} is no output: write its axes, such as 'N C H W'")
