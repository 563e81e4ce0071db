"""What the evidence says about the parameters around a fit, and what it leaves open.

Near its optimum the loss is close to a quadratic, so the posterior is close to a normal distribution with precision
``J'J + I`` in prior standard deviations (Laplace approximation, Gauss-Newton form: the curvature of the simulation
itself is left out), cut off at the bounds. An ensemble draws from it, simulates each member, and gives each the weight
by which the true posterior differs from the approximation there. The effective size says how well that went: if it
is far below the number of members, the approximation is poor and few members carry the ensemble.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from empowersim.calibration.evaluate import Evaluator
from empowersim.calibration.fit import (
    Fit,
    Matrix,
    Progress,
    Refit,
    counting,
    refit_together,
    residual_vector,
    sum_of_squares,
    without_gaps,
)
from empowersim.calibration.problem import Problem, Vector
from empowersim.errors import ParameterError, SimulationError

SEEDS: Final = 2**32
SWEEPS: Final = 60
"""Sweeps of the Gibbs sampler before a member is taken."""

IDENTIFIED: Final = 0.5
WEAKLY: Final = 0.8
"""Posterior over prior standard deviation: below the first a parameter is identified, above the second it is not."""

DIRECTIONS: Final = 3
_SHOWN_LOADING: Final = 0.3


# --- the Laplace approximation ---


@dataclass(frozen=True)
class Laplace:
    """The normal approximation of the posterior, in prior standard deviations from the prior means.

    `centre` is where the quadratic has its minimum. At a converged fit inside the bounds that is the fit itself; where
    a bound holds the fit back it lies outside the bounds, so that the density falls away from the bound as it should.
    """

    problem: Problem
    centre: Vector
    precision: Matrix
    covariance: Matrix
    """Before the bounds cut it off."""

    def own_covariance(self) -> Matrix:
        """Return the covariance in the parameters' own units, shape (parameters, parameters)."""
        sd = np.array(self.problem.prior_sd)
        made: Matrix = self.covariance * np.outer(sd, sd)
        return made

    def distance(self, scaled: Vector) -> float:
        """Minus twice the log density at a point in prior standard deviations, up to a constant."""
        away = scaled - self.centre
        return float(away @ self.precision @ away)


def laplace(fit: Fit) -> Laplace:
    """Return the normal approximation of the posterior around a fit."""
    scaled = fit.problem.scaled(fit.point)
    precision: Matrix = fit.jacobian.T @ fit.jacobian + np.eye(scaled.size)
    inverse = np.linalg.inv(precision)
    covariance: Matrix = (inverse + inverse.T) / 2.0
    gradient = fit.jacobian.T @ fit.residuals + scaled
    return Laplace(fit.problem, scaled - covariance @ gradient, precision, covariance)


def draw(approximation: Laplace, begin: Vector, size: int, seed: int) -> Matrix:
    """Draw from the approximation within the bounds, shape (size, parameters), in prior standard deviations.

    Gibbs sampling, one chain a member from `begin` (a point within the bounds), along the principal axes and along the
    parameters by turns: along its principal axes a normal distribution needs one sweep, so only the bounds make the
    further ones necessary.
    """
    from empowersim.rng import Kind, uniforms

    low, high = approximation.problem.scaled_bounds()
    _, axes = np.linalg.eigh(approximation.precision)
    directions = np.vstack([axes.T, np.eye(begin.size)])
    state = np.repeat(np.clip(begin, low, high)[np.newaxis, :], size, axis=0)
    for sweep in range(SWEEPS):
        uniform = uniforms(size, len(directions), kind=Kind.ENSEMBLE, purpose=sweep, seed=seed)
        for number, direction in enumerate(directions):
            slope = approximation.precision @ direction
            curvature = float(direction @ slope)
            middle = -((state - approximation.centre) @ slope) / curvature
            least, most = _reach(state, direction, low, high)
            moved = _normal_between(uniform[:, number], middle, 1.0 / math.sqrt(curvature), least, most)
            state = np.clip(state + moved[:, np.newaxis] * direction, low, high)
    return state


def _reach(state: Matrix, direction: Vector, low: Vector, high: Vector) -> tuple[Vector, Vector]:
    """Return how far each row of `state` may go along a direction, backwards and forwards, within the bounds."""
    moving = np.abs(direction) > np.finfo(np.float64).eps
    to_low = (low - state)[:, moving] / direction[moving]
    to_high = (high - state)[:, moving] / direction[moving]
    return np.minimum(np.minimum(to_low, to_high).max(axis=1), 0.0), np.maximum(
        np.maximum(to_low, to_high).min(axis=1), 0.0
    )


def _normal_between(uniform: Vector, mean: Vector, sd: float, low: Vector, high: Vector) -> Vector:
    """Return normals between `low` and `high` by inversion, in logarithms so that far tails stay exact."""
    from scipy.special import log_ndtr, ndtri_exp

    least, most = (low - mean) / sd, (high - mean) / sd
    turned = least > 0.0  # the upper tail has no digits left: take the lower one and turn the sign
    a, b = np.where(turned, -most, least), np.where(turned, -least, most)
    log_a, log_b = log_ndtr(a), log_ndtr(b)
    with np.errstate(divide="ignore", under="ignore"):
        inside = log_b + np.log(uniform + (1.0 - uniform) * np.exp(log_a - log_b))
    drawn = np.clip(ndtri_exp(np.minimum(inside, 0.0)), a, b)
    result: Vector = np.clip(mean + sd * np.where(turned, -drawn, drawn), low, high)
    return result


# --- the ensemble ---


@dataclass(frozen=True)
class Member:
    """One set of parameters of an ensemble."""

    values: dict[str, float]
    chi2: float
    penalty: float
    weight: float
    """Importance weight, 0 to 1; those of an ensemble add up to 1."""


@dataclass(frozen=True)
class Ensemble:
    """Sets of parameters that the evidence allows, as a weighted sample of the posterior."""

    members: tuple[Member, ...]
    effective_size: float
    """1 / sum of squared weights: as many equally weighted draws of the posterior say as much."""
    seed: int


def ensemble(fit: Fit, evaluator: Evaluator, size: int, seed: int = 0, *, progress: Progress | None = None) -> Ensemble:
    """Draw `size` members around a fit, simulate each (side by side, through the journal) and weight it.

    The weight is likelihood times prior over the density of the Laplace approximation, made to add up to 1. Member i
    is the same in a larger ensemble of the same seed (0 to 2^32 - 1). Raises `SimulationError` if `size` is not 1 or
    more.
    """
    if size < 1 or not 0 <= seed < SEEDS:
        raise SimulationError(f"expected an ensemble of 1 or more and a seed from 0 to {SEEDS - 1}, not {size}, {seed}")
    problem = fit.problem
    approximation = laplace(fit)
    drawn = draw(approximation, problem.scaled(fit.point), size, seed)
    points = [problem.unscaled(one) for one in drawn]
    told = counting(problem, fit.fitted, size, progress)
    found = []
    for point, rows in zip(points, evaluator(points, told), strict=True):
        chi2 = sum_of_squares(without_gaps(residual_vector(problem.z(rows), fit.fitted)))
        found.append((point, chi2, problem.penalty(point)))
    logs = [(approximation.distance(problem.scaled(point)) - chi2 - penalty) / 2.0 for point, chi2, penalty in found]
    most = max(logs)
    heights = [math.exp(one - most) for one in logs]
    total = math.fsum(heights)
    weights = [one / total for one in heights]
    return Ensemble(
        members=tuple(
            Member(problem.named(point), chi2, penalty, weight)
            for (point, chi2, penalty), weight in zip(found, weights, strict=True)
        ),
        effective_size=1.0 / math.fsum(one * one for one in weights),
        seed=seed,
    )


# --- identifiability ---


@dataclass(frozen=True)
class Identified:
    """How much the evidence says about one parameter, in the Laplace approximation before the bounds cut it off."""

    name: str
    prior_sd: float
    posterior_sd: float
    """In the parameter's own unit, as `prior_sd`."""
    ratio: float
    """Posterior over prior standard deviation, 0 to 1; 1 = the evidence says nothing."""
    contraction: float
    """1 - ratio^2: share of the prior variance that the evidence takes away."""
    ratio_alone: float
    """The same ratio if all other parameters were known. Low while `ratio` is high: confounded with the partner."""
    partner: str
    """The parameter with the strongest posterior correlation; empty if there is no other."""
    correlation: float
    status: str
    """`identified` (ratio below 0.5), `weakly` (up to 0.8) or `not identified`."""


@dataclass(frozen=True)
class Direction:
    """A combination of parameters that the evidence leaves open."""

    ratio: float
    """Posterior over prior standard deviation along it, 0 to 1."""
    loadings: tuple[tuple[str, float], ...]
    """Parameters and their parts of a vector of length 1 in prior standard deviations, the largest first; parts below
    0.3 are left out, unless all are."""


@dataclass(frozen=True)
class Identifiability:
    """What the evidence says about each parameter, and the combinations it says least about."""

    parameters: tuple[Identified, ...]
    directions: tuple[Direction, ...]
    """At most three, least known first, among the parameters that the evidence responds to at all (`ratio_alone` up
    to 0.8); a parameter without any influence on the evidence is no combination."""


def identifiability(fit: Fit) -> Identifiability:
    """Tell for each parameter whether the evidence identifies it, and which combinations it does not identify."""
    problem = fit.problem
    covariance = laplace(fit).covariance
    ratios = np.sqrt(np.diag(covariance))
    alone = 1.0 / np.sqrt(1.0 + np.sum(fit.jacobian**2, axis=0))
    correlation = covariance / np.outer(ratios, ratios)
    found = []
    for at, name in enumerate(problem.names):
        others = np.abs(correlation[at]).copy()
        others[at] = -1.0
        partner = int(np.argmax(others)) if others.size > 1 else -1
        ratio, sd = float(ratios[at]), float(problem.prior_sd[at])
        found.append(
            Identified(
                name=name,
                prior_sd=sd,
                posterior_sd=ratio * sd,
                ratio=ratio,
                contraction=1.0 - ratio * ratio,
                ratio_alone=float(alone[at]),
                partner=problem.names[partner] if partner >= 0 else "",
                correlation=float(correlation[at, partner]) if partner >= 0 else 0.0,
                status=_status(ratio),
            )
        )
    return Identifiability(tuple(found), _directions(problem, covariance, alone <= WEAKLY))


def _status(ratio: float) -> str:
    return "identified" if ratio < IDENTIFIED else "weakly" if ratio <= WEAKLY else "not identified"


def _directions(problem: Problem, covariance: Matrix, responding: Any) -> tuple[Direction, ...]:
    places = np.flatnonzero(responding)
    if not places.size:
        return ()
    values, vectors = np.linalg.eigh(covariance[np.ix_(places, places)])
    made = []
    for number in reversed(range(max(0, places.size - DIRECTIONS), places.size)):
        vector = vectors[:, number]
        vector = vector * math.copysign(1.0, vector[int(np.argmax(np.abs(vector)))])
        order = sorted(range(places.size), key=lambda at: (-abs(vector[at]), at))
        shown = [at for at in order if abs(vector[at]) >= _SHOWN_LOADING] or order[:DIRECTIONS]
        loadings = tuple((problem.names[places[at]], float(vector[at])) for at in shown)
        made.append(Direction(math.sqrt(max(float(values[number]), 0.0)), loadings))
    return tuple(made)


# --- profiles ---


@dataclass(frozen=True)
class ProfilePoint:
    """The lowest loss found with one parameter held at a value."""

    value: float
    chi2: float
    penalty: float
    values: dict[str, float]
    """All parameters."""


def profile(
    fit: Fit, evaluator: Evaluator, name: str, grid: Sequence[float], *, steps: int = 2
) -> tuple[ProfilePoint, ...]:
    """Hold one parameter at each value of `grid` and fit the others again, `steps` Gauss-Newton steps each.

    The derivatives are those of the fit, mended along the steps taken, so far from the fit the loss found is an upper
    bound of the profile; `fit.fit` with `fixed` gives it in full. Raises `ParameterError` if the parameter or a value
    does not exist, `SimulationError` if `steps` is not 1 or more.
    """
    problem = fit.problem
    if name not in problem.names:
        raise ParameterError(f"name: expected a fitted parameter ({', '.join(problem.names)}), found {name!r}")
    at = problem.names.index(name)
    outside = [value for value in grid if not problem.lower[at] <= value <= problem.upper[at]]
    if outside:
        raise ParameterError(
            f"{name}: expected values from {problem.lower[at]:g} to {problem.upper[at]:g}, found {outside[0]:g}"
        )
    if steps < 1:
        raise SimulationError(f"steps: expected 1 or more, found {steps}")
    begin = problem.scaled(fit.point)
    free = np.array([other for other in range(begin.size) if other != at], dtype=np.int64)
    refits = []
    for value in grid:
        held = begin.copy()
        held[at] = (value - problem.prior_mean[at]) / problem.prior_sd[at]
        refits.append(Refit(fit.fitted, fit.jacobian, free, begin, fit.residuals, fit.step, held))
    refit_together(evaluator, refits, steps)
    points = [(one, problem.unscaled(one.distances)) for one in refits]
    return tuple(
        ProfilePoint(float(value), sum_of_squares(one.z), problem.penalty(point), problem.named(point))
        for value, (one, point) in zip(grid, points, strict=True)
    )
