"""Money and hours: what is spent is what was done, to the rupiah and to the minute, and never more than there is."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from helpers_engine import (
    NEXT_DOOR,
    ONES,
    SCENARIOS,
    Glass,
    Mentors,
    below,
    hamlets,
    hours_of,
    people,
    programme,
    run,
    simulated,
    town,
)

from empowersim.engine.allocation import RULES
from empowersim.engine.inputs import Condition, Policy, Travel
from empowersim.engine.outputs import HOURS
from empowersim.scenario.compile import compile_scenario
from empowersim.scenario.load import load
from empowersim.schema import REGION_TYPES, VILLAGE_ROW

CENT = 0.01
AVAILABLE, ADMINISTRATION, TRAINING, TRAVEL_TIME, SESSIONS, VISITS = range(len(HOURS))
FAR = Travel(
    round_trip_hours=(3.0,) * 5,
    visit_time_factor=(2.0,) * 5,
    walk_hours=(0.25,) * 5,
    sessions_per_trip=(2.0,) * 5,
    visits_per_trip=(6.0,) * 5,
    access=(0.8,) * 5,
    trip_cost=(90_000.0,) * 5,
    signal_factor=(1.5,) * 5,
)
STAFF = Mentors(
    posts=1.0,
    hours=50.0,
    admin_hours=4.0,
    admin_hours_per_client=0.1,
    training_hours=2.0,
    visit_hours=0.75,
    pay_per_month=3_456_789.0,
)


# --- what programmes cost ---------------------------------------------------------------------------------------------


def test_a_place_is_paid_when_it_is_filled() -> None:
    policy = Policy(
        "x", (programme(places_per_year=40.0, intake_every=3, last_intake=3, cost_per_place=1_234_567.0, overhead=0.1),)
    )
    result = run(town([40]), policy)[0]
    expected = np.zeros(12)
    expected[[0, 3]] = 10 * 1_234_567 * 1.1
    assert np.abs(result.cost - expected).max() < CENT


def test_months_grants_and_overhead_by_hand() -> None:
    doses = {"stipend": 150_000.0, "asset_grant": 4_000_000.0, "cash_grant": 750_000.0, "business": 0.1}
    given = programme(
        doses=doses,
        duration=5,
        places_per_year=28.0,  # of 160 represented households, of whom 40 are simulated: 7 places
        first_intake=2,
        last_intake=2,
        cost_per_place=300_000.0,
        cost_per_month=20_000.0,
        overhead=0.25,
    )
    result = run(replace(town([40]), represents=160.0), Policy("x", (given,)))[0]
    expected = np.zeros(12)
    expected[2:7] = 28 * 170_000 * 1.25
    expected[2] += 28 * (300_000 + 4_750_000) * 1.25
    assert result.places_filled.sum() == 28
    assert np.abs(result.cost - expected).max() < CENT
    assert result.cost.sum() == pytest.approx(28 * 1.25 * (5 * 170_000 + 5_050_000), abs=CENT)


def test_a_programme_for_children_is_paid_by_the_child() -> None:
    children = np.array([0, 1, 2, 3, 0, 5] * 8)
    given = programme(
        conditions=(Condition("children", low=1.0),),
        doses={"stipend": 60_250.0, "cash_grant": 100_000.0},
        duration=4,
        per_child=True,
        places_per_year=20.0,
        cost_per_place=40_000.0,
        cost_per_month=50_000.0,
        overhead=0.1,
    )
    result = run(town([48], children=children), Policy("x", (given,)))[0]
    assert result.touched.sum() == 20
    heads = int(children[result.touched].sum())
    assert heads != 20 * 2.75
    expected = np.zeros(12)
    expected[:4] = heads * 110_250 * 1.1
    expected[0] += (heads * 100_000 + 20 * 40_000) * 1.1  # a place is a household's, a grant a child's
    assert np.abs(result.cost - expected).max() < CENT


@pytest.mark.parametrize("per_child", [False, True])
def test_money_paid_out_is_money_received(per_child: bool) -> None:
    population = people(2500)
    given = programme(
        doses={"stipend": 123_456.0, "asset_grant": 2_345_678.0, "cash_grant": 345_678.0},
        places_per_year=30_000.0,
        intake_every=3,
        last_intake=9,
        drop_out=0.05,
        per_child=per_child,
        conditions=below(1.5),
    )
    glass = Glass(population, Policy("x", (given,)))
    paid = run(population, Policy("x", (given,)))[0].programme_cost[0] * population.count / population.represents
    line = population.villages.context[VILLAGE_ROW["line"]][population.households.village]
    for month in range(12):
        glass.advance(month + 1)
        received = (glass.row("transfers").astype(float) * population.households.size * line).sum()
        assert received == pytest.approx(paid[month], rel=1e-5)
        assert received > 0


def test_the_cost_of_every_programme_follows_from_its_counts() -> None:
    compiled = compile_scenario(load(SCENARIOS / "medan.yaml"))
    checked = 0
    for result, policy in zip(
        run(hamlets(), *compiled.policies.values(), months=30), compiled.policies.values(), strict=True
    ):
        for slot, one in enumerate(policy.programmes):
            if one.per_child:
                continue
            lump = one.cost_per_place + one.doses.get("asset_grant", 0.0) + one.doses.get("cash_grant", 0.0)
            monthly = one.cost_per_month + one.doses.get("stipend", 0.0)
            expected = lump * result.places_filled[slot] + monthly * result.enrolled[slot]
            assert result.programme_cost[slot] == pytest.approx(expected * (1 + one.overhead), rel=1e-12)
            assert result.programme_cost[slot].sum() > 0
            checked += 1
    assert checked >= 11


# --- what mentors cost ------------------------------------------------------------------------------------------------


def test_mentors_are_paid_until_the_end_whether_they_work_or_not() -> None:
    staff = replace(STAFF, posts=2.5, session_cost=475_000.0)
    for programmes in ((), (programme(places_per_year=20.0),)):
        result = run(town([40]), Policy("x", programmes, staff, end=7), travel=FAR)[0]
        expected = np.where(np.arange(12) < 7, 2.5 * 3_456_789.0, 0.0)
        assert np.abs(result.mentor_cost - expected).max() < CENT


OPEN = replace(FAR, access=ONES)
"""The same ways, open in every month."""


def test_trips_to_visits_by_hand() -> None:
    wishes = programme(doses={"visits": 1.0}, places_per_year=1e6, duration=9)
    result = run(town([60]), Policy("x", (wishes,), STAFF), travel=OPEN)[0]
    # (4 + 6) x 1.5 = 15 hours of administration, 2 of training; 33 hours for visits,
    # at 2 x 0.75 + 0.25 hours and a sixth of a trip of 3 hours, 2.25 each: 14
    expected = np.full(12, 3_456_789.0)
    expected[:9] += 14 / 6 * 90_000
    assert np.abs(result.mentor_cost - expected).max() < CENT
    assert result.hours[:, 3] == pytest.approx([50.0, 15.0, 2.0, 14 * 0.5, 0.0, 14 * 1.75])
    assert result.hours[:, 10] == pytest.approx([50.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def test_trips_to_sessions_by_hand() -> None:
    group = programme(doses={"sessions": 1.0}, places_per_year=1e6, duration=9)
    staff = replace(STAFF, hours=25.0, session_hours=2.5, group_size=25.0, session_cost=475_000.0)
    result = run(town([60]), Policy("x", (group,), staff), travel=OPEN)[0]
    # 17 hours of administration and training leave 8; 3 groups at 2.5 + 3/2 = 4 hours want 12: two thirds are held
    expected = np.full(12, 3_456_789.0)
    expected[:9] += 2.0 * 475_000 + 1.0 * 90_000
    assert np.abs(result.mentor_cost - expected).max() < CENT
    assert result.hours[:, 3] == pytest.approx([25.0, 15.0, 2.0, 3.0, 5.0, 0.0])
    # with hours enough all are held
    rich = run(town([60]), Policy("x", (group,), replace(staff, hours=90.0)), travel=OPEN)[0]
    assert hours_of(rich, "sessions")[3] == pytest.approx(3 * 2.5)


def test_residents_walk() -> None:
    wishes = programme(doses={"visits": 1.0}, places_per_year=1e6, duration=12)
    staff = replace(STAFF, resident=True, resident_round_trip=0.6, resident_trip_cost=5_000.0)
    result = run(town([60]), Policy("x", (wishes,), staff), travel=FAR)[0]
    # 33 hours, all of which can be used, at 1.75 + 0.6/6 = 1.85 hours a visit: 17
    assert result.hours[:, 3] == pytest.approx([50.0, 15.0, 2.0, 17 * 0.1, 0.0, 17 * 1.75])
    assert result.mentor_cost[3] == pytest.approx(3_456_789.0 + 17 / 6 * 5_000, abs=CENT)


def test_cost_is_the_sum_of_its_parts_and_scales_with_those_represented() -> None:
    wishes = programme(doses={"visits": 1.0, "stipend": 1e5}, places_per_year=24.0, duration=9, cost_per_place=1e6)
    one = run(town([60]), Policy("x", (wishes,), STAFF), travel=FAR)[0]
    assert np.array_equal(one.cost, one.programme_cost.sum(axis=0) + one.mentor_cost)
    # ten times the district, the places and the posts: the same simulated town, ten times the money and the hours
    tenfold = Policy("x", (replace(wishes, places_per_year=240.0),), replace(STAFF, posts=10.0))
    ten = run(replace(town([60]), represents=600.0), tenfold, travel=FAR)[0]
    assert ten.cost == pytest.approx(10 * one.cost, rel=1e-12)
    assert ten.hours == pytest.approx(10 * one.hours, rel=1e-12)
    assert ten.poor_household_months == pytest.approx(10 * one.poor_household_months)
    assert np.array_equal(ten.monthly, one.monthly, equal_nan=True)


# --- budgets ----------------------------------------------------------------------------------------------------------


@cache
def five_years(name: str, households: int):
    compiled = compile_scenario(load(SCENARIOS / f"{name}.yaml"))
    population = compiled.population(households, 1, 0)
    results = run(population, *compiled.policies.values(), months=60, burn_in=12, travel=compiled.travel)
    return compiled, population, dict(zip(compiled.policies, results, strict=True))


@pytest.mark.parametrize("households", [2000, 12_000])
@pytest.mark.parametrize("name", ["medan", "remote-islands"])
def test_no_programme_spends_more_than_its_budget(name: str, households: int) -> None:
    compiled, population, results = five_years(name, households)
    # each subdistrict rounds its places by less than one, which stands for so many
    one_place_each = population.subdistrict_id.size * population.represents / population.count
    children = population.households.children
    spread = children[children > 0].std()
    seen = 0
    for policy, result in results.items():
        documents = {one.name: one for one in compiled.scenario.policies[policy].programmes}
        for slot, programme_name in enumerate(result.programme_names):
            one = documents[programme_name]
            budget = one.places_per_year * one.unit_cost
            room = one_place_each * one.unit_cost
            if one.per_child:
                # planned at a mean number of children; those who come have it only on average (4 standard errors)
                served = one.places_per_year * population.count / population.represents
                room += budget * 4.0 * spread / (one.children * np.sqrt(served))
            for year in range(5):
                months = slice(12 * year, 12 * (year + 1))
                assert 0 < result.programme_cost[slot, months].sum() <= budget + room, (policy, programme_name, year)
                held = one.places_per_year * one.duration + one_place_each * one.duration
                assert result.enrolled[slot, months].sum() <= held
            seen += 1
    assert seen >= 10


@pytest.mark.parametrize("households", [2000, 12_000])
@pytest.mark.parametrize("name", ["medan", "remote-islands"])
def test_mentors_spend_no_more_than_their_budget(name: str, households: int) -> None:
    compiled, _, results = five_years(name, households)
    seen = 0
    for policy, result in results.items():
        budget = compiled.scenario.policies[policy].mentors.budget
        if not budget:
            assert not result.mentor_cost.any()
            continue
        years = result.mentor_cost.reshape(5, 12).sum(axis=1)
        # posts are planned for as many clients as there are places; 2 % for groups and trips that come out otherwise
        assert (years <= 1.02 * budget).all(), policy
        seen += 1
    assert seen


@pytest.mark.parametrize("policy", ["mix_commuting", "mix_resident"])
def test_mentors_with_too_many_clients_spend_their_budget_but_for_vacancies(policy: str) -> None:
    compiled, _, results = five_years("remote-islands", 12_000)
    budget = compiled.scenario.policies[policy].mentors.budget
    result = results[policy]
    posts, vacant = result.mentors[0].sum(), result.mentors[1].sum()
    assert result.hours[1:].sum() > 0.7 * result.hours[0].sum()
    assert result.mentor_cost.sum() <= 5 * budget * 1.02
    assert result.mentor_cost.sum() > 5 * budget * (1 - vacant / posts) * 0.75  # tired mentors make fewer trips


# --- hours ------------------------------------------------------------------------------------------------------------

WISHES = (
    programme("visits", 1, doses={"visits": 1.0}, take_up=0.7, places_per_year=9e3, intake_every=2, last_intake=99),
    programme("both", 2, doses={"visits": 3.0, "sessions": 2.0}, places_per_year=3e3, duration=9, drop_out=0.05),
)


def country(households: int = 20_000):
    """All region types, standing for 610,000 households."""
    population = replace(people(households, "indonesia"), represents=610_000.0)
    assert np.unique(population.villages.region).size >= 3
    return population


@pytest.mark.parametrize("posts", [20.0, 120.0, 800.0])
@pytest.mark.parametrize("rule", RULES)
def test_hours_used_never_exceed_hours_in_any_block_and_month(rule: str, posts: float) -> None:
    population = country()
    policy = Policy("x", WISHES, Mentors(posts=posts, rule=rule, dynamics=False))
    regions = set()
    for block in range(population.subdistrict_id.size):
        glass = Glass(population, policy, block=block).advance(12)
        hours = glass.tally.hours
        assert (hours >= 0).all()
        assert hours[AVAILABLE] == pytest.approx(np.full(12, posts * glass.share * 150.0))
        assert (hours[ADMINISTRATION:].sum(axis=0) <= hours[AVAILABLE] * (1 + 1e-12)).all()
        regions.add(int(population.villages.region[population.villages.subdistrict == block][0]))
    assert len(regions) >= 3


@pytest.mark.parametrize("rule", RULES)
def test_every_visit_takes_its_time(rule: str) -> None:
    population = country()
    policy = Policy("x", WISHES, Mentors(posts=400.0, rule=rule, dynamics=False))
    travel = NEXT_DOOR
    for travel in (NEXT_DOOR, FAR):
        visits = 0.0
        for block in range(population.subdistrict_id.size):
            glass = Glass(population, policy, block=block, travel_by=travel)
            made = np.zeros(12)
            for month in range(12):
                glass.advance(month + 1)
                made[month] = glass.row("visits").sum(dtype=float)
            region = population.villages.region[population.villages.subdistrict == block][0]
            each = 0.75 * travel.visit_time_factor[region] + travel.walk_hours[region]
            assert glass.tally.hours[VISITS] == pytest.approx(made * each, rel=1e-5)
            per_trip = travel.visits_per_trip[region] * (1.5 if rule == "cluster" else 1.0)
            on_the_road = made / per_trip * travel.round_trip_hours[region]
            sessions = glass.tally.hours[SESSIONS] / 2.75
            on_the_road += sessions / travel.sessions_per_trip[region] * travel.round_trip_hours[region]
            assert glass.tally.hours[TRAVEL_TIME] == pytest.approx(on_the_road, rel=1e-5)
            visits += made.sum()
        assert visits > 500


@pytest.mark.parametrize("programmes", [(), WISHES, (programme(places_per_year=1e4),)], ids=["none", "wishes", "idle"])
def test_hours_available_are_posts_times_hours_until_the_end(programmes: tuple) -> None:
    population = country()
    result = run(population, Policy("x", programmes, Mentors(posts=123.4, hours=137.0), end=9))[0]
    expected = np.where(np.arange(12) < 9, 123.4 * 137.0, 0.0)
    assert hours_of(result, "available") == pytest.approx(expected)


def test_visits_of_the_run_are_those_of_the_ledger() -> None:
    population = hamlets()
    policy = Policy("x", WISHES, Mentors(posts=300.0))
    result = run(population, policy, travel=NEXT_DOOR)[0]
    made = result.series("visits") * population.represents
    assert made.min() > 0
    assert hours_of(result, "visits") == pytest.approx(made * 0.75, rel=1e-6)


def test_no_post_no_visit_and_no_hour() -> None:
    result = run(hamlets(), Policy("x", WISHES, Mentors(posts=0.0)))[0]
    assert simulated(result.places_filled, hamlets()).sum() > 0
    assert not result.hours.any()
    assert not result.series("visits").any()
    assert not result.mentor_cost.any()


@pytest.mark.parametrize("region", REGION_TYPES)
def test_more_posts_never_make_fewer_visits(region: str) -> None:
    homes = {"urban": "medan_urban", "peri_urban": "peri_urban", "rural_road": "rural_road"}
    homes |= {"interior": "interior_adat", "small_island": "remote_islands"}
    population = replace(hamlets(3000, homes[region]), represents=610_000.0)
    posts = [0.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1600.0]
    results = run(population, *[Policy("x", WISHES, Mentors(posts=n)) for n in posts])
    made = [simulated(result.series("visits") * population.represents, population).sum() for result in results]
    assert made[0] == 0
    assert (np.diff(made) >= 0).all()
    assert made[-1] > made[2]
