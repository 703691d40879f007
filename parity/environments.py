"""Building the environments that workers run in: a virtual environment per framework, at the tested versions or others.

On a machine with an NVIDIA GPU (``nvidia-smi`` answers) the CUDA builds are installed, otherwise the CPU builds.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import platformdirs

from .requirements import CONSTRAINTS, Attempt, BuildError, attempts, found, pinned, run

BUILDS = ("auto", "cpu", "gpu")
_DONE = "parity-environment.json"


def default_folder() -> Path:
    """Where environments are kept when nothing else is said: the user's cache folder."""
    return Path(platformdirs.user_cache_dir("framework-parity")) / "environments"


def build(
    framework: str,
    folder: Path,
    kind: str = "auto",
    say: Callable[[str], None] = lambda text: None,
    requirements: Sequence[str] = (),
) -> Path:
    """The interpreter of an environment that holds ``framework``; built in ``folder`` unless it is there.

    ``kind`` is ``cpu``, ``gpu``, or ``auto`` for what the machine has. ``requirements`` are installed in the place of
    the tested versions of the same packages; what they do not need otherwise stays at its tested version.
    Environments are kept by the digest of everything that decides their content, the exact versions that the
    requirements mean today included; a half-built one is built anew. Raises :class:`BuildError`.
    """
    if kind == "auto":
        kind = "gpu" if has_gpu() else "cpu"
    wanted = pinned(requirements)
    recipe = {
        "framework": framework,
        "build": kind,
        "python": sys.version,
        "machine": platform.platform(),
        "constraints": CONSTRAINTS.read_text(encoding="utf-8"),
    }
    if wanted:
        recipe["requirements"] = "\n".join(f"{each} {each.content}".strip() for each in wanted)
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]
    place = folder.resolve() / f"{framework}-{kind}-{digest}"
    python = _interpreter(place)
    if (place / _DONE).exists() and python.exists():
        return python
    for each in wanted:
        found(each)
    named = f" with {', '.join(map(str, wanted))}" if wanted else ""
    say(f"building the {framework} environment ({kind}){named} in {place}")
    shutil.rmtree(place, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(place)])
    errors = []
    for attempt in attempts(framework, kind, str(python), wanted):
        error = _install(attempt)
        if error is None:
            (place / _DONE).write_text(json.dumps(recipe, indent=2), encoding="utf-8")
            return python
        errors.append(error)
    shutil.rmtree(place, ignore_errors=True)
    raise BuildError(f"the {framework} environment ({kind}){named} cannot be built: {errors[-1]}")


def existing(framework: str, folder: Path) -> Path | None:
    """The interpreter of a finished environment in ``folder`` that holds ``framework`` at the tested versions.

    It is one for what the machine has, CPU or GPU, and the newest of several; another Python may have built it.
    ``None`` if none is there: nothing is built.
    """
    kind, constraints = "gpu" if has_gpu() else "cpu", CONSTRAINTS.read_text(encoding="utf-8")
    finished = sorted(folder.resolve().glob(f"{framework}-{kind}-*/{_DONE}"), key=lambda done: done.stat().st_mtime)
    for done in reversed(finished):
        recipe, python = json.loads(done.read_text(encoding="utf-8")), _interpreter(done.parent)
        if recipe["constraints"] == constraints and "requirements" not in recipe and python.exists():
            return python
    return None


def _interpreter(place: Path) -> Path:
    return place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def importable(python: str, packages: Sequence[str]) -> set[str] | None:
    """Those of some packages that an interpreter finds; ``None`` when it does not run Python."""
    if python == sys.executable:
        return {package for package in packages if importlib.util.find_spec(package) is not None}
    code = "import importlib.util as u, sys; print('found', *(n for n in sys.argv[1:] if u.find_spec(n)))"
    try:
        done = subprocess.run([python, "-c", code, *packages], capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired):
        return None
    last = done.stdout.splitlines()[-1:] if done.returncode == 0 else []
    words = last[0].split() if last else []
    return set(words[1:]) if words[:1] == ["found"] else None


def has_gpu() -> bool:
    """Whether ``nvidia-smi`` is there and lists a GPU."""
    if shutil.which("nvidia-smi") is None:
        return False
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    return listed.returncode == 0 and "GPU" in listed.stdout


def _install(attempt: Attempt) -> str | None:
    """Run the commands; the reason when one fails."""
    try:
        for command in attempt:
            run(command)
    except BuildError as error:
        return str(error)
    return None
