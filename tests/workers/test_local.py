"""Real workers of both frameworks: what they observe, what they survive, and that they end."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from parity.catalog.dtypes import FLOATS
from parity.catalog.load import load
from parity.catalog.tensors import normal
from parity.plan.data import cotangent, digest, draw, values
from parity.workers import local
from parity.workers.local import LocalEngine, StartError

HAZARDS = """
import ctypes, os, signal, sys, time
from parity import Case, grid, normal

hazard = Case(
    "hazard",
    "y = 2 x, and something that happens on the way.",
    sizes=dict(N=3, M=4),
    inputs=dict(x=normal("N M")),
    outputs=dict(y="N M"),
    variants=grid(what=["nothing", "print", "kill", "segfault", "exit", "hang", "raise"]),
)

def happen(what):
    if what == "print":
        print("printed by a case function", flush=True)
        os.write(1, b"written to descriptor 1\\n" * 1000)
        sys.stdout.write("written to sys.stdout")
    if what == "kill":
        print("the last words of the worker", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "segfault":
        ctypes.string_at(0)
    if what == "exit":
        sys.exit(3)
    if what == "hang":
        open(f"{__file__}.{os.getpid()}", "w").close()
        time.sleep(3600)
    if what == "raise":
        raise ValueError("no such thing: " + 2000 * "long " + "end")

@hazard.reference
def _(np, x):
    return 2 * x

@hazard.torch("torch.mul")
def _(torch, x, *, what):
    happen(what)
    return torch.mul(x, 2)

@hazard.tensorflow("tf.multiply")
def _(tf, x, *, what):
    happen(what)
    return tf.multiply(x, 2)
"""
APIS = {"torch": "torch.mul", "tensorflow": "tf.multiply"}
LIMIT = 6.0
ORDER = {
    "torch": ["nothing", "print", "kill", "nothing", "segfault", "raise", "exit", "nothing", "hang", "nothing"],
    "tensorflow": ["nothing", "print", "kill", "raise", "hang", "nothing"],
}


@pytest.fixture(scope="module")
def greeted(pythons, engine_of):
    """An engine with all three workers, and their greetings."""
    engine = engine_of(pythons, timeout=LIMIT)
    return engine, engine.start(["reference", "torch", "tensorflow"])


# What workers say and see ------------------------------------------------------------------------------------------


def test_each_worker_says_what_it_runs_and_where(greeted):
    greetings = greeted[1]
    assert list(greetings) == ["reference", "torch", "tensorflow"]
    assert greetings["reference"].devices == ("cpu",)
    assert greetings["reference"].environment["version"] == np.__version__
    for name in ("torch", "tensorflow"):
        environment = greetings[name].environment
        assert greetings[name].devices[0] == "cpu"
        assert environment["version"][0].isdigit()
        assert environment["threads"] == 1
        assert environment["tf32"] is False
        assert environment["import_seconds"] > 0
    assert greetings["tensorflow"].environment["keras"].startswith("3.")


@pytest.fixture(scope="module")
def linear(request, greeted, unit):
    """The observations of ``cases/linear.py`` by dtype and API, and the file."""
    engine = greeted[0]
    file = request.config.rootpath / "cases" / "linear.py"
    case = load(file).case("linear")
    apis = [("reference", "reference"), *((i.framework, i.api) for i in case.implementations)]
    futures = {
        (dtype, api): engine.submit(
            unit(
                file, "linear", framework, api, "batched=true-bias=true", dtype=dtype, seed=3, timed=dtype == "float32"
            )
        )
        for dtype in FLOATS
        for framework, api in apis
    }
    return case, [api for _, api in apis], {key: future.result(120) for key, future in futures.items()}


@pytest.mark.parametrize("dtype", FLOATS)
def test_outputs_and_gradients_are_those_of_the_operation(linear, dtype):
    case, apis, observations = linear
    variant = case.variant("batched=true-bias=true")
    stored = values(case, variant, dtype, 3)
    x, kernel, bias = (FLOATS[dtype].decode(stored[name]) for name in ("x", "kernel", "bias"))
    y = np.einsum("nti,oi->nto", x, kernel) + bias
    given = FLOATS[dtype].decode(cotangent(y.shape, dtype, (3, "linear", variant.id, "cotangent of y")))
    truth = {
        "output:y": y,
        "grad:x": given @ kernel,
        "grad:kernel": np.einsum("nto,nti->oi", given, x),
        "grad:bias": given.sum((0, 1)),
    }
    for api in apis:
        seen = observations[dtype, api]
        assert seen.failure is None, (api, seen.failure)
        assert list(seen.results) == list(truth), api
        for quantity, expected in truth.items():
            result = seen.results[quantity]
            array = result.array
            if api != "reference":
                assert result.dtype == dtype, (api, quantity)
                assert array.dtype == FLOATS[dtype].storage, (api, quantity)
                array = FLOATS[dtype].decode(array)
            assert array.shape == expected.shape, (api, quantity)
            error = np.abs(array - expected).max() / np.abs(expected).max()
            assert error <= 32 * FLOATS[dtype].unit_roundoff, (api, quantity)


def test_every_process_makes_the_same_inputs(linear):
    case, apis, observations = linear
    for dtype in FLOATS:
        expected = digest(values(case, case.variant("batched=true-bias=true"), dtype, 3))
        assert {observations[dtype, api].input_digest for api in apis} == {expected}


def test_the_formula_runs_one_precision_up(linear):
    observations = linear[2]
    kinds = {d: {r.array.dtype for r in observations[d, "reference"].results.values()} for d in FLOATS}
    assert kinds == {
        "float64": {np.dtype(np.longdouble)},
        "float32": {np.dtype(np.float64)},
        "float16": {np.dtype(np.float64)},
        "bfloat16": {np.dtype(np.float64)},
    }


def test_timings_are_taken_where_they_are_asked_for_and_costs_everywhere(linear):
    _, apis, observations = linear
    for api in apis:
        timings = observations["float32", api].timings
        assert set(timings) == {"forward", "forward+backward"}, api
        assert all(len(seconds) >= 1 and min(seconds) > 0 for seconds in timings.values()), api
        assert observations["float64", api].timings == {}
        assert observations["float64", api].framework_seconds > 0
        assert observations["float64", api].harness_seconds > 0
        assert observations["float64", api].peak_bytes > 2**20


def test_a_gpu_that_is_not_there_is_a_failure_and_not_a_quiet_run_on_the_cpu(request, greeted, unit):
    engine = greeted[0]
    file = request.config.rootpath / "cases" / "linear.py"
    variant = "batched=false-bias=true"
    for framework, api in (
        ("torch", "torch.nn.functional.linear"),
        ("torch", "torch.nn.Linear"),
        ("tensorflow", "tf.matmul"),
        ("tensorflow", "keras.layers.Dense"),
    ):
        seen = engine.submit(unit(file, "linear", framework, api, variant, device="gpu:9")).result(60)
        assert seen.failure is not None, api
        assert not seen.results, api
        after = engine.submit(unit(file, "linear", framework, api, variant)).result(60)
        assert after.failure is None, api


# What workers survive ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hazards(greeted, case_file, unit, linear):
    """The observations of the hazards, by framework, in the order of ``ORDER``: all are queued at once."""
    engine = greeted[0]
    file = case_file(HAZARDS)
    futures = {
        framework: [engine.submit(unit(file, "hazard", framework, APIS[framework], f"what={what}")) for what in order]
        for framework, order in ORDER.items()
    }
    seen = {framework: [future.result(240) for future in waiting] for framework, waiting in futures.items()}
    return {framework: list(zip(ORDER[framework], seen[framework], strict=True)) for framework in ORDER}


def of(hazards, framework, what):
    return [seen for name, seen in hazards[framework] if name == what]


def doubled(what):
    """Twice the input, which is exact."""
    return 2 * draw(normal("N M"), {"N": 3, "M": 4}, "float32", (0, "hazard", f"what={what}", "x"))


@pytest.mark.parametrize("framework", APIS)
def test_units_before_between_and_after_hazards_run(hazards, framework):
    observations = of(hazards, framework, "nothing")
    assert len(observations) == ORDER[framework].count("nothing")
    for seen in observations:
        assert seen.failure is None
        assert list(seen.results) == ["output:y", "grad:x"]
        assert np.array_equal(seen.results["output:y"].array, doubled("nothing"))


@pytest.mark.parametrize("framework", APIS)
def test_what_a_case_function_prints_does_not_reach_the_pipe(hazards, framework):
    (seen,) = of(hazards, framework, "print")
    assert seen.failure is None
    assert np.array_equal(seen.results["output:y"].array, doubled("print"))


@pytest.mark.parametrize("framework", APIS)
def test_a_killed_worker_costs_its_unit_and_leaves_its_last_words(hazards, framework):
    (seen,) = of(hazards, framework, "kill")
    assert seen.failure.stage == "crash"
    assert "killed by SIGKILL" in seen.failure.message
    assert "the last words of the worker" in seen.failure.message
    assert not seen.results


def test_a_segmentation_fault_names_its_signal(hazards):
    (seen,) = of(hazards, "torch", "segfault")
    assert seen.failure.stage == "crash"
    assert "killed by SIGSEGV" in seen.failure.message


def test_a_worker_that_exits_names_its_status(hazards):
    (seen,) = of(hazards, "torch", "exit")
    assert seen.failure.stage == "crash"
    assert "exited with status 3" in seen.failure.message


@pytest.mark.parametrize("framework", APIS)
def test_a_hanging_unit_ends_at_its_limit(hazards, framework):
    (seen,) = of(hazards, framework, "hang")
    assert seen.failure.stage == "timeout"
    assert "within 6 s" in seen.failure.message
    assert not seen.results


@pytest.mark.parametrize("framework", APIS)
def test_an_exception_is_a_failure_with_its_kind_and_line(hazards, framework):
    (seen,) = of(hazards, framework, "raise")
    line = HAZARDS.splitlines().index('        raise ValueError("no such thing: " + 2000 * "long " + "end")') + 1
    assert (seen.failure.stage, seen.failure.kind) == ("forward", "ValueError")
    assert seen.failure.message.startswith("no such thing: long")
    assert seen.failure.message.endswith("long end")
    assert len(seen.failure.message) < 900
    assert seen.failure.where.endswith(f"declared.py:{line}")


# Layers and their variables ----------------------------------------------------------------------------------------

LAYERS = """
from parity import Case, grid, normal

layers = Case(
    "layers",
    "y = x kernel + bias, with a layer whose variables are named rightly and wrongly.",
    sizes=dict(N=2, I=3, O=4),
    inputs=dict(x=normal("N I")),
    weights=dict(kernel=normal("I O"), bias=normal("O")),
    outputs=dict(y="N O"),
    variants=grid(how=["right", "name", "shape", "forgotten", "loses", "repeats"]),
)

@layers.reference
def _(np, x, kernel, bias):
    return x @ kernel + bias

def torch_weights(how):
    right = dict(weight="kernel: O I", bias="bias: O")
    return {
        "name": dict(kernel="kernel: O I", bias="bias: O"),
        "shape": dict(weight="kernel: I O", bias="bias: O"),
        "loses": dict(weight="kernel: O I"),
        "repeats": dict(right, again="bias: O"),
    }.get(how, right)

@layers.torch.layer("torch.nn.Linear", weights=torch_weights)
def _(torch, *, I, O, how):
    layer = torch.nn.Linear(I, O)
    if how == "forgotten":
        layer.gain = torch.nn.Parameter(torch.ones(1))
    return layer

def keras_weights(how):
    right = dict(kernel="kernel: I O", bias="bias: O")
    return {
        "name": dict(weight="kernel: I O", bias="bias: O"),
        "shape": dict(kernel="kernel: O I", bias="bias: O"),
        "loses": dict(kernel="kernel: I O"),
        "repeats": dict(right, again="bias: O"),
    }.get(how, right)

@layers.tensorflow.layer("keras.layers.Dense", weights=keras_weights)
def _(tf, *, O, how):
    class Dense(tf.keras.layers.Dense):
        def build(self, shape):
            super().build(shape)
            if how == "forgotten":
                self.gain = self.add_weight(name="gain", shape=(1,))

    return Dense(O)
"""
MENDS = {
    "name": ("has no variable", "its variables are"),
    "shape": ("has shape", "but the mapping fills it with shape"),
    "forgotten": ("leaves gain unfilled", "name a source for each"),
    "loses": ("loses 4 of the 4 elements of weight bias", "name the missing part"),
    "repeats": ("repeats 4 of the 4 elements of weight bias", "copy each element once"),
}


@pytest.fixture(scope="module")
def layers(greeted, case_file, unit, hazards):
    engine = greeted[0]
    file = case_file(LAYERS)
    apis = {"torch": "torch.nn.Linear", "tensorflow": "keras.layers.Dense"}
    futures = {
        (framework, how): engine.submit(unit(file, "layers", framework, api, f"how={how}"))
        for framework, api in apis.items()
        for how in ("right", *MENDS, "right")
    }
    return {key: future.result(120) for key, future in futures.items()}


@pytest.mark.parametrize("framework", APIS)
def test_a_layer_is_filled_and_its_gradients_come_back(layers, framework):
    seen = layers[framework, "right"]
    assert seen.failure is None
    assert {name: result.array.shape for name, result in seen.results.items()} == {
        "output:y": (2, 4),
        "grad:x": (2, 3),
        "grad:kernel": (3, 4),
        "grad:bias": (4,),
    }
    assert all(np.count_nonzero(result.array) == result.array.size for result in seen.results.values())


@pytest.mark.parametrize("how", MENDS)
@pytest.mark.parametrize("framework", APIS)
def test_a_mapping_that_does_not_fit_says_what_and_how_to_mend_it(layers, framework, how):
    failure = layers[framework, how].failure
    assert failure.stage == "declaration"
    for words in MENDS[how]:
        assert words in failure.message
    assert "declared.py:" in failure.where
    assert not layers[framework, how].results


# Starting ----------------------------------------------------------------------------------------------------------


def starts(pythons, *names):
    engine = LocalEngine(pythons)
    try:
        return engine.start(names)
    finally:
        engine.stop()


@pytest.mark.parametrize("framework", APIS)
def test_an_interpreter_without_packages_cannot_start(bare_python, framework):
    with pytest.raises(StartError) as raised:
        starts({framework: bare_python}, framework)
    assert f"the {framework} worker failed to start with {bare_python}" in str(raised.value)
    assert "ModuleNotFoundError: No module named 'numpy'" in str(raised.value)


@pytest.mark.parametrize("framework", APIS)
def test_a_damaged_framework_gives_its_own_reason(pythons, tmp_path, monkeypatch, framework):
    (tmp_path / f"{framework}.py").write_text("raise ImportError('libcudart.so.99: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(StartError, match=r"ImportError: libcudart\.so\.99: cannot open"):
        starts(pythons, framework)


def test_what_is_no_python_gives_its_last_words(tmp_path):
    script = tmp_path / "python"
    script.write_text(
        "#!/bin/sh\necho 'this prints to the pipe, and it is no frame'\necho 'I am a shell' >&2\nexit 5\n"
    )
    script.chmod(0o755)
    with pytest.raises(StartError, match="exited with status 5\n    I am a shell"):
        starts({"torch": str(script)}, "torch")


def test_an_interpreter_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StartError, match=r"nowhere/python: No such file or directory"):
        starts({"torch": str(tmp_path / "nowhere" / "python")}, "torch")


def test_an_interpreter_that_never_answers_is_given_up(tmp_path, monkeypatch, recording, ended):
    monkeypatch.setattr(local, "START_SECONDS", 0.5)
    script = tmp_path / "sleeper"
    script.write_text("#!/bin/sh\nexec sleep 600\n")
    script.chmod(0o755)
    with pytest.raises(StartError, match="did not start within"):
        starts({"torch": recording(script, tmp_path)}, "torch")
    assert all(ended(int(pid)) for pid in (tmp_path / "pids").read_text().split())


@pytest.mark.parametrize("broken", ["bare", "missing"])
def test_one_worker_that_cannot_start_ends_the_others(pythons, tmp_path, recording, ended, bare_python, broken):
    other = bare_python if broken == "bare" else str(tmp_path / "nowhere")
    engine = LocalEngine({"torch": recording(pythons["torch"], tmp_path), "tensorflow": other})
    with pytest.raises(StartError, match="tensorflow worker"):
        engine.start(["torch", "tensorflow"])
    noted = tmp_path / "pids"
    assert all(ended(int(pid)) for pid in (noted.read_text().split() if noted.exists() else []))


# Ending ------------------------------------------------------------------------------------------------------------


def test_a_worker_that_cannot_be_restarted_fails_the_units_that_wait_for_it(
    pythons, tmp_path, recording, case_file, unit, engine_of
):
    python = recording(pythons["torch"], tmp_path)
    file = case_file(HAZARDS)
    engine = engine_of({"torch": python})
    engine.start(["torch"])
    Path(python).unlink()
    futures = [engine.submit(unit(file, "hazard", "torch", "torch.mul", f"what={w}")) for w in ("kill", "nothing")]
    killed, after = (future.result(20) for future in futures)
    assert killed.failure.stage == "crash"
    assert "SIGKILL" in killed.failure.message
    assert after.failure.stage == "crash"
    assert "could not be restarted" in after.failure.message


def hanging(file, number):
    """Wait until the units that hang do; the numbers of their processes."""
    deadline = time.monotonic() + 60
    marks = []
    while len(marks) < number and time.monotonic() < deadline:
        time.sleep(0.05)
        marks = list(file.parent.glob(f"{file.name}.*"))
    return [int(mark.suffix[1:]) for mark in marks]


def test_stopping_ends_a_worker_in_the_middle_of_a_unit(pythons, case_file, unit, ended):
    engine = LocalEngine(pythons)
    engine.start(["torch"])
    file = case_file(HAZARDS)
    engine.submit(unit(file, "hazard", "torch", "torch.mul", "what=hang"))
    queued = engine.submit(unit(file, "hazard", "torch", "torch.mul", "what=nothing"))
    (pid,) = hanging(file, 1)
    engine.stop()
    assert ended(pid)
    assert "stopped" in queued.result(timeout=10).failure.message


def test_workers_end_when_the_harness_is_killed(pythons, tmp_path, case_file, ended):
    file = case_file(HAZARDS)
    script = tmp_path / "harness.py"
    script.write_text(
        textwrap.dedent(
            f"""
            from parity.plan.work import Item, Unit
            from parity.workers.local import LocalEngine

            engine = LocalEngine({pythons!r})
            engine.start(["torch", "tensorflow"])
            item = Item({str(file)!r}, "hazard", "what=hang", "float32", "cpu")
            waiting = [engine.submit(Unit(item, name, api, 0)) for name, api in {APIS!r}.items()]
            waiting[0].result()
            """
        )
    )
    with subprocess.Popen([sys.executable, str(script)]) as harness:
        pids = hanging(file, 2)
        os.kill(harness.pid, signal.SIGKILL)
    assert len(pids) == 2
    assert all(ended(pid) for pid in pids)


# Giving up -------------------------------------------------------------------------------------------------------

HANGING = """
    import time
    from parity import Case, grid, normal

    case = Case(
        "case", "y = 2 x.", sizes=dict(N=3), inputs=dict(x=normal("N")), outputs=dict(y="N"),
        variants=grid(number=range(6), hangs=[False, True]),
    )

    @case.reference
    def _(np, x, *, hangs):
        time.sleep(3600 if hangs else 0)
        return 2 * x
"""


def test_what_has_hung_three_times_is_not_run_again(case_file, unit, engine_of):
    engine = engine_of({}, timeout=3.0)
    engine.start(["reference"])
    file, other = case_file(HANGING), case_file(HANGING)

    def submit(file, number, hangs=True):
        variant = f"number={number}-hangs={str(hangs).lower()}"
        return engine.submit(unit(file, "case", "reference", "reference", variant))

    waiting = [submit(file, 0, hangs=False), *(submit(file, number) for number in range(6)), submit(other, 0, False)]
    begun = time.monotonic()
    failures = [future.result(60).failure for future in waiting]
    assert [failure and failure.stage for failure in failures] == [
        None, "timeout", "timeout", "timeout", "not-run", "not-run", "not-run", None
    ]  # fmt: skip
    assert failures[4].message == (
        "not run: reference gave no answer within 3 s for 3 other units of this file. "
        "Mend it, or allow more time with --unit-timeout"
    )
    assert time.monotonic() - begun < 40
    assert submit(file, 1, hangs=False).result(60).failure.stage == "not-run"
    fresh = replace(unit(file, "case", "reference", "reference", "number=2-hangs=false"), again=True)
    assert engine.submit(fresh).result(60).failure.stage == "not-run", "it hangs in a fresh process, too"
