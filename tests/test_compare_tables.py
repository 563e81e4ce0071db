from __future__ import annotations

import json
import math

import numpy as np
import pytest
from helpers_runs import make_comparison, make_run, toy, with_measure
from hypothesis import given
from hypothesis import strategies as st

from empowersim.errors import SimulationError
from empowersim.experiments.economics import change_codes, discounted, household_years_averted, welfare_groups
from empowersim.experiments.reduce import reduce_runs
from empowersim.experiments.summary import summarise
from empowersim.results.tables import LEVELS, OUTCOMES, RATIOS, TABLES, Table

ASKED = [
    "poverty_headcount",
    "poverty_gap",
    "squared_poverty_gap",
    "mean_consumption",
    "bottom40_consumption",
    "literacy",
    "health",
    "schooling",
    "empowerment_index",
    "independence",
    "cost",
    "cost_per_household_year_out_of_poverty",
]


def f32(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


# ---------------------------------------------------------------- one future


def test_the_value_of_a_future_is_the_mean_of_its_last_twelve_months() -> None:
    run = with_measure(make_run(months=24), "literacy", np.r_[np.full(12, 9.0), np.full(6, 0.2), np.full(6, 0.4)])
    comparison = make_comparison([[run]])
    assert comparison.outcomes.one("mean", policy="nothing", outcome="literacy") == pytest.approx(0.3)


def test_months_without_a_measure_are_left_out_and_a_short_horizon_is_taken_whole() -> None:
    run = with_measure(make_run(months=5), "schooling", np.array([math.nan, 0.5, math.nan, 0.7, math.nan]))
    comparison = make_comparison([[run]])
    assert comparison.outcomes.one("mean", policy="nothing", outcome="schooling") == pytest.approx(0.6)


def test_a_measure_that_never_exists_is_null() -> None:
    runs = [with_measure(make_run(name), "schooling", np.full(24, math.nan)) for name in ("nothing", "skills")]
    document = make_comparison([runs, runs]).to_dict()
    assert document["policies"]["skills"]["schooling"] == {"mean": None, "low": None, "high": None}
    assert set(document["differences"]["skills"]["schooling"].values()) == {None}


def test_discounting_by_hand() -> None:
    # 3 % a year: month 0 counts whole, month 12 counts 1/1.03
    flow = np.zeros(13)
    flow[0], flow[12] = 100, 103
    assert discounted(flow, 0.03) == pytest.approx(200)
    assert discounted(np.full(60, 7.0), 0.0) == pytest.approx(420)


def test_household_years_count_months_below_the_line() -> None:
    assert household_years_averted(np.full(24, 90.0), np.full(24, 100.0)) == 20
    assert household_years_averted(np.full(12, 110.0), np.full(12, 100.0)) == -10


def test_better_worse_and_unchanged_by_hand() -> None:
    reference = f32(1, 1, 1, 2, 2, 0, 0)
    end = f32(1.02, 0.98, 1.005, 2.01, 1.9, 0.1, 0)
    assert change_codes(end, reference, 0.01).tolist() == [0, 1, 2, 2, 1, 0, 2]


@given(st.lists(st.floats(0, 1000, width=32), min_size=1, max_size=50), st.floats(0, 0.05))
def test_a_household_is_unchanged_against_itself(consumption: list[float], band: float) -> None:
    values = f32(*consumption)
    assert (change_codes(values, values, band) == 2).all()


def test_quintiles_hold_equal_persons_not_equal_households() -> None:
    # ten persons: one household of six in the poorest, then four singles
    groups = welfare_groups(f32(0.5, 1, 2, 3, 4), f32(6, 1, 1, 1, 1), 5)
    # middles of the members: 3, 6.5, 7.5, 8.5, 9.5 of 10
    assert groups.tolist() == [1, 3, 3, 4, 4]


@given(
    st.lists(st.tuples(st.floats(0, 100, width=32), st.integers(1, 12)), min_size=1, max_size=60),
    st.sampled_from([5, 10]),
)
def test_quintiles_rise_with_consumption_and_stay_in_range(people: list[tuple[float, int]], parts: int) -> None:
    consumption, size = f32(*(c for c, _ in people)), f32(*(s for _, s in people))
    groups = welfare_groups(consumption, size, parts)
    assert groups.min() >= 0
    assert groups.max() < parts
    assert (np.diff(groups[np.argsort(consumption, kind="stable")]) >= 0).all()


# ---------------------------------------------------------------- winners and losers


def two_policies(end: list[float], touched: list[bool]) -> list:
    start = [0.5, 0.6, 0.7, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0]
    kwargs = {"start": start, "region": [0] * 5 + [4] * 5}
    return [
        make_run("nothing", end=start, **kwargs),
        make_run("skills", end=end, touched=touched, **kwargs),
    ]


def test_winners_by_hand() -> None:
    end = [0.6, 0.7, 0.7, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 4.0]
    comparison = make_comparison([two_policies(end, [True] * 2 + [False] * 8)] * 3)
    winners = comparison.to_dict()["winners"]["skills"]
    assert (winners["better"], winners["worse"], winners["unchanged"]) == (0.2, 0.1, 0.7)
    quintiles = winners["by_quintile"]
    assert quintiles["1"]["better"] == 1
    assert quintiles["5"] == pytest.approx(
        {"households": 0.2, "better": 0, "worse": 0.5, "unchanged": 0.5, "any_change": 0.5, "change": -0.5}
    )
    regions = winners["by_region"]
    assert set(regions) == {"urban", "small_island"}
    assert (regions["urban"]["better"], regions["small_island"]["worse"]) == (0.4, 0.2)
    contact = winners["by_contact"]
    assert contact["touched"]["better"] == 1
    # one of eight untouched households changed: the spillover
    assert contact["untouched"]["any_change"] == 0.125


def test_a_household_touched_under_the_reference_alone_counts_as_touched() -> None:
    start = [1.0, 1.0, 1.0, 1.0]
    reference = make_run("nothing", start=start, end=[1.5, 1, 1, 1], touched=[True, False, False, False])
    other = make_run("skills", start=start, end=start)
    winners = make_comparison([[reference, other]]).to_dict()["winners"]["skills"]
    assert winners["worse"] == 0.25
    assert winners["by_contact"]["untouched"]["any_change"] == 0


def test_a_change_within_the_band_is_a_change_but_nobody_wins() -> None:
    end = [0.5 * 1.005, 0.6, 0.7, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0]
    winners = make_comparison([two_policies(end, [False] * 10)]).to_dict()["winners"]["skills"]
    assert (winners["better"], winners["unchanged"]) == (0, 1)
    assert winners["by_contact"]["untouched"]["any_change"] == 0.1


# ---------------------------------------------------------------- the document


def test_json_has_the_keys_that_were_asked_for() -> None:
    document = json.loads(toy(4).to_json())
    for key in ("scenario", "seed", "replicates", "households", "months", "policies", "differences", "winners"):
        assert key in document
    assert list(document["policies"]) == ["nothing", "skills", "mix"]
    assert list(document["differences"]) == list(document["winners"]) == ["skills", "mix"]
    for policy, outcomes in document["policies"].items():
        assert list(outcomes)[: len(ASKED)] == ASKED
        assert all(set(entry) == {"mean", "low", "high"} for entry in outcomes.values())
        if policy != "nothing":
            keys = {"mean", "low", "high", "probability_better", "variance_ratio_unpaired"}
            assert all(set(document["differences"][policy][outcome]) == keys for outcome in ASKED)
            assert {"better", "worse", "unchanged"} <= set(document["winners"][policy])
    assert (document["replicates"], document["households"], document["months"]) == (4, 8, 24)


def test_json_is_the_same_bytes_twice() -> None:
    assert toy(6).to_json() == toy(6).to_json()
    assert toy(6).to_json() != toy(7).to_json()


def test_a_policy_identical_to_the_reference_differs_by_exactly_nothing() -> None:
    futures = []
    for future in range(5):
        shared = 0.2 + 0.013 * ((3 * future) % 5)
        futures.append([make_run(name, future, level=shared, poor=700 * shared) for name in ("nothing", "twin")])
    document = make_comparison(futures).to_dict()
    for outcome, entry in document["differences"]["twin"].items():
        if outcome in {*RATIOS, "visits_per_client"}:
            # there are no clients
            assert set(entry.values()) == {None}
            continue
        assert (entry["mean"], entry["low"], entry["high"]) == (0, 0, 0)
        assert entry["probability_better"] == (0.5 if OUTCOMES[outcome].better else None)
        assert entry["variance_ratio_unpaired"] is None
        assert "-0.0" not in json.dumps(entry)
    winners = document["winners"]["twin"]
    assert (winners["better"], winners["worse"], winners["unchanged"]) == (0, 0, 1)
    assert winners["by_contact"]["untouched"]["any_change"] == 0


def test_direction_decides_who_is_better() -> None:
    better_by_half = [
        [
            make_run("nothing", future, level=0.5, cost_per_month=0),
            make_run("skills", future, level=0.4, cost_per_month=1),
        ]
        for future in range(3)
    ]
    found = make_comparison(better_by_half).to_dict()["differences"]["skills"]
    assert found["poverty_headcount"]["probability_better"] == 1
    assert found["literacy"]["probability_better"] == 0
    assert found["cost"]["probability_better"] == 0


def test_cost_per_household_year_is_a_ratio_of_means_and_null_for_the_reference() -> None:
    futures = []
    for future, poor in enumerate([900.0, 890.0, 910.0, 880.0, 920.0]):
        nothing = make_run("nothing", future, months=12, poor=1000.0)
        futures.append([nothing, make_run("skills", future, months=12, poor=poor, cost_per_month=10.0)])
    document = make_comparison(futures).to_dict()["policies"]
    key = "cost_per_household_year_out_of_poverty"
    # 120 spent a future, 100 household-years won on average; the mean of the ratios would be above 1.2
    assert document["skills"][key]["mean"] == pytest.approx(1.2)
    assert document["skills"][key]["low"] < 1.2 < document["skills"][key]["high"]
    assert document["nothing"][key] == {"mean": None, "low": None, "high": None}


def test_cost_per_household_year_is_null_where_no_year_is_won_for_sure() -> None:
    futures = [
        [make_run("nothing", f, poor=1000.0), make_run("skills", f, poor=poor, cost_per_month=10.0)]
        for f, poor in enumerate([900.0, 1100.0, 990.0, 1010.0])
    ]
    entry = make_comparison(futures).to_dict()["policies"]["skills"]["cost_per_household_year_out_of_poverty"]
    assert entry == {"mean": None, "low": None, "high": None}


def test_one_future_has_means_but_no_intervals() -> None:
    entry = toy(1).to_dict()["differences"]["mix"]["poverty_headcount"]
    assert entry["mean"] < 0
    assert (entry["low"], entry["high"], entry["variance_ratio_unpaired"]) == (None, None, None)


def test_best_counts_futures_over_all_policies() -> None:
    best = toy(6).to_dict()["best"]
    assert best["mix"]["poverty_headcount"] == 1
    assert sum(best[policy]["cost"] for policy in best) == pytest.approx(1)
    assert best["nothing"]["cost"] == 1


def test_a_single_policy_has_levels_but_nothing_to_differ_from() -> None:
    comparison = make_comparison([[make_run("nothing", future)] for future in range(3)])
    document = comparison.to_dict()
    assert document["differences"] == document["winners"] == {}
    assert document["policies"]["nothing"]["poverty_gap"]["mean"] == pytest.approx(0.2)
    assert document["best"]["nothing"]["poverty_gap"] is None


def test_no_futures_at_all_is_an_error() -> None:
    with pytest.raises(SimulationError, match="at least one future"):
        summarise(iter(()), "nothing")


# ---------------------------------------------------------------- tables


def test_outcomes_are_those_of_the_engine_and_cost() -> None:
    assert list(OUTCOMES)[: len(ASKED)] == ASKED
    assert set(LEVELS) < set(OUTCOMES)
    assert {outcome.better for outcome in OUTCOMES.values()} == {1, 0, -1}


def test_tables_have_exactly_the_registered_columns_and_types() -> None:
    comparison = toy(3)
    assert set(comparison.tables) == set(TABLES)
    for name, columns in TABLES.items():
        table = comparison.table(name)
        assert list(table.columns) == [column.name for column in columns]
        assert {values.size for values in table.columns.values()} == {len(table)}
        for column in columns:
            assert table[column.name].dtype.kind == {"text": "U", "whole": "i", "real": "f"}[column.kind]
            assert column.meaning


def test_paths_hold_levels_and_paired_differences_by_month() -> None:
    comparison = toy(5)
    rows = comparison.paths.where(policy="skills", measure="poverty_gap")
    assert rows["month"].tolist() == list(range(24))
    level = comparison.outcomes.one("mean", policy="skills", outcome="poverty_gap")
    assert rows["mean"] == pytest.approx(np.full(24, level))
    gap = comparison.differences.where(policy="skills", outcome="poverty_gap")
    assert rows["difference_low"] == pytest.approx(np.full(24, gap["low"][0]))
    reference = comparison.paths.where(policy="nothing")
    assert (reference["difference"] == 0).all()


def test_ledger_tells_places_and_money_by_month() -> None:
    ledger = toy(2).ledger
    assert ledger.where(policy="nothing")["item"].tolist()[0] == "mentors"
    skills = ledger.where(policy="skills", item="skills")
    assert set(skills["figure"].tolist()) == {"places_offered", "places_filled", "applicants", "enrolled", "cost"}
    assert skills.where(figure="cost")["mean"].tolist() == [2e9] * 24
    assert skills.where(figure="places_filled")["mean"].sum() == 8 * 24


def test_futures_table_holds_every_future() -> None:
    table = toy(4).futures.where(policy="mix", outcome="poverty_gap")
    assert table["replicate"].tolist() == [0, 1, 2, 3]
    assert table["value"].mean() == pytest.approx(toy(4).outcomes.one("mean", policy="mix", outcome="poverty_gap"))


def test_arrow_carries_units_and_nulls_and_comes_back() -> None:
    comparison = toy(1)
    arrow = comparison.to_arrow("outcomes")
    assert arrow.schema.field("mean").metadata[b"unit"] == b"row"
    assert arrow.schema.metadata[b"empowersim_run_id"].decode() == comparison.run_id
    assert arrow.column("low").null_count == len(comparison.outcomes)
    back = Table.from_arrow("outcomes", arrow)
    for column, values in comparison.outcomes.columns.items():
        np.testing.assert_array_equal(back[column], values)


def test_pandas_gives_the_same_numbers() -> None:
    comparison = toy(3)
    frame = comparison.to_pandas("differences")
    assert list(frame.columns) == [column.name for column in TABLES["differences"]]
    picked = frame[(frame.policy == "mix") & (frame.outcome == "poverty_gap")]["mean"].item()
    assert picked == comparison.differences.one("mean", policy="mix", outcome="poverty_gap")


def test_asking_for_what_is_not_there_names_what_is() -> None:
    with pytest.raises(KeyError, match="outcomes, differences"):
        toy(2).table("outcome")
    with pytest.raises(AttributeError, match="its tables are outcomes"):
        _ = toy(2).wins
    with pytest.raises(KeyError, match="0 rows of outcomes"):
        toy(2).outcomes.one("mean", policy="nobody")


def test_reduction_keeps_no_household() -> None:
    runs = two_policies([0.6] * 10, [True] * 10)
    reduced = reduce_runs(runs, 0, band=0.01, discount_rate=0.03)
    assert all(10 not in values.shape for values in (reduced.values, reduced.monthly, reduced.winners))
