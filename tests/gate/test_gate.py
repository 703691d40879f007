"""The gate as it is used: a baseline, a candidate, an exit status, and reports; on real workers."""

import csv
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from changed import interpreter

HERE = Path(__file__).parent


def run(place, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "parity", *arguments], cwd=place, capture_output=True, text=True, check=False
    )


def given(pythons):
    return [f"--{name}-python={python}" for name, python in pythons.items()]


@pytest.fixture(scope="module")
def place(tmp_path_factory, pythons):
    """A project with a baseline of what the old frameworks give."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "cases").mkdir()
    (folder / "cases" / "operations.py").write_bytes((HERE / "operations.py").read_bytes())
    (folder / "pytest.ini").write_text("[pytest]\n")
    old = {name: interpreter(folder / "old" / name, python, "old") for name, python in pythons.items()}
    done = run(folder, "baseline", *given(old))
    assert done.returncode == 0, done.stderr + done.stdout
    assert "MB" in done.stdout
    return folder


@pytest.fixture(scope="module")
def changed(place, pythons):
    """The gate over a candidate in which many functions are others."""
    new = interpreter(place / "new", pythons["torch"], "new")
    return run(place, "gate", f"--candidate-python={new}", *given(pythons))


@pytest.fixture
def older(tmp_path, pythons):
    """An interpreter whose PyTorch says that it is an old one."""
    script = tmp_path / "python"
    answer = 'case "$2" in *importlib.metadata*) echo \'versions {"torch": "2.3.1"}\'; exit 0;; esac'
    script.write_text(f'#!/bin/sh\n{answer}\nexec "{pythons["torch"]}" "$@"\n')
    script.chmod(0o755)
    return script


def rows(place):
    with (place / "reports" / "gate.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_regression_is_told_with_the_command_that_shows_it(changed):
    assert changed.returncode == 1, changed.stderr
    assert "not safe as it is: " in changed.stdout
    assert "1. removed: vanishing, torch.square" in changed.stdout
    assert "'cases/operations.py::vanishing-float32-cpu'" in changed.stdout
    told = changed.stdout.rpartition("not safe")[2]
    assert len(told.splitlines()) < 70


def test_what_a_live_gate_finds_is_what_the_recorded_pair_tells(changed, place, changes):
    found = {}
    for row in rows(place):
        if row["framework"] == "torch":
            found.setdefault((row["case"], row["implementation"]), []).append(row["change"])
    recorded = {key: [c.change for c in own] for key, own in changes.items() if key[1].startswith("torch")}
    assert found == recorded


def test_the_files_tell_the_same(changed, place):
    reports = place / "reports"
    assert "## Upgrade gate: PyTorch " in (reports / "gate.md").read_text()
    assert ": not safe as it is: " in (reports / "gate.md").read_text().splitlines()[0]
    suite = ET.parse(reports / "gate.junit.xml").getroot()
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure")) > 5
    assert "broke parity" in (reports / "gate.html").read_text()
    regressions = sum(row["needs"] == "regression" for row in rows(place))
    assert f"{regressions} changes for the worse" in changed.stdout


def test_one_item_is_judged_alone(place, pythons, changed):
    done = run(
        place,
        "gate",
        f"--candidate-python={pythons['torch']}",
        *given(pythons),
        "-k",
        "kept or (mending and not mending_the)",
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.search(r"safe for what was run, \d of 26 items, and to be accepted: ", done.stdout)
    assert "of the baseline's items were not run" in done.stdout
    same = run(
        place, "gate", f"--candidate-python={pythons['torch']}", *given(pythons), "cases/operations.py", "-k", "kept"
    )
    assert same.returncode == 0, same.stdout + same.stderr
    assert "safe for what was run, 1 of 26 items: nothing that needs a person" in same.stdout
    assert "0 right results have other bits; 0 operations moved away from the truth" in same.stdout
    assert "both sides have the same versions" in same.stdout
    whole = run(
        place, "gate", f"--candidate-python={pythons['torch']}", *given(pythons), "-k", "kept", "--require-complete"
    )
    assert whole.returncode == 3
    assert "--require-complete: only 1 of 26 items were compared" in whole.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name what is to be judged"),
        (["--candidate-python=/no/such/python"], "/no/such/python: is no working Python interpreter"),
        (["--candidate", "torch=2"], "torch=2: is no requirement"),
        (["--candidate", "no-such-wheel.whl"], "no-such-wheel.whl"),
        (["--name=none", "--candidate-python={torch}"], "environment.json: cannot be read"),
        (["--expectations={expectations}", "--candidate-python={torch}"], "entry 1 lacks"),
        (["--candidate-python={torch}", "-k", "no_such_case"], "found nothing to run: no item fits -k no_such_case"),
        (["--candidate-python={torch}", "cases/no_such_file.py"], "cases/no_such_file.py: there is no such file"),
        (["--candidate-python={torch}", "--dtype=float31"], "did not begin: "),
        (["--candidate-python={torch}", "--current-python={torch}"], "both sides are the same environment"),
        (
            ["--candidate-python={torch}", "--current-python={tensorflow}"],
            "nothing would be compared: the current side",
        ),
        (
            ["--candidate-python={torch}", "--participants=tensorflow", "-k", "kept"],
            "leaves out what is upgraded: torch",
        ),
        (["--candidate-python={older}", "-k", "kept"], "torch 2.3.1 is older than 2.4, the oldest version"),
        (["--candidate-python={torch}", "--seed=7", "-k", "kept"], "the baseline's seed is 0"),
        (["--candidate-python={bare}"], "has no NumPy"),
    ],
)
def test_a_gate_that_cannot_judge_is_never_green(place, pythons, bare_python, older, arguments, message):
    (place / "wrong.toml").write_text('[[expect]]\ncase = "a"\n')
    known = {**pythons, "bare": bare_python, "expectations": place / "wrong.toml", "older": older}
    done = run(place, "gate", *given(pythons), *(argument.format(**known) for argument in arguments))
    assert done.returncode == 3, done.stdout + done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "no verdict" in (place / "reports" / "gate.md").read_text()
    assert not (place / "reports" / "gate.html").exists()


def test_a_candidate_that_does_not_resolve_gives_the_reason_of_pip(place, pythons, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(place))
    done = run(
        place, "gate", *given(pythons), "--candidate", "torch==9.9.9", f"--environments={place / 'environments'}"
    )
    assert done.returncode == 3
    assert "No matching distribution found for torch==9.9.9" in done.stderr
    assert len(done.stderr) < 1000


def test_a_candidate_whose_worker_does_not_start_gives_no_verdict(place, pythons, tmp_path):
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\ncase "$1" in *main.py) exit 4;; esac\nexec "{pythons["torch"]}" "$@"\n')
    script.chmod(0o755)
    done = run(place, "gate", *given(pythons), f"--candidate-python={script}", "-k", "kept")
    assert done.returncode == 3
    assert "exited with status 4" in done.stderr
    assert "did not begin: " in (place / "reports" / "gate.md").read_text()


@pytest.mark.parametrize("wrong", ["--participants=jax", "--participants=", "--name"])
def test_a_usage_error_is_no_verdict(place, wrong):
    done = run(place, "gate", wrong)
    assert done.returncode == 3
    assert "error: argument" in done.stderr


@pytest.mark.parametrize("other", [[], ["no-such-command"], ["report"]])
def test_only_the_gates_commands_give_no_verdict(place, other):
    assert run(place, *other).returncode == 2


def test_a_declaration_that_cannot_run_is_named(place, pythons):
    broken = place / "cases" / "broken.py"
    broken.write_text("from parity import Case\nCase('half', 'No inputs.')\n")
    try:
        done = run(
            place, "gate", f"--candidate-python={pythons['torch']}", *given(pythons), "-k", "kept or declaration"
        )
    finally:
        broken.unlink()
    assert done.returncode == 3
    assert "1 declarations cannot run, and nothing was judged: cases/broken.py:2" in done.stderr


def test_an_interpreter_is_found_from_the_working_folder(place, pythons):
    there = os.path.relpath(pythons["torch"], place)
    done = run(place, "gate", f"--candidate-python={there}", *given(pythons), "-k", "kept")
    assert done.returncode == 0, done.stderr


@pytest.mark.alone
def test_side_by_side_a_slower_function_is_told(place, pythons):
    slow = interpreter(place / "slow", pythons["torch"], "slow")
    done = run(
        place,
        "gate",
        *given(pythons),
        f"--current-python={pythons['torch']}",
        f"--candidate-python={slow}",
        "-k",
        "kept",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    slower = [row for row in rows(place) if row["change"] == "slower"]
    assert {(row["case"], row["implementation"]) for row in slower} == {("kept", "torch.relu")}
    assert "confirmed in fresh processes" in slower[0]["detail"]


def test_what_the_code_uses_comes_first(place, pythons):
    code = place / "src"
    code.mkdir(exist_ok=True)
    (code / "model.py").write_text("import torch\n\ndef wave(x):\n    return torch.sin(x)\n")
    new = interpreter(place / "new", pythons["torch"], "new")
    chosen = ["-k", "breaking or mending", f"--used-by={code}"]
    done = run(place, "gate", f"--candidate-python={new}", *given(pythons), *chosen)
    assert done.returncode == 1, done.stderr
    assert "1 of the 4 operations that changed is used here" in done.stdout
    assert "\n 1. restored parity: mending, torch.sin" in done.stdout
    assert "used here: torch.sin in model.py:4" in done.stdout
    lost = run(place, "gate", f"--candidate-python={new}", *given(pythons), "-k", "kept", "--used-by=no/such")
    assert lost.returncode == 3
    assert "no/such: does not exist" in lost.stderr


@pytest.fixture
def repository(tmp_path):
    """A repository with requirements, and a function that commits others; it gives the range of the last change."""

    def git(*arguments):
        named = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *named, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def commit(requirements):
        (tmp_path / "requirements.txt").write_text(requirements)
        git("add", "-A")
        git("commit", "-qm", "change", "--allow-empty")
        return ["--diff=HEAD~1..HEAD", f"--repository={tmp_path}"]

    git("init", "-q")
    commit("torch==2.13.0\n")
    return commit


def test_a_change_that_upgrades_no_framework_is_nothing_to_judge(place, pythons, repository):
    done = run(place, "gate", *given(pythons), *repository("torch==2.13.0\nrequests==2.32.0\n"))
    assert done.returncode == 0, done.stderr
    assert "nothing to judge" in done.stdout
    assert (place / "reports" / "gate.md").read_text().startswith("## Upgrade gate: nothing to judge")
    assert not (place / "reports" / "gate.html").exists()


def test_a_change_names_current_and_candidate_itself(place, pythons, repository, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    asked = repository("torch==2.99.1\n")
    done = run(place, "gate", *given(pythons), *asked, f"--environments={place / 'environments'}")
    assert done.returncode == 3
    assert "this change: torch==2.13.0 to torch==2.99.1 (requirements.txt:1" in done.stdout
    assert "torch==2.13.0" in done.stderr
    both = run(place, "gate", *given(pythons), *asked, "--candidate=torch")
    assert both.returncode == 3
    assert "leave out one or the other" in both.stderr
    broken = run(place, "gate", *given(pythons), *repository("torch=2\n"))
    assert broken.returncode == 3
    assert "requirements.txt" in broken.stderr
