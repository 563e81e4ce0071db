"""Money, gains that last, waiting, mentors' hours: each with numbers worked by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from helpers_runs import make_comparison, make_run, with_measure
from hypothesis import given
from hypothesis import strategies as st

from empowersim.experiments.economics import (
    by_year,
    displaced,
    frontier,
    household_years_averted,
    mean_until,
    untouched_worse,
)
from empowersim.experiments.reduce import MENTOR_LEDGER

FLAGS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30)


# ---------------------------------------------------------------- time


def test_money_by_year_and_its_present_value() -> None:
    flow = np.array([1.0] * 12 + [2.0] * 12 + [5.0])
    assert by_year(flow) == [12, 24, 5]
    # at 21 % a year the first month of the third year counts 1 / 1.4641
    assert by_year(np.r_[np.zeros(24), 14.641], 0.21) == pytest.approx([0, 0, 10])


def test_years_won_are_discounted_as_money_is() -> None:
    # twelve household-months won in month 12: one household-year, worth 1 / 1.5 at 50 % a year
    won = np.zeros(13)
    won[12] = 12
    assert household_years_averted(np.zeros(13), won) == 1
    assert household_years_averted(np.zeros(13), won, 0.5) == pytest.approx(2 / 3)


def test_mean_until_takes_the_months_before_and_only_those_that_exist() -> None:
    series = np.array([1.0, 2.0, 6.0, math.nan, 10.0])
    assert mean_until(series, 3) == 3
    assert mean_until(series, 5) == 8
    assert math.isnan(mean_until(series, 6))
    assert math.isnan(mean_until(series, 2))


# ---------------------------------------------------------------- the frontier


def test_frontier_of_a_textbook_case() -> None:
    # nothing, a cheap one, one that a mix of its neighbours beats, a dear one, a wasteful one
    costs, effects = [0.0, 10.0, 30.0, 40.0, 50.0], [0.0, 10.0, 12.0, 20.0, 15.0]
    steps = {step.place: step for step in frontier(costs, effects)}
    assert [steps[place].status for place in range(5)] == [
        "cheapest",
        "frontier",
        "extendedly_dominated",
        "frontier",
        "dominated",
    ]
    # the dear one is priced against the cheap one: 30 for 10 more
    assert (steps[1].before, steps[3].before) == (0, 1)
    assert (steps[2].before, steps[4].before) == (None, None)


def test_frontier_knows_ties_and_policies_that_harm() -> None:
    status = {step.place: step.status for step in frontier([0.0, 0.0, 5.0, 0.0], [0.0, 0.0, -1.0, 2.0])}
    assert status == {3: "cheapest", 0: "dominated", 1: "dominated", 2: "dominated"}
    status = {step.place: step.status for step in frontier([0.0, 0.0], [0.0, 0.0])}
    assert status == {0: "cheapest", 1: "tied"}


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-20, 50)), min_size=1, max_size=9))
def test_prices_rise_along_the_frontier_and_nothing_stands_above_it(points: list[tuple[int, int]]) -> None:
    costs, effects = [float(cost) for cost, _ in points], [float(effect) for _, effect in points]
    steps = frontier(costs, effects)
    on_it = [step for step in steps if step.status in {"cheapest", "frontier"}]
    prices = [
        (costs[step.place] - costs[step.before]) / (effects[step.place] - effects[step.before])
        for step in on_it
        if step.before is not None
    ]
    assert prices == sorted(prices)
    assert effects[on_it[-1].place] == max(effects)
    corners = [(costs[step.place], effects[step.place]) for step in on_it]
    for cost, effect in zip(costs, effects, strict=True):
        best = float(np.interp(cost, [c for c, _ in corners], [e for _, e in corners]))
        assert effect <= best + 1e-9


# ---------------------------------------------------------------- who gets, who waits


def test_displaced_and_untouched_households() -> None:
    here, there = np.array([True, False, False, False]), np.array([True, True, False, False])
    assert displaced(here, there) == 0.25
    assert displaced(there, here) == 0
    codes = np.array([1, 1, 1, 0], dtype=np.int8)
    assert untouched_worse(codes, here, there) == 0.25


@given(FLAGS)
def test_nobody_is_displaced_by_more_than_the_reference_served(flags: list[tuple[bool, bool]]) -> None:
    here, there = (np.array(side) for side in zip(*flags, strict=True))
    assert displaced(here, there) <= there.mean()
    assert displaced(here, here) == 0
    # the gap in shares served is made of displaced ones on both sides
    assert here.mean() - there.mean() == pytest.approx(displaced(there, here) - displaced(here, there))


def test_waiting_is_who_applied_and_got_no_place() -> None:
    comparison = make_comparison(
        [[make_run("nothing"), make_run("skills", cost_per_month=1.0, touched=[True] * 2 + [False] * 6)]]
    )
    rows = comparison.access.where(policy="skills", item="skills")
    found = dict(zip(rows["figure"].tolist(), rows["mean"].tolist(), strict=True))
    # 24 intakes, each with 10 places, 8 taken, 30 applicants
    assert found == pytest.approx(
        {
            "places_offered": 240,
            "places_filled": 192,
            "filled_share": 0.8,
            "applicants": 30,
            "waiting": 22,
            "waiting_last": 22,
        }
    )
    assert comparison.access.one("mean", policy="skills", figure="served") == 0.25
    assert comparison.to_dict()["access"]["nothing"] == {
        "all": {
            "served": {"mean": 0.0, "low": None, "high": None},
            "displaced": {"mean": 0.0, "low": None, "high": None},
            "untouched_worse": {"mean": 0.0, "low": None, "high": None},
        }
    }


# ---------------------------------------------------------------- what is left


def ending(future: int, gain: float, later: float) -> list:
    """Poverty falls by `gain` while the policy runs (24 months) and by `later` after it; 48 months."""
    path = np.r_[np.full(24, 0.3 - gain), np.full(24, 0.3 - later)]
    nothing = with_measure(make_run("nothing", future, months=48), "poverty_headcount", np.full(48, 0.3))
    return [nothing, with_measure(make_run("skills", future, months=48), "poverty_headcount", path)]


def test_share_of_gains_kept_is_a_ratio_of_means() -> None:
    comparison = make_comparison([ending(0, 0.10, 0.05), ending(1, 0.08, 0.02), ending(2, 0.12, 0.05)], ends=[48, 24])
    kept = comparison.to_dict()["kept"]["skills"]["poverty_headcount"]
    entry = kept["12_months"]
    assert entry["gain"] == pytest.approx(-0.10)
    assert entry["later"] == pytest.approx(-0.04)
    assert entry["kept"] == pytest.approx(0.4)
    assert entry["kept_low"] < 0.4 < entry["kept_high"]
    assert kept["24_months"]["kept"] == pytest.approx(0.4)
    assert "nothing" not in comparison.to_dict()["kept"]


def test_gains_kept_are_not_told_without_an_end_a_horizon_or_a_gain() -> None:
    futures = [ending(future, 0.1, 0.05) for future in range(3)]
    assert len(make_comparison(futures, ends=[48, 48]).kept) == 0
    assert len(make_comparison(futures, ends=[48, 10**6]).kept) == 0
    # the end lies 12 months before the horizon: nothing to say of 24 months after
    late = make_comparison(futures, ends=[48, 36]).kept.where(outcome="poverty_headcount")
    assert late["after"].tolist() == [12]
    # a gain that cannot be told from zero has no share
    unsure = make_comparison([ending(0, 0.1, 0.1), ending(1, -0.1, 0.1), ending(2, 0.0, 0.1)], ends=[48, 24])
    entry = unsure.to_dict()["kept"]["skills"]["poverty_headcount"]["12_months"]
    assert entry["later"] == pytest.approx(-0.1)
    assert (entry["kept"], entry["kept_low"]) == (None, None)


# ---------------------------------------------------------------- who pays


def test_budget_by_year_payer_and_item_adds_up() -> None:
    run = make_run("skills", months=30, cost_per_month=10.0, mentor_cost=3.0, community_cost=2.0, partner_cost=5.0)
    comparison = make_comparison([[make_run("nothing", months=30), run]])
    budget = comparison.budget.where(policy="skills")
    assert budget.where(dimension="all")["mean"].tolist() == [180, 180, 90]
    assert budget.where(dimension="all")["months"].tolist() == [12, 12, 6]
    assert budget.where(group="partners")["mean"].tolist() == [60, 60, 30]
    for dimension in ("payer", "item"):
        parts = budget.where(dimension=dimension)
        for year, whole in enumerate([180, 180, 90], start=1):
            assert parts.where(year=year)["mean"].sum() == pytest.approx(whole)
    assert budget.where(group="mentors", year=2)["mean"].tolist() == [36]
    outcomes = comparison.outcomes.where(policy="skills")
    cost, state, partners = (
        outcomes.one("mean", outcome=name) for name in ("cost", "cost_to_state", "cost_to_partners")
    )
    assert (cost, state, partners) == (450, 300, 150)
    discounted = budget.where(dimension="all")["discounted"]
    assert discounted.sum() == pytest.approx(outcomes.one("mean", outcome="cost_discounted"))
    assert discounted[1] < 180
    assert comparison.ledger.where(item="road", figure="cost")["mean"].tolist() == [2.0] * 30


def test_cost_of_a_sustained_exit_by_hand() -> None:
    futures = []
    for future, share in enumerate([0.05, 0.06, 0.04]):
        nothing = with_measure(make_run("nothing", future, months=12), "sustained_exit", np.full(12, 0.02))
        skills = make_run("skills", future, months=12, cost_per_month=50.0)
        futures.append([nothing, with_measure(skills, "sustained_exit", np.full(12, share))])
    outcomes = make_comparison(futures).to_dict()["policies"]
    # 1,000 households, 3 points more on average: 30 exits for 600
    assert outcomes["skills"]["sustained_exits_won"]["mean"] == pytest.approx(30)
    assert outcomes["skills"]["cost_per_sustained_exit"]["mean"] == pytest.approx(20)
    assert outcomes["nothing"]["cost_per_sustained_exit"] == {"mean": None, "low": None, "high": None}


def test_icer_table_prices_one_more_year_against_the_policy_before() -> None:
    futures = []
    for future in range(4):
        step = 0.1 * (future % 2)
        runs = [make_run("nothing", future, months=12, poor=1000.0)]
        for name, poor, cost in (("cheap", 990.0, 10.0), ("dear", 980.0, 40.0), ("waste", 995.0, 20.0)):
            runs.append(make_run(name, future, months=12, poor=poor - step, cost_per_month=cost))
        futures.append(runs)
    document = make_comparison(futures).to_dict()["icer"]["household_years_out_of_poverty_discounted"]
    assert [(row["policy"], row["status"]) for row in document] == [
        ("nothing", "cheapest"),
        ("cheap", "frontier"),
        ("waste", "dominated"),
        ("dear", "frontier"),
    ]
    # 30 a month more, for 10 household-months fewer poor a month: money and years are discounted alike
    assert document[3]["against"] == "cheap"
    assert document[3]["ratio"] == pytest.approx(36)
    assert document[3]["low"] == pytest.approx(36)
    assert (document[0]["ratio"], document[2]["ratio"], document[2]["against"]) == (None, None, None)
    assert "sustained_exits_won" in make_comparison(futures).to_dict()["icer"]


# ---------------------------------------------------------------- mentors and stages


def test_ledger_of_mentors_by_hand() -> None:
    mentors = {
        "posts": 10.0,
        "vacant": 2.0,
        "competence": 0.5,
        "burnout": 0.25,
        "departures": 0.2,
        "clients": 400.0,
        "visited": 160.0,
    }
    hours = {
        "available": 1000.0,
        "administration": 250.0,
        "training": 50.0,
        "travel": 150.0,
        "sessions": 100.0,
        "visits": 400.0,
    }
    run = make_run("skills", mentors=mentors, hours=hours, mentor_cost=800.0)
    # 1,000 households, 0.2 visits each
    comparison = make_comparison([[make_run("nothing"), run]])
    figures = {name: entry["mean"] for name, entry in comparison.to_dict()["mentors"]["skills"].items()}
    assert list(figures) == [name for name, _ in MENTOR_LEDGER]
    assert figures == pytest.approx(
        {
            "posts": 10,
            "vacancy": 0.2,
            "competence": 0.5,
            "burnout": 0.25,
            "departures": 0.3,
            "clients": 400,
            "clients_per_mentor": 50,
            "visits_per_client": 0.5,
            "months_between_visits": 2.5,
            "hours_available": 125,
            "hours_administration": 31.25,
            "hours_training": 6.25,
            "hours_travel": 18.75,
            "hours_sessions": 12.5,
            "hours_visits": 50,
            "share_administration": 0.25,
            "share_training": 0.05,
            "share_travel": 0.15,
            "share_sessions": 0.1,
            "share_visits": 0.4,
            "share_unused": 0.05,
            "cost_per_client": 2,
        }
    )
    assert comparison.to_dict()["mentors"].keys() == {"skills"}
    assert comparison.outcomes.one("mean", policy="skills", outcome="visits_per_client") == pytest.approx(0.5)
    assert comparison.to_dict()["policies"]["nothing"]["visits_per_client"]["mean"] is None


def test_stages_are_shares_of_households_and_differ_from_the_reference() -> None:
    nothing = make_run("nothing", stage=[0, 0, 0, 0, 1, 1, 2, 4])
    skills = make_run("skills", stage=[0, 0, 1, 1, 2, 2, 3, 4])
    stages = make_comparison([[nothing, skills]] * 2).to_dict()["stages"]
    assert {name: entry["mean"] for name, entry in stages["skills"].items()} == {
        "unaware": 0.25,
        "aware": 0.25,
        "trained": 0.25,
        "acting": 0.125,
        "independent": 0.125,
    }
    assert stages["skills"]["unaware"]["difference"] == -0.25
    assert stages["skills"]["acting"]["difference_low"] == 0.125
    assert sum(entry["difference"] for entry in stages["skills"].values()) == pytest.approx(0)


def test_the_document_stays_plain_json() -> None:
    document = json.loads(make_comparison([[make_run("nothing"), make_run("skills")]] * 2).to_json())
    assert {"kept", "budget", "access", "mentors", "stages", "icer"} <= set(document)
    assert [row["policy"] for row in document["icer"]["sustained_exits_won"]] == ["nothing", "skills"]
    assert document["icer"]["sustained_exits_won"][1]["status"] == "tied"
