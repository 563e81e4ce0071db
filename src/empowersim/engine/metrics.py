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
from empowersim.maths import HALF, ONE, clip, exp, flag, log, positive
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
        "normal_income",
        "practice",
        "participation",
    ],
)
"""What is added up every month."""

Details = _record("Details", ["index", "assets"])
"""What is added up in detailed months only, because it costs logarithms."""

SUM_ROW: Final = {name: row for row, name in enumerate(Sums._fields)}
DETAIL_ROW: Final = {name: row for row, name in enumerate(Details._fields)}

BINS: Final = 640
"""Classes of log consumption for distribution measures."""
BIN_LOW: Final = -4.0
"""Log of consumption over the mean line at which the classes begin."""
BIN_WIDTH: Final = 0.0125

BOTTOM: Final = 0.4


@rule
def score(value: float, floor: float) -> float:
    """A dimension's score moved into [floor, 1]."""
    return clip(value, floor, ONE)


@rule
def half_saturating(value: float, half: float) -> float:
    """Score (0-1) of an open-ended SD scale: half its range at `half`."""
    up = positive(value)
    return up / (up + half)


@rule
def empowerment_index(p: Any, home: Any) -> float:
    """Empowerment index (0-1) of a household: weighted geometric mean of six scores, none below the floor.

    Income against `index_income_top`, functional literacy, health (not ill), say (empowerment),
    voice and participation. The weights are a choice of values (`outcomes.yaml`). Geometric, so that one
    dimension cannot buy off another (domain model, row 1).
    """
    floor = p.index_floor
    health = ONE - HALF * home.illness
    total = p.index_weight_income * log(score(home.consumption / p.index_income_top, floor))
    total = total + p.index_weight_literacy * log(score(home.literacy, floor))
    total = total + p.index_weight_health * log(score(health, floor))
    total = total + p.index_weight_empowerment * log(
        score(half_saturating(home.empowerment, p.index_empowerment_half), floor)
    )
    total = total + p.index_weight_voice * log(score(half_saturating(home.voice, p.index_voice_half), floor))
    total = total + p.index_weight_participation * log(score(home.participation, floor))
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
def is_independent(p: Any, standing: float) -> float:
    """1 after `independence_months` in a row above the independence line without transfer or mentor."""
    return flag(standing >= p.independence_months)


@rule
def contribution(p: Any, home: Any, live: float, line: float, holds_place: float) -> Any:
    """What a household adds to the month's `Sums`; `live` 0 for padding, `line` IDR/person/month."""
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
        live * is_independent(p, home.standing),
        live * home.well_being,
        live * home.job,
        live * home.trust,
        live * home.visits,
        live * holds_place,
        live * home.normal_income,
        live * home.business_practice,
        live * home.participation,
    )


@rule
def detail(p: Any, home: Any, live: float) -> Any:
    """What a household adds to the month's `Details`."""
    return Details(live * empowerment_index(p, home), live * assets_from_k(p, home.assets))


def measures(
    sums: Float64Array, details: Float64Array, spread: Float64Array, detailed: NDArray[np.bool_]
) -> Float64Array:
    """Turn the sums of all blocks into monthly measures, shape (len(MEASURES), months).

    `sums` shape (months, len(Sums)); `details` shape (months, len(Details)); `spread` shape (months, BINS, 2)
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
        ("enrolled", "enrolled"),
    ):
        put(name, total[source] / households)
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
