"""The futures that a decision is made from: only what it needs of each, so that thousands fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from empowersim.errors import SimulationError
from empowersim.experiments.asked import known_name
from empowersim.experiments.compare import Plan, plan
from empowersim.experiments.decision_draws import Purpose, uniforms
from empowersim.experiments.economics import by_year
from empowersim.experiments.executors import map_replicates
from empowersim.experiments.reduce import outcome_values
from empowersim.experiments.statistics import Vector
from empowersim.parameters import SURVEYS, SWITCH, check_override, passports, uncertain
from empowersim.scenario.load import digest_of


@dataclass(frozen=True)
class ParameterDraws:
    """Sets of parameter values, each as likely as its weight says."""

    source: str
    """`ensemble` (members of a calibration) or `passports` (independent, uniform over the bounds)."""
    values: tuple[Mapping[str, float], ...]
    """A draw each: parameter -> value. Parameters that are not named keep the value of the scenario."""
    weights: tuple[float, ...]
    """Add up to 1."""

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters that vary, in the order of the draws."""
        return tuple(self.values[0]) if self.values else ()

    @property
    def effective(self) -> float:
        """1 / sum of squared weights: as many equally weighted draws say as much."""
        return 1.0 / sum(weight * weight for weight in self.weights)


def weighted_draws(source: str, values: Sequence[Mapping[str, float]], weights: Sequence[float]) -> ParameterDraws:
    """Return checked draws, with weights made to add up to 1.

    Raises `SimulationError` for no draws, weights that do not fit, or draws that name different parameters, and
    `ParameterError` for an unknown parameter or a value out of its bounds.
    """
    total = float(sum(weights))
    if not values or len(values) != len(weights) or min(weights) < 0 or not total > 0:
        raise SimulationError(
            f"draws: expected as many weights of 0 or more as draws, found {len(weights)} for {len(values)}"
        )
    for one in values:
        if list(one) != list(values[0]):
            raise SimulationError("draws: expected the same parameters in all draws, found others")
        for name, value in one.items():
            check_override(name, value)
    return ParameterDraws(source, tuple(dict(one) for one in values), tuple(weight / total for weight in weights))


def passport_draws(count: int, *, seed: int, names: Sequence[str] | None = None) -> ParameterDraws:
    """Draw parameters independently, uniform over the bounds of their passports.

    `names` None means all that a household's life depends on: no errors of surveys, no switches, and none of the
    definitions by which outcomes are measured (topic `outcomes`), which are chosen and not unknown. Draw i is the same
    in a larger number of draws of the same seed. Raises `SimulationError` for an unknown name.
    """
    known = {name: one for name, one in passports().items() if one.topic != SURVEYS and one.distribution != SWITCH}
    chosen = (
        [name for name, one in known.items() if uncertain(one)]
        if names is None
        else [known_name(name, known, "parameters", "a parameter") for name in names]
    )
    place = {name: at for at, name in enumerate(passports())}
    drawn = np.column_stack(
        [
            known[name].lower + (known[name].upper - known[name].lower) * column
            for name, column in zip(
                chosen,
                uniforms(count, len(place), purpose=Purpose.PARAMETERS, seed=seed)[
                    :, [place[name] for name in chosen]
                ].T,
                strict=True,
            )
        ]
    )
    values = [dict(zip(chosen, row, strict=True)) for row in drawn.tolist()]
    return weighted_draws("passports", values, [1.0] * count)


class Future(NamedTuple):
    """What a decision needs of one future; rows are policies."""

    values: Vector
    """Shape (policies, outcomes), outcomes as in `results.tables.OUTCOMES`."""
    budget: Vector
    """Shape (policies, years): rupiah spent in each year, undiscounted, for all households that are represented."""
    represents: float
    households: int
    notes: tuple[str, ...]


def simulated(
    jobs: Sequence[tuple[Plan, int]], cores: int, told: Callable[[int], None] | None = None
) -> Iterator[Future]:
    """Simulate the futures (plan, replicate), in the order of the jobs, whatever `cores`; `told` counts them."""
    streamed = any(made.streamed for made, _ in jobs)
    pool = 1 if streamed else min(cores, max(len(jobs), 1))
    inner = cores if pool == 1 else 1
    for done, found in enumerate(map_replicates(lambda job: _future(job[0], job[1], inner), jobs, pool), start=1):
        if told is not None:
            told(done)
        yield found


def _future(made: Plan, replicate: int, threads: int) -> Future:
    chosen = [made.compiled.policies[name] for name in made.policies]
    common: dict[str, Any] = {
        "travel": made.compiled.travel,
        "parameters": made.compiled.parameters,
        "months": made.months,
        "burn_in": made.burn_in,
        "seed": made.seed,
        "replicate": replicate,
        "threads": threads,
    }
    base = made.policies.index(made.reference)
    people: Any
    if made.streamed:
        from empowersim.engine.stream import simulate_stream

        people = made.compiled.streamed(made.households, made.seed, replicate)
        runs = simulate_stream(people, chosen, reference=base, **common)
    else:
        from empowersim.engine.simulate import simulate

        people = made.compiled.population(made.households, made.seed, replicate)
        runs = simulate(people, chosen, **common)
    rate = float(made.scenario.settings.discount_rate)
    return Future(
        values=np.array([outcome_values(run, runs[base], rate) for run in runs]),
        budget=np.array([by_year(run.cost) for run in runs]),
        represents=float(runs[base].represents),
        households=int(runs[base].households),
        notes=tuple(people.notes),
    )


def plan_with(made: Plan, values: Mapping[str, float]) -> Plan:
    """Return the plan with drawn parameters; what the scenario file sets itself stands."""
    scenario = made.scenario
    changed = replace(scenario, parameters={**values, **scenario.parameters})
    return plan(
        replace(changed, digest=digest_of(changed)),
        policies=made.policies,
        reference=made.reference,
        replicates=made.replicates,
        households=made.households,
        months=made.months,
        seed=made.seed,
    )
