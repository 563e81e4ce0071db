"""The evidence base as a calibration problem: which parameters, which rows, and the studies between them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from empowersim.calibration.problem import Problem, Simulated, passport_priors
from empowersim.errors import ParameterError
from empowersim.evidence.base import mappings, targets
from empowersim.evidence.judge import judge
from empowersim.evidence.simulated import simulate_rows, studies_digest
from empowersim.parameters import parameters, passports
from empowersim.trials.run import Value


@dataclass(frozen=True)
class SimulateEvidence:
    """Parameter values -> simulated rows; picklable, and a pure function of the values."""

    rows: tuple[str, ...]
    seed: int
    size: float

    def __call__(self, values: Mapping[str, float]) -> dict[str, tuple[float, float]]:
        """Simulate the rows on one thread; values outside their bounds raise `ParameterError`."""
        found = simulate_rows(self.rows, parameters(values), seed=self.seed, size=self.size)
        nothing = Value(math.nan, math.nan)
        numbers = {row: one if isinstance(one := found.get(row), Value) else nothing for row in self.rows}
        return {row: (one.value, one.se) for row, one in numbers.items()}


def z_of(simulated: Mapping[str, Simulated]) -> dict[str, float]:
    """z by row of the simulated rows, by the scale of the evidence base."""
    known, mapped = targets(), mappings()
    found = {}
    for row, (value, se) in simulated.items():
        verdict = judge(known[row], mapped[row], value, se)
        found[row] = math.nan if verdict.z is None else verdict.z
    return found


def fitted_rows() -> tuple[str, ...]:
    """Numeric rows that enter the fit."""
    return tuple(row for row, one in mappings().items() if one.fitted and not one.predicate)


def fitted_parameters() -> tuple[str, ...]:
    """Parameters whose passports say `fitted`."""
    return tuple(name for name, passport in passports().items() if passport.status == "fitted")


def evidence_problem(
    *,
    names: Sequence[str] | None = None,
    rows: Sequence[str] | None = None,
    seed: int = 1,
    size: float = 1.0,
) -> Problem:
    """The calibration of `names` (None: all parameters that are fitted) to `rows` (None: all that are fitted).

    `size` scales the villages of every study, `seed` is that of the studies. Raises `ParameterError` for unknown names
    or rows.
    """
    chosen = tuple(names) if names is not None else fitted_parameters()
    wanted = tuple(rows) if rows is not None else fitted_rows()
    table = mappings()
    unknown = [row for row in wanted if row not in table or not table[row].simulated or table[row].predicate]
    if unknown:
        raise ParameterError(f"rows: expected numeric rows that a study simulates, found {', '.join(unknown)}")
    priors = passport_priors(chosen)
    return Problem(
        names=chosen,
        start=priors["start"],
        lower=priors["lower"],
        upper=priors["upper"],
        prior_mean=priors["prior_mean"],
        prior_sd=priors["prior_sd"],
        rows=wanted,
        groups={row: table[row].group for row in wanted},
        simulate=SimulateEvidence(wanted, seed, size),
        residuals=z_of,
        seed=seed,
        version=_version(chosen, wanted, size),
    )


def unfitted() -> dict[str, Any]:
    """`Parameters` that were not fitted, by what they are: at the centres of priors, in the middle of bounds."""
    fitted = [one for one in passports().values() if one.status == "fitted"]
    return {
        "nothing fitted, parameters at the centres of their priors": parameters(
            {one.name: one.value if one.prior is None else one.prior for one in fitted}
        ),
        "nothing fitted, parameters in the middle of their bounds": parameters(
            {one.name: 0.5 * (one.lower + one.upper) for one in fitted}
        ),
    }


def _version(names: Sequence[str], rows: Sequence[str], size: float) -> str:
    """Digest of what the rows depend on beside the fitted values: studies, program, fixed parameters."""
    fixed = {name: passport.value for name, passport in passports().items() if name not in names}
    text = studies_digest(rows, size) + "".join(f"{name}={value!r}" for name, value in sorted(fixed.items()))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
