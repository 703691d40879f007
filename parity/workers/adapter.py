"""What a framework must provide to run cases: one subclass in ``parity/workers/<framework>.py``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from ..catalog.dtypes import Array
from ..catalog.errors import DeclarationError
from ..catalog.modes import EAGER

Pullback = Callable[[Sequence[Any]], list[Any]]
"""From the cotangents of the results to the gradients, ``None`` where a result does not depend on a tensor."""


SEED = 0
"""What a framework's own random numbers begin with in a case that draws."""


@dataclass(frozen=True)
class Computation:
    """``call(*tensors)`` in a mode, to be differentiated by the tensors at ``positions``, then by ``variables``."""

    call: Callable[..., Any]
    tensors: Sequence[Any]
    positions: Sequence[int] = ()
    variables: Sequence[Any] = ()
    mode: str = EAGER

    @property
    def differentiated(self) -> list[Any]:
        """What the gradients are with respect to, in their order."""
        return [*(self.tensors[i] for i in self.positions), *self.variables]


@dataclass(frozen=True)
class Steps:
    """What is timed: ``forward()``, in :meth:`Adapter.inference`, and ``both(cotangents)``, forward and backward."""

    forward: Callable[[], Any]
    both: Callable[[Sequence[Any]], Any]


class Adapter(ABC):
    """One framework in one process. ``module`` is what a case's functions get as their first argument.

    ``writes`` says whether the framework can write to its tensors; variables are another matter.
    """

    module: Any
    writes: bool = False

    @abstractmethod
    def __init__(self, threads: int) -> None:
        """Import the framework and pin what changes numbers: threads, TF32 off."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Versions and settings for the environment record; ``version`` is the framework's own."""

    @abstractmethod
    def devices(self) -> list[str]:
        """The devices this process can use: ``cpu``, and ``gpu:0``, ``gpu:1`` ..."""

    @abstractmethod
    def on(self, device: str, dtype: str) -> AbstractContextManager[Any]:
        """Make ``dtype`` the default and, where the framework places operations itself, ``device``."""

    @abstractmethod
    def seed(self) -> None:
        """Begin the framework's random numbers anew, with ``SEED``."""

    @abstractmethod
    def construct(self, build: Callable[[], Any], device: str) -> Any:
        """Call ``build``, which makes a layer, so that the layer's variables lie on ``device``."""

    @abstractmethod
    def tensor(self, array: Array, dtype: str, device: str, *, gradient: bool) -> Any:
        """A tensor of its own from a storage array of any dtype of ``DTYPES``."""

    @abstractmethod
    def variables(self, layer: Any, call: Callable[..., Any], inputs: Sequence[Any]) -> dict[str, Any]:
        """The variables of a layer by name, after building it for ``call(*inputs)`` where it needs that."""

    @abstractmethod
    def trainable(self, variable: Any) -> bool:
        """Whether the framework would train this variable."""

    def value(self, variable: Any) -> Any:
        """The framework's own variable or tensor that holds what a layer's variable holds."""
        return variable

    @abstractmethod
    def assign(self, variable: Any, value: Any) -> None:
        """Overwrite a variable with a tensor."""

    @abstractmethod
    def capture(self, call: Callable[..., Any], mode: str, *, whole: bool = True) -> Callable[..., Any]:
        """``call`` as it runs in a mode: itself when eager, else captured, and compiled in that mode.

        ``whole=False`` lets the framework leave parts of it to eager execution, where it knows graphs with breaks.
        """

    @abstractmethod
    def vjp(self, computation: Computation) -> tuple[tuple[Any, ...], Pullback]:
        """Compute; return the results and the way back to the gradients.

        In a mode other than eager, the call is captured whole, or that raises.
        """

    @abstractmethod
    def steps(self, computation: Computation) -> Steps:
        """The computation as it is timed, captured once."""

    @abstractmethod
    def inference(self) -> AbstractContextManager[Any]:
        """Within it nothing is recorded for gradients."""

    def recording(self) -> AbstractContextManager[Any]:
        """Within it everything is recorded for gradients, also inside :meth:`inference`."""
        return nullcontext()

    def infer(self, computation: Computation) -> tuple[Any, ...]:
        """The results as production computes them: in the framework's mode for inference, where it has one."""
        with self.inference():
            return as_tuple(computation.call(*computation.tensors))

    def differentiates(self, error: Exception) -> bool:
        """Whether a call raised ``error`` because it computes a gradient itself, and nothing was recorded for one."""
        return False

    def evaluation(self, layer: Any, call: Callable[..., Any]) -> Callable[..., Any] | None:
        """``call``, which calls ``layer``, in evaluation mode; ``None`` where it has none, or is in it already."""
        return None

    @abstractmethod
    def forget(self) -> None:
        """Drop what capturing has left behind: what was captured before is captured anew when it is called."""

    @abstractmethod
    def peak_bytes(self, device: str) -> int | None:
        """The largest memory that tensors on a device have taken since this was last asked; ``None``: not known."""

    @abstractmethod
    def array(self, tensor: Any) -> tuple[Array, str]:
        """A storage array on the host, and the tensor's dtype by name."""

    @abstractmethod
    def device_of(self, tensor: Any) -> str:
        """Where a tensor lies: ``cpu``, ``gpu:0`` ..."""

    @abstractmethod
    def synchronize(self, device: str) -> None:
        """Wait until the device has finished all it was given."""


def as_tuple(results: Any) -> tuple[Any, ...]:
    return tuple(results) if isinstance(results, (tuple, list)) else (results,)


def fill(adapter: Adapter, variables: Mapping[str, Any], values: Mapping[str, Any], api: str) -> None:
    """Overwrite a layer's variables with tensors.

    Raises ``DeclarationError`` for names or shapes that do not fit, and for trainable variables left as they were.
    """
    for name, value in values.items():
        if name not in variables:
            raise DeclarationError(
                f"{api} has no variable {name!r}: its variables are {', '.join(variables) or '(none)'}"
            )
        if tuple(variables[name].shape) != tuple(value.shape):
            raise DeclarationError(
                f"variable {name} of {api} has shape {tuple(variables[name].shape)}, "
                f"but the mapping fills it with shape {tuple(value.shape)}"
            )
        adapter.assign(variables[name], value)
    forgotten = [name for name, variable in variables.items() if name not in values and adapter.trainable(variable)]
    if forgotten:
        raise DeclarationError(f"{api}: the mapping leaves {', '.join(forgotten)} unfilled: name a source for each")
