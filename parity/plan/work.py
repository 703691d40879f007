"""The plan: which work to do, as small values that can be sent to any worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any
from zlib import crc32

from ..catalog.case import Case
from ..catalog.frameworks import REFERENCE
from ..catalog.load import CaseFile
from ..catalog.modes import EAGER

MAIN_DTYPES = ("float32", "float64")
"""Formats of the calls as in inference and of the quick timings of a parity run, where a case has one of them."""


@dataclass(frozen=True)
class Item:
    """One row of the plan: a case's variant in one dtype on one device. Everyone's results for it are compared."""

    file: str
    case: str
    variant: str
    dtype: str
    device: str
    mode: str = EAGER

    @property
    def name(self) -> str:
        return item_name(self.case, self.variant, self.dtype, self.device, self.mode)


def item_name(case: str, variant: str, dtype: str, device: str, mode: str) -> str:
    """The readable name of an item, such as ``conv2d[stride=2-padding=same]-float32-cpu``."""
    return f"{case}{f'[{variant}]' if variant else ''}-{dtype}-{device}{'' if mode == EAGER else f'-{mode}'}"


@dataclass(frozen=True)
class Instead:
    """How a formula is run in another way, to see whether that explains an implementation's results.

    ``inputs_as`` names a format that inputs and weights are rounded to first. ``parameter`` is given another ``value``.
    ``single`` has the formula of float64 computed in float32. ``closer`` has the scale measured in more runs.
    """

    inputs_as: str = ""
    parameter: str = ""
    value: float = 0.0
    single: bool = False
    closer: bool = False


AS_DECLARED = Instead()
CLOSER = Instead(closer=True)


@dataclass(frozen=True)
class Unit:
    """The part of an item that one implementation does (``api`` is ``reference`` for the formula).

    ``mode`` is the item's, or ``eager`` for the same implementation's results that the item's are compared with.
    ``inferred`` asks for another call, as in inference. ``again`` says that it is done a second time, in a fresh
    process. ``instead`` has the formula run in another way than declared.
    """

    item: Item
    framework: str
    api: str
    seed: int
    timed: bool = False
    mode: str = EAGER
    inferred: bool = False
    again: bool = False
    instead: Instead = AS_DECLARED

    @property
    def name(self) -> str:
        """What tells the units of an item apart."""
        if self.again:
            return again(self.api)
        return self.api if self.mode == self.item.mode or self.api == REFERENCE else eager(self.api)

    def to_header(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_header(cls, header: dict[str, Any]) -> Unit:
        return cls(**{**header, "item": Item(**header["item"]), "instead": Instead(**header["instead"])})


def eager(api: str) -> str:
    """The name of an implementation's eager results in an item of another mode."""
    return f"{api}, eager"


def again(api: str) -> str:
    """The name of the results of an implementation's second computation."""
    return f"{api}, again"


def expand(
    file: CaseFile, dtypes: Iterable[str] | None, devices: Iterable[str], modes: Iterable[str] = (EAGER,)
) -> Iterator[Item]:
    """The items of a case file: every variant, in the dtypes that are both declared and asked for."""
    wanted = None if dtypes is None else set(dtypes)
    for case in file.cases:
        for variant in case.variants:
            for dtype in case.dtypes:
                if wanted is None or dtype in wanted:
                    for device in devices:
                        for mode in modes:
                            yield Item(str(file.path), case.name, variant.id, dtype, device, mode)


def repeated(items: Iterable[Item], seed: int) -> set[Item]:
    """One item of every case, device and mode, chosen by the seed: those are computed twice, to see the same bits."""
    groups: dict[tuple[str, str, str, str], list[Item]] = {}
    for item in items:
        groups.setdefault((item.file, item.case, item.device, item.mode), []).append(item)
    return {group[crc32(f"{seed} {group[0].case}".encode()) % len(group)] for group in groups.values()}


def inferred(case: Case, item: Item) -> bool:
    """Whether the implementations of an item are called as in inference, too.

    Those are eager items in the case's first format of ``MAIN_DTYPES``, and the first variant in the second one. A case
    without either is called so in its first format.
    """
    main, *others = _main_dtypes(case)
    first = item.variant == case.variants[0].id
    return item.mode == EAGER and (item.dtype == main or (item.dtype in others and first))


def _main_dtypes(case: Case) -> list[str]:
    return [dtype for dtype in MAIN_DTYPES if dtype in case.dtypes] or list(case.dtypes[:1])


def untimed(case: Case, item: Item) -> str:
    """Why a parity run takes no quick timings of an item; empty where it takes them.

    Timed are the items that are called as in inference: that call is the first of the timing.
    """
    if case.untimed:
        return case.untimed
    if item.mode != EAGER:
        return f"quick timings are taken in eager mode, and the run had {item.mode} only"
    if inferred(case, item):
        return ""
    main, *others = _main_dtypes(case)
    first = f", and the first variant in {others[0]}" if others else ""
    return f"its quick timings are taken in {main}{first}, which the run left out"


def units(case: Case, item: Item, seed: int, *, timed: bool, repeated: bool = False) -> list[Unit]:
    """The formula's unit (always on the CPU), one for each implementation, and one for each naive port.

    An item of another mode has each implementation's eager unit, too, and no naive ports. It has no units at all
    when the case runs eagerly only. The implementations of a ``repeated`` item compute it again in a fresh process.
    Some are called as in inference, too.
    """
    if item.mode != EAGER and case.eager_only:
        return []
    naive = case.divergences_for(case.variant(item.variant), item.dtype, item.mode)
    modes = dict.fromkeys((item.mode, EAGER))
    return [
        Unit(item, REFERENCE, REFERENCE, seed),
        *(
            Unit(item, i.framework, i.api, seed, timed, mode, inferred=inferred(case, item))
            for i in case.implementations
            for mode in modes
        ),
        *(Unit(item, i.framework, i.api, seed, mode=item.mode, again=True) for i in case.implementations if repeated),
        *(Unit(item, i.framework, i.api, seed) for i in naive),
    ]
