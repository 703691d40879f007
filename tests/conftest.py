"""What the tests share: the interpreters that have the frameworks, and whether a process has ended."""

import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from parity.catalog.frameworks import FRAMEWORKS


@pytest.fixture(scope="session")
def pythons(request):
    """The interpreter of each framework, as absolute paths: the ones this test run was given, or its own."""
    given = {name: request.config.getoption(f"--{name}-python") or sys.executable for name in FRAMEWORKS}
    return {name: os.path.abspath(shutil.which(python)) for name, python in given.items()}


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory):
    """An interpreter without any package."""
    import venv

    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="session")
def ended():
    """``ended(pid)``: whether a process has come to its end, after waiting for that up to 10 seconds."""

    def running(pid):
        try:
            os.kill(pid, 0)
            status = Path(f"/proc/{pid}/stat").read_text()
        except ProcessLookupError:
            return False
        except FileNotFoundError:
            return not Path("/proc/self/stat").exists()
        return status.rpartition(")")[2].split()[0] != "Z"

    def wait(pid):
        deadline = time.monotonic() + 10
        while running(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        return not running(pid)

    return wait


@pytest.fixture(scope="session")
def recording():
    """``recording(python, folder)``: an interpreter that notes the number of each of its processes in ``folder``."""

    def make(python, folder):
        script = folder / "python"
        script.write_text(f'#!/bin/sh\necho $$ >> "{folder}/pids"\nexec "{python}" "$@"\n')
        script.chmod(0o755)
        return str(script)

    return make
