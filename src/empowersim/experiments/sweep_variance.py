"""How sure a sweep is: means with intervals; how much of the spread is chance, and how much is not knowing parameters.

Replicates are crossed with draws: replicate 3 is the same luck under every draw. So an outcome of a point is

    y[draw, replicate] = mean + a[draw] + b[replicate] + c[draw, replicate]

with variances A (parameters), B (luck common to all draws) and C (luck that meets the parameters). By the law of total
variance Var(Y) = Var(E[Y | draw]) + E[Var(Y | draw)]: the first is A, the share of the parameters, the second B + C,
the share of chance. The estimators are those of the two-way analysis of variance without repetition (Searle, Casella
and McCulloch 1992, chapter 4), unbiased for any number of draws and replicates of two or more; an estimate of A may
therefore be below zero. (The estimator for nested replicates would be too low by B over the number of replicates.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from empowersim.errors import SimulationError
from empowersim.experiments.asked import known_name
from empowersim.experiments.statistics import LEVEL, Estimate, t_interval, t_quantile
from empowersim.results.sweep_read import SweepTables

Matrix = NDArray[np.float64]

_ENOUGH: Final = 2
"""Draws and replicates that it takes to tell their variances."""


@dataclass(frozen=True)
class Split:
    """Variance of an outcome at one point, in the square of its unit; NaN where it cannot be told."""

    mean: float
    chance: float
    """B + C: mean over draws of the variance between futures."""
    parameters: float
    """A: variance between draws of the mean over futures."""
    common: float
    """B: the part of chance that is the same under all draws."""
    share: float
    """A / (A + B + C), from 0 to 1; an estimate of A below zero counts as 0."""
    share_error: float
    """Standard error of the share: jackknife over draws and futures; NaN with two or fewer of either."""
    draws: int
    replicates: int
    """Futures that all draws have; others are left out."""


@dataclass(frozen=True)
class PointRow:
    """A policy at one point of a sweep."""

    point: int
    policy: str
    outcome: str
    kind: str
    """``level`` (of the reference) or ``difference`` (from the reference)."""
    estimate: Estimate
    """Mean with its 95 % interval: over futures where nothing is uncertain; else over draws, chance and parameters both
    in it."""
    split: Split
    runs: int


def split_variance(values: ArrayLike, weights: ArrayLike | None = None) -> Split:
    """Split the variance of `values`, shape (draws, replicates), with `weights` of the draws (None: equal).

    Draws without any value and futures with a NaN are left out; `draws` and `replicates` count what is in. With
    weights w (that add up to 1) squares of draws are weighted and divided by 1 - sum(w^2), which is unbiased, too, and
    (n - 1)/n for equal weights.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise SimulationError(f"values: expected shape (draws, replicates), found {table.shape}")
    own = np.full(table.shape[0], 1.0) if weights is None else np.asarray(weights, dtype=np.float64)
    table, w = complete(table, own)
    draws, futures = table.shape
    found = _parts(table, w)
    error = _share_error(table, w) if draws > _ENOUGH and futures > _ENOUGH else math.nan
    middle = math.fsum((w * table.mean(axis=1)).tolist()) if futures else math.nan
    return Split(
        mean=middle,
        chance=found[1] + found[2],
        parameters=found[0],
        common=found[1],
        share=_share(found),
        share_error=error,
        draws=draws,
        replicates=futures,
    )


def complete(table: Matrix, weights: Matrix) -> tuple[Matrix, Matrix]:
    """Draws that have any value, futures in which all of these have one, and weights of the draws (sum 1)."""
    alive = ~np.isnan(table).all(axis=1)
    table, w = table[alive], weights[alive]
    return table[:, ~np.isnan(table).any(axis=0)], w / max(math.fsum(w.tolist()), np.finfo(np.float64).tiny)


def _share_error(table: Matrix, w: Matrix) -> float:
    """Standard error of the share: jackknife over draws and over futures, their variances added, of the uncut share.

    The share is skew with few draws or futures: an interval of 1.96 errors covers less than 95 % then.
    """
    draws, futures = table.shape
    by_draw = [_uncut(_parts(np.delete(table, at, 0), np.delete(w, at) / (1.0 - w[at]))) for at in range(draws)]
    by_future = [_uncut(_parts(np.delete(table, at, 1), w)) for at in range(futures)]
    total = 0.0
    for shares in (by_draw, by_future):
        centre = math.fsum(shares) / len(shares)
        total += (len(shares) - 1) / len(shares) * math.fsum((one - centre) ** 2 for one in shares)
    return math.sqrt(total)


def _uncut(parts: tuple[float, float, float]) -> float:
    whole = math.fsum(parts)
    return parts[0] / whole if whole > 0 else math.nan


def _parts(table: Matrix, w: Matrix) -> tuple[float, float, float]:
    """A, B and C of a complete table."""
    draws, futures = table.shape
    if futures < _ENOUGH:
        return math.nan, math.nan, math.nan
    if draws < _ENOUGH:
        return math.nan, float(np.var(table[0], ddof=1)) if draws else math.nan, 0.0 if draws else math.nan
    left = 1.0 - math.fsum((w * w).tolist())
    by_draw = table.mean(axis=1)
    by_future = w @ table
    grand = float(w @ by_draw)
    between = float(w @ (by_draw - grand) ** 2) / left
    rest = table - by_draw[:, None] - by_future[None, :] + grand
    both = float(w @ (rest**2).sum(axis=1)) / (left * (futures - 1))
    within = float(w @ ((table - by_draw[:, None]) ** 2).sum(axis=1)) / (futures - 1)
    return between - both / futures, within - both, both


def _share(parts: tuple[float, float, float]) -> float:
    own = max(parts[0], 0.0)
    whole = own + max(parts[1] + parts[2], 0.0)
    return own / whole if whole > 0 else math.nan


def cube(tables: SweepTables, outcome: str, policy: str, versus: str | None = None) -> Matrix:
    """Values of an outcome under a policy (less those under `versus`), shape (points, draws, replicates).

    NaN where a run is not made. Raises `SimulationError` for a name that the sweep has not.
    """
    known_name(outcome, tables.outcomes, "outcome", "an outcome of the sweep")
    shape = (tables.points.num_rows, tables.draws.num_rows, int(tables.manifest["stages"][-1]["replicates"]))
    policies = np.array(tables.runs["policy"].to_pylist(), dtype=object)
    keys = [tables.runs[name].to_numpy() for name in ("point", "draw", "replicate")]
    values = tables.runs[outcome].to_numpy()
    found: list[Matrix] = []
    for name in (policy, versus):
        if name is None:
            continue
        known_name(name, tables.policies, "policy", "a policy of the sweep")
        table = np.full(shape, np.nan)
        rows = policies == name
        table[tuple(key[rows] for key in keys)] = values[rows]
        found.append(table)
    return found[0] if versus is None else found[0] - found[1]


def variance_split(tables: SweepTables, outcome: str, policy: str, versus: str | None = None) -> list[Split]:
    """Split the variance of an outcome under a policy (or of its difference from `versus`) at each point of a sweep."""
    weights = tables.draws["weight"].to_numpy()
    return [split_variance(table, weights) for table in cube(tables, outcome, policy, versus)]


def summarise_sweep(tables: SweepTables, outcome: str, policies: Sequence[str] | None = None) -> list[PointRow]:
    """A row a point and policy: the reference by its level, the others by their difference from it.

    The interval is that of the mean: Student's over futures where there is one draw. With several the mean is over
    draws and futures, and its variance is (A + C / futures) x sum(w^2) + B / futures, with Satterthwaite's (1946)
    degrees of freedom. How far the answer moves with the parameters is another question: see `Split.parameters`.
    """
    reference = tables.reference
    weights = tables.draws["weight"].to_numpy()
    found = []
    for policy in policies or tables.policies:
        versus = None if policy == reference else reference
        values = cube(tables, outcome, policy, versus)
        for point, table in enumerate(values):
            made = int((~np.isnan(table)).sum())
            kind = "level" if versus is None else "difference"
            split = split_variance(table, weights)
            found.append(PointRow(point, policy, outcome, kind, _estimate(table, weights), split, made))
    return sorted(found, key=lambda row: row.point)


def _estimate(table: Matrix, weights: Matrix) -> Estimate:
    if table.shape[0] == 1:
        return t_interval(table[0])
    whole, w = complete(table, weights)
    futures = whole.shape[1]
    if futures == 0:
        return Estimate(math.nan, math.nan, math.nan)
    middle = float(w @ whole.mean(axis=1))
    if futures < _ENOUGH:
        return Estimate(middle, math.nan, math.nan)
    parameters, common, meeting = _parts(whole, w)
    squares = float((w * w).sum())
    terms = (max(parameters + meeting / futures, 0.0) * squares, max(common, 0.0) / futures)
    freedom = (max(1.0 / squares - 1.0, 1.0), futures - 1.0)
    total = sum(terms)
    below = sum(term * term / one for term, one in zip(terms, freedom, strict=True))
    if total == 0.0 or below == 0.0:
        return Estimate(middle, middle, middle)
    half = t_quantile((1 + LEVEL) / 2, max(1, int(total * total / below))) * math.sqrt(total)
    return Estimate(middle, middle - half, middle + half)


def rows_json(tables: SweepTables, rows: Sequence[PointRow]) -> list[dict[str, Any]]:
    """Rows as plain values, with the axes of their points; None for what cannot be told."""
    points = tables.points.to_pylist()

    def plain(value: float) -> float | None:
        return float(value) if math.isfinite(value) else None

    return [
        {
            "point": row.point,
            "axes": {name: points[row.point][name] for name in tables.axes},
            "policy": row.policy,
            "outcome": row.outcome,
            "kind": row.kind,
            **{name: plain(value) for name, value in row.estimate._asdict().items()},
            "runs": row.runs,
            "variance": {name: plain(getattr(row.split, name)) for name in _VARIANCES},
        }
        for row in rows
    ]


_VARIANCES: Final = ("chance", "parameters", "common", "share", "share_error")
