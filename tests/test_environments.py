"""Building environments: kept ones are found again, half-built ones are built anew, and failures give pip's reason.

Nothing is downloaded: what is installed is nothing, or something that pip is told not to look for in any index.
"""

import subprocess
import sys

import pytest

from parity import environments
from parity.__main__ import main
from parity.environments import BuildError, build


def installing(*commands):
    """Attempts that run these commands with the new interpreter, one attempt each."""

    def attempts(framework, kind, python):
        return iter([[[python, *command]] for command in commands])

    return attempts


NOTHING = ["-c", "pass"]
UNOBTAINABLE = ["-m", "pip", "install", "--no-index", "no-such-package-of-parity==9.9"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def built(folder):
    """A first build whose first attempt fails and whose second one succeeds: its interpreter, and what was said."""
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environments, "_attempts", installing(UNOBTAINABLE, NOTHING))
        python = build("torch", folder, "cpu", said.append)
    return python, said


def unexpected(*arguments):
    raise AssertionError("built again")


def test_an_environment_is_an_interpreter_of_its_own(built, folder):
    python, said = built
    shown = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == str(python.parent.parent)
    assert python.is_relative_to(folder)
    assert python.parent.parent.name.startswith("torch-cpu-")
    assert said == [f"building the torch environment (cpu) in {python.parent.parent}"]


def test_a_second_call_returns_the_same_at_once(built, folder, monkeypatch):
    monkeypatch.setattr(environments, "_run", unexpected)
    said = []
    assert build("torch", folder, "cpu", said.append) == built[0]
    assert said == []


def test_other_versions_or_another_build_are_another_environment(built, folder, monkeypatch, tmp_path):
    monkeypatch.setattr(environments, "_attempts", installing())
    monkeypatch.setattr(environments, "_run", lambda command: None)
    said = []
    with pytest.raises(IndexError):
        build("torch", folder, "gpu", said.append)
    other = tmp_path / "constraints.txt"
    other.write_text("torch==1.0\n")
    monkeypatch.setattr(environments, "CONSTRAINTS", other)
    with pytest.raises(IndexError):
        build("torch", folder, "cpu", said.append)
    places = {line.rpartition(" ")[2] for line in said}
    assert len(places) == 2
    assert str(built[0].parent.parent) not in places


def test_the_interpreters_are_printed_one_on_each_line(built, folder, monkeypatch, capsys):
    monkeypatch.setattr(environments, "_run", unexpected)
    assert main(["environment", "torch", "torch", "--build", "cpu", "--folder", str(folder)]) == 0
    assert capsys.readouterr().out == f"{built[0]}\n" * 2


@pytest.fixture(scope="module")
def mended(built, folder):
    """The same environment after its build was cut off, built again."""
    place = built[0].parent.parent
    (place / "parity-environment.json").unlink()
    (place / "left-behind").write_text("by the build that was cut off")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environments, "_attempts", installing(NOTHING))
        return place, build("torch", folder, "cpu")


def test_a_half_built_environment_is_built_anew(mended, built):
    place, python = mended
    assert python == built[0]
    assert python.exists()
    assert not (place / "left-behind").exists()
    assert (place / "parity-environment.json").exists()


def test_a_failure_gives_the_reason_of_pip_and_leaves_nothing(mended, folder, monkeypatch, capsys):
    place, _ = mended
    (place / "parity-environment.json").unlink()
    monkeypatch.setattr(environments, "_attempts", installing(UNOBTAINABLE))
    with pytest.raises(BuildError) as raised:
        build("torch", folder, "cpu")
    assert "the torch environment (cpu) cannot be built: " in str(raised.value)
    assert "No matching distribution found for no-such-package-of-parity==9.9" in str(raised.value)
    assert not place.exists()


def test_a_failure_is_an_exit_status_and_one_line(folder, monkeypatch, capsys):
    def refused(*arguments):
        raise BuildError("pip's own reason")

    monkeypatch.setattr("parity.__main__.build", refused)
    assert main(["environment", "torch", "--folder", str(folder)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: pip's own reason\n"


def test_an_unknown_framework_is_refused_with_the_known_ones(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "parity", "environment", "jax", "--folder", str(tmp_path / "untouched")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "'jax'" in done.stderr
    assert "torch" in done.stderr
    assert "tensorflow" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "untouched").exists()


def test_every_way_to_install_keeps_to_the_tested_versions():
    for framework in ("torch", "tensorflow"):
        for kind in ("cpu", "gpu"):
            for attempt in environments._attempts(framework, kind, "python"):
                assert any(str(environments.CONSTRAINTS) in command for command in attempt)


@pytest.mark.parametrize(("listed", "status", "present"), [("GPU 0: A", 0, True), ("", 0, False), ("GPU 0", 9, False)])
def test_a_gpu_is_what_nvidia_smi_lists(tmp_path, monkeypatch, listed, status, present):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environments.has_gpu() is False
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\necho '{listed}'\nexit {status}\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert environments.has_gpu() is present
