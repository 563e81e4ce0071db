"""What was simulated for a decision, and its money: cost-effectiveness, value of information, budget impact as rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from empowersim.experiments.compare import Plan
from empowersim.experiments.cost_effectiveness import Cloud, Increment, acceptability, ellipse
from empowersim.experiments.decide_futures import Future, ParameterDraws
from empowersim.experiments.information import partial_information, perfect_information
from empowersim.experiments.ranking import posterior_means
from empowersim.experiments.regret import parted, weighted_quantile
from empowersim.experiments.statistics import MONTHS_A_YEAR, Vector, mean, t_interval, weighted_mean
from empowersim.experiments.stopping import Stopped
from empowersim.results.tables import COST_DISCOUNTED, OUTCOMES

CLOUD: Final = 4000
"""Draws of the means that stand for a cloud where there are no parameter draws."""

_AT: Final = {name: place for place, name in enumerate(OUTCOMES)}

Rows = dict[str, list[tuple[Any, ...]]]
"""Table -> its rows."""


@dataclass(frozen=True)
class Drawn:
    """The futures of parameter draws."""

    draws: ParameterDraws
    values: Vector
    """Shape (draws, futures, policies): the outcome."""
    cost: Vector
    """Shape (draws, futures, policies): discounted cost, rupiah."""
    effect: Vector
    """Shape (draws, futures, policies): effect against the reference."""
    budget: Vector
    """Shape (draws, policies, years): rupiah spent, mean over futures."""

    @property
    def weights(self) -> Vector:
        """Shape (draws,)."""
        return np.array(self.draws.weights)


@dataclass(frozen=True)
class Found:
    """Everything that was simulated in one world."""

    plan: Plan
    futures: tuple[Future, ...]
    values: Vector
    """Shape (futures, policies): the outcome."""
    stopped: Stopped | None
    drawn: Drawn | None
    better: int
    """+1 where more of the outcome is better, -1 where less is."""

    @property
    def base(self) -> int:
        """Place of the reference."""
        return self.plan.policies.index(self.plan.reference)

    def column(self, outcome: str) -> Vector:
        """An outcome in all futures, shape (futures, policies)."""
        return np.array([future.values[:, _AT[outcome]] for future in self.futures])


def cloud_of(one: Found, effect: str, seed: int) -> Cloud:
    """Uncertain cost and effect against the reference: of parameter draws if there are any, else of the means."""
    base = one.base
    if one.drawn is not None:
        drawn = one.drawn
        both = np.concatenate(
            [drawn.cost - drawn.cost[:, :, [base]], drawn.effect - drawn.effect[:, :, [base]]], axis=2
        )
        points, weights = parted(both, drawn.weights).corrected, drawn.weights
    else:
        cost, won = one.column(COST_DISCOUNTED), one.column(effect)
        both = np.column_stack([cost - cost[:, [base]], won - won[:, [base]]])
        points = posterior_means(both, draws=CLOUD, seed=seed)
        weights = np.full(len(points), 1.0 / len(points))
    half = points.shape[1] // 2
    return Cloud(points[:, :half], points[:, half:], weights)


def _raw_cloud(drawn: Drawn, base: int) -> Cloud:
    """As simulated, the luck still in the means."""
    cost, won = drawn.cost.mean(axis=1), drawn.effect.mean(axis=1)
    return Cloud(cost - cost[:, [base]], won - won[:, [base]], drawn.weights)


def add_increments(rows: Rows, world: str, one: Found, steps: list[Increment]) -> None:
    """Add the table of increments: policies in the order of cost."""
    names = one.plan.policies
    spent = _mean_reference_cost(one)
    for order, step in enumerate(steps, start=1):
        before = "" if step.before is None else names[step.before]
        numbers = (step.extra_cost, step.extra_effect, step.ratio, step.low, step.high)
        head = (world, order, names[step.policy], step.status, step.cost + spent, step.effect)
        rows["increments"].append((*head, before, *numbers))


def _mean_reference_cost(one: Found) -> float:
    if one.drawn is not None:
        return float(weighted_mean(one.drawn.weights, one.drawn.cost.mean(axis=1)[:, one.base]))
    return mean(one.column(COST_DISCOUNTED)[:, one.base])


def add_economics(
    rows: Rows,
    world: str,
    one: Found,
    cloud: Cloud,
    thresholds: Vector,
    asked: float | None,
    level: float,
    seed: int,
    effect: str,
) -> float | None:
    """Plane, ellipses, acceptability, and with draws the value of information; return the threshold of its parts."""
    names = one.plan.policies
    curve = acceptability(cloud, thresholds.tolist())
    sure = one.drawn is not None or len(one.futures) > 1  # one future says nothing of uncertainty
    for at in curve:
        for place, policy in enumerate(names):
            chosen = yes_no(place == at.best)
            rows["acceptability"].append(
                (world, at.threshold, policy, at.probability[place] if sure else math.nan, at.benefit[place], chosen)
            )
    for place, policy in enumerate(names):
        if place != one.base:
            oval = ellipse(cloud, place, level)
            rows["ellipses"].append((world, policy, oval.effect, oval.cost, *oval.axes.T.ravel().tolist()))
    if one.drawn is None:
        cost, won = one.column(COST_DISCOUNTED), one.column(effect)
        points = Cloud(cost - cost[:, [one.base]], won - won[:, [one.base]], np.full(len(cost), 1.0 / len(cost)))
        _add_plane(rows, world, one, points, "future")
        return None
    _add_plane(rows, world, one, cloud, "draw")
    raw = _raw_cloud(one.drawn, one.base)
    for at in curve:
        luck = perfect_information(raw.benefit(at.threshold), raw.weights)
        rows["information"].append((world, at.threshold, names[at.best], at.evpi, luck))
    threshold = asked if asked is not None else max(curve, key=lambda at: at.evpi).threshold
    values = {name: np.array([each[name] for each in one.drawn.draws.values]) for name in one.drawn.draws.names}
    own = set(one.plan.scenario.parameters)
    varied = {name: column for name, column in values.items() if name not in own}
    whole = perfect_information(cloud.benefit(threshold), cloud.weights)
    for part in partial_information(varied, raw.benefit(threshold), raw.weights, whole=whole, seed=seed):
        numbers = (part.value, part.se, part.noise, yes_no(part.told), part.degrees, part.explained)
        rows["partial"].append((world, threshold, part.parameter, *numbers))
    return threshold


def _add_plane(rows: Rows, world: str, one: Found, cloud: Cloud, kind: str) -> None:
    for place, policy in enumerate(one.plan.policies):
        if place == one.base:
            continue
        for number, weight in enumerate(cloud.weights.tolist()):
            point = (cloud.cost[number, place], cloud.effect[number, place])
            rows["plane"].append((world, number, kind, weight, policy, *point))


def add_impact(rows: Rows, world: str, one: Found, level: float) -> None:
    """Budget by year, undiscounted."""
    spent = np.array([future.budget for future in one.futures])
    extra = spent - spent[:, [one.base]]
    tail = (1.0 - level) / 2.0
    for place, policy in enumerate(one.plan.policies):
        for year in range(spent.shape[2]):
            covered = min(MONTHS_A_YEAR, one.plan.months - year * MONTHS_A_YEAR)
            ends = (math.nan, math.nan)
            if one.drawn is not None:
                more = one.drawn.budget[:, place, year] - one.drawn.budget[:, one.base, year]
                low, high = (weighted_quantile(more, one.drawn.weights, share) for share in (tail, 1.0 - tail))
                ends = (low, high)
            level_of, more_of = t_interval(spent[:, place, year], level), t_interval(extra[:, place, year], level)
            rows["impact"].append((world, policy, year + 1, covered, *level_of, *more_of, *ends))


def yes_no(true: bool) -> str:
    """Return `yes` or `no`."""
    return "yes" if true else "no"
