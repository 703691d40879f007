"""What timing measures of one participant."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Series:
    """What was measured of a participant: for each process set its ``blocks`` by turn, in seconds a call.

    ``None`` stands for a block that was disturbed. ``first`` is the first call, with tracing and compilation, ``peak``
    the bytes that it took at most, ``elements`` and ``moved`` are as in ``Bench``. A ``problem`` says why there is no
    number, or why it must not be used.
    """

    blocks: list[list[float | None]] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    peak: list[int] = field(default_factory=list)
    elements: int = 0
    moved: int = 0
    problem: str = ""

    @property
    def counted(self) -> list[list[float]]:
        """The blocks that were not disturbed."""
        return [[block for block in blocks if block is not None] for blocks in self.blocks]

    @property
    def disturbed(self) -> int:
        return sum(block is None for blocks in self.blocks for block in blocks)
