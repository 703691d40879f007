"""What the processor can do, as NumPy sees it: compilers choose their instructions by it."""

from __future__ import annotations

from typing import Any

import numpy as np

LEVELS = {"avx512": ("AVX512", "X86_V4"), "avx2": ("AVX2", "X86_V3")}
"""How the names of what NumPy finds begin: names of instructions up to version 2.3, of levels since then."""


def instructions() -> str:
    """``avx512``, ``avx2`` or, on every other processor, ``default``."""
    config: Any = np.show_config(mode="dicts")
    found = config.get("SIMD Extensions", {}).get("found", [])
    return next((level for level, names in LEVELS.items() if any(name.startswith(names) for name in found)), "default")
