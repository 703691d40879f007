"""The tensors of each library. Runs in a worker, which has imported one of the frameworks."""

from __future__ import annotations

from typing import Any

import numpy as np

from proof.tools import backward

from .tensors import FIRST, LAST, MIDDLE, Change, Tensors, Values, index_of


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


class Numbers(Tensors):
    """Python's numbers and truth values."""

    def are(self, value: Any) -> bool:
        return isinstance(value, (bool, int, float))

    def dtype(self, tensor: Any) -> str:
        return type(tensor).__name__

    def shape(self, tensor: Any) -> tuple[int | None, ...]:
        return ()

    def known(self, tensor: Any) -> bool:
        return True

    def array(self, tensor: Any) -> Any:
        return np.asarray(tensor)

    def floating(self, tensor: Any) -> bool:
        return isinstance(tensor, float)

    def scaled(self, tensor: Any, factor: float) -> Any:
        return tensor * factor

    def shifted(self, tensor: Any) -> Any:
        return tensor

    def added(self, tensor: Any, place: str, amount: float) -> Any:
        return not tensor if isinstance(tensor, bool) else type(tensor)(tensor + amount)

    def zeros(self, tensor: Any) -> Any:
        return type(tensor)(0)

    def cast(self, tensor: Any, dtype: str) -> Any:
        return tensor

    def without_nan(self, tensor: Any) -> Any:
        return 0.0 if tensor != tensor else tensor


class TorchTensors(Tensors):
    """PyTorch's tensors."""

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
        return backward(self._torch, tensor, change)

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
        return backward(self._tf, tensor, change)

    def writable(self, tensor: Any) -> bool:
        return isinstance(tensor, self._tf.Variable) and self._tf.executing_eagerly()

    def overwrite(self, tensor: Any, value: Any) -> None:
        tensor.assign(value)

    def copy(self, tensor: Any) -> Any:
        return self._tf.identity(tensor)


def values_of(framework: str, module: Any) -> Values:
    """What the calls of a framework, whose module is given, take and give."""
    own = TorchTensors(module) if framework == "torch" else TensorflowTensors(module)
    return Values((own, Arrays(), Numbers()))
