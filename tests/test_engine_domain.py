"""The whole domain at once: what must not matter with everything switched on, and what follows for single households.

Everything: all programmes of the library, mentors who learn, tire, move and leave, community programmes, and the three
ways of sharing. The plainer cases are in `test_engine_invariance.py`.
"""

from __future__ import annotations

import itertools
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
from helpers_engine import (
    NEXT_DOOR,
    NO_CONTACT,
    Glass,
    below,
    hamlets,
    people,
    programme,
    run,
    simple_mentors,
    town,
    unlike,
)
from scipy import stats
from test_engine_invariance import COUNTED, NOTHING, VECTORS, all_same, same_life, shuffled, with_empty_tiles

from empowersim.engine.inputs import CommunityProgramme, Condition, Mentors, Policy
from empowersim.engine.outputs import MEASURE_ROW, MEASURES, STAGES, Run
from empowersim.errors import SimulationError
from empowersim.parameters import parameters
from empowersim.scenario import library
from empowersim.scenario.compile import compile_scenario
from empowersim.scenario.load import loads
from empowersim.schema import HOUSEHOLD, ROW, VILLAGE_ROW

ISLANDS = "remote_islands"
MONTHS = {"months": 14, "burn_in": 2}
LINK = CommunityProgramme(
    "link",
    901,
    coverage=0.5,
    sets={"signal": 1.0},
    scales={"market_access": 1.2, "venue_hours": 0.5},
    travel_factor=0.7,
    cost_once=5e8,
    partner_share=0.5,
)
TALKS = CommunityProgramme(
    "talks", 902, coverage=0.7, start=3, duration=7, doses={"deliberation": 1.0, "health_group": 0.5, "fit": -0.4}
)
STAFF = Mentors(
    posts=150.0,
    rule="max_gain",
    role_mix=(0.3, 0.3, 0.25, 0.15),
    refresher=True,
    peer_group=True,
    pay_ratio=0.2,
    rotation=5,
    handover=False,
    local=True,
    coordination=True,
    coordination_cost=8e6,
    trust_bonus=0.2,
    observation_noise=0.3,
    pay_per_month=3e6,
)


@cache
def of_the_library() -> tuple:
    """Every programme of the library, small enough to be rationed."""
    offers = ", ".join(f"{name}: {{places: 4000 places/year}}" for name in library.names())
    world = f"empowersim: 1\nname: all\nbase: {{world: {{place: {ISLANDS}}}}}\n"
    document = f"{world}policies: {{p: {{programmes: {{{offers}}}}}}}\n"
    made = compile_scenario(loads(document)).policies["p"].programmes
    assert len(made) == len(library.names())
    return made


@cache
def everything() -> tuple[Policy, ...]:
    """Three policies with all there is, one for each way of sharing."""
    both = (LINK, TALKS)
    return (
        Policy("equal", of_the_library(), STAFF, both),
        Policy("by_poverty", of_the_library(), replace(STAFF, rule="two_tier", resident=True), both, "by_poverty"),
        Policy("poorest_half", of_the_library(), replace(STAFF, rule="cluster"), both, "poorest_half", end=9),
    )


@cache
def lived() -> list[Run]:
    return run(hamlets(3000, ISLANDS), *everything(), threads=1, **MONTHS)


def test_everything_is_really_on() -> None:
    for result in lived():
        posts, vacant, _, burnout, departures, clients, visited = result.mentors[:, :9].sum(axis=1)
        assert min(posts, vacant, burnout, departures, clients, visited) > 0, result.policy
        assert (result.places_filled.sum(axis=1) > 0).all(), result.policy
        assert (result.community_cost[0] > 0).any()
        assert result.partner_cost.sum() > 0
        assert set(result.stage) == set(range(len(STAGES)))


# --- what must not matter ---------------------------------------------------------------------------------------------


def test_threads_do_not_matter() -> None:
    all_same(lived(), run(hamlets(3000, ISLANDS), *everything(), threads=2, **MONTHS))


def test_neither_order_nor_company_of_policies_matters() -> None:
    together = {result.policy: result for result in lived()}
    for order in ((*everything()[::-1], NOTHING), everything()[1:2]):
        for result in run(hamlets(3000, ISLANDS), *order, **MONTHS):
            if result.policy in together:
                assert unlike(result, together[result.policy]) == [], result.policy


def test_the_order_of_the_subdistricts_does_not_matter() -> None:
    population = hamlets(3000, ISLANDS)
    count = population.subdistrict_id.size
    other = shuffled(population, np.array([*range(1, count, 2), *range(0, count, 2)][::-1]))
    for a, b in zip(lived(), run(other, *everything(), **MONTHS), strict=True):
        home = np.argsort(b.household_id)
        for name in (*VECTORS, "stage"):
            assert np.array_equal(getattr(a, name), getattr(b, name)[home]), (a.policy, name)
        for name in COUNTED:
            assert np.array_equal(getattr(a, name), getattr(b, name)), (a.policy, name)
        np.testing.assert_allclose(a.mentors, b.mentors, rtol=1e-9)


def test_a_larger_population_only_adds_under_equal_sharing() -> None:
    small, large = people(6000, ISLANDS), people(10_000, ISLANDS)
    last = small.villages.subdistrict[small.households.village[-1]]
    whole = small.villages.subdistrict[small.households.village] < last
    assert whole.sum() > 1000
    policy = everything()[0]
    one, other = (run(population, policy, **MONTHS)[0] for population in (small, large))
    assert one.touched[whole].any()
    for name in (*VECTORS, "stage"):
        assert np.array_equal(getattr(one, name)[whole], getattr(other, name)[: whole.size][whole]), name


def glass(**settings: object) -> Glass:
    return Glass(people(2000, ISLANDS), replace(everything()[0], mentors=replace(STAFF, posts=30.0)), **settings)


def test_padding_does_not_matter() -> None:
    plain, padded = glass(), glass()
    # one mentor, whose area is the block whatever the number of tiles
    assert plain.offer.mentor_tiles.size == 2
    padded.reshape(with_empty_tiles(padded.block, 2, tiles=2, rubbish=True))
    same_life(plain.advance(12), padded.advance(12))
    assert np.array_equal(plain.running.mentors, padded.running.mentors)
    assert plain.tally.served.sum() > 0


@pytest.mark.parametrize("cuts", [(3, 4), (1, 2, 7)])
def test_a_run_in_parts_is_the_run_in_one(cuts: tuple[int, ...]) -> None:
    one, parts = glass(), glass()
    for month in (*cuts, 12):
        parts.advance(month)
    same_life(one.advance(12), parts)
    for a, b in zip(one.running, parts.running, strict=True):
        assert np.array_equal(a, b)


def test_what_is_left_in_working_memory_does_not_matter() -> None:
    clean, dirty = glass(), glass()
    named = dirty.scratch._asdict()
    named |= named.pop("queue")._asdict()
    for name, values in named.items():
        if name not in ("given", "ones"):
            values[...] = 1 if values.dtype.kind in "iu" else 0.625
    same_life(clean.advance(12), dirty.advance(12))


# --- policies that do nothing, and those whom nothing reaches ---------------------------------------------------------

IN_VAIN = {
    "no village": Policy("x", community=(replace(LINK, coverage=0.0), replace(TALKS, coverage=0.0))),
    "it gives nothing": Policy("x", community=(CommunityProgramme("idle", 7, coverage=1.0, cost_per_month=1e6),)),
    "it begins too late": Policy("x", community=(replace(TALKS, coverage=1.0, start=14),)),
    "it stops before it starts": Policy("x", community=(LINK, TALKS), mentors=STAFF, end=0),
    "factors of one": Policy("x", community=(CommunityProgramme("one", 8, coverage=1.0, scales={"pace": 1.0}),)),
    "mentors without clients": Policy("x", mentors=STAFF),
    "shared by poverty": Policy("x", mentors=replace(STAFF, posts=0.0), sharing="by_poverty"),
}
LEDGERS = ("policy", "mentors", "hours", "mentor_cost", "community_names", "community_cost", "partner_cost")


@pytest.mark.parametrize("why", IN_VAIN)
def test_a_policy_that_does_nothing_changes_nothing(why: str) -> None:
    plain, empty = run(hamlets(1500, ISLANDS), NOTHING, IN_VAIN[why], **MONTHS)
    assert unlike(plain, empty, apart_from=LEDGERS) == []


def test_without_contact_only_those_reached_change_in_any_respect() -> None:
    policy = replace(everything()[0], community=())
    plain, treated = (
        Glass(people(2000, ISLANDS), one, months=14, **NO_CONTACT).advance(14) for one in (NOTHING, policy)
    )
    away = (treated.running.slots == 0).all(axis=1)[treated.block.live > 0] & (treated.row("unseen") == 600)
    assert 100 < away.sum() < 1900
    for name in ROW:
        assert np.array_equal(plain.row(name)[away], treated.row(name)[away]), name
    assert (plain.row("consumption") != treated.row("consumption"))[
        ~away
    ].mean() > 0.7  # what a tutor or a health group gives is not all eaten


def test_community_programmes_reach_the_villages_served_and_no_other() -> None:
    population = people(2000, ISLANDS)
    policy = Policy("x", community=(LINK, TALKS))
    plain, treated = (Glass(population, one, months=14).advance(14) for one in (NOTHING, policy))
    # talks are over after month 9, so only who was served by the link is still marked
    linked = treated.running.served[0] == 1
    assert 0 < linked.sum() < linked.size
    changed = plain.block.village != treated.block.village
    for name in ("market_access", "venue_hours"):
        assert np.array_equal(changed[:, VILLAGE_ROW[name]], linked), name
    signal = VILLAGE_ROW["signal"]
    assert (treated.block.village[linked, signal] == 1.0).all()
    assert not changed[~linked, signal].any()
    ids, chosen = np.arange(linked.size), np.flatnonzero(linked)
    income = np.bincount(population.households.village, population.households.consumption) / np.bincount(
        population.households.village
    )
    assert set(chosen) == set(ids[np.argsort(income, kind="stable")[: chosen.size]])


def test_what_community_programmes_cost_by_hand() -> None:
    sizes = [10, 10, 10, 10]
    rich = np.repeat([3.0, 1.0, 2.0, 4.0], 10)
    works = CommunityProgramme(
        "works", 5, coverage=0.5, start=2, duration=3, cost_once=7e6, cost_per_month=2e5, partner_share=0.25
    )
    for represents in (40.0, 400.0):
        population = replace(town(sizes, consumption=rich), represents=represents)
        result = run(population, Policy("x", community=(works,)), months=8)[0]
        expected = np.zeros(8)
        expected[2:5] = 2 * 2e5  # two of the four villages
        expected[2] += 2 * 7e6
        expected *= represents / 40.0
        assert result.community_cost[0] == pytest.approx(expected)
        assert result.partner_cost == pytest.approx(0.25 * expected)
        assert result.cost == pytest.approx(expected)
    served = Glass(town(sizes, consumption=rich), Policy("x", community=(works,))).advance(3).running.served[0]
    assert served.tolist() == [0, 1, 1, 0]


# --- measures against the households behind them ----------------------------------------------------------------------


def test_measures_of_the_domain_are_those_of_the_households() -> None:
    population, policy, p = people(2000, ISLANDS), everything()[0], parameters()
    eye = Glass(population, policy, months=30, burn_in=6)
    result = run(population, policy, months=30, burn_in=6)[0]
    began, poor_months, above = eye.row("consumption") < 1, np.zeros(2000), eye.row("above").astype(int)
    for month in range(30):
        if month == 29:
            village = eye.block.village.astype(float)
        eye.advance(month + 1)
        poor = eye.row("consumption") < 1
        poor_months += poor
        above = np.where(poor, 0, above + 1)
    home = {one.name: eye.row(one.name).astype(float) for one in HOUSEHOLD}
    size, children = home["size"], home["children"]
    access = eye.block.village[population.households.village, VILLAGE_ROW["health_access"]]
    # Alkire and Foster: weighted deprivations of each household
    lacks = np.array(
        [
            home["consumption"] < 1,
            home["schooling_years"] < p.deprived_schooling,
            home["literacy"] < np.float32(p.deprived_literacy),
            (children > 0) & (home["in_school"] == 0),
            home["illness"] > 0,
            access < p.deprived_access,
            home["agency_base"] + home["empowerment"] < p.deprived_agency,
            home["agency_base"] + home["voice"] < p.deprived_agency,
        ]
    )
    count = np.array([1 / 4, 1 / 12, 1 / 12, 1 / 12, 1 / 8, 1 / 8, 1 / 8, 1 / 8]) @ lacks
    assert np.abs(count - float(p.multidimensional_cutoff)).min() > 1e-4
    many = count > p.multidimensional_cutoff
    line = population.villages.context[VILLAGE_ROW["line"]][population.households.village].astype(float)
    order = np.argsort(home["consumption"] * line)
    eaten = np.cumsum((size * home["consumption"] * line)[order])
    area = (size[order] * (2 * eaten - np.diff(eaten, prepend=0.0))).sum() / (eaten[-1] * size.sum())
    of_village = np.bincount(population.households.village).astype(float)
    mean_poor, collective = village[:, VILLAGE_ROW["mean_poor"]], village[:, VILLAGE_ROW["collective"]]
    theft = village[:, VILLAGE_ROW["theft_hazard"]] * (1 + p.theft_per_poverty * mean_poor)
    theft *= 1 - p.theft_prevented * collective
    expected = {
        "multidimensional_headcount": np.average(many, weights=size),
        "multidimensional_poverty": np.average(many * count, weights=size),
        "vulnerable": (above < p.vulnerable_months).mean(),
        "chronic_poverty": ((poor_months >= p.chronic_share * 30) & (poor_months > 0)).mean(),
        "transient_poverty": ((poor_months < p.chronic_share * 30) & (poor_months > 0)).mean(),
        "sustained_exit": (began & (above >= p.independence_months)).mean(),
        "say": (home["agency_base"] + home["empowerment"]).mean(),
        "voice": (home["agency_base"] + home["voice"]).mean(),
        "motivation": home["motivation"].mean(),
        "claims": home["claims"].mean(),
        "child_growth": np.average(home["child_growth"], weights=children),
        "collective": np.average(collective, weights=of_village),
        "culture": np.average(village[:, VILLAGE_ROW["culture"]], weights=of_village),
        "thefts": 1000 * np.average(theft, weights=of_village),
    }
    found = {name: result.monthly[MEASURE_ROW[name], -1] for name in expected}
    assert found == pytest.approx(expected, rel=2e-5, abs=2e-6)
    assert min(abs(value) for value in found.values()) > 1e-4
    # classes of consumption are 1.25 % wide
    assert result.series("gini")[-1] == pytest.approx(1 - area, abs=5e-4)


def test_the_peak_season_comes_every_year_by_the_calendar() -> None:
    population = people(500, "rural_road")
    context = population.villages.context.copy()
    context[VILLAGE_ROW["harvest_start"]], context[VILLAGE_ROW["harvest_length"]] = 11.0, 3.0
    country = replace(population, villages=replace(population.villages, context=context))
    for calendar in (0, 8):
        eye = Glass(country, NOTHING, months=20, calendar=calendar)
        busy = [int(eye.advance(month + 1).block.village[0, VILLAGE_ROW["busy"]]) for month in range(20)]
        # December, January and February
        assert busy == [int((month + calendar) % 12 in (11, 0, 1)) for month in range(20)]


# --- who gets visits --------------------------------------------------------------------------------------------------


def test_mentors_with_halves_of_an_area_make_no_fewer_visits_than_one_with_the_whole() -> None:
    """Areas are geography: only where they nest (1, 2, 4 mentors) do more posts never make fewer visits."""
    population = town([320, 64], female_head=np.repeat([0.0, 1.0], [320, 64]))
    wishes = programme(
        conditions=(Condition("female_head", low=0.5),), doses={"visits": 4.0}, duration=24, places_per_year=1e6
    )
    offers = [Policy("x", (wishes,), simple_mentors(40, posts=posts)) for posts in (1.0, 2.0, 4.0)]
    made = [run(population, one, travel=NEXT_DOOR)[0].series("visits") for one in offers]
    assert (made[0] > 0).all()
    for fewer, more in itertools.pairwise(made):
        assert (more >= fewer - 1e-9).all()


def test_a_fraction_of_a_visit_falls_to_all_alike_and_whatever_the_hours() -> None:
    """A wish for 0.7 visits is one in 70 % of the months; a right engine fails one time in 16,000."""
    population = town([40, 56])
    wishes = programme(doses={"visits": 0.7}, duration=200, places_per_year=1e6)
    given = {}
    for hours in (60, 1000):
        eye = Glass(population, Policy("x", (wishes,), simple_mentors(hours)), months=200, travel_by=NEXT_DOOR)
        given[hours] = np.array([eye.advance(month + 1).row("visits").copy() for month in range(200)])
    rich = given[1000]
    assert set(np.unique(rich)) == {0.0, 1.0}
    assert abs(rich.mean() - 0.7) < 4 * np.sqrt(0.7 * 0.3 / rich.size)
    # months of a household are 200 draws of its own: the spread over households is binomial
    spread = ((rich.sum(axis=0) - 140) ** 2).sum() / (200 * 0.7 * 0.3)
    assert stats.norm.sf(4) < stats.chi2.sf(spread, 96) < 1 - stats.norm.sf(4)
    # nobody is visited with few hours in a month in which it would not be with many
    assert (given[60] <= rich).all()
    assert (given[60].sum(axis=1) == np.minimum(60, rich.sum(axis=1))).all()


def test_weather_and_boats_allow_as_many_trips_on_average_as_access_says() -> None:
    """Trips possible vary evenly around the access, each month anew; 4 standard errors."""
    group = programme(doses={"sessions": 1.0}, places_per_year=1e6, duration=200)
    boats = replace(NEXT_DOOR, access=(0.7,) * 5)
    staff = simple_mentors(1000, session_hours=2.0)
    held = run(town([25]), Policy("x", (group,), staff), months=200, travel=boats)[0].hours[4] / 2.0
    # 1 - 0.3 x 2 u with an even u: between 0.4 and 1
    assert 0.4 <= held.min() < held.max() <= 1.0
    assert abs(held.mean() - 0.7) < 4 * 0.6 / np.sqrt(12 * 200)
    assert held.std() == pytest.approx(0.6 / np.sqrt(12), rel=0.15)


# --- policies that cannot be run --------------------------------------------------------------------------------------


def with_programme(**changes: object) -> Policy:
    return Policy("x", (programme("one", **changes),))


def with_community(**changes: object) -> Policy:
    return Policy("x", community=(CommunityProgramme("one", 1, **({"coverage": 0.5} | changes)),))


WRONG = {
    "no channel is called visit$": with_programme(doses={"visit": 1.0}),
    "no household column is called wealth$": with_programme(conditions=(Condition("wealth", low=0.5),)),
    "priority is one of lottery.*found richest_first": with_programme(priority="richest_first"),
    "found every 0 from 0": with_programme(intake_every=0),
    "found every 3 from -1": with_programme(intake_every=3, first_intake=-1),
    "take-up lies between 0 and 1, found 1.2": with_programme(take_up=1.2),
    "drop-out lies between 0 and 1, found -0.1": with_programme(drop_out=-0.1),
    "at most 8 conditions, found 9": with_programme(conditions=below(1.0) * 9),
    "1 to 254 months, found 255": with_programme(duration=255),
    "community programme one: cannot give stipend to a whole village": with_community(doses={"stipend": 1e5}),
    "cannot give visits to a whole village": with_community(doses={"visits": 1.0}),
    "no village column is called roads$": with_community(sets={"roads": 1.0}),
    "no village column is called bridges$": with_community(scales={"bridges": 1.0}),
    "must start in month 0, found 3": with_community(travel_factor=0.5, start=3),
    "mentors' rule is one of equal": Policy("x", mentors=Mentors(rule="nearest")),  # type: ignore[arg-type]
    "role shares must sum to 1, found 0.9": Policy("x", mentors=Mentors(role_mix=(0.3, 0.2, 0.2, 0.2))),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_policy_that_cannot_be_run_is_refused(message: str) -> None:
    with pytest.raises(SimulationError, match=message) as caught:
        run(town([40]), NOTHING, WRONG[message])
    assert str(caught.value).startswith("policy x")


def test_every_field_of_a_run_is_compared() -> None:
    """`unlike` looks at every field of a run, so no new one escapes the tests above."""
    first, second = run(town([40]), NOTHING, Policy("other"), months=1)
    assert unlike(first, second) == ["policy"]
    assert {field.name for field in fields(Run)} > {"mentors", "community_cost", "partner_cost", "stage"}
    assert len(MEASURES) == first.monthly.shape[0]
