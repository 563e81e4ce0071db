"""The trace of a household is the engine's own run to the last bit, and its account of a month adds up."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from helpers_engine import SCENARIOS, TRAVEL, people

from empowersim.engine.account import PARTS, Account, traced_difference
from empowersim.engine.inputs import CommunityProgramme, Mentors, Policy, Programme
from empowersim.engine.lives import Lives, shared_among
from empowersim.engine.plans import Portion
from empowersim.engine.simulate import mean_line_of, simulate, subdistricts_of
from empowersim.engine.start import blocks_of
from empowersim.engine.trace import Trace, position_of, trace_household
from empowersim.errors import SimulationError
from empowersim.parameters import parameters, record_of
from empowersim.rng import Stream
from empowersim.rules.month import Draw
from empowersim.scenario.compile import compile_scenario
from empowersim.scenario.load import load
from empowersim.schema import ROW

MONTHS, BURN_IN, SEED = 26, 3, 5
VALUES = parameters()
EVERYTHING = Policy(
    "everything",
    (
        Programme(
            name="package",
            number=77,
            conditions=(),
            doses={
                "stipend": 150_000.0,
                "asset_grant": 4e6,
                "cash_grant": 1e6,
                "business": 0.2,
                "technical": 0.2,
                "health_group": 1.0,
                "saving": 0.02,
                "visits": 1.0,
                "sessions": 1.0,
            },
            duration=5,
            take_up=0.9,
            drop_out=0.05,
            priority="poorest_first",
            targeting_noise=0.3,
            places_per_year=300_000.0,
            intake_every=2,
            last_intake=99,
            once=False,
        ),
    ),
    Mentors(posts=5000.0),
    (CommunityProgramme("meetings", 3, coverage=0.6, start=4, duration=8, doses={"deliberation": 1.0}),),
    end=20,
)


@cache
def policies() -> tuple[Policy, ...]:
    medan = compile_scenario(load(SCENARIOS / "medan.yaml")).policies
    for_long = (replace(EVERYTHING.community[0], coverage=1.0, duration=30),)
    return (
        medan["mix_coached"],
        EVERYTHING,
        replace(EVERYTHING, name="poor", sharing="poorest_half", end=10**6),
        replace(EVERYTHING, name="ends first", community=for_long, end=10),
    )


@cache
def population():
    return people(1500)


@cache
def lives():
    made = Lives(
        policies(),
        travel=TRAVEL,
        parameters=VALUES,
        months=MONTHS,
        burn_in=BURN_IN,
        seed=SEED,
        replicate=0,
        judged=12,
        calendar=0,
        mean_line=mean_line_of(population()),
    )
    order, regions = subdistricts_of(population())
    begun = [
        made.begin(block, int(regions[at]), int(population().subdistrict_id[order[at]]))
        for at, block in enumerate(blocks_of(population(), VALUES))
    ]
    return made, begun


@cache
def runs():
    return simulate(
        population(), policies(), travel=TRAVEL, parameters=VALUES, months=MONTHS, burn_in=BURN_IN, seed=SEED, threads=1
    )


def portion(number: int) -> Portion:
    _, begun = lives()
    return shared_among(begun, policies()[number], population().represents)[0]


@cache
def trace(household: int, number: int) -> Trace:
    _, begun = lives()
    return trace_household(
        begun[0],
        household,
        policies()[number],
        portion=portion(number),
        travel=TRAVEL,
        parameters=VALUES,
        months=MONTHS,
        seed=SEED,
        replicate=0,
        judged=12,
        calendar=0,
        mean_line=mean_line_of(population()),
    )


SOME = (0, 31, 32, 700, 1499)


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("household", SOME)
def test_a_trace_ends_where_the_engine_ends(household: int, number: int) -> None:
    """Consumption of the last year and the stage, to the last bit; every month was compared on the way."""
    made, run = trace(household, number), runs()[number]
    row = int(np.searchsorted(population().households.household_id, household))
    assert made.column("welfare")[-1] / np.float32(12) == run.end_consumption[row]
    assert made.stage[-1] == run.stage[row]
    assert made.start[ROW["consumption"]] == run.start_consumption[row]


def test_tracing_changes_nothing() -> None:
    _, begun = lives()
    before = begun[0].block.state.copy()
    trace(700, 1)
    assert before.tobytes() == begun[0].block.state.tobytes()


def test_what_is_recorded_follows_from_month_to_month() -> None:
    for number in range(3):
        made = trace(700, number)
        assert made.before[1:].tobytes() == made.after[:-1].tobytes()
        moved = {name for name, row in ROW.items() if (made.home[:, row] != made.before[:, row]).any()}
        assert moved <= {"trust"}, "only a change of mentor touches a household before its month"


def test_draws_are_those_of_the_address() -> None:
    from empowersim.engine.observe import drawn

    made = trace(31, 0)
    ids = np.array([31], np.int64)
    for month in (0, 7):
        uniform = drawn(ids, 0, month, 0, 12, SEED, 0, normal=False)[:, 0]
        for stream in ("ILLNESS", "JOB", "ATTENDANCE", "THEFT"):
            assert made.draw[month, Draw._fields.index(stream.lower())] == uniform[Stream[stream]]


def test_a_yes_is_a_draw_below_its_chance() -> None:
    """Chances were found by asking the rules; every decision of every month agrees with them."""
    seen = dict.fromkeys(("ill", "recovered", "found", "lost", "attended", "left school"), 0)
    for number in range(3):
        for household in SOME:
            made = trace(household, number)
            for month in range(MONTHS):
                account, draw = Account(*made.account[month]), Draw(*made.draw[month])
                was, now = made.before[month], made.after[month]
                ill, sick = was[ROW["illness"]], now[ROW["illness"]]
                if ill == 0:
                    expected = 2 if draw.illness < account.severe else 1 if draw.illness < account.ill else 0
                    assert sick == expected
                    seen["ill"] += int(sick > 0)
                else:
                    assert (sick == 0) == (draw.illness <= account.recovers)
                    seen["recovered"] += int(sick == 0)
                had, has = was[ROW["job"]], now[ROW["job"]]
                assert has == (draw.job > account.loses if had else draw.job < account.finds)
                seen["found"] += int(has > had)
                seen["lost"] += int(has < had)
                assert account.attended == (draw.attendance < account.attends)
                seen["attended"] += int(account.attended)
                if was[ROW["in_school"]]:
                    assert now[ROW["in_school"]] == (draw.schooling > account.leaves_school)
                    seen["left school"] += int(now[ROW["in_school"]] == 0)
                assert (account.asset_loss > 0) == (draw.asset_death < account.dies)
                assert (account.theft_loss > 0) == (draw.theft < account.stolen)
    assert min(seen[name] for name in ("ill", "recovered", "lost", "attended")) > 0, seen


def test_parts_of_a_difference_add_up_to_it_exactly() -> None:
    values = record_of(VALUES)
    made, other = trace(700, 1), trace(700, 0)
    for month in range(MONTHS):
        parts = traced_difference(values, other.account[month], made.account[month])
        assert tuple(parts) == PARTS
        whole = float(made.column("consumption")[month]) - float(other.column("consumption")[month])
        assert sum(parts.values()) == pytest.approx(whole, abs=1e-12)
        again = traced_difference(values, made.account[month], made.account[month])
        assert set(again.values()) == {0.0}


def test_a_part_that_does_not_differ_has_no_part_in_it() -> None:
    values = record_of(VALUES)
    one = trace(0, 0).account[5]
    other = one.copy()
    other[Account._fields.index("wages")] += np.float32(0.5)
    parts = traced_difference(values, one, other)
    assert {name for name, value in parts.items() if value} == {"wages"}
    assert 0.0 < parts["wages"] <= 0.5


def test_places_agree_with_the_line() -> None:
    """Who stands within the places gets one, and nobody else."""
    won = refused = 0
    for number in range(3):
        policy = policies()[number]
        for household in SOME:
            made = trace(household, number)
            for month in range(MONTHS):
                for slot in range(len(policy.programmes)):
                    is_open, _, eligible, chance, draw, key, ahead, applicants, places = made.applications[month, slot]
                    if not is_open:
                        continue
                    assert (np.isfinite(key)) == (eligible == 1 and draw < chance)
                    before = made.kept[month - 1, slot] if month else 0
                    new = 0 < made.held[month, slot] < 255 and not 0 < before < 255
                    assert new == (np.isfinite(key) and ahead < places)
                    assert applicants <= population().count
                    won += int(new)
                    refused += int(np.isfinite(key) and not new)
    assert won > 0
    assert refused > 0


def test_places_offered_and_asked_for_are_those_of_the_run() -> None:
    made, run = trace(31, 1), runs()[1]
    scale = population().represents / population().count
    months = np.flatnonzero(made.applications[:, 0, 0])
    assert months.size > 5
    for month in months:
        assert made.applications[month, 0, 8] * scale == pytest.approx(run.places_offered[0, month])
        assert made.applications[month, 0, 7] * scale == pytest.approx(run.applicants[0, month])


def test_visits_agree_with_the_dose_and_with_the_mentor() -> None:
    visited = passed_over = 0
    for household in SOME:
        made = trace(household, 1)
        for month in range(20):
            vacant, wanted, due, made_, area_due, area_made, clients, _, _ = made.visiting[month]
            assert made_ <= due <= np.ceil(wanted)
            assert made_ == made.dose[month, 18] == made.after[month, ROW["visits"]]
            assert area_made <= area_due
            assert not (vacant and made_)
            assert clients >= (wanted > 0)
            visited += int(made_ > 0)
            passed_over += int(due > 0 and made_ == 0)
        assert not made.visiting[20:].any(), "the policy is over"
    assert visited > 0
    assert passed_over > 0


def test_villages_are_served_as_long_as_it_lasts() -> None:
    served = np.array([trace(household, 1).served[:, 0] for household in SOME])
    assert not served[:, :4].any()
    assert not served[:, 12:].any()
    assert served[:, 4].any()


def test_no_village_is_served_after_its_policy_has_ended() -> None:
    served = trace(next(iter(SOME)), 3).served[:, 0]
    assert served.astype(bool).tolist() == [4 <= month < 10 for month in range(MONTHS)]


def test_a_household_that_is_not_there_is_named() -> None:
    _, begun = lives()
    assert position_of(begun[0], 10**9) is None
    with pytest.raises(SimulationError, match="household 1000000000"):
        trace(10**9, 0)
