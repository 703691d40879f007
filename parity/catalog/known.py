"""What a declaration says about error: allowances of its own, and what implementations are known not to do right."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .modes import EAGER


@dataclass(frozen=True)
class Tolerance:
    """An allowance that replaces the default one: ``|error| <= atol + rtol * |truth|``.

    ``because`` is the reason, shown in the report; ``dtypes`` restricts it to some formats.
    """

    rtol: float
    atol: float
    because: str
    dtypes: Sequence[str] | None = None

    def applies(self, dtype: str) -> bool:
        return self.dtypes is None or dtype in self.dtypes


@dataclass(frozen=True)
class LeastScale:
    """The least scale S of some quantities, where implementations round intermediate results that the formula has not.

    ``value`` is the magnitude of those, or a function of the parameters that gives it; ``because`` says which they are,
    ``dtypes`` restricts it to some formats.
    """

    value: float | Callable[..., float]
    quantities: Sequence[str]
    because: str
    dtypes: Sequence[str] | None = None

    def applies(self, dtype: str, quantity: str) -> bool:
        return matches(quantity, self.quantities) and (self.dtypes is None or dtype in self.dtypes)


@dataclass(frozen=True)
class Circumstances:
    """Under which something is computed.

    ``kernels`` names the framework's CPU kernels for the dtype and mode, which the processor decides: one of
    ``FRAMEWORKS[...].kernels``, or empty on another device or where they have no name.
    """

    dtype: str
    device: str = "cpu"
    mode: str = EAGER
    kernels: str = ""


@dataclass(frozen=True)
class Known:
    """Something known about an implementation, for the variants that ``when`` matches; it is verified by running it."""

    api: str
    because: str
    source: str
    when: Mapping[str, Any]
    dtypes: Sequence[str] | None
    devices: Sequence[str] | None
    modes: Sequence[str] | None
    kernels: Sequence[str] | None

    def applies(self, api: str, parameters: Mapping[str, Any], where: Circumstances) -> bool:
        return (
            api == self.api
            and (self.dtypes is None or where.dtype in self.dtypes)
            and (self.devices is None or where.device.partition(":")[0] in self.devices)
            and (self.modes is None or where.mode in self.modes)
            and (self.kernels is None or where.kernels in self.kernels)
            and all(value == parameters.get(name) for name, value in self.when.items())
        )


CRASH, INFERENCE = "crash", "inference"
STAGES = ("build", "forward", "gradient", INFERENCE, CRASH)
"""Where a limitation's error comes: as a layer is built, in the call, as it is differentiated, in a call as in
inference only, or nowhere, because the framework ends the process."""


@dataclass(frozen=True)
class Limitation(Known):
    """An error that must come: ``stage`` is one of ``STAGES``, ``raises`` its class and a part of its message.

    A crash has no class, but a signal (``killed by SIGABRT``) and what the process printed last.
    """

    raises: str
    stage: str


@dataclass(frozen=True)
class Deviation(Known):
    """Quantities that are further from the truth than rounding explains, by at most ``within`` times their scale.

    Infinity is no bound, and allows NaN and infinities where the truth has none, or the other way around, and another
    dtype. With ``elements``, at most so many elements may be wrong, and those in any way. With ``dtype``, the
    quantities have that dtype instead of the right one, and are compared with its precision. ``missing`` says that the
    framework gives no gradient (``None``). A deviation of ``input:x`` says that ``x`` is written to, and has none of
    these.
    """

    quantities: Sequence[str]
    within: float | None
    elements: int | None = None
    dtype: str = ""
    missing: bool = False

    @property
    def of_values(self) -> bool:
        """Whether it is about wrong numbers, rather than none, or an input that is written to."""
        return self.within is not None or self.elements is not None

    def covers(self, quantity: str) -> bool:
        return matches(quantity, self.quantities)


@dataclass(frozen=True)
class Unrepeatable(Known):
    """Random numbers of the framework's own that no seed decides: computed twice, the results may differ."""


KINDS = {
    "values": "other numbers than the truth",
    "shape": "another shape",
    "dtype": "another dtype",
    "nonfinite": "NaN or infinity where the truth has a number, or the other way around",
    "count": "another number of results",
    "missing": "no gradient (None)",
}
"""The ways in which the results of a trap can be wrong."""

RESULTS = ("output:*", "state:*")
"""What is wrong in a trap that names no quantities."""


Range = tuple[float, float]


@dataclass(frozen=True)
class Divergence:
    """Why an implementation, the trap, differs from the operation, in which way, and what to do instead.

    ``wrong`` are patterns of the quantities that are wrong: nothing else may be, and something of each pattern must be.
    When empty, any outputs and states are. Gradients are free to be wrong, as a consequence, unless a pattern names
    one. ``kind`` is one of ``KINDS``. ``sizes`` has, for patterns of what is wrong, the least and the greatest error
    relative to the largest magnitude of the truth. ``raises`` is the class and a part of the message of the error,
    where the trap cannot even be called. With other CPU kernels than ``kernels``, the trap is right, and held to that.
    """

    title: str
    because: str
    source: str
    fix: str
    when: Mapping[str, Any]
    raises: str | None
    kernels: Sequence[str] | None
    wrong: Sequence[str] = ()
    kind: str = "values"
    sizes: Mapping[str, Range] = field(default_factory=dict)

    def applies(self, parameters: Mapping[str, Any]) -> bool:
        return all(value == parameters.get(name) for name, value in self.when.items())

    @property
    def groups(self) -> Sequence[Sequence[str]]:
        """Groups of patterns: what they name is wrong, and something of each group must be."""
        return [(pattern,) for pattern in self.wrong] or [RESULTS]

    def names(self, quantity: str) -> bool:
        """Whether the quantity is one of those that are declared to be wrong."""
        return any(matches(quantity, group) for group in self.groups)


def matches(quantity: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(quantity, pattern) for pattern in patterns)


_CLASSES = re.compile(r"([A-Za-z_]\w*(?: or [A-Za-z_]\w*)*): (?=\S)")


def error_classes(raises: str) -> Sequence[str]:
    """The classes in ``RuntimeError: part of the message``, or ``IndexError or ValueError: ...``; none if it has none.

    There is more than one where a framework wraps the error in another one in some modes.
    """
    match = _CLASSES.match(raises)
    return match[1].split(" or ") if match else ()


def is_raised(raises: str, kind: str, message: str) -> bool:
    """Whether an exception of class ``kind`` is the declared one. Both are without a class for the end of a process."""
    classes = error_classes(raises)
    return kind in (classes or ("",)) and _CLASSES.sub("", raises, count=1) in message


def stopped(what: str, file: str) -> str:
    """The sentence for something that a case file declares and that does not occur. There are always two readings."""
    return (
        f"{what}. Either the framework was mended: then remove the declaration from {file}. Or it is broken in another "
        "way now: read its documentation and release notes before you remove anything"
    )
