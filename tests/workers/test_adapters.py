"""The GPU path of the workers, as far as a machine without a GPU allows: what the adapters ask their frameworks for.

The frameworks' own modules are replaced by recorders, except at the end, where the real ones are asked.
"""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import parity
from parity.catalog.dtypes import FLOATS
from parity.catalog.load import load
from parity.plan.data import values
from parity.workers.execute import execute
from parity.workers.processor import instructions
from parity.workers.reference import ReferenceAdapter
from parity.workers.tensorflow import TensorflowAdapter
from parity.workers.torch import TorchAdapter


class Calls(list):
    """Functions that note their arguments: ``calls.noting("name", result)``."""

    def noting(self, name, result=None):
        def function(*arguments, **keywords):
            self.append((name, *arguments, *keywords.values()))
            return result

        return function

    def of(self, name):
        return [call[1:] for call in self if call[0] == name]


class FakeTensor:
    """An array that claims to lie on a device."""

    def __init__(self, array, device, dtype):
        self.array, self.dtype = array, dtype
        kind, _, index = device.partition(":")
        self.device = SimpleNamespace(type=kind, index=int(index) if index else None)
        self.requires_grad = False

    def to(self, device):
        return FakeTensor(self.array, device, self.dtype)

    def view(self, dtype):
        return FakeTensor(self.array, "cpu", dtype)

    def requires_grad_(self, wanted):
        self.requires_grad = wanted
        return self


@pytest.fixture
def torch_calls(monkeypatch):
    """A PyTorch that sees two GPUs, and the calls it gets."""
    calls = Calls()
    fake = ModuleType("torch")
    fake.__version__ = "9.9"
    fake.bfloat16, fake.float32, fake.float64 = "bfloat16", "float32", "float64"
    fake.default = "float32"
    fake.backends = SimpleNamespace(
        cuda=SimpleNamespace(matmul=SimpleNamespace(allow_tf32=True)),
        cudnn=SimpleNamespace(allow_tf32=True, version=lambda: 91000),
        cpu=SimpleNamespace(get_cpu_capability=lambda: "AVX2"),
        mkldnn=SimpleNamespace(is_available=lambda: True),
    )
    fake.cuda = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 2,
        get_device_name=lambda index: f"GPU number {index}",
        synchronize=calls.noting("synchronize"),
    )
    fake.version = SimpleNamespace(cuda="13.0")
    fake.set_num_threads = calls.noting("threads")
    fake.get_num_threads = lambda: 1
    fake.get_default_dtype = lambda: fake.default
    fake.manual_seed = lambda seed: None
    fake.set_default_dtype = lambda dtype: setattr(fake, "default", dtype)
    fake.device = calls.noting("device", contextlib.nullcontext())
    fake.from_numpy = lambda array: FakeTensor(array, "cpu", array.dtype.name)
    monkeypatch.setitem(sys.modules, "torch", fake)
    return fake, calls


@pytest.fixture
def tensorflow_calls(monkeypatch):
    """A TensorFlow that sees two GPUs, and the calls it gets."""
    calls = Calls()
    fake, keras = ModuleType("tensorflow"), ModuleType("keras")
    gpus = [SimpleNamespace(name=f"/physical_device:GPU:{i}") for i in range(2)]
    fake.__version__, keras.__version__ = "9.9", "3.9"
    fake.config = SimpleNamespace(
        threading=SimpleNamespace(
            set_intra_op_parallelism_threads=calls.noting("intra"),
            set_inter_op_parallelism_threads=calls.noting("inter"),
            get_intra_op_parallelism_threads=lambda: 1,
        ),
        experimental=SimpleNamespace(
            enable_tensor_float_32_execution=calls.noting("tf32"),
            set_memory_growth=calls.noting("growth"),
            get_device_details=lambda gpu: {"device_name": f"named {gpu.name[-1]}"},
        ),
        list_physical_devices=lambda kind: gpus if kind == "GPU" else [],
    )
    fake.sysconfig = SimpleNamespace(get_build_info=lambda: {"cuda_version": "13.0", "cudnn_version": "9"})
    fake.test = SimpleNamespace(experimental=SimpleNamespace(sync_devices=calls.noting("synchronize")))
    fake.device = calls.noting("device", contextlib.nullcontext())
    fake.errors = SimpleNamespace(OpError=RuntimeError)
    fake.ones = lambda shape, dtype: FakeTensor(np.ones(shape), "cpu", dtype)
    fake.onednn = ("float32", "bfloat16")

    def convolve(x, kernel, stride, padding, data_format):
        if x.dtype not in fake.onednn:
            raise RuntimeError(f"Conv2D only supports NHWC, not {data_format}")

    fake.nn = SimpleNamespace(conv2d=convolve)
    fake.convert_to_tensor = lambda tensor: tensor
    keras.utils = SimpleNamespace(clear_session=calls.noting("clear"), set_random_seed=lambda seed: None)
    keras.config = SimpleNamespace(set_floatx=calls.noting("floatx"), set_dtype_policy=calls.noting("policy"))
    monkeypatch.setitem(sys.modules, "tensorflow", fake)
    monkeypatch.setitem(sys.modules, "keras", keras)
    return fake, calls


# PyTorch -----------------------------------------------------------------------------------------------------------


def test_torch_sees_each_gpu_and_switches_tf32_off(torch_calls):
    fake, calls = torch_calls
    adapter = TorchAdapter(3)
    assert adapter.devices() == ["cpu", "gpu:0", "gpu:1"]
    assert fake.backends.cuda.matmul.allow_tf32 is False
    assert fake.backends.cudnn.allow_tf32 is False
    assert calls.of("threads") == [(3,)]
    described = adapter.describe()
    assert described["gpus"] == ["GPU number 0", "GPU number 1"]
    assert (described["cuda"], described["cudnn"], described["tf32"]) == ("13.0", 91000, False)
    assert described["kernels"]["compiled"] == dict.fromkeys(FLOATS, "avx2")
    json.dumps(described)


def test_torch_without_a_usable_gpu_has_the_cpu_only(torch_calls):
    fake, _ = torch_calls
    fake.cuda.is_available = lambda: False
    assert TorchAdapter(1).devices() == ["cpu"]


@pytest.mark.parametrize(("device", "place"), [("cpu", "cpu"), ("gpu:0", "cuda:0"), ("gpu:1", "cuda:1")])
def test_torch_builds_and_puts_tensors_where_it_is_told(torch_calls, device, place):
    fake, calls = torch_calls
    adapter = TorchAdapter(1)
    with adapter.on(device, "float64"):
        assert fake.default == "float64"
        tensor = adapter.tensor(np.ones(3), "float64", device, gradient=True)
        assert adapter.construct(lambda: calls.of("device"), device) == [(place,)]
    assert adapter.device_of(tensor) == device
    assert tensor.requires_grad is True
    assert fake.default == "float32"


def test_torch_takes_its_default_dtype_back_after_an_error(torch_calls):
    fake, _ = torch_calls
    adapter = TorchAdapter(1)
    with pytest.raises(ValueError, match="within"), adapter.on("gpu:1", "float64"):
        raise ValueError("within")
    assert fake.default == "float32"


def test_torch_waits_for_the_gpu_that_was_used_and_for_no_cpu(torch_calls):
    _, calls = torch_calls
    adapter = TorchAdapter(1)
    adapter.synchronize("cpu")
    assert calls.of("synchronize") == []
    adapter.synchronize("gpu:1")
    assert calls.of("synchronize") == [("cuda:1",)]


def test_torch_knows_a_gpu_without_an_index_as_the_first(torch_calls):
    assert TorchAdapter(1).device_of(FakeTensor(np.ones(1), "cuda", "float32")) == "gpu:0"


# TensorFlow --------------------------------------------------------------------------------------------------------


def test_tensorflow_sees_each_gpu_lets_their_memory_grow_and_switches_tf32_off(tensorflow_calls):
    fake, calls = tensorflow_calls
    adapter = TensorflowAdapter(3)
    assert adapter.devices() == ["cpu", "gpu:0", "gpu:1"]
    assert calls.of("tf32") == [(False,)]
    assert calls.of("growth") == [(gpu, True) for gpu in fake.config.list_physical_devices("GPU")]
    assert calls.of("intra") == calls.of("inter") == [(3,)]
    described = adapter.describe()
    assert described["gpus"] == ["named 0", "named 1"]
    assert (described["cuda"], described["tf32"]) == ("13.0", False)
    json.dumps(described)


@pytest.mark.parametrize(
    ("onednn", "eager", "graph"),
    [
        (
            ("float32", "bfloat16"),
            {"float64": "eigen", "float32": "onednn", "float16": "eigen", "bfloat16": "onednn"},
            {"float64": "eigen", "float32": "onednn", "float16": "eigen", "bfloat16": "onednn"},
        ),
        ((), dict.fromkeys(FLOATS, "eigen"), dict.fromkeys(FLOATS, "fused")),
    ],
)
def test_tensorflow_names_its_kernels_by_what_they_can_do(tensorflow_calls, monkeypatch, onednn, eager, graph):
    fake, _ = tensorflow_calls
    fake.onednn = onednn
    monkeypatch.setattr("parity.workers.tensorflow.instructions", lambda: "avx512")
    described = TensorflowAdapter(1).describe()
    assert described["onednn"] == list(onednn)
    assert described["kernels"] == {"eager": eager, "graph": graph, "compiled": dict.fromkeys(FLOATS, "avx512")}


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (["SSE42", "AVX2", "FMA3", "AVX512F", "AVX512_SKX"], "avx512"),
        (["X86_V3", "X86_V4"], "avx512"),
        (["SSE42", "AVX2", "FMA3"], "avx2"),
        (["X86_V3"], "avx2"),
        (["NEON", "ASIMD"], "default"),
    ],
)
def test_the_processors_instructions_are_those_that_numpy_finds(monkeypatch, found, level):
    monkeypatch.setattr(np, "show_config", lambda mode: {"SIMD Extensions": {"found": found}})
    assert instructions() == level


def test_a_numpy_that_tells_nothing_of_the_processor(monkeypatch):
    monkeypatch.setattr(np, "show_config", lambda mode: {})
    assert instructions() == "default"


@pytest.mark.parametrize(("device", "place"), [("cpu", "/CPU:0"), ("gpu:0", "/GPU:0"), ("gpu:1", "/GPU:1")])
def test_tensorflow_builds_where_and_in_what_dtype_it_is_told(tensorflow_calls, device, place):
    _, calls = tensorflow_calls
    with TensorflowAdapter(1).on(device, "float64"):
        assert calls.of("device") == [(place,)]
        assert calls.of("floatx") == calls.of("policy") == [("float64",)]


@pytest.mark.parametrize(
    ("place", "device"),
    [
        ("/job:localhost/replica:0/task:0/device:CPU:0", "cpu"),
        ("/job:localhost/replica:0/task:0/device:GPU:0", "gpu:0"),
        ("/job:localhost/replica:0/task:0/device:GPU:11", "gpu:11"),
        ("", "cpu"),
    ],
)
def test_tensorflow_reads_where_a_tensor_lies(tensorflow_calls, place, device):
    assert TensorflowAdapter(1).device_of(SimpleNamespace(device=place)) == device


def test_tensorflow_waits_for_gpus_only(tensorflow_calls):
    _, calls = tensorflow_calls
    adapter = TensorflowAdapter(1)
    adapter.synchronize("cpu")
    assert calls.of("synchronize") == []
    adapter.synchronize("gpu:1")
    assert calls.of("synchronize") == [()]


# Any framework on a GPU --------------------------------------------------------------------------------------------


class GpuAdapter(ReferenceAdapter):
    """NumPy that claims to compute on ``place``, and notes what it is asked for."""

    def __init__(self, place):
        super().__init__(1)
        self.calls, self._place = Calls(), place

    @contextlib.contextmanager
    def on(self, device, dtype):
        self.calls.append(("on", device))
        yield

    def tensor(self, array, dtype, device, *, gradient):
        self.calls.append(("tensor", device))
        return super().tensor(array, dtype, device, gradient=gradient)

    def vjp(self, *arguments):
        self.calls.append(("call",))
        return super().vjp(*arguments)

    def steps(self, computation):
        steps = super().steps(computation)
        return replace(steps, forward=lambda: self.calls.append(("call",)) or steps.forward())

    def array(self, tensor):
        self.calls.append(("read",))
        return super().array(tensor)

    def device_of(self, tensor):
        return self._place

    def synchronize(self, device):
        self.calls.append(("synchronize", device))


DOUBLE = """
from parity import Case, normal

double = Case(
    "double", "y = 2 x.", sizes=dict(N=3), inputs=dict(x=normal("N")), outputs=dict(y="N")
)

@double.reference
def _(np, x):
    return 2 * x

@double.torch("torch.mul")
def _(torch, x):
    return x * 2

@double.tensorflow("tf.multiply")
def _(tf, x):
    return x * 2
"""


def test_a_unit_on_a_gpu_is_placed_there_and_waited_for_before_it_is_read(case_file, unit):
    adapter = GpuAdapter("gpu:1")
    seen = execute(adapter, unit(case_file(DOUBLE), "double", "torch", "torch.mul", device="gpu:1"))
    assert seen.failure is None
    assert list(seen.results) == ["output:y", "grad:x"]
    assert adapter.calls.of("on") == [("gpu:1",)]
    assert set(adapter.calls.of("tensor")) == {("gpu:1",)}
    names = [call[0] for call in adapter.calls]
    assert names.index("call") < names.index("synchronize") < names.index("read")
    assert set(adapter.calls.of("synchronize")) == {("gpu:1",)}


def test_each_timed_call_ends_with_waiting_for_the_gpu(case_file, unit):
    adapter = GpuAdapter("gpu:1")
    seen = execute(adapter, unit(case_file(DOUBLE), "double", "torch", "torch.mul", device="gpu:1", timed=True))
    rounds = sum(map(len, seen.timings.values()))
    assert rounds >= 6
    names = [call[0] for call in adapter.calls]
    assert names.count("call") == 1 + rounds
    assert all(after == "synchronize" for name, after in itertools.pairwise(names) if name == "call")


def test_a_result_on_another_device_is_an_error(case_file, unit):
    seen = execute(GpuAdapter("cpu"), unit(case_file(DOUBLE), "double", "torch", "torch.mul", device="gpu:1"))
    assert seen.failure.stage == "declaration"
    assert "torch.mul computed y on cpu instead of gpu:1" in seen.failure.message
    assert not seen.results


def test_the_formula_of_a_gpu_item_runs_on_the_cpu_with_the_same_inputs(case_file, unit):
    file = case_file(DOUBLE)
    adapter = GpuAdapter("cpu")
    formula = execute(adapter, unit(file, "double", "reference", "reference", device="gpu:1"))
    assert formula.failure is None
    assert {*adapter.calls.of("on"), *adapter.calls.of("tensor"), *adapter.calls.of("synchronize")} == {("cpu",)}
    assert (
        formula.input_digest
        == execute(GpuAdapter("gpu:1"), unit(file, "double", "torch", "torch.mul", device="gpu:1")).input_digest
    )


# The real frameworks -----------------------------------------------------------------------------------------------

SETTINGS = {
    "torch": """
        import torch
        from parity.workers.torch import TorchAdapter
        adapter = TorchAdapter(1)
        before = torch.get_default_dtype()
        with adapter.on("cpu", "float64"):
            layer = adapter.construct(lambda: torch.nn.Linear(2, 3), "cpu")
            made = [str(layer.weight.dtype), layer.weight.device.type]
        found = dict(
            tf32=[torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32],
            threads=torch.get_num_threads(),
            made=made,
            restored=torch.get_default_dtype() == before,
        )
    """,
    "tensorflow": """
        import tensorflow as tf
        import numpy as np
        from parity.workers.tensorflow import TensorflowAdapter
        cpus = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)
        adapter = TensorflowAdapter(1)
        with adapter.on("cpu", "float64"):
            layer = adapter.construct(lambda: tf.keras.layers.Dense(3), "cpu")
            layer.build((1, 2))
            made = [layer.kernel.dtype, layer.kernel.value.device.rpartition("device:")[2]]
        with tf.device("/CPU:1"):
            other = adapter.tensor(np.ones(3), "float64", "cpu", gradient=False)
        found = dict(
            tf32=[tf.config.experimental.tensor_float_32_execution_enabled()],
            threads=tf.config.threading.get_inter_op_parallelism_threads(),
            made=made,
            logical=[other.device.rpartition("device:")[2], adapter.device_of(other)],
        )
    """,
}
EXPECTED = {
    "torch": {"tf32": [False, False], "threads": 1, "made": ["torch.float64", "cpu"], "restored": True},
    "tensorflow": {"tf32": [False], "threads": 1, "made": ["float64", "CPU:0"], "logical": ["CPU:1", "cpu"]},
}


@pytest.mark.parametrize("framework", SETTINGS)
def test_settings_reach_the_real_framework(pythons, framework):
    script = textwrap.dedent(SETTINGS[framework]) + "import json\nprint(json.dumps(found))"
    done = subprocess.run(
        [pythons[framework], "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(parity.__file__).parent.parent)},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == EXPECTED[framework]


def test_the_reference_keeps_float64_values_in_long_double(case_file, unit):
    file = case_file(DOUBLE)
    seen = execute(ReferenceAdapter(1), unit(file, "double", "reference", "reference", dtype="float64"))
    case = load(file).case("double")
    x = values(case, case.variants[0], "float64", 0)["x"]
    assert seen.results["output:y"].array.dtype == np.longdouble
    assert np.array_equal(seen.results["output:y"].array, 2 * x)
