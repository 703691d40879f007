"""The tensors of a case: named axes and the distribution their values are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .dtypes import BOOL
from .errors import DeclarationError

MOST_DISTINCT = 4096
"""Elements that ``distinct`` can hold: twice the number of bfloat16 numbers from 2**-8 up to 2**8."""

PATTERNS = 2**16
"""The bit patterns of a 16-bit format: as many elements does ``every`` have."""

SPECIAL = ("nan", "infinity", "zero", "denormal", "limit")
"""The kinds of numbers that ``special`` holds among ordinary ones."""


@dataclass(frozen=True)
class Tensor:
    """A tensor declared once, in its canonical axis order.

    ``axes`` are the axis names, ``distribution`` the name of the drawing rule in
    ``parity.plan.data``, ``bounds`` its parameters. A tensor with ``gradient=False`` takes part in the computation but
    gets no gradient; whole numbers and truth values never get one. ``dtype`` is the tensor's own dtype; without one, a
    tensor has the dtype of the item.
    """

    axes: tuple[str, ...]
    distribution: str
    bounds: tuple[float | str, ...] = ()
    gradient: bool = True
    dtype: str = ""

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers or truth values, in which nothing is rounded."""
        return self.distribution in ("integers", "booleans")

    @property
    def varies(self) -> bool:
        """Whether the tensor holds other numbers in each format: its extremes, or all of them."""
        return self.distribution in ("every", "special")

    def format(self, item: str) -> str:
        """The tensor's dtype in an item of the dtype ``item``."""
        return self.dtype or item

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        return tuple(sizes[axis] for axis in self.axes)


@dataclass(frozen=True)
class Output:
    """A result with its canonical axes. Axes that no size names (``P``, ``Q``) take the size they get.

    ``dtype`` is the result's dtype; without one it follows from what the formula returns (``expected_dtype`` in
    ``parity.judge.expected``). ``at_most`` names the axis whose length varies with the values, and whose size is the
    most that it can be.
    """

    axes: tuple[str, ...]
    gradient: bool = True
    dtype: str = ""
    at_most: str = ""


def normal(axes: str, mean: float = 0.0, std: float = 1.0, *, gradient: bool = True, dtype: str = "") -> Tensor:
    """Values around ``mean`` with standard deviation ``std`` (a sum of twelve uniform ones, so |x - mean| < 6 std)."""
    return Tensor(tuple(axes.split()), "normal", (mean, std), gradient, dtype)


def uniform(axes: str, low: float, high: float, *, gradient: bool = True, dtype: str = "") -> Tensor:
    """Values evenly spread over [low, high); rounding to float16 or bfloat16 can give ``high`` itself."""
    return Tensor(tuple(axes.split()), "uniform", (low, high), gradient, dtype)


def special(axes: str, kinds: str = " ".join(SPECIAL), *, gradient: bool = True) -> Tensor:
    """Normal values among which special ones stand at random places, each in turn: a quarter of the elements.

    ``kinds`` chooses among ``nan``, ``infinity``, ``zero``, ``denormal`` (the smallest number and the largest
    denormal one) and ``limit`` (the smallest normal number and the largest number). All but NaN come in both signs.
    There is at least one of each where the tensor is large enough.
    """
    return Tensor(tuple(axes.split()), "special", tuple(kinds.split()), gradient)


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


def integers(axes: str, low: int, high: int | str, *, dtype: str = "int64") -> Tensor:
    """Whole numbers in [low, high); ``high`` may be the name of an axis, whose size is then meant.

    They reach the frameworks and the formula in ``dtype``, one of ``INTEGERS``.
    """
    return Tensor(tuple(axes.split()), "integers", (low, high), False, dtype)


def booleans(axes: str) -> Tensor:
    """Truth values, either with the same probability."""
    return Tensor(tuple(axes.split()), "booleans", (), False, BOOL)


def output(axes: str, *, dtype: str = "", at_most: str = "") -> Output:
    """A result that is differentiated, with a dtype of its own or an axis of varying length (see :class:`Output`)."""
    return Output(tuple(axes.split()), True, dtype, at_most)


def buffer(axes: str, *, dtype: str = "", at_most: str = "") -> Output:
    """A result that is not differentiated, such as an index or an updated running variance."""
    return Output(tuple(axes.split()), False, dtype, at_most)


def as_output(spec: str | Output) -> Output:
    if isinstance(spec, Output):
        return spec
    if isinstance(spec, str):
        return Output(tuple(spec.split()))
    raise DeclarationError(f"{spec!r} is no output: write its axes, such as 'N C H W'")
