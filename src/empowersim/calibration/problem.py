"""What is fitted to what: parameters with priors, rows with residuals, and the simulation between them.

The machinery of this folder knows no study. Whoever calibrates gives a `Problem`; its two functions turn parameter
values into simulated rows, and simulated rows into z.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import ParameterError, SimulationError

Vector = NDArray[np.float64]

RANGES_A_PRIOR: Final = 4.0
"""Prior standard deviations between the bounds of a passport."""


class Simulated(NamedTuple):
    """One row as the simulation gives it, in the row's own unit; NaN where it cannot be told."""

    value: float
    se: float
    """Standard error of the simulation itself."""


class Row(NamedTuple):
    """One row at given parameters: the simulated value, its standard error, and z."""

    value: float
    se: float
    z: float
    """(simulated - target) over the scale of the comparison; NaN for a row without a residual."""


Simulate = Callable[[dict[str, float]], Mapping[str, Any]]
Residuals = Callable[[Mapping[str, Simulated]], Mapping[str, float]]


@dataclass(frozen=True)
class Problem:
    """A calibration, ready to be run. All sequences over parameters have the length and order of `names`.

    `simulate` takes parameter values by name and returns every row as (value, standard error). It must be a pure
    function (the same values give the same numbers on any process) and, with more than one worker, picklable.
    `residuals` takes rows as `Simulated` and returns z by row; it may give z for more rows than are fitted.
    Raises `ParameterError` if the parts do not fit together.
    """

    names: tuple[str, ...]
    start: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    prior_mean: tuple[float, ...]
    prior_sd: tuple[float, ...]
    rows: tuple[str, ...]
    """Rows that are fitted."""
    groups: Mapping[str, str]
    """Fitted row -> its study: what is left out together."""
    simulate: Simulate
    residuals: Residuals
    seed: int = 0
    """Seed of the simulation; only recorded here, `simulate` must use it itself."""
    version: str = ""
    """Digest of all else that the simulated numbers depend on: program, fixed parameters, studies, households."""

    def __post_init__(self) -> None:
        for what in ("start", "lower", "upper", "prior_mean", "prior_sd"):
            if len(getattr(self, what)) != len(self.names):
                raise ParameterError(f"{what}: expected {len(self.names)} numbers, found {len(getattr(self, what))}")
        for what in ("names", "rows"):
            if len(set(getattr(self, what))) != len(getattr(self, what)):
                raise ParameterError(f"{what}: expected each name once, found a name twice")
        if not self.names:
            raise ParameterError("names: expected one parameter or more, found none")
        for name, start, lower, upper, mean, sd in zip(
            self.names, self.start, self.lower, self.upper, self.prior_mean, self.prior_sd, strict=True
        ):
            if not -math.inf < lower < upper < math.inf:
                raise ParameterError(f"{name}: expected finite bounds, lower below upper, found {lower:g} to {upper:g}")
            if not lower <= start <= upper:
                raise ParameterError(f"{name}: expected a start from {lower:g} to {upper:g}, found {start:g}")
            if not (sd > 0.0 and math.isfinite(sd) and math.isfinite(mean)):
                raise ParameterError(f"{name}: expected a prior with a spread above 0, found mean {mean:g}, sd {sd:g}")
        homeless = [row for row in self.rows if row not in self.groups]
        if homeless:
            raise ParameterError(f"groups: expected a study for every row, found none for {', '.join(homeless)}")

    # --- parameters in units of their priors: u = (value - prior mean) / prior sd ---

    def point(self, values: Mapping[str, float]) -> Vector:
        """Return parameter values as a vector in the order of `names`, in their own units."""
        return np.array([float(values[name]) for name in self.names])

    def named(self, point: Vector) -> dict[str, float]:
        """Return a vector of parameters, in their own units, as values by name."""
        return {name: float(value) for name, value in zip(self.names, point, strict=True)}

    def scaled(self, point: Vector) -> Vector:
        """Return a vector in own units as distances from the prior mean in prior standard deviations."""
        result: Vector = (point - np.array(self.prior_mean)) / np.array(self.prior_sd)
        return result

    def unscaled(self, distances: Vector) -> Vector:
        """Turn distances in prior standard deviations into own units, held within the bounds."""
        values = np.array(self.prior_mean) + np.array(self.prior_sd) * distances
        return np.clip(values, self.lower, self.upper)

    def scaled_bounds(self) -> tuple[Vector, Vector]:
        """Return the bounds in prior standard deviations from the prior mean, two vectors."""
        return self.scaled(np.array(self.lower)), self.scaled(np.array(self.upper))

    def penalty(self, point: Vector) -> float:
        """Return the prior's part of the loss: sum of squared distances from the prior means in prior sd."""
        return math.fsum(self.scaled(point) ** 2)

    # --- rows ---

    def z(self, simulated: Mapping[str, Simulated]) -> dict[str, float]:
        """Return z of all rows that have one; `SimulationError` if a fitted row has none."""
        found = {row: float(z) for row, z in self.residuals(simulated).items()}
        missing = [row for row in self.rows if row not in found]
        if missing:
            raise SimulationError(f"residuals: expected z for every fitted row, found none for {', '.join(missing)}")
        return found

    def judged(self, simulated: Mapping[str, Simulated]) -> dict[str, Row]:
        """Return every simulated row with its z, in the order of the simulation; then rows that are only a z."""
        z = self.z(simulated)
        nothing = Simulated(math.nan, math.nan)
        names = dict.fromkeys([*simulated, *z])
        return {row: Row(*simulated.get(row, nothing), z.get(row, math.nan)) for row in names}


def passport_priors(names: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Return start, lower, upper, prior_mean and prior_sd of shipped parameters, as `Problem` takes them.

    A passport gives a uniform distribution over its bounds. A least-squares fit needs a normal one: it stands around
    the value before this fit (the passport's `prior`, else its value), and its standard deviation is a quarter of the
    distance between the bounds.
    """
    from empowersim.parameters import check_override, passports

    known = passports()
    for name in names:
        check_override(name, known[name].value if name in known else math.nan)
    chosen = [known[name] for name in names]
    return {
        "start": tuple(one.value for one in chosen),
        "lower": tuple(one.lower for one in chosen),
        "upper": tuple(one.upper for one in chosen),
        "prior_mean": tuple(one.value if one.prior is None else one.prior for one in chosen),
        "prior_sd": tuple((one.upper - one.lower) / RANGES_A_PRIOR for one in chosen),
    }
