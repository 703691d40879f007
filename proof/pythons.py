"""The option ``--python REQUIREMENTS=PATH``: interpreters of versions whose environments exist already."""

from __future__ import annotations

import argparse


def add_option(parser: argparse.ArgumentParser) -> None:
    """Declare ``--python``, which can be given several times; its value is a pair of requirements and path."""
    parser.add_argument(
        "--python", action="append", default=[], type=_pair, metavar="REQUIREMENTS=PATH",
        help="an interpreter that has these requirements, such as torch==2.6.0=/path/to/python",
    )  # fmt: skip


def _pair(given: str) -> tuple[str, str]:
    requirements, separator, path = given.rpartition("=")
    if not separator or not requirements or not path:
        raise argparse.ArgumentTypeError(f"{given!r} is not REQUIREMENTS=PATH, such as torch==2.6.0=/path/to/python")
    return requirements, path
