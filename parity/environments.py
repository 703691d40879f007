"""Building the environments that workers run in: a virtual environment per framework, at the tested versions.

On a machine with an NVIDIA GPU (``nvidia-smi`` answers) the CUDA builds are installed, otherwise the CPU builds.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import platformdirs

CONSTRAINTS = Path(__file__).with_name("constraints.txt")
BUILDS = ("auto", "cpu", "gpu")
_DONE = "parity-environment.json"


class BuildError(Exception):
    """An environment could not be built. The message holds pip's own reason."""


def default_folder() -> Path:
    """Where environments are kept when nothing else is said: the user's cache folder."""
    return Path(platformdirs.user_cache_dir("framework-parity")) / "environments"


def build(framework: str, folder: Path, kind: str = "auto", say: Callable[[str], None] = lambda text: None) -> Path:
    """The interpreter of an environment that holds ``framework``; built in ``folder`` unless it is there.

    ``kind`` is ``cpu``, ``gpu``, or ``auto`` for what the machine has. Environments are kept by the digest of
    everything that decides their content; a half-built one is built anew. Raises :class:`BuildError`.
    """
    if kind == "auto":
        kind = "gpu" if has_gpu() else "cpu"
    recipe = {
        "framework": framework,
        "build": kind,
        "python": sys.version,
        "machine": platform.platform(),
        "constraints": CONSTRAINTS.read_text(encoding="utf-8"),
    }
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]
    place = folder.resolve() / f"{framework}-{kind}-{digest}"
    python = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if (place / _DONE).exists() and python.exists():
        return python
    say(f"building the {framework} environment ({kind}) in {place}")
    shutil.rmtree(place, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(place)])
    errors = []
    for attempt in _attempts(framework, kind, str(python)):
        error = _install(attempt)
        if error is None:
            (place / _DONE).write_text(json.dumps(recipe, indent=2), encoding="utf-8")
            return python
        errors.append(error)
    shutil.rmtree(place, ignore_errors=True)
    raise BuildError(f"the {framework} environment ({kind}) cannot be built: {errors[-1]}")


def has_gpu() -> bool:
    """Whether ``nvidia-smi`` is there and lists a GPU."""
    if shutil.which("nvidia-smi") is None:
        return False
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    return listed.returncode == 0 and "GPU" in listed.stdout


Attempt = Sequence[Sequence[str]]
"""Commands to run one after the other."""


def _attempts(framework: str, kind: str, python: str) -> Iterator[Attempt]:
    """Ways to install the framework, the best first; the next one is tried when a command fails."""
    pip = [python, "-m", "pip", "install", "--quiet", "--constraint", str(CONSTRAINTS)]
    if framework == "tensorflow":
        # The TensorFlow 1 cells live on in tf_keras, whose requirements would bring a second TensorFlow.
        cells = [*pip, "--no-deps", "tf_keras"]
        if kind == "gpu":
            yield [[*pip, "tensorflow[and-cuda]", "keras", "numpy"], cells]
            return
        yield [[*pip, "tensorflow-cpu", "keras", "numpy"], cells]
        yield [[*pip, "tensorflow", "keras", "numpy"], cells]
        return
    if kind == "cpu" and sys.platform == "linux":
        # Plain "torch" brings several GB of CUDA packages on Linux. The CPU build is found where pip is set up
        # for PyTorch's CPU packages; otherwise uv knows where they are.
        yield [[*pip, f"torch=={_pinned('torch')}+cpu", "numpy"]]
        uv = [python, "-m", "uv", "pip", "install", "--quiet", "--python", python, "--constraint", str(CONSTRAINTS)]
        yield [[*pip, "uv"], [*uv, "--torch-backend", "cpu", "torch", "numpy"]]
    yield [[*pip, "torch", "numpy"]]


def _pinned(package: str) -> str:
    for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition(";")[0].strip().partition("==")
        if name == package:
            return version
    raise BuildError(f"{CONSTRAINTS} pins no version of {package}")


def _install(attempt: Attempt) -> str | None:
    """Run the commands; the reason when one fails."""
    try:
        for command in attempt:
            _run(command)
    except BuildError as error:
        return str(error)
    return None


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        reasons = [line for line in lines if line.lower().startswith("error")] or lines[-5:]
        raise BuildError("; ".join(reasons[-3:]) or f"{command[0]} exited with status {done.returncode}")
