"""What each supporting or inhibiting factor accounts for: the world without it, on the same futures.

One factor is taken away at a time (`scenario.factors.without`), everything else stays: the same households, the same
draws. Its contribution is the value with the factor minus the value without, future by future, with a 95 % Student t
interval. What works before the policies begin (illness, shocks, market) is absent from the burn-in, too, so the
contribution of such a factor is that of a world that never knew it.

Contributions do not add up: two factors may each matter only where the other is at work.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.inputs import Policy
from empowersim.engine.outputs import Run
from empowersim.experiments.asked import (
    SEEDS,
    english_title,
    known_name,
    known_policy,
    loaded_scenario,
    survey_digest,
    whole_number,
)
from empowersim.experiments.compare import Progress
from empowersim.experiments.executors import available_threads, map_replicates
from empowersim.experiments.reduce import outcome_values
from empowersim.experiments.statistics import mean, t_interval
from empowersim.results.factors import IDLE, MEASURABLE, NOT_MEASURABLE, FactorTable
from empowersim.results.provenance import program_digest, run_id
from empowersim.results.tables import (
    COST,
    EXITS,
    LEVELS,
    MORE_LEVELS,
    OUTCOMES,
    VISITS_PER_CLIENT,
    YEARS_AVERTED,
    Table,
)

Vector = NDArray[np.float64]

REPLICATES: Final = 10
HOUSEHOLDS: Final = 10_000
"""Size of an analysis, if nothing else is asked: seconds for each factor."""

ANALYSED: Final = (*LEVELS, *MORE_LEVELS, VISITS_PER_CLIENT, COST, YEARS_AVERTED, EXITS)
"""Outcomes that are looked at."""

_AT: Final = np.array([list(OUTCOMES).index(name) for name in ANALYSED])


@dataclass(frozen=True)
class FactorPlan:
    """A factor analysis that is asked for and checked, but not yet run."""

    scenario: Any
    compiled: Any
    policy: str
    reference: str
    factors: tuple[str, ...]
    replicates: int
    households: int
    months: int
    burn_in: int
    seed: int
    inputs: Mapping[str, Any]
    run_id: str


def ablate(
    scenario: Any,
    policy: str | None = None,
    *,
    factors: Sequence[str] | None = None,
    replicates: int | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> FactorTable:
    """Take the factors of a scenario (a loaded one, or the path of a file) away one at a time.

    `policy` None means the last one of the file that has mentors, or the last; `factors` None means all that the
    scenario does not switch off itself; `replicates` and `households` None mean 10 and 10,000, other sizes stand in the
    scenario. `threads` None means all cores; the result does not depend on it. Raises what `compare` raises.
    """
    made = plan_factors(
        scenario,
        policy,
        factors=factors,
        replicates=replicates,
        households=households,
        months=months,
        seed=seed,
    )
    return execute_factors(made, threads=threads, progress=progress)


def plan_factors(
    scenario: Any,
    policy: str | None = None,
    *,
    factors: Sequence[str] | None = None,
    replicates: int | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
) -> FactorPlan:
    """Check what is asked, as in `ablate`, and give it its `run_id`, without simulating anything."""
    from empowersim.parameters import digest
    from empowersim.parameters.factors import factors as registry
    from empowersim.scenario.compile import compile_scenario

    loaded = loaded_scenario(scenario)
    compiled = compile_scenario(loaded)
    own = loaded.settings
    counts = {
        "replicates": whole_number("replicates", replicates if replicates is not None else REPLICATES, 1),
        "households": whole_number("households", households if households is not None else HOUSEHOLDS, 1),
        "months": whole_number("months", months if months is not None else own.months, 1),
        "burn_in": whole_number("burn_in", own.burn_in, 0),
        "seed": whole_number("seed", seed if seed is not None else own.seed, 0, SEEDS - 1),
    }
    known = list(loaded.policies)
    chosen = known_policy(policy, known, "policy") if policy is not None else mentored_policy(compiled.policies)
    wanted = (
        set(registry())
        if factors is None
        else {known_name(name, registry(), "factors", "a factor") for name in factors}
    )
    names = tuple(name for name in registry() if name in wanted and name not in compiled.factors_off)
    inputs = {
        "experiment": "factors",
        "scenario": loaded.digest,
        "survey": survey_digest(loaded),
        "parameters": digest(compiled.parameters),
        "program": program_digest(),
        "policy": chosen,
        "reference": str(loaded.reference),
        "factors": list(names),
        **counts,
    }
    return FactorPlan(
        scenario=loaded,
        compiled=compiled,
        policy=chosen,
        reference=str(loaded.reference),
        factors=names,
        inputs=inputs,
        run_id=run_id(inputs),
        **counts,
    )


def mentored_policy(policies: Mapping[str, Policy]) -> str:
    """Return the name of the last policy that has mentors, or of the last one if none has."""
    mentored = [name for name, policy in policies.items() if policy.mentors.posts > 0.0]
    return (mentored or list(policies))[-1]


def execute_factors(made: FactorPlan, *, threads: int | None = None, progress: Progress | None = None) -> FactorTable:
    """Run a plan; `threads` None means all cores. The result does not depend on `threads`."""
    from empowersim.parameters.factors import factors as registry

    cores = whole_number("threads", threads if threads is not None else available_threads(), 1)
    worlds = _Worlds(made)

    def told() -> Iterable[_Future]:
        if progress is not None:
            progress(0, made.replicates, "simulating")
        done = map_replicates(worlds.future, range(made.replicates), min(cores, made.replicates))
        for count, future in enumerate(done, start=1):
            if progress is not None:
                progress(count, made.replicates, "simulating")
            yield future

    futures = list(told())
    loaded, known = made.scenario, registry()
    return FactorTable(
        scenario=str(loaded.name),
        title=english_title(loaded.title, str(loaded.name)),
        policy=made.policy,
        reference=made.reference,
        policy_label=dict(loaded.labels.get(made.policy, {})),
        reference_label=dict(loaded.labels.get(made.reference, {})),
        seed=made.seed,
        replicates=made.replicates,
        households=made.households,
        represents=made.compiled.represents,
        months=made.months,
        burn_in=made.burn_in,
        factors=made.factors,
        labels={name: dict(known[name].label) for name in made.factors},
        directions={name: known[name].direction for name in made.factors},
        already_off=tuple(made.compiled.factors_off),
        price_year=getattr(loaded, "price_year", None),
        notes=futures[0].notes,
        run_id=made.run_id,
        inputs=made.inputs,
        tables=tables_of(
            made.factors, {name: known[name].direction for name in made.factors}, [one.values for one in futures]
        ),
    )


@dataclass(frozen=True)
class _Future:
    values: Vector
    """Shape (1 + factors, 2, len(ANALYSED)): under the policy and the reference; row 0 has all factors."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _World:
    """What a factor leaves behind, and what of it must be simulated again."""

    compiled: Any
    policy: Policy
    reference: Policy
    own_world: bool
    """Households, parameters or villages differ, so that the years before the policies differ, too."""
    own_travel: bool


class _Worlds:
    """The worlds without each factor, and how a future of all of them is simulated with as little as possible.

    A factor that only changes what a policy does shares the start, and the burn-in, of the world as it is; one that
    leaves a policy as it is shares its run.
    """

    def __init__(self, made: FactorPlan) -> None:
        from empowersim.scenario.factors import without

        self._made = made
        self._whole = self._world(made.compiled)
        self._without = [self._world(without(made.compiled, [name])) for name in made.factors]

    def _world(self, compiled: Any) -> _World:
        base = self._made.compiled
        return _World(
            compiled=compiled,
            policy=compiled.policies[self._made.policy],
            reference=compiled.policies[self._made.reference],
            own_world=compiled.parameters != base.parameters or dict(compiled.village) != dict(base.village),
            own_travel=compiled.travel != base.travel,
        )

    def future(self, replicate: int) -> _Future:
        """Simulate one future of every world and reduce it."""
        made, whole = self._made, self._whole
        rate = float(made.scenario.settings.discount_rate)
        population = made.compiled.population(made.households, made.seed, replicate)
        shared = [whole.reference, whole.policy]
        for world in self._without:
            if not world.own_world and not world.own_travel:
                shared += [one for one in (world.reference, world.policy) if one not in shared]
        runs = self._simulate(whole.compiled, population, shared, replicate)

        def reduced(policy: Run, reference: Run) -> Vector:
            pair = (outcome_values(policy, reference, rate), outcome_values(reference, reference, rate))
            return np.array(pair)[:, _AT]

        def of_shared(policy: Policy) -> Run:
            return runs[shared.index(policy)]

        values = [reduced(of_shared(whole.policy), of_shared(whole.reference))]
        for world in self._without:
            if world.own_world:
                people = world.compiled.population(made.households, made.seed, replicate)
                wanted = [world.reference, world.policy]
                reference, policy = self._simulate(world.compiled, people, wanted, replicate)
            elif world.own_travel:
                # only mentors travel
                wanted = [one for one in (world.reference, world.policy) if one.mentors.posts > 0.0]
                again = self._simulate(world.compiled, population, wanted, replicate)
                reference, policy = (
                    again[wanted.index(one)] if one in wanted else of_shared(one)
                    for one in (world.reference, world.policy)
                )
            else:
                reference, policy = of_shared(world.reference), of_shared(world.policy)
            values.append(reduced(policy, reference))
        return _Future(np.array(values), tuple(population.notes))

    def _simulate(self, compiled: Any, population: Any, policies: Sequence[Policy], replicate: int) -> list[Run]:
        from empowersim.engine.simulate import simulate

        if not policies:
            return []
        made = self._made
        return simulate(
            population,
            policies,
            travel=compiled.travel,
            parameters=compiled.parameters,
            months=made.months,
            burn_in=made.burn_in,
            seed=made.seed,
            replicate=replicate,
            threads=1,
        )


def tables_of(factors: Sequence[str], directions: Mapping[str, str], futures: Sequence[Vector]) -> dict[str, Table]:
    """Turn futures, each of shape (1 + factors, 2, len(ANALYSED)), into the tables of a factor analysis."""
    cube = np.stack(futures)  # futures, worlds, policy and reference, outcomes
    rows: list[tuple[Any, ...]] = []
    for place, name in enumerate(factors, start=1):
        for column, outcome in enumerate(ANALYSED):
            whole, without = cube[:, 0, :, column], cube[:, place, :, column]
            change = whole[:, 0] - without[:, 0]
            estimate = t_interval(change)
            effect = t_interval((whole[:, 0] - whole[:, 1]) - (without[:, 0] - without[:, 1]))
            with_mean, without_mean = mean(whole[:, 0]), mean(without[:, 0])
            relative = with_mean / without_mean if without_mean not in {0.0} else math.nan
            levels = (with_mean, without_mean, *estimate, relative, *effect)
            status = _status(change, estimate.low, estimate.high)
            rows.append((name, directions[name], outcome, OUTCOMES[outcome].unit, *levels, status))
    single = [
        (name, future, outcome, OUTCOMES[outcome].unit, *cube[future, place, :, column].tolist())
        for place, name in enumerate(["", *factors])
        for future in range(cube.shape[0])
        for column, outcome in enumerate(ANALYSED)
    ]
    return {"factors": Table.from_rows("factors", rows), "factor_futures": Table.from_rows("factor_futures", single)}


def _status(change: Vector, low: float, high: float) -> str:
    """Whether a change can be told from zero; a change that exists nowhere (no clients at all) is idle."""
    present = change[~np.isnan(change)]
    if not present.any():
        return IDLE
    return MEASURABLE if low > 0.0 or high < 0.0 else NOT_MEASURABLE
