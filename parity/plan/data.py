"""The values of a work item, bit-identical in every process, version and machine.

They come from the raw bits of a counter-based generator (Philox, whose stream NumPy keeps across versions)
keyed by (seed, case, variant, tensor), by arithmetic that IEEE 754 rounds in one way only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from math import prod
from typing import Any

import numpy as np

from ..catalog.case import Case
from ..catalog.dtypes import FLOATS, Array, DType
from ..catalog.tensors import MOST_DISTINCT, PATTERNS, Tensor
from ..catalog.variants import Variant

Key = tuple[int, str, str, str]

DRAWN = 1 << 16
"""Values that are drawn of a tensor whose numbers do not matter, because it is only timed; they are then repeated."""


def values(case: Case, variant: Variant, dtype: str, seed: int, *, timed: bool = False) -> dict[str, Array]:
    """The inputs and weights in canonical axis order, as storage arrays of their own dtype or else of ``dtype``."""
    sizes = case.axis_sizes(variant)
    tensors = {**case.inputs(variant), **case.weights(variant)}
    keys = {name: (seed, case.name, variant.id, name) for name in tensors}
    return {name: draw(tensor, sizes, dtype, keys[name], timed=timed) for name, tensor in tensors.items()}


def cotangent(shape: tuple[int, ...], dtype: str, key: Key, *, timed: bool = False) -> Array:
    """The cotangent of one result, as a storage array: normal values keyed like the inputs."""
    return FLOATS[dtype].encode(np.resize(_normal(_bits(key, 12, _drawn(shape, timed)), 0.0, 1.0), shape))


def digest(arrays: Mapping[str, Array]) -> str:
    """A short digest of names, shapes and bytes."""
    state = blake2b(digest_size=8)
    for name, array in arrays.items():
        state.update(f"{name}{array.dtype.str}{array.shape}".encode())
        state.update(np.ascontiguousarray(array).tobytes())
    return state.hexdigest()


def draw(tensor: Tensor, sizes: Mapping[str, int], dtype: str, key: Key, *, timed: bool = False) -> Array:
    """The values of one tensor."""
    shape = tensor.shape(sizes)
    drawn = _drawn(shape, timed)
    dtype = tensor.format(dtype)
    if tensor.distribution == "special":
        return np.resize(_special(_bits(key, 13, drawn), FLOATS[dtype], tensor.bounds), shape)
    bounds = [sizes[b] if isinstance(b, str) else b for b in tensor.bounds]
    if tensor.whole:
        low, high = (int(bounds[0]), int(bounds[1])) if bounds else (0, 2)
        offsets = _bits(key, 1, drawn)[0]
        if high - low < 2**64:
            offsets = offsets % np.uint64(high - low)
        # Added modulo 2**64, which is exact for every integer type.
        return np.resize((offsets + np.uint64(low % 2**64)).astype(dtype), shape)
    if tensor.distribution == "every":
        return _every(FLOATS[dtype], bounds).reshape(shape)
    count, make = _FLOAT[tensor.distribution]
    return np.resize(FLOATS[dtype].encode(make(_bits(key, count, drawn), *bounds)), shape)


def _drawn(shape: tuple[int, ...], timed: bool) -> tuple[int, ...]:
    return (DRAWN,) if timed and prod(shape) > DRAWN else shape


def _every(dtype: DType, bounds: Sequence[float]) -> Array:
    patterns = np.arange(PATTERNS, dtype=np.uint32).astype(np.uint16).view(dtype.storage)
    if not bounds:
        return patterns
    low, high = bounds
    numbers = dtype.decode(patterns)
    return dtype.encode(np.clip(np.where(np.isnan(numbers), low, numbers), low, high))


def _special(bits: Array, dtype: DType, kinds: Sequence[float | str]) -> Array:
    values = dtype.encode(_normal(bits[:12], 0.0, 1.0)).ravel()
    numbers = dtype.encode(np.array([number for kind in kinds for number in _SPECIAL[str(kind)](dtype)]))
    # The places by rank of random bits; ties, one in 2**64, are broken by position.
    places = np.argsort(bits[12].ravel(), kind="stable")[: max(len(numbers), values.size // 4)]
    values[places] = np.resize(numbers, places.shape)
    return values.reshape(bits.shape[1:])


_SPECIAL: dict[str, Callable[[DType], tuple[float, ...]]] = {
    "nan": lambda dtype: (np.nan,),
    "infinity": lambda dtype: (np.inf, -np.inf),
    "zero": lambda dtype: (0.0, -0.0),
    "denormal": lambda dtype: _signed(dtype.smallest, dtype.smallest_normal - dtype.smallest),
    "limit": lambda dtype: _signed(dtype.smallest_normal, dtype.largest),
}


def _signed(*numbers: float) -> tuple[float, ...]:
    return tuple(signed for number in numbers for signed in (number, -number))


def _bits(key: Key, count: int, shape: tuple[int, ...]) -> Array:
    """``count`` raw 64-bit integers for each element, of shape ``(count, *shape)``."""
    raw: Array = stream(*key).random_raw(count * prod(shape))
    return raw.reshape(count, *shape)


def stream(*key: int | str) -> np.random.Philox:
    """The raw bits of a counter-based generator for a key of numbers and names."""
    words = blake2b("\x1f".join(map(str, key)).encode(), digest_size=16).digest()
    return np.random.Philox(key=int.from_bytes(words, "little"))


def _uniform(bits: Array, low: float, high: float) -> Array:
    unit: Array = (bits[0] >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return low + (high - low) * unit


def _normal(bits: Array, mean: float, std: float) -> Array:
    # Twelve uniform variates have variance 1. The sum of 58-bit integers is exact in int64.
    total = np.full(bits.shape[1:], -6 * 2**58, np.int64)
    for each in bits:  # One after the other: all at once take three times the memory.
        total += (each >> np.uint64(6)).astype(np.int64)
    unit: Array = total.astype(np.float64) * 2.0**-58
    return mean + std * unit


def _distinct(bits: Array) -> Array:
    # Different bfloat16 patterns (0x3B80 is 2**-8) in random order, each moved by less than half their spacing and
    # less than float16 can show: rounding to any dtype keeps them apart, and float32 and float64 are full-width.
    count = bits[0].size
    step = max(1, min(16, MOST_DISTINCT // max(count, 1)))
    first = (MOST_DISTINCT - step * count) // 4
    order = np.argsort(bits[0].reshape(-1) >> np.uint64(12), kind="stable")
    magnitude = (0x3B80 + first + order * step // 2).astype(np.uint32) << np.uint32(16)
    sign = np.where(order % 2, -1.0, 1.0)
    moved = 1.0 + (bits[1].reshape(-1) >> np.uint64(11)).astype(np.float64) * 2.0**-53 * 2.0**-12
    values: Array = sign * magnitude.view(np.float32).astype(np.float64) * moved
    return values.reshape(bits.shape[1:])


_FLOAT: dict[str, tuple[int, Callable[..., Any]]] = {
    "normal": (12, _normal),
    "uniform": (1, _uniform),
    "distinct": (2, _distinct),
}
