"""What replacements share: other gradients, roundings, and objects with some attributes exchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from typing import Any

Change = Callable[[Any], Any]


def backward(framework: Any, tensor: Any, change: Change) -> Any:
    """``tensor``, whose gradient goes through ``change``."""
    if framework.__name__ == "torch":

        class Identity(framework.autograd.Function):  # type: ignore[misc]
            @staticmethod
            def forward(context: Any, given: Any) -> Any:
                return given.view_as(given)

            @staticmethod
            def backward(context: Any, gradient: Any) -> Any:
                return change(gradient)

        return Identity.apply(tensor)
    tensor = framework.convert_to_tensor(tensor)
    return framework.custom_gradient(lambda given: (framework.identity(given), change))(tensor)


def without_gradient(framework: Any, tensor: Any) -> Any:
    """``tensor``, through which no gradient goes."""
    return tensor.detach() if framework.__name__ == "torch" else framework.stop_gradient(tensor)


def through(framework: Any, dtype: str, tensor: Any) -> Any:
    """``tensor`` rounded to another dtype and back; its gradient is rounded likewise."""
    if framework.__name__ == "torch":
        return tensor.to(getattr(framework, dtype)).to(tensor.dtype)
    return framework.cast(framework.cast(tensor, dtype), tensor.dtype)


def tf32(framework: Any, tensor: Any) -> Any:
    """A float32 tensor rounded to the 10 fraction bits of TF32; its gradient goes through unchanged."""
    torch = framework.__name__ == "torch"
    tensor = tensor if torch else framework.convert_to_tensor(tensor)
    if "float32" not in str(tensor.dtype):
        return tensor
    given = without_gradient(framework, tensor)
    scaled = given * (2.0**13 + 1)
    return tensor + without_gradient(framework, scaled - (scaled - given) - given)


def scaled(factor: float) -> Change:
    """Multiplies a tensor."""
    return lambda tensor: tensor * factor


def called(function: Any, arguments: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call by the function's own names, defaults included."""
    call = signature(function).bind(*arguments, **named)
    call.apply_defaults()
    return dict(call.arguments)


class Altered:
    """An object with other values for some of its attributes."""

    def __init__(self, original: Any, **attributes: Any) -> None:
        self.__dict__.update(attributes)
        self.__dict__["_original"] = original

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_original"], name)


def blocks(framework: Any, tensor: Any, order: tuple[int, ...], axis: int = 0) -> Any:
    """A tensor's equal parts along an axis, in another order."""
    if framework.__name__ == "torch":
        parts = tensor.chunk(len(order), axis)
        return framework.cat([parts[index] for index in order], axis)
    parts = framework.split(framework.convert_to_tensor(tensor), len(order), axis)
    return framework.concat([parts[index] for index in order], axis)
