"""The formula of a case, in NumPy one precision up, differentiated by autograd: the truth that arbitrates."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from autograd.tracer import isbox

from ..catalog.dtypes import FLOATS, Array
from ..catalog.errors import DeclarationError
from ..formula.making import precision
from ..formula.namespace import EXACT
from .adapter import Adapter, Computation, Pullback, Steps, as_tuple

NOT_TRACED = (
    "the formula makes a plain number or element of what is differentiated, and that cuts the derivative: leave out "
    "float(), int() and functions of math, and build arrays with np.stack, np.concatenate or np.where instead of "
    "assigning to elements"
)
NO_METHOD = "call the function of np in its place, such as np.sort(x) for x.sort()"
READ_ONLY = "the formula changes an input in place: write y = np.copy(x) before y[0] = ..., and x = x + 1 for x += 1"
ONE_TRUTH = "the formula asks an array whether it is true: write np.where(x > 0, a, b), np.any(x > 0) or np.all(x > 0)"

_MENDS = (
    ("'ArrayBox' object has no attribute", NO_METHOD),
    ("ArrayBox", NOT_TRACED),
    ("setting an array element", NOT_TRACED),
    ("read-only", READ_ONLY),
    ("truth value of an array", ONE_TRUTH),
)
"""What Python or NumPy complain of where a formula does what formulas cannot, and the mend."""


def mend_of(error: Exception) -> str | None:
    """What to write instead, where a formula's exception comes from something that formulas cannot do."""
    return next((mend for part, mend in _MENDS if part in str(error)), None)


class ReferenceAdapter(Adapter):
    """NumPy on the CPU: float64 for float32 and below, long double for float64.

    Where the platform's long double is no wider than float64, the formula runs in float64 throughout;
    ``describe`` records its unit roundoff.
    """

    module: Any = EXACT

    def __init__(self, threads: int) -> None:
        import autograd
        import autograd.builtins

        self._autograd = autograd

    def describe(self) -> dict[str, Any]:
        return {
            "version": np.__version__,
            "python": platform.python_version(),
            "long_double_unit_roundoff": float(np.finfo(np.longdouble).eps) / 2,
        }

    def devices(self) -> list[str]:
        return ["cpu"]

    def seed(self) -> None:
        """Formulas draw nothing."""

    @contextlib.contextmanager
    def on(self, device: str, dtype: str) -> Iterator[None]:
        # NaN and infinity are compared like other values: nothing to warn of.
        with np.errstate(all="ignore"), precision(self.wide(dtype)):
            yield

    def wide(self, dtype: str) -> Any:
        """What the formula of a dtype runs in."""
        return np.longdouble if dtype == "float64" else np.float64

    def construct(self, build: Callable[[], Any], device: str) -> Any:
        raise NotImplementedError("a formula is not built")

    def tensor(self, array: Array, dtype: str, device: str, *, gradient: bool) -> Any:
        decoded = FLOATS[dtype].decode(array).astype(self.wide(dtype)) if dtype in FLOATS else array.copy()
        values: Array = np.asarray(decoded)
        values.flags.writeable = False  # The formula is called more than once with it.
        return values

    def variables(self, layer: Any, call: Callable[..., Any], inputs: Sequence[Any]) -> dict[str, Any]:
        return {}

    def trainable(self, variable: Any) -> bool:
        return False

    def assign(self, variable: Any, value: Any) -> None:
        raise NotImplementedError("a formula owns no variables")

    def capture(self, call: Callable[..., Any], mode: str, *, whole: bool = True) -> Callable[..., Any]:
        raise NotImplementedError("a formula is not captured")

    def vjp(self, computation: Computation) -> tuple[tuple[Any, ...], Pullback]:
        def of(differentiated: Sequence[Any]) -> Any:
            arguments = list(computation.tensors)
            for position, value in zip(computation.positions, differentiated, strict=True):
                arguments[position] = value
            results = (result if isbox(result) else np.asanyarray(result) for result in called(arguments))
            return self._autograd.builtins.tuple(tuple(results))

        def called(arguments: Sequence[Any]) -> tuple[Any, ...]:
            try:
                return as_tuple(computation.call(*arguments))
            except (AttributeError, TypeError, ValueError) as error:
                mend = mend_of(error)
                if mend is None:
                    raise
                raise DeclarationError(f"{mend} ({type(error).__name__}: {error})") from error

        if not computation.positions:
            return tuple(of(())), lambda cotangents: []
        back, results = self._autograd.make_vjp(of)(tuple(computation.differentiated))

        def pullback(cotangents: Sequence[Any]) -> list[Any]:
            # Autograd's gradient g has dL = Re(g dz), the frameworks' has dL = Re(conj(g) dz).
            given = [np.zeros_like(r) if c is None else np.conj(c) for r, c in zip(results, cotangents, strict=True)]
            return [np.conj(gradient) for gradient in back(tuple(given))]

        return tuple(results), pullback

    def steps(self, computation: Computation) -> Steps:
        def both(cotangents: Sequence[Any]) -> Any:
            return self.vjp(computation)[1](cotangents)

        return Steps(lambda: computation.call(*computation.tensors), both)

    def inference(self) -> AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def forget(self) -> None:
        """A formula is not captured."""

    def peak_bytes(self, device: str) -> int | None:
        return None

    def array(self, tensor: Any) -> tuple[Array, str]:
        array = np.asarray(tensor)
        return array, array.dtype.name

    def device_of(self, tensor: Any) -> str:
        return "cpu"

    def synchronize(self, device: str) -> None:
        return None
