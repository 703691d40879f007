"""Loading case files."""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from zlib import crc32

from .case import Case, declared
from .check import problems
from .frameworks import FRAMEWORKS
from .visible import visible
from .watched import NAME, Watcher, compiled, watched_imports


@dataclass(frozen=True)
class Broken:
    """A declaration that cannot run: the case (or the file's name), where it stands, and what is wrong."""

    case: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.case}: {self.message}"


@dataclass(frozen=True)
class CaseFile:
    """The cases of one file, in order, and what could not be loaded."""

    path: Path
    cases: tuple[Case, ...]
    broken: tuple[Broken, ...]

    def case(self, name: str) -> Case:
        return next(case for case in self.cases if case.name == name)


def load(path: Path, *, check: bool = True, watcher: Watcher | None = None) -> CaseFile:
    """Run a case file and return its declarations.

    Nothing raised by the file comes through: the cases before the mistake are kept, and the mistake is
    in ``broken``. With ``check=False`` the declarations are taken as they are (they were checked before).
    A ``watcher`` sees what the file's functions, and those of its helpers, ask of a framework.
    """
    found: list[Case] = []
    broken: list[Broken] = []
    imported = _frameworks()
    token = declared.set(found)
    try:
        _execute(path, watcher)
    except (Exception, SystemExit) as error:
        broken.append(_describe(path, error))
    finally:
        declared.reset(token)
    if not check:
        return CaseFile(path, tuple(found), tuple(broken))
    for package in sorted(_frameworks() - imported):
        message = f"imports {package}: frameworks are passed to the functions, so that listing cases needs none"
        broken.append(Broken(path.stem, display(path), message))
    good: dict[str, Case] = {}
    firsts: dict[str, Case] = {}
    for case in found:
        where = f"{display(path)}:{case.line}"
        wrong = problems(case)
        first = firsts.setdefault(case.name, case)
        if first is not case:
            wrong.insert(0, f"the name is taken by the case on line {first.line} of this file: rename one of them")
        if wrong:
            broken.append(Broken(case.name, where, "; ".join(wrong)))
        else:
            good[case.name] = case
    if not found and not broken:
        broken.append(Broken(path.stem, display(path), "declares no case: create one with parity.Case(...)"))
    return CaseFile(path, tuple(good.values()), tuple(broken))


def catalogue_digest(files: Iterable[str]) -> str:
    """A digest of all Python files in the folders of some case files: of everything that they declare."""
    digest = blake2b(digest_size=8)
    for folder in sorted({Path(file).parent for file in files}):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def display(path: str | Path) -> str:
    """``path`` relative to the working directory when it lies below it."""
    try:
        return Path(path).resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def _execute(path: Path, watcher: Watcher | None) -> None:
    """Run the file as a module of its own.

    Its folder is importable while it loads, for shared helpers. Afterwards they are known by a name of their own,
    under which a framework that captures their functions finds them: another folder may have a helper of the same name.
    """
    source = path.read_bytes()
    linecache.checkcache(str(path))
    watched = "" if watcher is None else ".watched"
    module = ModuleType(f"parity_cases{watched}.{crc32(bytes(path.resolve())):08x}.{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    before = set(sys.modules)
    sys.path.insert(0, str(path.parent))
    try:
        if watcher is None:
            exec(compile(source, str(path), "exec"), module.__dict__)
        else:
            module.__dict__[NAME] = watcher
            with watched_imports(path.parent, watcher):
                exec(compiled(source, str(path)), module.__dict__)
    finally:
        sys.path.remove(str(path.parent))
        for name in set(sys.modules) - before:
            helper = sys.modules[name]
            origin = getattr(helper, "__file__", None)
            if origin is not None and Path(origin).parent == path.parent:
                del sys.modules[name]
                helper.__name__ = f"{module.__name__}.{name}"
                sys.modules[helper.__name__] = helper


def _frameworks() -> set[str]:
    """The framework packages that this process has imported."""
    return {framework.package for framework in FRAMEWORKS.values()} & set(sys.modules)


def _describe(path: Path, error: BaseException) -> Broken:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return Broken(path.stem, f"{display(path)}:{error.lineno}", f"syntax error: {error.msg}; mend the line")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    where = f"{display(path)}:{lines[-1]}" if lines else display(path)
    if isinstance(error, OSError) and not lines:
        return Broken(path.stem, where, f"cannot be read: {error.strerror or error}")
    hint = ""
    if isinstance(error, ImportError):
        hint = "; case files import only parity and NumPy, and get the frameworks as arguments of their functions"
    return Broken(
        path.stem,
        where,
        visible(
            f"the file stops here with {type(error).__name__}: {error}{hint}; the cases below this line are not loaded"
        ),
    )
