"""When to stop adding futures, with an error rate that holds although one looks again and again.

A Student t interval holds for a number of futures that was fixed beforehand. Who looks after every batch and stops at
the first interval that leaves 0 out is wrong far more often. A confidence sequence holds at all looks together: the
chance that it ever misses the true mean is alpha at most, whatever the rule of stopping.

The sequence is that of Robbins (1970) for normal differences, with a normal mixture over the effect size (mean over
standard deviation) and the scale of the data integrated out, so that the unknown variance is allowed for exactly, at
few futures too (Lai 1976; Rouder and others 2009 give the ratio, Wang and Ramdas 2023 the proof that it is a
martingale under the null; Howard and others 2021 for mixtures in general and for their tuning)::

    ratio(t) = (1 + n g)^(-1/2) ((1 + u) / (1 + u / (1 + n g)))^(n/2),   u = t^2 / (n - 1)

A mean is left out of the sequence while its ratio is 1/alpha or more (inequality of Ville 1939). `g` is the variance of
the mixture, chosen before any data so that the sequence is narrowest near `TUNED` futures; it is about half as wide
again as a t interval there. Differences that are not normal: exact no more, but safe by the mean of at least `FIRST`
futures before the first look; the tests measure it on skewed differences.

Several differences at once share alpha equally (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Final, Literal, NamedTuple

import numpy as np

from empowersim.experiments.statistics import LEVEL, Estimate, Vector, mean, variance

FIRST: Final = 20
"""Futures before the first look: with fewer, differences that are not normal mislead."""
BATCH: Final = 10
"""Futures between two looks."""
TUNED: Final = 100
"""Futures near which the sequence is narrowest."""
MOST: Final = 500
"""Futures at which an undecided run ends, unless asked otherwise."""
_FURTHEST: Final = 10**8
"""Futures beyond which the forecast says that it will not be settled."""

Goal = Literal["until", "settle", "best"]
"""Every difference from the reference known to a half-width; the sign of one difference known; the best policy known
from all others."""


@dataclass(frozen=True)
class Rule:
    """What is to be known before futures stop being added."""

    goal: Goal
    width: float = math.nan
    """Of `until`: half-width of the interval, in the unit of the outcome."""
    pair: tuple[int, int] = (0, 0)
    """Of `settle`: places of the two policies."""
    base: int = 0
    """Place of the reference."""
    better: int = 1
    level: float = LEVEL
    most: int = MOST

    def pairs(self, policies: int) -> tuple[tuple[int, int], ...]:
        """Places (policy, against) of the differences that are looked at, and that share alpha."""
        if self.goal == "until":
            return tuple((place, self.base) for place in range(policies) if place != self.base)
        if self.goal == "settle":
            return (self.pair,)
        return tuple((second, first) for first, second in combinations(range(policies), 2))

    def alpha(self, policies: int) -> float:
        """Error rate of each of the differences that are looked at."""
        return (1.0 - self.level) / max(len(self.pairs(policies)), 1)


class Watched(NamedTuple):
    """A difference at one look."""

    futures: int
    policy: int
    against: int
    mean: float
    low: float
    high: float
    settled: bool
    """Whether what the rule asks of it is known."""
    needed: float
    """Futures in all that would settle it if mean and spread stayed as they are; NaN: none would."""


class Stopped(NamedTuple):
    """Futures, added until a rule was met or the most were reached."""

    values: Vector
    """Shape (futures, policies)."""
    looks: tuple[Watched, ...]
    """All differences at all looks."""
    met: bool

    @property
    def last(self) -> tuple[Watched, ...]:
        """The differences at the last look."""
        return tuple(one for one in self.looks if one.futures == self.looks[-1].futures)

    @property
    def needed(self) -> float:
        """Futures in all at which everything asked for would be settled; NaN where none would do."""
        found = [one.needed for one in self.last]
        return math.nan if any(math.isnan(one) for one in found) else max(found, default=math.nan)


def sequence_multiplier(futures: int, alpha: float, tuned: int = TUNED) -> float:
    """Return the half-width of the confidence sequence at `futures`, in standard errors (sd / sqrt(futures)).

    Infinite where so few futures exclude nothing. `alpha` lies inside (0, 1).
    """
    if futures < 2:
        return math.inf
    mixed = math.log1p(futures * mixture_variance(alpha, tuned))
    bar = (mixed - 2.0 * math.log(alpha)) / futures
    if bar >= mixed:
        return math.inf
    return math.sqrt((futures - 1) * math.expm1(bar) / -math.expm1(bar - mixed))


@cache
def mixture_variance(alpha: float, tuned: int = TUNED) -> float:
    """Return the variance of the mixture over effect sizes that makes the sequence narrowest near `tuned` futures.

    Howard and others 2021, section 3.5: (-W(-alpha^2 / e) - 1) / tuned with the lower branch of Lambert's W.
    """
    aim = 1.0 - 2.0 * math.log(alpha)
    lambert = aim
    for _ in range(100):  # y = aim + log(y) contracts for y above 1
        lambert = aim + math.log(lambert)
    return (lambert - 1.0) / tuned


def sequence_interval(difference: Vector, alpha: float) -> Estimate:
    """Return the mean of a difference (shape (futures,)) and its confidence sequence at error rate `alpha`.

    Without spread (the same difference in all futures) the interval has no ends: a rare difference may not have come
    up yet, and nothing says how large it would be.
    """
    middle = mean(difference)
    if len(difference) < 2:
        return Estimate(middle, math.nan, math.nan)
    spread = variance(difference)
    if spread == 0:
        return Estimate(middle, -math.inf, math.inf)
    half = sequence_multiplier(len(difference), alpha) * math.sqrt(spread / len(difference))
    return Estimate(middle, middle - half, middle + half)


def futures_needed(spread: float, goal: float, alpha: float, begin: int = 2) -> float:
    """Return the least number of futures (`begin` or more) at which the half-width is `goal` or less.

    `spread` is the standard deviation of the difference, taken to stay as it is. NaN where that is not within
    `_FURTHEST`, where `goal` is 0, and without spread, which is no forecast of any.
    """
    if spread == 0 or math.isnan(spread):
        return math.nan

    def enough(futures: int) -> bool:
        return sequence_multiplier(futures, alpha) * spread / math.sqrt(futures) <= goal

    if not goal > 0 or not enough(_FURTHEST):
        return math.nan
    low, high = max(begin, 2) - 1, _FURTHEST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)


def at_a_look(needed: float) -> float:
    """Return the number of futures of the first look at `needed` or later; NaN stays NaN."""
    if math.isnan(needed) or needed <= FIRST:
        return math.nan if math.isnan(needed) else float(FIRST)
    return float(FIRST + BATCH * math.ceil((needed - FIRST) / BATCH))


def needed_to_settle(difference: Vector, alpha: float) -> float:
    """Return the futures in all, at a look, that would tell a difference from 0 if mean and spread stayed; or NaN."""
    middle, spread = mean(difference), variance(difference)
    if math.isnan(spread) or middle == 0:
        return math.nan
    return at_a_look(futures_needed(math.sqrt(spread), abs(middle), alpha))


def watch(values: Vector, rule: Rule) -> tuple[Watched, ...]:
    """Look at the differences that a rule is about; `values` has shape (futures, policies)."""
    futures, policies = values.shape
    alpha = rule.alpha(policies)
    found = []
    for policy, against in rule.pairs(policies):
        difference = values[:, policy] - values[:, against]
        difference = difference[~np.isnan(difference)]
        middle, low, high = sequence_interval(difference, alpha)
        if rule.goal == "until":
            settled = (high - low) / 2.0 <= rule.width
            spread = math.sqrt(variance(difference)) if len(difference) > 1 else math.nan
            needed = at_a_look(futures_needed(spread, rule.width, alpha))
        else:
            settled = low > 0 or high < 0
            needed = needed_to_settle(difference, alpha)
        found.append(
            Watched(futures, policy, against, middle, low, high, settled, float(futures) if settled else needed)
        )
    return _about_the_best(values, found, rule) if rule.goal == "best" else tuple(found)


def _about_the_best(values: Vector, found: Sequence[Watched], rule: Rule) -> tuple[Watched, ...]:
    """Of all pairs those of the leader with policies that differ from it; all pairs have shared alpha."""
    means = [rule.better * mean(column) for column in values.T]
    leader = means.index(max(means))
    return tuple(
        one
        for one in found
        if leader in {one.policy, one.against} and (values[:, one.policy] != values[:, one.against]).any()
    )


def met(looks: Sequence[Watched]) -> bool:
    """Whether everything that is watched is settled; nothing to watch is settled too."""
    return all(one.settled for one in looks)


def run_until(rule: Rule, more: Callable[[int, int], Vector]) -> Stopped:
    """Add futures until the rule is met or `rule.most` are there.

    ``more(first, after)`` returns the values, shape (after - first, policies), of the futures from `first` to before
    `after`. The rule is looked at after `FIRST` futures and then after every `BATCH`, so where it stops does not hang
    on how futures are spread over cores.
    """
    values = more(0, min(FIRST, rule.most))
    looks = list(now := watch(values, rule))
    while not met(now) and len(values) < rule.most:
        values = np.vstack([values, more(len(values), min(len(values) + BATCH, rule.most))])
        now = watch(values, rule)
        looks += now
    return Stopped(values, tuple(looks), met(now))
