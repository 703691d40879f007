"""What a change upgrades is read out of git: from real repositories with the files that bots change."""

import pytest
from repository import TORCH, moves, project, uv

from parity.gate.upgraded import UpgradeError, upgraded

# What moves -------------------------------------------------------------------------------------------------------


def test_other_packages_and_files_move_nothing(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "numpy==2.3\ntorchvision==0.24\n", "README.md": "torch==2.13.0"},
        {"requirements.txt": "numpy==2.4\ntorchvision==0.25\n", "README.md": "torch==2.14.1"},
    )
    assert upgrade.candidate == []
    assert "nothing to judge" in upgrade.lines[0]


def test_both_frameworks_move(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "torch==2.13.0\ntensorflow-cpu==2.20.0\nkeras==3.12.0\nTF_Keras==2.20.0\n"},
        {"requirements.txt": "torch==2.14.1\ntensorflow-cpu==2.21.0\nkeras==3.12.0\nTF_Keras==2.21.0\n"},
    )
    assert [move.framework for move in upgrade.moves] == ["torch", "tensorflow", "tensorflow"]
    assert upgrade.current == ["keras==3.12.0", "torch==2.13.0", "tensorflow-cpu==2.20.0", "tf-keras==2.20.0"]
    assert upgrade.candidate == ["keras==3.12.0", "torch==2.14.1", "tensorflow-cpu==2.21.0", "tf-keras==2.21.0"]


def test_what_a_moving_framework_keeps_is_on_both_sides(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "tensorflow==2.20.0\nkeras==3.12.0\ntorch==2.13.0\n"},
        {"requirements.txt": "tensorflow==2.20.0\nkeras==3.15.1\ntorch==2.13.0\n"},
    )
    assert upgrade.current == ["tensorflow==2.20.0", "keras==3.12.0"]
    assert upgrade.candidate == ["tensorflow==2.20.0", "keras==3.15.1"]


def test_a_package_is_added_and_removed(repository):
    upgrade = repository.upgraded({"requirements.txt": "torch==2.13.0\n"}, {"requirements.txt": "keras==3.15.1\n"})
    assert moves(upgrade) == [("torch==2.13.0", ""), ("", "keras==3.15.1")]
    assert (upgrade.current, upgrade.candidate) == ([], ["keras==3.15.1"])
    assert "torch==2.13.0 is removed: there is no new version to judge (requirements.txt:1)" in upgrade.lines[0]
    assert "keras==3.15.1 is added: there is no earlier version to compare with" in upgrade.lines[1]


def test_a_removed_framework_leaves_nothing_to_judge(repository):
    upgrade = repository.upgraded({"requirements.txt": "torch==2.13.0\nnumpy\n"}, {"requirements.txt": "numpy\n"})
    assert (upgrade.current, upgrade.candidate) == ([], [])
    assert moves(upgrade) == [("torch==2.13.0", "")]


def test_a_removed_part_is_no_part_of_the_candidate(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "tensorflow==2.20.0\nkeras==3.12.0\n"}, {"requirements.txt": "tensorflow==2.21.0\n"}
    )
    assert upgrade.current == ["tensorflow==2.20.0", "keras==3.12.0"]
    assert upgrade.candidate == ["tensorflow==2.21.0"]


def test_a_renamed_file_is_one_move(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "torch==2.13.0\n"},
        {"requirements.txt": None, "requirements/base.txt": "torch==2.14.1\n"},
    )
    assert moves(upgrade) == TORCH
    repository.commit({"requirements/base.txt": None, "requirements.txt": "torch==2.14.1\n"})
    assert upgraded("HEAD^..HEAD", repository.folder).moves == ()


def test_builds_of_one_package_are_one(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "tensorflow==2.20.0\n"}, {"requirements.txt": "tensorflow-cpu==2.21.0\n"}
    )
    assert moves(upgrade) == [("tensorflow==2.20.0", "tensorflow-cpu==2.21.0")]


# Ranges, lock files and several files -----------------------------------------------------------------------------


def test_a_lock_file_wins_over_a_range(repository):
    upgrade = repository.upgraded(
        {"pyproject.toml": project(">=2.13"), "uv.lock": uv("2.13.0")},
        {"pyproject.toml": project(">=2.14"), "uv.lock": uv("2.14.1")},
    )
    assert moves(upgrade) == TORCH
    assert upgrade.moves[0].places == ("pyproject.toml, project.dependencies", "uv.lock, package torch")


def test_a_range_that_lets_the_lock_file_stay_upgrades_nothing(repository):
    upgrade = repository.upgraded(
        {"pyproject.toml": project(">=2.12"), "uv.lock": uv("2.13.0")},
        {"pyproject.toml": project(">=2.13"), "uv.lock": uv("2.13.0") + "\n# content-hash\n"},
    )
    assert upgrade.moves == ()


def test_ranges_of_two_files_hold_together(repository):
    upgrade = repository.upgraded(
        {"pyproject.toml": project(">=2.12"), "requirements.in": "torch>=2.12"},
        {"pyproject.toml": project(">=2.14"), "requirements.in": "torch>=2.14,!=2.14.0,<3"},
    )
    assert upgrade.candidate == ["torch!=2.14.0,<3,>=2.14"]


def test_disagreeing_files_are_named(repository):
    before = {"a/requirements.txt": "numpy\ntorch==2.13.0\n", "b/requirements.txt": "torch==2.13.0\n"}
    after = {"a/requirements.txt": "numpy\ntorch==2.14.1\n", "b/requirements.txt": "torch==2.14.0\n"}
    with pytest.raises(UpgradeError) as error:
        repository.upgraded(before, after)
    assert str(error.value) == (
        "a/requirements.txt:2 has torch==2.14.1, and b/requirements.txt:1 has torch==2.14.0: "
        "name the versions to compare: --current torch==... --candidate torch==..."
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("==2.12.0", "==2.13.0"), ("==2.14.1", "==2.14.1")),  # two currents
        (("==2.13.0", "==2.13.0"), ("==2.14.1", ">=2.15")),
        ((">=2.12", ">=2.12"), (">=2.13,<2.14", ">=2.14")),
        ((">=2.12", ">=2.12"), ("==2.13.*", "==2.14.*")),
    ],
)
def test_what_cannot_hold_together_is_an_error(repository, one, other):
    names = ("a/requirements.txt", "b/requirements.txt")
    before, after = ({n: f"torch{v}" for n, v in zip(names, side, strict=True)} for side in (one, other))
    with pytest.raises(UpgradeError, match=r"a/requirements\.txt:1 has .*b/requirements\.txt:1 has .*--candidate"):
        repository.upgraded(before, after)


def test_a_file_that_stays_does_not_disagree(repository):
    upgrade = repository.upgraded(
        {"requirements.txt": "torch==2.13.0", "old/requirements.txt": "torch==2.9.0\nnumpy"},
        {"requirements.txt": "torch==2.14.1", "old/requirements.txt": "torch==2.9.0\nscipy"},
    )
    assert moves(upgrade) == TORCH


# Strangers --------------------------------------------------------------------------------------------------------


def test_nothing_of_the_repository_is_executed(repository, tmp_path):
    trap = f"#!/bin/sh\ntouch {tmp_path / 'pwned'}\n"
    before = {"requirements.txt": "torch==2.13.0", ".gitattributes": "*.txt diff=evil filter=evil\n", "setup.py": trap}
    upgrade = repository.upgraded(before, {"requirements.txt": "torch==2.14.1", "git": trap, "sitecustomize.py": trap})
    assert moves(upgrade) == TORCH
    assert not (tmp_path / "pwned").exists()


def test_a_link_is_not_followed(repository, tmp_path):
    secret = tmp_path.parent / f"{tmp_path.name}-secret.txt"
    secret.write_text("torch==2.14.1")
    repository.commit({"README": ""})
    (repository.folder / "requirements.txt").symlink_to(secret)
    repository.commit({})
    assert upgraded("HEAD^..HEAD", repository.folder).moves == ()


def test_odd_file_names(repository):
    name = "dépôt é\n-r x/requirements.txt"
    upgrade = repository.upgraded({name: "torch==2.13.0"}, {name: "torch==2.14.1"})
    assert moves(upgrade) == TORCH
    assert upgrade.lines[0].isprintable()
    repository.commit({":(glob)/requirements.txt": "torch==2.15.0"})
    assert upgraded("HEAD^..HEAD", repository.folder).candidate == ["torch==2.15.0"]


# Revisions --------------------------------------------------------------------------------------------------------


@pytest.fixture
def branched(repository):
    """``topic`` upgrades PyTorch; ``main`` has upgraded Keras since."""
    repository.commit({"requirements.txt": "torch==2.13.0\n\n\n\nkeras==3.12.0\n"})
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.commit({"requirements.txt": "torch==2.14.1\n\n\n\nkeras==3.12.0\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"requirements.txt": "torch==2.13.0\n\n\n\nkeras==3.15.1\n"})
    return repository


def test_three_dots_compare_with_the_common_ancestor(branched):
    assert moves(upgraded("main...topic", branched.folder)) == TORCH
    assert moves(upgraded("main..topic", branched.folder)) == [*TORCH, ("keras==3.15.1", "keras==3.12.0")]


def test_an_empty_end_is_head_and_a_folder_inside_will_do(branched):
    (branched.folder / "src").mkdir()
    assert moves(upgraded("HEAD^..", branched.folder / "src")) == [("keras==3.12.0", "keras==3.15.1")]
    assert upgraded("..HEAD", branched.folder).moves == ()


@pytest.mark.parametrize(
    ("revisions", "said"),
    [
        ("main", "'main' is not a range of revisions: write BASE..HEAD"),
        ("", "is not a range of revisions"),
        ("main..topic..x", "is not a range of revisions"),
        ("main..nowhere", "'nowhere' is not a revision of this repository.*fetch-depth: 0"),
        ("--output=pwned..HEAD", "'--output=pwned' is not a revision"),
        ("main..HEAD:requirements.txt", "is not a revision"),
        ("main..\0", "cannot be run|is not a revision"),
    ],
)
def test_bad_ranges(branched, revisions, said):
    with pytest.raises(UpgradeError, match=said):
        upgraded(revisions, branched.folder)
    assert not (branched.folder / "pwned").exists()


def test_no_common_ancestor(branched):
    branched.git("checkout", "--quiet", "--orphan", "alone")
    branched.commit({"requirements.txt": "torch==2.15.0"})
    with pytest.raises(UpgradeError, match=r"main\.\.\.alone: the revisions have no common ancestor here: fetch"):
        upgraded("main...alone", branched.folder)


def test_no_repository(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UpgradeError, match=r"git rev-parse failed in .*not a git repository"):
        upgraded("main..HEAD", tmp_path)
    with pytest.raises(UpgradeError, match="failed in"):
        upgraded("main..HEAD", tmp_path / "missing")


def test_no_git(branched, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UpgradeError, match=r"git cannot be run: .*install git, or pass --candidate"):
        upgraded("main..topic", branched.folder)
