"""Search for the best mix under a yearly budget, and say how sure it is that it beats the obvious ones.

The order of work: the greedy baseline, the evolutionary search (begun from the balanced mix, each programme alone and
the greedy mix), both on the same futures; then a spread of the front and all baselines on held-out futures. The best
point is chosen before any held-out future is looked at, so what is said of it there is free of the winner's curse.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from empowersim.errors import SimulationError
from empowersim.experiments.asked import whole_number
from empowersim.experiments.executors import available_threads, map_replicates
from empowersim.experiments.mix_evaluate import MEASURES, Candidate, Evaluator, Mapper, better_of
from empowersim.experiments.mix_fields import Search
from empowersim.experiments.mix_journal import MixJournal
from empowersim.experiments.mix_plan import Baselines, MixPlan, counted_of, plan_mix
from empowersim.experiments.mix_report import report
from empowersim.experiments.mix_result import Optimisation, misses
from empowersim.experiments.mix_search import Searched, evolve, greedy
from empowersim.experiments.mix_space import COMMUNITY, MENTORS, Mix, allocate
from empowersim.experiments.statistics import Vector
from empowersim.results.tables import COST, COST_DISCOUNTED

Progress = Callable[[int, int, str], None]

JOURNAL: Final = "evaluations.journal"
"""File in the folder of results that holds every evaluation."""


def execute_mix(
    made: MixPlan,
    *,
    folder: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    executor: Any = None,
    progress: Progress | None = None,
) -> Optimisation:
    """Run a search; with a `folder` evaluations are written to its journal, and what stands there is not made again.

    `threads` None means all cores; `executor` (from `experiments.executors.make_executor`) carries out the futures
    instead. The result depends on neither, nor on how often the search was stopped. Raises `StoreError` for a journal
    of other inputs, `SimulationError` where no mix keeps the constraints.
    """
    from empowersim.scenario.compile import compile_scenario
    from empowersim.scenario.worlds import in_world

    search, done = made.search, 0
    cores = whole_number("threads", threads if threads is not None else available_threads(), 1)
    loaded = search.scenario.scenario()
    compiled = compile_scenario(in_world(loaded, search.worlds[0]))

    def told(steps: int) -> None:
        nonlocal done
        done += steps
        if progress is not None:
            progress(min(done, made.steps), made.steps, "simulating")

    path = None if folder is None else os.path.join(folder, JOURNAL)
    with MixJournal(made.identity, path) as journal:
        evaluator = Evaluator(
            changeable=search.scenario,
            space=search.space,
            reference=search.reference,
            worlds=search.worlds,
            households=search.households,
            months=search.months,
            burn_in=loaded.settings.burn_in,
            seed=loaded.settings.seed,
            discount_rate=loaded.settings.discount_rate,
            mapper=_mapper(executor, cores),
            journal=journal,
            told=told,
        )
        told(0)
        baselines = _baselines(made, loaded, compiled.place, evaluator)
        found = _evolved(made, evaluator, baselines)
        result = report(made, found, baselines, evaluator, compiled.represents)
    told(made.steps)
    return result


def optimise(
    path: str | os.PathLike[str],
    *,
    members: Sequence[Mapping[str, float]] = (),
    weights: Sequence[float] | None = None,
    survey: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    executor: Any = None,
    progress: Progress | None = None,
    **changed: Any,
) -> Optimisation:
    """Plan and run a search: `plan_mix`, then `execute_mix`."""
    made = plan_mix(path, members=members, weights=weights, survey=survey, **changed)
    return execute_mix(made, folder=folder, threads=threads, executor=executor, progress=progress)


def _mapper(executor: Any, threads: int) -> Mapper:
    """Work on an executor, or on threads of this process."""
    if executor is not None:

        def elsewhere(work: Callable[[Any], Any], jobs: Sequence[Any]) -> Iterator[Any]:
            yield from executor.in_order(work, jobs)

        return elsewhere
    return lambda work, jobs: map_replicates(work, jobs, threads)


# ---------------------------------------------------------------- what the search is begun from and held against


def _baselines(made: MixPlan, loaded: Any, place: Any, evaluator: Evaluator) -> Baselines:
    """The balanced mix, each programme alone, the greedy mix; and where the search begins."""
    search, space, notes = made.search, made.search.space, []
    balanced: Candidate = space.equal()
    as_mix = space.equal()
    if search.balanced:
        asked = _money_of(loaded.policies[search.balanced], place)
        outside = sorted(set(asked) - set(space.names))
        scaled = allocate(
            [asked.get(name, 0.0) for name in space.names],
            space.units,
            space.least().units,
            [space.units] * len(space.items),
            [1] * len(space.items),
            only=True,
        )
        as_mix = space.of_units(scaled)
        total = sum(asked.values())
        if outside or abs(total - space.budget) <= space.unit:
            balanced = search.balanced
            if outside:
                notes.append(f"{search.balanced} also pays for {', '.join(outside)}, which no mix of the search may.")
        else:
            balanced = as_mix
            notes.append(
                f"{search.balanced} asks for {total / 1e9:.4g} billion IDR a year; it stands here at the "
                f"budget of the search, {space.budget / 1e9:.4g} billion, in the same proportions."
            )
    alone = {
        item.name: space.alone(number)
        for number, item in enumerate(space.items)
        if item.name != MENTORS and not item.name.startswith(COMMUNITY)
    }

    def main_and_cost(mixes: Sequence[Mix]) -> tuple[Vector, Vector]:
        cube = evaluator.figures(mixes, made.looked)
        value = [-better_of(search.main) * counted_of(made, one, search.main) for one in cube]
        return np.array(value), np.array([counted_of(made, one, COST_DISCOUNTED) for one in cube])

    path = greedy(space, main_and_cost, slices=search.slices)
    return Baselines(balanced, as_mix, alone, path[-1], tuple(notes))


def _money_of(policy: Any, place: Any) -> dict[str, float]:
    """Item -> IDR a year that a policy of the scenario asks for."""
    from empowersim.scenario.compile import plan_mentors

    found = {one.name: float(one.cost_per_year) for one in policy.programmes}
    found |= {COMMUNITY + one.name: float(one.budget or 0.0) for one in policy.community}
    if policy.mentors.any:
        found[MENTORS] = float(policy.mentors.budget or plan_mentors(policy, place).cost)
    return found


def _evolved(made: MixPlan, evaluator: Evaluator, baselines: Baselines) -> Searched:
    search = made.search

    def score(mixes: Sequence[Mix]) -> tuple[Vector, Vector]:
        cube = evaluator.figures(mixes, made.looked)
        objectives = [[-better_of(name) * counted_of(made, one, name) for name in search.objectives] for one in cube]
        missed = [
            misses(search.limits, {name: counted_of(made, one, name) for name in (COST, *MEASURES)}, made.money)
            for one in cube
        ]
        return np.array(objectives), np.array(missed)

    bounds = 1 + sum((limit.at_least is not None) + (limit.at_most is not None) for limit in search.limits)
    starts = [baselines.as_mix, search.space.equal(), *baselines.alone.values(), baselines.greedy]
    found = evolve(
        search.space,
        score,
        shape=(len(search.objectives), bounds),
        evaluations=search.evaluations,
        population=search.generation,
        seed=search.seed,
        starts=list({mix.key: mix for mix in starts if _within(search, mix)}.values()),
    )
    if not found.front:
        nearest = int(found.misses.max(axis=1).argmin())
        raise SimulationError(
            f"constraints: expected a mix that keeps all of them and the budget, found none among {len(found.mixes)}; "
            f"the nearest misses one by {found.misses[nearest].max():.3f}: loosen a bound, or search longer"
        )
    return found


def _within(search: Search, mix: Mix) -> bool:
    """Whether a mix lies in the space of the search: a policy of the scenario may not."""
    return search.space.decode(search.space.encode(mix)).units == mix.units


__all__ = ["JOURNAL", "MixPlan", "execute_mix", "optimise", "plan_mix"]
