"""Cost-effectiveness under uncertainty: increments, net benefit, acceptability, frontier, budget impact.

Cost and effect are those of the represented households over the horizon, both discounted at the rate of the scenario
(a stock at the end, as sustained exits, is not), and both against the reference. What is uncertain is a cloud of points
(cost, effect) of each policy, equally likely or weighted:

- with parameter draws: the mean over futures in each draw, without the luck in it (`regret.parted`);
- without: draws of the means over futures from their distribution (`ranking.posterior_means`), so the only
  uncertainty is that futures are few. It goes to nothing as futures are added, and says nothing of the parameters.

Acceptability curve: probability that a policy has the highest net benefit, by threshold (van Hout and others 1994).
Acceptability frontier: that probability of the policy with the highest *mean* net benefit, the one to choose
(Fenwick, Claxton and Sculpher 2001); where distributions are skewed it is not always the likeliest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from empowersim.experiments.economics import STATUSES, frontier
from empowersim.experiments.information import perfect_information
from empowersim.experiments.ranking import best_share
from empowersim.experiments.regret import weighted_quantile
from empowersim.experiments.statistics import Vector, weighted_mean

POINTS: Final = 60
"""Thresholds of a curve above 0."""
REACH: Final = 2.0
"""How far beyond the dearest step of the frontier a curve goes."""
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


class Cloud(NamedTuple):
    """Uncertain cost and effect of policies against the reference."""

    cost: Vector
    """Shape (points, policies): rupiah."""
    effect: Vector
    """Shape (points, policies), in the unit of the effect."""
    weights: Vector
    """Shape (points,); add up to 1."""

    def benefit(self, threshold: float) -> Vector:
        """Net benefit in rupiah, shape (points, policies), at a threshold of rupiah for a unit of effect."""
        made: Vector = threshold * self.effect - self.cost
        return made


class Increment(NamedTuple):
    """A policy in order of mean cost, and its step from the policy before it on the frontier."""

    policy: int
    status: str
    """One of `economics.STATUSES`."""
    before: int | None
    cost: float
    effect: float
    extra_cost: float
    extra_effect: float
    ratio: float
    """ICER in rupiah for a unit of effect; NaN for the cheapest and for what is not on the frontier."""
    low: float
    high: float
    """Quantiles of the ratio over the cloud; NaN where the extra effect is not surely above 0."""


class Threshold(NamedTuple):
    """What is chosen at one threshold, and how sure."""

    threshold: float
    best: int
    """Policy of the highest mean net benefit."""
    probability: Vector
    """Shape (policies,): acceptability of each; ties share."""
    benefit: Vector
    """Shape (policies,): mean net benefit, rupiah."""
    evpi: float
    """Expected value of perfect information, rupiah (`information.perfect_information`)."""


class Ellipse(NamedTuple):
    """Where a policy lies on the plane with a probability, if cost and effect are jointly normal."""

    effect: float
    cost: float
    axes: Vector
    """Shape (2, 2): columns are half axes, rows effect and cost."""


def increments(cloud: Cloud, level: float = 0.95) -> list[Increment]:
    """Return policies in order of mean cost with the frontier of `economics.frontier`, and the interval of each step.

    The interval holds the central `level` of the cloud's ratios. A ratio has one only where nearly all of the cloud
    (more than `level`, and half of what is left) has an extra effect above 0: elsewhere its sign says nothing.
    """
    costs, effects = (weighted_mean(cloud.weights, table).tolist() for table in (cloud.cost, cloud.effect))
    tail = (1.0 - level) / 2.0
    found = []
    for step in frontier(costs, effects):
        place, before = step.place, step.before
        if before is None:
            found.append(Increment(place, step.status, None, costs[place], effects[place], *[math.nan] * 5))
            continue
        extra_cost = cloud.cost[:, place] - cloud.cost[:, before]
        extra_effect = cloud.effect[:, place] - cloud.effect[:, before]
        steps = (costs[place] - costs[before], effects[place] - effects[before])
        ends = (math.nan, math.nan)
        if float(weighted_mean(cloud.weights, extra_effect > 0)) > 1.0 - tail:
            ratio = extra_cost / np.where(extra_effect > 0, extra_effect, np.inf)
            ratio = np.where(extra_effect > 0, ratio, np.inf)
            ends = tuple(weighted_quantile(ratio, cloud.weights, p) for p in (tail, 1.0 - tail))  # type: ignore[assignment]
        found.append(
            Increment(place, step.status, before, costs[place], effects[place], *steps, steps[0] / steps[1], *ends)
        )
    return found


def thresholds_for(ratios: Sequence[float], asked: float | None = None, otherwise: float = 1.0) -> Vector:
    """Return thresholds for curves: round steps from 0 to `REACH` times the dearest ratio (or the one asked for).

    `otherwise` (above 0) stands for the dearest ratio where there is none: no policy buys anything.
    """
    top = max([one for one in (*ratios, asked or 0.0) if math.isfinite(one) and one > 0], default=otherwise)
    raw = REACH * top / POINTS
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * one for one in _STEPS if size * one >= raw * (1 - np.finfo(np.float64).eps))
    grid: Vector = np.arange(POINTS + 1, dtype=np.float64) * step
    found: Vector = grid if asked is None else np.unique(np.append(grid, asked))
    return found


def acceptability(cloud: Cloud, thresholds: Sequence[float]) -> list[Threshold]:
    """Return what is chosen at each threshold (rupiah for a unit of effect), and the acceptability of every policy."""
    found = []
    for threshold in thresholds:
        benefit = cloud.benefit(float(threshold))
        means = weighted_mean(cloud.weights, benefit)
        found.append(
            Threshold(
                float(threshold),
                int(np.argmax(means)),
                best_share(benefit, cloud.weights),
                means,
                perfect_information(benefit, cloud.weights),
            )
        )
    return found


def ellipse(cloud: Cloud, policy: int, level: float = 0.95) -> Ellipse:
    """Return the normal ellipse that holds a share `level` of a policy's cloud.

    The squared distance of a normal pair from its centre is -2 log(uniform), so the radius is exact.
    """
    points = np.column_stack([cloud.effect[:, policy], cloud.cost[:, policy]])
    centre = weighted_mean(cloud.weights, points)
    apart = points - centre
    spread = np.einsum("di,dj->ij", cloud.weights[:, np.newaxis] * apart, apart)
    scale = np.sqrt(np.diag(spread))
    unit = np.where(scale > 0, scale, 1.0)
    values, axes = np.linalg.eigh(spread / np.outer(unit, unit))
    half = unit[:, np.newaxis] * axes * np.sqrt(np.maximum(values, 0.0)) * math.sqrt(-2.0 * math.log(1.0 - level))
    return Ellipse(float(centre[0]), float(centre[1]), half)


__all__ = [
    "STATUSES",
    "Cloud",
    "Ellipse",
    "Increment",
    "Threshold",
    "acceptability",
    "ellipse",
    "increments",
    "thresholds_for",
]
