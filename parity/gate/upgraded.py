"""Which framework versions a change upgrades: what its requirement files said before and say now.

``upgraded("main..HEAD")`` reads both revisions out of git, and the caller judges ``current`` against ``candidate``.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from ..catalog.visible import visible_line
from .stated import PARTS, RequirementsError, Stated, included, is_about_frameworks, is_read, is_requirements, stated

_LARGEST = 50 << 20
"""Bytes of a file that is read: lock files of large projects have five million."""


class UpgradeError(Exception):
    """The change says no clear upgrade. The message names the files and says what to pass instead."""


@dataclass(frozen=True)
class Move:
    """A distribution whose version a change moves, and the places that say so.

    ``before`` and ``after`` are requirements such as ``torch==2.13.0``; one is empty where the change adds or removes
    the distribution.
    """

    framework: str
    before: str
    after: str
    places: tuple[str, ...]

    def __str__(self) -> str:
        if self.before and self.after:
            said = f"{self.before} to {self.after}"
        elif self.after:
            said = f"{self.after} is added: there is no earlier version to compare with"
        else:
            said = f"{self.before} is removed: there is no new version to judge"
        return f"{said} ({', '.join(self.places)})"


@dataclass(frozen=True)
class Upgrade:
    """What a change upgrades.

    ``kept`` are the other distributions of the frameworks that move, at the versions that the changed files pin
    before and after: both sides of a comparison need them.
    """

    moves: tuple[Move, ...] = ()
    kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def current(self) -> list[str]:
        """The requirements before the change, of the frameworks that are still there after it."""
        return [*self._kept, *(move.before for move in self.moves if move.before and move.framework in self._judged)]

    @property
    def candidate(self) -> list[str]:
        """The requirements after the change; empty where there is nothing to judge."""
        return [*self._kept, *(move.after for move in self.moves if move.after)] if self._judged else []

    @property
    def _judged(self) -> set[str]:
        return {move.framework for move in self.moves if move.after or self._rest(move.framework)}

    def _rest(self, framework: str) -> bool:
        return any(_framework(requirement) == framework for requirement in self.kept)

    @property
    def _kept(self) -> list[str]:
        return [requirement for requirement in self.kept if _framework(requirement) in self._judged]

    @property
    def lines(self) -> list[str]:
        """What to tell a person."""
        moved = [f"this change: {move}" for move in self.moves]
        return [*(moved or ["this change upgrades no framework: nothing to judge"]), *self.notes]


def _framework(requirement: str) -> str:
    return PARTS[requirement.partition("==")[0]]


def upgraded(revisions: str, folder: Path = Path()) -> Upgrade:
    """What ``BASE..HEAD`` or ``BASE...HEAD`` upgrades, in the repository of a folder.

    Raises ``UpgradeError`` for revisions that cannot be compared, files that cannot be read, and files that disagree.
    """
    base, head = _revisions(revisions, folder)
    old, new = _Tree(folder, *base), _Tree(folder, *head)
    statements = [(old.stated(path), new.stated(path)) for path in _changed(folder, old, new)]
    families = dict.fromkeys(_family(s.name) for pair in statements for side in pair for s in side)
    moves, kept, notes = [], [], []
    for family in families:
        of_family = [
            ([s for s in before if _family(s.name) == family], [s for s in after if _family(s.name) == family])
            for before, after in statements
        ]
        notes += _builds(of_family)
        move = _move(family, of_family)
        if move:
            moves.append(move)
        else:
            kept += _kept(of_family)
    frameworks = {move.framework for move in moves}
    chosen = [requirement for requirement in kept if _framework(requirement) in frameworks]
    return Upgrade(tuple(moves), tuple(dict.fromkeys(chosen)), tuple(dict.fromkeys(notes)))


# Git ----------------------------------------------------------------------------------------------------------------


class _Tree:
    """The files of a revision, read from git's objects: nothing of the repository is executed or checked out."""

    def __init__(self, folder: Path, name: str, commit: str) -> None:
        self._folder, self._name, self._commit = folder, name, commit

    @cached_property
    def paths(self) -> list[str]:
        return _lines(_git(self._folder, "ls-tree", "-r", "-z", "--full-tree", "--name-only", self._commit))

    def stated(self, path: str) -> list[Stated]:
        try:
            return stated(path, self.read)
        except RequirementsError as error:
            raise UpgradeError(f"{error} (at {self._name})") from error

    def read(self, path: str) -> str | None:
        """The text of a file; ``None`` where there is none, or a link, whose target is a file of its own."""
        where = f"{visible_line(path)} (at {self._name})"
        listed = _git(self._folder, "ls-tree", "-l", "-z", "--full-tree", self._commit, "--", f":(literal){path}")
        if not listed:
            return None
        mode, kind, blob, size = listed.partition(b"\t")[0].split()
        if kind != b"blob" or mode == b"120000":
            return None
        if int(size) > _LARGEST:
            raise UpgradeError(f"{where}: has {int(size):,} bytes, more than the {_LARGEST:,} that are read")
        content = _git(self._folder, "cat-file", "blob", blob.decode())
        encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            raise UpgradeError(f"{where}: is not UTF-8 at byte {error.start}: save it as UTF-8") from error


def _revisions(text: str, folder: Path) -> tuple[tuple[str, str], tuple[str, str]]:
    """The two commits of a range, each with the name that it was given by."""
    dots = "..." if "..." in text else ".."
    base, found, head = text.partition(dots)
    if not found or ".." in head:
        raise UpgradeError(
            f"'{visible_line(text)}' is not a range of revisions: write BASE..HEAD, such as origin/main..HEAD"
        )
    before, after = ((name or "HEAD", _commit(name or "HEAD", folder)) for name in (base, head))
    if dots == "...":
        merged = _git(folder, "merge-base", before[1], after[1], missing="").decode().split()
        if not merged:
            raise UpgradeError(
                f"{visible_line(text)}: the revisions have no common ancestor here: fetch the whole history"
            )
        before = f"the merge base of {before[0]} and {after[0]}", merged[0]
    return before, after


def _commit(name: str, folder: Path) -> str:
    _git(folder, "rev-parse", "--git-dir")
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", missing="")
    if not found:
        raise UpgradeError(
            f"'{visible_line(name)}' is not a revision of this repository: check its name, and in CI fetch the history "
            "(actions/checkout with fetch-depth: 0)"
        )
    return found.decode().strip()


def _changed(folder: Path, old: _Tree, new: _Tree) -> list[str]:
    """The changed files that can state a framework's version, those that requirement files include among them."""
    listed = _git(
        folder, "diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-relative",
        "--ignore-submodules=all", old._commit, new._commit, "--",
    )  # fmt: skip
    changed = _lines(listed)
    found = [path for path in changed if is_read(path)]
    others = {path for path in changed if path.endswith((".txt", ".in"))} - set(found)
    if others:
        included_files = _included(old) | _included(new)
        found += [path for path in changed if path in others & included_files]
    return [path for path in found if any(is_about_frameworks(tree.read(path) or "") for tree in (old, new))]


def _included(tree: _Tree) -> set[str]:
    """All files that the requirement files of a revision include."""
    found: set[str] = set()
    left = [path for path in tree.paths if is_requirements(path)]
    while left:
        path = left.pop()
        targets = set(included(path, tree.read(path) or "")) - found
        found |= targets
        left += [target for target in targets if not is_requirements(target)]
    return found


def _lines(listed: bytes) -> list[str]:
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


def _git(folder: Path, *arguments: str, missing: str | None = None) -> bytes:
    """What git prints. Where it fails, ``missing`` is given, or ``UpgradeError`` is raised with git's reason."""
    command = ["git", "-C", str(folder), "--no-pager", "--no-replace-objects", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, env={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
    except (OSError, ValueError) as error:
        raise UpgradeError(f"git cannot be run: {error}: install git, or pass --candidate") from error
    if done.returncode == 0:
        return done.stdout
    if missing is not None:
        return missing.encode()
    said = visible_line(done.stderr.decode(errors="replace").strip().partition("\n")[0])
    raise UpgradeError(f"git {arguments[0]} failed in {folder.resolve()}: {said}")


# What moves ---------------------------------------------------------------------------------------------------------

Sides = Sequence[tuple[Sequence[Stated], Sequence[Stated]]]
"""For each changed file, what it said before and says now of one family of distributions."""


def _family(name: str) -> str:
    """``tensorflow`` and ``tensorflow-cpu`` are builds of one package."""
    return name.removesuffix("-cpu")


def _move(family: str, sides: Sides) -> Move | None:
    before, after = ([s for pair in map(_differing, sides) for s in pair[side]] for side in (0, 1))
    if not before and not after:
        return None
    old, new = _one(before), _one(after)
    if old is not None and new is not None and Stated("", old, "").key == Stated("", new, "").key:
        return None  # Moved from one file to another.
    pins = [s.pin for _, stated_now in sides for s in stated_now if s.pin and s not in after]
    if new is not None and not _is_pin(new) and any(_allows(new, pin) for pin in pins):
        return None  # A range was widened, and the lock file stays where it was.
    places = tuple(dict.fromkeys(s.place for s in (*after, *(before if not after else ()))))
    return Move(PARTS[family], _written(family, before, old), _written(family, after, new), places)


def _differing(sides: tuple[Sequence[Stated], Sequence[Stated]]) -> tuple[Sequence[Stated], Sequence[Stated]]:
    """What a file says on one side only. A version that joins another one that stays is an upgrade of that one."""
    old, new = sides
    before, after = [s for s in old if s.key not in _keys(new)], [s for s in new if s.key not in _keys(old)]
    return (before or old, after or new) if before or after else ((), ())


def _keys(stated_there: Iterable[Stated]) -> set[str]:
    return {s.key for s in stated_there}


def _written(family: str, places: Sequence[Stated], versions: str | None) -> str:
    if versions is None:
        return ""
    names = {s.name for s in places}
    return f"{names.pop() if len(names) == 1 else family}{versions}"


def _one(places: Sequence[Stated]) -> str | None:
    """The versions that all places allow: the exact ones of a lock file, or else every range. ``None`` without any."""
    if not places:
        return None
    unknown = next((s for s in places if s.versions is None), None)
    if unknown:
        raise UpgradeError(
            f"{unknown.place}: asks for {unknown.name} as '{visible_line(unknown.build)[:200]}', which the gate does "
            f"not install: {_instead(unknown.name)}"
        )
    pinned = next((s for s in places if s.pin), None)
    if pinned and pinned.pin:
        for other in places:
            if other.pin != pinned.pin if other.pin else not _allows(other.versions or "", pinned.pin):
                raise _disagreement(pinned, other)
        return pinned.versions
    together: list[Stated] = []
    for each in places:
        together.append(each)
        if not _is_possible(",".join(s.versions or "" for s in together)):
            raise _disagreement(together[0], each)
    return ",".join(sorted({part for s in together for part in (s.versions or "").split(",") if part}))


def _disagreement(one: Stated, other: Stated) -> UpgradeError:
    return UpgradeError(
        f"{one.place} has {one.name}{one.versions}, and {other.place} has {other.name}{other.versions}: "
        f"{_instead(one.name)}"
    )


def _instead(name: str) -> str:
    return f"name the versions to compare: --current {name}==... --candidate {name}==..."


def _is_pin(versions: str) -> bool:
    return Stated("", versions, "").pin is not None


def _allows(versions: str, version: Version) -> bool:
    return SpecifierSet(versions).contains(version, prereleases=True)


def _is_possible(versions: str) -> bool:
    """Whether some version is allowed: each bound itself, or one a little above it."""
    bounds = [specifier.version.removesuffix(".*") for specifier in SpecifierSet(versions)]
    tried = [Version("0"), *(Version(f"{Version(b).base_version}{more}") for b in bounds for more in ("", ".0.0.1"))]
    return any(_allows(versions, version) for version in (*tried, *map(Version, bounds)))


def _kept(sides: Sides) -> list[str]:
    """The exact version that all changed files keep."""
    pins = {s.pin: s for old, new in sides for s in new if s.pin and s.key in _keys(old)}
    return [f"{s.name}{s.versions}" for s in pins.values()] if len(pins) == 1 else []


def _builds(sides: Sides) -> list[str]:
    """What is left out of the new versions: the gate takes the build that fits the machine, from the index."""
    places: dict[str, list[str]] = {}
    for old, new in sides:
        for after in new:
            if after.build and after.versions is not None and after not in old:
                build = f"{after.name}{after.versions} as the build {visible_line(after.build)[:200]}"
                places.setdefault(build, []).append(after.place)
    return [
        f"{', '.join(found)}: asks for {build}: the gate installs the build of that version that fits this machine"
        for build, found in places.items()
    ]
