"""What pip is asked to install into a framework's environment, and the ways to ask for it, the best first."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Specifier
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from .catalog.frameworks import FRAMEWORKS

CONSTRAINTS = Path(__file__).with_name("constraints.txt")
_LONGEST = 400
_TF_KERAS = """
import importlib.metadata, subprocess, sys
found = next(d.version for d in importlib.metadata.distributions() if d.name.startswith(("tensorflow", "tf-nightly"))
             and d.name.replace("_", "-") in ("tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu"))
line = ".".join(found.split(".")[:2])
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", f"tf_keras~={line}.0"])
"""
"""TensorFlow 1's cells live on in tf_keras, which follows TensorFlow's version; a release without one has none."""

Attempt = Sequence[Sequence[str]]
"""Commands to run one after the other."""


class BuildError(Exception):
    """An environment could not be built. The message holds pip's own reason."""


@dataclass(frozen=True)
class Requirement:
    """A package that is asked for: its canonical name, what pip is given, and a digest of a file's content."""

    name: str
    given: str
    content: str = ""

    def __str__(self) -> str:
        return self.given

    @property
    def is_exact(self) -> bool:
        return bool(self.content) or "===" in self.given or ("==" in self.given and "*" not in self.given)


def requirement(given: str) -> Requirement:
    """A requirement as pip reads it, or the path of a wheel or source archive. Raises ``BuildError``."""
    path = Path(given)
    if given.endswith((".whl", ".tar.gz", ".zip")) and "://" not in given:
        try:
            parse = parse_wheel_filename if given.endswith(".whl") else parse_sdist_filename
            name = parse(path.name)[0]
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        except (InvalidWheelFilename, InvalidSdistFilename) as error:
            raise BuildError(f"{given}: {error}") from error
        except OSError as error:
            raise BuildError(f"{given}: {error.strerror}") from error
        return Requirement(name, str(path.resolve()), content)
    try:
        return Requirement(canonicalize_name(Specifier(given).name), given)
    except InvalidRequirement as error:
        first = str(error).partition("\n")[0]
        raise BuildError(f"{given}: is no requirement such as torch==2.14.0, and no wheel: {first}") from error


def frameworks_of(each: Requirement) -> tuple[str, ...]:
    """The frameworks whose environments a package belongs into: every one for a package that is no framework's part."""
    own = tuple(name for name, framework in FRAMEWORKS.items() if each.name in framework.distributions)
    return own or tuple(FRAMEWORKS)


def pinned(requirements: Sequence[str]) -> list[Requirement]:
    """The requirements at the exact versions that pip chooses for them now. Raises ``BuildError``."""
    asked = [requirement(given) for given in requirements]
    return [each if each.is_exact else _resolved(each) for each in asked]


def _resolved(asked: Requirement) -> Requirement:
    return Requirement(asked.name, f"{asked.name}=={found(asked)}")


def found(asked: Requirement) -> str:
    """The version that pip would install. Raises ``BuildError`` with pip's reason when there is none."""
    # Not --quiet: pip would keep to itself which requirements are in conflict.
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        run([*pip, "--report", str(report), asked.given])
        return str(json.loads(report.read_text(encoding="utf-8"))["install"][0]["metadata"]["version"])


def attempts(framework: str, kind: str, python: str, wanted: Sequence[Requirement] = ()) -> Iterator[Attempt]:
    """Ways to install the framework with what is wanted; the next one is tried when a command fails.

    First with every other package at its tested version, then with the frameworks' own parts only, then with none.
    """
    constraints = [str(CONSTRAINTS)]
    if wanted:
        folder = Path(python).parent.parent
        own = FRAMEWORKS[framework].distributions
        constraints = [
            _constraints(folder / f"constraints-{number}.txt", lines)
            for number, lines in enumerate((_pins(wanted), _pins(wanted, own), []))
        ]
    for each in constraints:
        yield from (_tensorflow if framework == "tensorflow" else _torch)(kind, python, each, wanted)


def _tensorflow(kind: str, python: str, constraints: str, wanted: Sequence[Requirement]) -> Iterator[Attempt]:
    pip = [python, "-m", "pip", "install", "--quiet", "--constraint", constraints]
    given, names = [each.given for each in wanted], {each.name for each in wanted}
    rest = [name for name in ("keras", "numpy") if name not in names]
    # The requirements of tf_keras would bring a second TensorFlow.
    cells = [[*pip, "--no-deps", "tf_keras"]] if not wanted else [[python, "-c", _TF_KERAS]]
    if "tf-keras" in names:
        cells = []
    if any(name.startswith(("tensorflow", "tf-nightly")) for name in names):
        yield [[*pip, *given, *rest], *cells]
    elif kind == "gpu":
        yield [[*pip, "tensorflow[and-cuda]", *given, *rest], *cells]
    else:
        yield [[*pip, "tensorflow-cpu", *given, *rest], *cells]
        yield [[*pip, "tensorflow", *given, *rest], *cells]


def _torch(kind: str, python: str, constraints: str, wanted: Sequence[Requirement]) -> Iterator[Attempt]:
    pip = [python, "-m", "pip", "install", "--quiet", "--constraint", constraints]
    torch = next((each for each in wanted if each.name == "torch"), None)
    rest = [each.given for each in wanted if each is not torch]
    rest += [] if any(each.name == "numpy" for each in wanted) else ["numpy"]
    if kind == "cpu" and sys.platform == "linux" and (torch is None or not torch.content):
        # Plain "torch" brings several GB of CUDA packages on Linux. The CPU build is found where pip is set up
        # for PyTorch's CPU packages; otherwise uv knows where they are.
        exact = f"torch=={_pinned('torch')}" if torch is None else torch.given
        if "+" not in exact:
            yield [[*pip, f"{exact}+cpu", *rest]]
        uv = [python, "-m", "uv", "pip", "install", "--quiet", "--python", python, "--constraint", constraints]
        asked = "torch" if torch is None else torch.given
        yield [[*pip, "uv"], [*uv, "--torch-backend", "cpu", asked, *rest]]
    yield [[*pip, "torch" if torch is None else torch.given, *rest]]


def _pins(wanted: Sequence[Requirement], only: Sequence[str] = ()) -> list[str]:
    """The tested versions, those of wanted packages left out, or only those of some packages."""
    names = {each.name for each in wanted}
    if names & {"tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu"}:
        names |= {"tensorflow", "tensorflow-cpu", "tf-keras"}
    return [line for name, line in _tested() if name not in names and (not only or name in only)]


def _tested() -> list[tuple[str, str]]:
    """Each package that has a tested version, and its line."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    return [(canonicalize_name(line.partition("==")[0]), line) for line in lines if "==" in line]


def _constraints(path: Path, lines: Sequence[str]) -> str:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def _pinned(package: str) -> str:
    for name, line in _tested():
        if name == package:
            return line.partition(";")[0].partition("==")[2].strip()
    raise BuildError(f"{CONSTRAINTS} pins no version of {package}")


_CONFLICT = "The conflict is caused by:"
"""What pip says before it lists the requirements that exclude each other."""


def run(command: Sequence[str]) -> str:
    """Run a command and return what it printed. Raises ``BuildError`` with the end of what it said."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return done.stdout
    lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    reasons = [line for line in lines if line.lower().startswith("error")] or lines[-5:]
    in_conflict = done.stdout.partition(_CONFLICT)[2].strip().partition("\n\n")[0].splitlines()
    if in_conflict:
        reasons = [*reasons[:1], *map(str.strip, in_conflict)]
    shown = [
        line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} … {line[-_LONGEST // 2 :]}"
        for line in reasons[-3:]
    ]
    raise BuildError("; ".join(shown) or f"{command[0]} exited with status {done.returncode}")
