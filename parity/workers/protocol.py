"""What crosses the pipe between the harness and a worker: a JSON header and raw array bytes, never code.

A frame is the header's length (4 bytes, big-endian), the body's length (8 bytes), the header, the body.
The header's ``arrays`` say how to cut the body: name, NumPy type and shape of each array, in order.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import prod
from typing import IO, Any

import numpy as np

from ..catalog.dtypes import COMPLEX, FLOATS, Array, part_of, parts

NOT_RUN = "not-run"
"""The stage of a failure of what the harness did not run at all."""

_LENGTHS = struct.Struct(">IQ")


RESULT = "result"
"""The stage of an implementation that returns another number of results, or one of another rank, than declared."""


@dataclass(frozen=True)
class Failure:
    """Why an implementation gave no result.

    ``stage`` is ``declaration`` (the case is wrong), ``build``, ``forward``, ``result`` (not the number or the
    rank of results that is declared), ``gradient``, ``inference``, or, set by the harness, ``crash``, ``timeout`` and
    ``not-run``. ``kind`` is the exception's class, ``where`` the line in the case file.
    ``missing`` is the framework's name that is not there, if that is why, ``nearest`` the nearest that is.
    ``results`` is set where there are results, but not those of the case: ``shape`` or ``count``.
    """

    stage: str
    kind: str
    message: str
    where: str = ""
    missing: str = ""
    nearest: str = ""
    results: str = ""

    def __str__(self) -> str:
        at = f" (at {self.where})" if self.where else ""
        instead = f" (the nearest name is {self.nearest})" if self.nearest else ""
        return f"{self.kind}: {self.message}{instead}{at}" if self.kind else f"{self.message}{at}"


@dataclass(frozen=True)
class Warned:
    """One thing a framework said: the warning's class or the log level, the text, and where it was raised."""

    category: str
    message: str
    where: str


@dataclass(frozen=True)
class Asked:
    """One thing that a case's function asked of a framework, by its public name.

    ``kind`` is ``call``, ``read`` or ``write`` (of an attribute), or ``absent`` for a name that is not there. ``given``
    are the arguments of a call, by name where the framework tells it and else by position, ``defaults`` the values of
    those that can be left out: names and short texts of the values.
    """

    kind: str
    name: str
    given: tuple[tuple[str, str], ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Written:
    """An input, weight or variable that no longer holds what it was given: ``wrong`` of its ``total`` elements.

    ``stage`` is ``forward``, ``gradient`` or ``inference``, ``index`` the first of those elements, ``None`` where
    even the shape is another. A ``variable`` is a layer's, and trainable.
    """

    name: str
    stage: str
    wrong: int
    total: int
    index: tuple[int, ...] | None = None
    variable: bool = False


@dataclass(frozen=True)
class Result:
    """One quantity in canonical axis order: its storage array and the dtype the framework gave it.

    Where the length of an axis varies with the values, the array is filled up with zeros to the size of that axis, and
    ``varying`` has the axis and the length that it came with. Everything else here is about the elements that came.
    """

    array: Array
    dtype: str
    varying: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.own.shape

    @cached_property
    def own(self) -> Array:
        """The array as it came."""
        return cut(self.array, self.varying)

    def has_bits_of(self, other: Result) -> bool:
        """Whether both are the same bit for bit, in dtype and shape, too."""
        return (self.dtype, self.shape, self.own.tobytes()) == (other.dtype, other.shape, other.own.tobytes())

    @cached_property
    def values(self) -> Array:
        """The exact values: floats as float64 (the formula's own in long double), whole numbers in their dtype.

        Of complex numbers, the real and imaginary parts along a last axis.
        """
        numbers = parts(self.own)
        if self._stored:
            return FLOATS[part_of(self.dtype)].decode(numbers)
        return numbers

    @cached_property
    def ordinals(self) -> Array:
        """The values as consecutive integers (``DType.ordinals``): whole numbers are their own."""
        return FLOATS[part_of(self.dtype)].ordinals(parts(self.own)) if self._stored else self.own

    @property
    def _stored(self) -> bool:
        """Whether the array is the storage array of a float format or of a complex dtype, and no whole numbers."""
        if self.dtype in COMPLEX:
            return str(self.array.dtype) == self.dtype
        return self.dtype in FLOATS and self.array.dtype == FLOATS[self.dtype].storage


def cut(array: Array, varying: tuple[int, int] | None) -> Array:
    """The first elements along an axis, as many as came; the whole array where no axis varies."""
    if varying is None:
        return array
    axis, length = varying
    return array[(slice(None),) * axis + (slice(length),)]


@dataclass(frozen=True)
class Observation:
    """Everything that came of one unit.

    ``results`` maps quantities (``output:y``, ``state:h``, ``grad:x``) to results; with a ``gradient`` failure
    the forward quantities are there. ``no_gradient`` names, for each gradient that is ``None`` in the framework, the
    tensors or variables that have none. ``inferred`` says whether the implementation was called as in inference,
    ``inference`` holds the results (``inference:y``) that were then not the same bits, ``inference_failure`` what it
    raised. ``again`` holds the results of a second call where they were not the same bits. ``written`` tells which
    inputs and weights were changed, ``sensitivities`` the scale of each quantity where the unit is a formula's,
    ``warnings`` what was said, ``asked`` what the case's function asked of the framework (eagerly, in the case's first
    dtype). ``timings`` holds seconds per call for ``forward`` and ``forward+backward``, ``timing_notes`` why one of
    them is not there, or how it was timed instead; ``framework_seconds`` what passed inside the framework,
    ``harness_seconds`` the processor time spent outside it; ``peak_bytes`` is the largest resident memory
    that the worker has had so far.
    """

    results: Mapping[str, Result] = field(default_factory=dict)
    failure: Failure | None = None
    timings: Mapping[str, list[float]] = field(default_factory=dict)
    input_digest: str = ""
    framework_seconds: float = 0.0
    harness_seconds: float = 0.0
    peak_bytes: int = 0
    no_gradient: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inferred: bool = False
    inference: Mapping[str, Result] = field(default_factory=dict)
    inference_failure: Failure | None = None
    again: Mapping[str, Result] = field(default_factory=dict)
    written: tuple[Written, ...] = ()
    sensitivities: Mapping[str, Array] = field(default_factory=dict)
    warnings: tuple[Warned, ...] = ()
    asked: tuple[Asked, ...] = ()
    timing_notes: Mapping[str, str] = field(default_factory=dict)

    def to_frame(self) -> tuple[dict[str, Any], dict[str, Array]]:
        given = {"results": self.results, "again": self.again, "inference": self.inference}
        header = {
            "dtypes": {f"{kind} {name}": r.dtype for kind, results in given.items() for name, r in results.items()},
            "varying": {
                f"{kind} {name}": r.varying
                for kind, results in given.items()
                for name, r in results.items()
                if r.varying
            },
            "failure": asdict(self.failure) if self.failure else None,
            "no_gradient": dict(self.no_gradient),
            "inferred": self.inferred,
            "inference_failure": asdict(self.inference_failure) if self.inference_failure else None,
            "written": [asdict(written) for written in self.written],
            "timings": dict(self.timings),
            "timing_notes": dict(self.timing_notes),
            "input_digest": self.input_digest,
            "framework_seconds": self.framework_seconds,
            "harness_seconds": self.harness_seconds,
            "peak_bytes": self.peak_bytes,
            "warnings": [asdict(warned) for warned in self.warnings],
            "asked": [(a.kind, a.name, dict(a.given), dict(a.defaults)) for a in self.asked],
        }
        arrays = {f"{kind} {name}": r.array for kind, results in given.items() for name, r in results.items()}
        return header, {**arrays, **{f"sensitivities {name}": a for name, a in self.sensitivities.items()}}

    @classmethod
    def from_frame(cls, header: dict[str, Any], arrays: dict[str, Array]) -> Observation:
        dtypes, varying = header["dtypes"], header["varying"]

        def named(kind: str) -> dict[str, Array]:
            return {key.removeprefix(f"{kind} "): a for key, a in arrays.items() if key.startswith(f"{kind} ")}

        def results(kind: str) -> dict[str, Result]:
            return {
                name: Result(array, dtypes[f"{kind} {name}"], tuple(varying.get(f"{kind} {name}", ())) or None)
                for name, array in named(kind).items()
            }

        def failure(kind: str) -> Failure | None:
            return Failure(**header[kind]) if header[kind] else None

        return cls(
            results=results("results"),
            no_gradient={quantity: tuple(names) for quantity, names in header["no_gradient"].items()},
            inferred=header["inferred"],
            inference=results("inference"),
            inference_failure=failure("inference_failure"),
            again=results("again"),
            written=tuple(
                Written(**{**each, "index": None if each["index"] is None else tuple(each["index"])})
                for each in header["written"]
            ),
            sensitivities=named("sensitivities"),
            failure=failure("failure"),
            timings=header["timings"],
            timing_notes=header["timing_notes"],
            input_digest=header["input_digest"],
            framework_seconds=header["framework_seconds"],
            harness_seconds=header["harness_seconds"],
            peak_bytes=header["peak_bytes"],
            warnings=tuple(Warned(**warned) for warned in header["warnings"]),
            asked=tuple(Asked(k, name, tuple(g.items()), tuple(d.items())) for k, name, g, d in header["asked"]),
        )


def write_frame(stream: IO[bytes], header: Mapping[str, Any], arrays: Mapping[str, Array] | None = None) -> None:
    """Write one frame and flush."""
    arrays = {name: np.asarray(array, order="C") for name, array in (arrays or {}).items()}
    described = [(name, array.dtype.str, array.shape) for name, array in arrays.items()]
    text = json.dumps({**header, "arrays": described}).encode()
    body = b"".join(array.tobytes() for array in arrays.values())
    stream.write(_LENGTHS.pack(len(text), len(body)) + text + body)
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read one frame. Raises ``EOFError`` when the stream ends, also within a frame."""
    header_length, body_length = _LENGTHS.unpack(_read(stream, _LENGTHS.size))
    header = json.loads(_read(stream, header_length))
    body = _read(stream, body_length)
    arrays: dict[str, Array] = {}
    start = 0
    for name, dtype, shape in header.pop("arrays"):
        count = prod(shape)
        arrays[name] = np.frombuffer(body, np.dtype(dtype), count, start).reshape(shape)
        start += arrays[name].nbytes
    return header, arrays


def _read(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data
