"""The command that runs one item again, as the user would type it."""

from __future__ import annotations

import os
import shlex

import pytest

from ..catalog.frameworks import FRAMEWORKS


def command(config: pytest.Config, nodeid: str) -> str:
    """The command for ``nodeid``, with this session's seed, allowance and interpreters.

    ``PARITY_COMMAND`` (set by the nox session) replaces ``python -m pytest`` and the interpreters.
    """
    base = os.environ.get("PARITY_COMMAND")
    words = shlex.split(base) if base else ["python", "-m", "pytest"]
    words += [nodeid, "--seed", str(config.getoption("--seed"))]
    names = ["--rtol", "--atol"] + ([] if base else [f"--{name}-python" for name in FRAMEWORKS])
    for name in names:
        value = config.getoption(name)
        if value is not None:
            words += [name, str(value)]
    return shlex.join(words)
