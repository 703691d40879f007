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
from ..formula.namespace import EXACT
from .adapter import Adapter, Computation, Pullback, Steps, as_tuple

NOT_TRACED = (
    "the formula makes a plain number or element of what is differentiated, and that cuts the derivative: leave out "
    "float() and int(), and build arrays with np.stack, np.concatenate or np.where instead of assigning to elements"
)


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
        with np.errstate(all="ignore"):  # NaN and infinity are compared like other values: nothing to warn of.
            yield

    def construct(self, build: Callable[[], Any], device: str) -> Any:
        raise NotImplementedError("a formula is not built")

    def tensor(self, array: Array, dtype: str, device: str, *, gradient: bool) -> Any:
        if dtype not in FLOATS:
            return array
        values = FLOATS[dtype].decode(array)
        return values.astype(np.longdouble) if dtype == "float64" else values

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
            except (TypeError, ValueError) as error:
                if "ArrayBox" in str(error) or "setting an array element" in str(error):
                    raise DeclarationError(NOT_TRACED) from error
                raise

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
