"""How much memory a process has used."""

from __future__ import annotations

import sys


def peak_bytes() -> int:
    """The largest resident memory of this process so far; 0 where the platform does not tell (Windows)."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
