"""What mutants do with tensors, in the terms of each framework and of NumPy. Runs in a worker."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Change = Callable[[Any], Any]

SHARE = 2.0**-7
"""By how much of the largest element a wrong element is off, and all elements where a condition holds."""

LARGE = 64
"""Features from which a size counts as large: vectorised kernels take other paths from there."""

UNIT = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""The distance from 1 to the next number of each format."""

FIRST, MIDDLE, LAST = "first", "middle", "last"


class Tensors(ABC):
    """The tensors of one library. What changes one gives a new one, through which gradients go, unless it says so."""

    @abstractmethod
    def are(self, value: Any) -> bool:
        """Whether ``value`` is one of these tensors."""

    @abstractmethod
    def dtype(self, tensor: Any) -> str:
        """Its dtype by name, such as ``float32``."""

    @abstractmethod
    def shape(self, tensor: Any) -> tuple[int | None, ...]:
        """Its sizes; ``None`` for one that is not known yet."""

    @abstractmethod
    def known(self, tensor: Any) -> bool:
        """Whether it has values yet: a tensor of a graph has none."""

    @abstractmethod
    def array(self, tensor: Any) -> Any:
        """Its values as a NumPy array (16-bit floats in float32)."""

    @abstractmethod
    def scaled(self, tensor: Any, factor: float) -> Any: ...

    @abstractmethod
    def shifted(self, tensor: Any) -> Any:
        """Each element in the place of the next, in row-major order."""

    @abstractmethod
    def added(self, tensor: Any, place: str, amount: float) -> Any:
        """One element more by ``amount`` (a truth value reversed)."""

    @abstractmethod
    def zeros(self, tensor: Any) -> Any: ...

    @abstractmethod
    def cast(self, tensor: Any, dtype: str) -> Any: ...

    @abstractmethod
    def without_nan(self, tensor: Any) -> Any: ...

    def floating(self, tensor: Any) -> bool:
        return self.dtype(tensor) in UNIT

    def contiguous(self, tensor: Any) -> bool:
        return True

    def differentiable(self, tensor: Any) -> bool:
        """Whether a gradient may go through it."""
        return False

    def backward(self, tensor: Any, change: Change) -> Any:
        """``tensor``, whose gradient goes through ``change``; ``None`` from there is no gradient."""
        raise NotImplementedError

    def overwrite(self, tensor: Any, value: Any) -> None:
        """Put other values into the memory of a tensor that is writable."""
        raise NotImplementedError

    def writable(self, tensor: Any) -> bool:
        return False

    def copy(self, tensor: Any) -> Any:
        """A tensor of the same values with memory of its own, apart from gradients."""
        raise NotImplementedError

    def wrong_element(self, tensor: Any, place: str) -> Any:
        """One element off by ``SHARE`` of the largest, or by 1 where it is a whole number or all are zero."""
        amount = 1.0
        if self.floating(tensor) and self.known(tensor):
            values = np.abs(self.array(tensor))
            largest = float(np.max(values, initial=0.0, where=np.isfinite(values)))
            amount = largest * SHARE or 1.0
        return self.added(tensor, place, amount)

    def next_number(self, tensor: Any, number: int) -> Any:
        """One element off by the smallest step; ``number`` says which."""
        if not self.floating(tensor) or not self.known(tensor):
            return self.added(tensor, FIRST, UNIT.get(self.dtype(tensor), 1.0) * (number % 2))
        values = self.array(tensor).ravel()
        index = number % max(values.size, 1)
        step = float(abs(values[index])) * UNIT[self.dtype(tensor)] if values.size else 0.0
        return self.added(tensor, str(index), step if np.isfinite(step) and step else UNIT[self.dtype(tensor)])


def index_of(place: str, size: int) -> int:
    named = {FIRST: 0, MIDDLE: size // 2, LAST: size - 1}
    return named[place] if place in named else int(place)


class Arrays(Tensors):
    """NumPy arrays."""

    def are(self, value: Any) -> bool:
        return isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "fiub"

    def dtype(self, tensor: Any) -> str:
        return str(tensor.dtype)

    def shape(self, tensor: Any) -> tuple[int | None, ...]:
        return tuple(tensor.shape)

    def known(self, tensor: Any) -> bool:
        return True

    def array(self, tensor: Any) -> Any:
        return np.asarray(tensor)

    def scaled(self, tensor: Any, factor: float) -> Any:
        return (tensor * factor).astype(tensor.dtype)

    def shifted(self, tensor: Any) -> Any:
        return np.roll(tensor, 1)

    def added(self, tensor: Any, place: str, amount: float) -> Any:
        changed = np.array(tensor)
        if changed.size:
            flat, index = changed.reshape(-1), index_of(place, changed.size)
            flat[index] = not flat[index] if changed.dtype.kind == "b" else flat[index] + changed.dtype.type(amount)
        return changed

    def zeros(self, tensor: Any) -> Any:
        return np.zeros_like(tensor)

    def cast(self, tensor: Any, dtype: str) -> Any:
        return np.asarray(tensor).astype(dtype)

    def without_nan(self, tensor: Any) -> Any:
        return np.where(np.isnan(tensor), 0, tensor).astype(tensor.dtype)

    def writable(self, tensor: Any) -> bool:
        return isinstance(tensor, np.ndarray) and tensor.flags.writeable

    def overwrite(self, tensor: Any, value: Any) -> None:
        tensor[...] = value

    def copy(self, tensor: Any) -> Any:
        return np.array(tensor)


class TorchTensors(Tensors):
    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def are(self, value: Any) -> bool:
        return isinstance(value, self._torch.Tensor)

    def dtype(self, tensor: Any) -> str:
        return str(tensor.dtype).removeprefix("torch.")

    def shape(self, tensor: Any) -> tuple[int | None, ...]:
        return tuple(tensor.shape)

    def known(self, tensor: Any) -> bool:
        return tensor.device.type != "meta" and not self._torch._C._functorch.is_functorch_wrapped_tensor(tensor)

    def array(self, tensor: Any) -> Any:
        host = tensor.detach().cpu()
        return (host.float() if self.dtype(tensor) in ("bfloat16", "float16") else host).numpy()

    def scaled(self, tensor: Any, factor: float) -> Any:
        return tensor * factor

    def shifted(self, tensor: Any) -> Any:
        return self._torch.roll(tensor, 1) if tensor.dim() else tensor

    def added(self, tensor: Any, place: str, amount: float) -> Any:
        size = tensor.numel()
        if not size:
            return tensor
        one = self._torch.zeros(size, dtype=tensor.dtype, device=tensor.device)
        one[index_of(place, size)] = 1 if tensor.dtype == self._torch.bool else amount
        one = one.reshape(tensor.shape)
        return tensor ^ one if tensor.dtype == self._torch.bool else tensor + one

    def zeros(self, tensor: Any) -> Any:
        return self._torch.zeros_like(tensor)

    def cast(self, tensor: Any, dtype: str) -> Any:
        return tensor.to(getattr(self._torch, dtype))

    def without_nan(self, tensor: Any) -> Any:
        return self._torch.where(self._torch.isnan(tensor), self._torch.zeros_like(tensor), tensor)

    def contiguous(self, tensor: Any) -> bool:
        return bool(tensor.is_contiguous())

    def differentiable(self, tensor: Any) -> bool:
        return bool(tensor.requires_grad)

    def backward(self, tensor: Any, change: Change) -> Any:
        class Identity(self._torch.autograd.Function):  # type: ignore[misc,name-defined]
            @staticmethod
            def forward(context: Any, given: Any) -> Any:
                return given.view_as(given)

            @staticmethod
            def backward(context: Any, gradient: Any) -> Any:
                return change(gradient)

        return Identity.apply(tensor)

    def writable(self, tensor: Any) -> bool:
        return self.known(tensor)

    def overwrite(self, tensor: Any, value: Any) -> None:
        tensor.data.copy_(value.data)

    def copy(self, tensor: Any) -> Any:
        return tensor.detach().clone()


class TensorflowTensors(Tensors):
    """Tensors, and variables where something is written or differentiated."""

    def __init__(self, tf: Any) -> None:
        self._tf = tf

    def are(self, value: Any) -> bool:
        return isinstance(value, (self._tf.Tensor, self._tf.Variable))

    def dtype(self, tensor: Any) -> str:
        return str(tensor.dtype.base_dtype.name)

    def shape(self, tensor: Any) -> tuple[int | None, ...]:
        return tuple(tensor.shape.as_list()) if tensor.shape.rank is not None else ()

    def known(self, tensor: Any) -> bool:
        return hasattr(tensor, "numpy") and self._tf.executing_eagerly()

    def array(self, tensor: Any) -> Any:
        host = tensor.numpy()
        return host.astype(np.float32) if self.dtype(tensor) in ("bfloat16", "float16") else host

    def scaled(self, tensor: Any, factor: float) -> Any:
        return tensor * self._tf.cast(factor, tensor.dtype)

    def shifted(self, tensor: Any) -> Any:
        tf = self._tf
        return tf.reshape(tf.roll(tf.reshape(tensor, [-1]), 1, 0), tf.shape(tensor))

    def added(self, tensor: Any, place: str, amount: float) -> Any:
        tf = self._tf
        flat = tf.reshape(tensor, [-1])
        size = tf.size(flat)
        if self.known(tensor) and int(size) == 0:
            return tf.convert_to_tensor(tensor)
        index = {FIRST: 0, MIDDLE: size // 2, LAST: size - 1}.get(place)
        one = tf.one_hot(int(place) if index is None else index, size, dtype=tf.float64)
        if tensor.dtype == tf.bool:
            changed = tf.not_equal(flat, tf.cast(one, tf.bool))
        else:
            changed = flat + tf.cast(one * amount, tensor.dtype)
        return tf.ensure_shape(tf.reshape(changed, tf.shape(tensor)), tensor.shape)

    def zeros(self, tensor: Any) -> Any:
        return self._tf.zeros_like(tensor)

    def cast(self, tensor: Any, dtype: str) -> Any:
        return self._tf.cast(tensor, dtype)

    def without_nan(self, tensor: Any) -> Any:
        return self._tf.where(self._tf.math.is_nan(tensor), self._tf.zeros_like(tensor), tensor)

    def differentiable(self, tensor: Any) -> bool:
        return self.floating(tensor)

    def backward(self, tensor: Any, change: Change) -> Any:
        tf = self._tf
        return tf.custom_gradient(lambda given: (tf.identity(given), change))(tf.convert_to_tensor(tensor))

    def writable(self, tensor: Any) -> bool:
        return isinstance(tensor, self._tf.Variable) and self._tf.executing_eagerly()

    def overwrite(self, tensor: Any, value: Any) -> None:
        tensor.assign(value)

    def copy(self, tensor: Any) -> Any:
        return self._tf.identity(tensor)


def tensors_of(framework: str, module: Any) -> Tensors:
    """The tensors of a framework, whose module is given."""
    return TorchTensors(module) if framework == "torch" else TensorflowTensors(module)


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """``value`` with ``change`` done to whatever its lists, tuples and dictionaries hold, in order."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(part, change) for part in value))
    if type(value) in (list, tuple):
        return type(value)(mapped(part, change) for part in value)
    if type(value) is dict:
        return {key: mapped(part, change) for key, part in value.items()}
    return change(value)


def held(value: Any) -> Iterator[Any]:
    """What lists, tuples and dictionaries hold, in order."""
    found: list[Any] = []
    mapped(value, found.append)
    return iter(found)
