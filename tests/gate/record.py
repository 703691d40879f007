"""Record the pair that the tests compare: ``python tests/gate/record.py TORCH_PYTHON TENSORFLOW_PYTHON [FOLDER]``.

The old and the new side are real workers; ``changed.py`` exchanges the functions in them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from changed import interpreter

from parity.catalog.load import load
from parity.gate.snapshot import read_snapshot, write_baseline
from parity.plan.work import expand
from parity.run import Run
from parity.workers.local import LocalEngine

HERE = Path(__file__).resolve().parent
RECORDED = HERE / "recorded"


def record(which: str, pythons: dict[str, str], folder: Path) -> None:
    """Run the operations with the ``old`` or the ``new`` frameworks, and keep the result as a baseline."""
    with tempfile.TemporaryDirectory() as place:
        changed = {name: interpreter(Path(place) / name, python, which) for name, python in pythons.items()}
        file = load(HERE / "operations.py")
        assert not file.broken, file.broken
        items = [(item, file.case(item.case)) for item in expand(file, None, ["cpu"])]
        run = Run(LocalEngine(changed), reports=Path(place) / "record", arrays=True)
        try:
            run.start(items)
            for item, case in items:
                run.result(item, case)
        finally:
            run.close()
        write_baseline(read_snapshot(Path(place) / "record"), folder)


if __name__ == "__main__":
    named = dict(zip(("torch", "tensorflow"), sys.argv[1:3], strict=True))
    target = Path(sys.argv[3]) if len(sys.argv) > 3 else RECORDED
    for side in ("old", "new"):
        record(side, named, target / side)
