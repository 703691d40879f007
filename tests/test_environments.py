"""Building environments: kept ones are found again, half-built ones are built anew, and failures give pip's reason.

Nothing is downloaded: what is installed is nothing, or something that pip is told not to look for in any index.
"""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from parity import environments
from parity.__main__ import main
from parity.environments import build
from parity.requirements import BuildError


def installing(*commands):
    """Attempts that run these commands with the new interpreter, one attempt each."""

    def attempts(framework, kind, python, wanted=()):
        return iter([[[python, *command]] for command in commands])

    return attempts


NOTHING = ["-c", "pass"]
UNOBTAINABLE = ["-m", "pip", "install", "--no-index", "no-such-package-of-parity==9.9"]


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """A build that pip cannot do: its folder, the exit status, and what was printed."""
    folder = tmp_path_factory.mktemp("environments")
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(environments, "attempts", installing(UNOBTAINABLE))
        status = main(["environment", "torch", "--build", "cpu", "--folder", str(folder)])
    return folder, status, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def built(failed):
    """The same one, half-built as if that had been cut off, and built with a second attempt that succeeds."""
    folder, _, _, err = failed
    place = Path(err.splitlines()[0].rpartition(" ")[2])
    place.mkdir()  # the failed build has left nothing there
    (place / "left-behind").touch()
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environments, "attempts", installing(UNOBTAINABLE, NOTHING))
        return build("torch", folder, "cpu", said.append), said


def test_a_failure_gives_the_reason_of_pip_and_a_status(failed):
    _, status, out, err = failed
    assert status == 1
    assert out == ""
    assert "error: the torch environment (cpu) cannot be built: " in err
    assert "No matching distribution found for no-such-package-of-parity==9.9" in err


def test_an_environment_is_an_interpreter_of_its_own(built, failed):
    python, said = built
    shown = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == str(python.parent.parent)
    assert python.is_relative_to(failed[0])
    assert python.parent.parent.name.startswith("torch-cpu-")
    assert said == [f"building the torch environment (cpu) in {python.parent.parent}"]


def test_nothing_of_a_half_built_environment_is_kept(built):
    assert not (built[0].parent.parent / "left-behind").exists()


def stopped(*arguments):
    raise BuildError("stopped")


def test_a_second_call_returns_the_same_at_once(built, failed, monkeypatch):
    monkeypatch.setattr(environments, "run", stopped)
    said = []
    assert build("torch", failed[0], "cpu", said.append) == built[0]
    assert said == []


def test_the_interpreters_are_printed_one_on_each_line(built, failed, monkeypatch, capsys):
    monkeypatch.setattr(environments, "run", stopped)
    assert main(["environment", "torch", "torch", "--build", "cpu", "--folder", str(failed[0])]) == 0
    assert capsys.readouterr().out == f"{built[0]}\n" * 2


def test_other_versions_or_another_build_are_another_environment(built, failed, monkeypatch, tmp_path):
    monkeypatch.setattr(environments, "run", stopped)
    said = []
    with pytest.raises(BuildError, match="stopped"):
        build("torch", failed[0], "gpu", said.append)
    other = tmp_path / "constraints.txt"
    other.write_text("torch==1.0\n")
    monkeypatch.setattr(environments, "CONSTRAINTS", other)
    with pytest.raises(BuildError, match="stopped"):
        build("torch", failed[0], "cpu", said.append)
    places = {line.rpartition(" ")[2] for line in said}
    assert len(places) == 2
    assert str(built[0].parent.parent) not in places


def test_environments_of_candidates_are_kept_by_their_exact_requirements(failed, monkeypatch):
    monkeypatch.setattr(environments, "attempts", installing(NOTHING))
    monkeypatch.setattr(environments, "found", lambda each: each.given)
    said = []

    def built_with(*requirements):
        return build("torch", failed[0], "cpu", said.append, requirements)

    first = built_with("torch==2.14.1")
    assert len(said) == 1
    assert "with torch==2.14.1 in" in said[0]
    assert built_with("torch==2.14.1") == first
    assert len(said) == 1
    assert built_with("torch==2.14.0") != first
    assert len(said) == 2


def test_a_version_that_does_not_exist_is_refused_before_anything_is_built(failed, monkeypatch):
    monkeypatch.setattr(environments, "attempts", installing(NOTHING))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(failed[0]))
    said = []
    with pytest.raises(BuildError, match=r"No matching distribution found for torch==9\.9\.9"):
        build("torch", failed[0], "cpu", said.append, ["torch==9.9.9"])
    assert said == []


def test_a_version_that_the_users_own_constraints_exclude_is_refused_with_them(failed, monkeypatch, tmp_path):
    (tmp_path / "constraints.txt").write_text("torch<3\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_CONSTRAINT", str(tmp_path / "constraints.txt"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(BuildError, match=r"Cannot install torch==9\.9\.9.*requested torch==9\.9\.9.*torch<3"):
        build("torch", failed[0], "cpu", str, ["torch==9.9.9"])


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
            for attempt in environments.attempts(framework, kind, "python"):
                assert any(str(environments.CONSTRAINTS) in command for command in attempt)


@pytest.mark.parametrize(("listed", "status", "present"), [("GPU 0: A", 0, True), ("", 0, False), ("GPU 0", 9, False)])
def test_a_gpu_is_what_nvidia_smi_lists(tmp_path, monkeypatch, listed, status, present):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environments.has_gpu() is False
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\necho '{listed}'\nexit {status}\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert environments.has_gpu() is present
