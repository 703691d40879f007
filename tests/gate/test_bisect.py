"""In which release a change appeared."""

import subprocess
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.gate.bisect import Appeared, bisect, first, issue, releases, upgraded_package
from parity.gate.compare import compare
from parity.gate.sides import Side
from parity.gate.verdict import NoVerdictError, Share, Verdict


@given(st.data())
def test_the_first_release_is_found_and_what_cannot_be_tried_is_told(data):
    versions = [f"2.{number}" for number in range(data.draw(st.integers(2, 40)))]
    since = data.draw(st.integers(1, len(versions) - 1))
    broken = data.draw(st.sets(st.sampled_from(versions[1:-1]))) if len(versions) > 2 else set()
    asked = []

    def shows(version):
        asked.append(version)
        return None if version in broken else versions.index(version) >= since

    before, after, untried = first(versions, shows)
    assert versions.index(before) < since <= versions.index(after)
    assert set(untried) <= broken
    assert list(untried) == versions[versions.index(before) + 1 : versions.index(after)]
    assert len(asked) == len(set(asked)) <= len(broken) + 6


def test_one_package_is_bisected():
    keras = Side(("tensorflow-cpu==2.21.0", "keras==3.12.0")), Side(("tensorflow-cpu==2.21.0", "keras==3.15.1"))
    assert upgraded_package(*keras) == ("keras", "3.12.0", "3.15.1")
    for sides in (
        (Side(("torch==2.9.0",)), Side(("torch>=2.13",))),
        (Side(("torch==2.9.0", "keras==3.0")), Side(("torch==2.10.0", "keras==3.1"))),
        (Side(("torch==2.9.0",)), Side(("torch==2.9.0",))),
        (Side(), Side(("torch==2.9.0",))),
    ):
        with pytest.raises(NoVerdictError, match="exact versions of one package"):
            upgraded_package(*sides)


@pytest.fixture
def listed(monkeypatch):
    def answer(command, **more):
        text = "torch (2.14.0)\nAvailable versions: 2.14.0, 2.13.1, 2.13.0, 2.12.0, 2.13.0rc1, odd\n"
        return subprocess.CompletedProcess(command, 0, text, "") if "torch" in command else real(command, **more)

    real = subprocess.run
    monkeypatch.setattr("parity.gate.bisect.subprocess.run", answer)


def test_releases_between_are_in_order(listed):
    assert releases("torch", "2.12.0", "2.14.0") == ["2.12.0", "2.13.0rc1", "2.13.0", "2.13.1", "2.14.0"]


def test_the_gravest_change_is_bisected_and_an_issue_written(listed, old, new, tmp_path, monkeypatch):
    """Versions up to 2.13.0 give the old record, later ones the new one, and one cannot be built."""
    verdict = Verdict(old, new, compare(old, new).changes, Share(26, 26))
    worst = verdict.groups[0].example
    monkeypatch.setattr(Verdict, "file", lambda self, change: "tests/gate/operations.py")

    def found(side, options):
        version = side.requirements[-1].partition("==")[2]
        if version == "2.13.0":
            raise NoVerdictError("cannot be built")
        return SimpleNamespace(pythons={"torch": version})

    monkeypatch.setattr("parity.gate.bisect.interpreters", found)
    monkeypatch.setattr(
        "parity.gate.bisect.run",
        lambda folder, pythons, rest, again: old if pythons["torch"].startswith("2.13.0") else new,
    )
    said = []
    sides = Side(("torch==2.12.0",)), Side(("torch==2.14.0",))
    told = bisect(verdict, *sides, SimpleNamespace(reports=tmp_path, nightly=False), said.append)
    assert told.startswith("torch 2.13.1 is the first that shows it, 2.13.0rc1 is as before; not tried")
    assert "torch 2.13.0: cannot be tried: cannot be built" in said
    text = (tmp_path / "gate-issue.md").read_text()
    assert text.startswith(f"# {worst.implementation}: {worst.change} since torch 2.13.1")
    assert text == issue(verdict, worst, Appeared("torch", "2.13.0rc1", "2.13.1", ("2.13.0",)))
    compile(text.partition("```python\n")[2].rpartition("```")[0], "script", "exec")
