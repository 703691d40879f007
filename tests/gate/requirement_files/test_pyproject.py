"""Poetry's constraints in ``pyproject.toml`` are written as pip writes them."""

import pytest


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ('"^2.13"', "torch<3,>=2.13"),
        ('"^0.2.3"', "torch<0.3,>=0.2.3"),
        ('"~2.13.1"', "torch<2.14,>=2.13.1"),
        ('">=2.13, <2.15"', "torch<2.15,>=2.13"),
        ('">=2.13 <2.15"', "torch<2.15,>=2.13"),
        ('"2.14.*"', "torch==2.14.*"),
        ('"*"', "torch"),
        ('{version = "2.14.1", markers = "sys_platform == \'no\'"}', None),
        ('{version = "2.14.1", python = "^2.7"}', None),
        ('{version = "2.14.1", platform = "no"}', None),
        ('[{version = "2.14.1", python = ">=3.8"}, {version = "2.1.0", python = "<3.8"}]', "torch==2.14.1"),
    ],
)
def test_poetrys_constraints(repository, constraint, expected):
    upgrade = repository.upgraded({}, {"pyproject.toml": f"[tool.poetry.dependencies]\ntorch = {constraint}\n"})
    assert upgrade.candidate == ([expected] if expected else [])
