"""Mentors' months against the table of the domain model, and the measures of hand-made towns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers_rules import enter_hours, hours_of_month

from empowersim.engine.allocation import MENTOR_FIELDS
from empowersim.engine.inputs import Mentors, Travel
from empowersim.engine.metrics import BINS, DETAIL_ROW, SUM_ROW, bottom_mean, gini, measures
from empowersim.engine.outputs import MEASURE_ROW, MEASURES
from empowersim.engine.plans import _mentor_numbers
from empowersim.parameters.places import travel
from empowersim.schema import REGION_TYPES

TRAVEL = Travel(**travel())

# Domain model, section 2.4, "What it implies": group size 25, one session for each group a month, access ignored.
# region, families, admin %, travel %, sessions held %, visits a month, cost of trips (million IDR)
IMPLIED = [
    ("urban", 50, 17, 17, 100, 113, 0.47),
    ("urban", 100, 21, 16, 100, 101, 0.44),
    ("urban", 250, 33, 11, 100, 63, 0.35),
    ("urban", 300, 37, 10, 100, 51, 0.32),
    ("peri_urban", 50, 17, 24, 100, 100, 0.73),
    ("peri_urban", 100, 21, 22, 100, 88, 0.69),
    ("peri_urban", 250, 33, 16, 100, 54, 0.55),
    ("peri_urban", 300, 37, 14, 100, 43, 0.51),
    ("rural_road", 50, 19, 31, 100, 69, 1.15),
    ("rural_road", 100, 23, 29, 100, 59, 1.12),
    ("rural_road", 250, 37, 22, 100, 29, 1.04),
    ("rural_road", 300, 41, 20, 100, 19, 1.01),
    ("interior", 50, 23, 40, 100, 38, 2.90),
    ("interior", 100, 28, 38, 100, 28, 3.05),
    ("interior", 250, 43, 33, 99, 0, 3.48),
    ("interior", 300, 49, 30, 74, 0, 3.13),
    ("small_island", 50, 23, 44, 100, 33, 4.89),
    ("small_island", 100, 28, 40, 100, 26, 4.71),
    ("small_island", 250, 43, 31, 100, 3, 4.17),
    ("small_island", 300, 49, 27, 85, 0, 3.84),
]


def month_of(region: str, families: int, access: float = 1.0) -> dict[str, float]:
    """Ledger of one mentor who makes all the visits there is time for, with the shipped times of a region type."""
    found = _mentor_numbers(Mentors(), TRAVEL, REGION_TYPES.index(region), 1.0, 1.0)
    numbers = dict(zip(MENTOR_FIELDS, found, strict=True))
    per_trip = numbers["visits_per_trip"]
    laid = hours_of_month(numbers, numbers["hours"], 1.0, access, per_trip, families, float(families))
    ledger = enter_hours(numbers, laid, 1.0, float(families), laid.visits, per_trip)
    return ledger | {"available": laid.total, "held": laid.held, "made": float(laid.visits)}


@pytest.mark.parametrize(("region", "families", "admin", "on_the_way", "held", "visits", "cost"), IMPLIED)
def test_a_mentor_s_month_is_that_of_the_domain_model(region, families, admin, on_the_way, held, visits, cost):
    month = month_of(region, families)
    at = REGION_TYPES.index(region)
    trip = TRAVEL.round_trip_hours[at] / TRAVEL.visits_per_trip[at]
    walk = TRAVEL.walk_hours[at]
    available = month["available"]
    assert available == 150.0
    assert 100 * month["administration"] / available == pytest.approx(admin, abs=0.55)
    assert 100 * month["held"] == pytest.approx(held, abs=0.5)
    # the table rounds the visits, a mentor makes whole ones only
    assert visits - 1 <= month["made"] <= visits
    # the table counts the walk from house to house as travel, the ledger as part of the visit
    share = 100 * (month["travel"] + walk * month["made"]) / available
    less = 100 * (trip + walk) / available
    assert on_the_way - 0.55 - less <= share <= on_the_way + 0.55
    million = month["trips"] * TRAVEL.trip_cost[at] / 1e6
    a_visit = TRAVEL.trip_cost[at] / TRAVEL.visits_per_trip[at] / 1e6
    assert cost - 0.0051 - a_visit <= million <= cost + 0.0051


@pytest.mark.parametrize(("region", "families"), [(row[0], row[1]) for row in IMPLIED])
@pytest.mark.parametrize("access", [1.0, 0.7])
def test_hours_used_never_exceed_hours(region, families, access):
    month = month_of(region, families, access=access)
    uses = ("administration", "training", "travel", "sessions", "visits")
    used = sum(month[name] for name in uses)
    assert all(month[name] >= 0.0 for name in uses)
    assert used <= month["available"] + 1e-9
    if access == 1.0:  # and whoever can go out at any time is idle for less than one visit
        at = REGION_TYPES.index(region)
        visit = 0.75 * TRAVEL.visit_time_factor[at] + TRAVEL.walk_hours[at]
        assert month["available"] - used < visit + TRAVEL.round_trip_hours[at] / TRAVEL.visits_per_trip[at]


def test_a_month_out_of_reach_gets_fewer_visits_and_sessions():
    near, far = month_of("interior", 100), month_of("interior", 100, access=0.5)
    assert far["held"] == 0.5
    assert far["made"] < near["made"]
    assert far["trips"] < near["trips"]


def largest_caseload(region: str, months_between: float) -> int:
    """Families that one mentor can see every so many months, one session for each group a month."""
    return max(n for n in range(20, 400) if month_of(region, n)["made"] * months_between >= n)


@pytest.mark.parametrize(
    ("region", "least", "most"), [("rural_road", 44, 50), ("interior", 144, 189), ("small_island", 144, 189)]
)
def test_mentors_needed_for_the_same_service(region, least, most):
    """Domain model, 2.4: one visit a home every 2 to 3 months takes so many per cent more mentors than in town.

    The domain model's figures are for fractions of visits and families; whole ones move them by up to 2 points.
    """
    more = [100 * (largest_caseload("urban", m) / largest_caseload(region, m) - 1) for m in (2.0, 3.0)]
    assert all(least - 2 <= found <= most + 2 for found in more), more


# --- measures ----------------------------------------------------------------------------------------------------


def sums_of(**values: float) -> np.ndarray:
    row = np.zeros(len(SUM_ROW))
    for name, value in values.items():
        row[SUM_ROW[name]] = value
    return row


def test_measures_of_a_town_of_two_months():
    """Two households: one of 4, poor at 0.7 lines with two children, one at school; one of 2 at 1.5 lines, no child.

    Line 600,000 IDR: persons 6, poor 4; gap 4 x 0.3 = 1.2; squared 4 x 0.09 = 0.36; consumption 4 x 0.7 + 2 x 1.5 = 5.8
    lines. The four are deprived in 0.5 of the weights: H = 4/6, M0 = 4 x 0.5 / 6. Lorenz curve of the six: 4/6 of them
    eat 4 x 420,000 of 3,480,000 = 0.4828, so that the Gini is 4/6 - 0.4828. In the second month the poor household has
    gone up to the line and nobody looks at distribution and index.
    """
    first = sums_of(
        persons=6,
        poor_persons=4,
        gap=1.2,
        squared_gap=0.36,
        consumption=5.8 * 6e5,
        income=6e6,
        households=2,
        poor_households=1,
        literacy=1.1,
        healthy=1,
        children=2,
        children_in_school=1,
        child_learning=0.3,
        child_growth=-0.4,
        independent=1,
        well_being=-0.4,
        job=1,
        trust=0.9,
        visits=3,
        enrolled=2,
        say=0.6,
        voice=-0.2,
        motivation=1.1,
        claims=0.3,
        vulnerable=2,
        chronic=1,
        transient=1,
        sustained_exit=1,
        deprived_persons=4,
        deprivation=2,
    )
    second = first.copy()
    gone = ("poor_persons", "gap", "squared_gap", "children", "children_in_school", "child_learning", "child_growth")
    for name in (*gone, "deprived_persons", "deprivation", "chronic"):
        second[SUM_ROW[name]] = 0.0
    details = np.zeros((2, len(DETAIL_ROW)))
    details[:, DETAIL_ROW["index"]] = 0.9
    details[:, DETAIL_ROW["assets"]] = 5.0
    villages = np.array([[2.0, 0.7, 1.6, 0.014], [2.0, 0.8, 1.5, 0.0]])  # households, collective, culture, thefts
    spread = np.zeros((2, BINS, 2))
    spread[0, 100] = 4, 4 * 420_000
    spread[0, 200] = 2, 2 * 900_000
    table = measures(np.stack([first, second]), details, villages, spread, np.array([True, False]))
    expected = {
        "poverty_headcount": (4 / 6, 0.0),
        "poverty_gap": (0.2, 0.0),
        "squared_poverty_gap": (0.06, 0.0),
        "mean_consumption": (580_000.0, 580_000.0),
        "income": (1e6, 1e6),
        "bottom40_consumption": (420_000.0, math.nan),
        "literacy": (0.55, 0.55),
        "health": (0.5, 0.5),
        "schooling": (0.5, math.nan),
        "child_learning": (0.15, math.nan),
        "child_growth": (-0.2, math.nan),
        "empowerment_index": (0.45, math.nan),
        "assets": (2.5, math.nan),
        "independence": (0.5, 0.5),
        "well_being": (-0.2, -0.2),
        "job": (0.5, 0.5),
        "trust": (0.45, 0.45),
        "visits": (1.5, 1.5),
        "enrolled": (1.0, 1.0),
        "multidimensional_headcount": (4 / 6, 0.0),
        "multidimensional_poverty": (2 / 6, 0.0),
        "gini": (4 / 6 - 4 * 420 / 3480, math.nan),
        "vulnerable": (1.0, 1.0),
        "chronic_poverty": (0.5, 0.0),
        "transient_poverty": (0.5, 0.5),
        "sustained_exit": (0.5, 0.5),
        "say": (0.3, 0.3),
        "voice": (-0.1, -0.1),
        "motivation": (0.55, 0.55),
        "claims": (0.15, 0.15),
        "collective": (0.35, 0.4),
        "culture": (0.8, 0.75),
        "thefts": (7.0, 0.0),
    }
    assert {measure.name for measure in MEASURES} == set(expected)
    for name, values in expected.items():
        assert table[MEASURE_ROW[name]] == pytest.approx(values, nan_ok=True), name


def spread_of(*classes: tuple[int, float, float]) -> np.ndarray:
    """Persons and mean consumption by class."""
    spread = np.zeros((BINS, 2))
    for at, persons, mean in classes:
        spread[at] = persons, persons * mean
    return spread


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        # all alike
        ([(300, 10.0, 500.0)], 500.0),
        # the poorest 40 % are exactly the first class
        ([(10, 4.0, 100.0), (20, 6.0, 900.0)], 100.0),
        # the cut goes through the second class: 2 at 100 and 2 of the 5 at 300
        ([(10, 2.0, 100.0), (20, 5.0, 300.0), (30, 3.0, 900.0)], 200.0),
        # the very first class is larger than the 40 %
        ([(0, 5.0, 100.0), (639, 5.0, 900.0)], 100.0),
    ],
)
def test_bottom_mean(classes, expected):
    assert bottom_mean(spread_of(*classes)) == pytest.approx(expected)


def test_bottom_mean_of_nobody_is_unknown():
    assert math.isnan(bottom_mean(np.zeros((BINS, 2))))


def test_bottom_mean_never_exceeds_the_mean():
    classes = [(40 * step, 1.0 + step % 3, 50.0 * (step + 1)) for step in range(16)]
    spread = spread_of(*classes)
    assert bottom_mean(spread) < spread[:, 1].sum() / spread[:, 0].sum()


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        # all alike
        ([(300, 10.0, 500.0)], 0.0),
        # half of the people eat a quarter: 1/2 - 1/4
        ([(10, 5.0, 100.0), (20, 5.0, 300.0)], 0.25),
        # one in ten eats everything: 9/10
        ([(0, 9.0, 0.0), (639, 1.0, 500.0)], 0.9),
        # three of one at 1, 2 and 3: mean difference of pairs 8/9, over twice the mean of 2: 2/9
        ([(10, 1.0, 1.0), (20, 1.0, 2.0), (30, 1.0, 3.0)], 2 / 9),
    ],
)
def test_gini(classes, expected):
    assert gini(spread_of(*classes)) == pytest.approx(expected)


def test_gini_of_nobody_is_unknown():
    assert math.isnan(gini(np.zeros((BINS, 2))))
