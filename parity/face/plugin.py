"""The pytest plugin: a case file is collected as one item per variant, dtype and device."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import warnings
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr
from _pytest._io import TerminalWriter
from _pytest.junitxml import xml_key
from _pytest.pathlib import fnmatch_ex

from ..catalog.case import Case
from ..catalog.load import Broken, display, load
from ..catalog.visible import visible
from ..judge.row import NOT_RUN
from ..plan.work import Item, expand
from ..record.gpu import read_gpu
from ..record.read import RecordError
from ..record.schema import BENCHMARKS, JUNIT, TIMINGS_BENCHMARKS, TIMINGS_JUNIT
from ..report.text import failure_text, problem_text, summary_lines, timing_lines
from ..run import Judged, Run
from ..timing.plan import expand_realistic, expand_timed
from ..timing.run import TimingRun
from ..workers.local import Greeting, LocalEngine, StartError
from . import benchmarks
from .options import (
    Options,
    add_options,
    choose_devices,
    describe_devices,
    gpu_present,
    read_options,
    require_frameworks,
)
from .reproduce import place, reproduction
from .screen import ITEM, Screen

_IMPORTS_PARITY = re.compile(rb"^\s*(?:from|import)\s+parity\b", re.MULTILINE)

_HELPERS = re.compile(rb"^\s*(?:from|import)\s+(_\w+)", re.MULTILINE)


class Session:
    """What the plugin keeps for one pytest session: the options, the run and the devices."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.options: Options = read_options(config)
        self.names: dict[str, str] = {}
        self._devices: list[str] | None = None
        self._run: Run | None = None
        self._timing: TimingRun | None = None

    @property
    def run(self) -> Run:
        if self._run is None:
            options = self.options
            engine = LocalEngine(options.pythons, threads=options.threads, timeout=options.timeout)
            self._run = Run(
                engine,
                seed=options.seed,
                tolerance=options.tolerance,
                reports=options.reports,
                arrays=options.arrays,
                reproduction=reproduction(self.config),
                on_gpu=_on_gpu(self.config.rootpath),
            )
        return self._run

    @property
    def timing(self) -> TimingRun:
        if self._timing is None:
            options = self.options
            self._timing = TimingRun(
                options.pythons,
                seed=options.seed,
                threads=options.threads,
                processes=options.processes,
                timeout=options.timeout,
                reports=options.reports,
            )
        return self._timing

    @property
    def started(self) -> Run | None:
        return self._run

    @property
    def timed(self) -> TimingRun | None:
        return self._timing

    def greet(self) -> Mapping[str, Greeting]:
        """Start the workers, if they are not running yet. Raises ``pytest.UsageError`` when one cannot start."""
        require_frameworks(self.options.pythons)
        try:
            return self.timing.greet() if self.options.timings else self.run.greet()
        except StartError as error:
            raise pytest.UsageError(str(error)) from error

    def devices(self) -> list[str]:
        """The devices that items are made for. No framework is imported unless there may be a GPU."""
        if self._devices is None:
            if self.options.device == "cpu" or (self.options.device == "auto" and not gpu_present()):
                self._devices = ["cpu"]
            else:
                self._devices = choose_devices(self.options.device, self.greet())
        return self._devices

    def claim(self, case: Case) -> str:
        """Remember a case's name; a message when another file has it already."""
        here = f"{display(case.file)}:{case.line}"
        first = self.names.setdefault(case.name, here)
        return "" if first == here else f"the name is taken by the case at {first}: rename one of them"


def _on_gpu(root: Path) -> dict[str, str]:
    """Where the cases of a repository have run on a GPU, as ``python -m parity coverage --add`` noted it."""
    try:
        return {case: str(run) for case, run in read_gpu(root / "docs").items()}
    except RecordError as error:
        raise pytest.UsageError(f"{error}; mend or remove the file") from error


KEY = pytest.StashKey[Session]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    session = config.stash[KEY] = Session(config)
    config.pluginmanager.register(
        Screen(lambda: session.started.causes() if session.started else [], session.options.failures)
    )
    benchmarks.check(config)
    folder = session.options.reports
    if folder is not None and not config.option.collectonly:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise pytest.UsageError(f"--reports {folder}: {error.strerror}") from error
        if not config.option.xmlpath:
            config.option.xmlpath = str(folder / (TIMINGS_JUNIT if session.options.timings else JUNIT))
        benchmarks.save_to(config, folder / (TIMINGS_BENCHMARKS if session.options.timings else BENCHMARKS))


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    if session.config.stash[KEY].options.device.startswith("gpu"):
        session.config.stash[KEY].devices()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if not _is_case_file(file_path, parent.config):
        return None
    patterns = parent.config.getini("python_files")
    if parent.session.isinitpath(file_path) or any(fnmatch_ex(pattern, file_path) for pattern in patterns):
        return None  # pytest's own collector takes this file, and asks pytest_pycollect_makemodule below.
    return CaseModule.from_parent(parent, path=file_path)


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> Any:
    if _is_case_file(module_path, parent.config):
        return CaseModule.from_parent(parent, path=module_path)
    return None


def _is_case_file(path: Path, config: pytest.Config) -> bool:
    if path.suffix != ".py" or path.parent.name not in config.getini("parity_cases"):
        return False
    if path.name.startswith(("_", "test_")) or path.name == "conftest.py":
        return False
    return _declares(path)


def _declares(path: Path, seen: frozenset[Path] = frozenset()) -> bool:
    """Whether a file imports this package, itself or through a helper beside it: only such a one can declare cases."""
    try:
        text = path.read_bytes()
    except OSError:
        return True
    if _IMPORTS_PARITY.search(text):
        return True
    helpers = {path.with_name(f"{name.decode()}.py") for name in _HELPERS.findall(text)} - seen
    return any(helper.is_file() and _declares(helper, seen | helpers) for helper in helpers)


class CaseModule(pytest.File):
    """One case file."""

    def collect(self) -> Iterator[pytest.Item]:
        session = self.config.stash[KEY]
        file = load(self.path)
        broken = list(file.broken)
        taken = set()
        for case in file.cases:
            problem = session.claim(case)
            if problem:
                taken.add(case.name)
                broken.append(Broken(case.name, f"{display(case.file)}:{case.line}", problem))
        for entry in broken:
            yield BrokenItem.from_parent(self, name=f"{entry.case}[declaration]", broken=entry)
        cases = {case.name: case for case in file.cases}
        options = session.options
        kind = TimedItem if options.timings else ParityItem
        plan = expand_timed if options.timings else expand_realistic if options.realistic else expand
        for work in plan(file, options.dtypes, session.devices(), options.modes):
            if work.case not in taken:
                yield kind.from_parent(self, name=work.name, work=work, case=cases[work.case])


class OneScreen(TerminalRepr):
    """A failure as it is shown; ``reprcrash`` holds the one line for pytest's short summary."""

    def __init__(self, text: str, reprcrash: ReprFileLocation) -> None:
        self.text, self.reprcrash = text, reprcrash

    def toterminal(self, tw: TerminalWriter) -> None:
        tw.line(self.text)


class NotAtParityError(Exception):
    """An item whose rows are not all in order."""

    def __init__(self, judged: Judged) -> None:
        self.judged = judged


class NamedItem(pytest.Item):
    """An item whose name goes on after its brackets, as in ``conv2d[stride=2]-float32-cpu``.

    The id is handed over as text, which pytest parses in the same way when it reads ids back (``--lf``). It then takes
    all that follows the first bracket for parameters; ``pytest_runtest_makereport`` below puts that right in
    the summary and in JUnit.
    """

    def __init__(self, *, name: str, parent: pytest.Collector, **kwargs: Any) -> None:
        super().__init__(name=name, parent=parent, nodeid=f"{parent.nodeid}::{name}", **kwargs)


class WorkItem(NamedItem):
    """One item of the plan."""

    def __init__(self, *, work: Item, case: Case, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.work, self.case = work, case
        self.fixturenames = benchmarks.fixtures(self.config, timed_only=isinstance(self, TimedItem))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line - 1, self.name


class TimedItem(WorkItem):
    """One item whose implementations are timed; it fails when one of them could not be."""

    def runtest(self) -> None:
        timed = self.config.stash[KEY].timing.result(self.work, self.case)
        benchmarks.record(self, self.work.name, timed.blocks)
        if timed.problems:
            pytest.fail("\n".join(problem_text(row) for row in timed.problems), pytrace=False)


class ParityItem(WorkItem):
    """One variant of a case in one dtype on one device."""

    def runtest(self) -> None:
        judged = self.config.stash[KEY].run.result(self.work, self.case)
        benchmarks.record(self, self.work.name, benchmarks.quick(judged.observations))
        for verdict in sorted({row.verdict for row in judged.rows}):
            self.user_properties.append((verdict, sum(row.verdict == verdict for row in judged.rows)))
        if judged.red:
            raise NotAtParityError(judged)
        if all(row.verdict == NOT_RUN for row in judged.rows):
            pytest.skip("; ".join(sorted({row.reason for row in judged.rows})))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, NotAtParityError):
            again = reproduction(self.config).command(place(self.config, self.nodeid), self.work.mode)
            text = failure_text(self.case, self.work, excinfo.value.judged.rows, again)
            return OneScreen(text, ReprFileLocation(str(self.path), self.case.line, text.partition("\n")[0]))
        return super().repr_failure(excinfo)


class BrokenItem(NamedItem):
    """A declaration that cannot run: it fails with what is wrong."""

    def __init__(self, *, broken: Broken, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.broken = broken

    def runtest(self) -> None:
        if not self.config.stash[KEY].options.timings:
            self.config.stash[KEY].run.broken(self.broken)
        pytest.fail(visible(str(self.broken)), pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    if isinstance(item, NamedItem):
        setattr(report, ITEM, item.name)
    if isinstance(item, NamedItem) and hasattr(report, "_id"):  # pytest before 9.2 has ids as text only.
        report._id = dataclasses.replace(report._id, names=(item.name,), params=None)
        xml = item.config.stash.get(xml_key, None)
        if xml is not None:
            xml.node_reporter(report).add_attribute("name", item.name)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[Any]:
    items = [(item.work, item.case) for item in session.items if isinstance(item, WorkItem)]
    if items and not session.config.option.collectonly:
        parity = session.config.stash[KEY]
        parity.greet()
        if parity.options.timings:
            parity.timing.start()
        else:
            parity.run.start(items)
    return (yield)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_benchmark_group_stats(config: pytest.Config) -> Generator[None, Any, Any]:
    return benchmarks.shown(config, (yield))


def interrupted(session: pytest.Session) -> bool:
    """Whether the user has stopped the run, or pytest itself."""
    return session.exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    parity = session.config.stash.get(KEY, None)
    run = (parity.timed or parity.started) if parity is not None else None
    if parity is None or run is None:
        return
    if parity.timed is not None and not interrupted(session):
        parity.timed.finish()
    run.close()
    if parity.options.reports is not None:
        # In a process of its own: the tables of a large record would be the largest thing in this one.
        command = [sys.executable, "-m", "parity", "report", str(parity.options.reports)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            warnings.warn(f"the page was not written: {done.stderr.strip()}", stacklevel=1)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    parity = config.stash.get(KEY, None)
    if parity is None:
        return
    if parity.timed is not None and parity.timed.rows:
        devices = describe_devices(parity.devices(), parity.timed.greetings)
        terminalreporter.section("timings")
        for line in timing_lines(parity.timed.environment(), devices, parity.options.reports):
            terminalreporter.write_line(line)
    if parity.started is None or not parity.started.totals.items:
        return
    run = parity.started
    devices = describe_devices(parity.devices(), run.greetings) if run.greetings else ""
    terminalreporter.section("parity")
    for line in summary_lines(run.environment(), devices, run.totals.worst_row, parity.options.reports):
        terminalreporter.write_line(line)
