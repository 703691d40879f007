"""Run the gate on every entry of the table, and record what it says beside what is right.

    python -m proof.regressions --environments FOLDER --out FILE [--only PATTERN] [--python REQUIREMENT=PATH]

FILE is written after every entry; the next run goes on with the entries that are not in it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from parity.catalog.frameworks import FRAMEWORKS
from proof.pythons import add_option

from .entries import Entry, entries
from .environments import MissingError, interpreter
from .gate import judged
from .page import PART, section


def line(entry: Entry, found: dict[str, Any]) -> str:
    """An entry's outcome in a line."""
    mark = "right" if found["right"] else "WRONG"
    said = ", ".join(f"{count} {change}" for change, count in found["classes"].items())
    right = f"{entry.expected} ({entry.status})"
    return f"{mark} {entry.name}, {entry.old} to {entry.new}: {said} ({found['gate']}); right is {right}"


def groups(chosen: Sequence[Entry]) -> Sequence[Sequence[Entry]]:
    """Entries of the same versions and mode, which one run of the gate can judge."""
    found: dict[tuple[str, ...], list[Entry]] = {}
    for entry in chosen:
        found.setdefault((entry.framework, entry.old, entry.new, entry.mode), []).append(entry)
    return list(found.values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0: every verdict is right; 1: some are not; 3: an environment is missing."""
    parser = argparse.ArgumentParser(prog="python -m proof.regressions", description=__doc__.partition("\n")[0])
    parser.add_argument("--environments", type=Path, required=True, help="a folder with torch-2.6.0, keras-3.12.0 ...")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="*", help="entries whose names match this pattern")
    add_option(parser)
    parser.add_argument("--together", action="store_true", help="one run of the gate for each pair of versions")
    parser.add_argument("--changed", choices=tuple(FRAMEWORKS), help="entries in which this framework changed")
    for framework in FRAMEWORKS:
        parser.add_argument(f"--{framework}-python", required=True, help="for entries of the other framework")
    options = parser.parse_args(arguments)
    record: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    pythons = dict(options.python)
    others = {name: getattr(options, f"{name}_python") for name in FRAMEWORKS}
    chosen = [entry for entry in entries() if fnmatch(entry.name, options.only) and entry.name not in record]
    chosen = [entry for entry in chosen if options.changed in (None, entry.framework)]
    for together in groups(chosen) if options.together else [[entry] for entry in chosen]:
        first = together[0]
        try:
            sides = [interpreter(each, options.environments, pythons) for each in (first.old, first.new)]
        except MissingError as error:
            print(f"error: {error}", file=sys.stderr)
            return 3
        found = judged(together, sides[0], sides[1], others)
        record |= found
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        for entry in together:
            print(line(entry, found[entry.name]), flush=True)
    PART.write(section(record))
    return 0 if all(found["right"] for found in record.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
