"""What must not matter to a result: threads, order, company, layout, neighbours; to the last bit."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
from helpers_engine import (
    FOR_ALL,
    NO_CONTACT,
    SCENARIOS,
    Glass,
    Mentors,
    below,
    hamlets,
    keep,
    people,
    programme,
    run,
    town,
    unlike,
)

from empowersim.engine.arrays import Block
from empowersim.engine.inputs import Condition, Households, Policy, Population, Villages
from empowersim.engine.lives import detailed_months
from empowersim.engine.outputs import HOURS, MEASURE_ROW, MEASURES, Run
from empowersim.engine.synthetic import synthetic_range
from empowersim.parameters.places import place
from empowersim.scenario.compile import compile_scenario
from empowersim.scenario.load import load
from empowersim.schema import ROW, ROWS

VECTORS = ("household_id", "size", "start_consumption", "end_consumption", "touched")
COUNTED = ("places_offered", "places_filled", "applicants", "enrolled")
NOTHING = Policy("nothing")


@cache
def of_medan() -> tuple[Policy, ...]:
    return tuple(compile_scenario(load(SCENARIOS / "medan.yaml")).policies.values())


def package(**changes: object):
    """A programme that touches every part of the month and is rationed."""
    doses = {
        "stipend": 150_000.0,
        "asset_grant": 4e6,
        "cash_grant": 1e6,
        "business": 0.2,
        "health_group": 1.0,
        "saving": 0.02,
        "visits": 1.0,
        "sessions": 1.0,
    }
    given = {
        "conditions": below(1.2, observed=True),
        "doses": doses,
        "take_up": 0.8,
        "drop_out": 0.05,
        "priority": "poorest_first",
        "targeting_noise": 0.3,
        "places_per_year": 30_000.0,
        "intake_every": 2,
        "last_intake": 99,
        "cost_per_month": 1e5,
    }
    return programme("package", 77, **(given | changes))


ALONE = programme("groups", 78, doses={"sessions": 2.0, "visits": 1.0}, places_per_year=3e4, duration=24)
BY_HAND = (
    Policy("mentored", (package(), ALONE), Mentors(posts=400.0, rule="neediest_first", trust_bonus=0.2)),
    Policy("without_mentors", (ALONE, package())),
    Policy("stops", (package(once=False, duration=3),), Mentors(posts=200.0, rule="random"), end=7),
    Policy("equal_shares", (ALONE,), Mentors(posts=300.0, rule="equal", resident=True)),
    NOTHING,
)


def all_same(a: list[Run], b: list[Run]) -> None:
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        assert unlike(one, other) == [], one.policy


def test_the_policies_of_this_file_use_all_there_is() -> None:
    for result in run(hamlets(), *BY_HAND, months=14)[:4]:
        assert result.places_filled.sum(axis=1).all(), result.policy
        if result.policy != "without_mentors":
            assert result.hours[:, :7].sum(axis=1).all(), (result.policy, result.hours[:, 0])


# --- who computes, and in which company ------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [0, 2, 3, 7])
def test_threads_do_not_matter(threads: int) -> None:
    policies = (*of_medan(), *BY_HAND)
    settings = {"months": 14, "burn_in": 3}
    all_same(run(hamlets(), *policies, threads=1, **settings), run(hamlets(), *policies, threads=threads, **settings))


def test_threads_do_not_matter_across_region_types() -> None:
    population = people(20_000, "indonesia")
    assert np.unique(population.villages.region).size > 1
    assert population.subdistrict_id.size > 3
    settings = {"months": 6, "burn_in": 2}
    all_same(run(population, *BY_HAND, threads=1, **settings), run(population, *BY_HAND, threads=2, **settings))


def test_a_run_can_be_repeated_and_leaves_its_population_alone() -> None:
    population = people(1500)
    before = {field.name: getattr(population.households, field.name).copy() for field in fields(Households)}
    context = population.villages.context.copy()
    all_same(run(population, *BY_HAND), run(population, *BY_HAND))
    for name, values in before.items():
        assert np.array_equal(values, getattr(population.households, name)), name
    assert np.array_equal(context, population.villages.context)


@pytest.mark.parametrize("threads", [1, 2])
def test_neither_order_nor_number_of_policies_matters(threads: int) -> None:
    policies = (*BY_HAND, *of_medan())
    settings = {"months": 14, "burn_in": 3, "threads": threads}
    together = {result.policy: result for result in run(hamlets(), *policies, **settings)}
    orders = [policies[::-1], policies[3:] + policies[:3], *[(policy,) for policy in policies]]
    for order in orders:
        for result in run(hamlets(), *order, **settings):
            assert unlike(result, together[result.policy]) == [], (result.policy, [policy.name for policy in order])


def test_the_seed_and_the_replicate_do_matter() -> None:
    first, again = run(people(), NOTHING, burn_in=2)[0], run(people(), NOTHING, burn_in=2, seed=2)[0]
    other = run(people(), NOTHING, burn_in=2, replicate=1)[0]
    for one in (again, other):
        assert (first.end_consumption == one.end_consumption).mean() < 0.01


def test_a_longer_run_only_adds_months() -> None:
    short = run(people(), *BY_HAND[:2], months=9)
    long = run(people(), *BY_HAND[:2], months=21)
    always = [row for row, name in enumerate(MEASURE_ROW) if np.isfinite(long[0].monthly[row]).all()]
    assert len(always) >= len(MEASURES) - 4  # all but those of the detailed months
    for one, other in zip(short, long, strict=True):
        assert np.array_equal(one.monthly[always], other.monthly[always, :9])
        for name in (*COUNTED, "programme_cost", "hours", "mentor_cost", "poor_household_months"):
            assert np.array_equal(getattr(one, name), getattr(other, name)[..., :9]), name


def test_distribution_and_index_are_known_at_the_ends_of_years_and_in_the_last_twelve_months() -> None:
    known = np.isfinite(run(people(500), NOTHING, months=31)[0].series("empowerment_index"))
    assert known.tolist() == detailed_months(31).tolist()
    assert np.flatnonzero(known).tolist() == [11, *range(19, 31)]


# --- more households, fewer households, other neighbours --------------------------------------------------------------


def test_a_larger_population_leaves_whole_subdistricts_as_they_were() -> None:
    small, large = people(8000), people(13_000)
    assert small.represents == large.represents
    last = small.villages.subdistrict[small.households.village[-1]]
    whole = small.villages.subdistrict[small.households.village] < last
    assert whole.sum() > 5000
    policies = (*BY_HAND, *of_medan()[-2:])
    for one, other in zip(run(small, *policies), run(large, *policies), strict=True):
        for name in VECTORS:
            assert np.array_equal(getattr(one, name)[whole], getattr(other, name)[: whole.size][whole]), name


def test_a_subdistrict_alone_lives_as_among_the_others() -> None:
    whole = people(8000)
    at = place("medan_urban")
    alone = synthetic_range(at, first_subdistrict=1, subdistricts=1, households=8000, seed=1, replicate=0)
    alone = replace(alone, represents=whole.represents)
    there = np.isin(whole.households.household_id, alone.households.household_id)
    for one, other in zip(run(alone, *BY_HAND), run(whole, *BY_HAND), strict=True):
        for name in VECTORS:
            assert np.array_equal(getattr(one, name), getattr(other, name)[there]), name


def shuffled(population: Population, order: np.ndarray) -> Population:
    """The same subdistricts, with their permanent ids, in another order."""
    homes, villages = population.households, population.villages
    rows = np.concatenate([np.flatnonzero(villages.subdistrict == s) for s in order])
    of = villages.subdistrict[homes.village]
    households = np.concatenate([np.flatnonzero(of == s) for s in order])
    picked = {field.name: getattr(homes, field.name)[households] for field in fields(Households)}
    picked["village"] = np.argsort(rows).astype(np.int32)[homes.village[households]]
    return replace(
        population,
        households=Households(**picked),
        villages=Villages(
            village_id=villages.village_id[rows],
            subdistrict=np.argsort(order).astype(np.int32)[villages.subdistrict[rows]],
            region=villages.region[rows],
            context=villages.context[:, rows],
        ),
        subdistrict_id=population.subdistrict_id[order],
    )


def test_the_order_of_the_subdistricts_does_not_matter() -> None:
    population = hamlets()
    count = population.subdistrict_id.size
    assert count >= 9
    order = np.array([*range(1, count, 2), *range(0, count, 2)][::-1])
    other = shuffled(population, order)
    for a, b in zip(run(population, *BY_HAND, burn_in=2), run(other, *BY_HAND, burn_in=2), strict=True):
        home = np.argsort(b.household_id)
        for name in VECTORS:
            assert np.array_equal(getattr(a, name), getattr(b, name)[home]), name
        for name in COUNTED:
            assert np.array_equal(getattr(a, name), getattr(b, name)), name
        # sums of floats are taken in another order
        np.testing.assert_allclose(a.monthly, b.monthly, rtol=1e-12)


UNRATIONED = Policy(
    "unrationed",
    (
        package(doses={"stipend": 1e5, "business": 0.3, "health_group": 1.0}, places_per_year=FOR_ALL * 610_000),
        programme("second", 79, doses={"literacy": 1.0}, take_up=0.5, places_per_year=FOR_ALL * 610_000),
    ),
)


@pytest.mark.parametrize("gone", [0, 500, 1499])
def test_one_household_more_or_less_changes_no_other(gone: int) -> None:
    whole = people(1500)
    stays = np.arange(whole.count) != gone
    for policy in (NOTHING, UNRATIONED):
        without = run(keep(whole, stays), policy, burn_in=6, **NO_CONTACT)[0]
        entire = run(whole, policy, burn_in=6, **NO_CONTACT)[0]
        for name in VECTORS:
            assert np.array_equal(getattr(without, name), getattr(entire, name)[stays]), (name, policy.name)


@pytest.mark.parametrize("gone", [0, 500, 1499])
def test_with_contact_one_household_more_or_less_moves_its_own_village_only(gone: int) -> None:
    whole = people(1500)
    stays = np.arange(whole.count) != gone
    village = whole.households.village[stays]
    own = village == whole.households.village[gone]
    for policy in (NOTHING, UNRATIONED):
        without = run(keep(whole, stays), policy, burn_in=6)[0].end_consumption
        entire = run(whole, policy, burn_in=6)[0].end_consumption[stays]
        assert np.array_equal(without[~own], entire[~own]), policy.name
        assert (without[own] != entire[own]).mean() > 0.5, policy.name


def test_appended_households_change_no_other() -> None:
    for policy in (NOTHING, UNRATIONED):
        one, other = (run(people(n), policy, burn_in=6, **NO_CONTACT)[0] for n in (1500, 1501))
        for name in VECTORS:
            assert np.array_equal(getattr(one, name), getattr(other, name)[:1500]), (name, policy.name)


# --- policies that do nothing, or nothing to most --------------------------------------------------------------------

NOBODY = (Condition("size", low=29.5),)
GIFTS = {"stipend": 1e6, "asset_grant": 1e7, "business": 0.5, "literacy": 1.0, "health_group": 2.0, "visits": 4.0}
ALWAYS = {"doses": GIFTS, "places_per_year": 1e6, "last_intake": 99, "cost_per_place": 1e6}
EMPTY = {
    "no places": Policy("x", (programme(**(ALWAYS | {"places_per_year": 0.0})),)),
    "nobody is eligible": Policy("x", (programme(conditions=NOBODY, **ALWAYS),), Mentors(posts=500.0)),
    "nobody accepts": Policy("x", (programme(take_up=0.0, **ALWAYS),), Mentors(posts=500.0)),
    "it begins later": Policy("x", (programme(first_intake=12, **ALWAYS),)),
    "it has ended": Policy("x", (programme(**(ALWAYS | {"last_intake": -1})),)),
    "it stops before it starts": Policy("x", (programme(**ALWAYS),), Mentors(posts=500.0), end=0),
    "mentors without programmes": Policy("x", (), Mentors(posts=500.0, trust_bonus=0.5)),
}


@pytest.mark.parametrize("why", EMPTY)
def test_a_policy_that_does_nothing_changes_nothing(why: str) -> None:
    population = people(2000)
    assert population.households.size.max() < 29
    plain, empty = run(population, NOTHING, EMPTY[why], burn_in=3)
    own = ("policy", "programme_names", *COUNTED, "programme_cost", "hours", "mentor_cost", "mentors")
    assert unlike(plain, empty, apart_from=own) == []
    assert not empty.programme_cost.any()
    assert not empty.places_filled.any()
    assert not empty.touched.any()
    assert not empty.hours[HOURS.index("visits")].any()


def test_a_programme_without_doses_touches_but_does_not_change() -> None:
    population = people(2000)
    gift = programme(**(ALWAYS | {"doses": dict.fromkeys(GIFTS, 0.0)}))
    wishes = programme(**(ALWAYS | {"doses": {"visits": 4.0, "sessions": 2.0}}))
    for policy in (Policy("x", (gift,), Mentors(posts=500.0)), Policy("x", (wishes,))):
        plain, empty = run(population, NOTHING, policy)
        assert empty.touched.all()
        assert np.array_equal(plain.end_consumption, empty.end_consumption)
        apart = [MEASURE_ROW["enrolled"]]
        assert np.array_equal(
            np.delete(plain.monthly, apart, axis=0), np.delete(empty.monthly, apart, axis=0), equal_nan=True
        )


@pytest.mark.parametrize("policy", [*BY_HAND[:4], *range(1, 8)], ids=lambda p: getattr(p, "name", p))
def test_without_contact_a_policy_changes_only_the_treated(policy: Policy | int) -> None:
    chosen = of_medan()[policy] if isinstance(policy, int) else policy
    plain, treated = run(hamlets(), NOTHING, chosen, months=18, burn_in=6, **NO_CONTACT)
    away = ~treated.touched
    assert away.sum() > 500
    assert treated.touched.sum() > 20
    assert np.array_equal(plain.start_consumption, treated.start_consumption)
    assert np.array_equal(plain.end_consumption[away], treated.end_consumption[away])


def test_without_contact_most_of_the_treated_do_change() -> None:
    plain, treated = run(hamlets(), NOTHING, Policy("m", (package(),)), months=18, **NO_CONTACT)
    assert treated.touched.sum() > 200
    assert (plain.end_consumption != treated.end_consumption)[treated.touched].mean() > 0.95


def test_contact_reaches_the_own_village_and_no_other() -> None:
    population = people(2000)
    village = population.households.village
    far = village != village[0]
    picked = np.zeros(population.count, np.float32)
    picked[:40] = 1.0
    marked = replace(population, households=replace(population.households, female_head=picked))
    policy = Policy(
        "some", (programme(conditions=(Condition("female_head", low=0.5),), doses=GIFTS, places_per_year=1e8),)
    )
    plain, treated = run(marked, NOTHING, policy)
    assert treated.touched.sum() == 40
    assert np.array_equal(plain.end_consumption[far], treated.end_consumption[far])
    beside = ~far & ~treated.touched
    assert (plain.end_consumption[beside] != treated.end_consumption[beside]).mean() > 0.9


# --- layout in memory, and where a run is cut -------------------------------------------------------------------------


def with_empty_tiles(block: Block, after_village: int, tiles: int = 1, rubbish: bool = False) -> Block:
    """The block with padding tiles at the end of a village."""
    at = int(np.searchsorted(block.tile_village, after_village, side="right"))
    state = np.zeros((tiles, ROWS, block.state.shape[2]), np.float32)
    state[:, ROW["size"]] = state[:, ROW["consumption"]] = 1.0
    if rubbish:
        state[:, ROW["children"]] = 3.0
        state[:, ROW["consumption"]] = 0.2
        state[:, ROW["business_practice"]] = 0.7
    numbers = np.full((tiles, state.shape[2]), 12345 if rubbish else 0, np.uint32)
    return block._replace(
        state=np.insert(block.state, [at] * tiles, state, axis=0),
        live=np.insert(block.live, [at] * tiles, np.zeros_like(numbers, np.float32), axis=0),
        id_low=np.insert(block.id_low, [at] * tiles, numbers, axis=0),
        id_high=np.insert(block.id_high, [at] * tiles, np.zeros_like(numbers), axis=0),
        tile_village=np.insert(block.tile_village, [at] * tiles, [after_village] * tiles),
    )


def same_life(a: Glass, b: Glass) -> None:
    for name in ROW:
        assert a.row(name).tobytes() == b.row(name).tobytes(), name
    for slot in range(a.slots.shape[1]):
        assert np.array_equal(a.slot(slot), b.slot(slot))
    assert np.array_equal(a.block.village, b.block.village)
    for name, one, other in zip(a.tally._fields, a.tally, b.tally, strict=True):
        assert one.tobytes() == other.tobytes(), name


IN_ONE_AREA = Policy("m", (package(), ALONE), Mentors(posts=250.0, rule="round_robin"))
"""So few posts that a block of 2,500 households has one mentor."""


@pytest.mark.parametrize("village", [0, 4, 8])
@pytest.mark.parametrize("rubbish", [False, True])
def test_padding_does_not_matter(village: int, rubbish: bool) -> None:
    population = people(2500)
    assert population.villages.village_id.size == 9
    assert population.subdistrict_id.size == 1
    plain, padded = Glass(population, IN_ONE_AREA), Glass(population, IN_ONE_AREA)
    assert plain.offer.mentor_tiles.size == 2
    padded.reshape(with_empty_tiles(padded.block, village, tiles=2, rubbish=rubbish))
    same_life(plain.advance(12), padded.advance(12))
    assert plain.tally.filled.sum() > 0
    assert plain.row("unseen").min() < 12


@pytest.mark.parametrize("cuts", [(1,), (5,), (2, 3, 11)])
def test_a_run_in_parts_is_the_run_in_one(cuts: tuple[int, ...]) -> None:
    one = Glass(people(2500), IN_ONE_AREA).advance(12)
    parts = Glass(people(2500), IN_ONE_AREA)
    for month in (*cuts, 12):
        parts.advance(month)
    same_life(one, parts)


def test_a_burn_in_in_parts_is_the_burn_in_in_one() -> None:
    one = Glass(people(2500), NOTHING, burn_in=10)
    parts = Glass(people(2500), NOTHING)
    parts.month = -10
    for month in (-7, -1, 0):
        parts.advance(month)
    parts.begin()
    same_life(one.advance(3), parts.advance(3))


def test_a_run_goes_on_exactly_where_its_burn_in_ended() -> None:
    glass = Glass(people(2500), IN_ONE_AREA, burn_in=10, judged=1)
    start = glass.row("consumption").copy()
    glass.advance(12)
    result = run(people(2500), IN_ONE_AREA, burn_in=10, judged=1)[0]
    assert np.array_equal(result.start_consumption, start)
    assert np.array_equal(result.end_consumption, glass.row("consumption"))


@pytest.mark.parametrize("policy", BY_HAND, ids=lambda policy: policy.name)
def test_what_is_left_in_working_memory_does_not_matter(policy: Policy) -> None:
    clean, dirty = Glass(people(1500), policy), Glass(people(1500), policy)
    for name in ("draws", "doses", "lanes", "sums", "details", "demand", "held", "work", "keys", "heap"):
        getattr(dirty.scratch, name)[...] = 0.625
    same_life(clean.advance(12), dirty.advance(12))


def test_villages_without_households_do_not_matter() -> None:
    full = town([40, 30], subdistrict=[0, 1])
    gap = town([40, 0, 30], subdistrict=[0, 1, 1])
    gap = replace(gap, villages=replace(gap.villages, village_id=np.array([0, 7, 1])))
    one, other = run(full, NOTHING)[0], run(gap, NOTHING)[0]
    assert unlike(one, other) == []
