"""Sums over households that become the measures: poverty (FGT), literacy, health, empowerment and so on.

A block adds up in lanes, village by village, in a fixed order, in float32 within a village and float64
beyond; the same households give the same bits whatever the threads.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import rule
from empowersim.engine.outputs import MEASURE_ROW, MEASURES, Float64Array
from empowersim.maths import HALF, ONE, ZERO, clip, exp, flag, greater, log, logistic, positive
from empowersim.rules.assets import assets_from_k

_record: Any = namedtuple

Sums = _record(
    "Sums",
    [
        "persons",
        "poor_persons",
        "gap",
        "squared_gap",
        "consumption",
        "income",
        "households",
        "poor_households",
        "literacy",
        "healthy",
        "children",
        "children_in_school",
        "child_learning",
        "independent",
        "well_being",
        "job",
        "trust",
        "visits",
        "enrolled",
        "say",
        "voice",
        "motivation",
        "claims",
        "child_growth",
        "vulnerable",
        "chronic",
        "transient",
        "sustained_exit",
        "deprived_persons",
        "deprivation",
    ],
)
"""What is added up every month of the policies."""

VillageSums = _record("VillageSums", ["households", "normal_income", "practice", "participation", "misfit", "poor"])
"""What is added up village by village, every month: its means are what people meet next month."""

Details = _record("Details", ["index", "assets"])
"""What is added up in detailed months only, because it costs logarithms."""

SUM_ROW: Final = {name: row for row, name in enumerate(Sums._fields)}
VILLAGE_SUM_ROW: Final = {name: row for row, name in enumerate(VillageSums._fields)}
DETAIL_ROW: Final = {name: row for row, name in enumerate(Details._fields)}

BINS: Final = 640
"""Classes of log consumption for distribution measures."""
BIN_LOW: Final = -4.0
"""Log of consumption over the mean line at which the classes begin."""
BIN_WIDTH: Final = 0.0125

BOTTOM: Final = 0.4

_PER_THOUSAND: Final = 1000.0
_THREE: Final = np.float32(3)
_FOUR: Final = np.float32(4)
_LOGISTIC_OF_SD: Final = np.float32(1.702)
"""Scale at which the logistic function is closest to the normal CDF (within 0.01)."""


@rule
def score(value: float, floor: float) -> float:
    """A dimension's score moved into [floor, 1]."""
    return clip(value, floor, ONE)


@rule
def score_of_sd(value: float) -> float:
    """Score (0-1) of a value on an SD scale: 0.5 for the average household, by the logistic close to the normal CDF."""
    return logistic(_LOGISTIC_OF_SD * value)


@rule
def empowerment_index(p: Any, home: Any) -> float:
    """Empowerment index (0-1) of a household: weighted geometric mean of six scores, none below the floor.

    Income against `index_income_top`, functional literacy, health (not ill), say and voice (each the household's own
    level and what it gained, scored by `score_of_sd`) and participation. The weights are a choice of values
    (`outcomes.yaml`). Geometric, so that
    one dimension cannot buy off another (domain model, row 1).
    """
    floor = p.index_floor
    health = ONE - HALF * home.illness
    total = p.index_weight_income * log(score(home.consumption / p.index_income_top, floor))
    total = total + p.index_weight_literacy * log(score(home.literacy, floor))
    total = total + p.index_weight_health * log(score(health, floor))
    say = score_of_sd(home.agency_base + home.empowerment)
    voice = score_of_sd(home.agency_base + home.voice)
    taking_part = p.participation_base + (ONE - p.participation_base) * home.participation
    total = total + p.index_weight_empowerment * log(score(say, floor))
    total = total + p.index_weight_voice * log(score(voice, floor))
    total = total + p.index_weight_participation * log(score(taking_part, floor))
    weights = p.index_weight_income + p.index_weight_literacy + p.index_weight_health
    weights = weights + p.index_weight_empowerment + p.index_weight_voice + p.index_weight_participation
    return exp(total / weights)


@rule
def poor(consumption: float) -> float:
    """1 below the poverty line, else 0; `consumption` in L a month."""
    return flag(consumption < ONE)


@rule
def gap(consumption: float) -> float:
    """Shortfall as a share of the line (0-1), 0 for the non-poor."""
    return positive(ONE - consumption)


@rule
def survives_shock(p: Any, normal_income: float, savings: float) -> float:
    """1 where income and savings (L) keep the household above the line through the standard shock, else 0."""
    months = p.standard_shock_months
    left = (ONE - p.standard_shock_share) * normal_income * months + savings
    return flag(left >= months)


@rule
def is_independent(p: Any, standing: float, normal_income: float, savings: float) -> float:
    """1 after a year above the independence line without aid, if the household would also survive the standard shock.

    `standing` months in a row above the line without transfer or mentor (domain model, row 85), L and months.
    """
    return flag(standing >= p.independence_months) * survives_shock(p, normal_income, savings)


@rule
def deprivation(p: Any, home: Any, health_access: float) -> float:
    """Share of weights (0-1) in which a household is deprived (Alkire and Foster 2011).

    Four dimensions of equal weight: income (consumption), education (schooling, literacy, children out of school),
    health and services (an ill earner, access), agency (say, voice); indicators share their dimension equally.
    """
    out_of_school = flag(home.children > ZERO) * (ONE - home.in_school)
    education = (
        flag(home.schooling_years < p.deprived_schooling) + flag(home.literacy < p.deprived_literacy) + out_of_school
    ) / _THREE
    care = HALF * (flag(home.illness > HALF) + flag(health_access < p.deprived_access))
    agency = HALF * (
        flag(home.agency_base + home.empowerment < p.deprived_agency)
        + flag(home.agency_base + home.voice < p.deprived_agency)
    )
    return (poor(home.consumption) + education + care + agency) / _FOUR


@rule
def contribution(p: Any, home: Any, village: Any, live: float, holds_place: float, month: float) -> Any:
    """What a household adds to the month's `Sums`.

    `live` 0 for padding, `holds_place` 1 for who takes part in anything, `month` = months of the policies so far, this
    one included.
    """
    line = village.line
    deprived = deprivation(p, home, village.health_access)
    is_deprived = flag(deprived >= p.multidimensional_cutoff)
    chronic = flag(home.poor_months >= p.chronic_share * greater(month, ONE))
    ever = flag(home.poor_months > ZERO)
    persons = live * home.size
    children = live * home.children
    is_poor = poor(home.consumption)
    short = gap(home.consumption)
    return Sums(
        persons,
        persons * is_poor,
        persons * short,
        persons * short * short,
        persons * home.consumption * line,
        persons * home.income * line,
        live,
        live * is_poor,
        live * home.literacy,
        live * flag(home.illness < HALF),
        children,
        children * home.in_school,
        children * home.child_learning,
        live * is_independent(p, home.standing, home.normal_income, home.savings),
        live * home.well_being,
        live * home.job,
        live * home.trust,
        live * home.visits,
        live * holds_place,
        live * (home.agency_base + home.empowerment),
        live * (home.agency_base + home.voice),
        live * home.motivation,
        live * home.claims,
        children * home.child_growth,
        live * flag(home.above < p.vulnerable_months),
        live * chronic * ever,
        live * (ONE - chronic) * ever,
        live * home.began_poor * flag(home.above >= p.independence_months),
        persons * is_deprived,
        persons * is_deprived * deprived,
    )


@rule
def towards_village(home: Any, live: float, fit: float) -> Any:
    """What a household adds to the `VillageSums`; `live` 0 for padding, `fit` of what it takes part in."""
    return VillageSums(
        live,
        live * home.normal_income,
        live * home.business_practice,
        live * home.participation,
        live * positive(-fit),
        live * poor(home.consumption),
    )


@rule
def detail(p: Any, home: Any, live: float) -> Any:
    """What a household adds to the month's `Details`."""
    return Details(live * empowerment_index(p, home), live * assets_from_k(p, home.assets))


def measures(
    sums: Float64Array,
    details: Float64Array,
    villages: Float64Array,
    spread: Float64Array,
    detailed: NDArray[np.bool_],
) -> Float64Array:
    """Turn the sums of all blocks into monthly measures, shape (len(MEASURES), months).

    `sums` shape (months, len(Sums)); `details` shape (months, len(Details)); `villages` shape (months,
    4) as in `arrays.Tally`; `spread` shape (months, BINS, 2)
    of persons and rupiah; `detailed` marks the months that have distribution and index, others are NaN there.
    """
    months = sums.shape[0]
    total = {name: sums[:, row] for name, row in SUM_ROW.items()}
    table = np.full((len(MEASURES), months), np.nan)

    def put(measure: str, values: Float64Array) -> None:
        table[MEASURE_ROW[measure]] = values

    persons, households = total["persons"], total["households"]
    children = np.where(total["children"] > 0, total["children"], np.nan)
    put("poverty_headcount", total["poor_persons"] / persons)
    put("poverty_gap", total["gap"] / persons)
    put("squared_poverty_gap", total["squared_gap"] / persons)
    put("mean_consumption", total["consumption"] / persons)
    put("income", total["income"] / persons)
    put("literacy", total["literacy"] / households)
    put("health", total["healthy"] / households)
    put("schooling", total["children_in_school"] / children)
    put("child_learning", total["child_learning"] / children)
    for name, source in (
        ("independence", "independent"),
        ("well_being", "well_being"),
        ("job", "job"),
        ("trust", "trust"),
        ("visits", "visits"),
        ("say", "say"),
        ("voice", "voice"),
        ("motivation", "motivation"),
        ("claims", "claims"),
        ("vulnerable", "vulnerable"),
        ("chronic_poverty", "chronic"),
        ("transient_poverty", "transient"),
        ("sustained_exit", "sustained_exit"),
        ("enrolled", "enrolled"),
    ):
        put(name, total[source] / households)
    put("child_growth", total["child_growth"] / children)
    put("multidimensional_headcount", total["deprived_persons"] / persons)
    put("multidimensional_poverty", total["deprivation"] / persons)
    for column, name in enumerate(("collective", "culture", "thefts"), start=1):
        put(name, villages[:, column] / villages[:, 0] * (_PER_THOUSAND if name == "thefts" else 1.0))
    put("gini", np.array([gini(spread[month]) if detailed[month] else np.nan for month in range(months)]))
    bottom = np.array([bottom_mean(spread[month]) if detailed[month] else np.nan for month in range(months)])
    put("bottom40_consumption", bottom)
    put("empowerment_index", np.where(detailed, details[:, DETAIL_ROW["index"]] / households, np.nan))
    put("assets", np.where(detailed, details[:, DETAIL_ROW["assets"]] / households, np.nan))
    return table


def bottom_mean(spread: Float64Array) -> float:
    """Mean consumption (IDR/person/month) of the poorest 40 % of persons; `spread` shape (BINS, 2).

    Within the class that holds the cut, its own mean is used: the error is below half a class width
    (0.6 %) of one class, a few parts in 10,000 of the mean.
    """
    persons = spread[:, 0]
    wanted = BOTTOM * persons.sum()
    if wanted <= 0:
        return float("nan")
    before = np.concatenate(([0.0], np.cumsum(persons)[:-1]))
    taken = np.clip(wanted - before, 0.0, persons)
    means = np.divide(spread[:, 1], persons, out=np.zeros(BINS), where=persons > 0)
    return float((taken * means).sum() / wanted)


def gini(spread: Float64Array) -> float:
    """Gini of consumption per person from classes; `spread` shape (BINS, 2) of persons and rupiah.

    Classes are 1.25 % wide: what inequality within a class leaves out is below 0.0001.
    """
    persons, rupiah = spread[:, 0], spread[:, 1]
    everybody, everything = persons.sum(), rupiah.sum()
    if everybody <= 0 or everything <= 0:
        return float("nan")
    share = persons / everybody
    height = np.cumsum(rupiah) / everything
    below = np.concatenate(([0.0], height[:-1]))
    return float(1.0 - (share * (height + below)).sum())
