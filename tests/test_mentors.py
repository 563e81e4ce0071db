"""Mentors as agents: leaving, what a change of mentor costs, learning and tiring, and who is visited first."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from empowersim._jit import LANES
from empowersim.engine.allocation import RULES, visit
from empowersim.engine.arrays import MENTOR_STATE, running_of, scratch_for
from empowersim.engine.inputs import CommunityProgramme, Condition, Mentors, Policy, Programme, Travel
from empowersim.engine.lives import empty_tally
from empowersim.engine.outputs import HOURS, MENTOR_SERIES
from empowersim.engine.plans import Portion, check_policy, new_mentors, offer_of, plan_of, portions_of, shares_of
from empowersim.engine.simulate import simulate
from empowersim.engine.start import blocks_of, settle, working_rows
from empowersim.engine.synthetic import synthetic
from empowersim.errors import SimulationError
from empowersim.parameters import parameters, places, record_of
from empowersim.schema import ROW

EVERYBODY = (Condition("size", 0.0, 100.0),)
VISITING = Programme(
    "visiting", 7, EVERYBODY, {"visits": 1.0}, duration=60, take_up=1.0, places_per_year=1e9, intake_every=12
)
SEED, REPLICATE = np.uint32(3), np.uint32(0)


@pytest.fixture(scope="module")
def travel() -> Travel:
    return Travel(**places.travel())


def run(mentors: Mentors, *, households: int = 3000, months: int = 36, place: str = "medan_urban", **more: Any) -> Any:
    population = synthetic(places.places()[place], households=households, seed=11, replicate=0, parameters=parameters())
    policy = Policy("p", (VISITING,), mentors, **more)
    return simulate(
        replace(population, represents=float(households)),
        [policy],
        travel=Travel(**places.travel()),
        parameters=parameters(),
        months=months,
        burn_in=0,
        seed=5,
        threads=1,
    )[0]


def series(result: Any, name: str) -> Any:
    return result.mentors[MENTOR_SERIES.index(name)]


def one_village(travel: Travel, mentors: Mentors, households: int = 40) -> dict[str, Any]:
    """A block of one village in which everybody wants one visit a month, and one mentor."""
    population = synthetic(
        places.places()["medan_urban"], households=households, seed=2, replicate=0, parameters=parameters()
    )
    block = blocks_of(population, parameters())[0]
    values = record_of(parameters())
    settle(block, working_rows(), values, SEED, REPLICATE)
    policy = Policy("p", (VISITING,), mentors)
    share = 1.0 / mentors.posts
    tiles, villages = block.state.shape[0], block.village.shape[0]
    offer = offer_of(policy, 0, Portion(share, share), tiles, villages, 1, SEED, REPLICATE)
    running = running_of(block, 1, 1, 0)
    running.slots[:, 0, :] = (block.live > 0) * np.uint8(60)
    running.mentors[:] = new_mentors(mentors, 1)
    return {
        "block": block,
        "running": running,
        "plan": plan_of(policy, travel, 0, Portion(share, share)),
        "p": values[0],
        "offer": offer,
        "tally": empty_tally(policy, 1),
        "scratch": scratch_for(tiles),
    }


def visited(village: dict[str, Any], month: int = 0) -> Any:
    """Households that a mentor's month reaches, as positions in household order."""
    visit(*village.values(), 0, np.uint32(month), SEED, REPLICATE)
    alive = village["block"].live > 0
    return np.flatnonzero(village["scratch"].demand[alive] > 0)


def column(village: dict[str, Any], name: str) -> Any:
    block = village["block"]
    return block.state[:, ROW[name], :][block.live > 0]


FEW_HOURS = Mentors(posts=10.0, hours=60.0, dynamics=False)


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("poorest_first", lambda v: column(v, "consumption")),
        ("neediest_first", lambda v: column(v, "empowerment") + column(v, "agency_base")),
        ("near_threshold", lambda v: np.abs(np.log(column(v, "consumption") / 1.2))),
        ("responsive", lambda v: -column(v, "motivation")),
        ("max_gain", lambda v: -(0.4 + 0.6 * column(v, "trust")) * (1 - column(v, "business_practice"))),
        ("round_robin", lambda v: -column(v, "unseen")),
    ],
)
def test_an_allocation_rule_serves_those_its_name_says(travel: Travel, rule: str, key: Any) -> None:
    village = one_village(travel, replace(FEW_HOURS, rule=rule))
    state = village["block"].state
    ramp = np.arange(state.shape[0] * LANES, dtype=np.float32).reshape(state.shape[0], LANES)
    mixed = (ramp * 7) % 41 / 41
    for name in ("motivation", "business_practice", "trust"):
        state[:, ROW[name], :] = mixed
    state[:, ROW["unseen"], :] = (ramp * 5) % 37
    order = np.argsort(key(village), kind="stable")
    served = visited(village)
    assert 5 < served.size < 35
    assert set(served) == set(order[: served.size])


def test_equal_gives_everybody_the_same_part_of_a_visit(travel: Travel) -> None:
    village = one_village(travel, replace(FEW_HOURS, rule="equal"))
    assert visited(village).size == 40
    parts = village["scratch"].demand[village["block"].live > 0]
    assert np.unique(parts).size == 1
    assert 0 < parts[0] < 1


def test_two_tier_visits_the_poorest_fifth_only(travel: Travel) -> None:
    village = one_village(travel, replace(FEW_HOURS, rule="two_tier", hours=150.0))
    poorest = np.argsort(column(village, "consumption"), kind="stable")[:8]
    assert set(visited(village)) == set(poorest)


def test_cluster_sees_neighbours_and_moves_on(travel: Travel) -> None:
    mentors = replace(FEW_HOURS, rule="cluster")
    first = visited(one_village(travel, mentors, 256), 0)
    later = visited(one_village(travel, mentors, 256), 1)
    tiles = set(first // LANES)
    assert len(tiles) <= math.ceil(first.size / LANES) + 1
    assert set(first) != set(later)


def test_random_depends_on_the_month_and_on_nothing_the_household_is(travel: Travel) -> None:
    mentors = replace(FEW_HOURS, rule="random")
    village, poorer = one_village(travel, mentors), one_village(travel, mentors)
    poorer["block"].state[:, ROW["consumption"], :] *= np.float32(0.5)
    first = visited(village)
    assert np.array_equal(first, visited(poorer))
    assert not np.array_equal(first, visited(one_village(travel, mentors), 1))


def test_every_rule_has_a_test_here() -> None:
    tested = {"poorest_first", "neediest_first", "near_threshold", "responsive", "max_gain", "round_robin"}
    assert set(RULES) == tested | {"equal", "two_tier", "cluster", "random"}


def test_mentors_leave_at_their_hazard() -> None:
    """Rested mentors without course or feedback leave at 0.004 x 4.0 x 2.0 a month; false alarms below 1 in 1,000."""
    idle = Mentors(posts=2000.0, visit_hours=0.1, admin_hours_per_client=0.0)
    result = run(idle, households=20_000, months=24)
    posts = series(result, "posts") - series(result, "vacant")
    expected = 0.004 * math.exp(1.39 + 0.69) * posts.sum()
    left = series(result, "departures").sum()
    assert np.nanmax(series(result, "burnout")) < 0.01, "the test is of rested mentors"
    assert abs(left - expected) < 3.4 * math.sqrt(expected)


def test_a_post_stays_vacant_for_the_stated_months_and_is_not_paid() -> None:
    leaving = Mentors(posts=40.0, pay_ratio=0.05, pay_per_month=1e6)
    result = run(leaving, households=4000, months=24)
    vacant = series(result, "vacant")
    assert vacant[0] == 0
    recent = [series(result, "departures")[max(0, m - 3) : m].sum() for m in range(24)]
    assert np.allclose(vacant, recent)
    trips_free = replace(VISITING, doses={})
    assert trips_free.doses == {}
    hours = result.hours[HOURS.index("available")]
    assert np.all(hours <= (40.0 - vacant) * 150.0 * (1 + 1e-9))


def test_a_departure_resets_trust_and_competence(travel: Travel) -> None:
    village = one_village(travel, Mentors(posts=10.0, pay_ratio=1e-4, handover=False))
    crew, state = village["running"].mentors, village["block"].state
    crew[0, :4] = 0.9
    state[:, ROW["trust"], :] = 0.5
    state[:, ROW["unseen"], :] = 3.0
    stranger = (0, 5)
    state[stranger[0], ROW["unseen"], stranger[1]] = 600.0
    visited(village)
    vacant = MENTOR_STATE.index("vacant")
    assert crew[0, vacant] == 3.0
    trust = state[:, ROW["trust"], :]
    assert trust[stranger] == np.float32(0.5), "who never met the mentor keeps the trust in strangers"
    met = np.delete(trust[village["block"].live > 0], stranger[1])
    assert np.allclose(met, 0.5 * 0.3)
    for month in (1, 2, 3):
        assert visited(village, month).size == 0, "nobody comes while the post is vacant"
    assert crew[0, vacant] == 0.0
    assert np.allclose(crew[0, :4], 0.6), "the successor starts with the competence of its type"


def test_handover_keeps_twice_the_trust(travel: Travel) -> None:
    kept = []
    for handover in (True, False):
        village = one_village(travel, Mentors(posts=10.0, pay_ratio=1e-4, handover=handover))
        village["block"].state[:, ROW["trust"], :] = 0.5
        village["block"].state[:, ROW["unseen"], :] = 3.0
        visited(village)
        kept.append(float(column(village, "trust")[0]))
    assert kept == pytest.approx([0.3, 0.15])


def test_rotation_costs_trust_but_not_the_post() -> None:
    stay = run(Mentors(posts=30.0, coaching=True, refresher=True))
    move = run(Mentors(posts=30.0, coaching=True, refresher=True, rotation=6))
    assert move.series("trust")[-1] < stay.series("trust")[-1]
    assert series(move, "vacant").max() <= series(stay, "vacant").max() + 6


def test_courses_and_coaching_raise_competence_and_hold_mentors() -> None:
    plain = run(Mentors(posts=60.0), months=48)
    trained = run(Mentors(posts=60.0, refresher=True, coaching=True), months=48)
    assert series(trained, "competence")[-1] > series(plain, "competence")[-1]
    assert series(trained, "departures").sum() < series(plain, "departures").sum()


def test_overload_tires_and_rest_recovers() -> None:
    heavy = run(Mentors(posts=3.0))
    light = run(Mentors(posts=300.0))
    assert series(heavy, "burnout")[12] > 0.2
    assert np.nanmax(series(light, "burnout")) < 0.02


def test_hours_are_never_overspent_and_add_up() -> None:
    for place in ("medan_urban", "rural_road", "interior_adat", "remote_islands"):
        for posts in (2.0, 20.0):
            result = run(Mentors(posts=posts), place=place, months=18)
            available, *used = result.hours
            assert np.all(np.sum(used, axis=0) <= available * (1 + 1e-9))


def test_role_time_moved_to_representation_obtains_more_entitlements() -> None:
    usual = Mentors(posts=30.0, dynamics=False)
    moved = replace(usual, role_mix=(0.35, 0.30, 0.25, 0.10))
    assert run(moved).series("claims")[-1] > run(usual).series("claims")[-1]
    assert run(replace(usual, coordination=True)).series("claims")[-1] > run(usual).series("claims")[-1]


def test_without_dynamics_mentors_stay_as_they_start() -> None:
    result = run(Mentors(posts=10.0, dynamics=False))
    assert np.allclose(series(result, "competence"), 0.6)
    assert series(result, "departures").sum() == 0


def test_resident_mentors_reach_more_on_islands() -> None:
    commuting = run(Mentors(posts=30.0), place="remote_islands")
    resident = run(Mentors(posts=30.0, resident=True), place="remote_islands")
    assert resident.series("visits").mean() > 1.3 * commuting.series("visits").mean()


def test_community_programmes_serve_the_poorest_villages_and_change_them() -> None:
    link = CommunityProgramme("link", 9, coverage=0.5, scales={"market_access": 1.2}, cost_once=1e6, cost_per_month=1e4)
    talk = CommunityProgramme("talk", 10, coverage=1.0, start=6, duration=12, doses={"deliberation": 1.0})
    result = run(Mentors(), community=(link, talk), place="remote_islands", households=6000)
    plain = run(Mentors(), place="remote_islands", households=6000)
    assert result.series("income")[-1] > plain.series("income")[-1]
    assert result.series("collective")[5] == plain.series("collective")[5]
    assert result.series("collective")[17] > plain.series("collective")[17]
    assert result.community_cost[0, 0] > 0
    assert np.allclose(result.community_cost[0, 1:], result.community_cost[0, 1])
    assert np.all(result.community_cost[1] == 0)


def test_sharing_by_poverty_moves_places_to_poor_blocks() -> None:
    households = np.array([100, 100, 200])
    poor = np.array([10.0, 30.0, 8.0])
    equal = shares_of(Policy("a"), households, poor, 800.0)
    by_poverty = shares_of(Policy("a", sharing="by_poverty"), households, poor, 800.0)
    half = shares_of(Policy("a", sharing="poorest_half"), households, poor, 800.0)
    assert equal == pytest.approx([0.125, 0.125, 0.25])
    assert by_poverty == pytest.approx([0.5 * 10 / 48, 0.5 * 30 / 48, 0.5 * 8 / 48])
    assert half == pytest.approx([0.125, 0.375, 0.0])


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (Policy("p", sharing="by_povrety"), "sharing is one of equal, by_poverty, poorest_half; found by_povrety"),  # type: ignore[arg-type]
        (Policy("p", mentors=Mentors(posts=-1.0)), "posts and hours are 0 or more, found -1 and 150"),
        (Policy("p", mentors=Mentors(group_size=0.0)), "group size and pay ratio are above 0, found 0 and 1"),
        (Policy("p", mentors=Mentors(pay_ratio=0.0)), "group size and pay ratio are above 0, found 25 and 0"),
        (Policy("p", mentors=Mentors(role_mix=(1.5, -0.5, 0.0, 0.0))), "role share 1 lies between 0 and 1, found 1.5"),
        (Policy("p", (replace(VISITING, places_per_year=-5.0),)), "places a year are 0 or more, found -5"),
        (Policy("p", (replace(VISITING, partner_share=2.0),)), "partner's share lies between 0 and 1, found 2"),
        (Policy("p", community=(CommunityProgramme("c", 1, 3.0),)), "coverage lies between 0 and 1, found 3"),
        (
            Policy("p", community=(CommunityProgramme("c", 1, 0.5, start=-1),)),
            "it starts in month 0 or later, found -1",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_words(policy: Policy, message: str) -> None:
    with pytest.raises(SimulationError, match=re.escape(message)):
        check_policy(policy)


def test_posts_follow_region_types_and_places_do_not() -> None:
    households, poor = np.array([100, 100, 200]), np.array([10.0, 30.0, 8.0])
    regions = np.array([0, 3, 4])
    doubled = replace(Mentors(), where=(1.0, 1.0, 1.0, 2.0, 0.0))
    portions = portions_of(Policy("a", mentors=doubled), households, poor, regions, 800.0)
    assert [one.places for one in portions] == pytest.approx([0.125, 0.125, 0.25])
    assert [one.posts for one in portions] == pytest.approx([0.5 / 3, 1.0 / 3, 0.0])  # 1 : 2 : 0
    by_poverty = portions_of(Policy("a", sharing="by_poverty", mentors=doubled), households, poor, regions, 800.0)
    assert [one.posts for one in by_poverty] == pytest.approx([0.5 * 10 / 70, 0.5 * 60 / 70, 0.0])
    nowhere = portions_of(Policy("a", mentors=replace(doubled, where=(0.0,) * 5)), households, poor, regions, 800.0)
    assert [one.posts for one in nowhere] == [0.0, 0.0, 0.0]


def test_without_weights_posts_go_where_places_go_to_the_last_bit() -> None:
    households, poor, regions = np.array([101, 77, 203]), np.array([10.0, 31.0, 8.0]), np.array([0, 3, 4])
    for sharing in ("equal", "by_poverty", "poorest_half"):
        plain = portions_of(Policy("a", sharing=sharing), households, poor, regions, 991.0)
        assert all(one.places == one.posts for one in plain)


@pytest.mark.parametrize("where", [(1.0, 1.0), (1.0, 1.0, 1.0, 1.0, -1.0)])
def test_weights_that_cannot_be_are_refused(where: tuple[float, ...]) -> None:
    with pytest.raises(SimulationError, match="a weight of 0 or more for each of urban"):
        check_policy(Policy("p", mentors=Mentors(posts=1.0, where=where)))
