"""The plan: which work to do, as small values that can be sent to any worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ..catalog.case import Case
from ..catalog.frameworks import REFERENCE
from ..catalog.load import CaseFile


@dataclass(frozen=True)
class Item:
    """One row of the plan: a case's variant in one dtype on one device. Everyone's results for it are compared."""

    file: str
    case: str
    variant: str
    dtype: str
    device: str
    mode: str = "eager"

    @property
    def name(self) -> str:
        """The readable name, such as ``conv2d[stride=2-padding=same]-float32-cpu``."""
        variant = f"[{self.variant}]" if self.variant else ""
        return f"{self.case}{variant}-{self.dtype}-{self.device}"


@dataclass(frozen=True)
class Unit:
    """The part of an item that one implementation does (``api`` is ``reference`` for the formula)."""

    item: Item
    framework: str
    api: str
    seed: int
    timed: bool = False

    def to_header(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_header(cls, header: dict[str, Any]) -> Unit:
        return cls(**{**header, "item": Item(**header["item"])})


def expand(file: CaseFile, dtypes: Iterable[str] | None, devices: Iterable[str]) -> Iterator[Item]:
    """The items of a case file: every variant, in the dtypes that are both declared and asked for."""
    wanted = None if dtypes is None else set(dtypes)
    for case in file.cases:
        for variant in case.variants:
            for dtype in case.dtypes:
                if wanted is None or dtype in wanted:
                    for device in devices:
                        yield Item(str(file.path), case.name, variant.id, dtype, device)


def units(case: Case, item: Item, seed: int, *, timed: bool) -> list[Unit]:
    """The formula's unit (always on the CPU), one for each implementation, and one for each naive port."""
    naive = case.divergences_for(case.variant(item.variant), item.dtype)
    return [
        Unit(item, REFERENCE, REFERENCE, seed),
        *(Unit(item, i.framework, i.api, seed, timed) for i in case.implementations),
        *(Unit(item, i.framework, i.api, seed) for i in naive),
    ]
