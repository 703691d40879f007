"""What pip is asked for: what is wanted, everything else as tested, and reasons that can be read."""

from pathlib import Path

import pytest

from parity import requirements
from parity.requirements import BuildError, attempts, frameworks_of, pinned, requirement


@pytest.mark.parametrize(
    ("given", "frameworks"),
    [
        ("torch==2.14.0", ("torch",)),
        ("tensorflow-cpu==2.20.0", ("tensorflow",)),
        ("Keras>=3.5", ("tensorflow",)),
        ("tf_keras==2.18", ("tensorflow",)),
        ("numpy<2.3", ("torch", "tensorflow")),
    ],
)
def test_a_package_belongs_to_its_framework_or_to_all(given, frameworks):
    assert frameworks_of(requirement(given)) == frameworks


def test_a_wheel_is_known_by_its_content(tmp_path):
    wheel = tmp_path / "torch-2.99.0-py3-none-any.whl"
    wheel.write_bytes(b"one")
    first = requirement(str(wheel))
    wheel.write_bytes(b"two")
    second = requirement(str(wheel))
    assert first.name == second.name == "torch"
    assert first.is_exact
    assert first.content != second.content


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("torch=2", "torch=2: is no requirement"),
        ("", "is no requirement"),
        ("/no/torch-2.99.0-py3-none-any.whl", "No such file"),
        ("torch.whl", "torch.whl"),
    ],
)
def test_what_is_no_requirement_is_refused(given, message):
    with pytest.raises(BuildError, match=message):
        requirement(given)


def test_exact_versions_are_taken_as_they_are_and_others_resolved(monkeypatch):
    def report(command):
        place = Path(command[command.index("--report") + 1])
        place.write_text('{"install": [{"metadata": {"version": "2.15.0"}}]}')

    monkeypatch.setattr(requirements, "run", report)
    assert [str(each) for each in pinned(["torch>=2.14", "keras==3.15.1"])] == ["torch==2.15.0", "keras==3.15.1"]


def constrained(command):
    return Path(command[command.index("--constraint") + 1]).read_text()


def test_what_is_wanted_is_not_held_at_its_tested_version(tmp_path):
    python = tmp_path / "bin" / "python"
    made = list(attempts("tensorflow", "cpu", str(python), [requirement("keras==3.14.0")]))
    first, last = constrained(made[0][0]), constrained(made[-1][0])
    assert "keras==3.15.1" not in first
    assert "tensorflow-cpu==" in first
    assert "numpy==" in first
    assert last.strip() == ""
    assert all("keras==3.14.0" in attempt[0] for attempt in made)


def test_another_tensorflow_brings_no_second_one(tmp_path):
    python = tmp_path / "bin" / "python"
    for attempt in attempts("tensorflow", "cpu", str(python), [requirement("tensorflow==2.20.0")]):
        assert "tensorflow==2.20.0" in attempt[0]
        assert "tensorflow-cpu" not in attempt[0]
        assert not any(line.startswith(("tensorflow", "tf")) for line in constrained(attempt[0]).splitlines())


def test_another_torch_is_looked_for_without_a_gpu_first(tmp_path, monkeypatch):
    monkeypatch.setattr(requirements.sys, "platform", "linux")
    python = tmp_path / "bin" / "python"
    made = list(attempts("torch", "cpu", str(python), [requirement("torch==2.14.1")]))
    assert "torch==2.14.1+cpu" in made[0][0]
    assert "torch==2.14.1" in made[2][0]


def test_the_reason_of_pip_is_short(tmp_path):
    with pytest.raises(BuildError) as caught:
        requirements.run(["sh", "-c", f"echo 'ERROR: no version (from versions: {'1.0, ' * 500})' >&2; exit 1"])
    assert str(caught.value).startswith("ERROR: no version")
    assert len(str(caught.value)) < 500
