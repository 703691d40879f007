"""What the two sides of a comparison may be."""

import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from parity.catalog.frameworks import FRAMEWORKS
from parity.gate.sides import Found, comparable
from parity.gate.verdict import NoVerdictError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]


def found(named, **pythons):
    return Found({**dict.fromkeys(FRAMEWORKS, "/usr/bin/python3"), **pythons}, frozenset(named))


def test_the_oldest_versions_are_those_that_the_package_asks_for():
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for framework in FRAMEWORKS.values():
        asked = {each.name: str(each.specifier) for each in map(Requirement, content[framework.name])}
        assert all(asked[name] == f">={framework.oldest[name]}" for name in asked)


def test_other_frameworks_cannot_be_compared():
    with pytest.raises(NoVerdictError, match="the current side names PyTorch, the candidate TensorFlow"):
        comparable(found({"torch"}), found({"tensorflow"}))


def test_the_same_environment_under_two_names_is_the_same(tmp_path):
    venv = tmp_path / "venv" / "bin"
    venv.mkdir(parents=True)
    (tmp_path / "venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    for name in ("python", "python3"):
        (venv / name).symlink_to("/usr/bin/python3")
    (tmp_path / "link").symlink_to(tmp_path / "venv")
    one = found({"torch"}, torch=str(venv / "python"))
    other = found({"torch"}, torch=str(tmp_path / "link" / "bin" / "python3"))
    with pytest.raises(NoVerdictError, match="both sides are the same environment"):
        comparable(one, other)
    comparable(one, found({"torch"}))
