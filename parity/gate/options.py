"""The arguments of ``python -m parity baseline``, ``gate`` and ``accept``; declaring them loads nothing of the gate."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from ..catalog.frameworks import FRAMEWORKS
from ..environments import default_folder

COMMANDS = ("baseline", "gate", "accept")
NO_VERDICT = 3
"""The exit status of a gate that cannot judge, and of these commands where they cannot do their work."""

EXPECTATIONS = "expectations.toml"


def day(given: str) -> date:
    """A date such as 2027-01-31, for argparse."""
    return date.fromisoformat(given)


def participants(given: str) -> tuple[str, ...]:
    """Frameworks, such as ``torch,tensorflow``, for argparse."""
    found = tuple(name.strip() for name in given.split(",") if name.strip())
    if not found or not set(found) <= set(FRAMEWORKS):
        raise ArgumentTypeError(f"{given!r} names other frameworks than {', '.join(FRAMEWORKS)}")
    return found


def add_commands(commands: Any) -> None:
    """Declare the three subcommands."""
    recorded = commands.add_parser(
        "baseline", allow_abbrev=False, help="record what the current environment gives, for the gate"
    )
    judged = commands.add_parser(
        "gate", allow_abbrev=False, help="compare another version of a framework with the baseline"
    )
    taken = commands.add_parser(
        "accept", allow_abbrev=False, help="take named changes into the baseline or the expectations"
    )
    for parser in (recorded, judged, taken):
        parser.add_argument("--name", default="default", help="the baseline's name (default: default)")
        parser.add_argument("--baselines", type=Path, default=Path("baselines"), help="where baselines are kept")
        parser.add_argument("--reports", type=Path, default=Path("reports"), help="where reports are written")
        told = f"accepted changes (default: {EXPECTATIONS})"
        parser.add_argument("--expectations", type=Path, default=Path(EXPECTATIONS), help=told)
    for parser in (recorded, judged):
        parser.add_argument("--environments", type=Path, default=default_folder(), help="where to keep environments")
        for framework in FRAMEWORKS.values():
            parser.add_argument(f"--{framework.name}-python", help=f"an interpreter that has {framework.title}")
    for side in ("candidate", "current"):
        judged.add_argument(
            f"--{side}", action="append", metavar="REQUIREMENT", help="such as torch==2.14.0, or a wheel"
        )
        judged.add_argument(f"--{side}-python", action="append", metavar="PATH", help="an interpreter that exists")
    judged.add_argument(
        "--diff", metavar="BASE..HEAD", help="judge what a change upgrades: its requirement and lock files say what"
    )
    judged.add_argument(
        "--repository", type=Path, default=Path(), metavar="PATH", help="where --diff is read (default: here)"
    )
    judged.add_argument(
        "--participants", type=participants, default=tuple(FRAMEWORKS), metavar="NAMES",
        help=f"whose results are judged (default: {','.join(FRAMEWORKS)})",
    )  # fmt: skip
    judged.add_argument(
        "--used-by", type=Path, metavar="PATH", help="code whose framework functions come first in what is told"
    )
    judged.add_argument(
        "--bisect", action="store_true", help="find the release between both in which the gravest change appeared"
    )
    judged.add_argument("--nightly", action="store_true", help="bisect through pre-releases and nightlies, too")
    judged.add_argument(
        "--no-speed", dest="speed", action="store_false", help="compare results only: timing takes most of a small gate"
    )
    judged.add_argument(
        "--require-complete", action="store_true", help="no verdict unless the whole catalogue was compared"
    )
    taken.add_argument("changes", nargs="+", metavar="CHANGE", help="'drifted: conv2d*', 'conv2d*' or 'drifted'")
    taken.add_argument("--dry-run", action="store_true", help="show the difference only")
    taken.add_argument("--expires", type=day, help="make expectations of them until this day: 2027-01-31")
    for name in ("owner", "reason", "link", "versions"):
        taken.add_argument(
            f"--{name}", default="", help="for the reviewer" if name != "versions" else "such as '>=2.14'"
        )
