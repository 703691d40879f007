"""What autograd is taught: derivatives that hold everywhere, and gradients that round as the frameworks' do.

Autograd's own derivatives are wrong or missing at special points (a product with a zero, a broadcast ``where``); those
of this package are checked against central differences in long double (``tests/formula/test_derivatives.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from autograd.core import primitive_vjps
from autograd.extend import VJPNode, VSpace, defvjp, primitive, register_notrace
from autograd.numpy import numpy_vjps, numpy_wrapper
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_vspaces import ArrayVSpace, ComplexArrayVSpace
from autograd.tracer import getval

from .rounding import Rounded

anp = numpy_wrapper


class RoundedVSpace(ArrayVSpace):  # type: ignore[misc]
    """The gradients of ``Rounded`` arrays are ``Rounded`` from the start, so that adding them up rounds, too."""

    def zeros(self) -> Any:
        return super().zeros().view(Rounded)

    def ones(self) -> Any:
        return super().ones().view(Rounded)


class RoundedComplexVSpace(RoundedVSpace, ComplexArrayVSpace):  # type: ignore[misc]
    """Those of complex ``Rounded`` arrays."""


class KeepingNumPy:
    """NumPy, but making an array of ``Rounded`` arrays gives a ``Rounded`` one."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def array(values: Any, *args: Any, **kwargs: Any) -> Any:
        made = np.array(values, *args, **kwargs)
        parts = values if isinstance(values, (tuple, list)) else (values,)
        return made.view(Rounded) if any(isinstance(part, Rounded) for part in parts) else made

    @staticmethod
    def asarray(values: Any, *args: Any, **kwargs: Any) -> Any:
        return np.asanyarray(values, *args, **kwargs)


def unbroadcast(gradient: Any, target: Any, first: int = 0) -> Any:
    """The gradient of what was broadcast: the sum over what it was broadcast to, in one, as in the frameworks.

    ``target`` is the shape, rank and dtype to get back to, ``first`` the first axis that was added (-1: the last one).
    """
    shape, rank = target[:2]
    added = gradient.ndim - rank
    start = gradient.ndim - added if first < 0 else first
    kept = [axis for axis in range(gradient.ndim) if not start <= axis < start + added]
    repeated = [axis for axis, length in zip(kept, shape, strict=True) if length == 1]
    axes = (*range(start, start + added), *repeated)
    if axes:
        gradient = anp.sum(gradient, axis=axes, keepdims=True)
    return _unbroadcast(gradient, target, first)


def tanh_gradient(result: Any, x: Any) -> Any:
    """The gradient of tanh from its rounded result, as frameworks compute it: near ±1 it has few digits left."""
    if isinstance(getval(result), Rounded):
        return lambda given: given * (1 - result * result)
    return lambda given: given / anp.cosh(x) ** 2


@primitive  # type: ignore[untyped-decorator]
def concatenate_args(axis: int, *arrays: Any) -> Any:
    """Autograd's ``concatenate``, but what is made from ``Rounded`` arrays stays ``Rounded``."""
    return np.concatenate(arrays, axis)


selected = primitive(np.where)


def _selected(condition: Any, chosen: Any, *, where: bool) -> Any:
    """The gradient of one of the two that ``where`` selects from: nothing where it was not selected."""
    target = anp.metadata(chosen)

    def back(given: Any) -> Any:
        nothing = anp.zeros(anp.shape(given))
        kept = anp.where(condition, given, nothing) if where else anp.where(condition, nothing, given)
        return numpy_vjps.unbroadcast(kept, target)

    return back


def _clipped(result: Any, x: Any, low: Any, high: Any) -> Any:
    inside = np.ones(anp.shape(result), bool)
    for bound in (low, high):
        inside = inside if bound is None else anp.logical_and(inside, result != bound)
    return numpy_vjps.unbroadcast_f(x, lambda given: given * inside)


def _at_bound(bound: Any, result: Any) -> Any:
    return numpy_vjps.unbroadcast_f(bound, lambda given: given * (result == bound))


def _log_added(x: Any, result: Any, base: float = np.e) -> Any:
    """The share of one of both, where both may be minus infinity."""
    power = anp.exp if base == np.e else anp.exp2
    return numpy_vjps.unbroadcast_f(x, lambda given: given * power(anp.where(anp.isinf(result), 0.0, x - result)))


@primitive  # type: ignore[untyped-decorator]
def stopped(x: Any) -> Any:
    """The value, which nothing is differentiated through."""
    return x


@primitive  # type: ignore[untyped-decorator]
def straight(value: Any, of: Any) -> Any:
    """The value; ``of`` gets the gradient in its place."""
    return value + np.zeros_like(of) if np.shape(value) != np.shape(of) else value


@primitive  # type: ignore[untyped-decorator]
def product(x: Any, axis: int) -> Any:
    """The product along an axis."""
    return np.multiply.reduce(x, axis=axis)


@primitive  # type: ignore[untyped-decorator]
def products(x: Any, axis: int) -> Any:
    """The products of the first elements along an axis."""
    return np.multiply.accumulate(x, axis=axis)


@primitive  # type: ignore[untyped-decorator]
def sums(x: Any, axis: int) -> Any:
    """The sums of the first elements along an axis."""
    return np.add.accumulate(x, axis=axis)


def others(x: Any) -> Any:
    """For each element of the last axis the product of all others, also where some are zero."""
    one = anp.ones_like(x[..., :1])
    before = products(anp.concatenate([one, x[..., :-1]], axis=-1), x.ndim - 1)
    after = products(anp.concatenate([one, x[..., :0:-1]], axis=-1), x.ndim - 1)[..., ::-1]
    return before * after


def _product_gradient(result: Any, x: Any, axis: int) -> Any:
    def back(given: Any) -> Any:
        factors = anp.moveaxis(others(anp.moveaxis(x, axis, -1)), -1, axis)
        return anp.expand_dims(given, axis) * factors

    return back


def _products_gradient(result: Any, x: Any, axis: int) -> Any:
    def back(given: Any) -> Any:
        rows = anp.moveaxis(x, axis, -1)
        length = rows.shape[-1]
        first = np.tri(length, dtype=bool)  # Row k has the elements that the product up to k is made of.
        factors = others(anp.where(first, rows[..., None, :], anp.ones_like(rows)[..., None, :])) * first
        return anp.moveaxis(anp.einsum("...k,...ki->...i", anp.moveaxis(given, axis, -1), factors), -1, axis)

    return back


def _sums_gradient(result: Any, x: Any, axis: int) -> Any:
    def back(given: Any) -> Any:
        turned = anp.moveaxis(given, axis, 0)[::-1]
        return anp.moveaxis(sums(turned, 0)[::-1], 0, axis)

    return back


def _zero_safe_abs(result: Any, x: Any) -> Any:
    """The gradient of the magnitude: the sign, which is zero at zero."""
    if not np.iscomplexobj(getval(x)):
        return lambda given: given * anp.sign(x)
    return lambda given: given * anp.conj(x) / anp.where(result == 0, 1.0, result)


def _hypotenuse(x: Any, result: Any) -> Any:
    return numpy_vjps.unbroadcast_f(x, lambda given: given * x / anp.where(result == 0, 1.0, result))


@primitive  # type: ignore[untyped-decorator]
def root(x: Any) -> Any:
    """The square root, whose gradient at 0 is taken for 0: that of a length, which has none there."""
    return np.sqrt(x)


_unbroadcast = numpy_vjps.unbroadcast
numpy_vjps.unbroadcast = unbroadcast
primitive_vjps[concatenate_args] = primitive_vjps[numpy_wrapper.concatenate_args]
numpy_wrapper.concatenate_args = concatenate_args
numpy_wrapper.where = selected  # Autograd's own is no primitive, and its gradient does not undo broadcasting.
ArrayBox.register(Rounded)
VSpace.register(Rounded, lambda x: (RoundedComplexVSpace if np.iscomplexobj(x) else RoundedVSpace)(x))
numpy_wrapper._np = KeepingNumPy()
numpy_vjps.onp = KeepingNumPy()

defvjp(anp.tanh, tanh_gradient)
defvjp(anp.abs, _zero_safe_abs)
defvjp(anp.absolute, _zero_safe_abs)
defvjp(
    selected,
    None,
    lambda result, c, x=None, y=None: _selected(c, x, where=True),
    lambda result, c, x=None, y=None: _selected(c, y, where=False),
)
defvjp(
    anp.clip,
    lambda result, x, low, high: _clipped(result, x, low, high),
    lambda result, x, low, high: _at_bound(low, result),
    lambda result, x, low, high: _at_bound(high, result),
)
defvjp(
    anp.logaddexp,
    lambda result, x, y: _log_added(x, result),
    lambda result, x, y: _log_added(y, result),
)
defvjp(
    anp.logaddexp2,
    lambda result, x, y: _log_added(x, result, 2.0),
    lambda result, x, y: _log_added(y, result, 2.0),
)
defvjp(anp.hypot, lambda result, x, y: _hypotenuse(x, result), lambda result, x, y: _hypotenuse(y, result))
defvjp(anp.sqrt, lambda result, x: lambda given: given * 0.5 / result)
defvjp(anp.positive, lambda result, x: lambda given: given)
defvjp(anp.cbrt, lambda result, x: lambda given: given / (3 * result**2))
defvjp(
    anp.copysign,
    lambda result, x, y: numpy_vjps.unbroadcast_f(
        x, lambda given: given * anp.where(anp.signbit(x) == anp.signbit(y), 1.0, -1.0)
    ),
    lambda result, x, y: numpy_vjps.unbroadcast_f(y, lambda given: given * 0.0),
)
defvjp(
    anp.fmod,
    lambda result, x, y: numpy_vjps.unbroadcast_f(x, lambda given: given),
    lambda result, x, y: numpy_vjps.unbroadcast_f(y, lambda given: -given * anp.trunc(x / y)),
)
for _modulo in {anp.mod, anp.remainder}:
    defvjp(
        _modulo,
        lambda result, x, y: numpy_vjps.unbroadcast_f(x, lambda given: given),
        lambda result, x, y: numpy_vjps.unbroadcast_f(y, lambda given: -given * anp.floor(x / y)),
    )
register_notrace(VJPNode, stopped)
defvjp(
    straight,
    None,
    lambda result, value, of: numpy_vjps.unbroadcast_f(of, lambda given: given),
)
defvjp(product, _product_gradient)
defvjp(products, _products_gradient)
defvjp(sums, _sums_gradient)
defvjp(
    root,
    lambda result, x: lambda given: anp.where(result == 0, 0.0, given * 0.5 / anp.where(result == 0, 1.0, result)),
)
