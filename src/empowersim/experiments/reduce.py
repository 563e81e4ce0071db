"""One future, reduced to small tables at once: no household of a finished future stays in memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from empowersim.engine.outputs import HOURS, MEASURES, MENTOR_SERIES, Run
from empowersim.experiments.economics import by_year, discounted, household_years_averted, mean_until, total
from empowersim.experiments.people import People, grouped
from empowersim.experiments.statistics import MONTHS_A_YEAR
from empowersim.experiments.winners import told
from empowersim.results.tables import (
    COST,
    COST_DISCOUNTED,
    COST_PARTNER,
    COST_STATE,
    EXITS,
    LEVELS,
    MORE_LEVELS,
    OUTCOMES,
    VISITS_PER_CLIENT,
    YEARS_AVERTED,
    YEARS_DISCOUNTED,
)

Vector = NDArray[np.float64]

AFTER: Final = (12, 24)
"""Months after the end of a policy at which the share of its gains that is left is looked at."""

KEPT: Final = tuple(
    measure for measure in MEASURES if measure.better and measure.name in {*LEVELS, *MORE_LEVELS, "income", "assets"}
)
"""Measures whose gains are followed beyond the end of a policy."""

_PROGRAMME_FIGURES: Final = (
    ("places_offered", "households"),
    ("places_filled", "households"),
    ("applicants", "households"),
    ("enrolled", "households"),
    ("cost", "IDR"),
)
_SERIES_UNITS: Final = {"competence": "0-1", "burnout": "0-1", "clients": "households", "visited": "households"}
_MENTOR_FIGURES: Final = (
    *((f"hours_{use}", "hours") for use in HOURS),
    ("cost", "IDR"),
    *((name, _SERIES_UNITS.get(name, "posts")) for name in MENTOR_SERIES),
)

BUDGET_PARTS: Final = (
    ("all", "all"),
    ("payer", "state"),
    ("payer", "partners"),
    ("item", "programmes"),
    ("item", "mentors"),
    ("item", "community"),
)
"""Dimension and group of the rows of a year of the budget."""

_ACCESS_OF_PROGRAMME: Final = (
    ("places_offered", "households"),
    ("places_filled", "households"),
    ("filled_share", "share of places"),
    ("applicants", "households"),
    ("waiting", "households"),
    ("waiting_last", "households"),
)
_ACCESS_OF_ALL: Final = (
    ("served", "share of households"),
    ("displaced", "share of households"),
    ("untouched_worse", "share of households"),
)

MENTOR_LEDGER: Final = (
    ("posts", "posts"),
    ("vacancy", "share of posts"),
    ("competence", "0-1"),
    ("burnout", "0-1"),
    ("departures", "share of filled posts/year"),
    ("clients", "households"),
    ("clients_per_mentor", "households/filled post"),
    ("visits_per_client", "visits/client/month"),
    ("months_between_visits", "months"),
    *((f"hours_{use}", "hours/filled post/month") for use in HOURS),
    *((f"share_{use}", "share of hours") for use in HOURS[1:]),
    ("share_unused", "share of hours"),
    ("cost_per_client", "IDR/client/month"),
)
"""Figures of the mentors' ledger of a future, each a ratio of sums over the months in which mentors work."""


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
    """Shape (policies, groups, len(WINNER_FIGURES))."""
    groups: tuple[tuple[str, str], ...]
    ledger: tuple[Vector, ...]
    """A policy each: shape (items x figures, months)."""
    ledger_rows: tuple[tuple[tuple[str, str, str], ...], ...]
    """A policy each: (item, figure, unit) of its rows."""
    kept: Vector
    """Shape (policies, len(KEPT), 1 + len(AFTER)): difference from the reference at the end and later; NaN without."""
    budget: Vector
    """Shape (policies, len(BUDGET_PARTS), years, 2): IDR undiscounted and discounted."""
    access: tuple[Vector, ...]
    """A policy each: shape (rows,)."""
    access_rows: tuple[tuple[tuple[str, str, str], ...], ...]
    """A policy each: (item, figure, unit) of its rows."""
    mentors: Vector
    """Shape (policies, len(MENTOR_LEDGER)); NaN for a policy without mentors."""
    stages: Vector
    """Shape (policies, len(STAGES)): share of households."""
    reach: Vector
    """Shape (policies, len(winners.REACH))."""
    places: Vector
    """Shape (policies, subdistricts, len(winners.PLACE_FIGURES))."""
    people: Vector
    """Shape (policies, len(people.GROUPS), len(people.GROUP_FIGURES))."""
    villages: Vector
    """Shape (policies, villages, len(people.VILLAGE_FIGURES))."""
    yearly: Vector
    """Shape (policies, len(MEASURES), years): mean of the months of a year in which the measure exists."""
    notes: tuple[str, ...]


def reduce_runs(
    runs: Sequence[Run],
    reference: int,
    *,
    band: float,
    discount_rate: float,
    notes: Sequence[str] = (),
    ends: Sequence[int] | None = None,
    people: People | None = None,
) -> Reduced:
    """Reduce the runs of one future, one a policy; `reference` is the place of the reference among them.

    `ends` gives the month in which each policy stops (None: no policy does), `people` what the households are (None:
    there are no groups and villages).
    """
    base = runs[reference]
    values = np.array([outcome_values(run, base, discount_rate) for run in runs])
    became = told(runs, reference, band)
    groups, villages = grouped(runs, reference, band, people)
    monthly = np.stack([run.monthly for run in runs]).astype(np.float64)
    access = [np.array([*_access(run), *shares]) for run, shares in zip(runs, became.shares, strict=True)]
    stops = [run.months for run in runs] if ends is None else ends
    return Reduced(
        policies=tuple(run.policy for run in runs),
        replicate=base.replicate,
        households=base.households,
        represents=base.represents,
        values=values,
        monthly=monthly,
        winners=became.winners,
        groups=became.groups,
        ledger=tuple(_ledger(run) for run in runs),
        ledger_rows=tuple(_ledger_rows(run) for run in runs),
        kept=np.array([_kept(run, base, end) for run, end in zip(runs, stops, strict=True)]),
        budget=np.array([_budget(run, discount_rate) for run in runs]),
        access=tuple(access),
        access_rows=tuple(_access_rows(run) for run in runs),
        mentors=np.array([_mentor_ledger(run) for run in runs]),
        stages=became.stages,
        reach=became.reach,
        places=became.places,
        people=groups,
        villages=villages,
        yearly=yearly_means(monthly),
        notes=tuple(notes),
    )


def outcome_values(run: Run, base: Run, discount_rate: float) -> list[float]:
    """Return the value of every outcome in one future, in the order of OUTCOMES; ratios of means are NaN here."""
    cost = run.cost
    found = dict.fromkeys(OUTCOMES, math.nan)
    found |= {name: last_year(run.series(name)) for name in (*LEVELS, *MORE_LEVELS)}
    exits = last_year(run.series("sustained_exit")) - last_year(base.series("sustained_exit"))
    found |= {
        COST: total(cost),
        COST_DISCOUNTED: discounted(cost, discount_rate),
        COST_STATE: total(cost - run.partner_cost),
        COST_PARTNER: total(run.partner_cost),
        YEARS_AVERTED: household_years_averted(run.poor_household_months, base.poor_household_months),
        YEARS_DISCOUNTED: household_years_averted(run.poor_household_months, base.poor_household_months, discount_rate),
        VISITS_PER_CLIENT: _visits_per_client(run, slice(-MONTHS_A_YEAR, None)),
        EXITS: exits * run.represents,
    }
    return [found[name] for name in OUTCOMES]


def yearly_means(monthly: Vector) -> Vector:
    """Return the means over each year of the last axis (months; the last year may be short), NaN left out.

    NaN for a year in which a measure never exists.
    """
    found = []
    for start in range(0, monthly.shape[-1], MONTHS_A_YEAR):
        year = monthly[..., start : start + MONTHS_A_YEAR]
        present = ~np.isnan(year)
        count = present.sum(axis=-1)
        summed = np.where(present, year, 0.0).sum(axis=-1)
        found.append(np.where(count > 0, summed / np.maximum(count, 1), np.nan))
    made: Vector = np.stack(found, axis=-1)
    return made


def last_year(series: Vector) -> float:
    """Return the mean of the last twelve months of a series (of all if there are fewer), NaN left out."""
    last = series[-MONTHS_A_YEAR:]
    present = last[~np.isnan(last)].tolist()
    return math.fsum(present) / len(present) if present else math.nan


def _ratio(above: float, below: float) -> float:
    return above / below if below > 0 else math.nan


def _visits_per_client(run: Run, months: slice) -> float:
    visits = total(np.nan_to_num(run.series("visits")[months])) * run.represents
    return _ratio(visits, total(run.mentors[MENTOR_SERIES.index("clients")][months]))


def _ledger(run: Run) -> Vector:
    rows = []
    for number in range(len(run.programme_names)):
        sources = (run.places_offered, run.places_filled, run.applicants, run.enrolled, run.programme_cost)
        rows += [source[number] for source in sources]
    return np.stack([*rows, *run.community_cost, *run.hours, run.mentor_cost, *run.mentors]).astype(np.float64)


def _ledger_rows(run: Run) -> tuple[tuple[str, str, str], ...]:
    return (
        *((name, figure, unit) for name in run.programme_names for figure, unit in _PROGRAMME_FIGURES),
        *((name, "cost", "IDR") for name in run.community_names),
        *(("mentors", figure, unit) for figure, unit in _MENTOR_FIGURES),
    )


def _kept(run: Run, base: Run, end: int) -> list[list[float]]:
    """Differences from the reference at the end of the policy and later; NaN where it does not end in the horizon."""
    if not 0 < end < run.months:
        return [[math.nan] * (1 + len(AFTER))] * len(KEPT)
    rows = []
    for measure in KEPT:
        gain = run.series(measure.name) - base.series(measure.name)
        rows.append([mean_until(gain, end + later) for later in (0, *AFTER)])
    return rows


def _budget(run: Run, rate: float) -> list[list[tuple[float, float]]]:
    """A part each (`BUDGET_PARTS`), a year each: cost undiscounted and discounted."""
    flows = (
        run.cost,
        run.cost - run.partner_cost,
        run.partner_cost,
        run.programme_cost.sum(axis=0),
        run.mentor_cost,
        run.community_cost.sum(axis=0),
    )
    return [list(zip(by_year(flow), by_year(flow, rate), strict=True)) for flow in flows]


def _access(run: Run) -> list[float]:
    rows: list[float] = []
    for number in range(len(run.programme_names)):
        offered, filled = total(run.places_offered[number]), total(run.places_filled[number])
        intakes = np.flatnonzero((run.places_offered[number] > 0) | (run.applicants[number] > 0))
        applicants = run.applicants[number][intakes]
        waiting = applicants - run.places_filled[number][intakes]
        rows += [offered, filled, _ratio(filled, offered), _mean(applicants), _mean(waiting)]
        rows.append(float(waiting[-1]) if intakes.size else 0.0)
    return rows


def _mean(values: Vector) -> float:
    return total(values) / values.size if values.size else 0.0


def _access_rows(run: Run) -> tuple[tuple[str, str, str], ...]:
    return (
        *((name, figure, unit) for name in run.programme_names for figure, unit in _ACCESS_OF_PROGRAMME),
        *(("all", figure, unit) for figure, unit in _ACCESS_OF_ALL),
    )


def _mentor_ledger(run: Run) -> list[float]:
    """Ratios of sums over the months in which mentors have hours; all NaN for a policy without mentors."""
    at_work = run.hours[HOURS.index("available")] > 0
    if not at_work.any():
        return [math.nan] * len(MENTOR_LEDGER)
    series = {name: run.mentors[row][at_work] for row, name in enumerate(MENTOR_SERIES)}
    months = int(at_work.sum())
    posts, vacant = total(series["posts"]), total(series["vacant"])
    filled = posts - vacant
    staffed = series["posts"] - series["vacant"]
    clients, visited = total(series["clients"]), total(series["visited"])
    hours = {use: total(run.hours[row][at_work]) for row, use in enumerate(HOURS)}
    used = math.fsum(hours[use] for use in HOURS[1:])
    visits = total(np.nan_to_num(run.series("visits")[at_work])) * run.represents
    found = {
        "posts": posts / months,
        "vacancy": _ratio(vacant, posts),
        # of the mentors at work, so weighted by filled posts
        "competence": _ratio(total(np.nan_to_num(series["competence"]) * staffed), filled),
        "burnout": _ratio(total(np.nan_to_num(series["burnout"]) * staffed), filled),
        "departures": _ratio(MONTHS_A_YEAR * total(series["departures"]), filled),
        "clients": clients / months,
        "clients_per_mentor": _ratio(clients, filled),
        "visits_per_client": _ratio(visits, clients),
        "months_between_visits": _ratio(clients, visited),
        **{f"hours_{use}": _ratio(hours[use], filled) for use in HOURS},
        **{f"share_{use}": _ratio(hours[use], hours["available"]) for use in HOURS[1:]},
        "share_unused": _ratio(hours["available"] - used, hours["available"]),
        "cost_per_client": _ratio(total(run.mentor_cost[at_work]), clients),
    }
    return [found[name] for name, _ in MENTOR_LEDGER]
