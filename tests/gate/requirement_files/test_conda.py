"""conda's packages, and the versions that conda means, are found in its environment files."""

import pytest


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("pytorch", "torch"),
        ("pytorch >=2.13,<2.15", "torch<2.15,>=2.13"),
        ("pytorch=2.14", "torch==2.14.*"),
        ("pytorch=2.14.*", "torch==2.14.*"),
        ("pytorch 2.14.1", "torch==2.14.1"),
        ("pytorch 2.14.1 cpu_0", "torch==2.14.1"),
        ("pytorch::pytorch==2.14.1", "torch==2.14.1"),
        ("\"pytorch[version='>=2.14',build=*cpu*]\"", "torch>=2.14"),
        ("tensorflow-gpu=2.21.0", "tensorflow==2.21.0"),
        ("keras=3.15.1", "keras==3.15.1"),
        ("pytorch-cuda=12.4", None),
        ("pytorch-lightning=2.4", None),
    ],
)
def test_condas_packages(repository, entry, expected):
    upgrade = repository.upgraded({}, {"environment.yml": f"name: x\ndependencies:\n  - {entry}\n"})
    assert upgrade.candidate == ([expected] if expected else [])


def test_other_tools_environment_files(repository):
    assert repository.upgraded({}, {"environment.prod.yml": "- torch\n- x"}).moves == ()
