"""Declare deep-learning operations once; run, compare and time them in PyTorch and TensorFlow.

The names a case file uses::

    from parity import Case, grid, normal
"""

from .catalog import (
    Case,
    LeastScale,
    Tolerance,
    booleans,
    buffer,
    concat,
    distinct,
    every,
    grid,
    integers,
    normal,
    output,
    special,
    stack,
    uniform,
    zeros,
)

__all__ = [
    "Case",
    "LeastScale",
    "Tolerance",
    "booleans",
    "buffer",
    "concat",
    "distinct",
    "every",
    "grid",
    "integers",
    "normal",
    "output",
    "special",
    "stack",
    "uniform",
    "zeros",
]
__version__ = "0.1.0"
