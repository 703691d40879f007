"""Layers and optimizers: what they hold, and which method of theirs does the work. Runs in a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

MOST = 6
"""Weights of one layer whose gradients are made wrong one by one."""


def method(value: Any) -> str:
    """The method in which an object does its work when it is called; empty for one that is not called."""
    if isinstance(value, type) or not callable(value):
        return ""
    return next((name for name in ("forward", "call") if callable(getattr(value, name, None))), "")


def is_keras(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "keras"


def changing(holder: Any) -> list[Any]:
    """What an object changes of itself when it is called, or steps."""
    if hasattr(holder, "param_groups"):
        return [parameter for group in holder.param_groups for parameter in group["params"]]
    if hasattr(holder, "named_buffers"):
        return [buffer for _, buffer in holder.named_buffers()]
    if is_keras(holder) and hasattr(holder, "non_trainable_variables"):
        return [each for each in holder.non_trainable_variables if "seed_generator_state" not in each.path]
    return []


def weights(holder: Any) -> dict[str, Any]:
    """The trainable weights of a layer by name, the first of them."""
    if hasattr(holder, "named_parameters"):
        return dict([(name, p) for name, p in holder.named_parameters() if p.requires_grad][:MOST])
    if is_keras(holder) and hasattr(holder, "trainable_variables") and hasattr(holder, "call"):
        prefix = f"{holder.name}/"
        return {v.path.removeprefix(prefix): v for v in holder.trainable_variables[:MOST]}
    return {}


@contextmanager
def reading(holder: Any, name: str, through: Callable[[Any], Any]) -> Iterator[None]:
    """Inside, the layer reads one of its weights through a function."""
    read = _keras_reading if is_keras(holder) else _torch_reading
    with read(holder, name, through):
        yield


@contextmanager
def _torch_reading(holder: Any, name: str, through: Callable[[Any], Any]) -> Iterator[None]:
    *path, last = name.split(".")
    module = holder
    for part in path:
        module = getattr(module, part)
    parameter = module._parameters.pop(last)
    try:
        setattr(module, last, through(parameter))
        yield
    finally:
        delattr(module, last)
        module.register_parameter(last, parameter)


@contextmanager
def _keras_reading(holder: Any, name: str, through: Callable[[Any], Any]) -> Iterator[None]:
    import keras

    variable = weights(holder)[name]
    with keras.StatelessScope(state_mapping=[(variable, through(variable.value))]) as scope:
        yield
    for other in holder.variables:  # What the layer assigned inside has waited until now.
        now = scope.get_current_value(other)
        if other is not variable and now is not None:
            other.assign(now)
