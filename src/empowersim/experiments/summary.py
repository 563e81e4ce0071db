"""All futures of a comparison, turned into its tables: means, paired differences, ratios, and their intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.outputs import MEASURES, STAGES
from empowersim.errors import SimulationError
from empowersim.experiments.economics import frontier
from empowersim.experiments.people import GROUP_FIGURES, GROUPS
from empowersim.experiments.reduce import AFTER, BUDGET_PARTS, KEPT, MENTOR_LEDGER, Reduced
from empowersim.experiments.statistics import (
    MONTHS_A_YEAR,
    RunningMoments,
    best_shares,
    fieller,
    mean,
    paired,
    t_interval,
)
from empowersim.experiments.winners import PLACE_FIGURES, REACH, WINNER_FIGURES
from empowersim.results.tables import COST_DISCOUNTED, EXITS, OUTCOMES, RATIOS, YEARS_DISCOUNTED, Table
from empowersim.schema import REGION_TYPES

Vector = NDArray[np.float64]

_AT: Final = {name: place for place, name in enumerate(OUTCOMES)}

BANDED: Final = (
    "poverty_headcount",
    "poverty_gap",
    "squared_poverty_gap",
    "mean_consumption",
    "empowerment_index",
)
"""Measures whose spread over the futures is kept month by month."""
_BANDED: Final = [place for name in BANDED for place, measure in enumerate(MEASURES) if measure.name == name]
_QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)

ICER_EFFECTS: Final = (YEARS_DISCOUNTED, EXITS)
"""Outcomes that count as the effect in tables of incremental cost-effectiveness."""


def summarise(futures: Iterable[Reduced], reference: str) -> tuple[dict[str, Table], Reduced]:
    """Turn reduced futures, in their own order, into the tables of a comparison; return also the first future."""
    first: Reduced | None = None
    values: list[Vector] = []
    winners: list[Vector] = []
    kept: list[Vector] = []
    budgets: list[Vector] = []
    mentors: list[Vector] = []
    stages: list[Vector] = []
    reaches: list[Vector] = []
    monthly: list[Vector] = []
    people: list[Vector] = []
    accesses: list[tuple[Vector, ...]] = []
    numbers: list[int] = []
    for future in futures:
        if first is None:
            first = future
            base = first.policies.index(reference)
            paths, gains = RunningMoments(first.monthly.shape), RunningMoments(first.monthly.shape)
            years, yearly_gains = RunningMoments(first.yearly.shape), RunningMoments(first.yearly.shape)
            ledgers = [RunningMoments(rows.shape) for rows in first.ledger]
        values.append(future.values)
        winners.append(future.winners)
        kept.append(future.kept)
        budgets.append(future.budget)
        mentors.append(future.mentors)
        stages.append(future.stages)
        reaches.append(future.reach)
        monthly.append(future.monthly[:, _BANDED])
        people.append(future.people)
        accesses.append(future.access)
        numbers.append(future.replicate)
        paths.add(future.monthly)
        gains.add(future.monthly - future.monthly[base])
        years.add(future.yearly)
        yearly_gains.add(future.yearly - future.yearly[base])
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
        "kept": _kept_table(np.stack(kept), first.policies, base),
        "budget": _budget_table(np.stack(budgets), first),
        "access": _access_table(accesses, first),
        "mentors": _mentor_table(np.stack(mentors), first.policies),
        "stages": _stage_table(np.stack(stages), first.policies, base),
        "icer": _icer_table(cube, first.policies, base),
        "bands": _band_table(np.stack(monthly), first.policies),
        "reach": _reach_table(np.stack(reaches), first.policies),
        "places": _place_table(first),
        "years": _year_table(years, yearly_gains, first),
        "groups": _group_table(np.stack(people), first.policies),
        "villages": _village_table(first),
    }
    return tables, first


def _outcome_table(cube: Vector, policies: tuple[str, ...], base: int) -> Table:
    rows: list[tuple[Any, ...]] = []
    best = {
        name: best_shares(cube[:, :, place], outcome.better) for place, (name, outcome) in enumerate(OUTCOMES.items())
    }
    for policy, name in enumerate(policies):
        for place, outcome in enumerate(OUTCOMES.values()):
            estimate = t_interval(cube[:, policy, place])
            if outcome.name in RATIOS:
                above, below = (cube[:, policy, _AT[part]] - cube[:, base, _AT[part]] for part in RATIOS[outcome.name])
                estimate = fieller(above, below)
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
            for place, (figure, unit) in enumerate(WINNER_FIGURES):
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
        if outcome.name not in RATIOS
    ]
    return Table.from_rows("futures", rows)


def _kept_table(cube: Vector, policies: tuple[str, ...], base: int) -> Table:
    """Gains at the end of policies that end within the horizon, and what is left of them; `cube` (futures, ...)."""
    rows: list[tuple[Any, ...]] = []
    for policy, name in enumerate(policies):
        if policy == base:
            continue
        for place, measure in enumerate(KEPT):
            for column, after in enumerate(AFTER, start=1):
                gain, later = cube[:, policy, place, 0], cube[:, policy, place, column]
                if np.isnan(gain).all() or np.isnan(later).all():
                    continue  # does not end, or ends too late to tell
                share = fieller(measure.better * later, measure.better * gain)
                rows.append((name, measure.name, after, measure.unit, *t_interval(gain), *t_interval(later), *share))
    return Table.from_rows("kept", rows)


def _budget_table(cube: Vector, first: Reduced) -> Table:
    months = first.monthly.shape[2]
    rows: list[tuple[Any, ...]] = []
    for policy, name in enumerate(first.policies):
        for place, part in enumerate(BUDGET_PARTS):
            for year in range(cube.shape[3]):
                covered = min(MONTHS_A_YEAR, months - year * MONTHS_A_YEAR)
                spent = t_interval(cube[:, policy, place, year, 0])
                rows.append((name, *part, year + 1, covered, "IDR", *spent, mean(cube[:, policy, place, year, 1])))
    return Table.from_rows("budget", rows)


def _access_table(accesses: Sequence[tuple[Vector, ...]], first: Reduced) -> Table:
    rows: list[tuple[Any, ...]] = []
    for policy, name in enumerate(first.policies):
        cube = np.stack([future[policy] for future in accesses])
        for place, label in enumerate(first.access_rows[policy]):
            rows.append((name, *label, *t_interval(cube[:, place])))
    return Table.from_rows("access", rows)


def _mentor_table(cube: Vector, policies: tuple[str, ...]) -> Table:
    rows: list[tuple[Any, ...]] = []
    for policy, name in enumerate(policies):
        if np.isnan(cube[:, policy]).all():
            continue  # no mentors
        for place, (figure, unit) in enumerate(MENTOR_LEDGER):
            rows.append((name, figure, unit, *t_interval(cube[:, policy, place])))
    return Table.from_rows("mentors", rows)


def _stage_table(cube: Vector, policies: tuple[str, ...], base: int) -> Table:
    rows: list[tuple[Any, ...]] = []
    for policy, name in enumerate(policies):
        for place, stage in enumerate(STAGES):
            change = t_interval(cube[:, policy, place] - cube[:, base, place])
            rows.append((name, stage, "share of households", *t_interval(cube[:, policy, place]), *change))
    return Table.from_rows("stages", rows)


def _band_table(cube: Vector, policies: tuple[str, ...]) -> Table:
    """Quantiles over futures; `cube` (futures, policies, len(BANDED), months). Months without a value have none."""
    rows: list[tuple[Any, ...]] = []
    for policy, name in enumerate(policies):
        for place, row in enumerate(_BANDED):
            values = cube[:, policy, place]
            told = ~np.isnan(values).any(axis=0)
            found = np.full((len(_QUANTILES), values.shape[1]), np.nan)
            found[:, told] = np.quantile(values[:, told], _QUANTILES, axis=0)
            measure = MEASURES[row]
            rows += [(name, measure.name, measure.unit, month, *found[:, month]) for month in range(values.shape[1])]
    return Table.from_rows("bands", rows)


def _reach_table(cube: Vector, policies: tuple[str, ...]) -> Table:
    rows = [
        (name, figure, "share of households", *t_interval(cube[:, policy, place]))
        for policy, name in enumerate(policies)
        for place, figure in enumerate(REACH)
    ]
    return Table.from_rows("reach", rows)


def _place_table(first: Reduced) -> Table:
    """Subdistricts of the first future: other futures have other ones."""
    rows: list[tuple[Any, ...]] = []
    for policy, name in enumerate(first.policies):
        for number, region, homes, *shares in first.places[policy].tolist():
            rows.append((name, int(number), REGION_TYPES[round(region)], int(homes), *shares))
    assert len(PLACE_FIGURES) == first.places.shape[2]
    return Table.from_rows("places", rows)


def _year_table(years: RunningMoments, gains: RunningMoments, first: Reduced) -> Table:
    """Means of each year of all measures, and what they differ from the reference by."""
    levels, changes = years.interval(), gains.interval()
    months = first.monthly.shape[2]
    rows: list[tuple[Any, ...]] = []
    for policy, name in enumerate(first.policies):
        for place, measure in enumerate(MEASURES):
            for year in range(first.yearly.shape[2]):
                covered = min(MONTHS_A_YEAR, months - year * MONTHS_A_YEAR)
                numbers = (values[policy, place, year] for values in (*levels, *changes))
                rows.append((name, measure.name, measure.unit, year + 1, covered, *numbers))
    return Table.from_rows("years", rows)


def _group_table(cube: Vector, policies: tuple[str, ...]) -> Table:
    """Groups in which somebody is in some future; `cube` (futures, policies, groups, figures)."""
    rows: list[tuple[Any, ...]] = []
    for policy, name in enumerate(policies):
        for group, label in enumerate(GROUPS):
            if not cube[:, policy, group, 0].any():
                continue
            for place, (figure, unit) in enumerate(GROUP_FIGURES.items()):
                rows.append((name, *label, figure, unit, *t_interval(cube[:, policy, group, place])))
    return Table.from_rows("groups", rows)


def _village_table(first: Reduced) -> Table:
    """Villages of the first future: other futures have other ones."""
    rows: list[tuple[Any, ...]] = []
    for policy, name in enumerate(first.policies):
        for village, subdistrict, region, homes, *shares in first.villages[policy].tolist():
            rows.append((name, int(village), int(subdistrict), REGION_TYPES[int(region)], int(homes), *shares))
    return Table.from_rows("villages", rows)


def _icer_table(cube: Vector, policies: tuple[str, ...], base: int) -> Table:
    """Policies in order of discounted cost, the frontier, and what one more unit of effect costs on it."""
    rows: list[tuple[Any, ...]] = []
    if len(policies) < 2:
        return Table.from_rows("icer", rows)
    cost = cube[:, :, _AT[COST_DISCOUNTED]]
    for effect in ICER_EFFECTS:
        won = cube[:, :, _AT[effect]] - cube[:, [base], _AT[effect]]
        costs, effects = ([mean(column) for column in table.T] for table in (cost, won))
        for rank, step in enumerate(frontier(costs, effects), start=1):
            place, before = step.place, step.before
            row: tuple[Any, ...] = (effect, rank, policies[place], costs[place], effects[place], OUTCOMES[effect].unit)
            if before is None:
                rows.append((*row, step.status, "", *[np.nan] * 5))
                continue
            extra_cost, extra_effect = cost[:, place] - cost[:, before], won[:, place] - won[:, before]
            steps = (mean(extra_cost), mean(extra_effect))
            ends = fieller(extra_cost, extra_effect)
            ratio = (steps[0] / steps[1], ends.low, ends.high)
            rows.append((*row, step.status, policies[before], *steps, *ratio))
    return Table.from_rows("icer", rows)


__all__ = ["ICER_EFFECTS", "summarise"]
