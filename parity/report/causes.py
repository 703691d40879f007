"""Failures by root cause: what many failing rows have in common, so that a run with hundreds reads as a few.

Rows are counted for each *side*: an implementation of a case, or its formula. Failing sides of a framework belong
together when all of them called one public function that sides which pass did not call (or few of them), or else when
the same explanation was found for them. What stays alone is a cause of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..catalog.frameworks import FRAMEWORKS, REFERENCE
from ..catalog.visible import visible
from ..judge.row import FAIL, FORMULA, NONDETERMINISTIC, PASS, RED, VERDICTS
from ..judge.suspect import DISAGREES
from ..plan.work import item_name
from ..record.schema import AskedRow, outline
from ..workers.asked import CALL

Side = tuple[str, str, str]
"""A case, an implementation of it (``reference`` for its formula), and the framework."""

Called = Mapping[tuple[str, str], set[str]]
"""The public functions that each implementation of a case called."""

_OPERATOR = re.compile(r"\.__(?!call__)\w+__$")
"""Operators: nearly everything uses some, and what fails seldom fails in them."""

PASSING = 4
"""A function explains failures when one of this many callers passes at most."""

LONGEST = 140
"""Characters of an error's message that a cause shows."""

VAGUE = ("of the size of whole terms", "elements only")
"""What explanations say that failures of different causes share."""


def called(asked: Iterable[AskedRow]) -> dict[tuple[str, str], set[str]]:
    """The functions that each implementation called, from what a record's ``asked.jsonl`` holds."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in asked:
        if row.kind == CALL:
            found.setdefault((row.case, row.implementation), set()).add(row.name)
    return found


def side_of(row: Any) -> Side:
    """The side that a row says something about: the one to blame where two are compared."""
    if row.blame == FORMULA or row.left == REFERENCE:
        return row.case, REFERENCE, REFERENCE
    if row.right != REFERENCE and row.blame == row.right_framework != row.left_framework:
        return row.case, row.right, row.right_framework
    return row.case, row.left, row.left_framework


def explanation(row: Any) -> str:
    """What is known of why a row is red: its likely cause, or the error's message; empty where nothing is."""
    if row.blame == FORMULA:
        return f"{DISAGREES}: check it first"
    if row.cause:
        return str(row.cause)
    if row.verdict == NONDETERMINISTIC:
        return "other bits each time, from the same values"
    if row.verdict == FAIL and row.error_ratio is not None and row.error_ratio == row.error_ratio:
        return ""
    said = visible(" ".join(row.reason.split()))
    return said if len(said) <= LONGEST else f"{said[:LONGEST]} …"


@dataclass
class _Tally:
    """The rows of one side."""

    passing: int = 0
    red: int = 0
    dtypes: dict[str, None] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    worst: Any = None

    def add(self, row: Any) -> None:
        self.passing += row.verdict == PASS
        if row.verdict not in RED:
            return
        self.red += 1
        self.dtypes[row.dtype] = None
        if row.right in (REFERENCE, ""):
            self.reasons[explanation(row)] += 1
        if self.worst is None or _severity(row) < _severity(self.worst):
            self.worst = row


@dataclass(frozen=True)
class RootCause:
    """Failing rows that belong together.

    ``function`` is what all sides call (``passing`` others call it, too, and pass), empty where they share an
    explanation only, or nothing. ``reasons`` are the explanations found, the most frequent first, ``worst`` is the row
    furthest off.
    """

    sides: tuple[Side, ...]
    function: str
    passing: int
    rows: int
    dtypes: tuple[str, ...]
    reasons: tuple[str, ...]
    worst: Any

    @property
    def cases(self) -> list[str]:
        return list(dict.fromkeys(case for case, _, _ in self.sides))

    @property
    def parts(self) -> list[tuple[str, bool]]:
        """The cause in words; what is to be set as code is marked."""
        rows = f"{self.rows:,} row{'s' if self.rows != 1 else ''}, "
        cases = self.cases
        told = [(rows, False), (cases[0], True)] if len(cases) == 1 else [(f"{rows}{len(cases)} operations", False)]
        told += [(": ", False), *self._who()]
        if any(self.dtypes):
            told.append((f" in {_listed([each for each in self.dtypes if each], 4)}", False))
        if self.reasons:
            told.append((f"; {_listed(self.reasons, 2, '; ')}", False))
        return told

    @property
    def item(self) -> str:
        """The name of the item that it is worst in, as pytest has it."""
        row = self.worst
        if not row.dtype:
            return f"{row.case}[declaration]"
        return item_name(row.case, row.variant, row.dtype, row.device, row.mode)

    @property
    def text(self) -> str:
        return "".join(part for part, _ in self.parts)

    def _who(self) -> Iterator[tuple[str, bool]]:
        apis = list(dict.fromkeys(api for _, api, _ in self.sides))
        if self.function and self.passing:
            yield f"{len(self.sides)} of the {len(self.sides) + self.passing} implementations that call ", False
            yield self.function, True
        elif self.function:
            yield "everything that calls ", False
            yield self.function, True
        elif apis[0] == REFERENCE:
            yield "the formula", False
        elif apis == [""]:
            yield "the declaration", False
        else:
            for number, api in enumerate(apis[:2]):
                yield from [(", ", False)] * bool(number)
                yield api, True
            if len(apis) > 2:
                yield f" and {len(apis) - 2} more implementations", False


class Failures:
    """Counts rows as they come, and puts those that fail together by root cause."""

    def __init__(self, rows: Iterable[Any] = ()) -> None:
        self._sides: dict[Side, _Tally] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Any) -> None:
        """Count a row of a run, also one that passes."""
        self._sides.setdefault(side_of(row), _Tally()).add(row)

    def causes(self, asked: Called) -> list[RootCause]:
        """The root causes: the worst verdict first, then the one with the most rows. ``asked`` is what was called."""
        found: list[RootCause] = []
        for framework in dict.fromkeys(side[2] for side in self._sides):
            own = {side: tally for side, tally in self._sides.items() if side[2] == framework}
            red = [side for side, tally in own.items() if tally.red]
            passing = [side for side, tally in own.items() if tally.passing and not tally.red]
            grouped: dict[str, list[Side]] = {}
            callers = _Callers(red, passing, asked)
            while (shared := callers.most(self._kind, self._alike)) is not None:
                function, members = shared
                grouped.setdefault(function, []).extend(members)
                callers.drop(members)
            found += [self._cause(sides, name, callers.passing(name)) for name, sides in grouped.items()]
            found += [self._cause(sides) for sides in self._without_function(callers.red)]
        return sorted(
            found, key=lambda cause: (VERDICTS.index(cause.worst.verdict), -cause.rows, _severity(cause.worst))
        )

    def _kind(self, side: Side) -> str:
        """How a side fails: with wrong values, whatever explains them, or with an error of this wording."""
        worst = self._sides[side].worst
        return "values" if worst.verdict == FAIL else outline(explanation(worst))

    def _reason(self, side: Side) -> str:
        """The explanation that a side is put together by: the one most of its rows have, of a message its outline."""
        tally = self._sides[side]
        found = max(tally.reasons, key=lambda reason: (bool(reason), tally.reasons[reason]), default="")
        return found if tally.worst.verdict == FAIL else outline(found)

    def _alike(self, sides: Sequence[Side]) -> bool:
        """Whether the same explanation was found for all."""
        common = set.intersection(*({outline(reason) for reason in self._sides[side].reasons} for side in sides))
        return bool(common - {""})

    def _without_function(self, sides: Sequence[Side]) -> Iterable[list[Side]]:
        """Sides with one explanation, and each other case on its own."""
        groups: dict[tuple[str, str], list[Side]] = {}
        for side in sides:
            case, api, framework = side
            reason = self._reason(side)
            telling = reason and api != REFERENCE and not any(words in reason for words in VAGUE)
            groups.setdefault((framework, reason) if telling else (framework, f"case {case}"), []).append(side)
        return groups.values()

    def _cause(self, sides: Sequence[Side], function: str = "", passing: int = 0) -> RootCause:
        tallies = [self._sides[side] for side in sides]
        reasons: Counter[str] = sum((tally.reasons for tally in tallies), Counter())
        alike: dict[str, str] = {}  # One text of those that differ in numbers only, the most frequent.
        for reason, _ in reasons.most_common():
            alike.setdefault(outline(reason), reason)
        return RootCause(
            tuple(sides), function, passing, sum(tally.red for tally in tallies),
            tuple(dict.fromkeys(dtype for tally in tallies for dtype in tally.dtypes)),
            tuple(filter(None, alike.values())),
            min((tally.worst for tally in tallies), key=_severity),
        )  # fmt: skip


class _Callers:
    """Who of one framework calls which function, as far as it is not put together yet."""

    def __init__(self, red: Sequence[Side], passing: Sequence[Side], asked: Called) -> None:
        self.red = list(red)
        self._asked = asked
        self._known = bool(passing)
        self._passing = Counter(name for side in passing for name in self._of(side))

    def _of(self, side: Side) -> set[str]:
        """The functions that an implementation calls: those seen, and the one it is named after."""
        case, api, framework = side
        named = api.partition(" ")[0].partition("(")[0]
        ours = framework in FRAMEWORKS and named.partition(".")[0] in {*FRAMEWORKS[framework].packages, "tf"}
        found = self._asked.get((case, api), set()) | ({named} if ours and "." in named else set())
        return {name for name in found if not _OPERATOR.search(name)}

    def passing(self, function: str) -> int:
        return self._passing[function]

    def most(
        self, kind: Callable[[Side], str], alike: Callable[[Sequence[Side]], bool]
    ) -> tuple[str, list[Side]] | None:
        """The function that most failing sides of one kind call, and that explains them; ``None`` where none does.

        Two sides may call the same by chance: they must be ``alike``, too.
        """
        if not self._known:
            return None  # Where nothing passes, nothing tells one function from another.
        by_name: dict[str, dict[str, list[Side]]] = {}
        for side in self.red:
            for name in self._of(side):
                by_name.setdefault(name, {}).setdefault(kind(side), []).append(side)
        best: tuple[tuple[Any, ...], str, list[Side]] | None = None
        for name, groups in by_name.items():
            members = max(groups.values(), key=len)
            if len(members) < 2 or PASSING * self._passing[name] > len(members):
                continue
            if len(members) == 2 and not alike(members):
                continue
            own = sum(name in api for _, api, _ in members)
            score = (len(members) - self._passing[name], own, name)
            if best is None or score > best[0]:
                best = score, name, members
        return None if best is None else best[1:]

    def drop(self, sides: Iterable[Side]) -> None:
        gone = set(sides)
        self.red = [side for side in self.red if side not in gone]


def _severity(row: Any) -> tuple[int, float]:
    ratio = row.error_ratio
    return VERDICTS.index(row.verdict), -(ratio if ratio is not None and ratio == ratio else float("inf"))


def _listed(texts: Sequence[str], most: int, joint: str = ", ") -> str:
    more = f"{joint}and {len(texts) - most} more" if len(texts) > most else ""
    return f"{joint.join(texts[:most])}{more}"
