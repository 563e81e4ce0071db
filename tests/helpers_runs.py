"""Hand-made runs and comparisons for tests of results, statistics and fronts: no simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from empowersim.engine.outputs import HOURS, MEASURE_ROW, MEASURES, MENTOR_SERIES, Run
from empowersim.experiments.factors import ANALYSED, tables_of
from empowersim.experiments.reduce import reduce_runs
from empowersim.experiments.summary import summarise
from empowersim.results.comparison import Comparison
from empowersim.results.factors import FactorTable
from empowersim.results.provenance import run_id


def make_run(
    policy: str = "nothing",
    replicate: int = 0,
    *,
    months: int = 24,
    end: list[float] | None = None,
    start: list[float] | None = None,
    size: list[float] | None = None,
    region: list[int] | None = None,
    touched: list[bool] | None = None,
    level: float = 0.2,
    cost_per_month: float = 0.0,
    poor: float = 100.0,
    stage: list[int] | None = None,
    mentors: dict[str, float] | None = None,
    hours: dict[str, float] | None = None,
    mentor_cost: float = 0.0,
    community_cost: float = 0.0,
    partner_cost: float = 0.0,
) -> Run:
    """One run of eight households; every measure stands at `level` in every month.

    `mentors` (by MENTOR_SERIES) and `hours` (by HOURS) are the same every month, as are the costs.
    """
    start = start if start is not None else [0.6, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0]
    n = len(start)
    end = end if end is not None else list(start)
    programmes = ("skills",) if cost_per_month else ()
    flow = np.full((len(programmes), months), 1.0)
    villages = ("road",) if community_cost else ()

    def steady(names: tuple[str, ...], given: dict[str, float] | None) -> np.ndarray:
        return np.array([[(given or {}).get(name, 0.0)] * months for name in names])

    return Run(
        policy=policy,
        replicate=replicate,
        months=months,
        represents=1000.0,
        households=n,
        monthly=np.full((len(MEASURES), months), level),
        programme_names=programmes,
        places_offered=10 * flow,
        places_filled=8 * flow,
        applicants=30 * flow,
        enrolled=20 * flow,
        programme_cost=cost_per_month * flow,
        hours=steady(HOURS, hours),
        mentor_cost=np.full(months, mentor_cost),
        mentors=steady(MENTOR_SERIES, mentors),
        community_names=villages,
        community_cost=np.full((len(villages), months), community_cost),
        partner_cost=np.full(months, partner_cost),
        poor_household_months=np.full(months, poor),
        household_id=np.arange(n, dtype=np.int64),
        region=np.array(region if region is not None else [0] * (n // 2) + [2] * (n - n // 2), dtype=np.int32),
        subdistrict=np.zeros(n, dtype=np.int32),
        size=np.array(size if size is not None else [4.0] * n, dtype=np.float32),
        start_consumption=np.array(start, dtype=np.float32),
        end_consumption=np.array(end, dtype=np.float32),
        touched=np.array(touched if touched is not None else [False] * n),
        stage=np.array(stage if stage is not None else [0] * n, dtype=np.int8),
    )


def with_measure(run: Run, name: str, values: np.ndarray) -> Run:
    monthly = run.monthly.copy()
    monthly[MEASURE_ROW[name]] = values
    return replace(run, monthly=monthly)


def make_comparison(
    futures: list[list[Run]],
    *,
    reference: str = "nothing",
    scenario: str = "toy",
    seed: int = 1,
    ends: list[int] | None = None,
    **changes: object,
) -> Comparison:
    """A comparison of the runs of each future (policies in one order in all of them)."""
    policies = tuple(run.policy for run in futures[0])
    band = 0.01
    place = policies.index(reference)
    reduced = [
        reduce_runs(runs, place, band=band, discount_rate=0.03, notes=("made by hand",), ends=ends) for runs in futures
    ]
    tables, first = summarise(iter(reduced), reference)
    inputs = {"scenario": scenario, "seed": seed, "policies": list(policies)}
    made = Comparison(
        scenario=scenario,
        title="Toy",
        seed=seed,
        replicates=len(futures),
        households=first.households,
        represents=first.represents,
        months=futures[0][0].months,
        burn_in=0,
        policies=policies,
        reference=reference,
        all_policies=policies,
        labels={name: {"en": f"{name} (en)", "id": f"{name} (id)"} for name in policies},
        discount_rate=0.03,
        unchanged_band=band,
        price_year=2024,
        notes=first.notes,
        assumed=(3, 10),
        run_id=run_id(inputs),
        inputs=inputs,
        tables=tables,
    )
    return replace(made, **changes)


def toy(replicates: int = 5, policies: tuple[str, ...] = ("skills", "mix")) -> Comparison:
    """`nothing` against policies that each help a little more; noise shared between policies."""
    futures = []
    for future in range(replicates):
        shared = 0.20 + 0.01 * ((future * 7) % 5)
        runs = [make_run("nothing", future, level=shared, poor=1000 * shared)]
        for number, name in enumerate(policies, start=1):
            own = 0.001 * ((future * 3 + number) % 4)
            level = shared - 0.01 * number - own
            start = [0.6, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0]
            end = [value * (1.1 if place < number + 1 else 1.0) for place, value in enumerate(start)]
            end[-1] *= 0.9
            runs.append(
                make_run(
                    name,
                    future,
                    level=level,
                    poor=1000 * level,
                    cost_per_month=2e9,
                    end=end,
                    touched=[place < number + 1 for place in range(8)],
                )
            )
        futures.append(runs)
    return make_comparison(futures)


def make_factors(
    changes: dict[str, list[tuple[float, float]]], *, scenario: str = "toy", seed: int = 1, **more: object
) -> FactorTable:
    """A factor analysis in which each factor changes all outcomes by (contribution, contribution to effect) a future.

    With all factors every outcome stands at 0.5 under the policy and 0.6 under the reference.
    """
    futures = []
    for future in range(len(next(iter(changes.values())))):
        cube = np.empty((1 + len(changes), 2, len(ANALYSED)))
        cube[0, 0], cube[0, 1] = 0.5, 0.6
        for place, steps in enumerate(changes.values(), start=1):
            level, effect = steps[future]
            cube[place, 0] = 0.5 - level
            cube[place, 1] = 0.6 - level + effect
        futures.append(cube)
    directions = {name: "inhibits" if place % 2 == 0 else "supports" for place, name in enumerate(changes)}
    inputs = {"scenario": scenario, "seed": seed, "factors": list(changes)}
    made = FactorTable(
        scenario=scenario,
        title="Toy",
        policy="mix",
        reference="nothing",
        policy_label={"en": "mix (en)", "id": "mix (id)"},
        reference_label={"en": "nothing (en)", "id": "nothing (id)"},
        seed=seed,
        replicates=len(futures),
        households=8,
        represents=1000.0,
        months=24,
        burn_in=0,
        factors=tuple(changes),
        labels={name: {"en": f"{name} (en)", "id": f"{name} (id)"} for name in changes},
        directions=directions,
        already_off=(),
        price_year=2024,
        notes=("made by hand",),
        run_id=run_id(inputs),
        inputs=inputs,
        tables=tables_of(tuple(changes), directions, futures),
    )
    return replace(made, **more)
