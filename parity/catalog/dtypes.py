"""The dtypes of tensors and results, and how their values are stored.

A case runs in floating-point formats (``FLOATS``); its tensors and results can also be whole numbers and truth values
(``WHOLE``), its results complex (``COMPLEX``). NumPy has no bfloat16, so a value of any dtype travels as a *storage
array*: the NumPy type itself where there is one, and for bfloat16 the upper 16 bits of the float32 pattern
(``uint16``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class DType:
    """One floating-point format.

    ``unit_roundoff`` is half the distance from 1 to the next larger number: the largest relative
    error of one correctly rounded operation (IEEE 754 round-to-nearest). Below ``smallest_normal`` numbers have
    fewer digits, and many processors may be set to take them for zero.
    """

    name: str
    unit_roundoff: float
    smallest_normal: float
    storage: np.dtype[Any]

    @property
    def smallest(self) -> float:
        """The smallest positive number, a denormal one: its pattern is 1."""
        return float(self.decode(np.array([1], f"uint{8 * self.storage.itemsize}").view(self.storage))[0])

    @property
    def largest(self) -> float:
        """The largest finite number: its pattern is the one before infinity's."""
        infinity = self.encode(np.array([np.inf])).view(f"uint{8 * self.storage.itemsize}")
        return float(self.decode((infinity - 1).astype(infinity.dtype).view(self.storage))[0])

    def encode(self, values: Array) -> Array:
        """Round ``values`` to this format (to nearest, ties to even) and return the storage array."""
        with np.errstate(over="ignore"):
            if self.name != "bfloat16":
                return values.astype(self.storage)
            single = values.astype(np.float32)
        # Rounding to float32 on the way must not decide a tie: where it was inexact, the last bit is made odd.
        bits = single.view(np.uint32)
        bits = bits - (np.isfinite(single) & (np.abs(single) > np.abs(values)))
        bits = (bits | (np.isfinite(single) & (single != values))).astype(np.uint32)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
        return np.where(np.isnan(values), 0x7FC0, rounded).astype(np.uint16)

    def decode(self, stored: Array) -> Array:
        """The exact values of a storage array: float64, or float64 itself for float64."""
        with np.errstate(invalid="ignore"):
            if self.name != "bfloat16":
                return stored.astype(np.float64)
            bits: Array = np.left_shift(stored.astype(np.uint32), np.uint32(16))
            return bits.view(np.float32).astype(np.float64)

    def ordinals(self, stored: Array) -> Array:
        """Consecutive integers for consecutive values; 0 for both zeros."""
        whole = np.dtype(f"int{8 * self.storage.itemsize}")
        bits = stored.view(whole).astype(np.int64)
        return np.where(bits < 0, int(np.iinfo(whole).min) - bits, bits)


FLOATS: dict[str, DType] = {
    dtype.name: dtype
    for dtype in (
        DType("float64", 2.0**-53, 2.0**-1022, np.dtype(np.float64)),
        DType("float32", 2.0**-24, 2.0**-126, np.dtype(np.float32)),
        DType("float16", 2.0**-11, 2.0**-14, np.dtype(np.float16)),
        DType("bfloat16", 2.0**-8, 2.0**-126, np.dtype(np.uint16)),
    )
}

COMPLEX = {"complex64": "float32", "complex128": "float64"}
"""The complex dtypes, each with the float format of its real and imaginary part."""

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
BOOL = "bool"
WHOLE = (*INTEGERS, BOOL)
"""The dtypes whose values are compared exactly: nothing is rounded in them."""

DTYPES = (*FLOATS, *COMPLEX, *WHOLE)
"""Every dtype that a result can have."""


def part_of(dtype: str) -> str:
    """The float format of a number of this dtype: of a complex one that of its real and imaginary part.

    Raises ``KeyError`` for whole numbers and for unknown dtypes.
    """
    return COMPLEX.get(dtype) or FLOATS[dtype].name


def complex_of(dtype: str) -> str:
    """The complex dtype that goes with a float format. The 16-bit formats have none of their own: complex64."""
    return "complex128" if dtype == "float64" else "complex64"


def unit_roundoff(dtype: str) -> float:
    """The unit roundoff of a float format, or of a complex dtype's parts; 0 for whole numbers."""
    return 0.0 if dtype in WHOLE else FLOATS[part_of(dtype)].unit_roundoff


def parts(values: Array) -> Array:
    """Complex numbers as two real ones along a last axis, real and imaginary part; other values as they are."""
    return np.stack([values.real, values.imag], axis=-1) if np.iscomplexobj(values) else values


def encode(values: Array, dtype: str) -> Array:
    """The storage array of numbers of the kind that any dtype has, rounded to it."""
    if dtype in WHOLE:
        return values.astype(dtype)
    stored = FLOATS[part_of(dtype)].encode(parts(values))
    return stored.view(dtype)[..., 0] if dtype in COMPLEX else stored


_BELOW_FLOAT32 = ("tf32", "float16", "bfloat16")
NARROWER = {"float64": ("float32", *_BELOW_FLOAT32), "float32": _BELOW_FLOAT32, "float16": ("bfloat16",)}
"""The formats that a framework may round a dtype's inputs to. ``tf32`` is float32 with ten bits of fraction."""


def narrowed(stored: Array, dtype: str, to: str) -> Array:
    """A storage array of ``dtype`` with its values rounded to a narrower format."""
    values = FLOATS[dtype].decode(stored)
    if to == "tf32":
        bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
        bits = (bits + 0xFFF + ((bits >> np.uint64(13)) & np.uint64(1))) & ~np.uint64(0x1FFF)
        return FLOATS[dtype].encode(bits.astype(np.uint32).view(np.float32).astype(np.float64))
    return FLOATS[dtype].encode(FLOATS[to].decode(FLOATS[to].encode(values)))
