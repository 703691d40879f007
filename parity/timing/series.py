"""What timing measures of one participant."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf

Block = tuple[float, float]
"""Seconds a call, and the share of a processor that the process had."""


@dataclass
class Series:
    """What was measured of a participant: for each process set its ``blocks`` by turn, in seconds a call.

    ``None`` stands for a block that was disturbed, or is void, as ``void`` then tells; ``taken`` has the disturbed
    ones, too, with the share of a processor that they had. ``first`` is the first call,
    with tracing and compilation, ``peak`` the bytes that it took at most, ``rough`` the seconds of a call before the
    blocks (in all sets the same number of calls makes a block), ``elements`` and ``moved`` are as in ``Bench``. A
    ``problem`` says why there is no number, or why it must not be used.
    """

    blocks: list[list[float | None]] = field(default_factory=list)
    taken: list[list[Block | None]] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    peak: list[int] = field(default_factory=list)
    rough: float = inf
    elements: int = 0
    moved: int = 0
    void: list[str] = field(default_factory=list)
    problem: str = ""

    @property
    def counted(self) -> list[list[float]]:
        """The blocks that were not disturbed."""
        return [[block for block in blocks if block is not None] for blocks in self.blocks]

    @property
    def disturbed(self) -> int:
        return sum(block is None for blocks in self.blocks for block in blocks)

    @property
    def best_share(self) -> float:
        return max((block[1] for blocks in self.taken for block in blocks if block is not None), default=0.0)

    def count(self, least: float) -> None:
        """Have the blocks count that had at least such a share of a processor."""
        self.blocks = [
            [None if block is None or block[1] < least else block[0] for block in blocks] for blocks in self.taken
        ]

    def joined(self, other: Series) -> Series:
        """The process sets of both."""
        return replace(self, blocks=[*self.blocks, *other.blocks], first=[*self.first, *other.first])
