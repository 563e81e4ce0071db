"""The tables of an answer: numbers worked by hand, and equality with the comparison that they are read off."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import empowersim as es
from empowersim.errors import SimulationError, StoreError
from empowersim.experiments.answer import Answer, Ceilings, Verdict, answer, answer_of, deepened, is_results
from empowersim.experiments.answer_tables import costs_differ, values_of
from empowersim.experiments.people import DIMENSIONS, GROUP_FIGURES, GROUPS, People, codes_of, grouped
from empowersim.experiments.reduce import yearly_means
from empowersim.experiments.statistics import Paired
from empowersim.experiments.tornado import tornado
from empowersim.results.answer_tables import ANSWER_TABLES
from empowersim.results.store import write_comparison
from empowersim.results.tables import OUTCOMES, TABLES

ISLANDS = "scenarios/remote-islands.yaml"
SIZE = {"households": 600, "months": 18, "seed": 5}


@pytest.fixture(scope="module")
def found() -> Answer:
    ceilings = Ceilings(money=19e9, posts=45)
    chosen = ["balanced_mix", "mix_commuting", "mix_links"]
    return answer(ISLANDS, policies=chosen, replicates=4, ceilings=ceilings, **SIZE)


# ---------------------------------------------------------------- who: six households by hand


class Lived:
    """What `people.grouped` reads of a run."""

    def __init__(self, end: list[float], touched: list[bool]) -> None:
        self.start_consumption = np.array([0.5, 0.8, 1.2, 1.4, 2.0, 3.0], np.float32)
        self.end_consumption = np.array(end, np.float32)
        self.touched = np.array(touched)
        self.size = np.full(6, 4.0, np.float32)
        self.region = np.array([0, 0, 0, 2, 2, 2], np.int32)
        self.subdistrict = np.array([7, 7, 7, 8, 8, 8], np.int32)


BASE = Lived([0.6, 0.9, 1.2, 0.9, 2.0, 3.0], [False] * 6)
UNDER = Lived([1.1, 0.9, 1.3, 0.8, 2.0, 3.0], [True, False, True, False, False, True])
SIX = People(
    village=np.array([0, 0, 0, 1, 1, 1]),
    female_head=np.array([True, False, True, False, False, False]),
    schooling=np.array([3, 6, 9, 6, 12, 12], np.float32),
    children=np.array([0, 1, 2, 0, 0, 1], np.float32),
    custom=np.array([1, 1, 1, 0, 0, 0], np.float32),
)


def group(cube: np.ndarray, dimension: str, name: str) -> dict[str, float]:
    row = cube[1, GROUPS.index((dimension, name))]
    return dict(zip(GROUP_FIGURES, row.tolist(), strict=True))


def test_groups_of_six_households_by_hand() -> None:
    cube, places = grouped([BASE, UNDER], 0, 0.01, SIX)
    everybody = group(cube, "all", "all")
    assert everybody == pytest.approx(
        {
            "households": 1.0,
            "poor_at_start": 2 / 6,
            "served": 3 / 6,
            "served_of_poor": 1 / 2,
            "poor_reference": 3 / 6,  # 0.6, 0.9 and 0.9
            "poor": 2 / 6,  # 0.9 and 0.8
            "better": 2 / 6,
            "worse": 1 / 6,
            "change": (0.5 + 0.1 - 0.1) / 6,
        },
        abs=1e-7,
    )
    women = group(cube, "head", "woman")
    assert (women["households"], women["better"], women["served"]) == pytest.approx((2 / 6, 1.0, 1.0))
    near = group(cube, "start", "near_poor")  # 1.2 and 1.4
    assert (near["households"], near["worse"], near["poor_at_start"]) == pytest.approx((2 / 6, 1 / 2, 0.0))
    assert math.isnan(near["served_of_poor"])
    assert group(cube, "schooling", "primary")["households"] == pytest.approx(3 / 6)
    assert group(cube, "children", "without")["households"] == pytest.approx(3 / 6)
    assert group(cube, "region", "rural_road")["worse"] == pytest.approx(1 / 3)
    assert group(cube, "custom", "traditional")["served_of_poor"] == pytest.approx(1 / 2)
    assert group(cube, "region", "interior")["households"] == 0.0
    assert math.isnan(group(cube, "region", "interior")["better"])
    assert places.shape == (2, 2, 9)
    first, second = places[1].tolist()
    assert first == pytest.approx([0, 7, 0, 3, 2 / 3, 2 / 3, 1 / 2, -1 / 3, 0.6 / 3], abs=1e-6)
    assert second[:6] == pytest.approx([1, 8, 2, 3, 0.0, 1 / 3])
    assert math.isnan(second[6])  # nobody was poor there
    assert second[7] == pytest.approx(0.0)


def test_tenths_hold_equal_numbers_of_persons_and_fifths_whole_villages() -> None:
    many = Lived([1.0] * 6, [False] * 6)
    many.start_consumption = np.linspace(0.5, 3.0, 6, dtype=np.float32)
    many.size = np.array([1, 1, 2, 2, 2, 2], np.float32)  # ten persons
    codes = codes_of(many, SIX)
    # middles of the members at 0.5, 1.5, 3, 5, 7, 9 of ten persons
    assert codes["decile"][0].tolist() == [0, 1, 3, 5, 7, 9]
    # two villages of equal size: the poorer is in the first half of the fifths, and none is cut
    assert codes["villages"][0].tolist() == [1, 1, 1, 3, 3, 3]
    assert [count for _, count in codes.values()] == [len(names) for names in DIMENSIONS.values()]


def test_without_households_there_are_no_groups() -> None:
    cube, places = grouped([BASE, UNDER], 0, 0.01, None)
    assert (cube[:, :, 0] == 0).all()
    assert np.isnan(cube[:, :, 1:]).all()
    assert places.shape == (2, 0, 9)


def test_means_of_years_leave_out_months_without_a_value() -> None:
    months = np.array([[1.0] * 11 + [np.nan], [np.nan] * 12])
    months = np.concatenate([months, [[4.0, 6.0], [np.nan, 2.0]]], axis=1)  # a year and two months
    years = yearly_means(months)
    assert years[0].tolist() == [1.0, 5.0]
    assert math.isnan(years[1, 0])
    assert years[1, 1] == 2.0


# ---------------------------------------------------------------- the same numbers everywhere


def test_groups_agree_with_the_winners_and_the_reach_of_the_comparison(found: Answer) -> None:
    made = found.comparison
    for policy in made.others:
        for figure in ("better", "worse"):
            group_of = made.groups.one("mean", policy=policy, dimension="all", group="all", figure=figure)
            winners = made.winners.one("mean", policy=policy, dimension="all", group="all", figure=figure)
            assert group_of == pytest.approx(winners, abs=1e-12)
        served = made.groups.one("mean", policy=policy, dimension="all", group="all", figure="served_of_poor")
        assert served == pytest.approx(made.reach.one("mean", policy=policy, figure="served_of_poor"), abs=1e-12)


def test_villages_make_up_the_subdistricts_and_all_households(found: Answer) -> None:
    made = found.comparison
    villages, places = (made.table(name).where(policy="mix_links") for name in ("villages", "places"))
    assert villages["households"].sum() == 600
    for row, number in enumerate(places["subdistrict"].tolist()):
        inside = villages.where(subdistrict=number)
        homes = inside["households"]
        assert homes.sum() == places["households"][row]
        for figure in ("poor_at_start", "served", "change"):
            mean = float((inside[figure] * homes).sum() / homes.sum())
            assert mean == pytest.approx(float(places[figure][row]), abs=1e-6)


def test_the_last_year_of_a_whole_run_is_the_value_policies_are_compared_by() -> None:
    made = es.compare(ISLANDS, policies=["balanced_mix"], replicates=3, households=400, months=24, seed=5)
    for outcome in ("poverty_headcount", "poverty_gap", "mean_consumption", "empowerment_index"):
        for policy in made.policies:
            for end in ("mean", "low", "high"):
                last = made.years.one(end, policy=policy, measure=outcome, year=2)
                assert last == pytest.approx(made.outcomes.one(end, policy=policy, outcome=outcome), rel=1e-9)
        change = made.years.one("difference_low", policy="balanced_mix", measure=outcome, year=2)
        told = made.differences.one("low", policy="balanced_mix", outcome=outcome)
        assert change == pytest.approx(told, rel=1e-6, abs=1e-12)


def test_tables_of_an_answer_are_registered_and_typed(found: Answer) -> None:
    for name, columns in ANSWER_TABLES.items():
        table = found.table(name)
        assert list(table.columns) == [column.name for column in columns]
        assert found.table(name) is table
    assert found.table("outcomes") is found.comparison.outcomes
    assert list(found.to_pandas("cards").columns) == [column.name for column in ANSWER_TABLES["cards"]]
    assert found.to_arrow("tidy").num_rows == len(found.table("tidy"))
    with pytest.raises(KeyError, match="no table 'card'"):
        found.table("card")


def test_cards_and_the_tidy_table_repeat_the_comparison_to_the_bit(found: Answer) -> None:
    made, cards, tidy = found.comparison, found.table("cards"), found.table("tidy")
    for policy in made.others:
        for card, table, outcome in (
            ("lifted", made.differences, "sustained_exits_won"),
            ("gap", made.differences, "poverty_gap"),
            ("cost", made.outcomes, "cost"),
            ("price", made.outcomes, "cost_per_sustained_exit"),
        ):
            for end in ("mean", "low", "high"):
                told, there = (
                    one.one(end, policy=policy, **{key: value})
                    for one, key, value in ((cards, "card", card), (table, "outcome", outcome))
                )
                assert told == there or (math.isnan(told) and math.isnan(there))
    assert set(tidy.where(year=0)["outcome"].tolist()) == set(OUTCOMES)
    for outcome in OUTCOMES:
        told = tidy.one("mean", policy="mix_links", outcome=outcome, year=0)
        there = made.outcomes.one("mean", policy="mix_links", outcome=outcome)
        assert told == there or (math.isnan(told) and math.isnan(there))
    spent = sum(tidy.one("mean", policy="mix_links", outcome="cost", year=year) for year in (1, 2))
    assert spent == pytest.approx(made.outcomes.one("mean", policy="mix_links", outcome="cost"))
    assert set(tidy["futures"].tolist()) == {4}


def test_pairs_hold_every_difference_once_with_wider_intervals_than_alone(found: Answer) -> None:
    made, pairs = found.comparison, found.table("pairs")
    assert len(pairs) == 6  # four policies
    for row in range(len(pairs)):
        policy, against = str(pairs["policy"][row]), str(pairs["against"][row])
        alone = found.difference(policy, against)
        assert float(pairs["mean"][row]) == pytest.approx(alone.mean)
        assert float(pairs["low"][row]) <= alone.low
        assert float(pairs["high"][row]) >= alone.high
        assert float(pairs["share_better"][row]) == alone.probability_better
    best = found.table("best")
    for policy in made.policies:
        share = made.outcomes.one("probability_best", policy=policy, outcome=found.outcome)
        assert best.one("share", policy=policy) == pytest.approx(share)


def test_the_mix_adds_up_to_what_is_spent(found: Answer) -> None:
    made, mix = found.comparison, found.table("mix")
    for policy in made.others:
        rows = mix.where(policy=policy)
        whole = made.outcomes.one("mean", policy=policy, outcome="cost")
        assert rows["money"].sum() * 1.5 == pytest.approx(whole)  # 18 months
        assert rows["share"].sum() == pytest.approx(1.0)
    assert set(mix.where(policy="mix_links")["kind"].tolist()) >= {"programmes", "community"}
    places = mix.where(policy="balanced_mix", item="adult_literacy")
    filled = made.access.one("mean", policy="balanced_mix", item="adult_literacy", figure="places_filled")
    assert float(places["places_filled"][0]) * 1.5 == pytest.approx(filled)


def test_meters_say_what_is_over_its_ceiling(found: Answer) -> None:
    meters, made = found.table("meters"), found.comparison
    dearest = max(made.budget.where(policy="mix_links", dimension="all")["mean"].tolist())
    assert meters.one("used", policy="mix_links", meter="money") == dearest
    assert meters.one("share", policy="mix_links", meter="money") == pytest.approx(dearest / 19e9)
    for policy in made.policies:
        row = meters.where(policy=policy, meter="money")
        expected = "over" if float(row["used"][0]) > 19e9 else "within"
        assert str(row["standing"][0]) == expected
    assert str(meters.where(policy="mix_links", meter="money")["standing"][0]) == "over"
    free = replace(found, ceilings=Ceilings()).table("meters")
    assert set(free.where(meter="money")["standing"].tolist()) == {"none"}
    hours = meters.where(policy="mix_commuting", meter="hours")
    assert 0.0 < float(hours["share"][0]) <= 1.0
    exact = replace(found, ceilings=Ceilings(money=dearest)).table("meters")
    assert str(exact.where(policy="mix_links", meter="money")["standing"][0]) == "within"


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_ceilings_that_are_no_amounts_are_refused(wrong: float) -> None:
    with pytest.raises(SimulationError, match="ceiling of money"):
        Ceilings(money=wrong)


def test_hours_of_mentors_add_up_year_by_year(found: Answer) -> None:
    staff, ledger = found.table("staff"), found.comparison.ledger
    assert set(staff["policy"].tolist()) == {"mix_commuting"}
    for year, months in ((1, range(12)), (2, range(12, 18))):
        rows = staff.where(year=year)
        hours = dict(zip(rows["use"].tolist(), rows["hours"].tolist(), strict=True))
        there = ledger.where(policy="mix_commuting", item="mentors", figure="hours_available")
        assert hours["available"] == pytest.approx(sum(float(there["mean"][month]) for month in months))
        used = sum(value for use, value in hours.items() if use not in ("available", "unused"))
        assert used + hours["unused"] == pytest.approx(hours["available"])


def test_the_plane_and_the_curve_of_acceptability(found: Answer) -> None:
    plane, made = found.table("plane"), found.comparison
    cost, effect = (values_of(made, name) for name in ("cost_discounted", "household_years_out_of_poverty_discounted"))
    at, base = made.policies.index("mix_links"), made.policies.index(made.reference)
    rows = plane.where(policy="mix_links")
    assert rows["cost"].tolist() == (cost[:, at] - cost[:, base]).tolist()
    assert rows["effect"].tolist() == (effect[:, at] - effect[:, base]).tolist()
    curve = found.table("acceptability")
    for threshold in sorted(set(curve["threshold"].tolist())):
        here = curve.where(threshold=threshold)
        assert here["probability"].sum() == pytest.approx(1.0)
        assert here["chosen"].tolist().count("yes") == 1
    assert str(curve.where(threshold=0.0, chosen="yes")["policy"][0]) == made.reference  # it costs nothing
    assert costs_differ(made)


# ---------------------------------------------------------------- verdicts


def verdict_of(**changed: object) -> Verdict:
    better = Paired(-0.02, -0.03, -0.01, 1.0, 2.0)
    plain = {
        "outcome": "poverty_gap",
        "best": "a",
        "against_reference": better,
        "standing": "better",
        "runner_up": "b",
        "against_runner_up": better,
        "ahead": "better",
        "best_share": 0.9,
        "lifted": better,
        "cost": 1e9,
        "worse_off": 0.0,
    }
    return Verdict(**(plain | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({}, "clear"),
        ({"ahead": "unclear"}, "shared"),
        ({"runner_up": "", "ahead": "same"}, "clear"),
        ({"ahead": "same"}, "shared"),
        ({"standing": "unclear"}, "unclear"),
        ({"standing": "worse"}, "harm"),
        ({"standing": "same"}, "same"),
        ({"standing": "unclear", "against_reference": Paired(-0.1, math.nan, math.nan, 1.0, math.nan)}, "one_future"),
    ],
)
def test_kinds_of_verdict(changed: dict[str, object], kind: str) -> None:
    assert verdict_of(**changed).kind == kind


def test_policies_that_do_surely_worse_are_named(found: Answer) -> None:
    made = found.comparison
    table = made.futures
    values = table["value"].copy()
    mine = (table["policy"] == "mix_links") & (table["outcome"] == "poverty_gap")
    base = (table["policy"] == made.reference) & (table["outcome"] == "poverty_gap")
    values[mine] = values[base] + np.array([0.010, 0.011, 0.012, 0.011])
    worse = replace(table, columns={**table.columns, "value": values})
    verdict = Answer(replace(made, tables={**made.tables, "futures": worse})).verdict
    assert verdict is not None
    assert verdict.harmful == ("mix_links",)
    assert verdict.best != "mix_links"


# ---------------------------------------------------------------- from a folder, and again


def test_an_answer_from_a_folder_is_the_answer(found: Answer, tmp_path: Path) -> None:
    write_comparison(found.comparison, tmp_path)
    again = answer_of(tmp_path, ceilings=found.ceilings, scenario=ISLANDS)
    assert is_results(tmp_path)
    assert not is_results(ISLANDS)
    assert repr(again.verdict) == repr(found.verdict)
    for name in (*ANSWER_TABLES, *TABLES):
        one, other = found.table(name), again.table(name)
        for column, values in one.columns.items():
            if values.dtype.kind == "f":
                assert np.array_equal(values, other[column], equal_nan=True), (name, column)
            else:
                assert values.tolist() == other[column].tolist(), (name, column)
    with pytest.raises(StoreError, match="expected results"):
        answer_of(tmp_path / "nothing")
    with pytest.raises(SimulationError, match="give scenario="):
        answer_of(tmp_path).table("assumptions")


def test_a_scenario_that_was_changed_since_is_refused(found: Answer, tmp_path: Path) -> None:
    text = Path(ISLANDS).read_text(encoding="utf-8")
    assert "discount_rate: 3 %/year" in text
    changed = tmp_path / "remote-islands.yaml"
    changed.write_text(text.replace("discount_rate: 3 %/year", "discount_rate: 5 %/year"), encoding="utf-8")
    with pytest.raises(SimulationError, match="changed since"):
        answer_of(found.comparison, scenario=changed)


def test_what_was_simulated_for_a_deep_answer_is_kept(found: Answer, tmp_path: Path) -> None:
    wanted = {"sizes": (0.5, 1.0), "futures": 2, "parameters": ["business_scale", "kin_sharing"], "keep": tmp_path}
    first = deepened(found, **wanted)
    steps: list[tuple[int, int, str]] = []
    again = deepened(found, progress=lambda done, of, what: steps.append((done, of, what)), **wanted)
    assert steps == [(5, 5, "moving one assumption at a time")]  # nothing but a look at the journal
    assert repr(again.tornado) == repr(first.tornado)
    rows, more = first.table("budget_curve"), again.table("budget_curve")
    assert rows["mean"].tolist() == more["mean"].tolist()
    assert first.curve is not None
    verdict = found.verdict
    assert verdict is not None
    at = rows.where(outcome=found.outcome, size=1.0)
    assert float(at["mean"][0]) == verdict.against_reference.mean
    bars = first.table("tornado")
    assert set(bars["parameter"].tolist()) == {"business_scale", "kin_sharing"}
    assert set(bars["confidence"].tolist()) <= {"A", "B", "C"}


def test_a_tornado_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    wanted = {"parameters": ["business_scale", "kin_sharing"], "futures": 2, "threads": 1, **SIZE}
    whole = tornado(ISLANDS, "mix_links", "balanced_mix", **wanted)
    journal = tmp_path / "tornado.jsonl"

    class Killed(Exception):
        pass

    def kill(done: int, of: int, what: str) -> None:
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        tornado(ISLANDS, "mix_links", "balanced_mix", journal=journal, progress=kill, **wanted)
    steps: list[int] = []
    again = tornado(
        ISLANDS, "mix_links", "balanced_mix", journal=journal, progress=lambda done, of, _: steps.append(done), **wanted
    )
    assert steps == [2, 3, 4, 5]
    assert repr(again) == repr(whole)
    with pytest.raises(StoreError, match="another"):
        tornado(ISLANDS, "mix_links", "balanced_mix", journal=journal, outcome="literacy", **wanted)
