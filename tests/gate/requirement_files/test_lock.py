"""Lock files are read for this platform, and whole."""

import sys

import pytest
from repository import TORCH, moves, poetry, uv

from parity.gate.upgraded import UpgradeError


def test_a_package_for_another_platform_says_nothing(repository):
    locked = "markers = \"sys_platform == 'zos'\""
    upgrade = repository.upgraded(
        {"poetry.lock": poetry("2.13.0", markers=locked)}, {"poetry.lock": poetry("2.14.1", markers=locked)}
    )
    assert upgrade.moves == ()


def test_extras_do_not_exclude(repository):
    fork = f"resolution-markers = [\"sys_platform == '{sys.platform}' and extra == 'extra-1-x-cpu'\"]\n"
    lock = '[[package]]\nname = "torch"\nversion = "{}"\n' + fork
    upgrade = repository.upgraded({"uv.lock": lock.format("2.13.0+cpu")}, {"uv.lock": lock.format("2.14.1+cpu")})
    assert moves(upgrade) == TORCH


def test_a_version_that_joins_another_is_an_upgrade_of_it(repository):
    fork = '\n[[package]]\nname = "torch"\nversion = "2.14.1"\nsource = { registry = "https://pypi.org/simple" }\n'
    upgrade = repository.upgraded({"uv.lock": uv("2.13.0")}, {"uv.lock": uv("2.13.0", fork)})
    assert moves(upgrade) == TORCH


def test_a_broken_file_is_not_taken_for_a_removal(repository):
    with pytest.raises(UpgradeError, match=r"uv\.lock: is not valid TOML"):
        repository.upgraded({"uv.lock": uv("2.13.0")}, {"uv.lock": uv("2.13.0")[:100]})
