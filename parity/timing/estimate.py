"""From blocks to figures: seconds a call, ratios, their intervals, and whether a difference is one.

A ratio comes from the turns: in each turn and process set two participants were timed right after each other, on the
same processor, so that what disturbs a machine falls on both. Its estimate is the trimmed mean of the logarithms of
the turns' ratios, whose standard error is known (Tukey and McLaughlin, "Less Vulnerable Confidence and Significance
Procedures for Location Based on a Single Sample", Sankhya A 25, 1963). A process keeps a bias as long as it lives,
which only other processes show: the spread between the sets counts, and where the sets are few, the usual one does,
too (a moderated variance: Smyth, Stat. Appl. Genet. Mol. Biol. 3, 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import fmean, variance

from .series import Series

TRIMMED = 0.25
"""The share of the turns' ratios that is left out at either end."""

BIAS = 0.01
"""The usual standard deviation of a process's bias, relative: docs/timing-quality.md has measured ones."""

WEIGHT = 6
"""How many sets the usual bias counts for, beside those that were measured."""

WIDTH = 3.5
"""Half of an interval in standard errors: docs/timing-quality.md says how often two workers of the same code differ."""

CLEAR = 1.25
"""From this ratio on (or its inverse) a difference is no chance of a few processes."""

SAME, SLOWER, FASTER = "no difference", "slower", "faster"


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval."""

    value: float
    low: float
    high: float

    def clear(self, clear: float = CLEAR) -> bool:
        """Whether a ratio is far from 1."""
        return not 1 / clear < self.value < clear

    def difference(self, margin: float = 0.0) -> str:
        """What a ratio says: slower or faster when its whole interval lies beyond 1 and the margin."""
        if self.low > 1 + margin:
            return SLOWER
        return FASTER if self.high < 1 / (1 + margin) else SAME


def seconds(series: Series) -> Estimate | None:
    """Seconds a call: the smallest block of each set, as what delays a block only adds to it, averaged over the sets.

    ``None`` where there is no set, or one without a block that counts.
    """
    if not series.blocks or not all(series.counted):
        return None
    best = [log(min(blocks)) for blocks in series.counted]
    return _interval(fmean(best), _bias(best, BIAS))


def ratio(series: Series, against: Series) -> Estimate | None:
    """How many times as long as ``against``; ``None`` where no turn of some set was undisturbed in both."""
    sets = [
        [log(a / b) for a, b in zip(own, other, strict=False) if a is not None and b is not None]
        for own, other in zip(series.blocks, against.blocks, strict=False)
    ]
    if not sets or not all(sets):
        return None
    logs = sorted(value for own in sets for value in own)
    cut = int(TRIMMED * len(logs))
    kept = logs[cut : len(logs) - cut]
    winsorized = [min(max(value, kept[0]), kept[-1]) for value in logs]
    within = variance(winsorized) / ((1 - 2 * cut / len(logs)) ** 2 * len(logs)) if len(logs) > 1 else 0.0
    middles = [_trimmed(own) for own in sets]
    return _interval(_trimmed(logs), max(within, _bias(middles, sqrt(2) * BIAS)))


def _trimmed(values: Sequence[float]) -> float:
    ordered = sorted(values)
    cut = int(TRIMMED * len(ordered))
    return fmean(ordered[cut : len(ordered) - cut])


def _bias(of_sets: Sequence[float], usual: float) -> float:
    """The variance of the mean of what the sets say, moderated by the usual bias."""
    own = variance(of_sets) if len(of_sets) > 1 else 0.0
    return (WEIGHT * usual**2 + (len(of_sets) - 1) * own) / (WEIGHT + len(of_sets) - 1) / len(of_sets)


def _interval(middle: float, squared_error: float) -> Estimate:
    half = WIDTH * sqrt(squared_error)
    return Estimate(exp(middle), exp(middle - half), exp(middle + half))
