"""The command that runs one item again, as the user would type it."""

from __future__ import annotations

import os
import shlex

import pytest

from ..catalog.frameworks import FRAMEWORKS
from ..catalog.modes import EAGER
from .options import UNIT_TIMEOUT


def command(config: pytest.Config, nodeid: str, mode: str) -> str:
    """The command for ``nodeid``, an item of ``mode``, with this session's seed, allowance and interpreters.

    ``PARITY_COMMAND`` (set by the nox session) replaces ``python -m pytest`` and the interpreters.
    """
    base = os.environ.get("PARITY_COMMAND")
    words = shlex.split(base) if base else ["python", "-m", "pytest"]
    file, colons, name = nodeid.partition("::")
    words.append(os.path.relpath(config.rootpath / file, config.invocation_params.dir) + colons + name)
    if mode != EAGER:
        words.append(f"--mode={mode}")
    options = ["--seed", "--rtol", "--atol", "--unit-timeout"] + (
        [] if base else [f"--{name}-python" for name in FRAMEWORKS]
    )
    for option in options:
        value = config.getoption(option)
        if value is not None and not (option == "--unit-timeout" and value == UNIT_TIMEOUT):
            # In one word: pytest would take a path after a space for something to run, and look for its settings there.
            words.append(f"{option}={value}")
    return shlex.join(words)
