"""Plain ``pytest`` in a clone: it takes the frameworks from environments that are there, and never builds one."""

import os
import sys
from pathlib import Path

import pytest

from parity.catalog.frameworks import FRAMEWORKS
from parity.environments import default_folder, existing, importable

pytest_plugins = ["pytester"]

FOLDERS = (Path(__file__).parent / ".nox" / "environments", default_folder())
"""Where nox builds environments, and where ``python -m parity environment`` does."""

CHOSEN = pytest.StashKey[dict[str, Path | None]]()
"""The interpreter of each framework that was not named and is not installed beside pytest; ``None``: there is none."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """Name the interpreters in the place of ``--torch-python`` and ``--tensorflow-python``."""
    config.stash[CHOSEN] = chosen = {}
    for name, framework in FRAMEWORKS.items():
        option = f"{name}_python"
        named = getattr(config.option, option, sys.executable)  # Without the plugin there is no such option.
        if named is None and not importable(sys.executable, [framework.package]):
            chosen[name] = next(filter(None, (existing(name, folder) for folder in FOLDERS)), None)
            setattr(config.option, option, chosen[name] and str(chosen[name]))


def pytest_report_header(config):
    chosen = config.stash[CHOSEN]
    found = [f"{FRAMEWORKS[name].title} in {python}" for name, python in chosen.items() if python]
    missing = [name for name, python in chosen.items() if python is None]
    lines = [f"frameworks: {', '.join(found)}"] if found else []
    if missing:
        folder = os.path.relpath(FOLDERS[0], config.invocation_params.dir)
        command = [Path(sys.executable).name, "-m", "parity", "environment", *missing, "--folder", folder]
        lines.append(
            f"frameworks: {' and '.join(FRAMEWORKS[name].title for name in missing)} not found. Build what is missing "
            f"once (1 to 2 GB each): {' '.join(command)}"
        )
    return lines
