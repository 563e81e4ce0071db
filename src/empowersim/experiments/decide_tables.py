"""What was simulated for a decision, turned into its tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from empowersim.experiments.cost_effectiveness import increments, thresholds_for
from empowersim.experiments.decide_money import (
    Drawn,
    Found,
    Rows,
    add_economics,
    add_impact,
    add_increments,
    cloud_of,
    yes_no,
)
from empowersim.experiments.ranking import Ranking, rank
from empowersim.experiments.regret import Parted, Regret, parted, regret, weighted_quantile
from empowersim.experiments.statistics import Vector, variance, weighted_mean
from empowersim.experiments.stopping import Rule, needed_to_settle, sequence_interval
from empowersim.results.decision import none_if_nan
from empowersim.results.decision_tables import DECISION_TABLES
from empowersim.results.tables import COST_DISCOUNTED, OUTCOMES, Table


class Summary(NamedTuple):
    """The tables of a decision, and what of them stands in its head."""

    tables: dict[str, Table]
    skewness: dict[str, float | None]
    partial_threshold: dict[str, float | None]


def tables_of(
    found: Mapping[str, Found],
    *,
    outcome: str,
    effect: str,
    level: float,
    threshold: float | None,
    rule: Rule | None,
    seed: int,
) -> Summary:
    """Turn what was simulated in each world into tables."""
    rows: Rows = {name: [] for name in DECISION_TABLES}
    skewness: dict[str, float | None] = {}
    partial: dict[str, float | None] = {}
    unit, better = OUTCOMES[outcome].unit, OUTCOMES[outcome].better
    clouds = {world: cloud_of(one, effect, seed) for world, one in found.items()}
    steps = {world: increments(cloud, level) for world, cloud in clouds.items()}
    every = [step for each in steps.values() for step in each]
    dearest = max((step.cost for step in every if step.cost > 0), default=1.0)
    thresholds = thresholds_for([step.ratio for step in every], threshold, dearest)
    for world, one in found.items():
        ranking = rank(one.values, better, base=one.base, level=level, seed=seed)
        skewness[world] = none_if_nan(_skewness(one.values))
        alpha = rule.alpha(len(one.plan.policies)) if rule is not None else 1.0 - level
        watched = rule.pairs(len(one.plan.policies)) if rule is not None else ()
        _add_ranking(rows, world, one, ranking, unit)
        _add_pairs(rows, world, one, ranking, unit, alpha, watched)
        _add_looks(rows, world, one, unit)
        _add_futures(rows, world, one, unit, effect)
        add_impact(rows, world, one, level)
        add_increments(rows, world, one, steps[world])
        partial[world] = add_economics(rows, world, one, clouds[world], thresholds, threshold, level, seed, effect)
        if one.drawn is not None:
            _add_draws(rows, world, one, one.drawn, unit, better, level)
    drawn = next(iter(found.values())).drawn
    if drawn is not None:
        for number, values in enumerate(drawn.draws.values):
            rows["parameters"] += [(number, name, value) for name, value in values.items()]
    tables = {f"decision_{name}": Table.from_rows(f"decision_{name}", each) for name, each in rows.items()}
    return Summary(tables, skewness, partial)


# ---------------------------------------------------------------- ranking


def _add_ranking(rows: Rows, world: str, one: Found, ranking: Ranking, unit: str) -> None:
    count = int((~np.isnan(one.values).any(axis=1)).sum())
    for place, policy in enumerate(one.plan.policies):
        rows["ranking"].append(
            (
                world,
                policy,
                unit,
                count,
                *ranking.level[place],
                ranking.best[place],
                ranking.loss[place],
                *ranking.rank_set[place],
                ranking.share_best[place],
                ranking.future_loss[place],
            )
        )
        for number in range(len(one.plan.policies)):
            shares = (ranking.ranks[place, number], ranking.share_ranks[place, number])
            rows["ranks"].append((world, policy, number + 1, *shares))


def _add_pairs(
    rows: Rows,
    world: str,
    one: Found,
    ranking: Ranking,
    unit: str,
    alpha: float,
    watched: Sequence[tuple[int, int]],
) -> None:
    names = one.plan.policies
    for pair in ranking.pairs:
        difference = one.values[:, pair.policy] - one.values[:, pair.against]
        sequence = (math.nan, math.nan)
        if {(pair.policy, pair.against), (pair.against, pair.policy)} & set(watched):
            sequence = sequence_interval(difference[~np.isnan(difference)], alpha)[1:]
        rows["pairs"].append(
            (
                world,
                names[pair.policy],
                names[pair.against],
                unit,
                int((~np.isnan(difference)).sum()),
                *pair.estimate,
                *sequence,
                pair.spread,
                pair.probability_better,
                pair.share_better,
                pair.standing,
                needed_to_settle(difference, alpha),
            )
        )


def _add_looks(rows: Rows, world: str, one: Found, unit: str) -> None:
    names = one.plan.policies
    for look in one.stopped.looks if one.stopped else ():
        numbers = (look.mean, look.low, look.high)
        pair = (names[look.policy], names[look.against])
        rows["looks"].append((world, look.futures, *pair, unit, *numbers, yes_no(look.settled), look.needed))


def _add_futures(rows: Rows, world: str, one: Found, unit: str, effect: str) -> None:
    cost, won = one.column(COST_DISCOUNTED), one.column(effect)
    for place, policy in enumerate(one.plan.policies):
        for number, value in enumerate(one.values[:, place]):
            rows["futures"].append((world, policy, number, unit, value, cost[number, place], won[number, place]))


def _skewness(values: Vector) -> float:
    """Skewness, largest in size, of the differences of all pairs; NaN with fewer than eight futures."""
    table = values[~np.isnan(values).any(axis=1)]
    futures, policies = table.shape
    largest = math.nan
    if futures < _FEWEST:
        return largest
    for policy in range(policies):
        apart = table - table[:, [policy]]
        apart = apart - apart.mean(axis=0)
        spread = (apart**2).mean(axis=0)
        third = (apart**3).mean(axis=0)
        for each in (third[spread > 0] / spread[spread > 0] ** 1.5).tolist():
            if math.isnan(largest) or abs(each) > abs(largest):
                largest = each
    return largest


_FEWEST: Final = 8
"""Futures below which a skewness says nothing."""


# ---------------------------------------------------------------- parameters


def _add_draws(rows: Rows, world: str, one: Found, drawn: Drawn, unit: str, better: int, level: float) -> None:
    names, weights = one.plan.policies, drawn.weights
    levels = parted(drawn.values, weights)
    lost, corrected = _regret(drawn.values, weights, better, level)
    base = one.base
    against = drawn.values - drawn.values[:, :, [base]]
    change = parted(against, weights)
    futures = drawn.values.shape[1]
    # of one future within a draw: what all draws share is luck, too
    chance = weighted_mean(weights, against.var(axis=1, ddof=1)) if futures > 1 else np.full(len(names), math.nan)
    costs, effects = drawn.cost.mean(axis=1), drawn.effect.mean(axis=1)
    for place, policy in enumerate(names):
        rows["regret"].append(
            (
                world,
                policy,
                unit,
                *_spread(levels, weights, place, level),
                *_spread(change, weights, place, level),
                shared_error(against[:, :, place], weights),
                change.between[place],
                chance[place],
                lost.expected[place],
                lost.high[place],
                lost.largest[place],
                lost.share_best[place],
            )
        )
        for number, weight in enumerate(weights.tolist()):
            values = (levels.raw[number, place], corrected[number, place], lost.by_draw[number, place])
            money = (costs[number, place], effects[number, place])
            rows["draws"].append((world, number, weight, policy, unit, futures, *values, *money))


def shared_error(values: Vector, weights: Vector) -> float:
    """Return the standard error of the mean over draws and futures that the futures, the same in all draws, leave.

    `values` has shape (draws, futures). More draws do not make it less, only more futures do; NaN with one future.
    """
    return math.sqrt(variance(weighted_mean(weights, values)) / values.shape[1])


def _regret(values: Vector, weights: Vector, better: int, level: float) -> tuple[Regret, Vector]:
    """Regret of values without luck, shape (draws, futures, policies); and those values, shape (draws, policies).

    Luck is taken out of the policies' distances from their common mean, which regret alone depends on.
    """
    common = values.mean(axis=2, keepdims=True)
    corrected = parted(values - common, weights).corrected + common.mean(axis=1)
    return regret(corrected, better, weights, level), corrected


def _spread(found: Parted, weights: Vector, place: int, level: float) -> tuple[float, float, float]:
    tail = (1.0 - level) / 2.0
    column = found.corrected[:, place]
    ends = (weighted_quantile(column, weights, share) for share in (tail, 1.0 - tail))
    low, high = ends
    return float(weighted_mean(weights, column)), low, high
