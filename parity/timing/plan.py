"""What is timed: of each timed case its first variant and its realistic sizes, and who does it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..catalog.case import Case, Implementation
from ..catalog.frameworks import FRAMEWORKS
from ..catalog.load import CaseFile
from ..catalog.modes import EAGER
from ..plan.work import Item

SMALL = "small"
DTYPES = ("float32",)


def expand_timed(
    file: CaseFile, dtypes: Iterable[str] | None, devices: Iterable[str], modes: Iterable[str] = (EAGER,)
) -> Iterator[Item]:
    """The items to time, those of one case together; dtypes are ``DTYPES`` unless named."""
    wanted = [*(DTYPES if dtypes is None else dtypes)]
    for case in file.cases:
        if case.timing is None:
            continue
        for variant in (case.variants[0], *case.timing.sizes.values()):
            for dtype in (dtype for dtype in wanted if dtype in case.dtypes):
                for device in devices:
                    for mode in modes:
                        if mode == EAGER or not case.eager_only:
                            yield Item(str(file.path), case.name, variant.id, dtype, device, mode)


def expand_realistic(
    file: CaseFile, dtypes: Iterable[str] | None, devices: Iterable[str], modes: Iterable[str] = (EAGER,)
) -> Iterator[Item]:
    """The items in realistic sizes, whose results are compared as those of any item."""
    cases = {case.name: case for case in file.cases}
    for item in expand_timed(file, dtypes, devices, modes):
        if size_of(cases[item.case], item) != SMALL:
            yield item


def size_of(case: Case, item: Item) -> str:
    """The name of an item's size."""
    return SMALL if item.variant == case.variants[0].id else item.variant


def timed_implementations(case: Case, size: str) -> list[Implementation]:
    """Of each framework the first function and the first layer that the case declares, in the ``small`` size.

    That shows what a layer costs beyond the function. In a realistic size it is the first of either kind only.
    """
    found: dict[tuple[str, bool], Implementation] = {}
    for name in FRAMEWORKS:
        for implementation in case.implementations:
            if implementation.framework == name:
                found.setdefault((name, implementation.is_layer and size == SMALL), implementation)
    return list(found.values())
