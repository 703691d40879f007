"""Masks that are given to the frameworks' own dropout, in place of the random numbers that it would draw."""

from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def torch_masks(torch, masks):
    """Within this context, PyTorch's dropout keeps what ``masks``, one for each draw, mark with 1.

    Layers such as torch.nn.LSTM call dropout in C++, so the numbers are replaced where PyTorch dispatches operations.
    On GPUs, cuDNN draws inside one operation for the whole layer, so the layer goes without it; and dropout is one
    operation there, of which the mask is one result.
    """
    from torch.utils._python_dispatch import TorchDispatchMode

    draws = iter(masks)

    class Given(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            if function is torch.ops.aten.bernoulli_.float:
                return args[0].copy_(next(draws))
            if function is torch.ops.aten.native_dropout.default:
                x, rate, _ = args
                mask = next(draws)
                return x * mask / (1 - rate), mask.bool()
            return function(*args, **(kwargs or {}))

    with torch.backends.cudnn.flags(enabled=False), Given():
        yield


@contextmanager
def tensorflow_masks(masks):
    """Within this context, TensorFlow's and Keras's dropout keep what ``masks``, one for each draw, mark with 1.

    Both keep where a number drawn from [0, 1) is at or above the rate, so a mask is such numbers.
    """
    draws = iter(masks)

    def draw(shape, dtype, **rest):
        return next(draws)

    places = ("random_ops.random_uniform", "stateless_random_ops.stateless_random_uniform")
    with patch(f"tensorflow.python.ops.{places[0]}", draw), patch(f"tensorflow.python.ops.{places[1]}", draw):
        yield


class Masked:
    """A TensorFlow 1 cell that reads masks beside each step's inputs, for the dropout of the cell ``wrapped`` in it.

    So every step has its masks in a graph, too, where the loop over time is traced once. ``chosen`` are the numbers
    of the masks that the wrapped cell draws, in this order.
    """

    def __init__(self, tf, wrapped, chosen):
        self._tf, self._wrapped, self._chosen = tf, wrapped, chosen
        self.output_size, self.state_size = wrapped.output_size, wrapped.state_size
        self.zero_state = wrapped.zero_state

    def __call__(self, inputs, state, scope=None):
        x, *masks = inputs
        with tensorflow_masks([self._tf.cast(masks[number], x.dtype) for number in self._chosen]):
            return self._wrapped(x, state)


def kept(torch, x, mask, keep):
    """Dropout in PyTorch with 0 for what is dropped, as in TensorFlow; x * mask makes -0.0 of negative values."""
    return x if keep == 1 else (x / keep).masked_fill(mask == 0, 0)
