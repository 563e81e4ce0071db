"""Compare policies on the same futures: levels, paired differences, winners and losers, money.

A future (replicate) is one draw of households and of everything that happens to them. All policies
live through the same futures, so a difference between two policies is the policies' doing. Each
future is reduced to small tables at once; no household of a finished future stays in memory.

Definitions
-----------
value of an outcome in a future
    mean of the last twelve months of the horizon (of all months if there are fewer); months in which
    a measure does not exist are left out. `cost` is the total over the horizon.
intervals
    95 % Student t over futures; a difference is taken future by future and has its own interval.
probability of being better
    plain share of the futures simulated, a tie counting half.
cost per household-year out of poverty
    (cost - cost of the reference) / (household-years of poverty fewer than under the reference), as a ratio of
    means over futures with Fieller's interval. Not told where the years won are not distinguishable from
    zero, where they are fewer, and for the reference itself.
winners and losers
    households whose consumption, in the mean of the last twelve months, differs from their own under the
    reference in the same future by more than the parameter `unchanged_band`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.outputs import HOURS, MEASURES, Run
from empowersim.errors import SimulationError
from empowersim.experiments.economics import (
    RESULTS,
    change_codes,
    discounted,
    household_groups,
    household_years_averted,
    total,
    welfare_groups,
)
from empowersim.experiments.executors import available_threads, map_replicates
from empowersim.experiments.statistics import (
    MONTHS_A_YEAR,
    RunningMoments,
    best_shares,
    fieller,
    paired,
    t_interval,
)
from empowersim.results.comparison import Comparison
from empowersim.results.provenance import file_digest, program_digest, run_id
from empowersim.results.tables import COST, COST_DISCOUNTED, COST_PER_YEAR, LEVELS, OUTCOMES, YEARS_AVERTED, Table

__all__ = ["Comparison", "Plan", "Progress", "compare", "execute", "plan", "simulate", "summarise"]

Vector = NDArray[np.float64]

Progress = Callable[[int, int, str], None]
"""Called with futures done, futures in all, and what is being done."""

_SEEDS: Final = 2**32

POOLED_HOUSEHOLDS: Final = 200_000
"""Up to this many households, whole futures share the cores; above, the blocks of one future do (memory)."""

_PROGRAMME_FIGURES: Final = (
    ("places_offered", "households"),
    ("places_filled", "households"),
    ("applicants", "households"),
    ("enrolled", "households"),
    ("cost", "IDR"),
)
_MENTOR_FIGURES: Final = (*((f"hours_{use}", "hours") for use in HOURS), ("cost", "IDR"))
_WINNER_FIGURES: Final = (
    ("households", "share of all households"),
    *((name, "share of the group") for name in RESULTS),
    ("any_change", "share of the group"),
    ("change", "L/month"),
)


def compare(
    scenario: Any,
    *,
    policies: Sequence[str] | None = None,
    reference: str | None = None,
    replicates: int | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare the policies of a scenario (a loaded one, or the path of a file) on the same futures.

    `policies` picks some by name (the reference always comes along); `reference` is the policy the others
    are compared with. What is None stands in the scenario file; `threads` None means all cores. The result
    does not depend on `threads`. Raises `ScenarioError`, `PopulationError`, `ParameterError` or
    `SimulationError`.
    """
    made = plan(
        scenario,
        policies=policies,
        reference=reference,
        replicates=replicates,
        households=households,
        months=months,
        seed=seed,
    )
    return execute(made, threads=threads, progress=progress)


def simulate(
    scenario: Any,
    policy: str | None = None,
    *,
    replicates: int | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Simulate one policy (default: the reference of the file): its levels, paths and ledger, with intervals.

    The result is a `Comparison` of a single policy, so it has no differences and no winners.
    """
    loaded = _loaded(scenario)
    name = policy if policy is not None else str(loaded.reference)
    made = plan(
        loaded,
        policies=[name],
        reference=name,
        replicates=replicates,
        households=households,
        months=months,
        seed=seed,
    )
    return execute(made, threads=threads, progress=progress)


@dataclass(frozen=True)
class Plan:
    """A comparison that is asked for and checked, but not yet run."""

    scenario: Any
    compiled: Any
    policies: tuple[str, ...]
    reference: str
    replicates: int
    households: int | None
    """None: each household of a survey once."""
    months: int
    burn_in: int
    seed: int
    inputs: Mapping[str, Any]
    run_id: str


def plan(
    scenario: Any,
    *,
    policies: Sequence[str] | None = None,
    reference: str | None = None,
    replicates: int | None = None,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
) -> Plan:
    """Check what is asked, as in `compare`, and give it its `run_id`, without simulating anything."""
    from empowersim.parameters import digest
    from empowersim.scenario.compile import compile_scenario

    loaded = _loaded(scenario)
    known = list(loaded.policies)
    chosen_reference = _known(reference, known, "reference") if reference is not None else str(loaded.reference)
    wanted = known if policies is None else [_known(name, known, "policies") for name in policies]
    names = tuple(name for name in known if name in wanted or name == chosen_reference)
    own = loaded.settings
    counts = {
        "replicates": _whole("replicates", replicates if replicates is not None else own.replicates, 1),
        "months": _whole("months", months if months is not None else own.months, 1),
        "burn_in": _whole("burn_in", own.burn_in, 0),
        "seed": _whole("seed", seed if seed is not None else own.seed, 0, _SEEDS - 1),
    }
    asked = households if households is not None else own.households
    size = None if asked is None else _whole("households", asked, 1)
    compiled = compile_scenario(loaded)
    inputs = {
        "scenario": loaded.digest,
        "survey": _survey_digest(loaded),
        "parameters": digest(compiled.parameters),
        "program": program_digest(),
        "policies": list(names),
        "reference": chosen_reference,
        "households": size,
        **counts,
    }
    return Plan(
        scenario=loaded,
        compiled=compiled,
        policies=names,
        reference=chosen_reference,
        households=size,
        inputs=inputs,
        run_id=run_id(inputs),
        **counts,
    )


def execute(made: Plan, *, threads: int | None = None, progress: Progress | None = None) -> Comparison:
    """Run a plan; `threads` None means all cores. The result does not depend on `threads`."""
    from empowersim.engine.simulate import simulate as run_engine

    cores = _whole("threads", threads if threads is not None else available_threads(), 1)
    pooled = made.replicates > 1 and (made.households or 0) <= POOLED_HOUSEHOLDS
    pool, inner = (min(cores, made.replicates), 1) if pooled else (1, cores)
    compiled = made.compiled
    chosen = [compiled.policies[name] for name in made.policies]
    band = float(compiled.parameters.unchanged_band)
    rate = float(made.scenario.settings.discount_rate)
    place = made.policies.index(made.reference)

    def one(replicate: int) -> Reduced:
        population = compiled.population(made.households, made.seed, replicate)
        runs = run_engine(
            population,
            chosen,
            travel=compiled.travel,
            parameters=compiled.parameters,
            months=made.months,
            burn_in=made.burn_in,
            seed=made.seed,
            replicate=replicate,
            threads=inner,
        )
        return reduce_runs(runs, place, band=band, discount_rate=rate, notes=population.notes)

    def told() -> Iterable[Reduced]:
        if progress is not None:
            progress(0, made.replicates, "simulating")
        for done, reduced in enumerate(map_replicates(one, range(made.replicates), pool), start=1):
            if progress is not None:
                progress(done, made.replicates, "simulating")
            yield reduced

    tables, first = summarise(told(), made.reference)
    loaded = made.scenario
    return Comparison(
        scenario=str(loaded.name),
        title=_english(loaded.title, str(loaded.name)),
        seed=made.seed,
        replicates=made.replicates,
        households=first.households,
        represents=first.represents,
        months=made.months,
        burn_in=made.burn_in,
        policies=made.policies,
        reference=made.reference,
        all_policies=tuple(loaded.policies),
        labels={name: dict(loaded.labels.get(name, {})) for name in loaded.policies},
        discount_rate=rate,
        unchanged_band=band,
        price_year=getattr(loaded, "price_year", None),
        notes=first.notes,
        assumed=_assumed(loaded),
        run_id=made.run_id,
        inputs=made.inputs,
        tables=tables,
    )


@dataclass(frozen=True)
class Reduced:
    """One future, reduced: a few numbers a policy. Arrays have one row a policy."""

    policies: tuple[str, ...]
    replicate: int
    households: int
    represents: float
    values: Vector
    """Shape (policies, len(OUTCOMES))."""
    monthly: Vector
    """Shape (policies, len(MEASURES), months)."""
    winners: Vector
    """Shape (policies, groups, len(_WINNER_FIGURES))."""
    groups: tuple[tuple[str, str], ...]
    ledger: tuple[Vector, ...]
    """A policy each: shape (items x figures, months)."""
    ledger_rows: tuple[tuple[tuple[str, str, str], ...], ...]
    """A policy each: (item, figure, unit) of its rows."""
    notes: tuple[str, ...]


def reduce_runs(
    runs: Sequence[Run], reference: int, *, band: float, discount_rate: float, notes: Sequence[str] = ()
) -> Reduced:
    """Reduce the runs of one future, one a policy; `reference` is the place of the reference among them."""
    base = runs[reference]
    quintile = welfare_groups(base.start_consumption, base.size)
    values = np.full((len(runs), len(OUTCOMES)), np.nan)
    counted = []
    for row, run in enumerate(runs):
        values[row] = _values(run, base, discount_rate)
        groups = household_groups(base.region, quintile, run.touched | base.touched)
        codes = change_codes(run.end_consumption, base.end_consumption, band)
        change = run.end_consumption.astype(np.float64) - base.end_consumption
        counted.append([_count(members, codes, change) for _, _, members in groups])
    return Reduced(
        policies=tuple(run.policy for run in runs),
        replicate=base.replicate,
        households=base.households,
        represents=base.represents,
        values=values,
        monthly=np.stack([run.monthly for run in runs]).astype(np.float64),
        winners=np.array(counted),
        groups=tuple((dimension, name) for dimension, name, _ in groups),
        ledger=tuple(_ledger(run) for run in runs),
        ledger_rows=tuple(_ledger_rows(run) for run in runs),
        notes=tuple(notes),
    )


def summarise(futures: Iterable[Reduced], reference: str) -> tuple[dict[str, Table], Reduced]:
    """Turn reduced futures, in their own order, into the tables of a comparison; return also the first future."""
    first: Reduced | None = None
    values: list[Vector] = []
    winners: list[Vector] = []
    numbers: list[int] = []
    for future in futures:
        if first is None:
            first = future
            base = first.policies.index(reference)
            paths, gains = RunningMoments(first.monthly.shape), RunningMoments(first.monthly.shape)
            ledgers = [RunningMoments(rows.shape) for rows in first.ledger]
        values.append(future.values)
        winners.append(future.winners)
        numbers.append(future.replicate)
        paths.add(future.monthly)
        gains.add(future.monthly - future.monthly[base])
        for moments, rows in zip(ledgers, future.ledger, strict=True):
            moments.add(rows)
    if first is None:
        raise SimulationError("a comparison needs at least one future; ask for replicates of 1 or more")
    cube = np.stack(values)
    tables = {
        "outcomes": _outcome_table(cube, first.policies, base),
        "differences": _difference_table(cube, first.policies, base),
        "winners": _winner_table(np.stack(winners), first, base),
        "paths": _path_table(paths, gains, first.policies),
        "ledger": _ledger_table(ledgers, first),
        "futures": _future_table(cube, first.policies, numbers),
    }
    return tables, first


# ---------------------------------------------------------------- one future


def _values(run: Run, base: Run, discount_rate: float) -> list[float]:
    cost = run.cost
    found = {
        COST: total(cost),
        COST_DISCOUNTED: discounted(cost, discount_rate),
        YEARS_AVERTED: household_years_averted(run.poor_household_months, base.poor_household_months),
        COST_PER_YEAR: math.nan,  # a ratio of means over futures, not a mean of ratios
    }
    found.update({name: _last_year(run.series(name)) for name in LEVELS})
    return [found[name] for name in OUTCOMES]


def _last_year(series: Vector) -> float:
    last = series[-MONTHS_A_YEAR:]
    present = last[~np.isnan(last)].tolist()
    return math.fsum(present) / len(present) if present else math.nan


def _count(members: NDArray[np.bool_], codes: NDArray[np.int8], change: Vector) -> list[float]:
    size = int(members.sum())
    if size == 0:
        return [0.0, *[math.nan] * (len(_WINNER_FIGURES) - 1)]
    counts = np.bincount(codes[members], minlength=len(RESULTS)) / size
    changed = change[members]
    return [size / members.size, *counts.tolist(), float((changed != 0).mean()), float(changed.mean())]


def _ledger(run: Run) -> Vector:
    rows = []
    for number in range(len(run.programme_names)):
        sources = (run.places_offered, run.places_filled, run.applicants, run.enrolled, run.programme_cost)
        rows += [source[number] for source in sources]
    return np.stack([*rows, *run.hours, run.mentor_cost]).astype(np.float64)


def _ledger_rows(run: Run) -> tuple[tuple[str, str, str], ...]:
    programmes = [(name, figure, unit) for name in run.programme_names for figure, unit in _PROGRAMME_FIGURES]
    return (*programmes, *(("mentors", figure, unit) for figure, unit in _MENTOR_FIGURES))


# ---------------------------------------------------------------- all futures


def _outcome_table(cube: Vector, policies: tuple[str, ...], base: int) -> Table:
    rows: list[tuple[Any, ...]] = []
    best = {
        name: best_shares(cube[:, :, place], outcome.better) for place, (name, outcome) in enumerate(OUTCOMES.items())
    }
    for policy, name in enumerate(policies):
        for place, outcome in enumerate(OUTCOMES.values()):
            values = cube[:, policy, place]
            estimate = t_interval(values)
            if outcome.name == COST_PER_YEAR:
                cost, years = (list(OUTCOMES).index(key) for key in (COST, YEARS_AVERTED))
                extra = cube[:, policy, cost] - cube[:, base, cost]
                estimate = fieller(extra, cube[:, policy, years])
            rows.append((name, outcome.name, outcome.unit, *estimate, best[outcome.name][policy]))
    return Table.from_rows("outcomes", rows)


def _difference_table(cube: Vector, policies: tuple[str, ...], base: int) -> Table:
    rows: list[tuple[Any, ...]] = []
    for policy, name in enumerate(policies):
        if policy == base:
            continue
        for place, outcome in enumerate(OUTCOMES.values()):
            result = paired(cube[:, policy, place], cube[:, base, place], outcome.better)
            rows.append((name, outcome.name, outcome.unit, *result))
    return Table.from_rows("differences", rows)


def _winner_table(cube: Vector, first: Reduced, base: int) -> Table:
    rows: list[tuple[Any, ...]] = []
    for policy, name in enumerate(first.policies):
        if policy == base:
            continue
        for group, (dimension, group_name) in enumerate(first.groups):
            if not cube[:, policy, group, 0].any():
                continue  # a region type in which nobody lives
            for place, (figure, unit) in enumerate(_WINNER_FIGURES):
                estimate = t_interval(cube[:, policy, group, place])
                rows.append((name, dimension, group_name, figure, unit, *estimate))
    return Table.from_rows("winners", rows)


def _path_table(paths: RunningMoments, gains: RunningMoments, policies: tuple[str, ...]) -> Table:
    months = paths.count.shape[2]
    count = len(policies) * len(MEASURES) * months
    shape = (len(policies), len(MEASURES), months)
    columns: dict[str, NDArray[Any]] = {
        "policy": np.repeat(np.array(policies, dtype=np.str_), len(MEASURES) * months),
        "measure": np.broadcast_to(np.array([m.name for m in MEASURES])[None, :, None], shape).reshape(count),
        "unit": np.broadcast_to(np.array([m.unit for m in MEASURES])[None, :, None], shape).reshape(count),
        "month": np.broadcast_to(np.arange(months, dtype=np.int64), shape).reshape(count),
    }
    for names, moments in (
        (("mean", "low", "high"), paths),
        (("difference", "difference_low", "difference_high"), gains),
    ):
        for column, values in zip(names, moments.interval(), strict=True):
            columns[column] = values.reshape(count)
    return Table("paths", columns)


def _ledger_table(ledgers: Sequence[RunningMoments], first: Reduced) -> Table:
    rows: list[tuple[Any, ...]] = []
    for name, moments, labels in zip(first.policies, ledgers, first.ledger_rows, strict=True):
        for label, series in zip(labels, moments.mean().tolist(), strict=True):
            rows += [(name, *label, month, value) for month, value in enumerate(series)]
    return Table.from_rows("ledger", rows)


def _future_table(cube: Vector, policies: tuple[str, ...], numbers: Sequence[int]) -> Table:
    rows = [
        (name, number, outcome.name, outcome.unit, cube[future, policy, place])
        for policy, name in enumerate(policies)
        for future, number in enumerate(numbers)
        for place, outcome in enumerate(OUTCOMES.values())
        if outcome.name != COST_PER_YEAR
    ]
    return Table.from_rows("futures", rows)


# ---------------------------------------------------------------- what is asked


def _loaded(scenario: Any) -> Any:
    if isinstance(scenario, (str, os.PathLike)):
        from empowersim.scenario.load import load

        return load(scenario)
    return scenario


def _known(name: str, known: Sequence[str], what: str) -> str:
    if name in known:
        return name
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "choose one of these"
    raise SimulationError(f"{what}: expected a policy of the file ({', '.join(known)}), found {name!r}; {hint}")


def _whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        reach = f"of {low} or more" if high is None else f"from {low} to {high}"
        raise SimulationError(f"{name}: expected a whole number {reach}, found {value!r}")
    return int(value)


def _survey_digest(scenario: Any) -> str | None:
    """Digest of the survey's content; None for synthetic households. `PopulationError` if the file is not there."""
    if scenario.survey is None:
        return None
    from empowersim.scenario.survey_source import find_survey

    return file_digest(find_survey(scenario, scenario.survey))


def _english(title: Any, name: str) -> str:
    if isinstance(title, Mapping):
        return str(title.get("en") or name)
    return str(title or name)


def _assumed(scenario: Any) -> tuple[int, int]:
    from empowersim.scenario.cite import used_passports

    confidences = [passport.confidence for passport in used_passports(scenario)]
    return sum(grade == "C" for grade in confidences), len(confidences)
