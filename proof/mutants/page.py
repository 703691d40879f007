"""What ``docs/verdict-quality.md`` tells of mutants, from the record of a session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from parity.report.markdown import code, prose, table

from .kinds import KINDS, SITUATIONS
from .outcome import COUNTED, EXCUSED, KILLED, ONLY_TRAPS, REFUSED, SURVIVED, UNBLAMED, UNREACHED, score


def section(record: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the section on mutants."""
    words = record["counts"]
    survivors: Sequence[Mapping[str, Any]] = record["survivors"]
    yield "## Mutants"
    yield ""
    yield (
        "Faults are declared by hand. Mutants are generated from the calls that the cases make: every public function "
        "and layer that a case calls is made wrong in one way at a time, and only cases that call it are run. A mutant "
        "is *killed* when a row is red that is green without it, and *blamed* when that row blames the mutant's "
        "framework. A survivor is something that a framework could get wrong unnoticed. Some change nothing that a "
        "comparison could show, such as which random numbers are drawn: `proof/mutants/allowed.toml` gives the reason, "
        "and they do not count. Any other survivor fails the session."
    )
    yield ""
    yield (
        f"{_total(words):,} mutants of {len(record['names']):,} names: {words.get(KILLED, 0):,} killed and blamed "
        f"({_share(words)}), {words.get(UNBLAMED, 0):,} killed and not blamed, {words.get(SURVIVED, 0):,} survived. "
        f"Not counted: {words.get(EXCUSED, 0):,} that survived because nothing can be noticed, "
        f"{words.get(UNREACHED, 0):,} that changed nothing in any call, {words.get(REFUSED, 0):,} whose arguments the "
        f"framework refuses, {words.get(ONLY_TRAPS, 0):,} of names that only traps call."
    )
    yield ""
    yield from _kinds(record)
    yield from _situations(record)
    yield from _names(record)
    yield from _survivors(survivors)


def in_short(record: Mapping[str, Any]) -> str:
    """One line for the README."""
    words = record["counts"]
    return (
        f"- Mutants generated from the calls that the cases make: {_total(words):,} of {len(record['names']):,} "
        f"functions and layers. Killed, with the right framework blamed: {_share(words)}."
    )


def _total(words: Mapping[str, int]) -> int:
    return sum(words.get(word, 0) for word in COUNTED)


def _share(words: Mapping[str, int]) -> str:
    found = score(words)
    return "none" if found is None else f"{found:.1%}"


def _kinds(record: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for kind in KINDS:
        words = record["kinds"].get(kind)
        if words:
            counts = (words.get(word, 0) for word in (KILLED, UNBLAMED, SURVIVED, UNREACHED))
            rows.append((kind, *(f"{count:,}" for count in counts), _share(words)))
    header = ("what is wrong", "killed and blamed", "killed, not blamed", "survived", "changed nothing", "score")
    yield from table(header, rows)
    yield ""


def _situations(record: Mapping[str, Any]) -> Iterator[str]:
    """The names that are never called in a situation, so that nothing shows what they do in it."""
    yield "Functions that no case calls in a situation in which kernels are known to differ:"
    yield ""
    for kind in SITUATIONS:
        names = record["never"].get(kind, [])
        listed = ", ".join(map(code, names))
        yield f"<details><summary>{kind}: {len(names):,} of {len(record['names']):,} names</summary>"
        yield ""
        yield listed or "none"
        yield ""
        yield "</details>"
        yield ""


def _names(record: Mapping[str, Any]) -> Iterator[str]:
    """The score of each name that is not at 100 %."""
    counted = {name: words for name, words in record["names"].items() if _total(words)}
    rows = [
        (code(name), f"{words.get(KILLED, 0)} of {_total(words)}", _share(words))
        for name, words in counted.items()
        if words.get(KILLED, 0) < _total(words)
    ]
    yield f"Every mutant of {len(counted) - len(rows):,} names was killed and blamed. The others:"
    yield ""
    yield "<details><summary>scores by name</summary>"
    yield ""
    yield from table(("name", "killed and blamed", "score"), rows)
    yield ""
    yield "</details>"
    yield ""


def _survivors(survivors: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What survived, by reason and kind."""
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for each in survivors:
        argument = f" ({each['argument']})" if each["argument"] else ""
        groups[each["because"], each["kind"], each["word"]].append(f"{code(each['api'])}{prose(argument)}")
    rows = [
        (kind if word == SURVIVED else f"{kind} ({word})", prose(because) or "**no reason**", ", ".join(names))
        for (because, kind, word), names in sorted(groups.items())
    ]
    yield "<details><summary>survivors</summary>"
    yield ""
    yield from table(("what is wrong", "why it may survive", "names"), rows)
    yield ""
    yield "</details>"
    yield ""
