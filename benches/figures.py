"""Figures: what a row of numbers comes to.

Nothing here assumes that noise is normal: a machine that is shared has a long tail. The middle is the median, and
the 95 % interval is the median's own, between two of the numbers themselves (order statistics)."""

import math
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """A row of numbers: its median, the 95 % interval of that, and its ends."""

    middle: float
    low: float
    high: float
    least: float
    most: float
    count: int


def figure(numbers):
    """What a row of numbers comes to; at least one."""
    row = sorted(numbers)
    rank = interval_rank(len(row))
    return Figure(median(row), row[rank], row[-1 - rank], row[0], row[-1], len(row))


def interval_rank(count):
    """How many numbers lie outside of the 95 % interval of the median at each end.

    Of `count` numbers, `k` lie below the true median with the probability of `k` heads in `count` throws of a coin.
    Fewer than six numbers give no such interval; then it is all of them."""
    rank, outside = 0, 0.0
    while True:
        outside += 2 * math.comb(count, rank) / 2**count
        if outside > 0.05 or rank + 1 > (count - 1) // 2:
            return rank
        rank += 1


@dataclass(frozen=True)
class Bar:
    """What is asked of a cell: a measure of `subject` over that of `base`, and its limit."""

    subject: str
    base: str | None
    measure: str
    sign: str
    limit: float
    of: str = "middle"

    def __str__(self):
        of = {"middle": "", "low": " (lower end)", "high": " (upper end)"}[self.of]
        sign = {"<=": "≤", ">=": "≥"}[self.sign]
        return f"{sign} {self.limit:g}{of}"

    def value(self, rounds):
        """The figure that the bar is about, or None where somebody is missing."""
        numbers = ratios(rounds, self.subject, self.base, self.measure)
        return figure(numbers) if numbers else None

    def holds(self, found):
        value = getattr(found, self.of)
        return value <= self.limit if self.sign == "<=" else value >= self.limit


def ratios(rounds, subject, base, measure):
    """A number for each round in which both were measured; without a base, the measure itself."""
    found = []
    for samples in rounds:
        mine = samples.get(subject, {}).get(measure)
        theirs = samples.get(base, {}).get(measure) if base else 1
        if mine is not None and theirs:
            found.append(mine / theirs)
    return found
