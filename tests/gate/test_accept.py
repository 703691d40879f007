"""Accepting takes over what is named, and nothing else."""

import re
import shutil
from pathlib import Path

import pytest

from parity.__main__ import main
from parity.gate.compare import compare
from parity.gate.expectations import read_expectations
from parity.gate.snapshot import read_snapshot

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture
def place(tmp_path):
    """A baseline, and the record of the last gate."""
    shutil.copytree(RECORDED / "old", tmp_path / "baselines" / "default")
    shutil.copytree(RECORDED / "new", tmp_path / "reports" / "gate" / "candidate")
    return tmp_path


def accept(place, *arguments):
    places = [f"--{name}={place / name}" for name in ("baselines", "reports")]
    return main(["accept", *arguments, *places, f"--expectations={place / 'expectations.toml'}"])


def left(place):
    old, new = read_snapshot(place / "baselines" / "default"), read_snapshot(RECORDED / "new")
    return [change for change in compare(old, new).changes if change.change != "unchanged"]


def test_named_changes_go_into_the_baseline(place, capsys):
    before = left(place)
    assert accept(place, "drifted: drifting", "--owner=ops", "--reason=rounding") == 0
    assert {change.case for change in before} - {change.case for change in left(place)} == {"drifting"}
    shown = capsys.readouterr().out
    shares = re.findall(r"^[-+] drifting-float32-cpu torch\.exp output:y: pass, share (0\.\d+)", shown, re.MULTILINE)
    was, became = map(float, shares)
    assert was < became < 1
    log = (place / "baselines" / "default" / "accepted.csv").read_text().splitlines()
    assert len(log) == 3
    assert ",drifted,drifting-float32-cpu,torch.exp,output:y," in log[1]
    assert log[1].endswith(",ops,rounding")


def test_a_second_acceptance_is_added_to_the_log(place):
    accept(place, "drifted: drifting")
    accept(place, "breaking")
    log = (place / "baselines" / "default" / "accepted.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in log] == ["change", "drifted", "drifted", "broke parity", "broke parity"]


def test_everything_makes_the_candidate_the_baseline(place):
    assert accept(place, "*") == 0
    assert left(place) == []
    new, kept = read_snapshot(RECORDED / "new"), read_snapshot(place / "baselines" / "default")
    assert kept.environment == new.environment
    assert {key: entry.row for key, entry in kept.results.items()} == {k: e.row for k, e in new.results.items()}


def test_warnings_are_accepted_by_their_class(place):
    assert accept(place, "new warning") == 0
    assert "new warning" not in {change.change for change in left(place)}


def test_a_dry_run_writes_nothing(place, capsys):
    before = {path: path.read_bytes() for path in (place / "baselines").rglob("*") if path.is_file()}
    assert accept(place, "*", "--dry-run") == 0
    assert "torch.exp" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in (place / "baselines").rglob("*") if path.is_file()} == before


def test_changes_become_expectations(place, capsys):
    given = ["--owner=ops", "--reason=known", "--link=https://example.org", "--versions=>=2", "--expires=2099-01-01"]
    assert accept(place, "broke parity: breaking", *given) == 0
    assert '+ case = "breaking"' in capsys.readouterr().out
    (entry,) = read_expectations(place / "expectations.toml")
    assert (entry.change, entry.case, entry.implementation) == ("broke parity", "breaking", "torch.tanh")
    assert accept(place, "raising", *given) == 0
    assert len(read_expectations(place / "expectations.toml")) == 2
    assert left(place)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no_such_case"], "names no change of the last gate"),
        (["drifted: breaking"], "names no change"),
        (["kept"], "names no change"),
        (["moved: breaking"], "no class of change is called 'moved'"),
        (["breaking", "--expires=2099-01-01"], "an expectation needs --owner, --reason, --link, --versions"),
    ],
)
def test_what_cannot_be_accepted_is_said(place, capsys, arguments, message):
    before = (place / "baselines" / "default" / "results.csv.gz").read_bytes()
    assert accept(place, *arguments) == 3
    assert message in capsys.readouterr().err
    assert (place / "baselines" / "default" / "results.csv.gz").read_bytes() == before


def test_without_a_gate_there_is_nothing_to_accept(place, capsys):
    shutil.rmtree(place / "reports")
    assert accept(place, "*") == 3
    assert "run the gate first" in capsys.readouterr().err


def test_an_expectation_that_could_not_be_read_back_is_not_written(place, capsys):
    given = ["--owner=ops", "--reason=known", "--link=https://example.org", "--versions=newer", "--expires=2099-01-01"]
    assert accept(place, "broke parity: breaking", *given) == 3
    assert "versions are written as" in capsys.readouterr().err
    assert not (place / "expectations.toml").exists()


def test_an_unknown_argument_is_refused(place, capsys):
    assert accept(place, "breaking", "--until=2099-01-01") == 3
    assert "unrecognized arguments: --until=2099-01-01" in capsys.readouterr().err
