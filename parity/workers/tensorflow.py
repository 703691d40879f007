"""TensorFlow, with Keras 3, in a worker."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..catalog.dtypes import FLOATS, Array
from ..catalog.modes import COMPILED, EAGER, GRAPH
from .adapter import SEED, Adapter, Computation, Pullback, Steps, as_tuple
from .processor import instructions


class TensorflowAdapter(Adapter):
    """``cpu`` and each GPU (``gpu:N`` is ``/GPU:N``)."""

    def __init__(self, threads: int) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        import keras
        import tensorflow as tf

        self.module = tf
        self._tf = tf
        self._keras = keras
        self._layer_names: Any
        try:
            self._layer_names = importlib.import_module("keras.src.backend.common.global_state")
        except ImportError:  # It is Keras's own: another version may not have it.
            self._layer_names = None
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        tf.config.experimental.enable_tensor_float_32_execution(False)
        self._gpus = tf.config.list_physical_devices("GPU")
        for gpu in self._gpus:
            tf.config.experimental.set_memory_growth(gpu, True)

    def describe(self) -> dict[str, Any]:
        tf = self._tf
        kernels = {dtype: "onednn" if self._has_onednn(dtype) else "eigen" for dtype in FLOATS}
        # Graphs fuse operations for oneDNN's kernels where it is enabled, for Eigen's in every format where it is not.
        in_graph = kernels if "onednn" in kernels.values() else dict.fromkeys(FLOATS, "fused")
        build = tf.sysconfig.get_build_info()
        return {
            "version": tf.__version__,
            "keras": self._keras.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "threads": tf.config.threading.get_intra_op_parallelism_threads(),
            "onednn": [dtype for dtype, name in kernels.items() if name == "onednn"],
            "xla": instructions(),
            "kernels": {EAGER: kernels, GRAPH: in_graph, COMPILED: dict.fromkeys(FLOATS, instructions())},
            "tf32": False,
            "cuda": build.get("cuda_version"),
            "cudnn": build.get("cudnn_version"),
            "gpus": [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in self._gpus],
        }

    def _has_onednn(self, dtype: str) -> bool:
        """Whether oneDNN computes this dtype here: only its convolutions take channels first on a CPU."""
        tf = self._tf
        with tf.device("/CPU:0"):
            one = tf.ones([1, 1, 1, 1], dtype)
            try:
                tf.nn.conv2d(one, one, 1, "VALID", data_format="NCHW")
            except tf.errors.OpError:
                return False
        return True

    def devices(self) -> list[str]:
        return ["cpu", *(f"gpu:{index}" for index in range(len(self._gpus)))]

    @contextlib.contextmanager
    def on(self, device: str, dtype: str) -> Iterator[None]:
        self._number_names_anew()
        self._keras.config.set_floatx(dtype)
        self._keras.config.set_dtype_policy(dtype)
        with self._tf.device(_place(device)):
            yield

    def seed(self) -> None:
        self._keras.utils.clear_session(free_memory=False)
        self._keras.utils.set_random_seed(SEED)

    def _number_names_anew(self) -> None:
        """Let Keras number the names of layers from the beginning, as variables are found by their layers' names.

        ``clear_session`` does it too, but drops all kernels: making them again takes most of a small operation's time.
        """
        if self._layer_names is None:
            self._keras.utils.clear_session(free_memory=False)
        else:
            self._layer_names.set_global_attribute("object_name_uids", None)

    def construct(self, build: Callable[[], Any], device: str) -> Any:
        return build()

    def tensor(self, array: Array, dtype: str, device: str, *, gradient: bool) -> Any:
        tensor = self._tf.constant(np.asarray(array, order="C"))
        return self._tf.bitcast(tensor, self._tf.bfloat16) if dtype == "bfloat16" else tensor

    def variables(self, layer: Any, call: Callable[..., Any], inputs: Sequence[Any]) -> dict[str, Any]:
        self._build(layer, call, inputs)
        weights = {weight.path.removeprefix(f"{layer.name}/"): weight for weight in layer.weights}
        return {name: weight for name, weight in weights.items() if "seed_generator_state" not in name}

    def _build(self, layer: Any, call: Callable[..., Any], inputs: Sequence[Any]) -> None:
        """Have a layer make all of its variables.

        Most layers make them for the shape of their first input, which is quick. Those of several inputs, and those
        that leave their sublayers to the first call, are traced as a graph: unlike a call, that draws no random
        numbers and changes no variables.
        """
        if layer.built:
            return
        refused: Exception | None = None
        if type(layer).build is not self._keras.layers.Layer.build:  # Keras's own marks a layer as built, and no more.
            try:
                layer.build(inputs[0].shape)
            except Exception as error:
                refused = error
            else:
                if all(part.built for part in layer._flatten_layers(include_self=False)):
                    return
        try:
            self._tf.function(lambda *given: call(*given), autograph=False).get_concrete_function(*inputs)
        except Exception:
            if refused is None:
                return  # The call is to say itself what is wrong with it.
            if len(inputs) == 1:
                raise refused from None
            raise

    def trainable(self, variable: Any) -> bool:
        return bool(variable.trainable)

    def value(self, variable: Any) -> Any:
        value = getattr(variable, "value", variable)  # Keras's is an attribute, TensorFlow's own a method.
        return variable if callable(value) else value

    def assign(self, variable: Any, value: Any) -> None:
        variable.assign(value)

    def capture(self, call: Callable[..., Any], mode: str, *, whole: bool = True) -> Callable[..., Any]:
        if mode == EAGER:
            return call
        captured: Callable[..., Any] = self._tf.function(call, autograph=False, jit_compile=mode == COMPILED or None)
        return captured

    def vjp(self, computation: Computation) -> tuple[tuple[Any, ...], Pullback]:
        if computation.mode == COMPILED:
            # The way back calls again: XLA compiles a loop's gradient only together with the loop.
            steps = self.steps(computation)
            return as_tuple(steps.forward()), steps.both
        tf, wrt = self._tf, _with_tensors(computation).differentiated
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(wrt)
            results = as_tuple(self.capture(computation.call, computation.mode)(*computation.tensors))
        return results, lambda cotangents: _gradients(tf, tape, results, wrt, cotangents)

    def steps(self, computation: Computation) -> Steps:
        tf, computation = self._tf, _with_tensors(computation)
        call, mode, tensors = computation.call, computation.mode, computation.tensors

        def step(cotangents: Sequence[Any], *tensors: Any) -> list[Any]:
            wrt = replace(computation, tensors=tensors).differentiated
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(wrt)
                results = as_tuple(call(*tensors))
            return _gradients(tf, tape, results, wrt, cotangents)

        forward, both = self.capture(call, mode), self.capture(step, mode)
        return Steps(lambda: forward(*tensors), lambda cotangents: both(cotangents, *tensors))

    def inference(self) -> AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def evaluation(self, layer: Any, call: Callable[..., Any]) -> Callable[..., Any] | None:
        called: Any = layer if layer is call else None
        if not isinstance(called, self._keras.layers.Layer):
            return None  # The case calls it itself, and says in which mode.
        takes = "training" in inspect.signature(called.call).parameters
        return partial(called, training=False) if takes else None

    def forget(self) -> None:
        """A ``tf.function`` keeps what it has captured itself."""

    def peak_bytes(self, device: str) -> int | None:
        if device == "cpu":
            return None
        experimental, name = self._tf.config.experimental, _place(device).removeprefix("/")
        peak = int(experimental.get_memory_info(name)["peak"])
        experimental.reset_memory_stats(name)
        return peak

    def array(self, tensor: Any) -> tuple[Array, str]:
        tensor = self._tf.convert_to_tensor(tensor)
        host = np.array(tensor.numpy())
        name = tensor.dtype.name
        return (host.view(np.uint16) if name == "bfloat16" else host), name

    def device_of(self, tensor: Any) -> str:
        place = self._tf.convert_to_tensor(tensor).device
        return "cpu" if not place or "CPU:" in place else f"gpu:{place.rpartition(':')[2]}"

    def synchronize(self, device: str) -> None:
        if device != "cpu":
            self._tf.test.experimental.sync_devices()


def _with_tensors(computation: Computation) -> Computation:
    """The computation with TensorFlow's variables in the place of Keras's."""
    return replace(computation, variables=[getattr(v, "value", v) for v in computation.variables])


def _gradients(tf: Any, tape: Any, results: Sequence[Any], wrt: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
    pairs = [(r, c) for r, c in zip(results, cotangents, strict=True) if c is not None]
    outputs, given = zip(*pairs, strict=True) if pairs else ((), ())
    gradients = tape.gradient(list(outputs), wrt, output_gradients=list(given))
    return [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in gradients]


def _place(device: str) -> str:
    return "/CPU:0" if device == "cpu" else f"/GPU:{device.partition(':')[2] or 0}"
