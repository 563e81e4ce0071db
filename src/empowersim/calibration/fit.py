"""The fit: parameters within their bounds that make the squared z of the rows and of the prior smallest.

The loss is ``sum z^2 + sum u^2``, where z are the residuals of the fitted rows and u the distances of the parameters
from their prior means in prior standard deviations: minus twice the log posterior, up to a constant. It is made
smallest by the trust-region method of ``scipy.optimize.least_squares``, in units of u.

A simulation with common random numbers is smooth only piece by piece: between two neighbouring floats some household
falls on the other side of a threshold. Derivatives are therefore differences over a step that is wide against these
pieces and narrow against the prior, 0.1 prior standard deviations unless asked otherwise.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from empowersim.calibration.evaluate import Evaluator, Told
from empowersim.calibration.journal import Rows, key_of
from empowersim.calibration.problem import Problem, Row, Vector
from empowersim.errors import SimulationError

STEP: Final = 0.1
"""Width of a difference quotient, prior standard deviations."""

UNDEFINED_Z: Final = 10.0
"""z of a row that cannot be told at some point of the search (a share of nobody); it pushes the search away."""

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]

Progress = Callable[[int, float, float], None]
"""Called after each evaluation: its number, the lowest chi2 so far, seconds left at most (NaN if unknown)."""


@dataclass(frozen=True)
class Fit:
    """Where a fit ended, and what the rows say there."""

    problem: Problem
    values: dict[str, float]
    """Parameters, in their own units."""
    chi2: float
    """Sum of z^2 over the fitted rows."""
    penalty: float
    """Sum of u^2, the prior's part of the loss."""
    rows: dict[str, Row]
    """All simulated rows, fitted or not."""
    fitted: tuple[str, ...]
    """Rows that counted in the fit."""
    jacobian: Matrix
    """Shape (fitted rows, parameters): change of z for a change of one prior standard deviation; 0 for the
    parameters that were held fixed."""
    step: float
    """Width of the difference quotients in `jacobian`, prior standard deviations."""
    evaluations: int
    """Different parameter vectors that the fit asked for, whether simulated or read from the journal."""
    converged: bool
    message: str

    @property
    def loss(self) -> float:
        """Minus twice the log posterior, up to a constant."""
        return self.chi2 + self.penalty

    @property
    def point(self) -> Vector:
        """Parameters as a vector in the order of `Problem.names`, in their own units."""
        return self.problem.point(self.values)

    @property
    def residuals(self) -> Vector:
        """z of the fitted rows, in their order."""
        return without_gaps(np.array([self.rows[row].z for row in self.fitted], dtype=np.float64))


class _Spent(Exception):  # noqa: N818
    """The evaluations that were allowed are used up."""


@dataclass
class _Walk:
    """The evaluations of one fit: counted, limited, told about."""

    evaluator: Evaluator
    rows: tuple[str, ...]
    maximum: int | None
    progress: Progress | None
    seen: dict[str, Rows] = field(default_factory=dict)
    best: tuple[float, float] = (math.inf, math.nan)
    """Lowest loss and the chi2 there."""
    number: int = 0
    fresh: int = 0
    began: float = field(default_factory=time.monotonic)

    def __call__(self, points: Sequence[Vector]) -> list[Vector]:
        """Return z of the fitted rows at each point, NaN where it cannot be told.

        `_Spent` if that takes more evaluations than allowed.
        """
        keys = [key_of(point) for point in points]
        if self.maximum is not None and len(set(self.seen) | set(keys)) > self.maximum:
            raise _Spent
        new = {key: point for key, point in zip(keys, points, strict=True) if key not in self.seen}

        def told(key: str, rows: Rows, fresh: bool) -> None:
            self.fresh += fresh
            self._tell(new[key], rows)

        self.seen.update(zip(new, self.evaluator(list(new.values()), told), strict=True))
        return [self.z(key) for key in keys]

    def z(self, key: str) -> Vector:
        problem = self.evaluator.problem
        return residual_vector(problem.z(self.seen[key]), self.rows)

    def _tell(self, point: Vector, rows: Rows) -> None:
        problem = self.evaluator.problem
        chi2 = sum_of_squares(without_gaps(residual_vector(problem.z(rows), self.rows)))
        self.best = min(self.best, (chi2 + problem.penalty(point), chi2))
        self.number += 1
        if self.progress is None:
            return
        left = math.nan
        if self.maximum is not None and self.fresh:
            left = (time.monotonic() - self.began) / self.fresh * (self.maximum - self.number)
        self.progress(self.number, self.best[1], left)


def fit(
    evaluator: Evaluator,
    *,
    rows: Sequence[str] | None = None,
    start: Mapping[str, float] | None = None,
    fixed: Mapping[str, float] | None = None,
    step: float = STEP,
    central: bool = False,
    maximum: int | None = None,
    tolerance: float = 1e-4,
    progress: Progress | None = None,
) -> Fit:
    """Fit the parameters of the evaluator's problem.

    `rows` (None: all of the problem) are fitted, from `start` (None: that of the problem), with the parameters of
    `fixed` held at their values. `step` is the width of a difference quotient in prior standard deviations; `central`
    takes it to both sides, at twice the evaluations. The search ends when a step promises to lower the loss by a share
    of less than `tolerance`, or moves the parameters by a share of less than its square root; at most `maximum`
    different parameter vectors are asked for, and a fit that runs out of them returns the last point that it knows
    the derivatives of, not converged.

    A fit asks for the same points in the same order however often it is stopped and resumed. Raises `SimulationError`
    if `maximum` does not allow one set of derivatives, or a fitted row cannot be told at the start.
    """
    from scipy.optimize import least_squares

    problem = evaluator.problem
    fitted = tuple(problem.rows if rows is None else rows)
    if not 0.0 < tolerance < 1.0 or not step > 0.0:
        raise SimulationError(f"expected a tolerance between 0 and 1 and a step above 0, found {tolerance:g}, {step:g}")
    origin = problem.scaled(problem.point({**problem.named(np.array(problem.start)), **(start or {}), **(fixed or {})}))
    begin = problem.unscaled(origin)  # as the search will ask for it, to the last bit
    free = np.array([at for at, name in enumerate(problem.names) if name not in (fixed or {})], dtype=np.int64)
    needed = 1 + free.size * (2 if central else 1)
    if maximum is not None and maximum < needed:
        raise SimulationError(f"maximum: expected {needed} evaluations or more, found {maximum}")
    walk = _Walk(evaluator, fitted, maximum, progress)
    _check_start(walk, begin)
    low, high = problem.scaled_bounds()
    known: dict[str, Matrix] = {}
    last: list[Vector] = []

    def whole(distances: Vector) -> Vector:
        moved = origin.copy()
        moved[free] = distances
        return moved

    def residuals(distances: Vector) -> Vector:
        moved = whole(distances)
        return np.concatenate([without_gaps(walk([problem.unscaled(moved)])[0]), moved[free]])

    def jacobian(distances: Vector) -> Matrix:
        moved = whole(distances)
        made = difference_quotients(problem, walk, moved, free, step, central)
        known[key_of(problem.unscaled(moved))] = made
        last[:] = [moved]
        stacked: Matrix = np.vstack([made[:, free], np.eye(free.size)])
        return stacked

    converged, message = False, f"stopped after the {maximum} evaluations that were allowed"
    try:
        if free.size:
            found = least_squares(
                residuals,
                origin[free],
                jacobian,
                bounds=(low[free], high[free]),
                method="trf",
                ftol=tolerance,
                xtol=math.sqrt(tolerance),
                gtol=tolerance,
                max_nfev=_NO_LIMIT,
            )
            converged, message = found.status > 0, _ENDS.get(int(found.status), str(found.message))
            end = whole(found.x)
        else:
            walk([begin])
            known[key_of(begin)] = np.zeros((len(fitted), len(problem.names)))
            end, converged, message = origin, True, "no parameter was free"
    except _Spent:
        end = last[0]
    point = problem.unscaled(end)
    judged = problem.judged(walk.seen[key_of(point)])
    return Fit(
        problem=problem,
        values=problem.named(point),
        chi2=sum_of_squares(without_gaps(walk.z(key_of(point)))),
        penalty=problem.penalty(point),
        rows=judged,
        fitted=fitted,
        jacobian=known[key_of(point)],
        step=step,
        evaluations=len(walk.seen),
        converged=bool(converged),
        message=message,
    )


_ENDS: Final = {
    1: "the loss is flat",
    2: "further steps promise no lower loss",
    3: "steps have become short",
    4: "further steps promise no lower loss, and have become short",
}
_NO_LIMIT: Final = 10**9  # evaluations are limited by `_Walk`, which counts those of the derivatives, too


def difference_quotients(
    problem: Problem,
    z_at: Callable[[Sequence[Vector]], list[Vector]],
    distances: Vector,
    free: Any,
    step: float,
    central: bool,
) -> Matrix:
    """Return the derivatives of z, shape (rows, parameters), 0 in the columns that are not `free`.

    All points are asked for at once, so that they are simulated side by side. A step that would leave the bounds is
    taken to the other side. A row that cannot be told on one side counts as flat.
    """
    low, high = problem.scaled_bounds()
    points = [problem.unscaled(distances)]
    for at in free:
        for side in _sides(distances[at], step, low[at], high[at], central):
            moved = distances.copy()
            moved[at] += side
            points.append(problem.unscaled(moved))
    found = z_at(points)
    scaled = [problem.scaled(point) for point in points]
    made = np.zeros((found[0].size, distances.size))
    following = 1
    for at in free:
        count = len(_sides(distances[at], step, low[at], high[at], central))
        ends = [following, following + 1] if count == 2 else [0, following]
        following += count
        width = scaled[ends[1]][at] - scaled[ends[0]][at]
        change = found[ends[1]] - found[ends[0]]
        made[:, at] = np.where(np.isfinite(change), change / width, 0.0)
    return made


def _sides(at: float, step: float, low: float, high: float, central: bool) -> list[float]:
    """Return the steps to take from a place between bounds: forward or both ways; where that leaves them, one way."""
    forward, backward = high - at, at - low
    if central and min(forward, backward) >= step:
        return [-step, step]
    if forward >= step:
        return [step]
    if backward >= step:
        return [-step]
    return [forward] if forward >= backward else [-backward]


def linear_step(
    jacobian: Matrix, z: Vector, distances: Vector, bounds: tuple[Vector, Vector], free: Any, held: Vector
) -> Vector:
    """Return where the loss would be smallest within the bounds if z were linear around a point.

    `jacobian` has the shape (rows, parameters), `z` (rows,), the rest (parameters,) in prior standard deviations. The
    parameters in `free` (indices) are chosen; the others go to their values in `held`.
    """
    from scipy.optimize import lsq_linear

    moved = held.copy()
    if not len(free):
        return moved
    moved[free] = 0.0  # the prior means, where the distances of the free ones are counted from
    part = jacobian[:, free]
    system = np.vstack([part, np.eye(len(free))])
    aim = np.concatenate([-z - jacobian @ (moved - distances), np.zeros(len(free))])
    low, high = bounds
    moved[free] = lsq_linear(system, aim, bounds=(low[free], high[free]), method="bvls", max_iter=_SWAPS * len(free)).x
    return moved


_SWAPS: Final = 100  # exchanges between free and bound, for each parameter


@dataclass
class Refit:
    """A fit to other rows, or with other parameters fixed, that sets out from a full fit and uses its derivatives."""

    rows: tuple[str, ...]
    jacobian: Matrix
    """Shape (rows, parameters); at first of the full fit."""
    free: Any
    """Indices of the parameters that may move."""
    distances: Vector
    """Where it stands, prior standard deviations."""
    z: Vector
    """z of `rows` where it stands (at first: where the full fit ended)."""
    step: float
    """Steps at least this wide, in prior standard deviations, mend `jacobian`."""
    held: Vector | None = None
    """Where the parameters that are not free are held, in a vector of all; None: where they are."""
    loss: float = math.inf
    """At first infinite: the first step is always taken."""
    halvings: int = 0
    moving: bool = True


def refit_together(evaluator: Evaluator, refits: Sequence[Refit], steps: int, progress: Progress | None = None) -> None:
    """Move several refits by `steps` Gauss-Newton steps each, simulating them side by side; changes `refits`.

    Each step goes to the optimum of the linear model within the bounds and is simulated there. The first is always
    taken. After a later one that does not lower the loss, the next is half as long. Each step that is wide enough
    mends the derivatives along its direction. `progress` is told chi2 over the
    problem's rows, those that a refit leaves out with them.
    """
    problem = evaluator.problem
    told = counting(problem, problem.rows, steps * len(refits), progress)
    bounds = problem.scaled_bounds()
    for _ in range(steps):
        active = [one for one in refits if one.moving]
        targets = [_target(one, bounds) for one in active]
        points = [problem.unscaled(target) for target in targets]
        for one, target, point, rows in zip(active, targets, points, evaluator(points, told), strict=True):
            z = without_gaps(residual_vector(problem.z(rows), one.rows))
            loss = sum_of_squares(z) + problem.penalty(point)
            moved = target - one.distances
            _mend(one, moved, z - one.z)
            if loss < one.loss:
                one.moving = math.isinf(one.loss) or float(np.max(np.abs(moved))) > _STANDSTILL
                one.distances, one.z, one.loss, one.halvings = target, z, loss, 0
            else:
                one.halvings += 1
                one.moving = one.halvings <= _HALVINGS


def _target(refit: Refit, bounds: tuple[Vector, Vector]) -> Vector:
    held = refit.distances if refit.held is None else refit.held
    step = linear_step(refit.jacobian, refit.z, refit.distances, bounds, refit.free, held) - refit.distances
    return refit.distances + step / 2.0**refit.halvings


def _mend(refit: Refit, moved: Vector, change: Vector) -> None:
    """Make the derivatives agree with a step just simulated (Broyden 1965), unless it was too narrow to trust."""
    square = float(moved @ moved)
    if square >= refit.step**2:
        refit.jacobian = refit.jacobian + np.outer(change - refit.jacobian @ moved, moved) / square


_STANDSTILL: Final = 1e-3
_HALVINGS: Final = 4


def counting(problem: Problem, rows: Sequence[str], total: int, progress: Progress | None) -> Told | None:
    """Return a callback for evaluations outside a fit that tells `progress` about each; `total` of them are to come."""
    if progress is None:
        return None
    tell, began = progress, time.monotonic()
    number, fresh, lowest = 0, 0, math.inf

    def told(key: str, simulated: Rows, is_fresh: bool) -> None:
        nonlocal number, fresh, lowest
        number, fresh = number + 1, fresh + is_fresh
        lowest = min(lowest, sum_of_squares(without_gaps(residual_vector(problem.z(simulated), rows))))
        left = (time.monotonic() - began) / fresh * max(total - number, 0) if fresh else math.nan
        tell(number, lowest, left)

    return told


def residual_vector(z: Mapping[str, float], rows: Sequence[str]) -> Vector:
    """Return z of `rows` as a vector in their order, NaN where it cannot be told."""
    return np.array([z[row] for row in rows], dtype=np.float64)


def without_gaps(z: Vector) -> Vector:
    """Return z with `UNDEFINED_Z` in place of what cannot be told."""
    return np.where(np.isfinite(z), z, UNDEFINED_Z)


def sum_of_squares(z: Vector) -> float:
    """Return the exact sum of squares of a vector."""
    return math.fsum(z * z)


def _check_start(walk: _Walk, begin: Vector) -> None:
    walk([begin])
    z = walk.z(key_of(begin))
    unknown = [row for row, one in zip(walk.rows, z, strict=True) if not math.isfinite(one)]
    if unknown:
        raise SimulationError(
            f"rows: expected a number for every fitted row at the start, found none for {', '.join(unknown)}; "
            "leave them out, or start elsewhere"
        )
