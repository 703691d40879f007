"""PyTorch in a worker."""

from __future__ import annotations

import contextlib
import platform
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from ..catalog.dtypes import FLOATS, Array
from ..catalog.modes import COMPILED, EAGER, MODES
from .adapter import SEED, Adapter, Computation, Pullback, Steps, as_tuple

_WITHOUT_A_RECORD = re.compile("(does not|doesn't) require grad|inference tensor", re.IGNORECASE)
"""In the texts of PyTorch's errors where a gradient is asked for and nothing was recorded."""


class TorchAdapter(Adapter):
    """The ``cpu`` and each CUDA device (``gpu:N`` is ``cuda:N``)."""

    writes = True

    def __init__(self, threads: int) -> None:
        import torch

        self.module = torch
        self._torch = torch
        torch.set_num_threads(threads)
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False

    def describe(self) -> dict[str, Any]:
        torch, capability = self._torch, self._torch.backends.cpu.get_cpu_capability()
        return {
            "version": torch.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "threads": torch.get_num_threads(),
            "cpu_capability": capability,
            "kernels": {mode: dict.fromkeys(FLOATS, capability.lower()) for mode in MODES},
            "mkldnn": torch.backends.mkldnn.is_available(),
            "tf32": False,
            "cuda": torch.version.cuda,
            "cudnn": self._cudnn(),
            "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        }

    def _cudnn(self) -> int | str | None:
        """The version of cuDNN, or what PyTorch says in its place: a build can find one that it was not made for."""
        try:
            return self._torch.backends.cudnn.version() if self._torch.version.cuda else None
        except RuntimeError as error:
            return str(error).partition("\n")[0]

    def devices(self) -> list[str]:
        count = self._torch.cuda.device_count() if self._torch.cuda.is_available() else 0
        return ["cpu", *(f"gpu:{index}" for index in range(count))]

    @contextlib.contextmanager
    def on(self, device: str, dtype: str) -> Iterator[None]:
        before = self._torch.get_default_dtype()
        self._torch.set_default_dtype(getattr(self._torch, dtype))
        try:
            yield
        finally:
            self._torch.set_default_dtype(before)

    def seed(self) -> None:
        self._torch.manual_seed(SEED)

    def construct(self, build: Callable[[], Any], device: str) -> Any:
        # Only here: within this context every PyTorch operation is slower, which timings would show.
        with self._torch.device(_place(device)):
            return build()

    def tensor(self, array: Array, dtype: str, device: str, *, gradient: bool) -> Any:
        array = np.array(array, order="C")
        host = self._torch.from_numpy(array.view(np.int16) if dtype == "bfloat16" else array)
        if dtype == "bfloat16":
            host = host.view(self._torch.bfloat16)
        return host.to(_place(device)).requires_grad_(gradient)

    def variables(self, layer: Any, call: Callable[..., Any], inputs: Sequence[Any]) -> dict[str, Any]:
        return {**dict(layer.named_parameters()), **dict(layer.named_buffers())}

    def trainable(self, variable: Any) -> bool:
        return bool(variable.requires_grad)

    def assign(self, variable: Any, value: Any) -> None:
        with self._torch.no_grad():
            variable.copy_(value)

    def capture(self, call: Callable[..., Any], mode: str, *, whole: bool = True) -> Callable[..., Any]:
        if mode == EAGER:
            return call
        dynamo = self._torch._dynamo
        dynamo.config.allow_rnn = True  # Without it, recurrent layers are left to eager execution.
        if hasattr(dynamo.config, "fail_on_recompile_limit_hit"):  # Since PyTorch 2.7.
            dynamo.config.fail_on_recompile_limit_hit = True  # So is what would need one graph too many.
        backend = "inductor" if mode == COMPILED else "aot_eager"
        captured: Callable[..., Any] = self._torch.compile(call, fullgraph=whole, dynamic=False, backend=backend)
        return captured

    def vjp(self, computation: Computation) -> tuple[tuple[Any, ...], Pullback]:
        results = as_tuple(self.capture(computation.call, computation.mode)(*computation.tensors))
        wrt = computation.differentiated
        return results, lambda cotangents: self._gradients(results, wrt, cotangents)

    def _gradients(self, results: Sequence[Any], wrt: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
        pairs = [(r, c) for r, c in zip(results, cotangents, strict=True) if c is not None and r.requires_grad]
        if not pairs:
            return [None] * len(wrt)
        outputs, given = zip(*pairs, strict=True)
        return list(self._torch.autograd.grad(outputs, wrt, given, allow_unused=True))

    def steps(self, computation: Computation) -> Steps:
        call, mode, tensors = computation.call, computation.mode, computation.tensors
        forward, recorded = self.capture(call, mode), self.capture(call, mode)
        wrt = computation.differentiated

        def both(cotangents: Sequence[Any]) -> Any:
            return self._gradients(as_tuple(recorded(*tensors)), wrt, cotangents)

        return Steps(lambda: forward(*tensors), both)

    def inference(self) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = self._torch.no_grad()
        return context

    def recording(self) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = self._torch.enable_grad()
        return context

    def infer(self, computation: Computation) -> tuple[Any, ...]:
        given = [tensor.detach() for tensor in computation.tensors]
        with self._torch.inference_mode():
            return as_tuple(computation.call(*given))

    def differentiates(self, error: Exception) -> bool:
        return _WITHOUT_A_RECORD.search(str(error)) is not None

    def evaluation(self, layer: Any, call: Callable[..., Any]) -> Callable[..., Any] | None:
        modes = {module: module.training for module in layer.modules()} if hasattr(layer, "modules") else {}
        if not any(modes.values()):
            return None

        def evaluated(*tensors: Any) -> Any:
            layer.eval()
            try:
                return call(*tensors)
            finally:
                layer.train(modes[layer])  # A module's own train() may do more than set the flags.
                for module, training in modes.items():
                    module.training = training

        return evaluated

    def forget(self) -> None:
        if "torch._dynamo" in sys.modules:  # Importing it takes seconds.
            self._torch._dynamo.reset()

    def peak_bytes(self, device: str) -> int | None:
        if device == "cpu":
            return None
        cuda, place = self._torch.cuda, _place(device)
        peak = int(cuda.max_memory_allocated(place))
        cuda.reset_peak_memory_stats(place)
        return peak

    def array(self, tensor: Any) -> tuple[Array, str]:
        host = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
        name = str(host.dtype).removeprefix("torch.")
        if name == "bfloat16":
            return host.view(self._torch.int16).numpy().view(np.uint16).copy(), name
        return host.numpy().copy(), name

    def device_of(self, tensor: Any) -> str:
        return "cpu" if tensor.device.type == "cpu" else f"gpu:{tensor.device.index or 0}"

    def synchronize(self, device: str) -> None:
        if device != "cpu":
            self._torch.cuda.synchronize(_place(device))


def _place(device: str) -> str:
    return "cpu" if device == "cpu" else f"cuda:{device.partition(':')[2] or 0}"
