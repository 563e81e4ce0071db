"""Uncertain parameters: each draw of them is a world in which one policy is best; regret is what another loses there.

Every draw lives the same futures (same seed, same replicates), and all policies of a draw do. The value of a policy in
a draw is its mean over futures.

Chance is not counted as uncertainty of parameters. A mean over R futures still holds luck, and the best of several
means holds more of it (the expected maximum of noise is above 0). The part of luck is estimated from the interaction of
draws and futures (two-way analysis of variance; the luck that all draws share moves no draw against another), and the
means are moved towards their common mean until their covariance between draws is what is left without it (as in the
correction of O'Hagan, Stevenson and Madan 2007, for all policies together). The move is the smallest one that does so:
the optimal map between normal distributions (Olkin and Pukelsheim 1982).

regret of a policy in a draw = value of the best policy of the draw - its own value, in the unit of the outcome, 0 or
more.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from empowersim.experiments.ranking import best_share
from empowersim.experiments.statistics import Vector, weighted_mean


class Parted(NamedTuple):
    """Means of draws, and what of their spread is luck."""

    raw: Vector
    """Shape (draws, columns): mean over futures as simulated."""
    corrected: Vector
    """Shape (draws, columns): with the spread that luck adds between draws taken away."""
    between: Vector
    """Shape (columns,): weighted variance between draws, unbiased for that of the true means; 0 or more."""
    chance: Vector
    """Shape (columns,): what luck adds to the variance of the raw means between draws."""


class Regret(NamedTuple):
    """Regret of each policy over draws; arrays of shape (policies,)."""

    by_draw: Vector
    """Shape (draws, policies)."""
    expected: Vector
    high: Vector
    """Weighted quantile of the regret at the level asked for."""
    largest: Vector
    share_best: Vector
    """Weighted share of draws in which the policy is the best; ties share."""


def parted(values: Vector, weights: Vector) -> Parted:
    """Part the spread between draws into parameters and luck; `values` (draws, futures, columns), equal futures.

    `weights` (draws,) add up to 1. With one future nothing is known of luck, and nothing is taken away (`chance` is
    NaN).
    """
    weight = np.asarray(weights, dtype=np.float64)
    _, futures, columns = values.shape
    raw = values.mean(axis=1)
    centre = weighted_mean(weight, raw)
    apart = raw - centre
    spread = np.einsum("di,dj->ij", weight[:, np.newaxis] * apart, apart)
    if futures < 2:
        return Parted(raw, raw.copy(), np.diag(spread).copy(), np.full(columns, np.nan))
    common = weighted_mean(weight, values)
    residual = values - raw[:, np.newaxis, :] - (common - common.mean(axis=0))
    weighted = residual * weight[:, np.newaxis, np.newaxis]
    # sum of w e e' / (R (R - 1)): unbiased for what independent luck adds to the weighted spread of the means
    luck = np.einsum("dri,drj->ij", weighted, residual) / (futures * (futures - 1))
    rounding = _LAST_BITS * np.finfo(np.float64).eps * np.abs(raw).max(axis=0, initial=0.0)
    moving = np.flatnonzero(np.diag(spread) > rounding * rounding)
    unit = np.sqrt(np.diag(spread)[moving])
    before = spread[np.ix_(moving, moving)] / np.outer(unit, unit)
    left = _nonnegative(before - luck[np.ix_(moving, moving)] / np.outer(unit, unit))
    corrected, between = raw.copy(), np.zeros(columns)
    moved = np.einsum("di,ji->dj", apart[:, moving] / unit, _least_move(before, left))
    corrected[:, moving] = centre[moving] + moved * unit
    between[moving] = np.diag(left) * unit * unit
    return Parted(raw, corrected, between, np.diag(luck).copy())


_LAST_BITS: Final = 16
"""Roundings by which means of equal numbers may differ."""


def _nonnegative(matrix: Vector) -> Vector:
    """The nearest covariance matrix: negative variances along principal axes become 0."""
    values, axes = np.linalg.eigh((matrix + matrix.T) / 2.0)
    made: Vector = (axes * np.maximum(values, 0.0)) @ axes.T
    return made


def _root(matrix: Vector, power: float) -> Vector:
    """Symmetric power (0.5, or -0.5 on its range) of a covariance matrix."""
    values, axes = np.linalg.eigh((matrix + matrix.T) / 2.0)
    floor = values.max(initial=0.0) * np.finfo(np.float64).eps * len(values)
    kept = values > floor
    raised = np.where(kept, np.where(kept, values, 1.0) ** power, 0.0)
    made: Vector = (axes * raised) @ axes.T
    return made


def _least_move(before: Vector, after: Vector) -> Vector:
    """The map T, symmetric, with T before T = after, that moves points least."""
    back, root = _root(before, -0.5), _root(before, 0.5)
    made: Vector = back @ _root(root @ after @ root, 0.5) @ back
    return made


def regret(values: Vector, better: int, weights: Vector, level: float = 0.95) -> Regret:
    """Return the regret of policies from values of shape (draws, policies); `weights` (draws,) add up to 1."""
    signed = better * np.asarray(values, dtype=np.float64)
    weight = np.asarray(weights, dtype=np.float64)
    lost = signed.max(axis=1, keepdims=True) - signed
    return Regret(
        by_draw=lost,
        expected=weighted_mean(weight, lost),
        high=np.array([weighted_quantile(column, weight, level) for column in lost.T]),
        largest=lost[weight > 0].max(axis=0),
        share_best=best_share(signed, weight),
    )


def weighted_quantile(values: Vector, weights: Vector, probability: float) -> float:
    """Return the smallest value at which the weights of values up to it reach `probability` (0 to 1)."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    # the last bits of a sum must not push the quantile up by one
    place = int(np.searchsorted(reached, probability * reached[-1] * (1 - 4 * np.finfo(np.float64).eps)))
    return float(values[order[min(place, len(order) - 1)]])
