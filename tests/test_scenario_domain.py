"""Mentors, community programmes, payers, trades, sharing and factors: from the file to what the engine takes in."""

from __future__ import annotations

import re
from dataclasses import replace
from math import exp
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from empowersim.engine import allocation
from empowersim.engine.inputs import Mentors
from empowersim.engine.lives import Lives, shared_among
from empowersim.engine.simulate import burn_in_of, simulate
from empowersim.errors import ScenarioError
from empowersim.parameters import passports
from empowersim.parameters.factors import factors
from empowersim.scenario import library
from empowersim.scenario.cite import features, used_parameters, used_passports
from empowersim.scenario.compile import (
    compile_scenario,
    cost_per_year,
    pay_ratio,
    plan_community,
    plan_mentors,
    post_shares,
)
from empowersim.scenario.describe import describe, describe_difference
from empowersim.scenario.factors import without
from empowersim.scenario.load import load, loads
from empowersim.scenario.model import MENTOR_RULES, ROLES, SHARING
from empowersim.scenario.schema_json import schema_json
from empowersim.schema import ROW, VILLAGE_ROW

ROOT = Path(__file__).parents[1]
HEAD = "empowersim: 1\nname: x\nbase:\n  world: {place: %s}\n%spolicies:\n  none: {}\n  one:\n"


def one(text: str, place: str = "medan_urban", base: str = "") -> Any:
    lines = "".join(f"    {line}\n" for line in text.strip("\n").split("\n"))
    scenario = loads(HEAD % (place, base) + lines)
    return scenario, compile_scenario(scenario)


def mentors(text: str, place: str = "medan_urban") -> Mentors:
    _, compiled = one(f"programmes: {{mentoring_only: {{places: 1200 places/year}}}}\nmentors: {{{text}}}", place)
    made: Mentors = compiled.policies["one"].mentors
    return made


# ---------------------------------------------------------------- mentors


def test_rules_and_ways_of_sharing_are_those_of_the_engine() -> None:
    assert MENTOR_RULES == allocation.RULES
    assert SHARING == ("equal", "by_poverty", "poorest_half")
    for rule in MENTOR_RULES:
        assert mentors(f"count: 10, rule: {rule}").rule == rule


def test_role_mix_and_shift() -> None:
    assert mentors("count: 10").role_mix == (0.35, 0.30, 0.15, 0.20)
    shifted = mentors("count: 10, shift: 10 points from technical to representational")
    assert shifted.role_mix == (0.35, 0.30, 0.25, 0.10)
    written = "role_mix: {facilitative: 25 %, educational: 25 %, representational: 25 %, technical: 25 %}"
    assert mentors(f"count: 10, {written}").role_mix == (0.25, 0.25, 0.25, 0.25)
    both = mentors(f"count: 10, {written}, shift: 5 poin dari educational ke facilitative")
    assert both.role_mix == (0.30, 0.20, 0.25, 0.25)
    assert len(ROLES) == len(both.role_mix)


def test_a_policy_like_another_takes_over_its_shift() -> None:
    scenario, _ = one("mentors: {count: 10, shift: 10 points from technical to educational}")
    text = HEAD % ("medan_urban", "") + "    mentors: {count: 10, shift: 10 points from technical to educational}\n"
    more = loads(text + "  two: {like: one, mentors: {count: 11}}\n").policies["two"].mentors
    assert more.role_mix == scenario.policies["one"].mentors.role_mix
    assert more.role_mix["educational"] == 0.40


def test_what_supports_mentors_reaches_the_engine() -> None:
    made = mentors(
        "count: 10, refresher: no, coaching: yes, supervisor_pay: 5 million IDR/month, posts_per_supervisor: 25, "
        "peer_group: yes, permanent: yes, rotation: 2 years, handover: no, coordination: yes, dynamics: no"
    )
    assert (made.refresher, made.coaching, made.peer_group, made.permanent) == (False, True, True, True)
    assert (made.rotation, made.handover, made.coordination, made.dynamics) == (24, False, True, False)
    assert made.supervisor_cost == 200_000  # 5 million over 25 posts
    assert made.coordination_cost == 8_000_000
    plain = mentors("count: 10")
    assert (plain.refresher, plain.refresher_cost, plain.coaching, plain.supervisor_cost) == (True, 5e6, False, 0.0)
    assert (plain.rotation, plain.handover, plain.dynamics) == (0, True, True)


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("count: 10", "medan_urban", 4.5e6 * 0.756 / 3_769_082),  # 3.4 million against the minimum wage of Medan
        ("count: 10", "rural_road", 4.5e6 * 0.756 / 2_809_915),
        ("count: 10, resident: yes", "remote_islands", (4.5e6 * 0.756 + 1.25e6) / 2_809_915),
        ("count: 10, type: cadre", "medan_urban", 250_000 * 150 / 20 / 3_769_082),  # twenty hours, as full time
        ("count: 10, pay: 0 IDR/month", "medan_urban", 1.0),  # volunteers do not leave for want of pay
    ],
)
def test_pay_against_the_minimum_wage(text: str, place: str, expected: float) -> None:
    assert mentors(text, place).pay_ratio == pytest.approx(expected)


def test_pay_below_the_minimum_in_town_is_above_it_in_the_countryside() -> None:
    assert mentors("count: 10").pay_ratio < 1 < mentors("count: 10", "rural_road").pay_ratio


@pytest.mark.parametrize("place", ["medan_urban", "remote_islands"])
def test_a_budget_counts_all_that_mentors_cost(place: str) -> None:
    scenario, compiled = one(
        "programmes: {mentoring_only: {places: 3000 places/year}}\n"
        "mentors: {budget: 9 billion IDR/year, resident: yes, coaching: yes, coordination: yes, "
        "training: 2 million IDR/year}",
        place,
    )
    policy = scenario.policies["one"]
    plan = plan_mentors(policy, compiled.place)
    # pay 4.5, allowance 1.25, supervisor 6/20 a month; course 5 and other training 2 a year; the desk 96 a year
    a_year = 12 * (4.5 + 1.25 + 0.3) + 5 + 2
    assert plan.pay == pytest.approx(1e6 * (plan.posts * a_year + 96))
    assert plan.cost == pytest.approx(9e9)
    assert compiled.policies["one"].mentors.resident_trip_cost == 60_000
    # one trip of 60,000 (20,000 in town, where a resident saves nothing) makes 5 or 6 visits
    fare, visits = (20_000, 5) if place == "medan_urban" else (60_000, 6)
    assert plan.trips == pytest.approx(12 * 3000 * 0.5 / visits * fare, rel=0.01)


def test_planned_cost_of_mentors_is_what_a_run_spends_where_nobody_leaves() -> None:
    _, compiled = one(
        "programmes: {mentoring_only: {places: 30000 places/year, duration: 60 months, drop_out: 0 %/month, "
        "take_up: 100 %, eligible: {consumption: null}, intake_every: 1 month, last_intake: 2 months}}\n"
        "mentors: {count: 400, coaching: yes, coordination: yes, dynamics: no}"
    )
    run = _run(compiled, "one", months=12)
    # 400 posts at 4.5 million, 5 million a year and 6/20 million, and the desk; the rest is trips
    posts = 400 * (4.5e6 + 5e6 / 12 + 0.3e6) + 8e6
    trips = run.mentor_cost[-1] - posts
    made = run.series("visits")[-1] * 610_000
    assert trips == pytest.approx(made / 5 * 20_000, rel=1e-6)


WHERE = "programmes: {mentoring_only: {places: 3 million places/year}}\nmentors: {count: 74 thousand, resident: no%s}"


def test_posts_by_region_type_reach_the_engine_and_the_plan() -> None:
    plain, compiled = one(WHERE % "", "indonesia")
    moved, weighted = one(WHERE % ", where: {urban: 0, interior: 4}", "indonesia")
    assert compiled.policies["one"].mentors.where == ()
    assert weighted.policies["one"].mentors.where == (0.0, 1.0, 1.0, 4.0, 1.0)
    # shares of households 40, 18.8, 35.2, 4 and 2 %: without towns and four times the interior, 18.8 + 35.2 + 16 + 2
    parts = post_shares(moved.policies["one"].mentors, weighted.place)
    assert parts == pytest.approx([0.0, 18.8 / 72, 35.2 / 72, 16 / 72, 2 / 72])
    assert post_shares(plain.policies["one"].mentors, compiled.place) == [one.share for one in compiled.place.regions]
    # hours are enough everywhere, so only the visits to towns are missing: 40 % of 3 million clients with half a visit
    # a month, five to a trip of 20,000
    trips = [plan_mentors(made.policies["one"], compiled.place).trips for made in (plain, moved)]
    assert trips[0] - trips[1] == pytest.approx(0.4 * 3e6 * 0.5 * 12 / 5 * 20_000)
    # the minimum wage is highest in towns, so the same pay is worth more to those who are left
    assert weighted.policies["one"].mentors.pay_ratio > compiled.policies["one"].mentors.pay_ratio


def test_equal_weights_are_no_weights() -> None:
    plain, compiled = one(WHERE % "", "indonesia")
    same, weighted = one(
        WHERE % ", where: {urban: 3, peri_urban: 3, rural_road: 3, interior: 3, small_island: 3}", "indonesia"
    )
    for name in ("posts", "pay", "trips", "sessions"):
        assert getattr(plan_mentors(same.policies["one"], weighted.place), name) == pytest.approx(
            getattr(plan_mentors(plain.policies["one"], compiled.place), name), rel=1e-12
        )


def test_mentors_work_where_the_weights_send_them() -> None:
    _, compiled = one(WHERE % ", where: {urban: 0, peri_urban: 0, rural_road: 0}", "indonesia")
    compiled_plain = one(WHERE % "", "indonesia")[1]
    only, plain = _run(compiled, "one", households=80_000), _run(compiled_plain, "one", households=80_000)
    assert {0, 2, 3} <= set(np.unique(only.region).tolist())  # towns, villages on a road and the interior are there
    assert (only.places_filled == plain.places_filled).all()  # places stay where they were
    assert only.mentors[0, 0] == pytest.approx(74e3) == plain.mentors[0, 0]  # as many, elsewhere
    seen = _visited(compiled)
    assert seen[3] > 0 == seen[0] == seen[2]
    assert min(_visited(compiled_plain)[region] for region in (0, 2, 3)) > 0


def _visited(compiled: Any) -> dict[int, int]:
    """Region type -> households that a mentor has seen within half a year."""
    settings: Any = {"travel": compiled.travel, "parameters": compiled.parameters}
    settings |= {"burn_in": 1, "seed": 3, "replicate": 0}
    burnt = burn_in_of(compiled.population(80_000, 3, 0), threads=1, **settings)
    lives = Lives([compiled.policies["one"]], months=6, judged=1, calendar=0, mean_line=burnt.mean_line, **settings)
    found = dict.fromkeys(range(5), 0)
    portions = shared_among(burnt.begun, compiled.policies["one"], burnt.represents)
    for begun, portion in zip(burnt.begun, portions, strict=True):
        under = lives.open(begun, 0, portion)
        lives.go_on(under, 0, 6)
        found[begun.region] += int(((under.block.state[:, ROW["unseen"]] < 6) & (under.block.live > 0)).sum())
    return found


@pytest.mark.parametrize(
    ("where", "place", "message"),
    [
        ("{island: 2}", "indonesia", "small_island"),
        ("{interior: -1}", "indonesia", "a weight, as 2"),
        ("{interior: 2}", "medan_urban", "expected a region type of medan_urban, found 'interior'"),
        ("{urban: 0}", "medan_urban", "somewhere for the mentors of one"),
    ],
)
def test_weights_that_make_no_sense_are_told(where: str, place: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(message)):
        one(WHERE % f", where: {where}", place)


def test_sentences_say_where_the_posts_are() -> None:
    moved, _ = one(WHERE % ", where: {urban: 0, interior: 4}", "indonesia")
    assert "Of the posts 0 % in urban subdistricts, 26.1 % in peri urban subdistricts" in " ".join(describe(moved))
    plain, _ = one(WHERE % "", "indonesia")
    told = describe_difference(plain.policies["one"], moved.policies["one"])
    assert any("urban 0 and interior 4 posts where others of as many households get 1" in line for line in told), told


def _run(compiled: Any, policy: str, months: int = 6, households: int = 2000) -> Any:
    return simulate(
        compiled.population(households, 3, 0),
        [compiled.policies[policy]],
        travel=compiled.travel,
        parameters=compiled.parameters,
        months=months,
        burn_in=3,
        seed=3,
        threads=1,
    )[0]


# ---------------------------------------------------------------- programmes


def test_partner_pays_what_the_state_does_not() -> None:
    for text in ("{partner: 20 %}", "{state: 80 %}", "{state: 80 %, partner: 20 %}"):
        scenario, compiled = one(f"programmes: {{skills_training: {{budget: 418 million IDR/year, paid_by: {text}}}}}")
        (programme,) = compiled.policies["one"].programmes
        assert programme.partner_share == pytest.approx(0.2)
        assert programme.places_per_year == pytest.approx(100)  # the budget is that of all who pay
        assert any("A partner pays 20 % of it." in line for line in describe(scenario))
    _, compiled = one("programmes: {skills_training: {budget: 418 million IDR/year}}")
    assert compiled.policies["one"].programmes[0].partner_share == 0.0


def test_partners_part_is_told_apart_in_a_run() -> None:
    _, compiled = one(
        "programmes: {skills_training: {budget: 60 billion IDR/year, paid_by: {partner: 25 %}}}\n"
        "community: {community_deliberation: {coverage: 50 %, paid_by: {partner: 100 %}}}"
    )
    run = _run(compiled, "one")
    assert run.partner_cost.sum() == pytest.approx(0.25 * run.programme_cost.sum() + run.community_cost.sum())
    assert run.community_cost.sum() > 0


def test_demand_for_a_trade_by_region_type() -> None:
    def demand(place: str, text: str = "") -> float:
        _, compiled = one(f"programmes: {{skills_welding: {{places: 10 places/year{text}}}}}", place)
        return float(compiled.policies["one"].programmes[0].demand)

    assert demand("medan_urban") == 0.02
    assert demand("interior_adat") == 0.002
    # 0.4 x 2 + 0.188 x 2 + 0.352 x 0.7 + 0.04 x 0.2 + 0.02 x 0.3 %
    assert demand("indonesia") == pytest.approx(0.014364)
    assert demand("medan_urban", ", demand: 5 %") == 0.05
    assert demand("medan_urban", ", demand: {urban: 6 %}") == 0.06
    assert demand("interior_adat", ", demand: {urban: 6 %}") == 0.002
    assert demand("medan_urban", ", demand: 0 %") == 0.0


def test_trades_ask_for_what_they_need() -> None:
    text = ", ".join(f"{name}: {{places: 10 places/year}}" for name in library.names() if name.startswith("skills_"))
    _, compiled = one(f"programmes: {{{text}}}")
    needs = {
        made.name: {one.column: one.low for one in made.conditions if one.column != "consumption"}
        for made in compiled.policies["one"].programmes
    }
    assert needs["skills_computer"] == {"schooling_years": 9.0, "literacy": 0.5}
    assert needs["skills_welding"] == {"schooling_years": 6.0}
    assert needs["skills_handicraft"] == {}
    fit = {made.name: made.doses.get("fit", 0.0) for made in compiled.policies["one"].programmes}
    assert fit["skills_handicraft"] == max(fit.values()) > 0
    assert all(made.demand > 0 for made in compiled.policies["one"].programmes)


def test_topics_of_health_education() -> None:
    names = ("prevention", "basic_care", "nutrition", "reproductive")
    text = ", ".join(f"health_{name}: {{places: 10 places/year}}" for name in names)
    _, compiled = one(f"programmes: {{health_education: {{places: 10 places/year}}, {text}}}")
    made = {programme.name: programme.doses for programme in compiled.policies["one"].programmes}
    assert [made["health_education"][name] for name in names] == [0.25] * 4
    assert made["health_education"]["health_group"] == 1.0
    for name in names:
        assert {key: value for key, value in made[f"health_{name}"].items() if key != "fit"} == {
            "health_group": 1.0,
            name: 1.0,
        }


def test_library_holds_what_the_study_and_the_country_run() -> None:
    assert {
        *("business_start", "business_growth", "resource_brokering", "kat_remote_adat", "cash_transfer"),
        *("group_grant", "business_capital", "graduation_package", "training_voucher", "literacy_follow_on"),
    } <= set(library.names())
    assert {"community_deliberation", "leader_engagement", "connectivity_investment"} <= set(library.community())
    kinds = {entry["name"]: entry["kind"] for entry in library.catalogue()}
    assert kinds["skills_training"] == "programme"
    assert kinds["leader_engagement"] == "community"
    assert set(kinds) == {*library.names(), *library.community()}


def test_package_for_remote_communities_costs_what_was_read() -> None:
    scenario, _ = one("programmes: {kat_remote_adat: {places: 10 places/year}}", "interior_adat")
    assert scenario.policies["one"].programmes[0].unit_cost == pytest.approx(137e9 / 2099, rel=0.005)


# ---------------------------------------------------------------- whole villages


def test_villages_served_by_coverage_and_by_budget() -> None:
    base = "  simulation: {months: 48}\n"
    text = "community: {leader_engagement: {coverage: 30 %}, community_deliberation: {budget: 600 million IDR/year}}"
    scenario, compiled = one(text, base=base)
    meetings, leaders = scenario.policies["one"].community
    villages = 610_000 / (300 * exp(0.25**2 / 2))  # mean of a lognormal size
    plan = plan_community(leaders, compiled.place, 48)
    assert plan.of == pytest.approx(villages)
    assert (plan.villages, plan.coverage) == (pytest.approx(0.3 * villages), pytest.approx(0.3))
    assert plan.cost == pytest.approx(0.3 * villages * 42_000 * 12)
    bought = plan_community(meetings, compiled.place, 48)
    assert bought.villages == pytest.approx(200)  # 600 million a year at 250,000 a month
    assert bought.cost == pytest.approx(600e6)
    made = {community.name: community for community in compiled.policies["one"].community}
    assert made["leader_engagement"].coverage == pytest.approx(0.3)
    assert made["leader_engagement"].sets == {"leader": 1.0}
    assert made["community_deliberation"].coverage == pytest.approx(200 / villages)
    assert made["community_deliberation"].doses == {"deliberation": 0.33, "fit": 0.3}
    total = cost_per_year(scenario.policies["one"], compiled.place, 48)
    assert total == pytest.approx(plan.cost + 600e6)


def test_works_that_cost_once_are_spread_over_the_run() -> None:
    base = "  simulation: {months: 48}\n"
    scenario, compiled = one("community: {connectivity_investment: {budget: 15 billion IDR/year}}", base=base)
    (works,) = scenario.policies["one"].community
    # 60 billion in four years at 750 million a village
    assert plan_community(works, compiled.place, 48).villages == pytest.approx(80)
    made = compiled.policies["one"].community[0]
    assert (made.travel_factor, made.sets, made.cost_once) == (0.6, {"signal": 1.0}, 750e6)
    assert made.scales == {"market_access": 1.08, "health_access": 1.3, "venue_hours": 0.6}


def test_a_budget_beyond_all_villages_serves_all_and_says_so() -> None:
    scenario, compiled = one("community: {leader_engagement: {budget: 60 billion IDR/year}}")
    assert compiled.policies["one"].community[0].coverage == 1.0
    assert any("would pay for more villages than there are" in line for line in describe(scenario))


def test_a_community_programme_defined_in_the_file_changes_villages_and_costs_what_it_says() -> None:
    scenario, compiled = one(
        "community:\n"
        "  boat_landing:\n"
        "    coverage: 40 %\n"
        "    scales: {market_access: 1.1, venue_hours: 0.5}\n"
        "    sets: {health_access: {value: 0.9, confidence: C, source: assumed}}\n"
        "    cost_once: 300 million IDR/village\n"
        "    start: 2 months\n",
        "remote_islands",
    )
    run = _run(compiled, "one", households=4000)
    begun = run.community_cost[0]
    assert begun[:2].sum() == 0
    assert begun[3:].sum() == 0
    # whole villages of a slice of about 19: 40 % is 7 or 8 of them
    villages = compiled.population(4000, 3, 0).villages.village_id.size
    served = begun[2] / 300e6 * 4000 / 190_000
    assert served == pytest.approx(round(served))
    assert abs(served - 0.4 * villages) < 2
    cited = {item.name: item for item in used_passports(scenario)}
    assert cited["boat_landing.sets.health_access"].source == "assumed"
    assert cited["boat_landing.cost_once"].source.startswith("set in")


def test_sentences_of_a_community_programme() -> None:
    scenario, _ = one("community: {connectivity_investment: {coverage: 10 %}}\nsharing: poorest_half")
    lines = describe(scenario)
    # 610,000 households over a mean village of 309.5 are 1,971 villages; 750 million over five years
    assert lines[-2] == (
        "  Connectivity investment: 197 villages of 1,971, 10 %, the poorest first; Rp 29.6 billion a year on average "
        "over the run. It sets signal to 1, multiplies market access by 1.08, venue hours by 0.6 and health access "
        "by 1.3 and makes the way of mentors 60 % of what it was, from the start. A village costs Rp 750 million once."
    )
    assert lines[-1] == "  Subdistricts share places and posts by the poor households of the poorer half of them."


def test_differences_in_community_and_mentors() -> None:
    text = HEAD % ("medan_urban", "") + (
        "    mentors: {count: 10}\n    community: {leader_engagement: {coverage: 10 %}}\n"
        "  two:\n    like: one\n    mentors: {coaching: yes, shift: 5 points from technical to representational}\n"
        "    community: {leader_engagement: {coverage: 20 %}, community_deliberation: {coverage: 5 %}}\n"
        "    sharing: by_poverty\n"
    )
    policies = loads(text).policies
    assert describe_difference(policies["one"], policies["two"]) == [
        "mentors: cost of a post is Rp 4.92 million a month with courses and supervision in the first and "
        "Rp 5.22 million a month with courses and supervision in the second.",
        "mentors: coaching is no in the first and yes in the second.",
        "mentors: representational role is 15 % in the first and 20 % in the second.",
        "mentors: technical role is 20 % in the first and 15 % in the second.",
        "only the second runs community_deliberation in 5 % of the villages.",
        "leader_engagement: villages is 10 % of the villages in the first and 20 % of the villages in the second.",
        "subdistricts share by their households in the first and by their poor households in the second.",
    ]


def test_sharing_by_poverty_moves_places_not_their_number() -> None:
    text = "programmes: {{skills_training: {{places: 30000 places/year}}}}\nsharing: {}"
    runs = {}
    for sharing in SHARING:
        _, compiled = one(text.format(sharing))
        assert compiled.policies["one"].sharing == sharing
        runs[sharing] = _run(compiled, "one", households=12_000)
    offered = [run.places_offered.sum() for run in runs.values()]
    assert max(offered) - min(offered) < 0.02 * max(offered)
    by_block = {
        name: np.bincount(run.subdistrict, run.touched) / np.bincount(run.subdistrict) for name, run in runs.items()
    }
    assert (by_block["poorest_half"] == 0).any()
    assert not (by_block["equal"] == 0).any()


# ---------------------------------------------------------------- factors


def test_factors_switched_off_in_the_file() -> None:
    base = "  factors: {off: [theft, distance, low_attendance]}\n"
    text = "programmes: {mentoring_only: {places: 1200 places/year}}\nmentors: {count: 20}"
    scenario, compiled = one(text, "remote_islands", base)
    assert scenario.factors == tuple(name for name in factors() if name in ("theft", "distance", "low_attendance"))
    plain, before = one(text, "remote_islands")
    by_hand = without(before, scenario.factors)
    assert compiled.travel == by_hand.travel
    assert compiled.parameters == by_hand.parameters
    assert compiled.parameters.attendance_intercept == 30
    assert dict(compiled.village) == dict(by_hand.village) == {"venue_hours": 0, "theft_hazard": 0}
    population = compiled.population(500, 1, 0)
    assert not population.villages.context[VILLAGE_ROW["theft_hazard"]].any()
    assert before.population(500, 1, 0).villages.context[VILLAGE_ROW["theft_hazard"]].all()
    assert scenario.digest != plain.digest
    assert compiled.policies["one"].mentors.posts == before.policies["one"].mentors.posts
    lines = describe(scenario)
    assert any(line.startswith("These factors are switched off, in every policy: ") for line in lines)
    cited = {item.name: item for item in used_passports(scenario)}
    assert "attendance_intercept" not in cited  # visits alone need no attendance
    assert any("factors switched off" in line for line in describe_difference(plain, scenario))


def test_a_parameter_of_a_factor_that_is_off_is_cited_so() -> None:
    scenario, _ = one(
        "programmes: {skills_training: {places: 12 places/year}}", base="  factors: {off: low_attendance}\n"
    )
    cited = {item.name: item for item in used_passports(scenario)}
    assert cited["attendance_intercept"].value == "30"
    assert "the factor low_attendance is off" in cited["attendance_intercept"].source


def test_factors_off_reach_a_survey_too(shared: Path) -> None:
    scenario = load(ROOT / "scenarios" / "survey-vietnam.yaml", survey=shared / "data" / "vlss_households.csv")
    compiled = without(compile_scenario(scenario), ["theft"])
    assert not compiled.population(None, 1, 0).villages.context[VILLAGE_ROW["theft_hazard"]].any()


# ---------------------------------------------------------------- sources


USES = {
    "nothing": "",
    "a course": "programmes: {skills_training: {places: 60000 places/year}}",
    "literacy and meetings": "programmes: {adult_literacy: {places: 60000 places/year}, "
    "health_nutrition: {places: 60000 places/year}}",
    "cash": "programmes: {cash_transfer: {places: 60000 places/year}}",
    "brokers and villages": "programmes: {resource_brokering: {places: 60000 places/year}}\n"
    "community: {community_deliberation: {coverage: 50 %}}",
    "mentors": "programmes: {mentoring_only: {places: 60000 places/year}}\nmentors: {count: 800}",
    "coached mentors in groups": "programmes: {family_sessions: {places: 60000 places/year}}\n"
    "mentors: {count: 800, coaching: yes, refresher: no, handover: no, rotation: 4 months, rule: two_tier}",
}


@pytest.mark.parametrize("text", USES.values(), ids=USES)
def test_parameters_that_are_not_cited_change_nothing(text: str) -> None:
    scenario, compiled = one(text or "note: nothing", "remote_islands")
    used = set(used_parameters(scenario))
    idle = [name for name in passports() if name not in used and name != "trap"]
    assert idle
    before = _run(compiled, "one", months=18, households=1500)
    other = {name: np.float32(_another(passports()[name])) for name in idle}
    after = _run(replace(compiled, parameters=compiled.parameters._replace(**other)), "one", 18, 1500)
    assert np.array_equal(before.end_consumption, after.end_consumption)
    rows = [k for k in range(before.monthly.shape[0]) if not np.array_equal(before.monthly[k], after.monthly[k], True)]
    assert rows == []


def _another(passport: Any) -> float:
    """The bound that lies farther from the value."""
    low, high = passport.lower, passport.upper
    return float(low if passport.value - low > high - passport.value else high)


def test_ways_of_mentors_bring_their_parameters_along() -> None:
    def used(text: str) -> set[str]:
        scenario, _ = one(f"programmes: {{mentoring_only: {{places: 10 places/year}}}}\nmentors: {{count: 1{text}}}")
        return set(used_parameters(scenario))

    plain = used("")
    assert {"turnover_base", "competence_per_course", "turnover_no_feedback", "trust_kept_with_handover"} <= plain
    assert not {"turnover_no_refresher", "competence_per_coaching", "burnout_peers", "two_tier_share"} & plain
    assert {"turnover_no_refresher"} <= used(", refresher: no")
    assert "turnover_no_feedback" not in used(", coaching: yes")
    assert {"competence_per_coaching", "burnout_coaching"} <= used(", coaching: yes")
    assert "referral_success_coordinated" in used(", coordination: yes")
    assert not {"turnover_base", "vacancy_months"} & used(", dynamics: no")
    assert features(one("mentors: {count: 1}")[0]) == frozenset()  # nobody to visit


def test_figures_of_other_region_types_are_not_cited() -> None:
    scenario, _ = one("programmes: {skills_sewing: {places: 10 places/year}}")
    names = {item.name for item in used_passports(scenario)}
    assert "skills_sewing.demand.urban" in names
    assert "skills_sewing.demand.interior" not in names
    assert "medan_urban.urban.minimum_wage" in names


# ---------------------------------------------------------------- schema and shipped files


def test_json_schema_knows_the_new_keys() -> None:
    validator = jsonschema.Draft202012Validator(schema_json())
    document = {
        "empowersim": 1,
        "name": "x",
        "base": {"world": {"place": "medan_urban"}, "factors": {"off": ["distance"]}},
        "policies": {
            "one": {
                "programmes": {"skills_sewing": {"places": "10 places/year", "demand": {"urban": "4 %"}}},
                "mentors": {"count": 3, "shift": "5 points from technical to educational", "coaching": True},
                "community": {"road": {"coverage": "10 %", "scales": {"venue_hours": {"value": 0.5}}}},
                "sharing": "by_poverty",
            }
        },
    }
    assert [error.message for error in validator.iter_errors(document)] == []
    policy: Any = document["policies"]["one"]  # type: ignore[index]
    for section, key, value in (
        ("mentors", "shift", "some points from technical to educational"),
        ("mentors", "role_mix", {"teacher": 1}),
        ("community", "road", {"scales": {"adat": 1}}),
        ("programmes", "skills_sewing", {"demand": {"rural": "4 %"}}),
    ):
        kept = policy[section]
        policy[section] = {**kept, key: value}
        assert not validator.is_valid(document), (section, key)
        policy[section] = kept
    document["base"]["factors"] = {"off": ["distanse"]}  # type: ignore[index]
    assert not validator.is_valid(document)


@pytest.mark.parametrize(("name", "money"), [("mentors-or-courses", 60e9), ("mentors-or-courses-islands", 20e9)])
def test_the_ladder_spends_the_same_money_on_every_rung(name: str, money: float) -> None:
    scenario = load(ROOT / "scenarios" / f"{name}.yaml")
    place = compile_scenario(scenario).place
    for policy in scenario.policies.values():
        expected = 0.0 if policy.name == "no_programme" else money
        assert cost_per_year(policy, place, scenario.settings.months) == pytest.approx(expected, rel=1e-9)
    staff = {key: policy.mentors for key, policy in scenario.policies.items()}
    assert [staff[f"mentors_{part}"].budget for part in (25, 50, 75)] == [money * part / 100 for part in (25, 50, 75)]
    usual, shifted = staff["mentors_50"].role_mix, staff["mentors_50_advocates"].role_mix
    assert shifted["technical"] == pytest.approx(usual["technical"] - 0.1)
    assert shifted["representational"] == pytest.approx(usual["representational"] + 0.1)


def test_residents_reach_more_people_on_islands_for_the_same_money() -> None:
    compiled = compile_scenario(load(ROOT / "scenarios" / "mentors-or-courses-islands.yaml"))
    boat, resident = (_run(compiled, f"mentors_50{end}", months=24, households=6000) for end in ("", "_resident"))
    assert resident.series("visits").mean() > 2 * boat.series("visits").mean()


def test_pay_ratio_falls_with_the_minimum_wage() -> None:
    scenario, compiled = one("mentors: {count: 1}")
    staff = scenario.policies["one"].mentors
    higher = compiled.place.override({"minimum_wage": 4_014_072})
    assert pay_ratio(staff, higher) == pytest.approx(pay_ratio(staff, compiled.place) * 3_769_082 / 4_014_072)
