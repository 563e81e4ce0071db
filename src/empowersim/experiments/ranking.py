"""Which policy is best, and how sure: two questions kept apart.

On average over futures
    The mean of a policy over all futures that could be is not known, only estimated; its uncertainty shrinks as futures
    are added. Model: the values of the policies in a future are jointly normal, futures are independent, and nothing
    is known before (prior |Sigma|^-k of Geisser and Cornfield 1963). The means then have a multivariate t distribution
    with n - 1 degrees of freedom around the sample means, so that the interval of any single difference is the paired
    Student t interval. From it: the probability of being best, the probability of each rank, and the expected
    (opportunity) loss of a choice, the mean of (best - chosen) (Raiffa and Schlaifer 1961; Chick and Inoue 2001).
In a single future
    Plain shares of the futures simulated. They do not shrink to 0 or 1: a policy may be best on average and still lose
    in every third future.

Intervals are simultaneous: with k policies there are k (k - 1) / 2 differences, and each has a Student t interval of
level 1 - alpha / (k (k - 1) / 2) (Bonferroni), which holds whatever the correlation of policies. So all of them hold
together with the level asked for, and so does what is read off them: the set of ranks that a policy may have counts
those that are surely better and surely worse (Klein, Wright and Wieczorek 2020).
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim.experiments.decision_draws import Purpose, chi_squares, normals
from empowersim.experiments.statistics import (
    LEVEL,
    Estimate,
    Vector,
    mean,
    probability_better,
    t_interval,
    weighted_mean,
)

DRAWS: Final = 20_000
"""Draws of the means from their distribution: a probability of one half has a standard error of 0.0035."""

BETTER: Final = "better"
WORSE: Final = "worse"
OPEN: Final = "open"
EQUAL: Final = "equal"
"""How a pair stands: the interval lies on one side of 0, holds it, or both are equal in all futures."""


class Pair(NamedTuple):
    """A policy minus another, paired by future; places are columns of the values."""

    policy: int
    against: int
    estimate: Estimate
    """Mean, with an interval that holds together with those of all other pairs."""
    spread: float
    """Standard deviation of the difference over futures; NaN with one future."""
    probability_better: float
    """Probability that the mean of the policy is the better one, ties half."""
    share_better: float
    """Share of futures in which the policy is better, ties half."""
    standing: str


class Ranking(NamedTuple):
    """Policies ranked by one outcome; arrays have one row a policy."""

    level: Vector
    """Shape (policies, 3): mean, and its own Student t interval (not simultaneous)."""
    best: Vector
    """Probability that the mean of the policy is the best; NaN with one future."""
    loss: Vector
    """Expected loss of choosing the policy, in the unit of the outcome, 0 or more."""
    ranks: Vector
    """Shape (policies, policies): probability of rank 1, 2, ... of the mean."""
    share_best: Vector
    """Share of futures in which the policy is best; ties share the future."""
    share_ranks: Vector
    """Shape (policies, policies): share of futures in which the policy has rank 1, 2, ..."""
    future_loss: Vector
    """Mean over futures of (best of the future - policy): what clairvoyance over luck would win."""
    rank_set: NDArray[np.int64]
    """Shape (policies, 2): lowest and highest rank that the simultaneous intervals allow."""
    pairs: tuple[Pair, ...]


def rank(values: Vector, better: int, *, base: int = 0, level: float = LEVEL, seed: int = 0) -> Ranking:
    """Rank policies from values of shape (futures, policies), more is better for `better` +1, less for -1.

    `base` is the policy that pairs are taken against where it is one of the two; else the earlier one. Futures in which
    any policy has no value are left out; ValueError if none is left. `seed` addresses the Monte Carlo draws.
    """
    table = np.asarray(values, dtype=np.float64)
    table = table[~np.isnan(table).any(axis=1)]
    if not table.size or better not in {-1, 1}:
        raise ValueError("a ranking needs a future in which all policies have a value, and a better of +1 or -1")
    count = table.shape[1]
    means = better * posterior_means(table, seed=seed)
    futures = better * table
    pairs = pairs_of(table, means, better, base, level)
    known = table.shape[0] > 1
    nothing = np.full(count, np.nan)
    share_ranks = rank_shares(futures)
    ranks = rank_shares(means) if known else np.full((count, count), np.nan)
    return Ranking(
        level=np.array([t_interval(column, level) for column in table.T]),
        best=ranks[:, 0] if known else nothing,
        loss=losses(means) if known else nothing,
        ranks=ranks,
        share_best=share_ranks[:, 0],
        share_ranks=share_ranks,
        future_loss=losses(futures),
        rank_set=rank_sets(pairs, count),
        pairs=pairs,
    )


def posterior_means(values: Vector, *, draws: int = DRAWS, seed: int = 0) -> Vector:
    """Draw the policies' means from their distribution given the futures; shape (draws, policies).

    `values` has shape (futures, policies). Policies equal in every future stay equal in every draw. With one future
    there is no distribution: a single row, the future itself.
    """
    count, columns = values.shape
    centre = np.array([mean(column) for column in values.T])
    if count < 2:
        return centre[np.newaxis, :]
    unique, back = np.unique(values, axis=1, return_inverse=True)
    back = np.asarray(back).reshape(columns)
    root = _root(unique)
    normal = normals(draws, root.shape[0], purpose=Purpose.POSTERIOR, seed=seed)
    stretch = np.sqrt((count - 1) / chi_squares(draws, count - 1, seed=seed) / count)
    moved = np.zeros((draws, root.shape[0]))
    for column in range(root.shape[0]):  # sums in a fixed order, whatever the threads of a linear algebra library
        for part in range(column + 1):
            moved[:, column] += normal[:, part] * root[column, part]
    drawn: Vector = centre + (moved * stretch[:, np.newaxis])[:, back]
    return drawn


def _root(values: Vector) -> Vector:
    """Lower triangle with root @ root.T = sample covariance, which may be singular; in columns' own units."""
    count, columns = values.shape
    apart = values - values.mean(axis=0)
    scale = np.sqrt((apart * apart).sum(axis=0) / (count - 1))
    unit = apart / np.where(scale > 0, scale, 1.0)
    root = np.zeros((columns, columns))
    for row in range(columns):
        for column in range(row + 1):
            product = math.fsum((unit[:, row] * unit[:, column]).tolist()) / (count - 1)
            left = product - math.fsum((root[row, :column] * root[column, :column]).tolist())
            if row == column:
                root[row, row] = math.sqrt(left) if left > _SINGULAR else 0.0
            elif root[column, column] > 0:
                root[row, column] = left / root[column, column]
    made: Vector = root * scale[:, np.newaxis]
    return made


_SINGULAR: Final = 1e-10
"""Share of a policy's variance below which it counts as a combination of the policies before it."""


def losses(signed: Vector) -> Vector:
    """Return the mean of (best of the row - policy), shape (policies,); `signed` (rows, policies): more is better."""
    lost: Vector = (signed.max(axis=1, keepdims=True) - signed).mean(axis=0)
    return lost


def best_share(signed: Vector, weights: Vector | None = None) -> Vector:
    """Return the share of rows in which a policy is the best, shape (policies,); policies that tie share the row.

    `signed` (rows, policies): more is better; `weights` (rows,) add up to 1.
    """
    winners = signed == signed.max(axis=1, keepdims=True)
    each = winners / winners.sum(axis=1, keepdims=True)
    shares: Vector = each.mean(axis=0) if weights is None else weighted_mean(weights, each)
    return shares


def rank_shares(signed: Vector, weights: Vector | None = None) -> Vector:
    """Return the share of rows in which a policy has rank 1, 2, ...; shape (policies, policies).

    `signed` (rows, policies): more is better; `weights` (rows,) add up to 1. Policies that tie share their ranks.
    """
    rows, count = signed.shape
    weight = np.full(rows, 1.0 / rows) if weights is None else weights
    shares = np.zeros((count, count))
    for policy in range(count):
        mine = signed[:, [policy]]
        above = (signed > mine).sum(axis=1)
        beside = (signed == mine).sum(axis=1)
        for place in range(count):
            here = (above <= place) & (place < above + beside)
            shares[policy, place] = (weight * here / beside).sum()
    return shares


def pairs_of(values: Vector, means: Vector, better: int, base: int, level: float) -> tuple[Pair, ...]:
    """Return all pairs with simultaneous intervals; `means` (draws, policies) is signed, more is better."""
    count = values.shape[1]
    number = count * (count - 1) // 2
    each = 1.0 - (1.0 - level) / max(number, 1)
    known = values.shape[0] > 1
    made = []
    for first, second in combinations(range(count), 2):
        policy, against = (first, second) if second == base else (second, first)
        difference = values[:, policy] - values[:, against]
        estimate = t_interval(difference, each)
        gap = means[:, policy] - means[:, against]
        made.append(
            Pair(
                policy,
                against,
                estimate,
                float(np.std(difference, ddof=1)) if known else math.nan,
                probability_better(gap, 1) if known else math.nan,
                probability_better(difference, better),
                standing(difference, estimate, better),
            )
        )
    return tuple(made)


def standing(difference: Vector, estimate: Estimate, better: int) -> str:
    """Say how a difference stands by its interval: `better`, `worse`, `open`, or `equal` in every future."""
    if not difference.any():
        return EQUAL
    if estimate.low > 0 or estimate.high < 0:
        return BETTER if estimate.mean * better > 0 else WORSE
    return OPEN


def rank_sets(pairs: tuple[Pair, ...], count: int) -> NDArray[np.int64]:
    """Return the ranks that each policy may have, shape (policies, 2), by the pairs that are settled."""
    sets = np.tile(np.array([1, count], dtype=np.int64), (count, 1))
    for one in pairs:
        if one.standing in {BETTER, WORSE}:
            winner, loser = (one.policy, one.against) if one.standing == BETTER else (one.against, one.policy)
            sets[winner, 1] -= 1
            sets[loser, 0] += 1
    return sets
