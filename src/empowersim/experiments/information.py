"""What it would be worth to know the parameters before choosing.

Net benefit of a policy = threshold x effect - cost, in rupiah, of all households that are represented, over the whole
horizon. A parameter draw is a state of the world; a choice made now earns the mean over draws of the best policy's net
benefit, a choice made when all parameters are known earns the mean of the best in each draw.

EVPI
    expected value of perfect information: mean of the best - best of the means (Raiffa and Schlaifer 1961). Means over
    futures, without the luck in them (`regret.parted`), so luck that nobody can know is not for sale.
EVPPI
    the same for one parameter alone. Its inner mean, the net benefit given the parameter, is a regression of the net
    benefits on it (Strong, Oakley and Brennan 2014): here a natural cubic spline of 1 to `MOST_DEGREES` degrees of
    freedom, or a constant; which of them, leave-one-out says. A regression averages luck away by itself, so it takes
    the means as simulated. Weighted draws make a weighted regression. The standard error redraws the coefficients from
    their normal distribution, as the authors do.
noise
    a regression on few draws finds something in anything. `DUMMIES` parameters that are pure noise go through the same
    regression, and what the luckiest 1 % of them seem to be worth is the bar: below it, or below its own standard
    error, a value is not told from noise.
whole
    to know one parameter cannot be worth more than to know all. The regression takes means with their luck and the
    EVPI means without, so a part that comes out above the whole is cut to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from empowersim.experiments.decision_draws import Purpose, normals, uniforms
from empowersim.experiments.statistics import Vector, weighted_mean

MOST_DEGREES: Final = 5
DRAWS_A_DEGREE: Final = 5.0
"""Effective draws that a degree of freedom of the regression asks for."""
REDRAWN: Final = 200
"""Coefficients redrawn for the standard error."""
DUMMIES: Final = 500
"""Parameters of pure noise."""
LUCKY: Final = 0.99
"""Quantile of the values of pure noise that a value must exceed to be told from it."""


class PartialValue(NamedTuple):
    """What it is worth to know one parameter."""

    parameter: str
    value: float
    """EVPPI, 0 or more, in the unit of the net benefits."""
    se: float
    """Standard error of it by redrawn coefficients; 0 for a constant."""
    noise: float
    """What a parameter of pure noise seems to be worth in the luckiest 1 % of cases."""
    told: bool
    """Whether the value is above `noise` and above its standard error."""
    degrees: int
    """Degrees of freedom of the regression; 0: leave-one-out found nothing that the parameter explains."""
    explained: float
    """Weighted share, 0 to 1, of the variance of differences in net benefit that the regression explains."""


def perfect_information(benefits: Vector, weights: Vector) -> float:
    """Return the EVPI of net benefits of shape (draws, policies); `weights` (draws,) add up to 1.

    Exactly 0 where one policy is the best in every draw that has a weight.
    """
    weight = np.asarray(weights, dtype=np.float64)
    best = int(np.argmax(weighted_mean(weight, benefits)))
    return float(weighted_mean(weight, benefits.max(axis=1) - benefits[:, best]))


def partial_information(
    parameters: Mapping[str, Vector],
    benefits: Vector,
    weights: Vector,
    *,
    whole: float = math.inf,
    seed: int = 0,
) -> list[PartialValue]:
    """Return the EVPPI of each parameter (name -> values of shape (draws,)), the largest first.

    `benefits` has shape (draws, policies), `weights` (draws,) add up to 1. A parameter that does not vary is worth 0,
    and none is worth more than `whole`, the EVPI without luck.
    """
    weight = np.asarray(weights, dtype=np.float64)
    base = int(np.argmax(weighted_mean(weight, benefits)))
    apart = np.delete(benefits - benefits[:, [base]], base, axis=1)
    noise = _noise(apart, weight, seed)
    found = [
        _at_most(_partial(name, np.asarray(values, dtype=np.float64), apart, weight, noise, number, seed), whole)
        for number, (name, values) in enumerate(parameters.items())
    ]
    return sorted(found, key=lambda one: (not one.told, -one.value))


def _at_most(part: PartialValue, whole: float) -> PartialValue:
    value = min(part.value, whole)
    return part._replace(value=value, told=value > max(part.noise, part.se))


def _noise(apart: Vector, weight: Vector, seed: int) -> float:
    """What parameters of pure noise seem to be worth, at the quantile `LUCKY`."""
    dummies = uniforms(DUMMIES, len(apart), purpose=Purpose.DUMMIES, seed=seed)
    values = [_value(fitted.fit, weight) if (fitted := smooth(one, apart, weight)).degrees else 0.0 for one in dummies]
    return float(np.quantile(values, LUCKY))


def _partial(
    name: str, values: Vector, apart: Vector, weight: Vector, noise: float, number: int, seed: int
) -> PartialValue:
    fitted = smooth(values, apart, weight)
    if fitted.degrees == 0 or apart.shape[1] == 0:
        return PartialValue(name, 0.0, 0.0, noise, False, 0, 0.0)
    value = _value(fitted.fit, weight)
    redrawn = [_value(one, weight) for one in _redrawn(fitted, weight, apart - fitted.fit, number, seed)]
    centre = weighted_mean(weight, apart)
    whole = float(weighted_mean(weight, (apart - centre) ** 2).sum())
    explained = float(weighted_mean(weight, (fitted.fit - centre) ** 2).sum()) / whole if whole > 0 else 0.0
    error = float(np.std(redrawn, ddof=1))
    return PartialValue(name, value, error, noise, value > max(noise, error), fitted.degrees, min(explained, 1.0))


def _value(apart: Vector, weight: Vector) -> float:
    """EVPI of differences from the policy that is best on average (whose own difference is 0)."""
    return perfect_information(np.column_stack([np.zeros(len(apart)), apart]), weight)


class Smooth(NamedTuple):
    """A weighted regression on one variable."""

    fit: Vector
    """Shape (draws, columns)."""
    degrees: int
    """0: a constant."""
    basis: Vector
    """Shape (draws, 1 + degrees), the first column a constant, orthonormal under the weights."""


def smooth(values: Vector, outcomes: Vector, weight: Vector) -> Smooth:
    """Regress outcomes (draws, columns) on values (draws,) with the spline that predicts left-out draws best."""
    best: tuple[float, Smooth] | None = None
    weighted = weight[:, np.newaxis] * outcomes
    for degrees in range(1 + degrees_allowed(weight)):
        basis = _orthonormal(spline_basis(values, weight, degrees), weight)
        if basis.shape[1] < 1 + degrees:
            break  # too few different values
        fit = np.einsum("di,ij->dj", basis, np.einsum("di,dj->ij", basis, weighted))
        leverage = weight * (basis * basis).sum(axis=1)
        gap = (outcomes - fit) / np.maximum(1.0 - leverage, np.finfo(np.float64).eps)[:, np.newaxis]
        score = float(weighted_mean(weight, gap * gap).sum())
        if best is None or score < best[0]:
            best = (score, Smooth(fit, degrees, basis))
    assert best is not None
    return best[1]


def degrees_allowed(weight: Vector) -> int:
    """Return the most degrees of freedom that the effective number of draws bears, 1 to `MOST_DEGREES`."""
    effective = 1.0 / float((weight * weight).sum())
    return max(1, min(MOST_DEGREES, int(effective / DRAWS_A_DEGREE)))


def spline_basis(values: Vector, weight: Vector, degrees: int) -> Vector:
    """Return a constant and `degrees` columns of a natural cubic spline, shape (draws, 1 + degrees).

    Truncated powers in the form that is linear beyond the outer knots (Hastie, Tibshirani and Friedman 2009, formulas
    5.4 and 5.5); knots stand at evenly spaced weighted quantiles, the outer ones at the ends.
    """
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) / (high - low) if high > low else np.zeros_like(values)
    columns = [np.ones_like(scaled)]
    if degrees >= 1:
        columns.append(scaled)
    if degrees > 1:
        order = np.argsort(scaled, kind="stable")
        reached = np.cumsum(weight[order]) - weight[order] / 2.0
        inner = np.interp(np.linspace(0.0, 1.0, degrees + 1)[1:-1], reached, scaled[order])
        knots = np.unique(np.array([0.0, *inner.tolist(), 1.0]))
        last = _truncated(scaled, knots, -2)
        columns += [_truncated(scaled, knots, place) - last for place in range(len(knots) - 2)]
    return np.column_stack(columns)


def _truncated(scaled: Vector, knots: Vector, place: int) -> Vector:
    end = knots[-1]
    rise = np.maximum(scaled - knots[place], 0.0) ** 3 - np.maximum(scaled - end, 0.0) ** 3
    made: Vector = rise / (end - knots[place])
    return made


def _orthonormal(basis: Vector, weight: Vector) -> Vector:
    """Columns made orthonormal under the weights, one after another; those that add nothing are left out."""
    kept: list[Vector] = []
    for column in basis.T:
        size = math.sqrt(float((weight * column * column).sum()))
        left = column.copy()
        for _ in range(2):  # twice is enough for orthogonality to the last bits
            for one in kept:
                left = left - one * float((weight * one * left).sum())
        norm = math.sqrt(float((weight * left * left).sum()))
        if norm > _NOTHING_NEW * size:
            kept.append(left / norm)
    return np.column_stack(kept)


_NOTHING_NEW: Final = 1e-7
"""Share of a column below which what it adds to the columns before it is rounding."""


def _redrawn(fitted: Smooth, weight: Vector, residual: Vector, number: int, seed: int) -> Vector:
    """Fits with coefficients drawn from their normal distribution, shape (redrawn, draws, columns).

    Outcomes keep the correlation of their residuals; `number` addresses the draws of a parameter.
    """
    basis = fitted.basis
    effective = 1.0 / float((weight * weight).sum())
    freedom = max(effective - basis.shape[1], 1.0)
    errors = np.einsum("di,dj->ij", weight[:, np.newaxis] * residual, residual) * (effective / freedom)
    spread = np.einsum("di,dj->ij", basis * (weight * weight)[:, np.newaxis], basis)
    size = basis.shape[1] * residual.shape[1]
    drawn = normals(REDRAWN, size, purpose=Purpose.REGRESSION, seed=seed, first=number * _COLUMNS_EACH)
    moved = np.einsum(
        "ia,nab,jb->nij", _half(spread), drawn.reshape(REDRAWN, basis.shape[1], residual.shape[1]), _half(errors)
    )
    made: Vector = fitted.fit + np.einsum("di,nij->ndj", basis, moved)
    return made


_COLUMNS_EACH: Final = 2**12
"""Columns of draws set aside for each parameter, more than any regression has coefficients."""


def _half(matrix: Vector) -> Vector:
    values, axes = np.linalg.eigh((matrix + matrix.T) / 2.0)
    made: Vector = axes * np.sqrt(np.maximum(values, 0.0))
    return made
