"""Requirements and constraints files are read as pip reads them: includes, markers, locations and versions."""

import sys

import pytest
from repository import TORCH, moves

from parity.gate.upgraded import UpgradeError


def test_the_line_is_named(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "numpy\n\ntorch==2.13.0\n"}, {"requirements.txt": "numpy\n\ntorch==2.14.1\n"}
    )
    assert upgrade.moves[0].places == ("requirements.txt:3",)


# Includes ---------------------------------------------------------------------------------------------------------


def test_included_files_are_read_whatever_their_name(repository):
    upgrade = repository.upgraded(
        {
            "requirements.txt": "-r deps/ml.txt\n",
            "deps/ml.txt": "--constraint=pins.txt\ntorch\n",
            "deps/pins.txt": "torch==2.13.0",
        },
        {"deps/pins.txt": "torch==2.14.1"},
    )
    assert moves(upgrade) == TORCH
    assert upgrade.moves[0].places == ("deps/pins.txt:1",)


def test_another_file_is_included(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "-r old.txt", "old.txt": "torch==2.13.0", "new.txt": "torch==2.14.1"},
        {"requirements.txt": "-rnew.txt"},
    )
    assert moves(upgrade) == TORCH
    assert upgrade.moves[0].places == ("new.txt:1",)


def test_includes_in_a_circle_or_from_elsewhere(repository):
    more = "-r requirements.txt\n-r ../../../etc/passwd\n-r /etc/passwd\n-r https://x.org/r.txt\n-r missing.txt\n"
    upgrade = repository.upgraded(
        {"requirements.txt": f"{more}torch==2.13.0"}, {"requirements.txt": f"{more}torch==2.14.1"}
    )
    assert moves(upgrade) == TORCH


def test_a_text_file_that_nothing_includes_says_nothing(repository):
    assert repository.upgraded({"notes.txt": "torch==2.13.0"}, {"notes.txt": "torch==2.14.1"}).moves == ()


# Versions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("torch>=2.13,<2.15", "torch>=2.14", ("torch<2.15,>=2.13", "torch>=2.14")),
        ("torch", "torch==2.14.1", ("torch", "torch==2.14.1")),
        ("torch~=2.13.0", "torch~=2.14.0", ("torch~=2.13.0", "torch~=2.14.0")),
        ("torch==2.13.*", "torch==2.14.*", ("torch==2.13.*", "torch==2.14.*")),
        ("torch===2.13.0", "torch===2.14.1", ("torch==2.13.0", "torch==2.14.1")),
        ("torch==2.14.0", "torch==2.15.0-rc.1", ("torch==2.14.0", "torch==2.15.0rc1")),
        ("torch==2.13.0", "torch==2.15.0.dev20261120+cpu", ("torch==2.13.0", "torch==2.15.0.dev20261120")),
        ("torch==2.14.1", "torch==2.13.0", ("torch==2.14.1", "torch==2.13.0")),
    ],
)
def test_ranges_are_passed_on_and_versions_written_again(repository, before, after, expected):
    assert moves(repository.upgraded({"requirements.txt": before}, {"requirements.txt": after})) == [expected]


def test_one_version_written_in_two_ways_does_not_move(repository):
    upgrade = repository.upgraded({"requirements.txt": "torch==2.13"}, {"requirements.txt": "Torch == 2.13.0"})
    assert upgrade.moves == ()


# Markers, builds and locations ------------------------------------------------------------------------------------


def test_a_marker_for_another_platform_says_nothing(repository):
    other = "torch=={}; sys_platform == 'zos'\ntorch==2.14.1; sys_platform == '" + sys.platform + "'\n"
    upgrade = repository.upgraded(
        {"requirements.txt": other.format("2.12.0")}, {"requirements.txt": other.format("2.13.0")}
    )
    assert upgrade.moves == ()


def test_a_build_label_is_said_and_left_out(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "--extra-index-url https://download.pytorch.org/whl/cu128\ntorch==2.13.0+cu128"},
        {"requirements.txt": "--extra-index-url https://download.pytorch.org/whl/cu130\ntorch==2.14.1+cu130"},
    )
    assert upgrade.candidate == ["torch==2.14.1"]
    assert upgrade.notes == (
        "requirements.txt:2: asks for torch==2.14.1 as the build +cu130: "
        "the gate installs the build of that version that fits this machine",
    )


def test_only_the_build_changes(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "torch==2.14.1+cu128"}, {"requirements.txt": "torch==2.14.1+cu130"}
    )
    assert upgrade.moves == ()
    assert "nothing to judge" in upgrade.lines[0]
    assert "+cu130" in upgrade.lines[1]


WHEEL = "https://download.pytorch.org/whl/cpu/torch-{}%2Bcpu-cp311-cp311-linux_x86_64.whl"


@pytest.mark.parametrize(
    "line", [f"torch @ {WHEEL}", WHEEL, f"{WHEEL} --hash=sha256:00", "./wheels/torch-{}-py3-none-any.whl"]
)
def test_a_wheels_name_tells_its_version(repository, line):
    upgrade = repository.upgraded(
        {"requirements.txt": line.format("2.13.0")}, {"requirements.txt": line.format("2.14.1")}
    )
    assert moves(upgrade) == TORCH
    assert all("://" not in requirement and "/" not in requirement for requirement in upgrade.candidate)
    assert "torch-2.14.1" in upgrade.notes[0]


# Encodings --------------------------------------------------------------------------------------------------------


def test_utf16_of_windows(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "torch==2.13.0\r\n".encode("utf-16")},
        {"requirements.txt": "torch==2.14.1\r\n".encode("utf-16")},
    )
    assert moves(upgrade) == TORCH


def test_options_behind_a_version_hide_nothing_and_are_never_passed_on(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "torch==2.13.0\n"}, {"requirements.txt": "torch==2.14.1 --index-url http://x\n"}
    )
    assert (upgrade.current, upgrade.candidate) == (["torch==2.13.0"], ["torch==2.14.1"])


def test_a_version_that_is_none_is_an_error_and_no_removal(repository):
    with pytest.raises(UpgradeError, match=r"requirements\.txt:1: 'torch==\.\./\.\./etc' is not a requirement"):
        repository.upgraded({"requirements.txt": "torch==2.13.0\n"}, {"requirements.txt": "torch==../../etc\n"})
