"""The options: what may be given, and the clear end (exit code 4) of a run that cannot be what was asked for."""

import pytest

from parity.face.options import choose_devices, describe_devices, gpu_present, read_options
from parity.workers.local import Greeting


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--device=cuda"], ["--device cuda: unknown device", "auto, cpu, gpu, gpu:0"]),
        (["--device=gpu:x"], ["--device gpu:x: unknown device"]),
        (["--dtype=float8"], ["--dtype float8: unknown dtype", "float64, float32, float16, bfloat16"]),
        (["--dtype=float32,"], ["--dtype : unknown dtype"]),
        (["--mode=fast"], ["--mode fast: unknown mode", "choose from eager, graph, compiled"]),
        (["--mode=graph,"], ["--mode : unknown mode"]),
        (["--rtol=0.1"], ["--rtol and --atol must be given together"]),
        (["--atol=0.1"], ["--rtol and --atol must be given together"]),
        (["--rtol=nan", "--atol=0"], ["must be finite and not negative"]),
        (["--rtol=0", "--atol=-1"], ["must be finite and not negative"]),
        (["--rtol=inf", "--atol=0"], ["must be finite and not negative"]),
        (["--unit-timeout=0"], ["--unit-timeout must be more than 0"]),
        (["--unit-timeout=nan"], ["--unit-timeout must be more than 0"]),
        (["--seed=-1"], ["--seed must not be negative"]),
        (["--torch-python=/nowhere/python"], ["--torch-python /nowhere/python: no such interpreter", "PyTorch"]),
        (["--tensorflow-python=nowhere"], ["--tensorflow-python nowhere: no such interpreter", "TensorFlow"]),
    ],
    ids=lambda value: " ".join(value) if value[0].startswith("--") and ":" not in value[0] else None,
)
def test_what_cannot_be_meant_is_refused_with_what_can(pytester, arguments, words):
    with pytest.raises(pytest.UsageError) as raised:
        pytester.parseconfigure(*arguments)
    for word in words:
        assert word in str(raised.value)


def test_options_are_read_as_given(pytester):
    config = pytester.parseconfig(
        "--device=gpu:1", "--dtype=float64,float32", "--dtype=float64", "--mode=graph", "--mode=compiled,graph",
        "--seed=7", "--rtol=1e-3", "--atol=1e-6",
    )  # fmt: skip
    options = read_options(config)
    assert (options.device, options.dtypes, options.seed) == ("gpu:1", ("float64", "float32"), 7)
    assert options.modes == ("graph", "compiled")
    assert (options.tolerance.rtol, options.tolerance.atol) == (1e-3, 1e-6)
    assert "command line" in options.tolerance.because


def test_without_options_every_dtype_and_device_is_meant_and_the_eager_mode(pytester):
    options = read_options(pytester.parseconfig())
    assert (options.device, options.dtypes, options.seed, options.reports) == ("auto", None, 0, None)
    assert options.modes == ("eager",)
    assert options.tolerance is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--dtype=float8"], "choose from float64, float32, float16, bfloat16"),
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
        (["--reports=pytest.ini"], "--reports pytest.ini: File exists"),
    ],
    ids=["dtype", "unknown", "reports"],
)
def test_a_usage_error_ends_pytest_with_4_and_without_a_traceback(stranger, run_in, arguments, word):
    outcome = run_in(stranger, "cases", *arguments)
    assert outcome.code == 4
    assert word in outcome.err
    assert "Traceback" not in outcome.all
    assert "INTERNALERROR" not in outcome.all


@pytest.mark.parametrize(("framework", "title"), [("torch", "PyTorch"), ("tensorflow", "TensorFlow")])
def test_a_framework_that_is_not_installed_is_named_with_the_mend(
    stranger, run_in, bare_python, pythons, framework, title
):
    given = [f"--{name}-python={bare_python if name == framework else python}" for name, python in pythons.items()]
    outcome = run_in(stranger, "cases", *given, "--reports=unwritten")
    assert outcome.code == 4
    assert f"{title} is not installed for {bare_python}" in outcome.err
    assert f"--{framework}-python PATH" in outcome.err
    assert f"-m parity environment {framework}" in outcome.err
    assert "Traceback" not in outcome.all
    assert not (stranger / "unwritten" / "parity.csv").exists()


def test_what_is_no_interpreter_is_named(stranger, run_in, tmp_path):
    junk = tmp_path / "junk"
    junk.write_bytes(b"\x00\x01 no program")
    junk.chmod(0o755)
    for path in (junk, "true"):
        outcome = run_in(stranger, "cases", f"--torch-python={path}")
        assert outcome.code == 4
        assert "no working Python interpreter" in outcome.err
        assert "Traceback" not in outcome.all


def test_a_framework_that_cannot_be_imported_gives_its_own_reason(stranger, folder_of, run_in, interpreters, pythons):
    """The package is there, and importing it fails."""
    damaged = folder_of({"site/torch.py": "raise ImportError('libcudart.so.99: no such file')\n"})
    wrapper = damaged / "python"
    wrapper.write_text(f'#!/bin/sh\nPYTHONPATH="{damaged}/site" exec "{pythons["torch"]}" "$@"\n')
    wrapper.chmod(0o755)
    outcome = run_in(stranger, "cases", *interpreters, f"--torch-python={wrapper}")
    assert outcome.code == 4
    assert "the torch worker failed to start" in outcome.err
    assert "ImportError: libcudart.so.99: no such file" in outcome.err
    assert "INTERNALERROR" not in outcome.all


@pytest.fixture(scope="module")
def without_gpu(stranger, folder_of, run_in, interpreters):
    """A run that asks for a GPU where there is none, and the record that was there before it."""
    if gpu_present():
        pytest.skip("this machine has a GPU")
    last = "the record of the last run"
    folder = folder_of({"cases/double.py": (stranger / "cases" / "double.py").read_text(), "reports/parity.csv": last})
    return run_in(folder, "cases", "--device=gpu", *interpreters, "--reports=reports")


def test_a_gpu_that_is_not_there_is_a_usage_error(without_gpu):
    outcome = without_gpu
    assert outcome.code == 4
    assert "--device gpu: not available to both frameworks" in outcome.err
    assert "PyTorch sees cpu; TensorFlow sees cpu" in outcome.err
    assert "Traceback" not in outcome.all
    assert "passed" not in outcome.out


def test_a_usage_error_keeps_the_record_of_the_last_run(without_gpu):
    assert (without_gpu.folder / "reports" / "parity.csv").read_text() == "the record of the last run"


# Devices, given what the workers say that they see ------------------------------------------------------------------


def seeing(torch, tensorflow):
    return {
        "reference": Greeting({}, ("cpu",)),
        "torch": Greeting({}, tuple(torch.split())),
        "tensorflow": Greeting({}, tuple(tensorflow.split())),
    }


@pytest.mark.parametrize(
    ("device", "torch", "tensorflow", "chosen", "described"),
    [
        ("auto", "cpu", "cpu", ["cpu"], "cpu (no GPU was present)"),
        ("auto", "cpu gpu:0", "cpu gpu:0", ["cpu", "gpu:0"], "cpu, gpu:0"),
        ("auto", "cpu gpu:0 gpu:1", "cpu gpu:0", ["cpu", "gpu:0"], "cpu, gpu:0 (PyTorch also sees gpu:1: not run)"),
        ("auto", "cpu gpu:0", "cpu", ["cpu"], "cpu (PyTorch also sees gpu:0: not run)"),
        (
            "cpu",
            "cpu gpu:0",
            "cpu gpu:0",
            ["cpu"],
            "cpu (PyTorch also sees gpu:0; TensorFlow also sees gpu:0: not run)",
        ),
        ("gpu", "cpu gpu:0 gpu:1", "cpu gpu:0 gpu:1", ["gpu:0", "gpu:1"], "gpu:0, gpu:1"),
        ("gpu:1", "cpu gpu:0 gpu:1", "cpu gpu:1", ["gpu:1"], "gpu:1 (PyTorch also sees gpu:0: not run)"),
    ],
)
def test_the_devices_are_those_that_both_sides_can_use(device, torch, tensorflow, chosen, described):
    greetings = seeing(torch, tensorflow)
    assert choose_devices(device, greetings) == chosen
    assert describe_devices(chosen, greetings) == described


@pytest.mark.parametrize("device", ["gpu", "gpu:0", "gpu:1"])
def test_a_gpu_that_only_one_side_sees_is_refused_with_what_each_sees(device):
    with pytest.raises(pytest.UsageError, match="PyTorch sees cpu, gpu:0; TensorFlow sees cpu"):
        choose_devices(device, seeing("cpu gpu:0", "cpu"))


def test_an_nvidia_driver_is_a_sign_of_a_gpu(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert gpu_present() is True
