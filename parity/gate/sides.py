"""The two sides of a comparison: interpreters that hold the frameworks, and whether there is something to compare."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from ..catalog.frameworks import FRAMEWORKS, Framework
from ..environments import build, importable
from ..requirements import BuildError, frameworks_of, requirement
from .verdict import NoVerdictError

_VERSIONS = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print("versions", json.dumps(found))
"""


@dataclass(frozen=True)
class Side:
    """One side of a comparison: packages to install in the place of the tested ones, and interpreters that exist."""

    requirements: Sequence[str] = ()
    pythons: Sequence[str] = ()

    @property
    def is_named(self) -> bool:
        return bool(self.requirements or self.pythons)

    def check(self) -> None:
        """Raises ``NoVerdictError`` for what is no requirement, before anything is built or run."""
        try:
            for given in self.requirements:
                requirement(given)
        except BuildError as error:
            raise NoVerdictError(str(error)) from error


@dataclass(frozen=True)
class Found:
    """The interpreter of each framework on one side, and the frameworks that the side names itself."""

    pythons: dict[str, str]
    named: frozenset[str]


def interpreters(side: Side, options: argparse.Namespace) -> Found:
    """The interpreters of a side; environments are built where none is named. Raises ``NoVerdictError``.

    What is older than the oldest version that the harness works with is refused.
    """
    found = {name: path for name in FRAMEWORKS if (path := getattr(options, f"{name}_python"))}
    wanted: dict[str, list[str]] = {name: [] for name in FRAMEWORKS}
    named: set[str] = set()
    try:
        asked = [(given, frameworks_of(requirement(given))) for given in side.requirements]
        own = {names[0] for _, names in asked if len(names) == 1}
        for given, names in asked:
            for name in names:
                # A package that is no framework's part goes where something is changed, or everywhere.
                if len(names) == 1 or not own or name in own:
                    wanted[name].append(given)
                    named.add(name)
        for given in side.pythons:
            python = _path(given)
            held = _holds(python)
            named.update(held)
            found |= dict.fromkeys(held, python)
        for name in FRAMEWORKS:
            if wanted[name] or name not in found:
                if name in found and any(_path(python) == found[name] for python in side.pythons):
                    raise NoVerdictError(f"{FRAMEWORKS[name].title} is given twice: by its interpreter and by packages")
                place = options.environments
                found[name] = str(
                    build(name, place, say=lambda text: print(text, flush=True), requirements=wanted[name])
                )
    except BuildError as error:
        raise NoVerdictError(str(error)) from error
    for name in named:
        _supported(FRAMEWORKS[name], found[name])
    return Found(found, frozenset(named))


def comparable(old: Found, new: Found) -> None:
    """Raises ``NoVerdictError`` where two sides have nothing that could differ."""
    if not old.named & new.named:
        titles = [" and ".join(FRAMEWORKS[name].title for name in sorted(side.named)) for side in (old, new)]
        raise NoVerdictError(
            f"nothing would be compared: the current side names {titles[0]}, the candidate {titles[1]}. "
            "Name the same framework on both"
        )
    if all(_environment(old.pythons[name]) == _environment(new.pythons[name]) for name in FRAMEWORKS):
        raise NoVerdictError(
            f"nothing would be compared: both sides are the same environment, {_environment(new.pythons['torch'])}. "
            "Name another one as --candidate"
        )


def versions(python: str, names: Sequence[str]) -> dict[str, str]:
    """The installed versions of some distributions; a name that is not installed is left out."""
    done = subprocess.run([python, "-c", _VERSIONS, *names], capture_output=True, text=True, check=False)
    last = done.stdout.rpartition("versions ")[2]
    found: dict[str, str] = json.loads(last) if done.returncode == 0 else {}
    return found


def _path(python: str) -> str:
    """An interpreter as it is named, without what depends on the working folder. Links are kept: they make a venv."""
    expanded = os.path.expanduser(python)
    return os.path.abspath(expanded) if os.sep in expanded else expanded


def _environment(python: str) -> Path:
    """What makes an interpreter's packages: the folder of its virtual environment, or the interpreter itself."""
    folder = Path(python).parent.parent
    return folder.resolve() if (folder / "pyvenv.cfg").exists() else Path(python).resolve()


def _supported(framework: Framework, python: str) -> None:
    installed = versions(python, tuple(framework.oldest))
    for name, oldest in framework.oldest.items():
        try:
            too_old = name in installed and Version(installed[name]).release < Version(oldest).release
        except InvalidVersion:
            continue
        if too_old:
            raise NoVerdictError(
                f"{name} {installed[name]} is older than {oldest}, the oldest version that the harness works with "
                f"({python})"
            )


def _holds(python: str) -> list[str]:
    """The frameworks that an interpreter has."""
    found = importable(python, ["numpy", *(framework.package for framework in FRAMEWORKS.values())])
    if found is None:
        reason = "there is no such file" if os.sep in python and not os.path.exists(python) else "it does not run"
        raise NoVerdictError(f"{python}: is no working Python interpreter: {reason}")
    if "numpy" not in found:
        raise NoVerdictError(f"{python}: has no NumPy")
    names = [name for name, framework in FRAMEWORKS.items() if framework.package in found]
    if not names:
        raise NoVerdictError(f"{python}: has neither {' nor '.join(f.package for f in FRAMEWORKS.values())}")
    return names
