"""``python -m parity``: what is not a test run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import __version__
from .catalog.frameworks import FRAMEWORKS
from .environments import BUILDS, build, default_folder
from .gate import options as gate
from .requirements import BuildError


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; the exit status is 0, or 1 with a message on standard error."""
    parser = argparse.ArgumentParser(prog="python -m parity", description="Framework parity, beside pytest.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    environment = commands.add_parser(
        "environment", help="build a virtual environment for each framework and print its interpreter"
    )
    environment.add_argument("frameworks", nargs="+", choices=tuple(FRAMEWORKS), metavar="FRAMEWORK")
    environment.add_argument("--build", choices=BUILDS, default="auto", help="CPU or GPU packages (default: auto)")
    environment.add_argument("--folder", type=Path, default=default_folder(), help="where to keep environments")
    report = commands.add_parser("report", help="write the pages anew from the records in a folder")
    report.add_argument("folder", type=Path)
    docs = commands.add_parser("docs", help="write the porting guide, coverage and findings from full runs' records")
    records = docs.add_mutually_exclusive_group(required=True)
    records.add_argument("folders", type=Path, nargs="*", default=[], metavar="REPORTS_DIR")
    records.add_argument("--of-modes", action="store_true", help="print the -k expression of what modes get wrong")
    covered = commands.add_parser("coverage", help="say what of the source documents the last run did not cover")
    covered.add_argument("--add", type=Path, metavar="RECORD", help="a record from a GPU machine, to note in gpu.csv")
    for documents in (docs, covered):
        documents.add_argument("--cases", type=Path, default=Path("cases"), help="the case files (default: cases)")
        documents.add_argument("--output", type=Path, default=Path("docs"), help="where to write (default: docs)")
    gate.add_commands(commands)
    try:
        options, rest = parser.parse_known_args(arguments)
    except SystemExit as error:
        # argparse exits with 2, which the gate uses for a verdict: to be accepted.
        command_name = next(iter(sys.argv[1:] if arguments is None else arguments), "")
        if error.code == 2 and command_name in gate.COMMANDS:
            raise SystemExit(gate.NO_VERDICT) from error
        raise
    if options.command in gate.COMMANDS:
        from .gate import command

        run: Callable[[argparse.Namespace, list[str]], int] = getattr(command, options.command)
        return run(options, rest)
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        if options.command in ("docs", "coverage"):
            return _docs(options) if options.command == "docs" else _coverage(options)
        return _environment(options) if options.command == "environment" else _report(options.folder)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _environment(options: argparse.Namespace) -> int:
    def one(framework: str) -> Path:
        return build(framework, options.folder, options.build, say=lambda text: print(text, file=sys.stderr))

    with ThreadPoolExecutor() as pool:
        for python in pool.map(one, options.frameworks):
            print(python)
    return 0


def _report(folder: Path) -> int:
    from .record.read import RecordError
    from .record.schema import PARITY, TIMINGS
    from .report.html import write_report
    from .report.timings import write_timings

    try:
        if (folder / TIMINGS).exists():
            print(write_timings(folder))
        if (folder / PARITY).exists() or not (folder / TIMINGS).exists():
            print(write_report(folder))
    except RecordError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _docs(options: argparse.Namespace) -> int:
    from .report.docs import DocsError, of_modes, write

    try:
        if options.of_modes:
            print(of_modes(options.cases))
            return 0
        for path in write(options.folders, options.cases, options.output):
            print(path)
    except DocsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _coverage(options: argparse.Namespace) -> int:
    from .report.docs import DocsError, add_gpu, gaps

    try:
        if options.add is not None:
            for path in add_gpu(options.add, options.cases, options.output):
                print(path)
            return 0
        found = gaps(options.cases, options.output)
    except DocsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for line in found:
        print(line)
    return 1 if any(found[1:]) else 0


if __name__ == "__main__":
    sys.exit(main())
