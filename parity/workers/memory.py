"""How much memory a process has used, and how much more a computation took."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

_PROCESS = Path("/proc/self")
_KIB = re.compile(r"^Vm(RSS|HWM):\s+(\d+) kB", re.MULTILINE)


def peak_bytes() -> int:
    """The largest resident memory of this process so far; 0 where the platform does not tell (Windows).

    Linux's getrusage(2) would tell the largest of the process that started this one, too: exec(2) hands it on.
    """
    if sys.platform == "win32":
        return 0
    of_this_program = _resident("HWM")
    if of_this_program is not None:
        return of_this_program
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class Peak:
    """The memory that what is done within takes at most beyond what was taken before: ``bytes``, ``None`` if unknown.

    A framework tells it of its device; for the CPU, none does, and Linux tells it of the whole process (proc(5)).
    """

    def __init__(self, device: str, told: Callable[[str], int | None]) -> None:
        self.bytes: int | None = None
        self._device, self._told = device, told

    def __enter__(self) -> Peak:
        self._told(self._device)
        self._before = _resident("RSS", begin=True) if self._device == "cpu" else None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._device != "cpu":
            self.bytes = self._told(self._device)
        elif self._before is not None:
            self.bytes = (_resident("HWM") or self._before) - self._before


def _resident(which: str, *, begin: bool = False) -> int | None:
    """Resident memory now (``RSS``) or at most (``HWM``) since ``begin``; ``None`` where the system does not tell."""
    try:
        if begin:
            (_PROCESS / "clear_refs").write_text("5")
        found = dict(_KIB.findall((_PROCESS / "status").read_text()))
        return int(found[which]) * 1024
    except (OSError, KeyError):
        return None
