"""A worker process: one framework, one pipe in, one pipe out.

Started by path (``python parity/workers/main.py torch``) in an environment that needs only the framework and
NumPy: the harness's own installation is not put on the import path, only this package is, by location.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent.parent


def _find_package() -> None:
    """Make ``parity`` importable without putting its neighbours (another NumPy, say) on the path."""
    folder = str(Path(__file__).resolve().parent)
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    spec = importlib.util.spec_from_file_location(
        "parity", _PACKAGE / "__init__.py", submodule_search_locations=[str(_PACKAGE)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["parity"] = module
    spec.loader.exec_module(module)


OBSERVE, TIME = "observe", "time"


def main(
    framework: str,
    threads: int,
    task: str = OBSERVE,
    imported: Callable[[], None] = lambda: None,
    observer: Callable[[Any], Callable[[dict[str, Any]], Any]] | None = None,
) -> None:
    """Answer with a greeting, then each request until the pipe closes: a unit's observation, or a ``Bench``'s answer.

    ``imported`` is called when the framework has been imported, before the greeting. ``observer`` gets the adapter and
    gives what observes in the place of ``execute``: a function of the request.
    """
    # The pipe gets descriptors of its own, so that nothing a framework or a case prints or reads can disturb it.
    requests, output = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    from parity.catalog.frameworks import REFERENCE
    from parity.plan.work import Unit
    from parity.workers.bench import Bench
    from parity.workers.execute import execute
    from parity.workers.protocol import Observation, read_frame, write_frame

    frames: queue.Queue[dict[str, Any]] = queue.Queue()

    def read() -> None:
        try:
            while True:
                frames.put(read_frame(requests)[0])
        except EOFError:
            # The harness is gone, or done with this worker: also a computation that hangs must end.
            os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    try:
        module = importlib.import_module(f"parity.workers.{framework}")
        start = time.perf_counter()
        adapter = getattr(module, f"{framework.capitalize()}Adapter")(threads)
        seconds = round(time.perf_counter() - start, 3)
        imported()
        observe: Callable[[Unit], Observation] = partial(execute, adapter)
        if framework == REFERENCE:
            observe = importlib.import_module("parity.workers.sensitivity").Formula(adapter, threads).observe
        observing = observer(adapter) if observer else lambda request: observe(Unit.from_header(request))
        bench = Bench(adapter)
        tasks: dict[str, Callable[[dict[str, Any]], tuple[Any, ...]]] = {
            OBSERVE: lambda request: observing(request).to_frame(),
            TIME: lambda request: (bench.answer(request),),
        }
        answer = tasks[task]
        gc.collect()
        gc.freeze()  # What importing a framework makes is never garbage; looking through it again takes long.
        environment = {**adapter.describe(), "import_seconds": seconds}
        write_frame(output, {"environment": environment, "devices": adapter.devices()})
    except Exception as error:
        write_frame(output, {"error": f"{type(error).__name__}: {error}"})
        raise
    while True:
        write_frame(output, *answer(frames.get()))


if __name__ == "__main__":
    _find_package()
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else OBSERVE)
