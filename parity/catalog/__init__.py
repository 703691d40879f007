"""What users write: cases, their tensors, layouts, variants and implementations."""

from .case import Case, Implementation
from .dtypes import FLOATS, DType
from .errors import DeclarationError
from .known import Deviation, LeastScale, Limitation, Tolerance
from .load import Broken, CaseFile, load
from .mapping import concat, stack, zeros
from .tensors import booleans, buffer, distinct, every, integers, normal, output, special, uniform
from .variants import Grid, Variant, grid

__all__ = [
    "FLOATS",
    "Broken",
    "Case",
    "CaseFile",
    "DType",
    "DeclarationError",
    "Deviation",
    "Grid",
    "Implementation",
    "LeastScale",
    "Limitation",
    "Tolerance",
    "Variant",
    "booleans",
    "buffer",
    "concat",
    "distinct",
    "every",
    "grid",
    "integers",
    "load",
    "normal",
    "output",
    "special",
    "stack",
    "uniform",
    "zeros",
]
