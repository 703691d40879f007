"""A worker with a fault: ``python proof/worker.py FRAMEWORK THREADS FILE FAULT``, where FILE declares FAULT."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parent.parent)


def run(framework: str, threads: str, file: str, name: str) -> None:
    """Be a worker of ``framework`` in which the fault has been injected, until the pipe closes."""
    sys.path[0] = _ROOT  # In the place of this script's folder, only while the two packages are found.
    import parity.workers.main
    from proof.fault import DECLARED, load

    sys.path.remove(_ROOT)
    load(Path(file))
    parity.workers.main.main(framework, int(threads), imported=lambda: DECLARED[name].inject(framework))


if __name__ == "__main__":
    run(*sys.argv[1:])
