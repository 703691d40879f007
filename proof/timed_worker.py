"""A timing worker with something added: ``python proof/timed_worker.py FRAMEWORK THREADS slower 0.1`` or ``... timer``.

``slower`` makes every call take that share longer, by computing nothing until then. ``timer`` answers a block with what
``torch.utils.benchmark.Timer`` says of as many calls, and what the block itself took, one after the other.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

_ROOT = str(Path(__file__).resolve().parent.parent)


def slowed(call: Callable[[], Any], share: float) -> Callable[[], Any]:
    """``call``, after which time passes until it has taken ``1 + share`` times as long."""
    clock = time.perf_counter

    def slow() -> None:
        start = clock()
        call()
        end = clock()
        end += share * (end - start)
        while clock() < end:
            pass

    return slow


def run(framework: str, threads: str, change: str, share: str = "0") -> None:
    """Be a timing worker until the pipe closes."""
    sys.path[0] = _ROOT  # In the place of this script's folder, only while the package is found.
    import parity.workers.bench
    import parity.workers.main
    import parity.workers.timing

    sys.path.remove(_ROOT)
    bench: Any = parity.workers.bench.Bench
    if change == "slower":
        calls = bench._calls

        def slower(self: Any, *given: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
            for measure, call in calls(self, *given):
                yield measure, slowed(call, float(share))

        bench._calls = slower
    else:
        block = bench._block

        def timed(self: Any, name: str, measure: str, count: int, before: int, processors: Any = ()) -> dict[str, Any]:
            answer: dict[str, Any] = block(self, name, measure, count, before, processors)
            if "seconds" not in answer:
                return answer
            from torch.utils.benchmark import Timer

            with self._adapter.inference() if measure == parity.workers.timing.FORWARD else nullcontext():
                measured = Timer("call()", globals={"call": self._ready[name].calls[measure]}).timeit(count)
            return {**answer, "seconds": measured.mean / answer["seconds"]}

        bench._block = timed
    parity.workers.main.main(framework, int(threads), parity.workers.main.TIME)


if __name__ == "__main__":
    run(*sys.argv[1:])
