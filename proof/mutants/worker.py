"""A worker of mutants: ``python proof/mutants/worker.py FRAMEWORK THREADS``. A request is a unit, and more.

``mutant`` names one that the unit is computed with; ``recording`` asks which mutants the unit reaches.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

_ROOT = str(Path(__file__).resolve().parents[2])


def run(framework: str, threads: str) -> None:
    """Answer requests until the pipe closes."""
    sys.path[0] = _ROOT  # In the place of this script's folder, only while the two packages are found.
    import parity.workers.main
    from parity.catalog.frameworks import FRAMEWORKS
    from parity.plan.work import Unit
    from parity.workers.execute import observe
    from parity.workers.protocol import Observation
    from proof.mutants.inject import Injector
    from proof.mutants.kinds import Mutant
    from proof.mutants.libraries import values_of

    sys.path.remove(_ROOT)

    def observer(adapter: Any) -> Any:
        known = FRAMEWORKS[framework]
        injector = Injector(known.packages, known.aliases, values_of(framework, adapter.module))

        def answer(request: dict[str, Any]) -> Observation:
            mutant = request.pop("mutant", None)
            recording = request.pop("recording", False)
            with injector.doing(Mutant(**mutant) if mutant else None, recording=recording):
                return observe(adapter, Unit.from_header(request), injector)

        return answer

    parity.workers.main.main(framework, int(threads), observer=observer)


if __name__ == "__main__":
    run(*sys.argv[1:])
