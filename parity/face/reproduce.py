"""What a run is reproduced with: this session's seed, allowance and interpreters."""

from __future__ import annotations

import os
import shlex

import pytest

from ..catalog.frameworks import FRAMEWORKS
from ..plan.reproduction import Reproduction
from ..workers.local import UNIT_TIMEOUT


def reproduction(config: pytest.Config) -> Reproduction:
    """``PARITY_COMMAND`` (set by the nox session) replaces ``python -m pytest`` and the interpreters."""
    base = os.environ.get("PARITY_COMMAND")
    options = ["--seed", "--rtol", "--atol", "--unit-timeout"] + (
        [] if base else [f"--{name}-python" for name in FRAMEWORKS]
    )
    words = ["--realistic"] if config.getoption("--realistic") else []
    for option in options:
        value = config.getoption(option)
        if value is not None and not (option == "--unit-timeout" and value == UNIT_TIMEOUT):
            # In one word: pytest would take a path after a space for something to run, and look for its settings there.
            words.append(f"{option}={value}")
    return Reproduction(base or Reproduction.before, shlex.join(words))


def place(config: pytest.Config, nodeid: str) -> str:
    """A node id as it is written where pytest was started."""
    file, colons, name = nodeid.partition("::")
    return os.path.relpath(config.rootpath / file, config.invocation_params.dir) + colons + name
