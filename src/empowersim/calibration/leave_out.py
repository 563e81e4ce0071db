"""Leave one study out: the honest score of a calibration.

A fit describes the rows it was fitted to. What it is worth elsewhere shows when all rows of a study are taken away, the
parameters are fitted again, and the rows are predicted. The rows of a study are left out together, because they share
people, place and programme.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from empowersim.calibration.evaluate import Evaluator
from empowersim.calibration.fit import UNDEFINED_Z, Fit, Progress, Refit, refit_together
from empowersim.calibration.fit import fit as fit_again
from empowersim.errors import SimulationError


@dataclass(frozen=True)
class Prediction:
    """A row, fitted with all studies and predicted without its own."""

    row: str
    group: str
    fitted: float
    """Simulated value in the row's own unit at the parameters fitted to all rows."""
    fitted_z: float
    predicted: float
    """The same at the parameters fitted without the row's study."""
    predicted_se: float
    """Standard error of the simulation."""
    predicted_z: float


@dataclass(frozen=True)
class Score:
    """How well rows are met, fitted and left out; a row that cannot be told counts as |z| = 10."""

    group: str
    """The study; empty for all together."""
    rows: int
    fitted: float
    """Mean |z| at the fit to all rows."""
    left_out: float
    """Mean |z| at the fit without the study."""
    fitted_within_2: float
    """Share of the rows with |z| up to 2, 0 to 1; a row that cannot be told is not within."""
    left_out_within_2: float


@dataclass(frozen=True)
class LeaveOneOut:
    """Predictions of every row without its own study."""

    predictions: tuple[Prediction, ...]
    groups: tuple[Score, ...]
    """One a study, in the order of the rows."""
    total: Score
    values: dict[str, dict[str, float]]
    """Study -> parameters fitted without it."""
    steps: int | None


def leave_one_out(
    fit: Fit,
    evaluator: Evaluator,
    *,
    steps: int | None = 1,
    maximum: int | None = None,
    tolerance: float = 1e-4,
    progress: Progress | None = None,
) -> LeaveOneOut:
    """Fit again without each study in turn and predict its rows.

    With `steps` (1 or more) the refit is approximate: it sets out from the full fit and takes that many Gauss-Newton
    steps with the derivatives of the full fit, mended only along the steps taken, within the bounds; the first is
    taken whatever it brings. The predictions themselves are always simulated at the refitted parameters, never
    extrapolated. Where the simulation is far from linear, the refit stops short of the optimum of the other studies,
    or overshoots it. In the first case the left-out study still has a hold on the parameters and its score is too
    good; so compare `steps=1` with `steps=3`, or with `steps=None`, which fits in full (`maximum` evaluations a study,
    `tolerance` and `progress` as in `fit.fit`) and depends on the left-out study only in that it starts from the full
    fit.

    What is not left out in either case: the form of the rules and the priors, which whoever chose them may have chosen
    with all studies in mind. Raises `SimulationError` if `steps` is below 1.
    """
    if steps is not None and steps < 1:
        raise SimulationError(f"steps: expected 1 or more, or None for full fits, found {steps}")
    problem = fit.problem
    groups = list(dict.fromkeys(problem.groups[row] for row in fit.fitted))
    kept = {group: tuple(row for row in fit.fitted if problem.groups[row] != group) for group in groups}
    if steps is None:
        fits = [
            fit_again(
                evaluator,
                rows=kept[group],
                start=fit.values,
                maximum=maximum,
                tolerance=tolerance,
                step=fit.step,
                progress=progress,
            )
            for group in groups
        ]
        points = [one.point for one in fits]
    else:
        everything = np.arange(len(problem.names))
        place = {row: at for at, row in enumerate(fit.fitted)}
        refits = []
        for group in groups:
            at = np.array([place[row] for row in kept[group]], dtype=np.int64)
            refits.append(
                Refit(
                    rows=kept[group],
                    jacobian=fit.jacobian[at],
                    free=everything,
                    distances=problem.scaled(fit.point),
                    z=fit.residuals[at],
                    step=fit.step,
                )
            )
        refit_together(evaluator, refits, steps, progress)
        points = [problem.unscaled(one.distances) for one in refits]
    simulated = [problem.judged(rows) for rows in evaluator(points)]
    by_group = dict(zip(groups, simulated, strict=True))
    predictions = []
    for row in fit.fitted:
        group = problem.groups[row]
        here, there = fit.rows[row], by_group[group][row]
        predictions.append(Prediction(row, group, here.value, here.z, there.value, there.se, there.z))
    return LeaveOneOut(
        predictions=tuple(predictions),
        groups=tuple(_score(group, [one for one in predictions if one.group == group]) for group in groups),
        total=_score("", predictions),
        values={group: problem.named(point) for group, point in zip(groups, points, strict=True)},
        steps=steps,
    )


def _score(group: str, predictions: list[Prediction]) -> Score:
    fitted = [_counted(one.fitted_z) for one in predictions]
    left_out = [_counted(one.predicted_z) for one in predictions]
    return Score(
        group=group,
        rows=len(predictions),
        fitted=_mean(fitted),
        left_out=_mean(left_out),
        fitted_within_2=_share_within(fitted),
        left_out_within_2=_share_within(left_out),
    )


def _counted(z: float) -> float:
    """|z| as the fit counts it: a row that cannot be told is far off, not left out of the mean."""
    return abs(z) if math.isfinite(z) else UNDEFINED_Z


def _mean(values: Iterable[float]) -> float:
    told = list(values)
    return math.fsum(told) / len(told) if told else math.nan


def _share_within(values: list[float]) -> float:
    return sum(value <= 2 for value in values) / len(values) if values else math.nan
