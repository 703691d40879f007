"""The part of ``docs/verdict-quality.md`` about lost digits in sums of many terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from parity.report.markdown import table

from .measure import APART, SMALLEST, WRONG


def section(record: Mapping[str, Any]) -> Iterator[str]:
    """The tables: how far each wrong version is beyond its allowance, and the smallest disturbance noticed."""
    entries: Sequence[Mapping[str, Any]] = record["entries"]
    terms = sorted({entry["terms"] for entry in entries})
    cases = list(dict.fromkeys(entry["case"] for entry in entries))
    wrong = list(dict.fromkeys(e["version"] for e in entries if e["version"].startswith(WRONG)))
    numbers = {(e["case"], e["terms"], e["version"]): e["beyond"] for e in entries}
    missed = {(e["case"], e["terms"], e["version"]) for e in entries if "red" in e and e["red"] < e["seeds"]}
    required = [name for name in cases if name not in APART]
    counts = [f"{n:,} terms" for n in terms]

    def versions(named: Sequence[str]) -> Iterator[str]:
        rows = (
            [
                version.removeprefix(WRONG),
                _words(name),
                *(_cell(numbers[name, n, version], (name, n, version) in missed) for n in terms),
            ]
            for version in wrong
            for name in named
        )
        return table(("version", "contraction", *counts), rows)

    yield "## Lost digits in long sums"
    yield ""
    yield (
        f"Contractions of {terms[0]:,} to {terms[-1]:,} float32 terms, in versions that lose digits: inputs rounded to "
        "a narrower format, or partial sums of blocks. The error over what is allowed (elements one by one or all "
        f"together, the larger), the least of {record['seeds']} seeds, in the forward result alone. Above 1 it is "
        "noticed."
    )
    yield ""
    yield from versions(required)
    yield ""
    yield (
        "Contractions to a single number are listed apart. What their inputs lose averages out, or is small by chance: "
        "`proof/precision/measure.py` derives from which number of terms on a right sum, added up one term after the "
        "other, may be off by as much."
    )
    yield ""
    yield from versions(APART)
    yield ""
    yield "The smallest relative disturbance δ of the right result that is noticed with every seed:"
    yield ""
    noticed = ([_words(name), *(f"{numbers[name, n, SMALLEST]:.1e}" for n in terms)] for name in cases)
    yield from table(("contraction", *counts), noticed)
    yield ""


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cell(beyond: float, missed: bool) -> str:
    return f"{beyond:.2g}, not with every seed" if missed else f"{beyond:.3g}"
