"""Whether timings can be believed: the same code against itself, injected slowdowns, agreement, and the cost.

    python -m proof.timings --out FILE --torch-python PATH --tensorflow-python PATH

FILE is written after every part.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from parity.catalog.case import Case
from parity.catalog.frameworks import FRAMEWORKS
from parity.catalog.load import load
from parity.plan.work import Item, Unit
from parity.record.schema import TIMINGS_ENVIRONMENT
from parity.timing.estimate import SAME, SLOWER, seconds
from parity.timing.plan import SMALL, expand_timed, size_of, timed_implementations
from parity.timing.repeat import Pair, compared
from parity.timing.run import processor
from parity.timing.series import Series
from parity.timing.turns import Participant, Turns, processors
from parity.workers.timing import BOTH, FORWARD
from proof.observe import ROOT

WORKER = str(Path(__file__).with_name("timed_worker.py"))
SLOWER_BY = (0.1, 0.2)

SHORTEST = 5e-6
"""Seconds of a call below which the injection itself would slow it down by more than its share."""

TIMER_FROM = 10e-6
"""Seconds of a call from which on the figures are compared with PyTorch's own timer's."""

Items = Sequence[tuple[Item, Case]]
Place = tuple[Item, str, str]
"""An item, an implementation and a measure."""


def pairs(
    framework: str,
    python: str,
    items: Items,
    scripts: Mapping[str, Sequence[str]],
    wanted: Container[Place] | None = None,
) -> dict[Place, Pair]:
    """The series of sides ``b`` and ``a``, the same interpreter in both, of what is wanted (``None``: all)."""
    turns = Turns(dict.fromkeys("ab", (framework, python)), scripts=scripts)
    found: dict[Place, Pair] = {}
    turns.start()
    try:
        for item, case in items:
            for implementation in timed_implementations(case, SMALL):  # Layers in realistic sizes, too.
                unit = Unit(item, framework, implementation.api, 0)
                places = [(item, unit.api, measure) for measure in (FORWARD, BOTH)]
                if implementation.framework == framework and (wanted is None or any(p in wanted for p in places)):
                    a, b = (Participant(side, unit) for side in "ab")
                    seen = turns.time([a, b])
                    found |= {p: (seen[b, p[2]], seen[a, p[2]]) for p in places if (a, p[2]) in seen}
    finally:
        turns.stop()
    return found


def said(
    pythons: Mapping[str, str], items: Items, script: Sequence[str] | None = None, shortest: float = 0.0
) -> dict[str, Any]:
    """What is said of side ``b``, which runs ``script`` where one is given, against side ``a``."""
    rows: list[dict[str, Any]] = []
    undecided = 0
    for framework, python in pythons.items():
        scripts = {} if script is None else {"b": script}
        first = pairs(framework, python, items, scripts)
        usable = {p: pair for p, pair in first.items() if not pair[0].problem and not pair[1].problem}
        again = partial(pairs, framework, python, items, scripts)
        found = compared(usable, again)
        undecided += len(first) - len(found)
        for (item, api, measure), each in found.items():
            own = seconds(each.pair[1])
            if own is not None and own.value >= shortest:
                rows.append({
                    "case": item.case, "item": item.name, "api": api, "measure": measure, "seconds": own.value,
                    "ratio": each.ratio.value, "low": each.ratio.low, "high": each.ratio.high,
                    "said": each.difference, "repeated": each.repeated,
                })  # fmt: skip
    return {"rows": rows, "undecided": undecided, "operations": len({row["case"] for row in rows})}


def agreement(python: str, items: Items) -> list[dict[str, Any]]:
    """PyTorch's timer's figure divided by a block's, for each operation whose call takes long enough."""
    turns = Turns({"a": ("torch", python), "timer": ("torch", python)}, scripts={"timer": (WORKER, "timer")})
    turns.start()
    found = []
    try:
        for item, case in items:
            chosen = timed_implementations(case, size_of(case, item))
            unit = next(Unit(item, "torch", i.api, 0) for i in chosen if i.framework == "torch")
            seen = turns.time([Participant("a", unit), Participant("timer", unit)])
            own = seconds(seen[Participant("a", unit), FORWARD])
            middle = seconds_ratio(seen[Participant("timer", unit), FORWARD])
            if own is not None and own.value >= TIMER_FROM and middle is not None:
                found.append({"item": item.name, "seconds": own.value, "ratio": middle})
    finally:
        turns.stop()
    return found


def seconds_ratio(series: Series) -> float | None:
    """The median over all blocks of a ratio that stands in the place of seconds."""
    values = sorted(value for blocks in series.counted for value in blocks)
    return values[len(values) // 2] if values else None


@contextlib.contextmanager
def busy() -> Iterator[None]:
    """Keep one processor busy with a process that computes without end."""
    spin = "import os\nif hasattr(os, 'sched_setaffinity'): os.sched_setaffinity(0, {%d})\nwhile True: pass"
    process = subprocess.Popen([sys.executable, "-c", spin % processors()[-1]])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def cost(pythons: Mapping[str, str]) -> float:
    """Seconds of a default timing run."""
    with tempfile.TemporaryDirectory() as folder:
        given = [f"--{name}-python={python}" for name, python in pythons.items()]
        command = [sys.executable, "-m", "pytest", "cases", "--timings", "-q", f"--reports={folder}", *given]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        environment: dict[str, Any] = json.loads((Path(folder) / TIMINGS_ENVIRONMENT).read_text(encoding="utf-8"))
    return float(environment["seconds"])


def timed_items() -> list[tuple[Item, Case]]:
    files = [load(path, check=False) for path in sorted((ROOT / "cases").glob("[!_]*.py"))]
    return [(item, file.case(item.case)) for file in files for item in expand_timed(file, None, ["cpu"])]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.timings", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    for framework in FRAMEWORKS:
        parser.add_argument(f"--{framework}-python", required=True)
    options = parser.parse_args(arguments)
    pythons = {name: str(getattr(options, f"{name}_python")) for name in FRAMEWORKS}
    items = timed_items()
    small = [(item, case) for item, case in items if size_of(case, item) == SMALL]
    record: dict[str, Any] = {"processor": processor(), "processors": len(processors())}

    def keep(name: str, found: Any, said: str) -> None:
        record[name] = found
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {said}", flush=True)

    def differing(found: Mapping[str, Any], word: str = "") -> str:
        named = [row for row in found["rows"] if (row["said"] == word if word else row["said"] != SAME)]
        return f"{len(named)} of {len(found['rows'])} comparisons over {found['operations']} operations"

    same = said(pythons, items)
    keep("same", same, differing(same))
    with busy():
        disturbed = said(pythons, items)
    keep("busy", disturbed, differing(disturbed))
    for share in SLOWER_BY:
        slower = said(pythons, small, (WORKER, "slower", str(share)), SHORTEST)
        keep(f"slower {share:g}", slower, differing(slower, SLOWER))
    agreed = agreement(pythons["torch"], items)
    off = sorted(abs(math.log(row["ratio"])) for row in agreed)
    keep("timer", agreed, f"{len(off)} operations, median {off[len(off) // 2]:.1%} off" if off else "none")
    took = cost(pythons)
    keep("cost", took, f"{took:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
