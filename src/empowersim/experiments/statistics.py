"""The statistics of a comparison, each by its textbook name.

Futures (replicates) are independent of each other, so a mean over them has a Student t interval.
Policies of one future share all their draws, so the difference of two policies is taken future by
future (paired) and has an interval of its own, usually far narrower than the two levels suggest.

Sums go through `math.fsum`, which is exact: a result never depends on the order of addition.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL: Final = 0.95
"""Coverage of every interval that the package prints."""

MONTHS_A_YEAR: Final = 12

Vector = NDArray[np.float64]


class Estimate(NamedTuple):
    """A mean with its interval, in the unit of the data; NaN where it cannot be told."""

    mean: float
    low: float
    high: float


NOTHING: Final = Estimate(math.nan, math.nan, math.nan)


class Paired(NamedTuple):
    """A policy minus the reference, future by future."""

    mean: float
    low: float
    high: float
    probability_better: float
    """Share of futures in which the policy is better, a tie counting one half; 0 to 1."""
    variance_ratio_unpaired: float
    """Variance of the difference had the futures not been shared, over what it is; infinite if constant."""


def t_quantile(probability: float, degrees: int) -> float:
    """Return the `probability` quantile (0.5 to below 1) of Student's t with whole `degrees` of freedom (1 or more).

    Bisection on the finite trigonometric series of the distribution function for whole degrees of
    freedom (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4); exact to the last few bits.
    """
    if degrees < 1 or not 0.5 <= probability < 1:
        raise ValueError(f"t_quantile needs 0.5 <= probability < 1 and degrees >= 1, not {probability} and {degrees}")
    return _t_quantile(probability, degrees)


@cache
def _t_quantile(probability: float, degrees: int) -> float:
    low, high = 0.0, math.pi / 2  # the angle arctan(t / sqrt(degrees))
    target = 2 * probability - 1
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if _t_central(middle, degrees) < target else (low, middle)
    return math.tan((low + high) / 2) * math.sqrt(degrees)


def _t_central(angle: float, degrees: int) -> float:
    """Return P(-t < T < t) for t = tan(angle) sqrt(degrees)."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2 == 1
    if degrees == 1:
        return 2 * angle / math.pi
    term = cosine if odd else 1.0
    total = term
    for k in range(2 if odd else 1, degrees - 2, 2):
        term *= cosine * cosine * k / (k + 1)
        total += term
    return 2 * (angle + sine * total) / math.pi if odd else sine * total


def mean(values: ArrayLike) -> float:
    """Return the mean of the numbers that are not NaN; NaN if there is none."""
    present = _present(values)
    return math.fsum(present) / len(present) if present else math.nan


def weighted_mean(weights: ArrayLike, table: ArrayLike) -> Vector:
    """Return the mean of rows (table of shape (rows, ...)) with weights (rows,) that add up to 1.

    Added row by row, never by a linear algebra library, whose last bits may depend on its threads.
    """
    made: Vector = np.einsum("i,i...->...", np.asarray(weights, dtype=np.float64), np.asarray(table, dtype=np.float64))
    return made


def variance(values: ArrayLike) -> float:
    """Return the sample variance (n - 1) of the numbers that are not NaN; NaN with fewer than two.

    Exactly 0 if all numbers are equal.
    """
    present = _present(values)
    if len(present) < 2:
        return math.nan
    # deviations from the first number, so that equal numbers give exactly 0
    shifted = [value - present[0] for value in present]
    centre = math.fsum(shifted) / len(shifted)
    return math.fsum((value - centre) ** 2 for value in shifted) / (len(shifted) - 1)


def t_interval(values: ArrayLike, level: float = LEVEL) -> Estimate:
    """Return the mean of independent futures (shape (n,), NaN left out) and its Student t interval.

    With one future the mean stands without an interval; with none everything is NaN.
    """
    present = _present(values)
    if not present:
        return NOTHING
    middle = mean(present)
    if len(present) == 1:
        return Estimate(middle, math.nan, math.nan)
    spread = variance(present)
    if spread == 0:
        return Estimate(present[0], present[0], present[0])
    half = t_quantile((1 + level) / 2, len(present) - 1) * math.sqrt(spread / len(present))
    return Estimate(middle, middle - half, middle + half)


def paired(policy: ArrayLike, reference: ArrayLike, better: int, level: float = LEVEL) -> Paired:
    """Compare two policies on common futures: arrays of shape (n,), the same future at the same place.

    `better` is +1 where more is better, -1 where less is, 0 where neither (no probability then).
    A future in which either is NaN is left out of everything.
    """
    a, b = np.asarray(policy, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"paired values need the same futures: {a.shape} against {b.shape}")
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = a[both], b[both]
    difference = a - b
    middle, low, high = t_interval(difference, level)
    return Paired(middle, low, high, probability_better(difference, better), variance_ratio(a, b))


def probability_better(difference: ArrayLike, better: int) -> float:
    """Return the share of futures in which `difference` (shape (n,)) points the better way, ties counting half.

    A plain share of the futures simulated, not smoothed: with 20 futures it moves in steps of 1/20,
    and 1 means "in all futures simulated", not "certain".
    """
    present = _present(difference)
    if not present or better == 0:
        return math.nan
    wins = sum(1 for value in present if value * better > 0)
    ties = sum(1 for value in present if value == 0)
    return (wins + ties / 2) / len(present)


def variance_ratio(policy: ArrayLike, reference: ArrayLike) -> float:
    """Return (var A + var B) / var(A - B): how many times more futures an unpaired study would need.

    Infinite if the difference is the same in all futures (NaN if the levels are, too, or with fewer
    than two futures).
    """
    a, b = np.asarray(policy, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    apart, together = variance(a) + variance(b), variance(a - b)
    if math.isnan(together) or (together == 0 and apart == 0):
        return math.nan
    return apart / together if together > 0 else math.inf


def fieller(numerator: ArrayLike, denominator: ArrayLike, level: float = LEVEL) -> Estimate:
    """Return the ratio of two paired means (shape (n,) each) and its Fieller (1954) interval.

    All NaN where the denominator's own interval reaches 0 or lies below it: the ratio has no finite
    interval then, or is the price of something that was lost instead of gained. NaN, too, with
    fewer than two futures.
    """
    a, b = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"a ratio of paired means needs the same futures: {a.shape} against {b.shape}")
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = a[both], b[both]
    if a.size < 2:
        return NOTHING
    below = t_interval(b, level)
    if not below.low > 0:
        return NOTHING
    top, bottom = mean(a), below.mean
    t = t_quantile((1 + level) / 2, int(a.size) - 1)
    scale = t * t / a.size
    aa, bb, ab = scale * variance(a), scale * variance(b), scale * _covariance(a, b)
    # roots of r^2 (bottom^2 - bb) - 2 r (top bottom - ab) + (top^2 - aa) = 0
    square, half, constant = bottom * bottom - bb, top * bottom - ab, top * top - aa
    root = math.sqrt(max(half * half - square * constant, 0.0))
    return Estimate(top / bottom, (half - root) / square, (half + root) / square)


def _covariance(a: Vector, b: Vector) -> float:
    # deviations from the first pair, as in `variance`
    x, y = (a - a[0]).tolist(), (b - b[0]).tolist()
    n = len(x)
    product = math.fsum(p * q for p, q in zip(x, y, strict=True))
    return (product - math.fsum(x) * math.fsum(y) / n) / (n - 1)


def best_shares(values: ArrayLike, better: int) -> Vector:
    """Return for each policy the share of futures in which it is the best of all; shape (policies,).

    `values` has shape (futures, policies). Policies that tie for the best share the future. A future with a
    NaN is left out; all NaN if none is left, if `better` is 0, or if there is nothing to choose from.
    """
    table = np.asarray(values, dtype=np.float64)
    table = table[~np.isnan(table).any(axis=1)]
    if table.shape[0] == 0 or table.shape[1] < 2 or better == 0:
        return np.full(table.shape[1], np.nan)
    signed = table * better
    winners = signed == signed.max(axis=1, keepdims=True)
    shares: Vector = (winners / winners.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


class RunningMoments:
    """Mean and variance of arrays of one shape, fed one future at a time (Welford 1962), NaN left out.

    Feed futures in their own order: the last bits depend on it.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.count: NDArray[np.int64] = np.zeros(shape, dtype=np.int64)
        self._mean: Vector = np.zeros(shape)
        self._squares: Vector = np.zeros(shape)

    def add(self, values: ArrayLike) -> None:
        """Take in one more future; same shape as the others."""
        new = np.asarray(values, dtype=np.float64)
        present = ~np.isnan(new)
        self.count += present
        step = np.where(present, new - self._mean, 0.0)
        self._mean = self._mean + step / np.maximum(self.count, 1)
        self._squares = self._squares + step * np.where(present, new - self._mean, 0.0)

    def mean(self) -> Vector:
        """Return the means; NaN where nothing was seen."""
        return np.where(self.count > 0, self._mean, np.nan)

    def interval(self, level: float = LEVEL) -> tuple[Vector, Vector, Vector]:
        """Return mean, low and high of the Student t interval; low and high are NaN with fewer than two futures."""
        middle = self.mean()
        half = np.full(middle.shape, np.nan)
        for count in np.unique(self.count[self.count > 1]).tolist():
            here = self.count == count
            deviation = np.sqrt(self._squares[here] / (count - 1) / count)
            half[here] = t_quantile((1 + level) / 2, count - 1) * deviation
        return middle, middle - half, middle + half


def _present(values: ArrayLike | Iterable[float]) -> list[float]:
    array = np.asarray(values, dtype=np.float64).ravel()
    present: list[float] = array[~np.isnan(array)].tolist()
    return present
